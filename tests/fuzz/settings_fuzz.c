/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any octets as a configuration text.  What is refused changes nothing and says why; what is read
 * prints, parses and prints the same in both forms, does not differ from its copy, and binds or
 * says why not. */
#include "unit/settings_test_schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool truth)
{
	if (!truth)
		abort();
}

static struct t_text print(const struct settings *s, enum settings_form form)
{
	struct t_text text = {0};
	struct sink out = t_sink(&text);

	check(settings_print(s, STR(""), form, &out) == FL_OK);
	return text;
}

static bool same_text(struct t_text a, struct t_text b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.at, b.at, a.n) == 0);
}

static void round_trip(const struct settings *s, enum settings_form form, struct arena *mem)
{
	struct t_text first = print(s, form), second;
	struct settings again;
	struct diags why;

	diags_init(&why, mem);
	check(settings_init(&again, t_schema, mem) == FL_OK);
	check(settings_parse(&again, (struct str){first.at, first.n}, &why) == FL_OK);
	check(why.warnings == 0);
	second = print(&again, form);
	check(same_text(first, second));
	free(first.at);
	free(second.at);
}

static void copy_and_bind(const struct settings *s, struct arena *mem)
{
	struct t_settings bound = {0};
	struct settings copy;
	struct t_text said = {0};
	struct sink out = t_sink(&said);
	struct diags why;
	enum fl_err e;

	check(settings_copy(s, mem, &copy) == FL_OK);
	check(settings_diff(s, &copy, &out) == 0);
	diags_init(&why, mem);
	e = settings_bind(&copy, mem, &bound, &why);
	check((e == FL_OK) == (why.errors == 0));
	diags_print(&why, "f", &out);
	free(said.at);
}

/* The first line also goes through what the console asks. */
static void as_statement(struct settings *s, struct str text, struct arena *mem)
{
	struct settings_choice ways[16];
	struct str line = str_cut(&text, '\n');
	struct diags why;
	bool end;
	enum fl_err e;

	diags_init(&why, mem);
	check(settings_complete(s, line, STR(""), mem, ways, 16, &end) <= 16);
	e = settings_set(s, line, &why);
	check((e == FL_OK) == (why.errors == 0));
	e = settings_delete(s, line, &why);
	check(e == FL_OK || why.errors > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	struct arena mem;
	struct settings s;
	struct diags why;
	enum fl_err e;

	arena_init(&mem, &t_source);
	diags_init(&why, &mem);
	check(settings_init(&s, t_schema, &mem) == FL_OK);
	e = settings_parse(&s, text, &why);
	check((e == FL_OK) == (why.errors == 0));
	for (const struct diag *d = why.first; d; d = d->next)
		check(d->line > 0 && d->column > 0 && d->what.n > 0);
	if (e) {
		struct t_text nothing = print(&s, SETTINGS_LINES);

		check(nothing.n == 0);
		free(nothing.at);
	}
	round_trip(&s, SETTINGS_LINES, &mem);
	round_trip(&s, SETTINGS_BRACES, &mem);
	copy_and_bind(&s, &mem);
	as_statement(&s, text, &mem);
	round_trip(&s, SETTINGS_LINES, &mem);
	arena_reset(&mem);
	return 0;
}
