/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `setup`: from nothing to a router that balances two uplinks and answers for a domain. */
#include "scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs the three above. */
#include <cmocka.h>

#define HELLO                                                                                      \
	"\x01"                                                                                     \
	"fairlead 1 terminal 100 24 "
#define TWO_LINKS                                                                                  \
	"gate\r"                                                                                   \
	"eth0\r203.0.113.2/29\r\r"                                                                 \
	"\r198.51.100.2/29\r\r"                                                                    \
	"-\r"

static struct scenario *blank(void)
{
	struct scenario *s = scenario_open_with("");

	scenario_run(s, sec(1));
	return s;
}

static const char *sit_down(struct scenario *s, const char *hello, const char *keys)
{
	sim_session_open(&s->sim, 1, hello);
	sim_type(&s->sim, 1, keys, strlen(keys));
	scenario_run(s, span_sum(us(s->sim.now.us), ms(500)));
	return s->sim.session[1].text;
}

static void leave(struct scenario *s)
{
	sim_session_close(&s->sim, 1);
	scenario_run(s, span_sum(us(s->sim.now.us), ms(100)));
}

static bool has(const char *text, const char *part)
{
	if (text && strstr(text, part))
		return true;
	fprintf(stderr, "\"%s\" is not in:\n%s\n", part, text ? text : "(nothing)");
	return false;
}

static const char *configuration(struct scenario *s)
{
	int status;

	return scenario_type(s, "show configuration | display set", &status);
}

static void a_router_without_uplinks_asks_by_itself(void **state)
{
	struct scenario *s = blank();
	const char *screen = sit_down(s, HELLO "ann\n", TWO_LINKS "\r\r-\r\r");

	(void)state;
	assert_true(has(screen, "This router has no uplinks yet"));
	assert_true(has(screen, "committed: revision 2"));
	assert_true(has(configuration(s), "set system host-name gate\n"));
	assert_true(has(configuration(s), "set link wan1 gateway 203.0.113.1\n"));
	assert_true(has(configuration(s), "set link wan2 interface eth1\n"));
	assert_true(has(configuration(s), "set link wan2 gateway 198.51.100.1\n"));
	assert_true(has(configuration(s), "set lan office address 192.168.1.1/24\n"));
	scenario_run(s, sec(30));
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	assert_int_equal(scenario_state(s, "wan2"), LINK_UP);
	leave(s);
	/* The next one who sits down is not asked again. */
	assert_null(strstr(sit_down(s, HELLO "ann\n", "\r"), "no uplinks"));
	leave(s);
	scenario_close(s);
}

static void mail_comes_in_over_both_uplinks_behind_it(void **state)
{
	struct scenario *s = blank();
	const char *screen = sit_down(s, HELLO "ann\n",
		TWO_LINKS "\r\rexample.com\r192.168.1.25\r203.0.113.3\r198.51.100.3\r\r");

	(void)state;
	assert_true(has(screen, "committed: revision 2"));
	scenario_run(s, sec(30));
	assert_string_equal(scenario_answer(s, "example.com", CLIENT_MX),
		"10 mail1.example.com, 20 mail2.example.com");
	assert_string_equal(scenario_answer(s, "mail2.example.com", CLIENT_A), "198.51.100.3");
	assert_true(has(configuration(s), "set forward smtp on wan2 198.51.100.3\n"));
	assert_true(has(configuration(s), "set rule 10 source 192.168.1.25/32\n"));
	leave(s);
	scenario_close(s);
}

static void control_c_leaves_all_as_it_was(void **state)
{
	struct scenario *s = blank();
	const char *screen = sit_down(s, HELLO "ann\n", TWO_LINKS "\x03show version\r");

	(void)state;
	assert_true(has(screen, "stopped; nothing was changed"));
	assert_true(has(screen, "Fairlead "));
	assert_string_equal(configuration(s), "");
	leave(s);
	/* No is no; and it can be asked for again. */
	screen = sit_down(s, HELLO "ann\n", TWO_LINKS "\r\r-\rno\rsetup\r\x03");
	assert_true(has(screen, "nothing was changed; `setup` asks again"));
	assert_string_equal(configuration(s), "");
	leave(s);
	scenario_close(s);
}

static void every_answer_can_be_left_for_later(void **state)
{
	struct scenario *s = blank();
	const char *screen = sit_down(s, HELLO "ann\n", "-\r-\r-\r\r");

	(void)state;
	assert_true(has(screen, "nothing to commit"));
	leave(s);
	screen = sit_down(s, HELLO "ann\n", "-\reth0\r-\r-\r-\r\r");
	assert_true(has(screen, "committed: revision"));
	assert_true(has(configuration(s), "set link wan1 interface eth0\n"));
	assert_null(strstr(configuration(s), "wan2"));
	leave(s);
	scenario_close(s);
}

static void a_wrong_answer_is_explained_and_asked_again(void **state)
{
	struct scenario *s = blank();
	const char *screen = sit_down(s, HELLO "ann\n",
		"two "
		"words\rgate\reth0\r203.0.113.2\r203.0.113.2/29\r999.1.1.1\r\r-\r-\r-\rmaybe\r\r");

	(void)state;
	assert_true(has(screen, "one word, please"));
	assert_true(has(screen, "ADDRESS/BITS of wan1"));
	assert_true(has(screen, "999.1.1.1"));
	assert_true(has(screen, "yes or no?"));
	assert_true(has(screen, "committed: revision 2"));
	leave(s);
	scenario_close(s);
}

static void an_operator_is_not_asked(void **state)
{
	struct scenario *s = blank();

	(void)state;
	s->sim.peer = "eve";
	assert_null(strstr(sit_down(s, HELLO "eve\n", "setup\r"), "no uplinks"));
	assert_true(has(s->sim.session[1].text, "the role operator may look"));
	leave(s);
	scenario_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_router_without_uplinks_asks_by_itself),
		cmocka_unit_test(mail_comes_in_over_both_uplinks_behind_it),
		cmocka_unit_test(control_c_leaves_all_as_it_was),
		cmocka_unit_test(every_answer_can_be_left_for_later),
		cmocka_unit_test(a_wrong_answer_is_explained_and_asked_again),
		cmocka_unit_test(an_operator_is_not_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
