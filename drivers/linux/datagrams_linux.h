/* SPDX-License-Identifier: GPL-2.0-or-later */
/* datagrams_linux.h - datagrams.h by a UDP socket a slot. */
#ifndef FL_DATAGRAMS_LINUX_H
#define FL_DATAGRAMS_LINUX_H

#include "datagrams.h"
#include "loop.h"

struct datagrams_linux;

MUST_USE enum fl_err datagrams_linux_open(
	struct datagrams *out, struct datagrams_linux **handle, struct loop *loop);
void datagrams_linux_close(struct datagrams_linux *d);

#endif
