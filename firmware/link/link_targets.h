/* SPDX-License-Identifier: GPL-2.0-or-later */
/* link_targets.h - what the links know together of the targets they share.  Pure. */
#ifndef FL_LINK_TARGETS_H
#define FL_LINK_TARGETS_H

#include "link.h"

/* Is this target of link `number` silent over every other fit link that asks it as well, one at
 * least?  Then the trouble is its own.  `links` by number; `order` has the `n` numbers there are.
 */
bool link_target_is_to_blame(
	const struct link *links, const uint8_t *order, size_t n, uint8_t number, size_t target);

#endif
