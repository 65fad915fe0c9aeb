/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every message has a socket of its own, connected to where it goes: the kernel lets nothing in but
 * the answer, a new source port each time makes that hard to forge, and a link that was changed
 * meanwhile is bound to anew.  Messages are few. */
#include "datagrams_linux.h"

#include "sockaddr.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct slot {
	struct datagrams_linux *all;
	struct loop_source source; /* fd -1: none */
	unsigned number;
	struct ip_addr to;
};

struct datagrams_linux {
	struct loop *loop;
	struct slot slot[DATAGRAMS_MAX];
};

static void shut(struct slot *s)
{
	if (s->source.fd < 0)
		return;
	loop_forget(s->all->loop, &s->source);
	close(s->source.fd);
	s->source.fd = -1;
}

static void slot_ready(void *ctx, uint32_t events)
{
	struct slot *s = ctx;
	uint8_t buffer[1500];
	ssize_t n = recv(s->source.fd, buffer, sizeof(buffer), MSG_DONTWAIT);

	(void)events;
	if (n < 0) /* an ICMP error, which is read by this; the time-out deals with it */
		return;
	loop_post(s->all->loop, &(struct io_event){.kind = IO_DATAGRAM,
					.at = loop_now(s->all->loop),
					.slot = s->number,
					.from = s->to,
					.data = bytes_of(buffer, (size_t)n)});
}

/* Device, mark and source address of the link; all of them, or it is not sent. */
static bool bind_to_link(int fd, const struct probe_path *path, uint8_t family)
{
	const struct ip_addr *source = family == 4 ? &path->source4 : &path->source6;
	struct sockaddr_storage from;
	socklen_t n = sockaddr_of(source, 0, &from);

	if (!source->family) {
		errno = EADDRNOTAVAIL;
		return false;
	}
	return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, path->interface.at,
		       (socklen_t)path->interface.n) == 0 &&
	       setsockopt(fd, SOL_SOCKET, SO_MARK, &path->mark, sizeof(path->mark)) == 0 &&
	       bind(fd, (struct sockaddr *)&from, n) == 0;
}

static bool send_from(int fd, const struct probe_path *path, const struct ip_addr *to,
	uint16_t port, struct bytes packet)
{
	struct sockaddr_storage dest;
	socklen_t n = sockaddr_of(to, port, &dest);

	return (!path || bind_to_link(fd, path, to->family)) &&
	       connect(fd, (struct sockaddr *)&dest, n) == 0 &&
	       send(fd, packet.at, packet.n, MSG_NOSIGNAL) == (ssize_t)packet.n;
}

static enum fl_err datagram_send(void *ctx, unsigned slot, const struct probe_path *path,
	const struct ip_addr *to, uint16_t port, struct bytes packet, struct textbuf *why)
{
	struct datagrams_linux *d = ctx;
	struct slot *s = &d->slot[slot];
	int fd;

	if (slot >= DATAGRAMS_MAX || (path && path->interface.n >= IF_NAMESIZE))
		return FL_ERANGE;
	shut(s);
	fd = socket(
		to->family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || !send_from(fd, path, to, port, packet)) {
		textbuf_printf(why, "%s", strerror(errno));
		if (fd >= 0)
			close(fd);
		return FL_EIO;
	}
	s->source.fd = fd;
	s->to = *to;
	if (loop_watch(d->loop, &s->source, EPOLLIN) < 0) {
		close(fd);
		s->source.fd = -1;
	}
	return FL_OK;
}

static void datagram_close(void *ctx, unsigned slot)
{
	struct datagrams_linux *d = ctx;

	if (slot < DATAGRAMS_MAX)
		shut(&d->slot[slot]);
}

enum fl_err datagrams_linux_open(
	struct datagrams *out, struct datagrams_linux **handle, struct loop *loop)
{
	struct datagrams_linux *d = calloc(1, sizeof(*d));

	if (!d)
		return FL_EFULL;
	d->loop = loop;
	for (unsigned i = 0; i < DATAGRAMS_MAX; i++)
		d->slot[i] = (struct slot){
			.all = d, .source = {-1, slot_ready, &d->slot[i]}, .number = i};
	*out = (struct datagrams){d, datagram_send, datagram_close};
	*handle = d;
	return FL_OK;
}

void datagrams_linux_close(struct datagrams_linux *d)
{
	for (unsigned i = 0; i < DATAGRAMS_MAX; i++)
		shut(&d->slot[i]);
	free(d);
}
