/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reference manual of a schema, from the same rows that parse. */
#include "tree.h"
#include "value.h"

#define PATH_MAX_OCTETS 256

static void put_cell(const struct sink *out, struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		if (text.at[i] == '|')
			sink_puts(out, "\\");
		sink_put(out, (struct str){text.at + i, 1});
	}
}

static void put_help(const struct sink *out, const struct setting *row)
{
	put_cell(out, str_of(row->help ? row->help : ""));
	for (size_t i = 0; row->choices && row->choice_help && row->choices[i]; i++)
		sink_printf(
			out, "%s`%s`: %s", i ? "; " : ". ", row->choices[i], row->choice_help[i]);
}

static void put_range(const struct sink *out, const struct setting *row)
{
	char room[PATH_MAX_OCTETS];
	struct textbuf t = textbuf_of(room, sizeof(room));
	struct sink to = textbuf_sink(&t);

	value_range(row, &to);
	if (t.n == 0 || row->type == VALUE_YESNO || row->type == VALUE_CHOICE)
		return;
	sink_puts(out, ", ");
	put_cell(out, textbuf_str(&t));
}

/* "required", "default 10", "once more for each" */
static void put_default(const struct sink *out, const struct setting *row, bool column)
{
	if (row->flags & SETTING_KEY)
		sink_puts(out, "tells entries apart");
	else if (row->flags & SETTING_REQUIRED)
		sink_puts(out, "required");
	else if (row->def)
		sink_printf(out, "default `%s`", row->def);
	else if (column)
		sink_puts(out, "may be left out");
	if (row->flags & SETTING_ORDERED)
		sink_puts(out, "the order counts");
	if (row->flags & SETTING_SECRET)
		sink_puts(out, ", printed hidden");
	if (row->flags & SETTING_PRIVATE)
		sink_puts(out, ", not shown to operators");
}

/* | `link NAME weight NUMBER` | help, 1..240 | default `1` | */
static void put_row(const struct sink *out, struct str path, const struct setting *row)
{
	char room[PATH_MAX_OCTETS];
	struct textbuf t = textbuf_of(room, sizeof(room));
	struct sink syntax = textbuf_sink(&t);

	row_syntax(row, &syntax);
	sink_puts(out, "| `");
	put_cell(out, path);
	sink_puts(out, path.n ? " " : "");
	put_cell(out, textbuf_str(&t));
	sink_puts(out, "` | ");
	put_help(out, row);
	if (row->kind == SETTING_VALUE)
		put_range(out, row);
	sink_puts(out, " | ");
	put_default(out, row, false);
	sink_puts(out, " |\n");
}

static void put_columns(const struct sink *out, const struct setting *list)
{
	for (unsigned i = 0; i < row_columns(list); i++) {
		const struct setting *c = &list->columns[i];

		sink_puts(out, "| … ");
		for (const char *p = c->name; *p; p++)
			sink_printf(out, "%c", *p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p);
		sink_puts(out, ": ");
		if (c->type == VALUE_CHOICE || c->type == VALUE_CUSTOM) {
			sink_puts(out, "`");
			value_syntax(c, out);
			sink_puts(out, "` ");
		}
		sink_puts(out, "| ");
		put_help(out, c);
		put_range(out, c);
		sink_puts(out, " | ");
		put_default(out, c, true);
		sink_puts(out, " |\n");
	}
}

static void put_rows(const struct sink *out, struct str path, const struct setting *rows)
{
	for (const struct setting *r = rows; r && r->name; r++) {
		char room[PATH_MAX_OCTETS];
		struct textbuf inside = textbuf_of(room, sizeof(room));

		put_row(out, path, r);
		if (r->kind == SETTING_LIST)
			put_columns(out, r);
		textbuf_printf(&inside, "%.*s%s%s", STR_ARG(path), path.n ? " " : "", r->name);
		for (unsigned i = 0; r->kind == SETTING_LIST && i < row_keys(r); i++)
			textbuf_printf(&inside, " …");
		put_rows(out, textbuf_str(&inside), r->rows);
	}
}

void settings_reference(const struct setting *schema, const struct sink *out)
{
	for (const struct setting *r = schema; r && r->name; r++) {
		struct setting one[2] = {*r, {.name = NULL}};

		sink_printf(out, "\n## %s\n\n%s.\n\n| setting | what it is | |\n|---|---|---|\n",
			r->name, r->help ? r->help : "");
		put_rows(out, STR(""), one);
	}
}

static void each_row(const struct setting *rows, struct str path,
	void (*each)(void *ctx, struct str path, const struct setting *row), void *ctx)
{
	for (const struct setting *r = rows; r && r->name; r++) {
		char room[PATH_MAX_OCTETS];
		struct textbuf t = textbuf_of(room, sizeof(room));

		textbuf_printf(&t, "%.*s%s%s", STR_ARG(path), path.n ? " " : "", r->name);
		each(ctx, textbuf_str(&t), r);
		each_row(r->rows, textbuf_str(&t), each, ctx);
	}
}

void settings_each_row(const struct setting *schema,
	void (*each)(void *ctx, struct str path, const struct setting *row), void *ctx)
{
	each_row(schema, STR(""), each, ctx);
}
