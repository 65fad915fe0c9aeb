/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Users' packets are the fastest witness there is, and a bad one: their absence may be a pause, and
 * their presence may be the chatter of a network behind a dead modem.  So silence only makes the
 * link be asked, and packets are believed near their usual rate and for a few seconds. */
#include "link_internal.h"

#define USERS_RATE_MIN  8000 /* packets per 1,000 s: fewer say nothing by their absence */
#define USERS_SILENCE   ms(100)
#define USERS_TRUST     sec(5)
#define USERS_ASK_AGAIN ms(500)
#define USERS_REPORT    ms(20) /* reports closer together are taken together */

/* Users went silent: ask now, once a silence, instead of at the next turn of the clock. */
static void ask_if_silent(struct link *l, mtime now)
{
	struct link_users *u = &l->users;
	span quiet = mtime_between(u->heard, now), enough;

	if (u->asked || u->rate < USERS_RATE_MIN ||
		(l->state != LINK_UP && l->state != LINK_DEGRADED) ||
		!mtime_reached(now, u->ask_again))
		return;
	enough = span_max(USERS_SILENCE, us(8 * INT64_C(1000000000) / u->rate));
	if (quiet.us < span_max(enough, link_longest_rto(l)).us)
		return;
	u->asked = true;
	u->ask_again = mtime_after(now, USERS_ASK_AGAIN);
	l->next_send = now;
}

/* `from`: since when the packets may have come.  The counter of an interface also counts what is no
 * answer to anybody (ARP of the neighbours behind a dead modem), so packets are believed only at a
 * rate near the usual one, and not for long when no probe is answered. */
static void hear_users(struct link *l, mtime now, mtime from, uint64_t rate, struct link_out *out)
{
	struct link_users *u = &l->users;
	span trust = span_sum(USERS_TRUST, link_interval(l));

	u->heard = now;
	u->asked = false;
	if (u->rate < USERS_RATE_MIN || rate < u->rate / 4 ||
		mtime_between(l->answered, now).us > trust.us)
		return;
	if (mtime_before(l->alive_sent, from))
		l->alive_sent = from;
	if (l->state == LINK_SUSPECT && mtime_reached(from, l->row.since))
		link_live(l, now, out);
}

static uint32_t averaged(uint32_t rate, uint64_t sample)
{
	int64_t capped = sample < UINT32_MAX ? (int64_t)sample : UINT32_MAX;

	return (uint32_t)(rate + (capped - rate) / 16);
}

void link_heard(struct link *l, mtime now, uint64_t rx_packets, struct link_out *out)
{
	struct link_users *u = &l->users;
	uint64_t answers = l->answers - u->answers, packets, rate;
	span since = mtime_between(u->at, now);
	mtime from = u->at;

	link_out_clear(out);
	if (u->known && rx_packets >= u->rx_packets && since.us < USERS_REPORT.us) {
		link_go_on(l, now, out);
		return;
	}
	packets = rx_packets - u->rx_packets;
	if (!u->known || rx_packets < u->rx_packets || since.us > sec(10).us)
		*u = (struct link_users){.known = true, .heard = now, .ask_again = now};
	else {
		packets = packets > answers ? packets - answers : 0;
		packets = packets < UINT32_MAX ? packets : UINT32_MAX;
		rate = packets * 1000000000 / (uint64_t)since.us;
		if (packets > 0)
			hear_users(l, now, from, rate, out);
		else
			ask_if_silent(l, now);
		u->rate = averaged(u->rate, rate);
	}
	u->at = now;
	u->rx_packets = rx_packets;
	u->answers = l->answers;
	link_go_on(l, now, out);
}

bool link_users_are_watched(const struct link *l)
{
	return l->users.rate >= USERS_RATE_MIN;
}
