/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A link and its settings: how it starts, and what a commit leaves as it is. */
#include "link_estimate.h"
#include "link_internal.h"

#include <string.h>

#define CARRIER_PATIENCE sec(2)

/* FNV-1a: tells queries apart, keeps no secret. */
static uint64_t hash_on(uint64_t h, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (uint8_t)s.at[i]) * UINT64_C(0x100000001b3);
	return h;
}

static size_t count_targets(const struct link_conf *conf)
{
	size_t n = conf->monitor.ntargets;

	return n < LINK_TARGETS_MAX ? n : LINK_TARGETS_MAX;
}

static struct link_target_state target_of(const struct link_target *conf)
{
	struct link_target_state t;

	link_target_init(&t);
	t.addr = conf->addr;
	t.method = conf->method;
	t.query_hash = hash_on(UINT64_C(0xcbf29ce484222325), conf->query);
	t.query_hash = hash_on(hash_on(t.query_hash, STR("\n")), conf->expect);
	return t;
}

bool link_is_same_target(const struct link_target_state *a, const struct link_target_state *b)
{
	return ip_addr_eq(&a->addr, &b->addr) && a->method == b->method &&
	       a->query_hash == b->query_hash;
}

static void begin(
	struct link *l, mtime now, enum link_state state, const char *cause, struct link_out *out)
{
	struct link_change *c = &out->change[out->nchange++];
	struct textbuf t = textbuf_of(c->cause, sizeof(c->cause));

	textbuf_printf(&t, "%s", cause);
	c->from = LINK_NONE;
	c->to = state;
	memcpy(l->cause, c->cause, sizeof(l->cause));
	l->state = state;
	l->since = now;
}

/* The state to take up again; LINK_NONE: as if started for the first time. */
static enum link_state resumed(enum link_state saved)
{
	switch (saved) {
	case LINK_UP:
	case LINK_SUSPECT:
	case LINK_STANDBY:
		return LINK_UP;
	case LINK_DEGRADED:
		return LINK_DEGRADED;
	case LINK_DOWN:
	case LINK_RECOVERING:
		return LINK_DOWN;
	case LINK_NONE:
	case LINK_DISABLED:
	case LINK_NO_CARRIER:
	case LINK_STATES:
		break;
	}
	return LINK_NONE;
}

void link_start(struct link *l, const struct link_conf *conf, mtime now, enum link_state saved,
	uint64_t seed, struct link_out *out)
{
	enum link_state state = resumed(saved);

	link_out_clear(out);
	*l = (struct link){.conf = conf,
		.fresh = state == LINK_NONE || conf->disabled,
		.unaddressed = link_conf_awaits_address(conf),
		.carrier_by = MTIME_NEVER,
		.gateway_due = now,
		.dead_since = now,
		.next_send = now,
		.credited = now,
		.credit = sec(3600), /* cut to what the budget allows by the first use */
		.answered = now,
		.alive_sent = now,
		.gap_at = now,
		.ntargets = count_targets(conf),
		.loss = {5000000, 5000000}, /* 0.5 % */
		.family = {{.down_at = {INT64_MIN / 2}}, {.down_at = {INT64_MIN / 2}}},
		.quality = {.crossed = MTIME_NEVER, .lossy = state == LINK_DEGRADED},
		.rng = rng_of(seed)};
	l->oldest = l->next = (uint16_t)rng_u64(&l->rng);
	for (size_t i = 0; i < l->ntargets; i++)
		l->target[i] = target_of(&conf->monitor.targets[i]);
	if (conf->disabled)
		begin(l, now, LINK_DISABLED, "disabled in the settings", out);
	else if (state == LINK_NONE)
		begin(l, now, LINK_NO_CARRIER, "no carrier seen yet", out);
	else {
		begin(l, now, state, "as before the restart, not yet confirmed", out);
		l->saved = true;
		l->carrier_by = mtime_after(now, CARRIER_PATIENCE);
	}
}

/* Bring the estimators of the targets that stay into the new order; `to` says where each went. */
static void keep_targets(struct link *l, const struct link_conf *conf, uint8_t to[LINK_TARGETS_MAX])
{
	struct link_target_state fresh[LINK_TARGETS_MAX] = {0};
	size_t n = count_targets(conf);

	memset(to, UINT8_MAX, LINK_TARGETS_MAX);
	for (size_t i = 0; i < n; i++) {
		fresh[i] = target_of(&conf->monitor.targets[i]);
		for (size_t k = 0; k < l->ntargets; k++)
			if (to[k] == UINT8_MAX && link_is_same_target(&l->target[k], &fresh[i])) {
				fresh[i] = l->target[k];
				to[k] = (uint8_t)i;
				break;
			}
	}
	memcpy(l->target, fresh, n * sizeof(fresh[0]));
	l->ntargets = n;
	l->turn = 0;
}

static void keep_flights(struct link *l, const uint8_t to[LINK_TARGETS_MAX])
{
	for (size_t i = 0; i < LINK_FLIGHT_MAX; i++) {
		struct link_flight *f = &l->flight[i];

		if (f->fate == FATE_NONE)
			continue;
		if (to[f->target] == UINT8_MAX)
			f->fate = FATE_NONE;
		else
			f->target = to[f->target];
	}
}

/* The targets of a proof or a row are numbers: begin anew rather than translate them. */
static void restart_judgement(struct link *l, mtime now)
{
	memset(l->proof.lost, 0, sizeof(l->proof.lost));
	l->proof.heard = 0;
	l->proof.sent = l->proof.answered = 0;
	l->proof.since = now;
	l->row.targets = 0;
	for (size_t i = 0; i < COUNT_OF(l->family); i++)
		l->family[i].lost = l->family[i].sent = l->family[i].answered = 0;
	l->test = (struct link_test){0};
}

void link_reconfigure(struct link *l, const struct link_conf *conf, mtime now, struct link_out *out)
{
	uint8_t to[LINK_TARGETS_MAX];
	bool same = count_targets(conf) == l->ntargets;

	link_out_clear(out);
	keep_targets(l, conf, to);
	for (size_t i = 0; same && i < l->ntargets; i++)
		same = to[i] == i;
	if (!same) {
		keep_flights(l, to);
		restart_judgement(l, now);
	}
	l->conf = conf;
	link_gateway_keep(l);
	l->gateway_due = now;
	if (!conf->metered.quota) {
		l->pace = us(0);
		l->resting = l->spent = false;
	}
	l->next_send = mtime_first(l->next_send, mtime_after(now, link_interval(l)));
	link_apply(l, now, conf->disabled ? LINK_DISABLE : LINK_ENABLE, out);
	link_follow_address(l, now, out);
	if (l->state == LINK_NO_CARRIER && l->cable == LINK_PLUGGED)
		link_apply(l, now, l->unaddressed ? LINK_NO_ADDRESS : LINK_FIRST_CARRIER, out);
	link_go_on(l, now, out);
}

/* The last octets where a name is too long: they tell more than the first. */
static struct str tail(struct str name, size_t n)
{
	return name.n > n ? (struct str){name.at + name.n - n, n} : name;
}

static enum fl_err keep_name(struct textbuf *name, struct arena *mem, struct str *out)
{
	char *copy = arena_copy(mem, name->at, name->n);

	if (!copy)
		return FL_EFULL;
	*out = (struct str){copy, name->n};
	return FL_OK;
}

enum fl_err link_vlan_device(struct str port, uint32_t vlan, struct arena *mem, struct str *out)
{
	char room[LINK_DEVICE_MAX + 1];
	struct textbuf name = textbuf_of(room, sizeof(room));
	size_t digits = vlan > 999 ? 4 : vlan > 99 ? 3 : vlan > 9 ? 2 : 1;

	textbuf_printf(&name, "%.*s.%u", STR_ARG(tail(port, LINK_DEVICE_MAX - 1 - digits)),
		(unsigned)vlan);
	return keep_name(&name, mem, out);
}

enum fl_err link_conf_device(struct link_conf *c, struct arena *mem)
{
	char room[LINK_DEVICE_MAX + 1];
	struct textbuf name = textbuf_of(room, sizeof(room));
	enum fl_err err = FL_OK;

	c->port = c->interface;
	if (c->vlan)
		err = link_vlan_device(c->port, c->vlan, mem, &c->interface);
	c->under = c->interface;
	if (err || !c->pppoe.user.n)
		return err;
	textbuf_printf(&name, "ppp-%.*s", STR_ARG(tail(c->name, LINK_DEVICE_MAX - 4)));
	return keep_name(&name, mem, &c->interface);
}

uint32_t link_conf_mtu(const struct link_conf *c)
{
	return c->mtu ? c->mtu : c->given ? c->given->mtu : 0;
}

const struct ip_prefix *link_conf_prefixes(const struct link_conf *c, size_t *n)
{
	if (c->prefix.addr.family) {
		*n = 1;
		return &c->prefix;
	}
	*n = c->given ? c->given->nprefixes : 0;
	return c->given ? c->given->prefixes : NULL;
}

bool link_conf_is_leased(const struct link_conf *c)
{
	return c->dhcp || c->pppoe.user.n;
}

bool link_conf_awaits_address(const struct link_conf *c)
{
	return link_conf_is_leased(c) && !(c->given && c->given->addressed);
}

const struct ip_prefix *link_conf_address(const struct link_conf *c, uint8_t family)
{
	for (size_t i = 0; i < c->naddresses; i++)
		if (c->addresses[i].prefix.addr.family == family)
			return &c->addresses[i].prefix;
	return NULL;
}

const struct ip_addr *link_conf_gateway(const struct link_conf *c, uint8_t family)
{
	for (size_t i = 0; i < c->ngateways; i++)
		if (c->gateways[i].addr.family == family)
			return &c->gateways[i].addr;
	return NULL;
}

const struct link_conf *link_conf_numbered(
	const struct link_conf *links, size_t nlinks, unsigned number)
{
	for (size_t i = 0; number && i < nlinks; i++)
		if (links[i].number == number)
			return &links[i];
	return NULL;
}
