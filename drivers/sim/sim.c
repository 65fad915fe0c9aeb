/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One heap of memory that is counted, one list of packets in flight that is also the list of
 * everything else that will happen, people who type, and the log.  The rest of the world is in
 * files of its own: sim_network.c, sim_kernel.c, sim_programs.c, sim_box.c. */
#include "sim.h"

#include "sim_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory: counted, so that a test sees that all of it came back ---- */

static void *memory_get(void *ctx, size_t n)
{
	struct sim *s = ctx;
	void *p = malloc(n);

	if (p)
		s->allocations++;
	return p;
}

static void memory_put(void *ctx, void *p, size_t n)
{
	struct sim *s = ctx;

	(void)n;
	s->allocations--;
	free(p);
}

/* ---- events ---- */

void sim_post(struct sim *s, mtime due, const struct io_event *e)
{
	struct sim_packet **at = &s->packets;
	struct sim_packet *p = calloc(1, sizeof(*p) + e->data.n);

	if (!p)
		abort();
	p->due = due;
	p->event = *e;
	p->n = e->data.n;
	if (p->n)
		memcpy(p->octets, e->data.at, p->n);
	while (*at && !mtime_before(due, (*at)->due))
		at = &(*at)->next;
	p->next = *at;
	*at = p;
}

static mtime io_now(void *ctx)
{
	return ((struct sim *)ctx)->now;
}

static int64_t io_wall(void *ctx)
{
	const struct sim *s = ctx;

	return s->wall + s->now.us / 1000000;
}

static void io_random(void *ctx, void *out, size_t n)
{
	struct sim *s = ctx;

	for (size_t i = 0; i < n; i++)
		((uint8_t *)out)[i] = (uint8_t)rng_below(&s->entropy, 256);
}

static void io_wait(void *ctx, mtime until, struct io_event *out)
{
	struct sim *s = ctx;
	struct sim_packet *p = s->packets;

	free(s->handed_out);
	s->handed_out = NULL;
	if (!p || mtime_before(until, p->due)) {
		if (mtime_before(s->now, until))
			s->now = until;
		*out = (struct io_event){.kind = IO_NOTHING, .at = s->now};
		return;
	}
	s->packets = p->next;
	s->handed_out = p;
	if (mtime_before(s->now, p->due))
		s->now = p->due;
	*out = p->event;
	out->at = s->now;
	out->data = bytes_of(p->octets, p->n);
}

void sim_keep(uint8_t **at, size_t *at_n, struct bytes octets)
{
	uint8_t *copy = malloc(octets.n + 1);

	if (!copy)
		abort();
	memcpy(copy, octets.at, octets.n);
	free(*at);
	*at = copy;
	*at_n = octets.n;
}

void sim_stop(struct sim *s)
{
	sim_post(s, s->now, &(struct io_event){.kind = IO_STOP});
}

void sim_reload(struct sim *s)
{
	sim_post(s, s->now, &(struct io_event){.kind = IO_RELOAD});
}

/* ---- people ---- */

static enum fl_err sessions_write(void *ctx, unsigned session, struct str text)
{
	struct sim_session *p = &((struct sim *)ctx)->session[session];

	if (p->n + text.n + 1 > p->cap) {
		p->cap = 2 * (p->n + text.n) + 1024;
		p->text = realloc(p->text, p->cap);
		if (!p->text)
			abort();
	}
	memcpy(p->text + p->n, text.at, text.n);
	p->n += text.n;
	p->text[p->n] = '\0';
	return FL_OK;
}

static void sessions_close(void *ctx, unsigned session)
{
	((struct sim *)ctx)->session[session].open = false;
}

void sim_session_open(struct sim *s, unsigned session, const char *hello)
{
	struct sim_session *p = &s->session[session];

	p->open = true;
	p->n = 0;
	sim_post(s, s->now,
		&(struct io_event){.kind = IO_SESSION_OPEN,
			.session = session,
			.text = str_of(s->peer ? s->peer : "root"),
			.data = bytes_of(hello, strlen(hello))});
}

void sim_type(struct sim *s, unsigned session, const char *octets, size_t n)
{
	sim_post(s, s->now,
		&(struct io_event){
			.kind = IO_SESSION_INPUT, .session = session, .data = bytes_of(octets, n)});
}

void sim_session_close(struct sim *s, unsigned session)
{
	s->session[session].open = false;
	sim_post(s, s->now, &(struct io_event){.kind = IO_SESSION_CLOSED, .session = session});
}

/* ---- signatures ---- */

/* No cryptography here: octets that differ with what is signed. */
static void sim_hmac(enum hmac_hash hash, struct bytes key, const struct bytes *parts,
	size_t nparts, uint8_t out[HMAC_MAX])
{
	struct rng sum = rng_of(key.n);

	for (size_t i = 0; i < nparts; i++)
		for (size_t k = 0; k < parts[i].n; k++)
			sum = rng_of(rng_u64(&sum) ^ parts[i].at[k]);
	for (size_t i = 0; i < hmac_size(hash); i++)
		out[i] = (uint8_t)rng_u64(&sum);
}

/* ---- the log ---- */

static void log_line(void *ctx, enum log_level level, struct str text)
{
	struct sim *s = ctx;
	size_t room = SIM_LOG_SIZE - s->log_n;
	int n;

	if (level == LOG_LEVEL_DEBUG && !s->log_debug)
		return;
	n = snprintf(s->log + s->log_n, room, "[%lld] %.*s\n", (long long)(s->now.us / 1000),
		STR_ARG(text));
	if (n > 0 && (size_t)n < room)
		s->log_n += (size_t)n;
	s->log[s->log_n] = '\0';
}

/* ---- life ---- */

void sim_open(struct sim *s, uint64_t seed)
{
	memset(s, 0, sizeof(*s));
	s->rng = rng_of(seed);
	s->entropy = rng_of(seed + 1);
	s->wall = 1767225600; /* 2026-01-01 00:00:00 UTC */
	s->drivers.io = (struct io){s, io_now, io_wall, io_random, io_wait};
	s->drivers.sessions = (struct sessions){s, sessions_write, sessions_close};
	s->drivers.hmac = sim_hmac;
	s->drivers.log = (struct log){log_line, s};
	s->drivers.memory = (struct arena_source){.get = memory_get, .put = memory_put, .ctx = s};
	sim_network_open(s);
	sim_kernel_open(s);
	sim_programs_open(s);
	sim_box_open(s);
}

void sim_close(struct sim *s)
{
	free(s->handed_out);
	while (s->packets) {
		struct sim_packet *p = s->packets;

		s->packets = p->next;
		free(p);
	}
	for (size_t i = 0; i < SIM_SESSIONS; i++)
		free(s->session[i].text);
	sim_kernel_close(s);
	sim_programs_close(s);
	sim_box_close(s);
}
