/* SPDX-License-Identifier: GPL-2.0-or-later */
/* server.h - do the servers behind forwards answer?  Pure.
 *
 * Each is asked every 2 s, by ping or by a TCP connection; one that is asked for two forwards in
 * the same way is asked once.  Three failures in a row, the later two asked for sooner, and it is
 * dead; two answers in a row, and it is back.  Until its first answer, or its third failure, it is
 * taken as alive. */
#ifndef FL_SERVER_H
#define FL_SERVER_H

#include "forwarding.h"
#include "mtime.h"

#define SERVERS_MAX        32     /* that are asked */
#define SERVERS_WAIT       sec(1) /* for an answer */
#define SERVERS_REASON_MAX 48

struct server_watch {
	struct ip_addr addr;
	uint16_t port; /* 0: by ping */
	enum server_state state;
	bool waits;                      /* for an answer to `seq` */
	uint16_t seq;                    /* of the question asked last */
	unsigned otherwise;              /* outcomes in a row that speak against `state` */
	mtime due;                       /* of the next question, or of the end of the wait */
	char reason[SERVERS_REASON_MAX]; /* of the last failure */
};

struct servers {
	struct server_watch watch[SERVERS_MAX];
	size_t n;
	uint16_t serial;
};

struct server_ask {
	struct ip_addr addr;
	uint16_t port; /* 0: by ping */
	uint16_t seq;
};

/* How is this server asked?  False: it is not. */
bool server_is_asked(const struct forward_conf *f, uint16_t *port);
/* The forwards are new.  Of servers that were asked in the same way before it is known what it was.
 */
void servers_configure(struct servers *s, const struct forward_conf *forwards, size_t n, mtime now);
/* Put what is known into the servers of these forwards. */
void servers_fill(const struct servers *s, struct forward_conf *forwards, size_t n);
/* Time has come to `now`.  `asks` has room for SERVERS_MAX; *nasks of them are to be asked.  True:
 * some server is in another state. */
bool servers_tick(struct servers *s, mtime now, struct server_ask *asks, size_t *nasks);
/* The question `seq` to `addr` was answered, or failed for this reason (NULL: it was answered).  A
 * late answer is none. */
bool servers_answer(struct servers *s, uint16_t seq, const struct ip_addr *addr,
	const char *failure, mtime now);
mtime servers_next_due(const struct servers *s);
/* Why this server is dead: "refused". */
const char *servers_reason(
	const struct servers *s, const struct forward_conf *f, const struct ip_addr *addr);

#endif
