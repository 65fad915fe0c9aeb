/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From connected names to an image: first every node has its place, then all is written. */
#include "dns_access.h"
#include "dns_view.h"

#include <string.h>

/* The data with each name in the zone cut down to its own labels and room for a pointer to the
 * zone's name.  Returns its size; `patch` gets where the pointers belong in the ready octets. */
static size_t compress(const struct build_zone *zone, uint16_t type, const struct build_record *r,
	uint8_t *out, uint16_t patch[2])
{
	size_t names_at[DNS_RDATA_NAMES], names = 0, from = 0, n = 0;
	struct bytes data = bytes_of(r->data, r->n);
	struct dns_key key;

	memset(patch, 0, 2 * sizeof(*patch));
	if (dns_rdata_may_compress(type))
		(void)dns_rdata_check(type, data, 0, r->n, names_at, &names);
	for (size_t i = 0; i < names; i++) {
		const uint8_t *name = r->data + names_at[i];
		size_t size = dns_name_size(name, r->n - names_at[i]), kept;

		dns_key_of(name, size, &key);
		if (!dns_name_is_below(key.wire, size, zone->apex->name, zone->apex->n))
			continue;
		kept = names_at[i] + size - zone->apex->n - from;
		memcpy(out + n, r->data + from, kept);
		n += kept;
		patch[i] = (uint16_t)(READY_DATA + n);
		set_u16(out + n, 0);
		n += 2;
		from = names_at[i] + size;
	}
	memcpy(out + n, r->data + from, r->n - from);
	return n + r->n - from;
}

/* The sets of a node; `plain` is room for one that is not made. */
static const struct build_set *sets_of(
	const struct dns_zones *b, const struct build_node *node, struct build_plain *plain)
{
	if (!node->unmade)
		return node->sets;
	dns_contents_plain(b, node, plain);
	return &plain->set;
}

uint32_t build_node_size(struct dns_zones *b, const struct build_node *node)
{
	struct build_plain plain;
	size_t n = sizeof(struct image_node) + image_pad(node->n);
	uint16_t patch[2];

	for (const struct build_set *set = sets_of(b, node, &plain); set; set = set->next) {
		n += sizeof(struct image_set) + set->count * sizeof(struct image_record) +
		     set->nmasks * sizeof(uint32_t);
		for (const struct build_record *r = set->records; r; r = r->next)
			n += READY_DATA +
			     (dns_rdata_may_compress(set->type)
					     ? compress(node->zone, set->type, r, b->scratch, patch)
					     : r->n);
	}
	return image_pad(n);
}

static void write_record(const struct build_node *node, const struct build_set *set,
	const struct build_record *from, uint8_t *image, uint32_t ready, struct image_record *r)
{
	uint8_t *p = image + ready;
	size_t n, target_n;

	*r = (struct image_record){
		.links = from->links,
		.ready = ready,
		.preference = from->preference,
		.link = from->link,
		.instead = from->instead,
	};
	n = compress(node->zone, set->type, from, p + READY_DATA, r->patch);
	set_u16(p, 0xc00c);
	set_u16(p + READY_TYPE, set->type);
	set_u16(p + READY_TYPE + 2, DNS_IN);
	set_u32(p + READY_TTL, set->ttl);
	set_u16(p + READY_LEN, (uint16_t)n);
	r->n = (uint16_t)(READY_DATA + n);
	if (from->target) {
		r->target = from->target->at;
		r->name_at = (uint16_t)(READY_DATA + build_target(set->type, from, &target_n));
	}
}

/* Where the next pieces of a node go. */
struct places {
	uint32_t records, ready;
};

static bool has_instead(const struct build_set *set)
{
	for (const struct build_record *r = set->records; r; r = r->next)
		if (r->instead)
			return true;
	return false;
}

static void write_set(const struct build_node *node, const struct build_set *from, uint8_t *image,
	struct places *at, struct image_set *set)
{
	*set = (struct image_set){
		.type = from->type,
		.count = (uint8_t)from->count,
		.order = from->order,
		.policy = from->policy,
		.flags = (uint8_t)((from->whole ? SET_WHOLE : 0) |
				   (has_instead(from) ? SET_INSTEAD : 0) |
				   (from->awaits ? SET_AWAITS : 0) |
				   (from->partial ? SET_PARTIAL : 0)),
		.nmasks = (uint16_t)from->nmasks,
		.ttl = from->ttl,
		.links = build_set_links(from),
		.records = at->records,
	};
	for (const struct build_record *r = from->records; r; r = r->next) {
		struct image_record *to = (struct image_record *)(void *)(image + at->records);

		write_record(node, from, r, image, at->ready, to);
		at->records += (uint32_t)sizeof(*to);
		at->ready += to->n;
	}
	for (const struct build_mask *m = from->masks; m; m = m->next) {
		memcpy(image + at->records, &m->links, sizeof(m->links));
		at->records += (uint32_t)sizeof(m->links);
	}
}

void build_node_write(
	const struct dns_zones *b, const struct build_node *from, uint32_t size, uint8_t *image)
{
	struct build_plain plain;
	const struct build_set *sets = sets_of(b, from, &plain);
	struct image_node *node = (struct image_node *)(void *)(image + from->at);
	struct image_set *set =
		(struct image_set *)(void *)((uint8_t *)(node + 1) + image_pad(from->n));
	struct places at;
	uint32_t nsets = 0, octets = 0;

	for (const struct build_set *s = sets; s; s = s->next) {
		nsets++;
		octets += (uint32_t)(s->count * sizeof(struct image_record) +
				     s->nmasks * sizeof(uint32_t));
	}
	*node = (struct image_node){
		.size = size,
		.zone = from->zone->index,
		.cut = from->cut ? from->cut->at : 0,
		.wildcard = from->wildcard ? from->wildcard->at : 0,
		.nsets = (uint16_t)nsets,
		.name_n = from->n,
		.flags = (uint8_t)((from->awaited ? NODE_AWAITED : 0) |
				   (from->withheld ? NODE_WITHHELD : 0)),
	};
	memcpy(node + 1, from->name, from->n);
	at.records = (uint32_t)((uint8_t *)(set + nsets) - image);
	at.ready = at.records + octets;
	for (const struct build_set *s = sets; s; s = s->next)
		write_set(from, s, image, &at, set++);
}

static void write_slots(const struct dns_zones *b, uint8_t *image)
{
	const struct image_header *h = (const struct image_header *)(const void *)image;
	struct image_slot *slots = (struct image_slot *)(void *)(image + h->slots);

	for (const struct build_node *node = b->nodes; node; node = node->next) {
		uint32_t at = node->hash & (h->nslots - 1);

		while (slots[at].node)
			at = (at + 1) & (h->nslots - 1);
		slots[at] = (struct image_slot){node->hash, node->at};
	}
}

static void write_zones(const struct dns_zones *b, uint8_t *image)
{
	const struct image_header *h = (const struct image_header *)(const void *)image;
	struct image_zone *zone = (struct image_zone *)(void *)(image + h->zones);
	struct dns_image whole = {image, h->size};

	for (const struct build_zone *z = b->zones; z; z = z->next)
		*zone++ = (struct image_zone){
			.apex = z->apex->at,
			.soa = dns_image_set(image_node(&whole, z->apex->at), DNS_SOA)->records,
			.names = z->names,
			.negative = z->negative,
			.parent = z->parent ? (int32_t)z->parent->index : -1,
			.reverse = z->reverse,
		};
}

static enum fl_err place(struct dns_zones *b, struct image_header *h)
{
	uint64_t at = sizeof(*h);

	*h = (struct image_header){
		.magic = IMAGE_MAGIC,
		.zones = (uint32_t)at,
		.nzones = b->nzones,
		.nnodes = b->nnodes,
		.nslots = build_slots(b->nnodes),
		.serial = b->source.serial,
	};
	at += (uint64_t)h->nzones * sizeof(struct image_zone);
	h->slots = (uint32_t)at;
	at += (uint64_t)h->nslots * sizeof(struct image_slot);
	dns_access_place(b, h, &at);
	dns_view_place(b, &h->views, &at);
	h->nodes = (uint32_t)at;
	for (struct build_node *node = b->nodes; node; node = node->next) {
		if (at > INT32_MAX)
			return FL_ERANGE;
		node->at = (uint32_t)at;
		at += build_node_size(b, node);
		if (node->labels > h->most_labels)
			h->most_labels = node->labels;
	}
	if (at > INT32_MAX)
		return FL_ERANGE;
	h->size = (uint32_t)at;
	return FL_OK;
}

static void name_links(const struct dns_source *source, struct image_header *h)
{
	for (size_t i = 0; i < source->nlinks; i++) {
		const struct link_conf *link = &source->links[i];

		if (link->number >= 1 && link->number <= FL_LINKS_MAX &&
			link->name.n <= FL_NAME_MAX)
			memcpy(h->link[link->number - 1], link->name.at, link->name.n);
	}
}

/* The text behind its length. */
static void put_told(struct str text, uint8_t out[DNS_TOLD_MAX + 1])
{
	size_t n = text.n < DNS_TOLD_MAX ? text.n : DNS_TOLD_MAX;

	out[0] = (uint8_t)n;
	if (n)
		memcpy(out + 1, text.at, n);
}

static void set_options(const struct dns_source *source, struct image_options *o)
{
	const struct dns_conf *c = source->conf;

	if (!c)
		return;
	o->rate = c->rate_limit.answers;
	o->slip = c->rate_limit.slip;
	o->cookies = c->cookies;
	o->errors = c->extended_errors;
	o->client_subnet = c->client_subnet;
	put_told(c->version, o->version);
	put_told(c->server_id, o->id);
	memcpy(o->secret, source->cookie_secret, sizeof(o->secret));
}

enum fl_err dns_zones_place(struct dns_zones *b, const struct dns_source *source, size_t *size)
{
	enum fl_err e;

	b->source = *source;
	e = place(b, &b->header);
	*size = b->header.size;
	return e;
}

void dns_zones_write(struct dns_zones *b, uint8_t *image)
{
	struct image_header *h = &b->header;

	name_links(&b->source, h);
	set_options(&b->source, &h->options);
	memcpy(image, h, sizeof(*h));
	for (const struct build_node *node = b->nodes; node; node = node->next)
		build_node_write(
			b, node, (node->next ? node->next->at : h->size) - node->at, image);
	write_slots(b, image);
	write_zones(b, image);
	dns_access_write(b, image);
	dns_view_write(b, &h->views, image);
}
