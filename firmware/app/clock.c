/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The clock follows time servers.  A round asks all of them at once; of what they say the middle
 * one is believed, so that one of three that is wrong does no harm. */
#include "product.h"
#include "sntp.h"

#include <stdlib.h>

#define FIRST_SLOT DATAGRAMS_TIME
#define ROUND      sec(2)
#define AGAIN      sec(15) /* after a round that nobody answered, the first times */
#define PATIENT    40
#define EVERY      sec(1024)
#define SILENT     4      /* rounds before the log says so */
#define STEP_US    500000 /* what is told of as a clock that was set */

static const struct datagrams *driver(const struct fairlead *f)
{
	return &f->io->datagrams;
}

void clock_configure(struct fairlead *f, mtime now)
{
	const struct system_conf *c = &fairlead_config(f)->v.system;
	struct time_keeper *t = &f->time;
	bool same = t->n == c->nntp_servers;

	for (size_t i = 0; same && i < t->n; i++)
		same = ip_addr_eq(&t->server[i].addr, &c->ntp_servers[i].address);
	if (same)
		return;
	for (unsigned i = 0; i < NTP_SERVERS_MAX; i++)
		driver(f)->close(driver(f)->ctx, FIRST_SLOT + i);
	*t = (struct time_keeper){.n = c->nntp_servers, .due = now};
	for (size_t i = 0; i < t->n; i++)
		t->server[i].addr = c->ntp_servers[i].address;
}

static void ask(struct fairlead *f, unsigned which, mtime now)
{
	struct time_server *s = &f->time.server[which];
	uint8_t octets[SNTP_SIZE];
	struct buf out = buf_of(octets, sizeof(octets));
	char words[128];
	struct textbuf why = textbuf_of(words, sizeof(words));

	s->answered = false;
	s->asked = now;
	f->io->io.random(f->io->io.ctx, &s->nonce, sizeof(s->nonce));
	sntp_ask(s->nonce, &out);
	if (driver(f)->send(driver(f)->ctx, FIRST_SLOT + which, NULL, &s->addr, SNTP_PORT,
		    bytes_of(octets, out.n), &why))
		log_printf(&f->log, LOG_LEVEL_DEBUG, "a time server was not asked: %s", words);
}

bool clock_answer(struct fairlead *f, const struct io_event *e)
{
	struct time_keeper *t = &f->time;
	struct time_server *s;
	struct sntp_answer a;
	bool all = true;

	if (e->slot < FIRST_SLOT || e->slot >= FIRST_SLOT + NTP_SERVERS_MAX)
		return false;
	s = &t->server[e->slot - FIRST_SLOT];
	if (e->slot - FIRST_SLOT >= t->n || !t->asking || s->answered ||
		sntp_parse(e->data, s->nonce, &a))
		return true;
	s->answered = true;
	s->round_trip = mtime_between(s->asked, e->at);
	s->zero_us = sntp_wall_us(&a, s->round_trip) - e->at.us;
	for (size_t i = 0; i < t->n; i++)
		all &= t->server[i].answered;
	if (all)
		t->due = e->at;
	return true;
}

static int by_time(const void *a, const void *b)
{
	int64_t x = (*(const struct time_server *const *)a)->zero_us;
	int64_t y = (*(const struct time_server *const *)b)->zero_us;

	return (x > y) - (x < y);
}

/* The one to believe; NULL: nobody answered.  Of two, the nearer. */
static const struct time_server *believed(const struct time_keeper *t)
{
	const struct time_server *s[NTP_SERVERS_MAX] = {NULL};
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		if (t->server[i].answered)
			s[n++] = &t->server[i];
	if (n == 2)
		return s[0]->round_trip.us <= s[1]->round_trip.us ? s[0] : s[1];
	if (n == 0)
		return NULL;
	qsort(s, n, sizeof(s[0]), by_time);
	return s[n / 2];
}

/* "it was 3 h 12 min slow" */
static void put_off(int64_t off_us, struct textbuf *out)
{
	char text[LINK_SPAN_TEXT_MAX];

	textbuf_printf(out, "it was %s %s", link_span_text(us(llabs(off_us)), text),
		off_us > 0 ? "slow" : "fast");
}

static void correct(struct fairlead *f, const struct time_server *s, mtime now)
{
	const struct unit *m = &f->io->unit;
	struct time_keeper *t = &f->time;
	char words[160], by[IP_TEXT_MAX];
	struct textbuf why = textbuf_of(words, sizeof(words));

	if (m->correct_clock(m->ctx, s->zero_us + now.us, &t->off_us, &why)) {
		if (!t->refused)
			log_printf(&f->log, LOG_LEVEL_ERROR, "%s", words);
		t->refused = true;
		return;
	}
	put_off(t->off_us, &why);
	if (llabs(t->off_us) >= STEP_US)
		log_printf(&f->log, LOG_LEVEL_NOTICE, "the clock was set by %s: %s",
			ip_addr_text(&s->addr, by), words);
	else if (!t->good)
		log_printf(&f->log, LOG_LEVEL_INFO, "the clock follows %s: %s",
			ip_addr_text(&s->addr, by), words);
	t->good = true;
	t->by = s->addr;
	t->at = now;
}

static void end_round(struct fairlead *f, mtime now)
{
	struct time_keeper *t = &f->time;
	const struct time_server *s = believed(t);

	t->asking = false;
	for (unsigned i = 0; i < t->n; i++)
		driver(f)->close(driver(f)->ctx, FIRST_SLOT + i);
	if (s) {
		correct(f, s, now);
		t->silent = 0;
	} else if (++t->silent == SILENT) {
		log_printf(&f->log, LOG_LEVEL_WARNING,
			"no time server answers; the clock goes by itself");
	}
	t->due = mtime_after(now, s ? EVERY : t->silent < PATIENT ? AGAIN : EVERY);
}

static void begin_round(struct fairlead *f, mtime now)
{
	struct time_keeper *t = &f->time;

	for (unsigned i = 0; i < t->n; i++)
		if (reports_can_reach(f, &t->server[i].addr)) {
			ask(f, i, now);
			t->asking = true;
		}
	t->due = mtime_after(now, t->asking ? ROUND : sec(1));
}

void clock_tick(struct fairlead *f, mtime now)
{
	if (!mtime_reached(now, clock_next_due(f)))
		return;
	if (f->time.asking)
		end_round(f, now);
	else
		begin_round(f, now);
}

mtime clock_next_due(const struct fairlead *f)
{
	return f->time.n ? f->time.due : MTIME_NEVER;
}

void clock_put(const struct fairlead *f, mtime now, const struct sink *out)
{
	const struct time_keeper *t = &f->time;
	char when[WALL_TEXT_MAX], ago[LINK_SPAN_TEXT_MAX], by[IP_TEXT_MAX], words[80];
	struct textbuf off = textbuf_of(words, sizeof(words));
	int64_t wall = f->io->io.wall(f->io->io.ctx);

	sink_printf(out, "%s UTC\n", wall_text(wall, when));
	if (t->n == 0) {
		sink_puts(out, "no time server is set: see \"set system ntp-server ?\"\n");
		return;
	}
	if (!t->good) {
		sink_puts(out, t->refused ? "time servers answer, but the system does not let "
					    "its clock be set\n"
					  : "no time server has answered yet\n");
		return;
	}
	put_off(t->off_us, &off);
	sink_printf(out, "by %s, %s ago: %s\n", ip_addr_text(&t->by, by),
		link_span_text(mtime_between(t->at, now), ago), words);
}
