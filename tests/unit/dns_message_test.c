/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unusual questions: the list of RFC 8906 and what stands beside it. */
#include "support/dns_zone.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int open_example(void **state)
{
	struct zone *z = malloc(sizeof(*z));

	zone_example(z);
	assert_int_equal(zone_build(z), FL_OK);
	zone_live(z, "123");
	*state = z;
	return 0;
}

static int close_zone(void **state)
{
	zone_close(*state);
	free(*state);
	return 0;
}

static const char *send_question(void **state, const struct question *q)
{
	return zone_send(*state, bytes_of(q->b.at, q->b.n));
}

#define QUESTION(q, name, type)                                                                    \
	struct question q;                                                                         \
	question_begin(&q, (name), (type))
#define assert_starts(text, prefix) assert_memory_equal((text), (prefix), sizeof(prefix) - 1)

static void message_under_twelve_octets_is_dropped(void **state)
{
	struct zone *z = *state;
	QUESTION(q, "example.com", DNS_SOA);

	assert_string_equal(zone_send(z, bytes_of(q.at, 11)), "dropped");
	assert_string_equal(zone_send(z, bytes_of(q.at, 0)), "dropped");
	assert_int_equal(z->r.count.dropped, 2);
}

static void response_is_dropped(void **state)
{
	QUESTION(q, "example.com", DNS_SOA);

	set_u16(q.at + 2, FLAG_QR);
	assert_string_equal(send_question(state, &q), "dropped");
}

static void unknown_opcode_is_notimp(void **state)
{
	QUESTION(q, "example.com", DNS_SOA);

	set_u16(q.at + 2, 15 << 11);
	assert_string_equal(send_question(state, &q), "NOTIMP\n");
}

static void unknown_opcode_without_sections_is_notimp(void **state)
{
	static const uint8_t header[12] = {0x12, 0x34, 0x78};

	assert_string_equal(zone_send(*state, bytes_of(header, sizeof(header))), "NOTIMP\n");
}

static void notify_and_update_are_refused(void **state)
{
	QUESTION(q, "example.com", DNS_SOA);

	set_u16(q.at + 2, OPCODE_NOTIFY << 11);
	assert_string_equal(send_question(state, &q), "REFUSED\n");
	set_u16(q.at + 2, OPCODE_UPDATE << 11);
	assert_string_equal(send_question(state, &q), "REFUSED\n");
}

static void transfers_are_refused(void **state)
{
	QUESTION(axfr, "example.com", DNS_AXFR);
	QUESTION(ixfr, "example.com", DNS_IXFR);

	assert_string_equal(send_question(state, &axfr), "REFUSED\n");
	assert_string_equal(send_question(state, &ixfr), "REFUSED\n");
}

static void class_other_than_in_is_refused(void **state)
{
	QUESTION(q, "example.com", DNS_SOA);

	set_u16(q.at + q.b.n - 2, 3);
	assert_string_equal(send_question(state, &q), "REFUSED\n");
}

static void no_question_is_formerr(void **state)
{
	QUESTION(q, "example.com", DNS_SOA);

	set_u16(q.at + 4, 0);
	assert_string_equal(send_question(state, &q), "FORMERR\n");
}

static void two_questions_are_formerr(void **state)
{
	QUESTION(q, "example.com", DNS_SOA);

	set_u16(q.at + 4, 2);
	assert_string_equal(send_question(state, &q), "FORMERR\n");
}

static void question_that_ends_early_is_formerr(void **state)
{
	QUESTION(q, "example.com", DNS_SOA);

	for (size_t n = 12; n < q.b.n; n++)
		assert_string_equal(zone_send(*state, bytes_of(q.at, n)), "FORMERR\n");
}

static void compressed_question_is_formerr(void **state)
{
	QUESTION(q, "example.com", DNS_SOA);

	set_u16(q.at + 12, 0xc00c);
	assert_string_equal(send_question(state, &q), "FORMERR\n");
}

static void octets_behind_the_query_are_ignored(void **state)
{
	QUESTION(q, "www-a.example.com", DNS_A);

	buf_put_u32(&q.b, 0xdeadbeef);
	assert_starts(send_question(state, &q), "NOERROR aa\nan ");
}

static void rcode_and_flags_in_a_query_are_ignored(void **state)
{
	QUESTION(q, "www-a.example.com", DNS_A);

	set_u16(q.at + 2, 0x07ff); /* AA TC RD RA Z AD CD and an RCODE */
	assert_starts(send_question(state, &q), "NOERROR aa\nan ");
}

static void reply_repeats_id_opcode_and_rd_and_nothing_else(void **state)
{
	struct zone *z = *state;
	uint8_t octets[512];
	struct buf reply = buf_of(octets, sizeof(octets));
	QUESTION(q, "www-a.example.com", DNS_A);

	set_u16(q.at + 2, 0x07f0);
	assert_int_equal(
		dns_answer(&z->r, &z->pub, &z->client, bytes_of(q.at, q.b.n), &reply), DNS_REPLY);
	assert_int_equal(get_u16(octets), 0x1234);
	assert_int_equal(get_u16(octets + 2), FLAG_QR | FLAG_AA | FLAG_RD);
}

static void edns_is_answered_with_edns(void **state)
{
	QUESTION(q, "www-a.example.com", DNS_A);

	question_edns(&q, 4096, 0);
	assert_string_equal(send_question(state, &q),
		"NOERROR aa\nan www-a.example.com. 30 A 203.0.113.4\nar OPT 1232 00000000\n");
}

static void edns_version_one_is_badvers(void **state)
{
	QUESTION(q, "www-a.example.com", DNS_A);

	question_edns(&q, 4096, 1 << 16);
	assert_string_equal(send_question(state, &q), "NOERROR\nar OPT 1232 01000000\n");
}

static void dnssec_ok_is_repeated_and_unknown_edns_flags_are_not(void **state)
{
	QUESTION(q, "www-a.example.com", DNS_A);

	question_edns(&q, 4096, 0xffff);
	assert_non_null(strstr(send_question(state, &q), "ar OPT 1232 00008000\n"));
}

static void unknown_edns_option_is_ignored(void **state)
{
	QUESTION(q, "www-a.example.com", DNS_A);

	question_edns(&q, 4096, 0);
	set_u16(q.at + q.b.n - 2, 6);
	buf_put_u16(&q.b, 65001);
	buf_put_u16(&q.b, 2);
	buf_put_u16(&q.b, 7);
	assert_starts(send_question(state, &q), "NOERROR aa\nan ");
}

static void edns_option_that_ends_early_is_formerr(void **state)
{
	QUESTION(q, "www-a.example.com", DNS_A);

	question_edns(&q, 4096, 0);
	set_u16(q.at + q.b.n - 2, 4);
	buf_put_u16(&q.b, 65001);
	buf_put_u16(&q.b, 2);
	assert_starts(send_question(state, &q), "FORMERR\n");
}

static void two_opt_records_are_formerr(void **state)
{
	QUESTION(q, "www-a.example.com", DNS_A);

	question_edns(&q, 4096, 0);
	question_edns(&q, 4096, 0);
	assert_starts(send_question(state, &q), "FORMERR\n");
}

static void opt_of_a_name_other_than_the_root_is_formerr(void **state)
{
	QUESTION(q, "www-a.example.com", DNS_A);

	set_u16(q.at + 10, 1);
	buf_put(&q.b, "\x01x", 3);
	buf_put_u16(&q.b, DNS_OPT);
	buf_put_u16(&q.b, 1232);
	buf_put_u32(&q.b, 0);
	buf_put_u16(&q.b, 0);
	assert_starts(send_question(state, &q), "FORMERR\n");
}

static void unknown_type_of_a_name_that_is_there_is_nodata(void **state)
{
	QUESTION(q, "www-a.example.com", 1000);

	assert_starts(send_question(state, &q), "NOERROR aa\nns example.com. 10 SOA");
}

static void tsig_with_a_key_we_do_not_know_is_notauth(void **state)
{
	QUESTION(q, "example.com", DNS_SOA);

	set_u16(q.at + 10, 1);
	buf_put(&q.b, "\x03key", 5);
	buf_put_u16(&q.b, DNS_TSIG);
	buf_put_u16(&q.b, DNS_ANY);
	buf_put_u32(&q.b, 0);
	buf_put_u16(&q.b, 3 + 6 + 2 + 2 + 2 + 2 + 2);
	buf_put(&q.b,
		"\x01x\x00"
		"\x00\x00\x66\x00\x00\x00"
		"\x01\x2c"
		"\x00\x00"
		"\x12\x34"
		"\x00\x00"
		"\x00\x00",
		3 + 6 + 2 + 2 + 2 + 2 + 2);
	/* BADKEY (17), the time and the id repeated, no MAC */
	assert_string_equal(send_question(state, &q),
		"NOTAUTH\nar key. 0 TYPE250 \\# 19 01780000006600000"
		"0012c0000123400110000\n");
}

static void buffer_too_small_for_any_answer_is_a_drop(void **state)
{
	struct zone *z = *state;
	uint8_t octets[20];
	struct buf reply = buf_of(octets, sizeof(octets));
	QUESTION(q, "www-a.example.com", DNS_A);

	assert_int_equal(
		dns_answer(&z->r, &z->pub, &z->client, bytes_of(q.at, q.b.n), &reply), DNS_DROP);
}

static void without_an_image_the_answer_is_servfail(void **state)
{
	struct zone *z = *state;
	QUESTION(q, "www-a.example.com", DNS_A);

	z->r.image = (struct dns_image){0};
	assert_string_equal(send_question(state, &q), "SERVFAIL\n");
}

static void longest_name_is_looked_up(void **state)
{
	char name[300] = "";
	struct question q;

	for (int i = 0; i < 120; i++)
		strcat(name, "a.");
	strcat(name, "example.com");
	question_begin(&q, name, DNS_A);
	assert_starts(send_question(state, &q), "NXDOMAIN aa\n");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, open_example, close_zone)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(message_under_twelve_octets_is_dropped),
		TEST(response_is_dropped),
		TEST(unknown_opcode_is_notimp),
		TEST(unknown_opcode_without_sections_is_notimp),
		TEST(notify_and_update_are_refused),
		TEST(transfers_are_refused),
		TEST(class_other_than_in_is_refused),
		TEST(no_question_is_formerr),
		TEST(two_questions_are_formerr),
		TEST(question_that_ends_early_is_formerr),
		TEST(compressed_question_is_formerr),
		TEST(octets_behind_the_query_are_ignored),
		TEST(rcode_and_flags_in_a_query_are_ignored),
		TEST(reply_repeats_id_opcode_and_rd_and_nothing_else),
		TEST(edns_is_answered_with_edns),
		TEST(edns_version_one_is_badvers),
		TEST(dnssec_ok_is_repeated_and_unknown_edns_flags_are_not),
		TEST(unknown_edns_option_is_ignored),
		TEST(edns_option_that_ends_early_is_formerr),
		TEST(two_opt_records_are_formerr),
		TEST(opt_of_a_name_other_than_the_root_is_formerr),
		TEST(unknown_type_of_a_name_that_is_there_is_nodata),
		TEST(tsig_with_a_key_we_do_not_know_is_notauth),
		TEST(buffer_too_small_for_any_answer_is_a_drop),
		TEST(without_an_image_the_answer_is_servfail),
		TEST(longest_name_is_looked_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
