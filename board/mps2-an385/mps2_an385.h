/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mps2_an385.h - the board as its main program finds it. */
#ifndef FL_MPS2_AN385_H
#define FL_MPS2_AN385_H

#include "at24.h"
#include "cortex_m.h"
#include "heap.h"
#include "lamps.h"
#include "lan9118.h"
#include "log.h"

enum mps2_reset {
	MPS2_RESET_POWER,
	MPS2_RESET_ORDER,
	MPS2_RESET_WATCHDOG,
	MPS2_RESET_FAULT,
	MPS2_RESETS
};

/* The one board there is: interrupts come without a context and find it here. */
struct mps2 {
	struct cortex_m core;
	struct lan9118 lan;
	struct at24 eeprom;
	struct heap heap;
	struct machine machine;
	struct serial serial;
	struct wire wire;
	struct paged paged;
	struct slots slots;
	struct lamps lamps;
	struct storage storage;
	enum mps2_reset last_reset;
	uint32_t starts; /* since the power came */
};
extern struct mps2 mps2;

/* False: the network chip is not there. */
bool mps2_open(void);
/* Leave word for the next start of why this one ended. */
void mps2_reset_is(enum mps2_reset why);
const char *mps2_reset_text(enum mps2_reset why);
/* Octets: the most that were ever used, and all there are. */
size_t mps2_stack_used(void);
size_t mps2_stack_size(void);

#endif
