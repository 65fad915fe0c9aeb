/* SPDX-License-Identifier: GPL-2.0-or-later */
/* unit_linux.h - drivers/include/unit.h by the image's own means: partitions by their names,
 * /dev/watchdog0, busybox init, and programs of the image for tasks. */
#ifndef FL_UNIT_LINUX_H
#define FL_UNIT_LINUX_H

#include "loop.h"
#include "unit.h"

struct unit_linux;

/* Without "fl.slot=" on the kernel's command line this is not the image.  `state`: the folder that
 * holds the folder of a person's files, where a task's file is that is named without "/". */
MUST_USE enum fl_err unit_linux_open(struct unit *out, struct unit_linux **handle,
	struct loop *loop, const char *state, struct textbuf *why);
/* A task that runs is ended.  The watchdog stays armed: whoever comes next must pet it. */
void unit_linux_close(struct unit_linux *m);

#endif
