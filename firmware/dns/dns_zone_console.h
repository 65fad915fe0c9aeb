/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_zone_console.h - `show zone NAME`, `show dns secondaries`, `import zone NAME FILE`. */
#ifndef FL_DNS_ZONE_CONSOLE_H
#define FL_DNS_ZONE_CONSOLE_H

#include "console.h"
#include "dns_notify.h"

/* The module that dns_zone_commands is registered with. */
struct dns_zone_console {
	const struct dns_image *image; /* at NULL inside: no domain is served yet */
	const struct published *published;
	const struct dns_domain_conf *domains; /* for completion */
	size_t ndomains;
	const struct dns_notify *notify;
	const struct link_conf *links;
	size_t nlinks;
	const struct arena_source *memory;
	void *ctx;
	enum fl_err (*read_file)(void *ctx, struct str path, struct arena *mem, struct bytes *out,
		struct textbuf *why);
};

extern const struct console_command dns_zone_commands[];

#endif
