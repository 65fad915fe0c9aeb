/* SPDX-License-Identifier: GPL-2.0-or-later */
/* neighbours.h - hosts on the segment of an interface, asked by ARP or neighbour discovery. */
#ifndef FL_NEIGHBOURS_H
#define FL_NEIGHBOURS_H

#include "addr.h"
#include "text.h"

struct neighbours {
	void *ctx;
	/* Is this host there?  NULL: cannot be asked here.  IO_NEIGHBOUR events follow for this
	 * address, now and from then on whenever the answer changes.  One that needs no answer (a
	 * fixed entry, a line without ARP) is never told of. */
	void (*ask)(void *ctx, struct str interface, const struct ip_addr *addr);
};

#endif
