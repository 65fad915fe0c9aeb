/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "memory_ahead.h"
#include "memory_linux.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define PIECES 48

static size_t size_of(unsigned i)
{
	static const size_t sizes[] = {MEMORY_HUGE_PAGE, 3 * MEMORY_HUGE_PAGE + 12345,
		MEMORY_HUGE_PAGE, 1000, MEMORY_HUGE_PAGE};

	return sizes[i % COUNT_OF(sizes)];
}

static void assert_octets(const uint8_t *at, size_t n, uint8_t octet)
{
	for (size_t i = 0; i < n; i += 499)
		assert_int_equal(at[i], octet);
	assert_int_equal(at[n - 1], octet);
}

static void pieces_are_zeroed_and_lie_apart(void **state)
{
	struct arena_source source;
	struct memory_ahead *m = memory_ahead_open(&source);
	uint8_t *piece[PIECES];

	(void)state;
	assert_true(source.zeroed);
	for (unsigned i = 0; i < PIECES; i++) {
		piece[i] = source.get(source.ctx, size_of(i));
		assert_non_null(piece[i]);
		assert_octets(piece[i], size_of(i), 0);
		memset(piece[i], (int)i + 1, size_of(i));
	}
	for (unsigned i = 0; i < PIECES; i++)
		assert_octets(piece[i], size_of(i), (uint8_t)(i + 1));
	for (unsigned i = 0; i < PIECES; i++)
		source.put(source.ctx, piece[i], size_of(i));
	memory_ahead_close(m);
}

static void a_piece_can_be_given_back_at_once(void **state)
{
	struct arena_source source;
	struct memory_ahead *m = memory_ahead_open(&source);

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		uint8_t *p = source.get(source.ctx, size_of(i));

		assert_non_null(p);
		source.put(source.ctx, p, size_of(i));
	}
	memory_ahead_close(m);
}

/* Octets of addresses in use. */
static size_t mapped(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	size_t pages = 0;

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%zu", &pages), 1);
	fclose(f);
	return pages * 4096;
}

static void what_nobody_takes_goes_back_to_the_kernel(void **state)
{
	const struct timespec moment = {0, 50000000};
	struct arena_source source;
	struct memory_ahead *m = memory_ahead_open(&source);
	uint8_t *page;
	size_t before;

	(void)state;
	if (!m)
		skip(); /* one core */
	page = source.get(source.ctx, MEMORY_HUGE_PAGE);
	assert_non_null(page);
	before = mapped();
	for (unsigned i = 0; mapped() > before - 8 * MEMORY_HUGE_PAGE; i++) {
		assert_true(i < 1200); /* a minute */
		nanosleep(&moment, NULL);
	}
	memset(page, 1, MEMORY_HUGE_PAGE); /* what was taken stays */
	source.put(source.ctx, page, MEMORY_HUGE_PAGE);
	memory_ahead_close(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_zeroed_and_lie_apart),
		cmocka_unit_test(a_piece_can_be_given_back_at_once),
		cmocka_unit_test(what_nobody_takes_goes_back_to_the_kernel),
	};

	return cmocka_run_group_tests_name("memory ahead", tests, NULL, NULL);
}
