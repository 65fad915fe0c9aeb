/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_plan.h - what the threads of the DNS worker serve, and how a new plan replaces the old one.
 * Only for dns_server.c and dns_tcp.c.
 *
 * A plan does not change once it is published.  Each thread looks for a newer one between two
 * batches of queries, a quiescent state, and says which one it has adopted; when the last thread
 * has adopted the new plan, what only the old one held is given up.  A reader pays one load a
 * batch. */
#ifndef FL_DNS_PLAN_H
#define FL_DNS_PLAN_H

#include "dns_server.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>

struct dns_plan {
	uint32_t number; /* rises by one with every plan */
	bool has_image;
	struct bytes octets; /* the mapping the image lies in */
	void *image;         /* opened; answerer.image_size octets */
	struct dns_sockets sockets;
};

/* One thread; the last one is TCP's, the others are UDP's. */
struct dns_thread {
	struct dns_server *server;
	unsigned index;
	int epoll;                 /* TCP's alone */
	int wake;                  /* an eventfd that ends a wait */
	const struct dns_plan *at; /* adopted */
	_Atomic uint32_t adopted;  /* its number */
	/* What the thread waits for: `wake`, and the sockets of the plan. */
	struct pollfd watched[1 + DNS_ENDPOINTS_MAX];
	size_t nwatched;
	const struct dns_answerer *answerer;
	void *own;        /* the answerer's memory */
	uint8_t *queries; /* its questions, as read: DNS_SERVER_BATCH of them */
	struct dns_figures_slot *figures;
	struct dns_serving serving;
	struct dns_state_copy state;
	pthread_t thread;
};

/* What a batch adds to the figures; written out once a batch. */
struct dns_tally {
	unsigned queries, replies, dropped, truncated;
};

/* Tags of epoll events: a descriptor of the plan carries its number below these. */
#define DNS_TAG_WAKE       UINT64_MAX
#define DNS_TAG_CONNECTION (UINT64_C(1) << 32) /* plus the connection's place */

/* Take what woke the thread up, so that it can sleep again. */
void dns_thread_woken(struct dns_thread *t);

/* `n` zeroed octets in pages of their own, or NULL. */
void *dns_pages(size_t n);
void dns_pages_free(void *at, size_t n);

/* `from` holds a sockaddr_in or a sockaddr_in6. */
struct dns_peer dns_peer_of(const struct sockaddr_in6 *from, bool tcp);

/* The body of the TCP thread; its memory is made beforehand. */
struct dns_tcp;
struct dns_tcp *dns_tcp_new(struct dns_thread *t, const struct dns_tcp_limits *limits);
void dns_tcp_run(struct dns_tcp *tcp);
void dns_tcp_free(struct dns_tcp *tcp);

/* Adopt the plan that is current.  False: the server ends. */
bool dns_thread_adopt(struct dns_thread *t);
/* A batch of questions has come in: look at the published state. */
void dns_thread_begin(struct dns_thread *t);
/* Have `n` messages read, at most DNS_SERVER_BATCH, and then ask the answerer about each by its
 * place `i` among them.  False: no answer. */
void dns_thread_read(struct dns_thread *t, const struct bytes *messages, size_t n);
bool dns_thread_answer(struct dns_thread *t, const struct dns_peer *to, size_t i, struct buf *reply,
	struct dns_tally *tally);
/* Ask it for an answer of many messages; `stream` NULL: no room for one is left. */
enum dns_stream_start dns_thread_stream(struct dns_thread *t, const struct dns_peer *to,
	struct bytes query, void *stream, struct dns_tally *tally);
void dns_thread_end(struct dns_thread *t, const struct dns_tally *tally);

#endif
