/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From rows of settings to names and records, one kind of row after the other. */
#include "dns_few.h"

#include <stdio.h>
#include <string.h>

#define SOA_REFRESH 3600
#define SOA_RETRY   600
#define SOA_EXPIRE  604800

/* How much a host is worth the PTR of its address. */
enum ptr_rank { PTR_NAME_SERVER = 1, PTR_HOST, PTR_MAIL };

static uint32_t seconds(span s, uint32_t otherwise)
{
	return s.us >= 1000000 ? (uint32_t)(s.us / 1000000) : otherwise;
}

/* The mask of a row's link for a family, and the link's number for the counters. */
static uint32_t link_mask(const struct dns_zones *b, int32_t link, uint8_t family, uint8_t *number)
{
	*number = 0;
	if (link < 0 || (size_t)link >= b->source.nlinks)
		return LINKS_ALWAYS;
	*number = b->source.links[link].number;
	return links_over(link_bit(*number), family);
}

static bool has_link(const struct dns_zones *b, int32_t link)
{
	return link == DNS_LINK_ANY || (link >= 0 && (size_t)link < b->source.nlinks);
}

static bool link_is_known(struct dns_zones *b, const struct origin *origin, int32_t link)
{
	if (has_link(b, link))
		return true;
	diag_error(b->why, origin, "link", "add `link NAME`, or `link any` for an off-site address",
		"the link is missing");
	return false;
}

/* A name of a row inside a zone; told when it is none. */
static bool name_in_zone(struct dns_zones *b, struct str text, const struct build_zone *zone,
	const struct origin *origin, struct dns_name *out)
{
	struct dns_key key;

	switch (dns_name_parse(text, &zone->name, out)) {
	case FL_OK:
		break;
	case FL_ERANGE:
		diag_error(b->why, origin, NULL, "make it shorter",
			"\"%.*s\" is too long for a name: 63 octets a label, 255 in all",
			STR_ARG(text));
		return false;
	default:
		diag_error(b->why, origin, NULL, NULL, "\"%.*s\" is not a name", STR_ARG(text));
		return false;
	}
	dns_key_of(out->wire, out->n, &key);
	if (dns_name_is_below(key.wire, key.n, zone->apex->name, zone->apex->n))
		return true;
	diag_error(b->why, origin, NULL, "leave the final dot away, or put it into its own domain",
		"\"%.*s\" is not a name in this domain", STR_ARG(text));
	return false;
}

/* ---- address records ---- */

/* One row that gives a name to addresses. */
struct named {
	const struct origin *origin;
	struct ip_addr address; /* family 0: the link's own */
	int32_t link;
	uint32_t ttl;
	const struct dns_dead_conf *dead; /* NULL: no address */
};

static struct build_set *add_address(struct dns_zones *b, struct build_node *node,
	const struct named *h, const struct ip_addr *a)
{
	struct build_data d = {
		.type = a->family == 4 ? DNS_A : DNS_AAAA,
		.ttl = h->ttl,
		.data = a->b,
		.n = ip_addr_size(a->family),
		.origin = h->origin,
	};
	struct build_set *set;

	d.links = link_mask(b, h->link, a->family, &d.link);
	set = build_add(b, node, &d);
	if (set && set->order == ORDER_FIXED)
		set->order = ORDER_ROTATED;
	if (set)
		set->whole |= h->dead && h->dead->how == DNS_DEAD_ANSWER;
	return set;
}

/* A link whose provider has given no address yet: the name exists, and has none. */
static bool may_have_to_wait(const struct dns_zones *b, const struct named *h)
{
	return !h->address.family && h->link >= 0 && link_conf_is_leased(&b->source.links[h->link]);
}

/* What the row's address is now: one, or with `own` up to one of each family.  Returns how many. */
static size_t addresses_of(const struct dns_zones *b, const struct named *h, struct ip_addr out[2])
{
	static const uint8_t families[] = {4, 6};
	size_t n = 0;

	if (h->address.family) {
		out[0] = h->address;
		return 1;
	}
	for (size_t i = 0; i < COUNT_OF(families) && h->link >= 0; i++) {
		const struct ip_prefix *own =
			link_conf_address(&b->source.links[h->link], families[i]);

		if (own)
			out[n++] = own->addr;
	}
	return n;
}

/* The address that is answered while all others of the name are dead. */
static void add_instead(struct dns_zones *b, struct build_node *node, const struct named *h)
{
	struct build_data d = {.ttl = h->ttl, .instead = true, .origin = h->origin};

	if (!h->dead || h->dead->how != DNS_DEAD_ADDRESS)
		return;
	d.type = h->dead->address.family == 4 ? DNS_A : DNS_AAAA;
	d.data = h->dead->address.b;
	d.n = ip_addr_size(h->dead->address.family);
	if (build_set(b, node, d.type))
		build_add(b, node, &d);
	else if (!node->awaits)
		diag_error(b->why, h->origin, "when-dead", "use an address of the same family",
			"the name has no IPv%u address that could be dead",
			h->dead->address.family);
}

static void add_named(struct dns_zones *b, struct build_node *node, const struct named *h)
{
	struct ip_addr own[2];
	size_t n;

	if (!link_is_known(b, h->origin, h->link))
		return;
	n = addresses_of(b, h, own);
	node->awaits |= may_have_to_wait(b, h);
	if (n == 0 && !node->awaits)
		diag_error(b->why, h->origin, "address",
			h->link < 0 ? "write the address, or name the link it is on"
				    : "write the address, or give the link one",
			h->link < 0 ? "`own` needs a link" : "the link has no address of its own");
	for (size_t i = 0; i < n; i++)
		add_address(b, node, h, &own[i]);
	if (n)
		add_instead(b, node, h);
}

static void add_mail_entry(struct dns_zones *b, struct build_zone *zone,
	const struct dns_name *exchange, const struct dns_host_name *name, bool mail_entry,
	uint32_t ttl, const struct origin *origin)
{
	uint8_t data[2 + DNS_NAME_MAX];
	struct build_data d = {DNS_MX, ttl, data, 2u + exchange->n, LINKS_ALWAYS, 0, false, origin};

	if (mail_entry != name->has_preference) {
		if (mail_entry)
			diag_error(b->why, origin, "mail-entry",
				"put a preference before the name: 10;NAME",
				"the mail entry \"%.*s\" has no preference", STR_ARG(name->label));
		else
			diag_error(b->why, origin, "mail-entry",
				"add `mail-entry yes`, or take the preference away",
				"there is a preference and no `mail-entry yes`");
		return;
	}
	if (!mail_entry)
		return;
	if (dns_name_is_wildcard(exchange->wire)) {
		diag_error(b->why, origin, "mail-entry", "name the mail host",
			"a wildcard cannot be a mail exchange");
		return;
	}
	set_u16(data, name->preference);
	memcpy(data + 2, exchange->wire, exchange->n);
	build_add(b, zone->apex, &d);
}

/* The node of a host or balanced host, which is its only one. */
static struct build_node *host_node(struct dns_zones *b, struct build_zone *zone, struct str label,
	const struct origin *origin, struct dns_name *name)
{
	struct build_node *node;

	if (!name_in_zone(b, label, zone, origin, name))
		return NULL;
	node = build_node(b, zone, name, origin);
	if (node && node->host) {
		diag_error(b->why, origin, NULL,
			"give each address a host of its own and join them in a balanced-host",
			"there are two hosts of the name \"%.*s\"", STR_ARG(label));
		return NULL;
	}
	if (node)
		node->host = origin;
	return node;
}

/* Does the row make one address record and nothing else? */
static bool makes_plain_set(const struct dns_zones *b, const struct dns_host_conf *h)
{
	return h->address.family && !h->mail_entry && !h->name.has_preference &&
	       h->when_dead.how != DNS_DEAD_ADDRESS && has_link(b, h->link);
}

void dns_contents_plain(
	const struct dns_zones *b, const struct build_node *node, struct build_plain *out)
{
	/* Rows start with their origin. */
	const struct dns_host_conf *h = (const struct dns_host_conf *)(const void *)node->host;

	*out = (struct build_plain){
		.set =
			{
				.type = h->address.family == 4 ? DNS_A : DNS_AAAA,
				.ttl = seconds(h->ttl, node->zone->ttl),
				.count = 1,
				.order = ORDER_ROTATED,
				.whole = h->when_dead.how == DNS_DEAD_ANSWER,
				.records = &out->record,
			},
		.record =
			{
				.origin = &h->origin,
				.data = h->address.b,
				.n = (uint16_t)ip_addr_size(h->address.family),
			},
	};
	out->record.links = link_mask(b, h->link, h->address.family, &out->record.link);
}

static void add_host(struct dns_zones *b, struct build_zone *zone, const struct dns_host_conf *h)
{
	struct named named = {
		&h->origin, h->address, h->link, seconds(h->ttl, zone->ttl), &h->when_dead};
	struct dns_name name;
	struct build_node *node = host_node(b, zone, h->name.label, &h->origin, &name);

	if (!node)
		return;
	if (!b->few && !node->sets && makes_plain_set(b, h)) {
		node->unmade = true;
		return;
	}
	add_named(b, node, &named);
	add_mail_entry(b, zone, &name, &h->name, h->mail_entry, named.ttl, &h->origin);
}

static void add_balanced(struct dns_zones *b, struct build_zone *zone,
	const struct dns_domain_conf *domain, const struct dns_balanced_conf *c)
{
	uint32_t ttl = seconds(c->ttl, zone->ttl);
	struct dns_name name;
	struct build_node *node = host_node(b, zone, c->name.label, &c->origin, &name);

	if (!node)
		return;
	if (c->nmembers == 0)
		diag_error(b->why, &c->origin, NULL, "add `member HOST`",
			"a balanced host needs a member");
	for (size_t i = 0; i < c->nmembers; i++) {
		int32_t which = c->members[i].host;
		const struct dns_host_conf *h;
		struct ip_addr own[2];

		if (which < 0 || (size_t)which >= domain->nhosts)
			continue; /* the settings have told */
		h = &domain->hosts[which];
		struct named member = {
			&c->members[i].origin, h->address, h->link, ttl, &c->when_dead};
		size_t n = addresses_of(b, &member, own);

		node->awaits |= may_have_to_wait(b, &member);
		for (size_t k = 0; k < n; k++) {
			struct build_set *set = add_address(b, node, &member, &own[k]);

			if (set && c->policy >= 0 && c->policy < POLICIES_MAX) {
				set->order = ORDER_POLICY;
				set->policy = (uint8_t)c->policy;
			}
		}
	}
	if (c->nmembers)
		add_instead(b, node, &(struct named){&c->origin, {0}, 0, ttl, &c->when_dead});
	add_mail_entry(b, zone, &name, &c->name, c->mail_entry, ttl, &c->origin);
}

/* ---- other records ---- */

/* What data of a type look like, for who has not found it. */
static const char *example_of(uint16_t type, char room[96])
{
	static const struct {
		uint16_t type;
		const char *data;
	} examples[] = {
		{DNS_A, "192.0.2.1"},
		{DNS_AAAA, "2001:db8::1"},
		{DNS_CNAME, "www"},
		{DNS_NS, "ns1"},
		{DNS_PTR, "www.example.com."},
		{DNS_MX, "10 mail"},
		{DNS_SRV, "10 5 5060 sip"},
		{DNS_CAA, "0 issue \\\"ca.example\\\""},
		{DNS_HTTPS, "1 . alpn=h2"},
	};
	size_t i = 0;

	while (i < COUNT_OF(examples) && examples[i].type != type)
		i++;
	if (i == COUNT_OF(examples))
		return "write it as in a master file, or as \"\\# LENGTH HEX\"";
	snprintf(room, 96, "write it like \"%s\"", examples[i].data);
	return room;
}

static void add_record(
	struct dns_zones *b, struct build_zone *zone, const struct dns_record_conf *c)
{
	struct build_data d = {.ttl = zone->ttl, .links = LINKS_ALWAYS, .origin = &c->origin};
	struct buf out = buf_of(b->scratch, sizeof(b->scratch));
	char text[120], like[96];
	struct textbuf why = textbuf_of(text, sizeof(text));
	struct dns_name name;
	struct build_node *node;

	if (!dns_type_parse(c->type, &d.type) || !dns_type_is_data(d.type)) {
		diag_error(b->why, &c->origin, NULL,
			"use A, AAAA, CNAME, MX, TXT, SRV, ..., or TYPEnnn",
			"\"%.*s\" is not a type of record that can be written", STR_ARG(c->type));
		return;
	}
	if (!name_in_zone(b, c->name, zone, &c->origin, &name))
		return;
	if (dns_rdata_parse(d.type, c->data, &zone->name, &out, &why) != FL_OK) {
		diag_error(b->why, &c->origin, NULL, example_of(d.type, like), "data of %.*s: %s",
			STR_ARG(c->type), text);
		return;
	}
	if (d.type == DNS_NS && dns_name_is_wildcard(name.wire)) {
		diag_error(b->why, &c->origin, NULL, "name what is delegated",
			"a wildcard cannot be delegated");
		return;
	}
	d.data = out.at;
	d.n = out.n;
	node = build_node(b, zone, &name, &c->origin);
	if (node)
		build_add(b, node, &d);
}

static void add_ns(struct dns_zones *b, struct build_zone *zone, const struct dns_name *server,
	const struct origin *origin)
{
	struct build_data d = {
		DNS_NS, zone->ttl, server->wire, server->n, LINKS_ALWAYS, 0, false, origin};

	build_add(b, zone->apex, &d);
}

static void add_name_server(
	struct dns_zones *b, struct build_zone *zone, const struct dns_name_server_conf *c)
{
	struct named named = {&c->origin, c->address, c->link, zone->ttl, NULL};
	struct dns_name name;
	struct build_node *node;

	if (dns_name_parse(c->name, &zone->name, &name) != FL_OK) {
		diag_error(
			b->why, &c->origin, NULL, NULL, "\"%.*s\" is not a name", STR_ARG(c->name));
		return;
	}
	add_ns(b, zone, &name, &c->origin);
	if (!c->address.family || !name_in_zone(b, c->name, zone, &c->origin, &name))
		return;
	node = build_node(b, zone, &name, &c->origin);
	if (node)
		add_named(b, node, &named);
}

/* "host.master@example.com" -> host\.master.example.com (RFC 1035 8). */
static bool contact_name(struct str contact, const struct dns_name *zone, struct dns_name *out)
{
	struct dns_name domain = *zone;
	struct str local = contact;

	if (contact.n == 0)
		local = STR("hostmaster");
	else
		local = str_cut(&contact, '@');
	if (contact.n && dns_name_parse(contact, NULL, &domain) != FL_OK)
		return false;
	if (local.n == 0 || local.n > DNS_LABEL_MAX || local.n + 1 + domain.n > DNS_NAME_MAX)
		return false;
	out->wire[0] = (uint8_t)local.n;
	memcpy(out->wire + 1, local.at, local.n);
	memcpy(out->wire + 1 + local.n, domain.wire, domain.n);
	out->n = (uint8_t)(local.n + 1 + domain.n);
	return true;
}

static void add_soa(struct dns_zones *b, struct build_zone *zone, const struct dns_name *primary,
	struct str contact)
{
	struct build_data d = {.type = DNS_SOA, .ttl = zone->ttl, .links = LINKS_ALWAYS};
	struct buf out = buf_of(b->scratch, sizeof(b->scratch));
	struct dns_name mailbox;

	if (!contact_name(contact, &zone->name, &mailbox)) {
		diag_error(b->why, zone->origin, "contact", "write it as NAME@DOMAIN",
			"\"%.*s\" is not a mail address", STR_ARG(contact));
		return;
	}
	buf_put(&out, primary->wire, primary->n);
	buf_put(&out, mailbox.wire, mailbox.n);
	buf_put_u32(&out, 0); /* the serial is put in when it is answered */
	buf_put_u32(&out, SOA_REFRESH);
	buf_put_u32(&out, SOA_RETRY);
	buf_put_u32(&out, SOA_EXPIRE);
	buf_put_u32(&out, zone->negative);
	d.data = out.at;
	d.n = out.n;
	d.origin = zone->origin;
	build_add(b, zone->apex, &d);
}

/* May the row have to do with what is built? */
static bool is_wanted(
	const struct dns_zones *b, const struct build_zone *zone, struct str name, bool mail_entry)
{
	return !b->few || (mail_entry && !zone->apex->context) || few_has_text(b->few, name, zone);
}

static void fill_domain(
	struct dns_zones *b, struct build_zone *zone, const struct dns_domain_conf *c)
{
	struct dns_name primary;

	for (size_t i = 0; i < c->nname_servers; i++)
		add_name_server(b, zone, &c->name_servers[i]);
	for (size_t i = 0; i < c->nhosts; i++)
		if (is_wanted(b, zone, c->hosts[i].name.label, c->hosts[i].mail_entry))
			add_host(b, zone, &c->hosts[i]);
	for (size_t i = 0; i < c->nbalanced; i++)
		if (is_wanted(b, zone, c->balanced[i].name.label, c->balanced[i].mail_entry))
			add_balanced(b, zone, c, &c->balanced[i]);
	for (size_t i = 0; i < c->nrecords; i++)
		if (is_wanted(b, zone, c->records[i].name, false))
			add_record(b, zone, &c->records[i]);
	if (c->nname_servers == 0) {
		diag_error(b->why, &c->origin, "name-server",
			"add `name-server NAME { address ADDRESS, link LINK }`",
			"a domain needs a name server");
		return;
	}
	if (dns_name_parse(c->name_servers[0].name, &zone->name, &primary) == FL_OK)
		add_soa(b, zone, &primary, c->contact);
}

static void set_domain(
	struct build_zone *zone, const struct dns_domain_conf *c, const struct dns_name *name)
{
	zone->name = *name;
	zone->origin = &c->origin;
	zone->transfer = &c->transfer;
	zone->ttl = seconds(c->ttl, 30);
	zone->negative = seconds(c->negative_ttl, 10);
	if (zone->negative > zone->ttl)
		zone->negative = zone->ttl; /* RFC 2308 5: the smaller of the two */
}

/* The zone of a domain, without names but its own.  NULL: memory, or a mistake, which was told. */
static struct build_zone *open_domain(struct dns_zones *b, const struct dns_domain_conf *c)
{
	struct build_zone *zone;
	struct dns_name name;

	if (dns_name_parse(c->name, NULL, &name) != FL_OK) {
		diag_error(b->why, &c->origin, NULL, NULL, "\"%.*s\" is not a domain name",
			STR_ARG(c->name));
		return NULL;
	}
	zone = build_zone(b, &name, &c->origin);
	if (zone)
		set_domain(zone, c, &name);
	return zone;
}

/* ---- reverse zones ---- */

/* The name of the first `units` octets (IPv4) or nibbles (IPv6) of an address. */
static void reverse_name(const struct ip_addr *a, unsigned units, struct dns_name *out)
{
	char text[128];
	struct textbuf t = textbuf_of(text, sizeof(text));

	for (unsigned i = units; i-- > 0;)
		if (a->family == 4)
			textbuf_printf(&t, "%u.", a->b[i]);
		else
			textbuf_printf(&t, "%x.", (unsigned)a->b[i / 2] >> (i % 2 ? 0 : 4) & 15u);
	textbuf_printf(&t, "%s", a->family == 4 ? "in-addr.arpa." : "ip6.arpa.");
	if (dns_name_parse(textbuf_str(&t), NULL, out) != FL_OK)
		*out = (struct dns_name){.n = 1}; /* cannot be: the text is ours */
}

static unsigned unit_bits(uint8_t family)
{
	return family == 4 ? 8 : 4;
}

static bool is_classless(const struct ip_prefix *p)
{
	return p->addr.family == 4 && p->bits > 24 && p->bits < 32;
}

/* RFC 2317 4: 0/29.113.0.203.in-addr.arpa */
static void classless_name(const struct ip_prefix *p, struct dns_name *out)
{
	struct dns_name above;
	char text[16];
	int n = snprintf(text, sizeof(text), "%u/%u", p->addr.b[3], p->bits);

	reverse_name(&p->addr, 3, &above);
	if (dns_name_parse((struct str){text, (size_t)n}, &above, out) != FL_OK)
		*out = above; /* cannot be: both are ours */
}

/* Add `step` units at the last octet or nibble of the first `units`. */
static struct ip_addr address_step(struct ip_addr a, unsigned units, unsigned step)
{
	unsigned last = units - 1;

	if (a.family == 4)
		a.b[last] = (uint8_t)(a.b[last] + step);
	else
		a.b[last / 2] = (uint8_t)(a.b[last / 2] + (last % 2 ? step : step << 4));
	return a;
}

static const struct dns_domain_conf *first_domain(const struct dns_zones *b)
{
	return b->source.ndomains ? &b->source.domains[0] : NULL;
}

static void fill_reverse(
	struct dns_zones *b, struct build_zone *zone, const struct dns_reverse_conf *c)
{
	const struct dns_domain_conf *domain = first_domain(b);
	struct dns_name server, first = {0}, domain_name = zone->name;

	if (domain)
		zone->ttl = seconds(domain->ttl, zone->ttl);
	if (domain && dns_name_parse(domain->name, NULL, &domain_name) != FL_OK)
		return;
	if (c->name_server.n) {
		if (dns_name_parse(c->name_server, NULL, &first) != FL_OK) {
			diag_error(b->why, &c->origin, "name-server", NULL,
				"\"%.*s\" is not a name", STR_ARG(c->name_server));
			return;
		}
		add_ns(b, zone, &first, &c->origin);
	}
	for (size_t i = 0; domain && !c->name_server.n && i < domain->nname_servers; i++) {
		if (dns_name_parse(domain->name_servers[i].name, &domain_name, &server) != FL_OK)
			continue;
		if (!first.n)
			first = server;
		add_ns(b, zone, &server, &c->origin);
	}
	if (first.n)
		add_soa(b, zone, &first, domain ? domain->contact : (struct str){NULL, 0});
	else
		diag_error(b->why, &c->origin, "name-server", "add `name-server NAME`",
			"there is no domain to take the name servers from");
}

static void open_reverse_zone(
	struct dns_zones *b, const struct dns_name *name, const struct dns_reverse_conf *c)
{
	struct build_zone *zone = build_zone(b, name, &c->origin);

	if (!zone)
		return;
	zone->ttl = 3600;
	zone->negative = 10;
	zone->reverse = ip_prefix_network(&c->prefix);
	zone->transfer = &c->transfer;
	fill_reverse(b, zone, c);
}

/* A prefix that does not end at an octet (nibble) is several zones.  One longer than /24 is the
 * zone of RFC 2317, and one more for each address: that way the provider may delegate either way.
 */
static void open_reverse(struct dns_zones *b, const struct dns_reverse_conf *c)
{
	struct ip_prefix p = ip_prefix_network(&c->prefix);
	unsigned unit = unit_bits(p.addr.family), units = (p.bits + unit - 1) / unit;
	struct dns_name name;

	if (p.bits < unit) {
		diag_error(b->why, &c->origin, NULL, "use a longer prefix",
			"a reverse zone needs at least /%u", unit);
		return;
	}
	if (is_classless(&p)) {
		classless_name(&p, &name);
		open_reverse_zone(b, &name, c);
	}
	for (unsigned i = 0; i < 1u << (units * unit - p.bits); i++) {
		struct ip_addr a = address_step(p.addr, units, i);

		reverse_name(&a, units, &name);
		open_reverse_zone(b, &name, c);
	}
}

/* The best host of an address has its PTR, alone. */
static void put_ptr(struct dns_zones *b, struct build_zone *zone, const struct dns_name *owner,
	const struct dns_name *host, enum ptr_rank rank, const struct origin *origin)
{
	struct build_data d = {
		DNS_PTR, zone->ttl, host->wire, host->n, LINKS_ALWAYS, 0, false, origin};
	struct build_node *node = build_node(b, zone, owner, origin);
	struct build_set *set = node ? build_set(b, node, DNS_PTR) : NULL;

	if (!node || (set && set->records->preference >= rank))
		return;
	if (set) {
		set->records = NULL;
		set->count = 0;
	}
	set = build_add(b, node, &d);
	if (set)
		set->records->preference = (uint16_t)rank;
}

static struct build_zone *zone_above(struct dns_zones *b, const struct dns_name *name)
{
	const uint8_t *at = name->wire;
	size_t left = name->n;

	for (;;) {
		struct build_node *node = build_find(b, at, left);

		if (node)
			return node->zone;
		if (left <= 1)
			return NULL;
		left -= *at + 1u;
		at += *at + 1u;
	}
}

/* What is done for each name that has a PTR of an address. */
struct ptr_visit {
	void (*visit)(struct dns_zones *b, struct build_zone *zone, const struct dns_name *owner,
		const struct ptr_visit *v);
	const struct dns_name *host;
	enum ptr_rank rank;
	const struct origin *origin;
};

static void visit_put(struct dns_zones *b, struct build_zone *zone, const struct dns_name *owner,
	const struct ptr_visit *v)
{
	put_ptr(b, zone, owner, v->host, v->rank, v->origin);
}

static void each_ptr(struct dns_zones *b, const struct ip_addr *a, const struct ptr_visit *v)
{
	for (size_t i = 0; i < b->source.nreverses; i++) {
		const struct dns_reverse_conf *c = &b->source.reverses[i];
		struct build_zone *zone;
		struct dns_name name, above;
		char last[4];
		int n;

		if (!c->automatic || !ip_prefix_has(&c->prefix, a))
			continue;
		reverse_name(a, a->family == 4 ? 4 : 32, &name);
		zone = zone_above(b, &name);
		if (zone)
			v->visit(b, zone, &name, v);
		if (!is_classless(&c->prefix))
			continue;
		classless_name(&c->prefix, &above);
		zone = zone_above(b, &above);
		n = snprintf(last, sizeof(last), "%u", a->b[3]);
		if (zone && dns_name_parse((struct str){last, (size_t)n}, &above, &name) == FL_OK)
			v->visit(b, zone, &name, v);
	}
}

static void add_ptr_of(struct dns_zones *b, const struct dns_name *domain, struct str label,
	const struct named *h, enum ptr_rank rank)
{
	struct dns_name name;
	const struct ptr_visit put = {visit_put, &name, rank, h->origin};
	struct ip_addr own[2];
	size_t n = 0;

	for (size_t all = addresses_of(b, h, own), i = 0; i < all; i++)
		if (!b->few || few_has_address(b->few, &own[i]))
			own[n++] = own[i];
	if (n == 0 || dns_name_parse(label, domain, &name) != FL_OK ||
		dns_name_is_wildcard(name.wire))
		return;
	for (size_t i = 0; i < n; i++)
		each_ptr(b, &own[i], &put);
}

static void add_ptrs(
	struct dns_zones *b, const struct dns_name *domain, const struct dns_domain_conf *c)
{
	for (size_t i = 0; i < c->nhosts; i++) {
		const struct dns_host_conf *h = &c->hosts[i];
		struct named named = {&h->origin, h->address, h->link, 0, NULL};

		add_ptr_of(b, domain, h->name.label, &named, h->mail_entry ? PTR_MAIL : PTR_HOST);
	}
	for (size_t i = 0; i < c->nname_servers; i++) {
		const struct dns_name_server_conf *s = &c->name_servers[i];
		struct named named = {&s->origin, s->address, DNS_LINK_ANY, 0, NULL};

		add_ptr_of(b, domain, s->name, &named, PTR_NAME_SERVER);
	}
}

/* The names between a zone and the one above it that is ours, too, are there (RFC 4592 2.2.2): a
 * name that does not exist has nothing below it (RFC 8020). */
static void fill_between(struct dns_zones *b, const struct build_zone *zone)
{
	struct dns_name name = zone->name;
	struct build_zone *above;
	size_t label = name.wire[0] + 1u;

	if (name.n == 1)
		return;
	name.n = (uint8_t)(name.n - label);
	memmove(name.wire, name.wire + label, name.n);
	above = zone_above(b, &name);
	if (above)
		(void)build_node(b, above, &name, zone->origin);
}

/* All zones first: a name belongs to the closest one, whichever was written first. */
void dns_contents(struct dns_zones *b)
{
	const struct dns_source *s = &b->source;
	struct build_zone **zone = ARENA_NEWS(b->mem, struct build_zone *, s->ndomains + 1);

	if (!zone)
		return;
	for (size_t i = 0; i < s->ndomains; i++)
		zone[i] = open_domain(b, &s->domains[i]);
	for (size_t i = 0; i < s->nreverses; i++)
		open_reverse(b, &s->reverses[i]);
	for (const struct build_zone *z = b->zones; z; z = z->next)
		fill_between(b, z);
	for (size_t i = 0; i < s->ndomains; i++)
		if (zone[i])
			fill_domain(b, zone[i], &s->domains[i]);
	for (size_t i = 0; i < s->ndomains && s->nreverses; i++)
		if (zone[i])
			add_ptrs(b, &zone[i]->name, &s->domains[i]);
}

/* ---- a few names ---- */

/* The zone of a domain that was there when the image was made; NULL: it was not. */
static struct build_zone *zone_in_image(struct dns_zones *b, const struct dns_name *name)
{
	const struct dns_image *image = b->few->image;
	const struct image_node *apex;
	struct dns_key key;

	dns_key_of(name->wire, name->n, &key);
	apex = dns_image_find(image, key.wire, key.n, key.hash);
	return apex && few_has_zone(b->few, apex->zone) ? few_zone(b, apex->zone) : NULL;
}

static void fill_few_reverse(struct dns_zones *b, struct build_zone *zone)
{
	const struct dns_source *s = &b->source;

	for (size_t i = 0; i < s->nreverses; i++) {
		struct ip_prefix p = ip_prefix_network(&s->reverses[i].prefix);

		if (p.bits != zone->reverse.bits || !ip_addr_eq(&p.addr, &zone->reverse.addr))
			continue;
		zone->ttl = 3600;
		fill_reverse(b, zone, &s->reverses[i]);
	}
}

/* In the order of dns_contents(), as records are in the order of their rows. */
void dns_contents_few(struct dns_zones *b)
{
	const struct dns_source *s = &b->source;
	struct dns_name name;

	for (struct build_zone *z = b->zones; z; z = z->next)
		if (z->reverse.addr.family && !z->apex->context)
			fill_few_reverse(b, z);
	for (size_t i = 0; i < s->ndomains; i++) {
		struct build_zone *zone = NULL;

		if (dns_name_parse(s->domains[i].name, NULL, &name) == FL_OK)
			zone = zone_in_image(b, &name);
		if (zone)
			set_domain(zone, &s->domains[i], &name);
		if (zone)
			fill_domain(b, zone, &s->domains[i]);
	}
	for (size_t i = 0; i < s->ndomains && s->nreverses && b->few->naddresses; i++)
		if (dns_name_parse(s->domains[i].name, NULL, &name) == FL_OK)
			add_ptrs(b, &name, &s->domains[i]);
}

/* A mistake is left to a whole build, which tells it. */
static void note_name(struct dns_zones *b, const struct dns_name *domain, struct str label)
{
	const struct build_zone *zone = zone_above(b, domain);
	const struct few_name *few;
	struct dns_name name;
	struct dns_key key;

	if (!zone || dns_name_parse(label, domain, &name) != FL_OK) {
		b->few->too_many = true;
		return;
	}
	dns_key_of(name.wire, name.n, &key);
	few_add(b->few, &key);
	few = few_find(b->few, &key);
	b->few->too_many |= !few || few->zone != zone->index;
}

static void visit_note(struct dns_zones *b, struct build_zone *zone, const struct dns_name *owner,
	const struct ptr_visit *v)
{
	struct dns_key key;

	(void)zone;
	(void)v;
	dns_key_of(owner->wire, owner->n, &key);
	few_add(b->few, &key);
}

static void note_balanced(
	struct dns_zones *b, const struct dns_name *domain, const struct dns_balanced_conf *c)
{
	if (!c)
		return;
	note_name(b, domain, c->name.label);
	if (c->mail_entry)
		note_name(b, domain, STR("@"));
}

static void note_host(
	struct dns_zones *b, const struct dns_name *domain, const struct dns_host_conf *h)
{
	static const struct ptr_visit note = {.visit = visit_note};
	struct named named = {0};
	struct ip_addr own[2];
	size_t n;

	if (!h)
		return;
	note_name(b, domain, h->name.label);
	if (h->mail_entry)
		note_name(b, domain, STR("@"));
	named.address = h->address;
	named.link = h->link;
	n = addresses_of(b, &named, own);
	/* What waits for an address may be left out where it was named. */
	b->few->too_many |= n == 0;
	for (size_t i = 0; i < n; i++) {
		few_add_address(b->few, &own[i]);
		each_ptr(b, &own[i], &note);
	}
}

/* The names of the balanced hosts that it is a member of. */
static void note_members(struct dns_zones *b, const struct dns_name *domain,
	const struct dns_domain_conf *c, const struct dns_host_conf *h)
{
	for (size_t i = 0; h && i < c->nbalanced; i++)
		for (size_t k = 0; k < c->balanced[i].nmembers; k++)
			if (c->balanced[i].members[k].host == h - c->hosts)
				note_balanced(b, domain, &c->balanced[i]);
}

void dns_contents_edit(struct dns_zones *b, const struct dns_edit *edit)
{
	const struct dns_domain_conf *c = &b->source.domains[edit->domain];
	const struct dns_record_conf *record;
	struct dns_name domain;

	if (dns_name_parse(c->name, NULL, &domain) != FL_OK)
		return;
	switch (edit->kind) {
	case DNS_ROW_HOST:
		note_host(b, &domain, edit->was);
		note_host(b, &domain, edit->is);
		note_members(b, &domain, c, edit->is);
		break;
	case DNS_ROW_BALANCED:
		note_balanced(b, &domain, edit->was);
		note_balanced(b, &domain, edit->is);
		break;
	case DNS_ROW_RECORD:
		record = edit->is ? edit->is : edit->was;
		note_name(b, &domain, record->name);
		break;
	}
}

/* ---- records alone ---- */

/* A text that was told to be wrong is empty. */
static bool is_told(const struct dns_record_conf *c)
{
	return c->name.n == 0 || c->type.n == 0 || c->data.n == 0;
}

void dns_contents_records(struct dns_zones *b)
{
	const struct dns_source *s = &b->source;
	struct build_zone **zone = ARENA_NEWS(b->mem, struct build_zone *, s->ndomains + 1);

	if (!zone)
		return;
	for (size_t i = 0; i < s->ndomains; i++)
		zone[i] = s->domains[i].name.n ? open_domain(b, &s->domains[i]) : NULL;
	for (size_t i = 0; i < s->ndomains; i++)
		for (size_t j = 0; zone[i] && j < s->domains[i].nrecords; j++)
			if (!is_told(&s->domains[i].records[j]))
				add_record(b, zone[i], &s->domains[i].records[j]);
}
