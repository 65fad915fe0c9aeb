/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One request a connection, of which the first line counts, and for whom it is: a page of somebody
 * else whose name leads to our address all of a sudden (DNS rebinding) must not read ours, and its
 * browser names that page's host.  No other header changes an answer. */
#include "web.h"

static const struct {
	const char *path, *type;
} pages[] = {
	[WEB_PAGE] = {"/", "text/html; charset=utf-8"},
	[WEB_METRICS] = {"/metrics", "text/plain; version=0.0.4; charset=utf-8"},
	[WEB_JSON] = {"/status.json", "application/json"},
};

/* Is the empty line there? */
static bool is_whole(struct str text)
{
	for (size_t i = 0; i + 3 < text.n; i++)
		if (str_starts((struct str){text.at + i, text.n - i}, STR("\r\n\r\n")))
			return true;
	return false;
}

static enum web_status find(struct str target, enum web_what *what)
{
	struct str path = str_cut(&target, '?'); /* what is behind changes nothing */

	for (size_t i = 0; i < COUNT_OF(pages); i++)
		if (str_is(path, pages[i].path)) {
			*what = (enum web_what)i;
			return WEB_GOOD;
		}
	return WEB_NOT_FOUND;
}

/* "gate:8080" and "[2001:db8::1]:80" without the port */
static struct str without_port(struct str host)
{
	struct str rest = host;

	if (!host.n || host.at[0] != '[')
		return str_cut(&rest, ':');
	rest.at++;
	rest.n--;
	return str_cut(&rest, ']');
}

/* Two that say for whom it is are a trick (RFC 9112 3.2): false. */
static bool find_host(struct str headers, struct str *host)
{
	unsigned n = 0;

	while (headers.n) {
		struct str line = str_cut(&headers, '\n');
		struct str name = str_cut(&line, ':');

		if (!str_eq_nocase(name, STR("host")))
			continue;
		if (line.n && line.at[line.n - 1] == '\r')
			line.n--;
		*host = without_port(str_trim(line));
		n++;
	}
	return n < 2;
}

bool web_host_is(struct str host, const struct ip_addr *at, struct str name)
{
	struct ip_addr literal;

	return !host.n || str_eq_nocase(host, name) ||
	       (ip_addr_parse(host, &literal) == FL_OK && ip_addr_eq(&literal, at));
}

void web_parse(struct bytes heard, struct web_request *out)
{
	struct str text = {(const char *)heard.at, heard.n};
	struct str line, method, target;

	*out = (struct web_request){.status = WEB_TOO_LONG};
	if (!is_whole(text))
		return;
	line = str_cut(&text, '\r');
	method = str_cut(&line, ' ');
	target = str_cut(&line, ' ');
	out->head = str_is(method, "HEAD");
	if (method.n == 0 || target.n == 0 || target.at[0] != '/' ||
		!str_starts(line, STR("HTTP/1.")) || !find_host(text, &out->host))
		out->status = WEB_GARBLED;
	else if (!out->head && !str_is(method, "GET"))
		out->status = WEB_NOT_ALLOWED;
	else
		out->status = find(target, &out->what);
}

const char *web_refusal(enum web_status s)
{
	switch (s) {
	case WEB_GOOD:
		return "OK";
	case WEB_GARBLED:
		return "Bad Request";
	case WEB_NOT_FOUND:
		return "Not Found";
	case WEB_NOT_ALLOWED:
		return "Method Not Allowed";
	case WEB_MISDIRECTED:
		return "Misdirected Request";
	case WEB_TOO_LONG:
		return "Request Header Fields Too Large";
	}
	return "";
}

void web_head(const struct web_request *r, size_t n, const struct sink *out)
{
	sink_printf(out, "HTTP/1.1 %d %s\r\n", (int)r->status, web_refusal(r->status));
	sink_printf(out, "Content-Type: %s\r\nContent-Length: %zu\r\n",
		r->status == WEB_GOOD ? pages[r->what].type : "text/plain", n);
	if (r->status == WEB_NOT_ALLOWED)
		sink_puts(out, "Allow: GET, HEAD\r\n");
	/* The page fetches and runs nothing, and shows in no frame of others. */
	sink_puts(out, "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
		       "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; "
		       "frame-ancestors 'none'\r\n"
		       "Connection: close\r\n\r\n");
}
