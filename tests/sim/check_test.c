/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `check`: each thing that is not wise is found in a draft that has it, and gone when the cure that
 * is printed was typed. */
#include "scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs the three above. */
#include <cmocka.h>

#define LTE                                                                                        \
	"set link lte interface eth9\nset link lte address 192.0.2.130/30\nset link lte gateway "  \
	"192.0.2.129\n"

static const struct {
	const char *typed, *finding;
} cases[] = {
	{LTE, "link lte: nothing is asked over it\n"},
	{LTE "set link lte monitor target 9.9.9.9 ping\n",
		"link lte: only 1 of 3 targets are asked over it\n"},
	{LTE "set link lte monitor target 192.0.2.53 ping\n"
	     "set link lte monitor target 192.0.2.54 ping\n"
	     "set link lte monitor target 192.0.2.55 ping\n",
		"link lte: all its targets are in 192.0.2.0/24\n"},
	{"set policy primary when-dead any\nset rule 20 protocol tcp\nset rule 20 port 25\n"
	 "set rule 20 source 192.168.1.25/32\nset rule 20 policy spread\n",
		"rule 20: all it matches goes to rule 10 before it\n"},
	{LTE "set link lte disabled\nset policy spread member lte\n",
		"policy spread: its member lte is disabled\n"},
	{"set policy spare method all\nset policy spare member wan1\n",
		"policy spare: no rule and no balanced host uses it\n"},
	{LTE "set link lte disabled\nset domain example.com host x address 192.0.2.130\n"
	     "set domain example.com host x link lte\n",
		"host x of example.com: its link lte is disabled\n"},
	{"set forward web to 192.168.1.30\nset forward web protocol tcp\nset forward web port 443\n"
	 "set forward web on wan1 203.0.113.5\n",
		"forward web: 203.0.113.5 on wan1 has no name\n"},
	{"", "domain example.net: all its name servers are on wan1\n"},
	{"set domain example.com ttl 1h\n",
		"domain example.com: its records may be cached for 3600 s\n"},
	{"set domain example.com host 10;mail1 ttl 10m\n",
		"host 10;mail1 of example.com: it may be cached for 600 s\n"},
	{"delete reverse 203.0.113.0/29\n",
		"mail1.example.com: no zone here leads from 203.0.113.3 back to its name\n"},
};

/* Findings whose cure has a word to be filled in. */
static const struct {
	const char *typed, *finding;
} to_fill_in[] = {
	{LTE, "link lte: this machine has no interface eth9\n"},
	{"set lan guests interface eth8\nset lan guests address 192.168.9.1/24\n",
		"lan guests: this machine has no interface eth8\n"},
	{"", "www-a.example.com: 203.0.113.4 is answered, but nothing is forwarded from it\n"},
	{"delete domain example.com host 20;mail2\n",
		"domain example.com: all its mail exchangers are on wan1\n"},
};

/* The draft with `typed` and `more` in it, checked. */
static const char *check(struct scenario *s, const char *typed, const char *more)
{
	char lines[4096];
	int status;
	const char *text;

	assert_in_range(
		snprintf(lines, sizeof(lines), "configure\n%s%scheck\nexit discard", typed, more),
		1, sizeof(lines) - 1);
	text = scenario_type(s, lines, &status);
	if (status)
		fail_msg("%s:\n%s", lines, text);
	return text;
}

/* The lines behind "cure" of one finding. */
static void take_cures(const char *text, const char *finding, char *cures, size_t cap)
{
	const char *at = strstr(text, finding);

	if (!at)
		fail_msg("no \"%s\" in:\n%s", finding, text);
	*cures = '\0';
	at = strchr(strstr(at, "    why   "), '\n') + 1;
	while (strncmp(at, "    cure  ", 10) == 0) {
		size_t used = strlen(cures);
		const char *end = strchr(at, '\n') + 1;

		snprintf(cures + used, cap - used, "%.*s", (int)(end - at - 10), at + 10);
		at = end;
	}
	assert_true(*cures);
}

static void each_finding_is_gone_when_its_cure_was_typed(void **state)
{
	struct scenario *s = scenario_open("");

	(void)state;
	scenario_run(s, sec(5));
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char cures[2048];
		const char *text = check(s, cases[i].typed, "");

		take_cures(text, cases[i].finding, cures, sizeof(cures));
		text = check(s, cases[i].typed, cures);
		if (strstr(text, cases[i].finding))
			fail_msg("not cured by:\n%sstill says:\n%s", cures, text);
	}
	scenario_close(s);
}

static void findings_with_a_blank_to_fill_in_are_found(void **state)
{
	struct scenario *s = scenario_open("");
	char cures[2048];

	(void)state;
	scenario_run(s, sec(5));
	for (size_t i = 0; i < COUNT_OF(to_fill_in); i++)
		take_cures(check(s, to_fill_in[i].typed, ""), to_fill_in[i].finding, cures,
			sizeof(cures));
	scenario_close(s);
}

static void settings_without_fault_have_no_finding(void **state)
{
	struct scenario *s = scenario_open_with(
		"link wan1 { interface eth0, address 203.0.113.2/29, gateway 203.0.113.1\n"
		" monitor { target 9.9.9.9 ping, target 1.1.1.1 ping, target 8.8.8.8 ping } }\n");
	int status;

	(void)state;
	scenario_run(s, sec(5));
	assert_string_equal(scenario_type(s, "check", &status), "13 checks, nothing to mend\n");
	scenario_close(s);
}

/* ---- mail ---- */

static void expect_part(struct scenario *s, const char *lines, const char *part)
{
	int status;
	const char *text = scenario_type(s, lines, &status);

	if (!strstr(text, part))
		fail_msg("no \"%s\" in:\n%s", part, text);
}

static void the_mail_of_a_domain_is_checked_both_ways(void **state)
{
	struct scenario *s =
		scenario_open("domain example.com record @ TXT \"\\\"v=spf1 mx -all\\\"\"\n");
	int status;

	(void)state;
	scenario_run(s, sec(5));
	assert_string_equal(scenario_type(s, "check mail example.com", &status),
		"in      10 mail1.example.com 203.0.113.3 over wan1 (up); reverse "
		"mail1.example.com.\n"
		"in      20 mail2.example.com 198.51.100.3 over wan2 (up); reverse "
		"mail2.example.com.\n"
		"out  192.168.1.25 leaves as 203.0.113.3 over wan1; reverse mail1.example.com.\n"
		"out  192.168.1.25 leaves as 198.51.100.3 over wan2; reverse mail2.example.com.\n"
		"nothing to mend in the settings\n"
		"world   mail1.example.com. is 203.0.113.3: no resolver answered\n"
		"world   203.0.113.3 leads back to mail1.example.com.: no resolver answered\n"
		"world   mail2.example.com. is 198.51.100.3: no resolver answered\n"
		"world   198.51.100.3 leads back to mail2.example.com.: no resolver answered\n"
		" 1  198.51.100.53 over wan1 did not answer within 5 s\n"
		"    why   what it would say of the domain is not known\n"
		"    cure  set link wan1 resolver RESOLVER\n"
		" 2  203.0.113.53 over wan2 did not answer within 5 s\n"
		"    why   what it would say of the domain is not known\n"
		"    cure  set link wan2 resolver RESOLVER\n"
		"2 findings in the world\n");
	scenario_close(s);
}

static void mail_that_others_would_refuse_is_found(void **state)
{
	struct scenario *s = scenario_open("");

	(void)state;
	scenario_run(s, sec(5));
	expect_part(s, "check mail example.com", "domain example.com has no SPF record\n");
	expect_part(s,
		"configure\nset domain example.com record @ TXT \"v=spf1 ip4:203.0.113.3 -all\"\n"
		"check mail example.com\nexit discard",
		"SPF: 198.51.100.3 is not allowed to send for example.com\n");
	expect_part(s,
		"configure\ndelete reverse 198.51.100.0/29\ncheck mail example.com\nexit discard",
		"no zone here leads from 198.51.100.3 back to a name\n"
		"    why   many mail servers refuse mail from an address without a name that fits\n"
		"    cure  set reverse 198.51.100.0/29 auto\n");
	/* Without its forward for wan2 the server would leave as the router itself. */
	expect_part(s,
		"configure\ndelete forward smtp on wan2 198.51.100.3\ncheck mail example.com\n"
		"exit discard",
		"out  192.168.1.25 leaves as 198.51.100.2 over wan2; reverse ns2.example.com.");
	expect_part(
		s, "check mail example.org", "error: example.org is no domain of this router\n");
	expect_part(s,
		"configure\nset domain example.com record @ TXT \"v=spf1 ip4:203.0.113.3 -all\"\n"
		"delete domain example.com record @ TXT \"v=spf1 ip4:203.0.113.3 -all\"\n"
		"set domain example.com record @ TXT \"v=spf1 mx ip4:198.51.100.3 -all\"\n"
		"check mail example.com\nexit discard",
		"reverse mail2.example.com.\nnothing to mend in the settings\n");
	scenario_close(s);
}

static void the_parents_records_are_told(void **state)
{
	struct scenario *s = scenario_open("");

	(void)state;
	scenario_run(s, sec(5));
	expect_part(s, "check delegation example.com",
		"parent  example.com. NS ns1.example.com.  glue 203.0.113.2  (wan1, up)\n"
		"parent  example.com. NS ns2.example.com.  glue 198.51.100.2  (wan2, up)\n"
		"nothing to mend in the settings\n");
	expect_part(s, "check delegation example.net",
		"no name server of example.net is on link wan2\n");
	expect_part(s,
		"configure\nset domain example.com name-server ns1 address 203.0.113.6\n"
		"check delegation example.com\nexit discard",
		"name server ns1: 203.0.113.6 is no address of link wan1\n");
	scenario_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_finding_is_gone_when_its_cure_was_typed),
		cmocka_unit_test(findings_with_a_blank_to_fill_in_are_found),
		cmocka_unit_test(settings_without_fault_have_no_finding),
		cmocka_unit_test(the_mail_of_a_domain_is_checked_both_ways),
		cmocka_unit_test(mail_that_others_would_refuse_is_found),
		cmocka_unit_test(the_parents_records_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
