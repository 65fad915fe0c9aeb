/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The DNS worker's sockets, with an answerer that echoes.  Everything is on loopback; where a test
 * waits, it waits for an event, and the time it waits at most only bounds a failure. */
#include "dns_server.h"
#include "dns_sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "skip.h"

#define PATIENCE_MS 20000
#define IMAGE_SIZE  4096

/* ---- an answerer: a question comes back with the image's and the state's first octets ---- */

struct image {
	struct bytes octets;
};

static void thread_init(void *thread, void *shared, uint64_t seed)
{
	(void)shared;
	memcpy(thread, &seed, sizeof(seed));
}

/* An image begins with 'i', or with '+' where the one that is served has the letter before. */
static enum fl_err image_open(struct bytes octets, bool sound, const void *served, void *image)
{
	const struct image *before = served;
	bool follows = before && octets.at[0] == '+' && before->octets.at[1] + 1 == octets.at[1];

	((struct image *)image)->octets = octets;
	return sound || octets.at[0] == 'i' || follows ? FL_OK : FL_EFORMAT;
}

/* A question is not read, only remembered. */
static void read_messages(
	const struct dns_serving *from, const struct bytes *messages, size_t n, void *queries)
{
	(void)from;
	memcpy(queries, messages, n * sizeof(*messages));
}

/* The question "xxDROP" gets no answer; "xxBIG" gets 60,000 octets, "xxTC" the TC bit; any other
 * comes back behind two octets: the image's second one and the state's first one. */
static bool answer(void *thread, const struct dns_serving *from, const struct dns_peer *to,
	void *message, struct buf *reply)
{
	const struct bytes query = *(const struct bytes *)message;
	const struct image *image = from->image;

	(void)thread;
	if (query.n < 2 || (query.n == 6 && memcmp(query.at, "xxDROP", 6) == 0))
		return false;
	if (to->tcp && query.n == 5 && memcmp(query.at, "xxBIG", 5) == 0) {
		memset(reply->at, 'b', 60000);
		reply->n = 60000;
		return true;
	}
	buf_put_u8(reply, image->octets.at[1]);
	buf_put_u8(reply, from->state_n ? from->state[0] : 0);
	if (query.n == 4 && memcmp(query.at, "xxTC", 4) == 0)
		buf_put_u8(reply, 0x02);
	buf_put(reply, query.at, query.n);
	return !reply->bad;
}

/* The question "xxSTREAM" gets 1,000 messages of 16,000 octets, each with its number in front. */
#define STREAM_MESSAGES 1000
#define STREAM_MESSAGE  16000

static enum dns_stream_start stream_begin(void *thread, const struct dns_serving *from,
	const struct dns_peer *to, struct bytes query, void *stream)
{
	(void)thread;
	(void)from;
	(void)to;
	if (query.n != 8 || memcmp(query.at, "xxSTREAM", 8) != 0)
		return DNS_STREAM_NO;
	if (!stream)
		return DNS_STREAM_BAD;
	*(uint16_t *)stream = 0;
	return DNS_STREAM_BEGUN;
}

static enum dns_stream_step stream_next(
	const struct dns_serving *from, void *stream, struct buf *reply)
{
	uint16_t *number = stream;

	(void)from;
	buf_put_u16(reply, *number);
	memset(reply->at + 2, 's', STREAM_MESSAGE - 2);
	reply->n = STREAM_MESSAGE;
	return ++*number == STREAM_MESSAGES ? DNS_STREAM_LAST : DNS_STREAM_MORE;
}

static const struct dns_answerer echo = {.thread_size = 64,
	.image_size = sizeof(struct image),
	.thread_init = thread_init,
	.image_open = image_open,
	.query_size = sizeof(struct bytes),
	.read = read_messages,
	.answer = answer,
	.stream_size = sizeof(uint16_t),
	.stream_begin = stream_begin,
	.stream_next = stream_next};

/* ---- a server of one test ---- */

struct served {
	struct dns_state_page *state;
	struct dns_figures_page *figures;
	struct dns_server *server;
	uint16_t port;
};

static void settle(struct served *s)
{
	struct pollfd p = {dns_server_event(s->server), POLLIN, 0};

	while (dns_server_busy(s->server)) {
		assert_int_equal(1, poll(&p, 1, PATIENCE_MS));
		dns_server_settle(s->server);
	}
}

static enum fl_err give_image(struct served *s, char first, char second)
{
	uint8_t *at =
		mmap(NULL, IMAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	enum fl_err err;

	assert_ptr_not_equal(MAP_FAILED, at);
	at[0] = (uint8_t)first;
	at[1] = (uint8_t)second;
	err = dns_server_image(s->server, bytes_of(at, IMAGE_SIZE), false);
	if (err != FL_OK)
		munmap(at, IMAGE_SIZE);
	else
		settle(s);
	return err;
}

static void listen_at(struct served *s, struct ip_addr addr, unsigned threads)
{
	char room[128];
	struct textbuf why = textbuf_of(room, sizeof(room));
	struct dns_listener l;
	struct dns_sockets sockets = {.n = 1};

	/* The free port that TCP was given may be taken for UDP: then another one. */
	for (int attempt = 0; attempt < 100; attempt++)
		if (dns_listener_open(&(struct dns_endpoint){addr, 0}, threads, &l, &why) == FL_OK)
			break;
	memcpy(sockets.udp[0], l.udp, sizeof(l.udp));
	sockets.tcp[0] = l.tcp;
	s->port = l.at.port;
	assert_int_equal(FL_OK, dns_server_listen(s->server, &sockets));
	settle(s);
}

static struct served *serve_limited(unsigned threads, struct dns_tcp_limits limits)
{
	struct served *s = calloc(1, sizeof(*s));
	struct dns_server_conf conf = {.threads = threads, .answerer = &echo, .tcp = limits};

	assert_int_equal(0, posix_memalign((void **)&s->state, 128, sizeof(*s->state)));
	assert_int_equal(0, posix_memalign((void **)&s->figures, 128, sizeof(*s->figures)));
	memset(s->state, 0, sizeof(*s->state));
	memset(s->figures, 0, sizeof(*s->figures));
	dns_state_write(s->state, bytes_of("1", 1));
	conf.state = s->state;
	conf.figures = s->figures;
	assert_int_equal(FL_OK, dns_server_open(&s->server, &conf));
	listen_at(s, ip_addr_v4(127, 0, 0, 1), threads);
	assert_int_equal(FL_OK, give_image(s, 'i', 'a'));
	return s;
}

static struct served *serve(void)
{
	return serve_limited(1, DNS_TCP_LIMITS);
}

static void end(struct served *s)
{
	dns_server_close(s->server);
	free(s->state);
	free(s->figures);
	free(s);
}

/* ---- clients ---- */

static struct sockaddr_in v4(const char *last, uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct ip_addr addr;

	assert_int_equal(FL_OK, ip_addr_parse(str_of(last), &addr));
	memcpy(&a.sin_addr, addr.b, 4);
	return a;
}

/* A client that speaks from `from` to `to`. */
static int client_from(int type, const char *from, const char *to, uint16_t port)
{
	struct sockaddr_in mine = v4(from, 0), theirs = v4(to, port);
	struct timeval patience = {PATIENCE_MS / 1000, 0};
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	assert_int_equal(0, bind(fd, (struct sockaddr *)(void *)&mine, sizeof(mine)));
	assert_int_equal(0, connect(fd, (struct sockaddr *)(void *)&theirs, sizeof(theirs)));
	return fd;
}

static int client(const struct served *s, int type)
{
	return client_from(type, "127.0.0.1", "127.0.0.1", s->port);
}

static void say(int fd, const char *what)
{
	assert_int_equal(strlen(what), send(fd, what, strlen(what), MSG_NOSIGNAL));
}

static void hear(int fd, const char *expected)
{
	char got[512] = {0};

	assert_int_equal(strlen(expected), recv(fd, got, sizeof(got) - 1, 0));
	assert_string_equal(expected, got);
}

/* Over TCP: with a length before it. */
static void say_tcp(int fd, const char *what)
{
	char message[600];
	size_t n = strlen(what);

	set_u16((uint8_t *)message, (uint16_t)n);
	memcpy(message + 2, what, n);
	assert_int_equal(n + 2, send(fd, message, n + 2, MSG_NOSIGNAL));
}

static void hear_tcp(int fd, const char *expected)
{
	uint8_t length[2];
	char got[600] = {0};

	assert_int_equal(2, recv(fd, length, 2, MSG_WAITALL));
	assert_int_equal(strlen(expected), get_u16(length));
	assert_int_equal(strlen(expected), recv(fd, got, strlen(expected), MSG_WAITALL));
	assert_string_equal(expected, got);
}

/* The other end has closed: an end of file or a reset. */
static bool is_closed(int fd)
{
	char c;
	ssize_t got = recv(fd, &c, 1, 0);

	return got == 0 || (got < 0 && errno == ECONNRESET);
}

static uint64_t total(const struct served *s, size_t offset)
{
	uint64_t n = 0;

	for (size_t i = 0; i < COUNT_OF(s->figures->slot); i++)
		n += *(const _Atomic uint64_t *)(const void *)((const char *)&s->figures->slot[i] +
							       offset);
	return n;
}

#define TOTAL(s, field) total(s, offsetof(struct dns_figures_slot, field))

/* Figures are written after the answers are sent: wait for what must come. */
static void await_total(const struct served *s, size_t offset, uint64_t expected)
{
	for (int i = 0; i < PATIENCE_MS && total(s, offset) != expected; i++)
		poll(NULL, 0, 1);
	assert_int_equal(expected, total(s, offset));
}

#define AWAIT_TOTAL(s, field, n) await_total(s, offsetof(struct dns_figures_slot, field), n)

/* ---- UDP ---- */

static void udp_question_is_answered(void **state)
{
	struct served *s = serve();
	int c = client(s, SOCK_DGRAM);

	(void)state;
	say(c, "hello");
	hear(c, "a1hello");
	close(c);
	end(s);
}

static void udp_questions_of_more_than_a_batch_are_all_answered(void **state)
{
	struct served *s = serve();
	int c = client(s, SOCK_DGRAM);

	(void)state;
	for (int i = 0; i < 100; i++)
		say(c, "hello");
	for (int i = 0; i < 100; i++)
		hear(c, "a1hello");
	close(c);
	end(s);
}

static void question_without_answer_is_counted_as_dropped(void **state)
{
	struct served *s = serve();
	int c = client(s, SOCK_DGRAM);

	(void)state;
	say(c, "xxDROP");
	say(c, "next");
	hear(c, "a1next");
	AWAIT_TOTAL(s, dropped, 1);
	AWAIT_TOTAL(s, queries, 2);
	AWAIT_TOTAL(s, replies, 1);
	close(c);
	end(s);
}

static void truncated_answer_is_counted(void **state)
{
	struct served *s = serve();
	int c = client(s, SOCK_DGRAM);

	(void)state;
	say(c, "xxTC");
	hear(c, "a1\002xxTC");
	AWAIT_TOTAL(s, truncated, 1);
	close(c);
	end(s);
}

static void answer_that_does_not_fit_udp_is_not_sent(void **state)
{
	struct served *s = serve();
	int c = client(s, SOCK_DGRAM);
	char big[DNS_SERVER_UDP_REPLY];

	(void)state;
	memset(big, 'x', sizeof(big));
	assert_int_equal(sizeof(big), send(c, big, sizeof(big), 0));
	say(c, "next");
	hear(c, "a1next");
	close(c);
	end(s);
}

static void answer_leaves_from_the_address_asked_of_a_socket_on_all(void **state)
{
	struct served *s = serve();
	int c;

	(void)state;
	listen_at(s, ip_addr_v4(0, 0, 0, 0), 1);
	/* A connected socket takes datagrams from that address alone. */
	c = client_from(SOCK_DGRAM, "127.0.0.9", "127.77.0.3", s->port);
	say(c, "hello");
	hear(c, "a1hello");
	close(c);
	end(s);
}

static void ipv6_question_is_answered(void **state)
{
	struct served *s = serve();
	struct ip_addr loopback = {6, {[15] = 1}};
	struct sockaddr_in6 to = {.sin6_family = AF_INET6};
	struct timeval patience = {PATIENCE_MS / 1000, 0};
	int c = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0), ready;

	(void)state;
	memcpy(&to.sin6_addr, loopback.b, 16);
	ready = c >= 0 ? bind(c, (struct sockaddr *)(void *)&to, sizeof(to)) : -1;
	if (ready < 0) {
		end(s);
		SKIP_BECAUSE("no IPv6 on this machine");
	}
	listen_at(s, loopback, 1);
	to.sin6_port = htons(s->port);
	setsockopt(c, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	assert_int_equal(0, connect(c, (struct sockaddr *)(void *)&to, sizeof(to)));
	say(c, "hello");
	hear(c, "a1hello");
	close(c);
	end(s);
}

static void clients_are_spread_over_the_threads(void **state)
{
	struct served *s = serve_limited(4, DNS_TCP_LIMITS);

	(void)state;
	for (int i = 0; i < 256; i++) {
		int c = client(s, SOCK_DGRAM);

		say(c, "hello");
		hear(c, "a1hello");
		close(c);
	}
	AWAIT_TOTAL(s, queries, 256);
	for (int i = 0; i < 4; i++)
		assert_true(atomic_load(&s->figures->slot[i].queries) > 0);
	end(s);
}

static void new_state_is_in_the_next_answer(void **state)
{
	struct served *s = serve();
	int c = client(s, SOCK_DGRAM);
	char text[2] = "0", expected[16];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		text[0] = (char)('0' + i % 10);
		dns_state_write(s->state, bytes_of(text, 1));
		say(c, "hello");
		snprintf(expected, sizeof(expected), "a%shello", text);
		hear(c, expected);
	}
	close(c);
	end(s);
}

static void no_question_is_lost_while_images_change(void **state)
{
	struct served *s = serve_limited(2, DNS_TCP_LIMITS);
	int c[8];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(c); i++)
		c[i] = client(s, SOCK_DGRAM);
	for (int round = 0; round < 200; round++) {
		char got[16] = {0};

		for (size_t i = 0; i < COUNT_OF(c); i++)
			for (int j = 0; j < 8; j++)
				say(c[i], "hello");
		assert_int_equal(FL_OK, give_image(s, 'i', (char)('a' + round % 26)));
		for (size_t i = 0; i < COUNT_OF(c); i++)
			for (int j = 0; j < 8; j++)
				assert_int_equal(7, recv(c[i], got, sizeof(got), 0));
		say(c[0], "after");
		assert_int_equal(7, recv(c[0], got, sizeof(got), 0));
		assert_int_equal('a' + round % 26, got[0]);
	}
	for (size_t i = 0; i < COUNT_OF(c); i++)
		close(c[i]);
	end(s);
}

static void an_image_is_opened_beside_the_one_that_is_served(void **state)
{
	struct served *s = serve();

	(void)state;
	assert_int_equal(FL_OK, give_image(s, '+', 'b'));
	assert_int_equal(FL_EFORMAT, give_image(s, '+', 'b'));
	assert_int_equal(FL_OK, give_image(s, '+', 'c'));
	end(s);
}

static void image_that_is_refused_leaves_the_one_before(void **state)
{
	struct served *s = serve();
	int c = client(s, SOCK_DGRAM);

	(void)state;
	assert_int_equal(FL_EFORMAT, give_image(s, 'x', 'b'));
	assert_int_equal(FL_EFORMAT, give_image(s, '+', 'c'));
	say(c, "hello");
	hear(c, "a1hello");
	close(c);
	end(s);
}

static void questions_wait_for_the_first_image(void **state)
{
	struct served s = {0};
	int c;

	(void)state;
	assert_int_equal(0, posix_memalign((void **)&s.state, 128, sizeof(*s.state)));
	assert_int_equal(0, posix_memalign((void **)&s.figures, 128, sizeof(*s.figures)));
	memset(s.state, 0, sizeof(*s.state));
	memset(s.figures, 0, sizeof(*s.figures));
	dns_state_write(s.state, bytes_of("1", 1));
	assert_int_equal(FL_OK,
		dns_server_open(&s.server,
			&(struct dns_server_conf){1, &echo, s.state, s.figures, DNS_TCP_LIMITS}));
	listen_at(&s, ip_addr_v4(127, 0, 0, 1), 1);
	c = client(&s, SOCK_DGRAM);
	say(c, "early");
	assert_int_equal(0, TOTAL(&s, queries));
	assert_int_equal(FL_OK, give_image(&s, 'i', 'z'));
	hear(c, "z1early");
	close(c);
	dns_server_close(s.server);
	free(s.state);
	free(s.figures);
}

/* ---- TCP ---- */

static void tcp_question_is_answered(void **state)
{
	struct served *s = serve();
	int c = client(s, SOCK_STREAM);

	(void)state;
	say_tcp(c, "hello");
	hear_tcp(c, "a1hello");
	AWAIT_TOTAL(s, queries, 1);
	assert_int_equal(1, atomic_load(&s->figures->slot[DNS_SLOT_TCP].queries));
	close(c);
	end(s);
}

static void pipelined_questions_are_answered_on_one_connection(void **state)
{
	struct served *s = serve();
	int c = client(s, SOCK_STREAM);
	char question[16], expected[16];

	(void)state;
	for (int i = 0; i < 500; i++) {
		snprintf(question, sizeof(question), "q%d", i);
		say_tcp(c, question);
	}
	for (int i = 0; i < 500; i++) {
		snprintf(expected, sizeof(expected), "a1q%d", i);
		hear_tcp(c, expected);
	}
	close(c);
	end(s);
}

static void question_may_come_an_octet_at_a_time(void **state)
{
	struct served *s = serve();
	int c = client(s, SOCK_STREAM), on = 1;
	static const char message[] = "\0\5hello";

	(void)state;
	setsockopt(c, IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, sizeof(on));
	for (int i = 0; i < 7; i++) {
		assert_int_equal(1, send(c, message + i, 1, MSG_NOSIGNAL));
		poll(NULL, 0, 2);
	}
	hear_tcp(c, "a1hello");
	close(c);
	end(s);
}

static void longest_question_is_answered(void **state)
{
	struct served *s = serve();
	int c = client(s, SOCK_STREAM);
	size_t n = 65533; /* its answer is two octets longer: the longest there is */
	uint8_t *message = malloc(n + 4);

	(void)state;
	set_u16(message, (uint16_t)n);
	memset(message + 2, 'q', n);
	assert_int_equal(n + 2, send(c, message, n + 2, MSG_NOSIGNAL));
	assert_int_equal(n + 4, recv(c, message, n + 4, MSG_WAITALL));
	assert_int_equal(n + 2, get_u16(message));
	assert_memory_equal("a1qq", message + 2, 4);
	free(message);
	close(c);
	end(s);
}

static void client_that_closed_its_half_still_gets_its_answers(void **state)
{
	struct served *s = serve();
	int c = client(s, SOCK_STREAM);

	(void)state;
	say_tcp(c, "one");
	say_tcp(c, "two");
	shutdown(c, SHUT_WR);
	hear_tcp(c, "a1one");
	hear_tcp(c, "a1two");
	assert_true(is_closed(c));
	close(c);
	end(s);
}

static void client_that_does_not_read_holds_up_nobody_and_loses_nothing(void **state)
{
	struct served *s = serve();
	int slow = client(s, SOCK_STREAM), other = client(s, SOCK_STREAM);
	enum { ANSWERS = 200 };
	uint8_t *big = malloc(60002);

	(void)state;
	for (int i = 0; i < ANSWERS; i++) /* 12 MB of answers: more than any socket holds */
		say_tcp(slow, "xxBIG");
	for (int i = 0; i < 10; i++) {
		say_tcp(other, "hello");
		hear_tcp(other, "a1hello");
	}
	for (int i = 0; i < ANSWERS; i++) {
		assert_int_equal(60002, recv(slow, big, 60002, MSG_WAITALL));
		assert_int_equal(60000, get_u16(big));
		assert_int_equal('b', big[60001]);
	}
	free(big);
	close(slow);
	close(other);
	end(s);
}

static void question_without_answer_ends_the_connection(void **state)
{
	struct served *s = serve();
	int c = client(s, SOCK_STREAM);

	(void)state;
	say_tcp(c, "first");
	say_tcp(c, "xxDROP");
	hear_tcp(c, "a1first");
	assert_true(is_closed(c));
	close(c);
	end(s);
}

static void idle_connection_is_closed(void **state)
{
	struct served *s = serve_limited(1, (struct dns_tcp_limits){100, 100, 50});
	int c = client(s, SOCK_STREAM);

	(void)state;
	say_tcp(c, "hello");
	hear_tcp(c, "a1hello");
	assert_true(is_closed(c));
	close(c);
	end(s);
}

static void half_a_question_does_not_keep_a_connection_open(void **state)
{
	struct served *s = serve_limited(1, (struct dns_tcp_limits){100, 100, 50});
	int c = client(s, SOCK_STREAM);

	(void)state;
	assert_int_equal(3, send(c, "\0\5h", 3, MSG_NOSIGNAL));
	assert_true(is_closed(c));
	close(c);
	end(s);
}

static void a_hundred_half_questions_do_not_slow_another_client(void **state)
{
	struct served *s = serve();
	int half[100], c;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(half); i++) {
		half[i] = client(s, SOCK_STREAM);
		assert_int_equal(3, send(half[i], "\0\5h", 3, MSG_NOSIGNAL));
	}
	c = client_from(SOCK_STREAM, "127.0.0.2", "127.0.0.1", s->port);
	for (int i = 0; i < 100; i++) {
		say_tcp(c, "hello");
		hear_tcp(c, "a1hello");
	}
	for (size_t i = 0; i < COUNT_OF(half); i++) {
		say(half[i], "ello"); /* and each can still go on */
		hear_tcp(half[i], "a1hello");
		close(half[i]);
	}
	close(c);
	end(s);
}

static void half_questions_too_long_for_all_close_the_idlest_of_them(void **state)
{
	enum { CLIENTS = 70, SLABS = 64 };
	struct served *s = serve();
	uint8_t half[1002] = {0x80, 0x00};
	int c[CLIENTS];

	(void)state;
	for (int i = 0; i < CLIENTS; i++) {
		c[i] = client(s, SOCK_STREAM);
		assert_int_equal(sizeof(half), send(c[i], half, sizeof(half), MSG_NOSIGNAL));
	}
	for (int i = 0; i < CLIENTS - SLABS; i++)
		assert_true(is_closed(c[i]));
	for (int i = 0; i < CLIENTS; i++)
		close(c[i]);
	end(s);
}

static void connection_beyond_the_limit_closes_the_idlest(void **state)
{
	struct served *s = serve_limited(1, (struct dns_tcp_limits){3, 3, 10000});
	int c[4];

	(void)state;
	for (int i = 0; i < 3; i++) {
		c[i] = client(s, SOCK_STREAM);
		say_tcp(c[i], "hello");
		hear_tcp(c[i], "a1hello");
	}
	say_tcp(c[0], "again"); /* now the second is the idlest */
	hear_tcp(c[0], "a1again");
	c[3] = client(s, SOCK_STREAM);
	say_tcp(c[3], "hello");
	hear_tcp(c[3], "a1hello");
	assert_true(is_closed(c[1]));
	say_tcp(c[0], "still");
	hear_tcp(c[0], "a1still");
	for (int i = 0; i < 4; i++)
		close(c[i]);
	end(s);
}

static void client_beyond_its_limit_loses_its_own_idlest(void **state)
{
	struct served *s = serve_limited(1, (struct dns_tcp_limits){10, 2, 10000});
	int other = client_from(SOCK_STREAM, "127.0.0.2", "127.0.0.1", s->port), c[3];

	(void)state;
	say_tcp(other, "hello");
	hear_tcp(other, "a1hello");
	for (int i = 0; i < 3; i++) {
		c[i] = client(s, SOCK_STREAM);
		say_tcp(c[i], "hello");
		hear_tcp(c[i], "a1hello");
	}
	assert_true(is_closed(c[0]));
	say_tcp(other, "still");
	hear_tcp(other, "a1still");
	for (int i = 0; i < 3; i++)
		close(c[i]);
	close(other);
	end(s);
}

static void thousand_connections_are_served_at_once(void **state)
{
	enum { N = 1000 };
	struct served *s = serve();
	struct rlimit files;
	int *c = calloc(N, sizeof(*c));

	(void)state;
	getrlimit(RLIMIT_NOFILE, &files);
	if (files.rlim_max < 2 * N + 100) {
		free(c);
		end(s);
		SKIP_BECAUSE("too few descriptors for both ends of 1,000 connections");
	}
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	for (int i = 0; i < N; i++) {
		char from[32];

		snprintf(from, sizeof(from), "127.0.1.%d", 1 + i % 20);
		c[i] = client_from(SOCK_STREAM, from, "127.0.0.1", s->port);
		say_tcp(c[i], "hello");
	}
	for (int i = 0; i < N; i++)
		hear_tcp(c[i], "a1hello");
	for (int i = 0; i < N; i++) {
		say_tcp(c[i], "again");
		hear_tcp(c[i], "a1again");
	}
	for (int i = 0; i < N; i++)
		close(c[i]);
	free(c);
	end(s);
}

static void connection_lives_on_when_the_image_changes(void **state)
{
	struct served *s = serve();
	int c = client(s, SOCK_STREAM);

	(void)state;
	say_tcp(c, "hello");
	hear_tcp(c, "a1hello");
	assert_int_equal(FL_OK, give_image(s, 'i', 'b'));
	say_tcp(c, "hello");
	hear_tcp(c, "b1hello");
	close(c);
	end(s);
}

static void hear_stream(int fd)
{
	static uint8_t got[2 + STREAM_MESSAGE];

	for (unsigned i = 0; i < STREAM_MESSAGES; i++) {
		assert_int_equal(sizeof(got), recv(fd, got, sizeof(got), MSG_WAITALL));
		assert_int_equal(STREAM_MESSAGE, get_u16(got));
		assert_int_equal(i, get_u16(got + 2));
	}
}

static void stream_comes_whole_and_then_the_next_answer(void **state)
{
	struct served *s = serve();
	int c = client(s, SOCK_STREAM);

	(void)state;
	say_tcp(c, "before");
	say_tcp(c, "xxSTREAM");
	say_tcp(c, "behind");
	hear_tcp(c, "a1before");
	hear_stream(c);
	hear_tcp(c, "a1behind");
	close(c);
	end(s);
}

static void stream_that_is_not_read_holds_up_nobody(void **state)
{
	struct served *s = serve();
	int slow = client(s, SOCK_STREAM), c = client(s, SOCK_STREAM);

	(void)state;
	say_tcp(slow, "xxSTREAM");
	AWAIT_TOTAL(s, queries, 1);
	say_tcp(c, "hello");
	hear_tcp(c, "a1hello");
	hear_stream(slow);
	close(slow);
	close(c);
	end(s);
}

static void stream_beyond_the_limit_has_to_ask_again(void **state)
{
	struct served *s = serve();
	int c[DNS_STREAMS], more;

	(void)state;
	for (size_t i = 0; i < DNS_STREAMS; i++) {
		c[i] = client(s, SOCK_STREAM);
		say_tcp(c[i], "xxSTREAM");
		AWAIT_TOTAL(s, queries, i + 1);
	}
	more = client(s, SOCK_STREAM);
	say_tcp(more, "xxSTREAM");
	assert_true(is_closed(more));
	close(more);
	hear_stream(c[0]); /* gives its place back */
	more = client(s, SOCK_STREAM);
	say_tcp(more, "xxSTREAM");
	hear_stream(more);
	close(more);
	for (size_t i = 0; i < DNS_STREAMS; i++)
		close(c[i]);
	end(s);
}

static void address_that_is_not_there_yet_can_be_listened_on(void **state)
{
	char room[128] = "";
	struct textbuf why = textbuf_of(room, sizeof(room));
	struct dns_endpoint at = {ip_addr_v4(192, 0, 2, 77), 0};
	struct dns_listener l;

	(void)state;
	assert_int_equal(FL_OK, dns_listener_open(&at, 2, &l, &why));
	dns_listener_close(&l);
}

static void port_in_use_is_named_with_its_address(void **state)
{
	struct sockaddr_in a = v4("127.0.0.1", 0);
	socklen_t n = sizeof(a);
	char room[128] = "", expected[128];
	struct textbuf why = textbuf_of(room, sizeof(room));
	struct dns_endpoint at = {ip_addr_v4(127, 0, 0, 1), 0};
	struct dns_listener l;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_int_equal(0, bind(fd, (struct sockaddr *)(void *)&a, n));
	assert_int_equal(0, getsockname(fd, (struct sockaddr *)(void *)&a, &n));
	at.port = ntohs(a.sin_port);
	assert_int_equal(FL_EIO, dns_listener_open(&at, 1, &l, &why));
	snprintf(expected, sizeof(expected), "127.0.0.1 port %u: Address already in use", at.port);
	assert_string_equal(expected, room);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(udp_question_is_answered),
		cmocka_unit_test(udp_questions_of_more_than_a_batch_are_all_answered),
		cmocka_unit_test(question_without_answer_is_counted_as_dropped),
		cmocka_unit_test(truncated_answer_is_counted),
		cmocka_unit_test(answer_that_does_not_fit_udp_is_not_sent),
		cmocka_unit_test(answer_leaves_from_the_address_asked_of_a_socket_on_all),
		cmocka_unit_test(ipv6_question_is_answered),
		cmocka_unit_test(clients_are_spread_over_the_threads),
		cmocka_unit_test(new_state_is_in_the_next_answer),
		cmocka_unit_test(no_question_is_lost_while_images_change),
		cmocka_unit_test(an_image_is_opened_beside_the_one_that_is_served),
		cmocka_unit_test(image_that_is_refused_leaves_the_one_before),
		cmocka_unit_test(questions_wait_for_the_first_image),
		cmocka_unit_test(tcp_question_is_answered),
		cmocka_unit_test(pipelined_questions_are_answered_on_one_connection),
		cmocka_unit_test(question_may_come_an_octet_at_a_time),
		cmocka_unit_test(longest_question_is_answered),
		cmocka_unit_test(client_that_closed_its_half_still_gets_its_answers),
		cmocka_unit_test(client_that_does_not_read_holds_up_nobody_and_loses_nothing),
		cmocka_unit_test(question_without_answer_ends_the_connection),
		cmocka_unit_test(idle_connection_is_closed),
		cmocka_unit_test(half_a_question_does_not_keep_a_connection_open),
		cmocka_unit_test(a_hundred_half_questions_do_not_slow_another_client),
		cmocka_unit_test(half_questions_too_long_for_all_close_the_idlest_of_them),
		cmocka_unit_test(connection_beyond_the_limit_closes_the_idlest),
		cmocka_unit_test(client_beyond_its_limit_loses_its_own_idlest),
		cmocka_unit_test(thousand_connections_are_served_at_once),
		cmocka_unit_test(connection_lives_on_when_the_image_changes),
		cmocka_unit_test(stream_comes_whole_and_then_the_next_answer),
		cmocka_unit_test(stream_that_is_not_read_holds_up_nobody),
		cmocka_unit_test(stream_beyond_the_limit_has_to_ask_again),
		cmocka_unit_test(address_that_is_not_there_yet_can_be_listened_on),
		cmocka_unit_test(port_in_use_is_named_with_its_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
