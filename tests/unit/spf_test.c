/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* The exchangers are 203.0.113.3 and 198.51.100.3, the domain itself 203.0.113.4. */
static bool has(void *ctx, bool mx, const struct ip_addr *a)
{
	struct ip_addr mail1 = ip_addr_v4(203, 0, 113, 3), mail2 = ip_addr_v4(198, 51, 100, 3),
		       web = ip_addr_v4(203, 0, 113, 4);

	(void)ctx;
	return mx ? ip_addr_eq(a, &mail1) || ip_addr_eq(a, &mail2) : ip_addr_eq(a, &web);
}

static enum spf_result spf(const char *text, const char *from)
{
	const struct spf_domain domain = {NULL, has};
	struct ip_addr a;

	assert_int_equal(ip_addr_parse(str_of(from), &a), FL_OK);
	return spf_evaluate(str_of(text), &a, &domain);
}

static void the_exchangers_are_mx(void **state)
{
	(void)state;
	assert_int_equal(spf("v=spf1 mx -all", "198.51.100.3"), SPF_PASS);
	assert_int_equal(spf("v=spf1 mx -all", "198.51.100.4"), SPF_REFUSED);
}

static void networks_match_their_addresses(void **state)
{
	(void)state;
	assert_int_equal(spf("v=spf1 ip4:203.0.113.0/29 -all", "203.0.113.7"), SPF_PASS);
	assert_int_equal(spf("v=spf1 ip4:203.0.113.0/29 -all", "203.0.113.8"), SPF_REFUSED);
	assert_int_equal(spf("v=spf1 ip6:2001:db8::/32 -all", "2001:db8::25"), SPF_PASS);
	assert_int_equal(spf("v=spf1 ip4:203.0.113.3 -all", "2001:db8::25"), SPF_REFUSED);
}

static void the_first_match_decides_by_its_qualifier(void **state)
{
	(void)state;
	assert_int_equal(spf("v=spf1 -ip4:203.0.113.3 mx -all", "203.0.113.3"), SPF_REFUSED);
	assert_int_equal(spf("v=spf1 ~all", "203.0.113.3"), SPF_REFUSED);
	assert_int_equal(spf("v=spf1 +a ?all", "203.0.113.4"), SPF_PASS);
	assert_int_equal(spf("v=spf1  A  -ALL", "203.0.113.4"), SPF_PASS);
}

static void without_a_match_nothing_is_allowed(void **state)
{
	(void)state;
	assert_int_equal(spf("v=spf1", "203.0.113.3"), SPF_REFUSED);
	assert_int_equal(spf("v=spf1 a exp=why.example.com", "203.0.113.3"), SPF_REFUSED);
}

static void what_others_decide_is_not_known(void **state)
{
	(void)state;
	assert_int_equal(spf("v=spf1 include:example.org -all", "203.0.113.3"), SPF_UNKNOWN);
	assert_int_equal(spf("v=spf1 redirect=example.org", "203.0.113.3"), SPF_UNKNOWN);
	assert_int_equal(spf("v=spf1 redirect=example.org mx", "203.0.113.3"), SPF_PASS);
	assert_int_equal(spf("v=spf1 mx include:example.org", "203.0.113.3"), SPF_PASS);
	assert_int_equal(spf("v=spf1 ip4:300.0.0.1", "203.0.113.3"), SPF_UNKNOWN);
}

static void another_text_is_no_spf(void **state)
{
	(void)state;
	assert_int_equal(spf("", "203.0.113.3"), SPF_NONE);
	assert_int_equal(spf("v=spf10 mx", "203.0.113.3"), SPF_NONE);
	assert_int_equal(spf("google-site-verification=x", "203.0.113.3"), SPF_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_exchangers_are_mx),
		cmocka_unit_test(networks_match_their_addresses),
		cmocka_unit_test(the_first_match_decides_by_its_qualifier),
		cmocka_unit_test(without_a_match_nothing_is_allowed),
		cmocka_unit_test(what_others_decide_is_not_known),
		cmocka_unit_test(another_text_is_no_spf),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
