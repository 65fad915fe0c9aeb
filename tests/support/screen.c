/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "support/screen.h"

#include <stdlib.h>
#include <string.h>

enum { PLAIN, ESCAPE, CSI };

void screen_init(struct screen *s, unsigned columns, unsigned rows)
{
	memset(s, 0, sizeof(*s));
	s->columns = columns;
	s->rows = rows;
}

static void line_feed(struct screen *s)
{
	if (s->row + 1 < s->rows) {
		s->row++;
		return;
	}
	memmove(s->cell[0], s->cell[1], sizeof(s->cell[0]) * (s->rows - 1));
	memset(s->cell[s->rows - 1], 0, sizeof(s->cell[0]));
}

static void control(struct screen *s, char c)
{
	if (c == '\r')
		s->column = 0;
	else if (c == '\n')
		line_feed(s);
	else if (c == '\b' && s->column > 0)
		s->column--;
	else if (c == '\a')
		s->bells++;
	else if (c == '\033')
		s->state = ESCAPE;
	else
		s->strange++;
}

/* The few characters of the tests that are not one cell wide. */
static unsigned width_of(const char *octets, size_t n)
{
	if (n == 2 && ((unsigned char)octets[0] == 0xcc || (unsigned char)octets[0] == 0xcd))
		return 0; /* U+0300 and on: combining marks */
	return n == 3 && (unsigned char)octets[0] >= 0xe3 && (unsigned char)octets[0] <= 0xed ? 2
											      : 1;
}

static void show(struct screen *s, const char *octets, size_t n)
{
	unsigned width = width_of(octets, n);
	char *cell;

	if (width == 0) {
		cell = s->column ? s->cell[s->row][s->column - 1] : s->cell[s->row][0];
		strncat(cell, octets, 7 - strlen(cell) < n ? 0 : n);
		return;
	}
	if (s->column + width > s->columns) {
		s->column = 0;
		line_feed(s);
	}
	memset(s->cell[s->row][s->column], 0, 8);
	memcpy(s->cell[s->row][s->column], octets, n);
	if (width == 2)
		memcpy(s->cell[s->row][s->column + 1], "\001", 2); /* the right half */
	s->column += width;
}

static void erase(struct screen *s, unsigned row, unsigned from)
{
	for (unsigned c = from; c < SCREEN_COLUMNS_MAX; c++)
		memset(s->cell[row][c], 0, 8);
}

static void erase_below(struct screen *s, unsigned from)
{
	for (unsigned r = from; r < s->rows; r++)
		erase(s, r, 0);
}

static unsigned number(const struct screen *s)
{
	unsigned n = (unsigned)atoi(s->sequence);

	return n ? n : 1;
}

static void csi(struct screen *s, char final)
{
	s->sequence[s->nsequence] = '\0';
	if (final == 'C')
		s->column += number(s);
	else if (final == 'D')
		s->column -= number(s) > s->column ? s->column : number(s);
	else if (final == 'K')
		erase(s, s->row, s->column);
	else if (final == 'J' && strcmp(s->sequence, "2") == 0)
		erase_below(s, 0);
	else if (final == 'J')
		erase(s, s->row, s->column), erase_below(s, s->row + 1);
	else if (final == 'H' && s->nsequence == 0)
		s->row = s->column = 0;
	else if (final == 'H' && strcmp(s->sequence, "999;999") == 0)
		s->row = s->rows - 1, s->column = s->columns - 1;
	else if (final == 'n' && strcmp(s->sequence, "6") == 0)
		s->questions++;
	else if (strcmp(s->sequence, "?2004") == 0 && (final == 'h' || final == 'l'))
		s->paste_marks = final == 'h';
	else
		s->strange++;
	if (s->column >= s->columns)
		s->column = s->columns - 1;
}

static void escape(struct screen *s, char c)
{
	s->state = PLAIN;
	if (c == '[') {
		s->state = CSI;
		s->nsequence = 0;
	} else if (c == '7') {
		s->saved_row = s->row, s->saved_column = s->column;
	} else if (c == '8') {
		s->row = s->saved_row, s->column = s->saved_column;
	} else {
		s->strange++;
	}
}

static size_t length_of(char lead)
{
	unsigned char o = (unsigned char)lead;

	return o < 0x80 ? 1 : o < 0xe0 ? 2 : o < 0xf0 ? 3 : 4;
}

static void plain(struct screen *s, char c)
{
	if ((unsigned char)c < 0x20 || c == 0x7f) {
		control(s, c);
		return;
	}
	s->utf8[s->nutf8++] = c;
	if (s->nutf8 < length_of(s->utf8[0]))
		return;
	if ((unsigned char)s->utf8[0] == 0xc2 && (unsigned char)s->utf8[1] < 0xa0)
		s->strange++; /* C1 */
	show(s, s->utf8, s->nutf8);
	s->nutf8 = 0;
}

static void put(void *ctx, const char *text, size_t n)
{
	struct screen *s = ctx;

	s->octets += (unsigned)n;
	for (size_t i = 0; i < n; i++) {
		if (s->state == ESCAPE)
			escape(s, text[i]);
		else if (s->state == PLAIN)
			plain(s, text[i]);
		else if (text[i] >= 0x40 || s->nsequence + 1 >= sizeof(s->sequence))
			s->state = PLAIN, csi(s, text[i]);
		else
			s->sequence[s->nsequence++] = text[i];
	}
}

struct sink screen_sink(struct screen *s)
{
	return (struct sink){put, s};
}

const char *screen_row(const struct screen *s, unsigned row, char *out, size_t cap)
{
	struct textbuf t = textbuf_of(out, cap);
	unsigned end = s->columns;

	while (end > 0 && (!s->cell[row][end - 1][0] || strcmp(s->cell[row][end - 1], " ") == 0))
		end--;
	for (unsigned c = 0; c < end; c++)
		if (s->cell[row][c][0] != '\001')
			textbuf_printf(&t, "%s", s->cell[row][c][0] ? s->cell[row][c] : " ");
	return out;
}

const char *screen_text(const struct screen *s, char *out, size_t cap)
{
	struct textbuf t = textbuf_of(out, cap);
	size_t last = 0;
	char row[SCREEN_COLUMNS_MAX * 4 + 1];

	for (unsigned r = 0; r < s->rows; r++) {
		screen_row(s, r, row, sizeof(row));
		textbuf_printf(&t, "%s\n", row);
		if (row[0])
			last = t.n;
	}
	out[last] = '\0';
	return out;
}
