/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "text.h"

#include <string.h>

static int natural(const char *a, const char *b)
{
	int order = str_natural_cmp(str_of(a), str_of(b));

	assert_int_equal(order > 0, str_natural_cmp(str_of(b), str_of(a)) < 0);
	return order;
}

static void natural_order_counts_numbers(void **state)
{
	(void)state;
	assert_true(natural("wan2", "wan10") < 0);
	assert_true(natural("wan10", "wan9x") > 0);
	assert_true(natural("192.0.2.9", "192.0.2.10") < 0);
	assert_true(natural("99999999999999999999999", "100000000000000000000000") < 0);
	assert_true(natural("a", "ab") < 0);
	assert_true(natural("", "0") < 0);
	assert_true(natural("x", "x") == 0);
}

static void natural_order_tells_equal_numbers_apart(void **state)
{
	(void)state;
	assert_true(natural("a01", "a1") < 0);
	assert_true(natural("a0", "a00") < 0);
	assert_true(natural("a01b", "a1a") > 0);
}

static void natural_order_is_by_octet_not_by_sign(void **state)
{
	(void)state;
	assert_true(natural("a", "\xc3\xa9") < 0);
}

static void trimming_takes_blanks_at_both_ends_only(void **state)
{
	(void)state;
	assert_true(str_is(str_trim(STR(" \t a b\r\n")), "a b"));
	assert_true(str_is(str_trim(STR("  ")), ""));
}

static void cutting_yields_the_parts_around_the_separator(void **state)
{
	struct str s = STR("a,,b");

	(void)state;
	assert_true(str_is(str_cut(&s, ','), "a"));
	assert_true(str_is(str_cut(&s, ','), ""));
	assert_true(str_is(str_cut(&s, ','), "b"));
	assert_true(str_is(str_cut(&s, ','), ""));
	assert_int_equal(s.n, 0);
}

static void cutting_no_text_is_harmless(void **state)
{
	struct str s = {NULL, 0};

	(void)state;
	assert_int_equal(str_cut(&s, ',').n, 0);
	assert_int_equal(s.n, 0);
}

static void numbers_are_digits_up_to_a_limit(void **state)
{
	uint64_t v = 7;

	(void)state;
	assert_true(str_to_u64(STR("0"), 0, &v));
	assert_int_equal(v, 0);
	assert_true(str_to_u64(STR("18446744073709551615"), UINT64_MAX, &v));
	assert_true(v == UINT64_MAX);
	assert_false(str_to_u64(STR("18446744073709551616"), UINT64_MAX, &v));
	assert_false(str_to_u64(STR("256"), 255, &v));
	assert_false(str_to_u64(STR("5"), 4, &v));
	assert_false(str_to_u64(STR("-1"), 255, &v));
	assert_false(str_to_u64(STR("1 "), 255, &v));
	assert_false(str_to_u64(STR(""), 255, &v));
	assert_true(v == UINT64_MAX); /* left as it was */
}

static void distance_counts_single_letter_edits(void **state)
{
	(void)state;
	assert_int_equal(str_distance(STR("weight"), STR("weight")), 0);
	assert_int_equal(str_distance(STR("wieght"), STR("weight")), 2);
	assert_int_equal(str_distance(STR("wight"), STR("weight")), 1);
	assert_int_equal(str_distance(STR(""), STR("abc")), 3);
	assert_int_equal(str_distance(STR("kitten"), STR("sitting")), 3);
}

static void distance_of_long_texts_is_as_large_as_can_be(void **state)
{
	char a[64];

	(void)state;
	memset(a, 'x', sizeof(a));
	assert_int_equal(str_distance((struct str){a, 63}, (struct str){a, 63}), 0);
	assert_int_equal(str_distance((struct str){a, 64}, (struct str){a, 64}), UINT16_MAX);
}

static void case_is_ignored_for_ascii_letters_only(void **state)
{
	(void)state;
	assert_true(str_eq_nocase(STR("Example.ORG"), STR("eXAMPLE.org")));
	assert_false(str_eq_nocase(STR("["), STR("{")));
	assert_false(str_eq_nocase(STR("\xc3\x89"), STR("\xc3\xa9")));
}

static void a_text_buffer_keeps_what_fits_and_says_so(void **state)
{
	char room[6];
	struct textbuf t = textbuf_of(room, sizeof(room));

	(void)state;
	textbuf_printf(&t, "%s", "abc");
	assert_false(t.cut);
	textbuf_put(&t, "defg", 4);
	assert_true(t.cut);
	assert_string_equal(room, "abcde");
	textbuf_printf(&t, "more");
	assert_int_equal(t.n, 5);
	assert_string_equal(room, "abcde");
}

static void an_empty_text_without_address_can_be_written(void **state)
{
	char room[6];
	struct textbuf t = textbuf_of(room, sizeof(room));

	(void)state;
	textbuf_put(&t, NULL, 0);
	assert_int_equal(t.n, 0);
	assert_false(t.cut);
}

static void a_sink_gets_formatted_text(void **state)
{
	char room[32];
	struct textbuf t = textbuf_of(room, sizeof(room));
	struct sink out = textbuf_sink(&t);

	(void)state;
	sink_printf(&out, "%s %d", "wan", 1);
	sink_puts(&out, "!");
	assert_string_equal(room, "wan 1!");
}

static void a_long_line_to_a_sink_is_cut(void **state)
{
	char room[2000];
	struct textbuf t = textbuf_of(room, sizeof(room));
	struct sink out = textbuf_sink(&t);

	(void)state;
	sink_printf(&out, "%1500d", 1);
	assert_int_equal(t.n, 1023);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(natural_order_counts_numbers),
		cmocka_unit_test(natural_order_tells_equal_numbers_apart),
		cmocka_unit_test(natural_order_is_by_octet_not_by_sign),
		cmocka_unit_test(trimming_takes_blanks_at_both_ends_only),
		cmocka_unit_test(cutting_yields_the_parts_around_the_separator),
		cmocka_unit_test(cutting_no_text_is_harmless),
		cmocka_unit_test(numbers_are_digits_up_to_a_limit),
		cmocka_unit_test(distance_counts_single_letter_edits),
		cmocka_unit_test(distance_of_long_texts_is_as_large_as_can_be),
		cmocka_unit_test(case_is_ignored_for_ascii_letters_only),
		cmocka_unit_test(a_text_buffer_keeps_what_fits_and_says_so),
		cmocka_unit_test(an_empty_text_without_address_can_be_written),
		cmocka_unit_test(a_sink_gets_formatted_text),
		cmocka_unit_test(a_long_line_to_a_sink_is_cut),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
