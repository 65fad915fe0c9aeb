/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns_client.h"

#include <string.h>
#include <strings.h>

static void put_name(struct buf *b, const char *name)
{
	while (*name) {
		size_t n = strcspn(name, ".");

		buf_put_u8(b, (uint8_t)n);
		buf_put(b, name, n);
		name += n + (name[n] == '.');
	}
	buf_put_u8(b, 0);
}

size_t client_query(uint8_t *out, size_t cap, uint16_t id, const char *name, uint16_t type)
{
	struct buf b = buf_of(out, cap);

	buf_put_u16(&b, id);
	buf_put_u16(&b, 0x0100); /* RD */
	buf_put_u16(&b, 1);
	buf_put(&b, "\0\0\0\0\0\0", 6);
	put_name(&b, name);
	buf_put_u16(&b, type);
	buf_put_u16(&b, 1);
	return b.n;
}

size_t client_add_subnet(uint8_t *query, size_t n, size_t cap, const struct ip_prefix *subnet)
{
	const uint8_t octets = (uint8_t)((subnet->bits + 7) / 8);
	struct buf b = buf_of(query, cap);

	b.n = n;
	query[11]++;           /* a record more in the additional section */
	buf_put_u8(&b, 0);     /* the root */
	buf_put_u16(&b, 41);   /* OPT */
	buf_put_u16(&b, 1232); /* what may come over UDP */
	buf_put_u32(&b, 0);
	buf_put_u16(&b, (uint16_t)(8 + octets));
	buf_put_u16(&b, 8); /* the option */
	buf_put_u16(&b, (uint16_t)(4 + octets));
	buf_put_u16(&b, 1); /* IPv4 */
	buf_put_u8(&b, subnet->bits);
	buf_put_u8(&b, 0);
	buf_put(&b, subnet->addr.b, octets);
	return b.n;
}

/* The name at `at`; returns the offset behind it, or 0 when it is malformed. */
static size_t take_name(struct bytes msg, size_t at, char out[256])
{
	size_t end = 0, n = 0;

	for (unsigned jumps = 0; jumps < 64;) {
		uint8_t len;

		if (at >= msg.n)
			return 0;
		len = msg.at[at];
		if ((len & 0xc0) == 0xc0) {
			if (at + 1 >= msg.n)
				return 0;
			if (!end)
				end = at + 2;
			at = (size_t)(len & 0x3f) << 8 | msg.at[at + 1];
			jumps++;
			continue;
		}
		if (len & 0xc0 || at + 1 + len > msg.n || n + len + 2 > 256)
			return 0;
		if (len == 0) {
			out[n ? n - 1 : 0] = '\0';
			return end ? end : at + 1;
		}
		memcpy(out + n, msg.at + at + 1, len);
		n += len;
		out[n++] = '.';
		at += 1U + len;
	}
	return 0;
}

static bool take_rdata(struct bytes msg, size_t at, size_t n, struct client_record *r)
{
	switch (r->type) {
	case CLIENT_A:
	case CLIENT_AAAA:
		r->addr.family = r->type == CLIENT_A ? 4 : 6;
		if (n != ip_addr_size(r->addr.family))
			return false;
		memcpy(r->addr.b, msg.at + at, n);
		return true;
	case CLIENT_MX:
		if (n < 3)
			return false;
		r->preference = get_u16(msg.at + at);
		return take_name(msg, at + 2, r->name) == at + n;
	case CLIENT_SRV:
		return n >= 7 && take_name(msg, at + 6, r->name) == at + n;
	case CLIENT_NS:
	case CLIENT_CNAME:
	case CLIENT_PTR:
		return take_name(msg, at, r->name) == at + n;
	case CLIENT_SOA: {
		char rname[256];
		size_t behind = take_name(msg, at, r->name);

		behind = behind ? take_name(msg, behind, rname) : 0;
		if (!behind || behind + 20 != at + n)
			return false;
		r->serial = get_u32(msg.at + behind);
		return true;
	}
	default:
		return true;
	}
}

static size_t take_record(struct bytes msg, size_t at, int section, struct client_reply *out)
{
	struct client_record skipped,
		*r = out->n < CLIENT_RECORDS_MAX ? &out->record[out->n] : &skipped;
	size_t n;

	memset(r, 0, sizeof(*r));
	at = take_name(msg, at, r->owner);
	if (!at || at + 10 > msg.n)
		return 0;
	r->section = section;
	r->type = get_u16(msg.at + at);
	r->ttl = get_u32(msg.at + at + 4);
	n = get_u16(msg.at + at + 8);
	at += 10;
	if (at + n > msg.n || !take_rdata(msg, at, n, r))
		return 0;
	if (r != &skipped)
		out->n++;
	return at + n;
}

bool client_read(struct bytes msg, struct client_reply *out)
{
	size_t at = 12;
	char name[256];

	memset(out, 0, sizeof(*out));
	if (msg.n < 12)
		return false;
	out->id = get_u16(msg.at);
	out->flags = get_u16(msg.at + 2);
	out->rcode = out->flags & 0xf;
	out->authoritative = out->flags & 0x0400;
	out->truncated = out->flags & 0x0200;
	for (unsigned q = get_u16(msg.at + 4); q; q--) {
		at = take_name(msg, at, name);
		if (!at || at + 4 > msg.n)
			return false;
		at += 4;
	}
	for (int section = 1; section <= 3; section++)
		for (unsigned n = get_u16(msg.at + 4 + 2 * section); n; n--)
			if (!(at = take_record(msg, at, section, out)))
				return false;
	return at == msg.n;
}

size_t client_count(const struct client_reply *r, int section, uint16_t type)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += r->record[i].section == section && r->record[i].type == type;
	return n;
}
