/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From reset to main(), and what interrupts. */
#include "mps2_an385.h"

#include <stdint.h>

extern uint32_t data_begin[], data_end[], data_load[], bss_begin[], bss_end[], stack_top[];

int main(void);
_Noreturn void start(void);
void start_tick(void), start_received(void), start_sent(void), start_watchdog(void),
	start_fault(void);

_Noreturn void start(void)
{
	uint32_t *from = data_load;

	for (uint32_t *to = data_begin; to < data_end;)
		*to++ = *from++;
	for (uint32_t *to = bss_begin; to < bss_end;)
		*to++ = 0;
	(void)main();
	cortex_m_reset();
}

/* It only ends a sleep. */
void start_tick(void) {}

void start_received(void)
{
	cortex_m_uart_received(&mps2.core);
}

void start_sent(void)
{
	cortex_m_uart_sent(&mps2.core);
}

/* The watchdog's first word; its second is the reset, as nobody feeds it any more. */
void start_watchdog(void)
{
	mps2_reset_is(MPS2_RESET_WATCHDOG);
	cortex_m_say(&mps2.core, "\r\nthe watchdog was not fed: restarting\r\n");
	for (;;)
		;
}

void start_fault(void)
{
	mps2_reset_is(MPS2_RESET_FAULT);
	cortex_m_say(&mps2.core, "\r\na fault of the processor: restarting\r\n");
	cortex_m_reset();
}

typedef void vector(void);

__attribute__((section(".vectors"), used)) static vector *const vectors[16 + 32] = {
	[0] = (vector *)(uintptr_t)stack_top,
	[1] = (vector *)start,
	[2] = start_watchdog, /* the NMI */
	[3] = start_fault,
	[4] = start_fault,
	[5] = start_fault,
	[6] = start_fault,
	[15] = start_tick,
	[16 + 0] = start_received,
	[16 + 1] = start_sent,
};
