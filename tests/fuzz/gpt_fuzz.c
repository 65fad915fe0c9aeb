/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A header, the beginning of a list and a disk of any size: a partition grows within the disk, or
 * nothing is to be written. */
#include "gpt.h"

#include "crc32.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void set32(uint8_t *p, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static uint8_t header[GPT_SECTOR], list[GPT_LIST_SIZE];
	static struct gpt_grown g;
	char words[200];
	struct textbuf why = textbuf_of(words, sizeof(words));
	uint64_t sectors = 0;

	if (n < 9 + GPT_SECTOR)
		return 0;
	for (unsigned i = 0; i < 8; i++)
		sectors = sectors << 8 | data[i];
	memcpy(header, data + 9, GPT_SECTOR);
	memset(list, 0, sizeof(list));
	n -= 9 + GPT_SECTOR;
	memcpy(list, data + 9 + GPT_SECTOR, n < sizeof(list) ? n : sizeof(list));
	if (data[8] & 1) { /* past the sums; that of a list of zeros costs as much as all else */
		if (!list[0])
			return 0;
		set32(header + 88, crc32_add(0, list, sizeof(list)));
		set32(header + 16, 0);
		set32(header + 16, crc32_add(0, header, 92));
	}
	if (gpt_grow(header, list, sectors, "fl-data", &g, &why) || g.size == g.was)
		return 0;
	if (g.size < g.was || g.start + g.size > g.copy_list_at || g.copy_at >= sectors)
		abort();
	if (gpt_list_at(g.header) != g.list_at || g.list_at == gpt_list_at(header))
		abort();
	return 0;
}
