/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text.h - text that somebody else owns, and places where text goes.
 *
 * struct str is a piece of text with a length; it need not end in a zero octet.
 * struct sink is where a printer writes: a console session, a file, a buffer in a test. */
#ifndef FL_TEXT_H
#define FL_TEXT_H

#include "base.h"

#include <stdarg.h>

struct str {
	const char *at;
	size_t n;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
/* For printf: "%.*s", STR_ARG(s) */
#define STR_ARG(s) (int)(s).n, (s).at

struct str str_of(const char *zero_ended);
bool str_eq(struct str a, struct str b);
bool str_eq_nocase(struct str a, struct str b); /* ASCII letters only */
bool str_is(struct str a, const char *zero_ended);
bool str_starts(struct str a, struct str prefix);
/* Order for people: runs of digits by their value, so that wan2 stands before wan10.
 * Less than, equal to or greater than 0, as strcmp. */
int str_natural_cmp(struct str a, struct str b);
struct str str_trim(struct str s); /* without blanks at both ends */
/* Cut `s` at the first `sep`: returns what stands before it and leaves in `s` what follows. */
struct str str_cut(struct str *s, char sep);
/* The whole of `s` as a decimal number without sign.  False: not one, or above `max`. */
bool str_to_u64(struct str s, uint64_t max, uint64_t *out);
/* The number of single-letter edits that turn one into the other (Levenshtein), for "did you mean".
 * Texts over 63 octets are as far apart as can be. */
unsigned str_distance(struct str a, struct str b);

struct sink {
	void (*put)(void *ctx, const char *text, size_t n);
	void *ctx;
};

/* The `put` of a sink that takes nothing. */
void text_drop(void *ctx, const char *text, size_t n);
void sink_put(const struct sink *s, struct str text);
void sink_puts(const struct sink *s, const char *zero_ended);
/* At most 1,023 octets a call; longer text is cut. */
void sink_printf(const struct sink *s, const char *format, ...) PRINTF_LIKE(2, 3);

/* A fixed piece of text being built.  Always ends in a zero octet; what does not fit is dropped and
 * `cut` is set. */
struct textbuf {
	char *at;
	size_t n, cap; /* cap counts the zero octet */
	bool cut;
};

static inline struct textbuf textbuf_of(char *at, size_t cap)
{
	at[0] = '\0';
	return (struct textbuf){at, 0, cap, false};
}
void textbuf_put(struct textbuf *t, const char *text, size_t n);
void textbuf_printf(struct textbuf *t, const char *format, ...) PRINTF_LIKE(2, 3);
void textbuf_vprintf(struct textbuf *t, const char *format, va_list ap) PRINTF_LIKE(2, 0);
struct sink textbuf_sink(struct textbuf *t); /* `t` must outlive the sink */
static inline struct str textbuf_str(const struct textbuf *t)
{
	return (struct str){t->at, t->n};
}

#endif
