/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy_slots.c - dealing 240 slots.
 *
 * The table is read in rotation (`numgen inc`), so its order matters twice: a plain rotation locks
 * onto the rhythm of a client (one that opens UDP and TCP in turn would put all UDP on one link and
 * all TCP on the other), and a plain shuffle has long runs of one link.  So the slots are numbered
 * by a scrambled radical inverse (Owen's nested scrambling of a van der Corput sequence in the
 * mixed radix 2*3*2*2*2*5): every run of ranks is spread evenly over the table, and which slot of
 * each pair, of each six, of each twelve comes first is a coin toss.
 *
 * "Home" is the table dealt from nothing: in order of their numbers, each link has a run of ranks.
 * A change then goes
 *   1. a link with more slots than it should have gives up slots that are not its home,
 *   2. a free slot goes to the link whose home it is, if that one still wants slots,
 *   3. what is left over is dealt out in order of rank.
 * A link's home is as large as its share.  So a link with too many slots always holds enough that
 * are not its home, step 1 ends with nobody above his share, and the slots that moved are exactly
 * those that had to.  Steps 1 and 2 pull the table towards home: a link that dies and comes back
 * finds its old slots, and a table with a long history is nearly as even as a new one (measured
 * with four links, over 20,000 changes: of any 40 slots in a row a link has at most 7 more or less
 * than its share, against 3 in a new table). */
#include "policy_slots.h"

#include "rng.h"

#include <string.h>

void slots_count(const struct slot_share *shares, size_t n, struct slot_counts *out)
{
	uint64_t rest[FL_LINKS_MAX] = {0}, sum = 0;
	unsigned left = POLICY_SLOTS;

	*out = (struct slot_counts){0};
	for (size_t i = 0; i < n; i++)
		sum += shares[i].share;
	if (sum == 0)
		return;
	for (size_t i = 0; i < n; i++) {
		uint64_t exact = shares[i].share * POLICY_SLOTS;

		out->of[shares[i].number] = (uint16_t)(exact / sum);
		rest[i] = exact % sum;
		left -= (unsigned)(exact / sum);
	}
	while (left--) { /* fewer than n are left, so no claim is served twice */
		size_t best = 0;

		for (size_t i = 1; i < n; i++)
			if (rest[i] > rest[best])
				best = i;
		out->of[shares[best].number]++;
		rest[best] = 0;
	}
}

static void blocks_swap(uint8_t *a, uint8_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t keep = a[i];

		a[i] = b[i];
		b[i] = keep;
	}
}

/* The slot that has each rank. */
static void ranks_shuffle(uint64_t seed, uint8_t slot_of[POLICY_SLOTS])
{
	static const uint8_t radix[] = {2, 3, 2, 2, 2, 5};
	uint8_t rank[POLICY_SLOTS] = {0};
	struct rng rng = rng_of(seed);
	size_t n = 1; /* slots in a block of the level */

	for (size_t level = 0; level < COUNT_OF(radix); n *= radix[level++])
		for (size_t i = n; i < n * radix[level]; i++)
			rank[i] = (uint8_t)(rank[i - n] + POLICY_SLOTS / (n * radix[level]));
	n = 1;
	for (size_t level = 0; level < COUNT_OF(radix); n *= radix[level++])
		for (size_t at = 0; at < POLICY_SLOTS; at += n * radix[level])
			for (uint32_t i = radix[level] - 1u; i > 0; i--)
				blocks_swap(rank + at + i * n,
					rank + at + rng_below(&rng, i + 1) * n, n);
	for (size_t i = 0; i < POLICY_SLOTS; i++)
		slot_of[rank[i]] = (uint8_t)i;
}

/* The link that has each slot in a table dealt from nothing; 0: nobody wants it. */
static void homes_find(const struct slot_counts *want, const uint8_t slot_of[POLICY_SLOTS],
	uint8_t home[POLICY_SLOTS])
{
	size_t rank = 0;

	memset(home, 0, POLICY_SLOTS);
	for (uint8_t link = 1; link <= FL_LINKS_MAX; link++)
		for (unsigned i = 0; i < want->of[link] && rank < POLICY_SLOTS; i++)
			home[slot_of[rank++]] = link;
}

/* Step 1.  `missing`: what each link still wants; less than 0: what it has too much. */
static void surplus_give_up(const uint8_t slot_of[POLICY_SLOTS], const uint8_t home[POLICY_SLOTS],
	int missing[FL_LINKS_MAX + 1], uint8_t slot[POLICY_SLOTS])
{
	for (size_t rank = POLICY_SLOTS; rank-- > 0;) {
		size_t i = slot_of[rank];

		if (slot[i] && slot[i] != home[i] && missing[slot[i]] < 0) {
			missing[slot[i]]++;
			slot[i] = 0;
		}
	}
}

/* Steps 2 and 3. */
static void free_slots_deal(const uint8_t slot_of[POLICY_SLOTS], const uint8_t home[POLICY_SLOTS],
	int missing[FL_LINKS_MAX + 1], uint8_t slot[POLICY_SLOTS])
{
	uint8_t next = 1;

	for (size_t rank = 0; rank < POLICY_SLOTS; rank++) {
		size_t i = slot_of[rank];

		if (slot[i] == 0 && missing[home[i]] > 0) {
			slot[i] = home[i];
			missing[home[i]]--;
		}
	}
	for (size_t rank = 0; rank < POLICY_SLOTS; rank++) {
		size_t i = slot_of[rank];

		while (next <= FL_LINKS_MAX && missing[next] <= 0)
			next++;
		if (next > FL_LINKS_MAX)
			break;
		if (slot[i] == 0) {
			slot[i] = next;
			missing[next]--;
		}
	}
}

void slots_deal(uint64_t seed, const struct slot_counts *want, uint8_t slot[POLICY_SLOTS])
{
	uint8_t slot_of[POLICY_SLOTS], home[POLICY_SLOTS];
	int missing[FL_LINKS_MAX + 1];

	ranks_shuffle(seed, slot_of);
	homes_find(want, slot_of, home);
	for (size_t link = 0; link <= FL_LINKS_MAX; link++)
		missing[link] = want->of[link];
	for (size_t i = 0; i < POLICY_SLOTS; i++) {
		slot[i] = slot[i] <= FL_LINKS_MAX ? slot[i] : 0;
		missing[slot[i]]--;
	}
	surplus_give_up(slot_of, home, missing, slot);
	free_slots_deal(slot_of, home, missing, slot);
}
