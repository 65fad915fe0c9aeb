/* SPDX-License-Identifier: GPL-2.0-or-later */
/* drivers.h - all that the product asks of the world.  Built once by a main program or a test,
 * passed down, never changed. */
#ifndef FL_DRIVERS_H
#define FL_DRIVERS_H

#include "accounts.h"
#include "daemons.h"
#include "datagrams.h"
#include "dns_service.h"
#include "files.h"
#include "hmac.h"
#include "interfaces.h"
#include "io.h"
#include "kernel.h"
#include "lamps.h"
#include "log.h"
#include "neighbours.h"
#include "pages.h"
#include "probes.h"
#include "sessions.h"
#include "storage.h"
#include "unit.h"

struct drivers {
	struct io io;
	struct interfaces interfaces;
	struct probes probes;
	struct neighbours neighbours;
	struct kernel kernel;
	struct lamps lamps;
	struct storage
		settings; /* one item, "settings": the configuration that is read at the start */
	const char *settings_name; /* of that item in messages, a path; NULL: "settings" */
	struct storage storage;    /* everything else that outlives a restart */
	struct sessions sessions;
	struct dns_service dns;
	struct datagrams datagrams; /* to other name servers */
	struct daemons daemons;
	struct pages pages;
	hmac_function *hmac;
	struct files files;
	struct accounts accounts;
	struct unit unit;
	struct log log;
	struct arena_source memory;
};

#endif
