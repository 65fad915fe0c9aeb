/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_master.h - master files: RFC 1035 5, with $TTL (RFC 2308 4), unknown types (RFC 3597) and the
 * TTL units everybody writes (1h30m).  $INCLUDE, $GENERATE and classes other than IN are mistakes.
 * A mistake costs its own entry alone; reading goes on behind it. */
#ifndef FL_DNS_MASTER_H
#define FL_DNS_MASTER_H

#include "dns_rdata.h"

#define DNS_MASTER_LINE 65536 /* octets of one entry without its comments */

struct dns_master_record {
	uint32_t line; /* where it begins; from 1 */
	struct dns_name owner;
	uint32_t ttl;
	bool has_ttl; /* its own or $TTL's */
	uint16_t type;
	/* The data with names whole, in wire form. */
	const uint8_t *data;
	size_t n;
};

struct dns_master_reader {
	void *ctx;
	void (*record)(void *ctx, const struct dns_master_record *record);
	/* `what` is a few words without a full stop; it repeats at most a name or a type. */
	void (*mistake)(void *ctx, uint32_t line, const char *what);
};

/* `text` may be any octets; `room` is DNS_MASTER_LINE octets of the caller's. */
void dns_master_read(struct str text, const struct dns_name *origin, char *room,
	const struct dns_master_reader *to);

#endif
