/* SPDX-License-Identifier: GPL-2.0-or-later */
/* link_meter_settings.c - `metered { quota 20G, reset-day 1, probe-budget 50M }` */
#include "link.h"
#include "link_settings.h"

#define LEAST UINT64_C(1000000) /* a quota below is a mistake */

/* "20G": octets, in powers of 1,000 as providers count. */
static bool parse_octets(struct str text, void *out, struct textbuf *why)
{
	static const char units[] = "kMGT";
	uint64_t n, factor = 1;

	for (size_t i = 0; text.n && i < sizeof(units) - 1; i++) {
		if (text.at[text.n - 1] != units[i])
			continue;
		for (size_t k = 0; k <= i; k++)
			factor *= 1000;
		text.n--;
		break;
	}
	if (!str_to_u64(text, INT64_MAX / factor, &n)) {
		textbuf_printf(why, "is no number of octets");
		return false;
	}
	if (n * factor < LEAST) {
		textbuf_printf(why, "is too little for a month: 1M at least");
		return false;
	}
	*(uint64_t *)out = n * factor;
	return true;
}

#define AT(field) (offsetof(struct link_conf, metered.field) - offsetof(struct link_conf, metered))

const struct setting link_metered_rows[] = {
	{
		.name = "quota",
		.help = "octets a month, both ways together; when it is used up the link is a "
			"backup",
		.kind = SETTING_VALUE,
		.flags = SETTING_REQUIRED,
		.offset = AT(quota),
		.type = VALUE_CUSTOM,
		.parse = parse_octets,
		.syntax = "OCTETS",
		.example = "20G",
	},
	{
		.name = "reset-day",
		.help = "day of the month when the provider counts from 0 again",
		.kind = SETTING_VALUE,
		.offset = AT(reset_day),
		.type = VALUE_UINT,
		.min = 1,
		.max = 31,
		.def = "1",
	},
	{
		.name = "probe-budget",
		.help = "octets a month for probes; they come as seldom as it takes",
		.kind = SETTING_VALUE,
		.offset = AT(probe_budget),
		.type = VALUE_CUSTOM,
		.parse = parse_octets,
		.syntax = "OCTETS",
		.example = "50M",
	},
	{
		.name = "interval",
		.help = "at least so long between two probes while the link is in use",
		.kind = SETTING_VALUE,
		.offset = AT(interval),
		.type = VALUE_SPAN,
		.min = 200,
		.max = 900000,
		.def = "5s",
	},
	{
		.name = "standby-interval",
		.help = "at least so long between two probes while it is not",
		.kind = SETTING_VALUE,
		.offset = AT(standby_interval),
		.type = VALUE_SPAN,
		.min = 200,
		.max = 900000,
		.def = "30s",
	},
	{0},
};
