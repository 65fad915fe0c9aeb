/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the programs that ask the provider are told. */
#include "lease.h"

#define PPPOE_MTU 1492 /* RFC 2516: 1500 less its header and that of PPP */

/* noconfigure: addresses, routes, resolv.conf and the MTU are none of its business; persistent: no
 * address is given back when it ends, so that a restart interrupts nothing; noarp: five seconds of
 * waiting whether somebody else has the address are worse than a provider that gives it twice;
 * iaid: the device of a session has no hardware address, and dhcpcd would take its index, which is
 * another after each session, and so might the address be;
 * ia_pd with a number: without one, and beside ia_na, dhcpcd 9.4 asks for no prefix. */
void lease_dhcpcd_conf(const struct link_conf *c, const struct lease_hook *hook, uint8_t family,
	const struct sink *out)
{
	sink_printf(out, "noconfigure\nscript %s\nenv FAIRLEAD_REPORT=%s\nenv FAIRLEAD_SLOT=%u\n",
		hook->program, hook->socket, hook->slot);
	sink_puts(out, "persistent\nnogateway\nnoipv4ll\nnoarp\nnodelay\ntimeout 0\nreboot 3\n"
		       "duid\n"
		       "option rapid_commit, domain_name_servers, interface_mtu\n"
		       "option dhcp6_name_servers\n");
	if (family == 6)
		sink_puts(out, "ipv6only\n");
	sink_printf(out, "interface %.*s\n", STR_ARG(c->interface));
	if (family == 6)
		sink_printf(out, "iaid %u\n", hook->slot);
	sink_puts(out, "ipv6rs\nia_na\nia_pd 1\n");
}

/* In pppd's own quotes. */
static void put_quoted(const struct sink *out, struct str text)
{
	sink_puts(out, "\"");
	for (size_t i = 0; i < text.n; i++) {
		if (text.at[i] == '"' || text.at[i] == '\\')
			sink_puts(out, "\\");
		sink_put(out, (struct str){&text.at[i], 1});
	}
	sink_puts(out, "\"");
}

/* The default route is ours to set.  A dead session is found after 20 to 30 s by LCP echoes, which
 * only matters for dialling anew: that the link is dead is found by its probes.  The first try
 * comes at once, each later one 5 s after a failure. */
void lease_pppd_options(
	const struct link_conf *c, const struct lease_hook *hook, const struct sink *out)
{
	uint32_t most = PPPOE_MTU, mtu = c->mtu && c->mtu < most ? c->mtu : most;

	sink_puts(out, "plugin rp-pppoe.so\n");
	if (c->pppoe.service.n) {
		sink_puts(out, "rp_pppoe_service ");
		put_quoted(out, c->pppoe.service);
		sink_puts(out, "\n");
	}
	sink_printf(out, "nic-%.*s\nifname %.*s\nuser ", STR_ARG(c->under), STR_ARG(c->interface));
	put_quoted(out, c->pppoe.user);
	sink_puts(out, "\npassword ");
	put_quoted(out, c->pppoe.password);
	sink_printf(out,
		"\nnoauth\nnodetach\nnoipdefault\nnodefaultroute\nnoproxyarp\nusepeerdns\n"
		"persist\nmaxfail 0\nholdoff 5\nlcp-echo-interval 10\nlcp-echo-failure 3\n"
		"mtu %u\nmru %u\n+ipv6\nip-up-script %s\nip-down-script %s\n"
		"set FAIRLEAD_REPORT=%s\nset FAIRLEAD_SLOT=%u\n",
		(unsigned)mtu, (unsigned)mtu, hook->program, hook->program, hook->socket,
		hook->slot);
}
