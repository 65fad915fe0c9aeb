/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The histories of the links: fed every second, saved every hour and at the end.  Saving is rare
 * because the store may be flash: 24 saves of 35 KiB a day wear out no block in the life of a
 * router; a power cut loses an hour at most. */
#include "product.h"

#define SAVE_EVERY sec(3600)

static void item_name(uint8_t number, char out[24])
{
	struct textbuf t = textbuf_of(out, 24);

	textbuf_printf(&t, "history.%u", number);
}

static void load(struct fairlead *f, uint8_t number, mtime now)
{
	const struct storage *s = &f->io->storage;
	struct link_history *h = f->history[number];
	char words[128], name[24];
	struct textbuf why = textbuf_of(words, sizeof(words));
	struct str link = f->link[number].conf->name;
	struct arena mem;
	struct bytes octets;

	link_history_init(h, now);
	item_name(number, name);
	arena_init(&mem, &f->io->memory);
	/* The number may have been another link's: then this one begins anew, as after damage. */
	if (s->load(s->ctx, name, &mem, &octets, &why) == FL_OK &&
		link_history_read(h, link, f->io->io.wall(f->io->io.ctx), now, octets))
		log_printf(&f->log, LOG_LEVEL_INFO, "%.*s: its history begins anew", STR_ARG(link));
	arena_reset(&mem);
}

void histories_start(struct fairlead *f, uint8_t number, mtime now)
{
	if (!f->history[number])
		f->history[number] = ARENA_NEW(&f->history_mem, struct link_history);
	if (!f->history[number]) {
		log_printf(&f->log, LOG_LEVEL_WARNING, "%.*s: no memory for a history",
			STR_ARG(f->link[number].conf->name));
		return;
	}
	load(f, number, now);
	f->history_due = mtime_first(f->history_due, mtime_after(now, SAVE_EVERY));
}

static void save(struct fairlead *f, uint8_t number, struct arena *mem)
{
	const struct storage *s = &f->io->storage;
	uint8_t *room = arena_alloc(mem, LINK_HISTORY_OCTETS_MAX);
	struct buf out = buf_of(room, LINK_HISTORY_OCTETS_MAX);
	char words[128], name[24];
	struct textbuf why = textbuf_of(words, sizeof(words));

	if (!room || !f->history[number])
		return;
	link_history_write(f->history[number], f->link[number].conf->name,
		f->io->io.wall(f->io->io.ctx), &out);
	item_name(number, name);
	if (out.bad || s->save(s->ctx, name, bytes_of(room, out.n), &why))
		log_printf(&f->log, LOG_LEVEL_WARNING, "%.*s: its history was not saved: %s",
			STR_ARG(f->link[number].conf->name), out.bad ? "too long" : words);
}

void histories_stop(struct fairlead *f, uint8_t number)
{
	struct arena mem;

	arena_init(&mem, &f->io->memory);
	save(f, number, &mem);
	arena_reset(&mem);
}

void histories_close(struct fairlead *f)
{
	for (size_t i = 0; i < f->nlinks; i++)
		histories_stop(f, f->order[i]);
	arena_reset(&f->history_mem);
}

void histories_note(struct fairlead *f, uint8_t number, const char *text)
{
	if (f->history[number])
		link_history_note(f->history[number], f->io->io.wall(f->io->io.ctx), str_of(text));
}

void histories_tick(struct fairlead *f, mtime now)
{
	for (size_t i = 0; i < f->nlinks; i++) {
		uint8_t n = f->order[i];

		if (f->history[n] && mtime_reached(now, f->history[n]->next))
			link_history_tick(f->history[n], now, &f->link[n],
				link_operator_shown(
					&f->link[n], &f->op[n], f->published.live & link_bit(n)));
	}
	if (!mtime_reached(now, f->history_due))
		return;
	for (size_t i = 0; i < f->nlinks; i++)
		histories_stop(f, f->order[i]);
	f->history_due = mtime_after(now, SAVE_EVERY);
}

mtime histories_next_due(const struct fairlead *f)
{
	mtime due = f->history_due;

	for (size_t i = 0; i < f->nlinks; i++)
		if (f->history[f->order[i]])
			due = mtime_first(due, f->history[f->order[i]]->next);
	return due;
}
