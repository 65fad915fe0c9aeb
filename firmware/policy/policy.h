/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy.h - who may carry what: link states and policies in, a published choice out.  Pure.
 *
 * A policy is a method over member links.  From the states it yields an ordered live set and a slot
 * table of 240 entries, each the number of a link (240 divides by 2, 3, 4, 5, 6, 8, 10 and 12).
 * Outbound, the kernel draws a slot for a new connection; inbound, the DNS responder draws one for
 * an answer.  struct published is all that dns and forwarding ever read of the links. */
#ifndef FL_POLICY_H
#define FL_POLICY_H

#include "link.h"

#define POLICY_SLOTS 240
#define POLICIES_MAX CONFIG_POLICIES_MAX

enum policy_method {
	POLICY_PRIORITY, /* the first live member carries all */
	POLICY_WEIGHTED, /* all live members, in proportion to their weights */
	POLICY_ALL,      /* all live members: in turn for connections, all of them in an answer */
	POLICY_ROUND_ROBIN,    /* all live members in turn, one first in an answer */
	POLICY_LEAST_LOAD,     /* all live members, in proportion to the bandwidth they have free */
	POLICY_LOWEST_LATENCY, /* the live member with the shortest round trip carries all */
	POLICY_PERSISTENT,     /* by weight, but who was given a link keeps it */
	POLICY_OVERFLOW,       /* the first live member that is not full carries all */
};

/* Does one member carry all that is new, the others standing by in the order of `live`? */
static inline bool policy_takes_one(enum policy_method m)
{
	return m == POLICY_PRIORITY || m == POLICY_LOWEST_LATENCY || m == POLICY_OVERFLOW;
}
/* Do its choices follow live figures (load, round trip), not only the states of links? */
static inline bool policy_follows_figures(enum policy_method m)
{
	return m == POLICY_LEAST_LOAD || m == POLICY_LOWEST_LATENCY || m == POLICY_OVERFLOW;
}
/* Do weights of members mean something to it? */
static inline bool policy_goes_by_weight(enum policy_method m)
{
	return m == POLICY_WEIGHTED || m == POLICY_LEAST_LOAD || m == POLICY_PERSISTENT;
}

/* Whose connections POLICY_PERSISTENT keeps together. */
enum policy_persist { POLICY_PERSIST_SOURCE, POLICY_PERSIST_DESTINATION };

/* What becomes of a flow whose policy has no live member. */
enum policy_when_dead { POLICY_NEXT_RULE, POLICY_ANY, POLICY_DROP };

struct policy_member {
	struct origin origin;
	int32_t link;    /* index into the links' array */
	uint32_t weight; /* 0: the link's own */
};

struct policy_conf {
	struct origin origin;
	struct str name;
	uint32_t method;               /* enum policy_method */
	struct policy_member *members; /* in the order typed: the order of preference */
	size_t nmembers;
	uint32_t when_dead; /* enum policy_when_dead */
	uint32_t persist;   /* enum policy_persist */
	span persist_time;  /* of a link after the last new connection */
	uint32_t overflow;  /* per cent of its bandwidth at which a link is full */
};

/* What policy needs to know of a link now. */
struct policy_link {
	uint8_t number; /* 1..FL_LINKS_MAX */
	enum link_state state;
	uint32_t weight; /* > 0 */
	bool backup;
	bool dead[2];  /* carries no IPv4, no IPv6, although its state is fit */
	bool barred;   /* takes nothing new, whatever happens; it works, so its connections stay */
	uint16_t load; /* thousandths of its bandwidth in use; 0 where the bandwidth is not known */
	span rtt;      /* round trip; 0 or less: not known */
};

/* Bit n-1 of a mask stands for link number n. */
static inline uint32_t link_bit(unsigned number)
{
	return number >= 1 && number <= 32 ? UINT32_C(1) << (number - 1) : 0;
}

struct published_policy {
	uint32_t key;   /* hash of the name: finds the same policy in what was published before */
	uint8_t method; /* enum policy_method */
	uint8_t when_dead;
	uint8_t nlive;
	uint8_t live[FL_LINKS_MAX]; /* numbers of the live members, best first; nlive of them */
	uint8_t nmembers;
	uint8_t members[FL_LINKS_MAX]; /* numbers of all members, in their order */
	uint8_t slot[POLICY_SLOTS];    /* numbers; 0 everywhere when nothing is live */
};

/* Plain data without pointers: it is also copied into memory shared with the DNS worker. */
struct published {
	uint32_t generation; /* rises by one with every change of what follows */
	uint32_t configured; /* mask: links that exist and are not disabled */
	uint32_t fit;        /* mask: links whose state is fit */
	/* Mask: links that may carry new traffic: the fit ones, without backups that are not
	 * needed.  A backup is needed when no primary link is fit, or when some policy has no fit
	 * member that is a primary link.  Every link in a slot or a live set is in this mask. */
	uint32_t live;
	uint32_t dead[2]; /* masks: links that carry no IPv4, no IPv6, whatever the above say */
	uint32_t unsure;  /* mask: suspect or recovering: answers that name them get a short TTL */
	uint32_t npolicies;
	struct published_policy policy[POLICIES_MAX]; /* in the order of the settings */
};

/* May link `number` carry new traffic of this family (4, 6)? */
static inline bool published_carries(const struct published *p, unsigned number, uint8_t family)
{
	return p->live & ~p->dead[family == 6] & link_bit(number);
}

/* Make the published state for these links and policies.  `links` is in the order of the settings,
 * which the members' indices refer to; `old` is what was published before (NULL: nothing) and makes
 * as few slots as possible move; `out` may not be `old`.  The slot tables are shuffled, so that no
 * client's rhythm can lock onto them.  Returns whether anything but the generation differs from
 * `old`. */
bool policy_publish(const struct policy_conf *policies, size_t npolicies,
	const struct policy_link *links, size_t nlinks, const struct published *old,
	struct published *out);
/* The number of the link that draw `n` (any number) of policy `p` gives; 0: nothing is live. */
uint8_t policy_draw(const struct published *pub, size_t p, uint32_t n);
const char *policy_method_text(enum policy_method m);
/* The mistakes that only show when all is seen: more than POLICIES_MAX policies, members without a
 * bandwidth where it matters. */
void policies_check(const struct policy_conf *policies, size_t npolicies,
	const struct link_conf *links, size_t nlinks, struct diags *why);
/* The weight of a link, 1..240: the one that is set, or else in proportion to its bandwidth (down;
 * up where only that is said) against the other links', on the scale of the weights that are set.
 * A link of unknown bandwidth counts as the slowest known one. */
uint32_t policy_link_weight(const struct link_conf *links, size_t nlinks, size_t which);

#endif
