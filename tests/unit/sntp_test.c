/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sntp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NONCE UINT64_C(0x0123456789abcdef)

/* 2026-11-23 07:21:37 UTC */
#define WALL INT64_C(1795418497)

static void put_time(struct buf *out, uint64_t seconds_1900, uint32_t fraction)
{
	buf_put_u32(out, (uint32_t)seconds_1900);
	buf_put_u32(out, fraction);
}

static struct bytes answer(uint8_t first, uint8_t stratum, uint64_t nonce, int64_t wall)
{
	static uint8_t octets[SNTP_SIZE];
	struct buf out = buf_of(octets, sizeof(octets));
	uint64_t seconds = (uint64_t)(wall + INT64_C(2208988800));

	memset(octets, 0, sizeof(octets));
	buf_put_u8(&out, first);
	buf_put_u8(&out, stratum);
	out.n = 24;
	put_time(&out, nonce >> 32, (uint32_t)nonce);
	put_time(&out, seconds, 0x40000000);
	put_time(&out, seconds, 0xc0000000);
	return bytes_of(octets, sizeof(octets));
}

static void question_is_that_of_a_client_and_says_nothing_of_our_clock(void **state)
{
	uint8_t octets[SNTP_SIZE];
	struct buf out = buf_of(octets, sizeof(octets));

	(void)state;
	sntp_ask(NONCE, &out);
	assert_int_equal(out.n, SNTP_SIZE);
	assert_int_equal(octets[0], 0x23); /* version 4, mode 3 */
	for (size_t i = 1; i < 40; i++)
		assert_int_equal(octets[i], 0);
	assert_int_equal(octets[40], 0x01);
	assert_int_equal(octets[47], 0xef);
}

static void answer_says_when_it_left_and_how_long_it_took(void **state)
{
	struct sntp_answer a;

	(void)state;
	assert_int_equal(sntp_parse(answer(0x24, 2, NONCE, WALL), NONCE, &a), FL_OK);
	assert_true(a.wall_us == WALL * 1000000 + 750000);
	assert_int_equal(a.held.us, 500000);
	/* 540 ms from question to answer: 20 ms back. */
	assert_true(sntp_wall_us(&a, ms(540)) == WALL * 1000000 + 770000);
	assert_true(sntp_wall_us(&a, ms(100)) == WALL * 1000000 + 750000);
}

static void time_goes_on_behind_2036(void **state)
{
	struct sntp_answer a;

	(void)state;
	assert_int_equal(sntp_parse(answer(0x24, 2, NONCE, INT64_C(2208988800)), NONCE, &a), FL_OK);
	assert_true(a.wall_us / 1000000 == INT64_C(2208988800)); /* 2040 */
}

static void what_is_not_an_answer_to_this_question_is_none(void **state)
{
	struct sntp_answer a;
	struct bytes cut = answer(0x24, 2, NONCE, WALL);

	(void)state;
	cut.n--;
	assert_int_equal(sntp_parse(cut, NONCE, &a), FL_EFORMAT);
	assert_int_equal(sntp_parse(answer(0x24, 2, NONCE + 1, WALL), NONCE, &a), FL_EFORMAT);
	assert_int_equal(sntp_parse(answer(0x23, 2, NONCE, WALL), NONCE, &a), FL_EFORMAT);
	assert_int_equal(sntp_parse(answer(0x25, 2, NONCE, WALL), NONCE, &a), FL_EFORMAT);
}

static void server_without_the_time_is_not_believed(void **state)
{
	struct sntp_answer a;

	(void)state;
	assert_int_equal(sntp_parse(answer(0xe4, 2, NONCE, WALL), NONCE, &a), FL_ERANGE);
	assert_int_equal(sntp_parse(answer(0x24, 0, NONCE, WALL), NONCE, &a), FL_ERANGE);
	assert_int_equal(sntp_parse(answer(0x24, 16, NONCE, WALL), NONCE, &a), FL_ERANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(question_is_that_of_a_client_and_says_nothing_of_our_clock),
		cmocka_unit_test(answer_says_when_it_left_and_how_long_it_took),
		cmocka_unit_test(time_goes_on_behind_2036),
		cmocka_unit_test(what_is_not_an_answer_to_this_question_is_none),
		cmocka_unit_test(server_without_the_time_is_not_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
