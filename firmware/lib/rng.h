/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rng.h - reproducible pseudo-random numbers (xoroshiro128++, Blackman and Vigna 2019).
 * For shuffling and jitter only: whatever must not be guessed (nonces, ports, keys) comes from the
 * driver's io.random(), which also seeds this one. */
#ifndef FL_RNG_H
#define FL_RNG_H

#include "base.h"

struct rng {
	uint64_t s[2];
};

struct rng rng_of(uint64_t seed);
uint64_t rng_u64(struct rng *r);
/* Evenly distributed over 0 .. bound-1; 0 when bound is 0. */
uint32_t rng_below(struct rng *r, uint32_t bound);

#endif
