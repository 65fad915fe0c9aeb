/* SPDX-License-Identifier: GPL-2.0-or-later */
/* settings.h - the configuration: one schema for parsing, checking, printing, comparing,
 * completing.
 *
 * A module describes what can be set by rows (struct setting) in its own *_settings.c.  The rows
 * say which C struct the values end up in, so that one table gives the parser, the range check, the
 * help, the printer and the typed result.
 *
 * Text.  A statement is a run of words that walks down the rows: "link wan1 weight 4".  Braces
 * factor out a common beginning: "link wan1 { weight 4, interface eth0 }".  A statement ends at the
 * end of its line, at a comma or at a closing brace; ";" ends nothing.  "#" begins a comment.  A
 * word with a space, comma, brace, "#" or quote in it, or an empty one, is quoted: "a \"b\" \\ c".
 * A statement that begins with the word "set" is the canonical form and means the same.
 *
 * Order.  Printing sorts by the rows of the schema and by key (naturally: wan2 before wan10),
 * except lists marked SETTING_ORDERED, whose order means something and is kept.  Printing, parsing
 * and printing again gives the same bytes.
 *
 * Ownership.  A tree lives in the arena it was made with; texts given to the parser are copied. */
#ifndef FL_SETTINGS_H
#define FL_SETTINGS_H

#include "diag.h"
#include "err.h"

/* ---- the schema ---- */

enum setting_kind {
	SETTING_VALUE = 1, /* a word with one value */
	SETTING_LIST,      /* many of it, told apart by its key columns */
	SETTING_BLOCK,     /* at most one of it, with rows inside */
};

enum value_type {
	/* type         C type of the field          text */
	VALUE_FLAG = 1, /* bool                      the word alone: "disabled" */
	VALUE_YESNO,    /* bool                      yes | no */
	VALUE_NAME,     /* struct str                a letter or digit, then those and "-", "_", "."
			   up to FL_NAME_MAX */
	VALUE_TEXT,     /* struct str                min..max octets, no control characters */
	VALUE_UINT,     /* uint32_t                  min..max, decimal */
	VALUE_SPAN,     /* span                      min..max in ms; "500ms" "3s" "5m" "1h" "2d" */
	VALUE_RATE,     /* uint64_t, bits per second min..max; "200M" "64k" "1G" "1200" */
	VALUE_ADDR,     /* struct ip_addr            */
	VALUE_PREFIX,   /* struct ip_prefix          a network: no bits behind the prefix */
	VALUE_HOST_PREFIX, /* struct ip_prefix       an address of a host and the size of its
			      network */
	VALUE_CHOICE,      /* uint32_t                  one of `choices`; the value is the index */
	VALUE_REF, /* int32_t                   key of an entry of list `ref`, as its index in the
		    *                           bound array; words of `choices` are -1, -2, ... */
	VALUE_CUSTOM, /* as `parse` says */
};

enum setting_flags {
	SETTING_REQUIRED = 1, /* its absence is an error, in a block only if that has something */
	SETTING_KEY = 2,      /* a column that tells entries apart */
	SETTING_ORDERED = 4,  /* a list whose order means something */
	SETTING_SECRET = 8,   /* never printed in clear */
	SETTING_PRIVATE = 16, /* printed, but settings_hide() hides it, as it does a secret: a value
				 of its own, no column */
};

#define SETTING_COLUMNS_MAX 4
#define SETTING_CUSTOM_MAX  512 /* octets of the C type that a VALUE_CUSTOM fills, at most */

struct setting {
	const char *name; /* the word; NULL ends a table of rows */
	const char *help; /* one line without a full stop; says the unit */
	enum setting_kind kind;
	unsigned flags;
	/* Where in the struct of the enclosing list or block.  A SETTING_LIST names a "T *x" that
	 * is followed at once by its count: SETTINGS_LIST(T, x).  A SETTING_BLOCK names a struct
	 * that is embedded. */
	size_t offset;

	/* SETTING_VALUE, and columns of lists */
	enum value_type type;
	int64_t min, max; /* both 0: as far as the type goes; max 0: no upper bound */
	const char *def;  /* its text when it is not set; NULL: all zeros (a REF is then -100) */
	const char *const *choices;     /* ends with NULL */
	const char *const *choice_help; /* beside each choice, or NULL */
	const char *ref; /* "link"; "host" within the same parent where the list is a sibling of
			  * the entry's parent */
	/* VALUE_CUSTOM: true and *out filled, or false and a reason ("is not a host name").  Texts
	 * in *out may point into `text`, which lives as long as the bound structs. */
	bool (*parse)(struct str text, void *out, struct textbuf *why);
	const char *syntax;  /* VALUE_CUSTOM: what to type, for help: "[PREFERENCE;]NAME" */
	const char *example; /* VALUE_CUSTOM: for cures, "www"; NULL: they name the syntax */

	/* SETTING_LIST, SETTING_BLOCK */
	const struct setting
		*columns;           /* the words behind the list's name: keys first, then others;
				     * those that are not REQUIRED or KEY may be left out at the end */
	const struct setting *rows; /* what may stand in its braces; NULL: no braces */
	size_t size; /* SETTING_LIST: of one entry, which starts with a struct origin */
	/* Checks across fields, run on each bound entry, and on the embedded struct of a block that
	 * has something set, after all of its values were good.  May be NULL. */
	void (*check)(const void *entry, struct diags *why);
};

/* The two members that a SETTING_LIST fills. */
#define SETTINGS_LIST(type, name)                                                                  \
	type *name;                                                                                \
	size_t n##name
#define SETTING_REF_UNSET (-100)

/* ---- trees ---- */

struct settings_node;

struct settings {
	struct arena *mem;
	const struct setting *schema; /* the top rows; ends with name NULL */
	struct settings_node *root;
};

/* An empty tree.  Memory in `mem` grows with each change, also with a text that is refused: who
 * edits for long copies the tree to a new arena now and then. */
enum fl_err settings_init(struct settings *s, const struct setting *schema, struct arena *mem);
/* A copy of `from` in `mem`, independent of it. */
enum fl_err settings_copy(const struct settings *from, struct arena *mem, struct settings *out);
/* The statements were typed nowhere from now on: mistakes are told without a line.  For a tree that
 * outlives the text it was read from. */
void settings_forget_places(struct settings *s);
/* After a lenient parse: is all there, and good, that was typed of this row of the schema? */
bool settings_is_whole(const struct settings *s, struct str row);
/* For who may only look: what is private or secret is no more than named, in a remark, when `s` is
 * printed from now on; in JSON it is absent.  `s` is a copy that is made for this. */
void settings_hide(struct settings *s);
/* Merge statements into `s`.  Every mistake of the text goes to `why`; FL_EFORMAT when there was
 * one, and then `s` is unchanged.  Only what can be told from one statement is checked here: words,
 * types, ranges.  `text` may be any octets. */
MUST_USE enum fl_err settings_parse(struct settings *s, struct str text, struct diags *why);
/* The same for a look at the whole: what is good becomes part of `s` although something else is
 * not, and settings_bind() does not complain of what is missing because of it.  FL_EFORMAT: `why`
 * has mistakes; then `s` is good for settings_bind(), to collect those of the whole, and for
 * nothing else. */
MUST_USE enum fl_err settings_parse_leniently(
	struct settings *s, struct str text, struct diags *why);
/* As settings_parse_leniently(), of a text that a version of ours has printed: what is unknown here
 * comes from another version, and is left out with a warning. */
MUST_USE enum fl_err settings_parse_printed(struct settings *s, struct str text, struct diags *why);
/* As settings_parse(), of a JSON text: an object of the rows; a list is an array of objects, which
 * hold its columns beside the rows inside. */
MUST_USE enum fl_err settings_parse_json(struct settings *s, struct str text, struct diags *why);
/* One statement, as words typed behind "set" or "delete", blanks between them, quotes as above.
 * Deleting what is not there is FL_ENOENT and a diag that says which word was not found.  "delete
 * link wan1 weight" takes the value away, "delete link wan1" the entry, "delete link" all of them.
 */
MUST_USE enum fl_err settings_set(struct settings *s, struct str statement, struct diags *why);
MUST_USE enum fl_err settings_delete(struct settings *s, struct str statement, struct diags *why);

enum settings_form { SETTINGS_BRACES = 1, SETTINGS_LINES, SETTINGS_JSON };
/* What `path` names (words as above; empty: all of the tree): a value, a block, an entry, or all
 * entries of a list.  In braces without what is around it, in lines and JSON with the whole path.
 * FL_ENOENT: nothing is there. */
enum fl_err settings_print(
	const struct settings *s, struct str path, enum settings_form form, const struct sink *out);
/* What leads from `a` to `b`: canonical lines with "- " or "+ " before them.  An entry that goes
 * has a last line of its own, "- set link wan1".  Returns how many lines. */
size_t settings_diff(const struct settings *a, const struct settings *b, const struct sink *out);

/* Have they the same settings, in the same order where it means something? */
bool settings_same(const struct settings *a, const struct settings *b);

/* Fill a struct from the tree: `out`, zeroed by the caller, is the struct that the offsets of the
 * schema's top rows belong to.  Checks all that needs the whole: required values, references,
 * `check`.  Texts and arrays live in `mem` or in the tree, whichever ends first.  FL_EFORMAT: `why`
 * has all mistakes. */
MUST_USE enum fl_err settings_bind(
	const struct settings *s, struct arena *mem, void *out, struct diags *why);

/* ---- a few changed entries, in place ----
 *
 * 100,000 entries need not be copied and bound anew because one of them has another value, is new,
 * or is gone. */

#define SETTINGS_EDITS_MAX 16

struct settings_edit {
	struct settings_node *list, *next;
	struct settings_node *now;   /* the entry in the tree; NULL: none */
	struct settings_node *other; /* the one in the other state; NULL: none */
	size_t outer;                /* of the entry around it, in the bound array */
	/* Its own.  What is gone was there after all edits before this one. */
	size_t index;
};

struct settings_edits {
	struct settings_edit at[SETTINGS_EDITS_MAX];
	size_t n;
};

/* What makes `s` the same as `to`, if that is no more than a few entries of lists whose names are
 * in `inner`, in entries of list `outer`, a top row, that both have.  FL_ERANGE: it is more.  The
 * entries of `to` are copied to the memory of `s`. */
MUST_USE enum fl_err settings_find_edits(struct settings *s, const struct settings *to,
	const char *outer, const char *const *inner, struct settings_edits *out);
/* The name of its list. */
struct str settings_edit_list(const struct settings_edit *edit);
/* Exchange the entry for the other one; once more, and it is as it was.  Edits are made in their
 * order and taken back in the reverse order. */
void settings_swap_edit(struct settings *s, struct settings_edit *edit);
/* Fill the struct of the entry that is there now, `out`.  As settings_bind(). */
MUST_USE enum fl_err settings_bind_edit(const struct settings *s, const struct settings_edit *edit,
	struct arena *mem, void *out, struct diags *why);

/* The reference manual of all rows, in Markdown. */
void settings_reference(const struct setting *schema, const struct sink *out);
/* Every row with its words, keys left out: "link", "link monitor target". */
void settings_each_row(const struct setting *schema,
	void (*each)(void *ctx, struct str path, const struct setting *row), void *ctx);

/* ---- for the console ---- */

/* One way to go on with a statement. */
struct settings_choice {
	struct str word; /* what to type: "weight", "wan1"; empty: a value of one's own */
	struct str help; /* "weight of this link against the others (1..240, now 4)" */
	bool is_value; /* `help` describes a value to be typed; `word` is empty or one suggestion */
};

/* The ways to go on after the complete words of `statement` with a word that begins with `partial`.
 * Returns how many were written to `out`; `end` tells whether the statement could end here. */
size_t settings_complete(const struct settings *s, struct str statement, struct str partial,
	struct arena *mem, struct settings_choice *out, size_t max, bool *end);

/* Write a word as texts need it: in quotes where it must be, or when `quote`. */
void settings_put_word(const struct sink *out, struct str word, bool quote);
/* Does the path name something that statements can stand in: a block, or an entry, which need not
 * be there? */
bool settings_has_inside(const struct settings *s, struct str path);
/* Let `d` name paths and find fields for origins of settings.  All functions above that take a
 * struct diags do so themselves. */
void settings_name_places(struct diags *d);

#endif
