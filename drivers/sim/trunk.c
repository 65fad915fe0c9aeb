/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trunk.h"

#include <stdlib.h>
#include <string.h>

#define FNV_BASIS UINT64_C(14695981039346656037)
#define FNV_PRIME UINT64_C(1099511628211)

static void hash_octets(struct trunk *t, const void *octets, size_t n)
{
	const uint8_t *at = octets;

	for (size_t i = 0; i < n; i++)
		t->hash = (t->hash ^ at[i]) * FNV_PRIME;
}

/* ---- frames ---- */

static struct trunk_frame *frame_get(struct trunk *t)
{
	struct trunk_frame *f = t->spare;

	if (f)
		t->spare = f->next;
	else
		f = malloc(sizeof(*f));
	if (!f)
		abort();
	return f;
}

static void frame_put(struct trunk *t, struct trunk_frame *f)
{
	f->next = t->spare;
	t->spare = f;
}

static struct trunk_vlan *vlan_of(struct trunk *t, struct bytes frame)
{
	uint16_t vlan = frame.n >= 16 && get_u16(frame.at + 12) == 0x8100
				? get_u16(frame.at + 14) & 0xfff
				: 0;

	for (size_t i = 0; i < t->nvlans; i++)
		if (t->vlan[i].vlan == vlan)
			return &t->vlan[i];
	return NULL;
}

/* One octet is another, or the end is missing. */
static void damage(struct trunk *t, struct trunk_frame *f)
{
	if (rng_below(&t->rng, 4) == 0)
		f->n = rng_below(&t->rng, (uint32_t)f->n) + 1;
	else
		f->octets[rng_below(&t->rng, (uint32_t)f->n)] ^=
			(uint8_t)(1u << rng_below(&t->rng, 8));
}

static void launch(struct trunk *t, struct trunk_vlan *v, struct trunk_frame *f)
{
	struct trunk_frame **at = &t->air;
	span wait = span_sum(v->delay, us(rng_below(&t->rng, (uint32_t)v->jitter.us + 1)));

	f->due = mtime_after(t->now, wait);
	if (mtime_before(f->due, v->last[f->to_far]))
		f->due = v->last[f->to_far];
	v->last[f->to_far] = f->due;
	while (*at && !mtime_before(f->due, (*at)->due))
		at = &(*at)->next;
	f->next = *at;
	*at = f;
}

static void transmit(struct trunk *t, struct bytes frame, bool to_far)
{
	struct trunk_vlan *v = vlan_of(t, frame);
	struct trunk_frame *f;

	if (!v || v->cut || t->unplugged || frame.n == 0 || frame.n > TRUNK_FRAME_MAX ||
		rng_below(&t->rng, 1000000) < v->loss_ppm)
		return;
	f = frame_get(t);
	f->to_far = to_far;
	f->n = frame.n;
	memcpy(f->octets, frame.at, frame.n);
	if (rng_below(&t->rng, 1000000) < v->damage_ppm)
		damage(t, f);
	launch(t, v, f);
}

void trunk_send_near(struct trunk *t, struct bytes frame)
{
	transmit(t, frame, false);
}

/* The frame that is due arrives. */
static void arrive(struct trunk *t)
{
	struct trunk_frame *f = t->air;
	struct trunk_vlan *v = vlan_of(t, bytes_of(f->octets, f->n));

	t->air = f->next;
	t->frames++;
	hash_octets(t, &t->now.us, sizeof(t->now.us));
	hash_octets(t, &f->to_far, sizeof(f->to_far));
	hash_octets(t, f->octets, f->n);
	if (v && f->to_far)
		v->to_far++;
	else if (v)
		v->to_near++;
	if (f->to_far) {
		t->far.frame(t->far.ctx, bytes_of(f->octets, f->n));
		frame_put(t, f);
	} else {
		f->next = NULL;
		*t->newest = f;
		t->newest = &f->next;
	}
}

/* ---- the near end ---- */

static size_t wire_pending(void *ctx)
{
	const struct trunk *t = ctx;

	return t->first ? t->first->n : 0;
}

static void wire_take(void *ctx, uint8_t *to, size_t n)
{
	struct trunk *t = ctx;
	struct trunk_frame *f = t->first;

	if (to)
		memcpy(to, f->octets, n);
	t->first = f->next;
	if (!t->first)
		t->newest = &t->first;
	frame_put(t, f);
}

static void wire_send(void *ctx, struct bytes frame)
{
	transmit(ctx, frame, true);
}

static bool wire_carrier(void *ctx)
{
	return !((const struct trunk *)ctx)->unplugged;
}

static mtime machine_now(void *ctx)
{
	return ((const struct trunk *)ctx)->now;
}

static void machine_random(void *ctx, void *out, size_t n)
{
	struct trunk *t = ctx;

	for (size_t i = 0; i < n; i++)
		((uint8_t *)out)[i] = (uint8_t)rng_below(&t->entropy, 256);
}

/* Time goes on to the first of: `until`, a frame that arrives, what the far end waits for. */
static void machine_sleep(void *ctx, mtime until)
{
	struct trunk *t = ctx;

	while (!t->first && mtime_before(t->now, until)) {
		mtime next = until, far = t->far.due(t->far.ctx);

		next = mtime_first(next, far);
		if (t->air)
			next = mtime_first(next, t->air->due);
		if (mtime_before(t->now, next))
			t->now = next;
		if (t->air && mtime_reached(t->now, t->air->due))
			arrive(t);
		else if (mtime_reached(t->now, far))
			t->far.tick(t->far.ctx);
	}
}

/* ---- the trunk ---- */

struct trunk_vlan *trunk_vlan(struct trunk *t, uint16_t vlan)
{
	struct trunk_vlan *v = &t->vlan[t->nvlans++];

	if (t->nvlans > TRUNK_VLANS)
		abort();
	*v = (struct trunk_vlan){.vlan = vlan, .delay = ms(10), .jitter = ms(1)};
	return v;
}

void trunk_open(struct trunk *t, uint64_t seed, mtime start)
{
	memset(t, 0, sizeof(*t));
	t->now = start;
	t->rng = rng_of(seed);
	t->entropy = rng_of(~seed);
	t->hash = FNV_BASIS;
	t->newest = &t->first;
	t->machine = (struct machine){t, machine_now, machine_random, machine_sleep};
	t->wire = (struct wire){.ctx = t,
		.name = "eth0",
		.mac = {2, 0, 0, 0, 0, 1},
		.pending = wire_pending,
		.take = wire_take,
		.send = wire_send,
		.carrier = wire_carrier};
}

static void free_list(struct trunk_frame *f)
{
	while (f) {
		struct trunk_frame *next = f->next;

		free(f);
		f = next;
	}
}

void trunk_close(struct trunk *t)
{
	free_list(t->air);
	free_list(t->first);
	free_list(t->spare);
}
