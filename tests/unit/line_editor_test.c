/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys as octets in, the line and the row on a small screen out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "line_editor.h"
#include "pattern.h"
#include "support/screen.h"
#include "utf8.h"

struct typing {
	struct line_editor e;
	struct keys keys;
	enum line_event last;
	struct screen screen;
	unsigned columns;
};

static struct typing *typing_of(void **state)
{
	static struct typing t;

	(void)state;
	memset(&t, 0, sizeof(t));
	line_editor_init(&t.e);
	screen_init(&t.screen, 40, 4);
	t.columns = 40;
	return &t;
}

static void type_octets(struct typing *t, const char *octets, size_t n)
{
	struct key key;
	struct sink out = screen_sink(&t->screen);

	for (size_t i = 0; i < n; i++) {
		if (!keys_take(&t->keys, (uint8_t)octets[i], &key))
			continue;
		t->last = line_editor_key(&t->e, &key);
		if (t->last == LINE_ACCEPTED) {
			history_add(&t->e.history, line_editor_text(&t->e));
			line_editor_reset(&t->e);
		}
	}
	line_editor_draw(&t->e, STR("> "), t->columns, &out);
}

#define TYPE(t, literal) type_octets((t), (literal), sizeof(literal) - 1)

/* The line with "|" where the cursor is. */
static const char *line_of(const struct typing *t)
{
	static char text[LINE_MAX_OCTETS + 2];

	snprintf(text, sizeof(text), "%.*s|%.*s", (int)t->e.at, t->e.text, (int)(t->e.n - t->e.at),
		t->e.text + t->e.at);
	return text;
}

static void row_is(struct typing *t, const char *want)
{
	char row[SCREEN_COLUMNS_MAX * 4];

	assert_string_equal(screen_row(&t->screen, t->screen.row, row, sizeof(row)), want);
	assert_int_equal(t->screen.strange, 0);
}

/* ---- keys ---- */

struct key_case {
	const char *typed, *line;
};

static const struct key_case key_cases[] = {
	{"abc", "abc|"},
	{"abc\x01", "|abc"},
	{"abc\x01\x05", "abc|"},
	{"abc\x02\x02X", "aX|bc"},
	{"abc\x01\x06X", "aX|bc"},
	{"abc\033[D\033[DX", "aX|bc"},
	{"abc\033OD\033ODX", "aX|bc"},
	{"abc\x01\033[CX", "aX|bc"},
	{"abc\033[HX", "X|abc"},
	{"abc\033[1~X", "X|abc"},
	{"abc\033[7~X", "X|abc"},
	{"abc\033OHX", "X|abc"},
	{"abc\x01\033[FX", "abcX|"},
	{"abc\x01\033[4~X", "abcX|"},
	{"abc\x01\033[3~", "|bc"},
	{"abc\x01\x04", "|bc"},
	{"abc\x7f", "ab|"},
	{"abc\x08", "ab|"},
	{"set link wan1\033b", "set link |wan1"},
	{"set link wan1\033b\033b", "set |link wan1"},
	{"set link wan1\x01\033f", "set| link wan1"},
	{"set link wan1\033[1;5D", "set link |wan1"},
	{"set link wan1\033[1;3D", "set link |wan1"},
	{"set link wan1\x01\033[1;5C", "set| link wan1"},
	{"set link wan1\x17", "set link |"},
	{"set 192.0.2.1\x17", "set |"},
	{"set 192.0.2.1\033\x7f", "set 192.0.2.|"},
	{"set link wan1\x01\033d", "| link wan1"},
	{"set link\x01\x0b", "|"},
	{"set link\x15", "|"},
	{"set link\x17\x19\x19", "set linklink|"},
	{"a b c\x17\x17\x19", "a b c|"},
	{"a b c\x01\033d\033d\x19", "a b| c"},
	{"ab\x14", "ba|"},
	{"abc\x01\x14", "|abc"},
	{"set link\x01\033u", "SET| link"},
	{"SET LINK\x01\033l", "set| LINK"},
	{"set link\x01\033c", "Set| link"},
	{"a\x16?b", "a?b|"},
	{"\"what?", "\"what?|"},
	{"\"a\tb", "\"a b|"},
	{"abc\x07", "abc|"},
	{"one\rtwo\r\x10", "two|"},
	{"one\rtwo\r\x10\x10", "one|"},
	{"one\rtwo\r\033[A\033[A\033[B", "two|"},
	{"one\rhalf\x10\x0e", "half|"},
	{"one\rhalf\033[A\033[B", "half|"},
	{"one\rtwo\rthree\r\033<", "one|"},
	{"one\rtwo\rnew\033<\033>", "new|"},
	{"show links\rset a\r\x12li", "show links|"},
	{"show a\rshow b\r\x12sh\x12", "show a|"},
	{"show a\rshow b\r\x12sh\x12\x12", "show a|"},
	{"show a\rkept\x12sh\x07", "kept|"},
	{"show a\rshow b\r\x12show a\x7f\x7f", "show b|"},
	{"show a\r\x12sh\x01", "|show a"},
	{"\033[200~a?b\tc\033[201~", "a?b c|"},
	/* what has no meaning here leaves no trace */
	{"a\033[15~b", "ab|"},
	{"a\033[>0;276;0cb", "ab|"},
	{"a\033[[Ab", "ab|"},
	{"a\033OPb", "ab|"},
	{"a\033]0;title\007b", "ab|"},
	{"a\033]0;title\033\\b", "ab|"},
	{"a\033P1$r0m\033\\b", "ab|"},
	{"a\033[99999999999999;1Hb", "b|a"},
	{"a\x80\xff\xc0\xafz", "az|"},
	{"a\xe2\x82z", "az|"},
	{"a\xc2\x9bz", "az|"},
	{"a\xe2\x80\xaez", "az|"},
	{"a\xed\xa0\x80z", "az|"},
};

static void every_key_does_what_readline_does(void **state)
{
	for (size_t i = 0; i < COUNT_OF(key_cases); i++) {
		struct typing *t = typing_of(state);

		type_octets(t, key_cases[i].typed, strlen(key_cases[i].typed));
		if (strcmp(line_of(t), key_cases[i].line) != 0)
			fail_msg("case %zu: \"%s\", not \"%s\"", i, line_of(t), key_cases[i].line);
	}
}

static void nul_octets_are_ignored(void **state)
{
	struct typing *t = typing_of(state);

	TYPE(t, "a\0\0b");
	assert_string_equal(line_of(t), "ab|");
}

static void control_c_inside_a_sequence_is_delivered(void **state)
{
	struct typing *t = typing_of(state);

	TYPE(t, "abc\033[12\x03");
	assert_int_equal(t->last, LINE_INTERRUPTED);
}

static void enter_inside_half_a_sequence_is_delivered(void **state)
{
	struct typing *t = typing_of(state);

	TYPE(t, "abc\033[1;\r");
	assert_int_equal(t->last, LINE_ACCEPTED);
}

static void a_lone_escape_is_a_key_after_silence(void **state)
{
	struct typing *t = typing_of(state);
	struct key key;

	TYPE(t, "abc\033");
	assert_true(keys_is_waiting(&t->keys));
	assert_true(keys_give_up(&t->keys, &key));
	assert_int_equal(key.code, KEY_ESCAPE);
	TYPE(t, "d");
	assert_string_equal(line_of(t), "abcd|");
}

static void half_a_sequence_comes_to_nothing_after_silence(void **state)
{
	struct typing *t = typing_of(state);
	struct key key;

	TYPE(t, "abc\033[1;5");
	assert_false(keys_give_up(&t->keys, &key));
	TYPE(t, "D");
	assert_string_equal(line_of(t), "abcD|");
}

static void control_d_ends_only_an_empty_line(void **state)
{
	struct typing *t = typing_of(state);

	TYPE(t, "a\x04");
	assert_int_equal(t->last, LINE_REFUSED);
	TYPE(t, "\x7f\x04");
	assert_int_equal(t->last, LINE_END);
}

static void question_mark_asks_for_help_but_not_in_quotes(void **state)
{
	struct typing *t = typing_of(state);

	TYPE(t, "set ?");
	assert_int_equal(t->last, LINE_HELP);
	assert_string_equal(line_of(t), "set |");
	TYPE(t, "\"a \\\"?");
	assert_int_equal(t->last, LINE_EDITED);
	TYPE(t, "\" ?");
	assert_int_equal(t->last, LINE_HELP);
}

static void answers_of_the_terminal_are_sizes(void **state)
{
	struct keys k = {0};
	struct key key = {0};
	const char answer[] = "\033[8;50;132t\033[24;80R";

	(void)state;
	for (size_t i = 0; i < 11; i++)
		if (keys_take(&k, (uint8_t)answer[i], &key))
			assert_int_equal(i, 10);
	assert_int_equal(key.code, KEY_SIZE);
	assert_int_equal(key.rows, 50);
	assert_int_equal(key.columns, 132);
	for (size_t i = 11; i + 1 < sizeof(answer); i++)
		keys_take(&k, (uint8_t)answer[i], &key);
	assert_int_equal(key.code, KEY_CURSOR_AT);
	assert_int_equal(key.rows, 24);
	assert_int_equal(key.columns, 80);
}

/* ---- characters ---- */

static void a_character_of_several_octets_is_one_step(void **state)
{
	struct typing *t = typing_of(state);

	TYPE(t, "gr\xc3\xbc\xc3\x9f\xe2\x82\xac\x02\x02\x7f");
	assert_string_equal(line_of(t), "gr|\xc3\x9f\xe2\x82\xac");
}

static void a_combining_mark_goes_with_its_letter(void **state)
{
	struct typing *t = typing_of(state);

	TYPE(t, "ae\xcc\x81\x7f");
	assert_string_equal(line_of(t), "a|");
}

static void a_wide_character_takes_two_cells(void **state)
{
	(void)state;
	assert_int_equal(utf8_cells(STR("a\xe6\xbc\xa2z")), 4);
}

static void unprintable_text_is_written_as_hexadecimal(void **state)
{
	char text[64];
	struct textbuf t = textbuf_of(text, sizeof(text));
	struct sink out = textbuf_sink(&t);

	(void)state;
	utf8_clean(STR("a\033[2Jb\xc2\x9b\xe2\x80\xae\xff\x7f\xc3\xa9"), &out);
	assert_string_equal(text, "a\\x1b[2Jb\\xc2\\x9b\\xe2\\x80\\xae\\xff\\x7f\xc3\xa9");
}

/* ---- limits ---- */

static void a_line_over_4096_octets_is_refused_whole(void **state)
{
	struct typing *t = typing_of(state);

	for (int i = 0; i < 65536; i++)
		TYPE(t, "x");
	assert_int_equal(t->last, LINE_REFUSED);
	TYPE(t, "\r");
	assert_int_equal(t->last, LINE_TOO_LONG);
	TYPE(t, "short");
	assert_string_equal(line_of(t), "short|");
}

static void history_keeps_the_newest_lines_in_fixed_memory(void **state)
{
	struct history h = {.n = 0};
	struct str line;
	char text[128];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		int n = snprintf(text, sizeof(text), "line %d %0*d", i, i % 90 + 1, 0);

		history_add(&h, (struct str){text, (size_t)n});
		assert_true(h.n <= sizeof(h.text) && h.lines <= CONFIG_CONSOLE_HISTORY);
		assert_true(history_get(&h, 1, &line) && str_is(line, text));
	}
	assert_true(h.lines > 20);
}

static void history_does_not_keep_a_line_twice_in_a_row(void **state)
{
	struct history h = {.n = 0};

	(void)state;
	history_add(&h, STR("a"));
	history_add(&h, STR("a"));
	history_add(&h, STR(""));
	assert_int_equal(h.lines, 1);
}

/* ---- the row ---- */

static void a_letter_at_the_end_costs_one_octet(void **state)
{
	struct typing *t = typing_of(state);
	unsigned before;

	TYPE(t, "show link");
	before = t->screen.octets;
	TYPE(t, "s");
	assert_int_equal(t->screen.octets - before, 1);
	row_is(t, "> show links");
}

static void a_long_line_scrolls_and_marks_where_it_goes_on(void **state)
{
	struct typing *t = typing_of(state);

	TYPE(t, "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeee");
	row_is(t, "> <ccddddddddddeeeee");
	assert_int_equal(t->screen.column, 20);
	TYPE(t, "\x01");
	row_is(t, "> aaaaaaaaaabbbbbbbbbbccccccccccdddddd>");
	assert_int_equal(t->screen.column, 2);
}

/* Whatever is typed, the row equals one that is drawn from nothing. */
static void a_row_drawn_in_steps_is_the_row_drawn_at_once(void **state)
{
	static const char *const keys[] = {"a", "bc ", "\xc3\xa9", "\xe6\xbc\xa2", "e\xcc\x81",
		"\033[D", "\033[C", "\x01", "\x05", "\x7f", "\x17", "\x0b", "\x19", "\x14", "\033b",
		"\033d", "\x02\x02", "a long run of text that scrolls", "\r", "\x10"};
	struct typing *t = typing_of(state);
	uint32_t r = 1;

	for (int i = 0; i < 20000; i++) {
		static struct screen fresh;
		struct line_editor *e = &t->e;
		struct sink out;
		char a[400], b[400];

		r = r * 1103515245u + 12345u;
		const char *k = keys[(r >> 16) % COUNT_OF(keys)];

		type_octets(t, k, strlen(k));
		screen_init(&fresh, 40, 4);
		out = screen_sink(&fresh);
		static struct line_editor copy;
		copy = *e;
		line_editor_new_row(&copy);
		line_editor_draw(&copy, STR("> "), 40, &out);
		screen_row(&t->screen, t->screen.row, a, sizeof(a));
		screen_row(&fresh, 0, b, sizeof(b));
		assert_string_equal(a, b);
		assert_int_equal(t->screen.column, fresh.column);
	}
}

/* ---- patterns ---- */

struct pattern_case {
	const char *pattern, *line;
	bool fits;
};

static const struct pattern_case pattern_cases[] = {
	{"wan1", "link wan1 up", true},
	{"wan2", "link wan1 up", false},
	{"WAN1", "link wan1", true},
	{"^link", "link wan1", true},
	{"^wan", "link wan1", false},
	{"wan1$", "link wan1", true},
	{"link$", "link wan1", false},
	{"w.n1", "wan1", true},
	{"wa*n", "wn", true},
	{"wa+n", "wn", false},
	{"wa+n", "waaan", true},
	{"colou?r", "color", true},
	{"[0-9]+%", "loss 12%", true},
	{"[^a-z ]", "abc def", false},
	{"[]x]", "]", true},
	{"up|down", "is down", true},
	{"^up$|^down$", "is down", false},
	{"1\\.2", "1.2", true},
	{"1\\.2", "1x2", false},
	{"", "anything", true},
	{"^$", "", true},
	{"^$", "x", false},
	{"^a.*b.*c$", "a-b-b-c", true},
	{"a*a*a*a*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
};

static void patterns_fit_as_regular_expressions_do(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(pattern_cases); i++) {
		const struct pattern_case *c = &pattern_cases[i];
		struct pattern p;

		assert_int_equal(pattern_parse(str_of(c->pattern), &p), FL_OK);
		if (pattern_fits(&p, str_of(c->line)) != c->fits)
			fail_msg("\"%s\" on \"%s\"", c->pattern, c->line);
	}
}

static void a_pattern_that_is_none_is_an_error(void **state)
{
	static const char *const bad[] = {"[a", "*a", "a|+", "(a)", "a\\", "[a-"};
	struct pattern p;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_int_equal(pattern_parse(str_of(bad[i]), &p), FL_EFORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_does_what_readline_does),
		cmocka_unit_test(nul_octets_are_ignored),
		cmocka_unit_test(control_c_inside_a_sequence_is_delivered),
		cmocka_unit_test(enter_inside_half_a_sequence_is_delivered),
		cmocka_unit_test(a_lone_escape_is_a_key_after_silence),
		cmocka_unit_test(half_a_sequence_comes_to_nothing_after_silence),
		cmocka_unit_test(control_d_ends_only_an_empty_line),
		cmocka_unit_test(question_mark_asks_for_help_but_not_in_quotes),
		cmocka_unit_test(answers_of_the_terminal_are_sizes),
		cmocka_unit_test(a_character_of_several_octets_is_one_step),
		cmocka_unit_test(a_combining_mark_goes_with_its_letter),
		cmocka_unit_test(a_wide_character_takes_two_cells),
		cmocka_unit_test(unprintable_text_is_written_as_hexadecimal),
		cmocka_unit_test(a_line_over_4096_octets_is_refused_whole),
		cmocka_unit_test(history_keeps_the_newest_lines_in_fixed_memory),
		cmocka_unit_test(history_does_not_keep_a_line_twice_in_a_row),
		cmocka_unit_test(a_letter_at_the_end_costs_one_octet),
		cmocka_unit_test(a_long_line_scrolls_and_marks_where_it_goes_on),
		cmocka_unit_test(a_row_drawn_in_steps_is_the_row_drawn_at_once),
		cmocka_unit_test(patterns_fit_as_regular_expressions_do),
		cmocka_unit_test(a_pattern_that_is_none_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
