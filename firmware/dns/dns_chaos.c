/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns_chaos.h"

#include "dns_rdata.h"

#include <string.h>

#define NAME(literal) ((const uint8_t *)(literal)), sizeof(literal)

/* The text for a name, behind its length; NULL: none. */
static const uint8_t *text_for(const struct dns_key *key, const struct image_options *o)
{
	const struct {
		const uint8_t *name;
		size_t n;
		const uint8_t *text;
	} names[] = {
		{NAME("\7version\4bind"), o->version},
		{NAME("\7version\6server"), o->version},
		{NAME("\2id\6server"), o->id},
		{NAME("\10hostname\4bind"), o->id},
	};

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (key->n == names[i].n && memcmp(key->wire, names[i].name, key->n) == 0)
			return names[i].text;
	return NULL;
}

bool dns_chaos_put(struct buf *out, const struct dns_query *q, const struct image_options *options)
{
	const uint8_t *text = text_for(&q->key, options);

	if (!text || !text[0] || (q->type != DNS_TXT && q->type != DNS_ANY))
		return false;
	buf_put_u16(out, 0xc000 | DNS_HEADER);
	buf_put_u16(out, DNS_TXT);
	buf_put_u16(out, DNS_CH);
	buf_put_u32(out, 0);
	buf_put_u16(out, (uint16_t)(text[0] + 1));
	buf_put(out, text, text[0] + 1u);
	return true;
}
