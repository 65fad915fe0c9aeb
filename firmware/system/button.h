/* SPDX-License-Identifier: GPL-2.0-or-later */
/* button.h - the reset button: how long it is held decides what it does.  Pure.
 *
 * Less than 3 s: nothing.  3 to 10 s: the password of the console is forgotten.  10 s or more:
 * factory settings.  It acts when it is let go, so that who reads the lamps can still go on or,
 * past a minute, walk away: a button that is stuck must not reset a router. */
#ifndef FL_BUTTON_H
#define FL_BUTTON_H

#include "base.h"
#include "mtime.h"

enum button_stage {
	BUTTON_UP,
	BUTTON_NOTHING,
	BUTTON_WILL_FORGET_PASSWORD,
	BUTTON_WILL_RESET,
	BUTTON_STUCK
};

struct button {
	bool held;
	mtime since;
};

/* A key event; repeats do no harm.  Returns what to do now: BUTTON_WILL_..., or BUTTON_UP for
 * nothing. */
enum button_stage button_event(struct button *b, bool pressed, mtime now);
/* What letting go now would do: the lamps show it. */
enum button_stage button_stage_of(const struct button *b, mtime now);
/* When the stage changes; MTIME_NEVER: not by itself. */
mtime button_next_due(const struct button *b, mtime now);

#endif
