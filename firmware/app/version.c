/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "version.h"

const char fl_version[] = FL_VERSION;
