/* SPDX-License-Identifier: GPL-2.0-or-later */
/* helper_spawn.h - start one of our own programs with nothing of ours but what it is given. */
#ifndef FL_HELPER_SPAWN_H
#define FL_HELPER_SPAWN_H

#include <stddef.h>
#include <sys/types.h>

#define HELPER_FIRST_FD 3 /* of the helper */
#define HELPER_FDS_MAX  2

/* In the helper `fds` are HELPER_FIRST_FD and those after it; here they stay open and the caller's.
 * It has the standard error too, for what a sanitizer or a loader may have to say; no input, no
 * output, no environment, and every signal as it is by default.  0, or an errno. */
int helper_spawn(const char *program, char *const argv[], const int *fds, size_t nfds, pid_t *pid);

#endif
