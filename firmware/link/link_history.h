/* SPDX-License-Identifier: GPL-2.0-or-later */
/* link_history.h - what a link was like: a second at a time for an hour, a minute for a day, a
 * quarter of an hour for a month, and its latest events.  Pure; all of it is in the struct.
 *
 * Rings of samples of four octets, 35 KiB a link in all.  It is kept over a restart as octets with
 * the time of day they were written at, so that the pause shows as a gap. */
#ifndef FL_LINK_HISTORY_H
#define FL_LINK_HISTORY_H

#include "bytes.h"
#include "link.h"

#define LINK_HISTORY_SECONDS    3600
#define LINK_HISTORY_MINUTES    1440
#define LINK_HISTORY_QUARTERS   2976 /* 31 days */
#define LINK_HISTORY_EVENTS     24
#define LINK_HISTORY_EVENT_MAX  120
#define LINK_HISTORY_OCTETS_MAX 36000 /* of what link_history_write() writes */

enum link_history_tier {
	LINK_HISTORY_SECOND,
	LINK_HISTORY_MINUTE,
	LINK_HISTORY_QUARTER,
	LINK_HISTORY_TIERS
};

#define LINK_SAMPLE_NO_RTT  UINT16_MAX
#define LINK_SAMPLE_NO_LOSS UINT8_MAX
struct link_sample {
	uint16_t rtt;  /* mean, in tenths of a millisecond; LINK_SAMPLE_NO_RTT: no answer */
	uint8_t loss;  /* of the probes, in half percents; LINK_SAMPLE_NO_LOSS: none was settled */
	uint8_t state; /* the worst enum link_state; LINK_NONE: nobody watched */
};

struct link_history_event {
	int64_t wall; /* seconds since 1970 */
	char text[LINK_HISTORY_EVENT_MAX];
};

/* A sample of a longer span that is not whole yet. */
struct link_history_sum {
	unsigned seconds;
	uint64_t rtt;
	uint32_t rtts, settled, lost;
	uint8_t worst;
};

struct link_history {
	struct link_sample second[LINK_HISTORY_SECONDS];
	struct link_sample minute[LINK_HISTORY_MINUTES];
	struct link_sample quarter[LINK_HISTORY_QUARTERS];
	uint32_t written[LINK_HISTORY_TIERS]; /* samples ever; they go round */
	struct link_history_sum sum[LINK_HISTORY_TIERS];
	struct link_history_event event[LINK_HISTORY_EVENTS];
	uint32_t events;          /* ever */
	uint64_t answers, losses; /* of the link, when the latest sample was taken */
	mtime next;               /* when the next one is due */
};

/* Empty.  Samples are taken at whole seconds of the clock, so that all links are looked at
 * together. */
void link_history_init(struct link_history *h, mtime now);
/* To be called at h->next or later: a sample for each second that has passed.  `shown` is the state
 * that people see. */
void link_history_tick(
	struct link_history *h, mtime now, const struct link *l, enum link_state shown);
void link_history_note(struct link_history *h, int64_t wall, struct str text);

/* The sample `back` spans ago, 0 the latest whole one.  False: there is none. */
bool link_history_at(const struct link_history *h, enum link_history_tier tier, uint32_t back,
	struct link_sample *out);
/* The event `back` events ago, or NULL. */
const struct link_history_event *link_history_event(const struct link_history *h, uint32_t back);
/* Several samples as one; `out` is LINK_NONE when there are none. */
void link_history_mean(const struct link_history *h, enum link_history_tier tier, uint32_t back,
	uint32_t n, struct link_sample *out);

/* As octets, for link `name`.  `out` must have room for LINK_HISTORY_OCTETS_MAX. */
void link_history_write(
	const struct link_history *h, struct str name, int64_t wall, struct buf *out);
/* Read them back into a fresh `h`; what passed between is a gap.  FL_EFORMAT: not written by
 * link_history_write(), or for another link; `h` is empty then. */
MUST_USE enum fl_err link_history_read(
	struct link_history *h, struct str name, int64_t wall, mtime now, struct bytes in);

/* How much of it to draw. */
struct link_history_view {
	const char *title; /* "the last hour; a column is a minute" */
	enum link_history_tier tier;
	unsigned columns, each;  /* samples of a column */
	const char *from, *half; /* what stands below the left end and the middle */
};
/* As a chart of at most 80 columns, in ASCII: any terminal at a serial line can show it. */
void link_history_draw(
	const struct link_history *h, const struct link_history_view *view, const struct sink *out);

#endif
