/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gpt.h"

#include "crc32.h"

#include <string.h>

#define ENTRY_SIZE  128u
#define ENTRIES     (GPT_LIST_SIZE / ENTRY_SIZE)
#define HEADER_SIZE 92u
#define NAME_MAX    36u   /* UTF-16 units */
#define ALIGNMENT   2048u /* sectors: 1 MiB */

/* Places in the header; numbers are little-endian. */
enum {
	H_REVISION = 8,
	H_SIZE = 12,
	H_CRC = 16,
	H_ITSELF = 24,
	H_OTHER = 32,
	H_LAST_USABLE = 48,
	H_LIST = 72,
	H_ENTRIES = 80,
	H_ENTRY_SIZE = 84,
	H_LIST_CRC = 88
};
/* And in an entry. */
enum { E_FIRST = 32, E_LAST = 40, E_NAME = 56 };

static uint32_t get32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint64_t get64(const uint8_t *p)
{
	return get32(p) | (uint64_t)get32(p + 4) << 32;
}

static void set32(uint8_t *p, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static void set64(uint8_t *p, uint64_t v)
{
	set32(p, (uint32_t)v);
	set32(p + 4, (uint32_t)(v >> 32));
}

static uint32_t header_crc(const uint8_t header[GPT_SECTOR])
{
	uint8_t copy[HEADER_SIZE];

	memcpy(copy, header, sizeof(copy));
	set32(copy + H_CRC, 0);
	return crc32_add(0, copy, sizeof(copy));
}

uint64_t gpt_list_at(const uint8_t header[GPT_SECTOR])
{
	uint64_t at = get64(header + H_LIST);

	if (memcmp(header, "EFI PART", 8) != 0 || get32(header + H_REVISION) != 0x10000 ||
		get32(header + H_SIZE) != HEADER_SIZE ||
		get32(header + H_CRC) != header_crc(header) ||
		get64(header + H_ITSELF) != GPT_HEADER_AT || get32(header + H_ENTRIES) != ENTRIES ||
		get32(header + H_ENTRY_SIZE) != ENTRY_SIZE)
		return 0;
	return at == GPT_LIST_AT || at == GPT_OTHER_AT ? at : 0;
}

static bool is_named(const uint8_t *entry, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i <= n && i < NAME_MAX; i++)
		if (entry[E_NAME + 2 * i] != (uint8_t)name[i] || entry[E_NAME + 2 * i + 1] != 0)
			return false;
	return n <= NAME_MAX;
}

/* Its number, from 0; ENTRIES: there is none.  An entry without a type is free. */
static unsigned entry_find(const uint8_t *list, const char *name)
{
	static const uint8_t none[16];
	unsigned i = 0;

	while (i < ENTRIES && (memcmp(list + i * ENTRY_SIZE, none, sizeof(none)) == 0 ||
				      !is_named(list + i * ENTRY_SIZE, name)))
		i++;
	return i;
}

/* Nothing begins behind its first sector but itself. */
static bool is_last(const uint8_t *list, unsigned number)
{
	uint64_t first = get64(list + number * ENTRY_SIZE + E_FIRST);

	for (unsigned i = 0; i < ENTRIES; i++)
		if (i != number && get64(list + i * ENTRY_SIZE + E_LAST) >= first)
			return false;
	return true;
}

/* One of the two headers: where it is, where the other is, where its list is. */
static void header_make(uint8_t *out, const uint8_t *old, const struct gpt_grown *g, bool copy)
{
	memcpy(out, old, GPT_SECTOR);
	set64(out + H_ITSELF, copy ? g->copy_at : GPT_HEADER_AT);
	set64(out + H_OTHER, copy ? GPT_HEADER_AT : g->copy_at);
	set64(out + H_LAST_USABLE, g->copy_list_at - 1);
	set64(out + H_LIST, copy ? g->copy_list_at : g->list_at);
	set32(out + H_LIST_CRC, crc32_add(0, g->list, sizeof(g->list)));
	set32(out + H_CRC, header_crc(out));
}

enum fl_err gpt_grow(const uint8_t header[GPT_SECTOR], const uint8_t list[GPT_LIST_SIZE],
	uint64_t sectors, const char *name, struct gpt_grown *out, struct textbuf *why)
{
	uint64_t at = gpt_list_at(header), last, end;
	unsigned n;

	if (!at || crc32_add(0, list, GPT_LIST_SIZE) != get32(header + H_LIST_CRC)) {
		textbuf_printf(
			why, "the partition table is damaged, or not that of a Fairlead image");
		return FL_EFORMAT;
	}
	n = entry_find(list, name);
	if (n == ENTRIES) {
		textbuf_printf(why, "there is no partition %s", name);
		return FL_ENOENT;
	}
	out->number = n + 1;
	out->start = get64(list + n * ENTRY_SIZE + E_FIRST);
	last = get64(list + n * ENTRY_SIZE + E_LAST);
	if (last < out->start || last >= sectors || !is_last(list, n)) {
		textbuf_printf(why, "the partition %s is not the last of the disk", name);
		return FL_EPERM;
	}
	out->was = out->size = last - out->start + 1;
	out->copy_at = sectors - 1;
	out->copy_list_at = out->copy_at - GPT_LIST_SECTORS;
	end = out->copy_list_at / ALIGNMENT * ALIGNMENT;
	if (end <= last + 1)
		return FL_OK;
	out->size = end - out->start;
	out->list_at = at == GPT_LIST_AT ? GPT_OTHER_AT : GPT_LIST_AT;
	memcpy(out->list, list, GPT_LIST_SIZE);
	set64(out->list + n * ENTRY_SIZE + E_LAST, end - 1);
	header_make(out->copy, header, out, true);
	header_make(out->header, header, out, false);
	return FL_OK;
}

bool gpt_protect(uint8_t sector[GPT_SECTOR], uint64_t sectors)
{
	enum { KIND = 0x1C2, SIZE = 0x1CA, GPT_KIND = 0xEE };

	if (sector[KIND] != GPT_KIND || sector[510] != 0x55 || sector[511] != 0xAA)
		return false;
	set32(sector + SIZE, sectors - 1 > UINT32_MAX ? UINT32_MAX : (uint32_t)(sectors - 1));
	return true;
}
