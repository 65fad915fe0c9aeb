/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text_grow.h - a text of any length being built, in an arena.  When that is full the text is cut
 * and the arena says so. */
#ifndef FL_TEXT_GROW_H
#define FL_TEXT_GROW_H

#include "arena.h"
#include "text.h"

struct text_grow {
	struct arena *mem;
	char *at;
	size_t n, cap;
};

static inline struct text_grow text_grow_in(struct arena *mem)
{
	return (struct text_grow){.mem = mem};
}

struct sink text_grow_sink(struct text_grow *g); /* `g` must outlive the sink */
static inline struct str text_grow_str(const struct text_grow *g)
{
	return (struct str){g->at, g->n};
}

#endif
