/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns_ask.h"

#include "dns_query.h"

#include <string.h>

void dns_ask(
	const struct dns_name *name, uint16_t type, uint16_t id, bool recursive, struct buf *out)
{
	buf_put_u16(out, id);
	buf_put_u16(out, recursive ? FLAG_RD : 0);
	buf_put_u16(out, 1);
	buf_put_u16(out, 0);
	buf_put_u16(out, 0);
	buf_put_u16(out, 1);
	buf_put(out, name->wire, name->n);
	buf_put_u16(out, type);
	buf_put_u16(out, DNS_IN);
	buf_put_u8(out, 0); /* OPT: how much we take */
	buf_put_u16(out, DNS_OPT);
	buf_put_u16(out, DNS_REPLY_SIZE);
	buf_put_u32(out, 0);
	buf_put_u16(out, 0);
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

bool dns_name_same(const struct dns_name *a, const struct dns_name *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (lower(a->wire[i]) != lower(b->wire[i]))
			return false;
	return true;
}

static bool is_kept(uint16_t type, size_t size)
{
	return (type == DNS_A && size == 4) || (type == DNS_AAAA && size == 16) || type == DNS_NS ||
	       type == DNS_PTR || type == DNS_CNAME;
}

/* The record at *at; *kept tells whether it went into `r`. */
static enum fl_err take_record(
	struct bytes message, size_t *at, struct dns_reply_record *r, bool *kept)
{
	struct bytes fixed;
	uint16_t class, size;
	size_t data;

	if (dns_name_take(message, at, &r->owner))
		return FL_EFORMAT;
	fixed = bytes_of(message.at + *at, message.n - *at);
	r->type = bytes_take_u16(&fixed);
	class = bytes_take_u16(&fixed);
	bytes_take_u32(&fixed);
	size = bytes_take_u16(&fixed);
	data = message.n - fixed.n;
	if (!bytes_take(&fixed, size) && size)
		return FL_EFORMAT;
	if (fixed.bad)
		return FL_EFORMAT;
	*at = data + size;
	*kept = class == DNS_IN && is_kept(r->type, size);
	if (!*kept)
		return FL_OK;
	if (r->type == DNS_A || r->type == DNS_AAAA) {
		r->addr = (struct ip_addr){.family = size == 4 ? 4 : 6};
		memcpy(r->addr.b, message.at + data, size);
		return FL_OK;
	}
	/* The name ends where the data does. */
	return dns_name_take(message, &data, &r->name) == FL_OK && data == *at ? FL_OK : FL_EFORMAT;
}

static enum fl_err take_sections(
	struct bytes message, size_t at, const uint16_t counts[3], struct dns_reply *out)
{
	for (unsigned section = 0; section < 3; section++)
		for (unsigned i = 0; i < counts[section]; i++) {
			struct dns_reply_record r = {.section = DNS_ANSWER + section};
			bool kept;

			if (take_record(message, &at, &r, &kept))
				return FL_EFORMAT;
			if (kept && out->n < DNS_REPLIES_MAX)
				out->record[out->n++] = r;
		}
	return FL_OK;
}

enum fl_err dns_reply_parse(struct bytes in, const struct dns_name *name, uint16_t type,
	uint16_t id, struct dns_reply *out)
{
	struct bytes head = in;
	struct dns_name asked;
	uint16_t flags, counts[3];
	size_t at = DNS_HEADER;
	bool mine = bytes_take_u16(&head) == id;

	flags = bytes_take_u16(&head);
	mine &= (flags & FLAG_QR) && bytes_take_u16(&head) == 1;
	for (size_t i = 0; i < COUNT_OF(counts); i++)
		counts[i] = bytes_take_u16(&head);
	if (head.bad || !mine || dns_name_take(in, &at, &asked) || in.n - at < 4 ||
		!dns_name_same(&asked, name) || get_u16(in.at + at) != type ||
		get_u16(in.at + at + 2) != DNS_IN)
		return FL_ENOENT;
	*out = (struct dns_reply){.rcode = flags & 15, .truncated = flags & FLAG_TC};
	return take_sections(in, at + 4, counts, out);
}
