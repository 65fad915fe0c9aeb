/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "chrony.h"

/* iburst: the first answers come within seconds.  makestep: an error of half a second or more is
 * set right at once, at any time, as a board without a battery starts in 1970 and a link may come
 * back after days; a smaller one is made up for little by little.  rtcsync: the kernel copies the
 * time to the board's clock, and knows that it is right.  No drift file: what it learns of the
 * crystal is learnt again in minutes, and flash memory wears. */
void chrony_conf(
	const struct ip_addr *servers, size_t n, const char *pid_file, const struct sink *out)
{
	char text[IP_TEXT_MAX];

	for (size_t i = 0; i < n; i++)
		sink_printf(out, "server %s iburst\n", ip_addr_text(&servers[i], text));
	sink_printf(out,
		"makestep 0.5 -1\n"
		"rtcsync\n"
		"port 0\n"
		"cmdport 0\n"
		"bindcmdaddress /\n"
		"pidfile %s\n",
		pid_file);
}

/* "2026-11-24T09:49:59Z " */
static struct str without_time(struct str line)
{
	struct str rest = line;

	str_cut(&rest, ' ');
	return line.n > 20 && line.at[10] == 'T' && line.at[19] == 'Z' ? rest : line;
}

/* "-3.250000 seconds", which has six digits behind the point. */
static bool take_seconds(struct str text, int64_t *out_us)
{
	bool back = text.n && *text.at == '-';
	uint64_t whole, millionths;

	if (back)
		(void)str_cut(&text, '-');
	if (!str_to_u64(str_cut(&text, '.'), UINT32_MAX, &whole) ||
		!str_to_u64(str_cut(&text, ' '), 999999, &millionths))
		return false;
	*out_us = (int64_t)(whole * 1000000 + millionths) * (back ? -1 : 1);
	return true;
}

/* What follows these words; false: it does not begin with them. */
static bool begins_with(struct str text, struct str words, struct str *rest)
{
	if (!str_starts(text, words))
		return false;
	*rest = (struct str){text.at + words.n, text.n - words.n};
	return true;
}

enum chrony_news chrony_news_of(struct str line, struct chrony_said *out)
{
	struct str text = without_time(line), rest;

	if (begins_with(text, STR("chronyd version "), &rest))
		return CHRONY_BEGINS;
	if (begins_with(text, STR("Can't synchronise"), &rest))
		return CHRONY_LOST;
	if (begins_with(text, STR("Selected source "), &rest) &&
		ip_addr_parse(str_cut(&rest, ' '), &out->server) == FL_OK)
		return CHRONY_FOLLOWS;
	if (begins_with(text, STR("System clock was stepped by "), &rest) &&
		take_seconds(rest, &out->ahead_us))
		return CHRONY_SET;
	return CHRONY_NOTHING;
}
