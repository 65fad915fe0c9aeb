/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "walk.h"

#include <string.h>

#define WHERE_MAX 512
#define ECHO_MAX  48 /* octets of a wrong word that are repeated in a message */

void walk_init(struct walk *w, struct arena *mem, const struct setting *rows,
	const struct branch *at, struct branch *to, struct diags *why)
{
	/* Not all of it: `room` is large and needs no zeros. */
	w->mem = mem;
	w->why = why;
	w->warn = NULL;
	w->tolerant = false;
	w->at = w->in = at;
	w->to = to;
	w->rows = rows;
	w->need = WALK_ROW;
	w->may_end = false;
	w->row = NULL;
	w->entry = NULL;
	w->ncolumns = 0;
	w->bad_columns = 0;
	w->place = (struct place){0};
	w->lost = false;
	w->full = false;
}

/* ---- messages ---- */

/* The path of the branch being built, or that is, and the word of a row behind it. */
static struct str where(const struct walk *w, const char *field, char room[WHERE_MAX])
{
	struct textbuf t = textbuf_of(room, WHERE_MAX);
	struct sink out = textbuf_sink(&t);

	tree_path(w->to ? w->to : w->at, &out);
	if (field)
		textbuf_printf(&t, "%s%s", t.n ? " " : "", field);
	return textbuf_str(&t);
}

/* Leave a mark at what would have come of the row, where it is one of those looked at. */
static void spoil(struct walk *w, const struct setting *row)
{
	const struct setting *r = w->rows;

	if (!w->to)
		return;
	while (r && r->name && r != row)
		r++;
	tree_spoil(w->mem, w->to, r && r->name ? row : NULL);
}

void walk_spoil(struct walk *w)
{
	if (!w->to)
		return;
	spoil(w, w->row);
	w->to->node.doubtful |= !w->row || w->need == WALK_ROW;
}

/* A wrong word as it is repeated in a message: long ones cut, between characters. */
static const char *echo(struct str word, char room[ECHO_MAX + 4])
{
	struct textbuf t = textbuf_of(room, ECHO_MAX + 4);

	for (size_t i = 0, n; i < word.n; i += n) {
		n = utf8_char(word.at + i, word.at + word.n);
		if (n == 0 || t.n + n > ECHO_MAX) {
			textbuf_printf(&t, "...");
			break;
		}
		textbuf_put(&t, word.at + i, n);
	}
	return room;
}

static void say(struct walk *w, const struct word *at, const char *field, const char *cure,
	const char *what)
{
	char room[WHERE_MAX];

	if (w->why)
		diag_at(w->why, DIAG_ERROR, at->line, at->column, where(w, field, room), cure, "%s",
			what);
}

#define NO_SEMICOLON "end a statement with a comma or a new line, not with \";\""

static bool ends_in_semicolon(struct str s)
{
	return s.n > 1 && s.at[s.n - 1] == ';';
}

/* Would the value be good without the ";" that other languages want behind it? */
static bool is_good_before_semicolon(
	struct walk *w, const struct word *at, const struct setting *row)
{
	struct str text = {at->text.at, at->text.n - 1};
	struct complaint why;

	complaint_init(&why);
	if (row->syntax && strchr(row->syntax, ';'))
		return false; /* it means something there */
	return !at->quoted && ends_in_semicolon(at->text) &&
	       value_check(row, &text, w->room[w->ncolumns], &why);
}

static void say_bad_value(
	struct walk *w, const struct word *at, const struct setting *row, struct complaint *why)
{
	char room[WHERE_MAX], word[ECHO_MAX + 4], what[sizeof(why->what_room) + ECHO_MAX + 8];
	struct textbuf t = textbuf_of(what, sizeof(what));

	if (row->flags & SETTING_SECRET)
		textbuf_printf(&t, "the value ");
	else
		textbuf_printf(&t, "\"%s\" ", echo(at->text, word));
	textbuf_printf(&t, "%s", why->what.at);
	if (is_good_before_semicolon(w, at, row)) {
		why->cure = textbuf_of(why->cure_room, sizeof(why->cure_room));
		textbuf_printf(&why->cure, NO_SEMICOLON);
	}
	if (w->why)
		diag_at(w->why, DIAG_ERROR, at->line, at->column, where(w, w->row->name, room),
			why->cure.n ? why->cure.at : NULL, "%s", what);
}

/* Nothing is spoilt by it: it is as if it were not there. */
static void warn_unknown_row(struct walk *w, const struct word *at)
{
	char room[WHERE_MAX], word[ECHO_MAX + 4];

	diag_at(w->warn, DIAG_WARNING, at->line, at->column, where(w, NULL, room), NULL,
		"\"%s\" is left out: this version has no such setting", echo(at->text, word));
}

static void say_unknown_row(struct walk *w, const struct word *at)
{
	struct complaint c;
	struct nearest n = nearest_to(at->text);
	char room[ECHO_MAX + 4];

	complaint_init(&c);
	textbuf_printf(&c.what, "there is no setting \"%s\"%s", echo(at->text, room),
		w->to && w->to->up ? " here" : "");
	for (const struct setting *r = w->rows; r && r->name; r++)
		nearest_try(&n, str_of(r->name));
	if (nearest_found(&n)) {
		textbuf_printf(&c.cure, "did you mean \"%.*s\"?", STR_ARG(n.word));
		spoil(w, row_find(w->rows, n.word));
	} else {
		for (const struct setting *r = w->rows; r && r->name; r++)
			words_add(&c.cure, str_of(r->name));
		w->row = NULL;
		walk_spoil(w);
	}
	say(w, at, NULL, c.cure.n ? c.cure.at : NULL, c.what.at);
}

static void say_needs_more(struct walk *w, const struct word *at)
{
	struct complaint c;
	struct sink cure;

	complaint_init(&c);
	cure = textbuf_sink(&c.cure);
	if (w->row && w->need != WALK_ROW) {
		textbuf_printf(&c.cure, "write it like: ");
		row_syntax(w->row, &cure);
	} else {
		for (const struct setting *r = w->rows; r && r->name; r++)
			words_add(&c.cure, str_of(r->name));
	}
	if (w->need == WALK_COLUMN)
		textbuf_printf(&c.what, "%s is missing", w->row->columns[w->ncolumns].name);
	else
		textbuf_printf(&c.what,
			w->need == WALK_VALUE ? "its value is missing" : "a setting is missing");
	say(w, at, w->need == WALK_ROW ? NULL : w->row->name, c.cure.n ? c.cure.at : NULL,
		c.what.at);
	spoil(w, w->row);
}

/* What helps when the word of a text is followed by another. */
static const char *cure_text(const struct walk *w, const struct word *at)
{
	if (ends_in_semicolon(w->column[0]))
		return NO_SEMICOLON;
	if (!at->quoted && row_find(w->rows, at->text))
		return "put a comma or a new line before the next setting, or quotes around the "
		       "text";
	return "put a text of several words in quotes";
}

static void say_too_many(struct walk *w, const struct word *at)
{
	struct complaint c;
	char room[ECHO_MAX + 4];
	bool text = w->row->kind == SETTING_VALUE && w->row->type == VALUE_TEXT;

	complaint_init(&c);
	if (w->row->flags & SETTING_SECRET)
		textbuf_printf(&c.what, "there is a word too many");
	else
		textbuf_printf(&c.what, "\"%s\" is a word too many", echo(at->text, room));
	say(w, at, w->row->name,
		text ? cure_text(w, at) : "put a comma or a new line before the next setting",
		c.what.at);
	spoil(w, w->row);
}

static void warn_twice(struct walk *w, const struct word *at, const char *what, const char *cure)
{
	char room[WHERE_MAX];

	if (w->warn)
		diag_at(w->warn, DIAG_WARNING, at->line, at->column, where(w, w->row->name, room),
			cure, "%s", what);
}

/* ---- the steps ---- */

static void lead_nowhere(struct walk *w, const struct word *word)
{
	w->at = NULL;
	w->lost = true;
	w->missing = *word;
	w->lost_row = w->row;
	w->lost_in = w->in;
}

static struct word word_at(const struct walk *w, unsigned column)
{
	return (struct word){.text = w->column[column],
		.line = w->place.line,
		.column = w->place.value_column[column]};
}

static bool keep_value(struct walk *w)
{
	struct word word = {.line = w->place.line, .column = w->place.column};
	bool old = false;

	w->need = WALK_NOTHING;
	w->may_end = true;
	if (!w->to)
		return true;
	w->full = !tree_put_value(w->mem, w->to, w->row, w->column[0], &w->place, &old);
	if (old)
		warn_twice(w, &word, "is set twice", "remove one of the two: the later one counts");
	return !w->full;
}

/* All words of a list's entry are there: go inside. */
static bool enter(struct walk *w)
{
	struct word last = word_at(w, row_keys(w->row) - 1);
	unsigned had;
	struct entry *e;

	w->entry = tree_entry(w->at, w->row, w->column);
	if (w->at && !w->entry)
		lead_nowhere(w, &last);
	w->at = w->entry ? &w->entry->branch : NULL;
	if (w->to) {
		e = tree_put_entry(w->mem, w->to, w->row, w->column, w->ncolumns, &w->place, &had);
		if (!e)
			return w->full = true, false;
		e->bad_columns |= w->bad_columns;
		e->branch.node.spoilt |= w->bad_columns != 0;
		if (had && (!w->row->rows ||
				   (had > row_keys(w->row) && w->ncolumns > row_keys(w->row))))
			warn_twice(w, &last, "is there twice",
				"remove one of the two: the later one counts");
		w->to = &e->branch;
	}
	w->rows = w->row->rows;
	w->need = w->rows ? WALK_ROW : WALK_NOTHING;
	w->may_end = true;
	return true;
}

/* Columns that must be there may be left out when the entry has them from before. */
static bool has_required(const struct walk *w)
{
	unsigned required = row_required(w->row);
	const struct entry *e;

	if (w->ncolumns >= required)
		return true;
	if (w->ncolumns != row_keys(w->row))
		return false;
	e = tree_entry(w->to, w->row, w->column);
	if (e && e->ncolumns >= required)
		return true;
	e = tree_entry(w->at, w->row, w->column);
	return e && e->ncolumns >= required;
}

static bool take_row(struct walk *w, const struct word *word)
{
	const struct setting *row = word->quoted ? NULL : row_find(w->rows, word->text);
	struct settings_node *there = tree_child(w->at, row);

	if (!row) {
		if (w->tolerant && w->warn)
			warn_unknown_row(w, word);
		else
			say_unknown_row(w, word);
		return false;
	}
	w->in = w->at;
	w->row = row;
	w->entry = NULL;
	w->ncolumns = 0;
	w->bad_columns = 0;
	w->column[0] = (struct str){"", 0};
	w->place = (struct place){.line = word->line, .column = word->column};
	w->may_end = false;
	if (w->at && (!there || tree_is_empty(there)))
		lead_nowhere(w, word);
	switch (row->kind) {
	case SETTING_VALUE:
		w->need = WALK_VALUE;
		return row->type == VALUE_FLAG ? keep_value(w) : true;
	case SETTING_LIST:
		w->need = WALK_COLUMN;
		return true;
	case SETTING_BLOCK:
		w->at = (struct branch *)(w->at ? there : NULL);
		w->rows = row->rows;
		w->need = WALK_ROW;
		if (w->to)
			w->full = !(w->to = tree_put_block(w->mem, w->to, row, &w->place));
		return !w->full;
	}
	return false;
}

/* A wrong column is said and then taken as it is: what follows can still be checked. */
static bool take_column(struct walk *w, const struct word *word)
{
	const struct setting *column = &w->row->columns[w->ncolumns];
	struct complaint why;

	complaint_init(&why);
	w->column[w->ncolumns] = word->text;
	if (!value_check(column, &w->column[w->ncolumns], w->room[w->ncolumns], &why)) {
		say_bad_value(w, word, column, &why);
		if (!w->to)
			return false;
		w->bad_columns |= (uint8_t)(1u << w->ncolumns);
		if (column->flags & SETTING_KEY)
			spoil(w, w->row);
	}
	w->place.value_column[w->ncolumns] = word->column;
	w->ncolumns++;
	return w->ncolumns < row_columns(w->row) ? true : enter(w);
}

static bool take_value(struct walk *w, const struct word *word)
{
	struct complaint why;

	complaint_init(&why);
	w->column[0] = word->text;
	if (!value_check(w->row, &w->column[0], w->room[0], &why)) {
		say_bad_value(w, word, w->row, &why);
		spoil(w, w->row);
		return false;
	}
	w->place.value_column[0] = word->column;
	w->ncolumns = 1;
	return keep_value(w);
}

bool walk_may_take_row(const struct walk *w)
{
	return w->need == WALK_COLUMN && w->row->rows && w->ncolumns >= row_keys(w->row);
}

bool walk_word(struct walk *w, const struct word *word)
{
	if (walk_may_take_row(w) && !word->quoted && row_find(w->row->rows, word->text)) {
		if (w->to && !has_required(w)) {
			say_needs_more(w, word);
			return false;
		}
		if (!enter(w))
			return false;
	}
	switch (w->need) {
	case WALK_ROW:
		return take_row(w, word);
	case WALK_COLUMN:
		return take_column(w, word);
	case WALK_VALUE:
		return take_value(w, word);
	case WALK_NOTHING:
		say_too_many(w, word);
		return false;
	}
	return false;
}

bool walk_end(struct walk *w, const struct word *end)
{
	if (w->need == WALK_COLUMN && w->ncolumns >= row_keys(w->row) &&
		(!w->to || has_required(w)))
		return enter(w);
	if (w->may_end)
		return true;
	say_needs_more(w, end);
	return false;
}

bool walk_open(struct walk *w, const struct word *brace)
{
	if (w->need == WALK_COLUMN && w->row->rows)
		return walk_end(w, brace);
	if (w->need == WALK_ROW && w->row)
		return true;
	if (w->need == WALK_NOTHING || (w->row && !w->row->rows)) {
		say(w, brace, w->row->name, "remove the braces and what is in them",
			"has nothing inside that could be set");
		spoil(w, w->row);
	} else {
		say_needs_more(w, brace);
	}
	return false;
}

enum fl_err walk_statement(struct walk *w, struct str statement)
{
	struct lexer lx;
	struct word word;

	lexer_init(&lx, statement, 0, w->mem);
	for (;;) {
		switch (lexer_next(&lx, &word)) {
		case TOKEN_WORD:
			if (!walk_word(w, &word))
				return w->full ? FL_EFULL : FL_EFORMAT;
			break;
		case TOKEN_END:
			return FL_OK;
		case TOKEN_BAD:
			say(w, &word, NULL, lx.cure, lx.what);
			return w->mem->full ? FL_EFULL : FL_EFORMAT;
		case TOKEN_OPEN:
		case TOKEN_CLOSE:
		case TOKEN_COMMA:
		case TOKEN_NEWLINE:
			say(w, &word, NULL, "type one statement, as words with blanks between them",
				"braces, commas and new lines have no place here");
			return FL_EFORMAT;
		}
	}
}

/* ---- what was found ---- */

static bool has_columns(const struct walk *w, const struct entry *e)
{
	for (unsigned i = 0; i < w->ncolumns; i++)
		if (i >= e->ncolumns || !str_eq(entry_column(e, i), w->column[i]))
			return false;
	return true;
}

static struct settings_node *first_match(const struct walk *w, struct entry *e)
{
	while (e && !has_columns(w, e))
		e = entry_next(e);
	return e ? &e->branch.node : NULL;
}

struct settings_node *walk_found(const struct walk *w)
{
	struct settings_node *n = w->row ? tree_child(w->in, w->row) : NULL;

	if (!n || tree_is_empty(n))
		return NULL;
	switch (w->row->kind) {
	case SETTING_VALUE:
		return w->ncolumns == 0 || str_eq(value_text(n), w->column[0]) ? n : NULL;
	case SETTING_BLOCK:
		return n;
	case SETTING_LIST:
		if (w->need != WALK_COLUMN || w->ncolumns >= row_keys(w->row))
			return w->entry && has_columns(w, w->entry) ? &w->entry->branch.node : NULL;
		return first_match(w, group_settle(n));
	}
	return NULL;
}

struct settings_node *walk_found_next(const struct walk *w, const struct settings_node *n)
{
	if (n->row->kind != SETTING_LIST || w->need != WALK_COLUMN ||
		w->ncolumns >= row_keys(w->row))
		return NULL;
	return first_match(w, entry_next((const struct entry *)n));
}
