/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rng.h"

static uint64_t rotl(uint64_t x, int k)
{
	return x << k | x >> (64 - k);
}

/* One step of splitmix64: spreads a small seed over all bits. */
static uint64_t spread(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

struct rng rng_of(uint64_t seed)
{
	struct rng r;

	r.s[0] = spread(&seed);
	r.s[1] = spread(&seed);
	return r;
}

uint64_t rng_u64(struct rng *r)
{
	uint64_t a = r->s[0], b = r->s[1];
	uint64_t result = rotl(a + b, 17) + a;

	b ^= a;
	r->s[0] = rotl(a, 49) ^ b ^ b << 21;
	r->s[1] = rotl(b, 28);
	return result;
}

uint32_t rng_below(struct rng *r, uint32_t bound)
{
	/* A 32-bit draw scaled by multiplication: the bias is below bound / 2^32. */
	return (uint32_t)((rng_u64(r) >> 32) * bound >> 32);
}
