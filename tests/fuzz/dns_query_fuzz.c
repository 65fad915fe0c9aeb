/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any octets as a query.  Input: an octet of live links (bit 7: over TCP), one of unsure links,
 * then the query.  The reply is well-formed, answers this query and keeps its size. */
#include "support/dns_zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(int good)
{
	if (!good)
		abort();
}

static void nothing(void *ctx, const char *text, size_t n)
{
	(void)ctx;
	(void)text;
	(void)n;
}

static struct zone *example(void)
{
	static struct zone z;
	static struct dns_view_client isp = {.prefix = {{4, {192, 0, 2}}, 24}};
	static struct dns_view_conf view = {
		.name = STR("isp"), .clients = &isp, .nclients = 1, .link = 1};
	static struct dns_conf conf = {.cookies = true,
		.extended_errors = true,
		.client_subnet = true,
		.version = STR("1"),
		.server_id = STR("north")};

	if (!z.octets.n) {
		zone_example(&z);
		z.source.conf = &conf;
		z.source.views = &view;
		z.source.nviews = 1;
		check(zone_build(&z) == FL_OK);
	}
	return &z;
}

static void set_state(struct zone *z, uint8_t live, uint8_t unsure)
{
	char text[4] = "";
	size_t at = 0;

	for (unsigned n = 1; n <= 3; n++)
		if (live & link_bit(n))
			text[at++] = (char)('0' + n);
	zone_live(z, text);
	z->pub.unsure = unsure & 7;
	z->client.tcp = live & 0x80;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct sink out = {nothing, NULL};
	static uint8_t octets[DNS_TCP_SIZE];
	struct zone *z = example();
	struct buf reply;
	enum dns_outcome outcome;

	if (n < 2)
		return 0;
	set_state(z, data[0], data[1]);
	data += 2;
	n -= 2;
	reply = buf_of(octets, z->client.tcp ? sizeof(octets) : DNS_UDP_SIZE);
	outcome = dns_answer(&z->r, &z->pub, &z->client, bytes_of(data, n), &reply);
	if (n < DNS_HEADER || data[2] & 0x80) {
		check(outcome == DNS_DROP);
		return 0;
	}
	check(outcome == DNS_REPLY);
	check(reply.n <= reply.cap && get_u16(reply.at) == get_u16(data));
	check((reply.at[2] & 0x78) == (data[2] & 0x78));
	check(reply_print(bytes_of(reply.at, reply.n), &out));
	return 0;
}
