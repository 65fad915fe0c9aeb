/* SPDX-License-Identifier: GPL-2.0-or-later */
/* health.h - is what runs here good enough to stay?  Pure.
 *
 * An update is on trial until it has worked for HEALTH_PROOF without a break; it has
 * HEALTH_PATIENCE for that, then the router restarts, which costs the slot an attempt; after the
 * last one the old slot is back.  And whatever runs gets its attempts back after HEALTH_STABLE:
 * only starts that come in quick succession count. */
#ifndef FL_HEALTH_H
#define FL_HEALTH_H

#include "base.h"
#include "mtime.h"

#define HEALTH_PROOF    sec(30)
#define HEALTH_PATIENCE sec(300)
#define HEALTH_STABLE   sec(600)

/* What is known now. */
struct health_facts {
	bool settings; /* those that were read at the start are in force */
	bool links;    /* a link carries traffic, or none is configured */
	bool dns;      /* the responder answers, or there is nothing to answer */
};

enum health_verdict {
	HEALTH_WAIT,
	HEALTH_CONFIRM,   /* it is good: say so to the boot loader */
	HEALTH_GIVE_BACK, /* it has been up long enough */
	HEALTH_GIVE_UP    /* it never got good: restart */
};

struct health {
	bool trial;  /* not confirmed yet */
	bool stable; /* attempts were given back */
	mtime started;
	mtime good_since; /* MTIME_NEVER: it is not good */
};

void health_start(struct health *h, bool trial, mtime now);
/* To be called at health_next_due() and when a fact changes. */
enum health_verdict health_step(struct health *h, const struct health_facts *f, mtime now);
mtime health_next_due(const struct health *h);
/* What it still waits for, for a person: "a link that works"; "": nothing. */
const char *health_lacks(const struct health_facts *f);

#endif
