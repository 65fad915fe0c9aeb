/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "system_settings.h"

#include "config.h"

static const struct setting system_rows[] = {
	{
		.name = "host-name",
		.help = "name of this router, in the prompt and in the log",
		.kind = SETTING_VALUE,
		.type = VALUE_NAME,
		.offset = offsetof(struct system_conf, host_name),
		.def = "fairlead",
	},
	{
		.name = "console-idle",
		.help = "a terminal ends after so long without a key; 0s: never",
		.kind = SETTING_VALUE,
		.type = VALUE_SPAN,
		.min = 0,
		.max = 86400000,
		.offset = offsetof(struct system_conf, console_idle),
		.def = "1h",
	},
	{0},
};

static const char *const role_choices[] = {"admin", "operator", NULL};
static const char *const role_help[] = {
	"may change everything", "may look at everything, but not change anything"};

static const struct setting user_columns[] = {
	{
		.name = "NAME",
		.help = "the name that the system knows, as whom the user logs in",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY,
		.type = VALUE_NAME,
		.offset = offsetof(struct user_conf, name),
	},
	{0},
};

static const struct setting user_rows[] = {
	{
		.name = "role",
		.help = "what the user may do at the console",
		.kind = SETTING_VALUE,
		.flags = SETTING_REQUIRED,
		.type = VALUE_CHOICE,
		.choices = role_choices,
		.choice_help = role_help,
		.offset = offsetof(struct user_conf, role),
	},
	{0},
};

/* Who administers the router must not be able to lock himself out. */
static void user_check(const void *entry, struct diags *why)
{
	const struct user_conf *u = entry;

	if (str_is(u->name, "root") && u->role != ROLE_ADMIN)
		diag_error(why, &u->origin, "role", "remove the entry", "root is always admin");
}

const struct setting user_setting = {
	.name = "user",
	.help = "somebody at the console; root is admin, whoever is not listed is operator",
	.kind = SETTING_LIST,
	.columns = user_columns,
	.rows = user_rows,
	.size = sizeof(struct user_conf),
	.check = user_check,
};

const struct setting system_setting = {
	.name = "system",
	.help = "the router itself",
	.kind = SETTING_BLOCK,
	.rows = system_rows,
};
