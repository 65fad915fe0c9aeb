/* SPDX-License-Identifier: GPL-2.0-or-later */
/* interfaces_linux.h - interfaces.h over rtnetlink (libmnl). */
#ifndef FL_INTERFACES_LINUX_H
#define FL_INTERFACES_LINUX_H

#include "interfaces.h"
#include "loop.h"

struct interfaces_linux;

/* Posts IO_INTERFACE to `loop` from now on; an event without a name means that some were lost and
 * all should be asked for again. */
MUST_USE enum fl_err interfaces_linux_open(struct interfaces *out, struct interfaces_linux **handle,
	struct loop *loop, struct textbuf *why);
void interfaces_linux_close(struct interfaces_linux *n);

#endif
