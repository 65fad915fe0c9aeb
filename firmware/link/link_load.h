/* SPDX-License-Identifier: GPL-2.0-or-later */
/* link_load.h - how much of its bandwidth a link carries.  Pure. */
#ifndef FL_LINK_LOAD_H
#define FL_LINK_LOAD_H

#include "link.h"

struct link_load {
	bool known; /* the counters were read at least once */
	mtime at;   /* when they were taken last */
	uint64_t rx_bytes, tx_bytes;
	uint64_t down, up; /* bit/s, averaged over the last seconds */
};

/* The counters of the interface now.  Reports that follow within a second are gathered; counters
 * that begin again at 0 begin a new measurement. */
void link_load_note(struct link_load *l, mtime now, uint64_t rx_bytes, uint64_t tx_bytes);
/* Thousandths of the bandwidth in use, in the direction that is fuller; may exceed 1000.  0 where
 * the settings name no bandwidth. */
uint16_t link_load_permille(const struct link_load *l, const struct link_conf *c);

#endif
