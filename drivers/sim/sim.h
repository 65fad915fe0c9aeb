/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sim.h - the world in memory, under virtual time.
 *
 * It serves every interface of drivers/include: interfaces with a provider behind each (delay,
 * loss, cuts, targets that die), the kernel's forwarding tables as data, the DNS service's image
 * and state, lamps, storage that can fail, and people who type.  Nothing in it reads a clock; the
 * same seed gives the same run.  A week passes in a second. */
#ifndef FL_SIM_H
#define FL_SIM_H

#include "drivers.h"
#include "rng.h"

#define SIM_INTERFACES 20
#define SIM_SESSIONS   8
#define SIM_LAMPS      20
#define SIM_ITEMS      40
#define SIM_SETS       48
#define SIM_DEAD       16
#define SIM_FILES      12
/* Of a packet of users. */
#define SIM_PACKET_OCTETS 1000
#define SIM_LOG_SIZE      ((size_t)1 << 18)

#define SIM_INSIDE "eth2" /* where hosts inside are asked */

struct sim_interface {
	char name[16];
	bool exists, plugged;
	bool is_up;        /* administratively, by us */
	bool cut;          /* the provider drops everything, silently */
	bool cut6;         /* the same for IPv6 alone */
	bool portal;       /* the provider answers for every web server, with a redirect */
	uint16_t filtered; /* a TCP port whose connections the provider drops; 0: none */
	uint16_t mtu;      /* longer packets are lost; 0: none are */
	bool mtu_is_told;  /* and the sender hears of it */
	enum {
		SIM_GATEWAY_MUTE,
		SIM_GATEWAY_ANSWERS,
		SIM_GATEWAY_SILENT
	} gateway;          /* to ARP; mute: nobody is ever told of it */
	bool refuses_names; /* the provider answers every DNS question, with REFUSED */
	uint32_t loss_ppm;  /* of each packet, both ways together */
	span delay, jitter; /* round trip; jitter is added, 0 to this much */
	uint32_t users;     /* packets a second that arrive from users while it works */
	uint64_t rx_packets;
	mtime rx_at;
	uint64_t probes; /* packets that the monitor sent out here */
};

struct sim_packet {
	struct sim_packet *next; /* by due, then in the order sent */
	mtime due;
	struct io_event event;
	size_t n;
	uint8_t octets[];
};

struct sim_set { /* a set or map of the kernel's table */
	char name[40];
	struct kelem *elems;
	size_t nelems;
};

struct sim_item { /* of the storage */
	char name[48];
	uint8_t *octets;
	size_t n;
	bool damaged; /* loading it tells so */
};

struct sim_lamp {
	char name[8];
	bool green, amber, red;
	char pattern[32];
};

struct sim_session {
	bool open;
	char *text; /* all that was written to the person */
	size_t n, cap;
};

/* A program that would be running. */
struct sim_daemon {
	bool running, is_heard;
	char name[40];
	char args[1024]; /* with blanks between */
	unsigned starts, rereads;
};

struct sim_file {
	char name[64];
	char text[4096];
};

struct sim_datagram {
	mtime at;
	char interface[16]; /* empty: by the routing table */
	struct ip_addr to;
	uint16_t port;
	uint8_t octets[512];
	size_t n;
};

struct sim_account {
	char name[ACCOUNT_NAME_MAX + 1], hash[ACCOUNT_HASH_MAX];
	bool open;
	char keys[1024]; /* a line each */
};

struct sim {
	struct drivers drivers;
	mtime now;
	int64_t wall; /* at time 0 */
	struct rng rng;
	/* For io.random, apart: the world is the same whatever the product draws. */
	struct rng entropy;

	struct sim_interface interface[SIM_INTERFACES];
	char link_interface[FL_LINKS_MAX + 1][16]; /* where the monitor of a link is bound */
	struct ip_addr dead[SIM_DEAD];             /* targets that do not answer */
	size_t ndead;
	struct sim_packet *packets;
	struct sim_packet *handed_out; /* its octets are valid until the next wait */

	struct sim_set set[SIM_SETS];
	size_t nsets, nchains, nroutes, nrules;
	uint64_t applies;
	uint64_t family_flushes[256][2]; /* the same of IPv4 alone, of IPv6 alone */
	uint32_t mark_bits;              /* as they were told last */
	uint64_t flushes[256];           /* how often each mark was flushed */
	struct kernel_flow flow[64];     /* connections; a test fills in what it needs */
	size_t nflows;
	uint32_t connections, connections_max; /* the connection table; max 0: not known */
	uint32_t memory_mib;                   /* 0: not known */
	uint32_t kernel_lacks;                 /* KFEATURE_... */
	bool kernel_refuses;                   /* every apply fails */
	unsigned kernel_refusals;              /* so many applies fail from now on */

	uint8_t *image, *state;
	uint8_t *room; /* of an image that is being made */
	size_t image_n, state_n;
	struct dns_endpoint endpoint[40];
	size_t nendpoints;
	unsigned threads;       /* of the responder */
	bool responder_is_gone; /* it does not run */
	bool responder_is_late; /* it has not taken its image yet */

	/* Messages to other name servers, the newest last; each is answered as it asks to be. */
	struct sim_datagram datagram[64];
	size_t ndatagrams;
	bool datagrams_answered;
	/* Who answers messages to port 53; writes the answer.  False, or NULL: silence. */
	bool (*resolver)(const struct sim_datagram *question, struct buf *answer);
	uint8_t datagram_rcode;
	/* Time servers: what time they think it was at time 0, microseconds since 1970. */
	bool keeps_clock;          /* to itself: the product may not set it */
	int64_t clock_error;       /* microseconds at most; 0: nobody has set it */
	uint64_t dns_counter[128]; /* what the responder has counted */

	struct page_endpoint page[PAGES_ENDPOINTS_MAX]; /* where pages can be had */
	size_t npages;
	char answer[32768]; /* to the last question for a page */

	struct sim_daemon daemon[DAEMONS_MAX];
	struct sim_file file[SIM_FILES]; /* of daemons; the oldest is overwritten */
	size_t nfiles;

	struct sim_lamp lamp[SIM_LAMPS];
	size_t nlamps;
	struct sim_item item[SIM_ITEMS];
	size_t nitems;
	bool storage_refuses;           /* every save fails */
	struct sim_account account[16]; /* drivers.accounts.managed may be set */
	size_t naccounts;
	bool accounts_refuse; /* every apply fails */
	/* Not 0: only so many saves less one still last; those behind them seem to, but the power
	 * is cut. */
	size_t saves_left;
	struct sim_session session[SIM_SESSIONS];
	const char *peer; /* who the system says the next one is; NULL: root */

	struct {
		uint8_t block[UNIT_BOOT_BLOCK];
		mtime petted;
		char task[200];
		const char *forgets, *ended; /* NULL: neither was asked for */
	} unit;

	/* "[10000] wan1: up -> down (...)\n": milliseconds of virtual time. */
	char log[SIM_LOG_SIZE];
	size_t log_n;
	bool log_debug;
	size_t allocations; /* chunks that are out; 0 when everything was given back */
};

/* `s` must not move.  s->drivers is ready for use. */
void sim_open(struct sim *s, uint64_t seed);
void sim_close(struct sim *s);

/* An interface with a cable and a working provider, 20 ms away. */
struct sim_interface *sim_interface(struct sim *s, const char *name);
/* Pull or plug the cable; take the device away or bring it back.  The product is told. */
void sim_plug(struct sim *s, const char *name, bool plugged);
void sim_exist(struct sim *s, const char *name, bool exists);
/* The target at this address falls silent, or answers again.  Web servers answer with a page that
 * holds "sound as a bell". */
void sim_target(struct sim *s, const char *addr, bool answers);
/* It runs from the image; `boot_words` is its boot state: "order=a b\na_left=2\n..." */
void sim_image(struct sim *s, const char *boot_words);
/* The task says a line; NULL: it ends. */
void sim_task(struct sim *s, const char *line, int status);
void sim_button(struct sim *s, bool pressed);
void sim_stop(struct sim *s);
void sim_reload(struct sim *s);

/* The program in `slot` reports this: lines of NAME=VALUE. */
void sim_report(struct sim *s, unsigned slot, const char *text);
/* The program of this name, if it runs and is heard, prints a line. */
void sim_print(struct sim *s, const char *program, const char *line);
/* What a file of a daemon holds now, or "". */
const char *sim_file(const struct sim *s, const char *name);

/* Store an item as if it had been saved before; "settings" is the configuration. */
void sim_store(struct sim *s, const char *name, const char *text);
/* Flip a bit of it. */
void sim_damage(struct sim *s, const char *name);
const struct sim_item *sim_stored(const struct sim *s, const char *name);

/* Somebody sits down (`hello`: the client's first line, or "" for line mode) and types. */
void sim_session_open(struct sim *s, unsigned session, const char *hello);
/* Somebody asks for a page: "GET / HTTP/1.1\r\n\r\n". */
void sim_ask_page(struct sim *s, const char *request);
void sim_type(struct sim *s, unsigned session, const char *octets, size_t n);
void sim_session_close(struct sim *s, unsigned session);

/* NULL: there is no such account. */
const struct sim_account *sim_account(const struct sim *s, const char *name);
const struct sim_lamp *sim_lamp(const struct sim *s, const char *name);
/* The value that a map of the kernel gives for a key; false: no such element. */
bool sim_lookup(
	const struct sim *s, const char *set, const void *key, size_t key_n, uint32_t *value);
/* The number of elements of a set; 0 when there is no such set. */
size_t sim_set_size(const struct sim *s, const char *set);

#endif
