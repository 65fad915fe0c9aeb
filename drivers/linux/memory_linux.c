/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "memory_linux.h"

#include <stdlib.h>

static void *get(void *ctx, size_t n)
{
	(void)ctx;
	return malloc(n);
}

static void put(void *ctx, void *p, size_t n)
{
	(void)ctx;
	(void)n;
	free(p);
}

const struct arena_source memory_linux = {get, put, NULL};
