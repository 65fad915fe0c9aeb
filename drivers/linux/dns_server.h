/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_server.h - the sockets of the DNS worker: questions in, answers out, over UDP and TCP.
 *
 * It knows nothing of DNS but the length before a message on TCP (RFC 1035 4.2.2, RFC 7766) and
 * the TC bit it counts.  What a question is answered with is the answerer's business.
 * One thread a UDP socket set and one for all of TCP; no lock and no malloc per query. */
#ifndef FL_DNS_SERVER_H
#define FL_DNS_SERVER_H

#include "addr.h"
#include "bytes.h"
#include "dns_share.h"
#include "err.h"

/* The most octets in a UDP answer: 1232 passes every path unfragmented (DNS flag day 2020). */
#define DNS_SERVER_UDP_REPLY 1232
#define DNS_SERVER_TCP_REPLY 65535
#define DNS_SERVER_BATCH     32 /* questions taken at once */

struct dns_peer {
	struct ip_addr addr; /* who asks */
	bool tcp;
};

/* What a question is answered from; stays as it is for the length of one call. */
struct dns_serving {
	const void *image;    /* as dns_answerer.image_open made it */
	const uint8_t *state; /* the published state, aligned to 64 octets */
	size_t state_n;
	int64_t now_us; /* monotonic, as of the beginning of the batch */
	uint32_t wall;  /* seconds since 1970-01-01 UTC */
};

#define DNS_STREAM_REPLY 16384
#define DNS_STREAMS      16 /* at once */

enum dns_stream_start {
	DNS_STREAM_NO,   /* an ordinary question */
	DNS_STREAM_BAD,  /* gets no answer */
	DNS_STREAM_BEGUN /* stream_next() has the messages */
};

enum dns_stream_step { DNS_STREAM_MORE, DNS_STREAM_LAST, DNS_STREAM_LOST /* no message */ };

struct dns_answerer {
	size_t thread_size; /* octets of a thread's own memory, zeroed, aligned to 64 octets */
	size_t shared_size; /* octets that all threads share, likewise; 0: none */
	size_t image_size;  /* octets of an opened image, aligned to 64 octets */
	/* Counters in a thread's memory, 64 bits each: how many, and where.  What they were when a
	 * worker ended is there when thread_init() is called in the next one. */
	size_t counters_at, counters;
	void (*thread_init)(void *thread, void *shared, uint64_t seed);
	/* Check an image that has just arrived; not again if it is known to be `sound`.  It may
	 * keep pointers to `octets`.  `served` was opened before; NULL: none was. */
	enum fl_err (*image_open)(struct bytes octets, bool sound, const void *served, void *image);
	/* Read the messages of one batch, each into `query_size` octets (a multiple of 8) from
	 * `queries` on, and fetch the memory that their answers will need. */
	size_t query_size;
	void (*read)(const struct dns_serving *from, const struct bytes *messages, size_t n,
		void *queries);
	/* Answer one that was read.  False: no answer.  `reply` is empty; its capacity is what the
	 * transport can carry. */
	bool (*answer)(void *thread, const struct dns_serving *from, const struct dns_peer *to,
		void *query, struct buf *reply);

	/* Answers of many messages (zone transfers), over TCP alone; all NULL where there are none.
	 * A stream is `stream_size` octets, aligned to 64. */
	size_t stream_size;
	enum dns_stream_start (*stream_begin)(void *thread, const struct dns_serving *from,
		const struct dns_peer *to, struct bytes query, void *stream);
	/* Make the next message, of at most DNS_STREAM_REPLY octets. */
	enum dns_stream_step (*stream_next)(
		const struct dns_serving *from, void *stream, struct buf *reply);
};

/* Connections beyond a limit close the idlest one, of all or of that client's (an IPv6 client is
 * its /64). */
struct dns_tcp_limits {
	unsigned connections, per_client;
	unsigned idle_ms; /* a connection that completed no exchange for so long is closed */
};

#define DNS_TCP_LIMITS ((struct dns_tcp_limits){1000, 128, 10000})

/* Descriptors to listen on; -1: none. */
struct dns_sockets {
	size_t n; /* endpoints */
	int udp[DNS_ENDPOINTS_MAX][DNS_THREADS_MAX];
	int tcp[DNS_ENDPOINTS_MAX];
};

struct dns_server_conf {
	unsigned threads; /* 1..DNS_THREADS_MAX for UDP */
	const struct dns_answerer *answerer;
	const struct dns_state_page *state;
	struct dns_figures_page *figures;
	struct dns_tcp_limits tcp;
};

struct dns_server;

/* Starts the threads and waits until they are at work; nothing is read from a socket before there
 * is an image.  All memory is had here: what follows only maps and unmaps images.  FL_EIO: `errno`
 * says why. */
MUST_USE enum fl_err dns_server_open(struct dns_server **out, const struct dns_server_conf *conf);
void dns_server_close(struct dns_server *s);

/* A change is visible to every thread by the end of the batch of queries it works at.  Until the
 * last one has done so the server is busy and takes no other change. */
bool dns_server_busy(const struct dns_server *s);
/* Readable when the server may have stopped being busy; then call dns_server_settle(), which gives
 * up the descriptors and the image that nobody uses any more. */
int dns_server_event(const struct dns_server *s);
void dns_server_settle(struct dns_server *s);

/* FL_EAGAIN: busy.  The descriptors belong to the server from then on. */
MUST_USE enum fl_err dns_server_listen(struct dns_server *s, const struct dns_sockets *sockets);
/* `octets` were mapped by mmap(2) and belong to the server from then on.  FL_EAGAIN: busy; or the
 * answerer's verdict: the image before goes on being served. */
MUST_USE enum fl_err dns_server_image(struct dns_server *s, struct bytes octets, bool sound);

#endif
