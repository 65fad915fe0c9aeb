/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_mix.h - the zone and the questions of the DNS benchmarks: 70 % addresses, 10 % MX, 10 % names
 * without the type asked for, 10 % names that do not exist; every address depends on a link. */
#ifndef FL_BENCH_DNS_MIX_H
#define FL_BENCH_DNS_MIX_H

#include "support/dns_zone.h"

#include <time.h>

#define MIX_QUESTIONS 200000
#define MIX_MX_EVERY  10 /* names between two with a mail exchange */
#define MIX_OPT_N     11

struct mix_question {
	uint8_t n;          /* without the OPT record */
	uint8_t octets[63]; /* two octets of length for TCP, the question, an OPT record */
};

UNUSED static double mix_seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Build `names` hosts into `z`; returns the seconds that building and opening the image took. */
UNUSED static double mix_zone(struct zone *z, size_t names)
{
	/* The rate limit counts each answer, and lets all of them pass. */
	static const struct dns_conf conf = {
		.rate_limit = {1000000, 2}, .cookies = true, .extended_errors = true};
	struct dns_host_conf *hosts = calloc(names + 1, sizeof(*hosts));
	struct dns_record_conf *records = calloc(names / MIX_MX_EVERY + 1, sizeof(*records));
	char *labels = calloc(names, 16);
	double start;

	zone_open(z, "example.com");
	z->source.conf = &conf;
	z->domain[0].records = records;
	for (size_t i = 0; i < names; i++) {
		char *label = labels + i * 16;

		snprintf(label, 16, "h%u", (unsigned)i);
		hosts[i].name.label = str_of(label);
		hosts[i].link = (int32_t)(i % 3);
		hosts[i].address =
			ip_addr_v4(10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i);
		if (i % MIX_MX_EVERY == 0)
			records[z->domain[0].nrecords++] = (struct dns_record_conf){
				.name = str_of(label), .type = STR("MX"), .data = STR("10 mail")};
	}
	hosts[names].name.label = STR("mail");
	hosts[names].address = ip_addr_v4(203, 0, 113, 3);
	z->domain[0].hosts = hosts;
	z->domain[0].nhosts = names + 1;
	zone_server(z, "ns1", "203.0.113.2", 1);
	zone_live(z, "123");
	start = mix_seconds(CLOCK_MONOTONIC);
	if (zone_build(z) != FL_OK) {
		fprintf(stderr, "the zone does not build\n");
		exit(1);
	}
	return mix_seconds(CLOCK_MONOTONIC) - start;
}

UNUSED static void mix_question_make(
	struct mix_question *q, const char *name, uint16_t type, uint16_t id)
{
	struct buf b = buf_of(q->octets + 2, sizeof(q->octets) - 2);
	static const char domain[] = "\7example\3com";

	buf_put_u16(&b, id);
	buf_put(&b, "\1\0\0\1\0\0\0\0\0\0", 10);
	buf_put_u8(&b, (uint8_t)strlen(name));
	buf_put(&b, name, strlen(name));
	buf_put(&b, domain, sizeof(domain));
	buf_put_u16(&b, type);
	buf_put_u16(&b, 1);
	q->n = (uint8_t)b.n;
	set_u16(q->octets, q->n);
	buf_put(&b, "\0\0\x29\x04\xd0\0\0\0\0\0\0", MIX_OPT_N);
}

/* Which of ten a question is. */
static void mix_question_choose(struct mix_question *q, uint32_t dice, uint32_t n, uint16_t id)
{
	char name[24];
	uint16_t type = dice == 1 ? DNS_MX : dice == 2 ? DNS_TXT : DNS_A;

	if (dice == 1)
		n = n / MIX_MX_EVERY * MIX_MX_EVERY;
	snprintf(name, sizeof(name), "%c%u", dice == 0 ? 'x' : 'h', n);
	mix_question_make(q, name, type, id);
}

/* MIX_QUESTIONS of them, about a zone of `names`. */
UNUSED static struct mix_question *mix_questions(size_t names)
{
	struct rng rng = rng_of(7);
	struct mix_question *all = calloc(MIX_QUESTIONS, sizeof(*all));

	for (size_t i = 0; i < MIX_QUESTIONS; i++) {
		uint32_t dice = rng_below(&rng, 10);

		mix_question_choose(&all[i], dice, rng_below(&rng, (uint32_t)names), (uint16_t)i);
	}
	return all;
}

/* The question's octets, with an OPT record or without. */
UNUSED static struct bytes mix_question_octets(struct mix_question *q, bool edns)
{
	q->octets[2 + 11] = edns; /* ARCOUNT */
	return bytes_of(q->octets + 2, q->n + (edns ? MIX_OPT_N : 0u));
}

#endif
