/* SPDX-License-Identifier: GPL-2.0-or-later */
/* machine.h - what a board without an operating system gives: time, a network port, a serial line.
 * A board fills these, and so does the simulator. */
#ifndef FL_MACHINE_H
#define FL_MACHINE_H

#include "bytes.h"
#include "mtime.h"

struct machine {
	void *ctx;
	mtime (*now)(void *ctx);
	/* Octets that cannot be guessed, as well as the machine can. */
	void (*random)(void *ctx, void *out, size_t n);
	/* Until `until`, or until something came; may return early. */
	void (*sleep)(void *ctx, mtime until);
};

/* A port for Ethernet frames, without their check sequence. */
struct wire {
	void *ctx;
	const char *name; /* "eth0" */
	uint8_t mac[6];
	size_t (*pending)(void *ctx); /* octets of the frame that came first; 0: none came */
	/* Take that frame, or throw it away (`to` NULL).  `to` is aligned to 4 octets and has room
	 * for up to 3 more. */
	void (*take)(void *ctx, uint8_t *to, size_t n);
	void (*send)(void *ctx, struct bytes frame);
	bool (*carrier)(void *ctx);
};

/* A serial line with a person at its end. */
struct serial {
	void *ctx;
	size_t (*read)(void *ctx, void *to, size_t n);
	size_t (*write)(void *ctx, const void *from, size_t n); /* as many as there is room for */
};

#endif
