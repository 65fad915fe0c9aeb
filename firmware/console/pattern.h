/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pattern.h - what `| match` looks for: a small part of POSIX extended regular expressions.
 *
 * Characters, ".", "[a-z]", "[^a-z]", "*", "+", "?", "^" at the start, "$" at the end, "a|b",
 * and "\" before a character that is to stand for itself; no groups.  Capital and small letters of
 * ASCII are the same.  Matching takes time in proportion to pattern times text, whatever they are.
 */
#ifndef FL_PATTERN_H
#define FL_PATTERN_H

#include "err.h"
#include "text.h"

#define PATTERN_ITEMS_MAX 63

enum pattern_many { PATTERN_ONE = 1, PATTERN_MAYBE, PATTERN_ANY, PATTERN_SOME };

struct pattern_item {
	uint32_t octets[8]; /* bit set: these fit */
	enum pattern_many many;
};

struct pattern {
	struct pattern_item item[PATTERN_ITEMS_MAX];
	/* Alternatives: each is a run of items. */
	struct {
		uint8_t first, n;
		bool at_start, at_end;
	} branch[8];
	size_t nitems, nbranches;
};

/* FL_EFORMAT: "[" without "]", nothing before "*", "(".  FL_EFULL: too long. */
MUST_USE enum fl_err pattern_parse(struct str text, struct pattern *out);
/* Is there a match anywhere in `line`? */
bool pattern_fits(const struct pattern *p, struct str line);

#endif
