/* SPDX-License-Identifier: GPL-2.0-or-later */
/* probe_calls.h - conversations over TCP, each by one link or not at all.  Private to the driver of
 * probes.h. */
#ifndef FL_PROBE_CALLS_H
#define FL_PROBE_CALLS_H

#include "loop.h"
#include "probes.h"

struct probe_calls;

/* `tls_program` speaks TLS (tls_helper.h).  NULL: out of memory. */
struct probe_calls *probe_calls_open(struct loop *loop, const char *tls_program);
void probe_calls_close(struct probe_calls *c);
/* Calls of this link go this way from now on (NULL: none can be made); those under way end. */
void probe_calls_path(struct probe_calls *c, uint8_t link, const struct probe_path *path);
enum fl_err probe_calls_begin(
	struct probe_calls *c, uint8_t link, const struct probe_call *call, struct textbuf *why);

/* ---- shared with probes_linux.c ---- */

/* Device, mark and source address: all of them hold, or the socket is not used.  0, or -1 and
 * errno. */
int probe_bind(int fd, const struct probe_path *path, const struct ip_addr *source);

#endif
