/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memory_ahead.h - arenas whose memory another core makes ready.
 *
 * The kernel clears a page when it is touched for the first time.  Where a million names are loaded
 * that is two fifths of the work, and nobody need wait for it: a thread does it ahead.  It starts
 * with the first large piece of memory that is asked for; what it has made ready and nobody takes
 * goes back to the kernel after a second. */
#ifndef FL_MEMORY_AHEAD_H
#define FL_MEMORY_AHEAD_H

#include "arena.h"

struct memory_ahead;

/* NULL: with one core, or without memory; then `out` is memory_linux.  For one thread. */
struct memory_ahead *memory_ahead_open(struct arena_source *out);
/* What was got from it and not put back stays good, but cannot be put back any more. */
void memory_ahead_close(struct memory_ahead *m);

#endif
