/* SPDX-License-Identifier: GPL-2.0-or-later */
/* unit.h - the box that the product runs on: its slots, its watchdog, its clock, its power.
 *
 * Only where the whole system is ours, as in the image; where the programs run on somebody's Linux
 * `is_image` is false, and nothing but the clock can be touched. */
#ifndef FL_UNIT_H
#define FL_UNIT_H

#include "err.h"
#include "text.h"

#define UNIT_BOOT_BLOCK 1024 /* octets of the boot loader's state */

enum unit_end { UNIT_REBOOT, UNIT_POWER_OFF };
enum unit_task { UNIT_UPDATE, UNIT_SUPPORT, UNIT_BACKUP, UNIT_RESTORE };
/* What the next start forgets. */
enum unit_reset { UNIT_RESET_SETTINGS, UNIT_RESET_ALL };

struct unit {
	void *ctx;
	bool is_image;
	bool is_safe;      /* safe mode: factory settings that are not kept */
	char slot;         /* 'a' or 'b': what runs */
	const char *notes; /* what the start of the system has to say, lines; never NULL */

	/* The boot loader's block, whole.  FL_EIO: `why` says what failed. */
	enum fl_err (*boot_block)(void *ctx, uint8_t block[UNIT_BOOT_BLOCK], struct textbuf *why);
	enum fl_err (*set_boot_block)(
		void *ctx, const uint8_t block[UNIT_BOOT_BLOCK], struct textbuf *why);
	/* All is well: the watchdog need not reset the machine. */
	void (*pet)(void *ctx);
	/* The name of the watchdog that is petted; NULL: there is none. */
	const char *(*watchdog)(void *ctx);
	/* Begin a task with a file or address; one at a time (FL_EAGAIN).  What it says comes as
	 * IO_TASK_LINE, its end as IO_TASK_ENDED (io.h). */
	enum fl_err (*task)(void *ctx, enum unit_task what, struct str argument, bool force,
		struct textbuf *why);
	/* The next start begins with factory settings. */
	enum fl_err (*forget)(void *ctx, enum unit_reset how, struct textbuf *why);
	/* Everything ends soon after. */
	enum fl_err (*end)(void *ctx, enum unit_end how, struct textbuf *why);
	/* Seconds since 1970. */
	enum fl_err (*set_clock)(void *ctx, int64_t wall, struct textbuf *why);
	/* May the clock be set?  Some systems keep it to themselves. */
	bool (*owns_clock)(void *ctx);
	/* Does the kernel know that a time server keeps it?  *error_us: it is off by so many
	 * microseconds at most. */
	bool (*clock_is_right)(void *ctx, int64_t *error_us);
};

#endif
