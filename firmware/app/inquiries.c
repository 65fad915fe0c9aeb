/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions to the world, for `check mail` and `check delegation`: sent each by its link, asked
 * again once, given up.  One inquiry at a time. */
#include "probing.h"
#include "product.h"

#define PATIENCE    sec(2) /* then it is asked again, */
#define GIVEN_UP    sec(5) /* and then it is silence */
#define FETCH_TIME  sec(1)
#define SLOTS       8
#define FIRST_SLOT  DATAGRAMS_QUESTIONS
#define DOMAIN_PORT 53

static const struct datagrams *driver(const struct fairlead *f)
{
	return &f->io->datagrams;
}

static bool is_open(const struct fairlead *f)
{
	for (size_t i = 0; f->inquiries.q && i < f->inquiries.q->n; i++)
		if (f->inquiries.q->question[i].state == INQUIRY_OPEN)
			return true;
	return false;
}

struct inquiry *inquiries_new(void *ctx)
{
	struct fairlead *f = ctx;
	struct inquiries *all = &f->inquiries;

	if (all->q &&
		(is_open(f) || !mtime_reached(f->io->io.now(f->io->io.ctx), all->fetch_until)))
		return NULL;
	inquiries_end(f);
	arena_init(&all->mem, &f->io->memory);
	all->q = ARENA_NEW(&all->mem, struct inquiry);
	return all->q;
}

const struct inquiry *inquiries_done(void *ctx)
{
	struct fairlead *f = ctx;

	if (is_open(f))
		return NULL;
	f->inquiries.fetch_until = f->io->io.now(f->io->io.ctx);
	return f->inquiries.q;
}

void inquiries_end(struct fairlead *f)
{
	for (size_t i = 0; i < SLOTS; i++)
		driver(f)->close(driver(f)->ctx, (unsigned)(FIRST_SLOT + i));
	if (f->inquiries.mem.source)
		arena_reset(&f->inquiries.mem);
	f->inquiries = (struct inquiries){.q = NULL};
}

static void send_question(struct fairlead *f, struct inquiry_exchange *e, unsigned slot, mtime now)
{
	struct inquiry_question *a = &f->inquiries.q->question[e->question];
	const struct link_conf *conf = f->link[a->link].conf;
	uint8_t octets[DNS_ASK_SIZE];
	struct buf message = buf_of(octets, sizeof(octets));
	char words[128];
	struct textbuf why = textbuf_of(words, sizeof(words));
	struct probe_path path;

	if (!conf) { /* a commit took the link away */
		a->state = INQUIRY_UNSENT;
		e->used = false;
		return;
	}
	path = probing_path(conf, config_mark_bits(fairlead_config(f)));
	f->io->io.random(f->io->io.ctx, &e->id, sizeof(e->id));
	dns_ask(&a->name, a->type, e->id, a->recursive, &message);
	if (driver(f)->send(driver(f)->ctx, slot, &path, &a->server, DOMAIN_PORT,
		    bytes_of(message.at, message.n), &why)) {
		log_printf(&f->log, LOG_LEVEL_DEBUG, "a question was not sent: %s", words);
		a->state = INQUIRY_UNSENT;
		e->used = false;
		return;
	}
	e->again = mtime_after(now, PATIENCE);
}

/* Is the question on its way? */
static bool is_under_way(const struct inquiries *all, size_t question)
{
	for (size_t i = 0; i < COUNT_OF(all->exchange); i++)
		if (all->exchange[i].used && all->exchange[i].question == question)
			return true;
	return false;
}

static void end_exchange(struct fairlead *f, size_t i)
{
	driver(f)->close(driver(f)->ctx, (unsigned)(FIRST_SLOT + i));
	f->inquiries.exchange[i].used = false;
}

/* Free slots for questions that wait. */
static void begin_exchanges(struct fairlead *f, mtime now)
{
	struct inquiries *all = &f->inquiries;
	size_t next = 0;

	for (size_t i = 0; i < COUNT_OF(all->exchange); i++) {
		while (next < all->q->n &&
			(all->q->question[next].state != INQUIRY_OPEN || is_under_way(all, next)))
			next++;
		if (all->exchange[i].used || next == all->q->n)
			continue;
		all->exchange[i] = (struct inquiry_exchange){
			.used = true, .question = next, .given_up = mtime_after(now, GIVEN_UP)};
		send_question(f, &all->exchange[i], (unsigned)(FIRST_SLOT + i), now);
	}
}

bool inquiries_answer(struct fairlead *f, const struct io_event *e)
{
	struct inquiries *all = &f->inquiries;
	struct inquiry_exchange *x;
	struct inquiry_question *a;
	struct dns_reply *reply;

	if (e->slot < FIRST_SLOT || e->slot >= FIRST_SLOT + SLOTS)
		return false;
	x = &all->exchange[e->slot - FIRST_SLOT];
	if (!all->q || !x->used)
		return true;
	a = &all->q->question[x->question];
	reply = ARENA_NEW(&all->mem, struct dns_reply);
	if (!reply || dns_reply_parse(e->data, &a->name, a->type, x->id, reply))
		return true; /* not from whom was asked, or nothing that can be read */
	end_exchange(f, e->slot - FIRST_SLOT);
	inquiry_answered(all->q, x->question, reply);
	return true;
}

void inquiries_tick(struct fairlead *f, mtime now)
{
	struct inquiries *all = &f->inquiries;

	if (!all->q)
		return;
	for (size_t i = 0; i < COUNT_OF(all->exchange); i++) {
		struct inquiry_exchange *x = &all->exchange[i];

		if (!x->used)
			continue;
		if (mtime_reached(now, x->given_up)) {
			all->q->question[x->question].state = INQUIRY_SILENT;
			end_exchange(f, i);
		} else if (mtime_reached(now, x->again)) {
			send_question(f, x, (unsigned)(FIRST_SLOT + i), now);
		}
	}
	if (is_open(f))
		all->fetch_until = mtime_after(now, FETCH_TIME);
	begin_exchanges(f, now);
}

mtime inquiries_next_due(const struct fairlead *f)
{
	const struct inquiries *all = &f->inquiries;
	mtime due = MTIME_NEVER;

	for (size_t i = 0; all->q && i < COUNT_OF(all->exchange); i++)
		if (all->exchange[i].used)
			due = mtime_first(due,
				mtime_first(all->exchange[i].again, all->exchange[i].given_up));
	return due;
}
