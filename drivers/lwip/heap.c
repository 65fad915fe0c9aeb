/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nothing is kept in a piece that is out: who gives it back says how long it was. */
#include "heap.h"

struct heap_piece {
	struct heap_piece *next;
	size_t n;
};

#define GRAIN sizeof(struct heap_piece)

static size_t grains(size_t n)
{
	return (n + GRAIN - 1) / GRAIN * GRAIN;
}

static void *get(void *ctx, size_t n)
{
	struct heap *h = ctx;

	n = grains(n);
	for (struct heap_piece **at = &h->free; *at; at = &(*at)->next) {
		struct heap_piece *p = *at, *rest;

		if (p->n < n)
			continue;
		if (p->n == n) {
			*at = p->next;
		} else {
			rest = (struct heap_piece *)(void *)((uint8_t *)p + n);
			*rest = (struct heap_piece){p->next, p->n - n};
			*at = rest;
		}
		h->used += n;
		if (h->used > h->most)
			h->most = h->used;
		return p;
	}
	return NULL;
}

static bool touch(const struct heap_piece *a, const struct heap_piece *b)
{
	return (const uint8_t *)a + a->n == (const uint8_t *)b;
}

static void put(void *ctx, void *p, size_t n)
{
	struct heap *h = ctx;
	struct heap_piece *before = NULL, *piece = p, *after = h->free;

	n = grains(n);
	h->used -= n;
	while (after && after < piece) {
		before = after;
		after = after->next;
	}
	*piece = (struct heap_piece){after, n};
	if (before)
		before->next = piece;
	else
		h->free = piece;
	if (after && touch(piece, after))
		*piece = (struct heap_piece){after->next, piece->n + after->n};
	if (before && touch(before, piece))
		*before = (struct heap_piece){piece->next, before->n + piece->n};
}

void heap_open(struct heap *h, void *at, size_t n)
{
	n = n / GRAIN * GRAIN;
	*h = (struct heap){.free = at, .size = n};
	*h->free = (struct heap_piece){NULL, n};
}

struct arena_source heap_source(struct heap *h)
{
	return (struct arena_source){.get = get, .put = put, .ctx = h};
}

size_t heap_largest(const struct heap *h)
{
	size_t most = 0;

	for (const struct heap_piece *p = h->free; p; p = p->next)
		if (p->n > most)
			most = p->n;
	return most;
}
