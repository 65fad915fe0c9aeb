/* SPDX-License-Identifier: GPL-2.0-or-later */
/* io.h - the clock, and the one place where the product waits for the world.
 *
 * The loop in firmware/app is: wait for an event or for a time, hand the event to the deciding
 * modules, carry out what they want through the drivers.  One thread; nothing else blocks, nothing
 * calls back. */
#ifndef FL_IO_H
#define FL_IO_H

#include "addr.h"
#include "bytes.h"
#include "err.h"
#include "mtime.h"
#include "text.h"

enum io_event_kind {
	IO_NOTHING,       /* the time given to wait() has come */
	IO_PROBE_ANSWER,  /* a packet for the monitor of `link` */
	IO_PROBE_ENDED,   /* a call (probes.h) of `link` with this `token` is over: `text` says how,
			     `data` is all that was heard */
	IO_INTERFACE,     /* `interface` appeared, changed or went away; ask interfaces.get() */
	IO_NEIGHBOUR,     /* the host `from` on the segment of `interface` is `alive`, or not */
	IO_SESSION_OPEN,  /* somebody is at the console: `session`; `data` is the first line sent
			     ("hello ...") */
	IO_SESSION_INPUT, /* octets from `session` in `data` */
	IO_SESSION_CLOSED, /* `session` is gone; its number may be used again */
	IO_WORKER_GONE,    /* the DNS worker died (`text` says how); the driver starts another */
	IO_KERNEL_CHANGED, /* somebody took away forwarding state of ours, or events were lost:
			      reconcile */
	IO_DATAGRAM,       /* an answer to what datagrams.send() sent: `slot`, `from`, `data` */
	IO_DAEMON_REPORT,  /* news from the hook of the program in `slot` (daemons.h): `data` */
	IO_DAEMON_LINE,    /* the program in `slot`, which is heard, printed `text` */
	IO_PAGE,           /* somebody wants to see a page (pages.h): `slot`, `data` */
	IO_TASK_LINE,      /* the task of the machine (unit.h) said `text` */
	IO_TASK_ENDED,     /* and is over; `token` 0: it did what was asked */
	IO_BUTTON,         /* the reset button: `token` 1 pressed, 0 let go */
	IO_STOP,           /* end cleanly (SIGTERM, SIGINT) */
	IO_RELOAD,         /* read the settings again (SIGHUP) */
};

enum io_probe_socket { IO_PROBE_ICMP, IO_PROBE_UDP, IO_PROBE_CALL };

struct io_event {
	enum io_event_kind kind;
	mtime at;     /* when it happened, as near as the driver knows */
	uint8_t link; /* IO_PROBE_ANSWER: the link it came in by */
	enum io_probe_socket socket;
	struct ip_addr from;
	uint32_t token;    /* IO_PROBE_CALL: as the caller gave it */
	struct bytes data; /* valid until the next wait(); ICMP without the IP header */
	struct str interface;
	unsigned session;
	bool alive;    /* IO_NEIGHBOUR; IO_PROBE_ENDED of a call that
			says nothing: it was accepted */
	unsigned slot; /* IO_DATAGRAM, IO_DAEMON_..., IO_PAGE */
	struct str text;
};

struct io {
	void *ctx;
	mtime (*now)(void *ctx);
	/* Seconds since 1970-01-01 UTC, for people; may jump. */
	int64_t (*wall)(void *ctx);
	/* Octets that cannot be guessed. */
	void (*random)(void *ctx, void *out, size_t n);
	/* The next event, or IO_NOTHING when `until` has come. */
	void (*wait)(void *ctx, mtime until, struct io_event *out);
};

#endif
