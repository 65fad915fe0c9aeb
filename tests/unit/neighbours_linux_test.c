/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Neighbours on this machine's kernel: a router and a host on one cable, in namespaces of the
 * test's own. */
#include "neighbours_linux.h"

#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct world {
	struct loop *loop;
	struct io io;
	struct neighbours neighbours;
	struct neighbours_linux *handle;
	pid_t host;
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

static pid_t start_host(void)
{
	int ready[2];
	char octet;
	pid_t pid;

	if (pipe(ready))
		return -1;
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET) || write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (read(ready[0], &octet, 1) != 1)
		pid = -1;
	close(ready[0]);
	return pid;
}

/* Carrier is told some time after a cable is plugged in, and IPv6 waits for it. */
static int make_cable(pid_t host)
{
	int err = sh(
		"ip link add tw1 type veth peer name pw1 netns %d && ip link set tw1 up && "
		"ip addr add 203.0.113.2/24 dev tw1 && "
		"ip addr add 2001:db8:1::2/64 dev tw1 nodad && "
		"nsenter -t %d -n sh -c 'ip link set pw1 up && ip addr add 203.0.113.1/24 dev pw1 "
		"&& ip addr add 2001:db8:1::1/64 dev pw1 nodad'",
		(int)host, (int)host);

	return err ? err
		   : sh("for i in $(seq 200); do "
			"ip link show tw1 | grep -q 'state UP' && "
			"nsenter -t %d -n ip link show pw1 | grep -q 'state UP' && exit 0; "
			"sleep 0.1; done; exit 1",
			     (int)host);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	char words[128];
	struct textbuf why = textbuf_of(words, sizeof(words));

	*state = w;
	if (unshare(CLONE_NEWNET) || (w->host = start_host()) < 0 || make_cable(w->host))
		return -1;
	w->loop = loop_open();
	loop_fill_io(w->loop, &w->io);
	return neighbours_linux_open(&w->neighbours, &w->handle, w->loop, &why);
}

static int teardown(void **state)
{
	struct world *w = *state;

	if (w->handle)
		neighbours_linux_close(w->handle);
	if (w->loop)
		loop_close(w->loop);
	if (w->host > 0) {
		kill(w->host, SIGKILL);
		waitpid(w->host, NULL, 0);
	}
	free(w);
	return 0;
}

static void ask(struct world *w, const char *who)
{
	struct ip_addr a = addr(who);

	w->neighbours.ask(w->neighbours.ctx, STR("tw1"), &a);
}

/* The next word about `who` within `patience`: 1 it answers, 0 it does not, -1 none came. */
static int word(struct world *w, const char *who, span patience)
{
	struct ip_addr a = addr(who);
	struct io_event e;

	w->io.wait(w->io.ctx, mtime_after(w->io.now(w->io.ctx), patience), &e);
	if (e.kind != IO_NEIGHBOUR)
		return -1;
	assert_true(str_is(e.interface, "tw1"));
	assert_true(ip_addr_eq(&e.from, &a));
	return e.alive;
}

static void host_is_cut(struct world *w)
{
	assert_int_equal(sh("nsenter -t %d -n ip link set pw1 arp off && "
			    "nsenter -t %d -n nft -f - <<'RULES'\n"
			    "table inet mute { chain in { type filter hook input priority 0\n"
			    "icmpv6 type nd-neighbor-solicit drop\n}\n}\n"
			    "RULES\n",
				 (int)w->host, (int)w->host),
		0);
}

static void a_host_never_heard_of_is_looked_for(void **state)
{
	ask(*state, "203.0.113.1");
	assert_int_equal(word(*state, "203.0.113.1", sec(5)), 1);
}

static void ipv6_hosts_are_asked_as_well(void **state)
{
	ask(*state, "2001:db8:1::1");
	assert_int_equal(word(*state, "2001:db8:1::1", sec(5)), 1);
}

static void a_known_host_is_asked_anew_each_time(void **state)
{
	for (int i = 0; i < 3; i++) {
		ask(*state, "203.0.113.1");
		assert_int_equal(word(*state, "203.0.113.1", sec(5)), 1);
	}
}

static void a_host_that_is_not_there_is_silent(void **state)
{
	ask(*state, "203.0.113.9");
	assert_int_equal(word(*state, "203.0.113.9", sec(10)), 0);
}

static void a_known_host_that_fell_silent_is_found_so(void **state)
{
	ask(*state, "203.0.113.1");
	assert_int_equal(word(*state, "203.0.113.1", sec(5)), 1);
	host_is_cut(*state);
	ask(*state, "203.0.113.1");
	assert_int_equal(word(*state, "203.0.113.1", sec(10)), 0);
}

static void a_known_ipv6_host_that_fell_silent_is_found_so(void **state)
{
	ask(*state, "2001:db8:1::1");
	assert_int_equal(word(*state, "2001:db8:1::1", sec(5)), 1);
	host_is_cut(*state);
	ask(*state, "2001:db8:1::1");
	assert_int_equal(word(*state, "2001:db8:1::1", sec(10)), 0);
}

static void a_fixed_entry_is_left_alone(void **state)
{
	assert_int_equal(sh("ip neigh add 203.0.113.7 lladdr 02:00:00:00:00:07 dev tw1"), 0);
	ask(*state, "203.0.113.7");
	assert_int_equal(word(*state, "203.0.113.7", ms(500)), -1);
	assert_int_equal(sh("ip neigh show 203.0.113.7 | grep -q PERMANENT"), 0);
}

static void hosts_nobody_asked_about_are_not_told_of(void **state)
{
	assert_int_equal(sh("ip neigh add 203.0.113.8 lladdr 02:00:00:00:00:08 nud reachable dev "
			    "tw1"),
		0);
	assert_int_equal(word(*state, "203.0.113.8", ms(300)), -1);
}

static void an_interface_that_is_made_anew_is_asked_on(void **state)
{
	struct world *w = *state;

	ask(w, "203.0.113.1");
	assert_int_equal(word(w, "203.0.113.1", sec(5)), 1);
	assert_int_equal(sh("ip link del tw1"), 0);
	ask(w, "203.0.113.1"); /* there is none: nothing happens */
	assert_int_equal(make_cable(w->host), 0);
	ask(w, "203.0.113.1");
	assert_int_equal(word(w, "203.0.113.1", sec(5)), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_host_never_heard_of_is_looked_for),
		TEST(ipv6_hosts_are_asked_as_well),
		TEST(a_known_host_is_asked_anew_each_time),
		TEST(a_host_that_is_not_there_is_silent),
		TEST(a_known_host_that_fell_silent_is_found_so),
		TEST(a_known_ipv6_host_that_fell_silent_is_found_so),
		TEST(a_fixed_entry_is_left_alone),
		TEST(hosts_nobody_asked_about_are_not_told_of),
		TEST(an_interface_that_is_made_anew_is_asked_on),
	};

	if (geteuid() != 0 || unshare(CLONE_NEWNET)) {
		printf("1..1\nok 1 - neighbours_linux # SKIP no right to make a network "
		       "namespace\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
