/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cortex_m.h - the parts of an Arm Cortex-M processor, and CMSDK peripherals beside it: clock,
 * sleep, serial line, watchdog, numbers that cannot be guessed. */
#ifndef FL_CORTEX_M_H
#define FL_CORTEX_M_H

#include "machine.h"

#define SERIAL_RING 1024 /* a power of two */

struct ring {
	volatile uint32_t in, out; /* one end each is the interrupt's */
	uint8_t octets[SERIAL_RING];
};

struct cmsdk_uart {
	volatile uint32_t *base;
	struct ring received, sent;
	uint32_t overrun; /* octets that nobody fetched in time */
};

/* A generator over a key; see cortex_m.c for how good it is. */
struct entropy {
	uint8_t key[16];
	uint64_t drawn;
	uint32_t stirred; /* moments that went into the key */
};

struct cortex_m {
	uint32_t clock_mhz;
	volatile uint32_t *counter; /* microseconds, in 32 bits */
	uint32_t counted;
	int64_t us;
	struct cmsdk_uart uart;
	volatile uint32_t *watchdog;
	struct entropy entropy;
	unsigned wire_irq;                /* its line wakes the processor, and is never taken */
	bool (*wire_is_ready)(void *ctx); /* something waits at the network port */
	void *wire;
};

/* From now on an access to these octets is a fault.  `n` is a power of two, at least 32, and `at` a
 * multiple of it. */
void cortex_m_forbid(uintptr_t at, size_t n);
/* `machine` and `serial` are for the stack afterwards. */
void cortex_m_open(struct cortex_m *m, uint32_t clock_mhz, uintptr_t counter, uintptr_t uart,
	uint32_t baud, struct machine *machine, struct serial *serial);
/* Octets, and the moment, go into what random numbers come from. */
void cortex_m_stir(struct cortex_m *m, const void *octets, size_t n);
void cortex_m_watch(struct cortex_m *m, uintptr_t watchdog, uint32_t patience_ms);
void cortex_m_feed(struct cortex_m *m);
_Noreturn void cortex_m_reset(void);

/* ---- for the vectors ---- */

void cortex_m_uart_received(struct cortex_m *m);
void cortex_m_uart_sent(struct cortex_m *m);
/* Octets to the line without anything else: for what is said when nothing runs any more. */
void cortex_m_say(struct cortex_m *m, const char *text);

#endif
