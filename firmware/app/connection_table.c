/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's connection table has an end, and beyond it new connections are dropped without a
 * word: so there is one. */
#include "product.h"

#define LOOK_EVERY     sec(10)
#define NEARLY_FULL    90 /* per cent */
#define PLENTY_OF_ROOM 80

void connection_table_open(struct fairlead *f)
{
	const struct kernel *k = &f->io->kernel;
	uint32_t used, all;

	if (k->room(k->ctx, &used, &all))
		f->table_default = forwarding_table_default(k->memory(k->ctx), all);
}

void connection_table_tick(struct fairlead *f, mtime now)
{
	const struct kernel *k = &f->io->kernel;
	uint32_t used, all;
	uint64_t percent;

	if (!mtime_reached(now, f->table_due))
		return;
	f->table_due = mtime_after(now, LOOK_EVERY);
	if (!k->room(k->ctx, &used, &all) || all == 0)
		return;
	percent = (uint64_t)used * 100 / all;
	if (percent >= NEARLY_FULL && !f->table_is_full)
		log_printf(&f->log, LOG_LEVEL_WARNING,
			"the connection table is %llu %% full (%u of %u): when it is full new "
			"connections are dropped; \"show flows\" tells who has them, and "
			"\"set forwarding table-size\" makes room",
			(unsigned long long)percent, used, all);
	if (percent < PLENTY_OF_ROOM && f->table_is_full)
		log_printf(&f->log, LOG_LEVEL_NOTICE,
			"the connection table has room again (%u of %u)", used, all);
	if (percent >= NEARLY_FULL)
		f->table_is_full = true;
	else if (percent < PLENTY_OF_ROOM)
		f->table_is_full = false;
}
