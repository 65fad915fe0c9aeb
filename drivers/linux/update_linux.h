/* SPDX-License-Identifier: GPL-2.0-or-later */
/* update_linux.h - take a signed update into the slot that is not running.
 *
 * Read three times: once to know that it is whole, signed and for this router, before an octet is
 * written; once to write it; then the slot itself is read back.  From the first octet written until
 * the slot was read back, the boot loader does not start that slot; a power cut at any moment
 * starts the old one or the new one. */
#ifndef FL_UPDATE_LINUX_H
#define FL_UPDATE_LINUX_H

#include "err.h"
#include "text.h"

struct update_place {
	const char *facts;   /* folder of board, version, made and release.pub */
	const char *state;   /* the partition of the boot state */
	const char *slot[2]; /* the partitions of slots a and b */
	char running;        /* 'a' or 'b': the other one is written */
	bool force;          /* older ones too */
	void (*progress)(void *ctx, unsigned percent, const char *what);
	void *ctx;
};

/* FL_EPERM, FL_EFORMAT, FL_ESHORT: refused, nothing was written.  FL_EIO: reading or writing
 * failed; the slot is not started.  `why` says it in words; on FL_OK it holds the version that was
 * installed. */
MUST_USE enum fl_err update_install(
	const struct update_place *place, const char *file, struct textbuf *why);

/* The boot state's block in its partition; 0 or an errno. */
int boot_block_read(const char *partition, uint8_t *block);
int boot_block_write(const char *partition, const uint8_t *block);

/* "/dev/vda4" for the name "fl-slot-a"; false: there is no such partition. */
bool partition_find(const char *name, char *path, size_t size);

#endif
