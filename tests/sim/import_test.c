/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A zone moves in from another name server, and out again. */
#include "scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FILE_OF_BIND                                                                               \
	"$ORIGIN example.org.\n"                                                                   \
	"$TTL 1h\n"                                                                                \
	"@ IN SOA ns1 hostmaster ( 2026010100 ; serial\n"                                          \
	"          3600 600 604800 300 )\n"                                                        \
	"@ NS ns1\n"                                                                               \
	"@ NS ns2\n"                                                                               \
	"@ MX 10 mail1\n"                                                                          \
	"@ MX 20 mail2\n"                                                                          \
	"@ TXT \"v=spf1 mx -all\"\n"                                                               \
	"ns1 A 203.0.113.2\n"                                                                      \
	"ns2 A 198.51.100.2\n"                                                                     \
	"mail1 A 203.0.113.3\n"                                                                    \
	"mail2 A 198.51.100.3\n"                                                                   \
	"www A 203.0.113.4\n"                                                                      \
	"www A 198.51.100.4\n"                                                                     \
	"_sip._tcp SRV 10 5 5060 www\n"                                                            \
	"ftp CNAME www\n"                                                                          \
	"sub NS ns.sub\n"                                                                          \
	"ns.sub A 192.0.2.53\n"                                                                    \
	"odd TYPE731 \\# 3 abcdef\n"

static struct scenario *open_with_file(const char *text)
{
	struct scenario *s = scenario_open("");

	sim_store(&s->sim, "zone", text);
	scenario_run(s, ms(10000));
	return s;
}

static const char *type(struct scenario *s, const char *lines)
{
	int status;

	return scenario_type(s, lines, &status);
}

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in \"%s\"", part, text);
}

static void imported_zone_is_served_and_follows_the_links(void **state)
{
	struct scenario *s = open_with_file(FILE_OF_BIND);

	(void)state;
	has(type(s, "configure\nimport zone example.org zone\ncommit\n"), "committed: revision");
	assert_string_equal(scenario_answer(s, "example.org", CLIENT_MX),
		"10 mail1.example.org, 20 mail2.example.org");
	s->sim.interface[0].cut = true;
	scenario_run(s, ms(30000));
	assert_string_equal(scenario_answer(s, "example.org", CLIENT_MX), "20 mail2.example.org");
	assert_string_equal(scenario_answer(s, "www.example.org", CLIENT_A), "198.51.100.4");
	scenario_close(s);
}

static void what_show_zone_prints_can_be_imported_again(void **state)
{
	struct scenario *s = open_with_file(FILE_OF_BIND);
	const char *again;
	char *once;

	(void)state;
	type(s, "configure\nimport zone example.org zone\ncommit\n");
	once = strdup(type(s, "show zone example.org"));
	sim_store(&s->sim, "zone2", once);
	has(once, "ns.sub.example.org.\t30\tIN\tA\t192.0.2.53\n");
	has(once, "odd.example.org.\t30\tIN\tTYPE731\t\\# 3 abcdef\n");
	again = type(
		s, "configure\ndelete domain example.org\nimport zone example.org zone2\ncommit\n");
	has(again, "0 left out");
	has(again, "nothing to commit"); /* the same settings came out of it */
	free(once);
	scenario_close(s);
}

static void mistakes_are_told_line_by_line_and_the_rest_is_taken(void **state)
{
	struct scenario *s =
		open_with_file("@ NS ns1\nns1 A 203.0.113.2\n$INCLUDE more\nbad A x\n");
	const char *said = type(s, "configure\nimport zone example.org zone\ncommit\n");

	(void)state;
	has(said, "line 3: \"$INCLUDE\" is refused");
	has(said, "line 4: ");
	has(said, "2 records were taken, 2 left out");
	has(said, "committed: revision");
	scenario_close(s);
}

static void file_that_is_not_there_is_an_error(void **state)
{
	struct scenario *s = open_with_file("");

	(void)state;
	has(type(s, "configure\nimport zone example.org nowhere\n"),
		"error: \"nowhere\": was never saved");
	scenario_close(s);
}

static void import_needs_the_configuration_mode(void **state)
{
	struct scenario *s = open_with_file(FILE_OF_BIND);
	int status;

	(void)state;
	scenario_type(s, "import zone example.org zone", &status);
	assert_int_not_equal(status, 0);
	scenario_close(s);
}

static void zone_that_is_not_served_is_an_error(void **state)
{
	struct scenario *s = open_with_file("");

	(void)state;
	has(type(s, "show zone www.example.com"), "is not a zone that is served");
	scenario_close(s);
}

static void a_domain_is_displayed_as_its_zone(void **state)
{
	static const char *const lines[] = {"show domain example.com",
		"show domain example.com | display zone",
		"show configuration domain example.com | display zone",
		"configure\nshow domain example.com | display zone\nexit",
		"configure\nshow dom example.com | display zone\nexit",
		"configure\nedit domain example.com\nshow | display zone\ntop\nexit",
		"configure\nrun show domain example.com | display zone\nexit",
		"show zone example.com | display zone"};
	struct scenario *s = open_with_file("");
	char *zone = strdup(type(s, "show zone example.com"));

	(void)state;
	has(zone, "\tSOA\t");
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		has(type(s, lines[i]), zone);
	free(zone);
	scenario_close(s);
}

static void only_a_domain_can_be_displayed_as_a_zone(void **state)
{
	static const char *const lines[] = {"show links | display zone",
		"show configuration | display zone", "show configuration link wan1 | display zone",
		"show configuration domain example.com host | display zone",
		"configure\nsave kept | display zone\nexit"};
	struct scenario *s = open_with_file("");

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		has(type(s, lines[i]), "\"display zone\" is for a domain");
	has(type(s, "configure\nset domain example.org\nshow domain example.org | display zone"),
		"\"example.org\" is not a zone that is served");
	scenario_close(s);
}

static void secondaries_are_shown_with_what_they_know(void **state)
{
	struct scenario *s = scenario_open(
		"domain example.com transfer { allow 192.0.2.54, notify 192.0.2.54 }\n");

	(void)state;
	scenario_run(s, ms(5000));
	has(type(s, "show dns secondaries"), "192.0.2.54               port 53    was told");
	scenario_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(imported_zone_is_served_and_follows_the_links),
		cmocka_unit_test(what_show_zone_prints_can_be_imported_again),
		cmocka_unit_test(mistakes_are_told_line_by_line_and_the_rest_is_taken),
		cmocka_unit_test(file_that_is_not_there_is_an_error),
		cmocka_unit_test(import_needs_the_configuration_mode),
		cmocka_unit_test(zone_that_is_not_served_is_an_error),
		cmocka_unit_test(a_domain_is_displayed_as_its_zone),
		cmocka_unit_test(only_a_domain_can_be_displayed_as_a_zone),
		cmocka_unit_test(secondaries_are_shown_with_what_they_know),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
