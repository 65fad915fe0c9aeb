/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is expected, a line feed, and what a web server says; with an empty first line, the host and
 * path of a page. */
#include "http.h"

#include <stdlib.h>
#include <string.h>

static void check(bool truth)
{
	if (!truth)
		abort();
}

static void ask_for(struct str page)
{
	uint8_t space[HTTP_REQUEST_MAX];
	struct buf out = buf_of(space, sizeof(space));
	struct http_url url;

	if (http_url_parse(page, &url) || http_request(&url, &out))
		return;
	for (size_t i = 0; i + 1 < url.path.n; i++) /* no second header can be slipped in */
		check(url.path.at[i] > ' ');
}

/* A verdict that is reached stays when more is heard. */
static void hear(struct str expect, struct bytes said)
{
	enum http_verdict last = HTTP_MORE;
	unsigned status;

	for (size_t n = 0; n <= said.n; n++) {
		enum http_verdict v = http_judge(bytes_of(said.at, n), expect, false, &status);

		check(last == HTTP_MORE || v == last);
		last = v;
	}
	last = http_judge(said, expect, true, &status);
	check(last != HTTP_MORE && http_verdict_text(last));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = {(const char *)data, size}, first;

	if (size > 2000)
		return 0;
	first = str_cut(&rest, '\n');
	if (first.n)
		hear(first, bytes_of(rest.at, rest.n));
	else
		ask_for(rest);
	return 0;
}
