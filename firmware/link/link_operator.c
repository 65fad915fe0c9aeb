/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "link_operator.h"

const char *link_order_text(enum link_order o)
{
	static const char *const texts[LINK_ORDERS] = {
		[LINK_ORDER_NONE] = "enable",
		[LINK_ORDER_STANDBY] = "standby",
		[LINK_ORDER_DRAIN] = "drain",
		[LINK_ORDER_DOWN] = "down",
	};

	return (unsigned)o < LINK_ORDERS ? texts[o] : "unknown";
}

/* Only a link that could carry something is put down: one without a cable stays that. */
static enum link_state put_down(enum link_state s)
{
	return link_state_is_fit(s) || s == LINK_RECOVERING || s == LINK_STANDBY ? LINK_DOWN : s;
}

enum link_state link_operator_state(const struct link *l, const struct link_operator *o)
{
	return o->order == LINK_ORDER_DOWN ? put_down(l->state) : l->state;
}

bool link_operator_is_backup(const struct link_conf *c, const struct link_operator *o)
{
	return c->role == LINK_BACKUP || o->order == LINK_ORDER_STANDBY;
}

bool link_operator_bars(const struct link_operator *o)
{
	return o->order == LINK_ORDER_DRAIN;
}

enum link_state link_operator_shown(
	const struct link *l, const struct link_operator *o, bool in_use)
{
	enum link_state s = link_shown_state(l, in_use);

	if (o->order == LINK_ORDER_DOWN)
		return put_down(s);
	return o->order != LINK_ORDER_NONE && !in_use && link_state_is_fit(s) ? LINK_STANDBY : s;
}

static bool takes_new(const struct link_operators *all, uint8_t number)
{
	const struct link_operator *o = &all->op[number];

	return link_state_is_fit(link_operator_state(&all->link[number], o)) &&
	       !link_operator_bars(o);
}

bool link_operator_others_carry(const struct link_operators *all, uint8_t number)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->order[i] != number && takes_new(all, all->order[i]))
			return true;
	return false;
}

bool link_operator_is_last(const struct link_operators *all, uint8_t number)
{
	return takes_new(all, number) && !link_operator_others_carry(all, number);
}
