/* SPDX-License-Identifier: GPL-2.0-or-later */
/* forwarding_console.c - what forwarding does now, for the person at the console.
 *
 *   RULE   MATCHES                            POLICY     CONNECTIONS  NOW
 *   10     tcp port 25 from 192.168.1.25/32   primary             12  wan1
 *   99     all                                spread            4711  wan1, wan2
 *   -      the rest                           -                    0  wan1 */
#include "forwarding_console.h"

#include "json_write.h"

#include <inttypes.h>

#define LINE 160

static void put_link(struct textbuf *t, const struct forwarding_source *s, unsigned number)
{
	const struct link_conf *l = link_conf_numbered(s->links, s->nlinks, number);

	if (l)
		textbuf_printf(t, "%s%.*s", t->n ? ", " : "", STR_ARG(l->name));
}

static void put_now(struct textbuf *t, const struct forwarding_console *m, int32_t policy)
{
	static const char *const dead[] = {
		[POLICY_NEXT_RULE] = "the rules behind",
		[POLICY_ANY] = "any live link",
		[POLICY_DROP] = "dropped",
	};
	const struct published_policy *p;

	if (policy < 0 || (size_t)policy >= m->published->npolicies)
		return;
	p = &m->published->policy[policy];
	if (!p->nlive)
		textbuf_printf(t, "%s", p->when_dead < COUNT_OF(dead) ? dead[p->when_dead] : "?");
	for (size_t i = 0;
		i < p->nlive && (i == 0 || !policy_takes_one((enum policy_method)p->method)); i++)
		put_link(t, &m->source, p->live[i]);
}

/* The link of connections that no rule matches. */
static void put_rest(struct textbuf *t, const struct forwarding_console *m)
{
	const struct forwarding_source *s = &m->source;

	for (size_t i = 0; i < s->nlinks && !t->n; i++)
		if (m->published->live & link_bit(s->links[i].number))
			put_link(t, s, s->links[i].number);
	if (!t->n)
		textbuf_printf(t, "no link is live");
}

/* ---- what was counted ---- */

struct tally {
	const struct forwarding_source *s;
	uint64_t *rules, *published; /* in the order of the source; NULL: there are none */
	uint64_t rest;
	size_t rule; /* the one that was counted last: the next is most likely behind it */
};

static void count_rule(struct tally *t, uint64_t number, uint64_t packets)
{
	for (size_t i = 0; i < t->s->nrules; i++) {
		size_t at = (t->rule + i) % t->s->nrules;

		if (t->s->rules[at].number != number)
			continue;
		t->rules[at] += packets;
		t->rule = at;
		return;
	}
}

static void count_published(struct tally *t, const struct kernel_count *c)
{
	const struct forward_conf *f;
	char text[LINE];

	for (size_t i = 0; (f = forwarding_published(t->s, i)); i++) {
		struct textbuf name = textbuf_of(text, sizeof(text));

		forwarding_published_text(f, &name);
		if (str_eq(textbuf_str(&name), c->what))
			t->published[i] += c->packets;
	}
}

static void take_count(void *ctx, const struct kernel_count *c)
{
	struct tally *t = ctx;
	struct str number = c->what, word = str_cut(&number, ' ');
	uint64_t n;

	if (str_is(c->what, FORWARDING_NO_RULE))
		t->rest += c->packets;
	else if (str_is(word, "rule") && str_to_u64(number, UINT32_MAX, &n))
		count_rule(t, n, c->packets);
	else
		count_published(t, c);
}

/* In `mem`. */
static enum fl_err tally_read(const struct forwarding_console *m, struct arena *mem,
	struct tally *out, const struct sink *say)
{
	const struct forwarding_source *s = &m->source;
	char words[LINE] = "out of memory";
	struct textbuf why = textbuf_of(words, sizeof(words));
	enum fl_err err;

	*out = (struct tally){.s = s,
		.rules = ARENA_NEWS(mem, uint64_t, s->nrules + 1),
		.published = ARENA_NEWS(mem, uint64_t, s->nforwards + s->nnats + 1)};
	err = mem->full ? FL_EFULL : m->counts(m->ctx, take_count, out, &why);
	if (err)
		sink_printf(say, "error: %s\n", words);
	return err;
}

/* ---- show rules ---- */

struct rule_row {
	char number[16], match[LINE], now[LINE];
	struct str policy;
	uint64_t connections;
};

static void rule_row(const struct forwarding_console *m, const struct tally *tally, size_t which,
	struct rule_row *out)
{
	const struct forwarding_source *s = &m->source;
	struct textbuf number = textbuf_of(out->number, sizeof(out->number));
	struct textbuf match = textbuf_of(out->match, sizeof(out->match));
	struct textbuf now = textbuf_of(out->now, sizeof(out->now));
	const struct rule_conf *r = &s->rules[which];

	out->policy = STR("-");
	if (which == s->nrules) {
		textbuf_printf(&number, "-");
		textbuf_printf(&match, "the rest");
		put_rest(&now, m);
		out->connections = tally->rest;
		return;
	}
	if (r->policy >= 0 && (size_t)r->policy < s->npolicies)
		out->policy = s->policies[r->policy].name;
	textbuf_printf(&number, "%u", r->number);
	forwarding_rule_text(s, r, &match);
	put_now(&now, m, r->policy);
	out->connections = tally->rules[which];
}

static void put_rule_json(struct json_writer *w, const struct rule_row *row)
{
	json_element(w);
	json_open(w, "{");
	json_string(w, "rule", str_of(row->number));
	json_string(w, "matches", str_of(row->match));
	json_string(w, "policy", row->policy);
	json_number(w, "connections", (int64_t)row->connections);
	json_string(w, "now", str_of(row->now));
	json_close(w, "}");
}

static enum fl_err show_rules(struct console_call *call)
{
	const struct forwarding_console *m = call->module;
	struct json_writer w = {.out = call->out};
	struct rule_row row;
	struct tally tally;
	struct arena mem;
	enum fl_err err;

	arena_init(&mem, m->memory);
	err = tally_read(m, &mem, &tally, call->out);
	if (!err && call->json)
		json_open(&w, "[");
	else if (!err)
		sink_printf(call->out, "%-6s %-34s %-10s %11s  %s\n", "RULE", "MATCHES", "POLICY",
			"CONNECTIONS", "NOW");
	for (size_t i = 0; !err && i <= m->source.nrules; i++) {
		rule_row(m, &tally, i, &row);
		if (call->json)
			put_rule_json(&w, &row);
		else
			sink_printf(call->out, "%-6s %-34s %-10.*s %11" PRIu64 "  %s\n", row.number,
				row.match, STR_ARG(row.policy), row.connections, row.now);
	}
	if (!err && call->json) {
		json_close(&w, "]");
		sink_puts(call->out, "\n");
	}
	arena_reset(&mem);
	return err;
}

static enum fl_err clear_counters(struct console_call *call)
{
	const struct forwarding_console *m = call->module;
	char words[LINE] = "";
	struct textbuf why = textbuf_of(words, sizeof(words));
	enum fl_err err = m->forget_counts(m->ctx, &why);

	if (err)
		sink_printf(call->out, "error: %s\n", words);
	return err;
}

static void put_server_of(const struct forward_conf *f, size_t which, struct textbuf *t)
{
	static const char *const states[] = {
		[SERVER_UNCHECKED] = "",
		[SERVER_ASKED] = "  is asked",
		[SERVER_ANSWERS] = "  answers",
		[SERVER_DEAD] = "  DEAD",
	};
	const struct forward_server *server = &f->to[which];
	char text[IP_TEXT_MAX];

	textbuf_printf(t, "%s", ip_addr_text(&server->addr, text));
	if (f->to_port)
		textbuf_printf(t, " port %u", f->to_port);
	if (f->nto > 1 && server->weight != 1)
		textbuf_printf(t, " weight %u", server->weight);
	textbuf_printf(t, "%s", states[server->state]);
}

static void put_published_on(
	const struct forwarding_source *s, const struct forward_conf *f, struct textbuf *t)
{
	char text[IP_TEXT_MAX], link[LINE];

	for (size_t j = 0; j < f->non; j++) {
		struct textbuf name = textbuf_of(link, sizeof(link));

		if (f->on[j].link >= 0 && (size_t)f->on[j].link < s->nlinks)
			put_link(&name, s, s->links[f->on[j].link].number);
		textbuf_printf(t, "%s%.*s %s", j ? ", " : "", STR_ARG(textbuf_str(&name)),
			ip_addr_text(&f->on[j].address, text));
	}
}

/* A line for each server. */
static void put_published(const struct forwarding_source *s, const struct forward_conf *f,
	uint64_t connections, const struct sink *out)
{
	char service[LINE], to[LINE], on[4 * LINE];
	struct textbuf t = textbuf_of(service, sizeof(service)), o = textbuf_of(on, sizeof(on));

	forwarding_service_text(f->protocol, &f->port, &t);
	put_published_on(s, f, &o);
	for (size_t i = 0; i < f->nto; i++) {
		t = textbuf_of(to, sizeof(to));
		put_server_of(f, i, &t);
		if (i == 0)
			sink_printf(out, "%-14.*s %-18s %-32s %11" PRIu64 "  %s\n",
				STR_ARG(f->name), service, to, connections, on);
		else
			sink_printf(out, "%-14s %-18s %s\n", "", "", to);
	}
	if (f->nto && f->to[0].state == SERVER_DEAD && forward_server_is_used(f, 0))
		sink_printf(out, "%-14s no server answers: new connections go there all the same\n",
			"");
}

static void put_server_json(
	struct json_writer *w, const struct forward_conf *f, const struct forward_server *server)
{
	static const char *const states[] = {
		[SERVER_UNCHECKED] = "unchecked",
		[SERVER_ASKED] = "asked",
		[SERVER_ANSWERS] = "answers",
		[SERVER_DEAD] = "dead",
	};
	char text[IP_TEXT_MAX];

	json_row(w);
	json_string(w, "address", str_of(ip_addr_text(&server->addr, text)));
	if (f->to_port)
		json_number(w, "port", f->to_port);
	json_number(w, "weight", server->weight);
	json_string(w, "state", str_of(states[server->state]));
	json_close(w, "}");
}

static void put_on_json(
	struct json_writer *w, const struct forwarding_source *s, const struct forward_on *on)
{
	char text[IP_TEXT_MAX];

	json_row(w);
	if (on->link >= 0 && (size_t)on->link < s->nlinks)
		json_string(w, "link", s->links[on->link].name);
	json_string(w, "address", str_of(ip_addr_text(&on->address, text)));
	json_close(w, "}");
}

static void put_published_json(struct json_writer *w, const struct forwarding_source *s,
	const struct forward_conf *f, uint64_t connections)
{
	char service[LINE];
	struct textbuf t = textbuf_of(service, sizeof(service));

	forwarding_service_text(f->protocol, &f->port, &t);
	json_row(w);
	json_string(w, "forward", f->name);
	json_string(w, "service", textbuf_str(&t));
	json_number(w, "connections", (int64_t)connections);
	json_key(w, "to");
	json_open(w, "[");
	for (size_t i = 0; i < f->nto; i++)
		put_server_json(w, f, &f->to[i]);
	json_close(w, "]");
	json_key(w, "on");
	json_open(w, "[");
	for (size_t i = 0; i < f->non; i++)
		put_on_json(w, s, &f->on[i]);
	json_close(w, "]");
	json_close(w, "}");
}

static enum fl_err show_forwards(struct console_call *call)
{
	const struct forwarding_console *m = call->module;
	struct json_writer w = {.out = call->out};
	const struct forward_conf *f;
	struct tally tally;
	struct arena mem;
	enum fl_err err;

	arena_init(&mem, m->memory);
	err = tally_read(m, &mem, &tally, call->out);
	if (!err && call->json)
		json_rows_begin(&w);
	else if (!err)
		sink_printf(call->out, "%-14s %-18s %-32s %11s  %s\n", "FORWARD", "SERVICE", "TO",
			"CONNECTIONS", "ON");
	for (size_t i = 0; !err && (f = forwarding_published(&m->source, i)); i++)
		if (call->json)
			put_published_json(&w, &m->source, f, tally.published[i]);
		else
			put_published(&m->source, f, tally.published[i], call->out);
	if (!err && call->json)
		json_rows_end(&w);
	arena_reset(&mem);
	return err;
}

/* ---- show nat ---- */

static void put_nat(struct str link, const char *from, const char *as, const struct sink *out)
{
	sink_printf(out, "%-10.*s %-40s %s\n", STR_ARG(link), from, as);
}

/* What published servers start themselves. */
static void put_server(const struct link_conf *l, const struct forward_conf *f,
	const struct forward_server *server, const struct forward_on *on, const struct sink *out)
{
	char from[LINE], as[LINE], text[IP_TEXT_MAX];
	struct textbuf t = textbuf_of(from, sizeof(from)), a = textbuf_of(as, sizeof(as));

	forwarding_service_text(f->protocol, &f->port, &t);
	textbuf_printf(&t, " from %s", ip_addr_text(&server->addr, text));
	textbuf_printf(&a, "%s (%s %.*s)", ip_addr_text(&on->address, text),
		f->protocol == RULE_ANY_PROTOCOL ? "nat" : "forward", STR_ARG(f->name));
	put_nat(l->name, from, as, out);
}

static void put_rest_of_link(const struct link_conf *l, const struct sink *out)
{
	for (uint8_t family = 4; family <= 6; family = (uint8_t)(family + 2)) {
		const struct ip_prefix *own = link_conf_address(l, family);
		char text[IP_TEXT_MAX];

		if (own)
			put_nat(l->name, family == 6 ? "everything else, IPv6" : "everything else",
				ip_addr_text(&own->addr, text), out);
	}
}

static enum fl_err show_nat(struct console_call *call)
{
	const struct forwarding_console *m = call->module;
	const struct forwarding_source *s = &m->source;
	const struct forward_conf *f;

	sink_printf(call->out, "%-10s %-40s %s\n", "LINK", "CONNECTIONS", "LEAVE AS");
	for (size_t i = 0; i < s->nlinks; i++) {
		const struct link_conf *l = &s->links[i];

		if (l->disabled)
			continue;
		for (size_t j = 0; (f = forwarding_published(s, j)); j++)
			for (size_t k = 0; k < f->non * f->nto; k++)
				if (f->on[k / f->nto].link == (int32_t)i)
					put_server(l, f, &f->to[k % f->nto], &f->on[k / f->nto],
						call->out);
		put_rest_of_link(l, call->out);
	}
	return FL_OK;
}

static void put_room(const struct forwarding_console *m, const struct sink *out)
{
	uint32_t used, all;

	if (m->room && m->room(m->room_ctx, &used, &all) && all)
		sink_printf(out, "# The table of connections holds %u of %u\n", used, all);
}

static enum fl_err show_forwarding(struct console_call *call)
{
	const struct forwarding_console *m = call->module;
	struct kernel_state state;
	struct arena mem;
	enum fl_err err;

	arena_init(&mem, m->memory);
	err = forwarding_want(&m->source, m->published, &mem, &state);
	if (err)
		sink_printf(call->out, "the wanted state cannot be shown: %s\n", fl_err_text(err));
	else {
		forwarding_put_lacking(m->kernel_lacks ? *m->kernel_lacks : 0, call->out);
		put_room(m, call->out);
		kernel_state_print(&state, call->out);
	}
	arena_reset(&mem);
	return err;
}

const struct console_command forwarding_commands[] = {
	{"show rules", "outbound rules, the connections they took, and the links they lead to now",
		CONSOLE_OPERATE_HEADED_JSON, show_rules, NULL},
	{"show forwards", "servers inside that are reached from outside",
		CONSOLE_OPERATE_HEADED_JSON, show_forwards, NULL},
	{"clear rules counters", "count the connections of rules and forwards anew",
		CONSOLE_OPERATE_CHANGES, clear_counters, NULL},
	{"show nat", "the source addresses that connections leave with, by link", CONSOLE_OPERATE,
		show_nat, NULL},
	{"show forwarding", "what the kernel should hold, in the words of ip and nft",
		CONSOLE_OPERATE, show_forwarding, NULL},
	{0},
};
