/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

struct meter {
	size_t out, limit; /* octets handed out; octets there are */
	size_t chunks;
};

static void *get(void *ctx, size_t n)
{
	struct meter *m = ctx;
	void *p = n <= m->limit - m->out ? malloc(n) : NULL;

	if (!p)
		return NULL;
	m->out += n;
	m->chunks++;
	return memset(p, 0xa5, n);
}

static void put(void *ctx, void *p, size_t n)
{
	struct meter *m = ctx;

	m->out -= n;
	m->chunks--;
	free(p);
}

static void memory_is_zeroed_and_aligned_for_any_type_of_ours(void **state)
{
	struct meter m = {0, 1 << 20, 0};
	struct arena_source source = {.get = get, .put = put, .ctx = &m};
	struct arena a;

	(void)state;
	arena_init(&a, &source);
	for (size_t n = 1; n < 40; n++) {
		uint8_t *p = arena_alloc(&a, n);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % alignof(uint64_t), 0);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, n);
	}
	arena_reset(&a);
}

static void reset_gives_all_back_and_the_arena_can_be_used_again(void **state)
{
	struct meter m = {0, 1 << 24, 0};
	struct arena_source source = {.get = get, .put = put, .ctx = &m};
	struct arena a;

	(void)state;
	arena_init(&a, &source);
	for (int i = 0; i < 1000; i++)
		assert_non_null(arena_alloc(&a, 1000));
	assert_true(m.chunks > 1);
	arena_reset(&a);
	assert_int_equal(m.out, 0);
	assert_int_equal(m.chunks, 0);
	assert_int_equal(a.used, 0);
	assert_non_null(arena_alloc(&a, 1));
	arena_reset(&a);
}

static void running_out_is_sticky_until_reset(void **state)
{
	struct meter m = {0, 10000, 0};
	struct arena_source source = {.get = get, .put = put, .ctx = &m};
	struct arena a;

	(void)state;
	arena_init(&a, &source);
	assert_non_null(arena_alloc(&a, 100));
	assert_null(arena_alloc(&a, 20000));
	assert_true(a.full);
	assert_null(arena_alloc(&a, 1));
	arena_reset(&a);
	assert_false(a.full);
	assert_non_null(arena_alloc(&a, 1));
	arena_reset(&a);
}

static void one_large_piece_may_exceed_the_usual_chunk(void **state)
{
	struct meter m = {0, 8 << 20, 0};
	struct arena_source source = {.get = get, .put = put, .ctx = &m};
	struct arena a;
	uint8_t *p;

	(void)state;
	arena_init(&a, &source);
	p = arena_alloc(&a, 4 << 20);
	assert_non_null(p);
	assert_int_equal(p[(4 << 20) - 1], 0);
	arena_reset(&a);
}

static void sizes_that_overflow_are_refused(void **state)
{
	struct meter m = {0, 1 << 20, 0};
	struct arena_source source = {.get = get, .put = put, .ctx = &m};
	struct arena a;

	(void)state;
	arena_init(&a, &source);
	assert_null(arena_alloc(&a, SIZE_MAX));
	arena_reset(&a);
	assert_null(arena_array(&a, SIZE_MAX / 4, 8));
	assert_true(a.full);
	arena_reset(&a);
}

static void a_copy_ends_in_a_zero_octet(void **state)
{
	struct meter m = {0, 1 << 20, 0};
	struct arena_source source = {.get = get, .put = put, .ctx = &m};
	struct arena a;

	(void)state;
	arena_init(&a, &source);
	assert_string_equal(arena_copy(&a, "abcdef", 3), "abc");
	assert_string_equal(arena_copy(&a, NULL, 0), "");
	arena_reset(&a);
}

static void octets_take_no_more_room_than_they_have(void **state)
{
	struct meter m = {0, 1 << 20, 0};
	struct arena_source source = {.get = get, .put = put, .ctx = &m};
	struct arena a;

	(void)state;
	arena_init(&a, &source);
	for (int i = 0; i < 100; i++)
		assert_memory_equal(arena_octets(&a, "abc", 3), "abc", 3);
	assert_int_equal(a.used, 300);
	assert_int_equal((uintptr_t)arena_alloc(&a, 1) % alignof(uint64_t), 0);
	arena_reset(&a);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed_and_aligned_for_any_type_of_ours),
		cmocka_unit_test(reset_gives_all_back_and_the_arena_can_be_used_again),
		cmocka_unit_test(running_out_is_sticky_until_reset),
		cmocka_unit_test(one_large_piece_may_exceed_the_usual_chunk),
		cmocka_unit_test(sizes_that_overflow_are_refused),
		cmocka_unit_test(a_copy_ends_in_a_zero_octet),
		cmocka_unit_test(octets_take_no_more_room_than_they_have),
	};

	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
