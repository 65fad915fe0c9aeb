/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fairlead_terminal.h - the console program on a terminal: the parts of `fairlead` that touch the
 * tty, and what is left to do when the daemon is gone. */
#ifndef FL_FAIRLEAD_TERMINAL_H
#define FL_FAIRLEAD_TERMINAL_H

#include "session_hello.h"

/* A descriptor connected to the daemon's socket, or -1 and errno. */
int fairlead_connect(const char *path);
/* The name of who runs this program. */
void fairlead_user(struct session_hello *h);
/* All octets, or false. */
bool fairlead_send(int fd, const char *text, size_t n);

/* A session on the terminal at stdin and stdout; `fd` -1: the daemon was not there.  The terminal
 * is as it was when this returns, and when a signal ends the program.  Returns the exit status. */
int fairlead_terminal(int fd, const char *path);

#endif
