/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every key is a row of a table.  The cursor always stands between two characters of UTF-8; only
 * well-formed, printable ones ever come in (keys.c sees to it). */
#include "line_editor.h"

#include "utf8.h"

#include <string.h>

typedef enum line_event line_action(struct line_editor *e);

struct binding {
	uint32_t code;
	line_action *act;
};

struct str line_editor_text(const struct line_editor *e)
{
	return (struct str){e->text, e->n};
}

void line_editor_init(struct line_editor *e)
{
	memset(e, 0, sizeof(*e));
}

void line_editor_reset(struct line_editor *e)
{
	e->n = e->at = e->left = 0;
	e->browsing = e->nkept = 0;
	e->too_long = e->verbatim = e->searching = e->last_was_kill = false;
}

void line_editor_ask(struct line_editor *e, bool hidden)
{
	e->asks = true;
	e->hidden = hidden;
}

void line_editor_forget(struct line_editor *e)
{
	line_editor_reset(e);
	e->asks = e->hidden = false;
	memset(e->text, 0, sizeof(e->text));
	memset(e->killed, 0, sizeof(e->killed));
	e->nkilled = 0;
}

/* ---- changing the text ---- */

bool line_editor_insert(struct line_editor *e, struct str text)
{
	if (e->too_long || text.n > sizeof(e->text) - e->n) {
		e->too_long = true;
		return false;
	}
	memmove(e->text + e->at + text.n, e->text + e->at, e->n - e->at);
	memcpy(e->text + e->at, text.at, text.n);
	e->n += text.n;
	e->at += text.n;
	return true;
}

static void cut(struct line_editor *e, size_t from, size_t to)
{
	memmove(e->text + from, e->text + to, e->n - to);
	e->n -= to - from;
	e->at = from;
}

/* Cut and remember.  A kill behind a kill joins it: backward ones in front, forward ones behind. */
static enum line_event kill_text(struct line_editor *e, size_t from, size_t to, bool backward)
{
	size_t n = to - from;

	if (!e->last_was_kill)
		e->nkilled = 0;
	if (n <= sizeof(e->killed) - e->nkilled) {
		size_t where = backward ? 0 : e->nkilled;

		memmove(e->killed + where + n, e->killed + where, e->nkilled - where);
		memcpy(e->killed + where, e->text + from, n);
		e->nkilled += n;
	}
	cut(e, from, to);
	e->last_was_kill = true;
	return LINE_EDITED;
}

static void set_line(struct line_editor *e, struct str text)
{
	e->n = text.n < sizeof(e->text) ? text.n : sizeof(e->text);
	memcpy(e->text, text.at, e->n);
	e->at = e->n;
	e->left = 0;
}

/* ---- places ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Letters, digits and everything beyond ASCII make words. */
static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (uint8_t)c >= 0x80;
}

static size_t word_start(const struct line_editor *e)
{
	size_t at = e->at;

	while (at > 0 && !is_word(e->text[at - 1]))
		at--;
	while (at > 0 && is_word(e->text[at - 1]))
		at--;
	return at;
}

static size_t word_end(const struct line_editor *e)
{
	size_t at = e->at;

	while (at < e->n && !is_word(e->text[at]))
		at++;
	while (at < e->n && is_word(e->text[at]))
		at++;
	return at;
}

static bool cursor_is_in_quotes(const struct line_editor *e)
{
	bool quoted = false;

	for (size_t i = 0; i < e->at; i++) {
		if (quoted && e->text[i] == '\\')
			i++;
		else if (e->text[i] == '"')
			quoted = !quoted;
	}
	return quoted;
}

/* ---- keys: moving ---- */

static enum line_event move_to(struct line_editor *e, size_t at)
{
	e->at = at;
	return LINE_EDITED;
}

static enum line_event go_start(struct line_editor *e)
{
	return move_to(e, 0);
}

static enum line_event go_end(struct line_editor *e)
{
	return move_to(e, e->n);
}

static enum line_event go_left(struct line_editor *e)
{
	return move_to(e, utf8_before(line_editor_text(e), e->at));
}

static enum line_event go_right(struct line_editor *e)
{
	return move_to(e, utf8_after(line_editor_text(e), e->at));
}

static enum line_event go_word_left(struct line_editor *e)
{
	return move_to(e, word_start(e));
}

static enum line_event go_word_right(struct line_editor *e)
{
	return move_to(e, word_end(e));
}

/* ---- keys: deleting ---- */

static enum line_event delete_left(struct line_editor *e)
{
	if (e->at == 0)
		return LINE_REFUSED;
	cut(e, utf8_before(line_editor_text(e), e->at), e->at);
	return LINE_EDITED;
}

static enum line_event delete_right(struct line_editor *e)
{
	if (e->at == e->n)
		return LINE_REFUSED;
	cut(e, e->at, utf8_after(line_editor_text(e), e->at));
	return LINE_EDITED;
}

static enum line_event delete_or_end(struct line_editor *e)
{
	if (e->n == 0 && !e->too_long)
		return LINE_END;
	return delete_right(e);
}

static enum line_event kill_to_end(struct line_editor *e)
{
	return kill_text(e, e->at, e->n, false);
}

static enum line_event kill_to_start(struct line_editor *e)
{
	if (e->at == e->n)
		e->too_long = false; /* all that is left of the line goes, so it can begin anew */
	return kill_text(e, 0, e->at, true);
}

static enum line_event kill_word_right(struct line_editor *e)
{
	return kill_text(e, e->at, word_end(e), false);
}

static enum line_event kill_word_left(struct line_editor *e)
{
	return kill_text(e, word_start(e), e->at, true);
}

/* Ctrl-W goes by blanks, as in every shell. */
static enum line_event kill_blank_word(struct line_editor *e)
{
	size_t from = e->at;

	while (from > 0 && is_blank(e->text[from - 1]))
		from--;
	while (from > 0 && !is_blank(e->text[from - 1]))
		from--;
	return kill_text(e, from, e->at, true);
}

static enum line_event yank(struct line_editor *e)
{
	if (e->nkilled == 0 || e->nkilled > sizeof(e->text) - e->n)
		return LINE_REFUSED;
	line_editor_insert(e, (struct str){e->killed, e->nkilled});
	return LINE_EDITED;
}

static enum line_event transpose(struct line_editor *e)
{
	struct str text = line_editor_text(e);
	size_t end = e->at == e->n ? e->n : utf8_after(text, e->at);
	size_t middle = utf8_before(text, end), start = utf8_before(text, middle);
	char first[LINE_MAX_OCTETS / 16];
	size_t n = middle - start;

	if (n == 0 || n > sizeof(first))
		return LINE_REFUSED;
	memcpy(first, e->text + start, n);
	memmove(e->text + start, e->text + middle, end - middle);
	memcpy(e->text + end - n, first, n);
	return move_to(e, end);
}

/* ---- keys: letters of a word ---- */

static char to_case(char c, bool upper)
{
	if (upper && c >= 'a' && c <= 'z')
		return (char)(c - 'a' + 'A');
	if (!upper && c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c;
}

static enum line_event change_case(struct line_editor *e, bool first_upper, bool rest_upper)
{
	size_t end = word_end(e);
	bool first = true;

	for (; e->at < end; e->at++) {
		if (!is_word(e->text[e->at]))
			continue;
		e->text[e->at] = to_case(e->text[e->at], first ? first_upper : rest_upper);
		first = false;
	}
	return LINE_EDITED;
}

static enum line_event upper_word(struct line_editor *e)
{
	return change_case(e, true, true);
}

static enum line_event lower_word(struct line_editor *e)
{
	return change_case(e, false, false);
}

static enum line_event capital_word(struct line_editor *e)
{
	return change_case(e, true, false);
}

/* ---- keys: history ---- */

static enum line_event browse_to(struct line_editor *e, size_t back)
{
	struct str line;

	if (back == e->browsing || e->asks)
		return LINE_REFUSED;
	if (back == 0) {
		line = (struct str){e->kept, e->nkept};
	} else if (!history_get(&e->history, back, &line)) {
		return LINE_REFUSED;
	} else if (e->browsing == 0) {
		memcpy(e->kept, e->text, e->n);
		e->nkept = e->n;
	}
	e->browsing = back;
	set_line(e, line);
	return LINE_EDITED;
}

static enum line_event go_older(struct line_editor *e)
{
	return browse_to(e, e->browsing + 1);
}

static enum line_event go_newer(struct line_editor *e)
{
	return e->browsing ? browse_to(e, e->browsing - 1) : LINE_REFUSED;
}

static enum line_event go_oldest(struct line_editor *e)
{
	return browse_to(e, e->history.lines);
}

static enum line_event go_newest(struct line_editor *e)
{
	return browse_to(e, 0);
}

/* ---- keys: searching the history (Ctrl-R) ---- */

static enum line_event search_begin(struct line_editor *e)
{
	if (e->asks)
		return LINE_REFUSED;
	if (e->browsing == 0) {
		memcpy(e->kept, e->text, e->n);
		e->nkept = e->n;
	}
	e->searching = true;
	e->nquery = 0;
	e->found = 0;
	return LINE_EDITED;
}

static enum line_event search_again(struct line_editor *e, size_t from)
{
	struct str line;
	size_t found = history_search(&e->history, from, (struct str){e->query, e->nquery});

	if (found == 0 || e->nquery == 0)
		return LINE_REFUSED;
	e->found = e->browsing = found;
	if (history_get(&e->history, found, &line))
		set_line(e, line);
	return LINE_EDITED;
}

static enum line_event search_type(struct line_editor *e, struct str text)
{
	if (text.n > sizeof(e->query) - e->nquery)
		return LINE_REFUSED;
	memcpy(e->query + e->nquery, text.at, text.n);
	e->nquery += text.n;
	if (search_again(e, e->found ? e->found : 1) == LINE_EDITED)
		return LINE_EDITED;
	e->nquery -= text.n;
	return LINE_REFUSED;
}

static enum line_event search_cancel(struct line_editor *e)
{
	e->searching = false;
	e->browsing = 0;
	set_line(e, (struct str){e->kept, e->nkept});
	return LINE_EDITED;
}

static enum line_event search_shorten(struct line_editor *e)
{
	if (e->nquery == 0)
		return LINE_REFUSED;
	e->nquery = utf8_before((struct str){e->query, e->nquery}, e->nquery);
	if (e->nquery)
		search_again(e, 1);
	return LINE_EDITED;
}

/* Keys while searching.  0: the key ends the search and is then a key like others. */
static enum line_event search_key(struct line_editor *e, const struct key *key)
{
	switch (key->code) {
	case KEY_TEXT:
		return search_type(e, key->text);
	case KEY_CTRL('R'):
		return search_again(e, e->found + 1);
	case KEY_CTRL('H'):
	case KEY_BACKSPACE:
		return search_shorten(e);
	case KEY_CTRL('G'):
	case KEY_CTRL('C'):
		return search_cancel(e);
	case KEY_ESCAPE:
		e->searching = false;
		return LINE_EDITED;
	default:
		e->searching = false;
		return 0;
	}
}

/* ---- keys: the others ---- */

static enum line_event accept(struct line_editor *e)
{
	if (e->too_long) {
		line_editor_reset(e);
		return LINE_TOO_LONG;
	}
	return LINE_ACCEPTED;
}

static enum line_event interrupt(struct line_editor *e)
{
	(void)e;
	return LINE_INTERRUPTED;
}

static enum line_event clear(struct line_editor *e)
{
	(void)e;
	return LINE_CLEAR;
}

static enum line_event take_verbatim(struct line_editor *e)
{
	e->verbatim = true;
	return LINE_EDITED;
}

static enum line_event paste_begin(struct line_editor *e)
{
	e->pasting = true;
	return LINE_EDITED;
}

static enum line_event paste_end(struct line_editor *e)
{
	e->pasting = false;
	return LINE_EDITED;
}

static enum line_event ignore(struct line_editor *e)
{
	(void)e;
	return LINE_EDITED;
}

/* In a paste a tab is a blank: nobody asked for a completion. */
static enum line_event tab(struct line_editor *e)
{
	if (!e->pasting && !e->asks && !cursor_is_in_quotes(e))
		return LINE_COMPLETE;
	return line_editor_insert(e, STR(" ")) ? LINE_EDITED : LINE_REFUSED;
}

static enum line_event type(struct line_editor *e, struct str text)
{
	bool question = str_eq(text, STR("?")) && !e->pasting && !e->verbatim && !e->asks;

	e->verbatim = false;
	if (question && !cursor_is_in_quotes(e))
		return LINE_HELP;
	return line_editor_insert(e, text) ? LINE_EDITED : LINE_REFUSED;
}

static const struct binding bindings[] = {
	{KEY_CTRL('A'), go_start}, {KEY_HOME, go_start}, {KEY_CTRL('E'), go_end}, {KEY_END, go_end},
	{KEY_CTRL('B'), go_left}, {KEY_LEFT, go_left}, {KEY_CTRL('F'), go_right},
	{KEY_RIGHT, go_right}, {KEY_META | 'b', go_word_left}, {KEY_META | 'B', go_word_left},
	{KEY_WORD_LEFT, go_word_left}, {KEY_META | 'f', go_word_right},
	{KEY_META | 'F', go_word_right}, {KEY_WORD_RIGHT, go_word_right},
	{KEY_CTRL('H'), delete_left}, {KEY_BACKSPACE, delete_left}, {KEY_CTRL('D'), delete_or_end},
	{KEY_DELETE, delete_right}, {KEY_CTRL('K'), kill_to_end}, {KEY_CTRL('U'), kill_to_start},
	{KEY_CTRL('W'), kill_blank_word}, {KEY_META | 'd', kill_word_right},
	{KEY_META | 'D', kill_word_right}, {KEY_META | '\b', kill_word_left},
	{KEY_META | KEY_BACKSPACE, kill_word_left}, {KEY_CTRL('Y'), yank},
	{KEY_CTRL('T'), transpose}, {KEY_META | 'u', upper_word}, {KEY_META | 'l', lower_word},
	{KEY_META | 'c', capital_word}, {KEY_CTRL('P'), go_older}, {KEY_UP, go_older},
	{KEY_CTRL('N'), go_newer}, {KEY_DOWN, go_newer}, {KEY_META | '<', go_oldest},
	{KEY_META | '>', go_newest}, {KEY_CTRL('R'), search_begin}, {KEY_CTRL('C'), interrupt},
	{KEY_CTRL('L'), clear}, {KEY_CTRL('V'), take_verbatim}, {'\t', tab}, {'\r', accept},
	{'\n', accept}, {KEY_PASTE_BEGIN, paste_begin}, {KEY_PASTE_END, paste_end},
	{KEY_CTRL('Q'), ignore}, /* flow control of terminals that send it */
	{KEY_CTRL('S'), ignore}, {KEY_ESCAPE, ignore}, {KEY_UNKNOWN, ignore},
	{0, ignore}, /* NUL fills time on old serial lines */
};

static line_action *find_binding(uint32_t code)
{
	for (size_t i = 0; i < COUNT_OF(bindings); i++)
		if (bindings[i].code == code)
			return bindings[i].act;
	return NULL;
}

static bool is_kill(line_action *act)
{
	return act == kill_to_end || act == kill_to_start || act == kill_blank_word ||
	       act == kill_word_left || act == kill_word_right;
}

enum line_event line_editor_key(struct line_editor *e, const struct key *key)
{
	line_action *act;

	if (e->searching) {
		enum line_event event = search_key(e, key);

		if (event)
			return event;
	}
	if (key->code == KEY_TEXT) {
		e->last_was_kill = false;
		return type(e, key->text);
	}
	act = find_binding(key->code);
	e->verbatim = false;
	if (!is_kill(act))
		e->last_was_kill = false;
	return act ? act(e) : LINE_REFUSED;
}
