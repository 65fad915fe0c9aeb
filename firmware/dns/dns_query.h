/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_query.h - one question message, read once.  RFC 1035 4.1, 6891, 8945.  For this folder. */
#ifndef FL_DNS_QUERY_H
#define FL_DNS_QUERY_H

#include "dns_name.h"

#define DNS_HEADER 12 /* octets; where the question's name starts */

enum dns_rcode {
	RCODE_NOERROR = 0,
	RCODE_FORMERR = 1,
	RCODE_SERVFAIL = 2, /* nothing to answer from yet */
	RCODE_NXDOMAIN = 3,
	RCODE_NOTIMP = 4,
	RCODE_REFUSED = 5,
	RCODE_NOTAUTH = 9,
	RCODE_BADVERS = 16,
	RCODE_BADCOOKIE = 23,
};

enum dns_opcode { OPCODE_QUERY = 0, OPCODE_NOTIFY = 4, OPCODE_UPDATE = 5 };

#define FLAG_QR 0x8000u
#define FLAG_AA 0x0400u
#define FLAG_TC 0x0200u
#define FLAG_RD 0x0100u

/* EDNS options that mean something to us. */
enum dns_option {
	OPTION_NSID = 3,          /* RFC 5001 */
	OPTION_CLIENT_SUBNET = 8, /* RFC 7871 */
	OPTION_COOKIE = 10,       /* RFC 7873 */
	OPTION_ERROR = 15,        /* RFC 8914 */
};

struct dns_query {
	struct bytes message;
	enum fl_err parsed; /* what dns_query_parse() returned */
	uint16_t id, flags;
	uint8_t opcode;
	bool has_question; /* name, type and class are there, whatever follows them */
	size_t name_n;     /* the name lies at DNS_HEADER, uncompressed */
	uint16_t type, class;
	struct dns_key key;
	bool edns;
	uint16_t udp_size; /* the client's */
	uint8_t version;
	bool dnssec_ok;
	bool nsid; /* asked for */
	/* Data of the options, as they came; `at` NULL: not there. */
	struct bytes cookie, client_subnet;
	size_t tsig_at; /* its owner name, 0: not signed */
	size_t tsig_data, tsig_n;
};

/* FL_OK: one question, or none and a cookie (RFC 7873 5.4); FL_ESHORT: not to be answered at all
 * (under 12 octets, or a response itself); FL_EFORMAT: malformed; id, flags and opcode are good.
 * `in` has to stay where it is while *q is used. */
enum fl_err dns_query_parse(struct bytes in, struct dns_query *q);

/* AXFR or IXFR; it may be refused. */
bool dns_query_wants_transfer(const struct dns_query *q);

#endif
