/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rebase.h - two people changed the same configuration: bring one's changes on top of the other's.
 *
 * A three-way merge by canonical lines.  What `mine` changed against `base` is done again to a copy
 * of `theirs`.  A conflict is a line of theirs that this would take away though mine never saw it,
 * or a line that mine takes away and that they have replaced. */
#ifndef FL_REBASE_H
#define FL_REBASE_H

#include "settings.h"

struct rebase {
	struct settings result; /* in the arena given */
	size_t changes;         /* lines of mine that were applied */
	size_t conflicts;
};

/* Conflicts are printed to `out` as the lines of theirs that lose.  `scratch` is left dirty.
 * FL_EFULL: out of memory.  FL_EFORMAT: a line of mine no longer fits; `out` was told. */
MUST_USE enum fl_err rebase(const struct settings *base, const struct settings *mine,
	const struct settings *theirs, struct arena *mem, struct arena *scratch,
	const struct sink *out, struct rebase *r);

#endif
