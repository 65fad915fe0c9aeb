/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct web_request parsed(const char *text)
{
	struct web_request r;

	web_parse(bytes_of(text, strlen(text)), &r);
	return r;
}

static void three_pages_can_be_asked_for(void **state)
{
	(void)state;
	assert_int_equal(parsed("GET / HTTP/1.1\r\nHost: gate\r\n\r\n").status, WEB_GOOD);
	assert_int_equal(parsed("GET / HTTP/1.1\r\n\r\n").what, WEB_PAGE);
	assert_int_equal(parsed("GET /metrics HTTP/1.0\r\n\r\n").what, WEB_METRICS);
	assert_int_equal(parsed("GET /status.json?x=1 HTTP/1.1\r\n\r\n").what, WEB_JSON);
	assert_true(parsed("HEAD /metrics HTTP/1.1\r\n\r\n").head);
}

static void everything_else_is_refused(void **state)
{
	(void)state;
	assert_int_equal(parsed("GET /etc/passwd HTTP/1.1\r\n\r\n").status, WEB_NOT_FOUND);
	assert_int_equal(parsed("GET /metrics/ HTTP/1.1\r\n\r\n").status, WEB_NOT_FOUND);
	assert_int_equal(parsed("POST / HTTP/1.1\r\n\r\n").status, WEB_NOT_ALLOWED);
	assert_int_equal(parsed("GET http://x/ HTTP/1.1\r\n\r\n").status, WEB_GARBLED);
	assert_int_equal(parsed("GET / HTTP/2\r\n\r\n").status, WEB_GARBLED);
	assert_int_equal(parsed("GET /\r\n\r\n").status, WEB_GARBLED);
	assert_int_equal(parsed("\x16\x03\x01\r\n\r\n").status, WEB_GARBLED);
	assert_int_equal(parsed("GET / HTTP/1.1\r\nHost: gate\r\n").status, WEB_TOO_LONG);
}

static bool is_for_gate(const char *host)
{
	const struct ip_addr at = ip_addr_v4(192, 168, 1, 1);
	char text[200];

	snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nAccept: *\r\n%s\r\n\r\n", host);
	assert_int_equal(parsed(text).status, WEB_GOOD);
	return web_host_is(parsed(text).host, &at, STR("gate"));
}

static void a_question_to_another_host_is_not_for_us(void **state)
{
	const struct ip_addr loopback = {.family = 6, .b = {[15] = 1}};

	(void)state;
	assert_true(is_for_gate("Host: 192.168.1.1"));
	assert_true(is_for_gate("host:192.168.1.1:8080 "));
	assert_true(is_for_gate("HOST: Gate:80"));
	assert_true(is_for_gate("X-Host: evil.example"));
	assert_false(is_for_gate("Host: evil.example"));
	assert_false(is_for_gate("Host: gate.evil.example"));
	assert_false(is_for_gate("Host: 192.168.1.2"));
	assert_false(is_for_gate("Host: 192.168.1.1.evil.example:80"));
	assert_true(web_host_is(
		parsed("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n").host, &loopback, STR("gate")));
	assert_int_equal(
		parsed("GET / HTTP/1.1\r\nHost: gate\r\nHost: evil\r\n\r\n").status, WEB_GARBLED);
}

static void put_log(void *ctx, const struct sink *out)
{
	sink_puts(out, ctx);
}

static const struct web_link links[] = {
	{
		.name = {"wan1", 4},
		.interface = {"eth0", 4},
		.state = LINK_UP,
		.in_use = true,
		.since = {5000000},
		.cause = "3 of 3 probes answered",
		.rtt = {1234},
		.loss_permille = 15,
		.sent = 100,
		.answered = 99,
		.rx_bytes = 5000000000,
		.tx_bytes = 7,
		.down = 12345678,
	},
	{
		.name = {"lte", 3},
		.interface = {"usb0", 4},
		.state = LINK_DOWN,
		.since = {0},
		.cause = "it says <b>\"no\" & more",
		.rtt = {-1},
		.metered = true,
		.quota_used = 5000000,
		.quota = 20000000000,
	},
};

static const struct web_facts facts = {
	.host = {"gate", 4},
	.version = "1.0",
	.board = "test",
	.wall = 1795418497,
	.running = {9000000},
	.revision = 17,
	.confirm = {-1},
	.links = links,
	.nlinks = 2,
	.dns = {.running = true, .queries = 42},
	.log = put_log,
	.ctx = (void *)(uintptr_t) "<script>alert(1)</script>\n",
};

static const char *written(
	void (*write)(const struct web_facts *, const struct sink *), const struct web_facts *f)
{
	static char text[32768];
	struct textbuf t = textbuf_of(text, sizeof(text));
	struct sink out = textbuf_sink(&t);

	write(f, &out);
	assert_false(t.cut);
	return text;
}

#define HAS(text, part) assert_non_null(strstr(text, part))

static void metrics_are_those_of_the_links(void **state)
{
	const char *text = written(web_metrics, &facts);

	(void)state;
	HAS(text, "\nfairlead_link_state{link=\"wan1\",state=\"up\"} 1\n");
	HAS(text, "\nfairlead_link_state{link=\"wan1\",state=\"down\"} 0\n");
	HAS(text, "\nfairlead_link_state{link=\"lte\",state=\"down\"} 1\n");
	HAS(text, "\nfairlead_link_in_use{link=\"lte\"} 0\n");
	HAS(text, "\nfairlead_link_rtt_seconds{link=\"wan1\"} 0.001234\n");
	HAS(text, "\nfairlead_link_loss_ratio{link=\"wan1\"} 0.015\n");
	HAS(text, "\nfairlead_link_receive_bytes_total{link=\"wan1\"} 5000000000\n");
	HAS(text, "\nfairlead_link_quota_used_bytes{link=\"lte\"} 5000000\n");
	HAS(text, "\nfairlead_dns_queries_total 42\n");
	HAS(text, "\nfairlead_config_revision 17\n");
}

static void what_is_not_known_is_no_metric(void **state)
{
	const char *text = written(web_metrics, &facts);

	(void)state;
	assert_null(strstr(text, "rtt_seconds{link=\"lte\"}"));
	assert_null(strstr(text, "quota_used_bytes{link=\"wan1\"}"));
	assert_null(strstr(text, "fairlead_connections"));
}

/* The format of Prometheus, text 0.0.4: a family is told of once, before its samples. */
static void every_sample_belongs_to_the_family_before_it(void **state)
{
	char text[32768], name[80] = "";
	size_t samples = 0;

	(void)state;
	strcpy(text, written(web_metrics, &facts));
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		char type[80], kind[16];

		if (strncmp(line, "# HELP ", 7) == 0)
			continue;
		if (sscanf(line, "# TYPE %79s %15s", type, kind) == 2) {
			assert_string_not_equal(type, name);
			strcpy(name, type);
			if (strcmp(kind, "counter") == 0)
				assert_string_equal(type + strlen(type) - 6, "_total");
			else
				assert_string_equal(kind, "gauge");
			continue;
		}
		assert_int_equal(strncmp(line, name, strlen(name)), 0);
		assert_non_null(strchr("{ ", line[strlen(name)]));
		samples++;
	}
	assert_true(samples > 30);
}

static void page_is_safe_to_show_whatever_is_in_it(void **state)
{
	const char *text = written(web_page, &facts);

	(void)state;
	HAS(text, "New connections leave over <b>wan1</b>");
	HAS(text, "&lt;script&gt;alert(1)&lt;/script&gt;");
	HAS(text, "it says &lt;b&gt;&quot;no&quot; &amp; more");
	assert_null(strstr(text, "<script"));
	HAS(text, "12.3&nbsp;Mbit/s");
	HAS(text, "2026-11-23 07:21:37 UTC");
	assert_true(strlen(text) < 30000);
}

static void page_says_when_nothing_works(void **state)
{
	struct web_facts f = facts;
	const char *text;

	(void)state;
	f.links = &links[1];
	f.nlinks = 1;
	f.confirm = sec(90);
	text = written(web_page, &f);
	HAS(text, "No link carries new connections.");
	HAS(text, "It goes back in ");
}

static void json_has_what_is_known(void **state)
{
	const char *text = written(web_json, &facts);

	(void)state;
	HAS(text, "\"rtt-us\": 1234");
	HAS(text, "\"cause\": \"it says <b>\\\"no\\\" & more\"");
	assert_null(strstr(strstr(text, "\"lte\""), "rtt-us"));
}

static void head_tells_the_length_and_closes(void **state)
{
	const struct web_request r = {.status = WEB_NOT_ALLOWED};
	char text[1024];
	struct textbuf t = textbuf_of(text, sizeof(text));
	struct sink out = textbuf_sink(&t);

	(void)state;
	web_head(&r, 23, &out);
	assert_memory_equal(text, "HTTP/1.1 405 Method Not Allowed\r\n", 33);
	HAS(text, "\r\nContent-Length: 23\r\n");
	HAS(text, "\r\nAllow: GET, HEAD\r\n");
	HAS(text, "\r\nConnection: close\r\n\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_pages_can_be_asked_for),
		cmocka_unit_test(everything_else_is_refused),
		cmocka_unit_test(a_question_to_another_host_is_not_for_us),
		cmocka_unit_test(metrics_are_those_of_the_links),
		cmocka_unit_test(what_is_not_known_is_no_metric),
		cmocka_unit_test(every_sample_belongs_to_the_family_before_it),
		cmocka_unit_test(page_is_safe_to_show_whatever_is_in_it),
		cmocka_unit_test(page_says_when_nothing_works),
		cmocka_unit_test(json_has_what_is_known),
		cmocka_unit_test(head_tells_the_length_and_closes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
