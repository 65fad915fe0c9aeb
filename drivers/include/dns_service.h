/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_service.h - the DNS responder as the control plane sees it: it is given an image and a state.
 */
#ifndef FL_DNS_SERVICE_H
#define FL_DNS_SERVICE_H

#include "addr.h"
#include "bytes.h"
#include "err.h"
#include "text.h"

struct dns_endpoint {
	struct ip_addr addr;
	uint16_t port;
};

struct dns_service_figures {
	bool running;
	bool settled; /* what it was given last is what it answers from */
	uint32_t restarts;
	uint32_t violations; /* ends by a system call that the responder may not make */
	uint64_t queries, replies, dropped, tcp, truncated;
};

struct dns_service {
	void *ctx;
	/* Where to listen, with how many threads.  Called before the first image and when it
	 * changes. */
	enum fl_err (*listen)(void *ctx, const struct dns_endpoint *at, size_t n, unsigned threads,
		struct textbuf *why);
	/* Room for an image of so many octets, zeroed, aligned to eight; NULL: out of memory. */
	uint8_t *(*room)(void *ctx, size_t n);
	/* The same that begins with a copy of the image that is served, or is about to be, which is
	 * not larger; NULL also where there is none. */
	uint8_t *(*copy)(void *ctx, size_t n);
	/* Serve this image from now on.  What was made in the room given last is not copied, and
	 * can be read there until another image is served; any other is copied. */
	enum fl_err (*image)(void *ctx, struct bytes image, struct textbuf *why);
	/* The published state, any octets; visible to the next query.  Copied. */
	enum fl_err (*state)(void *ctx, struct bytes published);
	void (*figures)(void *ctx, struct dns_service_figures *out);
	/* What the responders counted, as they number it, all threads together; never falls. */
	void (*counters)(void *ctx, uint64_t *out, size_t n);
};

#endif
