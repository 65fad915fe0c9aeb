/* SPDX-License-Identifier: GPL-2.0-or-later */
/* board.h - what a board is made of.  Data only: each board/<name>/board.c fills one of these, and
 * the one that is built defines this_board.  Drivers find things by the names in it. */
#ifndef FL_BOARD_H
#define FL_BOARD_H

#include "base.h"

enum board_port_role { BOARD_WAN, BOARD_LAN };

/* A socket for a cable, and what the factory settings use it for. */
struct board_port {
	const char *label;     /* printed beside it: "WAN1" */
	const char *interface; /* "eth0" */
	enum board_port_role role;
};

/* A lamp; devices are names below /sys/class/leds, NULL: it has none of that colour.  A device that
 * is not there when the router starts is left out.  A lamp with a red device and no amber one shows
 * amber as red and green together; one with an amber and no red shows red as amber. */
struct board_lamp {
	const char *name; /* "SYS", "WAN1" ... */
	const char *green, *amber, *red;
	bool lent; /* by something that may as well not be plugged in: nobody misses it */
};

struct board_button {
	const char *label; /* NULL: the board has none */
	const char *input; /* name of the input device (EVIOCGNAME) */
	uint16_t key;      /* its key code (linux/input-event-codes.h) */
};

struct board {
	const char *name;  /* the folder's */
	const char *title; /* for people */
	const struct board_port *ports;
	size_t nports;
	const struct board_lamp *lamps;
	size_t nlamps;
	struct board_button reset;
	const char *console; /* "ttyS0" */
	uint32_t console_baud;
};

extern const struct board this_board;

#endif
