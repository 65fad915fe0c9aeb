/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The provider's router on the segment of a link.
 *
 * That it answers proves nothing about the internet behind it, so it is no target.  But it tells
 * where the trouble lies: it is asked when the link becomes suspect, and what it says stands beside
 * the other evidence.  And without it nothing can leave: when three requests in a row were lost and
 * nothing else was heard meanwhile, the link is down at once.
 *
 * Where there is no target at all the gateway is the only one to ask, and decides with the carrier.
 */
#include "link_internal.h"

#define ASK_AGAIN    sec(5)   /* a link that has no target */
#define REQUESTS_FOR ms(2900) /* three requests a second apart */

static bool is_asked_by_clock(const struct link *l)
{
	return l->carrier && l->ntargets == 0 && l->conf->ngateways > 0 && l->state >= LINK_DOWN &&
	       l->state <= LINK_DEGRADED;
}

void link_gateway_ask(struct link *l, mtime now, struct link_out *out)
{
	out->ask_gateway = true;
	l->gateway_asked = now;
	l->gateway_due = mtime_after(now, ASK_AGAIN);
}

void link_gateway_tick(struct link *l, mtime now, struct link_out *out)
{
	if (is_asked_by_clock(l) && mtime_reached(now, l->gateway_due))
		link_gateway_ask(l, now, out);
}

mtime link_gateway_due(const struct link *l)
{
	return is_asked_by_clock(l) ? l->gateway_due : MTIME_NEVER;
}

void link_gateway_forget(struct link *l)
{
	for (size_t i = 0; i < COUNT_OF(l->gateway); i++)
		l->gateway[i] = (struct link_gateway_state){0};
}

void link_gateway_keep(struct link *l)
{
	for (size_t i = 0; i < COUNT_OF(l->gateway); i++) {
		const struct ip_addr *addr = link_conf_gateway(l->conf, i ? 6 : 4);

		if (!addr || !ip_addr_eq(addr, &l->gateway[i].addr))
			l->gateway[i] = (struct link_gateway_state){0};
	}
}

bool link_gateway_is_silent(const struct link *l)
{
	bool any = false;

	for (size_t i = 0; i < COUNT_OF(l->gateway); i++) {
		if (l->gateway[i].says == LINK_GATEWAY_ANSWERS)
			return false;
		any |= l->gateway[i].says == LINK_GATEWAY_SILENT;
	}
	return any;
}

enum link_gateway_word link_gateway_now(const struct link *l, mtime since)
{
	bool known = false;

	for (size_t i = 0; i < COUNT_OF(l->gateway); i++) {
		const struct link_gateway_state *g = &l->gateway[i];

		if (g->says == LINK_GATEWAY_ANSWERS && mtime_reached(g->at, since))
			return LINK_GATEWAY_ANSWERS;
		known |= g->says != LINK_GATEWAY_UNKNOWN;
	}
	return known ? LINK_GATEWAY_SILENT : LINK_GATEWAY_UNKNOWN;
}

void link_gateway_heard(
	struct link *l, mtime now, uint8_t family, bool answers, struct link_out *out)
{
	struct link_gateway_state *g = &l->gateway[family == 6];
	const struct ip_addr *addr = link_conf_gateway(l->conf, family);

	link_out_clear(out);
	if (addr)
		*g = (struct link_gateway_state){
			answers ? LINK_GATEWAY_ANSWERS : LINK_GATEWAY_SILENT, now, *addr};
	if (answers && l->ntargets == 0 && l->state == LINK_DOWN)
		link_apply(l, now, LINK_ANSWER, out);
	else if (link_gateway_is_silent(l) && l->state != LINK_DOWN &&
		 mtime_between(l->alive_sent, now).us >= REQUESTS_FOR.us)
		link_apply(l, now, LINK_CUT_OFF, out);
	link_go_on(l, now, out);
}
