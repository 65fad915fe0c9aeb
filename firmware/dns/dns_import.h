/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_import.h - a master file -> settings of a domain.
 *
 * An address becomes a `host` on the link whose network has it (`link any` where none has), several
 * of one name hosts behind a balanced-host; an MX of the domain whose exchange is such a host
 * becomes its preference; NS of the domain become name servers, the SOA's mailbox the contact;
 * everything else a `record`.  TTLs stay behind: fail-over needs short ones, and the domain has its
 * own. */
#ifndef FL_DNS_IMPORT_H
#define FL_DNS_IMPORT_H

#include "arena.h"
#include "dns.h"

struct dns_import {
	const struct link_conf *links;
	size_t nlinks;
	void *ctx;
	/* One statement, as words behind "set"; false: refused, and told. */
	bool (*statement)(void *ctx, struct str text);
	void (*mistake)(void *ctx, uint32_t line, const char *what);
};

/* FL_EFORMAT: `domain` is no name; FL_EFULL: out of memory.  Returns in *taken and *left how many
 * records were taken and left out. */
enum fl_err dns_import(const struct dns_import *import, struct str domain, struct str text,
	struct arena *mem, size_t *taken, size_t *left);

#endif
