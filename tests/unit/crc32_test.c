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

/* Octet by octet is another way through the code than many at once. */
static void every_length_and_cut_gives_the_same(void **state)
{
	uint8_t octets[67];
	uint32_t one_by_one = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = (uint8_t)(i * i + 0x80);
	for (size_t n = 0; n <= sizeof(octets); n++) {
		for (size_t cut = 0; cut <= n; cut++)
			assert_int_equal(
				crc32_add(crc32_add(0, octets, cut), octets + cut, n - cut),
				one_by_one);
		if (n < sizeof(octets))
			one_by_one = crc32_add(one_by_one, &octets[n], 1);
	}
}

/* 32 zeros and 32 octets 0xff (as zlib has them). */
static void uniform_octets_have_their_known_values(void **state)
{
	uint8_t octets[32] = {0};

	(void)state;
	assert_int_equal(crc32_add(0, octets, 32), 0x190a55ad);
	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = 0xff;
	assert_int_equal(crc32_add(0, octets, 32), 0xff6cab0b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_check_value_is_that_of_the_catalogue),
		cmocka_unit_test(parts_add_up),
		cmocka_unit_test(every_length_and_cut_gives_the_same),
		cmocka_unit_test(uniform_octets_have_their_known_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
