/* SPDX-License-Identifier: GPL-2.0-or-later */
/* link_settings.c - `link NAME { interface eth0, address 203.0.113.2/29, ... }` */
#include "link_settings.h"

#include "http.h"
#include "link.h"
#include "probe.h"

#define TARGETS_ADVISED 3

/* ---- rows ---- */

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

/* ---- checks ---- */

#define NOT_A_HOST "use an address of a host, not loopback, multicast, link-local or broadcast"

static bool is_link_local6(const struct ip_addr *a)
{
	return a->family == 6 && a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

/* The all-zeros and all-ones addresses of an IPv4 network that has them (RFC 3021: not a /31). */
static bool is_network_or_broadcast(const struct ip_prefix *net, const struct ip_addr *a)
{
	uint32_t hosts, low;

	if (a->family != 4 || net->bits >= 31 || !ip_prefix_has(net, a))
		return false;
	hosts = UINT32_MAX >> net->bits;
	low = ((uint32_t)a->b[0] << 24 | (uint32_t)a->b[1] << 16 | (uint32_t)a->b[2] << 8 |
		      a->b[3]) &
	      hosts;
	return low == 0 || low == hosts;
}

static bool is_on_the_segment(const struct link_conf *c, const struct ip_addr *a)
{
	for (size_t i = 0; i < c->naddresses; i++)
		if (ip_prefix_has(&c->addresses[i].prefix, a))
			return true;
	return false;
}

static bool is_own(const struct link_conf *c, const struct ip_addr *a)
{
	for (size_t i = 0; i < c->naddresses; i++)
		if (ip_addr_eq(&c->addresses[i].prefix.addr, a))
			return true;
	return false;
}

static void check_interface(const struct link_conf *c, struct diags *why)
{
	struct str n = c->interface;
	bool good = !str_is(n, ".") && !str_is(n, "..");

	for (size_t i = 0; i < n.n; i++) /* what Linux lets an interface be called */
		good = good && n.at[i] > ' ' && n.at[i] < 0x7f && n.at[i] != '/' && n.at[i] != ':';
	if (!good)
		diag_error(why, &c->origin, "interface", "use a name such as eth0 or enp1s0",
			"\"%.*s\" cannot be the name of an interface", STR_ARG(n));
}

static void check_addresses(const struct link_conf *c, struct diags *why)
{
	if (c->naddresses == 0 && !c->disabled && !link_conf_is_leased(c))
		diag_warning(why, &c->origin, NULL, "add \"address ADDRESS/BITS\" or \"dhcp\"",
			"the link has no address: nothing can be sent over it");
	for (size_t i = 0; i < c->naddresses; i++) {
		const struct link_address *a = &c->addresses[i];
		char text[IP_TEXT_MAX];

		ip_addr_text(&a->prefix.addr, text);
		if (ip_addr_is_special(&a->prefix.addr))
			diag_error(
				why, &a->origin, NULL, NOT_A_HOST, "a link cannot have %s", text);
	}
}

static void check_gateway(
	const struct link_conf *c, const struct link_gateway *g, struct diags *why)
{
	char text[IP_TEXT_MAX];

	ip_addr_text(&g->addr, text);
	if (is_link_local6(&g->addr))
		return; /* RFC 4861: routers are known by these */
	if (ip_addr_is_special(&g->addr)) {
		diag_error(why, &g->origin, NULL, NOT_A_HOST, "%s cannot be a router", text);
		return;
	}
	if (!is_on_the_segment(c, &g->addr) && !link_conf_is_leased(c)) {
		diag_error(why, &g->origin, NULL, "mend the gateway, or the size of an address",
			"%s is in no network of the link's addresses", text);
		return;
	}
	if (is_own(c, &g->addr))
		diag_error(why, &g->origin, NULL, "use the address of the provider's router",
			"%s is the link's own address", text);
	for (size_t i = 0; i < c->naddresses; i++)
		if (is_network_or_broadcast(&c->addresses[i].prefix, &g->addr))
			diag_error(why, &g->origin, NULL,
				"use the address of the provider's router",
				"%s stands for the network itself or for all in it", text);
}

static void check_gateways(const struct link_conf *c, struct diags *why)
{
	unsigned seen4 = 0, seen6 = 0;

	for (size_t i = 0; i < c->ngateways; i++) {
		const struct link_gateway *g = &c->gateways[i];
		unsigned seen = g->addr.family == 4 ? ++seen4 : ++seen6;

		check_gateway(c, g, why);
		if (seen == 2)
			diag_error(why, &g->origin, NULL, "keep one of them",
				"the link has another IPv%u gateway already", g->addr.family);
	}
}

/* What may be asked by each method. */
static bool query_is_good(const struct link_target *t)
{
	struct http_url url;
	uint64_t port;

	switch ((enum link_probe_method)t->method) {
	case LINK_PING:
		return t->query.n == 0;
	case LINK_DNS:
		return probe_query_is_good(t->query);
	case LINK_TCP:
		return str_to_u64(t->query, UINT16_MAX, &port) && port > 0;
	case LINK_HTTP:
	case LINK_HTTPS:
		return http_url_parse(t->query, &url) == FL_OK;
	case LINK_MTU:
		return probe_mtu_of(t) > 0;
	}
	return false;
}

static const struct {
	const char *cure, *missing, *bad;
} query_words[] = {
	[LINK_PING] = {"leave the name out, or use dns", "", "ping asks for no name"},
	[LINK_DNS] = {"use a name such as example.org, or \".\"",
		"a dns target needs a name to ask for", "\"%.*s\" is not a host name"},
	[LINK_TCP] = {"use a port such as 443", "a tcp target needs a port", "\"%.*s\" is no port"},
	[LINK_HTTP] = {"use HOST/PATH, such as www.example.org/check",
		"an http target needs a page to ask for",
		"\"%.*s\" is not the host and path of a page"},
	[LINK_HTTPS] = {"use HOST/PATH, such as www.example.org/check",
		"an https check needs a page to ask for",
		"\"%.*s\" is not the host and path of a page"},
	[LINK_MTU] = {"use octets with the IP header, such as 1500; IPv4 takes 576 at least, IPv6 "
		      "1280",
		"", "\"%.*s\" is not the size of a packet that can be asked for"},
};

static void check_query(const struct link_target *t, struct diags *why)
{
	if (!query_is_good(t))
		diag_error(why, &t->origin, NULL, query_words[t->method].cure,
			t->query.n ? query_words[t->method].bad : query_words[t->method].missing,
			STR_ARG(t->query));
	if (t->expect.n && t->method != LINK_HTTP && t->method != LINK_HTTPS)
		diag_error(why, &t->origin, NULL, "leave it out, or use http",
			"only a page can be expected to hold \"%.*s\"", STR_ARG(t->expect));
}

static void check_target(const struct link_conf *c, const struct link_target *t, struct diags *why)
{
	char text[IP_TEXT_MAX];

	ip_addr_text(&t->addr, text);
	check_query(t, why);
	if (ip_addr_is_special(&t->addr))
		diag_error(why, &t->origin, NULL, NOT_A_HOST, "%s cannot be asked", text);
	else if (is_own(c, &t->addr))
		diag_error(why, &t->origin, NULL, "use a host beyond the provider's router",
			"%s is the link's own address: it answers always", text);
	else if (c->naddresses && !link_conf_is_leased(c) && !link_conf_address(c, t->addr.family))
		diag_error(why, &t->origin, NULL, "add an address, or use another target",
			"the link has no IPv%u address to ask %s from", t->addr.family, text);
	else if (is_on_the_segment(c, &t->addr))
		diag_warning(why, &t->origin, NULL, "use a host beyond the provider's router",
			"%s is on the link's own segment: its answer does not prove that the "
			"internet is reached",
			text);
}

static void check_targets(const struct link_conf *c, struct diags *why)
{
	const struct link_monitor_conf *m = &c->monitor;

	for (size_t i = 0; i < m->ntargets; i++)
		check_target(c, &m->targets[i], why);
	for (size_t i = 0; i < m->nchecks; i++)
		check_target(c, &m->checks[i], why);
	if (m->nchecks > LINK_CHECKS_MAX)
		diag_error(why, &m->checks[LINK_CHECKS_MAX].origin, NULL, "delete some",
			"the link has %zu service checks; %d can be used", m->nchecks,
			LINK_CHECKS_MAX);
	if (m->ntargets > LINK_TARGETS_MAX)
		diag_error(why, &m->targets[LINK_TARGETS_MAX].origin, NULL, "delete some",
			"the link has %zu targets; %d can be used", m->ntargets, LINK_TARGETS_MAX);
	if (m->ntargets >= TARGETS_ADVISED || c->disabled)
		return;
	if (m->ntargets == 0)
		diag_warning(why, &c->origin, "monitor", "add \"monitor target ADDRESS ping\"",
			"no target is asked: the link counts as up while it has a carrier");
	else
		diag_warning(why, &c->origin, "monitor", "add targets of other operators",
			"%zu target%s, 3 or more are advised: the trouble of one looks like that "
			"of the link",
			m->ntargets, m->ntargets == 1 ? "" : "s");
}

static void check_sources(const struct link_conf *c, struct diags *why)
{
	if (c->dhcp && c->pppoe.user.n)
		diag_error(why, &c->origin, "dhcp", "delete one of them",
			"the addresses of a PPPoE link come from its session, not by DHCP");
	if (c->pppoe.user.n && c->mtu > 1492)
		diag_error(why, &c->origin, "mtu", "use 1492, or leave it out",
			"PPPoE leaves 1492 octets of a packet at most");
}

#define SHAPING_LEAST 64000 /* bit/s: a packet would take a fifth of a second */

static bool is_too_little(uint64_t rate)
{
	return rate && rate < SHAPING_LEAST;
}

static void check_shaping(const struct link_conf *c, struct diags *why)
{
	if (!c->shaping)
		return;
	if (!c->bandwidth.down && !c->bandwidth.up)
		diag_error(why, &c->origin, "shaping",
			"add \"bandwidth { down RATE, up RATE }\", a little less than the line has",
			"it is not said what the link is to be kept to");
	if (is_too_little(c->bandwidth.down) || is_too_little(c->bandwidth.up))
		diag_error(why, &c->origin, "bandwidth", "use 64k or more, or leave shaping out",
			"a link cannot be kept to so little");
}

static void check_prefix(const struct link_conf *c, struct diags *why)
{
	const struct ip_prefix *p = &c->prefix;

	if (p->addr.family && (p->addr.family != 6 || p->bits > 64))
		diag_error(why, &c->origin, "prefix", "use one such as 2001:db8:1::/56",
			"a LAN needs an IPv6 prefix of 64 bits or fewer");
}

static void check_resolvers(const struct link_conf *c, struct diags *why)
{
	char text[IP_TEXT_MAX];

	for (size_t i = 0; i < c->nresolvers; i++)
		if (ip_addr_is_special(&c->resolvers[i].addr))
			diag_error(why, &c->resolvers[i].origin, NULL, NOT_A_HOST,
				"%s cannot be asked over a link",
				ip_addr_text(&c->resolvers[i].addr, text));
}

static void link_check(const void *entry, struct diags *why)
{
	const struct link_conf *c = entry;

	check_interface(c, why);
	check_sources(c, why);
	check_addresses(c, why);
	check_gateways(c, why);
	check_prefix(c, why);
	check_shaping(c, why);
	check_resolvers(c, why);
	check_targets(c, why);
}

const struct setting link_setting = {
	.name = "link",
	.help = "an uplink to a provider",
	.kind = SETTING_LIST,
	.columns = link_columns,
	.rows = link_rows,
	.size = sizeof(struct link_conf),
	.check = link_check,
};
