/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Radxa ROCK Pi E: Rockchip RK3328, one Gigabit and one 100 Mbit interface, one blue LED.
 *
 * A second uplink is a VLAN, or an adapter on USB.  The LED has no label in the device tree, so the
 * kernel names it by its colour alone.  The key on the board is the boot ROM's, not ours. */
#include "board.h"

static const struct board_port ports[] = {
	{"GbE", "eth0", BOARD_WAN},
	{"100M", "eth1", BOARD_LAN},
};

static const struct board_lamp lamps[] = {
	{.name = "SYS", .green = "blue:"},
};

const struct board this_board = {
	.name = "rock-pi-e",
	.title = "Radxa ROCK Pi E",
	.ports = ports,
	.nports = COUNT_OF(ports),
	.lamps = lamps,
	.nlamps = COUNT_OF(lamps),
	.reset = {NULL, NULL, 0},
	.console = "ttyS2",
	.console_baud = 1500000,
};
