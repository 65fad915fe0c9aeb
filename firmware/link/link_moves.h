/* SPDX-License-Identifier: GPL-2.0-or-later */
/* link_moves.h - the states of a link and what moves it.  Private to link.c, and to the test that
 * no cell of the table was forgotten. */
#ifndef FL_LINK_MOVES_H
#define FL_LINK_MOVES_H

#include "link.h"

enum link_event {
	LINK_ENABLE,
	LINK_DISABLE,
	LINK_CARRIER_OFF,
	LINK_CARRIER_ON,
	LINK_FIRST_CARRIER, /* of a link that never failed */
	LINK_ANSWER,        /* an answer, or users' packets */
	LINK_POOR_ANSWER,   /* the same, of a suspect link that was degraded before */
	LINK_OVERDUE,       /* a probe is unanswered in time */
	LINK_DEAD,          /* so many of them for so long that the link is */
	LINK_PROVEN,        /* it showed that it works, and its hold-down is over */
	LINK_POOR,          /* loss or delay rose above its limit */
	LINK_GOOD,          /* and fell below */
	LINK_EVENTS
};

extern const enum link_state link_moves[LINK_STATES][LINK_EVENTS];

/* Why `event` moves the link, with the evidence; before the move is made. */
void link_explain(const struct link *l, mtime now, enum link_event event, struct textbuf *out);

#endif
