/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Forgetting connections, and telling their clients.
 *
 * A UDP flow moves with its next packet.  A TCP client would only notice with its next packet, too,
 * and one that listens never: so each gets a kick, an ACK of its own connection with a sequence
 * number out of its window.  It answers with its true numbers (RFC 9293 3.10.7.4); that packet
 * belongs to no connection any more, and the forward chain answers it with a reset the client
 * believes.  Without, senders are told after 330-360 ms and listeners never.
 *
 * The kernel hands out the list of connections in parts; those of a part are deleted, and their
 * clients told, before the next is asked for: nobody waits for the end of a walk over the whole
 * table (some ms with 262,144 buckets, half a second with 100,000 connections).  What came
 * meanwhile, and what cannot be deleted one by one, goes by mark at the end: one message. */
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
#define PART_MAX   128   /* connections that are deleted together */
#define DELETE_MAX 160   /* octets of the message that deletes one */

/* The end of a TCP connection that is told, and what it takes for its peer. */
struct kick {
	struct ip_addr told, peer;
	uint16_t told_port, peer_port;
	uint32_t mark; /* that takes it there; 0: the main table does */
};

/* The inside end of a connection whose link is dead.  A published server is the source of the
 * replies, a masqueraded client that of the connection. Other connections are the router's own.
 * False: it has nobody to be told. */
static bool kick_inside(const struct kernel_flow *f, uint32_t status, struct kick *out)
{
	if (f->protocol != IPPROTO_TCP || !(status & (IPS_DST_NAT | IPS_SRC_NAT)))
		return false;
	*out = status & IPS_DST_NAT ? (struct kick){f->answers_from, f->answers_to,
					      f->answers_from_port, f->answers_to_port, 0}
				    : (struct kick){f->from, f->to, f->from_port, f->to_port, 0};
	return out->told.family && out->told.family == out->peer.family;
}

/* Who began it, wherever that is: over the link it came in by. */
static bool kick_client(const struct kernel_flow *f, struct kick *out)
{
	*out = (struct kick){f->from, f->to, f->from_port, f->to_port, f->mark};
	return f->protocol == IPPROTO_TCP && out->told.family &&
	       out->told.family == out->peer.family;
}

static int delete_by_mark(struct kernel_linux *k, uint32_t mark, uint8_t family)
{
	char request[256];
	struct nlmsghdr *h = netfilter_message(request, NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE,
		0, conntrack_family(family), 0);

	/* In version 0 a deletion is of all families, whatever it says. */
	((struct nfgenmsg *)mnl_nlmsg_get_payload(h))->version = 1;
	mnl_attr_put_u32(h, CTA_MARK, htonl(kstate_mark(k->mark_bits, mark)));
	mnl_attr_put_u32(h, CTA_MARK_MASK, htonl(k->mark_bits));
	return netfilter_ask(k, h, NULL, NULL);
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
	size_t n = ip_addr_size(c->told.family);
	uint32_t s = sum(c->told.b, n) + sum(c->peer.b, n) + sum(tcp, sizeof(*tcp)) +
		     htons(IPPROTO_TCP) + htons(sizeof(*tcp));

	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)~s;
}

static struct tcphdr kick_segment(const struct kick *c, uint32_t random)
{
	struct tcphdr tcp = {.source = htons(c->peer_port),
		.dest = htons(c->told_port),
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
	memcpy(&packet.ip.ip_dst, c->told.b, 4);
	memcpy(&to.sin_addr, c->told.b, 4);
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
	memcpy(&packet.ip.ip6_dst, c->told.b, 16);
	memcpy(&to.sin6_addr, c->told.b, 16);
	sendto(raw, &packet, sizeof(packet), MSG_DONTWAIT, (void *)&to, sizeof(to));
}

static void set_mark(struct kernel_linux *k, uint32_t mark)
{
	if (mark == k->raw_mark)
		return;
	k->raw_mark = mark;
	if (k->raw4 >= 0)
		setsockopt(k->raw4, SOL_SOCKET, SO_MARK, &mark, sizeof(mark));
	if (k->raw6 >= 0)
		setsockopt(k->raw6, SOL_SOCKET, SO_MARK, &mark, sizeof(mark));
}

static void send_kick(struct kernel_linux *k, const struct kick *c, uint32_t random)
{
	struct tcphdr tcp = kick_segment(c, random);

	set_mark(k, kstate_mark(k->mark_bits, c->mark));

	if (c->told.family == 4 && k->raw4 >= 0)
		kick_v4(k->raw4, c, &tcp);
	else if (c->told.family == 6 && k->raw6 >= 0)
		kick_v6(k->raw6, c, &tcp);
}

/* ---- a part of the list ---- */

struct flushing {
	struct kernel_linux *k;
	kernel_flow_each *meant; /* NULL: every one, and its inside end is told; else the client */
	void *meant_ctx;
	size_t n;
	uint32_t random; /* for sequence numbers nobody can foresee */
	size_t told;
	/* Of this part. */
	struct kick kicks[PART_MAX];
	size_t nkicks;
	uint8_t deletes[PART_MAX * DELETE_MAX]; /* messages, one behind another */
	size_t size;
};

/* Answers are only sent for what went wrong: it was gone already. */
static void end_part(struct flushing *f)
{
	if (!f->size)
		return;
	(void)mnl_socket_sendto(f->k->netfilter, f->deletes, f->size);
	netfilter_drop_answers(f->k);
	for (size_t i = 0; i < f->nkicks && f->told < KICKS_MAX; i++, f->told++)
		send_kick(f->k, &f->kicks[i], f->random += 0x9e3779b9u);
	f->size = f->nkicks = 0;
}

/* The number is that of this very connection: one that has come in its place stays. */
static void put_delete(struct flushing *f, const struct kernel_flow *flow, uint32_t id)
{
	struct nlmsghdr *h = netfilter_message(f->deletes + f->size, NFNL_SUBSYS_CTNETLINK,
		IPCTNL_MSG_CT_DELETE, 0, flow->from.family == 4 ? AF_INET : AF_INET6, 0);

	put_tuple(h, flow);
	mnl_attr_put_u32(h, CTA_ID, id);
	f->size += h->nlmsg_len; /* attributes are padded */
}

static int take_connection(const struct nlmsghdr *h, void *ctx)
{
	struct attrs t = netfilter_attrs(h);
	struct flushing *f = ctx;
	struct kick *kick = &f->kicks[f->nkicks];
	struct kernel_flow flow;
	uint32_t status = conntrack_take(f->k, h, &flow);

	if ((flow.protocol != IPPROTO_TCP && flow.protocol != IPPROTO_UDP) || !t.a[CTA_ID])
		return MNL_CB_OK; /* by mark, at the end */
	if (f->meant && !f->meant(f->meant_ctx, &flow))
		return MNL_CB_OK;
	put_delete(f, &flow, mnl_attr_get_u32(t.a[CTA_ID]));
	f->n++;
	if (f->meant ? kick_client(&flow, kick) : kick_inside(&flow, status, kick))
		f->nkicks++;
	if (f->size > sizeof(f->deletes) - DELETE_MAX)
		end_part(f);
	return MNL_CB_OK;
}

static void part_is_over(void *ctx)
{
	end_part(ctx);
}

static enum fl_err flush_by_list(
	struct flushing *f, uint32_t mark, uint8_t family, struct textbuf *why)
{
	enum fl_err err;

	if (getrandom(&f->random, sizeof(f->random), GRND_NONBLOCK) != sizeof(f->random))
		f->random = (uint32_t)(uintptr_t)f ^ f->k->seq;
	err = conntrack_list(f->k, mark, family, take_connection, part_is_over, f, why);
	end_part(f);
	return err;
}

/* Whatever goes wrong with the list, the connections are deleted by mark. */
enum fl_err conntrack_flush(
	struct kernel_linux *k, uint32_t mark, uint8_t family, struct textbuf *why)
{
	struct flushing f = {.k = k};
	char words[128];
	struct textbuf t = textbuf_of(words, sizeof(words));
	int e;

	if (flush_by_list(&f, mark, family, &t))
		log_printf(k->log, LOG_LEVEL_INFO,
			"connections with mark %u: not all clients are told: %s", mark, words);
	e = delete_by_mark(k, mark, family);
	if (e)
		textbuf_printf(why, "flushing connections with mark %u: %s", mark, strerror(e));
	return err_of_errno(e);
}

enum fl_err conntrack_cut(struct kernel_linux *k, kernel_flow_each *meant, void *meant_ctx,
	size_t *n, struct textbuf *why)
{
	struct flushing f = {.k = k, .meant = meant, .meant_ctx = meant_ctx};
	enum fl_err err = flush_by_list(&f, 0, 0, why);

	*n = f.n;
	return err;
}
