/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_client.h - a small DNS client for tests, written apart from firmware/dns so that one can
 * prove the other. */
#ifndef FL_TEST_DNS_CLIENT_H
#define FL_TEST_DNS_CLIENT_H

#include "addr.h"
#include "bytes.h"

#define CLIENT_RECORDS_MAX 64

enum {
	CLIENT_A = 1,
	CLIENT_NS = 2,
	CLIENT_CNAME = 5,
	CLIENT_SOA = 6,
	CLIENT_PTR = 12,
	CLIENT_MX = 15,
	CLIENT_TXT = 16,
	CLIENT_AAAA = 28,
	CLIENT_SRV = 33
};

struct client_record {
	char owner[256];
	uint16_t type;
	uint32_t ttl;
	int section;         /* 1 answer, 2 authority, 3 additional */
	struct ip_addr addr; /* A, AAAA */
	uint16_t preference; /* MX */
	char name[256];      /* MX, NS, CNAME, PTR, SRV target, SOA mname */
	uint32_t serial;     /* SOA */
};

struct client_reply {
	uint16_t id, flags;
	unsigned rcode;
	bool authoritative, truncated;
	struct client_record record[CLIENT_RECORDS_MAX];
	size_t n;
};

/* A plain query without EDNS; returns its octets in `out`. */
size_t client_query(uint8_t *out, size_t cap, uint16_t id, const char *name, uint16_t type);
/* Add to a query of `n` octets an OPT record with a client subnet (RFC 7871) of an IPv4 network;
 * returns the octets then. */
size_t client_add_subnet(uint8_t *query, size_t n, size_t cap, const struct ip_prefix *subnet);
/* false: the octets are no whole, well-formed message. */
bool client_read(struct bytes octets, struct client_reply *out);
/* How many records of this type and section. */
size_t client_count(const struct client_reply *r, int section, uint16_t type);

#endif
