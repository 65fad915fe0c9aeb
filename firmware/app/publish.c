/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the states of the links to DNS answers and kernel tables.
 *
 * Order when a link dies, and why:
 *  1. the DNS responder's state: one store, and mail and visitors come in elsewhere;
 *  2. the kernel's switch: one element into a set, and new connections go out elsewhere;
 *  3. only now, and only if a live link remains, the connections of the dead link are forgotten, so
 * that none of them can come back on it;
 *  4. the exact new slots, unhurried. */
#include "product.h"

#include <string.h>

#define RECONCILE_FIRST sec(1)
#define RECONCILE_LAST  sec(60)

enum link_state publish_state_of(const struct fairlead *f, const struct link_conf *c)
{
	const struct link *l = &f->link[c->number];

	if (c->disabled)
		return LINK_DISABLED;
	if (!l->conf || !str_eq(l->conf->name, c->name) || l->state == LINK_DISABLED)
		return LINK_UP;
	return link_operator_state(l, &f->op[c->number]);
}

static bool is_dead_for(const struct fairlead *f, const struct link_conf *c, uint8_t family)
{
	const struct link *l = &f->link[c->number];

	return l->conf && str_eq(l->conf->name, c->name) && link_family_is_dead(l, family);
}

/* What the policies are told of link `which` of `c`. */
static struct policy_link policy_link_of(
	const struct fairlead *f, const struct config *c, size_t which)
{
	const struct link_conf *conf = &c->v.links[which];
	const struct link_operator *op = &f->op[conf->number];
	const struct link *l = &f->link[conf->number];
	struct link_figures figures = {0};

	if (l->conf)
		link_figures(l, f->io->io.now(f->io->io.ctx), &figures);
	return (struct policy_link){
		.number = conf->number,
		.state = publish_state_of(f, conf),
		.weight = policy_link_weight(c->v.links, c->v.nlinks, which),
		.backup = link_operator_is_backup(conf, op) || f->link[conf->number].spent,
		.barred = link_operator_bars(op),
		.dead = {is_dead_for(f, conf, 4), is_dead_for(f, conf, 6)},
		.load = link_load_permille(&f->load[conf->number], conf),
		.rtt = figures.rtt,
	};
}

void publish_what_if(
	const struct fairlead *f, const struct config *c, uint32_t down, struct published *out)
{
	struct policy_link links[FL_LINKS_MAX];

	for (size_t i = 0; i < c->v.nlinks; i++) {
		links[i] = policy_link_of(f, c, i);
		if (down & link_bit(links[i].number))
			links[i].state = LINK_DOWN;
	}
	(void)policy_publish(c->v.policies, c->v.npolicies, links, c->v.nlinks, &f->published, out);
}

static void make_published(
	struct fairlead *f, const struct published *old, struct published *out, bool *changed)
{
	const struct config *c = fairlead_config(f);
	struct policy_link links[FL_LINKS_MAX];

	for (size_t i = 0; i < f->nlinks; i++) {
		links[i] = policy_link_of(f, c, i);
		links[i].state = link_operator_state(&f->link[f->order[i]], &f->op[f->order[i]]);
	}
	*changed = policy_publish(c->v.policies, c->v.npolicies, links, f->nlinks, old, out);
}

static void tell_dns(struct fairlead *f)
{
	const struct dns_service *d = &f->io->dns;

	d->state(d->ctx, bytes_of(&f->published, sizeof(f->published)));
}

static void reconcile_later(struct fairlead *f, mtime now)
{
	f->reconcile_wait =
		span_min(span_max(span_sum(f->reconcile_wait, f->reconcile_wait), RECONCILE_FIRST),
			RECONCILE_LAST);
	f->reconcile_due = mtime_after(now, f->reconcile_wait);
}

static void apply_or_mend(struct fairlead *f, const struct kernel_diff *d, mtime now)
{
	const struct kernel *k = &f->io->kernel;
	char words[256];
	struct textbuf why = textbuf_of(words, sizeof(words));

	if (kernel_diff_is_empty(d))
		return;
	if (k->apply(k->ctx, d, &why)) {
		log_printf(&f->log, LOG_LEVEL_ERROR,
			"the kernel refused a change of forwarding: %s", words);
		reconcile_later(f, now);
	}
}

/* From one wanted state to another, both in scratch memory, which is free then; `err`: one of them
 * could not be made. */
static void apply_change(struct fairlead *f, enum fl_err err, const struct kernel_state *before,
	const struct kernel_state *after, mtime now)
{
	struct kernel_diff diff;

	if (!err)
		kernel_state_diff(before, after, &f->scratch, &diff);
	if (err || f->scratch.full)
		reconcile_later(f, now);
	else
		apply_or_mend(f, &diff, now);
	arena_reset(&f->scratch);
}

static void flush(struct fairlead *f, uint8_t mark, uint8_t family)
{
	const struct kernel *k = &f->io->kernel;
	char words[256];
	struct textbuf why = textbuf_of(words, sizeof(words));

	if (k->flush(k->ctx, mark, family, &why))
		log_printf(&f->log, LOG_LEVEL_ERROR,
			"connections of link number %u were not flushed: %s", mark, words);
}

static void flush_dead(struct fairlead *f, const struct published *old)
{
	uint8_t marks[FL_LINKS_MAX];
	size_t n = forwarding_flush_marks(old, &f->published, marks);

	for (size_t i = 0; i < n; i++)
		flush(f, marks[i], 0);
	for (uint8_t family = 4; family <= 6; family = (uint8_t)(family + 2)) {
		n = forwarding_flush_family(old, &f->published, family, marks);
		for (size_t i = 0; i < n; i++)
			flush(f, marks[i], family);
	}
}

void publish(struct fairlead *f, mtime now)
{
	struct published old = f->published, next;
	struct kernel_diff first, rest;
	bool changed;
	mtime dns_told;

	make_published(f, &old, &next, &changed);
	if (!changed)
		return;
	f->published = next;
	tell_dns(f);
	secondaries_published(f, now);
	dns_told = f->io->io.now(f->io->io.ctx);
	if (forwarding_switch(&old, &next, &f->scratch, &first, &rest) == FL_OK) {
		apply_or_mend(f, &first, now);
		operator_drill_switched(f, dns_told, f->io->io.now(f->io->io.ctx));
		flush_dead(f, &old);
		apply_or_mend(f, &rest, now);
		failback_published(f, &old, now);
	} else {
		log_printf(&f->log, LOG_LEVEL_ERROR, "out of memory while switching links");
		reconcile_later(f, now);
	}
	arena_reset(&f->scratch);
}

/* ---- a new configuration ---- */

static size_t endpoints(const struct config *c, struct dns_endpoint *at, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < c->v.nlinks; i++)
		for (uint8_t family = 4; family <= 6; family = (uint8_t)(family + 2)) {
			const struct ip_prefix *own = link_conf_address(&c->v.links[i], family);

			if (own && n < max && !c->v.links[i].disabled)
				at[n++] = (struct dns_endpoint){own->addr, 53};
		}
	for (size_t i = 0; i < c->v.dns.nlisten && n < max; i++)
		at[n++] = (struct dns_endpoint){
			c->v.dns.listen[i].address, (uint16_t)c->v.dns.listen[i].port};
	return n;
}

/* Names as they were checked, unless a link has another number or address since. */
static enum fl_err fresh_zones(struct config *c, const struct dns_source *source)
{
	struct diags ignored; /* there was no mistake when it was checked */

	if (c->zones && dns_zones_fit(c->zones, source))
		return FL_OK;
	config_drop_zones(c);
	diags_init(&ignored, &c->zones_mem);
	return dns_zones_gather(source, &c->zones_mem, &ignored, &c->zones);
}

/* Compile the zone image, right where the responder reads it. */
static enum fl_err compile_zones(
	struct fairlead *f, struct config *c, struct bytes *image, struct textbuf *why)
{
	const struct dns_service *d = &f->io->dns;
	struct dns_source source = config_dns_source(c, f->serial);
	uint8_t *room = NULL;
	enum fl_err err;
	size_t size = 0;

	memcpy(source.cookie_secret, f->cookie_secret, sizeof(source.cookie_secret));
	err = fresh_zones(c, &source);
	if (!err)
		err = dns_zones_place(c->zones, &source, &size);
	if (!err)
		room = d->room(d->ctx, size);
	if (room)
		dns_zones_write(c->zones, room);
	else if (!err)
		err = FL_EFULL;
	config_drop_zones(c);
	*image = bytes_of(room, size);
	if (err)
		textbuf_printf(why, "the zone image %s", fl_err_text(err));
	return err;
}

enum fl_err publish_domains(struct fairlead *f, struct textbuf *why)
{
	struct config *c = fairlead_config(f);
	const struct dns_service *d = &f->io->dns;
	struct dns_endpoint at[2 * FL_LINKS_MAX + 16];
	size_t n = endpoints(c, at, COUNT_OF(at));
	struct bytes image;
	enum fl_err err = compile_zones(f, c, &image, why);

	if (err)
		return err;
	tell_dns(f);
	if ((err = d->image(d->ctx, image, why)))
		return err;
	/* What was built here need not be checked; the worker does not rely on it. */
	f->image = (struct dns_image){image.at, image.n};
	err = d->listen(
		d->ctx, at, IS_ENABLED(CONFIG_DNS_RESPONDER) ? n : 0, c->v.dns.threads, why);
	if (!err)
		secondaries_configure(f);
	return err;
}

enum fl_err publish_rows(struct fairlead *f, const struct dns_edit *rows, size_t n)
{
	const struct dns_service *d = &f->io->dns;
	uint32_t serial = commit_next_serial(f);
	struct dns_source source = config_dns_source(fairlead_config(f), serial);
	struct textbuf ignored = textbuf_of((char[128]){0}, 128);
	struct dns_patch *patch;
	struct bytes image = bytes_of(NULL, 0);
	enum fl_err err = f->image.at ? FL_OK : FL_EAGAIN;

	if (!err)
		err = dns_image_patch(&f->image, &source, rows, n, &f->scratch, &patch);
	if (!err)
		image.n = dns_patch_size(patch);
	if (!err && (image.at = d->copy(d->ctx, image.n))) {
		dns_patch_write(patch, (uint8_t *)(uintptr_t)image.at);
		err = d->image(d->ctx, image, &ignored);
	}
	arena_reset(&f->scratch);
	if (err || !image.at)
		return FL_EAGAIN;
	f->image = (struct dns_image){image.at, image.n};
	f->serial = serial;
	secondaries_configure(f);
	return FL_OK;
}

/* What the kernel holds before a new configuration: what the old one wanted, or at the start
 * whatever an earlier run has left there. */
static enum fl_err in_kernel(struct fairlead *f, const struct config *old,
	const struct published *before, const struct kernel_state *expect, struct kernel_state *out)
{
	const struct kernel *k = &f->io->kernel;
	struct forwarding_source was;
	bool chains_known = false;
	enum fl_err err;

	if (old) {
		was = config_forwarding_source(old);
		return forwarding_want(&was, before, &f->scratch, out);
	}
	err = k->read(k->ctx, expect, &f->scratch, out, &chains_known);
	if (!chains_known)
		out->nchains = out->nsets = 0;
	return err;
}

/* A number that is looked for elsewhere from now on is not found on the connections that there are:
 * they would get other links, which their addresses do not fit.  So they begin anew. */
static void move_marks(struct fairlead *f, const struct config *old)
{
	const struct kernel *k = &f->io->kernel;
	uint32_t bits = config_mark_bits(fairlead_config(f));

	if (old && f->mark_bits && f->mark_bits != bits)
		for (size_t i = 0; i < old->v.nlinks; i++)
			flush(f, old->v.links[i].number, 0);
	k->mark_bits(k->ctx, bits);
	f->mark_bits = bits;
}

enum fl_err publish_configuration(struct fairlead *f, const struct config *old, struct textbuf *why)
{
	const struct kernel *k = &f->io->kernel;
	struct forwarding_source is = config_forwarding_source(fairlead_config(f));
	struct published before = f->published;
	struct kernel_state from = {0}, to = {0};
	struct kernel_diff diff;
	char words[128] = "";
	struct textbuf also = textbuf_of(words, sizeof(words));
	bool changed;
	enum fl_err err, domains;

	f->kernel_lacks = k->lacks(k->ctx, forwarding_needs(&is));
	make_published(f, &before, &f->published, &changed);
	err = forwarding_want(&is, &f->published, &f->scratch, &to);
	if (!err)
		err = in_kernel(f, old, &before, &to, &from);
	if (!err) {
		kernel_state_diff(&from, &to, &f->scratch, &diff);
		err = f->scratch.full ? FL_EFULL : k->apply(k->ctx, &diff, why);
	}
	arena_reset(&f->scratch);
	if (err == FL_EFULL)
		textbuf_printf(why, "out of memory");
	/* At the start there is nothing to go back to: the kernel is asked again, and until then
	 * the names are served. */
	if (err && old)
		return err;
	move_marks(f, old);
	domains = publish_domains(f, err ? &also : why);
	if (err && domains)
		textbuf_printf(why, "; %s", words);
	return err ? err : domains;
}

/* Connections with an address that the link has no more are over. */
static void flush_readdressed(
	struct fairlead *f, const struct link_conf *c, const struct ip_addr was[2])
{
	bool over = false;

	for (size_t i = 0; i < 2; i++) {
		const struct ip_prefix *own = link_conf_address(c, i ? 6 : 4);

		over |= was[i].family && (!own || !ip_addr_eq(&own->addr, &was[i]));
	}
	if (over)
		flush(f, c->number, 0);
}

/* The kernel has the new address before a probe or the responder is bound to it. */
void publish_lease(struct fairlead *f, uint8_t number, mtime now)
{
	struct config *c = fairlead_config(f);
	const struct link_conf *conf = link_conf_numbered(c->v.links, c->v.nlinks, number);
	struct forwarding_source source = config_forwarding_source(c);
	struct kernel_state before = {0}, after = {0};
	struct ip_addr was[2] = {0};
	char words[256];
	struct textbuf why = textbuf_of(words, sizeof(words));
	enum fl_err err = forwarding_want(&source, &f->published, &f->scratch, &before);

	for (size_t i = 0; i < 2; i++) {
		const struct ip_prefix *own = link_conf_address(conf, i ? 6 : 4);

		was[i] = own ? own->addr : (struct ip_addr){0};
	}
	acquire_fill(f, c);
	acquire_warn(f, c);
	(void)lans_delegate(f, c, false);
	if (f->unconfirmed.waits)
		acquire_fill(f, &f->config[f->unconfirmed.before]);
	if (!err)
		err = forwarding_want(&source, &f->published, &f->scratch, &after);
	apply_change(f, err, &before, &after, now);
	flush_readdressed(f, conf, was);
	uplinks_readdress(f, number, now);
	f->serial++; /* secondaries fetch the zones only when it has risen */
	if (publish_domains(f, &why))
		log_printf(&f->log, LOG_LEVEL_ERROR, "DNS with the addresses of %.*s: %s",
			STR_ARG(conf->name), words);
}

void publish_prefixes(struct fairlead *f, mtime now)
{
	struct config *c = fairlead_config(f);
	struct forwarding_source source = config_forwarding_source(c);
	struct kernel_state before = {0}, after = {0};
	enum fl_err err;

	if (!lans_delegate(f, c, true))
		return;
	err = forwarding_want(&source, &f->published, &f->scratch, &before);
	(void)lans_delegate(f, c, false);
	if (!err)
		err = forwarding_want(&source, &f->published, &f->scratch, &after);
	apply_change(f, err, &before, &after, now);
}

void publish_servers(struct fairlead *f, mtime now)
{
	struct forwarding_source source = config_forwarding_source(fairlead_config(f));
	struct kset before, after;
	struct kernel_state was = {.sets = &before, .nsets = 1}, is = {.sets = &after, .nsets = 1};
	enum fl_err err = forwarding_servers(&source, &f->scratch, &before);

	servers_follow(f);
	if (!err)
		err = forwarding_servers(&source, &f->scratch, &after);
	apply_change(f, err, &was, &is, now);
	servers_cut(f);
}

/* Made anew in one transaction, as with new chains: no packet is lost, and counters that cannot be
 * set back on all kernels begin with nothing. */
enum fl_err publish_forget_counts(void *ctx, struct textbuf *why)
{
	struct fairlead *f = ctx;
	const struct kernel *k = &f->io->kernel;
	struct forwarding_source is = config_forwarding_source(fairlead_config(f));
	struct kernel_diff anew = {.forget_counts = true};
	struct kernel_state want;
	enum fl_err err = forwarding_want(&is, &f->published, &f->scratch, &want);

	anew.replace_table = &want;
	if (err)
		textbuf_printf(why, "%s", fl_err_text(err));
	else
		err = k->apply(k->ctx, &anew, why);
	arena_reset(&f->scratch);
	return err;
}

void publish_reconcile(struct fairlead *f, mtime now)
{
	const struct kernel *k = &f->io->kernel;
	struct forwarding_source is = config_forwarding_source(fairlead_config(f));
	struct kernel_state want, have;
	struct kernel_diff diff;
	bool chains_known = false;
	char words[256];
	struct textbuf why = textbuf_of(words, sizeof(words));

	f->reconcile_due = MTIME_NEVER;
	if (f->kernel_lacks) /* a module may have come */
		f->kernel_lacks = k->lacks(k->ctx, forwarding_needs(&is));
	if (forwarding_want(&is, &f->published, &f->scratch, &want) ||
		k->read(k->ctx, &want, &f->scratch, &have, &chains_known)) {
		reconcile_later(f, now);
		arena_reset(&f->scratch);
		return;
	}
	if (!chains_known)
		have.nchains = have.nsets = 0;
	kernel_state_diff(&have, &want, &f->scratch, &diff);
	if (kernel_diff_is_empty(&diff)) {
		f->reconcile_wait = ms(0);
	} else if (k->apply(k->ctx, &diff, &why)) {
		log_printf(&f->log, LOG_LEVEL_ERROR,
			"the kernel's forwarding state could not be mended: %s", words);
		reconcile_later(f, now);
	} else {
		log_printf(&f->log, LOG_LEVEL_NOTICE, "mended the kernel's forwarding state");
		f->reconcile_wait = ms(0);
	}
	arena_reset(&f->scratch);
}
