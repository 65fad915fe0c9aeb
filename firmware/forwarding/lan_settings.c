/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lan_settings.c
 *
 *   lan office {
 *       interface eth2
 *       address 192.168.1.1/24
 *       dhcp-server { range 192.168.1.100 192.168.1.199 }
 *       dns-server
 *   } */
#include "forwarding.h"
#include "forwarding_settings.h"

bool lan_mac_parse(struct str text, void *out, struct textbuf *why)
{
	struct lan_mac mac = {0};
	size_t digits = 0;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.at[i];
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
			    : c >= 'A' && c <= 'F' ? c - 'A' + 10
						   : -1;
		bool separator = i % 3 == 2;

		if (separator ? c != ':' && c != '-' : digit < 0 || digits == 12) {
			digits = 0;
			break;
		}
		if (!separator) {
			mac.b[digits / 2] = (uint8_t)(mac.b[digits / 2] << 4 | digit);
			digits++;
		}
	}
	if (digits != 12 || text.n != 17) {
		textbuf_printf(why, "is not the address of a network card");
		return false;
	}
	if (mac.b[0] & 1) {
		textbuf_printf(why, "is an address of a group, not of one card");
		return false;
	}
	*(struct lan_mac *)out = mac;
	return true;
}

static const struct setting name_columns[] = {
	{
		.name = "NAME",
		.help = "a name of your choice",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct lan_conf, name),
		.type = VALUE_NAME,
	},
	{0},
};

static const struct setting address_columns[] = {
	{
		.name = "ADDRESS",
		.help = "the router's address and the size of the network: 192.168.1.1/24",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct lan_address, prefix),
		.type = VALUE_HOST_PREFIX,
	},
	{0},
};

static const struct setting delegated_columns[] = {
	{
		.name = "LINK",
		.help = "the link whose prefix it is",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct lan_delegated, link),
		.type = VALUE_REF,
		.ref = "link",
	},
	{
		.name = "NETWORK",
		.help = "number of the network of 64 bits in it; each LAN has another",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct lan_delegated, subnet),
		.type = VALUE_UINT,
		.min = 0,
		.max = UINT16_MAX,
		.def = "0",
	},
	{0},
};

static const struct setting range_columns[] = {
	{
		.name = "FIRST",
		.help = "the first address that is given away",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct lan_range, first),
		.type = VALUE_ADDR,
	},
	{
		.name = "LAST",
		.help = "the last one",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct lan_range, last),
		.type = VALUE_ADDR,
	},
	{0},
};

static const struct setting host_columns[] = {
	{
		.name = "NAME",
		.help = "name of the host; the router resolves it for others in the LAN",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct lan_host, name),
		.type = VALUE_NAME,
	},
	{0},
};

static const struct setting host_rows[] = {
	{
		.name = "mac",
		.help = "address of its network card",
		.kind = SETTING_VALUE,
		.flags = SETTING_REQUIRED,
		.offset = offsetof(struct lan_host, mac),
		.type = VALUE_CUSTOM,
		.parse = lan_mac_parse,
		.syntax = "XX:XX:XX:XX:XX:XX",
		.example = "00:1b:21:3c:4d:5e",
	},
	{
		.name = "address",
		.help = "the address it always gets; it may lie outside of the ranges",
		.kind = SETTING_VALUE,
		.flags = SETTING_REQUIRED,
		.offset = offsetof(struct lan_host, address),
		.type = VALUE_ADDR,
	},
	{0},
};

static const struct setting dhcp_rows[] = {
	{
		.name = "range",
		.help = "addresses that are given to whoever asks",
		.kind = SETTING_LIST,
		.offset = offsetof(struct lan_dhcp, ranges),
		.columns = range_columns,
		.size = sizeof(struct lan_range),
	},
	{
		.name = "lease-time",
		.help = "for how long an address is given",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct lan_dhcp, lease_time),
		.type = VALUE_SPAN,
		.min = 120000,
		.max = 2592000000,
		.def = "12h",
	},
	{
		.name = "host",
		.help = "a host that always gets the same address",
		.kind = SETTING_LIST,
		.offset = offsetof(struct lan_dhcp, hosts),
		.columns = host_columns,
		.rows = host_rows,
		.size = sizeof(struct lan_host),
	},
	{0},
};

static const struct setting lan_rows[] = {
	{
		.name = "interface",
		.help = "network interface of this LAN",
		.kind = SETTING_VALUE,
		.flags = SETTING_REQUIRED,
		.offset = offsetof(struct lan_conf, interface),
		.type = VALUE_TEXT,
		.min = 1,
		.max = KIFNAME_SIZE - 1,
	},
	{
		.name = "vlan",
		.help = "number of the VLAN on that interface (IEEE 802.1Q); left out: none",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct lan_conf, vlan),
		.type = VALUE_UINT,
		.min = 1,
		.max = 4094,
	},
	{
		.name = "address",
		.help = "an address of the router in this LAN",
		.kind = SETTING_LIST,
		.flags = SETTING_ORDERED,
		.offset = offsetof(struct lan_conf, addresses),
		.columns = address_columns,
		.size = sizeof(struct lan_address),
	},
	{
		.name = "delegated-prefix",
		.help = "an IPv6 network out of the prefix that a link has",
		.kind = SETTING_LIST,
		.offset = offsetof(struct lan_conf, delegated),
		.columns = delegated_columns,
		.size = sizeof(struct lan_delegated),
	},
	{
		.name = "dhcp-server",
		.help = "give addresses to the hosts in this LAN",
		.kind = SETTING_BLOCK,
		.offset = offsetof(struct lan_conf, dhcp),
		.rows = dhcp_rows,
	},
	{
		.name = "dns-server",
		.help = "resolve names for this LAN, by the resolvers of the links that work",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct lan_conf, dns),
		.type = VALUE_FLAG,
	},
	{
		.name = "router-advertisements",
		.help = "tell the hosts the IPv6 networks of this LAN, from which they make their "
			"addresses",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct lan_conf, advertise),
		.type = VALUE_FLAG,
	},
	{0},
};

static void lan_check(const void *entry, struct diags *why)
{
	const struct lan_conf *l = entry;

	if (l->naddresses == 0 && l->ndelegated == 0)
		diag_warning(why, &l->origin, "address", "add \"address 192.168.1.1/24\"",
			"the router has no address in this LAN: no client can use it");
	lan_services_check(l, why);
}

const struct setting lan_setting = {
	.name = "lan",
	.help = "an inside network",
	.kind = SETTING_LIST,
	.columns = name_columns,
	.rows = lan_rows,
	.size = sizeof(struct lan_conf),
	.check = lan_check,
};
