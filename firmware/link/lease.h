/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lease.h - what a provider gives to a link while it runs: addresses, a router, resolvers,
 * prefixes.
 *
 * It comes as reports of the programs that ask for it (dhcpcd, pppd): the environment of their
 * hooks, lines of NAME=VALUE.  Each report is about one source, and replaces all that this source
 * gave before. */
#ifndef FL_LEASE_H
#define FL_LEASE_H

#include "link.h"

enum lease_source { LEASE_DHCP, LEASE_PPP, LEASE_DHCP6, LEASE_RA, LEASE_SOURCES };
const char *lease_source_text(enum lease_source s); /* "DHCPv6" */

#define LEASE_PART_ADDRESSES 3
#define LEASE_PART_RESOLVERS 3
#define LEASE_PART_PREFIXES  2

/* What one source gave.  All zeros: nothing. */
struct lease_part {
	struct ip_prefix address[LEASE_PART_ADDRESSES];
	size_t naddresses;
	struct ip_addr router; /* family 0: none, or the link needs none */
	struct ip_addr resolver[LEASE_PART_RESOLVERS];
	size_t nresolvers;
	struct ip_prefix prefix[LEASE_PART_PREFIXES]; /* delegated to us */
	size_t nprefixes;
	uint32_t mtu; /* 0: not said */
};

struct lease {
	struct lease_part part[LEASE_SOURCES];
};

enum lease_news { LEASE_NO_NEWS, LEASE_GIVEN, LEASE_TAKEN };

struct lease_report {
	enum lease_news news;
	enum lease_source source;
	struct str reason;      /* the program's own word: "BOUND" */
	struct lease_part part; /* LEASE_GIVEN */
};

/* Read a report.  FL_EFORMAT: it says that something was given and then not what, or what no link
 * can have; `why` has a few words.  Reports that are only told for information are LEASE_NO_NEWS.
 */
MUST_USE enum fl_err lease_report_parse(
	struct str text, struct lease_report *out, struct textbuf *why);
/* True: the lease is another now. */
bool lease_take(struct lease *l, const struct lease_report *r);
bool lease_is_empty(const struct lease *l);

/* Room for a link's typed addresses and for what comes by leases; `c->addresses` and `c->gateways`
 * are from then on what holds now.  FL_EFULL: no memory. */
MUST_USE enum fl_err lease_make_room(struct link_conf *c, struct arena *mem);
/* Put the lease into a link that has room.  NULL: there is none. */
void lease_put(struct link_conf *c, const struct lease *l);

/* The whole as reports that say the same, an empty line between two: what lease_remember() reads.
 */
void lease_print(const struct lease *l, const struct sink *out);
/* False: nothing in it makes sense. */
bool lease_remember(struct str text, struct lease *out);

/* ---- the programs that ask ---- */

/* How they report. */
struct lease_hook {
	const char *program, *socket;
	unsigned slot;
};
/* What dhcpcd is to do: ask for everything and touch nothing; what it learns is ours to carry out.
 * `family` 6: for IPv6 alone, over PPP. */
void lease_dhcpcd_conf(const struct link_conf *c, const struct lease_hook *hook, uint8_t family,
	const struct sink *out);
/* Options of pppd, with the password. */
void lease_pppd_options(
	const struct link_conf *c, const struct lease_hook *hook, const struct sink *out);

/* "203.0.113.9/24 by 203.0.113.1, 2 resolvers" */
void lease_text(const struct lease_part *p, struct textbuf *out);

#endif
