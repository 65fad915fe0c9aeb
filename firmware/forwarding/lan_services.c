/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dnsmasq's words are those of dnsmasq(8).  Each LAN has a dnsmasq of its own, so that what is set
 * for one can do nothing to another. */
#include "lan.h"

#define NOT_IN_LAN "use addresses of the LAN's own network"

bool lan_is_served(const struct lan_conf *l)
{
	return l->dhcp.nranges || l->dns || l->advertise;
}

/* The router's address in the network that `a` lies in. */
static const struct ip_prefix *network_of(const struct lan_conf *l, const struct ip_addr *a)
{
	for (size_t i = 0; i < l->naddresses; i++)
		if (ip_prefix_has(&l->addresses[i].prefix, a))
			return &l->addresses[i].prefix;
	return NULL;
}

/* ---- dnsmasq ---- */

static struct ip_addr mask_of(const struct ip_prefix *p)
{
	struct ip_prefix all = {{.family = 4, .b = {255, 255, 255, 255}}, p->bits};

	return ip_prefix_network(&all).addr;
}

static void put_range(const struct lan_conf *l, const struct lan_range *r, const struct sink *out)
{
	const struct ip_prefix *own = network_of(l, &r->first);
	char first[IP_TEXT_MAX], last[IP_TEXT_MAX], mask[IP_TEXT_MAX];
	struct ip_addr netmask;

	if (!own)
		return;
	netmask = mask_of(own);
	sink_printf(out, "dhcp-range=%s,%s,%s,%lld\n", ip_addr_text(&r->first, first),
		ip_addr_text(&r->last, last), ip_addr_text(&netmask, mask),
		(long long)(span_ms(l->dhcp.lease_time) / 1000));
}

static void put_host(const struct lan_host *h, const struct sink *out)
{
	const uint8_t *m = h->mac.b;
	char text[IP_TEXT_MAX];

	sink_printf(out, "dhcp-host=%02x:%02x:%02x:%02x:%02x:%02x,%s,%.*s\n", m[0], m[1], m[2],
		m[3], m[4], m[5], ip_addr_text(&h->address, text), STR_ARG(h->name));
}

static void put_dhcp(const struct lan_conf *l, const char *folder, const struct sink *out)
{
	if (l->dhcp.nranges == 0)
		return;
	sink_printf(out,
		"dhcp-authoritative\ndhcp-leasefile=%s/leases-%.*s\ndhcp-lease-max=100000\n"
		"quiet-dhcp\n",
		folder, STR_ARG(l->name));
	if (!l->dns) /* else it names itself */
		sink_puts(out, "dhcp-option=option:dns-server\n");
	for (size_t i = 0; i < l->dhcp.nranges; i++)
		put_range(l, &l->dhcp.ranges[i], out);
	for (size_t i = 0; i < l->dhcp.nhosts; i++)
		put_host(&l->dhcp.hosts[i], out);
}

/* Names without a dot, and addresses of private networks, are nobody's business outside. */
static void put_dns(const struct lan_conf *l, const char *folder, const struct sink *out)
{
	if (!l->dns) {
		sink_puts(out, "port=0\n");
		return;
	}
	sink_printf(out,
		"no-hosts\ndomain-needed\nbogus-priv\ncache-size=2000\n"
		"servers-file=%s/resolvers-%.*s\n",
		folder, STR_ARG(l->name));
}

static bool has_ipv6(const struct lan_conf *l)
{
	for (size_t i = 0; i < l->naddresses; i++)
		if (l->addresses[i].prefix.addr.family == 6)
			return true;
	return l->ndelegated > 0;
}

/* The networks are those of the device's addresses, so that what comes and goes there is told.
 * Hosts make their addresses themselves (RFC 4862). */
static void put_advertisements(const struct lan_conf *l, const struct sink *out)
{
	if (!l->advertise || !has_ipv6(l))
		return;
	sink_printf(out, "enable-ra\ndhcp-range=::,constructor:%.*s,ra-stateless,64,12h\n",
		STR_ARG(l->interface));
	if (!l->dns)
		sink_puts(out, "dhcp-option=option6:dns-server\n");
}

void lan_dnsmasq_conf(const struct lan_conf *l, const char *folder, const struct sink *out)
{
	sink_printf(out,
		"interface=%.*s\nexcept-interface=lo\nbind-dynamic\nno-resolv\nlog-facility=-\n"
		"pid-file=\n",
		STR_ARG(l->interface));
	put_dns(l, folder, out);
	put_dhcp(l, folder, out);
	put_advertisements(l, out);
}

static void put_resolvers(const struct link_conf *c, const struct sink *out)
{
	char text[IP_TEXT_MAX];

	for (size_t i = 0; i < c->nresolvers; i++)
		sink_printf(out, "server=%s@%.*s\n", ip_addr_text(&c->resolvers[i].addr, text),
			STR_ARG(c->interface));
	for (size_t i = 0; !c->nresolvers && c->given && i < c->given->nresolvers; i++)
		sink_printf(out, "server=%s@%.*s\n", ip_addr_text(&c->given->resolvers[i], text),
			STR_ARG(c->interface));
}

void lan_resolvers(
	const struct link_conf *links, size_t nlinks, uint32_t live, const struct sink *out)
{
	for (size_t i = 0; i < nlinks; i++)
		if (!links[i].disabled && (!live || live & link_bit(links[i].number)))
			put_resolvers(&links[i], out);
}

/* ---- checks ---- */

static void check_range(const struct lan_conf *l, const struct lan_range *r, struct diags *why)
{
	const struct ip_prefix *own = network_of(l, &r->first);
	char text[IP_TEXT_MAX];

	if (r->first.family != 4 || r->last.family != 4)
		diag_error(why, &r->origin, NULL, "use IPv4 addresses; IPv6 needs no range",
			"a range is of IPv4 addresses");
	else if (!own)
		diag_error(why, &r->origin, NULL, NOT_IN_LAN, "%s is in no network of the LAN",
			ip_addr_text(&r->first, text));
	else if (!ip_prefix_has(own, &r->last))
		diag_error(why, &r->origin, NULL, NOT_IN_LAN,
			"%s is not in the network that the range begins in",
			ip_addr_text(&r->last, text));
	else if (ip_addr_cmp(&r->first, &r->last) > 0)
		diag_error(
			why, &r->origin, NULL, "turn it round", "the range ends before it begins");
}

static void check_host(const struct lan_conf *l, size_t which, struct diags *why)
{
	const struct lan_host *h = &l->dhcp.hosts[which];
	char text[IP_TEXT_MAX];

	ip_addr_text(&h->address, text);
	if (h->address.family != 4 || !network_of(l, &h->address))
		diag_error(why, &h->origin, "address", NOT_IN_LAN,
			"%s is in no IPv4 network of the LAN", text);
	for (size_t i = 0; i < l->naddresses; i++)
		if (ip_addr_eq(&l->addresses[i].prefix.addr, &h->address))
			diag_error(why, &h->origin, "address", "use another address",
				"%s is the router's own", text);
	for (size_t i = 0; i < which; i++)
		if (ip_addr_eq(&l->dhcp.hosts[i].address, &h->address))
			diag_error(why, &h->origin, "address", "give each host its own address",
				"host %.*s has %s already", STR_ARG(l->dhcp.hosts[i].name), text);
}

void lan_services_check(const struct lan_conf *l, struct diags *why)
{
	for (size_t i = 0; i < l->dhcp.nranges; i++)
		check_range(l, &l->dhcp.ranges[i], why);
	for (size_t i = 0; i < l->dhcp.nhosts; i++)
		check_host(l, i, why);
	if (l->advertise && !has_ipv6(l))
		diag_error(why, &l->origin, "router-advertisements",
			"add an address such as fd12:3456:789a::1/64, or \"delegated-prefix LINK\"",
			"the LAN has no IPv6 network that could be advertised");
	for (size_t i = 0; l->advertise && i < l->naddresses; i++)
		if (l->addresses[i].prefix.addr.family == 6 && l->addresses[i].prefix.bits != 64)
			diag_error(why, &l->addresses[i].origin, NULL, "use a /64",
				"hosts make their addresses in networks of 64 bits only");
	if (l->dhcp.nhosts && !l->dhcp.nranges)
		diag_error(why, &l->origin, "dhcp-server", "add \"dhcp-server range FIRST LAST\"",
			"hosts have addresses, but no range is served");
}
