/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_linux.h - kernel.h on Linux: nf_tables and conntrack over libmnl, addresses, routes and ip
 * rules over libnl-route.
 *
 * One netlink socket a family is kept open: closing one that has deleted something waits for an RCU
 * grace period, 8 ms.  An interface that is not there is no error: what belongs to it is left out
 * with a warning, and read() takes it as being in place until the interface appears.  The same goes
 * for a sysctl that cannot be written here (a container, a namespace). */
#ifndef FL_KERNEL_LINUX_H
#define FL_KERNEL_LINUX_H

#include "kernel.h"

struct kernel_linux;

/* `memory` and `log` must outlive the handle.  FL_EPERM: no right to change the network
 * (CAP_NET_ADMIN in the network's namespace). */
MUST_USE enum fl_err kernel_linux_open(struct kernel *out, struct kernel_linux **handle,
	const struct arena_source *memory, const struct log *log, struct textbuf *why);
/* The kernel keeps what was applied. */
void kernel_linux_close(struct kernel_linux *k);

#endif
