/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "utf8.h"

struct range {
	uint32_t first, last;
};

/* Unicode 14, the parts that matter at a console: marks that take no cell ... */
static const struct range combining[] = {{0x300, 0x36f}, {0x483, 0x489}, {0x591, 0x5bd},
	{0x610, 0x61a}, {0x64b, 0x65f}, {0x6d6, 0x6dc}, {0x900, 0x902}, {0x93c, 0x93c},
	{0x941, 0x948}, {0x94d, 0x94d}, {0xe31, 0xe31}, {0xe34, 0xe3a}, {0xe47, 0xe4e},
	{0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x20d0, 0x20ff}, {0x302a, 0x302d}, {0x3099, 0x309a},
	{0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xe0100, 0xe01ef}};

/* ... and those that take two (East Asian Width W and F, and pictographs). */
static const struct range wide[] = {{0x1100, 0x115f}, {0x2e80, 0x303e}, {0x3041, 0x33ff},
	{0x3400, 0x4dbf}, {0x4e00, 0x9fff}, {0xa000, 0xa4cf}, {0xa960, 0xa97f}, {0xac00, 0xd7a3},
	{0xf900, 0xfaff}, {0xfe30, 0xfe6f}, {0xff00, 0xff60}, {0xffe0, 0xffe6}, {0x1f300, 0x1f64f},
	{0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};

/* Controls, and characters that hide or reorder others: what a text that is shown could use to
 * look like another one. */
static const struct range unprintable[] = {{0, 0x1f}, {0x7f, 0x9f}, {0xad, 0xad}, {0x61c, 0x61c},
	{0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f}, {0xd800, 0xdfff},
	{0xfdd0, 0xfdef}, {0xfeff, 0xfeff}, {0xfff0, 0xfffb}, {0xfffe, 0xffff}, {0xe0000, 0xe00ff},
	{0x110000, UINT32_MAX}};

static bool in_ranges(uint32_t code, const struct range *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (code >= r[i].first && code <= r[i].last)
			return true;
	return false;
}

static size_t length_of(uint8_t lead)
{
	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 2;
	if (lead >= 0xe0 && lead <= 0xef)
		return 3;
	return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

size_t utf8_take(struct str s, uint32_t *code)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	const uint8_t *p = (const uint8_t *)s.at;
	size_t n = s.n ? length_of(p[0]) : 0;
	uint32_t c;

	if (n == 0 || n > s.n)
		return 0;
	c = n == 1 ? p[0] : p[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < smallest[n] || (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff)
		return 0;
	*code = c;
	return n;
}

bool utf8_is_printable(uint32_t code)
{
	if (code >= 0x20 && code < 0x7f)
		return true;
	return !in_ranges(code, unprintable, COUNT_OF(unprintable));
}

unsigned utf8_width(uint32_t code)
{
	if (code < 0x300)
		return 1;
	if (in_ranges(code, combining, COUNT_OF(combining)))
		return 0;
	return in_ranges(code, wide, COUNT_OF(wide)) ? 2 : 1;
}

/* Octets and cells of the next character; an octet that is not UTF-8 counts as one cell. */
static size_t step(struct str s, size_t at, unsigned *width)
{
	uint32_t code;
	size_t n = utf8_take((struct str){s.at + at, s.n - at}, &code);

	*width = n ? utf8_width(code) : 1;
	return n ? n : 1;
}

size_t utf8_cells(struct str s)
{
	size_t cells = 0;
	unsigned width;

	for (size_t at = 0; at < s.n; cells += width)
		at += step(s, at, &width);
	return cells;
}

size_t utf8_before(struct str s, size_t at)
{
	unsigned width = 0;

	while (at > 0 && width == 0) {
		at--;
		while (at > 0 && ((uint8_t)s.at[at] & 0xc0) == 0x80)
			at--;
		step(s, at, &width);
	}
	return at;
}

size_t utf8_after(struct str s, size_t at)
{
	unsigned width;

	if (at < s.n)
		at += step(s, at, &width);
	while (at < s.n) {
		size_t n = step(s, at, &width);

		if (width > 0)
			break;
		at += n;
	}
	return at;
}

size_t utf8_whole(struct str s)
{
	size_t at = s.n;

	while (at > 0 && s.n - at < 3 && ((uint8_t)s.at[at - 1] & 0xc0) == 0x80)
		at--;
	if (at > 0 && length_of((uint8_t)s.at[at - 1]) > s.n - at + 1)
		return at - 1;
	return s.n;
}

void utf8_clean(struct str in, const struct sink *out)
{
	size_t from = 0, at = 0;

	while (at < in.n) {
		uint32_t code = 0;
		size_t n = utf8_take((struct str){in.at + at, in.n - at}, &code);

		if (n && (utf8_is_printable(code) || code == '\t')) {
			at += n;
			continue;
		}
		sink_put(out, (struct str){in.at + from, at - from});
		/* The octets one by one: also those of a character that may not be shown. */
		for (size_t end = at + (n ? n : 1); at < end; at++)
			sink_printf(out, "\\x%02x", (unsigned)(uint8_t)in.at[at]);
		from = at;
	}
	sink_put(out, (struct str){in.at + from, in.n - from});
}
