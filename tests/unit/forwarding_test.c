/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "forwarding.h"
#include "forwarding_settings.h"
#include "nft_machine.h"
#include "rng.h"
#include "test_heap.h"

#include "bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- a router ---- */

struct router {
	struct arena mem;
	struct rng rng;
	struct forwarding_source source;
	struct published pub;
	struct link_conf links[4];
	struct link_address addresses[4][2];
	struct link_gateway gateways[4][2];
	struct lan_conf lans[2];
	struct address_set_conf sets[2];
	struct lan_address set_addresses[2][3];
	struct lan_address lan_addresses[3];
	struct lan_delegated delegated[2];
	struct policy_conf policies[4];
	struct policy_member members[4][4];
	struct rule_conf rules[64];
	struct forward_server servers[2][3];
	struct forward_conf forwards[2];
	struct forward_on on[2][2];
	struct forward_conf nat;
	struct kernel_state want;
};

static struct ip_prefix prefix(const char *text)
{
	struct ip_prefix p;

	assert_int_equal(ip_prefix_parse(str_of(text), &p), FL_OK);
	return p;
}

static struct ip_addr addr(const char *text)
{
	struct ip_addr a;

	assert_int_equal(ip_addr_parse(str_of(text), &a), FL_OK);
	return a;
}

static void make_link(struct router *r, size_t i)
{
	static const struct {
		const char *name, *interface, *address[2], *gateway[2];
	} links[] = {
		{"wan1", "eth0", {"203.0.113.2/29", "2001:db8:1::2/64"},
			{"203.0.113.1", "2001:db8:1::1"}},
		{"wan2", "eth1", {"198.51.100.2/29", NULL}, {"198.51.100.1", NULL}},
		{"wan3", "eth2", {"192.0.2.2/30", "2001:db8:3::2/64"},
			{"192.0.2.1", "2001:db8:3::1"}},
		{"lte", "usb0", {"192.168.8.100/24", NULL}, {"192.168.8.1", NULL}},
	};
	struct link_conf *l = &r->links[i];

	*l = (struct link_conf){.name = str_of(links[i].name),
		.number = (uint8_t)(i + 1),
		.interface = str_of(links[i].interface),
		.addresses = r->addresses[i],
		.gateways = r->gateways[i]};
	for (size_t k = 0; k < 2 && links[i].address[k]; k++) {
		r->addresses[i][l->naddresses++].prefix = prefix(links[i].address[k]);
		r->gateways[i][l->ngateways++].addr = addr(links[i].gateway[k]);
	}
}

static void add_policy(struct router *r, const char *name, enum policy_method method,
	enum policy_when_dead dead, const char *members)
{
	size_t p = r->source.npolicies++;
	struct policy_conf *c = &r->policies[p];

	*c = (struct policy_conf){.name = str_of(name),
		.method = method,
		.when_dead = dead,
		.members = r->members[p]};
	for (; *members; members++)
		r->members[p][c->nmembers++].link = *members - '1';
}

static struct rule_conf *add_rule(struct router *r, uint32_t number, int32_t policy)
{
	struct rule_conf *rule = &r->rules[r->source.nrules++];

	*rule = (struct rule_conf){RULE_ANYWHERE, .number = number, .policy = policy};
	return rule;
}

/* All the given links ("12") are live; slots are drawn among the live members. */
static void publish(struct router *r, const char *live)
{
	struct published *pub = &r->pub;

	*pub = (struct published){.generation = pub->generation + 1,
		.configured = (1u << r->source.nlinks) - 1,
		.npolicies = (uint32_t)r->source.npolicies};
	for (; *live; live++)
		pub->live |= link_bit((unsigned)(*live - '0'));
	pub->fit = pub->live;
	for (size_t p = 0; p < r->source.npolicies; p++) {
		const struct policy_conf *c = &r->policies[p];
		uint8_t members[4];
		uint32_t n = 0;

		for (size_t i = 0; i < c->nmembers; i++)
			if (pub->live & link_bit((unsigned)c->members[i].link + 1))
				members[n++] = (uint8_t)(c->members[i].link + 1);
		for (size_t i = 0; n && i < POLICY_SLOTS; i++)
			pub->policy[p].slot[i] = policy_takes_one((enum policy_method)c->method)
							 ? members[0]
							 : members[rng_below(&r->rng, n)];
	}
}

static void want(struct router *r)
{
	assert_int_equal(forwarding_want(&r->source, &r->pub, &r->mem, &r->want), FL_OK);
}

static void make_sets(struct router *r)
{
	static const char *const addresses[2][3] = {
		{"198.18.0.1/32", "198.19.0.0/16", "2001:db8:ffff::/64"},
		{"192.168.1.25/32", "192.168.1.128/25", "198.18.0.0/15"}};

	for (size_t i = 0; i < 2; i++) {
		for (size_t k = 0; k < 3; k++)
			r->set_addresses[i][k].prefix = prefix(addresses[i][k]);
		r->sets[i] = (struct address_set_conf){.name = i ? STR("one") : STR("two"),
			.addresses = r->set_addresses[i],
			.naddresses = 3};
	}
}

static int setup(void **state)
{
	struct router *r = calloc(1, sizeof(*r));

	arena_init(&r->mem, &heap);
	r->rng = rng_of(1);
	for (size_t i = 0; i < 4; i++)
		make_link(r, i);
	r->lan_addresses[0].prefix = prefix("192.168.1.1/24");
	r->lan_addresses[1].prefix = prefix("fd00:1::1/64");
	r->lans[0] = (struct lan_conf){.name = STR("office"),
		.interface = STR("lan0"),
		.addresses = r->lan_addresses,
		.naddresses = 2};
	r->lan_addresses[2].prefix = prefix("192.168.2.1/24");
	r->lans[1] = (struct lan_conf){.name = STR("guests"),
		.interface = STR("lan1"),
		.addresses = r->lan_addresses + 2,
		.naddresses = 1};
	make_sets(r);
	r->source = (struct forwarding_source){.links = r->links,
		.nlinks = 4,
		.lans = r->lans,
		.nlans = 2,
		.sets = r->sets,
		.nsets = 2,
		.policies = r->policies,
		.rules = r->rules,
		.forwards = r->forwards};
	add_policy(r, "spread", POLICY_WEIGHTED, POLICY_ANY, "123");
	add_policy(r, "primary", POLICY_PRIORITY, POLICY_NEXT_RULE, "21");
	add_policy(r, "strict", POLICY_PRIORITY, POLICY_DROP, "3");
	add_policy(r, "turns", POLICY_ALL, POLICY_NEXT_RULE, "23");
	publish(r, "123");
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	struct router *r = *state;

	arena_reset(&r->mem);
	free(r);
	return 0;
}

static struct forwarding_flow flow(const char *from, const char *to, uint8_t proto, uint16_t port)
{
	return (struct forwarding_flow){
		.from = addr(from), .to = addr(to), .protocol = proto, .port = port};
}

/* ---- the choice ---- */

static void expect_same_choice(struct router *r, const struct forwarding_flow *f, uint32_t draw)
{
	struct packet p = machine_packet(f, "lan0");
	struct forwarding_choice choice;
	struct machine m;
	enum end e = machine_run(&r->want, "prerouting", &p, draw, &m);

	forwarding_choose(&r->source, &r->pub, f, draw, &choice);
	if ((e == END_DROP) != choice.dropped || (!choice.dropped && p.mark != choice.link) ||
		(!choice.dropped && p.ct_mark != choice.link)) {
		char to[IP_TEXT_MAX], from[IP_TEXT_MAX];

		fail_msg(
			"%s -> %s proto %u port %u draw %u: chains: mark %u ct %u drop %d; choose: "
			"link %u drop %d rule %d",
			ip_addr_text(&f->from, from), ip_addr_text(&f->to, to), f->protocol,
			f->port, draw, p.mark, p.ct_mark, e == END_DROP, choice.link,
			choice.dropped, choice.rule ? (int)choice.rule->number : -1);
	}
}

/* Few values, so that flows and rules meet. */
static struct ip_addr some_addr(struct rng *g, uint8_t family)
{
	static const char *const v4[] = {"192.168.1.25", "192.168.1.26", "192.168.1.129",
		"198.18.0.1", "198.18.0.2", "198.19.0.1"};
	static const char *const v6[] = {"fd00:1::25", "2001:db8:ffff::1", "2001:db8:fffe::1"};

	return family == 4 ? addr(v4[rng_below(g, COUNT_OF(v4))])
			   : addr(v6[rng_below(g, COUNT_OF(v6))]);
}

static struct ip_prefix some_prefix(struct rng *g, uint8_t family)
{
	static const uint8_t bits4[] = {32, 32, 25, 24, 15, 0}, bits6[] = {128, 128, 64, 47};
	struct ip_prefix p = {.addr = some_addr(g, family)};

	p.bits = family == 4 ? bits4[rng_below(g, COUNT_OF(bits4))]
			     : bits6[rng_below(g, COUNT_OF(bits6))];
	return ip_prefix_network(&p);
}

static void some_rule(struct router *r, uint32_t number)
{
	static const uint16_t ports[] = {25, 80, 443, 8000};
	struct rng *g = &r->rng;
	struct rule_conf *rule =
		add_rule(r, number, (int32_t)rng_below(g, (uint32_t)r->source.npolicies));
	uint8_t family = rng_below(g, 3) ? 4 : 6;

	rule->protocol = rng_below(g, 4);
	if ((rule->protocol == RULE_TCP || rule->protocol == RULE_UDP) && rng_below(g, 3)) {
		rule->port.first = ports[rng_below(g, COUNT_OF(ports))];
		rule->port.last = (uint16_t)(rule->port.first + (rng_below(g, 4) ? 0 : 100));
	}
	if (rng_below(g, 2))
		rule->source = some_prefix(g, family);
	if (rng_below(g, 3) == 0)
		rule->destination = some_prefix(g, family);
	if (rng_below(g, 5) == 0)
		rule->dscp = 1 + (rng_below(g, 2) ? 46 : 0);
	if (rng_below(g, 5) == 0)
		rule->lan = (int32_t)rng_below(g, 2);
	if (rng_below(g, 5) == 0)
		rule->source_set = (int32_t)rng_below(g, 2);
	if (rng_below(g, 5) == 0)
		rule->destination_set = (int32_t)rng_below(g, 2);
}

/* A client of the LAN that the packets of this test come in from. */
static struct ip_addr some_client(struct rng *g, uint8_t family)
{
	struct ip_addr a = addr(family == 4 ? "192.168.1.25" : "fd00:1::25");

	if (family == 4)
		a.b[3] = (uint8_t)(25 + rng_below(g, 2) * 104 + rng_below(g, 2));
	return a;
}

static struct forwarding_flow some_flow(struct rng *g)
{
	static const uint8_t protos[2][4] = {{6, 17, 1, 47}, {6, 17, 58, 47}};
	static const uint16_t ports[] = {25, 80, 443, 8000, 8050, 9};
	uint8_t family = rng_below(g, 3) ? 4 : 6;

	return (struct forwarding_flow){.from = some_client(g, family),
		.to = some_addr(g, family),
		.protocol = protos[family == 6][rng_below(g, 4)],
		.port = ports[rng_below(g, COUNT_OF(ports))],
		.dscp = (uint8_t)(rng_below(g, 2) ? 46 : 0)};
}

static void some_links(struct router *r)
{
	char live[5] = "";
	size_t n = 0;

	for (char c = '1'; c <= '4'; c++)
		if (rng_below(&r->rng, 2))
			live[n++] = c;
	live[n] = '\0';
	publish(r, live);
	/* Between the switch and the new slots, slots still name links that are down. */
	if (rng_below(&r->rng, 2))
		r->pub.live &= ~link_bit(1 + rng_below(&r->rng, 4));
}

static void the_chains_choose_as_the_rules_read(void **state)
{
	struct router *r = *state;

	for (int round = 0; round < 150; round++) {
		r->source.nrules = 0;
		for (uint32_t i = 0, n = rng_below(&r->rng, 40); i < n; i++)
			some_rule(r, 1000 - 10 * i);
		for (int i = 0; i < 4; i++) {
			r->policies[i].when_dead = rng_below(&r->rng, 3);
			r->policies[i].method = rng_below(&r->rng, POLICY_OVERFLOW + 1);
		}
		some_links(r);
		want(r);
		for (int i = 0; i < 60; i++) {
			struct forwarding_flow f = some_flow(&r->rng);

			expect_same_choice(r, &f, rng_below(&r->rng, 1000));
		}
		arena_reset(&r->mem);
	}
}

static uint32_t chosen(struct router *r, const struct forwarding_flow *f, uint32_t draw)
{
	struct forwarding_choice c;

	expect_same_choice(r, f, draw);
	forwarding_choose(&r->source, &r->pub, f, draw, &c);
	return c.link;
}

static void a_set_of_ten_thousand_addresses_is_one_step(void **state)
{
	struct router *r = *state;
	struct lan_address *many = calloc(10000, sizeof(*many));
	struct forwarding_flow in = flow("192.168.1.50", "10.39.16.0", 6, 443), out = in;
	const struct kset *s;

	for (uint32_t i = 0; i < 10000; i++) { /* every second address of 10.0.0.0/17, backwards */
		uint32_t n = 2 * (9999 - i);

		many[i].prefix = (struct ip_prefix){
			{4, {10, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}}, 32};
	}
	r->sets[0].addresses = many;
	r->sets[0].naddresses = 10000;
	add_rule(r, 10, 2)->destination_set = 0;
	want(r);
	assert_int_equal(machine_chain(&r->want, STR("rules"))->nrules, 2); /* IPv4 and IPv6 */
	s = kernel_state_set(&r->want, STR("set4_two"));
	assert_non_null(s);
	assert_int_equal(s->nelems, 20000);
	in.to = many[77].prefix.addr;
	out.to = in.to;
	out.to.b[3] ^= 1;
	assert_int_equal(chosen(r, &in, 0), 3);
	assert_int_equal(chosen(r, &out, 0), 1);
	free(many);
}

static void the_lowest_number_that_matches_decides(void **state)
{
	struct router *r = *state;
	struct forwarding_flow f = flow("192.168.1.25", "198.18.0.1", 6, 25);

	add_rule(r, 99, 0);
	*add_rule(r, 10, 1) = (struct rule_conf){RULE_ANYWHERE, .number = 10, .policy = 1,
		.protocol = RULE_TCP, .port = {25, 25}, .source = prefix("192.168.1.25/32")};
	want(r);
	assert_int_equal(chosen(r, &f, 0), 2);
}

static void a_list_rule_before_an_exact_one_keeps_its_place(void **state)
{
	struct router *r = *state;
	struct forwarding_flow f = flow("192.168.1.25", "198.18.0.1", 6, 25);

	*add_rule(r, 10, 2) = (struct rule_conf){
		RULE_ANYWHERE, .number = 10, .policy = 2, .source = prefix("192.168.1.0/24")};
	*add_rule(r, 20, 1) = (struct rule_conf){RULE_ANYWHERE, .number = 20, .policy = 1,
		.protocol = RULE_TCP, .port = {25, 25}, .source = prefix("192.168.1.25/32")};
	want(r);
	assert_int_equal(chosen(r, &f, 0), 3);
}

static size_t rules_in(const struct kernel_state *s, const char *chain)
{
	return machine_chain(s, str_of(chain))->nrules;
}

static void a_thousand_exact_rules_are_one_step_of_the_chain(void **state)
{
	struct router *r = *state;
	struct rule_conf *rules = calloc(1000, sizeof(*rules));

	for (uint32_t i = 0; i < 1000; i++)
		rules[i] = (struct rule_conf){RULE_ANYWHERE, .number = i,
			.policy = (int32_t)(i % 4), .protocol = RULE_TCP, .port = {25, 25},
			.source = {ip_addr_v4(10, 0, (uint8_t)(i >> 8), (uint8_t)i), 32}};
	r->source.rules = rules;
	r->source.nrules = 1000;
	want(r);
	assert_int_equal(rules_in(&r->want, "rules"), 1);
	assert_int_equal(kernel_state_set(&r->want, STR("rules1"))->nelems, 1000);
	free(rules);
}

/* Networks, each with a host before it that goes elsewhere: in pairs, so that the order matters. */
static void hundreds_of_networks_are_two_steps_of_the_chain(void **state)
{
	struct router *r = *state;
	struct rule_conf *rules = calloc(400, sizeof(*rules));
	struct forwarding_flow host = flow("10.0.77.9", "198.18.0.1", 17, 5060);
	struct forwarding_flow beside = flow("10.0.77.10", "198.18.0.1", 6, 80);
	struct forwarding_flow behind = flow("10.1.0.10", "198.18.0.1", 6, 80);

	for (uint32_t i = 0; i < 400; i++)
		rules[i] = (struct rule_conf){RULE_ANYWHERE, .number = i, .policy = i % 2 ? 1 : 2,
			.source = i % 2 ? (struct ip_prefix){ip_addr_v4(10, 0, (uint8_t)(i / 2), 0),
						  24}
					: (struct ip_prefix){
						  ip_addr_v4(10, 0, (uint8_t)(i / 2), 9), 32}};
	r->source.rules = rules;
	r->source.nrules = 400;
	want(r);
	assert_int_equal(rules_in(&r->want, "rules"), 2);
	assert_int_equal(chosen(r, &host, 0), 3);
	assert_int_equal(chosen(r, &beside, 0), 2);
	expect_same_choice(r, &host, 0);
	expect_same_choice(r, &beside, 0);
	expect_same_choice(r, &behind, 0);
	free(rules);
}

/* One in the other: the narrow one decides although both are in maps. */
static void a_network_within_another_keeps_its_place(void **state)
{
	struct router *r = *state;
	struct forwarding_flow f = flow("10.0.3.9", "198.18.0.1", 6, 80);

	for (uint32_t i = 0; i < 8; i++)
		*add_rule(r, i, 1) = (struct rule_conf){RULE_ANYWHERE, .number = i, .policy = 1,
			.source = {ip_addr_v4(10, 0, (uint8_t)i, 0), 24}};
	for (uint32_t i = 8; i < 16; i++)
		*add_rule(r, i, 2) = (struct rule_conf){RULE_ANYWHERE, .number = i, .policy = 2,
			.source = {ip_addr_v4((uint8_t)(i + 2), 0, 0, 0), 8}};
	want(r);
	assert_int_equal(rules_in(&r->want, "rules"), 2);
	assert_int_equal(chosen(r, &f, 0), 2);
	f.from.b[2] = 9;
	assert_int_equal(chosen(r, &f, 0), 3);
}

static void exact_rules_around_a_disjoint_list_rule_share_a_map(void **state)
{
	struct router *r = *state;

	for (uint32_t i = 0; i < 3; i++)
		*add_rule(r, i, 1) = (struct rule_conf){RULE_ANYWHERE, .number = i, .policy = 1,
			.protocol = i == 1 ? RULE_UDP : RULE_TCP,
			.port = {25, (uint16_t)(i == 1 ? 26 : 25)},
			.source = {ip_addr_v4(192, 168, 1, (uint8_t)(20 + i)), 32}};
	want(r);
	assert_int_equal(rules_in(&r->want, "rules"), 2);
	assert_int_equal(kernel_state_set(&r->want, STR("rules1"))->nelems, 2);
}

static void a_policy_without_live_member_gives_way_to_the_next_rule(void **state)
{
	struct router *r = *state;
	struct forwarding_flow f = flow("192.168.1.9", "198.18.0.1", 17, 53);

	add_rule(r, 1, 1);
	add_rule(r, 2, 2);
	publish(r, "3");
	want(r);
	assert_int_equal(chosen(r, &f, 0), 3);
}

static void a_policy_that_drops_when_dead_drops(void **state)
{
	struct router *r = *state;
	struct forwarding_flow f = flow("192.168.1.9", "198.18.0.1", 17, 53);
	struct forwarding_choice c;

	add_rule(r, 1, 2);
	publish(r, "12");
	want(r);
	expect_same_choice(r, &f, 0);
	forwarding_choose(&r->source, &r->pub, &f, 0, &c);
	assert_true(c.dropped);
}

static void a_flow_without_a_rule_takes_the_first_live_link(void **state)
{
	struct router *r = *state;
	struct forwarding_flow f = flow("192.168.1.9", "198.18.0.1", 17, 53);

	publish(r, "23");
	want(r);
	assert_int_equal(chosen(r, &f, 0), 2);
}

static void ipv6_never_takes_a_link_without_ipv6(void **state)
{
	struct router *r = *state;
	struct forwarding_flow f = flow("fd00:1::25", "2001:db8:ffff::1", 6, 443);

	add_rule(r, 1, 1); /* prefers wan2, which has IPv4 only */
	want(r);
	for (uint32_t draw = 0; draw < 10; draw++)
		assert_int_equal(chosen(r, &f, draw), 1);
}

/* What the policy engine decided is in the slots: here, that a backup named first is not needed. */
static void a_priority_policy_follows_its_slots(void **state)
{
	struct router *r = *state;
	struct forwarding_flow f = flow("192.168.1.9", "198.18.0.1", 6, 443);

	add_rule(r, 1, 1); /* wan2, wan1 */
	memset(r->pub.policy[1].slot, 1, POLICY_SLOTS);
	want(r);
	assert_int_equal(chosen(r, &f, 0), 1);
}

/* The link that a client's new connection takes on a router that remembers. */
static uint32_t chosen_with_memory(struct router *r, struct machine_memories *memory,
	const struct forwarding_flow *f, uint32_t draw)
{
	struct packet p = machine_packet(f, "lan0");
	struct machine m;

	p.memory = memory;
	assert_int_equal(machine_run(&r->want, "prerouting", &p, draw, &m), END_ACCEPT);
	assert_int_equal(p.mark, p.ct_mark);
	return p.mark;
}

static void a_persistent_policy_keeps_a_client_on_its_link(void **state)
{
	struct router *r = *state;
	struct machine_memories memory = {.n = 0};
	struct forwarding_flow one = flow("192.168.1.50", "198.18.0.1", 6, 443);
	struct forwarding_flow six = flow("fd00:1::50", "2001:db8:ffff::1", 6, 443);
	uint32_t link, link6;

	r->policies[0].method = POLICY_PERSISTENT;
	r->policies[0].persist_time = sec(600);
	add_rule(r, 10, 0);
	want(r);
	link = chosen_with_memory(r, &memory, &one, 0);
	link6 = chosen_with_memory(r, &memory, &six, 0);
	for (uint32_t draw = 1; draw < 50; draw++) {
		one.port = six.port = (uint16_t)draw;
		assert_int_equal(chosen_with_memory(r, &memory, &one, draw), link);
		assert_int_equal(chosen_with_memory(r, &memory, &six, draw), link6);
	}
	assert_int_equal(memory.n, 2);
}

static void learn(struct machine_memories *memory, struct str set, struct ip_addr a)
{
	struct machine_memory *e = &memory->at[memory->n++];

	*e = (struct machine_memory){.set = set};
	memcpy(e->key, a.b, ip_addr_size(a.family));
}

static bool ends_in_one(void *ctx, const struct rule_conf *r, const struct ip_addr *a)
{
	(void)ctx;
	assert_int_equal(r->number, 10);
	return a->b[ip_addr_size(a->family) - 1] == 1;
}

static void a_rule_by_domain_takes_what_was_learned(void **state)
{
	struct router *r = *state;
	struct machine_memories memory = {.n = 0};
	struct rule_domain domain = {.name = STR("example.net")};
	struct forwarding_flow known[] = {flow("192.168.1.50", "198.18.0.1", 6, 443),
		flow("fd00:1::50", "2001:db8:ffff::1", 17, 443)};
	struct forwarding_flow other[] = {flow("192.168.1.50", "198.18.0.2", 6, 443),
		flow("fd00:1::50", "2001:db8:ffff::2", 17, 443)};
	struct rule_conf *rule = add_rule(r, 10, 2);
	struct forwarding_choice c;

	rule->domains = &domain;
	rule->ndomains = 1;
	r->source.is_learned = ends_in_one;
	learn(&memory, STR("domain4_10"), known[0].to);
	learn(&memory, STR("domain6_10"), known[1].to);
	want(r);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(chosen_with_memory(r, &memory, &known[i], 0), 3);
		assert_int_equal(chosen_with_memory(r, &memory, &other[i], 0), 1);
		forwarding_choose(&r->source, &r->pub, &known[i], 0, &c);
		assert_ptr_equal(c.rule, rule);
		forwarding_choose(&r->source, &r->pub, &other[i], 0, &c);
		assert_null(c.rule);
	}
}

static void a_longer_name_is_learned_by_the_rules_of_the_shorter_as_well(void **state)
{
	struct router *r = *state;
	struct rule_domain domains[] = {{.name = STR("example.net")},
		{.name = STR("mail.Example.net")}, {.name = STR("Example.NET")},
		{.name = STR("badexample.net")}};
	char text[1000];
	struct textbuf t = textbuf_of(text, sizeof(text));
	struct sink out = textbuf_sink(&t);

	for (size_t i = 0; i < 3; i++)
		add_rule(r, 10 * (uint32_t)(i + 1), 0);
	r->rules[0].domains = &domains[0];
	r->rules[1].domains = &domains[1];
	r->rules[2].domains = &domains[2];
	r->rules[0].ndomains = r->rules[1].ndomains = 1;
	r->rules[2].ndomains = 2;
	forwarding_learning(&r->source, &out);
#define SETS(n) "4#inet#fairlead#domain4_" n ",6#inet#fairlead#domain6_" n
	assert_string_equal(text,
		"nftset=/example.net/" SETS("10") "," SETS(
			"30") "\n"
			      "nftset=/mail.Example.net/" SETS("10") "," SETS("20") "," SETS(
				      "30") "\n"
					    "nftset=/badexample.net/" SETS(
						    "30") "\n"
							  "max-ttl=3600\nmax-cache-ttl=3600\n");
#undef SETS
}

static void a_persistent_policy_by_destination_keeps_a_server_on_its_link(void **state)
{
	struct router *r = *state;
	struct machine_memories memory = {.n = 0};
	struct forwarding_flow one = flow("192.168.1.50", "198.18.0.1", 6, 443);
	uint32_t link;

	r->policies[0].method = POLICY_PERSISTENT;
	r->policies[0].persist = POLICY_PERSIST_DESTINATION;
	add_rule(r, 10, 0);
	want(r);
	link = chosen_with_memory(r, &memory, &one, 0);
	for (uint32_t draw = 1; draw < 50; draw++) {
		one.from.b[3] = (uint8_t)(draw + 50);
		assert_int_equal(chosen_with_memory(r, &memory, &one, draw), link);
	}
	assert_int_equal(memory.n, 1);
}

static void who_is_moved_off_a_dead_link_stays_on_the_new_one(void **state)
{
	struct router *r = *state;
	struct machine_memories memory = {.n = 0};
	struct forwarding_flow f = flow("192.168.1.50", "198.18.0.1", 6, 443);
	uint32_t first, then;

	r->policies[0].method = POLICY_PERSISTENT;
	add_rule(r, 10, 0);
	want(r);
	first = chosen_with_memory(r, &memory, &f, 0);
	publish(r, first == 1 ? "23" : first == 2 ? "13" : "12");
	want(r);
	then = chosen_with_memory(r, &memory, &f, 0);
	assert_int_not_equal(then, first);
	publish(r, "123");
	want(r);
	for (uint32_t draw = 0; draw < 50; draw++)
		assert_int_equal(chosen_with_memory(r, &memory, &f, draw), then);
}

static void own_networks_are_not_given_to_a_link(void **state)
{
	struct router *r = *state;
	struct forwarding_flow inside = flow("192.168.1.9", "192.168.1.1", 6, 22);
	struct forwarding_flow multicast = flow("192.168.1.9", "239.1.2.3", 17, 5000);

	add_rule(r, 1, 0);
	want(r);
	assert_int_equal(chosen(r, &inside, 0), 0);
	assert_int_equal(chosen(r, &multicast, 0), 0);
}

static void weighted_draws_follow_the_slots(void **state)
{
	struct router *r = *state;
	struct forwarding_flow f = flow("192.168.1.9", "198.18.0.1", 6, 443);

	add_rule(r, 1, 0);
	want(r);
	for (uint32_t draw = 0; draw < POLICY_SLOTS; draw++)
		assert_int_equal(chosen(r, &f, draw), r->pub.policy[0].slot[draw]);
}

/* ---- what packets meet ---- */

static void a_known_connection_keeps_its_link(void **state)
{
	struct router *r = *state;
	struct forwarding_flow f = flow("192.168.1.9", "198.18.0.1", 6, 443);
	struct packet p = machine_packet(&f, "lan0");
	struct machine m;

	add_rule(r, 1, 0);
	publish(r, "1");
	want(r);
	p.ct_mark = 3;
	p.ct_state = KCT_STATE_ESTABLISHED;
	assert_int_equal(machine_run(&r->want, "prerouting", &p, 0, &m), END_ACCEPT);
	assert_int_equal(p.mark, 3);
}

static void a_connection_from_a_wan_is_pinned_to_it(void **state)
{
	struct router *r = *state;
	struct forwarding_flow f = flow("198.18.0.1", "198.51.100.2", 6, 25);
	struct packet p = machine_packet(&f, "eth1");
	struct machine m;

	want(r);
	assert_int_equal(machine_run(&r->want, "prerouting", &p, 0, &m), END_ACCEPT);
	assert_int_equal(p.ct_mark, 2);
}

/* The kernel's own check of this costs a look-up a packet and is off. */
static void nobody_outside_has_an_address_of_the_routers_own(void **state)
{
	static const char *const own[] = {"203.0.113.2", "198.51.100.2", "192.168.1.1"};
	struct router *r = *state;
	struct machine m;

	want(r);
	for (size_t i = 0; i < COUNT_OF(own); i++) {
		struct forwarding_flow f = flow(own[i], "198.51.100.2", 17, 53);
		struct packet outside = machine_packet(&f, "eth1");
		struct packet inside = machine_packet(&f, "lo");

		assert_int_equal(machine_run(&r->want, "prerouting", &outside, 0, &m), END_DROP);
		assert_int_equal(machine_run(&r->want, "prerouting", &inside, 0, &m), END_ACCEPT);
	}
}

/* Or a backup that is not used would never be without connections. */
static void the_answer_to_a_probe_puts_nothing_on_its_link(void **state)
{
	struct router *r = *state;
	struct forwarding_flow f = flow("192.0.2.53", "198.51.100.2", 1, 0);
	struct packet p = machine_packet(&f, "eth1");
	struct machine m;

	want(r);
	p.ct_state = KCT_STATE_ESTABLISHED;
	assert_int_equal(machine_run(&r->want, "prerouting", &p, 0, &m), END_ACCEPT);
	assert_int_equal(p.ct_mark, 0);
	assert_int_equal(p.mark, 0);
}

static void own_connections_leave_a_dead_link(void **state)
{
	struct router *r = *state;
	struct forwarding_flow f = flow("203.0.113.2", "198.18.0.1", 17, 123);
	struct packet p = machine_packet(&f, NULL);
	struct machine m;

	p.oif = "eth0";
	publish(r, "23");
	want(r);
	machine_run(&r->want, "output", &p, 0, &m);
	assert_int_equal(p.mark, 2);
	assert_int_equal(p.ct_mark, 2);
}

static const char *interface_of(struct router *r, uint32_t link)
{
	static char name[32];

	snprintf(name, sizeof(name), "%.*s", STR_ARG(r->links[link - 1].interface));
	return name;
}

/* The mark of a connection of the router's own that was routed to link `routed`, as the chains give
 * it and as a person reads the rules. */
static uint32_t own_chosen(struct router *r, const char *from, uint32_t routed, uint32_t draw)
{
	struct forwarding_flow f = flow(from, "198.18.0.1", 6, 443);
	struct packet p = machine_packet(&f, NULL);
	struct forwarding_choice choice;
	struct machine m;

	f.own = true;
	p.oif = interface_of(r, routed);
	forwarding_choose(&r->source, &r->pub, &f, draw, &choice);
	assert_int_equal(machine_run(&r->want, "output", &p, draw, &m),
		choice.dropped ? END_DROP : END_ACCEPT);
	if (choice.dropped)
		return 99;
	assert_int_equal(p.mark, choice.link);
	assert_int_equal(p.ct_mark, choice.link);
	return p.mark;
}

static void the_routers_own_connections_go_by_the_rules(void **state)
{
	struct router *r = *state;

	add_rule(r, 99, 1);
	want(r);
	assert_int_equal(own_chosen(r, "203.0.113.2", 1, 0), 2);
	publish(r, "13");
	want(r);
	assert_int_equal(own_chosen(r, "203.0.113.2", 1, 0), 1);
}

static void a_rule_may_be_for_the_router_or_for_the_lans_alone(void **state)
{
	struct router *r = *state;
	struct forwarding_flow f = flow("192.168.1.50", "198.18.0.1", 6, 443);

	add_rule(r, 10, 2)->from = RULE_FROM_ROUTER;
	add_rule(r, 20, 1)->from = RULE_FROM_LANS;
	want(r);
	assert_int_equal(own_chosen(r, "203.0.113.2", 1, 0), 3);
	assert_int_equal(chosen(r, &f, 0), 2);
	r->rules[0].from = RULE_FROM_LANS;
	r->rules[1].from = RULE_FROM_ROUTER;
	want(r);
	assert_int_equal(own_chosen(r, "203.0.113.2", 1, 0), 2);
	assert_int_equal(chosen(r, &f, 0), 3);
}

static void own_connections_of_another_links_address_stay_on_it(void **state)
{
	struct router *r = *state;

	add_rule(r, 10, 2);
	want(r);
	assert_int_equal(own_chosen(r, "198.51.100.2", 2, 0), 2);
	publish(r, "13");
	want(r);
	assert_int_equal(own_chosen(r, "198.51.100.2", 2, 0), 1);
}

static void an_own_connection_is_of_the_link_it_leaves_by(void **state)
{
	struct router *r = *state;
	struct forwarding_flow f = flow("203.0.113.2", "198.18.0.1", 17, 123);
	struct packet bound = machine_packet(&f, NULL), probe = bound;
	struct machine m;

	want(r);
	bound.oif = probe.oif = "eth0";
	bound.mark = bound.ct_mark = 2;
	machine_run(&r->want, "postrouting", &bound, 0, &m);
	assert_int_equal(bound.ct_mark, 1);
	probe.mark = 1;
	machine_run(&r->want, "postrouting", &probe, 0, &m);
	assert_int_equal(probe.ct_mark, 0);
}

static void an_own_connection_that_was_flushed_is_reset(void **state)
{
	struct router *r = *state;
	struct forwarding_flow f = flow("203.0.113.2", "198.18.0.1", 6, 443);
	struct packet p = machine_packet(&f, NULL);
	struct machine m;

	want(r);
	p.oif = "eth0";
	p.ct_state = KCT_STATE_INVALID;
	assert_int_equal(machine_run(&r->want, "output", &p, 0, &m), END_DROP);
	assert_true(m.reset);
	p.oif = "lan0"; /* a session of somebody inside is not the business of links */
	assert_int_equal(machine_run(&r->want, "output", &p, 0, &m), END_ACCEPT);
	assert_false(m.reset);
}

static void a_probe_with_a_mark_stays_on_its_dead_link(void **state)
{
	struct router *r = *state;
	struct forwarding_flow f = flow("203.0.113.2", "198.18.0.1", 1, 0);
	struct packet p = machine_packet(&f, NULL);
	struct machine m;

	p.oif = "eth0";
	p.mark = 1;
	publish(r, "23");
	want(r);
	machine_run(&r->want, "output", &p, 0, &m);
	assert_int_equal(p.mark, 1);
}

static void from_outside_only_ping_and_dns_reach_the_router(void **state)
{
	struct router *r = *state;
	const struct {
		uint8_t proto;
		uint16_t port;
		enum end end;
	} cases[] = {{17, 53, END_ACCEPT}, {6, 53, END_ACCEPT}, {1, 0, END_ACCEPT},
		{6, 22, END_DROP}, {17, 123, END_DROP}, {58, 0, END_DROP}};

	want(r);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct forwarding_flow f =
			flow("198.18.0.1", "203.0.113.2", cases[i].proto, cases[i].port);
		struct packet p = machine_packet(&f, "eth0");
		struct machine m;

		assert_int_equal(machine_run(&r->want, "input", &p, 0, &m), cases[i].end);
		p.iif = "lan0";
		assert_int_equal(machine_run(&r->want, "input", &p, 0, &m), END_ACCEPT);
	}
}

static void from_outside_nothing_is_forwarded_that_is_not_published(void **state)
{
	struct router *r = *state;
	struct forwarding_flow f = flow("198.18.0.1", "192.168.1.25", 6, 25);
	struct packet p = machine_packet(&f, "eth0");
	struct machine m;

	want(r);
	assert_int_equal(machine_run(&r->want, "forward", &p, 0, &m), END_DROP);
	p.ct_status = KCT_STATUS_DNAT;
	assert_int_equal(machine_run(&r->want, "forward", &p, 0, &m), END_ACCEPT);
	p = machine_packet(&f, "eth0");
	p.ct_state = KCT_STATE_ESTABLISHED;
	assert_int_equal(machine_run(&r->want, "forward", &p, 0, &m), END_ACCEPT);
}

static void a_disabled_link_still_lets_nothing_in(void **state)
{
	struct router *r = *state;
	struct forwarding_flow f = flow("198.18.0.1", "192.168.1.25", 6, 25);
	struct packet p = machine_packet(&f, "eth0");
	struct machine m;

	r->links[0].disabled = true;
	want(r);
	assert_int_equal(machine_run(&r->want, "forward", &p, 0, &m), END_DROP);
}

static void a_flushed_tcp_client_is_reset(void **state)
{
	struct router *r = *state;
	struct forwarding_flow f = flow("192.168.1.9", "198.18.0.1", 6, 443);
	struct packet p = machine_packet(&f, "lan0");
	struct machine m;

	add_rule(r, 1, 2); /* even when its policy would drop it */
	publish(r, "12");
	want(r);
	p.ct_state = KCT_STATE_INVALID;
	assert_int_equal(machine_run(&r->want, "prerouting", &p, 0, &m), END_ACCEPT);
	assert_int_equal(machine_run(&r->want, "forward", &p, 0, &m), END_DROP);
	assert_true(m.reset);
}

static void nobody_outside_is_sent_a_reset(void **state)
{
	struct router *r = *state;
	struct forwarding_flow f = flow("198.18.0.1", "192.168.1.9", 6, 443);
	struct packet p = machine_packet(&f, "eth0");
	struct machine m;

	want(r);
	p.ct_state = KCT_STATE_INVALID;
	assert_int_equal(machine_run(&r->want, "forward", &p, 0, &m), END_DROP);
	assert_false(m.reset);
}

/* ---- forwards ---- */

static void publish_mail(struct router *r)
{
	r->servers[0][0] = (struct forward_server){.addr = addr("192.168.1.25"), .weight = 1};
	r->on[0][0] = (struct forward_on){.link = 0, .address = addr("203.0.113.3")};
	r->on[0][1] = (struct forward_on){.link = 1, .address = addr("198.51.100.3")};
	r->forwards[0] = (struct forward_conf){.name = STR("smtp"),
		.to = r->servers[0],
		.nto = 1,
		.protocol = RULE_TCP,
		.port = {25, 25},
		.on = r->on[0],
		.non = 2};
	r->source.nforwards = 1;
	want(r);
}

static void mail_to_a_published_address_reaches_the_server(void **state)
{
	struct router *r = *state;
	struct forwarding_flow f = flow("198.18.0.1", "198.51.100.3", 6, 25);
	struct packet p = machine_packet(&f, "eth1");
	struct ip_addr server = addr("192.168.1.25");
	struct machine m;

	publish_mail(r);
	machine_run(&r->want, "forwards", &p, 0, &m);
	assert_true(ip_addr_eq(&m.dnat, &server));
}

static void only_who_is_named_as_a_source_reaches_the_server(void **state)
{
	struct router *r = *state;
	struct lan_address sources[] = {
		{.prefix = prefix("198.18.0.0/24")}, {.prefix = prefix("198.19.7.7/32")}};
	static const struct {
		const char *from;
		bool reaches;
	} who[] = {{"198.18.0.9", true}, {"198.19.7.7", true}, {"198.18.1.9", false}};

	publish_mail(r);
	r->forwards[0].sources = sources;
	r->forwards[0].nsources = COUNT_OF(sources);
	want(r);
	for (size_t i = 0; i < COUNT_OF(who); i++) {
		struct forwarding_flow f = flow(who[i].from, "198.51.100.3", 6, 25);
		struct packet p = machine_packet(&f, "eth1");
		struct machine m;

		machine_run(&r->want, "forwards", &p, 0, &m);
		assert_int_equal(m.dnat.family != 0, who[i].reaches);
	}
}

static void another_port_of_a_published_address_is_not_forwarded(void **state)
{
	struct router *r = *state;
	struct forwarding_flow f = flow("198.18.0.1", "198.51.100.3", 6, 26);
	struct packet p = machine_packet(&f, "eth1");
	struct machine m;

	publish_mail(r);
	machine_run(&r->want, "forwards", &p, 0, &m);
	assert_int_equal(m.dnat.family, 0);
}

static void outbound_mail_leaves_with_the_mail_address(void **state)
{
	struct router *r = *state;
	struct forwarding_flow f = flow("192.168.1.25", "198.18.0.1", 6, 25);
	struct packet p = machine_packet(&f, NULL);
	struct ip_addr mail = addr("203.0.113.3");
	struct machine m;

	publish_mail(r);
	p.oif = "eth0";
	machine_run(&r->want, "postrouting", &p, 0, &m);
	assert_true(ip_addr_eq(&m.snat, &mail));
	assert_false(m.masqueraded);
}

/* What the chain "postrouting" makes of the source, as an address. */
static struct ip_addr leaves_with(struct router *r, const struct forwarding_flow *f, size_t link)
{
	struct packet p = machine_packet(f, "lan0");
	struct machine m;

	p.oif = r->links[link].interface.at;
	machine_run(&r->want, "postrouting", &p, 0, &m);
	return m.masqueraded   ? r->links[link].addresses[0].prefix.addr
	       : m.snat.family ? m.snat
			       : f->from;
}

static void the_source_address_is_the_one_the_chains_give(void **state)
{
	static const char *const from[] = {"192.168.1.25", "192.168.1.26", "203.0.113.2"};
	static const uint16_t ports[] = {24, 25, 26, 443};
	static const uint8_t protocols[] = {6, 17};
	struct router *r = *state;

	publish_mail(r);
	want(r);
	for (size_t i = 0; i < 2 * COUNT_OF(from) * COUNT_OF(ports) * COUNT_OF(protocols); i++) {
		struct forwarding_flow f = flow(from[i % 3], "198.18.0.1", protocols[i / 3 % 2],
			ports[i / 6 % COUNT_OF(ports)]);
		size_t link = i / 24;
		struct ip_addr chains = leaves_with(r, &f, link),
			       said = forwarding_source_address(
				       &r->source, &f, (uint8_t)(link + 1));

		if (i % 3 == 2 && link)
			continue; /* an address of another link */
		assert_true(ip_addr_eq(&chains, &said));
	}
}

static void other_traffic_of_the_mail_server_is_masqueraded(void **state)
{
	struct router *r = *state;
	struct forwarding_flow f = flow("192.168.1.25", "198.18.0.1", 6, 443);
	struct packet p = machine_packet(&f, NULL);
	struct machine m;

	publish_mail(r);
	p.oif = "eth0";
	machine_run(&r->want, "postrouting", &p, 0, &m);
	assert_int_equal(m.snat.family, 0);
	assert_true(m.masqueraded);
}

static void own_packets_from_a_second_address_keep_it(void **state)
{
	struct router *r = *state;
	struct forwarding_flow f = flow("203.0.113.3", "198.18.0.1", 17, 53);
	struct packet p = machine_packet(&f, NULL);
	struct machine m;

	publish_mail(r);
	p.oif = "eth0";
	machine_run(&r->want, "postrouting", &p, 0, &m);
	assert_false(m.masqueraded);
}

static void a_client_beside_the_server_gets_its_answers_back(void **state)
{
	struct router *r = *state;
	struct forwarding_flow f = flow("192.168.1.9", "192.168.1.25", 6, 25);
	struct packet p = machine_packet(&f, "lan0");
	struct machine m;

	publish_mail(r);
	p.oif = "lan0";
	p.ct_status = KCT_STATUS_DNAT;
	machine_run(&r->want, "postrouting", &p, 0, &m);
	assert_true(m.masqueraded);
}

static bool has_address(const struct kernel_state *s, const char *interface, const char *text)
{
	struct ip_prefix p = prefix(text);

	for (size_t i = 0; i < s->naddresses; i++)
		if (str_is(s->addresses[i].interface, interface) &&
			ip_addr_eq(&s->addresses[i].prefix.addr, &p.addr) &&
			s->addresses[i].prefix.bits == p.bits)
			return true;
	return false;
}

/* Where a connection from outside to an address goes inside; family 0: nowhere. */
static struct ip_addr arrives_at(
	struct router *r, const char *to, uint8_t protocol, uint16_t port, const char *iif)
{
	struct forwarding_flow f = flow("198.18.0.1", to, protocol, port);
	struct packet p = machine_packet(&f, iif);
	struct machine m;

	machine_run(&r->want, "forwards", &p, 0, &m);
	return m.dnat;
}

/* 203.0.113.4 and 198.51.100.4 stand for 192.168.1.26. */
static void give_whole_addresses(struct router *r)
{
	r->servers[1][0] = (struct forward_server){.addr = addr("192.168.1.26"), .weight = 1};
	r->on[1][0] = (struct forward_on){.link = 0, .address = addr("203.0.113.4")};
	r->on[1][1] = (struct forward_on){.link = 1, .address = addr("198.51.100.4")};
	r->nat = (struct forward_conf){
		.name = STR("host"), .to = r->servers[1], .nto = 1, .on = r->on[1], .non = 2};
	r->source.nats = &r->nat;
	r->source.nnats = 1;
	want(r);
}

static void a_server_may_listen_on_another_port_than_the_published_one(void **state)
{
	struct router *r = *state;
	struct forwarding_flow f = flow("198.18.0.1", "203.0.113.3", 6, 25);
	struct packet p = machine_packet(&f, "eth0");
	struct machine m;

	publish_mail(r);
	machine_run(&r->want, "forwards", &p, 0, &m);
	assert_int_equal(m.dnat_port, 0); /* it keeps its port */
	r->forwards[0].to_port = 2525;
	want(r);
	machine_run(&r->want, "forwards", &p, 0, &m);
	assert_int_equal(m.dnat_port, 2525);
	assert_true(ip_addr_eq(&m.dnat, &r->servers[0][0].addr));
}

static void all_that_comes_to_a_whole_address_reaches_its_host(void **state)
{
	struct router *r = *state;
	struct ip_addr to;

	give_whole_addresses(r);
	for (size_t i = 0; i < 3; i++) {
		to = arrives_at(r, "203.0.113.4", ((const uint8_t[]){6, 17, 1})[i], 53, "eth0");
		assert_true(ip_addr_eq(&to, &r->servers[1][0].addr));
	}
	to = arrives_at(r, "198.51.100.4", 47, 0, "eth1");
	assert_true(ip_addr_eq(&to, &r->servers[1][0].addr));
	assert_int_equal(arrives_at(r, "203.0.113.2", 6, 443, "eth0").family, 0);
	assert_true(has_address(&r->want, "eth0", "203.0.113.4/32"));
}

static void a_forward_takes_its_port_out_of_a_whole_address(void **state)
{
	struct router *r = *state;
	struct ip_addr to;

	publish_mail(r);
	r->on[0][0].address = addr("203.0.113.4");
	give_whole_addresses(r);
	to = arrives_at(r, "203.0.113.4", 6, 25, "eth0");
	assert_true(ip_addr_eq(&to, &r->servers[0][0].addr));
	to = arrives_at(r, "203.0.113.4", 6, 26, "eth0");
	assert_true(ip_addr_eq(&to, &r->servers[1][0].addr));
}

static void whom_a_whole_address_is_closed_to_does_not_get_in(void **state)
{
	struct lan_address friends = {.prefix = prefix("198.19.0.0/16")};
	struct router *r = *state;

	give_whole_addresses(r);
	r->nat.sources = &friends;
	r->nat.nsources = 1;
	want(r);
	assert_int_equal(arrives_at(r, "203.0.113.4", 6, 22, "eth0").family, 0);
	friends.prefix = prefix("198.18.0.0/16");
	want(r);
	assert_int_equal(arrives_at(r, "203.0.113.4", 6, 22, "eth0").family, 4);
}

static void a_host_leaves_with_its_own_address_over_every_link(void **state)
{
	static const uint8_t protocols[] = {6, 17, 1};
	struct router *r = *state;

	give_whole_addresses(r);
	for (size_t i = 0; i < 2 * COUNT_OF(protocols); i++) {
		struct forwarding_flow f = flow("192.168.1.26", "198.18.0.1", protocols[i / 2], 25);
		struct ip_addr chains = leaves_with(r, &f, i % 2),
			       said = forwarding_source_address(
				       &r->source, &f, (uint8_t)(i % 2 + 1));

		assert_true(ip_addr_eq(&chains, &r->on[1][i % 2].address));
		assert_true(ip_addr_eq(&said, &chains));
	}
}

/* ---- several servers of one forward ---- */

/* Three servers, of weights 1, 2 and 1, publish the mail service together. */
static void share_mail(struct router *r)
{
	publish_mail(r);
	for (uint8_t i = 0; i < 3; i++)
		r->servers[0][i] =
			(struct forward_server){.addr = ip_addr_v4(192, 168, 1, (uint8_t)(25 + i)),
				.weight = i == 1 ? 2 : 1,
				.state = SERVER_ANSWERS};
	r->forwards[0].nto = 3;
	want(r);
}

/* How many of 240 new connections, one behind another, go to each server. */
static void count_servers(struct router *r, unsigned n[3])
{
	struct forwarding_flow f = flow("198.18.0.1", "203.0.113.3", 6, 25);

	memset(n, 0, 3 * sizeof(*n));
	for (uint32_t draw = 0; draw < POLICY_SLOTS; draw++) {
		struct packet p = machine_packet(&f, "eth0");
		struct machine m;

		machine_run(&r->want, "forwards", &p, draw, &m);
		assert_in_range(m.dnat.b[3], 25, 27);
		n[m.dnat.b[3] - 25]++;
	}
}

static void servers_share_connections_by_their_weights(void **state)
{
	struct router *r = *state;
	unsigned n[3];

	share_mail(r);
	count_servers(r, n);
	assert_int_equal(n[0], 60);
	assert_int_equal(n[1], 120);
	assert_int_equal(n[2], 60);
}

static void a_dead_server_gets_no_new_connection(void **state)
{
	struct router *r = *state;
	unsigned n[3];

	share_mail(r);
	r->servers[0][1].state = SERVER_DEAD;
	want(r);
	count_servers(r, n);
	assert_int_equal(n[0], 120);
	assert_int_equal(n[1], 0);
	assert_int_equal(n[2], 120);
}

static void with_all_servers_dead_connections_still_go_to_them(void **state)
{
	struct router *r = *state;
	unsigned n[3];

	share_mail(r);
	for (size_t i = 0; i < 3; i++)
		r->servers[0][i].state = SERVER_DEAD;
	want(r);
	count_servers(r, n);
	assert_int_equal(n[1], 120);
	assert_int_equal(n[0] + n[2], 120);
}

static void a_servers_death_changes_elements_of_one_set_only(void **state)
{
	struct router *r = *state;
	struct kernel_state before;
	struct kset alone;
	struct kernel_diff diff;

	share_mail(r);
	before = r->want;
	r->servers[0][1].state = SERVER_DEAD;
	want(r);
	kernel_state_diff(&before, &r->want, &r->mem, &diff);
	assert_null(diff.replace_table);
	assert_int_equal(diff.nsets, 1);
	assert_true(str_is(diff.sets[0].set, "servers"));
	assert_int_equal(diff.sets[0].nadd, 120); /* the slots of the dead one, no others */
	assert_int_equal(forwarding_servers(&r->source, &r->mem, &alone), FL_OK);
	assert_int_equal(alone.nelems, POLICY_SLOTS);
	for (size_t i = 0; i < alone.nelems; i++)
		assert_true(str_eq(alone.elems[i].chain,
			kernel_state_set(&r->want, STR("servers"))->elems[i].chain));
}

/* The server of a client. */
static uint8_t server_of(struct router *r, uint8_t client, uint32_t draw)
{
	struct forwarding_flow f = flow("198.18.0.1", "203.0.113.3", 6, 25);
	struct packet p;
	struct machine m;

	f.from.b[3] = client;
	p = machine_packet(&f, "eth0");
	machine_run(&r->want, "forwards", &p, draw, &m);
	return m.dnat.b[3];
}

static void a_persistent_client_stays_on_its_server(void **state)
{
	struct router *r = *state;
	uint8_t before[200];
	unsigned of_dead = 0;

	share_mail(r);
	r->forwards[0].persist = true;
	want(r);
	for (uint8_t client = 0; client < 200; client++) {
		before[client] = server_of(r, client, 0);
		for (uint32_t draw = 1; draw < 4; draw++)
			assert_int_equal(server_of(r, client, draw), before[client]);
	}
	r->servers[0][1].state = SERVER_DEAD;
	want(r);
	for (uint8_t client = 0; client < 200; client++) {
		of_dead += before[client] == 26;
		if (before[client] == 26)
			assert_int_not_equal(server_of(r, client, 0), 26);
		else
			assert_int_equal(server_of(r, client, 0), before[client]);
	}
	assert_in_range(of_dead, 50, 150); /* about half of them, by its weight */
}

static void each_server_leaves_with_the_published_address(void **state)
{
	struct router *r = *state;

	share_mail(r);
	for (size_t i = 0; i < 3; i++) {
		struct forwarding_flow f = flow("192.168.1.25", "198.18.0.1", 6, 25);
		struct ip_addr as, said;

		f.from = r->servers[0][i].addr;
		as = leaves_with(r, &f, 1);
		said = forwarding_source_address(&r->source, &f, 2);
		assert_true(ip_addr_eq(&as, &r->on[0][1].address));
		assert_true(ip_addr_eq(&said, &as));
	}
}

static const struct kstate_route *route_to(
	const struct kernel_state *s, uint32_t table, const char *to, const char *interface)
{
	for (size_t i = 0; i < s->nroutes; i++) {
		char text[IP_TEXT_MAX + 4];

		if (s->routes[i].table == table && str_is(s->routes[i].interface, interface) &&
			strcmp(ip_prefix_text(&s->routes[i].to, text), to) == 0)
			return &s->routes[i];
	}
	return NULL;
}

/* ---- IPv6 sources ---- */

/* wan1 and wan3 have prefixes, the office a network of each. */
static void give_prefixes(struct router *r, enum link_translation t)
{
	r->links[0].prefix = prefix("2001:db8:100::/56");
	r->links[2].prefix = prefix("2001:db8:300::/56");
	r->links[0].translation = r->links[2].translation = t;
	r->delegated[0] = (struct lan_delegated){.link = 0, .own = prefix("2001:db8:100:1::1/64")};
	r->delegated[1] = (struct lan_delegated){.link = 2, .own = prefix("2001:db8:300:2::1/64")};
	r->lans[0].delegated = r->delegated;
	r->lans[0].ndelegated = 2;
	want(r);
}

/* The chains and explain agree that `from` leaves by the link as `as`; NULL: with its address. */
static void expect_leaves(struct router *r, const char *from, size_t link, const char *as)
{
	struct forwarding_flow f = flow(from, "2001:db8:ffff::1", 6, 443);
	struct packet p = machine_packet(&f, "lan0");
	struct ip_addr want = as ? addr(as) : r->links[link].addresses[1].prefix.addr, chains,
		       said = forwarding_source_address(&r->source, &f, (uint8_t)(link + 1));
	struct machine m;

	p.oif = r->links[link].interface.at;
	machine_run(&r->want, "postrouting", &p, 0, &m);
	assert_int_equal(m.masqueraded, !as);
	chains = m.masqueraded ? want : m.snat.family ? m.snat : f.from;
	assert_true(ip_addr_eq(&chains, &want));
	assert_true(ip_addr_eq(&said, &want));
}

static void a_source_of_the_links_own_prefix_stays(void **state)
{
	struct router *r = *state;

	give_prefixes(r, LINK_NAT66);
	expect_leaves(r, "2001:db8:100:1::25", 0, "2001:db8:100:1::25");
	expect_leaves(r, "2001:db8:300:2::25", 2, "2001:db8:300:2::25");
}

static void other_sources_leave_with_the_links_own_address(void **state)
{
	struct router *r = *state;

	give_prefixes(r, LINK_NAT66);
	expect_leaves(r, "fd00:1::25", 0, NULL);
	expect_leaves(r, "2001:db8:300:2::25", 0, NULL);
}

static void nptv6_replaces_the_network_and_keeps_the_host(void **state)
{
	struct router *r = *state;

	give_prefixes(r, LINK_NPTV6);
	expect_leaves(r, "2001:db8:100:1::25", 0, "2001:db8:100:1::25");
	expect_leaves(r, "fd00:1::1:25", 0, "2001:db8:100:1::1:25");
	expect_leaves(r, "fd00:1::1:25", 2, "2001:db8:300:2::1:25");
	expect_leaves(r, "2001:db8:300:2:a:b:c:d", 0, "2001:db8:100:1:a:b:c:d");
	expect_leaves(r, "fd00:9::1", 0, NULL); /* of no LAN of ours */
}

static void a_withdrawn_network_has_a_route_and_no_address(void **state)
{
	struct router *r = *state;

	give_prefixes(r, LINK_NAT66);
	assert_true(has_address(&r->want, "lan0", "2001:db8:100:1::1/64"));
	r->delegated[0].withdrawn = true;
	want(r);
	assert_false(has_address(&r->want, "lan0", "2001:db8:100:1::1/64"));
	assert_true(has_address(&r->want, "lan0", "2001:db8:300:2::1/64"));
	assert_non_null(route_to(&r->want, KSTATE_TABLE_MAIN, "2001:db8:100:1::/64", "lan0"));
}

static void a_published_address_is_added_to_its_link(void **state)
{
	struct router *r = *state;

	publish_mail(r);
	assert_true(has_address(&r->want, "eth0", "203.0.113.3/32"));
	assert_true(has_address(&r->want, "eth1", "198.51.100.3/32"));
}

/* ---- routes ---- */

static void each_link_has_a_table_with_its_default_route(void **state)
{
	struct router *r = *state;
	const struct kstate_route *d;
	struct ip_addr gateway = addr("198.51.100.1");

	r->links[1].gateways[0].addr = gateway;
	want(r);
	for (size_t i = 0; i < r->want.nroutes; i++) {
		d = &r->want.routes[i];
		if (d->table == 102 && d->to.bits == 0 && d->family == 4) {
			assert_true(ip_addr_eq(&d->gateway, &gateway));
			return;
		}
	}
	fail_msg("table 102 has no default route");
}

static void two_links_may_share_a_subnet(void **state)
{
	struct router *r = *state;

	r->addresses[2][0].prefix = prefix("192.168.8.100/24");
	want(r);
	assert_non_null(route_to(&r->want, 103, "192.168.8.0/24", "eth2"));
	assert_non_null(route_to(&r->want, 104, "192.168.8.0/24", "usb0"));
	assert_non_null(route_to(&r->want, KSTATE_TABLE_MAIN, "192.168.8.0/24", "eth2"));
	assert_null(route_to(&r->want, KSTATE_TABLE_MAIN, "192.168.8.0/24", "usb0"));
}

static void a_disabled_link_has_no_address_and_no_route(void **state)
{
	struct router *r = *state;

	r->links[0].disabled = true;
	want(r);
	assert_false(has_address(&r->want, "eth0", "203.0.113.2/29"));
	for (size_t i = 0; i < r->want.nroutes; i++)
		assert_false(str_is(r->want.routes[i].interface, "eth0"));
}

/* What `show forwarding` prints of the devices and of TCP. */
static bool is_printed(const struct kernel_state *s, const char *text)
{
	static char room[65536];
	struct textbuf t = textbuf_of(room, sizeof(room));
	struct sink out = textbuf_sink(&t);

	kernel_state_print(s, &out);
	return strstr(room, text) != NULL;
}

static void vlans_are_devices_of_their_own(void **state)
{
	struct router *r = *state;

	r->links[0].vlan = 10;
	r->links[0].port = STR("eth0");
	r->links[0].interface = r->links[0].under = STR("eth0.10");
	r->lans[0].vlan = 20;
	r->lans[0].port = STR("eth0");
	r->lans[0].interface = STR("eth0.20");
	want(r);
	assert_int_equal(r->want.ndevices, 2);
	assert_true(is_printed(&r->want, "ip link eth0.20 link eth0 type vlan id 20\n"));
	assert_true(is_printed(&r->want, "ip link eth0.10 link eth0 type vlan id 10\n"));
	assert_true(has_address(&r->want, "eth0.10", "203.0.113.2/29"));
}

static void a_link_has_the_mtu_that_was_set_and_tcp_is_told(void **state)
{
	struct router *r = *state;

	want(r);
	assert_int_equal(r->want.ndevices, 0);
	assert_false(is_printed(&r->want, "maxseg"));
	r->links[0].mtu = 1400;
	want(r);
	assert_true(is_printed(&r->want, "ip link eth0 mtu 1400\n"));
	assert_true(is_printed(&r->want, " tcp option maxseg size set rt mtu"));
}

#define SHAPING (KFEATURE_CAKE | KFEATURE_INCOMING)

static void a_link_is_shaped_in_the_directions_whose_bandwidth_is_known(void **state)
{
	struct router *r = *state;

	r->links[0].bandwidth.down = 20000000;
	r->links[0].bandwidth.up = 5000000;
	want(r);
	assert_int_equal(r->want.nshapers, 0);
	r->links[0].shaping = true;
	want(r);
	assert_int_equal(r->want.nshapers, 2);
	assert_true(is_printed(&r->want, "tc qdisc dev eth0 root cake bandwidth 5000000bit nat "
					 "dual-srchost overhead 18\n"));
	assert_true(is_printed(&r->want, "tc filter dev eth0 ingress matchall action mirred egress "
					 "redirect dev fairlead-in1\n"
					 "tc qdisc dev fairlead-in1 root cake bandwidth "
					 "20000000bit nat besteffort dual-dsthost ingress "
					 "overhead 18\n"));
	r->links[0].bandwidth.down = 0;
	r->links[0].pppoe.user = STR("me");
	want(r);
	assert_int_equal(r->want.nshapers, 1);
	assert_int_equal(r->want.shapers[0].overhead, 26);
	assert_int_equal(forwarding_needs(&r->source) & SHAPING, KFEATURE_CAKE);
	r->links[0].disabled = true;
	want(r);
	assert_int_equal(r->want.nshapers, 0);
	assert_int_equal(forwarding_needs(&r->source) & SHAPING, 0);
}

static void the_connection_table_has_the_size_that_was_set(void **state)
{
	struct router *r = *state;

	want(r);
	assert_false(is_printed(&r->want, "nf_conntrack_max"));
	r->source.conf.table_size = 100000;
	want(r);
	assert_true(is_printed(&r->want, "sysctl net/netfilter/nf_conntrack_max=100000\n"));
	assert_true(is_printed(&r->want, "sysctl net/netfilter/nf_conntrack_buckets=25088\n"));
}

static void a_smaller_mtu_of_ppp_is_told_to_tcp_as_well(void **state)
{
	struct router *r = *state;

	r->links[0].pppoe.user = STR("me");
	want(r);
	assert_int_equal(r->want.ndevices, 0); /* its device is made by its daemon */
	assert_true(is_printed(&r->want, " tcp option maxseg size set rt mtu"));
}

static void lies_within(struct router *r, uint32_t table, uint32_t priority, uint32_t bits)
{
	publish_mail(r);
	for (size_t i = 0; i < r->want.nrules; i++) {
		const struct kstate_rule *rule = &r->want.rules[i];

		assert_in_range(rule->priority, priority, priority + FORWARDING_PRIORITIES - 1);
		assert_true(rule->mask == 0 || rule->mask == bits);
		assert_int_equal(rule->mark & ~bits, 0);
	}
	for (size_t i = 0; i < r->want.nroutes; i++)
		assert_true(r->want.routes[i].table == KSTATE_TABLE_MAIN ||
			    (r->want.routes[i].table >= table &&
				    r->want.routes[i].table < table + FL_LINKS_MAX));
}

static void nothing_lies_outside_our_ranges(void **state)
{
	struct router *r = *state;

	lies_within(r, 101, 100, 0xff);
	r->source.conf.first_table = 5001;
	r->source.conf.first_priority = 2000;
	r->source.conf.mark_mask = 0xff0000;
	lies_within(r, 5001, 2000, 0xff0000);
	assert_true(
		is_printed(&r->want, "ip rule pref 2102 fwmark 0x20000/0xff0000 lookup 5002\n"));
}

/* ---- marks that others have bits of ---- */

#define OTHERS_MARK    UINT32_C(0x80004005)
#define OTHERS_CT_MARK UINT32_C(0x40000001)
#define OUR_BITS       UINT32_C(0x00ff0000)

static struct packet with_others_marks(const struct forwarding_flow *f, const char *iif)
{
	struct packet p = machine_packet(f, iif);

	p.mark = OTHERS_MARK;
	p.ct_mark = OTHERS_CT_MARK;
	return p;
}

static void has_link(const struct packet *p, uint32_t link, uint32_t ct_link)
{
	assert_int_equal(p->mark, OTHERS_MARK | link << 16);
	assert_int_equal(p->ct_mark, OTHERS_CT_MARK | ct_link << 16);
}

static void others_bits_of_marks_are_kept_when_a_link_is_chosen(void **state)
{
	static const char *const live[] = {"123", "23", "3", ""};
	struct router *r = *state;
	struct forwarding_flow f = flow("192.168.1.50", "198.18.0.1", 6, 443);
	struct forwarding_choice choice;
	struct machine m;

	r->source.conf.mark_mask = OUR_BITS;
	add_rule(r, 10, 0);
	for (size_t i = 0; i < COUNT_OF(live); i++) {
		publish(r, live[i]);
		want(r);
		for (uint32_t draw = 0; draw < POLICY_SLOTS; draw++) {
			struct packet p = with_others_marks(&f, "lan0");

			forwarding_choose(&r->source, &r->pub, &f, draw, &choice);
			machine_run(&r->want, "prerouting", &p, draw, &m);
			has_link(&p, choice.link, choice.link);
		}
	}
}

static void others_bits_of_marks_are_kept_on_known_connections(void **state)
{
	struct router *r = *state;
	struct forwarding_flow out = flow("192.168.1.50", "198.18.0.1", 6, 443);
	struct forwarding_flow in = flow("198.18.0.1", "198.51.100.2", 6, 25);
	struct packet known = with_others_marks(&out, "lan0"), from_wan;
	struct machine m;

	r->source.conf.mark_mask = OUR_BITS;
	add_rule(r, 10, 0);
	want(r);
	known.ct_mark |= UINT32_C(3) << 16;
	known.ct_state = KCT_STATE_ESTABLISHED;
	assert_int_equal(machine_run(&r->want, "prerouting", &known, 0, &m), END_ACCEPT);
	has_link(&known, 3, 3);
	assert_int_equal(machine_run(&r->want, "forward", &known, 0, &m), END_ACCEPT);

	from_wan = with_others_marks(&in, "eth1");
	machine_run(&r->want, "prerouting", &from_wan, 0, &m);
	has_link(&from_wan, 0, 2);
}

static void others_bits_of_marks_are_kept_on_the_routers_own(void **state)
{
	struct router *r = *state;
	struct forwarding_flow f = flow("203.0.113.2", "198.18.0.1", 17, 123);
	struct packet new = with_others_marks(&f, NULL), theirs = new, bound = new;
	struct machine m;

	r->source.conf.mark_mask = OUR_BITS;
	publish(r, "23");
	want(r);
	new.oif = theirs.oif = bound.oif = "eth0";
	new.mark = 0;
	machine_run(&r->want, "output", &new, 0, &m);
	assert_int_equal(new.mark, 2 << 16);
	assert_int_equal(new.ct_mark, OTHERS_CT_MARK | 2 << 16);
	machine_run(&r->want, "output", &theirs, 0, &m);
	has_link(&theirs, 0, 0);
	bound.ct_mark |= 2 << 16;
	machine_run(&r->want, "postrouting", &bound, 0, &m);
	has_link(&bound, 0, 1);
}

static void a_persistent_policy_remembers_links_wherever_the_marks_are(void **state)
{
	struct router *r = *state;
	struct machine_memories memory = {.n = 0};
	struct forwarding_flow f = flow("192.168.1.50", "198.18.0.1", 6, 443);
	uint32_t link = 0;

	r->policies[0].method = POLICY_PERSISTENT;
	r->policies[0].persist_time = sec(600);
	add_rule(r, 10, 0);
	r->source.conf.mark_mask = OUR_BITS;
	want(r);
	for (uint32_t draw = 0; draw < 50; draw++) {
		struct packet p = with_others_marks(&f, "lan0");
		struct machine m;

		p.memory = &memory;
		machine_run(&r->want, "prerouting", &p, draw, &m);
		link = draw ? link : (p.mark & OUR_BITS) >> 16;
		assert_in_range(link, 1, 3);
		has_link(&p, link, link);
	}
	assert_int_equal(memory.n, 1);
	assert_int_equal(memory.at[0].value, link);
}

static void a_mask_of_marks_fits_every_link(void **state)
{
	static const char *const wrong[] = {"", "0x", "ff", "0xg0", "0x0", "0xf", "0x1ff", "0xf0f",
		"0x1fffffffff", "0xff00ff00"};
	char words[200];
	struct textbuf why = textbuf_of(words, sizeof(words));
	uint32_t mask = 0;

	(void)state;
	assert_true(forwarding_mask_parse(STR("0x1f"), &mask, &why));
	assert_true(forwarding_mask_parse(STR("0xFF000000"), &mask, &why));
	assert_int_equal(mask, 0xff000000);
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		assert_false(forwarding_mask_parse(str_of(wrong[i]), &mask, &why));
}

static void the_kernels_own_tables_are_not_taken(void **state)
{
	static const char *const wrong[] = {"", "x", "0", "238", "253", "255", "4294967295"};
	char words[400];
	struct textbuf why = textbuf_of(words, sizeof(words));
	uint32_t first = 0;

	(void)state;
	assert_true(forwarding_table_parse(STR("237"), &first, &why));
	assert_true(forwarding_table_parse(STR("256"), &first, &why));
	assert_int_equal(first, 256);
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		assert_false(forwarding_table_parse(str_of(wrong[i]), &first, &why));
}

/* ---- changes ---- */

static struct kernel_diff diff_to(struct router *r, const char *live)
{
	struct kernel_state old = r->want;
	struct kernel_diff d;

	publish(r, live);
	want(r);
	kernel_state_diff(&old, &r->want, &r->mem, &d);
	return d;
}

static void a_dead_link_changes_elements_only(void **state)
{
	struct router *r = *state;
	struct kernel_diff d;

	want(r);
	d = diff_to(r, "12");
	assert_null(d.replace_table);
	assert_int_equal(d.nadd_routes + d.ndel_routes + d.nadd_rules + d.ndel_rules, 0);
	assert_true(d.nsets > 0);
}

static void one_more_exact_rule_changes_elements_only(void **state)
{
	struct router *r = *state;
	struct kernel_state old;
	struct kernel_diff d;

	for (uint32_t i = 1; i <= 2; i++) {
		*add_rule(r, i, 1) = (struct rule_conf){RULE_ANYWHERE, .number = i, .policy = 1,
			.protocol = RULE_TCP, .port = {25, 25},
			.source = {ip_addr_v4(192, 168, 1, (uint8_t)i), 32}};
		old = r->want;
		want(r);
	}
	kernel_state_diff(&old, &r->want, &r->mem, &d);
	assert_null(d.replace_table);
	assert_int_equal(d.nsets, 1);
	assert_int_equal(d.sets[0].nadd, 1);
}

/* Apply element changes to a state, as a kernel would. */
static void apply(struct router *r, struct kernel_state *s, const struct kernel_diff *d)
{
	for (size_t i = 0; i < d->nsets; i++) {
		struct kset *set = (struct kset *)(uintptr_t)kernel_state_set(s, d->sets[i].set);
		struct kelem *e = arena_array(&r->mem, set->nelems + d->sets[i].nadd, sizeof(*e));
		size_t n = 0;

		for (size_t j = 0; j < set->nelems; j++) {
			size_t k = 0;

			while (k < d->sets[i].nremove &&
				memcmp(d->sets[i].remove[k].key, set->elems[j].key, KSET_KEY_MAX) !=
					0)
				k++;
			if (k == d->sets[i].nremove)
				e[n++] = set->elems[j];
		}
		for (size_t j = 0; j < d->sets[i].nadd; j++)
			e[n++] = d->sets[i].add[j];
		set->elems = e;
		set->nelems = n;
	}
	kernel_state_sort(s);
}

static void the_switch_leads_to_the_same_state_as_making_it_anew(void **state)
{
	struct router *r = *state;
	static const char *const lives[] = {"1", "12", "", "134", "4", "123"};

	add_rule(r, 1, 0);
	want(r);
	for (size_t i = 0; i < COUNT_OF(lives); i++) {
		struct kernel_state have = r->want;
		struct published old = r->pub;
		struct kernel_diff first, rest, d;

		publish(r, lives[i]);
		assert_int_equal(forwarding_switch(&old, &r->pub, &r->mem, &first, &rest), FL_OK);
		apply(r, &have, &first);
		apply(r, &have, &rest);
		want(r);
		kernel_state_diff(&have, &r->want, &r->mem, &d);
		assert_true(kernel_diff_is_empty(&d));
	}
}

static void the_switch_comes_first_and_is_two_elements(void **state)
{
	struct router *r = *state;
	struct published old = r->pub;
	struct kernel_diff first, rest;

	publish(r, "12");
	assert_int_equal(forwarding_switch(&old, &r->pub, &r->mem, &first, &rest), FL_OK);
	assert_int_equal(first.nsets, 1);
	assert_true(str_is(first.sets[0].set, "down"));
	assert_int_equal(first.sets[0].nadd, 2);
	assert_int_equal(first.sets[0].nremove, 0);
	assert_true(str_is(rest.sets[0].set, "slots"));
}

static size_t flushed(struct router *r, const char *before, const char *after, uint8_t *marks)
{
	struct published old;

	publish(r, before);
	old = r->pub;
	publish(r, after);
	return forwarding_flush_marks(&old, &r->pub, marks);
}

static void only_the_dead_links_connections_are_flushed(void **state)
{
	uint8_t marks[FL_LINKS_MAX];

	assert_int_equal(flushed(*state, "123", "13", marks), 1);
	assert_int_equal(marks[0], 2);
}

static void nothing_is_flushed_when_no_link_is_left(void **state)
{
	uint8_t marks[FL_LINKS_MAX];

	assert_int_equal(flushed(*state, "1", "", marks), 0);
}

static void a_family_that_dies_alone_is_flushed_alone(void **state)
{
	struct router *r = *state;
	struct published old;
	uint8_t marks[FL_LINKS_MAX];

	publish(r, "12");
	old = r->pub;
	r->pub.dead[1] |= link_bit(1);
	assert_int_equal(forwarding_flush_marks(&old, &r->pub, marks), 0);
	assert_int_equal(forwarding_flush_family(&old, &r->pub, 4, marks), 0);
	assert_int_equal(forwarding_flush_family(&old, &r->pub, 6, marks), 1);
	assert_int_equal(marks[0], 1);
	/* No other link carries it: nowhere to go. */
	r->pub.dead[1] |= link_bit(2);
	assert_int_equal(forwarding_flush_family(&old, &r->pub, 6, marks), 0);
}

static void a_backup_that_is_stood_down_keeps_its_connections(void **state)
{
	struct router *r = *state;
	struct published old;
	uint8_t marks[FL_LINKS_MAX];

	publish(r, "4");
	old = r->pub;
	publish(r, "1");
	r->pub.fit |= link_bit(4);
	assert_int_equal(forwarding_flush_marks(&old, &r->pub, marks), 0);
}

static void running_out_of_memory_is_an_error(void **state)
{
	struct router *r = *state;

	r->mem.full = true;
	assert_int_equal(forwarding_want(&r->source, &r->pub, &r->mem, &r->want), FL_EFULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_chains_choose_as_the_rules_read),
		TEST(a_set_of_ten_thousand_addresses_is_one_step),
		TEST(the_lowest_number_that_matches_decides),
		TEST(a_list_rule_before_an_exact_one_keeps_its_place),
		TEST(a_thousand_exact_rules_are_one_step_of_the_chain),
		TEST(hundreds_of_networks_are_two_steps_of_the_chain),
		TEST(a_network_within_another_keeps_its_place),
		TEST(exact_rules_around_a_disjoint_list_rule_share_a_map),
		TEST(a_policy_without_live_member_gives_way_to_the_next_rule),
		TEST(a_policy_that_drops_when_dead_drops),
		TEST(a_flow_without_a_rule_takes_the_first_live_link),
		TEST(ipv6_never_takes_a_link_without_ipv6),
		TEST(a_priority_policy_follows_its_slots),
		TEST(a_persistent_policy_keeps_a_client_on_its_link),
		TEST(a_rule_by_domain_takes_what_was_learned),
		TEST(a_longer_name_is_learned_by_the_rules_of_the_shorter_as_well),
		TEST(a_persistent_policy_by_destination_keeps_a_server_on_its_link),
		TEST(who_is_moved_off_a_dead_link_stays_on_the_new_one),
		TEST(own_networks_are_not_given_to_a_link),
		TEST(weighted_draws_follow_the_slots),
		TEST(a_known_connection_keeps_its_link),
		TEST(a_connection_from_a_wan_is_pinned_to_it),
		TEST(nobody_outside_has_an_address_of_the_routers_own),
		TEST(the_answer_to_a_probe_puts_nothing_on_its_link),
		TEST(own_connections_leave_a_dead_link),
		TEST(the_routers_own_connections_go_by_the_rules),
		TEST(a_rule_may_be_for_the_router_or_for_the_lans_alone),
		TEST(own_connections_of_another_links_address_stay_on_it),
		TEST(an_own_connection_is_of_the_link_it_leaves_by),
		TEST(an_own_connection_that_was_flushed_is_reset),
		TEST(a_probe_with_a_mark_stays_on_its_dead_link),
		TEST(from_outside_only_ping_and_dns_reach_the_router),
		TEST(from_outside_nothing_is_forwarded_that_is_not_published),
		TEST(a_disabled_link_still_lets_nothing_in),
		TEST(a_flushed_tcp_client_is_reset),
		TEST(nobody_outside_is_sent_a_reset),
		TEST(mail_to_a_published_address_reaches_the_server),
		TEST(only_who_is_named_as_a_source_reaches_the_server),
		TEST(another_port_of_a_published_address_is_not_forwarded),
		TEST(outbound_mail_leaves_with_the_mail_address),
		TEST(the_source_address_is_the_one_the_chains_give),
		TEST(other_traffic_of_the_mail_server_is_masqueraded),
		TEST(own_packets_from_a_second_address_keep_it),
		TEST(a_client_beside_the_server_gets_its_answers_back),
		TEST(a_server_may_listen_on_another_port_than_the_published_one),
		TEST(all_that_comes_to_a_whole_address_reaches_its_host),
		TEST(a_forward_takes_its_port_out_of_a_whole_address),
		TEST(whom_a_whole_address_is_closed_to_does_not_get_in),
		TEST(a_host_leaves_with_its_own_address_over_every_link),
		TEST(servers_share_connections_by_their_weights),
		TEST(a_source_of_the_links_own_prefix_stays),
		TEST(other_sources_leave_with_the_links_own_address),
		TEST(nptv6_replaces_the_network_and_keeps_the_host),
		TEST(a_withdrawn_network_has_a_route_and_no_address),
		TEST(a_dead_server_gets_no_new_connection),
		TEST(with_all_servers_dead_connections_still_go_to_them),
		TEST(a_servers_death_changes_elements_of_one_set_only),
		TEST(a_persistent_client_stays_on_its_server),
		TEST(each_server_leaves_with_the_published_address),
		TEST(a_published_address_is_added_to_its_link),
		TEST(each_link_has_a_table_with_its_default_route),
		TEST(two_links_may_share_a_subnet),
		TEST(a_disabled_link_has_no_address_and_no_route),
		TEST(vlans_are_devices_of_their_own),
		TEST(a_link_has_the_mtu_that_was_set_and_tcp_is_told),
		TEST(a_link_is_shaped_in_the_directions_whose_bandwidth_is_known),
		TEST(the_connection_table_has_the_size_that_was_set),
		TEST(a_smaller_mtu_of_ppp_is_told_to_tcp_as_well),
		TEST(nothing_lies_outside_our_ranges),
		TEST(others_bits_of_marks_are_kept_when_a_link_is_chosen),
		TEST(others_bits_of_marks_are_kept_on_known_connections),
		TEST(others_bits_of_marks_are_kept_on_the_routers_own),
		TEST(a_persistent_policy_remembers_links_wherever_the_marks_are),
		TEST(a_mask_of_marks_fits_every_link),
		TEST(the_kernels_own_tables_are_not_taken),
		TEST(a_dead_link_changes_elements_only),
		TEST(one_more_exact_rule_changes_elements_only),
		TEST(the_switch_leads_to_the_same_state_as_making_it_anew),
		TEST(the_switch_comes_first_and_is_two_elements),
		TEST(only_the_dead_links_connections_are_flushed),
		TEST(a_family_that_dies_alone_is_flushed_alone),
		TEST(nothing_is_flushed_when_no_link_is_left),
		TEST(a_backup_that_is_stood_down_keeps_its_connections),
		TEST(running_out_of_memory_is_an_error),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
