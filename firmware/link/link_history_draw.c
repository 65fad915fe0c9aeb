/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The history as a chart:
 *
 *    60 ms |                           #
 *    40 ms |                           ##
 *    20 ms |############################### ############################
 *          +------------------------------------------------------------
 *     loss |                               X1       .
 *    state |===============================DR===========================
 *          -60 min                    -30 min                       now
 */
#include "link_history.h"

#include <string.h>

#define ROWS        6
#define COLUMNS_MAX 64

struct chart {
	struct link_sample at[COLUMNS_MAX]; /* oldest first */
	unsigned columns;
	unsigned step; /* of a row, in tenths of a millisecond */
};

/* 1, 2 or 5 times a power of ten, in whole milliseconds, so that the tallest column fits. */
static unsigned step_for(unsigned tallest)
{
	unsigned step = 10;

	for (unsigned i = 0; step * ROWS < tallest; i++)
		step = i % 3 == 1 ? step / 2 * 5 : step * 2;
	return step;
}

static void chart_fill(
	struct chart *c, const struct link_history *h, const struct link_history_view *v)
{
	unsigned tallest = 0;

	c->columns = v->columns < COLUMNS_MAX ? v->columns : COLUMNS_MAX;
	for (unsigned i = 0; i < c->columns; i++) {
		struct link_sample *s = &c->at[i];

		link_history_mean(h, v->tier, (c->columns - 1 - i) * v->each, v->each, s);
		if (s->rtt != LINK_SAMPLE_NO_RTT && s->rtt > tallest)
			tallest = s->rtt;
	}
	c->step = step_for(tallest);
}

/* A column reaches a row when it is nearer to it than to the one below. */
static char rtt_mark(const struct chart *c, unsigned column, unsigned row)
{
	unsigned rtt = c->at[column].rtt;

	if (rtt == LINK_SAMPLE_NO_RTT)
		return ' ';
	return row == 1 || 2 * rtt >= (2 * row - 1) * c->step ? '#' : ' ';
}

/* "." something, "1" a tenth, "X" all. */
static char loss_mark(const struct link_sample *s)
{
	unsigned tenths = (s->loss + 10u) / 20;

	if (s->loss == LINK_SAMPLE_NO_LOSS || s->loss == 0)
		return ' ';
	if (tenths >= 10)
		return 'X';
	return tenths ? (char)('0' + tenths) : '.';
}

static char state_mark(const struct link_sample *s)
{
	static const char of[LINK_STATES] = {
		[LINK_NONE] = ' ',
		[LINK_DISABLED] = 'o',
		[LINK_NO_CARRIER] = 'C',
		[LINK_DOWN] = 'D',
		[LINK_RECOVERING] = 'r',
		[LINK_UP] = '=',
		[LINK_SUSPECT] = '=',
		[LINK_DEGRADED] = 'd',
		[LINK_STANDBY] = 's',
	};

	return of[s->state];
}

/* A row without the blanks at its end. */
static void put_row(const struct sink *out, const char *label, char *marks, unsigned n)
{
	while (n > 0 && marks[n - 1] == ' ')
		n--;
	sink_printf(out, "%9s |%.*s\n", label, (int)n, marks);
}

static void draw_rtt(const struct chart *c, const struct sink *out)
{
	char marks[COLUMNS_MAX], label[16];

	for (unsigned row = ROWS; row > 0; row--) {
		struct textbuf t = textbuf_of(label, sizeof(label));

		textbuf_printf(&t, "%u ms", row * c->step / 10);
		for (unsigned i = 0; i < c->columns; i++)
			marks[i] = rtt_mark(c, i, row);
		put_row(out, label, marks, c->columns);
	}
}

static void draw_foot(
	const struct chart *c, const struct link_history_view *v, const struct sink *out)
{
	char marks[COLUMNS_MAX];
	unsigned half = c->columns / 2 + 1;

	memset(marks, '-', c->columns);
	sink_printf(out, "          +%.*s\n", (int)c->columns, marks);
	for (unsigned i = 0; i < c->columns; i++)
		marks[i] = loss_mark(&c->at[i]);
	put_row(out, "loss", marks, c->columns);
	for (unsigned i = 0; i < c->columns; i++)
		marks[i] = state_mark(&c->at[i]);
	put_row(out, "state", marks, c->columns);
	sink_printf(out, "          %-*s%-*snow\n", (int)half, v->from,
		(int)(c->columns - half) - 2, v->half);
}

void link_history_draw(
	const struct link_history *h, const struct link_history_view *view, const struct sink *out)
{
	struct chart c;

	chart_fill(&c, h, view);
	sink_printf(out, "%s\n", view->title);
	draw_rtt(&c, out);
	draw_foot(&c, view, out);
	sink_puts(out, "loss: . some, 1 a tenth ... X all\n"
		       "state: = up, s standby, d degraded, r recovering, D down, C no carrier,\n"
		       "       o disabled\n");
}
