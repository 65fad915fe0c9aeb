/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A router and its sentinel, each watching the same four providers with its own probes: the
 * simulated router on one side, the sentinel on the cable on the other.  The sentinel has what
 * the router printed for it and nothing else.  One world for all tests: lwIP has data of its own,
 * and no end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenario.h"
#include "wired.h"

#define SETTLE sec(120) /* for a detector to see a change, and to trust a link again */

static const char settings[] =
	"link wan1 { interface eth0, address 10.1.0.3/24, gateway 10.1.0.1, weight 4,\n"
	"  monitor { target 192.0.2.53 ping, target 192.0.2.54 ping } }\n"
	"link wan2 { interface eth1, address 10.2.0.3/24, gateway 10.2.0.1,\n"
	"  monitor { target 192.0.2.53 ping, target 192.0.2.54 ping } }\n"
	"link wan3 { interface eth2, address 10.3.0.3/24, gateway 10.3.0.1,\n"
	"  monitor { target 192.0.2.53 ping, target 192.0.2.54 ping } }\n"
	"link wan4 { interface eth3, address 10.4.0.3/24, gateway 10.4.0.1, role backup,\n"
	"  monitor { target 192.0.2.53 ping, target 192.0.2.54 ping } }\n"
	"lan office { interface eth4, address 192.168.1.1/24 }\n"
	"rule 10 { policy primary }\n"
	"policy primary { method priority, member wan1, member wan2, member wan4 }\n"
	"policy mail-out { member wan1 }\n"
	"domain example.com {\n"
	"  name-server ns1 { address 10.1.0.3, link wan1 }\n"
	"  name-server ns3 { address 10.2.0.2, link wan2 }\n"
	"  host 10;mail1 { address 203.0.113.3, link wan1, mail-entry yes }\n"
	"  host 20;mail2 { address 198.51.100.3, link wan2, mail-entry yes }\n"
	"  host 30;mail3 { address own, link wan4, mail-entry yes }\n"
	"  host www1 { address 203.0.113.4, link wan1 }\n"
	"  host www2 { address 198.51.100.4, link wan2 }\n"
	"  host www3 { address 100.64.3.4, link wan3, when-dead answer }\n"
	"  host www4 { address 100.64.4.4, link wan4, when-dead 192.0.2.99 }\n"
	"  balanced-host www { member www1, member www2, member www3, member www4 }\n"
	"  balanced-host portal { member www1, member www2, member www4, policy primary }\n"
	"  record _sip._tcp SRV \"10 5 5060 www1\"\n"
	"  transfer { allow 192.0.2.9 }\n"
	"}\n"
	"domain example.net {\n"
	"  name-server ns1.example.com.\n"
	"  host 10;mx-a { address 203.0.113.3, link wan1, mail-entry yes }\n"
	"  host 10;mx-b { address 198.51.100.3, link wan3, mail-entry yes }\n"
	"}\n"
	"reverse 203.0.113.0/24 { auto }\n"
	"dns { listen 192.168.1.1 }\n"
	"sentinel ns3 {\n"
	"  leg wan1 { vlan 10, address 10.1.0.2/24 }\n"
	"  leg wan2 { vlan 20, address 10.2.0.2/24 }\n"
	"  leg wan3 { vlan 30, address 10.3.0.2/24 }\n"
	"  leg wan4 { vlan 40, address 10.4.0.2/24 }\n"
	"}\n";

static const struct {
	const char *name;
	uint16_t type;
} questions[] = {
	{"example.com", CLIENT_MX},
	{"example.com", CLIENT_NS},
	{"mail1.example.com", CLIENT_A},
	{"mail2.example.com", CLIENT_A},
	{"mail3.example.com", CLIENT_A},
	{"www1.example.com", CLIENT_A},
	{"www2.example.com", CLIENT_A},
	{"www3.example.com", CLIENT_A},
	{"www4.example.com", CLIENT_A},
	{"www.example.com", CLIENT_A},
	{"www.example.com", CLIENT_AAAA},
	{"portal.example.com", CLIENT_A},
	{"_sip._tcp.example.com", CLIENT_SRV},
	{"nobody.example.com", CLIENT_A},
	{"example.net", CLIENT_MX},
	{"mx-a.example.net", CLIENT_A},
	{"4.113.0.203.in-addr.arpa", CLIENT_PTR},
	{"example.org", CLIENT_A},
};

static struct wired w;
static struct scenario *router;

/* ---- answers that can be compared ---- */

/* One line a record, sorted: servers turn sets round.  The serial of a zone is each server's own.
 */
#define WORDS_MAX 700
#define LINES_MAX CLIENT_RECORDS_MAX

struct answer {
	char line[LINES_MAX][WORDS_MAX];
	size_t n;
	unsigned rcode;
};

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void put_in_words(const struct client_reply *r, struct answer *out)
{
	*out = (struct answer){.rcode = r->rcode};
	for (size_t i = 0; i < r->n && out->n < LINES_MAX; i++) {
		const struct client_record *c = &r->record[i];
		char addr[IP_TEXT_MAX] = "";

		if (c->addr.family)
			ip_addr_text(&c->addr, addr);
		snprintf(out->line[out->n++], WORDS_MAX, "%d %s %u %u %s%s %u", c->section,
			c->owner, c->ttl, c->type, addr, c->name, c->preference);
	}
	qsort(out->line, out->n, WORDS_MAX, by_text);
}

static void ask_sentinel(unsigned leg, const char *name, uint16_t type, struct answer *out)
{
	static struct client_reply reply;

	if (leg < WIRED_LEGS) {
		if (!wired_ask(&w, leg, true, name, type, sec(20)))
			fail_msg("no answer over leg %u for %s", leg + 1, name);
	} else { /* no leg works, so nobody can ask over one */
		const struct ip_addr from = ip_addr_v4(192, 0, 2, 25);
		struct buf b = buf_of(w.answer.octets, sizeof(w.answer.octets));
		uint8_t query[400];
		size_t n = client_query(query, sizeof(query), 1, name, type);

		assert_true(sentinel_answer(&w.sentinel, &from, true, bytes_of(query, n), &b));
		w.answer.n = b.n;
	}
	assert_true(client_read(bytes_of(w.answer.octets, w.answer.n), &reply));
	put_in_words(&reply, out);
}

static void ask_router(const char *name, uint16_t type, struct answer *out)
{
	static struct client_reply reply;

	scenario_ask(router, name, type, &reply);
	put_in_words(&reply, out);
}

static void show(const char *who, const struct answer *a)
{
	fprintf(stderr, "%s: rcode %u\n", who, a->rcode);
	for (size_t i = 0; i < a->n; i++)
		fprintf(stderr, "  %s\n", a->line[i]);
}

/* ---- the two of them ---- */

static int open_both(void **state)
{
	struct wired_world world = {.seed = 3};
	int status;
	char *text;

	(void)state;
	router = scenario_open_with(settings);
	sim_interface(&router->sim, "eth3");
	sim_exist(&router->sim, "eth3", true);
	text = strdup(scenario_type(router, "show sentinel ns3 settings", &status));
	assert_non_null(text);
	assert_int_equal(status, 0);
	world.settings = text;
	wired_open(&w, &world);
	free(text);
	return 0;
}

/* Both give all memory back. */
static int close_both(void **state)
{
	(void)state;
	wired_close(&w);
	assert_int_equal(w.allocations, 0);
	scenario_close(router);
	return 0;
}

static void run_router(span length)
{
	scenario_run(router, span_sum(us(router->sim.now.us), length));
}

/* Bit n of `dead`: provider n drops everything, for both. */
static void cut(unsigned dead)
{
	for (unsigned n = 0; n < WIRED_LEGS; n++) {
		router->sim.interface[n].cut = dead >> n & 1; /* eth0, eth1, ... */
		w.vlan[n]->cut = dead >> n & 1;
	}
	run_router(SETTLE);
	wired_run(&w, SETTLE);
	for (unsigned n = 0; n < WIRED_LEGS; n++) {
		enum link_state expected = dead >> n & 1 ? LINK_DOWN : LINK_UP;
		const char *const name[] = {"wan1", "wan2", "wan3", "wan4"};

		assert_int_equal(wired_state(&w, n), expected);
		assert_int_equal(scenario_state(router, name[n]), expected);
	}
}

static unsigned working_leg(unsigned dead)
{
	unsigned leg = 0;

	while (leg < WIRED_LEGS && (dead >> leg & 1))
		leg++;
	return leg;
}

/* ---- what is so ---- */

static void both_answer_the_same_whichever_links_are_dead(void **state)
{
	static struct answer here, there;
	unsigned asked = 0;

	(void)state;
	for (unsigned dead = 0; dead < 1u << WIRED_LEGS; dead++) {
		cut(dead);
		for (size_t i = 0; i < COUNT_OF(questions); i++, asked++) {
			ask_router(questions[i].name, questions[i].type, &here);
			ask_sentinel(
				working_leg(dead), questions[i].name, questions[i].type, &there);
			if (here.rcode == there.rcode && here.n == there.n &&
				memcmp(here.line, there.line, sizeof(here.line)) == 0)
				continue;
			show("the router", &here);
			show("the sentinel", &there);
			fail_msg("%s, type %u, with the links %x dead", questions[i].name,
				questions[i].type, dead);
		}
	}
	assert_int_equal(asked, 16 * COUNT_OF(questions));
}

/* The text that `show dump` prints at the serial line, pasted at the router. */
static void what_the_sentinel_dumps_is_found_to_be_the_same(void **state)
{
	static char text[32768];
	const char *dump, *end;
	int n;

	(void)state;
	cut(2);
	w.nscreen = 0;
	wired_type(&w, "show dump | no-more\r");
	wired_run(&w, sec(2));
	dump = strstr(w.screen, "# link");
	end = dump ? strstr(dump, "\x1b") : NULL;
	assert_non_null(dump);
	n = snprintf(text, sizeof(text), "compare sentinel ns3\n%.*s\n.\nexit\n",
		end ? (int)(end - dump) : (int)strlen(dump), dump);
	assert_in_range(n, 0, sizeof(text) - 1);
	sim_session_open(&router->sim, 1, "");
	sim_type(&router->sim, 1, text, (size_t)n);
	run_router(sec(1));
	if (!strstr(router->sim.session[1].text, "both give the same answers"))
		fail_msg("%s\n---\n%s", router->sim.session[1].text, text);
}

static size_t has(const struct answer *a, const char *part)
{
	size_t n = 0;

	for (size_t i = 0; i < a->n; i++)
		n += strstr(a->line[i], part) != NULL;
	return n;
}

/* The last: the router takes no step any more. */
static void without_the_router_mail_still_falls_back_and_returns(void **state)
{
	static struct answer mx;

	(void)state;
	cut(0);
	ask_sentinel(0, "example.com", CLIENT_MX, &mx);
	assert_int_equal(has(&mx, "203.0.113.3"), 1);
	assert_int_equal(has(&mx, "198.51.100.3"), 1);
	w.vlan[0]->cut = true;
	wired_run(&w, sec(10));
	ask_sentinel(1, "example.com", CLIENT_MX, &mx);
	assert_int_equal(has(&mx, "203.0.113.3"), 0);
	assert_int_equal(has(&mx, "mail1.example.com"), 0);
	assert_int_equal(has(&mx, "198.51.100.3"), 1);
	w.vlan[0]->cut = false;
	wired_run(&w, SETTLE);
	ask_sentinel(0, "example.com", CLIENT_MX, &mx);
	assert_int_equal(has(&mx, "203.0.113.3"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_answer_the_same_whichever_links_are_dead),
		cmocka_unit_test(what_the_sentinel_dumps_is_found_to_be_the_same),
		cmocka_unit_test(without_the_router_mail_still_falls_back_and_returns),
	};

	return cmocka_run_group_tests(tests, open_both, close_both);
}
