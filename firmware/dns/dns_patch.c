/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An image with a few rows changed in place.
 *
 *   1. The names that the rows give records to are built anew, from all their rows (dns_few.h).
 *   2. So are the names that depend on them.  A record that names one of them, when that comes to
 *      be or goes, or its addresses have other links; a name that a mail exchange or name server
 *      of theirs is, as it knows the links of the whole set.  Round after round, until there are no
 *      more; with too many the whole image is made.
 *   3. A node that is not larger than it was is written where it was.  Any other is written behind
 *      the image, and what it was stays there as one that is gone: in no slot, and passed over.
 *
 * All else in the image stays as it is, but for the slots, the zones' counts, and offsets of nodes
 * that have moved. */
#include "dns_few.h"

#include <string.h>

#define ROUNDS_MAX 8

/* A record of another name that names a node that was built. */
struct pointer {
	struct pointer *next;
	uint32_t record; /* in the image */
	const struct build_node *to;
};

/* A name that is, or was, or has addresses with other links than before. */
struct other {
	const uint8_t *at; /* of a wildcard what it stands below */
	size_t n;
	bool wildcard;
};

struct dns_patch {
	const struct dns_image *image;
	struct dns_few few;
	size_t nnoted; /* of the few: those that the edits are about */
	struct dns_zones *b;
	struct other *others;
	size_t nothers;
	struct pointer *pointers;
	uint32_t size; /* of the image, when it is changed */
};

static const struct image_node *was(const struct dns_patch *p, const struct few_name *name)
{
	return name->was ? image_node(p->image, name->was) : NULL;
}

/* The node that was built, or NULL. */
static struct build_node *built(const struct dns_patch *p, const struct few_name *name)
{
	return build_find(p->b, name->key.wire, name->key.n);
}

static const struct few_name *name_of(const struct dns_patch *p, const struct build_node *node)
{
	struct dns_key key;

	dns_key_of(node->name, node->n, &key);
	return few_find(&p->few, &key);
}

/* ---- what has changed for others ---- */

static uint32_t links_were(const struct image_node *node)
{
	const struct image_set *a = dns_image_set(node, DNS_A), *aaaa;

	aaaa = dns_image_set(node, DNS_AAAA);
	return (a ? a->links : 0) | (aaaa ? aaaa->links : 0);
}

/* Must what names it be looked at again? */
static bool is_other(const struct dns_patch *p, const struct image_node *was, struct build_node *is)
{
	return !was || !is || links_were(was) != build_links(p->b, is) ||
	       !dns_image_set(was, DNS_CNAME) != !build_set(p->b, is, DNS_CNAME);
}

static unsigned masks_of(const struct image_node *node)
{
	unsigned n = 0;

	for (unsigned i = 0; i < node->nsets; i++)
		n += image_sets(node)[i].nmasks;
	return n;
}

/* Another value for names that nothing else names concerns nobody else: no need to look. */
static bool concerns_others(const struct dns_patch *p)
{
	for (size_t i = 0; i < p->few.n; i++) {
		const struct image_node *before = was(p, &p->few.name[i]);
		struct build_node *is = built(p, &p->few.name[i]);

		/* What an MX or NS set names may become larger. */
		if (is_other(p, before, is) || masks_of(before) || before->flags & NODE_AWAITED ||
			build_node_size(p->b, is) > before->size || build_set(p->b, is, DNS_MX) ||
			build_set(p->b, is, DNS_NS) || dns_image_set(before, DNS_MX) ||
			dns_image_set(before, DNS_NS))
			return true;
	}
	return p->b->nnodes != p->few.n;
}

/* ---- a look at all other names of the image ---- */

static bool names_another(uint16_t type)
{
	return type == DNS_NS || type == DNS_MX || type == DNS_SRV || type == DNS_CNAME;
}

static void note_other(struct dns_patch *p, const uint8_t *name, size_t n)
{
	bool wildcard = dns_name_is_wildcard(name);

	p->others[p->nothers++] = (struct other){name + 2 * wildcard, n - 2u * wildcard, wildcard};
}

/* False: memory. */
static bool note_others(struct dns_patch *p)
{
	p->nothers = 0;
	p->others = ARENA_NEWS(p->b->mem, struct other, p->few.n + p->b->nnodes);
	if (!p->others)
		return false;
	for (size_t i = 0; i < p->few.n; i++)
		if (is_other(p, was(p, &p->few.name[i]), built(p, &p->few.name[i])))
			note_other(p, p->few.name[i].key.wire, p->few.name[i].key.n);
	for (const struct build_node *n = p->b->nodes; n; n = n->next)
		if (!name_of(p, n))
			note_other(p, n->name, n->n);
	return true;
}

/* May a record that names `target` find something else there than before?  That is the name itself,
 * or one that is not there: a wildcard may answer for it, or no more. */
static bool finds_other(const struct dns_patch *p, const struct dns_key *target)
{
	for (size_t i = 0; i < p->nothers; i++) {
		const struct other *o = &p->others[i];

		if (!dns_name_is_below(target->wire, target->n, o->at, o->n))
			continue;
		if (o->wildcard && target->n == o->n + 2u && dns_name_is_wildcard(target->wire))
			return true;
		if (target->n == o->n
				? !o->wildcard
				: !dns_image_find(p->image, target->wire, target->n, target->hash))
			return true;
	}
	return false;
}

static void note_pointer(struct dns_patch *p, const struct image_set *set,
	const struct image_record *r, struct build_node *to)
{
	struct pointer *pointer = ARENA_NEW(p->b->mem, struct pointer);

	if (set->type == DNS_CNAME || !pointer)
		return;
	*pointer = (struct pointer){p->pointers, (uint32_t)((const uint8_t *)r - p->image->at), to};
	p->pointers = pointer;
	if (set->type == DNS_SRV)
		return;
	if (set->links & LINKS_ALWAYS)
		return;
	build_mask(p->b, build_set(p->b, to, DNS_A), set->links);
	build_mask(p->b, build_set(p->b, to, DNS_AAAA), set->links);
}

/* Which of the few this node was; NULL: none. */
static const struct few_name *few_was(const struct dns_patch *p, uint32_t at)
{
	for (size_t i = 0; i < p->few.n; i++)
		if (p->few.name[i].was == at)
			return &p->few.name[i];
	return NULL;
}

/* The node that a record names is not always one of the name in its data: mail to a name that a
 * wildcard answers has the wildcard's. */
static void look_at_set(
	struct dns_patch *p, const struct image_node *node, const struct image_set *set)
{
	const struct image_record *r = image_records(p->image, set->records);

	/* What it leaves out is not in the image: who else it names cannot be said. */
	p->few.too_many |= (set->flags & (SET_AWAITS | SET_PARTIAL)) != 0;
	for (unsigned i = 0; i < set->count; i++) {
		const struct few_name *name = r[i].target ? few_was(p, r[i].target) : NULL;
		struct build_node *to = name ? built(p, name) : NULL;
		struct dns_key target, own;

		few_target(p->image, node, set->type, &r[i], &target);
		if (finds_other(p, &target)) {
			dns_key_of(image_name(node), node->name_n, &own);
			few_add(&p->few, &own);
			return;
		}
		if (to)
			note_pointer(p, set, &r[i], to);
	}
}

/* A name without records of its own is there for the sake of those below it. */
static void look_below(struct dns_patch *p, const struct image_node *node)
{
	for (size_t i = 0; i < p->few.n; i++) {
		const struct few_name *name = &p->few.name[i];
		struct dns_name whole = {.n = name->key.n};
		struct build_zone *zone;

		if (node->name_n <= name->key.n || !name->was || built(p, name) ||
			!dns_name_is_below(
				image_name(node), node->name_n, name->key.wire, name->key.n))
			continue;
		zone = few_zone(p->b, name->zone);
		memcpy(whole.wire, name->key.wire, name->key.n);
		if (zone)
			(void)build_node(p->b, zone, &whole, zone->origin);
	}
}

static bool is_absent(const struct dns_patch *p)
{
	for (size_t i = 0; i < p->few.n; i++)
		if (p->few.name[i].was && !built(p, &p->few.name[i]))
			return true;
	return false;
}

static void look_at_others(struct dns_patch *p)
{
	const struct image_header *h = image_header(p->image);
	bool absent = is_absent(p);
	const struct image_node *node;

	if (!note_others(p))
		return;
	for (uint32_t at = h->nodes; at < h->size && !p->few.too_many; at += node->size) {
		bool few = false, known = false;

		node = image_node(p->image, at);
		if (node->flags & NODE_GONE)
			continue;
		for (unsigned i = 0; i < node->nsets; i++) {
			const struct image_set *set = &image_sets(node)[i];

			if (!names_another(set->type))
				continue;
			few = known ? few : few_was(p, at) != NULL;
			known = true;
			if (!few)
				look_at_set(p, node, set);
		}
		if (absent && !few_was(p, at))
			look_below(p, node);
	}
}

/* ---- rounds ---- */

static void add_targets_of(struct dns_patch *p, const struct image_set *set)
{
	const struct image_record *r = image_records(p->image, set->records);
	struct dns_key key;

	for (unsigned i = 0; i < set->count; i++) {
		const struct image_node *target = image_node(p->image, r[i].target);

		if (!r[i].target || (set->type != DNS_MX && set->type != DNS_NS))
			continue;
		dns_key_of(image_name(target), target->name_n, &key);
		few_add(&p->few, &key);
	}
}

/* Names whose masks depend on a set that is built anew, or was there. */
static void add_old_targets(struct dns_patch *p)
{
	for (size_t i = 0; i < p->few.n; i++) {
		const struct image_node *node = was(p, &p->few.name[i]);

		for (unsigned k = 0; node && k < node->nsets; k++)
			add_targets_of(p, &image_sets(node)[k]);
	}
}

static void add_targets(struct dns_patch *p)
{
	for (const struct build_node *n = p->b->nodes; n; n = n->next)
		for (const struct build_set *set = n->sets; set; set = set->next)
			for (const struct build_record *r = set->records; r; r = r->next) {
				struct dns_key key;

				if (!r->target || !r->target->context || set->type == DNS_SRV)
					continue;
				dns_key_of(r->target->name, r->target->n, &key);
				few_add(&p->few, &key);
			}
}

/* The wildcards below what was built, and what those that were built or are gone stand below. */
static void find_wildcards(struct dns_patch *p)
{
	struct dns_zones *b = p->b;

	for (size_t i = 0; i < p->few.n; i++) {
		const struct dns_key *key = &p->few.name[i].key;

		if (dns_name_is_wildcard(key->wire))
			(void)build_find(b, key->wire + 2, key->n - 2u);
	}
	for (struct build_node *n = b->nodes; n; n = n->next) {
		uint8_t name[DNS_NAME_MAX + 2] = {1, '*'};

		memcpy(name + 2, n->name, n->n);
		if (n->n + 2 <= DNS_NAME_MAX)
			n->wildcard = build_find(b, name, n->n + 2u);
	}
}

/* Is mail to it, from it or in its zone waiting for an address? */
static bool has_to_do_with_waiting(const struct image_node *node)
{
	bool waits = node->flags & (NODE_AWAITED | NODE_WITHHELD);

	for (unsigned i = 0; i < node->nsets; i++)
		waits |= (image_sets(node)[i].flags & (SET_AWAITS | SET_PARTIAL)) != 0;
	return waits;
}

/* A delegation is told to all names below it, what waits for an address is left out of sets that
 * name it and keeps a zone from secondaries, and of PTRs only those are built whose addresses the
 * edits are about: the rest is too much to follow here. */
static bool is_too_much(const struct dns_patch *p)
{
	for (struct build_node *n = p->b->nodes; n; n = n->next)
		if ((n->awaits && !build_links(p->b, n)) ||
			(n != n->zone->apex && build_set(p->b, n, DNS_NS)))
			return true;
	for (size_t i = 0; i < p->few.n; i++) {
		const struct image_node *node = was(p, &p->few.name[i]);

		if (i >= p->nnoted &&
			image_zone(p->image, p->few.name[i].zone)->reverse.addr.family)
			return true;
		/* A domain may have a PTR of another domain's host, too. */
		if (node && dns_image_set(node, DNS_PTR) &&
			!image_zone(p->image, node->zone)->reverse.addr.family)
			return true;
		if (node && has_to_do_with_waiting(node))
			return true;
		if (node && dns_image_set(node, DNS_NS) &&
			image_zone(p->image, node->zone)->apex != p->few.name[i].was)
			return true;
	}
	return p->few.too_many;
}

/* FL_OK: all names are built; FL_EAGAIN: there is a mistake, or it is too much. */
static enum fl_err build_round(
	struct dns_patch *p, const struct dns_source *source, struct arena *mem, bool *more)
{
	struct diags ignored; /* whoever makes the whole image tells them */
	size_t before;

	add_old_targets(p);
	before = p->few.n;
	diags_init(&ignored, mem);
	p->pointers = NULL;
	p->b = few_begin(source, &p->few, mem, &ignored);
	if (!p->b)
		return FL_EFULL;
	dns_contents_few(p->b);
	if (concerns_others(p))
		look_at_others(p);
	find_wildcards(p);
	build_connect(p->b);
	add_targets(p);
	*more = p->few.n != before;
	if (mem->full)
		return FL_EFULL;
	return is_too_much(p) || (!*more && ignored.errors) ? FL_EAGAIN : FL_OK;
}

static enum fl_err note_edits(struct dns_patch *p, const struct dns_source *source,
	const struct dns_edit *edits, size_t n, struct arena *mem)
{
	struct diags ignored;
	struct dns_zones *b;

	diags_init(&ignored, mem);
	b = few_begin(source, &p->few, mem, &ignored);
	if (!b)
		return FL_EFULL;
	for (size_t i = 0; i < n; i++)
		dns_contents_edit(b, &edits[i]);
	p->nnoted = p->few.n;
	return p->few.too_many ? FL_EAGAIN : FL_OK;
}

/* The new number of names, and the room that they take. */
static enum fl_err place(struct dns_patch *p)
{
	const struct image_header *h = image_header(p->image);
	uint64_t end = h->size;
	uint32_t names = h->nnodes;

	for (size_t i = 0; i < p->few.n; i++)
		names -= p->few.name[i].was != 0;
	for (struct build_node *n = p->b->nodes; n; n = n->next) {
		const struct few_name *name = name_of(p, n);
		const struct image_node *before = name ? was(p, name) : NULL;
		uint32_t size = build_node_size(p->b, n);

		names++;
		n->at = before && size <= before->size ? name->was : (uint32_t)end;
		if (n->at == end)
			end += size;
		if (end > INT32_MAX)
			return FL_EAGAIN;
	}
	p->b->header.nnodes = names;
	p->size = (uint32_t)end;
	return names > h->nslots / 2 ? FL_EAGAIN : FL_OK;
}

enum fl_err dns_image_patch(const struct dns_image *image, const struct dns_source *source,
	const struct dns_edit *edits, size_t n, struct arena *mem, struct dns_patch **out)
{
	struct dns_patch *p = ARENA_NEW(mem, struct dns_patch);
	enum fl_err err;
	bool more = true;

	if (!p)
		return FL_EFULL;
	p->image = p->few.image = image;
	err = note_edits(p, source, edits, n, mem);
	for (unsigned round = 0; !err && more; round++)
		err = round < ROUNDS_MAX ? build_round(p, source, mem, &more) : FL_EAGAIN;
	if (!err)
		err = place(p);
	*out = p;
	return err;
}

/* ---- writing ---- */

size_t dns_patch_size(const struct dns_patch *patch)
{
	return patch->size;
}

static struct image_node *node_in(uint8_t *image, uint32_t at)
{
	return (struct image_node *)(void *)(image + at);
}

static struct image_slot *slots_in(uint8_t *image)
{
	const struct image_header *h = (const struct image_header *)(const void *)image;

	return (struct image_slot *)(void *)(image + h->slots);
}

/* The slot of a node, or the free one where it belongs. */
static uint32_t slot_of(uint8_t *image, uint32_t mask, uint32_t hash, uint32_t node)
{
	const struct image_slot *slots = slots_in(image);
	uint32_t at = hash & mask;

	while (slots[at].node && slots[at].node != node)
		at = (at + 1) & mask;
	return at;
}

/* What stands behind it and would not be found over a gap moves into it (Knuth, 6.4 R). */
static void slot_free(struct image_slot *slots, uint32_t mask, uint32_t gap)
{
	for (uint32_t at = (gap + 1) & mask; slots[at].node; at = (at + 1) & mask) {
		uint32_t home = slots[at].hash & mask;

		if (((at - home) & mask) < ((at - gap) & mask))
			continue;
		slots[gap] = slots[at];
		gap = at;
	}
	slots[gap] = (struct image_slot){0};
}

static void write_slots(const struct dns_patch *p, uint8_t *image)
{
	uint32_t mask = image_header(p->image)->nslots - 1;
	struct image_slot *slots = slots_in(image);

	for (size_t i = 0; i < p->few.n; i++) {
		const struct few_name *name = &p->few.name[i];

		if (name->was && !built(p, name))
			slot_free(slots, mask, slot_of(image, mask, name->key.hash, name->was));
	}
	for (const struct build_node *n = p->b->nodes; n; n = n->next) {
		const struct few_name *name = name_of(p, n);
		uint32_t before = name && name->was ? name->was : n->at;

		slots[slot_of(image, mask, n->hash, before)] = (struct image_slot){n->hash, n->at};
	}
}

static void write_nodes(const struct dns_patch *p, uint8_t *image)
{
	for (size_t i = 0; i < p->few.n; i++) {
		const struct few_name *name = &p->few.name[i];
		const struct build_node *is = built(p, name);

		if (name->was && (!is || is->at != name->was))
			node_in(image, name->was)->flags |= NODE_GONE;
	}
	for (const struct build_node *n = p->b->nodes; n; n = n->next) {
		bool stays = n->at < image_header(p->image)->size;
		uint32_t size = stays ? node_in(image, n->at)->size : build_node_size(p->b, n);

		memset(image + n->at, 0, size);
		build_node_write(p->b, n, size, image);
	}
	for (const struct build_node *c = p->few.contexts; c; c = c->next)
		node_in(image, c->at)->wildcard = c->wildcard ? c->wildcard->at : 0;
	for (const struct pointer *at = p->pointers; at; at = at->next)
		((struct image_record *)(void *)(image + at->record))->target = at->to->at;
}

static void write_zones(const struct dns_patch *p, uint8_t *image)
{
	const struct image_header *h = image_header(p->image);
	struct image_zone *zones = (struct image_zone *)(void *)(image + h->zones);
	const struct dns_image whole = {image, p->size};

	for (size_t i = 0; i < p->few.n; i++)
		zones[p->few.name[i].zone].names -= p->few.name[i].was != 0;
	for (const struct build_node *n = p->b->nodes; n; n = n->next) {
		struct image_zone *zone = &zones[n->zone->index];

		zone->names++;
		if (n != n->zone->apex)
			continue;
		zone->apex = n->at;
		zone->soa = dns_image_set(image_node(&whole, n->at), DNS_SOA)->records;
	}
}

void dns_patch_write(const struct dns_patch *p, uint8_t *image)
{
	struct image_header *h = (struct image_header *)(void *)image;

	h->serial = p->b->source.serial;
	h->size = p->size;
	h->nnodes = p->b->header.nnodes;
	for (const struct build_node *n = p->b->nodes; n; n = n->next)
		if (n->labels > h->most_labels)
			h->most_labels = n->labels;
	write_nodes(p, image);
	write_slots(p, image);
	write_zones(p, image);
}
