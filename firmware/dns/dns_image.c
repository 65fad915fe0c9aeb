/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An image comes from another process.  Opening it checks every offset and count once, so that an
 * answer needs no check at all.
 *
 *   1. The header's three parts lie in the image.
 *   2. The nodes fill their part: each one's own pieces lie inside it.
 *   3. Every node that is not gone is found by its name in the slots, and no other slot is used.
 *      So a slot's offset is always a node, and an offset is a node if and only if the slots know
 *      it.
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
		set->flags > (SET_WHOLE | SET_INSTEAD | SET_AWAITS | SET_PARTIAL) ||
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
		node->flags > (NODE_AWAITED | NODE_WITHHELD | NODE_GONE))
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

static bool slot_is_sound(const struct dns_image *image, uint32_t at)
{
	const struct image_node *node = image_node(image, at);

	return lies_in(at, 1, sizeof(*node), image_header(image)->nodes, image->n) &&
	       node->name_n <= image->n - at - sizeof(*node);
}

/* Step 3: until it is done no slot may be followed, so first each slot must look like a node. */
static bool slots_are_sound(const struct dns_image *image)
{
	const struct image_header *h = image_header(image);
	const struct image_slot *slots = image_slots(image);
	uint32_t used = 0;

	for (uint32_t i = 0; i < h->nslots; i++) {
		if (!slots[i].node)
			continue;
		used++;
		if (!slot_is_sound(image, slots[i].node))
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

static bool is_gone(const struct dns_image *image, uint32_t at)
{
	return image_node(image, at)->flags & NODE_GONE;
}

static bool is_found(const struct dns_image *image, uint32_t at)
{
	return find_own(image, image_node(image, at)) == image_node(image, at);
}

static bool nodes_are_sound(const struct dns_image *image)
{
	const struct image_header *h = image_header(image);
	uint32_t at, count = 0;

	for (at = h->nodes; at < h->size; at += image_node(image, at)->size) {
		if (!node_is_sound(image, at))
			return false;
		count += !is_gone(image, at);
	}
	if (count != h->nnodes || !slots_are_sound(image))
		return false;
	for (at = h->nodes; at < h->size; at += image_node(image, at)->size)
		if (!is_gone(image, at) && !is_found(image, at))
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
		if (!is_gone(&image, at) && !references_are_sound(&image, image_node(&image, at)))
			return FL_EFORMAT;
	*out = image;
	return FL_OK;
}

/* ---- an image like one that is sound ----
 *
 * Its nodes are those of the sound one, a few of them changed or gone, and a few more behind them.
 *
 * The slots are still a bijection if as many are used as there are nodes that are not gone, and
 * each of these is found.  A node is found as before unless a slot has changed on the way from its
 * name's own slot to it, so the nodes behind a changed slot are looked for, and those that are new.
 */

#define CHANGED_MAX 512 /* nodes; with more of them the whole is checked */

struct changes {
	const struct dns_image *now, *was;
	uint32_t node[CHANGED_MAX]; /* that are changed, gone or new */
	size_t n;
	uint32_t live; /* nodes that are not gone */
	bool some_gone;
};

/* The parts are where they were. */
static bool has_same_parts(const struct dns_image *image, const struct dns_image *sound)
{
	const struct image_header *now = image_header(image), *was = image_header(sound);

	return image->n >= sound->n && image->n <= UINT32_MAX &&
	       (uintptr_t)image->at % IMAGE_ALIGN == 0 && header_is_sound(image) &&
	       now->zones == was->zones && now->nzones == was->nzones && now->slots == was->slots &&
	       now->nslots == was->nslots && now->nodes == was->nodes &&
	       now->most_labels >= was->most_labels;
}

/* The node is sound by itself, and is to others what it was: of this name and size, in this zone,
 * and a delegation if it was one. */
static bool node_stays(const struct dns_image *image, const struct dns_image *sound, uint32_t at)
{
	const struct image_node *now = image_node(image, at), *was = image_node(sound, at);

	return now->size == was->size && now->zone == was->zone && now->name_n == was->name_n &&
	       memcmp(image_name(now), image_name(was), was->name_n) == 0 &&
	       node_is_sound(image, at) &&
	       (!dns_image_set(was, DNS_NS) || dns_image_set(now, DNS_NS)) &&
	       (!is_gone(sound, at) || is_gone(image, at));
}

static bool note_change(struct changes *c, uint32_t at)
{
	if (c->n == CHANGED_MAX)
		return false;
	c->node[c->n++] = at;
	return true;
}

/* Each node that is not as it was, and those behind them all. */
static bool changed_nodes_are_sound(struct changes *c)
{
	uint32_t at, size;

	for (at = image_header(c->was)->nodes; at < c->was->n; at += size) {
		size = image_node(c->was, at)->size;
		if (memcmp(c->now->at + at, c->was->at + at, size) == 0)
			continue;
		if (!note_change(c, at) || !node_stays(c->now, c->was, at))
			return false;
		if (is_gone(c->now, at) && !is_gone(c->was, at)) {
			c->live--;
			c->some_gone = true;
		}
	}
	for (; at < c->now->n; at += image_node(c->now, at)->size) {
		if (!note_change(c, at) || !node_is_sound(c->now, at))
			return false;
		c->live += !is_gone(c->now, at);
	}
	return c->live == image_header(c->now)->nnodes;
}

/* Their offsets may be followed, and as many are used as there are nodes. */
static bool changed_slots_are_sound(const struct changes *c)
{
	const struct image_slot *now = image_slots(c->now), *was = image_slots(c->was);
	uint32_t used = image_header(c->was)->nnodes;

	for (uint32_t i = 0; i < image_header(c->now)->nslots; i++) {
		if (now[i].hash == was[i].hash && now[i].node == was[i].node)
			continue;
		if (now[i].node && !slot_is_sound(c->now, now[i].node))
			return false;
		used = used + (now[i].node != 0) - (was[i].node != 0);
	}
	return used == c->live;
}

/* The nodes of the run of slots that begins here, as it was. */
static bool run_is_found(const struct changes *c, uint32_t at)
{
	const struct image_slot *was = image_slots(c->was);
	uint32_t mask = image_header(c->was)->nslots - 1;

	for (; was[at].node; at = (at + 1) & mask)
		if (!is_gone(c->now, was[at].node) && !is_found(c->now, was[at].node))
			return false;
	return true;
}

static bool all_are_found(const struct changes *c)
{
	const struct image_slot *now = image_slots(c->now), *was = image_slots(c->was);

	for (uint32_t i = 0; i < image_header(c->now)->nslots; i++)
		if ((now[i].hash != was[i].hash || now[i].node != was[i].node) &&
			!run_is_found(c, i))
			return false;
	for (size_t i = c->n; i > 0 && c->node[i - 1] >= c->was->n; i--)
		if (!is_gone(c->now, c->node[i - 1]) && !is_found(c->now, c->node[i - 1]))
			return false;
	return true;
}

/* A zone has the name it had, which its nodes' names end in. */
static bool changed_zones_are_sound(const struct changes *c)
{
	for (uint32_t i = 0; i < image_header(c->now)->nzones; i++) {
		const struct image_zone *now = image_zone(c->now, i), *was = image_zone(c->was, i);
		const struct image_node *before = image_node(c->was, was->apex), *apex;

		if (memcmp(now, was, sizeof(*now)) == 0)
			continue;
		if (!zone_is_sound(c->now, i))
			return false;
		apex = image_node(c->now, now->apex);
		if (apex->name_n != before->name_n ||
			memcmp(image_name(apex), image_name(before), apex->name_n) != 0)
			return false;
	}
	return true;
}

static bool changed_references_are_sound(const struct changes *c)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct image_node *node = image_node(c->now, c->node[i]);

		/* Of which it is to be said first that it is one. */
		if (node->zone >= image_header(c->now)->nzones ||
			(image_zone(c->now, node->zone)->apex == c->node[i] &&
				!zone_is_sound(c->now, node->zone)))
			return false;
		if (!is_gone(c->now, c->node[i]) && !references_are_sound(c->now, node))
			return false;
	}
	return true;
}

/* Does a node that has not changed refer to one that is gone? */
static bool none_is_missed(const struct changes *c)
{
	const struct image_header *h = image_header(c->now);
	const struct image_node *node;

	for (uint32_t at = h->nodes; c->some_gone && at < h->size; at += node->size) {
		node = image_node(c->now, at);
		if (node->flags & NODE_GONE)
			continue;
		if ((node->cut && is_gone(c->now, node->cut)) ||
			(node->wildcard && is_gone(c->now, node->wildcard)))
			return false;
		for (unsigned i = 0; i < node->nsets; i++) {
			const struct image_set *set = &image_sets(node)[i];
			const struct image_record *r = image_records(c->now, set->records);

			for (unsigned k = 0; k < set->count; k++)
				if (r[k].target && is_gone(c->now, r[k].target))
					return false;
		}
	}
	return true;
}

enum fl_err dns_image_open_like(
	struct bytes octets, const struct dns_image *sound, struct dns_image *out)
{
	struct dns_image image = {octets.at, octets.n};
	struct changes c = {.now = &image, .was = sound, .live = image_header(sound)->nnodes};

	if (octets.n < sizeof(struct image_header) || !has_same_parts(&image, sound) ||
		!changed_nodes_are_sound(&c) || !changed_slots_are_sound(&c) ||
		!all_are_found(&c) || !changed_zones_are_sound(&c) ||
		!changed_references_are_sound(&c) || !none_is_missed(&c))
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
