/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A type is a row: its name and its form, one letter a field.  A letter is a row of a second table:
 * how the field is read from text and how it is printed from the wire.  A new type of known fields
 * is one line here and nothing anywhere else. */
#include "dns_rdata.h"

#include "addr.h"

#include <string.h>

struct type_row {
	uint16_t code;
	const char *name;
	const char *form; /* letters of the fields below */
};

static const struct type_row types[] = {
	{DNS_A, "A", "a"},
	{DNS_NS, "NS", "n"},
	{DNS_CNAME, "CNAME", "n"},
	{DNS_SOA, "SOA", "nn4TTTT"},
	{DNS_PTR, "PTR", "n"},
	{13, "HINFO", "qq"},
	{DNS_MX, "MX", "2n"},
	{DNS_TXT, "TXT", "s"},
	{17, "RP", "nn"},
	{18, "AFSDB", "2n"},
	{DNS_AAAA, "AAAA", "6"},
	{DNS_SRV, "SRV", "222n"},
	{DNS_NAPTR, "NAPTR", "22qqqn"},
	{36, "KX", "2n"},
	{37, "CERT", "221b"},
	{DNS_DS, "DS", "211h"},
	{44, "SSHFP", "11h"},
	{52, "TLSA", "111h"},
	{53, "SMIMEA", "111h"},
	{61, "OPENPGPKEY", "b"},
	{64, "SVCB", "2np"},
	{65, "HTTPS", "2np"},
	{99, "SPF", "s"},
	{108, "EUI48", "e"},
	{109, "EUI64", "E"},
	{256, "URI", "22v"},
	{257, "CAA", "1tv"},
};

/* For questions only: these have names and no data. */
static const struct type_row question_types[] = {
	{DNS_IXFR, "IXFR", ""},
	{DNS_AXFR, "AXFR", ""},
	{DNS_ANY, "ANY", ""},
};

static const struct type_row *type_find(uint16_t code)
{
	for (size_t i = 0; i < COUNT_OF(types); i++)
		if (types[i].code == code)
			return &types[i];
	return NULL;
}

static bool type_by_name(const struct type_row *rows, size_t n, struct str text, uint16_t *out)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq_nocase(text, str_of(rows[i].name))) {
			*out = rows[i].code;
			return true;
		}
	return false;
}

bool dns_type_parse(struct str text, uint16_t *out)
{
	uint64_t v;

	if (type_by_name(types, COUNT_OF(types), text, out) ||
		type_by_name(question_types, COUNT_OF(question_types), text, out))
		return true;
	if (text.n < 5 || !str_eq_nocase((struct str){text.at, 4}, STR("TYPE")) ||
		!str_to_u64((struct str){text.at + 4, text.n - 4}, UINT16_MAX, &v))
		return false;
	*out = (uint16_t)v;
	return true;
}

const char *dns_type_text(uint16_t type, char out[DNS_TYPE_TEXT_MAX])
{
	const struct type_row *row = type_find(type);
	struct textbuf t = textbuf_of(out, DNS_TYPE_TEXT_MAX);

	for (size_t i = 0; !row && i < COUNT_OF(question_types); i++)
		if (question_types[i].code == type)
			row = &question_types[i];
	if (row)
		textbuf_printf(&t, "%s", row->name);
	else
		textbuf_printf(&t, "TYPE%u", (unsigned)type);
	return out;
}

bool dns_type_is_data(uint16_t type)
{
	if (type == 0 || type == DNS_SOA || type == DNS_DNAME || type == DNS_OPT)
		return false;
	return type < 128 || type > 255; /* RFC 6895 3.1: 128-255 are Q and meta types */
}

bool dns_type_is_of_signing(struct str name)
{
	static const char *const names[] = {"DNSKEY", "RRSIG", "NSEC", "NSEC3", "NSEC3PARAM", "CDS",
		"CDNSKEY", "KEY", "SIG", "NXT"};

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (str_eq_nocase(name, str_of(names[i])))
			return true;
	return false;
}

bool dns_time_parse(struct str word, uint32_t *out)
{
	static const struct {
		char unit;
		uint32_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
	uint64_t total = 0, part = 0;
	bool digits = false, unit = false;

	for (size_t i = 0; i < word.n; i++) {
		char c = word.at[i];
		size_t u = 0;

		if (c >= '0' && c <= '9') {
			part = part * 10 + (uint64_t)(c - '0');
			digits = true;
		} else {
			while (u < COUNT_OF(units) && units[u].unit != (c | 0x20))
				u++;
			if (u == COUNT_OF(units) || !digits)
				return false;
			total += part * units[u].seconds;
			part = 0;
			digits = false;
			unit = true;
		}
		if (part > INT32_MAX || total > INT32_MAX)
			return false;
	}
	if (!digits && !unit)
		return false;
	*out = (uint32_t)(total + part);
	return true;
}

bool dns_rdata_may_compress(uint16_t type)
{
	return type == DNS_NS || type == DNS_CNAME || type == DNS_SOA || type == DNS_PTR ||
	       type == DNS_MX;
}

/* ---- text -> wire ---- */

struct reader {
	struct str rest;
	const struct dns_name *origin;
	struct buf *out;
	struct textbuf *why;
	bool of_file; /* blanks part texts */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool complain(struct reader *r, struct str word, const char *what)
{
	int shown = word.n > 60 ? 60 : (int)word.n;

	if (word.n)
		textbuf_printf(r->why, "\"%.*s\" %s", shown, word.at, what);
	else
		textbuf_printf(r->why, "a value is missing");
	return false;
}

static bool at_end(struct reader *r)
{
	r->rest = str_trim(r->rest);
	return r->rest.n == 0;
}

/* The next word as written; of a quoted one what stands between the quotes. */
static bool take_word(struct reader *r, struct str *word)
{
	size_t i = 0;
	bool quoted, inside = false;

	*word = (struct str){"", 0};
	if (at_end(r))
		return false;
	quoted = *r->rest.at == '"';
	if (quoted) {
		r->rest.at++;
		r->rest.n--;
	}
	while (i < r->rest.n &&
		(quoted ? r->rest.at[i] != '"' : inside || !is_blank(r->rest.at[i]))) {
		inside ^= r->rest.at[i] == '"'; /* key="a b" is one word */
		i += r->rest.at[i] == '\\' && i + 1 < r->rest.n ? 2 : 1;
	}
	*word = (struct str){r->rest.at, i};
	if (quoted && i == r->rest.n)
		return false; /* no closing quote */
	i += quoted;
	r->rest = (struct str){r->rest.at + i, r->rest.n - i};
	return true;
}

static bool read_uint(struct reader *r, uint64_t max, uint64_t *out)
{
	struct str w;

	if (take_word(r, &w) && str_to_u64(w, max, out))
		return true;
	return complain(r, w,
		max == 255          ? "is no number 0..255"
		: max == UINT16_MAX ? "is no number 0..65535"
				    : "is no number 0..4294967295");
}

static bool read_u8(struct reader *r)
{
	uint64_t v;

	if (!read_uint(r, UINT8_MAX, &v))
		return false;
	buf_put_u8(r->out, (uint8_t)v);
	return true;
}

static bool read_u16(struct reader *r)
{
	uint64_t v;

	if (!read_uint(r, UINT16_MAX, &v))
		return false;
	buf_put_u16(r->out, (uint16_t)v);
	return true;
}

/* A time of SOA: a number, or in units. */
static bool read_time(struct reader *r)
{
	struct str word;
	uint32_t seconds;
	uint64_t v;

	if (!take_word(r, &word))
		return complain(r, word, "has no closing quote");
	if (!str_to_u64(word, UINT32_MAX, &v) && !dns_time_parse(word, &seconds))
		return complain(r, word, "is no time: 3600, or 1h");
	buf_put_u32(r->out, str_to_u64(word, UINT32_MAX, &v) ? (uint32_t)v : seconds);
	return true;
}

static bool read_u32(struct reader *r)
{
	uint64_t v;

	if (!read_uint(r, UINT32_MAX, &v))
		return false;
	buf_put_u32(r->out, (uint32_t)v);
	return true;
}

static bool read_addr(struct reader *r, uint8_t family, const char *what)
{
	struct ip_addr a;
	struct str w;

	if (!take_word(r, &w) || ip_addr_parse(w, &a) != FL_OK || a.family != family)
		return complain(r, w, what);
	buf_put(r->out, a.b, ip_addr_size(family));
	return true;
}

static bool read_a(struct reader *r)
{
	return read_addr(r, 4, "is not an IPv4 address");
}

static bool read_aaaa(struct reader *r)
{
	return read_addr(r, 6, "is not an IPv6 address");
}

static bool read_name(struct reader *r)
{
	struct dns_name name;
	struct str w;

	if (!take_word(r, &w) || dns_name_parse(w, r->origin, &name) != FL_OK)
		return complain(r, w, "is not a domain name");
	buf_put(r->out, name.wire, name.n);
	return true;
}

/* How many characters stand for the next octet: X, "\\X" or "\\DDD". */
static size_t escape_size(struct str w)
{
	uint64_t v;

	if (*w.at != '\\' || w.n < 2)
		return 1;
	return w.n >= 4 && str_to_u64((struct str){w.at + 1, 3}, 255, &v) ? 4 : 2;
}

/* The octets of a word, escapes resolved; `max` of them at most. */
static bool put_text(struct reader *r, struct str w, size_t max)
{
	size_t begin = r->out->n;

	while (w.n) {
		size_t used = escape_size(w);
		uint64_t v = (uint8_t)w.at[used == 1 ? 0 : 1];

		if (used == 4)
			(void)str_to_u64((struct str){w.at + 1, 3}, 255, &v);
		buf_put_u8(r->out, (uint8_t)v);
		w = (struct str){w.at + used, w.n - used};
	}
	return r->out->n - begin <= max;
}

/* One <character-string>: a length octet and up to 255 octets. */
static bool put_string(struct reader *r, struct str w)
{
	size_t length_at = r->out->n;

	buf_put_u8(r->out, 0);
	if (!put_text(r, w, 255))
		return complain(r, w, "is longer than 255 octets");
	if (!r->out->bad)
		r->out->at[length_at] = (uint8_t)(r->out->n - length_at - 1);
	return true;
}

static bool read_string(struct reader *r)
{
	struct str w;

	if (!take_word(r, &w))
		return complain(r, w, "is not a text");
	return put_string(r, w);
}

/* TXT.  `v=spf1 mx -all`, whose quotes the settings have taken, is one text and not three; a long
 * one (a DKIM key) is cut into strings of 255 octets, which readers join again. */
static bool read_strings(struct reader *r)
{
	if (at_end(r))
		return complain(r, r->rest, "is not a text");
	if (*r->rest.at == '"' || r->of_file) {
		while (!at_end(r))
			if (!read_string(r))
				return false;
		return true;
	}
	while (r->rest.n) {
		struct str piece = {r->rest.at, 0};

		while (piece.n < r->rest.n && piece.n < 250)
			piece.n +=
				escape_size((struct str){piece.at + piece.n, r->rest.n - piece.n});
		r->rest = (struct str){r->rest.at + piece.n, r->rest.n - piece.n};
		if (!put_string(r, piece))
			return false;
	}
	return true;
}

/* RFC 8659 4.1: letters and digits. */
static bool is_tag(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.at[i] >= 'a' && s.at[i] <= 'z') || (s.at[i] >= 'A' && s.at[i] <= 'Z') ||
			    (s.at[i] >= '0' && s.at[i] <= '9')))
			return false;
	return s.n > 0;
}

static bool read_tag(struct reader *r)
{
	struct str w;

	if (!take_word(r, &w) || !is_tag(w))
		return complain(r, w, "is not a tag: letters and digits only");
	return put_string(r, w);
}

/* The rest of the data, without a length (CAA, URI). */
static bool read_value(struct reader *r)
{
	struct str w;

	if (at_end(r))
		return complain(r, r->rest, "is not a text");
	if (*r->rest.at == '"') {
		if (!take_word(r, &w))
			return complain(r, w, "has no closing quote");
	} else {
		w = r->rest;
		r->rest.n = 0;
	}
	return put_text(r, w, DNS_RDATA_MAX);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Hexadecimal to the end; blanks may stand between octets. */
static bool read_hex(struct reader *r)
{
	size_t begin = r->out->n;

	while (!at_end(r)) {
		int high = hex_digit(r->rest.at[0]);
		int low = r->rest.n > 1 ? hex_digit(r->rest.at[1]) : -1;

		if (high < 0 || low < 0)
			return complain(r, r->rest, "is not hexadecimal");
		buf_put_u8(r->out, (uint8_t)(high << 4 | low));
		r->rest = (struct str){r->rest.at + 2, r->rest.n - 2};
	}
	if (r->out->n == begin && !r->out->bad)
		return complain(r, r->rest, "is not hexadecimal");
	return true;
}

/* RFC 7043: octets in hexadecimal between hyphens, "00-00-5e-00-53-2a". */
static bool read_eui(struct reader *r, size_t octets)
{
	struct str w;

	if (!take_word(r, &w) || w.n != octets * 3 - 1)
		return complain(r, w, "is not octets with hyphens between them");
	for (size_t i = 0; i < w.n; i += 3) {
		int high = hex_digit(w.at[i]), low = hex_digit(w.at[i + 1]);

		if (high < 0 || low < 0 || (i + 2 < w.n && w.at[i + 2] != '-'))
			return complain(r, w, "is not octets with hyphens between them");
		buf_put_u8(r->out, (uint8_t)(high << 4 | low));
	}
	return true;
}

static bool read_eui48(struct reader *r)
{
	return read_eui(r, 6);
}

static bool read_eui64(struct reader *r)
{
	return read_eui(r, 8);
}

static int base64_digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *p = c ? strchr(digits, c) : NULL;

	return p ? (int)(p - digits) : -1;
}

/* Base 64 (RFC 4648 4) to the end; blanks may stand anywhere. */
static bool read_base64(struct reader *r)
{
	uint32_t bits = 0;
	unsigned nbits = 0, digits = 0, pad = 0;

	for (; !at_end(r); r->rest.at++, r->rest.n--) {
		int d = base64_digit(*r->rest.at);

		if (*r->rest.at == '=') {
			pad++;
			continue;
		}
		if (d < 0 || pad)
			return complain(r, r->rest, "is not base 64");
		digits++;
		bits = bits << 6 | (uint32_t)d;
		nbits += 6;
		if (nbits >= 8) {
			nbits -= 8;
			buf_put_u8(r->out, (uint8_t)(bits >> nbits));
		}
	}
	if (digits && ((digits + pad) % 4 != 0 || pad > 2)) {
		textbuf_printf(r->why, "the base 64 does not end where it should");
		return false;
	}
	if (!digits)
		return complain(r, r->rest, "is not base 64");
	return true;
}

/* ---- service parameters (RFC 9460 2.1) ---- */

enum svc_key { SVC_MANDATORY, SVC_ALPN, SVC_NO_DEFAULT, SVC_PORT, SVC_IPV4, SVC_ECH, SVC_IPV6 };

static const char *const svc_names[] = {
	"mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ech", "ipv6hint"};

static bool svc_key_parse(struct str text, uint64_t *key)
{
	for (size_t i = 0; i < COUNT_OF(svc_names); i++)
		if (str_is(text, svc_names[i])) {
			*key = i;
			return true;
		}
	if (str_is(text, "dohpath")) { /* RFC 9461; printed as key7, which more programs know */
		*key = 7;
		return true;
	}
	return text.n > 3 && str_starts(text, STR("key")) &&
	       str_to_u64((struct str){text.at + 3, text.n - 3}, 65534, key);
}

/* What can stand in a list without quotes. */
static bool is_plain(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.at[i] <= ' ' || s.at[i] >= 0x7f || strchr("\"\\,", s.at[i]))
			return false;
	return s.n > 0;
}

/* One element of a value that is a list. */
static bool svc_put_item(struct reader *r, uint64_t key, struct str item)
{
	struct reader one = {item, r->origin, r->out, r->why, r->of_file};
	uint64_t named;

	switch (key) {
	case SVC_MANDATORY:
		if (!svc_key_parse(item, &named))
			return complain(r, item, "is not a service parameter");
		buf_put_u16(r->out, (uint16_t)named);
		return true;
	case SVC_ALPN:
		return is_plain(item) ? put_string(r, item)
				      : complain(r, item, "is not a protocol");
	case SVC_IPV4:
		return read_a(&one);
	default:
		return read_aaaa(&one);
	}
}

/* False: one is there twice. */
static bool sort_u16(uint8_t *from, uint8_t *to)
{
	for (uint8_t *p = from + 2; p < to; p += 2)
		for (uint8_t *q = p; q > from && get_u16(q - 2) > get_u16(q); q -= 2) {
			uint16_t swap = get_u16(q);

			set_u16(q, get_u16(q - 2));
			set_u16(q - 2, swap);
		}
	for (uint8_t *p = from + 2; p < to; p += 2)
		if (get_u16(p - 2) == get_u16(p))
			return false;
	return true;
}

static bool svc_put_value(struct reader *r, uint64_t key, struct str value)
{
	struct reader one = {value, r->origin, r->out, r->why, r->of_file};
	size_t at = r->out->n;

	switch (key) {
	case SVC_MANDATORY:
	case SVC_ALPN:
	case SVC_IPV4:
	case SVC_IPV6:
		do {
			if (!svc_put_item(r, key, str_cut(&value, ',')))
				return false;
		} while (value.n);
		if (key != SVC_MANDATORY || r->out->bad)
			return true;
		return sort_u16(r->out->at + at, r->out->at + r->out->n) ||
		       complain(r, one.rest, "names a parameter twice");
	case SVC_NO_DEFAULT:
		return value.n == 0 || complain(r, value, "stands where no value may");
	case SVC_PORT:
		return read_u16(&one);
	case SVC_ECH:
		return read_base64(&one);
	default:
		return put_text(r, value, UINT16_MAX);
	}
}

static void reverse_octets(uint8_t *from, uint8_t *to)
{
	for (; from < --to; from++) {
		uint8_t swap = *from;

		*from = *to;
		*to = swap;
	}
}

/* Put the last parameter, which begins at `last`, where its key belongs among those from `at` on.
 * False: there is one of that key. */
static bool svc_sort_in(uint8_t *at, uint8_t *last, uint8_t *end)
{
	uint16_t key = get_u16(last);

	while (at < last && get_u16(at) < key)
		at += 4 + get_u16(at + 2);
	if (at < last && get_u16(at) == key)
		return false;
	reverse_octets(at, last);
	reverse_octets(last, end);
	reverse_octets(at, end);
	return true;
}

/* One KEY=VALUE. */
static bool svc_put(struct reader *r, uint64_t key, struct str value)
{
	size_t length_at;

	buf_put_u16(r->out, (uint16_t)key);
	length_at = r->out->n;
	buf_put_u16(r->out, 0);
	if (!svc_put_value(r, key, value))
		return false;
	if (!r->out->bad)
		set_u16(r->out->at + length_at, (uint16_t)(r->out->n - length_at - 2));
	return true;
}

/* KEY=VALUE ... in any order; the wire has them by their numbers, each once. */
static bool read_params(struct reader *r)
{
	size_t first = r->out->n;
	struct str word;

	while (!at_end(r)) {
		size_t at = r->out->n;
		uint64_t key;
		struct str name;

		if (!take_word(r, &word))
			return complain(r, word, "has no closing quote");
		name = str_cut(&word, '=');
		if (word.n >= 2 && word.at[0] == '"' && word.at[word.n - 1] == '"')
			word = (struct str){word.at + 1, word.n - 2};
		if (!svc_key_parse(name, &key))
			return complain(r, name, "is not a service parameter");
		if (!svc_put(r, key, word))
			return false;
		if (!r->out->bad &&
			!svc_sort_in(r->out->at + first, r->out->at + at, r->out->at + r->out->n))
			return complain(r, name, "is there twice");
	}
	return true;
}

/* ---- wire -> text ---- */

struct view {
	struct bytes message;
	size_t at, end;
	const struct sink *out;
};

static const uint8_t *view_take(struct view *v, size_t n)
{
	const uint8_t *p = v->message.at + v->at;

	if (n > v->end - v->at)
		return NULL;
	v->at += n;
	return p;
}

static bool show_uint(struct view *v, size_t size)
{
	const uint8_t *p = view_take(v, size);
	uint32_t value = 0;

	if (!p)
		return false;
	for (size_t i = 0; i < size; i++)
		value = value << 8 | p[i];
	sink_printf(v->out, "%lu", (unsigned long)value);
	return true;
}

static bool show_u8(struct view *v)
{
	return show_uint(v, 1);
}

static bool show_u16(struct view *v)
{
	return show_uint(v, 2);
}

static bool show_u32(struct view *v)
{
	return show_uint(v, 4);
}

static bool show_addr(struct view *v, uint8_t family)
{
	const uint8_t *p = view_take(v, ip_addr_size(family));
	struct ip_addr a = {.family = family};
	char text[IP_TEXT_MAX];

	if (!p)
		return false;
	memcpy(a.b, p, ip_addr_size(family));
	sink_puts(v->out, ip_addr_text(&a, text));
	return true;
}

static bool show_a(struct view *v)
{
	return show_addr(v, 4);
}

static bool show_aaaa(struct view *v)
{
	return show_addr(v, 6);
}

static bool show_name(struct view *v)
{
	struct dns_name name;
	char text[DNS_NAME_TEXT_MAX];
	size_t at = v->at;

	if (dns_name_take(v->message, &at, &name) != FL_OK || at > v->end)
		return false;
	v->at = at;
	sink_puts(v->out, dns_name_text(name.wire, text));
	return true;
}

static void put_quoted(const struct sink *out, const uint8_t *p, size_t n)
{
	sink_puts(out, "\"");
	for (size_t i = 0; i < n; i++)
		if (p[i] < ' ' || p[i] >= 0x7f)
			sink_printf(out, "\\%03u", p[i]);
		else if (p[i] == '"' || p[i] == '\\')
			sink_printf(out, "\\%c", p[i]);
		else
			sink_put(out, (struct str){(const char *)p + i, 1});
	sink_puts(out, "\"");
}

static bool show_string(struct view *v)
{
	const uint8_t *length = view_take(v, 1);
	const uint8_t *p = length ? view_take(v, *length) : NULL;

	if (!p)
		return false;
	put_quoted(v->out, p, *length);
	return true;
}

static bool show_strings(struct view *v)
{
	do {
		if (!show_string(v))
			return false;
		if (v->at < v->end)
			sink_puts(v->out, " ");
	} while (v->at < v->end);
	return true;
}

/* A string that is printed without quotes. */
static bool show_bare(struct view *v, bool (*is_good)(struct str s))
{
	const uint8_t *length = view_take(v, 1);
	const uint8_t *p = length ? view_take(v, *length) : NULL;

	if (!p || !is_good((struct str){(const char *)p, *length}))
		return false;
	sink_put(v->out, (struct str){(const char *)p, *length});
	return true;
}

static bool show_tag(struct view *v)
{
	return show_bare(v, is_tag);
}

static bool show_value(struct view *v)
{
	size_t n = v->end - v->at;

	put_quoted(v->out, view_take(v, n), n);
	return true;
}

static void put_hex(const struct sink *out, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sink_printf(out, "%02x", p[i]);
}

static bool show_hex(struct view *v)
{
	size_t n = v->end - v->at;

	if (n == 0)
		return false;
	put_hex(v->out, view_take(v, n), n);
	return true;
}

static bool show_eui(struct view *v, size_t octets)
{
	const uint8_t *p = view_take(v, octets);

	if (!p)
		return false;
	for (size_t i = 0; i < octets; i++)
		sink_printf(v->out, "%s%02x", i ? "-" : "", p[i]);
	return true;
}

static bool show_eui48(struct view *v)
{
	return show_eui(v, 6);
}

static bool show_eui64(struct view *v)
{
	return show_eui(v, 8);
}

static void put_base64(const struct sink *out, const uint8_t *p, size_t n)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < n; i += 3) {
		uint32_t bits = (uint32_t)p[i] << 16;
		size_t left = n - i;

		if (left > 1)
			bits |= (uint32_t)p[i + 1] << 8;
		if (left > 2)
			bits |= p[i + 2];
		sink_printf(out, "%c%c%c%c", digits[bits >> 18], digits[bits >> 12 & 63],
			left > 1 ? digits[bits >> 6 & 63] : '=',
			left > 2 ? digits[bits & 63] : '=');
	}
}

static bool show_base64(struct view *v)
{
	size_t n = v->end - v->at;

	if (n == 0)
		return false;
	put_base64(v->out, view_take(v, n), n);
	return true;
}

/* A list of addresses, of keys (2 octets) or of protocols, between commas. */
static bool show_svc_list(struct view *v, uint16_t key)
{
	const char *comma = "";
	int32_t last = -1;

	while (v->at < v->end) {
		const uint8_t *p;

		sink_puts(v->out, comma);
		comma = ",";
		if (key == SVC_IPV4 ? !show_a(v) : key == SVC_IPV6 && !show_aaaa(v))
			return false;
		if (key == SVC_MANDATORY) {
			p = view_take(v, 2);
			if (!p || get_u16(p) == UINT16_MAX || get_u16(p) <= last)
				return false; /* a key that cannot be; RFC 9460 8: in order */
			last = get_u16(p);
			if (get_u16(p) < COUNT_OF(svc_names))
				sink_puts(v->out, svc_names[get_u16(p)]);
			else
				sink_printf(v->out, "key%u", get_u16(p));
		}
		if (key == SVC_ALPN && !show_bare(v, is_plain))
			return false;
	}
	return *comma != '\0';
}

static bool show_svc_value(struct view *v, uint16_t key)
{
	switch (key) {
	case SVC_MANDATORY:
	case SVC_ALPN:
	case SVC_IPV4:
	case SVC_IPV6:
		return show_svc_list(v, key);
	case SVC_NO_DEFAULT:
		return v->at == v->end;
	case SVC_PORT:
		return show_u16(v);
	case SVC_ECH:
		return show_base64(v);
	default:
		return show_value(v);
	}
}

static bool show_params(struct view *v)
{
	int32_t last = -1;

	while (v->at < v->end) {
		const uint8_t *p = view_take(v, 4);
		struct view one = *v;
		uint16_t key;

		if (!p || get_u16(p + 2) > v->end - v->at)
			return false;
		key = get_u16(p);
		if (key <= last || key == UINT16_MAX)
			return false; /* RFC 9460 2.2: in order, each once */
		last = key;
		one.end = v->at + get_u16(p + 2);
		if (key < COUNT_OF(svc_names))
			sink_puts(v->out, svc_names[key]);
		else
			sink_printf(v->out, "key%u", key);
		if (one.at < one.end)
			sink_puts(v->out, "=");
		if (one.at < one.end || key < COUNT_OF(svc_names))
			if (!show_svc_value(&one, key) || one.at != one.end)
				return false;
		v->at = one.end;
		if (v->at < v->end)
			sink_puts(v->out, " ");
	}
	return true;
}

static const struct {
	char letter;
	bool (*read)(struct reader *r);
	bool (*show)(struct view *v);
} fields[] = {
	{'a', read_a, show_a},
	{'6', read_aaaa, show_aaaa},
	{'n', read_name, show_name},
	{'1', read_u8, show_u8},
	{'2', read_u16, show_u16},
	{'4', read_u32, show_u32},
	{'T', read_time, show_u32},
	{'q', read_string, show_string},
	{'s', read_strings, show_strings},
	{'t', read_tag, show_tag},
	{'v', read_value, show_value},
	{'h', read_hex, show_hex},
	{'e', read_eui48, show_eui48},
	{'E', read_eui64, show_eui64},
	{'b', read_base64, show_base64},
	{'p', read_params, show_params},
};

static size_t field_of(char letter)
{
	size_t i = 0;

	while (i + 1 < COUNT_OF(fields) && fields[i].letter != letter)
		i++;
	return i;
}

/* ---- whole records ---- */

static bool read_form(struct reader *r, const char *form)
{
	for (; *form; form++)
		if (!fields[field_of(*form)].read(r))
			return false;
	return at_end(r) || complain(r, r->rest, "is more than this type has");
}

/* RFC 3597 5: "\# LENGTH HEX". */
static bool read_unknown(struct reader *r, uint16_t type)
{
	size_t begin = r->out->n;
	uint64_t length;
	struct bytes data;

	if (!read_uint(r, UINT16_MAX, &length))
		return false;
	if (!at_end(r) && !read_hex(r))
		return false;
	data = bytes_of(r->out->at + begin, r->out->n - begin);
	if (!r->out->bad && data.n != length) {
		textbuf_printf(r->why, "%lu octets are announced and %lu follow",
			(unsigned long)length, (unsigned long)data.n);
		return false;
	}
	if (!r->out->bad && !dns_rdata_check(type, data, 0, data.n, NULL, NULL)) {
		textbuf_printf(r->why, "the octets are not what this type has");
		return false;
	}
	return true;
}

static enum fl_err read_data(struct reader *r, uint16_t type)
{
	const struct type_row *row = type_find(type);
	struct buf saved = *r->out;
	enum fl_err e = FL_OK;
	bool good;

	if (r->rest.n >= 3 && str_starts(r->rest, STR("\\#")) && is_blank(r->rest.at[2])) {
		r->rest = (struct str){r->rest.at + 2, r->rest.n - 2};
		good = read_unknown(r, type);
	} else if (row) {
		good = read_form(r, row->form);
	} else {
		good = complain(r, r->rest, "is not of the form \\# LENGTH HEXADECIMAL");
	}
	if (!good)
		e = FL_EFORMAT;
	else if (r->out->bad) {
		textbuf_printf(r->why, "is too long");
		e = FL_EFULL;
	}
	if (e)
		*r->out = saved;
	return e;
}

enum fl_err dns_rdata_parse(uint16_t type, struct str text, const struct dns_name *origin,
	struct buf *out, struct textbuf *why)
{
	struct reader r = {str_trim(text), origin, out, why, false};

	return read_data(&r, type);
}

enum fl_err dns_rdata_parse_file(uint16_t type, struct str text, const struct dns_name *origin,
	struct buf *out, struct textbuf *why)
{
	struct reader r = {str_trim(text), origin, out, why, true};

	return read_data(&r, type);
}

static bool show_form(struct view *v, const char *form, size_t *names_at, size_t *names)
{
	size_t begin = v->at, n = 0;

	for (; *form; form++) {
		if (*form == 'n' && names_at && n < DNS_RDATA_NAMES)
			names_at[n++] = v->at - begin;
		if (v->at > v->end || !fields[field_of(*form)].show(v))
			return false;
		if (form[1] == 'v' || (form[1] && v->at < v->end)) /* "" is a value, too */
			sink_puts(v->out, " ");
	}
	if (names)
		*names = n;
	return v->at == v->end;
}

static void put_nowhere(void *ctx, const char *text, size_t n)
{
	(void)ctx;
	(void)text;
	(void)n;
}

bool dns_rdata_check(uint16_t type, struct bytes message, size_t at, size_t n,
	size_t names_at[DNS_RDATA_NAMES], size_t *names)
{
	static const struct sink nowhere = {put_nowhere, NULL};
	const struct type_row *row = type_find(type);
	struct view v = {message, at, at + n, &nowhere};

	if (names)
		*names = 0;
	if (at > message.n || n > message.n - at)
		return false;
	return !row || show_form(&v, row->form, names_at, names);
}

void dns_rdata_print(
	uint16_t type, struct bytes message, size_t at, size_t n, const struct sink *out)
{
	const struct type_row *row = type_find(type);
	struct view v = {message, at, at + n, out};

	if (row && dns_rdata_check(type, message, at, n, NULL, NULL)) {
		show_form(&v, row->form, NULL, NULL);
		return;
	}
	if (at > message.n || n > message.n - at)
		return;
	sink_printf(out, "\\# %lu%s", (unsigned long)n, n ? " " : "");
	put_hex(out, message.at + at, n);
}
