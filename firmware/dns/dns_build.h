/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_build.h - names and sets of records while an image is being made.  For this folder only.
 * dns_contents.c fills the names from the settings, dns_build.c connects them, dns_write.c writes
 * the image. */
#ifndef FL_DNS_BUILD_H
#define FL_DNS_BUILD_H

#include "dns_format.h"
#include "dns_rdata.h"

struct build_record {
	struct build_record *next;
	struct build_node *target;
	const struct origin *origin;
	uint32_t links;
	uint16_t n;
	uint16_t preference; /* MX; of a PTR how much its host is worth the address */
	uint8_t link;
	bool instead;        /* of dead ones */
	const uint8_t *data; /* wire form, names whole */
};

struct build_mask {
	struct build_mask *next;
	uint32_t links;
};

struct build_set {
	struct build_set *next;
	struct build_record *records;
	struct build_mask *masks;
	uint32_t ttl;
	uint16_t type, count, nmasks;
	uint8_t order, policy; /* see struct image_set */
	bool whole, awaits, partial;
};

/* The set of a host that has one address and nothing else, as most names of a large zone have: it
 * is not kept, but made from the row of the settings when something needs it. */
struct build_plain {
	struct build_set set;
	struct build_record record;
};

struct build_node {
	struct build_node *next;   /* of all */
	struct build_node *parent; /* the name above, NULL above a zone */
	struct build_zone *zone;
	struct build_node *cut, *wildcard;
	struct build_set *sets;
	const struct origin *host; /* the host record that has this name */
	uint32_t hash;
	uint32_t at; /* in the image */
	uint8_t n, labels;
	bool loops : 1;    /* an alias of a loop that has been told */
	bool awaits : 1;   /* its link is given an address only while it runs */
	bool awaited : 1;  /* and some domain has no exchange that has one */
	bool withheld : 1; /* the top of a zone that secondaries are not given */
	bool unmade : 1;   /* it has no set yet, and a struct build_plain is what it would be */
	bool context : 1;  /* the image has it: nothing is added (dns_few.h) */
	uint8_t name[];    /* lower case */
};

/* Names are looked up as in the image.  The hash is here so that a name which is not there, as most
 * are when they are added, is found missing in one line of memory. */
struct build_slot {
	uint32_t hash;
	struct build_node *node; /* NULL: empty */
};

struct build_zone {
	struct build_zone *next;
	struct build_node *apex;
	struct build_zone *parent;
	struct dns_name name;
	uint32_t index, names;
	uint32_t ttl, negative;
	const struct dns_transfer_conf *transfer; /* NULL: nobody may have it */
	struct ip_prefix reverse;                 /* family 0: a domain */
	const struct origin *origin;
};

/* A network of a view. */
struct build_client {
	struct ip_prefix prefix;
	uint32_t view;
	const struct origin *origin;
};

struct build_views {
	struct build_client *client;
	size_t nclients;
	struct image_range *range[2]; /* IPv4, IPv6 */
	size_t n[2];
};

/* What of a link is in the records. */
struct build_link {
	uint8_t number;
	struct ip_addr own[2]; /* family 0: none */
};

struct dns_few;

struct dns_zones {
	struct dns_source source;
	struct dns_few *few; /* NULL: all names are built */
	struct build_link links[FL_LINKS_MAX];
	struct arena *mem;
	struct diags *why;
	struct build_slot *slots;
	uint32_t nslots, nfilled; /* the former a power of two */
	struct build_node *nodes, **last_node;
	uint32_t nnodes;
	struct build_zone *zones, **last_zone;
	uint32_t nzones;
	struct build_views views;
	struct image_header header; /* where everything lies */
	uint8_t scratch[DNS_RDATA_MAX];
};

/* What a record is made of; `data` is copied. */
struct build_data {
	uint16_t type;
	uint32_t ttl;
	const uint8_t *data;
	size_t n;
	uint32_t links; /* LINKS_ALWAYS: does not depend on any */
	uint8_t link;
	bool instead;
	const struct origin *origin;
};

struct build_node *build_find(struct dns_zones *b, const uint8_t *name, size_t n);
/* Of no zone yet, and not one of `nodes`.  NULL: memory. */
struct build_node *build_node_alloc(struct dns_zones *b, const struct dns_key *key);
struct build_node *build_node_new(
	struct dns_zones *b, struct build_zone *zone, const struct dns_key *key);
/* The node of `name`, made with all names between it and the zone's.  NULL: memory, or the name
 * is not the zone's to give, which has been told. */
struct build_node *build_node(struct dns_zones *b, struct build_zone *zone,
	const struct dns_name *name, const struct origin *origin);
/* NULL: memory, or there is a zone of this name, which has been told. */
struct build_zone *build_zone(
	struct dns_zones *b, const struct dns_name *name, const struct origin *origin);
struct build_set *build_set(struct dns_zones *b, struct build_node *node, uint16_t type);
/* A record that is there already is not added again; its links are joined.  NULL: memory, or over
 * IMAGE_SET_MAX records, which has been told. */
struct build_set *build_add(
	struct dns_zones *b, struct build_node *node, const struct build_data *d);

/* Nothing in it yet.  NULL: memory. */
struct dns_zones *build_new(const struct dns_source *source, struct arena *mem, struct diags *why);
/* The record's target and links, delegations, wildcards: whatever names have to do with each other.
 * Mistakes are told. */
void build_connect(struct dns_zones *b);
/* The links of a set's records together. */
uint32_t build_set_links(const struct build_set *set);
/* Where the name lies that a record of MX, SRV or NS points to, in its data; *n: octets, 0: it
 * points to none. */
size_t build_target(uint16_t type, const struct build_record *r, size_t *n);
/* Slots of a hash table for so many names: a power of two, at most half of them filled. */
uint32_t build_slots(uint32_t names);
/* The links of a name's addresses. */
uint32_t build_links(struct dns_zones *b, struct build_node *node);
/* One of the sets that name this address depends on so many links. */
void build_mask(struct dns_zones *b, struct build_set *set, uint32_t links);
/* dns_write.c: octets of a node in the image. */
uint32_t build_node_size(struct dns_zones *b, const struct build_node *node);
/* Write a node of so many octets, which are zeroed, at its place. */
void build_node_write(
	const struct dns_zones *b, const struct build_node *node, uint32_t size, uint8_t *image);

/* The set of a node that has `unmade`. */
void dns_contents_plain(
	const struct dns_zones *b, const struct build_node *node, struct build_plain *out);
/* All zones and all their names.  Mistakes are told. */
void dns_contents(struct dns_zones *b);
/* The same of b->few. */
void dns_contents_few(struct dns_zones *b);
/* Add the names that these rows give records to, now or before, to b->few: the row's own name, the
 * domain's, those of balanced hosts, PTRs. */
void dns_contents_edit(struct dns_zones *b, const struct dns_edit *edit);
/* The same of `record` rows alone, in settings that are not all good. */
void dns_contents_records(struct dns_zones *b);

#endif
