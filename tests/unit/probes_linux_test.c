/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Probes on this machine's kernel, in network namespaces of the test's own: a router with two links
 * and a host behind each. */
#include "probes_linux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
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
#include <unistd.h>

#include <cmocka.h>

struct world {
	struct loop *loop;
	struct io io;
	struct probes probes;
	struct probes_linux *handle;
	pid_t host[2];
	char words[128];
	struct textbuf why;
};

static int sh(const char *format, ...)
{
	char command[512];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	return system(command); /* NOLINT: a test's own words */
}

static struct ip_addr addr(const char *text)
{
	struct ip_addr a;

	assert_int_equal(ip_addr_parse(str_of(text), &a), FL_OK);
	return a;
}

/* ---- a host that serves port 80 ---- */

static void serve(int listener)
{
	static const char page[] = "HTTP/1.0 200 OK\r\n\r\nhello";
	char request[1024];

	for (;;) {
		int c = accept(listener, NULL, NULL);

		if (c >= 0 && recv(c, request, sizeof(request), 0) > 0)
			(void)!write(c, page, sizeof(page) - 1);
		if (c >= 0)
			close(c);
	}
}

static pid_t start_host(void)
{
	struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_port = htons(80)};
	int ready[2];
	char octet;
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		int s;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET))
			_exit(1);
		s = socket(AF_INET6, SOCK_STREAM, 0);
		if (bind(s, (struct sockaddr *)&at, sizeof(at)) || listen(s, 8) ||
			write(ready[1], "x", 1) != 1)
			_exit(1);
		serve(s);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &octet, 1), 1);
	close(ready[0]);
	return pid;
}

/* ---- the world ---- */

static struct probe_path path_of(unsigned link)
{
	return (struct probe_path){.interface = link == 1 ? STR("tw1") : STR("tw2"),
		.source4 = addr(link == 1 ? "203.0.113.2" : "198.51.100.2"),
		.source6 = addr(link == 1 ? "2001:db8:1::2" : "2001:db8:2::2"),
		.mark = link};
}

static int make_link(unsigned n, pid_t host, const char *net4, const char *net6)
{
	return sh("ip link add tw%u type veth peer pw%u netns %d && "
		  "ip link set tw%u up && ip addr add %s.2/24 dev tw%u && "
		  "ip addr add %s::2/64 dev tw%u nodad && "
		  "nsenter -t %d -n sh -c 'ip link set lo up && ip link set pw%u up && "
		  "ip addr add %s.1/24 dev pw%u && ip addr add %s::1/64 dev pw%u nodad'",
		n, n, (int)host, n, net4, n, net6, n, (int)host, n, net4, n, net6, n);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	*state = w;
	w->why = textbuf_of(w->words, sizeof(w->words));
	if (unshare(CLONE_NEWNET) || sh("ip link set lo up"))
		return -1;
	w->host[0] = start_host();
	w->host[1] = start_host();
	if (make_link(1, w->host[0], "203.0.113", "2001:db8:1") ||
		make_link(2, w->host[1], "198.51.100", "2001:db8:2"))
		return -1;
	w->loop = loop_open();
	loop_fill_io(w->loop, &w->io);
	if (probes_linux_open(&w->probes, &w->handle, w->loop, "fairlead-tls"))
		return -1;
	for (uint8_t link = 1; link <= 2; link++) {
		struct probe_path path = path_of(link);

		if (w->probes.open(w->probes.ctx, link, &path))
			return -1;
	}
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < 2; i++) {
		if (w->host[i] <= 0)
			continue;
		kill(w->host[i], SIGKILL);
		waitpid(w->host[i], NULL, 0);
	}
	if (w->handle)
		probes_linux_close(w->handle);
	if (w->loop)
		loop_close(w->loop);
	free(w);
	return 0;
}

static enum fl_err call(struct world *w, uint8_t link, const char *to, uint16_t port,
	const char *request, span patience)
{
	struct probe_call c = {.to = addr(to),
		.port = port,
		.token = 4711,
		.request = bytes_of(request, strlen(request)),
		.patience = patience};

	return w->probes.call(w->probes.ctx, link, &c, &w->why);
}

static void next_event(struct world *w, struct io_event *e)
{
	w->io.wait(w->io.ctx, mtime_after(w->io.now(w->io.ctx), sec(10)), e);
}

static void expect(struct world *w, enum io_event_kind kind, const char *text)
{
	struct io_event e;

	next_event(w, &e);
	assert_int_equal(e.kind, kind);
	assert_int_equal(e.socket, IO_PROBE_CALL);
	assert_int_equal(e.token, 4711);
	if (text && !str_is(e.text, text))
		fail_msg("\"%.*s\" is not \"%s\"", STR_ARG(e.text), text);
}

/* ---- calls ---- */

static void a_connection_is_an_answer(void **state)
{
	assert_int_equal(call(*state, 1, "203.0.113.1", 80, "", sec(5)), FL_OK);
	expect(*state, IO_PROBE_ANSWER, NULL);
	expect(*state, IO_PROBE_ENDED, "accepted");
}

static void a_connection_over_ipv6_is_an_answer(void **state)
{
	assert_int_equal(call(*state, 2, "2001:db8:2::1", 80, "", sec(5)), FL_OK);
	expect(*state, IO_PROBE_ANSWER, NULL);
	expect(*state, IO_PROBE_ENDED, "accepted");
}

static void a_reset_is_an_answer(void **state)
{
	assert_int_equal(call(*state, 1, "203.0.113.1", 81, "", sec(5)), FL_OK);
	expect(*state, IO_PROBE_ANSWER, NULL);
	expect(*state, IO_PROBE_ENDED, "refused");
}

static void a_reset_is_no_page(void **state)
{
	assert_int_equal(call(*state, 1, "203.0.113.1", 81, "GET /", sec(5)), FL_OK);
	expect(*state, IO_PROBE_ENDED, "Connection refused");
}

static void a_page_is_heard_to_its_end(void **state)
{
	struct io_event e;

	assert_int_equal(
		call(*state, 1, "203.0.113.1", 80, "GET / HTTP/1.0\r\n\r\n", sec(5)), FL_OK);
	do
		next_event(*state, &e);
	while (e.kind == IO_PROBE_ANSWER);
	assert_int_equal(e.kind, IO_PROBE_ENDED);
	assert_true(str_is(e.text, "closed"));
	assert_int_equal(e.data.n, 24);
	assert_memory_equal(e.data.at + 19, "hello", 5);
}

static void a_silent_host_is_given_up_in_time(void **state)
{
	assert_int_equal(call(*state, 1, "203.0.113.77", 80, "", ms(200)), FL_OK);
	expect(*state, IO_PROBE_ENDED, "no answer in time");
}

static void a_call_leaves_nothing_behind(void **state)
{
	assert_int_equal(call(*state, 1, "203.0.113.1", 80, "", sec(5)), FL_OK);
	expect(*state, IO_PROBE_ANSWER, NULL);
	expect(*state, IO_PROBE_ENDED, "accepted");
	assert_int_equal(sh("test $(ss -Htan | wc -l) = 0"), 0);
}

static void opening_a_link_anew_ends_its_calls_without_a_word(void **state)
{
	struct world *w = *state;
	struct probe_path path = path_of(1);
	struct io_event e;

	assert_int_equal(call(w, 1, "203.0.113.77", 80, "", ms(100)), FL_OK);
	assert_int_equal(w->probes.open(w->probes.ctx, 1, &path), FL_OK);
	w->io.wait(w->io.ctx, mtime_after(w->io.now(w->io.ctx), ms(300)), &e);
	assert_int_equal(e.kind, IO_NOTHING);
}

static void no_more_calls_than_a_link_can_use(void **state)
{
	enum fl_err err = FL_OK;
	unsigned n = 0;

	for (; n < 100 && !err; n++)
		err = call(*state, 1, "203.0.113.77", 80, "", sec(5));
	assert_int_equal(err, FL_EFULL);
	assert_in_range(n, 32, 64);
	assert_int_equal(call(*state, 2, "198.51.100.1", 80, "", sec(5)), FL_OK);
}

/* ---- by its own link or not at all ---- */

static const char count_the_others[] =
	"nft -f - <<'RULES'\n"
	"table inet watch {\n"
	"  chain out {\n"
	"    type filter hook output priority 0;\n"
	"    oifname != tw1 ip daddr 192.0.2.9 counter name strays\n"
	"    oifname != tw1 ip6 daddr 2001:db8:9::9 counter name strays\n"
	"  }\n"
	"  counter strays { }\n"
	"}\n"
	"RULES\n";

static bool nothing_strayed(void)
{
	return sh("nft list counter inet watch strays | grep -q 'packets 0 '") == 0;
}

/* The routing table of the router knows the targets behind link 2 only. */
static void route_elsewhere(void)
{
	assert_int_equal(sh("ip route add 192.0.2.0/24 via 198.51.100.1 dev tw2 && "
			    "ip route add 2001:db8:9::/64 via 2001:db8:2::1 dev tw2"),
		0);
	assert_int_equal(sh("%s", count_the_others), 0);
}

static void send_all_kinds(struct world *w)
{
	static const char *const targets[] = {"192.0.2.9", "2001:db8:9::9"};
	static const uint8_t echo[16] = {8, 0, 0xf7, 0xff};

	for (size_t i = 0; i < COUNT_OF(targets); i++) {
		struct ip_addr to = addr(targets[i]);

		(void)w->probes.send(w->probes.ctx, 1, IO_PROBE_ICMP, &to,
			bytes_of(echo, sizeof(echo)), &w->why);
		(void)w->probes.send(
			w->probes.ctx, 1, IO_PROBE_UDP, &to, bytes_of(echo, sizeof(echo)), &w->why);
		(void)call(w, 1, targets[i], 80, "", ms(100));
	}
}

static void wait_for(struct world *w, span s)
{
	mtime until = mtime_after(w->io.now(w->io.ctx), s);
	struct io_event e;

	do
		w->io.wait(w->io.ctx, until, &e);
	while (e.kind != IO_NOTHING);
}

static void a_probe_that_would_leave_elsewhere_is_not_sent(void **state)
{
	route_elsewhere();
	send_all_kinds(*state);
	wait_for(*state, ms(300));
	assert_true(nothing_strayed());
}

/* The counter of the test above counts. */
static void a_packet_that_is_not_bound_leaves_elsewhere(void **state)
{
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(53)};

	(void)state;
	route_elsewhere();
	inet_pton(AF_INET, "192.0.2.9", &to.sin_addr);
	assert_int_equal(sendto(s, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)), 1);
	close(s);
	assert_false(nothing_strayed());
}

static void without_its_interface_nothing_is_sent(void **state)
{
	struct world *w = *state;
	struct probe_path path = path_of(1);

	route_elsewhere();
	assert_int_equal(sh("ip link del tw1"), 0);
	assert_int_equal(w->probes.open(w->probes.ctx, 1, &path), FL_ENOENT);
	send_all_kinds(w);
	wait_for(w, ms(300));
	assert_true(nothing_strayed());
}

static void without_its_address_nothing_is_sent(void **state)
{
	struct world *w = *state;
	struct probe_path path = path_of(1);
	struct ip_addr to = addr("203.0.113.1");

	path.source4 = addr("203.0.113.99");
	assert_int_equal(w->probes.open(w->probes.ctx, 1, &path), FL_OK); /* IPv6 is */
	assert_int_equal(w->probes.send(w->probes.ctx, 1, IO_PROBE_ICMP, &to,
				 bytes_of("12345678", 8), &w->why),
		FL_ENOENT);
	assert_int_equal(call(w, 1, "203.0.113.1", 80, "", sec(1)), FL_EIO);
	assert_string_equal(strrchr(w->words, 'C') ? strrchr(w->words, 'C') : "",
		"Cannot assign requested address");
}

static enum fl_err ping(struct world *w)
{
	struct ip_addr to = addr("203.0.113.1");

	return w->probes.send(
		w->probes.ctx, 1, IO_PROBE_ICMP, &to, bytes_of("12345678", 8), &w->why);
}

/* When the carrier returns, the addresses are not there yet. */
static void an_address_that_comes_later_is_used(void **state)
{
	struct world *w = *state;
	struct probe_path path = path_of(1);

	assert_int_equal(sh("ip addr del 203.0.113.2/24 dev tw1"), 0);
	(void)w->probes.open(w->probes.ctx, 1, &path);
	assert_int_equal(ping(w), FL_ENOENT);
	assert_int_equal(sh("ip addr add 203.0.113.2/24 dev tw1"), 0);
	assert_int_equal(ping(w), FL_OK);
}

static void an_interface_that_is_made_anew_is_used(void **state)
{
	struct world *w = *state;

	assert_int_equal(ping(w), FL_OK);
	assert_int_equal(sh("ip link del tw1"), 0);
	assert_int_not_equal(ping(w), FL_OK);
	assert_int_equal(make_link(1, w->host[0], "203.0.113", "2001:db8:1"), 0);
	(void)ping(w); /* finds that the old one is gone */
	assert_int_equal(ping(w), FL_OK);
}

/* ---- echoes of full size ---- */

/* An echo request over IPv4 of this many octets with its IP header. */
static enum fl_err send_echo(struct world *w, const char *to, size_t octets)
{
	uint8_t echo[9000] = {8, 0, 0xf7, 0xff};
	struct ip_addr a = addr(to);

	return w->probes.send(
		w->probes.ctx, 1, IO_PROBE_ICMP, &a, bytes_of(echo, octets - 20), &w->why);
}

static bool is_answered(struct world *w)
{
	struct io_event e;

	w->io.wait(w->io.ctx, mtime_after(w->io.now(w->io.ctx), ms(500)), &e);
	return e.kind == IO_PROBE_ANSWER;
}

static void a_full_packet_gets_through_whole(void **state)
{
	struct world *w = *state;
	struct io_event e;

	assert_int_equal(send_echo(w, "203.0.113.1", 1500), FL_OK);
	next_event(w, &e);
	assert_int_equal(e.kind, IO_PROBE_ANSWER);
	assert_int_equal(e.data.n, 1480);
}

/* Nothing is cut into fragments, so a black hole for large packets shows as silence. */
static void a_full_packet_is_lost_where_large_ones_are_dropped(void **state)
{
	struct world *w = *state;

	assert_int_equal(sh("nsenter -t %d -n nft -f - <<'RULES'\n"
			    "table inet hole { chain in { type filter hook input priority 0\n"
			    "meta length > 1492 drop\n"
			    "}\n}\nRULES\n",
				 (int)w->host[0]),
		0);
	assert_int_equal(send_echo(w, "203.0.113.1", 1500), FL_OK);
	assert_false(is_answered(w));
	assert_int_equal(send_echo(w, "203.0.113.1", 1492), FL_OK);
	assert_true(is_answered(w));
}

static void a_packet_longer_than_the_interface_takes_is_refused(void **state)
{
	struct world *w = *state;

	assert_int_equal(send_echo(w, "203.0.113.1", 1501), FL_ERANGE);
	assert_string_equal(w->words, "Message too long");
}

/* A router on the way says that it takes 1,400 octets: from then on that is known here. */
static void a_way_that_takes_less_is_learnt(void **state)
{
	struct world *w = *state;

	assert_int_equal(sh("nsenter -t %d -n sh -c '"
			    "ip link add narrow mtu 1400 type veth peer name wide netns %d && "
			    "ip link set narrow up && ip addr add 192.0.2.1/24 dev narrow && "
			    "echo 1 >/proc/sys/net/ipv4/ip_forward'",
				 (int)w->host[0], (int)w->host[1]),
		0);
	assert_int_equal(sh("ip route add 192.0.2.0/24 via 203.0.113.1 dev tw1"), 0);
	assert_int_equal(send_echo(w, "192.0.2.9", 1500), FL_OK);
	wait_for(w, ms(300));
	assert_int_equal(send_echo(w, "192.0.2.9", 1500), FL_ERANGE);
	assert_int_equal(send_echo(w, "192.0.2.9", 1400), FL_OK);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_connection_is_an_answer),
		TEST(a_connection_over_ipv6_is_an_answer),
		TEST(a_reset_is_an_answer),
		TEST(a_reset_is_no_page),
		TEST(a_page_is_heard_to_its_end),
		TEST(a_silent_host_is_given_up_in_time),
		TEST(a_call_leaves_nothing_behind),
		TEST(opening_a_link_anew_ends_its_calls_without_a_word),
		TEST(no_more_calls_than_a_link_can_use),
		TEST(a_probe_that_would_leave_elsewhere_is_not_sent),
		TEST(a_packet_that_is_not_bound_leaves_elsewhere),
		TEST(without_its_interface_nothing_is_sent),
		TEST(without_its_address_nothing_is_sent),
		TEST(an_address_that_comes_later_is_used),
		TEST(an_interface_that_is_made_anew_is_used),
		TEST(a_full_packet_gets_through_whole),
		TEST(a_full_packet_is_lost_where_large_ones_are_dropped),
		TEST(a_packet_longer_than_the_interface_takes_is_refused),
		TEST(a_way_that_takes_less_is_learnt),
	};

	if (geteuid() != 0 || unshare(CLONE_NEWNET)) {
		printf("1..1\nok 1 - probes_linux # SKIP no right to make a network namespace\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
