/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns_counters.h"

#include "dns_format.h"
#include "dns_query.h"
#include "dns_rdata.h"
#include "json_write.h"

const uint16_t dns_counted_types[DNS_COUNTED_TYPES - 1] = {DNS_A, DNS_AAAA, DNS_MX, DNS_PTR, DNS_NS,
	DNS_TXT, DNS_SOA, DNS_SRV, DNS_CNAME, DNS_HTTPS, DNS_ANY};

struct counter {
	const char *name;
	size_t at;
};

#define COUNTER(name, member)                                                                      \
	{                                                                                          \
		name, offsetof(struct dns_counters, member)                                        \
	}

static const struct counter counters[] = {
	COUNTER("queries", queries),
	COUNTER("over UDP", udp),
	COUNTER("over TCP", tcp),
	COUNTER("with EDNS", edns),
	COUNTER("dropped", dropped),
	COUNTER("truncated", truncated),
	COUNTER("rate limit, dropped", limit_dropped),
	COUNTER("rate limit, cut short", limit_slipped),
	COUNTER("cookie none", cookie[DNS_COOKIE_NONE]),
	COUNTER("cookie new", cookie[DNS_COOKIE_NEW]),
	COUNTER("cookie bad", cookie[DNS_COOKIE_BAD]),
	COUNTER("cookie good", cookie[DNS_COOKIE_GOOD]),
	COUNTER("ordered by a view", viewed),
	COUNTER("empty, link down", withdrawn),
	COUNTER("answered, link down", kept),
	COUNTER("rcode NOERROR", rcode[RCODE_NOERROR]),
	COUNTER("rcode FORMERR", rcode[RCODE_FORMERR]),
	COUNTER("rcode SERVFAIL", rcode[RCODE_SERVFAIL]),
	COUNTER("rcode NXDOMAIN", rcode[RCODE_NXDOMAIN]),
	COUNTER("rcode NOTIMP", rcode[RCODE_NOTIMP]),
	COUNTER("rcode REFUSED", rcode[RCODE_REFUSED]),
	COUNTER("rcode NOTAUTH", rcode[RCODE_NOTAUTH]),
	COUNTER("rcode BADVERS", rcode[RCODE_BADVERS]),
	COUNTER("rcode BADCOOKIE", rcode[RCODE_BADCOOKIE]),
};

typedef void tell_counter(void *ctx, const char *name, uint64_t n);

struct listener {
	tell_counter *tell;
	void *ctx;
};

/* Those that are 0 are not told. */
static void print(const struct listener *out, const char *what, const char *which, uint64_t n)
{
	char name[48];
	struct textbuf t = textbuf_of(name, sizeof(name));

	if (!n)
		return;
	textbuf_printf(&t, "%s%s", what, which);
	out->tell(out->ctx, name, n);
}

static void tell_all(const struct dns_counters *c, uint64_t violations,
	const struct dns_image *image, const struct listener *out)
{
	char text[DNS_TYPE_TEXT_MAX];

	for (size_t i = 0; i < COUNT_OF(counters); i++)
		print(out, counters[i].name, "",
			*(const uint64_t *)(const void *)((const uint8_t *)c + counters[i].at));
	for (size_t i = 0; i < COUNT_OF(dns_counted_types); i++)
		print(out, "type ", dns_type_text(dns_counted_types[i], text), c->type[i]);
	print(out, "type ", "other", c->type[DNS_COUNTED_TYPES - 1]);
	print(out, "addresses ", "off-site", c->per_link[0]);
	for (unsigned number = 1; number <= FL_LINKS_MAX; number++)
		print(out, "addresses on ",
			image->at ? image_header(image)->link[number - 1] : "a link",
			c->per_link[number]);
	print(out, "forbidden system calls", "", violations);
}

static void put_line(void *ctx, const char *name, uint64_t n)
{
	sink_printf(ctx, "%-32s %12llu\n", name, (unsigned long long)n);
}

void dns_counters_print(const struct dns_counters *c, uint64_t violations,
	const struct dns_image *image, const struct sink *out)
{
	struct sink to = *out;

	if (!c->queries)
		sink_puts(out, "no query yet\n");
	tell_all(c, violations, image, &(struct listener){put_line, &to});
}

static void put_member(void *ctx, const char *name, uint64_t n)
{
	json_number(ctx, name, (int64_t)n);
}

void dns_counters_print_json(const struct dns_counters *c, uint64_t violations,
	const struct dns_image *image, const struct sink *out)
{
	struct json_writer w = {.out = out};

	json_open(&w, "{");
	tell_all(c, violations, image, &(struct listener){put_member, &w});
	json_close(&w, "}");
	sink_puts(out, "\n");
}
