/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "log.h"

void log_printf(const struct log *log, enum log_level level, const char *format, ...)
{
	char line[512];
	struct textbuf t = textbuf_of(line, sizeof(line));
	va_list ap;

	va_start(ap, format);
	textbuf_vprintf(&t, format, ap);
	va_end(ap);
	log->line(log->ctx, level, textbuf_str(&t));
}

const char *log_level_text(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return "error";
	case LOG_LEVEL_WARNING:
		return "warning";
	case LOG_LEVEL_NOTICE:
		return "notice";
	case LOG_LEVEL_INFO:
		return "info";
	case LOG_LEVEL_DEBUG:
		return "debug";
	}
	return "log";
}
