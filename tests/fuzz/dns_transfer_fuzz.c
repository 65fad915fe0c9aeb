/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any octets as a signed question or a transfer.  Input: an octet (bit 7: over TCP, others: live
 * links), then the message.  What is answered is well-formed; no zone goes out without the key. */
#include "dns_transfer.h"
#include "hmac_nettle.h"
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
	static struct dns_key_conf key = {.name = {"xfr", 3}, .secret = {16, "0123456789abcdef"}};

	if (!z.octets.n) {
		zone_example(&z);
		z.source.npolicies = 0;
		z.source.keys = &key;
		z.source.nkeys = 1;
		z.domain[0].transfer.key = 0;
		check(zone_build(&z) == FL_OK);
	}
	return &z;
}

static void transfer(struct zone *z, const struct dns_signer *signer, struct bytes message)
{
	static const struct sink out = {nothing, NULL};
	static struct dns_journal journal;
	static uint8_t octets[DNS_TRANSFER_SIZE];
	struct dns_transfer t;
	enum dns_transfer_step step = DNS_TRANSFER_MORE;

	if (!dns_transfer_begin(&t, &z->r.image, &z->pub, &z->client, signer,
		    z->client.tcp ? &journal : NULL, message))
		return;
	while (step == DNS_TRANSFER_MORE) {
		struct buf reply =
			buf_of(octets, z->client.tcp ? sizeof(octets) : (size_t)DNS_UDP_SIZE);

		step = dns_transfer_next(&t, &z->r.image, signer, &reply);
		check(step != DNS_TRANSFER_LOST && !reply.bad);
		check(get_u16(reply.at) == get_u16(message.at));
		check(reply_print(bytes_of(reply.at, reply.n), &out));
		check(get_u16(reply.at + 6) == 0 || t.is_signed);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct sink out = {nothing, NULL};
	static uint8_t octets[DNS_TCP_SIZE];
	const struct dns_signer signer = {hmac_nettle, 1800000000};
	struct zone *z = example();
	struct dns_query q;
	struct buf reply;

	if (n < 1)
		return 0;
	z->client.tcp = data[0] & 0x80;
	z->pub.live = data[0] & 7;
	data++;
	n--;
	if (dns_transfer_is_asked(bytes_of(data, n)))
		transfer(z, &signer, bytes_of(data, n));
	reply = buf_of(octets, z->client.tcp ? sizeof(octets) : (size_t)DNS_UDP_SIZE);
	dns_query_parse(bytes_of(data, n), &q);
	if (dns_answer_signed(&z->r, &z->pub, &z->client, &signer, &q, &reply) == DNS_REPLY)
		check(reply_print(bytes_of(reply.at, reply.n), &out));
	return 0;
}
