/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers that are none, and clocks that lie: handed to the whole product as a driver would. */
#include "probe.h"
#include "scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs some of the above. */
#include <cmocka.h>

#define PING 0 /* the first target of tests/sim/two-wans.conf */

static struct scenario *running(void)
{
	struct scenario *s = scenario_open("");

	scenario_run(s, sec(30));
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	assert_int_equal(scenario_state(s, "wan2"), LINK_UP);
	scenario_skip_log(s);
	return s;
}

/* A slow disk, a machine that was paused: nothing was heard, and no link has died of it. */
static void standstill_is_told_and_kills_no_link(void **state)
{
	struct scenario *s = running();

	(void)state;
	s->sim.now = mtime_after(s->sim.now, ms(1500));
	scenario_run(s, sec(40));
	assert_int_equal(scenario_logged_at(s, "the router stood still"), -1);
	s->sim.now = mtime_after(s->sim.now, sec(15));
	scenario_run(s, sec(70));
	assert_true(scenario_logged_at(s, "the router stood still for 1") > 0);
	assert_int_equal(scenario_logged_at(s, "-> down"), -1);
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	scenario_close(s);
}

/* Something may be overdue for long because nothing could be done about it. */
static void what_is_overdue_is_no_standstill(void **state)
{
	struct scenario *s = running();

	(void)state;
	fairlead_step(&s->product, (mtime){s->sim.now.us - sec(10).us});
	assert_int_equal(scenario_logged_at(s, "the router stood still"), -1);
	scenario_close(s);
}

/* The true answer to probe `seq` of wan1, as it comes from the network. */
struct answer {
	uint8_t octets[64];
	size_t n;
	struct io_event event;
};

static struct answer answer_to(const struct scenario *s, uint16_t seq)
{
	const struct link_target *t = &s->product.link[1].conf->monitor.targets[PING];
	struct probe_id id = probe_id_of(s->product.secret[1], seq);
	struct answer a = {.event = {.kind = IO_PROBE_ANSWER,
				   .link = 1,
				   .socket = IO_PROBE_ICMP,
				   .from = t->addr}};
	struct buf b = buf_of(a.octets, sizeof(a.octets));
	uint32_t sum;

	assert_int_equal(t->method, LINK_PING);
	assert_int_equal(probe_build(t, &id, &b), FL_OK);
	a.n = b.n;
	sum = (uint32_t)get_u16(a.octets + 2) + 0x0800;
	a.octets[0] = 0;
	set_u16(a.octets + 2, (uint16_t)(sum + (sum >> 16)));
	return a;
}

static void hand_over(struct scenario *s, struct answer *a)
{
	a->event.data = bytes_of(a->octets, a->n);
	uplinks_probe_answer(&s->product, &a->event);
}

static uint64_t heard(const struct scenario *s, uint8_t link)
{
	return s->product.link[link].answers;
}

/* The youngest pings of wan1 that wait for their answers; the provider was cut before they were
 * sent. */
static size_t waiting(struct scenario *s, uint16_t *seq, size_t max)
{
	const struct link *l = &s->product.link[1];
	size_t n = 0;

	s->sim.interface[0].cut = true;
	scenario_run(s, sec(40));
	for (uint16_t back = 1; back < 30 && n < max; back++) {
		uint16_t q = (uint16_t)(l->next - back);

		if (link_probe_target(l, q) == PING)
			seq[n++] = q;
	}
	assert_true(n > 0);
	return n;
}

static void an_answer_is_life_once(void **state)
{
	struct scenario *s = running();
	uint16_t seq;
	struct answer a;
	uint64_t before;

	(void)state;
	waiting(s, &seq, 1);
	before = heard(s, 1);
	a = answer_to(s, seq);
	hand_over(s, &a);
	assert_int_equal(heard(s, 1), before + 1);
	hand_over(s, &a); /* twice */
	assert_int_equal(heard(s, 1), before + 1);
	scenario_close(s);
}

static void an_answer_that_comes_in_by_another_link_is_none(void **state)
{
	struct scenario *s = running();
	uint64_t before[2];
	uint16_t seq;
	struct answer a;

	(void)state;
	waiting(s, &seq, 1);
	before[0] = heard(s, 1);
	before[1] = heard(s, 2);
	a = answer_to(s, seq);
	a.event.link = 2;
	hand_over(s, &a);
	assert_int_equal(heard(s, 1), before[0]);
	assert_int_equal(heard(s, 2), before[1]);
	scenario_close(s);
}

static void answers_in_another_order_all_count(void **state)
{
	struct scenario *s = running();
	uint16_t seq[4];
	uint64_t before;
	size_t n;

	(void)state;
	n = waiting(s, seq, COUNT_OF(seq)); /* the youngest first */
	before = heard(s, 1);
	for (size_t i = 0; i < n; i++) {
		struct answer a = answer_to(s, seq[i]);

		hand_over(s, &a);
	}
	assert_int_equal(heard(s, 1), before + n);
	scenario_close(s);
}

static void forged_and_damaged_answers_are_none(void **state)
{
	struct scenario *s = running();
	uint16_t seq;
	struct answer a;
	uint64_t before;

	(void)state;
	waiting(s, &seq, 1);
	before = heard(s, 1);
	a = answer_to(s, seq);
	for (size_t n = a.n; n > 0; n--) { /* cut short */
		struct answer cut = a;

		cut.n = n - 1;
		hand_over(s, &cut);
	}
	for (size_t bit = 0; bit < 8 * a.n; bit++) {
		struct answer damaged = a;

		damaged.octets[bit / 8] ^= (uint8_t)(1 << bit % 8);
		hand_over(s, &damaged);
	}
	for (unsigned i = 0; i < 20000; i++) { /* somebody guesses the nonce */
		struct answer forged = a;

		for (size_t k = 8; k < a.n; k++)
			forged.octets[k] = (uint8_t)rng_below(&s->rng, 256);
		hand_over(s, &forged);
	}
	assert_int_equal(heard(s, 1), before);
	hand_over(s, &a); /* none of them has spoilt the true one */
	assert_int_equal(heard(s, 1), before + 1);
	scenario_close(s);
}

static void an_answer_for_a_link_that_is_none_is_dropped(void **state)
{
	struct scenario *s = running();
	struct answer a = answer_to(s, 1);

	(void)state;
	for (unsigned link = 0; link < 256; link++) {
		a.event.link = (uint8_t)link;
		if (link != 1 && link != 2)
			hand_over(s, &a);
	}
	scenario_expect(s, "");
	scenario_close(s);
}

/* ---- clocks ---- */

static void the_clock_of_people_may_jump(void **state)
{
	struct scenario *s = running();

	(void)state;
	s->sim.wall += INT64_C(10) * 365 * 86400;
	scenario_run(s, sec(60));
	s->sim.wall = 0; /* 1970 */
	scenario_run(s, sec(90));
	scenario_expect(s, "");
	s->sim.interface[0].cut = true;
	scenario_run(s, sec(93));
	assert_in_range(scenario_logged_at(s, "wan1: up -> down"), 90000, 92600);
	scenario_close(s);
}

/* After 49.7 days a count of milliseconds in 32 bits begins again. */
static void an_uptime_of_49_days_is_nothing_special(void **state)
{
	struct scenario *s = running();
	int64_t turn = (INT64_C(1) << 32) / 1000; /* seconds */

	(void)state;
	s->sim.now.us = (turn - 60) * 1000000; /* it slept until now */
	scenario_run(s, sec(turn - 30));
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	scenario_skip_log(s);
	scenario_run(s, sec(turn + 30));
	scenario_expect(s, "");
	s->sim.interface[0].cut = true;
	scenario_run(s, sec(turn + 33));
	assert_int_equal(scenario_state(s, "wan1"), LINK_DOWN);
	s->sim.interface[0].cut = false;
	scenario_run(s, sec(turn + 60));
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	scenario_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(standstill_is_told_and_kills_no_link),
		cmocka_unit_test(what_is_overdue_is_no_standstill),
		cmocka_unit_test(an_answer_is_life_once),
		cmocka_unit_test(an_answer_that_comes_in_by_another_link_is_none),
		cmocka_unit_test(answers_in_another_order_all_count),
		cmocka_unit_test(forged_and_damaged_answers_are_none),
		cmocka_unit_test(an_answer_for_a_link_that_is_none_is_dropped),
		cmocka_unit_test(the_clock_of_people_may_jump),
		cmocka_unit_test(an_uptime_of_49_days_is_nothing_special),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
