/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tree.h - how a settings tree is kept, for the settings module alone.
 *
 *   branch   the root, a block, or the part of an entry that has rows inside; its children are in
 *            the order of the rows of the schema, at most one of a row: a value, a block or a group
 *   group    all entries of one list in one branch, chained in order and, when there are many,
 *            found through a hash table of their keys
 *   value    one word, kept right behind its head
 *
 * A group without entries and a block without children mean nothing: they are as good as absent.
 *
 * A lenient parse leaves marks where something was wrong, so that nobody complains of what is
 * missing there because of it: a value that was no good is there as an empty, spoilt one; a spoilt
 * group lacks entries; a spoilt branch is not checked as a whole; in a doubtful one anything may be
 * missing. */
#ifndef FL_SETTINGS_TREE_H
#define FL_SETTINGS_TREE_H

#include "settings.h"

#define TREE_DEPTH_MAX 16 /* of braces and of branches; a schema has four or so */

struct place {
	uint32_t line, column;
	uint32_t value_column[SETTING_COLUMNS_MAX];
};

struct settings_node {
	const struct setting *row; /* NULL: the root */
	struct settings_node *next;
	uint32_t line : 29;
	uint32_t spoilt : 1, doubtful : 1, hidden : 1;
	uint16_t column;       /* both 0: not typed in a file; 65535: that or more */
	uint16_t value_column; /* of a value */
};

struct branch {
	struct settings_node node;
	struct branch *up; /* the branch it stands in; NULL: the root */
	struct settings_node *first;
};

struct entry {
	struct branch branch; /* its node.next is the next entry of the group */
	struct entry *prev;
	struct entry *chain; /* the next with the same place in the hash table */
	uint32_t hash;
	uint32_t index;   /* place in the order; right in a settled group */
	const char *text; /* all columns, one behind the other */
	uint16_t n[SETTING_COLUMNS_MAX];
	uint16_t at[SETTING_COLUMNS_MAX]; /* the columns' columns in their line */
	uint8_t ncolumns;                 /* those that are set */
	uint8_t bad_columns;              /* bit i: column i was no good, and that was said */
};

struct group {
	struct settings_node node;
	struct entry *first, *last;
	struct entry **bucket;  /* NULL: few entries */
	uint32_t nbuckets;      /* a power of two */
	struct entry *unhashed; /* this one and those behind it are not in the table yet */
	uint32_t count;
	bool settled; /* the chain is in order and the entries are numbered */
};

struct value {
	struct settings_node node;
	uint16_t n;
	char text[];
};

/* ---- the schema ---- */

/* The row of this name, or NULL. */
const struct setting *row_find(const struct setting *rows, struct str name);
unsigned row_columns(const struct setting *list);
unsigned row_keys(const struct setting *list);     /* leading columns that are keys */
unsigned row_required(const struct setting *list); /* columns that must be there */
bool row_is_private(const struct setting *row);    /* not for everyone's eyes */

/* ---- reading ---- */

struct branch *tree_root(const struct settings *s);
/* The child of this row, or NULL; empty ones may be found.  `b` may be NULL. */
struct settings_node *tree_child(const struct branch *b, const struct setting *row);
bool tree_is_empty(const struct settings_node *n);
bool tree_branch_is_empty(const struct branch *b);
struct str value_text(const struct settings_node *n);
struct str entry_column(const struct entry *e, unsigned i);
/* The entry whose key columns are these, or NULL.  `b` may be NULL. */
struct entry *tree_entry(const struct branch *b, const struct setting *row, const struct str *keys);
struct entry *group_entry(struct group *g, const struct str *keys);
struct entry *entry_next(const struct entry *e);
int entry_cmp(const struct entry *a, const struct entry *b);
/* Put the entries in their order and number them; `n` is a group.  Returns the first. */
struct entry *group_settle(struct settings_node *n);
/* "domain example.com host www-a"; nothing for the root. */
void tree_path(const struct branch *b, const struct sink *out);

/* ---- writing; NULL: out of memory ---- */

struct branch *tree_new_root(struct arena *mem);
/* Set the value of a row.  `*old` tells whether there was one. */
struct settings_node *tree_put_value(struct arena *mem, struct branch *b, const struct setting *row,
	struct str text, const struct place *at, bool *old);
/* Mark the child of this row as spoilt, and the branch with it; a value that is there already was
 * good and stays.  `row` NULL: only the branch. */
void tree_spoil(struct arena *mem, struct branch *b, const struct setting *row);
struct branch *tree_put_block(
	struct arena *mem, struct branch *b, const struct setting *row, const struct place *at);
/* Find or make an entry.  Columns that are no keys replace those it had, unless there are none.
 * `*had` is how many it had before; 0: it is new. */
struct entry *tree_put_entry(struct arena *mem, struct branch *b, const struct setting *row,
	const struct str *columns, unsigned n, const struct place *at, unsigned *had);
void tree_remove(struct branch *b, struct settings_node *child);
void tree_remove_entry(struct entry *e);
/* The same of a group that stays settled. */
void tree_take_entry(struct group *g, struct entry *e);
/* Put an entry of no group into a settled one, before `next`, or as the last. */
void tree_insert_entry(struct arena *mem, struct group *g, struct entry *e, struct entry *next);
/* A copy that is in no group, to go below `up`. */
struct entry *tree_copy_entry(struct arena *mem, const struct entry *from, struct branch *up);
/* Move all of `from` into `to`; needs memory for hash tables only, and does without. */
void tree_merge(struct arena *mem, struct branch *to, struct branch *from);
/* What was read becomes part of the tree. */
enum fl_err tree_join(struct settings *s, struct branch *read);
enum fl_err tree_copy(struct arena *mem, const struct branch *from, struct branch *to);

#endif
