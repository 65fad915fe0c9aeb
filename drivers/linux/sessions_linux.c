/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A session is a slot with a descriptor, a hello line being collected and a queue of octets for a
 * client that reads more slowly than we write.  Nobody waits for a client: what is queued when its
 * session ends is dropped after some seconds without progress, and a queue has a limit.
 *
 * One read a session and round of the loop, so that a client that pastes megabytes does not keep
 * others away.
 *
 * When a client goes away, events of its session may still be on their way to the product, which
 * may answer them.  So the slot stays LOST, and its number unused, until the loop has handed them
 * all out: the loop polls only when its queue is empty, hence at the next poll.  An eventfd makes
 * that poll come at once. */
#include "sessions_linux.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define HELLO_TIME  sec(30) /* for somebody who connects and says nothing */
#define STALL_TIME  sec(5)  /* for what is queued when a session ends */
#define ACCEPT_TIME sec(1)  /* until the next try after a lack of descriptors */
#define BACKLOG     16
#define QUEUE_KEEP  65536 /* an empty queue above this size is given back */
#define GROUP       "adm"

enum slot_state {
	SLOT_FREE,
	SLOT_HELLO,   /* its first line is not complete */
	SLOT_OPEN,    /* the product knows of it */
	SLOT_CLOSING, /* closed by the product; what is queued is still sent */
	SLOT_LOST,    /* the client is gone; the product is being told */
};

struct slot {
	struct sessions_linux *owner;
	unsigned number;
	enum slot_state state;
	mtime since; /* SLOT_HELLO: it has been silent */
	struct loop_source source;
	struct loop_timer timer; /* of SLOT_HELLO and SLOT_CLOSING */
	char hello[SESSIONS_HELLO_MAX];
	size_t nhello;
	char peer[40]; /* "root", "uid-1000" */
	char *queue;   /* octets sent..n wait */
	size_t sent, n, cap;
	bool ended; /* the client sends no more */
};

struct sessions_linux {
	struct loop *loop;
	struct loop_source listener, recycler;
	struct loop_timer accept_again;
	struct slot slot[SESSIONS_MAX_OPEN];
	size_t waiting; /* octets of all queues */
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	dev_t device; /* of the socket's file */
	ino_t inode;
};

/* ---- queues ---- */

static void queue_clear(struct slot *c)
{
	c->owner->waiting -= c->n - c->sent;
	free(c->queue);
	c->queue = NULL;
	c->sent = c->n = c->cap = 0;
}

static bool queue_make_room(struct slot *c, size_t n)
{
	size_t waits = c->n - c->sent, cap = c->cap ? c->cap : SESSIONS_INPUT_MAX;
	char *queue;

	if (c->sent >= waits) { /* moving costs less than what was sent since the last time */
		if (waits)
			memmove(c->queue, c->queue + c->sent, waits);
		c->sent = 0;
		c->n = waits;
	}
	if (c->n + n <= c->cap)
		return true;
	while (cap < c->n + n)
		cap *= 2;
	queue = realloc(c->queue, cap);
	if (!queue)
		return false;
	c->queue = queue;
	c->cap = cap;
	return true;
}

static void watch(struct slot *c)
{
	uint32_t events = 0;

	if (c->n > c->sent)
		events |= EPOLLOUT;
	if (!c->ended && (c->state == SLOT_HELLO || c->state == SLOT_OPEN))
		events |= EPOLLIN;
	loop_watch(c->owner->loop, &c->source, events);
}

/* ---- the end of a session ---- */

static void slot_disconnect(struct slot *c)
{
	loop_timer_stop(c->owner->loop, &c->timer);
	if (c->source.fd >= 0) {
		loop_forget(c->owner->loop, &c->source);
		close(c->source.fd);
	}
	c->source.fd = -1;
	queue_clear(c);
}

static void slot_free(struct slot *c)
{
	slot_disconnect(c);
	c->state = SLOT_FREE;
}

/* The client is gone. */
static void slot_lost(struct slot *c)
{
	struct loop *loop = c->owner->loop;
	uint64_t one = 1;

	slot_disconnect(c);
	if (c->state != SLOT_OPEN) {
		c->state = SLOT_FREE;
		return;
	}
	c->state = SLOT_LOST;
	loop_post(loop,
		&(struct io_event){
			.kind = IO_SESSION_CLOSED, .at = loop_now(loop), .session = c->number});
	if (write(c->owner->recycler.fd, &one, sizeof(one)) < 0)
		return; /* the counter is high: it wakes the loop all the same */
}

static void recycle(void *ctx, uint32_t events)
{
	struct sessions_linux *s = ctx;
	uint64_t count;

	(void)events;
	if (read(s->recycler.fd, &count, sizeof(count)) < 0)
		return;
	for (size_t i = 0; i < COUNT_OF(s->slot); i++)
		if (s->slot[i].state == SLOT_LOST)
			s->slot[i].state = SLOT_FREE;
}

/* ---- octets to a client ---- */

/* Send what can be sent now.  False: the client is gone. */
static bool send_now(struct slot *c, const char *text, size_t n, size_t *sent)
{
	*sent = 0;
	while (*sent < n) {
		ssize_t got =
			send(c->source.fd, text + *sent, n - *sent, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS;
		*sent += (size_t)got;
	}
	return true;
}

static bool queue_send(struct slot *c)
{
	size_t sent;
	bool there = send_now(c, c->queue + c->sent, c->n - c->sent, &sent);

	c->sent += sent;
	c->owner->waiting -= sent;
	if (c->sent == c->n && c->cap > QUEUE_KEEP)
		queue_clear(c);
	if (sent && c->state == SLOT_CLOSING)
		loop_timer_set(c->owner->loop, &c->timer,
			mtime_after(loop_now(c->owner->loop), STALL_TIME));
	return there;
}

static enum fl_err queue_add(struct slot *c, struct str text)
{
	if (text.n > SESSIONS_QUEUE_MAX - (c->n - c->sent) ||
		text.n > SESSIONS_TOTAL_MAX - c->owner->waiting || !queue_make_room(c, text.n))
		return FL_EFULL;
	memcpy(c->queue + c->n, text.at, text.n);
	c->n += text.n;
	c->owner->waiting += text.n;
	watch(c);
	return FL_OK;
}

static enum fl_err session_write(void *ctx, unsigned session, struct str text)
{
	struct sessions_linux *s = ctx;
	struct slot *c;
	size_t sent = 0;

	if (session >= SESSIONS_MAX_OPEN || s->slot[session].state != SLOT_OPEN)
		return FL_ENOENT;
	c = &s->slot[session];
	if (c->n == c->sent && !send_now(c, text.at, text.n, &sent))
		return FL_ENOENT; /* the loop will say that it is gone */
	if (sent == text.n)
		return FL_OK;
	return queue_add(c, (struct str){text.at + sent, text.n - sent});
}

static void session_close(void *ctx, unsigned session)
{
	struct sessions_linux *s = ctx;
	struct slot *c;

	if (session >= SESSIONS_MAX_OPEN || s->slot[session].state != SLOT_OPEN)
		return;
	c = &s->slot[session];
	loop_drop_session(s->loop, session);
	c->state = SLOT_CLOSING;
	if (c->n == c->sent) {
		slot_free(c);
		return;
	}
	loop_timer_set(s->loop, &c->timer, mtime_after(loop_now(s->loop), STALL_TIME));
	watch(c);
}

/* ---- octets from a client ---- */

static void post_input(struct slot *c, const char *octets, size_t n)
{
	struct loop *loop = c->owner->loop;

	if (n)
		loop_post(loop, &(struct io_event){.kind = IO_SESSION_INPUT,
					.at = loop_now(loop),
					.session = c->number,
					.data = bytes_of(octets, n)});
}

static void post_open(struct slot *c)
{
	struct loop *loop = c->owner->loop;

	loop_timer_stop(loop, &c->timer);
	c->state = SLOT_OPEN;
	loop_post(loop, &(struct io_event){.kind = IO_SESSION_OPEN,
				.at = loop_now(loop),
				.session = c->number,
				.data = bytes_of(c->hello, c->nhello),
				.text = str_of(c->peer)});
}

/* Tell a client that was never a session what is wrong, as far as it can be told at once. */
static void turn_away(struct slot *c, struct str why)
{
	size_t sent;

	send_now(c, why.at, why.n, &sent);
	slot_free(c);
}

static void take_hello(struct slot *c, const char *octets, size_t n)
{
	const char *end = memchr(octets, '\n', n);
	size_t part = end ? (size_t)(end - octets) + 1 : n;

	if (c->nhello == 0 && octets[0] != '\001') { /* a person with socat */
		post_open(c);
		post_input(c, octets, n);
		return;
	}
	if (part > sizeof(c->hello) - c->nhello) {
		turn_away(c, STR("error: the first line is too long\n"));
		return;
	}
	memcpy(c->hello + c->nhello, octets, part);
	c->nhello += part;
	if (!end)
		return;
	post_open(c);
	post_input(c, octets + part, n - part);
}

/* The client has ended its side; `gone`: both. */
static void take_end(struct slot *c, bool gone)
{
	if (gone || c->state != SLOT_OPEN) {
		slot_lost(c);
		return;
	}
	c->ended = true;
	post_input(c, "\004", 1);
	watch(c);
}

static void take_input(struct slot *c, bool hung_up)
{
	char octets[SESSIONS_INPUT_MAX];
	ssize_t n = recv(c->source.fd, octets, sizeof(octets), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return;
	if (n <= 0)
		take_end(c, n < 0 || hung_up);
	else if (c->state == SLOT_HELLO)
		take_hello(c, octets, (size_t)n);
	else
		post_input(c, octets, (size_t)n);
}

static void slot_ready(void *ctx, uint32_t events)
{
	struct slot *c = ctx;
	bool hung_up = events & (EPOLLHUP | EPOLLERR);

	if (events & EPOLLOUT && c->n > c->sent) {
		if (!queue_send(c)) {
			slot_lost(c);
			return;
		}
		if (c->n == c->sent && c->state == SLOT_CLOSING) {
			slot_free(c);
			return;
		}
		watch(c);
	}
	if (events & EPOLLIN && !c->ended && c->state != SLOT_CLOSING)
		take_input(c, hung_up);
	else if (hung_up)
		slot_lost(c);
}

static void slot_timeout(void *ctx)
{
	struct slot *c = ctx;

	if (c->state == SLOT_HELLO)
		turn_away(c, STR("error: nothing was said for 30 seconds\n"));
	else if (c->state == SLOT_CLOSING)
		slot_free(c);
}

/* ---- new clients ---- */

static void name_peer(int fd, char *out, size_t cap)
{
	struct ucred who = {.uid = (uid_t)-1};
	socklen_t n = sizeof(who);
	struct textbuf t = textbuf_of(out, cap);
	struct passwd entry, *found = NULL;
	char room[1024];

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) < 0)
		textbuf_printf(&t, "unknown");
	else if (getpwuid_r(who.uid, &entry, room, sizeof(room), &found) == 0 && found)
		textbuf_printf(&t, "%s", entry.pw_name);
	else
		textbuf_printf(&t, "uid-%u", (unsigned)who.uid);
}

static struct slot *find_free(struct sessions_linux *s)
{
	for (size_t i = 0; i < COUNT_OF(s->slot); i++)
		if (s->slot[i].state == SLOT_FREE)
			return &s->slot[i];
	return NULL;
}

/* Whoever has been there longest without a complete first line makes room for a newcomer. */
static struct slot *take_from_silent(struct sessions_linux *s)
{
	struct slot *oldest = NULL;

	for (size_t i = 0; i < COUNT_OF(s->slot); i++) {
		struct slot *c = &s->slot[i];

		if (c->state == SLOT_HELLO && (!oldest || c->since.us < oldest->since.us))
			oldest = c;
	}
	if (oldest)
		turn_away(oldest, STR("error: nothing was said, and somebody else wants in\n"));
	return oldest;
}

static void refuse(int fd)
{
	static const char text[] = "error: there are too many sessions already; end one of them\n";

	if (send(fd, text, sizeof(text) - 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		errno = 0; /* then it learns it from the closed socket */
	close(fd);
}

static void greet(struct sessions_linux *s, int fd)
{
	struct slot *c = find_free(s);

	if (!c)
		c = take_from_silent(s);
	if (!c) {
		refuse(fd);
		return;
	}
	c->state = SLOT_HELLO;
	c->since = loop_now(s->loop);
	c->nhello = 0;
	c->ended = false;
	c->source = (struct loop_source){fd, slot_ready, c};
	name_peer(fd, c->peer, sizeof(c->peer));
	if (loop_watch(s->loop, &c->source, EPOLLIN) < 0)
		slot_free(c);
	else
		loop_timer_set(s->loop, &c->timer, mtime_after(loop_now(s->loop), HELLO_TIME));
}

static void listener_ready(void *ctx, uint32_t events)
{
	struct sessions_linux *s = ctx;
	int fd = accept4(s->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd >= 0) {
		greet(s, fd);
	} else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
		/* The connection stays in the backlog; polling it again at once would spin. */
		loop_forget(s->loop, &s->listener);
		loop_timer_set(
			s->loop, &s->accept_again, mtime_after(loop_now(s->loop), ACCEPT_TIME));
	}
}

static void accept_again(void *ctx)
{
	struct sessions_linux *s = ctx;

	loop_watch(s->loop, &s->listener, EPOLLIN);
}

/* ---- the socket ---- */

static enum fl_err fail(struct textbuf *why, const char *path, const char *what, int err)
{
	textbuf_printf(why, "%s: %s: %s", path, what, strerror(err));
	return FL_EIO;
}

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	memcpy(a.sun_path, path, strlen(path)); /* sessions_linux_open() knows that it fits */
	return a;
}

/* Does a daemon answer there? */
static bool somebody_answers(const char *path)
{
	struct sockaddr_un a = address_of(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool answers = fd >= 0 && (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 ||
					  errno == EAGAIN); /* its backlog is full */

	if (fd >= 0)
		close(fd);
	return answers;
}

static enum fl_err clear_path(const char *path, struct textbuf *why)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? FL_OK : fail(why, path, "look", errno);
	if (!S_ISSOCK(st.st_mode)) {
		textbuf_printf(why, "%s: is there and is not a socket", path);
		return FL_EIO;
	}
	if (somebody_answers(path)) {
		textbuf_printf(why, "%s: a daemon answers there already", path);
		return FL_EEXIST;
	}
	return unlink(path) < 0 ? fail(why, path, "remove", errno) : FL_OK;
}

/* "/run/fairlead" of "/run/fairlead/socket": made when it is missing. */
static void make_folder(const char *path)
{
	struct sockaddr_un folder = address_of(path);
	char *slash = strrchr(folder.sun_path, '/');

	if (!slash || slash == folder.sun_path)
		return;
	*slash = '\0';
	mkdir(folder.sun_path, 0755); /* if that fails, bind() says so */
}

static void give_to_group(const char *path)
{
	struct group entry, *found = NULL;
	char room[4096];

	if (getgrnam_r(GROUP, &entry, room, sizeof(room), &found) == 0 && found &&
		chown(path, (uid_t)-1, found->gr_gid) == 0)
		chmod(path, 0660); /* a failure leaves it to the owner alone, which is safe */
}

static enum fl_err open_listener(struct sessions_linux *s, struct textbuf *why)
{
	struct sockaddr_un a = address_of(s->path);
	struct stat st;
	mode_t mask;
	int bound;

	s->listener.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->listener.fd < 0)
		return fail(why, s->path, "socket", errno);
	mask = umask(0177);
	bound = bind(s->listener.fd, (struct sockaddr *)&a, sizeof(a));
	umask(mask);
	if (bound < 0)
		return fail(why, s->path, "bind", errno);
	if (stat(s->path, &st) == 0) {
		s->device = st.st_dev;
		s->inode = st.st_ino;
	}
	give_to_group(s->path);
	if (listen(s->listener.fd, BACKLOG) < 0)
		return fail(why, s->path, "listen", errno);
	if (loop_watch(s->loop, &s->listener, EPOLLIN) < 0)
		return fail(why, s->path, "watch", errno);
	return FL_OK;
}

static enum fl_err open_recycler(struct sessions_linux *s, struct textbuf *why)
{
	s->recycler.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->recycler.fd < 0 || loop_watch(s->loop, &s->recycler, EPOLLIN) < 0)
		return fail(why, s->path, "eventfd", errno);
	return FL_OK;
}

static struct sessions_linux *new_sessions(struct loop *loop, const char *path)
{
	struct sessions_linux *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->loop = loop;
	s->listener = (struct loop_source){-1, listener_ready, s};
	s->recycler = (struct loop_source){-1, recycle, s};
	s->accept_again = (struct loop_timer){.fire = accept_again, .ctx = s};
	memcpy(s->path, path, strlen(path));
	for (unsigned i = 0; i < COUNT_OF(s->slot); i++)
		s->slot[i] = (struct slot){.owner = s,
			.number = i,
			.source = {-1, slot_ready, &s->slot[i]},
			.timer = {.fire = slot_timeout, .ctx = &s->slot[i]}};
	return s;
}

enum fl_err sessions_linux_open(struct sessions *out, struct sessions_linux **handle,
	struct loop *loop, const char *path, struct textbuf *why)
{
	struct sessions_linux *s;
	enum fl_err err;

	if (strlen(path) >= sizeof(s->path)) {
		textbuf_printf(why, "%s: the path is too long for a socket", path);
		return FL_EIO;
	}
	make_folder(path);
	err = clear_path(path, why);
	if (err)
		return err;
	s = new_sessions(loop, path);
	if (!s)
		return fail(why, path, "memory", ENOMEM);
	err = open_recycler(s, why);
	if (!err)
		err = open_listener(s, why);
	if (err) {
		sessions_linux_close(s);
		return err;
	}
	*out = (struct sessions){s, session_write, session_close};
	*handle = s;
	return FL_OK;
}

static void close_source(struct loop *loop, struct loop_source *source)
{
	if (source->fd < 0)
		return;
	loop_forget(loop, source);
	close(source->fd);
}

void sessions_linux_close(struct sessions_linux *s)
{
	struct stat st;

	for (size_t i = 0; i < COUNT_OF(s->slot); i++) {
		struct slot *c = &s->slot[i];

		if (c->source.fd >= 0 && c->n > c->sent)
			queue_send(c);
		slot_free(c);
	}
	loop_timer_stop(s->loop, &s->accept_again);
	close_source(s->loop, &s->listener);
	close_source(s->loop, &s->recycler);
	/* Another daemon may have put its own socket there meanwhile. */
	if (s->inode && lstat(s->path, &st) == 0 && st.st_ino == s->inode && st.st_dev == s->device)
		unlink(s->path);
	free(s);
}
