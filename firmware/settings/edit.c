/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trees that are nearly the same.
 *
 * The two were copied from one another, mostly, so their entries lie in the same order: they are
 * walked side by side, and the first difference of another kind ends the walk. */
#include "tree.h"

#include <string.h>

/* NULL: no difference is welcome. */
struct finder {
	const struct setting *outer, *inner;
	struct arena *mem;
	struct settings_edits *out;
	size_t outer_index;
	bool full;
};

static bool same_branch(struct finder *f, const struct branch *a, const struct branch *b);

/* What is empty is as good as absent. */
static struct settings_node *skip_empty(struct settings_node *n)
{
	while (n && tree_is_empty(n))
		n = n->next;
	return n;
}

static bool same_head(const struct entry *a, const struct entry *b)
{
	size_t all = 0;

	if (a->hash != b->hash || a->ncolumns != b->ncolumns)
		return false;
	for (unsigned i = 0; i < a->ncolumns; i++) {
		if (a->n[i] != b->n[i])
			return false;
		all += a->n[i];
	}
	return memcmp(a->text, b->text, all) == 0;
}

static bool has_values_only(const struct branch *b)
{
	for (const struct settings_node *n = b->first; n; n = n->next)
		if (n->row->kind != SETTING_VALUE)
			return false;
	return true;
}

/* The inside of `b` is kept for `a`.  False: there are too many, or it is not only values. */
static bool note_edit(struct finder *f, struct entry *a, const struct entry *b)
{
	struct settings_edit *edit = &f->out->at[f->out->n];
	struct branch inside = {0};

	if (f->out->n == SETTINGS_EDITS_MAX || !has_values_only(&a->branch) ||
		!has_values_only(&b->branch))
		return false;
	if (tree_copy(f->mem, &b->branch, &inside)) {
		f->full = true;
		return false;
	}
	*edit = (struct settings_edit){&a->branch.node, inside.first, f->outer_index, a->index};
	f->out->n++;
	return true;
}

static bool same_list(struct finder *f, struct settings_node *a, struct settings_node *b)
{
	struct entry *x = group_settle(a), *y = group_settle(b);

	for (; x && y; x = entry_next(x), y = entry_next(y)) {
		bool editable = f && a->row == f->inner;

		if (!same_head(x, y))
			return false;
		if (f && a->row == f->outer)
			f->outer_index = x->index;
		if (!same_branch(editable ? NULL : f, &x->branch, &y->branch) &&
			!(editable && note_edit(f, x, y)))
			return false;
	}
	return !x && !y;
}

static bool same_child(struct finder *f, struct settings_node *a, struct settings_node *b)
{
	switch (a->row->kind) {
	case SETTING_VALUE:
		return str_eq(value_text(a), value_text(b));
	case SETTING_BLOCK:
		return same_branch(f, (const struct branch *)a, (const struct branch *)b);
	case SETTING_LIST:
		return same_list(f, a, b);
	}
	return false;
}

static bool same_branch(struct finder *f, const struct branch *a, const struct branch *b)
{
	struct settings_node *x = skip_empty(a->first), *y = skip_empty(b->first);

	for (; x && y; x = skip_empty(x->next), y = skip_empty(y->next))
		if (x->row != y->row || !same_child(f, x, y))
			return false;
	return !x && !y;
}

bool settings_same(const struct settings *a, const struct settings *b)
{
	return same_branch(NULL, tree_root(a), tree_root(b));
}

enum fl_err settings_find_edits(struct settings *s, const struct settings *to, const char *outer,
	const char *inner, struct settings_edits *out)
{
	struct finder f = {.mem = s->mem, .out = out};

	out->n = 0;
	f.outer = row_find(s->schema, str_of(outer));
	f.inner = f.outer ? row_find(f.outer->rows, str_of(inner)) : NULL;
	if (!f.inner || !same_branch(&f, tree_root(s), tree_root(to)))
		return f.full ? FL_EFULL : FL_ERANGE;
	return FL_OK;
}

void settings_swap_edit(struct settings_edit *edit)
{
	struct branch *b = (struct branch *)edit->entry;
	struct settings_node *inside = b->first;

	b->first = edit->inside;
	edit->inside = inside;
}
