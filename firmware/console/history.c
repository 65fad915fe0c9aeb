/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "history.h"

#include <string.h>

static void drop_oldest(struct history *h)
{
	char *end = memchr(h->text, '\n', h->n);
	size_t n = end ? (size_t)(end - h->text) + 1 : h->n;

	memmove(h->text, h->text + n, h->n - n);
	h->n -= n;
	h->lines--;
}

void history_add(struct history *h, struct str line)
{
	struct str newest;

	if (line.n == 0 || line.n + 1 > sizeof(h->text) || memchr(line.at, '\n', line.n))
		return;
	if (history_get(h, 1, &newest) && str_eq(newest, line))
		return;
	while (h->lines &&
		(h->lines >= CONFIG_CONSOLE_HISTORY || h->n + line.n + 1 > sizeof(h->text)))
		drop_oldest(h);
	memcpy(h->text + h->n, line.at, line.n);
	h->n += line.n;
	h->text[h->n++] = '\n';
	h->lines++;
}

bool history_get(const struct history *h, size_t back, struct str *out)
{
	size_t end = h->n;

	if (back == 0 || back > h->lines)
		return false;
	while (end > 0) {
		size_t start = --end; /* the newline behind the line */

		while (start > 0 && h->text[start - 1] != '\n')
			start--;
		if (--back == 0) {
			*out = (struct str){h->text + start, end - start};
			return true;
		}
		end = start;
	}
	return false;
}

static bool has_part(struct str line, struct str part)
{
	for (size_t at = 0; at + part.n <= line.n; at++)
		if (str_starts((struct str){line.at + at, line.n - at}, part))
			return true;
	return false;
}

size_t history_search(const struct history *h, size_t from, struct str part)
{
	struct str line;

	for (size_t back = from; history_get(h, back, &line); back++)
		if (has_part(line, part))
			return back;
	return 0;
}
