/* SPDX-License-Identifier: GPL-2.0-or-later */
/* link_drill.h - a fire drill: one link is made to look dead on purpose, and what follows is
 * measured.  Pure.
 *
 * While a drill withholds, the app drops the answers to the link's probes and what it hears of its
 * users; everything behind that is the real thing.  The drill ends when its time is over, when the
 * last link for new connections would be gone, or when the link is gone from the settings; then the
 * link must prove itself as after any outage.  The failure is not counted towards its hold-down. */
#ifndef FL_LINK_DRILL_H
#define FL_LINK_DRILL_H

#include "link.h"

#define LINK_DRILL_SHORTEST sec(5)
#define LINK_DRILL_LONGEST  sec(300)
#define LINK_DRILL_USUAL    sec(30)
#define LINK_DRILL_TEXT_MAX 160

enum link_drill_phase {
	LINK_DRILL_IDLE,
	LINK_DRILL_WITHHOLDING, /* answers are dropped */
	LINK_DRILL_RETURNING,   /* they are let through; the link is not up yet */
	LINK_DRILL_OVER,        /* the result can be read */
};

struct link_drill {
	enum link_drill_phase phase;
	uint8_t number;
	const char *ended_by; /* NULL: its time was over */
	mtime began, until;
	mtime ended; /* answers came through again */
	/* MTIME_NEVER: has not happened. */
	mtime down; /* the detector called it dead */
	mtime up;
	span dns, forwarding; /* after `down`; < 0: not measured */
};

void link_drill_begin(struct link_drill *d, uint8_t number, mtime now, span length);
/* Are answers and users of this link to be dropped? */
bool link_drill_withholds(const struct link_drill *d, uint8_t number);
/* The link of the drill changed its state. */
void link_drill_changed(struct link_drill *d, mtime now, enum link_state to);
/* Answers of DNS and new connections go elsewhere since these moments, `down` and later. */
void link_drill_switched(struct link_drill *d, mtime dns, mtime forwarding);
/* End it now; `why` is a constant. */
void link_drill_end(struct link_drill *d, mtime now, const char *why);
void link_drill_tick(struct link_drill *d, mtime now);
mtime link_drill_next_due(const struct link_drill *d);
/* "down after 872 ms, DNS 3 us and forwarding 410 us later; up again 3.3 s after the end" */
void link_drill_report(const struct link_drill *d, char out[LINK_DRILL_TEXT_MAX]);

#endif
