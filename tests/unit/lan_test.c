/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The services of a LAN: what dnsmasq is told, and what is refused before it is. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "forwarding_settings.h"
#include "memory_linux.h"
#include "modules.h"

#define LAN(more) "lan office { interface eth2, address 192.168.1.1/24\n" more "\n}\n"
#define RANGE     "range 192.168.1.100 192.168.1.199"

struct fixture {
	struct setting schema[MODULES_SETTINGS_MAX];
	struct config config;
	struct diags why;
};

/* Read settings; the first mistake, or "". */
static const char *loaded(struct fixture *f, const char *text)
{
	modules_schema(f->schema);
	config_init(&f->config, f->schema, &memory_linux);
	diags_init(&f->why, &f->config.mem);
	if (settings_parse_leniently(&f->config.tree, str_of(text), &f->why) != FL_OK ||
		config_bind(&f->config, NULL, &f->why) != FL_OK)
		for (const struct diag *d = f->why.first; d; d = d->next)
			if (!d->warning)
				return arena_copy(&f->config.mem, d->what.at, d->what.n);
	return "";
}

static const char *dnsmasq_conf(struct fixture *f, const char *text)
{
	static char room[4096];
	struct textbuf t = textbuf_of(room, sizeof(room));
	struct sink out = textbuf_sink(&t);

	assert_string_equal(loaded(f, text), "");
	lan_dnsmasq_conf(&f->config.v.lans[0], "/run/d", &out);
	config_free(&f->config);
	return room;
}

static void a_range_is_served_with_mask_and_time(void **state)
{
	struct fixture f;
	const char *text = dnsmasq_conf(&f, LAN("dhcp-server { " RANGE ", lease-time 2h }"));

	(void)state;
	assert_non_null(strstr(text, "interface=eth2\n"));
	assert_non_null(
		strstr(text, "dhcp-range=192.168.1.100,192.168.1.199,255.255.255.0,7200\n"));
	assert_non_null(strstr(text, "dhcp-leasefile=/run/d/leases-office\n"));
}

static void a_host_always_gets_its_address(void **state)
{
	struct fixture f;
	const char *text = dnsmasq_conf(
		&f, LAN("dhcp-server { " RANGE
			", host printer { mac 00:1B:21-3c:4d:5e, address 192.168.1.20 } }"));

	(void)state;
	assert_non_null(strstr(text, "dhcp-host=00:1b:21:3c:4d:5e,192.168.1.20,printer\n"));
}

static void without_a_dns_server_no_port_is_taken_and_none_is_named(void **state)
{
	struct fixture f;
	const char *text = dnsmasq_conf(&f, LAN("dhcp-server { " RANGE " }"));

	(void)state;
	assert_non_null(strstr(text, "port=0\n"));
	assert_non_null(strstr(text, "dhcp-option=option:dns-server\n"));
	assert_null(strstr(text, "servers-file"));
	text = dnsmasq_conf(&f, LAN("dns-server"));
	assert_null(strstr(text, "port=0\n"));
	assert_null(strstr(text, "dhcp-"));
	assert_non_null(strstr(text, "servers-file=/run/d/resolvers-office\n"));
}

static void networks_of_ipv6_are_advertised(void **state)
{
	struct fixture f;
	const char *text =
		dnsmasq_conf(&f, LAN("address fd00:1::1/64, router-advertisements, dns-server"));

	(void)state;
	assert_non_null(strstr(text, "enable-ra\ndhcp-range=::,constructor:eth2,ra-stateless,"));
	text = dnsmasq_conf(&f, LAN("address fd00:1::1/64, dns-server"));
	assert_null(strstr(text, "enable-ra"));
}

static void a_lan_that_wants_nothing_is_not_served(void **state)
{
	struct fixture f;

	(void)state;
	assert_string_equal(loaded(&f, LAN("")), "");
	assert_false(lan_is_served(&f.config.v.lans[0]));
	config_free(&f.config);
}

static const char *resolvers(struct fixture *f, uint32_t live)
{
	static char room[1024];
	struct textbuf t = textbuf_of(room, sizeof(room));
	struct sink out = textbuf_sink(&t);

	room[0] = '\0';
	lan_resolvers(f->config.v.links, f->config.v.nlinks, live, &out);
	return room;
}

static void resolvers_are_asked_over_their_own_link_while_it_lives(void **state)
{
	struct fixture f;

	(void)state;
	assert_string_equal(
		loaded(&f, "link a { interface eth0, address 203.0.113.2/29, gateway 203.0.113.1\n"
			   " resolver 192.0.2.53, resolver 192.0.2.54 }\n"
			   "link b { interface eth1, address 198.51.100.2/29, gateway "
			   "198.51.100.1, resolver 198.51.100.53 }\n"
			   "link c { interface eth3, disabled, resolver 192.0.2.99 }\n"),
		"");
	for (uint8_t i = 0; i < 3; i++)
		f.config.v.links[i].number = (uint8_t)(i + 1);
	assert_string_equal(resolvers(&f, link_bit(1) | link_bit(2)),
		"server=192.0.2.53@eth0\nserver=192.0.2.54@eth0\nserver=198.51.100.53@eth1\n");
	assert_string_equal(resolvers(&f, link_bit(2)), "server=198.51.100.53@eth1\n");
	/* With all links dead nothing is lost by asking everybody. */
	assert_string_equal(resolvers(&f, 0),
		"server=192.0.2.53@eth0\nserver=192.0.2.54@eth0\nserver=198.51.100.53@eth1\n");
	config_free(&f.config);
}

static void resolvers_of_the_lease_are_asked_unless_others_were_typed(void **state)
{
	struct link_given given = {.resolvers = {{4, {192, 0, 2, 1}}}, .nresolvers = 1};
	struct link_resolver typed = {.addr = {4, {192, 0, 2, 2}}};
	struct link_conf c = {.interface = STR("eth0"), .number = 1, .given = &given};
	char room[256];
	struct textbuf t = textbuf_of(room, sizeof(room));
	struct sink out = textbuf_sink(&t);

	(void)state;
	lan_resolvers(&c, 1, link_bit(1), &out);
	c.resolvers = &typed, c.nresolvers = 1;
	lan_resolvers(&c, 1, link_bit(1), &out);
	assert_string_equal(room, "server=192.0.2.1@eth0\nserver=192.0.2.2@eth0\n");
}

static void bad_services_are_refused_with_the_reason(void **state)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{LAN("dhcp-server { range 192.168.2.1 192.168.2.9 }"),
			"192.168.2.1 is in no network of the LAN"},
		{LAN("dhcp-server { range 192.168.1.9 192.168.2.9 }"),
			"192.168.2.9 is not in the network that the range begins in"},
		{LAN("dhcp-server { range 192.168.1.9 192.168.1.8 }"),
			"the range ends before it begins"},
		{LAN("dhcp-server { " RANGE
		     ", host x { mac 00:1b:21:3c:4d:5e, address 192.168.1.1 } }"),
			"192.168.1.1 is the router's own"},
		{LAN("dhcp-server { " RANGE
		     ", host x { mac 00:1b:21:3c:4d:5e, address 10.0.0.1 } }"),
			"10.0.0.1 is in no IPv4 network of the LAN"},
		{LAN("dhcp-server { host x { mac 00:1b:21:3c:4d:5e, address 192.168.1.9 } }"),
			"hosts have addresses, but no range is served"},
		{LAN("router-advertisements"),
			"the LAN has no IPv6 network that could be advertised"},
		{LAN("address fd00:1::1/56, router-advertisements"),
			"hosts make their addresses in networks of 64 bits only"},
		{LAN("dns-server") "dns { listen 192.168.1.1 }\n",
			"the dns-server of lan office has port 53 of 192.168.1.1"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct fixture f;

		assert_string_equal(loaded(&f, bad[i].text), bad[i].why);
		config_free(&f.config);
	}
}

static void links_and_lans_on_one_port_are_told_apart_by_vlans(void **state)
{
	struct fixture f;

	(void)state;
	assert_string_equal(
		loaded(&f, "link a { interface eth0, vlan 10, address 203.0.113.2/29, "
			   "gateway 203.0.113.1 }\n"
			   "link b { interface eth0, vlan 11, address 203.0.113.2/29, "
			   "gateway 203.0.113.1 }\n"
			   "lan c { interface eth0, vlan 12, address 192.168.1.1/24 }\n"),
		"");
	config_free(&f.config);
	assert_string_equal(loaded(&f, "link a { interface eth0, vlan 10, dhcp }\n"
				       "link b { interface eth0, vlan 10, dhcp }\n"),
		"eth0.10 is the interface of link a: what comes in could not be told apart");
	config_free(&f.config);
}

/* ---- prefixes of links ---- */

#define LINK(name, port, more)                                                                     \
	"link " name " { interface " port ", dhcp, monitor { target 192.0.2.53 ping }" more " }\n"

/* Two links with prefixes and a LAN that has a network of each; `more` is of the LAN. */
static struct lan_conf *lan_of_two(struct fixture *f, const char *more)
{
	char text[1024];

	snprintf(text, sizeof(text),
		LINK("wan1", "eth0", ", prefix 2001:db8:100::/56")
			LINK("wan2", "eth1", ", prefix 2001:db8:200::/63") "lan office { interface "
									   "eth2\n%s\n}\n",
		more);
	assert_string_equal(loaded(f, text), "");
	for (size_t i = 0; i < f->config.v.nlinks; i++)
		f->config.v.links[i].number = (uint8_t)(i + 1);
	return &f->config.v.lans[0];
}

static bool delegate(struct fixture *f, uint32_t live)
{
	struct config_values *v = &f->config.v;

	return lan_delegate(v->lans, v->nlans, v->links, v->nlinks, live, false);
}

static void expect_own(const struct lan_delegated *d, const char *want)
{
	char text[IP_TEXT_MAX + 4];

	assert_string_equal(ip_prefix_text(&d->own, text), want);
}

static void a_lan_has_the_numbered_network_of_a_prefix(void **state)
{
	struct fixture f;
	struct lan_conf *l = lan_of_two(&f, "delegated-prefix wan1 171\ndelegated-prefix wan2 1");

	(void)state;
	assert_true(delegate(&f, 3));
	expect_own(&l->delegated[0], "2001:db8:100:ab::1/64");
	expect_own(&l->delegated[1], "2001:db8:200:1::1/64");
	assert_false(delegate(&f, 3)); /* nothing is new */
	config_free(&f.config);
}

static void a_prefix_without_that_number_gives_nothing(void **state)
{
	struct fixture f;
	struct lan_conf *l = lan_of_two(&f, "delegated-prefix wan2 2");

	(void)state;
	assert_false(delegate(&f, 3));
	assert_int_equal(l->delegated[0].own.addr.family, 0);
	config_free(&f.config);
}

static void the_network_of_a_dead_link_is_withdrawn_while_another_works(void **state)
{
	struct fixture f;
	struct lan_conf *l = lan_of_two(&f, "delegated-prefix wan1\ndelegated-prefix wan2");

	(void)state;
	delegate(&f, 3);
	assert_true(delegate(&f, 2));
	assert_true(l->delegated[0].withdrawn);
	assert_false(l->delegated[1].withdrawn);
	expect_own(&l->delegated[0], "2001:db8:100::1/64"); /* who is there may stay */
	assert_true(delegate(&f, 0));
	assert_false(l->delegated[0].withdrawn); /* no better one is left */
	assert_false(l->delegated[1].withdrawn);
	config_free(&f.config);
}

static void beside_a_network_of_the_lans_own_a_dead_one_is_withdrawn(void **state)
{
	struct fixture f;
	struct lan_conf *l = lan_of_two(&f, "delegated-prefix wan1\naddress fd00:1::1/64");

	(void)state;
	delegate(&f, 0);
	assert_true(l->delegated[0].withdrawn);
	delegate(&f, 1);
	assert_false(l->delegated[0].withdrawn);
	config_free(&f.config);
}

static void prefixes_that_cannot_be_given_are_refused(void **state)
{
	static const struct {
		const char *text, *what;
	} bad[] = {
		{"link w { interface eth0, address 203.0.113.2/29, gateway 203.0.113.1, monitor { "
		 "target 192.0.2.53 ping } }\nlan l { interface eth2, delegated-prefix w }",
			"nothing is delegated to link w, whose addresses are typed"},
		{LINK("w", "eth0", "") "lan a { interface eth2, delegated-prefix w }\n"
				       "lan b { interface eth3, delegated-prefix w }",
			"lan a has network 0 of that prefix already"},
		{LINK("w", "eth0", ", prefix 2001:db8::/65"),
			"a LAN needs an IPv6 prefix of 64 bits or fewer"},
		{LINK("w", "eth0", ", prefix 192.0.2.0/24"),
			"a LAN needs an IPv6 prefix of 64 bits or fewer"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct fixture f;

		assert_string_equal(loaded(&f, bad[i].text), bad[i].what);
		config_free(&f.config);
	}
}

static void a_card_address_is_six_octets_of_one_card(void **state)
{
	static const char *const bad[] = {"", "00", "00:1b:21:3c:4d", "00:1b:21:3c:4d:5e:6f",
		"00:1b:21:3c:4d:5", "00:1b:21:3c:4d:5g", "001b213c4d5e00000", "01:00:5e:00:00:01",
		"ff:ff:ff:ff:ff:ff", "0:01b:21:3c:4d:5e"};
	char words[80];
	struct lan_mac mac;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct textbuf why = textbuf_of(words, sizeof(words));

		assert_false(lan_mac_parse(str_of(bad[i]), &mac, &why));
		assert_true(why.n > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lan_has_the_numbered_network_of_a_prefix),
		cmocka_unit_test(a_prefix_without_that_number_gives_nothing),
		cmocka_unit_test(the_network_of_a_dead_link_is_withdrawn_while_another_works),
		cmocka_unit_test(beside_a_network_of_the_lans_own_a_dead_one_is_withdrawn),
		cmocka_unit_test(prefixes_that_cannot_be_given_are_refused),
		cmocka_unit_test(a_range_is_served_with_mask_and_time),
		cmocka_unit_test(a_host_always_gets_its_address),
		cmocka_unit_test(without_a_dns_server_no_port_is_taken_and_none_is_named),
		cmocka_unit_test(networks_of_ipv6_are_advertised),
		cmocka_unit_test(a_lan_that_wants_nothing_is_not_served),
		cmocka_unit_test(resolvers_are_asked_over_their_own_link_while_it_lives),
		cmocka_unit_test(resolvers_of_the_lease_are_asked_unless_others_were_typed),
		cmocka_unit_test(bad_services_are_refused_with_the_reason),
		cmocka_unit_test(links_and_lans_on_one_port_are_told_apart_by_vlans),
		cmocka_unit_test(a_card_address_is_six_octets_of_one_card),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
