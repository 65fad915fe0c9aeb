/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns_notify.h"

#include "dns_format.h"
#include "dns_query.h"
#include "dns_rdata.h"
#include "dns_transfer.h"

#include <string.h>

#define SPACING     ms(200) /* between two changes told to the same secondary */
#define RETRY_FIRST ms(500)
#define RETRY_LAST  sec(60)

/* ---- entries ---- */

static void add_entries(struct dns_notify *n, const struct dns_source *source,
	const struct dns_name *zone, const struct dns_transfer_conf *t, size_t *left_out)
{
	for (size_t i = 0; i < t->nnotify; i++) {
		struct dns_notify_entry *e = &n->entry[n->n];

		if (n->n == DNS_NOTIFY_MAX) {
			++*left_out;
			continue;
		}
		*e = (struct dns_notify_entry){.zone = *zone,
			.to = t->notify[i].address,
			.port = (uint16_t)t->notify[i].port};
		e->is_signed = t->key >= 0 && (size_t)t->key < source->nkeys;
		if (e->is_signed)
			dns_key_read(&source->keys[t->key], &e->key);
		n->n++;
	}
}

/* The zones of a `reverse` row, as the image has them.  Of a network without a whole octet the zone
 * of RFC 2317 alone: it stands first, and a zone for each address is nobody's to copy. */
static void add_reverse(struct dns_notify *n, const struct dns_source *source,
	const struct dns_image *image, const struct dns_reverse_conf *c, size_t *left_out)
{
	struct ip_prefix p = ip_prefix_network(&c->prefix);
	uint32_t nzones = image->at && c->transfer.nnotify ? image_header(image)->nzones : 0;

	for (uint32_t i = 0; i < nzones; i++) {
		const struct image_zone *zone = image_zone(image, i);
		const struct image_node *apex = image_node(image, zone->apex);
		struct dns_name name = {.n = apex->name_n};

		if (zone->reverse.bits != p.bits || !ip_addr_eq(&zone->reverse.addr, &p.addr))
			continue;
		memcpy(name.wire, image_name(apex), apex->name_n);
		add_entries(n, source, &name, &c->transfer, left_out);
		if (p.addr.family == 4 && p.bits > 24 && p.bits < 32)
			break;
	}
}

size_t dns_notify_configure(struct dns_notify *n, const struct dns_source *source,
	const struct dns_image *image, uint64_t seed, mtime now)
{
	struct dns_name name;
	size_t left_out = 0;

	n->n = 0;
	n->rng = rng_of(seed);
	for (size_t i = 0; i < source->ndomains; i++)
		if (dns_name_parse(source->domains[i].name, NULL, &name) == FL_OK)
			add_entries(n, source, &name, &source->domains[i].transfer, &left_out);
	for (size_t i = 0; i < source->nreverses; i++)
		add_reverse(n, source, image, &source->reverses[i], &left_out);
	dns_notify_changed(n, now);
	return left_out;
}

void dns_notify_changed(struct dns_notify *n, mtime now)
{
	for (size_t i = 0; i < n->n; i++) {
		struct dns_notify_entry *e = &n->entry[i];
		mtime earliest = e->told ? mtime_after(e->last, SPACING) : now;

		e->due = mtime_before(earliest, now) ? now : earliest;
		e->waits = true;
		e->sent = 0;
		e->id = (uint16_t)rng_below(&n->rng, 65536);
	}
}

mtime dns_notify_next_due(const struct dns_notify *n)
{
	mtime due = MTIME_NEVER;

	for (size_t i = 0; i < n->n; i++)
		if (n->entry[i].waits)
			due = mtime_first(due, n->entry[i].due);
	return due;
}

int dns_notify_take(struct dns_notify *n, mtime now)
{
	for (size_t i = 0; i < n->n; i++) {
		struct dns_notify_entry *e = &n->entry[i];
		span wait = RETRY_FIRST;

		if (!e->waits || !mtime_reached(now, e->due))
			continue;
		for (unsigned k = 0; k < e->sent && k < 8; k++)
			wait = span_min(span_sum(wait, wait), RETRY_LAST);
		e->sent++;
		e->told = true;
		e->last = now;
		e->due = mtime_after(now, wait);
		return (int)i;
	}
	return -1;
}

/* ---- messages ---- */

void dns_notify_message(const struct dns_notify_entry *e, const struct dns_image *image,
	uint32_t generation, const struct dns_signer *signer, struct buf *out)
{
	uint8_t header[DNS_HEADER] = {0};
	struct dns_tsig t;

	set_u16(header, e->id);
	set_u16(header + 2, (uint16_t)(OPCODE_NOTIFY << 11 | FLAG_AA));
	set_u16(header + 4, 1);
	buf_put(out, header, sizeof(header));
	buf_put(out, e->zone.wire, e->zone.n);
	buf_put_u16(out, DNS_SOA);
	buf_put_u16(out, DNS_IN);
	if (dns_zone_soa(image, &e->zone, generation, out))
		set_u16(out->at + 6, 1);
	if (!e->is_signed)
		return;
	dns_tsig_ask(&t, &e->key, e->id);
	dns_tsig_sign(signer->mac, &t, signer->now, out);
}

/* Who guesses id and port can only keep us from telling again; the secondary's own refresh then
 * finds the change.  So an answer's signature is not looked at. */
enum dns_notify_answer dns_notify_answered(
	struct dns_notify_entry *e, struct bytes message, unsigned *rcode)
{
	unsigned flags;

	if (message.n < DNS_HEADER || !e->waits || !e->sent || get_u16(message.at) != e->id)
		return DNS_NOTIFY_IGNORED;
	flags = get_u16(message.at + 2);
	if (!(flags & FLAG_QR) || (flags >> 11 & 15) != OPCODE_NOTIFY)
		return DNS_NOTIFY_IGNORED;
	*rcode = flags & 15;
	e->waits = false;
	return *rcode == RCODE_NOERROR ? DNS_NOTIFY_HEARD : DNS_NOTIFY_REFUSED;
}
