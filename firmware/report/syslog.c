/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "syslog.h"

#include "date.h"

#define FACILITY_DAEMON 3
#define CLOCK_WAS_SET   INT64_C(31536000) /* 1971 */
#define SEQUENCE_MAX    UINT64_C(2147483647)

static void put_time(int64_t wall, struct textbuf *out)
{
	struct date d = date_of(wall / 86400);
	unsigned left = (unsigned)(wall % 86400);

	if (wall < CLOCK_WAS_SET)
		textbuf_printf(out, "-");
	else
		textbuf_printf(out, "%04d-%02u-%02uT%02u:%02u:%02uZ", (int)d.year, d.month, d.day,
			left / 3600, left / 60 % 60, left % 60);
}

void syslog_write(const struct syslog_line *l, struct textbuf *out)
{
	textbuf_printf(out, "<%d>1 ", FACILITY_DAEMON * 8 + (int)l->level);
	put_time(l->wall, out);
	textbuf_printf(out, " %.*s fairlead - - [meta sequenceId=\"%llu\" sysUpTime=\"%lld\"] ",
		STR_ARG(l->host), (unsigned long long)((l->number - 1) % SEQUENCE_MAX + 1),
		(long long)(l->running.us / 10000));
	for (size_t i = 0; i < l->text.n; i++) {
		char c = l->text.at[i];

		textbuf_put(out, (unsigned char)c < ' ' || c == 0x7f ? "?" : &c, 1);
	}
}
