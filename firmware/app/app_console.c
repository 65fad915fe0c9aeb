/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands that belong to the whole: version, log, status. */
#include "product.h"
#include "version.h"

#define LOG_LINES 40 /* `show log` */

static enum fl_err show_version(struct console_call *call)
{
	const struct fairlead *f = call->module;
	char up[LINK_SPAN_TEXT_MAX];

	sink_printf(call->out, "Fairlead %s on %s, running for %s\n", fl_version, CONFIG_BOARD,
		link_span_text(mtime_between(f->started, call->now), up));
	return FL_OK;
}

static enum fl_err show_log(struct console_call *call)
{
	const struct fairlead *f = call->module;

	(call->json ? journal_print_json : journal_print)(&f->journal, LOG_LINES, call->out);
	return FL_OK;
}

static enum fl_err show_log_all(struct console_call *call)
{
	const struct fairlead *f = call->module;

	(call->json ? journal_print_json : journal_print)(&f->journal, JOURNAL_LINES, call->out);
	return FL_OK;
}

static enum fl_err show_clock(struct console_call *call)
{
	clock_put(call->module, call->now, call->out);
	return FL_OK;
}

const struct console_command app_commands[] = {
	{"show clock", "what time it is, and who says so", CONSOLE_ANY, show_clock, NULL},
	{"show version", "version, board and running time", CONSOLE_ANY, show_version, NULL},
	{"show log", "the last lines of the log", CONSOLE_ANY_JSON, show_log, NULL},
	{"show log all", "all lines of the log that are kept", CONSOLE_ANY_JSON, show_log_all,
		NULL},
	{0},
};
