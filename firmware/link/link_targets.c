/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One link cannot tell whether a silent target is dead or only out of its reach; all of them can.
 */
#include "link_targets.h"

#include "link_internal.h"

/* The same target among those of `l`, or NULL. */
static const struct link_target_state *find_same(
	const struct link *l, const struct link_target_state *t)
{
	for (size_t i = 0; i < l->ntargets; i++)
		if (link_is_same_target(&l->target[i], t))
			return &l->target[i];
	return NULL;
}

bool link_target_is_to_blame(
	const struct link *links, const uint8_t *order, size_t n, uint8_t number, size_t target)
{
	const struct link_target_state *t = &links[number].target[target], *same;
	bool others = false;

	if (!t->demoted)
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct link *l = &links[order[i]];

		if (order[i] == number || !link_is_fit(l) || !(same = find_same(l, t)))
			continue;
		if (!same->demoted)
			return false;
		others = true;
	}
	return others;
}
