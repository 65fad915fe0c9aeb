/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebase.h"

#include <string.h>

/* The lines of a difference: "- set link wan1 weight 1". */
struct lines {
	struct arena *mem;
	struct str *at;
	size_t n, cap;
	char *begun; /* of a line whose newline has not come */
	size_t nbegun, cap_begun;
};

static void *grow(struct arena *mem, const void *from, size_t n, size_t *cap, size_t size)
{
	size_t want = *cap ? *cap * 2 : 64;
	void *to = arena_array(mem, want, size);

	if (!to)
		return NULL;
	if (n)
		memcpy(to, from, n * size);
	*cap = want;
	return to;
}

static void line_add(struct lines *l)
{
	const char *text = arena_copy(l->mem, l->begun, l->nbegun);

	if (l->n == l->cap)
		l->at = grow(l->mem, l->at, l->n, &l->cap, sizeof(*l->at));
	if (l->at && text)
		l->at[l->n++] = (struct str){text, l->nbegun};
	else
		l->cap = l->n = 0; /* the arena is full, which is asked for at the end */
	l->nbegun = 0;
}

static void lines_put(void *ctx, const char *text, size_t n)
{
	struct lines *l = ctx;

	for (size_t i = 0; i < n; i++) {
		if (text[i] == '\n') {
			line_add(l);
			continue;
		}
		if (l->nbegun == l->cap_begun)
			l->begun = grow(l->mem, l->begun, l->nbegun, &l->cap_begun, 1);
		if (!l->begun) {
			l->cap_begun = l->nbegun = 0;
			return;
		}
		l->begun[l->nbegun++] = text[i];
	}
}

static struct lines diff_lines(
	const struct settings *a, const struct settings *b, struct arena *mem)
{
	struct lines l = {.mem = mem};

	settings_diff(a, b, &(struct sink){lines_put, &l});
	return l;
}

/* ---- a set of lines ---- */

struct line_set {
	struct str *slot;
	size_t mask;
};

static size_t hash(struct str s)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (uint8_t)s.at[i]) * 16777619u;
	return h;
}

static struct str *slot_of(const struct line_set *set, struct str line)
{
	size_t i = hash(line) & set->mask;

	while (set->slot[i].n && !str_eq(set->slot[i], line))
		i = (i + 1) & set->mask;
	return &set->slot[i];
}

static bool set_has(const struct line_set *set, struct str line)
{
	return set->slot && slot_of(set, line)->n > 0;
}

static struct line_set set_of(const struct lines *l, struct arena *mem)
{
	struct line_set set;
	size_t size = 16;

	while (size < l->n * 2)
		size *= 2;
	set = (struct line_set){ARENA_NEWS(mem, struct str, size), size - 1};
	for (size_t i = 0; set.slot && i < l->n; i++)
		*slot_of(&set, l->at[i]) = l->at[i];
	return set;
}

/* ---- the merge ---- */

static bool is_removal(struct str line)
{
	return line.n > 2 && line.at[0] == '-';
}

/* "- set link wan1 weight 1" -> "link wan1 weight 1" */
static struct str statement_of(struct str line)
{
	struct str text = str_trim((struct str){line.at + 1, line.n - 1});

	if (str_starts(text, STR("set ")))
		text = (struct str){text.at + 4, text.n - 4};
	return text;
}

static enum fl_err apply(
	struct settings *to, struct str line, struct arena *scratch, const struct sink *out)
{
	struct diags why;
	enum fl_err err;

	diags_init(&why, scratch);
	if (is_removal(line)) {
		err = settings_delete(to, statement_of(line), &why);
		return err == FL_ENOENT ? FL_OK : err; /* somebody else did it */
	}
	err = settings_set(to, statement_of(line), &why);
	if (err)
		diags_print(&why, NULL, out);
	return err;
}

/* What of theirs the merge has undone: lines that go away and that mine did not take away. */
static size_t report_undone(const struct settings *theirs, const struct settings *result,
	const struct line_set *mine, struct arena *scratch, const struct sink *out)
{
	struct lines undone = diff_lines(theirs, result, scratch);
	size_t n = 0;

	for (size_t i = 0; i < undone.n; i++)
		if (is_removal(undone.at[i]) && !set_has(mine, undone.at[i])) {
			sink_printf(out, "  theirs: %.*s\n", STR_ARG(statement_of(undone.at[i])));
			n++;
		}
	return n;
}

/* "link wan1 weight 1" and "link wan1 weight 7": alike but for the last word. */
static bool same_place(struct str a, struct str b)
{
	while (a.n && a.at[a.n - 1] != ' ')
		a.n--;
	while (b.n && b.at[b.n - 1] != ' ')
		b.n--;
	return a.n && str_eq(a, b);
}

static bool has_addition_at(const struct lines *l, struct str statement)
{
	for (size_t i = 0; i < l->n; i++)
		if (!is_removal(l->at[i]) && same_place(statement_of(l->at[i]), statement))
			return true;
	return false;
}

/* A line that mine deletes (and puts nothing in its place) and they replaced. */
static size_t report_replaced(const struct lines *mine, const struct lines *theirs,
	const struct line_set *their_set, const struct sink *out)
{
	size_t n = 0;

	for (size_t i = 0; i < mine->n; i++) {
		struct str line = mine->at[i];

		if (!is_removal(line) || !set_has(their_set, line))
			continue;
		if (has_addition_at(mine, statement_of(line)) ||
			!has_addition_at(theirs, statement_of(line)))
			continue;
		sink_printf(
			out, "  deleted here, replaced there: %.*s\n", STR_ARG(statement_of(line)));
		n++;
	}
	return n;
}

enum fl_err rebase(const struct settings *base, const struct settings *mine,
	const struct settings *theirs, struct arena *mem, struct arena *scratch,
	const struct sink *out, struct rebase *r)
{
	struct lines my_lines = diff_lines(base, mine, scratch);
	struct lines their_lines = diff_lines(base, theirs, scratch);
	struct line_set my_set = set_of(&my_lines, scratch),
			their_set = set_of(&their_lines, scratch);
	enum fl_err err;

	*r = (struct rebase){.changes = my_lines.n};
	err = settings_copy(theirs, mem, &r->result);
	for (size_t i = 0; !err && i < my_lines.n; i++)
		err = apply(&r->result, my_lines.at[i], scratch, out);
	if (err)
		return err;
	r->conflicts = report_undone(theirs, &r->result, &my_set, scratch, out);
	r->conflicts += report_replaced(&my_lines, &their_lines, &their_set, out);
	return mem->full || scratch->full ? FL_EFULL : FL_OK;
}
