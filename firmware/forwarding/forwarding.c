/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel state that settings and link states call for.
 *
 * By the usual numbers, which settings move:
 *
 *   ip rules    100    main without its default routes: own networks come first
 *               200+n  connections marked n, to table 100+n
 *               400+n  sockets bound to the device of link n (probes, DHCP)
 *               500+n  sockets bound to an address of link n (DNS answers)
 *               32766  main, the kernel's own: default routes in the order of the links, for
 *                      what has no mark and no link
 *   table 100+n the networks and the default route of link n
 *
 * Addresses come without the kernel's route to their network; it is listed here, because two links
 * may well have the same network behind them (two modems, both 192.168.1.1): then only the first is
 * in the main table, and marks tell the two apart.
 *
 * forwarding_nft.c has the nftables table, forwarding_rules.c the order of the rules. */
#include "forwarding_internal.h"
#include "nft_build.h"

#include <string.h>

enum {
	/* From the first priority that is ours: */
	PRIORITY_MAIN = 0,
	PRIORITY_MARK = 100,
	PRIORITY_OIF = 300,
	PRIORITY_FROM = 400,
	METRIC = 20,        /* of our routes to networks and in tables of our own */
	METRIC_MAIN = 1000, /* + link number: behind every default route that is not ours */
};

/* ---- numbers that settings move ---- */

uint32_t forwarding_mark_bits(const struct forwarding_conf *c)
{
	return c->mark_mask ? c->mark_mask : KSTATE_MARK_MASK;
}

static uint32_t table_of(const struct forwarding_source *s, const struct link_conf *l)
{
	uint32_t first = s->conf.first_table ? s->conf.first_table : FORWARDING_TABLES_FIRST;

	return first + l->number - 1;
}

static uint32_t priority(const struct forwarding_source *s, uint32_t which)
{
	uint32_t first =
		s->conf.first_priority ? s->conf.first_priority : FORWARDING_PRIORITIES_FIRST;

	return first + which;
}

/* ---- what links have ---- */

bool link_has_family(const struct link_conf *l, uint8_t family)
{
	return link_conf_address(l, family) != NULL;
}

const struct link_conf *link_of_main(const struct forwarding_source *s, uint8_t family)
{
	const struct link_conf *first = NULL;

	for (size_t i = 0; i < s->nlinks; i++) {
		const struct link_conf *l = &s->links[i];

		if (!l->disabled && link_has_family(l, family) &&
			(!first || l->number < first->number))
			first = l;
	}
	return first;
}

bool link_owns_address(const struct link_conf *l, const struct ip_addr *a)
{
	for (size_t i = 0; i < l->naddresses; i++)
		if (ip_addr_eq(&l->addresses[i].prefix.addr, a))
			return true;
	return false;
}

bool forward_needs_address(const struct link_conf *l, const struct ip_addr *a)
{
	bool inside = false;

	for (size_t i = 0; i < l->naddresses; i++)
		inside = inside || ip_prefix_has(&l->addresses[i].prefix, a);
	return inside && !link_owns_address(l, a);
}

const struct forward_conf *forwarding_published(const struct forwarding_source *source, size_t i)
{
	if (i < source->nforwards)
		return &source->forwards[i];
	i -= source->nforwards;
	return i < source->nnats ? &source->nats[i] : NULL;
}

/* Each IPv6 network of each LAN that has a part of the link's prefix is translated to that part. */
bool translation_at(const struct forwarding_source *s, const struct link_conf *l, size_t which,
	struct translation *out)
{
	size_t link = (size_t)(l - s->links);

	if (l->translation != LINK_NPTV6)
		return false;
	for (size_t i = 0; i < s->nlans; i++) {
		const struct lan_conf *lan = &s->lans[i];
		const struct ip_prefix *to = NULL, *from;

		for (size_t k = 0; k < lan->ndelegated; k++)
			if (lan->delegated[k].link == (int32_t)link &&
				lan->delegated[k].own.addr.family)
				to = &lan->delegated[k].own;
		for (size_t k = 0; to && k < lan->naddresses + lan->ndelegated; k++) {
			from = k < lan->naddresses ? &lan->addresses[k].prefix
						   : &lan->delegated[k - lan->naddresses].own;
			if (from->addr.family != 6 || from->bits != 64 ||
				ip_addr_eq(&from->addr, &to->addr) || which--)
				continue;
			out->from = ip_prefix_network(from);
			out->to = ip_prefix_network(to);
			return true;
		}
	}
	return false;
}

uint8_t member_number(const struct forwarding_source *s, const struct policy_conf *p, size_t i)
{
	int32_t link = p->members[i].link;

	return link >= 0 && (size_t)link < s->nlinks ? s->links[link].number : 0;
}

/* ---- lists ---- */

struct maker {
	const struct forwarding_source *s;
	struct arena *mem;
	struct list devices, addresses, routes, rules, shapers, sysctls;
	union {
		struct kstate_device device;
		struct kstate_address address;
		struct kstate_route route;
		struct kstate_rule rule;
		struct kstate_shaper shaper;
	} scrap;
};

static void add_address(struct maker *m, struct str interface, const struct ip_prefix *p)
{
	struct kstate_address *a = list_add(&m->addresses, m->mem, &m->scrap);

	*a = (struct kstate_address){interface, *p};
}

/* PPP has its MTU from its own daemon. */
static void add_link_device(struct maker *m, const struct link_conf *l)
{
	uint32_t mtu = l->pppoe.user.n ? 0 : link_conf_mtu(l);
	struct kstate_device d = {l->interface, {0}, 0, mtu};

	if (l->vlan)
		d = (struct kstate_device){l->under, l->port, l->vlan, mtu};
	if (l->vlan || mtu)
		*(struct kstate_device *)list_add(&m->devices, m->mem, &m->scrap) = d;
}

static void add_lan_device(struct maker *m, const struct lan_conf *l)
{
	if (l->vlan)
		*(struct kstate_device *)list_add(&m->devices, m->mem, &m->scrap) =
			(struct kstate_device){l->interface, l->port, l->vlan, 0};
}

static void add_route(struct maker *m, const struct kstate_route *r)
{
	*(struct kstate_route *)list_add(&m->routes, m->mem, &m->scrap) = *r;
}

static void add_rule(struct maker *m, const struct kstate_rule *r)
{
	*(struct kstate_rule *)list_add(&m->rules, m->mem, &m->scrap) = *r;
}

static struct ip_prefix host_prefix(const struct ip_addr *a)
{
	return (struct ip_prefix){*a, (uint8_t)(ip_addr_size(a->family) * 8)};
}

/* The route to the network of an address, unless it is the address itself. */
static void add_network(
	struct maker *m, struct str interface, const struct ip_prefix *p, uint32_t table)
{
	struct kstate_route r = {.family = p->addr.family,
		.table = table,
		.to = ip_prefix_network(p),
		.interface = interface,
		.metric = METRIC};

	if (p->bits < ip_addr_size(p->addr.family) * 8)
		add_route(m, &r);
}

/* ---- links ---- */

static bool overlaps_earlier(const struct maker *m, size_t which, const struct ip_prefix *p)
{
	for (size_t i = 0; i < which; i++) {
		const struct link_conf *l = &m->s->links[i];

		for (size_t j = 0; !l->disabled && j < l->naddresses; j++)
			if (ip_prefix_overlaps(&l->addresses[j].prefix, p))
				return true;
	}
	return false;
}

static void add_link_address(struct maker *m, const struct link_conf *l, const struct ip_prefix *p)
{
	struct kstate_rule from = {.family = p->addr.family,
		.priority = priority(m->s, PRIORITY_FROM + l->number),
		.from = host_prefix(&p->addr),
		.table = table_of(m->s, l)};

	add_address(m, l->interface, p);
	add_rule(m, &from);
}

static void add_link_default(struct maker *m, const struct link_conf *l, uint8_t family)
{
	const struct ip_addr *gateway = link_conf_gateway(l, family);
	struct kstate_route r = {.family = family,
		.to.addr.family = family,
		.gateway = gateway ? *gateway : (struct ip_addr){0},
		.interface = l->interface,
		.table = table_of(m->s, l),
		.metric = METRIC};

	add_route(m, &r);
	r.table = KSTATE_TABLE_MAIN;
	r.metric = METRIC_MAIN + l->number;
	add_route(m, &r);
}

static void add_link_rules(struct maker *m, const struct link_conf *l, uint8_t family)
{
	struct kstate_rule mark = {.family = family,
		.priority = priority(m->s, PRIORITY_MARK + l->number),
		.mark = kstate_mark(forwarding_mark_bits(&m->s->conf), l->number),
		.mask = forwarding_mark_bits(&m->s->conf),
		.table = table_of(m->s, l)};
	struct kstate_rule oif = {.family = family,
		.priority = priority(m->s, PRIORITY_OIF + l->number),
		.oif = l->interface,
		.table = table_of(m->s, l)};

	add_rule(m, &mark);
	add_rule(m, &oif);
}

/* Of each packet the line carries the Ethernet header and check sum as well, and what VLAN and
 * PPPoE put between. */
static uint32_t line_overhead(const struct link_conf *l)
{
	return 18u + (l->vlan ? 4 : 0) + (l->pppoe.user.n ? 8 : 0);
}

static void add_shaper(
	struct maker *m, const struct link_conf *l, struct str by, uint64_t bits_a_second)
{
	if (bits_a_second)
		*(struct kstate_shaper *)list_add(&m->shapers, m->mem, &m->scrap) =
			(struct kstate_shaper){
				l->interface, by, bits_a_second / 8, line_overhead(l)};
}

static void add_link_shapers(struct maker *m, const struct link_conf *l)
{
	char text[sizeof(KSTATE_SHAPER_PREFIX) + 3];
	struct textbuf name = textbuf_of(text, sizeof(text));
	char *copy;

	textbuf_printf(&name, KSTATE_SHAPER_PREFIX "%u", l->number);
	copy = arena_copy(m->mem, text, name.n);
	add_shaper(m, l, l->interface, l->bandwidth.up);
	add_shaper(m, l, (struct str){copy, copy ? name.n : 0}, l->bandwidth.down);
}

static void add_link(struct maker *m, size_t which)
{
	const struct link_conf *l = &m->s->links[which];

	add_link_device(m, l);
	if (l->shaping)
		add_link_shapers(m, l);
	for (size_t i = 0; i < l->naddresses; i++) {
		const struct ip_prefix *p = &l->addresses[i].prefix;

		add_link_address(m, l, p);
		add_network(m, l->interface, p, table_of(m->s, l));
		if (!overlaps_earlier(m, which, p))
			add_network(m, l->interface, p, KSTATE_TABLE_MAIN);
	}
	for (uint8_t family = 4; family <= 6; family += 2) {
		if (!link_has_family(l, family))
			continue;
		add_link_default(m, l, family);
		add_link_rules(m, l, family);
	}
}

/* Published addresses inside a link's network that nobody else has. */
static void add_forward_addresses(struct maker *m, const struct forward_conf *f)
{
	for (size_t i = 0; i < f->non; i++) {
		const struct forward_on *on = &f->on[i];
		struct ip_prefix host = host_prefix(&on->address);
		const struct link_conf *l;

		if (on->link < 0 || (size_t)on->link >= m->s->nlinks)
			continue;
		l = &m->s->links[on->link];
		if (!l->disabled && forward_needs_address(l, &on->address))
			add_link_address(m, l, &host);
	}
}

static void add_lan(struct maker *m, const struct lan_conf *lan)
{
	add_lan_device(m, lan);
	for (size_t i = 0; i < lan->naddresses; i++) {
		add_address(m, lan->interface, &lan->addresses[i].prefix);
		add_network(m, lan->interface, &lan->addresses[i].prefix, KSTATE_TABLE_MAIN);
	}
	/* A network that is withdrawn keeps its route: who has an address there may keep it. */
	for (size_t i = 0; i < lan->ndelegated; i++) {
		const struct lan_delegated *d = &lan->delegated[i];

		if (d->own.addr.family && !d->withdrawn)
			add_address(m, lan->interface, &d->own);
		if (d->own.addr.family)
			add_network(m, lan->interface, &d->own, KSTATE_TABLE_MAIN);
	}
}

/* ---- system ---- */

/* arp_*: an address is announced on its own link only; tcp_loose 0: a packet in the middle of a
 * connection nobody knows is invalid, and is reset; ignore_routes_with_linkdown: a cable that is
 * pulled moves connections before the daemon even knows; promote_secondaries: taking away the first
 * address of a network leaves the others. */
static const struct kstate_sysctl sysctls[] = {
#define SYSCTL(path, value)                                                                        \
	{                                                                                          \
		{path, sizeof(path) - 1},                                                          \
		{                                                                                  \
			value, sizeof(value) - 1                                                   \
		}                                                                                  \
	}
	SYSCTL("net/ipv4/conf/all/arp_announce", "2"),
	SYSCTL("net/ipv4/conf/all/arp_ignore", "1"),
	SYSCTL("net/ipv4/conf/all/ignore_routes_with_linkdown", "1"),
	SYSCTL("net/ipv4/conf/all/promote_secondaries", "1"),
	SYSCTL("net/ipv4/conf/all/rp_filter", "0"),
	SYSCTL("net/ipv6/conf/all/ignore_routes_with_linkdown", "1"),
	SYSCTL("net/netfilter/nf_conntrack_tcp_loose", "0"),
	/* Last: by now the filters stand. */
	SYSCTL("net/ipv4/ip_forward", "1"),
	SYSCTL("net/ipv6/conf/all/forwarding", "1"),
#undef SYSCTL
};

static void add_interface_sysctl(
	struct maker *m, struct str interface, const char *name, struct str value)
{
	char text[96];
	struct textbuf path = textbuf_of(text, sizeof(text));
	struct kstate_sysctl *s, scrap;
	char *copy;

	textbuf_printf(&path, "net/ipv4/conf/%.*s/%s", STR_ARG(interface), name);
	copy = arena_copy(m->mem, text, path.n);
	s = list_add(&m->sysctls, m->mem, &scrap);
	*s = (struct kstate_sysctl){{copy, copy ? path.n : 0}, value};
}

static void add_number_sysctl(struct maker *m, const char *path, uint32_t number)
{
	struct kstate_sysctl *s, scrap;
	char text[12];
	struct textbuf value = textbuf_of(text, sizeof(text));
	char *copy;

	textbuf_printf(&value, "%u", number);
	copy = arena_copy(m->mem, text, value.n);
	s = list_add(&m->sysctls, m->mem, &scrap);
	*s = (struct kstate_sysctl){str_of(path), {copy, copy ? value.n : 0}};
}

/* Where a source lies is not looked up for every packet.  The look would let through whatever has a
 * way back by any link (rp_filter 2), which is everything; and with rules of our own the kernel
 * only leaves it out for interfaces that may take packets with an address of the router's own,
 * which the chain from_wan drops instead.  It costs one packet in ten. */
static void add_no_source_check(struct maker *m, struct str interface)
{
	if (!interface.n)
		return;
	add_interface_sysctl(m, interface, "rp_filter", STR("0"));
	add_interface_sysctl(m, interface, "accept_local", STR("1"));
}

/* A hash chain for every four connections, in whole pages, as the kernel rounds them. */
#define CHAINS_OF_A_PAGE 512u

static void add_table_size(struct maker *m, uint32_t size)
{
	uint32_t pages = (size / 4 + CHAINS_OF_A_PAGE - 1) / CHAINS_OF_A_PAGE;

	add_number_sysctl(m, "net/netfilter/nf_conntrack_buckets", pages * CHAINS_OF_A_PAGE);
	add_number_sysctl(m, "net/netfilter/nf_conntrack_max", size);
}

/* At some 400 octets each they take a twentieth of the memory, or a tenth where there is little.
 * Below 1 GiB a kernel keeps 8 of them a MiB, which may do for a host, but not for a router.  More
 * than the most is for whoever asks for it: long tables take long to walk when a link dies. */
uint32_t forwarding_table_default(uint32_t memory, uint32_t has)
{
	enum { PER_MIB = 128, LEAST = 16384, MOST = 262144 };
	uint32_t size = LEAST;

	if (!memory || !has)
		return 0;
	while (size < MOST && size / PER_MIB < memory)
		size *= 2;
	return has < size ? size : 0;
}

static void add_sysctls(struct maker *m)
{
	const struct forwarding_conf *c = &m->s->conf;
	uint32_t size = c->table_size ? c->table_size : c->table_default;
	struct kstate_sysctl scrap;

	for (size_t i = 0; i < m->s->nlinks; i++)
		if (!m->s->links[i].disabled)
			add_no_source_check(m, m->s->links[i].interface);
	for (size_t i = 0; i < m->s->nlans; i++)
		add_no_source_check(m, m->s->lans[i].interface);
	if (size)
		add_table_size(m, size);
	for (size_t i = 0; i < COUNT_OF(sysctls); i++)
		*(struct kstate_sysctl *)list_add(&m->sysctls, m->mem, &scrap) = sysctls[i];
}

/* Two forwards may publish different ports of one address. */
static void drop_double_addresses(struct kernel_state *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->naddresses; i++) {
		const struct kstate_address *a = &s->addresses[i];
		size_t j = 0;

		while (j < kept &&
			(!str_eq(s->addresses[j].interface, a->interface) ||
				!ip_addr_eq(&s->addresses[j].prefix.addr, &a->prefix.addr)))
			j++;
		if (j == kept)
			s->addresses[kept++] = *a;
	}
	s->naddresses = kept;
}

static void drop_double_rules(struct kernel_state *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->nrules; i++) {
		const struct kstate_rule *r = &s->rules[i];
		size_t j = 0;

		while (j < kept &&
			(s->rules[j].priority != r->priority || s->rules[j].family != r->family ||
				!ip_addr_eq(&s->rules[j].from.addr, &r->from.addr)))
			j++;
		if (j == kept)
			s->rules[kept++] = *r;
	}
	s->nrules = kept;
}

enum fl_err forwarding_want(const struct forwarding_source *source, const struct published *pub,
	struct arena *mem, struct kernel_state *out)
{
	struct maker m = {.s = source,
		.mem = mem,
		.devices.size = sizeof(struct kstate_device),
		.addresses.size = sizeof(struct kstate_address),
		.routes.size = sizeof(struct kstate_route),
		.rules.size = sizeof(struct kstate_rule),
		.shapers.size = sizeof(struct kstate_shaper),
		.sysctls.size = sizeof(struct kstate_sysctl)};
	struct kernel_state want = {0};

	for (uint8_t family = 4; family <= 6; family += 2)
		add_rule(&m, &(struct kstate_rule){.family = family,
				     .priority = priority(source, PRIORITY_MAIN),
				     .table = KSTATE_TABLE_MAIN,
				     .no_default = true});
	for (size_t i = 0; i < source->nlans; i++)
		add_lan(&m, &source->lans[i]);
	for (size_t i = 0; i < source->nlinks; i++)
		if (!source->links[i].disabled)
			add_link(&m, i);
	for (size_t i = 0; forwarding_published(source, i); i++)
		add_forward_addresses(&m, forwarding_published(source, i));
	add_sysctls(&m);
	want.devices = m.devices.at, want.ndevices = m.devices.n;
	want.addresses = m.addresses.at, want.naddresses = m.addresses.n;
	want.routes = m.routes.at, want.nroutes = m.routes.n;
	want.rules = m.rules.at, want.nrules = m.rules.n;
	want.shapers = m.shapers.at, want.nshapers = m.shapers.n;
	want.sysctls = m.sysctls.at, want.nsysctls = m.sysctls.n;
	drop_double_addresses(&want);
	drop_double_rules(&want);
	forwarding_nft(source, pub, mem, &want);
	if (mem->full)
		return FL_EFULL;
	kernel_state_sort(&want);
	*out = want;
	return FL_OK;
}

/* ---- the fast path ---- */

static void switch_links(
	const struct published *old, const struct published *new, struct kset_change *c)
{
	c->set = STR("down");
	for (uint8_t n = 1; n <= FL_LINKS_MAX; n++) {
		for (uint8_t family = 4; family <= 6; family += 2) {
			bool was = published_carries(old, n, family);

			if (was == published_carries(new, n, family))
				continue;
			down_elem(family, n, was ? &c->add[c->nadd++] : &c->remove[c->nremove++]);
		}
	}
}

static void switch_slots(
	const struct published *old, const struct published *new, struct kset_change *c)
{
	c->set = STR("slots");
	for (size_t p = 0; p < POLICIES_MAX; p++) {
		for (size_t i = 0; i < POLICY_SLOTS; i++) {
			uint8_t was = p < old->npolicies ? old->policy[p].slot[i] : 0;
			uint8_t is = p < new->npolicies ? new->policy[p].slot[i] : 0;

			if (was == is)
				continue;
			if (was)
				slot_elem(p, i, was, &c->remove[c->nremove++]);
			if (is)
				slot_elem(p, i, is, &c->add[c->nadd++]);
		}
	}
}

static bool one_change(struct arena *mem, size_t room, struct kernel_diff *d)
{
	*d = (struct kernel_diff){.sets = ARENA_NEW(mem, struct kset_change), .nsets = 1};
	if (!d->sets)
		return false;
	d->sets->add = ARENA_NEWS(mem, struct kelem, room);
	d->sets->remove = ARENA_NEWS(mem, struct kelem, room);
	return !mem->full;
}

static size_t slots_that_differ(const struct published *old, const struct published *new)
{
	size_t most = old->npolicies > new->npolicies ? old->npolicies : new->npolicies;

	return most * POLICY_SLOTS;
}

enum fl_err forwarding_switch(const struct published *old, const struct published *new,
	struct arena *mem, struct kernel_diff *first, struct kernel_diff *rest)
{
	struct kernel_diff down, slots;

	if (!one_change(mem, (size_t)2 * FL_LINKS_MAX, &down) ||
		!one_change(mem, slots_that_differ(old, new), &slots))
		return FL_EFULL;
	switch_links(old, new, down.sets);
	switch_slots(old, new, slots.sets);
	if (!down.sets->nadd && !down.sets->nremove)
		down.nsets = 0;
	if (!slots.sets->nadd && !slots.sets->nremove)
		slots.nsets = 0;
	*first = down;
	*rest = slots;
	return FL_OK;
}

/* A backup that is only stood down works: its connections may end in peace. */
size_t forwarding_flush_marks(
	const struct published *old, const struct published *new, uint8_t marks[FL_LINKS_MAX])
{
	uint32_t dead = old->fit & ~new->fit;
	size_t count = 0;

	for (uint8_t n = 1; new->live &&n <= FL_LINKS_MAX; n++)
		if (dead & link_bit(n))
			marks[count++] = n;
	return count;
}

size_t forwarding_flush_family(const struct published *old, const struct published *new,
	uint8_t family, uint8_t marks[FL_LINKS_MAX])
{
	size_t i = family == 6, count = 0;
	uint32_t lost = old->fit & new->fit & ~old->dead[i] & new->dead[i];

	for (uint8_t n = 1; new->live & ~new->dead[i] && n <= FL_LINKS_MAX; n++)
		if (lost & link_bit(n))
			marks[count++] = n;
	return count;
}

/* ---- the same choice, in C ---- */

struct chooser {
	const struct forwarding_source *s;
	const struct published *pub;
	uint8_t family;
	uint32_t draw;
};

static bool may_carry(const struct chooser *c, uint8_t number)
{
	const struct link_conf *l = link_conf_numbered(c->s->links, c->s->nlinks, number);

	return l && published_carries(c->pub, number, c->family) && link_has_family(l, c->family);
}

static uint8_t choose_any(const struct chooser *c)
{
	for (size_t i = 0; i < c->s->nlinks; i++)
		if (!c->s->links[i].disabled && may_carry(c, c->s->links[i].number))
			return c->s->links[i].number;
	return 0;
}

static uint8_t choose_member(const struct chooser *c, size_t which)
{
	const struct policy_conf *p = &c->s->policies[which];

	for (uint32_t i = 0; i < forwarding_draws(p); i++) {
		uint8_t n = which < c->pub->npolicies
				    ? c->pub->policy[which].slot[(c->draw + i) % POLICY_SLOTS]
				    : 0;

		if (may_carry(c, n))
			return n;
	}
	for (size_t i = 0; i < p->nmembers; i++)
		if (may_carry(c, member_number(c->s, p, i)))
			return member_number(c->s, p, i);
	return 0;
}

static bool is_local(const struct forwarding_source *s, const struct ip_addr *to)
{
	for (size_t i = 0; i < forwarding_nlocal; i++)
		if (ip_prefix_has(&forwarding_local[i], to))
			return true;
	for (size_t i = 0; i < s->nlans; i++)
		for (size_t j = 0; j < s->lans[i].naddresses; j++)
			if (ip_prefix_has(&s->lans[i].addresses[j].prefix, to))
				return true;
	for (size_t i = 0; i < s->nlans; i++)
		for (size_t j = 0; j < s->lans[i].ndelegated; j++)
			if (ip_prefix_has(&s->lans[i].delegated[j].own, to))
				return true;
	for (size_t i = 0; i < s->nlinks; i++)
		for (size_t j = 0; !s->links[i].disabled && j < s->links[i].naddresses; j++)
			if (ip_prefix_has(&s->links[i].addresses[j].prefix, to))
				return true;
	return false;
}

/* The lowest number from `from` on that matches. */
static const struct rule_conf *next_rule(
	const struct forwarding_source *s, const struct forwarding_flow *flow, uint64_t from)
{
	const struct rule_conf *best = NULL;

	for (size_t i = 0; i < s->nrules; i++) {
		const struct rule_conf *r = &s->rules[i];

		if (r->number >= from && (!best || r->number < best->number) && r->policy >= 0 &&
			(size_t)r->policy < s->npolicies && rule_matches(s, r, flow))
			best = r;
	}
	return best;
}

bool forwarding_is_own(const struct forwarding_source *source, const struct ip_addr *a)
{
	for (size_t i = 0; i < source->nlinks; i++)
		if (link_owns_address(&source->links[i], a))
			return true;
	for (size_t i = 0; i < source->nlans; i++) {
		const struct lan_conf *lan = &source->lans[i];

		for (size_t j = 0; j < lan->naddresses; j++)
			if (ip_addr_eq(&lan->addresses[j].prefix.addr, a))
				return true;
		for (size_t j = 0; j < lan->ndelegated; j++)
			if (ip_addr_eq(&lan->delegated[j].own.addr, a))
				return true;
	}
	return false;
}

/* The link of which it has an address, where this is not the one that it would have anyway. */
static const struct link_conf *bound_to(
	const struct forwarding_source *s, const struct forwarding_flow *flow)
{
	const struct link_conf *main = link_of_main(s, flow->to.family);

	for (size_t i = 0; flow->own && i < s->nlinks; i++)
		if (&s->links[i] != main && !s->links[i].disabled &&
			link_owns_address(&s->links[i], &flow->from))
			return &s->links[i];
	return NULL;
}

void forwarding_choose(const struct forwarding_source *source, const struct published *pub,
	const struct forwarding_flow *flow, uint32_t draw, struct forwarding_choice *out)
{
	struct chooser c = {source, pub, flow->to.family, draw};
	const struct link_conf *bound = bound_to(source, flow);
	const struct rule_conf *r;

	*out = (struct forwarding_choice){.policy = -1};
	out->local = is_local(source, &flow->to);
	if (out->local)
		return;
	if (bound) {
		out->bound = true;
		out->link = may_carry(&c, bound->number) ? bound->number : choose_any(&c);
		return;
	}
	for (uint64_t from = 0; (r = next_rule(source, flow, from));
		from = (uint64_t)r->number + 1) {
		const struct policy_conf *p = &source->policies[r->policy];

		out->rule = r;
		out->policy = r->policy;
		out->link = choose_member(&c, (size_t)r->policy);
		if (out->link)
			return;
		if (p->when_dead == POLICY_DROP) {
			out->dropped = true;
			return;
		}
		if (p->when_dead == POLICY_ANY)
			break;
		out->rule = NULL;
		out->policy = -1;
	}
	out->link = choose_any(&c);
}

/* ---- the same address, in C ---- */

/* An address that the provider of the link routes to us. */
static bool is_of_prefix(const struct link_conf *l, const struct ip_addr *a)
{
	size_t n;
	const struct ip_prefix *prefix = link_conf_prefixes(l, &n);

	for (size_t i = 0; i < n; i++)
		if (ip_prefix_has(&prefix[i], a))
			return true;
	return false;
}

/* By NPTv6: another network, and the same host. */
static bool translated_address(const struct forwarding_source *source, const struct link_conf *l,
	const struct ip_addr *from, struct ip_addr *as)
{
	struct translation t;

	for (size_t i = 0; translation_at(source, l, i, &t); i++) {
		if (!ip_prefix_has(&t.from, from))
			continue;
		*as = *from;
		memcpy(as->b, t.to.addr.b, 8);
		return true;
	}
	return false;
}

static bool is_service(const struct forward_conf *f, const struct forwarding_flow *flow)
{
	uint8_t protocol = f->protocol == RULE_UDP ? IPPROTO_NUMBER_UDP : IPPROTO_NUMBER_TCP;

	return f->protocol == RULE_ANY_PROTOCOL ||
	       (flow->protocol == protocol && flow->port >= f->port.first &&
		       flow->port <= f->port.last);
}

/* The order of chain "postrouting": own addresses stay, published servers, masquerading. */
struct ip_addr forwarding_source_address(
	const struct forwarding_source *source, const struct forwarding_flow *flow, uint8_t number)
{
	const struct link_conf *l = link_conf_numbered(source->links, source->nlinks, number);
	const struct ip_prefix *own = l ? link_conf_address(l, flow->to.family) : NULL;
	const struct forward_conf *f;
	struct ip_addr as;

	if (!own)
		return (struct ip_addr){0};
	if (link_owns_address(l, &flow->from) || is_of_prefix(l, &flow->from))
		return flow->from;
	for (size_t i = 0; (f = forwarding_published(source, i)); i++) {
		if (!forward_has_server(f, &flow->from) || !is_service(f, flow))
			continue;
		for (size_t j = 0; j < f->non; j++)
			if (f->on[j].link >= 0 && (size_t)f->on[j].link < source->nlinks &&
				&source->links[f->on[j].link] == l &&
				f->on[j].address.family == forward_family(f))
				return f->on[j].address;
	}
	return translated_address(source, l, &flow->from, &as) ? as : own->addr;
}
