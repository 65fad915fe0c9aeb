/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A server cookie is version 1, three reserved octets, the time and a hash over all that and the
 * client's cookie and address (RFC 9018 4), so nothing has to be remembered of any client. */
#include "dns_cookie.h"

#include "siphash.h"

#include <string.h>

#define VERSION 1
#define LIFE    3600 /* s */
#define AHEAD   300  /* s: how far another server's clock may go before ours */
#define RENEWED 1800 /* s */

#define DAY 86400

#define TIME_AT (DNS_COOKIE_CLIENT + 4)
#define HASH_AT (DNS_COOKIE_CLIENT + 8)

/* Of the first sixteen octets of `cookie` and the address; least significant octet first, as the
 * authors of SipHash write it. */
static void hash(const uint8_t secret[16], const struct ip_addr *client, const uint8_t *cookie,
	uint8_t out[8])
{
	uint8_t text[16 + 16];
	size_t n = ip_addr_size(client->family);
	uint64_t h;

	memcpy(text, cookie, 16);
	memcpy(text + 16, client->b, n);
	h = siphash(secret, bytes_of(text, 16 + n));
	for (unsigned i = 0; i < 8; i++)
		out[i] = (uint8_t)(h >> 8 * i);
}

bool dns_cookie_is_whole(struct bytes cookie)
{
	return cookie.n == DNS_COOKIE_CLIENT ||
	       (cookie.n >= DNS_COOKIE_CLIENT + 8 && cookie.n <= DNS_COOKIE_CLIENT + 32);
}

void dns_cookie_secret(const uint8_t lasting[16], uint32_t when, uint8_t out[16])
{
	uint8_t text[8] = {0};

	set_u32(text, when / DAY);
	for (uint8_t half = 0; half < 2; half++) {
		uint64_t h;

		text[7] = half;
		h = siphash(lasting, bytes_of(text, sizeof(text)));
		set_u32(out + 8 * half, (uint32_t)(h >> 32));
		set_u32(out + 8 * half + 4, (uint32_t)h);
	}
}

uint32_t dns_cookie_made(struct bytes cookie)
{
	return cookie.n == DNS_COOKIE_SIZE ? get_u32(cookie.at + TIME_AT) : 0;
}

/* Which octet differs first must not show in the time it takes. */
static bool same(const uint8_t a[8], const uint8_t b[8])
{
	unsigned differs = 0;

	for (unsigned i = 0; i < 8; i++)
		differs |= (unsigned)a[i] ^ b[i];
	return differs == 0;
}

enum dns_cookie dns_cookie_check(
	const uint8_t secret[16], const struct ip_addr *client, uint32_t now, struct bytes cookie)
{
	uint8_t ours[8];
	int32_t age;

	if (cookie.n == DNS_COOKIE_CLIENT)
		return DNS_COOKIE_NEW;
	if (cookie.n != DNS_COOKIE_SIZE || cookie.at[DNS_COOKIE_CLIENT] != VERSION)
		return DNS_COOKIE_BAD;
	age = (int32_t)(now - get_u32(cookie.at + TIME_AT));
	if (age > LIFE || age < -AHEAD)
		return DNS_COOKIE_BAD;
	hash(secret, client, cookie.at, ours);
	return same(ours, cookie.at + HASH_AT) ? DNS_COOKIE_GOOD : DNS_COOKIE_BAD;
}

void dns_cookie_make(const uint8_t secret[16], const struct ip_addr *client, uint32_t now,
	struct bytes cookie, enum dns_cookie is, uint8_t out[DNS_COOKIE_SIZE])
{
	if (is == DNS_COOKIE_GOOD && (int32_t)(now - get_u32(cookie.at + TIME_AT)) < RENEWED) {
		memcpy(out, cookie.at, DNS_COOKIE_SIZE);
		return;
	}
	memcpy(out, cookie.at, DNS_COOKIE_CLIENT);
	memset(out + DNS_COOKIE_CLIENT, 0, 4);
	out[DNS_COOKIE_CLIENT] = VERSION;
	set_u32(out + TIME_AT, now);
	hash(secret, client, out, out + HASH_AT);
}
