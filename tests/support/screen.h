/* SPDX-License-Identifier: GPL-2.0-or-later */
/* screen.h - a small terminal for tests: what a person would see.
 *
 * It knows the sequences that the console may send and counts all others as `strange`. */
#ifndef FL_TEST_SCREEN_H
#define FL_TEST_SCREEN_H

#include "text.h"

#define SCREEN_COLUMNS_MAX 200
#define SCREEN_ROWS_MAX    60

struct screen {
	unsigned columns, rows;
	unsigned row, column;
	unsigned saved_row, saved_column;
	char cell[SCREEN_ROWS_MAX][SCREEN_COLUMNS_MAX][8]; /* UTF-8; empty: blank */
	unsigned bells, questions;                         /* CSI 6n */
	unsigned strange; /* sequences or controls that the console must not send */
	bool paste_marks;
	unsigned octets;
	int state;
	char sequence[32];
	size_t nsequence;
	char utf8[4];
	size_t nutf8;
};

void screen_init(struct screen *s, unsigned columns, unsigned rows);
struct sink screen_sink(struct screen *s);
/* All rows without trailing blanks, a newline behind each, without empty rows at the end. */
const char *screen_text(const struct screen *s, char *out, size_t cap);
/* One row without trailing blanks. */
const char *screen_row(const struct screen *s, unsigned row, char *out, size_t cap);

#endif
