/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Several servers behind one forward: who is told of what when they die and come back. */
#include "scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs some of the above. */
#include <cmocka.h>

#define FORWARD                                                                                    \
	"forward web { to 192.168.1.26, to 192.168.1.27, protocol tcp, port 443, on wan1 "         \
	"203.0.113.4 }\n"

static struct scenario *sharing(const char *more)
{
	struct scenario *s = scenario_open(more);

	scenario_run(s, sec(30));
	scenario_skip_log(s);
	return s;
}

static void expect_shown(struct scenario *s, const char *what)
{
	int status;
	const char *text = scenario_type(s, "show forwards", &status);

	if (!strstr(text, what))
		fail_msg("not shown: %s\n%s", what, text);
}

static void a_silent_server_is_told_of_and_shown(void **state)
{
	struct scenario *s = sharing(FORWARD);

	(void)state;
	expect_shown(s, "192.168.1.27  answers");
	sim_target(&s->sim, "192.168.1.27", false);
	scenario_run(s, sec(40));
	assert_true(scenario_logged_at(s,
			    "forward web: 192.168.1.27 does not answer (no answer in time); new "
			    "connections go to 192.168.1.26") > 30000);
	expect_shown(s, "192.168.1.27  DEAD");
	sim_target(&s->sim, "192.168.1.27", true);
	scenario_run(s, sec(50));
	assert_true(scenario_logged_at(s, "forward web: 192.168.1.27 answers again") > 40000);
	scenario_close(s);
}

static void a_servers_death_is_two_changes_of_the_kernel(void **state)
{
	struct scenario *s = sharing(FORWARD);
	uint64_t before = s->sim.applies;

	(void)state;
	sim_target(&s->sim, "192.168.1.27", false);
	scenario_run(s, sec(40));
	sim_target(&s->sim, "192.168.1.27", true);
	scenario_run(s, sec(100));
	assert_int_equal(s->sim.applies, before + 2); /* away, and back */
	scenario_close(s);
}

static struct ip_addr addr(const char *text)
{
	struct ip_addr a;

	assert_int_equal(ip_addr_parse(str_of(text), &a), FL_OK);
	return a;
}

/* A connection from outside to `port` of the published address that `server` answers. */
static void connection(struct scenario *s, const char *server, uint16_t port)
{
	s->sim.flow[s->sim.nflows++] = (struct kernel_flow){.protocol = 6,
		.from = addr("198.51.100.77"),
		.to = addr("203.0.113.4"),
		.from_port = (uint16_t)(40000 + s->sim.nflows),
		.to_port = port,
		.answers_from = addr(server),
		.answers_to = addr("198.51.100.77"),
		.answers_from_port = port,
		.mark = 1,
		.answered = true};
}

static bool is_connected(const struct scenario *s, const char *server, uint16_t port)
{
	struct ip_addr a = addr(server);

	for (size_t i = 0; i < s->sim.nflows; i++)
		if (ip_addr_eq(&s->sim.flow[i].answers_from, &a) && s->sim.flow[i].to_port == port)
			return true;
	return false;
}

static void connections_of_a_dead_server_are_cut_and_no_others(void **state)
{
	struct scenario *s = sharing(FORWARD);

	(void)state;
	connection(s, "192.168.1.26", 443);
	connection(s, "192.168.1.27", 443);
	connection(s, "192.168.1.27", 22); /* of another service of the same host */
	sim_target(&s->sim, "192.168.1.27", false);
	scenario_run(s, sec(40));
	assert_true(is_connected(s, "192.168.1.26", 443));
	assert_false(is_connected(s, "192.168.1.27", 443));
	assert_true(is_connected(s, "192.168.1.27", 22));
	assert_true(
		scenario_logged_at(s, "1 connection to a server that does not answer cut") > 30000);
	scenario_close(s);
}

static void with_no_server_left_connections_stay(void **state)
{
	struct scenario *s = sharing(FORWARD);

	(void)state;
	sim_target(&s->sim, "192.168.1.26", false);
	scenario_run(s, sec(40));
	connection(s, "192.168.1.26", 443); /* opened before, let us say, and nobody looked */
	connection(s, "192.168.1.27", 443);
	sim_target(&s->sim, "192.168.1.27", false);
	scenario_run(s, sec(50));
	expect_shown(s, "192.168.1.27  DEAD");
	assert_true(is_connected(s, "192.168.1.26", 443));
	assert_true(is_connected(s, "192.168.1.27", 443));
	/* One of them is back: who hangs on the other is better off there. */
	sim_target(&s->sim, "192.168.1.27", true);
	scenario_run(s, sec(60));
	assert_false(is_connected(s, "192.168.1.26", 443));
	assert_true(is_connected(s, "192.168.1.27", 443));
	scenario_close(s);
}

static void a_server_of_udp_is_pinged(void **state)
{
	struct scenario *s = sharing("forward voip { to 192.168.1.26, to 192.168.1.27, protocol "
				     "udp, port 5060, on wan1 203.0.113.4 }\n");

	(void)state;
	expect_shown(s, "192.168.1.26  answers");
	sim_target(&s->sim, "192.168.1.26", false);
	scenario_run(s, sec(40));
	expect_shown(s, "192.168.1.26  DEAD");
	assert_true(scenario_logged_at(s, "192.168.1.26 does not answer (no answer)") > 0);
	scenario_close(s);
}

static void one_server_alone_is_not_asked(void **state)
{
	struct scenario *s = sharing("");

	(void)state;
	sim_target(&s->sim, "192.168.1.25", false);
	scenario_run(s, sec(60));
	assert_true(scenario_logged_at(s, "does not answer") < 0);
	scenario_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_silent_server_is_told_of_and_shown),
		cmocka_unit_test(a_servers_death_is_two_changes_of_the_kernel),
		cmocka_unit_test(connections_of_a_dead_server_are_cut_and_no_others),
		cmocka_unit_test(with_no_server_left_connections_stay),
		cmocka_unit_test(a_server_of_udp_is_pinged),
		cmocka_unit_test(one_server_alone_is_not_asked),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
