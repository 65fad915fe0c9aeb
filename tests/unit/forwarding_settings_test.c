/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "forwarding_settings.h"

#include "forwarding.h"
#include "link_settings.h"
#include "policy_settings.h"
#include "test_heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct values {
	SETTINGS_LIST(struct link_conf, links);
	SETTINGS_LIST(struct lan_conf, lans);
	SETTINGS_LIST(struct policy_conf, policies);
	SETTINGS_LIST(struct address_set_conf, sets);
	SETTINGS_LIST(struct rule_conf, rules);
	SETTINGS_LIST(struct forward_conf, forwards);
	SETTINGS_LIST(struct forward_conf, nats);
};

struct fixture {
	struct arena mem;
	struct setting schema[8];
	struct values v;
	struct diags why;
	char text[4096]; /* what is wrong */
};

static const char basis[] =
	"link wan1 { interface eth0, address 203.0.113.2/29, gateway 203.0.113.1,\n"
	"monitor { target 192.0.2.53 ping } }\n"
	"link wan2 { interface eth1, address 198.51.100.2/29, gateway 198.51.100.1,\n"
	"monitor { target 192.0.2.53 ping } }\n"
	"lan office { interface eth2, address 192.168.1.1/24 }\n"
	"policy primary { method priority, member wan1, member wan2 }\n";

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	arena_init(&f->mem, &heap);
	f->schema[0] = link_setting;
	f->schema[0].offset = offsetof(struct values, links);
	f->schema[1] = lan_setting;
	f->schema[1].offset = offsetof(struct values, lans);
	f->schema[2] = policy_setting;
	f->schema[2].offset = offsetof(struct values, policies);
	f->schema[3] = rule_setting;
	f->schema[3].offset = offsetof(struct values, rules);
	f->schema[4] = forward_setting;
	f->schema[4].offset = offsetof(struct values, forwards);
	f->schema[5] = address_set_setting;
	f->schema[5].offset = offsetof(struct values, sets);
	f->schema[6] = nat_setting;
	f->schema[6].offset = offsetof(struct values, nats);
	diags_init(&f->why, &f->mem);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	arena_reset(&f->mem);
	free(f);
	return 0;
}

/* Parse, bind and check the basis and `more`; what is wrong goes to f->text. */
static void load(struct fixture *f, const char *more)
{
	struct textbuf t = textbuf_of(f->text, sizeof(f->text));
	struct sink out = textbuf_sink(&t);
	struct settings s;
	struct forwarding_source source;
	enum fl_err err;

	assert_int_equal(settings_init(&s, f->schema, &f->mem), FL_OK);
	assert_int_equal(settings_parse(&s, str_of(basis), &f->why), FL_OK);
	err = settings_parse(&s, str_of(more), &f->why);
	if (!err)
		err = settings_bind(&s, &f->mem, &f->v, &f->why);
	source = (struct forwarding_source){.links = f->v.links,
		.nlinks = f->v.nlinks,
		.lans = f->v.lans,
		.nlans = f->v.nlans,
		.policies = f->v.policies,
		.npolicies = f->v.npolicies,
		.sets = f->v.sets,
		.nsets = f->v.nsets,
		.rules = f->v.rules,
		.nrules = f->v.nrules,
		.forwards = f->v.forwards,
		.nforwards = f->v.nforwards,
		.nats = f->v.nats,
		.nnats = f->v.nnats};
	if (!err)
		forwarding_check(&source, &f->why);
	diags_print(&f->why, NULL, &out);
}

static void expect_wrong(struct fixture *f, const char *more, const char *what)
{
	load(f, more);
	assert_true(f->why.errors > 0);
	if (!strstr(f->text, what))
		fail_msg("expected \"%s\", got:\n%s", what, f->text);
}

static void a_rule_names_sets_lans_and_code_points(void **state)
{
	struct fixture *f = *state;

	load(f, "address-set them { address 198.51.100.0/24, address 2001:db8::/32 }\n"
		"rule 10 { destination-set them, lan office, dscp af31, policy primary }\n"
		"rule 20 { policy primary }");
	assert_int_equal(f->why.errors, 0);
	assert_int_equal(f->v.sets[0].naddresses, 2);
	assert_int_equal(f->v.rules[0].destination_set, 0);
	assert_true(f->v.rules[0].source_set < 0);
	assert_int_equal(f->v.rules[0].lan, 0);
	assert_int_equal(f->v.rules[0].dscp, 26 + 1);
	assert_true(f->v.rules[1].lan < 0 && f->v.rules[1].destination_set < 0);
	assert_int_equal(f->v.rules[1].dscp, 0);
}

static void code_points_are_numbers_or_names(void **state)
{
	static const struct {
		const char *text;
		uint32_t dscp;
	} good[] = {{"0", 0}, {"63", 63}, {"ef", 46}, {"EF", 46}, {"cs5", 40}, {"af43", 38}};
	static const char *const bad[] = {"64", "cs8", "af44", "af51", "e", "", "ef1"};
	char words[128];
	uint32_t out;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		struct textbuf why = textbuf_of(words, sizeof(words));

		assert_true(rule_dscp_parse(str_of(good[i].text), &out, &why));
		assert_int_equal(out, good[i].dscp + 1);
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct textbuf why = textbuf_of(words, sizeof(words));

		assert_false(rule_dscp_parse(str_of(bad[i]), &out, &why));
		assert_true(why.n > 0);
	}
}

static void a_rule_is_read_with_all_its_fields(void **state)
{
	struct fixture *f = *state;

	load(f, "rule 10 { protocol tcp, port 8000-8080, source 192.168.1.25/32, policy primary }");
	assert_int_equal(f->why.errors, 0);
	assert_int_equal(f->v.nrules, 1);
	assert_int_equal(f->v.rules[0].number, 10);
	assert_int_equal(f->v.rules[0].protocol, RULE_TCP);
	assert_int_equal(f->v.rules[0].port.first, 8000);
	assert_int_equal(f->v.rules[0].port.last, 8080);
	assert_int_equal(f->v.rules[0].source.bits, 32);
	assert_int_equal(f->v.rules[0].policy, 0);
}

static void a_forward_is_read_with_all_its_addresses(void **state)
{
	struct fixture *f = *state;

	load(f, "forward smtp { to 192.168.1.25, protocol tcp, port 25, to-port 2525,\n"
		"on wan1 203.0.113.3, on wan2 198.51.100.3 }");
	assert_int_equal(f->why.errors, 0);
	assert_int_equal(f->v.forwards[0].protocol, RULE_TCP);
	assert_int_equal(f->v.forwards[0].to_port, 2525);
	assert_int_equal(f->v.forwards[0].non, 2);
	assert_int_equal(f->v.forwards[0].on[1].link, 1);
}

static void a_forward_may_have_several_servers(void **state)
{
	struct fixture *f = *state;
	const struct forward_conf *c;

	load(f, "forward web { to 192.168.1.25, to 192.168.1.26 3, protocol tcp, port 443,\n"
		"persist, check ping, on wan1 203.0.113.3 }");
	assert_int_equal(f->why.errors, 0);
	c = &f->v.forwards[0];
	assert_int_equal(c->nto, 2);
	assert_int_equal(c->to[0].weight, 1);
	assert_int_equal(c->to[1].weight, 3);
	assert_int_equal(c->check, FORWARD_CHECK_PING);
	assert_true(c->persist);
}

static void a_forward_leads_somewhere(void **state)
{
	expect_wrong(*state, "forward x { protocol tcp, port 25, on wan1 203.0.113.3 }",
		"it is not said where it leads to");
}

static void a_udp_server_is_not_asked_by_tcp(void **state)
{
	expect_wrong(*state,
		"forward x { to 192.168.1.25, protocol udp, port 53, check tcp, on wan1 "
		"203.0.113.3 }",
		"accepts no connections");
}

static void servers_of_two_families_do_not_share(void **state)
{
	expect_wrong(*state,
		"forward x { to 192.168.1.25, to fd00::1, protocol tcp, port 53, on wan1 "
		"203.0.113.3 }",
		"the servers are not of the same family");
}

static void a_whole_address_has_no_two_hosts(void **state)
{
	expect_wrong(*state, "nat x { to 192.168.1.25, to 192.168.1.26, on wan1 203.0.113.3 }",
		"an address stands for one host");
}

static void no_more_servers_are_checked_than_can_be(void **state)
{
	char text[4096];
	struct textbuf t = textbuf_of(text, sizeof(text));

	for (int i = 0; i < 3; i++) {
		textbuf_printf(&t, "forward f%d { protocol tcp, port %d, on wan1 203.0.113.3\n", i,
			80 + i);
		for (int k = 0; k < 11; k++)
			textbuf_printf(&t, "to 192.168.1.%d\n", 25 + k);
		textbuf_printf(&t, "}\n");
	}
	expect_wrong(*state, text, "more than 32 servers would be checked");
}

static void a_host_has_a_whole_address_on_each_link(void **state)
{
	struct fixture *f = *state;

	load(f, "nat mail { to 192.168.1.25, on wan1 203.0.113.3, on wan2 198.51.100.3,\n"
		"source 198.18.0.0/15 }\n"
		"forward web { to 192.168.1.26, protocol tcp, port 443, on wan1 203.0.113.3 }");
	assert_int_equal(f->why.errors, 0);
	assert_int_equal(f->v.nnats, 1);
	assert_int_equal(f->v.nats[0].protocol, RULE_ANY_PROTOCOL);
	assert_int_equal(f->v.nats[0].non, 2);
	assert_int_equal(f->v.nats[0].nsources, 1);
}

static void the_routers_own_address_is_nobody_elses(void **state)
{
	expect_wrong(*state, "nat x { to 192.168.1.25, on wan1 203.0.113.2 }",
		"this is the router's own address on link wan1");
}

static void a_whole_address_stands_for_one_host(void **state)
{
	expect_wrong(*state,
		"nat a { to 192.168.1.25, on wan1 203.0.113.3 }\n"
		"nat b { to 192.168.1.26, on wan1 203.0.113.3 }",
		"nat a has 203.0.113.3 already");
}

static void a_host_has_one_address_a_link(void **state)
{
	expect_wrong(*state,
		"nat a { to 192.168.1.25, on wan1 203.0.113.3 }\n"
		"nat b { to 192.168.1.25, on wan1 203.0.113.4 }",
		"the host has an address on link wan1 already");
}

static void a_whole_address_of_no_link_is_refused(void **state)
{
	expect_wrong(*state, "nat x { to 192.168.1.25 }", "is published on no link");
	expect_wrong(*state, "nat x { to 192.168.1.25, on wan1 2001:db8::1 }",
		"is not of the server's family");
}

static void a_port_without_tcp_or_udp_is_refused(void **state)
{
	expect_wrong(*state, "rule 10 { port 25, policy primary }", "only TCP and UDP have ports");
}

static void a_range_of_ports_that_ends_before_it_begins_is_refused(void **state)
{
	expect_wrong(*state, "rule 10 { protocol tcp, port 80-25, policy primary }",
		"ends before it begins");
}

static void port_zero_is_refused(void **state)
{
	expect_wrong(*state, "rule 10 { protocol tcp, port 0, policy primary }", "is not a port");
}

static void a_range_without_its_end_is_refused(void **state)
{
	expect_wrong(*state, "rule 10 { protocol tcp, port 25-, policy primary }", "is not a port");
}

static void a_rule_needs_a_policy(void **state)
{
	expect_wrong(*state, "rule 10 { protocol tcp, port 25 }", "policy");
}

static void a_rule_with_two_families_is_refused(void **state)
{
	expect_wrong(*state,
		"rule 10 { source 192.168.1.0/24, destination 2001:db8::/32, policy primary }",
		"same family");
}

#define SERVED "lan home { interface lan7, address 192.168.7.1/24, dns-server }\n"

static void a_rule_names_domains(void **state)
{
	struct fixture *f = *state;

	load(f, SERVED "rule 10 { destination-domain example.net, destination-domain _x-1.EXAMPLE, "
		       "policy primary }");
	assert_int_equal(f->why.errors, 0);
	assert_int_equal(f->v.rules[0].ndomains, 2);
	assert_true(str_is(f->v.rules[0].domains[0].name, "_x-1.EXAMPLE") ||
		    str_is(f->v.rules[0].domains[1].name, "_x-1.EXAMPLE"));
}

static void the_router_is_in_no_lan(void **state)
{
	expect_wrong(
		*state, "rule 10 { from router, lan office, policy primary }", "come from no lan");
}

static void what_is_no_domain_is_refused(void **state)
{
	static const char *const bad[] = {"example..net", ".net", "example.net.", "a/b", "\"a#b\"",
		"*", "\"a b\"", "b\xc3\xbc.example",
		"a123456789012345678901234567890123456789012345678901234567890123.net"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		char text[200];
		void *each = NULL;

		assert_int_equal(setup(&each), 0);
		snprintf(text, sizeof(text),
			SERVED "rule 10 { destination-domain %s, policy primary }", bad[i]);
		expect_wrong(each, text, "is no domain");
		teardown(&each);
	}
}

static void a_domain_needs_a_lan_that_asks_the_router(void **state)
{
	expect_wrong(*state, "rule 10 { destination-domain example.net, policy primary }",
		"no lan may ask it");
}

static void a_lan_that_does_not_ask_the_router_is_warned_about(void **state)
{
	struct fixture *f = *state;

	load(f, SERVED "rule 10 { lan office, destination-domain example.net, policy primary }");
	assert_int_equal(f->why.errors, 0);
	assert_non_null(strstr(f->text, "clients of lan office do not ask the router"));
}

static void no_more_rules_name_a_domain_than_dnsmasq_can_read(void **state)
{
	char text[4096] = SERVED;
	size_t n = strlen(text);

	for (int i = 1; i <= 13; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
			"rule %d { destination-domain %sexample.net, policy primary }\n", i,
			i == 13 ? "www." : "");
	expect_wrong(*state, text, "more than 12 rules name this domain");
}

static void a_rule_that_is_never_reached_is_warned_about(void **state)
{
	struct fixture *f = *state;

	load(f, "rule 10 { policy primary }\nrule 20 { protocol tcp, port 25, policy primary }");
	assert_int_equal(f->why.errors, 0);
	assert_non_null(strstr(f->text, "rule 10 matches first"));
}

static void a_forward_is_for_tcp_or_udp(void **state)
{
	expect_wrong(*state,
		"forward x { to 192.168.1.25, protocol icmp, port 25, on wan1 203.0.113.3 }",
		"neither tcp nor udp");
}

static void a_forward_to_no_lan_is_refused(void **state)
{
	expect_wrong(*state,
		"forward x { to 10.0.0.1, protocol tcp, port 25, on wan1 203.0.113.3 }",
		"is in no LAN");
}

static void a_forward_from_another_links_address_is_refused(void **state)
{
	expect_wrong(*state,
		"forward x { to 192.168.1.25, protocol tcp, port 25, on wan1 198.51.100.3 }",
		"is not in a network of link wan1");
}

static void a_forward_from_the_gateways_address_is_refused(void **state)
{
	expect_wrong(*state,
		"forward x { to 192.168.1.25, protocol tcp, port 25, on wan1 203.0.113.1 }",
		"is the gateway of link wan1");
}

static void one_port_is_published_once(void **state)
{
	expect_wrong(*state,
		"forward a { to 192.168.1.25, protocol tcp, port 20-30, on wan1 203.0.113.3 }\n"
		"forward b { to 192.168.1.26, protocol tcp, port 25, on wan1 203.0.113.3 }",
		"has this port of 203.0.113.3 already");
}

static void a_range_of_ports_keeps_its_ports(void **state)
{
	expect_wrong(*state,
		"forward a { to 192.168.1.25, protocol tcp, port 20-30, to-port 5, on wan1 "
		"203.0.113.3 }",
		"keeps its ports");
}

static void a_lan_on_the_interface_of_a_link_is_refused(void **state)
{
	expect_wrong(*state, "lan lab { interface eth0, address 10.0.0.1/24 }",
		"eth0 is the interface of link wan1");
}

static void a_lan_inside_the_network_of_a_link_is_refused(void **state)
{
	expect_wrong(*state, "lan lab { interface eth3, address 203.0.113.6/30 }",
		"overlaps that of link wan1");
}

static void two_lans_may_not_overlap(void **state)
{
	expect_wrong(*state, "lan zoo { interface eth3, address 192.168.1.129/25 }",
		"overlaps that of lan office");
}

static void two_links_on_one_interface_are_refused(void **state)
{
	expect_wrong(*state,
		"\n\n\n\n\n\n\nlink twin { interface eth0, address 203.0.113.3/29, gateway "
		"203.0.113.4 }",
		"error: link twin interface: eth0 is the interface of link wan1: what comes in "
		"could "
		"not be told apart");
}

static void a_disabled_link_may_share_its_interface(void **state)
{
	struct fixture *f = *state;

	load(f, "link off { interface eth0, address 203.0.113.2/29, gateway 203.0.113.1, "
		"disabled }");
	assert_int_equal(f->why.errors, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_rule_is_read_with_all_its_fields),
		TEST(a_rule_names_sets_lans_and_code_points),
		TEST(code_points_are_numbers_or_names),
		TEST(a_forward_is_read_with_all_its_addresses),
		TEST(a_forward_may_have_several_servers),
		TEST(a_forward_leads_somewhere),
		TEST(a_udp_server_is_not_asked_by_tcp),
		TEST(servers_of_two_families_do_not_share),
		TEST(a_whole_address_has_no_two_hosts),
		TEST(no_more_servers_are_checked_than_can_be),
		TEST(a_host_has_a_whole_address_on_each_link),
		TEST(the_routers_own_address_is_nobody_elses),
		TEST(a_whole_address_stands_for_one_host),
		TEST(a_host_has_one_address_a_link),
		TEST(a_whole_address_of_no_link_is_refused),
		TEST(a_port_without_tcp_or_udp_is_refused),
		TEST(a_range_of_ports_that_ends_before_it_begins_is_refused),
		TEST(port_zero_is_refused),
		TEST(a_range_without_its_end_is_refused),
		TEST(a_rule_needs_a_policy),
		TEST(a_rule_with_two_families_is_refused),
		TEST(a_rule_names_domains),
		TEST(the_router_is_in_no_lan),
		cmocka_unit_test(what_is_no_domain_is_refused),
		TEST(a_domain_needs_a_lan_that_asks_the_router),
		TEST(a_lan_that_does_not_ask_the_router_is_warned_about),
		TEST(no_more_rules_name_a_domain_than_dnsmasq_can_read),
		TEST(a_rule_that_is_never_reached_is_warned_about),
		TEST(a_forward_is_for_tcp_or_udp),
		TEST(a_forward_to_no_lan_is_refused),
		TEST(a_forward_from_another_links_address_is_refused),
		TEST(a_forward_from_the_gateways_address_is_refused),
		TEST(one_port_is_published_once),
		TEST(a_range_of_ports_keeps_its_ports),
		TEST(a_lan_on_the_interface_of_a_link_is_refused),
		TEST(a_lan_inside_the_network_of_a_link_is_refused),
		TEST(two_lans_may_not_overlap),
		TEST(two_links_on_one_interface_are_refused),
		TEST(a_disabled_link_may_share_its_interface),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
