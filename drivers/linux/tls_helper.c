/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A helper lives in this list until the kernel says that it is dead, so that none stays a zombie,
 * and until its user needs it no more: either may come first, and nobody waits for the other. */
#include "tls_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct tls_helper {
	struct tls_helper *next;
	struct tls_helpers *all;
	struct loop_source process; /* its pidfd; -1: it is dead */
	bool stopped;
};

struct tls_helpers {
	struct loop *loop;
	char *program;
	struct tls_helper *first;
};

static void reap(struct tls_helper *h)
{
	siginfo_t info;

	while (waitid(P_PIDFD, (id_t)h->process.fd, &info, WEXITED) < 0 && errno == EINTR)
		;
	loop_forget(h->all->loop, &h->process);
	close(h->process.fd);
	h->process.fd = -1;
}

static void discard(struct tls_helper *h)
{
	struct tls_helper **at = &h->all->first;

	while (*at != h)
		at = &(*at)->next;
	*at = h->next;
	free(h);
}

static void died(void *ctx, uint32_t events)
{
	struct tls_helper *h = ctx;

	(void)events;
	reap(h);
	if (h->stopped)
		discard(h);
}

void tls_helper_stop(struct tls_helper *h)
{
	h->stopped = true;
	if (h->process.fd >= 0)
		pidfd_send_signal(h->process.fd, SIGKILL, NULL, 0);
	else
		discard(h);
}

static bool keep(struct tls_helpers *all, struct tls_helper *h, pid_t pid)
{
	*h = (struct tls_helper){.next = all->first, .all = all, .process = {-1, died, h}};
	h->process.fd = pidfd_open(pid, 0);
	if (h->process.fd >= 0 && loop_watch(all->loop, &h->process, EPOLLIN) == 0) {
		all->first = h;
		return true;
	}
	if (h->process.fd >= 0)
		close(h->process.fd);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return false;
}

int tls_helper_start(
	struct tls_helpers *all, int socket, const char *host, bool verify, struct tls_helper **out)
{
	char *const argv[] = {all->program, verify ? (char *)"verify" : (char *)"trust",
		(char *)(uintptr_t)host, NULL};
	struct tls_helper *h = calloc(1, sizeof(*h));
	int ends[2] = {-1, -1}, err = ENOMEM;
	pid_t pid;

	if (h && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0 &&
		fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0) {
		const int fds[] = {ends[1], socket}; /* TLS_CONTROL_FD, TLS_SOCKET_FD */

		err = helper_spawn(all->program, argv, fds, COUNT_OF(fds), &pid);
		if (err == 0 && keep(all, h, pid)) {
			close(ends[1]);
			*out = h;
			return ends[0];
		}
	}
	for (size_t i = 0; i < COUNT_OF(ends); i++)
		if (ends[i] >= 0)
			close(ends[i]);
	free(h);
	errno = err ? err : EAGAIN;
	return -1;
}

struct tls_helpers *tls_helpers_open(struct loop *loop, const char *program)
{
	struct tls_helpers *all = calloc(1, sizeof(*all));

	if (!all)
		return NULL;
	all->loop = loop;
	all->program = strdup(program);
	if (all->program)
		return all;
	free(all);
	return NULL;
}

void tls_helpers_close(struct tls_helpers *all)
{
	while (all->first) {
		struct tls_helper *h = all->first;

		if (h->process.fd >= 0) {
			pidfd_send_signal(h->process.fd, SIGKILL, NULL, 0);
			reap(h);
		}
		discard(h);
	}
	free(all->program);
	free(all);
}
