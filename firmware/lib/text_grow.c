/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "text_grow.h"

#include <string.h>

static void grow_put(void *ctx, const char *text, size_t n)
{
	struct text_grow *g = ctx;

	if (n > g->cap - g->n) {
		size_t cap = 2 * (g->cap + n) + 4096;
		char *at = arena_octets(g->mem, NULL, cap);

		if (!at)
			return;
		if (g->n)
			memcpy(at, g->at, g->n);
		g->at = at;
		g->cap = cap;
	}
	memcpy(g->at + g->n, text, n);
	g->n += n;
}

struct sink text_grow_sink(struct text_grow *g)
{
	return (struct sink){grow_put, g};
}
