/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table "inet fairlead".
 *
 *   prerouting  a known connection keeps its link (connection mark); one that comes in by a WAN is
 *               pinned to it; local and LAN destinations get no mark; the rest goes through the
 *               rules, and without a rule to the first link that is live
 *   policy*     sets the mark: draws a slot, and again when that link is down, then tries the
 *               members in their order; `goto pin` ends it, falling out of the chain means that no
 *               member is live
 *   output      the router's own new connections go through the rules, too
 *   forwards    published servers        postrouting  the source address of each link
 *   input, forward                       what may come in from a WAN
 *
 * What changes while it runs is in sets: "down" (which links may carry new traffic) and "slots".
 * The chains follow from the settings alone, so a link's death never touches them.
 *
 * The filter chains end in a rule that drops instead of having the policy `drop`: while one table
 * replaces another the emptied old chains are asked, too, and their policy would drop packets. */
#include "forwarding_internal.h"
#include "nft_build.h"

#include "bytes.h"

#include <string.h>

enum { MANGLE = -150, DSTNAT = -100, FILTER = 0, SRCNAT = 100 };

#define SLOT_ROOM  256   /* numbers a policy has in the map "slots" */
#define LINKS_ROOM 64    /* elements that sets of links hold */
#define ADDRS_ROOM 512   /* elements that sets of addresses hold */
#define STUCK_ROOM 65536 /* clients, or servers, that a persistent policy remembers */

struct maker {
	const struct forwarding_source *s;
	const struct published *pub;
	const struct kernel_state *own; /* the addresses that the router has */
	struct nft_build b;
	struct planned_rule *plan; /* s->nrules of them */
	unsigned nmaps;
	struct str *policy_chain; /* names, s->npolicies of them */
	struct str take;          /* the chain that ends a choice */
	bool without;             /* some link has only one of the families in use */
};

/* ---- elements that others share ---- */

void down_elem(uint8_t family, uint32_t number, struct kelem *out)
{
	uint8_t nfproto = family == 6 ? KNFPROTO_IPV6 : KNFPROTO_IPV4;

	*out = (struct kelem){0};
	kelem_put(out, KSET_NFPROTO, &nfproto, 1);
	kelem_put(out, KSET_MARK, &number, sizeof(number));
}

void slot_elem(size_t p, size_t i, uint8_t number, struct kelem *out)
{
	uint32_t key = (uint32_t)(p * SLOT_ROOM + i);

	*out = (struct kelem){.value = number};
	kelem_put(out, KSET_NUMBER, &key, sizeof(key));
}

/* ---- sets of links ---- */

#define KEY(...) ((const enum kset_type[KSET_KEY_FIELDS]){__VA_ARGS__})

static void set_down(struct maker *m)
{
	nft_set(&m->b, STR("down"), KEY(KSET_NFPROTO, KSET_MARK), KSET_NONE)->size = LINKS_ROOM;
	for (size_t i = 0; i < m->s->nlinks; i++) {
		uint8_t number = m->s->links[i].number;

		for (uint8_t family = 4; family <= 6; family += 2)
			if (!published_carries(m->pub, number, family))
				down_elem(family, number, nft_elem(&m->b));
	}
}

/* Links without an address of a family can never carry it.  This set of its own leaves "down" to
 * the states of links alone, which come and go for both families at once. */
static void set_without(struct maker *m)
{
	nft_set(&m->b, STR("without"), KEY(KSET_NFPROTO, KSET_MARK), KSET_NONE)->size = LINKS_ROOM;
	for (size_t i = 0; i < m->s->nlinks; i++)
		for (uint8_t family = 4; family <= 6; family += 2)
			if (!link_has_family(&m->s->links[i], family))
				down_elem(family, m->s->links[i].number, nft_elem(&m->b));
}

/* Of disabled links, too: what comes in by their interfaces still comes from outside. */
static void set_wans(struct maker *m, struct str name, enum kset_type data)
{
	nft_set(&m->b, name, KEY(KSET_IFNAME), data)->size = LINKS_ROOM;
	for (size_t i = 0; i < m->s->nlinks; i++) {
		const struct link_conf *l = &m->s->links[i];
		struct kelem *e;

		if (!l->number || !l->interface.n)
			continue;
		e = nft_elem(&m->b);
		e->value = data ? l->number : 0;
		kelem_put(e, KSET_IFNAME, l->interface.at, l->interface.n);
	}
}

static void set_slots(struct maker *m)
{
	nft_set(&m->b, STR("slots"), KEY(KSET_NUMBER), KSET_MARK)->size = POLICIES_MAX * SLOT_ROOM;
	for (size_t p = 0; p < m->s->npolicies && p < POLICIES_MAX; p++) {
		for (size_t i = 0; p < m->pub->npolicies && i < POLICY_SLOTS; i++) {
			uint8_t number = m->pub->policy[p].slot[i];

			if (number)
				slot_elem(p, i, number, nft_elem(&m->b));
		}
	}
}

/* ---- sets of addresses ---- */

/* An address one behind another; family 0: there is none. */
static struct ip_addr addr_after(const struct ip_addr *a)
{
	struct ip_addr next = *a;

	for (size_t i = ip_addr_size(a->family); i-- > 0;)
		if (++next.b[i])
			return next;
	return (struct ip_addr){0};
}

static void put_bound(struct nft_build *b, const struct ip_addr *a, bool end)
{
	struct kelem *e = nft_elem(b);

	kelem_put(e, a->family == 6 ? KSET_IPV6 : KSET_IPV4, a->b, ip_addr_size(a->family));
	e->interval_end = end;
}

/* Shell's sort with Knuth's gaps: there may be ten thousand of them. */
static void sort_prefixes(struct ip_prefix *p, size_t n)
{
	size_t gap = 1;

	while (gap < n / 3)
		gap = 3 * gap + 1;
	for (; gap; gap /= 3) {
		for (size_t i = gap; i < n; i++) {
			struct ip_prefix x = p[i];
			size_t j = i;

			for (; j >= gap && ip_addr_cmp(&p[j - gap].addr, &x.addr) > 0; j -= gap)
				p[j] = p[j - gap];
			p[j] = x;
		}
	}
}

/* An interval set: prefixes that overlap or touch become one interval. */
static void put_intervals(struct nft_build *b, struct ip_prefix *p, size_t n)
{
	sort_prefixes(p, n);
	for (size_t i = 0; i < n;) {
		struct ip_addr last = ip_prefix_last(&p[i]), end;

		put_bound(b, &p[i].addr, false);
		for (i++; i < n; i++) {
			struct ip_addr next = addr_after(&last), other = ip_prefix_last(&p[i]);

			if (next.family && ip_addr_cmp(&p[i].addr, &next) > 0)
				break;
			if (ip_addr_cmp(&other, &last) > 0)
				last = other;
		}
		end = addr_after(&last);
		if (end.family) /* the last interval may reach to the end of all addresses */
			put_bound(b, &end, true);
	}
}

const struct ip_prefix forwarding_local[] = {
	{{4, {0}}, 8},
	{{4, {127}}, 8},
	{{4, {169, 254}}, 16},
	{{4, {224}}, 3},
	{{6, {[15] = 1}}, 128},
	{{6, {0xfe, 0x80}}, 10},
	{{6, {0xff}}, 8},
};
const size_t forwarding_nlocal = COUNT_OF(forwarding_local);

static void take_network(
	struct list *l, struct arena *mem, uint8_t family, const struct ip_prefix *p)
{
	struct ip_prefix scrap;

	if (p->addr.family == family)
		*(struct ip_prefix *)list_add(l, mem, &scrap) = ip_prefix_network(p);
}

/* The sets of addresses of the settings that some rule names. */
static bool is_named(const struct maker *m, size_t set)
{
	for (size_t i = 0; i < m->s->nrules; i++)
		if (m->s->rules[i].source_set == (int32_t)set ||
			m->s->rules[i].destination_set == (int32_t)set)
			return true;
	return false;
}

/* Destinations that no link is chosen for: the router's own networks, and what never leaves. */
static void set_local(struct maker *m, struct str name, uint8_t family)
{
	struct list l = {.size = sizeof(struct ip_prefix)};
	struct kset *set =
		nft_set(&m->b, name, KEY(family == 6 ? KSET_IPV6 : KSET_IPV4), KSET_NONE);

	set->interval = true;
	for (size_t i = 0; i < forwarding_nlocal; i++)
		take_network(&l, m->b.mem, family, &forwarding_local[i]);
	for (size_t i = 0; i < m->s->nlans; i++)
		for (size_t j = 0; j < m->s->lans[i].naddresses; j++)
			take_network(&l, m->b.mem, family, &m->s->lans[i].addresses[j].prefix);
	for (size_t i = 0; i < m->s->nlans; i++)
		for (size_t j = 0; j < m->s->lans[i].ndelegated; j++)
			take_network(&l, m->b.mem, family, &m->s->lans[i].delegated[j].own);
	for (size_t i = 0; i < m->s->nlinks; i++)
		for (size_t j = 0; !m->s->links[i].disabled && j < m->s->links[i].naddresses; j++)
			take_network(&l, m->b.mem, family, &m->s->links[i].addresses[j].prefix);
	put_intervals(&m->b, l.at, l.n);
}

static void put_own(struct maker *m, const struct link_conf *l, const struct ip_addr *a)
{
	struct kelem *e = nft_elem(&m->b);

	kelem_put(e, KSET_IFNAME, l->interface.at, l->interface.n);
	kelem_put(e, a->family == 6 ? KSET_IPV6 : KSET_IPV4, a->b, ip_addr_size(a->family));
}

/* (interface, address) of the links: what leaves with such a source is the router's own and keeps
 * it, be it a link's second address. */
static void set_own(struct maker *m, struct str name, uint8_t family)
{
	const struct forwarding_source *s = m->s;
	const struct forward_conf *f;

	nft_set(&m->b, name, KEY(KSET_IFNAME, family == 6 ? KSET_IPV6 : KSET_IPV4), KSET_NONE)
		->size = ADDRS_ROOM;
	for (size_t i = 0; i < s->nlinks; i++)
		for (size_t j = 0; j < s->links[i].naddresses; j++)
			if (s->links[i].addresses[j].prefix.addr.family == family)
				put_own(m, &s->links[i], &s->links[i].addresses[j].prefix.addr);
	for (size_t i = 0; (f = forwarding_published(s, i)); i++) {
		for (size_t j = 0; j < f->non; j++) {
			const struct forward_on *on = &f->on[j];

			if (on->link >= 0 && (size_t)on->link < s->nlinks &&
				on->address.family == family &&
				forward_needs_address(&s->links[on->link], &on->address))
				put_own(m, &s->links[on->link], &on->address);
		}
	}
}

/* All addresses of the router's own: nobody else has one of these. */
static void set_self(struct maker *m, struct str name, uint8_t family)
{
	const struct kernel_state *own = m->own;
	enum kset_type type = family == 6 ? KSET_IPV6 : KSET_IPV4;

	nft_set(&m->b, name, KEY(type), KSET_NONE)->size = ADDRS_ROOM;
	for (size_t i = 0; i < own->naddresses; i++) {
		const struct ip_addr *a = &own->addresses[i].prefix.addr;

		if (a->family == family)
			kelem_put(nft_elem(&m->b), type, a->b, ip_addr_size(family));
	}
}

/* ---- rules ---- */

static bool has_policy(const struct maker *m, const struct rule_conf *r)
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

static void set_rules(struct maker *m, size_t first)
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

static uint32_t load_addr(struct nft_build *b, uint32_t reg, uint8_t family, bool source)
{
	uint32_t len = (uint32_t)ip_addr_size(family);
	uint32_t offset = family == 6 ? (source ? 8 : 24) : (source ? 12 : 16);

	nft_load(b, reg, KBASE_NETWORK, offset, len);
	return reg + len / 4;
}

static void rule_of_map(struct maker *m, const struct planned_rule *p)
{
	uint32_t reg = KREG(0);

	nft_rule(&m->b, STR(""));
	if (p->family)
		nft_match_family(&m->b, p->family);
	if (p->fields & RULE_SOURCE)
		reg = load_addr(&m->b, reg, p->family, true);
	if (p->fields & RULE_DESTINATION)
		reg = load_addr(&m->b, reg, p->family, false);
	if (p->fields & RULE_PROTOCOL)
		nft_load_meta(&m->b, reg++, KMETA_L4PROTO);
	if (p->fields & RULE_PORT)
		nft_load(&m->b, reg, KBASE_TRANSPORT, 2, 2);
	nft_verdict_map(&m->b, KREG(0), nft_numbered(m->b.mem, "rules", p->map, STR("")));
}

static void compare_ifname(struct nft_build *b, enum kmeta key, struct str name, bool equal)
{
	char padded[KIFNAME_SIZE] = {0};

	memcpy(padded, name.at, name.n < KIFNAME_SIZE ? name.n : KIFNAME_SIZE - 1);
	nft_load_meta(b, KREG(0), key);
	nft_match(b, KREG(0), padded, sizeof(padded), equal);
}

static void match_ifname(struct nft_build *b, enum kmeta key, struct str name)
{
	compare_ifname(b, key, name, true);
}

static struct str set_name(const struct maker *m, int32_t set, uint8_t family)
{
	return nft_named(m->b.mem, family == 6 ? "set6_" : "set4_", m->s->sets[set].name);
}

static void match_set(struct maker *m, int32_t set, uint8_t family, bool source)
{
	if (set < 0 || (size_t)set >= m->s->nsets)
		return;
	load_addr(&m->b, KREG(0), family, source);
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
static void sets_learned(struct maker *m, const struct rule_conf *r)
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
		match_ifname(&m->b, KMETA_IIFNAME, m->s->lans[r->lan].interface);
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
		load_addr(&m->b, KREG(0), family, false);
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

static void chain_rules(struct maker *m)
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

/* ---- marks ----
 *
 * With all bits of the mark the link's number is the mark.  Where others have bits of it, too, ours
 * are replaced and theirs kept; as kernels before 6.13 cannot put two registers together, a chain a
 * link does that, which a map leads to.  Sets and maps hold the bare number either way. */

static bool shares_marks(const struct maker *m)
{
	return m->s->conf.mark_mask;
}

static uint32_t mark_bits(const struct maker *m)
{
	return forwarding_mark_bits(&m->s->conf);
}

/* What is in our bits of reg; with bits of others there it is brought down to a number. */
static void bare_number(struct maker *m, uint32_t reg)
{
	uint32_t by = 0;

	while (!(mark_bits(m) >> by & 1))
		by++;
	nft_and(&m->b, reg, mark_bits(m));
	if (by)
		nft_shift(&m->b, reg, by);
}

static void load_mark(struct maker *m, uint32_t reg)
{
	nft_load_meta(&m->b, reg, KMETA_MARK);
	if (shares_marks(m))
		bare_number(m, reg);
}

/* The link in reg becomes that of the packet.  The rule that goes on after it is a new one where
 * marks are shared; true then. */
static bool mark_packet(struct maker *m, uint32_t reg)
{
	if (!shares_marks(m)) {
		nft_set_mark(&m->b, reg);
		return false;
	}
	nft_verdict_map(&m->b, reg, STR("marks"));
	nft_rule(&m->b, STR(""));
	return true;
}

/* ... that of the connection, which ends the rule. */
static void mark_connection(struct maker *m, uint32_t reg)
{
	if (shares_marks(m))
		nft_verdict_map(&m->b, reg, STR("pins"));
	else
		nft_set_ct_mark(&m->b, reg);
}

/* A number that is known here; 0: none. */
static void mark_packet_with(struct maker *m, uint32_t number)
{
	if (shares_marks(m)) {
		nft_load_meta(&m->b, KREG(0), KMETA_MARK);
		nft_replace_bits(&m->b, KREG(0), mark_bits(m), kstate_mark(mark_bits(m), number));
	} else {
		nft_load_number(&m->b, KREG(0), number);
	}
	nft_set_mark(&m->b, KREG(0));
}

static void set_of_marks(struct maker *m, struct str name, const char *chain)
{
	nft_set(&m->b, name, KEY(KSET_MARK), KSET_VERDICT)->size = LINKS_ROOM;
	for (size_t i = 0; i < m->s->nlinks; i++) {
		uint32_t number = m->s->links[i].number;
		struct kelem *e = number ? nft_elem(&m->b) : NULL;

		if (!e)
			continue;
		kelem_put(e, KSET_MARK, &number, sizeof(number));
		e->verdict = KVERDICT_JUMP;
		e->chain = nft_numbered(m->b.mem, chain, number, STR(""));
	}
}

static void chains_of_marks(struct maker *m)
{
	struct nft_build *b = &m->b;

	for (size_t i = 0; shares_marks(m) && i < m->s->nlinks; i++) {
		uint32_t number = m->s->links[i].number;

		if (!number)
			continue;
		nft_chain(b, nft_numbered(b->mem, "mark", number, STR("")));
		nft_rule(b, STR(""));
		mark_packet_with(m, number);
		nft_chain(b, nft_numbered(b->mem, "pin", number, STR("")));
		nft_rule(b, STR(""));
		nft_load_ct(b, KREG(0), KCT_MARK);
		nft_replace_bits(b, KREG(0), mark_bits(m), kstate_mark(mark_bits(m), number));
		nft_set_ct_mark(b, KREG(0));
	}
}

/* ---- policies ---- */

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

/* Then it is chosen. */
static void take_if_live(struct maker *m)
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

static bool is_persistent(const struct policy_conf *p)
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

static void sets_stuck(struct maker *m, const struct policy_conf *p)
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
	load_addr(&m->b, KREG(8), family, p->persist == POLICY_PERSIST_SOURCE);
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

static void chain_policy(struct maker *m, size_t which)
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
static void chain_any(struct maker *m)
{
	nft_chain(&m->b, STR("any"));
	for (size_t i = 0; i < m->s->nlinks; i++)
		if (!m->s->links[i].disabled)
			try_link(m, m->s->links[i].number);
	no_mark(m);
	nft_verdict(&m->b, KVERDICT_ACCEPT);
}

static void chain_pin(struct maker *m)
{
	nft_chain(&m->b, STR("pin"));
	nft_rule(&m->b, STR(""));
	load_mark(m, KREG(0));
	mark_connection(m, KREG(0));
	if (shares_marks(m))
		nft_rule(&m->b, STR(""));
	nft_verdict(&m->b, KVERDICT_ACCEPT);
}

/* ---- choosing the link ---- */

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
		load_addr(&m->b, KREG(0), family, false);
		nft_match_set(&m->b, KREG(0), family == 6 ? STR("local6") : STR("local4"), true);
		nft_verdict(&m->b, KVERDICT_ACCEPT);
	}
}

static void from_wan_to(struct nft_build *b, struct str chain)
{
	nft_rule(b, STR("from a WAN"));
	nft_match_wan(b, KMETA_IIFNAME);
	nft_go(b, KVERDICT_GOTO, chain);
}

/* The kernel's own look at where a source lies is off (see forwarding.c), and this is all it did:
 * nobody outside has an address of the router's own. */
static void chain_from_wan(struct maker *m)
{
	struct nft_build *b = &m->b;

	nft_chain(b, STR("from_wan"));
	nft_rule(b, STR("with an address of the router's own"));
	nft_match_family(b, 4);
	load_addr(b, KREG(0), 4, true);
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

static void chain_prerouting(struct maker *m)
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
	compare_ifname(&m->b, KMETA_OIFNAME, l->interface, false);
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
static void chain_output(struct maker *m)
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

/* ---- addresses ---- */

/* One place where a forward is published. */
struct published_at {
	const struct forward_conf *f;
	const struct link_conf *link;
	const struct ip_addr *address;
};

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

static void match_host(struct nft_build *b, const struct ip_addr *a, bool source)
{
	struct ip_prefix host = {*a, (uint8_t)(ip_addr_size(a->family) * 8)};

	nft_match_family(b, a->family);
	nft_match_prefix(b, &host, source);
}

static void match_service(struct nft_build *b, const struct forward_conf *f)
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
		load_addr(&m->b, KREG(4), forward_family(f), true);
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
		match_ifname(b, KMETA_OIFNAME, at->link->interface);
		match_host(b, &at->f->to[i].addr, true);
		match_service(b, at->f);
		nft_load_addr(b, KREG(0), at->address);
		nft_nat(b, KOP_SNAT, at->address->family, KREG(0), 0);
	}
}

static void for_each_published(
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
			match_ifname(&m->b, KMETA_OIFNAME, lan->interface);
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
	match_ifname(&m->b, KMETA_OIFNAME, l->interface);
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
		load_addr(b, KREG(4), family, true);
		nft_match_set(b, KREG(0), family == 6 ? STR("own6") : STR("own4"), true);
		nft_verdict(b, KVERDICT_ACCEPT);
	}
}

static void chains_nat(struct maker *m)
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

/* ---- what may come in ---- */

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

static void chains_input(struct maker *m)
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

/* Each interface once. */
static void accelerated(
	const struct forwarding_source *s, struct arena *mem, struct kernel_state *out)
{
	struct str *names = ARENA_NEWS(mem, struct str, s->nlinks + s->nlans + 1);
	size_t n = 0;

	if (!names || !s->conf.flowtable)
		return;
	for (size_t i = 0; i < s->nlinks + s->nlans; i++) {
		struct str name =
			i < s->nlinks ? s->links[i].interface : s->lans[i - s->nlinks].interface;
		size_t j = 0;

		while (j < n && !str_eq(names[j], name))
			j++;
		if (j == n && name.n)
			names[n++] = name;
	}
	out->accelerated = names;
	out->naccelerated = n;
}

/* A TCP client whose connection was flushed gets a reset for its next packet and starts anew over a
 * link that works; only towards the inside, so that nobody outside can have resets made.  Other
 * packets without a connection would leave with their inside address. */
static void chains_forward(struct maker *m)
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

/* ---- the whole ---- */

/* Does it matter which families a link has?  Not when all have the same. */
static bool families_differ(const struct forwarding_source *s)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		size_t n = 0;

		for (size_t i = 0; i < s->nlinks; i++)
			n += link_has_family(&s->links[i], family);
		if (n && n < s->nlinks)
			return true;
	}
	return false;
}

static void set_of_settings(struct maker *m, size_t which, uint8_t family)
{
	const struct address_set_conf *c = &m->s->sets[which];
	struct list l = {.size = sizeof(struct ip_prefix)};
	struct kset *set = nft_set(&m->b, set_name(m, (int32_t)which, family),
		KEY(family == 6 ? KSET_IPV6 : KSET_IPV4), KSET_NONE);

	set->interval = true;
	for (size_t i = 0; i < c->naddresses; i++)
		take_network(&l, m->b.mem, family, &c->addresses[i].prefix);
	put_intervals(&m->b, l.at, l.n);
}

static void make_sets(struct maker *m)
{
	set_down(m);
	set_without(m);
	set_wans(m, NFT_WAN_OF, KSET_MARK);
	set_wans(m, NFT_WANS, KSET_NONE);
	set_slots(m);
	if (shares_marks(m)) {
		set_of_marks(m, STR("marks"), "mark");
		set_of_marks(m, STR("pins"), "pin");
	}
	set_local(m, STR("local4"), 4);
	set_local(m, STR("local6"), 6);
	set_own(m, STR("own4"), 4);
	set_own(m, STR("own6"), 6);
	set_self(m, STR("self4"), 4);
	for (size_t i = 0; i < m->s->nsets; i++) {
		if (!is_named(m, i))
			continue;
		set_of_settings(m, i, 4);
		set_of_settings(m, i, 6);
	}
	for (size_t i = 0; i < m->s->npolicies; i++)
		if (is_persistent(&m->s->policies[i]))
			sets_stuck(m, &m->s->policies[i]);
	for (size_t i = 0; m->plan && i < m->s->nrules; i++) {
		if (m->plan[i].opens)
			set_rules(m, i);
		if (m->plan[i].rule->ndomains && has_policy(m, m->plan[i].rule))
			sets_learned(m, m->plan[i].rule);
	}
	if (has_balanced(m->s))
		set_servers(m->s, &m->b);
}

static void make_chains(struct maker *m)
{
	chains_of_marks(m);
	chain_pin(m);
	chain_any(m);
	for (size_t i = 0; i < m->s->npolicies; i++)
		chain_policy(m, i);
	chain_rules(m);
	chain_from_wan(m);
	chain_prerouting(m);
	chain_output(m);
	chains_nat(m);
	chains_input(m);
	chains_forward(m);
}

void forwarding_nft(const struct forwarding_source *source, const struct published *pub,
	struct arena *mem, struct kernel_state *out)
{
	struct maker m = {.s = source,
		.pub = pub,
		.own = out,
		.take = STR("pin"),
		.without = families_differ(source)};

	nft_build_init(&m.b, mem);
	m.plan = rules_plan(source, mem, &m.nmaps);
	m.policy_chain = ARENA_NEWS(mem, struct str, source->npolicies + 1);
	if (mem->full)
		return;
	for (size_t i = 0; i < source->npolicies; i++)
		m.policy_chain[i] = nft_numbered(mem, "policy", i + 1, source->policies[i].name);
	accelerated(source, mem, out);
	make_sets(&m);
	make_chains(&m);
	nft_build_end(&m.b, out);
}
