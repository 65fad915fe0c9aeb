/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two steps.  An entry is gathered into one line first: comments and parentheses go, quotes and
 * escapes stay.  Then its words are read: owner, TTL and class in any order, type; what is left is
 * the data, which dns_rdata.c knows. */
#include "dns_master.h"

#include <string.h>

struct master {
	const struct dns_master_reader *to;
	struct str rest;
	uint32_t line; /* of the next octet */

	/* The entry being read. */
	char *room;
	size_t n;
	uint32_t at; /* its line */
	bool indented;

	struct dns_name origin, owner;
	bool has_owner, has_ttl;
	uint32_t ttl;
	uint8_t data[DNS_RDATA_MAX];
};

static void complain(struct master *m, const char *what, struct str word)
{
	char text[160];
	struct textbuf t = textbuf_of(text, sizeof(text));

	if (word.n)
		textbuf_printf(&t, "\"%.*s\" ", word.n > 60 ? 60 : (int)word.n, word.at);
	textbuf_printf(&t, "%s", what);
	m->to->mistake(m->to->ctx, m->at, text);
}

#define NO_WORD ((struct str){NULL, 0})

/* ---- entries ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static char next_octet(struct master *m)
{
	char c = *m->rest.at;

	m->rest = (struct str){m->rest.at + 1, m->rest.n - 1};
	m->line += c == '\n';
	return c;
}

static void skip_comment(struct master *m)
{
	while (m->rest.n && *m->rest.at != '\n')
		next_octet(m);
}

static bool keep(struct master *m, char c)
{
	if (m->n == DNS_MASTER_LINE)
		return false;
	m->room[m->n++] = c;
	return true;
}

/* Gather the next entry.  False: the text is over. */
static bool next_entry(struct master *m, bool *good)
{
	unsigned depth = 0;
	bool quoted = false, stray = false;

	m->n = 0;
	m->at = m->line;
	m->indented = m->rest.n && is_blank(*m->rest.at);
	*good = true;
	if (!m->rest.n)
		return false;
	while (m->rest.n) {
		char c = next_octet(m);

		if (c == '\n' && (!depth || quoted))
			break;
		if (c == '\\' && m->rest.n && *m->rest.at != '\n') {
			*good &= keep(m, c);
			c = next_octet(m);
		} else if (c == '"') {
			quoted = !quoted;
		} else if (!quoted && c == ';') {
			skip_comment(m);
			continue;
		} else if (!quoted && (c == '(' || c == ')')) {
			stray |= c == ')' && !depth;
			depth += c == '(' ? 1 : depth ? -1u : 0;
			c = ' ';
		}
		*good &= keep(m, c == '\n' || c == '\r' ? ' ' : c);
	}
	if (depth || quoted || stray || !*good) {
		complain(m,
			!*good   ? "the entry is too long"
			: quoted ? "a quote is not closed"
			: stray  ? "a parenthesis is closed that is not open"
				 : "a parenthesis is not closed",
			NO_WORD);
		*good = false;
	}
	return true;
}

/* ---- words ---- */

/* The next word; escapes are part of it. */
static struct str take_word(struct str *rest)
{
	struct str word = str_trim(*rest);
	size_t n = 0;

	while (n < word.n && !is_blank(word.at[n]))
		n += word.at[n] == '\\' && n + 1 < word.n ? 2 : 1;
	*rest = (struct str){word.at + n, word.n - n};
	word.n = n;
	return word;
}

static void read_directive(struct master *m, struct str word, struct str rest)
{
	struct str value = take_word(&rest);
	struct dns_name origin;

	if (str_eq_nocase(word, STR("$ORIGIN"))) {
		if (dns_name_parse(value, &m->origin, &origin) != FL_OK)
			complain(m, "is not a name", value);
		else
			m->origin = origin;
	} else if (str_eq_nocase(word, STR("$TTL"))) {
		if (dns_time_parse(value, &m->ttl))
			m->has_ttl = true;
		else
			complain(m, "is not a time", value);
	} else if (str_eq_nocase(word, STR("$INCLUDE"))) {
		complain(m, "is refused: put the other file's lines here", word);
	} else if (str_eq_nocase(word, STR("$GENERATE"))) {
		complain(m, "is refused: write out the lines that it stands for", word);
	} else {
		complain(m, "is not known", word);
	}
}

/* Owner, TTL, class and type; false: told.  The data is left in *rest. */
static bool read_head(struct master *m, struct str *rest, struct dns_master_record *out)
{
	struct str word;
	struct dns_name owner;

	if (!m->indented) {
		word = take_word(rest);
		m->has_owner = dns_name_parse(word, &m->origin, &owner) == FL_OK;
		if (!m->has_owner) {
			complain(m, "is not a name", word);
			return false;
		}
		m->owner = owner;
	} else if (!m->has_owner) {
		complain(m, "the entry has no owner", NO_WORD);
		return false;
	}
	out->owner = m->owner;
	out->has_ttl = m->has_ttl;
	out->ttl = m->ttl;
	for (;;) {
		word = take_word(rest);
		if (dns_time_parse(word, &out->ttl))
			out->has_ttl = true;
		else if (!str_eq_nocase(word, STR("IN")) && !str_eq_nocase(word, STR("CLASS1")))
			break;
	}
	if (dns_type_parse(word, &out->type))
		return true;
	if (str_eq_nocase(word, STR("CH")) || str_eq_nocase(word, STR("HS")))
		complain(m, "is a class that is not served", word);
	else if (dns_type_is_of_signing(word))
		complain(m, "is of DNSSEC: domains are not signed here", word);
	else if (str_eq_nocase(word, STR("DNAME")))
		complain(m, "is not served: give each name below a CNAME of its own", word);
	else
		complain(m,
			word.n ? "is not a type that has a name here: TYPEnnn \\# LENGTH HEX takes "
				 "any"
			       : "the type is missing",
			word);
	return false;
}

static void read_entry(struct master *m)
{
	struct str rest = {m->room, m->n}, first = rest;
	struct dns_master_record record = {.line = m->at};
	struct buf data = buf_of(m->data, sizeof(m->data));
	char text[160];
	struct textbuf why = textbuf_of(text, sizeof(text));

	for (size_t i = 0; i < m->n; i++)
		if (m->room[i] == '\0')
			m->room[i] = ' '; /* data is text */
	first = take_word(&first);
	if (!first.n)
		return;
	if (!m->indented && *first.at == '$') {
		take_word(&rest);
		read_directive(m, first, rest);
		return;
	}
	if (!read_head(m, &rest, &record))
		return;
	if (dns_rdata_parse_file(record.type, rest, &m->origin, &data, &why) != FL_OK) {
		complain(m, text, NO_WORD);
		return;
	}
	record.data = data.at;
	record.n = data.n;
	m->to->record(m->to->ctx, &record);
}

void dns_master_read(struct str text, const struct dns_name *origin, char *room,
	const struct dns_master_reader *to)
{
	struct master m = {.to = to, .rest = text, .line = 1, .room = room, .origin = *origin};
	bool good;

	while (next_entry(&m, &good))
		if (good)
			read_entry(&m);
}
