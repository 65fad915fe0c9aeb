/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy_settings.c - `policy NAME { method weighted, member wan1 4, member wan2, ... }` */
#include "policy_settings.h"

#include "policy.h"

static const char *const method_choices[] = {
	[POLICY_PRIORITY] = "priority",
	[POLICY_WEIGHTED] = "weighted",
	[POLICY_ALL] = "all",
	[POLICY_ROUND_ROBIN] = "round-robin",
	[POLICY_LEAST_LOAD] = "least-load",
	[POLICY_LOWEST_LATENCY] = "lowest-latency",
	[POLICY_PERSISTENT] = "persistent",
	[POLICY_OVERFLOW] = "overflow",
	NULL,
};
static const char *const method_help[] = {
	[POLICY_PRIORITY] = "the first live member carries all",
	[POLICY_WEIGHTED] = "all live members, in proportion to their weights",
	[POLICY_ALL] = "all live members in turn; all of them in a DNS answer",
	[POLICY_ROUND_ROBIN] = "all live members in turn",
	[POLICY_LEAST_LOAD] = "all live members, in proportion to the bandwidth they have free",
	[POLICY_LOWEST_LATENCY] = "the live member with the shortest round trip carries all",
	[POLICY_PERSISTENT] = "by weight; who was given a link keeps it for a while",
	[POLICY_OVERFLOW] = "the first live member that is not full carries all",
	NULL,
};
static const char *const persist_choices[] = {
	[POLICY_PERSIST_SOURCE] = "source",
	[POLICY_PERSIST_DESTINATION] = "destination",
	NULL,
};
static const char *const persist_help[] = {
	[POLICY_PERSIST_SOURCE] = "all connections of one client",
	[POLICY_PERSIST_DESTINATION] = "all connections to one server",
	NULL,
};
static const char *const when_dead_choices[] = {
	[POLICY_NEXT_RULE] = "next-rule",
	[POLICY_ANY] = "any",
	[POLICY_DROP] = "drop",
	NULL,
};
static const char *const when_dead_help[] = {
	[POLICY_NEXT_RULE] = "the rules behind decide",
	[POLICY_ANY] = "any live link carries it",
	[POLICY_DROP] = "the connection is dropped",
	NULL,
};

static const struct setting member_columns[] = {
	{
		.name = "LINK",
		.help = "a link",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct policy_member, link),
		.type = VALUE_REF,
		.ref = "link",
	},
	{
		.name = "WEIGHT",
		.help = "weight against the other members; left out: the link's own",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct policy_member, weight),
		.type = VALUE_UINT,
		.min = 1,
		.max = 240,
	},
	{0},
};

static const struct setting policy_columns[] = {
	{
		.name = "NAME",
		.help = "name of the policy",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct policy_conf, name),
		.type = VALUE_NAME,
	},
	{0},
};

static const struct setting policy_rows[] = {
	{
		.name = "method",
		.help = "how new connections and DNS answers are shared out",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct policy_conf, method),
		.type = VALUE_CHOICE,
		.choices = method_choices,
		.choice_help = method_help,
		.def = "weighted",
	},
	{
		.name = "member",
		.help = "a link of this policy, in order of preference",
		.kind = SETTING_LIST,
		.flags = SETTING_ORDERED,
		.offset = offsetof(struct policy_conf, members),
		.columns = member_columns,
		.size = sizeof(struct policy_member),
	},
	{
		.name = "when-dead",
		.help = "what becomes of a connection when no member is live",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct policy_conf, when_dead),
		.type = VALUE_CHOICE,
		.choices = when_dead_choices,
		.choice_help = when_dead_help,
		.def = "any",
	},
	{
		.name = "persist",
		.help = "method persistent: what stays on one link",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct policy_conf, persist),
		.type = VALUE_CHOICE,
		.choices = persist_choices,
		.choice_help = persist_help,
		.def = "source",
	},
	{
		.name = "persist-time",
		.help = "method persistent: for how long after the last new connection",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct policy_conf, persist_time),
		.type = VALUE_SPAN,
		.min = 1000,
		.max = 7 * 86400 * 1000,
		.def = "10m",
	},
	{
		.name = "overflow-at",
		.help = "method overflow: per cent of its bandwidth at which a link is full",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct policy_conf, overflow),
		.type = VALUE_UINT,
		.min = 1,
		.max = 100,
		.def = "80",
	},
	{0},
};

static void policy_check(const void *entry, struct diags *why)
{
	const struct policy_conf *c = entry;
	bool weights = false;

	if (c->nmembers == 0)
		diag_error(why, &c->origin, NULL, "add \"member LINK\"",
			"the policy has no member: it would never carry anything");
	for (size_t i = 0; i < c->nmembers; i++) {
		size_t first = 0;

		weights |= c->members[i].weight != 0;
		while (c->members[first].link != c->members[i].link)
			first++;
		if (first < i)
			diag_error(why, &c->members[i].origin, NULL, "name each link once",
				"this link is a member already, as number %zu", first + 1);
	}
	if (weights && !policy_goes_by_weight((enum policy_method)c->method))
		diag_warning(why, &c->origin, "method",
			"use \"method weighted\", or leave them out",
			"weights of members mean nothing to the method %s",
			policy_method_text(c->method));
}

/* Without it a link never looks loaded. */
static void check_bandwidths(const struct policy_conf *c, const struct link_conf *links,
	size_t nlinks, struct diags *why)
{
	if (c->method != POLICY_LEAST_LOAD && c->method != POLICY_OVERFLOW)
		return;
	for (size_t i = 0; i < c->nmembers; i++) {
		const struct policy_member *m = &c->members[i];

		if (m->link >= 0 && (size_t)m->link < nlinks && !links[m->link].bandwidth.down &&
			!links[m->link].bandwidth.up)
			diag_warning(why, &m->origin, NULL,
				"add \"bandwidth { down 100M, up 20M }\" to the link",
				"method %s needs the bandwidth of its links, and %.*s has none set",
				policy_method_text((enum policy_method)c->method),
				STR_ARG(links[m->link].name));
	}
}

void policies_check(const struct policy_conf *policies, size_t npolicies,
	const struct link_conf *links, size_t nlinks, struct diags *why)
{
	for (size_t i = 0; i < npolicies; i++)
		check_bandwidths(&policies[i], links, nlinks, why);
	if (npolicies > POLICIES_MAX)
		diag_error(why, &policies[POLICIES_MAX].origin, NULL,
			"delete policies that no rule and no balanced host uses",
			"there are %zu policies; %d can be used", npolicies, POLICIES_MAX);
}

const struct setting policy_setting = {
	.name = "policy",
	.help = "which links share new connections and DNS answers, and how",
	.kind = SETTING_LIST,
	.columns = policy_columns,
	.rows = policy_rows,
	.size = sizeof(struct policy_conf),
	.check = policy_check,
};
