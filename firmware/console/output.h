/* SPDX-License-Identifier: GPL-2.0-or-later */
/* output.h - what a command prints, on its way to the terminal: cut into lines, filtered, made
 * harmless, shown page by page. */
#ifndef FL_OUTPUT_H
#define FL_OUTPUT_H

#include "arena.h"
#include "pattern.h"

#define OUTPUT_LINE_MAX    CONFIG_CONSOLE_OUTPUT_LINE /* a longer line is handled in pieces */
#define OUTPUT_FILTERS_MAX CONFIG_CONSOLE_FILTERS
#define OUTPUT_HELD_MAX    ((size_t)8 << 20) /* octets that wait behind a full screen */

enum output_way {
	OUTPUT_PLAIN = 1,
	OUTPUT_PAGED,  /* stops when the screen is full */
	OUTPUT_SCREEN, /* redraws the screen from its top and drops what does not fit */
};

struct output_filter {
	struct pattern pattern;
	bool wanted; /* match: lines that fit; else lines that do not */
};

struct output_line;

struct output {
	const struct sink *terminal;
	enum output_way way;
	unsigned columns, rows;
	struct output_filter filter[OUTPUT_FILTERS_MAX];
	size_t nfilters;
	bool counting;
	bool headed; /* the next line is a heading, which is not counted */
	size_t count;
	unsigned used; /* rows since the last stop */
	bool stopped;
	struct arena mem; /* of the lines that wait */
	struct output_line *first, *last;
	size_t lost; /* lines there was no room for */
	char line[OUTPUT_LINE_MAX];
	size_t n;
};

void output_init(struct output *o, const struct arena_source *memory, const struct sink *terminal);
void output_free(struct output *o);
/* A command begins: no filters, nothing waits. */
void output_begin(struct output *o, enum output_way way, unsigned columns, unsigned rows);
/* FL_EFULL: no more filters. */
MUST_USE enum fl_err output_add_filter(struct output *o, const struct pattern *p, bool wanted);
struct sink output_sink(struct output *o);
/* The command has ended: what is left of its last line, and the count. */
void output_end(struct output *o);
/* Lines wait for a key. */
bool output_is_waiting(const struct output *o);
/* Show `rows` more. */
void output_go_on(struct output *o, unsigned rows);
/* Show none of what waits. */
void output_drop(struct output *o);

#endif
