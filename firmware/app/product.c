/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "product.h"

#include <string.h>

#define STANDSTILL sec(2) /* of the whole program, that is told */

/* ---- the log: to the driver, to `show log`, and to whoever is at a console ---- */

static void log_line(void *ctx, enum log_level level, struct str text)
{
	struct fairlead *f = ctx;
	mtime now = f->io->io.now(f->io->io.ctx);

	f->io->log.line(f->io->log.ctx, level, text);
	if (level == LOG_LEVEL_DEBUG)
		return;
	journal_add(&f->journal, now, f->io->io.wall(f->io->io.ctx), level, text);
	if (level <= LOG_LEVEL_NOTICE)
		terminals_notice(f, text);
}

enum fl_err fairlead_open(struct fairlead *f, const struct drivers *io)
{
	enum fl_err err;

	memset(f, 0, sizeof(*f));
	f->io = io;
	f->log = (struct log){log_line, f};
	f->started = io->io.now(io->io.ctx);
	f->reconcile_due = MTIME_NEVER;
	for (size_t i = 0; i < COUNT_OF(f->failback); i++)
		f->failback[i].due = MTIME_NEVER;
	f->history_due = MTIME_NEVER;
	f->table_due = f->started;
	lamp_panel_open(&f->panel, &io->lamps, f->started);
	f->heard_due = f->started;
	f->console_files = (struct console_files){
		io->files.ctx, io->files.read, io->files.write, io->files.remove, io->files.name};
	f->console_config = (struct console_config){
		.ctx = f,
		.committed = commit_committed,
		.commit = commit_candidate,
		.check = commit_check,
		.revision = commit_revision,
		.revisions = commit_revisions,
		.confirm = commit_confirm,
		.confirm_left = commit_confirm_left,
		.may_cut_off = commit_may_cut_off,
		.claim = commit_claim,
		.release = commit_release,
		.files = &f->console_files,
	};
	arena_init(&f->scratch, &io->memory);
	arena_init(&f->history_mem, &io->memory);
	modules_schema(f->schema);
	for (size_t i = 0; i < COUNT_OF(f->config); i++)
		config_init(&f->config[i], f->schema, &io->memory);
	io->io.random(io->io.ctx, f->cookie_secret, sizeof(f->cookie_secret));
	uplinks_load(f);
	meters_load(f);
	connection_table_open(f);
	err = commit_load(f);
	publish(f, io->io.now(io->io.ctx));
	system_open(f, io->io.now(io->io.ctx));
	panel_update(f);
	return err;
}

void fairlead_close(struct fairlead *f)
{
	terminals_close(f);
	inquiries_end(f);
	if (f->meters_due.us != MTIME_NEVER.us)
		meters_save(f);
	histories_close(f);
	for (size_t i = 0; i < f->nlinks; i++)
		f->io->probes.close(f->io->probes.ctx, f->order[i]);
	arena_reset(&f->scratch);
	for (size_t i = 0; i < COUNT_OF(f->config); i++)
		config_free(&f->config[i]);
}

enum fl_err fairlead_flush(struct fairlead *f)
{
	const struct kernel *k = &f->io->kernel;
	struct forwarding_source source = config_forwarding_source(fairlead_config(f));
	char words[256];
	struct textbuf why = textbuf_of(words, sizeof(words));
	struct kernel_state state;
	enum fl_err err = forwarding_want(&source, &f->published, &f->scratch, &state);

	if (!err)
		err = k->remove_all(k->ctx, &state, &why);
	if (err)
		log_printf(&f->log, LOG_LEVEL_ERROR, "forwarding state was not removed in full: %s",
			words);
	arena_reset(&f->scratch);
	return err;
}

static void handle(struct fairlead *f, const struct io_event *e, mtime now)
{
	switch (e->kind) {
	case IO_NOTHING:
		break;
	case IO_PROBE_ANSWER:
	case IO_PROBE_ENDED:
		if (e->link)
			uplinks_probe_answer(f, e);
		else
			servers_event(f, e, now);
		break;
	case IO_NEIGHBOUR:
		uplinks_neighbour(f, e, now);
		break;
	case IO_INTERFACE:
		uplinks_interface(f, e->interface, now);
		break;
	case IO_SESSION_OPEN:
	case IO_SESSION_INPUT:
	case IO_SESSION_CLOSED:
		terminals_event(f, e);
		break;
	case IO_WORKER_GONE:
		log_printf(&f->log, LOG_LEVEL_ERROR,
			"the DNS worker is gone (%.*s); it is started again", STR_ARG(e->text));
		break;
	case IO_DATAGRAM:
		if (!inquiries_answer(f, e))
			secondaries_answer(f, e);
		break;
	case IO_PAGE:
		pages_asked(f, e, now);
		break;
	case IO_DAEMON_REPORT:
		acquire_report(f, e, now);
		break;
	case IO_DAEMON_LINE:
		clock_heard(f, e, now);
		break;
	case IO_TASK_LINE:
	case IO_TASK_ENDED:
	case IO_BUTTON:
		system_event(f, e, now);
		break;
	case IO_KERNEL_CHANGED:
		f->reconcile_due = mtime_first(f->reconcile_due, now);
		break;
	case IO_STOP:
		f->stop = true;
		break;
	case IO_RELOAD:
		if (commit_reload(f) == FL_OK)
			log_printf(&f->log, LOG_LEVEL_NOTICE, "revision %u read from the file",
				f->revision);
		break;
	}
}

static void wait_for_event(struct fairlead *f, mtime until, struct io_event *e)
{
	const struct io *io = &f->io->io;
	mtime begin = io->now(io->ctx);

	/* What is overdue may have been so for long, as nothing could be done about it. */
	until = mtime_before(until, begin) ? begin : until;
	f->stood = f->woke.us ? mtime_between(f->woke, begin) : us(0);
	io->wait(io->ctx, until, e);
	f->woke = io->now(io->ctx);
	if (mtime_before(until, f->woke))
		f->stood.us += mtime_between(until, f->woke).us;
}

/* The machine, the disk or we ourselves kept everything waiting.  Links are judged by when answers
 * came, so none dies of it; but one that died meanwhile was noticed late. */
static void note_standstill(struct fairlead *f)
{
	char text[LINK_SPAN_TEXT_MAX];

	if (f->stood.us >= STANDSTILL.us)
		log_printf(&f->log, LOG_LEVEL_WARNING,
			"the router stood still for %s: a busy machine, or a slow disk",
			link_span_text(f->stood, text));
}

void fairlead_step(struct fairlead *f, mtime until)
{
	struct io_event e;
	mtime now;

	until = mtime_first(until, uplinks_next_due(f));
	until = mtime_first(until, panel_next_due(f));
	until = mtime_first(until, secondaries_next_due(f));
	until = mtime_first(until, inquiries_next_due(f));
	until = mtime_first(until, terminals_next_due(f));
	until = mtime_first(until, commit_next_due(f));
	until = mtime_first(until, acquire_next_due(f));
	until = mtime_first(until, f->reconcile_due);
	until = mtime_first(until, failback_next_due(f));
	until = mtime_first(until, servers_due(f));
	until = mtime_first(until, f->table_due);
	until = mtime_first(until, link_drill_next_due(&f->drill));
	until = mtime_first(until, histories_next_due(f));
	until = mtime_first(until, system_next_due(f));
	until = mtime_first(until, reports_next_due(f));
	until = mtime_first(until, clock_next_due(f));
	wait_for_event(f, until, &e);
	now = f->woke;
	note_standstill(f);
	handle(f, &e, now);
	commit_tick(f, now);
	acquire_tick(f, now);
	uplinks_tick(f, now);
	operator_tick(f, now);
	if (f->links_changed) {
		f->links_changed = false;
		publish(f, now);
		publish_prefixes(f, now);
		lans_follow(f);
		panel_update(f);
	}
	failback_tick(f, now);
	servers_work(f, now);
	connection_table_tick(f, now);
	histories_tick(f, now);
	if (mtime_reached(now, f->reconcile_due))
		publish_reconcile(f, now);
	secondaries_tick(f, now);
	inquiries_tick(f, now);
	system_tick(f, now);
	clock_tick(f, now);
	reports_tick(f, now);
	panel_tick(f, now);
	terminals_tick(f, now);
}
