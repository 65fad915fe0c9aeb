/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* Three links that are up; the first has two checks. */
struct bench {
	struct link_target checks[2];
	struct link_address address[3];
	struct link_conf conf[3];
	struct link link[FL_LINKS_MAX + 1];
	uint8_t order[3];
	struct services services;
	struct service_view view;
	mtime now;
	struct service_out out;
};

static void start(struct bench *b)
{
	*b = (struct bench){.order = {1, 2, 3}};
	b->checks[0] = (struct link_target){
		.addr = {4, {192, 0, 2, 80}}, .method = LINK_TCP, .query = {"443", 3}};
	b->checks[1] = (struct link_target){
		.addr = {4, {192, 0, 2, 53}}, .method = LINK_DNS, .query = {"example.org", 11}};
	for (size_t i = 0; i < 3; i++) {
		b->address[i].prefix = (struct ip_prefix){{4, {10, 0, (uint8_t)i, 2}}, 24};
		b->conf[i].addresses = &b->address[i];
		b->conf[i].naddresses = 1;
		b->conf[i].monitor.service_interval = sec(30);
		b->conf[i].monitor.on_service_fail = LINK_SERVICE_DEGRADE;
		b->link[i + 1].conf = &b->conf[i];
		b->link[i + 1].state = LINK_UP;
	}
	b->conf[0].monitor.checks = b->checks;
	b->conf[0].monitor.nchecks = 1;
	b->view = (struct service_view){b->link, b->order, 3};
	services_configure(&b->services, &b->view, b->now);
}

/* The next thing that link 1 wants done. */
static void step(struct bench *b)
{
	b->now = services_next_due(&b->services, &b->view);
	service_tick(&b->services, &b->view, 1, b->now, &b->out);
}

static uint8_t answer(struct bench *b, uint16_t seq, uint8_t over)
{
	uint8_t number;

	service_answer(&b->services, &b->view, seq, over, b->now, &number, &b->out);
	return number;
}

/* The first check, unanswered, and its three repeats; *seq and *control are of the last. */
static void leave_unanswered(struct bench *b, uint16_t *seq, uint16_t *control)
{
	step(b);
	assert_int_equal(b->out.nask, 1);
	for (int i = 0; i < 3; i++) {
		step(b);
		assert_int_equal(b->out.nask, 3);
		assert_int_equal(b->out.ask[0].link, 1);
	}
	*seq = b->out.ask[0].seq;
	*control = b->out.ask[1].seq;
}

static void checks_are_made_once_an_interval(void **state)
{
	struct bench b;
	mtime first;

	(void)state;
	start(&b);
	step(&b);
	first = b.now;
	assert_int_equal(b.out.ask[0].check == &b.checks[0], 1);
	b.now = mtime_after(b.now, ms(40));
	assert_int_equal(answer(&b, b.out.ask[0].seq, 1), 1);
	assert_true(b.out.concluded);
	assert_string_equal(b.out.failing, "");
	step(&b);
	assert_int_equal(b.out.nask, 1);
	assert_int_equal(mtime_between(first, b.now).us, sec(30).us + ms(40).us);
}

static void the_checks_of_a_link_take_turns(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	b.conf[0].monitor.nchecks = 2;
	for (size_t i = 0; i < 4; i++) {
		step(&b);
		assert_ptr_equal(b.out.ask[0].check, &b.checks[i % 2]);
		answer(&b, b.out.ask[0].seq, 1);
	}
}

static void a_failure_is_repeated_and_compared_with_the_other_links(void **state)
{
	struct bench b;
	uint16_t seq, control;

	(void)state;
	start(&b);
	leave_unanswered(&b, &seq, &control);
	assert_int_not_equal(seq, control);
	assert_int_equal(answer(&b, control, 2), 1);
	assert_false(b.out.concluded);
	step(&b);
	assert_true(b.out.concluded);
	assert_string_equal(b.out.failing, "tcp 443 at 192.0.2.80");
	assert_false(b.out.take_down);
}

static void what_fails_everywhere_is_no_fault_of_the_link(void **state)
{
	struct bench b;
	uint16_t seq, control;

	(void)state;
	start(&b);
	leave_unanswered(&b, &seq, &control);
	step(&b);
	assert_true(b.out.concluded);
	assert_string_equal(b.out.failing, "");
	assert_non_null(strstr(b.out.note, "over every link"));
}

static void an_answer_to_a_repeat_saves_the_link(void **state)
{
	struct bench b;
	uint16_t seq, control;

	(void)state;
	start(&b);
	leave_unanswered(&b, &seq, &control);
	assert_int_equal(answer(&b, seq, 1), 1);
	assert_true(b.out.concluded);
	assert_string_equal(b.out.failing, "");
}

static void an_answer_over_the_wrong_link_is_none(void **state)
{
	struct bench b;
	uint16_t seq, control;

	(void)state;
	start(&b);
	leave_unanswered(&b, &seq, &control);
	answer(&b, seq, 2); /* ours, over another */
	assert_false(b.out.concluded);
	answer(&b, control, 1); /* the control, over ours */
	step(&b);
	assert_string_equal(b.out.failing, ""); /* so no control was good */
	assert_non_null(strstr(b.out.note, "over every link"));
}

static void an_answer_to_an_earlier_trial_is_none(void **state)
{
	struct bench b;
	uint16_t old;

	(void)state;
	start(&b);
	step(&b);
	old = b.out.ask[0].seq;
	answer(&b, old, 1);
	assert_int_equal(answer(&b, old, 1), 0);
	step(&b);
	assert_int_equal(answer(&b, old, 1), 0);
	assert_null(service_check_of(&b.services, &b.view, old));
}

static void what_came_instead_is_told(void **state)
{
	struct bench b;
	uint16_t seq, control;

	(void)state;
	start(&b);
	leave_unanswered(&b, &seq, &control);
	answer(&b, control, 3);
	service_wrong_answer(&b.services, &b.view, seq, 2, "of another link");
	service_wrong_answer(&b.services, &b.view, seq, 1, "Connection refused");
	step(&b);
	assert_string_equal(b.out.failing, "tcp 443 at 192.0.2.80: Connection refused");
}

static void only_a_link_that_may_carry_something_is_checked(void **state)
{
	static const enum link_state idle[] = {LINK_DOWN, LINK_NO_CARRIER, LINK_DISABLED};
	struct bench b;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(idle); i++) {
		start(&b);
		b.link[1].state = idle[i];
		step(&b);
		assert_int_equal(b.out.nask, 0);
	}
	start(&b);
	b.link[1].resting = true;
	step(&b);
	assert_int_equal(b.out.nask, 0);
}

static void a_link_that_is_down_is_no_control(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	b.link[2].state = LINK_DOWN;
	step(&b);
	step(&b);
	assert_int_equal(b.out.nask, 2);
	assert_int_equal(b.out.ask[1].link, 3);
}

/* With nobody to compare it with, the failure is believed. */
static void a_link_without_company_is_judged_alone(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	b.link[2].state = b.link[3].state = LINK_DOWN;
	for (int i = 0; i < 5; i++)
		step(&b);
	assert_true(b.out.concluded);
	assert_string_equal(b.out.failing, "tcp 443 at 192.0.2.80");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checks_are_made_once_an_interval),
		cmocka_unit_test(the_checks_of_a_link_take_turns),
		cmocka_unit_test(a_failure_is_repeated_and_compared_with_the_other_links),
		cmocka_unit_test(what_fails_everywhere_is_no_fault_of_the_link),
		cmocka_unit_test(an_answer_to_a_repeat_saves_the_link),
		cmocka_unit_test(an_answer_over_the_wrong_link_is_none),
		cmocka_unit_test(an_answer_to_an_earlier_trial_is_none),
		cmocka_unit_test(what_came_instead_is_told),
		cmocka_unit_test(only_a_link_that_may_carry_something_is_checked),
		cmocka_unit_test(a_link_that_is_down_is_no_control),
		cmocka_unit_test(a_link_without_company_is_judged_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
