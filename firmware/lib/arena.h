/* SPDX-License-Identifier: GPL-2.0-or-later */
/* arena.h - memory that dies whole.
 *
 * A settings tree, a compiled zone, the wanted kernel state: many small things with one end of
 * life. An arena hands out zeroed memory from chunks it asks of a source and gives all of it back
 * at once. The source is malloc on Linux (drivers/linux) and a static array where there is no OS.
 *
 * Running out is sticky: arena_alloc returns NULL, the arena is `full`, and whoever built something
 * in it asks once at the end. */
#ifndef FL_ARENA_H
#define FL_ARENA_H

#include "base.h"

struct arena_source {
	void *(*get)(void *ctx, size_t n); /* NULL when out of memory */
	void (*put)(void *ctx, void *p, size_t n);
	void *ctx;
	bool zeroed; /* what `get` returns is all zeros */
};

struct arena_chunk;

struct arena {
	const struct arena_source *source;
	struct arena_chunk *chunks; /* newest first */
	size_t used;                /* octets handed out */
	bool full;                  /* a request could not be met */
};

void arena_init(struct arena *a, const struct arena_source *source);
/* Everything allocated from `a` is gone; `a` can be used again. */
void arena_reset(struct arena *a);
/* The same, and its octets are overwritten first: it has held a secret. */
void arena_wipe(struct arena *a);
/* `n` zeroed octets aligned for any type (of up to 64 bits: nothing here has more), or NULL. */
void *arena_alloc(struct arena *a, size_t n);
void *arena_array(struct arena *a, size_t count, size_t size);
/* A copy of `n` octets with a zero octet behind them, aligned for any type, or NULL. */
char *arena_copy(struct arena *a, const void *from, size_t n);
/* A copy of `n` octets at any address, for short texts of which there are many, or NULL.  `from`
 * NULL: room for the caller to fill, which is not zeroed. */
void *arena_octets(struct arena *a, const void *from, size_t n);

/* The piece of memory that `p` lies in, with all else that is in it, lives as long as `to` from now
 * on: for one large result of work whose scratch memory goes.  Both have the same source. */
void arena_move(struct arena *from, const void *p, struct arena *to);

#define ARENA_NEW(a, type)      ((type *)arena_alloc((a), sizeof(type)))
#define ARENA_NEWS(a, type, nr) ((type *)arena_array((a), (nr), sizeof(type)))

#endif
