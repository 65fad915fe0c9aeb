/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mark of packets and connections: the number of the link.
 *
 * With all bits of the mark the link's number is the mark.  Where others have bits of it, too, ours
 * are replaced and theirs kept; as kernels before 6.13 cannot put two registers together, a chain a
 * link does that, which a map leads to.  Sets and maps hold the bare number either way. */
#include "nft_table.h"

bool shares_marks(const struct maker *m)
{
	return m->s->conf.mark_mask;
}

uint32_t mark_bits(const struct maker *m)
{
	return forwarding_mark_bits(&m->s->conf);
}

void bare_number(struct maker *m, uint32_t reg)
{
	uint32_t by = 0;

	while (!(mark_bits(m) >> by & 1))
		by++;
	nft_and(&m->b, reg, mark_bits(m));
	if (by)
		nft_shift(&m->b, reg, by);
}

void load_mark(struct maker *m, uint32_t reg)
{
	nft_load_meta(&m->b, reg, KMETA_MARK);
	if (shares_marks(m))
		bare_number(m, reg);
}

bool mark_packet(struct maker *m, uint32_t reg)
{
	if (!shares_marks(m)) {
		nft_set_mark(&m->b, reg);
		return false;
	}
	nft_verdict_map(&m->b, reg, STR("marks"));
	nft_rule(&m->b, STR(""));
	return true;
}

void mark_connection(struct maker *m, uint32_t reg)
{
	if (shares_marks(m))
		nft_verdict_map(&m->b, reg, STR("pins"));
	else
		nft_set_ct_mark(&m->b, reg);
}

void mark_packet_with(struct maker *m, uint32_t number)
{
	if (shares_marks(m)) {
		nft_load_meta(&m->b, KREG(0), KMETA_MARK);
		nft_replace_bits(&m->b, KREG(0), mark_bits(m), kstate_mark(mark_bits(m), number));
	} else {
		nft_load_number(&m->b, KREG(0), number);
	}
	nft_set_mark(&m->b, KREG(0));
}

void set_of_marks(struct maker *m, struct str name, const char *chain)
{
	nft_set(&m->b, name, KEY(KSET_MARK), KSET_VERDICT)->size = LINKS_ROOM;
	for (size_t i = 0; i < m->s->nlinks; i++) {
		uint32_t number = m->s->links[i].number;
		struct kelem *e = number ? nft_elem(&m->b) : NULL;

		if (!e)
			continue;
		kelem_put(e, KSET_MARK, &number, sizeof(number));
		e->verdict = KVERDICT_JUMP;
		e->chain = nft_numbered(m->b.mem, chain, number, STR(""));
	}
}

void chains_of_marks(struct maker *m)
{
	struct nft_build *b = &m->b;

	for (size_t i = 0; shares_marks(m) && i < m->s->nlinks; i++) {
		uint32_t number = m->s->links[i].number;

		if (!number)
			continue;
		nft_chain(b, nft_numbered(b->mem, "mark", number, STR("")));
		nft_rule(b, STR(""));
		mark_packet_with(m, number);
		nft_chain(b, nft_numbered(b->mem, "pin", number, STR("")));
		nft_rule(b, STR(""));
		nft_load_ct(b, KREG(0), KCT_MARK);
		nft_replace_bits(b, KREG(0), mark_bits(m), kstate_mark(mark_bits(m), number));
		nft_set_ct_mark(b, KREG(0));
	}
}
