/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Metered links: what they carry is counted with each look at the counters, and kept over a
 * restart.  It is saved every hour, at each mark, and whenever another hundredth of the quota was
 * used: a power cut forgets no more than that. */
#include "product.h"

#include <string.h>

#define SAVE_NAME  "meters"
#define SAVE_EVERY sec(3600)

static struct link_meter *meter_named(struct fairlead *f, struct str name)
{
	for (unsigned n = 1; n <= FL_LINKS_MAX; n++)
		if (f->known[n].name[0] && str_is(name, f->known[n].name))
			return &f->meter[n];
	return NULL;
}

void meters_load(struct fairlead *f)
{
	char words[128];
	struct textbuf why = textbuf_of(words, sizeof(words));
	const struct storage *s = &f->io->storage;
	struct bytes octets;
	struct str text, name;
	enum fl_err err = s->load(s->ctx, SAVE_NAME, &f->scratch, &octets, &why);

	f->meters_due = MTIME_NEVER;
	if (err == FL_OK) {
		text = (struct str){(const char *)octets.at, octets.n};
		while (text.n) {
			struct link_meter m, *to;

			if (link_meter_read(str_cut(&text, '\n'), &name, &m) &&
				(to = meter_named(f, name)) != NULL)
				*to = m;
		}
	} else if (err != FL_ENOENT) {
		log_printf(&f->log, LOG_LEVEL_WARNING,
			"the saved quotas of the links: %s; counting anew", words);
	}
	arena_reset(&f->scratch);
}

void meters_save(struct fairlead *f)
{
	char text[FL_LINKS_MAX * (FL_NAME_MAX + 120)], words[128];
	struct textbuf t = textbuf_of(text, sizeof(text)), why = textbuf_of(words, sizeof(words));
	const struct storage *s = &f->io->storage;

	f->meters_due = MTIME_NEVER;
	for (unsigned n = 1; n <= FL_LINKS_MAX; n++) {
		if (!f->known[n].name[0] || !f->meter[n].known)
			continue;
		link_meter_write(&f->meter[n], str_of(f->known[n].name), &t);
		f->meter_saved[n] = f->meter[n].used;
	}
	if (t.n && s->save(s->ctx, SAVE_NAME, bytes_of(text, t.n), &why))
		log_printf(&f->log, LOG_LEVEL_WARNING, "the quotas of the links were not saved: %s",
			words);
}

static void tell(struct fairlead *f, uint8_t number, enum link_meter_news news, const char *words)
{
	log_printf(&f->log, news == LINK_METER_MARK ? LOG_LEVEL_WARNING : LOG_LEVEL_NOTICE,
		"%.*s: %s", STR_ARG(f->link[number].conf->name), words);
	histories_note(f, number, words);
}

void meters_count(
	struct fairlead *f, uint8_t number, const struct interface_state *state, mtime now)
{
	struct link *l = &f->link[number];
	struct link_meter *m = &f->meter[number];
	int64_t wall = f->io->io.wall(f->io->io.ctx);
	bool in_use = f->published.live >> (number - 1) & 1;
	char words[160];
	struct textbuf t = textbuf_of(words, sizeof(words));
	enum link_meter_news news;

	if (!link_is_metered(l->conf) || !state->exists)
		return;
	news = link_meter_count(m, l->conf, wall, state->rx_bytes, state->tx_bytes, &t);
	if (news != LINK_METER_NO_NEWS)
		tell(f, number, news, words);
	if (l->spent != link_meter_is_spent(m, l->conf)) {
		l->spent = !l->spent;
		f->links_changed = true;
	}
	link_set_pace(l, now, link_meter_interval(m, l->conf, wall, in_use), !in_use);
	if (news != LINK_METER_NO_NEWS ||
		m->used - f->meter_saved[number] > l->conf->metered.quota / 100)
		f->meters_due = now;
	f->meters_due = mtime_first(f->meters_due, mtime_after(now, SAVE_EVERY));
}

void meters_probe(struct fairlead *f, uint8_t number, const struct link_target *t)
{
	if (link_is_metered(f->link[number].conf))
		link_meter_probe(&f->meter[number], t);
}
