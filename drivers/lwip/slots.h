/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slots.h - named items in a memory that is written in pages and may lose its power at any moment.
 *
 * An item has two slots.  A save goes into the older one, its first page last: a checksum over all
 * of it tells a slot that is whole from one that was cut off.  What was there before stays until
 * then. */
#ifndef FL_SLOTS_H
#define FL_SLOTS_H

#include "storage.h"

#define SLOTS_PAGE   64
#define SLOTS_HEADER 16

/* The memory. */
struct paged {
	void *ctx;
	/* False: it did not answer. */
	bool (*read)(void *ctx, uint32_t at, void *to, size_t n);
	/* At most one page, and all in one. */
	bool (*write)(void *ctx, uint32_t at, const void *from, size_t n);
};

/* Where an item lies: two slots of `size` octets, a multiple of SLOTS_PAGE. */
struct slots_item {
	const char *name;
	uint32_t at, size;
};

struct slots {
	const struct paged *memory;
	const struct slots_item *items;
	size_t nitems;
};

void slots_fill(struct slots *s, struct storage *out);

#endif
