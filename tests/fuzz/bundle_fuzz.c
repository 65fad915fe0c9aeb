/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Heads of updates, as if their signature were good: what is read is plain and within limits. */
#include "bundle.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_plain(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.at[i] <= ' ' || s.at[i] > '~')
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t *head = calloc(1, BUNDLE_HEAD_SIZE);
	char words[200];
	struct textbuf why = textbuf_of(words, sizeof(words));
	struct bundle b;

	if (!head)
		return 0;
	memcpy(head, data, n < BUNDLE_HEAD_SIZE ? n : BUNDLE_HEAD_SIZE);
	if (bundle_parse(bytes_of(head, BUNDLE_HEAD_SIZE), &b, &why) == FL_OK) {
		const struct bundle_here here = {b.board, b.version, b.made, b.size, false};

		check_plain(b.board);
		check_plain(b.version);
		if (b.size == 0 || b.made < 0 || bundle_check(&b, &here, &why) != FL_OK)
			abort();
	}
	free(head);
	return 0;
}
