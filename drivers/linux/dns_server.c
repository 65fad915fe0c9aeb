/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A UDP thread sleeps in poll(2) and, once awake, empties its sockets in batches of 32 with
 * recvmmsg(2) and sendmmsg(2); while it is busy it hardly polls at all.  It is not epoll(7), which
 * stays behind a socket while nobody waits: the kernel then calls on it for every question that
 * comes and every answer that has left, 4 % of a question's CPU.  Sends never block: a slow or dead
 * interface fills its own socket's buffer and costs only answers that would have left by it. */
#include "dns_plan.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH       DNS_SERVER_BATCH
#define BATCHES_MAX 8 /* batches from one socket before the others have their turn */
#define BUSY                                                                                       \
	4 /* questions in a batch: more have come meanwhile, asking is cheaper than waiting        \
	   */
/* A stride that is no power of two keeps the buffers' first lines out of each other's cache set. */
#define QUERY_STRIDE (2048 + 64)
#define REPLY_STRIDE (1280 + 64)

struct dns_server {
	struct dns_server_conf conf;
	_Atomic(const struct dns_plan *) current;
	struct dns_plan plans[2]; /* the current one, and the one before or after it */
	bool busy;                /* the plan that is not current may still be in use */
	atomic_bool ending;
	int event; /* eventfd: a thread has adopted a plan */
	unsigned nthreads, nstarted;
	struct dns_thread *threads[DNS_THREADS_MAX + 1];
	size_t thread_size;
	struct dns_tcp *tcp;
	void *shared; /* the answerer's, for all threads */
};

/* What a UDP thread works with. */
struct udp {
	struct mmsghdr in[BATCH], out[BATCH];
	struct iovec in_data[BATCH], out_data[BATCH];
	struct sockaddr_in6 from[BATCH];
	struct bytes question[BATCH];
	/* The address that was asked, where one socket listens on all. */
	_Alignas(struct cmsghdr) uint8_t asked[BATCH][CMSG_SPACE(sizeof(struct in6_pktinfo))];
	_Alignas(64) uint8_t query[BATCH][QUERY_STRIDE];
	_Alignas(64) uint8_t reply[BATCH][REPLY_STRIDE];
};

_Static_assert(REPLY_STRIDE >= DNS_SERVER_UDP_REPLY, "an answer fits its buffer");

static size_t round_up(size_t n)
{
	return (n + 63) / 64 * 64;
}

void *dns_pages(size_t n)
{
	void *at = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

void dns_pages_free(void *at, size_t n)
{
	if (at)
		munmap(at, n);
}

static void poke(int eventfd)
{
	uint64_t one = 1;
	ssize_t ignored = write(eventfd, &one, sizeof(one));

	(void)ignored; /* it fails only when the counter is full: then the other end is awake */
}

static void drain(int eventfd)
{
	uint64_t n;
	ssize_t ignored = read(eventfd, &n, sizeof(n));

	(void)ignored;
}

/* ---- what every thread does ---- */

static bool is_tcp(const struct dns_thread *t)
{
	return t->index == t->server->conf.threads;
}

static void watch(struct dns_thread *t, int fd)
{
	struct epoll_event e = {.events = EPOLLIN, .data.u64 = (uint32_t)fd};

	if (fd >= 0 && (!is_tcp(t) || epoll_ctl(t->epoll, EPOLL_CTL_ADD, fd, &e) == 0))
		t->watched[t->nwatched++] = (struct pollfd){fd, POLLIN, 0};
}

static void unwatch(struct dns_thread *t)
{
	for (; t->nwatched > 1; t->nwatched--)
		if (is_tcp(t))
			epoll_ctl(t->epoll, EPOLL_CTL_DEL, t->watched[t->nwatched - 1].fd, NULL);
}

static void watch_plan(struct dns_thread *t, const struct dns_plan *plan)
{
	const struct dns_sockets *s = &plan->sockets;

	unwatch(t);
	if (!plan->has_image)
		return;
	for (size_t i = 0; i < s->n; i++)
		watch(t, is_tcp(t) ? s->tcp[i] : s->udp[i][t->index]);
}

void dns_thread_woken(struct dns_thread *t)
{
	drain(t->wake);
}

bool dns_thread_adopt(struct dns_thread *t)
{
	struct dns_server *s = t->server;
	const struct dns_plan *plan = atomic_load_explicit(&s->current, memory_order_acquire);

	if (plan->number != atomic_load_explicit(&t->adopted, memory_order_relaxed)) {
		watch_plan(t, plan);
		t->at = plan;
		t->serving.image = plan->image;
		atomic_store_explicit(&t->adopted, plan->number, memory_order_release);
		poke(s->event);
	}
	return !atomic_load_explicit(&s->ending, memory_order_relaxed);
}

void dns_thread_begin(struct dns_thread *t)
{
	struct timespec now, wall;

	dns_batch_begin(t->figures);
	dns_state_read(t->server->conf.state, &t->state);
	t->serving.state = t->state.octets;
	t->serving.state_n = t->state.n;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	clock_gettime(CLOCK_REALTIME_COARSE, &wall);
	t->serving.now_us = now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
	t->serving.wall = (uint32_t)wall.tv_sec;
}

static uint64_t *counters_of(const struct dns_thread *t)
{
	size_t at = t->server->conf.answerer->counters_at;

	return (uint64_t *)(void *)((uint8_t *)t->own + at);
}

/* The answerer counts in memory of its own, as memory that others read costs more. */
static void counters_show(struct dns_thread *t)
{
	const uint64_t *from = counters_of(t);

	for (size_t i = 0; i < t->server->conf.answerer->counters; i++)
		atomic_store_explicit(&t->figures->counter[i], from[i], memory_order_relaxed);
}

static void counters_restore(struct dns_thread *t)
{
	uint64_t *to = counters_of(t);

	for (size_t i = 0; i < t->server->conf.answerer->counters; i++)
		to[i] = atomic_load_explicit(&t->figures->counter[i], memory_order_relaxed);
}

void dns_thread_read(struct dns_thread *t, const struct bytes *messages, size_t n)
{
	t->answerer->read(&t->serving, messages, n, t->queries);
}

bool dns_thread_answer(struct dns_thread *t, const struct dns_peer *to, size_t i, struct buf *reply,
	struct dns_tally *tally)
{
	const struct dns_answerer *a = t->answerer;
	void *query = t->queries + i * a->query_size;

	tally->queries++;
	if (!a->answer(t->own, &t->serving, to, query, reply) || reply->bad || reply->n == 0) {
		tally->dropped++;
		return false;
	}
	tally->replies++;
	if (reply->n > 2 && (reply->at[2] & 0x02)) /* TC, RFC 1035 4.1.1 */
		tally->truncated++;
	return true;
}

enum dns_stream_start dns_thread_stream(struct dns_thread *t, const struct dns_peer *to,
	struct bytes query, void *stream, struct dns_tally *tally)
{
	enum dns_stream_start start;

	if (!t->answerer->stream_begin)
		return DNS_STREAM_NO;
	start = t->answerer->stream_begin(t->own, &t->serving, to, query, stream);
	tally->queries += start != DNS_STREAM_NO;
	tally->replies += start == DNS_STREAM_BEGUN;
	tally->dropped += start == DNS_STREAM_BAD;
	return start;
}

void dns_thread_end(struct dns_thread *t, const struct dns_tally *tally)
{
	dns_count(&t->figures->queries, tally->queries);
	dns_count(&t->figures->replies, tally->replies);
	dns_count(&t->figures->dropped, tally->dropped);
	dns_count(&t->figures->truncated, tally->truncated);
	counters_show(t);
	dns_batch_end(t->figures);
}

/* ---- UDP ---- */

static void udp_prepare(struct udp *u)
{
	for (size_t i = 0; i < BATCH; i++) {
		u->in_data[i] = (struct iovec){u->query[i], QUERY_STRIDE};
		u->in[i].msg_hdr = (struct msghdr){.msg_iov = &u->in_data[i],
			.msg_iovlen = 1,
			.msg_name = &u->from[i],
			.msg_control = u->asked[i]};
		u->out[i].msg_hdr = (struct msghdr){.msg_iov = &u->out_data[i], .msg_iovlen = 1};
	}
}

static int udp_receive(struct udp *u, int fd)
{
	for (size_t i = 0; i < BATCH; i++) {
		u->in[i].msg_hdr.msg_namelen = sizeof(u->from[i]);
		u->in[i].msg_hdr.msg_controllen = sizeof(u->asked[i]);
	}
	return recvmmsg(fd, u->in, BATCH, MSG_DONTWAIT, NULL);
}

struct dns_peer dns_peer_of(const struct sockaddr_in6 *from, bool tcp)
{
	struct dns_peer p = {.tcp = tcp};

	if (from->sin6_family == AF_INET6) {
		p.addr.family = 6;
		memcpy(p.addr.b, &from->sin6_addr, 16);
	} else {
		p.addr.family = 4;
		memcpy(p.addr.b, &((const struct sockaddr_in *)(const void *)from)->sin_addr, 4);
	}
	return p;
}

/* The control data that came with a question, turned into those of its answer: leave from the
 * address that was asked.  The interface is left to routing, but for link-local addresses, which
 * mean nothing without it. */
static void udp_answer_from(const struct msghdr *in, struct msghdr *out)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(in);

	out->msg_control = NULL;
	out->msg_controllen = 0;
	if (!c)
		return;
	if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
		struct in_pktinfo *asked = (struct in_pktinfo *)(void *)CMSG_DATA(c);

		asked->ipi_ifindex = 0;
	} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
		struct in6_pktinfo *asked = (struct in6_pktinfo *)(void *)CMSG_DATA(c);

		if (!IN6_IS_ADDR_LINKLOCAL(&asked->ipi6_addr))
			asked->ipi6_ifindex = 0;
	} else {
		return;
	}
	out->msg_control = in->msg_control;
	out->msg_controllen = in->msg_controllen;
}

static unsigned udp_answer(
	struct dns_thread *t, struct udp *u, unsigned received, struct dns_tally *tally)
{
	unsigned n = 0;

	for (unsigned i = 0; i < received; i++)
		u->question[i] = bytes_of(u->query[i], u->in[i].msg_len);
	dns_thread_read(t, u->question, received);
	for (unsigned i = 0; i < received; i++) {
		struct dns_peer peer = dns_peer_of(&u->from[i], false);
		struct buf reply = buf_of(u->reply[i], DNS_SERVER_UDP_REPLY);
		struct msghdr *out = &u->out[n].msg_hdr;

		if (!dns_thread_answer(t, &peer, i, &reply, tally))
			continue;
		out->msg_name = &u->from[i];
		out->msg_namelen = u->in[i].msg_hdr.msg_namelen;
		u->out_data[n] = (struct iovec){reply.at, reply.n};
		udp_answer_from(&u->in[i].msg_hdr, out);
		n++;
	}
	return n;
}

/* Returns how many could not be sent.  sendmmsg(2) stops at the first that fails: one answer that
 * cannot be sent (no route, source port 0, a full buffer) is left out and the rest goes on. */
static unsigned udp_send(struct udp *u, int fd, unsigned n)
{
	unsigned at = 0, failed = 0;

	while (at < n) {
		int sent = sendmmsg(fd, u->out + at, n - at, MSG_DONTWAIT);

		if (sent > 0) {
			at += (unsigned)sent;
		} else if (errno != EINTR) {
			at++;
			failed++;
		}
	}
	return failed;
}

/* Returns how many questions there were. */
static int udp_batch(struct dns_thread *t, struct udp *u, int fd)
{
	struct dns_tally tally = {0};
	int received = udp_receive(u, fd);
	unsigned failed;

	if (received <= 0)
		return 0;
	dns_thread_begin(t);
	failed = udp_send(u, fd, udp_answer(t, u, (unsigned)received, &tally));
	tally.replies -= failed;
	tally.dropped += failed;
	dns_thread_end(t, &tally);
	return received;
}

static void udp_serve(struct dns_thread *t, struct udp *u, int fd)
{
	for (int i = 0; i < BATCHES_MAX; i++)
		if (udp_batch(t, u, fd) < BUSY)
			break;
}

static void *udp_run(void *arg)
{
	struct dns_thread *t = arg;
	struct udp *u = (struct udp *)(void *)((uint8_t *)t + round_up(sizeof(*t)));

	udp_prepare(u);
	while (dns_thread_adopt(t)) {
		if (poll(t->watched, t->nwatched, -1) < 0)
			continue;
		if (t->watched[0].revents)
			dns_thread_woken(t);
		for (size_t i = 1; i < t->nwatched; i++)
			if (t->watched[i].revents)
				udp_serve(t, u, t->watched[i].fd);
	}
	return NULL;
}

static void *tcp_run(void *arg)
{
	struct dns_thread *t = arg;

	dns_tcp_run(t->server->tcp);
	return NULL;
}

/* ---- plans ---- */

static bool all_adopted(const struct dns_server *s, uint32_t number)
{
	for (unsigned i = 0; i < s->nstarted; i++)
		if (atomic_load_explicit(&s->threads[i]->adopted, memory_order_acquire) != number)
			return false;
	return true;
}

static struct dns_plan *other_plan(struct dns_server *s)
{
	return &s->plans[atomic_load_explicit(&s->current, memory_order_relaxed) == &s->plans[0]];
}

static void close_sockets(const struct dns_sockets *s, unsigned threads)
{
	for (size_t i = 0; i < s->n; i++) {
		for (unsigned j = 0; j < threads; j++)
			if (s->udp[i][j] >= 0)
				close(s->udp[i][j]);
		if (s->tcp[i] >= 0)
			close(s->tcp[i]);
	}
}

/* Give up what `old` holds and its successor does not. */
static void plan_retire(struct dns_server *s, struct dns_plan *old, const struct dns_plan *next)
{
	if (memcmp(&old->sockets, &next->sockets, sizeof(old->sockets)) != 0)
		close_sockets(&old->sockets, s->conf.threads);
	if (old->has_image && old->octets.at != next->octets.at)
		munmap((void *)(uintptr_t)old->octets.at, old->octets.n);
	old->sockets.n = 0;
	old->has_image = false;
}

bool dns_server_busy(const struct dns_server *s)
{
	return s->busy;
}

int dns_server_event(const struct dns_server *s)
{
	return s->event;
}

void dns_server_settle(struct dns_server *s)
{
	const struct dns_plan *now = atomic_load_explicit(&s->current, memory_order_relaxed);

	drain(s->event);
	if (!s->busy || !all_adopted(s, now->number))
		return;
	plan_retire(s, other_plan(s), now);
	s->busy = false;
}

/* Make `next`, which is not the current plan, the current one. */
static void publish(struct dns_server *s, struct dns_plan *next)
{
	s->busy = true;
	atomic_store_explicit(&s->current, next, memory_order_release);
	for (unsigned i = 0; i < s->nstarted; i++)
		poke(s->threads[i]->wake);
}

/* A copy of the current plan to change; the opened image stays where it is. */
static struct dns_plan *next_plan(struct dns_server *s)
{
	const struct dns_plan *now = atomic_load_explicit(&s->current, memory_order_relaxed);
	struct dns_plan *next = other_plan(s);
	void *image = next->image;

	*next = *now;
	next->number++;
	next->image = image;
	return next;
}

enum fl_err dns_server_listen(struct dns_server *s, const struct dns_sockets *sockets)
{
	const struct dns_plan *now = atomic_load_explicit(&s->current, memory_order_relaxed);
	struct dns_plan *next;

	if (s->busy)
		return FL_EAGAIN;
	next = next_plan(s);
	next->sockets = *sockets;
	if (now->has_image)
		memcpy(next->image, now->image, s->conf.answerer->image_size);
	publish(s, next);
	return FL_OK;
}

enum fl_err dns_server_image(struct dns_server *s, struct bytes octets, bool sound)
{
	const struct dns_plan *now = atomic_load_explicit(&s->current, memory_order_relaxed);
	enum fl_err err;
	struct dns_plan *next;

	if (s->busy)
		return FL_EAGAIN;
	err = s->conf.answerer->image_open(
		octets, sound, now->has_image ? now->image : NULL, other_plan(s)->image);
	if (err != FL_OK)
		return err;
	next = next_plan(s);
	next->octets = octets;
	next->has_image = true;
	publish(s, next);
	return FL_OK;
}

/* ---- life and death ---- */

static bool thread_can_wait(struct dns_thread *t)
{
	struct epoll_event wake = {.events = EPOLLIN, .data.u64 = DNS_TAG_WAKE};

	t->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	t->watched[t->nwatched++] = (struct pollfd){t->wake, POLLIN, 0};
	t->epoll = is_tcp(t) ? epoll_create1(EPOLL_CLOEXEC) : -1;
	if (!is_tcp(t))
		return t->wake >= 0;
	return t->wake >= 0 && t->epoll >= 0 &&
	       epoll_ctl(t->epoll, EPOLL_CTL_ADD, t->wake, &wake) == 0;
}

static bool thread_open(struct dns_server *s, unsigned index)
{
	const struct dns_answerer *a = s->conf.answerer;
	uint8_t *at = dns_pages(s->thread_size);
	struct dns_thread *t = (struct dns_thread *)(void *)at;
	uint64_t seed = 0;

	if (!t)
		return false;
	s->threads[s->nthreads++] = t;
	t->server = s;
	t->index = index;
	t->answerer = a;
	t->own = at + round_up(sizeof(*t)) + round_up(sizeof(struct udp));
	t->queries = (uint8_t *)t->own + round_up(a->thread_size);
	t->figures = &s->conf.figures->slot[is_tcp(t) ? DNS_SLOT_TCP : index];
	if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed) || !thread_can_wait(t))
		return false;
	counters_restore(t);
	a->thread_init(t->own, s->shared, seed);
	return true;
}

/* Signals are for the thread that makes the threads, but for the one that is this thread's fault.
 */
static bool threads_start(struct dns_server *s)
{
	sigset_t all, before;
	int err = 0;

	sigfillset(&all);
	sigdelset(&all, SIGSYS); /* sandbox.c */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (s->nstarted < s->nthreads && err == 0) {
		struct dns_thread *t = s->threads[s->nstarted];

		err = pthread_create(
			&t->thread, NULL, t->index == s->conf.threads ? tcp_run : udp_run, t);
		s->nstarted += err == 0;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = err;
	return err == 0;
}

/* Wait until every thread is at work: the C library makes system calls in a thread's first moments
 * that a filter may not allow later. */
static void threads_await(struct dns_server *s)
{
	struct pollfd p = {s->event, POLLIN, 0};

	while (!all_adopted(s, s->plans[0].number)) {
		poll(&p, 1, -1);
		drain(s->event);
	}
}

static bool server_start(struct dns_server *s)
{
	size_t image_size = round_up(s->conf.answerer->image_size);

	s->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	s->plans[0].image = (uint8_t *)s + round_up(sizeof(*s));
	s->plans[1].image = (uint8_t *)s->plans[0].image + image_size;
	s->shared = (uint8_t *)s->plans[1].image + image_size;
	s->plans[0].number = 1;
	atomic_store(&s->current, &s->plans[0]);
	for (unsigned i = 0; i <= s->conf.threads; i++)
		if (!thread_open(s, i))
			return false;
	s->tcp = dns_tcp_new(s->threads[s->conf.threads], &s->conf.tcp);
	if (s->event < 0 || !s->tcp || !threads_start(s))
		return false;
	threads_await(s);
	return true;
}

static size_t server_size(const struct dns_server_conf *conf)
{
	return round_up(sizeof(struct dns_server)) + 2 * round_up(conf->answerer->image_size) +
	       round_up(conf->answerer->shared_size);
}

enum fl_err dns_server_open(struct dns_server **out, const struct dns_server_conf *conf)
{
	struct dns_server *s;

	if (conf->answerer->counters > DNS_COUNTERS_MAX || conf->threads < 1 ||
		conf->threads > DNS_THREADS_MAX || !conf->tcp.connections)
		return FL_ERANGE;
	s = dns_pages(server_size(conf));
	if (!s)
		return FL_EIO;
	s->conf = *conf;
	s->event = -1;
	s->thread_size = round_up(sizeof(struct dns_thread)) + round_up(sizeof(struct udp)) +
			 round_up(conf->answerer->thread_size) +
			 round_up(BATCH * conf->answerer->query_size);
	if (!server_start(s)) {
		int err = errno;

		dns_server_close(s);
		errno = err;
		return FL_EIO;
	}
	*out = s;
	return FL_OK;
}

static void thread_close(struct dns_server *s, struct dns_thread *t)
{
	if (t->epoll >= 0)
		close(t->epoll);
	if (t->wake >= 0)
		close(t->wake);
	dns_pages_free(t, s->thread_size);
}

void dns_server_close(struct dns_server *s)
{
	static const struct dns_plan none;
	struct dns_server_conf conf = s->conf;
	struct dns_plan *last =
		atomic_load(&s->current) == &s->plans[1] ? &s->plans[1] : &s->plans[0];

	atomic_store(&s->ending, true);
	for (unsigned i = 0; i < s->nstarted; i++)
		poke(s->threads[i]->wake);
	for (unsigned i = 0; i < s->nstarted; i++)
		pthread_join(s->threads[i]->thread, NULL);
	if (s->tcp)
		dns_tcp_free(s->tcp);
	while (s->nthreads)
		thread_close(s, s->threads[--s->nthreads]);
	if (s->busy)
		plan_retire(s, other_plan(s), last);
	plan_retire(s, last, &none);
	if (s->event >= 0)
		close(s->event);
	dns_pages_free(s, server_size(&conf));
}
