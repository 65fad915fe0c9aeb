/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arm MPS2+ with AN385 ("Arm Cortex-M3 SMM on V2M-MPS2+", DAI0385), and as QEMU's machine
 * mps2-an385.
 *
 * Lamps: the eight user LEDs of the system controller are green and amber of WAN1 to WAN4, the two
 * of the FPGA green and amber of SYS.  The EEPROM is one at address 0x50 of the first shield's I2C
 * bus. */
#include "mps2_an385.h"

#include <string.h>

#define CLOCK_MHZ        25
#define UART0            0x40004000u
#define WATCHDOG         0x40008000u
#define LEDS_FPGA        ((volatile uint32_t *)0x40028000)
#define COUNTER          0x40028018u
#define COUNTER_PRESCALE ((volatile uint32_t *)0x4002801c)
#define LEDS_SCC         ((volatile uint32_t *)0x4002f004)
#define I2C_SHIELD1      0x4002a000u
#define LAN9118          0x40200000u
#define LAN_IRQ          13
#define PATIENCE_MS      4000 /* of the watchdog; it resets after twice as long */
#define KEPT_MAGIC       0x4b455054u
#define STACK_FILL       0x5354434bu
#define STACK_GUARD      512 /* octets; larger than what most functions put there at once */

extern uint8_t heap_begin[], heap_end[], stack_top[];

struct mps2 mps2;

/* ---- why it starts ---- */

/* RAM keeps this over a restart, and has noise in it when the power comes. */
static struct {
	uint32_t magic, starts;
	uint32_t why, check;
} kept __attribute__((section(".kept")));

static uint32_t check_of_kept(void)
{
	return ~(kept.magic ^ kept.starts ^ kept.why);
}

void mps2_reset_is(enum mps2_reset why)
{
	kept.why = why;
	kept.check = check_of_kept();
}

static void read_kept(void)
{
	if (kept.magic != KEPT_MAGIC || kept.check != check_of_kept() || kept.why >= MPS2_RESETS) {
		kept.magic = KEPT_MAGIC;
		kept.starts = 0;
		kept.why = MPS2_RESET_POWER;
	}
	mps2.last_reset = (enum mps2_reset)kept.why;
	mps2.starts = ++kept.starts;
	/* Whoever does not say why is cut off. */
	mps2_reset_is(MPS2_RESET_POWER);
}

const char *mps2_reset_text(enum mps2_reset why)
{
	static const char *const text[MPS2_RESETS] = {"the power, or the reset line", "an order",
		"the watchdog", "a fault of the processor"};

	return text[why];
}

/* ---- lamps ---- */

struct place {
	volatile uint32_t *leds;
	unsigned shift; /* green; amber is the next */
};

/* The LEDs of a lamp; leds NULL: there is no such lamp. */
static struct place place_of(struct str lamp)
{
	if (str_is(lamp, "SYS"))
		return (struct place){LEDS_FPGA, 0};
	if (lamp.n == 4 && str_starts(lamp, STR("WAN")) && lamp.at[3] >= '1' && lamp.at[3] <= '4')
		return (struct place){LEDS_SCC, 2u * (unsigned)(lamp.at[3] - '1')};
	return (struct place){NULL, 0};
}

static enum fl_err lamps_describe(void *ctx, struct str name, bool *one_colour)
{
	(void)ctx;
	*one_colour = false;
	return place_of(name).leds ? FL_OK : FL_ENOENT;
}

/* Red is amber and green together. */
static void lamps_set(void *ctx, struct str name, bool green, bool amber, bool red)
{
	struct place p = place_of(name);
	uint32_t lit = (green || red ? 1u : 0u) | (amber || red ? 2u : 0u);

	(void)ctx;
	if (p.leds)
		*p.leds = (*p.leds & ~(3u << p.shift)) | lit << p.shift;
}

static void lamps_name(void *ctx, struct str name, const char *pattern)
{
	(void)ctx;
	(void)name;
	(void)pattern;
}

/* ---- memory ---- */

/* Below the stack nothing may be touched: one that grows too large is a fault, and the board starts
 * again instead of going on with spoilt settings. */
static uint8_t *stack_end(void)
{
	return heap_end + STACK_GUARD;
}

static void fill_stack(void)
{
	/* Well below where this function is at work. */
	const uint32_t *end = (const uint32_t *)__builtin_frame_address(0) - 64;

	for (uint32_t *at = (uint32_t *)(void *)stack_end(); at < end; at++)
		*at = STACK_FILL;
	cortex_m_forbid((uintptr_t)heap_end, STACK_GUARD);
}

size_t mps2_stack_size(void)
{
	return (size_t)(stack_top - stack_end());
}

size_t mps2_stack_used(void)
{
	const uint32_t *at = (const uint32_t *)(const void *)stack_end();
	const uint32_t *end = (const uint32_t *)(const void *)stack_top;

	while (at < end && *at == STACK_FILL)
		at++;
	return (size_t)(end - at) * 4;
}

/* ---- the board ---- */

static bool wire_is_ready(void *ctx)
{
	return lan9118_is_ready(ctx);
}

/* 32 KB: settings twice, then the seed twice. */
static const struct slots_item items[] = {
	{"settings", 0, 16320},
	{"seed", 2 * 16320, 64},
};

bool mps2_open(void)
{
	read_kept();
	*LEDS_FPGA = 0;
	*LEDS_SCC = 0;
	fill_stack();
	*COUNTER_PRESCALE = CLOCK_MHZ - 1;
	cortex_m_open(&mps2.core, CLOCK_MHZ, COUNTER, UART0, 115200, &mps2.machine, &mps2.serial);
	heap_open(&mps2.heap, heap_begin, (size_t)(heap_end - heap_begin));
	mps2.eeprom = (struct at24){(volatile uint32_t *)I2C_SHIELD1, 0x50, 2};
	at24_fill(&mps2.eeprom, &mps2.paged);
	mps2.slots = (struct slots){&mps2.paged, items, COUNT_OF(items)};
	slots_fill(&mps2.slots, &mps2.storage);
	mps2.lamps = (struct lamps){NULL, lamps_describe, lamps_set, lamps_name};
	if (!lan9118_open(&mps2.lan, LAN9118, "eth0", &mps2.wire))
		return false;
	mps2.core.wire_irq = LAN_IRQ;
	mps2.core.wire_is_ready = wire_is_ready;
	mps2.core.wire = &mps2.lan;
	cortex_m_watch(&mps2.core, WATCHDOG, PATIENCE_MS);
	return true;
}
