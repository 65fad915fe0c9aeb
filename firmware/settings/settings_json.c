/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The settings as JSON: an object of the rows; a list is an array of objects, whose columns are
 * members like any other row inside, by their names in small letters.
 *
 *   {"link": [{"name": "wan1", "weight": 4, "disabled": true,
 *              "monitor": {"target": [{"address": "192.0.2.53", "method": "ping"}]}}]}
 *
 * Reading takes each member through the words of its statement, so that JSON and text are checked
 * by the same code and told of in the same words. */
#include "json.h"
#include "json_write.h"
#include "walk.h"

#include <string.h>

#define COLUMN_NAME_MAX 40

/* ---- writing ---- */

/* The words of columns are capitals in the schema. */
static void put_key(struct json_writer *w, const char *name)
{
	char room[COLUMN_NAME_MAX];
	struct textbuf t = textbuf_of(room, sizeof(room));

	for (; *name; name++)
		textbuf_printf(&t, "%c", *name >= 'A' && *name <= 'Z' ? *name - 'A' + 'a' : *name);
	json_key(w, room);
}

static void put_text(const struct setting *row, struct str text, const struct sink *out)
{
	char room[2 * VALUE_ROOM + 16];
	struct textbuf t = textbuf_of(room, sizeof(room));
	struct sink hidden = textbuf_sink(&t);

	if (row->flags & SETTING_SECRET) {
		value_put(row, text, false, &hidden);
		text = textbuf_str(&t);
	}
	if (row->type == VALUE_FLAG)
		sink_puts(out, "true");
	else if (row->type == VALUE_YESNO)
		sink_puts(out, str_is(text, "yes") ? "true" : "false");
	else if (row->type == VALUE_UINT)
		sink_put(out, text);
	else
		json_put_string(out, text);
}

static void put_branch(struct json_writer *w, const struct branch *b);

static void put_columns(struct json_writer *w, const struct entry *e, unsigned n)
{
	const struct setting *columns = e->branch.node.row->columns;

	for (unsigned i = 0; i < n && i < e->ncolumns; i++) {
		put_key(w, columns[i].name);
		put_text(&columns[i], entry_column(e, i), w->out);
	}
}

static void put_entry(struct json_writer *w, const struct entry *e)
{
	json_element(w);
	json_open(w, "{");
	put_columns(w, e, SETTING_COLUMNS_MAX);
	put_branch(w, &e->branch);
	json_close(w, "}");
}

static void put_child(struct json_writer *w, struct settings_node *n)
{
	put_key(w, n->row->name);
	switch (n->row->kind) {
	case SETTING_VALUE:
		put_text(n->row, value_text(n), w->out);
		break;
	case SETTING_BLOCK:
		json_open(w, "{");
		put_branch(w, (const struct branch *)n);
		json_close(w, "}");
		break;
	case SETTING_LIST:
		json_open(w, "[");
		for (const struct entry *e = group_settle(n); e; e = entry_next(e))
			put_entry(w, e);
		json_close(w, "]");
		break;
	}
}

static void put_branch(struct json_writer *w, const struct branch *b)
{
	for (struct settings_node *n = b->first; n; n = n->next)
		if (!tree_is_empty(n) && !n->hidden)
			put_child(w, n);
}

/* The objects and arrays around what stands in `b`. */
static void open_path(struct json_writer *w, const struct branch *b)
{
	if (!b->up) {
		json_open(w, "{");
		return;
	}
	open_path(w, b->up);
	put_key(w, b->node.row->name);
	if (b->node.row->kind == SETTING_BLOCK) {
		json_open(w, "{");
		return;
	}
	json_open(w, "[");
	json_element(w);
	json_open(w, "{");
	put_columns(w, (const struct entry *)b, row_keys(b->node.row));
}

static void close_path(struct json_writer *w, const struct branch *b)
{
	for (; b; b = b->up) {
		json_close(w, "}");
		if (b->up && b->node.row->kind == SETTING_LIST)
			json_close(w, "]");
	}
	sink_puts(w->out, "\n");
}

void json_print_found(const struct walk *found, struct settings_node *n, const struct sink *out)
{
	struct json_writer w = {.out = out};

	if (!n) {
		json_open(&w, "{");
		put_branch(&w, found->at);
		json_close(&w, "}");
		sink_puts(out, "\n");
		return;
	}
	open_path(&w, found->in);
	if (n->row->kind != SETTING_LIST) {
		if (!n->hidden)
			put_child(&w, n);
	} else {
		put_key(&w, n->row->name);
		json_open(&w, "[");
		for (; n; n = walk_found_next(found, n))
			put_entry(&w, (const struct entry *)n);
		json_close(&w, "]");
	}
	close_path(&w, found->in);
}

/* ---- reading ---- */

struct loader {
	struct arena *mem;
	struct diags *why;
	struct walk walk; /* of the member being read; large, hence one for all */
};

struct level {
	const struct setting *rows;
	const struct branch *at;
	struct branch *to;
};

static void say(struct loader *l, const struct level *in, const struct json *j, const char *what,
	const char *cure)
{
	char room[512];
	struct textbuf t = textbuf_of(room, sizeof(room));
	struct sink out = textbuf_sink(&t);

	tree_path(in->to, &out);
	if (j->key.n && j->key.n < 64)
		textbuf_printf(&t, "%s%.*s", t.n ? " " : "", STR_ARG(j->key));
	diag_at(l->why, DIAG_ERROR, j->line, j->column, textbuf_str(&t), cure, "%s", what);
}

/* Words from JSON are never taken for the word of a row. */
static struct word word_of(const struct json *j, struct str text, bool key)
{
	return (struct word){.text = text, .line = j->line, .column = j->column, .quoted = !key};
}

/* The word that a scalar stands for. */
static bool scalar_text(const struct json *j, struct str *out)
{
	switch (j->kind) {
	case JSON_STRING:
	case JSON_NUMBER:
		*out = j->text;
		return true;
	case JSON_TRUE:
		*out = STR("yes");
		return true;
	case JSON_FALSE:
		*out = STR("no");
		return true;
	case JSON_NULL:
	case JSON_ARRAY:
	case JSON_OBJECT:
		break;
	}
	return false;
}

static void load_members(
	struct loader *l, struct level in, const struct json *object, const struct setting *list);

static bool begin(struct loader *l, const struct level *in, const struct json *j, const char *row)
{
	struct word w = word_of(j, str_of(row), true);

	walk_init(&l->walk, l->mem, in->rows, in->at, in->to, l->why);
	l->walk.warn = l->why;
	return walk_word(&l->walk, &w);
}

static void load_value(
	struct loader *l, const struct level *in, const struct setting *row, const struct json *j)
{
	struct str text = {"", 0};
	struct word w;

	if (row->type == VALUE_FLAG) {
		if (j->kind != JSON_TRUE && j->kind != JSON_FALSE)
			say(l, in, j, "is neither true nor false", "use true, or leave it out");
		else if (j->kind == JSON_TRUE)
			(void)begin(l, in, j, row->name);
		return;
	}
	if (!scalar_text(j, &text)) {
		say(l, in, j, "is no single value", "write a text, a number, true or false");
		return;
	}
	w = word_of(j, text, false);
	if (begin(l, in, j, row->name))
		(void)(walk_word(&l->walk, &w) && walk_end(&l->walk, &w));
}

static void column_key(const struct setting *column, char room[COLUMN_NAME_MAX])
{
	size_t n = 0;

	for (const char *p = column->name; *p && n + 1 < COLUMN_NAME_MAX; p++)
		room[n++] = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;
	room[n] = '\0';
}

static void load_entry(
	struct loader *l, const struct level *in, const struct setting *list, const struct json *j)
{
	char key[COLUMN_NAME_MAX];
	struct word end = word_of(j, STR(""), false);

	if (j->kind != JSON_OBJECT) {
		say(l, in, j, "is no entry of a list", "write an array of objects");
		return;
	}
	if (!begin(l, in, j, list->name))
		return;
	for (unsigned i = 0; i < row_columns(list); i++) {
		const struct json *c;
		struct str text;
		struct word w;

		column_key(&list->columns[i], key);
		c = json_member(j, str_of(key));
		if (!c)
			break;
		if (!scalar_text(c, &text)) {
			say(l, in, c, "is no single value",
				"write a text, a number, true or false");
			return;
		}
		w = word_of(c, text, false);
		if (!walk_word(&l->walk, &w))
			return;
	}
	if (walk_end(&l->walk, &end))
		load_members(l, (struct level){l->walk.rows, l->walk.at, l->walk.to}, j, list);
}

static bool is_column(const struct setting *list, struct str key)
{
	char room[COLUMN_NAME_MAX];

	for (unsigned i = 0; list && i < row_columns(list); i++) {
		column_key(&list->columns[i], room);
		if (str_is(key, room))
			return true;
	}
	return false;
}

static void load_member(struct loader *l, const struct level *in, const struct json *j)
{
	const struct setting *row = row_find(in->rows, j->key);
	struct word w = word_of(j, j->key, true);

	if (!row) { /* the walk says it, and what it could have been */
		walk_init(&l->walk, l->mem, in->rows, in->at, in->to, l->why);
		(void)walk_word(&l->walk, &w);
	} else if (row->kind == SETTING_VALUE) {
		load_value(l, in, row, j);
	} else if (row->kind == SETTING_BLOCK) {
		if (j->kind != JSON_OBJECT)
			say(l, in, j, "is no object", "write it as {...}");
		else if (begin(l, in, j, row->name))
			load_members(
				l, (struct level){l->walk.rows, l->walk.at, l->walk.to}, j, NULL);
	} else if (j->kind != JSON_ARRAY) {
		say(l, in, j, "is no array", "write an array of objects");
	} else {
		for (const struct json *e = j->first; e; e = e->next)
			load_entry(l, in, row, e);
	}
}

/* `list`: the object is an entry of it, whose columns have been read. */
static void load_members(
	struct loader *l, struct level in, const struct json *object, const struct setting *list)
{
	for (const struct json *j = object->first; j && !l->mem->full; j = j->next) {
		if (json_member(object, j->key) != j)
			say(l, &in, j, "is there twice", "remove one of the two");
		else if (!is_column(list, j->key))
			load_member(l, &in, j);
	}
}

enum fl_err settings_parse_json(struct settings *s, struct str text, struct diags *why)
{
	struct branch *read = tree_new_root(s->mem);
	struct loader l = {.mem = s->mem, .why = why};
	size_t errors = why->errors;
	struct json_mistake mistake;
	struct json *all = json_parse(text, s->mem, &mistake);

	settings_name_places(why);
	if (mistake.what) {
		diag_at(why, DIAG_ERROR, mistake.line, mistake.column, STR(""), NULL, "%s",
			mistake.what);
		return FL_EFORMAT;
	}
	if (!all || !read)
		return FL_EFULL;
	if (all->kind != JSON_OBJECT) {
		diag_at(why, DIAG_ERROR, all->line, all->column, STR(""), "write it as {...}",
			"the settings are an object");
		return FL_EFORMAT;
	}
	load_members(&l, (struct level){s->schema, tree_root(s), read}, all, NULL);
	if (s->mem->full)
		return FL_EFULL;
	if (why->errors != errors)
		return FL_EFORMAT;
	return tree_join(s, read);
}
