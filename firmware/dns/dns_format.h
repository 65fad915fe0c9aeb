/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_format.h - the layout of a zone image.  For the files of this folder only.
 *
 *   header | zones | slots | access | views | nodes
 *
 * Offsets count from the start of the image; all numbers are in the byte order of the machine, as
 * an image never leaves it; everything is aligned to four octets.  A slot is an entry of an
 * open-addressed hash table over the lower-case name, at most half full.  A node is one name, and
 * all that its answers are made of follows it:
 *
 *   node | name | sets | records and masks of each set | ready octets
 *
 * so that a query touches one line of the slots and a few lines in a row.  A record's ready octets
 * are what goes on the wire: a pointer to the question's name, type, class, TTL, length, data. */
#ifndef FL_DNS_FORMAT_H
#define FL_DNS_FORMAT_H

#include "dns.h"
#include "dns_name.h"

#define IMAGE_MAGIC   UINT32_C(0x464c5a3a)
#define IMAGE_ALIGN   4
#define IMAGE_SET_MAX 255 /* records of one name and type */

/* What a record's mask of links says: bit n-1 stands for IPv4 over link number n, bit 15+n for IPv6
 * over it.  The last bit is a link that never dies, so link 16, where there is one, has only the
 * former for both. */
#define LINKS_ALWAYS (UINT32_C(1) << 31)
#define LINKS_IPV6   16
#define LINKS_BOTH   (LINKS_ALWAYS >> LINKS_IPV6)

_Static_assert(FL_LINKS_MAX <= LINKS_IPV6, "a mask has two bits for each link");

/* Views: dns_view.c. */
struct image_view {
	uint32_t link; /* number */
	uint32_t only; /* 1: addresses on other links are left out while it has one */
};

struct image_range {
	uint8_t from[16]; /* up to the next one's */
	uint32_t view;    /* index, or NO_VIEW */
};

#define NO_VIEW UINT32_MAX

struct image_ranges {
	uint32_t at, n;
};

struct image_views {
	uint32_t at, n;
	struct image_ranges v4, v6;
};

/* How messages are dealt with, whatever the zones. */
struct image_options {
	uint32_t rate, slip;                    /* of dns_limit(); rate 0: no limit */
	uint8_t cookies, errors, client_subnet; /* 1: yes */
	/* A length octet and text, as a TXT record has them; length 0: not told. */
	uint8_t version[DNS_TOLD_MAX + 1], id[DNS_TOLD_MAX + 1];
	uint8_t secret[16]; /* of cookies, the lasting one */
	uint8_t pad[1];
};

struct image_header {
	uint32_t magic, size;
	uint32_t zones, nzones;
	uint32_t slots, nslots;   /* a power of two */
	uint32_t nodes, nnodes;   /* the nodes fill the rest of the image */
	uint32_t access, naccess; /* who may transfer what: dns_access.h */
	uint32_t allow, nallow;
	uint32_t keys, nkeys;
	uint32_t most_labels; /* of any name */
	uint32_t serial;
	struct image_views views;
	struct image_options options;
	char link[FL_LINKS_MAX][FL_NAME_MAX + 1]; /* names, for people; zero-ended */
	uint8_t pad[4 - FL_LINKS_MAX * (FL_NAME_MAX + 1) % 4];
};

struct image_slot {
	uint32_t hash;
	uint32_t node; /* 0: empty */
};

struct image_zone {
	uint32_t apex;            /* node */
	uint32_t soa;             /* record */
	uint32_t names;           /* how many */
	uint32_t negative;        /* TTL of the SOA in negative answers */
	int32_t parent;           /* the closest zone above this one that we serve too, or -1 */
	struct ip_prefix reverse; /* the row it was made for, one of several; family 0: a domain */
	uint8_t pad[2];
};

struct image_node {
	uint32_t size;     /* with all that follows it: where the next one starts */
	uint32_t zone;     /* index */
	uint32_t cut;      /* the delegation at or above this node, 0: none */
	uint32_t wildcard; /* the node "*" right below, 0: none */
	uint16_t nsets;
	uint8_t name_n; /* of the name behind it, in lower case */
	uint8_t flags;  /* NODE_... */
};

/* Mail waits for the address that a provider is to give this name. */
#define NODE_AWAITED 1
/* A zone's top: a secondary cannot be told what is answered, as mail waits. */
#define NODE_WITHHELD 2
/* Its name is not there any more, or has another node: see dns_patch.c. */
#define NODE_GONE 4

enum image_order {
	ORDER_FIXED,      /* as written */
	ORDER_ROTATED,    /* starts elsewhere each time */
	ORDER_PREFERENCE, /* sorted already; equal preferences shuffled */
	ORDER_POLICY,     /* as the policy's method says */
	ORDERS
};

#define SET_WHOLE   1 /* with no link alive: all records, rather than none */
#define SET_INSTEAD 2 /* it has records that are answered instead of dead ones */
#define SET_AWAITS  4 /* MX: every exchange has yet to be given its address; not answered */
#define SET_PARTIAL 8 /* MX: exchanges that have yet to be given an address are left out */

struct image_set {
	uint16_t type;
	uint8_t count;  /* of records, >= 1 */
	uint8_t order;  /* enum image_order */
	uint8_t policy; /* ORDER_POLICY: index into the published ones */
	uint8_t flags;  /* SET_... */
	uint16_t nmasks;
	uint32_t ttl;
	uint32_t links; /* of all records together */
	/* Behind the records lie the masks, one for each MX or NS set that names this address: when
	 * none of its links lives, that set is answered whole, and so are these addresses. */
	uint32_t records;
};

struct image_record {
	uint32_t links;  /* the record is in while one of them lives */
	uint32_t ready;  /* offset of the ready octets */
	uint32_t target; /* node whose addresses belong in the additional section, 0: none */
	uint16_t n;      /* ready octets */
	/* Where in the ready octets a pointer to the zone's name belongs, 0: nowhere. */
	uint16_t patch[2];
	uint16_t preference;
	uint16_t name_at; /* of the target's name in the ready octets */
	uint8_t link;     /* the address's link number, 0: off-site; for the counters */
	uint8_t instead;  /* 1: answered only while all others of the set are dead */
};

#define READY_TYPE 2 /* in the ready octets: where the type is */
#define READY_TTL  6
#define READY_LEN  10
#define READY_DATA 12

static inline const struct image_header *image_header(const struct dns_image *i)
{
	return (const struct image_header *)(const void *)i->at;
}
static inline const struct image_zone *image_zone(const struct dns_image *i, uint32_t index)
{
	return (const struct image_zone *)(const void *)(i->at + image_header(i)->zones) + index;
}
static inline const struct image_slot *image_slots(const struct dns_image *i)
{
	return (const struct image_slot *)(const void *)(i->at + image_header(i)->slots);
}
static inline const struct image_node *image_node(const struct dns_image *i, uint32_t at)
{
	return (const struct image_node *)(const void *)(i->at + at);
}
static inline uint32_t image_pad(size_t n)
{
	return (uint32_t)((n + IMAGE_ALIGN - 1) / IMAGE_ALIGN * IMAGE_ALIGN);
}
static inline const uint8_t *image_name(const struct image_node *n)
{
	return (const uint8_t *)(n + 1);
}
static inline const struct image_set *image_sets(const struct image_node *n)
{
	return (const struct image_set *)(const void *)(image_name(n) + image_pad(n->name_n));
}
static inline const struct image_record *image_records(const struct dns_image *i, uint32_t at)
{
	return (const struct image_record *)(const void *)(i->at + at);
}
static inline const uint32_t *image_masks(const struct dns_image *i, const struct image_set *set)
{
	return (const uint32_t *)(const void *)(image_records(i, set->records) + set->count);
}

/* The node of exactly this name (whole, lower case, zeros behind it), or NULL. */
const struct image_node *dns_image_find(
	const struct dns_image *image, const uint8_t *name, size_t n, uint32_t hash);
const struct image_set *dns_image_set(const struct image_node *node, uint16_t type);
/* The image's serial after `generation` changes of the links. */
static inline uint32_t dns_image_serial(const struct dns_image *i, uint32_t generation)
{
	return image_header(i)->serial + generation;
}
/* The bit of a family (4, 6) over a link, whose mask is `links`. */
static inline uint32_t links_over(uint32_t links, uint8_t family)
{
	return family == 6 ? (links & ~LINKS_BOTH) << LINKS_IPV6 | (links & LINKS_BOTH) : links;
}
/* The links, whichever family. */
static inline uint32_t links_plain(uint32_t mask)
{
	mask &= ~LINKS_ALWAYS;
	return (mask | mask >> LINKS_IPV6) & (((uint32_t)1 << FL_LINKS_MAX) - 1);
}
/* What counts as alive: if all links are dead at once, the monitor may be wrong, as a question did
 * come in. */
static inline uint32_t links_alive(const struct published *pub)
{
	if (!pub->live)
		return ~UINT32_C(0);
	return links_over(pub->live & ~pub->dead[0], 4) | links_over(pub->live & ~pub->dead[1], 6) |
	       LINKS_ALWAYS;
}
static inline uint32_t links_unsure(const struct published *pub)
{
	return links_over(pub->unsure, 4) | links_over(pub->unsure, 6);
}
/* No record's link is alive and yet all of them are answered. */
/* The links that count as alive for a set.  One that has something to say instead says it when all
 * links are down, too. */
static inline uint32_t links_alive_for(const struct image_set *set, uint32_t live, uint32_t alive)
{
	return set->flags & SET_INSTEAD ? live | LINKS_ALWAYS : alive;
}
bool dns_set_is_whole(const struct dns_image *image, const struct image_set *set, uint32_t alive);

#endif
