/* SPDX-License-Identifier: GPL-2.0-or-later */
/* log.h - one line for the person who reads the log at 3 a.m.
 * Levels are those of RFC 5424.  The text names who and what: "wan1: up -> down (silence 412 ms
 * ...)". */
#ifndef FL_LOG_H
#define FL_LOG_H

#include "text.h"

enum log_level {
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_NOTICE = 5,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7
};

/* Where log lines go.  `text` has no newline and is gone when the call returns. */
struct log {
	void (*line)(void *ctx, enum log_level level, struct str text);
	void *ctx;
};

/* At most 511 octets; longer text is cut. */
void log_printf(const struct log *log, enum log_level level, const char *format, ...)
	PRINTF_LIKE(3, 4);
/* "error", "warning", ... */
const char *log_level_text(enum log_level level);

#endif
