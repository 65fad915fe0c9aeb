/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sentinel's main program on a board without an operating system. */
#include "dns_lwip.h"
#include "mps2_an385.h"
#include "probes_lwip.h"
#include "sentinel.h"
#include "stack_lwip.h"

#include <string.h>

#define SEED "seed"

/* All there is, in memory that the linker has counted. */
static struct {
	struct stack_lwip stack;
	struct probes_lwip probes;
	struct dns_lwip dns;
	struct sentinel_io io;
	struct sentinel sentinel;
	bool seeded;
} all;

void lwip_failed(const char *what)
{
	mps2_reset_is(MPS2_RESET_FAULT);
	cortex_m_say(&mps2.core, what);
	cortex_m_reset();
}

/* ---- randomness ---- */

/* What earlier starts have left goes into the key, and other octets are left for the next. */
static void stir_seed(void)
{
	struct arena_source memory = heap_source(&mps2.heap);
	struct textbuf why = textbuf_of((char[80]){0}, 80);
	struct arena mem;
	struct bytes seed;
	uint8_t next[32];

	arena_init(&mem, &memory);
	cortex_m_stir(&mps2.core, mps2.wire.mac, sizeof(mps2.wire.mac));
	all.seeded = mps2.storage.load(mps2.storage.ctx, SEED, &mem, &seed, &why) == FL_OK;
	if (all.seeded)
		cortex_m_stir(&mps2.core, seed.at, seed.n);
	mps2.machine.random(mps2.machine.ctx, next, sizeof(next));
	(void)mps2.storage.save(mps2.storage.ctx, SEED, bytes_of(next, sizeof(next)), &why);
	arena_reset(&mem);
}

/* ---- what the sentinel asks of its board ---- */

static bool answer(
	void *ctx, const struct ip_addr *from, bool tcp, struct bytes query, struct buf *reply)
{
	return sentinel_answer(ctx, from, tcp, query, reply);
}

static void dns_figures(void *ctx, struct dns_console_figures *out)
{
	const struct dns_lwip_figures *f = &all.dns.figures;

	(void)ctx;
	*out = (struct dns_console_figures){.queries = f->queries,
		.replies = f->replies,
		.dropped = f->dropped,
		.tcp = f->tcp,
		.truncated = f->truncated};
}

static void describe_network(const struct sink *out)
{
	const struct stack_counters *c = &all.stack.counters;
	const struct stats_mem *heap = &lwip_stats.mem;

	sink_printf(out,
		"frames: %llu in, %llu out; thrown away: %u damaged, %llu too short, %llu too "
		"long, %llu with no leg's tag,\n"
		"  %llu for want of a buffer, %llu for others, %llu in our name\n",
		(unsigned long long)c->frames_in, (unsigned long long)c->frames_out,
		(unsigned)mps2.lan.damaged, (unsigned long long)c->runts,
		(unsigned long long)c->giants, (unsigned long long)c->strangers,
		(unsigned long long)c->no_room, (unsigned long long)c->not_ours,
		(unsigned long long)c->spoofed);
	sink_printf(out,
		"packet memory: at most %u of %u octets, %u times none was left; answers lost: "
		"%llu\n",
		(unsigned)heap->max, (unsigned)heap->avail, (unsigned)heap->err,
		(unsigned long long)c->events_lost);
}

static void describe(void *ctx, const struct sink *out)
{
	(void)ctx;
	sink_printf(out, "start %u since the power came; the last one was ended by %s\n",
		(unsigned)mps2.starts, mps2_reset_text(mps2.last_reset));
	sink_printf(out,
		"memory: %zu of %zu octets in use, at most %zu; largest free piece %zu; stack at "
		"most %zu of %zu\n",
		mps2.heap.used, mps2.heap.size, mps2.heap.most, heap_largest(&mps2.heap),
		mps2_stack_used(), mps2_stack_size());
	describe_network(out);
	sink_printf(out, "random numbers: %s, and %u moments of frames and keys\n",
		all.seeded ? "from the stored seed" : "no seed was stored yet",
		(unsigned)mps2.core.entropy.stirred);
	sink_printf(out, "serial line: %u octets lost\n", (unsigned)mps2.core.uart.overrun);
}

static void restart(void *ctx)
{
	(void)ctx;
	mps2_reset_is(MPS2_RESET_ORDER);
	cortex_m_reset();
}

static void hang(void *ctx)
{
	(void)ctx;
	for (;;)
		;
}

static void log_nowhere(void *ctx, enum log_level level, struct str text)
{
	(void)ctx;
	(void)level;
	(void)text;
}

static void open_network(void)
{
	const struct dns_lwip_answerer answerer = {&all.sentinel, answer};

	stack_lwip_open(&all.stack, &mps2.machine, &mps2.wire, &mps2.serial);
	probes_lwip_open(&all.probes, &all.stack);
	if (dns_lwip_open(&all.dns, &all.stack, &answerer))
		lwip_failed("no room for the name server's sockets\r\n");
	stack_lwip_fill_io(&all.stack, &all.io.io);
	stack_lwip_fill_interfaces(&all.stack, &all.io.interfaces);
	stack_lwip_fill_legs(&all.stack, &all.io.legs);
	stack_lwip_fill_sessions(&all.stack, &all.io.sessions);
	probes_lwip_fill(&all.probes, &all.io.probes);
}

int main(void)
{
	if (!mps2_open()) {
		cortex_m_say(&mps2.core, "the network chip does not answer\r\n");
		return 1;
	}
	stir_seed();
	open_network();
	all.io.lamps = mps2.lamps;
	all.io.storage = mps2.storage;
	all.io.log = (struct log){log_nowhere, NULL};
	all.io.memory = heap_source(&mps2.heap);
	all.io.dns_figures = dns_figures;
	all.io.describe = describe;
	all.io.restart = restart;
	all.io.hang = hang;
	sentinel_open(&all.sentinel, &all.io);
	while (!all.sentinel.stop) {
		sentinel_step(&all.sentinel, MTIME_NEVER);
		cortex_m_feed(&mps2.core);
	}
	return 0;
}
