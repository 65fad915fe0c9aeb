/* SPDX-License-Identifier: GPL-2.0-or-later */
/* diag.h - what is wrong with what somebody typed: where, what, and the cure.
 * Every mistake is collected, not only the first, so that one round of mending is enough. */
#ifndef FL_DIAG_H
#define FL_DIAG_H

#include "arena.h"
#include "log.h"
#include "text.h"

/* Where a piece of configuration was typed.  Every struct that is filled from the settings starts
 * with one.  `node` is the settings module's own; line 0: typed at the console, not in a file. */
struct origin {
	uint32_t line, column;
	const void *node;
};

struct diag {
	struct diag *next;
	uint32_t line, column; /* 0: no place in a file */
	bool warning;          /* worth saying, but no reason to refuse */
	struct str where;      /* path and field: "domain example.com host 10;mail1 link" */
	struct str what;       /* "there is no link \"wan3\"" */
	struct str cure;       /* "use one of: wan1, wan2", or empty */
};

enum diag_kind { DIAG_ERROR, DIAG_WARNING };

struct diags {
	struct arena *mem;
	struct diag *first, *last;
	size_t errors, warnings;
	/* Set by the settings module; may be NULL.  Writes the path of an origin's node; moves `at`
	 * to where the row `field` inside at->node was typed, and leaves it when it was not. */
	void (*path)(const void *node, struct textbuf *out);
	void (*find)(const char *field, struct origin *at);
};

void diags_init(struct diags *d, struct arena *mem);
/* `field`: the word of the row (or of a column) inside `at`, or NULL for `at` itself.  "monitor
 * interval" is a row in a block.  `at` NULL: the whole.
 * `cure` may be NULL.  Where the row `field` was typed itself, that is the place that is named. */
void diag_error(struct diags *d, const struct origin *at, const char *field, const char *cure,
	const char *what, ...) PRINTF_LIKE(5, 6);
void diag_warning(struct diags *d, const struct origin *at, const char *field, const char *cure,
	const char *what, ...) PRINTF_LIKE(5, 6);
/* For who knows place and path, as a parser does.  Line 0 with a column: a place in a line that is
 * no file's. */
void diag_at(struct diags *d, enum diag_kind kind, uint32_t line, uint32_t column, struct str where,
	const char *cure, const char *what, ...) PRINTF_LIKE(7, 8);
/* "FILE:12:5: error: WHERE: WHAT\n    cure: CURE\n", in the order of the places, errors and
 * warnings mixed; those without a line come last.  `file` may be NULL: then it is "line 12:5: ...".
 * The place is left out where there is none. */
void diags_print(const struct diags *d, const char *file, const struct sink *out);
/* The same to a log, a line each, warnings as warnings: "FILE:12:5: error: WHERE: WHAT; cure:
 * CURE". */
void diags_log(const struct diags *d, const char *file, const struct log *log);

#endif
