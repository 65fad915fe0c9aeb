/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns_access.h"

#include "dns_query.h"

#include <string.h>

static const struct image_access *access_rows(const struct dns_image *image)
{
	return (const struct image_access *)(const void *)(image->at + image_header(image)->access);
}

static const struct ip_prefix *allow_rows(const struct dns_image *image)
{
	return (const struct ip_prefix *)(const void *)(image->at + image_header(image)->allow);
}

static const struct tsig_key *key_rows(const struct dns_image *image)
{
	return (const struct tsig_key *)(const void *)(image->at + image_header(image)->keys);
}

/* ---- making it ---- */

static bool has_key(const struct dns_zones *b, const struct dns_transfer_conf *t)
{
	return t->key >= 0 && (size_t)t->key < b->source.nkeys;
}

static bool is_open(const struct dns_zones *b, const struct build_zone *z)
{
	return z->transfer && (z->transfer->nallow || has_key(b, z->transfer));
}

static uint64_t aligned(uint64_t n)
{
	return (n + IMAGE_ALIGN - 1) / IMAGE_ALIGN * IMAGE_ALIGN;
}

void dns_access_place(const struct dns_zones *b, struct image_header *h, uint64_t *at)
{
	for (const struct build_zone *z = b->zones; z; z = z->next) {
		if (!is_open(b, z))
			continue;
		h->naccess++;
		h->nallow += (uint32_t)z->transfer->nallow;
	}
	h->nkeys = (uint32_t)b->source.nkeys;
	h->access = (uint32_t)*at;
	*at += (uint64_t)h->naccess * sizeof(struct image_access);
	h->allow = (uint32_t)*at;
	*at = aligned(*at + (uint64_t)h->nallow * sizeof(struct ip_prefix));
	h->keys = (uint32_t)*at;
	*at = aligned(*at + (uint64_t)h->nkeys * sizeof(struct tsig_key));
}

static void write_key(struct tsig_key *to, const struct dns_key_conf *from)
{
	struct dns_name name;
	struct dns_key lower;

	if (dns_name_parse(from->name, NULL, &name) != FL_OK)
		return; /* the settings took nothing but names */
	dns_key_of(name.wire, name.n, &lower);
	memcpy(to->name, lower.wire, lower.n);
	to->name_n = lower.n;
	to->hash = (uint8_t)from->algorithm;
	to->secret_n = from->secret.n;
	memcpy(to->secret, from->secret.octets, from->secret.n);
}

void dns_key_read(const struct dns_key_conf *from, struct tsig_key *out)
{
	*out = (struct tsig_key){0};
	write_key(out, from);
}

void dns_access_write(const struct dns_zones *b, uint8_t *image)
{
	const struct image_header *h = (const struct image_header *)(const void *)image;
	struct image_access *row = (struct image_access *)(void *)(image + h->access);
	struct ip_prefix *allow = (struct ip_prefix *)(void *)(image + h->allow);
	struct tsig_key *key = (struct tsig_key *)(void *)(image + h->keys);
	uint32_t n = 0;

	for (size_t i = 0; i < b->source.nkeys; i++)
		write_key(&key[i], &b->source.keys[i]);
	for (const struct build_zone *z = b->zones; z; z = z->next) {
		const struct dns_transfer_conf *t = z->transfer;

		if (!is_open(b, z))
			continue;
		*row++ = (struct image_access){
			z->index, has_key(b, t) ? t->key : -1, n, (uint32_t)t->nallow};
		for (size_t i = 0; i < t->nallow; i++)
			allow[n++] = t->allow[i].prefix;
	}
}

/* ---- checking it ---- */

static bool part_is_sound(
	const struct dns_image *image, uint32_t at, uint32_t count, size_t size, uint32_t end)
{
	return at % IMAGE_ALIGN == 0 && at >= sizeof(struct image_header) &&
	       at + (uint64_t)count * size <= end && end <= image->n;
}

static bool key_is_sound(const struct tsig_key *key)
{
	return dns_name_size(key->name, key->name_n) == key->name_n && key->hash < HMAC_HASHES &&
	       key->secret_n <= DNS_SECRET_MAX;
}

static bool row_is_sound(const struct image_header *h, const struct image_access *row)
{
	return row->zone < h->nzones && row->key >= -1 && row->key < (int64_t)h->nkeys &&
	       row->allow <= h->nallow && row->nallow <= h->nallow - row->allow;
}

bool dns_access_is_sound(const struct dns_image *image)
{
	const struct image_header *h = image_header(image);

	if (!part_is_sound(image, h->access, h->naccess, sizeof(struct image_access), h->allow) ||
		!part_is_sound(image, h->allow, h->nallow, sizeof(struct ip_prefix), h->keys) ||
		!part_is_sound(image, h->keys, h->nkeys, sizeof(struct tsig_key), h->nodes))
		return false;
	for (uint32_t i = 0; i < h->naccess; i++)
		if (!row_is_sound(h, &access_rows(image)[i]))
			return false;
	for (uint32_t i = 0; i < h->nallow; i++)
		if (!ip_addr_size(allow_rows(image)[i].addr.family) ||
			allow_rows(image)[i].bits >
				8 * ip_addr_size(allow_rows(image)[i].addr.family))
			return false;
	for (uint32_t i = 0; i < h->nkeys; i++)
		if (!key_is_sound(&key_rows(image)[i]))
			return false;
	return true;
}

/* ---- asking it ---- */

const struct tsig_key *dns_image_key(
	const struct dns_image *image, const struct dns_tsig_record *record)
{
	const struct tsig_key *asked = &record->asked, *key = key_rows(image);

	for (uint32_t i = 0; record->known_hash && i < image_header(image)->nkeys; i++)
		if (key[i].name_n == asked->name_n && key[i].hash == asked->hash &&
			memcmp(key[i].name, asked->name, asked->name_n) == 0)
			return &key[i];
	return NULL;
}

bool dns_access_is_given(const struct dns_image *image, uint32_t zone, const struct ip_addr *who,
	const struct tsig_key *key)
{
	for (uint32_t i = 0; i < image_header(image)->naccess; i++) {
		const struct image_access *row = &access_rows(image)[i];
		bool found = row->nallow == 0;

		if (row->zone != zone)
			continue;
		for (uint32_t k = 0; k < row->nallow && !found; k++)
			found = ip_prefix_has(&allow_rows(image)[row->allow + k], who);
		return found && (row->key < 0 || (key && key == &key_rows(image)[row->key]));
	}
	return false;
}
