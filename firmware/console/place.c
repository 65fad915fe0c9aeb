/* SPDX-License-Identifier: GPL-2.0-or-later */
/* place.c - where in the draft the session is: what is typed behind `set`, `delete` and `show` is
 * about what stands there. */
#include "console_internal.h"

#include <string.h>

static struct str place_of(const struct console *c)
{
	return str_of(c->draft.place);
}

enum fl_err draft_at_place(struct console *c, struct str statement, struct str *out)
{
	size_t cap = sizeof(c->draft.place) + statement.n + 2;
	char *room;
	struct textbuf t;

	if (!c->draft.place[0]) {
		*out = statement;
		return FL_OK;
	}
	room = arena_alloc(&c->scratch, cap);
	if (!room)
		return FL_EFULL;
	t = textbuf_of(room, cap);
	textbuf_printf(&t, "%s%s", c->draft.place, statement.n ? " " : "");
	textbuf_put(&t, statement.at, statement.n);
	*out = textbuf_str(&t);
	return FL_OK;
}

static bool is_place(const struct console *c, struct str path)
{
	return path.n < sizeof(c->draft.place) && settings_has_inside(&c->draft.tree, path);
}

static void go_to(struct console *c, struct str path)
{
	struct textbuf t = textbuf_of(c->draft.place, sizeof(c->draft.place));

	textbuf_put(&t, path.at, path.n);
}

static enum fl_err edit(struct console_call *call)
{
	struct console *c = call->session;
	struct str path, whole;

	if (call->rest.n == 0) {
		sink_puts(call->out, "error: edit what? \"?\" lists what there is\n");
		return FL_ESHORT;
	}
	if (draft_at_place(c, call->rest, &path))
		return console_out_of_memory(call->out);
	whole = console_whole_words(c, &c->draft.tree, path);
	if (!is_place(c, path) && is_place(c, whole))
		path = whole;
	if (!is_place(c, path)) {
		sink_printf(call->out,
			"error: nothing can be set inside of \"%.*s\": name an entry or a block, "
			"as in \"edit link wan1\"\n",
			STR_ARG(path));
		return FL_ENOENT;
	}
	go_to(c, path);
	return FL_OK;
}

static enum fl_err top(struct console_call *call)
{
	call->session->draft.place[0] = '\0';
	return FL_OK;
}

/* To the nearest beginning of the path that is a place. */
static enum fl_err up(struct console_call *call)
{
	struct console *c = call->session;
	struct str path = place_of(c);
	struct line_word w;
	size_t at = 0, end = 0;

	if (path.n == 0) {
		sink_puts(call->out, "error: this is the top; \"exit\" leaves the configuration "
				     "mode\n");
		return FL_ENOENT;
	}
	while (line_word_next(path, &at, &w))
		if (w.end < path.n && is_place(c, (struct str){path.at, w.end}))
			end = w.end;
	c->draft.place[end] = '\0';
	return FL_OK;
}

const struct console_command console_place_commands[] = {
	{.grammar = "edit PATH...",
		.help = "go where set, delete and show are about one part of the draft",
		.mode = CONSOLE_CONFIGURE,
		.run = edit},
	{.grammar = "up", .help = "one level up from there", .mode = CONSOLE_CONFIGURE, .run = up},
	{.grammar = "top",
		.help = "back to where they are about all of it",
		.mode = CONSOLE_CONFIGURE,
		.run = top},
	{.grammar = NULL},
};

bool console_is_edit(const struct console_command *row)
{
	return row->run == edit;
}
