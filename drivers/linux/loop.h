/* SPDX-License-Identifier: GPL-2.0-or-later */
/* loop.h - the one epoll loop under all Linux drivers.
 *
 * A driver registers file descriptors and timers here; when one is ready the driver does its work
 * and posts events, which io.wait() hands to the product one by one.  One thread; a driver never
 * blocks. */
#ifndef FL_LOOP_H
#define FL_LOOP_H

#include "io.h"

struct loop;

/* A descriptor to watch; owned by the driver, which must forget it before closing it. */
struct loop_source {
	int fd;
	/* `events` as epoll_wait(2) gives them. */
	void (*ready)(void *ctx, uint32_t events);
	void *ctx;
};

/* A timer; owned by the driver.  All zeros but `fire` and `ctx` before its first use. */
struct loop_timer {
	mtime due;
	void (*fire)(void *ctx);
	void *ctx;
	struct loop_timer *next; /* the loop's */
	bool armed;              /* the loop's */
};

/* NULL and errno on failure.  Blocks SIGTERM, SIGINT and SIGHUP and turns them into IO_STOP and
 * IO_RELOAD. */
struct loop *loop_open(void);
void loop_close(struct loop *l);

/* `events`: EPOLLIN and the like.  Watching again changes the events.  0 or -errno. */
int loop_watch(struct loop *l, struct loop_source *source, uint32_t events);
void loop_forget(struct loop *l, struct loop_source *source);

void loop_timer_set(struct loop *l, struct loop_timer *t, mtime due);
void loop_timer_stop(struct loop *l, struct loop_timer *t);

/* Queue an event for the product.  `data`, `text` and `interface` are copied. */
void loop_post(struct loop *l, const struct io_event *event);
/* Drop what is queued for a session that is gone. */
void loop_drop_session(struct loop *l, unsigned session);

mtime loop_now(const struct loop *l);

/* io.wait(), io.now(), io.wall() and io.random() of this loop. */
void loop_fill_io(struct loop *l, struct io *io);

#endif
