/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy_console.h - `show policies`, `show policy NAME`. */
#ifndef FL_POLICY_CONSOLE_H
#define FL_POLICY_CONSOLE_H

#include "console.h"
#include "policy.h"

/* The module that policy_commands is registered with.  app keeps it up to date: after a commit all
 * of it, after a change of the published state that. */
struct policy_console {
	const struct policy_conf *policies;
	size_t npolicies;
	const struct link_conf *links;
	size_t nlinks;
	const struct published *published;
};

extern const struct console_command policy_commands[];

#endif
