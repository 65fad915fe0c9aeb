/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events are kept in a list of malloc'ed records: there are few at a time (a burst of probe
 * answers, a paste at the console), and a record that outlives its descriptor does no harm. */
#include "loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

struct queued {
	struct queued *next;
	struct io_event event;
	char octets[];
};

struct loop {
	int epoll;
	struct loop_source signals;
	struct loop_timer *timers; /* sorted by due, first come first among equals */
	struct queued *first, **last;
	struct queued *handed_out; /* its octets are valid until the next wait */
	struct loop_source
		*ready[16]; /* of the epoll batch at work; NULL where forgotten meanwhile */
	size_t nready;
};

static mtime monotonic_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (mtime){t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000};
}

mtime loop_now(const struct loop *l)
{
	(void)l;
	return monotonic_now();
}

static void signal_ready(void *ctx, uint32_t events)
{
	struct loop *l = ctx;
	struct signalfd_siginfo info;

	(void)events;
	while (read(l->signals.fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		enum io_event_kind kind = info.ssi_signo == SIGHUP ? IO_RELOAD : IO_STOP;

		loop_post(l, &(struct io_event){.kind = kind, .at = monotonic_now()});
	}
}

struct loop *loop_open(void)
{
	struct loop *l = calloc(1, sizeof(*l));
	sigset_t mask;

	if (!l)
		return NULL;
	l->last = &l->first;
	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGHUP);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	signal(SIGPIPE, SIG_IGN);
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	l->signals = (struct loop_source){
		signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK), signal_ready, l};
	if (l->epoll < 0 || l->signals.fd < 0 || loop_watch(l, &l->signals, EPOLLIN) < 0) {
		int err = errno;

		loop_close(l);
		errno = err;
		return NULL;
	}
	return l;
}

void loop_close(struct loop *l)
{
	while (l->first) {
		struct queued *q = l->first;

		l->first = q->next;
		free(q);
	}
	free(l->handed_out);
	if (l->signals.fd >= 0)
		close(l->signals.fd);
	if (l->epoll >= 0)
		close(l->epoll);
	free(l);
}

int loop_watch(struct loop *l, struct loop_source *source, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.ptr = source};

	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, source->fd, &e) == 0)
		return 0;
	if (errno == EEXIST && epoll_ctl(l->epoll, EPOLL_CTL_MOD, source->fd, &e) == 0)
		return 0;
	return -errno;
}

void loop_forget(struct loop *l, struct loop_source *source)
{
	epoll_ctl(l->epoll, EPOLL_CTL_DEL, source->fd, NULL);
	for (size_t i = 0; i < l->nready; i++)
		if (l->ready[i] == source)
			l->ready[i] = NULL;
}

void loop_timer_stop(struct loop *l, struct loop_timer *t)
{
	if (!t->armed)
		return;
	for (struct loop_timer **p = &l->timers; *p; p = &(*p)->next) {
		if (*p == t) {
			*p = t->next;
			break;
		}
	}
	t->armed = false;
}

void loop_timer_set(struct loop *l, struct loop_timer *t, mtime due)
{
	struct loop_timer **p = &l->timers;

	loop_timer_stop(l, t);
	while (*p && !mtime_before(due, (*p)->due))
		p = &(*p)->next;
	t->due = due;
	t->next = *p;
	t->armed = true;
	*p = t;
}

void loop_post(struct loop *l, const struct io_event *event)
{
	size_t n = event->data.n + event->text.n + event->interface.n;
	struct queued *q = malloc(sizeof(*q) + n);
	char *at;

	if (!q)
		return; /* as if the packet had been lost; sessions notice by their own silence */
	q->next = NULL;
	q->event = *event;
	at = q->octets;
	if (event->data.n)
		memcpy(at, event->data.at, event->data.n);
	q->event.data.at = (const uint8_t *)at;
	at += event->data.n;
	if (event->text.n)
		memcpy(at, event->text.at, event->text.n);
	q->event.text.at = at;
	at += event->text.n;
	if (event->interface.n)
		memcpy(at, event->interface.at, event->interface.n);
	q->event.interface.at = at;
	*l->last = q;
	l->last = &q->next;
}

void loop_drop_session(struct loop *l, unsigned session)
{
	struct queued **p = &l->first;

	while (*p) {
		struct queued *q = *p;
		enum io_event_kind kind = q->event.kind;

		if (q->event.session == session &&
			(kind == IO_SESSION_OPEN || kind == IO_SESSION_INPUT)) {
			*p = q->next;
			free(q);
		} else {
			p = &q->next;
		}
	}
	l->last = p;
}

static bool take_event(struct loop *l, struct io_event *out)
{
	struct queued *q = l->first;

	if (!q)
		return false;
	l->first = q->next;
	if (!l->first)
		l->last = &l->first;
	free(l->handed_out);
	l->handed_out = q;
	*out = q->event;
	return true;
}

static void run_timers(struct loop *l)
{
	mtime now = monotonic_now();

	while (l->timers && mtime_reached(now, l->timers->due)) {
		struct loop_timer *t = l->timers;

		loop_timer_stop(l, t);
		t->fire(t->ctx);
	}
}

/* Milliseconds for epoll_wait(2), rounded up so that a timer is never early by a spin. */
static int timeout_ms(mtime now, mtime until)
{
	int64_t left = mtime_between(now, until).us;

	if (left <= 0)
		return 0;
	left = (left + 999) / 1000;
	return left > 3600 * 1000 ? 3600 * 1000 : (int)left;
}

static void poll_once(struct loop *l, int timeout)
{
	struct epoll_event events[COUNT_OF(l->ready)];
	int n = epoll_wait(l->epoll, events, COUNT_OF(events), timeout);

	if (n <= 0)
		return;
	l->nready = (size_t)n;
	for (size_t i = 0; i < l->nready; i++)
		l->ready[i] = events[i].data.ptr;
	for (size_t i = 0; i < l->nready; i++)
		if (l->ready[i])
			l->ready[i]->ready(l->ready[i]->ctx, events[i].events);
	l->nready = 0;
}

static void io_wait(void *ctx, mtime until, struct io_event *out)
{
	struct loop *l = ctx;

	for (;;) {
		mtime now = monotonic_now();
		mtime due = l->timers ? mtime_first(until, l->timers->due) : until;

		if (take_event(l, out))
			return;
		poll_once(l, timeout_ms(now, due));
		run_timers(l);
		if (take_event(l, out))
			return;
		now = monotonic_now();
		if (mtime_reached(now, until)) {
			*out = (struct io_event){.kind = IO_NOTHING, .at = now};
			return;
		}
	}
}

static mtime io_now(void *ctx)
{
	return loop_now(ctx);
}

static int64_t io_wall(void *ctx)
{
	(void)ctx;
	return time(NULL);
}

static void io_random(void *ctx, void *out, size_t n)
{
	(void)ctx;
	/* Blocks only before the kernel's pool was ever seeded; a secret from an unseeded pool is
	 * none. */
	for (uint8_t *at = out; n;) {
		ssize_t got = getrandom(at, n, 0);

		if (got > 0) {
			at += got;
			n -= (size_t)got;
		} else if (got < 0 && errno != EINTR) {
			abort();
		}
	}
}

void loop_fill_io(struct loop *l, struct io *io)
{
	io->ctx = l;
	io->now = io_now;
	io->wall = io_wall;
	io->random = io_random;
	io->wait = io_wait;
}
