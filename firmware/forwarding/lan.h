/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lan.h - inside networks, and what the router does for who is in them: addresses by DHCP and
 * router advertisements, and name resolution.  dnsmasq does the work; here is what it is told. */
#ifndef FL_LAN_H
#define FL_LAN_H

#include "link.h"
#include "policy.h"

struct lan_address {
	struct origin origin;
	struct ip_prefix prefix;
};

struct lan_mac {
	uint8_t b[6];
};

struct lan_range {
	struct origin origin;
	struct ip_addr first, last;
};

struct lan_host {
	struct origin origin;
	struct str name;
	struct lan_mac mac;
	struct ip_addr address;
};

struct lan_dhcp {
	struct lan_range *ranges;
	size_t nranges;
	span lease_time;
	struct lan_host *hosts;
	size_t nhosts;
};

/* `delegated-prefix wan1 2`: network number 2 of the prefix that a link has. */
struct lan_delegated {
	struct origin origin;
	int32_t link; /* index */
	uint32_t subnet;
	/* lan_delegate() puts these in. */
	struct ip_prefix
		own;    /* the router's address there, 64 bits; family 0: the link gives none */
	bool withdrawn; /* hosts are to use it no more: the link is dead, and another is not */
};

struct lan_conf {
	struct origin origin;
	struct str name;
	struct str interface, port; /* as of a link: the device, and what was typed */
	uint32_t vlan;              /* 0: none */
	struct lan_address *addresses;
	size_t naddresses;
	struct lan_delegated *delegated;
	size_t ndelegated;
	struct lan_dhcp dhcp; /* no range: no DHCP server */
	bool dns;             /* clients may ask the router for any name */
	bool advertise; /* its IPv6 networks are told to the hosts, and the router as way out */
};

/* Does the router serve anything there? */
bool lan_is_served(const struct lan_conf *l);
/* The configuration of the dnsmasq of this LAN.  `folder` holds its files: the leases, and
 * "resolvers-LAN" (lan_resolvers()). */
void lan_dnsmasq_conf(const struct lan_conf *l, const char *folder, const struct sink *out);
/* Whom dnsmasq asks: the resolvers of the links of mask `live`, each over its own link; of all
 * links when none is live. */
void lan_resolvers(
	const struct link_conf *links, size_t nlinks, uint32_t live, const struct sink *out);
/* The part of `links`' prefixes that each LAN has now.  `live`: mask of links.  True: something is
 * to change, and unless it is only asked (`dry`) it was changed. */
bool lan_delegate(struct lan_conf *lans, size_t nlans, const struct link_conf *links, size_t nlinks,
	uint32_t live, bool dry);
/* Mistakes of the services of a LAN that one entry shows. */
void lan_services_check(const struct lan_conf *l, struct diags *why);

#endif
