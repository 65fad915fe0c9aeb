/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_notify.h - tell secondaries that a zone has changed.  RFC 1996.
 *
 * One entry is one secondary of one zone.  A change makes every entry due; changes that follow each
 * other closely are told at once.  A message that is not answered is sent again, later each time,
 * up to once a minute, until it is answered: a secondary that was away learns of the change when it
 * is back.  Pure: it says what is to be sent when. */
#ifndef FL_DNS_NOTIFY_H
#define FL_DNS_NOTIFY_H

#include "dns_tsig.h"

#define DNS_NOTIFY_MAX  256  /* entries; a domain with two secondaries has two */
#define DNS_NOTIFY_SIZE 1024 /* octets of a message, at most */

struct dns_notify_entry {
	struct dns_name zone;
	struct ip_addr to;
	uint16_t port;
	bool is_signed;
	struct tsig_key key;

	bool told;  /* ever; `last` is when */
	bool waits; /* to be sent, or sent and not answered */
	uint16_t id;
	unsigned sent; /* messages since the change */
	mtime due, last;
};

struct dns_notify {
	struct dns_notify_entry entry[DNS_NOTIFY_MAX];
	size_t n;
	struct rng rng; /* of the ids */
};

/* The entries of a configuration, whose image this is; those of before are forgotten.  Every one
 * waits to be told.  Returns how many there was no room for. */
size_t dns_notify_configure(struct dns_notify *n, const struct dns_source *source,
	const struct dns_image *image, uint64_t seed, mtime now);
void dns_notify_changed(struct dns_notify *n, mtime now);
mtime dns_notify_next_due(const struct dns_notify *n);
/* The next entry that is due, or -1; it is then counted as sent. */
int dns_notify_take(struct dns_notify *n, mtime now);
/* The message for an entry: with the zone's SOA as it is now, signed where there is a key. */
void dns_notify_message(const struct dns_notify_entry *e, const struct dns_image *image,
	uint32_t generation, const struct dns_signer *signer, struct buf *out);

enum dns_notify_answer {
	DNS_NOTIFY_IGNORED, /* not an answer to what was sent */
	DNS_NOTIFY_HEARD,
	DNS_NOTIFY_REFUSED, /* told no more until the next change; *rcode says why */
};
/* Any octets that came for the entry. */
enum dns_notify_answer dns_notify_answered(
	struct dns_notify_entry *e, struct bytes message, unsigned *rcode);

#endif
