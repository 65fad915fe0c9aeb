/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lamp_panel.h"

void lamp_panel_open(struct lamp_panel *p, const struct lamps *lamps, mtime started)
{
	*p = (struct lamp_panel){.lamps = lamps, .started = started};
	for (uint8_t number = 0; number <= FL_LINKS_MAX; number++) {
		struct led_lamp *l = &p->lamp[p->n];
		struct lamp_on *on = &p->on[p->n];
		struct textbuf name = textbuf_of(on->name, sizeof(on->name));

		textbuf_printf(&name, number ? "WAN%u" : "SYS", number);
		on->number = number;
		*l = (struct led_lamp){.name = textbuf_str(&name)};
		if (lamps->describe(lamps->ctx, l->name, &l->one_colour) == FL_OK)
			p->n++;
	}
}

void lamp_panel_show(
	struct lamp_panel *p, enum led_system s, const enum link_state shown[FL_LINKS_MAX + 1])
{
	for (size_t i = 0; i < p->n; i++) {
		struct led_lamp *l = &p->lamp[i];
		uint8_t number = p->on[i].number;

		/* The device of its second colour may have come. */
		(void)p->lamps->describe(p->lamps->ctx, l->name, &l->one_colour);
		/* Who looks for this box among others looks for any lamp. */
		if (!number || s == LED_SYS_LOCATE)
			led_lamp_show_system(l, s);
		else if (shown[number] != LINK_NONE)
			led_lamp_show_link(l, shown[number]);
		else
			l->pattern = NULL;
	}
}

/* Bring one lamp in line with what it should show in this tick. */
static void light(const struct lamp_panel *p, const struct led_lamp *l, struct lamp_on *on)
{
	const struct lamps *lamps = p->lamps;
	enum led_colour c = l->pattern ? led_colour_at(l->pattern, p->tick) : LED_OFF;

	if (!on->lit || on->pattern != l->pattern)
		lamps->name_pattern(lamps->ctx, l->name, l->pattern ? l->pattern->name : "off");
	if (!on->lit || on->colour != c)
		lamps->set(lamps->ctx, l->name, c == LED_GREEN, c == LED_AMBER, c == LED_RED);
	on->lit = true;
	on->pattern = l->pattern;
	on->colour = c;
}

void lamp_panel_tick(struct lamp_panel *p, mtime now)
{
	p->tick = (uint64_t)(span_ms(mtime_between(p->started, now)) / LED_TICK_MS);
	for (size_t i = 0; i < p->n; i++)
		light(p, &p->lamp[i], &p->on[i]);
}

void lamp_panel_refresh(struct lamp_panel *p)
{
	for (size_t i = 0; i < p->n; i++)
		p->on[i].lit = false;
}

static mtime time_of(const struct lamp_panel *p, uint64_t tick)
{
	return mtime_after(p->started, ms((int64_t)tick * LED_TICK_MS));
}

mtime lamp_panel_time(const struct lamp_panel *p)
{
	return time_of(p, p->tick);
}

mtime lamp_panel_next_due(const struct lamp_panel *p)
{
	const struct led_pattern *patterns[FL_LINKS_MAX + 1];
	size_t n = 0;
	uint64_t next;

	for (size_t i = 0; i < p->n; i++)
		if (p->lamp[i].pattern)
			patterns[n++] = p->lamp[i].pattern;
	next = led_next_change(patterns, n, p->tick);
	return next == UINT64_MAX ? MTIME_NEVER : time_of(p, next);
}
