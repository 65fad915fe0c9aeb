/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tls_child.h - the inside of fairlead-tls: TLS over a socket that was given to it.  See
 * tls_helper.h for how it and the daemon talk. */
#ifndef FL_TLS_CHILD_H
#define FL_TLS_CHILD_H

#include "base.h"

/* The authorities that certificates are checked against; Debian's ca-certificates makes it. */
#define TLS_AUTHORITIES "/etc/ssl/certs/ca-certificates.crt"

/* Are the arguments and descriptors those that the daemon gives? */
bool tls_child_is_meant(int argc, char **argv);
/* Ends the process. */
void tls_child_run(const char *host, bool verify) __attribute__((noreturn));

#endif
