/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any octets as settings in JSON: they are refused with a place, or print and load again alike. */
#include "unit/settings_test_schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

static struct t_text print(const struct settings *s)
{
	struct t_text t = {0};
	struct sink out = t_sink(&t);

	check(settings_print(s, STR(""), SETTINGS_JSON, &out) == FL_OK);
	return t;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena mem;
	struct settings s, again;
	struct diags why;
	struct t_text first, second;
	enum fl_err e;

	arena_init(&mem, &t_source);
	diags_init(&why, &mem);
	check(settings_init(&s, t_schema, &mem) == FL_OK);
	check(settings_init(&again, t_schema, &mem) == FL_OK);
	e = settings_parse_json(&s, (struct str){(const char *)data, size}, &why);
	check((e == FL_OK) == (why.errors == 0));
	for (const struct diag *d = why.first; d; d = d->next)
		check(d->line > 0 && d->column > 0 && d->what.n > 0);
	first = print(&s);
	check(settings_parse_json(&again, (struct str){first.at, first.n}, &why) == FL_OK);
	second = print(&again);
	check(str_eq((struct str){first.at, first.n}, (struct str){second.at, second.n}));
	free(first.at);
	free(second.at);
	arena_reset(&mem);
	return 0;
}
