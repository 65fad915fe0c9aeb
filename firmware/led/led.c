/* SPDX-License-Identifier: GPL-2.0-or-later */
/* led.c - the patterns.
 *
 * Colours mean what they mean on other makers' boxes: dark: nothing there; amber: not serving;
 * green: serving; red: somebody must act; blinking: under way.  Shape tells as well as colour, for
 * the colour-blind and for lamps with one colour, where no two states may look the same.  A lamp
 * always moves at a rhythm one can see: the shortest flash is 50 ms, the longest cycle 800 ms.
 *
 * Bit 0 of a mask is the first tick, so the rightmost digit of 0x0033 is what comes first:
 * lit 100 ms, dark 100 ms, lit 100 ms, dark 500 ms. */
#include "led.h"

#define STEADY   0xffff
#define FLASH    0x0001 /* 50 ms of 800 */
#define HALF     0x00ff /* 400 ms of 800 */
#define FAST     0x3333 /* 100 ms of 200 */
#define DIP      0x7fff /* dark for 50 ms of 800 */
#define PAIR     0x0033 /* two flashes */
#define TRIPLE   0x0333 /* three */
#define FLICKER  0x5555 /* 50 ms of 100 */
#define SLOW     0x0f0f /* 200 ms of 400 */
#define REST(on) ((uint16_t) ~(on))

struct lamp_row {
	struct led_pattern colours, one_colour;
	const char *meaning;
};

static const struct lamp_row link_rows[LINK_STATES] = {
	[LINK_NONE] = {{"off", 0, 0, 0}, {"off", 0, 0, 0}, "not started"},
	[LINK_DISABLED] = {{"off", 0, 0, 0}, {"off", 0, 0, 0}, "disabled"},
	[LINK_NO_CARRIER] = {{"off", 0, 0, 0}, {"off", 0, 0, 0}, "no cable, or no interface"},
	[LINK_DOWN] = {{"amber", 0, STEADY, 0}, {"fast-blink", FAST, 0, 0},
		"down: carrier, but nothing answers"},
	[LINK_RECOVERING] = {{"amber-blink", 0, HALF, 0}, {"blink", HALF, 0, 0},
		"recovering: answers again, proving itself"},
	[LINK_UP] = {{"green", STEADY, 0, 0}, {"on", STEADY, 0, 0}, "up"},
	/* Over within half a second, and never shown: as it was before. */
	[LINK_SUSPECT] = {{"green", STEADY, 0, 0}, {"on", STEADY, 0, 0}, "up"},
	[LINK_DEGRADED] = {{"green-amber", HALF, REST(HALF), 0}, {"on-dip", DIP, 0, 0},
		"degraded: in use, with loss or delay"},
	[LINK_STANDBY] = {{"green-flash", FLASH, 0, 0}, {"flash", FLASH, 0, 0},
		"standby: ready, not needed now"},
};

static const struct lamp_row system_rows[LED_SYS_STATES] = {
	[LED_SYS_BOOTING] = {{"amber-blink", 0, HALF, 0}, {"blink", HALF, 0, 0}, "starting"},
	[LED_SYS_GOOD] = {{"green", STEADY, 0, 0}, {"on", STEADY, 0, 0}, "every link is good"},
	[LED_SYS_PARTIAL] = {{"green-amber", HALF, REST(HALF), 0}, {"on-dip", DIP, 0, 0},
		"some link is not good; service is kept"},
	[LED_SYS_NO_LINK] = {{"red-blink", 0, 0, FAST}, {"fast-blink", FAST, 0, 0},
		"no link works"},
	[LED_SYS_CONFIRM] = {{"green-double-flash", PAIR, 0, 0}, {"double-flash", PAIR, 0, 0},
		"a commit waits for \"confirm\""},
	[LED_SYS_FAULT] = {{"red", 0, 0, STEADY}, {"triple-flash", TRIPLE, 0, 0},
		"fault: safe mode"},
	[LED_SYS_UPDATE] = {{"green-amber-fast", SLOW, REST(SLOW), 0}, {"slow-blink", SLOW, 0, 0},
		"an update is written: do not switch off"},
	[LED_SYS_LOCATE] = {{"flicker", FLICKER, 0, 0}, {"flicker", FLICKER, 0, 0},
		"here it is: \"request system locate\""},
	[LED_SYS_BUTTON_PASSWORD] = {{"amber-double-flash", 0, PAIR, 0},
		{"pair-dip", REST(PAIR), 0, 0},
		"button: let go now, and the console's password is forgotten"},
	[LED_SYS_BUTTON_FACTORY] = {{"red-flicker", 0, 0, FLICKER},
		{"triple-dip", REST(TRIPLE), 0, 0},
		"button: let go now, and factory settings are back"},
};

static const struct lamp_row *link_row(enum link_state s)
{
	return &link_rows[(unsigned)s < LINK_STATES ? s : LINK_NONE];
}

static const struct lamp_row *system_row(enum led_system s)
{
	return &system_rows[(unsigned)s < LED_SYS_STATES ? s : LED_SYS_FAULT];
}

const struct led_pattern *led_link_pattern(enum link_state shown, bool one_colour)
{
	return one_colour ? &link_row(shown)->one_colour : &link_row(shown)->colours;
}

const struct led_pattern *led_system_pattern(enum led_system s, bool one_colour)
{
	return one_colour ? &system_row(s)->one_colour : &system_row(s)->colours;
}

const char *led_link_meaning(enum link_state shown)
{
	return link_row(shown)->meaning;
}

const char *led_system_meaning(enum led_system s)
{
	return system_row(s)->meaning;
}

enum led_system led_system_of(const struct led_facts *f, const enum link_state *shown, size_t n)
{
	size_t wanted = 0, serving = 0, good = 0;

	for (size_t i = 0; i < n; i++) {
		bool fine =
			shown[i] == LINK_UP || shown[i] == LINK_SUSPECT || shown[i] == LINK_STANDBY;

		wanted += shown[i] != LINK_DISABLED;
		good += fine;
		serving += fine || shown[i] == LINK_DEGRADED;
	}
	if (f->button_factory)
		return LED_SYS_BUTTON_FACTORY;
	if (f->button_password)
		return LED_SYS_BUTTON_PASSWORD;
	if (f->locate)
		return LED_SYS_LOCATE;
	if (f->upgrading)
		return LED_SYS_UPDATE;
	if (f->fault)
		return LED_SYS_FAULT;
	if (f->unsure)
		return LED_SYS_CONFIRM;
	if (f->starting)
		return LED_SYS_BOOTING;
	if (serving == 0)
		return LED_SYS_NO_LINK;
	return good < wanted ? LED_SYS_PARTIAL : LED_SYS_GOOD;
}

void led_lamp_show_link(struct led_lamp *lamp, enum link_state shown)
{
	lamp->pattern = led_link_pattern(shown, lamp->one_colour);
	lamp->meaning = led_link_meaning(shown);
}

void led_lamp_show_system(struct led_lamp *lamp, enum led_system s)
{
	lamp->pattern = led_system_pattern(s, lamp->one_colour);
	lamp->meaning = led_system_meaning(s);
}

enum led_colour led_colour_at(const struct led_pattern *p, uint64_t tick)
{
	unsigned bit = 1u << tick % LED_TICKS;

	if (p->red & bit)
		return LED_RED;
	if (p->amber & bit)
		return LED_AMBER;
	return p->green & bit ? LED_GREEN : LED_OFF;
}

/* Bit n: what a lamp shows of `lit` in tick n is not what it shows in the tick before. */
static unsigned edges(unsigned lit)
{
	return lit ^ (lit << 1 | lit >> (LED_TICKS - 1));
}

uint64_t led_next_change(const struct led_pattern *const *patterns, size_t n, uint64_t tick)
{
	unsigned changes = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned red = patterns[i]->red, amber = patterns[i]->amber & ~red;
		unsigned green = patterns[i]->green & ~red & ~amber;

		changes |= edges(red) | edges(amber) | edges(green);
	}
	for (uint64_t later = 1; later <= LED_TICKS; later++)
		if (changes & 1u << (tick + later) % LED_TICKS)
			return tick + later;
	return UINT64_MAX;
}
