/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_zone.h - domains to ask questions of, and replies as text, for tests and fuzz targets.
 * Only static functions, as fuzz targets are linked without tests/support. */
#ifndef FL_TEST_DNS_ZONE_H
#define FL_TEST_DNS_ZONE_H

#include "dns.h"
#include "dns_format.h"
#include "dns_query.h"
#include "dns_rdata.h"
#include "test_heap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNUSED __attribute__((unused))

#define ZONE_MAX 24

/* wan1, wan2 and wan3, and one domain to start with; a test adds what it needs. */
struct zone {
	struct arena mem;
	struct diags why;
	struct link_conf links[3];
	struct link_address address[3];
	struct dns_domain_conf domain[2];
	struct dns_name_server_conf server[ZONE_MAX];
	struct dns_host_conf host[ZONE_MAX];
	struct dns_balanced_conf balanced[ZONE_MAX];
	struct dns_balanced_member member[ZONE_MAX];
	size_t nmembers;
	struct dns_record_conf record[ZONE_MAX];
	struct dns_reverse_conf reverse[4];
	struct policy_conf policy[3];
	struct dns_source source;
	struct bytes octets;
	struct dns_responder r;
	struct published pub;
	struct dns_client client;
	char text[16384];
};

static struct ip_addr zone_addr(const char *text)
{
	struct ip_addr a = {0};

	if (*text && ip_addr_parse(str_of(text), &a) != FL_OK)
		abort();
	return a;
}

/* Links are named by number here: 1, 2, 3; 0 is an off-site address; -1 was not said. */
static int32_t zone_link(int link)
{
	return link > 0 ? link - 1 : link == 0 ? DNS_LINK_ANY : -100;
}

UNUSED static struct dns_host_conf *zone_host(
	struct zone *z, const char *name, const char *address, int link)
{
	struct dns_host_conf *h = &z->host[z->domain[0].nhosts++];
	char why[120];
	struct textbuf t = textbuf_of(why, sizeof(why));

	*h = (struct dns_host_conf){.address = zone_addr(address), .link = zone_link(link)};
	if (!dns_host_name_parse(str_of(name), &h->name, &t))
		abort();
	h->mail_entry = h->name.has_preference;
	return h;
}

UNUSED static struct dns_balanced_conf *zone_balanced(
	struct zone *z, const char *name, int policy, const int *hosts, size_t n)
{
	struct dns_balanced_conf *b = &z->balanced[z->domain[0].nbalanced++];
	char why[120];
	struct textbuf t = textbuf_of(why, sizeof(why));

	*b = (struct dns_balanced_conf){
		.policy = policy, .members = &z->member[z->nmembers], .nmembers = n};
	for (size_t i = 0; i < n; i++)
		z->member[z->nmembers++].host = hosts[i];
	if (!dns_host_name_parse(str_of(name), &b->name, &t))
		abort();
	b->mail_entry = b->name.has_preference;
	return b;
}

UNUSED static void zone_record(struct zone *z, const char *name, const char *type, const char *data)
{
	z->record[z->domain[0].nrecords++] = (struct dns_record_conf){
		.name = str_of(name), .type = str_of(type), .data = str_of(data)};
}

UNUSED static void zone_server(struct zone *z, const char *name, const char *address, int link)
{
	z->server[z->domain[0].nname_servers++] = (struct dns_name_server_conf){
		.name = str_of(name), .address = zone_addr(address), .link = zone_link(link)};
}

UNUSED static void zone_reverse(struct zone *z, const char *prefix)
{
	struct dns_reverse_conf *r = &z->reverse[z->source.nreverses++];

	*r = (struct dns_reverse_conf){.automatic = true};
	if (ip_prefix_parse(str_of(prefix), &r->prefix) != FL_OK)
		abort();
}

UNUSED static void zone_open(struct zone *z, const char *domain)
{
	static const char *const names[] = {"wan1", "wan2", "wan3"};

	memset(z, 0, sizeof(*z));
	arena_init(&z->mem, &heap);
	diags_init(&z->why, &z->mem);
	for (size_t i = 0; i < COUNT_OF(z->links); i++) {
		z->links[i].name = str_of(names[i]);
		z->links[i].number = (uint8_t)(i + 1);
		z->links[i].addresses = &z->address[i];
		z->links[i].naddresses = 1;
		z->address[i].prefix.addr = ip_addr_v4(198, 18, (uint8_t)(i + 1), 2);
		z->address[i].prefix.bits = 24;
	}
	z->domain[0] = (struct dns_domain_conf){
		.name = str_of(domain),
		.ttl = sec(30),
		.negative_ttl = sec(10),
		.name_servers = z->server,
		.hosts = z->host,
		.balanced = z->balanced,
		.records = z->record,
	};
	z->source = (struct dns_source){
		.domains = z->domain,
		.ndomains = 1,
		.reverses = z->reverse,
		.links = z->links,
		.nlinks = COUNT_OF(z->links),
		.policies = z->policy,
		.npolicies = COUNT_OF(z->policy),
		.serial = 1000,
	};
	z->pub.live = z->pub.fit = z->pub.configured = 7;
	z->r.rng = rng_of(1);
	z->client.addr = ip_addr_v4(192, 0, 2, 1);
}

UNUSED static void zone_close(struct zone *z)
{
	arena_reset(&z->mem);
}

UNUSED static enum fl_err zone_build(struct zone *z)
{
	enum fl_err e = dns_image_build(&z->source, &z->mem, &z->octets, &z->why);

	return e ? e : dns_image_open(z->octets, &z->r.image);
}

/* The links that are live, as "13"; policies as the policy module would publish them. */
UNUSED static void zone_live(struct zone *z, const char *live)
{
	static const uint8_t methods[] = {POLICY_PRIORITY, POLICY_WEIGHTED, POLICY_ALL};

	z->pub.live = 0;
	for (; *live; live++)
		z->pub.live |= link_bit((unsigned)(*live - '0'));
	z->pub.fit = z->pub.live;
	z->pub.npolicies = COUNT_OF(methods);
	for (size_t p = 0; p < COUNT_OF(methods); p++) {
		struct published_policy *q = &z->pub.policy[p];

		*q = (struct published_policy){.method = methods[p]};
		for (uint8_t n = 1; n <= COUNT_OF(z->links); n++)
			if (z->pub.live & link_bit(n))
				q->live[q->nlive++] = n;
		/* Weights: the first live link has three quarters of the slots. */
		for (unsigned s = 0; s < POLICY_SLOTS && q->nlive; s++)
			q->slot[s] = q->live[s % 4 == 3 && q->nlive > 1 ? 1 : 0];
	}
}

/* The domain of DESIGN: two mail hosts, two web hosts, one off-site. */
UNUSED static void zone_example(struct zone *z)
{
	static const int www[] = {2, 3};

	zone_open(z, "example.com");
	zone_server(z, "ns1", "203.0.113.2", 1);
	zone_server(z, "ns2", "198.51.100.2", 2);
	zone_host(z, "10;mail1", "203.0.113.3", 1);
	zone_host(z, "20;mail2", "198.51.100.3", 2);
	zone_host(z, "www-a", "203.0.113.4", 1);
	zone_host(z, "www-b", "198.51.100.4", 2);
	zone_host(z, "offsite", "192.0.2.80", 0);
	zone_balanced(z, "www", -1, www, COUNT_OF(www));
	zone_record(z, "_sip._tcp", "SRV", "10 5 5060 www");
	zone_record(z, "alias", "CNAME", "www-a");
	zone_record(z, "*.wild", "TXT", "any name");
	zone_record(z, "sub", "NS", "ns.sub");
	zone_record(z, "ns.sub", "A", "192.0.2.53");
	zone_record(z, "@", "TXT", "v=spf1 mx -all");
	zone_reverse(z, "203.0.113.0/29");
}

/* ---- questions ---- */

struct question {
	uint8_t at[1500];
	struct buf b;
};

UNUSED static void question_begin(struct question *q, const char *name, uint16_t type)
{
	struct dns_name wire;

	q->b = buf_of(q->at, sizeof(q->at));
	buf_put_u16(&q->b, 0x1234);
	buf_put_u16(&q->b, FLAG_RD);
	buf_put_u16(&q->b, 1);
	buf_put_u32(&q->b, 0);
	buf_put_u16(&q->b, 0);
	if (dns_name_parse(str_of(name), NULL, &wire) != FL_OK)
		abort();
	buf_put(&q->b, wire.wire, wire.n);
	buf_put_u16(&q->b, type);
	buf_put_u16(&q->b, DNS_IN);
}

UNUSED static void question_edns(struct question *q, uint16_t size, uint32_t ttl)
{
	set_u16(q->at + 10, (uint16_t)(get_u16(q->at + 10) + 1));
	buf_put_u8(&q->b, 0);
	buf_put_u16(&q->b, DNS_OPT);
	buf_put_u16(&q->b, size);
	buf_put_u32(&q->b, ttl);
	buf_put_u16(&q->b, 0);
}

/* ---- replies ---- */

/* One record of a message as text, and `*at` behind it.  False: it is malformed. */
static bool reply_record(struct bytes m, size_t *at, const char *section, const struct sink *out)
{
	char owner_text[DNS_NAME_TEXT_MAX], type_text[DNS_TYPE_TEXT_MAX];
	struct dns_name owner;
	uint16_t type, n;
	uint32_t ttl;

	if (dns_name_take(m, at, &owner) != FL_OK || m.n - *at < 10)
		return false;
	type = get_u16(m.at + *at);
	ttl = get_u32(m.at + *at + 4);
	n = get_u16(m.at + *at + 8);
	*at += 10;
	if (n > m.n - *at || !dns_rdata_check(type, m, *at, n, NULL, NULL))
		return false;
	if (type == DNS_OPT)
		sink_printf(out, "%s OPT %u %08lx\n", section, get_u16(m.at + *at - 8),
			(unsigned long)ttl);
	else {
		sink_printf(out, "%s %s %lu %s ", section, dns_name_text(owner.wire, owner_text),
			(unsigned long)ttl, dns_type_text(type, type_text));
		dns_rdata_print(type, m, *at, n, out);
		sink_puts(out, "\n");
	}
	*at += n;
	return true;
}

/* A whole reply as text: "NOERROR aa", then a line a record.  False: it is malformed, or octets
 * are left over. */
static bool reply_print(struct bytes m, const struct sink *out)
{
	static const char *const rcodes[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP",
		"REFUSED", "6", "7", "8", "NOTAUTH", "10", "11", "12", "13", "14", "15"};
	static const char *const sections[] = {"an", "ns", "ar"};
	size_t at = DNS_HEADER;
	struct dns_name name;
	unsigned flags;

	if (m.n < DNS_HEADER)
		return false;
	flags = get_u16(m.at + 2);
	if (!(flags & FLAG_QR) || get_u16(m.at + 4) > 1)
		return false;
	sink_printf(out, "%s%s%s\n", rcodes[flags & 15], flags & FLAG_AA ? " aa" : "",
		flags & FLAG_TC ? " tc" : "");
	if (get_u16(m.at + 4)) {
		if (dns_name_take(m, &at, &name) != FL_OK || m.n - at < 4)
			return false;
		at += 4;
	}
	for (size_t s = 0; s < COUNT_OF(sections); s++)
		for (unsigned i = get_u16(m.at + 6 + 2 * s); i > 0; i--)
			if (!reply_record(m, &at, sections[s], out))
				return false;
	return at == m.n;
}

/* Ask and give the reply as text; "dropped", or "malformed". */
UNUSED static const char *zone_send(struct zone *z, struct bytes query)
{
	static uint8_t octets[DNS_TCP_SIZE];
	struct buf reply = buf_of(octets, z->client.tcp ? sizeof(octets) : DNS_UDP_SIZE);
	struct textbuf t = textbuf_of(z->text, sizeof(z->text));
	struct sink out = textbuf_sink(&t);

	if (dns_answer(&z->r, &z->pub, &z->client, query, &reply) == DNS_DROP)
		return "dropped";
	if (!reply_print(bytes_of(reply.at, reply.n), &out))
		return "malformed";
	return z->text;
}

UNUSED static const char *zone_ask(struct zone *z, const char *name, uint16_t type)
{
	struct question q;

	question_begin(&q, name, type);
	return zone_send(z, bytes_of(q.b.at, q.b.n));
}

#endif
