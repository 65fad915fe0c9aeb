/* SPDX-License-Identifier: GPL-2.0-or-later */
/* storage.h - small named pieces of data that outlive a power cut.
 * A save is atomic: after a cut at any moment the old or the new content is there, never a mixture.
 */
#ifndef FL_STORAGE_H
#define FL_STORAGE_H

#include "arena.h"
#include "bytes.h"
#include "err.h"
#include "text.h"

struct storage {
	void *ctx;
	/* FL_ENOENT: never saved.  FL_EIO: `why` says what failed. */
	enum fl_err (*load)(void *ctx, const char *name, struct arena *mem, struct bytes *out,
		struct textbuf *why);
	enum fl_err (*save)(void *ctx, const char *name, struct bytes content, struct textbuf *why);
	enum fl_err (*remove)(void *ctx, const char *name);
};

#endif
