/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bundle.h"

#include <string.h>

enum {
	HAS_FORMAT = 1,
	HAS_BOARD = 2,
	HAS_VERSION = 4,
	HAS_MADE = 8,
	HAS_SIZE = 16,
	HAS_HASH = 32,
	HAS_ALL = 63
};

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool hash_of(struct str hex, uint8_t out[32])
{
	if (hex.n != 64)
		return false;
	for (size_t i = 0; i < 32; i++) {
		int high = digit_of(hex.at[2 * i]), low = digit_of(hex.at[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* Names and versions are shown to people and compared: no surprises in them. */
static bool is_plain(struct str s)
{
	if (s.n == 0 || s.n > 64)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.at[i] <= ' ' || s.at[i] > '~')
			return false;
	return true;
}

/* The flag of the key, 0 for one that a newer format may have; -1: its value is wrong. */
static int take_line(struct bundle *b, struct str key, struct str value)
{
	uint64_t n = 0;

	if (str_is(key, "fairlead-bundle"))
		return str_to_u64(value, BUNDLE_FORMAT, &n) && n == BUNDLE_FORMAT ? HAS_FORMAT : -1;
	if (str_is(key, "board")) {
		b->board = value;
		return is_plain(value) ? HAS_BOARD : -1;
	}
	if (str_is(key, "version")) {
		b->version = value;
		return is_plain(value) ? HAS_VERSION : -1;
	}
	if (str_is(key, "made")) {
		if (!str_to_u64(value, INT64_MAX, &n))
			return -1;
		b->made = (int64_t)n;
		return HAS_MADE;
	}
	if (str_is(key, "size"))
		return str_to_u64(value, UINT32_MAX, &b->size) && b->size ? HAS_SIZE : -1;
	if (str_is(key, "sha256"))
		return hash_of(value, b->sha256) ? HAS_HASH : -1;
	return 0;
}

enum fl_err bundle_parse(struct bytes head, struct bundle *out, struct textbuf *why)
{
	struct bundle b = {0};
	struct str rest = {(const char *)head.at, BUNDLE_SIGNED_SIZE};
	const char *end;
	int seen = 0;

	if (head.n != BUNDLE_HEAD_SIZE) {
		textbuf_printf(why, "it is shorter than the head of a bundle");
		return FL_ESHORT;
	}
	end = memchr(rest.at, '\0', rest.n);
	rest.n = end ? (size_t)(end - rest.at) : rest.n;
	while (rest.n) {
		struct str value = str_cut(&rest, '\n');
		struct str key = str_cut(&value, '=');
		int flag = take_line(&b, key, value);

		if (flag < 0 || (flag & seen)) {
			textbuf_printf(why, "its manifest has a \"%.*s\" that makes no sense",
				(int)(key.n < 32 ? key.n : 32), key.at);
			return FL_EFORMAT;
		}
		seen |= flag;
	}
	if (seen != HAS_ALL) {
		textbuf_printf(why, "its manifest is not complete");
		return FL_EFORMAT;
	}
	*out = b;
	return FL_OK;
}

enum fl_err bundle_check(
	const struct bundle *b, const struct bundle_here *here, struct textbuf *why)
{
	if (!str_eq(b->board, here->board)) {
		textbuf_printf(why, "it is for the board %.*s; this is a %.*s", STR_ARG(b->board),
			STR_ARG(here->board));
		return FL_EPERM;
	}
	if (b->size > here->slot_size) {
		textbuf_printf(why, "it needs %llu octets; the slot has %llu",
			(unsigned long long)b->size, (unsigned long long)here->slot_size);
		return FL_EPERM;
	}
	if (b->made < here->made && !here->force) {
		textbuf_printf(why,
			"%.*s is older than %.*s, which runs here; add \"force\" to install it all "
			"the same",
			STR_ARG(b->version), STR_ARG(here->version));
		return FL_EPERM;
	}
	return FL_OK;
}
