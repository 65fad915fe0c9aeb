/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which rules can be elements of a map?
 *
 * The lowest number that matches decides.  A list of rules gives that order by itself but costs
 * every new connection a step a rule: a thousand of them 5 to 10 times as much as none.  A map
 * costs the same whatever its size, but all its elements stand in one place of the order.
 *
 *   1. A rule that names single values only (one host, one port, one protocol) is `exact`; what it
 *      names are its fields.  Two exact rules with the same fields and other values never match the
 *      same flow, so they may stand in one map.
 *   2. An exact rule moves up into the latest map of its fields and family if no rule it would
 *      overtake can match the same flow (or leads to the same policy, so that it does not matter).
 *      One that has itself moved up before that map is not overtaken.
 *   3. Otherwise it opens a map in its own place.
 *   4. The same holds for a rule that names networks or a range of ports, in maps of ranges; no two
 *      rules in one of these may match the same flow.  Such a map costs as much as some steps of
 *      the list, so one with few rules is none.
 *   5. All other rules stay where they are, each a step of the list. */
#include "forwarding_internal.h"

/* How many rules make a map of ranges cheaper than a list (make bench-forwarding). */
#define RANGES_MIN 4

static bool prefixes_disjoint(const struct ip_prefix *a, const struct ip_prefix *b)
{
	return a->addr.family && b->addr.family && !ip_prefix_overlaps(a, b);
}

uint8_t rule_family(const struct rule_conf *r)
{
	return r->source.addr.family ? r->source.addr.family : r->destination.addr.family;
}

bool rules_overlap(const struct rule_conf *a, const struct rule_conf *b)
{
	if (rule_family(a) && rule_family(b) && rule_family(a) != rule_family(b))
		return false;
	if (a->protocol && b->protocol && a->protocol != b->protocol)
		return false;
	if (a->port.first && b->port.first &&
		(a->port.last < b->port.first || b->port.last < a->port.first))
		return false;
	if ((a->from && b->from && a->from != b->from) ||
		(a->dscp && b->dscp && a->dscp != b->dscp) ||
		(a->lan >= 0 && b->lan >= 0 && a->lan != b->lan))
		return false;
	return !prefixes_disjoint(&a->source, &b->source) &&
	       !prefixes_disjoint(&a->destination, &b->destination);
}

/* ICMP is another protocol in IPv6.  A rule without addresses means both. */
static bool protocol_matches(const struct rule_conf *r, uint8_t number)
{
	uint8_t family = rule_family(r);

	switch ((enum rule_protocol)r->protocol) {
	case RULE_ANY_PROTOCOL:
		return true;
	case RULE_TCP:
		return number == IPPROTO_NUMBER_TCP;
	case RULE_UDP:
		return number == IPPROTO_NUMBER_UDP;
	case RULE_ICMP:
		return (family != 6 && number == IPPROTO_NUMBER_ICMP) ||
		       (family != 4 && number == IPPROTO_NUMBER_ICMPV6);
	}
	return false;
}

static bool any_has(const struct lan_address *at, size_t n, const struct ip_addr *a)
{
	for (size_t i = 0; i < n; i++)
		if (ip_prefix_has(&at[i].prefix, a))
			return true;
	return false;
}

static bool in_set(const struct forwarding_source *s, int32_t set, const struct ip_addr *a)
{
	return (size_t)set < s->nsets &&
	       any_has(s->sets[set].addresses, s->sets[set].naddresses, a);
}

static bool in_lan(const struct forwarding_source *s, int32_t lan, const struct ip_addr *a)
{
	return (size_t)lan < s->nlans &&
	       any_has(s->lans[lan].addresses, s->lans[lan].naddresses, a);
}

const char *forwarding_rule_mismatch(const struct forwarding_source *s, const struct rule_conf *r,
	const struct forwarding_flow *f)
{
	if (r->from && (r->from == RULE_FROM_ROUTER) != f->own)
		return "from";
	if (!protocol_matches(r, f->protocol))
		return "protocol";
	if (r->port.first && (f->port < r->port.first || f->port > r->port.last))
		return "port";
	if (r->source.addr.family && !ip_prefix_has(&r->source, &f->from))
		return "source";
	if (r->destination.addr.family && !ip_prefix_has(&r->destination, &f->to))
		return "destination";
	if (r->dscp && r->dscp - 1 != f->dscp)
		return "dscp";
	if (r->lan >= 0 && (f->own || !in_lan(s, r->lan, &f->from)))
		return "lan";
	if (r->source_set >= 0 && !in_set(s, r->source_set, &f->from))
		return "source-set";
	if (r->destination_set >= 0 && !in_set(s, r->destination_set, &f->to))
		return "destination-set";
	if (r->ndomains && !(s->is_learned && s->is_learned(s->ctx, r, &f->to)))
		return "destination-domain";
	return NULL;
}

bool rule_matches(const struct forwarding_source *s, const struct rule_conf *r,
	const struct forwarding_flow *f)
{
	return forwarding_rule_mismatch(s, r, f) == NULL;
}

bool rule_is_by_family(const struct rule_conf *r)
{
	return r->dscp || r->source_set >= 0 || r->destination_set >= 0 || r->ndomains ||
	       r->protocol == RULE_ICMP;
}

/* ---- for people ---- */

static const char *protocol_text(uint32_t protocol)
{
	static const char *const names[] = {
		[RULE_ANY_PROTOCOL] = "all",
		[RULE_TCP] = "tcp",
		[RULE_UDP] = "udp",
		[RULE_ICMP] = "icmp",
	};

	return protocol < COUNT_OF(names) ? names[protocol] : "?";
}

void forwarding_service_text(uint32_t protocol, const struct rule_port *p, struct textbuf *out)
{
	textbuf_printf(out, "%s", protocol_text(protocol));
	if (p->first)
		textbuf_printf(out, " port %u", p->first);
	if (p->last > p->first)
		textbuf_printf(out, "-%u", p->last);
}

static void put_set(
	const struct forwarding_source *s, int32_t set, const char *word, struct textbuf *out)
{
	if (set >= 0 && (size_t)set < s->nsets)
		textbuf_printf(out, " %s set %.*s", word, STR_ARG(s->sets[set].name));
}

void forwarding_rule_text(
	const struct forwarding_source *s, const struct rule_conf *r, struct textbuf *out)
{
	char text[IP_TEXT_MAX + 4];

	forwarding_service_text(r->protocol, &r->port, out);
	if (r->source.addr.family)
		textbuf_printf(out, " from %s", ip_prefix_text(&r->source, text));
	if (r->destination.addr.family)
		textbuf_printf(out, " to %s", ip_prefix_text(&r->destination, text));
	if (r->from)
		textbuf_printf(out, " from the %s",
			r->from == RULE_FROM_ROUTER ? "router itself" : "lans");
	put_set(s, r->source_set, "from", out);
	put_set(s, r->destination_set, "to", out);
	for (size_t i = 0; i < r->ndomains; i++)
		textbuf_printf(out, "%s%.*s", i ? ", " : " to ", STR_ARG(r->domains[i].name));
	if (r->lan >= 0 && (size_t)r->lan < s->nlans)
		textbuf_printf(out, " in lan %.*s", STR_ARG(s->lans[r->lan].name));
	if (r->dscp)
		textbuf_printf(out, " dscp %u", r->dscp - 1);
}

/* ---- planning ---- */

static bool is_host(const struct ip_prefix *p)
{
	return p->bits == ip_addr_size(p->addr.family) * 8;
}

/* What a rule names, as far as a key of a map can hold it; 0: more than that, or nothing. */
static unsigned named_fields(const struct rule_conf *r)
{
	unsigned fields = 0;

	if (r->source.addr.family)
		fields |= RULE_SOURCE;
	if (r->destination.addr.family)
		fields |= RULE_DESTINATION;
	if (r->protocol)
		fields |= RULE_PROTOCOL;
	if (r->port.first)
		fields |= RULE_PORT;
	if (r->from || r->dscp || r->lan >= 0 || r->source_set >= 0 || r->destination_set >= 0 ||
		r->ndomains)
		return 0;
	if (fields & RULE_PORT && r->protocol != RULE_TCP && r->protocol != RULE_UDP)
		return 0;
	return fields;
}

static bool is_exact(const struct rule_conf *r)
{
	return (!r->source.addr.family || is_host(&r->source)) &&
	       (!r->destination.addr.family || is_host(&r->destination)) &&
	       r->port.first == r->port.last;
}

static void sort_by_number(struct planned_rule *p, size_t n)
{
	/* Shell's sort with Knuth's gaps: the settings print in order, so this hardly moves
	 * anything. */
	size_t gap = 1;

	while (gap < n / 3)
		gap = 3 * gap + 1;
	for (; gap; gap /= 3) {
		for (size_t i = gap; i < n; i++) {
			struct planned_rule x = p[i];
			size_t j = i;

			for (; j >= gap && p[j - gap].rule->number > x.rule->number; j -= gap)
				p[j] = p[j - gap];
			p[j] = x;
		}
	}
}

/* May rule `which` be in the map that rule `first` opens? */
static bool can_move_up(const struct planned_rule *p, size_t first, size_t which)
{
	const struct planned_rule *r = &p[which];

	for (size_t i = first; i < which; i++) {
		bool same_map = p[i].map == p[first].map;

		if (p[i].map && p[i].map < p[first].map)
			continue; /* it has moved up before that map and stays in front */
		if (!rules_overlap(p[i].rule, r->rule))
			continue;
		if (same_map || p[i].rule->policy != r->rule->policy)
			return false;
	}
	return true;
}

static void place(struct planned_rule *p, size_t which, unsigned *nmaps)
{
	struct planned_rule *r = &p[which];

	r->map = 0;
	r->opens = false;
	if (!r->fields)
		return;
	for (size_t i = which; i-- > 0;) {
		if (!p[i].opens || p[i].fields != r->fields || p[i].ranges != r->ranges ||
			p[i].family != r->family)
			continue;
		if (can_move_up(p, i, which)) {
			r->map = p[i].map;
			return;
		}
		break;
	}
	r->map = ++*nmaps;
	r->opens = true;
}

static unsigned place_all(struct planned_rule *p, size_t n)
{
	unsigned nmaps = 0;

	for (size_t i = 0; i < n; i++)
		place(p, i, &nmaps);
	return nmaps;
}

/* The rules of small maps of ranges are to be steps of the list. */
static void give_up_small_maps(struct planned_rule *p, size_t n, unsigned *members)
{
	for (size_t i = 0; i < n; i++)
		members[p[i].map]++;
	for (size_t i = 0; i < n; i++)
		if (p[i].ranges && members[p[i].map] < RANGES_MIN)
			p[i].fields = 0;
}

static void look_at(struct planned_rule *p, const struct rule_conf *rule)
{
	p->rule = rule;
	p->fields = named_fields(rule);
	p->family = rule_family(rule);
	p->ranges = !is_exact(rule);
	if (p->fields && p->ranges)
		p->fields |= RULE_PROTOCOL; /* the kernel wants two fields of ranges or more */
}

struct planned_rule *rules_plan(
	const struct forwarding_source *s, struct arena *mem, unsigned *nmaps)
{
	struct planned_rule *p;
	unsigned *members;

	*nmaps = 0;
	p = s->nrules ? ARENA_NEWS(mem, struct planned_rule, s->nrules) : NULL;
	members = ARENA_NEWS(mem, unsigned, s->nrules + 1);
	if (!p || !members)
		return NULL;
	for (size_t i = 0; i < s->nrules; i++)
		look_at(&p[i], &s->rules[i]);
	sort_by_number(p, s->nrules);
	(void)place_all(p, s->nrules);
	give_up_small_maps(p, s->nrules, members);
	*nmaps = place_all(p, s->nrules);
	return p;
}
