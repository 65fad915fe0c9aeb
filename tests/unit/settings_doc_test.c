/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The manual of the settings is what the rows say, and every row has a test that shows that it
 * changes behaviour: tests/unit/settings_rows.list names it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modules.h"
#include "settings.h"

#define MANUAL "firmware/doc/settings.md"
#define LIST   "tests/unit/settings_rows.list"

static const char head[] =
	"# All settings\n"
	"\n"
	"Made from the schema by `make settings-doc`. `settings-language.md` says how values are "
	"written. `…` stands for the words\nthat name an entry; a word in brackets may be left "
	"out.\n";

struct text {
	char *at;
	size_t n, cap;
};

static void text_put(void *ctx, const char *text, size_t n)
{
	struct text *t = ctx;

	if (t->n + n + 1 > t->cap) {
		t->cap = 2 * (t->n + n) + 4096;
		t->at = realloc(t->at, t->cap);
		assert_non_null(t->at);
	}
	memcpy(t->at + t->n, text, n);
	t->n += n;
	t->at[t->n] = '\0';
}

static struct text read_file(const char *path)
{
	FILE *f = fopen(path, "r");
	struct text t = {0};
	char part[4096];
	size_t n;

	text_put(&t, "", 0);
	if (!f)
		return t;
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		text_put(&t, part, n);
	fclose(f);
	return t;
}

static struct text manual(void)
{
	struct setting schema[MODULES_SETTINGS_MAX];
	struct text t = {0};
	struct sink out = {text_put, &t};

	modules_schema(schema);
	sink_puts(&out, head);
	settings_reference(schema, &out);
	return t;
}

static void the_manual_says_what_the_rows_say(void **state)
{
	struct text now = manual(), kept = read_file(MANUAL);
	bool same = strcmp(now.at, kept.at) == 0;

	(void)state;
	if (!same && getenv("SETTINGS_DOC_UPDATE")) {
		FILE *f = fopen(MANUAL, "w");

		assert_non_null(f);
		assert_int_equal(fwrite(now.at, 1, now.n, f), now.n);
		assert_int_equal(fclose(f), 0);
		same = true;
	}
	free(now.at);
	free(kept.at);
	if (!same)
		fail_msg("%s is stale: make settings-doc", MANUAL);
}

/* ---- every row is shown to change behaviour ---- */

struct rows {
	struct text list;
	size_t wrong;
};

/* "link weight: policy_test a_heavier_link_gets_more_slots": the file of the row's test, and its
 * name, or a phrase in a script. */
static bool find_line(const struct text *list, struct str path, char out[512])
{
	struct str rest = {list->at, list->n};

	while (rest.n) {
		struct str line = str_cut(&rest, '\n'), words = line;
		struct str key = str_cut(&words, ':');

		if (!str_eq(str_trim(key), path) || line.n >= 512)
			continue;
		words = str_trim(words);
		snprintf(out, 512, "%.*s", STR_ARG(words));
		return true;
	}
	return false;
}

static bool test_exists(char *named)
{
	char path[600], *name = strchr(named, ' ');
	struct text file;
	bool found;

	if (!name)
		return false;
	*name++ = '\0';
	snprintf(path, sizeof(path), "tests/%s", named);
	file = read_file(path);
	found = strstr(file.at, name) != NULL;
	free(file.at);
	return found;
}

static void look_at_row(void *ctx, struct str path, const struct setting *row)
{
	struct rows *r = ctx;
	char named[512];

	/* A block is what is in it. */
	if (row->kind == SETTING_BLOCK)
		return;
	if (!find_line(&r->list, path, named)) {
		fprintf(stderr, "%s: has no line for \"%.*s\"\n", LIST, STR_ARG(path));
		r->wrong++;
	} else if (!test_exists(named)) {
		fprintf(stderr, "%s: the test of \"%.*s\" is not there\n", LIST, STR_ARG(path));
		r->wrong++;
	}
}

static void every_row_has_a_test_that_it_changes_behaviour(void **state)
{
	struct setting schema[MODULES_SETTINGS_MAX];
	struct rows r = {.list = read_file(LIST)};

	(void)state;
	modules_schema(schema);
	settings_each_row(schema, look_at_row, &r);
	free(r.list.at);
	assert_int_equal(r.wrong, 0);
}

struct known {
	struct str path;
	bool found;
};

static void is_known(void *ctx, struct str path, const struct setting *row)
{
	struct known *k = ctx;

	(void)row;
	k->found |= str_eq(path, k->path);
}

static void the_list_names_only_rows_there_are(void **state)
{
	struct setting schema[MODULES_SETTINGS_MAX];
	struct text list = read_file(LIST);
	struct str rest = {list.at, list.n};

	(void)state;
	modules_schema(schema);
	while (rest.n) {
		struct str line = str_cut(&rest, '\n');
		struct known k = {.path = str_trim(str_cut(&line, ':'))};

		if (k.path.n == 0 || k.path.at[0] == '#')
			continue;
		settings_each_row(schema, is_known, &k);
		if (!k.found)
			fail_msg("%s: there is no row \"%.*s\"", LIST, STR_ARG(k.path));
	}
	free(list.at);
}

int main(void)
{
	const struct CMUnitTest manual_only[] = {
		cmocka_unit_test(the_manual_says_what_the_rows_say),
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_manual_says_what_the_rows_say),
		cmocka_unit_test(every_row_has_a_test_that_it_changes_behaviour),
		cmocka_unit_test(the_list_names_only_rows_there_are),
	};

	if (getenv("SETTINGS_DOC_UPDATE"))
		return cmocka_run_group_tests_name("settings_doc", manual_only, NULL, NULL);
	return cmocka_run_group_tests_name("settings_doc", tests, NULL, NULL);
}
