/* SPDX-License-Identifier: GPL-2.0-or-later */
/* http.h - ask a web server for a page, and judge what it answers (RFC 9110, RFC 9112).  Pure.
 *
 * HTTP/1.0 is asked for: it has no chunks, so that a word of the page stands whole in the octets,
 * and its connection ends with the page. */
#ifndef FL_HTTP_H
#define FL_HTTP_H

#include "bytes.h"
#include "err.h"
#include "text.h"

#define HTTP_REQUEST_MAX 640

/* "www.example.org:8080/check" */
struct http_url {
	struct str host, path; /* path: with its "/"; "/" when none is said */
	uint16_t port;         /* 0: the usual one */
};

/* FL_EFORMAT: no host name or address, no port, or a path with blanks or control characters. */
MUST_USE enum fl_err http_url_parse(struct str text, struct http_url *out);
/* GET of that page.  FL_EFULL. */
MUST_USE enum fl_err http_request(const struct http_url *url, struct buf *out);

enum http_verdict {
	HTTP_MORE,     /* cannot be told yet */
	HTTP_GOOD,     /* the page that was expected */
	HTTP_REDIRECT, /* elsewhere: a captive portal does that */
	HTTP_STATUS,   /* another status than the one expected */
	HTTP_CONTENT,  /* the text expected is not in it */
	HTTP_GARBLED,  /* no answer of a web server */
};

/* Judge the octets heard so far; `over`: there will be no more.  `expect`: three digits are the
 * status wanted; any other text must stand in the page, under a status of 2xx; empty: any 2xx.
 * *status is 0 until it is known. */
enum http_verdict http_judge(struct bytes heard, struct str expect, bool over, unsigned *status);
/* "a redirect"; of HTTP_GOOD and HTTP_MORE as well. */
const char *http_verdict_text(enum http_verdict v);

#endif
