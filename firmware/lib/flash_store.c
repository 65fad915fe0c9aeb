/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flash_store.h"

#include "crc32.h"

#include <string.h>

#define MAGIC 0x53464c46u /* "FLFS" */
#define CHUNK 64          /* octets read at a time, where they are only looked at */

struct header {
	uint32_t magic, sequence, length, content_crc, header_crc;
};

enum slot_state {
	SLOT_EMPTY = 1, /* erased, or never a header that was finished */
	SLOT_TORN,      /* a header that is whole over content that is not, or half a header */
	SLOT_WHOLE,
};

/* ---- checksums (CRC-32 of ISO 3309, as zlib's) ---- */

static void put_u32(uint8_t *at, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(v >> 8 * i);
}

static uint32_t take_u32(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	       (uint32_t)at[3] << 24;
}

/* ---- slots ---- */

static uint32_t slot_at(const struct flash *f, unsigned slot)
{
	return slot * (f->size / 2);
}

static bool content_is_whole(const struct flash *f, uint32_t at, const struct header *h)
{
	uint8_t chunk[CHUNK];
	uint32_t crc = 0;

	for (uint32_t done = 0; done < h->length;) {
		uint32_t n = h->length - done < CHUNK ? h->length - done : CHUNK;

		if (!f->read(f->ctx, at + FLASH_STORE_HEADER + done, chunk, n))
			return false;
		crc = crc32_add(crc, chunk, n);
		done += n;
	}
	return crc == h->content_crc;
}

static enum slot_state look_at(const struct flash *f, unsigned slot, struct header *h)
{
	uint8_t octets[FLASH_STORE_HEADER];
	bool erased = true;

	*h = (struct header){0};
	if (!f->read(f->ctx, slot_at(f, slot), octets, sizeof(octets)))
		return SLOT_TORN;
	for (size_t i = 0; i < sizeof(octets); i++)
		erased &= octets[i] == 0xff;
	if (erased)
		return SLOT_EMPTY;
	*h = (struct header){take_u32(octets), take_u32(octets + 4), take_u32(octets + 8),
		take_u32(octets + 12), take_u32(octets + 16)};
	if (h->magic != MAGIC || h->header_crc != crc32_add(0, octets, 16) ||
		h->length > f->size / 2 - FLASH_STORE_HEADER)
		return SLOT_TORN;
	return content_is_whole(f, slot_at(f, slot), h) ? SLOT_WHOLE : SLOT_TORN;
}

/* Sequences go round; half of them are ahead. */
static bool is_newer(const struct header *a, const struct header *b)
{
	return (int32_t)(a->sequence - b->sequence) > 0;
}

struct view {
	enum slot_state state[2];
	struct header header[2];
	int newest; /* slot that is whole; -1: none */
};

static struct view look(const struct flash *f)
{
	struct view v = {.newest = -1};

	for (unsigned i = 0; i < 2; i++) {
		v.state[i] = look_at(f, i, &v.header[i]);
		if (v.state[i] == SLOT_WHOLE &&
			(v.newest < 0 || is_newer(&v.header[i], &v.header[v.newest])))
			v.newest = (int)i;
	}
	return v;
}

/* ---- what others call ---- */

enum fl_err flash_store_load(
	const struct flash *f, struct arena *mem, struct bytes *out, bool *damaged)
{
	const struct view v = look(f);
	const struct header *h;
	uint8_t *at;

	*damaged = v.state[0] == SLOT_TORN || v.state[1] == SLOT_TORN;
	if (v.newest < 0)
		return *damaged ? FL_EFORMAT : FL_ENOENT;
	h = &v.header[v.newest];
	at = arena_alloc(mem, h->length + 1);
	if (!at)
		return FL_EFULL;
	if (!f->read(f->ctx, slot_at(f, (unsigned)v.newest) + FLASH_STORE_HEADER, at, h->length) ||
		crc32_add(0, at, h->length) != h->content_crc)
		return FL_EIO;
	*out = bytes_of(at, h->length);
	return FL_OK;
}

enum fl_err flash_store_save(const struct flash *f, struct bytes content)
{
	const struct view v = look(f);
	unsigned slot = v.newest == 0 ? 1 : 0;
	uint32_t at = slot_at(f, slot);
	uint8_t octets[FLASH_STORE_HEADER];
	struct header h;

	if (content.n > f->size / 2 - FLASH_STORE_HEADER)
		return FL_ERANGE;
	put_u32(octets, MAGIC);
	put_u32(octets + 4, v.newest < 0 ? 1 : v.header[v.newest].sequence + 1);
	put_u32(octets + 8, (uint32_t)content.n);
	put_u32(octets + 12, crc32_add(0, content.at, content.n));
	put_u32(octets + 16, crc32_add(0, octets, 16));
	if (!f->erase(f->ctx, at, f->size / 2) ||
		!f->program(f->ctx, at + FLASH_STORE_HEADER, content.at, (uint32_t)content.n) ||
		!f->program(f->ctx, at, octets, sizeof(octets)))
		return FL_EIO;
	return look_at(f, slot, &h) == SLOT_WHOLE ? FL_OK : FL_EIO;
}
