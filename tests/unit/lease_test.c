/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reports of dhcpcd and pppd, as their hooks send them, and what becomes of a link by them. */
#include "lease.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "memory_linux.h"

#define BOUND                                                                                      \
	"PATH=/bin\nreason=BOUND\ninterface=eth0\nprotocol=dhcp\nnew_ip_address=203.0.113.52\n"    \
	"new_subnet_cidr=24\nnew_subnet_mask=255.255.255.0\nnew_routers=203.0.113.1 "              \
	"203.0.113.7\nnew_domain_name_servers=192.0.2.53 192.0.2.54\nnew_interface_mtu=1480\n"
#define BOUND6                                                                                     \
	"reason=BOUND6\nnew_dhcp6_ia_na1_ia_addr1=2001:db8:1::13f\nnew_dhcp6_ia_na1_iaid=1\n"      \
	"new_dhcp6_ia_pd1_prefix1=2001:db8:f00::\nnew_dhcp6_ia_pd1_prefix1_length=56\n"            \
	"new_dhcp6_name_servers=2001:db8::53 fe80::1\n"
#define RA                                                                                         \
	"reason=ROUTERADVERT\nnd1_from=fe80::1\nnd1_lifetime=1800\nnd1_mtu=1492\n"                 \
	"nd1_addr1=2001:db8:2::99/64\nnd1_rdnss1_servers=2001:db8::54\n"

static char words[512];

static struct lease_report read_report(const char *text)
{
	struct textbuf why = textbuf_of(words, sizeof(words));
	struct lease_report r;

	assert_int_equal(lease_report_parse(str_of(text), &r, &why), FL_OK);
	return r;
}

static const char *said(const struct lease_part *p)
{
	struct textbuf t = textbuf_of(words, sizeof(words));

	lease_text(p, &t);
	return words;
}

static void a_dhcp_lease_is_read(void **state)
{
	struct lease_report r = read_report(BOUND);

	(void)state;
	assert_int_equal(r.news, LEASE_GIVEN);
	assert_int_equal(r.source, LEASE_DHCP);
	assert_int_equal(r.part.mtu, 1480);
	assert_string_equal(said(&r.part), "203.0.113.52/24, router 203.0.113.1, "
					   "resolver 192.0.2.53, resolver 192.0.2.54");
}

static void a_lease_ends_when_it_expires_or_is_refused(void **state)
{
	static const char *const ends[] = {
		"reason=EXPIRE\nold_ip_address=203.0.113.52\n", "reason=NAK\n"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		struct lease_report r = read_report(ends[i]);

		assert_int_equal(r.news, LEASE_TAKEN);
		assert_int_equal(r.source, LEASE_DHCP);
		assert_int_equal(r.part.naddresses, 0);
	}
}

static void what_tells_of_no_lease_is_no_news(void **state)
{
	static const char *const rest[] = {"", "\n\n", "reason=PREINIT\n", "reason=CARRIER\n",
		"reason=STOPPED\nnew_ip_address=203.0.113.52\n", "no equals sign", "=\n=\n"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rest); i++)
		assert_int_equal(read_report(rest[i]).news, LEASE_NO_NEWS);
}

static void an_address_that_no_link_can_have_is_refused(void **state)
{
	static const char *const bad[] = {"reason=BOUND\n", "reason=BOUND\nnew_ip_address=\n",
		"reason=BOUND\nnew_ip_address=127.0.0.1\nnew_subnet_cidr=8\n",
		"reason=BOUND\nnew_ip_address=203.0.113.300\n",
		"reason=BOUND\nnew_ip_address=2001:db8::1\n",
		"reason=BOUND\nnew_ip_address=203.0.113.5\nnew_routers=0.0.0.0\n"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct textbuf why = textbuf_of(words, sizeof(words));
		struct lease_report r = {.source = LEASE_RA};

		assert_int_equal(lease_report_parse(str_of(bad[i]), &r, &why), FL_EFORMAT);
		assert_int_equal(r.source, LEASE_RA);
		assert_true(why.n > 0);
	}
}

/* Some providers give a /32 and a router that is not in it. */
static void a_router_outside_of_the_network_is_good(void **state)
{
	struct lease_report r = read_report("reason=BOUND\nnew_ip_address=100.64.3.4\n"
					    "new_subnet_cidr=32\nnew_routers=10.0.0.1\n");

	(void)state;
	assert_string_equal(said(&r.part), "100.64.3.4/32, router 10.0.0.1");
}

static void dhcpv6_gives_addresses_and_prefixes(void **state)
{
	struct lease_report r = read_report(BOUND6);

	(void)state;
	assert_int_equal(r.source, LEASE_DHCP6);
	/* A resolver on the segment could only be asked by who names the segment. */
	assert_string_equal(said(&r.part),
		"2001:db8:1::13f/128, prefix 2001:db8:f00::/56, resolver 2001:db8::53");
}

static void a_router_advertisement_gives_router_address_and_resolver(void **state)
{
	struct lease_report r = read_report(RA);

	(void)state;
	assert_int_equal(r.source, LEASE_RA);
	assert_int_equal(r.part.mtu, 1492);
	assert_string_equal(
		said(&r.part), "2001:db8:2::99/64, router fe80::1, resolver 2001:db8::54");
}

static void a_router_that_is_none_any_more_takes_back(void **state)
{
	(void)state;
	assert_int_equal(
		read_report("reason=ROUTERADVERT\nnd1_from=fe80::1\nnd1_lifetime=0\n").news,
		LEASE_TAKEN);
	assert_int_equal(read_report("reason=ROUTERADVERT\n").news, LEASE_TAKEN);
}

static void ppp_tells_by_its_words_whether_it_comes_or_goes(void **state)
{
	struct lease_report up = read_report("IFNAME=ppp-wan1\nIPLOCAL=203.0.113.9\n"
					     "IPREMOTE=203.0.113.1\nDNS1=192.0.2.53\n");
	struct lease_report down =
		read_report("IPLOCAL=203.0.113.9\nIPREMOTE=203.0.113.1\nCONNECT_TIME=12\n");

	(void)state;
	assert_int_equal(up.news, LEASE_GIVEN);
	assert_int_equal(up.source, LEASE_PPP);
	assert_string_equal(said(&up.part), "203.0.113.9/32, resolver 192.0.2.53");
	assert_int_equal(down.news, LEASE_TAKEN);
	assert_int_equal(down.source, LEASE_PPP);
}

static void a_renewal_that_changes_nothing_is_no_change(void **state)
{
	struct lease_report first = read_report(BOUND), again = read_report(BOUND);
	struct lease l = {0};

	(void)state;
	assert_true(lease_take(&l, &first));
	assert_false(lease_take(&l, &again));
	again.part.mtu = 1400;
	assert_true(lease_take(&l, &again));
}

static void a_saved_lease_is_the_same_lease(void **state)
{
	static const char *const reports[] = {BOUND, BOUND6, RA};
	char room[2048];
	struct textbuf t = textbuf_of(room, sizeof(room));
	struct sink out = textbuf_sink(&t);
	struct lease l = {0}, again;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(reports); i++) {
		struct lease_report r = read_report(reports[i]);

		assert_true(lease_take(&l, &r));
	}
	lease_print(&l, &out);
	assert_true(lease_remember(textbuf_str(&t), &again));
	assert_memory_equal(&l, &again, sizeof(l));
	assert_false(lease_remember(STR("nonsense\n\n\n"), &again));
}

/* ---- links ---- */

struct fixture {
	struct arena mem;
	struct link_address typed[1];
	struct link_gateway gateway[1];
	struct link_conf conf;
};

static void leased_link(struct fixture *f)
{
	*f = (struct fixture){
		.conf = {.name = STR("wan1"), .interface = STR("eth0"), .dhcp = true}};
	arena_init(&f->mem, &memory_linux);
}

static void a_link_without_a_lease_awaits_its_address(void **state)
{
	struct fixture f;

	(void)state;
	leased_link(&f);
	assert_int_equal(lease_make_room(&f.conf, &f.mem), FL_OK);
	assert_true(link_conf_awaits_address(&f.conf));
	assert_null(link_conf_address(&f.conf, 4));
	arena_reset(&f.mem);
}

static void a_lease_fills_the_link_and_its_end_empties_it(void **state)
{
	struct lease_report r = read_report(BOUND);
	struct lease l = {0};
	struct fixture f;

	(void)state;
	leased_link(&f);
	(void)lease_take(&l, &r);
	assert_int_equal(lease_make_room(&f.conf, &f.mem), FL_OK);
	lease_put(&f.conf, &l);
	assert_false(link_conf_awaits_address(&f.conf));
	assert_string_equal(
		ip_prefix_text(link_conf_address(&f.conf, 4), words), "203.0.113.52/24");
	assert_string_equal(ip_addr_text(link_conf_gateway(&f.conf, 4), words), "203.0.113.1");
	assert_int_equal(f.conf.given->nresolvers, 2);
	assert_int_equal(f.conf.given->mtu, 1480);
	lease_put(&f.conf, NULL);
	assert_true(link_conf_awaits_address(&f.conf));
	assert_int_equal(f.conf.naddresses + f.conf.ngateways + f.conf.given->nresolvers, 0);
	arena_reset(&f.mem);
}

/* The provider's address is the link's own; the typed one beside it reaches the modem.  A typed
 * gateway was typed to be used. */
static void what_was_typed_stands_beside_the_lease(void **state)
{
	struct lease_report r = read_report(BOUND);
	struct lease l = {0};
	struct fixture f;

	(void)state;
	leased_link(&f);
	(void)lease_take(&l, &r);
	assert_int_equal(ip_prefix_parse(STR("192.168.100.2/24"), &f.typed[0].prefix), FL_OK);
	assert_int_equal(ip_addr_parse(STR("203.0.113.254"), &f.gateway[0].addr), FL_OK);
	f.conf.addresses = f.typed, f.conf.naddresses = 1;
	f.conf.gateways = f.gateway, f.conf.ngateways = 1;
	assert_int_equal(lease_make_room(&f.conf, &f.mem), FL_OK);
	assert_true(link_conf_awaits_address(&f.conf)); /* the typed one is not enough */
	lease_put(&f.conf, &l);
	assert_int_equal(f.conf.naddresses, 2);
	assert_string_equal(
		ip_prefix_text(link_conf_address(&f.conf, 4), words), "203.0.113.52/24");
	assert_string_equal(ip_addr_text(link_conf_gateway(&f.conf, 4), words), "203.0.113.254");
	arena_reset(&f.mem);
}

static void devices_are_named_after_what_they_lie_over(void **state)
{
	static const struct {
		const char *port;
		uint32_t vlan;
		const char *user, *interface, *under;
	} rows[] = {
		{"eth0", 0, "", "eth0", "eth0"},
		{"eth0", 10, "", "eth0.10", "eth0.10"},
		{"eth0", 10, "me@isp", "ppp-wan1", "eth0.10"},
		{"enx001122334455", 4094, "", "1122334455.4094", "1122334455.4094"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct fixture f;

		leased_link(&f);
		f.conf.interface = str_of(rows[i].port);
		f.conf.vlan = rows[i].vlan;
		f.conf.pppoe.user = str_of(rows[i].user);
		assert_int_equal(link_conf_device(&f.conf, &f.mem), FL_OK);
		assert_true(str_is(f.conf.interface, rows[i].interface));
		assert_true(str_is(f.conf.under, rows[i].under));
		assert_true(str_is(f.conf.port, rows[i].port));
		arena_reset(&f.mem);
	}
}

/* ---- the programs ---- */

static const struct lease_hook hook = {"/usr/sbin/fairlead-report", "/run/fairlead/report", 3};

static const char *written(
	void (*write)(const struct link_conf *, const struct sink *), const struct link_conf *c)
{
	static char room[2048];
	struct textbuf t = textbuf_of(room, sizeof(room));
	struct sink out = textbuf_sink(&t);

	write(c, &out);
	assert_false(t.cut);
	return room;
}

static void write_dhcpcd(const struct link_conf *c, const struct sink *out)
{
	lease_dhcpcd_conf(c, &hook, 0, out);
}

static void write_pppd(const struct link_conf *c, const struct sink *out)
{
	lease_pppd_options(c, &hook, out);
}

static void dhcpcd_touches_nothing_and_reports_to_us(void **state)
{
	struct link_conf c = {.name = STR("wan1"), .interface = STR("eth0"), .dhcp = true};
	const char *text = written(write_dhcpcd, &c);

	(void)state;
	assert_non_null(strstr(text, "noconfigure\n"));
	assert_non_null(strstr(text, "nogateway\n"));
	assert_non_null(strstr(text, "script /usr/sbin/fairlead-report\n"));
	assert_non_null(strstr(text, "env FAIRLEAD_SLOT=3\n"));
	assert_non_null(strstr(text, "interface eth0\nipv6rs\nia_na\nia_pd 1\n"));
}

/* The index of a session's device, which dhcpcd would take, changes with every session. */
static void dhcpcd_is_the_same_client_over_every_session(void **state)
{
	struct link_conf c = {.name = STR("wan1"), .interface = STR("ppp-wan1")};
	const struct lease_hook over_ppp = {
		.program = "/usr/sbin/fairlead-report", .socket = "", .slot = 19};
	char text[1024];
	struct textbuf t = textbuf_of(text, sizeof(text));
	struct sink out = textbuf_sink(&t);

	(void)state;
	lease_dhcpcd_conf(&c, &over_ppp, 6, &out);
	assert_non_null(strstr(text, "ipv6only\ninterface ppp-wan1\niaid 19\nipv6rs\n"));
}

static void pppd_is_told_user_and_password_in_its_own_quotes(void **state)
{
	struct link_conf c = {.name = STR("wan1"),
		.interface = STR("ppp-wan1"),
		.under = STR("eth0.7"),
		.pppoe = {STR("me@isp"), STR("a \"b\" \\c"), STR("")}};
	const char *text = written(write_pppd, &c);

	(void)state;
	assert_non_null(strstr(text, "plugin rp-pppoe.so\nnic-eth0.7\nifname ppp-wan1\n"));
	assert_non_null(strstr(text, "user \"me@isp\"\npassword \"a \\\"b\\\" \\\\c\"\n"));
	assert_non_null(strstr(text, "nodefaultroute\n"));
	assert_non_null(strstr(text, "mtu 1492\nmru 1492\n"));
	assert_null(strstr(text, "rp_pppoe_service"));
	c.pppoe.service = STR("fast");
	c.mtu = 1450;
	text = written(write_pppd, &c);
	assert_non_null(strstr(text, "rp_pppoe_service \"fast\"\n"));
	assert_non_null(strstr(text, "mtu 1450\nmru 1450\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dhcp_lease_is_read),
		cmocka_unit_test(a_lease_ends_when_it_expires_or_is_refused),
		cmocka_unit_test(what_tells_of_no_lease_is_no_news),
		cmocka_unit_test(an_address_that_no_link_can_have_is_refused),
		cmocka_unit_test(a_router_outside_of_the_network_is_good),
		cmocka_unit_test(dhcpv6_gives_addresses_and_prefixes),
		cmocka_unit_test(a_router_advertisement_gives_router_address_and_resolver),
		cmocka_unit_test(a_router_that_is_none_any_more_takes_back),
		cmocka_unit_test(ppp_tells_by_its_words_whether_it_comes_or_goes),
		cmocka_unit_test(a_renewal_that_changes_nothing_is_no_change),
		cmocka_unit_test(a_saved_lease_is_the_same_lease),
		cmocka_unit_test(a_link_without_a_lease_awaits_its_address),
		cmocka_unit_test(a_lease_fills_the_link_and_its_end_empties_it),
		cmocka_unit_test(what_was_typed_stands_beside_the_lease),
		cmocka_unit_test(devices_are_named_after_what_they_lie_over),
		cmocka_unit_test(dhcpcd_touches_nothing_and_reports_to_us),
		cmocka_unit_test(dhcpcd_is_the_same_client_over_every_session),
		cmocka_unit_test(pppd_is_told_user_and_password_in_its_own_quotes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
