/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a probe carries is a keyed hash of its sequence number, so an answer is checked without a
 * table of what was sent.
 *
 * A DNS message has 16 bits of its own, its id.  It is the sequence number under a keyed
 * permutation: never twice the same within 65,536 probes, and turned back for an answer.  The case
 * of the letters in the name asked for comes from the nonce ("0x20", draft-vixie-dnsext-dns0x20);
 * RFC 1035 7.3 has a client match the question of an answer, and servers copy it as it came. */
#include "probe.h"

#include "http.h"
#include "siphash.h"

#include <string.h>

#define ICMP_ECHO_REPLY   0 /* RFC 792 */
#define ICMP_ECHO         8
#define ICMPV6_ECHO       128 /* RFC 4443 4.1, 4.2 */
#define ICMPV6_ECHO_REPLY 129
#define ICMP_CHECKSUM_AT  2

#define ECHO_SIZE   16 /* header and nonce */
#define IPV4_HEADER 20
#define IPV6_HEADER 40
#define MTU_LEAST4  576 /* RFC 791, RFC 8200 5: what every way must take */
#define MTU_LEAST6  1280

#define DNS_RD           0x0100
#define DNS_QR           0x8000
#define DNS_OPCODE       0x7800
#define DNS_RCODE        0x000f
#define DNS_TYPE_A       1
#define DNS_TYPE_NS      2 /* what is asked of the root */
#define DNS_CLASS_IN     1
#define DNS_NAME_MAX     253 /* octets of text, without the dot at the end */
#define DNS_QUESTION_MAX 260

/* ---- what only we know ---- */

enum purpose { PURPOSE_ID = 1, PURPOSE_NONCE, PURPOSE_ROUND };

static uint64_t keyed(const uint8_t secret[16], enum purpose purpose, uint8_t round, uint16_t value)
{
	uint8_t m[4] = {(uint8_t)purpose, round, (uint8_t)(value >> 8), (uint8_t)value};

	return siphash(secret, bytes_of(m, sizeof(m)));
}

#define FEISTEL_ROUNDS 4

/* A permutation of 16 bits: four Feistel rounds with a keyed function of 8 bits (Luby and Rackoff
 * 1988). */
static uint16_t hide(const uint8_t secret[16], uint16_t seq)
{
	uint8_t left = (uint8_t)(seq >> 8), right = (uint8_t)seq;

	for (uint8_t i = 0; i < FEISTEL_ROUNDS; i++) {
		uint8_t next = (uint8_t)(left ^ keyed(secret, PURPOSE_ROUND, i, right));

		left = right;
		right = next;
	}
	return (uint16_t)(left << 8 | right);
}

static uint16_t unhide(const uint8_t secret[16], uint16_t hidden)
{
	uint8_t left = (uint8_t)(hidden >> 8), right = (uint8_t)hidden;

	for (uint8_t i = FEISTEL_ROUNDS; i-- > 0;) {
		uint8_t before = (uint8_t)(right ^ keyed(secret, PURPOSE_ROUND, i, left));

		right = left;
		left = before;
	}
	return (uint16_t)(left << 8 | right);
}

struct probe_id probe_id_of(const uint8_t secret[16], uint16_t seq)
{
	return (struct probe_id){.id = (uint16_t)keyed(secret, PURPOSE_ID, 0, 0),
		.dns_id = hide(secret, seq),
		.seq = seq,
		.nonce = keyed(secret, PURPOSE_NONCE, 0, seq)};
}

/* ---- ICMP ---- */

/* RFC 1071; 0 over a message that holds its own checksum. */
static uint16_t checksum(struct bytes b)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < b.n; i += 2)
		sum += get_u16(b.at + i);
	if (b.n % 2)
		sum += (uint32_t)b.at[b.n - 1] << 8;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

size_t probe_mtu_of(const struct link_target *t)
{
	uint64_t size = PROBE_MTU, least = t->addr.family == 6 ? MTU_LEAST6 : MTU_LEAST4;

	if (t->query.n && !str_to_u64(t->query, PROBE_SIZE_MAX, &size))
		return 0;
	return size >= least ? (size_t)size : 0;
}

size_t probe_echo_size(const struct link_target *t)
{
	size_t mtu = t->method == LINK_MTU ? probe_mtu_of(t) : 0;

	return mtu ? mtu - (t->addr.family == 6 ? IPV6_HEADER : IPV4_HEADER) : ECHO_SIZE;
}

static void build_icmp(uint8_t family, size_t size, const struct probe_id *id, struct buf *out)
{
	size_t start = out->n;

	buf_put_u8(out, family == 4 ? ICMP_ECHO : ICMPV6_ECHO);
	buf_put_u8(out, 0);
	buf_put_u16(out, 0);
	buf_put_u16(out, id->id);
	buf_put_u16(out, id->seq);
	buf_put_u32(out, (uint32_t)(id->nonce >> 32));
	buf_put_u32(out, (uint32_t)id->nonce);
	for (size_t n = ECHO_SIZE; n < size; n++)
		buf_put_u8(out, 0);
	if (family == 4 && !out->bad)
		buf_set_u16(out, start + ICMP_CHECKSUM_AT,
			checksum(bytes_of(out->at + start, out->n - start)));
}

static bool is_zeros(struct bytes b)
{
	for (size_t i = 0; i < b.n; i++)
		if (b.at[i])
			return false;
	return true;
}

/* The identifier is not compared: the kernel may have put its own there, and the nonce says more.
 */
enum fl_err probe_parse_echo(
	uint8_t family, struct bytes packet, const uint8_t secret[16], uint16_t *seq, size_t *size)
{
	const size_t whole_n = packet.n;
	bool whole = family == 6 || checksum(packet) == 0;
	uint8_t type = bytes_take_u8(&packet), code = bytes_take_u8(&packet);
	uint16_t got;
	uint64_t nonce;

	bytes_take(&packet, 4); /* checksum and identifier */
	got = bytes_take_u16(&packet);
	nonce = (uint64_t)bytes_take_u32(&packet) << 32;
	nonce |= bytes_take_u32(&packet);
	if (packet.bad || !is_zeros(packet) || !whole || code != 0 ||
		type != (family == 4 ? ICMP_ECHO_REPLY : ICMPV6_ECHO_REPLY) ||
		nonce != keyed(secret, PURPOSE_NONCE, 0, got))
		return FL_EFORMAT;
	*seq = got;
	*size = whole_n;
	return FL_OK;
}

enum fl_err probe_parse_icmp(
	uint8_t family, struct bytes packet, const uint8_t secret[16], uint16_t *seq)
{
	uint16_t got;
	size_t size;

	if (probe_parse_echo(family, packet, secret, &got, &size) || size != ECHO_SIZE)
		return FL_EFORMAT;
	*seq = got;
	return FL_OK;
}

/* ---- DNS ---- */

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool label_is_good(struct str label)
{
	if (label.n == 0 || label.n > 63)
		return false;
	for (size_t i = 0; i < label.n; i++) {
		char c = label.at[i];

		if (!is_letter(c) && !(c >= '0' && c <= '9') && c != '-' && c != '_')
			return false;
	}
	return true;
}

/* Without the dot at the end; the root is empty. */
static struct str without_last_dot(struct str name)
{
	if (name.n && name.at[name.n - 1] == '.')
		name.n--;
	return name;
}

bool probe_query_is_good(struct str query)
{
	struct str rest = without_last_dot(query);

	if (query.n == 0 || rest.n > DNS_NAME_MAX || (rest.n && rest.at[rest.n - 1] == '.'))
		return false;
	while (rest.n)
		if (!label_is_good(str_cut(&rest, '.')))
			return false;
	return true;
}

/* Bit i of the nonce, which is used again and again, decides over the i-th letter. */
static void put_label(struct buf *out, struct str label, uint64_t nonce, unsigned *letter)
{
	buf_put_u8(out, (uint8_t)label.n);
	for (size_t i = 0; i < label.n; i++) {
		uint8_t c = (uint8_t)label.at[i];

		if (is_letter((char)c)) {
			c = (uint8_t)(nonce >> *letter % 64 & 1 ? c & ~0x20 : c | 0x20);
			++*letter;
		}
		buf_put_u8(out, c);
	}
}

static void put_question(struct buf *out, struct str query, uint64_t nonce)
{
	struct str rest = without_last_dot(query);
	unsigned letter = 0;
	uint16_t type = rest.n ? DNS_TYPE_A : DNS_TYPE_NS;

	while (rest.n)
		put_label(out, str_cut(&rest, '.'), nonce, &letter);
	buf_put_u8(out, 0);
	buf_put_u16(out, type);
	buf_put_u16(out, DNS_CLASS_IN);
}

static void build_dns(struct str query, const struct probe_id *id, struct buf *out)
{
	buf_put_u16(out, id->dns_id);
	buf_put_u16(out, DNS_RD);
	buf_put_u16(out, 1); /* QDCOUNT */
	buf_put_u16(out, 0);
	buf_put_u16(out, 0);
	buf_put_u16(out, 0);
	put_question(out, query, id->nonce);
}

enum fl_err probe_parse_dns(
	struct bytes packet, const uint8_t secret[16], struct str query, uint16_t *seq)
{
	uint16_t got = unhide(secret, bytes_take_u16(&packet));
	uint16_t flags = bytes_take_u16(&packet), questions = bytes_take_u16(&packet);
	uint8_t space[DNS_QUESTION_MAX];
	struct buf question = buf_of(space, sizeof(space));
	const uint8_t *repeated;

	if (!probe_query_is_good(query))
		return FL_EFORMAT;
	put_question(&question, query, keyed(secret, PURPOSE_NONCE, 0, got));
	bytes_take(&packet, 6); /* the counts of the other sections */
	repeated = bytes_take(&packet, question.n);
	if (packet.bad || !(flags & DNS_QR) || flags & DNS_OPCODE || questions != 1 ||
		memcmp(repeated, question.at, question.n) != 0)
		return FL_EFORMAT;
	*seq = got;
	return FL_OK;
}

uint16_t probe_dns_seq(struct bytes packet, const uint8_t secret[16])
{
	return unhide(secret, bytes_take_u16(&packet));
}

bool probe_dns_is_whole(struct bytes packet)
{
	uint16_t flags, answers;

	bytes_take(&packet, 2);
	flags = bytes_take_u16(&packet);
	bytes_take(&packet, 2);
	answers = bytes_take_u16(&packet);
	return !packet.bad && (flags & DNS_RCODE) == 0 && answers > 0;
}

/* ---- calls ---- */

#define HTTP_PORT  80
#define HTTPS_PORT 443

bool probe_is_call(const struct link_target *t)
{
	return t->method == LINK_TCP || t->method == LINK_HTTP || t->method == LINK_HTTPS;
}

enum fl_err probe_call_of(const struct link_target *t, struct probe_talk *talk, struct buf *request)
{
	struct http_url url;
	uint64_t number;

	*talk = (struct probe_talk){0};
	if (t->method == LINK_TCP) {
		if (!str_to_u64(t->query, UINT16_MAX, &number) || number == 0)
			return FL_EFORMAT;
		talk->port = (uint16_t)number;
		return FL_OK;
	}
	if (http_url_parse(t->query, &url))
		return FL_EFORMAT;
	if (t->method == LINK_HTTPS)
		talk->tls_host = url.host;
	talk->port = url.port ? url.port : t->method == LINK_HTTPS ? HTTPS_PORT : HTTP_PORT;
	return http_request(&url, request);
}

bool probe_call_is_answered(
	const struct link_target *t, struct bytes heard, bool over, struct textbuf *wrong)
{
	enum http_verdict v;
	unsigned status;

	if (t->method == LINK_TCP)
		return !over;
	v = http_judge(heard, t->expect, over, &status);
	if (v != HTTP_GOOD && v != HTTP_MORE && heard.n)
		textbuf_printf(wrong, status ? "%s (%u)" : "%s", http_verdict_text(v), status);
	return v == HTTP_GOOD;
}

#define PATIENCE     sec(2) /* a later answer tells nothing of delay */
#define PATIENCE_TLS sec(5) /* TLS adds up to three round trips: over a satellite 2 s */

span probe_patience(const struct link_target *t)
{
	return t->method == LINK_HTTPS ? PATIENCE_TLS : PATIENCE;
}

/* ---- packets ---- */

enum fl_err probe_build(const struct link_target *t, const struct probe_id *id, struct buf *out)
{
	struct buf whole = *out; /* a probe that does not fit leaves `out` as it was */

	if (t->method == LINK_DNS && !probe_query_is_good(t->query))
		return FL_EFORMAT;
	if (t->method == LINK_MTU && probe_mtu_of(t) == 0)
		return FL_EFORMAT;
	if (t->method == LINK_DNS)
		build_dns(t->query, id, &whole);
	else
		build_icmp(t->addr.family, probe_echo_size(t), id, &whole);
	if (whole.bad)
		return FL_EFULL;
	*out = whole;
	return FL_OK;
}
