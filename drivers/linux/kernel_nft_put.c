/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables, chains, rules, sets and elements as nf_tables is told of them.
 *
 * The steps of a rule (struct kop) are those of the nf_tables machine, so each has one encoder and
 * there is no compiler in between. */
#include "kernel_nft.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#define SAME(ours, theirs) _Static_assert((int)(ours) == (int)(theirs), #theirs)
SAME(KMETA_MARK, NFT_META_MARK);
SAME(KMETA_IIF, NFT_META_IIF);
SAME(KMETA_IIFNAME, NFT_META_IIFNAME);
SAME(KMETA_OIFNAME, NFT_META_OIFNAME);
SAME(KMETA_NFPROTO, NFT_META_NFPROTO);
SAME(KMETA_L4PROTO, NFT_META_L4PROTO);
SAME(KCT_STATE, NFT_CT_STATE);
SAME(KCT_STATUS, NFT_CT_STATUS);
SAME(KCT_MARK, NFT_CT_MARK);
SAME(KBASE_NETWORK, NFT_PAYLOAD_NETWORK_HEADER);
SAME(KBASE_TRANSPORT, NFT_PAYLOAD_TRANSPORT_HEADER);
SAME(KNFPROTO_IPV4, NFPROTO_IPV4);
SAME(KNFPROTO_IPV6, NFPROTO_IPV6);
SAME(KREG_VERDICT, NFT_REG_VERDICT);
SAME(KREG(0), NFT_REG32_00);
SAME(KHOOK_PREROUTING, NF_INET_PRE_ROUTING);
SAME(KHOOK_INPUT, NF_INET_LOCAL_IN);
SAME(KHOOK_FORWARD, NF_INET_FORWARD);
SAME(KHOOK_OUTPUT, NF_INET_LOCAL_OUT);
SAME(KHOOK_POSTROUTING, NF_INET_POST_ROUTING);

enum { ELEMS_OCTETS = 32 * 1024 /* of elements in one message: a nest ends at 64 KiB */ };

/* ---- sets ---- */

static uint32_t key_type(const struct kset *s)
{
	enum { BITS_OF_A_TYPE = 6 }; /* nft(8) reads a concatenation this way */
	uint32_t type = 0;

	for (size_t i = 0; i < KSET_KEY_FIELDS && s->key[i]; i++)
		type = type << BITS_OF_A_TYPE | s->key[i];
	return type;
}

/* For nft(8) alone, in its own user data: it would take the values for big-endian. */
static void put_host_order(struct nlmsghdr *h)
{
	enum { DATA_BYTEORDER = 1, HOST_ENDIAN = 1 };
	uint8_t udata[2 + sizeof(uint32_t)] = {DATA_BYTEORDER, sizeof(uint32_t)};
	uint32_t order = HOST_ENDIAN;

	memcpy(udata + 2, &order, sizeof(order));
	mnl_attr_put(h, NFTA_SET_USERDATA, sizeof(udata), udata);
}

/* How many octets of a field count; the rest is padding. */
static uint32_t field_length(enum kset_type t)
{
	return t == KSET_PROTO || t == KSET_NFPROTO ? 1
	       : t == KSET_PORT                     ? 2
						    : (uint32_t)kset_field_size(t);
}

static void put_description(struct nlmsghdr *h, const struct kset *s)
{
	struct nlattr *desc = mnl_attr_nest_start(h, NFTA_SET_DESC), *concat, *field;

	if (s->size)
		put_u32(h, NFTA_SET_DESC_SIZE, s->size);
	if (s->ranges) {
		concat = mnl_attr_nest_start(h, NFTA_SET_DESC_CONCAT);
		for (size_t i = 0; i < KSET_KEY_FIELDS && s->key[i]; i++) {
			field = mnl_attr_nest_start(h, NFTA_LIST_ELEM);
			put_u32(h, NFTA_SET_FIELD_LEN, field_length(s->key[i]));
			mnl_attr_nest_end(h, field);
		}
		mnl_attr_nest_end(h, concat);
	}
	mnl_attr_nest_end(h, desc);
}

void put_set(struct kernel_linux *k, const struct kset *s, uint32_t id)
{
	struct nlmsghdr *h = put_message(k, NFT_MSG_NEWSET, NLM_F_CREATE | NLM_F_EXCL);
	uint32_t flags = (s->interval ? NFT_SET_INTERVAL : 0u) |
			 (s->ranges ? NFT_SET_INTERVAL | NFT_SET_CONCAT : 0u) |
			 (s->data ? NFT_SET_MAP : 0u) |
			 (s->dynamic ? NFT_SET_EVAL | NFT_SET_TIMEOUT : 0u);

	mnl_attr_put_strz(h, NFTA_SET_TABLE, KSTATE_NFT_TABLE);
	put_text(h, NFTA_SET_NAME, s->name);
	put_u32(h, NFTA_SET_ID, id);
	put_u32(h, NFTA_SET_FLAGS, flags);
	put_u32(h, NFTA_SET_KEY_TYPE, key_type(s));
	put_u32(h, NFTA_SET_KEY_LEN, (uint32_t)kset_key_size(s));
	if (s->data == KSET_VERDICT) {
		put_u32(h, NFTA_SET_DATA_TYPE, NFT_DATA_VERDICT);
	} else if (s->data) {
		put_u32(h, NFTA_SET_DATA_TYPE, s->data);
		put_u32(h, NFTA_SET_DATA_LEN, (uint32_t)kset_field_size(s->data));
	}
	if (s->data == KSET_MARK)
		put_host_order(h);
	if (s->dynamic)
		put_u64(h, NFTA_SET_TIMEOUT, s->timeout_ms);
	if (s->size || s->ranges)
		put_description(h, s);
	end_message(k, h);
}

uint32_t verdict_code(enum kverdict v)
{
	switch (v) {
	case KVERDICT_NONE:
		return (uint32_t)NFT_CONTINUE;
	case KVERDICT_ACCEPT:
		return NF_ACCEPT;
	case KVERDICT_DROP:
		return NF_DROP;
	case KVERDICT_RETURN:
		return (uint32_t)NFT_RETURN;
	case KVERDICT_JUMP:
		return (uint32_t)NFT_JUMP;
	case KVERDICT_GOTO:
		return (uint32_t)NFT_GOTO;
	}
	return (uint32_t)NFT_CONTINUE;
}

static void put_verdict(struct nlmsghdr *h, uint16_t type, enum kverdict v, struct str chain)
{
	struct nlattr *data = mnl_attr_nest_start(h, type);
	struct nlattr *verdict = mnl_attr_nest_start(h, NFTA_DATA_VERDICT);

	put_u32(h, NFTA_VERDICT_CODE, verdict_code(v));
	if (chain.n)
		put_text(h, NFTA_VERDICT_CHAIN, chain);
	mnl_attr_nest_end(h, verdict);
	mnl_attr_nest_end(h, data);
}

/* A comment as nft(8) keeps it in user data: type 0, length, text with its zero octet. */
static void put_comment(struct nlmsghdr *h, uint16_t type, struct str s)
{
	uint8_t udata[2 + 128] = {0};
	size_t n = s.n < 127 ? s.n : 127;

	if (!n)
		return;
	udata[1] = (uint8_t)(n + 1);
	memcpy(udata + 2, s.at, n);
	mnl_attr_put(h, type, 2 + n + 1, udata);
}

static void put_count(struct nlmsghdr *h, const struct kernel_count *c)
{
	put_u64(h, NFTA_COUNTER_BYTES, c->octets);
	put_u64(h, NFTA_COUNTER_PACKETS, c->packets);
}

static void put_elem_counter(struct kernel_linux *k, struct nlmsghdr *h, struct str comment)
{
	struct kernel_count start = counts_take(&k->counts, comment);
	struct nlattr *expr, *data;

	put_comment(h, NFTA_SET_ELEM_USERDATA, comment);
	expr = mnl_attr_nest_start(h, NFTA_SET_ELEM_EXPR);
	mnl_attr_put_strz(h, NFTA_EXPR_NAME, "counter");
	data = mnl_attr_nest_start(h, NFTA_EXPR_DATA);
	put_count(h, &start);
	mnl_attr_nest_end(h, data);
	mnl_attr_nest_end(h, expr);
}

void put_elem(struct kernel_linux *k, struct nlmsghdr *h, const struct kelem *e, bool with_data)
{
	struct nlattr *nest = mnl_attr_nest_start(h, NFTA_LIST_ELEM);

	put_value(h, NFTA_SET_ELEM_KEY, e->key, e->key_n);
	if (e->last)
		put_value(h, NFTA_SET_ELEM_KEY_END, e->last, e->key_n);
	if (e->interval_end)
		put_u32(h, NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
	if (with_data && e->expires_ms)
		put_u64(h, NFTA_SET_ELEM_EXPIRATION, e->expires_ms);
	if (with_data && e->verdict)
		put_verdict(h, NFTA_SET_ELEM_DATA, e->verdict, e->chain);
	else if (with_data && e->value)
		put_value(h, NFTA_SET_ELEM_DATA, &e->value, sizeof(e->value));
	if (with_data && e->comment.n)
		put_elem_counter(k, h, e->comment);
	mnl_attr_nest_end(h, nest);
}

void put_elems(
	struct kernel_linux *k, unsigned type, struct str set, const struct kelem *e, size_t n)
{
	for (size_t i = 0; i < n;) {
		unsigned flags = type == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0u;
		struct nlmsghdr *h = put_message(k, type, flags);
		struct nlattr *list;

		mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_TABLE, KSTATE_NFT_TABLE);
		put_text(h, NFTA_SET_ELEM_LIST_SET, set);
		list = mnl_attr_nest_start(h, NFTA_SET_ELEM_LIST_ELEMENTS);
		for (; i < n && h->nlmsg_len < ELEMS_OCTETS; i++)
			put_elem(k, h, &e[i], type == NFT_MSG_NEWSETELEM);
		mnl_attr_nest_end(h, list);
		end_message(k, h);
	}
}

/* ---- steps of rules ---- */

typedef void put_step(struct nlmsghdr *h, const struct kop *op);

static void put_meta(struct nlmsghdr *h, const struct kop *op)
{
	put_u32(h, NFTA_META_KEY, op->key);
	put_u32(h, op->code == KOP_META_SET ? NFTA_META_SREG : NFTA_META_DREG, op->reg);
}

static void put_ct(struct nlmsghdr *h, const struct kop *op)
{
	put_u32(h, NFTA_CT_KEY, op->key);
	put_u32(h, op->code == KOP_CT_SET ? NFTA_CT_SREG : NFTA_CT_DREG, op->reg);
}

static void put_payload(struct nlmsghdr *h, const struct kop *op)
{
	put_u32(h, NFTA_PAYLOAD_DREG, op->reg);
	put_u32(h, NFTA_PAYLOAD_BASE, op->base);
	put_u32(h, NFTA_PAYLOAD_OFFSET, op->offset);
	put_u32(h, NFTA_PAYLOAD_LEN, op->len);
}

static void put_bitwise(struct nlmsghdr *h, const struct kop *op)
{
	put_u32(h, NFTA_BITWISE_SREG, op->reg);
	put_u32(h, NFTA_BITWISE_DREG, op->reg);
	put_u32(h, NFTA_BITWISE_LEN, op->len);
	put_value(h, NFTA_BITWISE_MASK, op->data, op->len);
	put_value(h, NFTA_BITWISE_XOR, op->data2, op->len);
}

static void put_shift(struct nlmsghdr *h, const struct kop *op)
{
	put_u32(h, NFTA_BITWISE_SREG, op->reg);
	put_u32(h, NFTA_BITWISE_DREG, op->reg);
	put_u32(h, NFTA_BITWISE_LEN, sizeof(uint32_t));
	put_u32(h, NFTA_BITWISE_OP, NFT_BITWISE_RSHIFT);
	put_value(h, NFTA_BITWISE_DATA, &op->offset, sizeof(op->offset));
}

static void put_cmp(struct nlmsghdr *h, const struct kop *op)
{
	put_u32(h, NFTA_CMP_SREG, op->reg);
	put_u32(h, NFTA_CMP_OP, op->equal ? NFT_CMP_EQ : NFT_CMP_NEQ);
	put_value(h, NFTA_CMP_DATA, op->data, op->len);
}

static void put_range(struct nlmsghdr *h, const struct kop *op)
{
	put_u32(h, NFTA_RANGE_SREG, op->reg);
	put_u32(h, NFTA_RANGE_OP, op->equal ? NFT_RANGE_EQ : NFT_RANGE_NEQ);
	put_value(h, NFTA_RANGE_FROM_DATA, op->data, op->len);
	put_value(h, NFTA_RANGE_TO_DATA, op->data2, op->len);
}

/* op->offset says here whether the set is a map: see put_op(). */
static void put_lookup(struct nlmsghdr *h, const struct kop *op)
{
	put_text(h, NFTA_LOOKUP_SET, op->name);
	put_u32(h, NFTA_LOOKUP_SREG, op->reg);
	if (op->offset)
		put_u32(h, NFTA_LOOKUP_DREG, op->dreg);
	if (!op->equal)
		put_u32(h, NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
}

static void put_dynset(struct nlmsghdr *h, const struct kop *op)
{
	put_text(h, NFTA_DYNSET_SET_NAME, op->name);
	put_u32(h, NFTA_DYNSET_OP,
		op->code == KOP_REMEMBER ? NFT_DYNSET_OP_UPDATE : NFT_DYNSET_OP_DELETE);
	put_u32(h, NFTA_DYNSET_SREG_KEY, op->reg);
	/* Of a map the kernel wants one even to forget. */
	if (op->offset)
		put_u32(h, NFTA_DYNSET_SREG_DATA, op->dreg ? op->dreg : op->reg);
}

static void put_immediate(struct nlmsghdr *h, const struct kop *op)
{
	put_u32(h, NFTA_IMMEDIATE_DREG, op->reg);
	if (op->code == KOP_VERDICT)
		put_verdict(h, NFTA_IMMEDIATE_DATA, op->verdict, op->name);
	else
		put_value(h, NFTA_IMMEDIATE_DATA, op->data, op->len);
}

static void put_numgen(struct nlmsghdr *h, const struct kop *op)
{
	put_u32(h, NFTA_NG_DREG, op->reg);
	put_u32(h, NFTA_NG_MODULUS, op->modulus);
	put_u32(h, NFTA_NG_TYPE, NFT_NG_INCREMENTAL);
	put_u32(h, NFTA_NG_OFFSET, op->offset);
}

static void put_hash(struct nlmsghdr *h, const struct kop *op)
{
	put_u32(h, NFTA_HASH_SREG, op->reg);
	put_u32(h, NFTA_HASH_DREG, op->dreg);
	put_u32(h, NFTA_HASH_LEN, op->len);
	put_u32(h, NFTA_HASH_MODULUS, op->modulus);
	put_u32(h, NFTA_HASH_OFFSET, op->offset);
	put_u32(h, NFTA_HASH_TYPE, NFT_HASH_JENKINS);
}

static void put_nat(struct nlmsghdr *h, const struct kop *op)
{
	put_u32(h, NFTA_NAT_TYPE, op->code == KOP_SNAT ? NFT_NAT_SNAT : NFT_NAT_DNAT);
	put_u32(h, NFTA_NAT_FAMILY, op->family == 6 ? NFPROTO_IPV6 : NFPROTO_IPV4);
	put_u32(h, NFTA_NAT_REG_ADDR_MIN, op->reg);
	if (op->dreg)
		put_u32(h, NFTA_NAT_REG_PROTO_MIN, op->dreg);
}

static void put_snat_prefix(struct nlmsghdr *h, const struct kop *op)
{
	put_u32(h, NFTA_NAT_TYPE, NFT_NAT_SNAT);
	put_u32(h, NFTA_NAT_FAMILY, op->family == 6 ? NFPROTO_IPV6 : NFPROTO_IPV4);
	put_u32(h, NFTA_NAT_REG_ADDR_MIN, op->reg);
	put_u32(h, NFTA_NAT_REG_ADDR_MAX, op->dreg);
	put_u32(h, NFTA_NAT_FLAGS, NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_NETMAP);
}

static void put_reject(struct nlmsghdr *h, const struct kop *op)
{
	put_u32(h, NFTA_REJECT_TYPE, op->tcp_reset ? NFT_REJECT_TCP_RST : NFT_REJECT_ICMPX_UNREACH);
	if (!op->tcp_reset)
		mnl_attr_put_u8(h, NFTA_REJECT_ICMP_CODE, NFT_REJECT_ICMPX_ADMIN_PROHIBITED);
}

static void put_rt(struct nlmsghdr *h, const struct kop *op)
{
	put_u32(h, NFTA_RT_DREG, op->reg);
	put_u32(h, NFTA_RT_KEY, NFT_RT_TCPMSS);
}

static void put_byteorder(struct nlmsghdr *h, const struct kop *op)
{
	put_u32(h, NFTA_BYTEORDER_SREG, op->reg);
	put_u32(h, NFTA_BYTEORDER_DREG, op->reg);
	put_u32(h, NFTA_BYTEORDER_OP, NFT_BYTEORDER_HTON);
	put_u32(h, NFTA_BYTEORDER_LEN, 2);
	put_u32(h, NFTA_BYTEORDER_SIZE, 2);
}

/* RFC 9293 3.2: the option of kind 2; its value is behind kind and length. */
static void put_maxseg(struct nlmsghdr *h, const struct kop *op)
{
	put_u32(h, NFTA_EXTHDR_SREG, op->reg);
	mnl_attr_put_u8(h, NFTA_EXTHDR_TYPE, 2);
	put_u32(h, NFTA_EXTHDR_OFFSET, 2);
	put_u32(h, NFTA_EXTHDR_LEN, 2);
	put_u32(h, NFTA_EXTHDR_OP, NFT_EXTHDR_OP_TCPOPT);
}

static void put_offload(struct nlmsghdr *h, const struct kop *op)
{
	(void)op;
	mnl_attr_put_strz(h, NFTA_FLOW_TABLE_NAME, FLOWTABLE);
}

/* op->data and op->data2 hold here what it begins with: see put_op(). */
static void put_counter(struct nlmsghdr *h, const struct kop *op)
{
	struct kernel_count start = {0};

	memcpy(&start.packets, op->data, sizeof(start.packets));
	memcpy(&start.octets, op->data2, sizeof(start.octets));
	put_count(h, &start);
}

static void put_nothing(struct nlmsghdr *h, const struct kop *op)
{
	(void)h;
	(void)op;
}

static const struct {
	const char *name;
	put_step *put;
} steps[] = {
	[KOP_META_LOAD] = {"meta", put_meta},
	[KOP_META_SET] = {"meta", put_meta},
	[KOP_CT_LOAD] = {"ct", put_ct},
	[KOP_CT_SET] = {"ct", put_ct},
	[KOP_PAYLOAD] = {"payload", put_payload},
	[KOP_BITWISE] = {"bitwise", put_bitwise},
	[KOP_SHIFT] = {"bitwise", put_shift},
	[KOP_CMP] = {"cmp", put_cmp},
	[KOP_RANGE] = {"range", put_range},
	[KOP_LOOKUP] = {"lookup", put_lookup},
	[KOP_REMEMBER] = {"dynset", put_dynset},
	[KOP_FORGET] = {"dynset", put_dynset},
	[KOP_IMMEDIATE] = {"immediate", put_immediate},
	[KOP_NUMGEN] = {"numgen", put_numgen},
	[KOP_HASH] = {"hash", put_hash},
	[KOP_VERDICT] = {"immediate", put_immediate},
	[KOP_SNAT] = {"nat", put_nat},
	[KOP_DNAT] = {"nat", put_nat},
	[KOP_SNAT_PREFIX] = {"nat", put_snat_prefix},
	[KOP_MASQUERADE] = {"masq", put_nothing},
	[KOP_REJECT] = {"reject", put_reject},
	[KOP_COUNTER] = {"counter", put_counter},
	[KOP_MSS_LOAD] = {"rt", put_rt},
	[KOP_HTONS] = {"byteorder", put_byteorder},
	[KOP_MSS_SET] = {"exthdr", put_maxseg},
	[KOP_OFFLOAD] = {"flow_offload", put_offload},
};

static void put_op(struct kernel_linux *k, struct nlmsghdr *h, const struct kernel_state *s,
	const struct krule *r, const struct kop *op)
{
	struct nlattr *elem = mnl_attr_nest_start(h, NFTA_LIST_ELEM), *data;
	struct kop copy = *op;

	if (op->code == KOP_LOOKUP || op->code == KOP_REMEMBER || op->code == KOP_FORGET) {
		const struct kset *set = kernel_state_set(s, op->name);

		copy.offset = set && set->data;
	}
	if (op->code == KOP_COUNTER) {
		struct kernel_count start = counts_take(&k->counts, r->comment);

		memcpy(copy.data, &start.packets, sizeof(start.packets));
		memcpy(copy.data2, &start.octets, sizeof(start.octets));
	}
	mnl_attr_put_strz(h, NFTA_EXPR_NAME, steps[op->code].name);
	data = mnl_attr_nest_start(h, NFTA_EXPR_DATA);
	steps[op->code].put(h, &copy);
	mnl_attr_nest_end(h, data);
	mnl_attr_nest_end(h, elem);
}

void put_rule(struct kernel_linux *k, const struct kernel_state *s, const struct kchain *c,
	const struct krule *r)
{
	struct nlmsghdr *h = put_message(k, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	struct nlattr *list;

	mnl_attr_put_strz(h, NFTA_RULE_TABLE, KSTATE_NFT_TABLE);
	put_text(h, NFTA_RULE_CHAIN, c->name);
	list = mnl_attr_nest_start(h, NFTA_RULE_EXPRESSIONS);
	for (size_t i = 0; i < r->nops; i++)
		put_op(k, h, s, r, &r->ops[i]);
	mnl_attr_nest_end(h, list);
	put_comment(h, NFTA_RULE_USERDATA, r->comment);
	end_message(k, h);
}

/* ---- tables and chains ---- */

void put_chain(struct kernel_linux *k, const struct kchain *c)
{
	struct nlmsghdr *h = put_message(k, NFT_MSG_NEWCHAIN, NLM_F_CREATE);

	mnl_attr_put_strz(h, NFTA_CHAIN_TABLE, KSTATE_NFT_TABLE);
	put_text(h, NFTA_CHAIN_NAME, c->name);
	if (c->type.n) {
		struct nlattr *hook = mnl_attr_nest_start(h, NFTA_CHAIN_HOOK);

		put_u32(h, NFTA_HOOK_HOOKNUM, c->hook);
		put_u32(h, NFTA_HOOK_PRIORITY, (uint32_t)c->priority);
		mnl_attr_nest_end(h, hook);
		put_u32(h, NFTA_CHAIN_POLICY, c->drop ? NF_DROP : NF_ACCEPT);
		put_text(h, NFTA_CHAIN_TYPE, c->type);
	}
	end_message(k, h);
}

void put_table(struct kernel_linux *k, unsigned type, struct str comment)
{
	struct nlmsghdr *h = put_message(k, type, type == NFT_MSG_NEWTABLE ? NLM_F_CREATE : 0u);

	mnl_attr_put_strz(h, NFTA_TABLE_NAME, KSTATE_NFT_TABLE);
	put_comment(h, NFTA_TABLE_USERDATA, comment);
	end_message(k, h);
}

void put_flowtable(struct kernel_linux *k, const struct str *wanted, size_t n)
{
	struct nlmsghdr *h;
	struct nlattr *hook, *devices;

	h = put_message(k, NFT_MSG_NEWFLOWTABLE, NLM_F_CREATE);
	mnl_attr_put_strz(h, NFTA_FLOWTABLE_TABLE, KSTATE_NFT_TABLE);
	mnl_attr_put_strz(h, NFTA_FLOWTABLE_NAME, FLOWTABLE);
	hook = mnl_attr_nest_start(h, NFTA_FLOWTABLE_HOOK);
	put_u32(h, NFTA_FLOWTABLE_HOOK_NUM, NF_NETDEV_INGRESS);
	put_u32(h, NFTA_FLOWTABLE_HOOK_PRIORITY, 0);
	devices = mnl_attr_nest_start(h, NFTA_FLOWTABLE_HOOK_DEVS);
	for (size_t i = 0; i < n; i++)
		if (device_exists(wanted[i]))
			put_text(h, NFTA_DEVICE_NAME, wanted[i]);
	mnl_attr_nest_end(h, devices);
	mnl_attr_nest_end(h, hook);
	end_message(k, h);
}
