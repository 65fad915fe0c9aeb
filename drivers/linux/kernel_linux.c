/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts together: nftables first, so that no packet is forwarded before the filters stand, then
 * addresses, routes and rules, shaping, sysctls last. */
#include "kernel_linux.h"

#include "kernel_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#define BUFFER_SIZE (8 << 20)
#define PATH_SIZE   128

/* ---- sysctls ---- */

static bool sysctl_path(const struct kstate_sysctl *s, char path[PATH_SIZE])
{
	int n = snprintf(path, PATH_SIZE, "/proc/sys/%.*s", STR_ARG(s->path));

	return n > 0 && n < PATH_SIZE;
}

static void sysctl_write(struct kernel_linux *k, const struct kstate_sysctl *s)
{
	char path[PATH_SIZE];
	ssize_t n = -1;
	int fd = sysctl_path(s, path) ? open(path, O_WRONLY | O_CLOEXEC) : -1;

	if (fd >= 0) {
		n = write(fd, s->value.at, s->value.n);
		close(fd);
	}
	if (n < 0)
		log_printf(k->log, LOG_LEVEL_WARNING, "sysctl %.*s=%.*s: %s", STR_ARG(s->path),
			STR_ARG(s->value), strerror(errno));
}

/* The value now; the wanted one where it could not be written anyway. */
static struct kstate_sysctl sysctl_read(const struct kstate_sysctl *want, struct arena *mem)
{
	struct kstate_sysctl have = *want;
	char path[PATH_SIZE], text[64];
	struct str value;
	ssize_t n;
	int fd;

	if (!sysctl_path(want, path) || access(path, W_OK))
		return have;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return have;
	n = read(fd, text, sizeof(text));
	close(fd);
	value = str_trim((struct str){text, n > 0 ? (size_t)n : 0});
	have.value = (struct str){arena_copy(mem, value.at, value.n), value.n};
	return have.value.at ? have : *want;
}

static void sysctls_read(
	const struct kernel_state *expect, struct arena *mem, struct kernel_state *out)
{
	out->sysctls = ARENA_NEWS(mem, struct kstate_sysctl, expect->nsysctls);
	for (size_t i = 0; out->sysctls && i < expect->nsysctls; i++)
		out->sysctls[out->nsysctls++] = sysctl_read(&expect->sysctls[i], mem);
}

/* ---- the interface ---- */

static enum fl_err kernel_read(void *ctx, const struct kernel_state *expect, struct arena *mem,
	struct kernel_state *out, bool *chains_known)
{
	struct kernel_linux *k = ctx;
	struct kernel_state have = {0};
	enum fl_err err = nft_read(k, expect, mem, &have, chains_known);

	if (!err)
		err = route_read(k, expect, mem, &have);
	if (!err)
		err = shape_read(k, expect, mem, &have);
	if (!err)
		sysctls_read(expect, mem, &have);
	if (!err && mem->full)
		err = FL_EFULL;
	if (!err)
		*out = have;
	return err;
}

static enum fl_err kernel_apply(void *ctx, const struct kernel_diff *diff, struct textbuf *why)
{
	struct kernel_linux *k = ctx;
	enum fl_err err = nft_apply(k, diff, why);

	if (!err)
		err = route_apply(k, diff, why);
	if (!err)
		err = shape_apply(k, diff, why);
	for (size_t i = 0; !err && i < diff->nsysctls; i++)
		sysctl_write(k, &diff->sysctls[i]);
	return err;
}

static void kernel_mark_bits(void *ctx, uint32_t bits)
{
	((struct kernel_linux *)ctx)->mark_bits = bits;
}

static enum fl_err kernel_flush(void *ctx, uint32_t mark, uint8_t family, struct textbuf *why)
{
	return conntrack_flush(ctx, mark, family, why);
}

static enum fl_err kernel_cut(
	void *ctx, kernel_flow_each *meant, void *meant_ctx, size_t *n, struct textbuf *why)
{
	return conntrack_cut(ctx, meant, meant_ctx, n, why);
}

static enum fl_err kernel_flows(
	void *ctx, uint32_t mark, kernel_flow_each *each, void *each_ctx, struct textbuf *why)
{
	return conntrack_flows(ctx, mark, each, each_ctx, why);
}

static bool kernel_has(void *ctx, struct str set, const struct ip_addr *a)
{
	return nft_has(ctx, set, a);
}

static enum fl_err kernel_counts(
	void *ctx, kernel_count_each *each, void *each_ctx, struct textbuf *why)
{
	return nft_counts(ctx, each, each_ctx, why);
}

static bool is_there(struct kernel_linux *k, uint32_t feature)
{
	switch (feature) {
	case KFEATURE_CAKE:
		return shape_has_cake(k);
	case KFEATURE_INCOMING:
		return shape_has_ifb(k);
	default:
		return nft_supports(k, feature);
	}
}

#define ASKED_IN_ONE (~(KFEATURE_CAKE | KFEATURE_INCOMING | KFEATURE_FLOWTABLE))

/* Asking has the kernel load what it has; what it has not may come later, with a module. */
static uint32_t kernel_lacks(void *ctx, uint32_t features)
{
	struct kernel_linux *k = ctx;
	uint32_t tables = features & ~k->settled & ASKED_IN_ONE;

	if (tables && nft_supports_all(k, tables)) {
		k->settled |= tables;
		k->lacking &= ~tables;
	}
	for (uint32_t feature = 1; feature && feature <= features; feature <<= 1) {
		if (!(features & ~k->settled & feature))
			continue;
		if (is_there(k, feature)) {
			k->settled |= feature;
			k->lacking &= ~feature;
		} else {
			k->lacking |= feature;
		}
	}
	return features & k->lacking;
}

static bool read_number(const char *path, uint32_t *out)
{
	char text[32];
	uint64_t number;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text));
	close(fd);
	if (n <= 0 || !str_to_u64(str_trim((struct str){text, (size_t)n}), UINT32_MAX, &number))
		return false;
	*out = (uint32_t)number;
	return true;
}

static uint32_t kernel_memory(void *ctx)
{
	struct sysinfo s;

	(void)ctx;
	return sysinfo(&s) ? 0 : (uint32_t)((uint64_t)s.totalram * s.mem_unit >> 20);
}

static bool kernel_room(void *ctx, uint32_t *used, uint32_t *all)
{
	(void)ctx;
	return read_number("/proc/sys/net/netfilter/nf_conntrack_count", used) &&
	       read_number("/proc/sys/net/netfilter/nf_conntrack_max", all);
}

/* What is ours is looked up, not remembered, so that what an earlier run has left goes, too.
 * Sysctls stay: what they were before is not known, and others may rely on them by now. */
static enum fl_err kernel_remove_all(
	void *ctx, const struct kernel_state *applied, struct textbuf *why)
{
	static const struct kernel_state nothing = {0};
	struct kernel_linux *k = ctx;
	struct kernel_state have = {0};
	struct kernel_diff diff;
	struct arena mem;
	enum fl_err err;

	arena_init(&mem, k->memory);
	err = route_read(k, applied ? applied : &nothing, &mem, &have);
	if (!err)
		err = shape_read(k, &nothing, &mem, &have);
	kernel_state_diff(&have, &nothing, &mem, &diff);
	if (!err && mem.full)
		err = FL_EFULL;
	diff.replace_table = NULL;
	diff.nsets = 0;
	if (!err)
		err = route_apply(k, &diff, why);
	else
		textbuf_printf(why, "what is in the kernel cannot be read: %s", fl_err_text(err));
	if (!err)
		err = shape_apply(k, &diff, why);
	arena_reset(&mem);
	return err ? err : nft_remove(k, why);
}

/* ---- opening ---- */

/* More than the usual limits, where that is permitted; else as much as they give. */
static void set_buffers(int fd)
{
	int size = BUFFER_SIZE;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

static enum fl_err open_netfilter(struct kernel_linux *k, struct textbuf *why)
{
	int one = 1;

	k->netfilter = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!k->netfilter || mnl_socket_bind(k->netfilter, 0, MNL_SOCKET_AUTOPID) < 0) {
		textbuf_printf(why, "netfilter: %s", strerror(errno));
		return err_of_errno(errno);
	}
	set_buffers(mnl_socket_get_fd(k->netfilter));
	mnl_socket_setsockopt(k->netfilter, NETLINK_CAP_ACK, &one, sizeof(one));
	return FL_OK;
}

static void open_raw(struct kernel_linux *k)
{
	int type = SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK;

	k->raw4 = socket(AF_INET, type, IPPROTO_RAW);
	k->raw6 = socket(AF_INET6, type, IPPROTO_RAW);
	set_buffers(k->raw4); /* thousands of kicks may wait for a slow cable */
	set_buffers(k->raw6);
	if (k->raw4 < 0)
		log_printf(k->log, LOG_LEVEL_WARNING,
			"raw sockets: %s: TCP clients of a dead link notice with their next packet",
			strerror(errno));
}

enum fl_err kernel_linux_open(struct kernel *out, struct kernel_linux **handle,
	const struct arena_source *memory, const struct log *log, struct textbuf *why)
{
	struct kernel_linux *k = memory->get(memory->ctx, sizeof(*k));
	enum fl_err err;

	if (!k) {
		textbuf_printf(why, "out of memory");
		return FL_EFULL;
	}
	*k = (struct kernel_linux){.memory = memory,
		.log = log,
		.batch.memory = memory,
		.raw4 = -1,
		.raw6 = -1,
		.mark_bits = KSTATE_MARK_MASK};
	err = open_netfilter(k, why);
	if (!err)
		conntrack_load(k);
	if (!err)
		err = route_open(k, why);
	if (err) {
		kernel_linux_close(k);
		return err;
	}
	open_raw(k);
	*out = (struct kernel){k, kernel_read, kernel_apply, kernel_mark_bits, kernel_flush,
		kernel_cut, kernel_flows, kernel_has, kernel_counts, kernel_room, kernel_memory,
		kernel_lacks, kernel_remove_all};
	*handle = k;
	return FL_OK;
}

void kernel_linux_close(struct kernel_linux *k)
{
	if (k->netfilter)
		mnl_socket_close(k->netfilter);
	route_close(k);
	if (k->raw4 >= 0)
		close(k->raw4);
	if (k->raw6 >= 0)
		close(k->raw6);
	if (k->batch.at)
		k->memory->put(k->memory->ctx, k->batch.at, k->batch.cap);
	k->memory->put(k->memory->ctx, k, sizeof(*k));
}
