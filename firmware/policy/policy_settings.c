/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy_settings.c - `policy NAME { method weighted, member wan1 4, member wan2, ... }` */
#include "policy_settings.h"

#include "policy.h"

static const char *const method_choices[] = {
	[POLICY_PRIORITY] = "priority",
	[POLICY_WEIGHTED] = "weighted",
	[POLICY_ALL] = "all",
	NULL,
};
static const char *const method_help[] = {
	[POLICY_PRIORITY] = "the first live member carries all",
	[POLICY_WEIGHTED] = "all live members, in proportion to their weights",
	[POLICY_ALL] = "all live members in turn; all of them in a DNS answer",
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
	if (weights && c->method != POLICY_WEIGHTED)
		diag_warning(why, &c->origin, "method",
			"use \"method weighted\", or leave them out",
			"weights of members mean nothing to the method %s",
			policy_method_text(c->method));
}

void policies_check(const struct policy_conf *policies, size_t npolicies, struct diags *why)
{
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
