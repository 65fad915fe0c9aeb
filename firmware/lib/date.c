/* SPDX-License-Identifier: GPL-2.0-or-later */
/* After Hinnant, "chrono-compatible low-level date algorithms": years are counted from March, so
 * that the leap day is the last of its year. */
#include "date.h"

#define DAYS_OF_ERA     146097 /* 400 years */
#define DAYS_BEFORE1970 719468 /* since 0000-03-01 */

struct date date_of(int64_t days)
{
	int64_t z = days + DAYS_BEFORE1970;
	int64_t era = (z >= 0 ? z : z - (DAYS_OF_ERA - 1)) / DAYS_OF_ERA;
	unsigned day_of_era = (unsigned)(z - era * DAYS_OF_ERA);
	unsigned year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	unsigned day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	unsigned m = (5 * day_of_year + 2) / 153;
	struct date d;

	d.day = day_of_year - (153 * m + 2) / 5 + 1;
	d.month = m < 10 ? m + 3 : m - 9;
	d.year = (int64_t)year_of_era + era * 400 + (d.month <= 2);
	return d;
}

int64_t date_days(const struct date *d)
{
	int64_t year = d->year - (d->month <= 2);
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	unsigned year_of_era = (unsigned)(year - era * 400);
	unsigned month = d->month > 2 ? d->month - 3 : d->month + 9;
	unsigned day_of_year = (153 * month + 2) / 5 + d->day - 1;
	unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * DAYS_OF_ERA + day_of_era - DAYS_BEFORE1970;
}

unsigned date_days_in_month(int64_t year, unsigned month)
{
	struct date first = {year, month, 1};
	struct date next = {year + (month == 12), month % 12 + 1, 1};

	return (unsigned)(date_days(&next) - date_days(&first));
}
