/* SPDX-License-Identifier: GPL-2.0-or-later */
/* forwarding_console.c - what forwarding does now, for the person at the console.
 *
 *   RULE  CONNECTIONS                              POLICY   NOW
 *   10    tcp port 25 from 192.168.1.25/32         primary  wan1
 *   99    all                                      spread   wan1, wan2
 *   -     the rest                                 -        wan1 */
#include "forwarding_console.h"

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

static enum fl_err show_rules(struct console_call *call)
{
	const struct forwarding_console *m = call->module;
	const struct forwarding_source *s = &m->source;
	char match[LINE], now[LINE];
	struct textbuf t;

	sink_printf(call->out, "%-7s %-44s %-12s %s\n", "RULE", "CONNECTIONS", "POLICY", "NOW");
	for (size_t i = 0; i < s->nrules; i++) {
		const struct rule_conf *r = &s->rules[i];
		bool named = r->policy >= 0 && (size_t)r->policy < s->npolicies;
		struct str policy = named ? s->policies[r->policy].name : STR("-");

		t = textbuf_of(match, sizeof(match));
		forwarding_rule_text(s, r, &t);
		t = textbuf_of(now, sizeof(now));
		put_now(&t, m, r->policy);
		sink_printf(call->out, "%-7u %-44s %-12.*s %s\n", r->number, match, STR_ARG(policy),
			now);
	}
	t = textbuf_of(now, sizeof(now));
	put_rest(&t, m);
	sink_printf(call->out, "%-7s %-44s %-12s %s\n", "-", "the rest", "-", now);
	return FL_OK;
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
static void put_published(
	const struct forwarding_source *s, const struct forward_conf *f, const struct sink *out)
{
	char service[LINE], to[LINE], on[4 * LINE];
	struct textbuf t = textbuf_of(service, sizeof(service)), o = textbuf_of(on, sizeof(on));

	forwarding_service_text(f->protocol, &f->port, &t);
	put_published_on(s, f, &o);
	for (size_t i = 0; i < f->nto; i++) {
		t = textbuf_of(to, sizeof(to));
		put_server_of(f, i, &t);
		if (i == 0)
			sink_printf(
				out, "%-14.*s %-18s %-32s %s\n", STR_ARG(f->name), service, to, on);
		else
			sink_printf(out, "%-14s %-18s %s\n", "", "", to);
	}
	if (f->nto && f->to[0].state == SERVER_DEAD && forward_server_is_used(f, 0))
		sink_printf(out, "%-14s no server answers: new connections go there all the same\n",
			"");
}

static enum fl_err show_forwards(struct console_call *call)
{
	const struct forwarding_console *m = call->module;
	const struct forward_conf *f;

	sink_printf(call->out, "%-14s %-18s %-32s %s\n", "FORWARD", "SERVICE", "TO", "ON");
	for (size_t i = 0; (f = forwarding_published(&m->source, i)); i++)
		put_published(&m->source, f, call->out);
	return FL_OK;
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
	else
		kernel_state_print(&state, call->out);
	arena_reset(&mem);
	return err;
}

const struct console_command forwarding_commands[] = {
	{"show rules", "outbound rules and the links they lead to now", CONSOLE_OPERATE_HEADED,
		show_rules, NULL},
	{"show forwards", "servers inside that are reached from outside", CONSOLE_OPERATE_HEADED,
		show_forwards, NULL},
	{"show nat", "the source addresses that connections leave with, by link", CONSOLE_OPERATE,
		show_nat, NULL},
	{"show forwarding", "what the kernel should hold, in the words of ip and nft",
		CONSOLE_OPERATE, show_forwarding, NULL},
	{0},
};
