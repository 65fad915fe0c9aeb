/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The clock follows the time servers, and not one that is wrong. */
#include "scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define RIGHT INT64_C(1795418497000000) /* 2026-11-23 07:21:37 UTC, at time 0 */

static void add_server(struct scenario *s, unsigned which, uint8_t last, int64_t zero_us)
{
	s->sim.time_server[which].addr = ip_addr_v4(192, 0, 2, last);
	s->sim.time_server[which].zero_us = zero_us;
}

/* How far the clock is off, in seconds. */
static int64_t off(struct scenario *s)
{
	return s->sim.wall - RIGHT / 1000000;
}

static void clock_is_set_when_the_first_link_works(void **state)
{
	struct scenario *s = scenario_open("system ntp-server 192.0.2.1\n");
	int status;

	(void)state;
	s->sim.wall = 0;
	add_server(s, 0, 1, RIGHT + 250);
	scenario_run(s, sec(10));
	assert_int_equal(off(s), 0);
	assert_true(scenario_logged_at(s, "the clock was set by 192.0.2.1: it was ") > 0);
	assert_non_null(strstr(scenario_type(s, "show clock", &status), "2026-11-23 07:21:4"));
	assert_non_null(strstr(scenario_type(s, "show clock", &status), "by 192.0.2.1, "));
	scenario_close(s);
}

static void way_there_and_back_is_taken_into_account(void **state)
{
	struct scenario *s = scenario_open("system ntp-server 192.0.2.1\n");

	(void)state;
	s->sim.wall = RIGHT / 1000000;
	add_server(s, 0, 1, RIGHT + 3000); /* 3 ms */
	scenario_run(s, sec(10));
	assert_in_range(s->sim.clock_off, 2999, 3001);
	scenario_close(s);
}

static void one_of_three_that_is_wrong_is_not_believed(void **state)
{
	struct scenario *s = scenario_open(
		"system { ntp-server 192.0.2.1, ntp-server 192.0.2.2, ntp-server 192.0.2.3 }\n");

	(void)state;
	add_server(s, 0, 1, RIGHT + INT64_C(3600000000));
	add_server(s, 1, 2, RIGHT + 200);
	add_server(s, 2, 3, RIGHT);
	scenario_run(s, sec(10));
	assert_int_equal(off(s), 0);
	scenario_close(s);
}

static void servers_are_asked_again(void **state)
{
	struct scenario *s = scenario_open("system ntp-server 192.0.2.1\n");

	(void)state;
	add_server(s, 0, 1, RIGHT);
	scenario_run(s, sec(10));
	s->sim.wall += 10;
	scenario_run(s, sec(1000));
	assert_int_equal(off(s), 10);
	scenario_run(s, sec(1100));
	assert_int_equal(off(s), 0);
	scenario_close(s);
}

static void silent_servers_are_told_of_once(void **state)
{
	struct scenario *s = scenario_open("system ntp-server 192.0.2.9\n");

	(void)state;
	scenario_run(s, sec(40));
	assert_int_equal(scenario_logged_at(s, "no time server answers"), -1);
	scenario_run(s, sec(120));
	assert_true(scenario_logged_at(s, "no time server answers") > 0);
	scenario_skip_log(s);
	add_server(s, 0, 9, RIGHT);
	scenario_run(s, sec(160));
	assert_int_equal(off(s), 0);
	assert_int_equal(scenario_logged_at(s, "no time server answers"), -1);
	scenario_close(s);
}

static enum fl_err refuse(void *ctx, int64_t wall_us, int64_t *off, struct textbuf *why)
{
	(void)ctx, (void)wall_us;
	*off = 0;
	textbuf_printf(why, "the clock cannot be set: no");
	return FL_EIO;
}

static void system_that_keeps_its_clock_to_itself_is_told_of(void **state)
{
	struct scenario *s = scenario_open("system ntp-server 192.0.2.1\n");
	int status;

	(void)state;
	s->sim.drivers.unit.correct_clock = refuse;
	add_server(s, 0, 1, RIGHT);
	scenario_run(s, sec(10));
	assert_true(scenario_logged_at(s, "the clock cannot be set: no") > 0);
	assert_non_null(strstr(scenario_type(s, "show clock", &status),
		"time servers answer, but the system does not let its clock be set\n"));
	scenario_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clock_is_set_when_the_first_link_works),
		cmocka_unit_test(way_there_and_back_is_taken_into_account),
		cmocka_unit_test(one_of_three_that_is_wrong_is_not_believed),
		cmocka_unit_test(servers_are_asked_again),
		cmocka_unit_test(silent_servers_are_told_of_once),
		cmocka_unit_test(system_that_keeps_its_clock_to_itself_is_told_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
