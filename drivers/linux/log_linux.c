/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "log_linux.h"

#include <stdio.h>
#include <syslog.h>
#include <time.h>

/* "2026-11-23 06:51:37.113 warning wan1: up -> down (...)", UTC, in one write. */
static void to_stderr(enum log_level level, struct str text)
{
	struct timespec now;
	struct tm tm;
	char when[24];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	fprintf(stderr, "%s.%03d %-7s %.*s\n", when, (int)(now.tv_nsec / 1000000),
		log_level_text(level), STR_ARG(text));
}

static void line(void *ctx, enum log_level level, struct str text)
{
	const struct log_linux *l = ctx;

	if (level > l->least)
		return;
	if (l->way == LOG_TO_SYSLOG)
		syslog((int)level, "%.*s", STR_ARG(text)); /* both number levels as RFC 5424 does */
	else
		to_stderr(level, text);
}

struct log log_linux_open(const struct log_linux *l, const char *program)
{
	if (l->way == LOG_TO_SYSLOG)
		openlog(program, LOG_PID, LOG_DAEMON);
	return (struct log){line, (void *)(uintptr_t)l};
}
