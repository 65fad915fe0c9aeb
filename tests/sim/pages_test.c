/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The status page and the metrics of the whole product. */
#include "scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define WEB "report { web 192.168.1.1 { port 8080 } }\n"

static const char *page(struct scenario *s, const char *path)
{
	char request[200];
	struct textbuf t = textbuf_of(request, sizeof(request));

	textbuf_printf(&t, "GET %s HTTP/1.1\r\n\r\n", path);
	sim_ask_page(&s->sim, request);
	scenario_run(s, span_sum(us(s->sim.now.us), ms(10)));
	return s->sim.answer;
}

static void page_is_where_the_settings_say(void **state)
{
	struct scenario *s = scenario_open(WEB);
	const struct ip_addr at = ip_addr_v4(192, 168, 1, 1);

	(void)state;
	scenario_run(s, sec(1));
	assert_int_equal(s->sim.npages, 1);
	assert_true(ip_addr_eq(&s->sim.page[0].address, &at));
	assert_int_equal(s->sim.page[0].port, 8080);
	scenario_close(s);
	s = scenario_open("");
	scenario_run(s, sec(1));
	assert_int_equal(s->sim.npages, 0);
	scenario_close(s);
}

static void metrics_follow_the_links(void **state)
{
	struct scenario *s = scenario_open(WEB);

	(void)state;
	scenario_run(s, sec(20));
	assert_non_null(strstr(
		page(s, "/metrics"), "\nfairlead_link_state{link=\"wan1\",state=\"up\"} 1\n"));
	s->sim.interface[0].cut = true;
	scenario_run(s, sec(30));
	assert_non_null(strstr(
		page(s, "/metrics"), "\nfairlead_link_state{link=\"wan1\",state=\"down\"} 1\n"));
	assert_non_null(strstr(page(s, "/metrics"), "\nfairlead_link_in_use{link=\"wan1\"} 0\n"));
	assert_non_null(strstr(page(s, "/"), "New connections leave over <b>wan2</b>"));
	assert_non_null(strstr(page(s, "/"), "wan1: up -&gt; down"));
	assert_non_null(strstr(page(s, "/status.json"), "\"state\": \"down\""));
	scenario_close(s);
}

static void another_hosts_page_cannot_read_ours(void **state)
{
	struct scenario *s = scenario_open(WEB);

	(void)state;
	scenario_run(s, sec(1));
	sim_ask_page(&s->sim, "GET /status.json HTTP/1.1\r\nHost: evil.example:8080\r\n\r\n");
	scenario_run(s, sec(2));
	assert_non_null(strstr(s->sim.answer, "HTTP/1.1 421 "));
	assert_null(strstr(s->sim.answer, "wan1"));
	sim_ask_page(&s->sim, "GET /status.json HTTP/1.1\r\nHost: 192.168.1.1:8080\r\n\r\n");
	scenario_run(s, sec(3));
	assert_non_null(strstr(s->sim.answer, "HTTP/1.1 200 "));
	assert_non_null(strstr(s->sim.answer, "wan1"));
	scenario_close(s);
}

static void address_on_a_link_is_refused(void **state)
{
	static const char typed[] = "configure\rset report web 203.0.113.2\rcommit\r";
	struct scenario *s = scenario_open("");

	(void)state;
	scenario_run(s, sec(1));
	sim_session_open(&s->sim, 1,
		"\x01"
		"fairlead 1 terminal 80 24 root\n");
	sim_type(&s->sim, 1, typed, strlen(typed));
	scenario_run(s, sec(2));
	assert_non_null(strstr(s->sim.session[1].text, "is no address of the router in a LAN"));
	assert_int_equal(s->sim.npages, 0);
	scenario_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(page_is_where_the_settings_say),
		cmocka_unit_test(metrics_follow_the_links),
		cmocka_unit_test(another_hosts_page_cannot_read_ours),
		cmocka_unit_test(address_on_a_link_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
