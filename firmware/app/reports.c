/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The log on its way to collectors.  What happens while no link works waits in the journal, which
 * keeps the newest lines, and is sent when one works again: after what was published for it, so
 * that "wan1: up -> down" leaves by the other link. */
#include "product.h"
#include "syslog.h"

#define FIRST_SLOT DATAGRAMS_REPORTS
#define AT_ONCE    8 /* lines; a burst would be lost on the way */
#define PAUSE      ms(100)
#define RETRY      sec(5) /* after the system has refused to send */

static const struct datagrams *driver(const struct fairlead *f)
{
	return &f->io->datagrams;
}

static const struct report_tail *known(const struct reports *r, const struct report_syslog_conf *c)
{
	for (size_t i = 0; i < r->n; i++)
		if (ip_addr_eq(&r->tail[i].to, &c->address) && r->tail[i].port == c->port)
			return &r->tail[i];
	return NULL;
}

/* A new collector gets what is logged from now on; at the start, that is all. */
void reports_configure(struct fairlead *f)
{
	const struct report_conf *c = &fairlead_config(f)->v.report;
	struct reports next = {.open = true};

	for (size_t i = 0; i < c->nsyslogs; i++) {
		const struct report_tail *before = known(&f->reports, &c->syslogs[i]);
		struct report_tail *t = &next.tail[next.n++];

		*t = before ? *before
			    : (struct report_tail){
				      .to = c->syslogs[i].address,
				      .port = (uint16_t)c->syslogs[i].port,
				      .line = f->reports.open ? f->journal.n : 0,
			      };
		t->level = report_syslog_level(&c->syslogs[i]);
	}
	for (unsigned i = 0; i < REPORT_SYSLOGS_MAX; i++)
		driver(f)->close(driver(f)->ctx, FIRST_SLOT + i);
	f->reports = next;
}

bool reports_can_reach(const struct fairlead *f, const struct ip_addr *to)
{
	const struct config *c = &f->config[f->current];

	if (ip_addr_is_special(to) || config_lan_has(c, to))
		return true;
	for (size_t i = 0; i < f->nlinks; i++)
		if (published_carries(&f->published, f->order[i], to->family))
			return true;
	return false;
}

static enum fl_err send_line(struct fairlead *f, unsigned slot, const struct journal_line *l)
{
	const struct report_tail *t = &f->reports.tail[slot];
	char words[128], text[SYSLOG_MAX + 1];
	struct textbuf why = textbuf_of(words, sizeof(words)), out = textbuf_of(text, sizeof(text));
	enum fl_err err;

	syslog_write(&(struct syslog_line){.level = l->level,
			     .wall = l->wall,
			     .running = mtime_between(f->started, l->at),
			     .number = t->line + 1,
			     .host = fairlead_config(f)->v.system.host_name,
			     .text = str_of(l->text)},
		&out);
	err = driver(f)->send(driver(f)->ctx, FIRST_SLOT + slot, NULL, &t->to, t->port,
		bytes_of(text, out.n), &why);
	if (err)
		log_printf(&f->log, LOG_LEVEL_DEBUG, "a line was not sent: %s", words);
	return err;
}

/* Lines that the journal has dropped meanwhile are lost. */
static void skip_lost(struct report_tail *t, uint64_t oldest)
{
	if (t->line < oldest) {
		t->lost += oldest - t->line;
		t->line = oldest;
	}
}

static void follow(struct fairlead *f, unsigned slot, mtime now)
{
	const struct journal *j = &f->journal;
	struct report_tail *t = &f->reports.tail[slot];
	unsigned n = 0;

	skip_lost(t, j->n > JOURNAL_LINES ? j->n - JOURNAL_LINES : 0);
	for (; t->line < j->n && n < AT_ONCE; t->line++) {
		const struct journal_line *l = &j->line[t->line % JOURNAL_LINES];

		if (l->level > t->level)
			continue;
		if (send_line(f, slot, l)) {
			t->due = mtime_after(now, RETRY);
			return;
		}
		t->sent++;
		n++;
	}
	t->due = mtime_after(now, PAUSE);
}

void reports_tick(struct fairlead *f, mtime now)
{
	struct reports *r = &f->reports;

	for (unsigned i = 0; i < r->n; i++)
		if (mtime_reached(now, r->tail[i].due) && r->tail[i].line < f->journal.n &&
			reports_can_reach(f, &r->tail[i].to))
			follow(f, i, now);
}

mtime reports_next_due(const struct fairlead *f)
{
	const struct reports *r = &f->reports;
	mtime due = MTIME_NEVER;

	for (size_t i = 0; i < r->n; i++)
		if (r->tail[i].line < f->journal.n && reports_can_reach(f, &r->tail[i].to))
			due = mtime_first(due, r->tail[i].due);
	return due;
}
