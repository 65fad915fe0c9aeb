/* SPDX-License-Identifier: GPL-2.0-or-later */
/* link_estimate.h - what probes teach about a link: delay, loss, and how much of either is normal.
 * Private to firmware/link.  Pure integer arithmetic: it also runs where there is no float. */
#ifndef FL_LINK_ESTIMATE_H
#define FL_LINK_ESTIMATE_H

#include "link.h"

#define LINK_RTO_MIN   ms(40)
#define LINK_RTO_MAX   sec(1)
#define LINK_RTO_FIRST ms(500) /* while nothing is measured */

#define LINK_LOSSES_MIN 6 /* losses in a row that are always wanted for DOWN */
#define LINK_LOSSES_MAX 26

/* `value`, halved for every `half_life` between `since` and `now` (a straight line within one). */
span link_decayed(span value, mtime since, mtime now, span half_life);

/* ---- one target ---- */

void link_target_init(struct link_target_state *t);
/* A probe was answered after `rtt`. */
void link_target_add_rtt(struct link_target_state *t, mtime now, span rtt);
void link_target_add_loss(struct link_target_state *t, bool lost);
span link_target_rto(const struct link_target_state *t);
/* Half-life 30 min. */
span link_target_peak(const struct link_target_state *t, mtime now);

/* ---- the link ---- */

void link_loss_add(struct link_loss *l, bool lost);
/* The larger of the fast and the slow estimate, parts per million. */
uint32_t link_loss_ppm(const struct link_loss *l);
/* Losses in a row that independent loss as learned makes up at most once in 100 weeks, at one probe
 * an interval. */
unsigned link_losses_needed(const struct link_loss *l, span interval);

/* A probe that was due by the clock (not one of a burst, which loss itself calls for) is settled.
 */
void link_quality_add_loss(struct link_quality *q, bool lost);
/* The link's round-trip time now. */
void link_quality_add_rtt(struct link_quality *q, mtime now, span rtt);
bool link_quality_is_poor(const struct link_quality *q);

/* ---- a proof ---- */

/* The losses that count against the link: a target that never answered while another did is dead by
 * itself. */
unsigned link_proof_lost(const struct link_proof *p);
/* The losses that do not. */
unsigned link_proof_ignored(const struct link_proof *p);
bool link_proof_has_enough(const struct link_proof *p);

#endif
