/* SPDX-License-Identifier: GPL-2.0-or-later */
/* revisions.h - the configurations that were in force, the last REVISIONS_MAX + 1 of them.
 *
 * A revision is one item of the storage, so that writing it is one atomic step and a damaged one
 * takes no other with it.  It lies in one of a ring of slots, by its number, and begins with a
 * line that says what it is; to the settings' parser that is a comment:
 *
 *   "#revision 17 1795420000 kept admin terminal more for wan1\n" TEXT */
#ifndef FL_REVISIONS_H
#define FL_REVISIONS_H

#include "storage.h"

#define REVISIONS_MAX     20 /* kept beside the one in force */
#define REVISIONS_ITEMS   (REVISIONS_MAX + 1)
#define REVISION_USER     32
#define REVISION_SOURCE   12
#define REVISION_COMMENT  96
#define REVISION_LINE_MAX 224

enum revision_state {
	REVISION_TRIED, /* waits for "confirm", or it never came */
	REVISION_KEPT,
};

struct revision {
	uint32_t number; /* from 1, one more each time */
	int64_t wall;    /* seconds since 1970; small where the clock was not set */
	enum revision_state state;
	char user[REVISION_USER + 1];
	char source[REVISION_SOURCE + 1]; /* "terminal", "batch", "file" */
	char comment[REVISION_COMMENT + 1];
};

struct revision_list {
	struct revision at[REVISIONS_ITEMS];
	size_t n; /* oldest first */
	size_t damaged;
};

/* What is not fit for a line is replaced by "_"; too long texts are cut. */
struct revision revision_of(uint32_t number, int64_t wall, enum revision_state state,
	struct str user, struct str source, struct str comment);
/* The first line of `text`, which is taken off.  FL_EFORMAT: it is no such line. */
MUST_USE enum fl_err revision_read(struct str *text, struct revision *out);
void revision_print(const struct revision *r, struct textbuf *out);

/* What there is; `memory` is for a time. */
void revisions_load(
	const struct storage *s, const struct arena_source *memory, struct revision_list *out);
/* FL_ENOENT: it is not there, or no longer.  FL_EFORMAT: it is damaged. */
MUST_USE enum fl_err revisions_text(
	const struct storage *s, uint32_t number, struct arena *mem, struct str *out);
MUST_USE enum fl_err revisions_save(const struct storage *s, const struct revision *r,
	struct str text, struct arena *scratch, struct textbuf *why);

#endif
