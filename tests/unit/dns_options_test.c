/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a message may ask for beside its question, and how much a client gets: cookies, rate limit,
 * NSID, extended errors, CHAOS, views and client subnets. */
#include "dns_cookie.h"
#include "dns_edns.h"
#include "dns_limit.h"
#include "dns_view.h"
#include "support/dns_zone.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define NOW 1559731985 /* s since 1970 */

struct test {
	struct zone z;
	struct dns_conf conf;
	struct dns_view_conf view[2];
	struct dns_view_client client[8];
	struct dns_limiter limiter;
	uint8_t octets[DNS_UDP_SIZE];
	struct bytes reply;
};

static void rebuild(struct test *t)
{
	assert_int_equal(zone_build(&t->z), FL_OK);
	zone_live(&t->z, "123");
}

static int open_test(void **state)
{
	struct test *t = calloc(1, sizeof(*t));

	zone_example(&t->z);
	t->conf = (struct dns_conf){.cookies = true,
		.extended_errors = true,
		.version = STR("none of yours"),
		.server_id = STR("north")};
	t->z.source.conf = &t->conf;
	t->z.client.wall = NOW;
	t->z.client.now = (mtime){1000000};
	rebuild(t);
	*state = t;
	return 0;
}

static int close_test(void **state)
{
	struct test *t = *state;

	zone_close(&t->z);
	free(t);
	return 0;
}

/* ---- messages ---- */

static void put_option(struct question *q, uint16_t code, const void *data, size_t n)
{
	/* The OPT record is the last thing in the message. */
	size_t length_at = q->b.n - 2;
	uint8_t *p = q->at + q->b.n;

	while (length_at > DNS_HEADER && get_u16(q->at + length_at) != q->b.n - length_at - 2)
		length_at--;
	set_u16(p, code);
	set_u16(p + 2, (uint16_t)n);
	if (n)
		memcpy(p + 4, data, n);
	q->b.n += 4 + n;
	set_u16(q->at + length_at, (uint16_t)(q->b.n - length_at - 2));
}

static void question(struct question *q, const char *name, uint16_t type)
{
	question_begin(q, name, type);
	question_edns(q, 1232, 0);
}

static bool send_query(struct test *t, const struct question *q)
{
	struct buf out = buf_of(t->octets, sizeof(t->octets));

	if (dns_answer(&t->z.r, &t->z.pub, &t->z.client, bytes_of(q->at, q->b.n), &out) == DNS_DROP)
		return false;
	t->reply = bytes_of(out.at, out.n);
	return true;
}

static bool ask(struct test *t, const char *name, uint16_t type)
{
	struct question q;

	question(&q, name, type);
	return send_query(t, &q);
}

/* The reply's OPT record: it is the last record of all answers here. */
static struct bytes opt_of(const struct test *t, unsigned *rcode)
{
	for (size_t at = DNS_HEADER; at + 11 <= t->reply.n; at++) {
		const uint8_t *p = t->reply.at + at;

		if (p[0] == 0 && get_u16(p + 1) == DNS_OPT && get_u16(p + 3) == DNS_UDP_SIZE &&
			at + 11 + get_u16(p + 9) == t->reply.n) {
			*rcode = (unsigned)p[5] << 4 | (t->reply.at[3] & 15u);
			return bytes_of(p + 11, get_u16(p + 9));
		}
	}
	fail_msg("no OPT record");
	return bytes_of(NULL, 0);
}

static unsigned rcode_of(const struct test *t)
{
	unsigned rcode;

	opt_of(t, &rcode);
	return rcode;
}

/* The data of one option; `at` NULL: it is not there. */
static struct bytes option_of(const struct test *t, uint16_t code)
{
	unsigned rcode;
	struct bytes data = opt_of(t, &rcode);

	while (data.n) {
		uint16_t is = bytes_take_u16(&data), n = bytes_take_u16(&data);
		const uint8_t *at = bytes_take(&data, n);

		assert_false(data.bad);
		if (is == code)
			return bytes_of(at, n);
	}
	return bytes_of(NULL, 0);
}

static bool is_truncated(const struct test *t)
{
	return t->reply.at[2] & 2;
}

static unsigned answers_of(const struct test *t)
{
	return get_u16(t->reply.at + 6);
}

static void octets_of(const char *hex, uint8_t *out)
{
	for (; *hex; hex += 2, out++) {
		char two[3] = {hex[0], hex[1]};

		*out = (uint8_t)strtoul(two, NULL, 16);
	}
}

/* ---- cookies: RFC 9018, appendix A ---- */

static const struct vector {
	const char *secret, *client, *sent, *given;
	uint32_t now;
} vectors[] = {
	{"e5e973e5a6b2a43f48e7dc849e37bfcf", "198.51.100.100", "2464c4abcf10c957",
		"2464c4abcf10c957010000005cf79f111f8130c3eee29480", 0x5cf79f11},
	{"e5e973e5a6b2a43f48e7dc849e37bfcf", "198.51.100.100",
		"2464c4abcf10c957010000005cf79f111f8130c3eee29480",
		"2464c4abcf10c957010000005cf7a871d4a564a1442aca77", 0x5cf7a871},
	{"e5e973e5a6b2a43f48e7dc849e37bfcf", "203.0.113.203",
		"fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5",
		"fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e", 0x5cf7a9ac},
	{"445536bcd2513298075a5d379663c962", "2001:db8:220:1:59de:d0f4:8769:82b8",
		"22681ab97d52c298010000005cf7c57926556bd0934c72f8",
		"22681ab97d52c298010000005cf7c609a6bb79d16625507a", 0x5cf7c609},
};

static void cookies_are_those_of_the_rfc(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(vectors); i++) {
		const struct vector *v = &vectors[i];
		uint8_t secret[16], sent[24], given[24], out[24];
		struct bytes cookie = bytes_of(sent, strlen(v->sent) / 2);
		struct ip_addr client = zone_addr(v->client);

		octets_of(v->secret, secret);
		octets_of(v->sent, sent);
		octets_of(v->given, given);
		dns_cookie_make(secret, &client, v->now, cookie, DNS_COOKIE_NEW, out);
		assert_memory_equal(out, given, sizeof(given));
		assert_int_equal(
			dns_cookie_check(secret, &client, v->now, bytes_of(given, sizeof(given))),
			DNS_COOKIE_GOOD);
	}
}

/* The third vector's cookie was good when it came, reserved octets and all. */
static void reserved_octets_of_a_cookie_are_hashed_as_they_are(void **state)
{
	const struct vector *v = &vectors[2];
	struct ip_addr client = zone_addr(v->client);
	uint8_t secret[16], sent[24];

	(void)state;
	octets_of(v->secret, secret);
	octets_of(v->sent, sent);
	assert_int_equal(dns_cookie_check(secret, &client, 0x5cf78f71 + 10, bytes_of(sent, 24)),
		DNS_COOKIE_GOOD);
}

static void first_cookie(struct test *t, uint8_t out[24])
{
	struct question q;
	struct bytes got;

	question(&q, "www-a.example.com", DNS_A);
	put_option(&q, OPTION_COOKIE, "ABCDEFGH", 8);
	assert_true(send_query(t, &q));
	got = option_of(t, OPTION_COOKIE);
	assert_int_equal(got.n, 24);
	assert_memory_equal(got.at, "ABCDEFGH", 8);
	memcpy(out, got.at, 24);
}

static bool ask_with(struct test *t, const void *cookie, size_t n)
{
	struct question q;

	question(&q, "www-a.example.com", DNS_A);
	put_option(&q, OPTION_COOKIE, cookie, n);
	return send_query(t, &q);
}

static void a_cookie_of_ours_is_good(void **state)
{
	struct test *t = *state;
	uint8_t cookie[24];

	first_cookie(t, cookie);
	assert_true(ask_with(t, cookie, 24));
	assert_int_equal(t->z.r.count.cookie[DNS_COOKIE_GOOD], 1);
	assert_memory_equal(option_of(t, OPTION_COOKIE).at, cookie, 24);
}

static void a_cookie_is_good_for_its_client_only(void **state)
{
	struct test *t = *state;
	uint8_t cookie[24];

	first_cookie(t, cookie);
	t->z.client.addr = ip_addr_v4(192, 0, 2, 77);
	assert_true(ask_with(t, cookie, 24));
	assert_int_equal(t->z.r.count.cookie[DNS_COOKIE_BAD], 1);
}

static void a_cookie_is_good_for_an_hour(void **state)
{
	struct test *t = *state;
	uint8_t cookie[24];

	first_cookie(t, cookie);
	t->z.client.wall += 3600;
	assert_true(ask_with(t, cookie, 24));
	t->z.client.wall++;
	assert_true(ask_with(t, cookie, 24));
	assert_int_equal(t->z.r.count.cookie[DNS_COOKIE_GOOD], 1);
	assert_int_equal(t->z.r.count.cookie[DNS_COOKIE_BAD], 1);
}

static void a_cookie_of_half_an_hour_is_replaced(void **state)
{
	struct test *t = *state;
	uint8_t cookie[24];

	first_cookie(t, cookie);
	t->z.client.wall += 1800;
	assert_true(ask_with(t, cookie, 24));
	assert_int_equal(get_u32(option_of(t, OPTION_COOKIE).at + 12), NOW + 1800);
}

#define MIDNIGHT (NOW / 86400 * 86400 + 86400)

static void secret_rolls_at_midnight_and_yesterdays_is_good_for_an_hour(void **state)
{
	struct test *t = *state;
	uint8_t cookie[24], before[16], after[16];

	dns_cookie_secret(t->z.source.cookie_secret, MIDNIGHT - 1, before);
	dns_cookie_secret(t->z.source.cookie_secret, MIDNIGHT, after);
	assert_memory_not_equal(before, after, sizeof(before));
	t->z.client.wall = MIDNIGHT - 60;
	first_cookie(t, cookie);
	t->z.client.wall = MIDNIGHT + 3000;
	assert_true(ask_with(t, cookie, 24));
	assert_int_equal(t->z.r.count.cookie[DNS_COOKIE_GOOD], 1);
	t->z.client.wall = MIDNIGHT + 3600;
	assert_true(ask_with(t, cookie, 24));
	assert_int_equal(t->z.r.count.cookie[DNS_COOKIE_BAD], 1);
}

/* Whoever has learned one day's secret cannot make cookies of the next day. */
static void yesterdays_secret_makes_no_cookie_of_today(void **state)
{
	struct test *t = *state;
	uint8_t secret[16], cookie[24];

	t->z.client.wall = MIDNIGHT + 60;
	dns_cookie_secret(t->z.source.cookie_secret, MIDNIGHT - 60, secret);
	dns_cookie_make(secret, &t->z.client.addr, t->z.client.wall,
		bytes_of((const uint8_t *)"ABCDEFGH", 8), DNS_COOKIE_NEW, cookie);
	assert_true(ask_with(t, cookie, 24));
	assert_int_equal(t->z.r.count.cookie[DNS_COOKIE_BAD], 1);
}

static void cookie_of_a_wrong_length_is_formerr(void **state)
{
	static const size_t wrong[] = {0, 1, 7, 9, 15, 41};
	static const uint8_t zeros[64];
	struct test *t = *state;

	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		assert_true(ask_with(t, zeros, wrong[i]));
		assert_int_equal(rcode_of(t), RCODE_FORMERR);
	}
}

static void question_less_query_with_a_cookie_gets_one(void **state)
{
	struct test *t = *state;
	struct question q;

	question(&q, ".", DNS_A);
	put_option(&q, OPTION_COOKIE, "ABCDEFGH", 8);
	/* Take the question out: a root name, type and class. */
	memmove(q.at + DNS_HEADER, q.at + DNS_HEADER + 5, q.b.n - DNS_HEADER - 5);
	q.b.n -= 5;
	set_u16(q.at + 4, 0);
	assert_true(send_query(t, &q));
	assert_int_equal(rcode_of(t), RCODE_NOERROR);
	assert_int_equal(option_of(t, OPTION_COOKIE).n, 24);
	assert_int_equal(get_u16(t->reply.at + 4), 0);
}

static void no_cookies_means_none(void **state)
{
	struct test *t = *state;

	t->conf.cookies = false;
	rebuild(t);
	assert_true(ask_with(t, "ABCDEFGH", 8));
	assert_null(option_of(t, OPTION_COOKIE).at);
	assert_true(ask_with(t, "A", 1)); /* as unknown as any other option */
	assert_int_equal(rcode_of(t), RCODE_NOERROR);
}

/* ---- the rate limit ---- */

static void limit_to(struct test *t, uint32_t answers, uint32_t slip)
{
	t->conf.rate_limit = (struct dns_rate_conf){answers, slip};
	t->z.r.limiter = &t->limiter;
	rebuild(t);
}

static unsigned replies_to(struct test *t, const char *name, unsigned queries)
{
	unsigned n = 0;

	while (queries--)
		n += ask(t, name, DNS_A);
	return n;
}

static void a_seconds_worth_may_come_at_once(void **state)
{
	struct test *t = *state;

	limit_to(t, 10, 0);
	assert_int_equal(replies_to(t, "www-a.example.com", 30), 10);
	assert_int_equal(t->z.r.count.limit_dropped, 20);
	t->z.client.now.us += 500000;
	assert_int_equal(replies_to(t, "www-a.example.com", 30), 5);
}

static void every_second_one_too_many_is_cut_short(void **state)
{
	struct test *t = *state;

	limit_to(t, 10, 2);
	assert_int_equal(replies_to(t, "www-a.example.com", 30), 20);
	assert_true(is_truncated(t));
	assert_int_equal(answers_of(t), 0);
	assert_int_equal(t->z.r.count.limit_slipped, 10);
}

static void limit_is_by_name_and_by_network(void **state)
{
	struct test *t = *state;

	limit_to(t, 1, 0);
	assert_int_equal(replies_to(t, "www-a.example.com", 2), 1);
	assert_int_equal(replies_to(t, "www-b.example.com", 2), 1);
	t->z.client.addr = ip_addr_v4(192, 0, 2, 200); /* the same /24 */
	assert_int_equal(replies_to(t, "www-a.example.com", 2), 0);
	t->z.client.addr = ip_addr_v4(192, 0, 3, 200);
	assert_int_equal(replies_to(t, "www-a.example.com", 2), 1);
}

static void names_made_up_count_as_one(void **state)
{
	struct test *t = *state;

	limit_to(t, 2, 0);
	assert_true(ask(t, "a1.example.com", DNS_A));
	assert_true(ask(t, "a2.example.com", DNS_A));
	assert_false(ask(t, "a3.example.com", DNS_A));
	assert_true(ask(t, "b1.wild.example.com", DNS_TXT));
	assert_true(ask(t, "b2.wild.example.com", DNS_TXT));
	assert_false(ask(t, "b3.wild.example.com", DNS_TXT));
	assert_true(ask(t, "c1.example.net", DNS_A));
	assert_true(ask(t, "c2.example.net", DNS_A));
	assert_false(ask(t, "c3.example.net", DNS_A));
}

static void tcp_and_a_good_cookie_are_not_limited(void **state)
{
	struct test *t = *state;
	uint8_t cookie[24];

	limit_to(t, 1, 0);
	first_cookie(t, cookie);
	assert_false(ask(t, "www-a.example.com", DNS_A));
	assert_true(ask_with(t, cookie, 24));
	t->z.client.tcp = true;
	assert_true(ask(t, "www-a.example.com", DNS_A));
}

static void a_client_with_cookies_is_asked_for_one_before_it_is_dropped(void **state)
{
	struct test *t = *state;
	uint8_t cookie[24];

	limit_to(t, 1, 1);
	first_cookie(t, cookie);
	assert_true(ask_with(t, "ABCDEFGH", 8));
	assert_int_equal(rcode_of(t), RCODE_BADCOOKIE);
	assert_false(is_truncated(t));
	assert_int_equal(answers_of(t), 0);
	assert_int_equal(option_of(t, OPTION_COOKIE).n, 24);
}

static void a_flood_stays_limited_while_others_pass_by(void **state)
{
	struct dns_limiter *l = calloc(1, sizeof(*l));
	struct ip_addr victim = ip_addr_v4(192, 0, 2, 1);
	unsigned sent = 0;

	(void)state;
	for (uint32_t i = 0; i < 100000; i++) {
		struct ip_addr other =
			ip_addr_v4(10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i);

		sent += dns_limit(l, &victim, 4, 100, 0, (mtime){1000}) == DNS_LIMIT_SEND;
		assert_int_equal(
			dns_limit(l, &other, i * 4, 100, 0, (mtime){1000}), DNS_LIMIT_SEND);
	}
	assert_int_equal(sent, 100);
	free(l);
}

static void limit_goes_on_when_its_times_wrap_around(void **state)
{
	struct dns_limiter *l = calloc(1, sizeof(*l));
	const struct ip_addr client = ip_addr_v4(192, 0, 2, 1);
	const int64_t wrap = INT64_C(1) << 32, steps[] = {0, 500000, 1000000, 60000000};
	const unsigned expected[] = {10, 5, 5, 10};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		unsigned sent = 0;

		for (int k = 0; k < 30; k++)
			sent += dns_limit(l, &client, 4, 10, 0,
					(mtime){wrap - 600000 + steps[i]}) == DNS_LIMIT_SEND;
		assert_int_equal(sent, expected[i]);
	}
	free(l);
}

/* ---- what the server says of itself ---- */

static void nsid_is_told_to_who_asks(void **state)
{
	struct test *t = *state;
	struct question q;

	question(&q, "www-a.example.com", DNS_A);
	put_option(&q, OPTION_NSID, "", 0);
	assert_true(send_query(t, &q));
	assert_int_equal(option_of(t, OPTION_NSID).n, 5);
	assert_memory_equal(option_of(t, OPTION_NSID).at, "north", 5);
	assert_true(ask(t, "www-a.example.com", DNS_A));
	assert_null(option_of(t, OPTION_NSID).at);
}

static bool ask_chaos(struct test *t, const char *name)
{
	struct question q;

	question_begin(&q, name, DNS_TXT);
	set_u16(q.at + q.b.n - 2, DNS_CH);
	question_edns(&q, 1232, 0);
	return send_query(t, &q);
}

static void chaos_tells_what_the_settings_say(void **state)
{
	struct test *t = *state;

	assert_true(ask_chaos(t, "VERSION.bind"));
	assert_int_equal(answers_of(t), 1);
	assert_non_null(memmem(t->octets, t->reply.n, "none of yours", 13));
	assert_true(ask_chaos(t, "id.server"));
	assert_non_null(memmem(t->octets, t->reply.n, "\5north", 6));
	assert_true(ask_chaos(t, "hostname.bind"));
	assert_int_equal(answers_of(t), 1);
	assert_true(ask_chaos(t, "www-a.example.com"));
	assert_int_equal(rcode_of(t), RCODE_REFUSED);
}

static void chaos_is_refused_where_the_settings_say_nothing(void **state)
{
	struct test *t = *state;

	t->conf.version = t->conf.server_id = (struct str){NULL, 0};
	rebuild(t);
	assert_true(ask_chaos(t, "version.bind"));
	assert_int_equal(rcode_of(t), RCODE_REFUSED);
	assert_true(ask_chaos(t, "id.server"));
	assert_int_equal(rcode_of(t), RCODE_REFUSED);
}

/* ---- extended errors ---- */

static void assert_error(const struct test *t, uint16_t code, const char *text)
{
	struct bytes error = option_of(t, OPTION_ERROR);

	assert_non_null(error.at);
	assert_int_equal(bytes_take_u16(&error), code);
	assert_int_equal(error.n, strlen(text));
	assert_memory_equal(error.at, text, error.n);
}

static void withdrawn_address_is_explained(void **state)
{
	struct test *t = *state;

	zone_live(&t->z, "23");
	assert_true(ask(t, "www-a.example.com", DNS_A));
	assert_error(t, DNS_ERROR_NETWORK, "link wan1 down");
	assert_int_equal(t->z.r.count.withdrawn, 1);
}

static void mail_host_answered_on_a_dead_link_is_explained(void **state)
{
	struct test *t = *state;

	zone_live(&t->z, "3");
	assert_true(ask(t, "mail1.example.com", DNS_A));
	assert_error(t, DNS_ERROR_OTHER, "answered although link wan1 down");
	assert_int_equal(t->z.r.count.kept, 1);
}

static void waiting_for_an_address_is_explained(void **state)
{
	struct test *t = *state;

	t->z.links[0].dhcp = true;
	t->z.links[0].naddresses = 0;
	t->z.domain[0].nhosts = t->z.domain[0].nbalanced = t->z.domain[0].nrecords = 0;
	zone_host(&t->z, "10;mail", "", 1);
	assert_int_equal(zone_build(&t->z), FL_OK);
	assert_true(ask(t, "example.com", DNS_MX));
	assert_error(t, DNS_ERROR_NOT_READY, "no address from the provider");
}

static void refusal_is_explained(void **state)
{
	struct test *t = *state;

	assert_true(ask(t, "www.example.net", DNS_A));
	assert_error(t, DNS_ERROR_NOT_AUTHORITATIVE, "");
}

static void what_is_not_supported_is_refused_with_that_reason(void **state)
{
	static const enum dns_opcode opcodes[] = {OPCODE_NOTIFY, OPCODE_UPDATE};
	struct test *t = *state;
	struct question q;

	for (size_t i = 0; i < COUNT_OF(opcodes); i++) {
		question(&q, "example.com", DNS_SOA);
		set_u16(q.at + 2, (uint16_t)(opcodes[i] << 11));
		assert_true(send_query(t, &q));
		assert_int_equal(rcode_of(t), RCODE_REFUSED);
		assert_error(t, DNS_ERROR_NOT_SUPPORTED, "");
	}
}

static void nothing_is_explained_that_explains_itself(void **state)
{
	struct test *t = *state;

	assert_true(ask(t, "www-a.example.com", DNS_A));
	assert_null(option_of(t, OPTION_ERROR).at);
	assert_true(ask(t, "www-a.example.com", DNS_TXT));
	assert_null(option_of(t, OPTION_ERROR).at);
}

static void extended_errors_can_be_switched_off(void **state)
{
	struct test *t = *state;

	t->conf.extended_errors = false;
	rebuild(t);
	zone_live(&t->z, "23");
	assert_true(ask(t, "www-a.example.com", DNS_A));
	assert_null(option_of(t, OPTION_ERROR).at);
}

/* ---- views ---- */

static void add_view(struct test *t, int link, enum dns_view_answer answer, const char *prefix)
{
	struct zone *z = &t->z;
	size_t i = z->source.nviews++;
	struct dns_view_client *c = &t->client[i * 4];

	if (ip_prefix_parse(str_of(prefix), &c->prefix) != FL_OK)
		fail();
	t->view[i] = (struct dns_view_conf){
		.name = STR("v"), .clients = c, .nclients = 1, .link = link - 1, .answer = answer};
	z->source.views = t->view;
	rebuild(t);
}

/* The addresses in the answer, by their last octet: "43". */
static const char *tails(struct test *t, const char *name)
{
	static char text[32];
	struct textbuf out = textbuf_of(text, sizeof(text));
	const uint8_t *p;

	assert_true(ask(t, name, DNS_A));
	p = t->reply.at + DNS_HEADER + strlen(name) + 2 + 4;
	for (unsigned i = 0; i < answers_of(t); i++, p += 16)
		textbuf_printf(&out, "%s%u.%u", i ? " " : "", p[12], p[15]);
	return text;
}

static void client_of_a_view_gets_its_link_first(void **state)
{
	struct test *t = *state;

	add_view(t, 2, DNS_VIEW_FIRST, "192.0.2.0/24");
	for (int i = 0; i < 8; i++)
		assert_string_equal(tails(t, "www.example.com"), "198.4 203.4");
	assert_int_equal(t->z.r.count.viewed, 8);
}

static void client_of_a_view_gets_its_link_only(void **state)
{
	struct test *t = *state;

	add_view(t, 2, DNS_VIEW_ONLY, "192.0.2.0/24");
	assert_string_equal(tails(t, "www.example.com"), "198.4");
}

static void view_of_a_dead_link_changes_nothing(void **state)
{
	struct test *t = *state;

	add_view(t, 2, DNS_VIEW_ONLY, "192.0.2.0/24");
	zone_live(&t->z, "13");
	assert_string_equal(tails(t, "www.example.com"), "203.4");
}

static void view_does_not_hide_a_host_on_another_link(void **state)
{
	struct test *t = *state;

	add_view(t, 2, DNS_VIEW_ONLY, "192.0.2.0/24");
	assert_string_equal(tails(t, "www-a.example.com"), "203.4");
}

static void client_outside_sees_all_links_in_turn(void **state)
{
	struct test *t = *state;
	unsigned first = 0;

	add_view(t, 2, DNS_VIEW_FIRST, "192.0.3.0/24");
	for (int i = 0; i < 8; i++)
		first += tails(t, "www.example.com")[0] == '1';
	assert_int_equal(first, 4);
}

static void longest_prefix_wins(void **state)
{
	struct test *t = *state;

	add_view(t, 2, DNS_VIEW_ONLY, "192.0.0.0/16");
	add_view(t, 1, DNS_VIEW_ONLY, "192.0.2.0/28");
	assert_string_equal(tails(t, "www.example.com"), "203.4");
	t->z.client.addr = ip_addr_v4(192, 0, 2, 16);
	assert_string_equal(tails(t, "www.example.com"), "198.4");
}

static void same_network_in_two_views_is_an_error(void **state)
{
	struct test *t = *state;

	add_view(t, 2, DNS_VIEW_ONLY, "192.0.0.0/16");
	t->client[4] = t->client[0];
	t->view[1] = t->view[0];
	t->view[1].clients = &t->client[4];
	t->z.source.nviews = 2;
	assert_int_equal(zone_build(&t->z), FL_EFORMAT);
	assert_non_null(t->z.why.first);
	assert_int_equal(
		str_is(t->z.why.first->what, "the network 192.0.0.0/16 is in two views"), 1);
}

/* Against the plain way: look at every prefix. */
static void ranges_are_the_longest_match(void **state)
{
	enum { PREFIXES = 40, PROBES = 20000 };
	struct test *t = *state;
	struct dns_view_conf views[PREFIXES];
	struct dns_view_client clients[PREFIXES];
	struct rng rng = rng_of(5);
	const struct image_header *h;

	for (size_t i = 0; i < PREFIXES; i++) {
		uint8_t bits = (uint8_t)rng_below(&rng, 33);
		struct ip_prefix p = {ip_addr_v4(10, 0, (uint8_t)rng_below(&rng, 2),
					      (uint8_t)rng_below(&rng, 256)),
			bits < 20 ? (uint8_t)(bits == 0 ? 0 : 16 + bits / 2) : bits};
		bool twice = false;

		p = ip_prefix_network(&p);
		for (size_t k = 0; k < i; k++)
			twice |= clients[k].prefix.bits == p.bits &&
				 ip_addr_eq(&clients[k].prefix.addr, &p.addr);
		if (twice) {
			i--;
			continue;
		}
		clients[i].prefix = p;
		views[i] = (struct dns_view_conf){
			.name = STR("v"), .clients = &clients[i], .nclients = 1};
	}
	t->z.source.views = views;
	t->z.source.nviews = PREFIXES;
	rebuild(t);
	h = image_header(&t->z.r.image);
	for (size_t i = 0; i < PROBES; i++) {
		struct ip_addr a = ip_addr_v4(rng_below(&rng, 8) ? 10 : 9, 0,
			(uint8_t)rng_below(&rng, 3), (uint8_t)rng_below(&rng, 256));
		const struct image_view *found;
		struct ip_prefix around;
		int best = -1;

		found = dns_view_of(t->z.octets.at, &h->views, &a, &around.bits);
		for (size_t k = 0; k < PREFIXES; k++)
			if (ip_prefix_has(&clients[k].prefix, &a) &&
				(best < 0 || clients[k].prefix.bits > clients[best].prefix.bits))
				best = (int)k;
		assert_ptr_equal(
			found, best < 0 ? NULL
					: (const struct image_view *)(const void *)(t->z.octets.at +
										    h->views.at) +
						  best);
		/* The scope: no prefix that is longer than it lies inside it. */
		around.addr = a;
		for (size_t k = 0; k < PREFIXES; k++)
			assert_false(ip_prefix_overlaps(&around, &clients[k].prefix) &&
				     clients[k].prefix.bits > around.bits);
	}
}

/* ---- client subnets ---- */

static const uint8_t subnet_v4[] = {0, 1, 24, 0, 192, 0, 3}; /* 192.0.3.0/24 */

static bool ask_for(struct test *t, const void *subnet, size_t n)
{
	struct question q;

	question(&q, "www.example.com", DNS_A);
	put_option(&q, OPTION_CLIENT_SUBNET, subnet, n);
	return send_query(t, &q);
}

static void client_subnet_chooses_the_view(void **state)
{
	struct test *t = *state;
	struct bytes subnet;

	t->conf.client_subnet = true;
	add_view(t, 2, DNS_VIEW_ONLY, "192.0.2.0/23");
	assert_true(ask_for(t, subnet_v4, sizeof(subnet_v4)));
	assert_int_equal(answers_of(t), 1);
	subnet = option_of(t, OPTION_CLIENT_SUBNET);
	assert_int_equal(subnet.n, sizeof(subnet_v4));
	assert_int_equal(subnet.at[2], 24);
	assert_int_equal(subnet.at[3], 23); /* all of the /23 would be answered so */
}

static void client_subnet_is_off_unless_asked_for(void **state)
{
	struct test *t = *state;

	add_view(t, 2, DNS_VIEW_ONLY, "192.0.3.0/24");
	assert_true(ask_for(t, subnet_v4, sizeof(subnet_v4)));
	assert_int_equal(answers_of(t), 2);
	assert_null(option_of(t, OPTION_CLIENT_SUBNET).at);
}

static void broken_client_subnet_is_formerr(void **state)
{
	static const struct {
		size_t n;
		uint8_t octets[8];
	} broken[] = {
		{3, {0, 1, 24}},                  /* ends early */
		{7, {0, 3, 24, 0, 192, 0, 3}},    /* no such family */
		{7, {0, 1, 33, 0, 192, 0, 3}},    /* more bits than the family has */
		{6, {0, 1, 24, 0, 192, 0}},       /* an octet missing */
		{8, {0, 1, 24, 0, 192, 0, 3, 0}}, /* one too many */
		{7, {0, 1, 23, 0, 192, 0, 3}},    /* a bit set behind the prefix */
		{7, {0, 1, 24, 24, 192, 0, 3}},   /* a scope in a query */
	};
	struct test *t = *state;

	t->conf.client_subnet = true;
	rebuild(t);
	for (size_t i = 0; i < COUNT_OF(broken); i++) {
		assert_true(ask_for(t, broken[i].octets, broken[i].n));
		assert_int_equal(rcode_of(t), RCODE_FORMERR);
	}
}

static void empty_client_subnet_means_not_to_look(void **state)
{
	static const uint8_t none[] = {0, 1, 0, 0};
	struct test *t = *state;

	t->conf.client_subnet = true;
	rebuild(t);
	assert_true(ask_for(t, none, sizeof(none)));
	assert_int_equal(option_of(t, OPTION_CLIENT_SUBNET).n, 4);
	assert_int_equal(option_of(t, OPTION_CLIENT_SUBNET).at[3], 0);
}

/* ---- counters ---- */

static void counters_tell_types_codes_and_links(void **state)
{
	struct test *t = *state;
	char text[2000];
	struct textbuf b = textbuf_of(text, sizeof(text));
	struct sink out = textbuf_sink(&b);

	ask(t, "www-a.example.com", DNS_A);
	ask(t, "nobody.example.com", DNS_AAAA);
	ask(t, "www-a.example.com", 4711);
	dns_counters_print(&t->z.r.count, 2, &t->z.r.image, &out);
	assert_string_equal(text, "queries                                     3\n"
				  "over UDP                                    3\n"
				  "with EDNS                                   3\n"
				  "cookie none                                 3\n"
				  "rcode NOERROR                               2\n"
				  "rcode NXDOMAIN                              1\n"
				  "type A                                      1\n"
				  "type AAAA                                   1\n"
				  "type other                                  1\n"
				  "addresses on wan1                           1\n"
				  "forbidden system calls                      2\n");
}

/* Of a worker that was ended before it was asked anything. */
static void forbidden_system_calls_are_told_before_any_query(void **state)
{
	struct test *t = *state;
	char text[200];
	struct textbuf b = textbuf_of(text, sizeof(text));
	struct sink out = textbuf_sink(&b);

	dns_counters_print(&(struct dns_counters){0}, 1, &t->z.r.image, &out);
	assert_string_equal(text, "no query yet\n"
				  "forbidden system calls                      1\n");
	b = textbuf_of(text, sizeof(text));
	dns_counters_print_json(&(struct dns_counters){0}, 1, &t->z.r.image, &out);
	assert_non_null(strstr(text, "\"forbidden system calls\": 1"));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, open_test, close_test)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cookies_are_those_of_the_rfc),
		cmocka_unit_test(reserved_octets_of_a_cookie_are_hashed_as_they_are),
		TEST(a_cookie_of_ours_is_good),
		TEST(a_cookie_is_good_for_its_client_only),
		TEST(a_cookie_is_good_for_an_hour),
		TEST(a_cookie_of_half_an_hour_is_replaced),
		TEST(secret_rolls_at_midnight_and_yesterdays_is_good_for_an_hour),
		TEST(yesterdays_secret_makes_no_cookie_of_today),
		TEST(cookie_of_a_wrong_length_is_formerr),
		TEST(question_less_query_with_a_cookie_gets_one),
		TEST(no_cookies_means_none),
		TEST(a_seconds_worth_may_come_at_once),
		TEST(every_second_one_too_many_is_cut_short),
		TEST(limit_is_by_name_and_by_network),
		TEST(names_made_up_count_as_one),
		TEST(tcp_and_a_good_cookie_are_not_limited),
		TEST(a_client_with_cookies_is_asked_for_one_before_it_is_dropped),
		cmocka_unit_test(a_flood_stays_limited_while_others_pass_by),
		TEST(limit_goes_on_when_its_times_wrap_around),
		TEST(nsid_is_told_to_who_asks),
		TEST(chaos_tells_what_the_settings_say),
		TEST(chaos_is_refused_where_the_settings_say_nothing),
		TEST(withdrawn_address_is_explained),
		TEST(mail_host_answered_on_a_dead_link_is_explained),
		TEST(waiting_for_an_address_is_explained),
		TEST(refusal_is_explained),
		TEST(what_is_not_supported_is_refused_with_that_reason),
		TEST(nothing_is_explained_that_explains_itself),
		TEST(extended_errors_can_be_switched_off),
		TEST(client_of_a_view_gets_its_link_first),
		TEST(client_of_a_view_gets_its_link_only),
		TEST(view_of_a_dead_link_changes_nothing),
		TEST(view_does_not_hide_a_host_on_another_link),
		TEST(client_outside_sees_all_links_in_turn),
		TEST(longest_prefix_wins),
		TEST(same_network_in_two_views_is_an_error),
		TEST(ranges_are_the_longest_match),
		TEST(client_subnet_chooses_the_view),
		TEST(client_subnet_is_off_unless_asked_for),
		TEST(broken_client_subnet_is_formerr),
		TEST(empty_client_subnet_means_not_to_look),
		TEST(counters_tell_types_codes_and_links),
		TEST(forbidden_system_calls_are_told_before_any_query),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
