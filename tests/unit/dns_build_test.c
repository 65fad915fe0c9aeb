/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is refused when domains are compiled, and that an image is either sound or not opened. */
#include "dns_explain.h"
#include "support/dns_zone.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int open_empty(void **state)
{
	struct zone *z = malloc(sizeof(*z));

	zone_open(z, "example.com");
	zone_server(z, "ns1", "203.0.113.2", 1);
	*state = z;
	return 0;
}

static int open_example(void **state)
{
	struct zone *z = malloc(sizeof(*z));

	zone_example(z);
	assert_int_equal(zone_build(z), FL_OK);
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

/* The build fails with one mistake, whose text holds `what`. */
static void assert_refused(struct zone *z, const char *what)
{
	char text[300];

	assert_int_equal(zone_build(z), FL_EFORMAT);
	assert_int_equal(z->why.errors, 1);
	snprintf(text, sizeof(text), "%.*s", STR_ARG(z->why.first->what));
	if (!strstr(text, what))
		fail_msg("\"%s\" does not say \"%s\"", text, what);
}

static void mail_entry_without_preference_is_refused(void **state)
{
	zone_host(*state, "mail", "203.0.113.3", 1)->mail_entry = true;
	assert_refused(*state, "the mail entry \"mail\" has no preference");
}

static void preference_without_mail_entry_is_refused(void **state)
{
	zone_host(*state, "10;mail", "203.0.113.3", 1)->mail_entry = false;
	assert_refused(*state, "there is a preference and no `mail-entry yes`");
}

static void host_without_link_is_refused(void **state)
{
	zone_host(*state, "www", "203.0.113.3", -1);
	assert_refused(*state, "the link is missing");
}

static void two_hosts_of_one_name_are_refused(void **state)
{
	zone_host(*state, "www", "203.0.113.3", 1);
	zone_host(*state, "WWW", "203.0.113.4", 2);
	assert_refused(*state, "there are two hosts of the name \"WWW\"");
}

static void cname_beside_other_data_is_refused(void **state)
{
	zone_host(*state, "www", "203.0.113.3", 1);
	zone_record(*state, "www", "CNAME", "other");
	assert_refused(*state, "www.example.com. has a CNAME and may have nothing beside it");
}

static void cname_of_the_domain_itself_is_refused(void **state)
{
	zone_record(*state, "@", "CNAME", "www.example.net.");
	assert_refused(*state, "has a CNAME");
}

static void loop_of_aliases_is_refused(void **state)
{
	zone_record(*state, "a", "CNAME", "b");
	zone_record(*state, "b", "CNAME", "c");
	zone_record(*state, "c", "CNAME", "a");
	assert_refused(*state, "the alias a.example.com. leads back to itself");
}

static void alias_of_itself_is_refused(void **state)
{
	zone_record(*state, "a", "CNAME", "A.example.com.");
	assert_refused(*state, "the alias a.example.com. leads back to itself");
}

static void loop_through_a_wildcard_is_refused(void **state)
{
	zone_record(*state, "*.w", "CNAME", "x.w");
	assert_refused(*state, "the alias *.w.example.com. leads back to itself");
}

static void loop_is_told_once(void **state)
{
	struct zone *z = *state;

	zone_record(z, "into", "CNAME", "a");
	zone_record(z, "a", "CNAME", "b");
	zone_record(z, "b", "CNAME", "a");
	assert_int_equal(zone_build(z), FL_EFORMAT);
	assert_int_equal(z->why.errors, 1);
}

static void delegation_without_glue_is_refused(void **state)
{
	zone_record(*state, "sub", "NS", "ns.sub");
	assert_refused(
		*state, "the name server ns.sub.example.com. of a delegation has no address");
}

static void delegation_to_a_server_elsewhere_needs_no_glue(void **state)
{
	zone_record(*state, "sub", "NS", "ns.example.net.");
	zone_record(*state, "sub", "NS", "ns1"); /* a host of this domain */
	assert_int_equal(zone_build(*state), FL_OK);
}

static void mx_to_an_alias_is_refused(void **state)
{
	zone_record(*state, "@", "MX", "10 mail");
	zone_record(*state, "mail", "CNAME", "www.example.net.");
	assert_refused(*state, "the mail exchange mail.example.com. is an alias");
}

static void mx_to_a_name_without_address_is_refused(void **state)
{
	zone_record(*state, "@", "MX", "10 mail");
	assert_refused(*state, "the mail exchange mail.example.com. has no address");
}

static void name_server_without_address_is_refused(void **state)
{
	zone_server(*state, "ns2", "", -1);
	assert_refused(*state, "the name server ns2.example.com. has no address");
}

static void name_server_outside_needs_no_address(void **state)
{
	zone_server(*state, "ns.example.net.", "", -1);
	assert_int_equal(zone_build(*state), FL_OK);
}

static void domain_without_name_server_is_refused(void **state)
{
	struct zone *z = *state;

	z->domain[0].nname_servers = 0;
	assert_refused(z, "a domain needs a name server");
}

static void name_over_255_octets_is_refused(void **state)
{
	static char name[256];

	for (size_t i = 0; i < 250; i++)
		name[i] = i % 2 ? '.' : 'a';
	name[249] = 'a';
	zone_record(*state, name, "A", "192.0.2.1");
	assert_refused(*state, "is too long for a name");
}

static void name_of_another_domain_is_refused(void **state)
{
	zone_record(*state, "www.example.net.", "A", "192.0.2.1");
	assert_refused(*state, "is not a name in this domain");
}

static void name_in_a_domain_below_is_refused_above(void **state)
{
	struct zone *z = *state;

	z->domain[1] = z->domain[0];
	z->domain[1].name = STR("sub.example.com");
	z->source.ndomains = 2;
	z->domain[0].nrecords = 1;
	z->record[0] = (struct dns_record_conf){
		.name = STR("www.sub"), .type = STR("A"), .data = STR("192.0.2.1")};
	z->domain[1].nrecords = 0;
	assert_refused(z, "this name belongs to the domain sub.example.com.");
}

static void domain_that_is_there_twice_is_refused(void **state)
{
	struct zone *z = *state;

	z->domain[1] = z->domain[0];
	z->domain[1].name = STR("EXAMPLE.com.");
	z->source.ndomains = 2;
	assert_refused(z, "is there twice");
}

static void bad_data_is_refused_with_its_reason(void **state)
{
	zone_record(*state, "www", "A", "192.0.2.300");
	assert_refused(*state, "data of A: \"192.0.2.300\" is not an IPv4 address");
}

static void type_that_cannot_be_written_is_refused(void **state)
{
	zone_record(*state, "www", "AXFR", "x");
	assert_refused(*state, "\"AXFR\" is not a type of record");
}

static void wildcard_mail_entry_is_refused(void **state)
{
	zone_host(*state, "10;*", "203.0.113.3", 1);
	assert_refused(*state, "a wildcard cannot be a mail exchange");
}

static void own_address_of_a_link_without_one_is_refused(void **state)
{
	struct zone *z = *state;

	z->links[0].naddresses = 0;
	zone_host(z, "www", "", 1);
	assert_refused(z, "the link has no address of its own");
}

static void all_mistakes_are_told(void **state)
{
	struct zone *z = *state;

	zone_record(z, "a", "A", "x");
	zone_record(z, "b", "A", "y");
	zone_host(z, "c", "203.0.113.3", -1);
	assert_int_equal(zone_build(z), FL_EFORMAT);
	assert_int_equal(z->why.errors, 3);
}

static void preference_that_is_no_number_is_no_host_name(void **state)
{
	static const char *const bad[] = {"x;mail", "65536;mail", ";mail", "-1;mail", "10;", ""};
	struct dns_host_name name;
	char text[120];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct textbuf why = textbuf_of(text, sizeof(text));

		assert_false(dns_host_name_parse(str_of(bad[i]), &name, &why));
		assert_true(why.n > 0);
	}
}

static void running_out_of_memory_is_an_error_and_no_image(void **state)
{
	struct zone *z = *state;

	z->mem.full = true;
	assert_int_equal(zone_build(z), FL_EFULL);
}

/* ---- images ---- */

static void image_works_wherever_it_lies(void **state)
{
	struct zone *z = *state;
	uint8_t *copy = malloc(z->octets.n + 4);

	memcpy(copy + 4, z->octets.at, z->octets.n);
	assert_int_equal(dns_image_open(bytes_of(copy + 4, z->octets.n), &z->r.image), FL_OK);
	assert_string_equal(zone_ask(z, "www-a.example.com", DNS_A),
		"NOERROR aa\nan www-a.example.com. 30 A 203.0.113.4\n");
	free(copy);
}

static void image_that_was_cut_is_not_opened(void **state)
{
	struct zone *z = *state;
	struct dns_image image;

	for (size_t n = 0; n < z->octets.n; n++) {
		uint8_t *copy = malloc(n + 1);

		memcpy(copy, z->octets.at, n);
		assert_int_equal(dns_image_open(bytes_of(copy, n), &image), FL_EFORMAT);
		free(copy);
	}
}

static void image_at_an_odd_place_is_not_opened(void **state)
{
	struct zone *z = *state;
	uint8_t *copy = malloc(z->octets.n + 4);
	struct dns_image image;

	memcpy(copy + 1, z->octets.at, z->octets.n);
	assert_int_equal(dns_image_open(bytes_of(copy + 1, z->octets.n), &image), FL_EFORMAT);
	free(copy);
}

static void domains_are_listed_with_their_serial(void **state)
{
	struct zone *z = *state;
	struct textbuf t = textbuf_of(z->text, sizeof(z->text));
	struct sink out = textbuf_sink(&t);

	z->pub.generation = 7;
	dns_image_list(&z->r.image, &z->pub, &out);
	assert_non_null(strstr(z->text, "example.com. "));
	assert_non_null(strstr(z->text, "serial 1007\n"));
}

static void reverse_zones_are_listed_as_the_rows_they_came_from(void **state)
{
	struct zone *z = *state;
	struct textbuf t = textbuf_of(z->text, sizeof(z->text));
	struct sink out = textbuf_sink(&t);
	unsigned lines = 0;

	zone_reverse(z, "198.51.100.0/29");
	assert_int_equal(zone_build(z), FL_OK);
	dns_image_list(&z->r.image, &z->pub, &out);
	for (const char *p = z->text; (p = strchr(p, '\n')); p++)
		lines++;
	assert_int_equal(lines, 3); /* a domain and two /29s */
	assert_non_null(strstr(z->text, "\n203.0.113.0/29 "));
	assert_non_null(strstr(z->text, "  9 zones\n198.51.100.0/29 "));
}

/* ---- explain ---- */

static const char *explain(struct zone *z, const char *name, const char *type)
{
	struct textbuf t = textbuf_of(z->text, sizeof(z->text));
	struct sink out = textbuf_sink(&t);

	dns_explain(&z->r.image, &z->pub, str_of(name), str_of(type), &out);
	return z->text;
}

static void explain_shows_the_answer_and_why(void **state)
{
	zone_live(*state, "2");
	assert_string_equal(explain(*state, "www.example.com", "A"),
		"status NOERROR\n"
		"answer      www.example.com. 30 IN A 198.51.100.4\n"
		"www.example.com.\n"
		"  A 203.0.113.4  out: not live: wan1\n"
		"  A 198.51.100.4  in: wan2 is live\n");
}

static void explain_says_why_a_dead_exchange_is_answered(void **state)
{
	zone_live(*state, "3");
	assert_non_null(strstr(explain(*state, "mail1.example.com", "A"),
		"  A 203.0.113.3  in, although its link is down, so that nothing bounces: wan1\n"));
}

static void explain_follows_mail_to_its_addresses(void **state)
{
	assert_non_null(strstr(explain(*state, "example.com", "MX"),
		"  MX 20 mail2.example.com.  in: wan2 is live\n"
		"mail1.example.com.\n"
		"  A 203.0.113.3  in: wan1 is live\n"));
}

static void explain_of_a_bad_type_says_so(void **state)
{
	assert_string_equal(explain(*state, "example.com", "BAD"),
		"error: \"BAD\" is not a type: use A, AAAA, MX, TXT, ..., or TYPEnnn\n");
}

static void explain_follows_an_alias(void **state)
{
	zone_live(*state, "23");
	assert_non_null(strstr(explain(*state, "alias.example.com", "A"),
		"www-a.example.com.\n  A 203.0.113.4  out: not live: wan1\n"));
}

static void explain_says_what_the_policy_leaves_out(void **state)
{
	static const int members[] = {2, 3};
	struct zone *z = *state;

	zone_balanced(z, "portal", 0, members, COUNT_OF(members));
	assert_int_equal(zone_build(z), FL_OK);
	zone_live(z, "12");
	assert_non_null(strstr(explain(z, "portal.example.com", "A"),
		"  A 203.0.113.4  in: wan1 is live\n"
		"  A 198.51.100.4  out: wan2 is live, but its policy answers with a better link "
		"alone\n"));
}

static void explain_says_what_a_view_leaves_out(void **state)
{
	struct dns_view_client isp = {.prefix = {{4, {192, 0, 2}}, 24}};
	const struct dns_view_conf view = {.name = STR("isp"),
		.clients = &isp,
		.nclients = 1,
		.link = 1,
		.answer = DNS_VIEW_ONLY};
	const struct ip_addr from = zone_addr("192.0.2.7");
	struct zone *z = *state;
	struct textbuf t = textbuf_of(z->text, sizeof(z->text));
	struct sink out = textbuf_sink(&t);

	z->source.views = &view;
	z->source.nviews = 1;
	assert_int_equal(zone_build(z), FL_OK);
	dns_explain_from(&z->r.image, &z->pub, STR("www.example.com"), STR("A"), &from, &out);
	assert_non_null(strstr(z->text,
		"  A 203.0.113.4  out: wan1 is live, but who asks has a view of wan2\n"
		"  A 198.51.100.4  in: wan2 is live\n"));
}

static void explain_of_a_wildcard_tells_its_links(void **state)
{
	struct zone *z = *state;

	zone_host(z, "*.many", "203.0.113.6", 1);
	assert_int_equal(zone_build(z), FL_OK);
	zone_live(z, "12");
	assert_non_null(strstr(explain(z, "x.many.example.com", "A"),
		"*.many.example.com.\n  A 203.0.113.6  in: wan1 is live\n"));
}

/* ---- for all sets of live links ---- */

static bool has_address_of_link(const char *text, unsigned link)
{
	static const char *const nets[] = {"", " 203.0.113.", " 198.51.100."};

	return strstr(text, nets[link]);
}

static void no_dead_address_is_answered_while_a_live_one_is_there(void **state)
{
	static const char *const sets[] = {"1", "2", "12", "13", "23", "123"};
	static const char *const names[] = {"www.example.com", "www-a.example.com",
		"www-b.example.com", "mail1.example.com", "ns2.example.com"};
	static const uint16_t types[] = {DNS_A, DNS_MX, DNS_NS, DNS_ANY};

	for (size_t i = 0; i < COUNT_OF(sets); i++) {
		zone_live(*state, sets[i]);
		for (size_t n = 0; n < COUNT_OF(names) * COUNT_OF(types); n++) {
			const char *text = zone_ask(
				*state, names[n % COUNT_OF(names)], types[n / COUNT_OF(names)]);

			assert_string_not_equal(text, "malformed");
			if (!strchr(sets[i], '1'))
				assert_false(has_address_of_link(text, 1));
			if (!strchr(sets[i], '2'))
				assert_false(has_address_of_link(text, 2));
		}
	}
}

static void mx_is_never_empty_nor_without_address(void **state)
{
	static const char *const sets[] = {"", "1", "2", "3", "12", "13", "23", "123"};

	for (size_t i = 0; i < COUNT_OF(sets); i++) {
		const char *text;

		zone_live(*state, sets[i]);
		text = zone_ask(*state, "example.com", DNS_MX);
		assert_non_null(strstr(text, "\nan example.com. "));
		for (const char *mx = text; (mx = strstr(mx, " MX ")); mx++) {
			const char *name = strstr(mx, "mail");
			char line[40];

			snprintf(line, sizeof(line), "\nar %.18s ", name);
			assert_non_null(strstr(text, line));
		}
	}
}

#define EMPTY(test)   cmocka_unit_test_setup_teardown(test, open_empty, close_zone)
#define EXAMPLE(test) cmocka_unit_test_setup_teardown(test, open_example, close_zone)

static void names_that_were_gathered_are_good_while_links_keep_number_and_address(void **state)
{
	struct zone *z = *state;
	struct link_address other = {.prefix = {ip_addr_v4(192, 0, 2, 9), 24}};
	struct dns_zones *zones;

	assert_int_equal(dns_zones_gather(&z->source, &z->mem, &z->why, &zones), FL_OK);
	assert_true(dns_zones_fit(zones, &z->source));
	z->links[1].number = 7;
	assert_false(dns_zones_fit(zones, &z->source));
	z->links[1].number = 2;
	assert_true(dns_zones_fit(zones, &z->source));
	z->links[1].addresses = &other;
	assert_false(dns_zones_fit(zones, &z->source));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		EXAMPLE(names_that_were_gathered_are_good_while_links_keep_number_and_address),
		EMPTY(mail_entry_without_preference_is_refused),
		EMPTY(preference_without_mail_entry_is_refused),
		EMPTY(host_without_link_is_refused),
		EMPTY(two_hosts_of_one_name_are_refused),
		EMPTY(cname_beside_other_data_is_refused),
		EMPTY(cname_of_the_domain_itself_is_refused),
		EMPTY(loop_of_aliases_is_refused),
		EMPTY(alias_of_itself_is_refused),
		EMPTY(loop_through_a_wildcard_is_refused),
		EMPTY(loop_is_told_once),
		EMPTY(delegation_without_glue_is_refused),
		EMPTY(delegation_to_a_server_elsewhere_needs_no_glue),
		EMPTY(mx_to_an_alias_is_refused),
		EMPTY(mx_to_a_name_without_address_is_refused),
		EMPTY(name_server_without_address_is_refused),
		EMPTY(name_server_outside_needs_no_address),
		EMPTY(domain_without_name_server_is_refused),
		EMPTY(name_over_255_octets_is_refused),
		EMPTY(name_of_another_domain_is_refused),
		EMPTY(name_in_a_domain_below_is_refused_above),
		EMPTY(domain_that_is_there_twice_is_refused),
		EMPTY(bad_data_is_refused_with_its_reason),
		EMPTY(type_that_cannot_be_written_is_refused),
		EMPTY(wildcard_mail_entry_is_refused),
		EMPTY(own_address_of_a_link_without_one_is_refused),
		EMPTY(all_mistakes_are_told),
		EMPTY(preference_that_is_no_number_is_no_host_name),
		EMPTY(running_out_of_memory_is_an_error_and_no_image),
		EXAMPLE(image_works_wherever_it_lies),
		EXAMPLE(image_that_was_cut_is_not_opened),
		EXAMPLE(image_at_an_odd_place_is_not_opened),
		EXAMPLE(domains_are_listed_with_their_serial),
		EXAMPLE(reverse_zones_are_listed_as_the_rows_they_came_from),
		EXAMPLE(explain_shows_the_answer_and_why),
		EXAMPLE(explain_says_why_a_dead_exchange_is_answered),
		EXAMPLE(explain_follows_mail_to_its_addresses),
		EXAMPLE(explain_of_a_bad_type_says_so),
		EXAMPLE(explain_follows_an_alias),
		EXAMPLE(explain_says_what_the_policy_leaves_out),
		EXAMPLE(explain_says_what_a_view_leaves_out),
		EXAMPLE(explain_of_a_wildcard_tells_its_links),
		EXAMPLE(no_dead_address_is_answered_while_a_live_one_is_there),
		EXAMPLE(mx_is_never_empty_nor_without_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
