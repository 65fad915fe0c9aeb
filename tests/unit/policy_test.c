/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy.h"

#include "policy_console.h"
#include "policy_settings.h"
#include "rng.h"
#include "test_heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- a router with links wan1..wanN and one policy ---- */

struct fixture {
	struct policy_link links[FL_LINKS_MAX];
	size_t nlinks;
	struct policy_member members[FL_LINKS_MAX];
	struct policy_conf policy;
	struct published now;
};

static void fixture_init(struct fixture *f, enum policy_method method, size_t nlinks)
{
	*f = (struct fixture){.nlinks = nlinks};
	for (size_t i = 0; i < nlinks; i++) {
		f->links[i] = (struct policy_link){
			.number = (uint8_t)(i + 1), .state = LINK_UP, .weight = 1};
		f->members[i].link = (int32_t)i;
	}
	f->policy = (struct policy_conf){
		.name = STR("spread"),
		.method = method,
		.members = f->members,
		.nmembers = nlinks,
		.when_dead = POLICY_ANY,
	};
}

static void publish_fresh(struct fixture *f)
{
	assert_true(policy_publish(&f->policy, 1, f->links, f->nlinks, NULL, &f->now));
}

/* The next state; returns what was published before. */
static struct published publish_next(struct fixture *f)
{
	struct published old = f->now;

	policy_publish(&f->policy, 1, f->links, f->nlinks, &old, &f->now);
	return old;
}

static unsigned slots_of(const struct published_policy *p, unsigned link)
{
	unsigned n = 0;

	for (size_t i = 0; i < POLICY_SLOTS; i++)
		n += p->slot[i] == link;
	return n;
}

static unsigned slots_moved(const struct published_policy *a, const struct published_policy *b)
{
	unsigned n = 0;

	for (size_t i = 0; i < POLICY_SLOTS; i++)
		n += a->slot[i] != b->slot[i];
	return n;
}

static unsigned longest_run(const struct published_policy *p)
{
	unsigned longest = 0, run = 0;

	/* Twice around: the table is read in a circle. */
	for (size_t i = 1; i < 2 * POLICY_SLOTS; i++) {
		run = p->slot[i % POLICY_SLOTS] == p->slot[(i - 1) % POLICY_SLOTS] ? run + 1 : 0;
		longest = run + 1 > longest ? run + 1 : longest;
	}
	return longest;
}

static void name_policy(struct fixture *f, char name[8], unsigned number)
{
	struct textbuf t = textbuf_of(name, 8);

	textbuf_printf(&t, "p%u", number);
	f->policy.name = textbuf_str(&t);
}

/* ---- methods ---- */

static void priority_gives_every_slot_to_the_first_live_member(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, POLICY_PRIORITY, 3);
	f.links[0].state = LINK_DOWN;
	publish_fresh(&f);
	assert_int_equal(slots_of(&f.now.policy[0], 2), 240);
}

static void priority_keeps_the_typed_order_of_live_members(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, POLICY_PRIORITY, 3);
	f.members[0].link = 2;
	f.members[2].link = 0;
	publish_fresh(&f);
	assert_int_equal(f.now.policy[0].nlive, 3);
	assert_memory_equal(f.now.policy[0].live, "\3\2\1", 3);
}

static void barred_link_works_and_takes_nothing_new(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, POLICY_ALL, 2);
	f.links[0].barred = true;
	publish_fresh(&f);
	assert_int_equal(f.now.fit, 3);
	assert_int_equal(f.now.live, 2);
	assert_int_equal(slots_of(&f.now.policy[0], 2), 240);
	/* It is an order: it holds even when nothing else is left. */
	f.links[1].state = LINK_DOWN;
	publish_next(&f);
	assert_int_equal(f.now.live, 0);
}

static void weighted_shares_slots_in_proportion_to_link_weights(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, POLICY_WEIGHTED, 2);
	f.links[0].weight = 4;
	publish_fresh(&f);
	assert_int_equal(slots_of(&f.now.policy[0], 1), 192);
	assert_int_equal(slots_of(&f.now.policy[0], 2), 48);
}

static void weight_of_a_member_overrides_the_weight_of_its_link(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, POLICY_WEIGHTED, 2);
	f.links[0].weight = 200;
	f.members[0].weight = 1;
	f.members[1].weight = 3;
	publish_fresh(&f);
	assert_int_equal(slots_of(&f.now.policy[0], 1), 60);
}

static void weighted_names_the_heaviest_live_member_first(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, POLICY_WEIGHTED, 3);
	f.links[1].weight = 2;
	f.links[2].weight = 9;
	publish_fresh(&f);
	assert_memory_equal(f.now.policy[0].live, "\3\2\1", 3);
}

static void all_shares_slots_evenly_whatever_the_weights(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, POLICY_ALL, 3);
	f.links[0].weight = 100;
	publish_fresh(&f);
	for (unsigned link = 1; link <= 3; link++)
		assert_int_equal(slots_of(&f.now.policy[0], link), 80);
}

static void degraded_link_counts_a_quarter_of_its_weight(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, POLICY_WEIGHTED, 2);
	f.links[0].state = LINK_DEGRADED;
	publish_fresh(&f);
	assert_int_equal(slots_of(&f.now.policy[0], 1), 48);
	assert_int_equal(slots_of(&f.now.policy[0], 2), 192);
}

static void degraded_link_that_is_alone_carries_all(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, POLICY_WEIGHTED, 2);
	f.links[0].state = LINK_DEGRADED;
	f.links[1].state = LINK_DOWN;
	publish_fresh(&f);
	assert_int_equal(slots_of(&f.now.policy[0], 1), 240);
}

static void suspect_link_keeps_its_slots(void **state)
{
	struct fixture f;
	struct published old;

	(void)state;
	fixture_init(&f, POLICY_WEIGHTED, 2);
	publish_fresh(&f);
	f.links[0].state = LINK_SUSPECT;
	old = publish_next(&f);
	assert_int_equal(slots_moved(&old.policy[0], &f.now.policy[0]), 0);
}

static void policy_without_a_live_member_has_only_empty_slots(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, POLICY_WEIGHTED, 2);
	publish_fresh(&f);
	f.links[0].state = LINK_DOWN;
	f.links[1].state = LINK_NO_CARRIER;
	publish_next(&f);
	assert_int_equal(slots_of(&f.now.policy[0], 0), 240);
	assert_int_equal(f.now.policy[0].nlive, 0);
	assert_int_equal(f.now.policy[0].nmembers, 2);
	assert_int_equal(f.now.live, 0);
}

/* ---- backups ---- */

static void backup_is_idle_while_a_primary_member_is_fit(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, POLICY_PRIORITY, 2);
	f.links[0].backup = true; /* though it was typed first */
	publish_fresh(&f);
	assert_int_equal(slots_of(&f.now.policy[0], 2), 240);
	assert_int_equal(f.now.fit, link_bit(1) | link_bit(2));
	assert_int_equal(f.now.live, link_bit(2));
}

static void backup_carries_all_when_no_primary_member_is_fit(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, POLICY_WEIGHTED, 3);
	f.links[2].backup = true;
	f.links[0].state = LINK_RECOVERING;
	f.links[1].state = LINK_DOWN;
	publish_fresh(&f);
	assert_int_equal(slots_of(&f.now.policy[0], 3), 240);
	assert_int_equal(f.now.live, link_bit(3));
}

static void policy_of_a_backup_alone_uses_it_and_makes_it_live(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, POLICY_WEIGHTED, 2);
	f.links[1].backup = true;
	f.policy.members = &f.members[1];
	f.policy.nmembers = 1;
	publish_fresh(&f);
	assert_int_equal(slots_of(&f.now.policy[0], 2), 240);
	assert_int_equal(f.now.live, link_bit(1) | link_bit(2));
}

static void link_outside_every_policy_is_live_while_it_is_fit(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, POLICY_WEIGHTED, 2);
	assert_true(policy_publish(NULL, 0, f.links, 2, NULL, &f.now));
	assert_int_equal(f.now.live, link_bit(1) | link_bit(2));
}

/* ---- methods that go by live figures ---- */

static void round_robin_shares_evenly_whatever_the_weights(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, POLICY_ROUND_ROBIN, 3);
	f.links[0].weight = 100;
	publish_fresh(&f);
	for (unsigned link = 1; link <= 3; link++)
		assert_int_equal(slots_of(&f.now.policy[0], link), 80);
}

static void least_load_shares_by_what_is_free(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, POLICY_LEAST_LOAD, 2);
	f.links[0].load = 750;
	f.links[1].load = 250;
	publish_fresh(&f);
	assert_int_equal(slots_of(&f.now.policy[0], 1), 60);
	assert_int_equal(slots_of(&f.now.policy[0], 2), 180);
	assert_int_equal(f.now.policy[0].live[0], 2); /* the best comes first */
}

static void a_full_link_still_takes_a_little(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, POLICY_LEAST_LOAD, 2);
	f.links[0].load = 1400;
	publish_fresh(&f);
	assert_in_range(slots_of(&f.now.policy[0], 1), 4, 6);
}

static void small_changes_of_load_change_nothing(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, POLICY_LEAST_LOAD, 2);
	publish_fresh(&f);
	f.links[0].load = 150; /* 110 : 130 slots */
	publish_next(&f);
	assert_int_equal(f.now.generation, 1);
	assert_int_equal(slots_of(&f.now.policy[0], 1), 120);
	f.links[0].load = 500; /* 80 : 160 */
	publish_next(&f);
	assert_int_equal(slots_of(&f.now.policy[0], 1), 80);
}

static void a_link_that_dies_counts_however_small_the_change(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, POLICY_LEAST_LOAD, 2);
	f.links[0].load = 1000; /* 5 slots */
	publish_fresh(&f);
	f.links[0].state = LINK_DOWN;
	publish_next(&f);
	assert_int_equal(slots_of(&f.now.policy[0], 1), 0);
}

static void lowest_latency_takes_the_nearest(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, POLICY_LOWEST_LATENCY, 3);
	f.links[0].rtt = ms(30);
	f.links[1].rtt = ms(10);
	f.links[2].rtt = ms(0); /* not measured */
	publish_fresh(&f);
	assert_int_equal(slots_of(&f.now.policy[0], 2), 240);
	assert_int_equal(f.now.policy[0].live[0], 2);
	assert_int_equal(f.now.policy[0].nlive, 3);
}

static void the_nearest_stays_until_another_is_clearly_nearer(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, POLICY_LOWEST_LATENCY, 2);
	f.links[0].rtt = ms(20);
	f.links[1].rtt = ms(25);
	publish_fresh(&f);
	f.links[0].rtt = ms(30); /* 25 is five sixths of it */
	publish_next(&f);
	assert_int_equal(slots_of(&f.now.policy[0], 1), 240);
	f.links[0].rtt = ms(40);
	publish_next(&f);
	assert_int_equal(slots_of(&f.now.policy[0], 2), 240);
	f.links[0].rtt = ms(22); /* nearer, but not clearly */
	publish_next(&f);
	assert_int_equal(slots_of(&f.now.policy[0], 2), 240);
}

static void the_nearest_of_short_ways_does_not_jump_for_a_millisecond(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, POLICY_LOWEST_LATENCY, 2);
	f.links[0].rtt = ms(2);
	f.links[1].rtt = ms(3);
	publish_fresh(&f);
	f.links[1].rtt = ms(1);
	publish_next(&f);
	assert_int_equal(slots_of(&f.now.policy[0], 1), 240);
}

static void the_nearest_that_dies_hands_over_to_the_next_nearest(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, POLICY_LOWEST_LATENCY, 3);
	f.links[0].rtt = ms(10);
	f.links[1].rtt = ms(30);
	f.links[2].rtt = ms(20);
	publish_fresh(&f);
	f.links[0].state = LINK_DOWN;
	publish_next(&f);
	assert_int_equal(slots_of(&f.now.policy[0], 3), 240);
}

static void overflow_fills_the_first_and_goes_on_to_the_next(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, POLICY_OVERFLOW, 3);
	f.policy.overflow = 80;
	publish_fresh(&f);
	assert_int_equal(slots_of(&f.now.policy[0], 1), 240);
	f.links[0].load = 799;
	publish_next(&f);
	assert_int_equal(slots_of(&f.now.policy[0], 1), 240);
	f.links[0].load = 800;
	publish_next(&f);
	assert_int_equal(slots_of(&f.now.policy[0], 2), 240);
	f.links[1].load = 900;
	publish_next(&f);
	assert_int_equal(slots_of(&f.now.policy[0], 3), 240);
}

static void overflow_comes_back_when_there_is_room_to_spare(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, POLICY_OVERFLOW, 2);
	f.policy.overflow = 80;
	f.links[0].load = 850;
	publish_fresh(&f);
	f.links[0].load = 750; /* below the limit, but only just */
	publish_next(&f);
	assert_int_equal(slots_of(&f.now.policy[0], 2), 240);
	f.links[0].load = 690;
	publish_next(&f);
	assert_int_equal(slots_of(&f.now.policy[0], 1), 240);
}

static void when_all_overflow_all_share(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, POLICY_OVERFLOW, 2);
	f.policy.overflow = 80;
	f.links[0].load = f.links[1].load = 950;
	publish_fresh(&f);
	assert_int_equal(slots_of(&f.now.policy[0], 1), 120);
	assert_int_equal(slots_of(&f.now.policy[0], 2), 120);
}

/* ---- counts ---- */

static void counts_are_within_one_slot_of_the_exact_share(void **state)
{
	struct rng rng = rng_of(7);
	struct fixture f;

	(void)state;
	for (unsigned round = 0; round < 500; round++) {
		size_t n = 1 + rng_below(&rng, FL_LINKS_MAX);
		uint64_t sum = 0;
		unsigned slots = 0;

		fixture_init(&f, POLICY_WEIGHTED, n);
		for (size_t i = 0; i < n; i++) {
			f.links[i].weight = 1 + rng_below(&rng, 240);
			sum += f.links[i].weight;
		}
		publish_fresh(&f);
		for (size_t i = 0; i < n; i++) {
			unsigned have = slots_of(&f.now.policy[0], (unsigned)i + 1);
			unsigned whole = (unsigned)(f.links[i].weight * UINT64_C(240) / sum);

			assert_in_range(have, whole, whole + 1);
			slots += have;
		}
		assert_int_equal(slots, 240);
	}
}

static void leftover_slots_go_to_the_largest_remainders(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, POLICY_WEIGHTED, 3);
	f.links[0].weight = 100; /* 240 * 100 / 107 = 224.30 */
	f.links[1].weight = 4;   /* 8.97 */
	f.links[2].weight = 3;   /* 6.73 */
	publish_fresh(&f);
	assert_int_equal(slots_of(&f.now.policy[0], 1), 224);
	assert_int_equal(slots_of(&f.now.policy[0], 2), 9);
	assert_int_equal(slots_of(&f.now.policy[0], 3), 7);
}

static void equal_remainders_favour_the_member_typed_first(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, POLICY_ALL, 7); /* 34.29 each: two get 35 */
	f.members[0].link = 6;
	f.members[6].link = 0;
	publish_fresh(&f);
	assert_int_equal(slots_of(&f.now.policy[0], 7), 35);
	assert_int_equal(slots_of(&f.now.policy[0], 2), 35);
	assert_int_equal(slots_of(&f.now.policy[0], 1), 34);
}

/* ---- moves ---- */

/* What no method can beat: each link keeps at most the smaller of its two counts. */
static unsigned moves_lower_bound(
	const struct published_policy *a, const struct published_policy *b)
{
	unsigned kept = 0;

	for (unsigned link = 0; link <= FL_LINKS_MAX; link++) {
		unsigned before = slots_of(a, link), after = slots_of(b, link);

		kept += before < after ? before : after;
	}
	return POLICY_SLOTS - kept;
}

static void something_happens(struct fixture *f, struct rng *rng)
{
	static const enum link_state states[] = {
		LINK_UP, LINK_UP, LINK_UP, LINK_DOWN, LINK_DEGRADED, LINK_NO_CARRIER};
	size_t i = rng_below(rng, (uint32_t)f->nlinks);

	switch (rng_below(rng, 3)) {
	case 0:
		f->links[i].weight = 1 + rng_below(rng, 240);
		break;
	case 1:
		f->links[i].backup = rng_below(rng, 4) == 0;
		break;
	default:
		f->links[i].state = states[rng_below(rng, COUNT_OF(states))];
		break;
	}
}

static void no_change_moves_more_slots_than_the_counts_demand(void **state)
{
	struct rng rng = rng_of(42);
	struct fixture f;

	(void)state;
	for (unsigned round = 0; round < 40; round++) {
		fixture_init(&f, POLICY_WEIGHTED, 2 + rng_below(&rng, FL_LINKS_MAX - 1));
		f.policy.method = rng_below(&rng, POLICY_OVERFLOW + 1);
		publish_fresh(&f);
		for (unsigned step = 0; step < 100; step++) {
			struct published old;

			something_happens(&f, &rng);
			old = publish_next(&f);
			assert_int_equal(slots_moved(&old.policy[0], &f.now.policy[0]),
				moves_lower_bound(&old.policy[0], &f.now.policy[0]));
		}
	}
}

static void losing_a_link_moves_its_slots_and_no_others(void **state)
{
	struct fixture f;
	struct published old;

	(void)state;
	fixture_init(&f, POLICY_WEIGHTED, 4);
	publish_fresh(&f);
	f.links[2].state = LINK_DOWN;
	old = publish_next(&f);
	for (size_t i = 0; i < POLICY_SLOTS; i++) {
		if (old.policy[0].slot[i] == 3)
			assert_int_not_equal(f.now.policy[0].slot[i], 3);
		else
			assert_int_equal(f.now.policy[0].slot[i], old.policy[0].slot[i]);
	}
}

static void link_that_returns_finds_its_old_slots(void **state)
{
	struct fixture f;
	struct published start;

	(void)state;
	fixture_init(&f, POLICY_WEIGHTED, 4);
	f.links[1].weight = 5;
	f.links[3].weight = 3;
	publish_fresh(&f);
	start = f.now;
	for (size_t i = 0; i < 4; i++) {
		f.links[i].state = LINK_DOWN;
		publish_next(&f);
		f.links[i].state = LINK_UP;
		publish_next(&f);
		assert_int_equal(slots_moved(&start.policy[0], &f.now.policy[0]), 0);
	}
}

static void reordering_members_moves_no_slot(void **state)
{
	struct fixture f;
	struct published old;

	(void)state;
	fixture_init(&f, POLICY_WEIGHTED, 2);
	publish_fresh(&f);
	f.members[0].link = 1;
	f.members[1].link = 0;
	old = publish_next(&f);
	assert_int_equal(slots_moved(&old.policy[0], &f.now.policy[0]), 0);
}

static void policy_keeps_its_slots_when_another_is_put_before_it(void **state)
{
	struct fixture f;
	struct policy_conf two[2];
	struct published old;

	(void)state;
	fixture_init(&f, POLICY_WEIGHTED, 3);
	publish_fresh(&f);
	f.links[0].state = LINK_DOWN; /* a table with a history */
	publish_next(&f);
	old = f.now;
	two[0] = two[1] = f.policy;
	two[0].name = STR("another");
	assert_true(policy_publish(two, 2, f.links, f.nlinks, &old, &f.now));
	assert_int_equal(slots_moved(&old.policy[0], &f.now.policy[1]), 0);
}

/* ---- the shuffle ---- */

static void slot_table_of_a_name_never_changes(void **state)
{
	/* Two builds, or a router and its standby, must agree: these are facts, not results. */
	static const uint8_t first[24] = {
		1, 2, 1, 2, 2, 1, 1, 2, 2, 1, 2, 1, 1, 2, 2, 1, 2, 1, 1, 2, 2, 1, 1, 2};
	struct fixture f;

	(void)state;
	fixture_init(&f, POLICY_WEIGHTED, 2);
	publish_fresh(&f);
	assert_memory_equal(f.now.policy[0].slot, first, sizeof(first));
}

static void policies_of_different_names_are_shuffled_differently(void **state)
{
	struct fixture f;
	struct policy_conf two[2];

	(void)state;
	fixture_init(&f, POLICY_WEIGHTED, 2);
	two[0] = two[1] = f.policy;
	two[1].name = STR("other");
	assert_true(policy_publish(two, 2, f.links, f.nlinks, NULL, &f.now));
	assert_in_range(slots_moved(&f.now.policy[0], &f.now.policy[1]), 60, 180);
}

static void equal_links_never_get_long_runs(void **state)
{
	static const unsigned bar[] = {0, 240, 2, 4, 4, 4, 4, 4, 4}; /* by number of links */
	struct fixture f;
	char name[8];

	(void)state;
	for (size_t n = 2; n < COUNT_OF(bar); n++)
		for (unsigned i = 0; i < 100; i++) {
			fixture_init(&f, POLICY_ALL, n);
			name_policy(&f, name, i);
			publish_fresh(&f);
			assert_in_range(longest_run(&f.now.policy[0]), 1, bar[n]);
		}
}

/* The largest difference between what a link has in any run of `window` slots and its share, in
 * slots, rounded down. */
static unsigned worst_window(const struct published_policy *p, unsigned window)
{
	unsigned worst = 0;

	for (unsigned link = 1; link <= FL_LINKS_MAX; link++)
		for (size_t at = 0; at < POLICY_SLOTS; at++) {
			int share = (int)(slots_of(p, link) * window);
			int have = 0;

			for (size_t i = 0; i < window; i++)
				have += POLICY_SLOTS * (p->slot[(at + i) % POLICY_SLOTS] == link);
			worst = (unsigned)abs(have - share) / POLICY_SLOTS > worst
					? (unsigned)abs(have - share) / POLICY_SLOTS
					: worst;
		}
	return worst;
}

static void any_forty_connections_in_a_row_follow_the_weights(void **state)
{
	struct rng rng = rng_of(1);
	struct fixture f;
	char name[8];

	(void)state;
	for (unsigned round = 0; round < 30; round++) {
		fixture_init(&f, POLICY_WEIGHTED, 2 + rng_below(&rng, 4));
		name_policy(&f, name, round);
		for (size_t i = 0; i < f.nlinks; i++)
			f.links[i].weight = 1 + rng_below(&rng, 10);
		publish_fresh(&f);
		assert_in_range(worst_window(&f.now.policy[0], 40), 0, 3);
	}
}

static void slots_stay_spread_after_many_changes(void **state)
{
	struct rng rng = rng_of(3);
	struct fixture f;

	(void)state;
	fixture_init(&f, POLICY_WEIGHTED, 4);
	publish_fresh(&f);
	for (unsigned step = 0; step < 1000; step++) {
		something_happens(&f, &rng);
		publish_next(&f);
		assert_in_range(worst_window(&f.now.policy[0], 40), 0, 7);
	}
}

/* A client that opens connections in a fixed pattern of two to eight kinds: no kind may end up on
 * one link. */
static void no_rhythm_of_a_client_locks_onto_a_link(void **state)
{
	struct fixture f;
	char name[8];

	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		fixture_init(&f, POLICY_ALL, 2);
		name_policy(&f, name, i);
		publish_fresh(&f);
		for (size_t period = 2; period <= 8; period++) {
			unsigned on_first = 0, seen = 0;

			for (size_t at = 0; at < POLICY_SLOTS; at += period, seen++)
				on_first += f.now.policy[0].slot[at] == 1;
			assert_in_range(100 * on_first / seen, 20, 80);
		}
	}
}

/* ---- what is published ---- */

static void generation_rises_by_one_with_a_change(void **state)
{
	struct fixture f;
	struct published old;

	(void)state;
	fixture_init(&f, POLICY_WEIGHTED, 2);
	publish_fresh(&f);
	old = f.now;
	f.links[0].state = LINK_SUSPECT; /* changes only the mask of unsure links */
	assert_true(policy_publish(&f.policy, 1, f.links, 2, &old, &f.now));
	assert_int_equal(f.now.generation, old.generation + 1);
}

static void generation_stays_when_nothing_changes(void **state)
{
	struct fixture f;
	struct published old;

	(void)state;
	fixture_init(&f, POLICY_WEIGHTED, 2);
	publish_fresh(&f);
	old = f.now;
	assert_false(policy_publish(&f.policy, 1, f.links, 2, &old, &f.now));
	assert_int_equal(f.now.generation, old.generation);
}

static void masks_tell_configured_fit_and_unsure_links(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, POLICY_WEIGHTED, 5);
	f.links[0].state = LINK_DISABLED;
	f.links[1].state = LINK_SUSPECT;
	f.links[2].state = LINK_RECOVERING;
	f.links[3].state = LINK_NO_CARRIER;
	f.links[4].state = LINK_DEGRADED;
	publish_fresh(&f);
	assert_int_equal(f.now.configured, 0x1e);
	assert_int_equal(f.now.fit, 0x12);
	assert_int_equal(f.now.unsure, 0x06);
	assert_int_equal(f.now.live, 0x12);
}

static void members_that_are_no_links_or_come_twice_are_left_out(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, POLICY_ALL, 4);
	f.members[0].link = -100;
	f.members[1].link = 99;
	f.members[3].link = 2;
	publish_fresh(&f);
	assert_int_equal(f.now.policy[0].nmembers, 1);
	assert_int_equal(slots_of(&f.now.policy[0], 3), 240);
}

static void policies_beyond_the_limit_are_not_published(void **state)
{
	struct fixture f;
	struct policy_conf many[POLICIES_MAX + 1];

	(void)state;
	fixture_init(&f, POLICY_ALL, 2);
	for (size_t i = 0; i < COUNT_OF(many); i++)
		many[i] = f.policy;
	assert_true(policy_publish(many, COUNT_OF(many), f.links, 2, NULL, &f.now));
	assert_int_equal(f.now.npolicies, POLICIES_MAX);
}

static void a_draw_goes_round_the_table(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, POLICY_ALL, 3);
	publish_fresh(&f);
	assert_int_equal(policy_draw(&f.now, 0, 17), f.now.policy[0].slot[17]);
	assert_int_equal(policy_draw(&f.now, 0, 240 * 1000 + 17), f.now.policy[0].slot[17]);
	assert_int_equal(
		policy_draw(&f.now, 0, UINT32_MAX), f.now.policy[0].slot[UINT32_MAX % 240]);
}

static void a_draw_of_a_policy_that_is_not_there_gives_no_link(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, POLICY_ALL, 3);
	publish_fresh(&f);
	assert_int_equal(policy_draw(&f.now, 1, 0), 0);
	assert_int_equal(policy_draw(&f.now, SIZE_MAX, 0), 0);
}

/* ---- weights of links ---- */

static void weight_that_is_set_is_the_weight(void **state)
{
	const struct link_conf links[] = {{.weight = 7, .bandwidth.down = 1000000000}};

	(void)state;
	assert_int_equal(policy_link_weight(links, 1, 0), 7);
}

static void weight_follows_bandwidth_when_no_link_has_one_set(void **state)
{
	const struct link_conf links[] = {{.bandwidth.down = 200000000},
		{.bandwidth.down = 50000000}, {.bandwidth.up = 1000}};

	(void)state;
	assert_int_equal(policy_link_weight(links, 3, 0), 240);
	assert_int_equal(policy_link_weight(links, 3, 1), 60);
	assert_int_equal(policy_link_weight(links, 3, 2), 1);
}

static void weight_from_bandwidth_is_on_the_scale_of_the_weights_set(void **state)
{
	const struct link_conf links[] = {
		{.weight = 4, .bandwidth.down = 200000000}, {.bandwidth.down = 50000000}};

	(void)state;
	assert_int_equal(policy_link_weight(links, 2, 1), 1);
}

static void link_of_unknown_bandwidth_counts_as_the_slowest_known(void **state)
{
	const struct link_conf links[] = {
		{.bandwidth.down = 200000000}, {.bandwidth.down = 100000000}, {.weight = 0}};

	(void)state;
	assert_int_equal(policy_link_weight(links, 3, 2), 120);
}

static void links_of_which_nothing_is_known_weigh_the_same(void **state)
{
	const struct link_conf links[] = {{.weight = 0}, {.weight = 0}};

	(void)state;
	assert_int_equal(policy_link_weight(links, 2, 0), policy_link_weight(links, 2, 1));
}

/* ---- settings ---- */

struct checked {
	struct arena mem;
	struct diags why;
};

static void check_policy(struct checked *c, const struct policy_conf *policy)
{
	arena_init(&c->mem, &heap);
	diags_init(&c->why, &c->mem);
	policy_setting.check(policy, &c->why);
}

static void policy_with_members_is_accepted(void **state)
{
	struct fixture f;
	struct checked c;

	(void)state;
	fixture_init(&f, POLICY_WEIGHTED, 2);
	f.members[0].weight = 3;
	check_policy(&c, &f.policy);
	assert_int_equal(c.why.errors + c.why.warnings, 0);
	arena_reset(&c.mem);
}

static void policy_without_members_is_an_error(void **state)
{
	struct fixture f;
	struct checked c;

	(void)state;
	fixture_init(&f, POLICY_WEIGHTED, 0);
	check_policy(&c, &f.policy);
	assert_int_equal(c.why.errors, 1);
	assert_true(str_is(c.why.first->cure, "add \"member LINK\""));
	arena_reset(&c.mem);
}

static void member_that_comes_twice_is_an_error(void **state)
{
	struct fixture f;
	struct checked c;

	(void)state;
	fixture_init(&f, POLICY_WEIGHTED, 3);
	f.members[2].link = 1;
	check_policy(&c, &f.policy);
	assert_int_equal(c.why.errors, 1);
	assert_true(str_is(c.why.first->what, "this link is a member already, as number 2"));
	arena_reset(&c.mem);
}

static void weight_that_the_method_ignores_is_a_warning(void **state)
{
	struct fixture f;
	struct checked c;

	(void)state;
	fixture_init(&f, POLICY_PRIORITY, 2);
	f.members[1].weight = 3;
	check_policy(&c, &f.policy);
	assert_int_equal(c.why.errors, 0);
	assert_int_equal(c.why.warnings, 1);
	arena_reset(&c.mem);
}

static void a_method_that_goes_by_load_wants_bandwidths(void **state)
{
	struct link_conf links[2] = {
		{.name = STR("wan1"), .bandwidth.down = 1000000}, {.name = STR("wan2")}};
	struct policy_member members[2] = {{.link = 0}, {.link = 1}};
	struct policy_conf p = {
		.method = POLICY_OVERFLOW, .members = members, .nmembers = 2, .overflow = 80};
	struct checked c;

	(void)state;
	arena_init(&c.mem, &heap);
	diags_init(&c.why, &c.mem);
	policies_check(&p, 1, links, 2, &c.why);
	assert_int_equal(c.why.errors, 0);
	assert_true(str_is(c.why.first->what,
		"method overflow needs the bandwidth of its links, and wan2 has none set"));
	assert_null(c.why.first->next);
	arena_reset(&c.mem);
}

static void more_policies_than_fit_are_an_error(void **state)
{
	struct policy_conf many[POLICIES_MAX + 1] = {0};
	struct checked c;

	(void)state;
	arena_init(&c.mem, &heap);
	diags_init(&c.why, &c.mem);
	policies_check(many, POLICIES_MAX, NULL, 0, &c.why);
	assert_int_equal(c.why.errors, 0);
	policies_check(many, COUNT_OF(many), NULL, 0, &c.why);
	assert_int_equal(c.why.errors, 1);
	assert_true(str_is(c.why.first->what, "there are 33 policies; 32 can be used"));
	arena_reset(&c.mem);
}

/* As a router's schema: links to refer to, and the row under test. */
struct config {
	SETTINGS_LIST(struct link_conf, links);
	SETTINGS_LIST(struct policy_conf, policies);
};

static const struct setting link_columns[] = {
	{.name = "NAME",
		.help = "name",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY,
		.offset = offsetof(struct link_conf, name),
		.type = VALUE_NAME},
	{0},
};

/* Parse and bind; returns how many mistakes there were. */
static size_t config_read(const char *text, struct arena *mem, struct config *out)
{
	struct setting schema[] = {
		{.name = "link",
			.help = "a link",
			.kind = SETTING_LIST,
			.columns = link_columns,
			.offset = offsetof(struct config, links),
			.size = sizeof(struct link_conf)},
		policy_setting,
		{0},
	};
	struct settings tree;
	struct diags why;

	schema[1].offset = offsetof(struct config, policies);
	*out = (struct config){0};
	diags_init(&why, mem);
	assert_int_equal(settings_init(&tree, schema, mem), FL_OK);
	if (settings_parse(&tree, str_of(text), &why) == FL_OK)
		(void)!settings_bind(&tree, mem, out, &why);
	return why.errors;
}

#define LINKS "link wan1\nlink wan2\nlink lte\n"

static void policy_is_read_with_members_in_the_order_typed(void **state)
{
	struct arena mem;
	struct config c;
	const struct policy_conf *p;

	(void)state;
	arena_init(&mem, &heap);
	assert_int_equal(config_read(LINKS "policy mail { method priority, member wan2, "
					   "member wan1, when-dead drop }",
				 &mem, &c),
		0);
	assert_int_equal(c.npolicies, 1);
	p = &c.policies[0];
	assert_true(str_is(p->name, "mail"));
	assert_int_equal(p->method, POLICY_PRIORITY);
	assert_int_equal(p->when_dead, POLICY_DROP);
	assert_int_equal(p->nmembers, 2);
	assert_true(str_is(c.links[p->members[0].link].name, "wan2"));
	assert_true(str_is(c.links[p->members[1].link].name, "wan1"));
	arena_reset(&mem);
}

static void policy_is_weighted_and_falls_back_to_any_link_by_default(void **state)
{
	struct arena mem;
	struct config c;

	(void)state;
	arena_init(&mem, &heap);
	assert_int_equal(
		config_read(LINKS "policy spread { member wan1 4, member wan2 }", &mem, &c), 0);
	assert_int_equal(c.policies[0].method, POLICY_WEIGHTED);
	assert_int_equal(c.policies[0].when_dead, POLICY_ANY);
	assert_int_equal(c.policies[0].members[0].weight, 4);
	assert_int_equal(c.policies[0].members[1].weight, 0); /* the link's own */
	arena_reset(&mem);
}

static void policy_text_with_a_mistake_is_refused(void **state)
{
	static const char *const bad[] = {
		LINKS "policy p { member wan9 }",
		LINKS "policy p { member wan1 0 }",
		LINKS "policy p { member wan1 241 }",
		LINKS "policy p { method fastest, member wan1 }",
		LINKS "policy p { member wan1, when-dead ignore }",
		LINKS "policy p { method all }",
	};
	struct arena mem;
	struct config c;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		arena_init(&mem, &heap);
		assert_int_equal(config_read(bad[i], &mem, &c), 1);
		arena_reset(&mem);
	}
}

/* ---- console ---- */

struct console_fixture {
	struct fixture f;
	struct link_conf links[3];
	struct policy_console module;
	char text[2000];
	struct textbuf out;
	enum fl_err status;
};

static void console_init(struct console_fixture *c, enum policy_method method)
{
	static const char *const names[] = {"wan1", "wan2", "lte"};

	fixture_init(&c->f, method, 3);
	c->f.links[2].backup = true;
	for (size_t i = 0; i < 3; i++)
		c->links[i] =
			(struct link_conf){.name = str_of(names[i]), .number = (uint8_t)(i + 1)};
	c->module = (struct policy_console){&c->f.policy, 1, c->links, 3, &c->f.now};
}

static void run(struct console_fixture *c, const char *grammar, const char *arg)
{
	const struct console_command *row = policy_commands;
	struct sink sink;
	struct console_call call = {.module = &c->module, .out = &sink, .arg = {str_of(arg)}};

	c->out = textbuf_of(c->text, sizeof(c->text));
	sink = textbuf_sink(&c->out);
	while (strcmp(row->grammar, grammar) != 0)
		row++;
	c->status = row->run(&call);
}

static void show_policies_prints_shares_of_weighted_links(void **state)
{
	struct console_fixture c;

	(void)state;
	console_init(&c, POLICY_WEIGHTED);
	c.f.links[0].weight = 2;
	publish_fresh(&c.f);
	run(&c, "show policies", "");
	assert_string_equal(c.text,
		"POLICY  METHOD          NEW CONNECTIONS                   NOT IN USE\n"
		"spread  weighted        wan1 66.7 %, wan2 33.3 %          lte\n");
}

static void show_policies_prints_who_follows_in_a_priority(void **state)
{
	struct console_fixture c;

	(void)state;
	console_init(&c, POLICY_PRIORITY);
	c.f.links[2].backup = false;
	publish_fresh(&c.f);
	run(&c, "show policies", "");
	assert_string_equal(c.text,
		"POLICY  METHOD          NEW CONNECTIONS                   NOT IN USE\n"
		"spread  priority        wan1 100 %, then wan2, then lte   -\n");
}

static void show_policies_says_what_happens_without_a_live_member(void **state)
{
	struct console_fixture c;

	(void)state;
	console_init(&c, POLICY_WEIGHTED);
	c.f.policy.when_dead = POLICY_DROP;
	for (size_t i = 0; i < 3; i++)
		c.f.links[i].state = LINK_DOWN;
	publish_fresh(&c.f);
	run(&c, "show policies", "");
	assert_non_null(strstr(c.text, "no live member: dropped"));
	assert_non_null(strstr(c.text, "wan1, wan2, lte\n"));
}

static void show_policies_says_when_there_is_none(void **state)
{
	struct console_fixture c;

	(void)state;
	console_init(&c, POLICY_WEIGHTED);
	publish_fresh(&c.f);
	c.module.npolicies = 0;
	run(&c, "show policies", "");
	assert_string_equal(c.text, "no policy is configured\n");
}

static void show_policy_prints_each_member_with_state_and_slots(void **state)
{
	struct console_fixture c;

	(void)state;
	console_init(&c, POLICY_WEIGHTED);
	c.f.links[1].state = LINK_DOWN;
	publish_fresh(&c.f);
	run(&c, "show policy NAME", "spread");
	assert_int_equal(c.status, FL_OK);
	assert_string_equal(c.text,
		"policy spread: weighted\n"
		"MEMBER            STATE               SHARE\n"
		"wan1              live                100 % (240 of 240 slots)\n"
		"wan2              not fit             0 % (0 of 240 slots)\n"
		"lte               backup, not needed  0 % (0 of 240 slots)\n");
}

static void show_policy_of_an_unknown_name_fails(void **state)
{
	struct console_fixture c;

	(void)state;
	console_init(&c, POLICY_WEIGHTED);
	publish_fresh(&c.f);
	run(&c, "show policy NAME", "sprad");
	assert_int_equal(c.status, FL_ENOENT);
	assert_string_equal(c.text, "error: there is no policy \"sprad\"\n");
}

static void show_policy_completes_names_of_policies(void **state)
{
	struct console_fixture c;
	struct settings_choice choice;

	(void)state;
	console_init(&c, POLICY_WEIGHTED);
	assert_true(policy_commands[1].words(&c.module, 0, &choice));
	assert_true(str_is(choice.word, "spread"));
	assert_false(policy_commands[1].words(&c.module, 1, &choice));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(priority_gives_every_slot_to_the_first_live_member),
		cmocka_unit_test(priority_keeps_the_typed_order_of_live_members),
		cmocka_unit_test(barred_link_works_and_takes_nothing_new),
		cmocka_unit_test(weighted_shares_slots_in_proportion_to_link_weights),
		cmocka_unit_test(weight_of_a_member_overrides_the_weight_of_its_link),
		cmocka_unit_test(weighted_names_the_heaviest_live_member_first),
		cmocka_unit_test(all_shares_slots_evenly_whatever_the_weights),
		cmocka_unit_test(degraded_link_counts_a_quarter_of_its_weight),
		cmocka_unit_test(degraded_link_that_is_alone_carries_all),
		cmocka_unit_test(suspect_link_keeps_its_slots),
		cmocka_unit_test(policy_without_a_live_member_has_only_empty_slots),
		cmocka_unit_test(backup_is_idle_while_a_primary_member_is_fit),
		cmocka_unit_test(backup_carries_all_when_no_primary_member_is_fit),
		cmocka_unit_test(policy_of_a_backup_alone_uses_it_and_makes_it_live),
		cmocka_unit_test(link_outside_every_policy_is_live_while_it_is_fit),
		cmocka_unit_test(round_robin_shares_evenly_whatever_the_weights),
		cmocka_unit_test(least_load_shares_by_what_is_free),
		cmocka_unit_test(a_full_link_still_takes_a_little),
		cmocka_unit_test(small_changes_of_load_change_nothing),
		cmocka_unit_test(a_link_that_dies_counts_however_small_the_change),
		cmocka_unit_test(lowest_latency_takes_the_nearest),
		cmocka_unit_test(the_nearest_stays_until_another_is_clearly_nearer),
		cmocka_unit_test(the_nearest_of_short_ways_does_not_jump_for_a_millisecond),
		cmocka_unit_test(the_nearest_that_dies_hands_over_to_the_next_nearest),
		cmocka_unit_test(overflow_fills_the_first_and_goes_on_to_the_next),
		cmocka_unit_test(overflow_comes_back_when_there_is_room_to_spare),
		cmocka_unit_test(when_all_overflow_all_share),
		cmocka_unit_test(counts_are_within_one_slot_of_the_exact_share),
		cmocka_unit_test(leftover_slots_go_to_the_largest_remainders),
		cmocka_unit_test(equal_remainders_favour_the_member_typed_first),
		cmocka_unit_test(no_change_moves_more_slots_than_the_counts_demand),
		cmocka_unit_test(losing_a_link_moves_its_slots_and_no_others),
		cmocka_unit_test(link_that_returns_finds_its_old_slots),
		cmocka_unit_test(reordering_members_moves_no_slot),
		cmocka_unit_test(policy_keeps_its_slots_when_another_is_put_before_it),
		cmocka_unit_test(slot_table_of_a_name_never_changes),
		cmocka_unit_test(policies_of_different_names_are_shuffled_differently),
		cmocka_unit_test(equal_links_never_get_long_runs),
		cmocka_unit_test(any_forty_connections_in_a_row_follow_the_weights),
		cmocka_unit_test(slots_stay_spread_after_many_changes),
		cmocka_unit_test(no_rhythm_of_a_client_locks_onto_a_link),
		cmocka_unit_test(generation_rises_by_one_with_a_change),
		cmocka_unit_test(generation_stays_when_nothing_changes),
		cmocka_unit_test(masks_tell_configured_fit_and_unsure_links),
		cmocka_unit_test(members_that_are_no_links_or_come_twice_are_left_out),
		cmocka_unit_test(policies_beyond_the_limit_are_not_published),
		cmocka_unit_test(a_draw_goes_round_the_table),
		cmocka_unit_test(a_draw_of_a_policy_that_is_not_there_gives_no_link),
		cmocka_unit_test(weight_that_is_set_is_the_weight),
		cmocka_unit_test(weight_follows_bandwidth_when_no_link_has_one_set),
		cmocka_unit_test(weight_from_bandwidth_is_on_the_scale_of_the_weights_set),
		cmocka_unit_test(link_of_unknown_bandwidth_counts_as_the_slowest_known),
		cmocka_unit_test(links_of_which_nothing_is_known_weigh_the_same),
		cmocka_unit_test(policy_with_members_is_accepted),
		cmocka_unit_test(policy_without_members_is_an_error),
		cmocka_unit_test(member_that_comes_twice_is_an_error),
		cmocka_unit_test(weight_that_the_method_ignores_is_a_warning),
		cmocka_unit_test(a_method_that_goes_by_load_wants_bandwidths),
		cmocka_unit_test(more_policies_than_fit_are_an_error),
		cmocka_unit_test(policy_is_read_with_members_in_the_order_typed),
		cmocka_unit_test(policy_is_weighted_and_falls_back_to_any_link_by_default),
		cmocka_unit_test(policy_text_with_a_mistake_is_refused),
		cmocka_unit_test(show_policies_prints_shares_of_weighted_links),
		cmocka_unit_test(show_policies_prints_who_follows_in_a_priority),
		cmocka_unit_test(show_policies_says_what_happens_without_a_live_member),
		cmocka_unit_test(show_policies_says_when_there_is_none),
		cmocka_unit_test(show_policy_prints_each_member_with_state_and_slots),
		cmocka_unit_test(show_policy_of_an_unknown_name_fails),
		cmocka_unit_test(show_policy_completes_names_of_policies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
