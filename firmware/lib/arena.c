/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "arena.h"

#include <stdalign.h>
#include <string.h>

/* The first chunk, in octets; each further one is as large as all before, up to the largest. */
#define CHUNK_MIN ((size_t)CONFIG_ARENA_CHUNK)
#define CHUNK_MAX ((size_t)CONFIG_ARENA_CHUNK_MAX)

/* What a type of ours needs at most: half of max_align_t, which is for numbers nobody here has. */
#define ALIGN alignof(uint64_t)

_Static_assert(ALIGN >= alignof(void *), "any type of ours can lie in an arena");

struct arena_chunk {
	struct arena_chunk *older;
	size_t size; /* octets in data */
	size_t used;
	alignas(ALIGN) uint8_t data[];
};

void arena_init(struct arena *a, const struct arena_source *source)
{
	*a = (struct arena){.source = source};
}

void arena_reset(struct arena *a)
{
	while (a->chunks) {
		struct arena_chunk *c = a->chunks;

		a->chunks = c->older;
		a->source->put(a->source->ctx, c, sizeof(*c) + c->size);
	}
	a->used = 0;
	a->full = false;
}

void arena_wipe(struct arena *a)
{
	for (struct arena_chunk *c = a->chunks; c; c = c->older)
		for (volatile uint8_t *at = c->data; at < c->data + c->size; at++)
			*at = 0;
	arena_reset(a);
}

static struct arena_chunk *chunk_add(struct arena *a, size_t need)
{
	size_t size = a->used < CHUNK_MIN ? CHUNK_MIN : a->used;
	struct arena_chunk *c;

	if (size > CHUNK_MAX - sizeof(*c))
		size = CHUNK_MAX - sizeof(*c);
	if (size < need)
		size = need;
	c = a->source->get(a->source->ctx, sizeof(*c) + size);
	if (!c)
		return NULL;
	*c = (struct arena_chunk){.older = a->chunks, .size = size};
	a->chunks = c;
	return c;
}

/* `n` octets at a multiple of `align`, or NULL. */
static uint8_t *take(struct arena *a, size_t n, size_t align)
{
	struct arena_chunk *c = a->chunks;
	size_t from;

	if (a->full || n > SIZE_MAX / 2) {
		a->full = true;
		return NULL;
	}
	from = c ? (c->used + align - 1) & ~(align - 1) : 0;
	if (!c || from > c->size || n > c->size - from) {
		c = chunk_add(a, n);
		from = 0;
	}
	if (!c) {
		a->full = true;
		return NULL;
	}
	a->used += from + n - c->used;
	c->used = from + n;
	return c->data + from;
}

void *arena_alloc(struct arena *a, size_t n)
{
	void *p = take(a, n, ALIGN);

	return p && !a->source->zeroed ? memset(p, 0, n) : p;
}

void arena_move(struct arena *from, const void *p, struct arena *to)
{
	struct arena_chunk **at = &from->chunks, *c;

	while ((c = *at) &&
		!((const uint8_t *)p >= c->data && (const uint8_t *)p < c->data + c->size))
		at = &c->older;
	if (!c)
		return;
	*at = c->older;
	from->used -= c->used;
	to->used += c->used;
	/* Behind the newest, which is the one that is filled next. */
	at = to->chunks ? &to->chunks->older : &to->chunks;
	c->older = *at;
	*at = c;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
	if (size && count > SIZE_MAX / 2 / size) {
		a->full = true;
		return NULL;
	}
	return arena_alloc(a, count * size);
}

char *arena_copy(struct arena *a, const void *from, size_t n)
{
	char *p = arena_alloc(a, n + 1);

	if (p && n)
		memcpy(p, from, n);
	return p;
}

void *arena_octets(struct arena *a, const void *from, size_t n)
{
	void *p = take(a, n, 1);

	if (p && from && n)
		memcpy(p, from, n);
	return p;
}
