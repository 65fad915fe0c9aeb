/* SPDX-License-Identifier: GPL-2.0-or-later */
/* web.h - the router's state for a browser and for a collector of metrics: what was asked for, and
 * the answer.  It is read only: nothing that is asked changes anything.  Pure. */
#ifndef FL_WEB_H
#define FL_WEB_H

#include "addr.h"
#include "bytes.h"
#include "link.h"
#include "log.h"

/* ---- the question ---- */

enum web_status {
	WEB_GOOD = 200,
	WEB_GARBLED = 400,
	WEB_NOT_FOUND = 404,
	WEB_NOT_ALLOWED = 405, /* a method other than GET and HEAD */
	WEB_MISDIRECTED = 421, /* it is for another host (RFC 9110 15.5.20) */
	WEB_TOO_LONG = 431,
};

enum web_what { WEB_PAGE, WEB_METRICS, WEB_JSON };

struct web_request {
	enum web_status status;
	enum web_what what; /* status WEB_GOOD */
	bool head;          /* HEAD: the answer is without its content */
	struct str host;    /* for whom, without a port; empty: it does not say; of `heard` */
};

/* What the octets up to the empty line ask for; without one they are too long (RFC 9112). */
void web_parse(struct bytes heard, struct web_request *out);
/* Is a question to `host` one to us, at address `at` or by the name `name`?  Of one that does not
 * say to whom it is: yes, since no browser leaves it out. */
bool web_host_is(struct str host, const struct ip_addr *at, struct str name);

/* ---- the answer ---- */

struct web_link {
	struct str name, interface;
	enum link_state state; /* as people are shown it */
	bool in_use;           /* carries new connections */
	span since;            /* in this state */
	const char *cause;
	span rtt; /* < 0: not known */
	uint32_t loss_permille;
	uint64_t sent, answered;     /* probes */
	uint64_t rx_bytes, tx_bytes; /* of the interface */
	uint64_t down, up;           /* bit/s, over the last seconds */
	bool metered;
	uint64_t quota_used, quota; /* octets */
};

struct web_dns {
	bool running;
	uint64_t restarts, queries, replies, dropped, tcp, truncated;
};

struct web_facts {
	struct str host;
	const char *version, *board;
	int64_t wall; /* seconds since 1970; before 1971: never set */
	span running;
	uint32_t revision;
	span confirm; /* until a tried configuration goes back; < 0: none is */
	const struct web_link *links;
	size_t nlinks;
	struct web_dns dns;
	bool connections_known;
	uint32_t connections, connections_max; /* of the kernel's table */
	/* Writes the last lines of the log. */
	void (*log)(void *ctx, const struct sink *out);
	void *ctx;
};

/* Write the whole content. */
void web_page(const struct web_facts *f, const struct sink *out);
void web_metrics(const struct web_facts *f, const struct sink *out); /* Prometheus, text 0.0.4 */
void web_json(const struct web_facts *f, const struct sink *out);
/* The head of the answer, for a content of `n` octets. */
void web_head(const struct web_request *r, size_t n, const struct sink *out);
/* What is said in place of a page. */
const char *web_refusal(enum web_status s);

#endif
