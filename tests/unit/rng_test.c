/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "rng.h"

static void the_same_seed_gives_the_same_numbers(void **state)
{
	struct rng a = rng_of(5), b = rng_of(5), c = rng_of(6);
	unsigned same = 0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		uint64_t v = rng_u64(&a);

		assert_true(v == rng_u64(&b));
		same += v == rng_u64(&c);
	}
	assert_int_equal(same, 0);
}

/* Computed from the authors' definition for state 1, 2: rotl(1 + 2, 17) + 1. */
static void the_first_number_is_that_of_xoroshiro128_plus_plus(void **state)
{
	struct rng r = {{1, 2}};

	(void)state;
	assert_true(rng_u64(&r) == (UINT64_C(3) << 17) + 1);
	/* s1 ^= s0: 3; s0 = rotl(1, 49) ^ 3 ^ 3 << 21; s1 = rotl(3, 28) */
	assert_true(r.s[0] == (UINT64_C(1) << 49 ^ 3 ^ UINT64_C(3) << 21));
	assert_true(r.s[1] == UINT64_C(3) << 28);
}

static void a_seed_of_zero_works(void **state)
{
	struct rng r = rng_of(0);

	(void)state;
	assert_true(rng_u64(&r) != rng_u64(&r));
}

static void a_bound_is_never_reached_and_zero_gives_zero(void **state)
{
	struct rng r = rng_of(1);

	(void)state;
	for (int i = 0; i < 1000; i++) {
		assert_true(rng_below(&r, 7) < 7);
		assert_int_equal(rng_below(&r, 1), 0);
		assert_int_equal(rng_below(&r, 0), 0);
	}
}

/* Chi-square over 16 cells with 15 degrees of freedom: 99.99 % of honest draws stay below 44. */
static void draws_are_even(void **state)
{
	struct rng r = rng_of(2);
	double sum = 0;
	int count[16] = {0};

	(void)state;
	for (int i = 0; i < 16000; i++)
		count[rng_below(&r, 16)]++;
	for (int i = 0; i < 16; i++)
		sum += (count[i] - 1000.0) * (count[i] - 1000.0) / 1000.0;
	assert_true(sum < 44);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_seed_gives_the_same_numbers),
		cmocka_unit_test(the_first_number_is_that_of_xoroshiro128_plus_plus),
		cmocka_unit_test(a_seed_of_zero_works),
		cmocka_unit_test(a_bound_is_never_reached_and_zero_gives_zero),
		cmocka_unit_test(draws_are_even),
	};

	return cmocka_run_group_tests_name("rng", tests, NULL, NULL);
}
