/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the sentinel's lamps tell. */
#include "sentinel.h"

void sentinel_panel_update(struct sentinel *s, mtime now)
{
	enum link_state by_number[FL_LINKS_MAX + 1] = {LINK_NONE}, shown[FL_LINKS_MAX];
	struct led_facts facts = {.fault = s->fault};

	for (size_t i = 0; i < s->nlinks; i++) {
		uint8_t number = s->order[i];
		const struct link *l = &s->link[number];

		shown[i] = link_shown_state(l, s->published.live & link_bit(number));
		by_number[number] = shown[i];
		facts.starting |= link_is_starting(l);
	}
	lamp_panel_show(&s->panel, led_system_of(&facts, shown, s->nlinks), by_number);
	lamp_panel_tick(&s->panel, now);
}
