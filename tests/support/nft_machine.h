/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft_machine.h - a tiny nf_tables machine: runs the wanted chains on one packet. */
#ifndef FL_TEST_NFT_MACHINE_H
#define FL_TEST_NFT_MACHINE_H

#include "forwarding.h"

/* What the kernel has put into dynamic maps. */
struct machine_memory {
	struct str set;
	uint8_t key[16];
	uint32_t value;
};
struct machine_memories {
	struct machine_memory at[32];
	size_t n;
};

struct packet {
	struct machine_memories *memory; /* of the router it meets; NULL: it remembers nothing */
	const char *iif, *oif;
	uint8_t nfproto, proto;
	uint8_t network[40], transport[20];
	uint32_t mark, ct_mark, ct_state, ct_status;
};

struct machine {
	const struct kernel_state *s;
	struct packet *p;
	uint8_t reg[KREGS * 4 + 16];
	uint32_t draw, drawn;
	struct ip_addr dnat, snat;
	uint16_t dnat_port; /* 0: as it was */
	bool masqueraded, reset;
	unsigned steps;
};

enum end { END_GO_ON, END_BREAK, END_RETURN, END_ACCEPT, END_DROP };

/* Run a base chain; `draw` is what its first number generator gives.  `m` is overwritten and says
 * what became of the packet. */
enum end machine_run(const struct kernel_state *s, const char *chain, struct packet *p,
	uint32_t draw, struct machine *m);
/* The chain of this name; there must be one. */
const struct kchain *machine_chain(const struct kernel_state *s, struct str name);
/* The first packet of a flow that came in by interface `iif`. */
struct packet machine_packet(const struct forwarding_flow *f, const char *iif);

#endif
