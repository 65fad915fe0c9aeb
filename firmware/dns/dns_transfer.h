/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_transfer.h - whole zones for secondaries: AXFR (RFC 5936) and IXFR (RFC 1995).
 *
 * A zone as it would be answered now is a function of the image and of the live set: which links
 * live and which member a policy prefers.  So the journal from which IXFR is answered holds live
 * sets, not records, and the difference between two is worked out while it is sent.  A transfer
 * holds its own: what changes meanwhile does not show in it. */
#ifndef FL_DNS_TRANSFER_H
#define FL_DNS_TRANSFER_H

#include "dns_tsig.h"

#define DNS_JOURNAL_MAX 16

/* All of the published state that decides which records are in a zone. */
struct dns_live {
	uint32_t generation;
	uint32_t alive; /* as links_alive() has it */
	struct dns_preference {
		bool single;                       /* the best member alone is answered */
		uint8_t nlive, live[FL_LINKS_MAX]; /* numbers of links, best first */
	} policy[POLICIES_MAX];
};

void dns_live_of(const struct published *pub, struct dns_live *out);
/* Do both show the same records?  The serial may differ. */
bool dns_live_same(const struct dns_live *a, const struct dns_live *b);

/* What was sent to somebody, of one image. */
struct dns_journal {
	uint32_t serial; /* of the image */
	unsigned n, next;
	struct dns_live live[DNS_JOURNAL_MAX];
};

/* Where a walk over the records of a zone stands. */
struct dns_walk {
	uint32_t node; /* offset; at the image's end all were seen */
	unsigned set, record;
};

/* One record in master file form a line, the SOA first.  FL_ENOENT: no zone of that name. */
enum fl_err dns_zone_print(const struct dns_image *image, const struct published *pub,
	struct str name, const struct sink *out);
/* The zone's SOA record with the owner name as a whole.  False: no room, or no such zone. */
bool dns_zone_soa(const struct dns_image *image, const struct dns_name *zone, uint32_t generation,
	struct buf *out);

/* ---- transfers ---- */

enum dns_transfer_step {
	DNS_TRANSFER_MORE, /* a message was made, others follow */
	DNS_TRANSFER_LAST, /* a message was made, the last one */
	DNS_TRANSFER_LOST, /* the image is another now: the client must begin anew */
};

/* A transfer under way; only dns_transfer.c looks into it. */
struct dns_transfer {
	struct dns_image image;
	struct dns_live now, old; /* old: the client's, of an incremental one */
	uint32_t zone;
	const uint8_t *phase;
	struct dns_walk walk;
	uint16_t id, flags;
	uint8_t rcode, error; /* error: why it is refused (RFC 8914) */
	bool edns, is_signed;
	bool for_people; /* a print of the zone: without what only secondaries need */
	uint16_t question_n;
	uint8_t question[DNS_NAME_MAX + 4];
	struct dns_tsig tsig;
};

/* A question for AXFR or IXFR?  Any octets. */
bool dns_transfer_is_asked(struct bytes message);
/* Begin: `message` was found to be such a question.  False: it is malformed beyond answering.
 * Everything else, a refusal included, is what dns_transfer_next() says.  `journal` remembers
 * what is sent; NULL: over UDP, where IXFR is answered with the serial alone (RFC 1995 2) and AXFR
 * is refused. */
bool dns_transfer_begin(struct dns_transfer *t, const struct dns_image *image,
	const struct published *pub, const struct dns_client *from, const struct dns_signer *signer,
	struct dns_journal *journal, struct bytes message);
/* The next message.  `reply` is empty and holds DNS_UDP_SIZE octets at least; DNS_TRANSFER_SIZE of
 * them are used at most. */
enum dns_transfer_step dns_transfer_next(struct dns_transfer *t, const struct dns_image *image,
	const struct dns_signer *signer, struct buf *reply);

#define DNS_TRANSFER_SIZE 16384

#endif
