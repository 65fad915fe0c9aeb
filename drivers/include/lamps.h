/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lamps.h - the LEDs of a board, by name ("WAN1", "SYS").  The board's table maps names to devices.
 */
#ifndef FL_LAMPS_H
#define FL_LAMPS_H

#include "err.h"
#include "text.h"

struct lamps {
	void *ctx;
	/* FL_ENOENT: this board has no such lamp. */
	enum fl_err (*describe)(void *ctx, struct str name, bool *one_colour);
	/* Show a colour now.  Setting what is shown already costs nothing. */
	void (*set)(void *ctx, struct str name, bool green, bool amber, bool red);
	/* The name of the pattern, for lamps that show text (the lab's file). */
	void (*name_pattern)(void *ctx, struct str name, const char *pattern);
};

#endif
