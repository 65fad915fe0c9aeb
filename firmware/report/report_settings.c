/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report_settings.h"

static const struct setting syslog_columns[] = {
	{
		.name = "ADDRESS",
		.help = "address of a collector (RFC 5424, over UDP)",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct report_syslog_conf, address),
		.type = VALUE_ADDR,
	},
	{0},
};

/* In the order of enum log_level, from LOG_LEVEL_ERROR on. */
static const char *const level_choices[] = {"error", "warning", "notice", "info", NULL};
static const char *const level_help[] = {"what the router cannot do", "and every link that dies",
	"and every link that returns, every commit", "all that `show log` shows"};

static const struct setting syslog_rows[] = {
	{
		.name = "port",
		.help = "its UDP port",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct report_syslog_conf, port),
		.type = VALUE_UINT,
		.min = 1,
		.max = 65535,
		.def = "514",
	},
	{
		.name = "level",
		.help = "the least important lines that it gets",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct report_syslog_conf, level),
		.type = VALUE_CHOICE,
		.choices = level_choices,
		.choice_help = level_help,
		.def = "info",
	},
	{0},
};

static const struct setting web_columns[] = {
	{
		.name = "ADDRESS",
		.help = "an address that the router has in a LAN",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct report_web_conf, address),
		.type = VALUE_ADDR,
	},
	{0},
};

static const struct setting web_rows[] = {
	{
		.name = "port",
		.help = "TCP port",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct report_web_conf, port),
		.type = VALUE_UINT,
		.min = 1,
		.max = 65535,
		.def = "80",
	},
	{0},
};

static const struct setting report_rows[] = {
	{
		.name = "syslog",
		.help = "who gets the lines of the log",
		.kind = SETTING_LIST,
		.offset = offsetof(struct report_conf, syslogs),
		.columns = syslog_columns,
		.rows = syslog_rows,
		.size = sizeof(struct report_syslog_conf),
	},
	{
		.name = "web",
		.help = "where everybody in a LAN can see the status page (/) and the metrics "
			"(/metrics)",
		.kind = SETTING_LIST,
		.offset = offsetof(struct report_conf, webs),
		.columns = web_columns,
		.rows = web_rows,
		.size = sizeof(struct report_web_conf),
	},
	{0},
};

static void check(const void *block, struct diags *why)
{
	const struct report_conf *c = block;

	if (c->nsyslogs > REPORT_SYSLOGS_MAX)
		diag_error(why, &c->syslogs[REPORT_SYSLOGS_MAX].origin, NULL,
			"remove some; a collector can pass lines on",
			"there are %zu collectors; at most %d fit", c->nsyslogs,
			REPORT_SYSLOGS_MAX);
	if (c->nwebs > REPORT_WEBS_MAX)
		diag_error(why, &c->webs[REPORT_WEBS_MAX].origin, NULL, "remove some",
			"there are %zu addresses; at most %d fit", c->nwebs, REPORT_WEBS_MAX);
}

const struct setting report_setting = {
	.name = "report",
	.help = "what the router tells others of itself",
	.kind = SETTING_BLOCK,
	.rows = report_rows,
	.check = check,
};
