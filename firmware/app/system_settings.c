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
	{0},
};

const struct setting system_setting = {
	.name = "system",
	.help = "the router itself",
	.kind = SETTING_BLOCK,
	.rows = system_rows,
};
