/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "slots.h"

#include "crc32.h"

#include <string.h>

#define MAGIC 0x464c5331u /* "FLS1" */

/* A slot: magic, sequence number, octets, CRC-32 of the two numbers and the octets; all big-endian.
 */
struct header {
	uint32_t seq, n, crc;
};

static const struct slots_item *find(const struct slots *s, const char *name)
{
	for (size_t i = 0; i < s->nitems; i++)
		if (strcmp(s->items[i].name, name) == 0)
			return &s->items[i];
	return NULL;
}

/* A header that can be one; whether the octets behind it are whole is another question. */
static bool read_header(const struct slots *s, uint32_t at, uint32_t size, struct header *h)
{
	uint8_t octets[SLOTS_HEADER];

	if (!s->memory->read(s->memory->ctx, at, octets, sizeof(octets)) ||
		get_u32(octets) != MAGIC)
		return false;
	*h = (struct header){get_u32(octets + 4), get_u32(octets + 8), get_u32(octets + 12)};
	return h->n <= size - SLOTS_HEADER;
}

static uint32_t crc_begin(const struct header *h)
{
	uint8_t numbers[8];

	set_u32(numbers, h->seq);
	set_u32(numbers + 4, h->n);
	return crc32_add(0, numbers, sizeof(numbers));
}

static bool is_whole(const struct slots *s, uint32_t at, const struct header *h)
{
	uint32_t crc = crc_begin(h), left = h->n;
	uint8_t page[SLOTS_PAGE];

	at += SLOTS_HEADER;
	while (left) {
		uint32_t n = left < sizeof(page) ? left : (uint32_t)sizeof(page);

		if (!s->memory->read(s->memory->ctx, at, page, n))
			return false;
		crc = crc32_add(crc, page, n);
		at += n;
		left -= n;
	}
	return crc == h->crc;
}

/* The newest whole slot of an item, 0 or 1; -1: there is none. */
static int newest(const struct slots *s, const struct slots_item *item, struct header *h)
{
	struct header head[2] = {{0}, {0}};
	bool whole[2];

	for (uint32_t i = 0; i < 2; i++) {
		uint32_t at = item->at + i * item->size;

		whole[i] = read_header(s, at, item->size, &head[i]) && is_whole(s, at, &head[i]);
	}
	if (!whole[0] && !whole[1])
		return -1;
	if (whole[0] && whole[1])
		whole[1] = (int32_t)(head[1].seq - head[0].seq) > 0;
	*h = head[whole[1]];
	return whole[1];
}

static enum fl_err load(
	void *ctx, const char *name, struct arena *mem, struct bytes *out, struct textbuf *why)
{
	const struct slots *s = ctx;
	const struct slots_item *item = find(s, name);
	struct header h;
	int slot = item ? newest(s, item, &h) : -1;
	uint8_t *octets;

	if (slot < 0)
		return FL_ENOENT;
	octets = arena_alloc(mem, h.n + 1);
	if (!octets) {
		textbuf_printf(why, "no room in memory for %u octets", (unsigned)h.n);
		return FL_EFULL;
	}
	if (!s->memory->read(s->memory->ctx, item->at + (uint32_t)slot * item->size + SLOTS_HEADER,
		    octets, h.n)) {
		textbuf_printf(why, "the memory does not answer");
		return FL_EIO;
	}
	*out = bytes_of(octets, h.n);
	return FL_OK;
}

/* The page of a slot that begins at its octet `at`, 0 being the header's first. */
static bool write_page(const struct slots *s, uint32_t slot, uint32_t at,
	const uint8_t header[SLOTS_HEADER], struct bytes content)
{
	uint8_t page[SLOTS_PAGE];
	size_t n = 0;

	for (; n < SLOTS_PAGE && at + n < SLOTS_HEADER + content.n; n++)
		page[n] =
			at + n < SLOTS_HEADER ? header[at + n] : content.at[at + n - SLOTS_HEADER];
	return n == 0 || s->memory->write(s->memory->ctx, slot + at, page, n);
}

static enum fl_err save(void *ctx, const char *name, struct bytes content, struct textbuf *why)
{
	const struct slots *s = ctx;
	const struct slots_item *item = find(s, name);
	struct header h = {0};
	int slot = item ? newest(s, item, &h) : -1;
	uint32_t at = item ? item->at + (slot == 0) * item->size : 0;
	uint8_t header[SLOTS_HEADER];
	bool good = true;

	if (!item || content.n > item->size - SLOTS_HEADER) {
		textbuf_printf(why, "%zu octets are too many; %u fit", content.n,
			item ? (unsigned)(item->size - SLOTS_HEADER) : 0);
		return FL_EFULL;
	}
	h = (struct header){h.seq + 1, (uint32_t)content.n, 0};
	set_u32(header, MAGIC);
	set_u32(header + 4, h.seq);
	set_u32(header + 8, h.n);
	set_u32(header + 12, crc32_add(crc_begin(&h), content.at, content.n));
	for (uint32_t page = SLOTS_PAGE; good && page < SLOTS_HEADER + content.n;
		page += SLOTS_PAGE)
		good = write_page(s, at, page, header, content);
	/* From the first page on it is the newest. */
	if (!good || !write_page(s, at, 0, header, content) ||
		newest(s, item, &h) != (at != item->at)) {
		textbuf_printf(why, "the memory does not take it");
		return FL_EIO;
	}
	return FL_OK;
}

static enum fl_err remove_item(void *ctx, const char *name)
{
	const struct slots *s = ctx;
	const struct slots_item *item = find(s, name);
	static const uint8_t nothing[SLOTS_HEADER];

	for (uint32_t i = 0; item && i < 2; i++)
		if (!s->memory->write(
			    s->memory->ctx, item->at + i * item->size, nothing, sizeof(nothing)))
			return FL_EIO;
	return FL_OK;
}

void slots_fill(struct slots *s, struct storage *out)
{
	*out = (struct storage){s, load, save, remove_item};
}
