/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tree.  Big lists are what its shape is for: 100,000 host records are entries of one list, so
 * a node is kept small (a value of up to 22 octets takes 48), an entry is found by hash, and order
 * is made when somebody asks for it: adding n entries in any order and then printing them takes
 * n log n.  A text that was printed has its entries in order: each is behind all before it, so that
 * nobody looks for it when it is added, and the hash table is filled when somebody does. */
#include "tree.h"

#include <string.h>

#define HASH_FROM 8 /* entries; a shorter list is searched along its chain */

/* ---- the schema ---- */

const struct setting *row_find(const struct setting *rows, struct str name)
{
	for (const struct setting *r = rows; r && r->name; r++)
		if (name.n && r->name[0] == name.at[0] && str_is(name, r->name))
			return r;
	return NULL;
}

unsigned row_columns(const struct setting *list)
{
	unsigned n = 0;

	while (list->columns && n < SETTING_COLUMNS_MAX && list->columns[n].name)
		n++;
	return n;
}

static unsigned columns_with(const struct setting *list, unsigned flags)
{
	unsigned all = row_columns(list), n = 0;

	while (n < all && list->columns[n].flags & flags)
		n++;
	return n;
}

unsigned row_keys(const struct setting *list)
{
	return columns_with(list, SETTING_KEY);
}

unsigned row_required(const struct setting *list)
{
	return columns_with(list, SETTING_KEY | SETTING_REQUIRED);
}

bool row_is_private(const struct setting *row)
{
	return row->flags & (SETTING_SECRET | SETTING_PRIVATE);
}

/* ---- reading ---- */

struct branch *tree_root(const struct settings *s)
{
	return (struct branch *)s->root;
}

struct settings_node *tree_child(const struct branch *b, const struct setting *row)
{
	for (struct settings_node *n = b ? b->first : NULL; n; n = n->next)
		if (n->row == row)
			return n;
	return NULL;
}

bool tree_branch_is_empty(const struct branch *b)
{
	for (const struct settings_node *n = b->first; n; n = n->next)
		if (!tree_is_empty(n))
			return false;
	return true;
}

bool tree_is_empty(const struct settings_node *n)
{
	switch (n->row->kind) {
	case SETTING_VALUE:
		return false;
	case SETTING_LIST:
		return ((const struct group *)n)->count == 0;
	case SETTING_BLOCK:
		return tree_branch_is_empty((const struct branch *)n);
	}
	return true;
}

struct str value_text(const struct settings_node *n)
{
	const struct value *v = (const struct value *)n;

	return (struct str){v->text, v->n};
}

struct str entry_column(const struct entry *e, unsigned i)
{
	const char *at = e->text;

	if (i >= e->ncolumns)
		return (struct str){"", 0};
	for (unsigned k = 0; k < i; k++)
		at += e->n[k];
	return (struct str){at, e->n[i]};
}

/* FNV-1a; a column's end counts as an octet. */
static uint32_t hash_keys(const struct str *keys, unsigned n)
{
	uint32_t h = UINT32_C(2166136261);

	for (unsigned k = 0; k < n; k++) {
		for (size_t i = 0; i < keys[k].n; i++)
			h = (h ^ (unsigned char)keys[k].at[i]) * UINT32_C(16777619);
		h = (h ^ 0xff) * UINT32_C(16777619);
	}
	return h ^ h >> 15;
}

static bool has_keys(const struct entry *e, const struct str *keys, unsigned n)
{
	for (unsigned k = 0; k < n; k++)
		if (!str_eq(entry_column(e, k), keys[k]))
			return false;
	return true;
}

struct entry *entry_next(const struct entry *e)
{
	return (struct entry *)e->branch.node.next;
}

static void hash_add(struct group *g, struct entry *e)
{
	struct entry **b = &g->bucket[e->hash & (g->nbuckets - 1)];

	e->chain = *b;
	*b = e;
}

/* Into the table with those that are not there yet. */
static void hash_rest(struct group *g)
{
	for (struct entry *e = g->unhashed; e; e = entry_next(e))
		hash_add(g, e);
	g->unhashed = NULL;
}

struct entry *group_entry(struct group *g, const struct str *keys)
{
	unsigned n = row_keys(g->node.row);
	uint32_t h = hash_keys(keys, n);
	struct entry *e;

	hash_rest(g);
	e = g->bucket ? g->bucket[h & (g->nbuckets - 1)] : g->first;
	while (e && (e->hash != h || !has_keys(e, keys, n)))
		e = g->bucket ? e->chain : entry_next(e);
	return e;
}

struct entry *tree_entry(const struct branch *b, const struct setting *row, const struct str *keys)
{
	struct settings_node *g = tree_child(b, row);

	return g ? group_entry((struct group *)g, keys) : NULL;
}

static int cmp_to_keys(const struct entry *e, const struct str *keys)
{
	unsigned n = row_keys(e->branch.node.row);

	for (unsigned k = 0; k < n; k++) {
		int order = str_natural_cmp(entry_column(e, k), keys[k]);

		if (order)
			return order;
	}
	return 0;
}

int entry_cmp(const struct entry *a, const struct entry *b)
{
	struct str keys[SETTING_COLUMNS_MAX];

	for (unsigned k = 0; k < SETTING_COLUMNS_MAX; k++)
		keys[k] = entry_column(b, k);
	return cmp_to_keys(a, keys);
}

static struct entry *merge_chains(struct entry *a, struct entry *b)
{
	struct settings_node head = {0}, *tail = &head;

	while (a && b) {
		struct entry **least = entry_cmp(a, b) <= 0 ? &a : &b;

		tail->next = &(*least)->branch.node;
		tail = tail->next;
		*least = entry_next(*least);
	}
	tail->next = a ? &a->branch.node : b ? &b->branch.node : NULL;
	return (struct entry *)head.next;
}

/* Cut a chain behind the entries that are in order from its first on; the rest. */
static struct entry *cut_run(struct entry *e)
{
	struct entry *next = entry_next(e);

	for (; next && entry_cmp(e, next) <= 0; next = entry_next(next))
		e = next;
	e->branch.node.next = NULL;
	return next;
}

/* Merge sort of the runs that are in order already, from below: pile[i] holds a sorted chain of 2^i
 * of them, or none.  One more of 100,000 that are sorted is compared its way, and no further. */
static struct entry *sort_chain(struct entry *e)
{
	struct entry *pile[32] = {0}, *sorted = NULL;

	while (e) {
		struct entry *run = e;
		unsigned i = 0;

		e = cut_run(e);
		for (; pile[i]; i++) {
			run = merge_chains(pile[i], run);
			pile[i] = NULL;
		}
		pile[i] = run;
	}
	for (unsigned i = 0; i < 32; i++)
		sorted = merge_chains(pile[i], sorted);
	return sorted;
}

struct entry *group_settle(struct settings_node *n)
{
	struct group *g = (struct group *)n;
	uint32_t index = 0;

	if (g->settled)
		return g->first;
	hash_rest(g); /* it takes them from the end of the chain */
	if (!(n->row->flags & SETTING_ORDERED))
		g->first = sort_chain(g->first);
	g->last = NULL;
	for (struct entry *e = g->first; e; e = entry_next(e)) {
		e->prev = g->last;
		e->index = index++;
		g->last = e;
	}
	g->settled = true;
	return g->first;
}

void tree_path(const struct branch *b, const struct sink *out)
{
	if (!b || !b->up)
		return;
	if (b->up->up) {
		tree_path(b->up, out);
		sink_puts(out, " ");
	}
	sink_puts(out, b->node.row->name);
	if (b->node.row->kind != SETTING_LIST)
		return;
	for (unsigned k = 0; k < row_keys(b->node.row); k++) {
		sink_puts(out, " ");
		settings_put_word(out, entry_column((const struct entry *)b, k), false);
	}
}

/* ---- writing ---- */

static uint16_t cap16(uint32_t n)
{
	return n > UINT16_MAX ? UINT16_MAX : (uint16_t)n;
}

static void node_place(struct settings_node *n, const struct place *at)
{
	n->line = at->line & UINT32_C(0x1fffffff);
	n->column = at->line ? cap16(at->column) : 0;
	n->value_column = at->line ? cap16(at->value_column[0]) : 0;
}

/* Rows of one table lie one behind the other, so their addresses are their order. */
static void link_child(struct branch *b, struct settings_node *n)
{
	struct settings_node **p = &b->first;

	while (*p && (*p)->row < n->row)
		p = &(*p)->next;
	n->next = *p;
	*p = n;
}

void tree_remove(struct branch *b, struct settings_node *child)
{
	for (struct settings_node **p = &b->first; *p; p = &(*p)->next) {
		if (*p != child)
			continue;
		*p = child->next;
		return;
	}
}

struct branch *tree_new_root(struct arena *mem)
{
	return ARENA_NEW(mem, struct branch);
}

struct settings_node *tree_put_value(struct arena *mem, struct branch *b, const struct setting *row,
	struct str text, const struct place *at, bool *old)
{
	struct value *v = arena_alloc(mem, offsetof(struct value, text) + text.n);
	struct settings_node *before = tree_child(b, row);

	if (!v)
		return NULL;
	*old = before != NULL;
	if (before)
		tree_remove(b, before);
	v->node.row = row;
	node_place(&v->node, at);
	v->n = (uint16_t)text.n;
	if (text.n)
		memcpy(v->text, text.at, text.n);
	link_child(b, &v->node);
	return &v->node;
}

struct branch *tree_put_block(
	struct arena *mem, struct branch *b, const struct setting *row, const struct place *at)
{
	struct branch *block = (struct branch *)tree_child(b, row);

	if (block)
		return block;
	block = ARENA_NEW(mem, struct branch);
	if (!block)
		return NULL;
	block->node.row = row;
	block->up = b;
	node_place(&block->node, at);
	link_child(b, &block->node);
	return block;
}

static struct group *put_group(struct arena *mem, struct branch *b, const struct setting *row)
{
	struct group *g = (struct group *)tree_child(b, row);

	if (g)
		return g;
	g = ARENA_NEW(mem, struct group);
	if (!g)
		return NULL;
	g->node.row = row;
	g->settled = true;
	link_child(b, &g->node);
	return g;
}

void tree_spoil(struct arena *mem, struct branch *b, const struct setting *row)
{
	struct settings_node *n = tree_child(b, row);
	struct place nowhere = {0};
	bool old;

	b->node.spoilt = true;
	if (!row || (n && row->kind == SETTING_VALUE))
		return;
	switch (row->kind) {
	case SETTING_VALUE:
		n = tree_put_value(mem, b, row, (struct str){"", 0}, &nowhere, &old);
		break;
	case SETTING_LIST:
		n = (struct settings_node *)put_group(mem, b, row);
		break;
	case SETTING_BLOCK:
		n = (struct settings_node *)tree_put_block(mem, b, row, &nowhere);
		break;
	}
	if (n)
		n->spoilt = true;
}

/* Keep at least one place for each entry.  Without memory the chains get longer, no more. */
static void hash_grow(struct arena *mem, struct group *g, uint32_t room)
{
	uint32_t n = g->bucket ? g->nbuckets : 4 * HASH_FROM;
	struct entry **bucket;

	if (room <= HASH_FROM || (g->bucket && room <= n))
		return;
	while (n < room)
		n *= 2;
	bucket = mem->full ? NULL : ARENA_NEWS(mem, struct entry *, n);
	if (!bucket)
		return;
	g->bucket = bucket;
	g->nbuckets = n;
	g->unhashed = g->first;
}

/* Behind the last one, whether that is its place or not. */
static void chain_entry(struct arena *mem, struct group *g, struct entry *e)
{
	hash_grow(mem, g, g->count + 1);
	e->index = g->count++;
	e->prev = g->last;
	e->branch.node.next = NULL;
	if (g->last)
		g->last->branch.node.next = &e->branch.node;
	else
		g->first = e;
	g->last = e;
	if (g->bucket && !g->unhashed)
		g->unhashed = e;
}

/* The entry of these keys, or NULL.  In a text that was printed it is the last one, or belongs
 * behind that and is none: then `*behind`, and nobody need look among the others. */
static struct entry *find_to_put(struct group *g, const struct str *keys, bool *behind)
{
	int order = g->last ? cmp_to_keys(g->last, keys) : -1;

	*behind = order < 0 && g->settled && !(g->node.row->flags & SETTING_ORDERED);
	if (order == 0)
		return g->last;
	return *behind ? NULL : group_entry(g, keys);
}

static void append_entry(struct arena *mem, struct group *g, struct entry *e, bool behind)
{
	g->settled = behind || (g->settled && g->node.row->flags & SETTING_ORDERED);
	chain_entry(mem, g, e);
}

static bool set_columns(struct arena *mem, struct entry *e, const struct str *columns, unsigned n,
	const struct place *at)
{
	size_t all = 0;
	char *text;

	for (unsigned i = 0; i < n; i++)
		all += columns[i].n;
	text = arena_octets(mem, NULL, all);
	if (!text)
		return false;
	e->text = text;
	e->ncolumns = (uint8_t)n;
	node_place(&e->branch.node, at);
	for (unsigned i = 0; i < n; i++) {
		if (columns[i].n)
			memcpy(text, columns[i].at, columns[i].n);
		text += columns[i].n;
		e->n[i] = (uint16_t)columns[i].n;
		e->at[i] = at->line ? cap16(at->value_column[i]) : 0;
	}
	return true;
}

struct entry *tree_put_entry(struct arena *mem, struct branch *b, const struct setting *row,
	const struct str *columns, unsigned n, const struct place *at, unsigned *had)
{
	struct group *g = put_group(mem, b, row);
	unsigned nkeys = row_keys(row);
	bool behind;
	struct entry *e;

	if (!g)
		return NULL;
	e = find_to_put(g, columns, &behind);
	*had = e ? e->ncolumns : 0;
	if (e)
		return n <= nkeys || set_columns(mem, e, columns, n, at) ? e : NULL;
	e = ARENA_NEW(mem, struct entry);
	if (!e || !set_columns(mem, e, columns, n, at))
		return NULL;
	e->branch.node.row = row;
	e->branch.up = b;
	e->hash = hash_keys(columns, nkeys);
	append_entry(mem, g, e, behind);
	return e;
}

static void hash_remove(struct group *g, const struct entry *e)
{
	struct entry **p = &g->bucket[e->hash & (g->nbuckets - 1)];

	while (*p != e)
		p = &(*p)->chain;
	*p = e->chain;
}

/* Number the entries from `e` on. */
static void number_from(struct entry *e)
{
	for (uint32_t index = e && e->prev ? e->prev->index + 1 : 0; e; e = entry_next(e))
		e->index = index++;
}

static void unchain_entry(struct group *g, struct entry *e)
{
	struct entry *next = entry_next(e);

	if (e->prev)
		e->prev->branch.node.next = e->branch.node.next;
	else
		g->first = next;
	if (next)
		next->prev = e->prev;
	else
		g->last = e->prev;
	g->count--;
}

void tree_remove_entry(struct entry *e)
{
	struct group *g = (struct group *)tree_child(e->branch.up, e->branch.node.row);

	hash_rest(g);
	if (g->bucket)
		hash_remove(g, e);
	unchain_entry(g, e);
	g->settled = false;
}

/* Of a settled group: is the entry in the hash table, or does it belong there? */
static bool is_hashed(const struct group *g, const struct entry *e)
{
	return g->bucket && (!g->unhashed || e->index < g->unhashed->index);
}

void tree_take_entry(struct group *g, struct entry *e)
{
	struct entry *next = entry_next(e);

	if (is_hashed(g, e))
		hash_remove(g, e);
	else if (g->unhashed == e)
		g->unhashed = next;
	unchain_entry(g, e);
	number_from(next);
}

void tree_insert_entry(struct arena *mem, struct group *g, struct entry *e, struct entry *next)
{
	hash_grow(mem, g, g->count + 1);
	e->prev = next ? next->prev : g->last;
	e->branch.node.next = next ? &next->branch.node : NULL;
	if (e->prev)
		e->prev->branch.node.next = &e->branch.node;
	else
		g->first = e;
	if (next)
		next->prev = e;
	else
		g->last = e;
	g->count++;
	number_from(e);
	if (is_hashed(g, e))
		hash_add(g, e);
}

static void take_marks(struct settings_node *to, const struct settings_node *from)
{
	to->spoilt |= from->spoilt;
	to->doubtful |= from->doubtful;
}

static void take_columns(struct entry *to, const struct entry *from)
{
	if (from->ncolumns <= row_keys(to->branch.node.row))
		return;
	to->text = from->text;
	to->ncolumns = from->ncolumns;
	to->bad_columns = from->bad_columns;
	memcpy(to->n, from->n, sizeof(to->n));
	memcpy(to->at, from->at, sizeof(to->at));
	to->branch.node.line = from->branch.node.line;
	to->branch.node.column = from->branch.node.column;
}

static void merge_group(struct arena *mem, struct branch *up, struct group *to, struct group *from)
{
	unsigned nkeys = row_keys(to->node.row);
	struct entry *next;

	hash_grow(mem, to, to->count + from->count);
	take_marks(&to->node, &from->node);
	for (struct entry *e = from->first; e; e = next) {
		struct str keys[SETTING_COLUMNS_MAX];
		struct entry *same;
		bool behind;

		next = entry_next(e);
		for (unsigned k = 0; k < nkeys; k++)
			keys[k] = entry_column(e, k);
		same = find_to_put(to, keys, &behind);
		if (same) {
			take_columns(same, e);
			tree_merge(mem, &same->branch, &e->branch);
		} else {
			e->branch.up = up;
			append_entry(mem, to, e, behind);
		}
	}
}

/* `from` becomes a child of `to`, which has none of its row. */
static void adopt(struct branch *to, struct settings_node *n)
{
	if (n->row->kind == SETTING_BLOCK)
		((struct branch *)n)->up = to;
	if (n->row->kind == SETTING_LIST)
		for (struct entry *e = ((struct group *)n)->first; e; e = entry_next(e))
			e->branch.up = to;
	link_child(to, n);
}

void tree_merge(struct arena *mem, struct branch *to, struct branch *from)
{
	struct settings_node *next;

	take_marks(&to->node, &from->node);
	for (struct settings_node *n = from->first; n; n = next) {
		struct settings_node *there = tree_child(to, n->row);

		next = n->next;
		if (there && n->row->kind == SETTING_LIST) {
			merge_group(mem, to, (struct group *)there, (struct group *)n);
		} else if (there && n->row->kind == SETTING_BLOCK) {
			tree_merge(mem, (struct branch *)there, (struct branch *)n);
		} else {
			if (there)
				tree_remove(to, there);
			adopt(to, n);
		}
	}
}

/* ---- copying ---- */

static struct settings_node *copy_octets(struct arena *mem, const void *from, size_t n)
{
	void *to = arena_alloc(mem, n);

	return to ? memcpy(to, from, n) : NULL;
}

struct entry *tree_copy_entry(struct arena *mem, const struct entry *from, struct branch *up)
{
	struct entry *e = (struct entry *)copy_octets(mem, from, sizeof(*from));
	size_t all = 0;

	for (unsigned i = 0; i < from->ncolumns; i++)
		all += from->n[i];
	if (!e)
		return NULL;
	e->text = arena_octets(mem, from->text, all);
	if (!e->text || tree_copy(mem, &from->branch, &e->branch))
		return NULL;
	e->branch.up = up;
	return e;
}

static bool copy_entry(
	struct arena *mem, struct group *g, const struct entry *from, struct branch *up)
{
	struct entry *e = tree_copy_entry(mem, from, up);

	if (e)
		chain_entry(mem, g, e);
	return e;
}

static struct settings_node *copy_group(
	struct arena *mem, const struct group *from, struct branch *up)
{
	struct group *g = (struct group *)copy_octets(mem, from, sizeof(*from));

	if (!g)
		return NULL;
	g->first = g->last = g->unhashed = NULL;
	g->bucket = NULL;
	g->nbuckets = g->count = 0;
	hash_grow(mem, g, from->count);
	for (const struct entry *e = from->first; e; e = entry_next(e))
		if (!copy_entry(mem, g, e, up))
			return NULL;
	return &g->node;
}

static struct settings_node *copy_child(
	struct arena *mem, const struct settings_node *n, struct branch *up)
{
	struct branch *block;

	switch (n->row->kind) {
	case SETTING_VALUE:
		return copy_octets(
			mem, n, offsetof(struct value, text) + ((const struct value *)n)->n);
	case SETTING_LIST:
		return copy_group(mem, (const struct group *)n, up);
	case SETTING_BLOCK:
		block = (struct branch *)copy_octets(mem, n, sizeof(*block));
		if (!block || tree_copy(mem, (const struct branch *)n, block))
			return NULL;
		block->up = up;
		return &block->node;
	}
	return NULL;
}

enum fl_err tree_copy(struct arena *mem, const struct branch *from, struct branch *to)
{
	struct settings_node **tail = &to->first;

	take_marks(&to->node, &from->node);
	to->first = NULL;
	for (const struct settings_node *n = from->first; n; n = n->next) {
		struct settings_node *copy = copy_child(mem, n, to);

		if (!copy)
			return FL_EFULL;
		copy->next = NULL;
		*tail = copy;
		tail = &copy->next;
	}
	return FL_OK;
}

/* ---- marks ---- */

typedef bool visit_node(struct settings_node *n);

static bool visit_below(const struct branch *b, visit_node *visit);

/* Calls `visit` for a child of a branch and all below it, until it returns false. */
static bool visit_child(struct settings_node *n, visit_node *visit)
{
	if (!visit(n))
		return false;
	if (n->row->kind == SETTING_BLOCK)
		return visit_below((struct branch *)n, visit);
	if (n->row->kind == SETTING_LIST)
		for (struct entry *e = ((struct group *)n)->first; e; e = entry_next(e))
			if (!visit(&e->branch.node) || !visit_below(&e->branch, visit))
				return false;
	return true;
}

static bool visit_below(const struct branch *b, visit_node *visit)
{
	for (struct settings_node *n = b->first; n; n = n->next)
		if (!visit_child(n, visit))
			return false;
	return true;
}

static bool hide(struct settings_node *n)
{
	n->hidden = row_is_private(n->row);
	return true;
}

void settings_hide(struct settings *s)
{
	(void)visit_below(tree_root(s), hide);
}

/* Without a line nothing else of the place is told. */
static bool forget_place(struct settings_node *n)
{
	n->line = 0;
	n->column = n->value_column = 0;
	return true;
}

void settings_forget_places(struct settings *s)
{
	(void)visit_below(tree_root(s), forget_place);
}

static bool is_unmarked(struct settings_node *n)
{
	return !n->spoilt && !n->doubtful;
}

bool settings_is_whole(const struct settings *s, struct str row)
{
	struct settings_node *n = tree_child(tree_root(s), row_find(s->schema, row));

	return !tree_root(s)->node.doubtful && (!n || visit_child(n, is_unmarked));
}
