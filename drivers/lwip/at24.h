/* SPDX-License-Identifier: GPL-2.0-or-later */
/* at24.h - an EEPROM with addresses of 16 bits (AT24C256) on two wires that the processor moves
 * itself. */
#ifndef FL_AT24_H
#define FL_AT24_H

#include "slots.h"

struct at24 {
	volatile uint32_t *wires; /* +0: read, and set ones; +1: clear ones; bit 0 SCL, bit 1 SDA */
	uint8_t address;          /* of the chip, 7 bits */
	uint32_t rest;            /* turns of a loop in half a clock of the bus */
};

void at24_fill(struct at24 *a, struct paged *out);

#endif
