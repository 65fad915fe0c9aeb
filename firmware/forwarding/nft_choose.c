/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where packets get their link: what comes in (prerouting), and what the router itself sends
 * (output). */
#include "nft_table.h"

enum { MANGLE = -150 };

static void keep_known(struct maker *m)
{
	nft_rule(&m->b, STR("known connection"));
	nft_load_ct(&m->b, KREG(0), KCT_MARK);
	bare_number(m, KREG(0));
	nft_match_number(&m->b, KREG(0), 0, false);
	if (mark_packet(m, KREG(0)))
		nft_match_ct(&m->b, KCT_MARK, mark_bits(m));
	nft_verdict(&m->b, KVERDICT_ACCEPT);
}

static void leave_local(struct maker *m)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		nft_rule(&m->b, STR("own networks"));
		nft_match_family(&m->b, family);
		nft_load_packet_addr(&m->b, KREG(0), family, false);
		nft_match_set(&m->b, KREG(0), family == 6 ? STR("local6") : STR("local4"), true);
		nft_verdict(&m->b, KVERDICT_ACCEPT);
	}
}

void from_wan_to(struct nft_build *b, struct str chain)
{
	nft_rule(b, STR("from a WAN"));
	nft_match_wan(b, KMETA_IIFNAME);
	nft_go(b, KVERDICT_GOTO, chain);
}

/* The kernel's own look at where a source lies is off (see forwarding.c), and this is all it did:
 * nobody outside has an address of the router's own. */
void chain_from_wan(struct maker *m)
{
	struct nft_build *b = &m->b;

	nft_chain(b, STR("from_wan"));
	nft_rule(b, STR("with an address of the router's own"));
	nft_match_family(b, 4);
	nft_load_packet_addr(b, KREG(0), 4, true);
	nft_match_set(b, KREG(0), STR("self4"), true);
	nft_count(b);
	nft_verdict(b, KVERDICT_DROP);
	/* Not the answers to our own probes: nobody's connection is on a link for these, and what
	 * is counted, cut or flushed on it is of others. */
	nft_rule(b, STR("replies go back by the link they came in by"));
	nft_match_ct(b, KCT_STATE, KCT_STATE_NEW | KCT_STATE_RELATED);
	nft_load_wan(b, KMETA_IIFNAME);
	mark_connection(m, KREG(4));
}

static void choose_by_rules(struct nft_build *b)
{
	nft_rule(b, STR(""));
	nft_go(b, KVERDICT_JUMP, STR("rules"));
	nft_rule(b, STR(FORWARDING_NO_RULE));
	nft_count(b);
	nft_go(b, KVERDICT_GOTO, STR("any"));
}

void chain_prerouting(struct maker *m)
{
	struct nft_build *b = &m->b;

	nft_base_chain(b, STR("prerouting"), STR("filter"), KHOOK_PREROUTING, MANGLE);
	keep_known(m);
	from_wan_to(b, STR("from_wan"));
	/* A packet of a connection that was flushed must reach the chain that resets it. */
	nft_rule(b, STR("not a connection"));
	nft_match_ct(b, KCT_STATE, KCT_STATE_INVALID);
	nft_verdict(b, KVERDICT_ACCEPT);
	leave_local(m);
	choose_by_rules(b);
}

/* The router's own, bound to a device or an address of a link: it is not asked where it goes. */
static void chain_bound(struct maker *m)
{
	struct nft_build *b = &m->b;

	nft_chain(b, STR("bound"));
	nft_rule(b, STR("by the link it was routed to"));
	nft_load_wan(b, KMETA_OIFNAME);
	(void)mark_packet(m, KREG(4));
	take_if_live(m);
	nft_rule(b, STR("off a dead link"));
	nft_go(b, KVERDICT_GOTO, STR("any"));
}

static void leave_bound(struct maker *m, uint8_t family)
{
	const struct link_conf *l = link_of_main(m->s, family);

	if (!l)
		return;
	nft_rule(&m->b, STR("not where the main table leads"));
	nft_match_family(&m->b, family);
	nft_match_ifname(&m->b, KMETA_OIFNAME, l->interface, false);
	nft_go(&m->b, KVERDICT_GOTO, STR("bound"));
}

/* Packets with a mark know where they go (probes, the DNS worker).  The rest was routed by the main
 * table, whose first default route may belong to a dead link or to one that no policy wants, unless
 * its socket is bound to a link.  What is bound to the very link of the main table cannot be told
 * from what is not: with a device it stays there all the same, which postrouting writes down; with
 * an address it goes by the rules.  The chain is of type route: only then is the route looked up
 * again when the mark changed.
 *
 * TCP of a connection that was flushed is reset: who waits for it here is to know it, too. */
void chain_output(struct maker *m)
{
	struct nft_build *b = &m->b;

	chain_bound(m);
	nft_base_chain(b, STR("output"), STR("route"), KHOOK_OUTPUT, MANGLE);
	nft_rule(b, STR("marked by its socket"));
	nft_load_meta(b, KREG(0), KMETA_MARK);
	nft_match_number(b, KREG(0), 0, false);
	nft_verdict(b, KVERDICT_ACCEPT);
	keep_known(m);
	leave_local(m);
	nft_rule(b, STR("not by a link"));
	nft_load_meta(b, KREG(0), KMETA_OIFNAME);
	nft_match_set(b, KREG(0), NFT_WANS, false);
	nft_verdict(b, KVERDICT_ACCEPT);
	nft_rule(b, STR("flushed connection"));
	nft_match_ct(b, KCT_STATE, KCT_STATE_INVALID);
	nft_match_proto(b, IPPROTO_NUMBER_TCP);
	nft_match_no_reset(b); /* such as the router answers others with */
	nft_reset_tcp(b);
	nft_rule(b, STR("not a connection"));
	nft_match_ct(b, KCT_STATE, KCT_STATE_INVALID);
	nft_verdict(b, KVERDICT_ACCEPT);
	leave_bound(m, 4);
	leave_bound(m, 6);
	choose_by_rules(b);
}
