/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "syslog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *written(struct syslog_line l)
{
	static char text[SYSLOG_MAX + 1];
	struct textbuf out = textbuf_of(text, sizeof(text));

	syslog_write(&l, &out);
	return text;
}

static const struct syslog_line death = {
	.level = LOG_LEVEL_NOTICE,
	.wall = 1795418497, /* 2026-11-23 07:21:37 UTC */
	.running = {1234567890},
	.number = 17,
	.host = {"gate", 4},
	.text = {"wan1: up -> down (silence 412 ms)", 33},
};

/* The example of the header: 3 * 8 + 5, a time, whose it is, and two numbers of RFC 5424 7.3. */
static void a_line_is_a_message_of_rfc_5424(void **state)
{
	(void)state;
	assert_string_equal(written(death),
		"<29>1 2026-11-23T07:21:37Z gate fairlead - - [meta sequenceId=\"17\" "
		"sysUpTime=\"123456\"] wan1: up -> down (silence 412 ms)");
}

static void level_is_in_the_first_number(void **state)
{
	struct syslog_line l = death;

	(void)state;
	l.level = LOG_LEVEL_ERROR;
	assert_memory_equal(written(l), "<27>1 ", 6);
	l.level = LOG_LEVEL_INFO;
	assert_memory_equal(written(l), "<30>1 ", 6);
}

static void clock_that_was_never_set_is_no_time(void **state)
{
	struct syslog_line l = death;

	(void)state;
	l.wall = 100;
	assert_memory_equal(written(l), "<29>1 - gate ", 13);
}

static void sequence_begins_again_behind_its_last_number(void **state)
{
	struct syslog_line l = death;

	(void)state;
	l.number = 2147483647;
	assert_non_null(strstr(written(l), "sequenceId=\"2147483647\""));
	l.number++;
	assert_non_null(strstr(written(l), "sequenceId=\"1\""));
}

static void control_octets_do_not_make_a_second_line(void **state)
{
	struct syslog_line l = death;

	(void)state;
	l.text = STR("one\n<0>1 two\x7f");
	assert_non_null(strstr(written(l), "] one?<0>1 two?"));
}

static void long_text_is_cut_to_what_every_receiver_takes(void **state)
{
	struct syslog_line l = death;
	char text[600];

	(void)state;
	memset(text, 'x', sizeof(text));
	l.text = (struct str){text, sizeof(text)};
	assert_int_equal(strlen(written(l)), SYSLOG_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_a_message_of_rfc_5424),
		cmocka_unit_test(level_is_in_the_first_number),
		cmocka_unit_test(clock_that_was_never_set_is_no_time),
		cmocka_unit_test(sequence_begins_again_behind_its_last_number),
		cmocka_unit_test(control_octets_do_not_make_a_second_line),
		cmocka_unit_test(long_text_is_cut_to_what_every_receiver_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
