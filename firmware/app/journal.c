/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "journal.h"

#include <stdio.h>
#include <string.h>

void journal_add(struct journal *j, mtime at, int64_t wall, enum log_level level, struct str text)
{
	struct journal_line *l = &j->line[j->n++ % JOURNAL_LINES];

	l->at = at;
	l->wall = wall;
	l->level = level;
	if (text.n >= sizeof(l->text))
		text.n = sizeof(l->text) - 1;
	memcpy(l->text, text.at, text.n);
	l->text[text.n] = '\0';
}

/* Days since 1970-01-01 to a date of the Gregorian calendar (Hinnant, "chrono-compatible low-level
 * date algorithms"): years are counted from March, so that the leap day is the last of its year. */
static void date_of(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	unsigned day_of_era = (unsigned)(z - era * 146097);
	unsigned year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	unsigned day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	unsigned m = (5 * day_of_year + 2) / 153;

	*day = day_of_year - (153 * m + 2) / 5 + 1;
	*month = m < 10 ? m + 3 : m - 9;
	*year = (int64_t)year_of_era + era * 400 + (*month <= 2);
}

const char *wall_text(int64_t wall, char out[WALL_TEXT_MAX])
{
	int64_t days = wall / 86400, year;
	unsigned left = (unsigned)(wall % 86400), month, day;
	struct textbuf t = textbuf_of(out, WALL_TEXT_MAX);

	date_of(days, &year, &month, &day);
	textbuf_printf(&t, "%04d-%02u-%02u %02u:%02u:%02u", (int)year, month, day, left / 3600,
		left / 60 % 60, left % 60);
	return out;
}

void journal_print(const struct journal *j, size_t lines, const struct sink *out)
{
	uint64_t kept = j->n < JOURNAL_LINES ? j->n : JOURNAL_LINES;
	uint64_t first = j->n - (lines < kept ? lines : kept);
	char when[WALL_TEXT_MAX];

	for (uint64_t i = first; i < j->n; i++) {
		const struct journal_line *l = &j->line[i % JOURNAL_LINES];

		sink_printf(out, "%s %-7s %s\n", wall_text(l->wall, when), log_level_text(l->level),
			l->text);
	}
}
