/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A call is a socket and a timer, and lives until its one IO_PROBE_ENDED.  It connects without
 * waiting, is bound like every probe, and is closed with a linger time of zero: the kernel sends a
 * reset and keeps no TIME_WAIT, so that a probe a second for a year leaves nothing behind.
 *
 * Where TLS is to be spoken the connection goes to a helper, and the call goes on with the control
 * socket of that in its place. */
#include "probe_calls.h"

#include "sockaddr.h"
#include "tls_helper.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { CALLS_PER_LINK = 32 }; /* more than the budget of a link's probes can keep open */

#define TLS_HOST_MAX 253

enum step { CONNECTING, SAYING, HEARING };

struct call {
	struct call *next;
	struct probe_calls *all;
	struct loop_source source;
	struct loop_timer timer;
	uint8_t link;
	enum step step;
	struct ip_addr to;
	uint32_t token;
	bool trust;
	char tls_host[TLS_HOST_MAX + 1]; /* empty: no TLS */
	struct tls_helper *helper;
	size_t request_n, said, heard;
	uint8_t request[PROBE_CALL_REQUEST_MAX];
	uint8_t answer[PROBE_CALL_ANSWER_MAX];
};

struct way {
	bool open;
	char interface[IF_NAMESIZE];
	struct probe_path path; /* its interface points to the above */
	unsigned calls;
};

struct probe_calls {
	struct loop *loop;
	struct tls_helpers *tls;
	struct call *first;
	struct way way[FL_LINKS_MAX + 1];
};

/* ---- the end of a call ---- */

/* However it is closed, the other end gets a reset. */
static void end_by_reset(int fd)
{
	const struct linger reset = {.l_onoff = 1, .l_linger = 0};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
}

static void hang_up(struct call *c)
{
	struct call **at = &c->all->first;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	c->all->way[c->link].calls--;
	loop_timer_stop(c->all->loop, &c->timer);
	loop_forget(c->all->loop, &c->source);
	end_by_reset(c->source.fd);
	close(c->source.fd);
	if (c->helper)
		tls_helper_stop(c->helper);
	free(c);
}

static void end_as(struct call *c, const char *how, bool accepted)
{
	loop_post(c->all->loop, &(struct io_event){.kind = IO_PROBE_ENDED,
					.alive = accepted,
					.at = loop_now(c->all->loop),
					.link = c->link,
					.socket = IO_PROBE_CALL,
					.from = c->to,
					.token = c->token,
					.data = bytes_of(c->answer, c->heard),
					.text = str_of(how)});
	hang_up(c);
}

static void end(struct call *c, const char *how)
{
	end_as(c, how, false);
}

static void patience_is_over(void *ctx)
{
	end(ctx, "no answer in time");
}

static void tell(const struct call *c)
{
	loop_post(c->all->loop, &(struct io_event){.kind = IO_PROBE_ANSWER,
					.at = loop_now(c->all->loop),
					.link = c->link,
					.socket = IO_PROBE_CALL,
					.from = c->to,
					.token = c->token,
					.data = bytes_of(c->answer, c->heard)});
}

/* ---- its steps; each ends the call and returns false, or lets it go on ---- */

/* From now on the call is one with the helper. */
static bool hand_over(struct call *c)
{
	int fd;

	end_by_reset(c->source.fd);
	fd = tls_helper_start(c->all->tls, c->source.fd, c->tls_host, !c->trust, &c->helper);
	if (fd < 0) {
		end(c, "fairlead-tls cannot be started");
		return false;
	}
	loop_forget(c->all->loop, &c->source);
	close(c->source.fd);
	c->source.fd = fd;
	return true;
}

static bool connected(struct call *c)
{
	int error = 0;
	socklen_t n = sizeof(error);

	if (getsockopt(c->source.fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0)
		error = errno;
	/* A reset was made by somebody: as good an answer as a connection. */
	if (c->request_n == 0 && (error == 0 || error == ECONNREFUSED)) {
		tell(c);
		end_as(c, error ? "refused" : "accepted", !error);
		return false;
	}
	if (error) {
		end(c, strerror(error));
		return false;
	}
	c->step = SAYING;
	return !c->tls_host[0] || hand_over(c);
}

static bool say(struct call *c)
{
	ssize_t n = send(c->source.fd, c->request + c->said, c->request_n - c->said, MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	/* A helper that gave up before it heard us has said why. */
	if (n < 0 && c->helper)
		n = (ssize_t)(c->request_n - c->said);
	if (n < 0) {
		end(c, strerror(errno));
		return false;
	}
	c->said += (size_t)n;
	if (c->said == c->request_n) {
		c->step = HEARING;
		(void)loop_watch(c->all->loop, &c->source, EPOLLIN);
	}
	return true;
}

static void hear(struct call *c)
{
	ssize_t n = recv(c->source.fd, c->answer + c->heard, sizeof(c->answer) - c->heard, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		end(c, n ? strerror(errno) : "closed");
		return;
	}
	c->heard += (size_t)n;
	tell(c);
	if (c->heard == sizeof(c->answer))
		end(c, "long enough");
}

/* What the helper says: a stranger may have taken it over. */
static void hear_helper(struct call *c)
{
	char message[TLS_MESSAGE_MAX + 1];
	ssize_t n = recv(c->source.fd, message, TLS_MESSAGE_MAX, 0);
	size_t room = sizeof(c->answer) - c->heard, got;

	/* It ended without reading what we said: that is told first, and its last words behind it.
	 */
	if (n < 0 && errno == ECONNRESET)
		n = recv(c->source.fd, message, TLS_MESSAGE_MAX, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	message[n > 0 ? n : 0] = '\0';
	if (n > 0 && message[0] == TLS_HEARD) {
		got = (size_t)n - 1 < room ? (size_t)n - 1 : room;
		memcpy(c->answer + c->heard, message + 1, got);
		c->heard += got;
		tell(c);
		if (c->heard == sizeof(c->answer))
			end(c, "long enough");
	} else if (n > 0 && message[0] == TLS_OVER) {
		end(c, "closed");
	} else if (n > 1 && message[0] == TLS_FAILED) {
		for (char *p = message + 1; *p; p++)
			if (*p < ' ' || *p > '~')
				*p = '?';
		message[TLS_WORDS_MAX] = '\0';
		end(c, message + 1);
	} else {
		end(c, "fairlead-tls died");
	}
}

static void call_ready(void *ctx, uint32_t events)
{
	struct call *c = ctx;

	(void)events;
	if (c->step == CONNECTING && !connected(c))
		return;
	if (c->step == SAYING && !say(c))
		return;
	if (c->step == HEARING && c->helper)
		hear_helper(c);
	else if (c->step == HEARING)
		hear(c);
}

/* ---- a new one ---- */

/* The socket, connecting; -1 and errno. */
static int dial(const struct probe_path *path, const struct probe_call *call)
{
	const struct ip_addr *source = call->to.family == 4 ? &path->source4 : &path->source6;
	const int one = 1;
	struct sockaddr_storage to;
	socklen_t to_n = sockaddr_of(&call->to, call->port, &to);
	int fd, err;

	if (source->family != call->to.family) {
		errno = EADDRNOTAVAIL;
		return -1;
	}
	fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_SYNCNT, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (probe_bind(fd, path, source) == 0 &&
		(connect(fd, (struct sockaddr *)&to, to_n) == 0 || errno == EINPROGRESS))
		return fd;
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

enum fl_err probe_calls_begin(
	struct probe_calls *all, uint8_t link, const struct probe_call *call, struct textbuf *why)
{
	struct way *way = &all->way[link];
	struct call *c;
	int fd;

	if (!way->open || way->calls == CALLS_PER_LINK || call->request.n > sizeof(c->request) ||
		call->tls_host.n > TLS_HOST_MAX) {
		textbuf_printf(why, way->open ? "too much at once" : "the link is not open");
		return way->open ? FL_EFULL : FL_ENOENT;
	}
	c = calloc(1, sizeof(*c));
	fd = c ? dial(&way->path, call) : -1;
	if (fd < 0) {
		textbuf_printf(why, "%s", strerror(errno));
		free(c);
		return FL_EIO;
	}
	*c = (struct call){.next = all->first,
		.all = all,
		.source = {fd, call_ready, c},
		.timer = {.fire = patience_is_over, .ctx = c},
		.link = link,
		.to = call->to,
		.token = call->token,
		.trust = call->tls_trust,
		.request_n = call->request.n};
	if (call->request.n)
		memcpy(c->request, call->request.at, call->request.n);
	if (call->tls_host.n)
		memcpy(c->tls_host, call->tls_host.at, call->tls_host.n);
	all->first = c;
	way->calls++;
	loop_timer_set(all->loop, &c->timer, mtime_after(loop_now(all->loop), call->patience));
	if (loop_watch(all->loop, &c->source, EPOLLIN | EPOLLOUT) < 0) {
		textbuf_printf(why, "%s", strerror(errno));
		hang_up(c);
		return FL_EIO;
	}
	return FL_OK;
}

/* ---- links ---- */

static void end_calls_of(struct probe_calls *all, uint8_t link)
{
	struct call *c = all->first, *next;

	for (; c; c = next) {
		next = c->next;
		if (c->link == link)
			hang_up(c);
	}
}

void probe_calls_path(struct probe_calls *all, uint8_t link, const struct probe_path *path)
{
	struct way *way = &all->way[link];

	end_calls_of(all, link);
	way->open = path && path->interface.n < sizeof(way->interface);
	if (!way->open)
		return;
	way->path = *path;
	memset(way->interface, 0, sizeof(way->interface));
	memcpy(way->interface, path->interface.at, path->interface.n);
	way->path.interface = str_of(way->interface);
}

struct probe_calls *probe_calls_open(struct loop *loop, const char *tls_program)
{
	struct probe_calls *all = calloc(1, sizeof(*all));

	if (!all)
		return NULL;
	all->loop = loop;
	all->tls = tls_helpers_open(loop, tls_program);
	if (all->tls)
		return all;
	free(all);
	return NULL;
}

void probe_calls_close(struct probe_calls *all)
{
	for (uint8_t link = 0; link <= FL_LINKS_MAX; link++)
		end_calls_of(all, link);
	tls_helpers_close(all->tls);
	free(all);
}
