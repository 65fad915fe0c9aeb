/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A batch is one transaction of nftables: the kernel takes all of it or nothing. */
#include "kernel_nft.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

enum {
	BATCH_ROOM = 128 * 1024, /* more than the longest message */
	ANSWER_SIZE = 32 * 1024
};

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

bool batch_begin(struct kernel_linux *k)
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

struct nlmsghdr *put_message(struct kernel_linux *k, unsigned type, unsigned flags)
{
	return netfilter_message(k->batch.at + k->batch.n, NFNL_SUBSYS_NFTABLES, type, flags,
		NFPROTO_INET, ++k->seq);
}

void end_message(struct kernel_linux *k, struct nlmsghdr *h)
{
	size_t at = (size_t)((uint8_t *)h - k->batch.at);

	k->batch.n += aligned(h);
	batch_reserve(&k->batch);
	k->batch.last = (struct nlmsghdr *)(void *)(k->batch.at + at);
}

void put_text(struct nlmsghdr *h, uint16_t type, struct str s)
{
	char zero_ended[256];
	size_t n = s.n < sizeof(zero_ended) ? s.n : sizeof(zero_ended) - 1;

	memcpy(zero_ended, s.at, n);
	zero_ended[n] = '\0';
	mnl_attr_put_strz(h, type, zero_ended);
}

void put_u32(struct nlmsghdr *h, uint16_t type, uint32_t v)
{
	mnl_attr_put_u32(h, type, htonl(v));
}

void put_u64(struct nlmsghdr *h, uint16_t type, uint64_t v)
{
	mnl_attr_put_u64(h, type, htobe64(v));
}

void put_value(struct nlmsghdr *h, uint16_t type, const void *data, size_t n)
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

enum fl_err batch_commit(struct kernel_linux *k, struct textbuf *why)
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

int batch_try(struct kernel_linux *k, uint32_t seq)
{
	struct refusal r = {.batch = &k->batch};

	if (k->batch.full || mnl_socket_sendto(k->netfilter, k->batch.at, k->batch.n) < 0)
		return 0;
	take_answers(k, &r);
	return (int32_t)(r.seq - seq) > 0 ? r.error : 0;
}
