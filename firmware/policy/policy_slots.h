/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy_slots.h - shares of links -> 240 slots, each the number of a link.  Used by policy.c.
 *
 * Both arrays of counts and shares are indexed by link number; index 0 is unused. */
#ifndef FL_POLICY_SLOTS_H
#define FL_POLICY_SLOTS_H

#include "policy.h"

struct slot_counts {
	uint16_t of[FL_LINKS_MAX + 1];
};

/* One claim on the slots. */
struct slot_share {
	uint8_t number; /* of the link, 1..FL_LINKS_MAX, each at most once */
	uint64_t share; /* in any unit; at most 2^48 */
};

/* How many of the 240 slots each link gets: largest remainder (Hamilton's method), so that no link
 * is a whole slot away from its exact share.  Equal remainders go to the earlier claim.  All zero
 * when the shares are. */
void slots_count(const struct slot_share *shares, size_t n, struct slot_counts *out);

/* Give each link its count of slots, moving no more of `slot` than the counts demand (a 0 in `slot`
 * belongs to nobody).  `seed` picks the shuffle; with the same seed and counts, a table that is
 * dealt from nothing is always the same. */
void slots_deal(uint64_t seed, const struct slot_counts *want, uint8_t slot[POLICY_SLOTS]);

#endif
