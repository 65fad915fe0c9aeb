/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_answer_bench [NAMES [ROUNDS]] - what an answer costs without any socket, in batches as the
 * worker makes them.  Under `valgrind --tool=callgrind` it tells instructions, which do not depend
 * on who else uses the machine. */
#include "dns_limit.h"
#include "dns_mix.h"
#include "dns_tsig.h"
#include "hmac_nettle.h"

#define BATCH 32

static struct zone zone;
static struct dns_limiter limiter;

static size_t answer_batch(struct mix_question *q, bool edns)
{
	static uint8_t room[BATCH][1344];
	const struct dns_signer signer = {hmac_nettle, 0};
	static struct dns_query query[BATCH];
	size_t octets = 0;

	for (size_t i = 0; i < BATCH; i++) {
		dns_query_parse(mix_question_octets(&q[i], edns), &query[i]);
		dns_prefetch(&zone.r.image, &query[i]);
	}
	for (size_t i = 0; i < BATCH; i++)
		dns_prefetch_name(&zone.r.image, &query[i]);
	for (size_t i = 0; i < BATCH; i++) {
		struct buf reply = buf_of(room[i], DNS_UDP_SIZE);

		if (!dns_query_wants_transfer(&query[i]) &&
			dns_answer_signed(&zone.r, &zone.pub, &zone.client, &signer, &query[i],
				&reply) == DNS_REPLY)
			octets += reply.n;
	}
	return octets;
}

int main(int argc, char **argv)
{
	uint64_t names = 1000, rounds = 20;
	struct mix_question *questions;

	if ((argc > 1 && !str_to_u64(str_of(argv[1]), 4000000, &names)) || names == 0 ||
		(argc > 2 && !str_to_u64(str_of(argv[2]), 1000, &rounds))) {
		fprintf(stderr, "usage: dns_answer_bench [NAMES [ROUNDS]]\n");
		return 2;
	}
	mix_zone(&zone, (size_t)names);
	zone.r.limiter = &limiter;
	questions = mix_questions((size_t)names);
	for (int edns = 0; edns < 2; edns++) {
		double start = mix_seconds(CLOCK_PROCESS_CPUTIME_ID);
		size_t octets = 0;

		for (uint64_t round = 0; round < rounds; round++)
			for (size_t i = 0; i < MIX_QUESTIONS; i += BATCH)
				octets += answer_batch(&questions[i], edns);
		printf("%-9s %llu names: %.0f ns/query, %.1f octets/answer\n",
			edns ? "UDP+EDNS" : "UDP", (unsigned long long)names,
			(mix_seconds(CLOCK_PROCESS_CPUTIME_ID) - start) * 1e9 /
				(double)(rounds * MIX_QUESTIONS),
			(double)octets / (double)(rounds * MIX_QUESTIONS));
	}
	return 0;
}
