/* SPDX-License-Identifier: GPL-2.0-or-later */
/* link_console.h - the links at the console: looking (link_console.c), the operator's hand
 * (link_operator_console.c). */
#ifndef FL_LINK_CONSOLE_H
#define FL_LINK_CONSOLE_H

#include "console.h"
#include "kernel_state.h"
#include "link_drill.h"
#include "link_history.h"
#include "link_meter.h"
#include "link_operator.h"
#include "service.h"

/* The module that the tables below are registered with.  Filled once: it points to what app keeps
 * up to date. */
struct link_console {
	struct link *link;    /* by number, 1..FL_LINKS_MAX */
	const uint8_t *order; /* numbers of the links there are, in the order they are shown */
	const size_t *nlinks;
	const uint32_t *kernel_lacks; /* KFEATURE_...; NULL: nothing is shaped here */
	const uint32_t *live; /* mask of the links that carry new traffic (struct published) */
	/* Carries out what a command made of a link. */
	void (*carry_out)(void *ctx, uint8_t number, mtime now, struct link_out *out);
	const struct link_operator *op; /* by number */
	const struct link_drill *drill;
	const struct link_meter *meter;      /* by number */
	const struct services *services;     /* NULL: none are checked */
	struct link_history *const *history; /* by number; NULL: none is kept */
	int64_t (*wall)(void *ctx);          /* seconds since 1970 */
	/* In force when they return. */
	void (*give_order)(void *ctx, uint8_t number, enum link_order order, mtime now);
	void (*begin_drill)(void *ctx, uint8_t number, span length, mtime now);
	void *ctx;
};

extern const struct console_command link_commands[];
extern const struct console_command link_operator_commands[];
extern const struct console_command link_history_commands[];

/* For both tables: the link that the first argument names (NULL: there is none, and the person was
 * told), the names, and the state a person is shown. */
struct link *link_console_find(const struct console_call *call);
console_words link_console_words;
const char *link_console_method(const struct link_target *t); /* "ping" */
enum link_state link_console_shown(const struct link_console *m, const struct link *l);

/* For programs, link_json_console.c: a list of all, one of them with all that is known. */
enum fl_err link_json_list(const struct link_console *m, mtime now, const struct sink *out);
enum fl_err link_json_one(
	const struct link_console *m, const struct link *l, mtime now, const struct sink *out);

#endif
