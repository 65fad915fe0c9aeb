/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which key does what, by what the session is doing.
 *
 * Octets are turned into keys one by one, but the line is drawn once at the end of an input: so a
 * paste of thousands of lines costs one row each, not one per letter. */
#include "console_internal.h"

#include <string.h>

#define KEY_SILENCE ms(300) /* behind ESC: then it was the key and not the start of a sequence */

/* ---- keys while editing ---- */

static void on_accept(struct console *c)
{
	struct str text = line_editor_text(&c->editor);
	char *line;

	c->editor.at = c->editor.n;
	console_draw(c);
	console_next_row(c);
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
	console_next_row(c);
	console_say_error(
		c, "the line has more than %d octets; nothing of it was run", LINE_MAX_OCTETS);
	c->status = FL_EFULL;
	if (c->loading.on)
		console_give_up_loading(c, "a line was too long");
}

static void on_interrupt(struct console *c)
{
	c->editor.at = c->editor.n;
	console_draw(c);
	sink_puts(&c->terminal, "^C");
	console_next_row(c);
	line_editor_reset(&c->editor);
	if (c->loading.on)
		console_give_up_loading(c, "stopped");
}

static void on_end(struct console *c)
{
	console_draw(c);
	console_next_row(c);
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
			console_ring(c);
		return;
	}
	console_draw(c);
	console_next_row(c);
	console_show_offers(c, line);
}

static void on_help(struct console *c)
{
	arena_reset(&c->scratch);
	console_draw(c);
	console_next_row(c);
	console_show_offers(c, text_before_cursor(c));
}

static void on_clear(struct console *c)
{
	sink_puts(&c->terminal, "\033[H\033[2J");
	line_editor_new_row(&c->editor);
	console_ask_size(c);
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
		[LINE_REFUSED] = console_ring,
	};

	c->editor.pasting |= c->loading.on; /* Tab and "?" are text */
	on[line_editor_key(&c->editor, key)](c);
}

/* ---- keys while a command asks ---- */

static void on_answer(struct console *c)
{
	struct str text = line_editor_text(&c->editor);

	c->editor.at = c->editor.n;
	console_draw(c);
	console_next_row(c);
	c->running = true;
	dialogue_answer(c, c->editor.hidden ? text : str_trim(text));
	c->running = false;
	console_after_command(c);
}

void console_no_answer(struct console *c)
{
	console_draw(c);
	console_next_row(c);
	dialogue_give_up(c);
	console_after_command(c);
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
		console_no_answer(c);
		break;
	case LINE_CLEAR:
		on_clear(c);
		break;
	case LINE_COMPLETE:
	case LINE_HELP:
	case LINE_REFUSED:
		console_ring(c);
		break;
	}
}

/* ---- keys while paging ---- */

static void page_on(struct console *c, unsigned rows)
{
	console_show_more(c, false);
	output_go_on(&c->output, rows);
	if (output_is_waiting(&c->output))
		console_show_more(c, true);
	else
		console_start_editing(c);
}

static void page_quit(struct console *c)
{
	console_show_more(c, false);
	output_drop(&c->output);
	console_start_editing(c);
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
		console_ring(c);
}

/* ---- keys ---- */

static void repeat_end(struct console *c)
{
	c->repeat.run = NULL;
	sink_puts(&c->terminal, "\n");
	console_start_editing(c);
}

void console_take_key(struct console *c, const struct key *key)
{
	bool line_feed = key->code == '\n' && c->after_return;

	c->after_return = key->code == '\r';
	if (line_feed)
		return;
	if (key->code == KEY_SIZE) {
		console_set_size(c, key->columns, key->rows);
		return;
	}
	if (key->code == KEY_CURSOR_AT) {
		if (c->probing)
			console_set_size(c, key->columns, key->rows);
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
		console_start_editing(c);
	} else if (n <= sizeof(c->kept) - c->nkept) {
		memcpy(c->kept + c->nkept, octets, n);
		c->nkept += n;
	} else if (!c->setup.interactive) {
		console_say_error(c, "more than %d octets came while a command was waiting",
			CONSOLE_KEPT_MAX);
		c->status = FL_EFULL;
		console_leave(c);
	} else {
		console_ring(c);
	}
}

void console_keys_input(struct console *c, const uint8_t *octets, size_t n)
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
			console_take_key(c, &key);
	}
	c->keys_due = keys_is_waiting(&c->keys) ? mtime_after(c->now, KEY_SILENCE) : MTIME_NEVER;
	if (c->setup.idle.us > 0)
		c->idle_due = mtime_after(c->now, c->setup.idle);
}
