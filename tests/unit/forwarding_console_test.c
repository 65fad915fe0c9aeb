/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "forwarding_console.h"
#include "test_heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
	struct link_address addresses[2];
	struct link_conf links[2];
	struct policy_member members[2];
	struct policy_conf policy;
	struct rule_conf rule;
	struct forward_on on;
	struct forward_server servers[2];
	struct forward_conf forward;
	struct published pub;
	struct forwarding_console module;
	struct kernel_count counted[5];
	char text[32768];
};

static enum fl_err counts(void *ctx, kernel_count_each *each, void *each_ctx, struct textbuf *why)
{
	const struct fixture *f = ctx;

	(void)why;
	for (size_t i = 0; i < COUNT_OF(f->counted); i++)
		if (f->counted[i].what.n)
			each(each_ctx, &f->counted[i]);
	return FL_OK;
}

static enum fl_err forget_counts(void *ctx, struct textbuf *why)
{
	struct fixture *f = ctx;

	(void)why;
	memset(f->counted, 0, sizeof(f->counted));
	return FL_OK;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	for (uint8_t i = 0; i < 2; i++) {
		f->addresses[i].prefix =
			(struct ip_prefix){ip_addr_v4(203, 0, (uint8_t)(113 + i), 2), 29};
		f->links[i] = (struct link_conf){.name = i ? STR("wan2") : STR("wan1"),
			.interface = i ? STR("eth1") : STR("eth0"),
			.number = (uint8_t)(i + 1),
			.addresses = &f->addresses[i],
			.naddresses = 1};
		f->members[i].link = i;
	}
	f->policy = (struct policy_conf){.name = STR("spread"),
		.method = POLICY_WEIGHTED,
		.members = f->members,
		.nmembers = 2};
	f->rule = (struct rule_conf){RULE_ANYWHERE, .number = 10, .protocol = RULE_TCP,
		.port = {8000, 8080}, .source = {ip_addr_v4(192, 168, 1, 25), 32}};
	f->on = (struct forward_on){.link = 1, .address = ip_addr_v4(203, 0, 114, 3)};
	f->servers[0] = (struct forward_server){.addr = ip_addr_v4(192, 168, 1, 25), .weight = 1};
	f->servers[1] = (struct forward_server){.addr = ip_addr_v4(192, 168, 1, 26), .weight = 3};
	f->forward = (struct forward_conf){.name = STR("smtp"),
		.to = f->servers,
		.nto = 1,
		.protocol = RULE_TCP,
		.port = {25, 25},
		.to_port = 2525,
		.on = &f->on,
		.non = 1};
	f->pub = (struct published){.configured = 3, .live = 3, .fit = 3, .npolicies = 1};
	f->pub.policy[0] = (struct published_policy){
		.method = POLICY_WEIGHTED, .when_dead = POLICY_DROP, .nlive = 2, .live = {1, 2}};
	f->module = (struct forwarding_console){.published = &f->pub,
		.ctx = f,
		.counts = counts,
		.forget_counts = forget_counts,
		.memory = &heap,
		.source = {.links = f->links,
			.nlinks = 2,
			.policies = &f->policy,
			.npolicies = 1,
			.rules = &f->rule,
			.nrules = 1,
			.forwards = &f->forward,
			.nforwards = 1}};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static const char *run_as(struct fixture *f, const char *grammar, bool json)
{
	struct textbuf t = textbuf_of(f->text, sizeof(f->text));
	struct sink out = textbuf_sink(&t);
	struct console_call call = {.module = &f->module, .out = &out, .json = json};
	const struct console_command *c = forwarding_commands;

	while (c->grammar && strcmp(c->grammar, grammar) != 0)
		c++;
	assert_non_null(c->grammar);
	assert_int_equal(c->run(&call), FL_OK);
	assert_false(t.cut);
	return f->text;
}

static const char *run(struct fixture *f, const char *grammar)
{
	return run_as(f, grammar, false);
}

static void show_nat_says_which_address_connections_leave_with(void **state)
{
	struct fixture *f = *state;
	struct link_address own = {.prefix = {ip_addr_v4(203, 0, 113, 2), 29}};
	const char *text;

	f->links[0].addresses = &own;
	f->links[0].naddresses = 1;
	text = run(f, "show nat");
	assert_non_null(strstr(text, "tcp port 25 from 192.168.1.25"));
	assert_non_null(strstr(text, " (forward smtp)\n"));
	assert_non_null(strstr(text, "everything else                          203.0.113.2\n"));
}

static void show_rules_says_where_connections_go_now(void **state)
{
	const char *text = run(*state, "show rules");

	assert_non_null(strstr(text, "10     tcp port 8000-8080 from 192.168.1.25/32"));
	assert_non_null(strstr(text, "spread               0  wan1, wan2\n"));
	assert_non_null(strstr(text, "the rest"));
}

static void show_rules_adds_up_what_was_counted(void **state)
{
	struct fixture *f = *state;
	const char *text;

	f->counted[0] = (struct kernel_count){STR("rule 10"), 4000000000, 1};
	f->counted[1] = (struct kernel_count){STR("rule 10"), 2, 1};
	f->counted[2] = (struct kernel_count){STR("no rule matches"), 17, 1};
	f->counted[3] = (struct kernel_count){STR("rule 11"), 5, 1};
	f->counted[4] = (struct kernel_count){STR("forward smtp"), 23, 1};
	text = run(f, "show rules");
	assert_non_null(strstr(text, "192.168.1.25/32 spread      4000000002  wan1, wan2\n"));
	assert_non_null(
		strstr(text, "the rest                           -                   17  "));
	assert_non_null(strstr(run(f, "show forwards"), "         23  wan2 203.0.114.3\n"));
	run(f, "clear rules counters");
	assert_non_null(strstr(run(f, "show rules"), "192.168.1.25/32 spread               0  "));
}

static void show_rules_says_when_connections_are_dropped(void **state)
{
	struct fixture *f = *state;

	f->pub.policy[0].nlive = 0;
	assert_non_null(strstr(run(f, "show rules"), "spread               0  dropped\n"));
}

static void show_rules_follows_the_first_live_link_for_the_rest(void **state)
{
	struct fixture *f = *state;
	const char *rest;

	f->pub.live = link_bit(2);
	rest = strstr(run(f, "show rules"), "the rest");
	assert_non_null(rest);
	assert_non_null(strstr(rest, "wan2\n"));
	assert_null(strstr(rest, "wan1"));
}

static void show_forwards_names_server_service_and_links(void **state)
{
	const char *text = run(*state, "show forwards");

	assert_non_null(strstr(text, "smtp"));
	assert_non_null(strstr(text, "tcp port 25 "));
	assert_non_null(strstr(text, "192.168.1.25 port 2525"));
	assert_non_null(strstr(text, "wan2 203.0.114.3\n"));
}

static void show_forwards_says_which_server_is_dead(void **state)
{
	struct fixture *f = *state;
	const char *text;

	f->forward.nto = 2;
	f->servers[0].state = SERVER_ANSWERS;
	f->servers[1].state = SERVER_DEAD;
	text = run(f, "show forwards");
	assert_non_null(strstr(text, "192.168.1.25 port 2525  answers"));
	assert_non_null(strstr(text, "192.168.1.26 port 2525 weight 3  DEAD\n"));
	assert_null(strstr(text, "no server answers"));
	f->servers[0].state = SERVER_DEAD;
	assert_non_null(strstr(run(f, "show forwards"), "no server answers"));
}

static void show_forwards_is_json_for_programs(void **state)
{
	struct fixture *f = *state;
	const char *text;

	f->forward.nto = 2;
	f->servers[0].state = SERVER_ANSWERS;
	f->servers[1].state = SERVER_DEAD;
	f->counted[0] = (struct kernel_count){STR("forward smtp"), 23, 1};
	text = run_as(f, "show forwards", true);
	assert_string_equal(text, "[\n"
				  "    {\n"
				  "        \"forward\": \"smtp\",\n"
				  "        \"service\": \"tcp port 25\",\n"
				  "        \"connections\": 23,\n"
				  "        \"to\": [\n"
				  "            {\n"
				  "                \"address\": \"192.168.1.25\",\n"
				  "                \"port\": 2525,\n"
				  "                \"weight\": 1,\n"
				  "                \"state\": \"answers\"\n"
				  "            },\n"
				  "            {\n"
				  "                \"address\": \"192.168.1.26\",\n"
				  "                \"port\": 2525,\n"
				  "                \"weight\": 3,\n"
				  "                \"state\": \"dead\"\n"
				  "            }\n"
				  "        ],\n"
				  "        \"on\": [\n"
				  "            {\n"
				  "                \"link\": \"wan2\",\n"
				  "                \"address\": \"203.0.114.3\"\n"
				  "            }\n"
				  "        ]\n"
				  "    }\n"
				  "]\n");
}

static void show_forwarding_speaks_the_words_of_ip_and_nft(void **state)
{
	const char *text = run(*state, "show forwarding");

	assert_non_null(strstr(text, "ip address 203.0.113.2/29 dev eth0 noprefixroute\n"));
	assert_non_null(strstr(text, "ip rule pref 201 fwmark 0x1/0xff lookup 101\n"));
	assert_non_null(strstr(text, "\t\tct state established,related accept comment"));
	assert_non_null(strstr(text, "dnat ip to 192.168.1.25 port 2525"));
	assert_non_null(strstr(text, "\t\toifname @wans masquerade\n"));
	assert_non_null(
		strstr(text, "\t\tct mark & 0xff != 0 meta mark set ct mark & 0xff accept"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(show_nat_says_which_address_connections_leave_with),
		TEST(show_rules_says_where_connections_go_now),
		TEST(show_rules_adds_up_what_was_counted),
		TEST(show_rules_says_when_connections_are_dropped),
		TEST(show_rules_follows_the_first_live_link_for_the_rest),
		TEST(show_forwards_names_server_service_and_links),
		TEST(show_forwards_says_which_server_is_dead),
		TEST(show_forwards_is_json_for_programs),
		TEST(show_forwarding_speaks_the_words_of_ip_and_nft),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
