/* SPDX-License-Identifier: GPL-2.0-or-later */
/* forwarding_console.h - `show forwarding`, `show rules`, `show forwards`, `clear rules counters`.
 */
#ifndef FL_FORWARDING_CONSOLE_H
#define FL_FORWARDING_CONSOLE_H

#include "console.h"
#include "forwarding.h"

/* The module that forwarding_commands is registered with.  app keeps it up to date: after a commit
 * all of it, after a change of the published state that. */
struct forwarding_console {
	struct forwarding_source source;
	const struct published *published;
	/* How many connections there are, and how many fit; NULL: not known here. */
	bool (*room)(void *ctx, uint32_t *used, uint32_t *all);
	void *room_ctx;
	const uint32_t *kernel_lacks;      /* KFEATURE_... that are called for; NULL: none */
	const struct arena_source *memory; /* `show forwarding` works out the wanted state in it */
	void *ctx;
	/* What the kernel has counted, and counting anew. */
	enum fl_err (*counts)(
		void *ctx, kernel_count_each *each, void *each_ctx, struct textbuf *why);
	enum fl_err (*forget_counts)(void *ctx, struct textbuf *why);
};

extern const struct console_command forwarding_commands[];

#endif
