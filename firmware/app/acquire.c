/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Links whose addresses come from the provider while they run.
 *
 * dhcpcd and pppd ask and report; what they report is put into the links of the configuration in
 * force, and from there on such a link is like any other.  A lease belongs to a link by its name
 * and device: it outlives commits that leave these alone, and a restart of the daemon (not of the
 * machine), for which it is saved: until the programs speak up the addresses stay as they are, and
 * nothing is interrupted. */
#include "lease.h"
#include "product.h"

#include <string.h>

#define REMEMBERED_FOR sec(120) /* then a lease that nobody confirmed is forgotten */
#define SAME_BOOT      20       /* seconds that two clocks may drift apart and be of one boot */
#define ITEM_MAX       64
#define SAVED_MAX      4096

static uint64_t hash_text(uint64_t hash, struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		hash = (hash ^ (uint8_t)text.at[i]) * UINT64_C(0x100000001b3);
	return (hash ^ 0x1ff) * UINT64_C(0x100000001b3);
}

/* Whose lease it is: 0 for a link that has none. */
static uint64_t owner_of(const struct link_conf *c)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	if (!link_conf_is_leased(c) || c->disabled)
		return 0;
	hash = hash_text(hash_text(hash, c->name), c->interface);
	return hash_text(hash, c->pppoe.user) | 1;
}

/* ---- saved leases ---- */

static void item_of(const struct link_conf *c, char out[ITEM_MAX])
{
	struct textbuf t = textbuf_of(out, ITEM_MAX);

	textbuf_printf(&t, "lease-%.*s", STR_ARG(c->name));
}

/* When the machine was started, by the wall clock. */
static int64_t booted_at(const struct fairlead *f)
{
	return f->io->io.wall(f->io->io.ctx) - f->io->io.now(f->io->io.ctx).us / 1000000;
}

static void save(struct fairlead *f, const struct link_conf *c, const struct lease *l)
{
	const struct storage *s = &f->io->storage;
	char item[ITEM_MAX], text[SAVED_MAX], words[128];
	struct textbuf t = textbuf_of(text, sizeof(text)), why = textbuf_of(words, sizeof(words));
	struct sink out = textbuf_sink(&t);

	item_of(c, item);
	if (lease_is_empty(l)) {
		(void)s->remove(s->ctx, item);
		return;
	}
	textbuf_printf(&t, "%lld\n", (long long)booted_at(f));
	lease_print(l, &out);
	if (!t.cut && s->save(s->ctx, item, bytes_of(text, t.n), &why))
		log_printf(&f->log, LOG_LEVEL_WARNING, "the lease of %.*s was not saved: %s",
			STR_ARG(c->name), words);
}

/* Of an earlier run of the daemon since the machine was started. */
static bool load(struct fairlead *f, const struct link_conf *c, struct lease *out)
{
	const struct storage *s = &f->io->storage;
	char item[ITEM_MAX], words[128];
	struct textbuf why = textbuf_of(words, sizeof(words));
	struct bytes octets;
	struct str text, first;
	int64_t now = booted_at(f);
	uint64_t boot;

	item_of(c, item);
	if (s->load(s->ctx, item, &f->scratch, &octets, &why))
		return false;
	text = (struct str){(const char *)octets.at, octets.n};
	first = str_cut(&text, '\n');
	return str_to_u64(first, INT64_MAX, &boot) && (int64_t)boot - now <= SAME_BOOT &&
	       now - (int64_t)boot <= SAME_BOOT && lease_remember(text, out);
}

/* ---- leases into configurations ---- */

/* The LAN that a lease overlaps: its answers would not find the way back. */
static const struct lan_conf *lan_in_the_way(const struct config *c, const struct lease *l)
{
	for (size_t i = 0; i < c->v.nlans; i++)
		for (size_t j = 0; j < c->v.lans[i].naddresses; j++)
			for (size_t s = 0; s < LEASE_SOURCES; s++)
				for (size_t k = 0; k < l->part[s].naddresses; k++)
					if (ip_prefix_overlaps(&l->part[s].address[k],
						    &c->v.lans[i].addresses[j].prefix))
						return &c->v.lans[i];
	return NULL;
}

static const struct lease *lease_for(const struct fairlead *f, const struct link_conf *c)
{
	const struct acquired *a = &f->acquired[c->number];
	uint64_t owner = owner_of(c);

	return owner && a->owner == owner ? &a->lease : NULL;
}

void acquire_fill(struct fairlead *f, struct config *c)
{
	for (size_t i = 0; i < c->v.nlinks; i++) {
		struct link_conf *conf = &c->v.links[i];
		const struct lease *l = lease_for(f, conf);

		lease_put(conf, l && lan_in_the_way(c, l) ? NULL : l);
	}
}

void acquire_warn(struct fairlead *f, const struct config *c)
{
	for (size_t i = 0; i < c->v.nlinks; i++) {
		const struct link_conf *conf = &c->v.links[i];
		const struct lease *l = lease_for(f, conf);
		const struct lan_conf *lan = l ? lan_in_the_way(c, l) : NULL;

		if (lan)
			log_printf(&f->log, LOG_LEVEL_ERROR,
				"%.*s: the provider's network overlaps lan %.*s: the link is not "
				"used; give the LAN another network",
				STR_ARG(conf->name), STR_ARG(lan->name));
	}
}

/* ---- programs ---- */

static struct lease_hook hook_of(const struct fairlead *f, unsigned slot)
{
	const struct daemons *d = &f->io->daemons;

	return (struct lease_hook){d->report, d->socket, slot};
}

static void run(struct fairlead *f, unsigned slot, const struct daemon *d)
{
	const struct daemons *all = &f->io->daemons;
	char words[200];
	struct textbuf why = textbuf_of(words, sizeof(words));

	if (all->run(all->ctx, slot, d, &why))
		log_printf(&f->log, LOG_LEVEL_ERROR, "%.*s: %s", STR_ARG(d->name), words);
}

/* How a link's program is called, and the file of its settings: "dhcpcd wan1",
 * "FOLDER/dhcpcd-eth0.conf" and what of that is behind the folder. */
struct program_words {
	char room[700];
	struct str name, path, file;
};

static void program_words(const struct fairlead *f, const struct link_conf *c, const char *program,
	const char *ending, struct program_words *out)
{
	struct textbuf t = textbuf_of(out->room, sizeof(out->room));
	size_t path, file;

	textbuf_printf(&t, "%s %.*s", program, STR_ARG(c->name));
	out->name = textbuf_str(&t);
	path = t.n;
	textbuf_printf(&t, "%s/", f->io->daemons.folder);
	file = t.n;
	textbuf_printf(&t, "%s-%.*s.%s", program, STR_ARG(c->interface), ending);
	out->path = (struct str){t.at + path, t.n - path};
	out->file = (struct str){t.at + file, t.n - file};
}

static void run_dhcpcd(struct fairlead *f, const struct link_conf *c, unsigned slot, uint8_t family)
{
	char room[1024];
	struct textbuf conf = textbuf_of(room, sizeof(room));
	struct sink out = textbuf_sink(&conf);
	struct lease_hook hook = hook_of(f, slot);
	struct program_words w;
	struct daemon d;

	lease_dhcpcd_conf(c, &hook, family, &out);
	program_words(f, c, "dhcpcd", "conf", &w);
	d = (struct daemon){
		.name = w.name,
		.args = {STR("dhcpcd"), STR("--nobackground"), STR("--config"), w.path,
			c->interface},
		.nargs = 5,
		.files = {{w.file, textbuf_str(&conf), false}},
		.nfiles = 1,
	};
	run(f, slot, &d);
}

static void run_pppd(struct fairlead *f, const struct link_conf *c, unsigned slot)
{
	char room[2048];
	struct textbuf conf = textbuf_of(room, sizeof(room));
	struct sink out = textbuf_sink(&conf);
	struct lease_hook hook = hook_of(f, slot);
	struct program_words w;
	struct daemon d;

	lease_pppd_options(c, &hook, &out);
	program_words(f, c, "pppd", "options", &w);
	d = (struct daemon){
		.name = w.name,
		.args = {STR("pppd"), STR("file"), w.path},
		.nargs = 3,
		.files = {{w.file, textbuf_str(&conf), false}},
		.nfiles = 1,
	};
	run(f, slot, &d);
}

static unsigned slot_over_ppp(uint8_t number)
{
	return FL_LINKS_MAX + number;
}

/* IPv6 over PPP begins when the session stands: only then is there a device to ask over. */
static void run_programs(struct fairlead *f, const struct link_conf *c)
{
	const struct acquired *a = &f->acquired[c->number];
	const struct daemons *d = &f->io->daemons;
	bool session = a->lease.part[LEASE_PPP].naddresses > 0;

	if (c->pppoe.user.n)
		run_pppd(f, c, c->number);
	else
		run_dhcpcd(f, c, c->number, 0);
	if (c->pppoe.user.n && session)
		run_dhcpcd(f, c, slot_over_ppp(c->number), 6);
	else
		d->stop(d->ctx, slot_over_ppp(c->number));
}

static const struct link_conf *conf_numbered(struct fairlead *f, unsigned number)
{
	const struct config_values *v = &fairlead_config(f)->v;

	return link_conf_numbered(v->links, v->nlinks, number);
}

void acquire_configure(struct fairlead *f)
{
	const struct daemons *d = &f->io->daemons;

	for (uint8_t n = 1; n <= FL_LINKS_MAX; n++) {
		const struct link_conf *c = conf_numbered(f, n);
		uint64_t owner = c ? owner_of(c) : 0;
		struct acquired *a = &f->acquired[n];

		if (a->owner != owner)
			*a = (struct acquired){.owner = owner, .forget = MTIME_NEVER};
		if (owner) {
			run_programs(f, c);
		} else {
			d->stop(d->ctx, n);
			d->stop(d->ctx, slot_over_ppp(n));
		}
	}
}

/* Before the first configuration is in force. */
void acquire_remember(struct fairlead *f, struct config *c, mtime now)
{
	for (size_t i = 0; i < FL_LINKS_MAX + 1; i++)
		f->acquired[i].forget = MTIME_NEVER;
	for (size_t i = 0; i < c->v.nlinks; i++) {
		const struct link_conf *conf = &c->v.links[i];
		struct acquired *a = &f->acquired[conf->number];

		if (!owner_of(conf) || !load(f, conf, &a->lease))
			continue;
		a->owner = owner_of(conf);
		a->forget = mtime_after(now, REMEMBERED_FOR);
	}
	arena_reset(&f->scratch);
}

/* ---- news ---- */

static void tell(struct fairlead *f, const struct link_conf *c, const struct lease_report *r)
{
	char words[300];
	struct textbuf t = textbuf_of(words, sizeof(words));

	lease_text(&r->part, &t);
	if (r->news == LEASE_GIVEN)
		log_printf(&f->log, LOG_LEVEL_NOTICE, "%.*s: %s gives %s", STR_ARG(c->name),
			lease_source_text(r->source), t.n ? words : "nothing");
	else
		log_printf(&f->log, LOG_LEVEL_WARNING, "%.*s: %s takes back what it gave (%.*s)",
			STR_ARG(c->name), lease_source_text(r->source), STR_ARG(r->reason));
}

/* The number of the link whose program reports; 0: none. */
static uint8_t link_of_slot(unsigned slot)
{
	return (uint8_t)(slot > FL_LINKS_MAX ? slot - FL_LINKS_MAX : slot);
}

static bool is_unconfirmed(const struct acquired *a)
{
	return a->forget.us != MTIME_NEVER.us;
}

/* A client that nobody answers gives up a lease after a few seconds, however long it was given for
 * (RFC 2131 3.2 lets it go on).  As long as the cable stays in and the probes are answered, the
 * address that was good before the restart still is. */
static bool is_hasty(struct fairlead *f, const struct link_conf *c, const struct lease_report *r)
{
	return is_unconfirmed(&f->acquired[c->number]) && str_starts(r->reason, STR("EXPIRE")) &&
	       link_is_fit(&f->link[c->number]);
}

void acquire_report(struct fairlead *f, const struct io_event *e, mtime now)
{
	struct str text = {(const char *)e->data.at, e->data.n};
	uint8_t number = e->slot <= 2 * FL_LINKS_MAX ? link_of_slot(e->slot) : 0;
	const struct link_conf *c = conf_numbered(f, number);
	char words[100];
	struct textbuf why = textbuf_of(words, sizeof(words));
	struct acquired *a;
	struct lease_report r;

	if (!c || !owner_of(c))
		return;
	a = &f->acquired[number];
	if (lease_report_parse(text, &r, &why)) {
		log_printf(&f->log, LOG_LEVEL_WARNING,
			"%.*s: what the provider gives cannot be used: %s", STR_ARG(c->name),
			words);
		return;
	}
	if (is_hasty(f, c, &r))
		return;
	if (is_unconfirmed(a) && str_is(r.reason, "NOCARRIER"))
		a->forget = now; /* it may be another network when the cable is in again */
	if (r.news != LEASE_NO_NEWS)
		a->forget = MTIME_NEVER;
	if (!lease_take(&a->lease, &r))
		return;
	tell(f, c, &r);
	save(f, c, &a->lease);
	publish_lease(f, number, now);
	run_programs(f, c);
	lans_follow(f);
}

void acquire_tick(struct fairlead *f, mtime now)
{
	for (uint8_t n = 1; n <= FL_LINKS_MAX; n++) {
		struct acquired *a = &f->acquired[n];
		const struct link_conf *c = conf_numbered(f, n);

		if (!a->owner || !c || !mtime_reached(now, a->forget))
			continue;
		a->forget = MTIME_NEVER;
		a->lease = (struct lease){0};
		log_printf(&f->log, LOG_LEVEL_WARNING,
			"%.*s: the address it had before the restart was not confirmed",
			STR_ARG(c->name));
		publish_lease(f, n, now);
	}
}

mtime acquire_next_due(const struct fairlead *f)
{
	mtime due = MTIME_NEVER;

	for (uint8_t n = 1; n <= FL_LINKS_MAX; n++)
		if (f->acquired[n].owner)
			due = mtime_first(due, f->acquired[n].forget);
	return due;
}
