/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listing connections.  Over a socket of its own: who has seen enough closes it, and the kernel
 * stops; nothing of a long list is left in the way of the next switch. */
#include "kernel_parts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <string.h>
#include <sys/socket.h>

enum { ANSWER_SIZE = 64 * 1024 };

static struct ip_addr take_addr(const struct attrs *ip, int v4, int v6)
{
	const struct nlattr *from = ip->a[v4] ? ip->a[v4] : ip->a[v6];
	struct ip_addr a = {.family = ip->a[v4] ? 4 : ip->a[v6] ? 6 : 0};

	if (from && mnl_attr_get_payload_len(from) >= ip_addr_size(a.family))
		memcpy(a.b, mnl_attr_get_payload(from), ip_addr_size(a.family));
	return a;
}

static uint16_t take_port(const struct nlattr *a)
{
	return a && mnl_attr_get_payload_len(a) >= 2 ? ntohs(mnl_attr_get_u16(a)) : 0;
}

/* One direction; returns the protocol. */
static uint8_t take_tuple(const struct nlattr *tuple, struct ip_addr *from, uint16_t *from_port,
	struct ip_addr *to, uint16_t *to_port)
{
	struct attrs t = nested_attrs(tuple), ip = nested_attrs(t.a[CTA_TUPLE_IP]);
	struct attrs proto = nested_attrs(t.a[CTA_TUPLE_PROTO]);

	*from = take_addr(&ip, CTA_IP_V4_SRC, CTA_IP_V6_SRC);
	*to = take_addr(&ip, CTA_IP_V4_DST, CTA_IP_V6_DST);
	*from_port = take_port(proto.a[CTA_PROTO_SRC_PORT]);
	*to_port = take_port(proto.a[CTA_PROTO_DST_PORT]);
	return proto.a[CTA_PROTO_NUM] ? mnl_attr_get_u8(proto.a[CTA_PROTO_NUM]) : 0;
}

static uint32_t take_u32(const struct nlattr *a)
{
	return a && mnl_attr_get_payload_len(a) >= 4 ? ntohl(mnl_attr_get_u32(a)) : 0;
}

uint32_t conntrack_take(
	const struct kernel_linux *k, const struct nlmsghdr *h, struct kernel_flow *out)
{
	struct attrs t = netfilter_attrs(h);
	uint32_t status = take_u32(t.a[CTA_STATUS]);

	*out = (struct kernel_flow){
		.mark = kstate_mark_number(k->mark_bits, take_u32(t.a[CTA_MARK])),
		.seconds = take_u32(t.a[CTA_TIMEOUT]),
		.answered = status & IPS_SEEN_REPLY};
	out->protocol = take_tuple(
		t.a[CTA_TUPLE_ORIG], &out->from, &out->from_port, &out->to, &out->to_port);
	take_tuple(t.a[CTA_TUPLE_REPLY], &out->answers_from, &out->answers_from_port,
		&out->answers_to, &out->answers_to_port);
	return status;
}

/* ---- the list ---- */

uint8_t conntrack_family(uint8_t family)
{
	return family == 4 ? AF_INET : family == 6 ? AF_INET6 : AF_UNSPEC;
}

static int ask_for_list(
	const struct kernel_linux *k, struct mnl_socket *s, uint32_t mark, uint8_t family)
{
	char request[256];
	struct nlmsghdr *h = netfilter_message(request, NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET,
		NLM_F_DUMP, conntrack_family(family), 1);

	if (mark) {
		mnl_attr_put_u32(h, CTA_MARK, htonl(kstate_mark(k->mark_bits, mark)));
		mnl_attr_put_u32(h, CTA_MARK_MASK, htonl(k->mark_bits));
	}
	return mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0 ||
			       mnl_socket_sendto(s, h, h->nlmsg_len) < 0
		       ? errno
		       : 0;
}

static int take_list(struct mnl_socket *s, mnl_cb_t each, void (*after_part)(void *ctx), void *ctx)
{
	char answer[ANSWER_SIZE];
	int more = MNL_CB_OK;

	while (more == MNL_CB_OK) {
		ssize_t n = mnl_socket_recvfrom(s, answer, sizeof(answer));

		if (n < 0)
			return errno;
		errno = 0;
		more = mnl_cb_run(answer, (size_t)n, 1, mnl_socket_get_portid(s), each, ctx);
		if (more == MNL_CB_ERROR)
			return errno;
		if (after_part)
			after_part(ctx);
	}
	return 0;
}

enum fl_err conntrack_list(const struct kernel_linux *k, uint32_t mark, uint8_t family,
	mnl_cb_t each, void (*after_part)(void *ctx), void *ctx, struct textbuf *why)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	int e = s ? ask_for_list(k, s, mark, family) : errno;

	if (!e)
		e = take_list(s, each, after_part, ctx);
	if (e)
		textbuf_printf(why, "listing connections: %s", strerror(e));
	if (s)
		mnl_socket_close(s);
	return err_of_errno(e);
}

struct listing {
	const struct kernel_linux *k;
	kernel_flow_each *each;
	void *ctx;
};

static int take_flow(const struct nlmsghdr *h, void *ctx)
{
	struct listing *l = ctx;
	struct kernel_flow f;

	conntrack_take(l->k, h, &f);
	return l->each(l->ctx, &f) ? MNL_CB_OK : MNL_CB_STOP;
}

enum fl_err conntrack_flows(const struct kernel_linux *k, uint32_t mark, kernel_flow_each *each,
	void *each_ctx, struct textbuf *why)
{
	struct listing l = {k, each, each_ctx};

	return conntrack_list(k, mark, 0, take_flow, NULL, &l, why);
}
