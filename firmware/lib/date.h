/* SPDX-License-Identifier: GPL-2.0-or-later */
/* date.h - days since 1970-01-01 as dates of the Gregorian calendar, and back.  UTC. */
#ifndef FL_DATE_H
#define FL_DATE_H

#include "base.h"

struct date {
	int64_t year;
	unsigned month, day; /* from 1 */
};

struct date date_of(int64_t days);
/* A day beyond the end of its month is one of the next. */
int64_t date_days(const struct date *d);
unsigned date_days_in_month(int64_t year, unsigned month);

#endif
