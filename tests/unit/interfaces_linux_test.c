/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The interfaces of this machine as it is: loopback is everywhere, and asking needs no rights. */
#include "interfaces_linux.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct machine {
	struct loop *loop;
	struct interfaces io;
	struct interfaces_linux *handle;
};

static int open_machine(void **state)
{
	static struct machine m;
	char room[120];
	struct textbuf why = textbuf_of(room, sizeof(room));

	m.loop = loop_open();
	assert_non_null(m.loop);
	assert_int_equal(interfaces_linux_open(&m.io, &m.handle, m.loop, &why), FL_OK);
	*state = &m;
	return 0;
}

static int close_machine(void **state)
{
	struct machine *m = *state;

	interfaces_linux_close(m->handle);
	loop_close(m->loop);
	return 0;
}

static struct interface_state asked(struct machine *m, const char *name)
{
	struct interface_state state;

	m->io.get(m->io.ctx, str_of(name), &state);
	return state;
}

static struct interface_state counted(struct machine *m, const char *name)
{
	const struct str names[] = {STR("none"), str_of(name)};
	struct interface_state out[2] = {{.exists = true, .rx_packets = 77}, {0}};

	m->io.count(m->io.ctx, names, out, 2);
	assert_false(out[0].exists);
	assert_int_equal(out[0].rx_packets, 0);
	return out[1];
}

/* Others use loopback as well, so each counter is between those of two answers. */
static void counting_tells_what_asking_tells(void **state)
{
	struct machine *m = *state;
	struct interface_state before = asked(m, "lo"), count = counted(m, "lo");
	struct interface_state after = asked(m, "lo");

	assert_true(count.exists);
	assert_in_range(count.rx_packets, before.rx_packets, after.rx_packets);
	assert_in_range(count.rx_bytes, before.rx_bytes, after.rx_bytes);
	assert_in_range(count.tx_packets, before.tx_packets, after.tx_packets);
	assert_in_range(count.tx_bytes, before.tx_bytes, after.tx_bytes);
}

static void received_packets_are_counted(void **state)
{
	struct machine *m = *state;
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(at);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	uint64_t before = counted(m, "lo").rx_packets;

	assert_int_equal(bind(fd, (struct sockaddr *)(void *)&at, n), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)(void *)&at, &n), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(sendto(fd, "x", 1, 0, (struct sockaddr *)(void *)&at, n), 1);
	assert_true(counted(m, "lo").rx_packets >= before + 3);
	close(fd);
}

static void interface_that_is_not_there_has_no_packets(void **state)
{
	struct machine *m = *state;
	struct interface_state here;

	m->io.get(m->io.ctx, STR("none"), &here);
	assert_false(here.exists);
	assert_false(counted(m, "l").exists); /* nor has one whose name only begins like that */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			counting_tells_what_asking_tells, open_machine, close_machine),
		cmocka_unit_test_setup_teardown(
			received_packets_are_counted, open_machine, close_machine),
		cmocka_unit_test_setup_teardown(
			interface_that_is_not_there_has_no_packets, open_machine, close_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
