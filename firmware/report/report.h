/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report.h - what the router tells others of itself without being asked at the console: settings.
 */
#ifndef FL_REPORT_H
#define FL_REPORT_H

#include "addr.h"
#include "diag.h"
#include "log.h"

#define REPORT_SYSLOGS_MAX 4
#define REPORT_WEBS_MAX    4

/* A collector of log lines. */
struct report_syslog_conf {
	struct origin origin;
	struct ip_addr address;
	uint32_t port;
	uint32_t level; /* index of the choices; report_syslog_level() */
};

/* Where the status page is. */
struct report_web_conf {
	struct origin origin;
	struct ip_addr address;
	uint32_t port;
};

struct report_conf {
	struct report_syslog_conf *syslogs;
	size_t nsyslogs;
	struct report_web_conf *webs;
	size_t nwebs;
};

/* The least important lines that it gets. */
static inline enum log_level report_syslog_level(const struct report_syslog_conf *c)
{
	return (enum log_level)(LOG_LEVEL_ERROR + c->level);
}

#endif
