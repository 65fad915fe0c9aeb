/* SPDX-License-Identifier: GPL-2.0-or-later */
/* heap.h - a piece of memory that arenas take pieces of: first fit, neighbours that are free become
 * one. */
#ifndef FL_HEAP_H
#define FL_HEAP_H

#include "arena.h"

struct heap_piece;

struct heap {
	struct heap_piece *free; /* by address */
	size_t size, used, most; /* octets; `most` is the largest that `used` ever was */
};

/* `at` is aligned to 8 octets. */
void heap_open(struct heap *h, void *at, size_t n);
/* What arenas are given. */
struct arena_source heap_source(struct heap *h);
size_t heap_largest(const struct heap *h); /* octets in one piece that are free */

#endif
