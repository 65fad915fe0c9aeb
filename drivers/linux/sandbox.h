/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sandbox.h - take away from a process that talks to strangers all that it does not need for it. */
#ifndef FL_SANDBOX_H
#define FL_SANDBOX_H

#include "err.h"
#include "text.h"

/* Before there is a second thread: no core files, an empty root folder, an unprivileged user, no
 * capabilities, no way to gain any.  What cannot be had here (a user namespace with one user, no
 * right to change the root) is left out; `how` says what holds: "user 65534, empty root". */
void sandbox_enter(struct textbuf *how);

/* From now on every thread may make the `n` system calls `allowed`, and map memory with exactly
 * this `protection` (PROT_READ and the like), and dies of anything else (SIGSYS; a test build
 * says before by its standard error which call it was).  Nothing may allocate memory after it that
 * needs more.  FL_EIO: errno says why. */
MUST_USE enum fl_err sandbox_filter(const int *allowed, size_t n, int protection);

#endif
