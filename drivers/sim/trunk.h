/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trunk.h - a cable in memory, under virtual time: frames cross it with delay, jitter, loss and
 * damage, which each VLAN has of its own.  The same seed gives the same run; a hash of all that
 * crossed tells.
 *
 * The near end is a struct machine and a struct wire, for a stack to run on; what is at the far end
 * is called with each frame, and in time. */
#ifndef FL_TRUNK_H
#define FL_TRUNK_H

#include "machine.h"
#include "rng.h"

#define TRUNK_VLANS     8
#define TRUNK_FRAME_MAX 2048

struct trunk_vlan {
	uint16_t vlan;
	span delay, jitter; /* one way; jitter is added, 0 to this much */
	uint32_t loss_ppm, damage_ppm;
	bool cut;
	uint64_t to_near, to_far; /* frames that came through */
	mtime last[2];            /* a VLAN keeps frames in order, as a cable does */
};

struct trunk_frame {
	struct trunk_frame *next; /* by due, then in the order sent */
	mtime due;
	bool to_far;
	size_t n;
	uint8_t octets[TRUNK_FRAME_MAX];
};

struct trunk_far {
	void *ctx;
	void (*frame)(void *ctx, struct bytes frame);
	mtime (*due)(void *ctx);
	void (*tick)(void *ctx);
};

struct trunk {
	struct machine machine; /* ready for use */
	struct wire wire;
	struct trunk_far far;
	mtime now;
	struct rng rng, entropy;
	struct trunk_vlan vlan[TRUNK_VLANS];
	size_t nvlans;
	bool unplugged;
	struct trunk_frame *air;             /* on their way */
	struct trunk_frame *first, **newest; /* at the near end */
	struct trunk_frame *spare;
	uint64_t hash; /* FNV-1a of time, direction and octets of every frame that arrived */
	uint64_t frames;
};

/* `t` must not move.  Time begins at `start`. */
void trunk_open(struct trunk *t, uint64_t seed, mtime start);
void trunk_close(struct trunk *t);
/* A VLAN that works, 10 ms away; frames of others are lost. */
struct trunk_vlan *trunk_vlan(struct trunk *t, uint16_t vlan);
/* The far end sends. */
void trunk_send_near(struct trunk *t, struct bytes frame);

#endif
