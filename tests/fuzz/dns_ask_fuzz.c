/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Replies of strangers: any octets are read or refused, and what is read is whole. */
#include "dns_ask.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct dns_reply reply;
	char text[DNS_NAME_TEXT_MAX];
	struct dns_name name;
	struct bytes in = bytes_of(data, n);

	if (dns_name_parse(STR("example.com"), NULL, &name))
		abort();
	if (dns_reply_parse(in, &name, DNS_NS, n > 1 ? get_u16(data) : 0, &reply))
		return 0;
	if (reply.n > DNS_REPLIES_MAX)
		abort();
	for (size_t i = 0; i < reply.n; i++) {
		const struct dns_reply_record *r = &reply.record[i];
		bool is_address = r->type == DNS_A || r->type == DNS_AAAA;

		if (dns_name_size(r->owner.wire, r->owner.n) != r->owner.n ||
			is_address != (r->addr.family != 0))
			abort();
		if (!is_address && dns_name_size(r->name.wire, r->name.n) != r->name.n)
			abort();
		dns_name_text(r->owner.wire, text);
	}
	return 0;
}
