/* SPDX-License-Identifier: GPL-2.0-or-later */
/* boot_state.h - which of the two slots the boot loader starts, and how often it may try.  Pure.
 *
 * It is a GRUB environment block, which the boot loader reads and writes as well (grub.cfg of the
 * image).  The boot loader takes the first slot of `order` that has attempts left and takes one of
 * them away; when none has any, it starts safe mode.  Fairlead gives the attempts back when it has
 * been up long enough, or ends in an orderly way. */
#ifndef FL_BOOT_STATE_H
#define FL_BOOT_STATE_H

#include "bytes.h"
#include "err.h"

#define BOOT_BLOCK_SIZE 1024
#define BOOT_ATTEMPTS   3

enum boot_slot_name { BOOT_SLOT_A, BOOT_SLOT_B, BOOT_SLOTS };

struct boot_slot {
	unsigned left; /* attempts, 0 to BOOT_ATTEMPTS */
	bool ok;       /* what is in it was once found good */
};

struct boot_state {
	enum boot_slot_name first; /* of `order` */
	struct boot_slot slot[BOOT_SLOTS];
};

/* FL_EFORMAT: no such block, or its words make no sense. */
MUST_USE enum fl_err boot_state_parse(struct bytes block, struct boot_state *out);
/* What changes lies in the first 512 octets: one sector, which is written whole or not at all. */
void boot_state_print(const struct boot_state *s, uint8_t block[BOOT_BLOCK_SIZE]);

static inline enum boot_slot_name boot_slot_other(enum boot_slot_name s)
{
	return s == BOOT_SLOT_A ? BOOT_SLOT_B : BOOT_SLOT_A;
}
static inline char boot_slot_letter(enum boot_slot_name s)
{
	return s == BOOT_SLOT_A ? 'a' : 'b';
}

/* Would the boot loader start `n` next?  Of neither: it starts safe mode. */
bool boot_state_starts(const struct boot_state *s, enum boot_slot_name n);
/* `target` is about to be overwritten: it is not started any more. */
void boot_state_begin_update(struct boot_state *s, enum boot_slot_name target);
/* `target` holds an update: it is tried at the next start. */
void boot_state_end_update(struct boot_state *s, enum boot_slot_name target);
/* What runs is good: it is what starts from now on. */
void boot_state_confirm(struct boot_state *s, enum boot_slot_name running);
/* What runs has been up for long, or ends in an orderly way. */
void boot_state_give_back(struct boot_state *s, enum boot_slot_name running);
/* Start the other slot next time.  FL_ENOENT: it holds nothing that was ever found good. */
MUST_USE enum fl_err boot_state_roll_back(struct boot_state *s, enum boot_slot_name running);

#endif
