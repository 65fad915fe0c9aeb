/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_name.h - domain names: master file form <-> wire form, lower case, hash, comparison.
 * RFC 1035 3.1 and 5.1, RFC 4343. */
#ifndef FL_DNS_NAME_H
#define FL_DNS_NAME_H

#include "bytes.h"
#include "err.h"
#include "text.h"

#define DNS_LABEL_MAX     63
#define DNS_NAME_MAX      255  /* octets on the wire, the root's zero octet included */
#define DNS_NAME_TEXT_MAX 1024 /* 255 octets as \DDD, and a zero octet */

/* A whole name: uncompressed, with the root's zero octet, in the case it was written. */
struct dns_name {
	uint8_t n;
	uint8_t wire[DNS_NAME_MAX];
};

/* A name to look up: lower case, and zeros behind it, so that it can be read eight octets at a
 * time from every offset. */
struct dns_key {
	uint8_t n;
	uint32_t hash; /* dns_key_hash() of the whole */
	uint8_t wire[DNS_NAME_MAX + 1 + 8];
};

/* A name in master file form.  One without a final dot goes on with `origin` (wire form, NULL: the
 * root); "@" is `origin` itself.  FL_ERANGE: over 255 octets, or a label over 63; FL_EFORMAT: an
 * empty label or a broken escape.  On failure *out is unchanged. */
MUST_USE enum fl_err dns_name_parse(
	struct str text, const struct dns_name *origin, struct dns_name *out);
/* Master file form with a final dot; `wire` is a whole, valid name.  Returns `out`. */
const char *dns_name_text(const uint8_t *wire, char out[DNS_NAME_TEXT_MAX]);
/* The name at `*at` of a message, compression pointers followed; `*at` moves behind it.
 * FL_EFORMAT: it leaves the message, a pointer does not point back, or it is too long. */
MUST_USE enum fl_err dns_name_take(struct bytes message, size_t *at, struct dns_name *out);
/* Octets of the uncompressed name at `wire`, of which at most `n` may be read; 0: none is there. */
size_t dns_name_size(const uint8_t *wire, size_t n);
unsigned dns_name_labels(const uint8_t *wire);
/* Is the first label of a whole name "*"? */
static inline bool dns_name_is_wildcard(const uint8_t *wire)
{
	return wire[0] == 1 && wire[1] == '*';
}
/* `child` ends in the labels of `parent`, or is it; both whole and in lower case. */
bool dns_name_is_below(
	const uint8_t *child, size_t child_n, const uint8_t *parent, size_t parent_n);

/* `wire` is a whole name of `n` octets. */
void dns_key_of(const uint8_t *wire, size_t n, struct dns_key *out);
/* Of the `n` octets at `wire`, which is (a tail of) the name of a key.  Depends on the byte order
 * of the machine. */
uint32_t dns_key_hash(const uint8_t *wire, size_t n);

#endif
