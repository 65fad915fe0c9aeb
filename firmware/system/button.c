/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "button.h"

/* From this long on, the stage is this. */
static const struct {
	int64_t seconds;
	enum button_stage stage;
} stages[] = {
	{0, BUTTON_NOTHING},
	{3, BUTTON_WILL_FORGET_PASSWORD},
	{10, BUTTON_WILL_RESET},
	{60, BUTTON_STUCK},
};

enum button_stage button_stage_of(const struct button *b, mtime now)
{
	enum button_stage at = BUTTON_UP;

	for (size_t i = 0; b->held && i < COUNT_OF(stages); i++)
		if (mtime_reached(now, mtime_after(b->since, sec(stages[i].seconds))))
			at = stages[i].stage;
	return at;
}

enum button_stage button_event(struct button *b, bool pressed, mtime now)
{
	enum button_stage stage = button_stage_of(b, now);

	if (pressed) {
		if (!b->held)
			b->since = now;
		b->held = true;
		return BUTTON_UP;
	}
	b->held = false;
	return stage == BUTTON_WILL_FORGET_PASSWORD || stage == BUTTON_WILL_RESET ? stage
										  : BUTTON_UP;
}

mtime button_next_due(const struct button *b, mtime now)
{
	for (size_t i = 0; b->held && i < COUNT_OF(stages); i++) {
		mtime at = mtime_after(b->since, sec(stages[i].seconds));

		if (!mtime_reached(now, at))
			return at;
	}
	return MTIME_NEVER;
}
