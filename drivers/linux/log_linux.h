/* SPDX-License-Identifier: GPL-2.0-or-later */
/* log_linux.h - log lines to stderr or to syslog. */
#ifndef FL_LOG_LINUX_H
#define FL_LOG_LINUX_H

#include "log.h"

enum log_way { LOG_TO_STDERR, LOG_TO_SYSLOG };

/* Lines less important than `least` are dropped. */
struct log_linux {
	enum log_way way;
	enum log_level least;
};

/* `l` must outlive the log. */
struct log log_linux_open(const struct log_linux *l, const char *program);

#endif
