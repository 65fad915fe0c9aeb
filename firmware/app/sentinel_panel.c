/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lamps: SYS, and WAN1, WAN2, ... in the order of the settings. */
#include "sentinel.h"

void sentinel_panel_open(struct sentinel *s)
{
	const struct lamps *lamps = &s->io->lamps;

	for (unsigned n = 0; n <= FL_LINKS_MAX; n++) {
		struct led_lamp *l = &s->lamp[s->nlamps];
		struct textbuf name =
			textbuf_of(s->panel[s->nlamps].name, sizeof(s->panel[0].name));

		textbuf_printf(&name, n ? "WAN%u" : "SYS", n);
		*l = (struct led_lamp){.name = textbuf_str(&name)};
		if (lamps->describe(lamps->ctx, l->name, &l->one_colour) == FL_OK)
			s->nlamps++;
	}
}

static enum link_state shown(const struct sentinel *s, uint8_t number)
{
	return link_shown_state(&s->link[number], s->published.live & link_bit(number));
}

static enum led_system system_state(const struct sentinel *s)
{
	enum link_state states[FL_LINKS_MAX];
	struct led_facts facts = {.fault = s->fault};

	for (size_t i = 0; i < s->nlinks; i++) {
		states[i] = shown(s, s->order[i]);
		facts.starting |= link_is_starting(&s->link[s->order[i]]);
	}
	return led_system_of(&facts, states, s->nlinks);
}

/* The number behind "WAN"; SYS has none. */
static unsigned number_of(const struct led_lamp *l)
{
	struct str digits = l->name;
	uint64_t n = 0;

	if (!str_starts(l->name, STR("WAN")))
		return 0;
	str_cut(&digits, 'N');
	return str_to_u64(digits, FL_LINKS_MAX, &n) ? (unsigned)n : 0;
}

void sentinel_panel_update(struct sentinel *s, mtime now)
{
	for (size_t i = 0; i < s->nlamps; i++) {
		unsigned number = number_of(&s->lamp[i]);

		if (!number)
			led_lamp_show_system(&s->lamp[i], system_state(s));
		else if (s->link[number].conf)
			led_lamp_show_link(&s->lamp[i], shown(s, (uint8_t)number));
		else
			s->lamp[i].pattern = NULL;
	}
	sentinel_panel_tick(s, now);
}

static void light(struct sentinel *s, const struct led_lamp *l, struct sentinel_lamp *p)
{
	const struct lamps *lamps = &s->io->lamps;
	enum led_colour c = l->pattern ? led_colour_at(l->pattern, s->panel_tick) : LED_OFF;

	if (!p->lit || p->pattern != l->pattern)
		lamps->name_pattern(lamps->ctx, l->name, l->pattern ? l->pattern->name : "off");
	if (!p->lit || p->colour != c)
		lamps->set(lamps->ctx, l->name, c == LED_GREEN, c == LED_AMBER, c == LED_RED);
	p->lit = true;
	p->pattern = l->pattern;
	p->colour = c;
}

void sentinel_panel_tick(struct sentinel *s, mtime now)
{
	s->panel_tick = (uint64_t)(span_ms(mtime_between(s->started, now)) / LED_TICK_MS);
	for (size_t i = 0; i < s->nlamps; i++)
		light(s, &s->lamp[i], &s->panel[i]);
}

mtime sentinel_panel_due(const struct sentinel *s)
{
	const struct led_pattern *patterns[FL_LINKS_MAX + 1];
	size_t n = 0;
	uint64_t next;

	for (size_t i = 0; i < s->nlamps; i++)
		if (s->lamp[i].pattern)
			patterns[n++] = s->lamp[i].pattern;
	next = led_next_change(patterns, n, s->panel_tick);
	return next == UINT64_MAX ? MTIME_NEVER
				  : mtime_after(s->started, ms((int64_t)next * LED_TICK_MS));
}
