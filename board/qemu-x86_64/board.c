/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A PC with two network interfaces or more; QEMU's q35 machine is one.
 *
 * A PC has no lamps of its own but those of its keyboard: the first three lamps use them where they
 * are.  Under QEMU the trace event ps2_set_ledstate shows them from outside. */
#include "board.h"

static const struct board_port ports[] = {
	{"WAN1", "eth0", BOARD_WAN},
	{"WAN2", "eth1", BOARD_WAN},
	{"LAN", "eth2", BOARD_LAN},
};

static const struct board_lamp lamps[] = {
	{.name = "SYS", .green = "input0::scrolllock", .lent = true},
	{.name = "WAN1", .green = "input0::numlock", .lent = true},
	{.name = "WAN2", .green = "input0::capslock", .lent = true},
	{.name = "WAN3"},
	{.name = "WAN4"},
	{.name = "WAN5"},
	{.name = "WAN6"},
	{.name = "WAN7"},
	{.name = "WAN8"},
};

const struct board this_board = {
	.name = "qemu-x86_64",
	.title = "PC or QEMU q35",
	.ports = ports,
	.nports = COUNT_OF(ports),
	.lamps = lamps,
	.nlamps = COUNT_OF(lamps),
	.reset = {NULL, NULL, 0},
	.console = "ttyS0",
	.console_baud = 115200,
};
