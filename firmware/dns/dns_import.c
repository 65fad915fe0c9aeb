/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns_import.h"

#include "dns_master.h"

#include <string.h>

#define STATEMENT_MAX 16384
#define BUCKETS       4096

struct item {
	struct item *next;
	struct item *same_hash; /* of the owner; in the order of the file */
	uint32_t line;
	uint16_t type;
	struct dns_key owner;
	const uint8_t *data;
	size_t n;
	bool is_done;  /* it became part of another's statement */
	bool is_below; /* at or below a delegation */
};

struct importer {
	const struct dns_import *to;
	struct arena *mem;
	struct str domain;
	struct dns_name zone;
	struct dns_key apex;
	struct item *items, **last;
	struct item *bucket[BUCKETS], **bucket_last[BUCKETS];
	size_t taken, left;
	bool has_soa;
	char *text; /* STATEMENT_MAX octets */
};

/* ---- collecting ---- */

static bool same_name(const struct dns_key *a, const struct dns_key *b)
{
	return a->n == b->n && memcmp(a->wire, b->wire, a->n) == 0;
}

static size_t bucket_of(const struct dns_key *name)
{
	return dns_key_hash(name->wire, name->n) % BUCKETS;
}

/* The first item of that owner from `i` on, in a bucket; NULL: no more. */
static struct item *owned(struct item *i, const struct dns_key *name)
{
	while (i && !same_name(&i->owner, name))
		i = i->same_hash;
	return i;
}

static struct item *first_of(const struct importer *m, const struct dns_key *name)
{
	return owned(m->bucket[bucket_of(name)], name);
}

static struct item *next_of(const struct item *i)
{
	return owned(i->same_hash, &i->owner);
}

static void on_mistake(void *ctx, uint32_t line, const char *what)
{
	struct importer *m = ctx;

	m->left++;
	m->to->mistake(m->to->ctx, line, what);
}

/* The same record again adds nothing (RFC 2181 5). */
static bool is_repeated(const struct importer *m, const struct item *record)
{
	for (const struct item *i = first_of(m, &record->owner); i; i = next_of(i))
		if (i->type == record->type && i->n == record->n && i->type != DNS_SOA &&
			memcmp(i->data, record->data, i->n) == 0)
			return true;
	return false;
}

static void on_record(void *ctx, const struct dns_master_record *r)
{
	struct importer *m = ctx;
	struct item *i = ARENA_NEW(m->mem, struct item);

	if (!i)
		return;
	i->line = r->line;
	i->type = r->type;
	i->n = r->n;
	i->data = (const uint8_t *)arena_copy(m->mem, r->data, r->n);
	dns_key_of(r->owner.wire, r->owner.n, &i->owner);
	if (!dns_name_is_below(i->owner.wire, i->owner.n, m->apex.wire, m->apex.n)) {
		on_mistake(m, r->line, "the name is not in this domain");
		return;
	}
	if (is_repeated(m, i)) {
		m->taken++;
		return;
	}
	*m->last = i;
	m->last = &i->next;
	*m->bucket_last[bucket_of(&i->owner)] = i;
	m->bucket_last[bucket_of(&i->owner)] = &i->same_hash;
}

static bool is_address(const struct item *i)
{
	return i->type == DNS_A || i->type == DNS_AAAA;
}

static bool is_delegated(const struct importer *m, const struct dns_key *name)
{
	for (struct item *i = first_of(m, name); i; i = next_of(i))
		if (i->type == DNS_NS)
			return true;
	return false;
}

/* A name is below a delegation when it, or a name above it within the domain, has NS. */
static void mark_delegations(struct importer *m)
{
	for (struct item *i = m->items; i; i = i->next) {
		struct dns_key name = i->owner, above;

		while (!i->is_below && name.n > m->apex.n) {
			i->is_below = is_delegated(m, &name);
			dns_key_of(
				name.wire + name.wire[0] + 1, name.n - name.wire[0] - 1u, &above);
			name = above;
		}
	}
}

/* ---- saying it as settings ---- */

/* The owner relative to the domain: "www", "@". */
static struct str label_of(const struct importer *m, const struct dns_key *name, char *room)
{
	uint8_t relative[DNS_NAME_MAX];
	size_t n = name->n - m->apex.n;
	struct str text;

	if (n == 0)
		return STR("@");
	memcpy(relative, name->wire, n);
	relative[n] = 0;
	text = str_of(dns_name_text(relative, room));
	text.n--; /* the final dot */
	return text;
}

static bool say(struct importer *m, uint32_t line, const struct textbuf *t)
{
	if (!t->cut && m->to->statement(m->to->ctx, textbuf_str(t)))
		return true;
	on_mistake(m, line, t->cut ? "is too long for a setting" : "was refused as a setting");
	return false;
}

static struct textbuf begin(struct importer *m, const char *row)
{
	struct textbuf t = textbuf_of(m->text, STATEMENT_MAX);

	textbuf_printf(&t, "domain %.*s %s ", STR_ARG(m->domain), row);
	return t;
}

/* A word in quotes, whatever it is made of. */
static void put_quoted(struct textbuf *t, struct str word)
{
	textbuf_put(t, "\"", 1);
	for (size_t i = 0; i < word.n; i++) {
		if (word.at[i] == '"' || word.at[i] == '\\')
			textbuf_put(t, "\\", 1);
		textbuf_put(t, word.at + i, 1);
	}
	textbuf_put(t, "\"", 1);
}

static void import_record(struct importer *m, struct item *i)
{
	char name[DNS_NAME_TEXT_MAX], type[DNS_TYPE_TEXT_MAX];
	char *data = arena_alloc(m->mem, STATEMENT_MAX);
	struct textbuf t = begin(m, "record"), d;
	struct sink out;

	if (!data)
		return;
	d = textbuf_of(data, STATEMENT_MAX);
	out = textbuf_sink(&d);
	if (!dns_type_is_data(i->type)) {
		on_mistake(m, i->line, "records of this type are not served");
		return;
	}
	dns_rdata_print(i->type, bytes_of(i->data, i->n), 0, i->n, &out);
	put_quoted(&t, label_of(m, &i->owner, name));
	textbuf_printf(&t, " %s ", dns_type_text(i->type, type));
	put_quoted(&t, textbuf_str(&d));
	m->taken += say(m, i->line, &t);
}

static struct ip_addr address_of(const struct item *i)
{
	struct ip_addr a = {.family = i->type == DNS_A ? 4 : 6};

	memcpy(a.b, i->data, i->n < sizeof(a.b) ? i->n : sizeof(a.b));
	return a;
}

/* The link whose network has the address; NULL: it is elsewhere. */
static const struct link_conf *link_of(const struct importer *m, const struct ip_addr *a)
{
	for (size_t l = 0; l < m->to->nlinks; l++)
		for (size_t k = 0; k < m->to->links[l].naddresses; k++)
			if (ip_prefix_has(&m->to->links[l].addresses[k].prefix, a))
				return &m->to->links[l];
	return NULL;
}

/* Is the address what the provider has lent the link, which will be another one some day?  `own`
 * stands for both families, so it is not said where there is one of the other, too. */
static bool is_own(const struct link_conf *link, const struct ip_addr *a)
{
	const struct ip_prefix *own = link ? link_conf_address(link, a->family) : NULL;

	return own && link_conf_is_leased(link) && ip_addr_eq(&own->addr, a) &&
	       !link_conf_address(link, a->family == 4 ? 6 : 4);
}

/* The MX of the domain that names this host and may become its preference: the only one. */
static struct item *mail_entry_of(const struct importer *m, const struct dns_key *host)
{
	struct item *found = NULL;

	for (struct item *i = first_of(m, &m->apex); i; i = next_of(i)) {
		struct dns_key exchange;

		if (i->type != DNS_MX)
			continue;
		dns_key_of(i->data + 2, i->n - 2, &exchange);
		if (!same_name(&exchange, host))
			continue;
		if (found)
			return NULL;
		found = i;
	}
	return found;
}

static bool say_host(struct importer *m, const struct item *i, struct str name)
{
	struct ip_addr a = address_of(i);
	const struct link_conf *link = link_of(m, &a);
	char text[IP_TEXT_MAX];
	struct textbuf t = begin(m, "host");

	put_quoted(&t, name);
	textbuf_printf(&t, " { address %s, link %.*s",
		is_own(link, &a) ? "own" : ip_addr_text(&a, text),
		STR_ARG(link ? link->name : STR("any")));
	if (memchr(name.at, ';', name.n))
		textbuf_printf(&t, ", mail-entry yes");
	textbuf_printf(&t, " }");
	return say(m, i->line, &t);
}

/* "10;mail1" where the name is a mail exchange, else "mail1". */
static struct str host_name(struct importer *m, const struct dns_key *owner, char *room, size_t cap)
{
	char label[DNS_NAME_TEXT_MAX];
	struct str text = label_of(m, owner, label);
	struct item *mx = mail_entry_of(m, owner);
	struct textbuf t = textbuf_of(room, cap);

	if (mx) {
		textbuf_printf(&t, "%u;", get_u16(mx->data));
		mx->is_done = true;
		m->taken++;
	}
	textbuf_put(&t, text.at, text.n);
	return textbuf_str(&t);
}

/* Does the file, or a balanced host before, give this name to anything but the address? */
static bool is_taken(
	const struct importer *m, const struct dns_key *name, const struct item *address)
{
	for (const struct item *i = first_of(m, name); i; i = next_of(i))
		if (i->type != address->type || i->n != address->n ||
			memcmp(i->data, address->data, i->n) != 0)
			return true;
	return false;
}

/* A name beside `owner`: its first label with a number behind it, cut where it would be too long.
 */
static void number_name(
	const struct importer *m, const struct dns_key *owner, unsigned number, struct dns_key *out)
{
	bool at_apex = same_name(owner, &m->apex);
	struct str label = {(const char *)owner->wire + 1, owner->wire[0]};
	struct bytes above = bytes_of(owner->wire + 1 + label.n, owner->n - 1 - label.n);
	uint8_t wire[DNS_NAME_MAX];
	char behind[12];
	struct textbuf t = textbuf_of(behind, sizeof(behind));
	size_t n;

	textbuf_printf(&t, "-%u", number);
	if (at_apex || above.n > DNS_NAME_MAX - 1 - sizeof(behind))
		above = bytes_of(m->apex.wire, m->apex.n);
	if (at_apex)
		label = STR("domain");
	else if (str_is(label, "*"))
		label = STR("any"); /* a name for itself, not a wildcard */
	n = DNS_NAME_MAX - 1 - above.n < DNS_LABEL_MAX ? DNS_NAME_MAX - 1 - above.n : DNS_LABEL_MAX;
	n = label.n + t.n <= n ? label.n : n - t.n;
	wire[0] = (uint8_t)(n + t.n);
	memcpy(wire + 1, label.at, n);
	memcpy(wire + 1 + n, behind, t.n);
	memcpy(wire + 1 + wire[0], above.at, above.n);
	dns_key_of(wire, 1u + wire[0] + above.n, out);
}

/* From now on the name is that address's. */
static void take_name(struct importer *m, const struct dns_key *name, const struct item *address)
{
	struct item *i = first_of(m, name) ? NULL : ARENA_NEW(m->mem, struct item);

	if (!i)
		return;
	*i = *address;
	i->owner = *name;
	i->next = i->same_hash = NULL;
	*m->bucket_last[bucket_of(name)] = i;
	m->bucket_last[bucket_of(name)] = &i->same_hash;
}

/* Several addresses of one name: a host each, and a balanced-host over them. */
static void import_balanced(struct importer *m, struct item *first, struct str name)
{
	char label[DNS_NAME_TEXT_MAX], list[2048];
	struct textbuf members = textbuf_of(list, sizeof(list)), t;

	for (struct item *i = first; i; i = next_of(i)) {
		struct dns_key member;
		struct str text;
		unsigned number = 0;

		if (!is_address(i))
			continue;
		i->is_done = true;
		do
			number_name(m, &first->owner, ++number, &member);
		while (is_taken(m, &member, i));
		take_name(m, &member, i);
		text = label_of(m, &member, label);
		if (!say_host(m, i, text))
			continue;
		m->taken++;
		textbuf_printf(&members, "%smember ", members.n ? ", " : "");
		put_quoted(&members, text);
	}
	t = begin(m, "balanced-host");
	put_quoted(&t, name);
	textbuf_printf(&t, " { %.*s%s }", (int)members.n, members.at,
		memchr(name.at, ';', name.n) ? ", mail-entry yes" : "");
	(void)say(m, first->line, &t);
}

static void import_address(struct importer *m, struct item *i)
{
	char room[DNS_NAME_TEXT_MAX + 8];
	struct str name = host_name(m, &i->owner, room, sizeof(room));

	for (const struct item *other = next_of(i); other; other = next_of(other))
		if (is_address(other)) {
			import_balanced(m, i, name);
			return;
		}
	m->taken += say_host(m, i, name);
}

static void import_name_server(struct importer *m, const struct item *i)
{
	struct textbuf t = begin(m, "name-server");
	char text[DNS_NAME_TEXT_MAX];
	struct dns_key server;

	dns_key_of(i->data, i->n, &server);
	if (dns_name_is_below(server.wire, server.n, m->apex.wire, m->apex.n))
		put_quoted(&t, label_of(m, &server, text));
	else
		put_quoted(&t, str_of(dns_name_text(i->data, text)));
	m->taken += say(m, i->line, &t);
}

/* The mailbox of the SOA: host\.master.example.com. is host.master@example.com (RFC 1035 8). */
static void import_soa(struct importer *m, const struct item *i)
{
	struct textbuf t = begin(m, "contact"), mail;
	char text[DNS_NAME_TEXT_MAX], address[DNS_NAME_TEXT_MAX];
	size_t at = dns_name_size(i->data, i->n);
	const uint8_t *mailbox = i->data + at;
	struct str domain = str_of(dns_name_text(mailbox + *mailbox + 1, text));

	m->has_soa = true;
	m->taken++;
	if (!*mailbox || domain.n < 2)
		return;
	mail = textbuf_of(address, sizeof(address));
	textbuf_put(&mail, (const char *)mailbox + 1, *mailbox);
	textbuf_printf(&mail, "@%.*s", (int)domain.n - 1, domain.at);
	put_quoted(&t, textbuf_str(&mail));
	(void)say(m, i->line, &t);
}

static void import_item(struct importer *m, struct item *i)
{
	bool at_apex = same_name(&i->owner, &m->apex);

	if (i->type == DNS_SOA && m->has_soa)
		on_mistake(m, i->line, "there is a second SOA: leave one of them out");
	else if (i->type == DNS_SOA && at_apex)
		import_soa(m, i);
	else if (i->type == DNS_NS && at_apex)
		import_name_server(m, i);
	else if (is_address(i) && !i->is_below)
		import_address(m, i);
	else
		import_record(m, i);
}

/* All records of the file, each in its bucket. */
static void collect(struct importer *m, struct str text, char *room)
{
	const struct dns_master_reader reader = {m, on_record, on_mistake};

	dns_key_of(m->zone.wire, m->zone.n, &m->apex);
	m->last = &m->items;
	for (size_t i = 0; i < BUCKETS; i++)
		m->bucket_last[i] = &m->bucket[i];
	dns_master_read(text, &m->zone, room, &reader);
}

enum fl_err dns_import(const struct dns_import *import, struct str domain, struct str text,
	struct arena *mem, size_t *taken, size_t *left)
{
	char *room = arena_alloc(mem, DNS_MASTER_LINE), *line = arena_alloc(mem, STATEMENT_MAX);
	struct importer *m = ARENA_NEW(mem, struct importer);

	if (!room || !line || !m)
		return FL_EFULL;
	*m = (struct importer){.to = import, .mem = mem, .domain = domain, .text = line};
	if (dns_name_parse(domain, NULL, &m->zone) != FL_OK)
		return FL_EFORMAT;
	collect(m, text, room);
	if (mem->full)
		return FL_EFULL;
	mark_delegations(m);
	/* Addresses first: they take the MX that become preferences along. */
	for (int pass = 0; pass < 2; pass++)
		for (struct item *i = m->items; i; i = i->next)
			if (!i->is_done && (pass || (is_address(i) && !i->is_below))) {
				i->is_done = true;
				import_item(m, i);
			}
	*taken = m->taken;
	*left = m->left;
	return mem->full ? FL_EFULL : FL_OK;
}
