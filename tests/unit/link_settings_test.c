/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "link_settings.h"

#include "link.h"
#include "test_heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct values {
	SETTINGS_LIST(struct link_conf, links);
};

/* A text of settings and what became of it. */
struct read {
	struct arena mem;
	struct setting schema[2];
	struct settings tree;
	struct values v;
	struct diags why;
	enum fl_err err;
	char said[4096];
};

static void read_text(struct read *r, const char *text)
{
	struct textbuf t = textbuf_of(r->said, sizeof(r->said));
	struct sink out = textbuf_sink(&t);

	memset(&r->v, 0, sizeof(r->v));
	memset(r->schema, 0, sizeof(r->schema));
	arena_init(&r->mem, &heap);
	r->schema[0] = link_setting;
	r->schema[0].offset = offsetof(struct values, links);
	diags_init(&r->why, &r->mem);
	assert_int_equal(settings_init(&r->tree, r->schema, &r->mem), FL_OK);
	r->err = settings_parse(&r->tree, str_of(text), &r->why);
	if (!r->err)
		r->err = settings_bind(&r->tree, &r->mem, &r->v, &r->why);
	diags_print(&r->why, NULL, &out);
}

/* `text` is taken, with exactly these complaints (none: ""). */
static void assert_taken(const char *text, const char *warning)
{
	struct read r;

	read_text(&r, text);
	if (r.err)
		print_message("%s", r.said);
	assert_int_equal(r.err, FL_OK);
	assert_int_equal(r.why.warnings, warning[0] != '\0');
	assert_non_null(strstr(r.said, warning));
	arena_reset(&r.mem);
}

/* `text` is refused, and the one error says so. */
static void assert_refused(const char *text, const char *error)
{
	struct read r;

	read_text(&r, text);
	if (!strstr(r.said, error))
		print_message("%s", r.said);
	assert_int_equal(r.err, FL_EFORMAT);
	assert_int_equal(r.why.errors, 1);
	assert_non_null(strstr(r.said, error));
	arena_reset(&r.mem);
}

#define TARGETS                                                                                    \
	"monitor { target 192.0.2.53 ping, target 192.0.2.54 ping, target 192.0.2.55 ping }\n"
#define WAN(more)                                                                                  \
	"link wan1 { interface eth0, address 203.0.113.2/29, gateway 203.0.113.1\n" more "\n}\n"

static void every_row_fills_its_field(void **state)
{
	struct read r;
	const struct link_conf *c;

	(void)state;
	read_text(&r, "link wan1 {\n"
		      "interface eth0, address 203.0.113.2/29, address 2001:db8::2/64\n"
		      "gateway 203.0.113.1, gateway fe80::1\n"
		      "bandwidth { down 200M, up 50M }, weight 4, role backup, disabled\n"
		      "monitor { target 192.0.2.53 ping, target 198.51.100.53 dns example.org\n"
		      "target 2001:db8:1::1 ping, interval 500ms, hold 1m } }\n");
	assert_int_equal(r.err, FL_OK);
	assert_string_equal(r.said, "");
	c = r.v.links;
	assert_int_equal(r.v.nlinks, 1);
	assert_true(str_is(c->name, "wan1"));
	assert_true(str_is(c->interface, "eth0"));
	assert_int_equal(c->naddresses, 2);
	assert_int_equal(link_conf_address(c, 4)->bits, 29);
	assert_int_equal(link_conf_address(c, 6)->bits, 64);
	assert_int_equal(link_conf_gateway(c, 4)->b[3], 1);
	assert_int_equal(link_conf_gateway(c, 6)->b[0], 0xfe);
	assert_int_equal(c->bandwidth.down, 200000000);
	assert_int_equal(c->bandwidth.up, 50000000);
	assert_int_equal(c->weight, 4);
	assert_int_equal(c->role, LINK_BACKUP);
	assert_true(c->disabled);
	assert_int_equal(c->monitor.ntargets, 3);
	assert_int_equal(c->monitor.targets[1].method, LINK_DNS);
	assert_true(str_is(c->monitor.targets[1].query, "example.org"));
	assert_int_equal(c->monitor.interval.us, 500000);
	assert_int_equal(c->monitor.hold.us, 60000000);
	arena_reset(&r.mem);
}

static void what_is_left_out_has_its_default(void **state)
{
	struct read r;
	const struct link_conf *c;

	(void)state;
	read_text(&r, WAN(TARGETS));
	assert_int_equal(r.err, FL_OK);
	c = r.v.links;
	assert_int_equal(c->weight, 0);
	assert_int_equal(c->role, LINK_PRIMARY);
	assert_false(c->disabled);
	assert_int_equal(c->monitor.interval.us, 1000000);
	assert_int_equal(c->monitor.hold.us, 3000000);
	arena_reset(&r.mem);
}

static void targets_keep_their_order(void **state)
{
	struct read r;

	(void)state;
	read_text(&r, WAN("monitor { target 192.0.2.9 ping, target 192.0.2.1 ping,"
			  "target 192.0.2.5 ping }"));
	assert_int_equal(r.err, FL_OK);
	assert_int_equal(r.v.links[0].monitor.targets[0].addr.b[3], 9);
	assert_int_equal(r.v.links[0].monitor.targets[1].addr.b[3], 1);
	assert_int_equal(r.v.links[0].monitor.targets[2].addr.b[3], 5);
	arena_reset(&r.mem);
}

static void one_host_can_be_asked_in_two_ways(void **state)
{
	(void)state;
	assert_taken(WAN("monitor { target 192.0.2.1 ping, target 192.0.2.1 dns example.org,"
			 "target 192.0.2.5 ping }"),
		"");
}

static void link_needs_an_interface(void **state)
{
	(void)state;
	assert_refused("link wan1 { address 203.0.113.2/29\n" TARGETS "}\n", "interface");
}

static void interface_must_be_a_name(void **state)
{
	(void)state;
	assert_refused("link wan1 { interface eth0/1, address 203.0.113.2/29\n" TARGETS "}\n",
		"\"eth0/1\" cannot be the name of an interface");
}

static void special_address_is_refused(void **state)
{
	(void)state;
	assert_refused("link wan1 { interface eth0, address 127.0.0.2/29\n" TARGETS "}\n",
		"a link cannot have 127.0.0.2");
}

static void broadcast_address_is_refused(void **state)
{
	(void)state;
	assert_refused("link wan1 { interface eth0, address 203.0.113.7/29\n" TARGETS "}\n",
		"is the broadcast address");
}

static void both_addresses_of_a_31_bit_network_can_be_used(void **state)
{
	(void)state;
	assert_taken(
		"link wan1 { interface eth0, address 203.0.113.2/31, gateway 203.0.113.3\n" TARGETS
		"}\n",
		"");
}

static void gateway_outside_the_networks_is_refused(void **state)
{
	(void)state;
	assert_refused(
		"link wan1 { interface eth0, address 203.0.113.2/29, gateway 203.0.113.9\n" TARGETS
		"}\n",
		"203.0.113.9 is in no network of the link's addresses");
}

static void broadcast_address_as_gateway_is_refused(void **state)
{
	(void)state;
	assert_refused(
		"link wan1 { interface eth0, address 203.0.113.2/29, gateway 203.0.113.7\n" TARGETS
		"}\n",
		"203.0.113.7 stands for the network itself or for all in it");
}

static void own_address_as_gateway_is_refused(void **state)
{
	(void)state;
	assert_refused(
		"link wan1 { interface eth0, address 203.0.113.2/29, gateway 203.0.113.2\n" TARGETS
		"}\n",
		"is the link's own address");
}

static void second_gateway_of_a_family_is_refused(void **state)
{
	(void)state;
	assert_refused(WAN("gateway 203.0.113.3\n" TARGETS), "has another IPv4 gateway already");
}

static void target_of_a_family_without_address_is_refused(void **state)
{
	(void)state;
	assert_refused(WAN(TARGETS "monitor target 2001:db8::1 ping"),
		"the link has no IPv6 address to ask 2001:db8::1 from");
}

static void special_target_is_refused(void **state)
{
	(void)state;
	assert_refused(WAN(TARGETS "monitor target 224.0.0.1 ping"), "224.0.0.1 cannot be asked");
}

static void own_address_as_target_is_refused(void **state)
{
	(void)state;
	assert_refused(WAN(TARGETS "monitor target 203.0.113.2 ping"), "it answers always");
}

static void gateway_as_target_is_warned_of(void **state)
{
	(void)state;
	assert_taken(WAN(TARGETS "monitor target 203.0.113.1 ping"), "own segment");
}

static void dns_target_without_a_name_is_refused(void **state)
{
	(void)state;
	assert_refused(WAN(TARGETS "monitor target 192.0.2.60 dns"), "needs a name to ask for");
}

static void dns_target_with_a_bad_name_is_refused(void **state)
{
	(void)state;
	assert_refused(WAN(TARGETS "monitor target 192.0.2.60 dns a..b"), "is not a host name");
}

static void ping_target_with_a_name_is_refused(void **state)
{
	(void)state;
	assert_refused(
		WAN(TARGETS "monitor target 192.0.2.60 ping example.org"), "ping asks for no name");
}

static void tcp_target_needs_a_port(void **state)
{
	(void)state;
	assert_refused(WAN(TARGETS "monitor target 192.0.2.60 tcp"), "needs a port");
	assert_refused(WAN(TARGETS "monitor target 192.0.2.60 tcp 0"), "\"0\" is no port");
	assert_refused(WAN(TARGETS "monitor target 192.0.2.60 tcp 65536"), "is no port");
}

static void http_target_needs_a_page(void **state)
{
	(void)state;
	assert_refused(WAN(TARGETS "monitor target 192.0.2.60 http"), "needs a page");
	assert_refused(WAN(TARGETS "monitor target 192.0.2.60 http http://a/"),
		"is not the host and path of a page");
}

static void only_a_page_can_be_expected_to_hold_something(void **state)
{
	(void)state;
	assert_refused(WAN(TARGETS "monitor target 192.0.2.60 dns example.org 204"),
		"only a page can be expected to hold");
}

static void quota_is_a_number_of_octets(void **state)
{
	(void)state;
	assert_taken(WAN(TARGETS "metered { quota 20G, reset-day 31, probe-budget 5M }"), "");
	assert_refused(WAN(TARGETS "metered quota 20X"), "is no number of octets");
	assert_refused(WAN(TARGETS "metered quota G"), "is no number of octets");
	assert_refused(WAN(TARGETS "metered quota 99999999999T"), "is no number of octets");
	assert_refused(WAN(TARGETS "metered quota 1000"), "is too little for a month");
	assert_refused(WAN(TARGETS "metered { quota 20G, reset-day 32 }"), "reset-day");
	assert_refused(WAN(TARGETS "metered reset-day 3"), "quota");
}

static void https_is_no_target(void **state)
{
	(void)state;
	assert_refused(
		WAN(TARGETS "monitor target 192.0.2.60 https www.example.org/"), "\"https\"");
}

static void service_check_of_https_needs_a_page(void **state)
{
	(void)state;
	assert_refused(WAN(TARGETS "monitor service-check 192.0.2.60 https"), "needs a page");
	assert_refused(WAN(TARGETS "monitor service-check 192.0.2.60 https https://a/"),
		"is not the host and path of a page");
}

static void service_check_of_the_mtu_needs_a_size_that_can_be_sent(void **state)
{
	(void)state;
	assert_refused(WAN(TARGETS "monitor service-check 192.0.2.60 mtu 500"),
		"\"500\" is not the size of a packet");
	assert_refused(WAN(TARGETS "monitor service-check 192.0.2.60 mtu 9001"),
		"\"9001\" is not the size of a packet");
}

static void fifth_service_check_is_refused(void **state)
{
	(void)state;
	assert_refused(WAN(TARGETS "monitor service-check 192.0.2.80 tcp 1\n"
				   "monitor service-check 192.0.2.81 tcp 1\n"
				   "monitor service-check 192.0.2.82 tcp 1\n"
				   "monitor service-check 192.0.2.83 tcp 1\n"
				   "monitor service-check 192.0.2.84 tcp 1"),
		"5 service checks; 4 can be used");
}

static void ninth_target_is_refused(void **state)
{
	(void)state;
	assert_refused(WAN("monitor { target 192.0.2.1 ping, target 192.0.2.2 ping,"
			   "target 192.0.2.3 ping, target 192.0.2.4 ping, target 192.0.2.5 ping,"
			   "target 192.0.2.6 ping, target 192.0.2.7 ping, target 192.0.2.8 ping,"
			   "target 192.0.2.9 ping }"),
		"the link has 9 targets; 8 can be used");
}

static void few_targets_are_warned_of(void **state)
{
	(void)state;
	assert_taken(WAN("monitor target 192.0.2.1 ping"), "1 target, 3 or more are advised");
	assert_taken(WAN(""), "counts as up while it has a carrier");
}

static void disabled_link_is_not_warned_of(void **state)
{
	(void)state;
	assert_taken("link wan1 { interface eth0, disabled }\n", "");
}

static void shaping_needs_a_bandwidth_that_can_be_kept_to(void **state)
{
	(void)state;
	assert_taken(WAN("bandwidth { down 20M, up 5M }, shaping yes\n" TARGETS), "");
	assert_taken(WAN("bandwidth up 5M, shaping yes\n" TARGETS), "");
	assert_refused(WAN("shaping yes\n" TARGETS), "what the link is to be kept to");
	assert_refused(WAN("bandwidth { down 20M, up 63999 }, shaping yes\n" TARGETS),
		"cannot be kept to so little");
}

static void values_out_of_range_are_refused(void **state)
{
	(void)state;
	assert_refused(WAN(TARGETS "weight 241"), "weight");
	assert_refused(WAN(TARGETS "monitor interval 100ms"), "interval");
	assert_refused(WAN(TARGETS "monitor hold 6m"), "hold");
}

static void every_mistake_of_a_link_is_told(void **state)
{
	struct read r;

	(void)state;
	read_text(&r, "link wan1 { interface eth0, address 127.0.0.1/8, gateway 10.0.0.1,"
		      "monitor target 192.0.2.1 dns }\n");
	assert_int_equal(r.why.errors, 3);
	arena_reset(&r.mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_fills_its_field),
		cmocka_unit_test(what_is_left_out_has_its_default),
		cmocka_unit_test(targets_keep_their_order),
		cmocka_unit_test(one_host_can_be_asked_in_two_ways),
		cmocka_unit_test(link_needs_an_interface),
		cmocka_unit_test(interface_must_be_a_name),
		cmocka_unit_test(special_address_is_refused),
		cmocka_unit_test(broadcast_address_is_refused),
		cmocka_unit_test(both_addresses_of_a_31_bit_network_can_be_used),
		cmocka_unit_test(gateway_outside_the_networks_is_refused),
		cmocka_unit_test(broadcast_address_as_gateway_is_refused),
		cmocka_unit_test(own_address_as_gateway_is_refused),
		cmocka_unit_test(second_gateway_of_a_family_is_refused),
		cmocka_unit_test(target_of_a_family_without_address_is_refused),
		cmocka_unit_test(special_target_is_refused),
		cmocka_unit_test(own_address_as_target_is_refused),
		cmocka_unit_test(gateway_as_target_is_warned_of),
		cmocka_unit_test(dns_target_without_a_name_is_refused),
		cmocka_unit_test(dns_target_with_a_bad_name_is_refused),
		cmocka_unit_test(ping_target_with_a_name_is_refused),
		cmocka_unit_test(tcp_target_needs_a_port),
		cmocka_unit_test(http_target_needs_a_page),
		cmocka_unit_test(only_a_page_can_be_expected_to_hold_something),
		cmocka_unit_test(quota_is_a_number_of_octets),
		cmocka_unit_test(https_is_no_target),
		cmocka_unit_test(service_check_of_https_needs_a_page),
		cmocka_unit_test(service_check_of_the_mtu_needs_a_size_that_can_be_sent),
		cmocka_unit_test(fifth_service_check_is_refused),
		cmocka_unit_test(ninth_target_is_refused),
		cmocka_unit_test(few_targets_are_warned_of),
		cmocka_unit_test(disabled_link_is_not_warned_of),
		cmocka_unit_test(shaping_needs_a_bandwidth_that_can_be_kept_to),
		cmocka_unit_test(values_out_of_range_are_refused),
		cmocka_unit_test(every_mistake_of_a_link_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
