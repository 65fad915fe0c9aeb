/* SPDX-License-Identifier: GPL-2.0-or-later */
/* led_console.h - `show leds`, `show leds legend`. */
#ifndef FL_LED_CONSOLE_H
#define FL_LED_CONSOLE_H

#include "console.h"
#include "led.h"

/* The module that led_commands is registered with. */
struct led_console {
	const struct led_lamp *lamps;
	size_t nlamps;
};

extern const struct console_command led_commands[];

#endif
