/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Own parsers, because there is no inet_pton() without an OS and the one of an OS takes zone
 * indexes and octal. */
#include "addr.h"

#include "bytes.h"

#include <stdio.h>
#include <string.h>

struct ip_addr ip_addr_v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	return (struct ip_addr){4, {a, b, c, d}};
}

size_t ip_addr_size(uint8_t family)
{
	return family == 4 ? 4 : family == 6 ? 16 : 0;
}

bool ip_addr_eq(const struct ip_addr *a, const struct ip_addr *b)
{
	return ip_addr_cmp(a, b) == 0;
}

int ip_addr_cmp(const struct ip_addr *a, const struct ip_addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->b, b->b, ip_addr_size(a->family));
}

static bool parse_v4(struct str text, uint8_t out[4])
{
	size_t dots = 0;

	for (size_t i = 0; i < text.n; i++)
		dots += text.at[i] == '.';
	if (dots != 3)
		return false;
	for (int i = 0; i < 4; i++) {
		struct str part = str_cut(&text, '.');
		uint64_t v;

		if (!str_to_u64(part, 255, &v) || (part.n > 1 && part.at[0] == '0'))
			return false;
		out[i] = (uint8_t)v;
	}
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* One to four hex digits. */
static bool parse_group(struct str text, uint8_t out[2])
{
	unsigned v = 0;

	if (text.n == 0 || text.n > 4)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		int digit = hex_digit(text.at[i]);

		if (digit < 0)
			return false;
		v = v << 4 | (unsigned)digit;
	}
	set_u16(out, (uint16_t)v);
	return true;
}

/* Groups between single colons.  `is_end`: the last one may be an IPv4 address.  `n`: octets
 * written. */
static bool parse_groups(struct str text, bool is_end, uint8_t out[16], size_t *n)
{
	*n = 0;
	if (text.n == 0)
		return true;
	if (text.at[text.n - 1] == ':')
		return false;
	while (text.n) {
		struct str part = str_cut(&text, ':');

		if (*n <= 14 && parse_group(part, out + *n))
			*n += 2;
		else if (is_end && *n <= 12 && text.n == 0 && parse_v4(part, out + *n))
			*n += 4;
		else
			return false;
	}
	return true;
}

/* RFC 4291 2.2: eight groups, or fewer around one "::" that stands for at least one group. */
static bool parse_v6(struct str text, uint8_t out[16])
{
	uint8_t head[16], tail[16];
	size_t nhead, ntail;

	for (size_t i = 0; i + 1 < text.n; i++) {
		if (text.at[i] != ':' || text.at[i + 1] != ':')
			continue;
		if (!parse_groups((struct str){text.at, i}, false, head, &nhead) ||
			!parse_groups((struct str){text.at + i + 2, text.n - i - 2}, true, tail,
				&ntail) ||
			nhead + ntail > 14)
			return false;
		memset(out, 0, 16);
		memcpy(out, head, nhead);
		memcpy(out + 16 - ntail, tail, ntail);
		return true;
	}
	return parse_groups(text, true, out, &nhead) && nhead == 16;
}

enum fl_err ip_addr_parse(struct str text, struct ip_addr *out)
{
	struct ip_addr a = {0};

	if (parse_v4(text, a.b))
		a.family = 4;
	else if (parse_v6(text, a.b))
		a.family = 6;
	else
		return FL_EFORMAT;
	*out = a;
	return FL_OK;
}

enum fl_err ip_prefix_parse(struct str text, struct ip_prefix *out)
{
	struct str addr = str_cut(&text, '/');
	struct ip_prefix p;
	uint64_t bits;

	if (ip_addr_parse(addr, &p.addr))
		return FL_EFORMAT;
	if (text.n == 0)
		return FL_ESHORT;
	if (!str_to_u64(text, ip_addr_size(p.addr.family) * 8, &bits))
		return FL_ERANGE;
	p.bits = (uint8_t)bits;
	*out = p;
	return FL_OK;
}

/* RFC 5952: lower case, no leading zeros, the first of the longest runs of two or more zero groups
 * as "::". */
static void v6_text(const uint8_t b[16], struct textbuf *t)
{
	int best = -1, best_len = 1;

	for (int i = 0; i < 8;) {
		int len = 0;

		while (i + len < 8 && get_u16(b + 2 * (i + len)) == 0)
			len++;
		if (len > best_len) {
			best = i;
			best_len = len;
		}
		i += len ? len : 1;
	}
	for (int i = 0; i < 8; i++) {
		if (i == best) {
			textbuf_printf(t, "::");
			i += best_len - 1;
			continue;
		}
		textbuf_printf(t, "%s%x", i && i != best + best_len ? ":" : "", get_u16(b + 2 * i));
	}
}

const char *ip_addr_text(const struct ip_addr *a, char out[IP_TEXT_MAX])
{
	struct textbuf t = textbuf_of(out, IP_TEXT_MAX);

	if (a->family == 4)
		textbuf_printf(&t, "%u.%u.%u.%u", a->b[0], a->b[1], a->b[2], a->b[3]);
	else if (a->family == 6)
		v6_text(a->b, &t);
	else
		textbuf_printf(&t, "-");
	return out;
}

const char *ip_prefix_text(const struct ip_prefix *p, char out[IP_TEXT_MAX + 4])
{
	char addr[IP_TEXT_MAX];
	struct textbuf t = textbuf_of(out, IP_TEXT_MAX + 4);

	textbuf_printf(&t, "%s", ip_addr_text(&p->addr, addr));
	if (p->addr.family)
		textbuf_printf(&t, "/%u", p->bits);
	return out;
}

/* Do the first `bits` bits agree? */
static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || (uint8_t)((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

bool ip_prefix_has(const struct ip_prefix *p, const struct ip_addr *a)
{
	return p->addr.family == a->family && a->family && same_bits(p->addr.b, a->b, p->bits);
}

bool ip_prefix_overlaps(const struct ip_prefix *p, const struct ip_prefix *q)
{
	return p->bits <= q->bits ? ip_prefix_has(p, &q->addr) : ip_prefix_has(q, &p->addr);
}

struct ip_prefix ip_prefix_network(const struct ip_prefix *p)
{
	struct ip_prefix n = *p;

	for (size_t i = 0; i < ip_addr_size(p->addr.family); i++) {
		int keep = (int)p->bits - (int)i * 8;

		if (keep <= 0)
			n.addr.b[i] = 0;
		else if (keep < 8)
			n.addr.b[i] &= (uint8_t)(0xff << (8 - keep));
	}
	return n;
}

bool ip_addr_is_special(const struct ip_addr *a)
{
	static const uint8_t loopback6[16] = {[15] = 1}, none6[16] = {0};

	if (a->family == 4)
		return a->b[0] == 0 || a->b[0] == 127 || a->b[0] >= 224 ||
		       (a->b[0] == 169 && a->b[1] == 254);
	if (a->family == 6)
		return a->b[0] == 0xff || (a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80) ||
		       memcmp(a->b, loopback6, 16) == 0 || memcmp(a->b, none6, 16) == 0;
	return true;
}

struct ip_addr ip_prefix_last(const struct ip_prefix *p)
{
	struct ip_addr last = p->addr;

	for (unsigned bit = p->bits; bit < ip_addr_size(last.family) * 8; bit++)
		last.b[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	return last;
}
