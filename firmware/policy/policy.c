/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy.c - who may carry what.
 *
 * For each policy, in this order:
 *   1. its members, in the order typed;
 *   2. of these the fit ones that are not barred; of these the primary links, or, if there is none,
 * the backups.  A policy never takes away the last fit link it has;
 *   3. the share of each: weighted goes by weight, least-load by weight and what is free, all is
 *      even.  A degraded link counts a quarter: new flows lean to sound links, none is killed, and
 *      a link that is alone still carries all;
 *   4. methods that give all to one member choose it: the first, the nearest, the first with room;
 *   5. shares become slots (policy_slots.c), starting from the slots the policy had before.
 *
 * Load and round trip change all the time.  What was chosen by them stays until another choice is
 * clearly better: otherwise two links of the same delay would take turns, and each turn is a change
 * for DNS and kernel.  The memory for it is the published state itself. */
#include "policy.h"

#include "policy_slots.h"

#include <string.h>

#define SOUND_FACTOR    4 /* a degraded link counts 1/4 of a sound one */
#define DEGRADED_FACTOR 1

/* How much better another choice must be. */
#define NEARER_PERCENT 80 /* of the round trip of the link in use */
#define NEARER_BY      ms(3)
#define ROOM_MARGIN    100 /* thousandths of load below the limit before a link is used again */
#define SHIFT_SLOTS    24  /* of 240: by load alone no share moves by less */
#define FREE_LEAST     20  /* thousandths: a full link still takes a little, or nobody would know */

const char *policy_method_text(enum policy_method m)
{
	switch (m) {
	case POLICY_PRIORITY:
		return "priority";
	case POLICY_WEIGHTED:
		return "weighted";
	case POLICY_ALL:
		return "all";
	case POLICY_ROUND_ROBIN:
		return "round-robin";
	case POLICY_LEAST_LOAD:
		return "least-load";
	case POLICY_LOWEST_LATENCY:
		return "lowest-latency";
	case POLICY_PERSISTENT:
		return "persistent";
	case POLICY_OVERFLOW:
		return "overflow";
	}
	return "unknown";
}

/* FNV-1a, 32 bits (Fowler, Noll, Vo). */
static uint32_t name_hash(struct str name)
{
	uint32_t h = UINT32_C(2166136261);

	for (size_t i = 0; i < name.n; i++)
		h = (h ^ (uint8_t)name.at[i]) * UINT32_C(16777619);
	return h;
}

/* Of these fit links, those that should be used: no backup beside a primary link. */
static uint32_t without_idle_backups(uint32_t fit, uint32_t backups)
{
	return fit & ~backups ? fit & ~backups : fit;
}

static uint64_t member_share(
	enum policy_method method, const struct policy_member *m, const struct policy_link *link)
{
	uint64_t weight = m->weight ? m->weight : link->weight;

	if (!policy_goes_by_weight(method) || weight == 0)
		weight = 1;
	if (method == POLICY_LEAST_LOAD)
		weight *= link->load < 1000 - FREE_LEAST ? 1000u - link->load : FREE_LEAST;
	return weight * (link->state == LINK_DEGRADED ? DEGRADED_FACTOR : SOUND_FACTOR);
}

/* The links as all policies see them. */
struct view {
	const struct policy_link *links;
	size_t nlinks;
	uint32_t fit, backups; /* masks */
};

/* Step 1, and the shares of step 3.  A member that is no link, or comes twice, is left out. */
static size_t members_list(const struct view *v, const struct policy_conf *conf,
	struct slot_share members[FL_LINKS_MAX])
{
	uint32_t seen = 0;
	size_t n = 0;

	for (size_t i = 0; i < conf->nmembers && n < FL_LINKS_MAX; i++) {
		const struct policy_member *m = &conf->members[i];
		const struct policy_link *link;

		if (m->link < 0 || (size_t)m->link >= v->nlinks)
			continue;
		link = &v->links[m->link];
		if (link->number < 1 || link->number > FL_LINKS_MAX ||
			seen & link_bit(link->number))
			continue;
		seen |= link_bit(link->number);
		members[n].number = link->number;
		members[n++].share = member_share(conf->method, m, link);
	}
	return n;
}

/* Step 2: keep the live ones of `n` members; returns how many. */
static size_t live_keep(const struct view *v, struct slot_share *members, size_t n)
{
	uint32_t all = 0, use;
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		all |= link_bit(members[i].number);
	use = without_idle_backups(all & v->fit, v->backups);
	for (size_t i = 0; i < n; i++)
		if (use & link_bit(members[i].number))
			members[kept++] = members[i];
	return kept;
}

/* Those with the most slots first; equal ones stay in their order.  At most 16 of them. */
static void claims_sort(const struct slot_counts *counts, struct slot_share *claims, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct slot_share c = claims[i];
		size_t at = i;

		for (; at > 0 && counts->of[claims[at - 1].number] < counts->of[c.number]; at--)
			claims[at] = claims[at - 1];
		claims[at] = c;
	}
}

/* ---- one for all ---- */

static void bring_to_front(struct slot_share *claims, size_t which)
{
	struct slot_share chosen = claims[which];

	memmove(claims + 1, claims, which * sizeof(*claims));
	claims[0] = chosen;
}

static const struct policy_link *link_numbered(const struct view *v, uint8_t number)
{
	for (size_t i = 0; i < v->nlinks; i++)
		if (v->links[i].number == number)
			return &v->links[i];
	return NULL;
}

/* Microseconds; a link that has not been measured is the farthest. */
static int64_t distance(const struct view *v, uint8_t number)
{
	const struct policy_link *l = link_numbered(v, number);

	return l && l->rtt.us > 0 ? l->rtt.us : INT64_MAX / 100;
}

/* The nearest, but the one in use stays unless another is nearer by a fifth and some
 * milliseconds. */
static size_t choose_nearest(
	const struct view *v, uint8_t in_use, const struct slot_share *claims, size_t n)
{
	size_t best = 0, current = n;

	for (size_t i = 0; i < n; i++) {
		if (distance(v, claims[i].number) < distance(v, claims[best].number))
			best = i;
		if (claims[i].number == in_use)
			current = i;
	}
	if (current < n) {
		int64_t now = distance(v, in_use), then = distance(v, claims[best].number);

		if (then > now - NEARER_BY.us || then > now / 100 * NEARER_PERCENT)
			return current;
	}
	return best;
}

/* The first that has room; `n` when all are full.  One that is preferred to the link in use must
 * have some to spare. */
static size_t choose_with_room(const struct view *v, uint32_t full_percent, uint8_t in_use,
	const struct slot_share *claims, size_t n)
{
	uint32_t full = full_percent * 10;
	bool preferred = in_use != 0;

	for (size_t i = 0; i < n; i++) {
		const struct policy_link *l = link_numbered(v, claims[i].number);
		uint32_t margin;

		preferred = preferred && claims[i].number != in_use;
		margin = preferred && full > ROOM_MARGIN ? ROOM_MARGIN : 0;
		if (l && l->load < full - margin)
			return i;
	}
	return n;
}

/* Step 4.  Puts the member that carries all in front; returns how many of `n` get slots. */
static size_t claims_choose(const struct view *v, const struct policy_conf *conf,
	const struct published_policy *before, struct slot_share *claims, size_t n)
{
	uint8_t in_use = before && before->nlive ? before->live[0] : 0;
	size_t which = 0;

	if (!policy_takes_one((enum policy_method)conf->method) || n == 0)
		return n;
	if (conf->method == POLICY_LOWEST_LATENCY)
		which = choose_nearest(v, in_use, claims, n);
	if (conf->method == POLICY_OVERFLOW)
		which = choose_with_room(v, conf->overflow, in_use, claims, n);
	if (which == n) /* all are full: all share */
		return n;
	bring_to_front(claims, which);
	return 1;
}

/* ---- slots ---- */

static struct slot_counts counts_of(const struct published_policy *p)
{
	struct slot_counts c = {{0}};

	for (size_t i = 0; i < POLICY_SLOTS; i++)
		if (p->slot[i] <= FL_LINKS_MAX)
			c.of[p->slot[i]]++;
	return c;
}

/* With the same live members, does load ask for so little that the slots may stay? */
static bool shift_is_small(const struct published_policy *before, const struct slot_share *claims,
	size_t n, const struct slot_counts *want)
{
	struct slot_counts have = counts_of(before);

	if (before->nlive != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned h = have.of[claims[i].number], w = want->of[claims[i].number];

		if (!memchr(before->live, claims[i].number, before->nlive) ||
			(h > w ? h - w : w - h) >= SHIFT_SLOTS)
			return false;
	}
	return true;
}

static const struct published_policy *published_find(const struct published *old, uint32_t key)
{
	for (size_t i = 0; old && i < old->npolicies && i < POLICIES_MAX; i++)
		if (old->policy[i].key == key)
			return &old->policy[i];
	return NULL;
}

static void policy_make(const struct view *v, const struct policy_conf *conf,
	const struct published *old, struct published_policy *out)
{
	struct slot_share claims[FL_LINKS_MAX];
	struct slot_counts counts;
	const struct published_policy *before;
	size_t n = members_list(v, conf, claims);

	out->key = name_hash(conf->name);
	out->method = (uint8_t)conf->method;
	out->when_dead = (uint8_t)conf->when_dead;
	for (size_t i = 0; i < n; i++)
		out->members[i] = claims[i].number;
	out->nmembers = (uint8_t)n;
	n = live_keep(v, claims, n);
	before = published_find(old, out->key);
	slots_count(claims, claims_choose(v, conf, before, claims, n), &counts);
	if (before)
		memcpy(out->slot, before->slot, sizeof(out->slot));
	if (before && before->method == conf->method && conf->method == POLICY_LEAST_LOAD &&
		shift_is_small(before, claims, n, &counts))
		counts = counts_of(before);
	slots_deal(out->key, &counts, out->slot);
	if (policy_goes_by_weight((enum policy_method)conf->method))
		claims_sort(&counts, claims, n);
	for (size_t i = 0; i < n; i++)
		out->live[i] = claims[i].number;
	out->nlive = (uint8_t)n;
}

static uint32_t live_mask(const struct published_policy *p)
{
	uint32_t mask = 0;

	for (size_t i = 0; i < p->nlive; i++)
		mask |= link_bit(p->live[i]);
	return mask;
}

/* Fills the masks that do not depend on policies, and those of the view. */
static void links_sum_up(struct view *v, struct published *out)
{
	const struct policy_link *links = v->links;
	uint32_t barred = 0;

	for (size_t i = 0; i < v->nlinks; i++) {
		uint32_t bit = links[i].number <= FL_LINKS_MAX ? link_bit(links[i].number) : 0;

		if (links[i].state != LINK_DISABLED)
			out->configured |= bit;
		if (link_state_is_fit(links[i].state))
			out->fit |= bit;
		if (links[i].state == LINK_SUSPECT || links[i].state == LINK_RECOVERING)
			out->unsure |= bit;
		for (size_t family = 0; family < COUNT_OF(out->dead); family++)
			if (links[i].dead[family])
				out->dead[family] |= bit;
		if (links[i].backup)
			v->backups |= bit;
		if (links[i].barred)
			barred |= bit;
	}
	v->fit = out->fit & ~barred;
}

bool policy_publish(const struct policy_conf *policies, size_t npolicies,
	const struct policy_link *links, size_t nlinks, const struct published *old,
	struct published *out)
{
	struct view v = {.links = links, .nlinks = nlinks};

	/* It is compared as octets below. */
	_Static_assert(
		sizeof(struct published) ==
			8 * sizeof(uint32_t) + POLICIES_MAX * sizeof(struct published_policy),
		"no padding");
	_Static_assert(sizeof(struct published_policy) ==
			       sizeof(uint32_t) + 4 + 2 * FL_LINKS_MAX + POLICY_SLOTS,
		"no padding");
	memset(out, 0, sizeof(*out));
	links_sum_up(&v, out);
	out->live = without_idle_backups(v.fit, v.backups);
	for (size_t i = 0; i < npolicies && i < POLICIES_MAX; i++) {
		struct published_policy *p = &out->policy[out->npolicies++];

		policy_make(&v, &policies[i], old, p);
		out->live |= live_mask(p);
	}
	if (old) {
		out->generation = old->generation;
		if (memcmp(old, out, sizeof(*out)) == 0)
			return false;
	}
	out->generation++;
	return true;
}

uint8_t policy_draw(const struct published *pub, size_t p, uint32_t n)
{
	if (p >= pub->npolicies || p >= POLICIES_MAX)
		return 0;
	return pub->policy[p].slot[n % POLICY_SLOTS];
}

/* ---- weights from bandwidths ---- */

#define WEIGHT_MAX 240

/* In kbit/s, so that sums and products of all links stay far below 64 bits; 0: not known. */
static uint64_t bandwidth_kbps(const struct link_conf *c)
{
	uint64_t bits = c->bandwidth.down ? c->bandwidth.down : c->bandwidth.up;
	uint64_t kbps = bits / 1000;

	if (bits && kbps == 0)
		return 1;
	return kbps < (uint64_t)1 << 40 ? kbps : (uint64_t)1 << 40;
}

uint32_t policy_link_weight(const struct link_conf *links, size_t nlinks, size_t which)
{
	uint64_t set_weight = 0, set_kbps = 0, most = 0, least = UINT64_MAX, kbps, weight;
	bool any_set = false;

	if (links[which].weight)
		return links[which].weight < WEIGHT_MAX ? links[which].weight : WEIGHT_MAX;
	for (size_t i = 0; i < nlinks; i++) {
		kbps = bandwidth_kbps(&links[i]);
		any_set |= links[i].weight != 0;
		if (kbps == 0)
			continue;
		most = kbps > most ? kbps : most;
		least = kbps < least ? kbps : least;
		if (links[i].weight) {
			set_weight += links[i].weight;
			set_kbps += kbps;
		}
	}
	if (most == 0 || (any_set && set_kbps == 0)) /* nothing to be in proportion to */
		return 1;
	if (set_kbps == 0) { /* no weight is set: the fastest link gets the greatest */
		set_weight = WEIGHT_MAX;
		set_kbps = most;
	}
	kbps = bandwidth_kbps(&links[which]);
	weight = ((kbps ? kbps : least) * set_weight + set_kbps / 2) / set_kbps;
	return (uint32_t)(weight < 1 ? 1 : weight > WEIGHT_MAX ? WEIGHT_MAX : weight);
}
