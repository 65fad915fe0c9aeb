/* SPDX-License-Identifier: GPL-2.0-or-later */
/* history.h - the lines typed before, newest first, in a fixed piece of memory. */
#ifndef FL_HISTORY_H
#define FL_HISTORY_H

#include "text.h"

#define HISTORY_OCTETS (CONFIG_CONSOLE_HISTORY * 64)

struct history {
	char text[HISTORY_OCTETS]; /* oldest first, a newline behind each */
	size_t n;
	size_t lines;
};

/* An empty line, one that does not fit, or the newest one again is not kept. */
void history_add(struct history *h, struct str line);
/* Line `back` (1: the newest).  False: there are not so many. */
bool history_get(const struct history *h, size_t back, struct str *out);
/* The first line at `from` or older that has `part` in it; 0: none. */
size_t history_search(const struct history *h, size_t from, struct str part);

#endif
