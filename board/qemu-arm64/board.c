/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU's virt machine, as a board with lamps and a button: panel.dts beside this puts them on the
 * pins of its PL061.  Pin 3 is the machine's own power key. */
#include "board.h"

#define KEY_RESTART 0x198 /* linux/input-event-codes.h */

static const struct board_port ports[] = {
	{"WAN1", "eth0", BOARD_WAN},
	{"WAN2", "eth1", BOARD_WAN},
	{"LAN", "eth2", BOARD_LAN},
};

static const struct board_lamp lamps[] = {
	{.name = "SYS", .green = "green:status", .red = "red:status"},
	{.name = "WAN1", .green = "green:wan-1", .red = "red:wan-1"},
	{.name = "WAN2", .green = "blue:"},
};

const struct board this_board = {
	.name = "qemu-arm64",
	.title = "QEMU virt, 64-bit Arm",
	.ports = ports,
	.nports = COUNT_OF(ports),
	.lamps = lamps,
	.nlamps = COUNT_OF(lamps),
	.reset = {"RESET", "panel-keys", KEY_RESTART},
	.console = "ttyAMA0",
	.console_baud = 115200,
};
