/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Master files: what is read from them, what they become, what they must not have. */
#include "dns_import.h"
#include "dns_master.h"
#include "support/dns_zone.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct file {
	struct arena mem;
	struct link_conf links[2];
	struct link_address address[2];
	char text[16384];
	struct textbuf out;
	char room[DNS_MASTER_LINE];
	size_t taken, left;
};

static int setup(void **state)
{
	struct file *f = calloc(1, sizeof(*f));
	static const char *const names[] = {"wan1", "wan2"};

	arena_init(&f->mem, &heap);
	for (size_t i = 0; i < 2; i++) {
		f->links[i].name = str_of(names[i]);
		f->links[i].addresses = &f->address[i];
		f->links[i].naddresses = 1;
	}
	f->address[0].prefix = (struct ip_prefix){ip_addr_v4(203, 0, 113, 2), 29};
	f->address[1].prefix = (struct ip_prefix){ip_addr_v4(198, 51, 100, 2), 29};
	f->out = textbuf_of(f->text, sizeof(f->text));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct file *f = *state;

	arena_reset(&f->mem);
	free(f);
	return 0;
}

static void on_record(void *ctx, const struct dns_master_record *r)
{
	struct file *f = ctx;
	struct sink out = textbuf_sink(&f->out);
	char name[DNS_NAME_TEXT_MAX], type[DNS_TYPE_TEXT_MAX];

	sink_printf(&out, "%u %s ", r->line, dns_name_text(r->owner.wire, name));
	if (r->has_ttl)
		sink_printf(&out, "%u ", r->ttl);
	sink_printf(&out, "%s ", dns_type_text(r->type, type));
	dns_rdata_print(r->type, bytes_of(r->data, r->n), 0, r->n, &out);
	sink_puts(&out, "\n");
}

static void on_mistake(void *ctx, uint32_t line, const char *what)
{
	textbuf_printf(&((struct file *)ctx)->out, "line %u: %s\n", line, what);
}

static const char *read_master(struct file *f, const char *text)
{
	const struct dns_master_reader to = {f, on_record, on_mistake};
	struct dns_name origin;

	assert_int_equal(dns_name_parse(STR("example.com"), NULL, &origin), FL_OK);
	dns_master_read(str_of(text), &origin, f->room, &to);
	return f->text;
}

static bool on_statement(void *ctx, struct str text)
{
	textbuf_printf(&((struct file *)ctx)->out, "%.*s\n", STR_ARG(text));
	return true;
}

static const char *import(struct file *f, const char *text)
{
	const struct dns_import to = {f->links, 2, f, on_statement, on_mistake};

	assert_int_equal(
		dns_import(&to, STR("example.com"), str_of(text), &f->mem, &f->taken, &f->left),
		FL_OK);
	return f->text;
}

static void names_are_relative_to_the_origin(void **state)
{
	assert_string_equal(read_master(*state, "www A 192.0.2.1\n"
						"$ORIGIN sub\n"
						"mail MX 10 mx\n"
						"@ NS ns.example.net.\n"),
		"1 www.example.com. A 192.0.2.1\n"
		"3 mail.sub.example.com. MX 10 mx.sub.example.com.\n"
		"4 sub.example.com. NS ns.example.net.\n");
}

static void owner_left_out_is_the_one_before(void **state)
{
	assert_string_equal(read_master(*state, "www A 192.0.2.1\n  A 192.0.2.2\n"),
		"1 www.example.com. A 192.0.2.1\n2 www.example.com. A 192.0.2.2\n");
}

static void ttl_and_class_come_in_any_order(void **state)
{
	assert_string_equal(read_master(*state, "$TTL 1h30m\n"
						"a A 192.0.2.1\n"
						"b 60 IN A 192.0.2.1\n"
						"c IN 1w A 192.0.2.1\n"),
		"2 a.example.com. 5400 A 192.0.2.1\n"
		"3 b.example.com. 60 A 192.0.2.1\n"
		"4 c.example.com. 604800 A 192.0.2.1\n");
}

static void parentheses_and_comments_join_lines(void **state)
{
	assert_string_equal(read_master(*state, "@ SOA ns1 root ( ; begins\n"
						"  1 ; serial\n"
						"  2 3 4 5 )\n"
						"t TXT \"a;b (c)\" d\n"),
		"1 example.com. SOA ns1.example.com. root.example.com. 1 2 3 4 5\n"
		"4 t.example.com. TXT \"a;b (c)\" \"d\"\n");
}

static void unknown_types_are_taken(void **state)
{
	assert_string_equal(read_master(*state, "x TYPE731 \\# 3 abcdef\n"),
		"1 x.example.com. TYPE731 \\# 3 abcdef\n");
}

static void blanks_part_texts(void **state)
{
	assert_string_equal(read_master(*state, "a TXT v=spf1 -all\n\tTXT one\\ text ;x\n"),
		"1 a.example.com. TXT \"v=spf1\" \"-all\"\n2 a.example.com. TXT \"one text\"\n");
}

static void class_may_be_a_number(void **state)
{
	assert_string_equal(read_master(*state, "a CLASS1 TYPE1 \\# 4 c0000201\n"),
		"1 a.example.com. A 192.0.2.1\n");
}

/* Each costs its own entry alone, and what stands behind a parenthesis is no record of its own. */
static void what_is_not_taken_says_why(void **state)
{
	assert_string_equal(
		read_master(*state, "a ) A 192.0.2.1\n$GENERATE 1-3 x$ A 192.0.2.$\n"
				    "a RRSIG A 13 2 3600 ( 20300101000000\n 20200101000000 )\n"
				    "a DNAME b\nb A 192.0.2.2\n"),
		"line 1: a parenthesis is closed that is not open\n"
		"line 2: \"$GENERATE\" is refused: write out the lines that it stands for\n"
		"line 3: \"RRSIG\" is of DNSSEC: domains are not signed here\n"
		"line 5: \"DNAME\" is not served: give each name below a CNAME of its own\n"
		"6 b.example.com. A 192.0.2.2\n");
}

static void mistakes_are_told_with_their_lines(void **state)
{
	assert_string_equal(read_master(*state, "$INCLUDE other\n"
						"$GENERATE 1-9 h$ A 192.0.2.$\n"
						"a CH TXT x\n"
						"b NOTYPE x\n"
						"c A 1.2.3\n"
						"good A 192.0.2.1\n"
						"d TXT \"open\n"),
		"line 1: \"$INCLUDE\" is refused: put the other file's lines here\n"
		"line 2: \"$GENERATE\" is refused: write out the lines that it stands for\n"
		"line 3: \"CH\" is a class that is not served\n"
		"line 4: \"NOTYPE\" is not a type that has a name here: TYPEnnn \\# LENGTH HEX "
		"takes any\n"
		"line 5: \"1.2.3\" is not an IPv4 address\n"
		"6 good.example.com. A 192.0.2.1\n"
		"line 7: a quote is not closed\n");
}

static void addresses_become_hosts_on_the_link_that_has_them(void **state)
{
	assert_string_equal(import(*state, "a A 203.0.113.3\nb A 198.51.100.3\nc A 192.0.2.9\n"
					   "d AAAA 2001:db8::1\n"),
		"domain example.com host \"a\" { address 203.0.113.3, link wan1 }\n"
		"domain example.com host \"b\" { address 198.51.100.3, link wan2 }\n"
		"domain example.com host \"c\" { address 192.0.2.9, link any }\n"
		"domain example.com host \"d\" { address 2001:db8::1, link any }\n");
}

/* It will be another one some day. */
static void address_that_a_link_was_lent_becomes_own(void **state)
{
	struct file *f = *state;

	f->links[0].dhcp = true;
	assert_string_equal(import(f, "a A 203.0.113.2\nb A 203.0.113.3\nc A 198.51.100.2\n"),
		"domain example.com host \"a\" { address own, link wan1 }\n"
		"domain example.com host \"b\" { address 203.0.113.3, link wan1 }\n"
		"domain example.com host \"c\" { address 198.51.100.2, link wan2 }\n");
}

static void mail_exchanges_become_preferences(void **state)
{
	assert_string_equal(import(*state, "@ MX 10 mail1\n@ MX 30 mx.example.net.\n"
					   "sub MX 5 mail1\nmail1 A 203.0.113.3\n"),
		"domain example.com host \"10;mail1\" { address 203.0.113.3, link wan1, mail-entry "
		"yes }\n"
		"domain example.com record \"@\" MX \"30 mx.example.net.\"\n"
		"domain example.com record \"sub\" MX \"5 mail1.example.com.\"\n");
}

static void several_addresses_become_a_balanced_host(void **state)
{
	assert_string_equal(import(*state, "@ MX 10 www\nwww A 203.0.113.4\n    A 198.51.100.4\n"),
		"domain example.com host \"www-1\" { address 203.0.113.4, link wan1 }\n"
		"domain example.com host \"www-2\" { address 198.51.100.4, link wan2 }\n"
		"domain example.com balanced-host \"10;www\" { member \"www-1\", member \"www-2\", "
		"mail-entry yes }\n");
}

static void names_of_the_file_are_not_given_to_members(void **state)
{
	assert_string_equal(import(*state, "a A 203.0.113.4\na A 203.0.113.5\na-1 A 192.0.2.1\n"),
		"domain example.com host \"a-2\" { address 203.0.113.4, link wan1 }\n"
		"domain example.com host \"a-3\" { address 203.0.113.5, link wan1 }\n"
		"domain example.com balanced-host \"a\" { member \"a-2\", member \"a-3\" }\n"
		"domain example.com host \"a-1\" { address 192.0.2.1, link any }\n");
}

/* What `show zone` prints has the members beside the balanced host, and addresses of a family
 * together. */
static void names_of_members_are_the_same_in_another_order(void **state)
{
	assert_string_equal(
		import(*state,
			"a A 203.0.113.5\na A 203.0.113.4\na-1 A 203.0.113.4\na-2 A 203.0.113.5\n"),
		"domain example.com host \"a-2\" { address 203.0.113.5, link wan1 }\n"
		"domain example.com host \"a-1\" { address 203.0.113.4, link wan1 }\n"
		"domain example.com balanced-host \"a\" { member \"a-2\", member \"a-1\" }\n"
		"domain example.com host \"a-1\" { address 203.0.113.4, link wan1 }\n"
		"domain example.com host \"a-2\" { address 203.0.113.5, link wan1 }\n");
}

/* Two names may give their members the same ones: a wildcard's are called "any". */
static void members_of_two_names_do_not_meet(void **state)
{
	assert_string_equal(import(*state, "*.b A 192.0.2.1\n*.b A 192.0.2.2\n"
					   "any.b A 192.0.2.3\nany.b A 192.0.2.1\n"),
		"domain example.com host \"any-1.b\" { address 192.0.2.1, link any }\n"
		"domain example.com host \"any-2.b\" { address 192.0.2.2, link any }\n"
		"domain example.com balanced-host \"*.b\" { member \"any-1.b\", member \"any-2.b\" "
		"}\n"
		"domain example.com host \"any-3.b\" { address 192.0.2.3, link any }\n"
		"domain example.com host \"any-1.b\" { address 192.0.2.1, link any }\n"
		"domain example.com balanced-host \"any.b\" { member \"any-3.b\", member "
		"\"any-1.b\" }\n");
}

#define LABEL_60 "llllllllllllllllllllllllllllllllllllllllllllllllllllllllllll"

static void member_of_a_long_name_is_cut(void **state)
{
	assert_string_equal(
		import(*state, LABEL_60 "123 A 192.0.2.1\n" LABEL_60 "123 A 192.0.2.2\n"),
		"domain example.com host \"" LABEL_60 "1-1\" { address 192.0.2.1, link any }\n"
		"domain example.com host \"" LABEL_60 "1-2\" { address 192.0.2.2, link any }\n"
		"domain example.com balanced-host \"" LABEL_60 "123\" { member \"" LABEL_60
		"1-1\", member \"" LABEL_60 "1-2\" }\n");
}

static void record_that_is_there_twice_is_taken_once(void **state)
{
	assert_string_equal(import(*state, "www A 192.0.2.1\nWWW IN A 192.0.2.1\n"),
		"domain example.com host \"www\" { address 192.0.2.1, link any }\n");
	assert_int_equal(((struct file *)*state)->taken, 2);
}

static void name_servers_and_contact_are_taken(void **state)
{
	assert_string_equal(import(*state, "@ SOA ns1 host\\.master 1 2 3 4 5\n"
					   "@ NS ns1\n@ NS ns.example.net.\nns1 A 203.0.113.2\n"),
		"domain example.com host \"ns1\" { address 203.0.113.2, link wan1 }\n"
		"domain example.com contact \"host.master@example.com\"\n"
		"domain example.com name-server \"ns1\"\n"
		"domain example.com name-server \"ns.example.net.\"\n");
}

static void second_soa_is_told_with_its_line(void **state)
{
	assert_string_equal(import(*state, "@ SOA ns1 one 1 2 3 4 5\n@ NS ns1\n"
					   "@ SOA ns1 two 1 2 3 4 5\n"),
		"domain example.com contact \"one@example.com\"\n"
		"domain example.com name-server \"ns1\"\n"
		"line 3: there is a second SOA: leave one of them out\n");
}

static void delegations_and_their_glue_stay_records(void **state)
{
	assert_string_equal(import(*state, "sub NS ns.sub\nns.sub A 203.0.113.5\n"),
		"domain example.com record \"sub\" NS \"ns.sub.example.com.\"\n"
		"domain example.com record \"ns.sub\" A \"203.0.113.5\"\n");
}

static void text_with_quotes_survives(void **state)
{
	assert_string_equal(import(*state, "t TXT \"v=spf1 -all\" \"a\\\"b\"\n"),
		"domain example.com record \"t\" TXT \"\\\"v=spf1 -all\\\" "
		"\\\"a\\\\\\\"b\\\"\"\n");
}

static void names_of_other_domains_are_left_out(void **state)
{
	struct file *f = *state;

	assert_string_equal(import(f, "www.example.org. A 192.0.2.1\n"),
		"line 1: the name is not in this domain\n");
	assert_int_equal(f->taken, 0);
	assert_int_equal(f->left, 1);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(names_are_relative_to_the_origin),
		TEST(owner_left_out_is_the_one_before),
		TEST(ttl_and_class_come_in_any_order),
		TEST(parentheses_and_comments_join_lines),
		TEST(unknown_types_are_taken),
		TEST(mistakes_are_told_with_their_lines),
		TEST(blanks_part_texts),
		TEST(class_may_be_a_number),
		TEST(what_is_not_taken_says_why),
		TEST(addresses_become_hosts_on_the_link_that_has_them),
		TEST(mail_exchanges_become_preferences),
		TEST(address_that_a_link_was_lent_becomes_own),
		TEST(several_addresses_become_a_balanced_host),
		TEST(names_of_the_file_are_not_given_to_members),
		TEST(names_of_members_are_the_same_in_another_order),
		TEST(members_of_two_names_do_not_meet),
		TEST(member_of_a_long_name_is_cut),
		TEST(record_that_is_there_twice_is_taken_once),
		TEST(name_servers_and_contact_are_taken),
		TEST(second_soa_is_told_with_its_line),
		TEST(delegations_and_their_glue_stay_records),
		TEST(text_with_quotes_survives),
		TEST(names_of_other_domains_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
