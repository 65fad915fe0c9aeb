/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the world is answered while links die and return, rule by rule: firmware/doc/dns.md, "What
 * is answered" and "Who asks".  The settings are those of a person; time is virtual. */
#include "scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs the three above. */
#include <cmocka.h>

/* Both links are up. */
static struct scenario *running(const char *more)
{
	struct scenario *s = scenario_open(more);

	scenario_run(s, sec(30));
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	assert_int_equal(scenario_state(s, "wan2"), LINK_UP);
	return s;
}

/* The links are cut, or not, and known to be so. */
static void set_links(struct scenario *s, bool wan1, bool wan2)
{
	s->sim.interface[0].cut = !wan1;
	s->sim.interface[1].cut = !wan2;
	scenario_run(s, span_sum(us(s->sim.now.us), sec(120)));
	assert_int_equal(scenario_state(s, "wan1") == LINK_UP, wan1);
	assert_int_equal(scenario_state(s, "wan2") == LINK_UP, wan2);
}

/* An empty answer that is no denial: NOERROR, and the SOA with a TTL of `ttl`. */
static void assert_nodata(struct scenario *s, const char *name, uint16_t type, uint32_t ttl)
{
	struct client_reply r;

	scenario_ask(s, name, type, &r);
	assert_int_equal(r.rcode, 0);
	assert_true(r.authoritative);
	assert_int_equal(client_count(&r, 1, type), 0);
	assert_int_equal(client_count(&r, 2, CLIENT_SOA), 1);
	assert_int_equal(r.record[0].ttl, ttl);
}

static uint32_t ttl_of(struct scenario *s, const char *name)
{
	struct client_reply r;

	scenario_ask(s, name, CLIENT_A, &r);
	assert_true(r.n > 0);
	return r.record[0].ttl;
}

/* How many of `of` answers begin with this address. */
static unsigned first_of(struct scenario *s, const char *name, const char *address, unsigned of)
{
	unsigned n = 0;

	while (of--) {
		const char *text = scenario_answer(s, name, CLIENT_A);

		n += strncmp(text, address, strlen(address)) == 0;
	}
	return n;
}

/* ---- hosts ---- */

static void host_of_a_dead_link_is_nodata_until_the_link_is_back(void **state)
{
	struct scenario *s = running("");

	(void)state;
	assert_string_equal(scenario_answer(s, "www-a.example.com", CLIENT_A), "203.0.113.4");
	set_links(s, false, true);
	assert_nodata(s, "www-a.example.com", CLIENT_A, 10);
	assert_string_equal(scenario_answer(s, "www-b.example.com", CLIENT_A), "198.51.100.4");
	assert_string_equal(scenario_answer(s, "offsite.example.com", CLIENT_A), "192.0.2.80");
	set_links(s, true, true);
	assert_string_equal(scenario_answer(s, "www-a.example.com", CLIENT_A), "203.0.113.4");
	scenario_close(s);
}

static void with_every_link_down_all_is_answered_as_if_all_were_up(void **state)
{
	struct scenario *s = running("");

	(void)state;
	set_links(s, false, false);
	assert_string_equal(scenario_answer(s, "www-a.example.com", CLIENT_A), "203.0.113.4");
	assert_string_equal(scenario_answer(s, "www-b.example.com", CLIENT_A), "198.51.100.4");
	assert_string_equal(scenario_answer(s, "example.com", CLIENT_MX),
		"10 mail1.example.com, 20 mail2.example.com");
	scenario_close(s);
}

static void when_dead_is_what_a_host_says_it_is(void **state)
{
	struct scenario *s =
		running("domain example.com {\n"
			"host kept { address 203.0.113.5, link wan1, when-dead answer }\n"
			"host moved { address 203.0.113.6, link wan1, when-dead 192.0.2.81 }\n"
			"host gone { address 203.0.113.6, link wan1, when-dead nodata }\n}\n");

	(void)state;
	assert_string_equal(scenario_answer(s, "moved.example.com", CLIENT_A), "203.0.113.6");
	set_links(s, false, true);
	assert_string_equal(scenario_answer(s, "kept.example.com", CLIENT_A), "203.0.113.5");
	assert_string_equal(scenario_answer(s, "moved.example.com", CLIENT_A), "192.0.2.81");
	assert_nodata(s, "gone.example.com", CLIENT_A, 10);
	set_links(s, false, false); /* one who has another address says it then, too */
	assert_string_equal(scenario_answer(s, "moved.example.com", CLIENT_A), "192.0.2.81");
	assert_string_equal(scenario_answer(s, "gone.example.com", CLIENT_A), "203.0.113.6");
	set_links(s, true, true);
	assert_string_equal(scenario_answer(s, "moved.example.com", CLIENT_A), "203.0.113.6");
	scenario_close(s);
}

static void own_address_follows_its_link(void **state)
{
	struct scenario *s = running("domain example.com host vpn { address own, link wan1 }\n");

	(void)state;
	assert_string_equal(scenario_answer(s, "vpn.example.com", CLIENT_A), "203.0.113.2");
	set_links(s, false, true);
	assert_nodata(s, "vpn.example.com", CLIENT_A, 10);
	scenario_close(s);
}

/* ---- balanced hosts ---- */

static void balanced_host_without_policy_gives_all_that_live_in_turn(void **state)
{
	struct scenario *s = running("domain example.com balanced-host any { member www-a, member "
				     "www-b, member offsite }\n");
	unsigned first;

	(void)state;
	first = first_of(s, "any.example.com", "203.0.113.4", 300);
	assert_in_range(first, 70, 130);
	assert_int_equal(strlen(scenario_answer(s, "any.example.com", CLIENT_A)),
		strlen("203.0.113.4, 198.51.100.4, 192.0.2.80"));
	set_links(s, false, true);
	assert_int_equal(first_of(s, "any.example.com", "203.0.113.4", 50), 0);
	assert_null(strstr(scenario_answer(s, "any.example.com", CLIENT_A), "203.0.113.4"));
	assert_non_null(strstr(scenario_answer(s, "any.example.com", CLIENT_A), "192.0.2.80"));
	scenario_close(s);
}

static void weighted_policy_puts_each_link_first_by_its_share(void **state)
{
	struct scenario *s = running(""); /* weights 4 and 1 */

	(void)state;
	assert_in_range(first_of(s, "www.example.com", "203.0.113.4", 1000), 750, 850);
	set_links(s, false, true);
	assert_string_equal(scenario_answer(s, "www.example.com", CLIENT_A), "198.51.100.4");
	scenario_close(s);
}

static void priority_policy_gives_the_best_that_lives_alone(void **state)
{
	struct scenario *s = running("");

	(void)state;
	assert_string_equal(scenario_answer(s, "portal.example.com", CLIENT_A), "203.0.113.4");
	set_links(s, false, true);
	assert_string_equal(scenario_answer(s, "portal.example.com", CLIENT_A), "198.51.100.4");
	set_links(s, true, true);
	assert_string_equal(scenario_answer(s, "portal.example.com", CLIENT_A), "203.0.113.4");
	scenario_close(s);
}

/* ---- mail ---- */

static void exchange_without_a_live_address_is_left_out(void **state)
{
	struct scenario *s = running("domain example.com host 30;elsewhere {\n"
				     "address 192.0.2.83, link any, mail-entry yes }\n");
	struct client_reply mx;

	(void)state;
	set_links(s, false, true);
	assert_string_equal(scenario_answer(s, "example.com", CLIENT_MX),
		"20 mail2.example.com, 30 elsewhere.example.com"); /* which always stays */
	scenario_ask(s, "example.com", CLIENT_MX, &mx);
	assert_int_equal(client_count(&mx, 3, CLIENT_A), 2); /* their addresses come too */
	assert_nodata(s, "mail1.example.com", CLIENT_A, 10);
	scenario_close(s);
}

static void last_exchange_is_answered_dead_while_other_links_live(void **state)
{
	struct scenario *s =
		running("domain example.org {\n"
			"name-server ns1 { address 203.0.113.2, link wan1 }\n"
			"host 10;mail { address 203.0.113.3, link wan1, mail-entry yes }\n"
			"host www { address 203.0.113.4, link wan1 }\n}\n");

	(void)state;
	set_links(s, false, true);
	assert_string_equal(scenario_answer(s, "example.org", CLIENT_MX), "10 mail.example.org");
	assert_string_equal(scenario_answer(s, "mail.example.org", CLIENT_A), "203.0.113.3");
	assert_string_equal(scenario_answer(s, "example.org", CLIENT_NS), "ns1.example.org");
	assert_nodata(s, "www.example.org", CLIENT_A, 10); /* no mail goes there */
	scenario_close(s);
}

/* ---- times ---- */

static void ttl_is_short_while_a_link_may_die_or_return(void **state)
{
	struct scenario *s = running("");
	bool was_suspect = false, was_recovering = false;

	(void)state;
	assert_int_equal(ttl_of(s, "www.example.com"), 30);
	s->sim.interface[0].cut = true;
	for (int64_t t = 30000; t < 150000; t += 10) {
		enum link_state wan1 = scenario_state(s, "wan1");

		s->sim.interface[0].cut = t < 60000;
		if (wan1 == LINK_SUSPECT || wan1 == LINK_RECOVERING) {
			assert_int_equal(ttl_of(s, "www.example.com"), 5);
			assert_int_equal(ttl_of(s, "www-b.example.com"), 30); /* not on that link */
		}
		if (wan1 == LINK_DOWN)
			assert_int_equal(ttl_of(s, "www-b.example.com"), 30);
		was_suspect |= wan1 == LINK_SUSPECT;
		was_recovering |= wan1 == LINK_RECOVERING;
		scenario_run(s, ms(t));
	}
	assert_true(was_suspect && was_recovering);
	assert_int_equal(ttl_of(s, "www.example.com"), 30);
	scenario_close(s);
}

static void denial_is_short_while_the_link_recovers(void **state)
{
	struct scenario *s = running("");
	bool seen = false;

	(void)state;
	set_links(s, false, true);
	s->sim.interface[0].cut = false;
	for (int64_t t = s->sim.now.us / 1000; t < 300000 && !seen; t += 10) {
		scenario_run(s, ms(t));
		seen = scenario_state(s, "wan1") == LINK_RECOVERING;
	}
	assert_true(seen);
	assert_nodata(s, "www-a.example.com", CLIENT_A, 5);
	scenario_close(s);
}

/* ---- other records ---- */

static void records_do_not_depend_on_links(void **state)
{
	struct scenario *s = running("domain example.com {\n"
				     "record @ TXT \"v=spf1 mx -all\"\n"
				     "record alias CNAME offsite\n"
				     "record _sip._tcp SRV \"10 5 5060 www\"\n"
				     "record sub NS ns.sub\n"
				     "record ns.sub A 192.0.2.53\n"
				     "host *.many { address 192.0.2.82, link any }\n}\n");
	struct client_reply r;

	(void)state;
	set_links(s, false, true);
	assert_string_equal(scenario_answer(s, "alias.example.com", CLIENT_A), "192.0.2.80");
	assert_string_equal(
		scenario_answer(s, "_sip._tcp.example.com", CLIENT_SRV), "www.example.com");
	assert_string_equal(
		scenario_answer(s, "any.thing.many.example.com", CLIENT_A), "192.0.2.82");
	assert_nodata(s, "_tcp.example.com", CLIENT_A, 10); /* between two names */
	scenario_ask(s, "example.com", CLIENT_TXT, &r);
	assert_int_equal(client_count(&r, 1, CLIENT_TXT), 1);
	scenario_ask(s, "host.sub.example.com", CLIENT_A, &r);
	assert_false(r.authoritative); /* a referral, with its glue */
	assert_int_equal(client_count(&r, 2, CLIENT_NS), 1);
	assert_int_equal(client_count(&r, 3, CLIENT_A), 1);
	scenario_ask(s, "nobody.example.com", CLIENT_A, &r);
	assert_int_equal(r.rcode, 3);
	scenario_close(s);
}

static void address_has_its_name_whatever_its_link_does(void **state)
{
	struct scenario *s = running("");

	(void)state;
	set_links(s, false, true);
	assert_string_equal(
		scenario_answer(s, "3.113.0.203.in-addr.arpa", CLIENT_PTR), "mail1.example.com");
	assert_string_equal(scenario_answer(s, "3.0/29.113.0.203.in-addr.arpa", CLIENT_PTR),
		"mail1.example.com");
	scenario_close(s);
}

/* ---- who asks ---- */

#define VIEW(answer) "view isp2 { client 10.20.0.0/16, link wan2, answer " answer " }\n"

static void client_of_a_provider_gets_its_link_first(void **state)
{
	struct scenario *s = running(VIEW("first"));

	(void)state;
	scenario_asker(s, "10.20.3.4", NULL);
	assert_int_equal(first_of(s, "www.example.com", "198.51.100.4, 203.0.113.4", 50), 50);
	scenario_asker(s, "10.21.3.4", NULL);
	assert_in_range(first_of(s, "www.example.com", "198.51.100.4", 200), 15, 70);
	set_links(s, true, false);
	scenario_asker(s, "10.20.3.4", NULL);
	assert_string_equal(scenario_answer(s, "www.example.com", CLIENT_A), "203.0.113.4");
	scenario_close(s);
}

static void client_of_a_provider_gets_its_link_only(void **state)
{
	struct scenario *s = running(VIEW("only"));

	(void)state;
	scenario_asker(s, "10.20.3.4", NULL);
	assert_string_equal(scenario_answer(s, "www.example.com", CLIENT_A), "198.51.100.4");
	assert_string_equal(scenario_answer(s, "portal.example.com", CLIENT_A), "198.51.100.4");
	assert_string_equal(scenario_answer(s, "www-a.example.com", CLIENT_A), "203.0.113.4");
	set_links(s, true, false); /* rather another link than none */
	assert_string_equal(scenario_answer(s, "www.example.com", CLIENT_A), "203.0.113.4");
	scenario_close(s);
}

static void longest_prefix_of_all_views_counts(void **state)
{
	struct scenario *s = running(
		VIEW("only") "view isp1 { client 10.20.30.0/24, link wan1, answer only }\n");

	(void)state;
	scenario_asker(s, "10.20.30.1", NULL);
	assert_string_equal(scenario_answer(s, "www.example.com", CLIENT_A), "203.0.113.4");
	scenario_asker(s, "10.20.31.1", NULL);
	assert_string_equal(scenario_answer(s, "www.example.com", CLIENT_A), "198.51.100.4");
	scenario_close(s);
}

static void subnet_of_a_client_counts_where_that_is_set(void **state)
{
	struct scenario *s = running(VIEW("only") "dns client-subnet yes\n");

	(void)state;
	scenario_asker(s, "192.0.2.53", "10.20.0.0/16");
	assert_string_equal(scenario_answer(s, "www.example.com", CLIENT_A), "198.51.100.4");
	scenario_asker(s, "10.20.3.4", "10.99.0.0/16"); /* the resolver's own address does not */
	assert_in_range(first_of(s, "www.example.com", "203.0.113.4", 100), 60, 95);
	scenario_close(s);
	s = running(VIEW("only"));
	scenario_asker(s, "192.0.2.53", "10.20.0.0/16");
	assert_in_range(first_of(s, "www.example.com", "203.0.113.4", 100), 60, 95);
	scenario_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(host_of_a_dead_link_is_nodata_until_the_link_is_back),
		cmocka_unit_test(with_every_link_down_all_is_answered_as_if_all_were_up),
		cmocka_unit_test(when_dead_is_what_a_host_says_it_is),
		cmocka_unit_test(own_address_follows_its_link),
		cmocka_unit_test(balanced_host_without_policy_gives_all_that_live_in_turn),
		cmocka_unit_test(weighted_policy_puts_each_link_first_by_its_share),
		cmocka_unit_test(priority_policy_gives_the_best_that_lives_alone),
		cmocka_unit_test(exchange_without_a_live_address_is_left_out),
		cmocka_unit_test(last_exchange_is_answered_dead_while_other_links_live),
		cmocka_unit_test(ttl_is_short_while_a_link_may_die_or_return),
		cmocka_unit_test(denial_is_short_while_the_link_recovers),
		cmocka_unit_test(records_do_not_depend_on_links),
		cmocka_unit_test(address_has_its_name_whatever_its_link_does),
		cmocka_unit_test(client_of_a_provider_gets_its_link_first),
		cmocka_unit_test(client_of_a_provider_gets_its_link_only),
		cmocka_unit_test(longest_prefix_of_all_views_counts),
		cmocka_unit_test(subnet_of_a_client_counts_where_that_is_set),
	};

	return cmocka_run_group_tests_name("dns", tests, NULL, NULL);
}
