/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_parts.h - what the files of the kernel driver share. */
#ifndef FL_KERNEL_PARTS_H
#define FL_KERNEL_PARTS_H

#include "kernel_linux.h"

#include <libmnl/libmnl.h>

struct nl_sock;
struct nl_msg;

/* Messages that are sent together. */
struct batch {
	const struct arena_source *memory;
	uint8_t *at;
	size_t n, cap;
	uint32_t seq;
	struct nlmsghdr *last;
	bool full; /* out of memory */
};

/* What was counted before, for the table that goes on with it. */
struct counts {
	struct arena *mem;
	struct kernel_count *at;
	size_t n, cap;
};

struct kernel_linux {
	const struct arena_source *memory;
	const struct log *log;
	struct mnl_socket *netfilter;
	uint32_t seq;
	struct nl_sock *route;
	struct batch batch;
	struct counts counts; /* of the table that is replaced right now */
	/* KFEATURE_...: those that are not looked for again; those to do without.  One that is not
	 * there may come with its module; one that refused what was asked of it is settled. */
	uint32_t settled, lacking;
	int raw4, raw6;     /* for kicks; -1: not permitted */
	uint32_t raw_mark;  /* that both have */
	uint32_t mark_bits; /* of marks: where the link's number is */
};

/* ---- netfilter sockets (kernel_netfilter.c) ---- */

/* A message of `subsystem`; attributes are appended by the caller. */
struct nlmsghdr *netfilter_message(
	void *at, unsigned subsystem, unsigned type, unsigned flags, uint8_t family, uint32_t seq);
/* Send one request and hand each answer to `each` (may be NULL).  0 or an errno value. */
int netfilter_ask(struct kernel_linux *k, struct nlmsghdr *request, mnl_cb_t each, void *ctx);
/* What is left of earlier answers would be taken for the answer to the next request. */
void netfilter_drop_answers(struct kernel_linux *k);

/* What a message or a nest holds, by type; types that are too high are left out. */
struct attrs {
	const struct nlattr *a[32];
};
struct attrs netfilter_attrs(const struct nlmsghdr *h);
/* NULL: none. */
struct attrs nested_attrs(const struct nlattr *nest);

/* ---- the nftables table (kernel_nft.c, kernel_nft_read.c) ---- */

enum fl_err nft_apply(struct kernel_linux *k, const struct kernel_diff *diff, struct textbuf *why);
enum fl_err nft_read(struct kernel_linux *k, const struct kernel_state *expect, struct arena *mem,
	struct kernel_state *out, bool *chains_known);
enum fl_err nft_counts(
	struct kernel_linux *k, kernel_count_each *each, void *each_ctx, struct textbuf *why);
bool nft_has(struct kernel_linux *k, struct str set, const struct ip_addr *a);
enum fl_err nft_remove(struct kernel_linux *k, struct textbuf *why);

/* ---- what nftables has (kernel_nft_features.c) ---- */

/* KFEATURE_TABLES, ... as far as it can be known. */
bool nft_supports(struct kernel_linux *k, uint32_t feature);
/* All of them, but for KFEATURE_FLOWTABLE, asked in one.  False: one is missing, or it is not
 * known; then ask for each. */
bool nft_supports_all(struct kernel_linux *k, uint32_t features);

/* ---- what was counted (kernel_counts.c) ---- */

/* 0 or an errno value, and then there are none. */
int counts_read(struct kernel_linux *k, struct arena *mem, struct counts *out);
/* All that was counted under this comment; the next who asks gets nothing. */
struct kernel_count counts_take(struct counts *c, struct str what);
/* The text of a comment in user data, which it points into; empty: there is none. */
struct str comment_of(const struct nlattr *udata);

/* ---- addresses, routes, rules (kernel_route.c) ---- */

struct device {
	int index; /* 0: there is none */
	bool up;
};
struct device device_of(const struct kernel_linux *k, struct str name);
bool device_set_up(struct kernel_linux *k, struct str name);
/* Our own devices bear this as their alias (ip link: "alias"), which is given to them once they
 * are there. */
#define DEVICE_ALIAS "fairlead"
int device_call_ours(struct kernel_linux *k, struct str name);
/* Sends and frees `m`.  0 or a libnl error (negative). */
int route_send(struct kernel_linux *k, struct nl_msg *m);

enum fl_err route_open(struct kernel_linux *k, struct textbuf *why);
void route_close(struct kernel_linux *k);
enum fl_err route_apply(
	struct kernel_linux *k, const struct kernel_diff *diff, struct textbuf *why);
enum fl_err route_read(struct kernel_linux *k, const struct kernel_state *expect, struct arena *mem,
	struct kernel_state *out);

/* ---- shaping (kernel_shape.c) ---- */

enum fl_err shape_apply(
	struct kernel_linux *k, const struct kernel_diff *diff, struct textbuf *why);
enum fl_err shape_read(struct kernel_linux *k, const struct kernel_state *expect, struct arena *mem,
	struct kernel_state *out);
bool shape_has_cake(struct kernel_linux *k);
bool shape_has_ifb(struct kernel_linux *k);

/* ---- connections (kernel_conntrack.c) ---- */

/* Have the kernel load its connection tracking, whose sysctls are not there before. */
void conntrack_load(struct kernel_linux *k);
/* Hand every connection with this number in its mark (0: whatever it is) and of this family (4, 6;
 * 0: both) to `each`, until it says MNL_CB_STOP; `after_part` (may be NULL) comes after each part
 * of the list that the kernel gives at once.  Over a socket of its own: others may be asked
 * meanwhile. */
enum fl_err conntrack_list(const struct kernel_linux *k, uint32_t mark, uint8_t family,
	mnl_cb_t each, void (*after_part)(void *ctx), void *ctx, struct textbuf *why);
enum fl_err conntrack_flows(const struct kernel_linux *k, uint32_t mark, kernel_flow_each *each,
	void *each_ctx, struct textbuf *why);
/* AF_INET, AF_INET6 or AF_UNSPEC. */
uint8_t conntrack_family(uint8_t family);
/* A connection as ctnetlink tells of it; returns its IPS_... bits. */
uint32_t conntrack_take(
	const struct kernel_linux *k, const struct nlmsghdr *h, struct kernel_flow *out);
enum fl_err conntrack_flush(
	struct kernel_linux *k, uint32_t mark, uint8_t family, struct textbuf *why);
enum fl_err conntrack_cut(struct kernel_linux *k, kernel_flow_each *meant, void *meant_ctx,
	size_t *n, struct textbuf *why);

/* FL_EPERM, FL_ENOENT, ... for an errno value. */
enum fl_err err_of_errno(int e);

#endif
