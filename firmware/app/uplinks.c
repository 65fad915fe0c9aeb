/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitors of the links: packets in, packets out, and what is remembered of a link.
 *
 * A link has a number for as long as the router knows its name: connections carry the number as
 * their mark, so it must not change with the order of the settings or with a restart. */
#include "link_targets.h"
#include "probing.h"
#include "product.h"

#include <string.h>

/* Looks at the traffic of users: often while there is some, since its sudden end is a hint worth
 * having at once, else seldom. */
#define HEARD_BUSY     ms(100)
#define HEARD_IDLE     sec(1)
#define FIGURES_EVERY  sec(1)
#define SAVE_AFTER     sec(10) /* of a change: spares the flash when a link flaps */
#define CARRIER_WAIT   sec(5)  /* without one a link starts without */
#define SAVE_NAME      "links"
#define FAILURES_DEPTH 3 /* failed probes may ask for others, which may fail as well */

static const struct link_conf *conf_of(const struct fairlead *f, uint8_t number)
{
	return f->link[number].conf;
}

/* ---- what is remembered ---- */

static enum link_state state_from_text(struct str word)
{
	for (unsigned s = LINK_DISABLED; s < LINK_STATES; s++)
		if (str_is(word, link_state_text((enum link_state)s)))
			return (enum link_state)s;
	return LINK_NONE;
}

/* "NUMBER NAME STATE WALL"; a line that is none is left out. */
static void load_line(struct fairlead *f, struct str line)
{
	struct str number = str_cut(&line, ' '), name = str_cut(&line, ' ');
	struct str state = str_cut(&line, ' ');
	uint64_t n, wall;
	struct known_link *k;

	if (!str_to_u64(number, FL_LINKS_MAX, &n) || n == 0 || name.n == 0 ||
		name.n > FL_NAME_MAX || !str_to_u64(line, INT64_MAX, &wall))
		return;
	k = &f->known[n];
	memcpy(k->name, name.at, name.n);
	k->name[name.n] = '\0';
	k->state = state_from_text(state);
	k->wall = (int64_t)wall;
}

void uplinks_load(struct fairlead *f)
{
	char words[128];
	struct textbuf why = textbuf_of(words, sizeof(words));
	const struct storage *s = &f->io->storage;
	struct bytes octets;
	struct str text;
	enum fl_err err = s->load(s->ctx, SAVE_NAME, &f->scratch, &octets, &why);

	f->save_due = MTIME_NEVER;
	f->io->io.random(f->io->io.ctx, f->server_secret, sizeof(f->server_secret));
	for (unsigned n = 0; n <= FL_LINKS_MAX; n++)
		f->io->io.random(f->io->io.ctx, f->secret[n], sizeof(f->secret[n]));
	if (err == FL_OK) {
		text = (struct str){(const char *)octets.at, octets.n};
		while (text.n)
			load_line(f, str_cut(&text, '\n'));
	} else if (err != FL_ENOENT) {
		log_printf(&f->log, LOG_LEVEL_WARNING,
			"the saved states of the links: %s; starting without", words);
	}
	arena_reset(&f->scratch);
}

static void save(struct fairlead *f)
{
	char text[(FL_LINKS_MAX + 1) * (FL_NAME_MAX + 48)], words[128];
	struct textbuf t = textbuf_of(text, sizeof(text)), why = textbuf_of(words, sizeof(words));
	const struct storage *s = &f->io->storage;

	for (unsigned n = 1; n <= FL_LINKS_MAX; n++) {
		const struct known_link *k = &f->known[n];

		if (k->name[0])
			textbuf_printf(&t, "%u %s %s %lld\n", n, k->name,
				k->state ? link_state_text(k->state) : "none", (long long)k->wall);
	}
	f->save_due = MTIME_NEVER;
	if (s->save(s->ctx, SAVE_NAME, bytes_of(text, t.n), &why))
		log_printf(&f->log, LOG_LEVEL_WARNING, "the states of the links were not saved: %s",
			words);
}

static void save_soon(struct fairlead *f, mtime now)
{
	f->save_due = mtime_first(f->save_due, mtime_after(now, SAVE_AFTER));
}

/* ---- numbers ---- */

static uint8_t known_number(const struct fairlead *f, struct str name)
{
	for (uint8_t n = 1; n <= FL_LINKS_MAX; n++)
		if (f->known[n].name[0] && str_is(name, f->known[n].name))
			return n;
	return 0;
}

static bool number_is_taken(const struct config *c, uint8_t number)
{
	return link_conf_numbered(c->v.links, c->v.nlinks, number) != NULL;
}

/* A number that nobody ever had, else one of a link that `c` does not have any more. */
static uint8_t free_number(const struct fairlead *f, const struct config *c)
{
	for (uint8_t n = 1; n <= FL_LINKS_MAX; n++)
		if (!f->known[n].name[0] && !number_is_taken(c, n))
			return n;
	for (uint8_t n = 1; n <= FL_LINKS_MAX; n++)
		if (!number_is_taken(c, n))
			return n;
	return 0;
}

void uplinks_number(struct fairlead *f, struct config *c)
{
	for (size_t i = 0; i < c->v.nlinks; i++)
		c->v.links[i].number = known_number(f, c->v.links[i].name);
	for (size_t i = 0; i < c->v.nlinks; i++)
		if (c->v.links[i].number == 0)
			c->v.links[i].number = free_number(f, c);
}

/* ---- configuration ---- */

static void open_probes(struct fairlead *f, uint8_t number)
{
	const struct probes *p = &f->io->probes;
	struct probe_path path =
		probing_path(conf_of(f, number), config_mark_bits(fairlead_config(f)));

	/* Where the interface is missing the sends fail and say so. */
	(void)p->open(p->ctx, number, &path);
}

/* What is at it?  Where there is no carrier it is switched on. */
static enum link_cable bring_up(struct fairlead *f, struct str interface)
{
	const struct interfaces *n = &f->io->interfaces;
	enum link_cable cable = probing_cable(n, interface);

	if (cable == LINK_UNPLUGGED)
		(void)n->up(n->ctx, interface);
	return cable;
}

static bool link_lies_on(const struct link_conf *c, struct str interface)
{
	return str_eq(c->interface, interface) || str_eq(c->under, interface) ||
	       str_eq(c->port, interface);
}

/* What is at the interface of a link now?  Whether there is a carrier is kept. */
static enum link_cable cable_of(struct fairlead *f, uint8_t number)
{
	const struct interfaces *n = &f->io->interfaces;
	const struct link_conf *c = conf_of(f, number);
	enum link_cable cable;

	/* A device that was taken away comes back switched off, and so do those over it. */
	if (!str_eq(c->port, c->under))
		bring_up(f, c->port);
	cable = bring_up(f, c->under);
	/* PPP has a device only while there is a session; that it is missing is told by the lease,
	 * unless its daemon died without a word. */
	if (cable == LINK_PLUGGED && !link_conf_awaits_address(c) &&
		probing_cable(n, c->interface) == LINK_NO_INTERFACE)
		cable = LINK_NO_INTERFACE;
	if (cable == LINK_PLUGGED && !f->carrier[number])
		open_probes(f, number);
	f->carrier[number] = cable == LINK_PLUGGED;
	return cable;
}

static void look_at_interface(struct fairlead *f, uint8_t number, mtime now)
{
	struct link_out out;

	link_carrier(&f->link[number], now, cable_of(f, number), &out);
	uplinks_carry_out(f, number, now, &out);
}

/* How a link begins is one fact, whatever steps led there. */
static void log_start(struct fairlead *f, uint8_t number)
{
	const struct link *l = &f->link[number];
	bool bad = l->state == LINK_DOWN || l->state == LINK_NO_CARRIER;

	f->start_unsaid &= ~link_bit(number);
	f->known[number].state = l->state;
	log_printf(&f->log, bad ? LOG_LEVEL_WARNING : LOG_LEVEL_NOTICE, "%.*s: starts %s (%s)",
		STR_ARG(l->conf->name), link_state_text(l->state), l->cause);
}

static void start_link(struct fairlead *f, const struct link_conf *c, mtime now)
{
	struct known_link *k = &f->known[c->number];
	bool known = str_is(c->name, k->name);
	struct link_out first, out;
	uint64_t seed;

	f->io->io.random(f->io->io.ctx, &seed, sizeof(seed));
	if (!known) {
		*k = (struct known_link){.wall = f->io->io.wall(f->io->io.ctx)};
		memcpy(k->name, c->name.at, c->name.n);
		f->meter[c->number] = (struct link_meter){0};
		save_soon(f, now);
	}
	link_start(&f->link[c->number], c, now, known ? k->state : LINK_NONE, seed, &first);
	histories_start(f, c->number, now);
	open_probes(f, c->number);
	link_carrier(&f->link[c->number], now, cable_of(f, c->number), &out);
	f->links_changed = true;
	first.nchange = out.nchange = 0;
	/* The carrier of an interface that was just switched on comes in a moment. */
	f->start_unsaid |= link_bit(c->number);
	f->start_due = mtime_after(now, CARRIER_WAIT);
	if (f->link[c->number].state != LINK_NO_CARRIER)
		log_start(f, c->number);
	uplinks_carry_out(f, c->number, now, &first);
	uplinks_carry_out(f, c->number, now, &out);
}

static void stop_link(struct fairlead *f, uint8_t number)
{
	f->io->probes.close(f->io->probes.ctx, number);
	histories_stop(f, number);
	operator_link_gone(f, number);
	f->link[number] = (struct link){0};
	f->carrier[number] = false;
	f->load[number] = (struct link_load){0};
	f->start_unsaid &= ~link_bit(number);
}

void uplinks_configure(struct fairlead *f, mtime now)
{
	const struct config *c = fairlead_config(f);

	for (uint8_t number = 1; number <= FL_LINKS_MAX; number++)
		if (f->link[number].conf && !number_is_taken(c, number))
			stop_link(f, number);
	f->nlinks = c->v.nlinks;
	for (size_t i = 0; i < c->v.nlinks; i++) {
		const struct link_conf *conf = &c->v.links[i];
		struct link_out out;

		f->order[i] = conf->number;
		if (f->link[conf->number].conf) {
			link_reconfigure(&f->link[conf->number], conf, now, &out);
			uplinks_carry_out(f, conf->number, now, &out);
			open_probes(f, conf->number);
			look_at_interface(f, conf->number, now);
		} else {
			start_link(f, conf, now);
		}
	}
	services_begin(f, now);
	for (size_t i = 0; i < c->v.nlans; i++)
		(void)f->io->interfaces.up(f->io->interfaces.ctx, c->v.lans[i].interface);
}

void uplinks_readdress(struct fairlead *f, uint8_t number, mtime now)
{
	struct link_out out;

	if (!f->link[number].conf)
		return;
	open_probes(f, number);
	link_reconfigure(&f->link[number], conf_of(f, number), now, &out);
	uplinks_carry_out(f, number, now, &out);
}

/* ---- events ---- */

enum fl_err uplinks_ask(struct fairlead *f, uint8_t number, const struct link_target *t,
	const uint8_t secret[16], uint16_t seq, uint32_t token, struct textbuf *why)
{
	enum fl_err err = probing_ask(&f->io->probes, number, t, secret, seq, token, why);

	if (err == FL_OK)
		meters_probe(f, number, t);
	return err;
}

static enum fl_err send_probe(
	struct fairlead *f, uint8_t number, const struct link_probe *p, struct textbuf *why)
{
	return uplinks_ask(f, number, &conf_of(f, number)->monitor.targets[p->target],
		f->secret[number], p->seq, p->seq, why);
}

static void note_change(struct fairlead *f, uint8_t number, mtime now, const struct link_change *c)
{
	struct known_link *k = &f->known[number];
	char text[LINK_CAUSE_MAX + 48];
	struct textbuf t = textbuf_of(text, sizeof(text));

	f->links_changed = true;
	operator_drill_changed(f, number, now, c->to);
	/* A suspicion lasts for less than a second and is nothing to wake anybody for. */
	if (c->from == LINK_SUSPECT && link_state_is_fit(c->to))
		return;
	if (c->to == LINK_SUSPECT)
		return;
	textbuf_printf(&t, "%s -> %s (%s)",
		link_state_text(c->from == LINK_SUSPECT ? LINK_UP : c->from),
		link_state_text(c->to), c->cause);
	histories_note(f, number, text);
	if (f->start_unsaid & link_bit(number))
		log_start(f, number);
	else
		log_printf(&f->log,
			c->to == LINK_DOWN || c->to == LINK_NO_CARRIER ? LOG_LEVEL_WARNING
								       : LOG_LEVEL_NOTICE,
			"%.*s: %s", STR_ARG(conf_of(f, number)->name), text);
	k->state = c->to;
	k->wall = f->io->io.wall(f->io->io.ctx);
	save_soon(f, now);
}

/* A dead target is one fact, whatever the number of links that ask it. */
static void blame_target(struct fairlead *f, uint8_t number, size_t target)
{
	char addr[IP_TEXT_MAX];

	if (link_target_is_to_blame(f->link, f->order, f->nlinks, number, target))
		log_printf(&f->log, LOG_LEVEL_NOTICE,
			"target %s is silent over every link: its own trouble",
			ip_addr_text(&f->link[number].target[target].addr, addr));
}

static void ask_gateways(const struct fairlead *f, uint8_t number)
{
	const struct neighbours *n = &f->io->neighbours;
	const struct link_conf *c = conf_of(f, number);

	for (size_t i = 0; n->ask && i < c->ngateways; i++)
		n->ask(n->ctx, c->interface, &c->gateways[i].addr);
}

static void carry_out(
	struct fairlead *f, uint8_t number, mtime now, struct link_out *out, unsigned depth)
{
	struct link_out more;
	char words[80];

	for (size_t i = 0; i < out->nchange; i++)
		note_change(f, number, now, &out->change[i]);
	f->links_changed |= out->families_changed;
	if (out->ask_gateway)
		ask_gateways(f, number);
	if (out->note[0])
		log_printf(&f->log, LOG_LEVEL_NOTICE, "%.*s: %s", STR_ARG(conf_of(f, number)->name),
			out->note);
	if (out->target_silent)
		blame_target(f, number, out->target);
	for (size_t i = 0; i < out->nsend; i++) {
		struct textbuf why = textbuf_of(words, sizeof(words));

		if (send_probe(f, number, &out->send[i], &why) == FL_OK || depth == FAILURES_DEPTH)
			continue;
		log_printf(&f->log, LOG_LEVEL_DEBUG, "%.*s: a probe was not sent: %s",
			STR_ARG(conf_of(f, number)->name), words);
		link_send_failed(&f->link[number], now, out->send[i].seq, &more);
		carry_out(f, number, now, &more, depth + 1);
	}
}

void uplinks_carry_out(struct fairlead *f, uint8_t number, mtime now, struct link_out *out)
{
	carry_out(f, number, now, out, 0);
}

void uplinks_probe_answer(struct fairlead *f, const struct io_event *e)
{
	mtime now = f->io->io.now(f->io->io.ctx);
	struct link_out out;
	uint16_t seq;

	if (e->link < 1 || e->link > FL_LINKS_MAX || !conf_of(f, e->link) ||
		link_drill_withholds(&f->drill, e->link) || services_answer(f, e, now) ||
		!probing_is_answer(&f->link[e->link], f->secret[e->link], e, &seq))
		return;
	link_answer(&f->link[e->link], now, seq, &out);
	uplinks_carry_out(f, e->link, now, &out);
}

void uplinks_neighbour(struct fairlead *f, const struct io_event *e, mtime now)
{
	for (size_t i = 0; i < f->nlinks; i++) {
		uint8_t number = f->order[i];
		const struct link_conf *c = conf_of(f, number);
		const struct ip_addr *gateway = link_conf_gateway(c, e->from.family);
		struct link_out out;

		if (!gateway || !ip_addr_eq(gateway, &e->from) ||
			!str_eq(c->interface, e->interface))
			continue;
		link_gateway_heard(&f->link[number], now, e->from.family, e->alive, &out);
		uplinks_carry_out(f, number, now, &out);
	}
}

void uplinks_interface(struct fairlead *f, struct str name, mtime now)
{
	const struct config *c = fairlead_config(f);
	bool ours = name.n == 0;

	for (size_t i = 0; i < f->nlinks; i++) {
		bool had = f->carrier[f->order[i]];

		if (name.n && !link_lies_on(conf_of(f, f->order[i]), name))
			continue;
		look_at_interface(f, f->order[i], now);
		/* The kernel forgets addresses and routes of an interface that goes. */
		ours |= f->carrier[f->order[i]] && !had;
	}
	for (size_t i = 0; i < c->v.nlans; i++) {
		if (name.n && !str_eq(c->v.lans[i].interface, name) &&
			!str_eq(c->v.lans[i].port, name))
			continue;
		(void)f->io->interfaces.up(f->io->interfaces.ctx, c->v.lans[i].port);
		(void)f->io->interfaces.up(f->io->interfaces.ctx, c->v.lans[i].interface);
		ours = true;
	}
	if (ours)
		f->reconcile_due = mtime_first(f->reconcile_due, now);
}

/* ---- time ---- */

/* Hand one link what was received on it; returns whether that is traffic worth watching. */
static bool hear_users_of(
	struct fairlead *f, uint8_t number, mtime now, const struct interface_state *is)
{
	uint64_t heard = operator_heard(f, number, is->rx_packets);
	struct link_out out;

	f->rx_packets[number] = is->rx_packets;
	link_load_note(&f->load[number], now, is->rx_bytes, is->tx_bytes);
	meters_count(f, number, is, now);
	link_heard(&f->link[number], now, heard, &out);
	uplinks_carry_out(f, number, now, &out);
	return link_users_are_watched(&f->link[number]);
}

static void hear_users(struct fairlead *f, mtime now)
{
	const struct interfaces *io = &f->io->interfaces;
	struct str name[FL_LINKS_MAX];
	uint8_t number[FL_LINKS_MAX];
	struct interface_state is[FL_LINKS_MAX];
	bool busy = false;
	size_t n = 0;

	for (size_t i = 0; i < f->nlinks; i++)
		if (f->carrier[f->order[i]]) {
			number[n] = f->order[i];
			name[n] = conf_of(f, number[n])->interface;
			n++;
		}
	io->count(io->ctx, name, is, n);
	for (size_t i = 0; i < n; i++)
		busy |= hear_users_of(f, number[i], now, &is[i]);
	/* One quiet look does not end the watch: it is what the watch is for. */
	f->heard_quiet = busy ? 0 : f->heard_quiet + 1;
	f->heard_due = mtime_after(now, f->heard_quiet < 50 ? HEARD_BUSY : HEARD_IDLE);
}

/* Some methods go by load and delay, which change without an event. */
static void ask_policies(struct fairlead *f, mtime now)
{
	const struct config *c = fairlead_config(f);

	if (mtime_between(f->figures_at, now).us < FIGURES_EVERY.us)
		return;
	f->figures_at = now;
	for (size_t i = 0; i < c->v.npolicies; i++)
		f->links_changed |=
			policy_follows_figures((enum policy_method)c->v.policies[i].method);
}

static void log_starts(struct fairlead *f)
{
	for (uint8_t number = 1; number <= FL_LINKS_MAX; number++)
		if (f->start_unsaid & link_bit(number))
			log_start(f, number);
}

void uplinks_tick(struct fairlead *f, mtime now)
{
	struct link_out out;

	for (size_t i = 0; i < f->nlinks; i++) {
		uint8_t number = f->order[i];

		if (!mtime_reached(now, link_next_due(&f->link[number])))
			continue;
		link_tick(&f->link[number], now, &out);
		uplinks_carry_out(f, number, now, &out);
	}
	services_tick(f, now);
	if (mtime_reached(now, f->heard_due)) {
		hear_users(f, now);
		ask_policies(f, now);
	}
	if (mtime_reached(now, f->save_due))
		save(f);
	if (mtime_reached(now, f->meters_due))
		meters_save(f);
	if (f->start_unsaid && mtime_reached(now, f->start_due))
		log_starts(f);
}

mtime uplinks_next_due(const struct fairlead *f)
{
	mtime due = mtime_first(f->save_due, f->nlinks ? f->heard_due : MTIME_NEVER);

	due = mtime_first(due, mtime_first(f->meters_due, services_due(f)));
	if (f->start_unsaid)
		due = mtime_first(due, f->start_due);
	for (size_t i = 0; i < f->nlinks; i++)
		due = mtime_first(due, link_next_due(&f->link[f->order[i]]));
	return due;
}

/* ---- for the console ---- */

static void console_carry_out(void *ctx, uint8_t number, mtime now, struct link_out *out)
{
	uplinks_carry_out(ctx, number, now, out);
}

void uplinks_console(struct fairlead *f)
{
	f->link_console = (struct link_console){
		.link = f->link,
		.order = f->order,
		.nlinks = &f->nlinks,
		.live = &f->published.live,
		.kernel_lacks = &f->kernel_lacks,
		.meter = f->meter,
		.carry_out = console_carry_out,
		.ctx = f,
	};
	f->link_console.services = &f->services;
	operator_console(f, &f->link_console);
}
