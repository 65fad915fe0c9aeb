/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel asks: it has the state machine (RFC 4861 7.3, which Linux uses for ARP as well), and
 * what it finds is what its packets go by.  To ask is to look up the entry first.  One that is
 * known goes to the state PROBE, which sends a request at once and up to three in all, a second
 * apart; one that is not is looked for as if a packet were to be sent.  A fixed entry (PERMANENT,
 * NOARP) is left alone: it would lose its address.
 *
 * One socket hears the answers to look-ups and the notices of changes.  Those of hosts that nobody
 * asked about are dropped here: a LAN has many. */
#include "neighbours_linux.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

enum { WATCHED_MAX = 4 * FL_LINKS_MAX };

struct watched {
	char interface[IF_NAMESIZE]; /* empty: free */
	unsigned index;
	struct ip_addr addr;
	uint32_t seq; /* of the look-up under way; 0: none */
};

struct neighbours_linux {
	struct loop *loop;
	struct mnl_socket *socket;
	struct loop_source source;
	uint32_t seq;
	struct watched watched[WATCHED_MAX];
	size_t oldest; /* is given up when all are taken */
};

/* ---- to the kernel ---- */

static void send_about(
	struct neighbours_linux *n, const struct watched *w, struct nlmsghdr *h, struct ndmsg what)
{
	struct ndmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	*m = what;
	m->ndm_family = w->addr.family == 4 ? AF_INET : AF_INET6;
	m->ndm_ifindex = (int)w->index;
	mnl_attr_put(h, NDA_DST, w->addr.family == 4 ? 4 : 16, w->addr.b);
	/* Where it cannot be sent nothing is learnt, and the caller asks again. */
	(void)!mnl_socket_sendto(n->socket, h, h->nlmsg_len);
}

static void look_up(struct neighbours_linux *n, struct watched *w)
{
	char buffer[256];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);

	n->seq = n->seq == UINT32_MAX ? 1 : n->seq + 1;
	w->seq = n->seq;
	h->nlmsg_type = RTM_GETNEIGH;
	h->nlmsg_flags = NLM_F_REQUEST;
	h->nlmsg_seq = w->seq;
	send_about(n, w, h, (struct ndmsg){0});
}

static void probe(struct neighbours_linux *n, struct watched *w)
{
	char buffer[256];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);

	h->nlmsg_type = RTM_NEWNEIGH;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_REPLACE;
	send_about(n, w, h, (struct ndmsg){.ndm_state = NUD_PROBE});
}

/* As if a packet were to go there. */
static void resolve(struct neighbours_linux *n, struct watched *w)
{
	char buffer[256];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);

	h->nlmsg_type = RTM_NEWNEIGH;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE;
	send_about(n, w, h, (struct ndmsg){.ndm_flags = NTF_USE});
}

/* ---- from the kernel ---- */

static void tell(struct neighbours_linux *n, const struct watched *w, bool alive)
{
	loop_post(n->loop, &(struct io_event){.kind = IO_NEIGHBOUR,
				   .at = loop_now(n->loop),
				   .interface = str_of(w->interface),
				   .from = w->addr,
				   .alive = alive});
}

/* The answer to a look-up: what to do about this entry? */
static void looked_up(struct neighbours_linux *n, struct watched *w, uint16_t state)
{
	w->seq = 0;
	if (state & (NUD_PERMANENT | NUD_NOARP))
		return;
	if (state & (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE))
		probe(n, w);
	else
		resolve(n, w);
}

static int read_destination(const struct nlattr *attr, void *data)
{
	struct ip_addr *a = data;
	size_t n = mnl_attr_get_payload_len(attr);

	if (mnl_attr_get_type(attr) == NDA_DST && n == (a->family == 4 ? 4U : 16U))
		memcpy(a->b, mnl_attr_get_payload(attr), n);
	return MNL_CB_OK;
}

static struct watched *find(struct neighbours_linux *n, unsigned index, const struct ip_addr *addr)
{
	for (size_t i = 0; i < WATCHED_MAX; i++)
		if (n->watched[i].interface[0] && n->watched[i].index == index &&
			ip_addr_eq(&n->watched[i].addr, addr))
			return &n->watched[i];
	return NULL;
}

static int take_message(const struct nlmsghdr *h, void *data)
{
	const struct ndmsg *m = mnl_nlmsg_get_payload(h);
	struct neighbours_linux *n = data;
	struct ip_addr addr = {0};
	struct watched *w;

	if (h->nlmsg_type != RTM_NEWNEIGH ||
		(m->ndm_family != AF_INET && m->ndm_family != AF_INET6))
		return MNL_CB_OK;
	addr.family = m->ndm_family == AF_INET ? 4 : 6;
	mnl_attr_parse(h, sizeof(*m), read_destination, &addr);
	w = find(n, (unsigned)m->ndm_ifindex, &addr);
	if (!w)
		return MNL_CB_OK;
	if (w->seq && h->nlmsg_seq == w->seq)
		looked_up(n, w, m->ndm_state);
	else if (m->ndm_state & (NUD_REACHABLE | NUD_FAILED))
		tell(n, w, m->ndm_state & NUD_REACHABLE);
	return MNL_CB_OK;
}

/* "There is no such entry", to a look-up. */
static int take_error(const struct nlmsghdr *h, void *data)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);
	struct neighbours_linux *n = data;

	for (size_t i = 0; i < WATCHED_MAX; i++) {
		struct watched *w = &n->watched[i];

		if (!w->seq || h->nlmsg_seq != w->seq)
			continue;
		w->seq = 0;
		if (e->error == -ENOENT)
			resolve(n, w);
	}
	return MNL_CB_OK;
}

static void ready(void *ctx, uint32_t events)
{
	mnl_cb_t control[NLMSG_MIN_TYPE] = {[NLMSG_ERROR] = take_error};
	struct neighbours_linux *n = ctx;
	char buffer[16384];
	ssize_t got;

	(void)events;
	/* Notices that overran are lost: whoever wants to know asks again. */
	while ((got = mnl_socket_recvfrom(n->socket, buffer, sizeof(buffer))) > 0)
		mnl_cb_run2(buffer, (size_t)got, 0, 0, take_message, n, control, NLMSG_MIN_TYPE);
}

/* ---- the driver ---- */

static struct watched *keep(struct neighbours_linux *n, const char *interface, unsigned index,
	const struct ip_addr *addr)
{
	struct watched *w = NULL;

	for (size_t i = 0; !w && i < WATCHED_MAX; i++)
		if (ip_addr_eq(&n->watched[i].addr, addr) &&
			strcmp(n->watched[i].interface, interface) == 0)
			w = &n->watched[i];
	for (size_t i = 0; !w && i < WATCHED_MAX; i++)
		if (!n->watched[i].interface[0])
			w = &n->watched[i];
	if (!w)
		w = &n->watched[n->oldest++ % WATCHED_MAX];
	*w = (struct watched){.index = index, .addr = *addr};
	strcpy(w->interface, interface);
	return w;
}

static void ask(void *ctx, struct str interface, const struct ip_addr *addr)
{
	struct neighbours_linux *n = ctx;
	char name[IF_NAMESIZE] = "";
	unsigned index;

	if (interface.n == 0 || interface.n >= sizeof(name))
		return;
	memcpy(name, interface.at, interface.n);
	index = if_nametoindex(name);
	if (index)
		look_up(n, keep(n, name, index, addr));
}

enum fl_err neighbours_linux_open(struct neighbours *out, struct neighbours_linux **handle,
	struct loop *loop, struct textbuf *why)
{
	struct neighbours_linux *n = calloc(1, sizeof(*n));

	if (!n)
		return FL_EFULL;
	n->loop = loop;
	n->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (n->socket && mnl_socket_bind(n->socket, RTMGRP_NEIGH, MNL_SOCKET_AUTOPID) == 0) {
		n->source = (struct loop_source){mnl_socket_get_fd(n->socket), ready, n};
		if (loop_watch(loop, &n->source, EPOLLIN) == 0) {
			*out = (struct neighbours){n, ask};
			*handle = n;
			return FL_OK;
		}
	}
	textbuf_printf(why, "netlink for neighbours: %s", strerror(errno));
	neighbours_linux_close(n);
	return FL_EIO;
}

void neighbours_linux_close(struct neighbours_linux *n)
{
	if (n->source.ready)
		loop_forget(n->loop, &n->source);
	if (n->socket)
		mnl_socket_close(n->socket);
	free(n);
}
