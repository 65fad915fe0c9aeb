/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One row of `types` is all there is to know of a type. */
#include "value.h"

#include "addr.h"
#include "mtime.h"
#include "rng.h"
#include "words.h"

#include <stdalign.h>
#include <string.h>

void complaint_init(struct complaint *c)
{
	c->what = textbuf_of(c->what_room, sizeof(c->what_room));
	c->cure = textbuf_of(c->cure_room, sizeof(c->cure_room));
}

void words_add(struct textbuf *cure, struct str word)
{
	bool first = cure->n == 0;

	if (cure->cut)
		return;
	if (cure->cap - cure->n < word.n + sizeof("use one of: , ...")) {
		textbuf_printf(cure, ", ...");
		cure->cut = true;
		return;
	}
	textbuf_printf(cure, "%s%.*s", first ? "use one of: " : ", ", STR_ARG(word));
}

struct nearest nearest_to(struct str typed)
{
	return (struct nearest){typed, {"", 0}, UINT16_MAX};
}

void nearest_try(struct nearest *n, struct str word)
{
	unsigned d = str_distance(n->to, word);

	/* A beginning of the word is a likely slip of somebody used to short forms. */
	if (n->to.n >= 2 && str_starts(word, n->to) && d > 1)
		d = 1;
	if (d < n->distance) {
		n->distance = d;
		n->word = word;
	}
}

bool nearest_found(const struct nearest *n)
{
	size_t longer = n->to.n > n->word.n ? n->to.n : n->word.n;

	return n->distance <= 3 && n->distance * 2 <= longer;
}

/* ---- ranges ---- */

static bool has_range(const struct setting *row)
{
	return row->min != 0 || row->max != 0;
}

static bool in_range(const struct setting *row, uint64_t v)
{
	if (!has_range(row))
		return true;
	if (row->min > 0 && v < (uint64_t)row->min)
		return false;
	return row->max == 0 || (row->max > 0 && v <= (uint64_t)row->max);
}

static void use_range(const struct setting *row, struct textbuf *cure)
{
	struct sink out = textbuf_sink(cure);

	if (!has_range(row))
		return;
	textbuf_printf(cure, "use ");
	value_range(row, &out);
}

static bool out_of_range(const struct setting *row, struct complaint *why)
{
	textbuf_printf(&why->what, "is out of range");
	use_range(row, &why->cure);
	return false;
}

static bool malformed(struct complaint *why, const char *what, const char *cure)
{
	textbuf_printf(&why->what, "%s", what);
	textbuf_printf(&why->cure, "%s", cure);
	return false;
}

/* ---- the types ---- */

static bool read_flag(const struct setting *row, struct str text, void *out, struct complaint *why)
{
	(void)row, (void)text, (void)why;
	*(bool *)out = true;
	return true;
}

static bool read_yesno(const struct setting *row, struct str text, void *out, struct complaint *why)
{
	(void)row;
	if (!str_is(text, "yes") && !str_is(text, "no"))
		return malformed(why, "is neither yes nor no", "use yes or no");
	*(bool *)out = str_is(text, "yes");
	return true;
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool read_name(const struct setting *row, struct str text, void *out, struct complaint *why)
{
	bool good = text.n && is_alnum(text.at[0]);

	(void)row;
	for (size_t i = 0; i < text.n; i++)
		good = good && (is_alnum(text.at[i]) || memchr("-_.", text.at[i], 3));
	if (!good)
		return malformed(why, "is not a name",
			"begin with a letter or digit; then letters, digits, \"-\", \"_\" and "
			"\".\"");
	if (text.n > FL_NAME_MAX) {
		textbuf_printf(&why->what, "is too long for a name");
		textbuf_printf(&why->cure, "use at most %d characters", FL_NAME_MAX);
		return false;
	}
	*(struct str *)out = text;
	return true;
}

static bool read_text(const struct setting *row, struct str text, void *out, struct complaint *why)
{
	for (size_t i = 0, n; i < text.n; i += n) {
		n = utf8_char(text.at + i, text.at + text.n);
		if (n == 0)
			return malformed(why, "has a control character in it", "remove it");
	}
	if (!in_range(row, text.n)) {
		textbuf_printf(&why->what, "has %zu octets", text.n);
		use_range(row, &why->cure);
		return false;
	}
	*(struct str *)out = text;
	return true;
}

static bool read_uint(const struct setting *row, struct str text, void *out, struct complaint *why)
{
	uint64_t v;
	bool digits = text.n > 0;

	for (size_t i = 0; i < text.n; i++)
		digits = digits && text.at[i] >= '0' && text.at[i] <= '9';
	if (!digits) {
		textbuf_printf(&why->what, "is not a number");
		use_range(row, &why->cure);
		return false;
	}
	if (!str_to_u64(text, UINT32_MAX, &v) || !in_range(row, v))
		return out_of_range(row, why);
	*(uint32_t *)out = (uint32_t)v;
	return true;
}

static void text_uint(const void *v, struct textbuf *out)
{
	textbuf_printf(out, "%u", (unsigned)*(const uint32_t *)v);
}

struct unit {
	const char *name;
	uint64_t size;
};

static const struct unit span_units[] = {
	{"d", 86400000},
	{"h", 3600000},
	{"m", 60000},
	{"s", 1000},
	{"ms", 1},
	{NULL, 0},
};
static const struct unit rate_units[] = {
	{"G", 1000000000},
	{"M", 1000000},
	{"k", 1000},
	{"", 1},
	{NULL, 0},
};

enum unit_error { UNIT_GOOD, UNIT_MALFORMED, UNIT_MISSING, UNIT_TOO_LARGE };

/* Digits and a unit. */
static enum unit_error take_units(struct str text, const struct unit *units, uint64_t *out)
{
	size_t digits = 0;
	struct str unit;
	uint64_t v;

	while (digits < text.n && text.at[digits] >= '0' && text.at[digits] <= '9')
		digits++;
	if (digits == 0)
		return UNIT_MALFORMED;
	unit = (struct str){text.at + digits, text.n - digits};
	while (units->name && !str_is(unit, units->name))
		units++;
	if (!units->name)
		return unit.n ? UNIT_MALFORMED : UNIT_MISSING;
	if (!str_to_u64(
		    (struct str){text.at, digits}, (uint64_t)INT64_MAX / 1000 / units->size, &v))
		return UNIT_TOO_LARGE;
	*out = v * units->size;
	return UNIT_GOOD;
}

/* In the largest unit that leaves nothing over. */
static void put_units(uint64_t v, const struct unit *units, struct textbuf *out)
{
	while (units[1].name && (v < units->size || v % units->size))
		units++;
	textbuf_printf(out, "%llu%s", (unsigned long long)(v / units->size), units->name);
}

static void put_span(uint64_t v, struct textbuf *out)
{
	if (v == 0)
		textbuf_printf(out, "0s");
	else
		put_units(v, span_units, out);
}

static bool read_span(const struct setting *row, struct str text, void *out, struct complaint *why)
{
	uint64_t v;

	switch (take_units(text, span_units, &v)) {
	case UNIT_GOOD:
		break;
	case UNIT_MALFORMED:
		return malformed(why, "is not a time", "use a number and ms, s, m, h or d: 500ms");
	case UNIT_MISSING:
		textbuf_printf(&why->what, "has no unit");
		textbuf_printf(&why->cure, "did you mean \"%.*ss\"?", STR_ARG(text));
		return false;
	case UNIT_TOO_LARGE:
		return out_of_range(row, why);
	}
	if (!in_range(row, v))
		return out_of_range(row, why);
	*(span *)out = ms((int64_t)v);
	return true;
}

static void text_span(const void *v, struct textbuf *out)
{
	put_span((uint64_t)span_ms(*(const span *)v), out);
}

static bool read_rate(const struct setting *row, struct str text, void *out, struct complaint *why)
{
	uint64_t v;

	switch (take_units(text, rate_units, &v)) {
	case UNIT_GOOD:
		break;
	case UNIT_MALFORMED:
	case UNIT_MISSING:
		return malformed(why, "is not a rate", "use a whole number and k, M or G: 200M");
	case UNIT_TOO_LARGE:
		return out_of_range(row, why);
	}
	if (!in_range(row, v))
		return out_of_range(row, why);
	*(uint64_t *)out = v;
	return true;
}

static void text_rate(const void *v, struct textbuf *out)
{
	put_units(*(const uint64_t *)v, rate_units, out);
}

static bool read_addr(const struct setting *row, struct str text, void *out, struct complaint *why)
{
	(void)row;
	if (ip_addr_parse(text, out))
		return malformed(
			why, "is not an address", "use an address like 192.0.2.1 or 2001:db8::1");
	return true;
}

static void text_addr(const void *v, struct textbuf *out)
{
	char text[IP_TEXT_MAX];

	textbuf_printf(out, "%s", ip_addr_text(v, text));
}

static bool read_any_prefix(
	struct str text, const char *example, struct ip_prefix *out, struct complaint *why)
{
	switch (ip_prefix_parse(text, out)) {
	case FL_OK:
		return true;
	case FL_ESHORT:
		textbuf_printf(&why->what, "has no prefix length");
		break;
	case FL_ERANGE:
		textbuf_printf(&why->what, "has a bad prefix length");
		break;
	default:
		textbuf_printf(&why->what, "is not an address with a prefix length");
		break;
	}
	textbuf_printf(&why->cure, "write it like %s", example);
	return false;
}

static bool read_prefix(
	const struct setting *row, struct str text, void *out, struct complaint *why)
{
	struct ip_prefix p, net;
	char room[IP_TEXT_MAX + 4];

	(void)row;
	if (!read_any_prefix(text, "203.0.113.0/29 or 2001:db8::/48", &p, why))
		return false;
	net = ip_prefix_network(&p);
	if (!ip_addr_eq(&net.addr, &p.addr)) {
		textbuf_printf(&why->what, "has bits set behind its prefix");
		textbuf_printf(&why->cure, "did you mean \"%s\"?", ip_prefix_text(&net, room));
		return false;
	}
	memcpy(out, &p, sizeof(p));
	return true;
}

static void text_prefix(const void *v, struct textbuf *out)
{
	char text[IP_TEXT_MAX + 4];

	textbuf_printf(out, "%s", ip_prefix_text(v, text));
}

/* All host bits of an IPv4 prefix are ones. */
static bool is_broadcast(const struct ip_prefix *p)
{
	uint32_t host = p->bits ? UINT32_MAX >> p->bits : UINT32_MAX;
	uint32_t addr = (uint32_t)p->addr.b[0] << 24 | (uint32_t)p->addr.b[1] << 16 |
			(uint32_t)p->addr.b[2] << 8 | p->addr.b[3];

	return (addr & host) == host;
}

static bool read_host_prefix(
	const struct setting *row, struct str text, void *out, struct complaint *why)
{
	struct ip_prefix p, net;

	(void)row;
	if (!read_any_prefix(text, "203.0.113.2/29 or 2001:db8::2/64", &p, why))
		return false;
	net = ip_prefix_network(&p);
	if (p.addr.family == 4 && p.bits < 31) { /* RFC 3021: /31 has no such addresses */
		if (ip_addr_eq(&net.addr, &p.addr))
			return malformed(why, "is the network, not a host in it",
				"write the router's own address with the prefix length");
		if (is_broadcast(&p))
			return malformed(why, "is the broadcast address of its network",
				"write the router's own address with the prefix length");
	}
	memcpy(out, &p, sizeof(p));
	return true;
}

static int choice_index(const struct setting *row, struct str text)
{
	for (int i = 0; row->choices && row->choices[i]; i++)
		if (str_is(text, row->choices[i]))
			return i;
	return -1;
}

static bool read_choice(
	const struct setting *row, struct str text, void *out, struct complaint *why)
{
	int i = choice_index(row, text);

	if (i >= 0) {
		*(uint32_t *)out = (uint32_t)i;
		return true;
	}
	textbuf_printf(&why->what, "is not one of the choices");
	for (i = 0; row->choices && row->choices[i]; i++)
		words_add(&why->cure, str_of(row->choices[i]));
	return false;
}

static bool read_ref(const struct setting *row, struct str text, void *out, struct complaint *why)
{
	int i = choice_index(row, text);

	if (text.n == 0)
		return malformed(why, "is no name", "");
	*(int32_t *)out = i >= 0 ? -1 - i : SETTING_REF_UNSET;
	return true;
}

static bool read_custom(
	const struct setting *row, struct str text, void *out, struct complaint *why)
{
	if (row->parse(text, out, &why->what))
		return true;
	if (row->example)
		textbuf_printf(&why->cure, "write it like %s", row->example);
	else if (row->syntax)
		textbuf_printf(&why->cure, "use %s", row->syntax);
	return false;
}

struct type {
	const char *syntax; /* NULL: made from the row */
	size_t size;
	bool (*read)(const struct setting *row, struct str text, void *out, struct complaint *why);
	void (*text)(const void *v, struct textbuf *out); /* NULL: as it was typed */
};

static const struct type types[] = {
	[VALUE_FLAG] = {"", sizeof(bool), read_flag, NULL},
	[VALUE_YESNO] = {"yes|no", sizeof(bool), read_yesno, NULL},
	[VALUE_NAME] = {"NAME", sizeof(struct str), read_name, NULL},
	[VALUE_TEXT] = {"TEXT", sizeof(struct str), read_text, NULL},
	[VALUE_UINT] = {"NUMBER", sizeof(uint32_t), read_uint, text_uint},
	[VALUE_SPAN] = {"TIME", sizeof(span), read_span, text_span},
	[VALUE_RATE] = {"RATE", sizeof(uint64_t), read_rate, text_rate},
	[VALUE_ADDR] = {"ADDRESS", sizeof(struct ip_addr), read_addr, text_addr},
	[VALUE_PREFIX] = {"NETWORK/BITS", sizeof(struct ip_prefix), read_prefix, text_prefix},
	[VALUE_HOST_PREFIX] = {"ADDRESS/BITS", sizeof(struct ip_prefix), read_host_prefix,
		text_prefix},
	[VALUE_CHOICE] = {NULL, sizeof(uint32_t), read_choice, NULL},
	[VALUE_REF] = {NULL, sizeof(int32_t), read_ref, NULL},
	[VALUE_CUSTOM] = {NULL, 0, read_custom, NULL},
};

bool value_read(const struct setting *row, struct str text, void *out, struct complaint *why)
{
	return types[row->type].read(row, text, out, why);
}

void value_clear(const struct setting *row, void *out)
{
	int32_t unset = SETTING_REF_UNSET;

	if (row->type == VALUE_REF)
		memcpy(out, &unset, sizeof(unset));
	else
		memset(out, 0, types[row->type].size);
}

/* ---- secrets ----
 *
 * "$9$" and hex digits: two octets of salt, one of check sum, then the text, all xored with a
 * stream that the salt seeds.  This keeps a password from being read over a shoulder, no more: who
 * has the text and this file can undo it.  The salt follows from the text, so that printing twice
 * gives the same bytes. */

#define WRAP      "$9$"
#define WRAP_SEED UINT64_C(0x6661697269656164)

static uint32_t text_sum(struct str text)
{
	uint32_t h = UINT32_C(2166136261);

	for (size_t i = 0; i < text.n; i++)
		h = (h ^ (unsigned char)text.at[i]) * UINT32_C(16777619);
	return h ^ h >> 16;
}

static void secret_put(struct str text, const struct sink *out)
{
	uint32_t sum = text_sum(text), salt = sum & 0xffff;
	struct rng stream = rng_of(WRAP_SEED ^ salt);

	sink_printf(out, WRAP "%04x%02x", (unsigned)salt, (unsigned)(sum >> 16 & 0xff));
	for (size_t i = 0; i < text.n; i++)
		sink_printf(out, "%02x", (unsigned)((uint8_t)text.at[i] ^ rng_below(&stream, 256)));
}

static int hex_octet(const char *at)
{
	int v = 0;

	for (int i = 0; i < 2; i++) {
		const char *digits = "0123456789abcdef";
		const char *p = at[i] ? strchr(digits, at[i]) : NULL;

		if (!p)
			return -1;
		v = v * 16 + (int)(p - digits);
	}
	return v;
}

/* The text in a wrapped one; it lies in `room`. */
static bool secret_unwrap(struct str *text, char room[VALUE_ROOM])
{
	const char *at = text->at + sizeof(WRAP) - 1;
	size_t octets = (text->n - (sizeof(WRAP) - 1)) / 2, n;
	int head[3];
	struct rng stream;
	uint32_t sum;

	if (text->n % 2 == 0 || octets < 3 || octets - 3 > VALUE_ROOM)
		return false;
	for (int i = 0; i < 3; i++, at += 2)
		if ((head[i] = hex_octet(at)) < 0)
			return false;
	stream = rng_of(WRAP_SEED ^ (uint32_t)(head[0] << 8 | head[1]));
	for (n = 0; n < octets - 3; n++, at += 2) {
		int v = hex_octet(at);

		if (v < 0)
			return false;
		room[n] = (char)((uint32_t)v ^ rng_below(&stream, 256));
	}
	*text = (struct str){room, n};
	sum = text_sum(*text);
	return (sum & 0xffff) == (uint32_t)(head[0] << 8 | head[1]) &&
	       (sum >> 16 & 0xff) == (uint32_t)head[2];
}

static bool secret_check(
	const struct setting *row, struct str *text, char room[VALUE_ROOM], struct complaint *why)
{
	if (str_starts(*text, STR(WRAP)) && !secret_unwrap(text, room))
		return malformed(why, "is not a wrapped secret that was printed here",
			"copy it whole, or type the secret itself");
	if (text->n > VALUE_ROOM) {
		textbuf_printf(&why->what, "is too long for a secret");
		textbuf_printf(&why->cure, "use at most %zu octets", VALUE_ROOM);
		return false;
	}
	(void)row;
	return true;
}

bool value_check(
	const struct setting *row, struct str *text, char room[VALUE_ROOM], struct complaint *why)
{
	alignas(max_align_t) uint8_t out[SETTING_CUSTOM_MAX];
	char canonical[VALUE_ROOM];
	struct textbuf t = textbuf_of(canonical, sizeof(canonical));

	if (row->flags & SETTING_SECRET && !secret_check(row, text, room, why))
		return false;
	if (!value_read(row, *text, out, why))
		return false;
	if (!types[row->type].text)
		return true;
	types[row->type].text(out, &t);
	if (str_eq(textbuf_str(&t), *text))
		return true;
	memcpy(room, t.at, t.n);
	*text = (struct str){room, t.n};
	return true;
}

/* ---- speaking of them ---- */

static void put_upper(struct str s, const struct sink *out)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.at[i];

		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		sink_put(out, (struct str){&c, 1});
	}
}

static void put_choices(const struct setting *row, const char *between, const struct sink *out)
{
	for (size_t i = 0; row->choices && row->choices[i]; i++)
		sink_printf(out, "%s%s", i ? between : "", row->choices[i]);
}

void value_syntax(const struct setting *row, const struct sink *out)
{
	if (types[row->type].syntax) {
		sink_puts(out, types[row->type].syntax);
		return;
	}
	if (row->type == VALUE_CHOICE) {
		put_choices(row, "|", out);
		return;
	}
	if (row->type == VALUE_CUSTOM) {
		sink_puts(out, row->syntax ? row->syntax : "VALUE");
		return;
	}
	put_upper(str_of(row->ref ? row->ref : "name"), out);
	if (row->choices && row->choices[0])
		sink_puts(out, "|");
	put_choices(row, "|", out);
}

static void put_bound(const struct setting *row, int64_t v, struct textbuf *t)
{
	if (row->type == VALUE_SPAN)
		put_span((uint64_t)v, t);
	else if (row->type == VALUE_RATE)
		put_units((uint64_t)v, rate_units, t);
	else
		textbuf_printf(t, "%lld", (long long)v);
}

static void put_range(const struct setting *row, const struct sink *out)
{
	char room[96];
	struct textbuf t = textbuf_of(room, sizeof(room));
	bool open = row->max == 0;

	if (open)
		textbuf_printf(&t, "at least ");
	if (open || row->min != row->max) {
		put_bound(row, row->min, &t);
		if (!open)
			textbuf_printf(&t, "..");
	}
	if (!open)
		put_bound(row, row->max, &t);
	if (row->type == VALUE_TEXT)
		textbuf_printf(&t, " octets");
	sink_put(out, textbuf_str(&t));
}

void value_range(const struct setting *row, const struct sink *out)
{
	switch (row->type) {
	case VALUE_YESNO:
		sink_puts(out, "yes | no");
		break;
	case VALUE_CHOICE:
		put_choices(row, " | ", out);
		break;
	case VALUE_TEXT:
	case VALUE_UINT:
	case VALUE_SPAN:
	case VALUE_RATE:
		if (has_range(row))
			put_range(row, out);
		break;
	case VALUE_FLAG:
	case VALUE_NAME:
	case VALUE_ADDR:
	case VALUE_PREFIX:
	case VALUE_HOST_PREFIX:
	case VALUE_REF:
	case VALUE_CUSTOM:
		break;
	}
}

static void column_syntax(const struct setting *column, bool required, const struct sink *out)
{
	sink_puts(out, required ? " " : " [");
	put_upper(str_of(column->name), out);
	sink_puts(out, required ? "" : "]");
}

void row_syntax(const struct setting *row, const struct sink *out)
{
	sink_puts(out, row->name);
	switch (row->kind) {
	case SETTING_VALUE:
		if (row->type != VALUE_FLAG)
			sink_puts(out, " ");
		value_syntax(row, out);
		break;
	case SETTING_LIST:
		for (unsigned i = 0;
			row->columns && i < SETTING_COLUMNS_MAX && row->columns[i].name; i++)
			column_syntax(&row->columns[i],
				row->columns[i].flags & (SETTING_KEY | SETTING_REQUIRED), out);
		if (row->rows)
			sink_puts(out, " { ... }");
		break;
	case SETTING_BLOCK:
		sink_puts(out, " { ... }");
		break;
	}
}

void value_put(const struct setting *row, struct str text, bool quote, const struct sink *out)
{
	if (row->flags & SETTING_SECRET)
		secret_put(text, out);
	else
		settings_put_word(out, text, quote);
}
