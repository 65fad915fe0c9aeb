/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The clock follows time servers: chronyd keeps it, from the moment a link can reach one of them.
 * What it prints says whom it follows. */
#include "chrony.h"
#include "product.h"

#include <stdlib.h>

#define SLOT   (DAEMONS_MAX - 1) /* leases and LANs have those from 0 on */
#define AGAIN  sec(1)            /* is there a way to a server now? */
#define SILENT sec(60)           /* then the log says that nobody answers */

void clock_configure(struct fairlead *f, mtime now)
{
	const struct system_conf *c = &fairlead_config(f)->v.system;
	const struct daemons *d = &f->io->daemons;
	struct time_keeper *t = &f->time;
	bool same = t->n == c->nntp_servers;

	for (size_t i = 0; same && i < t->n; i++)
		same = ip_addr_eq(&t->server[i], &c->ntp_servers[i].address);
	if (same)
		return;
	*t = (struct time_keeper){.n = c->nntp_servers, .since = now, .due = now};
	for (size_t i = 0; i < t->n; i++)
		t->server[i] = c->ntp_servers[i].address;
	d->stop(d->ctx, SLOT);
}

static bool some_can_be_reached(const struct fairlead *f)
{
	for (size_t i = 0; i < f->time.n; i++)
		if (reports_can_reach(f, &f->time.server[i]))
			return true;
	return false;
}

static bool owns_clock(const struct fairlead *f)
{
	return f->io->unit.owns_clock(f->io->unit.ctx);
}

/* -x: it does all but touch the clock. */
static void run(struct fairlead *f)
{
	const struct daemons *all = &f->io->daemons;
	const struct time_keeper *t = &f->time;
	char conf_room[1024], path_room[600], pid_file[600], words[200];
	struct textbuf conf = textbuf_of(conf_room, sizeof(conf_room));
	struct textbuf path = textbuf_of(path_room, sizeof(path_room));
	struct textbuf pid = textbuf_of(pid_file, sizeof(pid_file));
	struct textbuf why = textbuf_of(words, sizeof(words));
	struct sink out = textbuf_sink(&conf);
	struct daemon d = {
		.name = STR("chronyd"),
		.args = {STR("chronyd"), STR("-d"), STR("-F"), STR("1"), STR("-f")},
		.nargs = 5,
		.is_heard = true,
	};

	textbuf_printf(&path, "%s/chrony.conf", all->folder);
	textbuf_printf(&pid, "%s/chronyd.pid", all->folder);
	chrony_conf(t->server, t->n, pid_file, &out);
	d.args[d.nargs++] = textbuf_str(&path);
	if (!owns_clock(f))
		d.args[d.nargs++] = STR("-x");
	d.files[d.nfiles++] = (struct daemon_file){STR("chrony.conf"), textbuf_str(&conf), false};
	f->time.fails = all->run(all->ctx, SLOT, &d, &why) != FL_OK;
	if (f->time.fails)
		log_printf(&f->log, LOG_LEVEL_ERROR, "chronyd: %s", words);
}

/* A board without a battery wakes up years ago. */
static void put_off(int64_t ahead_us, struct textbuf *out)
{
	int64_t days = llabs(ahead_us) / INT64_C(86400000000);
	char text[LINK_SPAN_TEXT_MAX];

	if (days >= 2)
		textbuf_printf(out, "%ld days", (long)days);
	else
		textbuf_printf(out, "%s", link_span_text(us(llabs(ahead_us)), text));
	textbuf_printf(out, " %s", ahead_us < 0 ? "fast" : "slow");
}

static void tell_set(struct fairlead *f, int64_t ahead_us)
{
	char by[IP_TEXT_MAX], words[64];
	struct textbuf off = textbuf_of(words, sizeof(words));

	put_off(ahead_us, &off);
	log_printf(&f->log, LOG_LEVEL_NOTICE, "the clock was set by %s: it was %s",
		ip_addr_text(&f->time.by, by), words);
}

void clock_heard(struct fairlead *f, const struct io_event *e, mtime now)
{
	struct time_keeper *t = &f->time;
	struct chrony_said said;

	if (e->slot != SLOT)
		return;
	t->fails = false;
	switch (chrony_news_of(e->text, &said)) {
	case CHRONY_NOTHING:
		break;
	case CHRONY_BEGINS:
	case CHRONY_LOST:
		if (t->follows)
			t->since = now;
		t->follows = false;
		break;
	case CHRONY_FOLLOWS:
		if (!t->follows)
			t->since = now;
		t->follows = true;
		t->is_told = false;
		t->by = said.server;
		break;
	case CHRONY_SET:
		tell_set(f, said.ahead_us);
		break;
	}
}

void clock_tick(struct fairlead *f, mtime now)
{
	struct time_keeper *t = &f->time;

	if (!mtime_reached(now, clock_next_due(f)))
		return;
	if (!t->runs && some_can_be_reached(f)) {
		t->runs = true;
		t->since = now;
		run(f);
	} else if (t->runs) {
		log_printf(&f->log, LOG_LEVEL_WARNING,
			"no time server answers; the clock goes by itself");
		t->is_told = true;
	}
	t->due = mtime_after(now, AGAIN);
}

mtime clock_next_due(const struct fairlead *f)
{
	const struct time_keeper *t = &f->time;

	if (t->n == 0 || t->follows || t->is_told)
		return MTIME_NEVER;
	return t->runs ? mtime_after(t->since, SILENT) : t->due;
}

/* ---- show clock ---- */

static void put_followed(const struct fairlead *f, mtime now, const struct sink *out)
{
	const struct time_keeper *t = &f->time;
	const struct unit *m = &f->io->unit;
	char ago[LINK_SPAN_TEXT_MAX], by[IP_TEXT_MAX], error[LINK_SPAN_TEXT_MAX];
	int64_t error_us;

	sink_printf(out, "by %s, for %s", ip_addr_text(&t->by, by),
		link_span_text(mtime_between(t->since, now), ago));
	if (!owns_clock(f))
		sink_puts(out, "; but the system does not let its clock be set\n");
	else if (m->clock_is_right(m->ctx, &error_us))
		sink_printf(out, ": right to %s\n", link_span_text(us(error_us), error));
	else
		sink_puts(out, ": not yet right\n");
}

void clock_put(const struct fairlead *f, mtime now, const struct sink *out)
{
	const struct time_keeper *t = &f->time;
	char when[WALL_TEXT_MAX], ago[LINK_SPAN_TEXT_MAX], by[IP_TEXT_MAX];
	int64_t wall = f->io->io.wall(f->io->io.ctx);

	sink_printf(out, "%s UTC\n", wall_text(wall, when));
	link_span_text(mtime_between(t->since, now), ago);
	if (t->n == 0)
		sink_puts(out, "no time server is set: see \"set system ntp-server ?\"\n");
	else if (t->follows)
		put_followed(f, now, out);
	else if (!t->runs)
		sink_puts(out, "no link that works leads to a time server\n");
	else if (t->fails)
		sink_puts(out,
			"chronyd, which is to keep the clock, does not run: see \"show log\"\n");
	else if (t->by.family)
		sink_printf(out, "no time server has answered for %s; the last was %s\n", ago,
			ip_addr_text(&t->by, by));
	else
		sink_printf(out, "no time server has answered yet, in %s\n", ago);
}
