/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any octets as a report of a hook, and as a lease that was saved. */
#include "lease.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* What was understood must survive being saved. */
static void save_and_remember(const struct lease *l)
{
	char room[8192];
	struct textbuf t = textbuf_of(room, sizeof(room));
	struct sink out = textbuf_sink(&t);
	struct lease again;

	lease_print(l, &out);
	if (t.cut || lease_remember(textbuf_str(&t), &again) == lease_is_empty(l))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str text = {(const char *)data, n};
	char words[128];
	struct textbuf why = textbuf_of(words, sizeof(words));
	struct lease_report r;
	struct lease l;

	if (lease_report_parse(text, &r, &why)) {
		if (!why.n)
			abort(); /* a refusal says why */
	} else if (r.news != LEASE_NO_NEWS && r.source >= LEASE_SOURCES) {
		abort();
	}
	if (lease_remember(text, &l) && !l.part[LEASE_PPP].naddresses)
		save_and_remember(&l);
	return 0;
}
