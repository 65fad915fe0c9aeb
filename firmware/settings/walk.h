/* SPDX-License-Identifier: GPL-2.0-or-later */
/* walk.h - the words of one statement, one by one, down the rows of the schema.  For the settings
 * module alone.
 *
 * One machine serves all who read statements.  It always looks where in a tree (`at`) the words
 * lead; with `to` it also builds the statement there. */
#ifndef FL_SETTINGS_WALK_H
#define FL_SETTINGS_WALK_H

#include "tree.h"
#include "value.h"
#include "words.h"

enum walk_need {
	WALK_ROW = 1, /* the word of a row of `rows` */
	WALK_COLUMN,  /* column `ncolumns` of the list `row` */
	WALK_VALUE,   /* the value of `row` */
	WALK_NOTHING, /* the statement is complete */
};

struct walk {
	struct arena *mem;
	struct diags *why;          /* NULL: say nothing */
	struct diags *warn;         /* NULL: do not warn of what is said twice */
	bool tolerant;              /* what is not known is worth a warning, no error */
	const struct branch *at;    /* in the tree that is; NULL: the words lead nowhere in it */
	struct branch *to;          /* in the tree being built; NULL: only look */
	const struct setting *rows; /* of `at` and `to` */
	enum walk_need need;
	bool may_end;

	const struct setting *row; /* the last one named; NULL: none yet */
	const struct branch *in;   /* where in the tree that is this row would stand, or NULL */
	struct entry *entry;       /* the entry the columns name, in the tree that is, or NULL */
	unsigned ncolumns;         /* of the last row; a value counts as one */
	struct str column[SETTING_COLUMNS_MAX];
	uint8_t bad_columns; /* bit i: column i was no good */
	struct place place;  /* of the last row */
	/* The first word that led nowhere in the tree that is, if `lost`: row `lost_row`, or an
	 * entry of it, which is not in `lost_in`. */
	bool lost;
	struct word missing;
	const struct setting *lost_row;
	const struct branch *lost_in;
	bool full; /* out of memory */
	char room[SETTING_COLUMNS_MAX][VALUE_ROOM];
};

void walk_init(struct walk *w, struct arena *mem, const struct setting *rows,
	const struct branch *at, struct branch *to, struct diags *why);
/* Take one word.  False: it does not fit, and that was said. */
bool walk_word(struct walk *w, const struct word *word);
/* The statement ends here, at the place of `end`.  False: too early, and that was said. */
bool walk_end(struct walk *w, const struct word *end);
/* A brace opens: go inside the last row.  False: it has no inside, and that was said. */
bool walk_open(struct walk *w, const struct word *brace);
/* Take all words of a statement that stands alone on its line.  Words that go wrong are said. */
enum fl_err walk_statement(struct walk *w, struct str statement);
/* The statement goes wrong here, for a reason that the caller has told. */
void walk_spoil(struct walk *w);
/* Can the word be nothing but the word of a row now? */
bool walk_may_take_row(const struct walk *w);

/* What the words name in the tree that is: a value, a block, one entry, or all entries whose
 * first columns are these.  NULL: nothing, or no more. */
struct settings_node *walk_found(const struct walk *w);
struct settings_node *walk_found_next(const struct walk *w, const struct settings_node *n);

/* settings_json.c: what was found and all after it, with the objects around it; `n` NULL: all. */
void json_print_found(const struct walk *found, struct settings_node *n, const struct sink *out);

#endif
