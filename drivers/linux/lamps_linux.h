/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lamps_linux.h - lamps.h over LED class devices, and over small text files for the lab. */
#ifndef FL_LAMPS_LINUX_H
#define FL_LAMPS_LINUX_H

#include "arena.h"
#include "board.h"
#include "lamps.h"

#define LAMPS_SYSFS "/sys/class/leds"

/* `table` must outlive the lamps; so must `mem`, which they live in.
 *
 * `sysfs_dir`: LAMPS_SYSFS, or NULL: drive no device.  The kernel's trigger of each device that is
 * used is set to "none": the LED is ours from then on.
 *
 * `file_dir`: NULL, or a directory (made when it is missing, not its parents) where each lamp is
 * also a file of its name, replaced atomically: "WAN1 green green-amber\n", that is its name, its
 * colour now and the name of its pattern.
 *
 * FL_EIO: `file_dir` cannot be used.  FL_EFULL: out of memory. */
MUST_USE enum fl_err lamps_linux_open(struct lamps *out, const struct board_lamp *table, size_t n,
	const char *sysfs_dir, const char *file_dir, struct arena *mem, struct textbuf *why);

/* The devices that the table names and that are not there, but for those that are lent:
 * "apu:green:1, apu:green:2". */
void lamps_linux_missing(const struct lamps *lamps, struct textbuf *out);

#endif
