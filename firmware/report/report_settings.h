/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FL_REPORT_SETTINGS_H
#define FL_REPORT_SETTINGS_H

#include "report.h"
#include "settings.h"

extern const struct setting report_setting; /* fills a struct report_conf */

#endif
