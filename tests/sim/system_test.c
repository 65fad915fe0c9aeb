/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The box itself under virtual time: trial of an update, watchdog, button, what is asked of it. */
#include "scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define UPDATE "request system update x.flb force\n\x04"

#define GOOD  "order=a b\na_left=2\na_ok=1\nb_left=3\nb_ok=1\n"
#define TRIAL "order=a b\na_left=2\na_ok=0\nb_left=3\nb_ok=1\n"

/* The image, from its start on. */
static struct scenario *image_open(const char *boot_words)
{
	return scenario_open_image("", boot_words);
}

static struct boot_state boot_state_of(const struct scenario *s)
{
	struct boot_state state;

	assert_int_equal(
		boot_state_parse(bytes_of(s->sim.unit.block, BOOT_BLOCK_SIZE), &state), FL_OK);
	return state;
}

static void a_working_update_confirms_itself(void **state)
{
	struct scenario *s = image_open(TRIAL);

	(void)state;
	scenario_run(s, sec(25));
	assert_false(boot_state_of(s).slot[BOOT_SLOT_A].ok);
	scenario_run(s, sec(60));
	assert_true(boot_state_of(s).slot[BOOT_SLOT_A].ok);
	assert_int_equal(boot_state_of(s).slot[BOOT_SLOT_A].left, BOOT_ATTEMPTS);
	assert_true(scenario_logged_at(s, "the update in slot a works") > 0);
	scenario_close(s);
}

static void an_update_that_gets_no_link_restarts_the_router(void **state)
{
	struct scenario *s = image_open(TRIAL);

	(void)state;
	sim_plug(&s->sim, "eth0", false);
	sim_plug(&s->sim, "eth1", false);
	scenario_run(s, sec(290));
	assert_null(s->sim.unit.ended);
	scenario_run(s, sec(320));
	assert_string_equal(s->sim.unit.ended, "reboot");
	assert_false(boot_state_of(s).slot[BOOT_SLOT_A].ok);
	assert_int_equal(boot_state_of(s).slot[BOOT_SLOT_A].left, 2); /* the attempt is gone */
	scenario_close(s);
}

static void what_was_found_good_is_not_restarted_for_want_of_links(void **state)
{
	struct scenario *s = image_open(GOOD);

	(void)state;
	sim_plug(&s->sim, "eth0", false);
	sim_plug(&s->sim, "eth1", false);
	scenario_run(s, sec(1000));
	assert_null(s->sim.unit.ended);
	scenario_close(s);
}

static void attempts_come_back_after_ten_minutes(void **state)
{
	struct scenario *s = image_open(GOOD);

	(void)state;
	scenario_run(s, sec(590));
	assert_int_equal(boot_state_of(s).slot[BOOT_SLOT_A].left, 2);
	scenario_run(s, sec(610));
	assert_int_equal(boot_state_of(s).slot[BOOT_SLOT_A].left, BOOT_ATTEMPTS);
	scenario_close(s);
}

static void an_orderly_restart_costs_no_attempt(void **state)
{
	struct scenario *s = image_open(GOOD);
	int status;

	(void)state;
	scenario_run(s, sec(20));
	scenario_type(s, "request system reboot", &status);
	assert_int_equal(status, 0);
	assert_null(s->sim.unit.ended); /* first the person is told */
	scenario_run(s, sec(22));
	assert_string_equal(s->sim.unit.ended, "reboot");
	assert_int_equal(boot_state_of(s).slot[BOOT_SLOT_A].left, BOOT_ATTEMPTS);
	scenario_close(s);
}

static void the_watchdog_is_petted_while_all_goes_well(void **state)
{
	struct scenario *s = image_open(GOOD);

	(void)state;
	for (int t = 10; t < 200; t += 10) {
		scenario_run(s, sec(t));
		assert_true(mtime_between(s->sim.unit.petted, s->sim.now).us <= sec(6).us);
	}
	scenario_close(s);
}

static void without_a_dns_worker_the_watchdog_is_let_go(void **state)
{
	struct scenario *s = image_open(GOOD);
	mtime last;

	(void)state;
	scenario_run(s, sec(20));
	s->sim.responder_is_gone = true;
	scenario_run(s, sec(100));
	last = s->sim.unit.petted;
	scenario_run(s, sec(200));
	assert_int_equal(s->sim.unit.petted.us, last.us);
	s->sim.responder_is_gone = false;
	scenario_run(s, sec(210));
	assert_true(s->sim.unit.petted.us > last.us);
	scenario_close(s);
}

static void a_roll_back_starts_the_other_slot(void **state)
{
	struct scenario *s = image_open(GOOD);
	int status;

	(void)state;
	assert_non_null(strstr(scenario_type(s, "request system rollback", &status), "slot b"));
	assert_int_equal(status, 0);
	assert_int_equal(boot_state_of(s).first, BOOT_SLOT_B);
	scenario_close(s);
}

static void a_roll_back_to_nothing_is_refused(void **state)
{
	struct scenario *s = image_open("order=a b\na_left=2\na_ok=1\nb_left=0\nb_ok=0\n");
	int status;

	(void)state;
	assert_non_null(strstr(scenario_type(s, "request system rollback", &status),
		"slot b holds nothing that was ever found good"));
	assert_int_equal(status, 1);
	assert_int_equal(boot_state_of(s).first, BOOT_SLOT_A);
	scenario_close(s);
}

static void an_update_is_shown_by_the_lamp_and_its_end_is_told(void **state)
{
	struct scenario *s = image_open(GOOD);

	(void)state;
	scenario_run(s, sec(20));
	sim_session_open(&s->sim, 3,
		"\x01"
		"fairlead 1 command 80 24 root\n");
	scenario_run(s, ms(20100));
	sim_type(&s->sim, 3, UPDATE, sizeof(UPDATE) - 1);
	scenario_run(s, ms(20500));
	assert_string_equal(s->sim.unit.task, "0 x.flb force");
	assert_string_equal(sim_lamp(&s->sim, "SYS")->pattern, "green-amber-fast");
	sim_task(&s->sim, "progress 25 checking", 0);
	scenario_run(s, sec(21));
	assert_non_null(strstr(s->sim.session[3].text, " 25 % checking\n"));
	sim_task(&s->sim, "error: x.flb: it is cut short", 0);
	sim_task(&s->sim, NULL, 1);
	scenario_run(s, sec(22));
	assert_string_not_equal(sim_lamp(&s->sim, "SYS")->pattern, "green-amber-fast");
	assert_non_null(strstr(s->sim.session[3].text, "error: x.flb: it is cut short"));
	assert_true(scenario_logged_at(s, "update: error: x.flb") > 0);
	scenario_close(s);
}

static void a_task_writes_nowhere_but_into_the_routers_own_folder(void **state)
{
	static const char *const refused[] = {"backup /dev/vda", "backup /data/fairlead.conf",
		"support ../keys", "support http://192.0.2.1/x", "restore /data/state",
		"update /dev/vda", "backup .hidden"};
	struct scenario *s = image_open(GOOD);

	(void)state;
	scenario_run(s, sec(20));
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		char command[96];

		snprintf(command, sizeof(command), "request system %s\n", refused[i]);
		sim_session_open(&s->sim, 3,
			"\x01"
			"fairlead 1 command 80 24 ann\n");
		sim_type(&s->sim, 3, command, strlen(command));
		scenario_run(s, sec(21 + (int)i));
		assert_non_null(strstr(s->sim.session[3].text, "only root may name"));
		assert_string_equal(s->sim.unit.task, "");
	}
	scenario_close(s);
}

static void what_is_fetched_may_be_named_by_its_address(void **state)
{
	struct scenario *s = image_open(GOOD);

	(void)state;
	scenario_run(s, sec(20));
	sim_session_open(&s->sim, 3,
		"\x01"
		"fairlead 1 command 80 24 ann\n");
	sim_type(&s->sim, 3, "request system restore https://192.0.2.1/b\n",
		strlen("request system restore https://192.0.2.1/b\n"));
	scenario_run(s, sec(21));
	assert_string_equal(s->sim.unit.task, "3 https://192.0.2.1/b");
	scenario_close(s);
}

static void ten_seconds_of_the_button_bring_factory_settings(void **state)
{
	struct scenario *s = image_open(GOOD);

	(void)state;
	scenario_run(s, sec(20));
	sim_button(&s->sim, true);
	scenario_run(s, sec(24));
	assert_string_equal(sim_lamp(&s->sim, "SYS")->pattern, "amber-double-flash");
	scenario_run(s, sec(31));
	assert_string_equal(sim_lamp(&s->sim, "SYS")->pattern, "red-flicker");
	assert_null(s->sim.unit.forgets);
	sim_button(&s->sim, false);
	scenario_run(s, sec(33));
	assert_string_equal(s->sim.unit.forgets, "settings");
	assert_string_equal(s->sim.unit.ended, "reboot");
	scenario_close(s);
}

static void five_seconds_of_the_button_forget_the_passwords_of_admins(void **state)
{
	struct scenario *s = scenario_open_image(
		"user ann { role admin, password-hash \"$6$abcdefgh$"
		"7aRkLmpZ5mMT5Ua3c8PZ9F0cZC1ZTn1b6zr0gP0uJq6q1mN0yq6V3y1bV0m3Zt5m9q8c1tY4pXb2h7s0"
		"kLmn./\" }\nuser bob { role operator }\n",
		GOOD);
	int status;

	(void)state;
	assert_non_null(strstr(scenario_type(s, "show configuration", &status), "user ann"));
	/* Neither that nobody has a password then, nor who has the configuration to himself. */
	s->sim.drivers.accounts.managed = true;
	scenario_run(s, sec(20));
	sim_session_open(&s->sim, 1,
		"\x01"
		"fairlead 1 terminal 80 24 ann\n");
	sim_type(&s->sim, 1, "configure exclusive\r", strlen("configure exclusive\r"));
	scenario_run(s, sec(21));
	assert_non_null(strstr(s->sim.session[1].text, "for this session alone"));
	sim_button(&s->sim, true);
	scenario_run(s, sec(25));
	sim_button(&s->sim, false);
	scenario_run(s, sec(26));
	assert_null(strstr(scenario_type(s, "show configuration", &status), "user ann"));
	assert_non_null(strstr(scenario_type(s, "show configuration", &status), "user bob"));
	assert_null(s->sim.unit.ended);
	scenario_close(s);
}

static void locate_makes_all_lamps_flicker_for_a_minute(void **state)
{
	struct scenario *s = image_open(GOOD);
	int status;

	(void)state;
	scenario_run(s, sec(20));
	scenario_type(s, "request system locate", &status);
	assert_string_equal(sim_lamp(&s->sim, "SYS")->pattern, "flicker");
	assert_string_equal(sim_lamp(&s->sim, "WAN1")->pattern, "flicker");
	scenario_run(s, sec(82));
	assert_string_equal(sim_lamp(&s->sim, "WAN1")->pattern, "green");
	scenario_close(s);
}

static void the_clock_is_set(void **state)
{
	struct scenario *s = image_open(GOOD);
	int status;

	(void)state;
	scenario_type(s, "request system date 2024-02-29 12:00:30", &status);
	assert_int_equal(status, 0);
	assert_int_equal(s->sim.wall + s->sim.now.us / 1000000, 1709208030);
	scenario_type(s, "request system date 2023-02-29 12:00", &status);
	assert_int_equal(status, 1);
	scenario_type(s, "request system date 2023-12-31 24:00", &status);
	assert_int_equal(status, 1);
	scenario_type(s, "request system date 23-12-31 12:00", &status);
	assert_int_equal(status, 1);
	scenario_close(s);
}

/* A person at a terminal types `keys`; the session stays open. */
static void at_terminal(struct scenario *s, const char *keys)
{
	struct sim_session *p = &s->sim.session[1];

	if (!p->open)
		sim_session_open(&s->sim, 1,
			"\x01"
			"fairlead 1 terminal 80 24 admin\n");
	sim_type(&s->sim, 1, keys, strlen(keys));
	for (unsigned i = 0; i < 100; i++)
		fairlead_step(&s->product, mtime_after(s->sim.now, ms(1)));
}

static void what_only_a_visit_would_mend_is_asked_first(void **state)
{
	static const char *const commands[] = {"request system poweroff\r",
		"request system factory-reset settings\r",
		"request system factory-reset everything\r"};
	struct scenario *s = image_open(GOOD);
	int status;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(commands); i++) {
		at_terminal(s, commands[i]);
		at_terminal(s, "y\r");
		at_terminal(s, commands[i]);
		at_terminal(s, "\x03");
	}
	scenario_run(s, sec(30));
	assert_null(s->sim.unit.ended);
	assert_null(s->sim.unit.forgets);
	assert_non_null(strstr(
		scenario_type(s, "request system poweroff", &status), "with \"now\" behind it"));
	assert_int_equal(status, 1);
	at_terminal(s, commands[1]);
	at_terminal(s, "yes\r");
	assert_string_equal(s->sim.unit.forgets, "settings");
	scenario_run(s, sec(33));
	assert_string_equal(s->sim.unit.ended, "reboot");
	scenario_close(s);
}

static void a_script_is_not_asked(void **state)
{
	struct scenario *s = image_open(GOOD);
	int status;

	(void)state;
	scenario_type(s, "request system factory-reset everything now", &status);
	assert_int_equal(status, 0);
	assert_string_equal(s->sim.unit.forgets, "everything");
	scenario_close(s);
	s = image_open(GOOD);
	scenario_type(s, "request system poweroff now", &status);
	assert_int_equal(status, 0);
	scenario_run(s, sec(3));
	assert_string_equal(s->sim.unit.ended, "power off");
	scenario_close(s);
}

static const char *system_as_json(struct scenario *s)
{
	const char *text;
	int status;

	scenario_run(s, sec(90));
	text = scenario_type(s, "show system | display json", &status);
	assert_int_equal(status, 0);
	return text;
}

static void programs_can_ask_what_runs(void **state)
{
	struct scenario *s = image_open(TRIAL);
	const char *text = system_as_json(s), *b;

	(void)state;
	assert_non_null(strstr(text, "\"image\": true,"));
	assert_non_null(strstr(text, "\"safe-mode\": false,"));
	assert_non_null(strstr(text, "\"healthy\": true,"));
	assert_non_null(strstr(text, "\"slot\": \"a\""));
	b = strstr(text, "\"slot\": \"b\"");
	assert_non_null(b);
	assert_non_null(strstr(b, "\"running\": false"));
	assert_non_null(strstr(b, "\"attempts-left\": 3"));
	scenario_close(s);
	s = scenario_open("");
	text = system_as_json(s);
	assert_non_null(strstr(text, "\"image\": false\n}\n"));
	assert_null(strstr(text, "slot"));
	scenario_close(s);
}

static void elsewhere_than_in_the_image_the_system_is_left_alone(void **state)
{
	static const char *const commands[] = {"request system reboot", "request system poweroff",
		"request system rollback", "request system confirm", "request system update x",
		"request system factory-reset everything", "request system backup x"};
	struct scenario *s = scenario_open("");
	int status;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(commands); i++) {
		assert_non_null(
			strstr(scenario_type(s, commands[i], &status), "not its own image"));
		assert_int_equal(status, 1);
	}
	assert_null(s->sim.unit.ended);
	assert_null(s->sim.unit.forgets);
	scenario_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_working_update_confirms_itself),
		cmocka_unit_test(an_update_that_gets_no_link_restarts_the_router),
		cmocka_unit_test(what_was_found_good_is_not_restarted_for_want_of_links),
		cmocka_unit_test(attempts_come_back_after_ten_minutes),
		cmocka_unit_test(an_orderly_restart_costs_no_attempt),
		cmocka_unit_test(the_watchdog_is_petted_while_all_goes_well),
		cmocka_unit_test(without_a_dns_worker_the_watchdog_is_let_go),
		cmocka_unit_test(a_roll_back_starts_the_other_slot),
		cmocka_unit_test(a_roll_back_to_nothing_is_refused),
		cmocka_unit_test(an_update_is_shown_by_the_lamp_and_its_end_is_told),
		cmocka_unit_test(a_task_writes_nowhere_but_into_the_routers_own_folder),
		cmocka_unit_test(what_is_fetched_may_be_named_by_its_address),
		cmocka_unit_test(ten_seconds_of_the_button_bring_factory_settings),
		cmocka_unit_test(five_seconds_of_the_button_forget_the_passwords_of_admins),
		cmocka_unit_test(locate_makes_all_lamps_flicker_for_a_minute),
		cmocka_unit_test(the_clock_is_set),
		cmocka_unit_test(what_only_a_visit_would_mend_is_asked_first),
		cmocka_unit_test(a_script_is_not_asked),
		cmocka_unit_test(programs_can_ask_what_runs),
		cmocka_unit_test(elsewhere_than_in_the_image_the_system_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
