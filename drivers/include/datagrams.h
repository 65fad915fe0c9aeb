/* SPDX-License-Identifier: GPL-2.0-or-later */
/* datagrams.h - one UDP message out, by one link or by the routing table, and what is answered to
 * it. A slot is one exchange: sending again in it ends the one before.  Answers from the address
 * and port that was written to come as IO_DATAGRAM events (io.h), others never. */
#ifndef FL_DATAGRAMS_H
#define FL_DATAGRAMS_H

#include "probes.h"

/* Slots: 256 for secondaries, 8 for questions of our own, 4 for the log. */
#define DATAGRAMS_QUESTIONS 256
#define DATAGRAMS_REPORTS   264
#define DATAGRAMS_MAX       268

struct datagrams {
	void *ctx;
	/* `path` NULL: as the routing table says; else by that link or not at all.  FL_EIO: `why`
	 * has a few words. */
	enum fl_err (*send)(void *ctx, unsigned slot, const struct probe_path *path,
		const struct ip_addr *to, uint16_t port, struct bytes packet, struct textbuf *why);
	void (*close)(void *ctx, unsigned slot);
};

#endif
