/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers that cannot be guessed, and how good they are.  The board has no source of noise.  The
 * key of the generator (SipHash over a counter) comes from a seed in the EEPROM, replaced at every
 * start, and from the moments, in ticks of the processor's clock, at which frames and keys arrive.
 * Once a seed was stored on a board that heard a few hundred frames the key is as good as any; at
 * the very first start, and for whoever can read the EEPROM, it is only as good as those moments.
 * It guards sequence numbers, ports and cookies, no secrets. */
#include "cortex_m.h"

#include "siphash.h"

#include <string.h>

/* ARMv7-M Architecture Reference Manual, B3. */
#define SYST_CSR  ((volatile uint32_t *)0xe000e010)
#define SYST_RVR  ((volatile uint32_t *)0xe000e014)
#define SYST_CVR  ((volatile uint32_t *)0xe000e018)
#define NVIC_ISER ((volatile uint32_t *)0xe000e100)
#define NVIC_ICER ((volatile uint32_t *)0xe000e180)
#define AIRCR     ((volatile uint32_t *)0xe000ed0c)
#define MPU_TYPE  ((volatile uint32_t *)0xe000ed90)
#define MPU_CTRL  ((volatile uint32_t *)0xe000ed94)
#define MPU_RBAR  ((volatile uint32_t *)0xe000ed9c)
#define MPU_RASR  ((volatile uint32_t *)0xe000eda0)
#define MPU_ON    5u          /* enabled; what no region says is as without it */
#define MPU_NONE  0x10000001u /* a region that is on: nothing is executed, read or written */
#define SYST_ON   7u          /* enabled, interrupt, processor's clock */
#define RESET_KEY 0x05fa0004u

/* CMSDK UART and watchdog (Cortex-M System Design Kit TRM), as words. */
enum { UART_DATA, UART_STATE, UART_CTRL, UART_INT, UART_BAUDDIV };
enum { WDOG_LOAD, WDOG_VALUE, WDOG_CONTROL, WDOG_INTCLR, WDOG_LOCK = 0xc00 / 4 };
#define UART_TXFULL 1u
#define UART_RXFULL 2u
#define UART_ENABLE 0xfu /* both ways, both interrupts */
#define UART_INT_TX 1u
#define UART_INT_RX 2u
#define UART_RX_IRQ 0
#define UART_TX_IRQ 1
#define WDOG_ON     3u /* interrupt, then reset */
#define WDOG_UNLOCK 0x1acce551u

static uint32_t lock(void)
{
	uint32_t primask;

	__asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(primask)::"memory");
	return primask;
}

static void unlock(uint32_t primask)
{
	__asm__ volatile("msr primask, %0" ::"r"(primask) : "memory");
}

/* ---- time ---- */

/* The counter starts again after 71 minutes, and is read far more often.  Ticks are not counted:
 * one that is pending when the next one comes is lost. */
static mtime now(void *ctx)
{
	struct cortex_m *m = ctx;
	uint32_t count = *m->counter;

	m->us += count - m->counted;
	m->counted = count;
	return (mtime){m->us};
}

static bool has_typed(const struct cortex_m *m)
{
	return m->uart.received.in != m->uart.received.out;
}

/* At the latest the next tick ends it.  The network's line is enabled for the sleep alone and with
 * interrupts off: it wakes the processor and calls nobody. */
static void sleep(void *ctx, mtime until)
{
	struct cortex_m *m = ctx;
	uint32_t primask;

	(void)until;
	cortex_m_feed(m);
	primask = lock();
	if (!has_typed(m) && !m->wire_is_ready(m->wire)) {
		NVIC_ISER[0] = 1u << m->wire_irq;
		__asm__ volatile("wfi" ::: "memory");
		NVIC_ICER[0] = 1u << m->wire_irq;
	}
	unlock(primask);
}

/* ---- the serial line ---- */

static bool ring_put(struct ring *r, uint8_t octet)
{
	if (r->in - r->out == SERIAL_RING)
		return false;
	r->octets[r->in % SERIAL_RING] = octet;
	r->in++;
	return true;
}

static bool ring_get(struct ring *r, uint8_t *octet)
{
	if (r->in == r->out)
		return false;
	*octet = r->octets[r->out % SERIAL_RING];
	r->out++;
	return true;
}

void cortex_m_uart_received(struct cortex_m *m)
{
	struct cmsdk_uart *u = &m->uart;

	/* First the interrupt, as reading lets the next octet in. */
	u->base[UART_INT] = UART_INT_RX;
	while (u->base[UART_STATE] & UART_RXFULL)
		if (!ring_put(&u->received, (uint8_t)u->base[UART_DATA]))
			u->overrun++;
}

void cortex_m_uart_sent(struct cortex_m *m)
{
	struct cmsdk_uart *u = &m->uart;
	uint8_t octet;

	u->base[UART_INT] = UART_INT_TX;
	while (!(u->base[UART_STATE] & UART_TXFULL) && ring_get(&u->sent, &octet))
		u->base[UART_DATA] = octet;
}

static size_t serial_read(void *ctx, void *to, size_t n)
{
	struct cortex_m *m = ctx;
	uint8_t *at = to;
	size_t got = 0;

	while (got < n && ring_get(&m->uart.received, &at[got]))
		got++;
	if (got)
		cortex_m_stir(m, at, got);
	return got;
}

static size_t serial_write(void *ctx, const void *from, size_t n)
{
	struct cortex_m *m = ctx;
	const uint8_t *at = from;
	size_t put = 0;
	uint32_t primask;

	while (put < n && ring_put(&m->uart.sent, at[put]))
		put++;
	primask = lock();
	cortex_m_uart_sent(m);
	unlock(primask);
	return put;
}

void cortex_m_say(struct cortex_m *m, const char *text)
{
	for (; *text; text++) {
		while (m->uart.base[UART_STATE] & UART_TXFULL)
			;
		m->uart.base[UART_DATA] = (uint8_t)*text;
	}
}

static void uart_open(struct cortex_m *m, uintptr_t base, uint32_t baud)
{
	m->uart.base = (volatile uint32_t *)base;
	m->uart.base[UART_BAUDDIV] = m->clock_mhz * 1000000 / baud;
	m->uart.base[UART_CTRL] = UART_ENABLE;
	NVIC_ISER[0] = 1u << UART_RX_IRQ | 1u << UART_TX_IRQ;
}

/* ---- numbers that cannot be guessed ---- */

void cortex_m_stir(struct cortex_m *m, const void *octets, size_t n)
{
	struct entropy *e = &m->entropy;
	uint8_t mix[64 + 4];
	uint64_t half[2];

	if (n > 64)
		n = 64;
	if (n)
		memcpy(mix, octets, n);
	set_u32(mix + n, *SYST_CVR ^ *m->counter << 12);
	half[0] = siphash(e->key, bytes_of(mix, n + 4));
	mix[0] ^= 0xff;
	half[1] = siphash(e->key, bytes_of(mix, n + 4));
	for (size_t i = 0; i < sizeof(e->key); i++)
		e->key[i] ^= ((const uint8_t *)half)[i];
	e->stirred++;
}

static void random_octets(void *ctx, void *out, size_t n)
{
	struct cortex_m *m = ctx;
	uint8_t *at = out;

	while (n) {
		uint64_t draw = siphash(
			m->entropy.key, bytes_of(&m->entropy.drawn, sizeof(m->entropy.drawn)));
		size_t part = n < sizeof(draw) ? n : sizeof(draw);

		m->entropy.drawn++;
		memcpy(at, &draw, part);
		at += part;
		n -= part;
	}
	/* What was drawn cannot be drawn again, even by who sees the memory later. */
	cortex_m_stir(m, NULL, 0);
}

/* ---- memory ---- */

void cortex_m_forbid(uintptr_t at, size_t n)
{
	uint32_t size = 4; /* 32 octets */

	if (!(*MPU_TYPE >> 8 & 0xff))
		return; /* a processor without */
	while (((size_t)2 << size) < n)
		size++;
	*MPU_RBAR = (uint32_t)at | 0x10; /* region 0 */
	*MPU_RASR = MPU_NONE | size << 1;
	*MPU_CTRL = MPU_ON;
	__asm__ volatile("dsb\n\tisb" ::: "memory");
}

/* ---- watchdog and reset ---- */

void cortex_m_watch(struct cortex_m *m, uintptr_t watchdog, uint32_t patience_ms)
{
	m->watchdog = (volatile uint32_t *)watchdog;
	m->watchdog[WDOG_LOCK] = WDOG_UNLOCK;
	m->watchdog[WDOG_LOAD] = m->clock_mhz * 1000 * patience_ms;
	m->watchdog[WDOG_CONTROL] = WDOG_ON;
	m->watchdog[WDOG_LOCK] = 0;
}

void cortex_m_feed(struct cortex_m *m)
{
	if (!m->watchdog)
		return;
	m->watchdog[WDOG_LOCK] = WDOG_UNLOCK;
	m->watchdog[WDOG_INTCLR] = 1;
	m->watchdog[WDOG_LOCK] = 0;
}

_Noreturn void cortex_m_reset(void)
{
	__asm__ volatile("dsb" ::: "memory");
	*AIRCR = RESET_KEY;
	for (;;)
		;
}

void cortex_m_open(struct cortex_m *m, uint32_t clock_mhz, uintptr_t counter, uintptr_t uart,
	uint32_t baud, struct machine *machine, struct serial *serial)
{
	memset(m, 0, sizeof(*m));
	m->clock_mhz = clock_mhz;
	m->counter = (volatile uint32_t *)counter;
	m->counted = *m->counter;
	*SYST_RVR = clock_mhz * 1000 - 1;
	*SYST_CVR = 0;
	*SYST_CSR = SYST_ON;
	uart_open(m, uart, baud);
	*machine = (struct machine){m, now, random_octets, sleep};
	*serial = (struct serial){m, serial_read, serial_write};
}
