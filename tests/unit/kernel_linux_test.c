/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel driver against this machine's kernel, in a network namespace of the test's own. */
#include "forwarding.h"
#include "kernel_linux.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static void *get(void *ctx, size_t n)
{
	(void)ctx;
	return malloc(n);
}

static void put(void *ctx, void *p, size_t n)
{
	(void)ctx;
	(void)n;
	free(p);
}

static const struct arena_source heap = {get, put, NULL};

static void log_line(void *ctx, enum log_level level, struct str text)
{
	(void)level;
	if (ctx)
		++*(unsigned *)ctx;
	if (getenv("FL_TEST_VERBOSE"))
		fprintf(stderr, "# %.*s\n", STR_ARG(text));
}

/* ---- the router of the tests ---- */

struct router {
	struct arena mem;
	struct kernel kernel;
	struct kernel_linux *handle;
	struct log log;
	unsigned lines;
	char words[256];
	struct textbuf why;

	struct forwarding_source source;
	struct published pub;
	struct link_conf links[2];
	struct link_address addresses[2][2];
	struct link_gateway gateways[2][2];
	struct lan_conf lan;
	struct lan_address lan_address;
	struct policy_conf policy;
	struct policy_member members[2];
	struct rule_conf *rules;
	struct forward_conf forward;
	struct forward_on on;
	struct kernel_state applied;
};

static int sh(const char *command)
{
	return system(command); /* NOLINT: a test's own words */
}

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

static void configure(struct router *r)
{
	static const char *const text[2][4] = {
		{"203.0.113.2/29", "203.0.113.1", "2001:db8:1::2/64", "2001:db8:1::1"},
		{"198.51.100.2/29", "198.51.100.1", "2001:db8:2::2/64", "2001:db8:2::1"}};

	for (size_t i = 0; i < 2; i++) {
		r->links[i] = (struct link_conf){.name = i ? STR("wan2") : STR("wan1"),
			.number = (uint8_t)(i + 1),
			.interface = i ? STR("tw1") : STR("tw0"),
			.addresses = r->addresses[i],
			.naddresses = 2,
			.gateways = r->gateways[i],
			.ngateways = 2};
		for (size_t k = 0; k < 2; k++) {
			r->addresses[i][k].prefix = prefix(text[i][2 * k]);
			r->gateways[i][k].addr = addr(text[i][2 * k + 1]);
		}
		r->members[i].link = (int32_t)i;
	}
	r->lan_address.prefix = prefix("192.168.1.1/24");
	r->lan = (struct lan_conf){.name = STR("office"),
		.interface = STR("tl0"),
		.addresses = &r->lan_address,
		.naddresses = 1};
	r->policy = (struct policy_conf){.name = STR("spread"),
		.method = POLICY_WEIGHTED,
		.members = r->members,
		.nmembers = 2,
		.when_dead = POLICY_ANY};
	r->on = (struct forward_on){.link = 0, .address = addr("203.0.113.3")};
	r->forward = (struct forward_conf){.name = STR("smtp"),
		.to = addr("192.168.1.25"),
		.protocol = RULE_TCP,
		.port = {25, 25},
		.to_port = 2525,
		.on = &r->on,
		.non = 1};
	r->source = (struct forwarding_source){.links = r->links,
		.nlinks = 2,
		.lans = &r->lan,
		.nlans = 1,
		.policies = &r->policy,
		.npolicies = 1,
		.rules = r->rules,
		.forwards = &r->forward,
		.nforwards = 1};
}

static void publish(struct router *r, uint32_t live)
{
	r->pub = (struct published){.configured = 3, .live = live, .fit = live, .npolicies = 1};
	for (size_t i = 0; i < POLICY_SLOTS && live; i++)
		r->pub.policy[0].slot[i] = live == 3 ? (uint8_t)(1 + i * 7 / 3 % 2) : (uint8_t)live;
}

/* `n` rules that name one host and port each, and one that names a range. */
static void rules(struct router *r, size_t n)
{
	free(r->rules);
	r->rules = calloc(n + 1, sizeof(*r->rules));
	for (size_t i = 0; i < n; i++)
		r->rules[i] = (struct rule_conf){.number = (uint32_t)i + 1,
			.protocol = RULE_TCP,
			.port = {25, 25},
			.source = {ip_addr_v4(10, 1, (uint8_t)(i >> 8), (uint8_t)i), 32}};
	r->rules[n] = (struct rule_conf){.number = 5000,
		.protocol = RULE_UDP,
		.port = {8000, 8080},
		.source = prefix("192.168.1.0/24"),
		.destination = prefix("198.18.0.0/15")};
	r->source.rules = r->rules;
	r->source.nrules = n + 1;
}

static void want(struct router *r, struct kernel_state *out)
{
	assert_int_equal(forwarding_want(&r->source, &r->pub, &r->mem, out), FL_OK);
}

static void apply(struct router *r, const struct kernel_diff *d)
{
	r->why = textbuf_of(r->words, sizeof(r->words));
	if (r->kernel.apply(r->kernel.ctx, d, &r->why))
		fail_msg("refused: %s", r->words);
}

static void apply_wanted(struct router *r, const struct kernel_state *from)
{
	struct kernel_diff d;

	want(r, &r->applied);
	kernel_state_diff(from, &r->applied, &r->mem, &d);
	assert_false(r->mem.full);
	apply(r, &d);
}

static const char devices[] =
	"ip link set lo up && ip link add tw0 type veth peer pw0 && "
	"ip link add tw1 type veth peer pw1 && ip link add tl0 type veth peer pl0 && "
	"for i in tw0 tw1 tl0 pw0 pw1 pl0; do ip link set $i up || exit 1; done";

/* Each test has a namespace of its own, which goes when the next one comes. */
static int setup(void **state)
{
	struct router *r = calloc(1, sizeof(*r));

	*state = r;
	arena_init(&r->mem, &heap);
	r->log = (struct log){log_line, &r->lines};
	r->why = textbuf_of(r->words, sizeof(r->words));
	if (unshare(CLONE_NEWNET) || sh(devices))
		return -1;
	configure(r);
	publish(r, 3);
	rules(r, 3);
	return kernel_linux_open(&r->kernel, &r->handle, &heap, &r->log, &r->why) ? -1 : 0;
}

static int teardown(void **state)
{
	struct router *r = *state;

	if (r->handle)
		kernel_linux_close(r->handle);
	arena_reset(&r->mem);
	free(r->rules);
	free(r);
	return 0;
}

static struct kernel_diff diff_to_kernel(struct router *r, bool *known)
{
	struct kernel_state have = {0};
	struct kernel_diff d;

	assert_int_equal(r->kernel.read(r->kernel.ctx, &r->applied, &r->mem, &have, known), FL_OK);
	kernel_state_diff(&have, &r->applied, &r->mem, &d);
	assert_false(r->mem.full);
	return d;
}

static void expect_in_kernel(struct router *r)
{
	bool known;
	struct kernel_diff d = diff_to_kernel(r, &known);

	assert_true(known);
	if (!kernel_diff_is_empty(&d)) {
		static char text[20000];
		struct textbuf t = textbuf_of(text, sizeof(text));
		struct sink out = textbuf_sink(&t);

		kernel_diff_print(&d, &out);
		fail_msg("the kernel differs:\n%s", text);
	}
}

/* ---- tests ---- */

static void what_was_applied_is_read_back(void **state)
{
	struct router *r = *state;

	apply_wanted(r, NULL);
	expect_in_kernel(r);
	assert_int_equal(r->lines, 0);
}

static void nft_can_list_the_table(void **state)
{
	struct router *r = *state;

	apply_wanted(r, NULL);
	assert_int_equal(sh("nft list table inet fairlead >/dev/null"), 0);
}

static void an_empty_kernel_is_not_known(void **state)
{
	struct router *r = *state;
	bool known = true;
	struct kernel_diff d;

	want(r, &r->applied);
	d = diff_to_kernel(r, &known);
	assert_false(known);
	assert_non_null(d.replace_table);
}

static void a_dead_link_is_an_element_of_down(void **state)
{
	struct router *r = *state;
	struct published old;
	struct kernel_diff first, rest;

	apply_wanted(r, NULL);
	old = r->pub;
	publish(r, 2);
	assert_int_equal(forwarding_switch(&old, &r->pub, &r->mem, &first, &rest), FL_OK);
	apply(r, &first);
	apply(r, &rest);
	want(r, &r->applied);
	expect_in_kernel(r);
}

static void a_changed_configuration_replaces_what_differs(void **state)
{
	struct router *r = *state;
	struct kernel_state old;

	apply_wanted(r, NULL);
	old = r->applied;
	r->gateways[0][0].addr = addr("203.0.113.6");
	r->addresses[1][0].prefix = prefix("198.51.100.5/29");
	r->source.nforwards = 0;
	rules(r, 200);
	apply_wanted(r, &old);
	expect_in_kernel(r);
}

static void a_rule_put_in_by_another_hand_is_seen(void **state)
{
	struct router *r = *state;
	bool known = true;

	apply_wanted(r, NULL);
	assert_int_equal(sh("nft insert rule inet fairlead forward accept"), 0);
	diff_to_kernel(r, &known);
	assert_false(known);
}

static void a_deleted_route_is_seen_and_put_back(void **state)
{
	struct router *r = *state;
	struct kernel_diff d;
	bool known;

	apply_wanted(r, NULL);
	assert_int_equal(sh("ip route del default table 101"), 0);
	d = diff_to_kernel(r, &known);
	assert_int_equal(d.nadd_routes, 1);
	apply(r, &d);
	expect_in_kernel(r);
}

static void what_is_not_ours_stays(void **state)
{
	struct router *r = *state;

	assert_int_equal(
		sh("ip addr add 10.9.9.1/24 dev tl0 && ip rule add pref 250 fwmark 7 lookup 99 &&"
		   "ip route add 10.8.0.0/16 via 10.9.9.2 && nft add table inet others"),
		0);
	apply_wanted(r, NULL);
	expect_in_kernel(r);
	assert_int_equal(r->kernel.remove_all(r->kernel.ctx, &r->applied, &r->why), FL_OK);
	assert_int_equal(sh("ip addr show dev tl0 | grep -q 10.9.9.1/24 &&"
			    "ip rule | grep -q 'fwmark 0x7 lookup 99' &&"
			    "ip route | grep -q '10.8.0.0/16 via 10.9.9.2' &&"
			    "nft list tables | grep -q others"),
		0);
}

static void remove_all_leaves_nothing_of_ours(void **state)
{
	struct router *r = *state;

	apply_wanted(r, NULL);
	assert_int_equal(r->kernel.remove_all(r->kernel.ctx, &r->applied, &r->why), FL_OK);
	assert_int_equal(sh("! nft list tables | grep -q fairlead && ! ip route show table all | "
			    "grep -qw 201 &&"
			    "! ip -6 route show table all | grep -qw 201 && ! ip rule | grep -q "
			    "'lookup 10' &&"
			    "! ip addr | grep -q 203.0.113 && ! ip addr | grep -q 192.168.1.1"),
		0);
}

static void an_interface_that_is_missing_is_waited_for(void **state)
{
	struct router *r = *state;
	struct kernel_diff d;
	bool known;

	assert_int_equal(sh("ip link del tw1"), 0);
	apply_wanted(r, NULL);
	assert_true(r->lines > 0);
	expect_in_kernel(r);
	assert_int_equal(sh("ip link add tw1 type veth peer pw1 && ip link set tw1 up && ip link "
			    "set pw1 up"),
		0);
	d = diff_to_kernel(r, &known);
	assert_int_equal(d.nadd_addresses, 2);
	apply(r, &d);
	expect_in_kernel(r);
}

static void a_refusal_names_what_was_refused(void **state)
{
	struct router *r = *state;
	struct kelem e = {0};
	struct kset_change c = {.set = STR("nowhere"), .add = &e, .nadd = 1};
	struct kernel_diff d = {.sets = &c, .nsets = 1};

	apply_wanted(r, NULL);
	e.key_n = 4;
	r->why = textbuf_of(r->words, sizeof(r->words));
	assert_int_equal(r->kernel.apply(r->kernel.ctx, &d, &r->why), FL_ENOENT);
	assert_non_null(strstr(r->words, "elements of set nowhere"));
}

static void a_refused_batch_changes_nothing(void **state)
{
	struct router *r = *state;
	struct published old;
	struct kernel_diff first, rest;
	struct kelem e = {.key_n = 4};
	struct kset_change c[2] = {{0}, {.set = STR("nowhere"), .add = &e, .nadd = 1}};
	struct kernel_diff d = {.sets = c, .nsets = 2};

	apply_wanted(r, NULL);
	old = r->pub;
	publish(r, 2);
	assert_int_equal(forwarding_switch(&old, &r->pub, &r->mem, &first, &rest), FL_OK);
	c[0] = first.sets[0];
	assert_int_not_equal(r->kernel.apply(r->kernel.ctx, &d, &r->why), FL_OK);
	expect_in_kernel(r);
}

/* A UDP flow through the router's own output: an entry with a mark. */
static void only_connections_with_the_mark_are_flushed(void **state)
{
	struct router *r = *state;

	apply_wanted(r, NULL);
	assert_int_equal(sh("for m in 1 2; do conntrack -I -p tcp -s 192.168.1.9 -d 198.18.0.$m "
			    "--sport 40000 --dport 443 --state ESTABLISHED -t 600 -m $m "
			    ">/dev/null 2>&1 || exit 1; done"),
		0);
	assert_int_equal(r->kernel.flush(r->kernel.ctx, 1, &r->why), FL_OK);
	assert_int_equal(sh("[ $(conntrack -L 2>/dev/null | grep -c 'dst=198.18.0.1') = 0 ] && "
			    "[ $(conntrack -L 2>/dev/null | grep -c 'dst=198.18.0.2') = 1 ]"),
		0);
}

/* ---- figures, for the manual; nothing is asserted of them ---- */

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure(struct router *r, size_t nrules)
{
	enum { ROUNDS = 201 };
	double took[ROUNDS], slots[ROUNDS], started;
	struct published old;
	struct kernel_diff first, rest;

	rules(r, nrules);
	started = now_us();
	apply_wanted(r, NULL);
	print_message("# %zu rules: whole state %.0f us\n", nrules + 1, now_us() - started);
	for (int i = 0; i < ROUNDS; i++) {
		old = r->pub;
		publish(r, i % 2 ? 3 : 2);
		assert_int_equal(forwarding_switch(&old, &r->pub, &r->mem, &first, &rest), FL_OK);
		started = now_us();
		apply(r, &first);
		took[i] = now_us() - started;
		apply(r, &rest);
		slots[i] = now_us() - started - took[i];
	}
	qsort(took, ROUNDS, sizeof(*took), by_value);
	qsort(slots, ROUNDS, sizeof(*slots), by_value);
	print_message("# %zu rules: switch %.1f us (median), %.1f us (p99); slots %.0f us\n",
		nrules + 1, took[ROUNDS / 2], took[ROUNDS * 99 / 100], slots[ROUNDS / 2]);
	started = now_us();
	assert_int_equal(r->kernel.flush(r->kernel.ctx, 1, &r->why), FL_OK);
	print_message("# flush of no connection: %.0f us\n", now_us() - started);
	want(r, &r->applied);
	expect_in_kernel(r);
}

static void the_switch_leaves_the_same_state_however_often_it_is_made(void **state)
{
	measure(*state, 1);
}

static void a_thousand_rules_are_applied_and_switched(void **state)
{
	measure(*state, 1000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_applied_is_read_back),
		TEST(nft_can_list_the_table),
		TEST(an_empty_kernel_is_not_known),
		TEST(a_dead_link_is_an_element_of_down),
		TEST(a_changed_configuration_replaces_what_differs),
		TEST(a_rule_put_in_by_another_hand_is_seen),
		TEST(a_deleted_route_is_seen_and_put_back),
		TEST(what_is_not_ours_stays),
		TEST(remove_all_leaves_nothing_of_ours),
		TEST(an_interface_that_is_missing_is_waited_for),
		TEST(a_refusal_names_what_was_refused),
		TEST(a_refused_batch_changes_nothing),
		TEST(only_connections_with_the_mark_are_flushed),
		TEST(the_switch_leaves_the_same_state_however_often_it_is_made),
		TEST(a_thousand_rules_are_applied_and_switched),
	};

	if (unshare(CLONE_NEWNET) && unshare(CLONE_NEWUSER | CLONE_NEWNET)) {
		printf("1..1\nok 1 - kernel_linux # SKIP no right to make a network namespace\n");
		return 0;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
