/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe.h"

#include "siphash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t secret[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

struct packet {
	uint8_t at[PROBE_SIZE_MAX];
	struct buf buf;
};

static void build(struct packet *p, const struct link_target *t, uint16_t seq)
{
	struct probe_id id = probe_id_of(secret, seq);

	p->buf = buf_of(p->at, sizeof(p->at));
	assert_int_equal(probe_build(t, &id, &p->buf), FL_OK);
}

static struct bytes bytes_in(const struct packet *p)
{
	return bytes_of(p->at, p->buf.n);
}

static uint16_t sum_of(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (uint32_t)p[i] << (i % 2 ? 0 : 8);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* What a host makes of an echo request. */
static void turn_into_reply(struct packet *p)
{
	if (p->at[0] == 8) {
		p->at[0] = 0;
		set_u16(p->at + 2, 0);
		set_u16(p->at + 2, (uint16_t)~sum_of(p->at, p->buf.n));
	} else {
		p->at[0] = 129;
	}
}

static const struct link_target ping4 = {.addr = {4, {192, 0, 2, 1}}, .method = LINK_PING};
static const struct link_target ping6 = {.addr = {6, {0x20, 1, 0xd, 0xb8}}, .method = LINK_PING};
static const struct link_target dns = {
	.addr = {4, {192, 0, 2, 1}}, .method = LINK_DNS, .query = {"www.example.org", 15}};

static void siphash_agrees_with_the_vectors_of_its_authors(void **state)
{
	/* The first values of vectors.h of the reference implementation. */
	static const struct {
		size_t n;
		uint64_t hash;
	} vectors[] = {
		{0, UINT64_C(0x726fdb47dd0e0e31)},
		{1, UINT64_C(0x74f839c593dc67fd)},
		{2, UINT64_C(0x0d6c8009d9a94f5a)},
		{8, UINT64_C(0x93f5f5799a932462)},
		{15, UINT64_C(0xa129ca6149be45e5)},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(vectors); i++)
		assert_true(siphash(secret, bytes_of(secret, vectors[i].n)) == vectors[i].hash);
}

static void echo_request_has_a_right_checksum(void **state)
{
	struct packet p;

	(void)state;
	build(&p, &ping4, 4711);
	assert_int_equal(p.buf.n, 16);
	assert_int_equal(p.at[0], 8);
	assert_int_equal(p.at[1], 0);
	assert_int_equal(sum_of(p.at, p.buf.n), 0xffff);
}

static void icmpv6_checksum_is_left_to_the_kernel(void **state)
{
	struct packet p;

	(void)state;
	build(&p, &ping6, 4711);
	assert_int_equal(p.at[0], 128);
	assert_int_equal(get_u16(p.at + 2), 0);
}

static void echo_reply_tells_which_probe_it_answers(void **state)
{
	static const uint16_t seqs[] = {0, 1, 255, 256, 32768, 65535};
	struct packet p;
	uint16_t seq;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(seqs); i++) {
		build(&p, &ping4, seqs[i]);
		turn_into_reply(&p);
		assert_int_equal(probe_parse_icmp(4, bytes_in(&p), secret, &seq), FL_OK);
		assert_int_equal(seq, seqs[i]);
		build(&p, &ping6, seqs[i]);
		turn_into_reply(&p);
		assert_int_equal(probe_parse_icmp(6, bytes_in(&p), secret, &seq), FL_OK);
		assert_int_equal(seq, seqs[i]);
	}
}

static void echo_request_is_no_answer(void **state)
{
	struct packet p;
	uint16_t seq = 1;

	(void)state;
	build(&p, &ping4, 7);
	assert_int_equal(probe_parse_icmp(4, bytes_in(&p), secret, &seq), FL_EFORMAT);
	assert_int_equal(seq, 1);
}

static void reply_of_the_other_family_is_no_answer(void **state)
{
	struct packet p;
	uint16_t seq;

	(void)state;
	build(&p, &ping4, 7);
	turn_into_reply(&p);
	assert_int_equal(probe_parse_icmp(6, bytes_in(&p), secret, &seq), FL_EFORMAT);
}

/* The identifier may be the kernel's. */
static bool may_differ(size_t octet)
{
	return octet == 4 || octet == 5;
}

static void reply_with_any_octet_changed_is_no_answer(void **state)
{
	struct packet p;
	uint16_t seq;

	(void)state;
	build(&p, &ping6, 7);
	turn_into_reply(&p);
	for (size_t i = 0; i < p.buf.n; i++) {
		if (i == 2 || i == 3 || may_differ(i)) /* the kernel checks the checksum */
			continue;
		p.at[i] ^= 1;
		assert_int_equal(probe_parse_icmp(6, bytes_in(&p), secret, &seq), FL_EFORMAT);
		p.at[i] ^= 1;
	}
}

static void reply_with_a_wrong_checksum_is_no_answer(void **state)
{
	struct packet p;
	uint16_t seq;

	(void)state;
	build(&p, &ping4, 7);
	turn_into_reply(&p);
	p.at[3] ^= 1;
	assert_int_equal(probe_parse_icmp(4, bytes_in(&p), secret, &seq), FL_EFORMAT);
}

static void reply_with_the_identifier_of_the_kernel_is_an_answer(void **state)
{
	struct packet p;
	uint16_t seq;

	(void)state;
	build(&p, &ping4, 7);
	set_u16(p.at + 4, 0x1234);
	turn_into_reply(&p);
	assert_int_equal(probe_parse_icmp(4, bytes_in(&p), secret, &seq), FL_OK);
	assert_int_equal(seq, 7);
}

static void reply_that_ends_early_or_late_is_no_answer(void **state)
{
	struct packet p;
	uint16_t seq;

	(void)state;
	build(&p, &ping6, 7);
	turn_into_reply(&p);
	for (size_t n = 0; n < p.buf.n; n++)
		assert_int_equal(probe_parse_icmp(6, bytes_of(p.at, n), secret, &seq), FL_EFORMAT);
	assert_int_equal(
		probe_parse_icmp(6, bytes_of(p.at, p.buf.n + 1), secret, &seq), FL_EFORMAT);
}

static void reply_to_a_probe_under_another_secret_is_no_answer(void **state)
{
	static const uint8_t other[16] = {1};
	struct packet p;
	uint16_t seq;

	(void)state;
	build(&p, &ping4, 7);
	turn_into_reply(&p);
	assert_int_equal(probe_parse_icmp(4, bytes_in(&p), other, &seq), FL_EFORMAT);
}

/* ---- DNS ---- */

static void dns_probe_is_a_recursive_query_for_the_name(void **state)
{
	static const uint8_t name[] = "\3www\7example\3org";
	struct packet p;

	(void)state;
	build(&p, &dns, 7);
	assert_int_equal(p.buf.n, 12 + sizeof(name) + 4);
	assert_int_equal(get_u16(p.at + 2), 0x0100);
	assert_int_equal(get_u16(p.at + 4), 1);
	for (size_t i = 0; i < sizeof(name); i++)
		assert_int_equal(p.at[12 + i] | (name[i] >= 'a' ? 0x20 : 0), name[i]);
	assert_int_equal(get_u16(p.at + p.buf.n - 4), 1);
	assert_int_equal(get_u16(p.at + p.buf.n - 2), 1);
}

static void dns_answer_tells_which_probe_it_answers(void **state)
{
	struct packet p;
	uint16_t seq;

	(void)state;
	for (uint32_t i = 0; i < 65536; i += 257) {
		build(&p, &dns, (uint16_t)i);
		p.at[2] |= 0x80;
		assert_int_equal(probe_parse_dns(bytes_in(&p), secret, dns.query, &seq), FL_OK);
		assert_int_equal(seq, i);
	}
}

static void dns_ids_do_not_repeat_within_65536_probes(void **state)
{
	static uint8_t seen[65536];

	(void)state;
	memset(seen, 0, sizeof(seen));
	for (uint32_t i = 0; i < 65536; i++)
		assert_int_equal(seen[probe_id_of(secret, (uint16_t)i).dns_id]++, 0);
}

static void letter_case_differs_between_probes(void **state)
{
	struct packet a, b;

	(void)state;
	build(&a, &dns, 1);
	build(&b, &dns, 2);
	assert_memory_not_equal(a.at + 12, b.at + 12, 17);
}

static void refusal_is_an_answer(void **state)
{
	struct packet p;
	uint16_t seq;

	(void)state;
	build(&p, &dns, 7);
	p.at[2] |= 0x80;
	p.at[3] |= 5; /* RCODE REFUSED */
	assert_int_equal(probe_parse_dns(bytes_in(&p), secret, dns.query, &seq), FL_OK);
}

static void dns_answer_with_records_behind_the_question_is_an_answer(void **state)
{
	struct packet p;
	uint16_t seq;

	(void)state;
	build(&p, &dns, 7);
	p.at[2] |= 0x80;
	p.at[7] = 1;
	buf_put(&p.buf, "\xc0\x0c\0\1\0\1\0\0\0\x1e\0\4\xc0\0\2\1", 16);
	assert_int_equal(probe_parse_dns(bytes_in(&p), secret, dns.query, &seq), FL_OK);
}

static void a_refusal_is_no_whole_answer(void **state)
{
	struct packet p;

	(void)state;
	build(&p, &dns, 7);
	p.at[2] |= 0x80;
	p.at[7] = 1;
	assert_true(probe_dns_is_whole(bytes_in(&p)));
	assert_int_equal(probe_dns_seq(bytes_in(&p), secret), 7);
	p.at[3] |= 5;
	assert_false(probe_dns_is_whole(bytes_in(&p)));
	p.at[3] &= 0xf0;
	p.at[7] = 0;
	assert_false(probe_dns_is_whole(bytes_in(&p)));
	assert_false(probe_dns_is_whole(bytes_of(p.at, 7)));
}

static void dns_query_that_comes_back_is_no_answer(void **state)
{
	struct packet p;
	uint16_t seq;

	(void)state;
	build(&p, &dns, 7);
	assert_int_equal(probe_parse_dns(bytes_in(&p), secret, dns.query, &seq), FL_EFORMAT);
}

static void dns_answer_to_another_question_is_no_answer(void **state)
{
	struct packet p;
	uint16_t seq;

	(void)state;
	build(&p, &dns, 7);
	p.at[2] |= 0x80;
	for (size_t i = 12; i < p.buf.n; i++) { /* letter case, too */
		p.at[i] ^= 0x20;
		assert_int_equal(
			probe_parse_dns(bytes_in(&p), secret, dns.query, &seq), FL_EFORMAT);
		p.at[i] ^= 0x20;
	}
	assert_int_equal(
		probe_parse_dns(bytes_in(&p), secret, STR("example.org"), &seq), FL_EFORMAT);
}

static void dns_answer_with_another_id_is_no_answer(void **state)
{
	struct packet p;
	uint16_t seq;

	(void)state;
	build(&p, &dns, 7);
	p.at[2] |= 0x80;
	p.at[1] ^= 1;
	assert_int_equal(probe_parse_dns(bytes_in(&p), secret, dns.query, &seq), FL_EFORMAT);
}

static void dns_answer_that_ends_early_is_no_answer(void **state)
{
	struct packet p;
	uint16_t seq;

	(void)state;
	build(&p, &dns, 7);
	p.at[2] |= 0x80;
	for (size_t n = 0; n < p.buf.n; n++)
		assert_int_equal(
			probe_parse_dns(bytes_of(p.at, n), secret, dns.query, &seq), FL_EFORMAT);
}

static void root_is_asked_for_its_name_servers(void **state)
{
	struct link_target root = dns;
	struct packet p;
	uint16_t seq;

	(void)state;
	root.query = STR(".");
	build(&p, &root, 7);
	assert_int_equal(p.buf.n, 12 + 1 + 4);
	assert_int_equal(get_u16(p.at + 13), 2);
	p.at[2] |= 0x80;
	assert_int_equal(probe_parse_dns(bytes_in(&p), secret, root.query, &seq), FL_OK);
}

static void only_names_can_be_asked_for(void **state)
{
	static const char *const good[] = {".", "org", "example.org", "example.org.", "_x.a-b.9"};
	static const char *const bad[] = {"", "..", ".org", "a..b", "a b", "a\\.b", "b\xc3\xbc.de",
		"0123456789012345678901234567890123456789012345678901234567890123.org"};
	char longest[256];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++)
		assert_true(probe_query_is_good(str_of(good[i])));
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_false(probe_query_is_good(str_of(bad[i])));
	for (size_t i = 0; i < sizeof(longest); i++)
		longest[i] = i % 2 ? '.' : 'a';
	assert_true(probe_query_is_good((struct str){longest, 253}));
	assert_false(probe_query_is_good((struct str){longest, 255}));
}

static void longest_probe_fits(void **state)
{
	struct link_target t = dns;
	char longest[253];
	struct packet p;

	(void)state;
	for (size_t i = 0; i < sizeof(longest); i++)
		longest[i] = i % 2 ? '.' : 'a';
	t.query = (struct str){longest, sizeof(longest)};
	build(&p, &t, 7);
	assert_int_equal(p.buf.n, 12 + 255 + 4);
}

static void probe_that_does_not_fit_is_refused_whole(void **state)
{
	struct probe_id id = probe_id_of(secret, 7);
	uint8_t small[15];
	struct buf out = buf_of(small, sizeof(small));

	(void)state;
	assert_int_equal(probe_build(&ping4, &id, &out), FL_EFULL);
	assert_int_equal(out.n, 0);
	assert_false(out.bad);
}

static void name_that_is_none_is_refused(void **state)
{
	struct probe_id id = probe_id_of(secret, 7);
	struct link_target t = dns;
	struct packet p;

	(void)state;
	t.query = STR("a..b");
	p.buf = buf_of(p.at, sizeof(p.at));
	assert_int_equal(probe_build(&t, &id, &p.buf), FL_EFORMAT);
	assert_int_equal(p.buf.n, 0);
}

/* ---- calls ---- */

static const struct link_target tcp = {
	.addr = {4, {192, 0, 2, 1}}, .method = LINK_TCP, .query = {"443", 3}};
static const struct link_target http = {.addr = {4, {192, 0, 2, 1}},
	.method = LINK_HTTP,
	.query = {"www.example.org/check", 21},
	.expect = {"hello", 5}};

static void tcp_target_is_called_and_nothing_is_said(void **state)
{
	struct packet p = {.buf = buf_of(p.at, sizeof(p.at))};
	struct probe_talk talk;

	(void)state;
	assert_true(probe_is_call(&tcp));
	assert_false(probe_is_call(&dns));
	assert_int_equal(probe_call_of(&tcp, &talk, &p.buf), FL_OK);
	assert_int_equal(talk.port, 443);
	assert_int_equal(talk.tls_host.n, 0);
	assert_int_equal(p.buf.n, 0);
}

static void http_target_is_asked_for_its_page(void **state)
{
	struct packet p = {.buf = buf_of(p.at, sizeof(p.at))};
	struct probe_talk talk;

	(void)state;
	assert_int_equal(probe_call_of(&http, &talk, &p.buf), FL_OK);
	assert_int_equal(talk.port, 80);
	assert_memory_equal(p.at, "GET /check HTTP/1.0\r\nHost: www.example.org\r\n", 44);
}

static void https_check_is_called_for_the_name_of_its_host(void **state)
{
	static const struct link_target https = {.addr = {4, {192, 0, 2, 1}},
		.method = LINK_HTTPS,
		.query = {"www.example.org/check", 21}};
	struct packet p = {.buf = buf_of(p.at, sizeof(p.at))};
	struct probe_talk talk;

	(void)state;
	assert_true(probe_is_call(&https));
	assert_int_equal(probe_call_of(&https, &talk, &p.buf), FL_OK);
	assert_int_equal(talk.port, 443);
	assert_true(str_is(talk.tls_host, "www.example.org"));
	assert_memory_equal(p.at, "GET /check HTTP/1.0\r\nHost: www.example.org\r\n", 44);
}

/* ---- echoes of full size ---- */

static void mtu_check_asks_with_a_packet_of_just_that_size(void **state)
{
	static const struct {
		const char *query;
		uint8_t family;
		size_t octets; /* of the ICMP message; 0: refused */
	} sizes[] = {{"", 4, 1480}, {"", 6, 1460}, {"1492", 4, 1472}, {"576", 4, 556},
		{"575", 4, 0}, {"1279", 6, 0}, {"9000", 4, 8980}, {"9001", 4, 0}, {"-1", 4, 0},
		{"1500x", 4, 0}};
	const struct probe_id id = probe_id_of(secret, 77);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		struct link_target t = {.addr = {sizes[i].family, {0}},
			.method = LINK_MTU,
			.query = str_of(sizes[i].query)};
		struct packet p = {.buf = buf_of(p.at, sizeof(p.at))};
		enum fl_err err = probe_build(&t, &id, &p.buf);

		assert_int_equal(err, sizes[i].octets ? FL_OK : FL_EFORMAT);
		assert_int_equal(p.buf.n, sizes[i].octets);
	}
}

static void echo_of_full_size_is_no_answer_to_a_small_probe(void **state)
{
	static const struct link_target mtu = {.addr = {6, {0}}, .method = LINK_MTU};
	const struct probe_id id = probe_id_of(secret, 77);
	struct packet p = {.buf = buf_of(p.at, sizeof(p.at))};
	uint16_t seq;
	size_t size;

	(void)state;
	assert_int_equal(probe_build(&mtu, &id, &p.buf), FL_OK);
	p.at[0] = 129;
	assert_int_equal(probe_parse_echo(6, bytes_in(&p), secret, &seq, &size), FL_OK);
	assert_int_equal(seq, 77);
	assert_int_equal(size, 1460);
	assert_int_equal(probe_parse_icmp(6, bytes_in(&p), secret, &seq), FL_EFORMAT);
	p.at[1000] = 1;
	assert_int_equal(probe_parse_echo(6, bytes_in(&p), secret, &seq, &size), FL_EFORMAT);
}

static void captive_portal_is_no_answer_and_is_named(void **state)
{
	static const char said[] = "HTTP/1.1 302 Found\r\n\r\n";
	char words[48] = "";
	struct textbuf wrong = textbuf_of(words, sizeof(words));

	(void)state;
	assert_false(
		probe_call_is_answered(&http, bytes_of(said, sizeof(said) - 1), false, &wrong));
	assert_string_equal(words, "a redirect (302)");
}

static void silence_of_a_web_server_has_no_name(void **state)
{
	char words[48] = "";
	struct textbuf wrong = textbuf_of(words, sizeof(words));

	(void)state;
	assert_false(probe_call_is_answered(&http, bytes_of("", 0), true, &wrong));
	assert_string_equal(words, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(siphash_agrees_with_the_vectors_of_its_authors),
		cmocka_unit_test(echo_request_has_a_right_checksum),
		cmocka_unit_test(icmpv6_checksum_is_left_to_the_kernel),
		cmocka_unit_test(echo_reply_tells_which_probe_it_answers),
		cmocka_unit_test(echo_request_is_no_answer),
		cmocka_unit_test(reply_of_the_other_family_is_no_answer),
		cmocka_unit_test(reply_with_any_octet_changed_is_no_answer),
		cmocka_unit_test(reply_with_a_wrong_checksum_is_no_answer),
		cmocka_unit_test(reply_with_the_identifier_of_the_kernel_is_an_answer),
		cmocka_unit_test(reply_that_ends_early_or_late_is_no_answer),
		cmocka_unit_test(reply_to_a_probe_under_another_secret_is_no_answer),
		cmocka_unit_test(dns_probe_is_a_recursive_query_for_the_name),
		cmocka_unit_test(dns_answer_tells_which_probe_it_answers),
		cmocka_unit_test(dns_ids_do_not_repeat_within_65536_probes),
		cmocka_unit_test(letter_case_differs_between_probes),
		cmocka_unit_test(refusal_is_an_answer),
		cmocka_unit_test(dns_answer_with_records_behind_the_question_is_an_answer),
		cmocka_unit_test(a_refusal_is_no_whole_answer),
		cmocka_unit_test(dns_query_that_comes_back_is_no_answer),
		cmocka_unit_test(dns_answer_to_another_question_is_no_answer),
		cmocka_unit_test(dns_answer_with_another_id_is_no_answer),
		cmocka_unit_test(dns_answer_that_ends_early_is_no_answer),
		cmocka_unit_test(root_is_asked_for_its_name_servers),
		cmocka_unit_test(only_names_can_be_asked_for),
		cmocka_unit_test(longest_probe_fits),
		cmocka_unit_test(probe_that_does_not_fit_is_refused_whole),
		cmocka_unit_test(name_that_is_none_is_refused),
		cmocka_unit_test(tcp_target_is_called_and_nothing_is_said),
		cmocka_unit_test(http_target_is_asked_for_its_page),
		cmocka_unit_test(https_check_is_called_for_the_name_of_its_host),
		cmocka_unit_test(mtu_check_asks_with_a_packet_of_just_that_size),
		cmocka_unit_test(echo_of_full_size_is_no_answer_to_a_small_probe),
		cmocka_unit_test(captive_portal_is_no_answer_and_is_named),
		cmocka_unit_test(silence_of_a_web_server_has_no_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
