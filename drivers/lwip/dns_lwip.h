/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_lwip.h - questions in, answers out, over UDP and TCP on every leg.
 *
 * An answer leaves by the leg and from the address that the question came to.  What a question is
 * answered with is the answerer's business; it is called from within wait(). */
#ifndef FL_DNS_LWIP_H
#define FL_DNS_LWIP_H

#include "stack_lwip.h"

#define DNS_LWIP_CONNECTIONS CONFIG_DNS_TCP_CONNECTIONS
#define DNS_LWIP_UDP_REPLY   1232
#define DNS_LWIP_TCP_REPLY   2048
#define DNS_LWIP_WAITING     1024 /* octets of questions that may wait on one connection */
#define DNS_LWIP_IDLE        sec(10)

struct dns_lwip_answerer {
	void *ctx;
	/* False: no answer.  `reply` is empty; its capacity is what the transport can carry. */
	bool (*answer)(void *ctx, const struct ip_addr *from, bool tcp, struct bytes query,
		struct buf *reply);
};

struct dns_lwip_figures {
	uint64_t queries, replies, dropped, tcp, truncated, unsent;
	uint64_t connections, pushed_out; /* of these: to make room for another */
};

struct dns_lwip;
struct tcp_pcb;
struct udp_pcb;

struct dns_connection {
	struct dns_lwip *dns;
	struct tcp_pcb *pcb; /* NULL: free */
	mtime since;         /* of the last whole exchange */
	bool ending;
	size_t n;
	uint8_t waiting[DNS_LWIP_WAITING];
};

struct dns_lwip {
	struct stack_lwip *stack;
	struct dns_lwip_answerer answerer;
	struct udp_pcb *udp;
	struct tcp_pcb *listener;
	struct dns_connection connection[DNS_LWIP_CONNECTIONS];
	uint8_t reply[2 + DNS_LWIP_TCP_REPLY];
	struct dns_lwip_figures figures;
};

/* Takes questions on port 53 of every address of every leg from now on.  `d` must not move.
 * FL_EFULL: the stack has no place left. */
MUST_USE enum fl_err dns_lwip_open(
	struct dns_lwip *d, struct stack_lwip *s, const struct dns_lwip_answerer *answerer);

#endif
