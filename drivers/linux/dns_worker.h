/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_worker.h - the daemon's side of the DNS worker: struct dns_service by a process of its own.
 *
 * The worker runs from the first listen() with an endpoint until one without.  It answers once it
 * has an image and a state; questions that come before wait in the sockets, which the daemon holds
 * open, as they wait while a dead worker is replaced.  A death is posted to the loop as
 * IO_WORKER_GONE ("killed by signal 9"); the next worker starts at once, or, when one died within a
 * second of its start, after 100 ms, doubling up to 5 s.  A worker that is stuck in one batch of
 * questions for 5 s is killed. */
#ifndef FL_DNS_WORKER_H
#define FL_DNS_WORKER_H

#include "dns_service.h"
#include "log.h"
#include "loop.h"

struct dns_worker;

/* `program`: the path of fairlead-dns, copied, as `log` is.  `out` is filled and works until
 * dns_worker_close().  FL_ENOENT: there is no such program; FL_EIO: `why` says what failed.
 *
 * Of the service: listen() opens all sockets or changes nothing; endpoints that were there before
 * keep their sockets unless the number of threads changes.  threads 0: one a core.  At most 64
 * endpoints and 16 threads; a state of at most 16 KiB.  Nothing waits for the worker. */
MUST_USE enum fl_err dns_worker_open(struct dns_service *out, struct dns_worker **handle,
	struct loop *loop, const struct log *log, const char *program, struct textbuf *why);
/* Ends the worker; its sockets are closed. */
void dns_worker_close(struct dns_worker *w);

/* The process, for the curious (show, tests); 0: none runs. */
int dns_worker_pid(const struct dns_worker *w);

#endif
