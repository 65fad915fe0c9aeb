/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the tree to the structs of the modules.  Every mistake is reported; a `check` only runs on
 * what is otherwise good, so that it can trust what it reads. */
#include "tree.h"
#include "value.h"

#include <string.h>

#define NAMES_MAX   8  /* a list as long as this is named whole in a cure */
#define NEAREST_MAX 64 /* up to here the nearest name is looked for */

/* Where names of lists are looked up: from the inside outwards. */
struct scope {
	const struct scope *out;
	const struct setting *rows;
	const struct branch *branch; /* NULL: nothing is set in it */
};

struct binder {
	struct arena *mem;
	struct diags *why;
	size_t spoilt; /* marks met that a lenient parse has left */
	/* The last reference: which list it names, so many scopes further out.  Most are of the
	 * same row as the one before. */
	const struct setting *reference, *list, *rows;
	unsigned out;
};

/* All that can make a whole not worth checking. */
static size_t faults(const struct binder *b)
{
	return b->why->errors + b->spoilt;
}

/* Was there a mistake at this node that was told already? */
static bool is_spoilt(struct binder *b, const struct settings_node *n)
{
	if (!n || !n->spoilt)
		return false;
	b->spoilt++;
	return true;
}

/* May anything that is not in the branch have been meant to be there? */
static bool is_doubtful(const struct branch *b)
{
	return b && b->node.doubtful;
}

/* ---- places ---- */

static void node_path(const void *node, struct textbuf *out)
{
	struct sink sink = textbuf_sink(out);

	tree_path(node, &sink);
}

static bool find_column(const struct entry *e, struct str field, struct origin *at)
{
	const struct setting *list = e->branch.node.row;

	for (unsigned i = 0; list && list->kind == SETTING_LIST && i < e->ncolumns; i++) {
		if (!str_is(field, list->columns[i].name) || !e->at[i])
			continue;
		at->column = e->at[i];
		return true;
	}
	return false;
}

/* The first node of a child: a group stands where its first entry does. */
static const struct settings_node *first_of(const struct settings_node *n)
{
	if (n->row->kind == SETTING_LIST && ((const struct group *)n)->first)
		return &((const struct group *)n)->first->branch.node;
	return n;
}

static void find_field(const char *field, struct origin *at)
{
	const struct branch *b = at->node;
	struct str words = str_of(field), word = str_cut(&words, ' ');

	if (b->up && find_column((const struct entry *)b, word, at))
		return;
	while (word.n && b) {
		const struct settings_node *n = b->first;

		while (n && !str_is(word, n->row->name))
			n = n->next;
		if (!n || tree_is_empty(n))
			return;
		at->line = first_of(n)->line;
		at->column = first_of(n)->column;
		b = n->row->kind == SETTING_BLOCK ? (const struct branch *)n : NULL;
		word = str_cut(&words, ' ');
	}
}

void settings_name_places(struct diags *d)
{
	d->path = node_path;
	d->find = find_field;
}

/* The nearest branch that is an entry or a block, for messages about what is not there. */
static struct origin origin_of(const struct branch *b)
{
	return (struct origin){b->node.line, b->node.column, b};
}

/* ---- references ---- */

/* The scope whose rows have the list that the reference `row` names; NULL: none. */
static const struct scope *look_outwards(
	struct binder *b, const struct scope *s, const struct setting *row)
{
	for (b->out = 0; s; s = s->out, b->out++) {
		b->list = row_find(s->rows, str_of(row->ref));
		if (b->list && b->list->kind == SETTING_LIST)
			break;
	}
	b->reference = row;
	b->rows = s ? s->rows : NULL;
	return s;
}

/* Which list the reference `row` names, and the branch it is in.  NULL: none. */
static const struct setting *find_list(struct binder *b, const struct scope *s,
	const struct setting *row, const struct branch **in)
{
	const struct scope *found = s;

	for (unsigned i = 0; found && i < b->out; i++)
		found = found->out;
	if (b->reference != row || !found || found->rows != b->rows)
		found = look_outwards(b, s, row);
	if (!found)
		return NULL;
	*in = found->branch;
	return b->list;
}

static void cure_reference(const struct setting *row, struct str text, struct settings_node *list,
	struct complaint *why)
{
	struct entry *e = list ? group_settle(list) : NULL;
	uint32_t count = list ? ((struct group *)list)->count : 0;
	struct nearest n = nearest_to(text);

	for (size_t i = 0; row->choices && row->choices[i]; i++)
		nearest_try(&n, str_of(row->choices[i]));
	for (uint32_t i = 0; e && i < NEAREST_MAX; i++, e = entry_next(e))
		nearest_try(&n, entry_column(e, 0));
	if (count > NAMES_MAX && nearest_found(&n)) {
		textbuf_printf(&why->cure, "did you mean \"%.*s\"?", STR_ARG(n.word));
		return;
	}
	if (count > NAMES_MAX) {
		textbuf_printf(&why->cure, "add it, or use another of the %u", (unsigned)count);
		return;
	}
	for (e = list ? group_settle(list) : NULL; e; e = entry_next(e))
		words_add(&why->cure, entry_column(e, 0));
	for (size_t i = 0; row->choices && row->choices[i]; i++)
		words_add(&why->cure, str_of(row->choices[i]));
	if (why->cure.n == 0)
		textbuf_printf(&why->cure, "add \"%s %.*s\"", row->ref, STR_ARG(text));
}

static bool read_reference(struct binder *b, const struct setting *row, struct str text,
	const struct scope *scope, int32_t *out, struct complaint *why)
{
	const struct branch *in = NULL;
	const struct setting *list;
	struct settings_node *group;
	struct entry *e = NULL;
	struct str keys[SETTING_COLUMNS_MAX] = {text};

	if (!value_read(row, text, out, why))
		return false;
	if (*out != SETTING_REF_UNSET)
		return true;
	list = find_list(b, scope, row, &in);
	group = list ? tree_child(in, list) : NULL;
	if (group)
		group_settle(group);
	if (group && row_keys(list) == 1)
		e = group_entry((struct group *)group, keys);
	if (e) {
		*out = (int32_t)e->index;
		return true;
	}
	if (is_spoilt(b, group) || (!group && is_doubtful(in)))
		return b->spoilt++, true;
	textbuf_printf(&why->what, "there is no %s \"%.*s\"", row->ref, STR_ARG(text));
	cure_reference(row, text, group, why);
	return false;
}

/* ---- values ---- */

static void say(struct binder *b, const struct branch *in, const struct setting *row, uint32_t line,
	uint32_t column, const char *cure, const char *what)
{
	char room[512];
	struct textbuf t = textbuf_of(room, sizeof(room));
	struct sink out = textbuf_sink(&t);

	tree_path(in, &out);
	textbuf_printf(&t, "%s%s", t.n ? " " : "", row->name);
	diag_at(b->why, DIAG_ERROR, line, column, textbuf_str(&t), cure, "%s", what);
}

/* One value that was set, or its default. */
static void bind_text(struct binder *b, const struct setting *row, struct str text,
	const struct scope *scope, struct origin at, void *out)
{
	struct complaint why;
	char what[sizeof(why.what_room) + 64];
	struct textbuf t = textbuf_of(what, sizeof(what));

	complaint_init(&why);
	if (row->type == VALUE_REF) {
		if (read_reference(b, row, text, scope, out, &why))
			return;
	} else {
		if (value_read(row, text, out, &why))
			return;
		if (!(row->flags & SETTING_SECRET))
			textbuf_printf(&t, "\"%.*s\" ", (int)(text.n < 48 ? text.n : 48), text.at);
	}
	textbuf_printf(&t, "%s", why.what.at);
	say(b, at.node, row, at.line, at.column, why.cure.n ? why.cure.at : NULL, what);
}

static void say_required(struct binder *b, const struct branch *in, const struct setting *row)
{
	char room[160];
	struct textbuf cure = textbuf_of(room, sizeof(room));
	struct sink out = textbuf_sink(&cure);

	textbuf_printf(&cure, "add \"");
	row_syntax(row, &out);
	textbuf_printf(&cure, "\"");
	say(b, in, row, in ? in->node.line : 0, in ? in->node.column : 0, room,
		"is required but not set");
}

/* What is not set.  `in` may be NULL: then the branch itself is not there, and nothing is
 * required of it. */
static void bind_absent(struct binder *b, const struct setting *row, const struct scope *scope,
	const struct branch *in, void *out)
{
	struct origin at = in ? origin_of(in) : (struct origin){0};

	if (row->def)
		bind_text(b, row, str_of(row->def), scope, at, out);
	else
		value_clear(row, out);
	if (!row->def && in && row->flags & SETTING_REQUIRED && !is_doubtful(in))
		say_required(b, in, row);
}

static void bind_value(struct binder *b, const struct setting *row, const struct scope *scope,
	const struct branch *in, const struct settings_node *n, void *out)
{
	uint32_t column;

	if (!n) {
		bind_absent(b, row, scope, in, out);
		return;
	}
	if (is_spoilt(b, n)) {
		value_clear(row, out);
		return;
	}
	column = n->value_column ? n->value_column : n->column;
	bind_text(b, row, value_text(n), scope, (struct origin){n->line, column, in}, out);
}

/* ---- lists and blocks ---- */

static void bind_rows(struct binder *b, const struct scope *scope, void *out);

static void bind_columns(
	struct binder *b, const struct entry *e, const struct scope *scope, uint8_t *out)
{
	const struct setting *list = e->branch.node.row;

	for (unsigned i = 0; i < row_columns(list); i++) {
		const struct setting *c = &list->columns[i];
		struct origin at = origin_of(&e->branch);

		if (i >= e->ncolumns) {
			bind_absent(b, c, scope, &e->branch, out + c->offset);
			continue;
		}
		if (e->bad_columns & 1u << i) {
			value_clear(c, out + c->offset);
			continue;
		}
		if (e->at[i])
			at.column = e->at[i];
		bind_text(b, c, entry_column(e, i), scope, at, out + c->offset);
	}
}

static void bind_entry(
	struct binder *b, const struct entry *e, const struct scope *around, uint8_t *out)
{
	const struct setting *list = e->branch.node.row;
	const struct scope inside = {around, list->rows, &e->branch};
	struct origin at = origin_of(&e->branch);
	size_t before = faults(b);

	(void)is_spoilt(b, &e->branch.node);
	memcpy(out, &at, sizeof(at));
	bind_columns(b, e, around, out);
	if (list->rows)
		bind_rows(b, &inside, out);
	if (list->check && faults(b) == before)
		list->check(out, b->why);
}

static void bind_list(struct binder *b, const struct setting *row, const struct scope *scope,
	struct settings_node *n, uint8_t *out)
{
	size_t count = n ? ((struct group *)n)->count : 0;
	uint8_t *array = NULL, *at;
	bool spoilt = is_spoilt(b, n);

	if (count == 0) {
		if (row->flags & SETTING_REQUIRED && scope->branch && !spoilt &&
			!is_doubtful(scope->branch))
			say_required(b, scope->branch, row);
	} else {
		array = arena_array(b->mem, count, row->size);
		if (!array)
			return;
	}
	memcpy(out, &array, sizeof(array));
	memcpy(out + sizeof(array), &count, sizeof(count));
	at = array;
	for (const struct entry *e = count ? group_settle(n) : NULL; e; e = entry_next(e)) {
		bind_entry(b, e, scope, at);
		at += row->size;
	}
}

static void bind_block(struct binder *b, const struct setting *row, const struct scope *around,
	struct settings_node *n, uint8_t *out)
{
	size_t before = faults(b);
	bool spoilt = is_spoilt(b, n), there = n && (spoilt || !tree_is_empty(n));
	const struct scope inside = {around, row->rows, there ? (struct branch *)n : NULL};

	if (!there && row->flags & SETTING_REQUIRED && around->branch &&
		!is_doubtful(around->branch))
		say_required(b, around->branch, row);
	bind_rows(b, &inside, out);
	if (there && row->check && faults(b) == before)
		row->check(out, b->why);
}

/* The rows of the innermost scope, into the struct at `out`. */
static void bind_rows(struct binder *b, const struct scope *scope, void *out)
{
	struct settings_node *n = scope->branch ? scope->branch->first : NULL;

	for (const struct setting *r = scope->rows; r && r->name; r++) {
		uint8_t *at = (uint8_t *)out + r->offset;
		struct settings_node *mine = n && n->row == r ? n : NULL;

		if (mine)
			n = n->next;
		switch (r->kind) {
		case SETTING_VALUE:
			bind_value(b, r, scope, scope->branch, mine, at);
			break;
		case SETTING_LIST:
			bind_list(b, r, scope, mine, at);
			break;
		case SETTING_BLOCK:
			bind_block(b, r, scope, mine, at);
			break;
		}
	}
}

enum fl_err settings_bind(const struct settings *s, struct arena *mem, void *out, struct diags *why)
{
	const struct scope top = {NULL, s->schema, tree_root(s)};
	struct binder b = {.mem = mem, .why = why};
	size_t errors = why->errors;

	settings_name_places(why);
	bind_rows(&b, &top, out);
	if (mem->full)
		return FL_EFULL;
	return why->errors == errors ? FL_OK : FL_EFORMAT;
}

enum fl_err settings_bind_edit(const struct settings *s, const struct settings_edit *edit,
	struct arena *mem, void *out, struct diags *why)
{
	const struct entry *e = (const struct entry *)edit->now;
	const struct branch *around = e->branch.up;
	const struct scope top = {NULL, s->schema, tree_root(s)};
	const struct scope in = {&top, around->node.row->rows, around};
	struct binder b = {.mem = mem, .why = why};
	size_t errors = why->errors;

	settings_name_places(why);
	memset(out, 0, e->branch.node.row->size);
	bind_entry(&b, e, &in, out);
	if (mem->full)
		return FL_EFULL;
	return why->errors == errors ? FL_OK : FL_EFORMAT;
}
