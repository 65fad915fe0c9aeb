/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection is a slot that first hears, then is answered, then waits for the other side to
 * close, so that a reset does not overtake the answer.  Every step has a limit; while all slots are
 * taken nobody is accepted, and the kernel's queue holds whoever comes.
 *
 * A slot whose question was posted is left alone until it is answered, which the product does at
 * once: its number cannot mean another connection meanwhile. */
#include "pages_linux.h"

#include "sockaddr.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define ASK_TIME    sec(5)  /* for the whole question */
#define SEND_TIME   sec(10) /* for the answer */
#define LINGER_TIME sec(2)  /* for the other side to close */
#define BACKLOG     32

enum slot_state { SLOT_FREE, SLOT_HEARING, SLOT_ASKED, SLOT_SENDING, SLOT_ENDING };

struct slot {
	struct pages_linux *all;
	unsigned number;
	enum slot_state state;
	struct loop_source source;
	struct loop_timer timer;
	char heard[PAGES_ASK_MAX];
	size_t nheard;
	char *answer;
	size_t n, sent;
};

struct listener {
	struct pages_linux *all;
	struct loop_source source; /* fd -1: none */
	struct page_endpoint at;
};

struct pages_linux {
	struct loop *loop;
	struct listener listener[PAGES_ENDPOINTS_MAX];
	struct slot slot[PAGES_SLOTS];
};

static struct slot *free_slot(struct pages_linux *p)
{
	for (size_t i = 0; i < COUNT_OF(p->slot); i++)
		if (p->slot[i].state == SLOT_FREE)
			return &p->slot[i];
	return NULL;
}

/* Listen while there is room. */
static void watch_listeners(struct pages_linux *p)
{
	for (size_t i = 0; i < COUNT_OF(p->listener); i++)
		if (p->listener[i].source.fd >= 0)
			loop_watch(p->loop, &p->listener[i].source, free_slot(p) ? EPOLLIN : 0);
}

static void slot_end(struct slot *s)
{
	loop_timer_stop(s->all->loop, &s->timer);
	loop_forget(s->all->loop, &s->source);
	close(s->source.fd);
	free(s->answer);
	s->answer = NULL;
	s->source.fd = -1;
	s->state = SLOT_FREE;
	watch_listeners(s->all);
}

static void slot_late(void *ctx)
{
	slot_end(ctx);
}

static void limit(struct slot *s, span time)
{
	loop_timer_set(s->all->loop, &s->timer, mtime_after(loop_now(s->all->loop), time));
}

/* ---- hearing ---- */

static bool is_whole(const struct slot *s)
{
	return s->nheard == sizeof(s->heard) || memmem(s->heard, s->nheard, "\r\n\r\n", 4);
}

static void hear(struct slot *s)
{
	ssize_t n = recv(s->source.fd, s->heard + s->nheard, sizeof(s->heard) - s->nheard, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		slot_end(s);
		return;
	}
	s->nheard += (size_t)n;
	if (!is_whole(s))
		return;
	s->state = SLOT_ASKED;
	loop_timer_stop(s->all->loop, &s->timer);
	loop_watch(s->all->loop, &s->source, 0);
	loop_post(s->all->loop, &(struct io_event){.kind = IO_PAGE,
					.at = loop_now(s->all->loop),
					.slot = s->number,
					.data = bytes_of(s->heard, s->nheard)});
}

/* ---- answering ---- */

/* What else it says is not heard. */
static void drain(struct slot *s)
{
	char nobody[1024];
	ssize_t n;

	do
		n = recv(s->source.fd, nobody, sizeof(nobody), 0);
	while (n > 0);
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		slot_end(s);
}

static void send_more(struct slot *s)
{
	ssize_t n = send(s->source.fd, s->answer + s->sent, s->n - s->sent, MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		slot_end(s);
		return;
	}
	s->sent += n > 0 ? (size_t)n : 0;
	if (s->sent < s->n) {
		loop_watch(s->all->loop, &s->source, EPOLLOUT);
		return;
	}
	s->state = SLOT_ENDING;
	shutdown(s->source.fd, SHUT_WR);
	limit(s, LINGER_TIME);
	loop_watch(s->all->loop, &s->source, EPOLLIN);
}

static void slot_ready(void *ctx, uint32_t events)
{
	struct slot *s = ctx;

	(void)events;
	switch (s->state) {
	case SLOT_FREE:
		break;
	case SLOT_HEARING:
		hear(s);
		break;
	case SLOT_ASKED: /* it was reset; answering finds out */
		loop_forget(s->all->loop, &s->source);
		break;
	case SLOT_SENDING:
		send_more(s);
		break;
	case SLOT_ENDING:
		drain(s);
		break;
	}
}

static void answer(void *ctx, unsigned slot, struct str octets)
{
	struct pages_linux *p = ctx;
	struct slot *s = &p->slot[slot];

	if (slot >= PAGES_SLOTS || s->state != SLOT_ASKED)
		return;
	s->answer = malloc(octets.n);
	if (!s->answer) {
		slot_end(s);
		return;
	}
	memcpy(s->answer, octets.at, octets.n);
	s->n = octets.n;
	s->sent = 0;
	s->state = SLOT_SENDING;
	limit(s, SEND_TIME);
	send_more(s);
}

/* ---- listening ---- */

static void listener_ready(void *ctx, uint32_t events)
{
	struct listener *l = ctx;
	struct slot *s = free_slot(l->all);
	int fd;

	(void)events;
	if (!s)
		return;
	fd = accept4(l->source.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	s->state = SLOT_HEARING;
	s->nheard = 0;
	s->source.fd = fd;
	limit(s, ASK_TIME);
	if (loop_watch(l->all->loop, &s->source, EPOLLIN) < 0)
		slot_end(s);
	else
		watch_listeners(l->all);
}

static void listener_close(struct listener *l)
{
	if (l->source.fd < 0)
		return;
	loop_forget(l->all->loop, &l->source);
	close(l->source.fd);
	l->source.fd = -1;
}

static bool is_same(const struct page_endpoint *a, const struct page_endpoint *b)
{
	return a->port == b->port && ip_addr_eq(&a->address, &b->address);
}

static bool is_listening(const struct pages_linux *p, const struct page_endpoint *at)
{
	for (size_t i = 0; i < COUNT_OF(p->listener); i++)
		if (p->listener[i].source.fd >= 0 && is_same(&p->listener[i].at, at))
			return true;
	return false;
}

static int listening_socket(const struct page_endpoint *at)
{
	bool v4 = at->address.family == 4;
	int fd = socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_storage to;
	socklen_t n = sockaddr_of(&at->address, at->port, &to);
	int one = 1, err;

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
		(v4 ? setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &one, sizeof(one))
		    : setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &one, sizeof(one))) == 0 &&
		bind(fd, (struct sockaddr *)&to, n) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

static bool listener_open(struct pages_linux *p, const struct page_endpoint *at)
{
	struct listener *l = p->listener;

	while (l->source.fd >= 0)
		if (++l == p->listener + COUNT_OF(p->listener)) {
			errno = ENOSPC;
			return false;
		}
	l->source.fd = listening_socket(at);
	if (l->source.fd < 0)
		return false;
	l->at = *at;
	if (loop_watch(p->loop, &l->source, EPOLLIN) == 0)
		return true;
	close(l->source.fd);
	l->source.fd = -1;
	return false;
}

static enum fl_err pages_listen(
	void *ctx, const struct page_endpoint *at, size_t n, struct textbuf *why)
{
	struct pages_linux *p = ctx;
	enum fl_err err = FL_OK;
	char text[IP_TEXT_MAX];

	for (size_t i = 0; i < COUNT_OF(p->listener); i++) {
		bool wanted = false;

		for (size_t k = 0; k < n; k++)
			wanted |= is_same(&p->listener[i].at, &at[k]);
		if (!wanted)
			listener_close(&p->listener[i]);
	}
	for (size_t k = 0; k < n; k++) {
		if (is_listening(p, &at[k]) || listener_open(p, &at[k]))
			continue;
		textbuf_printf(why, "%s%s port %u: %s", err ? "; " : "",
			ip_addr_text(&at[k].address, text), at[k].port, strerror(errno));
		err = FL_EIO;
	}
	watch_listeners(p);
	return err;
}

enum fl_err pages_linux_open(struct pages *out, struct pages_linux **handle, struct loop *loop)
{
	struct pages_linux *p = calloc(1, sizeof(*p));

	if (!p)
		return FL_EFULL;
	p->loop = loop;
	for (size_t i = 0; i < COUNT_OF(p->listener); i++)
		p->listener[i] = (struct listener){
			.all = p, .source = {-1, listener_ready, &p->listener[i]}};
	for (unsigned i = 0; i < COUNT_OF(p->slot); i++)
		p->slot[i] = (struct slot){.all = p,
			.number = i,
			.source = {-1, slot_ready, &p->slot[i]},
			.timer = {.fire = slot_late, .ctx = &p->slot[i]}};
	*out = (struct pages){p, pages_listen, answer};
	*handle = p;
	return FL_OK;
}

void pages_linux_close(struct pages_linux *p)
{
	for (size_t i = 0; i < COUNT_OF(p->listener); i++)
		listener_close(&p->listener[i]);
	for (size_t i = 0; i < COUNT_OF(p->slot); i++)
		if (p->slot[i].state != SLOT_FREE)
			slot_end(&p->slot[i]);
	free(p);
}
