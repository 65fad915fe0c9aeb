/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define WHERE_MAX 512
#define WHAT_MAX  1024

void diags_init(struct diags *d, struct arena *mem)
{
	*d = (struct diags){.mem = mem};
}

static struct str keep(struct arena *mem, struct str text)
{
	char *at = text.n ? arena_copy(mem, text.at, text.n) : NULL;

	return at ? (struct str){at, text.n} : (struct str){"", 0};
}

/* What memory is too short for is still counted. */
static void add(struct diags *d, enum diag_kind kind, const struct diag *what)
{
	struct diag *one = ARENA_NEW(d->mem, struct diag);

	if (kind == DIAG_ERROR)
		d->errors++;
	else
		d->warnings++;
	if (!one)
		return;
	*one = *what;
	one->warning = kind == DIAG_WARNING;
	one->where = keep(d->mem, what->where);
	one->what = keep(d->mem, what->what);
	one->cure = keep(d->mem, what->cure);
	if (d->last)
		d->last->next = one;
	else
		d->first = one;
	d->last = one;
}

static struct str format_what(const char *what, va_list ap, char room[WHAT_MAX])
{
	int n = vsnprintf(room, WHAT_MAX, what, ap);

	if (n < 0)
		return (struct str){"", 0};
	return (struct str){room, n < WHAT_MAX ? (size_t)n : WHAT_MAX - 1};
}

static struct str cure_of(const char *cure)
{
	return cure ? str_of(cure) : (struct str){"", 0};
}

static void add_at_origin(struct diags *d, enum diag_kind kind, const struct origin *at,
	const char *field, const char *cure, struct str what)
{
	struct origin place = at ? *at : (struct origin){0};
	char room[WHERE_MAX];
	struct textbuf where = textbuf_of(room, sizeof(room));

	if (d->path && place.node)
		d->path(place.node, &where);
	if (field)
		textbuf_printf(&where, "%s%s", where.n ? " " : "", field);
	if (field && d->find && place.node)
		d->find(field, &place);
	add(d, kind,
		&(struct diag){.line = place.line,
			.column = place.column,
			.where = textbuf_str(&where),
			.what = what,
			.cure = cure_of(cure)});
}

void diag_error(struct diags *d, const struct origin *at, const char *field, const char *cure,
	const char *what, ...)
{
	char room[WHAT_MAX];
	va_list ap;

	va_start(ap, what);
	add_at_origin(d, DIAG_ERROR, at, field, cure, format_what(what, ap, room));
	va_end(ap);
}

void diag_warning(struct diags *d, const struct origin *at, const char *field, const char *cure,
	const char *what, ...)
{
	char room[WHAT_MAX];
	va_list ap;

	va_start(ap, what);
	add_at_origin(d, DIAG_WARNING, at, field, cure, format_what(what, ap, room));
	va_end(ap);
}

void diag_at(struct diags *d, enum diag_kind kind, uint32_t line, uint32_t column, struct str where,
	const char *cure, const char *what, ...)
{
	char room[WHAT_MAX];
	struct diag one = {.line = line, .column = column, .where = where, .cure = cure_of(cure)};
	va_list ap;

	va_start(ap, what);
	one.what = format_what(what, ap, room);
	va_end(ap);
	add(d, kind, &one);
}

/* ---- printing ---- */

/* Should `a` be printed before `b`, which was found later? */
static bool stands_before(const struct diag *a, const struct diag *b)
{
	uint32_t line_a = a->line - 1, line_b = b->line - 1; /* line 0 is behind all others */

	if (line_a != line_b)
		return line_a < line_b;
	return a->line == 0 || a->column <= b->column;
}

/* Merge sort from below over an array of pointers; `spare` has the same size. */
static const struct diag **sort_diags(const struct diag **list, const struct diag **spare, size_t n)
{
	for (size_t run = 1; run < n; run *= 2) {
		const struct diag **from = list;

		for (size_t start = 0; start < n; start += 2 * run) {
			size_t a = start, middle = start + run < n ? start + run : n;
			size_t b = middle, end = middle + run < n ? middle + run : n;

			for (size_t to = start; to < end; to++)
				if (a < middle && (b == end || stands_before(from[a], from[b])))
					spare[to] = from[a++];
				else
					spare[to] = from[b++];
		}
		list = spare;
		spare = from;
	}
	return list;
}

/* As a line of a text, with the cure behind `before_cure`. */
static void print_one(
	const struct diag *one, const char *file, const char *before_cure, const struct sink *out)
{
	if (one->line)
		sink_printf(out, "%s%s%u:%u: ", file ? file : "line ", file ? ":" : "",
			(unsigned)one->line, (unsigned)one->column);
	else if (file)
		sink_printf(out, "%s: ", file);
	sink_puts(out, one->warning ? "warning: " : "error: ");
	if (one->where.n) {
		sink_put(out, one->where);
		sink_puts(out, ": ");
	}
	sink_put(out, one->what);
	if (one->cure.n) {
		sink_puts(out, before_cure);
		sink_put(out, one->cure);
	}
}

/* Where diags go, one after the other in the order of their places. */
struct diag_way {
	void (*say)(const struct diag_way *way, const struct diag *one);
	const char *file;
	const struct sink *out;
	const struct log *log;
};

/* How many there was no memory for. */
static size_t say_in_order(const struct diags *d, const struct diag_way *way)
{
	size_t n = 0, said = d->errors + d->warnings;
	const struct diag **list = ARENA_NEWS(d->mem, const struct diag *, said);
	const struct diag **spare = ARENA_NEWS(d->mem, const struct diag *, said);

	for (const struct diag *one = d->first; one; one = one->next, n++) {
		if (list && spare)
			list[n] = one;
		else
			way->say(way, one); /* no memory for order */
	}
	if (list && spare) {
		list = sort_diags(list, spare, n);
		for (size_t i = 0; i < n; i++)
			way->say(way, list[i]);
	}
	return said - n;
}

#define MORE "%zu more, for which memory was too short"

static void say_to_sink(const struct diag_way *way, const struct diag *one)
{
	print_one(one, way->file, "\n    cure: ", way->out);
	sink_puts(way->out, "\n");
}

void diags_print(const struct diags *d, const char *file, const struct sink *out)
{
	struct diag_way way = {.say = say_to_sink, .file = file, .out = out};
	size_t more = say_in_order(d, &way);

	if (more)
		sink_printf(out, MORE "\n", more);
}

static void say_to_log(const struct diag_way *way, const struct diag *one)
{
	char room[WHAT_MAX];
	struct textbuf line = textbuf_of(room, sizeof(room));
	struct sink out = textbuf_sink(&line);

	print_one(one, way->file, "; cure: ", &out);
	log_printf(way->log, one->warning ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR, "%s", room);
}

void diags_log(const struct diags *d, const char *file, const struct log *log)
{
	struct diag_way way = {.say = say_to_log, .file = file, .log = log};
	size_t more = say_in_order(d, &way);

	if (more)
		log_printf(log, LOG_LEVEL_ERROR, MORE, more);
}
