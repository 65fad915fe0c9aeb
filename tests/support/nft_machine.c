/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nft_machine.h"

#include "bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs the three above. */
#include <cmocka.h>

static enum end run_chain(struct machine *m, struct str name);

static uint8_t *reg(struct machine *m, uint32_t r)
{
	assert_in_range(r, KREG(0), KREG(KREGS - 1));
	return m->reg + (r - KREG(0)) * 4;
}

static void set_reg(struct machine *m, uint32_t r, const void *data, size_t n)
{
	memset(reg(m, r), 0, (n + 3) / 4 * 4);
	memcpy(reg(m, r), data, n);
}

static enum end run_verdict(struct machine *m, enum kverdict v, struct str chain)
{
	enum end e;

	switch (v) {
	case KVERDICT_NONE:
		return END_GO_ON;
	case KVERDICT_ACCEPT:
		return END_ACCEPT;
	case KVERDICT_DROP:
		return END_DROP;
	case KVERDICT_RETURN:
		return END_RETURN;
	case KVERDICT_JUMP:
		e = run_chain(m, chain);
		return e == END_RETURN ? END_BREAK : e; /* the rest of the rule is not run */
	case KVERDICT_GOTO:
		return run_chain(m, chain);
	}
	return END_GO_ON;
}

static bool in_range(const struct kset *s, const struct kelem *e, const uint8_t *key)
{
	size_t at = 0;

	for (size_t i = 0; i < KSET_KEY_FIELDS && s->key[i]; i++) {
		size_t n = kset_field_size(s->key[i]);

		if (memcmp(key + at, e->key + at, n) < 0 || memcmp(key + at, e->last + at, n) > 0)
			return false;
		at += n;
	}
	return true;
}

/* The element for a key; of an interval set, the one whose interval holds it. */
static const struct kelem *find(const struct kset *s, const uint8_t *key)
{
	const struct kelem *found = NULL;
	size_t n = kset_key_size(s);

	for (size_t i = 0; i < s->nelems; i++) {
		int c = memcmp(s->elems[i].key, key, n);

		if (s->ranges && in_range(s, &s->elems[i], key)) {
			assert_null(found); /* the kernel takes no ranges that overlap */
			found = &s->elems[i];
		}
		if (s->interval && c <= 0)
			found = s->elems[i].interval_end ? NULL : &s->elems[i];
		if (!s->interval && !s->ranges && c == 0)
			return &s->elems[i];
	}
	return found;
}

/* ---- what dynamic maps hold: the machine's memory ---- */

static struct machine_memory *recall(struct machine *m, struct str set, const uint8_t *key)
{
	for (size_t i = 0; m->p->memory && i < m->p->memory->n; i++)
		if (str_eq(m->p->memory->at[i].set, set) &&
			memcmp(m->p->memory->at[i].key, key, sizeof(m->p->memory->at[i].key)) == 0)
			return &m->p->memory->at[i];
	return NULL;
}

static void key_of(struct machine *m, const struct kop *op, uint8_t key[16])
{
	const struct kset *s = kernel_state_set(m->s, op->name);

	assert_non_null(s);
	assert_true(s->dynamic);
	memset(key, 0, 16);
	memcpy(key, reg(m, op->reg), kset_key_size(s));
}

static void forget(struct machine *m, const struct kop *op)
{
	struct machine_memory *e;
	uint8_t key[16];

	key_of(m, op, key);
	e = recall(m, op->name, key);
	if (e)
		*e = m->p->memory->at[--m->p->memory->n];
}

/* As the kernel does it, an element that is there keeps its value. */
static void remember(struct machine *m, const struct kop *op)
{
	struct machine_memory e = {.set = op->name};

	key_of(m, op, e.key);
	if (op->dreg)
		memcpy(&e.value, reg(m, op->dreg), 4);
	if (m->p->memory && !recall(m, op->name, e.key) &&
		m->p->memory->n < COUNT_OF(m->p->memory->at))
		m->p->memory->at[m->p->memory->n++] = e;
}

static enum end run_dynamic_lookup(struct machine *m, const struct kop *op)
{
	const struct machine_memory *e;
	uint8_t key[16];

	key_of(m, op, key);
	e = recall(m, op->name, key);
	if (!e)
		return END_BREAK;
	if (op->dreg)
		set_reg(m, op->dreg, &e->value, sizeof(e->value));
	return END_GO_ON;
}

static enum end run_lookup(struct machine *m, const struct kop *op)
{
	const struct kset *s = kernel_state_set(m->s, op->name);
	const struct kelem *e;

	assert_non_null(s);
	if (s->dynamic)
		return run_dynamic_lookup(m, op);
	e = find(s, reg(m, op->reg));
	if (!e != !op->equal)
		return END_BREAK;
	if (!e || !s->data)
		return END_GO_ON;
	if (s->data == KSET_VERDICT)
		return run_verdict(m, e->verdict, e->chain);
	set_reg(m, op->dreg, &e->value, sizeof(e->value));
	return END_GO_ON;
}

static enum end run_meta(struct machine *m, const struct kop *op)
{
	char name[KIFNAME_SIZE] = {0};
	const char *ifname = op->key == KMETA_IIFNAME ? m->p->iif : m->p->oif;

	switch ((enum kmeta)op->key) {
	case KMETA_MARK:
		set_reg(m, op->reg, &m->p->mark, 4);
		return END_GO_ON;
	case KMETA_NFPROTO:
		set_reg(m, op->reg, &m->p->nfproto, 1);
		return END_GO_ON;
	case KMETA_L4PROTO:
		set_reg(m, op->reg, &m->p->proto, 1);
		return END_GO_ON;
	case KMETA_IIF:
		set_reg(m, op->reg, &(uint32_t){m->p->iif != NULL}, 4);
		return END_GO_ON;
	case KMETA_IIFNAME:
	case KMETA_OIFNAME:
		snprintf(name, sizeof(name), "%s", ifname ? ifname : "");
		set_reg(m, op->reg, name, sizeof(name));
		return END_GO_ON;
	}
	return END_BREAK;
}

static enum end run_ct(struct machine *m, const struct kop *op)
{
	if (m->p->ct_state == KCT_STATE_INVALID && op->key != KCT_STATE)
		return END_BREAK; /* there is no connection */
	set_reg(m, op->reg,
		op->key == KCT_MARK    ? &m->p->ct_mark
		: op->key == KCT_STATE ? &m->p->ct_state
				       : &m->p->ct_status,
		4);
	return END_GO_ON;
}

static enum end run_payload(struct machine *m, const struct kop *op)
{
	const uint8_t *from = op->base == KBASE_NETWORK ? m->p->network : m->p->transport;
	size_t size = op->base == KBASE_NETWORK ? sizeof(m->p->network) : sizeof(m->p->transport);

	assert_true(op->offset + op->len <= size);
	if (op->base == KBASE_TRANSPORT && m->p->proto != 6 && m->p->proto != 17)
		return END_BREAK;
	set_reg(m, op->reg, from + op->offset, op->len);
	return END_GO_ON;
}

static enum end run_bitwise(struct machine *m, const struct kop *op)
{
	for (size_t i = 0; i < op->len; i++)
		reg(m, op->reg)[i] = (uint8_t)((reg(m, op->reg)[i] & op->data[i]) ^ op->data2[i]);
	return END_GO_ON;
}

static enum end run_shift(struct machine *m, const struct kop *op)
{
	uint32_t number;

	memcpy(&number, reg(m, op->reg), sizeof(number));
	number >>= op->offset;
	memcpy(reg(m, op->reg), &number, sizeof(number));
	return END_GO_ON;
}

static enum end run_compare(struct machine *m, const struct kop *op)
{
	const uint8_t *r = reg(m, op->reg);
	bool holds = op->code == KOP_CMP ? memcmp(r, op->data, op->len) == 0
					 : memcmp(r, op->data, op->len) >= 0 &&
						   memcmp(r, op->data2, op->len) <= 0;

	return holds == op->equal ? END_GO_ON : END_BREAK;
}

static enum end run_numgen(struct machine *m, const struct kop *op)
{
	uint32_t n = (m->draw + m->drawn++) % op->modulus + op->offset;

	set_reg(m, op->reg, &n, 4);
	return END_GO_ON;
}

/* Not the kernel's function: any that spreads will do. */
static enum end run_hash(struct machine *m, const struct kop *op)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < op->len; i++)
		h = (h ^ reg(m, op->reg)[i]) * 16777619u;
	h = (h ^ h >> 15) * 2246822519u;
	h = (h ^ h >> 13) % op->modulus + op->offset;
	set_reg(m, op->dreg, &h, 4);
	return END_GO_ON;
}

static enum end run_nat(struct machine *m, const struct kop *op)
{
	struct ip_addr a = {.family = op->family};

	memcpy(a.b, reg(m, op->reg), ip_addr_size(op->family));
	*(op->code == KOP_SNAT ? &m->snat : &m->dnat) = a;
	if (op->code == KOP_DNAT && op->dreg)
		m->dnat_port = get_u16(reg(m, op->dreg));
	return END_ACCEPT;
}

static enum end run_op(struct machine *m, const struct kop *op)
{
	assert_true(++m->steps < 100000);
	switch (op->code) {
	case KOP_META_LOAD:
		return run_meta(m, op);
	case KOP_META_SET:
		memcpy(&m->p->mark, reg(m, op->reg), 4);
		return END_GO_ON;
	case KOP_CT_LOAD:
		return run_ct(m, op);
	case KOP_CT_SET:
		memcpy(&m->p->ct_mark, reg(m, op->reg), 4);
		return END_GO_ON;
	case KOP_PAYLOAD:
		return run_payload(m, op);
	case KOP_BITWISE:
		return run_bitwise(m, op);
	case KOP_SHIFT:
		return run_shift(m, op);
	case KOP_CMP:
	case KOP_RANGE:
		return run_compare(m, op);
	case KOP_LOOKUP:
		return run_lookup(m, op);
	case KOP_IMMEDIATE:
		set_reg(m, op->reg, op->data, op->len);
		return END_GO_ON;
	case KOP_NUMGEN:
		return run_numgen(m, op);
	case KOP_VERDICT:
		return run_verdict(m, op->verdict, op->name);
	case KOP_SNAT_PREFIX:
		m->snat = (struct ip_addr){.family = 6};
		memcpy(m->snat.b, m->p->network + 8, 16);
		for (size_t i = 0; i < 16; i++) {
			uint8_t host = reg(m, op->reg)[i] ^ reg(m, op->dreg)[i];

			m->snat.b[i] =
				(uint8_t)((m->snat.b[i] & host) | (reg(m, op->reg)[i] & ~host));
		}
		return END_ACCEPT;
	case KOP_SNAT:
	case KOP_DNAT:
		return run_nat(m, op);
	case KOP_MASQUERADE:
		m->masqueraded = true;
		return END_ACCEPT;
	case KOP_REJECT:
		m->reset = op->tcp_reset;
		return END_DROP;
	case KOP_REMEMBER:
		remember(m, op);
		return END_GO_ON;
	case KOP_FORGET:
		forget(m, op);
		return END_GO_ON;
	case KOP_HASH:
		return run_hash(m, op);
	case KOP_COUNTER:
	case KOP_MSS_LOAD:
	case KOP_HTONS:
	case KOP_MSS_SET:
	case KOP_OFFLOAD:
		return END_GO_ON;
	}
	return END_BREAK;
}

const struct kchain *machine_chain(const struct kernel_state *s, struct str name)
{
	for (size_t i = 0; i < s->nchains; i++)
		if (str_eq(s->chains[i].name, name))
			return &s->chains[i];
	fail_msg("there is no chain %.*s", STR_ARG(name));
	return NULL;
}

static enum end run_chain(struct machine *m, struct str name)
{
	const struct kchain *c = machine_chain(m->s, name);

	m->drawn = 0; /* each draw in a chain has a counter of its own */
	for (size_t i = 0; i < c->nrules; i++) {
		enum end e = END_GO_ON;

		for (size_t j = 0; j < c->rules[i].nops && e == END_GO_ON; j++)
			e = run_op(m, &c->rules[i].ops[j]);
		if (e > END_BREAK)
			return e;
	}
	return END_RETURN;
}

enum end machine_run(const struct kernel_state *s, const char *chain, struct packet *p,
	uint32_t draw, struct machine *m)
{
	enum end e;

	*m = (struct machine){.s = s, .p = p, .draw = draw};
	e = run_chain(m, str_of(chain));
	return e == END_RETURN ? END_ACCEPT : e; /* the policy of every base chain */
}

struct packet machine_packet(const struct forwarding_flow *f, const char *iif)
{
	struct packet p = {.iif = iif, .proto = f->protocol, .ct_state = KCT_STATE_NEW};
	size_t n = ip_addr_size(f->to.family);

	p.nfproto = f->to.family == 6 ? KNFPROTO_IPV6 : KNFPROTO_IPV4;
	memcpy(p.network + (n == 16 ? 8 : 12), f->from.b, n);
	memcpy(p.network + (n == 16 ? 24 : 16), f->to.b, n);
	if (n == 16)
		set_u16(p.network, (uint16_t)(0x6000 | f->dscp << 6));
	else
		p.network[1] = (uint8_t)(f->dscp << 2 | 1); /* with an ECN bit beside it */
	set_u16(p.transport + 2, f->port);
	return p;
}
