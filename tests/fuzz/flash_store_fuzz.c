/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flash that holds anything: what is loaded is whole or nothing, and a save works on top of it. */
#include "flash_store.h"

#include <stdlib.h>
#include <string.h>

#define SIZE 1024

static uint8_t chip[SIZE];

static bool chip_read(void *ctx, uint32_t at, void *out, uint32_t n)
{
	(void)ctx;
	if (at > SIZE || n > SIZE - at)
		abort();
	memcpy(out, chip + at, n);
	return true;
}

static bool chip_erase(void *ctx, uint32_t at, uint32_t n)
{
	(void)ctx;
	memset(chip + at, 0xff, n);
	return true;
}

static bool chip_program(void *ctx, uint32_t at, const void *from, uint32_t n)
{
	(void)ctx;
	for (uint32_t i = 0; i < n; i++)
		chip[at + i] &= ((const uint8_t *)from)[i];
	return true;
}

static void *heap_get(void *ctx, size_t n)
{
	(void)ctx;
	return malloc(n);
}

static void heap_put(void *ctx, void *p, size_t n)
{
	(void)ctx, (void)n;
	free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct arena_source heap = {.get = heap_get, .put = heap_put};
	const struct flash f = {NULL, SIZE, chip_read, chip_erase, chip_program};
	struct bytes got = bytes_of("", 0);
	struct arena mem;
	bool damaged;

	memset(chip, 0xff, sizeof(chip));
	memcpy(chip, data, n < SIZE ? n : SIZE);
	arena_init(&mem, &heap);
	if (flash_store_load(&f, &mem, &got, &damaged) == FL_OK && got.n > SIZE / 2)
		abort();
	if (flash_store_save(&f, bytes_of("saved", 5)) ||
		flash_store_load(&f, &mem, &got, &damaged) || got.n != 5 ||
		memcmp(got.at, "saved", 5) != 0)
		abort();
	arena_reset(&mem);
	return 0;
}
