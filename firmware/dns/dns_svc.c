/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parameters of SVCB and HTTPS (RFC 9460 2.1): KEY=VALUE in any order as text, by their numbers
 * on the wire. */
#include "dns_rdata_fields.h"

#include <string.h>

/* ---- text -> wire ---- */

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
static bool svc_put_item(struct rdata_reader *r, uint64_t key, struct str item)
{
	struct rdata_reader one = {item, r->origin, r->out, r->why, r->of_file};
	uint64_t named;

	switch (key) {
	case SVC_MANDATORY:
		if (!svc_key_parse(item, &named))
			return rdata_complain(r, item, "is not a service parameter");
		buf_put_u16(r->out, (uint16_t)named);
		return true;
	case SVC_ALPN:
		return is_plain(item) ? rdata_put_string(r, item)
				      : rdata_complain(r, item, "is not a protocol");
	case SVC_IPV4:
		return rdata_read_a(&one);
	default:
		return rdata_read_aaaa(&one);
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

static bool svc_put_value(struct rdata_reader *r, uint64_t key, struct str value)
{
	struct rdata_reader one = {value, r->origin, r->out, r->why, r->of_file};
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
		       rdata_complain(r, one.rest, "names a parameter twice");
	case SVC_NO_DEFAULT:
		return value.n == 0 || rdata_complain(r, value, "stands where no value may");
	case SVC_PORT:
		return rdata_read_u16(&one);
	case SVC_ECH:
		return rdata_read_base64(&one);
	default:
		return rdata_put_text(r, value, UINT16_MAX);
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
static bool svc_put(struct rdata_reader *r, uint64_t key, struct str value)
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
bool rdata_read_params(struct rdata_reader *r)
{
	size_t first = r->out->n;
	struct str word;

	while (!rdata_at_end(r)) {
		size_t at = r->out->n;
		uint64_t key;
		struct str name;

		if (!rdata_take_word(r, &word))
			return rdata_complain(r, word, "has no closing quote");
		name = str_cut(&word, '=');
		if (word.n >= 2 && word.at[0] == '"' && word.at[word.n - 1] == '"')
			word = (struct str){word.at + 1, word.n - 2};
		if (!svc_key_parse(name, &key))
			return rdata_complain(r, name, "is not a service parameter");
		if (!svc_put(r, key, word))
			return false;
		if (!r->out->bad &&
			!svc_sort_in(r->out->at + first, r->out->at + at, r->out->at + r->out->n))
			return rdata_complain(r, name, "is there twice");
	}
	return true;
}

/* ---- wire -> text ---- */

/* A list of addresses, of keys (2 octets) or of protocols, between commas. */
static bool show_svc_list(struct rdata_view *v, uint16_t key)
{
	const char *comma = "";
	int32_t last = -1;

	while (v->at < v->end) {
		const uint8_t *p;

		sink_puts(v->out, comma);
		comma = ",";
		if (key == SVC_IPV4 ? !rdata_show_a(v) : key == SVC_IPV6 && !rdata_show_aaaa(v))
			return false;
		if (key == SVC_MANDATORY) {
			p = rdata_take(v, 2);
			if (!p || get_u16(p) == UINT16_MAX || get_u16(p) <= last)
				return false; /* a key that cannot be; RFC 9460 8: in order */
			last = get_u16(p);
			if (get_u16(p) < COUNT_OF(svc_names))
				sink_puts(v->out, svc_names[get_u16(p)]);
			else
				sink_printf(v->out, "key%u", get_u16(p));
		}
		if (key == SVC_ALPN && !rdata_show_bare(v, is_plain))
			return false;
	}
	return *comma != '\0';
}

static bool show_svc_value(struct rdata_view *v, uint16_t key)
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
		return rdata_show_u16(v);
	case SVC_ECH:
		return rdata_show_base64(v);
	default:
		return rdata_show_value(v);
	}
}

bool rdata_show_params(struct rdata_view *v)
{
	int32_t last = -1;

	while (v->at < v->end) {
		const uint8_t *p = rdata_take(v, 4);
		struct rdata_view one = *v;
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
