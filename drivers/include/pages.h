/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pages.h - a small web server: who connects asks once and is answered once.  A question comes as
 * an IO_PAGE event (io.h): `slot`, and in `data` the octets up to the empty line, or PAGES_ASK_MAX
 * of them without one.  Each is to be answered. */
#ifndef FL_PAGES_H
#define FL_PAGES_H

#include "addr.h"
#include "bytes.h"
#include "err.h"
#include "text.h"

#define PAGES_ENDPOINTS_MAX 4
#define PAGES_ASK_MAX       4096 /* octets */
#define PAGES_SLOTS         8    /* who comes while all are taken waits */

struct page_endpoint {
	struct ip_addr address; /* need not be there yet */
	uint16_t port;
};

struct pages {
	void *ctx;
	/* Take connections there, over TCP, and nowhere else.  FL_EIO: `why` says where not and why
	 * not; the others are taken. */
	enum fl_err (*listen)(
		void *ctx, const struct page_endpoint *at, size_t n, struct textbuf *why);
	/* Send this and close.  Of a connection that is gone: nothing. */
	void (*answer)(void *ctx, unsigned slot, struct str octets);
};

#endif
