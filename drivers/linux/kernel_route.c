/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses, routes and ip rules: built by libnl-route, read attribute by attribute.
 *
 * What is ours is told from what is not by protocol number 201: of routes and rules always, of
 * addresses on kernels from 5.18 on (IFA_PROTO); on older ones an address that is wanted counts as
 * ours, and no other. */
#include "kernel_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/vlan.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <netlink/route/rule.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define TRIES       4
#define BUFFER_SIZE (1 << 20)
#define USUAL_MTU   1500 /* of a device whose MTU is not ours to set any more */

enum fl_err route_open(struct kernel_linux *k, struct textbuf *why)
{
	int e;

	k->route = nl_socket_alloc();
	if (!k->route)
		return FL_EFULL;
	e = nl_connect(k->route, NETLINK_ROUTE);
	if (e) {
		textbuf_printf(why, "rtnetlink: %s", nl_geterror(e));
		return FL_EIO;
	}
	fcntl(nl_socket_get_fd(k->route), F_SETFD, FD_CLOEXEC);
	nl_socket_set_buffer_size(k->route, BUFFER_SIZE, 0);
	return FL_OK;
}

void route_close(struct kernel_linux *k)
{
	if (k->route)
		nl_socket_free(k->route);
}

/* ---- interfaces ---- */

struct device device_of(const struct kernel_linux *k, struct str name)
{
	struct ifreq ask = {0};
	struct device d = {0};

	if (!name.n || name.n >= sizeof(ask.ifr_name))
		return d;
	memcpy(ask.ifr_name, name.at, name.n);
	d.index = (int)if_nametoindex(ask.ifr_name);
	if (d.index && ioctl(nl_socket_get_fd(k->route), SIOCGIFFLAGS, &ask) == 0)
		d.up = ask.ifr_flags & IFF_UP;
	return d;
}

static struct nl_addr *nl_addr_of(const struct ip_addr *a, unsigned bits)
{
	struct nl_addr *n =
		nl_addr_build(a->family == 6 ? AF_INET6 : AF_INET, a->b, ip_addr_size(a->family));

	if (n)
		nl_addr_set_prefixlen(n, (int)bits);
	return n;
}

/* ---- requests ---- */

int route_send(struct kernel_linux *k, struct nl_msg *m)
{
	int e = nl_send_auto(k->route, m);

	nlmsg_free(m);
	return e < 0 ? e : nl_wait_for_ack(k->route);
}

/* `built`: what a libnl builder returned. */
static int finish(struct kernel_linux *k, int built, struct nl_msg *m, int already)
{
	int e = built ? built : route_send(k, m);

	return e == -already ? 0 : e;
}

/* ---- devices ---- */

bool device_set_up(struct kernel_linux *k, struct str name)
{
	struct ifreq ask = {0};
	int fd = nl_socket_get_fd(k->route);

	if (name.n >= sizeof(ask.ifr_name))
		return false;
	memcpy(ask.ifr_name, name.at, name.n);
	if (ioctl(fd, SIOCGIFFLAGS, &ask) < 0)
		return false;
	ask.ifr_flags |= IFF_UP;
	return ioctl(fd, SIOCSIFFLAGS, &ask) == 0;
}

int device_call_ours(struct kernel_linux *k, struct str name)
{
	struct rtnl_link *is = rtnl_link_alloc(), *change = rtnl_link_alloc();
	int e;

	rtnl_link_set_ifindex(is, device_of(k, name).index);
	rtnl_link_set_ifalias(change, DEVICE_ALIAS);
	e = rtnl_link_change(k->route, is, change, 0);
	rtnl_link_put(is);
	rtnl_link_put(change);
	return e;
}

static bool is_our_vlan(struct rtnl_link *x)
{
	const char *alias = rtnl_link_get_ifalias(x);

	return alias && strcmp(alias, DEVICE_ALIAS) == 0 && rtnl_link_is_vlan(x);
}

static int add_vlan(struct kernel_linux *k, const struct kstate_device *d)
{
	struct device under = device_of(k, d->under);
	struct rtnl_link *x = under.index ? rtnl_link_vlan_alloc() : NULL;
	struct nl_msg *m = NULL;
	char name[IFNAMSIZ] = "";
	int e;

	if (!x)
		return -NLE_NODEV;
	memcpy(name, d->name.at, d->name.n < sizeof(name) ? d->name.n : sizeof(name) - 1);
	(void)device_set_up(k, d->under);
	rtnl_link_set_name(x, name);
	rtnl_link_set_link(x, under.index);
	rtnl_link_set_ifalias(x, DEVICE_ALIAS);
	rtnl_link_set_flags(x, IFF_UP);
	rtnl_link_vlan_set_id(x, (uint16_t)d->vlan);
	e = rtnl_link_build_add_request(x, NLM_F_CREATE | NLM_F_EXCL, &m);
	e = e ? e : route_send(k, m);
	rtnl_link_put(x);
	/* One that is there already is somebody else's: used, and not taken away later. */
	return e == -NLE_EXIST ? 0 : e ? e : device_call_ours(k, d->name);
}

/* What it cannot have (a driver has its limits, and a VLAN those of its port) is worth a line, and
 * no reason to refuse the rest. */
static void set_mtu(struct kernel_linux *k, struct str name, uint32_t mtu)
{
	struct ifreq ask = {0};

	memcpy(ask.ifr_name, name.at,
		name.n < sizeof(ask.ifr_name) ? name.n : sizeof(ask.ifr_name) - 1);
	ask.ifr_mtu = (int)mtu;
	if (ioctl(nl_socket_get_fd(k->route), SIOCSIFMTU, &ask) < 0)
		log_printf(k->log, LOG_LEVEL_WARNING, "%.*s cannot have an MTU of %u: %s",
			STR_ARG(name), (unsigned)mtu, strerror(errno));
}

static int add_device(struct kernel_linux *k, const struct kstate_device *d)
{
	int e = d->vlan ? add_vlan(k, d) : device_of(k, d->name).index ? 0 : -NLE_NODEV;

	if (!e && d->mtu)
		set_mtu(k, d->name, d->mtu);
	return e;
}

static int del_device(struct kernel_linux *k, const struct kstate_device *d)
{
	struct device is = device_of(k, d->name);
	struct rtnl_link *x;
	struct nl_msg *m = NULL;
	int e = 0;

	if (!is.index)
		return 0;
	if (!d->vlan) {
		set_mtu(k, d->name, USUAL_MTU);
		return 0;
	}
	if (rtnl_link_get_kernel(k->route, is.index, NULL, &x) < 0)
		return 0;
	if (is_our_vlan(x)) {
		e = rtnl_link_build_delete_request(x, &m);
		e = finish(k, e, m, NLE_NODEV);
	}
	rtnl_link_put(x);
	return e;
}

static int change_address(struct kernel_linux *k, const struct kstate_address *a, bool add)
{
	struct device d = device_of(k, a->interface);
	struct rtnl_addr *x;
	struct nl_addr *local;
	struct nl_msg *m = NULL;
	int e;

	if (!d.index)
		return add ? -NLE_NODEV : 0;
	x = rtnl_addr_alloc();
	local = nl_addr_of(&a->prefix.addr, a->prefix.bits);
	rtnl_addr_set_ifindex(x, d.index);
	rtnl_addr_set_local(x, local);
	rtnl_addr_set_flags(x, IFA_F_NOPREFIXROUTE);
	e = add ? rtnl_addr_build_add_request(x, NLM_F_REPLACE, &m)
		: rtnl_addr_build_delete_request(x, 0, &m);
	if (!e && add)
		nla_put_u8(m, IFA_PROTO, KSTATE_ROUTE_PROTOCOL);
	e = finish(k, e, m, add ? NLE_EXIST : NLE_NOADDR);
	nl_addr_put(local);
	rtnl_addr_put(x);
	return e;
}

static struct rtnl_route *route_of(const struct kstate_route *r, int index)
{
	struct rtnl_route *x = rtnl_route_alloc();
	struct rtnl_nexthop *hop = rtnl_route_nh_alloc();
	struct nl_addr *to = nl_addr_of(&r->to.addr, r->to.bits);
	struct nl_addr *gateway =
		r->gateway.family ? nl_addr_of(&r->gateway, (unsigned)ip_addr_size(r->family) * 8)
				  : NULL;

	rtnl_route_set_family(x, r->family == 6 ? AF_INET6 : AF_INET);
	rtnl_route_set_table(x, r->table);
	rtnl_route_set_protocol(x, KSTATE_ROUTE_PROTOCOL);
	rtnl_route_set_scope(x, gateway || r->family == 6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK);
	rtnl_route_set_priority(x, r->metric);
	rtnl_route_set_dst(x, to);
	rtnl_route_nh_set_ifindex(hop, index);
	if (gateway) {
		rtnl_route_nh_set_gateway(hop, gateway);
		rtnl_route_nh_set_flags(hop, RTNH_F_ONLINK);
		nl_addr_put(gateway);
	}
	rtnl_route_add_nexthop(x, hop);
	nl_addr_put(to);
	return x;
}

static int change_route(
	struct kernel_linux *k, const struct kstate_route *r, bool add, bool replace)
{
	struct device d = device_of(k, r->interface);
	struct rtnl_route *x;
	struct nl_msg *m = NULL;
	int e;

	if (!d.index || (add && !d.up))
		return add ? -NLE_NODEV : 0;
	x = route_of(r, d.index);
	e = add ? rtnl_route_build_add_request(
			  x, NLM_F_CREATE | (replace ? NLM_F_REPLACE : NLM_F_EXCL), &m)
		: rtnl_route_build_del_request(x, 0, &m);
	e = finish(k, e, m, add ? NLE_EXIST : NLE_OBJ_NOTFOUND);
	rtnl_route_put(x);
	return e;
}

static int change_rule(struct kernel_linux *k, const struct kstate_rule *r, bool add)
{
	struct rtnl_rule *x = rtnl_rule_alloc();
	struct nl_msg *m = NULL;
	struct nl_addr *from;
	char oif[IFNAMSIZ] = "";
	int e;

	rtnl_rule_set_family(x, r->family == 6 ? AF_INET6 : AF_INET);
	rtnl_rule_set_prio(x, r->priority);
	rtnl_rule_set_table(x, r->table);
	rtnl_rule_set_action(x, FR_ACT_TO_TBL);
	rtnl_rule_set_protocol(x, KSTATE_ROUTE_PROTOCOL);
	if (r->mask) {
		rtnl_rule_set_mark(x, r->mark);
		rtnl_rule_set_mask(x, r->mask);
	}
	if (r->oif.n && r->oif.n < sizeof(oif)) {
		memcpy(oif, r->oif.at, r->oif.n);
		rtnl_rule_set_oif(x, oif);
	}
	if (r->from.addr.family) {
		from = nl_addr_of(&r->from.addr, r->from.bits);
		rtnl_rule_set_src(x, from);
		nl_addr_put(from);
	}
	e = add ? rtnl_rule_build_add_request(x, NLM_F_CREATE | NLM_F_EXCL, &m)
		: rtnl_rule_build_delete_request(x, 0, &m);
	if (!e && r->no_default)
		nla_put_u32(m, FRA_SUPPRESS_PREFIXLEN, 0);
	e = finish(k, e, m, add ? NLE_EXIST : NLE_OBJ_NOTFOUND);
	rtnl_rule_put(x);
	return e;
}

/* ---- applying ---- */

static enum fl_err refused(
	int e, const char *verb, const char *what, struct str name, struct textbuf *why)
{
	textbuf_printf(why, "%s %s %.*s: %s", verb, what, STR_ARG(name), nl_geterror(e));
	return e == -NLE_PERM ? FL_EPERM : e == -NLE_NOMEM ? FL_EFULL : FL_EIO;
}

static void left_out(struct kernel_linux *k, const char *what, struct str interface)
{
	log_printf(k->log, LOG_LEVEL_WARNING, "%.*s is not there or not up: %s waits for it",
		STR_ARG(interface), what);
}

/* Another route to the same place, with the same metric, that goes away in the same diff. */
static bool replaces(const struct kernel_diff *d, const struct kstate_route *r)
{
	for (size_t i = 0; i < d->ndel_routes; i++) {
		const struct kstate_route *o = &d->del_routes[i];

		if (o->family == r->family && o->table == r->table && o->metric == r->metric &&
			o->to.bits == r->to.bits && ip_addr_eq(&o->to.addr, &r->to.addr))
			return true;
	}
	return false;
}

static bool device_stays(const struct kernel_diff *d, const struct kstate_device *x)
{
	for (size_t i = 0; i < d->nadd_devices; i++)
		if (str_eq(d->add_devices[i].name, x->name) && d->add_devices[i].vlan == x->vlan &&
			str_eq(d->add_devices[i].under, x->under))
			return true;
	return false;
}

/* One that is replaced by another of its name goes first. */
static enum fl_err add_devices(
	struct kernel_linux *k, const struct kernel_diff *d, struct textbuf *why)
{
	int e;

	for (size_t i = 0; i < d->ndel_devices; i++) {
		e = device_stays(d, &d->del_devices[i]) ? 0 : del_device(k, &d->del_devices[i]);
		if (e)
			return refused(e, "deleting device", "", d->del_devices[i].name, why);
	}
	for (size_t i = 0; i < d->nadd_devices; i++) {
		const struct kstate_device *x = &d->add_devices[i];

		e = add_device(k, x);
		if (e == -NLE_NODEV)
			left_out(k, "the device over it", x->vlan ? x->under : x->name);
		else if (e == -NLE_OPNOTSUPP)
			return refused(e, "this kernel has no VLANs (module 8021q):", "device",
				x->name, why);
		else if (e)
			return refused(e, "adding device", "", x->name, why);
	}
	return FL_OK;
}

static enum fl_err add_all(struct kernel_linux *k, const struct kernel_diff *d, struct textbuf *why)
{
	char text[IP_TEXT_MAX + 4];
	int e;

	for (size_t i = 0; i < d->nadd_addresses; i++) {
		const struct kstate_address *a = &d->add_addresses[i];

		e = change_address(k, a, true);
		if (e == -NLE_NODEV)
			left_out(k, ip_prefix_text(&a->prefix, text), a->interface);
		else if (e)
			return refused(e, "adding address", ip_prefix_text(&a->prefix, text),
				a->interface, why);
	}
	for (size_t i = 0; i < d->nadd_routes; i++) {
		const struct kstate_route *r = &d->add_routes[i];

		e = change_route(k, r, true, replaces(d, r));
		if (e == -NLE_NODEV)
			left_out(k, "a route", r->interface);
		else if (e)
			return refused(e, "adding a route to", ip_prefix_text(&r->to, text),
				r->interface, why);
	}
	for (size_t i = 0; i < d->nadd_rules; i++) {
		e = change_rule(k, &d->add_rules[i], true);
		if (e)
			return refused(e, "adding an ip rule", "", d->add_rules[i].oif, why);
	}
	return FL_OK;
}

static enum fl_err del_all(struct kernel_linux *k, const struct kernel_diff *d, struct textbuf *why)
{
	char text[IP_TEXT_MAX + 4];
	int e;

	for (size_t i = 0; i < d->ndel_rules; i++) {
		e = change_rule(k, &d->del_rules[i], false);
		if (e)
			return refused(e, "deleting an ip rule", "", d->del_rules[i].oif, why);
	}
	for (size_t i = 0; i < d->ndel_routes; i++) {
		const struct kstate_route *r = &d->del_routes[i];

		e = change_route(k, r, false, false);
		if (e)
			return refused(e, "deleting a route to", ip_prefix_text(&r->to, text),
				r->interface, why);
	}
	for (size_t i = 0; i < d->ndel_addresses; i++) {
		const struct kstate_address *a = &d->del_addresses[i];

		e = change_address(k, a, false);
		if (e)
			return refused(e, "deleting address", ip_prefix_text(&a->prefix, text),
				a->interface, why);
	}
	return FL_OK;
}

enum fl_err route_apply(struct kernel_linux *k, const struct kernel_diff *diff, struct textbuf *why)
{
	enum fl_err err = add_devices(k, diff, why);

	if (!err)
		err = add_all(k, diff, why);
	return err ? err : del_all(k, diff, why);
}

/* ---- reading ---- */

struct reading {
	const struct kernel_state *expect;
	struct arena *mem;
	struct kernel_state *out;
	size_t devices_cap, addresses_cap, routes_cap, rules_cap;
};

/* Room for one more in an array that grows in the arena; NULL when that is full. */
static void *grow(struct reading *r, void **at, size_t *n, size_t *cap, size_t size)
{
	if (*n == *cap) {
		size_t more = *cap ? 2 * *cap : 64;
		void *wider = arena_array(r->mem, more, size);

		if (!wider)
			return NULL;
		if (*n)
			memcpy(wider, *at, *n * size);
		*at = wider;
		*cap = more;
	}
	return (uint8_t *)*at + (*n)++ * size;
}

static struct ip_addr addr_of(int family, const struct nlattr *a)
{
	struct ip_addr x = {.family = family == AF_INET6 ? 6 : 4};

	if (a && (size_t)nla_len(a) >= ip_addr_size(x.family))
		memcpy(x.b, nla_data(a), ip_addr_size(x.family));
	return x;
}

static struct str interface_of(struct reading *r, unsigned index)
{
	char name[IFNAMSIZ];
	size_t n;
	char *copy;

	if (!if_indextoname(index, name))
		return STR("");
	n = strlen(name);
	copy = arena_copy(r->mem, name, n);
	return copy ? (struct str){copy, n} : STR("");
}

static const struct kstate_device *expected_device(const struct reading *r, struct str name)
{
	for (size_t i = 0; i < r->expect->ndevices; i++)
		if (str_eq(r->expect->devices[i].name, name))
			return &r->expect->devices[i];
	return NULL;
}

static void take_device(struct reading *r, struct rtnl_link *x)
{
	const char *name = rtnl_link_get_name(x);
	bool vlan = is_our_vlan(x);
	const struct kstate_device *want = expected_device(r, str_of(name));
	struct kstate_device *d;

	if (!vlan && !want)
		return;
	vlan = vlan || (want->vlan && rtnl_link_is_vlan(x));
	d = grow(r, (void **)&r->out->devices, &r->out->ndevices, &r->devices_cap, sizeof(*d));
	if (!d)
		return;
	*d = (struct kstate_device){.name = {arena_copy(r->mem, name, strlen(name)), strlen(name)}};
	if (!want || want->mtu)
		d->mtu = rtnl_link_get_mtu(x);
	if (vlan) {
		d->vlan = (uint32_t)rtnl_link_vlan_get_id(x);
		d->under = interface_of(r, (unsigned)rtnl_link_get_link(x));
	}
}

static int take_devices(struct kernel_linux *k, struct reading *r)
{
	struct nl_cache *all = NULL;
	int e = rtnl_link_alloc_cache(k->route, AF_UNSPEC, &all);

	if (e < 0)
		return e;
	for (struct nl_object *o = nl_cache_get_first(all); o; o = nl_cache_get_next(o))
		take_device(r, (struct rtnl_link *)o);
	nl_cache_free(all);
	return 0;
}

static bool is_expected(const struct kernel_state *s, const struct kstate_address *a)
{
	for (size_t i = 0; i < s->naddresses; i++)
		if (str_eq(s->addresses[i].interface, a->interface) &&
			s->addresses[i].prefix.bits == a->prefix.bits &&
			ip_addr_eq(&s->addresses[i].prefix.addr, &a->prefix.addr))
			return true;
	return false;
}

static int take_address(struct nl_msg *m, void *ctx)
{
	struct reading *r = ctx;
	struct ifaddrmsg *head = nlmsg_data(nlmsg_hdr(m));
	struct nlattr *t[IFA_MAX + 1];
	struct kstate_address a, *slot;

	if (nlmsg_parse(nlmsg_hdr(m), sizeof(*head), t, IFA_MAX, NULL) < 0)
		return NL_OK;
	a.interface = interface_of(r, head->ifa_index);
	a.prefix.addr = addr_of(head->ifa_family, t[IFA_LOCAL] ? t[IFA_LOCAL] : t[IFA_ADDRESS]);
	a.prefix.bits = head->ifa_prefixlen;
	if (!(t[IFA_PROTO] && nla_get_u8(t[IFA_PROTO]) == KSTATE_ROUTE_PROTOCOL) &&
		!is_expected(r->expect, &a))
		return NL_OK;
	slot = grow(r, (void **)&r->out->addresses, &r->out->naddresses, &r->addresses_cap,
		sizeof(*slot));
	if (slot)
		*slot = a;
	return NL_OK;
}

static int take_route(struct nl_msg *m, void *ctx)
{
	struct reading *r = ctx;
	struct rtmsg *head = nlmsg_data(nlmsg_hdr(m));
	struct nlattr *t[RTA_MAX + 1];
	struct kstate_route *x;

	if (nlmsg_parse(nlmsg_hdr(m), sizeof(*head), t, RTA_MAX, NULL) < 0 ||
		head->rtm_protocol != KSTATE_ROUTE_PROTOCOL || !t[RTA_OIF])
		return NL_OK;
	x = grow(r, (void **)&r->out->routes, &r->out->nroutes, &r->routes_cap, sizeof(*x));
	if (!x)
		return NL_OK;
	*x = (struct kstate_route){
		.family = head->rtm_family == AF_INET6 ? 6 : 4,
		.table = t[RTA_TABLE] ? nla_get_u32(t[RTA_TABLE]) : head->rtm_table,
		.to = {addr_of(head->rtm_family, t[RTA_DST]), head->rtm_dst_len},
		.interface = interface_of(r, nla_get_u32(t[RTA_OIF])),
		.metric = t[RTA_PRIORITY] ? nla_get_u32(t[RTA_PRIORITY]) : 0,
	};
	if (t[RTA_GATEWAY])
		x->gateway = addr_of(head->rtm_family, t[RTA_GATEWAY]);
	return NL_OK;
}

static struct str text_attr(struct reading *r, const struct nlattr *a)
{
	size_t n = a ? strnlen(nla_data(a), (size_t)nla_len(a)) : 0;
	char *copy = n ? arena_copy(r->mem, nla_data(a), n) : NULL;

	return copy ? (struct str){copy, n} : STR("");
}

static int take_rule(struct nl_msg *m, void *ctx)
{
	struct reading *r = ctx;
	struct fib_rule_hdr *head = nlmsg_data(nlmsg_hdr(m));
	struct nlattr *t[FRA_MAX + 1];
	struct kstate_rule *x;
	uint32_t priority;

	if (nlmsg_parse(nlmsg_hdr(m), sizeof(*head), t, FRA_MAX, NULL) < 0)
		return NL_OK;
	priority = t[FRA_PRIORITY] ? nla_get_u32(t[FRA_PRIORITY]) : 0;
	if (!t[FRA_PROTOCOL] || nla_get_u8(t[FRA_PROTOCOL]) != KSTATE_ROUTE_PROTOCOL)
		return NL_OK;
	x = grow(r, (void **)&r->out->rules, &r->out->nrules, &r->rules_cap, sizeof(*x));
	if (!x)
		return NL_OK;
	*x = (struct kstate_rule){
		.family = head->family == AF_INET6 ? 6 : 4,
		.priority = priority,
		.mark = t[FRA_FWMARK] ? nla_get_u32(t[FRA_FWMARK]) : 0,
		.mask = t[FRA_FWMASK] ? nla_get_u32(t[FRA_FWMASK]) : 0,
		.oif = text_attr(r, t[FRA_OIFNAME]),
		.table = t[FRA_TABLE] ? nla_get_u32(t[FRA_TABLE]) : head->table,
		.no_default =
			t[FRA_SUPPRESS_PREFIXLEN] && nla_get_u32(t[FRA_SUPPRESS_PREFIXLEN]) == 0,
	};
	if (t[FRA_SRC])
		x->from = (struct ip_prefix){addr_of(head->family, t[FRA_SRC]), head->src_len};
	return NL_OK;
}

static int dump(struct kernel_linux *k, int type, nl_recvmsg_msg_cb_t each, struct reading *r)
{
	struct rtgenmsg all = {.rtgen_family = AF_UNSPEC};
	struct rtmsg routes = {.rtm_family = AF_UNSPEC};
	void *head = type == RTM_GETROUTE ? (void *)&routes : (void *)&all;
	size_t size = type == RTM_GETROUTE ? sizeof(routes) : sizeof(all);
	int e;

	nl_socket_modify_cb(k->route, NL_CB_VALID, NL_CB_CUSTOM, each, r);
	e = nl_send_simple(k->route, type, NLM_F_DUMP, head, size);
	if (e >= 0)
		e = nl_recvmsgs_default(k->route);
	nl_socket_modify_cb(k->route, NL_CB_VALID, NL_CB_DEFAULT, NULL, NULL);
	return e < 0 ? e : 0;
}

/* What waits for its interface counts as being in place. */
static void take_waiting(struct kernel_linux *k, struct reading *r)
{
	const struct kernel_state *s = r->expect;

	for (size_t i = 0; i < s->ndevices; i++) {
		const struct kstate_device *want = &s->devices[i];
		struct kstate_device *d;

		if (device_of(k, want->vlan ? want->under : want->name).index)
			continue;
		d = grow(r, (void **)&r->out->devices, &r->out->ndevices, &r->devices_cap,
			sizeof(*d));
		if (d)
			*d = *want;
	}
	for (size_t i = 0; i < s->naddresses; i++) {
		struct kstate_address *a;

		if (device_of(k, s->addresses[i].interface).index)
			continue;
		a = grow(r, (void **)&r->out->addresses, &r->out->naddresses, &r->addresses_cap,
			sizeof(*a));
		if (a)
			*a = s->addresses[i];
	}
	for (size_t i = 0; i < s->nroutes; i++) {
		struct kstate_route *x;

		if (device_of(k, s->routes[i].interface).up)
			continue;
		x = grow(r, (void **)&r->out->routes, &r->out->nroutes, &r->routes_cap, sizeof(*x));
		if (x)
			*x = s->routes[i];
	}
}

static int read_once(struct kernel_linux *k, struct reading *r)
{
	int e = take_devices(k, r);

	if (!e)
		e = dump(k, RTM_GETADDR, take_address, r);
	if (!e)
		e = dump(k, RTM_GETROUTE, take_route, r);
	return e ? e : dump(k, RTM_GETRULE, take_rule, r);
}

enum fl_err route_read(struct kernel_linux *k, const struct kernel_state *expect, struct arena *mem,
	struct kernel_state *out)
{
	int e = -NLE_DUMP_INTR;

	for (int i = 0; i < TRIES && (e == -NLE_DUMP_INTR || e == -NLE_NOMEM); i++) {
		struct reading r = {.expect = expect, .mem = mem, .out = out};

		out->ndevices = out->naddresses = out->nroutes = out->nrules = 0;
		e = read_once(k, &r);
		if (!e)
			take_waiting(k, &r);
	}
	if (mem->full)
		return FL_EFULL;
	return e ? FL_EAGAIN : FL_OK;
}
