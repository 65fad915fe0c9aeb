/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A socket is bound to one address of ours, so its answers leave from that address, and by the
 * routing rules for that address, without a word per packet.  Only a socket on all addresses has to
 * be told with each question which one was asked (IP_PKTINFO). */
#include "dns_sockets.h"

#include "sockaddr.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TCP_BACKLOG 511
/* Some 3,000 questions: what comes in while a worker starts, at 100,000 a second, and more. */
#define UDP_QUEUE (4 << 20)

static bool is_any(const struct ip_addr *a)
{
	static const uint8_t zeros[16];

	return memcmp(a->b, zeros, 16) == 0;
}

struct option {
	uint8_t family; /* 0: both */
	enum { UDP = 1, TCP = 2, BOTH = 3 } type;
	bool only_any; /* for sockets on all addresses */
	int level, name, value;
};

static const struct option options[] = {
	{0, TCP, false, SOL_SOCKET, SO_REUSEADDR, 1},
	/* TCP too: a new set of sockets is opened before the old one is closed. */
	{0, BOTH, false, SOL_SOCKET, SO_REUSEPORT, 1},
	{0, UDP, false, SOL_SOCKET, SO_RCVBUFFORCE, UDP_QUEUE},
	{0, TCP, false, IPPROTO_TCP, TCP_NODELAY, 1}, /* accepted sockets inherit it */
	/* The address of a link may come later than the configuration. */
	{4, BOTH, false, IPPROTO_IP, IP_FREEBIND, 1},
	{6, BOTH, false, IPPROTO_IPV6, IPV6_FREEBIND, 1},
	{6, BOTH, false, IPPROTO_IPV6, IPV6_V6ONLY, 1},
	/* Forged "fragmentation needed" messages are of no use to anybody (RFC 9715). */
	{4, UDP, false, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT},
	{6, UDP, false, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT},
	{4, UDP, true, IPPROTO_IP, IP_PKTINFO, 1},
	{6, UDP, true, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1},
};

static int set_options(int fd, const struct dns_endpoint *at, int type)
{
	for (size_t i = 0; i < COUNT_OF(options); i++) {
		const struct option *o = &options[i];

		if ((o->family && o->family != at->addr.family) || !((int)o->type & type) ||
			(o->only_any && !is_any(&at->addr)))
			continue;
		if (setsockopt(fd, o->level, o->name, &o->value, sizeof(o->value)) == 0)
			continue;
		/* Above the machine's limit only root may go; the limit is good enough. */
		if (o->name != SO_RCVBUFFORCE || o->level != SOL_SOCKET)
			return -1;
		if (setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &o->value, sizeof(o->value)) < 0)
			return -1;
	}
	return 0;
}

/* A bound socket, or -1 and errno. */
static int open_socket(const struct dns_endpoint *at, int type)
{
	struct sockaddr_storage address;
	socklen_t n = sockaddr_of(&at->addr, at->port, &address);
	int fd = socket(address.ss_family,
		(type == TCP ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err;

	if (fd < 0)
		return -1;
	if (set_options(fd, at, type) == 0 && bind(fd, (struct sockaddr *)&address, n) == 0 &&
		(type == UDP || listen(fd, TCP_BACKLOG) == 0))
		return fd;
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

static uint16_t port_of(int fd)
{
	struct sockaddr_storage address = {0};
	socklen_t n = sizeof(address);

	getsockname(fd, (struct sockaddr *)&address, &n);
	return sockaddr_port(&address);
}

void dns_listener_close(struct dns_listener *l)
{
	for (unsigned i = 0; i < l->threads; i++)
		if (l->udp[i] >= 0)
			close(l->udp[i]);
	if (l->tcp >= 0)
		close(l->tcp);
	l->threads = 0;
	l->tcp = -1;
}

static bool open_all(struct dns_listener *l)
{
	l->tcp = open_socket(&l->at, TCP);
	if (l->tcp < 0)
		return false;
	l->at.port = port_of(l->tcp);
	for (unsigned i = 0; i < l->threads; i++) {
		l->udp[i] = open_socket(&l->at, UDP);
		if (l->udp[i] < 0)
			return false;
	}
	return true;
}

enum fl_err dns_listener_open(const struct dns_endpoint *at, unsigned threads,
	struct dns_listener *out, struct textbuf *why)
{
	struct dns_listener l = {.at = *at, .threads = threads, .tcp = -1};
	char text[IP_TEXT_MAX];

	for (unsigned i = 0; i < DNS_THREADS_MAX; i++)
		l.udp[i] = -1;
	if (open_all(&l)) {
		*out = l;
		return FL_OK;
	}
	textbuf_printf(why, "%s port %u: %s", ip_addr_text(&at->addr, text), (unsigned)l.at.port,
		strerror(errno));
	dns_listener_close(&l);
	return FL_EIO;
}
