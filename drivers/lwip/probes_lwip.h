/* SPDX-License-Identifier: GPL-2.0-or-later */
/* probes_lwip.h - probes that leave by one leg or not at all: echo, DNS over UDP, calls over TCP.
 */
#ifndef FL_PROBES_LWIP_H
#define FL_PROBES_LWIP_H

#include "probes.h"
#include "stack_lwip.h"

#define PROBES_LWIP_CALLS 4 /* at once, over all links */
#define PROBES_LWIP_ANSWER                                                                         \
	1024 /* octets of a call's answer; what comes behind them is not heard                     \
	      */

struct probes_lwip;

struct probe_leg { /* by link number; `open` */
	struct probes_lwip *probes;
	uint8_t link;
	bool open;
	struct leg *leg; /* NULL: not there yet */
	char interface[STACK_LEG_NAME];
	struct probe_path path;
	struct udp_pcb *udp;
};

struct probe_conversation {
	struct probes_lwip *probes;
	struct tcp_pcb *pcb; /* NULL: the place is free */
	uint8_t link;
	uint32_t token;
	struct ip_addr to;
	mtime due;
	struct pbuf *request, *heard; /* each in one piece, or NULL */
};

struct probes_lwip {
	struct stack_lwip *stack;
	struct raw_pcb *icmp4, *icmp6;
	struct probe_leg link[FL_LINKS_MAX + 1];
	struct probe_conversation call[PROBES_LWIP_CALLS];
};

/* `p` must not move; `s` was opened, and gives it time. */
void probes_lwip_open(struct probes_lwip *p, struct stack_lwip *s);
void probes_lwip_fill(struct probes_lwip *p, struct probes *out);

#endif
