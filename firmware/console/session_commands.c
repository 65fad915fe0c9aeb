/* SPDX-License-Identifier: GPL-2.0-or-later */
/* session_commands.c - the commands that every session has, and the filters behind "|". */
#include "console_internal.h"

#include <string.h>

#define HELP_COLUMN 37

/* A long row has a line to itself, so that all helps begin in one column. */
static void list_row(const struct sink *out, const char *mark, const struct console_command *row)
{
	int width = HELP_COLUMN - 1 - (int)strlen(mark);

	if (strlen(row->grammar) > (size_t)width)
		sink_printf(out, "%s%s\n%*s%s\n", mark, row->grammar, HELP_COLUMN, "", row->help);
	else
		sink_printf(out, "%s%-*s %s\n", mark, width, row->grammar, row->help);
}

static void list_commands(
	const struct console *c, const struct console_module *l, const struct sink *out)
{
	enum console_mode mode = c->draft.open ? CONSOLE_CONFIGURE : CONSOLE_OPERATE;

	for (; l && l->commands; l++)
		for (const struct console_command *row = l->commands; row->grammar; row++) {
			if (!(row->mode & mode) ||
				(row->mode & CONSOLE_CHANGES && c->setup.read_only))
				continue;
			list_row(out, "  ", row);
		}
}

static enum fl_err help(struct console_call *call)
{
	const struct console *c = call->session;

	sink_puts(
		call->out, "Words can be shortened. \"?\" shows what can follow, Tab completes.\n");
	list_commands(c, c->builtin, call->out);
	list_commands(c, c->setup.modules, call->out);
	sink_puts(call->out, "Behind a command:\n");
	for (const struct console_command *row = console_filter_commands; row->grammar; row++)
		list_row(call->out, "  | ", row);
	return FL_OK;
}

static enum fl_err leave(struct console_call *call)
{
	struct console *c = call->session;

	if (!c->draft.open) {
		c->done = true;
		return FL_OK;
	}
	if (c->draft.place[0]) {
		c->draft.place[0] = '\0';
		return FL_OK;
	}
	if (!draft_may_be_left(c, call->out))
		return FL_EAGAIN;
	draft_leave(c);
	return FL_OK;
}

const struct console_command console_session_commands[] = {
	{.grammar = "help", .help = "all commands", .mode = CONSOLE_ANY, .run = help},
	{.grammar = "exit",
		.help = "leave what is edited, the configuration mode, or the session",
		.mode = CONSOLE_ANY,
		.run = leave},
	{.grammar = "quit", .help = "the same as exit", .mode = CONSOLE_ANY, .run = leave},
	{.grammar = NULL},
};

/* ---- filters ---- */

static enum fl_err add_pattern(struct console_call *call, bool wanted)
{
	struct console *c = call->session;
	struct pattern p;
	enum fl_err err = pattern_parse(call->arg[0], &p);

	if (err) {
		console_say_error(c, "\"%.*s\" is no pattern; known are . [a-z] * + ? ^ $ | and \\",
			STR_ARG(call->arg[0]));
		return err;
	}
	err = output_add_filter(&c->output, &p, wanted);
	if (err)
		console_say_error(c, "there may be %d patterns at most", OUTPUT_FILTERS_MAX);
	return err;
}

static enum fl_err filter_match(struct console_call *call)
{
	return add_pattern(call, true);
}

static enum fl_err filter_except(struct console_call *call)
{
	return add_pattern(call, false);
}

static enum fl_err filter_count(struct console_call *call)
{
	call->session->output.counting = true;
	return FL_OK;
}

static enum fl_err filter_no_more(struct console_call *call)
{
	call->session->no_pages = true;
	return FL_OK;
}

static enum fl_err filter_display_set(struct console_call *call)
{
	call->session->form = SETTINGS_LINES;
	return FL_OK;
}

static enum fl_err filter_display_json(struct console_call *call)
{
	call->session->form = SETTINGS_JSON;
	return FL_OK;
}

static enum fl_err filter_display_zone(struct console_call *call)
{
	call->session->as_zone = true;
	return FL_OK;
}

const struct console_command console_filter_commands[] = {
	{.grammar = "match PATTERN",
		.help = "only lines that have the pattern (a regular expression without groups)",
		.mode = CONSOLE_ANY,
		.run = filter_match},
	{.grammar = "except PATTERN",
		.help = "only lines that do not have the pattern",
		.mode = CONSOLE_ANY,
		.run = filter_except},
	{.grammar = "count", .help = "how many lines", .mode = CONSOLE_ANY, .run = filter_count},
	{.grammar = "no-more",
		.help = "all at once, not page by page",
		.mode = CONSOLE_ANY,
		.run = filter_no_more},
	{.grammar = "display set",
		.help = "the configuration as lines that can be typed",
		.mode = CONSOLE_ANY,
		.run = filter_display_set},
	{.grammar = "display json",
		.help = "the configuration, a table or what explain says, as JSON",
		.mode = CONSOLE_ANY,
		.run = filter_display_json},
	{.grammar = "display zone",
		.help = "of a domain: its zone as it is answered now, as a master file",
		.mode = CONSOLE_ANY,
		.run = filter_display_zone},
	{.grammar = NULL},
};
