/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nftables table, over libmnl with messages of our own.
 *
 * The steps of a rule (struct kop) are those of the nf_tables machine, so each has one encoder and
 * there is no compiler in between.  A batch is one transaction: the kernel takes all of it or
 * nothing.  netlink answers before sendto() returns, so that sockets never block.
 *
 * The table carries a fingerprint of its chains in its comment; after a restart it tells whether
 * the chains in the kernel are the ones wanted. */
#include "kernel_parts.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#define SAME(ours, theirs) _Static_assert((int)(ours) == (int)(theirs), #theirs)
SAME(KMETA_MARK, NFT_META_MARK);
SAME(KMETA_IIF, NFT_META_IIF);
SAME(KMETA_IIFNAME, NFT_META_IIFNAME);
SAME(KMETA_OIFNAME, NFT_META_OIFNAME);
SAME(KMETA_NFPROTO, NFT_META_NFPROTO);
SAME(KMETA_L4PROTO, NFT_META_L4PROTO);
SAME(KCT_STATE, NFT_CT_STATE);
SAME(KCT_STATUS, NFT_CT_STATUS);
SAME(KCT_MARK, NFT_CT_MARK);
SAME(KBASE_NETWORK, NFT_PAYLOAD_NETWORK_HEADER);
SAME(KBASE_TRANSPORT, NFT_PAYLOAD_TRANSPORT_HEADER);
SAME(KNFPROTO_IPV4, NFPROTO_IPV4);
SAME(KNFPROTO_IPV6, NFPROTO_IPV6);
SAME(KREG_VERDICT, NFT_REG_VERDICT);
SAME(KREG(0), NFT_REG32_00);
SAME(KHOOK_PREROUTING, NF_INET_PRE_ROUTING);
SAME(KHOOK_INPUT, NF_INET_LOCAL_IN);
SAME(KHOOK_FORWARD, NF_INET_FORWARD);
SAME(KHOOK_OUTPUT, NF_INET_LOCAL_OUT);
SAME(KHOOK_POSTROUTING, NF_INET_POST_ROUTING);

enum {
	BATCH_ROOM = 128 * 1024,  /* more than the longest message */
	ELEMS_OCTETS = 32 * 1024, /* of elements in one message: a nest ends at 64 KiB */
	ANSWER_SIZE = 32 * 1024,
	TRIES = 4,
};

#define FINGERPRINT "fairlead "
#define FLOWTABLE   "established"

enum fl_err err_of_errno(int e)
{
	switch (e) {
	case 0:
		return FL_OK;
	case EPERM:
	case EACCES:
		return FL_EPERM;
	case ENOENT:
	case ENODEV:
	case ESRCH:
		return FL_ENOENT;
	case EEXIST:
		return FL_EEXIST;
	case ENOMEM:
		return FL_EFULL;
	case EOPNOTSUPP:
		return FL_ENOTSUP;
	case EINTR:
	case EAGAIN:
	case ENOBUFS:
		return FL_EAGAIN;
	default:
		return FL_EIO;
	}
}

/* ---- one message, one answer ---- */

struct nlmsghdr *netfilter_message(
	void *at, unsigned subsystem, unsigned type, unsigned flags, uint8_t family, uint32_t seq)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(at);
	struct nfgenmsg *g = mnl_nlmsg_put_extra_header(h, sizeof(*g));

	h->nlmsg_type = (uint16_t)(subsystem << 8 | type);
	h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	h->nlmsg_seq = seq;
	g->nfgen_family = family;
	g->version = NFNETLINK_V0;
	return h;
}

static int ask_once(
	struct kernel_linux *k, const struct nlmsghdr *request, mnl_cb_t each, void *ctx)
{
	unsigned port = mnl_socket_get_portid(k->netfilter);
	char answer[ANSWER_SIZE];
	int more = MNL_CB_OK;

	if (mnl_socket_sendto(k->netfilter, request, request->nlmsg_len) < 0)
		return errno;
	while (more == MNL_CB_OK) {
		ssize_t n = mnl_socket_recvfrom(k->netfilter, answer, sizeof(answer));

		if (n < 0)
			return errno == EAGAIN ? ENOBUFS : errno;
		more = mnl_cb_run(answer, (size_t)n, request->nlmsg_seq, port, each, ctx);
	}
	return more == MNL_CB_ERROR ? errno : 0;
}

void netfilter_drop_answers(struct kernel_linux *k)
{
	char answer[ANSWER_SIZE];

	while (mnl_socket_recvfrom(k->netfilter, answer, sizeof(answer)) >= 0 || errno == ENOBUFS)
		continue;
}

int netfilter_ask(struct kernel_linux *k, struct nlmsghdr *request, mnl_cb_t each, void *ctx)
{
	int e;

	if (!(request->nlmsg_flags & NLM_F_DUMP))
		request->nlmsg_flags |= NLM_F_ACK;
	request->nlmsg_seq = ++k->seq;
	e = ask_once(k, request, each, ctx);
	if (e)
		netfilter_drop_answers(k);
	return e;
}

static int take_attr(const struct nlattr *a, void *ctx)
{
	struct attrs *t = ctx;

	if (mnl_attr_get_type(a) < COUNT_OF(t->a))
		t->a[mnl_attr_get_type(a)] = a;
	return MNL_CB_OK;
}

struct attrs netfilter_attrs(const struct nlmsghdr *h)
{
	struct attrs t = {{0}};

	mnl_attr_parse(h, sizeof(struct nfgenmsg), take_attr, &t);
	return t;
}

struct attrs nested_attrs(const struct nlattr *nest)
{
	struct attrs t = {{0}};

	if (nest)
		mnl_attr_parse_nested(nest, take_attr, &t);
	return t;
}

/* ---- batches ---- */

static size_t aligned(const struct nlmsghdr *h)
{
	return (h->nlmsg_len + (size_t)NLMSG_ALIGNTO - 1) & ~((size_t)NLMSG_ALIGNTO - 1);
}

static bool batch_reserve(struct batch *b)
{
	size_t cap = b->cap ? b->cap : 2 * BATCH_ROOM;
	uint8_t *wider;

	while (cap - b->n < BATCH_ROOM)
		cap *= 2;
	if (cap == b->cap)
		return true;
	wider = b->memory->get(b->memory->ctx, cap);
	if (!wider) {
		b->full = true;
		b->n = 0; /* nothing will be sent */
		return b->cap >= BATCH_ROOM;
	}
	if (b->at) {
		memcpy(wider, b->at, b->n);
		b->memory->put(b->memory->ctx, b->at, b->cap);
	}
	b->at = wider;
	b->cap = cap;
	return true;
}

/* The batch can take messages.  Otherwise there is not even room for one. */
static bool batch_begin(struct kernel_linux *k)
{
	struct batch *b = &k->batch;
	struct nlmsghdr *h;

	b->n = 0;
	b->full = false;
	b->last = NULL;
	if (!batch_reserve(b))
		return false;
	h = netfilter_message(b->at, 0, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, ++k->seq);
	((struct nfgenmsg *)mnl_nlmsg_get_payload(h))->res_id = htons(NFNL_SUBSYS_NFTABLES);
	b->n = aligned(h);
	return true;
}

static struct nlmsghdr *put_message(struct kernel_linux *k, unsigned type, unsigned flags)
{
	return netfilter_message(k->batch.at + k->batch.n, NFNL_SUBSYS_NFTABLES, type, flags,
		NFPROTO_INET, ++k->seq);
}

static void end_message(struct kernel_linux *k, struct nlmsghdr *h)
{
	size_t at = (size_t)((uint8_t *)h - k->batch.at);

	k->batch.n += aligned(h);
	batch_reserve(&k->batch);
	k->batch.last = (struct nlmsghdr *)(void *)(k->batch.at + at);
}

static void put_text(struct nlmsghdr *h, uint16_t type, struct str s)
{
	char zero_ended[256];
	size_t n = s.n < sizeof(zero_ended) ? s.n : sizeof(zero_ended) - 1;

	memcpy(zero_ended, s.at, n);
	zero_ended[n] = '\0';
	mnl_attr_put_strz(h, type, zero_ended);
}

static void put_u32(struct nlmsghdr *h, uint16_t type, uint32_t v)
{
	mnl_attr_put_u32(h, type, htonl(v));
}

static void put_u64(struct nlmsghdr *h, uint16_t type, uint64_t v)
{
	mnl_attr_put_u64(h, type, htobe64(v));
}

static void put_value(struct nlmsghdr *h, uint16_t type, const void *data, size_t n)
{
	struct nlattr *nest = mnl_attr_nest_start(h, type);

	mnl_attr_put(h, NFTA_DATA_VALUE, n, data);
	mnl_attr_nest_end(h, nest);
}

/* ---- what the kernel refused, in words ---- */

struct refusal {
	const struct batch *batch;
	int error;
	uint32_t seq;
	bool acknowledged;
};

struct wanted_text {
	uint16_t type;
	const char *what;
	struct textbuf *why;
};

static int put_if_wanted(const struct nlattr *a, void *ctx)
{
	const struct wanted_text *w = ctx;

	if (mnl_attr_get_type(a) == w->type)
		textbuf_printf(w->why, "%s %s", w->what, mnl_attr_get_str(a));
	return MNL_CB_OK;
}

static void describe_attr(
	const struct nlmsghdr *h, uint16_t type, const char *what, struct textbuf *why)
{
	struct wanted_text w = {type, what, why};

	mnl_attr_parse(h, sizeof(struct nfgenmsg), put_if_wanted, &w);
}

static void describe(const struct nlmsghdr *h, struct textbuf *why)
{
	switch (h->nlmsg_type & 0xff) {
	case NFT_MSG_NEWSET:
		describe_attr(h, NFTA_SET_NAME, "set", why);
		return;
	case NFT_MSG_NEWCHAIN:
		describe_attr(h, NFTA_CHAIN_NAME, "chain", why);
		return;
	case NFT_MSG_NEWRULE:
		describe_attr(h, NFTA_RULE_CHAIN, "a rule of chain", why);
		return;
	case NFT_MSG_NEWSETELEM:
	case NFT_MSG_DELSETELEM:
		describe_attr(h, NFTA_SET_ELEM_LIST_SET, "elements of set", why);
		return;
	default:
		textbuf_printf(why, "table " KSTATE_NFT_TABLE);
	}
}

static void explain(const struct refusal *r, struct textbuf *why)
{
	const struct nlmsghdr *h = (const void *)r->batch->at;
	int left = (int)r->batch->n;

	textbuf_printf(why, "nftables: ");
	for (; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left))
		if (h->nlmsg_seq == r->seq && h->nlmsg_type >> 8 == NFNL_SUBSYS_NFTABLES)
			describe(h, why);
	textbuf_printf(why, ": %s", strerror(r->error));
}

static void take_answer(const struct nlmsghdr *h, struct refusal *r)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);

	if (h->nlmsg_type != NLMSG_ERROR)
		return;
	if (e->error && !r->error) {
		r->error = -e->error;
		r->seq = h->nlmsg_seq;
	}
	if (!e->error)
		r->acknowledged = true;
}

static void take_answers(struct kernel_linux *k, struct refusal *r)
{
	char answer[ANSWER_SIZE];

	for (;;) {
		ssize_t n = mnl_socket_recvfrom(k->netfilter, answer, sizeof(answer));
		const struct nlmsghdr *h = (const void *)answer;
		int left = (int)n;

		if (n < 0 && errno == ENOBUFS)
			continue; /* some errors are lost, the last answer may follow */
		if (n < 0)
			return;
		for (; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left))
			take_answer(h, r);
	}
}

/* Send the batch: all of it happens, or nothing. */
static enum fl_err batch_commit(struct kernel_linux *k, struct textbuf *why)
{
	struct batch *b = &k->batch;
	struct refusal r = {.batch = b};
	struct nlmsghdr *h;

	if (b->full) {
		textbuf_printf(why, "nftables: out of memory");
		return FL_EFULL;
	}
	if (!b->last)
		return FL_OK;
	b->last->nlmsg_flags |= NLM_F_ACK;
	h = netfilter_message(b->at + b->n, 0, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, ++k->seq);
	((struct nfgenmsg *)mnl_nlmsg_get_payload(h))->res_id = htons(NFNL_SUBSYS_NFTABLES);
	b->n += aligned(h);
	if (mnl_socket_sendto(k->netfilter, b->at, b->n) < 0) {
		textbuf_printf(why, "nftables: %s", strerror(errno));
		return err_of_errno(errno);
	}
	take_answers(k, &r);
	if (r.error) {
		explain(&r, why);
		return err_of_errno(r.error);
	}
	if (!r.acknowledged) {
		textbuf_printf(why, "nftables: the kernel's answer was lost");
		return FL_EAGAIN;
	}
	return FL_OK;
}

/* ---- sets ---- */

static uint32_t key_type(const struct kset *s)
{
	enum { BITS_OF_A_TYPE = 6 }; /* nft(8) reads a concatenation this way */
	uint32_t type = 0;

	for (size_t i = 0; i < KSET_KEY_FIELDS && s->key[i]; i++)
		type = type << BITS_OF_A_TYPE | s->key[i];
	return type;
}

/* For nft(8) alone, in its own user data: it would take the values for big-endian. */
static void put_host_order(struct nlmsghdr *h)
{
	enum { DATA_BYTEORDER = 1, HOST_ENDIAN = 1 };
	uint8_t udata[2 + sizeof(uint32_t)] = {DATA_BYTEORDER, sizeof(uint32_t)};
	uint32_t order = HOST_ENDIAN;

	memcpy(udata + 2, &order, sizeof(order));
	mnl_attr_put(h, NFTA_SET_USERDATA, sizeof(udata), udata);
}

/* How many octets of a field count; the rest is padding. */
static uint32_t field_length(enum kset_type t)
{
	return t == KSET_PROTO || t == KSET_NFPROTO ? 1
	       : t == KSET_PORT                     ? 2
						    : (uint32_t)kset_field_size(t);
}

static void put_description(struct nlmsghdr *h, const struct kset *s)
{
	struct nlattr *desc = mnl_attr_nest_start(h, NFTA_SET_DESC), *concat, *field;

	if (s->size)
		put_u32(h, NFTA_SET_DESC_SIZE, s->size);
	if (s->ranges) {
		concat = mnl_attr_nest_start(h, NFTA_SET_DESC_CONCAT);
		for (size_t i = 0; i < KSET_KEY_FIELDS && s->key[i]; i++) {
			field = mnl_attr_nest_start(h, NFTA_LIST_ELEM);
			put_u32(h, NFTA_SET_FIELD_LEN, field_length(s->key[i]));
			mnl_attr_nest_end(h, field);
		}
		mnl_attr_nest_end(h, concat);
	}
	mnl_attr_nest_end(h, desc);
}

static void put_set(struct kernel_linux *k, const struct kset *s, uint32_t id)
{
	struct nlmsghdr *h = put_message(k, NFT_MSG_NEWSET, NLM_F_CREATE | NLM_F_EXCL);
	uint32_t flags = (s->interval ? NFT_SET_INTERVAL : 0u) |
			 (s->ranges ? NFT_SET_INTERVAL | NFT_SET_CONCAT : 0u) |
			 (s->data ? NFT_SET_MAP : 0u) |
			 (s->dynamic ? NFT_SET_EVAL | NFT_SET_TIMEOUT : 0u);

	mnl_attr_put_strz(h, NFTA_SET_TABLE, KSTATE_NFT_TABLE);
	put_text(h, NFTA_SET_NAME, s->name);
	put_u32(h, NFTA_SET_ID, id);
	put_u32(h, NFTA_SET_FLAGS, flags);
	put_u32(h, NFTA_SET_KEY_TYPE, key_type(s));
	put_u32(h, NFTA_SET_KEY_LEN, (uint32_t)kset_key_size(s));
	if (s->data == KSET_VERDICT) {
		put_u32(h, NFTA_SET_DATA_TYPE, NFT_DATA_VERDICT);
	} else if (s->data) {
		put_u32(h, NFTA_SET_DATA_TYPE, s->data);
		put_u32(h, NFTA_SET_DATA_LEN, (uint32_t)kset_field_size(s->data));
	}
	if (s->data == KSET_MARK)
		put_host_order(h);
	if (s->dynamic)
		put_u64(h, NFTA_SET_TIMEOUT, s->timeout_ms);
	if (s->size || s->ranges)
		put_description(h, s);
	end_message(k, h);
}

static uint32_t verdict_code(enum kverdict v)
{
	switch (v) {
	case KVERDICT_NONE:
		return (uint32_t)NFT_CONTINUE;
	case KVERDICT_ACCEPT:
		return NF_ACCEPT;
	case KVERDICT_DROP:
		return NF_DROP;
	case KVERDICT_RETURN:
		return (uint32_t)NFT_RETURN;
	case KVERDICT_JUMP:
		return (uint32_t)NFT_JUMP;
	case KVERDICT_GOTO:
		return (uint32_t)NFT_GOTO;
	}
	return (uint32_t)NFT_CONTINUE;
}

static void put_verdict(struct nlmsghdr *h, uint16_t type, enum kverdict v, struct str chain)
{
	struct nlattr *data = mnl_attr_nest_start(h, type);
	struct nlattr *verdict = mnl_attr_nest_start(h, NFTA_DATA_VERDICT);

	put_u32(h, NFTA_VERDICT_CODE, verdict_code(v));
	if (chain.n)
		put_text(h, NFTA_VERDICT_CHAIN, chain);
	mnl_attr_nest_end(h, verdict);
	mnl_attr_nest_end(h, data);
}

/* A comment as nft(8) keeps it in user data: type 0, length, text with its zero octet. */
static void put_comment(struct nlmsghdr *h, uint16_t type, struct str s)
{
	uint8_t udata[2 + 128] = {0};
	size_t n = s.n < 127 ? s.n : 127;

	if (!n)
		return;
	udata[1] = (uint8_t)(n + 1);
	memcpy(udata + 2, s.at, n);
	mnl_attr_put(h, type, 2 + n + 1, udata);
}

static void put_count(struct nlmsghdr *h, const struct kernel_count *c)
{
	put_u64(h, NFTA_COUNTER_BYTES, c->octets);
	put_u64(h, NFTA_COUNTER_PACKETS, c->packets);
}

static void put_elem_counter(struct kernel_linux *k, struct nlmsghdr *h, struct str comment)
{
	struct kernel_count start = counts_take(&k->counts, comment);
	struct nlattr *expr, *data;

	put_comment(h, NFTA_SET_ELEM_USERDATA, comment);
	expr = mnl_attr_nest_start(h, NFTA_SET_ELEM_EXPR);
	mnl_attr_put_strz(h, NFTA_EXPR_NAME, "counter");
	data = mnl_attr_nest_start(h, NFTA_EXPR_DATA);
	put_count(h, &start);
	mnl_attr_nest_end(h, data);
	mnl_attr_nest_end(h, expr);
}

static void put_elem(
	struct kernel_linux *k, struct nlmsghdr *h, const struct kelem *e, bool with_data)
{
	struct nlattr *nest = mnl_attr_nest_start(h, NFTA_LIST_ELEM);

	put_value(h, NFTA_SET_ELEM_KEY, e->key, e->key_n);
	if (e->last)
		put_value(h, NFTA_SET_ELEM_KEY_END, e->last, e->key_n);
	if (e->interval_end)
		put_u32(h, NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
	if (with_data && e->expires_ms)
		put_u64(h, NFTA_SET_ELEM_EXPIRATION, e->expires_ms);
	if (with_data && e->verdict)
		put_verdict(h, NFTA_SET_ELEM_DATA, e->verdict, e->chain);
	else if (with_data && e->value)
		put_value(h, NFTA_SET_ELEM_DATA, &e->value, sizeof(e->value));
	if (with_data && e->comment.n)
		put_elem_counter(k, h, e->comment);
	mnl_attr_nest_end(h, nest);
}

static void put_elems(
	struct kernel_linux *k, unsigned type, struct str set, const struct kelem *e, size_t n)
{
	for (size_t i = 0; i < n;) {
		unsigned flags = type == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0u;
		struct nlmsghdr *h = put_message(k, type, flags);
		struct nlattr *list;

		mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_TABLE, KSTATE_NFT_TABLE);
		put_text(h, NFTA_SET_ELEM_LIST_SET, set);
		list = mnl_attr_nest_start(h, NFTA_SET_ELEM_LIST_ELEMENTS);
		for (; i < n && h->nlmsg_len < ELEMS_OCTETS; i++)
			put_elem(k, h, &e[i], type == NFT_MSG_NEWSETELEM);
		mnl_attr_nest_end(h, list);
		end_message(k, h);
	}
}

/* ---- steps of rules ---- */

typedef void put_step(struct nlmsghdr *h, const struct kop *op);

static void put_meta(struct nlmsghdr *h, const struct kop *op)
{
	put_u32(h, NFTA_META_KEY, op->key);
	put_u32(h, op->code == KOP_META_SET ? NFTA_META_SREG : NFTA_META_DREG, op->reg);
}

static void put_ct(struct nlmsghdr *h, const struct kop *op)
{
	put_u32(h, NFTA_CT_KEY, op->key);
	put_u32(h, op->code == KOP_CT_SET ? NFTA_CT_SREG : NFTA_CT_DREG, op->reg);
}

static void put_payload(struct nlmsghdr *h, const struct kop *op)
{
	put_u32(h, NFTA_PAYLOAD_DREG, op->reg);
	put_u32(h, NFTA_PAYLOAD_BASE, op->base);
	put_u32(h, NFTA_PAYLOAD_OFFSET, op->offset);
	put_u32(h, NFTA_PAYLOAD_LEN, op->len);
}

static void put_bitwise(struct nlmsghdr *h, const struct kop *op)
{
	put_u32(h, NFTA_BITWISE_SREG, op->reg);
	put_u32(h, NFTA_BITWISE_DREG, op->reg);
	put_u32(h, NFTA_BITWISE_LEN, op->len);
	put_value(h, NFTA_BITWISE_MASK, op->data, op->len);
	put_value(h, NFTA_BITWISE_XOR, op->data2, op->len);
}

static void put_shift(struct nlmsghdr *h, const struct kop *op)
{
	put_u32(h, NFTA_BITWISE_SREG, op->reg);
	put_u32(h, NFTA_BITWISE_DREG, op->reg);
	put_u32(h, NFTA_BITWISE_LEN, sizeof(uint32_t));
	put_u32(h, NFTA_BITWISE_OP, NFT_BITWISE_RSHIFT);
	put_value(h, NFTA_BITWISE_DATA, &op->offset, sizeof(op->offset));
}

static void put_cmp(struct nlmsghdr *h, const struct kop *op)
{
	put_u32(h, NFTA_CMP_SREG, op->reg);
	put_u32(h, NFTA_CMP_OP, op->equal ? NFT_CMP_EQ : NFT_CMP_NEQ);
	put_value(h, NFTA_CMP_DATA, op->data, op->len);
}

static void put_range(struct nlmsghdr *h, const struct kop *op)
{
	put_u32(h, NFTA_RANGE_SREG, op->reg);
	put_u32(h, NFTA_RANGE_OP, op->equal ? NFT_RANGE_EQ : NFT_RANGE_NEQ);
	put_value(h, NFTA_RANGE_FROM_DATA, op->data, op->len);
	put_value(h, NFTA_RANGE_TO_DATA, op->data2, op->len);
}

/* op->offset says here whether the set is a map: see put_op(). */
static void put_lookup(struct nlmsghdr *h, const struct kop *op)
{
	put_text(h, NFTA_LOOKUP_SET, op->name);
	put_u32(h, NFTA_LOOKUP_SREG, op->reg);
	if (op->offset)
		put_u32(h, NFTA_LOOKUP_DREG, op->dreg);
	if (!op->equal)
		put_u32(h, NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
}

static void put_dynset(struct nlmsghdr *h, const struct kop *op)
{
	put_text(h, NFTA_DYNSET_SET_NAME, op->name);
	put_u32(h, NFTA_DYNSET_OP,
		op->code == KOP_REMEMBER ? NFT_DYNSET_OP_UPDATE : NFT_DYNSET_OP_DELETE);
	put_u32(h, NFTA_DYNSET_SREG_KEY, op->reg);
	/* Of a map the kernel wants one even to forget. */
	if (op->offset)
		put_u32(h, NFTA_DYNSET_SREG_DATA, op->dreg ? op->dreg : op->reg);
}

static void put_immediate(struct nlmsghdr *h, const struct kop *op)
{
	put_u32(h, NFTA_IMMEDIATE_DREG, op->reg);
	if (op->code == KOP_VERDICT)
		put_verdict(h, NFTA_IMMEDIATE_DATA, op->verdict, op->name);
	else
		put_value(h, NFTA_IMMEDIATE_DATA, op->data, op->len);
}

static void put_numgen(struct nlmsghdr *h, const struct kop *op)
{
	put_u32(h, NFTA_NG_DREG, op->reg);
	put_u32(h, NFTA_NG_MODULUS, op->modulus);
	put_u32(h, NFTA_NG_TYPE, NFT_NG_INCREMENTAL);
	put_u32(h, NFTA_NG_OFFSET, op->offset);
}

static void put_hash(struct nlmsghdr *h, const struct kop *op)
{
	put_u32(h, NFTA_HASH_SREG, op->reg);
	put_u32(h, NFTA_HASH_DREG, op->dreg);
	put_u32(h, NFTA_HASH_LEN, op->len);
	put_u32(h, NFTA_HASH_MODULUS, op->modulus);
	put_u32(h, NFTA_HASH_OFFSET, op->offset);
	put_u32(h, NFTA_HASH_TYPE, NFT_HASH_JENKINS);
}

static void put_nat(struct nlmsghdr *h, const struct kop *op)
{
	put_u32(h, NFTA_NAT_TYPE, op->code == KOP_SNAT ? NFT_NAT_SNAT : NFT_NAT_DNAT);
	put_u32(h, NFTA_NAT_FAMILY, op->family == 6 ? NFPROTO_IPV6 : NFPROTO_IPV4);
	put_u32(h, NFTA_NAT_REG_ADDR_MIN, op->reg);
	if (op->dreg)
		put_u32(h, NFTA_NAT_REG_PROTO_MIN, op->dreg);
}

static void put_snat_prefix(struct nlmsghdr *h, const struct kop *op)
{
	put_u32(h, NFTA_NAT_TYPE, NFT_NAT_SNAT);
	put_u32(h, NFTA_NAT_FAMILY, op->family == 6 ? NFPROTO_IPV6 : NFPROTO_IPV4);
	put_u32(h, NFTA_NAT_REG_ADDR_MIN, op->reg);
	put_u32(h, NFTA_NAT_REG_ADDR_MAX, op->dreg);
	put_u32(h, NFTA_NAT_FLAGS, NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_NETMAP);
}

static void put_reject(struct nlmsghdr *h, const struct kop *op)
{
	put_u32(h, NFTA_REJECT_TYPE, op->tcp_reset ? NFT_REJECT_TCP_RST : NFT_REJECT_ICMPX_UNREACH);
	if (!op->tcp_reset)
		mnl_attr_put_u8(h, NFTA_REJECT_ICMP_CODE, NFT_REJECT_ICMPX_ADMIN_PROHIBITED);
}

static void put_rt(struct nlmsghdr *h, const struct kop *op)
{
	put_u32(h, NFTA_RT_DREG, op->reg);
	put_u32(h, NFTA_RT_KEY, NFT_RT_TCPMSS);
}

static void put_byteorder(struct nlmsghdr *h, const struct kop *op)
{
	put_u32(h, NFTA_BYTEORDER_SREG, op->reg);
	put_u32(h, NFTA_BYTEORDER_DREG, op->reg);
	put_u32(h, NFTA_BYTEORDER_OP, NFT_BYTEORDER_HTON);
	put_u32(h, NFTA_BYTEORDER_LEN, 2);
	put_u32(h, NFTA_BYTEORDER_SIZE, 2);
}

/* RFC 9293 3.2: the option of kind 2; its value is behind kind and length. */
static void put_maxseg(struct nlmsghdr *h, const struct kop *op)
{
	put_u32(h, NFTA_EXTHDR_SREG, op->reg);
	mnl_attr_put_u8(h, NFTA_EXTHDR_TYPE, 2);
	put_u32(h, NFTA_EXTHDR_OFFSET, 2);
	put_u32(h, NFTA_EXTHDR_LEN, 2);
	put_u32(h, NFTA_EXTHDR_OP, NFT_EXTHDR_OP_TCPOPT);
}

static void put_offload(struct nlmsghdr *h, const struct kop *op)
{
	(void)op;
	mnl_attr_put_strz(h, NFTA_FLOW_TABLE_NAME, FLOWTABLE);
}

/* op->data and op->data2 hold here what it begins with: see put_op(). */
static void put_counter(struct nlmsghdr *h, const struct kop *op)
{
	struct kernel_count start = {0};

	memcpy(&start.packets, op->data, sizeof(start.packets));
	memcpy(&start.octets, op->data2, sizeof(start.octets));
	put_count(h, &start);
}

static void put_nothing(struct nlmsghdr *h, const struct kop *op)
{
	(void)h;
	(void)op;
}

static const struct {
	const char *name;
	put_step *put;
} steps[] = {
	[KOP_META_LOAD] = {"meta", put_meta},
	[KOP_META_SET] = {"meta", put_meta},
	[KOP_CT_LOAD] = {"ct", put_ct},
	[KOP_CT_SET] = {"ct", put_ct},
	[KOP_PAYLOAD] = {"payload", put_payload},
	[KOP_BITWISE] = {"bitwise", put_bitwise},
	[KOP_SHIFT] = {"bitwise", put_shift},
	[KOP_CMP] = {"cmp", put_cmp},
	[KOP_RANGE] = {"range", put_range},
	[KOP_LOOKUP] = {"lookup", put_lookup},
	[KOP_REMEMBER] = {"dynset", put_dynset},
	[KOP_FORGET] = {"dynset", put_dynset},
	[KOP_IMMEDIATE] = {"immediate", put_immediate},
	[KOP_NUMGEN] = {"numgen", put_numgen},
	[KOP_HASH] = {"hash", put_hash},
	[KOP_VERDICT] = {"immediate", put_immediate},
	[KOP_SNAT] = {"nat", put_nat},
	[KOP_DNAT] = {"nat", put_nat},
	[KOP_SNAT_PREFIX] = {"nat", put_snat_prefix},
	[KOP_MASQUERADE] = {"masq", put_nothing},
	[KOP_REJECT] = {"reject", put_reject},
	[KOP_COUNTER] = {"counter", put_counter},
	[KOP_MSS_LOAD] = {"rt", put_rt},
	[KOP_HTONS] = {"byteorder", put_byteorder},
	[KOP_MSS_SET] = {"exthdr", put_maxseg},
	[KOP_OFFLOAD] = {"flow_offload", put_offload},
};

static void put_op(struct kernel_linux *k, struct nlmsghdr *h, const struct kernel_state *s,
	const struct krule *r, const struct kop *op)
{
	struct nlattr *elem = mnl_attr_nest_start(h, NFTA_LIST_ELEM), *data;
	struct kop copy = *op;

	if (op->code == KOP_LOOKUP || op->code == KOP_REMEMBER || op->code == KOP_FORGET) {
		const struct kset *set = kernel_state_set(s, op->name);

		copy.offset = set && set->data;
	}
	if (op->code == KOP_COUNTER) {
		struct kernel_count start = counts_take(&k->counts, r->comment);

		memcpy(copy.data, &start.packets, sizeof(start.packets));
		memcpy(copy.data2, &start.octets, sizeof(start.octets));
	}
	mnl_attr_put_strz(h, NFTA_EXPR_NAME, steps[op->code].name);
	data = mnl_attr_nest_start(h, NFTA_EXPR_DATA);
	steps[op->code].put(h, &copy);
	mnl_attr_nest_end(h, data);
	mnl_attr_nest_end(h, elem);
}

static void put_rule(struct kernel_linux *k, const struct kernel_state *s, const struct kchain *c,
	const struct krule *r)
{
	struct nlmsghdr *h = put_message(k, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	struct nlattr *list;

	mnl_attr_put_strz(h, NFTA_RULE_TABLE, KSTATE_NFT_TABLE);
	put_text(h, NFTA_RULE_CHAIN, c->name);
	list = mnl_attr_nest_start(h, NFTA_RULE_EXPRESSIONS);
	for (size_t i = 0; i < r->nops; i++)
		put_op(k, h, s, r, &r->ops[i]);
	mnl_attr_nest_end(h, list);
	put_comment(h, NFTA_RULE_USERDATA, r->comment);
	end_message(k, h);
}

/* ---- tables and chains ---- */

static void put_chain(struct kernel_linux *k, const struct kchain *c)
{
	struct nlmsghdr *h = put_message(k, NFT_MSG_NEWCHAIN, NLM_F_CREATE);

	mnl_attr_put_strz(h, NFTA_CHAIN_TABLE, KSTATE_NFT_TABLE);
	put_text(h, NFTA_CHAIN_NAME, c->name);
	if (c->type.n) {
		struct nlattr *hook = mnl_attr_nest_start(h, NFTA_CHAIN_HOOK);

		put_u32(h, NFTA_HOOK_HOOKNUM, c->hook);
		put_u32(h, NFTA_HOOK_PRIORITY, (uint32_t)c->priority);
		mnl_attr_nest_end(h, hook);
		put_u32(h, NFTA_CHAIN_POLICY, c->drop ? NF_DROP : NF_ACCEPT);
		put_text(h, NFTA_CHAIN_TYPE, c->type);
	}
	end_message(k, h);
}

static void put_table(struct kernel_linux *k, unsigned type, struct str comment)
{
	struct nlmsghdr *h = put_message(k, type, type == NFT_MSG_NEWTABLE ? NLM_F_CREATE : 0u);

	mnl_attr_put_strz(h, NFTA_TABLE_NAME, KSTATE_NFT_TABLE);
	put_comment(h, NFTA_TABLE_USERDATA, comment);
	end_message(k, h);
}

/* ---- the flowtable ----
 *
 * A kernel may not have them (nor the devices: then all is as without), and a device that goes
 * takes its hook with it.  So the table is made with the devices there are, read_table() looks
 * whether these are still the ones, and where the kernel refuses the table is made without. */

static bool device_exists(struct str name)
{
	char text[IF_NAMESIZE] = {0};

	if (name.n >= sizeof(text))
		return false;
	memcpy(text, name.at, name.n);
	return if_nametoindex(text) != 0;
}

static bool has_flowtables(const struct kernel_linux *k)
{
	return !(k->lacking & KFEATURE_FLOWTABLE);
}

static size_t devices_there(const struct kernel_linux *k, const struct kernel_state *s)
{
	size_t n = 0;

	for (size_t i = 0; has_flowtables(k) && i < s->naccelerated; i++)
		n += device_exists(s->accelerated[i]);
	return n;
}

static void put_flowtable(struct kernel_linux *k, const struct str *wanted, size_t n)
{
	struct nlmsghdr *h;
	struct nlattr *hook, *devices;

	h = put_message(k, NFT_MSG_NEWFLOWTABLE, NLM_F_CREATE);
	mnl_attr_put_strz(h, NFTA_FLOWTABLE_TABLE, KSTATE_NFT_TABLE);
	mnl_attr_put_strz(h, NFTA_FLOWTABLE_NAME, FLOWTABLE);
	hook = mnl_attr_nest_start(h, NFTA_FLOWTABLE_HOOK);
	put_u32(h, NFTA_FLOWTABLE_HOOK_NUM, NF_NETDEV_INGRESS);
	put_u32(h, NFTA_FLOWTABLE_HOOK_PRIORITY, 0);
	devices = mnl_attr_nest_start(h, NFTA_FLOWTABLE_HOOK_DEVS);
	for (size_t i = 0; i < n; i++)
		if (device_exists(wanted[i]))
			put_text(h, NFTA_DEVICE_NAME, wanted[i]);
	mnl_attr_nest_end(h, devices);
	mnl_attr_nest_end(h, hook);
	end_message(k, h);
}

static bool is_left_out(const struct kernel_linux *k, const struct krule *r)
{
	return !has_flowtables(k) && r->nops && r->ops[r->nops - 1].code == KOP_OFFLOAD;
}

static struct str fingerprint(const struct kernel_state *s, char text[40])
{
	int n = snprintf(
		text, 40, FINGERPRINT "%016llx", (unsigned long long)kernel_state_table_hash(s));

	return (struct str){text, (size_t)n};
}

enum fl_err nft_remove(struct kernel_linux *k, struct textbuf *why)
{
	if (!batch_begin(k)) {
		textbuf_printf(why, "nftables: out of memory");
		return FL_EFULL;
	}
	put_table(k, NFT_MSG_NEWTABLE, STR(""));
	put_table(k, NFT_MSG_DELTABLE, STR(""));
	return batch_commit(k, why);
}

/* ---- reading ---- */

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

static int read_set(
	struct kernel_linux *k, const struct kset *like, struct arena *mem, struct kset *out)
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

/* ---- changing ---- */

/* What the kernel has put into the dynamic maps of the table that is replaced, by set; NULL when
 * there is no memory, and then it is forgotten. */
static struct kset *read_dynamic(
	struct kernel_linux *k, const struct kernel_state *s, struct arena *mem)
{
	struct kset *kept = ARENA_NEWS(mem, struct kset, s->nsets);

	for (size_t i = 0; kept && i < s->nsets; i++) {
		size_t n = 0;

		kept[i] = (struct kset){0};
		if (!s->sets[i].dynamic || read_set(k, &s->sets[i], mem, &kept[i]) || mem->full)
			continue;
		for (size_t j = 0; j < kept[i].nelems; j++) {
			struct kelem e = kept[i].elems[j];

			if (e.expires_ms > s->sets[i].timeout_ms)
				e.expires_ms = s->sets[i].timeout_ms; /* more is refused */
			if (!s->sets[i].data ||
				(e.value < 32 && s->sets[i].values_kept & UINT32_C(1) << e.value))
				kept[i].elems[n++] = e;
		}
		kept[i].nelems = n;
	}
	return mem->full ? NULL : kept;
}

/* Deleting a table that may not be there: make it first. */
static void put_whole_table(
	struct kernel_linux *k, const struct kernel_state *s, const struct kset *kept)
{
	char text[40];

	put_table(k, NFT_MSG_NEWTABLE, STR(""));
	put_table(k, NFT_MSG_DELTABLE, STR(""));
	put_table(k, NFT_MSG_NEWTABLE, fingerprint(s, text));
	for (size_t i = 0; i < s->nsets; i++)
		put_set(k, &s->sets[i], (uint32_t)i + 1);
	if (s->naccelerated && has_flowtables(k))
		put_flowtable(k, s->accelerated, s->naccelerated);
	for (size_t i = 0; i < s->nchains; i++)
		put_chain(k, &s->chains[i]);
	for (size_t i = 0; i < s->nsets; i++) {
		const struct kset *from = s->sets[i].dynamic && kept ? &kept[i] : &s->sets[i];

		put_elems(k, NFT_MSG_NEWSETELEM, s->sets[i].name, from->elems, from->nelems);
	}
	for (size_t i = 0; i < s->nchains; i++)
		for (size_t j = 0; j < s->chains[i].nrules; j++)
			if (!is_left_out(k, &s->chains[i].rules[j]))
				put_rule(k, s, &s->chains[i], &s->chains[i].rules[j]);
}

/* A key whose value changes is deleted and added: the kernel refuses to overwrite it. */
static void put_changes(struct kernel_linux *k, const struct kernel_diff *diff)
{
	for (size_t i = 0; i < diff->nsets; i++) {
		const struct kset_change *c = &diff->sets[i];

		put_elems(k, NFT_MSG_DELSETELEM, c->set, c->remove, c->nremove);
		put_elems(k, NFT_MSG_NEWSETELEM, c->set, c->add, c->nadd);
	}
}

static enum fl_err send_changes(struct kernel_linux *k, const struct kernel_diff *diff,
	const struct kset *kept, struct arena *mem, struct textbuf *why)
{
	k->counts = (struct counts){0};
	if (diff->replace_table && !diff->forget_counts)
		(void)counts_read(k, mem, &k->counts); /* there may be no table */
	if (!batch_begin(k)) {
		textbuf_printf(why, "nftables: out of memory");
		return FL_EFULL;
	}
	if (diff->replace_table)
		put_whole_table(k, diff->replace_table, kept);
	else
		put_changes(k, diff);
	return batch_commit(k, why);
}

/* One without a device, in a batch that does not end: a kernel that has flowtables may mind the
 * device, one that has none, the flowtable.  Nothing comes of it. */
bool nft_has_flowtables(struct kernel_linux *k)
{
	struct refusal r = {.batch = &k->batch};

	if (!batch_begin(k))
		return true; /* for all we know */
	put_table(k, NFT_MSG_NEWTABLE, STR(""));
	put_flowtable(k, NULL, 0);
	if (k->batch.full || mnl_socket_sendto(k->netfilter, k->batch.at, k->batch.n) < 0)
		return true;
	take_answers(k, &r);
	return r.error != ENOENT && r.error != EOPNOTSUPP;
}

enum fl_err nft_apply(struct kernel_linux *k, const struct kernel_diff *diff, struct textbuf *why)
{
	const struct kset *kept = NULL;
	const struct textbuf all = *why;
	struct arena mem;
	enum fl_err err;

	if (!diff->replace_table && !diff->nsets)
		return FL_OK;
	arena_init(&mem, k->memory);
	if (diff->replace_table)
		kept = read_dynamic(k, diff->replace_table, &mem);
	err = send_changes(k, diff, kept, &mem, why);
	if (err && diff->replace_table && diff->replace_table->naccelerated && has_flowtables(k)) {
		k->lacking |= KFEATURE_FLOWTABLE;
		*why = all;
		err = send_changes(k, diff, kept, &mem, why);
		if (err)
			k->lacking &= ~KFEATURE_FLOWTABLE;
		else
			log_printf(k->log, LOG_LEVEL_WARNING,
				"this kernel refuses a flowtable of these devices: established "
				"connections go through the rules, as without \"forwarding "
				"flowtable\"");
	}
	k->counts = (struct counts){0};
	arena_reset(&mem);
	return err;
}
