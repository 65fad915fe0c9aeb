/* SPDX-License-Identifier: GPL-2.0-or-later */
/* probe.h - the packets that ask "are you there", and whether a packet is the answer.  Pure.
 *
 * ICMP echo (RFC 792) and ICMPv6 echo (RFC 4443 4), DNS queries (RFC 1035 4.1).  The driver adds
 * the IP header, binds to the link and never reads what it carries.  Every echo holds 8 octets that
 * only its true answer can repeat; a DNS query has no place for them and hides what it can in its
 * message id and in the case of its letters, which an answer copies. */
#ifndef FL_PROBE_H
#define FL_PROBE_H

#include "bytes.h"
#include "link.h"

#define PROBE_SIZE_MAX CONFIG_PROBE_SIZE_MAX

struct probe_id {
	uint16_t id;     /* ICMP identifier: one for all probes under this secret */
	uint16_t dns_id; /* DNS message id: stands for `seq`, and only who has the secret knows how
			  */
	uint16_t seq;
	uint64_t nonce; /* keyed by (secret, seq): the same for building and checking */
};

/* The id of probe `seq` under this link's secret (128 random bits that never leave the process). */
struct probe_id probe_id_of(const uint8_t secret[16], uint16_t seq);

/* Is this a name that a probe can ask for?  Labels of 1..63 letters, digits, "-" and "_", up to 253
 * octets; a dot at the end is allowed, "." alone is the root. */
bool probe_query_is_good(struct str query);
/* Write the probe for `t` into `out`: an ICMP or ICMPv6 message (checksum of ICMPv6 left 0 for the
 * kernel, RFC 3542 3.1) or a DNS query.  FL_EFULL, FL_EFORMAT (the name to ask for is none). */
MUST_USE enum fl_err probe_build(
	const struct link_target *t, const struct probe_id *id, struct buf *out);
/* Which probe does this packet answer?  `packet` starts at the ICMP header (or is the DNS message).
 * FL_OK and *seq; FL_EFORMAT: not an answer to any probe of ours. */
MUST_USE enum fl_err probe_parse_icmp(
	uint8_t family, struct bytes packet, const uint8_t secret[16], uint16_t *seq);
/* The same for an echo of any size, *size octets with its header; what is beyond the nonce is to
 * come back as it was sent, as zeros. */
MUST_USE enum fl_err probe_parse_echo(
	uint8_t family, struct bytes packet, const uint8_t secret[16], uint16_t *seq, size_t *size);
/* The answer must repeat the question, letter case included; any RCODE is life (a REFUSED was made
 * by somebody). */
MUST_USE enum fl_err probe_parse_dns(
	struct bytes packet, const uint8_t secret[16], struct str query, uint16_t *seq);

/* Which probe this DNS message may answer: for who must find the question first. */
uint16_t probe_dns_seq(struct bytes packet, const uint8_t secret[16]);
/* Does this answer, which is one to a probe, say NOERROR and hold an answer?  A resolver that lives
 * says much; only this one resolves. */
bool probe_dns_is_whole(struct bytes packet);
/* LINK_MTU: the size of the packet that must get through, with its IP header; 0: `query` is no size
 * for this family.  Left out it is PROBE_MTU. */
#define PROBE_MTU 1500
size_t probe_mtu_of(const struct link_target *t);
/* The size of the ICMP message that asks `t`. */
size_t probe_echo_size(const struct link_target *t);
/* How long an answer is waited for. */
span probe_patience(const struct link_target *t);
/* Is this target asked over a connection? */
bool probe_is_call(const struct link_target *t);
struct probe_talk {
	uint16_t port;
	struct str tls_host; /* LINK_HTTPS: who the certificate must be for; else empty */
};
/* Where to call and what to say there (nothing: LINK_TCP).  FL_EFORMAT, FL_EFULL. */
MUST_USE enum fl_err probe_call_of(
	const struct link_target *t, struct probe_talk *talk, struct buf *request);
/* Is what was heard so far the answer?  Where it is a wrong one, `wrong` gets a few words
 * ("a redirect (302)").  `over`: there will be no more. */
bool probe_call_is_answered(
	const struct link_target *t, struct bytes heard, bool over, struct textbuf *wrong);

#endif
