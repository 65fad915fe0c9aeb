/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_sandbox.h - take away from the DNS worker all that it does not need to answer questions. */
#ifndef FL_DNS_SANDBOX_H
#define FL_DNS_SANDBOX_H

#include "err.h"
#include "text.h"

/* Before there is a second thread: no core files, an empty root folder, an unprivileged user, no
 * capabilities, no way to gain any.  What cannot be had here (a user namespace with one user, no
 * right to change the root) is left out; `how` says what holds: "user 65534, empty root". */
void dns_sandbox_enter(struct textbuf *how);

/* From now on every thread may use its sockets and map images, and dies of anything else.
 * Nothing may allocate memory after it.  FL_EIO: errno says why. */
MUST_USE enum fl_err dns_sandbox_filter(void);

#endif
