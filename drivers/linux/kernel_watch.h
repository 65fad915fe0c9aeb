/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_watch.h - word that forwarding state of ours may be gone: somebody typed "nft flush
 * ruleset", another program cleaned the routing tables, or the kernel's notices overran.  Posts
 * IO_KERNEL_CHANGED, at most once a second; whoever hears it compares and mends. */
#ifndef FL_KERNEL_WATCH_H
#define FL_KERNEL_WATCH_H

#include "loop.h"

struct kernel_watch;

MUST_USE enum fl_err kernel_watch_open(
	struct kernel_watch **handle, struct loop *loop, struct textbuf *why);
void kernel_watch_close(struct kernel_watch *w);

#endif
