/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_build.c - the image is made in four steps.
 *
 *   1. Contents: names and sets of records from the settings (dns_contents.c).
 *   2. Connections: delegations, wildcards, the addresses behind MX, NS and SRV.  An MX record is
 * in while one link of its exchange is; the exchange's addresses learn the links of the whole MX
 *      set, so that they are answered when that set is (see dns_answer.c).
 *   3. Places: how large each node is, and so where it lies (dns_write.c).
 *   4. Writing (dns_write.c). */
#include "dns_build.h"

#include "dns_few.h"
#include "dns_view.h"

#include <string.h>

#define LOOP_MAX 64 /* aliases looked at; an answer follows far fewer */

/* ---- names, zones, records ---- */

static struct build_node *find_key(struct dns_zones *b, const struct dns_key *key)
{
	uint32_t mask = b->nslots - 1, at = key->hash & mask;

	for (; b->slots[at].node; at = (at + 1) & mask) {
		struct build_node *node = b->slots[at].node;

		if (b->slots[at].hash == key->hash && node->n == key->n &&
			memcmp(node->name, key->wire, key->n) == 0)
			return node;
	}
	return b->few ? few_context(b, key) : NULL;
}

static void slot_fill(struct build_slot *slots, uint32_t nslots, struct build_slot slot)
{
	uint32_t at = slot.hash & (nslots - 1);

	while (slots[at].node)
		at = (at + 1) & (nslots - 1);
	slots[at] = slot;
}

/* False: memory. */
static bool slots_make(struct dns_zones *b, uint32_t nslots)
{
	struct build_slot *slots = ARENA_NEWS(b->mem, struct build_slot, nslots);

	for (uint32_t i = 0; slots && i < b->nslots; i++)
		if (b->slots[i].node)
			slot_fill(slots, nslots, b->slots[i]);
	if (!slots)
		return false;
	b->slots = slots;
	b->nslots = nslots;
	return true;
}

struct build_node *build_find(struct dns_zones *b, const uint8_t *name, size_t n)
{
	struct dns_key key;

	dns_key_of(name, n, &key);
	return find_key(b, &key);
}

struct build_node *build_node_alloc(struct dns_zones *b, const struct dns_key *key)
{
	size_t size = offsetof(struct build_node, name) + key->n;
	struct build_node *node = arena_alloc(b->mem, size);

	if (!node || (b->nfilled >= b->nslots / 4 * 3 && !slots_make(b, 2 * b->nslots)))
		return NULL;
	memcpy(node->name, key->wire, key->n);
	node->n = key->n;
	node->labels = (uint8_t)dns_name_labels(key->wire);
	node->hash = key->hash;
	slot_fill(b->slots, b->nslots, (struct build_slot){key->hash, node});
	b->nfilled++;
	return node;
}

struct build_node *build_node_new(
	struct dns_zones *b, struct build_zone *zone, const struct dns_key *key)
{
	struct build_node *node = build_node_alloc(b, key);

	if (!node)
		return NULL;
	node->zone = zone;
	*b->last_node = node;
	b->last_node = &node->next;
	b->nnodes++;
	zone->names++;
	return node;
}

struct build_zone *build_zone(
	struct dns_zones *b, const struct dns_name *name, const struct origin *origin)
{
	const struct build_node *node;
	struct build_zone *zone;
	struct dns_key key;

	dns_key_of(name->wire, name->n, &key);
	node = find_key(b, &key);
	if (node) {
		const struct origin *first = node->zone->origin;
		char text[DNS_NAME_TEXT_MAX];

		/* What was typed later is one too many: they come in the order of their names. */
		diag_error(b->why, first->line > origin->line ? first : origin, NULL,
			"leave one of them out", "the domain %s is there twice",
			dns_name_text(name->wire, text));
		return NULL;
	}
	zone = ARENA_NEW(b->mem, struct build_zone);
	if (!zone)
		return NULL;
	zone->apex = build_node_new(b, zone, &key);
	if (!zone->apex)
		return NULL;
	zone->name = *name;
	zone->origin = origin;
	zone->index = b->nzones++;
	*b->last_zone = zone;
	b->last_zone = &zone->next;
	return zone;
}

struct build_node *build_node(struct dns_zones *b, struct build_zone *zone,
	const struct dns_name *name, const struct origin *origin)
{
	struct build_node *first = NULL, *below = NULL;
	const uint8_t *at = name->wire;
	size_t left = name->n;
	bool known = false;

	while (!known) {
		struct build_node *node = left == zone->apex->n ? zone->apex : NULL;
		struct dns_key key;

		if (!node) {
			dns_key_of(at, left, &key);
			node = find_key(b, &key);
		}
		known = node;
		if (node && node->zone != zone) {
			char text[DNS_NAME_TEXT_MAX];

			diag_error(b->why, origin, NULL, "write it there",
				"this name belongs to the domain %s",
				dns_name_text(node->zone->name.wire, text));
			return NULL;
		}
		if (!node && !(node = build_node_new(b, zone, &key)))
			return NULL;
		if (!first)
			first = node;
		if (below)
			below->parent = node;
		below = node;
		left -= *at + 1u;
		at += *at + 1u;
	}
	return first;
}

/* Of those that are made: good for types that no host has. */
static struct build_set *made_set(const struct build_node *node, uint16_t type)
{
	struct build_set *set;

	for (set = node->sets; set && set->type != type; set = set->next)
		;
	return set;
}

static void make_plain(struct dns_zones *b, struct build_node *node)
{
	struct build_plain *plain = node->unmade ? ARENA_NEW(b->mem, struct build_plain) : NULL;

	if (!plain)
		return;
	dns_contents_plain(b, node, plain);
	node->sets = &plain->set;
	node->unmade = false;
}

struct build_set *build_set(struct dns_zones *b, struct build_node *node, uint16_t type)
{
	make_plain(b, node);
	return made_set(node, type);
}

static struct build_set *set_of(
	struct dns_zones *b, struct build_node *node, const struct build_data *d)
{
	struct build_set *set = build_set(b, node, d->type), **end = &node->sets;

	if (set)
		return set;
	set = ARENA_NEW(b->mem, struct build_set);
	if (!set)
		return NULL;
	set->type = d->type;
	set->ttl = d->ttl;
	set->order = d->type == DNS_MX ? ORDER_PREFERENCE : ORDER_FIXED;
	set->whole = d->type == DNS_MX || d->type == DNS_NS;
	while (*end)
		end = &(*end)->next;
	*end = set;
	return set;
}

struct build_set *build_add(
	struct dns_zones *b, struct build_node *node, const struct build_data *d)
{
	struct build_set *set = node->context ? NULL : set_of(b, node, d);
	struct build_record *r, **end;
	uint8_t *data;

	if (!set)
		return NULL;
	if (d->ttl < set->ttl)
		set->ttl = d->ttl; /* RFC 2181 5.2: one TTL a set */
	for (end = &set->records; *end; end = &(*end)->next)
		if ((*end)->instead == d->instead && (*end)->n == d->n &&
			memcmp((*end)->data, d->data, d->n) == 0) {
			(*end)->links |= d->links;
			return set;
		}
	if (set->count == IMAGE_SET_MAX) {
		diag_error(b->why, d->origin, NULL, NULL,
			"a name has at most %d records of one type", IMAGE_SET_MAX);
		return NULL;
	}
	r = arena_alloc(b->mem, sizeof(*r) + d->n);
	if (!r)
		return NULL;
	data = (uint8_t *)(r + 1);
	memcpy(data, d->data, d->n);
	r->data = data;
	r->n = (uint16_t)d->n;
	r->links = d->links;
	r->link = d->link;
	r->instead = d->instead;
	r->origin = d->origin;
	*end = r;
	set->count++;
	return set;
}

/* ---- connections ---- */

uint32_t build_set_links(const struct build_set *set)
{
	uint32_t links = 0;

	for (const struct build_record *r = set ? set->records : NULL; r; r = r->next)
		links |= r->links;
	return links;
}

uint32_t build_links(struct dns_zones *b, struct build_node *node)
{
	return build_set_links(build_set(b, node, DNS_A)) |
	       build_set_links(build_set(b, node, DNS_AAAA));
}

static void connect_node(struct build_node *node)
{
	for (struct build_node *n = node; n; n = n->context ? NULL : n->parent)
		if (n->context && n->cut)
			node->cut = n->cut;
		else if (n != n->zone->apex && made_set(n, DNS_NS))
			node->cut = n; /* the one nearest to the apex stays */
	if (node->parent && dns_name_is_wildcard(node->name))
		node->parent->wildcard = node;
}

/* The closest name there is. */
static struct build_node *closest(struct dns_zones *b, const uint8_t *name, size_t n)
{
	struct build_node *node = build_find(b, name, n);

	while (!node && n > 1) {
		n -= *name + 1u;
		name += *name + 1u;
		node = build_find(b, name, n);
	}
	return node;
}

/* The node that answers for a name: its own, or a wildcard; NULL: none of ours. */
static struct build_node *answering(struct dns_zones *b, const uint8_t *name, size_t n)
{
	struct build_node *node = closest(b, name, n);

	if (node && node->n != n)
		node = node->wildcard;
	return node;
}

/* An MX or NS names `target`, which is ours to know: it must have an address and be no CNAME
 * (RFC 2181 10.3). */
static void check_target(struct dns_zones *b, const struct build_set *set,
	const struct build_record *r, const uint8_t *name, size_t n)
{
	struct build_node *node = closest(b, name, n);
	const char *what = set->type == DNS_MX ? "mail exchange" : "name server";
	char text[DNS_NAME_TEXT_MAX];

	if (!node || node->cut)
		return;
	node = answering(b, name, n);
	if (node && made_set(node, DNS_CNAME))
		diag_error(b->why, r->origin, NULL, "name the host that the alias stands for",
			"the %s %s is an alias", what, dns_name_text(name, text));
	else if (!node || (!build_links(b, node) && !node->awaits))
		diag_error(b->why, r->origin, NULL, "add a host of that name",
			"the %s %s has no address", what, dns_name_text(name, text));
}

/* The name in the data whose addresses belong in the additional section; 0: none. */
size_t build_target(uint16_t type, const struct build_record *r, size_t *n)
{
	static const struct {
		uint16_t type;
		size_t at;
	} named[] = {{DNS_NS, 0}, {DNS_MX, 2}, {DNS_SRV, 6}};

	for (size_t i = 0; i < COUNT_OF(named); i++)
		if (named[i].type == type) {
			*n = r->n - named[i].at;
			return named[i].at;
		}
	*n = 0;
	return 0;
}

/* A name server below what is delegated to it cannot be found without its address (RFC 1034
 * 4.2.1). */
static void check_glue(
	struct dns_zones *b, const struct build_node *node, const struct build_record *r)
{
	struct build_node *server = r->target;
	struct dns_key name;
	char text[DNS_NAME_TEXT_MAX];

	dns_key_of(r->data, r->n, &name);
	if (!dns_name_is_below(name.wire, name.n, node->name, node->n) ||
		(server && build_links(b, server)))
		return;
	diag_error(b->why, r->origin, NULL, "add a record A or AAAA of that name",
		"the name server %s of a delegation has no address", dns_name_text(r->data, text));
}

void build_mask(struct dns_zones *b, struct build_set *set, uint32_t links)
{
	struct build_mask *m;

	for (m = set ? set->masks : NULL; m; m = m->next)
		if (m->links == links)
			return;
	m = set ? ARENA_NEW(b->mem, struct build_mask) : NULL;
	if (!m)
		return;
	*m = (struct build_mask){set->masks, links};
	set->masks = m;
	set->nmasks++;
}

static bool has_no_address_yet(struct dns_zones *b, const struct build_record *r)
{
	return r->target && r->target->awaits && !build_links(b, r->target);
}

/* Mail must wait for the address: that is a failure which passes (RFC 5321 5.1), whether the set is
 * asked for, or an exchange of it by a sender who still knows the set.  A secondary refers such a
 * name to us, but for the top of a zone and a wildcard, which cannot be delegated (RFC 4592 4.2).
 */
static void await_addresses(struct build_set *set)
{
	set->awaits = true;
	for (const struct build_record *r = set->records; r; r = r->next) {
		struct build_node *apex = r->target->zone->apex;

		r->target->awaited = true;
		apex->withheld |= r->target == apex || dns_name_is_wildcard(r->target->name);
	}
}

/* A mail exchange whose link has not been given an address yet would be a reason to bounce
 * (RFC 5321 5.1), so it is left out while there is another. */
static void leave_out_unaddressed(struct dns_zones *b, struct build_set *set)
{
	struct build_record **at = &set->records;
	unsigned others = 0;

	for (const struct build_record *r = set->records; r; r = r->next)
		others += !has_no_address_yet(b, r);
	if (!others)
		await_addresses(set);
	while (others && *at) {
		if (has_no_address_yet(b, *at)) {
			*at = (*at)->next;
			set->count--;
			set->partial = true;
		} else {
			at = &(*at)->next;
		}
	}
}

/* The name whose addresses are those of `name`: for mail they count also when a wildcard has them,
 * as the exchange is in while they are live. */
static struct build_node *target_node(
	struct dns_zones *b, uint16_t type, const uint8_t *name, size_t n)
{
	struct build_node *node = build_find(b, name, n);

	if (node || type != DNS_MX)
		return node;
	node = closest(b, name, n);
	return node && !node->cut ? node->wildcard : NULL;
}

/* Connect the records of an NS, MX or SRV set with the names they point to. */
static void connect_targets(
	struct dns_zones *b, const struct build_node *node, struct build_set *set)
{
	bool at_apex = node->zone->apex == node;
	bool depends = set->type == DNS_MX || (set->type == DNS_NS && at_apex);

	for (struct build_record *r = set->records; r; r = r->next) {
		size_t n, at = build_target(set->type, r, &n);

		if (!n)
			return;
		r->target = target_node(b, set->type, r->data + at, n);
		if (set->type == DNS_MX)
			r->preference = get_u16(r->data);
		if (depends)
			check_target(b, set, r, r->data + at, n);
		else if (set->type == DNS_NS)
			check_glue(b, node, r);
		if (depends && r->target && build_links(b, r->target))
			r->links = build_links(b, r->target);
	}
	if (set->type == DNS_MX)
		leave_out_unaddressed(b, set);
}

/* When no record of the set is in, all of it is answered: its addresses must be, too. */
static void bind_addresses(struct dns_zones *b, const struct build_set *set)
{
	uint32_t links = build_set_links(set);

	if ((set->type != DNS_MX && set->type != DNS_NS) || links & LINKS_ALWAYS)
		return;
	for (const struct build_record *r = set->records; r; r = r->next)
		if (r->target) {
			build_mask(b, build_set(b, r->target, DNS_A), links);
			build_mask(b, build_set(b, r->target, DNS_AAAA), links);
		}
}

static void sort_by_preference(struct build_set *set)
{
	struct build_record *sorted = NULL, *r = set->records;

	while (r) {
		struct build_record *next = r->next, **at = &sorted;

		while (*at && (*at)->preference <= r->preference)
			at = &(*at)->next;
		r->next = *at;
		*at = r;
		r = next;
	}
	set->records = sorted;
}

static void check_alias(struct dns_zones *b, const struct build_node *node)
{
	const struct build_set *cname = made_set(node, DNS_CNAME);
	char text[DNS_NAME_TEXT_MAX];

	if (cname && (node->sets->next || cname->count > 1))
		diag_error(b->why, cname->records->origin, NULL,
			"take the CNAME or the others away",
			"%s has a CNAME and may have nothing beside it (RFC 1034 3.6.2)",
			dns_name_text(node->name, text));
}

/* The name that an alias stands for; NULL: it is no alias, or what it stands for is not ours. */
static struct build_node *after(struct dns_zones *b, const struct build_node *alias)
{
	const struct build_set *cname = alias->cut ? NULL : made_set(alias, DNS_CNAME);

	return cname ? answering(b, cname->records->data, cname->records->n) : NULL;
}

/* An alias that leads back to itself, be it over other domains of ours. */
static void check_loop(struct dns_zones *b, struct build_node *alias)
{
	struct build_node *node = after(b, alias);
	char text[DNS_NAME_TEXT_MAX];

	for (unsigned hops = 0; node && node != alias && hops < LOOP_MAX; hops++)
		node = after(b, node);
	if (node != alias || alias->loops)
		return;
	diag_error(b->why, made_set(alias, DNS_CNAME)->records->origin, NULL,
		"let one of its names stand for a host", "the alias %s leads back to itself",
		dns_name_text(alias->name, text));
	for (; node && !node->loops; node = after(b, node))
		node->loops = true;
}

void build_connect(struct dns_zones *b)
{
	struct build_node *node;
	struct build_set *set;

	for (node = b->nodes; node; node = node->next)
		connect_node(node);
	for (node = b->nodes; node; node = node->next) {
		check_alias(b, node);
		check_loop(b, node);
		for (set = node->sets; set; set = set->next) {
			connect_targets(b, node, set);
			if (set->type == DNS_MX)
				sort_by_preference(set);
		}
	}
	for (node = b->nodes; node; node = node->next)
		for (set = node->sets; set; set = set->next)
			bind_addresses(b, set);
	for (struct build_zone *z = b->zones; z; z = z->next) {
		const uint8_t *name = z->apex->name;
		size_t n = z->apex->n;

		if (n > 1) {
			node = closest(b, name + *name + 1, n - *name - 1u);
			z->parent = node ? node->zone : NULL;
		}
	}
}

/* ---- the whole ---- */

uint32_t build_slots(uint32_t names)
{
	uint32_t n = 2;

	while (n < 2 * names)
		n *= 2;
	return n;
}

/* About so many names there will be. */
static uint32_t count_names(const struct dns_source *s)
{
	size_t n = 64;

	for (size_t i = 0; i < s->ndomains; i++)
		n += s->domains[i].nhosts + s->domains[i].nbalanced;
	return n > UINT32_MAX / 4 ? UINT32_MAX / 4 : (uint32_t)n;
}

static struct build_link link_of(const struct link_conf *c)
{
	struct build_link l = {.number = c->number};

	for (size_t i = 0; i < COUNT_OF(l.own); i++) {
		const struct ip_prefix *own = link_conf_address(c, i ? 6 : 4);

		if (own)
			l.own[i] = own->addr;
	}
	return l;
}

bool dns_zones_fit(const struct dns_zones *b, const struct dns_source *source)
{
	for (size_t i = 0; i < source->nlinks && i < FL_LINKS_MAX; i++) {
		struct build_link was = b->links[i], is = link_of(&source->links[i]);

		if (was.number != is.number || !ip_addr_eq(&was.own[0], &is.own[0]) ||
			!ip_addr_eq(&was.own[1], &is.own[1]))
			return false;
	}
	return true;
}

struct dns_zones *build_new(const struct dns_source *source, struct arena *mem, struct diags *why)
{
	struct dns_zones *b = ARENA_NEW(mem, struct dns_zones);

	if (!b)
		return NULL;
	b->source = *source;
	b->mem = mem;
	b->why = why;
	for (size_t i = 0; i < source->nlinks && i < FL_LINKS_MAX; i++)
		b->links[i] = link_of(&source->links[i]);
	b->last_node = &b->nodes;
	b->last_zone = &b->zones;
	return slots_make(b, build_slots(count_names(source))) ? b : NULL;
}

void dns_records_check(const struct dns_source *source, struct arena *mem, struct diags *why)
{
	struct dns_zones *b = build_new(source, mem, why);

	if (!b)
		return;
	dns_contents_records(b);
	for (const struct build_node *node = b->nodes; node; node = node->next)
		check_alias(b, node);
}

enum fl_err dns_zones_gather(const struct dns_source *source, struct arena *mem, struct diags *why,
	struct dns_zones **out)
{
	size_t errors = why->errors;
	struct dns_zones *b = build_new(source, mem, why);

	if (!b)
		return FL_EFULL;
	dns_contents(b);
	dns_view_contents(b);
	if (!mem->full)
		build_connect(b);
	if (mem->full)
		return FL_EFULL;
	if (why->errors > errors)
		return FL_EFORMAT;
	*out = b;
	return FL_OK;
}

enum fl_err dns_image_build(
	const struct dns_source *source, struct arena *mem, struct bytes *out, struct diags *why)
{
	struct dns_zones *zones;
	enum fl_err e = dns_zones_gather(source, mem, why, &zones);
	uint8_t *image;
	size_t size;

	if (!e)
		e = dns_zones_place(zones, source, &size);
	if (e)
		return e;
	image = arena_alloc(mem, size);
	if (!image)
		return FL_EFULL;
	dns_zones_write(zones, image);
	*out = bytes_of(image, size);
	return FL_OK;
}
