/* SPDX-License-Identifier: GPL-2.0-or-later */
/* system.h - the box itself, in the product: its slots and updates, its watchdog, its button. */
#ifndef FL_APP_SYSTEM_H
#define FL_APP_SYSTEM_H

#include "boot_state.h"
#include "button.h"
#include "health.h"
#include "unit.h"

#define SYSTEM_LINE_MAX 200

/* What a task (unit.h) said last. */
struct system_task {
	bool runs, failed;
	enum unit_task what;
	char line[SYSTEM_LINE_MAX];
	unsigned lines, told; /* how many it has said, and how many the terminal was told */
};

struct box {
	struct health health;
	struct button button;
	struct system_task task;
	mtime pet_due;
	mtime locate_until; /* all lamps blink */
	/* The monitors: when they were last seen to be in time. */
	mtime monitors_at;
	mtime worker_at; /* and the DNS worker */
	mtime end_due;   /* the machine ends, when who asked for it has been told */
	enum unit_end end;
};

#endif
