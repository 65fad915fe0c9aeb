/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `show flows`: the connections the kernel has now, by link.
 *
 *   LINK        CONNECTIONS      TCP      UDP    OTHER
 *   wan1                412      380       31        1
 *   no link               6        2        4        0
 *   the table of connections holds 418 of 65536 */
#include "json_write.h"
#include "product.h"

#include <stdio.h>

#define LINES_MAX 200 /* of one list */

enum { TCP = 6, UDP = 17 };

struct totals {
	size_t tcp[KSTATE_MARK_MASK + 1], udp[KSTATE_MARK_MASK + 1], other[KSTATE_MARK_MASK + 1];
};

static bool count_flow(void *ctx, const struct kernel_flow *flow)
{
	struct totals *t = ctx;

	++*(flow->protocol == TCP       ? &t->tcp[flow->mark]
		: flow->protocol == UDP ? &t->udp[flow->mark]
					: &t->other[flow->mark]);
	return true;
}

static void put_totals(
	const struct totals *t, uint8_t mark, struct str name, const struct sink *out)
{
	sink_printf(out, "%-12.*s %11zu %8zu %8zu %8zu\n", STR_ARG(name),
		t->tcp[mark] + t->udp[mark] + t->other[mark], t->tcp[mark], t->udp[mark],
		t->other[mark]);
}

static void put_json(struct json_writer *w, const struct totals *t, uint8_t mark, struct str name)
{
	json_row(w);
	if (mark)
		json_string(w, "link", name);
	json_number(w, "tcp", (int64_t)t->tcp[mark]);
	json_number(w, "udp", (int64_t)t->udp[mark]);
	json_number(w, "other", (int64_t)t->other[mark]);
	json_close(w, "}");
}

static enum fl_err flows_json(
	const struct fairlead *f, const struct totals *t, const struct sink *out)
{
	struct json_writer w = {.out = out};

	json_rows_begin(&w);
	for (size_t i = 0; i < f->nlinks; i++)
		put_json(&w, t, f->order[i], f->link[f->order[i]].conf->name);
	put_json(&w, t, 0, STR(""));
	json_rows_end(&w);
	return FL_OK;
}

static enum fl_err refuse(struct console_call *call, enum fl_err err, const char *words)
{
	sink_printf(call->out, "error: %s\n", words);
	return err;
}

static void put_room(const struct kernel *k, const struct sink *out)
{
	uint32_t used, all;

	if (k->room(k->ctx, &used, &all) && all)
		sink_printf(out, "the table of connections holds %u of %u%s\n", used, all,
			used >= all ? ": it is full, and new ones are dropped" : "");
}

static enum fl_err show_flows(struct console_call *call)
{
	const struct fairlead *f = call->module;
	const struct kernel *k = &f->io->kernel;
	struct totals t = {{0}, {0}, {0}};
	char words[256] = "";
	struct textbuf why = textbuf_of(words, sizeof(words));
	enum fl_err err = k->flows(k->ctx, 0, count_flow, &t, &why);

	if (err)
		return refuse(call, err, words);
	if (call->json)
		return flows_json(f, &t, call->out);
	sink_printf(call->out, "%-12s %11s %8s %8s %8s\n", "LINK", "CONNECTIONS", "TCP", "UDP",
		"OTHER");
	for (size_t i = 0; i < f->nlinks; i++)
		put_totals(&t, f->order[i], f->link[f->order[i]].conf->name, call->out);
	put_totals(&t, 0, STR("no link"), call->out);
	put_room(k, call->out);
	return FL_OK;
}

/* ---- one by one ---- */

struct listing {
	const struct fairlead *f;
	const struct sink *out;
	const struct forwarding_flow *like; /* NULL: all of them */
	size_t n, max;
};

static const char *protocol_text(uint8_t number, char out[8])
{
	switch (number) {
	case TCP:
		return "tcp";
	case UDP:
		return "udp";
	case 1:
	case 58:
		return "icmp";
	default:
		snprintf(out, 8, "%u", number);
		return out;
	}
}

static void put_end(const struct ip_addr *a, uint16_t port, struct textbuf *t)
{
	char text[IP_TEXT_MAX];

	textbuf_printf(t, a->family == 6 && port ? "[%s]" : "%s", ip_addr_text(a, text));
	if (port)
		textbuf_printf(t, ":%u", port);
}

static struct str link_of_mark(const struct fairlead *f, uint32_t mark)
{
	return mark && mark <= FL_LINKS_MAX && f->link[mark].conf ? f->link[mark].conf->name
								  : STR("no link");
}

static void put_flow(
	const struct fairlead *f, const struct kernel_flow *flow, const struct sink *out)
{
	char from[64], to[64], as[80] = "", number[8];
	struct textbuf f_text = textbuf_of(from, sizeof(from));
	struct textbuf t_text = textbuf_of(to, sizeof(to));
	struct textbuf a_text = textbuf_of(as, sizeof(as));

	put_end(&flow->from, flow->from_port, &f_text);
	put_end(&flow->to, flow->to_port, &t_text);
	if (!ip_addr_eq(&flow->answers_to, &flow->from)) {
		textbuf_printf(&a_text, "  as ");
		put_end(&flow->answers_to, flow->answers_to_port, &a_text);
	}
	if (!ip_addr_eq(&flow->answers_from, &flow->to)) {
		textbuf_printf(&a_text, "  at ");
		put_end(&flow->answers_from, flow->answers_from_port, &a_text);
	}
	sink_printf(out, "%-8.*s %-4s %s -> %s%s%s, %u s left\n",
		STR_ARG(link_of_mark(f, flow->mark)), protocol_text(flow->protocol, number), from,
		to, as, flow->answered ? "" : "  (no answer yet)", flow->seconds);
}

static bool is_like(const struct kernel_flow *flow, const struct forwarding_flow *like)
{
	return !like ||
	       (flow->protocol == like->protocol && flow->to_port == like->port &&
		       ip_addr_eq(&flow->from, &like->from) && ip_addr_eq(&flow->to, &like->to));
}

static void put_end_json(
	struct json_writer *w, const char *name, const struct ip_addr *a, uint16_t port)
{
	char text[64];
	struct textbuf t = textbuf_of(text, sizeof(text));

	put_end(a, port, &t);
	json_string(w, name, textbuf_str(&t));
}

static bool flow_json(void *ctx, const struct kernel_flow *flow)
{
	struct json_writer *w = ctx;
	char number[8];

	json_row(w);
	json_string(w, "protocol", str_of(protocol_text(flow->protocol, number)));
	put_end_json(w, "from", &flow->from, flow->from_port);
	put_end_json(w, "to", &flow->to, flow->to_port);
	if (!ip_addr_eq(&flow->answers_to, &flow->from))
		put_end_json(w, "as", &flow->answers_to, flow->answers_to_port);
	if (!ip_addr_eq(&flow->answers_from, &flow->to))
		put_end_json(w, "at", &flow->answers_from, flow->answers_from_port);
	json_flag(w, "answered", flow->answered);
	json_number(w, "seconds-left", flow->seconds);
	json_close(w, "}");
	return true;
}

/* All of them: a program is not tired by a long list. */
static enum fl_err flows_of_link_json(struct console_call *call, uint8_t number)
{
	const struct fairlead *f = call->module;
	struct json_writer w = {.out = call->out};
	char words[256] = "";
	struct textbuf why = textbuf_of(words, sizeof(words));
	enum fl_err err;

	json_rows_begin(&w);
	err = f->io->kernel.flows(f->io->kernel.ctx, number, flow_json, &w, &why);
	json_rows_end(&w);
	return err ? refuse(call, err, words) : FL_OK;
}

static bool list_flow(void *ctx, const struct kernel_flow *flow)
{
	struct listing *l = ctx;

	if (!is_like(flow, l->like) || l->n++ >= l->max)
		return true;
	if (l->like)
		sink_puts(l->out, "now    ");
	put_flow(l->f, flow, l->out);
	return true;
}

void flows_like(void *ctx, const struct forwarding_flow *like, const struct sink *out)
{
	const struct fairlead *f = ctx;
	const struct kernel *k = &f->io->kernel;
	struct listing l = {.f = f, .out = out, .like = like, .max = 5};
	char words[256];
	struct textbuf why = textbuf_of(words, sizeof(words));

	if (k->flows(k->ctx, 0, list_flow, &l, &why))
		sink_printf(out, "%s\n", words);
	else if (l.n > l.max)
		sink_printf(out, "now    ... and %zu more\n", l.n - l.max);
}

enum fl_err flows_counted(void *ctx, kernel_count_each *each, void *each_ctx, struct textbuf *why)
{
	const struct fairlead *f = ctx;
	const struct kernel *k = &f->io->kernel;

	return k->counts(k->ctx, each, each_ctx, why);
}

static enum fl_err show_flows_link(struct console_call *call)
{
	const struct fairlead *f = call->module;
	const struct kernel *k = &f->io->kernel;
	struct listing l = {.f = f, .out = call->out, .max = LINES_MAX};
	char words[256] = "";
	struct textbuf why = textbuf_of(words, sizeof(words));
	enum fl_err err;

	for (size_t i = 0; i < f->nlinks; i++) {
		if (!str_eq(f->link[f->order[i]].conf->name, call->arg[0]))
			continue;
		if (call->json)
			return flows_of_link_json(call, f->order[i]);
		err = k->flows(k->ctx, f->order[i], list_flow, &l, &why);
		if (err)
			return refuse(call, err, words);
		if (l.n > l.max)
			sink_printf(call->out, "... and %zu more\n", l.n - l.max);
		sink_printf(call->out, "%zu connection%s on %.*s\n", l.n, l.n == 1 ? "" : "s",
			STR_ARG(call->arg[0]));
		return FL_OK;
	}
	return console_no_such(call, "link", call->arg[0]);
}

static bool link_words(void *module, size_t index, struct settings_choice *out)
{
	const struct fairlead *f = module;

	if (index >= f->nlinks)
		return false;
	*out = (struct settings_choice){
		.word = f->link[f->order[index]].conf->name, .help = STR("a link")};
	return true;
}

const struct console_command flows_commands[] = {
	{
		.grammar = "show flows",
		.help = "how many connections each link carries now",
		.mode = CONSOLE_ANY_JSON,
		.run = show_flows,
	},
	{
		.grammar = "show flows link NAME",
		.help = "the connections on one link",
		.mode = CONSOLE_ANY_JSON,
		.run = show_flows_link,
		.words = link_words,
	},
	{0},
};
