/* SPDX-License-Identifier: GPL-2.0-or-later */
/* utf8.h - characters of UTF-8 (RFC 3629) and the cells they take on a screen. */
#ifndef FL_UTF8_H
#define FL_UTF8_H

#include "text.h"

/* The character at the start of `s`: its octets (1 to 4), or 0 when what stands there is not
 * well-formed: cut, overlong, a surrogate, beyond U+10FFFF. */
size_t utf8_take(struct str s, uint32_t *code);
/* May a terminal be sent this character?  Not a control (C0, DEL, C1), not one of the invisible
 * characters that reorder or hide text. */
bool utf8_is_printable(uint32_t code);
/* Cells: 0 (combines with the one before), 1, or 2. */
unsigned utf8_width(uint32_t code);
/* Cells of a text that is printable. */
size_t utf8_cells(struct str s);
/* The start of the character before `at`, and the start of the one behind it.  Both stay inside
 * 0..s.n; a character takes the combining ones behind it along. */
size_t utf8_before(struct str s, size_t at);
size_t utf8_after(struct str s, size_t at);
/* `in` made harmless: what is not printable (blank and tab stay) is written as "\x1b". */
void utf8_clean(struct str in, const struct sink *out);
/* How many octets of `s` can be written without cutting its last character in two. */
size_t utf8_whole(struct str s);

#endif
