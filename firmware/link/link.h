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
#include "arena.h"
#include "diag.h"
#include "mtime.h"
#include "rng.h"

#define LINK_TARGETS_MAX CONFIG_LINK_TARGETS /* targets of one link */
#define LINK_SENDS_MAX   8                   /* probes that one call can ask for */
#define LINK_FLIGHT_MAX                                                                            \
	CONFIG_LINK_FLIGHT /* probes that can be unanswered at once; older ones count as lost */
#define LINK_CAUSE_MAX 160

/* The same words everywhere: console, LED, metrics, page. */
enum link_state {
	LINK_NONE,       /* not started; a forgotten cell of the move table */
	LINK_DISABLED,   /* by setting */
	LINK_NO_CARRIER, /* no cable, or no such interface */
	LINK_DOWN,       /* carrier, but nothing answers */
	LINK_RECOVERING, /* answers came back: proving itself, then waiting out its hold-down */
	LINK_UP,
	LINK_SUSPECT,  /* up; a probe is overdue, more are on their way; not shown to people */
	LINK_DEGRADED, /* up, with loss or delay above its limits */
	LINK_STANDBY,  /* up, a backup that is not needed: shown, never a state of the detector */
	LINK_STATES
};
const char *link_state_text(enum link_state s); /* "no-carrier" */

#define LINK_SPAN_TEXT_MAX 24
/* A length of time for people: "412 ms", "12.3 s", "14 min", "3 h 12 min", "6 d 3 h".  Returns
 * `out`.
 */
const char *link_span_text(span s, char out[LINK_SPAN_TEXT_MAX]);

/* ---- settings ---- */

enum link_role { LINK_PRIMARY, LINK_BACKUP };
/* What becomes of the connections on a backup that is not needed any more. */
enum link_fail_back { LINK_KEEP, LINK_DRAIN, LINK_CUT };
enum link_probe_method {
	LINK_PING, /* ICMP or ICMPv6 echo */
	LINK_DNS,  /* a query over UDP */
	LINK_TCP,  /* a connection that is accepted or reset */
	LINK_HTTP, /* a page */
	/* Of service checks only. */
	LINK_HTTPS, /* a page over TLS */
	LINK_MTU,   /* an ICMP echo of full size that may not be cut into fragments */
};
const char *link_method_text(enum link_probe_method m); /* "ping" */

struct link_address {
	struct origin origin;
	struct ip_prefix prefix;
};

struct link_gateway {
	struct origin origin;
	struct ip_addr addr;
};

struct link_resolver {
	struct origin origin;
	struct ip_addr addr;
};

struct link_target {
	struct origin origin;
	struct ip_addr addr;
	uint32_t method;   /* enum link_probe_method */
	struct str query;  /* the name to ask for, the port, HOST[:PORT]/PATH or the size */
	struct str expect; /* LINK_HTTP, LINK_HTTPS: what the page must hold, or its status */
	bool verify;       /* LINK_HTTPS: the certificate */
};

enum link_on_service_fail { LINK_SERVICE_IGNORE, LINK_SERVICE_DEGRADE, LINK_SERVICE_DOWN };
#define LINK_CHECKS_MAX 4

struct link_monitor_conf {
	struct link_target *targets; /* SETTINGS_LIST; in the order typed */
	size_t ntargets;
	span interval;              /* between probes, over all targets together */
	span hold;                  /* shortest hold-down of a recovered link */
	struct link_target *checks; /* SETTINGS_LIST; of the service */
	size_t nchecks;
	span service_interval;    /* between two of them, over all together */
	uint32_t on_service_fail; /* enum link_on_service_fail */
};

/* What the provider gives while the link runs (lease.h), beside addresses and gateways. */
#define LINK_RESOLVERS_MAX 6
#define LINK_PREFIXES_MAX  2
struct link_given {
	bool addressed; /* an address at least */
	struct ip_addr resolvers[LINK_RESOLVERS_MAX];
	size_t nresolvers;
	struct ip_prefix prefixes[LINK_PREFIXES_MAX]; /* delegated to us */
	size_t nprefixes;
	uint32_t mtu; /* 0: not said */
};

struct link_pppoe {
	struct str user, password, service;
};

/* What becomes of an IPv6 source that the link's provider does not know. */
enum link_translation { LINK_NAT66, LINK_NPTV6 };

struct link_conf {
	struct origin origin;
	struct str name;
	uint8_t number; /* 1..FL_LINKS_MAX; given by app, kept over commits: mark and mask bit */
	/* The device that packets of the link leave by; what was typed is `port`, and `under` is
	 * what PPP runs over: the port, or a VLAN on it. */
	struct str interface, under, port;
	uint32_t vlan;           /* 0: none */
	uint32_t mtu;            /* 0: as it is, or as the provider says */
	bool dhcp;               /* addresses come by DHCP and router advertisements */
	struct link_pppoe pppoe; /* user empty: no PPPoE */
	/* Where addresses come from leases: what was typed, and what was given beside addresses and
	 * gateways.  `given` NULL: all is as typed. */
	struct link_address *typed_addresses;
	size_t ntyped_addresses;
	struct link_gateway *typed_gateways;
	size_t ntyped_gateways;
	struct link_given *given;
	struct link_address *addresses; /* the first of a family is the link's own address */
	size_t naddresses;
	struct link_gateway *gateways; /* at most one of a family */
	size_t ngateways;
	struct link_resolver *resolvers; /* typed; none: those of the lease */
	size_t nresolvers;
	struct ip_prefix prefix; /* that the provider routes to us, typed; family 0: none */
	uint32_t translation;    /* enum link_translation, of IPv6 */
	uint32_t weight;         /* 1..240; 0: follows from bandwidth */
	struct {
		uint64_t down, up; /* bit/s; 0: not said */
	} bandwidth;
	bool shaping;       /* the router itself keeps to it, in both directions */
	uint32_t role;      /* enum link_role */
	uint32_t fail_back; /* enum link_fail_back */
	span drain_time;
	bool disabled;
	struct {
		uint64_t quota; /* octets a month; 0: the link is not metered */
		uint32_t reset_day;
		uint64_t probe_budget; /* octets a month; 0: no limit */
		span interval, standby_interval;
	} metered;
	struct link_monitor_conf monitor;
};

/* Name the device that lies over `c->interface`, which becomes the port: "eth0.10", "ppp-wan1". */
MUST_USE enum fl_err link_conf_device(struct link_conf *c, struct arena *mem);
/* The name of the VLAN device over `port`. */
#define LINK_DEVICE_MAX 15 /* octets in the name of an interface */
MUST_USE enum fl_err link_vlan_device(
	struct str port, uint32_t vlan, struct arena *mem, struct str *out);
/* Tell what is wrong with a link (a struct link_conf), or unwise; the cure of each as well. */
void link_check(const void *link, struct diags *why);
/* Do the addresses come from the provider while the link runs? */
bool link_conf_is_leased(const struct link_conf *c);
/* ... and has none come? */
bool link_conf_awaits_address(const struct link_conf *c);
/* The MTU that its device is to have: as typed, else as the provider says; 0: as it is. */
uint32_t link_conf_mtu(const struct link_conf *c);
/* The prefixes that the provider routes to us. */
const struct ip_prefix *link_conf_prefixes(const struct link_conf *c, size_t *n);
/* The link's own address of this family, or NULL. */
const struct ip_prefix *link_conf_address(const struct link_conf *c, uint8_t family);
const struct ip_addr *link_conf_gateway(const struct link_conf *c, uint8_t family);
/* The one of these that has this number; NULL: none has, and none has 0. */
const struct link_conf *link_conf_numbered(
	const struct link_conf *links, size_t nlinks, unsigned number);

/* ---- the detector ---- */

struct link_probe {
	uint8_t target; /* index into the monitor's targets */
	uint16_t seq;
};

struct link_change {
	enum link_state from, to;
	/* Evidence: "silence 412 ms, 9 of 9 probes lost on 3 targets, rto 48 ms". */
	char cause[LINK_CAUSE_MAX];
};

/* What is at the link's interface. */
enum link_cable { LINK_UNPLUGGED, LINK_PLUGGED, LINK_NO_INTERFACE };

/* What one call wants done.  The caller's, overwritten by each call; nothing in it points anywhere.
 */
struct link_out {
	struct link_probe send[LINK_SENDS_MAX];
	size_t nsend;
	struct link_change change[4]; /* in order */
	size_t nchange;
	bool target_silent; /* `target` is not believed any more */
	uint8_t target;
	bool ask_gateway;          /* are the link's gateways there?  See link_gateway_heard() */
	bool families_changed;     /* link_carries() says something else than before */
	char note[LINK_CAUSE_MAX]; /* a line worth logging that is no change of state, or "" */
};

/* The estimators of one target. */
struct link_target_state {
	span srtt, rttvar; /* RFC 6298; srtt < 0: nothing measured yet */
	span peak;         /* of the round-trip time, as it was at peak_at; half-life 30 min */
	mtime peak_at;
	uint32_t loss_ppm; /* EWMA, 1/10 a probe */
	bool demoted;      /* dead while others live: looked at every 30th probe */
	uint64_t sent, answered;
	mtime last_answer; /* MTIME_NEVER: none yet */
	/* Which target this is, so that it is known again after a commit. */
	struct ip_addr addr;
	uint32_t method;
	uint64_t query_hash; /* of what is expected as well */
	char wrong[48]; /* what came instead of the answer, the last time: "a redirect (302)" */
};

/* A probe on its way, or not long ago. */
struct link_flight {
	mtime sent;
	mtime due; /* unanswered then: lost */
	uint16_t seq;
	uint8_t target;
	uint8_t fate; /* these two: enums in link_internal.h */
	uint8_t kind;
	bool recorded; /* the loss estimates know of it */
};

/* Probes lost one after another while the link should be alive. */
struct link_row {
	bool running;
	uint16_t first;     /* sequence number of the first of them */
	mtime since;        /* when that one was sent */
	unsigned asked;     /* probes of the burst that were sent since */
	unsigned lost;      /* probes unanswered in time, with the first */
	unsigned unsent;    /* of these, refused by the driver */
	uint32_t targets;   /* mask of the targets that did not answer */
	unsigned need;      /* losses wanted for DOWN */
	span silence, wait; /* silence wanted for DOWN; time-out of each probe */
};

/* A link that must show that it works before it may carry traffic. */
struct link_proof {
	mtime since;
	bool first; /* of a link that never failed: a few answers and no hold-down */
	unsigned probes, lost_max;
	unsigned sent, answered;
	uint8_t lost[LINK_TARGETS_MAX]; /* by target */
	uint32_t heard;                 /* mask of the targets that answered */
	span hold;
	mtime hold_until;
	bool cleared; /* by the administrator */
};

/* Learned loss, parts in 10^9: EWMA over 50 and over 500 probes. */
struct link_loss {
	int32_t fast, slow;
};

struct link_quality {
	int32_t score; /* Page's CUSUM, thousandths */
	bool lossy, slow;
	bool service;     /* a check of the service fails over this link only */
	int64_t usual_ns; /* long-time median of the round-trip time */
	uint32_t samples; /* of it, up to a limit */
	span rtt;         /* the latest */
	mtime crossed; /* since when it is beyond the limit that counts; MTIME_NEVER: it is not */
};

/* What users' packets tell. */
struct link_users {
	bool known;
	mtime at; /* of the last report */
	uint64_t rx_packets;
	uint64_t answers; /* to probes, up to then: they are not users' packets */
	uint32_t rate;    /* packets per 1,000 s, averaged */
	mtime heard;      /* when the last report that had some came */
	bool asked;       /* this silence was asked about */
	mtime ask_again;  /* not before */
};

/* Every target asked once, for a person. */
enum link_test_result {
	LINK_TEST_NONE, /* never asked */
	LINK_TEST_WAITING,
	LINK_TEST_ANSWERED,
	LINK_TEST_LOST,
	LINK_TEST_UNSENT
};
struct link_test {
	mtime begun;
	struct {
		uint16_t seq;
		uint8_t result; /* enum link_test_result */
		span rtt;       /* LINK_TEST_ANSWERED */
	} of[LINK_TARGETS_MAX];
};

/* IPv4 or IPv6 of a link that has targets of both; see link_family.c. */
enum link_family_state {
	LINK_FAMILY_LIVE, /* also where there is nothing to tell them apart by */
	LINK_FAMILY_ASKED,
	LINK_FAMILY_DEAD,
	LINK_FAMILY_PROVING
};
struct link_family {
	enum link_family_state state;
	unsigned lost; /* in a row; of a proof, in all */
	mtime silent_since, next_send;
	size_t turn; /* the target asked last */
	mtime proof_since, hold_until;
	unsigned sent, answered; /* of a proof */
	mtime down_at;           /* the last failure, and how many followed closely */
	unsigned downs;
};

/* What the provider's router on the segment says to requests for its hardware address. */
enum link_gateway_word { LINK_GATEWAY_UNKNOWN, LINK_GATEWAY_ANSWERS, LINK_GATEWAY_SILENT };
struct link_gateway_state {
	enum link_gateway_word says;
	mtime at;            /* of its last word */
	struct ip_addr addr; /* whose it was */
};

#define LINK_DOWNS_KEPT 8

struct link {
	const struct link_conf *conf; /* not owned; see link_reconfigure() */
	enum link_state state;
	mtime since; /* of the state; a moment of SUSPECT changes neither this nor the cause */
	char cause[LINK_CAUSE_MAX]; /* of the state */
	struct link_target_state target[LINK_TARGETS_MAX];

	/* The detector's own: see link.c. */
	enum link_state before; /* SUSPECT: what the link was before */
	bool carrier, fresh;    /* carrier: packets can be sent; fresh: it never failed */
	enum link_cable cable;  /* with `unaddressed`, what `carrier` follows from */
	bool unaddressed;
	bool saved;       /* in its state before the restart, no answer yet */
	mtime carrier_by; /* a saved state ends here if nobody says that there is a carrier */
	mtime dead_since; /* DOWN, RECOVERING: the start of the silence */
	span pace;        /* between probes by the clock; 0: as the settings say */
	bool resting;     /* metered and not in use: no service checks */
	bool spent;       /* its quota is: it is a backup */
	mtime next_send;
	mtime credited; /* when `credit` was right */
	span credit;    /* of the probe budget; a probe costs a part of a second */
	size_t ntargets;
	size_t turn;       /* the target asked last */
	unsigned regulars; /* regular probes, modulo the look at a demoted target */
	uint64_t answers;  /* from all targets */
	uint64_t losses;   /* probes unanswered in time */
	mtime answered;    /* when the last one came */
	mtime alive_sent;  /* when the youngest probe that was answered was sent */
	struct link_loss loss;
	span gap; /* the longest silence that healed itself, as it was at gap_at */
	mtime gap_at;
	struct link_quality quality;
	struct link_row row;
	struct link_proof proof;
	char service[128]; /* what fails of the service, "": nothing */
	bool service_dead; /* for which the link is down */
	struct link_users users;
	struct link_family family[2];         /* IPv4, IPv6 */
	struct link_gateway_state gateway[2]; /* of IPv4, of IPv6 */
	mtime gateway_asked, gateway_due;
	struct link_test test;
	mtime downs[LINK_DOWNS_KEPT]; /* the last times the link failed; ring */
	unsigned ndowns;
	/* Sequence numbers: of the first probe that may be open, and of the next one. */
	uint16_t oldest, next;
	struct link_flight flight[LINK_FLIGHT_MAX]; /* by sequence number modulo the size */
	struct rng rng;
};

/* Start watching.  `saved` is the state the link had before a restart, LINK_NONE when there is
 * none: until the first round of probes ends the link is in it, and its cause says so.
 * `seed` makes the jitter.  The carrier is taken as off until link_carrier() says otherwise. */
void link_start(struct link *l, const struct link_conf *conf, mtime now, enum link_state saved,
	uint64_t seed, struct link_out *out);
/* The settings were committed anew, or the provider gave other addresses.  Estimators and state are
 * kept; only what changed about the monitor (a target, by address, method and query) starts afresh.
 * `conf` replaces the old one, which may be gone. */
void link_reconfigure(
	struct link *l, const struct link_conf *conf, mtime now, struct link_out *out);
/* Time has come to `now`, which never goes backwards.  Call it at link_next_due() or earlier. */
void link_tick(struct link *l, mtime now, struct link_out *out);
/* An answer to the probe with this sequence number came from the target it went to.  One that
 * nobody waits for (late, twice, never sent) is harmless: a late one is a sign of life, a second
 * one is not. */
void link_answer(struct link *l, mtime now, uint16_t seq, struct link_out *out);
/* Something came that is no answer to this probe ("a redirect (302)"): it is lost as if nothing had
 * come, and `show link` says what it was. */
void link_wrong_answer(struct link *l, uint16_t seq, const char *what);
/* The target that the probe with this number went to, an index; < 0: it is not known any more. */
int link_probe_target(const struct link *l, uint16_t seq);
/* Probe at this pace, not at that of the settings: for a metered link.  A much faster one begins
 * with a probe.  `resting`: nobody uses the link. */
void link_set_pace(struct link *l, mtime now, span interval, bool resting);
/* A probe could not be sent ("no route", "no address"): it counts as lost at once. */
void link_send_failed(struct link *l, mtime now, uint16_t seq, struct link_out *out);
/* The carrier came or went, or the interface did. */
void link_carrier(struct link *l, mtime now, enum link_cable cable, struct link_out *out);
/* Traffic of users: packets received on the interface so far.  A link that hears users is alive,
 * for a few seconds even when no probe is answered; one whose users went silent is asked at once.
 * Called about 10 times a second when the app can; optional. */
void link_heard(struct link *l, mtime now, uint64_t rx_packets, struct link_out *out);
/* The gateway of a family (4, 6) answered a request by ARP or neighbour discovery, or three of them
 * were lost.  A silent one takes the link down when nothing else was heard meanwhile and no other
 * gateway of the link answers. */
void link_gateway_heard(
	struct link *l, mtime now, uint8_t family, bool answers, struct link_out *out);
/* Do its users send so much that their silence means something?  Then it is worth looking often. */
bool link_users_are_watched(const struct link *l);
/* The service of the link was checked: `failing` is what fails over this link and works over others
 * ("http www.example.org/"), "": nothing.  The link is degraded, or with `take_down` down, until it
 * works again. */
void link_service(
	struct link *l, mtime now, const char *failing, bool take_down, struct link_out *out);
/* End the hold-down of a recovering link now, and forget earlier failures ("clear link wan1 hold").
 * A link that is still being proved comes up when its proof ends. */
void link_clear_hold(struct link *l, mtime now, struct link_out *out);
/* Ask every target once, now; l->test tells how it goes, and each is answered or lost within
 * LINK_TEST_WAIT.  False, and nothing is asked: no carrier, no target, or the probe budget is used
 * up. */
#define LINK_TEST_WAIT sec(1)
bool link_test_begin(struct link *l, mtime now, struct link_out *out);
bool link_test_is_over(const struct link *l);
/* The latest failure was made on purpose (a drill): it says nothing of how long to hold the link
 * down. */
void link_forget_failure(struct link *l);
/* Between two probes by the clock. */
span link_interval(const struct link *l);
/* When link_tick() wants to be called next. */
mtime link_next_due(const struct link *l);

/* ---- for others to read ---- */

/* May the link carry new traffic?  UP, SUSPECT, DEGRADED. */
bool link_state_is_fit(enum link_state s);
bool link_is_fit(const struct link *l);
/* Has the first round of its probes not ended yet? */
bool link_is_starting(const struct link *l);
/* The same for packets of one family (4, 6): a link that is fit may have lost one of them. */
bool link_carries(const struct link *l, uint8_t family);
/* The family is dead while the other one answers. */
bool link_family_is_dead(const struct link *l, uint8_t family);
/* The state a person is shown: a SUSPECT link is what it was before; a fit backup that is not in
 * use is LINK_STANDBY. */
enum link_state link_shown_state(const struct link *l, bool in_use);
/* What `show links` prints of one link. */
struct link_figures {
	span rtt;               /* of the best target that answers; < 0: none */
	uint32_t loss_permille; /* the link's learned loss; 0 until a probe was lost */
	span wait;              /* RECOVERING: until UP if nothing fails; else < 0 */
	span timeout;           /* the RTO in force */
	unsigned losses_needed; /* for DOWN */
	span silence_needed;    /* for DOWN */
	uint64_t sent, answered;
	unsigned downs; /* times DOWN in the last 10 minutes */
};
void link_figures(const struct link *l, mtime now, struct link_figures *out);
/* The last probes, oldest first: "." answered, "x" lost, "?" not known yet.  Returns `out`. */
#define LINK_PROBES_TEXT_MAX 33
const char *link_probes_text(const struct link *l, char out[LINK_PROBES_TEXT_MAX]);

#endif
