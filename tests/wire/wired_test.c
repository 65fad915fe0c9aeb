/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sentinel at the end of a cable: real ARP, neighbour discovery, ICMP, UDP and TCP under
 * virtual time. Each scenario is a process of its own, since lwIP has data of its own and no end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wired.h"

enum { A = 1, MX = 15 };

static struct wired w;

/* In a child: what is not so ends it. */
#define NEED(what)                                                                                 \
	do {                                                                                       \
		if (!(what)) {                                                                     \
			fprintf(stderr, "%s:%d: not so: %s\nlog:\n%s", __FILE__, __LINE__, #what,  \
				w.log);                                                            \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

static void in_child(void (*scenario)(void))
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		scenario();
		wired_close(&w);
		NEED(w.allocations == 0);
		fflush(NULL);
		_exit(0);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

#define SCENARIO(name)                                                                             \
	static void name##_scenario(void);                                                         \
	static void name(void **state)                                                             \
	{                                                                                          \
		(void)state;                                                                       \
		in_child(name##_scenario);                                                         \
	}                                                                                          \
	static void name##_scenario(void)

static void begin(uint64_t seed)
{
	const struct wired_world world = {.seed = seed};

	wired_open(&w, &world);
	wired_run(&w, sec(20));
}

static void need_all_up(void)
{
	for (unsigned leg = 0; leg < WIRED_LEGS; leg++)
		NEED(wired_state(&w, leg) == LINK_UP);
}

SCENARIO(pings_dns_tcp_and_http_bring_the_links_up)
{
	struct far_figures far;

	begin(1);
	need_all_up();
	far_figures(&far);
	NEED(far.echoes_in > 40 && far.datagrams_in > 0 && far.connections_in > 0);
	for (unsigned leg = 0; leg < WIRED_LEGS; leg++)
		NEED(strcmp(w.lamp[leg + 1], "green") == 0);
}

SCENARIO(questions_are_answered_on_every_leg_over_udp_and_tcp_of_both_families)
{
	begin(2);
	for (unsigned leg = 0; leg < WIRED_LEGS; leg++)
		for (int tcp = 0; tcp < 2; tcp++) {
			NEED(wired_ask(&w, leg, tcp, "www.example.com", A, sec(2)));
			NEED(wired_count(&w) == 4);
			NEED(wired_ask6(&w, leg, tcp, "example.com", MX, sec(2)));
			NEED(wired_count(&w) == 2);
			NEED(wired_ask(&w, leg, tcp, "www.example.net", A, sec(2)));
			NEED(wired_rcode(&w) == 5); /* REFUSED */
		}
}

SCENARIO(a_leg_that_is_cut_leaves_the_answers_and_comes_back)
{
	begin(3);
	w.vlan[1]->cut = true;
	wired_run(&w, sec(5));
	NEED(wired_state(&w, 1) == LINK_DOWN);
	NEED(strcmp(w.lamp[2], "amber") == 0);
	NEED(wired_ask(&w, 0, false, "www.example.com", A, sec(1)) && wired_count(&w) == 3);
	NEED(wired_ask(&w, 2, true, "example.com", MX, sec(1)) && wired_count(&w) == 1);
	NEED(!wired_ask(&w, 1, false, "www.example.com", A, sec(1)));
	w.vlan[1]->cut = false;
	wired_run(&w, sec(120));
	need_all_up();
	NEED(wired_ask(&w, 1, false, "www.example.com", A, sec(1)) && wired_count(&w) == 4);
}

SCENARIO(a_pulled_cable_is_seen_at_once)
{
	begin(4);
	w.trunk.unplugged = true;
	wired_run(&w, ms(100));
	for (unsigned leg = 0; leg < WIRED_LEGS; leg++)
		NEED(wired_state(&w, leg) == LINK_NO_CARRIER);
	w.trunk.unplugged = false;
	wired_run(&w, sec(60));
	need_all_up();
}

SCENARIO(four_legs_with_one_network_and_one_address_are_told_apart)
{
	const struct wired_world world = {.seed = 5, .same_network = true};

	wired_open(&w, &world);
	wired_run(&w, sec(20));
	need_all_up();
	w.vlan[2]->cut = true;
	wired_run(&w, sec(6));
	NEED(wired_state(&w, 2) == LINK_DOWN);
	for (unsigned i = 0; i < 240; i++) {
		unsigned leg = i % 4 == 2 ? 3 : i % 4;

		NEED(wired_ask(&w, leg, i / 4 % 2, "www.example.com", A, sec(2)));
		NEED(wired_count(&w) == 3);
	}
	NEED(w.failures == 0);
}

/* A ping in a frame of VLAN `vlan`. */
static void send_ping(uint16_t vlan, struct ip_addr from, struct ip_addr to)
{
	uint8_t octets[64] = {0};
	struct buf f = buf_of(octets, sizeof(octets));
	uint32_t sum = 0;

	buf_put(&f, w.trunk.wire.mac, 6);
	buf_put(&f, "\2\0\0\0\1\1\x81\0", 8);
	buf_put_u16(&f, vlan);
	buf_put(&f, "\x08\x00\x45\x00\x00\x1c\0\0\0\0\x40\x01\0\0", 14);
	buf_put(&f, from.b, 4);
	buf_put(&f, to.b, 4);
	buf_put(&f, "\x08\x00\xf7\xff\0\0\0\0", 8);
	for (size_t i = 18; i < 38; i += 2)
		sum += get_u16(octets + i);
	set_u16(octets + 28, (uint16_t) ~(sum + (sum >> 16)));
	trunk_send_near(&w.trunk, bytes_of(octets, f.n));
	wired_run(&w, ms(50));
}

static struct ip_addr host(uint8_t leg, uint8_t last)
{
	return ip_addr_v4(10, leg, 0, last);
}

SCENARIO(a_leg_answers_for_its_own_address_and_no_other)
{
	uint64_t sent;

	begin(6);
	sent = w.vlan[0]->to_far;
	send_ping(10, host(1, 1), host(1, 2));
	NEED(w.stack.counters.not_ours == 0 && w.vlan[0]->to_far > sent);
	send_ping(10, host(1, 1), host(2, 2));
	NEED(w.stack.counters.not_ours == 1);
	send_ping(10, host(1, 2), host(1, 2));
	NEED(w.stack.counters.spoofed == 1);
}

SCENARIO(frames_that_are_none_are_counted)
{
	static const uint8_t octets[1600] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 1, 1, 0x81, 0, 0, 10};

	begin(6);
	trunk_vlan(&w.trunk, 99)->delay = ms(0);
	trunk_vlan(&w.trunk, 0)->delay = ms(0);
	send_ping(99, host(1, 1), host(1, 2));
	NEED(w.stack.counters.strangers == 1);
	trunk_send_near(&w.trunk, bytes_of(octets, 13));
	trunk_send_near(&w.trunk, bytes_of(octets, 1519));
	wired_run(&w, ms(50));
	NEED(w.stack.counters.runts == 1 && w.stack.counters.giants == 1);
	for (size_t n = 14; n < 100; n++)
		trunk_send_near(&w.trunk, bytes_of(octets, n));
	wired_run(&w, sec(1));
	NEED(wired_ask(&w, 0, false, "www.example.com", A, sec(1)));
}

SCENARIO(loss_and_late_packets_take_nothing_down)
{
	begin(7);
	for (unsigned leg = 0; leg < WIRED_LEGS; leg++) {
		w.vlan[leg]->loss_ppm = 100000;
		w.vlan[leg]->delay = ms(60);
		w.vlan[leg]->jitter = ms(40);
	}
	wired_run(&w, sec(3600));
	NEED(!strstr(w.log, "-> down"));
}

SCENARIO(damaged_frames_do_no_harm)
{
	begin(8);
	for (unsigned leg = 0; leg < WIRED_LEGS; leg++)
		w.vlan[leg]->damage_ppm = 50000;
	for (unsigned i = 0; i < 2500; i++) {
		(void)wired_ask(&w, i % 4, i % 8 > 3, "www.example.com", A, sec(2));
		wired_run(&w, sec(8));
	}
	NEED(w.trunk.now.us >= 20000 * INT64_C(1000000));
	for (unsigned leg = 0; leg < WIRED_LEGS; leg++)
		w.vlan[leg]->damage_ppm = 0;
	wired_run(&w, sec(300));
	need_all_up();
	for (unsigned leg = 0; leg < WIRED_LEGS; leg++)
		NEED(wired_ask(&w, leg, true, "www.example.com", A, sec(2)) &&
			wired_count(&w) == 4);
}

/* The stack counts milliseconds in 32 bits: they start again after 49.7 days. */
SCENARIO(nothing_happens_when_the_milliseconds_start_again)
{
	const struct wired_world world = {
		.seed = 9, .start = {(INT64_C(4294967296) - 30000) * 1000}};

	wired_open(&w, &world);
	for (unsigned i = 0; i < 100; i++) {
		NEED(wired_ask(&w, i % 4, i % 8 > 3, "www.example.com", A, sec(3)));
		wired_run(&w, sec(1));
	}
	need_all_up();
	NEED(!strstr(w.log, "-> down"));
}

SCENARIO(a_simulated_day_is_quiet)
{
	begin(10);
	wired_run(&w, sec(86400));
	need_all_up();
	NEED(!strstr(w.log, "-> down"));
}

SCENARIO(a_client_that_never_reads_delays_no_other)
{
	static const uint8_t half[] = {0, 40, 1, 2, 3}; /* of a message of 40 octets */
	const struct dns_lwip_figures *f = &w.dns.figures;

	begin(11);
	for (unsigned i = 0; i < 4 * DNS_LWIP_CONNECTIONS; i++) {
		far_send_tcp(i % 4, wired_address(&w, i % 4, 4), bytes_of(half, sizeof(half)));
		wired_run(&w, ms(50));
	}
	NEED(f->connections == 4 * DNS_LWIP_CONNECTIONS && f->queries == 0);
	NEED(f->pushed_out == 3 * DNS_LWIP_CONNECTIONS);
	NEED(w.failures == f->pushed_out);
	NEED(wired_ask(&w, 2, true, "www.example.com", A, sec(3)));
	NEED(f->queries == 1 && f->pushed_out == 3 * DNS_LWIP_CONNECTIONS + 1);
	wired_run(&w, sec(12));
	NEED(w.failures == 4 * DNS_LWIP_CONNECTIONS); /* those that were left: idle for 10 s */
}

SCENARIO(settings_are_taken_at_the_serial_line)
{
	begin(12);
	wired_type(&w, "load settings\rlink wan1 { interface eth0.10, adress 1.2.3.4/24 }\r.\r");
	NEED(strstr(w.screen, "there is no setting \"adress\""));
	NEED(strstr(w.screen, "error: nothing was changed"));
	NEED(w.sentinel.nlinks == 4);
	NEED(wired_ask(&w, 0, false, "www.example.com", A, sec(1)) && wired_count(&w) == 4);
	wired_type(&w, "load settings\rlink wan1 { interface eth0.10, address 10.1.0.2/24, gateway "
		       "10.1.0.1 }\r"
		       "lan office { interface eth1, address 192.168.1.1/24 }\r"
		       "domain example.com { name-server ns1 { address 203.0.113.2, link wan1 }\r"
		       "host new { address 203.0.113.9, link wan1 } }\r.\r");
	NEED(strstr(w.screen, "note: lan: a sentinel has no use for it"));
	NEED(strstr(w.screen, "stored, and in force"));
	NEED(w.sentinel.nlinks == 1);
	NEED(wired_ask(&w, 0, false, "new.example.com", A, sec(1)) && wired_count(&w) == 1);
	NEED(memcmp(w.settings, "link wan1", 9) == 0);
}

SCENARIO(a_blank_board_takes_settings_after_a_mistake)
{
	const struct wired_world blank = {.seed = 13, .settings = ""};

	wired_open(&w, &blank);
	NEED(strstr(w.log, "no settings are stored yet"));
	wired_type(&w, "load settings\rlink wan1 { interface eth0.10, adress 1.2.3.4/24 }\r.\r");
	NEED(strstr(w.screen, "error: nothing was changed"));
	wired_type(&w, "load settings\rlink wan1 { interface eth0.10, address 10.1.0.2/24, gateway "
		       "10.1.0.1 }\r"
		       "domain example.com { name-server ns1 { address 203.0.113.2, link wan1 }\r"
		       "host new { address 203.0.113.9, link wan1 } }\r.\r");
	NEED(strstr(w.screen, "stored, and in force"));
	NEED(wired_ask(&w, 0, false, "new.example.com", A, sec(1)) && wired_count(&w) == 1);
}

static void paste_hosts(unsigned n)
{
	wired_type(&w, "load settings\rlink wan1 { interface eth0.10, address 10.1.0.2/24, gateway "
		       "10.1.0.1 }\r"
		       "domain example.com { name-server ns1 { address 203.0.113.2, link wan1 }\r");
	for (unsigned i = 0; i < n; i++) {
		char line[80];

		snprintf(line, sizeof(line), "host h%u { address 203.0.113.9, link wan1 }\r", i);
		wired_type(&w, line);
	}
	w.nscreen = 0;
	wired_type(&w, "}\r.\r");
}

/* Neither while they are pasted nor while they are compiled: the same is said. */
SCENARIO(settings_that_memory_does_not_hold_change_nothing)
{
	static const char said[] = "error: the settings do not fit this board's memory; fewer host "
				   "records or links do";

	begin(15);
	w.octets_max = w.octets + 65536;
	for (unsigned hosts = 200; hosts <= 1600; hosts *= 8) {
		paste_hosts(hosts);
		NEED(strstr(w.screen, said));
		NEED(strstr(w.screen, "error: nothing was changed"));
		NEED(!strstr(w.screen, "is not known here"));
		NEED(w.sentinel.nlinks == 4);
		NEED(wired_ask(&w, 0, false, "www.example.com", A, sec(1)) && wired_count(&w) == 4);
	}
	paste_hosts(20);
	NEED(strstr(w.screen, "stored, and in force"));
	NEED(wired_ask(&w, 0, false, "h19.example.com", A, sec(1)) && wired_count(&w) == 1);
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pings_dns_tcp_and_http_bring_the_links_up),
		TEST(questions_are_answered_on_every_leg_over_udp_and_tcp_of_both_families),
		TEST(a_leg_that_is_cut_leaves_the_answers_and_comes_back),
		TEST(a_pulled_cable_is_seen_at_once),
		TEST(four_legs_with_one_network_and_one_address_are_told_apart),
		TEST(a_leg_answers_for_its_own_address_and_no_other),
		TEST(frames_that_are_none_are_counted),
		TEST(loss_and_late_packets_take_nothing_down),
		TEST(damaged_frames_do_no_harm),
		TEST(nothing_happens_when_the_milliseconds_start_again),
		TEST(a_simulated_day_is_quiet),
		TEST(a_client_that_never_reads_delays_no_other),
		TEST(settings_are_taken_at_the_serial_line),
		TEST(a_blank_board_takes_settings_after_a_mistake),
		TEST(settings_that_memory_does_not_hold_change_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
