/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A stored file of any octets is told to be good only if it is what we would write. */
#include "storage_files.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The mutated octets as content: what is written must be read, and no longer with one bit changed.
 */
static void round_trip(const uint8_t *data, size_t size)
{
	uint8_t *file = malloc(STORAGE_HEADER_SIZE + size);
	struct bytes content;
	size_t bit;

	if (!file)
		return;
	storage_header_write(bytes_of(data, size), file);
	memcpy(file + STORAGE_HEADER_SIZE, data, size);
	if (storage_file_parse(bytes_of(file, STORAGE_HEADER_SIZE + size), &content) ||
		content.n != size || memcmp(content.at, data, size) != 0)
		abort();
	bit = (data[0] | (size_t)data[size - 1] << 8) % (8 * (STORAGE_HEADER_SIZE + size));
	file[bit / 8] ^= (uint8_t)(1u << bit % 8);
	if (storage_file_parse(bytes_of(file, STORAGE_HEADER_SIZE + size), &content) != FL_EFORMAT)
		abort();
	free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t header[STORAGE_HEADER_SIZE];
	struct bytes content;

	if (storage_file_parse(bytes_of(data, size), &content) == FL_OK) {
		storage_header_write(content, header);
		if (content.n + STORAGE_HEADER_SIZE != size ||
			memcmp(header, data, STORAGE_HEADER_SIZE) != 0)
			abort();
	}
	if (size)
		round_trip(data, size);
	return 0;
}
