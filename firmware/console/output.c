/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command runs to its end at once; what does not fit the screen waits here in memory, so that the
 * command never has to be stopped in its middle and sees one state of the router. */
#include "output.h"

#include "utf8.h"

#include <string.h>

struct output_line {
	struct output_line *next;
	struct str text;
};

void output_init(struct output *o, const struct arena_source *memory, const struct sink *terminal)
{
	memset(o, 0, sizeof(*o));
	o->terminal = terminal;
	o->way = OUTPUT_PLAIN;
	arena_init(&o->mem, memory);
}

void output_free(struct output *o)
{
	arena_reset(&o->mem);
}

void output_begin(struct output *o, enum output_way way, unsigned columns, unsigned rows)
{
	output_drop(o);
	o->way = way;
	o->columns = columns;
	o->rows = rows;
	o->nfilters = 0;
	o->counting = o->headed = false;
	o->count = o->n = 0;
	o->used = 0;
	if (way == OUTPUT_SCREEN)
		sink_puts(o->terminal, "\033[H");
}

enum fl_err output_add_filter(struct output *o, const struct pattern *p, bool wanted)
{
	if (o->nfilters == OUTPUT_FILTERS_MAX)
		return FL_EFULL;
	o->filter[o->nfilters].pattern = *p;
	o->filter[o->nfilters++].wanted = wanted;
	return FL_OK;
}

/* ---- lines to the terminal ---- */

static unsigned rows_of(const struct output *o, struct str line)
{
	size_t cells = utf8_cells(line);

	return cells == 0 ? 1 : (unsigned)((cells + o->columns - 1) / o->columns);
}

static void show(struct output *o, struct str line)
{
	utf8_clean(line, o->terminal);
	sink_puts(o->terminal, "\n");
}

/* The part of a line that fits one row. */
static struct str one_row(const struct output *o, struct str line)
{
	size_t end = 0;

	while (end < line.n) {
		size_t next = utf8_after(line, end);

		if (utf8_cells((struct str){line.at, next}) >= o->columns)
			break;
		end = next;
	}
	return (struct str){line.at, end};
}

static void show_on_screen(struct output *o, struct str line)
{
	if (o->used + 1 >= o->rows)
		return;
	o->used++;
	utf8_clean(one_row(o, line), o->terminal);
	sink_puts(o->terminal, "\033[K\n");
}

static void hold(struct output *o, struct str line)
{
	struct output_line *l = NULL;
	char *text = NULL;

	if (o->mem.used + line.n < OUTPUT_HELD_MAX) {
		l = ARENA_NEW(&o->mem, struct output_line);
		text = arena_copy(&o->mem, line.at, line.n);
	}
	if (!l || !text) {
		o->lost++;
		return;
	}
	l->text = (struct str){text, line.n};
	if (o->last)
		o->last->next = l;
	else
		o->first = l;
	o->last = l;
}

static bool screen_is_full(const struct output *o, struct str line)
{
	return o->used > 0 && o->used + rows_of(o, line) > o->rows - 1;
}

static void show_paged(struct output *o, struct str line)
{
	if (!o->stopped && !screen_is_full(o, line)) {
		o->used += rows_of(o, line);
		show(o, line);
		return;
	}
	o->stopped = true;
	hold(o, line);
}

static void show_line(struct output *o, struct str line)
{
	switch (o->way) {
	case OUTPUT_PLAIN:
		show(o, line);
		break;
	case OUTPUT_PAGED:
		show_paged(o, line);
		break;
	case OUTPUT_SCREEN:
		show_on_screen(o, line);
		break;
	}
}

/* ---- from octets to lines ---- */

static void filter_line(struct output *o, struct str line)
{
	bool is_heading = o->headed;

	o->headed = false;
	if (is_heading && o->counting)
		return;
	for (size_t i = 0; i < o->nfilters; i++)
		if (pattern_fits(&o->filter[i].pattern, line) != o->filter[i].wanted)
			return;
	if (o->counting)
		o->count++;
	else
		show_line(o, line);
}

static void line_is_full(struct output *o)
{
	size_t whole = utf8_whole((struct str){o->line, o->n});

	if (whole == 0)
		whole = o->n;
	filter_line(o, (struct str){o->line, whole});
	memmove(o->line, o->line + whole, o->n - whole);
	o->n -= whole;
}

static void put(void *ctx, const char *text, size_t n)
{
	struct output *o = ctx;

	for (size_t i = 0; i < n; i++) {
		if (text[i] == '\n') {
			filter_line(o, (struct str){o->line, o->n});
			o->n = 0;
			continue;
		}
		if (o->n == sizeof(o->line))
			line_is_full(o);
		o->line[o->n++] = text[i];
	}
}

struct sink output_sink(struct output *o)
{
	return (struct sink){put, o};
}

void output_end(struct output *o)
{
	if (o->n) {
		filter_line(o, (struct str){o->line, o->n});
		o->n = 0;
	}
	if (o->counting) {
		sink_printf(o->terminal, "count: %zu lines\n", o->count);
		o->counting = false;
	}
	if (o->way == OUTPUT_SCREEN)
		sink_puts(o->terminal, "\033[J");
}

/* ---- pages ---- */

bool output_is_waiting(const struct output *o)
{
	return o->first != NULL;
}

static void show_lost(struct output *o)
{
	if (o->lost)
		sink_printf(o->terminal,
			"error: %zu lines more did not fit the memory for pages; use | no-more\n",
			o->lost);
}

void output_go_on(struct output *o, unsigned rows)
{
	unsigned shown = 0;

	while (o->first) {
		struct output_line *l = o->first;

		if (shown > 0 && shown + rows_of(o, l->text) > rows)
			return;
		shown += rows_of(o, l->text);
		show(o, l->text);
		o->first = l->next;
	}
	show_lost(o);
	output_drop(o);
}

void output_drop(struct output *o)
{
	arena_reset(&o->mem);
	o->first = o->last = NULL;
	o->stopped = false;
	o->lost = 0;
}
