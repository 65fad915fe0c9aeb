/* SPDX-License-Identifier: GPL-2.0-or-later */
/* link_meter.h - what a metered link has carried since its reset day, and what may be spent on its
 * probes.  Pure.
 *
 * Octets are counted by the interface, both ways; those of probes are reckoned by method.  A month
 * begins at midnight UTC of the reset day, or of the last day of a shorter month. */
#ifndef FL_LINK_METER_H
#define FL_LINK_METER_H

#include "link.h"

struct link_meter {
	bool known;      /* the counters were read at least once, in this run or an earlier one */
	int64_t period;  /* when the month began, days since 1970-01-01; 0: the clock was never set
			  */
	uint64_t used;   /* octets since then */
	uint64_t probes; /* of these, for probes */
	uint64_t rx, tx; /* the interface's counters, as they were read last */
	uint32_t told;   /* how many of the marks (75, 95, 100 %) were told of */
};

/* Does a quota count for this link? */
bool link_is_metered(const struct link_conf *c);

enum link_meter_news { LINK_METER_NO_NEWS, LINK_METER_MARK, LINK_METER_NEW_MONTH };
/* The counters of the interface now; they may have begun again at 0.  `wall`: seconds since 1970,
 * which may jump.  `words` gets what is to be told, where there is something. */
enum link_meter_news link_meter_count(struct link_meter *m, const struct link_conf *c, int64_t wall,
	uint64_t rx, uint64_t tx, struct textbuf *words);
/* A probe or a service check was sent. */
void link_meter_probe(struct link_meter *m, const struct link_target *t);
bool link_meter_is_spent(const struct link_meter *m, const struct link_conf *c);
/* Between two probes, so that the month's budget lasts; at most a quarter of an hour. */
span link_meter_interval(
	const struct link_meter *m, const struct link_conf *c, int64_t wall, bool in_use);
/* "12.4 GB of 20 GB used (62 %), probes 3.1 MB, until 2026-12-01" */
void link_meter_text(const struct link_meter *m, const struct link_conf *c, struct textbuf *out);

/* ---- kept over a restart ---- */

/* A line "NAME PERIOD USED PROBES RX TX TOLD\n". */
void link_meter_write(const struct link_meter *m, struct str name, struct textbuf *out);
/* False: it is none. */
bool link_meter_read(struct str line, struct str *name, struct link_meter *out);

#endif
