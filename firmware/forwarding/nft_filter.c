/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What may come in from a WAN, to the router and through it; and what becomes of packets whose
 * connection was flushed. */
#include "nft_table.h"

enum { FILTER = 0 };

static void accept_known(struct nft_build *b)
{
	nft_rule(b, STR("known connection"));
	nft_match_ct(b, KCT_STATE, KCT_STATE_ESTABLISHED | KCT_STATE_RELATED);
	nft_verdict(b, KVERDICT_ACCEPT);
}

/* A mark of ours is on packets whose link the rules have just chosen: from inside; and on those of
 * connections that are known to the kernel because they were let through before.  The first packet
 * from outside has none (see from_wan), and is not known if it is dropped.  So what comes from
 * inside need not be asked for the name of its interface, which costs 400 instructions. */
static void accept_chosen(struct maker *m)
{
	struct nft_build *b = &m->b;

	nft_rule(b, STR("its link was chosen"));
	nft_load_meta(b, KREG(0), KMETA_MARK);
	nft_and(b, KREG(0), mark_bits(m));
	nft_match_number(b, KREG(0), 0, false);
	nft_verdict(b, KVERDICT_ACCEPT);
}

static void drop_rest(struct nft_build *b)
{
	nft_rule(b, STR("nothing else from outside"));
	nft_count(b);
	nft_verdict(b, KVERDICT_DROP);
}

static void accept_dns(struct nft_build *b, uint8_t proto)
{
	nft_rule(b, STR("DNS"));
	nft_match_proto(b, proto);
	nft_match_ports(b, 53, 53);
	nft_verdict(b, KVERDICT_ACCEPT);
}

/* A server's answer to a question that was asked of all servers at once belongs to no connection.
 */
static void accept_dhcp6(struct maker *m)
{
	static const struct ip_prefix link_local = {{6, {0xfe, 0x80}}, 10};
	struct nft_build *b = &m->b;
	bool asked = false;

	for (size_t i = 0; i < m->s->nlinks; i++)
		asked |= link_conf_is_leased(&m->s->links[i]);
	if (!asked)
		return;
	nft_rule(b, STR("DHCPv6"));
	nft_match_family(b, 6);
	nft_match_prefix(b, &link_local, true);
	nft_match_proto(b, IPPROTO_NUMBER_UDP);
	nft_match_ports(b, 546, 546);
	nft_verdict(b, KVERDICT_ACCEPT);
}

/* Who had a connection to a server that died is told when he sends: it is not known any more, so it
 * is not sent on, and comes to the router itself. */
static void reset_stranded(struct maker *m, const struct published_at *at)
{
	struct nft_build *b = &m->b;

	if (at->f->nto < 2 || at->f->protocol != RULE_TCP)
		return;
	nft_rule(b, at->f->name);
	nft_match_ct(b, KCT_STATE, KCT_STATE_INVALID);
	match_host(b, at->address, false);
	match_service(b, at->f);
	nft_reset_tcp(b);
}

void chains_input(struct maker *m)
{
	struct nft_build *b = &m->b;

	nft_chain(b, STR("wan_input"));
	for (uint8_t family = 4; family <= 6; family += 2) {
		nft_rule(b, STR("ICMP"));
		nft_match_family(b, family);
		nft_match_proto(b, family == 6 ? IPPROTO_NUMBER_ICMPV6 : IPPROTO_NUMBER_ICMP);
		nft_verdict(b, KVERDICT_ACCEPT);
	}
	accept_dns(b, IPPROTO_NUMBER_UDP);
	accept_dns(b, IPPROTO_NUMBER_TCP);
	accept_dhcp6(m);
	for_each_published(m, reset_stranded);
	drop_rest(b);
	nft_base_chain(b, STR("input"), STR("filter"), KHOOK_INPUT, FILTER);
	accept_known(b);
	from_wan_to(b, STR("wan_input"));
}

/* Ethernet's own size fits everywhere; a smaller one on the way is often not told, since the
 * answers that say so (ICMP) get lost. */
static bool segments_may_not_fit(const struct forwarding_source *s)
{
	for (size_t i = 0; i < s->nlinks; i++)
		if (!s->links[i].disabled &&
			(link_conf_mtu(&s->links[i]) || s->links[i].pppoe.user.n))
			return true;
	return false;
}

/* Of connections that a flowtable cannot carry (other protocols than TCP and UDP, helpers) the
 * kernel goes on to the next rule. */
static void offload(struct nft_build *b)
{
	nft_rule(b, STR("established: past all of this"));
	nft_match_ct(b, KCT_STATE, KCT_STATE_ESTABLISHED);
	nft_offload(b);
}

/* A TCP client whose connection was flushed gets a reset for its next packet and starts anew over a
 * link that works; only towards the inside, so that nobody outside can have resets made.  Other
 * packets without a connection would leave with their inside address. */
void chains_forward(struct maker *m)
{
	struct nft_build *b = &m->b;

	nft_chain(b, STR("wan_forward"));
	nft_rule(b, STR("published servers"));
	nft_match_ct(b, KCT_STATUS, KCT_STATUS_DNAT);
	nft_verdict(b, KVERDICT_ACCEPT);
	drop_rest(b);
	nft_chain(b, STR("unknown"));
	nft_rule(b, STR("flushed connection"));
	nft_match_proto(b, IPPROTO_NUMBER_TCP);
	nft_reset_tcp(b);
	nft_rule(b, STR(""));
	nft_verdict(b, KVERDICT_DROP);
	nft_base_chain(b, STR("forward"), STR("filter"), KHOOK_FORWARD, FILTER);
	if (segments_may_not_fit(m->s)) {
		nft_rule(b, STR("segments that fit the link"));
		nft_clamp_mss(b);
	}
	if (m->s->conf.flowtable)
		offload(b);
	accept_known(b);
	accept_chosen(m);
	from_wan_to(b, STR("wan_forward"));
	nft_rule(b, STR("not a connection"));
	nft_match_ct(b, KCT_STATE, KCT_STATE_INVALID);
	nft_go(b, KVERDICT_GOTO, STR("unknown"));
}
