/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The slow plane at work: service checks out, answers in, faults to the links.  Their packets are
 * under a secret of their own. */
#include "probe.h"
#include "product.h"

static struct service_view view_of(const struct fairlead *f)
{
	return (struct service_view){f->link, f->order, f->nlinks};
}

void services_begin(struct fairlead *f, mtime now)
{
	struct service_view v = view_of(f);

	services_configure(&f->services, &v, now);
	for (size_t i = 0; i < f->nlinks; i++) {
		struct link *l = &f->link[f->order[i]];
		struct link_out out;

		if (l->conf->monitor.nchecks || !l->service[0])
			continue;
		link_service(l, now, "", false, &out); /* what failed is not checked any more */
		uplinks_carry_out(f, f->order[i], now, &out);
	}
}

/* Nobody takes the last link away for a service. */
static bool others_are_fit(const struct fairlead *f, uint8_t number)
{
	for (size_t i = 0; i < f->nlinks; i++)
		if (f->order[i] != number && link_is_fit(&f->link[f->order[i]]))
			return true;
	return false;
}

static void answered(struct fairlead *f, uint16_t seq, uint8_t over, mtime now);

static void make_check(struct fairlead *f, const struct service_ask *a, mtime now)
{
	char words[80];
	struct textbuf why = textbuf_of(words, sizeof(words));
	enum fl_err err = uplinks_ask(
		f, a->link, a->check, f->secret[0], a->seq, SERVICE_TOKEN_BIT | a->seq, &why);

	/* The way takes less, and has said so: that is no black hole. */
	if (err == FL_ERANGE && a->check->method == LINK_MTU)
		answered(f, a->seq, a->link, now);
	else if (err)
		log_printf(&f->log, LOG_LEVEL_DEBUG, "a service check was not sent: %s", words);
}

static void carry_out(struct fairlead *f, uint8_t number, mtime now, const struct service_out *out)
{
	struct link_out more;

	for (size_t i = 0; i < out->nask; i++)
		make_check(f, &out->ask[i], now);
	if (out->note[0])
		log_printf(&f->log, LOG_LEVEL_NOTICE, "%.*s: %s",
			STR_ARG(f->link[number].conf->name), out->note);
	if (!out->concluded)
		return;
	link_service(&f->link[number], now, out->failing,
		out->take_down && others_are_fit(f, number), &more);
	uplinks_carry_out(f, number, now, &more);
}

static void answered(struct fairlead *f, uint16_t seq, uint8_t over, mtime now)
{
	struct service_view v = view_of(f);
	struct service_out out;
	uint8_t number;

	service_answer(&f->services, &v, seq, over, now, &number, &out);
	if (number)
		carry_out(f, number, now, &out);
}

/* The end of a call that was no answer: what was heard says why, or else how it ended. */
static void note_wrong(
	struct fairlead *f, const struct io_event *e, uint16_t seq, const struct textbuf *heard)
{
	struct service_view v = view_of(f);
	char words[SERVICE_WRONG_MAX];
	struct textbuf t = textbuf_of(words, sizeof(words));

	if (heard->n)
		textbuf_put(&t, heard->at, heard->n);
	else
		textbuf_put(&t, e->text.at, e->text.n);
	service_wrong_answer(&f->services, &v, seq, e->link, words);
}

static bool call_is_answered(struct fairlead *f, const struct io_event *e, uint16_t seq)
{
	struct service_view v = view_of(f);
	const struct link_target *c = service_check_of(&f->services, &v, seq);
	bool over = e->kind == IO_PROBE_ENDED;
	char words[48] = "";
	struct textbuf wrong = textbuf_of(words, sizeof(words));

	if (!c)
		return false;
	if (probe_call_is_answered(c, e->data, over, &wrong))
		return true;
	if (over)
		note_wrong(f, e, seq, &wrong);
	return false;
}

static bool echo_is_answered(const struct fairlead *f, const struct io_event *e, uint16_t *seq)
{
	struct service_view v = view_of(f);
	const struct link_target *c;
	size_t size;

	if (probe_parse_echo(e->from.family, e->data, f->secret[0], seq, &size))
		return false;
	c = service_check_of(&f->services, &v, *seq);
	return c && size == probe_echo_size(c);
}

/* Which check does this answer, and is it the answer that was hoped for? */
static bool find_check(struct fairlead *f, const struct io_event *e, uint16_t *seq)
{
	struct service_view v = view_of(f);
	const struct link_target *c;
	uint16_t guess;

	if (e->socket == IO_PROBE_CALL) {
		*seq = (uint16_t)e->token;
		return call_is_answered(f, e, *seq);
	}
	if (e->socket == IO_PROBE_ICMP)
		return echo_is_answered(f, e, seq);
	guess = probe_dns_seq(e->data, f->secret[0]);
	c = service_check_of(&f->services, &v, guess);
	return c && c->method == LINK_DNS && ip_addr_eq(&c->addr, &e->from) &&
	       probe_parse_dns(e->data, f->secret[0], c->query, seq) == FL_OK &&
	       probe_dns_is_whole(e->data);
}

bool services_answer(struct fairlead *f, const struct io_event *e, mtime now)
{
	uint16_t seq;

	if (e->socket == IO_PROBE_CALL && !(e->token & SERVICE_TOKEN_BIT))
		return false;
	if (!find_check(f, e, &seq))
		return e->socket == IO_PROBE_CALL;
	answered(f, seq, e->link, now);
	return true;
}

void services_tick(struct fairlead *f, mtime now)
{
	struct service_view v = view_of(f);
	struct service_out out;

	for (size_t i = 0; i < f->nlinks; i++) {
		service_tick(&f->services, &v, f->order[i], now, &out);
		carry_out(f, f->order[i], now, &out);
	}
}

mtime services_due(const struct fairlead *f)
{
	struct service_view v = view_of(f);

	return services_next_due(&f->services, &v);
}
