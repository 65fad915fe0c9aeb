/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of the table is in the kernel. */
#include "kernel_nft.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

enum { TRIES = 4 };

struct reading {
	struct arena *mem;
	const struct kset *like; /* the set as it is expected to be */
	struct kset *set;
	size_t cap;
	struct str fingerprint;
	bool known;
};

static enum kverdict verdict_of(uint32_t code)
{
	for (enum kverdict v = KVERDICT_ACCEPT; v <= KVERDICT_GOTO; v++)
		if (verdict_code(v) == code)
			return v;
	return KVERDICT_NONE;
}

static struct str take_text(struct arena *mem, const struct nlattr *a)
{
	size_t n = strnlen(mnl_attr_get_payload(a), mnl_attr_get_payload_len(a));
	char *copy = arena_copy(mem, mnl_attr_get_payload(a), n);

	return copy ? (struct str){copy, n} : (struct str){0};
}

static void take_elem_data(struct reading *r, const struct nlattr *a, struct kelem *e)
{
	struct attrs data = nested_attrs(a), verdict = nested_attrs(data.a[NFTA_DATA_VERDICT]);

	if (data.a[NFTA_DATA_VALUE] && mnl_attr_get_payload_len(data.a[NFTA_DATA_VALUE]) == 4)
		memcpy(&e->value, mnl_attr_get_payload(data.a[NFTA_DATA_VALUE]), 4);
	if (verdict.a[NFTA_VERDICT_CODE])
		e->verdict = verdict_of(ntohl(mnl_attr_get_u32(verdict.a[NFTA_VERDICT_CODE])));
	if (verdict.a[NFTA_VERDICT_CHAIN])
		e->chain = take_text(r->mem, verdict.a[NFTA_VERDICT_CHAIN]);
}

static void take_comment(struct reading *r, const struct nlattr *udata, struct kelem *e)
{
	struct str comment = comment_of(udata);
	char *copy = comment.n ? arena_copy(r->mem, comment.at, comment.n) : NULL;

	e->comment = (struct str){copy, copy ? comment.n : 0};
}

static struct kelem *next_elem(struct reading *r)
{
	struct kset *s = r->set;

	if (s->nelems == r->cap) {
		size_t cap = r->cap ? 2 * r->cap : r->like->nelems + 16;
		struct kelem *wider = ARENA_NEWS(r->mem, struct kelem, cap);

		if (!wider)
			return NULL;
		if (s->nelems)
			memcpy(wider, s->elems, s->nelems * sizeof(*wider));
		s->elems = wider;
		r->cap = cap;
	}
	return &s->elems[s->nelems++];
}

static const uint8_t *take_last(struct reading *r, const struct nlattr *a, size_t n)
{
	struct attrs last = nested_attrs(a);
	const struct nlattr *value = last.a[NFTA_DATA_VALUE];

	if (!value || mnl_attr_get_payload_len(value) != n)
		return NULL;
	return (const uint8_t *)arena_copy(r->mem, mnl_attr_get_payload(value), n);
}

static int take_elem(const struct nlattr *a, void *ctx)
{
	struct reading *r = ctx;
	struct attrs t = nested_attrs(a), key = nested_attrs(t.a[NFTA_SET_ELEM_KEY]);
	const struct nlattr *value = key.a[NFTA_DATA_VALUE];
	struct kelem *e = value ? next_elem(r) : NULL;
	size_t n = value ? mnl_attr_get_payload_len(value) : 0;

	if (!e)
		return MNL_CB_OK; /* the arena is full, which is asked for at the end */
	memcpy(e->key, mnl_attr_get_payload(value), n < sizeof(e->key) ? n : sizeof(e->key));
	e->key_n = (uint8_t)kset_key_size(r->like);
	e->last = take_last(r, t.a[NFTA_SET_ELEM_KEY_END], e->key_n);
	if (t.a[NFTA_SET_ELEM_FLAGS])
		e->interval_end = ntohl(mnl_attr_get_u32(t.a[NFTA_SET_ELEM_FLAGS])) &
				  NFT_SET_ELEM_INTERVAL_END;
	if (t.a[NFTA_SET_ELEM_EXPIRATION])
		e->expires_ms = be64toh(mnl_attr_get_u64(t.a[NFTA_SET_ELEM_EXPIRATION]));
	take_elem_data(r, t.a[NFTA_SET_ELEM_DATA], e);
	take_comment(r, t.a[NFTA_SET_ELEM_USERDATA], e);
	return MNL_CB_OK;
}

static int take_elems(const struct nlmsghdr *h, void *ctx)
{
	struct attrs t = netfilter_attrs(h);

	if (!t.a[NFTA_SET_ELEM_LIST_ELEMENTS])
		return MNL_CB_OK;
	return mnl_attr_parse_nested(t.a[NFTA_SET_ELEM_LIST_ELEMENTS], take_elem, ctx);
}

static int take_table(const struct nlmsghdr *h, void *ctx)
{
	struct reading *r = ctx;
	struct attrs t = netfilter_attrs(h);
	const struct nlattr *udata;

	udata = t.a[NFTA_TABLE_USERDATA];
	if (udata && mnl_attr_get_payload_len(udata) == 2 + r->fingerprint.n + 1)
		r->known = memcmp((const char *)mnl_attr_get_payload(udata) + 2, r->fingerprint.at,
				   r->fingerprint.n) == 0;
	return MNL_CB_OK;
}

/* Somebody may have put rules into our chains or taken them out. */
static int count_rule(const struct nlmsghdr *h, void *ctx)
{
	(void)h;
	++*(size_t *)ctx;
	return MNL_CB_OK;
}

static int rules_in_table(struct kernel_linux *k, size_t *n)
{
	char request[256];
	struct nlmsghdr *h = netfilter_message(
		request, NFNL_SUBSYS_NFTABLES, NFT_MSG_GETRULE, NLM_F_DUMP, NFPROTO_INET, 0);

	*n = 0;
	mnl_attr_put_strz(h, NFTA_RULE_TABLE, KSTATE_NFT_TABLE);
	return netfilter_ask(k, h, count_rule, n);
}

static int count_attr(const struct nlattr *a, void *ctx)
{
	(void)a;
	++*(size_t *)ctx;
	return MNL_CB_OK;
}

static int count_devices(const struct nlmsghdr *h, void *ctx)
{
	struct attrs t = netfilter_attrs(h), hook = nested_attrs(t.a[NFTA_FLOWTABLE_HOOK]);

	if (hook.a[NFTA_FLOWTABLE_HOOK_DEVS])
		mnl_attr_parse_nested(hook.a[NFTA_FLOWTABLE_HOOK_DEVS], count_attr, ctx);
	return MNL_CB_OK;
}

static size_t flowtable_devices(struct kernel_linux *k)
{
	char request[256];
	struct nlmsghdr *h = netfilter_message(
		request, NFNL_SUBSYS_NFTABLES, NFT_MSG_GETFLOWTABLE, 0, NFPROTO_INET, 0);
	size_t n = 0;

	mnl_attr_put_strz(h, NFTA_FLOWTABLE_TABLE, KSTATE_NFT_TABLE);
	mnl_attr_put_strz(h, NFTA_FLOWTABLE_NAME, FLOWTABLE);
	(void)netfilter_ask(k, h, count_devices, &n); /* there may be none */
	return n;
}

static int read_table(struct kernel_linux *k, const struct kernel_state *expect, bool *known)
{
	char request[256], text[40];
	struct nlmsghdr *h = netfilter_message(
		request, NFNL_SUBSYS_NFTABLES, NFT_MSG_GETTABLE, 0, NFPROTO_INET, 0);
	struct reading r = {.fingerprint = fingerprint(expect, text)};
	size_t want = 0, have = 0;
	int e;

	mnl_attr_put_strz(h, NFTA_TABLE_NAME, KSTATE_NFT_TABLE);
	e = netfilter_ask(k, h, take_table, &r);
	if (!e && r.known)
		e = rules_in_table(k, &have);
	for (size_t i = 0; i < expect->nchains; i++)
		for (size_t j = 0; j < expect->chains[i].nrules; j++)
			want += !is_left_out(k, &expect->chains[i].rules[j]);
	*known = !e && r.known && have == want && devices_there(k, expect) == flowtable_devices(k);
	return e == ENOENT ? 0 : e;
}

int read_set(struct kernel_linux *k, const struct kset *like, struct arena *mem, struct kset *out)
{
	char request[512];
	int e = EINTR;

	for (int i = 0; i < TRIES && e == EINTR; i++) {
		struct reading r = {.mem = mem, .like = like, .set = out};
		struct nlmsghdr *h = netfilter_message(request, NFNL_SUBSYS_NFTABLES,
			NFT_MSG_GETSETELEM, NLM_F_DUMP, NFPROTO_INET, 0);

		*out = *like;
		out->elems = NULL;
		out->nelems = 0;
		mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_TABLE, KSTATE_NFT_TABLE);
		put_text(h, NFTA_SET_ELEM_LIST_SET, like->name);
		e = netfilter_ask(k, h, take_elems, &r);
	}
	return e;
}

bool nft_has(struct kernel_linux *k, struct str set, const struct ip_addr *a)
{
	char request[512];
	struct nlmsghdr *h = netfilter_message(
		request, NFNL_SUBSYS_NFTABLES, NFT_MSG_GETSETELEM, 0, NFPROTO_INET, 0);
	struct kelem e = {.key_n = (uint8_t)ip_addr_size(a->family)};
	struct nlattr *list;

	memcpy(e.key, a->b, e.key_n);
	mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_TABLE, KSTATE_NFT_TABLE);
	put_text(h, NFTA_SET_ELEM_LIST_SET, set);
	list = mnl_attr_nest_start(h, NFTA_SET_ELEM_LIST_ELEMENTS);
	put_elem(k, h, &e, false);
	mnl_attr_nest_end(h, list);
	return netfilter_ask(k, h, NULL, NULL) == 0;
}

enum fl_err nft_read(struct kernel_linux *k, const struct kernel_state *expect, struct arena *mem,
	struct kernel_state *out, bool *chains_known)
{
	int e = EINTR;

	for (int i = 0; i < TRIES && e == EINTR; i++)
		e = read_table(k, expect, chains_known);
	if (e || !*chains_known)
		return err_of_errno(e);
	out->chains = expect->chains;
	out->nchains = expect->nchains;
	out->accelerated = expect->accelerated;
	out->naccelerated = expect->naccelerated;
	out->sets = ARENA_NEWS(mem, struct kset, expect->nsets);
	for (size_t i = 0; out->sets && i < expect->nsets && !e; i++) {
		out->sets[i] = expect->sets[i];
		if (!expect->sets[i].dynamic)
			e = read_set(k, &expect->sets[i], mem, &out->sets[i]);
	}
	out->nsets = out->sets ? expect->nsets : 0;
	if (mem->full)
		return FL_EFULL;
	kernel_state_sort(out);
	return err_of_errno(e);
}
