/* SPDX-License-Identifier: GPL-2.0-or-later */
/* settings_file.h - storage.h for one plain text file that people also edit by hand. */
#ifndef FL_SETTINGS_FILE_H
#define FL_SETTINGS_FILE_H

#include "storage.h"

/* `path` must outlive the storage.  Every item name stands for the one file.  A save is atomic
 * (write beside it, fsync, rename, fsync the folder), and what the file held before stays beside it
 * with a "~". */
void settings_file_open(struct storage *out, const char *path);
/* Read it once, from a pipe as well; "-" is the standard input.  `out` lies in `mem`. */
enum fl_err settings_file_read(
	const char *path, struct arena *mem, struct bytes *out, struct textbuf *why);

#endif
