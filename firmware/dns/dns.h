/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns.h - the authoritative responder: settings -> zone image, question + published state ->
 * answer.
 *
 * A commit compiles the domains into one position-independent image (offsets, no pointers).  The
 * responder reads the image and the published state of the links, nothing else: a link's death is
 * one store to shared memory, visible to the next query.  Pure: no socket, no clock, no malloc per
 * query. RFC 1034, 1035, 2181, 2308, 4343, 4592, 6891, 8482, 8906; the choices are listed in
 * dns_answer.c. */
#ifndef FL_DNS_H
#define FL_DNS_H

#include "addr.h"
#include "bytes.h"
#include "diag.h"
#include "err.h"
#include "mtime.h"
#include "policy.h"
#include "rng.h"

#define DNS_UDP_SIZE  1232 /* largest UDP answer (DNS flag day 2020); 512 without EDNS */
#define DNS_TCP_SIZE  65535
#define DNS_NAME_SIZE 255

/* ---- settings ---- */

/* "10;mail1": the extended host name syntax. */
struct dns_host_name {
	bool has_preference;
	uint16_t preference;
	struct str
		label; /* relative to the domain: "mail1", "a.b", "@" for the domain itself, "*" */
};

enum dns_when_dead { DNS_DEAD_NODATA, DNS_DEAD_ANSWER, DNS_DEAD_ADDRESS };

#define DNS_LINK_ANY (-1) /* an off-site address: always answered */

/* What is answered while no link of a name is live. */
struct dns_dead_conf {
	uint8_t how; /* enum dns_when_dead */
	struct ip_addr address;
};

/* In an order without gaps, as there are many. */
struct dns_host_conf {
	struct origin origin;
	struct dns_host_name name;
	span ttl;               /* 0: the domain's */
	int32_t link;           /* index, or DNS_LINK_ANY */
	struct ip_addr address; /* family 0: `own`, what the link has itself */
	struct dns_dead_conf when_dead;
	bool mail_entry;
};

struct dns_balanced_member {
	struct origin origin;
	int32_t host; /* index into the domain's hosts */
};

struct dns_balanced_conf {
	struct origin origin;
	struct dns_host_name name;
	struct dns_balanced_member *members;
	size_t nmembers;
	int32_t policy; /* index, or -1: all live members in rotated order */
	bool mail_entry;
	span ttl;
	struct dns_dead_conf when_dead;
};

struct dns_record_conf {
	struct origin origin;
	struct str name, type, data; /* "_sip._tcp" "SRV" "10 5 5060 www" */
};

struct dns_name_server_conf {
	struct origin origin;
	struct str name; /* relative, or absolute with a final dot and then without address */
	struct ip_addr address; /* family 0: none */
	int32_t link;
};

/* A secret that is shared with secondaries, and signs what goes between us (TSIG). */
#define DNS_SECRET_MAX 128 /* octets */

struct dns_secret {
	uint8_t n;
	uint8_t octets[DNS_SECRET_MAX];
};

struct dns_key_conf {
	struct origin origin;
	struct str name;    /* a domain name */
	uint32_t algorithm; /* enum hmac_hash */
	struct dns_secret secret;
};

struct dns_allow_conf {
	struct origin origin;
	struct ip_prefix prefix;
};

struct dns_notify_conf {
	struct origin origin;
	struct ip_addr address;
	uint32_t port;
};

/* Who may have the zone whole: with addresses one of them, with a key its holder, with both both;
 * with neither nobody.  And who is told when it changes. */
struct dns_transfer_conf {
	struct dns_allow_conf *allow;
	size_t nallow;
	int32_t key; /* index, or negative */
	struct dns_notify_conf *notify;
	size_t nnotify;
};

struct dns_domain_conf {
	struct origin origin;
	struct str name; /* "example.com" */
	span ttl, negative_ttl;
	struct str contact; /* SOA RNAME as a mail address, "hostmaster@example.com"; empty:
			       hostmaster@ the domain */
	struct dns_name_server_conf *name_servers;
	size_t nname_servers;
	struct dns_host_conf *hosts;
	size_t nhosts;
	struct dns_balanced_conf *balanced;
	size_t nbalanced;
	struct dns_record_conf *records;
	size_t nrecords;
	struct dns_transfer_conf transfer;
};

struct dns_reverse_conf {
	struct origin origin;
	struct ip_prefix
		prefix; /* 203.0.113.0/29: a zone of its own by RFC 2317 when longer than /24 */
	bool automatic; /* PTRs from the host records */
	struct str name_server; /* absolute name for NS and SOA; empty: those of the first domain */
	struct dns_transfer_conf transfer;
};

struct dns_listen_conf {
	struct origin origin;
	struct ip_addr address;
	uint32_t port;
};

/* Answers to one client network (dns_limit.h). */
struct dns_rate_conf {
	uint32_t answers; /* a second about one thing; 0: no limit */
	uint32_t slip;    /* one in so many that are too many is sent cut short; 0: none */
};

#define DNS_TOLD_MAX 63 /* octets of `version` and `server-id` */

struct dns_conf {
	struct dns_listen_conf *listen; /* beside the links' own addresses */
	size_t nlisten;
	uint32_t threads; /* 0: one a core */
	struct dns_rate_conf rate_limit;
	bool cookies, extended_errors, client_subnet;
	struct str version;   /* CHAOS version.bind; empty: REFUSED */
	struct str server_id; /* NSID and CHAOS id.server; empty: not told */
};

enum dns_view_answer { DNS_VIEW_FIRST, DNS_VIEW_ONLY };

struct dns_view_client {
	struct origin origin;
	struct ip_prefix prefix;
};

/* Clients in these networks get the addresses on one link first, or no others. */
struct dns_view_conf {
	struct origin origin;
	struct str name;
	struct dns_view_client *clients;
	size_t nclients;
	int32_t link;    /* index */
	uint32_t answer; /* enum dns_view_answer */
};

/* Read "10;mail1" or "mail1"; false: it is no host name, and `why` says which part is not. */
bool dns_host_name_parse(struct str text, struct dns_host_name *out, struct textbuf *why);

/* All that one image is made of; arrays as settings_bind() gave them. */
struct dns_source {
	const struct dns_domain_conf *domains;
	size_t ndomains;
	const struct dns_reverse_conf *reverses;
	size_t nreverses;
	const struct link_conf *links;
	size_t nlinks;
	const struct policy_conf *policies;
	size_t npolicies;
	const struct dns_key_conf *keys;
	size_t nkeys;
	const struct dns_view_conf *views;
	size_t nviews;
	const struct dns_conf *conf; /* NULL: no limit, no cookies, nothing told */
	uint8_t cookie_secret[16];
	uint32_t serial; /* of every SOA; the generation of the published state is added to it */
};

/* ---- the image ---- */

/* Compile.  FL_EFORMAT: `why` has every mistake (a CNAME beside other data, a name over 255 octets,
 * an MX to a CNAME, two hosts of one name, ...).  `*out` lies in `mem`; its octets are the image.
 */
MUST_USE enum fl_err dns_image_build(
	const struct dns_source *source, struct arena *mem, struct bytes *out, struct diags *why);

/* The same in steps, for who checks first and makes the image later: all names and records of the
 * source, checked.  Good for as long as the arrays of the source and `mem` are. */
struct dns_zones;
/* FL_EFORMAT, FL_EFULL: as above, and then there is nothing but the mistakes. */
enum fl_err dns_zones_gather(const struct dns_source *source, struct arena *mem, struct diags *why,
	struct dns_zones **out);
/* Have the links in `source`, which is otherwise the one gathered from, the same numbers and own
 * addresses still? */
bool dns_zones_fit(const struct dns_zones *zones, const struct dns_source *source);
/* Decide where everything lies in the image, with the serial and the options of `source`; `*size`
 * is the image's.  FL_ERANGE: over 2 GiB. */
MUST_USE enum fl_err dns_zones_place(
	struct dns_zones *zones, const struct dns_source *source, size_t *size);
/* Write it into as many octets, zeroed and aligned to eight. */
void dns_zones_write(struct dns_zones *zones, uint8_t *image);

/* For settings that are refused already: tell also what is wrong with `record` rows by themselves,
 * which takes nothing but their texts.  Rows with an empty text were told before. */
void dns_records_check(const struct dns_source *source, struct arena *mem, struct diags *why);

/* An image that was checked once, on arrival, so that the responder can trust every offset in it.
 */
struct dns_image {
	const uint8_t *at;
	size_t n;
};
/* FL_EFORMAT: not an image of this version, or one offset points outside. */
MUST_USE enum fl_err dns_image_open(struct bytes octets, struct dns_image *out);
/* The same of an image that is mostly like `sound`, which was opened before: only what differs is
 * checked. */
MUST_USE enum fl_err dns_image_open_like(
	struct bytes octets, const struct dns_image *sound, struct dns_image *out);

/* One row of a domain is not what it was when an image was made. */
enum dns_row { DNS_ROW_HOST, DNS_ROW_BALANCED, DNS_ROW_RECORD };

struct dns_edit {
	size_t domain; /* index in the source */
	enum dns_row kind;
	const void *was; /* the row before; NULL: there was none */
	const void *is;  /* the row in the source; NULL: there is none any more */
};
struct dns_patch;
/* What these edits change in `image`, which was made of the source before them and of links that
 * have the same numbers and addresses still.  FL_EAGAIN: more than can be changed in place, or
 * there is a mistake; make a whole image.  FL_EFULL: memory. */
MUST_USE enum fl_err dns_image_patch(const struct dns_image *image, const struct dns_source *source,
	const struct dns_edit *edits, size_t n, struct arena *mem, struct dns_patch **out);
/* Octets of the image when it is changed. */
size_t dns_patch_size(const struct dns_patch *patch);
/* Change a copy of that image, with zeros behind it: it answers as the one that dns_image_build()
 * would make. */
void dns_patch_write(const struct dns_patch *patch, uint8_t *image);

/* ---- questions ---- */

struct dns_client {
	struct ip_addr addr; /* who asks */
	bool tcp;
	mtime now;     /* for rate limits; the batch's is good enough */
	uint32_t wall; /* seconds since 1970-01-01 UTC, for cookies */
};

enum dns_outcome { DNS_DROP, DNS_REPLY };

/* What a client's cookie shows (RFC 7873 5.2). */
enum dns_cookie {
	DNS_COOKIE_NONE, /* the client knows no cookies */
	DNS_COOKIE_NEW,  /* it has none of ours yet */
	DNS_COOKIE_BAD,  /* not ours, or too old */
	DNS_COOKIE_GOOD,
	DNS_COOKIES
};

/* The types that are counted each for itself; the last one is all others. */
#define DNS_COUNTED_TYPES 12

/* Words of 64 bits and nothing else: the worker copies them as such. */
struct dns_counters {
	uint64_t queries, udp, tcp, edns;
	uint64_t dropped, truncated;
	uint64_t limit_dropped, limit_slipped; /* by the rate limit */
	uint64_t viewed;                       /* sets that a view put in order */
	uint64_t kept;      /* answers with records none of whose links is live */
	uint64_t withdrawn; /* answers that were empty for a dead link */
	uint64_t cookie[DNS_COOKIES];
	uint64_t type[DNS_COUNTED_TYPES];
	uint64_t rcode[24];
	uint64_t per_link[FL_LINKS_MAX +
			  1]; /* address records answered, by link number; 0: off-site */
};

/* One line a counter that is not zero; links by the names that the image has for them.
 * `violations`: ends of the worker by a system call that it may not make. */
void dns_counters_print(const struct dns_counters *c, uint64_t violations,
	const struct dns_image *image, const struct sink *out);
/* The same as one JSON object. */
void dns_counters_print_json(const struct dns_counters *c, uint64_t violations,
	const struct dns_image *image, const struct sink *out);

struct dns_limiter;
struct dns_query;

/* One responder's own memory: a thread, or the simulator. */
struct dns_responder {
	struct dns_image image;
	struct rng rng;
	uint32_t turn;               /* rotates answers */
	struct dns_limiter *limiter; /* NULL: no rate limit, whatever the image says */
	struct dns_counters count;
};

/* Answer one message.  `reply` is empty and the caller's; its cap is the most that may be sent by
 * this transport (the client's EDNS size is seen to here).  Any octets may come in; `query` and
 * `reply` do not overlap. */
enum dns_outcome dns_answer(struct dns_responder *r, const struct published *pub,
	const struct dns_client *from, struct bytes query, struct buf *reply);

/* The same in two steps, for batches: dns_query_parse() (dns_query.h) reads a message, this answers
 * it, whatever the parser said, and may change *q. */
enum dns_outcome dns_answer_query(struct dns_responder *r, const struct published *pub,
	const struct dns_client *from, struct dns_query *q, struct buf *reply);
/* In between: first dns_prefetch() for each query of the batch, then dns_prefetch_name() for each.
 * The memory of large images is then there when the answers ask for it. */
void dns_prefetch(const struct dns_image *image, const struct dns_query *q);
void dns_prefetch_name(const struct dns_image *image, const struct dns_query *q);

/* What would be answered now, for people: one line a record in master file form, then why each
 * link's address is in or out.  `type` as text. */
enum fl_err dns_explain(const struct dns_image *image, const struct published *pub, struct str name,
	struct str type, const struct sink *out);
/* One line a `domain` and `reverse` row: name, number of names, serial; for `show dns`. */
void dns_image_list(
	const struct dns_image *image, const struct published *pub, const struct sink *out);

#endif
