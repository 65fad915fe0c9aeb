/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings that no test of a module shows at work: what the whole product does with them. */
#include "scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs the three above. */
#include <cmocka.h>

static struct scenario *running(const char *more)
{
	struct scenario *s = scenario_open(more);

	scenario_run(s, sec(30));
	return s;
}

static uint32_t ttl_of(struct scenario *s, const char *name)
{
	struct client_reply reply;

	scenario_ask(s, name, CLIENT_A, &reply);
	return reply.n ? reply.record[0].ttl : 0;
}

static void host_name_is_in_the_prompt(void **state)
{
	struct scenario *s = running("system host-name gate7\n");

	(void)state;
	sim_session_open(&s->sim, 1,
		"\x01"
		"fairlead 1 terminal 80 24 ann\n");
	scenario_run(s, sec(31));
	assert_non_null(strstr(s->sim.session[1].text, "gate7> "));
	scenario_close(s);
}

static void dns_listens_at_the_address_and_port_it_is_told(void **state)
{
	struct scenario *without = running(""), *s = running("dns listen 192.168.1.1 port 5353\n");
	const struct dns_endpoint *last = &s->sim.endpoint[s->sim.nendpoints - 1];

	(void)state;
	assert_int_equal(s->sim.nendpoints, without->sim.nendpoints + 1);
	assert_int_equal(last->port, 5353);
	scenario_close(s);
	scenario_close(without);
}

static void dns_has_as_many_threads_as_it_is_told(void **state)
{
	struct scenario *s = running("dns threads 3\n");

	(void)state;
	assert_int_equal(s->sim.threads, 3);
	scenario_close(s);
}

static void ttl_of_a_domain_goes_for_its_hosts(void **state)
{
	struct scenario *s = running("domain example.com ttl 45s\n");

	(void)state;
	assert_int_equal(ttl_of(s, "offsite.example.com"), 45);
	scenario_close(s);
}

static void ttl_of_a_balanced_host_is_its_own(void **state)
{
	struct scenario *s = running("domain example.com balanced-host www ttl 17s\n");

	(void)state;
	assert_int_equal(ttl_of(s, "www.example.com"), 17);
	scenario_close(s);
}

static void balanced_host_may_be_answered_although_all_its_links_are_dead(void **state)
{
	struct scenario *s = running("domain example.net {\n"
				     "host a { address 203.0.113.4, link wan1 }\n"
				     "balanced-host kept { member a, when-dead answer }\n"
				     "balanced-host gone { member a, when-dead nodata }\n}\n");

	(void)state;
	sim_plug(&s->sim, "eth0", false);
	scenario_run(s, sec(40));
	assert_string_equal(scenario_answer(s, "kept.example.net", CLIENT_A), "203.0.113.4");
	assert_string_equal(scenario_answer(s, "gone.example.net", CLIENT_A), "");
	scenario_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(host_name_is_in_the_prompt),
		cmocka_unit_test(dns_listens_at_the_address_and_port_it_is_told),
		cmocka_unit_test(dns_has_as_many_threads_as_it_is_told),
		cmocka_unit_test(ttl_of_a_domain_goes_for_its_hosts),
		cmocka_unit_test(ttl_of_a_balanced_host_is_its_own),
		cmocka_unit_test(balanced_host_may_be_answered_although_all_its_links_are_dead),
	};

	return cmocka_run_group_tests_name("rows", tests, NULL, NULL);
}
