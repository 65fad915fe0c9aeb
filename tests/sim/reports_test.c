/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What happens is told to collectors, also what happens while nobody can be told. */
#include "scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* The message with `text` in it; NULL: none was sent. */
static const struct sim_datagram *sent(const struct scenario *s, const char *text)
{
	for (size_t i = 0; i < s->sim.ndatagrams; i++)
		if (memmem(s->sim.datagram[i].octets, s->sim.datagram[i].n, text, strlen(text)))
			return &s->sim.datagram[i];
	return NULL;
}

static void death_of_a_link_is_told_in_the_same_moment(void **state)
{
	struct scenario *s = scenario_open("report syslog 192.0.2.99\n");
	const struct ip_addr to = ip_addr_v4(192, 0, 2, 99);
	const struct sim_datagram *d;

	(void)state;
	scenario_run(s, sec(20));
	scenario_skip_log(s);
	s->sim.interface[0].cut = true;
	scenario_run(s, sec(30));
	d = sent(s, "wan1: up -> down");
	assert_non_null(d);
	assert_memory_equal(d->octets, "<28>1 ", 6);
	assert_true(ip_addr_eq(&d->to, &to));
	assert_int_equal(d->port, 514);
	assert_true(d->at.us / 1000 - scenario_logged_at(s, "-> down") < 2);
	scenario_close(s);
}

static void what_happens_without_any_link_is_told_when_one_is_back(void **state)
{
	struct scenario *s = scenario_open("report syslog 192.0.2.99 level notice\n");
	size_t before;

	(void)state;
	scenario_run(s, sec(20));
	s->sim.interface[0].cut = true;
	scenario_run(s, sec(40));
	before = s->sim.ndatagrams;
	s->sim.interface[1].cut = true;
	scenario_run(s, sec(80));
	assert_int_equal(s->sim.ndatagrams, before);
	assert_null(sent(s, "wan2: up -> down"));
	s->sim.interface[0].cut = false;
	scenario_run(s, sec(160));
	assert_non_null(sent(s, "wan2: up -> down"));
	assert_non_null(sent(s, "wan1: recovering -> up"));
	scenario_close(s);
}

static void collector_inside_is_told_without_any_link(void **state)
{
	struct scenario *s =
		scenario_open("report { syslog 192.168.1.10 { port 5514, level notice } }\n");

	(void)state;
	scenario_run(s, sec(20));
	s->sim.interface[0].cut = s->sim.interface[1].cut = true;
	scenario_run(s, sec(40));
	assert_non_null(sent(s, "wan1: up -> down"));
	assert_non_null(sent(s, "wan2: up -> down"));
	assert_int_equal(sent(s, "wan1: up -> down")->port, 5514);
	scenario_close(s);
}

static void level_says_what_is_too_much(void **state)
{
	struct scenario *s = scenario_open("report { syslog 192.168.1.10 { level error } }\n");

	(void)state;
	scenario_run(s, sec(20));
	s->sim.interface[0].cut = true;
	scenario_run(s, sec(40));
	assert_null(sent(s, "-> down"));
	log_printf(&s->product.log, LOG_LEVEL_ERROR, "the sky falls");
	scenario_run(s, sec(41));
	assert_non_null(sent(s, "the sky falls"));
	scenario_close(s);
}

/* Nobody reads the same line twice, nor misses one, because of a commit. */
static void commit_does_not_repeat_lines(void **state)
{
	struct scenario *s = scenario_open("report { syslog 192.168.1.10 { level notice } }\n");
	size_t before;
	int status;

	(void)state;
	scenario_run(s, sec(20));
	before = s->sim.ndatagrams;
	assert_true(before > 0);
	assert_non_null(strstr(
		scenario_type(s, "show reports", &status), "192.168.1.10 port 514     notice"));
	s->sim.interface[0].cut = true;
	scenario_run(s, sec(40));
	assert_int_equal(s->sim.ndatagrams, before + 1);
	scenario_close(s);
}

static void lines_that_the_journal_has_dropped_are_counted(void **state)
{
	struct scenario *s = scenario_open("report syslog 192.0.2.99 level error\n");
	int status;

	(void)state;
	s->sim.interface[0].cut = s->sim.interface[1].cut = true;
	scenario_run(s, sec(20));
	for (int i = 0; i < JOURNAL_LINES + 20; i++)
		log_printf(&s->product.log, LOG_LEVEL_INFO, "line %d", i);
	s->sim.interface[0].cut = s->sim.interface[1].cut = false;
	scenario_run(s, sec(120));
	assert_true(s->product.reports.tail[0].lost >= 20);
	assert_non_null(
		strstr(scenario_type(s, "show reports | display json", &status), "\"lost\""));
	scenario_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(death_of_a_link_is_told_in_the_same_moment),
		cmocka_unit_test(what_happens_without_any_link_is_told_when_one_is_back),
		cmocka_unit_test(collector_inside_is_told_without_any_link),
		cmocka_unit_test(level_says_what_is_too_much),
		cmocka_unit_test(commit_does_not_repeat_lines),
		cmocka_unit_test(lines_that_the_journal_has_dropped_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
