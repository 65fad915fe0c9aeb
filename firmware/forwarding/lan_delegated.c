/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IPv6 networks of LANs out of the prefixes that links have.
 *
 * A network stays as long as its link has the prefix.  While the link is dead and the LAN has
 * another IPv6 network that works, hosts are told not to use it for anything new (RFC 4862 5.5.4):
 * the router gives up its address there, and dnsmasq, which advertises the networks of the device's
 * addresses, advertises the lost one with a preferred lifetime of 0. */
#include "bytes.h"
#include "lan.h"

/* False: the link has no prefix with a network of that number. */
static bool network_of(const struct link_conf *l, uint32_t subnet, struct ip_prefix *out)
{
	size_t n;
	const struct ip_prefix *prefix = link_conf_prefixes(l, &n);

	for (size_t i = 0; i < n; i++) {
		unsigned spare = prefix[i].bits <= 64 ? 64U - prefix[i].bits : 0;

		if (prefix[i].addr.family != 6 || prefix[i].bits > 64 ||
			(spare < 32 && subnet >> spare))
			continue;
		*out = (struct ip_prefix){ip_prefix_network(&prefix[i]).addr, 64};
		for (size_t k = 0; k < 4; k++)
			out->addr.b[4 + k] |= (uint8_t)(subnet >> (24 - 8 * k));
		out->addr.b[15] = 1;
		return true;
	}
	return false;
}

static const struct link_conf *link_of(
	const struct lan_delegated *d, const struct link_conf *links, size_t nlinks)
{
	return d->link >= 0 && (size_t)d->link < nlinks ? &links[d->link] : NULL;
}

static bool has_prefix(const struct lan_delegated *d, const struct link_conf *links, size_t nlinks,
	bool *live_too, uint32_t live, struct ip_prefix *own)
{
	const struct link_conf *l = link_of(d, links, nlinks);

	*own = (struct ip_prefix){0};
	if (!l || l->disabled || !network_of(l, d->subnet, own))
		return false;
	*live_too = live & link_bit(l->number);
	return true;
}

/* Is there a network that hosts can use, whatever link is dead? */
static bool has_another(
	const struct lan_conf *lan, const struct link_conf *links, size_t nlinks, uint32_t live)
{
	struct ip_prefix own;
	bool is_live;

	for (size_t i = 0; i < lan->naddresses; i++)
		if (lan->addresses[i].prefix.addr.family == 6)
			return true;
	for (size_t i = 0; i < lan->ndelegated; i++)
		if (has_prefix(&lan->delegated[i], links, nlinks, &is_live, live, &own) && is_live)
			return true;
	return false;
}

bool lan_delegate(struct lan_conf *lans, size_t nlans, const struct link_conf *links, size_t nlinks,
	uint32_t live, bool dry)
{
	bool changed = false;

	for (size_t i = 0; i < nlans; i++) {
		bool another = has_another(&lans[i], links, nlinks, live);

		for (size_t k = 0; k < lans[i].ndelegated; k++) {
			struct lan_delegated *d = &lans[i].delegated[k];
			struct ip_prefix own;
			bool is_live = false;
			bool withdrawn = has_prefix(d, links, nlinks, &is_live, live, &own) &&
					 !is_live && another;

			if (d->withdrawn == withdrawn && ip_addr_eq(&d->own.addr, &own.addr))
				continue;
			changed = true;
			if (dry)
				continue;
			d->own = own;
			d->withdrawn = withdrawn;
		}
	}
	return changed;
}
