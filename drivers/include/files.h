/* SPDX-License-Identifier: GPL-2.0-or-later */
/* files.h - a file that a person names, read once. */
#ifndef FL_FILES_H
#define FL_FILES_H

#include "arena.h"
#include "bytes.h"
#include "err.h"
#include "text.h"

#define FILES_SIZE_MAX ((size_t)16 << 20)

struct files {
	void *ctx;
	/* Regular files only, of at most FILES_SIZE_MAX octets.  On failure `why` says what failed.
	 */
	enum fl_err (*read)(void *ctx, struct str path, struct arena *mem, struct bytes *out,
		struct textbuf *why);
};

#endif
