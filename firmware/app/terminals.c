/* SPDX-License-Identifier: GPL-2.0-or-later */
/* People at the console: a session of the driver is a struct console here. */
#include "product.h"
#include "session_hello.h"

static void terminal_put(void *ctx, const char *text, size_t n)
{
	struct terminal *t = ctx;
	const struct sessions *s = &t->product->io->sessions;

	if (!t->deaf && s->write(s->ctx, t->session, (struct str){text, n}))
		t->deaf = true;
}

static void forget(struct terminal *t)
{
	console_close(t->console);
	*t = (struct terminal){0};
}

/* The session ends: say how it went, where that was asked for. */
static void leave(struct fairlead *f, struct terminal *t)
{
	const struct sessions *s = &f->io->sessions;
	unsigned session = t->session;
	char trailer[SESSION_TRAILER_MAX];

	if (t->reports_status)
		terminal_put(t, trailer,
			session_trailer(console_status(t->console) == FL_OK ? 0 : 1, trailer));
	forget(t);
	s->close(s->ctx, session);
}

/* What a session at a terminal begins with: a password, where there is none; and the first
 * settings. */
static void choose_openings(struct fairlead *f, struct console_setup *setup)
{
	const struct config *c = fairlead_config(f);
	size_t n = 0;

	if (!setup->interactive || setup->read_only)
		return;
	if (people_need_password(f, c))
		setup->opening[n++] = (struct console_opening){"password", true};
	if (c->v.nlinks == 0 && f->in_force)
		setup->opening[n] = (struct console_opening){"setup", false};
}

static void open_terminal(struct fairlead *f, const struct io_event *e, mtime now)
{
	struct terminal *t = &f->terminal[e->session];
	const struct sessions *s = &f->io->sessions;
	struct session_hello hello;
	enum fl_err err = session_hello_parse(e->data, e->text, &hello);
	struct console_setup setup;

	*t = (struct terminal){.product = f,
		.session = e->session,
		.by_root = str_is(e->text, "root"),
		.is_listed = !err && people_are_listed(f, str_of(hello.user))};
	if (err) {
		s->write(s->ctx, e->session,
			err == FL_ENOTSUP ? STR("error: this console speaks another version of the "
						"protocol\n")
					  : STR("error: the first line is no greeting\n"));
		s->close(s->ctx, e->session);
		return;
	}
	setup = (struct console_setup){
		.modules = f->commands,
		.config = &f->console_config,
		.memory = &f->io->memory,
		.out = {terminal_put, t},
		.host = fairlead_config(f)->v.system.host_name,
		.user = str_of(hello.user),
		.from = str_of(hello.from),
		.source = str_of(session_mode_text(hello.mode)),
		.interactive = hello.mode == SESSION_TERMINAL,
		.columns = hello.columns,
		.rows = hello.rows,
		.stops_at_error = hello.mode == SESSION_BATCH,
		.one_line = hello.mode == SESSION_COMMAND,
		.idle = fairlead_config(f)->v.system.console_idle,
		.any_file = t->by_root && str_is(str_of(hello.user), "root"),
		.read_only = people_role(f, t->by_root, str_of(hello.user)) == ROLE_OPERATOR,
	};
	choose_openings(f, &setup);
	t->reports_status = hello.mode == SESSION_BATCH || hello.mode == SESSION_COMMAND;
	t->console = console_open(&setup, now);
	if (!t->console) {
		s->write(s->ctx, e->session, STR("error: out of memory\n"));
		s->close(s->ctx, e->session);
	}
}

void terminals_event(struct fairlead *f, const struct io_event *e)
{
	mtime now = f->io->io.now(f->io->io.ctx);
	struct terminal *t;

	if (e->session >= SESSIONS_MAX_OPEN)
		return;
	t = &f->terminal[e->session];
	if (e->kind == IO_SESSION_OPEN)
		open_terminal(f, e, now);
	else if (t->console && e->kind == IO_SESSION_CLOSED)
		forget(t);
	else if (t->console)
		console_input(t->console, now, e->data.at, e->data.n);
}

/* What a commit has said of who is there counts at once, and before the next key. */
static void follow_settings(struct fairlead *f, struct terminal *t)
{
	struct str user = console_user(t->console);

	console_set_host(t->console, fairlead_config(f)->v.system.host_name);
	if (t->is_listed && !people_are_listed(f, user)) {
		console_end(t->console, "the settings have no user of this name any more");
		return;
	}
	t->is_listed = people_are_listed(f, user);
	console_set_read_only(t->console, people_role(f, t->by_root, user) == ROLE_OPERATOR);
}

void terminals_tick(struct fairlead *f, mtime now)
{
	for (size_t i = 0; i < SESSIONS_MAX_OPEN; i++) {
		struct terminal *t = &f->terminal[i];

		if (t->console)
			follow_settings(f, t);
		if (t->console && mtime_reached(now, console_next_due(t->console)))
			console_tick(t->console, now);
		if (t->console && (t->deaf || console_is_done(t->console)))
			leave(f, t);
	}
}

mtime terminals_next_due(const struct fairlead *f)
{
	mtime due = MTIME_NEVER;

	for (size_t i = 0; i < SESSIONS_MAX_OPEN; i++)
		if (f->terminal[i].console)
			due = mtime_first(due, console_next_due(f->terminal[i].console));
	return due;
}

void terminals_notice(struct fairlead *f, struct str text)
{
	for (size_t i = 0; i < SESSIONS_MAX_OPEN; i++)
		if (f->terminal[i].console && !f->terminal[i].reports_status)
			console_notice(f->terminal[i].console, text);
}

void terminals_close(struct fairlead *f)
{
	for (size_t i = 0; i < SESSIONS_MAX_OPEN; i++)
		if (f->terminal[i].console)
			leave(f, &f->terminal[i]);
}
