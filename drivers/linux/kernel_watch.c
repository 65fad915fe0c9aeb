/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Only removals are listened for, and not those of set elements, which come with every switch of a
 * link.  Our own replacements of the table are heard as well: the one comparison too many that
 * follows finds nothing to do. */
#include "kernel_watch.h"

#include "kernel_state.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#define GATHER sec(1) /* what happens within it is told of once */

struct kernel_watch {
	struct loop *loop;
	struct mnl_socket *route, *nft;
	struct loop_source route_source, nft_source;
	struct loop_timer timer;
};

static void tell(void *ctx)
{
	struct kernel_watch *w = ctx;

	loop_post(w->loop, &(struct io_event){.kind = IO_KERNEL_CHANGED, .at = loop_now(w->loop)});
}

static void tell_soon(struct kernel_watch *w)
{
	if (!w->timer.armed)
		loop_timer_set(w->loop, &w->timer, mtime_after(loop_now(w->loop), GATHER));
}

/* Does it tell that something is gone which may be ours? */
static bool is_ours(const struct nlmsghdr *h)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(h);

	switch (h->nlmsg_type) {
	case RTM_DELROUTE:
		return route->rtm_protocol == KSTATE_ROUTE_PROTOCOL;
	case RTM_DELRULE:
	case RTM_DELADDR:
	case RTM_DELLINK:
	case RTM_DELQDISC:
	case RTM_DELTFILTER:
		return true;
	default:
		return false;
	}
}

static int route_message(const struct nlmsghdr *h, void *data)
{
	if (is_ours(h))
		tell_soon(data);
	return MNL_CB_OK;
}

static int nft_message(const struct nlmsghdr *h, void *data)
{
	switch (h->nlmsg_type & 0xff) {
	case NFT_MSG_DELTABLE:
	case NFT_MSG_DELCHAIN:
	case NFT_MSG_DELRULE:
	case NFT_MSG_DELSET:
		tell_soon(data);
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

static void drain(struct kernel_watch *w, struct mnl_socket *s, mnl_cb_t each)
{
	char buffer[16384];
	ssize_t n;

	while ((n = mnl_socket_recvfrom(s, buffer, sizeof(buffer))) > 0)
		mnl_cb_run(buffer, (size_t)n, 0, 0, each, w);
	if (n < 0 && errno == ENOBUFS)
		tell_soon(w); /* notices were lost: anything may have happened */
}

static void route_ready(void *ctx, uint32_t events)
{
	struct kernel_watch *w = ctx;

	(void)events;
	drain(w, w->route, route_message);
}

static void nft_ready(void *ctx, uint32_t events)
{
	struct kernel_watch *w = ctx;

	(void)events;
	drain(w, w->nft, nft_message);
}

static struct mnl_socket *open_socket(int bus, unsigned groups)
{
	struct mnl_socket *s = mnl_socket_open2(bus, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (s && mnl_socket_bind(s, groups, MNL_SOCKET_AUTOPID) < 0) {
		mnl_socket_close(s);
		return NULL;
	}
	return s;
}

enum fl_err kernel_watch_open(struct kernel_watch **handle, struct loop *loop, struct textbuf *why)
{
	struct kernel_watch *w = calloc(1, sizeof(*w));

	if (!w)
		return FL_EFULL;
	w->loop = loop;
	w->timer = (struct loop_timer){.fire = tell, .ctx = w};
	/* RTMGRP_ has no name for the group of IPv6 rules: bit n - 1 is group n. */
	w->route = open_socket(NETLINK_ROUTE,
		RTMGRP_LINK | RTMGRP_TC | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE | RTMGRP_IPV4_RULE |
			RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | 1U << (RTNLGRP_IPV6_RULE - 1));
	w->nft = open_socket(NETLINK_NETFILTER, 1U << (NFNLGRP_NFTABLES - 1));
	if (w->route && w->nft) {
		w->route_source = (struct loop_source){mnl_socket_get_fd(w->route), route_ready, w};
		w->nft_source = (struct loop_source){mnl_socket_get_fd(w->nft), nft_ready, w};
		if (loop_watch(loop, &w->route_source, EPOLLIN) == 0 &&
			loop_watch(loop, &w->nft_source, EPOLLIN) == 0) {
			*handle = w;
			return FL_OK;
		}
	}
	textbuf_printf(why, "netlink notices: %s", strerror(errno));
	kernel_watch_close(w);
	return FL_EIO;
}

void kernel_watch_close(struct kernel_watch *w)
{
	loop_timer_stop(w->loop, &w->timer);
	if (w->route_source.ready)
		loop_forget(w->loop, &w->route_source);
	if (w->nft_source.ready)
		loop_forget(w->loop, &w->nft_source);
	if (w->route)
		mnl_socket_close(w->route);
	if (w->nft)
		mnl_socket_close(w->nft);
	free(w);
}
