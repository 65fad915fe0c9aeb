/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The answer that is explained is made by dns_answer() itself and read back from its octets, so
 * that what a person sees is what a resolver gets. */
#include "dns_explain.h"

#include "dns_format.h"
#include "dns_query.h"
#include "dns_rdata.h"
#include "dns_view.h"

#include <string.h>

#define EXPLAIN_SIZE CONFIG_DNS_EXPLAIN /* octets of an answer */
#define CHAIN_MAX    9                  /* aliases that are followed, and the last name */
/* Octets of a record that is explained: an address, or a name behind a preference. */
#define EXPLAINED_MAX (2 + DNS_NAME_SIZE)

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

/* What was asked by whom, and the reply. */
struct explained {
	const struct dns_image *image;
	const struct published *pub;
	const struct ip_addr *from;
	struct bytes reply;
	size_t records_at;
};

static bool same_name(const uint8_t *a, size_t a_n, const uint8_t *b, size_t b_n)
{
	return a_n == b_n && memcmp(a, b, a_n) == 0;
}

/* Is this address of the node among the records of the reply?  Those of "*" are there under the
 * name asked for. */
static bool is_answered(const struct explained *e, const struct image_node *node, uint16_t type,
	const struct image_record *address)
{
	const uint8_t *data = e->image->at + address->ready + READY_DATA;
	size_t at = e->records_at, n = address->n - (size_t)READY_DATA;
	struct shown_record r;
	struct dns_key owner;

	while (at < e->reply.n && take_record(e->reply, &at, &r)) {
		dns_key_of(r.owner.wire, r.owner.n, &owner);
		if (r.type == type && r.n == n && memcmp(e->reply.at + r.data, data, n) == 0 &&
			(dns_name_is_wildcard(image_name(node)) ||
				same_name(owner.wire, owner.n, image_name(node), node->name_n)))
			return true;
	}
	return false;
}

/* A live address that is not answered: who has left it out? */
static void print_left_out(const struct explained *e, const struct sink *out)
{
	const struct image_header *h = image_header(e->image);
	const struct image_view *view = NULL;
	uint8_t bits;

	if (e->from->family)
		view = dns_view_of(e->image->at, &h->views, e->from, &bits);
	if (!view) {
		sink_puts(out, "but its policy answers with a better link alone\n");
		return;
	}
	sink_puts(out, "but who asks has a view of ");
	print_links(e->image, link_bit(view->link), out);
	sink_puts(out, "\n");
}

static bool is_address(uint16_t type)
{
	return type == DNS_A || type == DNS_AAAA;
}

static void print_reason(const struct explained *e, const struct image_node *node,
	const struct image_set *set, const struct image_record *r, const struct sink *out)
{
	const struct dns_image *image = e->image;
	const struct published *pub = e->pub;
	uint32_t alive = links_alive_for(set, pub->live, links_alive(pub)), links = r->links;

	if (r->instead) {
		sink_puts(out, set->links & alive ? "out: only while no link of the name is live\n"
						  : "in: no link of the name is live\n");
		return;
	}
	if (set->flags & SET_AWAITS) {
		sink_puts(out, "out: mail waits until a provider gives its host an address\n");
		return;
	}
	if (links & (alive | LINKS_ALWAYS)) {
		bool in = !is_address(set->type) || is_answered(e, node, set->type, r);

		sink_puts(out, in ? "in: " : "out: ");
		if (links & LINKS_ALWAYS)
			sink_puts(out, "does not depend on a link");
		else
			print_links(image, links & alive, out);
		if (!(links & LINKS_ALWAYS))
			sink_puts(out, pub->live ? " is live" : ", as every link is down");
		sink_puts(out, in ? "\n" : ", ");
		if (!in)
			print_left_out(e, out);
		return;
	}
	if (!(set->links & alive) && dns_set_is_whole(image, set, alive))
		sink_puts(out, "in, although its link is down, so that nothing bounces: ");
	else
		sink_puts(out, "out: not live: ");
	print_links(image, links, out);
	sink_puts(out, "\n");
}

static void explain_set(const struct explained *e, const struct image_set *set,
	const struct image_node *node, const struct sink *out)
{
	const struct dns_image *image = e->image;
	const struct image_record *r = image_records(image, set->records);
	const struct image_node *apex = image_node(image, image_zone(image, node->zone)->apex);
	char type_text[DNS_TYPE_TEXT_MAX];
	uint8_t message[DNS_HEADER + DNS_NAME_SIZE + EXPLAINED_MAX];

	for (unsigned i = 0; i < set->count; i++) {
		const uint8_t *data = image->at + r[i].ready + READY_DATA;
		size_t n = r[i].n - (size_t)READY_DATA, at = DNS_HEADER + apex->name_n;

		if (n > EXPLAINED_MAX)
			continue;
		/* A message that holds the zone's name, for the pointers to it, and the data. */
		memcpy(message + DNS_HEADER, image_name(apex), apex->name_n);
		memcpy(message + at, data, n);
		for (size_t k = 0; k < COUNT_OF(r[i].patch); k++)
			if (r[i].patch[k])
				set_u16(message + at + r[i].patch[k] - READY_DATA,
					0xc000 | DNS_HEADER);
		sink_printf(out, "  %s ", dns_type_text(set->type, type_text));
		dns_rdata_print(set->type, bytes_of(message, at + n), at, n, out);
		sink_puts(out, "  ");
		print_reason(e, node, set, &r[i], out);
	}
}

static bool is_explained(uint16_t type)
{
	return type == DNS_A || type == DNS_AAAA || type == DNS_MX || type == DNS_NS;
}

static void print_name(const struct image_node *node, const struct sink *out)
{
	char text[DNS_NAME_TEXT_MAX];

	sink_puts(out, dns_name_text(image_name(node), text));
	sink_puts(out, "\n");
}

/* Why each record that follows the links is in or out. */
static void explain_node(const struct explained *e, const struct image_node *node, uint16_t type,
	const struct sink *out)
{
	const struct dns_image *image = e->image;
	bool said = false;

	for (unsigned i = 0; i < node->nsets; i++) {
		const struct image_set *set = &image_sets(node)[i];

		if (!is_explained(set->type) || (type != DNS_ANY && type != set->type))
			continue;
		if (!said)
			print_name(node, out);
		said = true;
		explain_set(e, set, node, out);
		for (unsigned k = 0; set->type == DNS_MX && k < set->count; k++) {
			uint32_t target = image_records(image, set->records)[k].target;

			if (target)
				explain_node(e, image_node(image, target), DNS_A, out);
			if (target)
				explain_node(e, image_node(image, target), DNS_AAAA, out);
		}
	}
}

/* The node that answers for a name: its own, or a wildcard; NULL: none. */
static const struct image_node *node_of(const struct dns_image *image, const struct dns_key *name)
{
	const uint8_t *at = name->wire;
	size_t left = name->n;

	for (;;) {
		const struct image_node *node =
			dns_image_find(image, at, left, dns_key_hash(at, left));

		if (node && left == name->n)
			return node;
		if (node)
			return node->wildcard ? image_node(image, node->wildcard) : NULL;
		if (left <= 1)
			return NULL;
		left -= *at + 1u;
		at += *at + 1u;
	}
}

/* The name becomes the one that its CNAME in the reply points to.  False: it has none. */
static bool follow(const struct explained *e, struct dns_key *name)
{
	size_t at = e->records_at;
	struct shown_record r;
	struct dns_key owner;
	struct dns_name target;

	while (at < e->reply.n && take_record(e->reply, &at, &r)) {
		dns_key_of(r.owner.wire, r.owner.n, &owner);
		if (r.type != DNS_CNAME || !same_name(owner.wire, owner.n, name->wire, name->n))
			continue;
		if (dns_name_take(e->reply, &r.data, &target) != FL_OK)
			return false;
		dns_key_of(target.wire, target.n, name);
		return true;
	}
	return false;
}

/* The name asked for, and those that it is an alias of. */
static void explain_chain(const struct explained *e, const struct dns_name *asked, uint16_t type,
	const struct sink *out)
{
	struct dns_key name;

	dns_key_of(asked->wire, asked->n, &name);
	for (unsigned hop = 0; hop < CHAIN_MAX; hop++) {
		const struct image_node *node = node_of(e->image, &name);

		if (node)
			explain_node(e, node, type, out);
		if (type == DNS_CNAME || !follow(e, &name))
			return;
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
	struct dns_name wire;
	uint16_t code;
	size_t n;

	if (dns_name_parse(name, NULL, &wire) != FL_OK) {
		sink_printf(out, "error: \"%.*s\" is not a domain name\n", STR_ARG(name));
		return FL_EFORMAT;
	}
	if (!dns_type_parse(type, &code)) {
		sink_printf(out,
			"error: \"%.*s\" is not a type: use A, AAAA, MX, TXT, ..., or TYPEnnn\n",
			STR_ARG(type));
		return FL_EFORMAT;
	}
	if (ask(image, pub, &wire, code, from, &reply, &n))
		return FL_EFULL;
	print_message(bytes_of(reply.at, reply.n), n, out);
	explain_chain(
		&(struct explained){image, pub, from, bytes_of(reply.at, reply.n), DNS_HEADER + n},
		&wire, code, out);
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

enum fl_err dns_explain_each(const struct dns_image *image, const struct published *pub,
	struct str name, struct str type, const struct ip_addr *from,
	void (*each)(void *ctx, struct str record), void *ctx, const char **status)
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
	*status = rcode_text(reply.at[3] & 15);
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
		each(ctx, str_of(text[i]));
	return FL_OK;
}

static void add_with_comma(void *ctx, struct str record)
{
	struct textbuf *out = ctx;

	textbuf_printf(out, "%s%.*s", out->n ? ", " : "", STR_ARG(record));
}

enum fl_err dns_explain_short(const struct dns_image *image, const struct published *pub,
	struct str name, struct str type, const struct ip_addr *from, struct textbuf *out)
{
	const char *status;

	return dns_explain_each(image, pub, name, type, from, add_with_comma, out, &status);
}
