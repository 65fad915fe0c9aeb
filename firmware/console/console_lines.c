/* SPDX-License-Identifier: GPL-2.0-or-later */
/* console_lines.c - lines, where there is no terminal: a script, a pipe, one command. */
#include "console_internal.h"
#include "utf8.h"

#define END_OF_INPUT 4 /* Ctrl-D */

/* The first octet that no command may have; line.n: none. */
static size_t find_control(struct str line)
{
	size_t at = 0;

	while (at < line.n) {
		uint32_t code;
		size_t n = utf8_take((struct str){line.at + at, line.n - at}, &code);

		if (n == 0 || (!utf8_is_printable(code) && code != '\t'))
			return at;
		at += n;
	}
	return line.n;
}

static void line_failed(struct console *c, enum fl_err err)
{
	c->status = err;
	if (c->setup.stops_at_error && !c->done) {
		console_say_error(
			c, "stopped at line %zu; nothing behind it was run", c->line_number);
		console_leave(c);
	}
}

void console_line_ended(struct console *c, enum fl_err err)
{
	if (err)
		line_failed(c, err);
	if (c->setup.one_line)
		console_leave(c);
}

static void run_plain(struct console *c, struct str line)
{
	size_t bad;
	char *copy;

	if (line.n && line.at[line.n - 1] == '\r')
		line.n--;
	bad = find_control(line);
	arena_reset(&c->scratch);
	copy = arena_copy(&c->scratch, line.at, line.n);
	if (bad < line.n) {
		console_say_error(c,
			"the line has an octet that is no text (0x%02x) at column %zu; it was not "
			"run",
			(unsigned)(uint8_t)line.at[bad],
			utf8_cells((struct str){line.at, bad}) + 1);
	} else if (copy) {
		if (console_loads_line(c, (struct str){copy, line.n})) {
			if (c->status && !c->loading.on)
				console_line_ended(c, c->status);
			return;
		}
		console_run(c, (struct str){copy, line.n});
		if (console_is_waiting(c))
			return;
	} else {
		console_say_error(c, "out of memory");
		c->status = FL_EFULL;
	}
	console_line_ended(c, bad < line.n ? FL_EFORMAT : c->status);
}

static void end_of_input(struct console *c)
{
	if (c->loading.on && !c->editor.n)
		console_end_loading(c);
	if (c->editor.n) {
		console_say_error(c, "the last line ends early and was not run");
		c->status = FL_ESHORT;
	} else if (draft_is_changed(c)) {
		console_say_error(c, "the changes were not committed and are gone");
		c->status = FL_EAGAIN;
	}
	console_leave(c);
}

static void plain_octet(struct console *c, uint8_t octet)
{
	struct line_editor *e = &c->editor;
	struct str line = line_editor_text(e);

	if (octet == '\n') {
		bool whole = !e->too_long;

		c->line_number += whole;
		line_editor_reset(e);
		if (whole)
			run_plain(c, line);
	} else if (octet == END_OF_INPUT && e->n == 0 && !e->too_long) {
		end_of_input(c);
	} else if (octet == END_OF_INPUT && !c->type_ahead) {
		end_of_input(c);
	} else if (!e->too_long && !line_editor_insert(e, (struct str){(const char *)&octet, 1})) {
		c->line_number++;
		console_say_error(c, "the line has more than %d octets; nothing of it was run",
			LINE_MAX_OCTETS);
		line_failed(c, FL_EFULL);
	}
}

void console_lines_input(struct console *c, const uint8_t *octets, size_t n)
{
	for (size_t i = 0; i < n && !c->done; i++) {
		if (console_is_waiting(c)) {
			console_keep_input(c, octets + i, n - i);
			return;
		}
		c->type_ahead = i + 1 < n;
		plain_octet(c, octets[i]);
	}
}
