/* SPDX-License-Identifier: GPL-2.0-or-later */
/* modules.h - the one list of modules: whose settings and whose commands the product has. */
#ifndef FL_MODULES_H
#define FL_MODULES_H

#include "console.h"
#include "settings.h"

#define MODULES_SETTINGS_MAX 24
#define MODULES_COMMANDS_MAX 24

struct fairlead;

/* The top rows of the configuration, for a struct config_values. */
void modules_schema(struct setting out[MODULES_SETTINGS_MAX]);
/* The command tables, each bound to its part of `f`; ends with commands NULL. */
void modules_commands(struct fairlead *f, struct console_module out[MODULES_COMMANDS_MAX]);

#endif
