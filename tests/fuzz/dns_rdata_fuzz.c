/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Data of records.  Input: two octets of type, then text, which is taken as wire form as well.
 * What was read is valid, and printing and reading again gives the same octets. */
#include "dns_rdata.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(int good)
{
	if (!good)
		abort();
}

static void check_round(uint16_t type, const uint8_t *wire, size_t n)
{
	static char text[8 * DNS_RDATA_MAX];
	static uint8_t again[DNS_RDATA_MAX];
	struct textbuf t = textbuf_of(text, sizeof(text));
	struct sink out = textbuf_sink(&t);
	struct buf b = buf_of(again, sizeof(again));
	char why_text[100];
	struct textbuf why = textbuf_of(why_text, sizeof(why_text));

	dns_rdata_print(type, bytes_of(wire, n), 0, n, &out);
	check(!t.cut);
	check(dns_rdata_parse(type, textbuf_str(&t), NULL, &b, &why) == FL_OK);
	check(b.n == n && (n == 0 || memcmp(again, wire, n) == 0));
}

/* Names in the data may be compressed, which a round trip through text undoes. */
static int has_pointer(uint16_t type, struct bytes wire)
{
	size_t at[DNS_RDATA_NAMES], names;

	if (!dns_rdata_check(type, wire, 0, wire.n, at, &names))
		return 1;
	for (size_t i = 0; i < names; i++)
		if (dns_name_size(wire.at + at[i], wire.n - at[i]) == 0)
			return 1;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct dns_name origin = {.n = 5, .wire = {3, 'c', 'o', 'm', 0}};
	static uint8_t wire[DNS_RDATA_MAX];
	struct buf out = buf_of(wire, sizeof(wire));
	char why_text[100];
	struct textbuf why = textbuf_of(why_text, sizeof(why_text));
	uint16_t type;

	if (n < 2)
		return 0;
	type = get_u16(data);
	data += 2;
	n -= 2;
	if (dns_rdata_parse(type, (struct str){(const char *)data, n}, &origin, &out, &why) ==
		FL_OK) {
		check(dns_rdata_check(type, bytes_of(wire, out.n), 0, out.n, NULL, NULL));
		check_round(type, wire, out.n);
	} else {
		check(out.n == 0 && why.n > 0);
	}
	if (n <= DNS_RDATA_MAX && !has_pointer(type, bytes_of(data, n)))
		check_round(type, data, n);
	return 0;
}
