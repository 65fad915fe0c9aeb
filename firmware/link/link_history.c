/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "link_history.h"

#include "link_internal.h"

#include <string.h>

#define MAGIC UINT32_C(0x464c4831) /* "FLH1" */

static const struct ring {
	size_t offset; /* of its samples in the struct */
	uint32_t size;
	unsigned seconds; /* in a sample */
} rings[LINK_HISTORY_TIERS] = {
	[LINK_HISTORY_SECOND] = {offsetof(struct link_history, second), LINK_HISTORY_SECONDS, 1},
	[LINK_HISTORY_MINUTE] = {offsetof(struct link_history, minute), LINK_HISTORY_MINUTES, 60},
	[LINK_HISTORY_QUARTER] = {offsetof(struct link_history, quarter), LINK_HISTORY_QUARTERS,
		900},
};

/* The higher, the more somebody should look. */
static unsigned badness(uint8_t state)
{
	static const uint8_t of[LINK_STATES] = {
		[LINK_NONE] = 0,
		[LINK_DISABLED] = 1,
		[LINK_STANDBY] = 2,
		[LINK_UP] = 3,
		[LINK_SUSPECT] = 3,
		[LINK_DEGRADED] = 4,
		[LINK_RECOVERING] = 5,
		[LINK_NO_CARRIER] = 6,
		[LINK_DOWN] = 7,
	};

	return of[state];
}

static uint8_t worse(uint8_t a, uint8_t b)
{
	return badness(b) > badness(a) ? b : a;
}

/* ---- taking samples ---- */

static void push(struct link_history *h, enum link_history_tier tier, struct link_sample s)
{
	const struct ring *r = &rings[tier];
	struct link_sample *at = (struct link_sample *)((uint8_t *)h + r->offset);

	at[h->written[tier]++ % r->size] = s;
}

static void sum_add(struct link_history_sum *sum, const struct link_history_sum *second)
{
	sum->seconds++;
	sum->rtt += second->rtt;
	sum->rtts += second->rtts;
	sum->settled += second->settled;
	sum->lost += second->lost;
	sum->worst = worse(sum->worst, second->worst);
}

static struct link_sample sample_of(const struct link_history_sum *sum)
{
	struct link_sample s = {LINK_SAMPLE_NO_RTT, LINK_SAMPLE_NO_LOSS, sum->worst};

	if (sum->rtts) {
		uint64_t mean = sum->rtt / sum->rtts;

		s.rtt = (uint16_t)(mean < LINK_SAMPLE_NO_RTT ? mean : LINK_SAMPLE_NO_RTT - 1);
	}
	if (sum->settled)
		s.loss = (uint8_t)(((uint64_t)sum->lost * 200 + sum->settled / 2) / sum->settled);
	return s;
}

static void add_second(struct link_history *h, const struct link_history_sum *second)
{
	for (unsigned t = 0; t < LINK_HISTORY_TIERS; t++) {
		struct link_history_sum *sum = &h->sum[t];

		sum_add(sum, second);
		if (sum->seconds < rings[t].seconds)
			continue;
		push(h, (enum link_history_tier)t, sample_of(sum));
		*sum = (struct link_history_sum){0};
	}
}

void link_history_init(struct link_history *h, mtime now)
{
	memset(h, 0, sizeof(*h));
	h->next = (mtime){(now.us / sec(1).us + 1) * sec(1).us};
}

void link_history_tick(
	struct link_history *h, mtime now, const struct link *l, enum link_state shown)
{
	struct link_history_sum second = {.worst = (uint8_t)shown};
	uint64_t answers = l->answers - h->answers, losses = l->losses - h->losses;
	span rtt = link_best_rtt(l);

	if (!mtime_reached(now, h->next))
		return;
	/* A link that was started anew counts from 0. */
	if (l->answers < h->answers || l->losses < h->losses)
		answers = losses = 0;
	second.settled = (uint32_t)(answers + losses);
	second.lost = (uint32_t)losses;
	second.rtts = answers > 0;
	second.rtt = second.rtts && rtt.us > 0 ? (uint64_t)rtt.us / 100 : 0;
	h->answers = l->answers;
	h->losses = l->losses;
	/* Nobody looked for a while: the first second gets what came, the others are like it. */
	for (unsigned n = 0; mtime_reached(now, h->next) && n < LINK_HISTORY_SECONDS; n++) {
		add_second(h, &second);
		second = (struct link_history_sum){.worst = (uint8_t)shown};
		h->next = mtime_after(h->next, sec(1));
	}
	if (mtime_reached(now, h->next))
		h->next = (mtime){(now.us / sec(1).us + 1) * sec(1).us};
}

void link_history_note(struct link_history *h, int64_t wall, struct str text)
{
	struct link_history_event *e = &h->event[h->events++ % LINK_HISTORY_EVENTS];
	struct textbuf t = textbuf_of(e->text, sizeof(e->text));

	e->wall = wall;
	textbuf_put(&t, text.at, text.n);
}

/* ---- reading ---- */

bool link_history_at(const struct link_history *h, enum link_history_tier tier, uint32_t back,
	struct link_sample *out)
{
	const struct ring *r = &rings[tier];
	const struct link_sample *at = (const struct link_sample *)((const uint8_t *)h + r->offset);

	if (back >= r->size || back >= h->written[tier])
		return false;
	*out = at[(h->written[tier] - 1 - back) % r->size];
	return true;
}

const struct link_history_event *link_history_event(const struct link_history *h, uint32_t back)
{
	if (back >= LINK_HISTORY_EVENTS || back >= h->events)
		return NULL;
	return &h->event[(h->events - 1 - back) % LINK_HISTORY_EVENTS];
}

void link_history_mean(const struct link_history *h, enum link_history_tier tier, uint32_t back,
	uint32_t n, struct link_sample *out)
{
	struct link_history_sum sum = {0};
	struct link_sample s;

	for (uint32_t i = 0; i < n && link_history_at(h, tier, back + i, &s); i++) {
		struct link_history_sum one = {.worst = s.state,
			.rtt = s.rtt == LINK_SAMPLE_NO_RTT ? 0 : s.rtt,
			.rtts = s.rtt != LINK_SAMPLE_NO_RTT,
			.settled = s.loss == LINK_SAMPLE_NO_LOSS ? 0 : 200,
			.lost = s.loss == LINK_SAMPLE_NO_LOSS ? 0 : s.loss};

		sum_add(&sum, &one);
	}
	*out = sample_of(&sum);
}

/* ---- as octets ---- */

static void put_u64(struct buf *out, uint64_t v)
{
	buf_put_u32(out, (uint32_t)(v >> 32));
	buf_put_u32(out, (uint32_t)v);
}

static uint64_t take_u64(struct bytes *in)
{
	uint64_t high = bytes_take_u32(in);

	return high << 32 | bytes_take_u32(in);
}

static void put_text(struct buf *out, struct str text)
{
	buf_put_u8(out, (uint8_t)text.n);
	buf_put(out, text.at, text.n);
}

static struct str take_text(struct bytes *in)
{
	size_t n = bytes_take_u8(in);
	const uint8_t *at = bytes_take(in, n);

	return at ? (struct str){(const char *)at, n} : STR("");
}

static uint32_t kept(const struct link_history *h, enum link_history_tier tier)
{
	uint32_t size = rings[tier].size;

	return h->written[tier] < size ? h->written[tier] : size;
}

void link_history_write(
	const struct link_history *h, struct str name, int64_t wall, struct buf *out)
{
	uint32_t n = h->events < LINK_HISTORY_EVENTS ? h->events : LINK_HISTORY_EVENTS;
	struct link_sample s;

	buf_put_u32(out, MAGIC);
	put_u64(out, (uint64_t)wall);
	put_text(out, name);
	for (unsigned t = 0; t < LINK_HISTORY_TIERS; t++) {
		enum link_history_tier tier = (enum link_history_tier)t;

		buf_put_u32(out, kept(h, tier));
		for (uint32_t back = kept(h, tier); back-- > 0;) {
			if (!link_history_at(h, tier, back, &s))
				break;
			buf_put_u16(out, s.rtt);
			buf_put_u8(out, s.loss);
			buf_put_u8(out, s.state);
		}
	}
	buf_put_u32(out, n);
	for (uint32_t back = n; back-- > 0;) {
		const struct link_history_event *e = link_history_event(h, back);

		put_u64(out, (uint64_t)e->wall);
		put_text(out, str_of(e->text));
	}
}

static bool read_tier(struct link_history *h, enum link_history_tier tier, struct bytes *in)
{
	uint32_t n = bytes_take_u32(in);

	if (n > rings[tier].size)
		return false;
	for (uint32_t i = 0; i < n && !in->bad; i++) {
		struct link_sample s = {.rtt = bytes_take_u16(in)};

		s.loss = bytes_take_u8(in);
		s.state = bytes_take_u8(in);
		if ((s.loss > 200 && s.loss != LINK_SAMPLE_NO_LOSS) || s.state >= LINK_STATES)
			return false;
		push(h, tier, s);
	}
	return !in->bad;
}

static bool read_events(struct link_history *h, struct bytes *in)
{
	uint32_t n = bytes_take_u32(in);

	if (n > LINK_HISTORY_EVENTS)
		return false;
	for (uint32_t i = 0; i < n && !in->bad; i++) {
		uint64_t wall = take_u64(in);
		struct str text = take_text(in);

		if (wall > INT64_MAX || text.n >= LINK_HISTORY_EVENT_MAX)
			return false;
		link_history_note(h, (int64_t)wall, text);
	}
	return !in->bad && in->n == 0;
}

static bool read_all(struct link_history *h, struct str name, uint64_t *wall, struct bytes *in)
{
	if (bytes_take_u32(in) != MAGIC)
		return false;
	*wall = take_u64(in);
	if (!str_eq(take_text(in), name) || *wall > INT64_MAX)
		return false;
	for (unsigned t = 0; t < LINK_HISTORY_TIERS; t++)
		if (!read_tier(h, (enum link_history_tier)t, in))
			return false;
	return read_events(h, in);
}

enum fl_err link_history_read(
	struct link_history *h, struct str name, int64_t wall, mtime now, struct bytes in)
{
	uint64_t saved;

	link_history_init(h, now);
	if (!read_all(h, name, &saved, &in)) {
		link_history_init(h, now);
		return FL_EFORMAT;
	}
	/* A clock that was set back tells nothing of the pause. */
	for (unsigned t = 0; t < LINK_HISTORY_TIERS && wall > (int64_t)saved; t++) {
		uint64_t gap = ((uint64_t)wall - saved) / rings[t].seconds;

		for (uint64_t i = 0; i < gap && i < rings[t].size; i++)
			push(h, (enum link_history_tier)t,
				(struct link_sample){LINK_SAMPLE_NO_RTT, LINK_SAMPLE_NO_LOSS, 0});
	}
	return FL_OK;
}
