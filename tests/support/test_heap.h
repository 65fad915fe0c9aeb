/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_heap.h - memory for arenas from malloc, which the sanitizers watch: what is not given back
 * fails the test. */
#ifndef FL_TEST_HEAP_H
#define FL_TEST_HEAP_H

#include "arena.h"

#include <stdlib.h>

static void *heap_get(void *ctx, size_t n)
{
	(void)ctx;
	return malloc(n);
}

static void heap_put(void *ctx, void *p, size_t n)
{
	(void)ctx;
	(void)n;
	free(p);
}

static const struct arena_source heap = {.get = heap_get, .put = heap_put};

#endif
