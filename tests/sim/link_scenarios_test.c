/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a network does to a link, and the log it must print: word by word, because this log is what
 * the administrator has at 3 a.m.  The rules for links beside each other stand at the end. */
#include "scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs some of the above. */
#include <cmocka.h>

static struct sim_interface *wan(struct scenario *s, unsigned number)
{
	return &s->sim.interface[number - 1];
}

/* Both links are up for half a minute, and the log so far is read. */
static struct scenario *running(const char *more)
{
	struct scenario *s = scenario_open(more);

	scenario_run(s, sec(30));
	scenario_skip_log(s);
	return s;
}

static void outage(void **state)
{
	struct scenario *s = running("");

	(void)state;
	wan(s, 1)->cut = true;
	scenario_run(s, sec(40));
	wan(s, 1)->cut = false;
	scenario_run(s, sec(60));
	scenario_expect(s, "[31077] wan1: up -> down (silence 350 ms, 7 of 7 probes lost on 3 "
			   "targets, rto 40 ms)\n"
			   "[40182] wan1: down -> recovering (answers again after 9.4 s)\n"
			   "[43182] wan1: recovering -> up (15 of 15 probes answered, held 3 s)\n");
	scenario_close(s);
}

static void loss_in_steps(void **state)
{
	struct scenario *s = running("");

	(void)state;
	for (int64_t at = 30; at < 3630; at += 1200) {
		wan(s, 1)->loss_ppm = 200000;
		scenario_run(s, sec(at + 600));
		wan(s, 1)->loss_ppm = 1000;
		scenario_run(s, sec(at + 1200));
	}
	scenario_expect(s,
		"[124457] wan1: up -> degraded (loss 16.1 %, round trip 21 ms, usually 21 ms)\n"
		"[761114] wan1: degraded -> up (loss 11.4 %, round trip 21 ms, usually 21 ms)\n"
		"[1284053] wan1: up -> degraded (loss 23.9 %, round trip 21 ms, usually 21 ms)\n"
		"[1971707] wan1: degraded -> up (loss 12.6 %, round trip 21 ms, usually 21 ms)\n"
		"[2477172] wan1: up -> degraded (loss 24.1 %, round trip 21 ms, usually 21 ms)\n"
		"[3164930] wan1: degraded -> up (loss 13.3 %, round trip 21 ms, usually 21 ms)\n");
	scenario_close(s);
}

/* A download fills the queue: the round trip grows to a second and falls again. */
static void bufferbloat(void **state)
{
	struct scenario *s = running("");

	(void)state;
	wan(s, 1)->users = 50;
	scenario_run(s, sec(60));
	for (int64_t step = 1; step <= 20; step++) {
		wan(s, 1)->delay = ms(20 + 50 * step);
		scenario_run(s, span_sum(sec(60), ms(100 * step)));
	}
	scenario_run(s, sec(90));
	wan(s, 1)->delay = ms(20);
	scenario_run(s, sec(400));
	scenario_expect(s,
		"[72956] wan1: up -> degraded (loss 35.8 %, round trip 257 ms, usually 26 ms)\n"
		"[231892] wan1: degraded -> up (loss 6.0 %, round trip 22 ms, usually 37 ms)\n");
	scenario_close(s);
}

static void flapping(void **state)
{
	struct scenario *s = running("");

	(void)state;
	for (int64_t at = 30; at < 130; at += 20) {
		wan(s, 1)->cut = true;
		scenario_run(s, sec(at + 5));
		wan(s, 1)->cut = false;
		scenario_run(s, sec(at + 20));
	}
	scenario_run(s, sec(400));
	scenario_expect(s,
		"[31077] wan1: up -> down (silence 350 ms, 7 of 7 probes lost on 3 targets, rto 40 "
		"ms)\n"
		"[35130] wan1: down -> recovering (answers again after 4.4 s)\n"
		"[38130] wan1: recovering -> up (15 of 15 probes answered, held 3 s)\n"
		"[50707] wan1: up -> down (silence 350 ms, 7 of 7 probes lost on 3 targets, rto 40 "
		"ms)\n"
		"[55254] wan1: down -> recovering (answers again after 4.8 s)\n"
		"[64254] wan1: recovering -> up (15 of 15 probes answered, held 9 s)\n"
		"[70372] wan1: up -> down (silence 350 ms, 7 of 7 probes lost on 3 targets, rto 40 "
		"ms)\n"
		"[75411] wan1: down -> recovering (answers again after 5.3 s)\n"
		"[94109] wan1: recovering -> down (silent again for 3.6 s while held down)\n"
		"[95158] wan1: down -> recovering (answers again after 25.1 s)\n"
		"[113683] wan1: recovering -> down (silent again for 3.6 s while held down)\n"
		"[115298] wan1: down -> recovering (answers again after 45.2 s)\n"
		"[142298] wan1: recovering -> up (15 of 15 probes answered, held 27 s)\n");
	scenario_close(s);
}

static void dead_target(void **state)
{
	struct scenario *s = running("");

	(void)state;
	sim_target(&s->sim, "192.0.2.54", false);
	scenario_run(s, sec(330));
	sim_target(&s->sim, "192.0.2.54", true);
	scenario_run(s, sec(1830));
	scenario_expect(s, "[56825] wan2: target 192.0.2.54 is silent while others answer: no "
			   "longer believed\n"
			   "[61889] wan1: target 192.0.2.54 is silent while others answer: no "
			   "longer believed\n"
			   "[61889] target 192.0.2.54 is silent over every link: its own "
			   "trouble\n"
			   "[511910] wan2: target 192.0.2.54 answers again and is believed\n"
			   "[511986] wan1: target 192.0.2.54 answers again and is believed\n");
	scenario_close(s);
}

static void lossy_satellite_link(void **state)
{
	struct scenario *s = scenario_open("");

	(void)state;
	wan(s, 1)->delay = ms(600);
	wan(s, 1)->jitter = ms(40);
	wan(s, 1)->loss_ppm = 30000;
	scenario_run(s, sec(30));
	scenario_skip_log(s);
	scenario_run(s, sec(3600));
	wan(s, 1)->cut = true;
	scenario_run(s, sec(3660));
	wan(s, 1)->cut = false;
	scenario_run(s, sec(3720));
	scenario_expect(s,
		"[3602415] wan1: up -> down (silence 2 s, 7 of 7 probes lost on 3 targets, rto 652 "
		"ms)\n"
		"[3661086] wan1: down -> recovering (answers again after 60.6 s)\n"
		"[3664086] wan1: recovering -> up (12 of 12 probes answered, held 3 s)\n");
	scenario_close(s);
}

static void all_links_dead(void **state)
{
	struct scenario *s = running("");

	(void)state;
	wan(s, 1)->cut = true;
	scenario_run(s, sec(35));
	wan(s, 2)->cut = true;
	scenario_run(s, sec(50));
	wan(s, 2)->cut = false;
	scenario_run(s, sec(70));
	scenario_expect(s, "[31077] wan1: up -> down (silence 350 ms, 7 of 7 probes lost on 3 "
			   "targets, rto 40 ms)\n"
			   "[36220] wan2: up -> down (silence 350 ms, 7 of 7 probes lost on 3 "
			   "targets, rto 40 ms)\n"
			   "[50120] wan2: down -> recovering (answers again after 14.2 s)\n"
			   "[53120] wan2: recovering -> up (15 of 15 probes answered, held 3 s)\n");
	/* Nowhere to go when wan2 died: only the connections of wan1 were moved. */
	assert_int_equal(s->sim.flushes[1], 1);
	assert_int_equal(s->sim.flushes[2], 0);
	scenario_close(s);
}

/* The log says where the trouble lies: beyond the gateway, or before it. */
static void outage_behind_a_gateway_that_answers(void **state)
{
	struct scenario *s = running("");

	(void)state;
	wan(s, 1)->gateway = SIM_GATEWAY_ANSWERS;
	wan(s, 1)->cut = true;
	scenario_run(s, sec(40));
	scenario_expect(s, "[31077] wan1: up -> down (silence 350 ms, 7 of 7 probes lost on 3 "
			   "targets, rto 40 ms; the gateway answers)\n");
	scenario_close(s);
}

static void outage_with_a_gateway_that_died_as_well(void **state)
{
	struct scenario *s = scenario_open("");

	(void)state;
	wan(s, 1)->gateway = SIM_GATEWAY_ANSWERS;
	sim_plug(&s->sim, "eth0", false);
	sim_plug(&s->sim, "eth0", true); /* it is asked when the carrier comes */
	scenario_run(s, sec(30));
	scenario_skip_log(s);
	wan(s, 1)->gateway = SIM_GATEWAY_SILENT;
	wan(s, 1)->cut = true;
	scenario_run(s, sec(40));
	assert_true(scenario_logged_at(s, "rto 40 ms; the gateway is silent, too)") > 0);
	scenario_close(s);
}

static void link_without_targets_goes_by_its_gateway(void **state)
{
	struct scenario *s = scenario_open_with(
		"link wan1 { interface eth0, address 203.0.113.2/29, gateway 203.0.113.1 }\n"
		"link wan2 { interface eth1, address 198.51.100.2/29, gateway 198.51.100.1 }\n");

	(void)state;
	wan(s, 1)->gateway = SIM_GATEWAY_ANSWERS;
	scenario_run(s, sec(30));
	scenario_skip_log(s);
	wan(s, 1)->gateway = SIM_GATEWAY_SILENT;
	scenario_run(s, sec(60));
	wan(s, 1)->gateway = SIM_GATEWAY_ANSWERS;
	scenario_run(s, sec(90));
	scenario_expect(s,
		"[38000] wan1: up -> down (the gateway does not answer: 3 requests for its "
		"hardware address lost)\n"
		"[65001] wan1: down -> recovering (answers again after 27 s)\n"
		"[68001] wan1: recovering -> up (the gateway answers, and no target to ask, held 3 "
		"s)\n");
	scenario_close(s);
}

/* ---- links beside each other ---- */

static void trouble_of_a_backup_never_touches_the_primarys_connections(void **state)
{
	struct scenario *s = running("link wan2 role backup\n");
	uint32_t generation;

	(void)state;
	for (int64_t at = 30; at < 330; at += 30) {
		wan(s, 2)->cut = true;
		scenario_run(s, sec(at + 10));
		wan(s, 2)->cut = false;
		scenario_run(s, sec(at + 30));
	}
	generation = s->product.published.generation;
	assert_int_equal(s->sim.flushes[1], 0);
	assert_int_equal(s->product.published.live, 1);
	assert_string_equal(scenario_answer(s, "example.com", CLIENT_MX), "10 mail1.example.com");
	scenario_run(s, sec(400));
	assert_true(s->product.published.generation - generation <= 3);
	scenario_close(s);
}

static void link_that_returns_takes_new_connections_only(void **state)
{
	struct scenario *s = running("link wan2 role backup\n");

	(void)state;
	wan(s, 1)->cut = true;
	scenario_run(s, sec(40));
	wan(s, 1)->cut = false;
	scenario_run(s, sec(70));
	assert_int_equal(s->product.published.live, 1);
	assert_int_equal(s->sim.flushes[1], 1);
	assert_int_equal(s->sim.flushes[2], 0);
	scenario_close(s);
}

static void connections_of_a_stood_down_backup_move_when_it_dies(void **state)
{
	struct scenario *s = running("link wan2 role backup\n");

	(void)state;
	wan(s, 2)->cut = true;
	scenario_run(s, sec(40));
	assert_int_equal(s->sim.flushes[2], 1);
	assert_int_equal(s->sim.flushes[1], 0);
	scenario_close(s);
}

static void one_target_may_serve_every_link(void **state)
{
	struct scenario *s = running("");

	(void)state;
	/* wan1 and wan2 share two targets; the answers of one say nothing of the other. */
	wan(s, 1)->cut = true;
	scenario_run(s, sec(40));
	assert_int_equal(scenario_state(s, "wan1"), LINK_DOWN);
	assert_int_equal(scenario_state(s, "wan2"), LINK_UP);
	scenario_close(s);
}

static void every_change_of_state_says_why(void **state)
{
	struct scenario *s = running("");
	unsigned changes = 0;

	(void)state;
	for (int64_t at = 30; at < 630; at += 100) {
		wan(s, 1)->cut = true;
		scenario_run(s, sec(at + 10));
		wan(s, 1)->cut = false;
		wan(s, 2)->loss_ppm = 300000;
		scenario_run(s, sec(at + 60));
		sim_plug(&s->sim, "eth1", false);
		scenario_run(s, sec(at + 70));
		sim_plug(&s->sim, "eth1", true);
		scenario_run(s, sec(at + 100));
	}
	for (const char *at = s->sim.log + s->log_seen; (at = strstr(at, " -> ")); changes++) {
		const char *end = strchr(at, '\n');

		assert_non_null(memchr(at, '(', (size_t)(end - at)));
		assert_int_equal(end[-1], ')');
		at = end;
	}
	assert_true(changes > 20);
	scenario_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outage),
		cmocka_unit_test(loss_in_steps),
		cmocka_unit_test(bufferbloat),
		cmocka_unit_test(flapping),
		cmocka_unit_test(dead_target),
		cmocka_unit_test(lossy_satellite_link),
		cmocka_unit_test(all_links_dead),
		cmocka_unit_test(outage_behind_a_gateway_that_answers),
		cmocka_unit_test(outage_with_a_gateway_that_died_as_well),
		cmocka_unit_test(link_without_targets_goes_by_its_gateway),
		cmocka_unit_test(trouble_of_a_backup_never_touches_the_primarys_connections),
		cmocka_unit_test(link_that_returns_takes_new_connections_only),
		cmocka_unit_test(connections_of_a_stood_down_backup_move_when_it_dies),
		cmocka_unit_test(one_target_may_serve_every_link),
		cmocka_unit_test(every_change_of_state_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
