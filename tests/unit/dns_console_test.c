/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `show dns` of a router that serves no domain: what is said of the worker. */
#include "dns_console.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void give_figures(void *ctx, struct dns_console_figures *out)
{
	*out = *(const struct dns_console_figures *)ctx;
}

static void show_dns_prints(struct dns_console_figures figures, const char *expected)
{
	struct dns_console module = {.ctx = &figures, .figures = give_figures};
	char text[512] = "";
	struct textbuf buf = textbuf_of(text, sizeof(text));
	struct sink out = textbuf_sink(&buf);
	struct console_call call = {.module = &module, .out = &out};

	assert_string_equal("show dns", dns_commands[0].grammar);
	assert_int_equal(FL_OK, dns_commands[0].run(&call));
	assert_string_equal(expected, text);
}

static void figures_of_the_worker_are_shown(void **state)
{
	(void)state;
	show_dns_prints((struct dns_console_figures){.running = true,
				.restarts = 1,
				.queries = 10,
				.tcp = 2,
				.replies = 7,
				.dropped = 3,
				.truncated = 4},
		"no domain is served\n"
		"worker running, restarted 1 times\n"
		"queries 10 (2 over TCP), replies 7, dropped 3, truncated 4\n");
}

static void forbidden_system_calls_are_told_where_there_were_any(void **state)
{
	(void)state;
	show_dns_prints((struct dns_console_figures){.restarts = 3, .violations = 1},
		"no domain is served\n"
		"worker not running, restarted 3 times, after 1 forbidden system call\n"
		"queries 0 (0 over TCP), replies 0, dropped 0, truncated 0\n");
	show_dns_prints(
		(struct dns_console_figures){.running = true, .restarts = 3, .violations = 2},
		"no domain is served\n"
		"worker running, restarted 3 times, after 2 forbidden system calls\n"
		"queries 0 (0 over TCP), replies 0, dropped 0, truncated 0\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(figures_of_the_worker_are_shown),
		cmocka_unit_test(forbidden_system_calls_are_told_where_there_were_any),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
