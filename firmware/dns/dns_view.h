/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_view.h - the part of an image that says which network is answered differently.  For this
 * folder only.
 *
 *   views | IPv4 ranges | IPv6 ranges
 *
 * The prefixes of all views are made into ranges that do not overlap, each with the view of the
 * longest prefix that covers it; so the longest match is one binary search. */
#ifndef FL_DNS_VIEW_H
#define FL_DNS_VIEW_H

#include "dns_build.h"

/* Reads the views of the settings into b->views; mistakes are told. */
void dns_view_contents(struct dns_zones *b);
/* Decide where the part lies; `*at` moves behind it. */
void dns_view_place(const struct dns_zones *b, struct image_views *h, uint64_t *at);
void dns_view_write(const struct dns_zones *b, const struct image_views *h, uint8_t *image);
/* Every offset and index of it is good, and the ranges are in order. */
bool dns_view_is_sound(struct bytes image, const struct image_views *h, uint32_t end);

/* The view that an address belongs to, or NULL.  `*bits` becomes the length of the shortest prefix
 * around the address that all of belongs there (RFC 7871 7.2.1). */
const struct image_view *dns_view_of(
	const uint8_t *image, const struct image_views *h, const struct ip_addr *a, uint8_t *bits);

#endif
