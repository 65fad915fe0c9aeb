/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names: from text and from a message.  What was read is a whole name, and survives printing. */
#include "dns_name.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(int good)
{
	if (!good)
		abort();
}

static void check_name(const struct dns_name *name)
{
	char text[DNS_NAME_TEXT_MAX];
	struct dns_name again;
	struct dns_key key;

	check(dns_name_size(name->wire, name->n) == name->n);
	dns_name_text(name->wire, text);
	check(dns_name_parse(str_of(text), NULL, &again) == FL_OK);
	check(again.n == name->n && memcmp(again.wire, name->wire, name->n) == 0);
	dns_key_of(name->wire, name->n, &key);
	check(dns_name_is_below(key.wire, key.n, key.wire, key.n));
	check(key.hash == dns_key_hash(key.wire, key.n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct dns_name origin = {.n = 5, .wire = {3, 'c', 'o', 'm', 0}};
	struct dns_name name;
	size_t at = n ? data[0] : 0;

	if (dns_name_parse((struct str){(const char *)data, n}, &origin, &name) == FL_OK)
		check_name(&name);
	if (dns_name_take(bytes_of(data, n), &at, &name) == FL_OK) {
		check(at <= n);
		check_name(&name);
	}
	return 0;
}
