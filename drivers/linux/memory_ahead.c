/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Most of an arena's memory is chunks of one huge page.  They are cut off a stretch of addresses,
 * and the thread keeps the next few of them ready.  A larger piece is handed out at once; whoever
 * has it works from its beginning, mostly, so the thread comes to meet him from its end. */
#include "memory_ahead.h"

#include "memory_linux.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#define PAGE    MEMORY_HUGE_PAGE
#define STRETCH 16 /* pages */
#define READY   4  /* pages ahead */

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14; older kernels refuse it, and clear as ever */
#endif

struct memory_ahead {
	pthread_t thread;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t changed;
	bool runs, ends;
	uint8_t *next, *ready, *end; /* the stretch: what is next, not yet ready, and not in it */
	uint8_t *large;              /* a larger piece, of which so much is to be made ready */
	size_t large_left;
	uint8_t *busy; /* what the thread makes ready right now */
};

/* The pages are there and clear afterwards, and what was in them stays. */
static void make_ready(struct memory_ahead *m, uint8_t *at, size_t n)
{
	m->busy = at;
	pthread_mutex_unlock(&m->lock);
	(void)madvise(at, n, MADV_POPULATE_WRITE);
	pthread_mutex_lock(&m->lock);
	m->busy = NULL;
	pthread_cond_broadcast(&m->changed);
}

/* False: there is nothing to do. */
static bool work(struct memory_ahead *m)
{
	if (m->large_left) {
		size_t n = (m->large_left - 1) % PAGE + 1;

		m->large_left -= n;
		make_ready(m, m->large + m->large_left, n);
	} else if (m->ready < m->end && (size_t)(m->ready - m->next) < READY * PAGE) {
		m->ready += PAGE;
		make_ready(m, m->ready - PAGE, PAGE);
	} else {
		return false;
	}
	return true;
}

static void give_stretch_back(struct memory_ahead *m)
{
	if (m->next < m->end)
		memory_unmap(m->next, (size_t)(m->end - m->next));
	m->next = m->ready = m->end = NULL;
}

static void wait_for_work(struct memory_ahead *m)
{
	struct timespec until;

	if (m->next == m->end) {
		pthread_cond_wait(&m->changed, &m->lock);
		return;
	}
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec++;
	if (pthread_cond_timedwait(&m->changed, &m->lock, &until) == ETIMEDOUT)
		give_stretch_back(m);
}

static void *run(void *ctx)
{
	struct memory_ahead *m = ctx;

	pthread_mutex_lock(&m->lock);
	while (!m->ends)
		if (!work(m))
			wait_for_work(m);
	pthread_mutex_unlock(&m->lock);
	return NULL;
}

/* Signals are for the thread that has the event loop. */
static void start(struct memory_ahead *m)
{
	sigset_t all, before;

	if (m->runs)
		return;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	m->runs = pthread_create(&m->thread, NULL, run, m) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* ---- what arenas ask for ---- */

static void *get_page(struct memory_ahead *m)
{
	uint8_t *at = NULL;

	if (m->next == m->end) {
		m->next = m->ready = memory_map(STRETCH * PAGE);
		m->end = m->next ? m->next + STRETCH * PAGE : NULL;
	}
	if (m->next) {
		at = m->next;
		m->next += PAGE;
		if (m->ready < m->next)
			m->ready = m->next;
	}
	return at;
}

static void *get_large(struct memory_ahead *m, size_t n)
{
	uint8_t *at = memory_map(n);

	/* One at a time: who asks for another has no use for the one before yet. */
	m->large = at;
	m->large_left = at ? n : 0;
	return at;
}

static void *get(void *ctx, size_t n)
{
	struct memory_ahead *m = ctx;
	void *at;

	if (n < PAGE)
		return memory_linux.get(NULL, n);
	pthread_mutex_lock(&m->lock);
	start(m);
	at = n == PAGE ? get_page(m) : get_large(m, n);
	pthread_cond_broadcast(&m->changed);
	pthread_mutex_unlock(&m->lock);
	return at;
}

static void put(void *ctx, void *p, size_t n)
{
	struct memory_ahead *m = ctx;
	uint8_t *at = p;

	if (n < PAGE) {
		memory_linux.put(NULL, p, n);
		return;
	}
	pthread_mutex_lock(&m->lock);
	if (m->large == at)
		m->large_left = 0;
	/* Its addresses may be somebody else's the next moment. */
	while (m->busy && m->busy >= at && m->busy < at + n)
		pthread_cond_wait(&m->changed, &m->lock);
	pthread_mutex_unlock(&m->lock);
	memory_unmap(p, n);
}

static bool has_one_core(void)
{
	cpu_set_t cores;

	return sched_getaffinity(0, sizeof(cores), &cores) < 0 || CPU_COUNT(&cores) < 2;
}

struct memory_ahead *memory_ahead_open(struct arena_source *out)
{
	struct memory_ahead *m = has_one_core() ? NULL : calloc(1, sizeof(*m));
	pthread_condattr_t monotonic;

	*out = memory_linux;
	if (!m)
		return NULL;
	pthread_mutex_init(&m->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&m->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	*out = (struct arena_source){.get = get, .put = put, .ctx = m, .zeroed = true};
	return m;
}

void memory_ahead_close(struct memory_ahead *m)
{
	if (!m)
		return;
	pthread_mutex_lock(&m->lock);
	m->ends = true;
	pthread_cond_broadcast(&m->changed);
	pthread_mutex_unlock(&m->lock);
	if (m->runs)
		pthread_join(m->thread, NULL);
	give_stretch_back(m);
	pthread_cond_destroy(&m->changed);
	pthread_mutex_destroy(&m->lock);
	free(m);
}
