/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_rdata.h - the data of a record: master file form <-> wire form, one table row a type.
 * RFC 1035 5.1, RFC 3597 ("TYPE731 \# 3 abcdef"). */
#ifndef FL_DNS_RDATA_H
#define FL_DNS_RDATA_H

#include "dns_name.h"

enum dns_type {
	DNS_A = 1,
	DNS_NS = 2,
	DNS_CNAME = 5,
	DNS_SOA = 6,
	DNS_PTR = 12,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28,
	DNS_SRV = 33,
	DNS_NAPTR = 35,
	DNS_DNAME = 39,
	DNS_OPT = 41,
	DNS_DS = 43,
	DNS_HTTPS = 65,
	DNS_TSIG = 250,
	DNS_IXFR = 251,
	DNS_AXFR = 252,
	DNS_ANY = 255,
	DNS_CAA = 257,
};

enum dns_class { DNS_IN = 1, DNS_CH = 3 };

#define DNS_RDATA_MAX     4096 /* octets of one record's data that we take */
#define DNS_TYPE_TEXT_MAX 16
#define DNS_RDATA_NAMES   2 /* no type has more names in it than SOA */

/* "MX", "mx" or "TYPE15"; ANY too.  False: no such type. */
bool dns_type_parse(struct str text, uint16_t *out);
/* "MX" or "TYPE731".  Returns `out`. */
const char *dns_type_text(uint16_t type, char out[DNS_TYPE_TEXT_MAX]);
/* Seconds: "3600", or in the units of BIND, "1h30m".  False: it is neither. */
bool dns_time_parse(struct str text, uint32_t *out);
/* May an administrator write records of this type?  Not SOA (made by us), DNAME (it changes what
 * other names mean), nor what is for questions and messages only (OPT, ANY, TSIG, ...). */
bool dns_type_is_data(uint16_t type);
/* Is it the name of a type that only signed zones have?  DS is not among them. */
bool dns_type_is_of_signing(struct str name);

/* Append the data of one record in wire form, names whole and as written; a relative name goes on
 * with `origin`.  TXT that does not begin with a quote is one text, blanks included.
 * FL_EFORMAT: `why` says what ("\"x\" is not an IPv4 address"); FL_EFULL.  `out` is then as before.
 */
MUST_USE enum fl_err dns_rdata_parse(uint16_t type, struct str text, const struct dns_name *origin,
	struct buf *out, struct textbuf *why);
/* The same of data in a file, where blanks part texts (RFC 1035 5.1): TXT of `a b` has two. */
MUST_USE enum fl_err dns_rdata_parse_file(uint16_t type, struct str text,
	const struct dns_name *origin, struct buf *out, struct textbuf *why);
/* The data that lies in a message at `at`, `n` octets, in master file form.  Data that is not as
 * its type says is printed by RFC 3597. */
void dns_rdata_print(
	uint16_t type, struct bytes message, size_t at, size_t n, const struct sink *out);
/* Is the data as its type says?  Of an unknown type everything is.  names_at (may be NULL) gets the
 * offsets in the data at which names lie; returns in *names how many. */
bool dns_rdata_check(uint16_t type, struct bytes message, size_t at, size_t n,
	size_t names_at[DNS_RDATA_NAMES], size_t *names);
/* RFC 3597 4: only the types of RFC 1035 may be compressed. */
bool dns_rdata_may_compress(uint16_t type);

#endif
