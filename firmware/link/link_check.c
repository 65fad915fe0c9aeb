/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the settings of a link may be: the mistakes that no row alone shows, each with its cure. */
#include "http.h"
#include "link.h"
#include "probe.h"

#define TARGETS_ADVISED 3
#define SHAPING_LEAST   64000 /* bit/s: a packet would take a fifth of a second */
#define NOT_A_HOST      "use an address of a host, not loopback, multicast, link-local or broadcast"

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

void link_check(const void *link, struct diags *why)
{
	const struct link_conf *c = link;

	check_interface(c, why);
	check_sources(c, why);
	check_addresses(c, why);
	check_gateways(c, why);
	check_prefix(c, why);
	check_shaping(c, why);
	check_resolvers(c, why);
	check_targets(c, why);
}
