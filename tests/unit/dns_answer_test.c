/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "support/dns_zone.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int open_example(void **state)
{
	struct zone *z = malloc(sizeof(*z));

	zone_example(z);
	assert_int_equal(zone_build(z), FL_OK);
	zone_live(z, "123");
	*state = z;
	return 0;
}

static int open_empty(void **state)
{
	struct zone *z = malloc(sizeof(*z));

	zone_open(z, "example.com");
	zone_server(z, "ns1", "203.0.113.2", 0);
	zone_live(z, "123");
	*state = z;
	return 0;
}

static int close_zone(void **state)
{
	zone_close(*state);
	free(*state);
	return 0;
}

static unsigned count_of(const char *text, const char *word)
{
	unsigned n = 0;

	while ((text = strstr(text, word))) {
		n++;
		text++;
	}
	return n;
}

#define assert_starts(text, prefix) assert_memory_equal((text), (prefix), sizeof(prefix) - 1)

/* ---- hosts ---- */

static void host_is_answered_while_its_link_is_live(void **state)
{
	assert_string_equal(zone_ask(*state, "www-a.example.com", DNS_A),
		"NOERROR aa\nan www-a.example.com. 30 A 203.0.113.4\n");
}

static void host_on_a_dead_link_is_nodata_with_soa(void **state)
{
	zone_live(*state, "23");
	assert_string_equal(zone_ask(*state, "www-a.example.com", DNS_A),
		"NOERROR aa\nns example.com. 10 SOA ns1.example.com. hostmaster.example.com. 1000 "
		"3600 600 604800 10\n");
}

static void offsite_host_is_always_answered(void **state)
{
	zone_live(*state, "3");
	assert_string_equal(zone_ask(*state, "offsite.example.com", DNS_A),
		"NOERROR aa\nan offsite.example.com. 30 A 192.0.2.80\n");
}

static void with_every_link_dead_all_count_as_live(void **state)
{
	zone_live(*state, "");
	assert_string_equal(zone_ask(*state, "www-a.example.com", DNS_A),
		"NOERROR aa\nan www-a.example.com. 30 A 203.0.113.4\n");
}

static void when_dead_answer_keeps_the_address(void **state)
{
	struct zone *z = *state;

	zone_host(z, "vpn", "203.0.113.9", 1)->when_dead.how = DNS_DEAD_ANSWER;
	assert_int_equal(zone_build(z), FL_OK);
	zone_live(z, "2");
	assert_string_equal(zone_ask(z, "vpn.example.com", DNS_A),
		"NOERROR aa\nan vpn.example.com. 30 A 203.0.113.9\n");
}

static void when_dead_address_takes_the_place_of_a_dead_one(void **state)
{
	struct zone *z = *state;
	struct dns_host_conf *h = zone_host(z, "shop", "203.0.113.9", 1);

	h->when_dead = (struct dns_dead_conf){DNS_DEAD_ADDRESS, zone_addr("192.0.2.99")};
	assert_int_equal(zone_build(z), FL_OK);
	zone_live(z, "12");
	assert_string_equal(zone_ask(z, "shop.example.com", DNS_A),
		"NOERROR aa\nan shop.example.com. 30 A 203.0.113.9\n");
	zone_live(z, "2");
	assert_string_equal(zone_ask(z, "shop.example.com", DNS_A),
		"NOERROR aa\nan shop.example.com. 30 A 192.0.2.99\n");
}

static void when_dead_address_is_answered_when_every_link_is_down(void **state)
{
	struct zone *z = *state;
	struct dns_host_conf *h = zone_host(z, "shop", "203.0.113.9", 1);

	h->when_dead = (struct dns_dead_conf){DNS_DEAD_ADDRESS, zone_addr("192.0.2.99")};
	assert_int_equal(zone_build(z), FL_OK);
	zone_live(z, "");
	assert_string_equal(zone_ask(z, "shop.example.com", DNS_A),
		"NOERROR aa\nan shop.example.com. 30 A 192.0.2.99\n");
}

static void when_dead_address_of_a_balanced_host_waits_for_all_its_links(void **state)
{
	static const int hosts[] = {0, 1};
	struct zone *z = *state;
	struct dns_balanced_conf *b;

	zone_host(z, "a", "203.0.113.9", 1);
	zone_host(z, "b", "198.51.100.9", 2);
	b = zone_balanced(z, "shop", -1, hosts, COUNT_OF(hosts));
	b->when_dead = (struct dns_dead_conf){DNS_DEAD_ADDRESS, zone_addr("192.0.2.99")};
	assert_int_equal(zone_build(z), FL_OK);
	zone_live(z, "23");
	assert_string_equal(zone_ask(z, "shop.example.com", DNS_A),
		"NOERROR aa\nan shop.example.com. 30 A 198.51.100.9\n");
	zone_live(z, "3");
	assert_string_equal(zone_ask(z, "shop.example.com", DNS_A),
		"NOERROR aa\nan shop.example.com. 30 A 192.0.2.99\n");
}

static void when_dead_address_of_another_family_is_refused(void **state)
{
	struct zone *z = *state;
	struct dns_host_conf *h = zone_host(z, "shop", "203.0.113.9", 1);

	h->when_dead = (struct dns_dead_conf){DNS_DEAD_ADDRESS, zone_addr("2001:db8::9")};
	assert_int_equal(zone_build(z), FL_EFORMAT);
}

static void own_address_is_the_links(void **state)
{
	struct zone *z = *state;

	zone_host(z, "vpn", "", 2);
	assert_int_equal(zone_build(z), FL_OK);
	assert_string_equal(zone_ask(z, "vpn.example.com", DNS_A),
		"NOERROR aa\nan vpn.example.com. 30 A 198.18.2.2\n");
}

static void ipv6_host_is_an_aaaa_record(void **state)
{
	struct zone *z = *state;

	zone_host(z, "six", "2001:db8::1", 1);
	assert_int_equal(zone_build(z), FL_OK);
	assert_string_equal(zone_ask(z, "six.example.com", DNS_AAAA),
		"NOERROR aa\nan six.example.com. 30 AAAA 2001:db8::1\n");
}

static void host_may_be_the_domain_itself(void **state)
{
	struct zone *z = *state;

	zone_host(z, "@", "203.0.113.9", 1);
	assert_int_equal(zone_build(z), FL_OK);
	assert_string_equal(zone_ask(z, "example.com", DNS_A),
		"NOERROR aa\nan example.com. 30 A 203.0.113.9\n");
}

static void ttl_of_a_host_is_its_own(void **state)
{
	struct zone *z = *state;

	zone_host(z, "vpn", "203.0.113.9", 1)->ttl = sec(90);
	assert_int_equal(zone_build(z), FL_OK);
	assert_non_null(strstr(zone_ask(z, "vpn.example.com", DNS_A), " 90 A "));
}

static void ttl_is_five_seconds_while_a_link_is_unsure(void **state)
{
	struct zone *z = *state;

	z->pub.unsure = link_bit(1);
	assert_non_null(strstr(zone_ask(z, "www-a.example.com", DNS_A), " 5 A "));
	assert_non_null(strstr(zone_ask(z, "www-b.example.com", DNS_A), " 30 A "));
}

static void negative_answer_is_short_while_the_link_recovers(void **state)
{
	struct zone *z = *state;

	zone_live(z, "2");
	z->pub.unsure = link_bit(1);
	assert_non_null(strstr(zone_ask(z, "www-a.example.com", DNS_A), "example.com. 5 SOA"));
}

static void owner_is_in_the_case_asked(void **state)
{
	assert_string_equal(zone_ask(*state, "WwW-a.ExAmPlE.com", DNS_A),
		"NOERROR aa\nan WwW-a.ExAmPlE.com. 30 A 203.0.113.4\n");
}

static void addresses_are_counted_by_link(void **state)
{
	struct zone *z = *state;

	zone_ask(z, "www-b.example.com", DNS_A);
	zone_ask(z, "offsite.example.com", DNS_A);
	assert_int_equal(z->r.count.per_link[2], 1);
	assert_int_equal(z->r.count.per_link[0], 1);
	assert_int_equal(z->r.count.queries, 2);
	assert_int_equal(z->r.count.rcode[RCODE_NOERROR], 2);
}

/* ---- balanced hosts ---- */

static void balanced_host_without_policy_rotates_all_live(void **state)
{
	struct zone *z = *state;
	char first[2048];

	snprintf(first, sizeof(first), "%s", zone_ask(z, "www.example.com", DNS_A));
	assert_int_equal(count_of(first, "\nan "), 2);
	assert_string_not_equal(first, zone_ask(z, "www.example.com", DNS_A));
	assert_string_equal(first, zone_ask(z, "www.example.com", DNS_A));
}

static void balanced_host_leaves_dead_members_out(void **state)
{
	zone_live(*state, "2");
	assert_string_equal(zone_ask(*state, "www.example.com", DNS_A),
		"NOERROR aa\nan www.example.com. 30 A 198.51.100.4\n");
}

static void open_balanced(struct zone *z, int policy)
{
	static const int members[] = {1, 0, 2};

	zone_host(z, "a", "203.0.113.4", 1);
	zone_host(z, "b", "198.51.100.4", 2);
	zone_host(z, "c", "192.0.2.4", 3);
	zone_balanced(z, "www", policy, members, COUNT_OF(members));
	assert_int_equal(zone_build(z), FL_OK);
}

static void priority_answers_the_best_live_member_only(void **state)
{
	open_balanced(*state, 0);
	assert_string_equal(zone_ask(*state, "www.example.com", DNS_A),
		"NOERROR aa\nan www.example.com. 30 A 203.0.113.4\n");
	zone_live(*state, "23");
	assert_string_equal(zone_ask(*state, "www.example.com", DNS_A),
		"NOERROR aa\nan www.example.com. 30 A 198.51.100.4\n");
}

static void priority_answers_the_first_member_with_every_link_dead(void **state)
{
	open_balanced(*state, 0);
	zone_live(*state, "");
	assert_string_equal(zone_ask(*state, "www.example.com", DNS_A),
		"NOERROR aa\nan www.example.com. 30 A 198.51.100.4\n");
}

static void weighted_puts_the_drawn_member_first_by_its_share(void **state)
{
	unsigned first = 0;

	open_balanced(*state, 1);
	for (int i = 0; i < 1000; i++) {
		const char *text = zone_ask(*state, "www.example.com", DNS_A);

		assert_int_equal(count_of(text, "\nan "), 3);
		first += strstr(text, "203.0.113.4") < strstr(text, "198.51.100.4") &&
			 strstr(text, "203.0.113.4") < strstr(text, "192.0.2.4");
	}
	assert_in_range(first, 690, 810); /* three quarters of the slots */
}

static void policy_all_answers_every_live_member(void **state)
{
	open_balanced(*state, 2);
	assert_int_equal(count_of(zone_ask(*state, "www.example.com", DNS_A), "\nan "), 3);
}

static void policy_that_is_not_published_answers_every_live_member(void **state)
{
	struct zone *z = *state;

	open_balanced(z, 0);
	z->pub.npolicies = 0;
	assert_int_equal(count_of(zone_ask(z, "www.example.com", DNS_A), "\nan "), 3);
}

/* ---- mail ---- */

static void mx_has_the_lowest_preference_first_and_addresses(void **state)
{
	assert_string_equal(zone_ask(*state, "example.com", DNS_MX),
		"NOERROR aa\n"
		"an example.com. 30 MX 10 mail1.example.com.\n"
		"an example.com. 30 MX 20 mail2.example.com.\n"
		"ar mail1.example.com. 30 A 203.0.113.3\n"
		"ar mail2.example.com. 30 A 198.51.100.3\n");
}

static void mx_leaves_out_an_exchange_without_live_address(void **state)
{
	zone_live(*state, "2");
	assert_string_equal(zone_ask(*state, "example.com", DNS_MX),
		"NOERROR aa\n"
		"an example.com. 30 MX 20 mail2.example.com.\n"
		"ar mail2.example.com. 30 A 198.51.100.3\n");
}

static void mx_with_no_live_exchange_is_answered_whole(void **state)
{
	zone_live(*state, "3");
	assert_string_equal(zone_ask(*state, "example.com", DNS_MX),
		"NOERROR aa\n"
		"an example.com. 30 MX 10 mail1.example.com.\n"
		"an example.com. 30 MX 20 mail2.example.com.\n"
		"ar mail1.example.com. 30 A 203.0.113.3\n"
		"ar mail2.example.com. 30 A 198.51.100.3\n");
}

static void address_of_an_exchange_is_answered_when_no_exchange_lives(void **state)
{
	zone_live(*state, "3");
	assert_string_equal(zone_ask(*state, "mail1.example.com", DNS_A),
		"NOERROR aa\nan mail1.example.com. 30 A 203.0.113.3\n");
}

static void address_of_a_dead_exchange_is_nodata_while_another_lives(void **state)
{
	zone_live(*state, "2");
	assert_int_equal(count_of(zone_ask(*state, "mail1.example.com", DNS_A), "\nan "), 0);
}

/* Mail over wan1 alone, whose provider has given no address yet. */
static void open_waiting(struct zone *z)
{
	z->links[0].dhcp = true;
	z->links[0].naddresses = 0;
	zone_host(z, "10;mail1", "", 1);
}

static void mx_is_a_failure_that_passes_while_no_exchange_has_an_address(void **state)
{
	struct zone *z = *state;

	open_waiting(z);
	assert_int_equal(zone_build(z), FL_OK);
	zone_live(z, "23");
	assert_string_equal(zone_ask(z, "example.com", DNS_MX), "SERVFAIL\n");
	assert_string_equal(zone_ask(z, "mail1.example.com", DNS_A), "SERVFAIL\n");
	assert_string_equal(zone_ask(z, "mail1.example.com", DNS_AAAA), "SERVFAIL\n");
	assert_string_equal(zone_ask(z, "mail1.example.com", DNS_ANY), "SERVFAIL\n");
	assert_starts(zone_ask(z, "mail1.example.com", DNS_TXT), "NOERROR aa\nns example.com.");
	assert_starts(zone_ask(z, "example.com", DNS_ANY), "NOERROR aa\nan example.com.");
	zone_live(z, ""); /* that all links count as live gives none an address */
	assert_string_equal(zone_ask(z, "example.com", DNS_MX), "SERVFAIL\n");
}

static void mx_leaves_out_an_exchange_that_waits_for_its_address(void **state)
{
	struct zone *z = *state;

	open_waiting(z);
	zone_host(z, "20;mail2", "198.51.100.3", 2);
	assert_int_equal(zone_build(z), FL_OK);
	zone_live(z, "23");
	assert_string_equal(zone_ask(z, "example.com", DNS_MX),
		"NOERROR aa\n"
		"an example.com. 30 MX 20 mail2.example.com.\n"
		"ar mail2.example.com. 30 A 198.51.100.3\n");
	assert_starts(zone_ask(z, "mail1.example.com", DNS_A), "NOERROR aa\nns example.com.");
}

static void exchange_with_an_address_of_one_family_waits_for_none(void **state)
{
	struct zone *z = *state;

	open_waiting(z);
	z->links[0].naddresses = 1;
	assert_int_equal(zone_build(z), FL_OK);
	assert_string_equal(zone_ask(z, "example.com", DNS_MX),
		"NOERROR aa\n"
		"an example.com. 30 MX 10 mail1.example.com.\n"
		"ar mail1.example.com. 30 A 198.18.1.2\n");
	assert_starts(zone_ask(z, "mail1.example.com", DNS_AAAA), "NOERROR aa\nns example.com.");
}

static void balanced_mail_entry_waits_while_no_member_has_an_address(void **state)
{
	static const int members[] = {0};
	struct zone *z = *state;

	z->links[0].dhcp = true;
	z->links[0].naddresses = 0;
	zone_host(z, "a", "", 1);
	zone_balanced(z, "10;mail", -1, members, COUNT_OF(members));
	assert_int_equal(zone_build(z), FL_OK);
	assert_string_equal(zone_ask(z, "example.com", DNS_MX), "SERVFAIL\n");
	assert_string_equal(zone_ask(z, "mail.example.com", DNS_A), "SERVFAIL\n");
	assert_starts(zone_ask(z, "a.example.com", DNS_A), "NOERROR aa\nns example.com.");
}

static void mx_to_a_name_that_a_wildcard_answers_follows_its_link(void **state)
{
	struct zone *z = *state;

	zone_host(z, "mail2", "198.51.100.3", 2);
	zone_host(z, "*.w", "203.0.113.9", 1);
	zone_record(z, "m", "MX", "10 x.w");
	zone_record(z, "m", "MX", "20 mail2");
	zone_record(z, "n", "MX", "10 y.w");
	assert_int_equal(zone_build(z), FL_OK);
	zone_live(z, "123");
	assert_starts(zone_ask(z, "m.example.com", DNS_MX),
		"NOERROR aa\n"
		"an m.example.com. 30 MX 10 x.w.example.com.\n"
		"an m.example.com. 30 MX 20 mail2.example.com.\n"
		"ar x.w.example.com. 30 A 203.0.113.9\n");
	zone_live(z, "23");
	assert_starts(zone_ask(z, "m.example.com", DNS_MX),
		"NOERROR aa\nan m.example.com. 30 MX 20 mail2.example.com.\nar mail2");
	/* The only exchange of a set is answered, and so is its address. */
	assert_string_equal(zone_ask(z, "n.example.com", DNS_MX),
		"NOERROR aa\n"
		"an n.example.com. 30 MX 10 y.w.example.com.\n"
		"ar y.w.example.com. 30 A 203.0.113.9\n");
	assert_string_equal(zone_ask(z, "y.w.example.com", DNS_A),
		"NOERROR aa\nan y.w.example.com. 30 A 203.0.113.9\n");
}

static void exchanges_that_one_wildcard_answers_have_an_address_each(void **state)
{
	struct zone *z = *state;

	zone_host(z, "*.w", "203.0.113.9", 1);
	zone_record(z, "m", "MX", "10 x.w");
	zone_record(z, "m", "MX", "20 y.w");
	zone_record(z, "m", "MX", "30 x.w");
	assert_int_equal(zone_build(z), FL_OK);
	assert_string_equal(zone_ask(z, "m.example.com", DNS_MX),
		"NOERROR aa\n"
		"an m.example.com. 30 MX 10 x.w.example.com.\n"
		"an m.example.com. 30 MX 20 y.w.example.com.\n"
		"an m.example.com. 30 MX 30 x.w.example.com.\n"
		"ar x.w.example.com. 30 A 203.0.113.9\n"
		"ar y.w.example.com. 30 A 203.0.113.9\n");
}

static void exchange_that_a_wildcard_answers_waits_for_its_address(void **state)
{
	struct zone *z = *state;

	z->links[0].dhcp = true;
	z->links[0].naddresses = 0;
	zone_host(z, "mail2", "198.51.100.3", 2);
	zone_host(z, "*.w", "", 1);
	zone_record(z, "m", "MX", "10 x.w");
	zone_record(z, "n", "MX", "10 x.w");
	zone_record(z, "n", "MX", "20 mail2");
	assert_int_equal(zone_build(z), FL_OK);
	assert_string_equal(zone_ask(z, "m.example.com", DNS_MX), "SERVFAIL\n");
	assert_string_equal(zone_ask(z, "x.w.example.com", DNS_A), "SERVFAIL\n");
	assert_starts(zone_ask(z, "n.example.com", DNS_MX),
		"NOERROR aa\nan n.example.com. 30 MX 20 mail2.example.com.\nar mail2");
}

static void equal_preferences_are_served_in_random_order(void **state)
{
	struct zone *z = *state;
	unsigned first = 0;

	zone_host(z, "10;a", "203.0.113.3", 1);
	zone_host(z, "10;b", "198.51.100.3", 2);
	zone_host(z, "5;c", "192.0.2.3", 3);
	assert_int_equal(zone_build(z), FL_OK);
	for (int i = 0; i < 1000; i++) {
		const char *text = zone_ask(z, "example.com", DNS_MX);
		const char *a = strstr(text, "MX 10 a."), *b = strstr(text, "MX 10 b.");

		assert_true(strstr(text, "MX 5 c.") < a && strstr(text, "MX 5 c.") < b);
		first += a < b;
	}
	assert_in_range(first, 430, 570);
}

static void offsite_exchange_stays(void **state)
{
	struct zone *z = *state;

	zone_host(z, "10;a", "203.0.113.3", 1);
	zone_record(z, "@", "MX", "50 backup.example.net.");
	assert_int_equal(zone_build(z), FL_OK);
	zone_live(z, "2");
	assert_string_equal(zone_ask(z, "example.com", DNS_MX),
		"NOERROR aa\nan example.com. 30 MX 50 backup.example.net.\n");
}

static void balanced_mail_entry_lives_while_one_member_does(void **state)
{
	static const int members[] = {0, 1};
	struct zone *z = *state;

	zone_host(z, "a", "203.0.113.3", 1);
	zone_host(z, "b", "198.51.100.3", 2);
	zone_balanced(z, "10;mail", -1, members, 2);
	assert_int_equal(zone_build(z), FL_OK);
	zone_live(z, "2");
	assert_string_equal(zone_ask(z, "example.com", DNS_MX),
		"NOERROR aa\n"
		"an example.com. 30 MX 10 mail.example.com.\n"
		"ar mail.example.com. 30 A 198.51.100.3\n");
}

static void mail_host_with_dots_serves_the_domain(void **state)
{
	struct zone *z = *state;

	zone_host(z, "10;mail.sub", "203.0.113.3", 1);
	assert_int_equal(zone_build(z), FL_OK);
	assert_string_equal(zone_ask(z, "example.com", DNS_MX),
		"NOERROR aa\n"
		"an example.com. 30 MX 10 mail.sub.example.com.\n"
		"ar mail.sub.example.com. 30 A 203.0.113.3\n");
}

static void preferences_0_and_65535_are_preferences(void **state)
{
	struct zone *z = *state;

	zone_host(z, "65535;b", "198.51.100.3", 2);
	zone_host(z, "0;a", "203.0.113.3", 1);
	assert_int_equal(zone_build(z), FL_OK);
	assert_non_null(strstr(zone_ask(z, "example.com", DNS_MX),
		"MX 0 a.example.com.\nan example.com. 30 MX 65535 b.example.com."));
}

/* ---- the zone's own records ---- */

static void ns_has_its_addresses(void **state)
{
	assert_string_equal(zone_ask(*state, "example.com", DNS_NS),
		"NOERROR aa\n"
		"an example.com. 30 NS ns1.example.com.\n"
		"an example.com. 30 NS ns2.example.com.\n"
		"ar ns1.example.com. 30 A 203.0.113.2\n"
		"ar ns2.example.com. 30 A 198.51.100.2\n");
}

static void name_server_on_a_dead_link_is_left_out(void **state)
{
	zone_live(*state, "1");
	assert_string_equal(zone_ask(*state, "example.com", DNS_NS),
		"NOERROR aa\n"
		"an example.com. 30 NS ns1.example.com.\n"
		"ar ns1.example.com. 30 A 203.0.113.2\n");
	assert_int_equal(count_of(zone_ask(*state, "ns2.example.com", DNS_A), "\nan "), 0);
}

static void with_no_live_name_server_all_are_answered(void **state)
{
	zone_live(*state, "3");
	assert_int_equal(count_of(zone_ask(*state, "example.com", DNS_NS), "\nan "), 2);
	assert_int_equal(count_of(zone_ask(*state, "ns2.example.com", DNS_A), "\nan "), 1);
}

static void serial_rises_with_the_generation(void **state)
{
	struct zone *z = *state;

	z->pub.generation = 41;
	assert_string_equal(zone_ask(z, "example.com", DNS_SOA),
		"NOERROR aa\nan example.com. 30 SOA ns1.example.com. hostmaster.example.com. 1041 "
		"3600 600 604800 10\n");
}

static void contact_is_the_soa_mailbox(void **state)
{
	struct zone *z = *state;

	z->domain[0].contact = STR("host.master@example.net");
	assert_int_equal(zone_build(z), FL_OK);
	assert_non_null(
		strstr(zone_ask(z, "example.com", DNS_SOA), " host\\.master.example.net. "));
}

static void srv_brings_the_addresses_of_its_target(void **state)
{
	zone_live(*state, "2");
	assert_string_equal(zone_ask(*state, "_sip._tcp.example.com", DNS_SRV),
		"NOERROR aa\n"
		"an _sip._tcp.example.com. 30 SRV 10 5 5060 www.example.com.\n"
		"ar www.example.com. 30 A 198.51.100.4\n");
}

static void txt_is_one_text_with_its_blanks(void **state)
{
	assert_string_equal(zone_ask(*state, "example.com", DNS_TXT),
		"NOERROR aa\nan example.com. 30 TXT \"v=spf1 mx -all\"\n");
}

static void unknown_type_is_answered_as_written(void **state)
{
	struct zone *z = *state;

	zone_record(z, "x", "TYPE731", "\\# 3 abcdef");
	assert_int_equal(zone_build(z), FL_OK);
	assert_string_equal(zone_ask(z, "x.example.com", 731),
		"NOERROR aa\nan x.example.com. 30 TYPE731 \\# 3 abcdef\n");
}

static void any_is_answered_with_one_set(void **state)
{
	assert_string_equal(zone_ask(*state, "www-a.example.com", DNS_ANY),
		"NOERROR aa\nan www-a.example.com. 30 A 203.0.113.4\n");
	assert_int_equal(count_of(zone_ask(*state, "example.com", DNS_ANY), "\nan "), 2);
}

/* ---- names that are not there ---- */

static void missing_name_is_nxdomain_with_soa(void **state)
{
	assert_string_equal(zone_ask(*state, "no.such.example.com", DNS_A),
		"NXDOMAIN aa\nns example.com. 10 SOA ns1.example.com. hostmaster.example.com. 1000 "
		"3600 600 604800 10\n");
}

static void missing_type_is_nodata(void **state)
{
	assert_starts(zone_ask(*state, "www-a.example.com", DNS_TXT),
		"NOERROR aa\nns example.com. 10 SOA");
}

static void name_between_names_is_nodata(void **state)
{
	assert_starts(
		zone_ask(*state, "_tcp.example.com", DNS_A), "NOERROR aa\nns example.com. 10 SOA");
}

static void name_between_two_domains_of_ours_is_nodata(void **state)
{
	struct zone *z = *state;

	zone_host(z, "*", "192.0.2.9", 0);
	z->domain[1] = z->domain[0];
	z->domain[1].name = STR("a.b.example.com");
	z->domain[1].nhosts = 0;
	z->source.ndomains = 2;
	assert_int_equal(zone_build(z), FL_OK);
	assert_starts(zone_ask(z, "b.example.com", DNS_A), "NOERROR aa\nns example.com. 10 SOA");
	/* It is the closest encloser, and the wildcard is not below it. */
	assert_starts(zone_ask(z, "x.b.example.com", DNS_A), "NXDOMAIN aa\nns example.com. 10 SOA");
	assert_starts(
		zone_ask(z, "x.a.b.example.com", DNS_A), "NXDOMAIN aa\nns a.b.example.com. 10 SOA");
	assert_non_null(strstr(zone_ask(z, "c.example.com", DNS_A), " 30 A 192.0.2.9\n"));
}

static void negative_ttl_is_never_above_the_ttl(void **state)
{
	struct zone *z = *state;

	z->domain[0].ttl = sec(4);
	assert_int_equal(zone_build(z), FL_OK);
	assert_non_null(strstr(zone_ask(z, "no.example.com", DNS_A), "ns example.com. 4 SOA"));
}

static void name_outside_is_refused(void **state)
{
	assert_string_equal(zone_ask(*state, "example.org", DNS_A), "REFUSED\n");
	assert_string_equal(zone_ask(*state, "com", DNS_A), "REFUSED\n");
	assert_string_equal(zone_ask(*state, ".", DNS_NS), "REFUSED\n");
}

/* ---- aliases and delegations ---- */

static void alias_is_followed_inside_the_domain(void **state)
{
	assert_string_equal(zone_ask(*state, "alias.example.com", DNS_A),
		"NOERROR aa\n"
		"an alias.example.com. 30 CNAME www-a.example.com.\n"
		"an www-a.example.com. 30 A 203.0.113.4\n");
}

static void alias_itself_is_answered_when_asked_for(void **state)
{
	assert_string_equal(zone_ask(*state, "alias.example.com", DNS_CNAME),
		"NOERROR aa\nan alias.example.com. 30 CNAME www-a.example.com.\n");
}

static void alias_to_elsewhere_ends_there(void **state)
{
	struct zone *z = *state;

	zone_record(z, "out", "CNAME", "www.example.net.");
	assert_int_equal(zone_build(z), FL_OK);
	assert_string_equal(zone_ask(z, "out.example.com", DNS_A),
		"NOERROR aa\nan out.example.com. 30 CNAME www.example.net.\n");
}

static void alias_to_a_missing_name_is_nxdomain(void **state)
{
	struct zone *z = *state;

	zone_record(z, "bad", "CNAME", "gone");
	assert_int_equal(zone_build(z), FL_OK);
	assert_starts(zone_ask(z, "bad.example.com", DNS_A),
		"NXDOMAIN aa\nan bad.example.com. 30 CNAME gone.example.com.\nns example.com. 10 "
		"SOA");
}

/* A loop is refused at commit; what is bounded is the chain. */
static void long_chain_of_aliases_ends(void **state)
{
	static const char *const names[] = {
		"a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9", "a10", "a11"};
	struct zone *z = *state;
	const char *text;

	for (size_t i = 0; i + 1 < COUNT_OF(names); i++)
		zone_record(z, names[i], "CNAME", names[i + 1]);
	assert_int_equal(zone_build(z), FL_OK);
	text = zone_ask(z, "a0.example.com", DNS_A);
	assert_starts(text, "NOERROR aa\n");
	assert_int_equal(count_of(text, "CNAME"), 9);
}

static void alias_into_another_domain_of_ours_is_followed(void **state)
{
	struct zone *z = *state;
	struct dns_host_conf host = {
		.name.label = STR("www"), .address = zone_addr("192.0.2.7"), .link = DNS_LINK_ANY};

	zone_record(z, "other", "CNAME", "www.example.net.");
	z->domain[1] = z->domain[0];
	z->domain[1].name = STR("example.net");
	z->domain[1].hosts = &host;
	z->domain[1].nhosts = 1;
	z->domain[1].nrecords = 0;
	z->source.ndomains = 2;
	assert_int_equal(zone_build(z), FL_OK);
	assert_string_equal(zone_ask(z, "other.example.com", DNS_A),
		"NOERROR aa\n"
		"an other.example.com. 30 CNAME www.example.net.\n"
		"an www.example.net. 30 A 192.0.2.7\n");
	assert_starts(zone_ask(z, "other.example.com", DNS_TXT),
		"NOERROR aa\nan other.example.com. 30 CNAME www.example.net.\nns example.net. 10 "
		"SOA "
		"ns1.example.net. hostmaster.example.net.");
}

static void name_below_a_delegation_is_referred_with_glue(void **state)
{
	assert_string_equal(zone_ask(*state, "www.sub.example.com", DNS_A),
		"NOERROR\n"
		"ns sub.example.com. 30 NS ns.sub.example.com.\n"
		"ar ns.sub.example.com. 30 A 192.0.2.53\n");
}

static void glue_itself_is_referred(void **state)
{
	assert_starts(zone_ask(*state, "ns.sub.example.com", DNS_A),
		"NOERROR\nns sub.example.com. 30 NS");
}

static void ds_at_a_delegation_is_nodata_from_above(void **state)
{
	assert_starts(
		zone_ask(*state, "sub.example.com", DNS_DS), "NOERROR aa\nns example.com. 10 SOA");
}

static void ds_below_a_delegation_is_referred(void **state)
{
	assert_starts(zone_ask(*state, "x.sub.example.com", DNS_DS),
		"NOERROR\nns sub.example.com. 30 NS");
}

static void ds_of_a_domain_below_another_is_nodata_from_above(void **state)
{
	struct zone *z = *state;

	z->domain[1] = z->domain[0];
	z->domain[1].name = STR("in.example.com");
	z->source.ndomains = 2;
	assert_int_equal(zone_build(z), FL_OK);
	assert_starts(zone_ask(z, "in.example.com", DNS_DS), "NOERROR aa\nns example.com. 10 SOA");
	assert_starts(
		zone_ask(z, "in.example.com", DNS_TXT), "NOERROR aa\nns in.example.com. 10 SOA");
}

/* The alias is written as a pointer to the top of its domain, in which the name of the one above
 * stands. */
static void ds_behind_an_alias_to_the_top_of_its_domain_is_nodata_from_above(void **state)
{
	struct zone *z = *state;
	struct dns_record_conf alias = {.name = STR("www"), .type = STR("CNAME"), .data = STR("@")};

	z->domain[1] = z->domain[0];
	z->domain[1].name = STR("in.example.com");
	z->domain[1].nhosts = z->domain[1].nbalanced = 0;
	z->domain[1].records = &alias;
	z->domain[1].nrecords = 1;
	z->source.ndomains = 2;
	assert_int_equal(zone_build(z), FL_OK);
	assert_starts(zone_ask(z, "www.in.example.com", DNS_DS),
		"NOERROR aa\nan www.in.example.com. 30 CNAME in.example.com.\nns example.com. 10 "
		"SOA");
}

/* ---- wildcards: the example of RFC 4592 2.2.1 ---- */

static void open_rfc4592(struct zone *z)
{
	zone_record(z, "*", "TXT", "this is a wildcard");
	zone_record(z, "*", "MX", "10 host1");
	zone_record(z, "sub.*", "TXT", "this is not a wildcard");
	zone_record(z, "host1", "A", "192.0.2.1");
	zone_record(z, "_ssh._tcp.host1", "SRV", "0 0 22 host1");
	zone_record(z, "_ssh._tcp.host2", "SRV", "0 0 22 host1");
	zone_record(z, "subdel", "NS", "ns.example.org.");
	assert_int_equal(zone_build(z), FL_OK);
}

/* The zone of RFC 4592 2.2.1, and all that it says of questions to it. */
static void rfc4592_example_zone_is_answered_as_written_there(void **state)
{
#define NEGATIVE "ns example. 10 SOA ns.example.com. hostmaster.example. 1000 3600 600 604800 10\n"
	static const struct {
		const char *name;
		uint16_t type;
		const char *expected;
	} said[] = {
		/* "The following responses would be synthesized from one of the wildcards": */
		{"host3.example", DNS_MX,
			"NOERROR aa\nan host3.example. 30 MX 10 host1.example.\n"
			"ar host1.example. 30 A 192.0.2.1\n"},
		{"host3.example", DNS_A, "NOERROR aa\n" NEGATIVE},
		{"foo.bar.example", DNS_TXT,
			"NOERROR aa\nan foo.bar.example. 30 TXT \"this is a wildcard\"\n"},
		/* "The following responses would not be synthesized": */
		{"host1.example", DNS_MX, "NOERROR aa\n" NEGATIVE}, /* it exists */
		{"sub.*.example", DNS_MX, "NOERROR aa\n" NEGATIVE}, /* it exists */
		{"_telnet._tcp.host1.example", DNS_SRV,
			"NXDOMAIN aa\n" NEGATIVE}, /* _tcp.host1 does */
		{"host.subdel.example", DNS_A,     /* below a cut */
			"NOERROR\nns subdel.example. 30 NS ns.example.com.\n"
			"ns subdel.example. 30 NS ns.example.net.\n"},
		{"ghost.*.example", DNS_MX, "NXDOMAIN aa\n" NEGATIVE}, /* *.example exists */
		/* 2.3: the asterisk itself may be asked for; 2.2.2: what is between names exists.
		 */
		{"*.example", DNS_TXT, "NOERROR aa\nan *.example. 30 TXT \"this is a wildcard\"\n"},
		{"sub.*.example", DNS_TXT,
			"NOERROR aa\nan sub.*.example. 30 TXT \"this is not a wildcard\"\n"},
		{"host2.example", DNS_A, "NOERROR aa\n" NEGATIVE},
		{"_tcp.host2.example", DNS_TXT, "NOERROR aa\n" NEGATIVE},
		{"_ssh._tcp.host2.example", DNS_TXT, "NOERROR aa\n" NEGATIVE},
	};
	struct zone *z = *state;

	z->domain[0].name = STR("example");
	z->domain[0].nname_servers = 0;
	zone_server(z, "ns.example.com.", "", -1);
	zone_server(z, "ns.example.net.", "", -1);
	zone_record(z, "*", "TXT", "\"this is a wildcard\"");
	zone_record(z, "*", "MX", "10 host1");
	zone_record(z, "sub.*", "TXT", "\"this is not a wildcard\"");
	zone_record(z, "host1", "A", "192.0.2.1");
	zone_record(z, "_ssh._tcp.host1", "SRV", "0 0 22 host1");
	zone_record(z, "_ssh._tcp.host2", "SRV", "0 0 22 host2");
	zone_record(z, "subdel", "NS", "ns.example.com.");
	zone_record(z, "subdel", "NS", "ns.example.net.");
	assert_int_equal(zone_build(z), FL_OK);
	for (size_t i = 0; i < COUNT_OF(said); i++)
		assert_string_equal(zone_ask(z, said[i].name, said[i].type), said[i].expected);
#undef NEGATIVE
}

static void rfc4592_wildcard_answers_for_names_that_are_not_there(void **state)
{
	open_rfc4592(*state);
	assert_string_equal(zone_ask(*state, "host3.example.com", DNS_MX),
		"NOERROR aa\nan host3.example.com. 30 MX 10 host1.example.com.\n"
		"ar host1.example.com. 30 A 192.0.2.1\n");
	assert_string_equal(zone_ask(*state, "foo.bar.example.com", DNS_TXT),
		"NOERROR aa\nan foo.bar.example.com. 30 TXT \"this is a wildcard\"\n");
}

static void rfc4592_wildcard_without_the_type_is_nodata(void **state)
{
	open_rfc4592(*state);
	assert_starts(
		zone_ask(*state, "host3.example.com", DNS_A), "NOERROR aa\nns example.com. 10 SOA");
}

static void rfc4592_wildcard_does_not_answer_for_a_name_that_is_there(void **state)
{
	open_rfc4592(*state);
	assert_starts(zone_ask(*state, "host1.example.com", DNS_MX),
		"NOERROR aa\nns example.com. 10 SOA");
	assert_starts(zone_ask(*state, "sub.*.example.com", DNS_MX),
		"NOERROR aa\nns example.com. 10 SOA");
}

static void rfc4592_wildcard_does_not_reach_below_names_that_are_there(void **state)
{
	open_rfc4592(*state);
	assert_starts(zone_ask(*state, "_telnet._tcp.host1.example.com", DNS_SRV),
		"NXDOMAIN aa\nns example.com. 10 SOA");
	assert_starts(zone_ask(*state, "ghost.*.example.com", DNS_MX),
		"NXDOMAIN aa\nns example.com. 10 SOA");
}

static void rfc4592_wildcard_does_not_reach_below_a_delegation(void **state)
{
	open_rfc4592(*state);
	assert_starts(zone_ask(*state, "host.subdel.example.com", DNS_A),
		"NOERROR\nns subdel.example.com. 30 NS ns.example.org.");
}

static void wildcard_host_follows_its_link(void **state)
{
	struct zone *z = *state;

	zone_host(z, "*", "203.0.113.9", 1);
	assert_int_equal(zone_build(z), FL_OK);
	assert_string_equal(zone_ask(z, "a.b.example.com", DNS_A),
		"NOERROR aa\nan a.b.example.com. 30 A 203.0.113.9\n");
	zone_live(z, "2");
	assert_starts(zone_ask(z, "a.b.example.com", DNS_A), "NOERROR aa\nns example.com. 10 SOA");
}

/* ---- reverse zones ---- */

static void classless_reverse_name_has_its_ptr(void **state)
{
	assert_string_equal(zone_ask(*state, "3.0/29.113.0.203.in-addr.arpa", DNS_PTR),
		"NOERROR aa\nan 3.0/29.113.0.203.in-addr.arpa. 30 PTR mail1.example.com.\n");
}

static void address_of_a_classless_network_may_be_asked_plainly(void **state)
{
	assert_string_equal(zone_ask(*state, "4.113.0.203.in-addr.arpa", DNS_PTR),
		"NOERROR aa\nan 4.113.0.203.in-addr.arpa. 30 PTR www-a.example.com.\n");
}

static void ptr_is_answered_while_its_link_is_dead(void **state)
{
	zone_live(*state, "2");
	assert_int_equal(
		count_of(zone_ask(*state, "3.113.0.203.in-addr.arpa", DNS_PTR), "\nan "), 1);
}

static void ptr_of_a_shared_address_is_the_mail_host(void **state)
{
	struct zone *z = *state;

	zone_host(z, "a", "203.0.113.3", 1);
	zone_host(z, "10;mail", "203.0.113.3", 1);
	zone_host(z, "z", "203.0.113.3", 1);
	zone_reverse(z, "203.0.113.0/24");
	assert_int_equal(zone_build(z), FL_OK);
	assert_string_equal(zone_ask(z, "3.113.0.203.in-addr.arpa", DNS_PTR),
		"NOERROR aa\nan 3.113.0.203.in-addr.arpa. 30 PTR mail.example.com.\n");
}

static void reverse_prefix_between_octets_is_several_zones(void **state)
{
	struct zone *z = *state;

	zone_host(z, "a", "10.1.3.9", 1);
	zone_reverse(z, "10.1.0.0/22");
	assert_int_equal(zone_build(z), FL_OK);
	assert_non_null(
		strstr(zone_ask(z, "9.3.1.10.in-addr.arpa", DNS_PTR), "PTR a.example.com."));
	assert_starts(zone_ask(z, "1.2.1.10.in-addr.arpa", DNS_PTR), "NXDOMAIN aa");
	assert_string_equal(zone_ask(z, "1.4.1.10.in-addr.arpa", DNS_PTR), "REFUSED\n");
}

static void ipv6_reverse_is_by_nibbles(void **state)
{
	struct zone *z = *state;

	zone_host(z, "a", "2001:db8::25", 1);
	zone_reverse(z, "2001:db8::/32");
	assert_int_equal(zone_build(z), FL_OK);
	assert_non_null(strstr(zone_ask(z,
				       "5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0."
				       "1.0.0.2.ip6.arpa",
				       DNS_PTR),
		"PTR a.example.com."));
	assert_starts(zone_ask(z, "8.b.d.0.1.0.0.2.ip6.arpa", DNS_SOA), "NOERROR aa\nan ");
}

/* ---- sizes ---- */

static void open_large(struct zone *z)
{
	static char texts[20][16];

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		snprintf(texts[i], sizeof(texts[i]), "text number %d", (int)i);
		zone_record(z, "large", "TXT", texts[i]);
	}
	assert_int_equal(zone_build(z), FL_OK);
}

static void answer_over_512_octets_without_edns_is_truncated_and_empty(void **state)
{
	struct zone *z = *state;

	open_large(z); /* 20 records of about 30 octets */
	assert_string_equal(zone_ask(z, "large.example.com", DNS_TXT), "NOERROR aa tc\n");
	assert_int_equal(z->r.count.truncated, 1);
}

static void answer_over_512_octets_fits_with_edns(void **state)
{
	struct question q;

	open_large(*state);
	question_begin(&q, "large.example.com", DNS_TXT);
	question_edns(&q, 1232, 0);
	assert_int_equal(count_of(zone_send(*state, bytes_of(q.b.at, q.b.n)), "\nan "), 20);
}

static void answer_over_512_octets_fits_over_tcp(void **state)
{
	struct zone *z = *state;

	open_large(z);
	z->client.tcp = true;
	assert_int_equal(count_of(zone_ask(z, "large.example.com", DNS_TXT), "\nan "), 20);
}

static void edns_size_under_512_counts_as_512(void **state)
{
	struct question q;

	question_begin(&q, "example.com", DNS_MX);
	question_edns(&q, 0, 0);
	assert_starts(zone_send(*state, bytes_of(q.b.at, q.b.n)), "NOERROR aa\nan ");
}

static void additional_that_does_not_fit_is_left_out_without_tc(void **state)
{
	static char names[ZONE_MAX][64];
	struct zone *z = *state;
	const char *text;

	for (int i = 0; i < 9; i++) {
		snprintf(
			names[i], sizeof(names[i]), "%d;a-mail-exchange-with-a-long-name-%d", i, i);
		zone_host(z, names[i], "203.0.113.3", 0);
	}
	assert_int_equal(zone_build(z), FL_OK);
	text = zone_ask(z, "example.com", DNS_MX);
	assert_starts(text, "NOERROR aa\n");
	assert_int_equal(count_of(text, "\nan "), 9);
	assert_in_range(count_of(text, "\nar "), 0, 8);
}

/* ---- golden octets ---- */

static void golden_a_answer(void **state)
{
	static const char expected[] =
		"\x12\x34\x85\x00\x00\x01\x00\x01\x00\x00\x00\x00\x05www-a\x07"
		"example\x03"
		"com\x00\x00\x01\x00\x01\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x1e\x00\x04\xcb\x00"
		"\x71"
		"\x04";
	struct zone *z = *state;
	struct question q;
	uint8_t octets[512];
	struct buf reply = buf_of(octets, sizeof(octets));

	question_begin(&q, "www-a.example.com", DNS_A);
	assert_int_equal(
		dns_answer(&z->r, &z->pub, &z->client, bytes_of(q.b.at, q.b.n), &reply), DNS_REPLY);
	assert_int_equal(reply.n, sizeof(expected) - 1);
	assert_memory_equal(reply.at, expected, reply.n);
}

static void golden_mx_answer_is_compressed_against_the_question(void **state)
{
	static const char expected[] =
		"\x12\x34\x85\x00\x00\x01\x00\x02\x00\x00\x00\x02\x07"
		"example\x03"
		"com\x00\x00\x0f\x00\x01"
		"\xc0\x0c\x00\x0f\x00\x01\x00\x00\x00\x1e\x00\x0a\x00\x0a\x05mail1\xc0\x0c"
		"\xc0\x0c\x00\x0f\x00\x01\x00\x00\x00\x1e\x00\x0a\x00\x14\x05mail2\xc0\x0c"
		"\xc0\x2b\x00\x01\x00\x01\x00\x00\x00\x1e\x00\x04\xcb\x00\x71\x03"
		"\xc0\x41\x00\x01\x00\x01\x00\x00\x00\x1e\x00\x04\xc6\x33\x64\x03";
	struct zone *z = *state;
	struct question q;
	uint8_t octets[512];
	struct buf reply = buf_of(octets, sizeof(octets));

	question_begin(&q, "example.com", DNS_MX);
	assert_int_equal(
		dns_answer(&z->r, &z->pub, &z->client, bytes_of(q.b.at, q.b.n), &reply), DNS_REPLY);
	assert_int_equal(reply.n, sizeof(expected) - 1);
	assert_memory_equal(reply.at, expected, reply.n);
}

#define EXAMPLE(test) cmocka_unit_test_setup_teardown(test, open_example, close_zone)
#define EMPTY(test)   cmocka_unit_test_setup_teardown(test, open_empty, close_zone)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EXAMPLE(host_is_answered_while_its_link_is_live),
		EXAMPLE(host_on_a_dead_link_is_nodata_with_soa),
		EXAMPLE(offsite_host_is_always_answered),
		EXAMPLE(with_every_link_dead_all_count_as_live),
		EMPTY(when_dead_answer_keeps_the_address),
		EMPTY(when_dead_address_takes_the_place_of_a_dead_one),
		EMPTY(when_dead_address_is_answered_when_every_link_is_down),
		EMPTY(when_dead_address_of_a_balanced_host_waits_for_all_its_links),
		EMPTY(when_dead_address_of_another_family_is_refused),
		EMPTY(own_address_is_the_links),
		EMPTY(ipv6_host_is_an_aaaa_record),
		EMPTY(host_may_be_the_domain_itself),
		EMPTY(ttl_of_a_host_is_its_own),
		EXAMPLE(ttl_is_five_seconds_while_a_link_is_unsure),
		EXAMPLE(negative_answer_is_short_while_the_link_recovers),
		EXAMPLE(owner_is_in_the_case_asked),
		EXAMPLE(addresses_are_counted_by_link),
		EXAMPLE(balanced_host_without_policy_rotates_all_live),
		EXAMPLE(balanced_host_leaves_dead_members_out),
		EMPTY(priority_answers_the_best_live_member_only),
		EMPTY(priority_answers_the_first_member_with_every_link_dead),
		EMPTY(weighted_puts_the_drawn_member_first_by_its_share),
		EMPTY(policy_all_answers_every_live_member),
		EMPTY(policy_that_is_not_published_answers_every_live_member),
		EXAMPLE(mx_has_the_lowest_preference_first_and_addresses),
		EXAMPLE(mx_leaves_out_an_exchange_without_live_address),
		EXAMPLE(mx_with_no_live_exchange_is_answered_whole),
		EXAMPLE(address_of_an_exchange_is_answered_when_no_exchange_lives),
		EXAMPLE(address_of_a_dead_exchange_is_nodata_while_another_lives),
		EMPTY(mx_is_a_failure_that_passes_while_no_exchange_has_an_address),
		EMPTY(mx_leaves_out_an_exchange_that_waits_for_its_address),
		EMPTY(exchange_with_an_address_of_one_family_waits_for_none),
		EMPTY(balanced_mail_entry_waits_while_no_member_has_an_address),
		EMPTY(mx_to_a_name_that_a_wildcard_answers_follows_its_link),
		EMPTY(exchanges_that_one_wildcard_answers_have_an_address_each),
		EMPTY(exchange_that_a_wildcard_answers_waits_for_its_address),
		EMPTY(equal_preferences_are_served_in_random_order),
		EMPTY(offsite_exchange_stays),
		EMPTY(balanced_mail_entry_lives_while_one_member_does),
		EMPTY(mail_host_with_dots_serves_the_domain),
		EMPTY(preferences_0_and_65535_are_preferences),
		EXAMPLE(ns_has_its_addresses),
		EXAMPLE(name_server_on_a_dead_link_is_left_out),
		EXAMPLE(with_no_live_name_server_all_are_answered),
		EXAMPLE(serial_rises_with_the_generation),
		EMPTY(contact_is_the_soa_mailbox),
		EXAMPLE(srv_brings_the_addresses_of_its_target),
		EXAMPLE(txt_is_one_text_with_its_blanks),
		EMPTY(unknown_type_is_answered_as_written),
		EXAMPLE(any_is_answered_with_one_set),
		EXAMPLE(missing_name_is_nxdomain_with_soa),
		EXAMPLE(missing_type_is_nodata),
		EXAMPLE(name_between_names_is_nodata),
		EMPTY(name_between_two_domains_of_ours_is_nodata),
		EMPTY(negative_ttl_is_never_above_the_ttl),
		EXAMPLE(name_outside_is_refused),
		EXAMPLE(alias_is_followed_inside_the_domain),
		EXAMPLE(alias_itself_is_answered_when_asked_for),
		EMPTY(alias_to_elsewhere_ends_there),
		EMPTY(alias_to_a_missing_name_is_nxdomain),
		EMPTY(long_chain_of_aliases_ends),
		EMPTY(alias_into_another_domain_of_ours_is_followed),
		EXAMPLE(name_below_a_delegation_is_referred_with_glue),
		EXAMPLE(glue_itself_is_referred),
		EXAMPLE(ds_at_a_delegation_is_nodata_from_above),
		EXAMPLE(ds_below_a_delegation_is_referred),
		EMPTY(ds_of_a_domain_below_another_is_nodata_from_above),
		EMPTY(ds_behind_an_alias_to_the_top_of_its_domain_is_nodata_from_above),
		EMPTY(rfc4592_example_zone_is_answered_as_written_there),
		EMPTY(rfc4592_wildcard_answers_for_names_that_are_not_there),
		EMPTY(rfc4592_wildcard_without_the_type_is_nodata),
		EMPTY(rfc4592_wildcard_does_not_answer_for_a_name_that_is_there),
		EMPTY(rfc4592_wildcard_does_not_reach_below_names_that_are_there),
		EMPTY(rfc4592_wildcard_does_not_reach_below_a_delegation),
		EMPTY(wildcard_host_follows_its_link),
		EXAMPLE(classless_reverse_name_has_its_ptr),
		EXAMPLE(address_of_a_classless_network_may_be_asked_plainly),
		EXAMPLE(ptr_is_answered_while_its_link_is_dead),
		EMPTY(ptr_of_a_shared_address_is_the_mail_host),
		EMPTY(reverse_prefix_between_octets_is_several_zones),
		EMPTY(ipv6_reverse_is_by_nibbles),
		EMPTY(answer_over_512_octets_without_edns_is_truncated_and_empty),
		EMPTY(answer_over_512_octets_fits_with_edns),
		EMPTY(answer_over_512_octets_fits_over_tcp),
		EXAMPLE(edns_size_under_512_counts_as_512),
		EMPTY(additional_that_does_not_fit_is_left_out_without_tc),
		EXAMPLE(golden_a_answer),
		EXAMPLE(golden_mx_answer_is_compressed_against_the_question),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
