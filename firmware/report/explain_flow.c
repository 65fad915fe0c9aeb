/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a connection takes its link:
 *
 *   flow   tcp 192.168.1.20 -> 198.18.0.1 port 443
 *   rule   10    no match (port)   tcp port 25 from 192.168.1.25/32 -> policy primary
 *   rule   30    MATCH             all from 192.168.1.0/24 -> policy spread
 *   rule   99    (shadowed)        all -> policy spread
 *   policy spread: weighted
 *          wan1     up  weight 4  <- 80 %
 *          wan2     up  weight 1  <- 20 %
 *   takes  wan1 80 %, leaves as 203.0.113.2, mark 0x1
 *   takes  wan2 20 %, leaves as 198.51.100.2, mark 0x2
 *   if     wan1 goes down: wan2; connections on it are forgotten, and TCP is reset */
#include "explain.h"

#define RULES_SHOWN 24 /* with more of them those that do not match are only counted */
#define LINE        200

void explain_shares(const struct explain_world *w, const struct published *pub,
	const struct forwarding_flow *flow, struct explain_shares *out)
{
	struct forwarding_choice c;

	*out = (struct explain_shares){0};
	forwarding_choose(&w->forwarding, pub, flow, 0, &out->choice);
	for (uint32_t draw = 0; draw < POLICY_SLOTS; draw++) {
		forwarding_choose(&w->forwarding, pub, flow, draw, &c);
		out->of[c.link]++;
	}
}

/* ---- the question ---- */

static void put_question(const struct forwarding_flow *f, const struct sink *out)
{
	char from[IP_TEXT_MAX], to[IP_TEXT_MAX];
	const char *name = f->protocol == 6 ? "tcp" : f->protocol == 17 ? "udp" : "icmp";

	sink_printf(out, "flow   %s %s -> %s", name, ip_addr_text(&f->from, from),
		ip_addr_text(&f->to, to));
	if (f->port)
		sink_printf(out, " port %u", f->port);
	sink_puts(out, "\n");
}

/* ---- the rules ---- */

struct str explain_policy_name(const struct explain_world *w, int32_t policy)
{
	return policy >= 0 && (size_t)policy < w->forwarding.npolicies
		       ? w->forwarding.policies[policy].name
		       : STR("?");
}

static void put_rule(const struct explain_world *w, const struct rule_conf *r, const char *verdict,
	const struct sink *out)
{
	char match[LINE];
	struct textbuf t = textbuf_of(match, sizeof(match));

	forwarding_rule_text(&w->forwarding, r, &t);
	sink_printf(out, "rule   %-5u %-24s %s -> policy %.*s\n", r->number, verdict, match,
		STR_ARG(explain_policy_name(w, r->policy)));
}

const struct rule_conf *explain_rule_after(const struct explain_world *w, uint64_t from)
{
	const struct rule_conf *next = NULL;

	for (size_t i = 0; i < w->forwarding.nrules; i++) {
		const struct rule_conf *r = &w->forwarding.rules[i];

		if (r->number >= from && (!next || r->number < next->number))
			next = r;
	}
	return next;
}

void explain_rule_verdict(const struct explain_world *w, const struct rule_conf *r,
	const struct forwarding_flow *flow, const struct rule_conf *chosen, struct textbuf *out)
{
	const char *why = forwarding_rule_mismatch(&w->forwarding, r, flow);

	if (r == chosen)
		textbuf_printf(out, "MATCH");
	else if (chosen && r->number > chosen->number)
		textbuf_printf(out, "%s", why ? "not reached" : "(shadowed)");
	else if (why)
		textbuf_printf(out, "no match (%s)", why);
	else
		textbuf_printf(out, "match, no live member");
}

static void put_rules(const struct explain_world *w, const struct forwarding_flow *flow,
	const struct rule_conf *chosen, const struct sink *out)
{
	bool brief = w->forwarding.nrules > RULES_SHOWN;
	const struct rule_conf *r;
	size_t others = 0;

	for (uint64_t from = 0; (r = explain_rule_after(w, from)); from = (uint64_t)r->number + 1) {
		char verdict[LINE];
		struct textbuf t = textbuf_of(verdict, sizeof(verdict));

		if (brief && forwarding_rule_mismatch(&w->forwarding, r, flow)) {
			others++;
			continue;
		}
		explain_rule_verdict(w, r, flow, chosen, &t);
		put_rule(w, r, verdict, out);
	}
	if (others)
		sink_printf(out, "rule   %zu others do not match\n", others);
	if (!chosen)
		sink_puts(out, "rule   -     none decides: the first live link in the order of the "
			       "settings\n");
}

/* ---- the policy ---- */

static void put_weight(const struct explain_world *w, const struct policy_conf *p,
	const struct policy_member *m, struct textbuf *t)
{
	const struct forwarding_source *s = &w->forwarding;
	uint8_t number = s->links[m->link].number;

	if (!policy_goes_by_weight((enum policy_method)p->method))
		return;
	textbuf_printf(t, "  weight %u",
		m->weight ? m->weight : policy_link_weight(s->links, s->nlinks, (size_t)m->link));
	if (w->state[number] == LINK_DEGRADED)
		textbuf_printf(t, " / 4");
}

static void put_member(const struct explain_world *w, const struct policy_conf *p,
	const struct policy_member *m, const struct explain_shares *shares, const struct sink *out)
{
	const struct link_conf *l = &w->forwarding.links[m->link];
	uint32_t bit = link_bit(l->number);
	char text[64];
	struct textbuf t = textbuf_of(text, sizeof(text));

	put_weight(w, p, m, &t);
	if (shares->of[l->number]) {
		textbuf_printf(&t, "  <- ");
		explain_percent(shares->of[l->number], &t);
	} else if (w->published.fit & ~w->published.live & bit) {
		textbuf_printf(&t, "  not needed");
	}
	sink_printf(out, "       %-8.*s %s%s\n", STR_ARG(l->name),
		explain_state_text(w, &w->published, l->number), text);
}

static void put_policy(
	const struct explain_world *w, const struct explain_shares *shares, const struct sink *out)
{
	const struct forwarding_source *s = &w->forwarding;
	const struct policy_conf *p;

	if (shares->choice.policy < 0)
		return;
	p = &s->policies[shares->choice.policy];
	sink_printf(out, "policy %.*s: %s\n", STR_ARG(p->name), policy_method_text(p->method));
	for (size_t i = 0; i < p->nmembers; i++)
		if (p->members[i].link >= 0 && (size_t)p->members[i].link < s->nlinks)
			put_member(w, p, &p->members[i], shares, out);
}

/* ---- the outcome ---- */

static void put_nothing(
	const struct explain_world *w, const struct explain_shares *shares, const struct sink *out)
{
	if (shares->choice.dropped)
		sink_printf(out, "takes  nothing: no member of policy %.*s is live, and it drops\n",
			STR_ARG(explain_policy_name(w, shares->choice.policy)));
	else
		sink_puts(out, "takes  no link: none that is live has an address of this family\n");
}

static void put_taken(const struct explain_world *w, const struct forwarding_flow *flow,
	const struct explain_shares *shares, const struct sink *out)
{
	for (size_t i = 0; i < w->forwarding.nlinks; i++) {
		const struct link_conf *l = &w->forwarding.links[i];
		struct ip_addr as = forwarding_source_address(&w->forwarding, flow, l->number);
		char addr[IP_TEXT_MAX], share[24] = "";
		struct textbuf t = textbuf_of(share, sizeof(share));

		if (!shares->of[l->number])
			continue;
		explain_percent(shares->of[l->number], &t);
		sink_printf(out, "takes  %.*s %s, leaves as %s, mark 0x%x\n", STR_ARG(l->name),
			share, ip_addr_text(&as, addr),
			kstate_mark(forwarding_mark_bits(&w->forwarding.conf), l->number));
	}
}

static void put_if(const struct explain_world *w, const struct forwarding_flow *flow,
	const struct explain_shares *shares, const struct sink *out)
{
	struct explain_shares without;
	struct published then;

	for (size_t i = 0; !w->down && i < w->forwarding.nlinks; i++) {
		const struct link_conf *l = &w->forwarding.links[i];
		char text[LINE];
		struct textbuf t = textbuf_of(text, sizeof(text));

		if (!shares->of[l->number])
			continue;
		w->without(w->ctx, l->number, &then);
		explain_shares(w, &then, flow, &without);
		if (without.choice.dropped)
			textbuf_printf(&t, "dropped");
		else
			explain_shares_text(w, without.of, &t);
		sink_printf(out, "if     %.*s goes down: %s; %s\n", STR_ARG(l->name), text,
			explain_fate(w, &then, l->number));
	}
}

/* ---- to a published address ---- */

static bool is_service(const struct forward_conf *f, const struct forwarding_flow *flow)
{
	return f->protocol == RULE_ANY_PROTOCOL ||
	       (flow->protocol == (f->protocol == RULE_UDP ? 17 : 6) &&
		       flow->port >= f->port.first && flow->port <= f->port.last);
}

static bool is_published_at(const struct forward_conf *f, const struct ip_addr *a)
{
	for (size_t i = 0; i < f->non; i++)
		if (ip_addr_eq(&f->on[i].address, a))
			return true;
	return false;
}

static bool may_come_in(const struct forward_conf *f, const struct ip_addr *from)
{
	for (size_t i = 0; i < f->nsources; i++)
		if (ip_prefix_has(&f->sources[i].prefix, from))
			return true;
	return f->nsources == 0;
}

/* False: nobody is reached at that address and port. */
static bool put_published(
	const struct explain_world *w, const struct forwarding_flow *flow, const struct sink *out)
{
	const struct forward_conf *f;
	char text[IP_TEXT_MAX];

	for (size_t i = 0; (f = forwarding_published(&w->forwarding, i)); i++) {
		if (!is_published_at(f, &flow->to) || !is_service(f, flow) ||
			!may_come_in(f, &flow->from))
			continue;
		for (size_t k = 0; k < f->nto; k++)
			sink_printf(out, "%s %.*s: %s %s%s\n",
				f->protocol == RULE_ANY_PROTOCOL ? "nat" : "forward",
				STR_ARG(f->name),
				forward_server_is_used(f, k) ? "goes to" : "not to ",
				ip_addr_text(&f->to[k].addr, text),
				f->to[k].state == SERVER_DEAD ? ", which does not answer" : "");
		return true;
	}
	return false;
}

void explain_flow(
	const struct explain_world *w, const struct forwarding_flow *flow, const struct sink *out)
{
	struct explain_shares shares;

	explain_heading(w, out);
	put_question(flow, out);
	explain_shares(w, &w->published, flow, &shares);
	if (put_published(w, flow, out))
		return;
	if (shares.choice.local) {
		sink_puts(out, "takes  no link: that is a network of this router's own; routing "
			       "decides\n");
		return;
	}
	if (shares.choice.bound)
		sink_puts(out, "rule   -     none is asked: the router uses the link whose address "
			       "it is, while it lives\n");
	else
		put_rules(w, flow, shares.choice.rule, out);
	put_policy(w, &shares, out);
	if (shares.of[0])
		put_nothing(w, &shares, out);
	put_taken(w, flow, &shares, out);
	put_if(w, flow, &shares, out);
}
