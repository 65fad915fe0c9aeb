/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The whole product under virtual time: what happens, the log it must leave, and what the world is
 * answered.  The invariants of scenario.h are checked after every change. */
#include "scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs the three above. */
#include <cmocka.h>

static void cut(struct scenario *s, unsigned interface, bool is_cut)
{
	s->sim.interface[interface].cut = is_cut;
}

/* Both links are up and the log so far is read. */
static struct scenario *running(const char *more)
{
	struct scenario *s = scenario_open(more);

	scenario_run(s, sec(30));
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	assert_int_equal(scenario_state(s, "wan2"), LINK_UP);
	scenario_skip_log(s);
	return s;
}

static void links_come_up_within_two_seconds_of_a_cold_start(void **state)
{
	struct scenario *s = scenario_open("");

	(void)state;
	scenario_run(s, sec(2));
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	assert_int_equal(scenario_state(s, "wan2"), LINK_UP);
	assert_string_equal(sim_lamp(&s->sim, "WAN1")->pattern, "green");
	scenario_close(s);
}

static void mail_comes_in_over_the_other_link_when_one_dies_and_returns_with_it(void **state)
{
	struct scenario *s = running("");
	long down, up;

	(void)state;
	assert_string_equal(scenario_answer(s, "example.com", CLIENT_MX),
		"10 mail1.example.com, 20 mail2.example.com");
	cut(s, 0, true);
	scenario_run(s, sec(33));
	down = scenario_logged_at(s, "wan1: up -> down (silence");
	assert_in_range(down, 30000, 31700);
	assert_string_equal(scenario_answer(s, "example.com", CLIENT_MX), "20 mail2.example.com");
	assert_string_equal(scenario_answer(s, "mail1.example.com", CLIENT_A), "");
	assert_string_equal(scenario_answer(s, "www.example.com", CLIENT_A), "198.51.100.4");
	assert_string_equal(sim_lamp(&s->sim, "WAN1")->pattern, "amber");
	assert_int_equal(s->sim.flushes[1], 1);
	assert_int_equal(s->sim.flushes[2], 0);

	cut(s, 0, false);
	scenario_run(s, sec(60));
	up = scenario_logged_at(s, "wan1: recovering -> up");
	assert_in_range(up, 33000 + 3000,
		33000 + 12000); /* proof of 3 s, hold-down, slack of down probing */
	assert_string_equal(scenario_answer(s, "example.com", CLIENT_MX),
		"10 mail1.example.com, 20 mail2.example.com");
	assert_string_equal(sim_lamp(&s->sim, "WAN1")->pattern, "green");
	/* A link that returns takes new connections only. */
	assert_int_equal(s->sim.flushes[1], 1);
	assert_int_equal(s->sim.flushes[2], 0);
	scenario_close(s);
}

static void with_every_link_dead_the_whole_mx_set_is_answered(void **state)
{
	struct scenario *s = running("");

	(void)state;
	cut(s, 0, true);
	cut(s, 1, true);
	scenario_run(s, sec(40));
	assert_int_equal(scenario_state(s, "wan1"), LINK_DOWN);
	assert_int_equal(scenario_state(s, "wan2"), LINK_DOWN);
	assert_string_equal(scenario_answer(s, "example.com", CLIENT_MX),
		"10 mail1.example.com, 20 mail2.example.com");
	assert_string_equal(scenario_answer(s, "mail1.example.com", CLIENT_A), "203.0.113.3");
	assert_string_equal(scenario_answer(s, "mail2.example.com", CLIENT_A), "198.51.100.3");
	/* There was nowhere to go when the second one died: its connections are left alone. */
	assert_int_equal(s->sim.flushes[1] + s->sim.flushes[2], 1);
	scenario_close(s);
}

static void equal_preferences_come_in_random_order(void **state)
{
	struct scenario *s = running("");
	unsigned first_a = 0;

	(void)state;
	for (unsigned i = 0; i < 400; i++)
		first_a += strcmp(scenario_answer(s, "example.net", CLIENT_MX),
				   "10 mx-a.example.net, 10 mx-b.example.net") == 0;
	assert_in_range(first_a, 140, 260);
	scenario_close(s);
}

static void a_pulled_cable_is_known_at_once(void **state)
{
	struct scenario *s = running("");

	(void)state;
	sim_plug(&s->sim, "eth0", false);
	scenario_run(s, span_sum(sec(30), ms(1)));
	assert_int_equal(scenario_state(s, "wan1"), LINK_NO_CARRIER);
	assert_int_equal(scenario_logged_at(s, "wan1: up -> no-carrier"), 30000);
	assert_string_equal(scenario_answer(s, "example.com", CLIENT_MX), "20 mail2.example.com");
	assert_string_equal(sim_lamp(&s->sim, "WAN1")->pattern, "off");
	sim_plug(&s->sim, "eth0", true);
	scenario_run(s, sec(50));
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	scenario_close(s);
}

static void an_interface_that_vanishes_and_returns_is_used_again(void **state)
{
	struct scenario *s = running("");

	(void)state;
	sim_exist(&s->sim, "eth1", false);
	scenario_run(s, sec(35));
	assert_int_equal(scenario_state(s, "wan2"), LINK_NO_CARRIER);
	sim_exist(&s->sim, "eth1", true);
	scenario_run(s, sec(60));
	assert_int_equal(scenario_state(s, "wan2"), LINK_UP);
	scenario_close(s);
}

static void a_dead_target_is_not_a_dead_link(void **state)
{
	struct scenario *s = running("");

	(void)state;
	sim_target(&s->sim, "192.0.2.54", false);
	scenario_run(s, sec(3600));
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	assert_int_equal(scenario_state(s, "wan2"), LINK_UP);
	assert_int_equal(scenario_logged_at(s, "-> down"), -1);
	assert_int_not_equal(scenario_logged_at(s, "192.0.2.54"), -1);
	scenario_close(s);
}

static void heavy_random_loss_is_not_a_dead_link(void **state)
{
	struct scenario *s = running("");

	(void)state;
	s->sim.interface[0].loss_ppm = 200000;
	scenario_run(s, sec(3600));
	assert_int_equal(scenario_logged_at(s, "-> down"), -1);
	scenario_close(s);
}

static void a_flapping_link_is_held_down_longer_each_time(void **state)
{
	struct scenario *s = running("");
	unsigned ups = 0;
	long now = 30;

	(void)state;
	for (unsigned i = 0; i < 30; i++) {
		cut(s, 0, true);
		scenario_run(s, sec(now += 5));
		cut(s, 0, false);
		scenario_run(s, sec(now += 15));
	}
	for (const char *at = s->sim.log + s->log_seen; (at = strstr(at, "wan1: recovering -> up"));
		at++)
		ups++;
	assert_in_range(ups, 1, 6);
	scenario_close(s);
}

static void a_backup_stands_by_until_it_is_needed(void **state)
{
	struct scenario *s = running("link wan2 role backup\n");

	(void)state;
	assert_string_equal(scenario_answer(s, "example.com", CLIENT_MX), "10 mail1.example.com");
	assert_string_equal(sim_lamp(&s->sim, "WAN2")->pattern, "green-flash");
	cut(s, 0, true);
	scenario_run(s, sec(35));
	assert_string_equal(scenario_answer(s, "example.com", CLIENT_MX), "20 mail2.example.com");
	assert_string_equal(sim_lamp(&s->sim, "WAN2")->pattern, "green");
	cut(s, 0, false);
	scenario_run(s, sec(60));
	assert_string_equal(scenario_answer(s, "example.com", CLIENT_MX), "10 mail1.example.com");
	scenario_close(s);
}

static void a_commit_that_concerns_something_else_keeps_what_was_learned(void **state)
{
	struct scenario *s = running("");
	uint64_t answered = s->product.link[1].target[0].answered;
	int status;

	(void)state;
	assert_true(answered > 5);
	scenario_type(s, "configure\nset policy spread method all\ncommit", &status);
	assert_int_equal(status, 0);
	assert_true(s->product.link[1].target[0].answered >= answered);
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	scenario_run(s, sec(40));
	assert_int_equal(scenario_logged_at(s, "wan1"), -1);
	scenario_close(s);
}

static void a_commit_changes_the_next_answer_and_rolls_back(void **state)
{
	struct scenario *s = running("");
	int status;

	(void)state;
	scenario_type(s,
		"configure\nset domain example.com host 5;mail0 address 192.0.2.90\n"
		"set domain example.com host 5;mail0 link any\n"
		"set domain example.com host 5;mail0 mail-entry yes\ncommit comment off-site",
		&status);
	assert_int_equal(status, 0);
	assert_string_equal(scenario_answer(s, "example.com", CLIENT_MX),
		"5 mail0.example.com, 10 mail1.example.com, 20 mail2.example.com");
	scenario_type(s, "configure\nrollback 1\ncommit", &status);
	assert_int_equal(status, 0);
	assert_string_equal(scenario_answer(s, "example.com", CLIENT_MX),
		"10 mail1.example.com, 20 mail2.example.com");
	scenario_close(s);
}

static void a_commit_with_a_mistake_changes_nothing_and_says_why(void **state)
{
	struct scenario *s = running("");
	const char *said;
	int status;

	(void)state;
	said = scenario_type(s,
		"configure\nset domain example.com host extra address 192.0.2.91\ncommit", &status);
	assert_int_not_equal(status, 0);
	assert_non_null(strstr(said, "link"));
	assert_string_equal(scenario_answer(s, "extra.example.com", CLIENT_A), "");
	scenario_close(s);
}

static void a_kernel_that_refuses_leaves_the_old_configuration_in_force(void **state)
{
	struct scenario *s = running("");
	const char *said;
	uint32_t revision = s->product.revision;
	int status;

	(void)state;
	s->sim.kernel_refuses = true;
	said = scenario_type(s, "configure\nset link wan1 weight 9\ncommit", &status);
	assert_int_not_equal(status, 0);
	assert_non_null(strstr(said, "Operation not permitted"));
	s->sim.kernel_refuses = false;
	assert_int_equal(s->product.revision, revision);
	assert_int_equal(fairlead_config(&s->product)->v.links[0].weight, 4);
	scenario_close(s);
}

static void a_kernel_that_refuses_at_the_start_does_not_keep_names_from_being_served(void **state)
{
	struct scenario *s = scenario_open_refused("");

	(void)state;
	assert_non_null(strstr(
		s->sim.log, "the settings were not applied in full: Operation not permitted"));
	assert_string_not_equal(scenario_answer(s, "www.example.com", CLIENT_A), "");
	s->sim.kernel_refuses = false;
	scenario_run(s, sec(30));
	assert_non_null(strstr(s->sim.log, "mended the kernel's forwarding state"));
	assert_string_not_equal(scenario_answer(s, "www.example.com", CLIENT_A), "");
	scenario_close(s);
}

static void a_full_disk_leaves_the_old_configuration_in_force(void **state)
{
	struct scenario *s = running("");
	const char *said;
	int status;

	(void)state;
	s->sim.storage_refuses = true;
	said = scenario_type(s, "configure\nset link wan1 weight 9\ncommit", &status);
	assert_int_not_equal(status, 0);
	assert_non_null(strstr(said, "No space left on device"));
	assert_int_equal(fairlead_config(&s->product)->v.links[0].weight, 4);
	scenario_close(s);
}

static void settings_with_mistakes_fall_back_to_the_last_good_revision(void **state)
{
	struct scenario *s = running("");
	const struct sim_item *saved = sim_stored(&s->sim, "settings");
	char good[65536];

	(void)state;
	snprintf(good, sizeof(good), "%.*s", (int)saved->n, (const char *)saved->octets);
	sim_store(&s->sim, "settings", "link wan1 { weight 99999 }\n");
	fairlead_close(&s->product);
	assert_int_equal(fairlead_open(&s->product, &s->sim.drivers), FL_EFORMAT);
	assert_int_not_equal(scenario_logged_at(s, "the last good one, is in force"), -1);
	scenario_run(s, sec(40));
	assert_string_equal(scenario_answer(s, "example.com", CLIENT_MX),
		"10 mail1.example.com, 20 mail2.example.com");
	assert_string_equal(sim_lamp(&s->sim, "SYS")->pattern, "red");

	sim_store(&s->sim, "settings", good);
	sim_reload(&s->sim);
	scenario_run(s, sec(50));
	assert_string_equal(sim_lamp(&s->sim, "SYS")->pattern, "green");
	scenario_close(s);
}

static void a_restart_begins_with_the_states_the_links_had(void **state)
{
	struct scenario *s = running("");

	(void)state;
	cut(s, 0, true);
	scenario_run(s, sec(60));
	assert_int_equal(scenario_state(s, "wan1"), LINK_DOWN);
	fairlead_close(&s->product);
	(void)fairlead_open(&s->product, &s->sim.drivers);
	assert_int_equal(scenario_state(s, "wan1"), LINK_DOWN);
	assert_int_equal(scenario_state(s, "wan2"), LINK_UP);
	assert_string_equal(scenario_answer(s, "example.com", CLIENT_MX), "20 mail2.example.com");
	scenario_run(s, sec(70));
	assert_int_equal(scenario_state(s, "wan1"), LINK_DOWN);
	assert_int_equal(scenario_state(s, "wan2"), LINK_UP);
	scenario_close(s);
}

static void numbers_of_links_outlive_a_restart_in_another_order(void **state)
{
	struct scenario *s = running("");
	int status;

	(void)state;
	scenario_type(s, "configure\nset link aaa interface eth7\nset link aaa disabled\ncommit",
		&status);
	assert_int_equal(status, 0);
	scenario_run(s, sec(60));
	fairlead_close(&s->product);
	(void)fairlead_open(&s->product, &s->sim.drivers);
	for (size_t i = 0; i < s->product.nlinks; i++) {
		const struct link_conf *c = &fairlead_config(&s->product)->v.links[i];

		assert_int_equal(c->number, str_is(c->name, "wan1")   ? 1
					    : str_is(c->name, "wan2") ? 2
								      : 3);
	}
	scenario_close(s);
}

static void the_soa_serial_rises_with_every_change(void **state)
{
	struct scenario *s = running("");
	struct client_reply reply;
	uint32_t before;
	int status;

	(void)state;
	scenario_ask(s, "example.com", CLIENT_SOA, &reply);
	before = reply.record[0].serial;
	cut(s, 0, true);
	scenario_run(s, sec(35));
	scenario_ask(s, "example.com", CLIENT_SOA, &reply);
	assert_true((int32_t)(reply.record[0].serial - before) > 0);
	before = reply.record[0].serial;
	scenario_type(s, "configure\nset domain example.com ttl 60s\ncommit", &status);
	assert_int_equal(status, 0);
	scenario_ask(s, "example.com", CLIENT_SOA, &reply);
	assert_true((int32_t)(reply.record[0].serial - before) > 0);
	scenario_close(s);
}

/* ---- probes over connections ---- */

static const char over_connections[] =
	"link lte { interface eth2, address 192.0.2.130/29, gateway 192.0.2.129, monitor { "
	"target 198.51.100.80 tcp 443, target 203.0.113.81 http www.example.org/bell \"a bell\", "
	"target 203.0.113.82 http www.example.net/ 200 } }\n";

static struct scenario *over_connections_up(void)
{
	struct scenario *s = scenario_open_with(over_connections);

	scenario_run(s, sec(30));
	assert_int_equal(scenario_state(s, "lte"), LINK_UP);
	scenario_skip_log(s);
	return s;
}

static void connections_and_pages_keep_a_link_up_and_their_silence_takes_it_down(void **state)
{
	struct scenario *s = over_connections_up();

	(void)state;
	cut(s, 2, true);
	scenario_run(s, sec(33));
	assert_in_range(scenario_logged_at(s, "lte: up -> down (silence"), 30000, 32500);
	cut(s, 2, false);
	scenario_run(s, sec(60));
	assert_int_equal(scenario_state(s, "lte"), LINK_UP);
	scenario_close(s);
}

static void a_captive_portal_is_named_and_its_pages_are_not_believed(void **state)
{
	struct scenario *s = over_connections_up();
	int status;

	(void)state;
	s->sim.interface[2].portal = true;
	scenario_run(s, sec(120));
	assert_non_null(strstr(scenario_type(s, "show link lte", &status),
		"203.0.113.82 http www.example.net/: "));
	assert_non_null(strstr(scenario_type(s, "show link lte", &status),
		"it says a redirect (302), silent while others answer: not believed"));
	scenario_close(s);
}

/* ---- IPv4 and IPv6 apart ---- */

static const char both_families[] =
	"link wan1 { interface eth0, address 203.0.113.2/29, address 2001:db8:1::2/64, "
	"gateway 203.0.113.1, gateway 2001:db8:1::1, monitor { target 192.0.2.53 ping, "
	"target 192.0.2.54 ping, target 2001:db8:53::1 ping, target 2001:db8:53::2 ping } }\n"
	"link wan2 { interface eth1, address 198.51.100.2/29, address 2001:db8:2::2/64, "
	"gateway 198.51.100.1, gateway 2001:db8:2::1, monitor { target 192.0.2.53 ping, "
	"target 192.0.2.54 ping, target 2001:db8:53::1 ping, target 2001:db8:53::2 ping } }\n"
	"domain example.com { name-server ns1 { address 203.0.113.2, link wan1 }\n"
	"  host w4 { address 203.0.113.4, link wan1 }\n"
	"  host w6 { address 2001:db8:1::4, link wan1 }\n"
	"  host x6 { address 2001:db8:2::4, link wan2 }\n"
	"  host 10;m4 { address 203.0.113.3, link wan1, mail-entry yes }\n"
	"  host 20;m6 { address 2001:db8:1::3, link wan1, mail-entry yes }\n"
	"  balanced-host www { member w4, member w6, member x6, policy both } }\n"
	"policy both { method all, member wan1, member wan2 }\nrule 9 { policy both }\n";

static bool kernel_has_down(struct scenario *s, uint8_t family, uint8_t number)
{
	uint8_t nfproto = family == 4 ? KNFPROTO_IPV4 : KNFPROTO_IPV6;
	struct kelem e = {0};
	uint32_t mark = number, value;

	kelem_put(&e, KSET_NFPROTO, &nfproto, 1);
	kelem_put(&e, KSET_MARK, &mark, 4);
	return sim_lookup(&s->sim, "down", e.key, e.key_n, &value);
}

static struct scenario *both_families_up(void)
{
	struct scenario *s = scenario_open_with(both_families);

	scenario_run(s, sec(30));
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	scenario_skip_log(s);
	return s;
}

static void dead_ipv6_leaves_ipv4_on_its_link(void **state)
{
	struct scenario *s = both_families_up();

	(void)state;
	s->sim.interface[0].cut6 = true;
	scenario_run(s, sec(36));
	assert_in_range(scenario_logged_at(s, "wan1: IPv6 is dead, IPv4 carries on"), 30000, 34000);
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	assert_true(kernel_has_down(s, 6, 1));
	assert_false(kernel_has_down(s, 4, 1));
	assert_false(kernel_has_down(s, 6, 2));
	/* Connections over IPv6 move, those over IPv4 stay. */
	assert_int_equal(s->sim.family_flushes[1][1], 1);
	assert_int_equal(s->sim.family_flushes[1][0], 0);
	assert_int_equal(s->sim.flushes[1], 0);
	assert_string_equal(scenario_answer(s, "www.example.com", CLIENT_AAAA), "2001:db8:2::4");
	assert_string_equal(scenario_answer(s, "www.example.com", CLIENT_A), "203.0.113.4");
	assert_string_equal(scenario_answer(s, "w6.example.com", CLIENT_AAAA), "");
	assert_string_equal(scenario_answer(s, "example.com", CLIENT_MX), "10 m4.example.com");
	scenario_close(s);
}

static void ipv6_comes_back_after_a_proof(void **state)
{
	struct scenario *s = both_families_up();

	(void)state;
	s->sim.interface[0].cut6 = true;
	scenario_run(s, sec(60));
	s->sim.interface[0].cut6 = false;
	scenario_run(s, sec(70));
	assert_in_range(scenario_logged_at(s, "wan1: IPv6 works again"), 62900, 66000);
	assert_false(kernel_has_down(s, 6, 1));
	assert_string_equal(scenario_answer(s, "w6.example.com", CLIENT_AAAA), "2001:db8:1::4");
	scenario_close(s);
}

/* The router's own address there is what makes dnsmasq tell hosts to use the network. */
static bool lan_uses(struct scenario *s, const char *address)
{
	int status;

	return strstr(scenario_type(s, "show forwarding", &status), address);
}

static void hosts_are_told_of_dead_ipv6_and_of_its_return(void **state)
{
	struct scenario *s = scenario_open_with(
		"link wan1 { interface eth0, address 203.0.113.2/29, address 2001:db8:1::2/64, "
		"gateway 203.0.113.1, gateway 2001:db8:1::1, prefix 2001:db8:100::/56, monitor { "
		"target 192.0.2.53 ping, target 192.0.2.54 ping, "
		"target 2001:db8:53::1 ping, target 2001:db8:53::2 ping } }\n"
		"link wan2 { interface eth1, address 198.51.100.2/29, address 2001:db8:2::2/64, "
		"gateway 198.51.100.1, gateway 2001:db8:2::1, prefix 2001:db8:200::/56, monitor { "
		"target 192.0.2.53 ping, target 192.0.2.54 ping, "
		"target 2001:db8:53::1 ping, target 2001:db8:53::2 ping } }\n"
		"lan office { interface eth2, address 192.168.1.1/24, router-advertisements, "
		"delegated-prefix wan1 1, delegated-prefix wan2 2 }\n"
		"policy both { method all, member wan1, member wan2 }\nrule 9 { policy both }\n");

	(void)state;
	scenario_run(s, sec(30));
	assert_true(lan_uses(s, "2001:db8:100:1::1/64 dev eth2"));
	assert_true(lan_uses(s, "2001:db8:200:2::1/64 dev eth2"));
	s->sim.interface[0].cut6 = true;
	scenario_run(s, sec(40));
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	assert_false(lan_uses(s, "2001:db8:100:1::1/64 dev eth2"));
	assert_true(lan_uses(s, "2001:db8:200:2::1/64 dev eth2"));
	s->sim.interface[0].cut6 = false;
	scenario_run(s, sec(80));
	assert_true(lan_uses(s, "2001:db8:100:1::1/64 dev eth2"));
	scenario_close(s);
}

static void a_link_that_comes_back_without_ipv6_carries_ipv4_alone(void **state)
{
	struct scenario *s = both_families_up();
	int status;

	(void)state;
	cut(s, 0, true);
	scenario_run(s, sec(40));
	s->sim.interface[0].cut6 = true;
	cut(s, 0, false);
	scenario_run(s, sec(60));
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	assert_false(kernel_has_down(s, 4, 1));
	assert_true(kernel_has_down(s, 6, 1));
	assert_non_null(strstr(scenario_type(s, "show link wan1", &status), "IPv6 is dead for"));
	scenario_close(s);
}

static void chance_losses_do_not_take_a_family_down(void **state)
{
	struct scenario *s = both_families_up();

	(void)state;
	s->sim.interface[0].loss_ppm = 100000;
	scenario_run(s, sec(6 * 3600));
	assert_int_equal(scenario_logged_at(s, "is dead,"), -1);
	scenario_close(s);
}

/* ---- the slow plane ---- */

#define SERVICE_LINK(name, interface, net, more)                                                   \
	"link " name " { interface " interface ", address " net ".2/29, gateway " net              \
	".1, monitor { target 192.0.2.53 ping, target 192.0.2.54 ping, target 192.0.2.55 "         \
	"ping " more " } }\n"
#define CHECKED ", service-check 192.0.2.80 tcp 443 "
#define TWO_LINKS(more)                                                                            \
	SERVICE_LINK("wan1", "eth0", "203.0.113", CHECKED more)                                    \
	SERVICE_LINK("wan2", "eth1", "198.51.100", "")

static struct scenario *checked(const char *settings)
{
	struct scenario *s = scenario_open_with(settings);

	scenario_run(s, sec(100));
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	scenario_skip_log(s);
	s->sim.interface[0].filtered = 443;
	return s;
}

static void a_service_that_fails_here_alone_degrades_the_link(void **state)
{
	struct scenario *s = checked(TWO_LINKS(""));

	(void)state;
	scenario_run(s, sec(140));
	assert_in_range(scenario_logged_at(s, "wan1: up -> degraded (service fails here "
					      "and not elsewhere: tcp 443 at "
					      "192.0.2.80: no answer in time"),
		100000, 138000);
	s->sim.interface[0].filtered = 0;
	scenario_run(s, sec(180));
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	scenario_close(s);
}

static void a_service_that_fails_everywhere_is_to_blame_itself(void **state)
{
	struct scenario *s = checked(TWO_LINKS(""));

	(void)state;
	s->sim.interface[1].filtered = 443;
	scenario_run(s, sec(140));
	assert_true(scenario_logged_at(s, "fails over every link, its own trouble: tcp 443") > 0);
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	scenario_run(s, sec(240)); /* each link has told it by now, and does not tell it again */
	scenario_skip_log(s);
	scenario_run(s, sec(420));
	assert_true(scenario_logged_at(s, "fails over every link") < 0);
	s->sim.interface[0].filtered = s->sim.interface[1].filtered = 0;
	scenario_run(s, sec(560));
	assert_true(scenario_logged_at(s, "wan1: service works again: tcp 443") > 0);
	scenario_close(s);
}

static void a_failing_service_takes_its_link_down_where_that_is_set(void **state)
{
	struct scenario *s = checked(TWO_LINKS(", on-service-fail down"));

	(void)state;
	scenario_run(s, sec(140));
	assert_true(scenario_logged_at(s, "wan1: up -> down (service fails here") > 0);
	assert_int_equal(scenario_state(s, "wan1"), LINK_RECOVERING);
	scenario_run(s, sec(300)); /* it answers, and yet it is not used */
	assert_int_equal(scenario_state(s, "wan1"), LINK_RECOVERING);
	s->sim.interface[0].filtered = 0;
	scenario_run(s, sec(340));
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	scenario_close(s);
}

static void no_service_takes_the_last_link_down(void **state)
{
	struct scenario *s = checked(TWO_LINKS(", on-service-fail down"));

	(void)state;
	cut(s, 1, true);
	scenario_run(s, sec(200));
	assert_int_equal(scenario_state(s, "wan1"), LINK_DEGRADED);
	scenario_close(s);
}

static void a_failing_service_can_be_told_only(void **state)
{
	struct scenario *s = checked(TWO_LINKS(", on-service-fail ignore"));

	(void)state;
	scenario_run(s, sec(140));
	assert_true(scenario_logged_at(s, "wan1: service fails here: tcp 443 at 192.0.2.80") > 0);
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	scenario_close(s);
}

static void two_failing_services_take_the_link_down(void **state)
{
	struct scenario *s =
		checked(TWO_LINKS(", service-check 192.0.2.80 http www.example.org:443/"));

	(void)state;
	scenario_run(s, sec(240));
	assert_true(scenario_logged_at(s, "wan1: up -> degraded (service") > 0);
	assert_true(scenario_logged_at(s, "wan1: degraded -> down (service fails here") > 0);
	scenario_close(s);
}

static void services_are_checked_as_often_as_is_set(void **state)
{
	struct scenario *s = checked(TWO_LINKS(", service-interval 10m"));

	(void)state;
	scenario_run(s, sec(190));
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	scenario_run(s, sec(800));
	assert_int_equal(scenario_state(s, "wan1"), LINK_DEGRADED);
	scenario_close(s);
}

static void a_captive_portal_shows_as_a_failing_page(void **state)
{
	struct scenario *s = checked(SERVICE_LINK("wan1", "eth0", "203.0.113",
		", service-check 192.0.2.81 http www.example.org/ \"sound as a bell\"")
			SERVICE_LINK("wan2", "eth1", "198.51.100", ""));

	(void)state;
	s->sim.interface[0].portal = true;
	scenario_run(s, sec(140));
	assert_int_equal(scenario_state(s, "wan1"), LINK_DEGRADED);
	scenario_close(s);
}

/* Two days of outages at random on both links: the invariants are the test. */
static void days_of_random_outages_break_no_invariant(void **state)
{
	struct scenario *s = running("");
	struct rng rng = rng_of(7);
	int64_t now = 30;

	(void)state;
	for (unsigned i = 0; i < 400; i++) {
		uint32_t what = rng_below(&rng, 8);

		if (what < 2)
			cut(s, what, true);
		else if (what < 4)
			cut(s, what - 2, false);
		else if (what < 6)
			sim_plug(&s->sim, what == 4 ? "eth0" : "eth1", rng_below(&rng, 2));
		else
			s->sim.interface[what - 6].loss_ppm = rng_below(&rng, 300000);
		scenario_run(s, sec(now += 1 + rng_below(&rng, i % 10 ? 30 : 6000)));
	}
	assert_true(now > 86400);
	scenario_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_come_up_within_two_seconds_of_a_cold_start),
		cmocka_unit_test(
			mail_comes_in_over_the_other_link_when_one_dies_and_returns_with_it),
		cmocka_unit_test(with_every_link_dead_the_whole_mx_set_is_answered),
		cmocka_unit_test(equal_preferences_come_in_random_order),
		cmocka_unit_test(a_pulled_cable_is_known_at_once),
		cmocka_unit_test(an_interface_that_vanishes_and_returns_is_used_again),
		cmocka_unit_test(a_dead_target_is_not_a_dead_link),
		cmocka_unit_test(heavy_random_loss_is_not_a_dead_link),
		cmocka_unit_test(a_flapping_link_is_held_down_longer_each_time),
		cmocka_unit_test(a_backup_stands_by_until_it_is_needed),
		cmocka_unit_test(a_commit_that_concerns_something_else_keeps_what_was_learned),
		cmocka_unit_test(a_commit_changes_the_next_answer_and_rolls_back),
		cmocka_unit_test(a_commit_with_a_mistake_changes_nothing_and_says_why),
		cmocka_unit_test(a_kernel_that_refuses_leaves_the_old_configuration_in_force),
		cmocka_unit_test(
			a_kernel_that_refuses_at_the_start_does_not_keep_names_from_being_served),
		cmocka_unit_test(a_full_disk_leaves_the_old_configuration_in_force),
		cmocka_unit_test(settings_with_mistakes_fall_back_to_the_last_good_revision),
		cmocka_unit_test(a_restart_begins_with_the_states_the_links_had),
		cmocka_unit_test(numbers_of_links_outlive_a_restart_in_another_order),
		cmocka_unit_test(the_soa_serial_rises_with_every_change),
		cmocka_unit_test(
			connections_and_pages_keep_a_link_up_and_their_silence_takes_it_down),
		cmocka_unit_test(a_captive_portal_is_named_and_its_pages_are_not_believed),
		cmocka_unit_test(dead_ipv6_leaves_ipv4_on_its_link),
		cmocka_unit_test(ipv6_comes_back_after_a_proof),
		cmocka_unit_test(hosts_are_told_of_dead_ipv6_and_of_its_return),
		cmocka_unit_test(a_link_that_comes_back_without_ipv6_carries_ipv4_alone),
		cmocka_unit_test(chance_losses_do_not_take_a_family_down),
		cmocka_unit_test(a_service_that_fails_here_alone_degrades_the_link),
		cmocka_unit_test(a_service_that_fails_everywhere_is_to_blame_itself),
		cmocka_unit_test(a_failing_service_takes_its_link_down_where_that_is_set),
		cmocka_unit_test(no_service_takes_the_last_link_down),
		cmocka_unit_test(a_failing_service_can_be_told_only),
		cmocka_unit_test(two_failing_services_take_the_link_down),
		cmocka_unit_test(services_are_checked_as_often_as_is_set),
		cmocka_unit_test(a_captive_portal_shows_as_a_failing_page),
		cmocka_unit_test(days_of_random_outages_break_no_invariant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
