/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Completion and help: the ways to go on, from the same rows that parse. */
#include "walk.h"

#include <string.h>

#define HELP_MAX 320

struct completer {
	const struct settings *s;
	const struct walk *w;
	struct arena *mem;
	struct str partial;
	struct settings_choice *out;
	size_t n, max;
};

static struct str keep(struct arena *mem, struct str text)
{
	char *at = arena_copy(mem, text.at, text.n);

	return at ? (struct str){at, text.n} : (struct str){"", 0};
}

/* As it has to be typed. */
static struct str quoted(struct arena *mem, const struct setting *row, struct str word)
{
	char room[2 * VALUE_ROOM];
	struct textbuf t = textbuf_of(room, sizeof(room));
	struct sink out = textbuf_sink(&t);

	value_put(row, word, false, &out);
	return t.cut ? (struct str){"", 0} : keep(mem, textbuf_str(&t));
}

static void add(struct completer *c, struct str word, struct str help, bool is_value)
{
	if (c->n < c->max)
		c->out[c->n++] = (struct settings_choice){word, help, is_value};
}

static bool fits(const struct completer *c, struct str word)
{
	return str_starts(word, c->partial);
}

/* "weight of this link (1..240, now 4)" */
static struct str value_help(struct completer *c, const struct setting *row, struct str now)
{
	char room[HELP_MAX];
	struct textbuf t = textbuf_of(room, sizeof(room));
	struct sink out = textbuf_sink(&t);
	size_t bracket;

	textbuf_printf(&t, "%s", row->help ? row->help : "");
	bracket = t.n;
	textbuf_printf(&t, "%s(", t.n ? " " : "");
	value_range(row, &out);
	if (row->type == VALUE_CUSTOM && row->syntax)
		textbuf_printf(&t, "%s", row->syntax);
	if (now.at)
		textbuf_printf(&t, "%snow ", t.at[t.n - 1] == '(' ? "" : ", ");
	else if (row->def)
		textbuf_printf(&t, "%sdefault %s", t.at[t.n - 1] == '(' ? "" : ", ", row->def);
	if (now.at && row->type == VALUE_FLAG)
		textbuf_printf(&t, "set");
	else if (now.at && row_is_private(row))
		textbuf_printf(&t, "hidden");
	else if (now.at)
		textbuf_printf(&t, "%.*s", (int)(now.n < 60 ? now.n : 60), now.at);
	if (t.at[t.n - 1] == '(')
		t.n = bracket;
	else
		textbuf_printf(&t, ")");
	return keep(c->mem, textbuf_str(&t));
}

static struct str value_now(const struct branch *b, const struct setting *row)
{
	struct settings_node *n = tree_child(b, row);

	return n ? value_text(n) : (struct str){NULL, 0};
}

static void add_rows(struct completer *c, const struct setting *rows, const struct branch *at)
{
	for (const struct setting *r = rows; r && r->name; r++) {
		struct str help = str_of(r->help ? r->help : "");

		if (!fits(c, str_of(r->name)))
			continue;
		if (r->kind == SETTING_VALUE)
			help = value_help(c, r, value_now(at, r));
		add(c, str_of(r->name), help, false);
	}
}

static void add_entries(struct completer *c, struct settings_node *group)
{
	for (struct entry *e = group ? group_settle(group) : NULL; e && c->n < c->max;
		e = entry_next(e)) {
		const struct setting *list = e->branch.node.row;
		struct str word = entry_column(e, 0);

		if (fits(c, word))
			add(c, quoted(c->mem, &list->columns[0], word),
				str_of(list->help ? list->help : ""), false);
	}
}

/* The list that a reference means, looked for from the place of the statement outwards. */
static void add_references(struct completer *c, const struct setting *row)
{
	/* What is not there yet has no entries: begin with what is around it. */
	const struct branch *b = c->w->in ? c->w->in : c->w->lost_in;
	const struct setting *list;

	for (; b && b->up; b = b->up) {
		list = row_find(b->node.row->rows, str_of(row->ref));
		if (list && list->kind == SETTING_LIST) {
			add_entries(c, tree_child(b, list));
			return;
		}
	}
	list = row_find(c->s->schema, str_of(row->ref));
	if (list && list->kind == SETTING_LIST)
		add_entries(c, tree_child(tree_root(c->s), list));
}

static void add_words(struct completer *c, const struct setting *row)
{
	static const char *const yes_no[] = {"yes", "no", NULL};
	const char *const *words = row->type == VALUE_YESNO ? yes_no : row->choices;

	for (size_t i = 0; words && words[i]; i++) {
		bool helped = words == row->choices && row->choice_help;

		if (fits(c, str_of(words[i])))
			add(c, str_of(words[i]), str_of(helped ? row->choice_help[i] : ""), false);
	}
}

/* What may be typed for a value; `now` as value_now() says. */
static void add_value(struct completer *c, const struct setting *row, struct str now)
{
	struct str suggestion = now.at && !row_is_private(row) ? quoted(c->mem, row, now)
				: row->def                     ? str_of(row->def)
							       : STR("");

	if (row->type == VALUE_REF)
		add_references(c, row);
	if (row->type == VALUE_REF || row->type == VALUE_CHOICE || row->type == VALUE_YESNO) {
		add_words(c, row);
		return;
	}
	if (!fits(c, suggestion))
		suggestion = STR("");
	add(c, suggestion, value_help(c, row, now), true);
}

static bool same_keys_before(const struct walk *w, const struct entry *e)
{
	for (unsigned i = 0; i < w->ncolumns; i++)
		if (!str_eq(entry_column(e, i), w->column[i]))
			return false;
	return true;
}

/* Keys of entries that are there, each once: in order, equal ones stand together. */
static void add_keys(struct completer *c, struct settings_node *group)
{
	const struct walk *w = c->w;
	struct str last = {NULL, 0};

	for (struct entry *e = group ? group_settle(group) : NULL; e && c->n < c->max;
		e = entry_next(e)) {
		struct str word = entry_column(e, w->ncolumns);

		if (!same_keys_before(w, e) || !fits(c, word) || (last.at && str_eq(last, word)))
			continue;
		add(c, quoted(c->mem, &w->row->columns[w->ncolumns], word), STR(""), false);
		last = word;
	}
}

static void add_column(struct completer *c)
{
	const struct walk *w = c->w;
	const struct setting *column = &w->row->columns[w->ncolumns];
	const struct entry *e = NULL;
	struct str now = {NULL, 0};

	if (w->ncolumns < row_keys(w->row)) {
		if (column->type != VALUE_REF)
			add_keys(c, tree_child(w->in, w->row));
	} else {
		e = tree_entry(w->in, w->row, w->column);
	}
	if (e && w->ncolumns < e->ncolumns)
		now = entry_column(e, w->ncolumns);
	add_value(c, column, now);
	if (walk_may_take_row(w))
		add_rows(c, w->row->rows, e ? &e->branch : NULL);
}

size_t settings_complete(const struct settings *s, struct str statement, struct str partial,
	struct arena *mem, struct settings_choice *out, size_t max, bool *end)
{
	struct walk w;
	struct completer c = {.s = s, .w = &w, .mem = mem, .out = out, .max = max};

	*end = false;
	/* The quote that opens a word is no part of it. */
	if (partial.n && partial.at[0] == '"')
		partial = (struct str){partial.at + 1, partial.n - 1};
	c.partial = partial;
	walk_init(&w, mem, s->schema, tree_root(s), NULL, NULL);
	if (walk_statement(&w, statement))
		return 0;
	*end = w.may_end || (w.need == WALK_COLUMN && w.ncolumns >= row_required(w.row));
	switch (w.need) {
	case WALK_ROW:
		add_rows(&c, w.rows, w.at);
		break;
	case WALK_COLUMN:
		add_column(&c);
		break;
	case WALK_VALUE:
		add_value(&c, w.row, value_now(w.in, w.row));
		break;
	case WALK_NOTHING:
		break;
	}
	return c.n;
}

bool settings_has_inside(const struct settings *s, struct str path)
{
	const struct word brace = {.line = 0};
	struct walk w;

	walk_init(&w, s->mem, s->schema, tree_root(s), NULL, NULL);
	return walk_statement(&w, path) == FL_OK && walk_open(&w, &brace);
}
