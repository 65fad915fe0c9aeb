/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may log in to a router whose accounts are ours, and the first minutes of one. */
#include "scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs the three above. */
#include <cmocka.h>

#define KEY "AAAAC3NzaC1lZDI1NTE5AAAAIJFHkv3ibNEfdnOzPZg4vQUTVqVpxbTQb4AQSaEJSpfi"
#define AS(name)                                                                                   \
	"\x01"                                                                                     \
	"fairlead 1 terminal 80 24 " name "\n"

/* A router with accounts of its own; `more` is added to its settings. */
static struct scenario *router(const char *more)
{
	struct scenario *s = scenario_open("");
	const struct sim_item *old = sim_stored(&s->sim, "settings");
	char text[16384];

	snprintf(text, sizeof(text), "%.*s%s", (int)old->n, (const char *)old->octets, more);
	sim_store(&s->sim, "settings", text);
	s->sim.drivers.accounts.managed = true;
	sim_reload(&s->sim);
	scenario_run(s, sec(30));
	return s;
}

static void pass(struct scenario *s)
{
	scenario_run(s, span_sum(us(s->sim.now.us), ms(200)));
}

/* Sits down as `user`, types, and returns what was on the screen. */
static const char *sit_down(struct scenario *s, const char *hello, const char *keys)
{
	s->sim.peer = "root"; /* login(1) speaks for whom it has let in */
	if (s->sim.session[1].open) {
		sim_session_close(&s->sim, 1);
		pass(s);
	}
	sim_session_open(&s->sim, 1, hello);
	sim_type(&s->sim, 1, keys, strlen(keys));
	pass(s);
	return s->sim.session[1].text;
}

static void a_new_router_asks_for_a_password_first(void **state)
{
	struct scenario *s = router("");
	const char *screen;
	int status;

	(void)state;
	assert_true(sim_account(&s->sim, "admin")->open);
	screen = sit_down(s, AS("admin"), "open sesame\ropen sesame\rconfigure\r");
	assert_non_null(strstr(screen, "This router has no password yet"));
	assert_non_null(strstr(screen, "the password of admin is set"));
	assert_null(strstr(screen, "sesame"));
	assert_non_null(strstr(screen, "configuration mode")); /* he is admin */
	assert_false(sim_account(&s->sim, "admin")->open);
	assert_non_null(strstr(sim_account(&s->sim, "admin")->hash, "$6$simulated$"));
	assert_non_null(strstr(scenario_type(s, "show configuration user", &status), "role admin"));
	scenario_close(s);
}

static void without_a_password_nobody_gets_to_the_prompt(void **state)
{
	struct scenario *s = router("");
	const char *screen;

	(void)state;
	screen = sit_down(s, AS("admin"), "short\r\x03show links\r");
	assert_non_null(strstr(screen, "it is shorter than 8 characters"));
	assert_null(strstr(screen, "wan1"));
	assert_false(s->sim.session[1].open);
	assert_true(sim_account(&s->sim, "admin")->open);
	/* Two that differ are asked for again; a name is no password. */
	screen = sit_down(s, AS("root"), "open sesame\ropen sesamf\radmin\r\x04");
	assert_non_null(strstr(screen, "the two are not the same"));
	assert_false(s->sim.session[1].open);
	scenario_close(s);
}

static void a_user_of_the_settings_has_an_account(void **state)
{
	struct scenario *s =
		router("user ann { role admin, password-hash "
		       "$6$salt$0123456789abcdef }\n"
		       "user bob { role operator, ssh-key ssh-ed25519 " KEY " \"bob at home\" }\n"
		       "user eve role operator\n");

	(void)state;
	assert_int_equal(s->sim.naccounts, 3);
	assert_string_equal(sim_account(&s->sim, "ann")->hash, "$6$salt$0123456789abcdef");
	assert_string_equal(sim_account(&s->sim, "bob")->keys, "ssh-ed25519 " KEY " bob at home\n");
	assert_string_equal(sim_account(&s->sim, "eve")->hash, "");
	assert_false(sim_account(&s->sim, "eve")->open);
	assert_non_null(strstr(sit_down(s, AS("ann"), "configure\r"), "configuration mode"));
	scenario_close(s);
}

static void an_operator_changes_his_own_password_and_nothing_else(void **state)
{
	struct scenario *s = router("user ann { role admin, password-hash "
				    "$6$salt$0123456789abcdef }\n"
				    "user bob role operator\n");
	const char *screen = sit_down(s, AS("bob"), "password\ropen sesame\ropen sesame\r");

	(void)state;
	assert_non_null(strstr(screen, "the password of bob is set"));
	assert_non_null(strstr(sim_account(&s->sim, "bob")->hash, "$6$simulated$"));
	assert_string_equal(sim_account(&s->sim, "ann")->hash, "$6$salt$0123456789abcdef");
	screen = sit_down(s, AS("bob"), "configure\r");
	assert_non_null(strstr(screen, "the role operator may look"));
	scenario_close(s);
}

static void set_password_is_part_of_the_draft(void **state)
{
	struct scenario *s = router("user ann { role admin, password-hash "
				    "$6$salt$0123456789abcdef }\n");
	const char *screen = sit_down(s, AS("ann"),
		"configure\rset password bob\rset user bob role operator\r"
		"set password bob\ropen sesame\ropen sesame\rcompare\r");

	(void)state;
	/* Whose name is misspelled does not become a user by it. */
	assert_non_null(strstr(screen, "error: the draft has no user bob; \"set user bob role"));
	assert_non_null(strstr(screen, "+ set user bob password-hash $6$simulated$"));
	assert_non_null(strstr(screen, "+ set user bob role operator"));
	assert_null(sim_account(&s->sim, "bob"));
	sim_type(&s->sim, 1, "commit\r", 7);
	pass(s);
	assert_non_null(sim_account(&s->sim, "bob"));
	scenario_close(s);
}

static void the_last_admin_who_can_log_in_stays(void **state)
{
	struct scenario *s = router("user ann { role admin, password-hash "
				    "$6$salt$0123456789abcdef }\n");
	const char *screen;

	(void)state;
	screen = sit_down(s, AS("ann"), "configure\rdelete user ann\rcommit\r");
	assert_non_null(strstr(screen, "no admin would have a password or a key any more"));
	assert_non_null(strstr(screen, "not committed"));
	assert_non_null(sim_account(&s->sim, "ann"));
	assert_null(sim_account(&s->sim, "admin"));
	scenario_close(s);
}

static void accounts_that_cannot_be_written_refuse_the_commit(void **state)
{
	struct scenario *s = router("user ann { role admin, password-hash "
				    "$6$salt$0123456789abcdef }\n");
	const char *screen;
	int status;

	(void)state;
	s->sim.accounts_refuse = true;
	screen = sit_down(s, AS("ann"), "configure\rset link wan1 weight 9\rcommit\r");
	assert_non_null(strstr(screen, "the accounts of the users: the accounts are read-only"));
	assert_non_null(strstr(screen, "not committed"));
	assert_null(strstr(scenario_type(s, "show configuration link wan1", &status), "weight 9"));
	scenario_close(s);
}

static void what_cannot_be_an_account_is_refused(void **state)
{
	struct scenario *s = router("");
	const char *said = sit_down(s, "",
		"configure\nset user Ann.B role admin\n"
		"set user Ann.B password-hash $6$salt$0123456789abcdef\n"
		"set user bob role operator\nset user bob password-hash secret\n"
		"set user bob ssh-key ssh-rsa " KEY "\ncommit check\n");

	(void)state;
	assert_non_null(strstr(said, "nobody can log in as \"Ann.B\""));
	assert_non_null(strstr(said, "is not the hash of a password"));
	assert_non_null(strstr(said, "the key is not of type ssh-rsa"));
	sim_session_close(&s->sim, 1);
	pass(s);
	scenario_close(s);
}

static void a_system_with_accounts_of_its_own_is_left_alone(void **state)
{
	struct scenario *s = scenario_open("user ann role admin\n");
	const char *screen;

	(void)state;
	scenario_run(s, sec(30));
	screen = sit_down(s, AS("ann"), "password\r");
	assert_null(strstr(screen, "New password"));
	assert_non_null(strstr(screen, "this system keeps its own accounts"));
	assert_int_equal(s->sim.naccounts, 0);
	scenario_close(s);
}

/* Does `text` come on the screen by what is typed? */
static bool shows(struct scenario *s, const char *keys, const char *text)
{
	size_t seen = s->sim.session[1].n;

	sim_type(&s->sim, 1, keys, strlen(keys));
	pass(s);
	return strstr(s->sim.session[1].text + seen, text);
}

static void commit(struct scenario *s, const char *line)
{
	int status;

	scenario_commit(s, line, &status);
	assert_int_equal(status, 0);
	pass(s);
}

#define ANN "user ann { role admin, password-hash $6$salt$0123456789abcdef }\n"

static void a_changed_role_counts_at_once(void **state)
{
	struct scenario *s = router(ANN "user bob role operator\n");

	(void)state;
	sit_down(s, AS("bob"), "configure\r");
	assert_true(shows(s, "configure\r", "the role operator may look"));
	commit(s, "set user bob role admin");
	assert_true(shows(s, "configure\r", "configuration mode"));
	assert_true(shows(s, "set link wan1 weight 9\r", "#"));
	commit(s, "set user bob role operator");
	assert_non_null(strstr(s->sim.session[1].text, "the role is operator now"));
	/* Nothing of what he was about to do is left. */
	assert_true(shows(s, "commit\r", "the role operator may look"));
	commit(s, "set user bob role admin");
	assert_true(shows(s, "configure\r", "configuration mode"));
	assert_false(shows(s, "compare\r", "weight"));
	scenario_close(s);
}

static void who_loses_his_role_loses_his_paste_and_his_question(void **state)
{
	struct scenario *s = router(ANN "user bob role admin\n");

	(void)state;
	sit_down(s, AS("bob"), "configure\rload merge terminal\rlink wan1 weight 9\r");
	commit(s, "set user bob role operator");
	assert_non_null(strstr(s->sim.session[1].text, "nothing was loaded"));
	assert_true(shows(s, "show version\r", "Fairlead "));
	commit(s, "set user bob role admin");
	shows(s, "configure\rset password bob\ropen sesame\r", "");
	commit(s, "set user bob role operator");
	assert_non_null(strstr(s->sim.session[1].text, "stopped; nothing was changed"));
	assert_true(shows(s, "show version\r", "Fairlead "));
	scenario_close(s);
}

static void the_session_of_a_deleted_user_ends(void **state)
{
	struct scenario *s = router(ANN "user bob role operator\n");

	(void)state;
	sit_down(s, AS("bob"), "");
	assert_true(s->sim.session[1].open);
	commit(s, "delete user bob");
	assert_non_null(strstr(s->sim.session[1].text, "the session ends: the settings have no"));
	assert_false(s->sim.session[1].open);
	/* Who was never in the settings stays: he may look. */
	s->sim.peer = "carl";
	sim_session_open(&s->sim, 1, AS("carl"));
	pass(s);
	s->sim.peer = "root";
	commit(s, "set link wan1 weight 9");
	assert_true(s->sim.session[1].open);
	scenario_close(s);
}

static void an_operator_sees_no_secret(void **state)
{
	struct scenario *s = router(ANN "user bob role operator\n");
	int status;

	(void)state;
	sit_down(s, AS("bob"), "show configuration user\r");
	assert_non_null(strstr(s->sim.session[1].text, "role admin"));
	assert_non_null(strstr(s->sim.session[1].text, "# password-hash (not shown"));
	assert_true(shows(s, "show configuration user ann password-hash ?\x15", "now hidden"));
	assert_true(shows(s, "show configuration | display json\rG", "admin"));
	assert_null(strstr(s->sim.session[1].text, "$6$salt"));
	/* The admin does. */
	assert_non_null(strstr(
		scenario_type(s, "show configuration user ann", &status), "password-hash $6$salt"));
	scenario_close(s);
}

static void an_open_session_has_the_new_name_of_the_router_in_its_prompt(void **state)
{
	struct scenario *s = router(ANN);

	(void)state;
	sit_down(s, AS("ann"), "");
	commit(s, "set system host-name gate7");
	assert_non_null(strstr(s->sim.session[1].text, "gate7> "));
	shows(s, "configure\rset system host-name gate8\rcommit\r", "");
	assert_true(shows(s, "\r", "gate8# "));
	scenario_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_router_asks_for_a_password_first),
		cmocka_unit_test(without_a_password_nobody_gets_to_the_prompt),
		cmocka_unit_test(a_user_of_the_settings_has_an_account),
		cmocka_unit_test(an_operator_changes_his_own_password_and_nothing_else),
		cmocka_unit_test(set_password_is_part_of_the_draft),
		cmocka_unit_test(the_last_admin_who_can_log_in_stays),
		cmocka_unit_test(accounts_that_cannot_be_written_refuse_the_commit),
		cmocka_unit_test(what_cannot_be_an_account_is_refused),
		cmocka_unit_test(a_system_with_accounts_of_its_own_is_left_alone),
		cmocka_unit_test(a_changed_role_counts_at_once),
		cmocka_unit_test(who_loses_his_role_loses_his_paste_and_his_question),
		cmocka_unit_test(the_session_of_a_deleted_user_ends),
		cmocka_unit_test(an_operator_sees_no_secret),
		cmocka_unit_test(an_open_session_has_the_new_name_of_the_router_in_its_prompt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
