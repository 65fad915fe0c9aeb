/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_share.h - what the daemon and its DNS worker share: two pages of memory, and messages.
 *
 * The state page is written by the daemon alone and mapped read-only by the worker; a sequence
 * counter (odd while a write is under way) tells the reader whether what it copied is whole.  The
 * figures page is written by the worker's threads, a slot each, and read by the daemon.  Both
 * belong to the daemon and outlive a worker, so that figures never run backwards.
 *
 * Messages go over a Unix seqpacket socket, one packet each, descriptors as SCM_RIGHTS.  The daemon
 * believes no number that comes from the worker. */
#ifndef FL_DNS_SHARE_H
#define FL_DNS_SHARE_H

#include "bytes.h"

#include <stdatomic.h>

#define DNS_THREADS_MAX   16
#define DNS_ENDPOINTS_MAX 64
#define DNS_COUNTERS_MAX  128
#define DNS_STATE_MAX     16384 /* octets of the published state */

/* ---- the published state ---- */

struct dns_state_page {
	_Atomic uint32_t sequence; /* 0: never written; odd: being written */
	_Atomic uint32_t n;        /* octets in use */
	_Alignas(64) _Atomic uint32_t word[DNS_STATE_MAX / 4];
};

/* One reader's copy.  All zeros: nothing was read yet. */
struct dns_state_copy {
	uint32_t sequence;
	size_t n;
	_Alignas(64) uint8_t octets[DNS_STATE_MAX];
};

/* `state.n` is at most DNS_STATE_MAX.  One writer. */
void dns_state_write(struct dns_state_page *page, struct bytes state);
/* Bring `copy` up to date: one load where nothing changed.  While a write is under way the copy
 * stays as it was: that write is not over yet for its writer either. */
void dns_state_read(const struct dns_state_page *page, struct dns_state_copy *copy);

/* ---- figures ---- */

struct dns_figures_slot {
	_Alignas(128) _Atomic uint64_t queries;
	_Atomic uint64_t replies, dropped, truncated;
	_Atomic uint64_t begun, done; /* batches; unequal for seconds: the thread is stuck */
	_Atomic uint64_t counter[DNS_COUNTERS_MAX]; /* the answerer's */
};

#define DNS_SLOT_TCP DNS_THREADS_MAX /* the TCP thread's; 0.. are the UDP threads' */

struct dns_figures_page {
	struct dns_figures_slot slot[DNS_THREADS_MAX + 1];
};

/* Only the slot's own thread writes it: no locked instruction is needed. */
static inline void dns_count(_Atomic uint64_t *counter, uint64_t more)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + more,
		memory_order_relaxed);
}

static inline void dns_batch_begin(struct dns_figures_slot *slot)
{
	dns_count(&slot->begun, 1);
}

static inline void dns_batch_end(struct dns_figures_slot *slot)
{
	atomic_store_explicit(&slot->done, atomic_load_explicit(&slot->begun, memory_order_relaxed),
		memory_order_relaxed);
}

/* ---- messages ---- */

enum dns_message_kind {
	/* To the worker. */
	DNS_MESSAGE_PAGES = 1, /* descriptors: the state page, the figures page */
	DNS_MESSAGE_SOCKETS,   /* endpoint `number` of `of`; a UDP socket a thread, then the TCP
				  listener.  Number 0 begins a new set, the last one completes it;
				  `of` 0: an empty set */
	DNS_MESSAGE_IMAGE,     /* image `number` of `size` octets; descriptor: the sealed image.
				  `of` 1: a worker has found it sound before */
	/* From the worker. */
	DNS_MESSAGE_READY,   /* `text`: how it is confined */
	DNS_MESSAGE_FAILED,  /* `text`: why it gives up */
	DNS_MESSAGE_TAKEN,   /* every thread serves image `number` */
	DNS_MESSAGE_REFUSED, /* image `number` is not an image the worker can serve */
};

#define DNS_MESSAGE_FDS (DNS_THREADS_MAX + 1)

struct dns_message {
	uint32_t kind; /* enum dns_message_kind */
	uint32_t number, of;
	uint64_t size;
	char text[232]; /* zero-ended */
};

/* 0 or -errno. */
int dns_message_send(int socket, const struct dns_message *m, const int *fds, size_t nfds);
/* 1: a message; 0: the other end is gone; else -errno.  -EBADMSG: not a message of ours.
 * `fds` has room for DNS_MESSAGE_FDS; NULL: descriptors are not welcome and never arrive. */
int dns_message_receive(int socket, struct dns_message *m, int *fds, size_t *nfds);

#endif
