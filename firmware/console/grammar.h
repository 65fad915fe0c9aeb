/* SPDX-License-Identifier: GPL-2.0-or-later */
/* grammar.h - which command a line means, and how a line could go on.
 *
 * The rows of all command tables are walked together, a word at a time: those whose next word fits
 * stay.  A whole word beats a beginning, a beginning beats an argument; words that begin alike
 * must be told apart by typing more. */
#ifndef FL_GRAMMAR_H
#define FL_GRAMMAR_H

#include "console.h"
#include "line_words.h"

#define GRAMMAR_ROWS_MAX   CONFIG_CONSOLE_ROWS
#define GRAMMAR_OFFERS_MAX 256

/* Ways to go on with the rest of a line ("PATH..."), as settings_complete(): after the words of
 * `typed` with a word that begins with `partial`.  GRAMMAR_FREE_TEXT: whatever one likes. */
#define GRAMMAR_FREE_TEXT SIZE_MAX
typedef size_t grammar_rest(void *ctx, const struct console_command *row, struct str typed,
	struct str partial, struct arena *mem, struct settings_choice *out, size_t max, bool *end);

struct grammar {
	const struct console_module *lists[2]; /* each ends with commands NULL; may be NULL */
	enum console_mode mode;                /* rows of other modes are not there */
	bool may_change;                       /* rows with CONSOLE_CHANGES are there */
	grammar_rest *rest;                    /* may be NULL: a rest is free text */
	void *rest_ctx;
	struct arena *mem; /* for words and offers; lives longer than what is returned */
};

enum grammar_result {
	GRAMMAR_FOUND = 1,
	GRAMMAR_UNKNOWN,    /* `bad` fits nothing; `nearest` may be what was meant */
	GRAMMAR_AMBIGUOUS,  /* `bad` begins several words: `offers` */
	GRAMMAR_INCOMPLETE, /* more is needed: `offers` */
	GRAMMAR_OPEN_QUOTE, /* `bad` has no closing quote */
	GRAMMAR_TOO_MANY,   /* out of memory */
};

struct grammar_row {
	const struct console_command *command;
	void *module;
	const char *left; /* words of the grammar that are left */
	size_t rest_at;   /* where in the line the rest began; SIZE_MAX: not there yet */
};

struct grammar_match {
	enum grammar_result result;
	const struct console_command *command;
	void *module;
	struct str arg[CONSOLE_ARGS_MAX];
	size_t nargs;
	struct str rest;
	struct line_word bad;
	struct str nearest; /* empty: nothing is near */
	struct settings_choice *offers;
	size_t noffers;
	bool end; /* the line could end here */
	struct grammar_row rows[GRAMMAR_ROWS_MAX];
	size_t nrows;
};

/* What does `line` mean?  Texts point into `line` or g->mem. */
void grammar_find(const struct grammar *g, struct str line, struct grammar_match *out);
/* How could `line` go on?  The last word counts as begun unless a blank follows it; `*partial` is
 * where it starts.  Offers, each once, are in out->offers.  GRAMMAR_FOUND even when there are none;
 * otherwise the line is wrong before its last word. */
void grammar_offer(
	const struct grammar *g, struct str line, struct grammar_match *out, size_t *partial);

#endif
