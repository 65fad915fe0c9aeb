/* SPDX-License-Identifier: GPL-2.0-or-later */
/* link_internal.h - what the files of the detector share.  Private to firmware/link, and to the
 * test that no cell of the table of moves was forgotten. */
#ifndef FL_LINK_INTERNAL_H
#define FL_LINK_INTERNAL_H

#include "link.h"

enum link_event {
	LINK_ENABLE,
	LINK_DISABLE,
	LINK_CARRIER_OFF,
	LINK_CARRIER_ON,
	LINK_NO_ADDRESS,    /* a carrier, but the provider gives no address */
	LINK_FIRST_CARRIER, /* of a link that never failed */
	LINK_ANSWER,        /* an answer, or users' packets */
	LINK_POOR_ANSWER,   /* the same, of a suspect link that was degraded before */
	LINK_OVERDUE,       /* a probe is unanswered in time */
	LINK_DEAD,          /* so many of them for so long that the link is */
	LINK_PROVEN,        /* it showed that it works, and its hold-down is over */
	LINK_CUT_OFF,       /* its gateway does not answer, and nothing else does */
	LINK_UNSERVED,      /* its service fails, for which it is to be down */
	LINK_POOR,          /* loss or delay rose above its limit */
	LINK_GOOD,          /* and fell below */
	LINK_EVENTS
};

extern const enum link_state link_moves[LINK_STATES][LINK_EVENTS];

/* Why `event` moves the link, with the evidence; before the move is made. */
void link_explain(const struct link *l, mtime now, enum link_event event, struct textbuf *out);

/* ---- the machine (link.c) ---- */

enum link_fate { FATE_NONE, FATE_WAITING, FATE_LOST, FATE_ANSWERED };
enum link_kind { KIND_REGULAR, KIND_BURST, KIND_PROOF, KIND_TEST, KIND_FAMILY };

void link_out_clear(struct link_out *out);
/* The one place where the state changes. */
void link_apply(struct link *l, mtime now, enum link_event event, struct link_out *out);
/* The settings or the provider may have given the link an address, or taken it. */
void link_follow_address(struct link *l, mtime now, struct link_out *out);
/* A sign of life came. */
void link_live(struct link *l, mtime now, struct link_out *out);
/* Do what time calls for: every entry from outside ends with it. */
void link_go_on(struct link *l, mtime now, struct link_out *out);

/* Where the flight of this probe is or was, or another's at the same place of the table. */
static inline struct link_flight *link_flight_of(struct link *l, uint16_t seq)
{
	return &l->flight[seq % LINK_FLIGHT_MAX];
}

/* ---- what is asked next, and when (link_send.c) ---- */

/* In a state in which targets are asked, with a way to them. */
bool link_is_probing(const struct link *l);
/* Send what is due, as far as the probe budget goes. */
void link_send_due(struct link *l, mtime now, struct link_out *out);
/* A tenth longer or shorter, by chance. */
span link_jittered(struct link *l, span s);
/* Between two probes of what has been down for so long. */
span link_down_gap(const struct link *l, span down);

/* ---- what the numbers are now (link_figures.c) ---- */

#define LINK_GAP_HALF_LIFE sec(24 * 3600) /* of the memory of silences that healed */
#define LINK_PROOF_GAP     ms(200)        /* between two probes of a proof */

/* The longest time-out of the targets that are believed. */
span link_longest_rto(const struct link *l);
/* The smallest round-trip time of them; < 0: nothing is measured. */
span link_best_rtt(const struct link *l);
/* The silence wanted for DOWN. */
span link_silence_needed(const struct link *l, mtime now);
/* Failures in the ten minutes before `at`. */
unsigned link_recent_downs(const struct link *l, mtime at);

/* Asked at the same address for the same. */
bool link_is_same_target(const struct link_target_state *a, const struct link_target_state *b);

/* ---- the gateways (link_gateway.c) ---- */

/* Let them be asked. */
void link_gateway_ask(struct link *l, mtime now, struct link_out *out);
void link_gateway_tick(struct link *l, mtime now, struct link_out *out);
mtime link_gateway_due(const struct link *l);
/* What was heard of them is of another segment. */
void link_gateway_forget(struct link *l);
/* The settings are new: forget what was heard of a gateway that is another one now. */
void link_gateway_keep(struct link *l);
/* None answers, and one at least should have. */
bool link_gateway_is_silent(const struct link *l);
/* What they say since then: one that spoke before only is taken for silent. */
enum link_gateway_word link_gateway_now(const struct link *l, mtime since);

/* ---- the families (link_family.c) ---- */

/* Its losses say nothing of the link: it is demoted, or of a dead family. */
bool link_target_is_out(const struct link *l, size_t target);
void link_family_answered(struct link *l, mtime now, const struct link_flight *flight);
void link_family_lost(struct link *l, mtime now, const struct link_flight *flight);
/* The link's own proof succeeded: which families did it hear? */
void link_family_after_proof(struct link *l, mtime now, struct link_out *out);
void link_family_judge(struct link *l, mtime now, struct link_out *out);
/* Does this one (0: IPv4, 1: IPv6) have probes of its own to send?  At its next_send. */
bool link_family_wants(const struct link *l, size_t family);
/* The target to ask and how long to wait for it; the next one is due later. */
size_t link_family_pick(struct link *l, size_t family, mtime now, span *wait);
mtime link_family_due(const struct link *l);

#endif
