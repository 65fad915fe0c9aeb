/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is left on a backup when the main link is back.
 *
 * New connections leave a backup that is stood down by themselves.  Those it has can stay on it for
 * hours, unseen, on a link that costs money.  Settings say what becomes of them; they are cut only
 * after the kernel's switch, so that who connects again does so over the main link, and a few
 * seconds later it is looked whether anything is left. */
#include "product.h"

#define LOOK_AGAIN sec(3)

/* A backup that works, and is not used. */
static bool is_stood_down(const struct fairlead *f, const struct published *p, uint8_t number)
{
	const struct link_conf *c = f->link[number].conf;
	const struct link_operator *op = &f->op[number];

	return c && link_operator_is_backup(c, op) && !link_operator_bars(op) &&
	       p->fit & ~p->live & link_bit(number);
}

void failback_published(struct fairlead *f, const struct published *old, mtime now)
{
	for (uint8_t n = 1; n <= FL_LINKS_MAX; n++) {
		const struct link_conf *c = f->link[n].conf;

		if (!is_stood_down(f, &f->published, n))
			f->failback[n] = (struct failback){.due = MTIME_NEVER};
		else if (old->live & link_bit(n) && c->fail_back != LINK_KEEP)
			f->failback[n].due =
				c->fail_back == LINK_CUT ? now : mtime_after(now, c->drain_time);
	}
}

static bool count_one(void *ctx, const struct kernel_flow *flow)
{
	(void)flow;
	++*(size_t *)ctx;
	return true;
}

/* Cuts what is there; returns how many connections that were. */
static size_t cut(struct fairlead *f, uint8_t number)
{
	const struct kernel *k = &f->io->kernel;
	char words[256];
	struct textbuf why = textbuf_of(words, sizeof(words));
	size_t n = 0;

	if (k->flows(k->ctx, number, count_one, &n, &why) ||
		(n && k->flush(k->ctx, number, 0, &why)))
		log_printf(&f->log, LOG_LEVEL_ERROR, "%.*s: what is left on it was not cut: %s",
			STR_ARG(f->link[number].conf->name), words);
	return n;
}

static void fail_back(struct fairlead *f, uint8_t number, mtime now)
{
	struct failback *b = &f->failback[number];
	struct str name = f->link[number].conf->name;
	size_t n = cut(f, number);

	b->due = MTIME_NEVER;
	if (n)
		log_printf(&f->log, LOG_LEVEL_NOTICE,
			"%.*s: not needed any more: %zu connection%s cut", STR_ARG(name), n,
			n == 1 ? "" : "s");
	else
		log_printf(&f->log, LOG_LEVEL_INFO, "%.*s: no connection is left on it",
			STR_ARG(name));
	/* Something may have slipped in; twice is enough, and then somebody should look. */
	if (n && b->cuts++ < 2)
		b->due = mtime_after(now, LOOK_AGAIN);
}

void failback_tick(struct fairlead *f, mtime now)
{
	for (uint8_t n = 1; n <= FL_LINKS_MAX; n++)
		if (f->link[n].conf && mtime_reached(now, f->failback[n].due))
			fail_back(f, n, now);
}

mtime failback_next_due(const struct fairlead *f)
{
	mtime due = MTIME_NEVER;

	for (uint8_t n = 1; n <= FL_LINKS_MAX; n++)
		if (f->link[n].conf)
			due = mtime_first(due, f->failback[n].due);
	return due;
}
