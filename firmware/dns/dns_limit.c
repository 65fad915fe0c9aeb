/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The generic cell rate algorithm: an account holds one time, up to which all answers have been
 * paid for; each answer moves it on by 1/rate, and it may be a second ahead of the clock.  The
 * table has a fixed size: a thing that is not in it takes the place of the one in its line that is
 * paid for longest, so that floods stay in and passers-by make way. */
#include "dns_limit.h"

#define AHEAD_US 1000000

static uint32_t mix(uint32_t h, uint32_t v)
{
	h = (h ^ v) * UINT32_C(0x9e3779b1);
	return h ^ h >> 15;
}

static uint32_t network_of(const struct ip_addr *a)
{
	unsigned n = a->family == 4 ? 3 : 7;
	uint32_t h = a->family;

	for (unsigned i = 0; i < n; i++)
		h = mix(h, a->b[i]);
	return h;
}

static struct dns_limit_account *account_of(struct dns_limiter *l, uint32_t key)
{
	struct dns_limit_account *line = l->account[key % DNS_LIMIT_LINES], *oldest = line;

	for (unsigned i = 0; i < DNS_LIMIT_WAYS; i++) {
		if (line[i].key == key)
			return &line[i];
		if (line[i].paid_us < oldest->paid_us)
			oldest = &line[i];
	}
	*oldest = (struct dns_limit_account){.key = key};
	return oldest;
}

enum dns_limit dns_limit(struct dns_limiter *l, const struct ip_addr *client, uint32_t about,
	uint32_t rate, uint32_t slip, mtime now)
{
	uint32_t key = mix(network_of(client), about);
	struct dns_limit_account *a = account_of(l, key ? key : 1);

	if (a->paid_us < now.us)
		a->paid_us = now.us;
	if (a->paid_us - now.us < AHEAD_US) {
		a->paid_us += 1000000 / rate;
		return DNS_LIMIT_SEND;
	}
	return slip && ++l->over % slip == 0 ? DNS_LIMIT_SLIP : DNS_LIMIT_DROP;
}
