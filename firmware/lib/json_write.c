/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json_write.h"

static void new_line(struct json_writer *w)
{
	sink_puts(w->out, "\n");
	for (unsigned i = 0; i < w->depth; i++)
		sink_puts(w->out, "    ");
}

void json_open(struct json_writer *w, const char *bracket)
{
	sink_puts(w->out, bracket);
	w->depth++;
	w->some = false;
}

void json_close(struct json_writer *w, const char *bracket)
{
	w->depth--;
	if (w->some)
		new_line(w);
	sink_puts(w->out, bracket);
	w->some = true;
}

void json_element(struct json_writer *w)
{
	sink_puts(w->out, w->some ? "," : "");
	new_line(w);
	w->some = true;
}

void json_key(struct json_writer *w, const char *name)
{
	json_element(w);
	json_put_string(w->out, str_of(name));
	sink_puts(w->out, ": ");
}

void json_row(struct json_writer *w)
{
	json_element(w);
	json_open(w, "{");
}

void json_rows_begin(struct json_writer *w)
{
	json_open(w, "[");
}

void json_rows_end(struct json_writer *w)
{
	json_close(w, "]");
	sink_puts(w->out, "\n");
}

void json_put_string(const struct sink *out, struct str text)
{
	sink_puts(out, "\"");
	for (size_t i = 0; i < text.n; i++) {
		char c = text.at[i];

		if (c == '"' || c == '\\')
			sink_puts(out, "\\");
		if ((unsigned char)c < ' ')
			sink_printf(out, "\\u%04x", (unsigned)c);
		else
			sink_put(out, (struct str){&text.at[i], 1});
	}
	sink_puts(out, "\"");
}

void json_string(struct json_writer *w, const char *name, struct str text)
{
	json_key(w, name);
	json_put_string(w->out, text);
}

void json_number(struct json_writer *w, const char *name, int64_t value)
{
	json_key(w, name);
	sink_printf(w->out, "%lld", (long long)value);
}

void json_flag(struct json_writer *w, const char *name, bool value)
{
	json_key(w, name);
	sink_puts(w->out, value ? "true" : "false");
}
