/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nft_build.h"

#include "bytes.h"

#include <string.h>

enum { IPV4_SOURCE = 12, IPV4_DESTINATION = 16, IPV6_SOURCE = 8, IPV6_DESTINATION = 24 };

void *list_add(struct list *l, struct arena *mem, void *scrap)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 4;
		void *wider = arena_array(mem, cap, l->size);

		if (!wider)
			return memset(scrap, 0, l->size);
		if (l->n)
			memcpy(wider, l->at, l->n * l->size);
		l->at = wider;
		l->cap = cap;
	}
	return (uint8_t *)l->at + l->n++ * l->size;
}

static void *list_last(const struct list *l)
{
	return l->n ? (uint8_t *)l->at + (l->n - 1) * l->size : NULL;
}

void nft_build_init(struct nft_build *b, struct arena *mem)
{
	*b = (struct nft_build){
		.mem = mem,
		.sets = {.size = sizeof(struct kset)},
		.elems = {.size = sizeof(struct kelem)},
		.chains = {.size = sizeof(struct kchain)},
		.rules = {.size = sizeof(struct krule)},
		.ops = {.size = sizeof(struct kop)},
	};
}

/* ---- endings: what was collected goes to whom it belongs ---- */

static void end_rule(struct nft_build *b)
{
	struct krule *r = list_last(&b->rules);

	if (r && !r->ops) {
		r->ops = b->ops.at;
		r->nops = b->ops.n;
	}
	b->ops = (struct list){.size = sizeof(struct kop)};
}

static void end_chain(struct nft_build *b)
{
	struct kchain *c = list_last(&b->chains);

	end_rule(b);
	if (c && !c->rules) {
		c->rules = b->rules.at;
		c->nrules = b->rules.n;
	}
	b->rules = (struct list){.size = sizeof(struct krule)};
}

static void end_set(struct nft_build *b)
{
	struct kset *s = list_last(&b->sets);

	if (s && !s->elems) {
		s->elems = b->elems.at;
		s->nelems = b->elems.n;
	}
	b->elems = (struct list){.size = sizeof(struct kelem)};
}

void nft_build_end(struct nft_build *b, struct kernel_state *out)
{
	end_set(b);
	end_chain(b);
	out->sets = b->sets.at;
	out->nsets = b->sets.n;
	out->chains = b->chains.at;
	out->nchains = b->chains.n;
}

/* ---- beginnings ---- */

struct kset *nft_set(
	struct nft_build *b, struct str name, const enum kset_type *key, enum kset_type data)
{
	struct kset *s;

	end_set(b);
	s = list_add(&b->sets, b->mem, &b->scrap_set);
	s->name = name;
	for (size_t i = 0; i < KSET_KEY_FIELDS && key[i]; i++)
		s->key[i] = key[i];
	s->data = data;
	return s;
}

struct kelem *nft_elem(struct nft_build *b)
{
	return list_add(&b->elems, b->mem, &b->scrap_elem);
}

void nft_chain(struct nft_build *b, struct str name)
{
	struct kchain *c;

	end_chain(b);
	c = list_add(&b->chains, b->mem, &b->scrap_chain);
	c->name = name;
}

void nft_base_chain(
	struct nft_build *b, struct str name, struct str type, enum khook hook, int32_t priority)
{
	struct kchain *c;

	nft_chain(b, name);
	c = list_last(&b->chains);
	if (!c)
		return;
	c->type = type;
	c->hook = hook;
	c->priority = priority;
}

void nft_rule(struct nft_build *b, struct str comment)
{
	struct krule *r;

	end_rule(b);
	r = list_add(&b->rules, b->mem, &b->scrap_rule);
	r->comment = comment;
}

/* ---- steps ---- */

static struct kop *op(struct nft_build *b, enum kop_code code, uint32_t reg)
{
	struct kop *o = list_add(&b->ops, b->mem, &b->scrap_op);

	o->code = code;
	o->reg = reg;
	return o;
}

static void op_data(struct kop *o, const void *data, uint32_t len)
{
	o->len = len;
	memcpy(o->data, data, len < sizeof(o->data) ? len : sizeof(o->data));
}

void nft_load_meta(struct nft_build *b, uint32_t reg, enum kmeta key)
{
	op(b, KOP_META_LOAD, reg)->key = key;
}

void nft_load_ct(struct nft_build *b, uint32_t reg, enum kct key)
{
	op(b, KOP_CT_LOAD, reg)->key = key;
}

void nft_load(struct nft_build *b, uint32_t reg, enum kbase base, uint32_t offset, uint32_t len)
{
	struct kop *o = op(b, KOP_PAYLOAD, reg);

	o->base = base;
	o->offset = offset;
	o->len = len;
}

void nft_load_number(struct nft_build *b, uint32_t reg, uint32_t value)
{
	op_data(op(b, KOP_IMMEDIATE, reg), &value, sizeof(value));
}

void nft_load_addr(struct nft_build *b, uint32_t reg, const struct ip_addr *a)
{
	struct kop *o = op(b, KOP_IMMEDIATE, reg);

	o->family = a->family;
	op_data(o, a->b, (uint32_t)ip_addr_size(a->family));
}

void nft_load_port(struct nft_build *b, uint32_t reg, uint16_t port)
{
	uint8_t wire[2];

	set_u16(wire, port);
	op_data(op(b, KOP_IMMEDIATE, reg), wire, sizeof(wire));
}

void nft_draw(struct nft_build *b, uint32_t reg, uint32_t modulus, uint32_t offset)
{
	struct kop *o = op(b, KOP_NUMGEN, reg);

	o->modulus = modulus;
	o->offset = offset;
}

void nft_hash(struct nft_build *b, uint32_t reg, uint32_t len, uint32_t dreg, uint32_t modulus,
	uint32_t offset)
{
	struct kop *o = op(b, KOP_HASH, reg);

	o->len = len;
	o->dreg = dreg;
	o->modulus = modulus;
	o->offset = offset;
}

void nft_and(struct nft_build *b, uint32_t reg, uint32_t mask)
{
	op_data(op(b, KOP_BITWISE, reg), &mask, sizeof(mask));
}

void nft_replace_bits(struct nft_build *b, uint32_t reg, uint32_t bits, uint32_t value)
{
	uint32_t others = ~bits;
	struct kop *o = op(b, KOP_BITWISE, reg);

	op_data(o, &others, sizeof(others));
	memcpy(o->data2, &value, sizeof(value));
}

void nft_shift(struct nft_build *b, uint32_t reg, uint32_t by)
{
	op(b, KOP_SHIFT, reg)->offset = by;
}

void nft_set_mark(struct nft_build *b, uint32_t reg)
{
	op(b, KOP_META_SET, reg)->key = KMETA_MARK;
}

void nft_set_ct_mark(struct nft_build *b, uint32_t reg)
{
	op(b, KOP_CT_SET, reg)->key = KCT_MARK;
}

void nft_match(struct nft_build *b, uint32_t reg, const void *data, uint32_t len, bool equal)
{
	struct kop *o = op(b, KOP_CMP, reg);

	op_data(o, data, len);
	o->equal = equal;
}

void nft_match_number(struct nft_build *b, uint32_t reg, uint32_t value, bool equal)
{
	nft_match(b, reg, &value, sizeof(value), equal);
}

void nft_match_range(
	struct nft_build *b, uint32_t reg, const void *first, const void *last, uint32_t len)
{
	struct kop *o = op(b, KOP_RANGE, reg);

	op_data(o, first, len);
	memcpy(o->data2, last, len < sizeof(o->data2) ? len : sizeof(o->data2));
	o->equal = true;
}

void nft_match_set(struct nft_build *b, uint32_t reg, struct str set, bool equal)
{
	struct kop *o = op(b, KOP_LOOKUP, reg);

	o->name = set;
	o->equal = equal;
}

void nft_map(struct nft_build *b, uint32_t reg, struct str map, uint32_t dreg)
{
	struct kop *o = op(b, KOP_LOOKUP, reg);

	o->name = map;
	o->equal = true;
	o->dreg = dreg;
}

void nft_remember(struct nft_build *b, struct str map, uint32_t key, uint32_t value)
{
	struct kop *o = op(b, KOP_REMEMBER, key);

	o->name = map;
	o->dreg = value;
}

void nft_forget(struct nft_build *b, struct str map, uint32_t key)
{
	op(b, KOP_FORGET, key)->name = map;
}

void nft_verdict_map(struct nft_build *b, uint32_t reg, struct str map)
{
	nft_map(b, reg, map, KREG_VERDICT);
}

void nft_verdict(struct nft_build *b, enum kverdict verdict)
{
	op(b, KOP_VERDICT, KREG_VERDICT)->verdict = verdict;
}

void nft_go(struct nft_build *b, enum kverdict verdict, struct str chain)
{
	struct kop *o = op(b, KOP_VERDICT, KREG_VERDICT);

	o->verdict = verdict;
	o->name = chain;
}

void nft_nat(struct nft_build *b, enum kop_code code, uint8_t family, uint32_t addr, uint32_t port)
{
	struct kop *o = op(b, code, addr);

	o->family = family;
	o->dreg = port;
}

void nft_snat_prefix(struct nft_build *b, const struct ip_prefix *to)
{
	struct ip_addr last = ip_prefix_last(to);

	nft_load_addr(b, KREG(0), &to->addr);
	nft_load_addr(b, KREG(4), &last);
	nft_nat(b, KOP_SNAT_PREFIX, to->addr.family, KREG(0), KREG(4));
}

void nft_masquerade(struct nft_build *b)
{
	op(b, KOP_MASQUERADE, 0);
}

void nft_reset_tcp(struct nft_build *b)
{
	op(b, KOP_REJECT, 0)->tcp_reset = true;
}

void nft_count(struct nft_build *b)
{
	op(b, KOP_COUNTER, 0);
}

void nft_offload(struct nft_build *b)
{
	op(b, KOP_OFFLOAD, 0);
}

/* ---- common pairs ---- */

uint32_t nft_load_packet_addr(struct nft_build *b, uint32_t reg, uint8_t family, bool source)
{
	uint32_t len = (uint32_t)ip_addr_size(family);
	uint32_t offset = family == 6 ? (source ? 8 : 24) : (source ? 12 : 16);

	nft_load(b, reg, KBASE_NETWORK, offset, len);
	return reg + len / 4;
}

void nft_match_ifname(struct nft_build *b, enum kmeta key, struct str name, bool equal)
{
	char padded[KIFNAME_SIZE] = {0};

	memcpy(padded, name.at, name.n < KIFNAME_SIZE ? name.n : KIFNAME_SIZE - 1);
	nft_load_meta(b, KREG(0), key);
	nft_match(b, KREG(0), padded, sizeof(padded), equal);
}

void nft_match_family(struct nft_build *b, uint8_t family)
{
	uint8_t nfproto = family == 6 ? KNFPROTO_IPV6 : KNFPROTO_IPV4;

	nft_load_meta(b, KREG(0), KMETA_NFPROTO);
	nft_match(b, KREG(0), &nfproto, 1, true);
}

void nft_match_prefix(struct nft_build *b, const struct ip_prefix *p, bool source)
{
	uint32_t len = (uint32_t)ip_addr_size(p->addr.family);
	struct ip_prefix network = ip_prefix_network(p);
	struct ip_prefix mask = {.addr.family = p->addr.family, .bits = p->bits};

	if (p->addr.family == 6)
		nft_load(b, KREG(0), KBASE_NETWORK, source ? IPV6_SOURCE : IPV6_DESTINATION, len);
	else
		nft_load(b, KREG(0), KBASE_NETWORK, source ? IPV4_SOURCE : IPV4_DESTINATION, len);
	memset(mask.addr.b, 0xff, len);
	mask = ip_prefix_network(&mask);
	if (p->bits < len * 8)
		op_data(op(b, KOP_BITWISE, KREG(0)), mask.addr.b, len);
	nft_match(b, KREG(0), network.addr.b, len, true);
}

/* RFC 2474: in IPv4 the upper six bits of the second octet; IPv6 has them four bits further left,
 * across the first two. */
void nft_match_dscp(struct nft_build *b, uint8_t family, uint8_t dscp)
{
	uint8_t mask[2] = {0xfc}, value[2] = {(uint8_t)(dscp << 2)};
	uint32_t len = family == 6 ? 2 : 1;

	if (family == 6) {
		set_u16(mask, 0x0fc0);
		set_u16(value, (uint16_t)(dscp << 6));
	}
	nft_load(b, KREG(0), KBASE_NETWORK, family == 6 ? 0 : 1, len);
	op_data(op(b, KOP_BITWISE, KREG(0)), mask, len);
	nft_match(b, KREG(0), value, len, true);
}

void nft_match_proto(struct nft_build *b, uint8_t proto)
{
	nft_load_meta(b, KREG(0), KMETA_L4PROTO);
	nft_match(b, KREG(0), &proto, 1, true);
}

void nft_match_ports(struct nft_build *b, uint16_t first, uint16_t last)
{
	uint8_t from[2], to[2];

	set_u16(from, first);
	set_u16(to, last);
	nft_load(b, KREG(0), KBASE_TRANSPORT, 2, 2);
	if (first == last)
		nft_match(b, KREG(0), from, 2, true);
	else
		nft_match_range(b, KREG(0), from, to, 2);
}

void nft_match_ct(struct nft_build *b, enum kct key, uint32_t bits)
{
	nft_load_ct(b, KREG(0), key);
	nft_and(b, KREG(0), bits);
	nft_match_number(b, KREG(0), 0, false);
}

void nft_load_wan(struct nft_build *b, enum kmeta direction)
{
	nft_load_meta(b, KREG(0), direction);
	nft_map(b, KREG(0), NFT_WAN_OF, KREG(4));
}

void nft_match_wan(struct nft_build *b, enum kmeta direction)
{
	nft_load_meta(b, KREG(0), direction);
	nft_match_set(b, KREG(0), NFT_WANS, true);
}

void nft_match_no_reset(struct nft_build *b)
{
	static const uint8_t reset = 0x04, none = 0;

	nft_load(b, KREG(0), KBASE_TRANSPORT, 13, 1);
	op_data(op(b, KOP_BITWISE, KREG(0)), &reset, 1);
	nft_match(b, KREG(0), &none, 1, true);
}

void nft_clamp_mss(struct nft_build *b)
{
	static const uint8_t syn = 0x02, syn_or_reset = 0x06;

	nft_match_proto(b, 6);
	nft_load(b, KREG(0), KBASE_TRANSPORT, 13, 1);
	op_data(op(b, KOP_BITWISE, KREG(0)), &syn_or_reset, 1);
	nft_match(b, KREG(0), &syn, 1, true);
	op(b, KOP_MSS_LOAD, KREG(0));
	op(b, KOP_HTONS, KREG(0));
	op(b, KOP_MSS_SET, KREG(0));
}
