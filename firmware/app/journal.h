/* SPDX-License-Identifier: GPL-2.0-or-later */
/* journal.h - the last lines of the log, kept in memory for `show log`, and the way to all who
 * listen. */
#ifndef FL_JOURNAL_H
#define FL_JOURNAL_H

#include "log.h"
#include "mtime.h"

#define JOURNAL_LINES    CONFIG_JOURNAL_LINES
#define JOURNAL_LINE_MAX CONFIG_JOURNAL_LINE

struct journal_line {
	int64_t wall; /* seconds since 1970 UTC */
	mtime at;
	enum log_level level;
	char text[JOURNAL_LINE_MAX];
};

struct journal {
	struct journal_line line[JOURNAL_LINES];
	uint64_t n; /* lines ever written; line n - 1 is the newest */
};

/* Longer text is cut. */
void journal_add(struct journal *j, mtime at, int64_t wall, enum log_level level, struct str text);
/* The last `lines` lines, oldest first: "2026-11-23 06:51:37 notice  wan1: up -> down (...)". */
void journal_print(const struct journal *j, size_t lines, const struct sink *out);
/* The same as a list of {"time", "level", "text"}; without a clock, "running-ms" is the time. */
void journal_print_json(const struct journal *j, size_t lines, const struct sink *out);
/* "2026-11-23 06:51:37" (UTC) for seconds since 1970. */
#define WALL_TEXT_MAX 24
const char *wall_text(int64_t wall, char out[WALL_TEXT_MAX]);

#endif
