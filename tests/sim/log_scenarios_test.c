/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the log says when something happens: every line of it, with its millisecond.  An
 * administrator who reads only the log must be able to tell what happened and why. */
#include "scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs the three above. */
#include <cmocka.h>

static void cut(struct scenario *s, unsigned interface, bool is_cut)
{
	s->sim.interface[interface].cut = is_cut;
}

/* Both links are up since 30 s, and the log so far is read. */
static struct scenario *running(const char *more)
{
	struct scenario *s = scenario_open(more);

	scenario_run(s, sec(30));
	scenario_skip_log(s);
	return s;
}

static void a_cold_start(void **state)
{
	struct scenario *s = scenario_open("");

	(void)state;
	assert_string_equal(sim_lamp(&s->sim, "SYS")->pattern, "amber-blink");
	scenario_run(s, sec(30));
	scenario_expect(s, "[0] wan1: starts recovering (first probes are on their way)\n"
			   "[0] mended the kernel's forwarding state\n"
			   "[0] wan2: starts recovering (first probes are on their way)\n"
			   "[0] mended the kernel's forwarding state\n"
			   "[0] mended the kernel's forwarding state\n"
			   "[422] wan2: recovering -> up (3 of 3 probes answered)\n"
			   "[422] wan1: recovering -> up (3 of 3 probes answered)\n");
	assert_string_equal(sim_lamp(&s->sim, "SYS")->pattern, "green");
	scenario_close(s);
}

static void a_start_without_a_cable(void **state)
{
	struct scenario *s = scenario_open_with(
		"link wan1 { interface eth9, address 203.0.113.2/29, gateway 203.0.113.1\n"
		"  monitor { target 192.0.2.53 ping, target 192.0.2.54 ping, target 192.0.2.55 "
		"ping } }\n");

	(void)state;
	scenario_run(s, sec(30));
	scenario_expect(s, "[5000] wan1: starts no-carrier (no such interface)\n");
	assert_string_equal(sim_lamp(&s->sim, "SYS")->pattern, "red-blink");
	scenario_close(s);
}

static void an_outage_and_the_return(void **state)
{
	struct scenario *s = running("");

	(void)state;
	cut(s, 0, true);
	scenario_run(s, sec(40));
	cut(s, 0, false);
	scenario_run(s, sec(80));
	scenario_expect(s, "[31077] wan1: up -> down (silence 350 ms, 7 of 7 probes lost on 3 "
			   "targets, rto 40 ms)\n"
			   "[40182] wan1: down -> recovering (answers again after 9.4 s)\n"
			   "[43182] wan1: recovering -> up (15 of 15 probes answered, held 3 s)\n");
	scenario_close(s);
}

static void a_cable_is_pulled_and_plugged(void **state)
{
	struct scenario *s = running("");

	(void)state;
	sim_plug(&s->sim, "eth0", false);
	scenario_run(s, sec(40));
	sim_plug(&s->sim, "eth0", true);
	scenario_run(s, sec(80));
	scenario_expect(s, "[30000] wan1: up -> no-carrier (no carrier)\n"
			   "[40000] wan1: no-carrier -> down (carrier is back after 10 s)\n"
			   "[40000] mended the kernel's forwarding state\n"
			   "[40020] wan1: down -> recovering (answers again after 10 s)\n"
			   "[43020] wan1: recovering -> up (15 of 15 probes answered, held 3 s)\n");
	scenario_close(s);
}

static void both_links_die_and_return(void **state)
{
	struct scenario *s = running("");

	(void)state;
	cut(s, 0, true);
	cut(s, 1, true);
	scenario_run(s, sec(40));
	assert_string_equal(sim_lamp(&s->sim, "SYS")->pattern, "red-blink");
	cut(s, 0, false);
	cut(s, 1, false);
	scenario_run(s, sec(80));
	scenario_expect(s, "[30385] wan2: up -> down (silence 350 ms, 7 of 7 probes lost on 3 "
			   "targets, rto 40 ms)\n"
			   "[31077] wan1: up -> down (silence 350 ms, 7 of 7 probes lost on 3 "
			   "targets, rto 40 ms)\n"
			   "[40184] wan1: down -> recovering (answers again after 9.4 s)\n"
			   "[40274] wan2: down -> recovering (answers again after 10.2 s)\n"
			   "[43184] wan1: recovering -> up (15 of 15 probes answered, held 3 s)\n"
			   "[43274] wan2: recovering -> up (15 of 15 probes answered, held 3 s)\n");
	scenario_close(s);
}

static void a_backup_is_used_and_stood_down(void **state)
{
	struct scenario *s = running("link wan2 role backup\n");

	(void)state;
	cut(s, 0, true);
	scenario_run(s, sec(40));
	assert_string_equal(scenario_answer(s, "www.example.com", CLIENT_A), "198.51.100.4");
	cut(s, 0, false);
	scenario_run(s, sec(80));
	assert_string_equal(scenario_answer(s, "www.example.com", CLIENT_A), "203.0.113.4");
	/* That it stands by is no state of its own, and no line in the log. */
	scenario_expect(s, "[31077] wan1: up -> down (silence 350 ms, 7 of 7 probes lost on 3 "
			   "targets, rto 40 ms)\n"
			   "[40182] wan1: down -> recovering (answers again after 9.4 s)\n"
			   "[43182] wan1: recovering -> up (15 of 15 probes answered, held 3 s)\n");
	scenario_close(s);
}

static void a_link_that_flaps_is_held_longer_each_time(void **state)
{
	struct scenario *s = running("");

	(void)state;
	for (int64_t i = 0; i < 4; i++) {
		cut(s, 1, true);
		scenario_run(s, sec(40 + 60 * i));
		cut(s, 1, false);
		scenario_run(s, sec(90 + 60 * i));
	}
	scenario_expect(s, "[30385] wan2: up -> down (silence 350 ms, 7 of 7 probes lost on 3 "
			   "targets, rto 40 ms)\n"
			   "[40273] wan2: down -> recovering (answers again after 10.2 s)\n"
			   "[43273] wan2: recovering -> up (15 of 15 probes answered, held 3 s)\n"
			   "[90565] wan2: up -> down (silence 350 ms, 7 of 7 probes lost on 3 "
			   "targets, rto 40 ms)\n"
			   "[100196] wan2: down -> recovering (answers again after 9.9 s)\n"
			   "[109196] wan2: recovering -> up (15 of 15 probes answered, held 9 s)\n"
			   "[151317] wan2: up -> down (silence 350 ms, 7 of 7 probes lost on 3 "
			   "targets, rto 40 ms)\n"
			   "[160415] wan2: down -> recovering (answers again after 9.4 s)\n"
			   "[187415] wan2: recovering -> up (15 of 15 probes answered, held 27 s)\n"
			   "[210894] wan2: up -> down (silence 350 ms, 7 of 7 probes lost on 3 "
			   "targets, rto 40 ms)\n"
			   "[220117] wan2: down -> recovering (answers again after 9.5 s)\n");
	scenario_close(s);
}

static void a_target_dies_and_returns(void **state)
{
	struct scenario *s = running("");

	(void)state;
	sim_target(&s->sim, "192.0.2.54", false);
	scenario_run(s, sec(130));
	sim_target(&s->sim, "192.0.2.54", true);
	scenario_run(s, sec(330));
	scenario_expect(s, "[56825] wan2: target 192.0.2.54 is silent while others answer: no "
			   "longer believed\n"
			   "[61889] wan1: target 192.0.2.54 is silent while others answer: no "
			   "longer believed\n"
			   "[61889] target 192.0.2.54 is silent over every link: its own "
			   "trouble\n"
			   "[300896] wan1: target 192.0.2.54 answers again and is believed\n"
			   "[301493] wan2: target 192.0.2.54 answers again and is believed\n");
	scenario_close(s);
}

static void a_link_that_loses_packets_and_recovers(void **state)
{
	struct scenario *s = running("");

	(void)state;
	s->sim.interface[0].loss_ppm = 300000;
	scenario_run(s, sec(300));
	s->sim.interface[0].loss_ppm = 0;
	scenario_run(s, sec(1200));
	scenario_expect(s,
		"[72629] wan1: up -> degraded (loss 22.4 %, round trip 21 ms, usually 22 ms)\n"
		"[443527] wan1: degraded -> up (loss 11.4 %, round trip 21 ms, usually 21 ms)\n");
	scenario_close(s);
}

static void a_commit_and_the_way_back(void **state)
{
	struct scenario *s = running("");
	int status;

	(void)state;
	scenario_type(s,
		"configure\nset link wan2 weight 2\ncommit comment \"more for wan2\"\n"
		"rollback 1\ncommit",
		&status);
	assert_int_equal(status, 0);
	scenario_run(s, sec(40));
	scenario_expect(s, "[30000] revision 2 committed by admin: more for wan2\n"
			   "[30000] revision 3 committed by admin\n");
	scenario_close(s);
}

static void the_lamps_tell_of_a_commit_that_waits(void **state)
{
	struct scenario *s = running("");
	int status;

	(void)state;
	scenario_type(s, "configure\nset link wan2 weight 2\ncommit confirmed 1", &status);
	assert_int_equal(status, 0);
	scenario_run(s, sec(31));
	assert_string_equal(sim_lamp(&s->sim, "SYS")->pattern, "green-double-flash");
	assert_string_equal(sim_lamp(&s->sim, "WAN1")->pattern, "green");
	scenario_type(s, "confirm", &status);
	assert_int_equal(status, 0);
	scenario_run(s, sec(32));
	assert_string_equal(sim_lamp(&s->sim, "SYS")->pattern, "green");
	scenario_close(s);
}

static void a_refused_commit_is_no_event(void **state)
{
	struct scenario *s = running("");
	int status;

	(void)state;
	scenario_type(s, "configure\nset domain example.com host x link wan9\ncommit", &status);
	assert_int_equal(status, 1);
	scenario_run(s, sec(40));
	scenario_expect(s, "");
	scenario_close(s);
}

static void a_link_is_added_and_taken_away(void **state)
{
	struct scenario *s = running("");
	int status;

	(void)state;
	sim_interface(&s->sim, "eth5");
	scenario_type(s,
		"configure\nset link dsl interface eth5\nset link dsl address 192.0.2.130/30\n"
		"set link dsl gateway 192.0.2.129\nset link dsl monitor target 192.0.2.53 ping\n"
		"commit",
		&status);
	assert_int_equal(status, 0);
	scenario_run(s, ms(30300));
	scenario_type(s, "configure\ndelete link dsl\ncommit", &status);
	assert_int_equal(status, 0);
	scenario_run(s, sec(50));
	scenario_expect(s, "[30000] revision 2 committed by admin\n"
			   "[30000] dsl: starts recovering (first probes are on their way)\n"
			   "[30000] mended the kernel's forwarding state\n"
			   "[30300] revision 3 committed by admin\n");
	scenario_close(s);
}

static void a_restart_takes_up_where_it_was(void **state)
{
	struct scenario *s = running("");

	(void)state;
	cut(s, 0, true);
	scenario_run(s, sec(60));
	scenario_skip_log(s);
	fairlead_close(&s->product);
	(void)fairlead_open(&s->product, &s->sim.drivers);
	scenario_run(s, sec(70));
	scenario_expect(s, "[60000] wan1: starts down (as before the restart, not yet confirmed)\n"
			   "[60000] wan2: starts up (as before the restart, not yet confirmed)\n");
	scenario_close(s);
}

static void an_interface_vanishes_and_returns(void **state)
{
	struct scenario *s = running("");

	(void)state;
	sim_exist(&s->sim, "eth1", false);
	scenario_run(s, sec(40));
	sim_exist(&s->sim, "eth1", true);
	scenario_run(s, sec(80));
	scenario_expect(s, "[30000] wan2: up -> no-carrier (no such interface)\n"
			   "[40000] wan2: no-carrier -> down (carrier is back after 10 s)\n"
			   "[40000] mended the kernel's forwarding state\n"
			   "[40021] wan2: down -> recovering (answers again after 10 s)\n"
			   "[43021] wan2: recovering -> up (15 of 15 probes answered, held 3 s)\n");
	scenario_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cold_start),
		cmocka_unit_test(a_start_without_a_cable),
		cmocka_unit_test(an_outage_and_the_return),
		cmocka_unit_test(a_cable_is_pulled_and_plugged),
		cmocka_unit_test(both_links_die_and_return),
		cmocka_unit_test(a_backup_is_used_and_stood_down),
		cmocka_unit_test(a_link_that_flaps_is_held_longer_each_time),
		cmocka_unit_test(a_target_dies_and_returns),
		cmocka_unit_test(a_link_that_loses_packets_and_recovers),
		cmocka_unit_test(a_commit_and_the_way_back),
		cmocka_unit_test(the_lamps_tell_of_a_commit_that_waits),
		cmocka_unit_test(a_refused_commit_is_no_event),
		cmocka_unit_test(a_link_is_added_and_taken_away),
		cmocka_unit_test(a_restart_takes_up_where_it_was),
		cmocka_unit_test(an_interface_vanishes_and_returns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
