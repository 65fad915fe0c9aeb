/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The operator's hand in the whole product: what the world sees of an order, a test, a drill. */
#include "scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs the three above. */
#include <cmocka.h>

static struct scenario *running(const char *more)
{
	struct scenario *s = scenario_open(more);

	scenario_run(s, sec(30));
	scenario_skip_log(s);
	return s;
}

static const char *typed(struct scenario *s, const char *line)
{
	int status;
	const char *text = scenario_type(s, line, &status);

	if (status != 0)
		fail_msg("%s: %s", line, text);
	return text;
}

static const char *refused(struct scenario *s, const char *line)
{
	int status;
	const char *text = scenario_type(s, line, &status);

	assert_int_not_equal(status, 0);
	return text;
}

static void a_link_ordered_down_carries_nothing_until_it_is_enabled(void **state)
{
	struct scenario *s = running("");

	(void)state;
	typed(s, "request link wan1 down");
	assert_string_equal(scenario_answer(s, "example.com", CLIENT_MX), "20 mail2.example.com");
	assert_int_equal(s->sim.flushes[1], 1);
	assert_string_equal(sim_lamp(&s->sim, "WAN1")->pattern, "amber");
	assert_non_null(strstr(typed(s, "show links"), "wan1  eth0       down"));
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	typed(s, "request link wan1 enable");
	assert_string_equal(scenario_answer(s, "example.com", CLIENT_MX),
		"10 mail1.example.com, 20 mail2.example.com");
	assert_string_equal(sim_lamp(&s->sim, "WAN1")->pattern, "green");
	scenario_close(s);
}

static void a_drained_link_keeps_its_connections_until_it_dies(void **state)
{
	struct scenario *s = running("");

	(void)state;
	typed(s, "request link wan1 drain");
	assert_string_equal(scenario_answer(s, "example.com", CLIENT_MX), "20 mail2.example.com");
	assert_int_equal(s->sim.flushes[1], 0);
	assert_string_equal(sim_lamp(&s->sim, "WAN1")->pattern, "green-flash");
	s->sim.interface[0].cut = true;
	scenario_run(s, sec(40));
	assert_int_equal(s->sim.flushes[1], 1);
	scenario_close(s);
}

static void a_drained_link_takes_nothing_new_when_the_others_die(void **state)
{
	struct scenario *s = running("");

	(void)state;
	typed(s, "request link wan1 drain");
	s->sim.interface[1].cut = true;
	scenario_run(s, sec(40));
	assert_int_equal(s->product.published.live, 0);
	scenario_close(s);
}

static void a_link_ordered_to_stand_by_comes_in_when_it_is_needed(void **state)
{
	struct scenario *s = running("");

	(void)state;
	typed(s, "request link wan1 standby");
	assert_string_equal(scenario_answer(s, "example.com", CLIENT_MX), "20 mail2.example.com");
	s->sim.interface[1].cut = true;
	scenario_run(s, sec(40));
	assert_string_equal(scenario_answer(s, "example.com", CLIENT_MX), "10 mail1.example.com");
	scenario_close(s);
}

static void the_last_link_is_not_taken(void **state)
{
	struct scenario *s = running("");

	(void)state;
	typed(s, "request link wan2 down");
	assert_non_null(strstr(refused(s, "request link wan1 drain"),
		"error: wan1 is the only link that carries new connections"));
	assert_string_equal(scenario_answer(s, "example.com", CLIENT_MX), "10 mail1.example.com");
	typed(s, "request link wan1 drain force");
	assert_int_equal(s->product.published.live, 0);
	scenario_close(s);
}

static void an_order_outlives_a_commit_and_no_restart(void **state)
{
	struct scenario *s = running("");

	(void)state;
	typed(s, "request link wan1 down");
	typed(s, "configure\nset policy spread method all\ncommit");
	assert_string_equal(scenario_answer(s, "example.com", CLIENT_MX), "20 mail2.example.com");
	fairlead_close(&s->product);
	(void)fairlead_open(&s->product, &s->sim.drivers);
	scenario_run(s, sec(60));
	assert_string_equal(scenario_answer(s, "example.com", CLIENT_MX),
		"10 mail1.example.com, 20 mail2.example.com");
	scenario_close(s);
}

static void a_test_shows_what_each_target_says(void **state)
{
	struct scenario *s = running("");
	int status;
	const char *text;

	(void)state;
	s->sim.interface[0].jitter = us(0);
	assert_string_equal(typed(s, "test link wan1"),
		"  192.0.2.53 ping: answered after 20 ms\n"
		"  192.0.2.54 ping: answered after 20 ms\n"
		"  198.51.100.53 dns: answered after 20 ms\n"
		"wan1: 3 of 3 targets answered\n");
	sim_target(&s->sim, "192.0.2.54", false);
	assert_non_null(
		strstr(typed(s, "test link wan1"), "  192.0.2.54 ping: no answer within 1 s\n"
						   "  198.51.100.53 dns: answered after 20 ms\n"
						   "wan1: 2 of 3 targets answered\n"));
	s->sim.interface[0].cut = true;
	text = scenario_type(s, "test link wan1", &status);
	assert_int_equal(status, 1);
	assert_non_null(strstr(text, "wan1: 0 of 3 targets answered\n"));
	scenario_close(s);
}

static void a_drill_is_an_outage_that_ends_by_itself(void **state)
{
	struct scenario *s = running("");

	(void)state;
	typed(s, "drill link wan1 for 20s");
	scenario_run(s, sec(32));
	assert_int_equal(scenario_state(s, "wan1"), LINK_DOWN);
	assert_string_equal(scenario_answer(s, "example.com", CLIENT_MX), "20 mail2.example.com");
	assert_int_equal(s->sim.flushes[1], 1);
	assert_non_null(strstr(typed(s, "show links"), "drill, 18 s left; silence"));
	scenario_run(s, sec(60));
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	assert_string_equal(scenario_answer(s, "example.com", CLIENT_MX),
		"10 mail1.example.com, 20 mail2.example.com");
	assert_int_equal(s->product.drill.phase, LINK_DRILL_IDLE);
	assert_int_not_equal(scenario_logged_at(s, "wan1: drill: down after "), -1);
	assert_int_not_equal(scenario_logged_at(s, "up again 3."), -1);
	/* Failures made on purpose are not counted. */
	assert_int_equal(s->product.link[1].ndowns, 0);
	scenario_close(s);
}

static void users_are_withheld_from_a_drilled_link_too(void **state)
{
	struct scenario *s = running("");
	long down;

	(void)state;
	s->sim.interface[0].users = 100;
	scenario_run(s, sec(60));
	typed(s, "drill link wan1 for 5s");
	scenario_run(s, sec(62));
	down = scenario_logged_at(s, "wan1: up -> down (silence");
	assert_in_range(down, 60000, 60900);
	scenario_run(s, sec(120));
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	scenario_close(s);
}

static void a_drill_of_the_last_link_is_refused(void **state)
{
	struct scenario *s = running("");

	(void)state;
	s->sim.interface[1].cut = true;
	scenario_run(s, sec(40));
	refused(s, "drill link wan1");
	assert_int_equal(s->product.drill.phase, LINK_DRILL_IDLE);
	scenario_close(s);
}

static void a_drill_ends_at_once_when_the_other_link_dies(void **state)
{
	struct scenario *s = running("");
	long died, ended;

	(void)state;
	typed(s, "drill link wan1 for 300s");
	scenario_run(s, sec(35));
	s->sim.interface[1].cut = true;
	scenario_run(s, sec(60));
	died = scenario_logged_at(s, "wan2: up -> down");
	ended = scenario_logged_at(s, "wan1: recovering -> up");
	assert_in_range(ended, died, died + 5000);
	assert_int_not_equal(scenario_logged_at(s, "ended early: no other link is left"), -1);
	scenario_close(s);
}

static void a_link_that_leaves_the_settings_ends_its_drill_and_its_order(void **state)
{
	struct scenario *s = running("link wan3 { interface eth3, address 192.0.2.130/29\n"
				     "gateway 192.0.2.129, monitor { target 192.0.2.53 ping } }\n");

	(void)state;
	typed(s, "request link wan3 down");
	typed(s, "configure\ndelete link wan3\ncommit");
	typed(s, "configure\nset link wan3 interface eth3\nset link wan3 address 192.0.2.130/29\n"
		 "set link wan3 gateway 192.0.2.129\ncommit");
	assert_int_equal(s->product.op[3].order, LINK_ORDER_NONE);
	scenario_close(s);
}

static void a_drill_and_an_outage_are_in_the_history(void **state)
{
	struct scenario *s = running("");
	const char *text;

	(void)state;
	typed(s, "drill link wan1 for 10s");
	scenario_run(s, sec(300));
	text = typed(s, "show link wan1 history");
	assert_non_null(strstr(text, "link wan1, the last hour; a column is a minute\n"));
	assert_non_null(strstr(text, " min ago  up -> down (silence "));
	assert_non_null(strstr(text, " min ago  drill: down after "));
	text = typed(s, "show link wan1 history minute");
	assert_non_null(strstr(text, "state |======"));
	scenario_close(s);
}

static void the_history_is_kept_over_a_restart(void **state)
{
	struct scenario *s = running("");
	struct link_sample before, after;

	(void)state;
	scenario_run(s, sec(7200));
	assert_true(link_history_at(s->product.history[1], LINK_HISTORY_MINUTE, 60, &before));
	assert_int_equal(before.state, LINK_UP);
	fairlead_close(&s->product);
	(void)fairlead_open(&s->product, &s->sim.drivers);
	assert_true(link_history_at(s->product.history[1], LINK_HISTORY_MINUTE, 60, &after));
	assert_memory_equal(&before, &after, sizeof(before));
	scenario_run(s, sec(7300));
	scenario_close(s);
}

static void a_router_that_cannot_save_has_a_history_all_the_same(void **state)
{
	struct scenario *s = running("");

	(void)state;
	s->sim.storage_refuses = true;
	scenario_run(s, sec(4000));
	assert_int_not_equal(scenario_logged_at(s, "wan1: its history was not saved"), -1);
	assert_non_null(strstr(typed(s, "show link wan1 history"), "state |====="));
	s->sim.storage_refuses = false;
	scenario_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_link_ordered_down_carries_nothing_until_it_is_enabled),
		cmocka_unit_test(a_drained_link_keeps_its_connections_until_it_dies),
		cmocka_unit_test(a_drained_link_takes_nothing_new_when_the_others_die),
		cmocka_unit_test(a_link_ordered_to_stand_by_comes_in_when_it_is_needed),
		cmocka_unit_test(the_last_link_is_not_taken),
		cmocka_unit_test(an_order_outlives_a_commit_and_no_restart),
		cmocka_unit_test(a_test_shows_what_each_target_says),
		cmocka_unit_test(a_drill_is_an_outage_that_ends_by_itself),
		cmocka_unit_test(users_are_withheld_from_a_drilled_link_too),
		cmocka_unit_test(a_drill_of_the_last_link_is_refused),
		cmocka_unit_test(a_drill_ends_at_once_when_the_other_link_dies),
		cmocka_unit_test(a_link_that_leaves_the_settings_ends_its_drill_and_its_order),
		cmocka_unit_test(a_drill_and_an_outage_are_in_the_history),
		cmocka_unit_test(the_history_is_kept_over_a_restart),
		cmocka_unit_test(a_router_that_cannot_save_has_a_history_all_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
