/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A saved history, damaged or made up: it is refused, or can be drawn and comes back the same when
 * it is written again. */
#include "link_history.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void drop(void *ctx, const char *text, size_t n)
{
	(void)text;
	*(size_t *)ctx += n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct link_history_view view = {
		"a month", LINK_HISTORY_QUARTER, 62, 48, "-31 d", "-15 d"};
	static struct link_history h, again;
	static uint8_t octets[2][LINK_HISTORY_OCTETS_MAX];
	struct buf out[2] = {
		buf_of(octets[0], sizeof(octets[0])), buf_of(octets[1], sizeof(octets[1]))};
	size_t drawn = 0;
	struct sink sink = {drop, &drawn};
	mtime now = {0};

	if (link_history_read(&h, STR("wan1"), 0, now, bytes_of(data, size)))
		return 0;
	link_history_draw(&h, &view, &sink);
	link_history_write(&h, STR("wan1"), 0, &out[0]);
	if (out[0].bad ||
		link_history_read(&again, STR("wan1"), 0, now, bytes_of(octets[0], out[0].n)))
		abort();
	link_history_write(&again, STR("wan1"), 0, &out[1]);
	if (out[0].n != out[1].n || memcmp(octets[0], octets[1], out[0].n) != 0)
		abort();
	return 0;
}
