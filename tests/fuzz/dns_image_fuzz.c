/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A damaged image.  Input: which image, and how many octets to cut off; then changes of six octets:
 * offset and a new 32-bit value, or for an odd offset only its last octet.  Either the image is not
 * opened, or answering from it stays inside of it, which the address sanitizer sees. */
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

static struct bytes built(struct zone *z)
{
	if (zone_build(z) != FL_OK)
		abort();
	return z->octets;
}

/* A host has gone, and a name that has grown has moved: both leave nodes that are gone. */
static struct bytes patched(struct zone *z, struct bytes before)
{
	const struct dns_image image = {before.at, before.n};
	struct dns_domain_conf *d = &z->domain[0];
	const struct dns_host_conf offsite = z->host[--d->nhosts];
	struct dns_edit edits[] = {
		{0, DNS_ROW_HOST, &offsite, NULL}, {0, DNS_ROW_RECORD, NULL, NULL}};
	struct dns_patch *patch;
	uint8_t *copy;

	zone_record(z, "www-a", "TXT", "makes it longer");
	edits[1].is = &d->records[d->nrecords - 1];
	if (dns_image_patch(&image, &z->source, edits, COUNT_OF(edits), &z->mem, &patch) != FL_OK)
		abort();
	copy = malloc(dns_patch_size(patch));
	memcpy(copy, before.at, before.n);
	dns_patch_write(patch, copy);
	return bytes_of(copy, dns_patch_size(patch));
}

/* An exchange waits for its address, and is left out. */
static struct bytes waiting(void)
{
	static struct zone z;

	zone_example(&z);
	z.links[2].dhcp = true;
	z.links[2].naddresses = 0;
	zone_host(&z, "30;mail3", "", 3);
	return built(&z);
}

struct base {
	struct bytes image, before;
};

static const struct base *choose(uint8_t which, struct zone *z)
{
	static struct base bases[3];

	if (!bases[0].image.n) {
		zone_example(z);
		bases[0].image = bases[0].before = built(z);
		bases[1] = (struct base){patched(z, bases[0].image), bases[0].image};
		bases[2].image = bases[2].before = waiting();
	}
	return &bases[which < 128 ? 0 : which < 192 ? 1 : 2];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct zone z;
	struct bytes in = bytes_of(data, n);
	uint8_t first = bytes_take_u8(&in);
	const struct base *base = choose(first, &z);
	const struct dns_image before = {base->before.at, base->before.n};
	size_t size = base->image.n - first % 64u;
	bool sound = false;
	uint8_t *copy = malloc(size); /* its end is the end of what may be read */

	memcpy(copy, base->image.at, size);
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
