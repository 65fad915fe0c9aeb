/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json.h"

#include "words.h"

#include <string.h>

struct reader {
	struct arena *mem;
	const char *at, *end, *line_start;
	uint32_t line;
	const char *seen; /* a place in the line, and its column: a long line is counted once */
	uint32_t seen_column;
	struct json_mistake *why;
	unsigned depth;
};

static uint32_t column_of(struct reader *r, const char *at)
{
	if (r->seen < r->line_start || r->seen > at) {
		r->seen = r->line_start;
		r->seen_column = 1;
	}
	for (; r->seen < at; r->seen++)
		r->seen_column += ((uint8_t)*r->seen & 0xc0) != 0x80;
	return r->seen_column;
}

static struct json *wrong(struct reader *r, const char *at, const char *what)
{
	if (!r->why->what)
		*r->why = (struct json_mistake){r->line, column_of(r, at), what};
	return NULL;
}

static void skip_blanks(struct reader *r)
{
	for (; r->at < r->end; r->at++) {
		if (*r->at == '\n') {
			r->line++;
			r->line_start = r->at + 1;
		} else if (*r->at != ' ' && *r->at != '\t' && *r->at != '\r') {
			return;
		}
	}
}

static bool take(struct reader *r, char c)
{
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

/* ---- strings ---- */

static bool take_hex(struct reader *r, uint32_t *out)
{
	*out = 0;
	for (int i = 0; i < 4; i++, r->at++) {
		const char *digits = "0123456789abcdef", *d;
		char c = r->at < r->end ? *r->at : '\0';

		if (c >= 'A' && c <= 'F')
			c = (char)(c - 'A' + 'a');
		d = c ? strchr(digits, c) : NULL;
		if (!d)
			return false;
		*out = *out << 4 | (uint32_t)(d - digits);
	}
	return true;
}

static char *put_utf8(char *to, uint32_t code)
{
	if (code < 0x80) {
		*to++ = (char)code;
	} else if (code < 0x800) {
		*to++ = (char)(0xc0 | code >> 6);
		*to++ = (char)(0x80 | (code & 0x3f));
	} else if (code < 0x10000) {
		*to++ = (char)(0xe0 | code >> 12);
		*to++ = (char)(0x80 | (code >> 6 & 0x3f));
		*to++ = (char)(0x80 | (code & 0x3f));
	} else {
		*to++ = (char)(0xf0 | code >> 18);
		*to++ = (char)(0x80 | (code >> 12 & 0x3f));
		*to++ = (char)(0x80 | (code >> 6 & 0x3f));
		*to++ = (char)(0x80 | (code & 0x3f));
	}
	return to;
}

/* Behind "\u". */
static bool take_code(struct reader *r, uint32_t *code)
{
	uint32_t low;

	if (!take_hex(r, code) || (*code >= 0xdc00 && *code < 0xe000))
		return false;
	if (*code < 0xd800 || *code >= 0xe000)
		return true;
	if (!take(r, '\\') || !take(r, 'u') || !take_hex(r, &low) || low < 0xdc00 || low >= 0xe000)
		return false;
	*code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
	return true;
}

/* Behind the backslash. */
static bool take_escape(struct reader *r, char **to)
{
	static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
	char c = r->at < r->end ? *r->at++ : '\0';
	const char *known = c ? strchr(from, c) : NULL;
	uint32_t code;

	if (known) {
		*(*to)++ = into[known - from];
		return true;
	}
	if (c != 'u' || !take_code(r, &code))
		return false;
	*to = put_utf8(*to, code);
	return true;
}

/* Behind the quote; false: it was said. */
static bool take_string(struct reader *r, struct str *out)
{
	const char *start = r->at, *end = start;
	char *text, *to;

	while (end < r->end && *end != '"' && *end != '\n')
		end += *end == '\\' && end + 1 < r->end ? 2 : 1;
	if (end >= r->end || *end != '"')
		return wrong(r, start - 1, "a string that is not closed on its line"), false;
	text = to = arena_alloc(r->mem, (size_t)(end - start) + 1);
	if (!text)
		return false;
	while (r->at < end) {
		size_t n = utf8_char(r->at, end);

		if (*r->at == '\\') {
			r->at++;
			if (!take_escape(r, &to))
				return wrong(r, r->at - 1, "an escape that JSON does not have"),
				       false;
			continue;
		}
		if (n == 0)
			return wrong(r, r->at, "a control character, or no UTF-8"), false;
		memcpy(to, r->at, n);
		to += n;
		r->at += n;
	}
	r->at = end + 1;
	*out = (struct str){text, (size_t)(to - text)};
	return true;
}

/* ---- values ---- */

static struct json *take_value(struct reader *r);

static struct json *new_value(struct reader *r, enum json_kind kind)
{
	struct json *j = ARENA_NEW(r->mem, struct json);

	if (!j)
		return NULL;
	j->kind = kind;
	j->line = r->line;
	j->column = column_of(r, r->at);
	return j;
}

static bool take_word(struct reader *r, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n) != 0)
		return false;
	r->at += n;
	return true;
}

/* -0, 12.5e3: checked by whoever wants a number; here only its octets. */
static struct json *take_number(struct reader *r)
{
	struct json *j = new_value(r, JSON_NUMBER);
	const char *start = r->at;

	while (r->at < r->end && strchr("+-.eE0123456789", *r->at) && *r->at)
		r->at++;
	if (j)
		j->text = (struct str){start, (size_t)(r->at - start)};
	return j;
}

static struct json *take_literal(struct reader *r)
{
	static const struct {
		const char *word;
		enum json_kind kind;
	} literals[] = {{"true", JSON_TRUE}, {"false", JSON_FALSE}, {"null", JSON_NULL}};

	for (size_t i = 0; i < COUNT_OF(literals); i++) {
		struct json *j = new_value(r, literals[i].kind);

		if (!j || take_word(r, literals[i].word))
			return j;
	}
	return wrong(r, r->at, "no value of JSON begins like this");
}

static struct json *take_member(struct reader *r)
{
	uint32_t line = r->line, column = column_of(r, r->at);
	struct str key;
	struct json *j;

	if (!take(r, '"'))
		return wrong(r, r->at, "a name in quotes is missing");
	if (!take_string(r, &key))
		return NULL;
	skip_blanks(r);
	if (!take(r, ':'))
		return wrong(r, r->at, "a colon is missing");
	j = take_value(r);
	if (j) {
		j->key = key;
		j->line = line;
		j->column = column;
	}
	return j;
}

/* Behind the bracket. */
static struct json *take_members(struct reader *r, struct json *all, char close)
{
	struct json **tail = &all->first;

	skip_blanks(r);
	if (take(r, close))
		return all;
	for (;;) {
		skip_blanks(r);
		*tail = all->kind == JSON_OBJECT ? take_member(r) : take_value(r);
		if (!*tail)
			return NULL;
		tail = &(*tail)->next;
		skip_blanks(r);
		if (take(r, close))
			return all;
		if (!take(r, ','))
			return wrong(r, r->at, "a comma or the closing bracket is missing");
	}
}

static struct json *take_value(struct reader *r)
{
	char c;
	struct json *j;

	skip_blanks(r);
	c = r->at < r->end ? *r->at : '\0';
	if (c == '-' || (c >= '0' && c <= '9'))
		return take_number(r);
	if (c == '"') {
		j = new_value(r, JSON_STRING);
		r->at++;
		return j && take_string(r, &j->text) ? j : NULL;
	}
	if (c != '{' && c != '[')
		return take_literal(r);
	if (r->depth == JSON_DEPTH_MAX)
		return wrong(r, r->at, "too many brackets one in another");
	j = new_value(r, c == '{' ? JSON_OBJECT : JSON_ARRAY);
	r->at++;
	r->depth++;
	j = j ? take_members(r, j, c == '{' ? '}' : ']') : NULL;
	r->depth--;
	return j;
}

struct json *json_parse(struct str text, struct arena *mem, struct json_mistake *why)
{
	struct reader r = {.mem = mem,
		.at = text.at,
		.line_start = text.at,
		.line = 1,
		.seen = text.at,
		.seen_column = 1,
		.why = why};
	struct json *j;

	r.end = text.at + text.n;
	*why = (struct json_mistake){0};
	j = take_value(&r);
	skip_blanks(&r);
	if (j && r.at < r.end)
		return wrong(&r, r.at, "something stands behind the end");
	return j;
}

const struct json *json_member(const struct json *object, struct str key)
{
	for (const struct json *j = object->first; j; j = j->next)
		if (str_eq(j->key, key))
			return j;
	return NULL;
}
