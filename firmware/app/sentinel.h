/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sentinel.h - the second name server: probes the uplinks by legs of its own, and answers for the
 * domains by what it finds.  One per process, as many as wanted in a test.
 *
 * It runs the modules of the router on the same settings.  Nothing is forwarded, so what only
 * forwarding needs is read and told to be of no use; there is one person, at the serial line. */
#ifndef FL_SENTINEL_H
#define FL_SENTINEL_H

#include "config.h"
#include "console.h"
#include "dns_console.h"
#include "dns_limit.h"
#include "interfaces.h"
#include "io.h"
#include "journal.h"
#include "lamp_panel.h"
#include "lamps.h"
#include "led_console.h"
#include "legs.h"
#include "link_console.h"
#include "modules.h"
#include "policy_console.h"
#include "probes.h"
#include "sessions.h"
#include "storage.h"

#define SENTINEL_SETTINGS "settings" /* in the storage */

/* All that the sentinel asks of the world. */
struct sentinel_io {
	struct io io;
	struct interfaces interfaces;
	struct legs legs;
	struct probes probes;
	struct lamps lamps;
	struct storage storage;
	struct sessions sessions;
	struct log log;
	struct arena_source memory;
	/* The board's own. */
	void *ctx;
	void (*dns_figures)(void *ctx, struct dns_console_figures *out);
	/* `show system`: memory, the network's counters, the last reset. */
	void (*describe)(void *ctx, const struct sink *out);
	void (*restart)(void *ctx); /* need not return */
	void (*hang)(void *ctx);    /* nothing is done any more, for the watchdog to see */
};

/* Said of settings, wherever it is that memory does not suffice. */
#define SENTINEL_TOO_LARGE "do not fit this board's memory; fewer host records or links do"

/* A configuration and what it was compiled to. */
struct sentinel_zones {
	struct config config;
	struct arena mem; /* of the image */
	struct dns_image image;
	bool used;
};

struct sentinel {
	const struct sentinel_io *io;
	struct log log;
	struct journal journal;
	struct setting schema[MODULES_SETTINGS_MAX];
	mtime started;
	bool stop;

	struct sentinel_zones zones[2];
	unsigned current;
	bool fault; /* what is in force is not what is stored */
	uint32_t serial;

	/* By number, 1 .. nlinks, in the order of the settings. */
	struct link link[FL_LINKS_MAX + 1];
	uint8_t secret[FL_LINKS_MAX + 1][16];
	uint8_t order[FL_LINKS_MAX];
	size_t nlinks;
	bool links_changed;
	struct published published;

	struct dns_responder responder;
	struct dns_limiter limiter;
	uint8_t cookie_secret[16];

	struct lamp_panel panel;

	struct console *console;
	struct console_module commands[8];
	/* What the tables of commands ask for, and a sentinel has not. */
	struct link_operator op[FL_LINKS_MAX + 1];
	struct link_drill drill;
	struct link_history *history[FL_LINKS_MAX + 1];
	struct link_console link_console;
	struct policy_console policy_console;
	struct dns_console dns_console;
	struct led_console led_console;
};

/* ---- sentinel.c ---- */

/* `s` is overwritten and must not move.  It starts with the stored settings, or without any. */
void sentinel_open(struct sentinel *s, const struct sentinel_io *io);
/* Wait until `until` or for one event, and deal with it. */
void sentinel_step(struct sentinel *s, mtime until);
void sentinel_close(struct sentinel *s);
/* Answer one question; `reply` is empty, its capacity what the transport can carry. */
bool sentinel_answer(struct sentinel *s, const struct ip_addr *from, bool tcp, struct bytes query,
	struct buf *reply);

static inline struct config *sentinel_config(struct sentinel *s)
{
	return &s->zones[s->current].config;
}

/* ---- sentinel_zones.c: settings, read, checked, compiled and put in force ---- */

/* The stored settings.  On failure nothing is in force, and the log says why. */
void sentinel_zones_load(struct sentinel *s);
void sentinel_zones_close(struct sentinel *s);
/* A text, and how to give back its memory before it is all done with: nobody looks at it after. */
struct sentinel_text {
	struct str text;
	void *ctx;
	void (*forget)(void *ctx);
};

/* Check a text, store its settings and put them in force.  `out` is told all mistakes, and what a
 * sentinel has no use for.  On failure what was in force still is. */
enum fl_err sentinel_zones_replace(
	struct sentinel *s, const struct sentinel_text *text, const struct sink *out);

/* ---- sentinel_links.c ---- */

/* The configuration in force is new, or (NULL links) gone. */
void sentinel_links_configure(struct sentinel *s, mtime now);
void sentinel_links_stop(struct sentinel *s);
void sentinel_links_answer(struct sentinel *s, const struct io_event *e, mtime now);
void sentinel_links_interface(struct sentinel *s, struct str name, mtime now);
void sentinel_links_tick(struct sentinel *s, mtime now);
mtime sentinel_links_due(const struct sentinel *s);
void sentinel_links_carry_out(struct sentinel *s, uint8_t number, mtime now, struct link_out *out);
/* Make the published state anew. */
void sentinel_links_publish(struct sentinel *s);

/* ---- sentinel_panel.c ---- */

/* The states changed: choose the patterns anew. */
void sentinel_panel_update(struct sentinel *s, mtime now);

/* ---- sentinel_console.c ---- */

void sentinel_console_bind(struct sentinel *s);
void sentinel_console_open(struct sentinel *s, mtime now);
void sentinel_console_tick(struct sentinel *s, mtime now);

#endif
