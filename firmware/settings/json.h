/* SPDX-License-Identifier: GPL-2.0-or-later */
/* json.h - a JSON text as a tree (RFC 8259).  For the settings module alone.
 *
 * Strict: no comments, no commas too many, nothing behind the value.  A member that comes twice is
 * a mistake.  Numbers are kept as they were typed. */
#ifndef FL_SETTINGS_JSON_H
#define FL_SETTINGS_JSON_H

#include "arena.h"
#include "text.h"

#define JSON_DEPTH_MAX 32

enum json_kind {
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

struct json {
	enum json_kind kind;
	struct str key;        /* of a member of an object */
	struct str text;       /* of a string, without escapes; of a number */
	struct json *first;    /* of an array or object, in the order typed */
	struct json *next;     /* in the same array or object */
	uint32_t line, column; /* from 1; of a member: of its key */
};

struct json_mistake {
	uint32_t line, column;
	const char *what; /* "a comma or \"}\" is missing" */
};

/* NULL: `why` says what is wrong; `what` is NULL when memory ran out. */
struct json *json_parse(struct str text, struct arena *mem, struct json_mistake *why);
const struct json *json_member(const struct json *object, struct str key);

#endif
