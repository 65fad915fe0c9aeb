/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table "inet fairlead".
 *
 *   prerouting  a known connection keeps its link (connection mark); one that comes in by a WAN is
 *               pinned to it; local and LAN destinations get no mark; the rest goes through the
 *               rules, and without a rule to the first link that is live
 *   policy*     sets the mark: draws a slot, and again when that link is down, then tries the
 *               members in their order; `goto pin` ends it, falling out of the chain means that no
 *               member is live
 *   output      the router's own new connections go through the rules, too
 *   forwards    published servers        postrouting  the source address of each link
 *   input, forward                       what may come in from a WAN
 *
 * What changes while it runs is in sets: "down" (which links may carry new traffic) and "slots".
 * The chains follow from the settings alone, so a link's death never touches them.
 *
 * The filter chains end in a rule that drops instead of having the policy `drop`: while one table
 * replaces another the emptied old chains are asked, too, and their policy would drop packets. */
#include "nft_table.h"

/* Does it matter which families a link has?  Not when all have the same. */
static bool families_differ(const struct forwarding_source *s)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		size_t n = 0;

		for (size_t i = 0; i < s->nlinks; i++)
			n += link_has_family(&s->links[i], family);
		if (n && n < s->nlinks)
			return true;
	}
	return false;
}

/* Each interface once. */
static void accelerated(
	const struct forwarding_source *s, struct arena *mem, struct kernel_state *out)
{
	struct str *names = ARENA_NEWS(mem, struct str, s->nlinks + s->nlans + 1);
	size_t n = 0;

	if (!names || !s->conf.flowtable)
		return;
	for (size_t i = 0; i < s->nlinks + s->nlans; i++) {
		struct str name =
			i < s->nlinks ? s->links[i].interface : s->lans[i - s->nlinks].interface;
		size_t j = 0;

		while (j < n && !str_eq(names[j], name))
			j++;
		if (j == n && name.n)
			names[n++] = name;
	}
	out->accelerated = names;
	out->naccelerated = n;
}

static void make_sets(struct maker *m)
{
	set_down(m);
	set_without(m);
	set_wans(m, NFT_WAN_OF, KSET_MARK);
	set_wans(m, NFT_WANS, KSET_NONE);
	set_slots(m);
	if (shares_marks(m)) {
		set_of_marks(m, STR("marks"), "mark");
		set_of_marks(m, STR("pins"), "pin");
	}
	set_local(m, STR("local4"), 4);
	set_local(m, STR("local6"), 6);
	set_own(m, STR("own4"), 4);
	set_own(m, STR("own6"), 6);
	set_self(m, STR("self4"), 4);
	sets_of_settings(m);
	for (size_t i = 0; i < m->s->npolicies; i++)
		if (is_persistent(&m->s->policies[i]))
			sets_stuck(m, &m->s->policies[i]);
	for (size_t i = 0; m->plan && i < m->s->nrules; i++) {
		if (m->plan[i].opens)
			set_rules(m, i);
		if (m->plan[i].rule->ndomains && has_policy(m, m->plan[i].rule))
			sets_learned(m, m->plan[i].rule);
	}
	if (has_balanced(m->s))
		set_servers(m->s, &m->b);
}

static void make_chains(struct maker *m)
{
	chains_of_marks(m);
	chain_pin(m);
	chain_any(m);
	for (size_t i = 0; i < m->s->npolicies; i++)
		chain_policy(m, i);
	chain_rules(m);
	chain_from_wan(m);
	chain_prerouting(m);
	chain_output(m);
	chains_nat(m);
	chains_input(m);
	chains_forward(m);
}

void forwarding_nft(const struct forwarding_source *source, const struct published *pub,
	struct arena *mem, struct kernel_state *out)
{
	struct maker m = {.s = source,
		.pub = pub,
		.own = out,
		.take = STR("pin"),
		.without = families_differ(source)};

	nft_build_init(&m.b, mem);
	m.plan = rules_plan(source, mem, &m.nmaps);
	m.policy_chain = ARENA_NEWS(mem, struct str, source->npolicies + 1);
	if (mem->full)
		return;
	for (size_t i = 0; i < source->npolicies; i++)
		m.policy_chain[i] = nft_numbered(mem, "policy", i + 1, source->policies[i].name);
	accelerated(source, mem, out);
	make_sets(&m);
	make_chains(&m);
	nft_build_end(&m.b, out);
}
