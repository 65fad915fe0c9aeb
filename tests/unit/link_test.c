/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "link.h"

#include "link_estimate.h"
#include "link_internal.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* A link on a bench: each target answers after a time, or not at all. */
struct bench {
	struct link_target targets[LINK_TARGETS_MAX];
	struct link_conf conf;
	struct link link;
	mtime now;
	span rtt[LINK_TARGETS_MAX]; /* < 0: silent */
	bool unsendable;
	struct {
		mtime at;
		uint16_t seq;
	} coming[128];
	size_t ncoming;
	unsigned sent, asked[LINK_TARGETS_MAX];
	mtime last_sent;
	char log[8192]; /* "MS from -> to (cause)\n", without SUSPECT */
	char suspicions[2048];
	char notes[1024];
};

static void note_changes(struct bench *b, const struct link_out *out)
{
	for (size_t i = 0; i < out->nchange; i++) {
		const struct link_change *c = &out->change[i];
		bool passing = c->to == LINK_SUSPECT ||
			       (c->from == LINK_SUSPECT && link_state_is_fit(c->to));
		char *to = passing ? b->suspicions : b->log;
		size_t size = passing ? sizeof(b->suspicions) : sizeof(b->log);
		size_t n = strlen(to);

		snprintf(to + n, size - n, "%lld %s -> %s (%s)\n",
			(long long)span_ms(us(b->now.us)), link_state_text(c->from),
			link_state_text(c->to), c->cause);
	}
	if (out->note[0])
		snprintf(b->notes + strlen(b->notes), sizeof(b->notes) - strlen(b->notes), "%s\n",
			out->note);
}

static void carry_out(struct bench *b, struct link_out out)
{
	note_changes(b, &out);
	for (size_t i = 0; i < out.nsend; i++) {
		struct link_probe p = out.send[i];

		b->sent++;
		b->asked[p.target]++;
		b->last_sent = b->now;
		if (b->unsendable) {
			struct link_out more;

			link_send_failed(&b->link, b->now, p.seq, &more);
			carry_out(b, more);
		} else if (b->rtt[p.target].us >= 0) {
			assert_true(b->ncoming < COUNT_OF(b->coming));
			b->coming[b->ncoming].at = mtime_after(b->now, b->rtt[p.target]);
			b->coming[b->ncoming++].seq = p.seq;
		}
	}
}

static size_t first_coming(const struct bench *b)
{
	size_t first = 0;

	for (size_t i = 1; i < b->ncoming; i++)
		if (mtime_before(b->coming[i].at, b->coming[first].at))
			first = i;
	return first;
}

static void run_for(struct bench *b, span length)
{
	mtime end = mtime_after(b->now, length);
	struct link_out out;

	for (;;) {
		size_t i = first_coming(b);
		mtime due = link_next_due(&b->link);

		if (b->ncoming && !mtime_before(due, b->coming[i].at)) {
			uint16_t seq = b->coming[i].seq;

			if (mtime_before(end, b->coming[i].at))
				break;
			b->now = b->coming[i].at;
			b->coming[i] = b->coming[--b->ncoming];
			link_answer(&b->link, b->now, seq, &out);
		} else {
			if (mtime_before(end, due))
				break;
			assert_true(mtime_reached(due, b->now)); /* never a due time in the past */
			b->now = due;
			link_tick(&b->link, b->now, &out);
		}
		carry_out(b, out);
	}
	b->now = end;
}

/* To the millisecond; a test that waits in vain fails after 10 minutes on the bench. */
static void run_until(struct bench *b, enum link_state state)
{
	mtime end = mtime_after(b->now, sec(600));

	while (b->link.state != state && mtime_before(b->now, end))
		run_for(b, ms(1));
	assert_int_equal(b->link.state, state);
}

static void run_while(struct bench *b, enum link_state state)
{
	mtime end = mtime_after(b->now, sec(600));

	while (b->link.state == state && mtime_before(b->now, end))
		run_for(b, ms(1));
	assert_int_not_equal(b->link.state, state);
}

static void all_answer(struct bench *b, span rtt)
{
	for (size_t i = 0; i < LINK_TARGETS_MAX; i++)
		b->rtt[i] = rtt;
}

static void plug(struct bench *b, enum link_cable cable)
{
	struct link_out out;

	link_carrier(&b->link, b->now, cable, &out);
	carry_out(b, out);
}

static void carrier(struct bench *b, bool on)
{
	plug(b, on ? LINK_PLUGGED : LINK_UNPLUGGED);
}

static void prepare(struct bench *b, size_t ntargets)
{
	memset(b, 0, sizeof(*b));
	for (uint8_t i = 0; i < LINK_TARGETS_MAX; i++)
		b->targets[i].addr = ip_addr_v4(192, 0, 2, i);
	b->conf = (struct link_conf){
		.name = STR("wan1"), .monitor = {b->targets, ntargets, sec(1), sec(3)}};
	all_answer(b, ms(20));
}

static void start(struct bench *b, enum link_state saved)
{
	struct link_out out;

	link_start(&b->link, &b->conf, b->now, saved, 7, &out);
	carry_out(b, out);
}

/* A link with three targets that is up for 10 s. */
static void start_up(struct bench *b, size_t ntargets)
{
	prepare(b, ntargets);
	start(b, LINK_NONE);
	carrier(b, true);
	run_for(b, sec(10));
	assert_int_equal(b->link.state, LINK_UP);
	b->log[0] = b->suspicions[0] = b->notes[0] = '\0';
	b->sent = 0;
	memset(b->asked, 0, sizeof(b->asked));
}

static void start_down(struct bench *b)
{
	start_up(b, 3);
	all_answer(b, us(-1));
	run_for(b, sec(12));
	assert_int_equal(b->link.state, LINK_DOWN);
	b->log[0] = b->suspicions[0] = '\0';
	b->sent = 0;
}

static bool has(const char *text, const char *piece)
{
	return strstr(text, piece) != NULL;
}

/* ---- the table ---- */

static void every_cell_of_the_move_table_is_filled(void **state)
{
	(void)state;
	for (int s = LINK_DISABLED; s <= LINK_DEGRADED; s++)
		for (int e = 0; e < LINK_EVENTS; e++)
			assert_in_range(link_moves[s][e], LINK_DISABLED, LINK_DEGRADED);
}

static void every_state_can_be_disabled_and_left_by_the_carrier(void **state)
{
	(void)state;
	for (int s = LINK_DISABLED; s <= LINK_DEGRADED; s++) {
		assert_int_equal(link_moves[s][LINK_DISABLE], LINK_DISABLED);
		if (s != LINK_DISABLED)
			assert_int_equal(link_moves[s][LINK_CARRIER_OFF], LINK_NO_CARRIER);
	}
}

static void only_suspect_and_recovering_links_can_die(void **state)
{
	(void)state;
	for (int s = LINK_DISABLED; s <= LINK_DEGRADED; s++)
		assert_int_equal(link_moves[s][LINK_DEAD] == LINK_DOWN,
			s == LINK_SUSPECT || s == LINK_RECOVERING || s == LINK_DOWN);
}

/* ---- start ---- */

static void link_that_answers_is_up_half_a_second_after_the_first_start(void **state)
{
	struct bench b;

	(void)state;
	prepare(&b, 3);
	start(&b, LINK_NONE);
	carrier(&b, true);
	run_for(&b, sec(1));
	assert_string_equal(b.log, "0 none -> no-carrier (no carrier seen yet)\n"
				   "0 no-carrier -> recovering (first probes are on their way)\n"
				   "420 recovering -> up (3 of 3 probes answered)\n");
}

static void link_that_is_silent_is_down_after_the_first_start(void **state)
{
	struct bench b;

	(void)state;
	prepare(&b, 3);
	all_answer(&b, us(-1));
	start(&b, LINK_NONE);
	carrier(&b, true);
	run_for(&b, sec(3));
	assert_int_equal(b.link.state, LINK_DOWN);
	assert_string_equal(b.link.cause, "3 of 3 first probes lost");
}

static void link_that_never_worked_is_up_at_once_when_it_first_does(void **state)
{
	struct bench b;

	(void)state;
	prepare(&b, 3);
	all_answer(&b, us(-1));
	start(&b, LINK_NONE);
	carrier(&b, true);
	run_for(&b, sec(20)); /* the modem is still looking for its line */
	all_answer(&b, ms(20));
	run_for(&b, ms(1100));
	assert_int_equal(b.link.state, LINK_UP);
	assert_string_equal(b.link.cause, "3 of 3 probes answered");
}

static void link_without_carrier_is_not_probed(void **state)
{
	struct bench b;

	(void)state;
	prepare(&b, 3);
	start(&b, LINK_NONE);
	assert_int_equal(link_next_due(&b.link).us, MTIME_NEVER.us);
	run_for(&b, sec(60));
	assert_int_equal(b.sent, 0);
	assert_int_equal(b.link.state, LINK_NO_CARRIER);
}

/* As lease_put() does it. */
static void give_address(struct bench *b, struct link_given *given, bool addressed)
{
	struct link_out out;

	given->addressed = addressed;
	link_reconfigure(&b->link, &b->conf, b->now, &out);
	carry_out(b, out);
}

static void a_link_without_an_address_is_down_and_not_probed(void **state)
{
	struct link_given given = {0};
	struct bench b;

	(void)state;
	prepare(&b, 3);
	b.conf.dhcp = true;
	b.conf.given = &given;
	start(&b, LINK_NONE);
	carrier(&b, true);
	run_for(&b, sec(60));
	assert_int_equal(b.sent, 0);
	give_address(&b, &given, true);
	run_for(&b, sec(1));
	/* That it had to wait for an address is no failure: nothing is to be proved at length. */
	assert_string_equal(b.log, "0 none -> no-carrier (no carrier seen yet)\n"
				   "0 no-carrier -> down (no address from the provider)\n"
				   "60000 down -> recovering (first probes are on their way)\n"
				   "60420 recovering -> up (3 of 3 probes answered)\n");
}

static void a_lost_address_is_believed_at_once(void **state)
{
	struct link_given given = {.addressed = true};
	struct bench b;

	(void)state;
	prepare(&b, 3);
	b.conf.dhcp = true;
	b.conf.given = &given;
	start(&b, LINK_NONE);
	carrier(&b, true);
	run_for(&b, sec(60));
	assert_int_equal(b.link.state, LINK_UP);
	give_address(&b, &given, false);
	assert_int_equal(b.link.state, LINK_DOWN);
	assert_string_equal(b.link.cause, "no address from the provider");
	b.sent = 0;
	run_for(&b, sec(10));
	assert_int_equal(b.sent, 0);
	carrier(&b, false);
	assert_int_equal(b.link.state, LINK_NO_CARRIER);
	carrier(&b, true);
	assert_int_equal(b.link.state, LINK_DOWN);
	give_address(&b, &given, true);
	run_for(&b, sec(10));
	assert_int_equal(b.link.state, LINK_UP); /* after a proof, as after any outage */
	assert_non_null(strstr(b.log, "15 of 15 probes answered, held 3 s"));
}

static void without_a_target_an_address_is_enough_and_needed(void **state)
{
	struct link_given given = {0};
	struct bench b;

	(void)state;
	prepare(&b, 0);
	b.conf.dhcp = true;
	b.conf.given = &given;
	start(&b, LINK_NONE);
	carrier(&b, true);
	run_for(&b, sec(1));
	assert_int_equal(b.link.state, LINK_DOWN);
	give_address(&b, &given, true);
	run_for(&b, sec(1));
	assert_int_equal(b.link.state, LINK_UP);
}

static void disabled_link_is_not_probed(void **state)
{
	struct bench b;

	(void)state;
	prepare(&b, 3);
	b.conf.disabled = true;
	start(&b, LINK_NONE);
	carrier(&b, true);
	run_for(&b, sec(60));
	assert_int_equal(b.sent, 0);
	assert_int_equal(b.link.state, LINK_DISABLED);
}

static void saved_state_is_kept_over_a_restart(void **state)
{
	struct bench b;

	(void)state;
	prepare(&b, 3);
	start(&b, LINK_UP);
	assert_true(link_is_fit(&b.link));
	assert_string_equal(b.link.cause, "as before the restart, not yet confirmed");
	carrier(&b, true);
	run_for(&b, sec(5));
	assert_string_equal(b.link.cause, "as before the restart, confirmed after 20 ms");
	assert_string_equal(b.log, "0 none -> up (as before the restart, not yet confirmed)\n");
}

static void saved_state_ends_with_the_first_round_when_nothing_answers(void **state)
{
	struct bench b;

	(void)state;
	prepare(&b, 3);
	all_answer(&b, us(-1));
	start(&b, LINK_UP);
	carrier(&b, true);
	run_for(&b, sec(3));
	assert_int_equal(b.link.state, LINK_DOWN);
}

static void saved_state_ends_when_nobody_tells_of_a_carrier(void **state)
{
	struct bench b;

	(void)state;
	prepare(&b, 3);
	start(&b, LINK_UP);
	run_for(&b, sec(3));
	assert_int_equal(b.link.state, LINK_NO_CARRIER);
}

static void link_that_was_down_before_a_restart_proves_itself(void **state)
{
	struct bench b;

	(void)state;
	prepare(&b, 3);
	start(&b, LINK_RECOVERING);
	carrier(&b, true);
	run_for(&b, sec(1));
	assert_int_equal(b.link.state, LINK_RECOVERING);
	run_for(&b, sec(3));
	assert_int_equal(b.link.state, LINK_UP);
}

static void link_without_targets_is_up_while_it_has_a_carrier(void **state)
{
	struct bench b;

	(void)state;
	prepare(&b, 0);
	start(&b, LINK_NONE);
	carrier(&b, true);
	assert_int_equal(b.link.state, LINK_UP);
	assert_string_equal(b.link.cause, "carrier, and no target to ask");
	carrier(&b, false);
	assert_int_equal(b.link.state, LINK_NO_CARRIER);
	carrier(&b, true);
	assert_int_equal(b.link.state, LINK_UP);
}

/* ---- probing ---- */

static void targets_are_asked_in_turn_at_the_interval(void **state)
{
	struct bench b;

	(void)state;
	start_up(&b, 3);
	run_for(&b, sec(60));
	assert_in_range(b.sent, 57, 63);
	for (int i = 0; i < 3; i++)
		assert_in_range(b.asked[i], 19, 21);
}

static void interval_varies_by_a_tenth(void **state)
{
	struct bench b;
	int64_t least = INT64_MAX, most = 0;

	(void)state;
	start_up(&b, 3);
	for (int i = 0; i < 200; i++) {
		mtime before = b.last_sent;

		for (int k = 0; k < 2000 && b.last_sent.us == before.us; k++)
			run_for(&b, ms(1));
		if (i) {
			int64_t gap = mtime_between(before, b.last_sent).us;

			least = gap < least ? gap : least;
			most = gap > most ? gap : most;
		}
	}
	assert_in_range(least, 900000, 920000);
	assert_in_range(most, 1080000, 1100000);
}

static void one_lost_probe_makes_the_link_suspect_and_asks_two_more(void **state)
{
	struct bench b;

	(void)state;
	start_up(&b, 3);
	for (size_t i = 0; i < 3; i++)
		if (i != (b.link.turn + 1) % 3)
			b.rtt[i] = ms(20);
		else
			b.rtt[i] = us(-1);
	run_for(&b, ms(1250));
	assert_int_equal(b.sent, 3);
	assert_true(has(b.suspicions, "up -> suspect (probe to 192.0.2."));
	assert_true(has(b.suspicions, "suspect -> up (answer after "));
	assert_string_equal(b.log, "");
	assert_int_equal(link_shown_state(&b.link, true), LINK_UP);
}

static void suspect_link_still_carries_traffic_and_is_shown_as_up(void **state)
{
	struct bench b;

	(void)state;
	start_up(&b, 3);
	all_answer(&b, us(-1));
	run_while(&b, LINK_UP);
	assert_int_equal(b.link.state, LINK_SUSPECT);
	assert_true(link_is_fit(&b.link));
	assert_int_equal(link_shown_state(&b.link, true), LINK_UP);
}

static void link_goes_down_after_enough_losses_and_silence_and_says_so(void **state)
{
	struct bench b;

	(void)state;
	start_up(&b, 3);
	all_answer(&b, us(-1));
	run_for(&b, ms(1600));
	assert_int_equal(b.link.state, LINK_DOWN);
	assert_true(has(b.link.cause, "silence 350 ms, "));
	assert_true(has(b.link.cause, " probes lost on 3 targets, rto 40 ms"));
}

static void silence_alone_is_not_enough(void **state)
{
	struct bench b;
	unsigned need = 0;

	(void)state;
	start_up(&b, 3);
	b.link.loss.slow = 300000000; /* 30 %: 21 losses are wanted */
	all_answer(&b, us(-1));
	for (int i = 0; i < 3000 && b.link.state != LINK_DOWN; i++) {
		run_for(&b, ms(1));
		if (b.link.state == LINK_SUSPECT)
			need = b.link.row.lost;
	}
	assert_int_equal(need + 1, 21);
}

static void losses_alone_are_not_enough(void **state)
{
	struct bench b;
	mtime dead;

	(void)state;
	start_up(&b, 3);
	b.link.gap = ms(800); /* such a silence healed before: 1.2 s are wanted */
	all_answer(&b, us(-1));
	run_while(&b, LINK_UP);
	dead = b.link.row.since;
	run_while(&b, LINK_SUSPECT);
	assert_in_range(span_ms(mtime_between(dead, b.now)), 1190, 1201);
}

/* With the budget spent a suspicion asks once a second: losses that lie that far apart are chance.
 */
static void few_losses_far_apart_are_no_gap(void **state)
{
	struct bench b;

	(void)state;
	start_up(&b, 3);
	b.link.loss.slow = b.link.loss.fast = 300000;
	b.link.credit = us(0);
	all_answer(&b, us(-1));
	run_while(&b, LINK_UP);
	run_for(&b, ms(1300));
	assert_int_equal(b.link.state, LINK_SUSPECT);
	assert_in_range(b.link.row.lost, 1, b.link.row.need - 1);
	all_answer(&b, ms(20));
	run_while(&b, LINK_SUSPECT);
	assert_true(link_is_fit(&b.link));
	assert_int_equal(b.link.gap.us, 0);
}

static void many_losses_that_healed_are_a_gap(void **state)
{
	struct bench b;

	(void)state;
	start_up(&b, 3);
	b.link.gap = ms(800); /* down would take 1.2 s of silence */
	all_answer(&b, us(-1));
	run_while(&b, LINK_UP);
	run_for(&b, ms(1000));
	assert_int_equal(b.link.state, LINK_SUSPECT);
	assert_true(b.link.row.lost >= b.link.row.need);
	all_answer(&b, ms(20));
	run_while(&b, LINK_SUSPECT);
	assert_true(link_is_fit(&b.link));
	assert_in_range(span_ms(b.link.gap), 1000, 1200);
}

static void burst_goes_on_without_end_only_within_the_budget(void **state)
{
	struct bench b;
	unsigned before;

	(void)state;
	start_up(&b, 3);
	all_answer(&b, us(-1));
	run_for(&b, sec(3600));
	before = b.sent;
	all_answer(&b, ms(1600)); /* alive, but later than any proof allows */
	run_for(&b, sec(60));
	assert_true(b.sent - before <= 180);
}

static void late_answer_ends_the_suspicion(void **state)
{
	struct bench b;

	(void)state;
	start_up(&b, 3);
	all_answer(&b, ms(300)); /* the time-out is 40 ms */
	run_for(&b, ms(1500));
	assert_true(has(b.suspicions, "suspect -> up (answer after 300 ms)"));
	assert_string_equal(b.log, "");
}

static void late_answer_is_not_counted_as_lost(void **state)
{
	struct bench b;
	int32_t before;

	(void)state;
	start_up(&b, 3);
	before = b.link.loss.fast;
	all_answer(&b, ms(300));
	run_for(&b, ms(1500));
	assert_true(has(b.suspicions, "suspect -> up"));
	assert_true(b.link.loss.fast <= before);
}

static void second_answer_to_a_probe_is_no_sign_of_life(void **state)
{
	struct bench b;
	struct link_out out;
	uint16_t seq;

	(void)state;
	start_up(&b, 3);
	seq = (uint16_t)(b.link.next - 1);
	all_answer(&b, us(-1));
	run_while(&b, LINK_UP);
	link_answer(&b.link, b.now, (uint16_t)(seq - 1), &out);
	assert_int_equal(out.nchange, 0);
	assert_int_equal(b.link.state, LINK_SUSPECT);
}

static void answer_to_a_probe_never_sent_is_harmless(void **state)
{
	struct bench b;
	struct link before;
	struct link_out out;

	(void)state;
	start_up(&b, 3);
	before = b.link;
	for (uint32_t seq = 0; seq < 65536; seq += 7)
		if ((uint16_t)(b.link.next - seq) > LINK_FLIGHT_MAX)
			link_answer(&b.link, b.now, (uint16_t)seq, &out);
	assert_int_equal(b.link.answers, before.answers);
	assert_int_equal(b.link.state, LINK_UP);
}

static void sequence_numbers_wrap_around_unnoticed(void **state)
{
	struct bench b;

	(void)state;
	start_up(&b, 3);
	b.conf.monitor.interval = ms(200);
	for (int i = 0; i < 16; i++) {
		run_for(&b, sec(900));
		assert_int_equal(b.link.state, LINK_UP);
	}
	assert_true(b.sent > 65536);
	assert_string_equal(b.suspicions, "");
	assert_string_equal(b.log, "");
}

static void time_out_follows_rfc_6298_within_its_limits(void **state)
{
	struct link_target_state t;

	(void)state;
	link_target_init(&t);
	assert_int_equal(link_target_rto(&t).us, 500000);
	link_target_add_rtt(&t, (mtime){0}, ms(100));
	assert_int_equal(t.srtt.us, 100000);
	assert_int_equal(t.rttvar.us, 50000);
	assert_int_equal(link_target_rto(&t).us, 300000);
	link_target_add_rtt(&t, (mtime){0}, ms(140)); /* RTTVAR = 3/4 * 50 + 1/4 * 40 */
	assert_int_equal(t.rttvar.us, 47500);
	assert_int_equal(t.srtt.us, 105000);
	for (int i = 0; i < 100; i++)
		link_target_add_rtt(&t, (mtime){0}, ms(1));
	assert_int_equal(link_target_rto(&t).us, 40000);
	for (int i = 0; i < 200; i++)
		link_target_add_rtt(&t, (mtime){0}, ms(1900));
	assert_int_equal(link_target_rto(&t).us, 1000000);
}

static void one_late_answer_hardly_moves_the_time_out_but_is_remembered(void **state)
{
	struct link_target_state t;

	(void)state;
	link_target_init(&t);
	for (int i = 0; i < 50; i++)
		link_target_add_rtt(&t, (mtime){0}, ms(20));
	link_target_add_rtt(&t, (mtime){0}, ms(900));
	assert_true(link_target_rto(&t).us < 50000);
	assert_int_equal(link_target_peak(&t, (mtime){0}).us, 900000);
	assert_in_range(link_target_peak(&t, (mtime){sec(1800).us}).us, 449000, 451000);
	assert_in_range(link_target_peak(&t, (mtime){sec(7200).us}).us, 56000, 57000);
}

static void table_of_losses_agrees_with_the_formula(void **state)
{
	static const struct {
		int64_t ms;
		double seconds;
	} intervals[] = {{200, .2}, {500, .2}, {1000, 1}, {3000, 1}, {5000, 5}, {60000, 5}};

	(void)state;
	for (size_t k = 0; k < COUNT_OF(intervals); k++)
		for (uint32_t permille = 0; permille <= 1000; permille += 7) {
			struct link_loss l = {(int32_t)permille * 1000000, 0};
			double p = 1.3 * permille / 1000 + .02;
			double n = p < 1 ? log(.01 * intervals[k].seconds / 604800) / log(p) : 26;

			n = fmin(26, fmax(6, ceil(n)));
			assert_int_equal(link_losses_needed(&l, ms(intervals[k].ms)), (int)n);
		}
}

/* ---- dead and few targets ---- */

static void dead_target_is_demoted_and_said_so_while_the_link_stays_up(void **state)
{
	struct bench b;

	(void)state;
	start_up(&b, 3);
	b.rtt[1] = us(-1);
	run_for(&b, sec(300));
	assert_string_equal(b.log, "");
	assert_string_equal(
		b.notes, "target 192.0.2.1 is silent while others answer: no longer believed\n");
	b.asked[1] = b.sent = 0;
	run_for(&b, sec(300));
	assert_in_range(b.asked[1], 9, 11); /* every 30th */
	assert_true(b.sent < 320);
}

static void demoted_target_that_answers_again_is_believed_again(void **state)
{
	struct bench b;

	(void)state;
	start_up(&b, 3);
	b.rtt[1] = us(-1);
	run_for(&b, sec(300));
	b.rtt[1] = ms(20);
	run_for(&b, sec(300));
	assert_true(has(b.notes, "target 192.0.2.1 answers again and is believed\n"));
	assert_false(b.link.target[1].demoted);
}

static void last_target_is_never_demoted(void **state)
{
	struct bench b;

	(void)state;
	start_up(&b, 2);
	b.rtt[0] = us(-1);
	run_for(&b, sec(300));
	assert_true(b.link.target[0].demoted);
	b.rtt[1] = us(-1);
	run_for(&b, sec(5));
	assert_false(b.link.target[1].demoted);
	assert_int_equal(b.link.state, LINK_DOWN);
}

static void link_with_one_target_goes_down_and_comes_back(void **state)
{
	struct bench b;

	(void)state;
	start_up(&b, 1);
	all_answer(&b, us(-1));
	run_for(&b, ms(1600));
	assert_true(has(b.link.cause, " probes lost on 1 target, rto 40 ms"));
	all_answer(&b, ms(20));
	run_for(&b, sec(5));
	assert_int_equal(b.link.state, LINK_UP);
}

static void link_recovers_although_a_target_died_meanwhile(void **state)
{
	struct bench b;

	(void)state;
	start_down(&b);
	all_answer(&b, ms(20));
	b.rtt[2] = us(-1);
	run_for(&b, sec(8));
	assert_int_equal(b.link.state, LINK_UP);
}

/* ---- down and recovery ---- */

static void link_that_is_down_is_asked_less_and_less_often(void **state)
{
	struct bench b;

	(void)state;
	start_up(&b, 3);
	all_answer(&b, us(-1));
	run_until(&b, LINK_DOWN);
	b.sent = 0;
	run_for(&b, sec(30));
	assert_in_range(b.sent, 57, 63);
	run_for(&b, sec(90));
	b.sent = 0;
	run_for(&b, sec(400));
	assert_in_range(b.sent, 190, 210);
	run_for(&b, sec(100));
	b.sent = 0;
	run_for(&b, sec(500));
	assert_in_range(b.sent, 95, 105);
}

static void recovered_link_proves_itself_and_is_held_for_3_s(void **state)
{
	struct bench b;

	(void)state;
	start_down(&b);
	all_answer(&b, ms(20));
	run_for(&b, sec(4));
	assert_true(has(b.log, "down -> recovering (answers again after 1"));
	assert_true(has(b.log, "recovering -> up (15 of 15 probes answered, held 3 s)"));
}

static void hold_down_grows_threefold_with_each_failure(void **state)
{
	static const int held[] = {3, 9, 27, 81, 243, 300, 300};
	struct bench b;

	(void)state;
	start_up(&b, 3);
	for (size_t i = 0; i < COUNT_OF(held); i++) {
		struct link_figures f;

		/* So fast that all of it lies within ten minutes. */
		b.link.ndowns = (unsigned)i;
		for (size_t k = 0; k < i; k++)
			b.link.downs[k] = b.now;
		all_answer(&b, us(-1));
		run_until(&b, LINK_DOWN);
		run_for(&b, sec(3)); /* longer than a silence that heals */
		all_answer(&b, ms(20));
		run_until(&b, LINK_RECOVERING);
		link_figures(&b.link, b.now, &f);
		assert_in_range(span_ms(f.wait), held[i] * 1000 - 2, held[i] * 1000);
		assert_int_equal(f.downs, i + 1);
		run_for(&b, sec(held[i] + 1));
		assert_int_equal(b.link.state, LINK_UP);
	}
}

static void failures_are_forgotten_after_ten_minutes(void **state)
{
	struct bench b;
	struct link_figures f;

	(void)state;
	for (int i = 0; i < 2; i++) {
		if (i == 0)
			start_down(&b);
		else {
			run_for(&b, sec(601));
			all_answer(&b, us(-1));
			run_for(&b, sec(3));
		}
		all_answer(&b, ms(20));
		run_until(&b, LINK_RECOVERING);
		link_figures(&b.link, b.now, &f);
		assert_in_range(span_ms(f.wait), 2998, 3000);
		run_for(&b, sec(10));
	}
}

static void hold_of_zero_leaves_the_proof(void **state)
{
	struct bench b;

	(void)state;
	start_down(&b);
	b.conf.monitor.hold = sec(0);
	all_answer(&b, ms(20));
	run_for(&b, sec(4));
	assert_true(has(b.log, "recovering -> up (12 of 12 probes answered)"));
}

static void gap_during_the_hold_down_starts_it_anew(void **state)
{
	struct bench b;

	(void)state;
	start_down(&b);
	b.conf.monitor.hold = sec(60);
	all_answer(&b, ms(20));
	run_for(&b, sec(30));
	all_answer(&b, us(-1));
	run_for(&b, sec(6));
	assert_int_equal(b.link.state, LINK_DOWN);
	assert_true(has(b.link.cause, "silent again for "));
	all_answer(&b, ms(20));
	run_for(&b, sec(50));
	assert_int_equal(b.link.state, LINK_RECOVERING);
}

static void link_that_loses_much_of_its_proof_stays_down(void **state)
{
	struct bench b;

	(void)state;
	start_down(&b);
	for (int i = 0; i < 400; i++) { /* answers one second in two */
		all_answer(&b, i % 2 ? us(-1) : ms(20));
		run_for(&b, sec(1));
		assert_false(link_is_fit(&b.link));
	}
	assert_true(has(b.log, "probes lost)"));
}

static void hold_down_can_be_cleared(void **state)
{
	struct bench b;
	struct link_out out;

	(void)state;
	start_down(&b);
	b.conf.monitor.hold = sec(60);
	all_answer(&b, ms(20));
	run_for(&b, sec(6));
	assert_int_equal(b.link.state, LINK_RECOVERING);
	link_clear_hold(&b.link, b.now, &out);
	assert_int_equal(b.link.state, LINK_UP);
	assert_true(has(b.link.cause, "15 of 15 probes answered, hold-down cleared after 5."));
	assert_int_equal(out.nchange, 1);
}

static void clearing_the_hold_does_not_shorten_the_proof(void **state)
{
	struct bench b;
	struct link_out out;

	(void)state;
	start_down(&b);
	b.conf.monitor.hold = sec(60);
	all_answer(&b, ms(20));
	run_until(&b, LINK_RECOVERING);
	link_clear_hold(&b.link, b.now, &out);
	assert_int_equal(b.link.state, LINK_RECOVERING);
	run_for(&b, sec(3));
	assert_int_equal(b.link.state, LINK_UP);
}

static void silence_that_heals_by_itself_lengthens_the_next_one(void **state)
{
	struct bench b;
	struct link_figures before, after;

	(void)state;
	start_up(&b, 3);
	link_figures(&b.link, b.now, &before);
	all_answer(&b, us(-1));
	run_until(&b, LINK_DOWN);
	all_answer(&b, ms(20));
	run_for(&b, sec(5));
	link_figures(&b.link, b.now, &after);
	assert_int_equal(span_ms(before.silence_needed), 350);
	assert_in_range(span_ms(after.silence_needed), 500, 2000);
}

/* ---- carrier, sending, settings ---- */

static void lost_carrier_is_believed_at_once(void **state)
{
	struct bench b;

	(void)state;
	start_up(&b, 3);
	carrier(&b, false);
	assert_string_equal(b.log, "10000 up -> no-carrier (no carrier)\n");
	assert_int_equal(link_next_due(&b.link).us, MTIME_NEVER.us);
}

static void link_without_an_interface_says_so(void **state)
{
	struct bench b;

	(void)state;
	start_up(&b, 3);
	plug(&b, LINK_NO_INTERFACE);
	assert_string_equal(b.log, "10000 up -> no-carrier (no such interface)\n");
	/* It is not for the log that something else is missing now, but for who looks. */
	plug(&b, LINK_UNPLUGGED);
	assert_string_equal(b.log, "10000 up -> no-carrier (no such interface)\n");
	assert_string_equal(b.link.cause, "no carrier");
	plug(&b, LINK_NO_INTERFACE);
	assert_string_equal(b.link.cause, "no such interface");
}

static void link_whose_carrier_returns_proves_itself(void **state)
{
	struct bench b;

	(void)state;
	start_up(&b, 3);
	carrier(&b, false);
	b.ncoming = 0;
	run_for(&b, ms(12300));
	b.log[0] = '\0';
	carrier(&b, true);
	run_for(&b, sec(4));
	assert_string_equal(b.log, "22300 no-carrier -> down (carrier is back after 12.3 s)\n"
				   "22320 down -> recovering (answers again after 12.3 s)\n"
				   "25320 recovering -> up (15 of 15 probes answered, held 3 s)\n");
}

static void probe_that_cannot_be_sent_is_lost_at_once(void **state)
{
	struct bench b;

	(void)state;
	start_up(&b, 3);
	b.unsendable = true;
	run_for(&b, ms(1600));
	assert_int_equal(b.link.state, LINK_DOWN);
	assert_true(has(b.link.cause, " could not be sent"));
}

static void commit_keeps_the_state_and_what_was_learned(void **state)
{
	struct bench b;
	struct link_target moved[3];
	struct link_conf conf;
	struct link_out out;
	struct link_target_state old[3];

	(void)state;
	start_up(&b, 3);
	memcpy(old, b.link.target, sizeof(old));
	moved[0] = b.targets[2];
	moved[1] = b.targets[0];
	moved[2] = (struct link_target){.addr = ip_addr_v4(203, 0, 113, 9)};
	conf = b.conf;
	conf.monitor.targets = moved;
	link_reconfigure(&b.link, &conf, b.now, &out);
	assert_int_equal(out.nchange, 0);
	assert_int_equal(b.link.state, LINK_UP);
	assert_int_equal(b.link.target[0].srtt.us, old[2].srtt.us);
	assert_int_equal(b.link.target[1].sent, old[0].sent);
	assert_true(b.link.target[2].srtt.us < 0);
	memset(b.targets, 0, sizeof(b.targets)); /* the old settings may be gone */
	run_for(&b, sec(20));
	assert_int_equal(b.link.state, LINK_UP);
}

static void other_query_to_the_same_server_is_another_target(void **state)
{
	struct bench b;
	struct link_target other;
	struct link_conf conf;
	struct link_out out;

	(void)state;
	start_up(&b, 1);
	other = b.targets[0];
	other.method = LINK_DNS;
	other.query = STR("example.org");
	conf = b.conf;
	conf.monitor.targets = &other;
	link_reconfigure(&b.link, &conf, b.now, &out);
	assert_true(b.link.target[0].srtt.us < 0);
}

static void link_can_be_disabled_and_enabled_by_a_commit(void **state)
{
	struct bench b;
	struct link_conf off;
	struct link_out out;

	(void)state;
	start_up(&b, 3);
	off = b.conf;
	off.disabled = true;
	link_reconfigure(&b.link, &off, b.now, &out);
	carry_out(&b, out);
	run_for(&b, sec(5));
	link_reconfigure(&b.link, &b.conf, b.now, &out);
	carry_out(&b, out);
	run_for(&b, sec(1));
	assert_string_equal(b.log,
		"10000 up -> disabled (disabled in the settings)\n"
		"15000 disabled -> no-carrier (enabled)\n"
		"15000 no-carrier -> recovering (first probes are on their way)\n"
		"15420 recovering -> up (3 of 3 probes answered)\n");
}

static void shorter_interval_counts_from_now(void **state)
{
	struct bench b;
	struct link_conf conf;
	struct link_out out;

	(void)state;
	prepare(&b, 3);
	b.conf.monitor.interval = sec(60);
	start(&b, LINK_NONE);
	carrier(&b, true);
	run_for(&b, sec(2));
	conf = b.conf;
	conf.monitor.interval = sec(1);
	link_reconfigure(&b.link, &conf, b.now, &out);
	b.sent = 0;
	run_for(&b, sec(10));
	assert_in_range(b.sent, 9, 12);
}

/* ---- quality ---- */

static void steady_loss_makes_a_link_degraded_and_its_end_makes_it_good(void **state)
{
	struct bench b;

	(void)state;
	start_up(&b, 3);
	for (int i = 0; i < 400 && b.link.state != LINK_DEGRADED; i++) { /* a third is lost */
		all_answer(&b, i % 3 == 0 ? us(-1) : ms(20));
		run_for(&b, ms(700));
		all_answer(&b, ms(20));
		run_for(&b, ms(300));
	}
	assert_int_equal(link_shown_state(&b.link, true), LINK_DEGRADED);
	assert_true(link_is_fit(&b.link));
	assert_true(has(b.link.cause, "loss "));
	run_for(&b, sec(150));
	assert_int_equal(b.link.state, LINK_UP);
	assert_true(has(b.log, "degraded -> up (loss "));
}

static void long_delay_makes_a_link_degraded_until_it_ends(void **state)
{
	struct bench b;

	(void)state;
	start_up(&b, 3);
	run_for(&b, sec(300));
	all_answer(&b, ms(400));
	run_for(&b, sec(60));
	assert_int_equal(link_shown_state(&b.link, true), LINK_DEGRADED);
	assert_true(has(b.link.cause, ", usually 21 ms"));
	all_answer(&b, ms(20));
	run_for(&b, sec(90));
	assert_int_equal(b.link.state, LINK_UP);
}

static void degraded_link_that_was_suspect_is_degraded_again(void **state)
{
	struct bench b;

	(void)state;
	start_up(&b, 3);
	run_for(&b, sec(300));
	all_answer(&b, ms(400));
	run_for(&b, sec(60));
	b.log[0] = '\0';
	b.rtt[(b.link.turn + 1) % 3] = us(-1);
	run_until(&b, LINK_SUSPECT);
	assert_int_equal(link_shown_state(&b.link, true), LINK_DEGRADED);
	run_while(&b, LINK_SUSPECT);
	assert_int_equal(b.link.state, LINK_DEGRADED);
	assert_string_equal(b.log, "");
}

/* ---- users' packets ---- */

static void report(struct bench *b, uint64_t *rx, uint64_t packets)
{
	struct link_out out;

	run_for(b, ms(100));
	*rx += packets;
	link_heard(&b->link, b->now, *rx + b->link.answers, &out);
	carry_out(b, out);
}

static void users_that_go_silent_are_noticed_before_the_clock(void **state)
{
	struct bench b;
	uint64_t rx = 0;

	(void)state;
	start_up(&b, 3);
	b.conf.monitor.interval = sec(60);
	for (int i = 0; i < 650; i++)
		report(&b, &rx, 5);
	all_answer(&b, us(-1));
	for (int i = 0; i < 8; i++)
		report(&b, &rx, 0);
	assert_int_equal(b.link.state, LINK_DOWN);
}

static void pause_of_users_costs_one_probe(void **state)
{
	struct bench b;
	uint64_t rx = 0;

	(void)state;
	start_up(&b, 3);
	b.conf.monitor.interval = sec(60);
	for (int i = 0; i < 650; i++)
		report(&b, &rx, 5);
	b.sent = 0;
	for (int i = 0; i < 100; i++)
		report(&b, &rx, 0);
	assert_in_range(b.sent, 1, 2);
	assert_int_equal(b.link.state, LINK_UP);
}

static void packets_of_users_end_the_suspicion(void **state)
{
	struct bench b;
	uint64_t rx = 0;

	(void)state;
	start_up(&b, 3);
	for (int i = 0; i < 50; i++)
		report(&b, &rx, 50);
	all_answer(&b, ms(1200)); /* a full queue */
	for (int i = 0; i < 40; i++)
		report(&b, &rx, 50);
	assert_string_equal(b.log, "");
}

static void chatter_on_a_dead_link_is_not_believed_for_long(void **state)
{
	struct bench b;
	uint64_t rx = 0;

	(void)state;
	start_up(&b, 3);
	for (int i = 0; i < 50; i++)
		report(&b, &rx, 5);
	all_answer(&b, us(-1));
	for (int i = 0; i < 90; i++)
		report(&b, &rx, 5); /* ARP of the neighbours goes on */
	assert_int_equal(b.link.state, LINK_DOWN);
}

/* A packet now and then means nothing by its absence. */
static void users_are_watched_while_they_send_much(void **state)
{
	struct bench b;
	uint64_t rx = 0;

	(void)state;
	start_up(&b, 3);
	for (int i = 0; i < 100; i++)
		report(&b, &rx, i % 2 ? 1 : 0);
	assert_false(link_users_are_watched(&b.link));
	for (int i = 0; i < 10; i++)
		report(&b, &rx, 5);
	assert_true(link_users_are_watched(&b.link));
	for (int i = 0; i < 50; i++)
		report(&b, &rx, 0);
	assert_false(link_users_are_watched(&b.link));
}

static void counter_that_starts_anew_is_no_traffic(void **state)
{
	struct bench b;
	struct link_out out;

	(void)state;
	start_up(&b, 3);
	link_heard(&b.link, b.now, 1000000, &out);
	run_for(&b, ms(100));
	link_heard(&b.link, b.now, 10, &out);
	assert_int_equal(b.link.users.rate, 0);
}

/* ---- what others read ---- */

static void fit_backup_that_is_not_needed_is_shown_as_standby(void **state)
{
	struct bench b;

	(void)state;
	start_up(&b, 3);
	b.conf.role = LINK_BACKUP;
	assert_int_equal(link_shown_state(&b.link, false), LINK_STANDBY);
	assert_int_equal(link_shown_state(&b.link, true), LINK_UP);
	carrier(&b, false);
	assert_int_equal(link_shown_state(&b.link, false), LINK_NO_CARRIER);
}

static void every_state_has_its_own_word(void **state)
{
	(void)state;
	for (int i = LINK_NONE; i < LINK_STATES; i++)
		for (int k = LINK_NONE; k < i; k++)
			assert_string_not_equal(link_state_text((enum link_state)i),
				link_state_text((enum link_state)k));
}

static void spans_are_told_in_the_unit_that_fits(void **state)
{
	char t[LINK_SPAN_TEXT_MAX];

	(void)state;
	assert_string_equal(link_span_text(ms(412), t), "412 ms");
	assert_string_equal(link_span_text(ms(12345), t), "12.3 s");
	assert_string_equal(link_span_text(sec(3), t), "3 s");
	assert_string_equal(link_span_text(sec(870), t), "14 min");
	assert_string_equal(link_span_text(sec(3 * 3600 + 720), t), "3 h 12 min");
	assert_string_equal(link_span_text(sec(6 * 86400 + 3 * 3600), t), "6 d 3 h");
	assert_string_equal(link_span_text(us(-5), t), "0 ms");
}

/* ---- whatever comes ---- */

static void check_invariants(
	const struct bench *b, enum link_state before, const struct link_out *out)
{
	assert_in_range(b->link.state, LINK_DISABLED, LINK_DEGRADED);
	assert_true(out->nsend <= LINK_SENDS_MAX && out->nchange <= COUNT_OF(out->change));
	for (size_t i = 0; i < out->nchange; i++) { /* the changes are a chain */
		assert_int_equal(out->change[i].from, before);
		assert_true(out->change[i].cause[0] != '\0');
		before = out->change[i].to;
	}
	assert_int_equal(before, b->link.state);
	assert_true(b->link.cause[0] != '\0');
	for (size_t i = 0; i < out->nsend; i++)
		assert_true(out->send[i].target < b->link.ntargets);
	if (b->link.state == LINK_DISABLED || b->link.state == LINK_NO_CARRIER)
		assert_int_equal(out->nsend, 0);
	if (out->nsend < LINK_SENDS_MAX)
		assert_true(mtime_before(b->now, link_next_due(&b->link)));
}

static void any_event(
	struct bench *b, struct rng *r, const struct link_conf *confs, struct link_out *out)
{
	uint16_t seq = (uint16_t)(b->link.next - 1 - rng_below(r, 70));
	uint32_t what = rng_below(r, 1000);

	if (what < 400 || what >= 990) { /* mostly time passes as it should */
		mtime due = link_next_due(&b->link);

		b->now = due.us == MTIME_NEVER.us ? mtime_after(b->now, ms(100)) : due;
		link_tick(&b->link, b->now, out);
		return;
	}
	b->now = mtime_after(b->now, us(rng_below(r, 30000)));
	if (what < 700)
		link_answer(&b->link, b->now, seq, out);
	else if (what < 720)
		link_send_failed(&b->link, b->now, seq, out);
	else if (what < 730)
		link_carrier(&b->link, b->now, (enum link_cable)(what % 3), out);
	else if (what < 980)
		link_heard(&b->link, b->now, what < 740 ? what : (uint64_t)b->now.us / 5000, out);
	else if (what < 985)
		link_clear_hold(&b->link, b->now, out);
	else
		link_reconfigure(&b->link, &confs[rng_below(r, 4)], b->now, out);
}

static void any_order_of_events_keeps_the_invariants(void **state)
{
	struct bench b;
	struct link_conf confs[4];

	(void)state;
	for (unsigned seed = 0; seed < 100; seed++) {
		struct rng r = rng_of(seed);
		struct link_out out;

		prepare(&b, 3);
		for (size_t i = 0; i < 4; i++) {
			confs[i] = b.conf;
			confs[i].monitor.targets = b.targets + i % 2;
			confs[i].monitor.ntargets = i;
			confs[i].disabled = i == 1;
		}
		b.conf = confs[3];
		link_start(&b.link, &b.conf, b.now, (enum link_state)rng_below(&r, LINK_STATES),
			seed, &out);
		check_invariants(&b, LINK_NONE, &out);
		for (int i = 0; i < 3000; i++) {
			enum link_state before = b.link.state;

			any_event(&b, &r, confs, &out);
			check_invariants(&b, before, &out);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cell_of_the_move_table_is_filled),
		cmocka_unit_test(every_state_can_be_disabled_and_left_by_the_carrier),
		cmocka_unit_test(only_suspect_and_recovering_links_can_die),
		cmocka_unit_test(link_that_answers_is_up_half_a_second_after_the_first_start),
		cmocka_unit_test(link_that_is_silent_is_down_after_the_first_start),
		cmocka_unit_test(link_that_never_worked_is_up_at_once_when_it_first_does),
		cmocka_unit_test(link_without_carrier_is_not_probed),
		cmocka_unit_test(a_link_without_an_address_is_down_and_not_probed),
		cmocka_unit_test(a_lost_address_is_believed_at_once),
		cmocka_unit_test(without_a_target_an_address_is_enough_and_needed),
		cmocka_unit_test(disabled_link_is_not_probed),
		cmocka_unit_test(saved_state_is_kept_over_a_restart),
		cmocka_unit_test(saved_state_ends_with_the_first_round_when_nothing_answers),
		cmocka_unit_test(saved_state_ends_when_nobody_tells_of_a_carrier),
		cmocka_unit_test(link_that_was_down_before_a_restart_proves_itself),
		cmocka_unit_test(link_without_targets_is_up_while_it_has_a_carrier),
		cmocka_unit_test(targets_are_asked_in_turn_at_the_interval),
		cmocka_unit_test(interval_varies_by_a_tenth),
		cmocka_unit_test(one_lost_probe_makes_the_link_suspect_and_asks_two_more),
		cmocka_unit_test(suspect_link_still_carries_traffic_and_is_shown_as_up),
		cmocka_unit_test(link_goes_down_after_enough_losses_and_silence_and_says_so),
		cmocka_unit_test(silence_alone_is_not_enough),
		cmocka_unit_test(losses_alone_are_not_enough),
		cmocka_unit_test(few_losses_far_apart_are_no_gap),
		cmocka_unit_test(many_losses_that_healed_are_a_gap),
		cmocka_unit_test(burst_goes_on_without_end_only_within_the_budget),
		cmocka_unit_test(late_answer_ends_the_suspicion),
		cmocka_unit_test(late_answer_is_not_counted_as_lost),
		cmocka_unit_test(second_answer_to_a_probe_is_no_sign_of_life),
		cmocka_unit_test(answer_to_a_probe_never_sent_is_harmless),
		cmocka_unit_test(sequence_numbers_wrap_around_unnoticed),
		cmocka_unit_test(time_out_follows_rfc_6298_within_its_limits),
		cmocka_unit_test(one_late_answer_hardly_moves_the_time_out_but_is_remembered),
		cmocka_unit_test(table_of_losses_agrees_with_the_formula),
		cmocka_unit_test(dead_target_is_demoted_and_said_so_while_the_link_stays_up),
		cmocka_unit_test(demoted_target_that_answers_again_is_believed_again),
		cmocka_unit_test(last_target_is_never_demoted),
		cmocka_unit_test(link_with_one_target_goes_down_and_comes_back),
		cmocka_unit_test(link_recovers_although_a_target_died_meanwhile),
		cmocka_unit_test(link_that_is_down_is_asked_less_and_less_often),
		cmocka_unit_test(recovered_link_proves_itself_and_is_held_for_3_s),
		cmocka_unit_test(hold_down_grows_threefold_with_each_failure),
		cmocka_unit_test(failures_are_forgotten_after_ten_minutes),
		cmocka_unit_test(hold_of_zero_leaves_the_proof),
		cmocka_unit_test(gap_during_the_hold_down_starts_it_anew),
		cmocka_unit_test(link_that_loses_much_of_its_proof_stays_down),
		cmocka_unit_test(hold_down_can_be_cleared),
		cmocka_unit_test(clearing_the_hold_does_not_shorten_the_proof),
		cmocka_unit_test(silence_that_heals_by_itself_lengthens_the_next_one),
		cmocka_unit_test(lost_carrier_is_believed_at_once),
		cmocka_unit_test(link_without_an_interface_says_so),
		cmocka_unit_test(link_whose_carrier_returns_proves_itself),
		cmocka_unit_test(probe_that_cannot_be_sent_is_lost_at_once),
		cmocka_unit_test(commit_keeps_the_state_and_what_was_learned),
		cmocka_unit_test(other_query_to_the_same_server_is_another_target),
		cmocka_unit_test(link_can_be_disabled_and_enabled_by_a_commit),
		cmocka_unit_test(shorter_interval_counts_from_now),
		cmocka_unit_test(steady_loss_makes_a_link_degraded_and_its_end_makes_it_good),
		cmocka_unit_test(long_delay_makes_a_link_degraded_until_it_ends),
		cmocka_unit_test(degraded_link_that_was_suspect_is_degraded_again),
		cmocka_unit_test(users_that_go_silent_are_noticed_before_the_clock),
		cmocka_unit_test(pause_of_users_costs_one_probe),
		cmocka_unit_test(packets_of_users_end_the_suspicion),
		cmocka_unit_test(chatter_on_a_dead_link_is_not_believed_for_long),
		cmocka_unit_test(users_are_watched_while_they_send_much),
		cmocka_unit_test(counter_that_starts_anew_is_no_traffic),
		cmocka_unit_test(fit_backup_that_is_not_needed_is_shown_as_standby),
		cmocka_unit_test(every_state_has_its_own_word),
		cmocka_unit_test(spans_are_told_in_the_unit_that_fits),
		cmocka_unit_test(any_order_of_events_keeps_the_invariants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
