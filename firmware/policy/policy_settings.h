/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy_settings.h - the row of `policy`, for the schema of the whole.  Its offset is 0: whoever
 * puts the schema together sets where the list of struct policy_conf lies. */
#ifndef FL_POLICY_SETTINGS_H
#define FL_POLICY_SETTINGS_H

#include "settings.h"

extern const struct setting policy_setting;

#endif
