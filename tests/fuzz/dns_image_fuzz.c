/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A damaged image.  Input: how many octets to cut off, then changes of six octets: offset and a new
 * 32-bit value, or for an odd offset only its last octet.  Either the image is not opened, or
 * answering from it stays inside of it, which the address sanitizer sees. */
#include "support/dns_zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void ask_all(struct zone *z)
{
	static const char *const names[] = {"example.com", "www.example.com", "mail1.example.com",
		"alias.example.com", "x.sub.example.com", "a.wild.example.com", "sub.example.com",
		"no.example.com", "3.113.0.203.in-addr.arpa", "_sip._tcp.example.com"};
	static const uint16_t types[] = {DNS_A, DNS_MX, DNS_ANY, DNS_SOA, DNS_NS, DNS_SRV, DNS_DS};
	static uint8_t octets[DNS_TCP_SIZE];

	for (size_t i = 0; i < COUNT_OF(names) * COUNT_OF(types); i++) {
		struct buf reply = buf_of(octets, sizeof(octets));
		struct question q;

		question_begin(&q, names[i % COUNT_OF(names)], types[i / COUNT_OF(names)]);
		zone_live(z, i % 2 ? "1" : "3");
		z->client.tcp = i % 3;
		if (dns_answer(&z->r, &z->pub, &z->client, bytes_of(q.b.at, q.b.n), &reply) !=
				DNS_REPLY ||
			reply.n > reply.cap)
			abort();
	}
}

static void list(struct zone *z)
{
	struct textbuf t = textbuf_of(z->text, sizeof(z->text));
	struct sink out = textbuf_sink(&t);

	dns_image_list(&z->r.image, &z->pub, &out);
	dns_explain(&z->r.image, &z->pub, STR("example.com"), STR("MX"), &out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct zone z;
	static struct bytes whole;
	struct dns_image before;
	bool sound = false;
	struct bytes in = bytes_of(data, n);
	size_t size;
	uint8_t *copy;

	if (!whole.n) {
		zone_example(&z);
		if (zone_build(&z) != FL_OK)
			abort();
		whole = z.octets;
	}
	before = (struct dns_image){whole.at, whole.n};
	size = whole.n - bytes_take_u8(&in);
	copy = malloc(size); /* the end of the image is the end of what may be read */
	memcpy(copy, whole.at, size);
	while (in.n >= 6) {
		size_t at = bytes_take_u16(&in) % (size - 4);
		uint32_t value = bytes_take_u32(&in);

		if (at % 2)
			copy[at] = (uint8_t)value;
		else
			memcpy(copy + at, &value, sizeof(value));
	}
	if (dns_image_open(bytes_of(copy, size), &z.r.image) == FL_OK) {
		ask_all(&z);
		list(&z);
		sound = true;
	}
	/* Beside the whole one, as when it is served, it is judged the same. */
	if ((dns_image_open_like(bytes_of(copy, size), &before, &z.r.image) == FL_OK) != sound)
		abort();
	free(copy);
	return 0;
}
