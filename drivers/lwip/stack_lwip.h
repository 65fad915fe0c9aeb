/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stack_lwip.h - io, interfaces and legs on lwIP: the loop of a board that has nothing but itself.
 *
 * A leg is one network interface of lwIP: a VLAN of the port, or the port untagged.  Frames are
 * sorted to legs by their tag, so that two legs may have the same network, and even the same
 * address. */
#ifndef FL_STACK_LWIP_H
#define FL_STACK_LWIP_H

#include "interfaces.h"
#include "io.h"
#include "legs.h"
#include "lwip_headers.h"
#include "machine.h"
#include "sessions.h"

#define STACK_LEGS      CONFIG_LINKS_MAX
#define STACK_EVENTS    16
#define STACK_LEG_NAME  16
#define STACK_FRAME_MIN 14
#define STACK_FRAME_MAX 1518 /* with a tag, without the check sequence */

struct leg {
	struct netif netif;
	bool used;
	char name[STACK_LEG_NAME];
	uint16_t vlan; /* 0: untagged */
	struct leg_conf conf;
	ip6_addr_t gateway6;
	uint64_t rx_packets, tx_packets, rx_bytes, tx_bytes;
};

/* What became of frames that no leg could use. */
struct stack_counters {
	uint64_t frames_in, frames_out;
	uint64_t runts, giants; /* shorter or longer than a frame can be */
	uint64_t strangers;     /* with a tag that no leg has */
	uint64_t no_room;       /* no buffer was free */
	uint64_t not_ours;      /* for an address that the leg they came in by has not */
	uint64_t spoofed;       /* from an address of our own */
	uint64_t events_lost;   /* answers to probes that nobody fetched in time */
};

struct stack_event {
	struct io_event event;
	struct pbuf *octets; /* of event.data; NULL: none */
};

/* A part of the stack that wants to be called in time. */
struct stack_clock {
	void *ctx;
	mtime (*due)(void *ctx);
	void (*tick)(void *ctx, mtime now);
};

struct stack_lwip {
	const struct machine *machine;
	const struct wire *wire;
	const struct serial *serial; /* may be NULL */
	struct leg leg[STACK_LEGS];
	bool carrier;
	mtime carrier_due;  /* the next look */
	uint8_t secret[16]; /* of initial sequence numbers */
	struct stack_event queue[STACK_EVENTS];
	size_t first, count;
	struct pbuf *handed_out;
	uint8_t typed[64]; /* octets of the last IO_SESSION_INPUT */
	struct stack_clock clock;
	struct stack_counters counters;
};

/* There is one stack in a program, as there is one lwIP; `s` must not move.  What is passed lives
 * as long.
 */
void stack_lwip_open(struct stack_lwip *s, const struct machine *machine, const struct wire *wire,
	const struct serial *serial);
void stack_lwip_fill_io(struct stack_lwip *s, struct io *out);
void stack_lwip_fill_interfaces(struct stack_lwip *s, struct interfaces *out);
void stack_lwip_fill_legs(struct stack_lwip *s, struct legs *out);
/* The serial line as session 0; a write waits for the line while frames are dealt with. */
void stack_lwip_fill_sessions(struct stack_lwip *s, struct sessions *out);

/* ---- for the other parts of the stack ---- */

mtime stack_now(const struct stack_lwip *s);
/* Queue an event.  `octets` becomes the queue's, in one piece. */
void stack_post(struct stack_lwip *s, const struct io_event *e, struct pbuf *octets);
struct leg *stack_leg(struct stack_lwip *s, struct str name); /* NULL: none of that name */
/* A port from 49152 on that cannot be guessed. */
uint16_t stack_port(void);
struct ip_addr stack_addr_of(const ip_addr_t *a);
ip_addr_t stack_addr_to(const struct ip_addr *a, const struct netif *zone);

#endif
