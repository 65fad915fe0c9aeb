/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
	struct servers servers;
	struct forward_server to[2][2];
	struct forward_conf forwards[2];
	mtime now;
	bool answers[256]; /* by the last octet of the address */
	unsigned asked[256];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	for (uint8_t i = 0; i < 2; i++) {
		for (uint8_t k = 0; k < 2; k++)
			f->to[i][k] = (struct forward_server){
				.addr = ip_addr_v4(10, 0, 0, (uint8_t)(1 + k)), .weight = 1};
		f->forwards[i] = (struct forward_conf){
			.to = f->to[i], .nto = 2, .protocol = RULE_TCP, .port = {443, 443}};
	}
	memset(f->answers, true, sizeof(f->answers));
	f->now = mtime_after((mtime){0}, sec(100));
	servers_configure(&f->servers, f->forwards, 1, f->now);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

/* Let the time go on; who answers does so at once, the others not at all. */
static void run(struct fixture *f, span length)
{
	mtime end = mtime_after(f->now, length);

	while (!mtime_reached(f->now, end)) {
		struct server_ask asks[SERVERS_MAX];
		size_t n;

		(void)servers_tick(&f->servers, f->now, asks, &n);
		for (size_t i = 0; i < n; i++) {
			uint8_t who = asks[i].addr.b[3];

			f->asked[who]++;
			if (f->answers[who])
				(void)servers_answer(
					&f->servers, asks[i].seq, &asks[i].addr, NULL, f->now);
		}
		f->now = mtime_first(servers_next_due(&f->servers), end);
	}
	servers_fill(&f->servers, f->forwards, 2);
}

static void a_server_that_answers_is_asked_every_two_seconds(void **state)
{
	struct fixture *f = *state;

	run(f, sec(20));
	assert_int_equal(f->to[0][0].state, SERVER_ANSWERS);
	assert_in_range(f->asked[1], 10, 11);
}

static void a_server_that_is_silent_is_dead_within_seven_seconds(void **state)
{
	struct fixture *f = *state;

	run(f, sec(10));
	f->answers[2] = false;
	run(f, sec(2));
	assert_int_equal(f->to[0][1].state, SERVER_ANSWERS); /* one failure is none */
	run(f, sec(5));
	assert_int_equal(f->to[0][1].state, SERVER_DEAD);
	assert_int_equal(f->to[0][0].state, SERVER_ANSWERS);
	assert_string_equal(
		servers_reason(&f->servers, &f->forwards[0], &f->to[0][1].addr), "no answer");
}

static void a_server_that_is_back_gets_connections_after_two_answers(void **state)
{
	struct fixture *f = *state;

	f->answers[1] = false;
	run(f, sec(20));
	assert_int_equal(f->to[0][0].state, SERVER_DEAD);
	f->answers[1] = true;
	run(f, sec(4));
	assert_int_equal(f->to[0][0].state, SERVER_ANSWERS);
}

static void one_lost_answer_in_between_changes_nothing(void **state)
{
	struct fixture *f = *state;

	run(f, sec(10));
	for (int i = 0; i < 10; i++) {
		f->answers[1] = false;
		run(f, ms(2100));
		f->answers[1] = true;
		run(f, sec(10));
		assert_int_equal(f->to[0][0].state, SERVER_ANSWERS);
	}
}

static void a_late_answer_and_a_strangers_are_none(void **state)
{
	struct fixture *f = *state;
	struct ip_addr stranger = ip_addr_v4(10, 0, 0, 9);
	struct server_ask asks[SERVERS_MAX];
	size_t n;

	assert_false(servers_tick(&f->servers, f->now, asks, &n));
	assert_int_equal(n, 1);
	assert_false(servers_answer(&f->servers, asks[0].seq, &stranger, NULL, f->now));
	assert_false(servers_answer(
		&f->servers, (uint16_t)(asks[0].seq + 32), &asks[0].addr, NULL, f->now));
	assert_true(servers_answer(&f->servers, asks[0].seq, &asks[0].addr, NULL, f->now));
	assert_false(servers_answer(&f->servers, asks[0].seq, &asks[0].addr, "refused", f->now));
}

static void what_is_asked_in_the_same_way_is_asked_once(void **state)
{
	struct fixture *f = *state;

	servers_configure(&f->servers, f->forwards, 2, f->now);
	assert_int_equal(f->servers.n, 2);
	f->forwards[1].to_port = 8443;
	servers_configure(&f->servers, f->forwards, 2, f->now);
	assert_int_equal(f->servers.n, 4);
}

static void a_commit_forgets_nobody_who_is_dead(void **state)
{
	struct fixture *f = *state;

	f->answers[2] = false;
	run(f, sec(10));
	servers_configure(&f->servers, f->forwards, 2, f->now);
	servers_fill(&f->servers, f->forwards, 2);
	assert_int_equal(f->to[1][1].state, SERVER_DEAD);
	f->forwards[0].check = f->forwards[1].check = FORWARD_CHECK_NONE;
	servers_configure(&f->servers, f->forwards, 2, f->now);
	servers_fill(&f->servers, f->forwards, 2);
	assert_int_equal(f->servers.n, 0);
	assert_int_equal(f->to[1][1].state, SERVER_UNCHECKED);
}

static void how_a_server_is_asked_follows_from_its_protocol(void **state)
{
	struct fixture *f = *state;
	struct forward_conf *c = &f->forwards[0];
	uint16_t port;

	assert_true(server_is_asked(c, &port));
	assert_int_equal(port, 443);
	c->to_port = 8443;
	assert_true(server_is_asked(c, &port));
	assert_int_equal(port, 8443);
	c->protocol = RULE_UDP;
	assert_true(server_is_asked(c, &port));
	assert_int_equal(port, 0);
	c->nto = 1;
	assert_false(server_is_asked(c, &port));
	c->check = FORWARD_CHECK_PING;
	assert_true(server_is_asked(c, &port));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_server_that_answers_is_asked_every_two_seconds),
		TEST(a_server_that_is_silent_is_dead_within_seven_seconds),
		TEST(a_server_that_is_back_gets_connections_after_two_answers),
		TEST(one_lost_answer_in_between_changes_nothing),
		TEST(a_late_answer_and_a_strangers_are_none),
		TEST(what_is_asked_in_the_same_way_is_asked_once),
		TEST(a_commit_forgets_nobody_who_is_dead),
		TEST(how_a_server_is_asked_follows_from_its_protocol),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
