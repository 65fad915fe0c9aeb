/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_explain.h - what somebody is answered, in words.  The answer is made by dns_answer() itself.
 */
#ifndef FL_DNS_EXPLAIN_H
#define FL_DNS_EXPLAIN_H

#include "dns.h"

/* dns_explain() for one who asks; `from` of family 0: anybody. */
enum fl_err dns_explain_from(const struct dns_image *image, const struct published *pub,
	struct str name, struct str type, const struct ip_addr *from, const struct sink *out);
/* The data of the records of the answer, sorted, one by one; and with commas between them:
 * "198.51.100.4, 203.0.113.4", empty when there are none.  *status: "NOERROR".  They fail as
 * dns_explain() does, without a word. */
enum fl_err dns_explain_each(const struct dns_image *image, const struct published *pub,
	struct str name, struct str type, const struct ip_addr *from,
	void (*each)(void *ctx, struct str record), void *ctx, const char **status);
enum fl_err dns_explain_short(const struct dns_image *image, const struct published *pub,
	struct str name, struct str type, const struct ip_addr *from, struct textbuf *out);

#endif
