/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A mean that forgets half of the past with every second: a download that starts is seen after two
 * of them, a single burst is not taken for load. */
#include "link_load.h"

#define INTERVAL sec(1)

static uint64_t rate(uint64_t from, uint64_t to, span past)
{
	return (to - from) * 8 * 1000 / (uint64_t)(past.us / 1000);
}

void link_load_note(struct link_load *l, mtime now, uint64_t rx_bytes, uint64_t tx_bytes)
{
	span past = mtime_between(l->at, now);

	if (l->known && past.us < INTERVAL.us)
		return;
	if (!l->known || rx_bytes < l->rx_bytes || tx_bytes < l->tx_bytes) {
		l->down = l->up = 0;
	} else {
		l->down = (l->down + rate(l->rx_bytes, rx_bytes, past)) / 2;
		l->up = (l->up + rate(l->tx_bytes, tx_bytes, past)) / 2;
	}
	l->known = true;
	l->at = now;
	l->rx_bytes = rx_bytes;
	l->tx_bytes = tx_bytes;
}

static uint64_t permille(uint64_t used, uint64_t bandwidth)
{
	return bandwidth ? used / (bandwidth / 1000 + 1) : 0;
}

uint16_t link_load_permille(const struct link_load *l, const struct link_conf *c)
{
	uint64_t down = permille(l->down, c->bandwidth.down);
	uint64_t up = permille(l->up, c->bandwidth.up);
	uint64_t most = down > up ? down : up;

	return (uint16_t)(most < UINT16_MAX ? most : UINT16_MAX);
}
