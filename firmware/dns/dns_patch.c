/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An image with a few host records changed in place.
 *
 * A name that is made of one host row alone, and that no record of another name points to, depends
 * on that row and on nothing else but its domain's TTL and the links.  When it is built anew and is
 * as large as before, it fits where it was, and nothing else in the image changes but the serial.
 * Anything else takes a whole image. */
#include "dns_build.h"

#include <string.h>

struct dns_patch {
	const struct dns_zones *zones; /* only nodes with a place are written */
	uint32_t serial;
};

static bool is_member(const struct dns_domain_conf *c, size_t host)
{
	for (size_t i = 0; i < c->nbalanced; i++)
		for (size_t k = 0; k < c->balanced[i].nmembers; k++)
			if (c->balanced[i].members[k].host == (int32_t)host)
				return true;
	return false;
}

static bool has_ptr(const struct dns_source *source, const struct ip_addr *a)
{
	for (size_t i = 0; i < source->nreverses; i++)
		if (source->reverses[i].automatic && ip_prefix_has(&source->reverses[i].prefix, a))
			return true;
	return false;
}

/* May the edit concern no name but the host's own? */
static bool is_alone(const struct dns_source *source, const struct dns_edit *edit)
{
	const struct dns_domain_conf *c = &source->domains[edit->domain];
	const struct dns_host_conf *was = &edit->was, *is = &c->hosts[edit->host];

	return was->address.family && is->address.family && !was->mail_entry && !is->mail_entry &&
	       (ip_addr_eq(&was->address, &is->address) ||
		       (!has_ptr(source, &was->address) && !has_ptr(source, &is->address))) &&
	       !is_member(c, edit->host);
}

static struct build_zone *zone_of(struct dns_zones *b, const struct dns_domain_conf *c)
{
	struct build_zone *z = b->zones;

	while (z && z->origin != &c->origin)
		z = z->next;
	return z ? z : dns_contents_domain(b, c);
}

/* Build the name and give it the place it had. */
static enum fl_err build_edit(
	struct dns_zones *b, const struct dns_image *image, const struct dns_edit *edit)
{
	const struct dns_domain_conf *c = &b->source.domains[edit->domain];
	struct build_zone *zone = zone_of(b, c);
	struct build_node *node = zone ? dns_contents_host(b, zone, &c->hosts[edit->host]) : NULL;
	const struct image_node *was;
	struct dns_key key;

	if (b->mem->full)
		return FL_EFULL;
	if (!node || b->why->errors)
		return FL_EAGAIN;
	dns_key_of(node->name, node->n, &key);
	was = dns_image_find(image, key.wire, key.n, key.hash);
	if (!was || !(was->flags & NODE_HOST) || was->size != build_node_size(b, node))
		return FL_EAGAIN;
	node->at = (uint32_t)((const uint8_t *)was - image->at);
	zone->index = was->zone;
	return FL_OK;
}

enum fl_err dns_image_patch(const struct dns_image *image, const struct dns_source *source,
	const struct dns_edit *edits, size_t n, struct arena *mem, struct dns_patch **out)
{
	struct diags ignored; /* whoever makes the whole image tells them */
	struct dns_patch *patch = ARENA_NEW(mem, struct dns_patch);
	struct dns_source few = *source; /* names to make room for: none but these */
	struct dns_zones *b;
	enum fl_err err = FL_OK;

	few.ndomains = 0;
	diags_init(&ignored, mem);
	b = patch ? build_new(&few, mem, &ignored) : NULL;
	if (!b)
		return FL_EFULL;
	b->source = *source;
	for (size_t i = 0; !err && i < n; i++)
		err = is_alone(source, &edits[i]) ? build_edit(b, image, &edits[i]) : FL_EAGAIN;
	if (err)
		return err;
	*patch = (struct dns_patch){b, source->serial};
	*out = patch;
	return FL_OK;
}

void dns_patch_write(const struct dns_patch *patch, uint8_t *image)
{
	struct image_header *header = (struct image_header *)(void *)image;

	header->serial = patch->serial;
	for (const struct build_node *n = patch->zones->nodes; n; n = n->next) {
		struct image_node *node = (struct image_node *)(void *)(image + n->at);
		const struct image_node was = *node;

		if (!n->at)
			continue;
		memset(node, 0, was.size);
		build_node_write(patch->zones, n, was.size, image);
		node->cut = was.cut;
		node->wildcard = was.wildcard;
	}
}
