/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The form of a type (dns_type.c) has one letter a field.  A letter is a row of a table: how the
 * field is read from text and how it is printed from the wire.  A new type of known fields is one
 * line there and nothing anywhere else. */
#include "dns_rdata_fields.h"

#include "addr.h"

#include <string.h>

/* ---- text -> wire ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool rdata_complain(struct rdata_reader *r, struct str word, const char *what)
{
	int shown = word.n > 60 ? 60 : (int)word.n;

	if (word.n)
		textbuf_printf(r->why, "\"%.*s\" %s", shown, word.at, what);
	else
		textbuf_printf(r->why, "a value is missing");
	return false;
}

bool rdata_at_end(struct rdata_reader *r)
{
	r->rest = str_trim(r->rest);
	return r->rest.n == 0;
}

bool rdata_take_word(struct rdata_reader *r, struct str *word)
{
	size_t i = 0;
	bool quoted, inside = false;

	*word = (struct str){"", 0};
	if (rdata_at_end(r))
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

static bool read_uint(struct rdata_reader *r, uint64_t max, uint64_t *out)
{
	struct str w;

	if (rdata_take_word(r, &w) && str_to_u64(w, max, out))
		return true;
	return rdata_complain(r, w,
		max == 255          ? "is no number 0..255"
		: max == UINT16_MAX ? "is no number 0..65535"
				    : "is no number 0..4294967295");
}

static bool read_u8(struct rdata_reader *r)
{
	uint64_t v;

	if (!read_uint(r, UINT8_MAX, &v))
		return false;
	buf_put_u8(r->out, (uint8_t)v);
	return true;
}

bool rdata_read_u16(struct rdata_reader *r)
{
	uint64_t v;

	if (!read_uint(r, UINT16_MAX, &v))
		return false;
	buf_put_u16(r->out, (uint16_t)v);
	return true;
}

/* A time of SOA: a number, or in units. */
static bool read_time(struct rdata_reader *r)
{
	struct str word;
	uint32_t seconds;
	uint64_t v;

	if (!rdata_take_word(r, &word))
		return rdata_complain(r, word, "has no closing quote");
	if (!str_to_u64(word, UINT32_MAX, &v) && !dns_time_parse(word, &seconds))
		return rdata_complain(r, word, "is no time: 3600, or 1h");
	buf_put_u32(r->out, str_to_u64(word, UINT32_MAX, &v) ? (uint32_t)v : seconds);
	return true;
}

static bool read_u32(struct rdata_reader *r)
{
	uint64_t v;

	if (!read_uint(r, UINT32_MAX, &v))
		return false;
	buf_put_u32(r->out, (uint32_t)v);
	return true;
}

static bool read_addr(struct rdata_reader *r, uint8_t family, const char *what)
{
	struct ip_addr a;
	struct str w;

	if (!rdata_take_word(r, &w) || ip_addr_parse(w, &a) != FL_OK || a.family != family)
		return rdata_complain(r, w, what);
	buf_put(r->out, a.b, ip_addr_size(family));
	return true;
}

bool rdata_read_a(struct rdata_reader *r)
{
	return read_addr(r, 4, "is not an IPv4 address");
}

bool rdata_read_aaaa(struct rdata_reader *r)
{
	return read_addr(r, 6, "is not an IPv6 address");
}

static bool read_name(struct rdata_reader *r)
{
	struct dns_name name;
	struct str w;

	if (!rdata_take_word(r, &w) || dns_name_parse(w, r->origin, &name) != FL_OK)
		return rdata_complain(r, w, "is not a domain name");
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

bool rdata_put_text(struct rdata_reader *r, struct str w, size_t max)
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

bool rdata_put_string(struct rdata_reader *r, struct str w)
{
	size_t length_at = r->out->n;

	buf_put_u8(r->out, 0);
	if (!rdata_put_text(r, w, 255))
		return rdata_complain(r, w, "is longer than 255 octets");
	if (!r->out->bad)
		r->out->at[length_at] = (uint8_t)(r->out->n - length_at - 1);
	return true;
}

static bool read_string(struct rdata_reader *r)
{
	struct str w;

	if (!rdata_take_word(r, &w))
		return rdata_complain(r, w, "is not a text");
	return rdata_put_string(r, w);
}

/* TXT.  `v=spf1 mx -all`, whose quotes the settings have taken, is one text and not three; a long
 * one (a DKIM key) is cut into strings of 255 octets, which readers join again. */
static bool read_strings(struct rdata_reader *r)
{
	if (rdata_at_end(r))
		return rdata_complain(r, r->rest, "is not a text");
	if (*r->rest.at == '"' || r->of_file) {
		while (!rdata_at_end(r))
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
		if (!rdata_put_string(r, piece))
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

static bool read_tag(struct rdata_reader *r)
{
	struct str w;

	if (!rdata_take_word(r, &w) || !is_tag(w))
		return rdata_complain(r, w, "is not a tag: letters and digits only");
	return rdata_put_string(r, w);
}

/* The rest of the data, without a length (CAA, URI). */
static bool read_value(struct rdata_reader *r)
{
	struct str w;

	if (rdata_at_end(r))
		return rdata_complain(r, r->rest, "is not a text");
	if (*r->rest.at == '"') {
		if (!rdata_take_word(r, &w))
			return rdata_complain(r, w, "has no closing quote");
	} else {
		w = r->rest;
		r->rest.n = 0;
	}
	return rdata_put_text(r, w, DNS_RDATA_MAX);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Hexadecimal to the end; blanks may stand between octets. */
static bool read_hex(struct rdata_reader *r)
{
	size_t begin = r->out->n;

	while (!rdata_at_end(r)) {
		int high = hex_digit(r->rest.at[0]);
		int low = r->rest.n > 1 ? hex_digit(r->rest.at[1]) : -1;

		if (high < 0 || low < 0)
			return rdata_complain(r, r->rest, "is not hexadecimal");
		buf_put_u8(r->out, (uint8_t)(high << 4 | low));
		r->rest = (struct str){r->rest.at + 2, r->rest.n - 2};
	}
	if (r->out->n == begin && !r->out->bad)
		return rdata_complain(r, r->rest, "is not hexadecimal");
	return true;
}

/* RFC 7043: octets in hexadecimal between hyphens, "00-00-5e-00-53-2a". */
static bool read_eui(struct rdata_reader *r, size_t octets)
{
	struct str w;

	if (!rdata_take_word(r, &w) || w.n != octets * 3 - 1)
		return rdata_complain(r, w, "is not octets with hyphens between them");
	for (size_t i = 0; i < w.n; i += 3) {
		int high = hex_digit(w.at[i]), low = hex_digit(w.at[i + 1]);

		if (high < 0 || low < 0 || (i + 2 < w.n && w.at[i + 2] != '-'))
			return rdata_complain(r, w, "is not octets with hyphens between them");
		buf_put_u8(r->out, (uint8_t)(high << 4 | low));
	}
	return true;
}

static bool read_eui48(struct rdata_reader *r)
{
	return read_eui(r, 6);
}

static bool read_eui64(struct rdata_reader *r)
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
bool rdata_read_base64(struct rdata_reader *r)
{
	uint32_t bits = 0;
	unsigned nbits = 0, digits = 0, pad = 0;

	for (; !rdata_at_end(r); r->rest.at++, r->rest.n--) {
		int d = base64_digit(*r->rest.at);

		if (*r->rest.at == '=') {
			pad++;
			continue;
		}
		if (d < 0 || pad)
			return rdata_complain(r, r->rest, "is not base 64");
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
		return rdata_complain(r, r->rest, "is not base 64");
	return true;
}

/* ---- wire -> text ---- */

const uint8_t *rdata_take(struct rdata_view *v, size_t n)
{
	const uint8_t *p = v->message.at + v->at;

	if (n > v->end - v->at)
		return NULL;
	v->at += n;
	return p;
}

static bool show_uint(struct rdata_view *v, size_t size)
{
	const uint8_t *p = rdata_take(v, size);
	uint32_t value = 0;

	if (!p)
		return false;
	for (size_t i = 0; i < size; i++)
		value = value << 8 | p[i];
	sink_printf(v->out, "%lu", (unsigned long)value);
	return true;
}

static bool show_u8(struct rdata_view *v)
{
	return show_uint(v, 1);
}

bool rdata_show_u16(struct rdata_view *v)
{
	return show_uint(v, 2);
}

static bool show_u32(struct rdata_view *v)
{
	return show_uint(v, 4);
}

static bool show_addr(struct rdata_view *v, uint8_t family)
{
	const uint8_t *p = rdata_take(v, ip_addr_size(family));
	struct ip_addr a = {.family = family};
	char text[IP_TEXT_MAX];

	if (!p)
		return false;
	memcpy(a.b, p, ip_addr_size(family));
	sink_puts(v->out, ip_addr_text(&a, text));
	return true;
}

bool rdata_show_a(struct rdata_view *v)
{
	return show_addr(v, 4);
}

bool rdata_show_aaaa(struct rdata_view *v)
{
	return show_addr(v, 6);
}

static bool show_name(struct rdata_view *v)
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

static bool show_string(struct rdata_view *v)
{
	const uint8_t *length = rdata_take(v, 1);
	const uint8_t *p = length ? rdata_take(v, *length) : NULL;

	if (!p)
		return false;
	put_quoted(v->out, p, *length);
	return true;
}

static bool show_strings(struct rdata_view *v)
{
	do {
		if (!show_string(v))
			return false;
		if (v->at < v->end)
			sink_puts(v->out, " ");
	} while (v->at < v->end);
	return true;
}

bool rdata_show_bare(struct rdata_view *v, bool (*is_good)(struct str s))
{
	const uint8_t *length = rdata_take(v, 1);
	const uint8_t *p = length ? rdata_take(v, *length) : NULL;

	if (!p || !is_good((struct str){(const char *)p, *length}))
		return false;
	sink_put(v->out, (struct str){(const char *)p, *length});
	return true;
}

static bool show_tag(struct rdata_view *v)
{
	return rdata_show_bare(v, is_tag);
}

bool rdata_show_value(struct rdata_view *v)
{
	size_t n = v->end - v->at;

	put_quoted(v->out, rdata_take(v, n), n);
	return true;
}

static void put_hex(const struct sink *out, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sink_printf(out, "%02x", p[i]);
}

static bool show_hex(struct rdata_view *v)
{
	size_t n = v->end - v->at;

	if (n == 0)
		return false;
	put_hex(v->out, rdata_take(v, n), n);
	return true;
}

static bool show_eui(struct rdata_view *v, size_t octets)
{
	const uint8_t *p = rdata_take(v, octets);

	if (!p)
		return false;
	for (size_t i = 0; i < octets; i++)
		sink_printf(v->out, "%s%02x", i ? "-" : "", p[i]);
	return true;
}

static bool show_eui48(struct rdata_view *v)
{
	return show_eui(v, 6);
}

static bool show_eui64(struct rdata_view *v)
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

bool rdata_show_base64(struct rdata_view *v)
{
	size_t n = v->end - v->at;

	if (n == 0)
		return false;
	put_base64(v->out, rdata_take(v, n), n);
	return true;
}

static const struct {
	char letter;
	bool (*read)(struct rdata_reader *r);
	bool (*show)(struct rdata_view *v);
} fields[] = {
	{'a', rdata_read_a, rdata_show_a},
	{'6', rdata_read_aaaa, rdata_show_aaaa},
	{'n', read_name, show_name},
	{'1', read_u8, show_u8},
	{'2', rdata_read_u16, rdata_show_u16},
	{'4', read_u32, show_u32},
	{'T', read_time, show_u32},
	{'q', read_string, show_string},
	{'s', read_strings, show_strings},
	{'t', read_tag, show_tag},
	{'v', read_value, rdata_show_value},
	{'h', read_hex, show_hex},
	{'e', read_eui48, show_eui48},
	{'E', read_eui64, show_eui64},
	{'b', rdata_read_base64, rdata_show_base64},
	{'p', rdata_read_params, rdata_show_params},
};

static size_t field_of(char letter)
{
	size_t i = 0;

	while (i + 1 < COUNT_OF(fields) && fields[i].letter != letter)
		i++;
	return i;
}

/* ---- whole records ---- */

static bool read_form(struct rdata_reader *r, const char *form)
{
	for (; *form; form++)
		if (!fields[field_of(*form)].read(r))
			return false;
	return rdata_at_end(r) || rdata_complain(r, r->rest, "is more than this type has");
}

/* RFC 3597 5: "\# LENGTH HEX". */
static bool read_unknown(struct rdata_reader *r, uint16_t type)
{
	size_t begin = r->out->n;
	uint64_t length;
	struct bytes data;

	if (!read_uint(r, UINT16_MAX, &length))
		return false;
	if (!rdata_at_end(r) && !read_hex(r))
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

static enum fl_err read_data(struct rdata_reader *r, uint16_t type)
{
	const struct dns_type_row *row = dns_type_row(type);
	struct buf saved = *r->out;
	enum fl_err e = FL_OK;
	bool good;

	if (r->rest.n >= 3 && str_starts(r->rest, STR("\\#")) && is_blank(r->rest.at[2])) {
		r->rest = (struct str){r->rest.at + 2, r->rest.n - 2};
		good = read_unknown(r, type);
	} else if (row) {
		good = read_form(r, row->form);
	} else {
		good = rdata_complain(r, r->rest, "is not of the form \\# LENGTH HEXADECIMAL");
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
	struct rdata_reader r = {str_trim(text), origin, out, why, false};

	return read_data(&r, type);
}

enum fl_err dns_rdata_parse_file(uint16_t type, struct str text, const struct dns_name *origin,
	struct buf *out, struct textbuf *why)
{
	struct rdata_reader r = {str_trim(text), origin, out, why, true};

	return read_data(&r, type);
}

static bool show_form(struct rdata_view *v, const char *form, size_t *names_at, size_t *names)
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
	const struct dns_type_row *row = dns_type_row(type);
	struct rdata_view v = {message, at, at + n, &nowhere};

	if (names)
		*names = 0;
	if (at > message.n || n > message.n - at)
		return false;
	return !row || show_form(&v, row->form, names_at, names);
}

void dns_rdata_print(
	uint16_t type, struct bytes message, size_t at, size_t n, const struct sink *out)
{
	const struct dns_type_row *row = dns_type_row(type);
	struct rdata_view v = {message, at, at + n, out};

	if (row && dns_rdata_check(type, message, at, n, NULL, NULL)) {
		show_form(&v, row->form, NULL, NULL);
		return;
	}
	if (at > message.n || n > message.n - at)
		return;
	sink_printf(out, "\\# %lu%s", (unsigned long)n, n ? " " : "");
	put_hex(out, message.at + at, n);
}
