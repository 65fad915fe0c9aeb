/* SPDX-License-Identifier: GPL-2.0-or-later */
/* companion.h - the sentinels beside this router: what each is to be told, and whether it was.
 *
 * A sentinel answers from a part of the router's settings: domains, policies, views, and the links
 * by legs of its own.  That part is made by taking a copy of the settings and leaving out what only
 * a router has a use for; so what is added to the settings some day is passed on by itself. */
#ifndef FL_COMPANION_H
#define FL_COMPANION_H

#include "config.h"
#include "console.h"

extern const struct console_command companion_commands[];

/* The settings of sentinel `c` as a tree in `mem`; `out` is told, as comments, what of the router's
 * it cannot have.  `out` may be NULL.  FL_EFULL: out of memory. */
MUST_USE enum fl_err companion_settings_of(const struct config *router,
	const struct companion_conf *c, struct arena *mem, struct settings *tree,
	const struct sink *out);

/* Of a tree whose values are `v`: leave only what answers follow from, or only what decides how the
 * links are watched. */
void companion_keep_answers(struct settings *tree, const struct config_values *v);
void companion_keep_watching(struct settings *tree, const struct config_values *v);
/* Leave out what a sentinel has no use for. */
void companion_leave_out(struct settings *tree, const struct config_values *v);

#endif
