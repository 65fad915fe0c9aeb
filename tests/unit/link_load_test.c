/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "link_load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* A link of 100 Mbit/s down and 10 up that has carried these rates (Mbit/s) for `seconds`. */
static struct link_load carried(uint64_t down, uint64_t up, unsigned seconds)
{
	struct link_load l = {0};
	uint64_t rx = 5000, tx = 7000;

	for (unsigned s = 0; s <= seconds; s++) {
		link_load_note(&l, mtime_after((mtime){0}, sec(s)), rx, tx);
		rx += down * 1000000 / 8;
		tx += up * 1000000 / 8;
	}
	return l;
}

static const struct link_conf link_100_10 = {.bandwidth = {100000000, 10000000}};

static void load_is_the_fuller_direction(void **state)
{
	struct link_load down = carried(50, 1, 20), up = carried(50, 8, 20);

	(void)state;
	assert_in_range(link_load_permille(&down, &link_100_10), 498, 500);
	assert_in_range(link_load_permille(&up, &link_100_10), 798, 800);
}

static void a_burst_of_a_second_is_half_seen(void **state)
{
	struct link_load l = carried(100, 0, 1);

	(void)state;
	assert_in_range(link_load_permille(&l, &link_100_10), 498, 500);
}

static void reports_within_a_second_are_gathered(void **state)
{
	struct link_load l = {0};

	(void)state;
	for (int i = 0; i <= 50; i++)
		link_load_note(&l, mtime_after((mtime){0}, ms(i * 100)), (uint64_t)i * 1250000, 0);
	assert_in_range(l.down, 95000000, 100000000);
}

static void counters_that_begin_again_begin_a_new_measurement(void **state)
{
	struct link_load l = carried(100, 0, 10);

	(void)state;
	link_load_note(&l, mtime_after((mtime){0}, sec(11)), 10, 10);
	assert_int_equal(link_load_permille(&l, &link_100_10), 0);
}

static void a_link_without_a_bandwidth_is_never_loaded(void **state)
{
	struct link_load l = carried(1000, 1000, 5);
	struct link_conf unknown = {.weight = 1};

	(void)state;
	assert_int_equal(link_load_permille(&l, &unknown), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(load_is_the_fuller_direction),
		cmocka_unit_test(a_burst_of_a_second_is_half_seen),
		cmocka_unit_test(reports_within_a_second_are_gathered),
		cmocka_unit_test(counters_that_begin_again_begin_a_new_measurement),
		cmocka_unit_test(a_link_without_a_bandwidth_is_never_loaded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
