/* SPDX-License-Identifier: GPL-2.0-or-later */
/* accounts_linux.h - drivers/include/accounts.h as passwd, shadow and authorized_keys.
 *
 * In `folder`, which /etc/passwd and /etc/shadow of the image lead to, lines of the files `passwd`
 * and `shadow` with user numbers from 2000 to 2099 are ours; all others stay as they are, but for
 * the password of root where the settings have a user of that name.  `folder`/home/NAME/.ssh has
 * the keys and belongs to root, so that nobody adds keys of his own.  Users are in group adm, whose
 * members may talk to the daemon, and their shell is `shell`, the console. */
#ifndef FL_ACCOUNTS_LINUX_H
#define FL_ACCOUNTS_LINUX_H

#include "accounts.h"

struct accounts_linux {
	const char *folder; /* NULL: the system keeps its own accounts */
	const char *shell;
};

/* `a` must not move. */
void accounts_linux_open(struct accounts *out, struct accounts_linux *a);

#endif
