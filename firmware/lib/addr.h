/* SPDX-License-Identifier: GPL-2.0-or-later */
/* addr.h - IPv4 and IPv6 addresses and prefixes, as values and as text.
 * Text: dotted quads without leading zeros; RFC 4291 2.2 in, RFC 5952 out; no zone index. */
#ifndef FL_ADDR_H
#define FL_ADDR_H

#include "err.h"
#include "text.h"

struct ip_addr {
	uint8_t family; /* 4, 6, or 0: no address */
	uint8_t b[16];  /* network order; IPv4 uses the first four, the rest are zero */
};

struct ip_prefix {
	struct ip_addr addr; /* bits behind the prefix are kept: 203.0.113.2/29 names a host, too */
	uint8_t bits;
};

#define IP_TEXT_MAX 46 /* the longest address with its zero octet */

MUST_USE enum fl_err ip_addr_parse(struct str text, struct ip_addr *out);
/* "ADDRESS/BITS"; a missing "/BITS" is FL_ESHORT. */
MUST_USE enum fl_err ip_prefix_parse(struct str text, struct ip_prefix *out);
/* Both write a zero-ended text and return `out`.  No address is "-". */
const char *ip_addr_text(const struct ip_addr *a, char out[IP_TEXT_MAX]);
const char *ip_prefix_text(const struct ip_prefix *p, char out[IP_TEXT_MAX + 4]);

bool ip_addr_eq(const struct ip_addr *a, const struct ip_addr *b);
int ip_addr_cmp(const struct ip_addr *a, const struct ip_addr *b); /* IPv4 before IPv6 */
bool ip_prefix_has(const struct ip_prefix *p, const struct ip_addr *a);
bool ip_prefix_overlaps(const struct ip_prefix *p, const struct ip_prefix *q);
/* The prefix with the bits behind it cleared. */
struct ip_addr ip_prefix_last(const struct ip_prefix *p); /* its last address */
struct ip_prefix ip_prefix_network(const struct ip_prefix *p);
struct ip_addr ip_addr_v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d);
/* Octets of an address of this family: 4, 16 or 0. */
size_t ip_addr_size(uint8_t family);
/* Loopback, multicast, link-local, broadcast and "this network": nothing a link can own. */
bool ip_addr_is_special(const struct ip_addr *a);

#endif
