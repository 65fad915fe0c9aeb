/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DNS over TCP, RFC 7766: any number of messages on a connection, each behind its length, in
 * pieces of any size, asked before the answers to earlier ones have come.
 *
 * What a client can take is bounded.  A connection owns 512 octets for the beginning of a message;
 * a longer beginning, and answers that its socket does not take at once, need one of a few large
 * slabs.  Where slabs or connections run out the idlest holder is closed.  A client that does not
 * read its answers is not read from either.  A stream, an answer of many messages, makes one of
 * them at a time, as fast as its client takes them; where all streams are in use the next one has
 * to ask again on a new connection.  Idle means: no exchange was completed, whatever trickles in;
 * so half a message holds its place no longer than silence does. */
#include "dns_plan.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SMALL       512         /* octets of a message's beginning in the connection itself */
#define READ_MAX    16384       /* octets read from one connection before the next one's turn */
#define MESSAGE_MAX (2 + 65535) /* with its length */
#define ANSWERS_MAX (16384 + MESSAGE_MAX) /* answers gathered for one send */
#define SLAB_SIZE   (MESSAGE_MAX + READ_MAX)
#define SLABS       64
#define ACCEPTS_MAX 64 /* new connections taken before the others have their turn */
#define NOBODY      UINT32_MAX

_Static_assert(SLAB_SIZE >= ANSWERS_MAX, "a slab holds what one send may leave over");

struct slab {
	struct slab *next;
	uint8_t octets[SLAB_SIZE];
};

struct stream {
	struct stream *next;
	_Alignas(64) uint8_t octets[]; /* the answerer's */
};

struct connection {
	int fd; /* -1: a free place */
	struct ip_addr from;
	struct ip_addr client; /* whose limit it counts for */
	int64_t since_ms;      /* accepted, or completed an exchange */
	uint32_t older, newer; /* the list by `since_ms` */
	bool ending;           /* no more questions come: close once the answers are out */
	bool watches_out;
	size_t in_n; /* octets of an unfinished message, in `in`, else in `small` */
	struct slab *in;
	struct stream *stream; /* an answer under way */
	struct slab *out;      /* answers that wait: out_n octets, the first out_at of them sent */
	size_t out_at, out_n;
	uint8_t small[SMALL];
};

struct dns_tcp {
	struct dns_thread *thread;
	struct dns_tcp_limits limits;
	int64_t now_ms;
	uint32_t oldest, newest; /* connections in use */
	uint32_t used, free;     /* `free`: linked by `newer` */
	struct slab *free_slabs;
	struct slab *slabs;
	struct stream *free_streams;
	uint8_t *streams; /* DNS_STREAMS of stream_size() */
	uint8_t in[SMALL + READ_MAX];
	uint8_t out[ANSWERS_MAX];
	struct connection places[]; /* limits.connections */
};

static int64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

static uint32_t place_of(const struct dns_tcp *t, const struct connection *c)
{
	return (uint32_t)(c - t->places);
}

/* ---- the list by idleness ---- */

static void list_take(struct dns_tcp *t, struct connection *c)
{
	*(c->older == NOBODY ? &t->oldest : &t->places[c->older].newer) = c->newer;
	*(c->newer == NOBODY ? &t->newest : &t->places[c->newer].older) = c->older;
}

static void list_append(struct dns_tcp *t, struct connection *c)
{
	c->since_ms = t->now_ms;
	c->older = t->newest;
	c->newer = NOBODY;
	*(t->newest == NOBODY ? &t->oldest : &t->places[t->newest].newer) = place_of(t, c);
	t->newest = place_of(t, c);
}

static void connection_busy(struct dns_tcp *t, struct connection *c)
{
	list_take(t, c);
	list_append(t, c);
}

/* ---- slabs ---- */

static void slab_put(struct dns_tcp *t, struct slab **slab)
{
	if (!*slab)
		return;
	(*slab)->next = t->free_slabs;
	t->free_slabs = *slab;
	*slab = NULL;
}

/* ---- streams ---- */

static size_t stream_size(const struct dns_tcp *t)
{
	size_t n = t->thread->answerer->stream_size;

	return sizeof(struct stream) + (n + 63) / 64 * 64;
}

static void stream_put(struct dns_tcp *t, struct stream **stream)
{
	if (!*stream)
		return;
	(*stream)->next = t->free_streams;
	t->free_streams = *stream;
	*stream = NULL;
}

static struct stream *stream_get(struct dns_tcp *t)
{
	struct stream *stream = t->free_streams;

	if (stream)
		t->free_streams = stream->next;
	return stream;
}

static void connection_close(struct dns_tcp *t, struct connection *c)
{
	close(c->fd);
	c->fd = -1;
	stream_put(t, &c->stream);
	slab_put(t, &c->in);
	slab_put(t, &c->out);
	list_take(t, c);
	c->newer = t->free;
	t->free = place_of(t, c);
	t->used--;
}

/* A slab for `c`; the idlest other connection that has one gives it up. */
static struct slab *slab_get(struct dns_tcp *t, const struct connection *c)
{
	struct slab *slab;

	for (uint32_t i = t->oldest; !t->free_slabs && i != NOBODY; i = t->places[i].newer) {
		struct connection *other = &t->places[i];

		if (other != c && (other->in || other->out)) {
			connection_close(t, other);
			break;
		}
	}
	slab = t->free_slabs;
	if (slab)
		t->free_slabs = slab->next;
	return slab;
}

/* ---- one connection ---- */

/* Wait for room to send, which a stream always has something for, or for questions. */
static void connection_watch(struct dns_tcp *t, struct connection *c)
{
	bool sends = c->out || c->stream;
	struct epoll_event e = {.events = sends ? EPOLLOUT : EPOLLIN,
		.data.u64 = DNS_TAG_CONNECTION + place_of(t, c)};

	if (c->watches_out == sends)
		return;
	c->watches_out = sends;
	epoll_ctl(t->thread->epoll, EPOLL_CTL_MOD, c->fd, &e);
}

/* Octets sent: all, fewer when the socket takes no more, or -1 when the client is gone. */
static ssize_t send_some(int fd, const uint8_t *at, size_t n)
{
	ssize_t sent = send(fd, at, n, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return 0;
	return sent;
}

/* Send what waits.  False: the connection is no more. */
static bool connection_flush(struct dns_tcp *t, struct connection *c)
{
	ssize_t sent;

	if (!c->out)
		return true;
	sent = send_some(c->fd, c->out->octets + c->out_at, c->out_n - c->out_at);
	if (sent < 0) {
		connection_close(t, c);
		return false;
	}
	c->out_at += (size_t)sent;
	if (c->out_at == c->out_n) {
		slab_put(t, &c->out);
		connection_busy(t, c);
	}
	return true;
}

/* Send the answers gathered in t->out; what the socket does not take waits in a slab. */
static bool connection_send(struct dns_tcp *t, struct connection *c, size_t n)
{
	ssize_t sent = n ? send_some(c->fd, t->out, n) : 0;

	if (sent == (ssize_t)n) {
		if (n)
			connection_busy(t, c);
		return true;
	}
	if (sent >= 0)
		c->out = slab_get(t, c);
	if (!c->out) {
		connection_close(t, c);
		return false;
	}
	c->out_at = 0;
	c->out_n = n - (size_t)sent;
	memcpy(c->out->octets, t->out + sent, c->out_n);
	return true;
}

/* Octets from a client: where they are, and how many may be there. */
struct area {
	uint8_t *at;
	size_t n, cap;
};

static struct area area_open(struct dns_tcp *t, struct connection *c)
{
	if (c->in)
		return (struct area){c->in->octets, c->in_n, SLAB_SIZE};
	memcpy(t->in, c->small, c->in_n);
	return (struct area){t->in, c->in_n, sizeof(t->in)};
}

/* Keep what is left of the area behind its first `done` octets. */
static bool area_keep(struct dns_tcp *t, struct connection *c, const struct area *a, size_t done)
{
	size_t left = a->n - done;

	if (left > SMALL && !c->in) {
		c->in = slab_get(t, c);
		if (!c->in) {
			connection_close(t, c);
			return false;
		}
	}
	memmove(left > SMALL ? c->in->octets : c->small, a->at + done, left);
	c->in_n = left;
	if (left <= SMALL)
		slab_put(t, &c->in);
	return true;
}

/* Read what has come.  False: the connection is no more. */
static bool connection_read(struct dns_tcp *t, struct connection *c, struct area *a)
{
	size_t room = a->cap - a->n < READ_MAX ? a->cap - a->n : READ_MAX;
	ssize_t got = recv(c->fd, a->at + a->n, room, MSG_DONTWAIT);

	if (got > 0) {
		a->n += (size_t)got;
	} else if (got == 0) {
		c->ending = true; /* half closed: it may still wait for answers */
	} else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
		connection_close(t, c);
		return false;
	}
	return true;
}

/* The next whole message at `from`; an empty one when there is none. */
static struct bytes next_message(const struct area *a, size_t from)
{
	size_t n;

	if (a->n - from < 2)
		return bytes_of(NULL, 0);
	n = get_u16(a->at + from);
	if (a->n - from < 2 + n)
		return bytes_of(NULL, 0);
	return bytes_of(a->at + from + 2, n);
}

/* The beginning of an answer, or all of it: appended to the `n` octets in t->out.  False: there is
 * none. */
static bool answer_begin(struct dns_tcp *t, struct connection *c, struct bytes query, size_t *n,
	struct dns_tally *tally)
{
	const struct dns_peer peer = {c->from, true};
	struct buf reply = buf_of(t->out + *n + 2, DNS_SERVER_TCP_REPLY);
	struct stream *stream = stream_get(t);

	switch (dns_thread_stream(t->thread, &peer, query, stream ? stream->octets : NULL, tally)) {
	case DNS_STREAM_BEGUN:
		c->stream = stream;
		return true;
	case DNS_STREAM_BAD:
		stream_put(t, &stream);
		return false;
	case DNS_STREAM_NO:
		break;
	}
	stream_put(t, &stream);
	dns_thread_read(t->thread, &query, 1);
	if (!dns_thread_answer(t->thread, &peer, 0, &reply, tally))
		return false;
	set_u16(t->out + *n, (uint16_t)reply.n);
	*n += 2 + reply.n;
	return true;
}

/* The next message of the connection's stream.  False: it cannot go on. */
static bool stream_message(struct dns_tcp *t, struct connection *c, size_t *n)
{
	const struct dns_answerer *a = t->thread->answerer;
	struct buf reply = buf_of(t->out + *n + 2, DNS_STREAM_REPLY);
	enum dns_stream_step step = a->stream_next(&t->thread->serving, c->stream->octets, &reply);

	if (step != DNS_STREAM_MORE)
		stream_put(t, &c->stream);
	if (step == DNS_STREAM_LOST || reply.bad)
		return false;
	set_u16(t->out + *n, (uint16_t)reply.n);
	*n += 2 + reply.n;
	return true;
}

/* Answer whole messages from `*done` on until enough answers are gathered in t->out.  A message
 * that gets no answer ends the connection: it was no question, so what follows is none either. */
static size_t gather_answers(
	struct dns_tcp *t, struct connection *c, const struct area *a, size_t *done)
{
	struct dns_tally tally = {0};
	size_t n = 0;

	dns_thread_begin(t->thread);
	while (n + MESSAGE_MAX <= ANSWERS_MAX) {
		struct bytes query = c->stream ? bytes_of(NULL, 0) : next_message(a, *done);
		bool good;

		if (!c->stream && !query.at)
			break;
		*done += c->stream ? 0 : 2 + query.n;
		good = c->stream ? stream_message(t, c, &n) : answer_begin(t, c, query, &n, &tally);
		if (!good) {
			c->ending = true;
			*done = a->n;
			break;
		}
	}
	dns_thread_end(t->thread, &tally);
	return n;
}

static void connection_serve(struct dns_tcp *t, struct connection *c)
{
	struct area a;
	size_t done = 0, gathered;

	if (!connection_flush(t, c) || c->out)
		return;
	a = area_open(t, c);
	/* Questions that are here already come first: so the area always has room to read into. */
	if (!c->ending && !c->stream && !next_message(&a, 0).at && !connection_read(t, c, &a))
		return;
	do {
		gathered = gather_answers(t, c, &a, &done);
		if (!connection_send(t, c, gathered))
			return;
	} while (gathered && !c->out && !c->stream); /* others' turn between parts of a stream */
	if (!c->out && !c->stream && c->ending) {
		connection_close(t, c);
		return;
	}
	if (area_keep(t, c, &a, done))
		connection_watch(t, c);
}

/* ---- new connections ---- */

static struct ip_addr client_of(struct ip_addr a)
{
	if (a.family == 6)
		memset(a.b + 8, 0, 8);
	return a;
}

/* Close the idlest connection where a limit is reached. */
static void make_room(struct dns_tcp *t, const struct ip_addr *client)
{
	struct connection *idlest = NULL;
	unsigned n = 0;

	for (uint32_t i = t->oldest; i != NOBODY; i = t->places[i].newer) {
		if (!ip_addr_eq(&t->places[i].client, client))
			continue;
		if (n++ == 0)
			idlest = &t->places[i];
	}
	if (idlest && n >= t->limits.per_client)
		connection_close(t, idlest);
	else if (t->used == t->limits.connections)
		connection_close(t, &t->places[t->oldest]);
}

static void connection_open(struct dns_tcp *t, int fd, const struct sockaddr_in6 *from)
{
	struct ip_addr addr = dns_peer_of(from, true).addr, client = client_of(addr);
	struct connection *c;
	struct epoll_event e = {.events = EPOLLIN};

	make_room(t, &client);
	c = &t->places[t->free];
	e.data.u64 = DNS_TAG_CONNECTION + t->free;
	if (epoll_ctl(t->thread->epoll, EPOLL_CTL_ADD, fd, &e) < 0) {
		close(fd);
		return;
	}
	t->free = c->newer;
	t->used++;
	*c = (struct connection){.fd = fd, .from = addr, .client = client};
	list_append(t, c);
}

static void accept_some(struct dns_tcp *t, int listener)
{
	for (int i = 0; i < ACCEPTS_MAX; i++) {
		struct sockaddr_in6 from;
		socklen_t n = sizeof(from);
		int fd = accept4(listener, (struct sockaddr *)(void *)&from, &n,
			SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			connection_open(t, fd, &from);
		} else if ((errno == EMFILE || errno == ENFILE) && t->used) {
			connection_close(t, &t->places[t->oldest]);
		} else if (errno != ECONNABORTED && errno != EINTR) {
			return;
		}
	}
}

/* ---- the thread ---- */

static void close_idle(struct dns_tcp *t)
{
	while (t->oldest != NOBODY &&
		t->now_ms - t->places[t->oldest].since_ms >= t->limits.idle_ms)
		connection_close(t, &t->places[t->oldest]);
}

/* Milliseconds until the idlest connection has been idle for too long; -1: there is none. */
static int wait_ms(const struct dns_tcp *t)
{
	int64_t left;

	if (t->oldest == NOBODY)
		return -1;
	left = t->places[t->oldest].since_ms + t->limits.idle_ms - t->now_ms;
	return left > 0 ? (int)left : 0;
}

static void handle(struct dns_tcp *t, uint64_t tag)
{
	if (tag == DNS_TAG_WAKE) {
		dns_thread_woken(t->thread);
	} else if (tag >= DNS_TAG_CONNECTION) {
		struct connection *c = &t->places[tag - DNS_TAG_CONNECTION];

		/* It may have been closed since, by another event of the same batch.  If its place
		 * was taken again, reading finds nothing and does no harm. */
		if (c->fd >= 0)
			connection_serve(t, c);
	} else {
		accept_some(t, (int)tag);
	}
}

void dns_tcp_run(struct dns_tcp *t)
{
	t->now_ms = clock_ms();
	while (dns_thread_adopt(t->thread)) {
		struct epoll_event events[64];
		int n = epoll_wait(t->thread->epoll, events, COUNT_OF(events), wait_ms(t));

		t->now_ms = clock_ms();
		for (int i = 0; i < n; i++)
			handle(t, events[i].data.u64);
		close_idle(t);
	}
}

static size_t tcp_size(const struct dns_tcp_limits *limits)
{
	return sizeof(struct dns_tcp) + limits->connections * sizeof(struct connection);
}

struct dns_tcp *dns_tcp_new(struct dns_thread *thread, const struct dns_tcp_limits *limits)
{
	struct dns_tcp *t = dns_pages(tcp_size(limits));

	if (!t)
		return NULL;
	t->thread = thread;
	t->limits = *limits;
	t->slabs = dns_pages(SLABS * sizeof(*t->slabs));
	t->streams = dns_pages(DNS_STREAMS * stream_size(t));
	if (!t->slabs || !t->streams) {
		dns_pages_free(t->slabs, SLABS * sizeof(*t->slabs));
		dns_pages_free(t->streams, DNS_STREAMS * stream_size(t));
		dns_pages_free(t, tcp_size(limits));
		return NULL;
	}
	t->oldest = t->newest = NOBODY;
	for (unsigned i = 0; i < limits->connections; i++) {
		t->places[i].fd = -1;
		t->places[i].newer = i + 1;
	}
	for (size_t i = 0; i < SLABS; i++) {
		struct slab *slab = &t->slabs[i];

		slab_put(t, &slab);
	}
	for (size_t i = 0; i < DNS_STREAMS; i++) {
		struct stream *stream = (struct stream *)(void *)(t->streams + i * stream_size(t));

		stream_put(t, &stream);
	}
	return t;
}

void dns_tcp_free(struct dns_tcp *t)
{
	while (t->oldest != NOBODY)
		connection_close(t, &t->places[t->oldest]);
	dns_pages_free(t->slabs, SLABS * sizeof(*t->slabs));
	dns_pages_free(t->streams, DNS_STREAMS * stream_size(t));
	dns_pages_free(t, tcp_size(&t->limits));
}
