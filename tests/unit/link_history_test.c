/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "link_history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
	struct link_history h, again;
	struct link link; /* only its counters and the delay of one target are looked at */
	mtime now;
	uint8_t octets[LINK_HISTORY_OCTETS_MAX];
	char text[4096];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->link.ntargets = 1;
	f->link.target[0].srtt = ms(20);
	link_history_init(&f->h, f->now);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

/* So many seconds with this many probes answered and lost in each. */
static void seconds(
	struct fixture *f, unsigned n, unsigned answered, unsigned lost, enum link_state shown)
{
	while (n--) {
		f->link.answers += answered;
		f->link.losses += lost;
		f->now = f->h.next;
		link_history_tick(&f->h, f->now, &f->link, shown);
	}
}

static struct link_sample sample(struct fixture *f, enum link_history_tier tier, uint32_t back)
{
	struct link_sample s;

	assert_true(link_history_at(&f->h, tier, back, &s));
	return s;
}

static void second_has_delay_loss_and_state(void **state)
{
	struct fixture *f = *state;
	struct link_sample s;

	seconds(f, 1, 1, 0, LINK_UP);
	s = sample(f, LINK_HISTORY_SECOND, 0);
	assert_int_equal(s.rtt, 200);
	assert_int_equal(s.loss, 0);
	assert_int_equal(s.state, LINK_UP);
}

static void second_without_an_answer_has_no_delay(void **state)
{
	struct fixture *f = *state;

	seconds(f, 1, 0, 2, LINK_DOWN);
	assert_int_equal(sample(f, LINK_HISTORY_SECOND, 0).rtt, LINK_SAMPLE_NO_RTT);
	assert_int_equal(sample(f, LINK_HISTORY_SECOND, 0).loss, 200);
}

static void second_without_a_probe_has_no_loss(void **state)
{
	struct fixture *f = *state;

	seconds(f, 1, 0, 0, LINK_UP);
	assert_int_equal(sample(f, LINK_HISTORY_SECOND, 0).loss, LINK_SAMPLE_NO_LOSS);
}

static void minute_is_the_mean_of_its_probes_and_the_worst_state(void **state)
{
	struct fixture *f = *state;
	struct link_sample s;

	seconds(f, 30, 1, 0, LINK_UP);
	f->link.target[0].srtt = ms(40);
	seconds(f, 10, 1, 0, LINK_DEGRADED);
	seconds(f, 19, 0, 0, LINK_UP);
	assert_false(link_history_at(&f->h, LINK_HISTORY_MINUTE, 0, &s));
	seconds(f, 1, 0, 10, LINK_UP);
	s = sample(f, LINK_HISTORY_MINUTE, 0);
	assert_int_equal(s.rtt, 250);
	assert_int_equal(s.loss, 40);
	assert_int_equal(s.state, LINK_DEGRADED);
}

static void quarter_is_fifteen_minutes(void **state)
{
	struct fixture *f = *state;

	seconds(f, 899, 1, 0, LINK_UP);
	assert_int_equal(f->h.written[LINK_HISTORY_QUARTER], 0);
	seconds(f, 1, 1, 0, LINK_UP);
	assert_int_equal(f->h.written[LINK_HISTORY_QUARTER], 1);
}

static void hour_a_day_and_a_month_are_kept_and_no_more(void **state)
{
	struct fixture *f = *state;
	struct link_sample s;

	seconds(f, 32 * 86400, 1, 0, LINK_UP);
	assert_true(link_history_at(&f->h, LINK_HISTORY_SECOND, 3599, &s));
	assert_false(link_history_at(&f->h, LINK_HISTORY_SECOND, 3600, &s));
	assert_true(link_history_at(&f->h, LINK_HISTORY_MINUTE, 1439, &s));
	assert_false(link_history_at(&f->h, LINK_HISTORY_MINUTE, 1440, &s));
	assert_true(link_history_at(&f->h, LINK_HISTORY_QUARTER, 31 * 96 - 1, &s));
	assert_false(link_history_at(&f->h, LINK_HISTORY_QUARTER, 31 * 96, &s));
}

static void history_of_a_link_takes_36_kib_at_most(void **state)
{
	(void)state;
	print_message("# %zu octets a link\n", sizeof(struct link_history));
	assert_true(sizeof(struct link_history) <= 36 * 1024);
}

static void seconds_that_nobody_looked_at_are_filled(void **state)
{
	struct fixture *f = *state;

	seconds(f, 1, 1, 0, LINK_UP);
	f->link.answers++;
	link_history_tick(&f->h, mtime_after(f->now, sec(10)), &f->link, LINK_UP);
	assert_int_equal(f->h.written[LINK_HISTORY_SECOND], 11);
	assert_int_equal(sample(f, LINK_HISTORY_SECOND, 9).rtt, 200);
	assert_int_equal(sample(f, LINK_HISTORY_SECOND, 0).rtt, LINK_SAMPLE_NO_RTT);
}

static void clock_that_jumps_a_year_costs_no_year_of_samples(void **state)
{
	struct fixture *f = *state;

	link_history_tick(&f->h, (mtime){sec(365 * 86400).us}, &f->link, LINK_UP);
	assert_int_equal(f->h.written[LINK_HISTORY_SECOND], LINK_HISTORY_SECONDS);
	assert_true(mtime_before((mtime){sec(365 * 86400).us}, f->h.next));
}

static void events_are_kept_newest_first(void **state)
{
	struct fixture *f = *state;
	char text[16];

	for (unsigned i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "event %u", i);
		link_history_note(&f->h, i, str_of(text));
	}
	assert_string_equal(link_history_event(&f->h, 0)->text, "event 99");
	assert_string_equal(link_history_event(&f->h, LINK_HISTORY_EVENTS - 1)->text, "event 76");
	assert_null(link_history_event(&f->h, LINK_HISTORY_EVENTS));
}

/* ---- over a restart ---- */

static struct bytes written(struct fixture *f, int64_t wall)
{
	struct buf out = buf_of(f->octets, sizeof(f->octets));

	link_history_write(&f->h, STR("wan1"), wall, &out);
	assert_false(out.bad);
	return bytes_of(f->octets, out.n);
}

static void full_history_fits_and_comes_back(void **state)
{
	struct fixture *f = *state;
	struct link_sample a, b;
	char text[LINK_HISTORY_EVENT_MAX];
	struct bytes octets;

	memset(text, 'x', sizeof(text));
	seconds(f, 32 * 86400, 1, 0, LINK_UP);
	seconds(f, 7, 0, 1, LINK_DOWN);
	for (unsigned i = 0; i < 100; i++)
		link_history_note(&f->h, i, (struct str){text, sizeof(text)});
	octets = written(f, 5000);
	print_message("# %zu octets written\n", octets.n);
	assert_int_equal(link_history_read(&f->again, STR("wan1"), 5000, f->now, octets), FL_OK);
	for (unsigned t = 0; t < LINK_HISTORY_TIERS; t++)
		for (uint32_t back = 0; link_history_at(&f->h, t, back, &a); back++) {
			assert_true(link_history_at(&f->again, t, back, &b));
			assert_memory_equal(&a, &b, sizeof(a));
		}
	assert_int_equal(link_history_event(&f->again, 0)->wall, 99);
}

static void restart_shows_as_a_gap(void **state)
{
	struct fixture *f = *state;
	struct link_sample s;

	seconds(f, 10, 1, 0, LINK_UP);
	assert_int_equal(
		link_history_read(&f->again, STR("wan1"), 1005, f->now, written(f, 1000)), FL_OK);
	assert_true(link_history_at(&f->again, LINK_HISTORY_SECOND, 4, &s));
	assert_int_equal(s.state, LINK_NONE);
	assert_true(link_history_at(&f->again, LINK_HISTORY_SECOND, 5, &s));
	assert_int_equal(s.state, LINK_UP);
}

static void clock_set_back_over_a_restart_makes_no_gap(void **state)
{
	struct fixture *f = *state;

	seconds(f, 10, 1, 0, LINK_UP);
	assert_int_equal(
		link_history_read(&f->again, STR("wan1"), 1, f->now, written(f, 1000)), FL_OK);
	assert_int_equal(f->again.written[LINK_HISTORY_SECOND], 10);
}

static void history_of_another_link_is_not_taken(void **state)
{
	struct fixture *f = *state;

	seconds(f, 10, 1, 0, LINK_UP);
	assert_int_equal(link_history_read(&f->again, STR("wan2"), 1000, f->now, written(f, 1000)),
		FL_EFORMAT);
	assert_int_equal(f->again.written[LINK_HISTORY_SECOND], 0);
}

static void history_cut_short_anywhere_is_refused(void **state)
{
	struct fixture *f = *state;
	struct bytes all;

	seconds(f, 70, 1, 0, LINK_UP);
	link_history_note(&f->h, 1, STR("down"));
	all = written(f, 1000);
	for (size_t n = 0; n < all.n; n++)
		assert_int_equal(link_history_read(
					 &f->again, STR("wan1"), 1000, f->now, bytes_of(all.at, n)),
			FL_EFORMAT);
}

static void state_that_there_is_not_is_refused(void **state)
{
	struct fixture *f = *state;
	struct bytes all;

	seconds(f, 1, 1, 0, LINK_UP);
	all = written(f, 1000);
	f->octets[4 + 8 + 5 + 4 + 3] = LINK_STATES;
	assert_int_equal(link_history_read(&f->again, STR("wan1"), 1000, f->now, all), FL_EFORMAT);
}

/* ---- drawn ---- */

static const struct link_history_view minute = {
	"the last minute", LINK_HISTORY_SECOND, 60, 1, "-60 s", "-30 s"};

static const char *drawn(struct fixture *f, const struct link_history_view *view)
{
	struct textbuf t = textbuf_of(f->text, sizeof(f->text));
	struct sink out = textbuf_sink(&t);

	link_history_draw(&f->h, view, &out);
	return f->text;
}

static void outage_is_seen_in_the_chart(void **state)
{
	struct fixture *f = *state;

	seconds(f, 30, 1, 0, LINK_UP);
	seconds(f, 5, 0, 2, LINK_DOWN);
	f->link.target[0].srtt = ms(40);
	seconds(f, 5, 1, 0, LINK_RECOVERING);
	seconds(f, 20, 9, 1, LINK_UP);
	assert_string_equal(drawn(f, &minute),
		"the last minute\n"
		"    60 ms |\n"
		"    50 ms |\n"
		"    40 ms |                                   #########################\n"
		"    30 ms |                                   #########################\n"
		"    20 ms |##############################     #########################\n"
		"    10 ms |##############################     #########################\n"
		"          +------------------------------------------------------------\n"
		"     loss |                              XXXXX     11111111111111111111\n"
		"    state |==============================DDDDDrrrrr====================\n"
		"          -60 s                          -30 s                      now\n"
		"loss: . some, 1 a tenth ... X all\n"
		"state: = up, s standby, d degraded, r recovering, D down, C no carrier,\n"
		"       o disabled\n");
}

static void empty_history_is_an_empty_chart(void **state)
{
	struct fixture *f = *state;

	assert_non_null(strstr(drawn(f, &minute), "     loss |\n    state |\n"));
}

static void no_line_of_a_chart_is_wider_than_a_terminal(void **state)
{
	static const struct link_history_view month = {"the last 31 days; a column is 12 hours",
		LINK_HISTORY_QUARTER, 62, 48, "-31 d", "-15 d"};
	struct fixture *f = *state;

	f->link.target[0].srtt = sec(6);
	seconds(f, 31 * 86400, 1, 0, LINK_UP);
	for (const char *at = drawn(f, &month); *at; at = strchr(at, '\n') + 1)
		assert_true(strchr(at, '\n') - at <= 80);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(second_has_delay_loss_and_state),
		TEST(second_without_an_answer_has_no_delay),
		TEST(second_without_a_probe_has_no_loss),
		TEST(minute_is_the_mean_of_its_probes_and_the_worst_state),
		TEST(quarter_is_fifteen_minutes),
		TEST(hour_a_day_and_a_month_are_kept_and_no_more),
		TEST(history_of_a_link_takes_36_kib_at_most),
		TEST(seconds_that_nobody_looked_at_are_filled),
		TEST(clock_that_jumps_a_year_costs_no_year_of_samples),
		TEST(events_are_kept_newest_first),
		TEST(full_history_fits_and_comes_back),
		TEST(restart_shows_as_a_gap),
		TEST(clock_set_back_over_a_restart_makes_no_gap),
		TEST(history_of_another_link_is_not_taken),
		TEST(history_cut_short_anywhere_is_refused),
		TEST(state_that_there_is_not_is_refused),
		TEST(outage_is_seen_in_the_chart),
		TEST(empty_history_is_an_empty_chart),
		TEST(no_line_of_a_chart_is_wider_than_a_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
