/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns_edns.h"

#include "dns_rdata.h"

#include <string.h>

#define OPT_SIZE    11 /* without options */
#define OPTION_HEAD 4
#define FAMILY_IPV4 1 /* address family numbers (IANA) */
#define FAMILY_IPV6 2

enum fl_err dns_subnet_take(struct bytes option, struct dns_subnet *out)
{
	uint16_t family = bytes_take_u16(&option);
	uint8_t bits = bytes_take_u8(&option), scope = bytes_take_u8(&option);
	size_t n = (bits + 7u) / 8;
	struct dns_subnet s = {.bits = bits};
	struct ip_prefix network;

	s.addr.family = family == FAMILY_IPV4 ? 4 : family == FAMILY_IPV6 ? 6 : 0;
	if (option.bad || scope || !s.addr.family || bits > 8 * ip_addr_size(s.addr.family) ||
		option.n != n)
		return FL_EFORMAT;
	memcpy(s.addr.b, option.at, n);
	network = ip_prefix_network(&(struct ip_prefix){s.addr, bits});
	if (!ip_addr_eq(&network.addr, &s.addr))
		return FL_EFORMAT;
	*out = s;
	return FL_OK;
}

static size_t subnet_octets(const struct dns_subnet *s)
{
	return (s->bits + 7u) / 8;
}

static bool tells_id(const struct dns_query *q, const struct dns_edns *e)
{
	return q->nsid && e->options && e->options->id[0];
}

size_t dns_edns_room(const struct dns_query *q, const struct dns_edns *e)
{
	size_t n = OPT_SIZE;

	if (e->cookie != DNS_COOKIE_NONE)
		n += OPTION_HEAD + DNS_COOKIE_SIZE;
	if (tells_id(q, e))
		n += OPTION_HEAD + e->options->id[0];
	if (e->subnet.addr.family)
		n += OPTION_HEAD + 4 + subnet_octets(&e->subnet);
	return n;
}

static void put_option(struct buf *out, uint16_t code, const void *data, size_t n)
{
	buf_put_u16(out, code);
	buf_put_u16(out, (uint16_t)n);
	buf_put(out, data, n);
}

static void put_cookie(struct buf *out, const struct dns_query *q, const struct dns_edns *e,
	const struct dns_client *from)
{
	uint8_t secret[16], cookie[DNS_COOKIE_SIZE];

	dns_cookie_secret(e->options->secret, from->wall, secret);
	dns_cookie_make(secret, &from->addr, from->wall, q->cookie, e->cookie, cookie);
	put_option(out, OPTION_COOKIE, cookie, sizeof(cookie));
}

static void put_subnet(struct buf *out, const struct dns_edns *e)
{
	uint8_t data[4 + 16];
	size_t n = subnet_octets(&e->subnet);

	set_u16(data, e->subnet.addr.family == 4 ? FAMILY_IPV4 : FAMILY_IPV6);
	data[2] = e->subnet.bits;
	data[3] = e->scope;
	memcpy(data + 4, e->subnet.addr.b, n);
	put_option(out, OPTION_CLIENT_SUBNET, data, 4 + n);
}

static void put_error(struct buf *out, const struct dns_edns *e)
{
	struct buf before = *out;

	buf_put_u16(out, OPTION_ERROR);
	buf_put_u16(out, (uint16_t)(2 + e->error_text.n));
	buf_put_u16(out, (uint16_t)e->error);
	buf_put(out, e->error_text.at, e->error_text.n);
	if (out->bad)
		*out = before;
}

void dns_edns_put(struct buf *out, const struct dns_query *q, const struct dns_edns *e,
	const struct dns_client *from, unsigned rcode)
{
	size_t options_at;

	buf_put_u8(out, 0);
	buf_put_u16(out, DNS_OPT);
	buf_put_u16(out, DNS_UDP_SIZE);
	buf_put_u32(out, (uint32_t)rcode >> 4 << 24 | (q->dnssec_ok ? 0x8000u : 0));
	buf_put_u16(out, 0);
	options_at = out->n;
	if (e->cookie != DNS_COOKIE_NONE)
		put_cookie(out, q, e, from);
	if (tells_id(q, e))
		put_option(out, OPTION_NSID, e->options->id + 1, e->options->id[0]);
	if (e->subnet.addr.family)
		put_subnet(out, e);
	if (e->error != DNS_ERROR_NONE)
		put_error(out, e);
	buf_set_u16(out, options_at - 2, (uint16_t)(out->n - options_at));
}
