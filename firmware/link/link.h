/* SPDX-License-Identifier: GPL-2.0-or-later */
/* link.h - is this WAN link fit to carry traffic?  Pure: no clock, no socket, no malloc.
 *
 * One struct link watches one uplink.  It is told the time, the answers to its probes and the state
 * of the carrier, and says in a struct link_out which probes to send now and what changed. Loss and
 * delay are round-trip, as defined in RFC 6673 and RFC 2681; the time-out of a probe follows RFC
 * 6298.  The head of link.c tells how the detector decides and where its numbers come from. */
#ifndef FL_LINK_H
#define FL_LINK_H

#include "addr.h"
#include "diag.h"
#include "mtime.h"
#include "rng.h"

#define LINK_TARGETS_MAX 8  /* targets of one link */
#define LINK_SENDS_MAX   8  /* probes that one call can ask for */
#define LINK_FLIGHT_MAX  64 /* probes that can be unanswered at once; older ones count as lost */
#define LINK_CAUSE_MAX   160

/* The same words everywhere: console, LED, metrics, page. */
enum link_state {
	LINK_NONE,       /* not started; a forgotten cell of the move table */
	LINK_DISABLED,   /* by setting */
	LINK_NO_CARRIER, /* no cable, or no such interface */
	LINK_DOWN,       /* carrier, but nothing answers */
	LINK_RECOVERING, /* answers came back: proving itself, then waiting out its hold-down */
	LINK_UP,
	LINK_SUSPECT,  /* up, one probe is overdue and more are on their way; never shown to people
	                */
	LINK_DEGRADED, /* up, with loss or delay above its limits */
	LINK_STANDBY,  /* up, a backup that is not needed: shown, never a state of the detector */
	LINK_STATES
};
const char *link_state_text(enum link_state s); /* "no-carrier" */

/* ---- settings ---- */

enum link_role { LINK_PRIMARY, LINK_BACKUP };
enum link_probe_method { LINK_PING, LINK_DNS };

struct link_address {
	struct origin origin;
	struct ip_prefix prefix;
};

struct link_gateway {
	struct origin origin;
	struct ip_addr addr;
};

struct link_target {
	struct origin origin;
	struct ip_addr addr;
	uint32_t method;  /* enum link_probe_method */
	struct str query; /* LINK_DNS: the name to ask for */
};

struct link_monitor_conf {
	struct link_target *targets; /* SETTINGS_LIST; in the order typed */
	size_t ntargets;
	span interval; /* between probes, over all targets together */
	span hold;     /* shortest hold-down of a recovered link */
};

struct link_conf {
	struct origin origin;
	struct str name;
	uint8_t number; /* 1..FL_LINKS_MAX; given by app, kept over commits: mark and mask bit */
	struct str interface;
	struct link_address *addresses; /* the first of a family is the link's own address */
	size_t naddresses;
	struct link_gateway *gateways; /* at most one of a family */
	size_t ngateways;
	uint32_t weight; /* 1..240; 0: follows from bandwidth */
	struct {
		uint64_t down, up; /* bit/s; 0: not said */
	} bandwidth;
	uint32_t role; /* enum link_role */
	bool disabled;
	struct link_monitor_conf monitor;
};

/* The link's own address of this family, or NULL. */
const struct ip_prefix *link_conf_address(const struct link_conf *c, uint8_t family);
const struct ip_addr *link_conf_gateway(const struct link_conf *c, uint8_t family);

/* ---- the detector ---- */

struct link_probe {
	uint8_t target; /* index into the monitor's targets */
	uint16_t seq;
};

struct link_change {
	enum link_state from, to;
	char cause[LINK_CAUSE_MAX]; /* evidence: "silence 412 ms, 9 of 9 probes lost on 3 targets,
	                               rto 48 ms" */
};

/* What one call wants done.  The caller's, overwritten by each call; nothing in it points anywhere.
 */
struct link_out {
	struct link_probe send[LINK_SENDS_MAX];
	size_t nsend;
	struct link_change change[4]; /* in order */
	size_t nchange;
	char note[LINK_CAUSE_MAX]; /* a line worth logging that is no change of state, or "" */
};

/* The estimators of one target. */
struct link_target_state {
	span srtt, rttvar; /* RFC 6298; srtt < 0: nothing measured yet */
	span peak;         /* of the round-trip time; half-life 30 min */
	uint32_t loss_ppm; /* EWMA, 1/10 a probe */
	bool demoted;      /* dead while others live: looked at every 30th probe */
	uint64_t sent, answered;
	mtime last_answer;
};

struct link {
	const struct link_conf *conf; /* not owned; see link_reconfigure() */
	enum link_state state;
	mtime since;                /* of the state */
	char cause[LINK_CAUSE_MAX]; /* of the state */
	struct link_target_state target[LINK_TARGETS_MAX];
	/* The detector's own: see link.c. */
};

/* Start watching.  `saved` is the state the link had before a restart, LINK_NONE when there is
 * none: until the first round of probes ends the link is in it, and its cause says how old it is.
 * `seed` makes the jitter.  The carrier is taken as off until link_carrier() says otherwise. */
void link_start(struct link *l, const struct link_conf *conf, mtime now, enum link_state saved,
        uint64_t seed, struct link_out *out);
/* The settings were committed anew.  Estimators and state are kept; only what changed about the
 * monitor (a target, by address, method and query) starts afresh.  `conf` replaces the old one,
 * which may be gone. */
void link_reconfigure(
        struct link *l, const struct link_conf *conf, mtime now, struct link_out *out);
/* Time has come to `now`, which never goes backwards.  Call it at link_next_due() or earlier. */
void link_tick(struct link *l, mtime now, struct link_out *out);
/* An answer to the probe with this sequence number came from the target it went to.  One that
 * nobody waits for (late, twice, never sent) is harmless: a late one is a sign of life, a second
 * one is not. */
void link_answer(struct link *l, mtime now, uint16_t seq, struct link_out *out);
/* A probe could not be sent ("no route", "no address"): it counts as lost at once. */
void link_send_failed(struct link *l, mtime now, uint16_t seq, struct link_out *out);
/* The carrier came or went, or the interface did. */
void link_carrier(struct link *l, mtime now, bool on, struct link_out *out);
/* Traffic of users: octets received on the interface so far.  A link that hears users is alive; one
 * whose users went silent is asked at once.  Called about 10 times a second when the app can;
 * optional. */
void link_heard(struct link *l, mtime now, uint64_t rx_packets, struct link_out *out);
/* End the hold-down of a recovering link now ("clear link wan1 hold"). */
void link_clear_hold(struct link *l, mtime now, struct link_out *out);
/* When link_tick() wants to be called next. */
mtime link_next_due(const struct link *l);

/* ---- for others to read ---- */

/* May the link carry new traffic?  UP, SUSPECT, DEGRADED. */
bool link_state_is_fit(enum link_state s);
bool link_is_fit(const struct link *l);
/* The state a person is shown: a SUSPECT link is what it was before; a fit backup that is not in
 * use is LINK_STANDBY. */
enum link_state link_shown_state(const struct link *l, bool in_use);
/* What `show links` prints of one link. */
struct link_figures {
	span rtt;               /* of the best target that answers; < 0: none */
	uint32_t loss_permille; /* the link's learned loss */
	span wait;              /* RECOVERING: until UP if nothing fails; else < 0 */
	span timeout;           /* the RTO in force */
	unsigned losses_needed; /* for DOWN */
	span silence_needed;    /* for DOWN */
	uint64_t sent, answered;
	unsigned downs; /* times DOWN in the last 10 minutes */
};
void link_figures(const struct link *l, mtime now, struct link_figures *out);

#endif
