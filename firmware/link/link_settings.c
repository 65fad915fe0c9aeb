/* SPDX-License-Identifier: GPL-2.0-or-later */
/* link_settings.c - `link NAME { interface eth0, address 203.0.113.2/29, ... }` */
#include "link_settings.h"

#include "link.h"

static const struct setting address_columns[] = {
	{
		.name = "ADDRESS/BITS",
		.help = "an address of this link and the size of its network",
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
		.help = "the provider's router on this link",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct link_gateway, addr),
		.type = VALUE_ADDR,
	},
	{0},
};

static const struct setting resolver_columns[] = {
	{
		.name = "ADDRESS",
		.help = "a name server of the provider that resolves any name",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct link_resolver, addr),
		.type = VALUE_ADDR,
	},
	{0},
};

static const char *const method_choices[] = {
	[LINK_PING] = "ping",
	[LINK_DNS] = "dns",
	[LINK_TCP] = "tcp",
	[LINK_HTTP] = "http",
	NULL,
};
static const char *const method_help[] = {
	[LINK_PING] = "ICMP echo",
	[LINK_DNS] = "a DNS query; any answer is life",
	[LINK_TCP] = "a TCP connection; one that is reset is life, too",
	[LINK_HTTP] = "a page of a web server; a redirect, as by a captive portal, is no life",
	NULL,
};

static const struct setting target_columns[] = {
	{
		.name = "ADDRESS",
		.help = "a host beyond the provider's router that always answers",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct link_target, addr),
		.type = VALUE_ADDR,
	},
	{
		.name = "METHOD",
		.help = "how it is asked",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct link_target, method),
		.type = VALUE_CHOICE,
		.choices = method_choices,
		.choice_help = method_help,
	},
	{
		.name = "QUERY",
		.help = "for dns: the name to ask for; for tcp: the port; for http: "
			"HOST[:PORT]/PATH",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct link_target, query),
		.type = VALUE_TEXT,
		.min = 1,
		.max = 254,
	},
	{
		.name = "EXPECT",
		.help = "for http: a text that must be in the page, or the status, such as 204",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct link_target, expect),
		.type = VALUE_TEXT,
		.min = 1,
		.max = 100,
	},
	{0},
};

static const char *const check_choices[] = {
	[LINK_PING] = "ping",
	[LINK_DNS] = "dns",
	[LINK_TCP] = "tcp",
	[LINK_HTTP] = "http",
	[LINK_HTTPS] = "https",
	[LINK_MTU] = "mtu",
	NULL,
};
static const char *const check_help[] = {
	[LINK_PING] = "ICMP echo",
	[LINK_DNS] = "a DNS query; it must give an answer without error",
	[LINK_TCP] = "a TCP connection; one that is reset is good, too",
	[LINK_HTTP] = "a page of a web server; a redirect, as by a captive portal, is a failure",
	[LINK_HTTPS] = "the same over TLS, with a certificate that must be good",
	[LINK_MTU] = "an ICMP echo of full size: fails where large packets are lost without a word",
	NULL,
};

static const struct setting check_columns[] = {
	{
		.name = "ADDRESS",
		.help = "the host that is asked",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct link_target, addr),
		.type = VALUE_ADDR,
	},
	{
		.name = "METHOD",
		.help = "how it is asked",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct link_target, method),
		.type = VALUE_CHOICE,
		.choices = check_choices,
		.choice_help = check_help,
	},
	{
		.name = "QUERY",
		.help = "for dns: the name to ask for; for tcp: the port; for http, https: "
			"HOST[:PORT]/PATH; for mtu: octets of the packet, 1500 when left out",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct link_target, query),
		.type = VALUE_TEXT,
		.min = 1,
		.max = 254,
	},
	{
		.name = "EXPECT",
		.help = "for http, https: a text that must be in the page, or the status, such as "
			"204",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct link_target, expect),
		.type = VALUE_TEXT,
		.min = 1,
		.max = 100,
	},
	{0},
};

static const struct setting check_rows[] = {
	{
		.name = "verify",
		.help = "for https: whether the certificate must be of a known authority, for this "
			"host and in force",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct link_target, verify),
		.type = VALUE_YESNO,
		.def = "yes",
	},
	{0},
};

static const char *const service_choices[] = {
	[LINK_SERVICE_IGNORE] = "ignore",
	[LINK_SERVICE_DEGRADE] = "degrade",
	[LINK_SERVICE_DOWN] = "down",
	NULL,
};
static const char *const service_help[] = {
	[LINK_SERVICE_IGNORE] = "only tell",
	[LINK_SERVICE_DEGRADE] = "less weight; down when two different checks fail",
	[LINK_SERVICE_DOWN] = "down, unless no other link works",
	NULL,
};

static const struct setting bandwidth_rows[] = {
	{
		.name = "down",
		.help = "from the provider, bits per second",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct link_conf, bandwidth.down) -
			  offsetof(struct link_conf, bandwidth),
		.type = VALUE_RATE,
		.min = 1,
		.max = INT64_C(1000000000000),
	},
	{
		.name = "up",
		.help = "to the provider, bits per second",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct link_conf, bandwidth.up) -
			  offsetof(struct link_conf, bandwidth),
		.type = VALUE_RATE,
		.min = 1,
		.max = INT64_C(1000000000000),
	},
	{0},
};

static const struct setting monitor_rows[] = {
	{
		.name = "target",
		.help = "a host that is asked whether the link works; three of different operators "
			"are "
			"best",
		.kind = SETTING_LIST,
		.flags = SETTING_ORDERED,
		.offset = offsetof(struct link_monitor_conf, targets),
		.columns = target_columns,
		.size = sizeof(struct link_target),
	},
	{
		.name = "interval",
		.help = "between two probes, over all targets together",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct link_monitor_conf, interval),
		.type = VALUE_SPAN,
		.min = 200,
		.max = 60000,
		.def = "1s",
	},
	{
		.name = "service-check",
		.help = "what must work over this link beyond being alive; a failure is compared "
			"with the other links",
		.kind = SETTING_LIST,
		.flags = SETTING_ORDERED,
		.offset = offsetof(struct link_monitor_conf, checks),
		.columns = check_columns,
		.rows = check_rows,
		.size = sizeof(struct link_target),
	},
	{
		.name = "service-interval",
		.help = "between two service checks, over all of them together",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct link_monitor_conf, service_interval),
		.type = VALUE_SPAN,
		.min = 10000,
		.max = 3600000,
		.def = "30s",
	},
	{
		.name = "on-service-fail",
		.help = "what becomes of a link over which alone a service check fails",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct link_monitor_conf, on_service_fail),
		.type = VALUE_CHOICE,
		.choices = service_choices,
		.choice_help = service_help,
		.def = "degrade",
	},
	{
		.name = "hold",
		.help = "how long a link that came back is not used yet; threefold for each "
			"failure "
			"within ten minutes",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct link_monitor_conf, hold),
		.type = VALUE_SPAN,
		.min = 0,
		.max = 300000,
		.def = "3s",
	},
	{0},
};

static const struct setting pppoe_rows[] = {
	{
		.name = "user",
		.help = "name of the account",
		.kind = SETTING_VALUE,
		.flags = SETTING_REQUIRED,
		.offset = offsetof(struct link_pppoe, user),
		.type = VALUE_TEXT,
		.min = 1,
		.max = 127,
	},
	{
		.name = "password",
		.help = "its password",
		.kind = SETTING_VALUE,
		.flags = SETTING_REQUIRED | SETTING_SECRET,
		.offset = offsetof(struct link_pppoe, password),
		.type = VALUE_TEXT,
		.min = 1,
		.max = 127,
	},
	{
		.name = "service",
		.help = "name of the service to ask for; left out: any",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct link_pppoe, service),
		.type = VALUE_TEXT,
		.min = 1,
		.max = 127,
	},
	{0},
};

static const char *const role_choices[] = {
	[LINK_PRIMARY] = "primary",
	[LINK_BACKUP] = "backup",
	NULL,
};
static const char *const fail_back_choices[] = {
	[LINK_KEEP] = "keep",
	[LINK_DRAIN] = "drain",
	[LINK_CUT] = "cut",
	NULL,
};
static const char *const fail_back_help[] = {
	[LINK_KEEP] = "they go on until they end by themselves",
	[LINK_DRAIN] = "they may go on for the drain-time, then they are cut",
	[LINK_CUT] = "they are cut at once, and their clients told",
	NULL,
};
static const char *const role_help[] = {
	[LINK_PRIMARY] = "carries traffic while it works",
	[LINK_BACKUP] = "carries traffic only while no primary link works",
	NULL,
};

static const struct setting link_columns[] = {
	{
		.name = "NAME",
		.help = "name of the link",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct link_conf, name),
		.type = VALUE_NAME,
	},
	{0},
};

static const char *const translation_choices[] = {
	[LINK_NAT66] = "nat66",
	[LINK_NPTV6] = "nptv6",
	NULL,
};
static const char *const translation_help[] = {
	[LINK_NAT66] = "they leave with the link's own address",
	[LINK_NPTV6] = "their network is replaced by the LAN's part of the link's prefix",
	NULL,
};

static const struct setting link_rows[] = {
	{
		.name = "interface",
		.help = "network interface under the link",
		.kind = SETTING_VALUE,
		.flags = SETTING_REQUIRED,
		.offset = offsetof(struct link_conf, interface),
		.type = VALUE_TEXT,
		.min = 1,
		.max = 15,
	},
	{
		.name = "vlan",
		.help = "number of the VLAN on that interface (IEEE 802.1Q); left out: none",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct link_conf, vlan),
		.type = VALUE_UINT,
		.min = 1,
		.max = 4094,
	},
	{
		.name = "address",
		.help = "address of this link; the first of a family is its own",
		.kind = SETTING_LIST,
		.flags = SETTING_ORDERED,
		.offset = offsetof(struct link_conf, addresses),
		.columns = address_columns,
		.size = sizeof(struct link_address),
	},
	{
		.name = "gateway",
		.help = "the provider's router on this link, one of a family",
		.kind = SETTING_LIST,
		.offset = offsetof(struct link_conf, gateways),
		.columns = gateway_columns,
		.size = sizeof(struct link_gateway),
	},
	{
		.name = "dhcp",
		.help = "addresses, gateway and resolvers come from the provider: DHCP, router "
			"advertisements, DHCPv6",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct link_conf, dhcp),
		.type = VALUE_FLAG,
	},
	{
		.name = "pppoe",
		.help = "addresses and resolvers come from a PPP session over the interface",
		.kind = SETTING_BLOCK,
		.offset = offsetof(struct link_conf, pppoe),
		.rows = pppoe_rows,
	},
	{
		.name = "mtu",
		.help = "the largest packet of this link, octets; left out: as the provider says, "
			"1492 with PPPoE",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct link_conf, mtu),
		.type = VALUE_UINT,
		.min = 576,
		.max = 9216,
	},
	{
		.name = "prefix",
		.help = "the IPv6 prefix that the provider routes to us, for the LANs; left out: "
			"as "
			"the provider delegates",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct link_conf, prefix),
		.type = VALUE_PREFIX,
	},
	{
		.name = "ipv6-translation",
		.help = "of sources inside that are not of this link's prefix",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct link_conf, translation),
		.type = VALUE_CHOICE,
		.choices = translation_choices,
		.choice_help = translation_help,
		.def = "nat66",
	},
	{
		.name = "resolver",
		.help = "who resolves names over this link, for the LANs and for `check`; left "
			"out: as the provider says",
		.kind = SETTING_LIST,
		.flags = SETTING_ORDERED,
		.offset = offsetof(struct link_conf, resolvers),
		.columns = resolver_columns,
		.size = sizeof(struct link_resolver),
	},
	{
		.name = "bandwidth",
		.help = "what the provider sells; the weight follows from it when none is set",
		.kind = SETTING_BLOCK,
		.offset = offsetof(struct link_conf, bandwidth),
		.rows = bandwidth_rows,
	},
	{
		.name = "shaping",
		.help = "keep to the bandwidth here, so that no queue builds up at the "
			"provider's: what is short does not wait for what is large",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct link_conf, shaping),
		.type = VALUE_YESNO,
		.def = "no",
	},
	{
		.name = "weight",
		.help = "share of this link against the others; left out: follows from bandwidth",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct link_conf, weight),
		.type = VALUE_UINT,
		.min = 1,
		.max = 240,
	},
	{
		.name = "role",
		.help = "when the link carries traffic",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct link_conf, role),
		.type = VALUE_CHOICE,
		.choices = role_choices,
		.choice_help = role_help,
		.def = "primary",
	},
	{
		.name = "fail-back",
		.help = "a backup's connections when it is not needed any more",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct link_conf, fail_back),
		.type = VALUE_CHOICE,
		.choices = fail_back_choices,
		.choice_help = fail_back_help,
		.def = "keep",
	},
	{
		.name = "drain-time",
		.help = "fail-back drain: how long connections may go on",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct link_conf, drain_time),
		.type = VALUE_SPAN,
		.min = 1000,
		.max = 7 * 86400 * 1000,
		.def = "10m",
	},
	{
		.name = "disabled",
		.help = "do not use, probe or show as failed",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct link_conf, disabled),
		.type = VALUE_FLAG,
	},
	{
		.name = "metered",
		.help = "the provider counts octets",
		.kind = SETTING_BLOCK,
		.offset = offsetof(struct link_conf, metered),
		.rows = link_metered_rows,
	},
	{
		.name = "monitor",
		.help = "how it is found out whether the link works",
		.kind = SETTING_BLOCK,
		.offset = offsetof(struct link_conf, monitor),
		.rows = monitor_rows,
	},
	{0},
};

const struct setting link_setting = {
	.name = "link",
	.help = "an uplink to a provider",
	.kind = SETTING_LIST,
	.columns = link_columns,
	.rows = link_rows,
	.size = sizeof(struct link_conf),
	.check = link_check,
};
