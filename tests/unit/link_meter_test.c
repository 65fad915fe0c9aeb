/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "link_meter.h"

#include "date.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define GB UINT64_C(1000000000)
#define MB UINT64_C(1000000)

static int64_t wall_of(int64_t year, unsigned month, unsigned day)
{
	struct date d = {year, month, day};

	return date_days(&d) * 86400;
}

static struct link_target ping = {.addr = {4, {192, 0, 2, 1}}, .method = LINK_PING};

/* 20 GB from the first of the month; at a minute past noon. */
static struct link_conf lte(void)
{
	struct link_conf c = {.name = {"lte", 3}};

	c.metered.quota = 20 * GB;
	c.metered.reset_day = 1;
	c.metered.interval = sec(5);
	c.metered.standby_interval = sec(30);
	c.monitor.interval = sec(1);
	c.monitor.targets = &ping;
	c.monitor.ntargets = 1;
	return c;
}

struct bench {
	struct link_conf conf;
	struct link_meter m;
	int64_t wall;
	char words[160];
};

static struct bench begun(void)
{
	struct bench b = {.conf = lte(), .wall = wall_of(2026, 11, 10) + 43200};
	struct textbuf t = textbuf_of(b.words, sizeof(b.words));

	assert_int_equal(link_meter_count(&b.m, &b.conf, b.wall, 0, 0, &t), LINK_METER_NO_NEWS);
	return b;
}

static enum link_meter_news count(struct bench *b, uint64_t rx, uint64_t tx)
{
	struct textbuf t = textbuf_of(b->words, sizeof(b->words));

	b->words[0] = '\0';
	return link_meter_count(&b->m, &b->conf, b->wall, rx, tx, &t);
}

/* ---- dates ---- */

static void dates_and_days_are_each_others_inverse(void **state)
{
	(void)state;
	for (int64_t days = -800000; days < 800000; days += 13) {
		struct date d = date_of(days);

		assert_int_equal(date_days(&d), days);
		assert_in_range(d.month, 1, 12);
		assert_in_range(d.day, 1, date_days_in_month(d.year, d.month));
	}
	assert_int_equal(date_days_in_month(2028, 2), 29);
	assert_int_equal(date_days_in_month(2100, 2), 28);
	assert_int_equal(date_days_in_month(2000, 2), 29);
}

/* ---- counting ---- */

static void octets_count_in_both_directions(void **state)
{
	struct bench b = begun();

	(void)state;
	count(&b, 3 * GB, GB);
	assert_int_equal(b.m.used, 4 * GB);
}

static void what_was_carried_before_the_first_look_does_not_count(void **state)
{
	struct bench b = {.conf = lte(), .wall = wall_of(2026, 11, 10)};

	(void)state;
	count(&b, 100 * GB, GB);
	assert_int_equal(b.m.used, 0);
	count(&b, 101 * GB, GB);
	assert_int_equal(b.m.used, GB);
}

static void counters_that_begin_again_go_on_from_there(void **state)
{
	struct bench b = begun();

	(void)state;
	count(&b, 3 * GB, 0);
	count(&b, GB, 0); /* the interface is a new one */
	assert_int_equal(b.m.used, 4 * GB);
}

static void each_mark_is_told_of_once(void **state)
{
	struct bench b = begun();

	(void)state;
	assert_int_equal(count(&b, 14 * GB, 0), LINK_METER_NO_NEWS);
	assert_int_equal(count(&b, 15 * GB + 20 * MB, 0), LINK_METER_MARK);
	assert_string_equal(
		b.words, "more than 75 % of its quota: 15 GB of 20 GB, until 2026-12-01");
	assert_int_equal(count(&b, 16 * GB, 0), LINK_METER_NO_NEWS);
	assert_int_equal(count(&b, 19 * GB + 100 * MB, 0), LINK_METER_MARK);
	assert_string_equal(
		b.words, "more than 95 % of its quota: 19.1 GB of 20 GB, until 2026-12-01");
	assert_false(link_meter_is_spent(&b.m, &b.conf));
	assert_int_equal(count(&b, 20 * GB, 0), LINK_METER_MARK);
	assert_string_equal(b.words, "its quota is used up: 20 GB of 20 GB, until 2026-12-01");
	assert_true(link_meter_is_spent(&b.m, &b.conf));
	assert_int_equal(count(&b, 30 * GB, 0), LINK_METER_NO_NEWS);
}

static void a_raised_quota_is_told_of_anew(void **state)
{
	struct bench b = begun();

	(void)state;
	assert_int_equal(count(&b, 20 * GB, 0), LINK_METER_MARK);
	b.conf.metered.quota = 40 * GB;
	assert_false(link_meter_is_spent(&b.m, &b.conf));
	assert_int_equal(count(&b, 21 * GB, 0), LINK_METER_NO_NEWS);
	assert_int_equal(count(&b, 31 * GB, 0), LINK_METER_MARK);
}

/* ---- months ---- */

static void a_month_ends_at_midnight_of_the_reset_day(void **state)
{
	struct bench b = begun();

	(void)state;
	count(&b, 20 * GB, 0);
	b.wall = wall_of(2026, 12, 1) - 1;
	assert_int_equal(count(&b, 21 * GB, 0), LINK_METER_NO_NEWS);
	b.wall = wall_of(2026, 12, 1);
	assert_int_equal(count(&b, 22 * GB, 0), LINK_METER_NEW_MONTH);
	assert_string_equal(b.words, "a new month of its quota begins; the last one took 21 GB");
	assert_int_equal(b.m.used, GB);
	assert_false(link_meter_is_spent(&b.m, &b.conf));
}

static void a_reset_day_that_a_month_lacks_is_its_last(void **state)
{
	static const struct {
		int64_t year;
		unsigned month, day;
		bool begins;
	} days[] = {{2027, 1, 30, false}, {2027, 1, 31, true}, {2027, 2, 27, false},
		{2027, 2, 28, true}, {2027, 3, 1, false}, {2027, 3, 30, false}, {2027, 3, 31, true},
		{2027, 4, 29, false}, {2027, 4, 30, true}};
	struct bench b = begun();

	(void)state;
	b.conf.metered.reset_day = 31;
	b.m = (struct link_meter){0};
	b.wall = wall_of(2026, 12, 31);
	count(&b, 0, 0);
	for (size_t i = 0; i < COUNT_OF(days); i++) {
		b.wall = wall_of(days[i].year, days[i].month, days[i].day);
		assert_int_equal(count(&b, 0, 0),
			days[i].begins ? LINK_METER_NEW_MONTH : LINK_METER_NO_NEWS);
	}
}

static void a_clock_that_was_never_set_begins_no_month(void **state)
{
	struct bench b = begun();

	(void)state;
	count(&b, 10 * GB, 0);
	b.wall = 86400 * 40; /* in February 1970, after a start without a battery */
	assert_int_equal(count(&b, 11 * GB, 0), LINK_METER_NO_NEWS);
	b.wall = wall_of(2026, 11, 11);
	assert_int_equal(count(&b, 12 * GB, 0), LINK_METER_NO_NEWS);
	assert_int_equal(b.m.used, 12 * GB);
}

static void a_clock_set_back_forgets_nothing(void **state)
{
	struct bench b = begun();

	(void)state;
	count(&b, 10 * GB, 0);
	b.wall = wall_of(2026, 10, 31);
	count(&b, 11 * GB, 0);
	b.wall = wall_of(2026, 11, 2);
	count(&b, 12 * GB, 0);
	assert_int_equal(b.m.used, 12 * GB);
}

static void a_clock_that_was_far_ahead_is_followed_back(void **state)
{
	struct bench b = begun();

	(void)state;
	b.wall = wall_of(2036, 1, 1);
	count(&b, GB, 0);
	b.wall = wall_of(2026, 11, 20);
	count(&b, 2 * GB, 0);
	b.wall = wall_of(2026, 12, 1);
	assert_int_equal(count(&b, 3 * GB, 0), LINK_METER_NEW_MONTH);
}

/* ---- probes ---- */

static void probes_are_seldom_and_more_so_while_standing_by(void **state)
{
	struct bench b = begun();

	(void)state;
	assert_int_equal(link_meter_interval(&b.m, &b.conf, b.wall, true).us, sec(5).us);
	assert_int_equal(link_meter_interval(&b.m, &b.conf, b.wall, false).us, sec(30).us);
	b.conf.monitor.interval = sec(45);
	assert_int_equal(link_meter_interval(&b.m, &b.conf, b.wall, true).us, sec(45).us);
}

/* At the pace it gives, a month of probes stays within the budget. */
static void a_budget_lasts_for_its_month(void **state)
{
	struct bench b = begun();
	int64_t end = wall_of(2027, 1, 1);
	unsigned probes = 0;

	(void)state;
	b.conf.metered.probe_budget = 5 * MB;
	b.wall = wall_of(2026, 12, 1);
	count(&b, 0, 0);
	while (b.wall < end) {
		link_meter_probe(&b.m, &ping);
		probes++;
		b.wall += link_meter_interval(&b.m, &b.conf, b.wall, true).us / 1000000;
	}
	assert_int_equal(b.m.probes, probes * 72);
	assert_in_range(b.m.probes, 3 * MB, 5 * MB);
}

static void a_budget_that_is_spent_leaves_four_probes_an_hour(void **state)
{
	struct bench b = begun();

	(void)state;
	b.conf.metered.probe_budget = MB;
	for (int i = 0; i < 20000; i++)
		link_meter_probe(&b.m, &ping);
	assert_int_equal(link_meter_interval(&b.m, &b.conf, b.wall, true).us, sec(900).us);
}

/* ---- kept ---- */

static void a_meter_is_read_as_it_was_written(void **state)
{
	struct bench b = begun();
	struct link_meter again;
	char line[200];
	struct textbuf t = textbuf_of(line, sizeof(line));
	struct str text, name;

	(void)state;
	count(&b, 15 * GB + 20 * MB, 77);
	link_meter_probe(&b.m, &ping);
	link_meter_write(&b.m, STR("lte"), &t);
	text = textbuf_str(&t);
	assert_true(link_meter_read(str_cut(&text, '\n'), &name, &again));
	assert_true(str_is(name, "lte"));
	assert_memory_equal(&again, &b.m, sizeof(again));
}

static void a_line_that_is_none_is_refused(void **state)
{
	static const char *const bad[] = {"", "lte", "lte 1 2 3 4 5", "lte 1 2 3 4 5 6 7",
		"lte 1 2 3 4 5 9", "lte -1 2 3 4 5 1", " 1 2 3 4 5 1", "lte 1 x 3 4 5 1",
		"lte 99999999999 2 3 4 5 1"};
	struct link_meter m = {.used = 7};
	struct str name;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_false(link_meter_read(str_of(bad[i]), &name, &m));
		assert_int_equal(m.used, 7);
	}
}

static void the_meter_tells_what_is_left(void **state)
{
	struct bench b = begun();
	char words[120];
	struct textbuf t = textbuf_of(words, sizeof(words));

	(void)state;
	b.conf.metered.probe_budget = 50 * MB;
	count(&b, 12 * GB + 400 * MB, 0);
	link_meter_text(&b.m, &b.conf, &t);
	assert_string_equal(
		words, "12.4 GB of 20 GB used (61 %), probes 0 kB of 50 MB, until 2026-12-01");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates_and_days_are_each_others_inverse),
		cmocka_unit_test(octets_count_in_both_directions),
		cmocka_unit_test(what_was_carried_before_the_first_look_does_not_count),
		cmocka_unit_test(counters_that_begin_again_go_on_from_there),
		cmocka_unit_test(each_mark_is_told_of_once),
		cmocka_unit_test(a_raised_quota_is_told_of_anew),
		cmocka_unit_test(a_month_ends_at_midnight_of_the_reset_day),
		cmocka_unit_test(a_reset_day_that_a_month_lacks_is_its_last),
		cmocka_unit_test(a_clock_that_was_never_set_begins_no_month),
		cmocka_unit_test(a_clock_set_back_forgets_nothing),
		cmocka_unit_test(a_clock_that_was_far_ahead_is_followed_back),
		cmocka_unit_test(probes_are_seldom_and_more_so_while_standing_by),
		cmocka_unit_test(a_budget_lasts_for_its_month),
		cmocka_unit_test(a_budget_that_is_spent_leaves_four_probes_an_hour),
		cmocka_unit_test(a_meter_is_read_as_it_was_written),
		cmocka_unit_test(a_line_that_is_none_is_refused),
		cmocka_unit_test(the_meter_tells_what_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
