/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names are folded and hashed eight octets at a time: a query's name has 15 to 30 octets, so this
 * is three or four steps where an octet-wise hash has a chain of thirty multiplications. */
#include "dns_name.h"

#include <string.h>

/* "\X" or "\DDD" in a label in master file form.  False: it is broken. */
static bool take_escape(struct str *text, uint8_t *out)
{
	const char *p = text->at;
	size_t used = 2;
	uint64_t v;

	if (text->n < 2)
		return false;
	v = (uint8_t)p[1];
	if (p[1] >= '0' && p[1] <= '9') {
		if (text->n < 4 || !str_to_u64((struct str){p + 1, 3}, 255, &v))
			return false;
		used = 4;
	}
	*out = (uint8_t)v;
	text->at += used;
	text->n -= used;
	return true;
}

/* The label in front of the next dot, with its length octet; the dot is taken, too. */
static enum fl_err take_label(struct str *text, struct dns_name *name)
{
	unsigned length_at = name->n, length = 0;

	while (text->n && *text->at != '.') {
		uint8_t octet = (uint8_t)*text->at;

		if (octet == '\\') {
			if (!take_escape(text, &octet))
				return FL_EFORMAT;
		} else {
			text->at++;
			text->n--;
		}
		if (++length > DNS_LABEL_MAX || length_at + length + 1 >= DNS_NAME_MAX)
			return FL_ERANGE;
		name->wire[length_at + length] = octet;
	}
	if (length == 0)
		return FL_EFORMAT;
	name->wire[length_at] = (uint8_t)length;
	name->n = (uint8_t)(length_at + length + 1);
	return FL_OK;
}

static enum fl_err append_origin(struct dns_name *name, const struct dns_name *origin)
{
	static const struct dns_name root = {.n = 1};

	if (!origin)
		origin = &root;
	if (name->n + origin->n > DNS_NAME_MAX)
		return FL_ERANGE;
	memcpy(name->wire + name->n, origin->wire, origin->n);
	name->n = (uint8_t)(name->n + origin->n);
	return FL_OK;
}

enum fl_err dns_name_parse(struct str text, const struct dns_name *origin, struct dns_name *out)
{
	struct dns_name name; /* not all of it is needed: this is asked for each of many hosts */
	enum fl_err e = FL_OK;
	bool absolute = str_is(text, ".");

	name.n = 0;
	if (text.n == 0)
		return FL_EFORMAT;
	if (absolute || str_is(text, "@"))
		text.n = 0;
	while (text.n) {
		e = take_label(&text, &name);
		if (e)
			return e;
		if (text.n) { /* take_label stops at a dot or at the end */
			text.at++;
			text.n--;
			absolute = text.n == 0;
		}
	}
	e = append_origin(&name, absolute ? NULL : origin);
	if (e)
		return e;
	memcpy(out->wire, name.wire, name.n);
	out->n = name.n;
	return FL_OK;
}

static char *put_octet(char *p, uint8_t c)
{
	if (c <= ' ' || c >= 0x7f) {
		*p++ = '\\';
		*p++ = (char)('0' + c / 100);
		*p++ = (char)('0' + c / 10 % 10);
		*p++ = (char)('0' + c % 10);
		return p;
	}
	if (strchr(".\\\"();@$", c))
		*p++ = '\\';
	*p++ = (char)c;
	return p;
}

const char *dns_name_text(const uint8_t *wire, char out[DNS_NAME_TEXT_MAX])
{
	char *p = out;

	if (*wire == 0)
		*p++ = '.';
	while (*wire) {
		unsigned length = *wire++;

		while (length--)
			p = put_octet(p, *wire++);
		*p++ = '.';
	}
	*p = '\0';
	return out;
}

enum fl_err dns_name_take(struct bytes message, size_t *at, struct dns_name *out)
{
	size_t from = *at, end = 0, limit = message.n; /* a pointer must point before `limit` */
	size_t start = from;
	unsigned n = 0;

	for (;;) {
		uint8_t length;

		if (from >= message.n)
			return FL_EFORMAT;
		length = message.at[from];
		if (length >= 0xc0) {
			if (from + 2 > message.n)
				return FL_EFORMAT;
			if (!end)
				end = from + 2;
			limit = start;
			from = get_u16(message.at + from) & 0x3fff;
			if (from >= limit)
				return FL_EFORMAT;
			start = from;
			continue;
		}
		if (length > DNS_LABEL_MAX || n + length + 1u > DNS_NAME_MAX ||
			from + length + 1 > message.n)
			return FL_EFORMAT;
		memcpy(out->wire + n, message.at + from, length + 1u);
		n += length + 1u;
		from += length + 1u;
		if (length == 0)
			break;
	}
	out->n = (uint8_t)n;
	*at = end ? end : from;
	return FL_OK;
}

size_t dns_name_size(const uint8_t *wire, size_t n)
{
	size_t at = 0;

	if (n > DNS_NAME_MAX)
		n = DNS_NAME_MAX;
	while (at < n) {
		uint8_t length = wire[at];

		if (length == 0)
			return at + 1;
		if (length > DNS_LABEL_MAX)
			return 0;
		at += length + 1u;
	}
	return 0;
}

unsigned dns_name_labels(const uint8_t *wire)
{
	unsigned labels = 0;

	for (; *wire; wire += *wire + 1)
		labels++;
	return labels;
}

bool dns_name_is_below(const uint8_t *child, size_t child_n, const uint8_t *parent, size_t parent_n)
{
	size_t at = 0;

	if (child_n < parent_n || memcmp(child + child_n - parent_n, parent, parent_n) != 0)
		return false;
	while (at < child_n - parent_n)
		at += child[at] + 1u;
	return at == child_n - parent_n;
}

/* 'A'..'Z' become 'a'..'z' in all eight octets at once.  A length octet is at most 63 and so never
 * a letter. */
static uint64_t fold_word(uint64_t w)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t low = w & (ones * 0x7f);
	uint64_t from_a = low + ones * (0x80 - 'A');
	uint64_t behind_z = low + ones * (0x80 - 'Z' - 1);
	uint64_t upper = (from_a ^ behind_z) & ~w & (ones * 0x80);

	return w | upper >> 2;
}

static uint64_t hash_start(size_t n)
{
	return n * UINT64_C(0x9e3779b97f4a7c15);
}

static uint64_t hash_word(uint64_t h, uint64_t w)
{
	h = (h ^ w) * UINT64_C(0xff51afd7ed558ccd);
	return h ^ h >> 32;
}

void dns_key_of(const uint8_t *wire, size_t n, struct dns_key *out)
{
	uint64_t h = hash_start(n), w;
	size_t at = 0;

	for (; at + 8 <= n; at += 8) {
		memcpy(&w, wire + at, 8);
		w = fold_word(w);
		memcpy(out->wire + at, &w, 8);
		h = hash_word(h, w);
	}
	w = 0;
	memcpy(&w, wire + at, n - at);
	w = fold_word(w);
	memcpy(out->wire + at, &w, 8);
	if (at < n)
		h = hash_word(h, w);
	memset(out->wire + n, 0, 8);
	out->n = (uint8_t)n;
	out->hash = (uint32_t)h;
}

uint32_t dns_key_hash(const uint8_t *wire, size_t n)
{
	uint64_t h = hash_start(n);

	for (size_t at = 0; at < n; at += 8) {
		uint64_t w;

		/* Octets behind the name are zero: a tail is hashed like the whole name. */
		memcpy(&w, wire + at, 8);
		h = hash_word(h, w);
	}
	return (uint32_t)h;
}
