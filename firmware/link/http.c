/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http.h"

#include <string.h>

#define HOST_MAX 253

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_of_host(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
	       c == '.' || c == '_';
}

static bool host_is_good(struct str host)
{
	if (host.n == 0 || host.n > HOST_MAX)
		return false;
	for (size_t i = 0; i < host.n; i++)
		if (!is_of_host(host.at[i]))
			return false;
	return true;
}

static bool path_is_good(struct str path)
{
	for (size_t i = 0; i < path.n; i++)
		if (path.at[i] <= ' ' || path.at[i] >= 0x7f)
			return false;
	return true;
}

enum fl_err http_url_parse(struct str text, struct http_url *out)
{
	struct http_url url = {.path = STR("/")};
	const char *slash = text.n ? memchr(text.at, '/', text.n) : NULL;
	struct str rest = {text.at, slash ? (size_t)(slash - text.at) : text.n};
	bool has_port = rest.n && memchr(rest.at, ':', rest.n);
	uint64_t port = 0;

	if (slash)
		url.path = (struct str){slash, text.n - rest.n};
	url.host = str_cut(&rest, ':');
	if (!host_is_good(url.host) || !path_is_good(url.path) ||
		(has_port && (!str_to_u64(rest, UINT16_MAX, &port) || port == 0)))
		return FL_EFORMAT;
	url.port = (uint16_t)port;
	*out = url;
	return FL_OK;
}

static void put(struct buf *out, struct str s)
{
	buf_put(out, s.at, s.n);
}

static void put_port(struct buf *out, uint16_t port)
{
	char text[8];
	struct textbuf t = textbuf_of(text, sizeof(text));

	textbuf_printf(&t, ":%u", port);
	put(out, textbuf_str(&t));
}

enum fl_err http_request(const struct http_url *url, struct buf *out)
{
	struct buf whole = *out;

	put(&whole, STR("GET "));
	put(&whole, url->path);
	put(&whole, STR(" HTTP/1.0\r\nHost: "));
	put(&whole, url->host);
	if (url->port)
		put_port(&whole, url->port);
	put(&whole, STR("\r\nUser-Agent: fairlead\r\nAccept: */*\r\nConnection: close\r\n\r\n"));
	if (whole.bad)
		return FL_EFULL;
	*out = whole;
	return FL_OK;
}

/* ---- the answer ---- */

static bool holds(struct str in, struct str what)
{
	for (size_t i = 0; i + what.n <= in.n; i++)
		if (memcmp(in.at + i, what.at, what.n) == 0)
			return true;
	return false;
}

/* What stands behind the empty line; at NULL: that has not come yet. */
static struct str content(struct str answer)
{
	for (size_t i = 0; i + 1 < answer.n; i++) {
		if (answer.at[i] != '\n')
			continue;
		if (answer.at[i + 1] == '\n')
			return (struct str){answer.at + i + 2, answer.n - i - 2};
		if (i + 2 < answer.n && answer.at[i + 1] == '\r' && answer.at[i + 2] == '\n')
			return (struct str){answer.at + i + 3, answer.n - i - 3};
	}
	return (struct str){NULL, 0};
}

#define STATUS_AT  9 /* "HTTP/1.1 204 No Content" */
#define STATUS_END 12

/* The status; 0: more is wanted, or it is none and *garbled. */
static unsigned status_of(struct str answer, bool *garbled)
{
	static const char begin[] = "HTTP/1.";
	size_t known = answer.n < sizeof(begin) - 1 ? answer.n : sizeof(begin) - 1;
	uint64_t status = 0;

	*garbled = memcmp(answer.at, begin, known) != 0;
	if (*garbled || answer.n <= STATUS_END)
		return 0;
	*garbled = !is_digit(answer.at[STATUS_AT - 2]) || answer.at[STATUS_AT - 1] != ' ' ||
		   is_digit(answer.at[STATUS_END]) ||
		   !str_to_u64((struct str){answer.at + STATUS_AT, 3}, 599, &status) ||
		   status < 100;
	return *garbled ? 0 : (unsigned)status;
}

static bool is_status(struct str s)
{
	return s.n == 3 && is_digit(s.at[0]) && is_digit(s.at[1]) && is_digit(s.at[2]);
}

enum http_verdict http_judge(struct bytes heard, struct str expect, bool over, unsigned *status)
{
	struct str answer = {(const char *)heard.at, heard.n}, page;
	uint64_t wanted = 0;
	bool garbled = true;

	*status = heard.n ? status_of(answer, &garbled) : 0;
	if (*status == 0)
		return (heard.n && garbled) || over ? HTTP_GARBLED : HTTP_MORE;
	if (is_status(expect) && str_to_u64(expect, 999, &wanted) && wanted == *status)
		return HTTP_GOOD;
	if (*status / 100 == 3)
		return HTTP_REDIRECT;
	if (is_status(expect) || *status / 100 != 2)
		return HTTP_STATUS;
	page = content(answer);
	if (expect.n == 0 || (page.at && holds(page, expect)))
		return HTTP_GOOD;
	return over ? HTTP_CONTENT : HTTP_MORE;
}

const char *http_verdict_text(enum http_verdict v)
{
	switch (v) {
	case HTTP_MORE:
		return "an unfinished answer";
	case HTTP_GOOD:
		return "the page expected";
	case HTTP_REDIRECT:
		return "a redirect";
	case HTTP_STATUS:
		return "another status";
	case HTTP_CONTENT:
		return "another page";
	case HTTP_GARBLED:
		return "no answer of a web server";
	}
	return "unknown";
}
