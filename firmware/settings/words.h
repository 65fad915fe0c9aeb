/* SPDX-License-Identifier: GPL-2.0-or-later */
/* words.h - the words of a configuration text, for the settings module alone. */
#ifndef FL_SETTINGS_WORDS_H
#define FL_SETTINGS_WORDS_H

#include "arena.h"
#include "text.h"

#define WORD_MAX ((size_t)4096) /* octets in one word */

struct word {
	struct str text;       /* without quotes and escapes; in the text read, or in `mem` */
	uint32_t line, column; /* both from 1; a column is a character, not an octet */
	bool quoted;           /* then it is never a keyword */
};

enum token {
	TOKEN_WORD,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_COMMA,
	TOKEN_NEWLINE,
	TOKEN_END,
	TOKEN_BAD, /* `what` and `cure` of the lexer say why */
};

struct lexer {
	const char *at, *end;
	uint32_t line, column;
	/* An unterminated quote was met: up to the end of this line only braces are tokens, so that
	 * the rest of it makes no mistakes of its own. */
	bool damaged;
	const char *what, *cure;
	struct arena *mem; /* for words whose escapes were undone */
};

/* `line`: of the first line; 0: it is no file, and the line stays 0. */
void lexer_init(struct lexer *lx, struct str text, uint32_t line, struct arena *mem);
/* The place of the token goes to `w` whatever it is. */
enum token lexer_next(struct lexer *lx, struct word *w);

/* Octets of the UTF-8 character at `at`; 0: none, or a control character.  Blanks are not handled
 * here: a tab is a control character. */
size_t utf8_char(const char *at, const char *end);

#endif
