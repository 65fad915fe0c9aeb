/* SPDX-License-Identifier: GPL-2.0-or-later */
/* probes_linux.h - probes.h with raw ICMP and UDP sockets, each bound to one link. */
#ifndef FL_PROBES_LINUX_H
#define FL_PROBES_LINUX_H

#include "loop.h"
#include "probes.h"

struct probes_linux;

/* `tls_program` speaks TLS for calls (tls_helper.h); it is copied. */
MUST_USE enum fl_err probes_linux_open(struct probes *out, struct probes_linux **handle,
	struct loop *loop, const char *tls_program);
void probes_linux_close(struct probes_linux *p);

#endif
