/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The slow plane, method by method: what fails over wan1 alone, and what the log says of it. */
#include "scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs some of the above. */
#include <cmocka.h>

#define LINK(name, interface, net, more)                                                           \
	"link " name " { interface " interface ", address " net ".2/29, gateway " net              \
	".1, monitor { target 192.0.2.53 ping, target 192.0.2.54 ping, target 192.0.2.55 "         \
	"ping " more " } }\n"

/* Two links that are up; the first one makes this check. */
static struct scenario *checking(const char *check)
{
	char settings[1024];
	struct scenario *s;

	snprintf(settings, sizeof(settings),
		LINK("wan1", "eth0", "203.0.113", ", service-check %s")
			LINK("wan2", "eth1", "198.51.100", ""),
		check);
	s = scenario_open_with(settings);
	scenario_run(s, sec(100));
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	scenario_skip_log(s);
	return s;
}

/* It is degraded within a round of checks, for this reason, and good again when that is gone. */
static void expect_degraded(struct scenario *s, const char *cause)
{
	scenario_run(s, sec(140));
	if (scenario_logged_at(s, cause) < 0)
		fail_msg("not logged: %s\n%s", cause, s->sim.log);
	assert_int_equal(scenario_state(s, "wan1"), LINK_DEGRADED);
	assert_int_equal(scenario_state(s, "wan2"), LINK_UP);
}

static void expect_good_again(struct scenario *s)
{
	scenario_run(s, sec(180));
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	scenario_close(s);
}

static void expect_shown(struct scenario *s, const char *line)
{
	int status;
	const char *text = scenario_type(s, "show link wan1", &status);

	if (!strstr(text, line))
		fail_msg("\"%s\" is not in:\n%s", line, text);
}

static void a_resolver_that_refuses_is_a_failing_service(void **state)
{
	struct scenario *s = checking("192.0.2.53 dns example.org");

	(void)state;
	s->sim.interface[0].refuses_names = true;
	expect_degraded(s, "wan1: up -> degraded (service fails here and not elsewhere: dns "
			   "example.org at 192.0.2.53");
	s->sim.interface[0].refuses_names = false;
	expect_good_again(s);
}

static void a_captive_portal_cannot_show_the_certificate(void **state)
{
	struct scenario *s = checking("192.0.2.80 https www.example.org/");

	(void)state;
	expect_shown(s, "  check      https www.example.org/ at 192.0.2.80: works\n");
	s->sim.interface[0].portal = true;
	expect_degraded(s, "wan1: up -> degraded (service fails here and not elsewhere: https "
			   "www.example.org/ at 192.0.2.80: its certificate is for another name");
	expect_shown(s,
		"  check      https www.example.org/ at 192.0.2.80: fails here and not elsewhere, "
		"it says its certificate is for another name");
	s->sim.interface[0].portal = false;
	expect_good_again(s);
}

static void without_verify_the_redirect_is_what_shows_the_portal(void **state)
{
	struct scenario *s = checking("192.0.2.80 https www.example.org/ { verify no }");

	(void)state;
	s->sim.interface[0].portal = true;
	expect_degraded(s, "https www.example.org/ at 192.0.2.80: a redirect (302)");
	s->sim.interface[0].portal = false;
	expect_good_again(s);
}

static void a_page_over_https_must_hold_what_is_expected(void **state)
{
	struct scenario *s = checking("192.0.2.80 https www.example.org/ \"no such words\"");

	(void)state;
	/* It does so over every link, which was told once, at the first check. */
	s->log_seen = 0;
	assert_true(
		scenario_logged_at(s, "service fails over every link, its own trouble: https "
				      "www.example.org/ at 192.0.2.80: another page (200)") > 0);
	expect_shown(s, "192.0.2.80: fails over every link, its own trouble, it says another page "
			"(200)\n");
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	scenario_close(s);
}

static void large_packets_that_vanish_degrade_the_link(void **state)
{
	struct scenario *s = checking("192.0.2.80 mtu");

	(void)state;
	s->sim.interface[0].mtu = 1492;
	expect_degraded(s, "wan1: up -> degraded (service fails here and not elsewhere: mtu 1500 "
			   "at 192.0.2.80");
	s->sim.interface[0].mtu = 0;
	expect_good_again(s);
}

static void a_way_that_takes_less_and_says_so_is_no_black_hole(void **state)
{
	struct scenario *s = checking("192.0.2.80 mtu");

	(void)state;
	s->sim.interface[0].mtu = 1492;
	s->sim.interface[0].mtu_is_told = true;
	scenario_run(s, sec(200));
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	scenario_expect(s, "");
	scenario_close(s);
}

static void a_smaller_size_may_be_asked_for(void **state)
{
	struct scenario *s = checking("192.0.2.80 mtu 1492");

	(void)state;
	s->sim.interface[0].mtu = 1492;
	scenario_run(s, sec(200));
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	s->sim.interface[0].mtu = 1491;
	scenario_run(s, sec(240));
	assert_int_equal(scenario_state(s, "wan1"), LINK_DEGRADED);
	scenario_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_resolver_that_refuses_is_a_failing_service),
		cmocka_unit_test(a_captive_portal_cannot_show_the_certificate),
		cmocka_unit_test(without_verify_the_redirect_is_what_shows_the_portal),
		cmocka_unit_test(a_page_over_https_must_hold_what_is_expected),
		cmocka_unit_test(large_packets_that_vanish_degrade_the_link),
		cmocka_unit_test(a_way_that_takes_less_and_says_so_is_no_black_hole),
		cmocka_unit_test(a_smaller_size_may_be_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
