/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel driver against this machine's kernel, in a network namespace of the test's own. */
#include "forwarding.h"
#include "kernel_linux.h"
#include "test_heap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static void log_line(void *ctx, enum log_level level, struct str text)
{
	(void)level;
	if (ctx)
		++*(unsigned *)ctx;
	if (getenv("FL_TEST_VERBOSE"))
		fprintf(stderr, "# %.*s\n", STR_ARG(text));
}

/* ---- the router of the tests ---- */

#define LINKS 8 /* there is room for; most tests have two */

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
	struct link_conf links[LINKS];
	struct link_address addresses[LINKS][2];
	struct link_gateway gateways[LINKS][2];
	struct lan_conf lan;
	struct lan_address lan_addresses[2];
	struct policy_conf policy;
	struct policy_member members[LINKS];
	struct rule_conf *rules;
	struct forward_server server;
	struct forward_conf forward;
	struct forward_on on;
	struct kernel_state applied;

	pid_t internet, inside; /* processes that hold a network namespace each */
	int home;               /* the router's own */
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
	r->lan_addresses[0].prefix = prefix("192.168.1.1/24");
	r->lan_addresses[1].prefix = prefix("fd00:1::1/64");
	r->lan = (struct lan_conf){.name = STR("office"),
		.interface = STR("tl0"),
		.addresses = r->lan_addresses,
		.naddresses = 2};
	r->policy = (struct policy_conf){.name = STR("spread"),
		.method = POLICY_WEIGHTED,
		.members = r->members,
		.nmembers = 2,
		.when_dead = POLICY_ANY};
	r->on = (struct forward_on){.link = 0, .address = addr("203.0.113.3")};
	r->server = (struct forward_server){.addr = addr("192.168.1.25"), .weight = 1};
	r->forward = (struct forward_conf){.name = STR("smtp"),
		.to = &r->server,
		.nto = 1,
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
	/* Hosts, and every second one a network with a range of ports. */
	for (size_t i = 0; i < n; i++) {
		bool host = i % 2 == 0;

		r->rules[i] = (struct rule_conf){RULE_ANYWHERE, .number = (uint32_t)i + 1,
			.protocol = RULE_TCP, .port = {25, host ? 25 : 30},
			.source = {
				ip_addr_v4(10, (uint8_t)(i >> 8), (uint8_t)i, 0), host ? 32 : 24}};
	}
	r->rules[n] = (struct rule_conf){RULE_ANYWHERE, .number = 5000, .protocol = RULE_UDP,
		.port = {8000, 8080}, .source = prefix("192.168.1.0/24"),
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

/* ---- other hosts ---- */

/* A process that does nothing but hold a network namespace. */
static pid_t start_host(void)
{
	int ready[2];
	char octet;
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET) || write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &octet, 1), 1);
	close(ready[0]);
	return pid;
}

static void end_host(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Without duplicate address detection: for two seconds and more of it the router could not ask for
 * its IPv6 neighbours, which it gives up after three. */
static const char devices[] =
	"echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad && "
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
	rules(r, 12);
	return kernel_linux_open(&r->kernel, &r->handle, &heap, &r->log, &r->why) ? -1 : 0;
}

static int teardown(void **state)
{
	struct router *r = *state;

	end_host(r->internet);
	end_host(r->inside);
	if (r->home > 0)
		close(r->home);
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

/* By a kernel that has CAKE as by one that has not: tests/guest/shaping.test shows what it does. */
static void shaping_is_applied_or_said_to_be_missing(void **state)
{
	struct router *r = *state;
	uint32_t lacks;

	r->links[0].shaping = true;
	r->links[0].bandwidth.down = 20000000;
	r->links[0].bandwidth.up = 5000000;
	lacks = r->kernel.lacks(r->kernel.ctx, KFEATURE_CAKE);
	assert_int_equal(lacks & ~KFEATURE_CAKE, 0);
	apply_wanted(r, NULL);
	expect_in_kernel(r);
	assert_int_equal(sh("tc qdisc show dev tw0 | grep -q 'cake fa1d:'") == 0, !lacks);
	assert_int_equal(r->kernel.remove_all(r->kernel.ctx, &r->applied, &r->why), FL_OK);
	assert_int_equal(
		sh("! tc qdisc | grep -qE 'cake|ingress' && ! ip link | grep -q fairlead-in"), 0);
}

/* By a kernel that has them as by one that has not, told by nft(8), and before anything is tried.
 */
static void flowtables_are_made_or_said_to_be_missing(void **state)
{
	struct router *r = *state;
	bool there = sh("nft 'add table inet probe; add flowtable inet probe f { hook ingress "
			"priority 0; devices = { tw0 }; }; delete table inet probe'") == 0;
	uint32_t lacks = r->kernel.lacks(r->kernel.ctx, KFEATURE_FLOWTABLE);

	assert_int_equal(lacks, there ? 0 : KFEATURE_FLOWTABLE);
	assert_int_equal(sh("! nft list tables | grep -q fairlead"), 0);
	r->source.conf.flowtable = true;
	apply_wanted(r, NULL);
	expect_in_kernel(r);
	assert_int_equal(sh("nft list flowtables | grep -q tw0") == 0, there);
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
	assert_int_equal(r->kernel.flush(r->kernel.ctx, 1, 0, &r->why), FL_OK);
	assert_int_equal(sh("[ $(conntrack -L 2>/dev/null | grep -c 'dst=198.18.0.1') = 0 ] && "
			    "[ $(conntrack -L 2>/dev/null | grep -c 'dst=198.18.0.2') = 1 ]"),
		0);
}

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Entries as forwarding makes them, over a socket of the test's own. */
static void track(struct mnl_socket *s, uint32_t n, uint32_t mark)
{
	char at[512];
	struct nlmsghdr *h = mnl_nlmsg_put_header(at);
	struct nfgenmsg *g = mnl_nlmsg_put_extra_header(h, sizeof(*g));

	h->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL;
	g->nfgen_family = AF_INET;
	for (int reply = 0; reply < 2; reply++) {
		struct nlattr *tuple =
			mnl_attr_nest_start(h, reply ? CTA_TUPLE_REPLY : CTA_TUPLE_ORIG);
		struct nlattr *part = mnl_attr_nest_start(h, CTA_TUPLE_IP);

		mnl_attr_put_u32(h, reply ? CTA_IP_V4_DST : CTA_IP_V4_SRC, htonl(0xc0a80109));
		mnl_attr_put_u32(
			h, reply ? CTA_IP_V4_SRC : CTA_IP_V4_DST, htonl(0xc6120000 + (n >> 15)));
		mnl_attr_nest_end(h, part);
		part = mnl_attr_nest_start(h, CTA_TUPLE_PROTO);
		mnl_attr_put_u8(h, CTA_PROTO_NUM, IPPROTO_UDP);
		mnl_attr_put_u16(h, reply ? CTA_PROTO_DST_PORT : CTA_PROTO_SRC_PORT,
			htons((uint16_t)(1024 + (n & 0x7fff))));
		mnl_attr_put_u16(h, reply ? CTA_PROTO_SRC_PORT : CTA_PROTO_DST_PORT, htons(5060));
		mnl_attr_nest_end(h, part);
		mnl_attr_nest_end(h, tuple);
	}
	mnl_attr_put_u32(h, CTA_TIMEOUT, htonl(600));
	mnl_attr_put_u32(h, CTA_MARK, htonl(mark));
	assert_true(mnl_socket_sendto(s, h, h->nlmsg_len) > 0);
}

static bool count_flow(void *ctx, const struct kernel_flow *flow)
{
	++((size_t *)ctx)[flow->mark < 3 ? flow->mark : 0];
	return true;
}

/* Less and more than one part of the list; the other link's stay. */
static void flush_of_many(struct router *r, uint32_t many)
{
	struct mnl_socket *s = mnl_socket_open(NETLINK_NETFILTER);
	size_t n[3] = {0}, left[3] = {0};
	double started;

	apply_wanted(r, NULL);
	for (uint32_t i = 0; i < many + 100; i++)
		track(s, i, i < many ? 1 : 2);
	mnl_socket_close(s);
	started = now_us();
	assert_int_equal(r->kernel.flows(r->kernel.ctx, 0, count_flow, n, &r->why), FL_OK);
	print_message("# %zu connections listed in %.0f ms\n", n[1], (now_us() - started) / 1e3);
	if (n[1] < many)
		skip(); /* this machine has no room for so many */
	started = now_us();
	assert_int_equal(r->kernel.flush(r->kernel.ctx, 1, 0, &r->why), FL_OK);
	print_message("# %u connections flushed in %.0f ms\n", many, (now_us() - started) / 1e3);
	assert_int_equal(r->kernel.flows(r->kernel.ctx, 0, count_flow, left, &r->why), FL_OK);
	assert_int_equal(left[1], 0);
	assert_int_equal(left[2], n[2]);
}

static void some_connections_are_flushed(void **state)
{
	flush_of_many(*state, 300);
}

static void a_hundred_thousand_connections_are_flushed(void **state)
{
	flush_of_many(*state, 100000);
}

static void one_family_of_a_link_can_be_flushed(void **state)
{
	struct router *r = *state;

	apply_wanted(r, NULL);
	assert_int_equal(
		sh("conntrack -I -p tcp -s 192.168.1.9 -d 198.18.0.1 --sport 40000 --dport "
		   "443 --state ESTABLISHED -t 600 -m 1 >/dev/null 2>&1 && "
		   "conntrack -I -p tcp -s 2001:db8::9 -d 2001:db8:f::1 --sport "
		   "40000 --dport 443 --state ESTABLISHED -t 600 -m 1 >/dev/null 2>&1"),
		0);
	assert_int_equal(r->kernel.flush(r->kernel.ctx, 1, 6, &r->why), FL_OK);
	assert_int_equal(
		sh("[ $(conntrack -L 2>/dev/null | grep -c 'dst=198.18.0.1') = 1 ] && "
		   "[ $(conntrack -L -f ipv6 2>/dev/null | grep -c 'dst=2001:db8:f::1') = 0 ]"),
		0);
	assert_int_equal(r->kernel.flush(r->kernel.ctx, 1, 4, &r->why), FL_OK);
	assert_int_equal(sh("[ $(conntrack -L 2>/dev/null | grep -c 'dst=198.18.0.1') = 0 ]"), 0);
}

/* ---- flows through the router ---- */

static void on_host(pid_t host, const char *commands)
{
	char line[1024];

	snprintf(line, sizeof(line), "nsenter -t %d -n sh -ec '%s'", (int)host, commands);
	assert_int_equal(sh(line), 0);
}

/* The internet behind both links, and a host in the LAN that is 192.168.1.25 and .50. */
static void connect_hosts(struct router *r)
{
	char line[256];

	r->home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	r->internet = start_host();
	r->inside = start_host();
	snprintf(line, sizeof(line),
		"ip link set pw0 netns %d && ip link set pw1 netns %d && ip link set pl0 netns %d",
		(int)r->internet, (int)r->internet, (int)r->inside);
	assert_int_equal(sh(line), 0);
	on_host(r->internet,
		"ip link set lo up; ip link set pw0 up; ip link set pw1 up;"
		"ip addr add 203.0.113.1/29 dev pw0; ip addr add 198.51.100.1/29 dev pw1;"
		"ip addr add 198.18.0.1/32 dev lo; ip addr add 2001:db8:ffff::1/128 dev lo nodad;"
		"ip addr add 2001:db8:1::1/64 dev pw0 nodad; ip addr add 2001:db8:2::1/64 dev pw1 "
		"nodad");
	on_host(r->inside,
		"ip link set lo up; ip link set pl0 up; ip addr add 192.168.1.50/24 dev pl0;"
		"ip addr add 192.168.1.25/24 dev pl0; ip addr add fd00:1::50/64 dev pl0 nodad;"
		"ip route add default via 192.168.1.1; ip -6 route add default via fd00:1::1");
	apply_wanted(r, NULL);
}

struct end {
	struct sockaddr_storage at;
	socklen_t size;
};

static struct end end_of(const char *text, uint16_t port)
{
	struct ip_addr a = addr(text);
	struct end e = {
		.size = a.family == 6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in)};
	struct sockaddr_in *v4 = (void *)&e.at;
	struct sockaddr_in6 *v6 = (void *)&e.at;

	e.at.ss_family = a.family == 6 ? AF_INET6 : AF_INET;
	if (a.family == 6) {
		memcpy(&v6->sin6_addr, a.b, 16);
		v6->sin6_port = htons(port);
	} else {
		memcpy(&v4->sin_addr, a.b, 4);
		v4->sin_port = htons(port);
	}
	return e;
}

/* A socket in the namespace of a host (0: the router), bound to an address. */
static int socket_of_type(struct router *r, pid_t host, int type, const char *text, uint16_t port)
{
	struct end e = end_of(text, port);
	char path[64];
	int ns, fd, one = 1;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)host);
	ns = host ? open(path, O_RDONLY | O_CLOEXEC) : r->home;
	assert_int_equal(setns(ns, CLONE_NEWNET), 0);
	fd = socket(e.at.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(setns(r->home, CLONE_NEWNET), 0);
	if (host)
		close(ns);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	assert_int_equal(bind(fd, (void *)&e.at, e.size), 0);
	return fd;
}

static int socket_on(struct router *r, pid_t host, const char *text, uint16_t port)
{
	return socket_of_type(r, host, SOCK_STREAM, text, port);
}

static int listener_on(struct router *r, pid_t host, const char *text, uint16_t port)
{
	int fd = socket_on(r, host, text, port);

	assert_int_equal(listen(fd, 100), 0);
	return fd;
}

static bool becomes(int fd, short events, int wait_ms)
{
	struct pollfd p = {fd, events, 0};

	return poll(&p, 1, wait_ms) == 1;
}

/* Does the connection come about within the time? */
static bool reaches(int fd, const char *text, uint16_t port, int wait_ms)
{
	struct end e = end_of(text, port);
	int error = 0;
	socklen_t size = sizeof(error);

	if (connect(fd, (void *)&e.at, e.size) == 0)
		return true;
	if (errno != EINPROGRESS || !becomes(fd, POLLOUT, wait_ms))
		return false;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
	return error == 0;
}

/* Accept on `listener`; `from` gets the address the other end has here. */
static int accepted(int listener, char from[INET6_ADDRSTRLEN])
{
	struct sockaddr_storage at = {0};
	socklen_t size = sizeof(at);
	int fd;

	assert_true(becomes(listener, POLLIN, 5000));
	fd = accept4(listener, (void *)&at, &size, SOCK_CLOEXEC);
	assert_true(fd >= 0);
	inet_ntop(at.ss_family,
		at.ss_family == AF_INET6 ? (void *)&((struct sockaddr_in6 *)(void *)&at)->sin6_addr
					 : (void *)&((struct sockaddr_in *)(void *)&at)->sin_addr,
		from, INET6_ADDRSTRLEN);
	return fd;
}

enum {
	PATIENCE = 5000, /* ms until something that should happen is given up */
	NEVER = 300
}; /* ms in which something that should not happen does not */

/* The link that a new connection from inside takes. */
static unsigned link_taken(struct router *r, int listener)
{
	char from[INET6_ADDRSTRLEN];
	int client = socket_on(r, r->inside, "192.168.1.50", 0);

	assert_true(reaches(client, "198.18.0.1", 443, PATIENCE));
	close(accepted(listener, from));
	close(client);
	return strcmp(from, "203.0.113.2") == 0 ? 1 : strcmp(from, "198.51.100.2") == 0 ? 2 : 0;
}

static void use_policy(struct router *r)
{
	r->rules[0] = (struct rule_conf){RULE_ANYWHERE, .number = 1, .policy = 0};
	r->source.nrules = 1;
}

static void switch_to(struct router *r, uint32_t live)
{
	struct published old = r->pub;
	struct kernel_diff first, rest;
	uint8_t marks[FL_LINKS_MAX];

	publish(r, live);
	assert_int_equal(forwarding_switch(&old, &r->pub, &r->mem, &first, &rest), FL_OK);
	apply(r, &first);
	for (size_t i = 0, n = forwarding_flush_marks(&old, &r->pub, marks); i < n; i++)
		assert_int_equal(r->kernel.flush(r->kernel.ctx, marks[i], 0, &r->why), FL_OK);
	apply(r, &rest);
}

static void connections_spread_over_both_links(void **state)
{
	struct router *r = *state;
	unsigned taken[3] = {0};
	int listener;

	use_policy(r);
	connect_hosts(r);
	listener = listener_on(r, r->internet, "198.18.0.1", 443);
	for (int i = 0; i < 40; i++)
		taken[link_taken(r, listener)]++;
	assert_int_equal(taken[0], 0);
	assert_true(taken[1] > 10);
	assert_true(taken[2] > 10);
	close(listener);
}

/* ---- what is counted ---- */

struct wanted_count {
	struct str what;
	uint64_t packets;
};

static void add_count(void *ctx, const struct kernel_count *c)
{
	struct wanted_count *w = ctx;

	if (str_eq(w->what, c->what))
		w->packets += c->packets;
}

static uint64_t counted(struct router *r, const char *what)
{
	struct wanted_count w = {str_of(what), 0};

	assert_int_equal(r->kernel.counts(r->kernel.ctx, add_count, &w, &r->why), FL_OK);
	return w.packets;
}

static void connect_times(struct router *r, int n)
{
	int listener = listener_on(r, r->internet, "198.18.0.1", 443);

	for (int i = 0; i < n; i++)
		assert_int_not_equal(link_taken(r, listener), 0);
	close(listener);
}

/* The first rule is an element of a map, the second one a step of the list. */
static void use_two_rules(struct router *r)
{
	r->rules[0] = (struct rule_conf){RULE_ANYWHERE, .number = 10, .protocol = RULE_TCP,
		.port = {443, 443}, .source = prefix("192.168.1.50/32")};
	r->rules[1] = (struct rule_conf){RULE_ANYWHERE, .number = 20, .protocol = RULE_TCP};
	r->rules[1].lan = 0;
	r->source.nrules = 2;
}

static void rules_count_connections_and_not_their_packets(void **state)
{
	struct router *r = *state;

	use_two_rules(r);
	connect_hosts(r);
	connect_times(r, 5);
	assert_int_equal(counted(r, "rule 10"), 5);
	assert_int_equal(counted(r, "rule 20"), 0);
	expect_in_kernel(r);
}

static void a_new_table_goes_on_counting(void **state)
{
	struct router *r = *state;
	struct kernel_state before;

	use_two_rules(r);
	connect_hosts(r);
	connect_times(r, 5);
	before = r->applied;
	r->rules[0].port = (struct rule_port){444, 444}; /* this is one element */
	apply_wanted(r, &before);
	connect_times(r, 3);
	assert_int_equal(counted(r, "rule 20"), 3);
	before = r->applied;
	r->rules[2] = (struct rule_conf){RULE_ANYWHERE, .number = 30, .dscp = 47};
	r->source.nrules = 3; /* and this another table */
	apply_wanted(r, &before);
	connect_times(r, 1);
	assert_int_equal(counted(r, "rule 20"), 4);
	expect_in_kernel(r);
}

static void an_element_of_a_new_table_goes_on_counting(void **state)
{
	struct router *r = *state;
	struct kernel_state before;

	use_two_rules(r);
	connect_hosts(r);
	connect_times(r, 2);
	before = r->applied;
	r->source.nrules = 1;
	apply_wanted(r, &before);
	connect_times(r, 1);
	assert_int_equal(counted(r, "rule 10"), 3);
	expect_in_kernel(r);
}

static void counts_are_forgotten_when_it_is_asked_for(void **state)
{
	struct router *r = *state;
	struct kernel_diff anew = {.replace_table = &r->applied, .forget_counts = true};

	use_two_rules(r);
	connect_hosts(r);
	connect_times(r, 2);
	apply(r, &anew);
	assert_int_equal(counted(r, "rule 10"), 0);
	expect_in_kernel(r);
}

static void a_published_server_counts_connections(void **state)
{
	struct router *r = *state;
	int client, listener;

	connect_hosts(r);
	listener = listener_on(r, r->inside, "192.168.1.25", 2525);
	client = socket_on(r, r->internet, "198.18.0.1", 0);
	assert_true(reaches(client, "203.0.113.3", 25, PATIENCE));
	assert_int_equal(counted(r, "forward smtp"), 1);
	close(client);
	close(listener);
}

static void new_connections_leave_by_the_link_that_is_left(void **state)
{
	struct router *r = *state;
	int listener;

	use_policy(r);
	connect_hosts(r);
	listener = listener_on(r, r->internet, "198.18.0.1", 443);
	switch_to(r, 2);
	for (int i = 0; i < 10; i++)
		assert_int_equal(link_taken(r, listener), 2);
	close(listener);
}

/* The client only listens: it would never notice by itself. */
static void expect_client_is_told(struct router *r, const char *client, const char *server)
{
	char from[INET6_ADDRSTRLEN], octet;
	int listener, inside, outside;
	double started;

	use_policy(r);
	publish(r, 1);
	connect_hosts(r);
	listener = listener_on(r, r->internet, server, 443);
	inside = socket_on(r, r->inside, client, 0);
	assert_true(reaches(inside, server, 443, PATIENCE));
	outside = accepted(listener, from);
	started = now_us();
	switch_to(r, 2);
	assert_true(becomes(inside, POLLIN, PATIENCE));
	print_message("# told %.1f ms after the switch began\n", (now_us() - started) / 1e3);
	assert_int_equal(recv(inside, &octet, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
	close(inside);
	close(outside);
	close(listener);
}

static void a_client_that_only_listens_is_told_that_its_link_died(void **state)
{
	expect_client_is_told(*state, "192.168.1.50", "198.18.0.1");
}

static void so_is_one_over_ipv6(void **state)
{
	expect_client_is_told(*state, "fd00:1::50", "2001:db8:ffff::1");
}

static void connections_of_the_other_link_live_on(void **state)
{
	struct router *r = *state;
	char from[INET6_ADDRSTRLEN], octet = 0;
	int listener, inside, outside;

	use_policy(r);
	publish(r, 2);
	connect_hosts(r);
	listener = listener_on(r, r->internet, "198.18.0.1", 443);
	inside = socket_on(r, r->inside, "192.168.1.50", 0);
	assert_true(reaches(inside, "198.18.0.1", 443, PATIENCE));
	outside = accepted(listener, from);
	switch_to(r, 3);
	switch_to(r, 2);
	assert_int_equal(send(outside, "x", 1, 0), 1);
	assert_true(becomes(inside, POLLIN, PATIENCE));
	assert_int_equal(recv(inside, &octet, 1, 0), 1);
	close(inside);
	close(outside);
	close(listener);
}

static void a_published_server_is_reached_from_outside(void **state)
{
	struct router *r = *state;
	char from[INET6_ADDRSTRLEN];
	int listener, client;

	connect_hosts(r);
	listener = listener_on(r, r->inside, "192.168.1.25", 2525);
	on_host(r->internet, "ip route add 203.0.113.3 dev pw0 src 203.0.113.1");
	client = socket_on(r, r->internet, "203.0.113.1", 0);
	assert_true(reaches(client, "203.0.113.3", 25, PATIENCE));
	close(accepted(listener, from));
	assert_string_equal(from, "203.0.113.1");
	close(client);
	close(listener);
}

static void a_host_beside_the_server_reaches_it_by_its_published_address(void **state)
{
	struct router *r = *state;
	char from[INET6_ADDRSTRLEN];
	int listener, client;

	connect_hosts(r);
	listener = listener_on(r, r->inside, "192.168.1.25", 2525);
	client = socket_on(r, r->inside, "192.168.1.50", 0);
	assert_true(reaches(client, "203.0.113.3", 25, PATIENCE));
	close(accepted(listener, from));
	assert_string_equal(from, "192.168.1.1");
	close(client);
	close(listener);
}

static void mail_of_the_server_leaves_with_the_published_address(void **state)
{
	struct router *r = *state;
	char from[INET6_ADDRSTRLEN];
	int listener, client;

	use_policy(r);
	publish(r, 1);
	connect_hosts(r);
	listener = listener_on(r, r->internet, "198.18.0.1", 25);
	client = socket_on(r, r->inside, "192.168.1.25", 0);
	assert_true(reaches(client, "198.18.0.1", 25, PATIENCE));
	close(accepted(listener, from));
	assert_string_equal(from, "203.0.113.3");
	close(client);
	close(listener);
}

static void the_routers_own_services_are_closed_to_the_outside(void **state)
{
	struct router *r = *state;
	int listener, outside, inside;

	connect_hosts(r);
	listener = listener_on(r, 0, "0.0.0.0", 8022);
	outside = socket_on(r, r->internet, "203.0.113.1", 0);
	assert_false(reaches(outside, "203.0.113.2", 8022, NEVER));
	inside = socket_on(r, r->inside, "192.168.1.50", 0);
	assert_true(reaches(inside, "192.168.1.1", 8022, PATIENCE));
	close(outside);
	close(inside);
	close(listener);
}

/* Somebody outside who routes our own networks to us; a second packet must not find a way that the
 * first one has opened. */
static void expect_closed(struct router *r, const char *outside, const char *inside)
{
	int sender = socket_of_type(r, r->internet, SOCK_DGRAM, outside, 0);
	int receiver = socket_of_type(r, r->inside, SOCK_DGRAM, inside, 5000);
	struct end to = end_of(inside, 5000);

	for (int i = 0; i < 5; i++) {
		assert_int_equal(sendto(sender, "x", 1, 0, (void *)&to.at, to.size), 1);
		assert_false(becomes(receiver, POLLIN, NEVER / 5));
	}
	close(sender);
	close(receiver);
}

static void what_is_inside_is_closed_to_the_outside(void **state)
{
	struct router *r = *state;

	use_policy(r);
	connect_hosts(r);
	on_host(r->internet, "ip route add 192.168.1.0/24 via 203.0.113.2;"
			     "ip -6 route add fd00:1::/64 via 2001:db8:1::2");
	expect_closed(r, "203.0.113.1", "192.168.1.50");
	expect_closed(r, "2001:db8:1::1", "fd00:1::50");
}

static void own_connections_leave_by_a_link_that_is_live(void **state)
{
	struct router *r = *state;
	char from[INET6_ADDRSTRLEN];
	int listener, own;

	publish(r, 2);
	connect_hosts(r);
	listener = listener_on(r, r->internet, "198.18.0.1", 443);
	own = socket_on(r, 0, "0.0.0.0", 0);
	assert_true(reaches(own, "198.18.0.1", 443, PATIENCE));
	close(accepted(listener, from));
	assert_string_equal(from, "198.51.100.2");
	close(own);
	close(listener);
}

/* ---- figures, for the manual: of times nothing is asserted ---- */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Six links more, with addresses of their own. */
static void more_links(struct router *r)
{
	static const char *const names[LINKS] = {
		"tw0", "tw1", "tw2", "tw3", "tw4", "tw5", "tw6", "tw7"};

	assert_int_equal(sh("for i in 2 3 4 5 6 7; do ip link add tw$i type veth peer pw$i && "
			    "ip link set tw$i up && ip link set pw$i up || exit 1; done"),
		0);
	for (uint8_t i = 2; i < LINKS; i++) {
		r->links[i] = r->links[1];
		r->links[i].name = r->links[i].interface = str_of(names[i]);
		r->links[i].number = (uint8_t)(i + 1);
		r->links[i].addresses = r->addresses[i];
		r->links[i].gateways = r->gateways[i];
		for (uint8_t k = 0; k < 2; k++) {
			r->addresses[i][k].prefix = r->addresses[1][k].prefix;
			r->gateways[i][k].addr = r->gateways[1][k].addr;
			r->addresses[i][k].prefix.addr.b[2] ^= i;
			r->gateways[i][k].addr.b[2] ^= i;
		}
		r->members[i].link = i;
	}
	r->source.nlinks = r->policy.nmembers = LINKS;
}

/* The links of the bits `live` share the slots. */
static void publish_many(struct router *r, uint32_t live)
{
	uint8_t number = 0;

	r->pub = (struct published){
		.configured = (1u << LINKS) - 1, .live = live, .fit = live, .npolicies = 1};
	for (size_t i = 0; i < POLICY_SLOTS; i++) {
		do
			number = (uint8_t)(number % LINKS + 1);
		while (!(live >> (number - 1) & 1));
		r->pub.policy[0].slot[i] = number;
	}
}

/* From what is applied to what is wanted now; returns how many elements that changes, and how long
 * it took to find them and to have them in the kernel. */
static size_t follow(struct router *r, double *us)
{
	struct kernel_state old = r->applied;
	double started = now_us();
	struct kernel_diff d;
	size_t n = 0;

	want(r, &r->applied);
	kernel_state_diff(&old, &r->applied, &r->mem, &d);
	apply(r, &d);
	*us = now_us() - started;
	assert_null(d.replace_table);
	assert_int_equal(d.nadd_routes + d.ndel_routes + d.nadd_rules + d.ndel_rules, 0);
	for (size_t i = 0; i < d.nsets; i++)
		n += d.sets[i].nadd + d.sets[i].nremove;
	return n;
}

static void measure_switch(struct router *r, size_t nrules)
{
	enum { ROUNDS = 201 };
	const uint32_t all = (1u << LINKS) - 1;
	double took[ROUNDS], slots[ROUNDS], started;
	struct kernel_diff first, rest;
	struct published old;

	for (int i = 0; i < ROUNDS; i++) {
		old = r->pub;
		publish_many(r, i % 2 ? all : all - 1);
		started = now_us();
		assert_int_equal(forwarding_switch(&old, &r->pub, &r->mem, &first, &rest), FL_OK);
		apply(r, &first);
		took[i] = now_us() - started;
		apply(r, &rest);
		slots[i] = now_us() - started - took[i];
		assert_int_equal(first.nsets, 1);
		assert_int_equal(first.sets[0].nadd + first.sets[0].nremove, 2); /* a family each */
		assert_null(first.replace_table);
	}
	qsort(took, ROUNDS, sizeof(*took), by_value);
	qsort(slots, ROUNDS, sizeof(*slots), by_value);
	print_message("# %zu rules, %d links: switch %.1f us (median), %.1f us (p99); slots %.0f "
		      "us\n",
		nrules, LINKS, took[ROUNDS / 2], took[ROUNDS * 99 / 100], slots[ROUNDS / 2]);
}

static void measure(struct router *r, size_t nrules)
{
	double started, us;

	more_links(r);
	publish_many(r, (1u << LINKS) - 1);
	rules(r, nrules);
	started = now_us();
	apply_wanted(r, NULL);
	print_message("# %zu rules: whole state %.0f us\n", nrules + 1, now_us() - started);
	r->rules[nrules / 2].source.addr.b[3] ^= 1; /* of a host: the element of one rule */
	assert_int_equal(follow(r, &us), 2);
	print_message("# %zu rules: one changed %.0f us\n", nrules + 1, us);
	measure_switch(r, nrules + 1);
	started = now_us();
	assert_int_equal(r->kernel.flush(r->kernel.ctx, 1, 0, &r->why), FL_OK);
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

/* Root in a user namespace will do, as a user who may make one becomes. */
static bool may_make_namespaces(void)
{
	unsigned uid = getuid();
	char map[32];
	int fd, n;

	if (unshare(CLONE_NEWNET) == 0)
		return true;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return false;
	fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
	n = snprintf(map, sizeof(map), "0 %u 1", uid);
	if (fd < 0 || write(fd, map, (size_t)n) != n)
		return false;
	close(fd);
	return true;
}

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
		TEST(shaping_is_applied_or_said_to_be_missing),
		TEST(flowtables_are_made_or_said_to_be_missing),
		TEST(an_interface_that_is_missing_is_waited_for),
		TEST(a_refusal_names_what_was_refused),
		TEST(a_refused_batch_changes_nothing),
		TEST(only_connections_with_the_mark_are_flushed),
		TEST(one_family_of_a_link_can_be_flushed),
		TEST(some_connections_are_flushed),
		TEST(a_hundred_thousand_connections_are_flushed),
		TEST(connections_spread_over_both_links),
		TEST(rules_count_connections_and_not_their_packets),
		TEST(a_new_table_goes_on_counting),
		TEST(an_element_of_a_new_table_goes_on_counting),
		TEST(counts_are_forgotten_when_it_is_asked_for),
		TEST(a_published_server_counts_connections),
		TEST(new_connections_leave_by_the_link_that_is_left),
		TEST(a_client_that_only_listens_is_told_that_its_link_died),
		TEST(so_is_one_over_ipv6),
		TEST(connections_of_the_other_link_live_on),
		TEST(a_published_server_is_reached_from_outside),
		TEST(a_host_beside_the_server_reaches_it_by_its_published_address),
		TEST(mail_of_the_server_leaves_with_the_published_address),
		TEST(the_routers_own_services_are_closed_to_the_outside),
		TEST(what_is_inside_is_closed_to_the_outside),
		TEST(own_connections_leave_by_a_link_that_is_live),
		TEST(the_switch_leaves_the_same_state_however_often_it_is_made),
		TEST(a_thousand_rules_are_applied_and_switched),
	};

	if (!may_make_namespaces()) {
		printf("1..1\nok 1 - kernel_linux # SKIP no right to make a network namespace\n");
		return 0;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
