/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection table that fills up is told of before it drops connections. */
#include "scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs the three above. */
#include <cmocka.h>

static void a_table_that_fills_up_is_told_of_once(void **state)
{
	struct scenario *s = scenario_open("");

	(void)state;
	s->sim.connections_max = 65536;
	s->sim.connections = 50000;
	scenario_run(s, sec(30));
	assert_int_equal(scenario_logged_at(s, "connection table"), -1);
	s->sim.connections = 60000;
	scenario_run(s, sec(45));
	assert_true(
		scenario_logged_at(s, "the connection table is 91 % full (60000 of 65536)") >= 0);
	scenario_skip_log(s);
	s->sim.connections = 65000;
	scenario_run(s, sec(100));
	assert_int_equal(scenario_logged_at(s, "connection table"), -1);
	scenario_close(s);
}

static void room_again_is_told_of_when_there_is_plenty(void **state)
{
	struct scenario *s = scenario_open("");

	(void)state;
	s->sim.connections_max = 1000;
	s->sim.connections = 1000;
	scenario_run(s, sec(30));
	s->sim.connections = 850;
	scenario_run(s, sec(60));
	assert_int_equal(scenario_logged_at(s, "has room again"), -1);
	s->sim.connections = 700;
	scenario_run(s, sec(90));
	assert_true(
		scenario_logged_at(s, "the connection table has room again (700 of 1000)") >= 0);
	scenario_close(s);
}

static void show_flows_tells_how_full_it_is(void **state)
{
	struct scenario *s = scenario_open("");
	int status;

	(void)state;
	s->sim.connections_max = 1000;
	s->sim.connections = 418;
	assert_non_null(strstr(scenario_type(s, "show flows", &status),
		"\nthe table of connections holds 418 of 1000\n"));
	s->sim.connections = 1000;
	assert_non_null(strstr(scenario_type(s, "show flows", &status),
		"holds 1000 of 1000: it is full, and new ones are dropped\n"));
	scenario_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_that_fills_up_is_told_of_once),
		cmocka_unit_test(room_again_is_told_of_when_there_is_plenty),
		cmocka_unit_test(show_flows_tells_how_full_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
