/* SPDX-License-Identifier: GPL-2.0-or-later */
/* link_settings.h - the row of `link`, for the schema of the whole.  Its offset is 0: whoever puts
 * the schema together sets where the list of struct link_conf lies. */
#ifndef FL_LINK_SETTINGS_H
#define FL_LINK_SETTINGS_H

#include "settings.h"

extern const struct setting link_setting;
/* The rows in `link NAME metered`, with offsets in that block. */
extern const struct setting link_metered_rows[];

#endif
