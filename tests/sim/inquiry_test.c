/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `check mail` and `check delegation` ask the world, each question over its link. */
#include "scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs the three above. */
#include <cmocka.h>

#include "dns_ask.h"

/* What somebody in the world says; `server` NULL: everybody asked recursively. */
struct said {
	const char *server, *interface; /* interface NULL: over any link */
	const char *name, *type;
	int section;                      /* negative: an error of this number */
	const char *owner, *rtype, *data; /* rtype NULL: there is no such name */
};

static const struct said *world; /* of the test that runs; ends with name NULL */
static unsigned asked;

static const struct said all_good[] = {
	{NULL, NULL, "mail1.example.com.", "A", 1, "mail1.example.com", "A", "203.0.113.3"},
	{NULL, NULL, "mail2.example.com.", "A", 1, "mail2.example.com", "A", "198.51.100.3"},
	{NULL, NULL, "3.113.0.203.in-addr.arpa.", "PTR", 1, "3.0/29.113.0.203.in-addr.arpa", "PTR",
		"mail1.example.com"},
	{NULL, NULL, "3.100.51.198.in-addr.arpa.", "PTR", 1, "3.100.51.198.in-addr.arpa", "PTR",
		"MAIL2.example.com"},
	{NULL, NULL, "com.", "NS", 1, "com", "NS", "a.gtld.example"},
	{NULL, NULL, "a.gtld.example.", "A", 1, "a.gtld.example", "A", "192.0.2.30"},
	{"192.0.2.30", NULL, "example.com.", "NS", 2, "example.com", "NS", "ns1.example.com"},
	{"192.0.2.30", NULL, "example.com.", "NS", 2, "example.com", "NS", "ns2.example.com"},
	{"192.0.2.30", NULL, "example.com.", "NS", 3, "ns1.example.com", "A", "203.0.113.2"},
	{"192.0.2.30", NULL, "example.com.", "NS", 3, "ns2.example.com", "A", "198.51.100.2"},
	{0},
};

static void put_name(struct buf *out, const char *text)
{
	struct dns_name name;

	assert_int_equal(dns_name_parse(str_of(text), NULL, &name), FL_OK);
	buf_put(out, name.wire, name.n);
}

static void put_record(struct buf *out, const struct said *s)
{
	struct buf data = buf_of((uint8_t[300]){0}, 300);
	struct ip_addr a;
	uint16_t type;

	assert_true(dns_type_parse(str_of(s->rtype), &type));
	if (type == DNS_A) {
		assert_int_equal(ip_addr_parse(str_of(s->data), &a), FL_OK);
		buf_put(&data, a.b, 4);
	} else {
		put_name(&data, s->data);
	}
	put_name(out, s->owner);
	buf_put_u16(out, type);
	buf_put_u16(out, DNS_IN);
	buf_put_u32(out, 300);
	buf_put_u16(out, (uint16_t)data.n);
	buf_put(out, data.at, data.n);
}

static bool is_about(
	const struct said *s, const struct sim_datagram *d, const char *name, const char *type)
{
	char server[IP_TEXT_MAX];
	bool recursive = d->octets[2] & 1;

	return strcmp(s->name, name) == 0 && strcmp(s->type, type) == 0 &&
	       (!s->interface || strcmp(s->interface, d->interface) == 0) &&
	       (s->server ? strcmp(s->server, ip_addr_text(&d->to, server)) == 0 : recursive);
}

static bool answer(const struct sim_datagram *d, struct buf *out)
{
	struct bytes message = bytes_of(d->octets, d->n);
	char name[DNS_NAME_TEXT_MAX], type[DNS_TYPE_TEXT_MAX];
	struct dns_name asked_for;
	uint16_t counts[4] = {1, 0, 0, 0};
	int rcode = 0;
	bool known = false;
	size_t at = 12;

	asked++;
	assert_int_equal(dns_name_take(message, &at, &asked_for), FL_OK);
	dns_name_text(asked_for.wire, name);
	dns_type_text(get_u16(d->octets + at), type);
	buf_put(out, d->octets, at + 4);
	for (int section = 1; section <= 3; section++)
		for (const struct said *s = world; s->name; s++) {
			if (!is_about(s, d, name, type))
				continue;
			known = true;
			if (!s->rtype)
				rcode = s->section < 0 ? -s->section : 3;
			if (!s->rtype || s->section != section)
				continue;
			put_record(out, s);
			counts[section]++;
		}
	set_u16(out->at + 2, (uint16_t)(0x8180 | rcode));
	for (int i = 0; i < 4; i++)
		set_u16(out->at + 4 + 2 * i, counts[i]);
	return known;
}

static struct scenario *asking(const struct said *says)
{
	struct scenario *s = scenario_open("");

	world = says;
	asked = 0;
	s->sim.resolver = answer;
	scenario_run(s, sec(30));
	return s;
}

/* The end of what a command says, when it has ended. */
static const char *ends(struct scenario *s, const char *command)
{
	char line[128];

	snprintf(line, sizeof(line), "%s\n", command);
	sim_session_open(&s->sim, 1,
		"\x01"
		"fairlead 1 command 0 0 root\n");
	sim_type(&s->sim, 1, line, strlen(line));
	for (int i = 0; i < 40 && (i == 0 || s->sim.session[1].open); i++)
		scenario_run(s, span_sum(us(s->sim.now.us), ms(500)));
	assert_false(s->sim.session[1].open);
	return s->sim.session[1].text;
}

static bool has(const char *text, const char *part)
{
	if (text && strstr(text, part))
		return true;
	fprintf(stderr, "\"%s\" is not in:\n%s\n", part, text ? text : "(nothing)");
	return false;
}

static void a_world_that_has_it_right(void **state)
{
	struct scenario *s = asking(all_good);
	const char *said = ends(s, "check mail example.com");

	(void)state;
	assert_true(
		has(said, "world   mail1.example.com. is 203.0.113.3: 2 of 2 resolvers say so\n"));
	assert_true(has(said, "world   198.51.100.3 leads back to mail2.example.com.: 2 of 2"));
	assert_true(has(said, "the world has it right\n"));
	said = ends(s, "check delegation example.com");
	assert_true(
		has(said, "world   a.gtld.example. (192.0.2.30), asked over wan1, names: "
			  "ns1.example.com. at 203.0.113.2, ns2.example.com. at 198.51.100.2\n"));
	assert_true(has(said, "asked over wan2"));
	assert_true(has(said, "the world has it right\n"));
	scenario_close(s);
}

static void an_address_without_a_name_is_a_finding_with_its_cure(void **state)
{
	static const struct said says[] = {
		{NULL, NULL, "mail1.example.com.", "A", 1, "mail1.example.com", "A", "203.0.113.3"},
		{NULL, NULL, "mail2.example.com.", "A", 1, "mail2.example.com", "A", "192.0.2.99"},
		{NULL, NULL, "3.113.0.203.in-addr.arpa.", "PTR", 1, "x.", "PTR",
			"host-3.isp.example"},
		{NULL, NULL, "3.100.51.198.in-addr.arpa.", "PTR", 0, NULL, NULL, NULL},
		{0},
	};
	struct scenario *s = asking(says);
	const char *said = ends(s, "check mail example.com");

	(void)state;
	assert_true(has(
		said, "asked for 203.0.113.3, 198.51.100.53 over wan1 says: host-3.isp.example."));
	assert_true(has(said, "ask the provider of the address to let 203.0.113.3 lead back to "
			      "mail1.example.com."));
	assert_true(has(said,
		"asked for 198.51.100.3, 198.51.100.53 over wan1 says: there is no such name"));
	assert_true(has(
		said, "asked for mail2.example.com., 198.51.100.53 over wan1 says: 192.0.2.99"));
	assert_true(has(said, "3 findings in the world\n"));
	scenario_close(s);
}

static void silence_is_said_as_such(void **state)
{
	static const struct said says[] = {
		{NULL, "eth0", "mail1.example.com.", "A", 1, "mail1.example.com", "A",
			"203.0.113.3"},
		{NULL, "eth0", "mail2.example.com.", "A", 1, "mail2.example.com", "A",
			"198.51.100.3"},
		{NULL, "eth0", "3.113.0.203.in-addr.arpa.", "PTR", 1, "x.", "PTR",
			"mail1.example.com"},
		{NULL, "eth0", "3.100.51.198.in-addr.arpa.", "PTR", 1, "x.", "PTR",
			"mail2.example.com"},
		{0},
	};
	struct scenario *s = asking(says);
	mtime from = s->sim.now;
	const char *said = ends(s, "check mail example.com");

	(void)state;
	assert_true(has(said, "203.0.113.53 over wan2 did not answer within 5 s"));
	assert_true(has(said, "mail1.example.com. is 203.0.113.3: 1 of 1 resolvers say so"));
	assert_true(has(said, "1 finding in the world\n"));
	assert_in_range(s->sim.now.us - from.us, 5000000, 7000000);
	scenario_close(s);
}

static void who_is_asked_is_never_a_stranger(void **state)
{
	struct scenario *s = asking(all_good);
	const char *said;
	int status;

	(void)state;
	scenario_type(s,
		"configure\ndelete link wan1 monitor target 198.51.100.53\n"
		"delete link wan2 monitor target 203.0.113.53\n"
		"set link wan2 resolver 192.0.2.99\ncommit",
		&status);
	assert_int_equal(status, 0);
	said = ends(s, "check mail example.com");
	assert_true(has(said, "mail1.example.com. is 203.0.113.3: 1 of 1 resolvers say so"));
	assert_true(has(said, "no resolver is known for wan1, so nobody was asked"));
	assert_true(has(said, "    cure  set link wan1 resolver RESOLVER\n"));
	assert_true(has(said, "1 finding in the world\n"));
	scenario_close(s);
}

static void a_server_that_is_no_resolver_proves_nothing(void **state)
{
	static const struct said says[] = {
		{NULL, NULL, "mail1.example.com.", "A", -5, "", NULL, NULL},
		{NULL, NULL, "mail2.example.com.", "A", -5, "", NULL, NULL},
		{NULL, NULL, "3.113.0.203.in-addr.arpa.", "PTR", -5, "", NULL, NULL},
		{NULL, NULL, "3.100.51.198.in-addr.arpa.", "PTR", -5, "", NULL, NULL},
		{NULL, NULL, "com.", "NS", -5, "", NULL, NULL},
		{0},
	};
	struct scenario *s = asking(says);
	const char *said = ends(s, "check mail example.com");

	(void)state;
	assert_true(has(said, "leads back to mail1.example.com.: no resolver answered"));
	assert_true(has(said, "198.51.100.53, asked over wan1: it refuses to say"));
	assert_true(has(said, "2 findings in the world\n"));
	said = ends(s, "check delegation example.com");
	assert_true(has(said, "no server of the parent domain said whom it names"));
	assert_true(has(said, "3 findings in the world\n"));
	scenario_close(s);
}

static void a_parent_that_names_others_is_a_finding(void **state)
{
	static const struct said says[] = {
		{NULL, NULL, "com.", "NS", 1, "com", "NS", "a.gtld.example"},
		{NULL, NULL, "a.gtld.example.", "A", 1, "a.gtld.example", "A", "192.0.2.30"},
		{"192.0.2.30", NULL, "example.com.", "NS", 2, "example.com", "NS",
			"ns1.example.com"},
		{"192.0.2.30", NULL, "example.com.", "NS", 2, "example.com", "NS",
			"old.example.net"},
		{"192.0.2.30", NULL, "example.com.", "NS", 3, "ns1.example.com", "A",
			"203.0.113.9"},
		{0},
	};
	struct scenario *s = asking(says);
	const char *said = ends(s, "check delegation example.com");

	(void)state;
	assert_true(
		has(said, "the parent has ns1.example.com. at 203.0.113.9 instead of 203.0.113.2"));
	assert_true(has(said, "the parent does not name ns2.example.com."));
	assert_true(has(said, "the parent names old.example.net. as well"));
	assert_true(has(said, "3 findings in the world"));
	scenario_close(s);
}

static void no_question_leaves_by_a_dead_link(void **state)
{
	struct scenario *s = asking(all_good);
	const char *said;

	(void)state;
	sim_plug(&s->sim, "eth1", false);
	scenario_run(s, sec(40));
	said = ends(s, "check mail example.com");
	assert_true(has(said, "mail1.example.com. is 203.0.113.3: 1 of 1 resolvers say so"));
	assert_true(has(said, "the world has it right\n"));
	sim_plug(&s->sim, "eth0", false);
	scenario_run(s, span_sum(us(s->sim.now.us), sec(10)));
	assert_true(has(
		ends(s, "check mail example.com"), "nobody was asked: no link carries traffic"));
	scenario_close(s);
}

static void two_who_ask_at_once_do_not_mix(void **state)
{
	struct scenario *s = asking(all_good);

	(void)state;
	sim_session_open(&s->sim, 2,
		"\x01"
		"fairlead 1 terminal 80 24 ann\n");
	sim_type(&s->sim, 2, "check delegation example.com\r", 29);
	scenario_run(s, span_sum(us(s->sim.now.us), ms(10)));
	assert_true(has(
		ends(s, "check mail example.com"), "the world is being asked for somebody else"));
	scenario_run(s, span_sum(us(s->sim.now.us), sec(2)));
	assert_true(has(s->sim.session[2].text, "names: ns1.example.com."));
	/* Somebody who does not wait for it is no obstacle for long. */
	sim_type(&s->sim, 2, "check delegation example.com\r\x03", 30);
	scenario_run(s, span_sum(us(s->sim.now.us), sec(2)));
	assert_true(has(ends(s, "check mail example.com"), "the world has it right"));
	sim_session_close(&s->sim, 2);
	scenario_run(s, span_sum(us(s->sim.now.us), ms(10)));
	scenario_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_world_that_has_it_right),
		cmocka_unit_test(an_address_without_a_name_is_a_finding_with_its_cure),
		cmocka_unit_test(silence_is_said_as_such),
		cmocka_unit_test(who_is_asked_is_never_a_stranger),
		cmocka_unit_test(a_server_that_is_no_resolver_proves_nothing),
		cmocka_unit_test(a_parent_that_names_others_is_a_finding),
		cmocka_unit_test(no_question_leaves_by_a_dead_link),
		cmocka_unit_test(two_who_ask_at_once_do_not_mix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
