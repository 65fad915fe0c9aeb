/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "rng.h"
#include "unit/settings_test_schema.h"

#include <stdio.h>

struct fixture {
	struct arena mem, said;
	struct settings s;
	struct diags why;
	struct t_text out;
	struct t_settings bound;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	arena_init(&f->mem, &t_source);
	arena_init(&f->said, &t_source);
	diags_init(&f->why, &f->said);
	*state = f;
	return settings_init(&f->s, t_schema, &f->mem) ? -1 : 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	arena_reset(&f->mem);
	arena_reset(&f->said);
	free(f->out.at);
	free(f);
	return 0;
}

static const char *text_of(struct fixture *f)
{
	return f->out.n ? f->out.at : "";
}

static const char *said(struct fixture *f)
{
	struct sink out = t_sink(&f->out);

	f->out.n = 0;
	diags_print(&f->why, NULL, &out);
	return text_of(f);
}

static const char *printed(struct fixture *f, const char *path, enum settings_form form)
{
	struct sink out = t_sink(&f->out);

	f->out.n = 0;
	assert_int_equal(settings_print(&f->s, str_of(path), form, &out), FL_OK);
	return text_of(f);
}

static void load(struct fixture *f, const char *text)
{
	enum fl_err e = settings_parse(&f->s, str_of(text), &f->why);

	if (e)
		print_message("%s", said(f));
	assert_int_equal(e, FL_OK);
}

static void bind(struct fixture *f)
{
	enum fl_err e = settings_bind(&f->s, &f->mem, &f->bound, &f->why);

	if (e)
		print_message("%s", said(f));
	assert_int_equal(e, FL_OK);
}

/* A text that is refused with exactly these words. */
static void refused(struct fixture *f, const char *text, const char *words)
{
	assert_int_equal(settings_parse(&f->s, str_of(text), &f->why), FL_EFORMAT);
	assert_string_equal(said(f), words);
	assert_string_equal(printed(f, "", SETTINGS_LINES), "");
}

static void bind_refused(struct fixture *f, const char *text, const char *words)
{
	load(f, text);
	assert_int_equal(settings_bind(&f->s, &f->mem, &f->bound, &f->why), FL_EFORMAT);
	assert_string_equal(said(f), words);
}

/* What a text reads like when it is printed in canonical lines. */
static void reads_as(struct fixture *f, const char *text, const char *lines)
{
	load(f, text);
	assert_string_equal(printed(f, "", SETTINGS_LINES), lines);
}

static void set(struct fixture *f, const char *statement)
{
	assert_int_equal(settings_set(&f->s, str_of(statement), &f->why), FL_OK);
}

static const char sketch[] =
	"link wan1 {\n"
	"    interface eth0\n"
	"    address 203.0.113.2/29\n"
	"    bandwidth { down 200M, up 50M }\n"
	"    weight 4\n"
	"    monitor { target 198.51.100.53 dns example.org, target 192.0.2.53 ping }\n"
	"}\n"
	"link wan2 { interface eth1, address 198.51.100.2/29, weight 1 }\n"
	"link lte  { interface usb0, role backup, metered { quota 20G, reset-day 1 } }\n"
	"domain example.com {\n"
	"    host 10;mail1 { address 203.0.113.3, link wan1, mail-entry yes }\n"
	"    host www-a    { address 203.0.113.4, link wan1 }\n"
	"    host offsite  { address 192.0.2.80, link any }\n"
	"    balanced-host www { member www-a, member offsite, policy spread }\n"
	"    record _sip._tcp SRV \"10 5 5060 www\"\n"
	"}\n"
	"reverse 203.0.113.0/29 { auto }\n"
	"policy spread { method weighted, member wan2, member wan1 }\n"
	"rule 10 { port 25, policy spread }\n"
	"forward smtp { to 192.168.1.25, on wan1 203.0.113.3, on wan2 198.51.100.3 }\n"
	"dns { listen 192.168.1.1 port 53, threads 2 }\n";

static const char sketch_lines[] = "set link lte interface usb0\n"
				   "set link lte role backup\n"
				   "set link lte metered quota 20G\n"
				   "set link lte metered reset-day 1\n"
				   "set link wan1 interface eth0\n"
				   "set link wan1 address 203.0.113.2/29\n"
				   "set link wan1 bandwidth down 200M\n"
				   "set link wan1 bandwidth up 50M\n"
				   "set link wan1 weight 4\n"
				   "set link wan1 monitor target 198.51.100.53 dns example.org\n"
				   "set link wan1 monitor target 192.0.2.53 ping\n"
				   "set link wan2 interface eth1\n"
				   "set link wan2 address 198.51.100.2/29\n"
				   "set link wan2 weight 1\n"
				   "set domain example.com host 10;mail1 address 203.0.113.3\n"
				   "set domain example.com host 10;mail1 link wan1\n"
				   "set domain example.com host 10;mail1 mail-entry yes\n"
				   "set domain example.com host offsite address 192.0.2.80\n"
				   "set domain example.com host offsite link any\n"
				   "set domain example.com host www-a address 203.0.113.4\n"
				   "set domain example.com host www-a link wan1\n"
				   "set domain example.com balanced-host www member www-a\n"
				   "set domain example.com balanced-host www member offsite\n"
				   "set domain example.com balanced-host www policy spread\n"
				   "set domain example.com record _sip._tcp SRV \"10 5 5060 www\"\n"
				   "set reverse 203.0.113.0/29 auto\n"
				   "set policy spread method weighted\n"
				   "set policy spread member wan2\n"
				   "set policy spread member wan1\n"
				   "set rule 10 port 25\n"
				   "set rule 10 policy spread\n"
				   "set forward smtp to 192.168.1.25\n"
				   "set forward smtp on wan1 203.0.113.3\n"
				   "set forward smtp on wan2 198.51.100.3\n"
				   "set dns listen 192.168.1.1 port 53\n"
				   "set dns threads 2\n";

/* ---- reading ---- */

static void braces_and_set_lines_mean_the_same(void **state)
{
	reads_as(*state, sketch, sketch_lines);
}

static void canonical_lines_load_and_print_unchanged(void **state)
{
	reads_as(*state, sketch_lines, sketch_lines);
}

static void both_forms_may_be_mixed_in_one_text(void **state)
{
	reads_as(*state,
		"set link wan1 { weight 4, monitor interval 5s }\nlink wan1 disabled\n"
		"set link wan1 role backup",
		"set link wan1 weight 4\nset link wan1 role backup\nset link wan1 disabled\n"
		"set link wan1 monitor interval 5s\n");
}

static void comments_blank_lines_and_crlf_mean_nothing(void **state)
{
	reads_as(*state, "# top\r\n\r\nlink wan1 { # inside\r\n\tweight 4# behind\r\n}\r\n",
		"set link wan1 weight 4\n");
}

static void a_statement_after_a_closing_brace_needs_no_comma(void **state)
{
	reads_as(*state, "link a { weight 1 } link b { weight 2 }",
		"set link a weight 1\nset link b weight 2\n");
}

static void a_semicolon_ends_nothing(void **state)
{
	reads_as(*state, "domain example.com host 10;mail1 ttl 30s",
		"set domain example.com host 10;mail1 ttl 30s\n");
}

static void quotes_keep_blanks_commas_braces_and_escapes(void **state)
{
	reads_as(*state, "link wan1 description \"a \\\"b\\\" {c}, #d \\\\ e\"",
		"set link wan1 description \"a \\\"b\\\" {c}, #d \\\\ e\"\n");
}

static void an_empty_text_is_quoted(void **state)
{
	reads_as(*state, "link wan1 description \"\"", "set link wan1 description \"\"\n");
}

static void a_backslash_outside_quotes_is_itself(void **state)
{
	reads_as(*state, "link wan1 description a\\b", "set link wan1 description a\\b\n");
}

static void text_may_be_utf8(void **state)
{
	reads_as(*state, "\xef\xbb\xbflink wan1 description \xc3\xa9t\xc3\xa9",
		"set link wan1 description \xc3\xa9t\xc3\xa9\n");
}

static void values_are_made_canonical(void **state)
{
	reads_as(*state,
		"rule 007 port 0080\nlink a monitor interval 60000ms\nlink a bandwidth up 1000k\n"
		"dns listen 2001:DB8:0::01\nreverse 2001:DB8::/32",
		"set link a bandwidth up 1M\nset link a monitor interval 1m\n"
		"set reverse 2001:db8::/32\nset rule 7 port 80\nset dns listen 2001:db8::1\n");
}

static void keys_sort_naturally(void **state)
{
	reads_as(*state, "link wan10, link wan2, link wan1",
		"set link wan1\nset link wan2\nset link wan10\n");
}

static void ordered_lists_keep_their_order(void **state)
{
	reads_as(*state, "policy p { member c, member a, member b }",
		"set policy p member c\nset policy p member a\nset policy p member b\n");
}

static void empty_blocks_mean_nothing(void **state)
{
	reads_as(*state, "link a { monitor { } }\ndns { }", "set link a\n");
}

static void columns_given_again_replace_those_before(void **state)
{
	struct fixture *f = *state;

	load(f, "link a monitor target 192.0.2.1 dns example.org");
	load(f, "link a monitor target 192.0.2.1 ping");
	assert_string_equal(
		printed(f, "", SETTINGS_LINES), "set link a monitor target 192.0.2.1 ping\n");
}

static void a_required_column_may_be_left_out_when_the_entry_has_it(void **state)
{
	reads_as(*state, "forward f on wan1 192.0.2.1\nforward f on wan1 weight 3",
		"set forward f on wan1 192.0.2.1\nset forward f on wan1 weight 3\n");
}

static void a_second_text_adds_to_the_first(void **state)
{
	struct fixture *f = *state;

	load(f, "link a { weight 1, monitor interval 2s }\npolicy p { member a, member b }");
	load(f, "link a { weight 2, monitor fail-after 4 }\nlink b\npolicy p member c");
	assert_string_equal(printed(f, "", SETTINGS_LINES),
		"set link a weight 2\nset link a monitor fail-after 4\n"
		"set link a monitor interval 2s\nset link b\nset policy p member a\n"
		"set policy p member b\nset policy p member c\n");
	assert_int_equal(f->why.warnings, 0);
}

static void a_value_set_twice_in_one_text_is_a_warning_and_the_later_one_counts(void **state)
{
	struct fixture *f = *state;

	load(f, "link a weight 1\nlink a { weight 2 }");
	assert_string_equal(said(f), "line 2:10: warning: link a weight: is set twice\n"
				     "    cure: remove one of the two: the later one counts\n");
	assert_string_equal(printed(f, "", SETTINGS_LINES), "set link a weight 2\n");
}

static void a_member_named_twice_is_a_warning(void **state)
{
	struct fixture *f = *state;

	load(f, "policy p { member a, member a }");
	assert_string_equal(said(f), "line 1:29: warning: policy p member: is there twice\n"
				     "    cure: remove one of the two: the later one counts\n");
}

/* ---- mistakes ---- */

static void an_unknown_setting_names_the_nearest(void **state)
{
	refused(*state, "link wan1 {\n    wieght 4\n}",
		"line 2:5: error: link wan1: there is no setting \"wieght\" here\n"
		"    cure: did you mean \"weight\"?\n");
}

static void an_unknown_setting_that_is_near_to_none_lists_them(void **state)
{
	refused(*state, "zzzzzz wan1",
		"line 1:1: error: there is no setting \"zzzzzz\"\n"
		"    cure: use one of: link, domain, reverse, policy, rule, forward, dns\n");
}

static void a_number_out_of_range_names_the_range(void **state)
{
	refused(*state, "link a weight 241",
		"line 1:15: error: link a weight: \"241\" is out of range\n    cure: use 1..240\n");
}

static void a_huge_number_is_out_of_range(void **state)
{
	refused(*state, "dns threads 99999999999999999999999",
		"line 1:13: error: dns threads: \"99999999999999999999999\" is out of range\n"
		"    cure: use 0..64\n");
}

static void a_word_for_a_number_is_told(void **state)
{
	refused(*state, "link a weight many",
		"line 1:15: error: link a weight: \"many\" is not a number\n    cure: use "
		"1..240\n");
}

static void a_time_without_unit_names_one(void **state)
{
	refused(*state, "link a monitor interval 5",
		"line 1:25: error: link a monitor interval: \"5\" has no unit\n"
		"    cure: did you mean \"5s\"?\n");
}

static void a_time_out_of_range_names_the_range_in_units(void **state)
{
	refused(*state, "link a monitor interval 2m",
		"line 1:25: error: link a monitor interval: \"2m\" is out of range\n"
		"    cure: use 100ms..1m\n");
}

static void a_bad_choice_lists_the_choices(void **state)
{
	refused(*state, "link a role spare",
		"line 1:13: error: link a role: \"spare\" is not one of the choices\n"
		"    cure: use one of: primary, backup\n");
}

static void a_network_with_host_bits_names_the_network(void **state)
{
	refused(*state, "reverse 203.0.113.2/29",
		"line 1:9: error: reverse: \"203.0.113.2/29\" has bits set behind its prefix\n"
		"    cure: did you mean \"203.0.113.0/29\"?\n");
}

static void the_network_and_the_broadcast_address_are_no_hosts(void **state)
{
	refused(*state, "link a { address 203.0.113.0/29, address 203.0.113.7/29 }",
		"line 1:18: error: link a address: \"203.0.113.0/29\" is the network, not a host "
		"in "
		"it\n    cure: write the router's own address with the prefix length\n"
		"line 1:42: error: link a address: \"203.0.113.7/29\" is the broadcast address of "
		"its network\n    cure: write the router's own address with the prefix length\n");
}

static void a_module_says_why_its_own_type_is_wrong(void **state)
{
	refused(*state, "domain d host 70000;mail ttl 1s",
		"line 1:15: error: domain d host: \"70000;mail\" has no preference of 0..65535 "
		"before its \";\"\n    cure: use [PREFERENCE;]NAME\n");
}

static void a_missing_value_shows_the_syntax(void **state)
{
	refused(*state, "link a { weight }",
		"line 1:17: error: link a weight: its value is missing\n"
		"    cure: write it like: weight NUMBER\n");
}

static void a_missing_column_is_named(void **state)
{
	refused(*state, "forward f { on wan1 }",
		"line 1:21: error: forward f on: address is missing\n"
		"    cure: write it like: on LINK ADDRESS { ... }\n");
}

static void a_forgotten_comma_is_told(void **state)
{
	refused(*state, "link a { weight 4 role backup }",
		"line 1:19: error: link a weight: \"role\" is a word too many\n"
		"    cure: put a comma or a new line before the next setting\n");
}

static void a_semicolon_is_told_to_be_a_comma(void **state)
{
	refused(*state,
		"link a { description first; weight 4 }\nlink b weight 4;\nlink c weight x;",
		"line 1:29: error: link a description: \"weight\" is a word too many\n"
		"    cure: end a statement with a comma or a new line, not with \";\"\n"
		"line 2:15: error: link b weight: \"4;\" is not a number\n"
		"    cure: end a statement with a comma or a new line, not with \";\"\n"
		"line 3:15: error: link c weight: \"x;\" is not a number\n"
		"    cure: use 1..240\n");
}

static void a_setting_behind_a_text_may_lack_a_comma(void **state)
{
	refused(*state, "link a { description first weight 4 }",
		"line 1:28: error: link a description: \"weight\" is a word too many\n"
		"    cure: put a comma or a new line before the next setting, or quotes around "
		"the text\n");
}

static void a_text_of_two_words_is_told_to_be_quoted(void **state)
{
	refused(*state, "link a description my link",
		"line 1:23: error: link a description: \"link\" is a word too many\n"
		"    cure: put a text of several words in quotes\n");
}

static void braces_behind_a_value_are_told_once(void **state)
{
	refused(*state, "link a { weight 4 { role nonsense\n foo { bar } } }",
		"line 1:19: error: link a weight: has nothing inside that could be set\n"
		"    cure: remove the braces and what is in them\n");
}

static void an_unterminated_quote_spoils_only_its_line(void **state)
{
	refused(*state,
		"link a {\n  description \"oops, really {\n  weight 999\n  }\n  weight 998\n}",
		"line 2:15: error: link a: a quote that is not closed on its line\n"
		"    cure: close it with \"\n"
		"line 5:10: error: link a weight: \"998\" is out of range\n    cure: use 1..240\n");
}

static void a_quote_inside_a_word_is_told(void **state)
{
	refused(*state, "link a description a\"b\"",
		"line 1:20: error: a quote inside a word\n"
		"    cure: put the whole word in quotes, and a \\ before a quote in it\n");
}

static void a_stray_backslash_is_told(void **state)
{
	refused(*state, "link a description \"a\\nb\"",
		"line 1:22: error: a backslash before an ordinary character\n"
		"    cure: write \\\\ for a backslash, \\\" for a quote\n");
}

static void a_missing_brace_is_found_where_the_next_setting_cannot_stand(void **state)
{
	refused(*state, "link a {\n  weight 999\nlink b {\n  weight 998\n}\n",
		"line 1:8: error: link a: this \"{\" is never closed\n"
		"    cure: put a \"}\" where it should end\n"
		"line 2:10: error: link a weight: \"999\" is out of range\n    cure: use 1..240\n"
		"line 4:10: error: link b weight: \"998\" is out of range\n    cure: use 1..240\n");
}

static void a_missing_brace_at_the_end_is_found(void **state)
{
	refused(*state, "link a {\n  monitor {\n    interval 1s\n",
		"line 1:8: error: link a: this \"{\" is never closed\n"
		"    cure: put a \"}\" where it should end\n"
		"line 2:11: error: link a monitor: this \"{\" is never closed\n"
		"    cure: put a \"}\" where it should end\n");
}

static void an_extra_brace_is_found(void **state)
{
	refused(*state, "link a { weight 1 } }\nlink b { weight 2 }",
		"line 1:21: error: \"}\" without a \"{\" before it\n    cure: remove it\n");
}

static void a_brace_on_a_line_of_its_own_is_told(void **state)
{
	refused(*state, "link a\n{\n  weight 999\n}\n",
		"line 2:1: error: a \"{\" without a setting before it\n"
		"    cure: put it on the line of the setting it belongs to\n");
}

static void a_misplaced_setting_in_closed_braces_closes_nothing(void **state)
{
	refused(*state, "link a {\n  monitor {\n    weight 4\n    interval 1s\n  }\n  weight 5\n}",
		"line 3:5: error: link a monitor: there is no setting \"weight\" here\n"
		"    cure: use one of: fail-after, interval, target\n");
}

static void nul_control_characters_and_bad_utf8_are_refused(void **state)
{
	static const char text[] =
		"link a { description x\0y }\nlink b description \"\x01\"\n"
		"link c description \xc3\nlink d # \xff\n"
		"link e description \xc2\x85\nlink f description \"\xed\xa0\x80\"";
	struct fixture *f = *state;

	assert_int_equal(
		settings_parse(&f->s, (struct str){text, sizeof(text) - 1}, &f->why), FL_EFORMAT);
	assert_string_equal(said(f),
		"line 1:23: error: link a: a control character in the text\n    cure: remove it\n"
		"line 2:21: error: a control character in the text\n    cure: remove it\n"
		"line 3:20: error: an octet that is not valid UTF-8\n    cure: remove it\n"
		"line 4:10: error: an octet that is not valid UTF-8\n    cure: remove it\n"
		"line 5:20: error: a control character in the text\n    cure: remove it\n"
		"line 6:21: error: an octet that is not valid UTF-8\n    cure: remove it\n");
}

static void a_word_that_is_too_long_is_refused(void **state)
{
	struct fixture *f = *state;
	char text[5000];

	memset(text, 'x', sizeof(text));
	memcpy(text, "link ", 5);
	assert_int_equal(
		settings_parse(&f->s, (struct str){text, sizeof(text)}, &f->why), FL_EFORMAT);
	assert_string_equal(said(f),
		"line 1:6: error: a word of more than 4096 octets\n    cure: shorten it\n");
}

static void a_long_wrong_word_is_cut_in_the_message(void **state)
{
	refused(*state, "a123456789b123456789c123456789d123456789e123456789f123456789",
		"line 1:1: error: there is no setting "
		"\"a123456789b123456789c123456789d123456789e1234567...\"\n"
		"    cure: use one of: link, domain, reverse, policy, rule, forward, dns\n");
}

static void braces_without_end_are_one_mistake(void **state)
{
	struct fixture *f = *state;
	char text[100000];

	memset(text, '{', sizeof(text));
	assert_int_equal(
		settings_parse(&f->s, (struct str){text, sizeof(text)}, &f->why), FL_EFORMAT);
	assert_string_equal(said(f), "line 1:1: error: a \"{\" without a setting before it\n"
				     "    cure: put it on the line of the setting it belongs to\n");
}

static void ten_mistakes_give_ten_messages(void **state)
{
	struct fixture *f = *state;
	static const char text[] = "lonk wan1 { weight 4, foo { bar baz } }\n"
				   "link wan1 {\n"
				   "    weight 0, role nobody\n"
				   "    monitor { target 1.2.3 ping, interval 1x }\n"
				   "    disabled yes\n"
				   "    description \"open { , }\n"
				   "    metered\n"
				   "}\n"
				   "domain a b { host c }\n"
				   "policy p { member }\n";
	const struct diag *d;
	uint32_t line[10] = {1, 3, 3, 4, 4, 5, 6, 7, 9, 10};
	size_t n = 0;

	assert_int_equal(settings_parse(&f->s, STR(text), &f->why), FL_EFORMAT);
	for (d = f->why.first; d; d = d->next, n++)
		assert_int_equal(d->line, line[n]);
	assert_int_equal(n, 10);
}

static void a_refused_text_changes_nothing(void **state)
{
	struct fixture *f = *state;

	load(f, "link a weight 1");
	assert_int_equal(
		settings_parse(&f->s, STR("link a weight 2\nlink b\nlink c weight x"), &f->why),
		FL_EFORMAT);
	assert_string_equal(printed(f, "", SETTINGS_LINES), "set link a weight 1\n");
}

static void a_name_has_its_limits(void **state)
{
	refused(*state, "link -a\nlink a/b\nlink a12345678901234567890123456789012",
		"line 1:6: error: link: \"-a\" is not a name\n"
		"    cure: begin with a letter or digit; then letters, digits, \"-\", \"_\" and "
		"\".\"\n"
		"line 2:6: error: link: \"a/b\" is not a name\n"
		"    cure: begin with a letter or digit; then letters, digits, \"-\", \"_\" and "
		"\".\"\n"
		"line 3:6: error: link: \"a12345678901234567890123456789012\" is too long for a "
		"name\n"
		"    cure: use at most 32 characters\n");
}

static void columns_count_characters_not_octets(void **state)
{
	refused(*state, "link a { description \xc3\xa9\xc3\xa9, weight x }",
		"line 1:33: error: link a weight: \"x\" is not a number\n    cure: use 1..240\n");
}

/* ---- statements of the console ---- */

static void set_and_delete_have_no_line(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(settings_set(&f->s, STR("link wan1 wieght 4"), &f->why), FL_EFORMAT);
	assert_int_equal(f->why.first->line, 0);
	assert_int_equal(f->why.first->column, 11);
	assert_string_equal(said(f), "error: link wan1: there is no setting \"wieght\" here\n"
				     "    cure: did you mean \"weight\"?\n");
	assert_string_equal(printed(f, "", SETTINGS_LINES), "");
}

static void set_takes_one_statement_only(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(settings_set(&f->s, STR("link a { weight 4 }"), &f->why), FL_EFORMAT);
	assert_int_equal(settings_set(&f->s, STR("link a, link b"), &f->why), FL_EFORMAT);
	assert_int_equal(settings_set(&f->s, STR(""), &f->why), FL_EFORMAT);
	assert_int_equal(f->why.errors, 3);
}

static void delete_takes_away_a_value_an_entry_or_a_list(void **state)
{
	struct fixture *f = *state;

	load(f, "link a { weight 1, role backup }\nlink b\nlink c\nrule 1, rule 2\n"
		"dns { threads 1, listen 192.0.2.1 port 5 }");
	assert_int_equal(settings_delete(&f->s, STR("link a weight"), &f->why), FL_OK);
	assert_int_equal(settings_delete(&f->s, STR("link b"), &f->why), FL_OK);
	assert_int_equal(settings_delete(&f->s, STR("rule"), &f->why), FL_OK);
	assert_int_equal(settings_delete(&f->s, STR("dns"), &f->why), FL_OK);
	assert_string_equal(printed(f, "", SETTINGS_LINES), "set link a role backup\nset link c\n");
}

static void delete_takes_what_was_printed(void **state)
{
	struct fixture *f = *state;

	load(f, "link a { weight 1, disabled, monitor target 192.0.2.1 dns x }\n"
		"domain d record n TXT \"a b\"");
	assert_int_equal(settings_delete(&f->s, STR("link a weight 1"), &f->why), FL_OK);
	assert_int_equal(settings_delete(&f->s, STR("link a disabled"), &f->why), FL_OK);
	assert_int_equal(
		settings_delete(&f->s, STR("link a monitor target 192.0.2.1 dns x"), &f->why),
		FL_OK);
	assert_int_equal(
		settings_delete(&f->s, STR("domain d record n TXT \"a b\""), &f->why), FL_OK);
	assert_string_equal(printed(f, "", SETTINGS_LINES), "set link a\nset domain d\n");
}

static void delete_with_some_of_the_keys_takes_all_that_match(void **state)
{
	struct fixture *f = *state;

	load(f, "domain d { record n TXT a, record n TXT b, record n A 1, record m TXT a }");
	assert_int_equal(settings_delete(&f->s, STR("domain d record n TXT"), &f->why), FL_OK);
	assert_string_equal(printed(f, "", SETTINGS_LINES),
		"set domain d record m TXT a\nset domain d record n A 1\n");
}

static void deleting_what_is_not_there_says_which_word(void **state)
{
	struct fixture *f = *state;

	load(f, "link wan1 weight 1");
	assert_int_equal(settings_delete(&f->s, STR("link wan3 weight"), &f->why), FL_ENOENT);
	assert_int_equal(settings_delete(&f->s, STR("link wan1 role"), &f->why), FL_ENOENT);
	assert_int_equal(settings_delete(&f->s, STR("link wan1 weight 2"), &f->why), FL_ENOENT);
	assert_string_equal(said(f),
		"error: link: there is no link \"wan3\"\n    cure: use one of: wan1\n"
		"error: link wan1 role: is not set\n"
		"error: link wan1 weight: is \"1\", not \"2\"\n");
	assert_string_equal(printed(f, "", SETTINGS_LINES), "set link wan1 weight 1\n");
}

static void an_entry_set_after_a_delete_goes_to_the_end_of_an_ordered_list(void **state)
{
	struct fixture *f = *state;

	load(f, "policy p { member a, member b, member c }");
	assert_int_equal(settings_delete(&f->s, STR("policy p member a"), &f->why), FL_OK);
	set(f, "policy p member a");
	assert_string_equal(printed(f, "policy p", SETTINGS_LINES),
		"set policy p member b\nset policy p member c\nset policy p member a\n");
}

/* ---- printing ---- */

static void braces_print_with_one_statement_a_line(void **state)
{
	struct fixture *f = *state;

	load(f, "link a { weight 1, monitor { interval 1s, target 192.0.2.1 ping } }\nlink b");
	assert_string_equal(printed(f, "", SETTINGS_BRACES),
		"link a {\n    weight 1\n    monitor {\n        interval 1s\n"
		"        target 192.0.2.1 ping\n    }\n}\nlink b\n");
}

static void a_part_of_the_tree_prints_alone(void **state)
{
	struct fixture *f = *state;

	load(f, sketch);
	assert_string_equal(printed(f, "link wan1 bandwidth", SETTINGS_LINES),
		"set link wan1 bandwidth down 200M\nset link wan1 bandwidth up 50M\n");
	assert_string_equal(printed(f, "domain example.com host offsite", SETTINGS_BRACES),
		"host offsite {\n    address 192.0.2.80\n    link any\n}\n");
	assert_string_equal(printed(f, "rule", SETTINGS_BRACES),
		"rule 10 {\n    port 25\n    policy spread\n}\n");
	assert_string_equal(printed(f, "link wan1 weight", SETTINGS_BRACES), "weight 4\n");
}

static void printing_what_is_not_there_says_so(void **state)
{
	struct fixture *f = *state;
	struct sink out = t_sink(&f->out);

	load(f, "link a");
	assert_int_equal(settings_print(&f->s, STR("link b"), SETTINGS_LINES, &out), FL_ENOENT);
	assert_int_equal(settings_print(&f->s, STR("rule"), SETTINGS_LINES, &out), FL_ENOENT);
	assert_int_equal(settings_print(&f->s, STR("nonsense"), SETTINGS_LINES, &out), FL_ENOENT);
	assert_int_equal(f->out.n, 0);
}

static void a_column_that_looks_like_a_setting_inside_is_quoted(void **state)
{
	reads_as(*state, "link a monitor target 192.0.2.1 dns \"fail-after\"",
		"set link a monitor target 192.0.2.1 dns fail-after\n");
}

static void a_secret_is_never_printed_in_clear_and_loads_again(void **state)
{
	struct fixture *f = *state;
	char first[200];

	load(f, "link a { interface e, password hunter2 }");
	snprintf(first, sizeof(first), "%s", printed(f, "", SETTINGS_LINES));
	assert_null(strstr(first, "hunter2"));
	assert_int_equal(settings_delete(&f->s, STR("link"), &f->why), FL_OK);
	load(f, first);
	assert_string_equal(printed(f, "", SETTINGS_LINES), first);
	bind(f);
	assert_true(str_is(f->bound.links[0].password, "hunter2"));
}

static void what_is_private_is_hidden_in_a_copy_that_is_for_anybody(void **state)
{
	struct fixture *f = *state;

	load(f, "link a { interface e, password hunter2, hash abcd }");
	assert_non_null(strstr(printed(f, "", SETTINGS_LINES), "set link a hash abcd\n"));
	settings_hide(&f->s);
	assert_string_equal(printed(f, "", SETTINGS_LINES),
		"set link a interface e\n"
		"# set link a password (not shown to who may only look)\n"
		"# set link a hash (not shown to who may only look)\n");
	assert_string_equal(printed(f, "link a", SETTINGS_BRACES),
		"link a {\n"
		"    interface e\n"
		"    # password (not shown to who may only look)\n"
		"    # hash (not shown to who may only look)\n"
		"}\n");
	assert_string_equal(printed(f, "link a hash", SETTINGS_BRACES),
		"# hash (not shown to who may only look)\n");
	assert_null(strstr(printed(f, "", SETTINGS_JSON), "hash"));
	assert_null(strstr(printed(f, "link a hash", SETTINGS_JSON), "abcd"));
}

static void a_message_about_a_secret_does_not_repeat_it(void **state)
{
	refused(*state, "link a password hunter 2hunt",
		"line 1:24: error: link a password: there is a word too many\n"
		"    cure: put a text of several words in quotes\n");
}

static void a_damaged_secret_is_refused_without_showing_it(void **state)
{
	refused(*state, "link a password $9$1dd281c51f5dc44b44ed",
		"line 1:17: error: link a password: the value is not a wrapped secret that was "
		"printed here\n    cure: copy it whole, or type the secret itself\n");
}

/* ---- comparing and copying ---- */

static const char *differs(struct fixture *f, const char *a, const char *b, size_t *lines)
{
	struct settings x, y;
	struct sink out = t_sink(&f->out);

	f->out.n = 0;
	assert_int_equal(settings_init(&x, t_schema, &f->mem), FL_OK);
	assert_int_equal(settings_init(&y, t_schema, &f->mem), FL_OK);
	assert_int_equal(settings_parse(&x, str_of(a), &f->why), FL_OK);
	assert_int_equal(settings_parse(&y, str_of(b), &f->why), FL_OK);
	*lines = settings_diff(&x, &y, &out);
	return text_of(f);
}

static void equal_trees_do_not_differ(void **state)
{
	size_t n;

	assert_string_equal(differs(*state, sketch, sketch_lines, &n), "");
	assert_int_equal(n, 0);
}

static void a_difference_is_shown_in_canonical_lines(void **state)
{
	size_t n;

	assert_string_equal(
		differs(*state, "link a { weight 1, role backup }\nlink b weight 3\nrule 1",
			"link a { weight 2, disabled }\nrule 1\nrule 2 port 5", &n),
		"- set link a weight 1\n+ set link a weight 2\n- set link a role backup\n"
		"+ set link a disabled\n- set link b weight 3\n- set link b\n"
		"+ set rule 2 port 5\n");
	assert_int_equal(n, 7);
}

static void a_new_order_shows_what_moves(void **state)
{
	size_t n;

	assert_string_equal(differs(*state, "policy p { member a, member b, member c }",
				    "policy p { member a, member c, member b }", &n),
		"- set policy p member b\n+ set policy p member b\n");
	assert_int_equal(n, 2);
}

static void a_copy_does_not_follow_the_original(void **state)
{
	struct fixture *f = *state;
	struct arena other;
	struct settings copy;

	arena_init(&other, &t_source);
	load(f, sketch);
	assert_int_equal(settings_copy(&f->s, &other, &copy), FL_OK);
	assert_int_equal(settings_delete(&f->s, STR("link"), &f->why), FL_OK);
	arena_reset(&f->mem); /* and it does not live in the original's memory */
	f->s = copy;
	assert_string_equal(printed(f, "", SETTINGS_LINES), sketch_lines);
	arena_reset(&other);
}

/* ---- binding ---- */

static void bound_structs_have_what_was_set(void **state)
{
	struct fixture *f = *state;
	const struct t_link *l;

	load(f, sketch);
	bind(f);
	l = &f->bound.links[1];
	assert_int_equal(f->bound.nlinks, 3);
	assert_true(str_is(l->name, "wan1"));
	assert_true(str_is(l->interface, "eth0"));
	assert_int_equal(l->weight, 4);
	assert_int_equal(l->down, 200000000);
	assert_int_equal(l->naddresses, 1);
	assert_int_equal(l->addresses[0].prefix.bits, 29);
	assert_int_equal(l->monitor.ntargets, 2);
	assert_int_equal(l->monitor.targets[0].method, 1);
	assert_true(str_is(l->monitor.targets[0].query, "example.org"));
	assert_int_equal(f->bound.links[0].role, 1);
	assert_int_equal(f->bound.links[0].metered.quota, 20000000000);
	assert_true(f->bound.reverses[0].automatic);
	assert_int_equal(f->bound.dns.threads, 2);
	assert_int_equal(f->bound.dns.listen[0].port, 53);
}

static void what_is_not_set_has_its_default(void **state)
{
	struct fixture *f = *state;

	load(f, "link a { interface eth0, monitor { target 192.0.2.1 ping, target 192.0.2.2 ping } "
		"}");
	bind(f);
	assert_int_equal(f->bound.links[0].weight, 10);
	assert_int_equal(f->bound.links[0].role, 0);
	assert_int_equal(span_ms(f->bound.links[0].monitor.interval), 1000);
	assert_int_equal(f->bound.links[0].monitor.fail_after, 3);
	assert_int_equal(f->bound.links[0].metered.reset_day, 1);
	assert_int_equal(f->bound.links[0].metered.quota, 0);
	assert_true(str_is(f->bound.links[0].monitor.targets[0].query, "example.net"));
	assert_int_equal(f->bound.links[0].description.n, 0);
}

static void a_reference_is_the_index_in_the_sorted_array(void **state)
{
	struct fixture *f = *state;

	load(f, sketch);
	bind(f);
	/* links: lte, wan1, wan2; hosts: 10;mail1, offsite, www-a */
	assert_int_equal(f->bound.policies[0].members[0].index, 2);
	assert_int_equal(f->bound.policies[0].members[1].index, 1);
	assert_int_equal(f->bound.domains[0].hosts[0].link, 1);
	assert_int_equal(f->bound.forwards[0].on[1].link, 2);
}

static void a_word_in_place_of_a_reference_is_negative(void **state)
{
	struct fixture *f = *state;

	load(f, sketch);
	bind(f);
	assert_int_equal(f->bound.domains[0].hosts[1].link, -1);
}

static void a_reference_that_is_not_set_is_told_apart(void **state)
{
	struct fixture *f = *state;

	load(f, "link a interface e\ndomain d { host h { address 192.0.2.1, link a }, "
		"balanced-host b member h }");
	bind(f);
	assert_int_equal(f->bound.domains[0].balanced[0].policy, SETTING_REF_UNSET);
}

static void a_reference_finds_the_list_in_its_own_parent(void **state)
{
	struct fixture *f = *state;

	load(f, "domain a host x { address 192.0.2.1, link any }\n"
		"domain b { host w { address 192.0.2.1, link any }, host x { address 192.0.2.1, "
		"link any }\nbalanced-host www member x }");
	bind(f);
	assert_int_equal(f->bound.domains[1].balanced[0].members[0].index, 1);
}

static void members_are_bound_in_the_order_typed(void **state)
{
	struct fixture *f = *state;

	load(f, sketch);
	bind(f);
	assert_int_equal(f->bound.domains[0].balanced[0].members[0].index, 2);
	assert_int_equal(f->bound.domains[0].balanced[0].members[1].index, 1);
}

static void a_bad_reference_names_place_path_and_choices(void **state)
{
	bind_refused(*state,
		"link wan1 interface a\nlink wan2 interface b\n"
		"domain example.com {\n    host www {\n        address 192.0.2.1\n"
		"        link wan3\n    }\n}\n",
		"line 6:14: error: domain example.com host www link: there is no link \"wan3\"\n"
		"    cure: use one of: wan1, wan2, any\n");
}

static void a_bad_reference_into_an_empty_list_says_what_to_add(void **state)
{
	bind_refused(*state, "policy p member wan1",
		"line 1:17: error: policy p member wan1 link: there is no link \"wan1\"\n"
		"    cure: add \"link wan1\"\n");
}

static void a_bad_reference_into_a_long_list_names_the_nearest(void **state)
{
	bind_refused(*state,
		"domain d {\nhost h1 link any, host h2 link any, host h3 link any\n"
		"host h4 link any, host h5 link any, host h6 link any, host h7 link any\n"
		"host h8 link any, host mail1 link any\n"
		"host h1 address 192.0.2.1, host h2 address 192.0.2.1, host h3 address 192.0.2.1\n"
		"host h4 address 192.0.2.1, host h5 address 192.0.2.1, host h6 address 192.0.2.1\n"
		"host h7 address 192.0.2.1, host h8 address 192.0.2.1, host mail1 address "
		"192.0.2.1\nbalanced-host b member mial1\n}",
		"line 8:24: error: domain d balanced-host b member mial1 host: there is no host "
		"\"mial1\"\n    cure: did you mean \"mail1\"?\n");
}

static void required_values_are_all_named(void **state)
{
	bind_refused(*state,
		"link a\ndomain d {\n  host h\n  balanced-host b\n}\nlink b metered reset-day 3",
		"line 1:1: error: link a interface: is required but not set\n"
		"    cure: add \"interface NAME\"\n"
		"line 3:3: error: domain d host h address: is required but not set\n"
		"    cure: add \"address ADDRESS\"\n"
		"line 3:3: error: domain d host h link: is required but not set\n"
		"    cure: add \"link LINK|any\"\n"
		"line 4:3: error: domain d balanced-host b member: is required but not set\n"
		"    cure: add \"member HOST\"\n"
		"line 6:1: error: link b interface: is required but not set\n"
		"    cure: add \"interface NAME\"\n"
		"line 6:8: error: link b metered quota: is required but not set\n"
		"    cure: add \"quota RATE\"\n");
}

static void a_check_names_the_place_of_the_field(void **state)
{
	bind_refused(*state,
		"domain d host mail {\n  address 192.0.2.1\n  link any\n  mail-entry yes\n}",
		"line 4:3: error: domain d host mail mail-entry: a mail entry needs a preference\n"
		"    cure: put a preference before the name: 10;...\n");
}

static void a_check_may_name_a_column(void **state)
{
	bind_refused(*state, "domain d host 10;mail {\n  address 192.0.2.1\n  link any\n}",
		"line 1:15: error: domain d host 10;mail name: a preference without mail-entry\n"
		"    cure: add \"mail-entry yes\"\n");
}

static void a_check_does_not_run_on_an_entry_with_mistakes(void **state)
{
	bind_refused(*state, "domain d host 10;mail link any",
		"line 1:10: error: domain d host 10;mail address: is required but not set\n"
		"    cure: add \"address ADDRESS\"\n");
}

static void a_check_of_a_block_may_warn(void **state)
{
	struct fixture *f = *state;

	load(f, "link a { interface e, monitor target 192.0.2.1 ping }");
	bind(f);
	assert_string_equal(said(f),
		"line 1:31: warning: link a monitor target 192.0.2.1: one target cannot tell its "
		"own death from the link's\n    cure: add a second one\n");
}

/* What a lenient parse and the check of the whole say together. */
static const char *said_of_all(struct fixture *f, const char *text)
{
	enum fl_err err = settings_parse_leniently(&f->s, str_of(text), &f->why);

	assert_int_not_equal(err, FL_EFULL);
	assert_int_not_equal(settings_bind(&f->s, &f->mem, &f->bound, &f->why), FL_EFULL);
	return said(f);
}

static void mistakes_of_statements_and_of_the_whole_are_told_together(void **state)
{
	assert_string_equal(said_of_all(*state, "link a { interface e, weight 999 }\n"
						"link b weight 4\n"
						"domain d host h { address 192.0.2.1, link c }\n"),
		"line 1:30: error: link a weight: \"999\" is out of range\n"
		"    cure: use 1..240\n"
		"line 2:1: error: link b interface: is required but not set\n"
		"    cure: add \"interface NAME\"\n"
		"line 3:43: error: domain d host h link: there is no link \"c\"\n"
		"    cure: use one of: a, b, any\n");
}

static void what_is_missing_because_of_a_mistake_is_not_told(void **state)
{
	static const char *const texts[] = {
		"link a interface -e", /* the value of a required row */
		"link a interfce e",   /* its word */
		"link a interface",    /* nothing behind it */
		"link a \"e",          /* who knows what */
		"lnk a interface e\nrule 1 policy p\npolicy p member a",
		"link -a interface e\npolicy p member b", /* the key of what is referred to */
		"policy p member\nrule 1 policy p",
		"domain d balanced-host b member",             /* of a required list */
		"link a { interface e\nmetered { qota 5M } }", /* inside a block */
		"link a { interface e\nmetered quota }",
		"domain d host 10;m { address 192.0.2.1, link any, mail-entri yes }",
		"forward f { on any, to 192.0.2.1 }", /* a column */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct fixture *f;

		assert_int_equal(set_up((void **)&f), 0);
		said_of_all(f, texts[i]);
		if (f->why.errors != 1)
			fail_msg("%s:\n%s", texts[i], text_of(f));
		tear_down((void **)&f);
	}
}

static void a_lenient_parse_of_a_good_text_is_a_plain_one(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(settings_parse_leniently(
				 &f->s, STR("link a interface e\nlink a weight 4"), &f->why),
		FL_OK);
	assert_int_equal(settings_bind(&f->s, &f->mem, &f->bound, &f->why), FL_OK);
	assert_int_equal(f->bound.links[0].weight, 4);
}

static void origins_lead_to_the_lines_of_the_file(void **state)
{
	struct fixture *f = *state;

	load(f, "\n\n  link a {\n interface x }");
	bind(f);
	assert_int_equal(f->bound.links[0].origin.line, 3);
	assert_int_equal(f->bound.links[0].origin.column, 3);
}

static void what_was_typed_at_the_console_has_no_line(void **state)
{
	struct fixture *f = *state;

	set(f, "link a interface x");
	bind(f);
	assert_int_equal(f->bound.links[0].origin.line, 0);
	assert_int_equal(f->bound.links[0].origin.column, 0);
}

/* ---- completion ---- */

static const char *ways(struct fixture *f, const char *statement, const char *partial)
{
	struct settings_choice c[20];
	struct sink out = t_sink(&f->out);
	bool end;
	size_t n = settings_complete(
		&f->s, str_of(statement), str_of(partial), &f->mem, c, COUNT_OF(c), &end);

	f->out.n = 0;
	for (size_t i = 0; i < n; i++)
		sink_printf(&out, "%s%.*s|%.*s\n", c[i].is_value ? "=" : "", STR_ARG(c[i].word),
			STR_ARG(c[i].help));
	sink_puts(&out, end ? "end\n" : "");
	return text_of(f);
}

static void completion_lists_the_settings_with_ranges_defaults_and_what_is_set(void **state)
{
	struct fixture *f = *state;

	load(f, "link wan1 monitor fail-after 5");
	assert_string_equal(ways(f, "link wan1 monitor", ""),
		"fail-after|probes lost in a row (1..20, now 5)\n"
		"interval|time between probes (100ms..1m, default 1s)\n"
		"target|what is probed\n");
}

static void completion_goes_by_the_beginning_of_the_word(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(ways(f, "", "d"), "domain|a zone we serve\ndns|the DNS server\n");
	assert_string_equal(ways(f, "link a", "x"), "end\n");
}

static void completion_lists_the_entries_there_are_and_how_to_add_one(void **state)
{
	struct fixture *f = *state;

	load(f, "link wan1, link wan2, link lte");
	assert_string_equal(ways(f, "link", "w"), "wan1|\nwan2|\n=|name of the link\n");
}

static void completion_of_a_value_suggests_what_is_set(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(ways(f, "link wan1 weight", ""),
		"=10|weight of this link against the others (1..240, default 10)\n");
	load(f, "link wan1 weight 4");
	assert_string_equal(ways(f, "link wan1 weight", ""),
		"=4|weight of this link against the others (1..240, now 4)\n");
}

static void completion_of_a_choice_has_help_for_each(void **state)
{
	assert_string_equal(ways(*state, "link wan1 role", ""),
		"primary|carries traffic\nbackup|waits until no primary link works\n");
}

static void completion_of_a_reference_lists_what_it_can_point_to(void **state)
{
	struct fixture *f = *state;

	load(f, "link wan1, link wan2\ndomain d { host a ttl 1s, host b ttl 1s }\n"
		"domain e host c ttl 1s");
	assert_string_equal(
		ways(f, "domain d host a link", ""), "wan1|an uplink\nwan2|an uplink\nany|\n");
	assert_string_equal(ways(f, "domain d balanced-host x member", ""),
		"a|one name, one address, one link\nb|one name, one address, one link\n");
}

static void completion_of_a_second_key_goes_by_the_first(void **state)
{
	struct fixture *f = *state;

	load(f, "domain d { record n TXT x, record n TXT y, record n A z, record m MX w }");
	assert_string_equal(ways(f, "domain d record n", ""), "A|\nTXT|\n=|type\n");
}

static void completion_tells_whether_the_statement_may_end(void **state)
{
	struct fixture *f = *state;
	struct settings_choice c[20];
	bool end = true;

	settings_complete(&f->s, STR("link wan1 weight"), STR(""), &f->mem, c, 20, &end);
	assert_false(end);
	settings_complete(&f->s, STR("link wan1 weight 4"), STR(""), &f->mem, c, 20, &end);
	assert_true(end);
	settings_complete(&f->s, STR("link wan1"), STR(""), &f->mem, c, 20, &end);
	assert_true(end);
	settings_complete(&f->s, STR("forward f on wan1"), STR(""), &f->mem, c, 20, &end);
	assert_false(end);
}

static void completion_behind_a_wrong_word_offers_nothing(void **state)
{
	assert_string_equal(ways(*state, "link wan1 wieght", ""), "");
}

static void completion_never_shows_a_secret(void **state)
{
	struct fixture *f = *state;

	load(f, "link a { password hunter2, hash abcd }");
	assert_string_equal(
		ways(f, "link a password", ""), "=|PPPoE password (1..64 octets, now hidden)\n");
	assert_string_equal(ways(f, "link a hash", ""), "=|a hash (0..64 octets, now hidden)\n");
}

static void completion_quotes_what_needs_it(void **state)
{
	struct fixture *f = *state;

	load(f, "domain d record n TXT \"a b\"");
	assert_string_equal(
		ways(f, "domain d record n TXT", "\"a"), "\"a b\"|\n=|data as in a zone file\n");
}

/* ---- properties over random trees ---- */

/* Pieces that need quotes, escapes or neither. */
static const char *random_word(struct rng *r, char room[32])
{
	static const char *const pieces[] = {"a", "b2", "b10", "wan1", "-", "set", "port", ".", " ",
		",", "{", "}", "#", "\"", "\\", ";", "\xc3\xa9"};
	struct textbuf t = textbuf_of(room, 32);

	for (unsigned n = rng_below(r, 7); n; n--)
		textbuf_printf(&t, "%s", pieces[rng_below(r, COUNT_OF(pieces))]);
	return room;
}

static void put_random_value(struct rng *r, const struct setting *row, const struct sink *out)
{
	char room[32];
	unsigned n = rng_below(r, 30) + 1;

	if (row->type == VALUE_UINT && row->max && n > row->max)
		n = (unsigned)row->max;
	switch (row->type) {
	case VALUE_FLAG:
		break;
	case VALUE_YESNO:
		sink_puts(out, rng_below(r, 2) ? "yes" : "no");
		break;
	case VALUE_NAME:
	case VALUE_REF:
	case VALUE_CUSTOM:
		sink_printf(out, "n%u", n);
		break;
	case VALUE_TEXT:
		settings_put_word(out, str_of(random_word(r, room)), rng_below(r, 4) == 0);
		break;
	case VALUE_UINT:
		sink_printf(out, "%s%u", rng_below(r, 2) ? "0" : "", n);
		break;
	case VALUE_SPAN:
		sink_printf(out, "%u000ms", n);
		break;
	case VALUE_RATE:
		sink_printf(out, "%u00k", n);
		break;
	case VALUE_ADDR:
		sink_printf(out, rng_below(r, 2) ? "192.0.2.%u" : "2001:DB8::%x", n);
		break;
	case VALUE_PREFIX:
		sink_printf(out, "10.%u.0.0/16", n);
		break;
	case VALUE_HOST_PREFIX:
		sink_printf(out, "192.0.2.%u/24", n);
		break;
	case VALUE_CHOICE:
		sink_puts(out, row->choices[rng_below(r, 2)]);
		break;
	}
}

/* One statement that walks down the schema at random. */
static void put_random_statement(struct rng *r, const struct setting *rows, const struct sink *out)
{
	while (rows) {
		unsigned n = 0, pick;
		const struct setting *row;

		while (rows[n].name)
			n++;
		pick = rng_below(r, n);
		row = &rows[pick];
		sink_printf(out, "%s ", row->name);
		rows = row->kind == SETTING_VALUE ? NULL : row->rows;
		if (row->kind == SETTING_VALUE)
			put_random_value(r, row, out);
		for (const struct setting *c = row->columns; c && c->name; c++) {
			if (!(c->flags & (SETTING_KEY | SETTING_REQUIRED)) && rng_below(r, 2))
				break;
			put_random_value(r, c, out);
			sink_puts(out, " ");
		}
		if (row->kind == SETTING_LIST && rng_below(r, 6) == 0)
			return;
	}
}

static void add_random_statements(struct fixture *f, struct rng *r, unsigned n)
{
	char room[1024];

	while (n--) {
		struct textbuf t = textbuf_of(room, sizeof(room));
		struct sink out = textbuf_sink(&t);

		put_random_statement(r, t_schema, &out);
		/* An empty text breaks a limit here and there; such statements are left out. */
		if (settings_set(&f->s, textbuf_str(&t), &f->why) == FL_EFORMAT)
			assert_non_null(strstr(t.at, "\"\""));
	}
}

static void prints_the_same_again(struct fixture *f, enum settings_form form)
{
	void *state = NULL;
	struct fixture *again;

	assert_int_equal(set_up(&state), 0);
	again = state;
	load(again, printed(f, "", form));
	assert_string_equal(printed(again, "", form), printed(f, "", form));
	assert_int_equal(again->why.warnings, 0);
	tear_down(&state);
}

static void comes_back_from_json(struct fixture *f)
{
	void *state = NULL;
	struct fixture *again;

	assert_int_equal(set_up(&state), 0);
	again = state;
	assert_int_equal(
		settings_parse_json(&again->s, str_of(printed(f, "", SETTINGS_JSON)), &again->why),
		FL_OK);
	assert_string_equal(printed(again, "", SETTINGS_LINES), printed(f, "", SETTINGS_LINES));
	tear_down(&state);
}

static void random_trees_print_parse_and_print_the_same(void **state)
{
	struct rng r = rng_of(20261123);

	(void)state;
	for (int i = 0; i < 10000; i++) {
		void *one = NULL;

		assert_int_equal(set_up(&one), 0);
		add_random_statements(one, &r, 1 + rng_below(&r, 40));
		prints_the_same_again(one, SETTINGS_LINES);
		prints_the_same_again(one, SETTINGS_BRACES);
		comes_back_from_json(one);
		tear_down(&one);
	}
}

static void random_trees_do_not_differ_from_their_copies(void **state)
{
	struct rng r = rng_of(7);

	(void)state;
	for (int i = 0; i < 500; i++) {
		struct settings copy;
		struct fixture *f;
		void *one = NULL;
		struct sink out;

		assert_int_equal(set_up(&one), 0);
		f = one;
		out = t_sink(&f->out);
		add_random_statements(f, &r, 30);
		assert_int_equal(settings_copy(&f->s, &f->mem, &copy), FL_OK);
		assert_int_equal(settings_diff(&f->s, &copy, &out), 0);
		assert_true(settings_same(&f->s, &copy));
		tear_down(&one);
	}
}

/* Do what a difference says, line by line, as a person would. */
static void apply(struct settings *s, char *lines, struct diags *why)
{
	for (char *line = strtok(lines, "\n"); line; line = strtok(NULL, "\n")) {
		struct str statement = str_of(line + strlen("+ set "));
		enum fl_err e = *line == '-' ? settings_delete(s, statement, why)
					     : settings_set(s, statement, why);

		assert_int_equal(e, FL_OK);
	}
}

/* A list whose entries have further columns is left out: "-" takes away the entry and with it what
 * stays inside. */
static void drop_lists_with_columns(struct settings *s, struct diags *why)
{
	char path[128];

	for (unsigned n = 1; n <= 30; n++) {
		snprintf(path, sizeof(path), "link n%u monitor target", n);
		assert_int_not_equal(settings_delete(s, str_of(path), why), FL_EFORMAT);
		snprintf(path, sizeof(path), "forward n%u on", n);
		assert_int_not_equal(settings_delete(s, str_of(path), why), FL_EFORMAT);
	}
}

static void doing_what_the_difference_says_leads_from_one_tree_to_the_other(void **state)
{
	struct rng r = rng_of(99);

	(void)state;
	for (int i = 0; i < 500; i++) {
		struct fixture *a, *b;
		void *one = NULL, *two = NULL;
		struct sink out;
		size_t lines;

		assert_int_equal(set_up(&one), 0);
		assert_int_equal(set_up(&two), 0);
		a = one;
		b = two;
		add_random_statements(a, &r, 20);
		assert_int_equal(settings_copy(&a->s, &b->mem, &b->s), FL_OK);
		add_random_statements(b, &r, 10);
		add_random_statements(a, &r, 10);
		drop_lists_with_columns(&a->s, &a->why);
		drop_lists_with_columns(&b->s, &b->why);
		a->out.n = 0;
		out = t_sink(&a->out);
		lines = settings_diff(&a->s, &b->s, &out);
		assert_int_equal(settings_same(&a->s, &b->s), lines == 0);
		if (lines)
			apply(&a->s, a->out.at, &a->why);
		assert_true(settings_same(&a->s, &b->s));
		assert_string_equal(printed(a, "", SETTINGS_LINES), printed(b, "", SETTINGS_LINES));
		tear_down(&one);
		tear_down(&two);
	}
}

/* ---- changes in place ---- */

static const char *const edited_lists[] = {"host", "balanced-host", "record", NULL};

/* What leads from the tree to one with these statements set. */
static enum fl_err find_edits(
	struct fixture *f, const char *const *statements, struct settings_edits *edits)
{
	struct settings other;

	assert_int_equal(settings_copy(&f->s, &f->mem, &other), FL_OK);
	assert_true(settings_same(&f->s, &other));
	for (; *statements; statements++)
		assert_int_equal(settings_set(&other, str_of(*statements), &f->why), FL_OK);
	assert_int_equal(settings_same(&f->s, &other),
		settings_diff(&f->s, &other, &(struct sink){t_text_put, &f->out}) == 0);
	return settings_find_edits(&f->s, &other, "domain", edited_lists, edits);
}

static void values_of_hosts_are_changed_in_place_and_back(void **state)
{
	static const char *const changes[] = {"domain example.com host www-a address 192.0.2.9",
		"domain example.com host www-a ttl 9s", NULL};
	struct fixture *f = *state;
	struct settings_edits edits;
	struct t_host row;

	load(f, sketch);
	bind(f);
	assert_int_equal(find_edits(f, changes, &edits), FL_OK);
	assert_int_equal(edits.n, 1);
	settings_swap_edit(&f->s, &edits.at[0]);
	assert_string_equal(printed(f, "domain example.com host www-a", SETTINGS_LINES),
		"set domain example.com host www-a address 192.0.2.9\n"
		"set domain example.com host www-a link wan1\n"
		"set domain example.com host www-a ttl 9s\n");
	assert_int_equal(settings_bind_edit(&f->s, &edits.at[0], &f->mem, &row, &f->why), FL_OK);
	assert_int_equal(row.address.b[3], 9);
	assert_int_equal(row.ttl.us, 9000000);
	assert_int_equal(row.link, f->bound.domains[0].hosts[edits.at[0].index].link);
	assert_true(str_is(row.name.label, "www-a"));
	settings_swap_edit(&f->s, &edits.at[0]);
	assert_string_equal(printed(f, "", SETTINGS_LINES), sketch_lines);
}

/* Set or delete a row, or one of its values. */
static void change_a_row(struct fixture *f, struct settings *s, struct rng *r)
{
	static const char *const rows[] = {"host a", "host b", "host z9", "host z10", "host 10;m",
		"balanced-host p", "record x TXT one", "record www TXT two"};
	static const char *const hosts[] = {"address 192.0.2.1", "address 192.0.2.2", "link wan1"};
	const char *row = rows[rng_below(r, COUNT_OF(rows))], *value = "";
	char text[160];

	if (row[0] == 'h')
		value = hosts[rng_below(r, COUNT_OF(hosts))];
	if (row[0] == 'b')
		value = "member www-a";
	if (rng_below(r, 3)) {
		snprintf(text, sizeof(text), "domain example.com %s %s", row, value);
		assert_int_equal(settings_set(s, str_of(text), &f->why), FL_OK);
	} else {
		snprintf(text, sizeof(text), "domain example.com %s", row);
		if (settings_delete(s, str_of(text), &f->why))
			f->why.errors = 0; /* it was not there */
	}
}

static void entries_come_and_go_in_place_and_back(void **state)
{
	struct rng r = rng_of(5);
	struct fixture *f = *state;
	struct settings_edits edits;
	unsigned found = 0;

	load(f, sketch);
	for (int round = 0; round < 2000; round++) {
		struct settings other, before;

		assert_int_equal(settings_copy(&f->s, &f->mem, &before), FL_OK);
		assert_int_equal(settings_copy(&f->s, &f->mem, &other), FL_OK);
		for (unsigned n = 1 + rng_below(&r, 4); n > 0; n--)
			change_a_row(f, &other, &r);
		if (settings_find_edits(&f->s, &other, "domain", edited_lists, &edits))
			continue;
		found++;
		for (size_t i = 0; i < edits.n; i++)
			settings_swap_edit(&f->s, &edits.at[i]);
		assert_true(settings_same(&f->s, &other));
		for (size_t i = round % 2 ? edits.n : 0; i > 0; i--)
			settings_swap_edit(&f->s, &edits.at[i - 1]);
		assert_true(settings_same(&f->s, round % 2 ? &before : &other));
	}
	assert_true(found > 1000);
}

static void what_is_more_than_a_few_rows_of_domains_is_not_changed_in_place(void **state)
{
	static const char *const changes[][2] = {
		{"domain example.org host new address 192.0.2.9"},
		{"link wan1 weight 5"},
		{"dns threads 3"},
	};
	struct fixture *f = *state;
	struct settings_edits edits;

	load(f, sketch);
	for (size_t i = 0; i < COUNT_OF(changes); i++)
		assert_int_equal(find_edits(f, changes[i], &edits), FL_ERANGE);
	assert_string_equal(printed(f, "", SETTINGS_LINES), sketch_lines);
}

static void a_mistake_of_a_host_changed_in_place_is_told(void **state)
{
	static const char *const changes[] = {"domain example.com host www-a link wan9", NULL};
	struct fixture *f = *state;
	struct settings_edits edits;
	struct t_host row;

	load(f, sketch);
	assert_int_equal(find_edits(f, changes, &edits), FL_OK);
	settings_swap_edit(&f->s, &edits.at[0]);
	assert_int_equal(
		settings_bind_edit(&f->s, &edits.at[0], &f->mem, &row, &f->why), FL_EFORMAT);
	assert_non_null(strstr(said(f), "there is no link \"wan9\""));
}

/* ---- size ---- */

static void ten_thousand_hosts_in_any_order_load_and_bind(void **state)
{
	struct fixture *f = *state;
	struct t_text text = {0};
	struct sink out = t_sink(&text);

	/* 7919 is prime to 10,000: every number comes once, in no order. */
	for (unsigned i = 0; i < 10000; i++)
		sink_printf(&out, "domain d host h%u { address 192.0.2.1, link any }\n",
			i * 7919 % 10000);
	load(f, text.at);
	bind(f);
	assert_int_equal(f->bound.domains[0].nhosts, 10000);
	for (unsigned i = 0; i < 10000; i += 999) {
		char name[16];

		snprintf(name, sizeof(name), "h%u", i);
		assert_true(str_is(f->bound.domains[0].hosts[i].name.label, name));
	}
	for (unsigned i = 0; i < 10000; i++) {
		char path[64];

		snprintf(path, sizeof(path), "domain d host h%u", i * 7919 % 10000);
		assert_int_equal(settings_delete(&f->s, str_of(path), &f->why), FL_OK);
	}
	assert_string_equal(printed(f, "", SETTINGS_LINES), "set domain d\n");
	free(text.at);
}

/* Entries that come in order are not looked for; those that do not find them all the same. */
static void entries_in_order_are_found_by_those_that_are_not(void **state)
{
	struct fixture *f = *state;
	struct t_text text = {0}, want = {0};
	struct sink out = t_sink(&text), lines = t_sink(&want);

	for (unsigned i = 0; i < 300; i++)
		sink_printf(&out, "domain d host h%u { address 192.0.2.1, link any }\n", 2 * i);
	for (unsigned i = 0; i < 300; i += 7) /* those that are there */
		sink_printf(&out, "domain d host h%u address 192.0.2.2\n", 2 * (299 - i));
	for (unsigned i = 300; i < 400; i++) /* more in order, behind them */
		sink_printf(&out, "domain d host h%u { address 192.0.2.1, link any }\n", 2 * i);
	sink_puts(&out, "domain d host h799 { address 192.0.2.1, link any }\n"
			"domain d host h13 { address 192.0.2.1, link any }\n");
	load(f, text.at);
	assert_int_equal(settings_delete(&f->s, STR("domain d host h600"), &f->why), FL_OK);
	assert_int_equal(settings_set(&f->s, STR("domain d host h798 ttl 5s"), &f->why), FL_OK);
	for (unsigned i = 0; i < 800; i++) {
		if ((i % 2 && i != 13 && i != 799) || i == 600)
			continue;
		sink_printf(&lines,
			"set domain d host h%u address 192.0.2.%u\n"
			"set domain d host h%u link any\n",
			i, i % 2 == 0 && i < 600 && (299 - i / 2) % 7 == 0 ? 2 : 1, i);
		if (i == 798)
			sink_puts(&lines, "set domain d host h798 ttl 5s\n");
	}
	assert_string_equal(printed(f, "", SETTINGS_LINES), want.at);
	free(text.at);
	free(want.at);
}

/* ---- memory ---- */

struct meter {
	size_t left;
};

static void *metered_get(void *ctx, size_t n)
{
	struct meter *m = ctx;

	if (n > m->left)
		return NULL;
	m->left -= n;
	return malloc(n);
}

static void running_out_of_memory_changes_nothing(void **state)
{
	struct fixture *f = *state;
	size_t refused_times = 0;

	for (size_t room = 9000; room < 60000; room += 1000) {
		struct meter meter = {room};
		struct arena_source source = {.get = metered_get, .put = t_put, .ctx = &meter};
		struct arena mem;
		struct settings s;
		struct sink out = t_sink(&f->out);
		enum fl_err e;

		arena_init(&mem, &source);
		f->out.n = 0;
		assert_int_equal(settings_init(&s, t_schema, &mem), FL_OK);
		assert_int_equal(settings_set(&s, STR("link first"), &f->why), FL_OK);
		for (int i = 0; i < 3; i++) {
			e = settings_parse(&s, STR(sketch), &f->why);
			if (e)
				break;
		}
		if (e) {
			assert_int_equal(e, FL_EFULL);
			refused_times++;
		}
		assert_int_equal(settings_print(&s, STR(""), SETTINGS_LINES, &out), FL_OK);
		assert_non_null(strstr(f->out.at, "set link first\n"));
		assert_true(strcmp(f->out.at, "set link first\n") == 0 ||
			    strstr(f->out.at, "set dns threads 2\n"));
		arena_reset(&mem);
	}
	assert_true(refused_times > 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(braces_and_set_lines_mean_the_same),
		T(canonical_lines_load_and_print_unchanged),
		T(both_forms_may_be_mixed_in_one_text),
		T(comments_blank_lines_and_crlf_mean_nothing),
		T(a_statement_after_a_closing_brace_needs_no_comma),
		T(a_semicolon_ends_nothing),
		T(quotes_keep_blanks_commas_braces_and_escapes),
		T(an_empty_text_is_quoted),
		T(a_backslash_outside_quotes_is_itself),
		T(text_may_be_utf8),
		T(values_are_made_canonical),
		T(keys_sort_naturally),
		T(ordered_lists_keep_their_order),
		T(empty_blocks_mean_nothing),
		T(columns_given_again_replace_those_before),
		T(a_required_column_may_be_left_out_when_the_entry_has_it),
		T(a_second_text_adds_to_the_first),
		T(a_value_set_twice_in_one_text_is_a_warning_and_the_later_one_counts),
		T(a_member_named_twice_is_a_warning),
		T(an_unknown_setting_names_the_nearest),
		T(an_unknown_setting_that_is_near_to_none_lists_them),
		T(a_number_out_of_range_names_the_range),
		T(a_huge_number_is_out_of_range),
		T(a_word_for_a_number_is_told),
		T(a_time_without_unit_names_one),
		T(a_time_out_of_range_names_the_range_in_units),
		T(a_bad_choice_lists_the_choices),
		T(a_network_with_host_bits_names_the_network),
		T(the_network_and_the_broadcast_address_are_no_hosts),
		T(a_module_says_why_its_own_type_is_wrong),
		T(a_missing_value_shows_the_syntax),
		T(a_missing_column_is_named),
		T(a_forgotten_comma_is_told),
		T(a_semicolon_is_told_to_be_a_comma),
		T(a_setting_behind_a_text_may_lack_a_comma),
		T(a_text_of_two_words_is_told_to_be_quoted),
		T(braces_behind_a_value_are_told_once),
		T(an_unterminated_quote_spoils_only_its_line),
		T(a_quote_inside_a_word_is_told),
		T(a_stray_backslash_is_told),
		T(a_missing_brace_is_found_where_the_next_setting_cannot_stand),
		T(a_missing_brace_at_the_end_is_found),
		T(an_extra_brace_is_found),
		T(a_brace_on_a_line_of_its_own_is_told),
		T(a_misplaced_setting_in_closed_braces_closes_nothing),
		T(nul_control_characters_and_bad_utf8_are_refused),
		T(a_word_that_is_too_long_is_refused),
		T(a_long_wrong_word_is_cut_in_the_message),
		T(braces_without_end_are_one_mistake),
		T(ten_mistakes_give_ten_messages),
		T(a_refused_text_changes_nothing),
		T(a_name_has_its_limits),
		T(columns_count_characters_not_octets),
		T(set_and_delete_have_no_line),
		T(set_takes_one_statement_only),
		T(delete_takes_away_a_value_an_entry_or_a_list),
		T(delete_takes_what_was_printed),
		T(delete_with_some_of_the_keys_takes_all_that_match),
		T(deleting_what_is_not_there_says_which_word),
		T(an_entry_set_after_a_delete_goes_to_the_end_of_an_ordered_list),
		T(braces_print_with_one_statement_a_line),
		T(a_part_of_the_tree_prints_alone),
		T(printing_what_is_not_there_says_so),
		T(a_column_that_looks_like_a_setting_inside_is_quoted),
		T(a_secret_is_never_printed_in_clear_and_loads_again),
		T(what_is_private_is_hidden_in_a_copy_that_is_for_anybody),
		T(a_message_about_a_secret_does_not_repeat_it),
		T(a_damaged_secret_is_refused_without_showing_it),
		T(equal_trees_do_not_differ),
		T(a_difference_is_shown_in_canonical_lines),
		T(a_new_order_shows_what_moves),
		T(a_copy_does_not_follow_the_original),
		T(bound_structs_have_what_was_set),
		T(what_is_not_set_has_its_default),
		T(a_reference_is_the_index_in_the_sorted_array),
		T(a_word_in_place_of_a_reference_is_negative),
		T(a_reference_that_is_not_set_is_told_apart),
		T(a_reference_finds_the_list_in_its_own_parent),
		T(members_are_bound_in_the_order_typed),
		T(a_bad_reference_names_place_path_and_choices),
		T(a_bad_reference_into_an_empty_list_says_what_to_add),
		T(a_bad_reference_into_a_long_list_names_the_nearest),
		T(required_values_are_all_named),
		T(a_check_names_the_place_of_the_field),
		T(a_check_may_name_a_column),
		T(a_check_does_not_run_on_an_entry_with_mistakes),
		T(a_check_of_a_block_may_warn),
		T(mistakes_of_statements_and_of_the_whole_are_told_together),
		T(what_is_missing_because_of_a_mistake_is_not_told),
		T(a_lenient_parse_of_a_good_text_is_a_plain_one),
		T(origins_lead_to_the_lines_of_the_file),
		T(what_was_typed_at_the_console_has_no_line),
		T(completion_lists_the_settings_with_ranges_defaults_and_what_is_set),
		T(completion_goes_by_the_beginning_of_the_word),
		T(completion_lists_the_entries_there_are_and_how_to_add_one),
		T(completion_of_a_value_suggests_what_is_set),
		T(completion_of_a_choice_has_help_for_each),
		T(completion_of_a_reference_lists_what_it_can_point_to),
		T(completion_of_a_second_key_goes_by_the_first),
		T(completion_tells_whether_the_statement_may_end),
		T(completion_behind_a_wrong_word_offers_nothing),
		T(completion_never_shows_a_secret),
		T(completion_quotes_what_needs_it),
		T(random_trees_print_parse_and_print_the_same),
		T(random_trees_do_not_differ_from_their_copies),
		T(doing_what_the_difference_says_leads_from_one_tree_to_the_other),
		T(values_of_hosts_are_changed_in_place_and_back),
		T(entries_come_and_go_in_place_and_back),
		T(what_is_more_than_a_few_rows_of_domains_is_not_changed_in_place),
		T(a_mistake_of_a_host_changed_in_place_is_told),
		T(ten_thousand_hosts_in_any_order_load_and_bind),
		T(entries_in_order_are_found_by_those_that_are_not),
		T(running_out_of_memory_changes_nothing),
	};

	return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
