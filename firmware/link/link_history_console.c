/* SPDX-License-Identifier: GPL-2.0-or-later */
/* link_history_console.c - what a link was like, as charts, and the newest events. */
#include "link_console.h"

static void print_events(const struct link_history *h, int64_t wall, const struct sink *out)
{
	const struct link_history_event *e;
	char age[LINK_SPAN_TEXT_MAX];

	for (uint32_t back = LINK_HISTORY_EVENTS; back-- > 0;) {
		e = link_history_event(h, back);
		if (e)
			sink_printf(out, "%12s ago  %s\n",
				link_span_text(sec(wall > e->wall ? wall - e->wall : 0), age),
				e->text);
	}
}

static enum fl_err show(struct console_call *call, const struct link_history_view *view)
{
	const struct link_console *m = call->module;
	const struct link *l = link_console_find(call);
	const struct link_history *h = l ? m->history[l->conf->number] : NULL;

	if (!l)
		return FL_ENOENT;
	if (!h) {
		sink_puts(call->out, "error: there was no memory for a history\n");
		return FL_EFULL;
	}
	sink_printf(call->out, "link %.*s, ", STR_ARG(l->conf->name));
	link_history_draw(h, view, call->out);
	print_events(h, m->wall(m->ctx), call->out);
	return FL_OK;
}

static enum fl_err show_minute(struct console_call *call)
{
	static const struct link_history_view view = {"the last minute; a column is a second",
		LINK_HISTORY_SECOND, 60, 1, "-60 s", "-30 s"};

	return show(call, &view);
}

static enum fl_err show_hour(struct console_call *call)
{
	static const struct link_history_view view = {"the last hour; a column is a minute",
		LINK_HISTORY_SECOND, 60, 60, "-60 min", "-30 min"};

	return show(call, &view);
}

static enum fl_err show_day(struct console_call *call)
{
	static const struct link_history_view view = {"the last day; a column is 24 minutes",
		LINK_HISTORY_MINUTE, 60, 24, "-24 h", "-12 h"};

	return show(call, &view);
}

static enum fl_err show_month(struct console_call *call)
{
	static const struct link_history_view view = {"the last 31 days; a column is 12 hours",
		LINK_HISTORY_QUARTER, 62, 48, "-31 d", "-15 d"};

	return show(call, &view);
}

#define ROW(line, what, function)                                                                  \
	{                                                                                          \
		.grammar = (line), .help = (what), .mode = CONSOLE_ANY, .run = (function),         \
		.words = link_console_words,                                                       \
	}

const struct console_command link_history_commands[] = {
	ROW("show link NAME history", "delay, loss and state in the last hour, and its events",
		show_hour),
	ROW("show link NAME history minute", "the last minute, a second a column", show_minute),
	ROW("show link NAME history day", "the last day", show_day),
	ROW("show link NAME history month", "the last month", show_month),
	{0},
};
