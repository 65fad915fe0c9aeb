/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct str str_of(const char *zero_ended)
{
	return (struct str){zero_ended, strlen(zero_ended)};
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.at, b.at, a.n) == 0);
}

bool str_eq_nocase(struct str a, struct str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.at[i]) != lower(b.at[i]))
			return false;
	return true;
}

bool str_is(struct str a, const char *zero_ended)
{
	for (size_t i = 0; i < a.n; i++)
		if (zero_ended[i] == '\0' || zero_ended[i] != a.at[i])
			return false;
	return zero_ended[a.n] == '\0';
}

bool str_starts(struct str a, struct str prefix)
{
	return a.n >= prefix.n && str_eq((struct str){a.at, prefix.n}, prefix);
}

/* The run of digits at the start of `s` without leading zeros; `s` moves behind it. */
static struct str take_digits(struct str *s)
{
	struct str d;

	while (s->n > 1 && s->at[0] == '0' && is_digit(s->at[1])) {
		s->at++;
		s->n--;
	}
	d = (struct str){s->at, 0};
	while (s->n && is_digit(*s->at)) {
		d.n++;
		s->at++;
		s->n--;
	}
	return d;
}

int str_natural_cmp(struct str a, struct str b)
{
	struct str whole_a = a, whole_b = b;
	size_t common;
	int order;

	while (a.n && b.n) {
		if (is_digit(*a.at) && is_digit(*b.at)) {
			struct str x = take_digits(&a), y = take_digits(&b);

			if (x.n != y.n)
				return x.n < y.n ? -1 : 1;
			order = memcmp(x.at, y.at, x.n);
			if (order)
				return order;
			continue;
		}
		if (*a.at != *b.at)
			return (unsigned char)*a.at < (unsigned char)*b.at ? -1 : 1;
		a.at++, a.n--;
		b.at++, b.n--;
	}
	if (a.n || b.n)
		return a.n ? 1 : -1;
	/* Equal as numbers: "01" and "1" still need a fixed order. */
	common = whole_a.n < whole_b.n ? whole_a.n : whole_b.n;
	order = common ? memcmp(whole_a.at, whole_b.at, common) : 0;
	if (order)
		return order;
	return (whole_a.n > whole_b.n) - (whole_a.n < whole_b.n);
}

struct str str_trim(struct str s)
{
	while (s.n && (s.at[0] == ' ' || s.at[0] == '\t' || s.at[0] == '\r' || s.at[0] == '\n')) {
		s.at++;
		s.n--;
	}
	while (s.n && (s.at[s.n - 1] == ' ' || s.at[s.n - 1] == '\t' || s.at[s.n - 1] == '\r' ||
			      s.at[s.n - 1] == '\n'))
		s.n--;
	return s;
}

struct str str_cut(struct str *s, char sep)
{
	struct str head = *s;
	const char *p = s->n ? memchr(s->at, sep, s->n) : NULL;

	if (!p) {
		s->at = s->n ? s->at + s->n : s->at; /* NULL + 0 is undefined */
		s->n = 0;
		return head;
	}
	head.n = (size_t)(p - s->at);
	*s = (struct str){p + 1, s->n - head.n - 1};
	return head;
}

bool str_to_u64(struct str s, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		uint64_t digit = (uint64_t)(s.at[i] - '0');

		if (!is_digit(s.at[i]) || digit > max || v > (max - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	*out = v;
	return true;
}

unsigned str_distance(struct str a, struct str b)
{
	unsigned row[65];

	if (a.n > 63 || b.n > 63)
		return UINT16_MAX;
	for (unsigned j = 0; j <= b.n; j++)
		row[j] = j;
	for (unsigned i = 1; i <= a.n; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (unsigned j = 1; j <= b.n; j++) {
			unsigned above = row[j];
			unsigned best = diagonal + (a.at[i - 1] != b.at[j - 1]);

			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (above + 1 < best)
				best = above + 1;
			row[j] = best;
			diagonal = above;
		}
	}
	return row[b.n];
}

void sink_put(const struct sink *s, struct str text)
{
	if (text.n)
		s->put(s->ctx, text.at, text.n);
}

void sink_puts(const struct sink *s, const char *zero_ended)
{
	sink_put(s, str_of(zero_ended));
}

void sink_printf(const struct sink *s, const char *format, ...)
{
	char line[1024];
	struct textbuf t = textbuf_of(line, sizeof(line));
	va_list ap;

	va_start(ap, format);
	textbuf_vprintf(&t, format, ap);
	va_end(ap);
	sink_put(s, textbuf_str(&t));
}

void textbuf_put(struct textbuf *t, const char *text, size_t n)
{
	size_t room = t->cap - t->n - 1;

	if (n > room) {
		n = room;
		t->cut = true;
	}
	if (n)
		memcpy(t->at + t->n, text, n);
	t->n += n;
	t->at[t->n] = '\0';
}

void textbuf_vprintf(struct textbuf *t, const char *format, va_list ap)
{
	size_t room = t->cap - t->n;
	int n = vsnprintf(t->at + t->n, room, format, ap);

	if (n < 0) {
		t->at[t->n] = '\0';
		return;
	}
	if ((size_t)n >= room) {
		n = (int)room - 1;
		t->cut = true;
	}
	t->n += (size_t)n;
}

void textbuf_printf(struct textbuf *t, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	textbuf_vprintf(t, format, ap);
	va_end(ap);
}

static void textbuf_sink_put(void *ctx, const char *text, size_t n)
{
	textbuf_put(ctx, text, n);
}

struct sink textbuf_sink(struct textbuf *t)
{
	return (struct sink){textbuf_sink_put, t};
}

void text_drop(void *ctx, const char *text, size_t n)
{
	(void)ctx, (void)text, (void)n;
}
