/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Domains as they are typed: what the rows fill in, and the mistakes they name. */
#include "dns_settings.h"
#include "link_settings.h"
#include "policy_settings.h"
#include "support/dns_zone.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct values {
	SETTINGS_LIST(struct link_conf, links);
	SETTINGS_LIST(struct policy_conf, policies);
	SETTINGS_LIST(struct dns_domain_conf, domains);
	SETTINGS_LIST(struct dns_reverse_conf, reverses);
	SETTINGS_LIST(struct dns_view_conf, views);
	struct dns_conf dns;
};

struct typed {
	struct arena mem;
	struct diags why;
	struct setting schema[7];
	struct settings tree;
	struct values v;
};

#define LINKS                                                                                      \
	"link wan1 { interface eth0, address 203.0.113.2/29, gateway 203.0.113.1 }\n"              \
	"link wan2 { interface eth1, address 198.51.100.2/29, gateway 198.51.100.1 }\n"
#define SERVER "name-server ns1 { address 203.0.113.2, link wan1 }\n"

static int open_typed(void **state)
{
	struct typed *t = calloc(1, sizeof(*t));
	const struct {
		const struct setting *row;
		size_t offset;
	} rows[] = {
		{&link_setting, offsetof(struct values, links)},
		{&policy_setting, offsetof(struct values, policies)},
		{&domain_setting, offsetof(struct values, domains)},
		{&reverse_setting, offsetof(struct values, reverses)},
		{&view_setting, offsetof(struct values, views)},
		{&dns_setting, offsetof(struct values, dns)},
	};

	arena_init(&t->mem, &heap);
	diags_init(&t->why, &t->mem);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		t->schema[i] = *rows[i].row;
		t->schema[i].offset = rows[i].offset;
	}
	assert_int_equal(settings_init(&t->tree, t->schema, &t->mem), FL_OK);
	*state = t;
	return 0;
}

static int close_typed(void **state)
{
	struct typed *t = *state;

	arena_reset(&t->mem);
	free(t);
	return 0;
}

static enum fl_err bind(struct typed *t, const char *text)
{
	enum fl_err e = settings_parse(&t->tree, str_of(text), &t->why);

	return e ? e : settings_bind(&t->tree, &t->mem, &t->v, &t->why);
}

/* Refused with a mistake that says `what` and offers a cure. */
static void assert_mistake(struct typed *t, const char *text, uint32_t line, const char *what)
{
	assert_int_equal(bind(t, text), FL_EFORMAT);
	for (const struct diag *d = t->why.first; d; d = d->next) {
		char said[400];

		snprintf(said, sizeof(said), "%.*s: %.*s", STR_ARG(d->where), STR_ARG(d->what));
		if (strstr(said, what) && d->line == line)
			return;
	}
	fail_msg("no mistake on line %u says \"%s\"", line, what);
}

static void domain_is_filled_in_as_typed(void **state)
{
	struct typed *t = *state;
	const struct dns_domain_conf *d;

	assert_int_equal(
		bind(t, LINKS "domain example.com {\n" SERVER
			      "host 10;mail1 { address 203.0.113.3, link wan1, mail-entry yes }\n"
			      "host offsite { address 192.0.2.80, link any }\n"
			      "host vpn { address own, link wan2, ttl 1m, when-dead answer }\n"
			      "balanced-host www { member offsite, member vpn }\n"
			      "record _sip._tcp SRV \"10 5 5060 www\"\n"
			      "}\n"
			      "reverse 203.0.113.0/29 { auto }\n"
			      "dns { listen 192.168.1.1 port 5353, threads 2 }\n"),
		FL_OK);
	d = &t->v.domains[0];
	assert_int_equal(d->ttl.us, sec(30).us);
	assert_int_equal(d->negative_ttl.us, sec(10).us);
	assert_int_equal(d->nhosts, 3);
	assert_int_equal(d->hosts[0].name.preference, 10);
	assert_true(d->hosts[0].mail_entry);
	assert_int_equal(d->hosts[1].link, DNS_LINK_ANY);
	assert_int_equal(d->hosts[2].address.family, 0);
	assert_int_equal(d->hosts[2].link, 1);
	assert_int_equal(d->hosts[2].when_dead.how, DNS_DEAD_ANSWER);
	assert_int_equal(d->balanced[0].members[1].host, 2);
	assert_true(d->balanced[0].policy < 0);
	assert_true(t->v.reverses[0].automatic);
	assert_int_equal(t->v.dns.listen[0].port, 5353);
	assert_int_equal(t->v.dns.threads, 2);
}

static void responder_is_generous_and_knows_cookies_unless_told_otherwise(void **state)
{
	struct typed *t = *state;

	assert_int_equal(bind(t, LINKS), FL_OK);
	assert_int_equal(t->v.dns.rate_limit.answers, 200);
	assert_int_equal(t->v.dns.rate_limit.slip, 2);
	assert_true(t->v.dns.cookies);
	assert_true(t->v.dns.extended_errors);
	assert_false(t->v.dns.client_subnet);
	assert_int_equal(t->v.dns.version.n, 0);
	assert_int_equal(t->v.dns.server_id.n, 0);
}

static void responder_does_as_it_is_told(void **state)
{
	struct typed *t = *state;

	assert_int_equal(
		bind(t, LINKS
			"dns { rate-limit { answers 0, slip 5 }, cookies no, version \"1 2\"\n"
			"server-id north, client-subnet yes, extended-errors no }\n"
			"view isp2 { client 192.0.2.0/24, client 2001:db8::/32, link wan2\n"
			"answer only }\n"),
		FL_OK);
	assert_int_equal(t->v.dns.rate_limit.answers, 0);
	assert_int_equal(t->v.dns.rate_limit.slip, 5);
	assert_false(t->v.dns.cookies);
	assert_false(t->v.dns.extended_errors);
	assert_true(t->v.dns.client_subnet);
	assert_true(str_is(t->v.dns.version, "1 2"));
	assert_true(str_is(t->v.dns.server_id, "north"));
	assert_int_equal(t->v.views[0].nclients, 2);
	assert_int_equal(t->v.views[0].link, 1);
	assert_int_equal(t->v.views[0].answer, DNS_VIEW_ONLY);
}

static void when_dead_may_be_an_address(void **state)
{
	struct typed *t = *state;

	assert_int_equal(
		bind(t, LINKS
			"domain example.com {\n" SERVER
			"host www { address 203.0.113.3, link wan1, when-dead 192.0.2.9 }\n}\n"),
		FL_OK);
	assert_int_equal(t->v.domains[0].hosts[0].when_dead.how, DNS_DEAD_ADDRESS);
	assert_int_equal(t->v.domains[0].hosts[0].when_dead.address.b[3], 9);
}

static void when_dead_that_is_nothing_names_the_line(void **state)
{
	assert_mistake(*state,
		LINKS "domain example.com {\n" SERVER
		      "host www { address 203.0.113.3, link wan1, when-dead maybe }\n}\n",
		5, "neither an address");
}

static void view_without_link_names_the_line(void **state)
{
	assert_mistake(*state, LINKS "view isp2 { client 192.0.2.0/24 }\n", 3, "link");
}

static void host_without_link_names_line_and_field(void **state)
{
	assert_mistake(*state,
		LINKS "domain example.com {\n" SERVER "host www { address 203.0.113.3 }\n}\n", 5,
		"link");
}

static void mail_entry_without_preference_names_the_line(void **state)
{
	assert_mistake(*state,
		LINKS "domain example.com {\n" SERVER
		      "host mail { address 203.0.113.3, link wan1, mail-entry yes }\n}\n",
		5, "has no preference");
}

static void preference_without_mail_entry_names_the_line(void **state)
{
	assert_mistake(*state,
		LINKS "domain example.com {\n" SERVER
		      "host 10;mail { address 203.0.113.3, link wan1 }\n}\n",
		5, "no `mail-entry yes`");
}

static void preference_over_65535_names_the_line(void **state)
{
	assert_mistake(*state,
		LINKS "domain example.com {\n" SERVER
		      "host 65536;mail { address 203.0.113.3, link wan1, mail-entry yes }\n}\n",
		5, "0..65535");
}

static void unknown_link_names_the_line(void **state)
{
	assert_mistake(*state,
		LINKS "domain example.com {\n" SERVER
		      "host www { address 203.0.113.3, link wan9 }\n}\n",
		5, "wan9");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, open_typed, close_typed)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(domain_is_filled_in_as_typed),
		TEST(responder_is_generous_and_knows_cookies_unless_told_otherwise),
		TEST(responder_does_as_it_is_told),
		TEST(when_dead_may_be_an_address),
		TEST(when_dead_that_is_nothing_names_the_line),
		TEST(view_without_link_names_the_line),
		TEST(host_without_link_names_line_and_field),
		TEST(mail_entry_without_preference_names_the_line),
		TEST(preference_without_mail_entry_names_the_line),
		TEST(preference_over_65535_names_the_line),
		TEST(unknown_link_names_the_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
