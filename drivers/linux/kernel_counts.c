/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rules and elements of our nftables table have counted, under their comments: all the
 * rules are listed, and the elements of all verdict maps.
 *
 * A table that takes the place of another goes on where that one was.  Between the look at the old
 * one and the change some packets are not counted. */
#include "kernel_parts.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRIES = 4, MAP_NAMES = 256, NAME_SIZE = 64 };

/* A comment as nft(8) keeps it: type 0, length, text with its zero octet. */
struct str comment_of(const struct nlattr *udata)
{
	const char *at = udata ? mnl_attr_get_payload(udata) : NULL;
	size_t n = udata ? mnl_attr_get_payload_len(udata) : 0;

	if (n < 3 || at[0] != 0 || (uint8_t)at[1] > n - 2)
		return (struct str){0};
	return (struct str){at + 2, strnlen(at + 2, (uint8_t)at[1])};
}

struct hearing {
	kernel_count_each *each;
	void *ctx;
	struct str comment;
};

static uint64_t number(const struct nlattr *a)
{
	return a ? be64toh(mnl_attr_get_u64(a)) : 0;
}

static int take_expr(const struct nlattr *a, void *ctx)
{
	const struct hearing *h = ctx;
	struct attrs expr = nested_attrs(a), data;

	if (!expr.a[NFTA_EXPR_NAME] ||
		strcmp(mnl_attr_get_str(expr.a[NFTA_EXPR_NAME]), "counter") != 0)
		return MNL_CB_OK;
	data = nested_attrs(expr.a[NFTA_EXPR_DATA]);
	h->each(h->ctx, &(struct kernel_count){h->comment, number(data.a[NFTA_COUNTER_PACKETS]),
				number(data.a[NFTA_COUNTER_BYTES])});
	return MNL_CB_OK;
}

static int take_rule(const struct nlmsghdr *message, void *ctx)
{
	struct hearing *h = ctx;
	struct attrs t = netfilter_attrs(message);

	h->comment = comment_of(t.a[NFTA_RULE_USERDATA]);
	if (h->comment.n && t.a[NFTA_RULE_EXPRESSIONS])
		mnl_attr_parse_nested(t.a[NFTA_RULE_EXPRESSIONS], take_expr, h);
	return MNL_CB_OK;
}

static int take_elem(const struct nlattr *a, void *ctx)
{
	struct hearing *h = ctx;
	struct attrs t = nested_attrs(a);

	h->comment = comment_of(t.a[NFTA_SET_ELEM_USERDATA]);
	if (h->comment.n && t.a[NFTA_SET_ELEM_EXPR])
		take_expr(t.a[NFTA_SET_ELEM_EXPR], h);
	return MNL_CB_OK;
}

static int take_elems(const struct nlmsghdr *message, void *ctx)
{
	struct attrs t = netfilter_attrs(message);

	if (!t.a[NFTA_SET_ELEM_LIST_ELEMENTS])
		return MNL_CB_OK;
	return mnl_attr_parse_nested(t.a[NFTA_SET_ELEM_LIST_ELEMENTS], take_elem, ctx);
}

struct map_names {
	char at[MAP_NAMES][NAME_SIZE];
	size_t n;
};

static int take_map(const struct nlmsghdr *message, void *ctx)
{
	struct map_names *names = ctx;
	struct attrs t = netfilter_attrs(message);
	const struct nlattr *type = t.a[NFTA_SET_DATA_TYPE];

	if (t.a[NFTA_SET_NAME] && type && ntohl(mnl_attr_get_u32(type)) == NFT_DATA_VERDICT &&
		names->n < MAP_NAMES)
		snprintf(names->at[names->n++], NAME_SIZE, "%s",
			mnl_attr_get_str(t.a[NFTA_SET_NAME]));
	return MNL_CB_OK;
}

static int dump(struct kernel_linux *k, unsigned type, uint16_t table_attr, uint16_t set_attr,
	const char *set, mnl_cb_t each, void *ctx)
{
	char request[256];
	struct nlmsghdr *h =
		netfilter_message(request, NFNL_SUBSYS_NFTABLES, type, NLM_F_DUMP, NFPROTO_INET, 0);

	mnl_attr_put_strz(h, table_attr, KSTATE_NFT_TABLE);
	if (set)
		mnl_attr_put_strz(h, set_attr, set);
	return netfilter_ask(k, h, each, ctx);
}

static int read_once(struct kernel_linux *k, struct hearing *h)
{
	struct map_names names = {.n = 0};
	int e = dump(k, NFT_MSG_GETRULE, NFTA_RULE_TABLE, 0, NULL, take_rule, h);

	if (!e)
		e = dump(k, NFT_MSG_GETSET, NFTA_SET_TABLE, 0, NULL, take_map, &names);
	for (size_t i = 0; i < names.n && !e; i++)
		e = dump(k, NFT_MSG_GETSETELEM, NFTA_SET_ELEM_LIST_TABLE, NFTA_SET_ELEM_LIST_SET,
			names.at[i], take_elems, h);
	return e;
}

/* ---- keeping them ---- */

static void keep(void *ctx, const struct kernel_count *count)
{
	struct counts *c = ctx;
	struct kernel_count *to;

	if (!count->packets && !count->octets)
		return;
	if (c->n == c->cap) {
		size_t cap = c->cap ? 2 * c->cap : 256;
		struct kernel_count *wider = ARENA_NEWS(c->mem, struct kernel_count, cap);

		if (!wider)
			return;
		if (c->n)
			memcpy(wider, c->at, c->n * sizeof(*wider));
		c->at = wider;
		c->cap = cap;
	}
	to = &c->at[c->n];
	*to = *count;
	to->what.at = arena_copy(c->mem, count->what.at, count->what.n);
	c->n += to->what.at != NULL;
}

static int by_name(const void *x, const void *y)
{
	const struct kernel_count *a = x, *b = y;
	int c = memcmp(a->what.at, b->what.at, a->what.n < b->what.n ? a->what.n : b->what.n);

	return c ? c : (a->what.n > b->what.n) - (a->what.n < b->what.n);
}

/* One count a name, in the order of the names. */
static void add_up(struct counts *c)
{
	size_t n = 0;

	if (c->n)
		qsort(c->at, c->n, sizeof(*c->at), by_name);
	for (size_t i = 0; i < c->n; i++) {
		if (n && str_eq(c->at[n - 1].what, c->at[i].what)) {
			c->at[n - 1].packets += c->at[i].packets;
			c->at[n - 1].octets += c->at[i].octets;
		} else {
			c->at[n++] = c->at[i];
		}
	}
	c->n = n;
}

/* An interrupted dump (EINTR) begins anew: the table changed meanwhile. */
int counts_read(struct kernel_linux *k, struct arena *mem, struct counts *out)
{
	int e = EINTR;

	for (int i = 0; i < TRIES && e == EINTR; i++) {
		struct hearing h = {keep, out, {0}};

		*out = (struct counts){.mem = mem};
		e = read_once(k, &h);
	}
	if (e)
		out->n = 0;
	add_up(out);
	return e;
}

struct kernel_count counts_take(struct counts *c, struct str what)
{
	struct kernel_count key = {.what = what}, *found = NULL;

	if (what.n && c->n)
		found = bsearch(&key, c->at, c->n, sizeof(*c->at), by_name);
	if (found) {
		key = *found;
		found->packets = found->octets = 0;
	}
	return key;
}

enum fl_err nft_counts(
	struct kernel_linux *k, kernel_count_each *each, void *each_ctx, struct textbuf *why)
{
	struct counts all;
	struct arena mem;
	int e;

	arena_init(&mem, k->memory);
	e = counts_read(k, &mem, &all);
	for (size_t i = 0; !e && i < all.n; i++)
		each(each_ctx, &all.at[i]);
	if (e)
		textbuf_printf(why, "nftables: what was counted cannot be read: %s", strerror(e));
	arena_reset(&mem);
	return err_of_errno(e);
}
