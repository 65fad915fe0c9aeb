/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_state.h - the forwarding state of a kernel as plain data: what the forwarding module wants
 * and what a driver applies or reads back.  It lies in lib because both sides speak it.
 *
 * Everything here is ours alone: routes and rules of our protocol number, the link's number in some
 * bits of marks, and one nftables table named "fairlead".  Nothing else in the kernel is ever
 * touched.  Which tables, priorities and bits are taken is for the settings to say. */
#ifndef FL_KERNEL_STATE_H
#define FL_KERNEL_STATE_H

#include "addr.h"
#include "arena.h"
#include "text.h"

#define KSTATE_MARK_MASK  0xff /* bits of a mark that hold a link's number, unless moved */
#define KSTATE_TABLE_MAIN 254
#define KSTATE_ROUTE_PROTOCOL                                                                      \
	201 /* rtm_protocol of our routes and rules: tells ours from others' */
#define KSTATE_NFT_TABLE "fairlead"

/* An address on an interface.  It is added without the route to its network that a kernel would
 * make by itself: the state lists that route, so that two links may share one subnet. */
struct kstate_address {
	struct str interface;
	struct ip_prefix prefix;
};

/* A VLAN over another device, or, without `under`, one that is there and has this MTU. */
struct kstate_device {
	struct str name, under;
	uint32_t vlan; /* 0: none of our making */
	uint32_t mtu;  /* 0: as it is */
};

struct kstate_route {
	uint8_t family;
	uint32_t table;         /* 254: main */
	struct ip_prefix to;    /* bits 0: default */
	struct ip_addr gateway; /* family 0: on the link itself */
	struct str interface;
	uint32_t metric;
};

struct kstate_rule { /* ip rule */
	uint8_t family;
	uint32_t priority;
	uint32_t mark, mask;   /* mask 0: no match on the mark */
	struct str oif;        /* empty: no match */
	struct ip_prefix from; /* family 0: no match */
	uint32_t table;
	bool no_default; /* suppress_prefixlength 0 */
};

/* What passes a device in one direction, held to a rate by CAKE.  What comes in is led through a
 * device of our own, which does that: `by`; what goes out is shaped by the device itself. */
#define KSTATE_SHAPER_PREFIX                                                                       \
	"fairlead-in" /* names of devices of our own; the link's number follows */
struct kstate_shaper {
	struct str interface, by; /* the same: what goes out */
	uint64_t rate;            /* octets a second */
	uint32_t overhead;        /* octets of a packet on the line beside those of IP */
};

/* What not every kernel has, and is asked for before it is relied on. */
#define KFEATURE_CAKE      UINT32_C(1) /* holding what leaves a device to a rate, fairly */
#define KFEATURE_INCOMING  UINT32_C(2) /* the same of what comes in: ifb, and the way to it */
#define KFEATURE_FLOWTABLE UINT32_C(4) /* established connections past the rules */
/* The parts of nftables; without TABLES nothing is said of the others. */
#define KFEATURE_TABLES     UINT32_C(8)    /* tables of both families, routing by a chain */
#define KFEATURE_CT_MARK    UINT32_C(0x10) /* marks of connections */
#define KFEATURE_MASQUERADE UINT32_C(0x20)
#define KFEATURE_NAT        UINT32_C(0x40) /* other addresses than by masquerading */
#define KFEATURE_REJECT     UINT32_C(0x80)
#define KFEATURE_NUMGEN     UINT32_C(0x100) /* drawing slots */
#define KFEATURE_HASH       UINT32_C(0x200) /* slots by who asks */

struct kstate_sysctl {
	struct str path; /* "net/ipv4/ip_forward" */
	struct str value;
};

/* ---- nftables: sets, maps and chains of one inet table ---- */

enum kset_type { /* what a key or a value is made of; values are nftables' own datatype numbers */
	KSET_NONE = 0,
	KSET_VERDICT = 1,
	KSET_NFPROTO = 2,
	KSET_IPV4 = 7,
	KSET_IPV6 = 8,
	KSET_PROTO = 12,
	KSET_PORT = 13,
	KSET_MARK = 19,
	KSET_IFNAME = 41,
	KSET_NUMBER = 4, /* 32-bit integer: slots */
};

#define KSET_KEY_FIELDS 4
#define KSET_KEY_MAX    48

enum kverdict {
	KVERDICT_NONE,
	KVERDICT_ACCEPT,
	KVERDICT_DROP,
	KVERDICT_RETURN,
	KVERDICT_JUMP,
	KVERDICT_GOTO
};

struct kelem {
	uint8_t key[KSET_KEY_MAX]; /* fields as nftables stores them: each padded to 4 octets */
	uint8_t key_n;
	const uint8_t *last;   /* of a set of ranges: the last key, field by field; key_n octets */
	bool interval_end;     /* of an interval set: the first key behind the interval */
	uint32_t value;        /* KSET_MARK data, host order */
	uint64_t expires_ms;   /* of a dynamic map, as read: what is left of its time */
	enum kverdict verdict; /* KSET_VERDICT data */
	struct str chain;      /* of JUMP and GOTO */
	/* What it is for, in the words of the settings: "rule 10".  It counts what it matches,
	 * under these words; empty: it does not count. */
	struct str comment;
};

struct kset {
	struct str name;
	enum kset_type
		key[KSET_KEY_FIELDS]; /* the fields of a concatenated key; ends with KSET_NONE */
	enum kset_type data;          /* KSET_NONE: a set, else a map */
	bool interval;
	bool ranges; /* every field of a key is a range: `key` has the first values, `last` the last
		      */
	uint32_t size;       /* room to grow; 0: not bounded */
	struct kelem *elems; /* sorted by key */
	size_t nelems;
	/* The kernel itself (KOP_REMEMBER) or dnsmasq adds elements, each for so long: none is
	 * listed here, and what is there is not compared.  A table that is made anew keeps them; of
	 * a map those whose value is among `values_kept`, one bit a value. */
	bool dynamic;
	uint32_t timeout_ms;
	uint32_t values_kept;
};

/* The numbers below are nf_tables' own; drivers/linux checks them when it is compiled. */
enum kmeta {
	KMETA_MARK = 3,
	KMETA_IIF = 4, /* 0: the router's own packet */
	KMETA_IIFNAME = 6,
	KMETA_OIFNAME = 7,
	KMETA_NFPROTO = 15,
	KMETA_L4PROTO = 16
};
enum kct { KCT_STATE = 0, KCT_STATUS = 2, KCT_MARK = 3 };
enum kct_state {
	KCT_STATE_INVALID = 1,
	KCT_STATE_ESTABLISHED = 2,
	KCT_STATE_RELATED = 4,
	KCT_STATE_NEW = 8
};
#define KCT_STATUS_DNAT 0x20
enum kbase { KBASE_NETWORK = 1, KBASE_TRANSPORT = 2 };
enum khook { KHOOK_PREROUTING, KHOOK_INPUT, KHOOK_FORWARD, KHOOK_OUTPUT, KHOOK_POSTROUTING };
#define KNFPROTO_IPV4 2
#define KNFPROTO_IPV6 10
#define KREG_VERDICT  0
#define KREG(n)       (8u + (n)) /* the n-th 32-bit register */
#define KREGS         16
#define KIFNAME_SIZE  16

/* One step of a rule.  The ops are those of the nf_tables machine itself: a driver encodes them one
 * to one, a printer shows them, a simulator can run them. */
enum kop_code {
	KOP_META_LOAD = 1, /* reg = meta `key` */
	KOP_META_SET,      /* meta `key` = reg (mark only) */
	KOP_CT_LOAD,       /* reg = ct `key` (mark, state, status) */
	KOP_CT_SET,        /* ct mark = reg */
	KOP_PAYLOAD,       /* reg = `len` octets at `offset` of `base` */
	KOP_BITWISE,       /* reg = (reg & data) ^ data2, `len` octets */
	KOP_SHIFT,         /* reg = reg >> `offset`, 32 bits in host order */
	KOP_CMP,           /* go on if reg `equal`/not data[len] */
	KOP_RANGE,         /* go on if data <= reg <= data2 */
	KOP_LOOKUP,    /* go on if reg is (`equal`) in `set`; a map writes its value to dreg or runs
			  its verdict */
	KOP_REMEMBER,  /* in the dynamic map `name`: reg -> dreg, for its time, from now on; in a
			  set reg alone */
	KOP_FORGET,    /* take reg out of the dynamic map `name` */
	KOP_IMMEDIATE, /* reg = data[len] */
	KOP_NUMGEN,    /* reg = a number that rises by one a packet, mod `modulus`, + `offset` */
	KOP_HASH,      /* dreg = jhash(reg, len) mod `modulus` + `offset` */
	KOP_VERDICT,   /* verdict and, for JUMP and GOTO, chain */
	KOP_SNAT,      /* to the address in reg */
	KOP_SNAT_PREFIX, /* to the network from the address in reg to that in dreg, and the same
			    host */
	KOP_DNAT,        /* to the address in reg and the port in dreg (0: keep) */
	KOP_MASQUERADE,
	KOP_REJECT,   /* tcp reset, or icmp admin-prohibited */
	KOP_COUNTER,  /* counts what comes so far, under the comment of its rule */
	KOP_MSS_LOAD, /* reg = the largest TCP segment that fits the path, both ways */
	KOP_HTONS,    /* reg = its two octets in network order */
	KOP_MSS_SET,  /* the segment size that a TCP SYN offers = reg, unless it is smaller */
	KOP_OFFLOAD,  /* packets of this connection take the flowtable from now on */
};

struct kop {
	enum kop_code code;
	uint32_t key;       /* NFT_META_*, NFT_CT_* */
	uint32_t reg, dreg; /* nftables' 32-bit register numbers (8..23) or verdict register 0 */
	uint32_t base, offset, len;
	uint32_t modulus;
	uint8_t data[16], data2[16]; /* immediate, compare, mask (data) and xor (data2) */
	bool equal;
	struct str name; /* set of LOOKUP, chain of VERDICT */
	enum kverdict verdict;
	bool tcp_reset;
	uint8_t family; /* of SNAT and DNAT, and of an address in IMMEDIATE: 4 or 6 */
};

struct krule {
	struct str comment; /* what it is for, in the words of the settings: "rule 10" */
	struct kop *ops;
	size_t nops;
};

struct kchain {
	struct str name;
	struct str type; /* "filter", "nat", "route"; empty: a chain that is only jumped to */
	uint32_t hook;   /* NF_INET_* */
	int32_t priority;
	bool drop; /* policy of a base chain */
	struct krule *rules;
	size_t nrules;
};

struct kernel_state {
	struct kstate_device *devices;
	size_t ndevices;
	struct kstate_address *addresses;
	size_t naddresses;
	struct kstate_route *routes;
	size_t nroutes;
	struct kstate_rule *rules;
	size_t nrules;
	struct kstate_shaper *shapers;
	size_t nshapers;
	struct kstate_sysctl *sysctls;
	size_t nsysctls;
	struct kset *sets;
	size_t nsets;
	struct kchain *chains;
	size_t nchains;
	/* The devices of the flowtable that KOP_OFFLOAD means; 0: there is none. */
	struct str *accelerated;
	size_t naccelerated;
};

/* What was counted under one comment; several rules and elements may have the same. */
struct kernel_count {
	struct str what;
	uint64_t packets, octets;
};
typedef void kernel_count_each(void *ctx, const struct kernel_count *count);

/* Elements to take out of and put into one set or map, in one transaction. */
struct kset_change {
	struct str set;
	struct kelem *remove;
	size_t nremove;
	struct kelem *add;
	size_t nadd;
};

/* The mark whose bits `bits` (a run of them) hold `number`, and back. */
uint32_t kstate_mark(uint32_t bits, uint32_t number);
uint32_t kstate_mark_number(uint32_t bits, uint32_t mark);
/* Octets of one field of a key, padded as nftables stores it. */
size_t kset_field_size(enum kset_type t);
/* Octets of a whole key. */
size_t kset_key_size(const struct kset *s);
/* Append one field of `size` octets, zeros behind it, to the key of `e`. */
void kelem_put(struct kelem *e, enum kset_type t, const void *field, size_t size);
/* NULL: there is none of that name. */
const struct kset *kernel_state_set(const struct kernel_state *s, struct str name);
/* Put the elements of every set in order and drop doubles, as kernel_state_diff() wants them. */
void kernel_state_sort(struct kernel_state *s);
/* A fingerprint of the chains and of what the sets are, without their elements: when it is the same
 * the table need not be made anew. */
uint64_t kernel_state_table_hash(const struct kernel_state *s);

/* What leads from one state to another. */
struct kernel_diff {
	/* One that is in both lists changes: it is not taken away. */
	struct kstate_device *add_devices, *del_devices;
	size_t nadd_devices, ndel_devices;
	struct kstate_address *add_addresses, *del_addresses;
	size_t nadd_addresses, ndel_addresses;
	struct kstate_route *add_routes, *del_routes;
	size_t nadd_routes, ndel_routes;
	struct kstate_rule *add_rules, *del_rules;
	size_t nadd_rules, ndel_rules;
	/* One whose `by` is in both lists changes. */
	struct kstate_shaper *add_shapers, *del_shapers;
	size_t nadd_shapers, ndel_shapers;
	struct kstate_sysctl *sysctls;
	size_t nsysctls;
	/* Either the whole nftables table is made anew, or some elements change. */
	const struct kernel_state *replace_table; /* NULL: elements only */
	bool forget_counts; /* what is replaced begins to count anew, instead of going on */
	struct kset_change *sets;
	size_t nsets;
};

/* `from` NULL: nothing is there.  The diff lies in `mem` and points into both; it is good when
 * `mem` is not full afterwards.  Additions keep the order of `to`: the first address of a subnet is
 * the one a kernel prefers.  Whoever applies a diff adds before it removes wherever both can stand
 * side by side, so that no packet falls between. */
void kernel_state_diff(const struct kernel_state *from, const struct kernel_state *to,
	struct arena *mem, struct kernel_diff *out);
bool kernel_diff_is_empty(const struct kernel_diff *d);
bool kstate_shaper_is_incoming(const struct kstate_shaper *s);
/* In the words of ip(8) and nft(8), for golden tests and `show forwarding`. */
void kernel_state_print(const struct kernel_state *s, const struct sink *out);
void kernel_diff_print(const struct kernel_diff *d, const struct sink *out);

#endif
