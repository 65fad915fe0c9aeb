/* SPDX-License-Identifier: GPL-2.0-or-later */
/* probes.h - packets that leave by one link or not at all.
 * A probe socket is bound to the link's device, source address and mark.  A probe that would leave
 * elsewhere is not sent. */
#ifndef FL_PROBES_H
#define FL_PROBES_H

#include "io.h"

struct probe_path {
	struct str interface;
	struct ip_addr source4, source6; /* family 0: the link has none */
	uint32_t mark;
};

struct probes {
	void *ctx;
	/* Make ready for this link; opening it again replaces what was there (new address, new
	 * index). FL_ENOENT: no such interface now; sends fail until it is opened again. */
	enum fl_err (*open)(void *ctx, uint8_t link, const struct probe_path *path);
	void (*close)(void *ctx, uint8_t link);
	/* `why` gets a few words on failure ("network is unreachable"). */
	enum fl_err (*send)(void *ctx, uint8_t link, enum io_probe_socket socket,
		const struct ip_addr *to, struct bytes packet, struct textbuf *why);
};

#endif
