/* SPDX-License-Identifier: GPL-2.0-or-later */
/* explain_console.h - `explain flow`, `explain dns`, `explain link`. */
#ifndef FL_EXPLAIN_CONSOLE_H
#define FL_EXPLAIN_CONSOLE_H

#include "console.h"
#include "explain.h"

struct inquiry;

/* What a question is about. */
struct explain_about {
	bool candidate;  /* the draft of the session that asks, else what is in force */
	struct str down; /* the link that is taken to be down; empty: none */
};

/* The module that explain_commands is registered with. */
struct explain_console {
	const struct link_conf *links; /* in force, for completion */
	size_t nlinks;
	const struct dns_domain_conf *domains;
	size_t ndomains;
	const struct arena_source *memory;
	/* Make the world that is asked about, in `mem`.  On failure `out` was told why. */
	enum fl_err (*world)(void *ctx, const struct console *session,
		const struct explain_about *about, mtime now, struct arena *mem,
		const struct sink *out, struct explain_world **world);
	/* What was asked about it is answered. */
	void (*release)(struct explain_world *world);
	/* Print the connections of this kind that exist now. */
	void (*flows)(void *ctx, const struct forwarding_flow *like, const struct sink *out);
	/* An inquiry to be filled; its questions are sent then.  NULL: another one is under way.
	 * May be NULL itself: the world cannot be asked. */
	struct inquiry *(*inquire)(void *ctx);
	/* The inquiry, when all is answered or silent; NULL: not yet. */
	const struct inquiry *(*inquired)(void *ctx);
	void *ctx;
};

extern const struct console_command explain_commands[];

#endif
