/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The session: what it is doing (editing, asking, paging, repeating, waiting), and what comes when
 * a command ends.  Which key does what meanwhile is in console_keys.c, what is seen in
 * console_screen.c. */
#include "console_internal.h"

#include <string.h>

/* ---- the end of a command ---- */

void console_start_editing(struct console *c)
{
	c->activity = ACTIVITY_EDITING;
	line_editor_new_row(&c->editor);
	console_show_held(c);
}

void console_leave(struct console *c)
{
	if (c->done)
		return;
	c->done = true;
	if (c->setup.interactive) /* also the sign, for a client, that this is the end */
		sink_puts(&c->terminal, "\033[?2004l");
}

void console_end(struct console *c, const char *why)
{
	if (c->done)
		return;
	if (c->setup.interactive) {
		console_next_row(c);
		sink_printf(&c->terminal, "the session ends: %s\n", why);
	} else {
		console_say_error(c, "the session ends: %s", why);
		c->status = FL_EPERM;
	}
	console_leave(c);
	console_flush(c);
}

/* The next command that the session begins with, where there is one. */
static bool run_opening(struct console *c)
{
	const struct console_opening *opening = c->setup.opening;

	if (c->nopened > 0 && opening[c->nopened - 1].must_work && c->status) {
		console_leave(c);
		return true;
	}
	if (c->nopened == CONSOLE_OPENINGS_MAX || !opening[c->nopened].line)
		return false;
	c->status = FL_OK;
	console_run(c, str_of(opening[c->nopened++].line));
	return true;
}

/* A command at a terminal has ended. */
void console_after_command(struct console *c)
{
	if (c->dialogue.on) {
		console_start_editing(c);
		c->activity = ACTIVITY_ASKING;
	} else if (c->repeat.run) {
		c->activity = ACTIVITY_REPEATING;
		c->repeat.due = c->now;
		sink_puts(&c->terminal, "\033[H\033[2J");
	} else if (output_is_waiting(&c->output)) {
		c->activity = ACTIVITY_PAGING;
		console_show_more(c, true);
	} else if (c->opened || !run_opening(c)) {
		c->opened = true;
		console_start_editing(c);
	}
}

void console_run(struct console *c, struct str line)
{
	c->running = true;
	c->status = console_run_line(c, line);
	c->running = false;
	if (c->done) { /* it was `exit` */
		c->done = false;
		console_leave(c);
	}
	if (console_is_waiting(c))
		c->activity = ACTIVITY_WAITING;
	else if (c->setup.interactive && !c->done)
		console_after_command(c);
}

/* ---- a text that is being loaded ---- */

void console_end_loading(struct console *c)
{
	c->editor.pasting = false;
	c->running = true;
	c->status = loading_finish(c, &c->terminal);
	c->running = false;
	if (c->setup.interactive)
		console_show_held(c);
}

void console_give_up_loading(struct console *c, const char *why)
{
	c->editor.pasting = false;
	loading_drop(&c->loading);
	console_say_error(c, "%s; nothing was loaded", why);
	c->status = FL_EAGAIN;
}

bool console_loads_line(struct console *c, struct str line)
{
	if (!c->loading.on)
		return false;
	if (str_is(line, "."))
		console_end_loading(c);
	else
		loading_add(&c->loading, line);
	return true;
}

/* ---- the session ---- */

static void copy_text(char *to, size_t cap, struct str from, const char *otherwise)
{
	struct textbuf t = textbuf_of(to, cap);

	for (size_t i = 0; i < from.n; i++)
		if (from.at[i] > ' ' && from.at[i] < 0x7f)
			textbuf_put(&t, from.at + i, 1);
	if (t.n == 0)
		textbuf_printf(&t, "%s", otherwise);
}

static void set_tables(struct console *c)
{
	const struct console_config *config =
		IS_ENABLED(CONFIG_CONSOLE_DRAFT) ? c->setup.config : NULL;
	size_t n = 0;

	if (config) {
		c->builtin[n++] = (struct console_module){console_configure_commands, c};
		c->builtin[n++] = (struct console_module){console_place_commands, c};
		c->builtin[n++] = (struct console_module){console_load_commands, c};
	}
	c->builtin[n++] = (struct console_module){console_session_commands, c};
	if (config && config->confirm)
		c->builtin[n++] = (struct console_module){console_confirm_commands, c};
	if (config && config->files)
		c->builtin[n++] = (struct console_module){console_file_commands, c};
	c->filters[0] = (struct console_module){console_filter_commands, c};
}

struct console *console_open(const struct console_setup *setup, mtime now)
{
	struct console *c = setup->memory->get(setup->memory->ctx, sizeof(*c));

	if (!c)
		return NULL;
	memset(c, 0, sizeof(*c));
	c->setup = *setup;
	c->memory = setup->memory;
	c->now = now;
	c->activity = ACTIVITY_EDITING;
	c->columns = CONSOLE_COLUMNS;
	c->rows = CONSOLE_ROWS;
	c->keys_due = c->idle_due = c->repeat.due = c->prompt_due = MTIME_NEVER;
	c->terminal = (struct sink){console_terminal_put, c};
	copy_text(c->host, sizeof(c->host), setup->host, "fairlead");
	copy_text(c->user, sizeof(c->user), setup->user, "unknown");
	copy_text(c->from, sizeof(c->from), setup->from, "");
	set_tables(c);
	line_editor_init(&c->editor);
	arena_init(&c->scratch, c->memory);
	arena_init(&c->repeat.mem, c->memory);
	arena_init(&c->loading.mem, c->memory);
	arena_init(&c->dialogue.mem, c->memory);
	draft_init(&c->draft, c->memory);
	output_init(&c->output, c->memory, &c->terminal);
	if (setup->interactive) {
		console_set_size(c, setup->columns, setup->rows);
		console_ask_size(c);
		if (setup->idle.us > 0)
			c->idle_due = mtime_after(now, setup->idle);
		console_after_command(c);
		console_draw(c);
	}
	console_flush(c);
	return c;
}

void console_close(struct console *c)
{
	loading_drop(&c->loading);
	dialogue_end(c);
	draft_leave(c);
	output_free(&c->output);
	arena_reset(&c->repeat.mem);
	arena_reset(&c->scratch);
	c->memory->put(c->memory->ctx, c, sizeof(*c));
}

static void take_input(struct console *c, const uint8_t *octets, size_t n)
{
	if (c->setup.interactive)
		console_keys_input(c, octets, n);
	else
		console_lines_input(c, octets, n);
}

/* The command that waits is called; when that was the end of it, what was typed meanwhile follows.
 */
static void wait_over(struct console *c)
{
	uint8_t kept[CONSOLE_KEPT_MAX];
	size_t n = c->nkept;

	console_run_waiting(c);
	if (console_is_waiting(c))
		return;
	if (c->setup.interactive)
		console_after_command(c);
	else
		console_line_ended(c, c->status);
	memcpy(kept, c->kept, n);
	c->nkept = 0;
	take_input(c, kept, n);
}

static void run_due(struct console *c)
{
	if (!c->repeat.run || !mtime_reached(c->now, c->repeat.due))
		return;
	if (console_is_waiting(c))
		wait_over(c);
	else
		console_run_repeat(c);
}

void console_input(struct console *c, mtime now, const void *octets, size_t n)
{
	c->now = now;
	take_input(c, octets, n);
	run_due(c);
	console_draw(c);
	console_flush(c);
}

void console_set_host(struct console *c, struct str host)
{
	char before[sizeof(c->host)];

	memcpy(before, c->host, sizeof(before));
	copy_text(c->host, sizeof(c->host), host, "fairlead");
	if (strcmp(before, c->host) == 0 || c->running)
		return;
	console_draw(c);
	console_flush(c);
}

/* The question that is being answered, the text that is being pasted, the draft. */
static void drop_changes(struct console *c)
{
	if (c->activity == ACTIVITY_ASKING)
		console_no_answer(c);
	if (c->loading.on) {
		console_next_row(c);
		console_give_up_loading(c, "the role has changed");
	}
	draft_leave(c);
}

void console_set_read_only(struct console *c, bool read_only)
{
	if (c->done || read_only == c->setup.read_only)
		return;
	c->setup.read_only = read_only;
	if (read_only)
		drop_changes(c);
	console_notice(c, read_only ? STR("the role is operator now, which may look, but not "
					  "change anything; a draft is gone")
				    : STR("the role is admin now, which may change everything"));
	console_flush(c);
}

struct str console_user(const struct console *c)
{
	return str_of(c->user);
}

bool console_is_done(const struct console *c)
{
	return c->done;
}

enum fl_err console_status(const struct console *c)
{
	return c->status;
}

mtime console_next_due(const struct console *c)
{
	mtime repeat = c->repeat.run ? c->repeat.due : MTIME_NEVER;

	if (c->done)
		return MTIME_NEVER;
	return mtime_first(mtime_first(c->keys_due, c->idle_due),
		mtime_first(repeat, c->activity == ACTIVITY_EDITING ? c->prompt_due : MTIME_NEVER));
}

void console_tick(struct console *c, mtime now)
{
	struct key key;

	c->now = now;
	if (c->done)
		return;
	if (mtime_reached(now, c->keys_due)) {
		c->keys_due = MTIME_NEVER;
		if (keys_give_up(&c->keys, &key))
			console_take_key(c, &key);
	}
	run_due(c);
	if (mtime_reached(now, c->idle_due))
		console_end(c, "no key was pressed for too long");
	console_draw(c);
	console_flush(c);
}
