/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Netfilter's messages: one is sent, its answers are taken.  netlink answers before sendto()
 * returns, so that sockets never block. */
#include "kernel_parts.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>

enum { ANSWER_SIZE = 32 * 1024 };

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
