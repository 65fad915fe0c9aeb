/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The worker ends when the control socket does: there is no signal to wait for and no parent to
 * watch.  A dying process leaves its memory and descriptors to the kernel, so every end is
 * _exit(2). */
#include "dns_child.h"

#include "sandbox.h"

#include <errno.h>
#include <seccomp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

struct child {
	int control, epoll;
	bool hears;      /* messages are taken; not while the server is busy */
	uint32_t taking; /* the image on its way to the threads; 0: none */
	unsigned threads;
	struct dns_server *server;
	struct dns_sockets gathered; /* of a set that is not complete */
};

static bool number_of(const char *text, uint64_t max, uint64_t *out)
{
	return str_to_u64(str_of(text), max, out);
}

bool dns_child_args(int argc, char **argv, struct dns_child_args *out)
{
	uint64_t control, threads;
	int type;
	socklen_t n = sizeof(type);

	if (argc != 5 || strcmp(argv[1], "--control") != 0 || strcmp(argv[3], "--threads") != 0 ||
		!number_of(argv[2], INT32_MAX, &control) ||
		!number_of(argv[4], DNS_THREADS_MAX, &threads) || threads == 0)
		return false;
	if (getsockopt((int)control, SOL_SOCKET, SO_TYPE, &type, &n) < 0 || type != SOCK_SEQPACKET)
		return false;
	*out = (struct dns_child_args){(int)control, (unsigned)threads};
	return true;
}

/* An answer that does not fit the control socket's buffer is not worth waiting for. */
static void tell(
	const struct child *c, enum dns_message_kind kind, uint32_t number, struct str text)
{
	struct dns_message m = {.kind = kind, .number = number};

	memcpy(m.text, text.at, text.n < sizeof(m.text) ? text.n : sizeof(m.text) - 1);
	dns_message_send(c->control, &m, NULL, 0);
}

static void give_up(const struct child *c, const char *what) __attribute__((noreturn));

static void give_up(const struct child *c, const char *what)
{
	char room[200];
	struct textbuf text = textbuf_of(room, sizeof(room));

	textbuf_printf(&text, "%s: %s", what, strerror(errno));
	tell(c, DNS_MESSAGE_FAILED, 0, textbuf_str(&text));
	_exit(1);
}

static void *map_page(int fd, size_t n, int protection)
{
	void *at = mmap(NULL, n, protection, MAP_SHARED, fd, 0);

	close(fd);
	return at == MAP_FAILED ? NULL : at;
}

/* The first message: without it there is nothing to do. */
static void receive_pages(const struct child *c, struct dns_server_conf *conf)
{
	struct dns_message m = {0};
	int fds[DNS_MESSAGE_FDS];
	size_t nfds = 0;

	if (dns_message_receive(c->control, &m, fds, &nfds) != 1 || m.kind != DNS_MESSAGE_PAGES ||
		nfds != 2)
		give_up(c, "the first message is not what it should be");
	conf->state = map_page(fds[0], sizeof(*conf->state), PROT_READ);
	conf->figures = map_page(fds[1], sizeof(*conf->figures), PROT_READ | PROT_WRITE);
	if (!conf->state || !conf->figures)
		give_up(c, "mapping the shared pages");
}

/* What the threads do: sockets that were given to them, waiting, and the clock (where it is no
 * plain memory read); an image is mapped to be read.  sigaltstack is what a build with
 * AddressSanitizer does before it ends. */
static const int allowed[] = {
	SCMP_SYS(recvmmsg),
	SCMP_SYS(sendmmsg),
	SCMP_SYS(recvfrom),
	SCMP_SYS(sendto),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendmsg),
	SCMP_SYS(accept4),
	SCMP_SYS(read),
	SCMP_SYS(write),
	SCMP_SYS(close),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(munmap),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(futex),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
};

/* This thread checks images, beside threads that answer; see check_gives_way() in dns_worker.c. */
#define NICE 5

static void confine(struct child *c, const struct dns_server_conf *conf)
{
	char room[160];
	struct textbuf how = textbuf_of(room, sizeof(room));

	sandbox_enter(&how);
	if (dns_server_open(&c->server, conf) != FL_OK)
		give_up(c, "starting the threads");
	(void)setpriority(PRIO_PROCESS, 0, NICE); /* of the calling thread alone (setpriority(2)) */
	c->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (c->epoll < 0)
		give_up(c, "epoll");
	if (sandbox_filter(allowed, COUNT_OF(allowed), PROT_READ) != FL_OK)
		give_up(c, "installing the system call filter");
	textbuf_printf(&how, ", system calls filtered");
	tell(c, DNS_MESSAGE_READY, 0, textbuf_str(&how));
}

static void watch(const struct child *c, int fd, int how, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.fd = fd};

	if (epoll_ctl(c->epoll, how, fd, &e) < 0)
		give_up(c, "epoll");
}

/* ---- messages ---- */

static void close_all(const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
}

static void forget_gathered(struct child *c)
{
	for (size_t i = 0; i < c->gathered.n; i++) {
		close_all(c->gathered.udp[i], c->threads);
		close(c->gathered.tcp[i]);
	}
	memset(&c->gathered, 0, sizeof(c->gathered));
}

static void take_sockets(struct child *c, const struct dns_message *m, const int *fds, size_t nfds)
{
	struct dns_sockets *s = &c->gathered;

	if (m->number == 0)
		forget_gathered(c);
	if (m->of && (nfds != c->threads + 1 || m->number != s->n || m->number >= m->of ||
			     m->of > DNS_ENDPOINTS_MAX)) {
		close_all(fds, nfds);
		errno = EPROTO;
		give_up(c, "a socket that was not expected");
	}
	if (m->of) {
		memcpy(s->udp[s->n], fds, sizeof(int) * c->threads);
		s->tcp[s->n] = fds[c->threads];
		s->n++;
	}
	if (s->n < m->of)
		return;
	if (dns_server_listen(c->server, s) != FL_OK)
		give_up(c, "busy"); /* messages are not read while the server is busy */
	memset(s, 0, sizeof(*s));
}

static void take_image(struct child *c, const struct dns_message *m, const int *fds, size_t nfds)
{
	void *at = MAP_FAILED;
	enum fl_err err = FL_EIO;

	/* Private: kernels before 6.7 refuse a shared mapping of a sealed file. */
	if (nfds == 1 && m->size && m->size < SIZE_MAX)
		at = mmap(NULL, (size_t)m->size, PROT_READ, MAP_PRIVATE, fds[0], 0);
	close_all(fds, nfds);
	if (at != MAP_FAILED) {
		err = dns_server_image(c->server, bytes_of(at, (size_t)m->size), m->of == 1);
		if (err != FL_OK)
			munmap(at, (size_t)m->size);
	}
	if (err == FL_OK)
		c->taking = m->number;
	else
		tell(c, DNS_MESSAGE_REFUSED, m->number, str_of(fl_err_text(err)));
}

static void take_message(struct child *c)
{
	struct dns_message m = {0};
	int fds[DNS_MESSAGE_FDS];
	size_t nfds = 0;
	int got = dns_message_receive(c->control, &m, fds, &nfds);

	if (got == 0 || got == -ECONNRESET)
		_exit(0);
	if (got < 0) {
		errno = -got;
		give_up(c, "control socket");
	}
	if (m.kind == DNS_MESSAGE_SOCKETS)
		take_sockets(c, &m, fds, nfds);
	else if (m.kind == DNS_MESSAGE_IMAGE)
		take_image(c, &m, fds, nfds);
	else
		close_all(fds, nfds);
}

/* A thread may have adopted a change. */
static void settle(struct child *c)
{
	dns_server_settle(c->server);
	if (dns_server_busy(c->server) || !c->taking)
		return;
	tell(c, DNS_MESSAGE_TAKEN, c->taking, STR(""));
	c->taking = 0;
}

/* A change that is not yet everywhere comes before the next one.  The end of the daemon is seen
 * even then. */
static void hear(struct child *c)
{
	bool hears = !dns_server_busy(c->server);

	if (hears != c->hears)
		watch(c, c->control, EPOLL_CTL_MOD, hears ? EPOLLIN : 0);
	c->hears = hears;
}

void dns_child_run(const struct dns_child_args *args, const struct dns_answerer *answerer)
{
	struct child c = {
		.control = args->control, .epoll = -1, .threads = args->threads, .hears = true};
	struct dns_server_conf conf = {
		.threads = args->threads, .answerer = answerer, .tcp = DNS_TCP_LIMITS};

	receive_pages(&c, &conf);
	confine(&c, &conf);
	watch(&c, c.control, EPOLL_CTL_ADD, EPOLLIN);
	watch(&c, dns_server_event(c.server), EPOLL_CTL_ADD, EPOLLIN);
	for (;;) {
		struct epoll_event e;

		if (epoll_wait(c.epoll, &e, 1, -1) < 1)
			continue;
		if (e.data.fd != c.control)
			settle(&c);
		else if (c.hears)
			take_message(&c);
		else
			_exit(0); /* only its end is reported now */
		hear(&c);
	}
}
