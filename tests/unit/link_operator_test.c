/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a person does to a link: an order, a test of its targets, a drill. */
#include "link_drill.h"
#include "link_operator.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* Three links of two targets each; wan3 is a backup by its settings. */
struct desk {
	struct link_target targets[2];
	struct link_conf conf[4];
	struct link link[4];
	struct link_operator op[4];
	uint8_t order[3];
	struct link_operators all;
	mtime now;
};

static void answer(struct desk *d, struct link *l, const struct link_out *out)
{
	struct link_out more;

	if (out->nsend)
		d->now = mtime_after(d->now, ms(20));
	for (size_t i = 0; i < out->nsend; i++) {
		link_answer(l, d->now, out->send[i].seq, &more);
		answer(d, l, &more);
	}
}

static void answer_for(struct desk *d, struct link *l, span length)
{
	mtime end = mtime_after(d->now, length);
	struct link_out out;

	while (!mtime_before(end, link_next_due(l))) {
		d->now = link_next_due(l);
		link_tick(l, d->now, &out);
		answer(d, l, &out);
	}
	d->now = end;
}

static void ignore_for(struct desk *d, struct link *l, span length)
{
	mtime end = mtime_after(d->now, length);
	struct link_out out;

	while (!mtime_before(end, link_next_due(l)))
		link_tick(l, link_next_due(l), &out);
	d->now = end;
}

static void prepare(struct desk *d)
{
	static const char *const names[] = {"", "wan1", "wan2", "wan3"};
	struct link_out out;

	memset(d, 0, sizeof(*d));
	d->targets[0].addr = ip_addr_v4(192, 0, 2, 53);
	d->targets[1].addr = ip_addr_v4(192, 0, 2, 54);
	for (uint8_t n = 1; n <= 3; n++) {
		d->conf[n] = (struct link_conf){.name = str_of(names[n]),
			.number = n,
			.role = n == 3 ? LINK_BACKUP : LINK_PRIMARY,
			.monitor = {d->targets, 2, sec(1), sec(3)}};
		d->now = (mtime){0};
		link_start(&d->link[n], &d->conf[n], d->now, LINK_NONE, n, &out);
		link_carrier(&d->link[n], d->now, LINK_PLUGGED, &out);
		answer(d, &d->link[n], &out);
		answer_for(d, &d->link[n], sec(5));
		d->order[n - 1] = n;
	}
	d->all = (struct link_operators){d->link, d->op, d->order, 3};
}

/* ---- orders ---- */

static void without_an_order_the_detector_decides(void **state)
{
	struct desk d;

	(void)state;
	prepare(&d);
	assert_int_equal(link_operator_state(&d.link[1], &d.op[1]), LINK_UP);
	assert_int_equal(link_operator_shown(&d.link[1], &d.op[1], false), LINK_UP);
	assert_false(link_operator_bars(&d.op[1]));
	assert_false(link_operator_is_backup(&d.conf[1], &d.op[1]));
	assert_true(link_operator_is_backup(&d.conf[3], &d.op[3]));
}

static void link_that_is_ordered_down_is_down(void **state)
{
	struct desk d;

	(void)state;
	prepare(&d);
	d.op[1].order = LINK_ORDER_DOWN;
	assert_int_equal(link_operator_state(&d.link[1], &d.op[1]), LINK_DOWN);
	assert_int_equal(link_operator_shown(&d.link[1], &d.op[1], false), LINK_DOWN);
}

static void link_that_is_ordered_down_without_a_cable_has_no_carrier(void **state)
{
	struct desk d;
	struct link_out out;

	(void)state;
	prepare(&d);
	link_carrier(&d.link[1], d.now, LINK_UNPLUGGED, &out);
	d.op[1].order = LINK_ORDER_DOWN;
	assert_int_equal(link_operator_shown(&d.link[1], &d.op[1], false), LINK_NO_CARRIER);
}

static void drained_link_works_and_takes_nothing_new(void **state)
{
	struct desk d;

	(void)state;
	prepare(&d);
	d.op[1].order = LINK_ORDER_DRAIN;
	assert_int_equal(link_operator_state(&d.link[1], &d.op[1]), LINK_UP);
	assert_true(link_operator_bars(&d.op[1]));
	assert_int_equal(link_operator_shown(&d.link[1], &d.op[1], false), LINK_STANDBY);
}

static void link_ordered_to_stand_by_is_a_backup(void **state)
{
	struct desk d;

	(void)state;
	prepare(&d);
	d.op[1].order = LINK_ORDER_STANDBY;
	assert_true(link_operator_is_backup(&d.conf[1], &d.op[1]));
	assert_int_equal(link_operator_shown(&d.link[1], &d.op[1], false), LINK_STANDBY);
	assert_int_equal(link_operator_shown(&d.link[1], &d.op[1], true), LINK_UP);
}

static void last_link_is_the_one_that_works_alone(void **state)
{
	struct desk d;
	struct link_out out;

	(void)state;
	prepare(&d);
	assert_false(link_operator_is_last(&d.all, 1));
	d.op[2].order = LINK_ORDER_DOWN;
	assert_false(link_operator_is_last(&d.all, 1));
	d.op[3].order = LINK_ORDER_DRAIN;
	assert_true(link_operator_is_last(&d.all, 1));
	/* One that carries nothing takes nothing away. */
	assert_false(link_operator_is_last(&d.all, 2));
	link_carrier(&d.link[1], d.now, LINK_UNPLUGGED, &out);
	assert_false(link_operator_is_last(&d.all, 1));
}

/* ---- test ---- */

static void test_asks_every_target_at_once(void **state)
{
	struct desk d;
	struct link_out out;

	(void)state;
	prepare(&d);
	assert_true(link_test_begin(&d.link[1], d.now, &out));
	assert_int_equal(out.nsend, 2);
	assert_int_equal(out.send[0].target, 0);
	assert_int_equal(out.send[1].target, 1);
	assert_false(link_test_is_over(&d.link[1]));
}

static void answered_target_is_told_with_its_round_trip_time(void **state)
{
	struct desk d;
	struct link_out out;

	(void)state;
	prepare(&d);
	assert_true(link_test_begin(&d.link[1], d.now, &out));
	answer(&d, &d.link[1], &out);
	assert_true(link_test_is_over(&d.link[1]));
	assert_int_equal(d.link[1].test.of[1].result, LINK_TEST_ANSWERED);
	assert_int_equal(d.link[1].test.of[1].rtt.us, 20000);
}

static void silent_target_is_lost_after_a_second(void **state)
{
	struct desk d;
	struct link_out out, more;
	mtime begun;

	(void)state;
	prepare(&d);
	begun = d.now;
	assert_true(link_test_begin(&d.link[1], d.now, &out));
	link_answer(&d.link[1], mtime_after(begun, ms(30)), out.send[0].seq, &more);
	answer_for(&d, &d.link[1], ms(990));
	assert_false(link_test_is_over(&d.link[1]));
	answer_for(&d, &d.link[1], ms(20));
	assert_true(link_test_is_over(&d.link[1]));
	assert_int_equal(d.link[1].test.of[1].result, LINK_TEST_LOST);
	assert_int_equal(d.link[1].state, LINK_UP);
}

static void target_that_cannot_be_asked_is_told_so(void **state)
{
	struct desk d;
	struct link_out out, more;

	(void)state;
	prepare(&d);
	assert_true(link_test_begin(&d.link[1], d.now, &out));
	link_send_failed(&d.link[1], d.now, out.send[1].seq, &more);
	assert_int_equal(d.link[1].test.of[1].result, LINK_TEST_UNSENT);
}

static void test_without_a_carrier_is_refused(void **state)
{
	struct desk d;
	struct link_out out;

	(void)state;
	prepare(&d);
	link_carrier(&d.link[1], d.now, LINK_UNPLUGGED, &out);
	assert_false(link_test_begin(&d.link[1], d.now, &out));
	assert_int_equal(out.nsend, 0);
}

static void lost_carrier_ends_a_test(void **state)
{
	struct desk d;
	struct link_out out;

	(void)state;
	prepare(&d);
	assert_true(link_test_begin(&d.link[1], d.now, &out));
	link_carrier(&d.link[1], d.now, LINK_UNPLUGGED, &out);
	assert_true(link_test_is_over(&d.link[1]));
	assert_int_equal(d.link[1].test.of[0].result, LINK_TEST_LOST);
}

static void tests_draw_from_the_probe_budget(void **state)
{
	struct desk d;
	struct link_out out;
	unsigned n = 0;

	(void)state;
	prepare(&d);
	while (link_test_begin(&d.link[1], d.now, &out) && n < 100)
		n++;
	assert_in_range(n, 10, 30);
}

/* ---- a failure made on purpose ---- */

static void forgotten_failure_lengthens_no_hold_down(void **state)
{
	struct desk d;
	struct link_figures f;

	(void)state;
	prepare(&d);
	ignore_for(&d, &d.link[1], sec(5));
	assert_int_equal(d.link[1].state, LINK_DOWN);
	link_figures(&d.link[1], d.now, &f);
	assert_int_equal(f.downs, 1);
	link_forget_failure(&d.link[1]);
	link_figures(&d.link[1], d.now, &f);
	assert_int_equal(f.downs, 0);
}

/* ---- drill ---- */

static mtime at(int64_t milliseconds)
{
	return (mtime){ms(milliseconds).us};
}

static void drill_withholds_one_link_for_its_time(void **state)
{
	struct link_drill d;

	(void)state;
	link_drill_begin(&d, 1, at(0), sec(30));
	assert_true(link_drill_withholds(&d, 1));
	assert_false(link_drill_withholds(&d, 2));
	link_drill_tick(&d, at(29999));
	assert_true(link_drill_withholds(&d, 1));
	assert_int_equal(link_drill_next_due(&d).us, at(30000).us);
	link_drill_tick(&d, at(30000));
	assert_false(link_drill_withholds(&d, 1));
}

static void drill_reports_what_it_measured(void **state)
{
	struct link_drill d;
	char text[LINK_DRILL_TEXT_MAX];

	(void)state;
	link_drill_begin(&d, 1, at(0), sec(30));
	link_drill_changed(&d, at(870), LINK_DOWN);
	link_drill_switched(&d, mtime_after(at(870), us(12)), mtime_after(at(870), us(410)));
	link_drill_tick(&d, at(30000));
	assert_int_equal(d.phase, LINK_DRILL_RETURNING);
	link_drill_changed(&d, at(30100), LINK_RECOVERING);
	link_drill_changed(&d, at(33300), LINK_UP);
	assert_int_equal(d.phase, LINK_DRILL_OVER);
	link_drill_report(&d, text);
	assert_string_equal(text, "down after 870 ms, DNS 12 us and forwarding 410 us later; up "
				  "again 3.3 s after the end");
}

static void drill_that_nobody_noticed_says_so(void **state)
{
	struct link_drill d;
	char text[LINK_DRILL_TEXT_MAX];

	(void)state;
	link_drill_begin(&d, 1, at(0), sec(5));
	link_drill_tick(&d, at(5000));
	assert_int_equal(d.phase, LINK_DRILL_OVER);
	link_drill_report(&d, text);
	assert_string_equal(text, "not seen as down in 5 s");
}

static void drill_that_ends_early_says_why(void **state)
{
	struct link_drill d;
	char text[LINK_DRILL_TEXT_MAX];

	(void)state;
	link_drill_begin(&d, 1, at(0), sec(30));
	link_drill_changed(&d, at(900), LINK_DOWN);
	link_drill_end(&d, at(2000), "no other link is left");
	link_drill_changed(&d, at(5000), LINK_UP);
	link_drill_report(&d, text);
	assert_string_equal(text, "down after 900 ms; ended early: no other link is left; up again "
				  "3 s after the end");
}

static void lost_carrier_ends_a_drill(void **state)
{
	struct link_drill d;

	(void)state;
	link_drill_begin(&d, 1, at(0), sec(30));
	link_drill_changed(&d, at(400), LINK_NO_CARRIER);
	assert_int_equal(d.phase, LINK_DRILL_OVER);
	assert_string_equal(d.ended_by, "the carrier was lost");
}

static void length_of_a_drill_has_limits(void **state)
{
	struct link_drill d;

	(void)state;
	link_drill_begin(&d, 1, at(0), sec(1));
	assert_int_equal(d.until.us, LINK_DRILL_SHORTEST.us);
	link_drill_begin(&d, 1, at(0), sec(100000));
	assert_int_equal(d.until.us, LINK_DRILL_LONGEST.us);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_an_order_the_detector_decides),
		cmocka_unit_test(link_that_is_ordered_down_is_down),
		cmocka_unit_test(link_that_is_ordered_down_without_a_cable_has_no_carrier),
		cmocka_unit_test(drained_link_works_and_takes_nothing_new),
		cmocka_unit_test(link_ordered_to_stand_by_is_a_backup),
		cmocka_unit_test(last_link_is_the_one_that_works_alone),
		cmocka_unit_test(test_asks_every_target_at_once),
		cmocka_unit_test(answered_target_is_told_with_its_round_trip_time),
		cmocka_unit_test(silent_target_is_lost_after_a_second),
		cmocka_unit_test(target_that_cannot_be_asked_is_told_so),
		cmocka_unit_test(test_without_a_carrier_is_refused),
		cmocka_unit_test(lost_carrier_ends_a_test),
		cmocka_unit_test(tests_draw_from_the_probe_budget),
		cmocka_unit_test(forgotten_failure_lengthens_no_hold_down),
		cmocka_unit_test(drill_withholds_one_link_for_its_time),
		cmocka_unit_test(drill_reports_what_it_measured),
		cmocka_unit_test(drill_that_nobody_noticed_says_so),
		cmocka_unit_test(drill_that_ends_early_says_why),
		cmocka_unit_test(lost_carrier_ends_a_drill),
		cmocka_unit_test(length_of_a_drill_has_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
