/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An image comes from another process.  Opening it checks every offset and count once, so that an
 * answer needs no check at all.
 *
 *   1. The header's three parts lie in the image.
 *   2. The nodes fill their part: each one's own pieces lie inside it.
 *   3. Every node is found by its name in the slots, and no other slot is used.  So a slot's offset
 *      is always a node, and an offset is a node if and only if the slots know it.
 *   4. Offsets from node to node and from zone to node are nodes by that test, and a node's name
 *      ends in its zone's name, which makes every compression pointer point into the question. */
#include "dns_access.h"
#include "dns_format.h"
#include "dns_rdata.h"
#include "dns_view.h"

#include <string.h>

const struct image_node *dns_image_find(
	const struct dns_image *image, const uint8_t *name, size_t n, uint32_t hash)
{
	const struct image_slot *slots = image_slots(image);
	uint32_t mask = image_header(image)->nslots - 1;

	for (uint32_t at = hash & mask; slots[at].node; at = (at + 1) & mask) {
		const struct image_node *node;

		if (slots[at].hash != hash)
			continue;
		node = image_node(image, slots[at].node);
		if (node->name_n == n && memcmp(image_name(node), name, n) == 0)
			return node;
	}
	return NULL;
}

const struct image_set *dns_image_set(const struct image_node *node, uint16_t type)
{
	const struct image_set *sets = image_sets(node);

	for (unsigned i = 0; i < node->nsets; i++)
		if (sets[i].type == type)
			return &sets[i];
	return NULL;
}

bool dns_set_is_whole(const struct dns_image *image, const struct image_set *set, uint32_t alive)
{
	const uint32_t *masks = image_masks(image, set);

	if (set->flags & SET_WHOLE)
		return true;
	for (unsigned i = 0; i < set->nmasks; i++)
		if (!(masks[i] & alive))
			return true;
	return false;
}

/* ---- checks ---- */

/* `count` things of `size` octets at `at` lie between `from` and `to`, aligned. */
static bool lies_in(uint32_t at, uint64_t count, uint64_t size, uint64_t from, uint64_t to)
{
	return at % IMAGE_ALIGN == 0 && at >= from && at + count * size <= to;
}

static bool options_are_sound(const struct image_options *o)
{
	return o->cookies <= 1 && o->errors <= 1 && o->client_subnet <= 1 &&
	       o->version[0] <= DNS_TOLD_MAX && o->id[0] <= DNS_TOLD_MAX;
}

static bool header_is_sound(const struct dns_image *image)
{
	const struct image_header *h = image_header(image);

	if (h->magic != IMAGE_MAGIC || h->size != image->n || h->nslots == 0 ||
		(h->nslots & (h->nslots - 1)) || h->nnodes > h->nslots / 2)
		return false;
	for (size_t i = 0; i < FL_LINKS_MAX; i++)
		if (!memchr(h->link[i], '\0', sizeof(h->link[i])))
			return false;
	return lies_in(h->zones, h->nzones, sizeof(struct image_zone), sizeof(*h), h->slots) &&
	       lies_in(h->slots, h->nslots, sizeof(struct image_slot), sizeof(*h), h->nodes) &&
	       h->nodes % IMAGE_ALIGN == 0 && h->nodes <= h->size && dns_access_is_sound(image) &&
	       options_are_sound(&h->options) &&
	       dns_view_is_sound(bytes_of(image->at, image->n), &h->views, h->nodes);
}

static bool record_is_sound(
	const struct dns_image *image, const struct image_record *r, uint32_t from, uint32_t to)
{
	const uint8_t *ready;

	if (r->n < READY_DATA || r->ready < from || (uint64_t)r->ready + r->n > to)
		return false;
	ready = image->at + r->ready;
	if (get_u16(ready + READY_LEN) != r->n - READY_DATA)
		return false;
	for (size_t i = 0; i < COUNT_OF(r->patch); i++)
		if (r->patch[i] && (r->patch[i] < READY_DATA || r->patch[i] + 2 > r->n))
			return false;
	return r->link <= FL_LINKS_MAX && r->instead <= 1 && (!r->target || r->name_at < r->n);
}

static bool set_is_sound(
	const struct dns_image *image, const struct image_set *set, uint32_t from, uint32_t to)
{
	const uint64_t octets =
		set->count * sizeof(struct image_record) + set->nmasks * sizeof(uint32_t);
	const struct image_record *r;

	if (set->count == 0 || set->order >= ORDERS || set->policy >= POLICIES_MAX ||
		set->flags > (SET_WHOLE | SET_INSTEAD | SET_AWAITS) ||
		!lies_in(set->records, 1, octets, from, to))
		return false;
	r = image_records(image, set->records);
	for (unsigned i = 0; i < set->count; i++)
		if (!record_is_sound(image, &r[i], from, to))
			return false;
	return true;
}

/* The node at `at` and its own pieces. */
static bool node_is_sound(const struct dns_image *image, uint32_t at)
{
	const struct image_node *node = image_node(image, at);
	const struct image_set *sets;
	uint64_t room = image->n - at;
	uint32_t end;

	if (room < sizeof(*node) || node->size > room || node->size % IMAGE_ALIGN ||
		sizeof(*node) + image_pad(node->name_n) + node->nsets * sizeof(*sets) > node->size)
		return false;
	sets = image_sets(node);
	end = at + node->size;
	if (node->name_n == 0 || dns_name_size(image_name(node), node->name_n) != node->name_n ||
		dns_name_labels(image_name(node)) > image_header(image)->most_labels ||
		node->flags > (NODE_AWAITED | NODE_HOST | NODE_WITHHELD))
		return false;
	for (unsigned i = 0; i < node->nsets; i++)
		if (!set_is_sound(image, &sets[i], at, end))
			return false;
	return true;
}

static const struct image_node *find_own(
	const struct dns_image *image, const struct image_node *node)
{
	struct dns_key key;

	dns_key_of(image_name(node), node->name_n, &key);
	return dns_image_find(image, key.wire, key.n, key.hash);
}

/* `at` is the offset of a node.  To be asked after the slots were found to be exactly the nodes. */
static bool is_node(const struct dns_image *image, uint32_t at)
{
	const struct image_node *node = image_node(image, at);

	if (!lies_in(at, 1, sizeof(*node), image_header(image)->nodes, image->n) ||
		node->name_n > image->n - at - sizeof(*node) ||
		dns_name_size(image_name(node), node->name_n) != node->name_n)
		return false;
	return find_own(image, node) == node;
}

/* Step 3: until it is done no slot may be followed, so first each slot must look like a node. */
static bool slots_are_sound(const struct dns_image *image)
{
	const struct image_header *h = image_header(image);
	const struct image_slot *slots = image_slots(image);
	uint32_t used = 0;

	for (uint32_t i = 0; i < h->nslots; i++) {
		const struct image_node *node = image_node(image, slots[i].node);

		if (!slots[i].node)
			continue;
		used++;
		if (!lies_in(slots[i].node, 1, sizeof(*node), h->nodes, image->n) ||
			node->name_n > image->n - slots[i].node - sizeof(*node))
			return false;
	}
	return used == h->nnodes;
}

static bool references_are_sound(const struct dns_image *image, const struct image_node *node)
{
	const struct image_set *sets = image_sets(node);
	const struct image_node *apex;

	if (node->zone >= image_header(image)->nzones ||
		(node->cut && !is_node(image, node->cut)) ||
		(node->wildcard && !is_node(image, node->wildcard)))
		return false;
	apex = image_node(image, image_zone(image, node->zone)->apex);
	if (!dns_name_is_below(image_name(node), node->name_n, image_name(apex), apex->name_n))
		return false;
	if (node->cut) {
		const struct image_node *cut = image_node(image, node->cut);

		if (cut->zone != node->zone || !dns_image_set(cut, DNS_NS) ||
			!dns_name_is_below(
				image_name(node), node->name_n, image_name(cut), cut->name_n))
			return false;
	}
	for (unsigned i = 0; i < node->nsets; i++) {
		const struct image_record *r = image_records(image, sets[i].records);

		for (unsigned k = 0; k < sets[i].count; k++)
			if (r[k].target && !is_node(image, r[k].target))
				return false;
	}
	return true;
}

static bool zone_is_sound(const struct dns_image *image, uint32_t index)
{
	const struct image_header *h = image_header(image);
	const struct image_zone *zone = image_zone(image, index);
	const struct image_set *soa;

	if (zone->reverse.addr.family && !ip_addr_size(zone->reverse.addr.family))
		return false;
	if (!is_node(image, zone->apex) || zone->parent < -1 || zone->parent >= (int64_t)h->nzones)
		return false;
	if (zone->parent >= 0) {
		const struct image_node *apex = image_node(image, zone->apex), *above;
		uint32_t at = image_zone(image, (uint32_t)zone->parent)->apex;

		above = image_node(image, at);
		if (!is_node(image, at) || !dns_name_is_below(image_name(apex), apex->name_n,
						   image_name(above), above->name_n))
			return false;
	}
	soa = dns_image_set(image_node(image, zone->apex), DNS_SOA);
	return soa && soa->records == zone->soa && soa->count == 1 &&
	       image_node(image, zone->apex)->zone == index &&
	       image_records(image, zone->soa)->n >= READY_DATA + 20;
}

static bool nodes_are_sound(const struct dns_image *image)
{
	const struct image_header *h = image_header(image);
	uint32_t at, count = 0;

	for (at = h->nodes; at < h->size; at += image_node(image, at)->size, count++)
		if (!node_is_sound(image, at))
			return false;
	if (count != h->nnodes || !slots_are_sound(image))
		return false;
	for (at = h->nodes; at < h->size; at += image_node(image, at)->size)
		if (find_own(image, image_node(image, at)) != image_node(image, at))
			return false;
	return true;
}

enum fl_err dns_image_open(struct bytes octets, struct dns_image *out)
{
	struct dns_image image = {octets.at, octets.n};
	const struct image_header *h = image_header(&image);

	if (octets.n < sizeof(*h) || octets.n > UINT32_MAX || (uintptr_t)octets.at % IMAGE_ALIGN ||
		!header_is_sound(&image) || !nodes_are_sound(&image))
		return FL_EFORMAT;
	for (uint32_t i = 0; i < h->nzones; i++)
		if (!zone_is_sound(&image, i))
			return FL_EFORMAT;
	for (uint32_t at = h->nodes; at < h->size; at += image_node(&image, at)->size)
		if (!references_are_sound(&image, image_node(&image, at)))
			return FL_EFORMAT;
	*out = image;
	return FL_OK;
}

/* ---- an image like one that is sound ---- */

#define CHANGED_MAX 64 /* nodes; with more of them the whole is checked */

/* All but the nodes is the same, and the serial, which may be any. */
static bool has_same_frame(const struct dns_image *image, const struct dns_image *sound)
{
	struct image_header now, was;

	if (image->n != sound->n || (uintptr_t)image->at % IMAGE_ALIGN)
		return false;
	memcpy(&now, image->at, sizeof(now));
	memcpy(&was, sound->at, sizeof(was));
	now.serial = was.serial;
	return memcmp(&now, &was, sizeof(now)) == 0 &&
	       memcmp(image->at + sizeof(now), sound->at + sizeof(now), was.nodes - sizeof(now)) ==
		       0;
}

/* The places of nodes that are not as they are in the sound image; returns how many, or one more
 * than there is room for. */
static size_t changed_nodes(
	const struct dns_image *image, const struct dns_image *sound, uint32_t changed[CHANGED_MAX])
{
	const struct image_header *h = image_header(sound);
	size_t n = 0;
	uint32_t size;

	for (uint32_t at = h->nodes; at < h->size; at += size) {
		size = image_node(sound, at)->size;
		if (memcmp(image->at + at, sound->at + at, size) == 0)
			continue;
		if (n == CHANGED_MAX)
			return n + 1;
		changed[n++] = at;
	}
	return n;
}

/* The node is sound by itself, and is to others what it was: of this name and size, in this zone,
 * and a delegation if it was one. */
static bool node_stays(const struct dns_image *image, const struct dns_image *sound, uint32_t at)
{
	const struct image_node *now = image_node(image, at), *was = image_node(sound, at);

	return now->size == was->size && now->zone == was->zone && now->name_n == was->name_n &&
	       memcmp(image_name(now), image_name(was), was->name_n) == 0 &&
	       node_is_sound(image, at) &&
	       (!dns_image_set(was, DNS_NS) || dns_image_set(now, DNS_NS));
}

static bool changes_are_sound(const struct dns_image *image, const struct dns_image *sound)
{
	uint32_t changed[CHANGED_MAX];
	size_t n = changed_nodes(image, sound, changed);

	if (n > CHANGED_MAX)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!node_stays(image, sound, changed[i]))
			return false;
	for (size_t i = 0; i < n; i++) {
		const struct image_node *node = image_node(image, changed[i]);

		if (!references_are_sound(image, node) ||
			(image_zone(image, node->zone)->apex == changed[i] &&
				!zone_is_sound(image, node->zone)))
			return false;
	}
	return true;
}

enum fl_err dns_image_open_like(
	struct bytes octets, const struct dns_image *sound, struct dns_image *out)
{
	struct dns_image image = {octets.at, octets.n};

	if (!has_same_frame(&image, sound) || !changes_are_sound(&image, sound))
		return dns_image_open(octets, out);
	*out = image;
	return FL_OK;
}

/* The zones from `first` on that one row of the settings stands for. */
static uint32_t zones_of_row(const struct dns_image *image, uint32_t first)
{
	const struct image_zone *zone = image_zone(image, first);
	uint32_t n = 1;

	if (!zone->reverse.addr.family)
		return 1;
	for (; first + n < image_header(image)->nzones; n++)
		if (zone[n].reverse.bits != zone->reverse.bits ||
			!ip_addr_eq(&zone[n].reverse.addr, &zone->reverse.addr))
			break;
	return n;
}

void dns_image_list(
	const struct dns_image *image, const struct published *pub, const struct sink *out)
{
	uint32_t serial = dns_image_serial(image, pub->generation);

	for (uint32_t i = 0, n; i < image_header(image)->nzones; i += n) {
		const struct image_zone *zone = image_zone(image, i);
		char name[DNS_NAME_TEXT_MAX], prefix[IP_TEXT_MAX + 4];
		uint32_t names = 0;

		n = zones_of_row(image, i);
		for (uint32_t k = 0; k < n; k++)
			names += zone[k].names;
		if (zone->reverse.addr.family)
			ip_prefix_text(&zone->reverse, prefix);
		else
			dns_name_text(image_name(image_node(image, zone->apex)), name);
		sink_printf(out, "%-40s %8lu names  serial %lu",
			zone->reverse.addr.family ? prefix : name, (unsigned long)names,
			(unsigned long)serial);
		if (n > 1)
			sink_printf(out, "  %lu zones", (unsigned long)n);
		sink_puts(out, "\n");
	}
}
