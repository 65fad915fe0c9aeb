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

/* What somebody sees who logs in as `peer` and wants to change something. */
static const char *configure_as(struct scenario *s, const char *peer, const char *hello)
{
	s->sim.peer = peer;
	sim_session_open(&s->sim, 1, hello);
	sim_type(&s->sim, 1, "configure\r", 10);
	scenario_run(s, span_sum(us(s->sim.now.us), ms(100)));
	s->sim.session[1].open = false;
	return s->sim.session[1].text;
}

#define AS(name)                                                                                   \
	"\x01"                                                                                     \
	"fairlead 1 terminal 80 24 " name "\n"

static void role_says_who_may_change_things(void **state)
{
	struct scenario *s = running("user ann role admin\nuser bob role operator\n");

	(void)state;
	assert_non_null(strstr(configure_as(s, "ann", AS("ann")), "configuration mode"));
	scenario_close(s);
	s = running("user ann role admin\nuser bob role operator\n");
	assert_non_null(strstr(configure_as(s, "bob", AS("bob")), "the role operator may look"));
	scenario_close(s);
	/* A login program of root speaks for bob. */
	s = running("user bob role operator\n");
	assert_non_null(strstr(configure_as(s, "root", AS("bob")), "the role operator may look"));
	scenario_close(s);
}

static void whoever_is_not_listed_may_only_look(void **state)
{
	struct scenario *s = running("user ann role admin\n");

	(void)state;
	assert_non_null(strstr(configure_as(s, "eve", AS("ann")), "the role operator may look"));
	scenario_close(s);
	s = running("user ann role admin\n");
	assert_non_null(strstr(configure_as(s, "root", AS("root")), "configuration mode"));
	scenario_close(s);
}

static void terminal_ends_after_the_idle_time(void **state)
{
	struct scenario *s = running("system console-idle 2m\n");

	(void)state;
	sim_session_open(&s->sim, 1, AS("ann"));
	scenario_run(s, sec(149));
	assert_true(s->sim.session[1].open);
	scenario_run(s, sec(151));
	assert_false(s->sim.session[1].open);
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

/* Is this in the answer to a question for the name servers of `zone`? */
static bool names_server(
	struct scenario *s, const char *zone, const char *name, const char *address)
{
	struct client_reply reply;
	bool named = false, found = false;

	scenario_ask(s, zone, CLIENT_NS, &reply);
	for (size_t i = 0; i < reply.n; i++) {
		const struct client_record *r = &reply.record[i];
		char text[IP_TEXT_MAX];

		named |= r->type == CLIENT_NS && strcmp(r->name, name) == 0;
		found |= r->type == CLIENT_A && strcmp(r->owner, name) == 0 &&
			 strcmp(ip_addr_text(&r->addr, text), address) == 0;
	}
	return named && (found || !address[0]);
}

static void name_server_is_answered_with_its_address(void **state)
{
	struct scenario *s =
		running("domain example.com name-server ns3 { address 203.0.113.5, link wan1 }\n");

	(void)state;
	assert_true(names_server(s, "example.com", "ns3.example.com", "203.0.113.5"));
	scenario_close(s);
}

static void reverse_zone_has_the_name_servers_of_its_row(void **state)
{
	struct scenario *s =
		running("reverse 10.1.2.0/24 { auto, name-server ns7.elsewhere.org. }\n");

	(void)state;
	assert_true(names_server(s, "2.1.10.in-addr.arpa", "ns7.elsewhere.org", ""));
	scenario_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(host_name_is_in_the_prompt),
		cmocka_unit_test(role_says_who_may_change_things),
		cmocka_unit_test(whoever_is_not_listed_may_only_look),
		cmocka_unit_test(terminal_ends_after_the_idle_time),
		cmocka_unit_test(dns_listens_at_the_address_and_port_it_is_told),
		cmocka_unit_test(dns_has_as_many_threads_as_it_is_told),
		cmocka_unit_test(ttl_of_a_domain_goes_for_its_hosts),
		cmocka_unit_test(ttl_of_a_balanced_host_is_its_own),
		cmocka_unit_test(balanced_host_may_be_answered_although_all_its_links_are_dead),
		cmocka_unit_test(name_server_is_answered_with_its_address),
		cmocka_unit_test(reverse_zone_has_the_name_servers_of_its_row),
	};

	return cmocka_run_group_tests_name("rows", tests, NULL, NULL);
}
