/* SPDX-License-Identifier: GPL-2.0-or-later */
/* I2C as the bus specification has it (NXP UM10204): start, octets with an acknowledgement each,
 * stop.  A write takes the chip some milliseconds, in which it does not answer: it is asked until
 * it does. */
#include "at24.h"

#define SCL         1u
#define SDA         2u
#define WRITE_POLLS 2000

static void rest(const struct at24 *a)
{
	for (volatile uint32_t i = a->rest; i > 0; i--)
		;
}

static void wire(struct at24 *a, uint32_t which, bool up)
{
	a->wires[up ? 0 : 1] = which;
	rest(a);
}

static void start(struct at24 *a)
{
	wire(a, SDA, true);
	wire(a, SCL, true);
	wire(a, SDA, false);
	wire(a, SCL, false);
}

static void stop(struct at24 *a)
{
	wire(a, SDA, false);
	wire(a, SCL, true);
	wire(a, SDA, true);
}

static bool clock_bit(struct at24 *a, bool out)
{
	bool in;

	wire(a, SDA, out);
	wire(a, SCL, true);
	in = a->wires[0] & SDA;
	wire(a, SCL, false);
	return in;
}

/* True: the chip has acknowledged it. */
static bool put(struct at24 *a, uint8_t octet)
{
	for (int bit = 7; bit >= 0; bit--)
		clock_bit(a, octet >> bit & 1);
	return !clock_bit(a, true);
}

static uint8_t get(struct at24 *a, bool more)
{
	uint8_t octet = 0;

	for (int bit = 7; bit >= 0; bit--)
		octet = (uint8_t)(octet << 1 | clock_bit(a, true));
	clock_bit(a, !more);
	return octet;
}

static bool select(struct at24 *a, uint32_t at)
{
	start(a);
	return put(a, (uint8_t)(a->address << 1)) && put(a, (uint8_t)(at >> 8)) &&
	       put(a, (uint8_t)at);
}

static bool read(void *ctx, uint32_t at, void *to, size_t n)
{
	struct at24 *a = ctx;
	uint8_t *octets = to;

	if (!select(a, at)) {
		stop(a);
		return false;
	}
	start(a);
	if (!put(a, (uint8_t)(a->address << 1 | 1))) {
		stop(a);
		return false;
	}
	for (size_t i = 0; i < n; i++)
		octets[i] = get(a, i + 1 < n);
	stop(a);
	return true;
}

static bool is_done(struct at24 *a)
{
	for (int i = 0; i < WRITE_POLLS; i++) {
		bool answers;

		start(a);
		answers = put(a, (uint8_t)(a->address << 1));
		stop(a);
		if (answers)
			return true;
	}
	return false;
}

static bool write(void *ctx, uint32_t at, const void *from, size_t n)
{
	struct at24 *a = ctx;
	const uint8_t *octets = from;
	bool good = select(a, at);

	for (size_t i = 0; good && i < n; i++)
		good = put(a, octets[i]);
	stop(a);
	return good && is_done(a);
}

void at24_fill(struct at24 *a, struct paged *out)
{
	*out = (struct paged){a, read, write};
}
