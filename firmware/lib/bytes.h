/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bytes.h - octets from the wire, and octets for it.
 *
 * struct bytes is a cursor over octets that somebody else owns.  The take_ functions read network
 * byte order and fail closed: one read past the end makes the cursor `bad`, and from then on every
 * read yields zeros.  A parser reads what it needs and asks once, at its end, whether all was
 * there. struct buf is the same for writing: a write that does not fit sets `bad` and changes
 * nothing. */
#ifndef FL_BYTES_H
#define FL_BYTES_H

#include "base.h"

#include <string.h>

struct bytes {
	const uint8_t *at;
	size_t n; /* octets that are left */
	bool bad; /* somebody asked for more than there was */
};

struct buf {
	uint8_t *at;
	size_t n;   /* octets written */
	size_t cap; /* octets that fit */
	bool bad;   /* something did not fit */
};

static inline struct bytes bytes_of(const void *at, size_t n)
{
	return (struct bytes){at, n, false};
}

static inline struct buf buf_of(void *at, size_t cap)
{
	return (struct buf){at, 0, cap, false};
}

static inline uint16_t get_u16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t get_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void set_u16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void set_u32(uint8_t *p, uint32_t v)
{
	set_u16(p, (uint16_t)(v >> 16));
	set_u16(p + 2, (uint16_t)v);
}

/* The next `n` octets, or NULL (and the cursor is bad) when there are fewer. */
static inline const uint8_t *bytes_take(struct bytes *b, size_t n)
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

static inline uint8_t bytes_take_u8(struct bytes *b)
{
	const uint8_t *p = bytes_take(b, 1);

	return p ? *p : 0;
}

static inline uint16_t bytes_take_u16(struct bytes *b)
{
	const uint8_t *p = bytes_take(b, 2);

	return p ? get_u16(p) : 0;
}

static inline uint32_t bytes_take_u32(struct bytes *b)
{
	const uint8_t *p = bytes_take(b, 4);

	return p ? get_u32(p) : 0;
}

static inline void buf_put(struct buf *b, const void *from, size_t n)
{
	if (b->bad || n > b->cap - b->n) {
		b->bad = true;
		return;
	}
	if (n)
		memcpy(b->at + b->n, from, n);
	b->n += n;
}

static inline void buf_put_u8(struct buf *b, uint8_t v)
{
	buf_put(b, &v, 1);
}

static inline void buf_put_u16(struct buf *b, uint16_t v)
{
	uint8_t o[2];

	set_u16(o, v);
	buf_put(b, o, sizeof(o));
}

static inline void buf_put_u32(struct buf *b, uint32_t v)
{
	uint8_t o[4];

	set_u32(o, v);
	buf_put(b, o, sizeof(o));
}

/* Overwrite two octets already written at `where`; bad when they were not. */
static inline void buf_set_u16(struct buf *b, size_t where, uint16_t v)
{
	if (b->n < 2 || where > b->n - 2) {
		b->bad = true;
		return;
	}
	set_u16(b->at + where, v);
}

#endif
