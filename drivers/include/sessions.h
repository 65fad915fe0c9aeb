/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sessions.h - people at the console: the serial line, or a Unix socket (the program `fairlead`).
 *
 * Socket protocol.  The client's first line says what it is: "\x01fairlead 1 MODE COLUMNS ROWS
 * USER\n", MODE being `terminal` (keys in, a screen out), `batch` (lines in, output out, the first
 * error ends it) or `command` (one line).  A client that does not say so (a person with socat) gets
 * line mode: each line is run and answered, errors end nothing. In modes batch and command the last
 * octets from the daemon are "\0STATUS\n" (decimal, 0 is good). */
#ifndef FL_SESSIONS_H
#define FL_SESSIONS_H

#include "err.h"
#include "text.h"

struct sessions {
	void *ctx;
	/* Octets to the person.  Queued; FL_EFULL: the client does not read and more than 1 MiB
	 * waits: the session should be closed. */
	enum fl_err (*write)(void *ctx, unsigned session, struct str text);
	/* Close after what is queued is sent. */
	void (*close)(void *ctx, unsigned session);
};

#endif
