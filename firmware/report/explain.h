/* SPDX-License-Identifier: GPL-2.0-or-later */
/* explain.h - why does a connection take this link, and why is this address answered?  Pure.
 *
 * The text is made by the functions that decide: forwarding_choose(), dns_answer(),
 * policy_publish().  What would be if a link were down, or if a configuration were committed, is
 * the same text about another world. */
#ifndef FL_EXPLAIN_H
#define FL_EXPLAIN_H

#include "dns.h"
#include "forwarding.h"

/* A state of things to ask about: the one that is, or one that is only thought of. */
struct explain_world {
	struct forwarding_source forwarding; /* its links have their numbers */
	struct dns_source dns;
	struct dns_image image; /* of it; at NULL: no domain is served */
	/* By number: what the policies were told of the links. */
	enum link_state state[FL_LINKS_MAX + 1];
	struct published published; /* made of these states */
	/* By number; conf NULL where nothing watches the link yet.  May be NULL. */
	const struct link *detector;
	uint8_t down;   /* number of the link that is taken to be down; 0: none */
	bool candidate; /* made of settings that are not in force */
	mtime now;
	/* Does the machine have it?  NULL: nobody knows. */
	bool (*has_interface)(void *ctx, struct str name);
	/* The same world with link `number` down, whatever else is. */
	void (*without)(void *ctx, uint8_t number, struct published *out);
	void *ctx;
};

/* Where new connections of one kind go: of 240 draws, how many to each link. */
struct explain_shares {
	struct forwarding_choice choice; /* rule and policy are the same for every draw */
	uint16_t of[FL_LINKS_MAX + 1];   /* by link number; [0]: to none */
};
void explain_shares(const struct explain_world *w, const struct published *pub,
	const struct forwarding_flow *flow, struct explain_shares *out);

/* Every rule and why it is or is not the one, the policy's members, the address and mark of the
 * connection, and where it would go if its link died. */
void explain_flow(
	const struct explain_world *w, const struct forwarding_flow *flow, const struct sink *out);
/* The answer, why each address is in or out, and what would be answered without each link.
 * `from`: who asks; family 0: anybody.  FL_EFORMAT: no name, or no type, which has been told. */
enum fl_err explain_dns(const struct explain_world *w, struct str name, struct str type,
	const struct ip_addr *from, const struct sink *out);
/* What a link does and depends on: its judgement, the shares it has, what its death would move.
 * FL_ENOENT: there is no such link, which has been told. */
enum fl_err explain_link(const struct explain_world *w, struct str name, const struct sink *out);

/* ---- the same as JSON (explain_json.c): one object, and the same failures ---- */

void explain_flow_json(
	const struct explain_world *w, const struct forwarding_flow *flow, const struct sink *out);
enum fl_err explain_dns_json(const struct explain_world *w, struct str name, struct str type,
	const struct ip_addr *from, const struct sink *out);
enum fl_err explain_link_json(
	const struct explain_world *w, struct str name, const struct sink *out);

/* ---- shared by the files of explain ---- */

/* The rule with the lowest number from `from` on; NULL: none. */
const struct rule_conf *explain_rule_after(const struct explain_world *w, uint64_t from);
/* What comes of a rule when `chosen` decides: "MATCH", "no match (port)", "(shadowed)". */
void explain_rule_verdict(const struct explain_world *w, const struct rule_conf *r,
	const struct forwarding_flow *flow, const struct rule_conf *chosen, struct textbuf *out);
struct str explain_policy_name(const struct explain_world *w, int32_t policy);
/* NULL: there is no such link, which has been told. */
const struct link_conf *explain_link_named(
	const struct explain_world *w, struct str name, const struct sink *out);
/* Its detector; NULL: nothing watches it yet. */
const struct link *explain_detector(const struct explain_world *w, const struct link_conf *l);
bool explain_is_member(const struct published_policy *p, unsigned number);
/* Of a policy's slots, how many lead to each link; [0]: to none. */
void explain_count_slots(const struct published_policy *p, uint16_t of[FL_LINKS_MAX + 1]);

/* What is not as it is now: "(as if wan1 were down)". */
void explain_heading(const struct explain_world *w, const struct sink *out);
const struct link_conf *explain_link_numbered(const struct explain_world *w, unsigned number);
/* The word for a link's state, as everywhere. */
const char *explain_state_text(
	const struct explain_world *w, const struct published *pub, unsigned number);
/* "wan1 80 %, wan2 20 %" of 240 slots; "no link" when all are 0. */
void explain_shares_text(
	const struct explain_world *w, const uint16_t of[FL_LINKS_MAX + 1], struct textbuf *out);
/* What becomes of the connections of link `number` when `then` is published. */
const char *explain_fate(
	const struct explain_world *w, const struct published *then, uint8_t number);
void explain_percent(unsigned slots, struct textbuf *out);

#endif
