/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft_build.h - building chains and sets, one step a call, for the files of nft_table.h.
 *
 * When memory runs out, steps go to a scrap of their own and the arena is `full`: whoever builds
 * asks once, at the end. */
#ifndef FL_NFT_BUILD_H
#define FL_NFT_BUILD_H

#include "kernel_state.h"

/* An array that grows in an arena. */
struct list {
	void *at;
	size_t n, cap, size;
};

struct nft_build {
	struct arena *mem;
	struct list sets;   /* struct kset */
	struct list elems;  /* struct kelem, of the set begun last */
	struct list chains; /* struct kchain */
	struct list rules;  /* struct krule, of the chain begun last */
	struct list ops;    /* struct kop, of the rule begun last */
	struct kop scrap_op;
	struct krule scrap_rule;
	struct kchain scrap_chain;
	struct kset scrap_set;
	struct kelem scrap_elem;
};

/* The next, zeroed entry, or `scrap`, zeroed, when `mem` is full. */
void *list_add(struct list *l, struct arena *mem, void *scrap);

void nft_build_init(struct nft_build *b, struct arena *mem);
/* Hands over the sets and chains built. */
void nft_build_end(struct nft_build *b, struct kernel_state *out);

/* Sets: begin one, then its elements. */
struct kset *nft_set(
	struct nft_build *b, struct str name, const enum kset_type *key, enum kset_type data);
struct kelem *nft_elem(struct nft_build *b);

/* Chains: begin one, then a rule, then its steps. */
void nft_chain(struct nft_build *b, struct str name);
void nft_base_chain(
	struct nft_build *b, struct str name, struct str type, enum khook hook, int32_t priority);
void nft_rule(struct nft_build *b, struct str comment);

/* Steps.  Matches end the rule when they do not hold. */
void nft_load_meta(struct nft_build *b, uint32_t reg, enum kmeta key);
void nft_load_ct(struct nft_build *b, uint32_t reg, enum kct key);
void nft_load(struct nft_build *b, uint32_t reg, enum kbase base, uint32_t offset, uint32_t len);
void nft_load_number(struct nft_build *b, uint32_t reg, uint32_t value);
void nft_load_addr(struct nft_build *b, uint32_t reg, const struct ip_addr *a);
void nft_load_port(struct nft_build *b, uint32_t reg, uint16_t port);
void nft_draw(struct nft_build *b, uint32_t reg, uint32_t modulus, uint32_t offset);
void nft_hash(struct nft_build *b, uint32_t reg, uint32_t len, uint32_t dreg, uint32_t modulus,
	uint32_t offset);
void nft_and(struct nft_build *b, uint32_t reg, uint32_t mask);
/* reg = reg with `value` in `bits`, the others kept. */
void nft_replace_bits(struct nft_build *b, uint32_t reg, uint32_t bits, uint32_t value);
/* reg = reg >> by, of a number in host order. */
void nft_shift(struct nft_build *b, uint32_t reg, uint32_t by);
void nft_set_mark(struct nft_build *b, uint32_t reg);
void nft_set_ct_mark(struct nft_build *b, uint32_t reg);
void nft_match(struct nft_build *b, uint32_t reg, const void *data, uint32_t len, bool equal);
void nft_match_number(struct nft_build *b, uint32_t reg, uint32_t value, bool equal);
void nft_match_range(
	struct nft_build *b, uint32_t reg, const void *first, const void *last, uint32_t len);
void nft_match_set(struct nft_build *b, uint32_t reg, struct str set, bool equal);
void nft_map(struct nft_build *b, uint32_t reg, struct str map, uint32_t dreg);
void nft_remember(struct nft_build *b, struct str map, uint32_t key, uint32_t value);
void nft_forget(struct nft_build *b, struct str map, uint32_t key);
void nft_verdict_map(struct nft_build *b, uint32_t reg, struct str map);
void nft_verdict(struct nft_build *b, enum kverdict verdict);
void nft_go(struct nft_build *b, enum kverdict verdict, struct str chain);
void nft_nat(struct nft_build *b, enum kop_code code, uint8_t family, uint32_t addr, uint32_t port);
/* Another network, the same host.  Uses registers 0 to 7. */
void nft_snat_prefix(struct nft_build *b, const struct ip_prefix *to);
void nft_masquerade(struct nft_build *b);
void nft_reset_tcp(struct nft_build *b);
void nft_count(struct nft_build *b);
/* Of TCP packets: one that resets nothing itself. */
void nft_match_no_reset(struct nft_build *b);
/* Let a TCP SYN offer no segment that does not fit the path; other packets are left alone. */
void nft_clamp_mss(struct nft_build *b);
void nft_offload(struct nft_build *b);

/* Common pairs of them. */
/* The source (or the destination) of the packet; the register behind it. */
uint32_t nft_load_packet_addr(struct nft_build *b, uint32_t reg, uint8_t family, bool source);
void nft_match_ifname(struct nft_build *b, enum kmeta key, struct str name, bool equal);
void nft_match_family(struct nft_build *b, uint8_t family);
/* Is the source (or the destination) in this prefix?  Uses registers 0 to 3. */
void nft_match_prefix(struct nft_build *b, const struct ip_prefix *p, bool source);
/* The code point; `family` is matched already. */
void nft_match_dscp(struct nft_build *b, uint8_t family, uint8_t dscp);
void nft_match_proto(struct nft_build *b, uint8_t proto);
void nft_match_ports(struct nft_build *b, uint16_t first, uint16_t last);
void nft_match_ct(struct nft_build *b, enum kct key, uint32_t bits);
/* Has the packet come in (or does it go out) by a WAN?  Then register 4 holds the link. */
void nft_load_wan(struct nft_build *b, enum kmeta direction);

/* The same question when the link does not matter.  A set of its own, although the map above would
 * do for the kernel: nft(8) does not list a map that is only asked whether it holds a key, and a
 * rule "drop" would seem to have no condition. */
void nft_match_wan(struct nft_build *b, enum kmeta direction);

#define NFT_WAN_OF STR("wan_of")
#define NFT_WANS   STR("wans")

#endif
