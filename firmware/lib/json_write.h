/* SPDX-License-Identifier: GPL-2.0-or-later */
/* json_write.h - a JSON text (RFC 8259), written from its beginning to its end, a member a line. */
#ifndef FL_JSON_WRITE_H
#define FL_JSON_WRITE_H

#include "text.h"

/* Begins as {.out = ...}.  It does not check that brackets are closed. */
struct json_writer {
	const struct sink *out;
	unsigned depth;
	bool some; /* a member stands before the next */
};

void json_open(struct json_writer *w, const char *bracket); /* "{" or "[" */
void json_close(struct json_writer *w, const char *bracket);
/* An element of an array, or the key of a member, follows; its value is put next. */
void json_element(struct json_writer *w);
void json_key(struct json_writer *w, const char *name);
/* An object as an element of an array: its members follow, then json_close(w, "}"). */
void json_row(struct json_writer *w);
/* A list of rows, alone: from the first to the last octet. */
void json_rows_begin(struct json_writer *w);
void json_rows_end(struct json_writer *w);
/* In quotes, with escapes. */
void json_put_string(const struct sink *out, struct str text);

/* Members whole. */
void json_string(struct json_writer *w, const char *name, struct str text);
void json_number(struct json_writer *w, const char *name, int64_t value);
void json_flag(struct json_writer *w, const char *name, bool value);

#endif
