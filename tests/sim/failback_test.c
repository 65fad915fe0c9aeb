/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "After the main link returns, traffic stays on the metered backup for hours": what the settings
 * make of the connections on a backup that is stood down. */
#include "scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs the three above. */
#include <cmocka.h>

/* The main link has died and come back, and its backup carries two connections from that time. */
static struct scenario *main_link_is_back(const char *more)
{
	char settings[256];
	struct scenario *s;

	snprintf(settings, sizeof(settings), "link wan2 role backup\n%s", more);
	s = scenario_open(settings);
	scenario_run(s, sec(30));
	s->sim.interface[0].cut = true;
	scenario_run(s, sec(35));
	assert_int_equal(scenario_state(s, "wan1"), LINK_DOWN);
	s->sim.flow[0] = s->sim.flow[1] = (struct kernel_flow){.protocol = 6, .mark = 2};
	s->sim.flow[2] = (struct kernel_flow){.protocol = 17, .mark = 1};
	s->sim.nflows = 3;
	scenario_skip_log(s);
	s->sim.interface[0].cut = false;
	scenario_run(s, sec(60));
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	return s;
}

static void a_backup_keeps_its_connections_where_nothing_is_set(void **state)
{
	struct scenario *s = main_link_is_back("");

	(void)state;
	scenario_run(s, sec(3600));
	assert_int_equal(s->sim.nflows, 3);
	scenario_close(s);
}

static void a_backup_that_is_cut_has_no_connection_left(void **state)
{
	struct scenario *s = main_link_is_back("link wan2 fail-back cut\n");
	const char *said;
	int status;

	(void)state;
	assert_int_equal(s->sim.nflows, 1); /* that of wan1 */
	assert_true(scenario_logged_at(s, "wan2: not needed any more: 2 connections cut") >= 0);
	assert_true(scenario_logged_at(s, "wan2: no connection is left on it") >= 0);
	said = scenario_type(s, "show flows link wan2", &status);
	assert_int_equal(status, 0);
	assert_string_equal(said, "0 connections on wan2\n");
	scenario_close(s);
}

static void the_switch_comes_before_the_cut(void **state)
{
	struct scenario *s = main_link_is_back("link wan2 fail-back cut\n");
	uint8_t down[8] = {2, 0, 0, 0, 2}; /* IPv4, link 2: takes nothing new */
	uint32_t value;

	(void)state;
	assert_true(sim_lookup(&s->sim, "down", down, sizeof(down), &value));
	assert_int_equal(s->sim.flushes[2], 1);
	scenario_close(s);
}

static void a_backup_that_is_drained_is_cut_after_its_time(void **state)
{
	struct scenario *s =
		main_link_is_back("link wan2 fail-back drain\nlink wan2 drain-time 5m\n");
	long at;

	(void)state;
	assert_int_equal(s->sim.nflows, 3);
	scenario_run(s, sec(320));
	assert_int_equal(s->sim.nflows, 3);
	scenario_run(s, sec(380));
	assert_int_equal(s->sim.nflows, 1);
	at = scenario_logged_at(s, "wan2: not needed any more");
	assert_in_range(at - scenario_logged_at(s, "wan1: recovering -> up"), 300000, 301000);
	scenario_close(s);
}

static void a_backup_that_is_needed_again_is_not_cut(void **state)
{
	struct scenario *s =
		main_link_is_back("link wan2 fail-back drain\nlink wan2 drain-time 5m\n");

	(void)state;
	scenario_run(s, sec(100));
	s->sim.interface[0].cut = true;
	scenario_run(s, sec(3600));
	assert_int_equal(s->sim.flushes[2], 0);
	scenario_close(s);
}

static void a_link_that_an_operator_stands_down_is_his_business(void **state)
{
	struct scenario *s = scenario_open("link wan2 fail-back cut\n");

	(void)state;
	scenario_run(s, sec(30));
	s->sim.flow[0] = (struct kernel_flow){.protocol = 6, .mark = 2};
	s->sim.nflows = 1;
	scenario_run(s, sec(60));
	assert_int_equal(s->sim.nflows, 1); /* it is no backup */
	scenario_close(s);
}

static void show_flows_counts_by_link(void **state)
{
	struct scenario *s = main_link_is_back("");
	int status;

	(void)state;
	assert_string_equal(scenario_type(s, "show flows", &status),
		"LINK         CONNECTIONS      TCP      UDP    OTHER\n"
		"wan1                   1        0        1        0\n"
		"wan2                   2        2        0        0\n"
		"no link                0        0        0        0\n");
	scenario_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_backup_keeps_its_connections_where_nothing_is_set),
		cmocka_unit_test(a_backup_that_is_cut_has_no_connection_left),
		cmocka_unit_test(the_switch_comes_before_the_cut),
		cmocka_unit_test(a_backup_that_is_drained_is_cut_after_its_time),
		cmocka_unit_test(a_backup_that_is_needed_again_is_not_cut),
		cmocka_unit_test(a_link_that_an_operator_stands_down_is_his_business),
		cmocka_unit_test(show_flows_counts_by_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
