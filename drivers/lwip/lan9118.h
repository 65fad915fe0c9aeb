/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lan9118.h - the SMSC LAN9118 Ethernet controller on a memory bus, without interrupts of its own:
 * the processor sleeps until its line is raised, and then looks. */
#ifndef FL_LAN9118_H
#define FL_LAN9118_H

#include "machine.h"

struct lan9118 {
	volatile uint32_t *base;
	size_t waiting;   /* octets of the frame whose status was read; 0: none */
	uint32_t damaged; /* frames that came with an error and were thrown away */
};

/* False: there is no such chip at `base`. */
bool lan9118_open(struct lan9118 *l, uintptr_t base, const char *name, struct wire *out);
/* Frames wait, or come and raise the line. */
bool lan9118_is_ready(struct lan9118 *l);

#endif
