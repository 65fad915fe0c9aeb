/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_edns.h - the OPT record of an answer and the options in it.  RFC 6891, 5001 (NSID), 7871
 * (client subnet), 7873 (cookies), 8914 (extended errors).  For this folder only. */
#ifndef FL_DNS_EDNS_H
#define FL_DNS_EDNS_H

#include "dns_cookie.h"
#include "dns_format.h"
#include "dns_query.h"

/* A client subnet option: whom a resolver asks for. */
struct dns_subnet {
	struct ip_addr addr; /* family 0: there is none */
	uint8_t bits;        /* source prefix length */
};

enum dns_extended_error {
	DNS_ERROR_NONE = -1,
	DNS_ERROR_OTHER = 0,
	DNS_ERROR_NOT_READY = 14,
	DNS_ERROR_PROHIBITED = 18,
	DNS_ERROR_NOT_AUTHORITATIVE = 20,
	DNS_ERROR_NOT_SUPPORTED = 21,
	DNS_ERROR_NETWORK = 23,
};

/* What goes into the OPT record. */
struct dns_edns {
	const struct image_options *options;
	enum dns_cookie cookie; /* NONE: no cookie is sent */
	struct dns_subnet subnet;
	uint8_t scope; /* prefix length that the answer is good for */
	enum dns_extended_error error;
	struct str error_text;
};

/* RFC 7871 7.1.2.  FL_EFORMAT: more bits than the family has, octets missing or too many, or bits
 * set behind the prefix. */
MUST_USE enum fl_err dns_subnet_take(struct bytes option, struct dns_subnet *out);
/* Octets of the OPT record, all options but an extended error counted. */
size_t dns_edns_room(const struct dns_query *q, const struct dns_edns *e);
/* The record; the extended error is left out where it does not fit. */
void dns_edns_put(struct buf *out, const struct dns_query *q, const struct dns_edns *e,
	const struct dns_client *from, unsigned rcode);

#endif
