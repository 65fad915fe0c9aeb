/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lamps: SYS, and one for every link, named after its number: link 1 is WAN1. */
#include "product.h"

#include <string.h>

#define START_MAX sec(10) /* by then every link is judged */

static uint64_t tick_of(const struct fairlead *f, mtime now)
{
	return (uint64_t)(span_ms(mtime_between(f->started, now)) / LED_TICK_MS);
}

/* The number of the link that a lamp belongs to; 0: SYS. */
static unsigned number_of(const struct fairlead *f, const struct led_lamp *l)
{
	uint64_t n = 0;
	struct str digits = l->name;

	(void)f;
	if (!str_starts(l->name, STR("WAN")))
		return 0;
	str_cut(&digits, 'N');
	return str_to_u64(digits, FL_LINKS_MAX, &n) ? (unsigned)n : 0;
}

void panel_open(struct fairlead *f)
{
	const struct lamps *lamps = &f->io->lamps;

	f->nlamps = 0;
	for (unsigned n = 0; n <= FL_LINKS_MAX; n++) {
		struct panel_lamp *p = &f->panel[f->nlamps];
		struct led_lamp *l = &f->lamp[f->nlamps];
		struct textbuf name = textbuf_of(p->name, sizeof(p->name));

		textbuf_printf(&name, n ? "WAN%u" : "SYS", n);
		*l = (struct led_lamp){.name = textbuf_str(&name)};
		if (lamps->describe(lamps->ctx, l->name, &l->one_colour) == FL_OK)
			f->nlamps++;
	}
}

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
	f->panel_system = system_state(f, f->io->io.now(f->io->io.ctx));
	for (size_t i = 0; i < f->nlamps; i++) {
		unsigned number = number_of(f, &f->lamp[i]);

		if (!number || f->panel_system == LED_SYS_LOCATE)
			led_lamp_show_system(&f->lamp[i], f->panel_system);
		else if (f->link[number].conf)
			led_lamp_show_link(&f->lamp[i], shown_state(f, number));
		else
			f->lamp[i].pattern = NULL;
	}
	panel_tick(f, f->io->io.now(f->io->io.ctx));
}

/* Bring one lamp in line with what it should show in this tick. */
static void light(struct fairlead *f, const struct led_lamp *l, struct panel_lamp *p)
{
	const struct lamps *lamps = &f->io->lamps;
	enum led_colour c = l->pattern ? led_colour_at(l->pattern, f->panel_tick) : LED_OFF;

	if (p->lit && p->pattern == l->pattern && p->colour == c)
		return;
	if (!p->lit || p->pattern != l->pattern)
		lamps->name_pattern(lamps->ctx, l->name, l->pattern ? l->pattern->name : "off");
	if (!p->lit || p->colour != c)
		lamps->set(lamps->ctx, l->name, c == LED_GREEN, c == LED_AMBER, c == LED_RED);
	p->lit = true;
	p->pattern = l->pattern;
	p->colour = c;
}

void panel_tick(struct fairlead *f, mtime now)
{
	if (system_state(f, now) != f->panel_system)
		panel_update(f);
	f->panel_tick = tick_of(f, now);
	for (size_t i = 0; i < f->nlamps; i++)
		light(f, &f->lamp[i], &f->panel[i]);
}

void panel_refresh(struct fairlead *f)
{
	for (size_t i = 0; i < f->nlamps; i++)
		f->panel[i].lit = false;
}

/* The time of the tick that is shown. */
static mtime tick_time(const struct fairlead *f)
{
	return mtime_after(f->started, ms((int64_t)f->panel_tick * LED_TICK_MS));
}

mtime panel_next_due(const struct fairlead *f)
{
	mtime due;
	const struct led_pattern *patterns[FL_LINKS_MAX + 1];
	size_t n = 0;
	uint64_t next;

	for (size_t i = 0; i < f->nlamps; i++)
		if (f->lamp[i].pattern)
			patterns[n++] = f->lamp[i].pattern;
	next = led_next_change(patterns, n, f->panel_tick);
	due = next == UINT64_MAX ? MTIME_NEVER
				 : mtime_after(f->started, ms((int64_t)next * LED_TICK_MS));
	return mtime_first(due, button_next_due(&f->box.button, tick_time(f)));
}
