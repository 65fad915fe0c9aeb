/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bytes.h"

#include <string.h>

const uint8_t *bytes_take(struct bytes *b, size_t n)
{
	const uint8_t *p = b->at;

	if (b->bad || n > b->n) {
		b->bad = true;
		b->n = 0;
		return NULL;
	}
	b->at += n;
	b->n -= n;
	return p;
}

uint8_t bytes_take_u8(struct bytes *b)
{
	const uint8_t *p = bytes_take(b, 1);

	return p ? *p : 0;
}

uint16_t bytes_take_u16(struct bytes *b)
{
	const uint8_t *p = bytes_take(b, 2);

	return p ? get_u16(p) : 0;
}

uint32_t bytes_take_u32(struct bytes *b)
{
	const uint8_t *p = bytes_take(b, 4);

	return p ? get_u32(p) : 0;
}

void buf_put(struct buf *b, const void *from, size_t n)
{
	if (b->bad || n > b->cap - b->n) {
		b->bad = true;
		return;
	}
	if (n)
		memcpy(b->at + b->n, from, n);
	b->n += n;
}

void buf_put_u8(struct buf *b, uint8_t v)
{
	buf_put(b, &v, 1);
}

void buf_put_u16(struct buf *b, uint16_t v)
{
	uint8_t o[2];

	set_u16(o, v);
	buf_put(b, o, sizeof(o));
}

void buf_put_u32(struct buf *b, uint32_t v)
{
	uint8_t o[4];

	set_u32(o, v);
	buf_put(b, o, sizeof(o));
}

void buf_set_u16(struct buf *b, size_t where, uint16_t v)
{
	if (b->n < 2 || where > b->n - 2) {
		b->bad = true;
		return;
	}
	set_u16(b->at + where, v);
}
