/* SPDX-License-Identifier: GPL-2.0-or-later */
/* probe.h - the packets that ask "are you there", and whether a packet is the answer.  Pure.
 *
 * ICMP echo (RFC 792) and ICMPv6 echo (RFC 4443 4), DNS queries (RFC 1035 4.1).  The driver adds
 * the IP header, binds to the link and never reads what it carries.  Every probe holds 8 random
 * octets that only its true answer can repeat. */
#ifndef FL_PROBE_H
#define FL_PROBE_H

#include "bytes.h"
#include "link.h"

#define PROBE_SIZE_MAX 300

struct probe_id {
	uint16_t id; /* ICMP identifier or DNS message id; the link's, random at start */
	uint16_t seq;
	uint64_t nonce; /* keyed by (secret, seq): the same for building and checking */
};

/* The id of probe `seq` under this link's secret (128 random bits that never leave the process). */
struct probe_id probe_id_of(const uint8_t secret[16], uint16_t seq);

/* Write the probe for `t` into `out`: an ICMP or ICMPv6 message (checksum of ICMPv6 left 0 for the
 * kernel, RFC 3542 3.1) or a DNS query.  FL_EFULL, FL_EFORMAT (the name to ask for is none). */
MUST_USE enum fl_err probe_build(
        const struct link_target *t, const struct probe_id *id, struct buf *out);
/* Which probe does this packet answer?  `packet` starts at the ICMP header (or is the DNS message).
 * FL_OK and *seq; FL_EFORMAT: not an answer to any probe of ours. */
MUST_USE enum fl_err probe_parse_icmp(
        uint8_t family, struct bytes packet, const uint8_t secret[16], uint16_t *seq);
/* The answer must repeat the question; any RCODE is life (a REFUSED was made by somebody). */
MUST_USE enum fl_err probe_parse_dns(
        struct bytes packet, const uint8_t secret[16], struct str query, uint16_t *seq);

#endif
