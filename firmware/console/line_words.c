/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "line_words.h"

#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool line_word_next(struct str line, size_t *at, struct line_word *out)
{
	size_t i = *at;
	bool quoted = false;

	while (i < line.n && is_blank(line.at[i]))
		i++;
	*out = (struct line_word){.start = i, .end = i};
	if (i < line.n && line.at[i] == '|') {
		i++;
	} else {
		for (; i < line.n && (quoted || !is_blank(line.at[i])); i++) {
			if (quoted && line.at[i] == '\\' && i + 1 < line.n) {
				i++;
			} else if (line.at[i] == '"') {
				quoted = !quoted;
				out->quoted = true;
			}
		}
	}
	out->open = quoted;
	out->end = *at = i;
	return i > out->start;
}

struct str line_word_raw(struct str line, const struct line_word *w)
{
	return (struct str){line.at + w->start, w->end - w->start};
}

struct str line_word_text(struct str line, const struct line_word *w, struct arena *mem)
{
	struct str raw = line_word_raw(line, w);
	char *text;
	size_t n = 0;
	bool quoted = false;

	if (!w->quoted)
		return raw;
	text = arena_alloc(mem, raw.n + 1);
	for (size_t i = 0; text && i < raw.n; i++) {
		if (quoted && raw.at[i] == '\\' && i + 1 < raw.n)
			text[n++] = raw.at[++i];
		else if (raw.at[i] == '"')
			quoted = !quoted;
		else
			text[n++] = raw.at[i];
	}
	return (struct str){text ? text : "", n};
}

bool line_word_is_pipe(struct str line, const struct line_word *w)
{
	return str_is(line_word_raw(line, w), "|");
}

size_t line_find_pipe(struct str line, size_t from)
{
	struct line_word w;

	while (line_word_next(line, &from, &w))
		if (line_word_is_pipe(line, &w))
			return w.start;
	return line.n;
}

size_t line_find_first_pipe(struct str line)
{
	bool quoted = false;

	for (size_t i = 0; i < line.n; i++) {
		if (quoted && line.at[i] == '\\')
			i++;
		else if (line.at[i] == '"')
			quoted = !quoted;
		else if (!quoted && line.at[i] == '|')
			return i;
	}
	return line.n;
}

static bool needs_quotes(struct str word)
{
	for (size_t i = 0; i < word.n; i++)
		if (strchr(" \t,{}#\"\\|", word.at[i]))
			return true;
	return word.n == 0;
}

struct str line_word_quote(struct str word, struct arena *mem)
{
	char *text;
	size_t n = 0;

	if (!needs_quotes(word))
		return word;
	text = arena_alloc(mem, 2 * word.n + 2);
	if (!text)
		return word;
	text[n++] = '"';
	for (size_t i = 0; i < word.n; i++) {
		if (word.at[i] == '"' || word.at[i] == '\\')
			text[n++] = '\\';
		text[n++] = word.at[i];
	}
	text[n++] = '"';
	return (struct str){text, n};
}
