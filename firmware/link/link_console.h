/* SPDX-License-Identifier: GPL-2.0-or-later */
/* link_console.h - `show links`, `show link NAME`, `monitor links`, `clear link NAME hold`. */
#ifndef FL_LINK_CONSOLE_H
#define FL_LINK_CONSOLE_H

#include "console.h"
#include "link.h"

/* The module that link_commands is registered with.  Filled once: it points to what app keeps up to
 * date. */
struct link_console {
	struct link *link;    /* by number, 1..FL_LINKS_MAX */
	const uint8_t *order; /* numbers of the links there are, in the order they are shown */
	const size_t *nlinks;
	const uint32_t *live; /* mask of the links that carry new traffic (struct published) */
	/* Carries out what a command made of a link. */
	void (*carry_out)(void *ctx, uint8_t number, mtime now, struct link_out *out);
	void *ctx;
};

extern const struct console_command link_commands[];

#endif
