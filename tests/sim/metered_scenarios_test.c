/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Links whose provider counts octets.  In the simulator a packet of users has 1,000 of them. */
#include "scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs some of the above. */
#include <cmocka.h>

#define TARGETS "target 192.0.2.53 ping, target 192.0.2.54 ping, target 192.0.2.55 ping"
#define LINK(name, interface, net, more)                                                           \
	"link " name " { interface " interface ", address " net ".2/29, gateway " net              \
	".1, monitor { " TARGETS " } " more " }\n"
#define DAY 86400

static struct scenario *running(const char *wan1, const char *more)
{
	char settings[1200];
	struct scenario *s;

	snprintf(settings, sizeof(settings),
		LINK("wan1", "eth0", "203.0.113", "%s") LINK("wan2", "eth1", "198.51.100",
			"") "policy any { method priority, member wan1, member wan2 }\n%s",
		wan1, more);
	s = scenario_open_with(settings);
	scenario_run(s, sec(60));
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	scenario_skip_log(s);
	return s;
}

static bool is_in_use(const struct scenario *s, unsigned number)
{
	return s->product.published.live >> (number - 1) & 1;
}

/* To the minute, in thousands of seconds. */
static void expect_within(const struct scenario *s, const char *line, long at)
{
	assert_in_range(scenario_logged_at(s, line), at * 1000000, at * 1000000 + 120000);
}

/* 4.3 GB a day, 20 GB a month. */
static void a_quota_is_told_of_and_then_the_link_is_a_backup(void **state)
{
	struct scenario *s = running(", metered { quota 20G }", "");
	int status;

	(void)state;
	s->sim.interface[0].users = 50;
	assert_true(is_in_use(s, 1));
	scenario_run(s, sec(5 * DAY));
	expect_within(
		s, "wan1: more than 75 % of its quota: 15 GB of 20 GB, until 2026-02-01", 300);
	expect_within(
		s, "wan1: more than 95 % of its quota: 19 GB of 20 GB, until 2026-02-01", 380);
	expect_within(s, "wan1: its quota is used up: 20 GB of 20 GB, until 2026-02-01", 400);
	assert_false(is_in_use(s, 1));
	assert_true(is_in_use(s, 2));
	assert_non_null(strstr(scenario_type(s, "show links", &status), "standby"));
	assert_non_null(strstr(scenario_type(s, "show links", &status), "its quota is used up; "));
	assert_non_null(strstr(scenario_type(s, "show link wan1", &status), "GB of 20 GB used (1"));
	scenario_close(s);
}

static void a_quota_never_takes_the_last_link(void **state)
{
	struct scenario *s = running(", metered { quota 1G }", "");

	(void)state;
	s->sim.interface[0].users = 1000;
	scenario_run(s, sec(3000));
	assert_false(is_in_use(s, 1));
	s->sim.interface[1].cut = true;
	scenario_run(s, sec(3010));
	assert_true(is_in_use(s, 1));
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	scenario_close(s);
}

static void a_new_month_brings_the_link_back(void **state)
{
	struct scenario *s = running(", metered { quota 1G, reset-day 3 }", "");

	(void)state;
	s->sim.interface[0].users = 1000;
	scenario_run(s, sec(3000));
	assert_false(is_in_use(s, 1));
	s->sim.interface[0].users = 0;
	scenario_skip_log(s);
	scenario_run(s, sec(2 * DAY - 10));
	scenario_expect(s, "");
	assert_false(is_in_use(s, 1));
	scenario_run(s, sec(2 * DAY + 10));
	assert_in_range(scenario_logged_at(s, "wan1: a new month of its quota begins; the last one "
					      "took 2.9 GB"),
		172800000, 172802000);
	assert_true(is_in_use(s, 1));
	scenario_close(s);
}

static void what_was_used_is_kept_over_a_restart(void **state)
{
	struct scenario *s = running(", metered { quota 1G }", "");

	(void)state;
	s->sim.interface[0].users = 1000;
	scenario_run(s, sec(3000));
	s->sim.interface[0].users = 0;
	assert_false(is_in_use(s, 1));
	fairlead_close(&s->product);
	s->sim.interface[0].rx_packets = 0; /* the router was off as well */
	(void)fairlead_open(&s->product, &s->sim.drivers);
	scenario_skip_log(s);
	scenario_run(s, sec(3060));
	assert_false(is_in_use(s, 1));
	assert_int_equal(scenario_logged_at(s, "quota"), -1);
	scenario_close(s);
}

/* Probes of wan1 in an hour. */
static unsigned probes_in_an_hour(struct scenario *s, int64_t from)
{
	uint64_t before = s->sim.interface[0].probes;

	scenario_run(s, sec(from + 3600));
	return (unsigned)(s->sim.interface[0].probes - before);
}

static void a_metered_link_is_probed_seldom_and_more_so_while_standing_by(void **state)
{
	struct scenario *s = running(", role backup, metered { quota 20G }", "");

	(void)state;
	assert_false(is_in_use(s, 1));
	assert_in_range(probes_in_an_hour(s, 60), 110, 135);
	s->sim.interface[1].cut = true;
	assert_in_range(probes_in_an_hour(s, 3660), 650, 790);
	s->sim.interface[1].cut = false;
	scenario_run(s, sec(7400));
	assert_in_range(probes_in_an_hour(s, 7400), 110, 135);
	scenario_close(s);
}

static void the_intervals_of_a_metered_link_can_be_set(void **state)
{
	struct scenario *s = running(
		", role backup, metered { quota 20G, interval 10s, standby-interval 2m }", "");

	(void)state;
	assert_in_range(probes_in_an_hour(s, 60), 26, 36);
	s->sim.interface[1].cut = true;
	assert_in_range(probes_in_an_hour(s, 3660), 330, 400);
	scenario_close(s);
}

/* 72 octets a probe: 2 MB last for 27,777 of them. */
static void probes_keep_to_their_budget(void **state)
{
	struct scenario *s = running(", metered { quota 20G, probe-budget 2M }", "");

	(void)state;
	scenario_run(s, sec(30 * DAY));
	assert_in_range(s->sim.interface[0].probes, 15000, 27777);
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	scenario_close(s);
}

/* A dead one is still found dead, and alive again. */
static void a_link_on_a_budget_is_watched_all_the_same(void **state)
{
	struct scenario *s = running(", metered { quota 20G, probe-budget 2M }", "");

	(void)state;
	scenario_run(s, sec(1000));
	s->sim.interface[0].cut = true;
	scenario_run(s, sec(1300));
	assert_int_equal(scenario_state(s, "wan1"), LINK_DOWN);
	s->sim.interface[0].cut = false;
	scenario_run(s, sec(2000));
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	scenario_close(s);
}

static void services_of_a_metered_link_rest_while_it_stands_by(void **state)
{
	struct scenario *s = running(", monitor service-check 192.0.2.80 http www.example.org/, "
				     "role backup, metered { quota 20G }",
		"");

	(void)state;
	s->sim.interface[0].portal = true;
	scenario_run(s, sec(600));
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	s->sim.interface[1].cut = true;
	scenario_run(s, sec(700));
	assert_int_equal(scenario_state(s, "wan1"), LINK_DEGRADED);
	scenario_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_quota_is_told_of_and_then_the_link_is_a_backup),
		cmocka_unit_test(a_quota_never_takes_the_last_link),
		cmocka_unit_test(a_new_month_brings_the_link_back),
		cmocka_unit_test(what_was_used_is_kept_over_a_restart),
		cmocka_unit_test(a_metered_link_is_probed_seldom_and_more_so_while_standing_by),
		cmocka_unit_test(the_intervals_of_a_metered_link_can_be_set),
		cmocka_unit_test(probes_keep_to_their_budget),
		cmocka_unit_test(a_link_on_a_budget_is_watched_all_the_same),
		cmocka_unit_test(services_of_a_metered_link_rest_while_it_stands_by),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
