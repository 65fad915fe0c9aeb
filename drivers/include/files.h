/* SPDX-License-Identifier: GPL-2.0-or-later */
/* files.h - files that a person names.  A name without "/" is in the router's own folder, anything
 * else is a path.  On failure `why` says what failed. */
#ifndef FL_FILES_H
#define FL_FILES_H

#include "arena.h"
#include "bytes.h"
#include "err.h"
#include "text.h"

#define FILES_SIZE_MAX  ((size_t)16 << 20)
#define FILES_COUNT_MAX 100 /* in the folder */

struct files {
	void *ctx;
	/* Regular files only, of at most FILES_SIZE_MAX octets. */
	enum fl_err (*read)(void *ctx, struct str path, struct arena *mem, struct bytes *out,
		struct textbuf *why);
	/* Atomic: the old content or the new.  Nothing but a regular file in the
	 * router's own folder is replaced. */
	enum fl_err (*write)(void *ctx, struct str path, struct bytes content, struct textbuf *why);
	enum fl_err (*remove)(void *ctx, struct str path, struct textbuf *why);
	/* Name number `index` of the folder, in the order of the alphabet, and its size; false:
	 * there are not so many. */
	bool (*name)(void *ctx, size_t index, char *out, size_t cap, uint64_t *size);
};

#endif
