/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_few.h - a build of a few names, beside an image that has all others.  For this folder only.
 *
 * The names of the few are built from all their rows, as in a whole build.  Any other name that is
 * looked for is taken from the image: a context, to which nothing is added. */
#ifndef FL_DNS_FEW_H
#define FL_DNS_FEW_H

#include "dns_build.h"

#define FEW_MAX 256

struct few_name {
	struct dns_key key;
	uint32_t was;  /* its node in the image; 0: none */
	uint32_t zone; /* index in the image */
};

struct dns_few {
	const struct dns_image *image;
	struct few_name name[FEW_MAX];
	size_t n;
	bool too_many; /* or a name that is in no zone */
	/* First labels of the names, as one bit by length and some letters: most rows of a domain
	 * are told apart from them by a look. */
	uint64_t labels[DNS_LABEL_MAX + 1];
	struct ip_addr address[2 * FEW_MAX]; /* whose PTRs are among the names */
	size_t naddresses;
	struct build_node *contexts; /* of the present build, chained by `next` */
};

/* A name, and the empty ones above it, which are there for its sake alone, perhaps. */
void few_add(struct dns_few *few, const struct dns_key *key);
void few_add_address(struct dns_few *few, const struct ip_addr *a);
const struct few_name *few_find(const struct dns_few *few, const struct dns_key *key);
bool few_has_address(const struct dns_few *few, const struct ip_addr *a);
/* Is the name of a row, as it was typed, one of the few? */
bool few_has_text(const struct dns_few *few, struct str text, const struct build_zone *zone);
/* Is one of the names in this zone of the image? */
bool few_has_zone(const struct dns_few *few, uint32_t zone);
/* Begin to build these names. */
struct dns_zones *few_begin(
	const struct dns_source *source, struct dns_few *few, struct arena *mem, struct diags *why);
/* The zone of this index in the image.  NULL: memory. */
struct build_zone *few_zone(struct dns_zones *b, uint32_t index);
/* The node of a name that is none of the few, or NULL. */
struct build_node *few_context(struct dns_zones *b, const struct dns_key *key);
/* The name that a record of the image, of a type that names one, has in its data. */
void few_target(const struct dns_image *image, const struct image_node *node, uint16_t type,
	const struct image_record *r, struct dns_key *out);

#endif
