/* SPDX-License-Identifier: GPL-2.0-or-later */
/* line_words.h - a typed line as words: blanks part them, quotes as in settings.h hold them
 * together.
 */
#ifndef FL_LINE_WORDS_H
#define FL_LINE_WORDS_H

#include "arena.h"
#include "text.h"

struct line_word {
	size_t start, end; /* octets of the line, quotes included */
	bool quoted;
	bool open; /* the closing quote is missing */
};

/* The next word at or behind `*at`, which moves behind it.  A "|" at the start of a word is a word
 * of its own.  False: there is none. */
bool line_word_next(struct str line, size_t *at, struct line_word *out);
struct str line_word_raw(struct str line, const struct line_word *w);
/* Without quotes and backslashes; a copy in `mem` where there were any.  Empty when out of memory.
 */
struct str line_word_text(struct str line, const struct line_word *w, struct arena *mem);
/* Is the word a "|" that parts a command from a filter? */
bool line_word_is_pipe(struct str line, const struct line_word *w);
/* The place of the first such "|" at or behind `from`; line.n: none. */
size_t line_find_pipe(struct str line, size_t from);
/* The place of the first "|" outside of quotes, also inside a word ("show|count"); line.n: none. */
size_t line_find_first_pipe(struct str line);
/* `word` as it must be typed: in quotes where it needs them. */
struct str line_word_quote(struct str word, struct arena *mem);

#endif
