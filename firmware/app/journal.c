/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "journal.h"

#include "date.h"
#include "json_write.h"

#include <stdio.h>
#include <string.h>

#define WALL_IS_SET INT64_C(31536000) /* 1971: an earlier time is none */

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

const char *wall_text(int64_t wall, char out[WALL_TEXT_MAX])
{
	struct date d = date_of(wall / 86400);
	unsigned left = (unsigned)(wall % 86400);
	struct textbuf t = textbuf_of(out, WALL_TEXT_MAX);

	textbuf_printf(&t, "%04d-%02u-%02u %02u:%02u:%02u", (int)d.year, d.month, d.day,
		left / 3600, left / 60 % 60, left % 60);
	return out;
}

/* The number of the first of the last `lines` lines. */
static uint64_t first_of(const struct journal *j, size_t lines)
{
	uint64_t kept = j->n < JOURNAL_LINES ? j->n : JOURNAL_LINES;

	return j->n - (lines < kept ? lines : kept);
}

void journal_print(const struct journal *j, size_t lines, const struct sink *out)
{
	char when[WALL_TEXT_MAX];

	for (uint64_t i = first_of(j, lines); i < j->n; i++) {
		const struct journal_line *l = &j->line[i % JOURNAL_LINES];

		/* A board without a clock counts from its start. */
		if (l->wall < WALL_IS_SET)
			sink_printf(out, "%9lld.%03lld s %-7s %s\n",
				(long long)(l->at.us / 1000000),
				(long long)(l->at.us / 1000 % 1000), log_level_text(l->level),
				l->text);
		else
			sink_printf(out, "%s %-7s %s\n", wall_text(l->wall, when),
				log_level_text(l->level), l->text);
	}
}

void journal_print_json(const struct journal *j, size_t lines, const struct sink *out)
{
	struct json_writer w = {.out = out};
	char when[WALL_TEXT_MAX];

	json_rows_begin(&w);
	for (uint64_t i = first_of(j, lines); i < j->n; i++) {
		const struct journal_line *l = &j->line[i % JOURNAL_LINES];

		json_row(&w);
		if (l->wall < WALL_IS_SET)
			json_number(&w, "running-ms", l->at.us / 1000);
		else
			json_string(&w, "time", str_of(wall_text(l->wall, when)));
		json_string(&w, "level", str_of(log_level_text(l->level)));
		json_string(&w, "text", str_of(l->text));
		json_close(&w, "}");
	}
	json_rows_end(&w);
}
