/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_ask.h - the other side of DNS: a question of ours to somebody else's server, and what it says
 * of addresses and names.  RFC 1035 4.1, 6891. */
#ifndef FL_DNS_ASK_H
#define FL_DNS_ASK_H

#include "addr.h"
#include "dns_rdata.h"

#define DNS_ASK_SIZE    300 /* octets of a question, at most */
#define DNS_REPLY_SIZE  1232
#define DNS_REPLIES_MAX 24 /* records of one reply that are kept */

enum dns_section { DNS_ANSWER = 1, DNS_AUTHORITY, DNS_ADDITIONAL };

/* A, AAAA, NS, PTR and CNAME; others are left out. */
struct dns_reply_record {
	enum dns_section section;
	uint16_t type;
	struct dns_name owner;
	struct ip_addr addr;  /* A, AAAA */
	struct dns_name name; /* NS, PTR, CNAME */
};

struct dns_reply {
	unsigned rcode;
	bool truncated;
	struct dns_reply_record record[DNS_REPLIES_MAX];
	size_t n;
};

/* `recursive`: the server is a resolver. */
void dns_ask(
	const struct dns_name *name, uint16_t type, uint16_t id, bool recursive, struct buf *out);
/* FL_ENOENT: no reply to this question.  FL_EFORMAT: it is one, and is malformed. */
MUST_USE enum fl_err dns_reply_parse(struct bytes in, const struct dns_name *name, uint16_t type,
	uint16_t id, struct dns_reply *out);
/* Both whole; the case of letters means nothing. */
bool dns_name_same(const struct dns_name *a, const struct dns_name *b);

#endif
