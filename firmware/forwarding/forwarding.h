/* SPDX-License-Identifier: GPL-2.0-or-later */
/* forwarding.h - settings + published choice -> the kernel state wanted.  Pure.
 *
 * Connection mark = link number; one routing table a link; policies are drawn from maps.  The head
 * of forwarding.c shows the layout and why it was chosen; notes on what it costs are in
 * firmware/doc/forwarding.md. */
#ifndef FL_FORWARDING_H
#define FL_FORWARDING_H

#include "kernel_state.h"
#include "lan.h"
#include "link.h"
#include "policy.h"

/* ---- settings ---- */

enum rule_protocol { RULE_ANY_PROTOCOL, RULE_TCP, RULE_UDP, RULE_ICMP };

/* Whose connections: all, those that come in from the LANs, or the router's own. */
enum rule_from { RULE_FROM_ANY, RULE_FROM_LANS, RULE_FROM_ROUTER };

struct rule_port {            /* "25" or "8000-8080" */
	uint16_t first, last; /* 0: any */
};

/* `address-set partners { address 198.51.100.0/24, ... }`: networks that rules name together. */
struct address_set_conf {
	struct origin origin;
	struct str name;
	struct lan_address *addresses;
	size_t naddresses;
};

struct rule_domain {
	struct origin origin;
	struct str name; /* "example.net": it and all names under it */
};

/* `rule 10 { protocol tcp, port 25, source 192.168.1.25/32, policy primary }`: which outbound flows
 * use which policy.  The lowest number that matches decides. */
struct rule_conf {
	struct origin origin;
	uint32_t number;
	uint32_t from;                        /* enum rule_from */
	uint32_t protocol;                    /* enum rule_protocol */
	struct rule_port port;                /* destination */
	struct ip_prefix source, destination; /* family 0: any */
	uint32_t dscp;                        /* 1 + the code point; 0: any */
	int32_t lan;                          /* index; < 0: any */
	int32_t source_set, destination_set;  /* indices of address sets; < 0: any */
	int32_t policy;                       /* index */
	/* Any of them, by the addresses that the DNS servers of the LANs have learned; none: any.
	 */
	struct rule_domain *domains;
	size_t ndomains;
};
/* For whoever fills in a rule by hand: the indices that mean "any". */
#define RULE_ANYWHERE .lan = -1, .source_set = -1, .destination_set = -1

struct forward_on {
	struct origin origin;
	int32_t link;           /* index */
	struct ip_addr address; /* the link's address that is forwarded */
};

/* As of the last checks; ASKED: none of these is over. */
enum server_state { SERVER_UNCHECKED, SERVER_ASKED, SERVER_ANSWERS, SERVER_DEAD };

#define FORWARD_SERVERS_MAX FL_LINKS_MAX /* the slots of policies deal so many */

struct forward_server {
	struct origin origin;
	struct ip_addr addr;
	uint32_t weight;
	uint32_t state; /* enum server_state; servers_fill() puts it in */
};

enum forward_check {
	FORWARD_CHECK_AUTO, /* where there are several servers, by what suits the protocol */
	FORWARD_CHECK_PING,
	FORWARD_CHECK_TCP,
	FORWARD_CHECK_NONE
};

/* `forward smtp { to 192.168.1.25, protocol tcp, port 25, on wan1 203.0.113.3, ... }`, and, without
 * protocol and port, `nat mail { to 192.168.1.25, on wan1 203.0.113.3, ... }`: the whole address.
 */
struct forward_conf {
	struct origin origin;
	struct str name;
	struct forward_server *to;
	size_t nto;
	uint32_t check;    /* enum forward_check */
	bool persist;      /* a client's connections go to one server */
	uint32_t protocol; /* RULE_TCP or RULE_UDP; RULE_ANY_PROTOCOL: of `nat` */
	struct rule_port port;
	uint32_t to_port; /* 0: the same */
	struct forward_on *on;
	size_t non;
	struct lan_address *sources; /* who may come in; none: everybody */
	size_t nsources;
};

/* `forwarding { flowtable yes }` */
struct forwarding_conf {
	bool flowtable;
	uint32_t table_size;    /* of the kernel's connection table; 0: the default */
	uint32_t table_default; /* by the memory there is; 0: as it is */
	uint32_t
		mark_mask; /* the bits of marks that are ours, a run; 0: all, the usual ones used */
	uint32_t first_table, first_priority; /* 0: the usual ones */
};

/* How many connections a machine with so much memory should be able to keep (`memory` in MiB, 0:
 * not known) whose kernel keeps `has` of them by itself; 0: those are enough. */
uint32_t forwarding_table_default(uint32_t memory, uint32_t has);

/* Lists of routes that no setting may take: 253 default, 254 main, 255 local. */
#define FORWARDING_KERNEL_TABLES_FIRST 253
#define FORWARDING_KERNEL_TABLES_LAST  255
#define FORWARDING_TABLES_FIRST        101 /* the usual ones: of the link with number 1 */
#define FORWARDING_PRIORITIES_FIRST    100
#define FORWARDING_PRIORITIES          600 /* that are used from the first one on */

/* The bits of marks that hold a link's number. */
uint32_t forwarding_mark_bits(const struct forwarding_conf *c);

struct forwarding_source {
	const struct link_conf *links;
	size_t nlinks;
	const struct lan_conf *lans;
	size_t nlans;
	const struct policy_conf *policies;
	size_t npolicies;
	const struct address_set_conf *sets;
	size_t nsets;
	const struct rule_conf *rules;
	size_t nrules;
	const struct forward_conf *forwards;
	size_t nforwards;
	const struct forward_conf *nats;
	size_t nnats;
	struct forwarding_conf conf;
	/* Has the DNS server of a LAN learned this address as one of the rule's domains?  NULL:
	 * nothing is learned. */
	bool (*is_learned)(void *ctx, const struct rule_conf *r, const struct ip_addr *a);
	void *ctx;
};

/* The family of its servers; 0: it has none. */
uint8_t forward_family(const struct forward_conf *f);
bool forward_has_server(const struct forward_conf *f, const struct ip_addr *a);
/* May this one of its servers get new connections?  With all dead every one may: what was asked may
 * not be what is wanted. */
bool forward_server_is_used(const struct forward_conf *f, size_t which);

/* All that is published, in the order in which it is looked for: forwards, then whole addresses.
 * NULL: there are no more. */
const struct forward_conf *forwarding_published(const struct forwarding_source *source, size_t i);

/* ---- what the kernel should hold ---- */

/* All mistakes that only show when the whole is seen (overlapping subnets, a forward to an address
 * that is on no LAN, ...). */
void forwarding_check(const struct forwarding_source *source, struct diags *why);
/* Which features of the kernel (KFEATURE_...) these settings call for. */
uint32_t forwarding_needs(const struct forwarding_source *source);
/* What becomes of the settings on a kernel that lacks some of these: an error for what cannot be
 * done without. */
void forwarding_check_kernel(
	const struct forwarding_source *source, uint32_t lacks, struct diags *why);
/* The same for who looks at the state wanted, each as a comment of nft(8). */
void forwarding_put_lacking(uint32_t lacks, const struct sink *out);
/* The whole state.  Everything in `*out` lies in `mem` or in `source`.  FL_EFULL: `mem` is full. */
MUST_USE enum fl_err forwarding_want(const struct forwarding_source *source,
	const struct published *pub, struct arena *mem, struct kernel_state *out);
/* The fast path: only the states of links or the slots changed.  The element changes that lead from
 * `old` to `new`, the switch (set "down") in `first`, the exact new slots in `rest`; the number of
 * rules does not matter. */
MUST_USE enum fl_err forwarding_switch(const struct published *old, const struct published *new,
	struct arena *mem, struct kernel_diff *first, struct kernel_diff *rest);
/* The set that says which server a new connection goes to, for whoever has to change it alone. */
MUST_USE enum fl_err forwarding_servers(
	const struct forwarding_source *source, struct arena *mem, struct kset *out);
/* What the dnsmasq of each LAN that serves DNS is told, so that it puts the addresses of the rules'
 * domains into their sets. */
void forwarding_learning(const struct forwarding_source *source, const struct sink *out);
/* The set of a rule for the addresses of a family. */
void forwarding_learned_set(const struct rule_conf *r, uint8_t family, struct textbuf *out);
/* After the switch: the marks whose connections should be flushed: links that no longer work,
 * provided that another is live.  A backup that is only stood down, and a link that is drained,
 * keep the connections they have until they fail.  Returns how many were written. */
size_t forwarding_flush_marks(
	const struct published *old, const struct published *new, uint8_t marks[FL_LINKS_MAX]);
/* The same for one family (4, 6): links that go on working but lost it, provided that another live
 * link carries it. */
size_t forwarding_flush_family(const struct published *old, const struct published *new,
	uint8_t family, uint8_t marks[FL_LINKS_MAX]);

/* Which link would a new connection from the LAN, or one of the router's own, take?  The same
 * rules, read by a person: which rule, which policy, which link (0: none).  `draw` picks the slot.
 * A flow that no rule matches takes the first live link in the order of the settings. */
struct forwarding_flow {
	struct ip_addr from, to;
	uint8_t protocol; /* IANA number */
	uint16_t port;    /* destination */
	uint8_t dscp;
	bool own; /* the router's own: forwarding_is_own() */
};
struct forwarding_choice {
	const struct rule_conf *rule; /* NULL: no rule matches */
	int32_t policy;               /* index, or -1 */
	uint8_t link;                 /* number, or 0 */
	bool dropped;                 /* no live member, and the policy says drop */
	bool local; /* to a network of the router's own: no link is chosen, routing decides */
	bool bound; /* the router's own, by an address of a link: it takes that link, if it lives */
};
/* Is it an address of the router? */
bool forwarding_is_own(const struct forwarding_source *source, const struct ip_addr *a);
void forwarding_choose(const struct forwarding_source *source, const struct published *pub,
	const struct forwarding_flow *flow, uint32_t draw, struct forwarding_choice *out);
/* "tcp port 25", and with the addresses: "tcp port 25 from 192.168.1.25/32". */
void forwarding_service_text(uint32_t protocol, const struct rule_port *p, struct textbuf *out);
void forwarding_rule_text(
	const struct forwarding_source *s, const struct rule_conf *r, struct textbuf *out);
/* "forward smtp", "nat mail": its connections are counted under these words, those of a rule under
 * "rule 10". */
void forwarding_published_text(const struct forward_conf *f, struct textbuf *out);
#define FORWARDING_NO_RULE "no rule matches" /* and those that no rule matches under these */
/* The first word of a rule that a flow does not fit ("port"); NULL: the rule matches.  A flow is of
 * the LAN that its source address belongs to. */
const char *forwarding_rule_mismatch(const struct forwarding_source *s, const struct rule_conf *r,
	const struct forwarding_flow *flow);
/* The source address that a new connection from the LAN has when it leaves by link `number`: the
 * published address of the server it comes from, else the link's own.  Family 0: the link has none
 * of this family. */
struct ip_addr forwarding_source_address(
	const struct forwarding_source *source, const struct forwarding_flow *flow, uint8_t number);
/* Does every flow that `b` matches match `a`, too? */
bool forwarding_rule_covers(const struct rule_conf *a, const struct rule_conf *b);

#endif
