/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Does this kernel have what our table is made of?  A feature is asked for by a chain of its own,
 * in a transaction that does not end: the kernel loads the module it has, says what it does not
 * know, and nothing comes of it.  Forgetting it again takes the kernel some 10 ms, whatever was in
 * it. */
#include "kernel_nft.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/netfilter/nf_tables.h>

struct trial {
	uint32_t feature;
	const char *type; /* of the chain */
	enum khook hook;
	struct kop ops[2]; /* the steps of a rule; code 0: no step */
};

static const struct trial trials[] = {
	{KFEATURE_TABLES, "route", KHOOK_OUTPUT, {{0}}},
	{KFEATURE_CT_MARK, "filter", KHOOK_PREROUTING,
		{{.code = KOP_CT_LOAD, .key = KCT_MARK, .reg = KREG(0)},
			{.code = KOP_CT_SET, .key = KCT_MARK, .reg = KREG(0)}}},
	{KFEATURE_MASQUERADE, "nat", KHOOK_POSTROUTING, {{.code = KOP_MASQUERADE}}},
	{KFEATURE_NAT, "nat", KHOOK_POSTROUTING,
		{{.code = KOP_IMMEDIATE, .reg = KREG(0), .len = 4},
			{.code = KOP_SNAT, .reg = KREG(0), .family = 4}}},
	{KFEATURE_REJECT, "filter", KHOOK_FORWARD, {{.code = KOP_REJECT, .tcp_reset = true}}},
	{KFEATURE_NUMGEN, "filter", KHOOK_PREROUTING,
		{{.code = KOP_NUMGEN, .reg = KREG(0), .modulus = 2}}},
	{KFEATURE_HASH, "filter", KHOOK_PREROUTING,
		{{.code = KOP_IMMEDIATE, .reg = KREG(0), .len = 4}, {.code = KOP_HASH,
									    .reg = KREG(0),
									    .dreg = KREG(1),
									    .len = 4,
									    .modulus = 2}}},
};

static bool is_unknown(int e)
{
	return e == ENOENT || e == EOPNOTSUPP || e == EAFNOSUPPORT || e == EPROTONOSUPPORT;
}

static void put_trial(struct kernel_linux *k, const struct trial *t)
{
	static const struct kernel_state no_sets = {0};
	char text[16];
	struct textbuf name = textbuf_of(text, sizeof(text));
	struct krule rule = {.ops = (struct kop *)(uintptr_t)t->ops};
	struct kchain chain = {.type = str_of(t->type), .hook = t->hook};

	textbuf_printf(&name, "trial%" PRIx32, t->feature);
	chain.name = textbuf_str(&name);
	put_chain(k, &chain);
	while (rule.nops < COUNT_OF(t->ops) && t->ops[rule.nops].code)
		rule.nops++;
	if (rule.nops)
		put_rule(k, &no_sets, &chain, &rule);
}

static void put_trials(struct kernel_linux *k, uint32_t features)
{
	for (size_t i = 0; i < COUNT_OF(trials); i++)
		if (features & trials[i].feature)
			put_trial(k, &trials[i]);
}

bool nft_supports(struct kernel_linux *k, uint32_t feature)
{
	uint32_t seq;

	if (!batch_begin(k))
		return true; /* for all we know */
	seq = k->seq - 1;    /* the whole of it */
	put_table(k, NFT_MSG_NEWTABLE, STR(""));
	if (feature != KFEATURE_TABLES)
		seq = k->seq; /* a table that is refused is another feature */
	if (feature == KFEATURE_FLOWTABLE)
		put_flowtable(
			k, NULL, 0); /* a kernel that has them minds that there is no device */
	put_trials(k, feature);
	return !is_unknown(batch_try(k, seq));
}

bool nft_supports_all(struct kernel_linux *k, uint32_t features)
{
	uint32_t seq = k->seq;

	if (features & KFEATURE_FLOWTABLE || !batch_begin(k))
		return false; /* for all we know */
	put_table(k, NFT_MSG_NEWTABLE, STR(""));
	put_trials(k, features);
	return batch_try(k, seq) == 0;
}
