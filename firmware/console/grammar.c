/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grammar.h"

#include <string.h>

/* How well a word fits. */
enum fit { FIT_NONE, FIT_ARGUMENT, FIT_BEGINNING, FIT_WHOLE };

/* ---- the words of a grammar ---- */

static struct str next_word(const char **left)
{
	const char *at = *left;
	size_t n;

	at += strspn(at, " ");
	n = strcspn(at, " ");
	*left = at + n;
	return (struct str){at, n};
}

static bool is_argument(struct str word)
{
	return word.n && word.at[0] >= 'A' && word.at[0] <= 'Z';
}

static bool is_rest(struct str word)
{
	return word.n > 3 && str_is((struct str){word.at + word.n - 3, 3}, "...");
}

/* ---- offers ---- */

static void offer_add(struct grammar_match *m, const struct settings_choice *c)
{
	for (size_t i = 0; i < m->noffers; i++)
		if (str_eq(m->offers[i].word, c->word) && str_eq(m->offers[i].help, c->help))
			return;
	if (m->noffers < GRAMMAR_OFFERS_MAX)
		m->offers[m->noffers++] = *c;
}

/* Add `more` to the words in c->help. */
static void offer_join(
	const struct grammar *g, struct settings_choice *c, struct str more, const char *between)
{
	size_t room = c->help.n + more.n + 3;
	struct textbuf t;
	char *text;

	if (more.n == 0 || c->help.n > 160)
		return;
	for (struct str rest = c->help; rest.n;)
		if (str_eq(str_trim(str_cut(&rest, ',')), more))
			return;
	text = arena_alloc(g->mem, room);
	if (!text)
		return;
	t = textbuf_of(text, room);
	textbuf_printf(&t, "%.*s%s%.*s", STR_ARG(c->help), between, STR_ARG(more));
	c->help = textbuf_str(&t);
}

/* What follows `word` in the grammar of a row; false: the row does not go on with it. */
static bool follows(const struct grammar_row *row, struct str word, struct str *more)
{
	const char *left = row->left;

	if (!str_eq(next_word(&left), word))
		return false;
	*more = str_trim(str_of(left));
	return true;
}

/* Whole words only. */
static bool begins_with(struct str more, struct str beginning)
{
	return str_starts(more, beginning) &&
	       (more.n == beginning.n || beginning.n == 0 || more.at[beginning.n] == ' ');
}

/* The words that all rows have in common behind `word`. */
static struct str common_words(const struct grammar_match *m, struct str word)
{
	struct str common = {"", 0}, more;
	bool any = false;

	for (size_t i = 0; i < m->nrows; i++) {
		if (!follows(&m->rows[i], word, &more))
			continue;
		if (!any)
			common = more;
		any = true;
		while (!begins_with(more, common))
			while (common.n && common.at[--common.n] != ' ')
				;
	}
	return common;
}

/* The help of a word: of the command that all others with it go on from; where there is none, what
 * can follow says it best: "NAME enable, standby, drain". */
static struct str literal_help(const struct grammar *g, struct grammar_match *m, struct str word)
{
	struct str common = common_words(m, word), more;
	struct settings_choice words = {.help = common};
	const struct console_command *only = NULL;
	size_t n = 0;

	for (size_t i = 0; i < m->nrows; i++) {
		const char *left;

		if (!follows(&m->rows[i], word, &more))
			continue;
		left = more.at + common.n;
		only = m->rows[i].command;
		more = next_word(&left);
		if (more.n == 0 || (common.n == 0 && is_rest(more)))
			return str_of(only->help);
		if (n++ == 0 && common.n == 0)
			words.help = more;
		else
			offer_join(g, &words, more, n == 1 ? " " : ", ");
	}
	return n == 1 ? str_of(only->help) : words.help;
}

static void offer_literal(
	const struct grammar *g, struct grammar_match *m, const struct grammar_row *row)
{
	const char *left = row->left;
	struct settings_choice c = {.word = next_word(&left)};

	for (size_t i = 0; i < m->noffers; i++)
		if (str_eq(m->offers[i].word, c.word))
			return;
	c.help = literal_help(g, m, c.word);
	offer_add(m, &c);
}

/* Does the row go on with argument `name`, and with no other one behind it? */
static bool ends_with_argument(const struct grammar_row *row, struct str name)
{
	const char *left = row->left;

	if (!str_eq(next_word(&left), name))
		return false;
	while (*left)
		if (is_argument(next_word(&left)))
			return false;
	return true;
}

/* What completes the next argument of a row: its own words if that is its last one, else those of a
 * shorter row of the module that goes on with an argument of the same name. */
static console_words *words_of(const struct grammar_match *m, const struct grammar_row *row)
{
	const char *left = row->left;
	struct str name = next_word(&left);

	if (row->command->words && ends_with_argument(row, name))
		return row->command->words;
	for (size_t i = 0; i < m->nrows; i++) {
		const struct grammar_row *r = &m->rows[i];

		if (r->module == row->module && r->command->words && ends_with_argument(r, name))
			return r->command->words;
	}
	return NULL;
}

/* The words that are known for an argument.  Without any its name says what is wanted. */
static void offer_argument(
	const struct grammar *g, struct grammar_match *m, const struct grammar_row *row)
{
	const char *left = row->left;
	struct str name = next_word(&left);
	console_words *words = words_of(m, row);
	struct settings_choice c = {.is_value = false};
	size_t n = 0;

	for (; words && n < GRAMMAR_OFFERS_MAX && words(row->module, n, &c); n++) {
		c.is_value = false;
		c.word = line_word_quote(c.word, g->mem);
		offer_add(m, &c);
		c = (struct settings_choice){.is_value = false};
	}
	if (n == 0)
		offer_add(m, &(struct settings_choice){.help = name, .is_value = true});
}

static void offer_rest(const struct grammar *g, struct grammar_match *m,
	const struct grammar_row *row, struct str typed, struct str partial)
{
	const char *left = row->left;
	struct settings_choice *list = NULL;
	size_t n = GRAMMAR_FREE_TEXT;
	bool end = true;

	if (g->rest)
		list = ARENA_NEWS(g->mem, struct settings_choice, GRAMMAR_OFFERS_MAX);
	if (list)
		n = g->rest(g->rest_ctx, row->command, typed, partial, g->mem, list,
			GRAMMAR_OFFERS_MAX, &end);
	m->end |= end;
	if (n == GRAMMAR_FREE_TEXT) {
		offer_add(m, &(struct settings_choice){.help = next_word(&left), .is_value = true});
		return;
	}
	for (size_t i = 0; i < n && i < GRAMMAR_OFFERS_MAX; i++)
		offer_add(m, &list[i]);
}

/* The part of the rest that stands before the word at `at`. */
static struct str typed_rest(const struct grammar_row *row, struct str line, size_t at)
{
	size_t from = row->rest_at < at ? row->rest_at : at;

	return str_trim((struct str){line.at + from, at - from});
}

/* All ways to go on with one row at octet `at` of the line. */
static void offer_row(const struct grammar *g, struct grammar_match *m,
	const struct grammar_row *row, struct str line, size_t at, struct str partial)
{
	const char *left = row->left;
	struct str word = next_word(&left);

	if (word.n == 0)
		m->end = true;
	else if (is_rest(word))
		offer_rest(g, m, row, typed_rest(row, line, at), partial);
	else if (is_argument(word))
		offer_argument(g, m, row);
	else if (str_starts(word, partial))
		offer_literal(g, m, row);
}

static bool offers_begin(struct grammar_match *m)
{
	m->noffers = 0;
	m->end = false;
	return m->offers != NULL;
}

/* Only what begins with `partial`; values of one's own stay. */
static void offers_keep(struct grammar_match *m, struct str partial)
{
	size_t n = 0;

	for (size_t i = 0; i < m->noffers; i++)
		if ((m->offers[i].is_value && m->offers[i].word.n == 0) ||
			str_starts(m->offers[i].word, partial))
			m->offers[n++] = m->offers[i];
	m->noffers = n;
}

static void offer_all(const struct grammar *g, struct grammar_match *m, struct str line, size_t at,
	struct str partial)
{
	if (!offers_begin(m))
		return;
	for (size_t i = 0; i < m->nrows; i++)
		offer_row(g, m, &m->rows[i], line, at, partial);
	offers_keep(m, partial);
}

/* ---- walking ---- */

static void rows_add(
	const struct grammar *g, struct grammar_match *m, const struct console_module *l)
{
	for (; l && l->commands; l++)
		for (const struct console_command *c = l->commands; c->grammar; c++) {
			if (!(c->mode & g->mode & CONSOLE_ANY) || m->nrows == GRAMMAR_ROWS_MAX)
				continue;
			if (c->mode & CONSOLE_CHANGES && !g->may_change)
				continue;
			m->rows[m->nrows++] =
				(struct grammar_row){c, l->module, c->grammar, SIZE_MAX};
		}
}

static void begin(const struct grammar *g, struct grammar_match *m)
{
	memset(m, 0, offsetof(struct grammar_match, rows));
	m->nrows = 0;
	m->offers = ARENA_NEWS(g->mem, struct settings_choice, GRAMMAR_OFFERS_MAX);
	rows_add(g, m, g->lists[0]);
	rows_add(g, m, g->lists[1]);
}

static enum fit fit_literal(struct str literal, struct str word)
{
	if (str_eq(literal, word))
		return FIT_WHOLE;
	return str_starts(literal, word) ? FIT_BEGINNING : FIT_NONE;
}

/* The best fit among what a row offers for an argument or a rest. */
static enum fit fit_offers(const struct grammar_match *m, struct str word)
{
	enum fit best = FIT_ARGUMENT;

	for (size_t i = 0; i < m->noffers; i++) {
		enum fit fit = fit_literal(m->offers[i].word, word);

		if (m->offers[i].is_value && fit == FIT_BEGINNING)
			fit = FIT_ARGUMENT;
		if (m->offers[i].word.n && fit > best)
			best = fit;
	}
	return best;
}

static enum fit fit_row(const struct grammar *g, struct grammar_match *m,
	const struct grammar_row *row, struct str line, const struct line_word *w, struct str word)
{
	const char *left = row->left;
	struct str want = next_word(&left);
	enum fit fit;

	if (want.n == 0)
		return FIT_NONE;
	if (!is_argument(want)) {
		fit = w->quoted ? FIT_NONE : fit_literal(want, word);
		if (fit == FIT_BEGINNING && row->command->mode & CONSOLE_SPELLED &&
			row->left == row->command->grammar)
			fit = FIT_NONE;
		return fit;
	}
	if (m->nrows == 1 || !offers_begin(m))
		return FIT_ARGUMENT; /* nothing to tell apart */
	offer_row(g, m, row, line, w->start, word);
	fit = fit_offers(m, word);
	/* A name is typed whole: a beginning of one might be another one. */
	return fit == FIT_BEGINNING && !is_rest(want) ? FIT_ARGUMENT : fit;
}

/* Of rows that fit by a beginning all must mean the same word. */
static bool is_one_word(const struct grammar *g, struct grammar_match *m, const enum fit *fits,
	struct str line, const struct line_word *w, struct str word)
{
	size_t distinct = 0;

	if (!offers_begin(m))
		return true;
	for (size_t i = 0; i < m->nrows; i++)
		if (fits[i] == FIT_BEGINNING)
			offer_row(g, m, &m->rows[i], line, w->start, word);
	offers_keep(m, word);
	for (size_t i = 0; i < m->noffers; i++) {
		bool seen = m->offers[i].word.n == 0;

		for (size_t j = 0; j < i; j++)
			seen |= str_eq(m->offers[j].word, m->offers[i].word);
		distinct += !seen;
	}
	return distinct <= 1;
}

static void row_advance(struct grammar_row *row, size_t word_at)
{
	const char *left = row->left;

	if (is_rest(next_word(&left))) {
		if (row->rest_at == SIZE_MAX)
			row->rest_at = word_at;
	} else {
		row->left = left;
	}
}

static void rows_keep(struct grammar_match *m, const enum fit *fits, enum fit best, size_t word_at)
{
	size_t n = 0;

	for (size_t i = 0; i < m->nrows; i++)
		if (fits[i] == best) {
			m->rows[n] = m->rows[i];
			row_advance(&m->rows[n++], word_at);
		}
	m->nrows = n;
}

static void find_nearest(const struct grammar *g, struct grammar_match *m, struct str line,
	const struct line_word *w, struct str word)
{
	unsigned best = word.n > 3 ? 3 : 2; /* fewer edits are taken for a slip */

	offer_all(g, m, line, w->start, STR(""));
	for (size_t i = 0; i < m->noffers; i++) {
		unsigned d = str_distance(m->offers[i].word, word);

		if (m->offers[i].word.n && d < best) {
			best = d;
			m->nearest = m->offers[i].word;
		}
	}
}

/* Walk over one word.  False: m->result says what is wrong with it. */
static bool walk(const struct grammar *g, struct grammar_match *m, struct str line,
	const struct line_word *w)
{
	struct str word = line_word_text(line, w, g->mem);
	enum fit fits[GRAMMAR_ROWS_MAX], best = FIT_NONE;

	m->bad = *w;
	for (size_t i = 0; i < m->nrows; i++) {
		fits[i] = fit_row(g, m, &m->rows[i], line, w, word);
		if (fits[i] > best)
			best = fits[i];
	}
	if (best == FIT_NONE) {
		m->result = GRAMMAR_UNKNOWN;
		find_nearest(g, m, line, w, word);
		return false;
	}
	if (best == FIT_BEGINNING && !is_one_word(g, m, fits, line, w, word)) {
		m->result = GRAMMAR_AMBIGUOUS;
		return false;
	}
	rows_keep(m, fits, best, w->start);
	return true;
}

/* ---- what a line means ---- */

static bool row_may_end(const struct grammar_row *row)
{
	const char *left = row->left;
	struct str word = next_word(&left);

	return word.n == 0 || is_rest(word);
}

/* The words of the line that stand for capitals of the row. */
static void take_arguments(const struct grammar *g, struct grammar_match *m,
	const struct grammar_row *row, struct str line)
{
	const char *left = row->command->grammar;
	struct line_word w;
	size_t at = 0;

	for (struct str want = next_word(&left); want.n; want = next_word(&left)) {
		if (is_rest(want)) {
			m->rest = str_trim((struct str){line.at + at, line.n - at});
			return;
		}
		if (!line_word_next(line, &at, &w))
			return;
		if (is_argument(want) && m->nargs < CONSOLE_ARGS_MAX)
			m->arg[m->nargs++] = line_word_text(line, &w, g->mem);
	}
}

void grammar_find(const struct grammar *g, struct str line, struct grammar_match *m)
{
	struct line_word w;
	size_t at = 0;

	begin(g, m);
	while (line_word_next(line, &at, &w)) {
		if (w.open) {
			m->bad = w;
			m->result = GRAMMAR_OPEN_QUOTE;
			return;
		}
		/* Free text is not looked at. */
		if (m->nrows == 1 && m->rows[0].rest_at != SIZE_MAX)
			continue;
		if (!walk(g, m, line, &w))
			return;
	}
	for (size_t i = 0; i < m->nrows; i++)
		if (row_may_end(&m->rows[i])) {
			m->result = g->mem->full ? GRAMMAR_TOO_MANY : GRAMMAR_FOUND;
			m->command = m->rows[i].command;
			m->module = m->rows[i].module;
			take_arguments(g, m, &m->rows[i], line);
			return;
		}
	m->result = GRAMMAR_INCOMPLETE;
	offer_all(g, m, line, line.n, STR(""));
}

void grammar_offer(
	const struct grammar *g, struct str line, struct grammar_match *m, size_t *partial)
{
	struct line_word w, last = {.start = line.n, .end = line.n};
	size_t at = 0, done = 0;
	struct str begun;

	begin(g, m);
	m->result = GRAMMAR_FOUND;
	while (line_word_next(line, &at, &w)) {
		last = w;
		done = w.end;
	}
	if (done < line.n) /* a blank behind it: the next word has not begun */
		last = (struct line_word){.start = line.n, .end = line.n};
	*partial = last.start;
	for (at = 0; line_word_next(line, &at, &w) && w.start < last.start;)
		if (!walk(g, m, line, &w))
			return;
	begun = line_word_text(line, &last, g->mem);
	offer_all(g, m, line, last.start, begun);
}
