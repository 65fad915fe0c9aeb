/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "link_drill.h"

/* A link that does not come back by itself ends the drill without a time for it. */
#define RETURN_PATIENCE sec(600)

void link_drill_begin(struct link_drill *d, uint8_t number, mtime now, span length)
{
	*d = (struct link_drill){.phase = LINK_DRILL_WITHHOLDING,
		.number = number,
		.began = now,
		.until = mtime_after(
			now, span_max(LINK_DRILL_SHORTEST, span_min(length, LINK_DRILL_LONGEST))),
		.ended = MTIME_NEVER,
		.down = MTIME_NEVER,
		.up = MTIME_NEVER,
		.dns = us(-1),
		.forwarding = us(-1)};
}

static bool has_happened(mtime t)
{
	return t.us != MTIME_NEVER.us;
}

static bool is_running(const struct link_drill *d)
{
	return d->phase == LINK_DRILL_WITHHOLDING || d->phase == LINK_DRILL_RETURNING;
}

bool link_drill_withholds(const struct link_drill *d, uint8_t number)
{
	return d->phase == LINK_DRILL_WITHHOLDING && d->number == number;
}

void link_drill_changed(struct link_drill *d, mtime now, enum link_state to)
{
	if (d->phase == LINK_DRILL_WITHHOLDING && to == LINK_DOWN && !has_happened(d->down))
		d->down = now;
	if (d->phase == LINK_DRILL_RETURNING && link_state_is_fit(to)) {
		d->up = now;
		d->phase = LINK_DRILL_OVER;
	}
	/* Something real came between. */
	if (is_running(d) && (to == LINK_NO_CARRIER || to == LINK_DISABLED)) {
		if (d->phase == LINK_DRILL_WITHHOLDING)
			d->ended = now;
		d->ended_by =
			to == LINK_DISABLED ? "the link was disabled" : "the carrier was lost";
		d->phase = LINK_DRILL_OVER;
	}
}

void link_drill_switched(struct link_drill *d, mtime dns, mtime forwarding)
{
	if (d->phase != LINK_DRILL_WITHHOLDING || !has_happened(d->down) || d->dns.us >= 0)
		return;
	d->dns = mtime_between(d->down, dns);
	d->forwarding = mtime_between(d->down, forwarding);
}

void link_drill_end(struct link_drill *d, mtime now, const char *why)
{
	if (d->phase != LINK_DRILL_WITHHOLDING)
		return;
	d->ended = now;
	d->ended_by = why;
	/* A link that was never called dead has nothing to return from. */
	d->phase = has_happened(d->down) ? LINK_DRILL_RETURNING : LINK_DRILL_OVER;
}

void link_drill_tick(struct link_drill *d, mtime now)
{
	if (!is_running(d) || !mtime_reached(now, link_drill_next_due(d)))
		return;
	if (d->phase == LINK_DRILL_WITHHOLDING)
		link_drill_end(d, now, NULL);
	else
		d->phase = LINK_DRILL_OVER;
}

mtime link_drill_next_due(const struct link_drill *d)
{
	if (d->phase == LINK_DRILL_WITHHOLDING)
		return d->until;
	return d->phase == LINK_DRILL_RETURNING ? mtime_after(d->ended, RETURN_PATIENCE)
						: MTIME_NEVER;
}

/* The steps behind the detector take microseconds. */
static void put_short(struct textbuf *t, span s)
{
	char text[LINK_SPAN_TEXT_MAX];

	if (s.us < 10000)
		textbuf_printf(t, "%ld us", (long)s.us);
	else
		textbuf_printf(t, "%s", link_span_text(s, text));
}

void link_drill_report(const struct link_drill *d, char out[LINK_DRILL_TEXT_MAX])
{
	struct textbuf t = textbuf_of(out, LINK_DRILL_TEXT_MAX);
	char text[LINK_SPAN_TEXT_MAX];

	if (has_happened(d->down))
		textbuf_printf(&t, "down after %s",
			link_span_text(mtime_between(d->began, d->down), text));
	else
		textbuf_printf(&t, "not seen as down in %s",
			link_span_text(mtime_between(d->began, d->ended), text));
	if (d->dns.us >= 0) {
		textbuf_printf(&t, ", DNS ");
		put_short(&t, d->dns);
		textbuf_printf(&t, " and forwarding ");
		put_short(&t, d->forwarding);
		textbuf_printf(&t, " later");
	}
	if (d->ended_by)
		textbuf_printf(&t, "; ended early: %s", d->ended_by);
	if (has_happened(d->up))
		textbuf_printf(&t, "; up again %s after the end",
			link_span_text(mtime_between(d->ended, d->up), text));
	else if (has_happened(d->down))
		textbuf_printf(&t, "; not up again");
}
