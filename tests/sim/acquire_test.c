/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Links whose addresses come from the provider, in the whole product. */
#include "dns_query.h"
#include "scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs the three above. */
#include <cmocka.h>

#define TARGETS                                                                                    \
	"monitor { target 192.0.2.53 ping, target 192.0.2.54 ping, target 203.0.113.53 dns "       \
	"example.org }"
#define WORLD                                                                                      \
	"link wan1 { interface eth0, dhcp, " TARGETS "}\n"                                         \
	"link wan2 { interface eth1, address 198.51.100.2/29, gateway 198.51.100.1, " TARGETS      \
	"}\n"                                                                                      \
	"lan office { interface eth2, address 192.168.1.1/24 }\n"                                  \
	"policy spread { method weighted, member wan1, member wan2 }\n"                            \
	"rule 99 { policy spread }\n"                                                              \
	"domain example.com { name-server ns2 { address 198.51.100.2, link wan2 }\n"               \
	" host www { address own, link wan1 }\n"                                                   \
	" host 10;mail1 { address own, link wan1, mail-entry yes }\n"                              \
	" host 20;mail2 { address 198.51.100.3, link wan2, mail-entry yes } }\n"

static const char bound[] = "reason=BOUND\nnew_ip_address=203.0.113.9\nnew_subnet_cidr=24\n"
			    "new_routers=203.0.113.1\n";
static const char bound_other[] = "reason=REBIND\nnew_ip_address=203.0.113.10\n"
				  "new_subnet_cidr=24\nnew_routers=203.0.113.1\n";

static void report(struct scenario *s, const char *text, int at)
{
	sim_report(&s->sim, 1, text);
	scenario_run(s, sec(at));
}

static void a_client_runs_for_each_link_that_wants_one(void **state)
{
	struct scenario *s = scenario_open_with(WORLD);

	(void)state;
	scenario_run(s, sec(1));
	assert_true(s->sim.daemon[1].running);
	assert_string_equal(s->sim.daemon[1].name, "dhcpcd wan1");
	assert_string_equal(s->sim.daemon[1].args,
		"dhcpcd --nobackground --config /run/daemons/dhcpcd-eth0.conf eth0");
	assert_non_null(strstr(sim_file(&s->sim, "dhcpcd-eth0.conf"), "noconfigure\n"));
	assert_false(s->sim.daemon[2].running);
	scenario_close(s);
}

static void a_link_comes_up_with_its_lease_and_names_follow(void **state)
{
	struct scenario *s = scenario_open_with(WORLD);

	(void)state;
	scenario_run(s, sec(20));
	assert_int_equal(scenario_state(s, "wan1"), LINK_DOWN);
	assert_string_equal(scenario_answer(s, "www.example.com", CLIENT_A), "");
	report(s, bound, 22);
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	assert_true(
		scenario_logged_at(s, "wan1: DHCP gives 203.0.113.9/24, router 203.0.113.1") >= 0);
	assert_string_equal(scenario_answer(s, "www.example.com", CLIENT_A), "203.0.113.9");
	assert_string_equal(scenario_answer(s, "example.com", CLIENT_MX),
		"10 mail1.example.com, 20 mail2.example.com");
	scenario_close(s);
}

static void another_address_ends_the_connections_of_the_old_one(void **state)
{
	struct scenario *s = scenario_open_with(WORLD);
	uint64_t flushes;

	(void)state;
	report(s, bound, 20);
	flushes = s->sim.flushes[1];
	report(s, bound, 21); /* renewed: nothing is new */
	assert_int_equal(s->sim.flushes[1], flushes);
	report(s, bound_other, 22);
	assert_int_equal(s->sim.flushes[1], flushes + 1);
	assert_string_equal(scenario_answer(s, "www.example.com", CLIENT_A), "203.0.113.10");
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP); /* it did not fail */
	scenario_close(s);
}

static void a_lease_that_ends_takes_the_link_down_at_once(void **state)
{
	struct scenario *s = scenario_open_with(WORLD);

	(void)state;
	report(s, bound, 20);
	scenario_skip_log(s);
	report(s, "reason=EXPIRE\n", 20);
	scenario_run(s, ms(20100));
	scenario_expect(s, "[20000] wan1: DHCP takes back what it gave (EXPIRE)\n"
			   "[20000] wan1: up -> down (no address from the provider)\n");
	scenario_close(s);
}

#define MAIL_OVER_WAN1                                                                             \
	"link wan1 { interface eth0, dhcp, " TARGETS "}\n"                                         \
	"link wan2 { interface eth1, address 198.51.100.2/29, gateway 198.51.100.1, " TARGETS      \
	"}\n"                                                                                      \
	"domain example.com { name-server ns2 { address 198.51.100.2, link wan2 }\n"               \
	" host 10;mail1 { address own, link wan1, mail-entry yes } }\n"

static unsigned rcode_of(struct scenario *s, const char *name, uint16_t type)
{
	struct client_reply reply;

	scenario_ask(s, name, type, &reply);
	return reply.rcode;
}

static void mail_waits_for_the_lease_of_its_only_exchange(void **state)
{
	struct scenario *s = scenario_open_with(MAIL_OVER_WAN1);

	(void)state;
	scenario_run(s, sec(10)); /* none yet */
	assert_int_equal(rcode_of(s, "example.com", CLIENT_MX), RCODE_SERVFAIL);
	report(s, bound, 20);
	assert_string_equal(scenario_answer(s, "example.com", CLIENT_MX), "10 mail1.example.com");
	assert_string_equal(scenario_answer(s, "mail1.example.com", CLIENT_A), "203.0.113.9");
	report(s, "reason=EXPIRE\n", 30); /* lost; a sender may still know the MX */
	assert_int_equal(rcode_of(s, "example.com", CLIENT_MX), RCODE_SERVFAIL);
	assert_int_equal(rcode_of(s, "mail1.example.com", CLIENT_A), RCODE_SERVFAIL);
	assert_int_equal(rcode_of(s, "mail1.example.com", CLIENT_AAAA), RCODE_SERVFAIL);
	report(s, bound_other, 40);
	assert_string_equal(scenario_answer(s, "example.com", CLIENT_MX), "10 mail1.example.com");
	assert_string_equal(scenario_answer(s, "mail1.example.com", CLIENT_A), "203.0.113.10");
	scenario_close(s);
}

static uint32_t serial_of(struct scenario *s)
{
	struct client_reply reply;

	scenario_ask(s, "example.com", CLIENT_SOA, &reply);
	assert_int_equal(client_count(&reply, 1, CLIENT_SOA), 1);
	return reply.record[0].serial;
}

/* No link changes its state, and yet secondaries have to fetch the zone. */
static void the_serial_rises_with_another_address(void **state)
{
	struct scenario *s = scenario_open_with(WORLD);
	uint32_t serial;

	(void)state;
	report(s, bound, 40);
	serial = serial_of(s);
	report(s, bound, 41); /* renewed: nothing is new */
	assert_int_equal(serial_of(s), serial);
	report(s, bound_other, 42);
	assert_int_equal(serial_of(s), serial + 1);
	scenario_close(s);
}

/* The daemon is started anew while the machine runs on. */
static void a_restart_begins_with_the_lease_of_before(void **state)
{
	struct scenario *s = scenario_open_with(WORLD);
	const struct sim_item *saved;

	(void)state;
	report(s, bound, 20);
	saved = sim_stored(&s->sim, "lease-wan1");
	assert_non_null(saved);
	fairlead_close(&s->product);
	(void)fairlead_open(&s->product, &s->sim.drivers);
	scenario_run(s, sec(25));
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	assert_string_equal(scenario_answer(s, "www.example.com", CLIENT_A), "203.0.113.9");
	scenario_run(s, sec(200)); /* and dhcpcd never says a word */
	assert_int_equal(scenario_state(s, "wan1"), LINK_DOWN);
	assert_true(scenario_logged_at(s, "was not confirmed") >= 140000);
	scenario_close(s);
}

/* As after a restart while the provider's DHCP server is silent. */
static void restart_bound(struct scenario *s)
{
	report(s, bound, 20);
	fairlead_close(&s->product);
	(void)fairlead_open(&s->product, &s->sim.drivers);
	scenario_run(s, sec(21));
}

static void after_a_restart_a_client_that_gives_up_takes_nothing_that_works(void **state)
{
	struct scenario *s = scenario_open_with(WORLD);

	(void)state;
	restart_bound(s);
	report(s, "reason=EXPIRE\n", 30);
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	assert_string_equal(scenario_answer(s, "www.example.com", CLIENT_A), "203.0.113.9");
	report(s, bound, 40);
	report(s, "reason=EXPIRE\n", 50); /* of what was confirmed */
	assert_int_equal(scenario_state(s, "wan1"), LINK_DOWN);
	scenario_close(s);
}

static void after_a_restart_a_refused_lease_goes_at_once(void **state)
{
	struct scenario *s = scenario_open_with(WORLD);

	(void)state;
	restart_bound(s);
	report(s, "reason=NAK\n", 30);
	assert_int_equal(scenario_state(s, "wan1"), LINK_DOWN);
	scenario_close(s);
}

static void after_a_restart_no_lease_outlives_a_pulled_cable(void **state)
{
	struct scenario *s = scenario_open_with(WORLD);

	(void)state;
	restart_bound(s);
	report(s, "reason=NOCARRIER\n", 30);
	assert_true(scenario_logged_at(s, "was not confirmed") >= 21000);
	assert_true(scenario_logged_at(s, "was not confirmed") <= 22000);
	assert_int_equal(scenario_state(s, "wan1"), LINK_DOWN);
	scenario_close(s);
}

static void after_a_reboot_no_old_lease_is_used(void **state)
{
	struct scenario *s = scenario_open_with(WORLD);

	(void)state;
	report(s, bound, 20);
	fairlead_close(&s->product);
	s->sim.wall += 3600; /* the monotonic clock began anew meanwhile */
	(void)fairlead_open(&s->product, &s->sim.drivers);
	scenario_run(s, sec(25));
	assert_int_equal(scenario_state(s, "wan1"), LINK_DOWN);
	scenario_close(s);
}

static void a_lease_in_the_network_of_a_lan_is_not_used(void **state)
{
	struct scenario *s = scenario_open_with(WORLD);

	(void)state;
	report(s, "reason=BOUND\nnew_ip_address=192.168.1.77\nnew_subnet_cidr=24\n", 20);
	assert_int_equal(scenario_state(s, "wan1"), LINK_DOWN);
	assert_true(scenario_logged_at(s, "wan1: the provider's network overlaps lan office") >= 0);
	scenario_close(s);
}

static void the_client_ends_when_its_link_goes(void **state)
{
	struct scenario *s = scenario_open_with(WORLD);

	(void)state;
	report(s, bound, 20);
	sim_store(&s->sim, "settings",
		"link wan2 { interface eth1, address 198.51.100.2/29, gateway 198.51.100.1 }\n");
	sim_reload(&s->sim);
	scenario_run(s, sec(21));
	assert_false(s->sim.daemon[1].running);
	report(s, bound_other, 22); /* its last word comes late */
	assert_int_equal(scenario_logged_at(s, "203.0.113.10"), -1);
	scenario_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_runs_for_each_link_that_wants_one),
		cmocka_unit_test(a_link_comes_up_with_its_lease_and_names_follow),
		cmocka_unit_test(another_address_ends_the_connections_of_the_old_one),
		cmocka_unit_test(a_lease_that_ends_takes_the_link_down_at_once),
		cmocka_unit_test(mail_waits_for_the_lease_of_its_only_exchange),
		cmocka_unit_test(the_serial_rises_with_another_address),
		cmocka_unit_test(a_restart_begins_with_the_lease_of_before),
		cmocka_unit_test(after_a_restart_a_client_that_gives_up_takes_nothing_that_works),
		cmocka_unit_test(after_a_restart_a_refused_lease_goes_at_once),
		cmocka_unit_test(after_a_restart_no_lease_outlives_a_pulled_cable),
		cmocka_unit_test(after_a_reboot_no_old_lease_is_used),
		cmocka_unit_test(a_lease_in_the_network_of_a_lan_is_not_used),
		cmocka_unit_test(the_client_ends_when_its_link_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
