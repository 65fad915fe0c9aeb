/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_sockets.h - the sockets that DNS questions come in by, opened by the daemon, which may use
 * port 53, and served by its worker, which may not.  What is queued in them outlives a worker. */
#ifndef FL_DNS_SOCKETS_H
#define FL_DNS_SOCKETS_H

#include "dns_service.h"
#include "dns_share.h"

struct dns_listener {
	struct dns_endpoint at;
	unsigned threads;
	int udp[DNS_THREADS_MAX]; /* one a thread, the kernel spreads clients over them */
	int tcp;
};

/* Bind; the address need not be there yet.  Port 0: any free one, told in out->at.
 * FL_EIO: `why` says which address and what the kernel said. */
MUST_USE enum fl_err dns_listener_open(const struct dns_endpoint *at, unsigned threads,
	struct dns_listener *out, struct textbuf *why);
void dns_listener_close(struct dns_listener *l);

#endif
