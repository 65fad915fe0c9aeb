/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sentinel beside the router: what it is to be told, and whether it was. */
#include "scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs the three above. */
#include <cmocka.h>

#define SENTINEL                                                                                   \
	"sentinel ns3 {\n"                                                                         \
	"  leg wan1 { vlan 10, address 203.0.113.5/29 }\n"                                         \
	"  leg wan2 { vlan 20, address 198.51.100.5/29, gateway 198.51.100.6 }\n"                  \
	"}\n"

static struct scenario *router(const char *more)
{
	struct scenario *s = scenario_open(more);

	scenario_run(s, sec(30));
	return s;
}

static void pass(struct scenario *s)
{
	scenario_run(s, span_sum(us(s->sim.now.us), ms(200)));
}

/* What the router prints for the sentinel; the caller's to free. */
static char *settings_for(struct scenario *s)
{
	int status;
	char *text = strdup(scenario_type(s, "show sentinel ns3 settings", &status));

	assert_non_null(text);
	assert_int_equal(status, 0);
	return text;
}

/* `from` becomes `to` in `text`, once. */
static void edit(char **text, const char *from, const char *to)
{
	const char *at = strstr(*text, from);
	char *edited = malloc(strlen(*text) + strlen(to) + 1);

	assert_non_null(at);
	assert_non_null(edited);
	sprintf(edited, "%.*s%s%s", (int)(at - *text), *text, to, at + strlen(from));
	free(*text);
	*text = edited;
}

/* Compare with a sentinel that says this of its links and has these settings. */
static const char *compare(struct scenario *s, const char *links, const char *settings)
{
	char text[16384];
	int n = snprintf(
		text, sizeof(text), "compare sentinel ns3\n%s%s.\nexit\n", links, settings);

	assert_in_range(n, 0, sizeof(text) - 1);
	if (s->sim.session[1].open) {
		sim_session_close(&s->sim, 1);
		pass(s);
	}
	sim_session_open(&s->sim, 1, "");
	sim_type(&s->sim, 1, text, (size_t)n);
	pass(s);
	return s->sim.session[1].text;
}

#define BOTH_UP "# link wan1 up\n# link wan2 up\n"

static void need(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void need_not(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" is in:\n%s", part, text);
}

static void a_sentinel_is_told_of_links_by_its_own_legs(void **state)
{
	struct scenario *s = router(SENTINEL);
	char *text = settings_for(s);

	(void)state;
	need(text, "system {\n    host-name ns3\n}\n");
	need(text, "link wan1 {\n    interface eth0\n    vlan 10\n    address 203.0.113.5/29\n"
		   "    gateway 203.0.113.1\n    weight 4\n");
	need(text, "link wan2 {\n    interface eth0\n    vlan 20\n    address 198.51.100.5/29\n"
		   "    gateway 198.51.100.6\n    weight 1\n");
	need(text, "target 192.0.2.53 ping\n");
	free(text);
	scenario_close(s);
}

static void what_only_a_router_uses_is_left_out(void **state)
{
	static const char *const useless[] = {"\nlan ", "rule", "forward", "user", "tsig-key",
		"transfer", "sentinel", "listen", "threads", "service-check", "metered", "spare"};
	struct scenario *s = router(SENTINEL
		"user anne { role operator }\n"
		"tsig-key k { secret \"MTIzNDU2Nzg5MDEyMzQ1Ng==\" }\n"
		"domain example.com { transfer { allow 192.0.2.9, notify 192.0.2.9 } }\n"
		"reverse 203.0.113.0/29 { transfer { tsig-key k } }\n"
		"dns { listen 192.168.1.9, threads 2, version one }\n"
		"policy spare { member wan1 }\n"
		"link wan1 { metered { quota 20G }, monitor { service-check 192.0.2.80 http "
		"example.org/ } }\n");
	char *text = settings_for(s);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(useless); i++)
		need_not(text, useless[i]);
	need(text, "policy spread");
	need(text, "host 10;mail1 {\n        address 203.0.113.3\n");
	need(text, "reverse 203.0.113.0/29 {\n    auto\n}\n");
	need(text, "version one");
	free(text);
	scenario_close(s);
}

static void its_own_address_is_written_out_as_the_routers(void **state)
{
	struct scenario *s =
		router(SENTINEL "domain example.com { host 30;gate { address own, link wan2, "
				"mail-entry yes } }\n");
	char *text = settings_for(s);

	(void)state;
	need(text, "host 30;gate {\n        address 198.51.100.2\n");
	need(text, "# host gate: `own` is written out, as it is now\n");
	free(text);
	scenario_close(s);
}

static void a_link_without_a_leg_counts_as_down_and_that_is_said(void **state)
{
	struct scenario *s =
		router("sentinel ns3 { port net0, leg wan1 { address 203.0.113.5/29 } }\n");
	char *text = settings_for(s);

	(void)state;
	need(text, "# link wan2: there is no leg in it, so that it counts as down\n");
	need(text, "link wan1 {\n    interface net0\n    address 203.0.113.5/29\n");
	need(text, "link wan2 {\n    interface none\n    weight 1\n    disabled\n");
	need(compare(s, "# link wan1 up\n# link wan2 disabled\n", text),
		"link wan2: up here, disabled on ns3\n");
	free(text);
	scenario_close(s);
}

static void a_sentinel_that_was_told_so_gives_the_same_answers(void **state)
{
	struct scenario *s = router(SENTINEL);
	char *text = settings_for(s);
	const char *said = compare(s, BOTH_UP, text);

	(void)state;
	need(said, "both give the same answers\n");
	need_not(said, "differ");
	/* Marked in a terminal, the prompts and ends of lines of another system with it. */
	said = compare(s, "ns3> show dump\r\n# link wan1 up\r\n# link wan2 up\r\n", text);
	need(said, "both give the same answers\n");
	free(text);
	scenario_close(s);
}

static void what_answers_differ_by_is_told_line_by_line(void **state)
{
	struct scenario *s = router(SENTINEL);
	char *text = settings_for(s);
	const char *said;

	(void)state;
	edit(&text, "address 203.0.113.4\n", "address 203.0.113.9\n");
	said = compare(s, BOTH_UP, text);
	need(said, "- set domain example.com host www-a address 203.0.113.4\n");
	need(said, "+ set domain example.com host www-a address 203.0.113.9\n");
	need(said, "answers differ: 2 lines of settings (- here, + on ns3)\n");
	need(said, "\"show sentinel ns3 settings\" prints what to load there\n");
	need_not(said, "watches");
	free(text);
	scenario_close(s);
}

static void how_links_are_watched_is_no_difference_of_answers(void **state)
{
	struct scenario *s = router(SENTINEL);
	char *text = settings_for(s);
	const char *said;

	(void)state;
	edit(&text, "address 203.0.113.5/29", "address 203.0.113.6/29");
	said = compare(s, BOTH_UP, text);
	need(said, "+ set link wan1 address 203.0.113.6/29\n");
	need(said, "both give the same answers\n2 lines of how it watches the links differ\n");
	free(text);
	scenario_close(s);
}

static void a_link_that_is_up_here_and_down_there_is_told(void **state)
{
	struct scenario *s = router(SENTINEL);
	char *text = settings_for(s);
	const char *said = compare(s, "# link wan1 up\n# link wan2 down\n", text);

	(void)state;
	need(said, "link wan2: up here, down on ns3\n");
	need(said, "the settings are the same; answers differ while the links do\n");
	s->sim.interface[1].cut = true;
	scenario_run(s, sec(60));
	said = compare(s, "# link wan1 up\n# link wan2 down\n", text);
	need(said, "both give the same answers\n");
	said = compare(s, "# link wan1 up\n", text);
	need(said, "link wan2: down here; the text does not say how it is on ns3\n");
	free(text);
	scenario_close(s);
}

static void what_is_no_dump_is_refused_with_its_place(void **state)
{
	struct scenario *s = router(SENTINEL);
	const char *said = compare(s, BOTH_UP, "link wan1 { interfere eth0 }\n");
	int status;

	(void)state;
	need(said, "line 3:13: error: link wan1: there is no setting \"interfere\"");
	need(said, "error: that is not all that \"show dump\" prints on the sentinel\n");
	said = compare(s, "", "");
	need(said, "error: that is not all that \"show dump\" prints on the sentinel\n");
	need(scenario_type(s, "show sentinel ns4 settings", &status),
		"error: there is no sentinel \"ns4\"\n    cure: use one of: ns3\n");
	assert_int_not_equal(status, 0);
	scenario_close(s);
}

/* What `check` says of these settings in a draft. */
static void refused(const char *settings, const char *mistake)
{
	struct scenario *s = router("");
	char text[2048];
	int n = snprintf(text, sizeof(text), "configure\nload merge terminal\n%s.\ncommit check\n",
		settings);

	sim_session_open(&s->sim, 1, "");
	sim_type(&s->sim, 1, text, (size_t)n);
	pass(s);
	need(s->sim.session[1].text, mistake);
	scenario_close(s);
}

static void legs_are_checked(void **state)
{
	(void)state;
	refused("sentinel ns3 { leg wan1 { vlan 10 } }\n", "the leg has no address");
	refused("sentinel ns3 { leg wan1 { address 203.0.113.2/29 } }\n",
		"203.0.113.2 is the router's own address");
	refused("sentinel ns3 { leg wan1 { vlan 7, address 203.0.113.5/29 }, leg wan2 { vlan 7, "
		"address 198.51.100.5/29 } }\n",
		"two legs are the same network of the port");
	refused("sentinel ns3 { leg wan9 { vlan 7, address 203.0.113.5/29 } }\n", "wan9");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sentinel_is_told_of_links_by_its_own_legs),
		cmocka_unit_test(what_only_a_router_uses_is_left_out),
		cmocka_unit_test(its_own_address_is_written_out_as_the_routers),
		cmocka_unit_test(a_link_without_a_leg_counts_as_down_and_that_is_said),
		cmocka_unit_test(a_sentinel_that_was_told_so_gives_the_same_answers),
		cmocka_unit_test(what_answers_differ_by_is_told_line_by_line),
		cmocka_unit_test(how_links_are_watched_is_no_difference_of_answers),
		cmocka_unit_test(a_link_that_is_up_here_and_down_there_is_told),
		cmocka_unit_test(what_is_no_dump_is_refused_with_its_place),
		cmocka_unit_test(legs_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
