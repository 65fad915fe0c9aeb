/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The row of the terminal that shows the line.  What it should look like is composed anew each
 * time and compared with what stands there; only the part from the first difference on is written.
 * So a letter typed at the end costs one octet, and nothing has to be said about why it changed. */
#include "line_editor.h"

#include "utf8.h"

#include <string.h>

struct row {
	char at[LINE_ROW_OCTETS];
	size_t n;
	size_t cells;
	size_t cursor; /* its column */
};

void line_editor_new_row(struct line_editor *e)
{
	e->nrow = e->row_column = 0;
}

bool line_editor_fits(const struct line_editor *e, size_t prompt_cells, unsigned columns)
{
	return prompt_cells + utf8_cells(line_editor_text(e)) < columns;
}

/* Whole characters only, at most to column `limit`; returns how many octets went in. */
static size_t row_put(struct row *r, struct str text, size_t limit)
{
	size_t at = 0;

	while (at < text.n) {
		uint32_t code = '?';
		size_t n = utf8_take((struct str){text.at + at, text.n - at}, &code);
		unsigned width = n ? utf8_width(code) : 1;

		if (n == 0)
			n = 1;
		if (r->cells + width > limit || n > sizeof(r->at) - r->n)
			break;
		memcpy(r->at + r->n, text.at + at, n);
		r->n += n;
		r->cells += width;
		at += n;
	}
	return at;
}

static struct str part(const struct line_editor *e, size_t from, size_t to)
{
	return (struct str){e->text + from, to - from};
}

/* Choose the first octet shown so that the cursor is visible and some text around it. */
static void scroll(struct line_editor *e, size_t room)
{
	struct str text = line_editor_text(e);
	size_t want = room / 2;

	if (utf8_cells(text) <= room) {
		e->left = 0;
		return;
	}
	if (e->left > e->n)
		e->left = 0;
	/* The line may be another one by now: not into the middle of a character. */
	while (e->left > 0 && e->left < e->n && ((uint8_t)e->text[e->left] & 0xc0) == 0x80)
		e->left--;
	/* A marker takes one cell at either end; the cursor stands on neither. */
	if (e->at > e->left && utf8_cells(part(e, e->left, e->at)) + 2 <= room &&
		utf8_cells(part(e, e->left, e->at)) > 1)
		return;
	if (e->left == 0 && utf8_cells(part(e, 0, e->at)) + 2 <= room)
		return;
	e->left = e->at;
	while (e->left > 0 && utf8_cells(part(e, e->left, e->at)) < want)
		e->left = utf8_before(text, e->left);
}

static void compose_text(struct line_editor *e, struct row *r, size_t limit)
{
	size_t room = limit - r->cells, from, put;

	if (e->hidden) {
		r->cursor = r->cells;
		return;
	}
	scroll(e, room);
	from = e->left;
	if (from > 0) {
		row_put(r, STR("<"), limit);
		from = utf8_after(line_editor_text(e), from);
	}
	if (e->at < from)
		from = e->at;
	r->cursor = r->cells + utf8_cells(part(e, from, e->at));
	put = row_put(r, part(e, from, e->n), limit);
	if (from + put == e->n)
		return;
	/* It goes on to the right: take back what stands where the mark belongs. */
	while (r->n > 0 && r->cells + 1 > limit) {
		size_t start = utf8_before((struct str){r->at, r->n}, r->n);

		r->cells -= utf8_cells((struct str){r->at + start, r->n - start});
		r->n = start;
	}
	row_put(r, STR(">"), limit);
}

static void compose_prompt(
	const struct line_editor *e, struct str prompt, struct row *r, size_t limit)
{
	if (e->searching) {
		row_put(r, STR("(search)'"), limit);
		row_put(r, (struct str){e->query, e->nquery}, limit);
		row_put(r, STR("': "), limit);
	} else {
		row_put(r, prompt, limit);
	}
}

static size_t common_part(const struct line_editor *e, const struct row *r)
{
	struct str row = {r->at, r->n};
	size_t n = 0, max = e->nrow < r->n ? e->nrow : r->n;

	while (n < max && e->row[n] == r->at[n])
		n++;
	if (n == r->n && n == e->nrow)
		return n;
	/* Back to the start of a character, with all that combines with it. */
	if (n < r->n || n < e->nrow) {
		size_t start = 0;

		while (start < n) {
			size_t next = utf8_after(row, start);

			if (next > n)
				break;
			start = next;
		}
		n = start;
	}
	/* A combining mark may follow in the other row: then its base is written again. */
	if (n > 0 && n < e->nrow && ((uint8_t)e->row[n] & 0x80))
		n = utf8_before(row, n);
	return n;
}

static void move_cursor(struct line_editor *e, size_t column, const struct sink *out)
{
	if (column == e->row_column)
		return;
	if (column == 0)
		sink_puts(out, "\r");
	else if (column + 1 == e->row_column)
		sink_puts(out, "\b");
	else if (column < e->row_column)
		sink_printf(out, "\033[%uD", (unsigned)(e->row_column - column));
	else
		sink_printf(out, "\033[%uC", (unsigned)(column - e->row_column));
	e->row_column = column;
}

void line_editor_draw(
	struct line_editor *e, struct str prompt, unsigned columns, const struct sink *out)
{
	size_t limit = (columns > LINE_COLUMNS_MAX ? LINE_COLUMNS_MAX : columns) - 1, same;
	size_t old_cells = utf8_cells((struct str){e->row, e->nrow});
	struct row r = {.n = 0};

	/* At least half of the row is for the text. */
	compose_prompt(e, prompt, &r, e->asks && limit > 40 ? limit - 20 : limit / 2);
	compose_text(e, &r, limit);
	same = common_part(e, &r);
	if (same < r.n || same < e->nrow) {
		move_cursor(e, utf8_cells((struct str){r.at, same}), out);
		sink_put(out, (struct str){r.at + same, r.n - same});
		e->row_column = r.cells;
		if (r.cells < old_cells)
			sink_puts(out, "\033[K");
	}
	memcpy(e->row, r.at, r.n);
	e->nrow = r.n;
	move_cursor(e, r.cursor, out);
}
