/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_access.h - the part of an image that says who may have a zone whole.  For this folder only.
 *
 *   access | prefixes | keys        between the slots and the nodes
 *
 * A zone without a row is nobody's.  A row with prefixes wants one of them, a row with a key wants
 * that key; with both, both. */
#ifndef FL_DNS_ACCESS_H
#define FL_DNS_ACCESS_H

#include "dns_build.h"
#include "dns_tsig.h"

struct image_access {
	uint32_t zone;          /* index */
	int32_t key;            /* index, or -1 */
	uint32_t allow, nallow; /* from this prefix on so many */
};

/* Decide where the part lies; `*at` moves behind it. */
void dns_access_place(const struct dns_zones *b, struct image_header *h, uint64_t *at);
void dns_access_write(const struct dns_zones *b, uint8_t *image);
/* Every offset and count of it is good; the header's own have been looked at. */
bool dns_access_is_sound(const struct dns_image *image);
/* May `who`, whose question was signed by `key` (NULL: it was not), have the zone? */
bool dns_access_is_given(const struct dns_image *image, uint32_t zone, const struct ip_addr *who,
	const struct tsig_key *key);

#endif
