/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Secondaries hear of every change, over a link that works. */
#include "scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SECONDARY "domain example.com transfer { allow 192.0.2.54, notify 192.0.2.54 }\n"

static struct scenario *open_told(const char *more)
{
	struct scenario *s = scenario_open(more);

	s->sim.datagrams_answered = true;
	return s;
}

static const struct sim_datagram *last(const struct scenario *s)
{
	assert_true(s->sim.ndatagrams > 0);
	return &s->sim.datagram[s->sim.ndatagrams - 1];
}

static void start_tells_the_secondary(void **state)
{
	struct scenario *s = open_told(SECONDARY);
	struct ip_addr to = ip_addr_v4(192, 0, 2, 54);

	(void)state;
	scenario_run(s, ms(1));
	assert_int_equal(s->sim.ndatagrams, 1);
	assert_true(ip_addr_eq(&last(s)->to, &to));
	assert_int_equal(last(s)->port, 53);
	scenario_close(s);
}

static void death_is_told_in_the_same_moment_over_the_other_link(void **state)
{
	struct scenario *s = open_told(SECONDARY);
	size_t before;

	(void)state;
	scenario_run(s, ms(20000));
	scenario_skip_log(s);
	before = s->sim.ndatagrams;
	s->sim.interface[0].cut = true;
	scenario_run(s, ms(30000));
	assert_int_equal(s->sim.ndatagrams, before + 1);
	assert_string_equal(last(s)->interface, "eth1");
	assert_int_equal(scenario_state(s, "wan1"), LINK_DOWN);
	assert_true(last(s)->at.us / 1000 - scenario_logged_at(s, "-> down") < 2);
	scenario_close(s);
}

static void return_is_told_too(void **state)
{
	struct scenario *s = open_told(SECONDARY);
	size_t before;

	(void)state;
	scenario_run(s, ms(20000));
	s->sim.interface[0].cut = true;
	scenario_run(s, ms(30000));
	before = s->sim.ndatagrams;
	s->sim.interface[0].cut = false;
	scenario_run(s, ms(120000));
	assert_int_equal(s->sim.ndatagrams, before + 1);
	scenario_close(s);
}

static void silent_secondary_is_told_over_each_link_in_turn(void **state)
{
	struct scenario *s = scenario_open(SECONDARY);
	bool eth0 = false, eth1 = false;

	(void)state;
	scenario_run(s, ms(10000));
	for (size_t i = 0; i < s->sim.ndatagrams; i++) {
		eth0 |= strcmp(s->sim.datagram[i].interface, "eth0") == 0;
		eth1 |= strcmp(s->sim.datagram[i].interface, "eth1") == 0;
	}
	assert_true(eth0 && eth1);
	assert_true(s->sim.ndatagrams >= 4 && s->sim.ndatagrams < 8);
	assert_true(scenario_logged_at(s, "secondary 192.0.2.54 does not answer") > 0);
	scenario_close(s);
}

static void secondary_in_the_lan_needs_no_link(void **state)
{
	struct scenario *s = open_told("domain example.com transfer { allow 192.168.1.0/24, notify "
				       "192.168.1.25 port 5353 }\n");

	(void)state;
	scenario_run(s, ms(10));
	assert_string_equal(last(s)->interface, "");
	assert_int_equal(last(s)->port, 5353);
	scenario_close(s);
}

static void nothing_is_told_before_the_responder_answers_it(void **state)
{
	struct scenario *s = open_told(SECONDARY);

	(void)state;
	s->sim.responder_is_late = true;
	s->sim.ndatagrams = 0;
	scenario_run(s, ms(500));
	assert_int_equal(s->sim.ndatagrams, 0);
	s->sim.responder_is_late = false;
	scenario_run(s, ms(600));
	assert_int_equal(s->sim.ndatagrams, 1);
	scenario_close(s);
}

static void refusal_is_logged_and_ends_it(void **state)
{
	struct scenario *s = open_told(SECONDARY);
	size_t told;

	(void)state;
	s->sim.datagram_rcode = 5;
	scenario_run(s, ms(5000)); /* the links come up */
	told = s->sim.ndatagrams;
	assert_true(told >= 1);
	scenario_run(s, ms(300000));
	assert_int_equal(s->sim.ndatagrams, told);
	assert_true(scenario_logged_at(s, "does not want to hear of example.com.: error 5") >= 0);
	scenario_close(s);
}

static void secondary_without_access_is_a_mistake(void **state)
{
	struct scenario *s = open_told("domain example.com transfer notify 192.0.2.54\n");

	(void)state;
	assert_true(scenario_logged_at(s, "nobody may transfer the zone") >= 0);
	scenario_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(start_tells_the_secondary),
		cmocka_unit_test(death_is_told_in_the_same_moment_over_the_other_link),
		cmocka_unit_test(return_is_told_too),
		cmocka_unit_test(silent_secondary_is_told_over_each_link_in_turn),
		cmocka_unit_test(secondary_in_the_lan_needs_no_link),
		cmocka_unit_test(nothing_is_told_before_the_responder_answers_it),
		cmocka_unit_test(refusal_is_logged_and_ends_it),
		cmocka_unit_test(secondary_without_access_is_a_mistake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
