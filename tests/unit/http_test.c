/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static enum http_verdict judge(const char *heard, const char *expect, bool over)
{
	unsigned status;

	return http_judge(bytes_of(heard, strlen(heard)), str_of(expect), over, &status);
}

static void a_page_is_a_host_a_port_and_a_path(void **state)
{
	struct http_url u;

	(void)state;
	assert_int_equal(http_url_parse(STR("www.example.org:8080/a/b?c=d"), &u), FL_OK);
	assert_true(str_is(u.host, "www.example.org"));
	assert_int_equal(u.port, 8080);
	assert_true(str_is(u.path, "/a/b?c=d"));
}

static void path_and_port_may_be_left_out(void **state)
{
	struct http_url u;

	(void)state;
	assert_int_equal(http_url_parse(STR("example.org"), &u), FL_OK);
	assert_true(str_is(u.path, "/"));
	assert_int_equal(u.port, 0);
}

static void what_is_no_page_is_refused(void **state)
{
	static const char *const bad[] = {"", "/", ":80/", "a b/", "example.org:0/",
		"example.org:65536/", "example.org:/", "example.org/a b", "example.org/a\r\nX: y",
		"http://example.org/"};
	struct http_url u;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_int_equal(http_url_parse(str_of(bad[i]), &u), FL_EFORMAT);
}

static void a_request_names_the_host(void **state)
{
	struct http_url u;
	char text[HTTP_REQUEST_MAX + 1];
	struct buf out = buf_of(text, HTTP_REQUEST_MAX);

	(void)state;
	assert_int_equal(http_url_parse(STR("example.org:81/x"), &u), FL_OK);
	assert_int_equal(http_request(&u, &out), FL_OK);
	text[out.n] = '\0';
	assert_string_equal(text, "GET /x HTTP/1.0\r\nHost: example.org:81\r\n"
				  "User-Agent: fairlead\r\nAccept: */*\r\n"
				  "Connection: close\r\n\r\n");
}

static void a_request_that_does_not_fit_is_refused_whole(void **state)
{
	struct http_url u;
	char text[40];
	struct buf out = buf_of(text, sizeof(text));

	(void)state;
	assert_int_equal(http_url_parse(STR("example.org/x"), &u), FL_OK);
	assert_int_equal(http_request(&u, &out), FL_EFULL);
	assert_int_equal(out.n, 0);
}

static void any_2xx_is_good_when_nothing_is_expected(void **state)
{
	(void)state;
	assert_int_equal(judge("HTTP/1.1 204 No Content\r\n", "", false), HTTP_GOOD);
	assert_int_equal(judge("HTTP/1.0 200 OK\r\n", "", false), HTTP_GOOD);
	assert_int_equal(judge("HTTP/1.0 404 Not Found\r\n", "", false), HTTP_STATUS);
	assert_int_equal(judge("HTTP/1.0 503 Busy\r\n", "", false), HTTP_STATUS);
}

static void a_redirect_is_a_captive_portal(void **state)
{
	(void)state;
	assert_int_equal(judge("HTTP/1.1 302 Found\r\n", "", false), HTTP_REDIRECT);
	assert_int_equal(judge("HTTP/1.1 302 Found\r\n", "204", false), HTTP_REDIRECT);
	assert_int_equal(judge("HTTP/1.1 301 Moved\r\n\r\nhello", "hello", true), HTTP_REDIRECT);
}

static void the_status_can_be_expected(void **state)
{
	(void)state;
	assert_int_equal(judge("HTTP/1.1 204 No Content\r\n", "204", false), HTTP_GOOD);
	assert_int_equal(judge("HTTP/1.1 200 OK\r\n", "204", false), HTTP_STATUS);
	assert_int_equal(judge("HTTP/1.1 401 Unauthorized\r\n", "401", false), HTTP_GOOD);
}

static void a_text_can_be_expected(void **state)
{
	static const char page[] = "HTTP/1.1 200 OK\r\nX: absent\r\n\r\nwe are hello ";

	(void)state;
	assert_int_equal(judge(page, "hello", false), HTTP_GOOD);
	assert_int_equal(judge(page, "world", false), HTTP_MORE);
	assert_int_equal(judge(page, "world", true), HTTP_CONTENT);
	assert_int_equal(judge(page, "absent", true), HTTP_CONTENT); /* the head is not the page */
}

static void an_answer_may_come_in_pieces(void **state)
{
	static const char page[] = "HTTP/1.1 200 OK\r\nX: y\r\n\r\nhello";
	unsigned status;

	(void)state;
	for (size_t n = 0; n < sizeof(page) - 1; n++)
		assert_int_equal(
			http_judge(bytes_of(page, n), STR("hello"), false, &status), HTTP_MORE);
	assert_int_equal(judge(page, "hello", false), HTTP_GOOD);
}

static void what_is_no_web_server_is_garbled(void **state)
{
	static const char *const bad[] = {"SSH-2.0-x\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1 20",
		"HTTP/1.1 2x0 OK\r\n", "HTTP/1.1 099 OK\r\n", "HTTP/1.1 2000 OK\r\n",
		"HTTP/1.1 700 OK\r\n", ""};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_int_equal(judge(bad[i], "", true), HTTP_GARBLED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_is_a_host_a_port_and_a_path),
		cmocka_unit_test(path_and_port_may_be_left_out),
		cmocka_unit_test(what_is_no_page_is_refused),
		cmocka_unit_test(a_request_names_the_host),
		cmocka_unit_test(a_request_that_does_not_fit_is_refused_whole),
		cmocka_unit_test(any_2xx_is_good_when_nothing_is_expected),
		cmocka_unit_test(a_redirect_is_a_captive_portal),
		cmocka_unit_test(the_status_can_be_expected),
		cmocka_unit_test(a_text_can_be_expected),
		cmocka_unit_test(an_answer_may_come_in_pieces),
		cmocka_unit_test(what_is_no_web_server_is_garbled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
