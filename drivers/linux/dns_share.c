/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sequence lock is the usual one (H. Boehm, "Can seqlocks get along with programming language
 * memory models?", 2012): data are copied with relaxed atomic loads between two reads of the
 * sequence, with fences on both sides.  A reader never waits: it has the previous state, and the
 * writer has not been told yet that the new one is visible. */
#include "dns_share.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_ATTEMPTS 4

void dns_state_write(struct dns_state_page *page, struct bytes state)
{
	uint32_t sequence = atomic_load_explicit(&page->sequence, memory_order_relaxed);

	atomic_store_explicit(&page->sequence, sequence + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	for (size_t i = 0; i * 4 < state.n; i++) {
		size_t left = state.n - i * 4;
		uint32_t word = 0;

		memcpy(&word, state.at + i * 4, left < 4 ? left : 4);
		atomic_store_explicit(&page->word[i], word, memory_order_relaxed);
	}
	atomic_store_explicit(&page->n, (uint32_t)state.n, memory_order_relaxed);
	/* 0 stands for "never written": it is left out when the counter wraps around. */
	sequence = sequence + 2 ? sequence + 2 : 2;
	atomic_store_explicit(&page->sequence, sequence, memory_order_release);
}

/* A copy that may be torn; its length is kept inside the page whatever was read. */
static size_t copy_words(const struct dns_state_page *page, uint8_t *out)
{
	size_t n = atomic_load_explicit(&page->n, memory_order_relaxed);

	n = n < DNS_STATE_MAX ? n : DNS_STATE_MAX;
	for (size_t i = 0; i * 4 < n; i++) {
		uint32_t word = atomic_load_explicit(&page->word[i], memory_order_relaxed);

		memcpy(out + i * 4, &word, 4);
	}
	return n;
}

void dns_state_read(const struct dns_state_page *page, struct dns_state_copy *copy)
{
	uint32_t before = atomic_load_explicit(&page->sequence, memory_order_acquire);
	uint8_t octets[DNS_STATE_MAX];

	if (before == copy->sequence)
		return;
	for (int i = 0; i < READ_ATTEMPTS; i++) {
		uint32_t after;
		size_t n;

		if (before & 1)
			return;
		n = copy_words(page, octets);
		atomic_thread_fence(memory_order_acquire);
		after = atomic_load_explicit(&page->sequence, memory_order_acquire);
		if (after == before) {
			memcpy(copy->octets, octets, n);
			copy->n = n;
			copy->sequence = before;
			return;
		}
		before = after;
	}
}

union control {
	struct cmsghdr head; /* for its alignment */
	char room[CMSG_SPACE(sizeof(int) * DNS_MESSAGE_FDS)];
};

int dns_message_send(int socket, const struct dns_message *m, const int *fds, size_t nfds)
{
	struct iovec data = {(void *)(uintptr_t)m, sizeof(*m)};
	struct msghdr packet = {.msg_iov = &data, .msg_iovlen = 1};
	union control control = {0};

	if (nfds > DNS_MESSAGE_FDS)
		return -EMSGSIZE;
	if (nfds) {
		packet.msg_control = &control;
		packet.msg_controllen = CMSG_SPACE(sizeof(int) * nfds);
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof(int) * nfds);
		memcpy(CMSG_DATA(&control.head), fds, sizeof(int) * nfds);
	}
	return sendmsg(socket, &packet, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* The descriptors that came with a packet. */
static size_t take_fds(struct msghdr *packet, int *fds)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(packet);
	size_t n;

	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
		return 0;
	n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(fds, CMSG_DATA(c), n * sizeof(int));
	return n;
}

int dns_message_receive(int socket, struct dns_message *m, int *fds, size_t *nfds)
{
	struct iovec data = {m, sizeof(*m)};
	struct msghdr packet = {.msg_iov = &data, .msg_iovlen = 1};
	union control control;
	ssize_t got;
	size_t n;

	if (fds) {
		packet.msg_control = &control;
		packet.msg_controllen = sizeof(control);
	}
	got = recvmsg(socket, &packet, MSG_CMSG_CLOEXEC);
	if (got <= 0)
		return got ? -errno : 0;
	n = fds ? take_fds(&packet, fds) : 0;
	if (got != (ssize_t)sizeof(*m) || (packet.msg_flags & MSG_TRUNC) ||
		(fds && (packet.msg_flags & MSG_CTRUNC))) {
		while (n)
			close(fds[--n]);
		return -EBADMSG;
	}
	m->text[sizeof(m->text) - 1] = '\0';
	if (nfds)
		*nfds = n;
	return 1;
}
