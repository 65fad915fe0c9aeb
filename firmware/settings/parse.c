/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts and statements.
 *
 * A text is built as a tree of its own next to the one it is for, and becomes part of it when all
 * of it was good: so a bad text changes nothing, and what is said twice in one text shows.
 *
 * After a mistake the rest of the statement is skipped, with all that its braces hold, and reading
 * goes on: one mistake, one message.  A missing brace is noticed at the first line that cannot
 * stand where it stands but could further out, if the text has too few of them. */
#include "walk.h"

struct level {
	const struct setting *rows;
	const struct branch *at; /* the tree that is, or NULL where nothing is */
	struct branch *to;       /* the tree being built */
	uint32_t line, column;   /* of the brace */
};

struct parser {
	struct lexer lx;
	struct walk walk; /* of the statement being read */
	struct diags *why;
	struct str text;
	struct level level[TREE_DEPTH_MAX];
	unsigned depth;
	bool tolerant; /* of what is unknown */
	bool counted;  /* `missing` is known */
	long missing;  /* closing braces that the text still lacks */
};

static void complain(
	struct parser *p, uint32_t line, uint32_t column, const char *what, const char *cure)
{
	char room[512];
	struct textbuf t = textbuf_of(room, sizeof(room));
	struct sink out = textbuf_sink(&t);

	tree_path(p->level[p->depth].to, &out);
	diag_at(p->why, DIAG_ERROR, line, column, textbuf_str(&t), cure, "%s", what);
}

static enum token next(struct parser *p, struct word *w)
{
	enum token t = lexer_next(&p->lx, w);

	if (t == TOKEN_BAD)
		complain(p, w->line, w->column, p->lx.what, p->lx.cure);
	return t;
}

static void close_level(struct parser *p, const struct word *brace)
{
	if (p->depth == 0)
		complain(p, brace->line, brace->column, "\"}\" without a \"{\" before it",
			"remove it");
	else
		p->depth--;
}

static void say_never_closed(struct parser *p, uint32_t line, uint32_t column)
{
	complain(p, line, column, "this \"{\" is never closed", "put a \"}\" where it should end");
}

/* Skip to the end of the statement.  `inside`: a brace was opened already, at `w`.  False: it ends
 * with the text, inside the brace at `open`. */
static bool skip_statement(struct parser *p, struct word *w, bool inside, struct word *open)
{
	unsigned long depth = inside;

	*open = *w;
	for (;;) {
		/* More of the same statement is no news. */
		enum token t = depth ? next(p, w) : lexer_next(&p->lx, w);

		if (t == TOKEN_END || (depth == 0 && (t == TOKEN_NEWLINE || t == TOKEN_COMMA)))
			break;
		if (t == TOKEN_OPEN && depth++ == 0)
			*open = *w;
		if (t == TOKEN_CLOSE && depth == 0) {
			close_level(p, w);
			return true;
		}
		if (t == TOKEN_CLOSE && --depth == 0)
			return true;
	}
	return depth == 0;
}

static void skip(struct parser *p, struct word *w, bool inside)
{
	struct word open;

	if (!skip_statement(p, w, inside, &open))
		say_never_closed(p, open.line, open.column);
}

static void open_level(struct parser *p, struct word *brace)
{
	struct walk *w = &p->walk;

	if (!walk_open(w, brace)) {
		skip(p, brace, true);
		return;
	}
	if (p->depth + 1 == TREE_DEPTH_MAX) {
		complain(p, brace->line, brace->column, "too many braces one in another", NULL);
		skip(p, brace, true);
		return;
	}
	p->level[++p->depth] = (struct level){w->rows, w->at, w->to, brace->line, brace->column};
}

/* What belongs into the level may stand further out, and the other way round. */
static void give_up_level(struct parser *p)
{
	struct level *l = &p->level[p->depth];

	l->to->node.spoilt = l->to->node.doubtful = true;
	say_never_closed(p, l->line, l->column);
}

/* Closing braces that the whole text lacks. */
static long count_missing(struct parser *p)
{
	struct lexer lx;
	struct word w;
	long open = 0;

	lexer_init(&lx, p->text, 1, p->walk.mem);
	for (enum token t; (t = lexer_next(&lx, &w)) != TOKEN_END;)
		open += (t == TOKEN_OPEN) - (t == TOKEN_CLOSE);
	return open;
}

/* A statement whose first word is unknown here, but known further out: does a "}" lack? */
static void close_forgotten(struct parser *p, const struct word *w)
{
	unsigned d = p->depth;

	if (d == 0 || w->quoted || row_find(p->level[d].rows, w->text))
		return;
	while (d > 0 && !row_find(p->level[d].rows, w->text))
		d--;
	if (!row_find(p->level[d].rows, w->text) && !str_is(w->text, "set"))
		return;
	if (!p->counted)
		p->missing = count_missing(p);
	p->counted = true;
	if (p->missing < (long)(p->depth - d))
		return;
	for (; p->depth > d; p->depth--, p->missing--)
		give_up_level(p);
}

static void start_walk(struct parser *p)
{
	const struct level *l = &p->level[p->depth];
	struct arena *mem = p->walk.mem;

	walk_init(&p->walk, mem, l->rows, l->at, l->to, p->why);
	p->walk.warn = p->why;
	p->walk.tolerant = p->tolerant;
}

static void parse_statement(struct parser *p, struct word *w)
{
	enum token t = TOKEN_WORD;

	close_forgotten(p, w);
	start_walk(p);
	if (p->depth == 0 && !w->quoted && str_is(w->text, "set"))
		t = next(p, w);
	for (;; t = next(p, w)) {
		switch (t) {
		case TOKEN_WORD:
			if (walk_word(&p->walk, w))
				continue;
			skip(p, w, false);
			return;
		case TOKEN_OPEN:
			open_level(p, w);
			return;
		case TOKEN_CLOSE:
			walk_end(&p->walk, w);
			close_level(p, w);
			return;
		case TOKEN_COMMA:
		case TOKEN_NEWLINE:
		case TOKEN_END:
			walk_end(&p->walk, w);
			return;
		case TOKEN_BAD:
			walk_spoil(&p->walk);
			skip(p, w, false);
			return;
		}
	}
}

/* A brace that belongs to nothing is one mistake, closed or not. */
static void skip_stray(struct parser *p, struct word *brace)
{
	struct word open;

	complain(p, brace->line, brace->column, "a \"{\" without a setting before it",
		"put it on the line of the setting it belongs to");
	if (!skip_statement(p, brace, true, &open))
		p->level[p->depth].to->node.doubtful = true;
}

static void parse_text(struct parser *p)
{
	struct word w;

	while (!p->walk.full) {
		switch (next(p, &w)) {
		case TOKEN_WORD:
			parse_statement(p, &w);
			break;
		case TOKEN_OPEN:
			skip_stray(p, &w);
			break;
		case TOKEN_CLOSE:
			close_level(p, &w);
			break;
		case TOKEN_COMMA:
		case TOKEN_NEWLINE:
			break;
		case TOKEN_BAD:
			p->level[p->depth].to->node.doubtful = true;
			skip(p, &w, false);
			break;
		case TOKEN_END:
			for (; p->depth > 0; p->depth--)
				give_up_level(p);
			return;
		}
	}
}

enum fl_err tree_join(struct settings *s, struct branch *read)
{
	if (s->mem->full)
		return FL_EFULL;
	if (tree_branch_is_empty(tree_root(s)))
		s->root = &read->node;
	else
		tree_merge(s->mem, tree_root(s), read);
	return FL_OK;
}

/* Into a tree of its own; NULL: out of memory. */
static struct branch *read_text(
	struct settings *s, struct str text, bool tolerant, struct diags *why)
{
	struct parser p = {.why = why, .text = text, .tolerant = tolerant};
	struct branch *read = tree_new_root(s->mem);

	settings_name_places(why);
	if (!read)
		return NULL;
	p.level[0] = (struct level){.rows = s->schema, .at = tree_root(s), .to = read};
	lexer_init(&p.lx, text, 1, s->mem);
	walk_init(&p.walk, s->mem, s->schema, NULL, NULL, why);
	parse_text(&p);
	return read;
}

enum fl_err settings_parse(struct settings *s, struct str text, struct diags *why)
{
	size_t errors = why->errors;
	struct branch *read = read_text(s, text, false, why);

	if (!read || s->mem->full)
		return FL_EFULL;
	return why->errors == errors ? tree_join(s, read) : FL_EFORMAT;
}

static enum fl_err parse_what_is_good(
	struct settings *s, struct str text, bool tolerant, struct diags *why)
{
	size_t errors = why->errors;
	struct branch *read = read_text(s, text, tolerant, why);
	enum fl_err err = read ? tree_join(s, read) : FL_EFULL;

	if (err)
		return err;
	return why->errors == errors ? FL_OK : FL_EFORMAT;
}

enum fl_err settings_parse_leniently(struct settings *s, struct str text, struct diags *why)
{
	return parse_what_is_good(s, text, false, why);
}

enum fl_err settings_parse_printed(struct settings *s, struct str text, struct diags *why)
{
	return parse_what_is_good(s, text, true, why);
}

enum fl_err settings_set(struct settings *s, struct str statement, struct diags *why)
{
	struct word end = {.column = (uint32_t)statement.n + 1};
	struct branch *read = tree_new_root(s->mem);
	size_t errors = why->errors;
	struct walk w;
	enum fl_err e;

	settings_name_places(why);
	if (!read)
		return FL_EFULL;
	walk_init(&w, s->mem, s->schema, tree_root(s), read, why);
	e = walk_statement(&w, statement);
	if (!e && walk_end(&w, &end) && why->errors == errors)
		return tree_join(s, read);
	return e == FL_EFULL || w.full ? FL_EFULL : FL_EFORMAT;
}

static void remove_found(struct walk *w, struct settings_node *n)
{
	while (n) {
		struct settings_node *then = walk_found_next(w, n);

		if (n->row->kind == SETTING_LIST)
			tree_remove_entry((struct entry *)n);
		else
			tree_remove((struct branch *)w->in, n);
		n = then;
	}
}

static void cure_missing(const struct walk *w, struct complaint *c)
{
	struct settings_node *group = tree_child(w->lost_in, w->lost_row);
	struct nearest n = nearest_to(w->missing.text);
	struct entry *first = group_settle(group);

	for (struct entry *e = first; e && e->index < 64; e = entry_next(e))
		nearest_try(&n, entry_column(e, 0));
	if (((struct group *)group)->count > 8 && nearest_found(&n))
		textbuf_printf(&c->cure, "did you mean \"%.*s\"?", STR_ARG(n.word));
	else if (((struct group *)group)->count <= 8 && row_keys(w->lost_row) == 1)
		for (struct entry *e = first; e; e = entry_next(e))
			words_add(&c->cure, entry_column(e, 0));
}

/* Which word of the statement led nowhere, and what it could have been. */
static void say_missing(const struct walk *w, struct diags *why)
{
	const struct setting *row = w->lost ? w->lost_row : w->row;
	struct settings_node *there = tree_child(w->lost ? w->lost_in : w->in, row);
	struct complaint c;
	char room[512];
	struct textbuf where = textbuf_of(room, sizeof(room));
	struct sink out = textbuf_sink(&where);

	complaint_init(&c);
	tree_path(w->lost ? w->lost_in : w->in, &out);
	textbuf_printf(&where, "%s%s", where.n ? " " : "", row->name);
	if (!there || tree_is_empty(there)) {
		textbuf_printf(&c.what, "is not set");
	} else if (w->lost) {
		textbuf_printf(&c.what, "there is no %s \"%.*s\"", row->name,
			(int)(w->missing.text.n < 48 ? w->missing.text.n : 48), w->missing.text.at);
		cure_missing(w, &c);
	} else if (row->kind == SETTING_VALUE && !(row->flags & SETTING_SECRET)) {
		textbuf_printf(&c.what, "is \"%.*s\", not \"%.*s\"", STR_ARG(value_text(there)),
			STR_ARG(w->column[0]));
	} else {
		textbuf_printf(&c.what, "is there, but not with these words");
	}
	diag_at(why, DIAG_ERROR, 0, w->lost ? w->missing.column : w->place.value_column[0],
		textbuf_str(&where), c.cure.n ? c.cure.at : NULL, "%s", c.what.at);
}

enum fl_err settings_delete(struct settings *s, struct str statement, struct diags *why)
{
	struct word end = {.column = (uint32_t)statement.n + 1};
	struct settings_node *n;
	struct walk w;
	enum fl_err e;

	settings_name_places(why);
	walk_init(&w, s->mem, s->schema, tree_root(s), NULL, why);
	e = walk_statement(&w, statement);
	if (e)
		return e;
	if (!w.row) {
		diag_at(why, DIAG_ERROR, 0, end.column, (struct str){"", 0}, NULL,
			"say what to delete");
		return FL_EFORMAT;
	}
	if (w.need == WALK_COLUMN && w.ncolumns >= row_keys(w.row))
		(void)walk_end(&w, &end);
	n = walk_found(&w);
	if (!n) {
		say_missing(&w, why);
		return FL_ENOENT;
	}
	remove_found(&w, n);
	return FL_OK;
}

/* ---- trees ---- */

enum fl_err settings_init(struct settings *s, const struct setting *schema, struct arena *mem)
{
	struct branch *root = tree_new_root(mem);

	if (!root)
		return FL_EFULL;
	*s = (struct settings){mem, schema, &root->node};
	return FL_OK;
}

enum fl_err settings_copy(const struct settings *from, struct arena *mem, struct settings *out)
{
	struct settings copy;

	if (settings_init(&copy, from->schema, mem) ||
		tree_copy(mem, tree_root(from), tree_root(&copy)))
		return FL_EFULL;
	*out = copy;
	return FL_OK;
}
