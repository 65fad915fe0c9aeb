/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lexer.  It reads any octets and never fails: what is no word is a TOKEN_BAD behind which
 * reading goes on, so that one mistake hides no other. */
#include "words.h"

#include "settings.h"

#include <string.h>

void lexer_init(struct lexer *lx, struct str text, uint32_t line, struct arena *mem)
{
	*lx = (struct lexer){.at = text.at, .end = text.at, .line = line, .column = 1, .mem = mem};
	if (text.n)
		lx->end += text.n;
	if (text.n >= 3 && memcmp(text.at, "\xef\xbb\xbf", 3) == 0) /* the mark of some editors */
		lx->at += 3;
}

/* RFC 3629: the second octet's range says whether a form is the shortest and no surrogate. */
static size_t utf8_size(unsigned char first, unsigned char second)
{
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first == 0xe0)
		return second >= 0xa0 ? 3 : 0;
	if (first == 0xed)
		return second <= 0x9f ? 3 : 0;
	if (first >= 0xe1 && first <= 0xef)
		return 3;
	if (first == 0xf0)
		return second >= 0x90 ? 4 : 0;
	if (first == 0xf4)
		return second <= 0x8f ? 4 : 0;
	return first >= 0xf1 && first <= 0xf3 ? 4 : 0;
}

size_t utf8_char(const char *at, const char *end)
{
	const unsigned char *p = (const unsigned char *)at;
	size_t n;

	if (at >= end || p[0] < 0x20 || p[0] == 0x7f)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (end - at < 2)
		return 0;
	n = utf8_size(p[0], p[1]);
	if (n == 0 || (size_t)(end - at) < n)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n == 2 && p[0] == 0xc2 && p[1] < 0xa0 ? 0 : n; /* U+0080..9F: control characters */
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* "\r\n" is an end of line, too. */
static bool at_line_end(const struct lexer *lx)
{
	return *lx->at == '\n' || (*lx->at == '\r' && lx->end - lx->at > 1 && lx->at[1] == '\n');
}

static bool is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c);
}

static bool ends_word(const struct lexer *lx)
{
	static const bool ends[256] = {[' '] = true,
		['\t'] = true,
		['{'] = true,
		['}'] = true,
		[','] = true,
		['#'] = true};

	return lx->at == lx->end || ends[(unsigned char)*lx->at] || at_line_end(lx);
}

static void advance(struct lexer *lx, size_t octets)
{
	lx->at += octets;
	lx->column++;
}

static enum token bad(struct lexer *lx, const char *what, const char *cure)
{
	lx->what = what;
	lx->cure = cure;
	return TOKEN_BAD;
}

static void skip_word(struct lexer *lx)
{
	while (!ends_word(lx))
		advance(lx, 1);
}

/* What stands at the cursor is no character of a text. */
static enum token bad_character(struct lexer *lx, struct word *w)
{
	unsigned char c = (unsigned char)*lx->at;
	bool control =
		c < 0x20 || c == 0x7f ||
		(c == 0xc2 && lx->end - lx->at > 1 && ((unsigned char)lx->at[1] & 0xe0) == 0x80);

	w->line = lx->line;
	w->column = lx->column;
	return bad(lx,
		control ? "a control character in the text" : "an octet that is not valid UTF-8",
		"remove it");
}

/* Blanks and a comment.  TOKEN_BAD: a character in the comment is none. */
static enum token skip_blanks(struct lexer *lx, struct word *w)
{
	while (lx->at < lx->end && is_blank(*lx->at))
		advance(lx, 1);
	if (lx->at == lx->end || *lx->at != '#')
		return TOKEN_WORD;
	while (lx->at < lx->end && !at_line_end(lx)) {
		size_t n = *lx->at == '\t' ? 1 : utf8_char(lx->at, lx->end);

		if (n == 0) {
			bad_character(lx, w);
			while (lx->at < lx->end && !at_line_end(lx))
				advance(lx, 1);
			return TOKEN_BAD;
		}
		advance(lx, n);
	}
	return TOKEN_WORD;
}

static enum token plain_word(struct lexer *lx, struct word *w)
{
	const char *from = lx->at;

	while (!ends_word(lx)) {
		size_t n = utf8_char(lx->at, lx->end);

		if (n == 0) {
			bad_character(lx, w);
			skip_word(lx);
			return TOKEN_BAD;
		}
		if (*lx->at == '"') {
			skip_word(lx);
			return bad(lx, "a quote inside a word",
				"put the whole word in quotes, and a \\ before a quote in it");
		}
		advance(lx, n);
	}
	w->text = (struct str){from, (size_t)(lx->at - from)};
	if (w->text.n > WORD_MAX)
		return bad(lx, "a word of more than 4096 octets", "shorten it");
	return TOKEN_WORD;
}

/* Look over the quoted text behind the first quote, up to its closing one; `escapes` counts the
 * backslashes.  TOKEN_BAD: something in it is wrong, and `*lx` stands behind the whole. */
static enum token scan_quoted(struct lexer *lx, struct word *w, size_t *escapes)
{
	enum token t = TOKEN_WORD;

	for (*escapes = 0; lx->at < lx->end && !at_line_end(lx) && *lx->at != '"';) {
		size_t n = utf8_char(lx->at, lx->end);

		if (n == 0 && t == TOKEN_WORD)
			t = bad_character(lx, w);
		if (*lx->at == '\\' && lx->end - lx->at > 1 && is_one_of(lx->at[1], "\"\\")) {
			(*escapes)++;
			advance(lx, 1);
		} else if (*lx->at == '\\' && t == TOKEN_WORD) {
			w->column = lx->column;
			t = bad(lx, "a backslash before an ordinary character",
				"write \\\\ for a backslash, \\\" for a quote");
		}
		advance(lx, n ? n : 1);
	}
	return t;
}

static enum token unescape(struct lexer *lx, struct word *w, struct str raw, size_t escapes)
{
	char *to;

	w->text = raw;
	if (escapes == 0)
		return TOKEN_WORD;
	to = arena_alloc(lx->mem, raw.n - escapes);
	if (!to)
		return bad(lx, "memory ran out", NULL);
	w->text = (struct str){to, raw.n - escapes};
	for (size_t i = 0; i < raw.n; i++) {
		if (raw.at[i] == '\\')
			i++;
		*to++ = raw.at[i];
	}
	return TOKEN_WORD;
}

static enum token quoted_word(struct lexer *lx, struct word *w)
{
	struct lexer behind_quote;
	struct str raw;
	size_t escapes;
	enum token t;

	w->quoted = true;
	advance(lx, 1);
	behind_quote = *lx;
	t = scan_quoted(lx, w, &escapes);
	if (lx->at == lx->end || *lx->at != '"') {
		*lx = behind_quote;
		lx->damaged = true;
		w->column = lx->column - 1;
		return bad(lx, "a quote that is not closed on its line", "close it with \"");
	}
	raw = (struct str){behind_quote.at, (size_t)(lx->at - behind_quote.at)};
	advance(lx, 1);
	if (!ends_word(lx)) {
		skip_word(lx);
		return t == TOKEN_BAD ? t
				      : bad(lx, "a word that goes on behind its closing quote",
						"put a blank behind the quote, or a \\ before it");
	}
	if (t == TOKEN_BAD)
		return t;
	if (raw.n - escapes > WORD_MAX)
		return bad(lx, "a word of more than 4096 octets", "shorten it");
	return unescape(lx, w, raw, escapes);
}

static void skip_to_brace(struct lexer *lx)
{
	while (lx->at < lx->end && !at_line_end(lx) && *lx->at != '{' && *lx->at != '}')
		advance(lx, 1);
}

static enum token line_end(struct lexer *lx)
{
	lx->at += *lx->at == '\r' ? 2 : 1;
	lx->line += lx->line != 0;
	lx->column = 1;
	lx->damaged = false;
	return TOKEN_NEWLINE;
}

enum token lexer_next(struct lexer *lx, struct word *w)
{
	*w = (struct word){.line = lx->line, .column = lx->column};
	if (lx->damaged)
		skip_to_brace(lx);
	else if (skip_blanks(lx, w) == TOKEN_BAD)
		return TOKEN_BAD;
	w->column = lx->column;
	if (lx->at == lx->end)
		return TOKEN_END;
	if (at_line_end(lx))
		return line_end(lx);
	switch (*lx->at) {
	case '{':
		advance(lx, 1);
		return TOKEN_OPEN;
	case '}':
		advance(lx, 1);
		return TOKEN_CLOSE;
	case ',':
		advance(lx, 1);
		return TOKEN_COMMA;
	case '"':
		return quoted_word(lx, w);
	default:
		return plain_word(lx, w);
	}
}

static bool is_plain(struct str word)
{
	for (size_t i = 0; i < word.n; i++)
		if (is_one_of(word.at[i], " \t{},#\""))
			return false;
	return word.n > 0;
}

void settings_put_word(const struct sink *out, struct str word, bool quote)
{
	size_t from = 0;

	if (!quote && is_plain(word)) {
		sink_put(out, word);
		return;
	}
	sink_puts(out, "\"");
	for (size_t i = 0; i < word.n; i++) {
		if (word.at[i] != '"' && word.at[i] != '\\')
			continue;
		sink_put(out, (struct str){word.at + from, i - from});
		sink_puts(out, "\\");
		from = i;
	}
	sink_put(out, (struct str){word.at + from, word.n - from});
	sink_puts(out, "\"");
}
