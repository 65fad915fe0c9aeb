/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Zones as secondaries get them: what is in them, who may have them, how they are signed. */
#include "dns_edns.h"
#include "dns_transfer.h"
#include "hmac_nettle.h"
#include "support/dns_zone.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define NOW       1800000000
#define LINES_MAX 4096

struct transfer {
	struct zone z;
	struct dns_allow_conf allow;
	struct dns_key_conf keys[2];
	struct dns_journal journal;
	struct dns_signer signer;
	struct dns_tsig asked; /* our side of a signed exchange */
	bool sign;
	unsigned messages, rcode;
	size_t longest;
	char *line[LINES_MAX];
	size_t n;
	char text[65536];
	size_t text_n;
	uint8_t octets[DNS_TCP_SIZE];
	uint8_t last[DNS_TRANSFER_SIZE];
	size_t last_n;
};

static void open_example(struct transfer *t)
{
	zone_example(&t->z);
	t->z.source.npolicies = 0;
	t->allow.prefix = (struct ip_prefix){ip_addr_v4(192, 0, 2, 0), 24};
	t->z.domain[0].transfer = (struct dns_transfer_conf){&t->allow, 1, -1, NULL, 0};
	t->keys[0] =
		(struct dns_key_conf){.name = STR("other"), .secret = {16, "0123456789abcdef"}};
	t->keys[1] = (struct dns_key_conf){.name = STR("Xfr.Example"),
		.algorithm = HMAC_SHA512,
		.secret = {16, "fedcba9876543210"}};
	t->z.source.keys = t->keys;
	t->z.source.nkeys = COUNT_OF(t->keys);
	t->z.client.tcp = true;
	t->signer = (struct dns_signer){hmac_nettle, NOW};
	zone_live(&t->z, "123");
}

static int setup(void **state)
{
	struct transfer *t = calloc(1, sizeof(*t));

	open_example(t);
	assert_int_equal(zone_build(&t->z), FL_OK);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct transfer *t = *state;

	zone_close(&t->z);
	free(t);
	return 0;
}

static void put(void *ctx, const char *text, size_t n)
{
	struct transfer *t = ctx;

	assert_true(t->text_n + n < sizeof(t->text));
	memcpy(t->text + t->text_n, text, n);
	t->text_n += n;
}

/* The records of one message, a line each. */
static void take_message(struct transfer *t, struct bytes m)
{
	struct sink out = {put, t};
	size_t at = DNS_HEADER;
	struct dns_name name;

	t->rcode = get_u16(m.at + 2) & 15;
	assert_int_equal(get_u16(m.at + 4), 1);
	assert_int_equal(dns_name_take(m, &at, &name), FL_OK);
	at += 4;
	for (unsigned i = get_u16(m.at + 6); i > 0; i--) {
		t->line[t->n++] = t->text + t->text_n;
		assert_true(t->n < LINES_MAX);
		assert_true(reply_record(m, &at, "", &out));
		t->text[t->text_n - 1] = '\0';
		t->line[t->n - 1]++;
	}
	assert_int_equal(get_u16(m.at + 8), 0);
	t->messages++;
	t->longest = m.n > t->longest ? m.n : t->longest;
	memcpy(t->last, m.at, m.n);
	t->last_n = m.n;
}

static void make_question(struct transfer *t, struct question *q, uint16_t type, uint32_t serial)
{
	question_begin(q, "example.com", type);
	if (type == DNS_IXFR) {
		static const uint8_t owner[] = {
			0xc0, 0x0c, 0, DNS_SOA, 0, DNS_IN, 0, 0, 0, 0, 0, 22};

		set_u16(q->at + 8, 1);
		buf_put(&q->b, owner, sizeof(owner));
		buf_put_u16(&q->b, 0); /* two root names */
		buf_put_u32(&q->b, serial);
		for (int i = 0; i < 4; i++)
			buf_put_u32(&q->b, 0);
	}
	if (t->sign)
		dns_tsig_sign(hmac_nettle, &t->asked, t->signer.now, &q->b);
}

static bool ask_octets(struct transfer *t, struct bytes query)
{
	struct dns_transfer x;
	enum dns_transfer_step step;

	t->n = t->text_n = t->messages = 0;
	assert_true(dns_transfer_is_asked(query));
	if (!dns_transfer_begin(&x, &t->z.r.image, &t->z.pub, &t->z.client, &t->signer,
		    t->z.client.tcp ? &t->journal : NULL, query))
		return false;
	do {
		struct buf reply =
			buf_of(t->octets, t->z.client.tcp ? sizeof(t->octets) : DNS_UDP_SIZE);

		step = dns_transfer_next(&x, &t->z.r.image, &t->signer, &reply);
		assert_int_not_equal(step, DNS_TRANSFER_LOST);
		assert_false(reply.bad);
		take_message(t, bytes_of(reply.at, reply.n));
	} while (step == DNS_TRANSFER_MORE);
	return true;
}

static void ask(struct transfer *t, uint16_t type, uint32_t serial)
{
	struct question q;

	make_question(t, &q, type, serial);
	assert_true(ask_octets(t, bytes_of(q.at, q.b.n)));
}

static size_t count(const struct transfer *t, const char *text)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		n += strcmp(t->line[i], text) == 0;
	return n;
}

static bool has(const struct transfer *t, const char *part)
{
	for (size_t i = 0; i < t->n; i++)
		if (strstr(t->line[i], part))
			return true;
	return false;
}

static void die(struct transfer *t, const char *live)
{
	zone_live(&t->z, live);
	t->z.pub.generation++;
}

#define SOA(serial)                                                                                \
	"example.com. 30 SOA ns1.example.com. hostmaster.example.com. " serial " 3600 600 604800 " \
	"10"

/* ---- what is in it ---- */

static void axfr_begins_and_ends_with_the_soa(void **state)
{
	struct transfer *t = *state;

	ask(t, DNS_AXFR, 0);
	assert_int_equal(t->rcode, RCODE_NOERROR);
	assert_string_equal(t->line[0], SOA("1000"));
	assert_string_equal(t->line[t->n - 1], SOA("1000"));
	assert_int_equal(count(t, SOA("1000")), 2);
}

static void axfr_has_hosts_records_delegations_and_glue(void **state)
{
	struct transfer *t = *state;

	ask(t, DNS_AXFR, 0);
	assert_int_equal(count(t, "mail1.example.com. 30 A 203.0.113.3"), 1);
	assert_int_equal(count(t, "example.com. 30 MX 10 mail1.example.com."), 1);
	assert_int_equal(count(t, "www.example.com. 30 A 198.51.100.4"), 1);
	assert_int_equal(count(t, "sub.example.com. 30 NS ns.sub.example.com."), 1);
	assert_int_equal(count(t, "ns.sub.example.com. 30 A 192.0.2.53"), 1);
	assert_int_equal(count(t, "*.wild.example.com. 30 TXT \"any name\""), 1);
	assert_int_equal(count(t, "_sip._tcp.example.com. 30 SRV 10 5 5060 www.example.com."), 1);
}

static void dead_addresses_and_their_mx_are_absent(void **state)
{
	struct transfer *t = *state;

	die(t, "23");
	ask(t, DNS_AXFR, 0);
	assert_string_equal(t->line[0], SOA("1001"));
	assert_false(has(t, "203.0.113."));
	assert_false(has(t, "MX 10"));
	assert_true(has(t, "MX 20"));
	assert_true(has(t, "192.0.2.80"));
}

#define KEEPER " 10 TXT \"no link of this name is live\""

static void name_without_a_live_record_is_kept(void **state)
{
	struct transfer *t = *state;

	ask(t, DNS_AXFR, 0);
	assert_false(has(t, KEEPER));
	die(t, "23");
	ask(t, DNS_AXFR, 0);
	assert_int_equal(count(t, "www-a.example.com." KEEPER), 1);
	assert_false(has(t, "www-b.example.com." KEEPER));
	assert_false(has(t, "www.example.com." KEEPER)); /* has another address */
}

static void keeper_comes_and_goes_in_differences(void **state)
{
	struct transfer *t = *state;

	ask(t, DNS_AXFR, 0);
	die(t, "23");
	ask(t, DNS_IXFR, 1000);
	assert_string_equal(t->line[1], SOA("1000")); /* an incremental one */
	assert_int_equal(count(t, "www-a.example.com." KEEPER), 1);
	die(t, "123");
	ask(t, DNS_IXFR, 1001);
	assert_string_equal(t->line[1], SOA("1001"));
	assert_int_equal(count(t, "www-a.example.com." KEEPER), 1);
	assert_int_equal(count(t, "www-a.example.com. 30 A 203.0.113.4"), 1);
	die(t, "13"); /* nothing of www-a changes */
	ask(t, DNS_IXFR, 1002);
	assert_false(has(t, "www-a.example.com."));
}

/* A secondary that had no address of the only exchange would make mail bounce. */
static void exchange_without_address_yet_is_delegated_to_us(void **state)
{
	struct transfer *t = *state;

	t->z.links[0].dhcp = true;
	t->z.links[0].naddresses = 0;
	t->z.domain[0].nhosts = t->z.domain[0].nbalanced = t->z.domain[0].nrecords = 0;
	zone_host(&t->z, "10;mail", "", 1);
	assert_int_equal(zone_build(&t->z), FL_OK);
	ask(t, DNS_AXFR, 0);
	assert_int_equal(count(t, "example.com. 30 MX 10 mail.example.com."), 1);
	assert_int_equal(count(t, "mail.example.com. 30 NS ns1.example.com."), 1);
	assert_int_equal(count(t, "mail.example.com. 30 NS ns2.example.com."), 1);
	die(t, "2"); /* of the difference it is no part */
	ask(t, DNS_IXFR, 1000);
	assert_string_equal(t->line[1], SOA("1000"));
	assert_false(has(t, "mail.example.com."));
	assert_true(has(t, "ns1.example.com. 30 A 203.0.113.2"));
}

static void domain_that_waits_for_its_own_address_is_kept_as_it_was(void **state)
{
	struct transfer *t = *state;

	t->z.links[0].dhcp = true;
	t->z.links[0].naddresses = 0;
	t->z.domain[0].nhosts = t->z.domain[0].nbalanced = t->z.domain[0].nrecords = 0;
	zone_host(&t->z, "10;@", "", 1);
	assert_int_equal(zone_build(&t->z), FL_OK);
	ask(t, DNS_AXFR, 0);
	assert_int_equal(t->rcode, RCODE_SERVFAIL);
	assert_int_equal(t->n, 0);
	t->z.links[0].naddresses = 1;
	assert_int_equal(zone_build(&t->z), FL_OK);
	ask(t, DNS_AXFR, 0);
	assert_int_equal(count(t, "example.com. 30 A 198.18.1.2"), 1);
}

/* A wildcard cannot be delegated either (RFC 4592 4.2). */
static void domain_whose_wildcard_waits_for_its_address_is_kept_as_it_was(void **state)
{
	struct transfer *t = *state;

	t->z.links[0].dhcp = true;
	t->z.links[0].naddresses = 0;
	t->z.domain[0].nhosts = t->z.domain[0].nbalanced = t->z.domain[0].nrecords = 0;
	zone_host(&t->z, "*.w", "", 1);
	zone_record(&t->z, "@", "MX", "10 x.w");
	assert_int_equal(zone_build(&t->z), FL_OK);
	ask(t, DNS_AXFR, 0);
	assert_int_equal(t->rcode, RCODE_SERVFAIL);
	assert_int_equal(t->n, 0);
}

/* A secondary of example.com alone would deny what lies in in.example.com. */
static void domain_of_ours_below_is_delegated(void **state)
{
	struct dns_name_server_conf servers[] = {
		{.name = STR("ns1"), .address = ip_addr_v4(203, 0, 113, 2), .link = 0},
		{.name = STR("ns2.example.com."), .link = -1},
		{.name = STR("ns.else.example."), .link = -1},
	};
	struct transfer *t = *state;

	t->z.domain[1] = t->z.domain[0];
	t->z.domain[1].name = STR("in.example.com");
	t->z.domain[1].name_servers = servers;
	t->z.domain[1].nname_servers = COUNT_OF(servers);
	t->z.domain[1].nhosts = t->z.domain[1].nbalanced = t->z.domain[1].nrecords = 0;
	t->z.source.ndomains = 2;
	assert_int_equal(zone_build(&t->z), FL_OK);
	die(t, "23"); /* a delegation has all addresses, as it has in any parent */
	ask(t, DNS_AXFR, 0);
	assert_int_equal(count(t, "in.example.com. 30 NS ns1.in.example.com."), 1);
	assert_int_equal(count(t, "in.example.com. 30 NS ns2.example.com."), 1);
	assert_int_equal(count(t, "in.example.com. 30 NS ns.else.example."), 1);
	assert_int_equal(count(t, "ns1.in.example.com. 30 A 203.0.113.2"), 1);
	assert_int_equal(count(t, "ns2.example.com. 30 A 198.51.100.2"), 1);
	assert_false(has(t, "in.example.com. 30 SOA"));
	die(t, "123");
	ask(t, DNS_IXFR, 1001);
	assert_string_equal(t->line[1], SOA("1001"));
	assert_false(has(t, "in.example.com."));
}

static void print_for_people_has_no_keeper(void **state)
{
	struct transfer *t = *state;
	struct textbuf text = textbuf_of(t->text, sizeof(t->text));
	struct sink out = textbuf_sink(&text);

	die(t, "23");
	assert_int_equal(dns_zone_print(&t->z.r.image, &t->z.pub, STR("example.com"), &out), FL_OK);
	assert_non_null(strstr(t->text, "www-b.example.com."));
	assert_null(strstr(t->text, "no link of this name"));
}

static void mx_set_is_kept_when_its_last_link_dies(void **state)
{
	struct transfer *t = *state;

	die(t, "3");
	ask(t, DNS_AXFR, 0);
	assert_true(has(t, "MX 10") && has(t, "MX 20"));
	assert_true(has(t, "203.0.113.3") && has(t, "198.51.100.3"));
	assert_false(has(t, "203.0.113.4"));
}

/* Every record of the zone is answered, and every answer is in the zone. */
static void transfer_is_what_is_answered(void **state)
{
	static const char *const lives[] = {"", "1", "2", "3", "12", "23", "123"};
	static const char *const names[] = {"example.com", "mail1.example.com", "mail2.example.com",
		"www.example.com", "www-a.example.com", "ns1.example.com", "offsite.example.com",
		"first.example.com"};
	static const uint16_t types[] = {DNS_A, DNS_MX, DNS_NS};
	struct transfer *t = *state;
	static const int members[] = {3, 2};

	t->z.source.npolicies = COUNT_OF(t->z.policy);
	zone_balanced(&t->z, "first", 0, members, COUNT_OF(members));
	assert_int_equal(zone_build(&t->z), FL_OK);
	for (size_t l = 0; l < COUNT_OF(lives); l++) {
		die(t, lives[l]);
		ask(t, DNS_AXFR, 0);
		for (size_t i = 0; i < COUNT_OF(names) * COUNT_OF(types); i++) {
			char start[80], type[DNS_TYPE_TEXT_MAX];
			size_t answered = 0, sent = 0;
			uint16_t code = types[i / COUNT_OF(names)];
			const char *reply = zone_ask(&t->z, names[i % COUNT_OF(names)], code);

			snprintf(start, sizeof(start), "%s. 30 %s ", names[i % COUNT_OF(names)],
				dns_type_text(code, type));
			for (size_t k = 0; k < t->n; k++) {
				char line[200];

				if (strncmp(t->line[k], start, strlen(start)) != 0)
					continue;
				sent++;
				snprintf(line, sizeof(line), "an %s\n", t->line[k]);
				assert_non_null(strstr(reply, line));
			}
			for (; (reply = strstr(reply, "\nan ")); reply++)
				answered++;
			assert_int_equal(answered, sent);
		}
	}
}

static void large_zone_goes_out_in_messages_of_16_kib(void **state)
{
	struct transfer *t = *state;
	static char data[ZONE_MAX][2100];
	const size_t more = 10;

	for (size_t i = 0; i < more; i++) {
		memset(data[i], 'a', 2000);
		snprintf(data[i] + 2000, 20, "%zu", i);
		zone_record(&t->z, "big", "TXT", data[i]);
	}
	assert_int_equal(zone_build(&t->z), FL_OK);
	ask(t, DNS_AXFR, 0);
	assert_true(t->messages >= 2);
	assert_true(t->longest > 14000 && t->longest <= DNS_TRANSFER_SIZE);
	assert_string_equal(t->line[t->n - 1], SOA("1000"));
}

static void new_image_ends_a_transfer(void **state)
{
	struct transfer *t = *state;
	struct dns_transfer x;
	struct question q;
	struct buf reply = buf_of(t->octets, sizeof(t->octets));

	make_question(t, &q, DNS_AXFR, 0);
	assert_true(dns_transfer_begin(&x, &t->z.r.image, &t->z.pub, &t->z.client, &t->signer,
		&t->journal, bytes_of(q.at, q.b.n)));
	t->z.source.serial++;
	assert_int_equal(zone_build(&t->z), FL_OK);
	assert_int_equal(
		dns_transfer_next(&x, &t->z.r.image, &t->signer, &reply), DNS_TRANSFER_LOST);
}

/* ---- differences ---- */

static void ixfr_after_a_death_has_what_went_and_nothing_else(void **state)
{
	struct transfer *t = *state;

	ask(t, DNS_AXFR, 0);
	die(t, "23");
	ask(t, DNS_IXFR, 1000);
	assert_string_equal(t->line[0], SOA("1001"));
	assert_string_equal(t->line[1], SOA("1000"));
	assert_string_equal(t->line[t->n - 1], SOA("1001"));
	assert_int_equal(count(t, SOA("1001")), 3);
	/* ns1 and its NS, mail1 and its MX, www-a, one of www; and what keeps three names */
	assert_int_equal(t->n, 4 + 6 + 3);
	assert_true(has(t, "MX 10") && !has(t, "MX 20") && !has(t, "198.51.100."));
}

static void ixfr_after_a_return_has_what_came(void **state)
{
	struct transfer *t = *state;

	die(t, "23");
	ask(t, DNS_AXFR, 0);
	die(t, "123");
	ask(t, DNS_IXFR, 1001);
	assert_string_equal(t->line[1], SOA("1001"));
	assert_int_equal(count(t, SOA("1002")), 3);
	assert_int_equal(t->n, 4 + 6 + 3);
}

static void ixfr_leaps_over_what_nobody_saw(void **state)
{
	struct transfer *t = *state;

	ask(t, DNS_AXFR, 0);
	die(t, "23");
	die(t, "3");
	die(t, "123");
	ask(t, DNS_IXFR, 1000);
	assert_int_equal(t->n, 4);
	assert_string_equal(t->line[0], SOA("1003"));
}

static void ixfr_of_the_current_serial_is_one_soa(void **state)
{
	struct transfer *t = *state;

	ask(t, DNS_IXFR, 1000);
	assert_int_equal(t->n, 1);
	assert_string_equal(t->line[0], SOA("1000"));
}

static void ixfr_of_an_unknown_serial_is_the_whole_zone(void **state)
{
	struct transfer *t = *state;

	ask(t, DNS_IXFR, 999);
	assert_true(t->n > 10);
	assert_int_equal(count(t, SOA("1000")), 2);
}

static void ixfr_over_a_commit_is_the_whole_zone(void **state)
{
	struct transfer *t = *state;

	ask(t, DNS_AXFR, 0);
	t->z.source.serial = 2000;
	assert_int_equal(zone_build(&t->z), FL_OK);
	ask(t, DNS_IXFR, 1000);
	assert_int_equal(count(t, SOA("2000")), 2);
	assert_true(t->n > 10);
}

static void journal_forgets_the_oldest(void **state)
{
	struct transfer *t = *state;

	ask(t, DNS_AXFR, 0);
	for (unsigned i = 0; i < DNS_JOURNAL_MAX; i++) {
		die(t, i % 2 ? "123" : "23");
		ask(t, DNS_AXFR, 0);
	}
	ask(t, DNS_IXFR, 1000);
	assert_true(t->n > 10); /* whole */
	ask(t, DNS_IXFR, 1001);
	assert_int_equal(t->n, 4 + 6 + 3);
}

static void ixfr_over_udp_is_the_serial_alone(void **state)
{
	struct transfer *t = *state;

	t->z.client.tcp = false;
	ask(t, DNS_IXFR, 1);
	assert_int_equal(t->n, 1);
	assert_int_equal(t->rcode, RCODE_NOERROR);
}

/* ---- who may have it ---- */

static void axfr_over_udp_is_refused(void **state)
{
	struct transfer *t = *state;

	t->z.client.tcp = false;
	ask(t, DNS_AXFR, 0);
	assert_int_equal(t->rcode, RCODE_REFUSED);
	assert_int_equal(t->n, 0);
}

static void other_addresses_are_refused(void **state)
{
	struct transfer *t = *state;

	t->z.client.addr = ip_addr_v4(198, 51, 100, 9);
	ask(t, DNS_AXFR, 0);
	assert_int_equal(t->rcode, RCODE_REFUSED);
	assert_int_equal(t->n, 0);
}

/* The code of the extended error that ends an unsigned reply; -1: it has none. */
static int error_of(const struct transfer *t)
{
	const uint8_t *end = t->last + t->last_n;

	assert_true(get_u16(t->last + 10) == 1);
	if (get_u16(end - 8) != 6 || get_u16(end - 6) != OPTION_ERROR)
		return -1;
	return get_u16(end - 2);
}

static int error_of_refused(struct transfer *t, uint16_t type, const char *name)
{
	struct question q;

	question_begin(&q, name, type);
	question_edns(&q, 1232, 0);
	assert_true(ask_octets(t, bytes_of(q.at, q.b.n)));
	assert_int_equal(t->rcode, RCODE_REFUSED);
	return error_of(t);
}

static void refusal_says_why(void **state)
{
	static const struct dns_conf conf = {.extended_errors = true};
	struct transfer *t = *state;

	t->z.client.addr = ip_addr_v4(198, 51, 100, 9);
	assert_int_equal(
		error_of_refused(t, DNS_AXFR, "example.com"), -1); /* not by the settings */
	t->z.source.conf = &conf;
	assert_int_equal(zone_build(&t->z), FL_OK);
	assert_int_equal(error_of_refused(t, DNS_AXFR, "example.com"), DNS_ERROR_PROHIBITED);
	assert_int_equal(error_of_refused(t, DNS_AXFR, "example.net"), DNS_ERROR_NOT_AUTHORITATIVE);
	t->z.client.tcp = false;
	assert_int_equal(error_of_refused(t, DNS_AXFR, "example.com"), DNS_ERROR_NOT_SUPPORTED);
}

/* A reverse zone has its own settings. */
static void reverse_zone_is_given_to_whom_its_row_names(void **state)
{
	struct transfer *t = *state;
	const char *name = "0/29.113.0.203.in-addr.arpa";
	struct question q;

	question_begin(&q, name, DNS_AXFR);
	assert_true(ask_octets(t, bytes_of(q.at, q.b.n)));
	assert_int_equal(t->rcode, RCODE_REFUSED);
	t->z.reverse[0].transfer = (struct dns_transfer_conf){&t->allow, 1, -1, NULL, 0};
	assert_int_equal(zone_build(&t->z), FL_OK);
	assert_true(ask_octets(t, bytes_of(q.at, q.b.n)));
	assert_int_equal(t->rcode, RCODE_NOERROR);
	assert_true(has(t, "3.0/29.113.0.203.in-addr.arpa. 30 PTR mail1.example.com."));
	t->z.reverse[0].transfer.key = 1;
	assert_int_equal(zone_build(&t->z), FL_OK);
	assert_true(ask_octets(t, bytes_of(q.at, q.b.n)));
	assert_int_equal(t->rcode, RCODE_REFUSED); /* with a key as well, both must fit */
}

static void zone_without_settings_is_nobodys(void **state)
{
	struct transfer *t = *state;

	t->z.domain[0].transfer = (struct dns_transfer_conf){.key = -1};
	assert_int_equal(zone_build(&t->z), FL_OK);
	ask(t, DNS_AXFR, 0);
	assert_int_equal(t->rcode, RCODE_REFUSED);
}

static void name_inside_a_zone_is_refused(void **state)
{
	struct transfer *t = *state;
	struct question q;

	question_begin(&q, "www.example.com", DNS_AXFR);
	assert_true(ask_octets(t, bytes_of(q.at, q.b.n)));
	assert_int_equal(t->rcode, RCODE_REFUSED);
}

/* ---- signatures ---- */

static void want_key(struct transfer *t, int32_t key)
{
	struct tsig_key mine;

	t->z.domain[0].transfer.key = key;
	assert_int_equal(zone_build(&t->z), FL_OK);
	dns_key_read(&t->keys[1], &mine);
	dns_tsig_ask(&t->asked, &mine, 0x1234);
	t->sign = true;
}

/* The error in the TSIG record at the end of the last message. */
static unsigned tsig_error(struct transfer *t)
{
	unsigned records = get_u16(t->last + 10);

	assert_int_not_equal(records, 0);
	return get_u16(t->last + t->last_n - 4 - (t->last[t->last_n - 1] ? 6 : 0));
}

static void unsigned_question_is_refused_where_a_key_is_wanted(void **state)
{
	struct transfer *t = *state;

	want_key(t, 1);
	t->sign = false;
	ask(t, DNS_AXFR, 0);
	assert_int_equal(t->rcode, RCODE_REFUSED);
}

static void signed_question_gets_a_signed_zone(void **state)
{
	struct transfer *t = *state;

	want_key(t, 1);
	ask(t, DNS_AXFR, 0);
	assert_int_equal(t->rcode, RCODE_NOERROR);
	assert_true(t->n > 10);
	assert_int_equal(tsig_error(t), TSIG_GOOD);
}

static void another_key_of_ours_is_refused(void **state)
{
	struct transfer *t = *state;

	want_key(t, 0);
	ask(t, DNS_AXFR, 0);
	assert_int_equal(t->rcode, RCODE_REFUSED);
}

static void unknown_key_is_told(void **state)
{
	struct transfer *t = *state;

	want_key(t, 1);
	t->asked.key.name[1] ^= 1;
	ask(t, DNS_AXFR, 0);
	assert_int_equal(t->rcode, RCODE_NOTAUTH);
	assert_int_equal(tsig_error(t), TSIG_BADKEY);
}

static void wrong_secret_is_told(void **state)
{
	struct transfer *t = *state;

	want_key(t, 1);
	t->asked.key.secret[0] ^= 1;
	ask(t, DNS_AXFR, 0);
	assert_int_equal(t->rcode, RCODE_NOTAUTH);
	assert_int_equal(tsig_error(t), TSIG_BADSIG);
}

static void changed_question_is_told(void **state)
{
	struct transfer *t = *state;
	struct question q;

	want_key(t, 1);
	make_question(t, &q, DNS_AXFR, 0);
	q.at[3] ^= 0x10;
	assert_true(ask_octets(t, bytes_of(q.at, q.b.n)));
	assert_int_equal(tsig_error(t), TSIG_BADSIG);
}

static void clock_that_is_off_is_told(void **state)
{
	struct transfer *t = *state;
	struct question q;

	want_key(t, 1);
	make_question(t, &q, DNS_AXFR, 0);
	t->signer.now += DNS_TSIG_FUDGE + 1;
	assert_true(ask_octets(t, bytes_of(q.at, q.b.n)));
	assert_int_equal(t->rcode, RCODE_NOTAUTH);
	assert_int_equal(tsig_error(t), TSIG_BADTIME);
}

static void ordinary_signed_question_gets_a_signed_answer(void **state)
{
	struct transfer *t = *state;
	struct question q;
	struct dns_query read;
	struct buf reply = buf_of(t->octets, DNS_UDP_SIZE);

	want_key(t, 1);
	question_begin(&q, "example.com", DNS_SOA);
	dns_tsig_sign(hmac_nettle, &t->asked, NOW, &q.b);
	t->z.client.tcp = false;
	assert_int_equal(dns_query_parse(bytes_of(q.at, q.b.n), &read), FL_OK);
	assert_int_equal(
		dns_answer_signed(&t->z.r, &t->z.pub, &t->z.client, &t->signer, &read, &reply),
		DNS_REPLY);
	take_message(t, bytes_of(reply.at, reply.n));
	assert_int_equal(t->rcode, RCODE_NOERROR);
	assert_int_equal(tsig_error(t), TSIG_GOOD);
}

/* RFC 8945 5.3.1: the second message is signed over the first one's MAC. */
static void every_message_is_signed_over_the_one_before(void **state)
{
	struct transfer *t = *state;
	uint8_t stamp[8] = {0, 0, NOW >> 24 & 255, NOW >> 16 & 255, NOW >> 8 & 255, NOW & 255,
		DNS_TSIG_FUDGE >> 8, DNS_TSIG_FUDGE & 255};
	uint8_t message[100] = {0}, mac[HMAC_MAX], before[2 + 64];
	struct buf m = buf_of(message, sizeof(message));
	uint8_t first[600];
	struct bytes parts[3];
	struct buf b = buf_of(first, sizeof(first));

	want_key(t, 1);
	buf_put(&b, message, DNS_HEADER);
	dns_tsig_sign(hmac_nettle, &t->asked, NOW, &b);
	set_u16(before, 64);
	memcpy(before + 2, t->asked.mac, 64);
	b = buf_of(first, sizeof(first));
	buf_put(&b, message, DNS_HEADER);
	dns_tsig_sign(hmac_nettle, &t->asked, NOW, &b);
	m.n = DNS_HEADER;
	parts[0] = bytes_of(before, sizeof(before));
	parts[1] = bytes_of(message, m.n);
	parts[2] = bytes_of(stamp, sizeof(stamp));
	hmac_nettle(HMAC_SHA512, bytes_of(t->keys[1].secret.octets, 16), parts, 3, mac);
	assert_memory_equal(mac, t->asked.mac, 64);
}

/* RFC 4231 4.3, test case 2. */
static void keyed_hash_is_that_of_the_rfc(void **state)
{
	static const uint8_t sum256[] = {0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e};
	static const uint8_t sum512[] = {0x16, 0x4b, 0x7a, 0x7b, 0xfc, 0xf8, 0x19, 0xe2};
	const struct bytes parts[] = {
		bytes_of("what do ya want ", 16), bytes_of("for nothing?", 12)};
	uint8_t out[HMAC_MAX];

	(void)state;
	hmac_nettle(HMAC_SHA256, bytes_of("Jefe", 4), parts, 2, out);
	assert_memory_equal(out, sum256, sizeof(sum256));
	hmac_nettle(HMAC_SHA512, bytes_of("Jefe", 4), parts, 2, out);
	assert_memory_equal(out, sum512, sizeof(sum512));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(axfr_begins_and_ends_with_the_soa),
		TEST(axfr_has_hosts_records_delegations_and_glue),
		TEST(dead_addresses_and_their_mx_are_absent),
		TEST(name_without_a_live_record_is_kept),
		TEST(keeper_comes_and_goes_in_differences),
		TEST(exchange_without_address_yet_is_delegated_to_us),
		TEST(domain_that_waits_for_its_own_address_is_kept_as_it_was),
		TEST(domain_whose_wildcard_waits_for_its_address_is_kept_as_it_was),
		TEST(domain_of_ours_below_is_delegated),
		TEST(print_for_people_has_no_keeper),
		TEST(mx_set_is_kept_when_its_last_link_dies),
		TEST(transfer_is_what_is_answered),
		TEST(large_zone_goes_out_in_messages_of_16_kib),
		TEST(new_image_ends_a_transfer),
		TEST(ixfr_after_a_death_has_what_went_and_nothing_else),
		TEST(ixfr_after_a_return_has_what_came),
		TEST(ixfr_leaps_over_what_nobody_saw),
		TEST(ixfr_of_the_current_serial_is_one_soa),
		TEST(ixfr_of_an_unknown_serial_is_the_whole_zone),
		TEST(ixfr_over_a_commit_is_the_whole_zone),
		TEST(journal_forgets_the_oldest),
		TEST(ixfr_over_udp_is_the_serial_alone),
		TEST(axfr_over_udp_is_refused),
		TEST(other_addresses_are_refused),
		TEST(refusal_says_why),
		TEST(reverse_zone_is_given_to_whom_its_row_names),
		TEST(zone_without_settings_is_nobodys),
		TEST(name_inside_a_zone_is_refused),
		TEST(unsigned_question_is_refused_where_a_key_is_wanted),
		TEST(signed_question_gets_a_signed_zone),
		TEST(another_key_of_ours_is_refused),
		TEST(unknown_key_is_told),
		TEST(wrong_secret_is_told),
		TEST(changed_question_is_told),
		TEST(clock_that_is_off_is_told),
		TEST(ordinary_signed_question_gets_a_signed_answer),
		TEST(every_message_is_signed_over_the_one_before),
		TEST(keyed_hash_is_that_of_the_rfc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
