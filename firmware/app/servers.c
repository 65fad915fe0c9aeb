/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The servers behind forwards: questions out, answers in, and the kernel sends new connections to
 * those that answer.  They are asked from inside, over "link" 0, by the routing of the main table.
 */
#include "server.h"

#include "probe.h"
#include "product.h"

#define INSIDE 0

enum { TCP = 6, UDP = 17 }; /* IANA numbers */

void servers_begin(struct fairlead *f, struct config *c, mtime now)
{
	const struct probes *p = &f->io->probes;
	struct probe_path path = {.source4.family = 4, .source6.family = 6};

	servers_configure(&f->servers, c->v.forwards, c->v.nforwards, now);
	servers_fill(&f->servers, c->v.forwards, c->v.nforwards);
	if (f->servers.n)
		(void)p->open(p->ctx, INSIDE, &path); /* a send that fails says so */
	else
		p->close(p->ctx, INSIDE);
}

/* ---- what is told ---- */

static void put_others(
	const struct forward_conf *f, const struct forward_server *not_this, struct textbuf *t)
{
	char text[IP_TEXT_MAX];

	for (size_t i = 0; i < f->nto; i++)
		if (&f->to[i] != not_this && f->to[i].state != SERVER_DEAD)
			textbuf_printf(
				t, "%s%s", t->n ? ", " : "", ip_addr_text(&f->to[i].addr, text));
}

static void tell_dead(
	struct fairlead *f, const struct forward_conf *forward, const struct forward_server *server)
{
	char others[256], text[IP_TEXT_MAX];
	struct textbuf t = textbuf_of(others, sizeof(others));

	put_others(forward, server, &t);
	log_printf(&f->log, LOG_LEVEL_WARNING, "forward %.*s: %s does not answer (%s); %s%s",
		STR_ARG(forward->name), ip_addr_text(&server->addr, text),
		servers_reason(&f->servers, forward, &server->addr),
		t.n ? "new connections go to "
		    : "no server is left: new connections go there all "
		      "the same",
		others);
}

static void tell_changes(struct fairlead *f, const struct forward_conf *forward,
	const enum server_state was[FORWARD_SERVERS_MAX])
{
	char text[IP_TEXT_MAX];

	for (size_t i = 0; i < forward->nto && i < FORWARD_SERVERS_MAX; i++) {
		const struct forward_server *server = &forward->to[i];

		if (server->state == was[i])
			continue;
		if (server->state == SERVER_DEAD)
			tell_dead(f, forward, server);
		else if (was[i] == SERVER_DEAD)
			log_printf(&f->log, LOG_LEVEL_NOTICE, "forward %.*s: %s answers again",
				STR_ARG(forward->name), ip_addr_text(&server->addr, text));
	}
}

void servers_follow(struct fairlead *f)
{
	struct config *c = fairlead_config(f);
	enum server_state was[FORWARD_SERVERS_MAX];

	for (size_t i = 0; i < c->v.nforwards; i++) {
		struct forward_conf *forward = &c->v.forwards[i];

		for (size_t j = 0; j < forward->nto && j < FORWARD_SERVERS_MAX; j++)
			was[j] = (enum server_state)forward->to[j].state;
		servers_fill(&f->servers, forward, 1);
		tell_changes(f, forward, was);
	}
}

/* ---- connections to the dead ---- */

static bool goes_to(const struct forward_conf *f, size_t server, const struct kernel_flow *flow)
{
	if (flow->protocol != (f->protocol == RULE_UDP ? UDP : TCP) ||
		flow->to_port < f->port.first || flow->to_port > f->port.last ||
		!ip_addr_eq(&flow->answers_from, &f->to[server].addr))
		return false;
	for (size_t i = 0; i < f->non; i++)
		if (ip_addr_eq(&flow->to, &f->on[i].address))
			return true;
	return false;
}

static bool is_stranded(void *ctx, const struct kernel_flow *flow)
{
	const struct config *c = ctx;

	for (size_t i = 0; i < c->v.nforwards; i++)
		for (size_t j = 0; j < c->v.forwards[i].nto; j++)
			if (!forward_server_is_used(&c->v.forwards[i], j) &&
				goes_to(&c->v.forwards[i], j, flow))
				return true;
	return false;
}

static bool some_are_dead(const struct config *c)
{
	for (size_t i = 0; i < c->v.nforwards; i++)
		for (size_t j = 0; j < c->v.forwards[i].nto; j++)
			if (!forward_server_is_used(&c->v.forwards[i], j))
				return true;
	return false;
}

/* After the switch, so that who begins anew comes to a server that answers.  Of a service whose
 * servers are all dead nothing is cut. */
void servers_cut(struct fairlead *f)
{
	const struct kernel *k = &f->io->kernel;
	struct config *c = fairlead_config(f);
	char words[128];
	struct textbuf why = textbuf_of(words, sizeof(words));
	size_t n = 0;

	if (!some_are_dead(c))
		return;
	if (k->cut(k->ctx, is_stranded, c, &n, &why))
		log_printf(&f->log, LOG_LEVEL_ERROR,
			"connections to servers that do not answer were not cut: %s", words);
	if (n)
		log_printf(&f->log, LOG_LEVEL_NOTICE,
			"%zu connection%s to a server that does not answer cut", n,
			n == 1 ? "" : "s");
}

/* ---- questions and answers ---- */

static enum fl_err ping(struct fairlead *f, const struct server_ask *a, struct textbuf *why)
{
	const struct probes *p = &f->io->probes;
	struct link_target t = {.addr = a->addr, .method = LINK_PING};
	struct probe_id id = probe_id_of(f->server_secret, a->seq);
	uint8_t packet[PROBE_SIZE_MAX];
	struct buf out = buf_of(packet, sizeof(packet));
	enum fl_err err = probe_build(&t, &id, &out);

	if (err)
		return err;
	return p->send(p->ctx, INSIDE, IO_PROBE_ICMP, &a->addr, bytes_of(packet, out.n), why);
}

static enum fl_err dial(struct fairlead *f, const struct server_ask *a, struct textbuf *why)
{
	const struct probes *p = &f->io->probes;
	struct probe_call call = {
		.to = a->addr, .port = a->port, .token = a->seq, .patience = SERVERS_WAIT};

	return p->call(p->ctx, INSIDE, &call, why);
}

/* True: a server is in another state. */
static bool ask(struct fairlead *f, const struct server_ask *a, mtime now)
{
	char words[80] = "";
	struct textbuf why = textbuf_of(words, sizeof(words));

	if ((a->port ? dial : ping)(f, a, &why) == FL_OK)
		return false;
	return servers_answer(&f->servers, a->seq, &a->addr, words, now);
}

void servers_event(struct fairlead *f, const struct io_event *e, mtime now)
{
	char words[SERVERS_REASON_MAX];
	struct textbuf t = textbuf_of(words, sizeof(words));
	uint16_t seq = (uint16_t)e->token;
	bool ended = e->kind == IO_PROBE_ENDED;

	textbuf_put(&t, e->text.at, e->text.n);
	if (e->socket == IO_PROBE_ICMP
			? probe_parse_icmp(e->from.family, e->data, f->server_secret, &seq)
			: !ended)
		return;
	if (servers_answer(&f->servers, seq, &e->from, ended && !e->alive ? words : NULL, now))
		publish_servers(f, now);
}

void servers_work(struct fairlead *f, mtime now)
{
	struct server_ask asks[SERVERS_MAX];
	size_t nasks;
	bool changed = servers_tick(&f->servers, now, asks, &nasks);

	for (size_t i = 0; i < nasks; i++)
		changed |= ask(f, &asks[i], now);
	if (changed)
		publish_servers(f, now);
}

mtime servers_due(const struct fairlead *f)
{
	return servers_next_due(&f->servers);
}
