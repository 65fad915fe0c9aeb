/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_console.h - `show dns`, `show dns answer NAME TYPE`, `show dns statistics`. */
#ifndef FL_DNS_CONSOLE_H
#define FL_DNS_CONSOLE_H

#include "console.h"
#include "dns.h"

/* What the worker has counted since it was started first. */
struct dns_console_figures {
	bool running;
	uint32_t restarts;
	uint32_t violations; /* ends by a system call that it may not make */
	uint64_t queries, replies, dropped, tcp, truncated;
};

/* The module that dns_commands is registered with. */
struct dns_console {
	const struct dns_image *image; /* at NULL inside: no domain is served yet */
	const struct published *published;
	void *ctx;
	void (*figures)(void *ctx, struct dns_console_figures *out); /* may be NULL */
	void (*counters)(void *ctx, struct dns_counters *out);       /* may be NULL */
};

extern const struct console_command dns_commands[];
/* What may be asked for, with what it means: for other tables as well. */
console_words dns_type_words;

#endif
