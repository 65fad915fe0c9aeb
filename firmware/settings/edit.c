/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trees that are nearly the same.
 *
 * The two were copied from one another, mostly, so their entries lie in the same order: they are
 * walked side by side, and the first difference of another kind ends the walk. */
#include "tree.h"

#include <string.h>

/* NULL: no difference is welcome. */
struct finder {
	const struct setting *outer;
	const char *const *inner;
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

static bool is_editable(const struct finder *f, const struct settings_node *list)
{
	const struct branch *up = ((const struct group *)list)->first
					  ? ((const struct group *)list)->first->branch.up
					  : NULL;

	if (!f || !up || up->node.row != f->outer || list->row->flags & SETTING_ORDERED)
		return false;
	for (const char *const *name = f->inner; *name; name++)
		if (str_is(str_of(list->row->name), *name))
			return true;
	return false;
}

/* Entry `x` of list `a` becomes a copy of `y`; without `x` that comes before `next`, without `y` it
 * goes.  False: there are too many. */
static bool note_edit(struct finder *f, struct settings_node *a, struct entry *x,
	const struct entry *y, struct entry *next, size_t index)
{
	struct branch *up = ((struct group *)a)->first->branch.up;
	struct settings_edit *edit = &f->out->at[f->out->n];
	struct entry *copy = NULL;

	if (f->out->n == SETTINGS_EDITS_MAX)
		return false;
	if (y && !(copy = tree_copy_entry(f->mem, y, up))) {
		f->full = true;
		return false;
	}
	*edit = (struct settings_edit){.list = a,
		.now = x ? &x->branch.node : NULL,
		.other = copy ? &copy->branch.node : NULL,
		.next = next ? &next->branch.node : NULL,
		.outer = f->outer_index,
		.index = index};
	f->out->n++;
	return true;
}

/* Both lists are in the same order, so what is in one of them alone is found on the way. */
static bool edit_list(struct finder *f, struct settings_node *a, struct settings_node *b)
{
	struct entry *x = group_settle(a), *y = group_settle(b);
	size_t index = 0;

	while (x || y) {
		bool same = x && y && same_head(x, y);
		int order = same ? 0 : !x ? 1 : !y ? -1 : entry_cmp(x, y);

		if (!same && order == 0)
			return false;
		if (order < 0 && !note_edit(f, a, x, NULL, entry_next(x), index))
			return false;
		if (order > 0 && !note_edit(f, a, NULL, y, x, index))
			return false;
		if (same && !same_branch(NULL, &x->branch, &y->branch) &&
			!note_edit(f, a, x, y, entry_next(x), index))
			return false;
		index += order >= 0;
		x = order <= 0 ? entry_next(x) : x;
		y = order >= 0 ? entry_next(y) : y;
	}
	return true;
}

static bool same_list(struct finder *f, struct settings_node *a, struct settings_node *b)
{
	struct entry *x = group_settle(a), *y = group_settle(b);

	if (is_editable(f, a))
		return edit_list(f, a, b);
	for (; x && y; x = entry_next(x), y = entry_next(y)) {
		if (!same_head(x, y))
			return false;
		if (f && a->row == f->outer)
			f->outer_index = x->index;
		if (!same_branch(f, &x->branch, &y->branch))
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
	const char *const *inner, struct settings_edits *out)
{
	struct finder f = {.inner = inner, .mem = s->mem, .out = out};

	out->n = 0;
	f.outer = row_find(s->schema, str_of(outer));
	if (!f.outer || !same_branch(&f, tree_root(s), tree_root(to)))
		return f.full ? FL_EFULL : FL_ERANGE;
	return FL_OK;
}

struct str settings_edit_list(const struct settings_edit *edit)
{
	return str_of(edit->list->row->name);
}

void settings_swap_edit(struct settings *s, struct settings_edit *edit)
{
	struct group *g = (struct group *)edit->list;
	struct settings_node *now = edit->now;

	if (now)
		tree_take_entry(g, (struct entry *)now);
	if (edit->other)
		tree_insert_entry(
			s->mem, g, (struct entry *)edit->other, (struct entry *)edit->next);
	edit->now = edit->other;
	edit->other = now;
}
