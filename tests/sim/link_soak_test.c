/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The detector against model links, for weeks of virtual time: how long an outage stays unseen, and
 * how often an outage is seen that is none.  Seeds are fixed: every run gives the same figures.
 *
 * FL_SOAK_WEEKS=N runs each scenario for N weeks (default 1) and FL_SOAK_OUTAGES=N makes N outages
 * of each kind (default 400). The figures are printed; firmware/doc/link.md has those of longer
 * runs. */
#include "link.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECOND    INT64_C(1000000)
#define WEEK      (7 * 86400 * SECOND)
#define IN_FLIGHT 128

/* ---- a model link ---- */

struct model {
	uint64_t seed;
	double loss;
	double rtt_ms;
	int64_t outage_from, outage_to; /* nothing comes back of what is sent then */
	int64_t outage_every;           /* and again every so often; 0: once */
	int64_t outage_last;            /* the last one starts before; 0: no limit */
	bool bursts;                    /* gaps of 60 ms, exponential, 120,000 a week */
	bool bloat;                     /* queues that add up to 1.2 s for up to 40 s */
	bool steps;                     /* 0.1 % and 20 % loss in turn, 10 minutes each */
	bool dead_target;               /* target 0 is silent for 5 minutes in every 6 hours */
	double users;                   /* packets a second from users' flows */
};

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
	return x ^ x >> 31;
}

/* An evenly distributed number in (0, 1] that depends on nothing but its arguments. */
static double draw(const struct model *m, uint64_t what, uint64_t when)
{
	uint64_t x = mix(mix(m->seed * UINT64_C(0x9E3779B97F4A7C15) + what) + when);

	return (double)((x >> 11) + 1) / 9007199254740992.0;
}

static bool in_outage(const struct model *m, int64_t t)
{
	int64_t from = m->outage_from, length = m->outage_to - m->outage_from;

	if (length <= 0 || t < from)
		return false;
	if (m->outage_last && t >= m->outage_last + length)
		return false;
	if (m->outage_every)
		from += (t - from) / m->outage_every * m->outage_every;
	return t < from + length;
}

/* A burst starts somewhere in every 5 s. */
static bool in_burst(const struct model *m, int64_t t)
{
	for (int64_t slot = t / (5 * SECOND) - 1; slot <= t / (5 * SECOND); slot++) {
		int64_t from = slot * 5 * SECOND + (int64_t)(draw(m, 10, (uint64_t)slot) * 5e6);
		int64_t length = (int64_t)(-60e3 * log(draw(m, 11, (uint64_t)slot)));

		if (t >= from && t < from + length)
			return true;
	}
	return false;
}

/* Every 7 minutes a queue fills within 1.5 s, stays, and drains within 1 s.  In ms. */
static double bloat_ms(const struct model *m, int64_t t)
{
	int64_t slot = t / (400 * SECOND);
	double at = (double)(t - slot * 400 * SECOND) / 1e6 - 60;
	double length = 5 + 35 * draw(m, 20, (uint64_t)slot);
	double depth = 200 + 1000 * draw(m, 21, (uint64_t)slot);

	if (at < 0 || at >= length)
		return 0;
	return depth * fmax(0, fmin(1, fmin(at / 1.5, length - at)));
}

/* The round-trip time of a probe sent at `t` in us, or -1 when it is lost. */
static int64_t answer_after(const struct model *m, int64_t t, unsigned target, uint16_t seq)
{
	double loss = m->loss, delay = m->rtt_ms,
	       v = draw(m, 2 + UINT64_C(65536) * seq, (uint64_t)t);

	if (m->steps)
		loss = t / (600 * SECOND) % 2 ? 0.2 : 0.001;
	if (draw(m, 1 + UINT64_C(65536) * seq, (uint64_t)t) <= loss || in_outage(m, t) ||
		(m->bursts && in_burst(m, t)) ||
		(m->dead_target && target == 0 && t % (6 * 3600 * SECOND) > 3600 * SECOND &&
			t % (6 * 3600 * SECOND) < 3900 * SECOND))
		return -1;
	delay -= 3 * log(v);
	if (v < 0.0015)
		delay += 100 + 200000 * v;
	if (m->bloat)
		delay += bloat_ms(m, t);
	return (int64_t)(delay * 1000);
}

/* ---- the link on it ---- */

struct run {
	const struct model *model;
	struct link_target targets[3];
	struct link_conf conf;
	struct link link;
	struct {
		int64_t at;
		uint16_t seq;
	} coming[IN_FLIGHT];
	size_t ncoming;
	uint64_t sent;
	enum link_state shown;
	unsigned downs, ups, degrades; /* downs: from a state that may carry traffic */
	int64_t first_down, last_up, first_degrade;
	char why[LINK_CAUSE_MAX];
	unsigned notes;
	int64_t minute[256]; /* when the probes of the last minute left, a ring */
	uint64_t minute_from;
	unsigned most_a_minute;
	int64_t heard_at; /* users */
	uint64_t rx;
};

/* What a person sees: being suspect for a moment is nothing. */
static void count_change(struct run *r, int64_t now, const struct link_change *c)
{
	enum link_state was = r->shown;

	if (c->to == LINK_SUSPECT || c->to == was)
		return;
	r->shown = c->to;
	if (link_state_is_fit(was) && !link_state_is_fit(c->to) && r->downs++ == 0) {
		r->first_down = now;
		snprintf(r->why, sizeof(r->why), "%s", c->cause);
	}
	if (c->to == LINK_UP && was == LINK_RECOVERING) {
		r->ups++;
		r->last_up = now;
	}
	r->degrades += c->to == LINK_DEGRADED;
	if (c->to == LINK_DEGRADED && was == LINK_UP && !r->first_degrade)
		r->first_degrade = now;
}

static void carry_out(struct run *r, int64_t now, const struct link_out *out)
{
	for (size_t i = 0; i < out->nsend; i++) {
		int64_t after = answer_after(r->model, now, out->send[i].target, out->send[i].seq);
		unsigned n;

		assert_true(r->sent - r->minute_from < 256);
		r->minute[r->sent++ % 256] = now;
		while (r->minute[r->minute_from % 256] <= now - 60 * SECOND)
			r->minute_from++;
		n = (unsigned)(r->sent - r->minute_from);
		r->most_a_minute = n > r->most_a_minute ? n : r->most_a_minute;
		if (after < 0)
			continue;
		assert_true(r->ncoming < IN_FLIGHT);
		r->coming[r->ncoming].at = now + after;
		r->coming[r->ncoming++].seq = out->send[i].seq;
	}
	for (size_t i = 0; i < out->nchange; i++)
		count_change(r, now, &out->change[i]);
	r->notes += out->note[0] != '\0';
}

static void start(struct run *r, const struct model *m, span interval)
{
	struct link_out out;

	*r = (struct run){.model = m};
	for (uint8_t i = 0; i < 3; i++)
		r->targets[i] = (struct link_target){.addr = ip_addr_v4(192, 0, 2, i)};
	r->conf = (struct link_conf){
		.name = STR("wan1"), .monitor = {r->targets, 3, interval, sec(3)}};
	link_start(&r->link, &r->conf, (mtime){0}, LINK_NONE, m->seed, &out);
	carry_out(r, 0, &out);
	link_carrier(&r->link, (mtime){0}, LINK_PLUGGED, &out);
	carry_out(r, 0, &out);
	r->heard_at = 100000;
}

/* The packets of users that came in within the 100 ms before `t`: a Poisson draw. */
static uint64_t users_heard(const struct model *m, int64_t t)
{
	double limit = exp(-m->users / 10), product = 1;
	uint64_t n = 0;

	if (in_outage(m, t - 50000))
		return 0;
	while ((product *= draw(m, 100 + n, (uint64_t)t)) > limit)
		n++;
	return n;
}

static size_t next_coming(const struct run *r)
{
	size_t first = 0;

	for (size_t i = 1; i < r->ncoming; i++)
		if (r->coming[i].at < r->coming[first].at)
			first = i;
	return first;
}

static void run_until(struct run *r, int64_t end)
{
	struct link_out out;

	for (;;) {
		int64_t now = link_next_due(&r->link).us;
		size_t i = next_coming(r);
		bool answer = r->ncoming > 0 && r->coming[i].at <= now;
		bool heard = r->model->users > 0 && r->heard_at <= (answer ? r->coming[i].at : now);

		now = heard ? r->heard_at : answer ? r->coming[i].at : now;
		if (now > end)
			return;
		if (heard) {
			r->rx += users_heard(r->model, now);
			r->heard_at += 100000;
			link_heard(&r->link, (mtime){now}, r->rx + r->link.answers, &out);
		} else if (answer) {
			uint16_t seq = r->coming[i].seq;

			r->coming[i] = r->coming[--r->ncoming];
			link_answer(&r->link, (mtime){now}, seq, &out);
		} else {
			link_tick(&r->link, (mtime){now}, &out);
		}
		carry_out(r, now, &out);
	}
}

/* ---- what is measured ---- */

static long from_env(const char *name, long otherwise)
{
	const char *text = getenv(name);

	return text && atol(text) > 0 ? atol(text) : otherwise;
}

struct soak {
	unsigned downs, degrades, notes, most_a_minute;
	double probes_a_second;
};

static struct soak soak(const char *name, struct model m)
{
	long weeks = from_env("FL_SOAK_WEEKS", 1);
	struct soak s = {0};
	uint64_t sent = 0;

	for (long w = 0; w < weeks; w++) {
		struct run r;

		m.seed = (uint64_t)w + 1;
		start(&r, &m, sec(1));
		run_until(&r, WEEK);
		if (r.downs)
			print_message("# %s, week %ld, %.3f s: %s\n", name, w,
				(double)r.first_down / 1e6, r.why);
		s.downs += r.downs;
		s.degrades += r.degrades;
		s.notes += r.notes;
		sent += r.sent;
		s.most_a_minute =
			r.most_a_minute > s.most_a_minute ? r.most_a_minute : s.most_a_minute;
	}
	s.probes_a_second = (double)sent / ((double)weeks * 604800);
	print_message("# %-22s %ld weeks: %u false downs, degraded %u times, %.3f probes/s, at "
		      "most %u a minute\n",
		name, weeks, s.downs, s.degrades, s.probes_a_second, s.most_a_minute);
	return s;
}

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

struct detection {
	double median, p99, recovery;
	unsigned missed;
};

/* Black holes of 20 s after 200 s and a random part of 20 s more. */
static struct detection detect(const char *name, struct model m, span interval)
{
	enum { MOST = 4000 };
	static int64_t took[MOST], back[MOST];
	long outages = from_env("FL_SOAK_OUTAGES", 400);
	struct detection d = {0};
	size_t n = 0;

	for (long i = 0; i < outages && i < MOST; i++) {
		struct run r;

		m.seed = (uint64_t)i + 1000;
		m.outage_from = 200 * SECOND + (int64_t)(draw(&m, 3, 0) * 20e6);
		m.outage_to = m.outage_from + 20 * SECOND;
		start(&r, &m, interval);
		run_until(&r, m.outage_to + 60 * SECOND);
		if (r.downs == 0 || r.first_down < m.outage_from || r.first_down > m.outage_to) {
			d.missed++;
			print_message("# seed %llu: down %u times, first at %.3f s for an outage "
				      "at %.3f s: %s\n",
				(unsigned long long)m.seed, r.downs, (double)r.first_down / 1e6,
				(double)m.outage_from / 1e6, r.why);
			continue;
		}
		back[n] = r.last_up - m.outage_to;
		took[n++] = r.first_down - m.outage_from;
	}
	assert_true(n > 0);
	qsort(took, n, sizeof(took[0]), by_size);
	qsort(back, n, sizeof(back[0]), by_size);
	d.median = (double)took[n / 2] / 1e6;
	d.p99 = (double)took[n * 99 / 100] / 1e6;
	d.recovery = (double)back[n / 2] / 1e6;
	print_message("# %-22s %zu outages: median %.2f s, p99 %.2f s, longest %.2f s, up again "
		      "after %.2f s, %u missed\n",
		name, n, d.median, d.p99, (double)took[n - 1] / 1e6, d.recovery, d.missed);
	return d;
}

static void outage_is_seen_within_the_bar_without_loss(void **state)
{
	struct detection d = detect("no loss", (struct model){.rtt_ms = 20}, sec(1));

	(void)state;
	assert_int_equal(d.missed, 0);
	assert_true(d.median <= 1.0);
	assert_true(d.p99 <= 1.6);
	assert_true(d.recovery <= 4.0);
}

static void outage_is_seen_within_the_bar_at_20_percent_loss(void **state)
{
	struct detection d = detect("20 % loss", (struct model){.rtt_ms = 20, .loss = .2}, sec(1));

	(void)state;
	assert_int_equal(d.missed, 0);
	assert_true(d.median <= 1.2);
	assert_true(d.p99 <= 2.3);
}

static void outage_is_seen_within_the_bar_with_users(void **state)
{
	struct model m = {.rtt_ms = 20, .users = 50};
	struct detection d = detect("50 users' packets/s", m, sec(1));

	(void)state;
	assert_int_equal(d.missed, 0);
	assert_true(d.p99 <= 0.8);
}

static void outage_is_seen_at_other_round_trip_times_and_intervals(void **state)
{
	(void)state;
	assert_int_equal(
		detect("10 % loss", (struct model){.rtt_ms = 20, .loss = .1}, sec(1)).missed, 0);
	assert_int_equal(detect("150 ms", (struct model){.rtt_ms = 150}, sec(1)).missed, 0);
	assert_int_equal(
		detect("150 ms, 20 % loss", (struct model){.rtt_ms = 150, .loss = .2}, sec(1))
			.missed,
		0);
	assert_int_equal(detect("600 ms", (struct model){.rtt_ms = 600}, sec(1)).missed, 0);
	assert_int_equal(detect("0.5 s interval", (struct model){.rtt_ms = 20}, ms(500)).missed, 0);
	assert_int_equal(detect("5 s interval", (struct model){.rtt_ms = 20}, sec(5)).missed, 0);
}

static void outage_of_a_link_that_loses_half_is_seen_in_seconds(void **state)
{
	/* Some links go down before it, while their loss is not learned yet. */
	struct detection d = detect("50 % loss", (struct model){.rtt_ms = 20, .loss = .5}, sec(1));

	(void)state;
	assert_true(d.missed <= (unsigned)from_env("FL_SOAK_OUTAGES", 400) / 50);
	assert_true(d.median <= 3);
	assert_true(d.p99 <= 5);
}

static void link_that_loses_half_stays_in_the_budget(void **state)
{
	struct soak s = soak("50 % loss", (struct model){.rtt_ms = 20, .loss = .5});

	(void)state;
	assert_true(s.probes_a_second <= 2.01);
	assert_true(s.most_a_minute <= 180);
}

static void clean_link_never_goes_down_and_costs_a_probe_a_second(void **state)
{
	struct soak s = soak("0.1 % loss", (struct model){.rtt_ms = 20, .loss = .001});

	(void)state;
	assert_int_equal(s.downs, 0);
	assert_int_equal(s.degrades, 0);
	assert_true(s.probes_a_second <= 1.05);
	assert_true(s.most_a_minute <= 180);
}

static void lossy_link_never_goes_down(void **state)
{
	(void)state;
	assert_int_equal(soak("5 % loss", (struct model){.rtt_ms = 20, .loss = .05}).downs, 0);
	assert_int_equal(soak("30 % loss", (struct model){.rtt_ms = 20, .loss = .3}).downs, 0);
}

/* It lies between what is good and what is not: one change or two, not 190 a week. */
static void steady_loss_of_10_percent_toggles_no_link(void **state)
{
	struct soak s = soak("10 % loss", (struct model){.rtt_ms = 20, .loss = .1});

	(void)state;
	assert_int_equal(s.downs, 0);
	assert_true(s.degrades <= 3 * from_env("FL_SOAK_WEEKS", 1));
}

static void link_with_20_percent_loss_never_goes_down_and_stays_in_the_budget(void **state)
{
	struct soak s = soak("20 % loss", (struct model){.rtt_ms = 20, .loss = .2});

	(void)state;
	assert_int_equal(s.downs, 0);
	assert_true(s.probes_a_second <= 1.5);
	assert_true(s.most_a_minute <= 180);
}

static void changing_loss_makes_no_link_go_down(void **state)
{
	(void)state;
	assert_int_equal(
		soak("loss in steps", (struct model){.rtt_ms = 20, .steps = true}).downs, 0);
}

static void full_queue_with_users_makes_no_link_go_down(void **state)
{
	struct model m = {.rtt_ms = 20, .loss = .02, .bloat = true, .users = 50};

	(void)state;
	assert_int_equal(soak("full queues, users", m).downs, 0);
}

static void full_queue_without_users_makes_a_link_go_down_once_at_most(void **state)
{
	/* The first of 1,500 a week: from then on it is known how long such a silence lasts. */
	struct model m = {.rtt_ms = 20, .loss = .02, .bloat = true};

	(void)state;
	assert_true(soak("full queues", m).downs <= (unsigned)from_env("FL_SOAK_WEEKS", 1));
}

static void short_gaps_seldom_make_a_link_go_down(void **state)
{
	/* Some of 120,000 gaps a week last longer than the shortest silence for DOWN. */
	struct model m = {.rtt_ms = 20, .loss = .01, .bursts = true};

	(void)state;
	assert_true(soak("gaps of 60 ms", m).downs <= 4 * (unsigned)from_env("FL_SOAK_WEEKS", 1));
}

static void dead_target_makes_no_link_go_down(void **state)
{
	struct model m = {.rtt_ms = 20, .loss = .005, .dead_target = true};
	struct soak s = soak("a dead target", m);

	(void)state;
	assert_int_equal(s.downs, 0);
	assert_int_equal(s.degrades, 0);
	assert_true(s.notes >= 28);
}

static void flapping_link_is_held_down(void **state)
{
	/* 5 s dead every 20 s for 20 minutes, then good. */
	struct model m = {.seed = 1,
		.rtt_ms = 20,
		.loss = .01,
		.outage_from = 100 * SECOND,
		.outage_to = 105 * SECOND,
		.outage_every = 20 * SECOND,
		.outage_last = 1281 * SECOND};
	struct run r;

	(void)state;
	start(&r, &m, sec(1));
	run_until(&r, 99 * SECOND);
	r.ups = r.downs = 0;
	run_until(&r, 2500 * SECOND);
	print_message("# flapping: down %u times, up %u times, up for good %.1f s after the last "
		      "outage, at most %u probes a minute\n",
		r.downs, r.ups, (double)(r.last_up - 1285 * SECOND) / 1e6, r.most_a_minute);
	assert_true(r.downs + r.ups <= 8);
	assert_true(r.last_up <= (1285 + 60) * SECOND);
	assert_true(r.link.state == LINK_UP);
	assert_true(r.most_a_minute <= 180);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outage_is_seen_within_the_bar_without_loss),
		cmocka_unit_test(outage_is_seen_within_the_bar_at_20_percent_loss),
		cmocka_unit_test(outage_is_seen_within_the_bar_with_users),
		cmocka_unit_test(outage_is_seen_at_other_round_trip_times_and_intervals),
		cmocka_unit_test(outage_of_a_link_that_loses_half_is_seen_in_seconds),
		cmocka_unit_test(link_that_loses_half_stays_in_the_budget),
		cmocka_unit_test(clean_link_never_goes_down_and_costs_a_probe_a_second),
		cmocka_unit_test(lossy_link_never_goes_down),
		cmocka_unit_test(steady_loss_of_10_percent_toggles_no_link),
		cmocka_unit_test(link_with_20_percent_loss_never_goes_down_and_stays_in_the_budget),
		cmocka_unit_test(changing_loss_makes_no_link_go_down),
		cmocka_unit_test(full_queue_with_users_makes_no_link_go_down),
		cmocka_unit_test(full_queue_without_users_makes_a_link_go_down_once_at_most),
		cmocka_unit_test(short_gaps_seldom_make_a_link_go_down),
		cmocka_unit_test(dead_target_makes_no_link_go_down),
		cmocka_unit_test(flapping_link_is_held_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
