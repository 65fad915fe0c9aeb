/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names are those of dhcpcd-run-hooks(8) and of the scripts in pppd(8). */
#include "lease.h"

#include <string.h>

#define MTU_LEAST4 576  /* RFC 791 */
#define MTU_LEAST6 1280 /* RFC 8200 */
#define MTU_MOST   65535

const char *lease_source_text(enum lease_source s)
{
	static const char *const text[] = {[LEASE_DHCP] = "DHCP",
		[LEASE_PPP] = "PPP",
		[LEASE_DHCP6] = "DHCPv6",
		[LEASE_RA] = "router advertisement",
		[LEASE_SOURCES] = "?"};

	return text[s];
}

/* ---- lines ---- */

/* The value of a name, empty when it is not there. */
static struct str value_of(struct str text, struct str name)
{
	while (text.n) {
		struct str line = str_cut(&text, '\n');
		struct str key = str_cut(&line, '=');

		if (str_eq(key, name))
			return line;
	}
	return STR("");
}

/* "nd%u_addr%u" and the like. */
static struct str numbered(struct str text, const char *format, unsigned a, unsigned b)
{
	char room[64];
	struct textbuf name = textbuf_of(room, sizeof(room));

	for (; *format; format++) {
		if (*format == '#')
			textbuf_printf(&name, "%u", a);
		else if (*format == '%')
			textbuf_printf(&name, "%u", b);
		else
			textbuf_put(&name, format, 1);
	}
	return value_of(text, textbuf_str(&name));
}

/* ---- parts ---- */

static bool is_on_segment6(const struct ip_addr *a)
{
	return a->family == 6 && a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

static void add_resolver(struct lease_part *p, struct str word)
{
	struct ip_addr a;

	for (size_t i = 0; i < p->nresolvers && ip_addr_parse(word, &a) == FL_OK; i++)
		if (ip_addr_eq(&p->resolver[i], &a))
			return;
	/* One that is known by its link alone cannot be asked by others. */
	if (p->nresolvers < LEASE_PART_RESOLVERS && ip_addr_parse(word, &a) == FL_OK &&
		!ip_addr_is_special(&a))
		p->resolver[p->nresolvers++] = a;
}

static void add_resolvers(struct lease_part *p, struct str words)
{
	while (words.n)
		add_resolver(p, str_cut(&words, ' '));
}

static bool add_address(struct lease_part *p, struct str text, uint8_t bits)
{
	struct ip_addr a;

	if (p->naddresses == LEASE_PART_ADDRESSES || ip_addr_parse(text, &a) != FL_OK ||
		ip_addr_is_special(&a) || bits > ip_addr_size(a.family) * 8)
		return false;
	p->address[p->naddresses++] = (struct ip_prefix){a, bits};
	return true;
}

static uint32_t mtu_of(struct str text, uint32_t least)
{
	uint64_t n;

	return str_to_u64(text, MTU_MOST, &n) && n >= least ? (uint32_t)n : 0;
}

static bool refuse(struct textbuf *why, const char *what, struct str value)
{
	textbuf_printf(why, "%s \"%.*s\" is none", what, STR_ARG(value));
	return false;
}

/* A router that some providers put outside of the network they give (a /32 with any router) is
 * good: routes are made for the device. */
static bool read_dhcp(struct str text, struct lease_part *p, struct textbuf *why)
{
	struct str address = value_of(text, STR("new_ip_address"));
	struct str routers = value_of(text, STR("new_routers"));
	struct str router = str_cut(&routers, ' ');
	uint64_t bits;

	if (!str_to_u64(value_of(text, STR("new_subnet_cidr")), 32, &bits))
		bits = 32;
	if (!add_address(p, address, (uint8_t)bits) || p->address[0].addr.family != 4)
		return refuse(why, "the address", address);
	if (router.n && (ip_addr_parse(router, &p->router) != FL_OK || p->router.family != 4 ||
				ip_addr_is_special(&p->router)))
		return refuse(why, "the router", router);
	add_resolvers(p, value_of(text, STR("new_domain_name_servers")));
	p->mtu = mtu_of(value_of(text, STR("new_interface_mtu")), MTU_LEAST4);
	return true;
}

static bool read_ppp(struct str text, struct lease_part *p, struct textbuf *why)
{
	struct str address = value_of(text, STR("IPLOCAL"));

	if (!add_address(p, address, 32) || p->address[0].addr.family != 4)
		return refuse(why, "the address", address);
	add_resolver(p, value_of(text, STR("DNS1")));
	add_resolver(p, value_of(text, STR("DNS2")));
	return true;
}

static void add_prefix(struct lease_part *p, struct str address, struct str length)
{
	struct ip_prefix x = {0};
	uint64_t bits;

	if (p->nprefixes < LEASE_PART_PREFIXES && ip_addr_parse(address, &x.addr) == FL_OK &&
		x.addr.family == 6 && !ip_addr_is_special(&x.addr) &&
		str_to_u64(length, 64, &bits) && bits > 0) {
		x.bits = (uint8_t)bits;
		p->prefix[p->nprefixes++] = ip_prefix_network(&x);
	}
}

/* An information reply gives resolvers alone. */
static bool read_dhcp6(struct str text, struct lease_part *p)
{
	for (unsigned ia = 1; ia <= 3; ia++)
		for (unsigned n = 1; n <= 3; n++) {
			struct str address = numbered(text, "new_dhcp6_ia_na#_ia_addr%", ia, n);
			struct str prefix = numbered(text, "new_dhcp6_ia_pd#_prefix%", ia, n);

			if (address.n)
				(void)add_address(p, address, 128);
			if (prefix.n)
				add_prefix(p, prefix,
					numbered(text, "new_dhcp6_ia_pd#_prefix%_length", ia, n));
		}
	add_resolvers(p, value_of(text, STR("new_dhcp6_name_servers")));
	return true;
}

/* One of several routers on the segment: the first that is a router for long enough to matter. */
static bool read_ra(struct str text, struct lease_part *p)
{
	for (unsigned n = 1; n <= 4; n++) {
		struct str from = numbered(text, "nd#_from", n, 0);
		struct ip_addr router;
		uint64_t lifetime;

		if (ip_addr_parse(from, &router) != FL_OK || !is_on_segment6(&router) ||
			!str_to_u64(numbered(text, "nd#_lifetime", n, 0), UINT16_MAX, &lifetime))
			continue;
		for (unsigned i = 1; i <= 4; i++) {
			struct str own = numbered(text, "nd#_addr%", n, i);

			(void)add_address(p, str_cut(&own, '/'), 64);
		}
		add_resolvers(p, numbered(text, "nd#_rdnss%_servers", n, 1));
		if (lifetime && !p->router.family) {
			p->router = router;
			p->mtu = mtu_of(numbered(text, "nd#_mtu", n, 0), MTU_LEAST6);
		}
	}
	return p->router.family != 0;
}

/* ---- reports ---- */

/* What the programs call what happened.  What is not listed is no news: a cable that is pulled is
 * seen by others, and a program that ends is started again and says what it finds then. */
static const struct {
	const char *reason;
	enum lease_source source;
	enum lease_news news;
} reasons[] = {
	{"BOUND", LEASE_DHCP, LEASE_GIVEN},
	{"RENEW", LEASE_DHCP, LEASE_GIVEN},
	{"REBIND", LEASE_DHCP, LEASE_GIVEN},
	{"REBOOT", LEASE_DHCP, LEASE_GIVEN},
	{"TIMEOUT", LEASE_DHCP, LEASE_GIVEN},
	{"EXPIRE", LEASE_DHCP, LEASE_TAKEN},
	{"NAK", LEASE_DHCP, LEASE_TAKEN},
	{"BOUND6", LEASE_DHCP6, LEASE_GIVEN},
	{"RENEW6", LEASE_DHCP6, LEASE_GIVEN},
	{"REBIND6", LEASE_DHCP6, LEASE_GIVEN},
	{"REBOOT6", LEASE_DHCP6, LEASE_GIVEN},
	{"INFORM6", LEASE_DHCP6, LEASE_GIVEN},
	{"EXPIRE6", LEASE_DHCP6, LEASE_TAKEN},
	{"ROUTERADVERT", LEASE_RA, LEASE_GIVEN},
	{"ip-up", LEASE_PPP, LEASE_GIVEN},
	{"ip-down", LEASE_PPP, LEASE_TAKEN},
};

/* dhcpcd says it in `reason`; pppd gives no word, but says how long a connection that is over has
 * lasted. */
static struct str reason_of(struct str text)
{
	struct str reason = value_of(text, STR("reason"));

	if (reason.n)
		return reason;
	if (!value_of(text, STR("IPLOCAL")).n)
		return STR("");
	return value_of(text, STR("CONNECT_TIME")).n ? STR("ip-down") : STR("ip-up");
}

static bool read_part(
	enum lease_source source, struct str text, struct lease_report *r, struct textbuf *why)
{
	switch (source) {
	case LEASE_DHCP:
		return read_dhcp(text, &r->part, why);
	case LEASE_PPP:
		return read_ppp(text, &r->part, why);
	case LEASE_DHCP6:
		return read_dhcp6(text, &r->part);
	case LEASE_RA: /* one that names no router any more takes away */
		if (!read_ra(text, &r->part))
			r->news = LEASE_TAKEN;
		return true;
	case LEASE_SOURCES:
		break;
	}
	return false;
}

enum fl_err lease_report_parse(struct str text, struct lease_report *out, struct textbuf *why)
{
	struct lease_report r = {.reason = reason_of(text)};

	for (size_t i = 0; i < COUNT_OF(reasons); i++) {
		if (!str_is(r.reason, reasons[i].reason))
			continue;
		r.source = reasons[i].source;
		r.news = reasons[i].news;
		if (r.news == LEASE_GIVEN && !read_part(r.source, text, &r, why))
			return FL_EFORMAT;
	}
	if (r.news == LEASE_TAKEN)
		r.part = (struct lease_part){0};
	*out = r;
	return FL_OK;
}

/* ---- leases ---- */

static bool same_addrs(const struct ip_addr *a, size_t na, const struct ip_addr *b, size_t nb)
{
	if (na != nb)
		return false;
	for (size_t i = 0; i < na; i++)
		if (!ip_addr_eq(&a[i], &b[i]))
			return false;
	return true;
}

static bool same_prefixes(
	const struct ip_prefix *a, size_t na, const struct ip_prefix *b, size_t nb)
{
	if (na != nb)
		return false;
	for (size_t i = 0; i < na; i++)
		if (!ip_addr_eq(&a[i].addr, &b[i].addr) || a[i].bits != b[i].bits)
			return false;
	return true;
}

static bool same_part(const struct lease_part *a, const struct lease_part *b)
{
	return a->mtu == b->mtu && ip_addr_eq(&a->router, &b->router) &&
	       same_prefixes(a->address, a->naddresses, b->address, b->naddresses) &&
	       same_prefixes(a->prefix, a->nprefixes, b->prefix, b->nprefixes) &&
	       same_addrs(a->resolver, a->nresolvers, b->resolver, b->nresolvers);
}

bool lease_take(struct lease *l, const struct lease_report *r)
{
	if (r->news == LEASE_NO_NEWS || same_part(&l->part[r->source], &r->part))
		return false;
	l->part[r->source] = r->part;
	return true;
}

bool lease_is_empty(const struct lease *l)
{
	for (size_t i = 0; i < LEASE_SOURCES; i++)
		if (l->part[i].naddresses)
			return false;
	return true;
}

/* ---- into a link ---- */

enum fl_err lease_make_room(struct link_conf *c, struct arena *mem)
{
	size_t most = c->naddresses + LEASE_SOURCES * LEASE_PART_ADDRESSES;
	struct link_address *addresses = ARENA_NEWS(mem, struct link_address, most);
	struct link_gateway *gateways = ARENA_NEWS(mem, struct link_gateway, c->ngateways + 2);

	c->given = ARENA_NEW(mem, struct link_given);
	if (!addresses || !gateways || !c->given)
		return FL_EFULL;
	c->typed_addresses = c->addresses;
	c->ntyped_addresses = c->naddresses;
	c->typed_gateways = c->gateways;
	c->ntyped_gateways = c->ngateways;
	c->addresses = addresses;
	c->gateways = gateways;
	lease_put(c, NULL);
	return FL_OK;
}

static void put_address(struct link_conf *c, const struct link_address *a)
{
	for (size_t i = 0; i < c->naddresses; i++)
		if (ip_addr_eq(&c->addresses[i].prefix.addr, &a->prefix.addr))
			return;
	c->addresses[c->naddresses++] = *a;
}

static void put_gateway(struct link_conf *c, const struct link_gateway *g)
{
	if (!link_conf_gateway(c, g->addr.family))
		c->gateways[c->ngateways++] = *g;
}

static void put_resolver(struct link_given *g, const struct ip_addr *a)
{
	for (size_t i = 0; i < g->nresolvers; i++)
		if (ip_addr_eq(&g->resolvers[i], a))
			return;
	if (g->nresolvers < LINK_RESOLVERS_MAX)
		g->resolvers[g->nresolvers++] = *a;
}

static void put_part(struct link_conf *c, const struct lease_part *p)
{
	struct link_given *g = c->given;

	for (size_t i = 0; i < p->naddresses; i++)
		put_address(c, &(struct link_address){c->origin, p->address[i]});
	if (p->router.family)
		put_gateway(c, &(struct link_gateway){c->origin, p->router});
	for (size_t i = 0; i < p->nresolvers; i++)
		put_resolver(g, &p->resolver[i]);
	for (size_t i = 0; i < p->nprefixes && g->nprefixes < LINK_PREFIXES_MAX; i++)
		g->prefixes[g->nprefixes++] = p->prefix[i];
	if (p->mtu && (!g->mtu || p->mtu < g->mtu))
		g->mtu = p->mtu;
}

/* What was typed comes first among the routers, since it was meant to decide, and last among the
 * addresses: an address beside the provider's own is there to reach the modem. */
void lease_put(struct link_conf *c, const struct lease *l)
{
	if (!c->given)
		return;
	*c->given = (struct link_given){0};
	c->naddresses = c->ngateways = 0;
	for (size_t i = 0; i < c->ntyped_gateways; i++)
		c->gateways[c->ngateways++] = c->typed_gateways[i];
	for (size_t i = 0; l && i < LEASE_SOURCES; i++)
		put_part(c, &l->part[i]);
	c->given->addressed = c->naddresses > 0;
	for (size_t i = 0; i < c->ntyped_addresses; i++)
		put_address(c, &c->typed_addresses[i]);
}

void lease_text(const struct lease_part *p, struct textbuf *out)
{
	char text[IP_TEXT_MAX + 4];
	const char *sep = "";

	for (size_t i = 0; i < p->naddresses; i++, sep = ", ")
		textbuf_printf(out, "%s%s", sep, ip_prefix_text(&p->address[i], text));
	if (p->router.family) {
		textbuf_printf(out, "%srouter %s", sep, ip_addr_text(&p->router, text));
		sep = ", ";
	}
	for (size_t i = 0; i < p->nprefixes; i++, sep = ", ")
		textbuf_printf(out, "%sprefix %s", sep, ip_prefix_text(&p->prefix[i], text));
	for (size_t i = 0; i < p->nresolvers; i++, sep = ", ")
		textbuf_printf(out, "%sresolver %s", sep, ip_addr_text(&p->resolver[i], text));
}

/* ---- remembered ---- */

static void print_words(const struct sink *out, const char *name, const struct ip_addr *a, size_t n)
{
	char text[IP_TEXT_MAX];

	if (n == 0)
		return;
	sink_printf(out, "%s=", name);
	for (size_t i = 0; i < n; i++)
		sink_printf(out, "%s%s", i ? " " : "", ip_addr_text(&a[i], text));
	sink_puts(out, "\n");
}

static void print_dhcp(const struct lease_part *p, const struct sink *out)
{
	sink_puts(out, "reason=BOUND\n");
	print_words(out, "new_ip_address", &p->address[0].addr, 1);
	sink_printf(out, "new_subnet_cidr=%u\n", p->address[0].bits);
	print_words(out, "new_routers", &p->router, p->router.family ? 1 : 0);
	print_words(out, "new_domain_name_servers", p->resolver, p->nresolvers);
	if (p->mtu)
		sink_printf(out, "new_interface_mtu=%u\n", (unsigned)p->mtu);
}

static void print_dhcp6(const struct lease_part *p, const struct sink *out)
{
	char text[IP_TEXT_MAX];

	sink_puts(out, "reason=BOUND6\n");
	for (size_t i = 0; i < p->naddresses; i++)
		sink_printf(out, "new_dhcp6_ia_na1_ia_addr%zu=%s\n", i + 1,
			ip_addr_text(&p->address[i].addr, text));
	for (size_t i = 0; i < p->nprefixes; i++)
		sink_printf(out,
			"new_dhcp6_ia_pd1_prefix%zu=%s\nnew_dhcp6_ia_pd1_prefix%zu_length=%u\n",
			i + 1, ip_addr_text(&p->prefix[i].addr, text), i + 1, p->prefix[i].bits);
	print_words(out, "new_dhcp6_name_servers", p->resolver, p->nresolvers);
}

static void print_ra(const struct lease_part *p, const struct sink *out)
{
	char text[IP_TEXT_MAX];

	sink_puts(out, "reason=ROUTERADVERT\n");
	print_words(out, "nd1_from", &p->router, 1);
	sink_puts(out, "nd1_lifetime=1\n");
	for (size_t i = 0; i < p->naddresses; i++)
		sink_printf(
			out, "nd1_addr%zu=%s\n", i + 1, ip_addr_text(&p->address[i].addr, text));
	print_words(out, "nd1_rdnss1_servers", p->resolver, p->nresolvers);
	if (p->mtu)
		sink_printf(out, "nd1_mtu=%u\n", (unsigned)p->mtu);
}

/* A PPP session does not outlive its program. */
void lease_print(const struct lease *l, const struct sink *out)
{
	const struct lease_part *p = l->part;

	if (p[LEASE_DHCP].naddresses)
		print_dhcp(&p[LEASE_DHCP], out);
	sink_puts(out, "\n");
	if (p[LEASE_DHCP6].naddresses || p[LEASE_DHCP6].nprefixes || p[LEASE_DHCP6].nresolvers)
		print_dhcp6(&p[LEASE_DHCP6], out);
	sink_puts(out, "\n");
	if (p[LEASE_RA].router.family)
		print_ra(&p[LEASE_RA], out);
}

/* Where the next empty line begins. */
static struct str cut_report(struct str *text)
{
	struct str rest = *text, report = {text->at, 0};

	while (rest.n) {
		struct str line = str_cut(&rest, '\n');

		if (line.n == 0)
			break;
		report.n = (size_t)(rest.at - text->at);
	}
	*text = rest;
	return report;
}

bool lease_remember(struct str text, struct lease *out)
{
	char words[64];

	*out = (struct lease){0};
	while (text.n) {
		struct str report = cut_report(&text);
		struct textbuf why = textbuf_of(words, sizeof(words));
		struct lease_report r;

		if (lease_report_parse(report, &r, &why) == FL_OK && r.news == LEASE_GIVEN)
			(void)lease_take(out, &r);
	}
	return !lease_is_empty(out);
}
