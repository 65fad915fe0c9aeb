/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns_few.h"

#include <string.h>

static const struct image_node *find(const struct dns_image *image, const struct dns_key *key)
{
	return dns_image_find(image, key->wire, key->n, key->hash);
}

static uint32_t offset_of(const struct dns_image *image, const struct image_node *node)
{
	return (uint32_t)((const uint8_t *)node - image->at);
}

/* ---- the names ---- */

/* Any case has the same. */
static unsigned letter(char c)
{
	return (unsigned char)c | 0x20u;
}

static unsigned label_bit(const char *at, size_t n)
{
	unsigned before = n > 1 ? letter(at[n - 2]) : 0;

	return (letter(at[0]) * 5 + letter(at[n - 1]) * 3 + before * 7) % 64;
}

const struct few_name *few_find(const struct dns_few *few, const struct dns_key *key)
{
	for (size_t i = 0; i < few->n; i++)
		if (few->name[i].key.hash == key->hash && few->name[i].key.n == key->n &&
			memcmp(few->name[i].key.wire, key->wire, key->n) == 0)
			return &few->name[i];
	return NULL;
}

/* The name above; false: it is the root. */
static bool key_above(const struct dns_key *key, struct dns_key *out)
{
	size_t label = key->wire[0] + 1u;

	if (key->n <= 1)
		return false;
	dns_key_of(key->wire + label, key->n - label, out);
	return true;
}

static void add_one(struct dns_few *few, const struct dns_key *key, const struct image_node *was)
{
	const struct image_node *above = was;
	struct dns_key at = *key;
	struct few_name *name;

	while (!above && key_above(&at, &at))
		above = find(few->image, &at);
	if (!above || few->n == FEW_MAX) {
		few->too_many = true;
		return;
	}
	name = &few->name[few->n++];
	*name = (struct few_name){*key, was ? offset_of(few->image, was) : 0, above->zone};
	if (key->n > 1)
		few->labels[key->wire[0]] |=
			UINT64_C(1) << label_bit((const char *)key->wire + 1, key->wire[0]);
}

static bool is_apex(const struct dns_image *image, const struct image_node *node)
{
	return image_node(image, image_zone(image, node->zone)->apex) == node;
}

void few_add(struct dns_few *few, const struct dns_key *key)
{
	const struct image_node *node = find(few->image, key);
	struct dns_key at = *key;

	if (!few_find(few, key))
		add_one(few, key, node);
	while (node && !is_apex(few->image, node) && key_above(&at, &at)) {
		node = find(few->image, &at);
		if (!node || node->nsets || is_apex(few->image, node))
			break;
		if (!few_find(few, &at))
			add_one(few, &at, node);
	}
}

void few_add_address(struct dns_few *few, const struct ip_addr *a)
{
	if (few_has_address(few, a))
		return;
	if (few->naddresses == COUNT_OF(few->address))
		few->too_many = true;
	else
		few->address[few->naddresses++] = *a;
}

bool few_has_address(const struct dns_few *few, const struct ip_addr *a)
{
	for (size_t i = 0; i < few->naddresses; i++)
		if (ip_addr_eq(&few->address[i], a))
			return true;
	return false;
}

bool few_has_text(const struct dns_few *few, struct str text, const struct build_zone *zone)
{
	const char *dot = text.n ? memchr(text.at, '.', text.n) : NULL;
	size_t n = dot ? (size_t)(dot - text.at) : text.n;
	struct dns_name name;
	struct dns_key key;

	if (n && n <= DNS_LABEL_MAX && text.at[0] != '@' && !memchr(text.at, '\\', n) &&
		!(few->labels[n] >> label_bit(text.at, n) & 1))
		return false;
	if (dns_name_parse(text, &zone->name, &name) != FL_OK)
		return true; /* whoever takes the row tells */
	dns_key_of(name.wire, name.n, &key);
	return few_find(few, &key);
}

bool few_has_zone(const struct dns_few *few, uint32_t zone)
{
	for (size_t i = 0; i < few->n; i++)
		if (few->name[i].zone == zone)
			return true;
	return false;
}

/* ---- what the image has ---- */

static size_t named_at(uint16_t type)
{
	return type == DNS_MX ? 2 : type == DNS_SRV ? 6 : 0;
}

void few_target(const struct dns_image *image, const struct image_node *node, uint16_t type,
	const struct image_record *r, struct dns_key *out)
{
	const struct image_node *apex = image_node(image, image_zone(image, node->zone)->apex);
	const uint8_t *ready = image->at + r->ready;
	size_t from = READY_DATA + named_at(type), n = (r->patch[0] ? r->patch[0] : r->n) - from;
	uint8_t wire[DNS_NAME_MAX];

	memcpy(wire, ready + from, n);
	if (r->patch[0]) {
		memcpy(wire + n, image_name(apex), apex->name_n);
		n += apex->name_n;
	}
	dns_key_of(wire, n, out);
}

/* What others look at in a set: the links of addresses, the target of an alias. */
static void take_set(struct dns_zones *b, struct build_node *node, const struct image_node *was,
	const struct image_set *from)
{
	const struct dns_image *image = b->few->image;
	struct build_set *set = ARENA_NEW(b->mem, struct build_set);
	struct dns_key name = {0};
	struct build_record *r;
	uint8_t *data;

	if (from->type == DNS_CNAME)
		few_target(image, was, DNS_CNAME, image_records(image, from->records), &name);
	r = arena_alloc(b->mem, sizeof(*r) + name.n);
	if (!set || !r)
		return;
	r->links = from->links;
	r->n = name.n;
	data = (uint8_t *)(r + 1);
	memcpy(data, name.wire, name.n);
	r->data = data;
	set->type = from->type;
	set->count = 1;
	set->records = r;
	set->next = node->sets;
	node->sets = set;
}

static struct build_node *named_in_image(struct dns_zones *b, uint32_t at)
{
	const struct image_node *node = image_node(b->few->image, at);

	return at ? build_find(b, image_name(node), node->name_n) : NULL;
}

struct build_node *few_context(struct dns_zones *b, const struct dns_key *key)
{
	const struct image_node *was = find(b->few->image, key);
	struct build_node *node;

	if (!was || few_find(b->few, key))
		return NULL;
	node = build_node_alloc(b, key);
	if (!node)
		return NULL;
	node->context = true;
	node->at = offset_of(b->few->image, was);
	node->next = b->few->contexts;
	b->few->contexts = node;
	node->zone = few_zone(b, was->zone);
	for (unsigned i = 0; i < was->nsets; i++) {
		const struct image_set *set = &image_sets(was)[i];

		if (set->type == DNS_A || set->type == DNS_AAAA || set->type == DNS_CNAME)
			take_set(b, node, was, set);
	}
	node->cut = named_in_image(b, was->cut);
	node->wildcard = named_in_image(b, was->wildcard);
	return node->zone ? node : NULL;
}

/* ---- building ---- */

static struct build_zone *zone_known(const struct dns_zones *b, uint32_t index)
{
	struct build_zone *z = b->zones;

	while (z && z->index != index)
		z = z->next;
	return z;
}

struct build_zone *few_zone(struct dns_zones *b, uint32_t index)
{
	const struct dns_image *image = b->few->image;
	const struct image_zone *from = image_zone(image, index);
	const struct image_node *apex = image_node(image, from->apex);
	struct build_zone *zone = zone_known(b, index);
	struct dns_key key;

	if (zone)
		return zone;
	zone = ARENA_NEW(b->mem, struct build_zone);
	if (!zone)
		return NULL;
	*b->last_zone = zone;
	b->last_zone = &zone->next;
	zone->index = index;
	zone->names = from->names;
	zone->reverse = from->reverse;
	zone->negative = from->negative;
	zone->ttl = dns_image_set(apex, DNS_SOA)->ttl;
	zone->name.n = apex->name_n;
	memcpy(zone->name.wire, image_name(apex), apex->name_n);
	dns_key_of(zone->name.wire, zone->name.n, &key);
	zone->apex = few_find(b->few, &key) ? build_node_new(b, zone, &key)
					    : build_find(b, key.wire, key.n);
	return zone->apex ? zone : NULL;
}

struct dns_zones *few_begin(
	const struct dns_source *source, struct dns_few *few, struct arena *mem, struct diags *why)
{
	struct dns_source none = *source; /* names to make room for: no more than the few */
	struct dns_zones *b;

	none.ndomains = 0;
	b = build_new(&none, mem, why);
	if (!b)
		return NULL;
	b->source = *source;
	b->few = few;
	few->contexts = NULL;
	for (size_t i = 0; i < few->n; i++)
		if (!few_zone(b, few->name[i].zone))
			return NULL;
	return b;
}
