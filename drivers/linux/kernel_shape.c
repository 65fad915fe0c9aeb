/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shaping: CAKE on a device for what goes out; for what comes in the device's ingress hook leads
 * each packet to an ifb of ours, which has CAKE for it and then hands the packet back.
 *
 * Ours are the qdiscs with the handle HANDLE, the filters of that preference, and the ifbs of our
 * prefix.  The ingress hook itself may be somebody else's, and then is used and left.  libnl knows
 * CAKE too late (Debian 12's does not), and messages of the traffic control are short: they are
 * written here. */
#include "kernel_parts.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <string.h>

#define OURS        0xfa1du
#define HANDLE      (OURS << 16)
#define ALL_PACKETS (OURS << 16 | htons(ETH_P_ALL)) /* preference and protocol of the filter */
#define INGRESS     TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)
#define LEAST_SIZE  64   /* octets of the shortest Ethernet frame */
#define TOO_MANY    5000 /* queues of a device: more than any kernel takes */
#define TRIES       4
#define DEVICES_MAX 64 /* that are looked at */
#define NOWHERE     (-1)
#define LOOPBACK    1 /* the first device of every network namespace */

/* ---- messages ---- */

static struct nl_msg *traffic_message(int type, int flags, const struct tcmsg *head)
{
	struct nl_msg *m = nlmsg_alloc_simple(type, flags);

	nlmsg_append(m, (void *)(uintptr_t)head, sizeof(*head), NLMSG_ALIGNTO);
	return m;
}

static bool is_not_there(int e)
{
	return e == -NLE_OBJ_NOTFOUND || e == -NLE_NODEV || e == -NLE_OPNOTSUPP || e == -NLE_INVAL;
}

/* What is unknown to this kernel: a kind of qdisc or filter, or all of the traffic control. */
static bool is_lacking(int e)
{
	return e == -NLE_OBJ_NOTFOUND || e == -NLE_OPNOTSUPP;
}

static int list(
	struct kernel_linux *k, int type, struct tcmsg *head, nl_recvmsg_msg_cb_t each, void *ctx)
{
	int e;

	nl_socket_modify_cb(k->route, NL_CB_VALID, NL_CB_CUSTOM, each, ctx);
	e = nl_send_simple(k->route, type, NLM_F_DUMP, head, sizeof(*head));
	if (e >= 0)
		e = nl_recvmsgs_default(k->route);
	nl_socket_modify_cb(k->route, NL_CB_VALID, NL_CB_DEFAULT, NULL, NULL);
	return e < 0 && !is_not_there(e) ? e : 0;
}

static int send_cake(struct kernel_linux *k, int index, const struct kstate_shaper *s)
{
	bool incoming = kstate_shaper_is_incoming(s);
	struct tcmsg head = {.tcm_ifindex = index, .tcm_parent = TC_H_ROOT, .tcm_handle = HANDLE};
	struct nl_msg *m = traffic_message(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, &head);
	struct nlattr *options;

	nla_put_string(m, TCA_KIND, "cake");
	options = nla_nest_start(m, TCA_OPTIONS);
	nla_put_u64(m, TCA_CAKE_BASE_RATE64, s->rate);
	nla_put_u32(m, TCA_CAKE_OVERHEAD, s->overhead);
	nla_put_u32(m, TCA_CAKE_MPU, LEAST_SIZE);
	nla_put_u32(m, TCA_CAKE_NAT, 1);
	nla_put_u32(m, TCA_CAKE_FLOW_MODE, incoming ? CAKE_FLOW_DUAL_DST : CAKE_FLOW_DUAL_SRC);
	/* What providers leave of the marks of the internet says nothing. */
	nla_put_u32(m, TCA_CAKE_DIFFSERV_MODE,
		incoming ? CAKE_DIFFSERV_BESTEFFORT : CAKE_DIFFSERV_DIFFSERV3);
	nla_put_u32(m, TCA_CAKE_INGRESS, incoming);
	nla_nest_end(m, options);
	return route_send(k, m);
}

static int delete_cake(struct kernel_linux *k, int index)
{
	struct tcmsg head = {.tcm_ifindex = index, .tcm_parent = TC_H_ROOT, .tcm_handle = HANDLE};
	int e = route_send(k, traffic_message(RTM_DELQDISC, 0, &head));

	return is_not_there(e) ? 0 : e; /* -NLE_INVAL: another has our place */
}

/* ---- what comes in ---- */

static int make_ifb(struct kernel_linux *k, struct str name)
{
	struct rtnl_link *x;
	struct nl_msg *m = NULL;
	char text[IFNAMSIZ] = "";
	int e;

	if (device_of(k, name).index)
		return device_set_up(k, name) ? 0 : -NLE_NODEV;
	x = rtnl_link_alloc();
	memcpy(text, name.at, name.n < sizeof(text) ? name.n : sizeof(text) - 1);
	rtnl_link_set_name(x, text);
	rtnl_link_set_flags(x, IFF_UP);
	e = rtnl_link_set_type(x, "ifb");
	e = e ? e : rtnl_link_build_add_request(x, NLM_F_CREATE | NLM_F_EXCL, &m);
	e = e ? e : route_send(k, m);
	rtnl_link_put(x);
	return e ? e : device_call_ours(k, name);
}

static int delete_ifb(struct kernel_linux *k, struct str name)
{
	int index = device_of(k, name).index;
	struct rtnl_link *x;
	int e;

	if (!index)
		return 0;
	x = rtnl_link_alloc();
	rtnl_link_set_ifindex(x, index);
	e = rtnl_link_delete(k->route, x);
	rtnl_link_put(x);
	return is_not_there(e) ? 0 : e;
}

static int open_ingress(struct kernel_linux *k, int index)
{
	struct tcmsg head = {.tcm_ifindex = index,
		.tcm_parent = TC_H_INGRESS,
		.tcm_handle = TC_H_MAKE(TC_H_INGRESS, 0)};
	struct nl_msg *m = traffic_message(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, &head);
	int e;

	nla_put_string(m, TCA_KIND, "ingress");
	e = route_send(k, m);
	return e == -NLE_EXIST ? 0 : e;
}

static int delete_redirect(struct kernel_linux *k, int index)
{
	struct tcmsg head = {.tcm_ifindex = index, .tcm_parent = INGRESS, .tcm_info = ALL_PACKETS};
	int e = route_send(k, traffic_message(RTM_DELTFILTER, 0, &head));

	return is_not_there(e) ? 0 : e;
}

static int count_filter(struct nl_msg *m, void *ctx)
{
	(void)m;
	++*(size_t *)ctx;
	return NL_OK;
}

/* Unless somebody else has filters there, or made another hook of it than ours. */
static int close_ingress(struct kernel_linux *k, int index)
{
	struct tcmsg head = {.tcm_ifindex = index, .tcm_parent = INGRESS};
	struct nl_msg *m;
	size_t filters = 0;
	int e = list(k, RTM_GETTFILTER, &head, count_filter, &filters);

	if (e || filters)
		return e;
	head.tcm_parent = TC_H_INGRESS;
	m = traffic_message(RTM_DELQDISC, 0, &head);
	nla_put_string(m, TCA_KIND, "ingress");
	e = route_send(k, m);
	return is_not_there(e) ? 0 : e;
}

static void put_mirred(struct nl_msg *m, int to)
{
	struct tc_mirred redirect = {
		.action = TC_ACT_STOLEN, .eaction = TCA_EGRESS_REDIR, .ifindex = (unsigned)to};
	struct nlattr *all = nla_nest_start(m, TCA_MATCHALL_ACT), *first = nla_nest_start(m, 1),
		      *options;

	nla_put_string(m, TCA_ACT_KIND, "mirred");
	options = nla_nest_start(m, TCA_ACT_OPTIONS);
	nla_put(m, TCA_MIRRED_PARMS, sizeof(redirect), &redirect);
	nla_nest_end(m, options);
	nla_nest_end(m, first);
	nla_nest_end(m, all);
}

/* One that is there is of another device, or it would not be made anew. */
static int make_redirect(struct kernel_linux *k, int index, int to)
{
	struct tcmsg head = {.tcm_ifindex = index,
		.tcm_parent = INGRESS,
		.tcm_handle = 1,
		.tcm_info = ALL_PACKETS};
	int e = open_ingress(k, index);
	struct nl_msg *m;
	struct nlattr *options;

	e = e ? e : delete_redirect(k, index);
	if (e)
		return e;
	m = traffic_message(RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, &head);
	nla_put_string(m, TCA_KIND, "matchall");
	options = nla_nest_start(m, TCA_OPTIONS);
	put_mirred(m, to);
	nla_nest_end(m, options);
	return route_send(k, m);
}

/* ---- features ---- */

/* With a rate of half the octets that it must have: a kernel that knows CAKE refuses the rate, one
 * that does not, the kind.  Nothing comes of it. */
bool shape_has_cake(struct kernel_linux *k)
{
	struct tcmsg head = {
		.tcm_ifindex = LOOPBACK, .tcm_parent = TC_H_ROOT, .tcm_handle = HANDLE};
	struct nl_msg *m = traffic_message(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, &head);
	struct nlattr *options;

	nla_put_string(m, TCA_KIND, "cake");
	options = nla_nest_start(m, TCA_OPTIONS);
	nla_put_u32(m, TCA_CAKE_BASE_RATE64, 0);
	nla_nest_end(m, options);
	return !is_lacking(route_send(k, m));
}

/* In the same way: with more queues than a device may have. */
bool shape_has_ifb(struct kernel_linux *k)
{
	struct ifinfomsg head = {0};
	struct nl_msg *m = nlmsg_alloc_simple(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	struct nlattr *info;

	nlmsg_append(m, &head, sizeof(head), NLMSG_ALIGNTO);
	nla_put_string(m, IFLA_IFNAME, KSTATE_SHAPER_PREFIX);
	nla_put_u32(m, IFLA_NUM_TX_QUEUES, TOO_MANY);
	info = nla_nest_start(m, IFLA_LINKINFO);
	nla_put_string(m, IFLA_INFO_KIND, "ifb");
	nla_nest_end(m, info);
	return !is_lacking(route_send(k, m));
}

/* ---- applying ---- */

static int shape_incoming(struct kernel_linux *k, int index, const struct kstate_shaper *s)
{
	int e = make_ifb(k, s->by), by;

	if (e)
		return e;
	by = device_of(k, s->by).index;
	e = send_cake(k, by, s);
	return e ? e : make_redirect(k, index, by);
}

static uint32_t feature_of(const struct kstate_shaper *s)
{
	return kstate_shaper_is_incoming(s) ? KFEATURE_INCOMING : KFEATURE_CAKE;
}

static bool is_done_without(const struct kernel_linux *k, const struct kstate_shaper *s)
{
	return k->lacking & (feature_of(s) | KFEATURE_CAKE);
}

/* For what the look at the kernel did not find. */
static void do_without(struct kernel_linux *k, const struct kstate_shaper *s)
{
	k->settled |= feature_of(s);
	k->lacking |= feature_of(s);
	log_printf(k->log, LOG_LEVEL_WARNING,
		"this kernel cannot shape what %s %.*s (modules %s): it is forwarded as it comes",
		kstate_shaper_is_incoming(s) ? "comes in by" : "leaves by", STR_ARG(s->interface),
		kstate_shaper_is_incoming(s)
			? "sch_cake, ifb, sch_ingress, cls_matchall and act_mirred"
			: "sch_cake");
}

static enum fl_err refused(
	const char *verb, const struct kstate_shaper *s, int e, struct textbuf *why)
{
	textbuf_printf(why, "%s shaping of %.*s: %s", verb, STR_ARG(s->interface), nl_geterror(e));
	return e == -NLE_PERM ? FL_EPERM : e == -NLE_NOMEM ? FL_EFULL : FL_EIO;
}

static enum fl_err add_shaper(
	struct kernel_linux *k, const struct kstate_shaper *s, struct textbuf *why)
{
	int index = device_of(k, s->interface).index, e;

	if (!index || is_done_without(k, s))
		return FL_OK; /* a device that is missing is told of with its addresses */
	e = kstate_shaper_is_incoming(s) ? shape_incoming(k, index, s) : send_cake(k, index, s);
	if (is_lacking(e))
		do_without(k, s);
	else if (e && e != -NLE_NODEV)
		return refused("adding", s, e, why);
	return FL_OK;
}

static bool stays(const struct kernel_diff *d, const struct kstate_shaper *s)
{
	for (size_t i = 0; i < d->nadd_shapers; i++)
		if (str_eq(d->add_shapers[i].by, s->by))
			return true;
	return false;
}

/* The way to a device goes before the device. */
static enum fl_err delete_shaper(
	struct kernel_linux *k, const struct kstate_shaper *s, struct textbuf *why)
{
	int index = device_of(k, s->interface).index, e = 0;

	if (kstate_shaper_is_incoming(s)) {
		if (index)
			e = delete_redirect(k, index);
		if (!e && index)
			e = close_ingress(k, index);
		e = e ? e : delete_ifb(k, s->by);
	} else if (index) {
		e = delete_cake(k, index);
	}
	return e ? refused("deleting", s, e, why) : FL_OK;
}

enum fl_err shape_apply(struct kernel_linux *k, const struct kernel_diff *d, struct textbuf *why)
{
	enum fl_err err = FL_OK;

	for (size_t i = 0; !err && i < d->nadd_shapers; i++)
		err = add_shaper(k, &d->add_shapers[i], why);
	for (size_t i = 0; !err && i < d->ndel_shapers; i++)
		if (!stays(d, &d->del_shapers[i]))
			err = delete_shaper(k, &d->del_shapers[i], why);
	return err;
}

/* ---- reading ---- */

/* What there is on one device. */
struct found {
	int index;
	bool has_cake, has_ingress;
	uint64_t rate;
	uint32_t overhead;
	int to; /* what comes in is led to this device; 0: to none, NOWHERE: to one that is gone */
};

struct reading {
	struct found found[DEVICES_MAX];
	size_t nfound;
	struct found *asked; /* whose filters are listed */
};

static struct found *found_at(struct reading *r, int index)
{
	for (size_t i = 0; i < r->nfound; i++)
		if (r->found[i].index == index)
			return &r->found[i];
	if (r->nfound == COUNT_OF(r->found))
		return NULL;
	r->found[r->nfound] = (struct found){.index = index};
	return &r->found[r->nfound++];
}

static void take_cake(struct found *f, struct nlattr *options)
{
	struct nlattr *t[TCA_CAKE_MAX + 1];

	if (!options || nla_parse_nested(t, TCA_CAKE_MAX, options, NULL) < 0)
		return;
	f->has_cake = true;
	f->rate = t[TCA_CAKE_BASE_RATE64] ? nla_get_u64(t[TCA_CAKE_BASE_RATE64]) : 0;
	f->overhead = t[TCA_CAKE_OVERHEAD] ? nla_get_u32(t[TCA_CAKE_OVERHEAD]) : 0;
}

static int take_qdisc(struct nl_msg *m, void *ctx)
{
	struct reading *r = ctx;
	struct tcmsg *head = nlmsg_data(nlmsg_hdr(m));
	struct nlattr *t[TCA_MAX + 1];
	struct found *f;
	const char *kind;

	if (nlmsg_parse(nlmsg_hdr(m), sizeof(*head), t, TCA_MAX, NULL) < 0 || !t[TCA_KIND])
		return NL_OK;
	kind = nla_get_string(t[TCA_KIND]);
	if (head->tcm_handle == HANDLE && head->tcm_parent == TC_H_ROOT &&
		strcmp(kind, "cake") == 0) {
		if ((f = found_at(r, head->tcm_ifindex)))
			take_cake(f, t[TCA_OPTIONS]);
	} else if (head->tcm_parent == TC_H_INGRESS) {
		if ((f = found_at(r, head->tcm_ifindex)))
			f->has_ingress = true;
	}
	return NL_OK;
}

/* The device that the first action of a filter leads to. */
static int redirect_of(struct nlattr *options)
{
	struct nlattr *filter[TCA_MATCHALL_MAX + 1], *acts[2], *act[TCA_ACT_MAX + 1],
		*mirred[TCA_MIRRED_MAX + 1];
	struct tc_mirred redirect;

	if (!options || nla_parse_nested(filter, TCA_MATCHALL_MAX, options, NULL) < 0 ||
		!filter[TCA_MATCHALL_ACT] ||
		nla_parse_nested(acts, 1, filter[TCA_MATCHALL_ACT], NULL) < 0 || !acts[1] ||
		nla_parse_nested(act, TCA_ACT_MAX, acts[1], NULL) < 0 || !act[TCA_ACT_OPTIONS] ||
		nla_parse_nested(mirred, TCA_MIRRED_MAX, act[TCA_ACT_OPTIONS], NULL) < 0 ||
		!mirred[TCA_MIRRED_PARMS] ||
		nla_len(mirred[TCA_MIRRED_PARMS]) < (int)sizeof(redirect))
		return NOWHERE;
	memcpy(&redirect, nla_data(mirred[TCA_MIRRED_PARMS]), sizeof(redirect));
	return redirect.ifindex ? (int)redirect.ifindex : NOWHERE;
}

static int take_filter(struct nl_msg *m, void *ctx)
{
	struct reading *r = ctx;
	struct tcmsg *head = nlmsg_data(nlmsg_hdr(m));
	struct nlattr *t[TCA_MAX + 1];

	if (head->tcm_info == ALL_PACKETS && head->tcm_handle &&
		nlmsg_parse(nlmsg_hdr(m), sizeof(*head), t, TCA_MAX, NULL) >= 0)
		r->asked->to = redirect_of(t[TCA_OPTIONS]);
	return NL_OK;
}

static int read_all(struct kernel_linux *k, struct reading *r)
{
	struct tcmsg head = {0};
	int e = list(k, RTM_GETQDISC, &head, take_qdisc, r);

	for (size_t i = 0; !e && i < r->nfound; i++) {
		if (!r->found[i].has_ingress)
			continue;
		head = (struct tcmsg){.tcm_ifindex = r->found[i].index, .tcm_parent = INGRESS};
		r->asked = &r->found[i];
		e = list(k, RTM_GETTFILTER, &head, take_filter, r);
	}
	return e;
}

static struct str name_of(int index, struct arena *mem)
{
	char name[IFNAMSIZ];
	size_t n;
	char *copy;

	if (!if_indextoname((unsigned)index, name))
		return STR("");
	n = strlen(name);
	copy = arena_copy(mem, name, n);
	return copy ? (struct str){copy, n} : STR("");
}

static bool is_for_incoming(struct str name)
{
	return str_starts(name, STR(KSTATE_SHAPER_PREFIX));
}

static bool is_led_to(const struct reading *r, int index)
{
	for (size_t i = 0; i < r->nfound; i++)
		if (r->found[i].to == index)
			return true;
	return false;
}

/* What is led to a device that is not there, or does not shape, is worth nothing: rate 0. */
static void take_incoming(struct kernel_linux *k, struct reading *r, const struct found *from,
	struct arena *mem, struct kernel_state *out)
{
	struct str name = name_of(from->to, mem);
	struct found *by = device_of(k, name).up ? found_at(r, from->to) : NULL;

	out->shapers[out->nshapers++] = (struct kstate_shaper){
		name_of(from->index, mem), name, by ? by->rate : 0, by ? by->overhead : 0};
}

/* An ifb of ours that nothing is led to any more is of no device. */
static void take_outgoing(
	const struct reading *r, const struct found *f, struct arena *mem, struct kernel_state *out)
{
	struct str name = name_of(f->index, mem);

	if (f->has_cake && !is_led_to(r, f->index))
		out->shapers[out->nshapers++] = (struct kstate_shaper){
			is_for_incoming(name) ? STR("") : name, name, f->rate, f->overhead};
}

/* What waits for its device, or is done without, counts as being in place. */
static void take_waiting(
	struct kernel_linux *k, const struct kernel_state *expect, struct kernel_state *out)
{
	for (size_t i = 0; i < expect->nshapers; i++) {
		const struct kstate_shaper *s = &expect->shapers[i];

		if (is_done_without(k, s) || !device_of(k, s->interface).index)
			out->shapers[out->nshapers++] = *s;
	}
}

enum fl_err shape_read(struct kernel_linux *k, const struct kernel_state *expect, struct arena *mem,
	struct kernel_state *out)
{
	struct reading r;
	int e = -NLE_DUMP_INTR;

	for (int i = 0; i < TRIES && e == -NLE_DUMP_INTR; i++) {
		r = (struct reading){0};
		e = read_all(k, &r);
	}
	if (e)
		return FL_EAGAIN;
	out->nshapers = 0;
	out->shapers = ARENA_NEWS(mem, struct kstate_shaper, 2 * r.nfound + expect->nshapers);
	if (!out->shapers)
		return FL_EFULL;
	for (size_t i = 0; i < r.nfound; i++) {
		if (r.found[i].to)
			take_incoming(k, &r, &r.found[i], mem, out);
		take_outgoing(&r, &r.found[i], mem, out);
	}
	take_waiting(k, expect, out);
	return FL_OK;
}
