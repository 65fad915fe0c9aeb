/* SPDX-License-Identifier: GPL-2.0-or-later */
/* interfaces.h - the network devices of the machine.  Changes come as IO_INTERFACE events (io.h).
 */
#ifndef FL_INTERFACES_H
#define FL_INTERFACES_H

#include "err.h"
#include "text.h"

struct interface_state {
	bool exists;
	bool carrier;        /* operational: up, and with a cable */
	uint64_t rx_packets; /* since the interface came; may start again at 0 */
	uint64_t tx_packets, rx_bytes, tx_bytes;
};

struct interfaces {
	void *ctx;
	/* What is known of an interface now.  exists false: there is none of that name. */
	void (*get)(void *ctx, struct str name, struct interface_state *out);
	/* Only whether each of `n` interfaces exists, and its packets and octets: cheap, for
	 * looking ten times a second. */
	void (*count)(void *ctx, const struct str *names, struct interface_state *out, size_t n);
	/* Bring it up.  FL_ENOENT: no such interface. */
	enum fl_err (*up)(void *ctx, struct str name);
};

#endif
