/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "crc32.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const uint8_t digits[] = "123456789";

static void the_check_value_is_that_of_the_catalogue(void **state)
{
	(void)state;
	assert_int_equal(crc32_add(0, digits, 9), 0xcbf43926);
	assert_int_equal(crc32_add(0, digits, 0), 0);
}

static void parts_add_up(void **state)
{
	(void)state;
	for (size_t n = 0; n <= 9; n++)
		assert_int_equal(crc32_add(crc32_add(0, digits, n), digits + n, 9 - n), 0xcbf43926);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_check_value_is_that_of_the_catalogue),
		cmocka_unit_test(parts_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
