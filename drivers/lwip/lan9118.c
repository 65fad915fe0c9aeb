/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programmed by the LAN9118 datasheet (SMSC, revision 1.5). */
#include "lan9118.h"

#include <string.h>

/* Registers, as words from the base. */
enum {
	RX_DATA = 0x00 / 4,
	TX_DATA = 0x20 / 4,
	RX_STATUS = 0x40 / 4,
	TX_STATUS = 0x48 / 4,
	ID_REV = 0x50 / 4,
	IRQ_CFG = 0x54 / 4,
	INT_STS = 0x58 / 4,
	INT_EN = 0x5c / 4,
	FIFO_INT = 0x68 / 4,
	TX_CFG = 0x70 / 4,
	HW_CFG = 0x74 / 4,
	RX_FIFO_INF = 0x7c / 4,
	TX_FIFO_INF = 0x80 / 4,
	MAC_CSR_CMD = 0xa4 / 4,
	MAC_CSR_DATA = 0xa8 / 4,
};
/* Registers of the MAC, and of the PHY behind it. */
enum { MAC_CR = 1, MAC_ADDRH = 2, MAC_ADDRL = 3, MII_ACC = 6, MII_DATA = 7, PHY_STATUS = 1 };

#define CHIP_LAN9118   0x01180000u
#define HW_SRST        0x00000001u
#define HW_TX_FIFO_5K  0x00050000u
#define IRQ_ON         0x00000111u /* enabled, active high, push-pull */
#define INT_RSFL       0x00000008u /* the receive status FIFO has something */
#define TX_ON          0x00000002u
#define MAC_TXEN_RXEN  0x0000000cu
#define MAC_MCPAS      0x00080000u /* all multicast: neighbour discovery */
#define MAC_BUSY       0x80000000u
#define MAC_READ       0x40000000u
#define MII_BUSY       0x00000001u
#define MII_PHY        (1u << 11)
#define PHY_LINK       0x0004u
#define CMD_FIRST_LAST 0x00003000u
#define RX_ERROR       0x00008000u
#define FRAME_MIN      60 /* shorter ones are padded by whoever sends */
#define CRC            4
#define PATIENCE       10000 /* looks at a bit that should fall */

static bool wait_clear(volatile uint32_t *at, uint32_t bit)
{
	for (int i = 0; i < PATIENCE; i++)
		if (!(*at & bit))
			return true;
	return false;
}

static uint32_t mac_read(struct lan9118 *l, unsigned reg)
{
	l->base[MAC_CSR_CMD] = MAC_BUSY | MAC_READ | reg;
	(void)wait_clear(&l->base[MAC_CSR_CMD], MAC_BUSY);
	return l->base[MAC_CSR_DATA];
}

static void mac_write(struct lan9118 *l, unsigned reg, uint32_t v)
{
	l->base[MAC_CSR_DATA] = v;
	l->base[MAC_CSR_CMD] = MAC_BUSY | reg;
	(void)wait_clear(&l->base[MAC_CSR_CMD], MAC_BUSY);
}

static uint32_t phy_read(struct lan9118 *l, unsigned reg)
{
	mac_write(l, MII_ACC, MII_PHY | reg << 6 | MII_BUSY);
	for (int i = 0; i < PATIENCE && (mac_read(l, MII_ACC) & MII_BUSY); i++)
		;
	return mac_read(l, MII_DATA);
}

static void discard(struct lan9118 *l, size_t octets)
{
	for (size_t i = 0; i < (octets + 3) / 4; i++)
		(void)l->base[RX_DATA];
}

static size_t pending(void *ctx)
{
	struct lan9118 *l = ctx;

	while (!l->waiting && (l->base[RX_FIFO_INF] & 0x00ff0000)) {
		uint32_t status = l->base[RX_STATUS];
		size_t n = (status >> 16) & 0x3fff;

		if (n > CRC && !(status & RX_ERROR)) {
			l->waiting = n;
		} else {
			l->damaged++;
			discard(l, n);
		}
	}
	return l->waiting ? l->waiting - CRC : 0;
}

static void take(void *ctx, uint8_t *to, size_t n)
{
	struct lan9118 *l = ctx;
	uint32_t *at = (uint32_t *)(void *)to;
	size_t words = to ? (n + 3) / 4 : 0;

	for (size_t i = 0; i < words; i++)
		at[i] = l->base[RX_DATA];
	discard(l, (l->waiting + 3) / 4 * 4 - 4 * words);
	l->waiting = 0;
}

static void send(void *ctx, struct bytes frame)
{
	struct lan9118 *l = ctx;
	size_t n = frame.n < FRAME_MIN ? FRAME_MIN : frame.n, whole = frame.n / 4;
	uint32_t word = 0;

	while (l->base[TX_FIFO_INF] & 0x00ff0000) /* what became of earlier frames */
		(void)l->base[TX_STATUS];
	for (int i = 0; i < PATIENCE && (l->base[TX_FIFO_INF] & 0xffff) < n + 12; i++)
		;
	if ((l->base[TX_FIFO_INF] & 0xffff) < n + 12)
		return; /* the line is stuck: as if lost on it */
	l->base[TX_DATA] = CMD_FIRST_LAST | (uint32_t)n;
	l->base[TX_DATA] = (uint32_t)n;
	for (size_t i = 0; i < whole; i++) {
		memcpy(&word, frame.at + 4 * i, 4);
		l->base[TX_DATA] = word;
	}
	word = 0;
	memcpy(&word, frame.at + 4 * whole, frame.n % 4);
	for (size_t i = whole; i < (n + 3) / 4; i++) {
		l->base[TX_DATA] = word;
		word = 0;
	}
}

static bool carrier(void *ctx)
{
	return phy_read(ctx, PHY_STATUS) & PHY_LINK;
}

bool lan9118_is_ready(struct lan9118 *l)
{
	/* Raised on arrival only: cleared before the look, it cannot be missed. */
	l->base[INT_STS] = INT_RSFL;
	return l->waiting || (l->base[RX_FIFO_INF] & 0x00ff0000);
}

bool lan9118_open(struct lan9118 *l, uintptr_t base, const char *name, struct wire *out)
{
	uint32_t high, low;

	*l = (struct lan9118){.base = (volatile uint32_t *)base};
	if ((l->base[ID_REV] & 0xffff0000) != CHIP_LAN9118)
		return false;
	l->base[HW_CFG] = HW_SRST;
	if (!wait_clear(&l->base[HW_CFG], HW_SRST))
		return false;
	l->base[IRQ_CFG] = IRQ_ON; /* until here the line is low, which is raised */
	l->base[INT_STS] = 0xffffffff;
	l->base[FIFO_INT] = 0; /* RSFL at the first frame */
	l->base[INT_EN] = INT_RSFL;
	l->base[HW_CFG] = HW_TX_FIFO_5K;
	l->base[TX_CFG] = TX_ON;
	mac_write(l, MAC_CR, MAC_TXEN_RXEN | MAC_MCPAS);
	high = mac_read(l, MAC_ADDRH);
	low = mac_read(l, MAC_ADDRL);
	*out = (struct wire){.ctx = l,
		.name = name,
		.mac = {(uint8_t)low, (uint8_t)(low >> 8), (uint8_t)(low >> 16),
			(uint8_t)(low >> 24), (uint8_t)high, (uint8_t)(high >> 8)},
		.pending = pending,
		.take = take,
		.send = send,
		.carrier = carrier};
	return true;
}
