/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any octets as a saved revision: what is read is printed so that it reads the same again. */
#include "revisions.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size}, again;
	char line[REVISION_LINE_MAX];
	struct textbuf t = textbuf_of(line, sizeof(line));
	struct revision one, two;

	if (revision_read(&text, &one)) {
		check(text.n == size);
		return 0;
	}
	check(text.n < size || size == 0);
	revision_print(&one, &t);
	check(!t.cut && t.at[t.n - 1] == '\n');
	again = textbuf_str(&t);
	check(revision_read(&again, &two) == FL_OK && again.n == 0);
	check(one.number == two.number && one.wall == two.wall && one.state == two.state);
	check(strcmp(one.user, two.user) == 0 && strcmp(one.source, two.source) == 0);
	check(strcmp(one.comment, two.comment) == 0);
	return 0;
}
