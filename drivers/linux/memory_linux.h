/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memory_linux.h - arenas backed by malloc: the only place where the product has malloc. */
#ifndef FL_MEMORY_LINUX_H
#define FL_MEMORY_LINUX_H

#include "arena.h"

#define MEMORY_HUGE_PAGE ((size_t)2 << 20)

extern const struct arena_source memory_linux;

/* `n` octets, all zeros, in whole pages and from a multiple of MEMORY_HUGE_PAGE on, or NULL. */
void *memory_map(size_t n);
void memory_unmap(void *at, size_t n);

#endif
