/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns_rdata.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct dns_name com = {.n = 5, .wire = {3, 'c', 'o', 'm', 0}};

/* A name read and printed again, or "" when it is refused. */
static const char *again(const char *text)
{
	static char out[DNS_NAME_TEXT_MAX];
	struct dns_name name;

	if (dns_name_parse(str_of(text), &com, &name) != FL_OK)
		return "";
	return dns_name_text(name.wire, out);
}

static void name_without_final_dot_goes_on_with_the_origin(void **state)
{
	(void)state;
	assert_string_equal(again("www.example"), "www.example.com.");
	assert_string_equal(again("www.example."), "www.example.");
	assert_string_equal(again("@"), "com.");
	assert_string_equal(again("."), ".");
}

static void escapes_are_read_and_printed(void **state)
{
	(void)state;
	assert_string_equal(again("a\\.b"), "a\\.b.com.");
	assert_string_equal(again("a\\065"), "aA.com.");
	assert_string_equal(again("\\000\\255."), "\\000\\255.");
	assert_string_equal(again("a\\\\b"), "a\\\\b.com.");
}

static void broken_names_are_refused(void **state)
{
	static const char *const broken[] = {"", "a..b", ".a", "a\\", "a\\25", "a\\256", ".."};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(broken); i++)
		assert_string_equal(again(broken[i]), "");
}

static void label_has_63_octets_at_most(void **state)
{
	char text[70];
	struct dns_name name;

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_int_equal(dns_name_parse((struct str){text, 63}, &com, &name), FL_OK);
	assert_int_equal(dns_name_parse((struct str){text, 64}, &com, &name), FL_ERANGE);
}

static void name_has_255_octets_at_most(void **state)
{
	char text[260];
	struct dns_name name;

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 2 ? '.' : 'a';
	assert_int_equal(dns_name_parse((struct str){text, 254}, NULL, &name), FL_OK);
	assert_int_equal(name.n, 255);
	assert_int_equal(dns_name_parse((struct str){text, 255}, NULL, &name), FL_ERANGE);
	assert_int_equal(dns_name_parse((struct str){text, 253}, &com, &name), FL_ERANGE);
}

static void pointer_must_point_back(void **state)
{
	static const uint8_t good[] = {1, 'a', 0, 1, 'b', 0xc0, 0};
	static const uint8_t loop[] = {1, 'a', 0xc0, 0};
	static const uint8_t self[] = {0xc0, 0};
	static const uint8_t beyond[] = {0xc0, 9, 0};
	struct dns_name name;
	char text[DNS_NAME_TEXT_MAX];
	size_t at = 3;

	(void)state;
	assert_int_equal(dns_name_take(bytes_of(good, sizeof(good)), &at, &name), FL_OK);
	assert_string_equal(dns_name_text(name.wire, text), "b.a.");
	assert_int_equal(at, 7);
	at = 0;
	assert_int_equal(dns_name_take(bytes_of(loop, sizeof(loop)), &at, &name), FL_EFORMAT);
	assert_int_equal(dns_name_take(bytes_of(self, sizeof(self)), &at, &name), FL_EFORMAT);
	assert_int_equal(dns_name_take(bytes_of(beyond, sizeof(beyond)), &at, &name), FL_EFORMAT);
}

static void lower_case_is_for_ascii_letters_only(void **state)
{
	uint8_t wire[66] = {63}, expected[66] = {63};
	struct dns_key key;

	(void)state;
	for (unsigned base = 0; base < 256; base += 63) {
		for (unsigned i = 0; i < 63; i++) {
			unsigned c = (base + i) & 255;

			wire[1 + i] = (uint8_t)c;
			expected[1 + i] = (uint8_t)(c >= 'A' && c <= 'Z' ? c + 32 : c);
		}
		dns_key_of(wire, 65, &key);
		assert_memory_equal(key.wire, expected, 65);
	}
}

static void tail_of_a_key_hashes_like_the_name_itself(void **state)
{
	static const uint8_t whole[] = "\x03www\x07"
				       "example\x03"
				       "com";
	struct dns_key long_key, short_key;

	(void)state;
	dns_key_of(whole, sizeof(whole), &long_key);
	dns_key_of(whole + 4, sizeof(whole) - 4, &short_key);
	assert_int_equal(dns_key_hash(long_key.wire + 4, long_key.n - 4u),
		dns_key_hash(short_key.wire, short_key.n));
}

static void below_is_by_whole_labels(void **state)
{
	static const uint8_t a[] = "\x03www\x07"
				   "example",
			     b[] = "\x07"
				   "example",
			     c[] = "\x0bwww\x07"
				   "example"; /* one label that ends alike */

	(void)state;
	assert_true(dns_name_is_below(a, sizeof(a), b, sizeof(b)));
	assert_false(dns_name_is_below(c, sizeof(c), b, sizeof(b)));
	assert_false(dns_name_is_below(b, sizeof(b), a, sizeof(a)));
}

/* ---- data of records ---- */

static const char *data_again(const char *type, const char *text)
{
	static char out[1200];
	uint8_t wire[600];
	struct buf b = buf_of(wire, sizeof(wire));
	struct textbuf t = textbuf_of(out, sizeof(out));
	struct sink sink = textbuf_sink(&t);
	uint16_t code;

	if (!dns_type_parse(str_of(type), &code))
		return "no such type";
	if (dns_rdata_parse(code, str_of(text), &com, &b, &t) != FL_OK)
		return out; /* the reason */
	dns_rdata_print(code, bytes_of(wire, b.n), 0, b.n, &sink);
	return out;
}

static void data_of_every_type_is_read_and_printed(void **state)
{
	static const struct {
		const char *type, *text, *printed;
	} rows[] = {
		{"A", "192.0.2.1", "192.0.2.1"},
		{"AAAA", "2001:DB8:0:0::1", "2001:db8::1"},
		{"MX", "10 mail", "10 mail.com."},
		{"NS", "ns.example.", "ns.example."},
		{"PTR", "www", "www.com."},
		{"SRV", "10 5 5060 sip", "10 5 5060 sip.com."},
		{"SOA", "ns1 me 1 2 3 4 5", "ns1.com. me.com. 1 2 3 4 5"},
		{"TXT", "v=spf1 mx -all", "\"v=spf1 mx -all\""},
		{"TXT", "\"one\" \"two words\" three", "\"one\" \"two words\" \"three\""},
		{"TXT", "a\\\"b\\009", "\"a\\\"b\\009\""},
		{"CAA", "0 issue ca.example.net; policy=ev",
			"0 issue \"ca.example.net; policy=ev\""},
		{"TLSA", "3 1 1 AB cd", "3 1 1 abcd"},
		{"SSHFP", "4 2 ABCD", "4 2 abcd"},
		{"NAPTR", "100 10 u E2U+sip !^.*$!sip:a@b! .",
			"100 10 \"u\" \"E2U+sip\" \"!^.*$!sip:a@b!\" ."},
		{"HTTPS", "1 . alpn=h2,h3 no-default-alpn port=8443 ipv4hint=192.0.2.1,192.0.2.2",
			"1 . alpn=h2,h3 no-default-alpn port=8443 ipv4hint=192.0.2.1,192.0.2.2"},
		{"SVCB", "1 svc mandatory=alpn,key700 alpn=\"h2\" key700=\"a b\"",
			"1 svc.com. mandatory=alpn,key700 alpn=h2 key700=\"a b\""},
		{"SVCB", "1 . ipv4hint=192.0.2.1 key9=z key8=y mandatory=port,alpn port=1 alpn=h3",
			"1 . mandatory=alpn,port alpn=h3 port=1 ipv4hint=192.0.2.1 key8=\"y\" "
			"key9=\"z\""},
		{"SOA", "ns1 me 1 3h 1h30m 1W 4294967295",
			"ns1.com. me.com. 1 10800 5400 604800 4294967295"},
		{"AFSDB", "1 db", "1 db.com."},
		{"KX", "10 kx", "10 kx.com."},
		{"CERT", "1 2 3 AQID", "1 2 3 AQID"},
		{"OPENPGPKEY", "AQID BAU=", "AQIDBAU="},
		{"EUI48", "00-00-5E-00-53-2A", "00-00-5e-00-53-2a"},
		{"EUI64", "00-00-5e-ef-10-00-00-2a", "00-00-5e-ef-10-00-00-2a"},
		{"TYPE108", "\\# 6 00005e00532a", "00-00-5e-00-53-2a"},
		{"TYPE731", "\\# 3 ab cd ef", "\\# 3 abcdef"},
		{"TYPE731", "\\# 0", "\\# 0"},
		{"TYPE1", "\\# 4 c0000201", "192.0.2.1"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_string_equal(data_again(rows[i].type, rows[i].text), rows[i].printed);
}

static void bad_data_is_refused_with_a_reason(void **state)
{
	static const struct {
		const char *type, *text, *reason;
	} rows[] = {
		{"A", "1.2.3", "\"1.2.3\" is not an IPv4 address"},
		{"A", "2001:db8::1", "\"2001:db8::1\" is not an IPv4 address"},
		{"A", "192.0.2.1 x", "\"x\" is more than this type has"},
		{"MX", "mail", "\"mail\" is no number 0..65535"},
		{"MX", "65536 mail", "\"65536\" is no number 0..65535"},
		{"MX", "10", "a value is missing"},
		{"TLSA", "3 1 1 abc", "\"c\" is not hexadecimal"},
		{"TYPE1", "\\# 3 abcdef", "the octets are not what this type has"},
		{"TYPE731", "\\# 4 abcdef", "4 octets are announced and 3 follow"},
		{"TYPE731", "abcdef", "\"abcdef\" is not of the form \\# LENGTH HEXADECIMAL"},
		{"HTTPS", "1 . port=1 alpn=h2 port=2", "\"port\" is there twice"},
		{"HTTPS", "1 . mandatory=port,alpn,port port=1 alpn=h2",
			"\"port,alpn,port\" names a parameter twice"},
		{"EUI48", "00-00-5e-00-53",
			"\"00-00-5e-00-53\" is not octets with hyphens between them"},
		{"EUI48", "00:00:5e:00:53:2a",
			"\"00:00:5e:00:53:2a\" is not octets with hyphens between them"},
		{"EUI64", "00-00-5e-ef-10-00-00-2g",
			"\"00-00-5e-ef-10-00-00-2g\" is not octets with hyphens between them"},
		{"TYPE109", "\\# 6 00005e00532a", "the octets are not what this type has"},
		{"SOA", "ns1 me 1 2x 3 4 5", "\"2x\" is no time: 3600, or 1h"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_string_equal(data_again(rows[i].type, rows[i].text), rows[i].reason);
}

static void long_text_is_cut_into_strings(void **state)
{
	char text[401];
	uint8_t wire[500];
	struct buf b = buf_of(wire, sizeof(wire));
	char why[60];
	struct textbuf t = textbuf_of(why, sizeof(why));

	(void)state;
	memset(text, 'k', sizeof(text));
	assert_int_equal(dns_rdata_parse(DNS_TXT, (struct str){text, 400}, NULL, &b, &t), FL_OK);
	assert_int_equal(b.n, 402);
	assert_int_equal(wire[0] + wire[1 + wire[0]], 400);
}

static void question_types_are_not_for_records(void **state)
{
	static const uint16_t none[] = {
		0, DNS_SOA, DNS_DNAME, DNS_OPT, DNS_TSIG, DNS_AXFR, DNS_ANY};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(none); i++)
		assert_false(dns_type_is_data(none[i]));
	assert_true(dns_type_is_data(DNS_A));
	assert_true(dns_type_is_data(65280));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(name_without_final_dot_goes_on_with_the_origin),
		cmocka_unit_test(escapes_are_read_and_printed),
		cmocka_unit_test(broken_names_are_refused),
		cmocka_unit_test(label_has_63_octets_at_most),
		cmocka_unit_test(name_has_255_octets_at_most),
		cmocka_unit_test(pointer_must_point_back),
		cmocka_unit_test(lower_case_is_for_ascii_letters_only),
		cmocka_unit_test(tail_of_a_key_hashes_like_the_name_itself),
		cmocka_unit_test(below_is_by_whole_labels),
		cmocka_unit_test(data_of_every_type_is_read_and_printed),
		cmocka_unit_test(bad_data_is_refused_with_a_reason),
		cmocka_unit_test(long_text_is_cut_into_strings),
		cmocka_unit_test(question_types_are_not_for_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
