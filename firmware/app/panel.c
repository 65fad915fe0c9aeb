/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the router's lamps tell. */
#include "product.h"

#define START_MAX sec(10) /* by then every link is judged */

static enum link_state shown_state(const struct fairlead *f, unsigned number)
{
	return link_operator_shown(
		&f->link[number], &f->op[number], f->published.live & link_bit(number));
}

/* A link that is added later is no start of the router. */
static bool is_starting(const struct fairlead *f, mtime now)
{
	if (mtime_reached(now, mtime_after(f->started, START_MAX)))
		return false;
	for (size_t i = 0; i < f->nlinks; i++)
		if (link_is_starting(&f->link[f->order[i]]))
			return true;
	return f->start_unsaid;
}

static enum led_system system_state(const struct fairlead *f, mtime now)
{
	enum link_state shown[FL_LINKS_MAX];
	struct led_facts facts = {.fault = !f->in_force || f->io->unit.is_safe,
		.upgrading = f->box.task.runs && f->box.task.what == UNIT_UPDATE,
		.locate = !mtime_reached(now, f->box.locate_until),
		.button_password =
			button_stage_of(&f->box.button, now) == BUTTON_WILL_FORGET_PASSWORD,
		.button_factory = button_stage_of(&f->box.button, now) == BUTTON_WILL_RESET,
		.unsure = f->unconfirmed.waits,
		.starting = is_starting(f, now)};

	for (size_t i = 0; i < f->nlinks; i++)
		shown[i] = shown_state(f, f->order[i]);
	return led_system_of(&facts, shown, f->nlinks);
}

void panel_update(struct fairlead *f)
{
	mtime now = f->io->io.now(f->io->io.ctx);
	enum link_state shown[FL_LINKS_MAX + 1] = {LINK_NONE};

	f->panel_system = system_state(f, now);
	for (unsigned number = 1; number <= FL_LINKS_MAX; number++)
		if (f->link[number].conf)
			shown[number] = shown_state(f, number);
	lamp_panel_show(&f->panel, f->panel_system, shown);
	panel_tick(f, now);
}

void panel_tick(struct fairlead *f, mtime now)
{
	if (system_state(f, now) != f->panel_system)
		panel_update(f);
	lamp_panel_tick(&f->panel, now);
}

mtime panel_next_due(const struct fairlead *f)
{
	return mtime_first(lamp_panel_next_due(&f->panel),
		button_next_due(&f->box.button, lamp_panel_time(&f->panel)));
}
