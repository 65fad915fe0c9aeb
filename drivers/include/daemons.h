/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemons.h - the field's own programs, kept running: DHCP clients, PPP, the LAN's DHCP and DNS,
 * the keeper of the clock.
 *
 * A slot is one program.  It is started again when it ends, ends with us, and what it prints goes
 * to the log under its name.  Its files lie in a folder of ours that nobody else can write to.
 *
 * What it finds out comes back by its hook: a program `report` that it runs and that sends all of
 * its environment as an IO_DAEMON_REPORT event (io.h).  In that environment must be
 * FAIRLEAD_REPORT=SOCKET and FAIRLEAD_SLOT=SLOT, which every program gets from us; one that does
 * not hand its own environment on to its hook must be told them in its configuration. */
#ifndef FL_DAEMONS_H
#define FL_DAEMONS_H

#include "err.h"
#include "text.h"

#define DAEMONS_MAX       64
#define DAEMON_ARGS_MAX   24
#define DAEMON_FILES_MAX  3
#define DAEMON_REPORT_MAX 16384 /* octets of one report; a longer one is dropped */

struct daemon_file {
	struct str name; /* within the folder */
	struct str text;
	bool shared; /* the program reads it when it has given up its privileges */
};

struct daemon {
	struct str name; /* in the log: "dhcpcd wan1" */
	/* The first is the program: found in the system's own folders, never by a shell. */
	struct str args[DAEMON_ARGS_MAX];
	size_t nargs;
	struct daemon_file files[DAEMON_FILES_MAX];
	size_t nfiles;
	bool is_heard; /* each line that it prints is an IO_DAEMON_LINE, too */
};

struct daemons {
	void *ctx;
	const char *folder; /* of the files; absolute */
	const char *report; /* the program for hooks */
	const char *socket; /* where it reports to */
	/* Keep this program running.  One that runs in the slot with the same words and files goes
	 * on undisturbed, else it is ended first.  FL_ENOENT: the program is not installed; it is
	 * looked for again and again.  FL_EIO: a file cannot be written. */
	enum fl_err (*run)(void *ctx, unsigned slot, const struct daemon *d, struct textbuf *why);
	/* Write one of its files anew and let it read them again (SIGHUP), unless nothing changed.
	 */
	enum fl_err (*reread)(
		void *ctx, unsigned slot, const struct daemon_file *f, struct textbuf *why);
	/* End it, and keep it ended.  Of a slot that is free: nothing. */
	void (*stop)(void *ctx, unsigned slot);
};

#endif
