/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check.h - what is allowed, but not wise: settings that never have an effect, single points of
 * failure, mail that others will refuse.  Pure.
 *
 * Each finding says what, why it matters, and the cure, as lines to be typed in configuration mode;
 * a word in capitals in them is to be filled in. */
#ifndef FL_CHECK_H
#define FL_CHECK_H

#include "explain.h"

/* Findings as they are printed: one list, numbered. */
struct check {
	const struct explain_world *world;
	const struct sink *out;
	size_t found;
	const char *why; /* of the check that runs */
};

/* What is printed behind it is a finding; then its cures, one line each. */
void check_found(struct check *c, const char *what, ...) PRINTF_LIKE(2, 3);
void check_cure(struct check *c, const char *line, ...) PRINTF_LIKE(2, 3);

/* All that can be said of the settings.  Returns the number of findings. */
size_t check_settings(const struct explain_world *w, const struct sink *out);
/* The mail of one domain, inbound and outbound; its delegation, as the parent should have it.
 * FL_ENOENT: it is no domain of ours, which has been told. */
enum fl_err check_mail(const struct explain_world *w, struct str domain, const struct sink *out);
enum fl_err check_delegation(
	const struct explain_world *w, struct str domain, const struct sink *out);

/* ---- shared by the files of check ---- */

const struct dns_domain_conf *check_domain(const struct explain_world *w, struct str name);
/* The link of a host or name server; NULL: off-site, or none. */
const struct link_conf *check_link(const struct explain_world *w, int32_t link);
/* "mail1.example.com" */
void check_full_name(
	const struct dns_domain_conf *d, const struct dns_host_name *n, struct textbuf *out);
/* The names that an address leads back to, by the zones of ours; empty: none. */
void check_reverse(const struct explain_world *w, const struct ip_addr *a, struct textbuf *out);

#endif
