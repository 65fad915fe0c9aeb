/* SPDX-License-Identifier: GPL-2.0-or-later */
/* led.h - link states -> lamp patterns.  Pure.
 *
 * A pattern is a mask of 16 ticks of 50 ms for each of two colours, repeated for ever; the same
 * table serves sysfs LEDs, GPIO and a terminal.  WANn: off = disabled or no carrier; green = up;
 * short green flash = standby; green/amber in turn = degraded; blinking amber = recovering; amber =
 * down. A lamp with one colour shows the same by shape. */
#ifndef FL_LED_H
#define FL_LED_H

#include "link.h"
#include "mtime.h"

#define LED_TICK_MS 50
#define LED_TICKS   16

enum led_colour { LED_OFF, LED_GREEN, LED_AMBER, LED_RED };

struct led_pattern {
	const char *name;           /* "green", "amber-blink": what `show leds` prints */
	uint16_t green, amber, red; /* bit n: lit in tick n */
};

/* SYS lamp: what the whole router is at. */
enum led_system {
	LED_SYS_BOOTING,
	LED_SYS_GOOD,
	LED_SYS_PARTIAL,
	LED_SYS_NO_LINK,
	LED_SYS_CONFIRM,
	LED_SYS_FAULT,
	LED_SYS_UPDATE,
	LED_SYS_LOCATE,
	LED_SYS_BUTTON_PASSWORD,
	LED_SYS_BUTTON_FACTORY,
	LED_SYS_STATES
};

/* Never NULL. `one_colour`: the lamp has no second colour, so the shape must tell. */
const struct led_pattern *led_link_pattern(enum link_state shown, bool one_colour);
const struct led_pattern *led_system_pattern(enum led_system s, bool one_colour);
/* What it means, for a person: "no target answers".  Never NULL. */
const char *led_link_meaning(enum link_state shown);
const char *led_system_meaning(enum led_system s);

/* What the SYS lamp should tell of, in this order of importance: what the button will do, locate,
 * update, fault, commit to be confirmed, booting, no link, some link is missing, good.  `shown`:
 * the states of all links, disabled ones too. */
struct led_facts {
	bool button_factory, button_password; /* the button is held: what letting go will do */
	bool locate;                          /* somebody looks for this box */
	bool upgrading;                       /* do not switch off */
	bool fault;    /* safe mode: the settings could not be loaded or applied */
	bool unsure;   /* a commit waits for its confirmation */
	bool starting; /* the first round of probes has not ended */
};
enum led_system led_system_of(const struct led_facts *f, const enum link_state *shown, size_t n);

/* One lamp of the board and what it shows; app keeps an array of them. */
struct led_lamp {
	struct str name; /* "SYS", "WAN1" */
	bool one_colour;
	const struct led_pattern *pattern; /* NULL: dark, nothing is assigned to it */
	const char *meaning;
};
void led_lamp_show_link(struct led_lamp *lamp, enum link_state shown);
void led_lamp_show_system(struct led_lamp *lamp, enum led_system s);

/* The colour of a pattern in tick `n` (counted from any start).  A lit lamp with one colour is
 * LED_GREEN here, whatever its real colour. */
enum led_colour led_colour_at(const struct led_pattern *p, uint64_t tick);
/* The first tick after `n` in which some of these patterns changes colour; UINT64_MAX: none ever
 * does. Lets the loop sleep while all lamps are steady. */
uint64_t led_next_change(const struct led_pattern *const *patterns, size_t n, uint64_t tick);

#endif
