/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The clock is chronyd's to keep, from when a link leads to a time server. */
#include "scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SETTINGS "system { ntp-server 192.0.2.1, ntp-server 192.0.2.2 }\n"
#define FOLLOWS  "2026-11-24T09:51:10Z Selected source 192.0.2.1"
#define LOST     "2026-11-24T09:51:10Z Can't synchronise: no selectable sources"

static const struct sim_daemon *chronyd(const struct scenario *s)
{
	for (size_t i = 0; i < COUNT_OF(s->sim.daemon); i++)
		if (strcmp(s->sim.daemon[i].name, "chronyd") == 0)
			return &s->sim.daemon[i];
	return NULL;
}

static void pass(struct scenario *s, span time)
{
	scenario_run(s, us(mtime_after(s->sim.now, time).us));
}

static void print(struct scenario *s, const char *line)
{
	sim_print(&s->sim, "chronyd", line);
	pass(s, sec(1));
}

static void commit(struct scenario *s, const char *edits)
{
	int status;

	scenario_commit(s, edits, &status);
	assert_int_equal(status, 0);
}

static void assert_shown(struct scenario *s, const char *words)
{
	int status;

	const char *shown = scenario_type(s, "show clock", &status);

	if (!strstr(shown, words))
		fail_msg("%s", shown);
	assert_int_equal(status, 0);
}

static void chronyd_runs_from_when_a_link_leads_to_a_server(void **state)
{
	struct scenario *s = scenario_open(SETTINGS);

	(void)state;
	assert_null(chronyd(s));
	assert_shown(s, "no link that works leads to a time server\n");
	pass(s, sec(20));
	assert_non_null(chronyd(s));
	assert_true(chronyd(s)->running);
	assert_string_equal(chronyd(s)->args, "chronyd -d -F 1 -f /run/daemons/chrony.conf");
	assert_non_null(strstr(sim_file(&s->sim, "chrony.conf"),
		"server 192.0.2.1 iburst\nserver 192.0.2.2 iburst\n"));
	assert_shown(s, "no time server has answered yet, in ");
	scenario_close(s);
}

static void server_that_is_followed_is_shown(void **state)
{
	struct scenario *s = scenario_open(SETTINGS);

	(void)state;
	pass(s, sec(20));
	print(s, FOLLOWS);
	assert_shown(s, "by 192.0.2.1, for 1 s: not yet right\n");
	s->sim.clock_error = 1200;
	pass(s, sec(4));
	assert_shown(s, "by 192.0.2.1, for 5 s: right to 1 ms\n");
	print(s, "2026-11-24T09:52:10Z Selected source 192.0.2.2");
	assert_shown(s, "by 192.0.2.2, for 6 s: right to 1 ms\n");
	print(s, LOST);
	pass(s, sec(1));
	assert_shown(s, "no time server has answered for 2 s; the last was 192.0.2.2\n");
	scenario_close(s);
}

static void clock_that_is_set_is_told_of(void **state)
{
	struct scenario *s = scenario_open(SETTINGS);

	(void)state;
	pass(s, sec(20));
	print(s, FOLLOWS);
	print(s, "2026-11-24T00:00:10Z System clock was stepped by 217724341.100000 seconds");
	assert_true(
		scenario_logged_at(s, "the clock was set by 192.0.2.1: it was 2519 days slow") > 0);
	print(s, "2026-11-24T00:00:10Z System clock was stepped by -0.600000 seconds");
	assert_true(
		scenario_logged_at(s, "the clock was set by 192.0.2.1: it was 600 ms fast") > 0);
	scenario_close(s);
}

static void chronyd_that_begins_anew_follows_nobody_yet(void **state)
{
	struct scenario *s = scenario_open(SETTINGS);

	(void)state;
	pass(s, sec(20));
	print(s, FOLLOWS);
	print(s, "2026-11-24T09:53:06Z chronyd version 4.3 starting (+NTP)");
	assert_shown(s, "no time server has answered for 1 s; the last was 192.0.2.1\n");
	scenario_close(s);
}

static void silent_servers_are_told_of_once_each_time(void **state)
{
	struct scenario *s = scenario_open(SETTINGS);

	(void)state;
	pass(s, sec(50));
	assert_int_equal(scenario_logged_at(s, "no time server answers"), -1);
	pass(s, sec(50));
	assert_true(scenario_logged_at(s, "no time server answers") > 0);
	scenario_skip_log(s);
	pass(s, sec(600));
	assert_int_equal(scenario_logged_at(s, "no time server answers"), -1);
	print(s, FOLLOWS);
	pass(s, sec(600));
	assert_int_equal(scenario_logged_at(s, "no time server answers"), -1);
	print(s, LOST);
	pass(s, sec(70));
	assert_true(scenario_logged_at(s, "no time server answers") > 0);
	scenario_close(s);
}

static void other_servers_are_asked_from_the_commit_on(void **state)
{
	struct scenario *s = scenario_open(SETTINGS);

	(void)state;
	pass(s, sec(20));
	print(s, FOLLOWS);
	commit(s, "set system ntp-server 192.0.2.3");
	pass(s, sec(2));
	assert_int_equal(chronyd(s)->starts, 2);
	assert_non_null(strstr(sim_file(&s->sim, "chrony.conf"), "server 192.0.2.3 iburst\n"));
	assert_shown(s, "no time server has answered yet, in ");
	commit(s, "set system host-name other");
	pass(s, sec(2));
	assert_int_equal(chronyd(s)->starts, 2);
	commit(s, "delete system ntp-server 192.0.2.1\ndelete system ntp-server 192.0.2.2\n"
		  "delete system ntp-server 192.0.2.3");
	pass(s, sec(2));
	assert_false(chronyd(s)->running);
	assert_shown(s, "no time server is set");
	scenario_close(s);
}

static void system_that_keeps_its_clock_to_itself_is_told_of(void **state)
{
	struct scenario *s = scenario_open(SETTINGS);

	(void)state;
	s->sim.keeps_clock = true;
	pass(s, sec(20));
	assert_string_equal(chronyd(s)->args, "chronyd -d -F 1 -f /run/daemons/chrony.conf -x");
	print(s, FOLLOWS);
	assert_shown(s, "by 192.0.2.1, for 1 s; but the system does not let its clock be set\n");
	scenario_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chronyd_runs_from_when_a_link_leads_to_a_server),
		cmocka_unit_test(server_that_is_followed_is_shown),
		cmocka_unit_test(clock_that_is_set_is_told_of),
		cmocka_unit_test(chronyd_that_begins_anew_follows_nobody_yet),
		cmocka_unit_test(silent_servers_are_told_of_once_each_time),
		cmocka_unit_test(other_servers_are_asked_from_the_commit_on),
		cmocka_unit_test(system_that_keeps_its_clock_to_itself_is_told_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
