/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Forgetting the connections of a link, and telling their clients.
 *
 * The kernel deletes by mark itself: one message, whatever the number of connections.  A UDP flow
 * moves with its next packet.  A TCP client would only notice with its next packet, too, and one
 * that listens never: so each gets a kick, an ACK of its own connection with a sequence number out
 * of its window.  It answers with its true numbers (RFC 9293 3.10.7.4); that packet belongs to no
 * connection any more, and the forward chain answers it with a reset the client believes.  Without,
 * senders are told after 330-360 ms and listeners never.
 *
 * Both the list and the deletion are walks over the whole table of the kernel, some ms each with
 * 262,144 buckets.  Where they are few, the connections of the list are deleted one by one, so that
 * clients are told and flows move after the first walk; the second takes what came meanwhile. */
#include "kernel_parts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#define KICKS_MAX  16384 /* clients told; the others notice by themselves */
#define SINGLY_MAX 1024  /* connections that are deleted one by one */

/* The inside end of a TCP connection and what it takes for its peer. */
struct kick {
	struct ip_addr inside, peer;
	uint16_t inside_port, peer_port;
};

/* What the kernel knows a connection by. */
struct victim {
	struct kernel_flow flow;
	uint32_t id; /* as it came */
};

struct victims {
	struct kick kicks[KICKS_MAX];
	size_t nkicks;
	struct victim at[SINGLY_MAX];
	size_t n; /* all there are, also those that have no room */
};

/* A published server is the source of the replies, a masqueraded client that of the connection.
 * Other connections are the router's own.  False: it has nobody to be told. */
static bool kick_of(const struct kernel_flow *f, uint32_t status, struct kick *out)
{
	if (f->protocol != IPPROTO_TCP || !(status & (IPS_DST_NAT | IPS_SRC_NAT)))
		return false;
	*out = status & IPS_DST_NAT ? (struct kick){f->answers_from, f->answers_to,
					      f->answers_from_port, f->answers_to_port}
				    : (struct kick){f->from, f->to, f->from_port, f->to_port};
	return out->inside.family && out->inside.family == out->peer.family;
}

static int take_connection(const struct nlmsghdr *h, void *ctx)
{
	struct attrs t = netfilter_attrs(h);
	struct victims *v = ctx;
	struct victim one;
	uint32_t status = conntrack_take(h, &one.flow);

	one.id = t.a[CTA_ID] ? mnl_attr_get_u32(t.a[CTA_ID]) : 0;
	if (v->nkicks < KICKS_MAX && kick_of(&one.flow, status, &v->kicks[v->nkicks]))
		v->nkicks++;
	if (v->n < SINGLY_MAX)
		v->at[v->n] = one;
	v->n++;
	return MNL_CB_OK;
}

static int ask_by_mark(struct kernel_linux *k, unsigned type, unsigned flags, uint32_t mark,
	uint8_t family, mnl_cb_t each, void *ctx)
{
	static const uint8_t families[] = {[0] = AF_UNSPEC, [4] = AF_INET, [6] = AF_INET6};
	char request[256];
	struct nlmsghdr *h =
		netfilter_message(request, NFNL_SUBSYS_CTNETLINK, type, flags, families[family], 0);

	/* In version 0 a deletion is of all families, whatever it says. */
	((struct nfgenmsg *)mnl_nlmsg_get_payload(h))->version = 1;

	mnl_attr_put_u32(h, CTA_MARK, htonl(mark));
	mnl_attr_put_u32(h, CTA_MARK_MASK, htonl(KSTATE_MARK_MASK));
	return netfilter_ask(k, h, each, ctx);
}

/* The first message about connections loads it.  What it answers does not matter, nor whether. */
void conntrack_load(struct kernel_linux *k)
{
	char request[64];
	struct nlmsghdr *h = netfilter_message(
		request, NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET_STATS, 0, AF_UNSPEC, 0);

	(void)netfilter_ask(k, h, NULL, NULL);
}

/* ---- one connection ---- */

static void put_tuple(struct nlmsghdr *h, const struct kernel_flow *f)
{
	bool v4 = f->from.family == 4;
	struct nlattr *tuple = mnl_attr_nest_start(h, CTA_TUPLE_ORIG), *part;

	part = mnl_attr_nest_start(h, CTA_TUPLE_IP);
	mnl_attr_put(h, v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, v4 ? 4 : 16, f->from.b);
	mnl_attr_put(h, v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, v4 ? 4 : 16, f->to.b);
	mnl_attr_nest_end(h, part);
	part = mnl_attr_nest_start(h, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(h, CTA_PROTO_NUM, f->protocol);
	mnl_attr_put_u16(h, CTA_PROTO_SRC_PORT, htons(f->from_port));
	mnl_attr_put_u16(h, CTA_PROTO_DST_PORT, htons(f->to_port));
	mnl_attr_nest_end(h, part);
	mnl_attr_nest_end(h, tuple);
}

/* The number is that of this very connection: one that has come in its place stays.  Whatever goes
 * wrong, the deletion by mark follows. */
static void delete_one(struct kernel_linux *k, const struct victim *v)
{
	char request[512];
	struct nlmsghdr *h = netfilter_message(request, NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE,
		0, v->flow.from.family == 4 ? AF_INET : AF_INET6, 0);

	if (v->flow.protocol != IPPROTO_TCP && v->flow.protocol != IPPROTO_UDP)
		return;
	put_tuple(h, &v->flow);
	mnl_attr_put_u32(h, CTA_ID, v->id);
	(void)netfilter_ask(k, h, NULL, NULL);
}

/* ---- kicks ---- */

static uint32_t sum(const void *p, size_t n)
{
	uint32_t s = 0;

	for (size_t i = 0; i + 1 < n; i += 2) {
		uint16_t word;

		memcpy(&word, (const uint8_t *)p + i, 2);
		s += word;
	}
	return s;
}

static uint16_t checksum(const struct kick *c, const struct tcphdr *tcp)
{
	size_t n = ip_addr_size(c->inside.family);
	uint32_t s = sum(c->inside.b, n) + sum(c->peer.b, n) + sum(tcp, sizeof(*tcp)) +
		     htons(IPPROTO_TCP) + htons(sizeof(*tcp));

	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)~s;
}

static struct tcphdr kick_segment(const struct kick *c, uint32_t random)
{
	struct tcphdr tcp = {.source = htons(c->peer_port),
		.dest = htons(c->inside_port),
		.seq = random,
		.ack_seq = random * UINT32_C(2654435761),
		.doff = sizeof(tcp) / 4,
		.ack = 1,
		.window = htons(1024)};

	tcp.check = checksum(c, &tcp);
	return tcp;
}

static void kick_v4(int raw, const struct kick *c, const struct tcphdr *tcp)
{
	struct {
		struct ip ip;
		struct tcphdr tcp;
	} packet = {.ip = {.ip_v = 4,
			    .ip_hl = sizeof(struct ip) / 4,
			    .ip_len = htons(sizeof(packet)),
			    .ip_ttl = 64,
			    .ip_p = IPPROTO_TCP},
		.tcp = *tcp};
	struct sockaddr_in to = {.sin_family = AF_INET};

	memcpy(&packet.ip.ip_src, c->peer.b, 4);
	memcpy(&packet.ip.ip_dst, c->inside.b, 4);
	memcpy(&to.sin_addr, c->inside.b, 4);
	sendto(raw, &packet, sizeof(packet), MSG_DONTWAIT, (void *)&to, sizeof(to));
}

static void kick_v6(int raw, const struct kick *c, const struct tcphdr *tcp)
{
	struct {
		struct ip6_hdr ip;
		struct tcphdr tcp;
	} packet = {.tcp = *tcp};
	struct sockaddr_in6 to = {.sin6_family = AF_INET6};

	packet.ip.ip6_vfc = 6 << 4;
	packet.ip.ip6_plen = htons(sizeof(packet.tcp));
	packet.ip.ip6_nxt = IPPROTO_TCP;
	packet.ip.ip6_hlim = 64;
	memcpy(&packet.ip.ip6_src, c->peer.b, 16);
	memcpy(&packet.ip.ip6_dst, c->inside.b, 16);
	memcpy(&to.sin6_addr, c->inside.b, 16);
	sendto(raw, &packet, sizeof(packet), MSG_DONTWAIT, (void *)&to, sizeof(to));
}

static void send_kicks(const struct kernel_linux *k, const struct victims *v)
{
	uint32_t random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
		random = (uint32_t)(uintptr_t)v ^ k->seq;
	for (size_t i = 0; i < v->nkicks; i++) {
		const struct kick *c = &v->kicks[i];
		struct tcphdr tcp = kick_segment(c, random + (uint32_t)i * 0x9e3779b9u);

		if (c->inside.family == 4 && k->raw4 >= 0)
			kick_v4(k->raw4, c, &tcp);
		else if (c->inside.family == 6 && k->raw6 >= 0)
			kick_v6(k->raw6, c, &tcp);
	}
}

/* The list is only for speed and for kicks: whatever goes wrong with it, the connections are
 * flushed. */
static struct victims *list_victims(struct kernel_linux *k, uint32_t mark, uint8_t family)
{
	struct victims *v = k->memory->get(k->memory->ctx, sizeof(*v));

	if (!v)
		return NULL;
	v->n = v->nkicks = 0;
	if (ask_by_mark(k, IPCTNL_MSG_CT_GET, NLM_F_DUMP, mark, family, take_connection, v))
		log_printf(k->log, LOG_LEVEL_INFO,
			"connections with mark %u: not all clients are told", mark);
	return v;
}

enum fl_err conntrack_flush(
	struct kernel_linux *k, uint32_t mark, uint8_t family, struct textbuf *why)
{
	struct victims *v = list_victims(k, mark, family);
	bool singly = v && v->n <= SINGLY_MAX;
	int e;

	for (size_t i = 0; singly && i < v->n; i++)
		delete_one(k, &v->at[i]);
	if (singly)
		send_kicks(k, v);
	e = ask_by_mark(k, IPCTNL_MSG_CT_DELETE, 0, mark, family, NULL, NULL);
	if (e)
		textbuf_printf(why, "flushing connections with mark %u: %s", mark, strerror(e));
	else if (v && !singly)
		send_kicks(k, v);
	if (v)
		k->memory->put(k->memory->ctx, v, sizeof(*v));
	return err_of_errno(e);
}
