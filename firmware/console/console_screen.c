/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the person sees besides what commands print: the row that is typed, with its prompt; the
 * word of the pager; notices, which wait until they disturb nobody; and how large all of it may be.
 */
#include "console_internal.h"

#include "utf8.h"

#include <string.h>

#define MORE_PROMPT "-- more (Space: page, Enter: line, q: quit) --"
#define COLUMNS_MIN 20
#define ROWS_MIN    3
#define ROWS_MAX    1000
/* Where is the cursor, once it was sent as far down and right as the terminal goes? */
#define SIZE_QUESTION "\0337\033[999;999H\033[6n\0338"

/* ---- octets out ---- */

void console_flush(struct console *c)
{
	size_t n = c->npending;

	c->npending = 0;
	if (n)
		c->setup.out.put(c->setup.out.ctx, c->pending, n);
}

static void put_octet(struct console *c, char octet)
{
	if (c->npending == sizeof(c->pending))
		console_flush(c);
	c->pending[c->npending++] = octet;
}

void console_terminal_put(void *ctx, const char *text, size_t n)
{
	struct console *c = ctx;

	for (size_t i = 0; i < n; i++) {
		if (text[i] == '\n' && c->setup.interactive)
			put_octet(c, '\r');
		put_octet(c, text[i]);
	}
}

void console_say_error(struct console *c, const char *format, ...)
{
	char text[512];
	struct textbuf t = textbuf_of(text, sizeof(text));
	va_list ap;

	va_start(ap, format);
	textbuf_vprintf(&t, format, ap);
	va_end(ap);
	sink_puts(&c->terminal, "error: ");
	utf8_clean(textbuf_str(&t), &c->terminal);
	sink_puts(&c->terminal, "\n");
}

void console_ring(struct console *c)
{
	if (!c->rung)
		sink_puts(&c->terminal, "\a");
	c->rung = true;
}

/* ---- the row being typed ---- */

/* "(confirm in 5m)": whole minutes, and tens of seconds in the last one.  So the row changes
 * seldom, which whoever reads it with his ears or copies from it is glad of. */
static void put_countdown(struct console *c, struct textbuf *t)
{
	const struct console_config *config = c->setup.config;
	int64_t left = config && config->confirm_left ? config->confirm_left(config->ctx).us : 0;
	int64_t step = left > 60000000 ? 60000000 : 10000000, steps = (left + step - 1) / step;

	c->prompt_due = MTIME_NEVER;
	if (left <= 0)
		return;
	if (step == 60000000)
		textbuf_printf(t, "(confirm in %lldm)", (long long)steps);
	else
		textbuf_printf(t, "(confirm in %llds)", (long long)steps * 10);
	c->prompt_due = mtime_after(c->now, us(left - (steps - 1) * step));
}

/* "[link wan1]"; the end of a long one. */
static void put_place(const struct console *c, struct textbuf *t)
{
	struct str place = str_of(c->draft.place);
	size_t from = place.n > CONSOLE_PLACE_SHOWN ? place.n - CONSOLE_PLACE_SHOWN : 0;

	if (from)
		from = utf8_after(place, utf8_before(place, from));
	if (place.n)
		textbuf_printf(
			t, "[%s%.*s]", from ? "..." : "", (int)(place.n - from), place.at + from);
}

/* Is there a row in which somebody types? */
static bool has_row(const struct console *c)
{
	return c->activity == ACTIVITY_EDITING || c->activity == ACTIVITY_ASKING;
}

static struct str prompt_of(struct console *c)
{
	if (c->activity == ACTIVITY_ASKING)
		return str_of(c->dialogue.question);
	if (c->loading.on)
		return (struct str){"", 0};
	struct textbuf t = textbuf_of(c->prompt, sizeof(c->prompt));

	textbuf_printf(&t, "%s", c->host);
	put_countdown(c, &t);
	put_place(c, &t);
	textbuf_printf(&t, "%s ", c->draft.open ? "#" : ">");
	return textbuf_str(&t);
}

void console_draw(struct console *c)
{
	if (!c->setup.interactive || c->done)
		return;
	if (has_row(c))
		line_editor_draw(&c->editor, prompt_of(c), c->columns, &c->terminal);
}

void console_next_row(struct console *c)
{
	sink_puts(&c->terminal, "\n");
	line_editor_new_row(&c->editor);
}

void console_show_more(struct console *c, bool shown)
{
	char text[] = MORE_PROMPT;

	if (shown)
		sink_put(&c->terminal,
			(struct str){text,
				sizeof(text) > c->columns ? c->columns - 1u : sizeof(text) - 1});
	else
		sink_puts(&c->terminal, "\r\033[K");
}

/* ---- notices ---- */

static void show_notice(struct console *c, struct str text)
{
	utf8_clean(text, &c->terminal);
	sink_puts(&c->terminal, "\n");
}

void console_show_held(struct console *c)
{
	struct str rest = {c->held, c->nheld};

	while (rest.n)
		show_notice(c, str_cut(&rest, '\n'));
	if (c->lost)
		sink_printf(&c->terminal, "%zu more messages were not shown; see `show log`\n",
			c->lost);
	c->nheld = c->lost = 0;
}

static void hold_notice(struct console *c, struct str text)
{
	if (text.n + 1 > sizeof(c->held) - c->nheld) {
		c->lost++;
		return;
	}
	memcpy(c->held + c->nheld, text.at, text.n);
	c->nheld += text.n;
	c->held[c->nheld++] = '\n';
}

void console_notice(struct console *c, struct str text)
{
	if (!c->setup.interactive || c->done)
		return;
	if (c->running || !has_row(c)) {
		hold_notice(c, text);
		return;
	}
	sink_puts(&c->terminal, "\r\033[K");
	line_editor_new_row(&c->editor);
	while (text.n)
		show_notice(c, str_cut(&text, '\n'));
	console_draw(c);
	console_flush(c);
}

/* ---- the size of the terminal ---- */

static uint16_t within(uint16_t n, uint16_t low, uint16_t high)
{
	return n < low ? low : n > high ? high : n;
}

void console_set_size(struct console *c, uint16_t columns, uint16_t rows)
{
	if (columns == 0 || rows == 0)
		return;
	c->columns = within(columns, COLUMNS_MIN, LINE_COLUMNS_MAX);
	c->rows = within(rows, ROWS_MIN, ROWS_MAX);
	if (!c->well_known) /* it can do more than print: have pastes marked */
		sink_puts(&c->terminal, "\033[?2004h");
	c->well_known = true;
	/* The row may have been wrapped: draw all of it anew. */
	if (has_row(c) && c->editor.nrow) {
		sink_puts(&c->terminal, "\r\033[K");
		line_editor_new_row(&c->editor);
	}
}

void console_ask_size(struct console *c)
{
	if (c->setup.columns)
		return;
	c->probing = true;
	sink_puts(&c->terminal, SIZE_QUESTION);
}
