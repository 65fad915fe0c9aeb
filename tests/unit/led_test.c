/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "led.h"

#include "led_console.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Every state of a link that can be shown. */
static const enum link_state shown_states[] = {LINK_DISABLED, LINK_NO_CARRIER, LINK_DOWN,
	LINK_RECOVERING, LINK_UP, LINK_DEGRADED, LINK_STANDBY};

static bool looks_same(const struct led_pattern *a, const struct led_pattern *b)
{
	return a->green == b->green && a->amber == b->amber && a->red == b->red;
}

static bool looks_dark(const struct led_pattern *p)
{
	return !(p->green | p->amber | p->red);
}

static void link_lamp_is_dark_when_disabled_or_without_carrier(void **state)
{
	(void)state;
	for (int one = 0; one < 2; one++) {
		assert_true(looks_dark(led_link_pattern(LINK_DISABLED, one)));
		assert_true(looks_dark(led_link_pattern(LINK_NO_CARRIER, one)));
	}
}

static void link_lamp_has_the_documented_pattern_for_each_state(void **state)
{
	static const struct {
		enum link_state state;
		const char *name;
	} facts[] = {{LINK_UP, "green"}, {LINK_STANDBY, "green-flash"},
		{LINK_DEGRADED, "green-amber"}, {LINK_RECOVERING, "amber-blink"},
		{LINK_DOWN, "amber"}, {LINK_DISABLED, "off"}, {LINK_NO_CARRIER, "off"}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(facts); i++)
		assert_string_equal(led_link_pattern(facts[i].state, false)->name, facts[i].name);
}

static void suspect_link_looks_up(void **state)
{
	(void)state;
	for (int one = 0; one < 2; one++)
		assert_ptr_equal(led_link_pattern(LINK_SUSPECT, one)->name,
			led_link_pattern(LINK_UP, one)->name);
}

/* Both kinds of lamp: states that mean different things to a person look different. */
static void no_two_link_states_look_the_same_unless_both_are_dark(void **state)
{
	(void)state;
	for (int one = 0; one < 2; one++)
		for (size_t i = 0; i < COUNT_OF(shown_states); i++)
			for (size_t j = 0; j < i; j++) {
				const struct led_pattern *a =
					led_link_pattern(shown_states[i], one);
				const struct led_pattern *b =
					led_link_pattern(shown_states[j], one);

				assert_true(!looks_same(a, b) || looks_dark(a));
			}
}

static void no_two_system_states_look_the_same(void **state)
{
	(void)state;
	for (int one = 0; one < 2; one++)
		for (unsigned i = 0; i < LED_SYS_STATES; i++)
			for (unsigned j = 0; j < i; j++)
				assert_false(looks_same(
					led_system_pattern(i, one), led_system_pattern(j, one)));
}

static void system_lamp_is_never_dark(void **state)
{
	(void)state;
	for (int one = 0; one < 2; one++)
		for (unsigned i = 0; i < LED_SYS_STATES; i++)
			assert_false(looks_dark(led_system_pattern(i, one)));
}

/* Boards without a red device light amber instead. */
static void system_states_still_differ_when_red_is_shown_as_amber(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LED_SYS_STATES; i++)
		for (unsigned j = 0; j < i; j++) {
			const struct led_pattern *a = led_system_pattern(i, false);
			const struct led_pattern *b = led_system_pattern(j, false);

			assert_false(
				a->green == b->green && (a->amber | a->red) == (b->amber | b->red));
		}
}

static void lamp_with_one_colour_is_never_asked_for_another(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LINK_STATES; i++)
		assert_int_equal(
			led_link_pattern(i, true)->amber | led_link_pattern(i, true)->red, 0);
	for (unsigned i = 0; i < LED_SYS_STATES; i++)
		assert_int_equal(
			led_system_pattern(i, true)->amber | led_system_pattern(i, true)->red, 0);
}

/* Not two colours at once: a two-colour LED would show a third one. */
static void no_pattern_lights_two_colours_in_one_tick(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LINK_STATES + LED_SYS_STATES; i++) {
		const struct led_pattern *p = i < LINK_STATES
						      ? led_link_pattern(i, false)
						      : led_system_pattern(i - LINK_STATES, false);

		assert_int_equal(p->green & p->amber, 0);
		assert_int_equal(p->green & p->red, 0);
		assert_int_equal(p->amber & p->red, 0);
	}
}

static void every_state_has_a_pattern_and_a_meaning(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LINK_STATES; i++) {
		assert_non_null(led_link_pattern(i, false)->name);
		assert_non_null(led_link_pattern(i, true)->name);
		assert_non_null(led_link_meaning(i));
	}
	for (unsigned i = 0; i < LED_SYS_STATES; i++) {
		assert_non_null(led_system_pattern(i, false)->name);
		assert_non_null(led_system_pattern(i, true)->name);
		assert_non_null(led_system_meaning(i));
	}
}

/* ---- time ---- */

static void degraded_lamp_is_green_then_amber(void **state)
{
	const struct led_pattern *p = led_link_pattern(LINK_DEGRADED, false);

	(void)state;
	assert_int_equal(led_colour_at(p, 0), LED_GREEN);
	assert_int_equal(led_colour_at(p, 7), LED_GREEN);
	assert_int_equal(led_colour_at(p, 8), LED_AMBER);
	assert_int_equal(led_colour_at(p, 15), LED_AMBER);
	assert_int_equal(led_colour_at(p, 16), LED_GREEN);
}

static void red_lamp_is_red(void **state)
{
	(void)state;
	assert_int_equal(led_colour_at(led_system_pattern(LED_SYS_FAULT, false), 5), LED_RED);
}

static void steady_lamps_never_change(void **state)
{
	const struct led_pattern *steady[] = {
		led_link_pattern(LINK_UP, false), led_link_pattern(LINK_DOWN, false)};

	(void)state;
	assert_int_equal(led_next_change(steady, 2, 1000), UINT64_MAX);
	assert_int_equal(led_next_change(NULL, 0, 1000), UINT64_MAX);
}

static void next_change_is_the_first_of_all_lamps(void **state)
{
	const struct led_pattern *lamps[] = {led_link_pattern(LINK_UP, false),
		led_link_pattern(LINK_RECOVERING, false), led_link_pattern(LINK_STANDBY, false)};

	(void)state;
	assert_int_equal(led_next_change(lamps, 3, 0), 1);  /* the flash ends */
	assert_int_equal(led_next_change(lamps, 3, 1), 8);  /* the blinking one goes dark */
	assert_int_equal(led_next_change(lamps, 3, 8), 16); /* both are lit again */
	assert_int_equal(led_next_change(lamps, 2, 15), 16);
	assert_int_equal(led_next_change(lamps, 2, 16), 24); /* not the tick that is asked from */
}

/* A loop that sleeps from change to change misses none. */
static void sleeping_from_change_to_change_shows_every_colour(void **state)
{
	(void)state;
	for (unsigned s = 0; s < LED_SYS_STATES; s++) {
		const struct led_pattern *p = led_system_pattern(s, false);
		uint64_t next = led_next_change(&p, 1, 0);
		enum led_colour lit = led_colour_at(p, 0);

		for (uint64_t tick = 0; tick < 5ull * LED_TICKS; tick++) {
			if (tick == next) {
				lit = led_colour_at(p, tick);
				next = led_next_change(&p, 1, tick);
			}
			assert_int_equal(lit, led_colour_at(p, tick));
		}
	}
}

/* ---- SYS ---- */

static enum led_system system_of(
	struct led_facts facts, enum link_state first, enum link_state second)
{
	const enum link_state shown[] = {first, second};

	return led_system_of(&facts, shown, 2);
}

static void system_is_good_when_every_link_is_up_or_standby(void **state)
{
	(void)state;
	assert_int_equal(system_of((struct led_facts){0}, LINK_UP, LINK_STANDBY), LED_SYS_GOOD);
}

static void disabled_link_does_not_make_the_system_partial(void **state)
{
	(void)state;
	assert_int_equal(system_of((struct led_facts){0}, LINK_UP, LINK_DISABLED), LED_SYS_GOOD);
}

static void system_is_partial_while_some_link_serves(void **state)
{
	static const enum link_state bad[] = {
		LINK_DOWN, LINK_NO_CARRIER, LINK_RECOVERING, LINK_DEGRADED};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_int_equal(
			system_of((struct led_facts){0}, LINK_UP, bad[i]), LED_SYS_PARTIAL);
	assert_int_equal(
		system_of((struct led_facts){0}, LINK_DEGRADED, LINK_DOWN), LED_SYS_PARTIAL);
}

static void system_shows_that_no_link_works(void **state)
{
	struct led_facts none = {0};

	(void)state;
	assert_int_equal(system_of(none, LINK_DOWN, LINK_RECOVERING), LED_SYS_NO_LINK);
	assert_int_equal(led_system_of(&none, NULL, 0), LED_SYS_NO_LINK);
}

static void fault_covers_confirm_covers_booting_covers_links(void **state)
{
	(void)state;
	assert_int_equal(
		system_of((struct led_facts){.fault = true, .unsure = true}, LINK_UP, LINK_UP),
		LED_SYS_FAULT);
	assert_int_equal(system_of((struct led_facts){.unsure = true, .starting = true}, LINK_DOWN,
				 LINK_DOWN),
		LED_SYS_CONFIRM);
	assert_int_equal(system_of((struct led_facts){.starting = true}, LINK_DOWN, LINK_DOWN),
		LED_SYS_BOOTING);
}

/* ---- console ---- */

static const char *run(size_t row, struct led_console *module, char *text, size_t size)
{
	struct textbuf out = textbuf_of(text, size);
	struct sink sink = textbuf_sink(&out);
	struct console_call call = {.module = module, .out = &sink};

	assert_int_equal(led_commands[row].run(&call), FL_OK);
	assert_false(out.cut);
	return text;
}

static void show_leds_prints_pattern_and_meaning_of_each_lamp(void **state)
{
	struct led_lamp lamps[] = {{.name = STR("SYS")}, {.name = STR("WAN1"), .one_colour = true},
		{.name = STR("WAN2")}};
	struct led_console module = {lamps, COUNT_OF(lamps)};
	char text[1000];

	(void)state;
	led_lamp_show_system(&lamps[0], LED_SYS_PARTIAL);
	led_lamp_show_link(&lamps[1], LINK_RECOVERING);
	assert_string_equal(run(0, &module, text, sizeof(text)),
		"LAMP    PATTERN             MEANING\n"
		"SYS     green-amber         some link is not good; service is kept\n"
		"WAN1    blink               recovering: answers again, proving itself\n"
		"dark, no link is assigned: WAN2\n");
}

static void show_leds_says_when_the_board_has_none(void **state)
{
	struct led_console module = {NULL, 0};
	char text[100];

	(void)state;
	assert_string_equal(run(0, &module, text, sizeof(text)), "this board has no lamps\n");
}

static void legend_draws_every_pattern(void **state)
{
	struct led_console module = {NULL, 0};
	char text[3000];

	(void)state;
	run(1, &module, text, sizeof(text));
	assert_non_null(strstr(text, "GGGGGGGGAAAAAAAA  ###############.  degraded"));
	assert_non_null(strstr(text, "AAAAAAAAAAAAAAAA  ##..##..##..##..  down"));
	assert_non_null(strstr(text, "RRRRRRRRRRRRRRRR  ##..##..##......  fault"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(link_lamp_is_dark_when_disabled_or_without_carrier),
		cmocka_unit_test(link_lamp_has_the_documented_pattern_for_each_state),
		cmocka_unit_test(suspect_link_looks_up),
		cmocka_unit_test(no_two_link_states_look_the_same_unless_both_are_dark),
		cmocka_unit_test(no_two_system_states_look_the_same),
		cmocka_unit_test(system_lamp_is_never_dark),
		cmocka_unit_test(system_states_still_differ_when_red_is_shown_as_amber),
		cmocka_unit_test(lamp_with_one_colour_is_never_asked_for_another),
		cmocka_unit_test(no_pattern_lights_two_colours_in_one_tick),
		cmocka_unit_test(every_state_has_a_pattern_and_a_meaning),
		cmocka_unit_test(degraded_lamp_is_green_then_amber),
		cmocka_unit_test(red_lamp_is_red),
		cmocka_unit_test(steady_lamps_never_change),
		cmocka_unit_test(next_change_is_the_first_of_all_lamps),
		cmocka_unit_test(sleeping_from_change_to_change_shows_every_colour),
		cmocka_unit_test(system_is_good_when_every_link_is_up_or_standby),
		cmocka_unit_test(disabled_link_does_not_make_the_system_partial),
		cmocka_unit_test(system_is_partial_while_some_link_serves),
		cmocka_unit_test(system_shows_that_no_link_works),
		cmocka_unit_test(fault_covers_confirm_covers_booting_covers_links),
		cmocka_unit_test(show_leds_prints_pattern_and_meaning_of_each_lamp),
		cmocka_unit_test(show_leds_says_when_the_board_has_none),
		cmocka_unit_test(legend_draws_every_pattern),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
