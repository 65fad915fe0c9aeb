/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "addr.h"

#include <string.h>

static struct ip_addr addr(const char *text)
{
	struct ip_addr a;

	assert_int_equal(ip_addr_parse(str_of(text), &a), FL_OK);
	return a;
}

static struct ip_prefix prefix(const char *text)
{
	struct ip_prefix p;

	assert_int_equal(ip_prefix_parse(str_of(text), &p), FL_OK);
	return p;
}

static void prints_as(const char *text, const char *expected)
{
	char room[IP_TEXT_MAX];
	struct ip_addr a = addr(text);

	assert_string_equal(ip_addr_text(&a, room), expected);
}

static void is_refused(const char *text)
{
	struct ip_addr a = ip_addr_v4(1, 2, 3, 4);

	assert_int_equal(ip_addr_parse(str_of(text), &a), FL_EFORMAT);
	assert_int_equal(a.b[3], 4); /* left as it was */
}

static void ipv4_is_four_decimal_octets(void **state)
{
	(void)state;
	prints_as("192.0.2.255", "192.0.2.255");
	prints_as("0.0.0.0", "0.0.0.0");
}

static void ipv4_with_leading_zeros_signs_or_other_counts_is_refused(void **state)
{
	static const char *const bad[] = {"01.2.3.4", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1..2.3",
		"1.2.3.", "+1.2.3.4", " 1.2.3.4", "1.2.3.4 ", "0x1.2.3.4", "", "."};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		is_refused(bad[i]);
}

static void ipv6_prints_as_rfc_5952_wants(void **state)
{
	(void)state;
	prints_as("2001:DB8:0:0:0:0:0:1", "2001:db8::1");
	prints_as("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"); /* 4.2.2: no :: for one group */
	prints_as("2001:0:0:1:0:0:0:1", "2001:0:0:1::1");          /* 4.2.3: the longest run */
	prints_as("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1");    /* 4.2.3: the first of two */
	prints_as("0:0:0:0:0:0:0:0", "::");
	prints_as("1::", "1::");
	prints_as("::0001", "::1");
}

static void ipv6_may_end_in_an_ipv4_address(void **state)
{
	(void)state;
	prints_as("64:ff9b::192.0.2.33", "64:ff9b::c000:221");
	prints_as("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304");
}

static void ipv6_with_ipv4_elsewhere_is_refused(void **state)
{
	(void)state;
	is_refused("1.2.3.4::");
	is_refused("1:1.2.3.4::1");
	is_refused("::1.2.3.4:5");
}

static void malformed_ipv6_is_refused(void **state)
{
	static const char *const bad[] = {":", ":::", "1:::2", "1::2::3", "1:2:3:4:5:6:7",
		"1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::8", "12345::", "g::", "1:", ":1",
		"fe80::1%eth0", "1:2:3:4:5:6:7:1.2.3.4"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		is_refused(bad[i]);
}

static void the_longest_ipv6_text_fits(void **state)
{
	static const char longest[] = "1111:2222:3333:4444:5555:6666:7777:8888";
	char room[IP_TEXT_MAX + 4];
	struct ip_prefix p = prefix("1111:2222:3333:4444:5555:6666:7777:8888/128");

	(void)state;
	prints_as(longest, longest);
	assert_string_equal(
		ip_prefix_text(&p, room), "1111:2222:3333:4444:5555:6666:7777:8888/128");
}

static void no_address_prints_as_a_dash(void **state)
{
	struct ip_addr none = {0};
	char room[IP_TEXT_MAX];

	(void)state;
	assert_string_equal(ip_addr_text(&none, room), "-");
}

static void a_prefix_keeps_its_host_bits(void **state)
{
	char room[IP_TEXT_MAX + 4];
	struct ip_prefix p = prefix("203.0.113.2/29");

	(void)state;
	assert_string_equal(ip_prefix_text(&p, room), "203.0.113.2/29");
}

static void a_prefix_without_or_with_bad_length_is_refused(void **state)
{
	struct ip_prefix p;

	(void)state;
	assert_int_equal(ip_prefix_parse(STR("1.2.3.4"), &p), FL_ESHORT);
	assert_int_equal(ip_prefix_parse(STR("1.2.3.4/"), &p), FL_ESHORT);
	assert_int_equal(ip_prefix_parse(STR("1.2.3.4/33"), &p), FL_ERANGE);
	assert_int_equal(ip_prefix_parse(STR("::/129"), &p), FL_ERANGE);
	assert_int_equal(ip_prefix_parse(STR("1.2.3.4/-1"), &p), FL_ERANGE);
	assert_int_equal(ip_prefix_parse(STR("1.2.3/8"), &p), FL_EFORMAT);
}

static void a_prefix_has_the_addresses_of_its_network_only(void **state)
{
	struct ip_prefix p = prefix("203.0.113.2/29"), all = prefix("0.0.0.0/0");
	struct ip_addr in = addr("203.0.113.7"), out = addr("203.0.113.8"), six = addr("::1");

	(void)state;
	assert_true(ip_prefix_has(&p, &in));
	assert_false(ip_prefix_has(&p, &out));
	assert_true(ip_prefix_has(&all, &out));
	assert_false(ip_prefix_has(&all, &six));
}

static void prefixes_overlap_when_one_has_the_other(void **state)
{
	struct ip_prefix a = prefix("10.0.0.0/8"), b = prefix("10.1.0.0/16");
	struct ip_prefix c = prefix("11.0.0.0/8"), d = prefix("::/0");

	(void)state;
	assert_true(ip_prefix_overlaps(&a, &b));
	assert_true(ip_prefix_overlaps(&b, &a));
	assert_false(ip_prefix_overlaps(&a, &c));
	assert_false(ip_prefix_overlaps(&a, &d));
}

static void a_network_has_no_bits_behind_its_prefix(void **state)
{
	static const char *const host[] = {
		"203.0.113.7/29", "255.255.255.255/0", "2001:db8:ffff::1/33", "1.2.3.4/32"};
	static const char *const net[] = {
		"203.0.113.0/29", "0.0.0.0/0", "2001:db8:8000::/33", "1.2.3.4/32"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(host); i++) {
		char room[IP_TEXT_MAX + 4];
		struct ip_prefix p = prefix(host[i]), n = ip_prefix_network(&p);

		assert_string_equal(ip_prefix_text(&n, room), net[i]);
	}
}

static void ipv4_sorts_before_ipv6(void **state)
{
	struct ip_addr a = addr("255.0.0.0"), b = addr("::1"), c = addr("1.0.0.0");

	(void)state;
	assert_true(ip_addr_cmp(&a, &b) < 0);
	assert_true(ip_addr_cmp(&a, &c) > 0);
	assert_true(ip_addr_eq(&a, &a));
}

static void special_addresses_are_nothing_a_link_can_own(void **state)
{
	static const char *const special[] = {"0.0.0.1", "127.0.0.1", "169.254.1.1", "224.0.0.1",
		"255.255.255.255", "::", "::1", "fe80::1", "febf::1", "ff02::1"};
	static const char *const plain[] = {"1.1.1.1", "10.0.0.1", "169.253.0.1", "223.255.255.255",
		"2001:db8::1", "fec0::1", "fc00::1"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(special); i++) {
		struct ip_addr a = addr(special[i]);

		assert_true(ip_addr_is_special(&a));
	}
	for (size_t i = 0; i < COUNT_OF(plain); i++) {
		struct ip_addr a = addr(plain[i]);

		assert_false(ip_addr_is_special(&a));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(ipv4_is_four_decimal_octets),
		cmocka_unit_test(ipv4_with_leading_zeros_signs_or_other_counts_is_refused),
		cmocka_unit_test(ipv6_prints_as_rfc_5952_wants),
		cmocka_unit_test(ipv6_may_end_in_an_ipv4_address),
		cmocka_unit_test(ipv6_with_ipv4_elsewhere_is_refused),
		cmocka_unit_test(malformed_ipv6_is_refused),
		cmocka_unit_test(the_longest_ipv6_text_fits),
		cmocka_unit_test(no_address_prints_as_a_dash),
		cmocka_unit_test(a_prefix_keeps_its_host_bits),
		cmocka_unit_test(a_prefix_without_or_with_bad_length_is_refused),
		cmocka_unit_test(a_prefix_has_the_addresses_of_its_network_only),
		cmocka_unit_test(prefixes_overlap_when_one_has_the_other),
		cmocka_unit_test(a_network_has_no_bits_behind_its_prefix),
		cmocka_unit_test(ipv4_sorts_before_ipv6),
		cmocka_unit_test(special_addresses_are_nothing_a_link_can_own),
	};

	return cmocka_run_group_tests_name("addr", tests, NULL, NULL);
}
