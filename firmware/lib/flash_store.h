/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flash_store.h - one piece of data in raw flash that survives a power cut at any moment.  Pure.
 *
 * The flash is two slots of the same size.  A save goes to the slot that does not hold the newest
 * content: it is erased, the content is programmed, and its header last, which makes it the newest.
 * Whatever a cut leaves half erased or half programmed fails a checksum, and the other slot stands.
 *
 * Slot: magic, sequence, length, CRC-32 of the content, CRC-32 of these; little-endian; then the
 * content. */
#ifndef FL_FLASH_STORE_H
#define FL_FLASH_STORE_H

#include "arena.h"
#include "bytes.h"
#include "err.h"

#define FLASH_STORE_HEADER 20

/* A piece of flash: octets are 0xff when erased, and programming only clears bits.  All return
 * false when the flash says that it failed. */
struct flash {
	void *ctx;
	uint32_t size; /* of both slots together; half of it is whole erase blocks */
	bool (*read)(void *ctx, uint32_t at, void *out, uint32_t n);
	bool (*erase)(void *ctx, uint32_t at, uint32_t n);
	bool (*program)(void *ctx, uint32_t at, const void *from, uint32_t n);
};

/* The newest content that is whole, in `mem`.  FL_ENOENT: never saved.  *damaged: a newer one is
 * there and is not whole, or no content is.  FL_EFORMAT: only damaged content is there. */
MUST_USE enum fl_err flash_store_load(
	const struct flash *f, struct arena *mem, struct bytes *out, bool *damaged);
/* FL_ERANGE: it does not fit a slot.  FL_EIO: the flash failed, and what was saved before is still
 * there. */
MUST_USE enum fl_err flash_store_save(const struct flash *f, struct bytes content);

#endif
