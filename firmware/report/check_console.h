/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check_console.h - `check`, `check mail DOMAIN`, `check delegation DOMAIN`. */
#ifndef FL_CHECK_CONSOLE_H
#define FL_CHECK_CONSOLE_H

#include "explain_console.h"

/* Registered with a struct explain_console.  In configuration mode the draft is looked at. */
extern const struct console_command check_commands[];

#endif
