/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sequence number says what it is for: the link under trial (4 bits), the role of the probe (2)
 * and the trial (10), so that an answer finds its trial without a table of probes. */
#include "service.h"

#include "probe.h"

#include <string.h>

#define GAP     sec(1) /* between two repeats */
#define REPEATS 3

enum role { ROLE_FIRST, ROLE_AGAIN, ROLE_CONTROL };

static uint16_t seq_of(uint8_t number, enum role role, uint16_t serial)
{
	return (uint16_t)((number - 1U) << 12 | (unsigned)role << 10 | (serial & 0x3ffU));
}

static const struct link_monitor_conf *monitor_of(const struct service_view *v, uint8_t number)
{
	return &v->link[number].conf->monitor;
}

static bool can_be_checked(const struct link *l)
{
	return (link_is_fit(l) || l->state == LINK_RECOVERING) && !l->resting;
}

static void clear(struct service_out *out)
{
	out->nask = 0;
	out->concluded = out->take_down = false;
	out->failing[0] = out->note[0] = '\0';
}

static void put_check(const struct link_target *c, const char *wrong, struct textbuf *out)
{
	char addr[IP_TEXT_MAX];

	textbuf_printf(out, "%s ", link_method_text((enum link_probe_method)c->method));
	if (c->method == LINK_MTU)
		textbuf_printf(out, "%u ", (unsigned)probe_mtu_of(c));
	else if (c->query.n)
		textbuf_printf(out, "%.*s ", STR_ARG(c->query));
	textbuf_printf(out, "at %s%s%s", ip_addr_text(&c->addr, addr), wrong[0] ? ": " : "", wrong);
}

/* ---- asking ---- */

static void ask(struct service_out *out, uint8_t link, const struct link_target *c, uint16_t seq)
{
	if (out->nask < SERVICE_ASKS_MAX)
		out->ask[out->nask++] = (struct service_ask){link, c, seq};
}

static void ask_again(struct service_watch *w, const struct service_view *v, uint8_t number,
	mtime now, struct service_out *out)
{
	const struct link_target *c = &monitor_of(v, number)->checks[w->check];

	ask(out, number, c, seq_of(number, ROLE_AGAIN, w->serial));
	for (size_t i = 0; i < v->n; i++) {
		const struct link *l = &v->link[v->order[i]];

		if (v->order[i] == number || !link_carries(l, c->addr.family) ||
			!link_conf_address(l->conf, c->addr.family))
			continue;
		w->controlled = true;
		ask(out, v->order[i], c, seq_of(number, ROLE_CONTROL, w->serial));
	}
	w->repeats++;
	w->due = mtime_after(now, w->repeats < REPEATS ? GAP : probe_patience(c));
}

/* ---- what is concluded ---- */

static unsigned bits_in(uint32_t mask)
{
	unsigned n = 0;

	for (; mask; mask &= mask - 1)
		n++;
	return n;
}

static void conclude(struct service_watch *w, const struct service_view *v, uint8_t number,
	bool fault, mtime now, struct service_out *out)
{
	const struct link_monitor_conf *m = monitor_of(v, number);
	struct textbuf t = textbuf_of(out->failing, sizeof(out->failing));
	const struct link_target *c = &m->checks[w->check];
	uint32_t bit = UINT32_C(1) << w->check, before = w->faults;

	w->judged |= bit;
	w->faults = fault ? before | bit : before & ~bit;
	w->blamed &= ~bit;
	w->step = SERVICE_IDLE;
	w->check = (w->check + 1) % m->nchecks;
	w->due = mtime_after(now, m->service_interval);
	out->concluded = true;
	out->take_down = m->on_service_fail == LINK_SERVICE_DOWN || bits_in(w->faults) > 1;
	for (size_t i = 0; i < m->nchecks && m->on_service_fail != LINK_SERVICE_IGNORE; i++) {
		if (!(w->faults >> i & 1))
			continue;
		textbuf_printf(&t, "%s", t.n ? ", " : "");
		put_check(&m->checks[i], w->wrong[i], &t);
	}
	if (before == w->faults || m->on_service_fail != LINK_SERVICE_IGNORE)
		return;
	t = textbuf_of(out->note, sizeof(out->note));
	textbuf_printf(&t, "service %s here: ", fault ? "fails" : "works again");
	put_check(c, fault ? w->wrong[c - m->checks] : "", &t);
}

/* Told once, not at every interval. */
static void blame_the_service(struct service_watch *w, const struct service_view *v, uint8_t number,
	mtime now, struct service_out *out)
{
	const struct link_target *c = &monitor_of(v, number)->checks[w->check];
	const char *wrong = w->wrong[w->check];
	uint32_t bit = UINT32_C(1) << w->check;
	bool told = w->blamed & bit;
	struct textbuf t;

	conclude(w, v, number, false, now, out);
	w->blamed |= bit;
	if (told)
		return;
	t = textbuf_of(out->note, sizeof(out->note));
	textbuf_printf(&t, "service fails over every link, its own trouble: ");
	put_check(c, wrong, &t);
}

static void service_works(struct service_watch *w, const struct service_view *v, uint8_t number,
	mtime now, struct service_out *out)
{
	const struct link_target *c = &monitor_of(v, number)->checks[w->check];
	bool was_blamed = w->blamed >> w->check & 1;
	struct textbuf t;

	conclude(w, v, number, false, now, out);
	if (!was_blamed)
		return;
	t = textbuf_of(out->note, sizeof(out->note));
	textbuf_printf(&t, "service works again: ");
	put_check(c, "", &t);
}

/* ---- from outside ---- */

void services_configure(struct services *s, const struct service_view *v, mtime now)
{
	for (size_t i = 0; i < v->n; i++) {
		struct service_watch *w = &s->watch[v->order[i]];
		const struct link_monitor_conf *m = monitor_of(v, v->order[i]);
		span begin = us(m->service_interval.us * ((int64_t)i + 1) / ((int64_t)v->n + 1));

		*w = (struct service_watch){
			.due = m->nchecks ? mtime_after(now, begin) : MTIME_NEVER};
	}
}

void service_tick(struct services *s, const struct service_view *v, uint8_t number, mtime now,
	struct service_out *out)
{
	struct service_watch *w = &s->watch[number];
	const struct link_monitor_conf *m = monitor_of(v, number);

	clear(out);
	if (!m->nchecks || !mtime_reached(now, w->due))
		return;
	if (!can_be_checked(&v->link[number])) {
		w->step = SERVICE_IDLE;
		w->due = mtime_after(now, GAP);
		return;
	}
	switch (w->step) {
	case SERVICE_IDLE:
		w->serial = ++s->serial;
		w->step = SERVICE_FIRST;
		w->controlled = w->control_good = false;
		w->repeats = 0;
		w->wrong[w->check][0] = '\0';
		w->due = mtime_after(now, probe_patience(&m->checks[w->check]));
		ask(out, number, &m->checks[w->check], seq_of(number, ROLE_FIRST, w->serial));
		break;
	case SERVICE_FIRST:
		w->step = SERVICE_AGAIN;
		ask_again(w, v, number, now, out);
		break;
	case SERVICE_AGAIN:
		if (w->repeats < REPEATS)
			ask_again(w, v, number, now, out);
		else if (w->controlled && !w->control_good)
			blame_the_service(w, v, number, now, out);
		else
			conclude(w, v, number, true, now, out);
		break;
	}
}

/* The link under trial; 0: that trial is over. */
static uint8_t link_of(const struct services *s, const struct service_view *v, uint16_t seq)
{
	uint8_t number = (uint8_t)((seq >> 12) + 1);
	const struct service_watch *w = &s->watch[number];

	if (!v->link[number].conf || w->step == SERVICE_IDLE ||
		(w->serial & 0x3ff) != (seq & 0x3ff))
		return 0;
	return w->check < monitor_of(v, number)->nchecks ? number : 0;
}

const struct link_target *service_check_of(
	const struct services *s, const struct service_view *v, uint16_t seq)
{
	uint8_t number = link_of(s, v, seq);

	return number ? &monitor_of(v, number)->checks[s->watch[number].check] : NULL;
}

void service_answer(struct services *s, const struct service_view *v, uint16_t seq, uint8_t over,
	mtime now, uint8_t *number, struct service_out *out)
{
	bool control = (seq >> 10 & 3) == ROLE_CONTROL;

	clear(out);
	*number = link_of(s, v, seq);
	if (!*number || control == (over == *number))
		return;
	if (control)
		s->watch[*number].control_good = true;
	else
		service_works(&s->watch[*number], v, *number, now, out);
}

void service_wrong_answer(struct services *s, const struct service_view *v, uint16_t seq,
	uint8_t over, const char *what)
{
	uint8_t number = link_of(s, v, seq);
	struct service_watch *w = &s->watch[number];
	struct textbuf t;

	if (!number || over != number || w->check >= LINK_CHECKS_MAX)
		return;
	t = textbuf_of(w->wrong[w->check], sizeof(w->wrong[0]));
	textbuf_printf(&t, "%s", what);
}

void service_check_text(const struct service_watch *w, const struct link_monitor_conf *m,
	size_t check, struct textbuf *out)
{
	uint32_t bit = UINT32_C(1) << check;
	const char *wrong = w->wrong[check];

	put_check(&m->checks[check], "", out);
	if (!(w->judged & bit))
		textbuf_printf(out, ": not tried yet");
	else if (w->faults & bit)
		textbuf_printf(out, ": fails here and not elsewhere");
	else if (w->blamed & bit)
		textbuf_printf(out, ": fails over every link, its own trouble");
	else
		textbuf_printf(out, ": works");
	if (wrong[0] && (w->faults | w->blamed) & bit)
		textbuf_printf(out, ", it says %s", wrong);
}

mtime services_next_due(const struct services *s, const struct service_view *v)
{
	mtime due = MTIME_NEVER;

	for (size_t i = 0; i < v->n; i++)
		if (monitor_of(v, v->order[i])->nchecks)
			due = mtime_first(due, s->watch[v->order[i]].due);
	return due;
}
