/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel.h - the forwarding tables of the machine. */
#ifndef FL_KERNEL_H
#define FL_KERNEL_H

#include "err.h"
#include "kernel_state.h"
#include "log.h"

/* A connection that the kernel knows. */
struct kernel_flow {
	uint8_t protocol;            /* IANA number */
	struct ip_addr from, to;     /* of its first packet */
	uint16_t from_port, to_port; /* 0: it has none */
	/* The far ends of its answers: `answers_to` is the address it has outside. */
	struct ip_addr answers_from, answers_to;
	uint16_t answers_from_port, answers_to_port;
	uint32_t mark;    /* the number in our bits of its mark: the link, 0: none */
	uint32_t seconds; /* until it is forgotten, if nothing comes */
	bool answered;
};
/* Of a list, false: enough.  Of a choice, false: not this one. */
typedef bool kernel_flow_each(void *ctx, const struct kernel_flow *flow);

struct kernel {
	void *ctx;
	/* What of ours is in the kernel now, in `mem`: addresses on `interfaces`, our routes,
	 * rules, and the sets of our nftables table (chains: `*chains_known` false when they are
	 * not as `expect` has them). */
	enum fl_err (*read)(void *ctx, const struct kernel_state *expect, struct arena *mem,
		struct kernel_state *out, bool *chains_known);
	/* Carry out a difference: nftables in one transaction, then addresses, routes and rules.
	 * What the kernel lacks() and can be done without is left out.
	 * `why` says which object the kernel refused and how. */
	enum fl_err (*apply)(void *ctx, const struct kernel_diff *diff, struct textbuf *why);
	/* The bits of marks, a run of them, that hold the numbers which `mark` is in all that
	 * follows.  Before it is called they are KSTATE_MARK_MASK. */
	void (*mark_bits)(void *ctx, uint32_t bits);
	/* Forget the connections with this mark and of this family (4, 6; 0: both). */
	enum fl_err (*flush)(void *ctx, uint32_t mark, uint8_t family, struct textbuf *why);
	/* Forget those that `meant` says, so that who began them begins anew: to a TCP client it
	 * is told.  *n: how many. */
	enum fl_err (*cut)(void *ctx, kernel_flow_each *meant, void *meant_ctx, size_t *n,
		struct textbuf *why);
	/* Hand every connection with this mark to `each`; mark 0: all there are. */
	enum fl_err (*flows)(void *ctx, uint32_t mark, kernel_flow_each *each, void *each_ctx,
		struct textbuf *why);
	/* Is the address in this set of our nftables table now? */
	bool (*has)(void *ctx, struct str set, const struct ip_addr *a);
	/* Hand all that counts in our nftables table to `each`. */
	enum fl_err (*counts)(
		void *ctx, kernel_count_each *each, void *each_ctx, struct textbuf *why);
	/* How many connections there are, and how many fit; false: not known. */
	bool (*room)(void *ctx, uint32_t *used, uint32_t *all);
	/* The memory of this machine, in MiB; 0: not known. */
	uint32_t (*memory)(void *ctx);
	/* Of these features (KFEATURE_...) those that this kernel does not have. */
	uint32_t (*lacks)(void *ctx, uint32_t features);
	/* Take away all that is ours and nothing else. */
	enum fl_err (*remove_all)(
		void *ctx, const struct kernel_state *applied, struct textbuf *why);
};

#endif
