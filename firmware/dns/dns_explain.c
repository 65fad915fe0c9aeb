/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The answer that is explained is made by dns_answer() itself and read back from its octets, so
 * that what a person sees is what a resolver gets. */
#include "dns_explain.h"

#include "dns_format.h"
#include "dns_query.h"
#include "dns_rdata.h"

#include <string.h>

#define EXPLAIN_SIZE 4096 /* octets of the answer that is looked at */

static const char *const section_text[] = {"answer", "authority", "additional"};

static const char *rcode_text(unsigned rcode)
{
	static const char *const texts[] = {
		"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"};

	return rcode < COUNT_OF(texts) ? texts[rcode] : "error";
}

/* One record of a message, read. */
struct shown_record {
	struct dns_name owner;
	uint16_t type, n;
	uint32_t ttl;
	size_t data; /* where in the message */
};

static bool take_record(struct bytes message, size_t *at, struct shown_record *r)
{
	struct bytes rest;

	if (dns_name_take(message, at, &r->owner) != FL_OK)
		return false;
	rest = bytes_of(message.at + *at, message.n - *at);
	r->type = bytes_take_u16(&rest);
	bytes_take_u16(&rest);
	r->ttl = bytes_take_u32(&rest);
	r->n = bytes_take_u16(&rest);
	if (!bytes_take(&rest, r->n) && r->n)
		return false;
	*at = message.n - rest.n;
	r->data = *at - r->n;
	return true;
}

static void print_record(
	struct bytes message, size_t *at, const char *section, const struct sink *out)
{
	char text[DNS_NAME_TEXT_MAX], type_text[DNS_TYPE_TEXT_MAX];
	struct shown_record r;

	if (!take_record(message, at, &r))
		return;
	sink_printf(out, "%-10s  %s %lu IN %s ", section, dns_name_text(r.owner.wire, text),
		(unsigned long)r.ttl, dns_type_text(r.type, type_text));
	dns_rdata_print(r.type, message, r.data, r.n, out);
	sink_puts(out, "\n");
}

static void print_message(struct bytes message, size_t question_n, const struct sink *out)
{
	unsigned flags = get_u16(message.at + 2);
	size_t at = DNS_HEADER + question_n;

	sink_printf(out, "status %s%s%s\n", rcode_text(flags & 15),
		flags & FLAG_AA ? "" : ", not authoritative",
		flags & FLAG_TC ? ", too long for one datagram" : "");
	for (unsigned s = 0; s < COUNT_OF(section_text); s++)
		for (unsigned i = get_u16(message.at + 6 + 2 * s); i > 0; i--)
			print_record(message, &at, section_text[s], out);
}

/* "wan1 is live", "wan1 and wan2 are down" */
static void print_links(const struct dns_image *image, uint32_t links, const struct sink *out)
{
	const char *comma = "";

	for (unsigned number = 1; number <= FL_LINKS_MAX; number++) {
		const char *name = image_header(image)->link[number - 1];

		if (!(links_plain(links) & link_bit(number)))
			continue;
		if (*name)
			sink_printf(out, "%s%s", comma, name);
		else
			sink_printf(out, "%slink %u", comma, number);
		comma = ", ";
	}
}

static void print_reason(const struct dns_image *image, const struct published *pub,
	const struct image_set *set, const struct image_record *r, const struct sink *out)
{
	uint32_t alive = links_alive_for(set, pub->live, links_alive(pub)), links = r->links;

	if (r->instead) {
		sink_puts(out, set->links & alive ? "out: only while no link of the name is live\n"
						  : "in: no link of the name is live\n");
		return;
	}
	if (links & LINKS_ALWAYS) {
		sink_puts(out, "in: does not depend on a link\n");
		return;
	}
	if (links & alive) {
		sink_puts(out, "in: ");
		print_links(image, links & alive, out);
		sink_puts(out, pub->live ? " is live\n" : ", as every link is down\n");
		return;
	}
	if (!(set->links & alive) && dns_set_is_whole(image, set, alive))
		sink_puts(out, "in, although its link is down, so that nothing bounces: ");
	else
		sink_puts(out, "out: not live: ");
	print_links(image, links, out);
	sink_puts(out, "\n");
}

static void explain_set(const struct dns_image *image, const struct published *pub,
	const struct image_set *set, const struct image_node *node, const struct sink *out)
{
	const struct image_record *r = image_records(image, set->records);
	const struct image_node *apex = image_node(image, image_zone(image, node->zone)->apex);
	char type_text[DNS_TYPE_TEXT_MAX];
	uint8_t message[DNS_HEADER + DNS_NAME_SIZE + DNS_RDATA_MAX + 4];

	for (unsigned i = 0; i < set->count; i++) {
		const uint8_t *data = image->at + r[i].ready + READY_DATA;
		size_t n = r[i].n - (size_t)READY_DATA, at = DNS_HEADER + apex->name_n;

		if (n > DNS_RDATA_MAX)
			continue;
		/* A message that holds the zone's name, for the pointers to it, and the data. */
		memcpy(message + DNS_HEADER, image->at + apex->name, apex->name_n);
		memcpy(message + at, data, n);
		for (size_t k = 0; k < COUNT_OF(r[i].patch); k++)
			if (r[i].patch[k])
				set_u16(message + at + r[i].patch[k] - READY_DATA,
					0xc000 | DNS_HEADER);
		sink_printf(out, "  %s ", dns_type_text(set->type, type_text));
		dns_rdata_print(set->type, bytes_of(message, at + n), at, n, out);
		sink_puts(out, "  ");
		print_reason(image, pub, set, &r[i], out);
	}
}

static bool is_explained(uint16_t type)
{
	return type == DNS_A || type == DNS_AAAA || type == DNS_MX || type == DNS_NS;
}

/* Why each record that follows the links is in or out. */
static void explain_node(const struct dns_image *image, const struct published *pub,
	const struct image_node *node, uint16_t type, const struct sink *out)
{
	char text[DNS_NAME_TEXT_MAX];
	bool said = false;

	for (unsigned i = 0; i < node->nsets; i++) {
		const struct image_set *set = &image_sets(node)[i];

		if (!is_explained(set->type) || (type != DNS_ANY && type != set->type))
			continue;
		if (!said)
			sink_printf(out, "%s\n", dns_name_text(image->at + node->name, text));
		said = true;
		explain_set(image, pub, set, node, out);
		for (unsigned k = 0; set->type == DNS_MX && k < set->count; k++) {
			uint32_t target = image_records(image, set->records)[k].target;

			if (target)
				explain_node(image, pub, image_node(image, target), DNS_A, out);
			if (target)
				explain_node(image, pub, image_node(image, target), DNS_AAAA, out);
		}
	}
}

static size_t put_question(struct buf *out, const struct dns_name *name, uint16_t type)
{
	static const uint8_t header[DNS_HEADER] = {0, 0, 0, 0, 0, 1};

	buf_put(out, header, sizeof(header));
	buf_put(out, name->wire, name->n);
	buf_put_u16(out, type);
	buf_put_u16(out, DNS_IN);
	return name->n + 4u;
}

/* Ask as a resolver would over TCP.  `*question_n`: octets of the question in the reply. */
static enum fl_err ask(const struct dns_image *image, const struct published *pub,
	const struct dns_name *name, uint16_t type, const struct ip_addr *from, struct buf *reply,
	size_t *question_n)
{
	struct dns_responder r = {.image = *image, .rng = rng_of(1)};
	const struct dns_client client = {.addr = *from, .tcp = true};
	uint8_t question[DNS_HEADER + DNS_NAME_SIZE + 4];
	struct buf query = buf_of(question, sizeof(question));

	*question_n = put_question(&query, name, type);
	return dns_answer(&r, pub, &client, bytes_of(query.at, query.n), reply) == DNS_REPLY
		       ? FL_OK
		       : FL_EFULL;
}

enum fl_err dns_explain_from(const struct dns_image *image, const struct published *pub,
	struct str name, struct str type, const struct ip_addr *from, const struct sink *out)
{
	uint8_t octets[EXPLAIN_SIZE];
	struct buf reply = buf_of(octets, sizeof(octets));
	const struct image_node *node;
	struct dns_name wire;
	struct dns_key key;
	uint16_t code;
	size_t n;

	if (dns_name_parse(name, NULL, &wire) != FL_OK) {
		sink_printf(out, "\"%.*s\" is not a domain name\n", STR_ARG(name));
		return FL_EFORMAT;
	}
	if (!dns_type_parse(type, &code)) {
		sink_printf(out, "\"%.*s\" is not a type: use A, AAAA, MX, TXT, ..., or TYPEnnn\n",
			STR_ARG(type));
		return FL_EFORMAT;
	}
	if (ask(image, pub, &wire, code, from, &reply, &n))
		return FL_EFULL;
	print_message(bytes_of(reply.at, reply.n), n, out);
	dns_key_of(wire.wire, wire.n, &key);
	node = dns_image_find(image, key.wire, key.n, dns_key_hash(key.wire, key.n));
	if (node)
		explain_node(image, pub, node, code, out);
	return FL_OK;
}

enum fl_err dns_explain(const struct dns_image *image, const struct published *pub, struct str name,
	struct str type, const struct sink *out)
{
	return dns_explain_from(image, pub, name, type, &(struct ip_addr){0}, out);
}

/* ---- in short ---- */

#define SHORT_RECORDS 32
#define SHORT_TEXT    128

static void sort_texts(char text[][SHORT_TEXT], size_t n)
{
	char swap[SHORT_TEXT];

	for (size_t i = 1; i < n; i++)
		for (size_t k = i; k > 0 && strcmp(text[k - 1], text[k]) > 0; k--) {
			memcpy(swap, text[k], SHORT_TEXT);
			memcpy(text[k], text[k - 1], SHORT_TEXT);
			memcpy(text[k - 1], swap, SHORT_TEXT);
		}
}

enum fl_err dns_explain_short(const struct dns_image *image, const struct published *pub,
	struct str name, struct str type, const struct ip_addr *from, struct textbuf *out)
{
	char text[SHORT_RECORDS][SHORT_TEXT];
	uint8_t octets[EXPLAIN_SIZE];
	struct buf reply = buf_of(octets, sizeof(octets));
	struct shown_record r;
	struct dns_name wire;
	size_t at, n = 0;
	uint16_t code;

	if (dns_name_parse(name, NULL, &wire) != FL_OK || !dns_type_parse(type, &code))
		return FL_EFORMAT;
	if (ask(image, pub, &wire, code, from, &reply, &at))
		return FL_EFULL;
	at += DNS_HEADER;
	for (unsigned left = get_u16(reply.at + 6); left > 0 && n < SHORT_RECORDS; left--) {
		struct textbuf t = textbuf_of(text[n], SHORT_TEXT);
		struct sink line = textbuf_sink(&t);

		if (!take_record(bytes_of(reply.at, reply.n), &at, &r))
			break;
		dns_rdata_print(r.type, bytes_of(reply.at, reply.n), r.data, r.n, &line);
		n++;
	}
	sort_texts(text, n);
	for (size_t i = 0; i < n; i++)
		textbuf_printf(out, "%s%s", i ? ", " : "", text[i]);
	return FL_OK;
}
