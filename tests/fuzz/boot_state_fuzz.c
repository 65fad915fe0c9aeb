/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Boot states: whatever was read survives printing. */
#include "boot_state.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t block[BOOT_BLOCK_SIZE], printed[BOOT_BLOCK_SIZE];
	struct boot_state s, again;

	memset(block, '#', sizeof(block));
	memcpy(block, data, n < sizeof(block) ? n : sizeof(block));
	if (boot_state_parse(bytes_of(block, sizeof(block)), &s) != FL_OK)
		return 0;
	boot_state_print(&s, printed);
	if (boot_state_parse(bytes_of(printed, sizeof(printed)), &again) != FL_OK ||
		again.first != s.first || memcmp(again.slot, s.slot, sizeof(s.slot)) != 0)
		abort();
	return 0;
}
