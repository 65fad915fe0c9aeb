/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The questions.  Each can end in "if LINK down", and in configuration mode in "candidate": then it
 * is asked of the draft. */
#include "explain_console.h"

#include "dns_console.h"

enum tail {
	TAIL_IF = 1,        /* the last argument is a link */
	TAIL_CANDIDATE = 2, /* of the draft */
	TAIL_PORT = 4,      /* a port stands behind the protocol */
	TAIL_FROM = 4,      /* an address stands behind the type */
};

typedef enum fl_err answer(struct console_call *call, const struct explain_world *w, unsigned tail);

static enum fl_err ask(struct console_call *call, unsigned tail, answer *answer_it)
{
	const struct explain_console *m = call->module;
	struct explain_about about = {.candidate = tail & TAIL_CANDIDATE};
	struct explain_world *w;
	struct arena mem;
	enum fl_err err;

	if (tail & TAIL_IF)
		about.down = call->arg[call->nargs - 1];
	arena_init(&mem, m->memory);
	err = m->world(m->ctx, call->session, &about, call->now, &mem, call->out, &w);
	if (!err) {
		err = answer_it(call, w, tail);
		m->release(w);
	}
	arena_reset(&mem);
	return err;
}

/* ---- explain flow ---- */

static bool take_address(struct console_call *call, size_t which, struct ip_addr *out)
{
	if (ip_addr_parse(call->arg[which], out) == FL_OK)
		return true;
	sink_printf(call->out, "error: \"%.*s\" is not an address\n", STR_ARG(call->arg[which]));
	return false;
}

static const struct {
	struct str word, help;
	uint8_t v4, v6;
	bool has_port;
} protocols[] = {
	{STR("tcp"), STR("with a port"), 6, 6, true},
	{STR("udp"), STR("with a port"), 17, 17, true},
	{STR("icmp"), STR("ping, in IPv6 as well"), 1, 58, false},
};

static bool take_service(struct console_call *call, bool with_port, struct forwarding_flow *f)
{
	uint64_t port = 0;
	size_t i = 0;

	while (i < COUNT_OF(protocols) && !str_eq_nocase(call->arg[2], protocols[i].word))
		i++;
	if (i == COUNT_OF(protocols)) {
		sink_printf(call->out, "error: \"%.*s\" is not tcp, udp or icmp\n",
			STR_ARG(call->arg[2]));
		return false;
	}
	if (with_port != protocols[i].has_port) {
		sink_printf(call->out, "error: %.*s %s\n", STR_ARG(protocols[i].word),
			with_port ? "has no ports" : "needs a port behind it");
		return false;
	}
	if (with_port && (!str_to_u64(call->arg[3], 65535, &port) || port == 0)) {
		sink_printf(call->out, "error: \"%.*s\" is not a port from 1 to 65535\n",
			STR_ARG(call->arg[3]));
		return false;
	}
	f->protocol = f->to.family == 6 ? protocols[i].v6 : protocols[i].v4;
	f->port = (uint16_t)port;
	return true;
}

static enum fl_err answer_flow(
	struct console_call *call, const struct explain_world *w, unsigned tail)
{
	const struct explain_console *m = call->module;
	struct forwarding_flow f = {0};

	if (!take_address(call, 0, &f.from) || !take_address(call, 1, &f.to) ||
		!take_service(call, tail & TAIL_PORT, &f))
		return FL_EFORMAT;
	if (f.from.family != f.to.family) {
		sink_puts(call->out, "error: one address is IPv4 and the other IPv6\n");
		return FL_EFORMAT;
	}
	f.own = forwarding_is_own(&w->forwarding, &f.from);
	if (call->json) {
		explain_flow_json(w, &f, call->out);
		return FL_OK;
	}
	explain_flow(w, &f, call->out);
	if (m->flows && !(tail & (TAIL_IF | TAIL_CANDIDATE)))
		m->flows(m->ctx, &f, call->out);
	return FL_OK;
}

/* ---- explain dns, explain link ---- */

static enum fl_err answer_dns(
	struct console_call *call, const struct explain_world *w, unsigned tail)
{
	struct ip_addr from = {0};

	if (tail & TAIL_FROM && !take_address(call, 2, &from))
		return FL_EFORMAT;
	return (call->json ? explain_dns_json : explain_dns)(
		w, call->arg[0], call->arg[1], &from, call->out);
}

static enum fl_err answer_link(
	struct console_call *call, const struct explain_world *w, unsigned tail)
{
	enum fl_err err =
		(call->json ? explain_link_json : explain_link)(w, call->arg[0], call->out);

	(void)tail;
	if (err == FL_ENOENT)
		console_put_choices(call);
	return err;
}

/* ---- completion ---- */

static bool link_words(void *module, size_t index, struct settings_choice *out)
{
	const struct explain_console *m = module;

	if (index >= m->nlinks)
		return false;
	*out = (struct settings_choice){
		.word = m->links[index].name, .help = m->links[index].interface};
	return true;
}

static bool protocol_words(void *module, size_t index, struct settings_choice *out)
{
	(void)module;
	if (index >= COUNT_OF(protocols))
		return false;
	*out = (struct settings_choice){
		.word = protocols[index].word, .help = protocols[index].help};
	return true;
}

/* ---- the table: each question with each tail ---- */

#define ASK(name, answer, tail)                                                                    \
	static enum fl_err name(struct console_call *call)                                         \
	{                                                                                          \
		return ask(call, (tail), answer);                                                  \
	}
#define ASK_TAILS(name, answer, more)                                                              \
	ASK(name, answer, more)                                                                    \
	ASK(name##_if, answer, (more) | TAIL_IF)                                                   \
	ASK(name##_candidate, answer, (more) | TAIL_CANDIDATE)                                     \
	ASK(name##_if_candidate, answer, (more) | TAIL_IF | TAIL_CANDIDATE)

ASK_TAILS(flow, answer_flow, 0)
ASK_TAILS(flow_port, answer_flow, TAIL_PORT)
ASK_TAILS(dns, answer_dns, 0)
ASK_TAILS(dns_from, answer_dns, TAIL_FROM)
ASK_TAILS(link, answer_link, 0)

#define ROW(words, text, where, function, complete)                                                \
	{                                                                                          \
		words, text, where, function, complete                                             \
	}
#define ROW_TAILS(words, text, name, complete)                                                     \
	ROW(words, text, CONSOLE_ANY_JSON, name, complete),                                        \
		ROW(words " if LINK down", text ", if a link were down", CONSOLE_ANY_JSON,         \
			name##_if, link_words),                                                    \
		ROW(words " candidate", text ", by the draft", CONSOLE_CONFIGURE_JSON,             \
			name##_candidate, complete),                                               \
		ROW(words " if LINK down candidate",                                               \
			text ", by the draft and if a link were down", CONSOLE_CONFIGURE_JSON,     \
			name##_if_candidate, link_words)

const struct console_command explain_commands[] = {
	ROW_TAILS("explain flow from ADDRESS to ADDRESS PROTOCOL PORT",
		"which link a new connection takes, and why", flow_port, NULL),
	ROW_TAILS("explain flow from ADDRESS to ADDRESS PROTOCOL",
		"which link a ping takes, and why", flow, protocol_words),
	ROW_TAILS("explain dns NAME TYPE", "what is answered, and why", dns, dns_type_words),
	ROW_TAILS("explain dns NAME TYPE from ADDRESS", "what somebody is answered, and why",
		dns_from, NULL),
	ROW_TAILS("explain link NAME", "what a link carries, and what it takes to lose it", link,
		link_words),
	{0},
};
