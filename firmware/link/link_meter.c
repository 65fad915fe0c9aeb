/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A clock that was never set, or is set back, does not begin a month: what was counted would be
 * forgotten.  Only one that was far ahead by mistake is followed back. */
#include "link_meter.h"

#include "date.h"
#include "link_internal.h"
#include "probe.h"

#define DAY         INT64_C(86400)
#define CLOCK_SET   (INT64_C(18262) * DAY) /* 2020-01-01: earlier, the clock was never set */
#define FAR_AHEAD   40                     /* days */
#define MONTH_SPAN  (30 * DAY)
#define PACE_MAX    sec(900)
#define COSTS_HTTP  1500 /* octets of a whole probe, both ways, with IP headers */
#define COSTS_HTTPS 7000
#define COSTS_TCP   220
#define COSTS_DNS   160

static const unsigned marks[] = {75, 95, 100}; /* percent */

bool link_is_metered(const struct link_conf *c)
{
	return c->metered.quota > 0;
}

/* ---- months ---- */

/* The reset day of this month, or its last day. */
static int64_t reset_in(int64_t year, unsigned month, unsigned reset_day)
{
	unsigned last = date_days_in_month(year, month);
	struct date d = {year, month, reset_day < last ? reset_day : last};

	return date_days(&d);
}

static int64_t period_of(int64_t wall, unsigned reset_day)
{
	int64_t today = wall / DAY;
	struct date d = date_of(today);
	int64_t reset = reset_in(d.year, d.month, reset_day);

	if (reset <= today)
		return reset;
	return d.month > 1 ? reset_in(d.year, d.month - 1, reset_day)
			   : reset_in(d.year - 1, 12, reset_day);
}

static int64_t next_period(int64_t period, unsigned reset_day)
{
	struct date d = date_of(period);

	return d.month < 12 ? reset_in(d.year, d.month + 1, reset_day)
			    : reset_in(d.year + 1, 1, reset_day);
}

/* ---- words ---- */

static void put_octets(struct textbuf *out, uint64_t n)
{
	static const char *const units[] = {"kB", "MB", "GB", "TB"};
	size_t unit = 0;

	n /= 100; /* tenths of a kB */
	while (n >= 10000 && unit + 1 < COUNT_OF(units)) {
		n /= 1000;
		unit++;
	}
	textbuf_printf(out, "%lu", (unsigned long)(n / 10));
	if (n % 10)
		textbuf_printf(out, ".%lu", (unsigned long)(n % 10));
	textbuf_printf(out, " %s", units[unit]);
}

static void put_day(struct textbuf *out, int64_t days)
{
	struct date d = date_of(days);

	textbuf_printf(out, "%04d-%02u-%02u", (int)d.year, d.month, d.day);
}

static unsigned percent(const struct link_meter *m, const struct link_conf *c)
{
	uint64_t n = m->used / (c->metered.quota / 100 + 1);

	if (m->used >= c->metered.quota && n < 100)
		return 100;
	return n < 999 ? (unsigned)n : 999;
}

static void put_until(const struct link_meter *m, const struct link_conf *c, struct textbuf *out)
{
	if (!m->period)
		return;
	textbuf_printf(out, ", until ");
	put_day(out, next_period(m->period, c->metered.reset_day));
}

void link_meter_text(const struct link_meter *m, const struct link_conf *c, struct textbuf *out)
{
	put_octets(out, m->used);
	textbuf_printf(out, " of ");
	put_octets(out, c->metered.quota);
	textbuf_printf(out, " used (%u %%), probes ", percent(m, c));
	/* They are reckoned, and one that was refused took less. */
	put_octets(out, m->probes < m->used ? m->probes : m->used);
	if (c->metered.probe_budget) {
		textbuf_printf(out, " of ");
		put_octets(out, c->metered.probe_budget);
	}
	put_until(m, c, out);
}

/* ---- counting ---- */

static uint64_t grown(uint64_t before, uint64_t now)
{
	return now >= before ? now - before : now; /* it began again at 0 */
}

static bool begin_month(
	struct link_meter *m, const struct link_conf *c, int64_t wall, struct textbuf *words)
{
	int64_t period = wall < CLOCK_SET ? 0 : period_of(wall, c->metered.reset_day);
	bool news = m->period && period > m->period;

	if (period <= m->period && period + FAR_AHEAD > m->period)
		return false;
	if (period < m->period || !m->period) {
		m->period = period ? period : m->period;
		return false;
	}
	textbuf_printf(words, "a new month of its quota begins; the last one took ");
	put_octets(words, m->used);
	m->period = period;
	m->used = m->probes = 0;
	m->told = 0;
	return news;
}

static enum link_meter_news tell_mark(
	struct link_meter *m, const struct link_conf *c, struct textbuf *words)
{
	uint32_t reached = 0;

	while (reached < COUNT_OF(marks) && percent(m, c) >= marks[reached])
		reached++;
	if (reached <= m->told) {
		m->told = reached < m->told ? reached : m->told; /* the quota was raised */
		return LINK_METER_NO_NEWS;
	}
	m->told = reached;
	textbuf_printf(words,
		reached == COUNT_OF(marks) ? "its quota is used up: "
					   : "more than %u %% of its quota: ",
		marks[reached - 1]);
	put_octets(words, m->used);
	textbuf_printf(words, " of ");
	put_octets(words, c->metered.quota);
	put_until(m, c, words);
	return LINK_METER_MARK;
}

enum link_meter_news link_meter_count(struct link_meter *m, const struct link_conf *c, int64_t wall,
	uint64_t rx, uint64_t tx, struct textbuf *words)
{
	bool new_month = begin_month(m, c, wall, words);

	if (m->known)
		m->used += grown(m->rx, rx) + grown(m->tx, tx);
	m->known = true;
	m->rx = rx;
	m->tx = tx;
	return new_month ? LINK_METER_NEW_MONTH : tell_mark(m, c, words);
}

bool link_meter_is_spent(const struct link_meter *m, const struct link_conf *c)
{
	return link_is_metered(c) && m->used >= c->metered.quota;
}

/* ---- probes ---- */

static uint64_t cost_of(const struct link_target *t)
{
	switch ((enum link_probe_method)t->method) {
	case LINK_PING:
	case LINK_MTU:
		return 2 * (probe_echo_size(t) + (t->addr.family == 6 ? 40 : 20));
	case LINK_DNS:
		return COSTS_DNS;
	case LINK_TCP:
		return COSTS_TCP;
	case LINK_HTTP:
		return COSTS_HTTP;
	case LINK_HTTPS:
		return COSTS_HTTPS;
	}
	return 0;
}

void link_meter_probe(struct link_meter *m, const struct link_target *t)
{
	m->probes += cost_of(t);
}

static uint64_t mean_cost(const struct link_conf *c)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < c->monitor.ntargets; i++)
		sum += cost_of(&c->monitor.targets[i]);
	return c->monitor.ntargets ? sum / c->monitor.ntargets : 0;
}

/* What is left of the month by the clock. */
static uint64_t seconds_left(const struct link_meter *m, const struct link_conf *c, int64_t wall)
{
	int64_t end = next_period(m->period, c->metered.reset_day) * DAY;

	return m->period && wall > CLOCK_SET && wall < end ? (uint64_t)(end - wall) : MONTH_SPAN;
}

span link_meter_interval(
	const struct link_meter *m, const struct link_conf *c, int64_t wall, bool in_use)
{
	span least = span_max(
		c->monitor.interval, in_use ? c->metered.interval : c->metered.standby_interval);
	uint64_t budget = c->metered.probe_budget, left;

	if (!budget || m->probes >= budget)
		return budget ? PACE_MAX : least;
	left = (budget - m->probes) / 5 * 4; /* the rest is for bursts */
	left = seconds_left(m, c, wall) * mean_cost(c) * 1000 / (left + 1);
	return span_min(PACE_MAX, span_max(least, ms((int64_t)left)));
}

/* ---- kept over a restart ---- */

void link_meter_write(const struct link_meter *m, struct str name, struct textbuf *out)
{
	textbuf_printf(out, "%.*s %lld %llu %llu %llu %llu %u\n", STR_ARG(name),
		(long long)m->period, (unsigned long long)m->used, (unsigned long long)m->probes,
		(unsigned long long)m->rx, (unsigned long long)m->tx, m->told);
}

bool link_meter_read(struct str line, struct str *name, struct link_meter *out)
{
	struct link_meter m = {.known = true};
	uint64_t period, told;

	*name = str_cut(&line, ' ');
	if (name->n == 0 || !str_to_u64(str_cut(&line, ' '), INT32_MAX, &period) ||
		!str_to_u64(str_cut(&line, ' '), INT64_MAX, &m.used) ||
		!str_to_u64(str_cut(&line, ' '), INT64_MAX, &m.probes) ||
		!str_to_u64(str_cut(&line, ' '), UINT64_MAX, &m.rx) ||
		!str_to_u64(str_cut(&line, ' '), UINT64_MAX, &m.tx) ||
		!str_to_u64(line, COUNT_OF(marks), &told))
		return false;
	m.period = (int64_t)period;
	m.told = (uint32_t)told;
	*out = m;
	return true;
}
