/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Printing and comparing.
 *
 * A canonical line stands for one value, or for one entry that has no inside or has columns beside
 * its keys: "set LIST KEYS COLUMNS" first, then its inside under "LIST KEYS". */
#include "walk.h"

struct printer {
	const struct sink *out;
	const char *mark; /* before each line: "", "+ ", "- " */
	size_t lines;
};

static void put_columns(const struct entry *e, const struct sink *out)
{
	const struct setting *list = e->branch.node.row;
	unsigned keys = row_keys(list);

	for (unsigned i = 0; i < e->ncolumns; i++) {
		struct str text = entry_column(e, i);
		/* In quotes, what looks like the first word inside is a column. */
		bool quote = i >= keys && list->rows && row_find(list->rows, text);

		sink_puts(out, " ");
		value_put(&list->columns[i], text, quote, out);
	}
}

/* In front of what is hidden: it makes a remark of the line. */
static const char *remark_of(const struct settings_node *n)
{
	return n->hidden ? "# " : "";
}

/* A value, or the words of an entry. */
static void put_statement(const struct settings_node *n, const struct sink *out)
{
	sink_puts(out, n->row->name);
	if (n->hidden) {
		sink_puts(out, " (not shown to who may only look)");
	} else if (n->row->kind == SETTING_LIST) {
		put_columns((const struct entry *)n, out);
	} else if (n->row->type != VALUE_FLAG) {
		sink_puts(out, " ");
		value_put(n->row, value_text(n), false, out);
	}
}

/* ---- canonical lines ---- */

static void put_line(struct printer *p, const struct branch *in, const struct settings_node *n)
{
	sink_puts(p->out, p->mark);
	sink_puts(p->out, remark_of(n));
	sink_puts(p->out, "set ");
	tree_path(in, p->out);
	sink_puts(p->out, in->up ? " " : "");
	put_statement(n, p->out);
	sink_puts(p->out, "\n");
	p->lines++;
}

static void branch_lines(struct printer *p, const struct branch *b);

static void entry_lines(struct printer *p, const struct entry *e)
{
	bool inside = !tree_branch_is_empty(&e->branch);

	if (!inside || e->ncolumns > row_keys(e->branch.node.row))
		put_line(p, e->branch.up, &e->branch.node);
	branch_lines(p, &e->branch);
}

static void child_lines(struct printer *p, const struct branch *b, struct settings_node *n)
{
	switch (n->row->kind) {
	case SETTING_VALUE:
		put_line(p, b, n);
		break;
	case SETTING_BLOCK:
		branch_lines(p, (const struct branch *)n);
		break;
	case SETTING_LIST:
		for (const struct entry *e = group_settle(n); e; e = entry_next(e))
			entry_lines(p, e);
		break;
	}
}

static void branch_lines(struct printer *p, const struct branch *b)
{
	for (struct settings_node *n = b->first; n; n = n->next)
		child_lines(p, b, n);
}

/* ---- braces ---- */

static void indent(const struct sink *out, unsigned depth)
{
	while (depth--)
		sink_puts(out, "    ");
}

static void put_branch(const struct sink *out, const struct branch *b, unsigned depth);

static void put_braces(const struct sink *out, const struct branch *b, unsigned depth)
{
	if (!tree_branch_is_empty(b)) {
		sink_puts(out, " {\n");
		put_branch(out, b, depth + 1);
		indent(out, depth);
		sink_puts(out, "}");
	}
	sink_puts(out, "\n");
}

static void put_entry(const struct sink *out, const struct entry *e, unsigned depth)
{
	indent(out, depth);
	put_statement(&e->branch.node, out);
	put_braces(out, &e->branch, depth);
}

static void put_child(const struct sink *out, struct settings_node *n, unsigned depth)
{
	if (tree_is_empty(n))
		return;
	switch (n->row->kind) {
	case SETTING_VALUE:
		indent(out, depth);
		sink_puts(out, remark_of(n));
		put_statement(n, out);
		sink_puts(out, "\n");
		break;
	case SETTING_BLOCK:
		indent(out, depth);
		sink_puts(out, n->row->name);
		put_braces(out, (const struct branch *)n, depth);
		break;
	case SETTING_LIST:
		for (const struct entry *e = group_settle(n); e; e = entry_next(e))
			put_entry(out, e, depth);
		break;
	}
}

static void put_branch(const struct sink *out, const struct branch *b, unsigned depth)
{
	for (struct settings_node *n = b->first; n; n = n->next)
		put_child(out, n, depth);
}

/* ---- a part of the tree ---- */

static void print_found(const struct walk *w, struct settings_node *n, enum settings_form form,
	const struct sink *out)
{
	struct printer p = {out, "", 0};
	bool entry = n->row->kind == SETTING_LIST;

	if (form == SETTINGS_LINES && entry)
		entry_lines(&p, (const struct entry *)n);
	else if (form == SETTINGS_LINES)
		child_lines(&p, w->in, n);
	else if (entry)
		put_entry(out, (const struct entry *)n, 0);
	else
		put_child(out, n, 0);
}

enum fl_err settings_print(
	const struct settings *s, struct str path, enum settings_form form, const struct sink *out)
{
	struct printer all = {out, "", 0};
	struct settings_node *n;
	struct walk w;

	walk_init(&w, s->mem, s->schema, tree_root(s), NULL, NULL);
	if (walk_statement(&w, path))
		return FL_ENOENT;
	if (form == SETTINGS_JSON && !w.row) {
		json_print_found(&w, NULL, out);
		return FL_OK;
	}
	if (!w.row) {
		if (form == SETTINGS_LINES)
			branch_lines(&all, tree_root(s));
		else
			put_branch(out, tree_root(s), 0);
		return FL_OK;
	}
	if (w.need == WALK_COLUMN && w.ncolumns >= row_keys(w.row))
		(void)walk_end(&w, &(struct word){0});
	n = walk_found(&w);
	if (!n)
		return FL_ENOENT;
	if (form == SETTINGS_JSON) {
		json_print_found(&w, n, out);
		return FL_OK;
	}
	for (; n; n = walk_found_next(&w, n))
		print_found(&w, n, form, out);
	return FL_OK;
}

/* ---- comparing ---- */

struct differ {
	struct printer gone, come;
};

static void diff_branch(struct differ *d, const struct branch *a, const struct branch *b);

/* What was inside goes first and the entry itself last: deleting line by line works. */
static void entry_gone(struct differ *d, const struct entry *e)
{
	branch_lines(&d->gone, &e->branch);
	put_line(&d->gone, e->branch.up, &e->branch.node);
}

static void child_gone(struct differ *d, const struct branch *in, struct settings_node *n)
{
	const struct branch *block = (const struct branch *)n;

	switch (n->row->kind) {
	case SETTING_VALUE:
		put_line(&d->gone, in, n);
		break;
	case SETTING_BLOCK:
		for (n = block->first; n; n = n->next)
			child_gone(d, block, n);
		break;
	case SETTING_LIST:
		for (const struct entry *e = group_settle(n); e; e = entry_next(e))
			entry_gone(d, e);
		break;
	}
}

static bool same_columns(const struct entry *a, const struct entry *b)
{
	for (unsigned i = 0; i < SETTING_COLUMNS_MAX; i++)
		if (!str_eq(entry_column(a, i), entry_column(b, i)))
			return false;
	return a->ncolumns == b->ncolumns;
}

static void diff_entry(struct differ *d, const struct entry *a, const struct entry *b)
{
	if (!same_columns(a, b)) {
		put_line(&d->gone, a->branch.up, &a->branch.node);
		put_line(&d->come, b->branch.up, &b->branch.node);
	}
	diff_branch(d, &a->branch, &b->branch);
}

/* Two sorted chains, side by side. */
static void diff_sorted(struct differ *d, const struct entry *a, const struct entry *b)
{
	while (a || b) {
		int order = !a ? 1 : !b ? -1 : entry_cmp(a, b);

		if (order < 0)
			entry_gone(d, a);
		else if (order > 0)
			entry_lines(&d->come, b);
		else
			diff_entry(d, a, b);
		if (order <= 0)
			a = entry_next(a);
		if (order >= 0)
			b = entry_next(b);
	}
}

static struct entry *same_entry(struct group *g, const struct entry *e)
{
	struct str keys[SETTING_COLUMNS_MAX];

	for (unsigned i = 0; i < SETTING_COLUMNS_MAX; i++)
		keys[i] = entry_column(e, i);
	return group_entry(g, keys);
}

/* A new entry goes to the end of an ordered list.  So what can stay is the longest beginning of
 * `b` whose entries stand in this order in `a`; all others of `a` go, and the rest of `b` comes. */
static void diff_ordered(struct differ *d, struct group *a, struct group *b)
{
	const struct entry *first_new = b->first, *kept;
	uint32_t from = 0;

	for (; first_new; first_new = entry_next(first_new)) {
		kept = same_entry(a, first_new);
		if (!kept || kept->index < from)
			break;
		from = kept->index + 1;
	}
	for (const struct entry *e = a->first; e; e = entry_next(e)) {
		kept = same_entry(b, e);
		if (kept && (!first_new || kept->index < first_new->index))
			diff_entry(d, e, kept);
		else
			entry_gone(d, e);
	}
	for (; first_new; first_new = entry_next(first_new))
		entry_lines(&d->come, first_new);
}

static void diff_child(struct differ *d, const struct branch *in_a, struct settings_node *a,
	const struct branch *in_b, struct settings_node *b)
{
	switch (a->row->kind) {
	case SETTING_VALUE:
		if (str_eq(value_text(a), value_text(b)))
			break;
		put_line(&d->gone, in_a, a);
		put_line(&d->come, in_b, b);
		break;
	case SETTING_BLOCK:
		diff_branch(d, (const struct branch *)a, (const struct branch *)b);
		break;
	case SETTING_LIST:
		group_settle(a);
		group_settle(b);
		if (a->row->flags & SETTING_ORDERED)
			diff_ordered(d, (struct group *)a, (struct group *)b);
		else
			diff_sorted(d, ((const struct group *)a)->first,
				((const struct group *)b)->first);
		break;
	}
}

static void diff_branch(struct differ *d, const struct branch *a, const struct branch *b)
{
	struct settings_node *x = a->first, *y = b->first;

	while (x || y) {
		bool in_a = x && (!y || x->row <= y->row), in_b = y && (!x || y->row <= x->row);

		if (in_a && in_b)
			diff_child(d, a, x, b, y);
		else if (in_a)
			child_gone(d, a, x);
		else
			child_lines(&d->come, b, y);
		x = in_a ? x->next : x;
		y = in_b ? y->next : y;
	}
}

size_t settings_diff(const struct settings *a, const struct settings *b, const struct sink *out)
{
	struct differ d = {{out, "- ", 0}, {out, "+ ", 0}};

	diff_branch(&d, tree_root(a), tree_root(b));
	return d.gone.lines + d.come.lines;
}
