/* SPDX-License-Identifier: GPL-2.0-or-later */
/* session_hello.h - the first line of a session (drivers/include/sessions.h), parsed and written.
 */
#ifndef FL_SESSION_HELLO_H
#define FL_SESSION_HELLO_H

#include "bytes.h"
#include "err.h"
#include "text.h"

#define SESSION_USER_MAX 32
#define SESSION_FROM_MAX 63

enum session_mode {
	SESSION_LINES = 1, /* a person with socat: each line is answered, errors end nothing */
	SESSION_TERMINAL,  /* keys in, a screen out */
	SESSION_BATCH,     /* lines in, output out, the first error ends it */
	SESSION_COMMAND,   /* one line */
};

struct session_hello {
	enum session_mode mode;
	uint16_t columns, rows; /* 0: not known */
	char user[SESSION_USER_MAX + 1];
	char from[SESSION_FROM_MAX + 1]; /* the address of who is there over the network */
};

/* `first` is `data` of IO_SESSION_OPEN: empty for a session without a hello.  `peer` is its `text`:
 * who the system says is at the other end.  root may speak for somebody else (a login shell);
 * any other peer is who it is, whatever it claims.
 * FL_ENOTSUP: another version of the protocol.  FL_EFORMAT: not a hello. */
MUST_USE enum fl_err session_hello_parse(
	struct bytes first, struct str peer, struct session_hello *out);
/* "terminal", "batch", "command"; "lines" for a session without a hello. */
const char *session_mode_text(enum session_mode mode);
/* The line that says `h`, with its newline. */
void session_hello_print(const struct session_hello *h, struct textbuf *out);
/* Modes batch and command: the last octets to the client, "\0STATUS\n".  Returns their number. */
#define SESSION_TRAILER_MAX 8
size_t session_trailer(unsigned status, char out[SESSION_TRAILER_MAX]);
/* If `tail`, the last octets of all that came, ends with a trailer: its octets, and the status. */
size_t session_trailer_find(struct str tail, unsigned *status);

#endif
