/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemons_linux.h - programs as child processes. */
#ifndef FL_DAEMONS_LINUX_H
#define FL_DAEMONS_LINUX_H

#include "daemons.h"
#include "log.h"
#include "loop.h"

struct daemons_linux;

/* Files go to `folder`, which is made; `report` is the path of the program for hooks and
 * is not copied. */
enum fl_err daemons_linux_open(struct daemons *out, struct daemons_linux **handle,
	struct loop *loop, const struct log *log, const char *folder, const char *report,
	struct textbuf *why);
/* Ends all programs; waits for them, two seconds at most. */
void daemons_linux_close(struct daemons_linux *d);

#endif
