/* SPDX-License-Identifier: GPL-2.0-or-later */
/* accounts.h - who can log in to the system.  Login itself is the system's: login(1) at the serial
 * line, an SSH server over the network.  They find here whom the settings name, and nobody else.
 *
 * Only where the whole system is ours, as in the image: on a system that keeps its own accounts
 * `managed` is false, apply() does nothing and hash() still works. */
#ifndef FL_ACCOUNTS_H
#define FL_ACCOUNTS_H

#include "err.h"
#include "text.h"

#define ACCOUNT_NAME_MAX 31
#define ACCOUNT_HASH_MAX 256

struct account {
	struct str name;
	struct str hash; /* as crypt(3) makes it; empty: no password is the right one */
	bool open;       /* lets in without a password, where the system allows that: at the serial
			  * line, never over the network */
	const struct str *keys; /* lines of authorized_keys */
	size_t nkeys;
};

struct accounts {
	void *ctx;
	bool managed;
	/* These are the accounts now.  FL_EIO, FL_EEXIST: `why` says what failed; some of the old
	 * ones may be in place still. */
	enum fl_err (*apply)(void *ctx, const struct account *a, size_t n, struct textbuf *why);
	/* Takes some ten milliseconds on a PC, on purpose. */
	enum fl_err (*hash)(
		void *ctx, struct str password, char out[ACCOUNT_HASH_MAX], struct textbuf *why);
};

#endif
