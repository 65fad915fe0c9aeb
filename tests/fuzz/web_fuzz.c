/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a browser or anybody else in a LAN asks for: an answer is a page of ours or a refusal, and
 * no more than the question says. */
#include "web.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct ip_addr at = ip_addr_v4(192, 168, 1, 1);
	struct web_request r;
	char head[1024];
	struct textbuf t = textbuf_of(head, sizeof(head));
	struct sink out = textbuf_sink(&t);

	web_parse(bytes_of(data, n), &r);
	if (r.status == WEB_GOOD &&
		(r.what > WEB_JSON || memcmp(data, r.head ? "HEAD /" : "GET /", 5) != 0))
		abort();
	if (r.host.n &&
		(r.host.at < (const char *)data || r.host.at + r.host.n > (const char *)data + n))
		abort();
	(void)web_host_is(r.host, &at, STR("gate"));
	web_head(&r, n, &out);
	if (t.cut || memcmp(head, "HTTP/1.1 ", 9) != 0 || !web_refusal(r.status)[0])
		abort();
	return 0;
}
