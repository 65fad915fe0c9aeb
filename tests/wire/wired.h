/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wired.h - a sentinel at one end of a cable, four providers and an internet at the other; all
 * packets are real, the time is not.  One in a process: lwIP has data of its own. */
#ifndef FL_WIRED_H
#define FL_WIRED_H

#include "dns_lwip.h"
#include "far.h"
#include "probes_lwip.h"
#include "sentinel.h"
#include "stack_lwip.h"
#include "trunk.h"

#define WIRED_LEGS 4

struct wired_answer {
	unsigned leg;
	bool tcp;
	size_t n;
	uint8_t octets[4096];
};

struct wired {
	struct trunk trunk;
	struct stack_lwip stack;
	struct probes_lwip probes;
	struct dns_lwip dns;
	struct sentinel_io io;
	struct sentinel sentinel;
	struct trunk_vlan *vlan[WIRED_LEGS];
	char settings[16384]; /* what is stored */
	size_t nsettings;
	char typed[256]; /* keys that wait at the serial line */
	size_t ntyped;
	char screen[65536]; /* all that the serial line was told */
	size_t nscreen;
	char log[65536]; /* "[10000] wan1: up -> down (...)\n" */
	size_t nlog;
	char lamp[5][24];           /* the pattern of SYS, WAN1 ... WAN4 */
	struct wired_answer answer; /* the last */
	uint64_t answers, failures; /* that the far end got */
	size_t allocations;
	size_t octets, octets_max; /* allocated; and how many there are, 0: as many as one likes */
};

struct wired_world {
	uint64_t seed;
	mtime start;
	bool same_network;    /* all legs have the same network and the same own address */
	const char *settings; /* NULL: a sentinel of two domains with a record on each leg */
};

/* `w` must not move. */
void wired_open(struct wired *w, const struct wired_world *world);
void wired_close(struct wired *w);
void wired_run(struct wired *w, span length);
void wired_type(struct wired *w, const char *keys);
/* Ask over a leg, 0..3, and wait for at most `patience`; false: no answer.  w->answer has it. */
bool wired_ask(
	struct wired *w, unsigned leg, bool tcp, const char *name, uint16_t type, span patience);
/* The sentinel's address on a leg. */
struct ip_addr wired_address(const struct wired *w, unsigned leg, uint8_t family);
/* Ask the same of its IPv6 address. */
bool wired_ask6(
	struct wired *w, unsigned leg, bool tcp, const char *name, uint16_t type, span patience);
/* Of w->answer. */
unsigned wired_rcode(const struct wired *w);
unsigned wired_count(const struct wired *w); /* answer records */
enum link_state wired_state(const struct wired *w, unsigned leg);

#endif
