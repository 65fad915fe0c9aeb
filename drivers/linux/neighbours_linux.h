/* SPDX-License-Identifier: GPL-2.0-or-later */
/* neighbours_linux.h - neighbours.h with the kernel's own neighbour table. */
#ifndef FL_NEIGHBOURS_LINUX_H
#define FL_NEIGHBOURS_LINUX_H

#include "loop.h"
#include "neighbours.h"

struct neighbours_linux;

MUST_USE enum fl_err neighbours_linux_open(struct neighbours *out, struct neighbours_linux **handle,
	struct loop *loop, struct textbuf *why);
void neighbours_linux_close(struct neighbours_linux *n);

#endif
