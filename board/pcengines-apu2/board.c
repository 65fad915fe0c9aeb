/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PC Engines APU2 (APU3 and APU4 are alike): three i210 or i211 interfaces, three green LEDs at the
 * front.
 *
 * The kernel's pcengines-apuv2 knows the LEDs by the machine's name in the BIOS.  Of the button
 * Debian's kernel makes no input device. */
#include "board.h"

/* As they stand at the back, beginning beside the serial port. */
static const struct board_port ports[] = {
	{"NIC1", "eth0", BOARD_WAN},
	{"NIC2", "eth1", BOARD_WAN},
	{"NIC3", "eth2", BOARD_LAN},
};

static const struct board_lamp lamps[] = {
	{.name = "SYS", .green = "apu:green:1"},
	{.name = "WAN1", .green = "apu:green:2"},
	{.name = "WAN2", .green = "apu:green:3"},
};

const struct board this_board = {
	.name = "pcengines-apu2",
	.title = "PC Engines APU2",
	.ports = ports,
	.nports = COUNT_OF(ports),
	.lamps = lamps,
	.nlamps = COUNT_OF(lamps),
	.reset = {NULL, NULL, 0},
	.console = "ttyS0",
	.console_baud = 115200,
};
