/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "diag.h"

#include <stdlib.h>

struct fixture {
	struct arena mem;
	struct diags d;
	char room[4096];
};

static void *get(void *ctx, size_t n)
{
	(void)ctx;
	return malloc(n);
}

static void *get_nothing(void *ctx, size_t n)
{
	(void)ctx, (void)n;
	return NULL;
}

static void put(void *ctx, void *p, size_t n)
{
	(void)ctx, (void)n;
	free(p);
}

static const struct arena_source source = {.get = get, .put = put};
static const struct arena_source no_source = {.get = get_nothing, .put = put};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	arena_init(&f->mem, &source);
	diags_init(&f->d, &f->mem);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	arena_reset(&f->mem);
	free(f);
	return 0;
}

static const char *print(struct fixture *f, const char *file)
{
	struct textbuf t = textbuf_of(f->room, sizeof(f->room));
	struct sink out = textbuf_sink(&t);

	diags_print(&f->d, file, &out);
	return f->room;
}

static void a_mistake_prints_place_path_what_and_cure(void **state)
{
	struct fixture *f = *state;

	diag_at(&f->d, DIAG_ERROR, 12, 5, STR("link wan1"), "use 1..240", "%d is too much", 500);
	assert_string_equal(print(f, "router.conf"),
		"router.conf:12:5: error: link wan1: 500 is too much\n    cure: use 1..240\n");
}

static void to_text(void *ctx, enum log_level level, struct str text)
{
	textbuf_printf(ctx, "%s %.*s\n", log_level_text(level), STR_ARG(text));
}

static void a_log_takes_a_line_each_with_level_and_cure(void **state)
{
	struct fixture *f = *state;
	struct textbuf t = textbuf_of(f->room, sizeof(f->room));
	struct log log = {to_text, &t};

	diag_at(&f->d, DIAG_WARNING, 12, 5, STR("link wan1"), NULL, "odd");
	diag_at(&f->d, DIAG_ERROR, 3, 1, STR(""), "use 1..240", "too much");
	diags_log(&f->d, "router.conf", &log);
	assert_string_equal(f->room, "error router.conf:3:1: error: too much; cure: use 1..240\n"
				     "warning router.conf:12:5: warning: link wan1: odd\n");
}

static void without_a_file_the_line_is_named(void **state)
{
	struct fixture *f = *state;

	diag_at(&f->d, DIAG_ERROR, 12, 5, STR(""), NULL, "no");
	assert_string_equal(print(f, NULL), "line 12:5: error: no\n");
}

static void without_a_line_the_place_is_left_out(void **state)
{
	struct fixture *f = *state;

	diag_error(&f->d, NULL, NULL, NULL, "no");
	assert_string_equal(print(f, NULL), "error: no\n");
	assert_string_equal(print(f, "a"), "a: error: no\n");
}

static void mistakes_print_in_the_order_of_their_places(void **state)
{
	struct fixture *f = *state;

	diag_at(&f->d, DIAG_ERROR, 0, 0, STR(""), NULL, "nowhere");
	diag_at(&f->d, DIAG_ERROR, 3, 1, STR(""), NULL, "d");
	diag_at(&f->d, DIAG_WARNING, 2, 9, STR(""), NULL, "c");
	diag_at(&f->d, DIAG_ERROR, 2, 3, STR(""), NULL, "a");
	diag_at(&f->d, DIAG_ERROR, 2, 3, STR(""), NULL, "b");
	assert_string_equal(print(f, "x"),
		"x:2:3: error: a\nx:2:3: error: b\nx:2:9: warning: c\nx:3:1: error: d\n"
		"x: error: nowhere\n");
}

static void errors_and_warnings_are_counted_apart(void **state)
{
	struct fixture *f = *state;

	diag_warning(&f->d, NULL, NULL, NULL, "w");
	diag_error(&f->d, NULL, NULL, NULL, "e");
	diag_warning(&f->d, NULL, NULL, NULL, "w");
	assert_int_equal(f->d.errors, 1);
	assert_int_equal(f->d.warnings, 2);
	assert_true(f->d.first->warning);
	assert_false(f->d.first->next->warning);
}

static void path_of_node(const void *node, struct textbuf *out)
{
	textbuf_printf(out, "%s", (const char *)node);
}

static void find_field(const char *field, struct origin *at)
{
	if (str_is(str_of(field), "weight")) {
		at->line = 7;
		at->column = 8;
	}
}

static void the_place_of_a_field_that_was_typed_is_named(void **state)
{
	struct fixture *f = *state;
	struct origin at = {3, 4, "link wan1"};

	f->d.path = path_of_node;
	f->d.find = find_field;
	diag_error(&f->d, &at, "weight", NULL, "no");
	assert_string_equal(print(f, "x"), "x:7:8: error: link wan1 weight: no\n");
}

static void a_field_that_was_not_typed_stands_where_its_entry_does(void **state)
{
	struct fixture *f = *state;
	struct origin at = {3, 4, "link wan1"};

	f->d.path = path_of_node;
	f->d.find = find_field;
	diag_error(&f->d, &at, "role", NULL, "no");
	assert_string_equal(print(f, "x"), "x:3:4: error: link wan1 role: no\n");
}

static void texts_are_kept_not_pointed_to(void **state)
{
	struct fixture *f = *state;
	char where[] = "here", cure[] = "cure";

	diag_at(&f->d, DIAG_ERROR, 1, 1, str_of(where), cure, "no");
	where[0] = cure[0] = '!';
	assert_string_equal(print(f, "x"), "x:1:1: error: here: no\n    cure: cure\n");
}

static void what_memory_is_too_short_for_is_still_counted(void **state)
{
	struct fixture *f = *state;
	struct arena none;

	arena_init(&none, &no_source);
	diags_init(&f->d, &none);
	diag_error(&f->d, NULL, NULL, NULL, "a");
	diag_error(&f->d, NULL, NULL, NULL, "b");
	assert_int_equal(f->d.errors, 2);
	assert_string_equal(print(f, "x"), "2 more, for which memory was too short\n");
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(a_mistake_prints_place_path_what_and_cure),
		T(a_log_takes_a_line_each_with_level_and_cure),
		T(without_a_file_the_line_is_named),
		T(without_a_line_the_place_is_left_out),
		T(mistakes_print_in_the_order_of_their_places),
		T(errors_and_warnings_are_counted_apart),
		T(the_place_of_a_field_that_was_typed_is_named),
		T(a_field_that_was_not_typed_stands_where_its_entry_does),
		T(texts_are_kept_not_pointed_to),
		T(what_memory_is_too_short_for_is_still_counted),
	};

	return cmocka_run_group_tests_name("diag", tests, NULL, NULL);
}
