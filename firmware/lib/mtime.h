/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mtime.h - points in time and lengths of time.
 *
 * An mtime is a point on the monotonic clock of the machine, a span is the distance of two of them.
 * Both count microseconds and are structs, so that one cannot be taken for the other, nor for a
 * plain number.  Nothing here reads a clock: time is an argument everywhere (drivers/include/io.h
 * has the only clock).  63 bits of microseconds last for 292,000 years: no wrap-around. */
#ifndef FL_MTIME_H
#define FL_MTIME_H

#include "base.h"

typedef struct {
	int64_t us;
} mtime;

typedef struct {
	int64_t us;
} span;

/* Later than every other time: "no timer is running". */
#define MTIME_NEVER ((mtime){INT64_MAX})

static inline span us(int64_t n)
{
	return (span){n};
}

static inline span ms(int64_t n)
{
	return (span){n * 1000};
}

static inline span sec(int64_t n)
{
	return (span){n * 1000000};
}

static inline int64_t span_ms(span s)
{
	return s.us / 1000;
}

static inline span span_sum(span a, span b)
{
	return (span){a.us + b.us};
}

static inline span span_max(span a, span b)
{
	return a.us > b.us ? a : b;
}

static inline span span_min(span a, span b)
{
	return a.us < b.us ? a : b;
}

/* MTIME_NEVER stays MTIME_NEVER. */
static inline mtime mtime_after(mtime t, span s)
{
	return t.us == INT64_MAX ? t : (mtime){t.us + s.us};
}

/* How long after `from` `to` is; negative when it is earlier. */
static inline span mtime_between(mtime from, mtime to)
{
	return (span){to.us - from.us};
}

static inline bool mtime_before(mtime a, mtime b)
{
	return a.us < b.us;
}

/* Has the timer that was set to `due` run out? */
static inline bool mtime_reached(mtime now, mtime due)
{
	return now.us >= due.us;
}

static inline mtime mtime_first(mtime a, mtime b)
{
	return a.us < b.us ? a : b;
}

#endif
