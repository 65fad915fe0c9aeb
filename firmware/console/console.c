/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The session: what it is doing (editing, paging, repeating), and which key does what meanwhile.
 *
 * Octets are turned into keys one by one, but the line is drawn once at the end of an input: so a
 * paste of thousands of lines costs one row each, not one per letter. */
#include "console_internal.h"

#include "utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define KEY_SILENCE   ms(300) /* behind ESC: then it was the key and not the start of a sequence */
#define MORE_PROMPT   "-- more (Space: page, Enter: line, q: quit) --"
#define COLUMNS_MIN   20
#define ROWS_MIN      3
#define ROWS_MAX      1000
#define SIZE_QUESTION "\0337\033[999;999H\033[6n\0338"

/* ---- octets out ---- */

static void flush(struct console *c)
{
	size_t n = c->npending;

	c->npending = 0;
	if (n)
		c->setup.out.put(c->setup.out.ctx, c->pending, n);
}

static void put_octet(struct console *c, char octet)
{
	if (c->npending == sizeof(c->pending))
		flush(c);
	c->pending[c->npending++] = octet;
}

static void terminal_put(void *ctx, const char *text, size_t n)
{
	struct console *c = ctx;

	for (size_t i = 0; i < n; i++) {
		if (text[i] == '\n' && c->setup.interactive)
			put_octet(c, '\r');
		put_octet(c, text[i]);
	}
}

void console_say_error(struct console *c, const char *format, ...)
{
	char text[512];
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n >= sizeof(text))
		n = (int)sizeof(text) - 1;
	sink_puts(&c->terminal, "error: ");
	utf8_clean((struct str){text, (size_t)n}, &c->terminal);
	sink_puts(&c->terminal, "\n");
}

static void ring(struct console *c)
{
	if (!c->rung)
		sink_puts(&c->terminal, "\a");
	c->rung = true;
}

/* ---- the row being typed ---- */

/* "(confirm in 5m)": whole minutes, and tens of seconds in the last one.  So the row changes
 * seldom, which whoever reads it with his ears or copies from it is glad of. */
static void put_countdown(struct console *c, struct textbuf *t)
{
	const struct console_config *config = c->setup.config;
	int64_t left = config && config->confirm_left ? config->confirm_left(config->ctx).us : 0;
	int64_t step = left > 60000000 ? 60000000 : 10000000, steps = (left + step - 1) / step;

	c->prompt_due = MTIME_NEVER;
	if (left <= 0)
		return;
	if (step == 60000000)
		textbuf_printf(t, "(confirm in %lldm)", (long long)steps);
	else
		textbuf_printf(t, "(confirm in %llds)", (long long)steps * 10);
	c->prompt_due = mtime_after(c->now, us(left - (steps - 1) * step));
}

/* "[link wan1]"; the end of a long one. */
static void put_place(const struct console *c, struct textbuf *t)
{
	struct str place = str_of(c->draft.place);
	size_t from = place.n > CONSOLE_PLACE_SHOWN ? place.n - CONSOLE_PLACE_SHOWN : 0;

	if (from)
		from = utf8_after(place, utf8_before(place, from));
	if (place.n)
		textbuf_printf(
			t, "[%s%.*s]", from ? "..." : "", (int)(place.n - from), place.at + from);
}

/* Is there a row in which somebody types? */
static bool has_row(const struct console *c)
{
	return c->activity == ACTIVITY_EDITING || c->activity == ACTIVITY_ASKING;
}

static struct str prompt_of(struct console *c)
{
	if (c->activity == ACTIVITY_ASKING)
		return str_of(c->dialogue.question);
	if (c->loading.on)
		return (struct str){"", 0};
	struct textbuf t = textbuf_of(c->prompt, sizeof(c->prompt));

	textbuf_printf(&t, "%s", c->host);
	put_countdown(c, &t);
	put_place(c, &t);
	textbuf_printf(&t, "%s ", c->draft.open ? "#" : ">");
	return textbuf_str(&t);
}

static void draw(struct console *c)
{
	if (!c->setup.interactive || c->done)
		return;
	if (has_row(c))
		line_editor_draw(&c->editor, prompt_of(c), c->columns, &c->terminal);
}

static void next_row(struct console *c)
{
	sink_puts(&c->terminal, "\n");
	line_editor_new_row(&c->editor);
}

static void more_prompt(struct console *c, bool shown)
{
	char text[] = MORE_PROMPT;

	if (shown)
		sink_put(&c->terminal,
			(struct str){text,
				sizeof(text) > c->columns ? c->columns - 1u : sizeof(text) - 1});
	else
		sink_puts(&c->terminal, "\r\033[K");
}

/* ---- notices ---- */

static void show_notice(struct console *c, struct str text)
{
	utf8_clean(text, &c->terminal);
	sink_puts(&c->terminal, "\n");
}

static void show_held(struct console *c)
{
	struct str rest = {c->held, c->nheld};

	while (rest.n)
		show_notice(c, str_cut(&rest, '\n'));
	if (c->lost)
		sink_printf(&c->terminal, "%zu more messages were not shown; see `show log`\n",
			c->lost);
	c->nheld = c->lost = 0;
}

static void hold_notice(struct console *c, struct str text)
{
	if (text.n + 1 > sizeof(c->held) - c->nheld) {
		c->lost++;
		return;
	}
	memcpy(c->held + c->nheld, text.at, text.n);
	c->nheld += text.n;
	c->held[c->nheld++] = '\n';
}

void console_notice(struct console *c, struct str text)
{
	if (!c->setup.interactive || c->done)
		return;
	if (c->running || !has_row(c)) {
		hold_notice(c, text);
		return;
	}
	sink_puts(&c->terminal, "\r\033[K");
	line_editor_new_row(&c->editor);
	while (text.n)
		show_notice(c, str_cut(&text, '\n'));
	draw(c);
	flush(c);
}

/* ---- the end of a command ---- */

static void start_editing(struct console *c)
{
	c->activity = ACTIVITY_EDITING;
	line_editor_new_row(&c->editor);
	show_held(c);
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
		next_row(c);
		sink_printf(&c->terminal, "the session ends: %s\n", why);
	} else {
		console_say_error(c, "the session ends: %s", why);
		c->status = FL_EPERM;
	}
	console_leave(c);
	flush(c);
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
static void after_command(struct console *c)
{
	if (c->dialogue.on) {
		start_editing(c);
		c->activity = ACTIVITY_ASKING;
	} else if (c->repeat.run) {
		c->activity = ACTIVITY_REPEATING;
		c->repeat.due = c->now;
		sink_puts(&c->terminal, "\033[H\033[2J");
	} else if (output_is_waiting(&c->output)) {
		c->activity = ACTIVITY_PAGING;
		more_prompt(c, true);
	} else if (c->opened || !run_opening(c)) {
		c->opened = true;
		start_editing(c);
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
		after_command(c);
}

/* ---- the size of the terminal ---- */

static uint16_t within(uint16_t n, uint16_t low, uint16_t high)
{
	return n < low ? low : n > high ? high : n;
}

static void set_size(struct console *c, uint16_t columns, uint16_t rows)
{
	if (columns == 0 || rows == 0)
		return;
	c->columns = within(columns, COLUMNS_MIN, LINE_COLUMNS_MAX);
	c->rows = within(rows, ROWS_MIN, ROWS_MAX);
	if (!c->well_known) /* it can do more than print: have pastes marked */
		sink_puts(&c->terminal, "\033[?2004h");
	c->well_known = true;
	/* The row may have been wrapped: draw all of it anew. */
	if (has_row(c) && c->editor.nrow) {
		sink_puts(&c->terminal, "\r\033[K");
		line_editor_new_row(&c->editor);
	}
}

static void ask_size(struct console *c)
{
	if (c->setup.columns)
		return;
	c->probing = true;
	sink_puts(&c->terminal, SIZE_QUESTION);
}

/* ---- a text that is being loaded ---- */

/* What was printed while nobody could have seen a pager. */
void console_end_loading(struct console *c)
{
	c->editor.pasting = false;
	c->running = true;
	c->status = loading_finish(c, &c->terminal);
	c->running = false;
	if (c->setup.interactive)
		show_held(c);
}

static void give_up_loading(struct console *c, const char *why)
{
	c->editor.pasting = false;
	loading_drop(&c->loading);
	console_say_error(c, "%s; nothing was loaded", why);
	c->status = FL_EAGAIN;
}

/* Is the line part of it?  Nothing of it is run. */
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

/* ---- keys while editing ---- */

static void on_accept(struct console *c)
{
	struct str text = line_editor_text(&c->editor);
	char *line;

	c->editor.at = c->editor.n;
	draw(c);
	next_row(c);
	arena_reset(&c->scratch);
	/* Without a copy, for which the text may have left no memory. */
	if (c->loading.on) {
		struct str loaded = str_is(text, ".") ? STR(".") : text;

		line_editor_reset(&c->editor);
		(void)console_loads_line(c, loaded);
		return;
	}
	history_add(&c->editor.history, text);
	line = arena_copy(&c->scratch, text.at, text.n);
	line_editor_reset(&c->editor);
	if (line)
		console_run(c, (struct str){line, text.n});
	else
		console_say_error(c, "out of memory");
}

static void on_too_long(struct console *c)
{
	next_row(c);
	console_say_error(
		c, "the line has more than %d octets; nothing of it was run", LINE_MAX_OCTETS);
	c->status = FL_EFULL;
	if (c->loading.on)
		give_up_loading(c, "a line was too long");
}

static void on_interrupt(struct console *c)
{
	c->editor.at = c->editor.n;
	draw(c);
	sink_puts(&c->terminal, "^C");
	next_row(c);
	line_editor_reset(&c->editor);
	if (c->loading.on)
		give_up_loading(c, "stopped");
}

static void on_end(struct console *c)
{
	draw(c);
	next_row(c);
	if (c->loading.on)
		console_end_loading(c);
	else
		console_run(c, STR("exit"));
}

static struct str text_before_cursor(struct console *c)
{
	char *text = arena_copy(&c->scratch, c->editor.text, c->editor.at);

	return (struct str){text ? text : "", text ? c->editor.at : 0};
}

static void on_complete(struct console *c)
{
	struct str line, insert = {"", 0};

	arena_reset(&c->scratch);
	line = text_before_cursor(c);
	if (console_complete(c, line, &insert)) {
		if (!line_editor_insert(&c->editor, insert))
			ring(c);
		return;
	}
	draw(c);
	next_row(c);
	console_show_offers(c, line);
}

static void on_help(struct console *c)
{
	arena_reset(&c->scratch);
	draw(c);
	next_row(c);
	console_show_offers(c, text_before_cursor(c));
}

static void on_clear(struct console *c)
{
	sink_puts(&c->terminal, "\033[H\033[2J");
	line_editor_new_row(&c->editor);
	ask_size(c);
}

static void on_nothing(struct console *c)
{
	(void)c;
}

static void edit_key(struct console *c, const struct key *key)
{
	static void (*const on[])(struct console *) = {
		[LINE_EDITED] = on_nothing,
		[LINE_ACCEPTED] = on_accept,
		[LINE_TOO_LONG] = on_too_long,
		[LINE_INTERRUPTED] = on_interrupt,
		[LINE_END] = on_end,
		[LINE_COMPLETE] = on_complete,
		[LINE_HELP] = on_help,
		[LINE_CLEAR] = on_clear,
		[LINE_REFUSED] = ring,
	};

	c->editor.pasting |= c->loading.on; /* Tab and "?" are text */
	on[line_editor_key(&c->editor, key)](c);
}

/* ---- keys while a command asks ---- */

static void on_answer(struct console *c)
{
	struct str text = line_editor_text(&c->editor);

	c->editor.at = c->editor.n;
	draw(c);
	next_row(c);
	c->running = true;
	dialogue_answer(c, c->editor.hidden ? text : str_trim(text));
	c->running = false;
	after_command(c);
}

static void on_no_answer(struct console *c)
{
	draw(c);
	next_row(c);
	dialogue_give_up(c);
	after_command(c);
}

static void answer_key(struct console *c, const struct key *key)
{
	switch (line_editor_key(&c->editor, key)) {
	case LINE_EDITED:
		break;
	case LINE_ACCEPTED:
		on_answer(c);
		break;
	case LINE_INTERRUPTED:
	case LINE_END:
	case LINE_TOO_LONG:
		on_no_answer(c);
		break;
	case LINE_CLEAR:
		on_clear(c);
		break;
	case LINE_COMPLETE:
	case LINE_HELP:
	case LINE_REFUSED:
		ring(c);
		break;
	}
}

/* ---- keys while paging ---- */

static void page_on(struct console *c, unsigned rows)
{
	more_prompt(c, false);
	output_go_on(&c->output, rows);
	if (output_is_waiting(&c->output))
		more_prompt(c, true);
	else
		start_editing(c);
}

static void page_quit(struct console *c)
{
	more_prompt(c, false);
	output_drop(&c->output);
	start_editing(c);
}

static void page_key(struct console *c, const struct key *key)
{
	char letter = key->code == KEY_TEXT && key->text.n == 1 ? key->text.at[0] : '\0';

	if (letter == ' ' || letter == 'f' || key->code == KEY_PAGE_DOWN ||
		key->code == KEY_CTRL('V'))
		page_on(c, c->rows - 1u);
	else if (key->code == '\r' || key->code == '\n' || key->code == KEY_DOWN || letter == 'j')
		page_on(c, 1);
	else if (letter == 'G' || key->code == KEY_END)
		page_on(c, UINT32_MAX);
	else if (letter == 'q' || letter == 'Q' || key->code == KEY_CTRL('C') ||
		 key->code == KEY_ESCAPE)
		page_quit(c);
	else if (key->code != KEY_UNKNOWN)
		ring(c);
}

/* ---- keys ---- */

static void repeat_end(struct console *c)
{
	c->repeat.run = NULL;
	sink_puts(&c->terminal, "\n");
	start_editing(c);
}

static void take_key(struct console *c, const struct key *key)
{
	bool line_feed = key->code == '\n' && c->after_return;

	c->after_return = key->code == '\r';
	if (line_feed)
		return;
	if (key->code == KEY_SIZE) {
		set_size(c, key->columns, key->rows);
		return;
	}
	if (key->code == KEY_CURSOR_AT) {
		if (c->probing)
			set_size(c, key->columns, key->rows);
		c->probing = false;
		return;
	}
	if (key->code == KEY_PASTE_END || key->code == KEY_PASTE_BEGIN)
		c->editor.pasting = key->code == KEY_PASTE_BEGIN;
	else if (c->activity == ACTIVITY_EDITING)
		edit_key(c, key);
	else if (c->activity == ACTIVITY_ASKING)
		answer_key(c, key);
	else if (c->activity == ACTIVITY_PAGING)
		page_key(c, key);
	else
		repeat_end(c);
}

/* ---- what is typed while a command waits ---- */

void console_keep_input(struct console *c, const uint8_t *octets, size_t n)
{
	const uint8_t *stop = c->setup.interactive ? memchr(octets, KEY_CTRL('C'), n) : NULL;

	if (stop) {
		console_stop_waiting(c);
		c->nkept = 0;
		sink_puts(&c->terminal, "^C\n");
		start_editing(c);
	} else if (n <= sizeof(c->kept) - c->nkept) {
		memcpy(c->kept + c->nkept, octets, n);
		c->nkept += n;
	} else if (!c->setup.interactive) {
		console_say_error(c, "more than %d octets came while a command was waiting",
			CONSOLE_KEPT_MAX);
		c->status = FL_EFULL;
		console_leave(c);
	} else {
		ring(c);
	}
}

static void keys_input(struct console *c, const uint8_t *octets, size_t n)
{
	struct key key;

	c->rung = false;
	for (size_t i = 0; i < n && !c->done; i++) {
		if (console_is_waiting(c)) {
			console_keep_input(c, octets + i, n - i);
			break;
		}
		c->type_ahead = i + 1 < n || c->editor.pasting;
		if (octets[i] == '\r' && i + 2 == n && octets[i + 1] == '\n')
			c->type_ahead = c->editor.pasting;
		if (keys_take(&c->keys, octets[i], &key))
			take_key(c, &key);
	}
	c->keys_due = keys_is_waiting(&c->keys) ? mtime_after(c->now, KEY_SILENCE) : MTIME_NEVER;
	if (c->setup.idle.us > 0)
		c->idle_due = mtime_after(c->now, c->setup.idle);
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
	c->terminal = (struct sink){terminal_put, c};
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
		set_size(c, setup->columns, setup->rows);
		ask_size(c);
		if (setup->idle.us > 0)
			c->idle_due = mtime_after(now, setup->idle);
		after_command(c);
		draw(c);
	}
	flush(c);
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
		keys_input(c, octets, n);
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
		after_command(c);
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
	draw(c);
	flush(c);
}

void console_set_host(struct console *c, struct str host)
{
	char before[sizeof(c->host)];

	memcpy(before, c->host, sizeof(before));
	copy_text(c->host, sizeof(c->host), host, "fairlead");
	if (strcmp(before, c->host) == 0 || c->running)
		return;
	draw(c);
	flush(c);
}

/* The question that is being answered, the text that is being pasted, the draft. */
static void drop_changes(struct console *c)
{
	if (c->activity == ACTIVITY_ASKING)
		on_no_answer(c);
	if (c->loading.on) {
		next_row(c);
		give_up_loading(c, "the role has changed");
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
	flush(c);
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
			take_key(c, &key);
	}
	run_due(c);
	if (mtime_reached(now, c->idle_due))
		console_end(c, "no key was pressed for too long");
	draw(c);
	flush(c);
}
