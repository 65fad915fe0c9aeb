/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two sockets: one that hears of changes, one that asks.  Asking is one RTM_GETLINK by name, so
 * nothing is cached that could be stale.  It makes the kernel write down all it knows of a device,
 * 1.5 KB and some 30 us, which is too much ten times a second for every link: packets are counted
 * from one reading of /proc/net/dev. */
#include "interfaces_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct interfaces_linux {
	struct loop *loop;
	struct mnl_socket *events, *ask;
	struct loop_source source;
	unsigned seq;
	int counters; /* /proc/net/dev, of our network namespace */
};

/* What one RTM_NEWLINK says. */
struct link_message {
	char name[IF_NAMESIZE];
	struct interface_state state;
};

static int read_attribute(const struct nlattr *attr, void *data)
{
	struct link_message *m = data;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFNAME:
		if (mnl_attr_get_payload_len(attr) <= sizeof(m->name))
			strncpy(m->name, mnl_attr_get_str(attr), sizeof(m->name) - 1);
		break;
	case IFLA_STATS64: {
		struct rtnl_link_stats64 s = {0};
		size_t n = mnl_attr_get_payload_len(attr);

		memcpy(&s, mnl_attr_get_payload(attr), n < sizeof(s) ? n : sizeof(s));
		m->state.rx_packets = s.rx_packets;
		m->state.tx_packets = s.tx_packets;
		m->state.rx_bytes = s.rx_bytes;
		m->state.tx_bytes = s.tx_bytes;
		break;
	}
	default:
		break;
	}
	return MNL_CB_OK;
}

static int read_link(const struct nlmsghdr *h, void *data)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(h);
	struct link_message *m = data;
	const unsigned running = IFF_UP | IFF_RUNNING;

	*m = (struct link_message){.state = {.exists = true}};
	m->state.carrier = (info->ifi_flags & running) == running;
	return mnl_attr_parse(h, sizeof(*info), read_attribute, m);
}

static int post_change(const struct nlmsghdr *h, void *data)
{
	struct interfaces_linux *n = data;
	struct link_message m;

	if (h->nlmsg_type != RTM_NEWLINK && h->nlmsg_type != RTM_DELLINK)
		return MNL_CB_OK;
	read_link(h, &m);
	loop_post(n->loop, &(struct io_event){.kind = IO_INTERFACE,
				   .at = loop_now(n->loop),
				   .interface = str_of(m.name)});
	return MNL_CB_OK;
}

static void events_ready(void *ctx, uint32_t epoll_events)
{
	struct interfaces_linux *n = ctx;
	char buffer[16384];
	ssize_t got;

	(void)epoll_events;
	while ((got = mnl_socket_recvfrom(n->events, buffer, sizeof(buffer))) > 0)
		mnl_cb_run(buffer, (size_t)got, 0, 0, post_change, n);
	if (got < 0 && errno == ENOBUFS)
		loop_post(
			n->loop, &(struct io_event){.kind = IO_INTERFACE, .at = loop_now(n->loop)});
}

/* Send one request and read its answer into `m` (when not NULL).  0 or an errno. */
static int request(struct interfaces_linux *n, struct nlmsghdr *h, struct link_message *m)
{
	char buffer[32768];
	ssize_t got;

	h->nlmsg_seq = ++n->seq;
	if (mnl_socket_sendto(n->ask, h, h->nlmsg_len) < 0)
		return errno;
	got = mnl_socket_recvfrom(n->ask, buffer, sizeof(buffer));
	if (got < 0)
		return errno;
	if (mnl_cb_run(buffer, (size_t)got, n->seq, mnl_socket_get_portid(n->ask),
		    m ? read_link : NULL, m) < 0)
		return errno;
	return 0;
}

/* A message about the interface of this name; NULL: the name cannot be one. */
static struct nlmsghdr *about(
	char *buffer, uint16_t type, uint16_t flags, struct str name, struct ifinfomsg **info)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
	char text[IF_NAMESIZE] = "";

	if (name.n == 0 || name.n >= sizeof(text))
		return NULL;
	memcpy(text, name.at, name.n);
	h->nlmsg_type = type;
	h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	*info = mnl_nlmsg_put_extra_header(h, sizeof(**info));
	mnl_attr_put_strz(h, IFLA_IFNAME, text);
	return h;
}

static void get(void *ctx, struct str name, struct interface_state *out)
{
	char buffer[256];
	struct link_message m = {0};
	struct ifinfomsg *info;
	struct nlmsghdr *h = about(buffer, RTM_GETLINK, 0, name, &info);

	*out = (struct interface_state){0};
	if (h && request(ctx, h, &m) == 0)
		*out = m.state;
}

/* "  eth0: OCTETS PACKETS ...", eight figures of what was received and then of what was sent; the
 * two lines of heads have no colon. */
static bool take_counters(struct str line, struct str *name, struct interface_state *out)
{
	uint64_t figure[10] = {0};

	*name = str_trim(str_cut(&line, ':'));
	for (size_t i = 0; i < COUNT_OF(figure); i++) {
		line = str_trim(line);
		if (!str_to_u64(str_cut(&line, ' '), UINT64_MAX, &figure[i]))
			return false;
	}
	*out = (struct interface_state){.exists = true,
		.rx_bytes = figure[0],
		.rx_packets = figure[1],
		.tx_bytes = figure[8],
		.tx_packets = figure[9]};
	return true;
}

static void count(void *ctx, const struct str *names, struct interface_state *out, size_t n)
{
	struct interfaces_linux *ifs = ctx;
	char buffer[8192]; /* the kernel hands out whole lines, a page at a time */
	off_t at = 0;
	ssize_t got;

	memset(out, 0, n * sizeof(*out));
	while ((got = pread(ifs->counters, buffer, sizeof(buffer), at)) > 0) {
		struct str text = {buffer, (size_t)got}, name;
		struct interface_state counters;

		at += got;
		while (text.n)
			if (take_counters(str_cut(&text, '\n'), &name, &counters))
				for (size_t i = 0; i < n; i++)
					if (str_eq(names[i], name))
						out[i] = counters;
	}
}

static enum fl_err up(void *ctx, struct str name)
{
	char buffer[256];
	struct ifinfomsg *info;
	struct nlmsghdr *h = about(buffer, RTM_NEWLINK, NLM_F_ACK, name, &info);

	if (!h)
		return FL_ENOENT;
	info->ifi_flags = info->ifi_change = IFF_UP;
	switch (request(ctx, h, NULL)) {
	case 0:
		return FL_OK;
	case ENODEV:
		return FL_ENOENT;
	case EPERM:
		return FL_EPERM;
	default:
		return FL_EIO;
	}
}

static struct mnl_socket *open_socket(unsigned groups, int flags)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | flags);

	if (s && mnl_socket_bind(s, groups, MNL_SOCKET_AUTOPID) < 0) {
		mnl_socket_close(s);
		return NULL;
	}
	return s;
}

enum fl_err interfaces_linux_open(struct interfaces *out, struct interfaces_linux **handle,
	struct loop *loop, struct textbuf *why)
{
	struct interfaces_linux *n = calloc(1, sizeof(*n));

	if (!n)
		return FL_EFULL;
	n->loop = loop;
	n->events = open_socket(RTMGRP_LINK, SOCK_NONBLOCK);
	n->ask = open_socket(0, 0);
	n->counters = open("/proc/net/dev", O_RDONLY | O_CLOEXEC);
	if (n->events && n->ask && n->counters >= 0) {
		n->source = (struct loop_source){mnl_socket_get_fd(n->events), events_ready, n};
		if (loop_watch(loop, &n->source, EPOLLIN) == 0) {
			*out = (struct interfaces){n, get, count, up};
			*handle = n;
			return FL_OK;
		}
	}
	textbuf_printf(why, "netlink and /proc/net/dev for interfaces: %s", strerror(errno));
	interfaces_linux_close(n);
	return FL_EIO;
}

void interfaces_linux_close(struct interfaces_linux *n)
{
	if (n->source.ready)
		loop_forget(n->loop, &n->source);
	if (n->events)
		mnl_socket_close(n->events);
	if (n->ask)
		mnl_socket_close(n->ask);
	if (n->counters >= 0)
		close(n->counters);
	free(n);
}
