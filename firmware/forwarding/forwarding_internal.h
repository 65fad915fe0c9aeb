/* SPDX-License-Identifier: GPL-2.0-or-later */
/* forwarding_internal.h - what the files of this module share. */
#ifndef FL_FORWARDING_INTERNAL_H
#define FL_FORWARDING_INTERNAL_H

#include "forwarding.h"

/* How many slots a policy draws before its members are tried in their order.  The slots say what
 * the policy engine decided (backups, weights); the members are for the moment between a link's
 * death and its new slots.  Where one
 * member carries all, all slots are the same: one draw tells. */
static inline unsigned forwarding_draws(const struct policy_conf *p)
{
	return policy_takes_one((enum policy_method)p->method) ? 1 : 3;
}

enum {
	IPPROTO_NUMBER_ICMP = 1,
	IPPROTO_NUMBER_TCP = 6,
	IPPROTO_NUMBER_UDP = 17,
	IPPROTO_NUMBER_ICMPV6 = 58
};

/* The sets and chains of the nftables table. */
void forwarding_nft(const struct forwarding_source *source, const struct published *pub,
	struct arena *mem, struct kernel_state *out);

/* Has the link an address of this family? */
bool link_has_family(const struct link_conf *l, uint8_t family);
/* The link that the main table leads to: the enabled one of the lowest number.  NULL: none has the
 * family. */
const struct link_conf *link_of_main(const struct forwarding_source *s, uint8_t family);
/* The number of the policy's member `i`, or 0. */
uint8_t member_number(const struct forwarding_source *s, const struct policy_conf *p, size_t i);
/* The key of the set "down" (and "without") that stands for a link in a family. */
void down_elem(uint8_t family, uint32_t number, struct kelem *out);
/* The element of the map "slots" for slot `i` of policy `p`. */
void slot_elem(size_t p, size_t i, uint8_t number, struct kelem *out);
/* Must address `a` be added to the link's interface, because a forward wants it and it is none of
 * the link's own?  That is the case when it lies in one of the link's networks. */
bool forward_needs_address(const struct link_conf *l, const struct ip_addr *a);
bool link_owns_address(const struct link_conf *l, const struct ip_addr *a);

/* ---- several servers of one forward (forwarding_servers.c) ---- */

/* Names that nft(8) can read back: `word`, its number, the name. */
struct str nft_named(struct arena *mem, const char *word, struct str name);
struct str nft_numbered(struct arena *mem, const char *word, size_t number, struct str name);
#define SERVERS_SET STR("servers")
struct nft_build;
bool has_balanced(const struct forwarding_source *s);
/* The key of the first slot of forward `which` in the set of servers. */
uint32_t servers_slot(size_t which);
/* The chain that sends to server `server` of forward `which`. */
struct str server_chain(struct arena *mem, const struct forward_conf *f, size_t server);
void set_servers(const struct forwarding_source *s, struct nft_build *b);

/* NPTv6: sources of one network leave by a link as the same hosts of another. */
struct translation {
	struct ip_prefix from, to; /* of 64 bits */
};
/* False: there are no more of this link. */
bool translation_at(const struct forwarding_source *s, const struct link_conf *l, size_t which,
	struct translation *out);

/* The constant networks that are never reached by a link: loopback, link-local, multicast. */
extern const struct ip_prefix forwarding_local[];
extern const size_t forwarding_nlocal;

/* ---- rules (forwarding_rules.c) ---- */

/* Can one flow match both? */
bool rules_overlap(const struct rule_conf *a, const struct rule_conf *b);
bool rule_matches(const struct forwarding_source *s, const struct rule_conf *r,
	const struct forwarding_flow *f);
/* How many addresses the domains of a rule may have in each family, and how long one is known that
 * nobody uses.  dnsmasq hands out no answer that is to be remembered for so long. */
#define LEARNED_MAX     10000
#define LEARNED_MS      (24u * 3600 * 1000)
#define LEARNED_TTL_MAX 3600
/* Rules that may learn the addresses of one domain: dnsmasq reads no longer line. */
#define LEARNERS_MAX 12
/* How many rules learn the addresses of this domain: those that name it, or one it is under. */
size_t domain_learners(const struct forwarding_source *s, struct str domain);
/* Does it name something that the two families of IP write differently (DSCP, sets, ICMP)? */
bool rule_is_by_family(const struct rule_conf *r);
/* 4 or 6 when the rule's addresses tie it to one family, else 0. */
uint8_t rule_family(const struct rule_conf *r);

enum rule_field {
	RULE_SOURCE = 1,
	RULE_DESTINATION = 2,
	RULE_PROTOCOL = 4,
	RULE_PORT = 8,
};

/* How a rule is carried out. */
struct planned_rule {
	const struct rule_conf *rule;
	unsigned map;    /* from 1: the verdict map it is an element of; 0: a rule of its own */
	unsigned fields; /* enum rule_field: what the map's key is made of */
	uint8_t family;
	bool ranges; /* of values that the map holds, or single ones */
	bool opens;  /* the first of its map: the map is looked up in its place */
};

/* The rules in the order of their numbers, each with its place.  NULL: `mem` is full, or there are
 * no rules. */
struct planned_rule *rules_plan(
	const struct forwarding_source *s, struct arena *mem, unsigned *nmaps);

#endif
