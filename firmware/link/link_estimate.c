/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The round-trip time follows RFC 6298 with three changes.  There is no back-off: a probe is not
 * repeated, the next one goes elsewhere.  A sample counts for at most SRTT + 4 RTTVAR + 10 ms, so
 * that one late answer does not make the time-out useless; the peak remembers it instead and
 * lengthens the silence that is wanted for DOWN.  And the time-out may be as short as 40 ms.
 *
 * Loss has two averages so that it is learned fast and forgotten slowly: the larger one counts. */
#include "link_estimate.h"

#define PARTS INT32_C(1000000000) /* of struct link_loss */

#define PEAK_HALF_LIFE sec(30 * 60)

/* Page's CUSUM, in thousandths: 5 % against 15 % loss makes a link lossy, ln(0.15 / 0.05) and
 * ln(0.85 / 0.95); 2 % against 10 % makes it good again, ln(0.10 / 0.02) and ln(0.90 / 0.98); each
 * at 12.  The first gains on average above 9.2 % loss, the second below 5.0 %: what lies between
 * leaves the link as it is, where one pair for both would have a steady 10 % toggle it 190 times a
 * week.  Measured on a model: no false alarm in a week at 5 % loss, 20 % is seen after 85 s, and a
 * link without loss is good again after 141 s. */
#define LOSSY_LOST     1099
#define LOSSY_ANSWERED (-111)
#define GOOD_LOST      (-1609)
#define GOOD_ANSWERED  85
#define SCORE_LIMIT    12000

#define SLOW_FLOOR   ms(200) /* less is no trouble whatever the link is used to */
#define SLOW_FOR     sec(10)
#define SLOW_SAMPLES 32768 /* about 9 hours at a probe a second to forget what was usual */

span link_decayed(span value, mtime since, mtime now, span half_life)
{
	int64_t gone = mtime_between(since, now).us;
	int64_t halves, rest_ms;

	if (gone <= 0 || value.us <= 0)
		return value;
	halves = gone / half_life.us;
	if (halves > 40)
		return us(0);
	/* In ms: the product stays below 2^63 for values up to a day and half-lives up to a year.
	 */
	rest_ms = gone % half_life.us / 1000;
	value.us >>= halves;
	return us(value.us - value.us / 2 * rest_ms / span_ms(half_life));
}

void link_target_init(struct link_target_state *t)
{
	*t = (struct link_target_state){.srtt = us(-1), .last_answer = MTIME_NEVER};
}

span link_target_peak(const struct link_target_state *t, mtime now)
{
	return link_decayed(t->peak, t->peak_at, now, PEAK_HALF_LIFE);
}

void link_target_add_rtt(struct link_target_state *t, mtime now, span rtt)
{
	int64_t off, most;

	if (rtt.us >= link_target_peak(t, now).us) {
		t->peak = rtt;
		t->peak_at = now;
	}
	if (t->srtt.us < 0) { /* RFC 6298 2.2 */
		t->srtt = rtt;
		t->rttvar = us(rtt.us / 2);
		return;
	}
	most = t->srtt.us + 4 * t->rttvar.us + ms(10).us;
	rtt.us = rtt.us < most ? rtt.us : most;
	off = rtt.us - t->srtt.us; /* 2.3 */
	t->rttvar.us += ((off < 0 ? -off : off) - t->rttvar.us) / 4;
	t->srtt.us += off / 8;
}

span link_target_rto(const struct link_target_state *t)
{
	if (t->srtt.us < 0)
		return LINK_RTO_FIRST;
	return span_max(LINK_RTO_MIN, span_min(LINK_RTO_MAX, us(t->srtt.us + 4 * t->rttvar.us)));
}

void link_target_add_loss(struct link_target_state *t, bool lost)
{
	int32_t ppm = (int32_t)t->loss_ppm;

	t->loss_ppm = (uint32_t)(ppm + ((lost ? 1000000 : 0) - ppm) / 10);
}

void link_loss_add(struct link_loss *l, bool lost)
{
	int32_t sample = lost ? PARTS : 0;

	l->fast += (sample - l->fast) / 50;
	l->slow += (sample - l->slow) / 500;
}

uint32_t link_loss_ppm(const struct link_loss *l)
{
	return (uint32_t)(l->fast > l->slow ? l->fast : l->slow) / 1000;
}

/* Row i holds up to which loss, in ppm, LINK_LOSSES_MIN + i losses in a row are enough:
 * (0.01 * interval / one week) ^ (1 / losses).  A shorter interval has more chances a week to go
 * wrong. */
/* clang-format off */
static const uint32_t enough[LINK_LOSSES_MAX - LINK_LOSSES_MIN][3] = {
	/* 200 ms     1 s     5 s */
	{  38598,  50473,  66002 }, /* 6 */
	{  61445,  77328,  97318 },
	{  87081, 106487, 130217 },
	{ 114212, 136576, 163320 },
	{ 141886, 166662, 195765 }, /* 10 */
	{ 169448, 196146, 227051 },
	{ 196464, 224663, 256909 },
	{ 222662, 252008, 285220 },
	{ 247881, 278080, 311958 },
	{ 272036, 302848, 337150 }, /* 15 */
	{ 295096, 326324, 360856 },
	{ 317060, 348544, 383154 },
	{ 337953, 369562, 404128 },
	{ 357810, 389440, 423866 },
	{ 376678, 408243, 442453 }, /* 20 */
	{ 394605, 426036, 459971 },
	{ 411641, 442884, 476498 },
	{ 427837, 458848, 492106 },
	{ 443243, 473986, 506862 },
	{ 457906, 488354, 520828 }, /* 25 */
};
/* clang-format on */

unsigned link_losses_needed(const struct link_loss *l, span interval)
{
	unsigned column = interval.us >= sec(5).us ? 2 : interval.us >= sec(1).us ? 1 : 0;
	uint32_t high = link_loss_ppm(l) * 13 / 10 + 20000; /* the upper end of the estimate */
	unsigned i = 0;

	while (i < COUNT_OF(enough) && high > enough[i][column])
		i++;
	return LINK_LOSSES_MIN + i;
}

void link_quality_add_loss(struct link_quality *q, bool lost)
{
	/* While good the score gathers evidence of loss; while lossy, evidence of none. */
	if (q->lossy)
		q->score += lost ? GOOD_LOST : GOOD_ANSWERED;
	else
		q->score += lost ? LOSSY_LOST : LOSSY_ANSWERED;
	if (q->score < 0)
		q->score = 0;
	if (q->score > SCORE_LIMIT) {
		q->lossy = !q->lossy;
		q->score = 0;
	}
}

/* The median follows by a step up for a larger sample and down for a smaller one; the steps shrink
 * from a 16th to a 32,768th of it. */
static void follow_median(struct link_quality *q, span rtt)
{
	int64_t sample = rtt.us * 1000, step;

	if (q->samples == 0)
		q->usual_ns = sample;
	if (q->samples < SLOW_SAMPLES)
		q->samples++;
	step = q->usual_ns / (q->samples > 16 ? q->samples : 16);
	if (sample > q->usual_ns)
		q->usual_ns += step;
	else if (sample < q->usual_ns)
		q->usual_ns -= step;
}

void link_quality_add_rtt(struct link_quality *q, mtime now, span rtt)
{
	span limit;

	follow_median(q, rtt);
	q->rtt = rtt;
	limit = span_max(SLOW_FLOOR, us(3 * q->usual_ns / 1000));
	if (q->slow ? rtt.us >= limit.us * 7 / 10 : rtt.us <= limit.us)
		q->crossed = MTIME_NEVER;
	else if (q->crossed.us == MTIME_NEVER.us)
		q->crossed = now;
	else if (mtime_between(q->crossed, now).us >= SLOW_FOR.us) {
		q->slow = !q->slow;
		q->crossed = MTIME_NEVER;
	}
}

bool link_quality_is_poor(const struct link_quality *q)
{
	return q->lossy || q->slow || q->service;
}

static unsigned losses_of(const struct link_proof *p, bool ignored)
{
	unsigned n = 0;

	for (size_t i = 0; i < LINK_TARGETS_MAX; i++)
		if ((p->heard != 0 && !(p->heard >> i & 1)) == ignored)
			n += p->lost[i];
	return n;
}

unsigned link_proof_lost(const struct link_proof *p)
{
	return losses_of(p, false);
}

unsigned link_proof_ignored(const struct link_proof *p)
{
	return losses_of(p, true);
}

bool link_proof_has_enough(const struct link_proof *p)
{
	return p->answered + p->lost_max >= p->probes;
}
