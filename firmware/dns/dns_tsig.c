/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A signature covers, in this order (RFC 8945 4.3):
 *
 *   1. the MAC of the message before, behind its length: an answer belongs to its question;
 *   2. the message without its TSIG record, under its original id;
 *   3. key name, class, TTL, algorithm, time, fudge, error and other data; under the second and
 *      later messages of an answer only time and fudge.
 *
 * Names in it are in lower case and uncompressed. */
#include "dns_tsig.h"

#include "dns_format.h"
#include "dns_query.h"
#include "dns_rdata.h"

#include <string.h>

/* In wire form, with the root's octet. */
#define ALGORITHM_N 13
static const char algorithms[HMAC_HASHES][ALGORITHM_N] = {
	[HMAC_SHA256] = "\013hmac-sha256",
	[HMAC_SHA512] = "\013hmac-sha512",
};

#define LEAST_MAC 10 /* octets of a truncated one, RFC 8945 5.2.2.1 */

/* ---- reading ---- */

static bool hash_by_name(const struct dns_key *name, uint8_t *out)
{
	for (uint8_t h = 0; h < HMAC_HASHES; h++)
		if (name->n == ALGORITHM_N && memcmp(name->wire, algorithms[h], ALGORITHM_N) == 0) {
			*out = h;
			return true;
		}
	return false;
}

static uint64_t take_u48(struct bytes *b)
{
	uint64_t high = bytes_take_u16(b);

	return high << 32 | bytes_take_u32(b);
}

static struct bytes take_counted(struct bytes *b)
{
	size_t n = bytes_take_u16(b);
	const uint8_t *at = bytes_take(b, n);

	return bytes_of(at, at ? n : 0);
}

enum fl_err dns_tsig_take(
	struct bytes message, size_t at, size_t data_at, size_t data_n, struct dns_tsig_record *out)
{
	struct dns_tsig_record r = {.at = at};
	struct dns_name name;
	struct dns_key lower;
	struct bytes rest;
	size_t end = data_at;

	if (dns_name_take(message, &at, &name) != FL_OK)
		return FL_EFORMAT;
	dns_key_of(name.wire, name.n, &lower);
	memcpy(r.asked.name, lower.wire, lower.n);
	r.asked.name_n = lower.n;
	if (dns_name_take(message, &end, &name) != FL_OK || end > data_at + data_n)
		return FL_EFORMAT;
	dns_key_of(name.wire, name.n, &lower);
	r.known_hash = hash_by_name(&lower, &r.asked.hash);
	rest = bytes_of(message.at + end, data_at + data_n - end);
	r.time = take_u48(&rest);
	r.fudge = bytes_take_u16(&rest);
	r.mac = take_counted(&rest);
	r.id = bytes_take_u16(&rest);
	r.error = bytes_take_u16(&rest);
	r.other = take_counted(&rest);
	if (rest.bad || rest.n)
		return FL_EFORMAT;
	*out = r;
	return FL_OK;
}

/* ---- the keyed hash ---- */

static void put_u48(struct buf *b, uint64_t v)
{
	buf_put_u16(b, (uint16_t)(v >> 32));
	buf_put_u32(b, (uint32_t)v);
}

/* What is signed beside the message itself. */
struct stamp {
	uint64_t time;
	uint16_t fudge, error;
	struct bytes other;
	bool short_form; /* time and fudge alone */
};

static void put_stamp(struct buf *b, const struct tsig_key *key, const struct stamp *s)
{
	if (!s->short_form) {
		buf_put(b, key->name, key->name_n);
		buf_put_u16(b, DNS_ANY);
		buf_put_u32(b, 0);
		buf_put(b, algorithms[key->hash], ALGORITHM_N);
	}
	put_u48(b, s->time);
	buf_put_u16(b, s->fudge);
	if (s->short_form)
		return;
	buf_put_u16(b, s->error);
	buf_put_u16(b, (uint16_t)s->other.n);
	buf_put(b, s->other.at, s->other.n);
}

/* The MAC of a message whose header is `header`, whose other octets are `body`. */
static void sum(hmac_function *mac, const struct tsig_key *key, struct bytes before,
	const uint8_t header[DNS_HEADER], struct bytes body, const struct stamp *s,
	uint8_t out[HMAC_MAX])
{
	uint8_t length[2], variables[DNS_NAME_MAX + ALGORITHM_N + 64];
	struct buf v = buf_of(variables, sizeof(variables));
	struct bytes parts[5];
	size_t n = 0;

	put_stamp(&v, key, s);
	set_u16(length, (uint16_t)before.n);
	if (before.n) {
		parts[n++] = bytes_of(length, 2);
		parts[n++] = before;
	}
	parts[n++] = bytes_of(header, DNS_HEADER);
	parts[n++] = body;
	parts[n++] = bytes_of(v.at, v.n);
	mac(key->hash, bytes_of(key->secret, key->secret_n), parts, n, out);
}

/* In a time that does not tell where the first difference is. */
static bool same_octets(const uint8_t *a, const uint8_t *b, size_t n)
{
	uint8_t differs = 0;

	for (size_t i = 0; i < n; i++)
		differs |= a[i] ^ b[i];
	return differs == 0;
}

/* ---- checking ---- */

static uint16_t verdict(
	const struct dns_tsig_record *r, const uint8_t *expected, size_t full, int64_t now)
{
	uint64_t clock = now > 0 ? (uint64_t)now : 0;
	uint64_t apart = clock > r->time ? clock - r->time : r->time - clock;

	if (!same_octets(expected, r->mac.at, r->mac.n))
		return TSIG_BADSIG;
	if (r->mac.n < full)
		return TSIG_BADTRUNC;
	return apart > r->fudge ? TSIG_BADTIME : TSIG_GOOD;
}

enum fl_err dns_tsig_verify(hmac_function *mac, const struct tsig_key *key, struct bytes message,
	const struct dns_tsig_record *r, int64_t now, struct dns_tsig *t)
{
	/* More than a stamp has room for is no time stamp of anybody's. */
	const struct stamp s = {r->time, r->fudge, r->error,
		r->other.n <= DNS_TSIG_OTHER_MAX ? r->other : bytes_of(NULL, 0), false};
	uint8_t header[DNS_HEADER], expected[HMAC_MAX];
	size_t full;

	*t = (struct dns_tsig){.key = r->asked, .time = r->time, .id = get_u16(message.at)};
	if (!key || !r->known_hash) {
		t->error = TSIG_BADKEY;
		return FL_OK;
	}
	t->key = *key;
	full = hmac_size(key->hash);
	if (r->mac.n > full || r->mac.n < LEAST_MAC || r->mac.n < full / 2)
		return FL_EFORMAT;
	memcpy(header, message.at, DNS_HEADER);
	set_u16(header, r->id);
	set_u16(header + 10, (uint16_t)(get_u16(header + 10) - 1));
	sum(mac, key, bytes_of(NULL, 0), header,
		bytes_of(message.at + DNS_HEADER, r->at - DNS_HEADER), &s, expected);
	t->error = verdict(r, expected, full, now);
	if (t->error == TSIG_BADSIG)
		return FL_OK;
	memcpy(t->mac, r->mac.at, r->mac.n);
	t->mac_n = (uint8_t)r->mac.n;
	return FL_OK;
}

/* ---- signing ---- */

size_t dns_tsig_room(const struct dns_tsig *t)
{
	return t->key.name_n + 10u + ALGORITHM_N + 16 + hmac_size(t->key.hash) + DNS_TSIG_OTHER_MAX;
}

void dns_tsig_ask(struct dns_tsig *t, const struct tsig_key *key, uint16_t id)
{
	*t = (struct dns_tsig){.key = *key, .id = id};
}

static void put_record(struct buf *out, const struct dns_tsig *t, const struct stamp *s,
	const uint8_t *mac, size_t mac_n)
{
	buf_put(out, t->key.name, t->key.name_n);
	buf_put_u16(out, DNS_TSIG);
	buf_put_u16(out, DNS_ANY);
	buf_put_u32(out, 0);
	buf_put_u16(out, (uint16_t)(ALGORITHM_N + 16 + mac_n + s->other.n));
	buf_put(out, algorithms[t->key.hash], ALGORITHM_N);
	put_u48(out, s->time);
	buf_put_u16(out, s->fudge);
	buf_put_u16(out, (uint16_t)mac_n);
	buf_put(out, mac, mac_n);
	buf_put_u16(out, t->id);
	buf_put_u16(out, s->error);
	buf_put_u16(out, (uint16_t)s->other.n);
	buf_put(out, s->other.at, s->other.n);
}

void dns_tsig_sign(hmac_function *mac, struct dns_tsig *t, int64_t now, struct buf *message)
{
	bool is_unsigned = t->error == TSIG_BADKEY || t->error == TSIG_BADSIG;
	uint8_t clock[DNS_TSIG_OTHER_MAX], fresh[HMAC_MAX];
	struct buf other = buf_of(clock, sizeof(clock));
	struct stamp s = {(uint64_t)now, DNS_TSIG_FUDGE, t->error, {0}, t->later};
	size_t n = is_unsigned ? 0 : hmac_size(t->key.hash);

	if (message->bad || message->n < DNS_HEADER)
		return;
	if (t->error == TSIG_BADTIME) { /* RFC 8945 5.2.3: the client's time, and ours beside it */
		put_u48(&other, (uint64_t)now);
		s.time = t->time;
		s.other = bytes_of(other.at, other.n);
	}
	if (n) {
		sum(mac, &t->key, bytes_of(t->mac, t->mac_n), message->at,
			bytes_of(message->at + DNS_HEADER, message->n - DNS_HEADER), &s, fresh);
		memcpy(t->mac, fresh, n);
		t->mac_n = (uint8_t)n;
	}
	put_record(message, t, &s, t->mac, n);
	if (!message->bad)
		set_u16(message->at + 10, (uint16_t)(get_u16(message->at + 10) + 1));
	t->later = true;
}

/* ---- questions ---- */

/* Header and question alone; the TSIG record behind them says why. */
static void put_refusal(
	struct buf *reply, struct bytes query, const struct dns_query *q, enum dns_rcode rcode)
{
	uint8_t header[DNS_HEADER] = {0};

	set_u16(header, q->id);
	set_u16(header + 2, (uint16_t)(FLAG_QR | (unsigned)q->opcode << 11 | (q->flags & FLAG_RD) |
				       (unsigned)rcode));
	set_u16(header + 4, 1);
	buf_put(reply, header, sizeof(header));
	buf_put(reply, query.at + DNS_HEADER, q->name_n + 4);
}

static size_t answer_limit(const struct dns_query *q, const struct dns_client *from, size_t cap)
{
	size_t limit = q->edns && q->udp_size > 512 ? q->udp_size : 512;

	if (from->tcp)
		limit = DNS_TCP_SIZE;
	else if (limit > DNS_UDP_SIZE)
		limit = DNS_UDP_SIZE;
	return cap < limit ? cap : limit;
}

/* The question of `query` without its signature, answered and signed. */
static enum dns_outcome answer_verified(struct dns_responder *r, const struct published *pub,
	const struct dns_client *from, const struct dns_signer *signer, struct bytes query,
	const struct dns_query *q, struct dns_tsig *t, struct buf *reply)
{
	uint8_t plain[DNS_UDP_SIZE];
	size_t cap = answer_limit(q, from, reply->cap), room = dns_tsig_room(t);
	struct buf out = buf_of(reply->at, cap - room);

	if (cap < room || q->tsig_at > sizeof(plain))
		return DNS_DROP;
	memcpy(plain, query.at, q->tsig_at);
	set_u16(plain + 10, (uint16_t)(get_u16(plain + 10) - 1));
	if (t->error)
		put_refusal(&out, query, q, RCODE_NOTAUTH);
	else if (dns_answer(r, pub, from, bytes_of(plain, q->tsig_at), &out) != DNS_REPLY)
		return DNS_DROP;
	out.cap = cap;
	dns_tsig_sign(signer->mac, t, signer->now, &out);
	*reply = out;
	return out.bad ? DNS_DROP : DNS_REPLY;
}

/* Its class is ANY, its TTL 0 (RFC 8945 4.2). */
static bool is_proper_tsig(const struct dns_query *q)
{
	static const uint8_t proper[] = {0, DNS_TSIG, 0, DNS_ANY, 0, 0, 0, 0};
	const uint8_t *head = q->message.at + q->tsig_data - 2 - sizeof(proper);

	return memcmp(head, proper, sizeof(proper)) == 0;
}

enum dns_outcome dns_answer_signed(struct dns_responder *r, const struct published *pub,
	const struct dns_client *from, const struct dns_signer *signer, struct dns_query *q,
	struct buf *reply)
{
	const struct tsig_key *key = NULL;
	struct dns_tsig_record record;
	struct dns_tsig t;

	if (q->tsig_at && r->image.at && q->parsed == FL_OK && is_proper_tsig(q) &&
		dns_tsig_take(q->message, q->tsig_at, q->tsig_data, q->tsig_n, &record) == FL_OK)
		key = dns_image_key(&r->image, &record);
	if (!key) /* not signed, or it says BADKEY itself */
		return dns_answer_query(r, pub, from, q, reply);
	if (dns_tsig_verify(signer->mac, key, q->message, &record, signer->now, &t) == FL_OK)
		return answer_verified(r, pub, from, signer, q->message, q, &t, reply);
	put_refusal(reply, q->message, q, RCODE_FORMERR);
	return reply->bad ? DNS_DROP : DNS_REPLY;
}
