/* SPDX-License-Identifier: GPL-2.0-or-later */
/* button_linux.h - the reset button as an input device (evdev): IO_BUTTON for each press and
 * release. */
#ifndef FL_BUTTON_LINUX_H
#define FL_BUTTON_LINUX_H

#include "board.h"
#include "loop.h"

struct button_linux;

/* A board without a button, or one whose device is not there, has none: that is no error. */
MUST_USE enum fl_err button_linux_open(struct button_linux **handle, struct loop *loop,
	const struct board_button *button, struct textbuf *why);
/* False: the board has none, or its device is not there. */
bool button_linux_is_here(const struct button_linux *b);
void button_linux_close(struct button_linux *b);

#endif
