/* SPDX-License-Identifier: GPL-2.0-or-later */
/* far.h - the providers and the internet behind the legs of a sentinel: a second lwIP with data of
 * its own.
 *
 * It is linked so that only these names show; the near end has an lwIP with the same names inside.
 */
#ifndef FL_FAR_H
#define FL_FAR_H

#include "addr.h"
#include "bytes.h"
#include "mtime.h"

#define FAR_LEGS    4
#define FAR_TARGETS 4

struct far_world {
	void *ctx;
	mtime (*now)(void *ctx);
	void (*send)(void *ctx, struct bytes frame);
	/* An answer to a question that was asked over leg `leg`; n 0: the connection ended without.
	 */
	void (*answer)(void *ctx, unsigned leg, bool tcp, struct bytes message);
};

/* Once in a process. */
void far_open(const struct far_world *world);
/* The provider's router at the end of a VLAN. */
void far_leg(unsigned leg, uint16_t vlan, struct ip_prefix address4, struct ip_prefix address6);
/* A host of the internet: answers pings, DNS over UDP, and TCP at port 80 ("sound as a bell"); port
 * 81 is refused. */
void far_target(struct ip_addr address);
void far_frame(struct bytes frame);
mtime far_due(void);
void far_tick(void);
/* Ask the near end a question. */
void far_ask(unsigned leg, struct ip_addr server, bool tcp, struct bytes query);
/* Send the near end these octets at port 53 over a connection of their own, which stays open until
 * an answer comes or the near end closes it. */
void far_send_tcp(unsigned leg, struct ip_addr server, struct bytes octets);

struct far_figures {
	uint64_t echoes_in, datagrams_in, connections_in;
};
void far_figures(struct far_figures *out);

#endif
