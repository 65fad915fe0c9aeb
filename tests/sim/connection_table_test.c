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

/* Of what the kernel would keep by itself, with so much memory. */
static void the_default_follows_the_memory(void **state)
{
	static const struct {
		uint32_t memory, has, size;
	} machine[] = {
		{466, 4096, 65536},
		{128, 1024, 16384},
		{64, 1024, 16384},
		{980, 7680, 131072},
		{2000, 65536, 262144},
		{3900, 65536, 262144},
		{32000, 262144, 0},
		{466, 65536, 0},
		{0, 4096, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(machine); i++)
		assert_int_equal(forwarding_table_default(machine[i].memory, machine[i].has),
			machine[i].size);
}

static bool wants(struct scenario *s, const char *sysctl)
{
	int status;

	return strstr(scenario_type(s, "show forwarding", &status), sysctl) != NULL;
}

static void a_small_machine_gets_a_larger_table_unless_one_is_set(void **state)
{
	struct scenario *s = scenario_open("");
	int status;

	(void)state;
	fairlead_close(&s->product);
	s->sim.memory_mib = 466;
	s->sim.connections_max = 4096;
	assert_int_equal(fairlead_open(&s->product, &s->sim.drivers), FL_OK);
	assert_true(wants(s, "sysctl net/netfilter/nf_conntrack_max=65536"));
	(void)scenario_type(s, "configure\nset forwarding table-size 20000\ncommit", &status);
	assert_true(wants(s, "sysctl net/netfilter/nf_conntrack_max=20000"));
	(void)scenario_type(s, "configure\ndelete forwarding table-size\ncommit", &status);
	assert_true(wants(s, "sysctl net/netfilter/nf_conntrack_max=65536"));
	scenario_close(s);
}

static void a_table_that_is_large_enough_is_left_alone(void **state)
{
	struct scenario *s = scenario_open("");

	(void)state;
	fairlead_close(&s->product);
	s->sim.memory_mib = 32000;
	s->sim.connections_max = 262144;
	assert_int_equal(fairlead_open(&s->product, &s->sim.drivers), FL_OK);
	assert_false(wants(s, "nf_conntrack_max"));
	scenario_close(s);
}

static void show_forwarding_tells_use_and_limit(void **state)
{
	struct scenario *s = scenario_open("");

	(void)state;
	s->sim.connections_max = 1000;
	s->sim.connections = 418;
	assert_true(wants(s, "# The table of connections holds 418 of 1000\n"));
	scenario_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_that_fills_up_is_told_of_once),
		cmocka_unit_test(room_again_is_told_of_when_there_is_plenty),
		cmocka_unit_test(show_flows_tells_how_full_it_is),
		cmocka_unit_test(the_default_follows_the_memory),
		cmocka_unit_test(a_small_machine_gets_a_larger_table_unless_one_is_set),
		cmocka_unit_test(a_table_that_is_large_enough_is_left_alone),
		cmocka_unit_test(show_forwarding_tells_use_and_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
