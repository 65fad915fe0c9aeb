/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "companion_settings.h"

static const struct setting address_columns[] = {
	{
		.name = "ADDRESS/BITS",
		.help = "an address of the sentinel's own and the size of its network",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct link_address, prefix),
		.type = VALUE_HOST_PREFIX,
	},
	{0},
};

static const struct setting gateway_columns[] = {
	{
		.name = "ADDRESS",
		.help = "the provider's router",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct link_gateway, addr),
		.type = VALUE_ADDR,
	},
	{0},
};

static const struct setting leg_columns[] = {
	{
		.name = "LINK",
		.help = "the link in whose network it is",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct companion_leg_conf, link),
		.type = VALUE_REF,
		.ref = "link",
	},
	{0},
};

static const struct setting leg_rows[] = {
	{
		.name = "vlan",
		.help = "number of the VLAN on the sentinel's port; left out: untagged",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct companion_leg_conf, vlan),
		.type = VALUE_UINT,
		.min = 1,
		.max = 4094,
	},
	{
		.name = "address",
		.help = "address of the sentinel, one of a family",
		.kind = SETTING_LIST,
		.flags = SETTING_ORDERED,
		.offset = offsetof(struct companion_leg_conf, addresses),
		.columns = address_columns,
		.size = sizeof(struct link_address),
	},
	{
		.name = "gateway",
		.help = "the provider's router; left out: the link's",
		.kind = SETTING_LIST,
		.offset = offsetof(struct companion_leg_conf, gateways),
		.columns = gateway_columns,
		.size = sizeof(struct link_gateway),
	},
	{0},
};

static void check_leg(const void *entry, struct diags *why)
{
	const struct companion_leg_conf *leg = entry;

	if (!leg->naddresses)
		diag_error(why, &leg->origin, "address", "add \"address ADDRESS/BITS\"",
			"the leg has no address");
}

static const struct setting companion_columns[] = {
	{
		.name = "NAME",
		.help = "name of the sentinel",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct companion_conf, name),
		.type = VALUE_NAME,
	},
	{0},
};

static const struct setting companion_rows[] = {
	{
		.name = "port",
		.help = "name of its network port",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct companion_conf, port),
		.type = VALUE_TEXT,
		.min = 1,
		.max = 10,
		.def = "eth0",
	},
	{
		.name = "leg",
		.help = "where it is in a link's network",
		.kind = SETTING_LIST,
		.offset = offsetof(struct companion_conf, legs),
		.columns = leg_columns,
		.rows = leg_rows,
		.size = sizeof(struct companion_leg_conf),
		.check = check_leg,
	},
	{0},
};

const struct setting companion_setting = {
	.name = "sentinel",
	.help = "a second name server of the same domains, which probes the links itself",
	.kind = SETTING_LIST,
	.columns = companion_columns,
	.rows = companion_rows,
	.size = sizeof(struct companion_conf),
};

/* ---- checks ---- */

static bool is_the_routers(const struct config_values *v, const struct ip_addr *a)
{
	for (size_t l = 0; l < v->nlinks; l++)
		for (size_t i = 0; i < v->links[l].naddresses; i++)
			if (ip_addr_eq(&v->links[l].addresses[i].prefix.addr, a))
				return true;
	return false;
}

static void check_addresses(
	const struct config_values *v, const struct companion_leg_conf *leg, struct diags *why)
{
	char text[IP_TEXT_MAX];

	for (size_t i = 0; i < leg->naddresses; i++) {
		const struct ip_addr *a = &leg->addresses[i].prefix.addr;

		if (is_the_routers(v, a))
			diag_error(why, &leg->addresses[i].origin, NULL,
				"give the sentinel an address of its own",
				"%s is the router's own address", ip_addr_text(a, text));
	}
}

static void check_vlans(const struct companion_conf *c, struct diags *why)
{
	for (size_t i = 1; i < c->nlegs; i++)
		for (size_t k = 0; k < i; k++)
			if (c->legs[k].vlan == c->legs[i].vlan)
				diag_error(why, &c->legs[i].origin, "vlan",
					"give each leg a VLAN of its own",
					"two legs are the same network of the port");
}

void companions_check(const struct config_values *v, struct diags *why)
{
	for (size_t c = 0; c < v->ncompanions; c++) {
		check_vlans(&v->companions[c], why);
		for (size_t i = 0; i < v->companions[c].nlegs; i++)
			check_addresses(v, &v->companions[c].legs[i], why);
	}
}
