/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FL_PAGES_LINUX_H
#define FL_PAGES_LINUX_H

#include "loop.h"
#include "pages.h"

struct pages_linux;

enum fl_err pages_linux_open(struct pages *out, struct pages_linux **handle, struct loop *loop);
void pages_linux_close(struct pages_linux *p);

#endif
