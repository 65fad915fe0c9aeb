/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FL_FILES_LINUX_H
#define FL_FILES_LINUX_H

#include <limits.h>

#include "files.h"

struct files_linux {
	char folder[PATH_MAX]; /* of names without "/"; made when something is written there */
};

/* The folder is `state`/files.  `f` must not move. */
void files_linux_open(struct files *out, struct files_linux *f, const char *state);

#endif
