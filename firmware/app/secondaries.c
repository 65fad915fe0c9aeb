/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NOTIFY messages on their way to secondaries: over which link, with which address.
 *
 * A secondary is told as soon as the responder answers what is told: a live set is answered at
 * once, a new image when the worker has taken it.  Each message to one that does not answer takes
 * the next live link. */
#include "probing.h"
#include "product.h"

#define SETTLE_WAIT ms(20)
#define SILENT      4 /* messages without an answer before the log says so */

static bool is_beside(const struct link_conf *link, const struct ip_addr *a)
{
	for (size_t i = 0; i < link->naddresses; i++)
		if (ip_prefix_has(&link->addresses[i].prefix, a))
			return true;
	return false;
}

/* The link that attempt `n` (from 0) takes; NULL: none is needed, or none has an address. */
static const struct link_conf *link_of(
	const struct fairlead *f, const struct ip_addr *to, unsigned n)
{
	const struct config *c = &f->config[f->current];
	const struct link_conf *usable[FL_LINKS_MAX];
	uint32_t live = f->published.live ? f->published.live : f->published.configured;
	size_t count = 0;

	if (ip_addr_is_special(to) || config_lan_has(c, to))
		return NULL;
	for (size_t i = 0; i < c->v.nlinks; i++) {
		const struct link_conf *link = &c->v.links[i];

		if (is_beside(link, to))
			return link;
		if (live & link_bit(link->number) && link_conf_address(link, to->family))
			usable[count++] = link;
	}
	return count ? usable[n % count] : NULL;
}

static void send_to(struct fairlead *f, unsigned slot)
{
	const struct datagrams *d = &f->io->datagrams;
	const struct dns_notify_entry *e = &f->notify.entry[slot];
	const struct link_conf *link = link_of(f, &e->to, e->sent - 1);
	const struct dns_signer signer = {f->io->hmac, f->io->io.wall(f->io->io.ctx)};
	uint8_t octets[DNS_NOTIFY_SIZE];
	struct buf m = buf_of(octets, sizeof(octets));
	char words[128], zone[DNS_NAME_TEXT_MAX], to[IP_TEXT_MAX];
	struct textbuf why = textbuf_of(words, sizeof(words));
	struct probe_path path;

	if (link)
		path = probing_path(link, config_mark_bits(fairlead_config(f)));
	dns_notify_message(e, &f->image, f->published.generation, &signer, &m);
	if (d->send(d->ctx, slot, link ? &path : NULL, &e->to, e->port, bytes_of(m.at, m.n), &why))
		log_printf(&f->log, LOG_LEVEL_DEBUG, "NOTIFY to %s: %s", ip_addr_text(&e->to, to),
			words);
	if (e->sent == SILENT)
		log_printf(&f->log, LOG_LEVEL_WARNING,
			"secondary %s does not answer to the NOTIFY for %s; it is told again",
			ip_addr_text(&e->to, to), dns_name_text(e->zone.wire, zone));
}

static bool is_settled(const struct fairlead *f)
{
	const struct dns_service *d = &f->io->dns;
	struct dns_service_figures now;

	d->figures(d->ctx, &now);
	return now.settled;
}

void secondaries_configure(struct fairlead *f)
{
	const struct config *c = fairlead_config(f);
	const struct datagrams *d = &f->io->datagrams;
	struct dns_source source = config_dns_source(c, f->serial);
	uint64_t seed;
	size_t left_out;

	for (unsigned i = 0; i < f->notify.n; i++)
		d->close(d->ctx, i);
	f->io->io.random(f->io->io.ctx, &seed, sizeof(seed));
	left_out = dns_notify_configure(
		&f->notify, &source, &f->image, seed, f->io->io.now(f->io->io.ctx));
	if (left_out)
		log_printf(&f->log, LOG_LEVEL_WARNING,
			"%zu secondaries are not told of changes: %d at most are", left_out,
			DNS_NOTIFY_MAX);
	dns_live_of(&f->published, &f->notified);
}

void secondaries_published(struct fairlead *f, mtime now)
{
	struct dns_live live;

	dns_live_of(&f->published, &live);
	if (dns_live_same(&live, &f->notified))
		return;
	f->notified = live;
	dns_notify_changed(&f->notify, now);
}

void secondaries_answer(struct fairlead *f, const struct io_event *e)
{
	const struct datagrams *d = &f->io->datagrams;
	struct dns_notify_entry *entry = &f->notify.entry[e->slot];
	char zone[DNS_NAME_TEXT_MAX], to[IP_TEXT_MAX];
	unsigned rcode = 0;

	if (e->slot >= f->notify.n)
		return;
	switch (dns_notify_answered(entry, e->data, &rcode)) {
	case DNS_NOTIFY_IGNORED:
		return;
	case DNS_NOTIFY_HEARD:
		break;
	case DNS_NOTIFY_REFUSED:
		log_printf(&f->log, LOG_LEVEL_WARNING,
			"secondary %s does not want to hear of %s: error %u",
			ip_addr_text(&entry->to, to), dns_name_text(entry->zone.wire, zone), rcode);
		break;
	}
	d->close(d->ctx, e->slot);
}

void secondaries_tick(struct fairlead *f, mtime now)
{
	int slot;

	if (!mtime_reached(now, secondaries_next_due(f)) || !f->image.at)
		return;
	if (!is_settled(f)) {
		f->notify_wait = mtime_after(now, SETTLE_WAIT);
		return;
	}
	while ((slot = dns_notify_take(&f->notify, now)) >= 0)
		send_to(f, (unsigned)slot);
}

mtime secondaries_next_due(const struct fairlead *f)
{
	mtime due = f->image.at ? dns_notify_next_due(&f->notify) : MTIME_NEVER;

	return mtime_before(due, f->notify_wait) ? f->notify_wait : due;
}
