/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The generic cell rate algorithm: an account holds one time, up to which all answers have been
 * paid for; each answer moves it on by 1/rate, and it may be a second ahead of the clock.  The
 * table has a fixed size: a thing that is not in it takes the place of the one in its line that is
 * the least ahead, so that floods stay in and passers-by make way. */
#include "dns_limit.h"

#define AHEAD_US   1000000
#define AHEAD_MOST (2 * AHEAD_US) /* behind the last answer, at one a second */

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

/* Relaxed: what another thread does at the same moment may be lost, and nothing else. */
static uint32_t load(const uint32_t *from)
{
	return __atomic_load_n(from, __ATOMIC_RELAXED);
}

static void store(uint32_t *to, uint32_t value)
{
	__atomic_store_n(to, value, __ATOMIC_RELAXED);
}

/* How far what was sent is paid for ahead of the clock.  No account gets further than AHEAD_MOST:
 * one that seems to is old.  An account that nobody has used for 71 minutes, when times have
 * wrapped around, may so be taken for a new one, for two seconds. */
static uint32_t ahead(const struct dns_limit_account *a, uint32_t now_us)
{
	uint32_t n = load(&a->paid_us) - now_us;

	return n <= AHEAD_MOST ? n : 0;
}

static struct dns_limit_account *account_of(struct dns_limiter *l, uint32_t key, uint32_t now_us)
{
	struct dns_limit_account *line = l->account[key % DNS_LIMIT_LINES], *least = line;

	for (unsigned i = 0; i < DNS_LIMIT_WAYS; i++) {
		if (load(&line[i].key) == key)
			return &line[i];
		if (ahead(&line[i], now_us) < ahead(least, now_us))
			least = &line[i];
	}
	store(&least->paid_us, now_us);
	store(&least->key, key);
	return least;
}

enum dns_limit dns_limit(struct dns_limiter *l, const struct ip_addr *client, uint32_t about,
	uint32_t rate, uint32_t slip, mtime now)
{
	uint32_t key = mix(network_of(client), about), now_us = (uint32_t)now.us, paid;
	struct dns_limit_account *a = account_of(l, key ? key : 1, now_us);

	paid = ahead(a, now_us);
	if (paid < AHEAD_US) {
		store(&a->paid_us, now_us + paid + 1000000 / rate);
		return DNS_LIMIT_SEND;
	}
	if (!slip || (__atomic_add_fetch(&l->over, 1, __ATOMIC_RELAXED) % slip))
		return DNS_LIMIT_DROP;
	return DNS_LIMIT_SLIP;
}
