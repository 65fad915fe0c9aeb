/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_cookie.h - DNS cookies: proof that a client has the address it asks from.  RFC 7873, and
 * server cookies as RFC 9018 has them.  For this folder only. */
#ifndef FL_DNS_COOKIE_H
#define FL_DNS_COOKIE_H

#include "dns.h"

#define DNS_COOKIE_CLIENT 8  /* octets of a client cookie */
#define DNS_COOKIE_SERVER 16 /* of our server cookies; others' have 8 to 32 */
#define DNS_COOKIE_SIZE   (DNS_COOKIE_CLIENT + DNS_COOKIE_SERVER)

/* The secret rolls (RFC 9018 5): each day has its own, made from one that stays.  A cookie says
 * when it was made, so that yesterday's is known to be good for as long as cookies are. */
void dns_cookie_secret(const uint8_t lasting[16], uint32_t when, uint8_t out[16]);
/* When a whole cookie was made; 0: it has no part of ours. */
uint32_t dns_cookie_made(struct bytes cookie);

/* Octets that a COOKIE option may have. */
bool dns_cookie_is_whole(struct bytes cookie);
/* `cookie` is whole.  DNS_COOKIE_GOOD: we gave it to this client, within the last hour. */
enum dns_cookie dns_cookie_check(
	const uint8_t secret[16], const struct ip_addr *client, uint32_t now, struct bytes cookie);
/* What to send with the answer: the client's part and ours.  A good one is given again for half an
 * hour, so that a client need not learn a new one with each answer. */
void dns_cookie_make(const uint8_t secret[16], const struct ip_addr *client, uint32_t now,
	struct bytes cookie, enum dns_cookie is, uint8_t out[DNS_COOKIE_SIZE]);

#endif
