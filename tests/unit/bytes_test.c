/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "bytes.h"

#include <string.h>

static void numbers_are_read_in_network_order(void **state)
{
	static const uint8_t wire[] = {1, 2, 3, 4, 5, 6, 7};
	struct bytes b = bytes_of(wire, sizeof(wire));

	(void)state;
	assert_int_equal(bytes_take_u8(&b), 1);
	assert_int_equal(bytes_take_u16(&b), 0x0203);
	assert_int_equal(bytes_take_u32(&b), 0x04050607);
	assert_int_equal(b.n, 0);
	assert_false(b.bad);
}

static void a_read_past_the_end_makes_the_cursor_bad_for_good(void **state)
{
	static const uint8_t wire[] = {1, 2, 3};
	struct bytes b = bytes_of(wire, sizeof(wire));

	(void)state;
	assert_int_equal(bytes_take_u32(&b), 0);
	assert_true(b.bad);
	assert_int_equal(bytes_take_u8(&b), 0);
	assert_null(bytes_take(&b, 0));
}

static void taking_nothing_at_the_end_is_good(void **state)
{
	static const uint8_t wire[] = {1};
	struct bytes b = bytes_of(wire, 1);

	(void)state;
	assert_ptr_equal(bytes_take(&b, 1), wire);
	assert_non_null(bytes_take(&b, 0));
	assert_false(b.bad);
}

static void a_huge_length_is_refused(void **state)
{
	static const uint8_t wire[] = {1};
	struct bytes b = bytes_of(wire, 1);

	(void)state;
	assert_null(bytes_take(&b, SIZE_MAX));
	assert_true(b.bad);
}

static void numbers_are_written_in_network_order(void **state)
{
	static const uint8_t expected[] = {1, 2, 3, 4, 5, 6, 7};
	uint8_t room[7];
	struct buf b = buf_of(room, sizeof(room));

	(void)state;
	buf_put_u8(&b, 1);
	buf_put_u16(&b, 0x0203);
	buf_put_u32(&b, 0x04050607);
	assert_false(b.bad);
	assert_memory_equal(room, expected, sizeof(expected));
}

static void a_write_that_does_not_fit_changes_nothing(void **state)
{
	uint8_t room[3] = {9, 9, 9};
	struct buf b = buf_of(room, sizeof(room));

	(void)state;
	buf_put_u32(&b, 1);
	assert_true(b.bad);
	assert_int_equal(b.n, 0);
	assert_int_equal(room[0], 9);
	buf_put_u8(&b, 1);
	assert_int_equal(b.n, 0);
}

static void only_what_was_written_can_be_overwritten(void **state)
{
	uint8_t room[8] = {0};
	struct buf b = buf_of(room, sizeof(room));

	(void)state;
	buf_put_u16(&b, 1);
	buf_set_u16(&b, 0, 0xabcd);
	assert_int_equal(get_u16(room), 0xabcd);
	assert_false(b.bad);
	buf_set_u16(&b, 1, 0);
	assert_true(b.bad);
}

static void overwriting_far_outside_is_refused(void **state)
{
	uint8_t room[8] = {0};
	struct buf b = buf_of(room, sizeof(room));

	(void)state;
	buf_put_u32(&b, 1);
	buf_set_u16(&b, SIZE_MAX - 1, 0);
	assert_true(b.bad);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_read_in_network_order),
		cmocka_unit_test(a_read_past_the_end_makes_the_cursor_bad_for_good),
		cmocka_unit_test(taking_nothing_at_the_end_is_good),
		cmocka_unit_test(a_huge_length_is_refused),
		cmocka_unit_test(numbers_are_written_in_network_order),
		cmocka_unit_test(a_write_that_does_not_fit_changes_nothing),
		cmocka_unit_test(only_what_was_written_can_be_overwritten),
		cmocka_unit_test(overwriting_far_outside_is_refused),
	};

	return cmocka_run_group_tests_name("bytes", tests, NULL, NULL);
}
