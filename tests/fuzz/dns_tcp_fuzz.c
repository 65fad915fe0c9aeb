/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any octets over TCP, in pieces of any size.  Input: an octet that says how they are cut, then the
 * octets.  A server of our own answers what the framing finds in them; what comes back must be what
 * a reader who sees all of it at once expects, however it was cut.
 *
 * The connection is a Unix socket: the same calls, and no ports to run out of. */
#include "dns_server.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define PATIENCE_MS 20000 /* bounds a failure only */
#define SENT_MAX    4096
#define BACK_MAX    65536
#define ONE_BY_ONE  256 /* octets sent one at a time, at most */

static void check(int good)
{
	if (!good)
		abort();
}

/* Until there is something to read; the fuzzer's own alarm may come in between. */
static void await(int fd)
{
	struct pollfd p = {fd, POLLIN, 0};
	int ready;

	do
		ready = poll(&p, 1, PATIENCE_MS);
	while (ready < 0 && errno == EINTR);
	check(ready == 1);
}

/* ---- what answers ---- */

/* An empty message and one that begins with '!' get no answer; 's' and a number get so many
 * messages of one octet, up to seven; any other comes back, 't' three times over. */
static enum dns_stream_start stream_begin(void *thread, const struct dns_serving *from,
	const struct dns_peer *to, struct bytes query, void *stream)
{
	(void)thread;
	(void)from;
	(void)to;
	if (query.n != 2 || query.at[0] != 's')
		return DNS_STREAM_NO;
	if (!stream || query.at[1] % 8 == 0)
		return DNS_STREAM_BAD;
	*(uint8_t *)stream = query.at[1] % 8;
	return DNS_STREAM_BEGUN;
}

static enum dns_stream_step stream_next(
	const struct dns_serving *from, void *stream, struct buf *reply)
{
	uint8_t *left = stream;

	(void)from;
	buf_put_u8(reply, *left);
	return --*left ? DNS_STREAM_MORE : DNS_STREAM_LAST;
}

static void read_messages(
	const struct dns_serving *from, const struct bytes *messages, size_t n, void *queries)
{
	(void)from;
	memcpy(queries, messages, n * sizeof(*messages));
}

static bool answer(void *thread, const struct dns_serving *from, const struct dns_peer *to,
	void *query, struct buf *reply)
{
	const struct bytes *q = query;

	(void)thread;
	(void)from;
	(void)to;
	if (q->n == 0 || q->at[0] == '!')
		return false;
	for (int i = 0; i < (q->at[0] == 't' ? 3 : 1); i++)
		buf_put(reply, q->at, q->n);
	return !reply->bad;
}

static void thread_init(void *thread, void *shared, uint64_t seed)
{
	(void)thread;
	(void)shared;
	(void)seed;
}

static enum fl_err image_open(struct bytes octets, bool sound, const void *served, void *image)
{
	(void)served;
	(void)octets;
	(void)sound;
	(void)image;
	return FL_OK;
}

static const struct dns_answerer echo = {.thread_size = 64,
	.image_size = 64,
	.thread_init = thread_init,
	.image_open = image_open,
	.query_size = sizeof(struct bytes),
	.read = read_messages,
	.answer = answer,
	.stream_size = 1,
	.stream_begin = stream_begin,
	.stream_next = stream_next};

/* ---- the model ---- */

static void expect_message(struct buf *out, const void *at, size_t n, unsigned times)
{
	buf_put_u16(out, (uint16_t)(n * times));
	while (times--)
		buf_put(out, at, n);
}

/* What comes back for these octets, all seen at once. */
static void expect(struct bytes in, struct buf *out)
{
	for (;;) {
		uint16_t n = bytes_take_u16(&in);
		const uint8_t *at = bytes_take(&in, n);

		if (in.bad || n == 0 || at[0] == '!')
			return;
		if (n == 2 && at[0] == 's' && at[1] % 8 == 0)
			return;
		if (n != 2 || at[0] != 's') {
			expect_message(out, at, n, at[0] == 't' ? 3 : 1);
			continue;
		}
		for (uint8_t left = at[1] % 8; left; left--)
			expect_message(out, &left, 1, 1);
	}
}

/* ---- the server, one for all inputs ---- */

static void settle(struct dns_server *server)
{
	while (dns_server_busy(server)) {
		await(dns_server_event(server));
		dns_server_settle(server);
	}
}

static socklen_t name_of(char kind, struct sockaddr_un *out)
{
	int n;

	memset(out, 0, sizeof(*out));
	out->sun_family = AF_UNIX;
	/* Abstract: behind a zero octet, and gone with the process. */
	n = snprintf(out->sun_path + 1, sizeof(out->sun_path) - 1, "fl-fuzz-%c-%ld", kind,
		(long)getpid());
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
}

static void serve(void)
{
	static struct dns_state_page state;
	static struct dns_figures_page figures;
	static struct dns_server *server;
	const struct dns_server_conf conf = {.threads = 1,
		.answerer = &echo,
		.state = &state,
		.figures = &figures,
		.tcp = DNS_TCP_LIMITS};
	struct dns_sockets sockets = {.n = 1};
	struct sockaddr_un name;
	socklen_t size = name_of('s', &name);

	if (server)
		return;
	dns_state_write(&state, bytes_of("1", 1));
	memset(sockets.udp, 0xff, sizeof(sockets.udp));
	sockets.tcp[0] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	check(bind(sockets.tcp[0], (struct sockaddr *)(void *)&name, size) == 0);
	check(listen(sockets.tcp[0], 16) == 0);
	check(dns_server_open(&server, &conf) == FL_OK);
	check(dns_server_listen(server, &sockets) == FL_OK);
	settle(server);
	check(dns_server_image(server,
		      bytes_of(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
			      4096),
		      true) == FL_OK);
	settle(server);
}

/* ---- a client ---- */

static int call(void)
{
	struct sockaddr_un name;
	socklen_t size = name_of('c', &name);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	/* A name, as the server reads an address from it. */
	check(bind(fd, (struct sockaddr *)(void *)&name, size) == 0);
	size = name_of('s', &name);
	check(connect(fd, (struct sockaddr *)(void *)&name, size) == 0);
	return fd;
}

/* The server may have closed already: what follows a message without an answer is not read. */
static void say(int fd, struct bytes octets, uint8_t how)
{
	size_t one = how == 1 ? ONE_BY_ONE : 0, piece = how < 2 ? octets.n : how;

	while (octets.n) {
		size_t n = one ? 1 : piece < octets.n ? piece : octets.n;
		ssize_t sent = send(fd, octets.at, n, MSG_NOSIGNAL);

		if (sent < 0 && errno != EINTR)
			return;
		one -= one > 0;
		if (sent > 0)
			bytes_take(&octets, (size_t)sent);
	}
	shutdown(fd, SHUT_WR);
}

static void hear(int fd, struct buf *back)
{
	uint8_t octets[4096];
	ssize_t n;

	do {
		await(fd);
		n = recv(fd, octets, sizeof(octets), MSG_DONTWAIT);
		if (n > 0)
			buf_put(back, octets, (size_t)n);
		check(n >= 0 || errno == ECONNRESET);
	} while (n > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static uint8_t expected_octets[BACK_MAX], back_octets[BACK_MAX];
	struct buf expected = buf_of(expected_octets, sizeof(expected_octets));
	struct buf back = buf_of(back_octets, sizeof(back_octets));
	struct bytes octets;
	int fd;

	if (n < 1 || n > SENT_MAX)
		return 0;
	serve();
	octets = bytes_of(data + 1, n - 1);
	expect(octets, &expected);
	fd = call();
	say(fd, octets, data[0]);
	hear(fd, &back);
	close(fd);
	check(!back.bad && back.n == expected.n && memcmp(back.at, expected.at, back.n) == 0);
	return 0;
}
