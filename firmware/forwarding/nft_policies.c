/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The chains of policies, which choose a link and leave it in the packet's mark. */
#include "nft_table.h"

#define STUCK_ROOM 65536 /* clients, or servers, that a persistent policy remembers */

/* ---- a choice ---- */

/* Go on with the rule if the link in the mark may carry new traffic of the packet's family.  (The
 * mark is loaded anew, although most callers have just had it: else nft(8) cannot list this.) */
static void match_live(struct maker *m)
{
	nft_load_meta(&m->b, KREG(0), KMETA_NFPROTO);
	load_mark(m, KREG(1));
	if (shares_marks(m)) /* a slot may have been empty */
		nft_match_number(&m->b, KREG(1), 0, false);
	if (m->without)
		nft_match_set(&m->b, KREG(0), STR("without"), false);
	nft_match_set(&m->b, KREG(0), STR("down"), false);
}

void take_if_live(struct maker *m)
{
	match_live(m);
	nft_go(&m->b, KVERDICT_GOTO, m->take);
}

static void try_link(struct maker *m, uint32_t number)
{
	nft_rule(&m->b, STR(""));
	mark_packet_with(m, number);
	take_if_live(m);
}

static void try_slot(struct maker *m, size_t policy)
{
	nft_rule(&m->b, STR(""));
	nft_draw(&m->b, KREG(0), POLICY_SLOTS, (uint32_t)policy * SLOT_ROOM);
	nft_map(&m->b, KREG(0), STR("slots"), KREG(0));
	(void)mark_packet(m, KREG(0));
	take_if_live(m);
}

static void no_mark(struct maker *m)
{
	nft_rule(&m->b, STR(""));
	mark_packet_with(m, 0);
}

static void when_dead(struct maker *m, enum policy_when_dead w)
{
	switch (w) {
	case POLICY_NEXT_RULE:
		no_mark(m); /* and falls out of the chain, back to the rules */
		return;
	case POLICY_ANY:
		nft_rule(&m->b, STR(""));
		nft_go(&m->b, KVERDICT_GOTO, STR("any"));
		return;
	case POLICY_DROP:
		nft_rule(&m->b, STR(""));
		nft_verdict(&m->b, KVERDICT_DROP);
		return;
	}
}

/* ---- persistent policies ----
 *
 * A map from client (or server) to link, which the kernel fills and forgets by itself.  Who is in
 * it and whose link is live takes that link, and is remembered anew.  For everybody else the policy
 * draws; the map must forget first, as the kernel only refreshes what it holds. */

bool is_persistent(const struct policy_conf *p)
{
	return p->method == POLICY_PERSISTENT;
}

static struct str stuck_name(const struct maker *m, const struct policy_conf *p, uint8_t family)
{
	return nft_named(m->b.mem, family == 6 ? "stuck6_" : "stuck4_", p->name);
}

static uint32_t member_bits(const struct maker *m, const struct policy_conf *p)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < p->nmembers; i++)
		if (member_number(m->s, p, i))
			bits |= link_bit(member_number(m->s, p, i)) << 1; /* bit n: value n */
	return bits;
}

void sets_stuck(struct maker *m, const struct policy_conf *p)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		struct kset *s = nft_set(&m->b, stuck_name(m, p, family),
			KEY(family == 6 ? KSET_IPV6 : KSET_IPV4), KSET_MARK);

		s->dynamic = true;
		s->timeout_ms = (uint32_t)(p->persist_time.us / 1000);
		s->values_kept = member_bits(m, p);
		s->size = STUCK_ROOM;
	}
}

static void load_stuck_key(struct maker *m, const struct policy_conf *p, uint8_t family)
{
	nft_load_packet_addr(&m->b, KREG(8), family, p->persist == POLICY_PERSIST_SOURCE);
}

static void take_stuck(struct maker *m, const struct policy_conf *p)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		struct str map = stuck_name(m, p, family);
		struct nft_build *b = &m->b;

		nft_rule(b, STR("stays where it was"));
		nft_match_family(b, family);
		load_stuck_key(m, p, family);
		nft_map(b, KREG(8), map, KREG(4));
		if (mark_packet(m, KREG(4))) {
			nft_match_family(b, family);
			load_stuck_key(m, p, family);
		}
		match_live(m);
		nft_remember(b, map, KREG(8), KREG(1));
		nft_go(b, KVERDICT_GOTO, STR("pin"));
	}
}

static void chain_stick(struct maker *m, const struct policy_conf *p, struct str name)
{
	struct nft_build *b = &m->b;

	nft_chain(b, name);
	for (uint8_t family = 4; family <= 6; family += 2) {
		struct str map = stuck_name(m, p, family);

		nft_rule(b, STR(""));
		nft_match_family(b, family);
		load_stuck_key(m, p, family);
		nft_forget(b, map, KREG(8));
		nft_rule(b, STR("stays there from now on"));
		nft_match_family(b, family);
		load_stuck_key(m, p, family);
		load_mark(m, KREG(4));
		nft_remember(b, map, KREG(8), KREG(4));
	}
	nft_rule(b, STR(""));
	nft_go(b, KVERDICT_GOTO, STR("pin"));
}

void chain_policy(struct maker *m, size_t which)
{
	const struct policy_conf *p = &m->s->policies[which];

	m->take = STR("pin");
	if (is_persistent(p)) {
		m->take = nft_named(m->b.mem, "stick_", p->name);
		chain_stick(m, p, m->take);
	}
	nft_chain(&m->b, m->policy_chain[which]);
	if (is_persistent(p))
		take_stuck(m, p);
	for (unsigned i = 0; i < forwarding_draws(p); i++)
		try_slot(m, which);
	for (size_t i = 0; i < p->nmembers; i++)
		if (member_number(m->s, p, i))
			try_link(m, member_number(m->s, p, i));
	m->take = STR("pin");
	when_dead(m, (enum policy_when_dead)p->when_dead);
}

/* The first link that is live; with none, no mark: the main table decides. */
void chain_any(struct maker *m)
{
	nft_chain(&m->b, STR("any"));
	for (size_t i = 0; i < m->s->nlinks; i++)
		if (!m->s->links[i].disabled)
			try_link(m, m->s->links[i].number);
	no_mark(m);
	nft_verdict(&m->b, KVERDICT_ACCEPT);
}

void chain_pin(struct maker *m)
{
	nft_chain(&m->b, STR("pin"));
	nft_rule(&m->b, STR(""));
	load_mark(m, KREG(0));
	mark_connection(m, KREG(0));
	if (shares_marks(m))
		nft_rule(&m->b, STR(""));
	nft_verdict(&m->b, KVERDICT_ACCEPT);
}
