/* SPDX-License-Identifier: GPL-2.0-or-later */
/* value.h - the types of values: text in, C value out, and how to speak of them.  For the settings
 * module alone. */
#ifndef FL_SETTINGS_VALUE_H
#define FL_SETTINGS_VALUE_H

#include "settings.h"

#define VALUE_ROOM ((size_t)320) /* octets of a canonical text that differs from the one typed */

/* Why a text is no good value: "is not a number", "use 1..240". */
struct complaint {
	struct textbuf what, cure;
	char what_room[192], cure_room[320];
};

void complaint_init(struct complaint *c);

/* Read `text` into the C value at `out`, which is not written to on failure, VALUE_CUSTOM apart.
 * A VALUE_REF yields SETTING_REF_UNSET: what it points to is found when the whole is bound. */
bool value_read(const struct setting *row, struct str text, void *out, struct complaint *why);
/* Check `*text` and make it canonical: "2001:DB8::0" becomes "2001:db8::".  What differs from the
 * text given lies in `room`. */
bool value_check(
	const struct setting *row, struct str *text, char room[VALUE_ROOM], struct complaint *why);
/* What is there when nothing was set and there is no default. */
void value_clear(const struct setting *row, void *out);

/* "NUMBER", "yes | no", "LINK": what stands for the value in a syntax line. */
void value_syntax(const struct setting *row, const struct sink *out);
/* "1..240", "ping | dns"; nothing when every value of the type will do. */
void value_range(const struct setting *row, const struct sink *out);
/* "target ADDRESS METHOD [QUERY]", "weight NUMBER" */
void row_syntax(const struct setting *row, const struct sink *out);
/* Write a value as it is printed: quoted where that is needed, a secret wrapped. */
void value_put(const struct setting *row, struct str text, bool quote, const struct sink *out);

/* "use one of: ping, dns" in `cure`; words that do not fit are left out with "...". */
void words_add(struct textbuf *cure, struct str word);

/* The word nearest to a misspelt one. */
struct nearest {
	struct str to, word;
	unsigned distance;
};
struct nearest nearest_to(struct str typed);
void nearest_try(struct nearest *n, struct str word);
bool nearest_found(const struct nearest *n); /* near enough to be meant? */

#endif
