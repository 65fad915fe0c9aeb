/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_tsig.h - messages signed with a shared secret.  RFC 8945 with HMAC-SHA256 and HMAC-SHA512.
 * Time is in seconds since 1970-01-01 UTC and an argument. */
#ifndef FL_DNS_TSIG_H
#define FL_DNS_TSIG_H

#include "dns.h"
#include "dns_name.h"
#include "hmac.h"

#define DNS_TSIG_FUDGE     300 /* seconds that two clocks may differ */
#define DNS_TSIG_OTHER_MAX 6

struct tsig_key {
	uint8_t name[DNS_NAME_MAX]; /* lower case */
	uint8_t name_n;
	uint8_t hash; /* enum hmac_hash */
	uint8_t secret_n;
	uint8_t secret[DNS_SECRET_MAX];
};

enum dns_tsig_error {
	TSIG_GOOD = 0,
	TSIG_BADSIG = 16,
	TSIG_BADKEY = 17,
	TSIG_BADTIME = 18,
	TSIG_BADTRUNC = 22,
};

/* A TSIG record as it came in; points into the message. */
struct dns_tsig_record {
	struct tsig_key asked; /* name and algorithm; no secret */
	bool known_hash;
	uint64_t time; /* 48 bits */
	uint16_t fudge, id, error;
	struct bytes mac, other;
	size_t at; /* where the record begins: what is before it is signed */
};

/* One exchange: a question and the messages that answer it. */
struct dns_tsig {
	struct tsig_key key;
	uint8_t mac[HMAC_MAX]; /* of the message before; none after BADKEY and BADSIG */
	uint8_t mac_n;
	bool later;     /* a message was signed already: only the time is put under the next one */
	uint16_t error; /* enum dns_tsig_error; not good: one answer follows, NOTAUTH */
	uint64_t time;  /* BADTIME: what the client wrote */
	uint16_t id;
};

/* The TSIG record at `at` with `data_n` octets of data at `data_at` (struct dns_query has them).
 * FL_EFORMAT: it is malformed. */
MUST_USE enum fl_err dns_tsig_take(struct bytes message, size_t at, size_t data_at, size_t data_n,
	struct dns_tsig_record *out);
/* Check a question against the key it names (NULL: we have no such key) and begin the exchange:
 * t->error has the verdict.  FL_EFORMAT: the MAC has a length that no client may send. */
MUST_USE enum fl_err dns_tsig_verify(hmac_function *mac, const struct tsig_key *key,
	struct bytes message, const struct dns_tsig_record *record, int64_t now,
	struct dns_tsig *t);
/* Begin an exchange in which we ask, as `key`. */
void dns_tsig_ask(struct dns_tsig *t, const struct tsig_key *key, uint16_t id);
/* Octets that the signature adds to a message, at most. */
size_t dns_tsig_room(const struct dns_tsig *t);
/* Append the TSIG record to a whole message and count it.  `message` is bad when there is no room.
 */
void dns_tsig_sign(hmac_function *mac, struct dns_tsig *t, int64_t now, struct buf *message);

/* The key of an image that a record names, with the same algorithm, or NULL. */
const struct tsig_key *dns_image_key(
	const struct dns_image *image, const struct dns_tsig_record *record);

/* The key that was typed. */
void dns_key_read(const struct dns_key_conf *from, struct tsig_key *out);

/* What signed questions need of the world. */
struct dns_signer {
	hmac_function *mac;
	int64_t now;
};
/* As dns_answer_query(), and questions that are signed by a key of the image get signed answers. */
enum dns_outcome dns_answer_signed(struct dns_responder *r, const struct published *pub,
	const struct dns_client *from, const struct dns_signer *signer, struct dns_query *q,
	struct buf *reply);

#endif
