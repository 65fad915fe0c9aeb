/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sntp.h - ask a time server what time it is (RFC 5905 section 14, as a client alone).  Pure.
 *
 * Where its own time should stand, the question has a number that nobody can guess: the answer
 * repeats it, and says nothing to others of what our clock shows. */
#ifndef FL_SNTP_H
#define FL_SNTP_H

#include "bytes.h"
#include "err.h"
#include "mtime.h"

#define SNTP_PORT 123
#define SNTP_SIZE 48 /* octets of a question */

struct sntp_answer {
	int64_t wall_us; /* microseconds since 1970 UTC when the answer left the server */
	span held;       /* from the question's arrival there until then */
};

void sntp_ask(uint64_t nonce, struct buf *out);
/* FL_EFORMAT: no answer to the question with this number.  FL_ERANGE: it is one, and the server
 * says that it does not know the time, or does not want to be asked. */
MUST_USE enum fl_err sntp_parse(struct bytes in, uint64_t nonce, struct sntp_answer *out);
/* What time it was when the answer came, microseconds since 1970: half of the way is taken for the
 * way back. */
int64_t sntp_wall_us(const struct sntp_answer *a, span round_trip);

#endif
