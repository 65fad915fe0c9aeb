/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cookies of any length and content: nobody makes one of ours, and what we give is good for its
 * client, as long as it says, and with no octet changed.  Input: when, the client, the cookie. */
#include "dns_cookie.h"

#include <stdlib.h>
#include <string.h>

#define CLIENT_AT 4 /* octets of the time lie before it */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const uint8_t secret[16] = "sixteen octets.";

static void check(int good)
{
	if (!good)
		abort();
}

static void check_given(uint32_t now, const struct ip_addr *client, uint8_t given[DNS_COOKIE_SIZE])
{
	struct bytes cookie = bytes_of(given, DNS_COOKIE_SIZE);
	struct ip_addr other = *client;
	size_t change = now % DNS_COOKIE_SIZE;
	uint32_t made = dns_cookie_made(cookie);

	check(dns_cookie_is_whole(cookie));
	check(dns_cookie_check(secret, client, now, cookie) == DNS_COOKIE_GOOD);
	check(dns_cookie_check(secret, client, made + 3600, cookie) == DNS_COOKIE_GOOD);
	check(dns_cookie_check(secret, client, made + 3601, cookie) == DNS_COOKIE_BAD);
	other.b[0] ^= 1;
	check(dns_cookie_check(secret, &other, now, cookie) == DNS_COOKIE_BAD);
	given[change] ^= (uint8_t)(1 + now % 255);
	check(dns_cookie_check(secret, client, now, cookie) == DNS_COOKIE_BAD);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t given[DNS_COOKIE_SIZE];
	struct ip_addr client = ip_addr_v4(192, 0, 2, 1);
	enum dns_cookie is;
	struct bytes cookie;
	uint32_t now;

	if (n < CLIENT_AT + 4)
		return 0;
	now = get_u32(data);
	memcpy(client.b, data + CLIENT_AT, 4);
	cookie = bytes_of(data + CLIENT_AT + 4, n - CLIENT_AT - 4);
	if (!dns_cookie_is_whole(cookie))
		return 0;
	is = dns_cookie_check(secret, &client, now, cookie);
	check(is == (cookie.n == DNS_COOKIE_CLIENT ? DNS_COOKIE_NEW : DNS_COOKIE_BAD));
	dns_cookie_make(secret, &client, now, cookie, is, given);
	check(memcmp(given, cookie.at, DNS_COOKIE_CLIENT) == 0);
	check_given(now, &client, given);
	return 0;
}
