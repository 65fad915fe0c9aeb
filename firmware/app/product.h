/* SPDX-License-Identifier: GPL-2.0-or-later */
/* product.h - the whole running product: one per process, as many as wanted in a test.
 *
 * It waits for the world through the drivers, hands events to the deciding modules and carries out
 * what they want, in this order: the DNS answers first (one store), then the kernel's switch, then
 * the connections of a dead link, then lamps, log and everything else. */
#ifndef FL_PRODUCT_H
#define FL_PRODUCT_H

#include "config.h"
#include "console.h"
#include "dns_console.h"
#include "dns_notify.h"
#include "dns_transfer.h"
#include "dns_zone_console.h"
#include "drivers.h"
#include "explain_console.h"
#include "forwarding_console.h"
#include "inquiry.h"
#include "journal.h"
#include "lamp_panel.h"
#include "lease.h"
#include "led_console.h"
#include "link_console.h"
#include "link_drill.h"
#include "link_history.h"
#include "link_load.h"
#include "link_meter.h"
#include "link_operator.h"
#include "modules.h"
#include "policy_console.h"
#include "report.h"
#include "revisions.h"
#include "server.h"
#include "service.h"
#include "session_hello.h"
#include "system.h"

/* A link the router has known: its number and last state outlive commits and restarts. */
struct known_link {
	char name[FL_NAME_MAX + 1]; /* empty: the number is free */
	enum link_state state;
	int64_t wall; /* when it was saved */
};

/* What the provider gives to a link whose addresses come from there. */
struct acquired {
	uint64_t owner; /* which link this is about; 0: none */
	struct lease lease;
	mtime forget; /* a lease of before the restart that nobody confirmed */
};

struct terminal {
	struct fairlead *product;
	unsigned session;
	struct console *console; /* NULL: nobody is there */
	bool by_root;            /* root is at the other end, and may speak for somebody else */
	bool is_listed;          /* who is there is in the settings */
	bool reports_status; /* modes batch and command end with the status of their last command */
	bool deaf;           /* the client does not read: to be closed */
};

/* What `commit confirmed` has put in force, until "confirm" or its time is over. */
struct unconfirmed {
	bool waits;
	unsigned before;          /* slot of the configuration to go back to */
	uint32_t back_to;         /* its revision */
	struct revision revision; /* that waits */
	unsigned minutes;
	mtime due, say_due; /* going back; the next reminder */
};

/* Questions to the world, and those that are on their way. */
struct inquiries {
	struct inquiry *q; /* NULL: none; in `mem`, with its replies */
	struct arena mem;
	mtime fetch_until; /* whoever began it has so long to take what came of it */
	struct inquiry_exchange {
		bool used;
		size_t question;
		uint16_t id;
		mtime again, given_up;
	} exchange[8];
};

/* The clock, and the program that keeps it. */
struct time_keeper {
	struct ip_addr server[NTP_SERVERS_MAX];
	size_t n;
	bool runs;         /* chronyd, from when a server could be reached; */
	bool fails;        /* or rather, it could not be started */
	mtime due;         /* until then: the next look */
	bool follows;      /* the clock, a server: */
	struct ip_addr by; /* the present one, or the last; family 0: none yet */
	mtime since;       /* it does, or does not */
	bool is_told;      /* that nobody answers */
};

/* The log on its way to a collector. */
struct report_tail {
	struct ip_addr to;
	uint16_t port;
	enum log_level level;
	uint64_t line; /* of the journal: the next to be sent */
	uint64_t sent, lost;
	mtime due; /* not before */
};

struct reports {
	bool open; /* a configuration was in force */
	struct report_tail tail[REPORT_SYSLOGS_MAX];
	size_t n;
};

/* The session that has the configuration to itself. */
struct claim {
	const struct console *session; /* NULL: none */
	char user[SESSION_USER_MAX + 1];
	int64_t wall; /* since then */
};

/* The connections left on a backup that was stood down are cut at `due`. */
struct failback {
	mtime due;
	unsigned cuts;
};

struct fairlead {
	const struct drivers *io;
	struct setting schema[MODULES_SETTINGS_MAX];
	struct console_module commands[MODULES_COMMANDS_MAX];
	struct console_config console_config;
	struct console_files console_files;
	mtime started;
	mtime woke; /* from the last wait; 0: there was none */
	span stood; /* nothing was done for so long before that */

	/* The configuration in force, the room in which the next one is made, and the one to go
	 * back to. */
	struct config config[3];
	unsigned current, next;
	uint32_t revision;
	struct unconfirmed unconfirmed;
	struct claim claim;
	struct inquiries inquiries;
	struct reports reports;
	struct time_keeper time;

	/* Uplinks by number; order[] is the order of the settings. */
	struct link link[FL_LINKS_MAX + 1];
	uint8_t secret[FL_LINKS_MAX + 1][16]; /* of its probes */
	bool carrier[FL_LINKS_MAX + 1];
	struct acquired acquired[FL_LINKS_MAX + 1];
	uint8_t order[FL_LINKS_MAX];
	size_t nlinks;
	struct known_link known[FL_LINKS_MAX + 1];
	mtime save_due; /* of `known` */
	/* The looks at the traffic of users: the next, and how many quiet ones there were in a
	 * row. */
	mtime heard_due;
	unsigned heard_quiet;
	uint64_t rx_packets[FL_LINKS_MAX + 1];
	struct link_load load[FL_LINKS_MAX + 1];
	mtime figures_at; /* the policies were last asked whether load or delay changes them */
	struct link_history *history[FL_LINKS_MAX + 1]; /* NULL: no memory for it */
	struct arena history_mem;
	struct link_meter meter[FL_LINKS_MAX + 1];
	uint64_t meter_saved[FL_LINKS_MAX + 1];    /* what was used by then */
	mtime meters_due;                          /* to be saved */
	mtime history_due;                         /* to be saved */
	struct link_operator op[FL_LINKS_MAX + 1]; /* orders */
	struct link_drill drill;
	uint64_t rx_withheld[FL_LINKS_MAX + 1]; /* of rx_packets: by drills */
	struct failback failback[FL_LINKS_MAX + 1];
	mtime table_due; /* the next look at the room in the connection table */
	bool table_is_full;
	bool links_changed;
	/* Mask: links whose start is not in the log yet, as they may still get a carrier. */
	uint32_t start_unsaid;
	mtime start_due; /* then it is told all the same */
	bool in_force;   /* the settings that were read at the start are in force, not older ones */
	uint64_t settings_mark; /* of the settings file, when what it held was last in force */

	struct published published;
	uint32_t kernel_lacks;  /* KFEATURE_...: that the settings in force call for */
	uint32_t mark_bits;     /* of the connections that there are; 0: none yet */
	uint32_t table_default; /* the connection table's size when none is set; 0: as it is */
	mtime reconcile_due;    /* the kernel may hold something else than it should */
	span reconcile_wait;    /* grows while it does not help */
	struct arena scratch;
	struct dns_image image;
	uint32_t serial; /* of the image in force */
	struct dns_notify notify;
	struct dns_live notified;  /* what the secondaries were told of last */
	mtime notify_wait;         /* until the responder has taken its image */
	uint8_t cookie_secret[16]; /* of DNS cookies, new with every start */

	struct lamp_panel panel;
	enum led_system panel_system; /* what SYS tells */

	struct terminal terminal[SESSIONS_MAX_OPEN];
	struct journal journal;
	struct log log; /* to the journal, the driver's log and the terminals */
	bool stop;

	struct box box;
	struct services services;
	struct servers servers;
	uint8_t server_secret[16]; /* of their pings */
	struct link_console link_console;
	struct policy_console policy_console;
	struct dns_console dns_console;
	struct dns_zone_console dns_zone_console;
	struct forwarding_console forwarding_console;
	struct led_console led_console;
	struct explain_console explain_console;
};

static inline struct config *fairlead_config(struct fairlead *f)
{
	return &f->config[f->current];
}

/* ---- product.c ---- */

/* `f` is overwritten; it must not move afterwards.  The product starts with the saved settings, or
 * empty ones, which lets a person in at the console.  FL_EFORMAT: the settings have mistakes; they
 * are in the log, and the newest saved revision without mistakes is in force. */
enum fl_err fairlead_open(struct fairlead *f, const struct drivers *io);
/* Wait until `until` or for one event, and deal with it. */
void fairlead_step(struct fairlead *f, mtime until);
/* Forwarding stays in place in the kernel; sessions and probes end. */
void fairlead_close(struct fairlead *f);
/* Take away what the product put into the kernel. */
enum fl_err fairlead_flush(struct fairlead *f);

/* ---- uplinks.c: monitors of links ---- */

void uplinks_load(struct fairlead *f);
/* Give every link of `c` its number: the one it had, or a free one. */
void uplinks_number(struct fairlead *f, struct config *c);
/* The configuration in force is new. */
void uplinks_configure(struct fairlead *f, mtime now);
void uplinks_probe_answer(struct fairlead *f, const struct io_event *e);
/* A host on the segment of an interface answers, or does not: it may be a gateway. */
void uplinks_neighbour(struct fairlead *f, const struct io_event *e, mtime now);
void uplinks_interface(struct fairlead *f, struct str name, mtime now);
void uplinks_tick(struct fairlead *f, mtime now);
mtime uplinks_next_due(const struct fairlead *f);
/* Fill f->link_console for the configuration in force. */
void uplinks_console(struct fairlead *f);
/* Ask a target over a link, with the id of `seq` under `secret`, or `token` for a call. */
enum fl_err uplinks_ask(struct fairlead *f, uint8_t number, const struct link_target *t,
	const uint8_t secret[16], uint16_t seq, uint32_t token, struct textbuf *why);
/* Carry out what a link wants. */
void uplinks_carry_out(struct fairlead *f, uint8_t number, mtime now, struct link_out *out);

/* The provider gave this link other addresses: `conf` has them now. */
void uplinks_readdress(struct fairlead *f, uint8_t number, mtime now);

/* ---- acquire.c: links whose addresses come from the provider ---- */

/* Before the first configuration, whose links have their numbers, is in force. */
void acquire_remember(struct fairlead *f, struct config *c, mtime now);
/* Put into the links of `c`, which have their numbers, what the providers give now. */
void acquire_fill(struct fairlead *f, struct config *c);
/* Log which of them cannot be used. */
void acquire_warn(struct fairlead *f, const struct config *c);
/* The configuration in force is new: run the programs that it calls for, end the others. */
void acquire_configure(struct fairlead *f);
void acquire_report(struct fairlead *f, const struct io_event *e, mtime now);
void acquire_tick(struct fairlead *f, mtime now);
mtime acquire_next_due(const struct fairlead *f);

/* ---- lans.c: what the router does for its LANs ---- */

/* The configuration in force is new. */
void lans_configure(struct fairlead *f);
/* Give the LANs of `c` their parts of the prefixes that its links have.  True: something changes;
 * nothing is changed when it is only asked (`dry`). */
bool lans_delegate(struct fairlead *f, struct config *c, bool dry);
/* Links live or die, or their resolvers are others. */
void lans_follow(struct fairlead *f);

/* ---- meters.c: links whose octets are counted ---- */

/* When the names of the links are known. */
void meters_load(struct fairlead *f);
void meters_save(struct fairlead *f);
/* The interface of a link was looked at. */
void meters_count(
	struct fairlead *f, uint8_t number, const struct interface_state *state, mtime now);
/* This was asked over it. */
void meters_probe(struct fairlead *f, uint8_t number, const struct link_target *t);

/* ---- histories.c: what the links were like ---- */

void histories_start(struct fairlead *f, uint8_t number, mtime now);
void histories_stop(struct fairlead *f, uint8_t number);
void histories_close(struct fairlead *f);
void histories_note(struct fairlead *f, uint8_t number, const char *text);
void histories_tick(struct fairlead *f, mtime now);
mtime histories_next_due(const struct fairlead *f);

/* ---- operator.c: orders and drills ---- */

void operator_tick(struct fairlead *f, mtime now);
/* What the detector may hear of the users of a link: all, but for what a drill withholds. */
uint64_t operator_heard(struct fairlead *f, uint8_t number, uint64_t rx_packets);
void operator_drill_changed(struct fairlead *f, uint8_t number, mtime now, enum link_state to);
/* A change was published: since these moments DNS and the kernel go by it. */
void operator_drill_switched(struct fairlead *f, mtime dns, mtime forwarding);
void operator_link_gone(struct fairlead *f, uint8_t number);
void operator_console(struct fairlead *f, struct link_console *out);

/* ---- services.c: the slow plane ---- */

void services_begin(struct fairlead *f, mtime now);
/* Was it an answer, or the end, of a service check? */
bool services_answer(struct fairlead *f, const struct io_event *e, mtime now);
void services_tick(struct fairlead *f, mtime now);
mtime services_due(const struct fairlead *f);

/* ---- servers.c: the servers behind forwards ---- */

/* Configuration `c` is about to be in force: ask its servers, and put into it what is known. */
void servers_begin(struct fairlead *f, struct config *c, mtime now);
void servers_event(struct fairlead *f, const struct io_event *e, mtime now);
/* Put what is known into the configuration in force, and tell what is new. */
void servers_follow(struct fairlead *f);
void servers_cut(struct fairlead *f);
void servers_work(struct fairlead *f, mtime now);
mtime servers_due(const struct fairlead *f);

/* ---- publish.c: from states to answers and kernel tables ---- */

/* Make the published state anew and bring DNS and kernel in line. */
void publish(struct fairlead *f, mtime now);
/* The configuration in force is new, `old` was in force before (NULL: the product starts): send the
 * kernel the difference, the responder the new image.  On failure `why` says what was refused. */
enum fl_err publish_configuration(
	struct fairlead *f, const struct config *old, struct textbuf *why);
/* Serve the domains of the configuration in force; its links are as they were. */
enum fl_err publish_domains(struct fairlead *f, struct textbuf *why);
/* The same, of which only these rows have changed.  FL_EAGAIN: it takes publish_domains(). */
enum fl_err publish_rows(struct fairlead *f, const struct dns_edit *rows, size_t n);
/* The lease of a link is another one: fill it in, and bring kernel, probes and DNS in line. */
void publish_lease(struct fairlead *f, uint8_t number, mtime now);
/* Links live or die: the LANs follow with the prefixes they have of them. */
void publish_prefixes(struct fairlead *f, mtime now);
/* Servers behind forwards live or die: new connections go to those that live. */
void publish_servers(struct fairlead *f, mtime now);
/* What would be published with configuration `c`, whose links have their numbers, and with the
 * links of mask `down` down.  The others are in the state they have. */
void publish_what_if(
	const struct fairlead *f, const struct config *c, uint32_t down, struct published *out);
/* The state of a link of some configuration: as it is judged now; one that only that configuration
 * has, or enables, is taken as up. */
enum link_state publish_state_of(const struct fairlead *f, const struct link_conf *c);
/* Rules and forwards count their connections anew. */
enum fl_err publish_forget_counts(void *ctx, struct textbuf *why);
/* Compare the kernel with what should be there and mend it. */
void publish_reconcile(struct fairlead *f, mtime now);

/* ---- failback.c: what is left on a backup ---- */

/* `old` was published before; the kernel goes by the new state already. */
void failback_published(struct fairlead *f, const struct published *old, mtime now);
void failback_tick(struct fairlead *f, mtime now);
mtime failback_next_due(const struct fairlead *f);

/* ---- connection_table.c: is there room for more? ---- */

/* Before the settings are read: how many there should be room for by default. */
void connection_table_open(struct fairlead *f);
void connection_table_tick(struct fairlead *f, mtime now);

/* ---- flows_console.c: the connections there are ---- */

extern const struct console_command flows_commands[];
/* What rules and forwards have counted. */
enum fl_err flows_counted(void *ctx, kernel_count_each *each, void *each_ctx, struct textbuf *why);
/* For `explain flow`: those of this kind. */
void flows_like(void *ctx, const struct forwarding_flow *like, const struct sink *out);

/* ---- what_if.c: worlds that are only thought of ---- */

void what_if_console(struct fairlead *f);
/* The session's draft as a configuration with link numbers, to be freed by the caller.  On failure
 * `out` was told why, and nothing is to be freed. */
enum fl_err what_if_config(struct fairlead *f, const struct console *session, struct config *draft,
	const struct sink *out);
/* Its zone image, in its memory. */
enum fl_err what_if_image(struct config *draft, uint32_t serial, struct dns_image *image);

/* ---- secondaries.c: other name servers that copy our zones ---- */

/* The configuration in force is new, and its zones are served. */
void secondaries_configure(struct fairlead *f);
/* The published state is another. */
void secondaries_published(struct fairlead *f, mtime now);
void secondaries_answer(struct fairlead *f, const struct io_event *e);
void secondaries_tick(struct fairlead *f, mtime now);
mtime secondaries_next_due(const struct fairlead *f);

/* ---- commit.c: configurations that follow each other ---- */

/* A serial above every earlier one: seconds since 1970, unless the clock was set back. */
uint32_t commit_next_serial(const struct fairlead *f);
enum fl_err commit_load(struct fairlead *f);
enum fl_err commit_reload(struct fairlead *f);
enum fl_err commit_candidate(void *ctx, const struct console_commit *c, const struct sink *out);
enum fl_err commit_confirm(void *ctx, struct str user, const struct sink *out);
span commit_confirm_left(void *ctx);
void commit_tick(struct fairlead *f, mtime now);
mtime commit_next_due(const struct fairlead *f);
bool commit_may_cut_off(void *ctx, const struct settings *from, const struct settings *to);
enum fl_err commit_claim(
	void *ctx, const struct console *session, struct str user, const struct sink *out);
void commit_release(void *ctx, const struct console *session);
enum fl_err commit_check(void *ctx, const struct settings *candidate, const struct sink *out);
const struct settings *commit_committed(void *ctx, uint32_t *revision);
enum fl_err commit_revision(void *ctx, uint32_t back, struct arena *mem, struct settings *out);
void commit_revisions(void *ctx, const struct sink *out);

/* ---- commit_rows.c: commits of a few rows of domains ---- */

struct commit_rows {
	struct settings_edits edits;
	union {
		struct dns_host_conf host;
		struct dns_balanced_conf balanced;
		struct dns_record_conf record;
	} was[SETTINGS_EDITS_MAX];
	bool was_there[SETTINGS_EDITS_MAX];
};
/* Put `candidate` in force, if it changes no more than a few hosts, balanced hosts and records.
 * FL_EAGAIN: it changes more, or there is a mistake, and nothing was done. */
enum fl_err commit_rows(
	struct fairlead *f, const struct settings *candidate, struct commit_rows *done);
/* What was in force before is again. */
enum fl_err commit_rows_undo(struct fairlead *f, struct commit_rows *done, struct textbuf *why);

/* ---- panel.c: lamps ---- */

/* The states changed: choose the patterns anew. */
void panel_update(struct fairlead *f);
void panel_tick(struct fairlead *f, mtime now);
mtime panel_next_due(const struct fairlead *f);

/* ---- terminals.c: people ---- */

void terminals_event(struct fairlead *f, const struct io_event *e);
void terminals_tick(struct fairlead *f, mtime now);
mtime terminals_next_due(const struct fairlead *f);
void terminals_notice(struct fairlead *f, struct str text);
void terminals_close(struct fairlead *f);

/* ---- people.c: who may log in, and be what ---- */

/* The system's accounts as a configuration has them. */
enum fl_err people_apply(struct fairlead *f, const struct config *c, struct textbuf *why);
/* The accounts are ours, and there is no admin yet who could prove who he is. */
bool people_need_password(const struct fairlead *f, const struct config *c);
/* Do the settings name this user, or is he the one that a new router lets in? */
bool people_are_listed(struct fairlead *f, struct str user);
/* The role of `user`; `by_root`: root is at the other end. */
enum user_role people_role(struct fairlead *f, bool by_root, struct str user);

/* ---- people_console.c ---- */

extern const struct console_command people_commands[];

/* ---- inquiries.c: what does the world say? ---- */

/* An empty one, for the caller to fill; NULL: questions are on their way already, or no memory. */
struct inquiry *inquiries_new(void *ctx);
/* It, when no question of it is open any more; else NULL. */
const struct inquiry *inquiries_done(void *ctx);
void inquiries_end(struct fairlead *f);
/* Was it an answer to one of these questions? */
bool inquiries_answer(struct fairlead *f, const struct io_event *e);
void inquiries_tick(struct fairlead *f, mtime now);
mtime inquiries_next_due(const struct fairlead *f);

/* ---- reports.c: the log, sent to collectors ---- */

/* The configuration in force is new. */
void reports_configure(struct fairlead *f);
/* Is there a way to this address: inside, or over a link that works? */
bool reports_can_reach(const struct fairlead *f, const struct ip_addr *to);
void reports_tick(struct fairlead *f, mtime now);
mtime reports_next_due(const struct fairlead *f);

/* ---- clock.c: time servers ---- */

void clock_configure(struct fairlead *f, mtime now);
/* A program printed a line: the one that keeps the clock is understood. */
void clock_heard(struct fairlead *f, const struct io_event *e, mtime now);
void clock_tick(struct fairlead *f, mtime now);
mtime clock_next_due(const struct fairlead *f);
/* What time it is, and how that is known. */
void clock_put(const struct fairlead *f, mtime now, const struct sink *out);

/* ---- pages.c: the status page and the metrics ---- */

void pages_configure(struct fairlead *f);
void pages_asked(struct fairlead *f, const struct io_event *e, mtime now);

/* ---- reports_console.c ---- */

extern const struct console_command reports_commands[];

/* ---- setup.c ---- */

extern const struct console_command setup_commands[];

/* ---- system.c: the box itself ---- */

void system_open(struct fairlead *f, mtime now);
void system_event(struct fairlead *f, const struct io_event *e, mtime now);
void system_tick(struct fairlead *f, mtime now);
mtime system_next_due(const struct fairlead *f);
/* Which slot runs. */
enum boot_slot_name system_slot(const struct fairlead *f);
enum fl_err system_boot_state(struct fairlead *f, struct boot_state *out, struct textbuf *why);
enum fl_err system_set_boot_state(
	struct fairlead *f, const struct boot_state *s, struct textbuf *why);
void system_facts(struct fairlead *f, struct health_facts *out);
/* What runs is good. */
void system_confirm(struct fairlead *f);
/* End in a moment; `orderly`: this start does not count as a failed one. */
void system_end(struct fairlead *f, enum unit_end how, bool orderly, mtime now);
enum fl_err system_task_begin(struct fairlead *f, enum unit_task what, struct str argument,
	bool force, struct textbuf *why);

/* ---- system_console.c ---- */

extern const struct console_command system_commands[];

/* ---- app_console.c ---- */

extern const struct console_command app_commands[];

#endif
