/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A link has up to four sockets: ICMP and UDP, each for IPv4 and IPv6.  Every one is bound to the
 * link's device, so that its packets leave and arrive there or nowhere, to the link's own address
 * and to its mark, so that the link's routing table is the one that is asked.
 *
 * Raw ICMP sockets hear all echo replies of the device: a filter in the kernel lets only echo
 * replies and nothing else through, and the reader of the packet (firmware/link/probe.c) tells ours
 * by its nonce.
 *
 * A device that comes back has no addresses at first, and IPv6 takes its time to accept one: a
 * socket that could not be opened is tried again with every probe, as is one whose device is gone.
 */
#include "probes_linux.h"

#include "probe_calls.h"
#include "sockaddr.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* <linux/icmp.h> has these and clashes with <netinet/ip_icmp.h>. */
#define ICMP_FILTER_OPTION 1

#define DNS_PORT   53
#define PACKET_MAX 9216 /* octets of the largest that is heard */

struct probe_socket {
	struct probes_linux *probes;
	struct loop_source source; /* fd -1: not open */
	uint8_t link;
	uint8_t family;
	enum io_probe_socket kind;
	int error; /* why it is not open */
};

enum { SOCKETS_PER_LINK = 4 };

struct kept_path {
	char interface[IF_NAMESIZE];
	struct probe_path path; /* its interface points to the name above */
};

struct probes_linux {
	struct loop *loop;
	struct probe_calls *calls;
	struct kept_path kept[FL_LINKS_MAX + 1];
	struct probe_socket socket[FL_LINKS_MAX + 1][SOCKETS_PER_LINK];
};

static unsigned slot_of(uint8_t family, enum io_probe_socket kind)
{
	return (kind == IO_PROBE_UDP ? 2U : 0U) + (family == 6 ? 1U : 0U);
}

/* A raw IPv4 socket delivers the IP header as well: step over it.  false: no whole header. */
static bool skip_ip_header(struct bytes *packet)
{
	size_t header = packet->n ? (size_t)(packet->at[0] & 0x0f) * 4 : 0;

	return header >= sizeof(struct iphdr) && bytes_take(packet, header);
}

static void socket_ready(void *ctx, uint32_t events)
{
	struct probe_socket *s = ctx;
	uint8_t buffer[PACKET_MAX];
	struct sockaddr_storage from;

	(void)events;
	for (;;) {
		socklen_t from_n = sizeof(from);
		ssize_t n = recvfrom(
			s->source.fd, buffer, sizeof(buffer), 0, (struct sockaddr *)&from, &from_n);
		struct bytes packet;

		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			/* An ICMP error for a UDP probe: read, and nothing more to hear now. */
			if (errno == EINTR || errno == ECONNREFUSED || errno == EHOSTUNREACH)
				continue;
			return;
		}
		packet = bytes_of(buffer, (size_t)n);
		if (s->kind == IO_PROBE_ICMP && s->family == 4 && !skip_ip_header(&packet))
			continue;
		loop_post(s->probes->loop, &(struct io_event){.kind = IO_PROBE_ANSWER,
						   .at = loop_now(s->probes->loop),
						   .link = s->link,
						   .socket = s->kind,
						   .from = sockaddr_addr(&from),
						   .data = packet});
	}
}

static int set_filter(int fd, uint8_t family)
{
	if (family == 4) {
		uint32_t drop = ~(UINT32_C(1) << ICMP_ECHOREPLY);

		return setsockopt(fd, SOL_RAW, ICMP_FILTER_OPTION, &drop, sizeof(drop));
	}
	struct icmp6_filter filter;

	ICMP6_FILTER_SETBLOCKALL(&filter);
	ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
	return setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter));
}

/* No packet is cut, here or on its way: a large echo is to show whether it gets through whole. */
static int forbid_fragments(int fd, uint8_t family)
{
	const int always4 = IP_PMTUDISC_DO, always6 = IPV6_PMTUDISC_DO, one = 1;

	if (family == 4)
		return setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &always4, sizeof(always4));
	if (setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &always6, sizeof(always6)) < 0)
		return -1;
	return setsockopt(fd, IPPROTO_IPV6, IPV6_DONTFRAG, &one, sizeof(one));
}

/* Device, mark and source address: all of them hold, or the socket is not used. */
int probe_bind(int fd, const struct probe_path *path, const struct ip_addr *source)
{
	struct sockaddr_storage from;
	socklen_t from_n = sockaddr_of(source, 0, &from);

	if (path->interface.n && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, path->interface.at,
					 (socklen_t)path->interface.n) < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_MARK, &path->mark, sizeof(path->mark)) < 0)
		return -1;
	return bind(fd, (struct sockaddr *)&from, from_n);
}

static int open_bound(
	const struct probe_path *path, const struct ip_addr *source, enum io_probe_socket kind)
{
	const int domain = source->family == 4 ? AF_INET : AF_INET6;
	const int type =
		(kind == IO_PROBE_ICMP ? SOCK_RAW : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK;
	const int icmp = source->family == 4 ? (int)IPPROTO_ICMP : (int)IPPROTO_ICMPV6;
	int fd = socket(domain, type, kind == IO_PROBE_ICMP ? icmp : 0);

	if (fd < 0)
		return -1;
	if ((kind == IO_PROBE_ICMP && (set_filter(fd, source->family) < 0 ||
					      forbid_fragments(fd, source->family) < 0)) ||
		probe_bind(fd, path, source) < 0) {
		int err = errno;

		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

static void shut(struct probe_socket *s)
{
	if (s->source.fd < 0)
		return;
	loop_forget(s->probes->loop, &s->source);
	close(s->source.fd);
	s->source.fd = -1;
}

static void open_one(struct probe_socket *s)
{
	const struct probe_path *path = &s->probes->kept[s->link].path;
	const struct ip_addr *source = s->family == 4 ? &path->source4 : &path->source6;

	shut(s);
	s->error = EADDRNOTAVAIL;
	if (!source->family)
		return;
	s->source.fd = open_bound(path, source, s->kind);
	if (s->source.fd < 0) {
		s->error = errno;
		return;
	}
	if (loop_watch(s->probes->loop, &s->source, EPOLLIN) < 0)
		shut(s);
}

static void keep_path(struct kept_path *k, const struct probe_path *path)
{
	memcpy(k->interface, path->interface.at, path->interface.n);
	k->interface[path->interface.n] = '\0';
	k->path = *path;
	k->path.interface.at = k->interface;
}

static enum fl_err open_link(void *ctx, uint8_t link, const struct probe_path *path)
{
	struct probes_linux *p = ctx;
	bool any = false;

	if (link > FL_LINKS_MAX || path->interface.n >= IF_NAMESIZE)
		return FL_ERANGE;
	keep_path(&p->kept[link], path);
	for (size_t i = 0; i < SOCKETS_PER_LINK; i++) {
		struct probe_socket *s = &p->socket[link][i];

		open_one(s);
		any |= s->source.fd >= 0;
	}
	probe_calls_path(p->calls, link, path);
	return any ? FL_OK : FL_ENOENT;
}

static void close_link(void *ctx, uint8_t link)
{
	struct probes_linux *p = ctx;

	for (size_t i = 0; i < SOCKETS_PER_LINK; i++)
		shut(&p->socket[link][i]);
	p->kept[link] = (struct kept_path){0};
	probe_calls_path(p->calls, link, NULL);
}

static enum fl_err send_probe(void *ctx, uint8_t link, enum io_probe_socket kind,
	const struct ip_addr *to, struct bytes packet, struct textbuf *why)
{
	struct probes_linux *p = ctx;
	struct probe_socket *s = &p->socket[link][slot_of(to->family, kind)];
	struct sockaddr_storage dest;
	socklen_t dest_n = sockaddr_of(to, kind == IO_PROBE_UDP ? DNS_PORT : 0, &dest);

	if (s->source.fd < 0)
		open_one(s);
	if (s->source.fd < 0) {
		textbuf_printf(why, "%s", strerror(s->error));
		return FL_ENOENT;
	}
	if (sendto(s->source.fd, packet.at, packet.n, 0, (struct sockaddr *)&dest, dest_n) < 0) {
		textbuf_printf(why, "%s", strerror(errno));
		if (errno == ENODEV || errno == ENXIO) {
			s->error = errno;
			shut(s);
		}
		return errno == EMSGSIZE ? FL_ERANGE : FL_EIO;
	}
	return FL_OK;
}

static enum fl_err begin_call(
	void *ctx, uint8_t link, const struct probe_call *call, struct textbuf *why)
{
	struct probes_linux *p = ctx;

	return probe_calls_begin(p->calls, link, call, why);
}

enum fl_err probes_linux_open(struct probes *out, struct probes_linux **handle, struct loop *loop,
	const char *tls_program)
{
	struct probes_linux *p = calloc(1, sizeof(*p));

	if (!p)
		return FL_EFULL;
	p->calls = probe_calls_open(loop, tls_program);
	if (!p->calls) {
		free(p);
		return FL_EFULL;
	}
	p->loop = loop;
	for (uint8_t link = 0; link <= FL_LINKS_MAX; link++) {
		for (unsigned i = 0; i < SOCKETS_PER_LINK; i++) {
			p->socket[link][i] = (struct probe_socket){.probes = p,
				.source = {-1, socket_ready, &p->socket[link][i]},
				.link = link,
				.family = i % 2 ? 6 : 4,
				.kind = i < 2 ? IO_PROBE_ICMP : IO_PROBE_UDP,
				.error = ENODEV};
		}
	}
	*out = (struct probes){p, open_link, close_link, send_probe, begin_call};
	*handle = p;
	return FL_OK;
}

void probes_linux_close(struct probes_linux *p)
{
	for (uint8_t link = 0; link <= FL_LINKS_MAX; link++)
		close_link(p, link);
	probe_calls_close(p->calls);
	free(p);
}
