/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses that are put in the place of others: published servers, the source address of each
 * link, IPv6 networks. */
#include "nft_table.h"

enum { DSTNAT = -100, SRCNAT = 100 };

/* ---- published servers ---- */

static bool published_at(const struct maker *m, const struct forward_conf *forward, size_t on,
	struct published_at *out)
{
	const struct forward_on *o = &forward->on[on];

	if (o->link < 0 || (size_t)o->link >= m->s->nlinks ||
		o->address.family != forward_family(forward) || m->s->links[o->link].disabled)
		return false;
	*out = (struct published_at){forward, &m->s->links[o->link], &o->address};
	return true;
}

void match_host(struct nft_build *b, const struct ip_addr *a, bool source)
{
	struct ip_prefix host = {*a, (uint8_t)(ip_addr_size(a->family) * 8)};

	nft_match_family(b, a->family);
	nft_match_prefix(b, &host, source);
}

void match_service(struct nft_build *b, const struct forward_conf *f)
{
	if (f->protocol == RULE_ANY_PROTOCOL)
		return;
	nft_match_proto(b, f->protocol == RULE_UDP ? IPPROTO_NUMBER_UDP : IPPROTO_NUMBER_TCP);
	nft_match_ports(b, f->port.first, f->port.last);
}

/* To this server, by the registers 0 and 4. */
static void send_to(struct nft_build *b, const struct forward_conf *f, size_t server)
{
	nft_load_addr(b, KREG(0), &f->to[server].addr);
	if (f->to_port)
		nft_load_port(b, KREG(4), (uint16_t)f->to_port);
	nft_nat(b, KOP_DNAT, forward_family(f), KREG(0), f->to_port ? KREG(4) : 0);
}

/* Several servers share the connections: each has a chain of its own, and a slot says which. */
static void send_to_one_of(struct maker *m, const struct forward_conf *f)
{
	uint32_t slot = servers_slot((size_t)(f - m->s->forwards));

	if (f->persist) {
		nft_load_packet_addr(&m->b, KREG(4), forward_family(f), true);
		nft_hash(&m->b, KREG(4), (uint32_t)ip_addr_size(forward_family(f)), KREG(0),
			POLICY_SLOTS, slot);
	} else {
		nft_draw(&m->b, KREG(0), POLICY_SLOTS, slot);
	}
	nft_verdict_map(&m->b, KREG(0), SERVERS_SET);
}

static struct str published_comment(struct arena *mem, const struct forward_conf *f)
{
	char text[FL_NAME_MAX + 16], *copy;
	struct textbuf t = textbuf_of(text, sizeof(text));

	forwarding_published_text(f, &t);
	copy = arena_copy(mem, text, t.n);
	return copy ? (struct str){copy, t.n} : STR("");
}

/* `source` NULL: whoever it comes from. */
static void rule_forward_from(
	struct maker *m, const struct published_at *at, const struct ip_prefix *source)
{
	struct nft_build *b = &m->b;

	nft_rule(b, published_comment(b->mem, at->f));
	match_host(b, at->address, false);
	if (source)
		nft_match_prefix(b, source, true);
	match_service(b, at->f);
	nft_count(b);
	if (at->f->nto > 1)
		send_to_one_of(m, at->f);
	else
		send_to(b, at->f, 0);
}

/* Whichever interface it comes from, so that the published address works inside, too. */
static void rule_forward(struct maker *m, const struct published_at *at)
{
	if (!at->f->nsources)
		rule_forward_from(m, at, NULL);
	for (size_t i = 0; i < at->f->nsources; i++)
		if (at->f->sources[i].prefix.addr.family == at->address->family)
			rule_forward_from(m, at, &at->f->sources[i].prefix);
}

/* What the published server starts itself on that protocol (any, where its whole address is
 * published) leaves with the published address, so that the PTR record of outbound mail fits. */
static void rule_server(struct maker *m, const struct published_at *at)
{
	const struct ip_prefix *own = link_conf_address(at->link, at->address->family);
	struct nft_build *b = &m->b;

	if (own && ip_addr_eq(&own->addr, at->address))
		return; /* masquerading gives the same */
	for (size_t i = 0; i < at->f->nto; i++) {
		nft_rule(b, at->f->name);
		nft_match_ifname(b, KMETA_OIFNAME, at->link->interface, true);
		match_host(b, &at->f->to[i].addr, true);
		match_service(b, at->f);
		nft_load_addr(b, KREG(0), at->address);
		nft_nat(b, KOP_SNAT, at->address->family, KREG(0), 0);
	}
}

void for_each_published(
	struct maker *m, void (*rule)(struct maker *m, const struct published_at *at))
{
	const struct forward_conf *f;
	struct published_at at;

	for (size_t i = 0; (f = forwarding_published(m->s, i)); i++)
		for (size_t j = 0; j < f->non; j++)
			if (published_at(m, f, j, &at))
				rule(m, &at);
}

static bool lan_has_server(const struct maker *m, const struct ip_prefix *lan)
{
	const struct forward_conf *f;

	for (size_t i = 0; (f = forwarding_published(m->s, i)); i++)
		for (size_t j = 0; f->non && j < f->nto; j++)
			if (ip_prefix_has(lan, &f->to[j].addr))
				return true;
	return false;
}

/* A client that reaches a server of its own network by the published address must get the answers
 * from that address: they have to come back through here. */
static void rules_hairpin(struct maker *m)
{
	for (size_t i = 0; i < m->s->nlans; i++) {
		const struct lan_conf *lan = &m->s->lans[i];

		for (size_t j = 0; j < lan->naddresses; j++) {
			const struct ip_prefix *p = &lan->addresses[j].prefix;

			if (!lan_has_server(m, p))
				continue;
			nft_rule(&m->b, STR("back to its own network"));
			nft_match_ifname(&m->b, KMETA_OIFNAME, lan->interface, true);
			nft_match_family(&m->b, p->addr.family);
			nft_match_prefix(&m->b, p, true);
			nft_match_ct(&m->b, KCT_STATUS, KCT_STATUS_DNAT);
			nft_masquerade(&m->b);
		}
	}
}

/* ---- IPv6 sources ---- */

static void match_leaves(struct maker *m, const struct link_conf *l, const struct ip_prefix *from,
	struct str comment)
{
	nft_rule(&m->b, comment);
	nft_match_ifname(&m->b, KMETA_OIFNAME, l->interface, true);
	nft_match_family(&m->b, 6);
	nft_match_prefix(&m->b, from, true);
}

static void rules_of_prefixes(struct maker *m, const struct link_conf *l)
{
	size_t n;
	const struct ip_prefix *prefix = link_conf_prefixes(l, &n);
	struct translation t;

	for (size_t i = 0; i < n; i++) {
		match_leaves(m, l, &prefix[i], STR("of the link's own prefix"));
		nft_verdict(&m->b, KVERDICT_ACCEPT);
	}
	for (size_t i = 0; translation_at(m->s, l, i, &t); i++) {
		match_leaves(m, l, &t.from, STR("nptv6"));
		nft_snat_prefix(&m->b, &t.to);
	}
}

static void chains_servers(struct maker *m)
{
	for (size_t i = 0; i < m->s->nforwards; i++) {
		const struct forward_conf *f = &m->s->forwards[i];

		for (size_t j = 0; f->nto > 1 && j < f->nto; j++) {
			nft_chain(&m->b, server_chain(m->b.mem, f, j));
			nft_rule(&m->b, f->name);
			send_to(&m->b, f, j);
		}
	}
}

/* What the router sends itself has come in by no interface. */
static void chain_keep_own(struct maker *m)
{
	struct nft_build *b = &m->b;

	nft_chain(b, STR("keep_own"));
	for (uint8_t family = 4; family <= 6; family += 2) {
		nft_rule(b, STR("an address of the link"));
		nft_match_family(b, family);
		nft_load_meta(b, KREG(0), KMETA_OIFNAME);
		nft_load_packet_addr(b, KREG(4), family, true);
		nft_match_set(b, KREG(0), family == 6 ? STR("own6") : STR("own4"), true);
		nft_verdict(b, KVERDICT_ACCEPT);
	}
}

void chains_nat(struct maker *m)
{
	struct nft_build *b = &m->b;

	chains_servers(m);
	if (forwarding_published(m->s, 0)) { /* else each new connection would ask it in vain */
		nft_base_chain(b, STR("forwards"), STR("nat"), KHOOK_PREROUTING, DSTNAT);
		for_each_published(m, rule_forward);
	}
	chain_keep_own(m);
	nft_base_chain(b, STR("postrouting"), STR("nat"), KHOOK_POSTROUTING, SRCNAT);
	rules_hairpin(m);
	/* Its socket may be bound to another device than was chosen.  Probes are on no link. */
	nft_rule(b, STR("the router's own: of the link it leaves by"));
	nft_load_meta(b, KREG(0), KMETA_IIF);
	nft_match_number(b, KREG(0), 0, true);
	nft_match_ct(b, KCT_MARK, mark_bits(m));
	nft_load_wan(b, KMETA_OIFNAME);
	mark_connection(m, KREG(4));
	nft_rule(b, STR("the router's own"));
	nft_load_meta(b, KREG(0), KMETA_IIF);
	nft_match_number(b, KREG(0), 0, true);
	nft_go(b, KVERDICT_JUMP, STR("keep_own"));
	for_each_published(m, rule_server);
	for (size_t i = 0; i < m->s->nlinks; i++)
		if (!m->s->links[i].disabled)
			rules_of_prefixes(m, &m->s->links[i]);
	nft_rule(b, STR(""));
	nft_match_wan(b, KMETA_OIFNAME);
	nft_masquerade(b);
}
