/* SPDX-License-Identifier: GPL-2.0-or-later */
/* system_settings.h - the block "system" of the settings. */
#ifndef FL_SYSTEM_SETTINGS_H
#define FL_SYSTEM_SETTINGS_H

#include "settings.h"

extern const struct setting system_setting;
extern const struct setting user_setting;
extern const char *const ssh_key_types[];

#endif
