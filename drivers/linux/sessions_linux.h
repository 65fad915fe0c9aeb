/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sessions_linux.h - the daemon's side of the console socket (drivers/include/sessions.h). */
#ifndef FL_SESSIONS_LINUX_H
#define FL_SESSIONS_LINUX_H

#include "loop.h"
#include "sessions.h"

struct sessions_linux;

/* Listen on the Unix socket `path`.  It belongs to the group "adm", which may connect as root may;
 * where there is no such group only root may.  A socket there that nobody answers is taken away
 * first. `loop` must outlive the handle. FL_EEXIST: somebody answers at `path`.  FL_EIO: `why` says
 * what failed. */
MUST_USE enum fl_err sessions_linux_open(struct sessions *out, struct sessions_linux **handle,
	struct loop *loop, const char *path, struct textbuf *why);
/* All sessions end; what is queued and can be sent at once is sent. */
void sessions_linux_close(struct sessions_linux *s);

#endif
