/* SPDX-License-Identifier: GPL-2.0-or-later */
/* line_editor.h - one line being typed: keys in, events out, and the row that shows it.
 *
 * The keys are those of readline's emacs mode.  The line is shown in one row of the terminal; one
 * that is longer than the row scrolls sideways, with "<" and ">" where it goes on.  One row can
 * be redrawn whatever the terminal thinks of wrapping and however long the line is; that is why. */
#ifndef FL_LINE_EDITOR_H
#define FL_LINE_EDITOR_H

#include "history.h"
#include "keys.h"

#define LINE_MAX_OCTETS  CONFIG_CONSOLE_LINE
#define LINE_ROW_OCTETS  1024
#define LINE_COLUMNS_MAX 250 /* a character of 4 octets in each fits LINE_ROW_OCTETS */
#define LINE_QUERY_MAX   64

enum line_event {
	LINE_EDITED = 1, /* nothing for the caller but to draw */
	LINE_ACCEPTED,   /* the line is `text`; call line_editor_reset() when done with it */
	LINE_TOO_LONG,   /* Enter behind more than LINE_MAX_OCTETS; nothing of the line is left */
	LINE_INTERRUPTED,
	LINE_END,      /* Ctrl-D in an empty line */
	LINE_COMPLETE, /* Tab */
	LINE_HELP,     /* "?" outside of quotes */
	LINE_CLEAR,    /* Ctrl-L */
	LINE_REFUSED,  /* the key does nothing here: ring the bell */
};

struct line_editor {
	char text[LINE_MAX_OCTETS];
	size_t n, at; /* octets, and the cursor in front of octet `at` */
	bool too_long;
	bool pasting;  /* between the marks of a bracketed paste */
	bool verbatim; /* behind Ctrl-V: the next character stands for itself */
	bool asks;     /* the line is an answer: no history, no completion */
	bool hidden;   /* it is not shown */

	char killed[LINE_MAX_OCTETS];
	size_t nkilled;
	bool last_was_kill; /* kills in a row add up */

	struct history history;
	size_t browsing; /* the line of the history that is shown; 0: the line being typed */
	char kept[LINE_MAX_OCTETS]; /* the line being typed, meanwhile */
	size_t nkept;

	bool searching;
	char query[LINE_QUERY_MAX];
	size_t nquery;
	size_t found; /* line of the history that has the query; 0: none */

	size_t left;               /* first octet shown */
	char row[LINE_ROW_OCTETS]; /* what stands on the terminal's row */
	size_t nrow, row_column;   /* and where its cursor is */
};

void line_editor_init(struct line_editor *e);
/* An empty line; history and killed text stay. */
void line_editor_reset(struct line_editor *e);
struct str line_editor_text(const struct line_editor *e);
enum line_event line_editor_key(struct line_editor *e, const struct key *key);
/* The next line is an answer, and `hidden` perhaps. */
void line_editor_ask(struct line_editor *e, bool hidden);
/* No more answers; nothing of them stays in memory. */
void line_editor_forget(struct line_editor *e);
/* As if typed.  False: it does not fit, and the line is too long from now on. */
bool line_editor_insert(struct line_editor *e, struct str text);

/* Bring the terminal's row up to date; writes only what differs. */
void line_editor_draw(
	struct line_editor *e, struct str prompt, unsigned columns, const struct sink *out);
/* The cursor of the terminal is at the start of an empty row now. */
void line_editor_new_row(struct line_editor *e);
/* Does the whole line fit the row behind a prompt of this many cells? */
bool line_editor_fits(const struct line_editor *e, size_t prompt_cells, unsigned columns);

#endif
