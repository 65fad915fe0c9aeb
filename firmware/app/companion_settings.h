/* SPDX-License-Identifier: GPL-2.0-or-later */
/* companion_settings.h - `sentinel NAME { leg wan1 { vlan 10, address 203.0.113.5/29 } }`: the
 * second name servers beside this router. */
#ifndef FL_COMPANION_SETTINGS_H
#define FL_COMPANION_SETTINGS_H

#include "config.h"

extern const struct setting companion_setting;

/* The mistakes that only show beside the links. */
void companions_check(const struct config_values *v, struct diags *why);

#endif
