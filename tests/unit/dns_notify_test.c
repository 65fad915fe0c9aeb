/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is told of a change, when, and how often. */
#include "dns_notify.h"
#include "hmac_nettle.h"
#include "support/dns_zone.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct told {
	struct zone z;
	struct dns_notify_conf to[2];
	struct dns_key_conf key;
	struct dns_notify n;
};

static const mtime start = {5000000};

static mtime at_ms(int64_t n)
{
	return mtime_after(start, ms(n));
}

static size_t configure(struct told *t)
{
	return dns_notify_configure(&t->n, &t->z.source, &t->z.r.image, 1, start);
}

static int setup(void **state)
{
	struct told *t = calloc(1, sizeof(*t));

	zone_example(&t->z);
	t->to[0] = (struct dns_notify_conf){.address = ip_addr_v4(192, 0, 2, 54), .port = 53};
	t->to[1] = (struct dns_notify_conf){.address = ip_addr_v4(192, 0, 2, 55), .port = 5353};
	t->key = (struct dns_key_conf){.name = STR("xfr"), .secret = {16, "0123456789abcdef"}};
	t->z.domain[0].transfer =
		(struct dns_transfer_conf){.key = -1, .notify = t->to, .nnotify = 2};
	t->z.source.keys = &t->key;
	t->z.source.nkeys = 1;
	assert_int_equal(zone_build(&t->z), FL_OK);
	assert_int_equal(configure(t), 0);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct told *t = *state;

	zone_close(&t->z);
	free(t);
	return 0;
}

/* All that is due is sent; returns how many. */
static unsigned send_due(struct told *t, int64_t when)
{
	unsigned n = 0;

	while (dns_notify_take(&t->n, at_ms(when)) >= 0)
		n++;
	return n;
}

static enum dns_notify_answer answer(struct told *t, size_t which, uint16_t id, unsigned flags)
{
	uint8_t m[DNS_HEADER] = {0};
	unsigned rcode;

	set_u16(m, id);
	set_u16(m + 2, (uint16_t)flags);
	return dns_notify_answered(&t->n.entry[which], bytes_of(m, sizeof(m)), &rcode);
}

#define ANSWER (FLAG_QR | OPCODE_NOTIFY << 11)

static void every_secondary_is_told_at_once(void **state)
{
	assert_int_equal(send_due(*state, 0), 2);
}

static void secondary_that_answered_is_left_alone(void **state)
{
	struct told *t = *state;

	send_due(t, 0);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(answer(t, i, t->n.entry[i].id, ANSWER), DNS_NOTIFY_HEARD);
	assert_false(mtime_before(dns_notify_next_due(&t->n), MTIME_NEVER));
}

static void silent_secondary_is_told_again_ever_more_rarely(void **state)
{
	struct told *t = *state;
	static const int64_t wait[] = {
		500, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000};
	int64_t now = 0;

	answer(t, 1, t->n.entry[1].id, ANSWER); /* not asked yet: no answer to anything */
	send_due(t, 0);
	answer(t, 1, t->n.entry[1].id, ANSWER);
	for (size_t i = 0; i < COUNT_OF(wait); i++) {
		assert_int_equal(send_due(t, now + wait[i] - 1), 0);
		now += wait[i];
		assert_int_equal(send_due(t, now), 1);
	}
}

static void changes_that_follow_closely_are_told_together(void **state)
{
	struct told *t = *state;

	send_due(t, 0);
	for (int64_t i = 1; i < 100; i++) {
		dns_notify_changed(&t->n, at_ms(i));
		assert_int_equal(send_due(t, i), 0);
	}
	assert_int_equal(send_due(t, 200), 2);
}

static void change_after_a_pause_is_told_at_once(void **state)
{
	struct told *t = *state;

	send_due(t, 0);
	dns_notify_changed(&t->n, at_ms(300));
	assert_int_equal(send_due(t, 300), 2);
}

static void answer_to_the_change_before_does_not_count(void **state)
{
	struct told *t = *state;
	uint16_t old;

	send_due(t, 0);
	old = t->n.entry[0].id;
	dns_notify_changed(&t->n, at_ms(300));
	send_due(t, 300);
	assert_int_equal(answer(t, 0, old, ANSWER), DNS_NOTIFY_IGNORED);
}

static void question_is_no_answer(void **state)
{
	struct told *t = *state;

	send_due(t, 0);
	assert_int_equal(answer(t, 0, t->n.entry[0].id, OPCODE_NOTIFY << 11), DNS_NOTIFY_IGNORED);
	assert_int_equal(answer(t, 0, t->n.entry[0].id, FLAG_QR), DNS_NOTIFY_IGNORED);
}

static void refusal_ends_it_until_the_next_change(void **state)
{
	struct told *t = *state;

	send_due(t, 0);
	answer(t, 1, t->n.entry[1].id, ANSWER);
	assert_int_equal(
		answer(t, 0, t->n.entry[0].id, ANSWER | RCODE_REFUSED), DNS_NOTIFY_REFUSED);
	assert_int_equal(send_due(t, 100000), 0);
	dns_notify_changed(&t->n, at_ms(100000));
	assert_int_equal(send_due(t, 100000), 2);
}

static void message_has_the_zone_and_its_soa(void **state)
{
	struct told *t = *state;
	const struct dns_signer signer = {hmac_nettle, 1800000000};
	uint8_t octets[DNS_NOTIFY_SIZE];
	struct buf m = buf_of(octets, sizeof(octets));
	struct textbuf text = textbuf_of(t->z.text, sizeof(t->z.text));
	struct sink out = textbuf_sink(&text);

	dns_notify_message(&t->n.entry[0], &t->z.r.image, 7, &signer, &m);
	assert_int_equal(get_u16(m.at + 2), OPCODE_NOTIFY << 11 | FLAG_AA);
	m.at[2] |= 0x80; /* to be read by what reads answers */
	assert_true(reply_print(bytes_of(m.at, m.n), &out));
	assert_string_equal(t->z.text,
		"NOERROR aa\nan example.com. 30 SOA ns1.example.com. hostmaster.example.com. "
		"1007 3600 600 604800 10\n");
}

static void message_is_signed_where_there_is_a_key(void **state)
{
	struct told *t = *state;
	const struct dns_signer signer = {hmac_nettle, 1800000000};
	uint8_t octets[DNS_NOTIFY_SIZE];
	struct buf m = buf_of(octets, sizeof(octets));
	struct dns_query q;

	t->z.domain[0].transfer.key = 0;
	configure(t);
	dns_notify_message(&t->n.entry[0], &t->z.r.image, 0, &signer, &m);
	assert_int_equal(dns_query_parse(bytes_of(m.at, m.n), &q), FL_OK);
	assert_int_not_equal(q.tsig_at, 0);
}

static void secondaries_beyond_the_room_are_told_of(void **state)
{
	struct told *t = *state;
	static struct dns_notify_conf many[DNS_NOTIFY_MAX + 3];

	t->z.domain[0].transfer.notify = many;
	t->z.domain[0].transfer.nnotify = COUNT_OF(many);
	assert_int_equal(configure(t), 3);
}

static const char *zone_told(const struct told *t, size_t which)
{
	static char text[DNS_NAME_TEXT_MAX];

	return dns_name_text(t->n.entry[which].zone.wire, text);
}

static void every_zone_of_a_reverse_row_is_told(void **state)
{
	struct told *t = *state;
	struct zone *z = &t->z;

	z->domain[0].transfer.nnotify = 0;
	z->source.nreverses = 0;
	zone_reverse(z, "10.1.2.0/23");
	z->reverse[0].transfer =
		(struct dns_transfer_conf){.key = 0, .notify = t->to, .nnotify = 2};
	assert_int_equal(zone_build(z), FL_OK);
	assert_int_equal(configure(t), 0);
	assert_int_equal(t->n.n, 4);
	assert_string_equal(zone_told(t, 0), "2.1.10.in-addr.arpa.");
	assert_string_equal(zone_told(t, 3), "3.1.10.in-addr.arpa.");
	assert_true(ip_addr_eq(&t->n.entry[1].to, &t->to[1].address));
	assert_int_equal(t->n.entry[1].port, 5353);
	assert_true(t->n.entry[0].is_signed);
}

static void classless_reverse_is_told_by_the_name_of_rfc_2317(void **state)
{
	struct told *t = *state;

	t->z.domain[0].transfer.nnotify = 0;
	t->z.reverse[0].transfer =
		(struct dns_transfer_conf){.key = -1, .notify = t->to, .nnotify = 1};
	assert_int_equal(zone_build(&t->z), FL_OK);
	assert_int_equal(configure(t), 0);
	assert_int_equal(t->n.n, 1);
	assert_string_equal(zone_told(t, 0), "0/29.113.0.203.in-addr.arpa.");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_secondary_is_told_at_once),
		TEST(secondary_that_answered_is_left_alone),
		TEST(silent_secondary_is_told_again_ever_more_rarely),
		TEST(changes_that_follow_closely_are_told_together),
		TEST(change_after_a_pause_is_told_at_once),
		TEST(answer_to_the_change_before_does_not_count),
		TEST(question_is_no_answer),
		TEST(refusal_ends_it_until_the_next_change),
		TEST(message_has_the_zone_and_its_soa),
		TEST(message_is_signed_where_there_is_a_key),
		TEST(secondaries_beyond_the_room_are_told_of),
		TEST(every_zone_of_a_reverse_row_is_told),
		TEST(classless_reverse_is_told_by_the_name_of_rfc_2317),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
