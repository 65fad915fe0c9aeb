/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lamp_panel.h - the lamps of a board: SYS, and one for every link, named after its number: link 1
 * is WAN1.  They are changed only where what they show changes, tick by tick. */
#ifndef FL_LAMP_PANEL_H
#define FL_LAMP_PANEL_H

#include "lamps.h"
#include "led.h"

/* Must not move once it is open: its parts point at each other. */
struct lamp_panel {
	const struct lamps *lamps;
	mtime started; /* tick 0 */
	uint64_t tick; /* that is shown */
	/* SYS, then WAN1, WAN2, ...: those that the board has. */
	struct led_lamp lamp[FL_LINKS_MAX + 1]; /* what should be on it */
	struct lamp_on {
		char name[8];
		uint8_t number; /* of the link; 0: SYS */
		bool lit;       /* `pattern` and `colour` are on the lamp */
		const struct led_pattern *pattern;
		enum led_colour colour;
	} on[FL_LINKS_MAX + 1];
	size_t n;
};

/* All dark and not yet lit.  `lamps` must outlive it. */
void lamp_panel_open(struct lamp_panel *p, const struct lamps *lamps, mtime started);
/* What they should show from the next tick on.  `shown` by the number of the link; LINK_NONE: there
 * is no such link. */
void lamp_panel_show(
	struct lamp_panel *p, enum led_system s, const enum link_state shown[FL_LINKS_MAX + 1]);
/* Light them for the tick of `now`. */
void lamp_panel_tick(struct lamp_panel *p, mtime now);
/* The next tick shows every lamp anew: its device may have come meanwhile. */
void lamp_panel_refresh(struct lamp_panel *p);
/* When the next of them changes; MTIME_NEVER: all are steady. */
mtime lamp_panel_next_due(const struct lamp_panel *p);
/* The beginning of the tick that is shown. */
mtime lamp_panel_time(const struct lamp_panel *p);

#endif
