/* SPDX-License-Identifier: GPL-2.0-or-later */
/* service.h - the slow plane: is the service of a link whole, when it is alive?  Pure.
 *
 * Now and then one check of a link (`monitor service-check`) is made over it.  When it fails it is
 * made three times more within 3 s, and over the other links as well, as the control of the
 * experiment: what fails only here is a fault of this link, what fails everywhere is the trouble of
 * the service itself. */
#ifndef FL_SERVICE_H
#define FL_SERVICE_H

#include "link.h"

#define SERVICE_ASKS_MAX  (FL_LINKS_MAX + 1)
#define SERVICE_TOKEN_BIT UINT32_C(0x80000000) /* tokens of calls of the slow plane have it */
#define SERVICE_TEXT_MAX  128
#define SERVICE_WRONG_MAX 64

enum service_step { SERVICE_IDLE, SERVICE_FIRST, SERVICE_AGAIN };

/* The checks of one link. */
struct service_watch {
	enum service_step step;
	mtime due; /* of the next step; MTIME_NEVER: nothing to check */
	size_t check;
	uint16_t serial; /* of the trial */
	unsigned repeats;
	bool controlled, control_good;
	uint32_t judged; /* mask of checks of which anything is known */
	uint32_t faults; /* mask of checks that fail here only */
	uint32_t blamed; /* mask of checks that failed over every link, and that was told */
	/* By check: what came instead of the answer, as far as somebody said it. */
	char wrong[LINK_CHECKS_MAX][SERVICE_WRONG_MAX];
};

struct services {
	struct service_watch watch[FL_LINKS_MAX + 1]; /* by number */
	uint16_t serial;
};

/* All links of a router; `order` has the numbers there are. */
struct service_view {
	const struct link *link;
	const uint8_t *order;
	size_t n;
};

/* Make this check over this link. */
struct service_ask {
	uint8_t link;
	const struct link_target *check;
	uint16_t seq;
};

/* What one call wants done for link `number`. */
struct service_out {
	struct service_ask ask[SERVICE_ASKS_MAX];
	size_t nask;
	bool concluded;                 /* `failing` is news */
	char failing[SERVICE_TEXT_MAX]; /* "http www.example.org/": what fails here only; "":
					   nothing */
	bool take_down;                 /* rather than degrade */
	char note[SERVICE_TEXT_MAX + 48];
};

/* The settings are new: begin anew, one interval spread over the links from now. */
void services_configure(struct services *s, const struct service_view *v, mtime now);
/* Time has come to `now` for link `number`. */
void service_tick(struct services *s, const struct service_view *v, uint8_t number, mtime now,
	struct service_out *out);
/* A right answer to probe `seq` came in over link `over`.  *number: the link it is about; 0: none,
 * it is late. */
void service_answer(struct services *s, const struct service_view *v, uint16_t seq, uint8_t over,
	mtime now, uint8_t *number, struct service_out *out);
/* Something came over link `over` that is no answer to probe `seq`: "its certificate has expired".
 * It is lost as if nothing had come, but the words are told. */
void service_wrong_answer(struct services *s, const struct service_view *v, uint16_t seq,
	uint8_t over, const char *what);
/* The check that `seq` made, or NULL. */
const struct link_target *service_check_of(
	const struct services *s, const struct service_view *v, uint16_t seq);
/* A check of a link and what is known of it: "https www.example.org at 192.0.2.80: works". */
void service_check_text(const struct service_watch *w, const struct link_monitor_conf *m,
	size_t check, struct textbuf *out);
mtime services_next_due(const struct services *s, const struct service_view *v);

#endif
