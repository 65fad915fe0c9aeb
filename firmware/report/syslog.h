/* SPDX-License-Identifier: GPL-2.0-or-later */
/* syslog.h - a line of the log as a message of RFC 5424. */
#ifndef FL_SYSLOG_H
#define FL_SYSLOG_H

#include "log.h"
#include "mtime.h"

#define SYSLOG_MAX 480 /* octets: what every receiver must take (RFC 5424 6.1) */

struct syslog_line {
	enum log_level level;
	int64_t wall;    /* seconds since 1970 UTC; before 1971: the clock was never set */
	span running;    /* since the start */
	uint64_t number; /* of the line, from 1: gaps show what was lost on the way */
	struct str host, text;
};

/* "<29>1 2026-11-23T06:51:37Z gate fairlead - - [meta sequenceId="17" sysUpTime="123400"] wan1: up
 * -> down (...)".  Text that does not fit is cut, and control octets in it become question marks.
 */
void syslog_write(const struct syslog_line *l, struct textbuf *out);

#endif
