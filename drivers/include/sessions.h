/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sessions.h - people at the console: the serial line, or a Unix socket (the program `fairlead`).
 *
 * Socket protocol.  The client's first line says what it is: "\x01fairlead 1 MODE COLUMNS ROWS
 * USER [FROM]\n", FROM being the address of a person who is there over the network, MODE being
 * `terminal` (keys in, a screen out), `batch` (lines in, output out, the first error ends it) or
 * `command` (one line).  A client that does not say so (a person with socat) gets line mode: each
 * line is run and answered, errors end nothing.  The octet "\x04" in place of a line is the end of
 * the input.  In modes batch and command the last octets from the daemon are
 * "\0STATUS\n" (decimal, 0 is good); no other octet 0 is ever sent in them.  In mode
 * terminal a session that ends as it should ends with "\x1b[?2004l"; without it the daemon has
 * died.
 *
 * Events.  IO_SESSION_OPEN: `session` is new; `data` is the hello line with its newline, or empty
 * in line mode; `text` is who the system says the peer is ("root", "uid-1000").  IO_SESSION_INPUT:
 * at most SESSIONS_INPUT_MAX octets at a time.  A peer that only ends its own side gives "\x04" as
 * its last input and can still be answered.  IO_SESSION_CLOSED: the peer is gone; nothing may be
 * written to `session` any more, and its number may come again.  After close() only one that was
 * under way can still come. */
#ifndef FL_SESSIONS_H
#define FL_SESSIONS_H

#include "err.h"
#include "text.h"

#define SESSIONS_MAX_OPEN  16
#define SESSIONS_INPUT_MAX 4096
#define SESSIONS_HELLO_MAX 256 /* octets in the first line; a longer one ends the session */
/* What may wait for a client that reads slowly: a large configuration is printed in one go. */
#define SESSIONS_QUEUE_MAX ((size_t)16 << 20) /* for one session */
#define SESSIONS_TOTAL_MAX ((size_t)32 << 20) /* for all together */

struct sessions {
	void *ctx;
	/* Octets to the person.  Queued; never blocks.  FL_EFULL: too much waits for a client that
	 * does not read; nothing of `text` was queued and the session should be closed.  FL_ENOENT:
	 * the session is gone. */
	enum fl_err (*write)(void *ctx, unsigned session, struct str text);
	/* Close after what is queued is sent, or at once when the client takes nothing for some
	 * seconds.  No event follows. */
	void (*close)(void *ctx, unsigned session);
};

#endif
