/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The uplinks as the sentinel sees them: by its own legs, with its own probes.
 *
 * A link's number is its place in the settings, and nothing is remembered over a restart: it takes
 * half a second, and until the first probes are answered all links count as up. */
#include "probing.h"
#include "sentinel.h"

#include <string.h>

#define FAILURES_DEPTH 3 /* failed probes may ask for others, which may fail as well */

static const struct link_conf *conf_of(const struct sentinel *s, uint8_t number)
{
	return s->link[number].conf;
}

/* ---- what a link wants ---- */

static void note_change(struct sentinel *s, uint8_t number, const struct link_change *c)
{
	bool bad = c->to == LINK_DOWN || c->to == LINK_NO_CARRIER;

	s->links_changed = true;
	/* A suspicion lasts for less than a second and is nothing to wake anybody for. */
	if (c->to == LINK_SUSPECT || (c->from == LINK_SUSPECT && link_state_is_fit(c->to)))
		return;
	log_printf(&s->log, bad ? LOG_LEVEL_WARNING : LOG_LEVEL_NOTICE, "%.*s: %s -> %s (%s)",
		STR_ARG(conf_of(s, number)->name),
		link_state_text(c->from == LINK_SUSPECT ? LINK_UP : c->from),
		link_state_text(c->to), c->cause);
}

static void carry_out(
	struct sentinel *s, uint8_t number, mtime now, struct link_out *out, unsigned depth)
{
	char words[80];

	for (size_t i = 0; i < out->nchange; i++)
		note_change(s, number, &out->change[i]);
	s->links_changed |= out->families_changed;
	if (out->note[0])
		log_printf(&s->log, LOG_LEVEL_NOTICE, "%.*s: %s", STR_ARG(conf_of(s, number)->name),
			out->note);
	for (size_t i = 0; i < out->nsend; i++) {
		const struct link_probe *p = &out->send[i];
		struct textbuf why = textbuf_of(words, sizeof(words));
		struct link_out more;

		if (probing_ask(&s->io->probes, number,
			    &conf_of(s, number)->monitor.targets[p->target], s->secret[number],
			    p->seq, p->seq, &why) == FL_OK ||
			depth == FAILURES_DEPTH)
			continue;
		log_printf(&s->log, LOG_LEVEL_DEBUG, "%.*s: a probe was not sent: %s",
			STR_ARG(conf_of(s, number)->name), words);
		link_send_failed(&s->link[number], now, p->seq, &more);
		carry_out(s, number, now, &more, depth + 1);
	}
}

void sentinel_links_carry_out(struct sentinel *s, uint8_t number, mtime now, struct link_out *out)
{
	carry_out(s, number, now, out, 0);
}

/* ---- configuration ---- */

static void hear_of_carrier(struct sentinel *s, uint8_t number, mtime now, struct link_out *out)
{
	link_carrier(&s->link[number], now,
		probing_cable(&s->io->interfaces, conf_of(s, number)->interface), out);
}

static void look_at_carrier(struct sentinel *s, uint8_t number, mtime now)
{
	struct link_out out;

	hear_of_carrier(s, number, now, &out);
	carry_out(s, number, now, &out, 0);
}

static void set_legs(struct sentinel *s, const struct config_values *v)
{
	const struct legs *l = &s->io->legs;
	struct leg_conf leg[FL_LINKS_MAX];
	char words[160];
	struct textbuf why = textbuf_of(words, sizeof(words));

	for (size_t i = 0; i < v->nlinks; i++) {
		const struct link_conf *c = &v->links[i];
		const struct ip_prefix *v4 = link_conf_address(c, 4), *v6 = link_conf_address(c, 6);
		const struct ip_addr *gw4 = link_conf_gateway(c, 4), *gw6 = link_conf_gateway(c, 6);

		leg[i] = (struct leg_conf){.interface = c->interface};
		if (v4)
			leg[i].address4 = *v4;
		if (v6)
			leg[i].address6 = *v6;
		if (gw4)
			leg[i].gateway4 = *gw4;
		if (gw6)
			leg[i].gateway6 = *gw6;
	}
	if (l->set(l->ctx, leg, v->nlinks, &why))
		log_printf(&s->log, LOG_LEVEL_ERROR, "%s", words);
}

void sentinel_links_stop(struct sentinel *s)
{
	for (size_t i = 0; i < s->nlinks; i++) {
		s->io->probes.close(s->io->probes.ctx, s->order[i]);
		s->link[s->order[i]] = (struct link){0};
	}
	s->nlinks = 0;
}

static void start_link(struct sentinel *s, const struct link_conf *c, mtime now)
{
	const struct io *io = &s->io->io;
	struct probe_path path = probing_path(c, KSTATE_MARK_MASK);
	struct link_out out;
	uint64_t seed;

	io->random(io->ctx, &seed, sizeof(seed));
	io->random(io->ctx, s->secret[c->number], sizeof(s->secret[c->number]));
	(void)s->io->probes.open(s->io->probes.ctx, c->number, &path); /* sends say so */
	link_start(&s->link[c->number], c, now, LINK_NONE, seed, &out);
	out.nchange = 0; /* how a link begins is one fact, whatever steps led there */
	carry_out(s, c->number, now, &out, 0);
	hear_of_carrier(s, c->number, now, &out);
	out.nchange = 0;
	carry_out(s, c->number, now, &out, 0);
	log_printf(&s->log, LOG_LEVEL_NOTICE, "%.*s: starts %s (%s)", STR_ARG(c->name),
		link_state_text(s->link[c->number].state), s->link[c->number].cause);
}

/* What is known of a link that stays is kept; that one is known by its name. */
static bool is_known(const struct sentinel *s, const struct link_conf *c)
{
	return conf_of(s, c->number) && str_eq(conf_of(s, c->number)->name, c->name);
}

static void keep_link(struct sentinel *s, const struct link_conf *c, mtime now)
{
	struct probe_path path = probing_path(c, KSTATE_MARK_MASK);
	struct link_out out;

	link_reconfigure(&s->link[c->number], c, now, &out);
	carry_out(s, c->number, now, &out, 0);
	(void)s->io->probes.open(s->io->probes.ctx, c->number, &path);
	look_at_carrier(s, c->number, now);
}

void sentinel_links_configure(struct sentinel *s, mtime now)
{
	const struct config_values *v = &sentinel_config(s)->v;
	bool known[FL_LINKS_MAX + 1] = {false};

	for (size_t i = 0; i < v->nlinks; i++)
		known[v->links[i].number] = is_known(s, &v->links[i]);
	for (uint8_t n = 1; n <= FL_LINKS_MAX; n++) {
		if (!conf_of(s, n) || known[n])
			continue;
		s->io->probes.close(s->io->probes.ctx, n);
		s->link[n] = (struct link){0};
	}
	s->nlinks = v->nlinks;
	set_legs(s, v);
	for (size_t i = 0; i < v->nlinks; i++) {
		s->order[i] = v->links[i].number;
		if (known[v->links[i].number])
			keep_link(s, &v->links[i], now);
		else
			start_link(s, &v->links[i], now);
	}
	s->links_changed = true;
}

/* ---- events and time ---- */

void sentinel_links_answer(struct sentinel *s, const struct io_event *e, mtime now)
{
	struct link_out out;
	uint16_t seq;

	if (e->link < 1 || e->link > FL_LINKS_MAX || !conf_of(s, e->link) ||
		!probing_is_answer(&s->link[e->link], s->secret[e->link], e, &seq))
		return;
	link_answer(&s->link[e->link], now, seq, &out);
	carry_out(s, e->link, now, &out, 0);
}

void sentinel_links_interface(struct sentinel *s, struct str name, mtime now)
{
	for (size_t i = 0; i < s->nlinks; i++)
		if (str_eq(conf_of(s, s->order[i])->interface, name))
			look_at_carrier(s, s->order[i], now);
}

void sentinel_links_tick(struct sentinel *s, mtime now)
{
	struct link_out out;

	for (size_t i = 0; i < s->nlinks; i++) {
		uint8_t number = s->order[i];

		if (!mtime_reached(now, link_next_due(&s->link[number])))
			continue;
		link_tick(&s->link[number], now, &out);
		carry_out(s, number, now, &out, 0);
	}
}

mtime sentinel_links_due(const struct sentinel *s)
{
	mtime due = MTIME_NEVER;

	for (size_t i = 0; i < s->nlinks; i++)
		due = mtime_first(due, link_next_due(&s->link[s->order[i]]));
	return due;
}

/* ---- what the name server goes by ---- */

void sentinel_links_publish(struct sentinel *s)
{
	const struct config_values *v = &sentinel_config(s)->v;
	struct policy_link links[FL_LINKS_MAX];
	const struct published old = s->published;

	for (size_t i = 0; i < v->nlinks; i++) {
		const struct link_conf *c = &v->links[i];
		const struct link *l = &s->link[c->number];

		links[i] = (struct policy_link){
			.number = c->number,
			.state = c->disabled ? LINK_DISABLED : l->state,
			.weight = policy_link_weight(v->links, v->nlinks, i),
			.backup = c->role == LINK_BACKUP,
			.dead = {link_family_is_dead(l, 4), link_family_is_dead(l, 6)},
		};
	}
	(void)policy_publish(v->policies, v->npolicies, links, v->nlinks, &old, &s->published);
}
