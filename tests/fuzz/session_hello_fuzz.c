/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A hello that is taken can be written and taken again, and names a user that may stand in a log.
 */
#include <stdlib.h>
#include <string.h>

#include "session_hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct session_hello h, again;
	char text[256];
	struct textbuf t = textbuf_of(text, sizeof(text));
	unsigned status = 0;
	size_t n = session_trailer_find((struct str){(const char *)data, size}, &status);

	if (n > size || status > 255 || (n && data[size - n] != '\0'))
		abort();
	if (session_hello_parse(bytes_of(data, size), STR("root"), &h))
		return 0;
	for (const char *p = h.user; *p; p++)
		if (*p <= ' ' || *p > '~')
			abort();
	if (h.mode == SESSION_LINES)
		return 0;
	session_hello_print(&h, &t);
	if (session_hello_parse(bytes_of(t.at, t.n), STR("root"), &again) || again.mode != h.mode ||
		again.columns != h.columns || again.rows != h.rows ||
		strcmp(again.user, h.user) != 0 || strcmp(again.from, h.from) != 0)
		abort();
	return 0;
}
