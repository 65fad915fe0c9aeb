/* SPDX-License-Identifier: GPL-2.0-or-later */
/* legs.h - our own addresses on the networks of the links, where no kernel keeps them (kernel.h).
 */
#ifndef FL_LEGS_H
#define FL_LEGS_H

#include "addr.h"
#include "err.h"

struct leg_conf {
	struct str interface; /* a port of the board, "eth0", or a VLAN on it, "eth0.10" */
	struct ip_prefix address4, address6; /* family 0: none */
	struct ip_addr gateway4, gateway6;
};

struct legs {
	void *ctx;
	/* These legs and no others, from now on.  Copied.  FL_ENOENT, FL_EFULL: `why` says of which
	 * leg; the others are there. */
	enum fl_err (*set)(void *ctx, const struct leg_conf *legs, size_t n, struct textbuf *why);
};

#endif
