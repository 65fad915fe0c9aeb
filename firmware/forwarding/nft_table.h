/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft_table.h - what the files share that make the table "inet fairlead"; forwarding_nft.c shows
 * the whole of it. */
#ifndef FL_NFT_TABLE_H
#define FL_NFT_TABLE_H

#include "forwarding_internal.h"
#include "nft_build.h"

struct maker {
	const struct forwarding_source *s;
	const struct published *pub;
	const struct kernel_state *own; /* the addresses that the router has */
	struct nft_build b;
	struct planned_rule *plan; /* s->nrules of them */
	unsigned nmaps;
	struct str *policy_chain; /* names, s->npolicies of them */
	struct str take;          /* the chain that ends a choice */
	bool without;             /* some link has only one of the families in use */
};

#define SLOT_ROOM  256 /* numbers a policy has in the map "slots" */
#define LINKS_ROOM 64  /* elements that sets of links hold */

/* The key of a set. */
#define KEY(...) ((const enum kset_type[KSET_KEY_FIELDS]){__VA_ARGS__})

/* ---- sets of links and addresses (nft_sets.c) ---- */

void set_down(struct maker *m);
void set_without(struct maker *m);
void set_wans(struct maker *m, struct str name, enum kset_type data);
void set_slots(struct maker *m);
void set_local(struct maker *m, struct str name, uint8_t family);
void set_own(struct maker *m, struct str name, uint8_t family);
void set_self(struct maker *m, struct str name, uint8_t family);
void sets_of_settings(struct maker *m);
/* That of the settings' set `set`. */
struct str set_name(const struct maker *m, int32_t set, uint8_t family);

/* ---- rules (nft_rules.c) ---- */

bool has_policy(const struct maker *m, const struct rule_conf *r);
/* The map that the planned rule `first` opens, with all that are in it. */
void set_rules(struct maker *m, size_t first);
void sets_learned(struct maker *m, const struct rule_conf *r);
void chain_rules(struct maker *m);

/* ---- marks (nft_marks.c) ---- */

/* Have others bits of the mark, too? */
bool shares_marks(const struct maker *m);
uint32_t mark_bits(const struct maker *m);
/* What is in our bits of reg; with bits of others there it is brought down to a number. */
void bare_number(struct maker *m, uint32_t reg);
/* The link that the packet's mark holds. */
void load_mark(struct maker *m, uint32_t reg);
/* The link in reg becomes that of the packet.  The rule that goes on after it is a new one where
 * marks are shared; true then. */
bool mark_packet(struct maker *m, uint32_t reg);
/* ... that of the connection, which ends the rule. */
void mark_connection(struct maker *m, uint32_t reg);
/* A number that is known here; 0: none. */
void mark_packet_with(struct maker *m, uint32_t number);
void set_of_marks(struct maker *m, struct str name, const char *chain);
void chains_of_marks(struct maker *m);

/* ---- policies (nft_policies.c) ---- */

bool is_persistent(const struct policy_conf *p);
void sets_stuck(struct maker *m, const struct policy_conf *p);
void chain_policy(struct maker *m, size_t which);
void chain_any(struct maker *m);
void chain_pin(struct maker *m);
/* The link in the packet's mark is chosen, if it may carry new traffic of the packet's family. */
void take_if_live(struct maker *m);

/* ---- choosing the link (nft_choose.c) ---- */

/* What has come in by a WAN goes to `chain`. */
void from_wan_to(struct nft_build *b, struct str chain);
void chain_from_wan(struct maker *m);
void chain_prerouting(struct maker *m);
void chain_output(struct maker *m);

/* ---- addresses (nft_addresses.c) ---- */

/* One place where a forward is published. */
struct published_at {
	const struct forward_conf *f;
	const struct link_conf *link;
	const struct ip_addr *address;
};

void for_each_published(
	struct maker *m, void (*rule)(struct maker *m, const struct published_at *at));
void match_host(struct nft_build *b, const struct ip_addr *a, bool source);
void match_service(struct nft_build *b, const struct forward_conf *f);
void chains_nat(struct maker *m);

/* ---- what may come in (nft_filter.c) ---- */

void chains_input(struct maker *m);
void chains_forward(struct maker *m);

#endif
