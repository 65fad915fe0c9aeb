/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_child.h - the DNS worker's whole life, but for how a question is answered. */
#ifndef FL_DNS_CHILD_H
#define FL_DNS_CHILD_H

#include "dns_server.h"

/* Is this process a worker, started by the daemon as "PROGRAM --control FD --threads N"? */
struct dns_child_args {
	int control;
	unsigned threads;
};
bool dns_child_args(int argc, char **argv, struct dns_child_args *out);

/* Serve until the daemon is gone, then end the process. */
void dns_child_run(const struct dns_child_args *args, const struct dns_answerer *answerer)
	__attribute__((noreturn));

#endif
