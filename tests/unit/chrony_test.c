/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "chrony.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void clock_follows_the_servers_and_serves_nobody(void **state)
{
	const struct ip_addr servers[] = {ip_addr_v4(192, 0, 2, 1), ip_addr_v4(198, 51, 100, 1)};
	char room[1024];
	struct textbuf text = textbuf_of(room, sizeof(room));
	struct sink out = textbuf_sink(&text);

	(void)state;
	chrony_conf(servers, COUNT_OF(servers), "/run/x/chronyd.pid", &out);
	assert_string_equal(room, "server 192.0.2.1 iburst\n"
				  "server 198.51.100.1 iburst\n"
				  "makestep 0.5 -1\n"
				  "rtcsync\n"
				  "port 0\n"
				  "cmdport 0\n"
				  "bindcmdaddress /\n"
				  "pidfile /run/x/chronyd.pid\n");
}

/* As chronyd 4.3 prints them, and what is nearly that. */
static void lines_mean_what_they_say(void **state)
{
	static const struct {
		const char *line;
		enum chrony_news news;
		const char *server;
		int64_t ahead_us;
	} cases[] = {
		{"2026-11-24T09:51:06Z chronyd version 4.3 starting (+CMDMON +NTP)", CHRONY_BEGINS,
			NULL, 0},
		{"2026-11-24T09:51:10Z Selected source 192.0.2.123", CHRONY_FOLLOWS, "192.0.2.123",
			0},
		{"2026-11-24T09:51:10Z Selected source 2001:db8::1 (time.example.net)",
			CHRONY_FOLLOWS, "2001:db8::1", 0},
		{"Selected source 192.0.2.123", CHRONY_FOLLOWS, "192.0.2.123", 0},
		{"2026-11-24T09:51:10Z Can't synchronise: no selectable sources", CHRONY_LOST, NULL,
			0},
		{"2026-11-24T09:51:10Z Can't synchronise: no majority", CHRONY_LOST, NULL, 0},
		{"2026-11-24T09:51:10Z System clock was stepped by 217724341.250000 seconds",
			CHRONY_SET, NULL, INT64_C(217724341250000)},
		{"2026-11-24T09:51:10Z System clock was stepped by -3.900000 seconds", CHRONY_SET,
			NULL, -3900000},
		{"2026-11-24T09:51:10Z System clock was stepped by -0.600000 seconds", CHRONY_SET,
			NULL, -600000},
		{"2026-11-24T09:51:10Z System clock was stepped by much", CHRONY_NOTHING, NULL, 0},
		{"2026-11-24T09:51:10Z System clock wrong by 3.000000 seconds", CHRONY_NOTHING,
			NULL, 0},
		{"2026-11-24T09:51:10Z Selected source ", CHRONY_NOTHING, NULL, 0},
		{"2026-11-24T09:51:10Z Selected source PPS0", CHRONY_NOTHING, NULL, 0},
		{"2026-11-24T09:51:10Z", CHRONY_NOTHING, NULL, 0},
		{"", CHRONY_NOTHING, NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct chrony_said said = {0};
		char text[IP_TEXT_MAX];

		assert_int_equal(chrony_news_of(str_of(cases[i].line), &said), cases[i].news);
		assert_int_equal(said.ahead_us, cases[i].ahead_us);
		if (cases[i].server)
			assert_string_equal(ip_addr_text(&said.server, text), cases[i].server);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clock_follows_the_servers_and_serves_nobody),
		cmocka_unit_test(lines_mean_what_they_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
