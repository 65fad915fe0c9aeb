/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules: verdict maps for those that name hosts, networks, protocols and ports, and a step each
 * for the rest (see rules_plan()). */
#include "nft_table.h"

#include "bytes.h"

#include <string.h>

bool has_policy(const struct maker *m, const struct rule_conf *r)
{
	return r->policy >= 0 && (size_t)r->policy < m->s->npolicies;
}

/* The numbers of a rule's protocol in a family (0: either). */
static size_t protocol_numbers(const struct rule_conf *r, uint8_t family, uint8_t out[2])
{
	size_t n = 0;

	switch ((enum rule_protocol)r->protocol) {
	case RULE_ANY_PROTOCOL:
		break;
	case RULE_TCP:
		out[n++] = IPPROTO_NUMBER_TCP;
		break;
	case RULE_UDP:
		out[n++] = IPPROTO_NUMBER_UDP;
		break;
	case RULE_ICMP:
		if (family != 6)
			out[n++] = IPPROTO_NUMBER_ICMP;
		if (family != 4)
			out[n++] = IPPROTO_NUMBER_ICMPV6;
		break;
	}
	return n;
}

/* Both ends of what a rule names; the same in a map of single values. */
struct ends {
	struct kelem first, last;
};

static void put_ends(
	struct ends *e, enum kset_type t, const void *first, const void *last, size_t n)
{
	kelem_put(&e->first, t, first, n);
	kelem_put(&e->last, t, last, n);
}

static struct str rule_comment(struct maker *m, const struct rule_conf *r)
{
	return nft_numbered(m->b.mem, "rule ", r->number, STR(""));
}

static void put_prefix_ends(struct ends *e, const struct ip_prefix *p)
{
	struct ip_prefix network = ip_prefix_network(p);
	struct ip_addr last = ip_prefix_last(&network);

	put_ends(e, p->addr.family == 6 ? KSET_IPV6 : KSET_IPV4, network.addr.b, last.b,
		ip_addr_size(p->addr.family));
}

/* `proto` NULL: the rule names none. */
static void map_elem(
	struct maker *m, const struct planned_rule *p, const uint8_t *proto, struct str comment)
{
	static const uint8_t proto_first = 0, proto_last = 255;
	const struct rule_conf *r = p->rule;
	struct kelem *elem = nft_elem(&m->b);
	struct ends e = {0};
	uint8_t first[2], last[2];

	set_u16(first, r->port.first);
	set_u16(last, r->port.last);
	if (p->fields & RULE_SOURCE)
		put_prefix_ends(&e, &r->source);
	if (p->fields & RULE_DESTINATION)
		put_prefix_ends(&e, &r->destination);
	if (p->fields & RULE_PROTOCOL)
		put_ends(&e, KSET_PROTO, proto ? proto : &proto_first, proto ? proto : &proto_last,
			1);
	if (p->fields & RULE_PORT)
		put_ends(&e, KSET_PORT, first, last, 2);
	*elem = e.first;
	if (p->ranges)
		elem->last = (const uint8_t *)arena_copy(m->b.mem, e.last.key, e.last.key_n);
	elem->verdict = KVERDICT_JUMP;
	elem->chain = m->policy_chain[r->policy];
	elem->comment = comment;
}

static void map_key(const struct planned_rule *p, enum kset_type key[KSET_KEY_FIELDS])
{
	enum kset_type addr = p->family == 6 ? KSET_IPV6 : KSET_IPV4;
	size_t n = 0;

	memset(key, 0, KSET_KEY_FIELDS * sizeof(*key));
	if (p->fields & RULE_SOURCE)
		key[n++] = addr;
	if (p->fields & RULE_DESTINATION)
		key[n++] = addr;
	if (p->fields & RULE_PROTOCOL)
		key[n++] = KSET_PROTO;
	if (p->fields & RULE_PORT)
		key[n++] = KSET_PORT;
}

/* Room for more, so that one more rule is one more element and not a new table. */
static uint32_t roomy(size_t n)
{
	uint32_t size = 64;

	while (size < n + n / 4)
		size *= 2;
	return size;
}

void set_rules(struct maker *m, size_t first)
{
	const struct planned_rule *open = &m->plan[first];
	enum kset_type key[KSET_KEY_FIELDS];
	struct kset *set;
	uint8_t proto[2];
	size_t n = 0;

	map_key(open, key);
	for (size_t i = first; i < m->s->nrules; i++)
		n += m->plan[i].map == open->map;
	set = nft_set(
		&m->b, nft_numbered(m->b.mem, "rules", open->map, STR("")), key, KSET_VERDICT);
	set->size = roomy(2 * n);
	set->ranges = open->ranges;
	for (size_t i = first; i < m->s->nrules; i++) {
		const struct planned_rule *p = &m->plan[i];
		size_t nproto = protocol_numbers(p->rule, p->family, proto);
		struct str comment;

		if (p->map != open->map || !has_policy(m, p->rule))
			continue;
		comment = rule_comment(m, p->rule);
		if (!nproto)
			map_elem(m, p, NULL, comment);
		for (size_t k = 0; k < nproto; k++)
			map_elem(m, p, &proto[k], comment);
	}
}

static void rule_of_map(struct maker *m, const struct planned_rule *p)
{
	uint32_t reg = KREG(0);

	nft_rule(&m->b, STR(""));
	if (p->family)
		nft_match_family(&m->b, p->family);
	if (p->fields & RULE_SOURCE)
		reg = nft_load_packet_addr(&m->b, reg, p->family, true);
	if (p->fields & RULE_DESTINATION)
		reg = nft_load_packet_addr(&m->b, reg, p->family, false);
	if (p->fields & RULE_PROTOCOL)
		nft_load_meta(&m->b, reg++, KMETA_L4PROTO);
	if (p->fields & RULE_PORT)
		nft_load(&m->b, reg, KBASE_TRANSPORT, 2, 2);
	nft_verdict_map(&m->b, KREG(0), nft_numbered(m->b.mem, "rules", p->map, STR("")));
}

static void match_set(struct maker *m, int32_t set, uint8_t family, bool source)
{
	if (set < 0 || (size_t)set >= m->s->nsets)
		return;
	nft_load_packet_addr(&m->b, KREG(0), family, source);
	nft_match_set(&m->b, KREG(0), set_name(m, set, family), true);
}

static struct str learned_name(struct maker *m, const struct rule_conf *r, uint8_t family)
{
	char text[32], *copy;
	struct textbuf t = textbuf_of(text, sizeof(text));

	forwarding_learned_set(r, family, &t);
	copy = arena_copy(m->b.mem, text, t.n);
	return copy ? (struct str){copy, t.n} : STR("");
}

/* By dnsmasq; see forwarding_domains.c. */
void sets_learned(struct maker *m, const struct rule_conf *r)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		struct kset *s = nft_set(&m->b, learned_name(m, r, family),
			KEY(family == 6 ? KSET_IPV6 : KSET_IPV4), KSET_NONE);

		s->dynamic = true;
		s->timeout_ms = LEARNED_MS;
		s->size = LEARNED_MAX;
	}
}

static void rule_of_family(struct maker *m, const struct planned_rule *p, uint8_t family)
{
	const struct rule_conf *r = p->rule;
	uint8_t proto[2];

	nft_rule(&m->b, rule_comment(m, r));
	if (r->lan >= 0 && (size_t)r->lan < m->s->nlans)
		nft_match_ifname(&m->b, KMETA_IIFNAME, m->s->lans[r->lan].interface, true);
	if (r->from) {
		nft_load_meta(&m->b, KREG(0), KMETA_IIF);
		nft_match_number(&m->b, KREG(0), 0, r->from == RULE_FROM_ROUTER);
	}
	if (family)
		nft_match_family(&m->b, family);
	match_set(m, r->source_set, family, true);
	match_set(m, r->destination_set, family, false);
	if (r->dscp)
		nft_match_dscp(&m->b, family, (uint8_t)(r->dscp - 1));
	if (r->source.addr.family)
		nft_match_prefix(&m->b, &r->source, true);
	if (r->destination.addr.family)
		nft_match_prefix(&m->b, &r->destination, false);
	if (protocol_numbers(r, family, proto))
		nft_match_proto(&m->b, proto[0]);
	if (r->port.first)
		nft_match_ports(&m->b, r->port.first, r->port.last);
	if (r->ndomains) {
		nft_load_packet_addr(&m->b, KREG(0), family, false);
		nft_match_set(&m->b, KREG(0), learned_name(m, r, family), true);
		nft_remember(&m->b, learned_name(m, r, family), KREG(0), 0);
	}
	nft_count(&m->b);
	nft_go(&m->b, KVERDICT_JUMP, m->policy_chain[r->policy]);
}

static void rule_of_list(struct maker *m, const struct planned_rule *p)
{
	if (p->family || !rule_is_by_family(p->rule)) {
		rule_of_family(m, p, p->family);
		return;
	}
	rule_of_family(m, p, 4);
	rule_of_family(m, p, 6);
}

void chain_rules(struct maker *m)
{
	nft_chain(&m->b, STR("rules"));
	for (size_t i = 0; m->plan && i < m->s->nrules; i++) {
		const struct planned_rule *p = &m->plan[i];

		if (p->opens)
			rule_of_map(m, p);
		else if (!p->map && has_policy(m, p->rule))
			rule_of_list(m, p);
	}
}
