/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memory_linux.h - arenas backed by malloc: the only place where the product has malloc. */
#ifndef FL_MEMORY_LINUX_H
#define FL_MEMORY_LINUX_H

#include "arena.h"

extern const struct arena_source memory_linux;

#endif
