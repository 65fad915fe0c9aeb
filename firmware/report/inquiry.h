/* SPDX-License-Identifier: GPL-2.0-or-later */
/* inquiry.h - what the world says of a domain, beside what this router says: asked of the resolver
 * of each link, and of the parent domain's server.  Pure: app sends the questions and hands in the
 * replies.
 *
 * Mail: each exchange has its address, and the address leads back to it.  Delegation: the parent is
 * found by asking for its name servers, one of them for the domain's. */
#ifndef FL_INQUIRY_H
#define FL_INQUIRY_H

#include "check.h"
#include "dns_ask.h"

#define INQUIRY_MAX 48 /* questions; of a domain with more exchanges the first are asked about */

enum inquiry_kind {
	INQUIRY_FORWARD = 1,    /* has `host` the address? */
	INQUIRY_BACKWARD,       /* does the address lead back to `host`? */
	INQUIRY_PARENT,         /* who serves the parent? */
	INQUIRY_PARENT_ADDRESS, /* where is he? */
	INQUIRY_DELEGATION,     /* whom does he name? */
};

enum inquiry_state {
	INQUIRY_OPEN = 1,
	INQUIRY_ANSWERED,
	INQUIRY_SILENT,
	INQUIRY_UNSENT, /* nothing leaves by the link */
	INQUIRY_NOBODY, /* no resolver is known for the link */
};

struct inquiry_question {
	enum inquiry_kind kind;
	uint8_t link; /* number: it leaves by this one */
	struct ip_addr server;
	bool recursive;
	struct dns_name name; /* asked for */
	uint16_t type;
	struct ip_addr address; /* of a mail exchange, */
	struct dns_name host;   /* and its name */
	bool live;              /* its link carries traffic, so that it is to be found */
	enum inquiry_state state;
	const struct dns_reply *reply; /* INQUIRY_ANSWERED */
};

struct inquiry {
	struct dns_name domain;
	struct inquiry_question question[INQUIRY_MAX];
	size_t n;
	bool cut; /* there would have been more */
};

/* The questions to begin with.  `domain` is one of w's. */
void inquiry_mail(struct inquiry *q, const struct explain_world *w, struct str domain);
void inquiry_delegation(struct inquiry *q, const struct explain_world *w, struct str domain);
/* Question `i` has this reply, which lives as long as the inquiry; more questions may follow it. */
void inquiry_answered(struct inquiry *q, size_t i, const struct dns_reply *reply);
/* What came of it, when no question is open: findings as those of check.h.  Returns their number.
 */
size_t inquiry_report(
	const struct inquiry *q, const struct explain_world *w, const struct sink *out);

#endif
