/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spf.h - may an address send mail for a domain?  RFC 7208, as far as it can be told from the
 * domain's own records: nobody is asked. */
#ifndef FL_SPF_H
#define FL_SPF_H

#include "addr.h"

enum spf_result {
	SPF_NONE,    /* the text is no SPF record */
	SPF_PASS,    /* allowed */
	SPF_REFUSED, /* "-", "~" or "?" */
	SPF_UNKNOWN, /* another domain's records decide, or the text is malformed */
};

/* The addresses of the domain that "a" and "mx" stand for. */
struct spf_domain {
	void *ctx;
	bool (*has)(void *ctx, bool mx, const struct ip_addr *a);
};

/* `text` is any text: the strings of a TXT record, joined. */
enum spf_result spf_evaluate(
	struct str text, const struct ip_addr *from, const struct spf_domain *domain);
const char *spf_result_text(enum spf_result r);

#endif
