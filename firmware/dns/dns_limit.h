/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_limit.h - response rate limiting: how many answers about one thing one network gets.
 *
 * Somebody who forges a victim's address makes us send the victim what he did not ask for.  A
 * network (IPv4 /24, IPv6 /56) gets so many answers a second about one name, about what one domain
 * has not, or that refuse; beyond that most are dropped and some cut short, so that a real client
 * asks again over TCP.  A second's worth may come at once. */
#ifndef FL_DNS_LIMIT_H
#define FL_DNS_LIMIT_H

#include "addr.h"
#include "mtime.h"

#define DNS_LIMIT_LINES CONFIG_DNS_LIMIT_LINES
#define DNS_LIMIT_WAYS  8

struct dns_limit_account {
	uint32_t key;     /* 0: free */
	uint32_t paid_us; /* up to when what was sent has been paid for; wraps around */
};

/* All zeros at first.  Threads may share one: they then count together, as they do not wait for
 * each other at the price of an answer more now and then.  A line is as long as the processor's. */
struct dns_limiter {
	_Alignas(64) struct dns_limit_account account[DNS_LIMIT_LINES][DNS_LIMIT_WAYS];
	_Alignas(64) uint32_t over; /* answers that were too many */
};

/* What is too many is counted: one in `slip` is DNS_LIMIT_SLIP. */
enum dns_limit { DNS_LIMIT_SEND, DNS_LIMIT_SLIP, DNS_LIMIT_DROP };

/* An answer to `client` about `about`, any number that stands for the thing.  `rate` > 0 a second;
 * `slip` 0: none is let through. */
enum dns_limit dns_limit(struct dns_limiter *l, const struct ip_addr *client, uint32_t about,
	uint32_t rate, uint32_t slip, mtime now);

#endif
