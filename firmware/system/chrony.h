/* SPDX-License-Identifier: GPL-2.0-or-later */
/* chrony.h - what chronyd(8) is told, and what its messages mean.  Pure.
 *
 * chronyd keeps the clock (RFC 5905); we choose its servers and listen.  It has no hook and we give
 * it no command port, so its messages are what it says of itself. */
#ifndef FL_CHRONY_H
#define FL_CHRONY_H

#include "addr.h"
#include "text.h"

/* A configuration, chrony.conf(5): a client of these servers, and a server of nobody.  `pid_file`
 * is where it notes its process, absolute. */
void chrony_conf(
	const struct ip_addr *servers, size_t n, const char *pid_file, const struct sink *out);

enum chrony_news {
	CHRONY_NOTHING, /* that we need */
	CHRONY_BEGINS,  /* it has started and knows nothing yet */
	CHRONY_FOLLOWS, /* the clock follows a server */
	CHRONY_LOST,    /* no server answers any more, or they contradict each other */
	CHRONY_SET,     /* the clock was far off, and is set */
};

struct chrony_said {
	struct ip_addr server; /* CHRONY_FOLLOWS: whom */
	int64_t ahead_us;      /* CHRONY_SET: how far the clock went forward, microseconds */
};

/* A line that it printed, of any octets. */
enum chrony_news chrony_news_of(struct str line, struct chrony_said *out);

#endif
