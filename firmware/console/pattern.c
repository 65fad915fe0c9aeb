/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Thompson's construction without groups is a row of states; the set of states that are reached is
 * one 64-bit word, and a step of the text is a walk over the items.  No backtracking. */
#include "pattern.h"

#include <string.h>

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static void item_add(struct pattern_item *it, char c)
{
	uint8_t o = (uint8_t)fold(c);

	it->octets[o / 32] |= UINT32_C(1) << o % 32;
}

static bool item_has(const struct pattern_item *it, char c)
{
	uint8_t o = (uint8_t)fold(c);

	return it->octets[o / 32] >> o % 32 & 1;
}

static char take(struct str *s)
{
	char c = s->at[0];

	s->at++;
	s->n--;
	return c;
}

static void item_add_range(struct pattern_item *it, uint8_t from, uint8_t to)
{
	for (unsigned o = from; o <= to; o++)
		item_add(it, (char)o);
}

/* Behind "[".  A "]" that comes first stands for itself. */
static enum fl_err take_class(struct str *s, struct pattern_item *it)
{
	bool not = s->n && s->at[0] == '^', first = true;

	if (not )
		take(s);
	for (;; first = false) {
		char c;

		if (s->n == 0)
			return FL_EFORMAT;
		c = take(s);
		if (c == ']' && !first)
			break;
		if (s->n > 1 && s->at[0] == '-' && s->at[1] != ']') {
			take(s);
			item_add_range(it, (uint8_t)c, (uint8_t)take(s));
		} else {
			item_add(it, c);
		}
	}
	for (size_t i = 0; not &&i < COUNT_OF(it->octets); i++)
		it->octets[i] = ~it->octets[i];
	return FL_OK;
}

static enum fl_err take_item(struct str *s, struct pattern_item *it)
{
	char c = take(s);

	*it = (struct pattern_item){.many = PATTERN_ONE};
	switch (c) {
	case '.':
		memset(it->octets, 0xff, sizeof(it->octets));
		return FL_OK;
	case '[':
		return take_class(s, it);
	case '\\':
		if (s->n == 0)
			return FL_EFORMAT;
		item_add(it, take(s));
		return FL_OK;
	case '*':
	case '+':
	case '?':
	case '(':
	case ')':
		return FL_EFORMAT;
	default:
		item_add(it, c);
		return FL_OK;
	}
}

static void take_many(struct str *s, struct pattern_item *it)
{
	static const char sign[] = "?*+";
	static const enum pattern_many many[] = {PATTERN_MAYBE, PATTERN_ANY, PATTERN_SOME};
	const char *p = s->n && s->at[0] ? strchr(sign, s->at[0]) : NULL;

	if (!p)
		return;
	it->many = many[p - sign];
	take(s);
}

static enum fl_err take_branch(struct str *s, struct pattern *out)
{
	uint8_t first = (uint8_t)out->nitems;
	bool at_start = s->n && s->at[0] == '^', at_end = false;

	if (out->nbranches == COUNT_OF(out->branch))
		return FL_EFULL;
	if (at_start)
		take(s);
	while (s->n && s->at[0] != '|') {
		enum fl_err err;

		if (s->at[0] == '$' && (s->n == 1 || s->at[1] == '|')) {
			at_end = true;
			take(s);
			continue;
		}
		if (out->nitems == PATTERN_ITEMS_MAX)
			return FL_EFULL;
		err = take_item(s, &out->item[out->nitems]);
		if (err)
			return err;
		take_many(s, &out->item[out->nitems++]);
	}
	out->branch[out->nbranches].first = first;
	out->branch[out->nbranches].n = (uint8_t)(out->nitems - first);
	out->branch[out->nbranches].at_start = at_start;
	out->branch[out->nbranches++].at_end = at_end;
	return FL_OK;
}

enum fl_err pattern_parse(struct str text, struct pattern *out)
{
	struct pattern p = {.nitems = 0};

	for (;;) {
		enum fl_err err = take_branch(&text, &p);

		if (err)
			return err;
		if (text.n == 0)
			break;
		take(&text); /* the "|" */
	}
	*out = p;
	return FL_OK;
}

/* States that can be reached without an octet: over items that may be left out. */
static uint64_t skip_optional(const struct pattern_item *it, size_t n, uint64_t states)
{
	for (size_t i = 0; i < n; i++)
		if ((it[i].many == PATTERN_MAYBE || it[i].many == PATTERN_ANY) && states >> i & 1)
			states |= UINT64_C(1) << (i + 1);
	return states;
}

static uint64_t step(const struct pattern_item *it, size_t n, uint64_t states, char c)
{
	uint64_t next = 0;

	for (size_t i = 0; i < n; i++) {
		if (!(states >> i & 1) || !item_has(&it[i], c))
			continue;
		next |= UINT64_C(1) << (i + 1);
		if (it[i].many == PATTERN_ANY || it[i].many == PATTERN_SOME)
			next |= UINT64_C(1) << i;
	}
	return next;
}

static bool branch_fits(const struct pattern *p, size_t b, struct str line)
{
	const struct pattern_item *it = p->item + p->branch[b].first;
	size_t n = p->branch[b].n;
	uint64_t states = 0, last = UINT64_C(1) << n;

	for (size_t i = 0;; i++) {
		if (i == 0 || !p->branch[b].at_start)
			states |= 1;
		states = skip_optional(it, n, states);
		if (states & last && (!p->branch[b].at_end || i == line.n))
			return true;
		if (i == line.n)
			return false;
		states = step(it, n, states, line.at[i]);
	}
}

bool pattern_fits(const struct pattern *p, struct str line)
{
	for (size_t b = 0; b < p->nbranches; b++)
		if (branch_fits(p, b, line))
			return true;
	return false;
}
