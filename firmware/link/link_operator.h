/* SPDX-License-Identifier: GPL-2.0-or-later */
/* link_operator.h - what a person at the console ordered a link to do.  Pure.
 *
 * An order stands beside the detector: the link is watched as ever, and only what others are told
 * of it changes.  It lives in memory, so a commit keeps it and a restart ends it. */
#ifndef FL_LINK_OPERATOR_H
#define FL_LINK_OPERATOR_H

#include "link.h"

enum link_order {
	LINK_ORDER_NONE,    /* the detector decides alone */
	LINK_ORDER_STANDBY, /* as a backup: carries new connections when no other link can */
	LINK_ORDER_DRAIN,   /* no new connections; those there are stay */
	LINK_ORDER_DOWN,    /* as if it were dead: connections move away */
	LINK_ORDERS
};

struct link_operator {
	enum link_order order;
	mtime since;
};

const char *link_order_text(enum link_order o); /* "drain" */

/* The state that policy goes by. */
enum link_state link_operator_state(const struct link *l, const struct link_operator *o);
/* Backup by its settings or by order. */
bool link_operator_is_backup(const struct link_conf *c, const struct link_operator *o);
/* Nothing new may go out over it, whatever happens to the others. */
bool link_operator_bars(const struct link_operator *o);
/* The state a person is shown: a link in order that takes nothing new is LINK_STANDBY. */
enum link_state link_operator_shown(
	const struct link *l, const struct link_operator *o, bool in_use);

/* All links of a router, by number; `order` has the numbers there are. */
struct link_operators {
	const struct link *link;
	const struct link_operator *op;
	const uint8_t *order;
	size_t n;
};
/* Does a link other than this one take new connections? */
bool link_operator_others_carry(const struct link_operators *all, uint8_t number);
/* Would there be no link for new connections without this one?  False when it carries none now. */
bool link_operator_is_last(const struct link_operators *all, uint8_t number);

#endif
