/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lower bits of a question's number say which server it is for. */
#include "server.h"

#include <string.h>

#define INTERVAL    sec(2)
#define AGAIN       ms(500) /* after an outcome that speaks against the state */
#define TIMES_DEAD  3
#define TIMES_BACK  2
#define INDEX_BITS  5
#define WAIT_AT_ALL ms(1200) /* whoever asks should have told of a failure by now */

_Static_assert(SERVERS_MAX == 1 << INDEX_BITS, "a question's number has room for the index");

bool server_is_asked(const struct forward_conf *f, uint16_t *port)
{
	enum forward_check check = (enum forward_check)f->check;

	if (check == FORWARD_CHECK_AUTO)
		check = f->nto < 2                ? FORWARD_CHECK_NONE
			: f->protocol == RULE_UDP ? FORWARD_CHECK_PING
						  : FORWARD_CHECK_TCP;
	*port = 0;
	if (check == FORWARD_CHECK_TCP)
		*port = f->to_port ? (uint16_t)f->to_port : f->port.first;
	return check != FORWARD_CHECK_NONE;
}

static const struct server_watch *find(
	const struct server_watch *watch, size_t n, const struct ip_addr *addr, uint16_t port)
{
	for (size_t i = 0; i < n; i++)
		if (watch[i].port == port && ip_addr_eq(&watch[i].addr, addr))
			return &watch[i];
	return NULL;
}

/* The first questions are spread over the interval. */
static void watch_server(struct servers *s, const struct servers *before,
	const struct ip_addr *addr, uint16_t port, mtime now)
{
	const struct server_watch *known = find(before->watch, before->n, addr, port);
	struct server_watch *w;

	if (s->n == SERVERS_MAX || find(s->watch, s->n, addr, port))
		return;
	w = &s->watch[s->n];
	*w = known ? *known : (struct server_watch){*addr, port, .state = SERVER_ASKED};
	w->waits = false;
	w->due = mtime_after(now, us(INTERVAL.us * (int64_t)s->n / SERVERS_MAX));
	s->n++;
}

void servers_configure(struct servers *s, const struct forward_conf *forwards, size_t n, mtime now)
{
	struct servers before = *s;
	uint16_t port;

	s->n = 0;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; server_is_asked(&forwards[i], &port) && j < forwards[i].nto; j++)
			watch_server(s, &before, &forwards[i].to[j].addr, port, now);
}

void servers_fill(const struct servers *s, struct forward_conf *forwards, size_t n)
{
	uint16_t port;

	for (size_t i = 0; i < n; i++) {
		bool asked = server_is_asked(&forwards[i], &port);

		for (size_t j = 0; j < forwards[i].nto; j++) {
			struct forward_server *server = &forwards[i].to[j];
			const struct server_watch *w =
				asked ? find(s->watch, s->n, &server->addr, port) : NULL;

			server->state = w ? w->state : SERVER_UNCHECKED;
		}
	}
}

/* What a question came to; true: the state is another. */
static bool conclude(struct server_watch *w, bool answered, mtime now)
{
	bool was_dead = w->state == SERVER_DEAD, first = w->state == SERVER_ASKED;

	w->waits = false;
	w->due = mtime_after(now, answered == was_dead ? AGAIN : INTERVAL);
	if (answered != was_dead) {
		w->otherwise = 0;
		if (answered)
			w->state = SERVER_ANSWERS;
		return answered && first;
	}
	if (++w->otherwise < (was_dead ? TIMES_BACK : TIMES_DEAD))
		return false;
	w->otherwise = 0;
	w->state = was_dead ? SERVER_ANSWERS : SERVER_DEAD;
	return true;
}

static void ask(struct servers *s, size_t which, mtime now, struct server_ask *out)
{
	struct server_watch *w = &s->watch[which];

	w->seq = (uint16_t)((unsigned)++s->serial << INDEX_BITS | which);
	w->waits = true;
	w->due = mtime_after(now, WAIT_AT_ALL);
	*out = (struct server_ask){w->addr, w->port, w->seq};
}

bool servers_tick(struct servers *s, mtime now, struct server_ask *asks, size_t *nasks)
{
	bool changed = false;

	*nasks = 0;
	for (size_t i = 0; i < s->n; i++) {
		struct server_watch *w = &s->watch[i];

		if (!mtime_reached(now, w->due))
			continue;
		if (w->waits)
			changed |= servers_answer(s, w->seq, &w->addr, "no answer", now);
		else
			ask(s, i, now, &asks[(*nasks)++]);
	}
	return changed;
}

bool servers_answer(
	struct servers *s, uint16_t seq, const struct ip_addr *addr, const char *failure, mtime now)
{
	size_t which = seq & ((1U << INDEX_BITS) - 1);
	struct server_watch *w = &s->watch[which];
	struct textbuf t = textbuf_of(w->reason, sizeof(w->reason));

	if (which >= s->n || !w->waits || w->seq != seq || !ip_addr_eq(&w->addr, addr))
		return false;
	if (failure)
		textbuf_printf(&t, "%s", failure);
	return conclude(w, !failure, now);
}

mtime servers_next_due(const struct servers *s)
{
	mtime due = MTIME_NEVER;

	for (size_t i = 0; i < s->n; i++)
		due = mtime_first(due, s->watch[i].due);
	return due;
}

const char *servers_reason(
	const struct servers *s, const struct forward_conf *f, const struct ip_addr *addr)
{
	const struct server_watch *w;
	uint16_t port;

	if (!server_is_asked(f, &port))
		return "";
	w = find(s->watch, s->n, addr, port);
	return w ? w->reason : "";
}
