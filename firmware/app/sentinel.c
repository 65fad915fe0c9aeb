/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sentinel.h"

#include <string.h>

static void log_line(void *ctx, enum log_level level, struct str text)
{
	struct sentinel *s = ctx;
	const struct io *io = &s->io->io;

	s->io->log.line(s->io->log.ctx, level, text);
	if (level == LOG_LEVEL_DEBUG)
		return;
	journal_add(&s->journal, io->now(io->ctx), io->wall(io->ctx), level, text);
	if (s->console && level <= LOG_LEVEL_NOTICE)
		console_notice(s->console, text);
}

/* So that two name servers that start together do not answer in step. */
static void open_responder(struct sentinel *s)
{
	const struct io *io = &s->io->io;
	uint64_t seed;

	io->random(io->ctx, &seed, sizeof(seed));
	s->responder.rng = rng_of(seed);
	s->responder.turn = (uint32_t)rng_u64(&s->responder.rng);
	s->responder.limiter = &s->limiter;
	io->random(io->ctx, s->cookie_secret, sizeof(s->cookie_secret));
}

void sentinel_open(struct sentinel *s, const struct sentinel_io *io)
{
	memset(s, 0, sizeof(*s));
	s->io = io;
	s->log = (struct log){log_line, s};
	s->started = io->io.now(io->io.ctx);
	modules_schema(s->schema);
	open_responder(s);
	lamp_panel_open(&s->panel, &s->io->lamps, s->started);
	sentinel_zones_load(s);
	sentinel_console_bind(s);
	sentinel_panel_update(s, s->started);
	sentinel_console_open(s, s->started);
}

void sentinel_close(struct sentinel *s)
{
	if (s->console)
		console_close(s->console);
	s->console = NULL;
	sentinel_links_stop(s);
	sentinel_zones_close(s);
}

bool sentinel_answer(struct sentinel *s, const struct ip_addr *from, bool tcp, struct bytes query,
	struct buf *reply)
{
	const struct io *io = &s->io->io;
	const struct dns_client client = {
		*from, tcp, io->now(io->ctx), (uint32_t)io->wall(io->ctx)};

	return s->responder.image.at &&
	       dns_answer(&s->responder, &s->published, &client, query, reply) == DNS_REPLY;
}

/* Events of other editions' drivers are none of its business. */
static void handle(struct sentinel *s, const struct io_event *e, mtime now)
{
	if (e->kind == IO_PROBE_ANSWER || e->kind == IO_PROBE_ENDED)
		sentinel_links_answer(s, e, now);
	else if (e->kind == IO_INTERFACE)
		sentinel_links_interface(s, e->interface, now);
	else if (e->kind == IO_SESSION_INPUT && s->console)
		console_input(s->console, now, e->data.at, e->data.n);
	else if (e->kind == IO_STOP)
		s->stop = true;
}

void sentinel_step(struct sentinel *s, mtime until)
{
	const struct io *io = &s->io->io;
	struct io_event e;
	mtime now;

	until = mtime_first(until, sentinel_links_due(s));
	until = mtime_first(until, lamp_panel_next_due(&s->panel));
	if (s->console)
		until = mtime_first(until, console_next_due(s->console));
	io->wait(io->ctx, until, &e);

	now = io->now(io->ctx);
	handle(s, &e, now);
	sentinel_links_tick(s, now);
	if (s->links_changed) {
		s->links_changed = false;
		sentinel_links_publish(s);
		sentinel_panel_update(s, now);
	}
	lamp_panel_tick(&s->panel, now);
	sentinel_console_tick(s, now);
}
