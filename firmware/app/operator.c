/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The operator's hand on a link: orders, and drills. */
#include "product.h"

#include <string.h>

static struct str name_of(const struct fairlead *f, uint8_t number)
{
	return f->link[number].conf->name;
}

static struct link_operators operators_of(const struct fairlead *f)
{
	return (struct link_operators){f->link, f->op, f->order, f->nlinks};
}

static void make_effective(struct fairlead *f, mtime now)
{
	publish(f, now);
	panel_update(f);
}

/* ---- orders ---- */

/* To the log, and to the history of the link. */
static void tell(struct fairlead *f, uint8_t number, const char *text)
{
	log_printf(&f->log, LOG_LEVEL_NOTICE, "%.*s: %s", STR_ARG(name_of(f, number)), text);
	histories_note(f, number, text);
}

static void give_order(void *ctx, uint8_t number, enum link_order order, mtime now)
{
	struct fairlead *f = ctx;
	char text[64];
	struct textbuf t = textbuf_of(text, sizeof(text));

	f->op[number] = (struct link_operator){.order = order, .since = now};
	if (order == LINK_ORDER_NONE)
		textbuf_printf(&t, "the order of the operator is ended");
	else
		textbuf_printf(&t, "ordered \"%s\" by the operator", link_order_text(order));
	tell(f, number, text);
	make_effective(f, now);
}

/* ---- drills ---- */

static void begin_drill(void *ctx, uint8_t number, span length, mtime now)
{
	struct fairlead *f = ctx;
	char text[LINK_SPAN_TEXT_MAX];

	link_drill_begin(&f->drill, number, now, length);
	log_printf(&f->log, LOG_LEVEL_NOTICE, "%.*s: drill: answers are withheld for %s",
		STR_ARG(name_of(f, number)),
		link_span_text(mtime_between(now, f->drill.until), text));
}

static void report_drill(struct fairlead *f)
{
	char words[LINK_DRILL_TEXT_MAX], text[LINK_DRILL_TEXT_MAX + 8];
	struct textbuf t = textbuf_of(text, sizeof(text));

	link_drill_report(&f->drill, words);
	textbuf_printf(&t, "drill: %s", words);
	tell(f, f->drill.number, text);
	f->drill.phase = LINK_DRILL_IDLE;
}

void operator_drill_changed(struct fairlead *f, uint8_t number, mtime now, enum link_state to)
{
	bool failed;

	if (f->drill.phase == LINK_DRILL_IDLE || f->drill.number != number)
		return;
	failed = f->drill.down.us == MTIME_NEVER.us;
	link_drill_changed(&f->drill, now, to);
	if (failed && f->drill.down.us != MTIME_NEVER.us)
		link_forget_failure(&f->link[number]);
}

void operator_drill_switched(struct fairlead *f, mtime dns, mtime forwarding)
{
	if (f->drill.phase != LINK_DRILL_IDLE && !(f->published.live & link_bit(f->drill.number)))
		link_drill_switched(&f->drill, dns, forwarding);
}

void operator_tick(struct fairlead *f, mtime now)
{
	struct link_operators all = operators_of(f);

	if (f->drill.phase == LINK_DRILL_IDLE)
		return;
	if (!link_operator_others_carry(&all, f->drill.number))
		link_drill_end(&f->drill, now, "no other link is left");
	link_drill_tick(&f->drill, now);
	if (f->drill.phase == LINK_DRILL_OVER)
		report_drill(f);
}

/* What the interface received, without what the drill keeps from the detector. */
uint64_t operator_heard(struct fairlead *f, uint8_t number, uint64_t rx_packets)
{
	if (link_drill_withholds(&f->drill, number) && rx_packets >= f->rx_packets[number])
		f->rx_withheld[number] += rx_packets - f->rx_packets[number];
	if (f->rx_withheld[number] > rx_packets)
		f->rx_withheld[number] = 0; /* the interface is a new one */
	return rx_packets - f->rx_withheld[number];
}

void operator_link_gone(struct fairlead *f, uint8_t number)
{
	f->op[number] = (struct link_operator){0};
	if (f->drill.number != number || f->drill.phase == LINK_DRILL_IDLE)
		return;
	f->drill.phase = LINK_DRILL_IDLE;
	log_printf(&f->log, LOG_LEVEL_NOTICE, "%.*s: drill: ended, the link is gone",
		STR_ARG(name_of(f, number)));
}

static int64_t wall(void *ctx)
{
	const struct fairlead *f = ctx;

	return f->io->io.wall(f->io->io.ctx);
}

void operator_console(struct fairlead *f, struct link_console *out)
{
	out->op = f->op;
	out->history = f->history;
	out->wall = wall;
	out->drill = &f->drill;
	out->give_order = give_order;
	out->begin_drill = begin_drill;
}
