/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the worker is to have (pages, sockets, image) is kept here, with a mark for each that it
 * has not got yet; deliver() sends what is due and goes on later where the control socket is full.
 * A new worker is one to which all is due.  So there is one path for a first start, a change and a
 * restart. */
#include "dns_worker.h"

#include "dns_share.h"
#include "dns_sockets.h"
#include "helper_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define BACKOFF_MIN  ms(100)
#define BACKOFF_MAX  ms(5000)
#define SHORT_LIFE   sec(1)
#define WATCH_PERIOD sec(1)
#define STUCK_CHECKS 5 /* of these periods in one batch: stuck */
#define MESSAGES_MAX 16

struct shared { /* memory that the worker maps as well */
	int fd;
	void *at;
	size_t n;
};

struct zone_image {
	int fd; /* sealed memfd */
	uint64_t size;
	uint32_t number;
};

#define IMAGES_MAX 4

struct progress { /* of one thread of the worker, as last seen */
	uint64_t begun;
	unsigned checks; /* how often it was seen in the same batch */
};

struct dns_worker {
	struct loop *loop;
	struct log log;
	char *program;
	struct shared state, figures;

	unsigned threads;
	size_t nlisteners;
	struct dns_listener listeners[DNS_ENDPOINTS_MAX];
	/* Oldest first: the one that is served, if any is, and those that came since.  A worker
	 * gets the last one; if that is refused, the next worker serves what this one does. */
	struct zone_image images[IMAGES_MAX];
	size_t nimages;
	uint32_t image_number; /* of the last one there was */
	struct shared room;    /* where the next one is made */
	void *read;            /* the last one, mapped for whoever gave it */
	size_t read_n;
	bool has_state;

	/* The process; pidfd -1: none. */
	pid_t pid;
	struct loop_source process, control;
	mtime started;
	bool ready;
	uint32_t restarts, violations;
	span backoff;
	struct loop_timer restart, watchdog;
	struct progress seen[DNS_THREADS_MAX + 1];

	/* What it has not got. */
	bool pages_due, sockets_due, image_due;
	size_t next_listener;
	uint32_t asked, answered; /* the last image it was sent, and the last it took or refused */
	/* The last image that a worker took: the next worker need not check it, which takes half a
	 * second for a million names.  0 after a short life: then nothing is taken for granted. */
	uint32_t sound;
	uint32_t late; /* asked for and not answered when the watchdog last looked; 0: none */
};

/* ---- shared memory ---- */

static void shared_free(struct shared *s)
{
	if (s->at)
		munmap(s->at, s->n);
	if (s->fd >= 0)
		close(s->fd);
	*s = (struct shared){.fd = -1};
}

/* The size is sealed, so that no one can cut it off under the other; and the memory is had here,
 * where it can still be refused. */
static bool shared_make(struct shared *s, const char *name, size_t n, int more_seals)
{
	void *at;

	*s = (struct shared){memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING), NULL, n};
	if (s->fd < 0 || fallocate(s->fd, 0, 0, (off_t)n) < 0)
		return false;
	at = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, s->fd, 0);
	if (at == MAP_FAILED)
		return false;
	s->at = at;
	return fcntl(s->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | more_seals) == 0;
}

/* Memory to make an image in, which nobody can change any more once it is sealed. */
static bool room_open(struct shared *room, size_t n)
{
	*room = (struct shared){.fd = -1};
	if (shared_make(room, "fairlead-zone-image", n, 0))
		return true;
	shared_free(room);
	return false;
}

static bool write_all(int fd, const uint8_t *at, size_t n)
{
	while (n) {
		ssize_t written = write(fd, at, n);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		at += written;
		n -= (size_t)written;
	}
	return true;
}

/* With these octets at its beginning: a page that is written whole need not be cleared first, nor
 * be mapped unless it is changed. */
static bool room_copy(struct shared *room, struct bytes from, size_t n)
{
	size_t rest = n - from.n;
	void *at;

	*room = (struct shared){
		memfd_create("fairlead-zone-image", MFD_CLOEXEC | MFD_ALLOW_SEALING), NULL, n};
	if (room->fd >= 0 && write_all(room->fd, from.at, from.n) &&
		(!rest || fallocate(room->fd, 0, (off_t)from.n, (off_t)rest) == 0)) {
		at = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, room->fd, 0);
		room->at = at == MAP_FAILED ? NULL : at;
		if (room->at && fcntl(room->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0)
			return true;
	}
	shared_free(room);
	return false;
}

/* Reading goes on at the same address, and the last mapping that could write is gone. */
static bool room_seal(const struct shared *room)
{
	return mmap(room->at, room->n, PROT_READ, MAP_PRIVATE | MAP_FIXED, room->fd, 0) !=
		       MAP_FAILED &&
	       fcntl(room->fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL) == 0;
}

/* ---- to the worker ---- */

static int send_pages(struct dns_worker *w)
{
	const struct dns_message m = {.kind = DNS_MESSAGE_PAGES};
	const int fds[] = {w->state.fd, w->figures.fd};
	int err = dns_message_send(w->control.fd, &m, fds, COUNT_OF(fds));

	w->pages_due = err != 0;
	return err;
}

static int send_sockets(struct dns_worker *w)
{
	int err = 0;

	while (err == 0 && w->sockets_due) {
		struct dns_message m = {.kind = DNS_MESSAGE_SOCKETS,
			.number = (uint32_t)w->next_listener,
			.of = (uint32_t)w->nlisteners};
		const struct dns_listener *l = &w->listeners[w->next_listener];
		int fds[DNS_MESSAGE_FDS];

		memcpy(fds, l->udp, sizeof(int) * w->threads);
		fds[w->threads] = l->tcp;
		err = dns_message_send(w->control.fd, &m, fds, w->threads + 1);
		if (err == 0)
			w->sockets_due = ++w->next_listener < w->nlisteners;
	}
	return err;
}

static int send_image(struct dns_worker *w)
{
	struct dns_message m = {.kind = DNS_MESSAGE_IMAGE};
	const struct zone_image *image;
	int err;

	if (!w->nimages || !w->has_state)
		return 0;
	image = &w->images[w->nimages - 1];
	m.number = image->number;
	m.of = w->sound == image->number;
	m.size = image->size;
	err = dns_message_send(w->control.fd, &m, &image->fd, 1);
	w->image_due = err != 0;
	if (!err)
		w->asked = m.number;
	return err;
}

/* Send what is due.  An error other than a full socket means that the worker is dying; that is
 * heard of elsewhere. */
static void deliver(struct dns_worker *w)
{
	int err = 0;

	if (w->control.fd < 0)
		return;
	if (w->pages_due)
		err = send_pages(w);
	if (err == 0 && w->sockets_due)
		err = send_sockets(w);
	if (err == 0 && w->image_due)
		err = send_image(w);
	loop_watch(w->loop, &w->control, err == -EAGAIN ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

/* ---- life and death of the process ---- */

static void process_kill(struct dns_worker *w)
{
	if (w->process.fd >= 0)
		pidfd_send_signal(w->process.fd, SIGKILL, NULL, 0);
}

static void control_close(struct dns_worker *w)
{
	if (w->control.fd < 0)
		return;
	loop_forget(w->loop, &w->control);
	close(w->control.fd);
	w->control.fd = -1;
}

/* The process is dead and reaped. */
static void process_forget(struct dns_worker *w)
{
	control_close(w);
	loop_timer_stop(w->loop, &w->watchdog);
	loop_forget(w->loop, &w->process);
	close(w->process.fd);
	w->process.fd = -1;
	w->pid = 0;
	w->ready = false;
}

/* End it now and without a word. */
static void process_stop(struct dns_worker *w)
{
	siginfo_t info;

	loop_timer_stop(w->loop, &w->restart);
	if (w->process.fd < 0)
		return;
	process_kill(w);
	while (waitid(P_PIDFD, (id_t)w->process.fd, &info, WEXITED) < 0 && errno == EINTR)
		;
	process_forget(w);
}

static void break_off(struct dns_worker *w, const char *why)
{
	log_printf(&w->log, LOG_LEVEL_ERROR, "dns worker: %s; it is killed", why);
	process_kill(w); /* first: at the end of the control socket it would exit by itself */
	control_close(w);
}

/* The worker may be in anybody's hands: what it says is cut to what a log can take. */
static const char *printable(char *text)
{
	for (char *p = text; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	return text;
}

static void image_drop(struct dns_worker *w, size_t which)
{
	close(w->images[which].fd);
	w->nimages--;
	memmove(&w->images[which], &w->images[which + 1],
		(w->nimages - which) * sizeof(w->images[0]));
}

/* The worker checks an image, half a second for a million names, on cores where questions come in.
 * At a normal priority, however nice, it keeps a core for 3 ms when a question wakes the thread
 * that answers it; an idle task goes at once.  But an idle task gets nearly nothing of a core that
 * others keep busy, so one that is late has its share again.  Before a worker serves anything there
 * is nobody to wait for.  The check is the work of the process's first thread, whose number is the
 * process's; where the right to set it is missing (not root) the niceness is all. */
static void check_gives_way(const struct dns_worker *w, bool gives_way)
{
	const struct sched_param none = {0};

	if (w->pid > 0)
		(void)sched_setscheduler(w->pid, gives_way ? SCHED_IDLE : SCHED_OTHER, &none);
}

static void image_answered(struct dns_worker *w, struct dns_message *m)
{
	if (m->number == w->answered || m->number > w->asked) {
		break_off(w, "it answers what was not asked");
		return;
	}
	w->answered = m->number;
	check_gives_way(w, true);
	if (m->kind == DNS_MESSAGE_REFUSED) {
		log_printf(&w->log, LOG_LEVEL_ERROR,
			"dns worker: zone image %u %s; the one before is served on", m->number,
			printable(m->text));
		for (size_t i = 0; i < w->nimages; i++)
			if (w->images[i].number == m->number)
				image_drop(w, i);
		return;
	}
	while (w->nimages && w->images[0].number < m->number)
		image_drop(w, 0);
	w->sound = m->number;
	log_printf(&w->log, LOG_LEVEL_DEBUG, "dns worker: serves zone image %u", m->number);
}

static void take_message(struct dns_worker *w, struct dns_message *m)
{
	if (m->kind == DNS_MESSAGE_READY && !w->ready) {
		w->ready = true;
		log_printf(&w->log, LOG_LEVEL_INFO, "dns worker: process %d, %u threads, %s",
			(int)w->pid, w->threads, printable(m->text));
	} else if (m->kind == DNS_MESSAGE_FAILED) {
		log_printf(
			&w->log, LOG_LEVEL_ERROR, "dns worker: gives up: %s", printable(m->text));
		control_close(w);
	} else if (m->kind == DNS_MESSAGE_TAKEN || m->kind == DNS_MESSAGE_REFUSED) {
		image_answered(w, m);
	} else {
		break_off(w, "it says what makes no sense");
	}
}

static void control_ready(void *ctx, uint32_t events)
{
	struct dns_worker *w = ctx;
	struct dns_message m;

	for (int i = 0; i < MESSAGES_MAX && w->control.fd >= 0; i++) {
		int got = dns_message_receive(w->control.fd, &m, NULL, NULL);

		if (got == 1) {
			take_message(w, &m);
		} else if (got == -EAGAIN || got == -EINTR) {
			break;
		} else {
			/* Without it the worker is of no use, whether it lives or not. */
			control_close(w);
			process_kill(w);
		}
	}
	if (events & EPOLLOUT)
		deliver(w);
}

static void process_start(struct dns_worker *w);

static void try_later(struct dns_worker *w)
{
	w->backoff = w->backoff.us ? span_min(us(w->backoff.us * 2), BACKOFF_MAX) : BACKOFF_MIN;
	loop_timer_set(w->loop, &w->restart, mtime_after(loop_now(w->loop), w->backoff));
}

static void restart_fire(void *ctx)
{
	struct dns_worker *w = ctx;

	w->restarts++;
	process_start(w);
}

/* The filter of system calls ends a process by SIGSYS. */
static bool is_violation(const siginfo_t *info)
{
	return info->si_code != CLD_EXITED && info->si_status == SIGSYS;
}

static void death_text(const siginfo_t *info, struct textbuf *out)
{
	if (info->si_code == CLD_EXITED)
		textbuf_printf(out, "exited with status %d", info->si_status);
	else
		textbuf_printf(out, "killed by signal %d%s", info->si_status,
			is_violation(info) ? ", a system call it may not make" : "");
}

static void process_ready(void *ctx, uint32_t events)
{
	struct dns_worker *w = ctx;
	mtime now = loop_now(w->loop);
	bool short_life = mtime_between(w->started, now).us < SHORT_LIFE.us;
	siginfo_t info = {0};
	char room[64];
	struct textbuf text = textbuf_of(room, sizeof(room));

	(void)events;
	if (waitid(P_PIDFD, (id_t)w->process.fd, &info, WEXITED | WNOHANG) < 0 || !info.si_pid)
		return;
	control_ready(w, 0); /* its last words */
	process_forget(w);
	w->violations += is_violation(&info);
	death_text(&info, &text);
	loop_post(w->loop,
		&(struct io_event){.kind = IO_WORKER_GONE, .at = now, .text = textbuf_str(&text)});
	if (short_life) {
		w->sound = 0;
		try_later(w);
	} else {
		w->backoff = us(0);
		restart_fire(w);
	}
}

/* Is a thread in the same batch as it was so many looks ago? */
static bool is_stuck(struct progress *seen, const struct dns_figures_slot *slot)
{
	uint64_t begun = atomic_load_explicit(&slot->begun, memory_order_relaxed);
	uint64_t done = atomic_load_explicit(&slot->done, memory_order_relaxed);

	if (begun == done || begun != seen->begun) {
		*seen = (struct progress){begun, 0};
		return false;
	}
	return ++seen->checks >= STUCK_CHECKS;
}

/* An image that waited from one look to the next. */
static void look_at_check(struct dns_worker *w)
{
	uint32_t waiting = w->asked != w->answered ? w->asked : 0;

	if (waiting && waiting == w->late)
		check_gives_way(w, false);
	w->late = waiting;
}

static void watchdog_fire(void *ctx)
{
	struct dns_worker *w = ctx;
	const struct dns_figures_page *page = w->figures.at;
	bool stuck = false;

	look_at_check(w);
	for (size_t i = 0; i < COUNT_OF(page->slot); i++)
		stuck = is_stuck(&w->seen[i], &page->slot[i]) || stuck;
	if (stuck)
		break_off(w, "a thread is stuck in one batch of questions");
	else
		loop_timer_set(w->loop, &w->watchdog, mtime_after(loop_now(w->loop), WATCH_PERIOD));
}

/* 0 or -errno. */
static int spawn(struct dns_worker *w, int control)
{
	char fd_text[16], threads_text[16];
	char control_word[] = "--control", threads_word[] = "--threads";
	char *argv[] = {w->program, control_word, fd_text, threads_word, threads_text, NULL};

	snprintf(fd_text, sizeof(fd_text), "%d", HELPER_FIRST_FD);
	snprintf(threads_text, sizeof(threads_text), "%u", w->threads);
	return -helper_spawn(w->program, argv, &control, 1, &w->pid);
}

/* Start the program and hold it by a pidfd.  0 or -errno, and then there is none. */
static int process_open(struct dns_worker *w)
{
	int ends[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	err = spawn(w, ends[1]);
	close(ends[1]);
	if (err == 0) {
		w->process.fd = pidfd_open(w->pid, 0);
		if (w->process.fd < 0) {
			err = -errno;
			kill(w->pid, SIGKILL);
			waitpid(w->pid, NULL, 0);
		}
	}
	if (err) {
		close(ends[0]);
		w->pid = 0;
		return err;
	}
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	w->control.fd = ends[0];
	return 0;
}

static void process_start(struct dns_worker *w)
{
	struct dns_figures_page *page = w->figures.at;
	int err;

	/* Batches that died with the worker before are over. */
	for (size_t i = 0; i < COUNT_OF(page->slot); i++)
		dns_batch_end(&page->slot[i]);
	err = process_open(w);
	if (err) {
		log_printf(&w->log, LOG_LEVEL_ERROR, "dns worker: cannot start %s: %s", w->program,
			strerror(-err));
		try_later(w);
		return;
	}
	w->started = loop_now(w->loop);
	w->pages_due = w->sockets_due = w->image_due = true;
	w->next_listener = 0;
	w->asked = w->answered = w->late = 0;
	memset(w->seen, 0, sizeof(w->seen));
	loop_watch(w->loop, &w->process, EPOLLIN);
	loop_timer_set(w->loop, &w->watchdog, mtime_after(w->started, WATCH_PERIOD));
	deliver(w);
}

/* ---- struct dns_service ---- */

static unsigned thread_count(unsigned asked)
{
	long cores;

	if (asked)
		return asked;
	cores = sysconf(_SC_NPROCESSORS_ONLN);
	return cores < 1 ? 1 : cores > DNS_THREADS_MAX ? DNS_THREADS_MAX : (unsigned)cores;
}

/* The listener that can go on as it is, or NULL. */
static struct dns_listener *find_listener(
	struct dns_worker *w, const struct dns_endpoint *at, unsigned threads)
{
	for (size_t i = 0; i < w->nlisteners; i++) {
		struct dns_listener *l = &w->listeners[i];

		if (l->threads == threads && l->at.port == at->port &&
			ip_addr_eq(&l->at.addr, &at->addr))
			return l;
	}
	return NULL;
}

struct listener_set {
	size_t n;
	struct dns_listener at[DNS_ENDPOINTS_MAX];
	bool kept[DNS_ENDPOINTS_MAX]; /* taken over from what is there */
};

static bool set_has(const struct listener_set *s, const struct dns_endpoint *at)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->at[i].at.port == at->port && ip_addr_eq(&s->at[i].at.addr, &at->addr))
			return true;
	return false;
}

static enum fl_err set_open(struct dns_worker *w, const struct dns_endpoint *at, size_t n,
	unsigned threads, struct listener_set *s, struct textbuf *why)
{
	enum fl_err err = FL_OK;

	for (size_t i = 0; i < n && err == FL_OK; i++) {
		const struct dns_listener *old = find_listener(w, &at[i], threads);

		if (set_has(s, &at[i]))
			continue;
		if (old)
			s->at[s->n] = *old;
		else
			err = dns_listener_open(&at[i], threads, &s->at[s->n], why);
		s->kept[s->n] = old != NULL;
		s->n += err == FL_OK;
	}
	for (size_t i = 0; i < s->n && err != FL_OK; i++)
		if (!s->kept[i])
			dns_listener_close(&s->at[i]);
	return err;
}

/* The new set takes the place of the old one. */
static void set_install(struct dns_worker *w, const struct listener_set *s, unsigned threads)
{
	for (size_t i = 0; i < w->nlisteners; i++) {
		struct dns_listener *l = &w->listeners[i];

		if (threads != l->threads || !set_has(s, &l->at))
			dns_listener_close(l);
	}
	memcpy(w->listeners, s->at, sizeof(s->at[0]) * s->n);
	w->nlisteners = s->n;
	w->threads = threads;
	w->sockets_due = true;
	w->next_listener = 0;
}

static enum fl_err worker_listen(
	void *ctx, const struct dns_endpoint *at, size_t n, unsigned threads, struct textbuf *why)
{
	struct dns_worker *w = ctx;
	struct listener_set set = {0};
	enum fl_err err;

	threads = thread_count(threads);
	if (n > DNS_ENDPOINTS_MAX || threads > DNS_THREADS_MAX) {
		textbuf_printf(why, "at most %d addresses and %d threads", DNS_ENDPOINTS_MAX,
			DNS_THREADS_MAX);
		return FL_ERANGE;
	}
	/* Who has no questions answered needs no program for it. */
	if (n && w->process.fd < 0 && access(w->program, X_OK) < 0) {
		textbuf_printf(why, "DNS: %s: %s; it belongs beside fairleadd", w->program,
			strerror(errno));
		return FL_ENOENT;
	}
	err = set_open(w, at, n, threads, &set, why);
	if (err != FL_OK)
		return err;
	if (n == 0 || threads != w->threads)
		process_stop(w);
	set_install(w, &set, threads);
	if (w->process.fd >= 0)
		deliver(w);
	else if (n && !w->restart.armed)
		process_start(w);
	return FL_OK;
}

static uint8_t *worker_room(void *ctx, size_t n)
{
	struct dns_worker *w = ctx;

	shared_free(&w->room);
	return room_open(&w->room, n) ? w->room.at : NULL;
}

static uint8_t *worker_copy(void *ctx, size_t n)
{
	struct dns_worker *w = ctx;

	shared_free(&w->room);
	if (!w->read || n < w->read_n || !room_copy(&w->room, bytes_of(w->read, w->read_n), n))
		return NULL;
	return w->room.at;
}

/* An image that was made elsewhere comes into the room first. */
static bool take_in(struct dns_worker *w, struct bytes image)
{
	if (w->room.at && image.at == w->room.at && image.n == w->room.n)
		return true;
	if (!worker_room(w, image.n))
		return false;
	memcpy(w->room.at, image.at, image.n);
	return true;
}

static enum fl_err worker_image(void *ctx, struct bytes image, struct textbuf *why)
{
	struct dns_worker *w = ctx;

	if (!take_in(w, image) || !room_seal(&w->room)) {
		textbuf_printf(why, "zone image of %zu octets: %s", image.n, strerror(errno));
		shared_free(&w->room);
		return FL_EIO;
	}
	if (w->nimages == IMAGES_MAX)
		image_drop(w, 1);
	w->images[w->nimages++] = (struct zone_image){w->room.fd, image.n, ++w->image_number};
	if (w->read)
		munmap(w->read, w->read_n);
	w->read = w->room.at;
	w->read_n = w->room.n;
	w->room = (struct shared){.fd = -1};
	w->image_due = true;
	deliver(w);
	return FL_OK;
}

static enum fl_err worker_state(void *ctx, struct bytes published)
{
	struct dns_worker *w = ctx;

	if (published.n > DNS_STATE_MAX)
		return FL_ERANGE;
	dns_state_write(w->state.at, published);
	if (!w->has_state) {
		w->has_state = true;
		deliver(w);
	}
	return FL_OK;
}

static void worker_figures(void *ctx, struct dns_service_figures *out)
{
	struct dns_worker *w = ctx;
	struct dns_figures_page *page = w->figures.at;

	*out = (struct dns_service_figures){.running = w->ready,
		.settled = w->ready && !w->image_due && w->answered == w->asked,
		.restarts = w->restarts,
		.violations = w->violations};
	for (size_t i = 0; i < COUNT_OF(page->slot); i++) {
		const struct dns_figures_slot *slot = &page->slot[i];

		out->queries += atomic_load_explicit(&slot->queries, memory_order_relaxed);
		out->replies += atomic_load_explicit(&slot->replies, memory_order_relaxed);
		out->dropped += atomic_load_explicit(&slot->dropped, memory_order_relaxed);
		out->truncated += atomic_load_explicit(&slot->truncated, memory_order_relaxed);
	}
	out->tcp = atomic_load_explicit(&page->slot[DNS_SLOT_TCP].queries, memory_order_relaxed);
}

static void worker_counters(void *ctx, uint64_t *out, size_t n)
{
	const struct dns_worker *w = ctx;
	const struct dns_figures_page *page = w->figures.at;

	memset(out, 0, n * sizeof(*out));
	for (size_t i = 0; i < COUNT_OF(page->slot); i++)
		for (size_t k = 0; k < n && k < DNS_COUNTERS_MAX; k++)
			out[k] += atomic_load_explicit(
				&page->slot[i].counter[k], memory_order_relaxed);
}

/* ---- construction ---- */

int dns_worker_pid(const struct dns_worker *w)
{
	return (int)w->pid;
}

void dns_worker_close(struct dns_worker *w)
{
	process_stop(w);
	for (size_t i = 0; i < w->nlisteners; i++)
		dns_listener_close(&w->listeners[i]);
	while (w->nimages)
		image_drop(w, 0);
	if (w->read)
		munmap(w->read, w->read_n);
	shared_free(&w->room);
	shared_free(&w->state);
	shared_free(&w->figures);
	free(w->program);
	free(w);
}

static bool make(struct dns_worker *w, const char *program)
{
	w->program = strdup(program);
	return w->program &&
	       shared_make(&w->state, "fairlead-dns-state", sizeof(struct dns_state_page),
		       F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) &&
	       shared_make(&w->figures, "fairlead-dns-figures", sizeof(struct dns_figures_page),
		       F_SEAL_SEAL);
}

enum fl_err dns_worker_open(struct dns_service *out, struct dns_worker **handle, struct loop *loop,
	const struct log *log, const char *program, struct textbuf *why)
{
	struct dns_worker *w = calloc(1, sizeof(*w));

	if (!w) {
		textbuf_printf(why, "out of memory");
		return FL_EIO;
	}
	w->loop = loop;
	w->log = *log;
	w->state.fd = w->figures.fd = w->room.fd = -1;
	w->process = (struct loop_source){-1, process_ready, w};
	w->control = (struct loop_source){-1, control_ready, w};
	w->restart = (struct loop_timer){.fire = restart_fire, .ctx = w};
	w->watchdog = (struct loop_timer){.fire = watchdog_fire, .ctx = w};
	if (!make(w, program)) {
		textbuf_printf(why, "shared memory: %s", strerror(errno));
		dns_worker_close(w);
		return FL_EIO;
	}
	*handle = w;
	*out = (struct dns_service){w, worker_listen, worker_room, worker_copy, worker_image,
		worker_state, worker_figures, worker_counters};
	return FL_OK;
}
