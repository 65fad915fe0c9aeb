/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FL_FILES_LINUX_H
#define FL_FILES_LINUX_H

#include "files.h"

void files_linux_open(struct files *out);

#endif
