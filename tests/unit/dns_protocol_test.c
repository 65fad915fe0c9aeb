/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RFC 8906's list, asked of the real worker on loopback, over UDP and TCP; and what one thread and
 * four answer.  The program is $B/san/fairlead-dns; without it the tests are skipped. */
#include "dns_worker.h"
#include "support/dns_zone.h"

#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "skip.h"

#define PATIENCE_MS 30000 /* bounds a failure only */
#define PORT        5353

struct served {
	struct loop *loop;
	struct io io;
	struct dns_service dns;
	struct dns_worker *worker;
	struct zone z;
	struct ip_addr at;
	uint8_t octets[2 + DNS_TCP_SIZE];
	struct bytes reply;
};

static void no_log(void *ctx, enum log_level level, struct str text)
{
	(void)ctx;
	(void)level;
	(void)text;
}

static void work(struct served *s)
{
	struct io_event e;

	s->io.wait(s->io.ctx, mtime_after(s->io.now(s->io.ctx), ms(5)), &e);
}

/* An address on loopback that no other test has. */
static struct ip_addr own_address(unsigned n)
{
	unsigned pid = (unsigned)getpid();

	return ip_addr_v4(127, (uint8_t)(128 + n), (uint8_t)(pid >> 8), (uint8_t)pid);
}

static struct served *serve_with(unsigned threads, const struct dns_conf *conf)
{
	static struct dns_allow_conf loopback = {.prefix = {{4, {127}}, 8}};
	const char *folder = getenv("B");
	char program[300], room[200];
	struct textbuf why = textbuf_of(room, sizeof(room));
	struct log log = {no_log, NULL};
	struct served *s;
	struct dns_endpoint at;
	struct dns_service_figures f;

	snprintf(program, sizeof(program), "%s/san/fairlead-dns", folder ? folder : "build");
	if (access(program, X_OK) < 0)
		return NULL;
	s = calloc(1, sizeof(*s));
	zone_example(&s->z);
	s->z.source.conf = conf;
	s->z.domain[0].transfer = (struct dns_transfer_conf){&loopback, 1, -1, NULL, 0};
	assert_int_equal(zone_build(&s->z), FL_OK);
	zone_live(&s->z, "123");
	s->at = own_address(threads);
	at = (struct dns_endpoint){s->at, PORT};
	s->loop = loop_open();
	loop_fill_io(s->loop, &s->io);
	assert_int_equal(dns_worker_open(&s->dns, &s->worker, s->loop, &log, program, &why), FL_OK);
	assert_int_equal(s->dns.listen(s->dns.ctx, &at, 1, threads, &why), FL_OK);
	assert_int_equal(s->dns.image(s->dns.ctx, s->z.octets, &why), FL_OK);
	s->dns.state(s->dns.ctx, bytes_of(&s->z.pub, sizeof(s->z.pub)));
	do {
		work(s);
		s->dns.figures(s->dns.ctx, &f);
	} while (!f.running);
	return s;
}

static struct dns_service_figures figures(struct served *s)
{
	struct dns_service_figures f;

	s->dns.figures(s->dns.ctx, &f);
	return f;
}

static struct served *serve(unsigned threads)
{
	static const struct dns_conf conf = {.cookies = true, .server_id = STR("north")};

	return serve_with(threads, &conf);
}

/* Whatever a test did, the worker stayed within its filter of system calls. */
static void end(struct served *s)
{
	assert_int_equal(figures(s).violations, 0);
	dns_worker_close(s->worker);
	loop_close(s->loop);
	zone_close(&s->z);
	free(s);
}

/* ---- asking ---- */

static int client(const struct served *s, bool tcp)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	int fd = socket(AF_INET, tcp ? SOCK_STREAM : SOCK_DGRAM, 0);

	memcpy(&to.sin_addr, s->at.b, 4);
	assert_int_equal(connect(fd, (struct sockaddr *)(void *)&to, sizeof(to)), 0);
	return fd;
}

static size_t take(struct served *s, int fd, void *at, size_t n, int flags)
{
	struct pollfd p = {fd, POLLIN, 0};
	ssize_t got;

	for (int i = 0; i < PATIENCE_MS / 10 && poll(&p, 1, 10) == 0; i++)
		work(s);
	assert_int_equal(poll(&p, 1, 0), 1);
	got = recv(fd, at, n, flags);
	assert_true(got > 0);
	return (size_t)got;
}

static void ask(struct served *s, bool tcp, const uint8_t *query, size_t n)
{
	uint8_t message[2 + 600];
	int fd = client(s, tcp);

	set_u16(message, (uint16_t)n);
	memcpy(message + 2, query, n);
	if (tcp) {
		assert_int_equal(send(fd, message, n + 2, 0), (ssize_t)n + 2);
		assert_int_equal(take(s, fd, s->octets, 2, MSG_WAITALL), 2);
		n = get_u16(s->octets);
		assert_int_equal(take(s, fd, s->octets, n, MSG_WAITALL), n);
	} else {
		assert_int_equal(send(fd, message + 2, n, 0), (ssize_t)n);
		n = take(s, fd, s->octets, sizeof(s->octets), 0);
	}
	s->reply = bytes_of(s->octets, n);
	close(fd);
}

/* ---- the list ---- */

#define CD 0x0010u
#define AD 0x0020u
#define Z  0x0040u
#define RA 0x0080u

struct item {
	const char *what;
	uint16_t type, flags; /* flags with the opcode */
	bool edns;
	uint32_t edns_ttl; /* version and flags */
	const char *options;
	size_t options_n;
	/* Expected: */
	unsigned rcode; /* with the extended part */
	bool answer;
};

#define OPTIONS(literal) (literal), sizeof(literal) - 1
#define UNKNOWN_OPTION   OPTIONS("\0\144\0\0")
/* NSID, COOKIE, an IPv4 client subnet of no bits, EXPIRE */
#define MANY_OPTIONS                                                                               \
	OPTIONS("\0\3\0\0"                                                                         \
		"\0\12\0\10ABCDEFGH"                                                               \
		"\0\10\0\4\0\1\0\0"                                                                \
		"\0\11\0\0")
#define VERSION_1 UINT32_C(0x00010000)
#define DO        UINT32_C(0x8000)
#define UNKNOWN   UINT32_C(0x0080)

static const struct item list[] = {
	{"8.1.1 is it a server of the zone", DNS_SOA, 0, false, 0, NULL, 0, RCODE_NOERROR, true},
	{"8.1.2 unknown type", 1000, 0, false, 0, NULL, 0, RCODE_NOERROR, false},
	{"8.1.3.1 CD", DNS_SOA, CD, false, 0, NULL, 0, RCODE_NOERROR, true},
	{"8.1.3.2 AD", DNS_SOA, AD, false, 0, NULL, 0, RCODE_NOERROR, true},
	{"8.1.3.3 reserved bit", DNS_SOA, Z, false, 0, NULL, 0, RCODE_NOERROR, true},
	{"8.1.3.4 RD", DNS_SOA, FLAG_RD, false, 0, NULL, 0, RCODE_NOERROR, true},
	{"8.1.4 unknown opcode", DNS_SOA, 15u << 11, false, 0, NULL, 0, RCODE_NOTIMP, false},
	{"8.2.1 EDNS", DNS_SOA, 0, true, 0, NULL, 0, RCODE_NOERROR, true},
	{"8.2.2 unknown version", DNS_SOA, 0, true, VERSION_1, NULL, 0, RCODE_BADVERS, false},
	{"8.2.3 unknown option", DNS_SOA, 0, true, 0, UNKNOWN_OPTION, RCODE_NOERROR, true},
	{"8.2.4 unknown flag", DNS_SOA, 0, true, UNKNOWN, NULL, 0, RCODE_NOERROR, true},
	{"8.2.5 unknown version and flag", DNS_SOA, 0, true, VERSION_1 | UNKNOWN, NULL, 0,
		RCODE_BADVERS, false},
	{"8.2.6 unknown version and option", DNS_SOA, 0, true, VERSION_1, UNKNOWN_OPTION,
		RCODE_BADVERS, false},
	{"unknown version and a cookie that is none (RFC 6891 6.1.3)", DNS_SOA, 0, true, VERSION_1,
		OPTIONS("\0\x0a\0\2??"), RCODE_BADVERS, false},
	{"8.2.8 DO", DNS_SOA, 0, true, DO, NULL, 0, RCODE_NOERROR, true},
	{"8.2.9 DO and unknown version", DNS_SOA, 0, true, VERSION_1 | DO, NULL, 0, RCODE_BADVERS,
		false},
	{"8.2.10 many options", DNS_SOA, 0, true, 0, MANY_OPTIONS, RCODE_NOERROR, true},
};

static size_t make_query(const struct item *i, uint8_t *out, size_t cap)
{
	static const char name[] = "\7example\3com";
	struct buf b = buf_of(out, cap);

	buf_put_u16(&b, 0x4711);
	buf_put_u16(&b, i->flags);
	buf_put_u16(&b, 1);
	buf_put_u32(&b, 0);
	buf_put_u16(&b, i->edns);
	buf_put(&b, name, sizeof(name));
	buf_put_u16(&b, i->type);
	buf_put_u16(&b, DNS_IN);
	if (i->edns) {
		buf_put_u8(&b, 0);
		buf_put_u16(&b, DNS_OPT);
		buf_put_u16(&b, 4096);
		buf_put_u32(&b, i->edns_ttl);
		buf_put_u16(&b, (uint16_t)i->options_n);
		buf_put(&b, i->options, i->options_n);
	}
	assert_false(b.bad);
	return b.n;
}

/* The TTL field of the reply's OPT record; false: it has none. */
static bool opt_of(struct bytes m, uint32_t *ttl)
{
	for (size_t at = DNS_HEADER; at + 11 <= m.n; at++)
		if (m.at[at] == 0 && get_u16(m.at + at + 1) == DNS_OPT &&
			at + 11 + get_u16(m.at + at + 9) == m.n) {
			*ttl = get_u32(m.at + at + 5);
			return true;
		}
	return false;
}

static void check_item(struct served *s, const struct item *i, bool tcp)
{
	uint8_t query[600];
	unsigned flags, rcode;
	uint32_t ttl = 0;

	ask(s, tcp, query, make_query(i, query, sizeof(query)));
	flags = get_u16(s->reply.at + 2);
	rcode = flags & 15;
	if (opt_of(s->reply, &ttl) != i->edns)
		fail_msg("%s: OPT record", i->what);
	rcode |= ttl >> 24 << 4;
	if (rcode != i->rcode || (get_u16(s->reply.at + 6) != 0) != i->answer)
		fail_msg("%s: rcode %u, %u answers", i->what, rcode, get_u16(s->reply.at + 6));
	if (get_u16(s->reply.at) != 0x4711 || !(flags & FLAG_QR) || (flags & (Z | AD | RA)) ||
		(flags & FLAG_RD) != (i->flags & FLAG_RD) ||
		(flags & 0x7800) != (i->flags & 0x7800))
		fail_msg("%s: flags %04x", i->what, flags);
	/* Version 0, no flag but DO, which comes back. */
	if ((ttl & 0x00ff7fff) || (ttl & DO) != (i->edns_ttl & DO))
		fail_msg("%s: EDNS %08x", i->what, ttl);
	if (i->options_n && memmem(s->reply.at, s->reply.n, "\0\144\0\0\0", 4))
		fail_msg("%s: an unknown option came back", i->what);
}

static void check_list(bool tcp)
{
	struct served *s = serve(1);

	if (!s)
		SKIP_BECAUSE("the sanitized fairlead-dns is not built");
	for (size_t i = 0; i < COUNT_OF(list); i++)
		check_item(s, &list[i], tcp);
	end(s);
}

static void list_of_rfc_8906_passes_over_udp(void **state)
{
	(void)state;
	check_list(false);
}

static void list_of_rfc_8906_passes_over_tcp(void **state)
{
	(void)state;
	check_list(true);
}

/* ---- threads ---- */

/* Names whose answers leave nothing to chance. */
static const char *const names[] = {"example.com", "www-a.example.com", "mail1.example.com",
	"nobody.example.com", "x.wild.example.com", "a.sub.example.com", "alias.example.com",
	"3.113.0.203.in-addr.arpa", "example.net"};
static const uint16_t types[] = {DNS_A, DNS_MX, DNS_TXT, DNS_SOA, DNS_NS, DNS_PTR, DNS_ANY};

static void one_thread_and_four_answer_the_same(void **state)
{
	struct served *one = serve(1), *four = one ? serve(4) : NULL;

	(void)state;
	if (!four)
		SKIP_BECAUSE("the sanitized fairlead-dns is not built");
	for (size_t i = 0; i < COUNT_OF(names) * COUNT_OF(types) * 4; i++) {
		struct question q;

		question_begin(&q, names[i % COUNT_OF(names)],
			types[i / COUNT_OF(names) % COUNT_OF(types)]);
		ask(one, false, q.at, q.b.n);
		ask(four, false, q.at, q.b.n);
		assert_int_equal(one->reply.n, four->reply.n);
		assert_memory_equal(one->octets, four->octets, one->reply.n);
	}
	end(four);
	end(one);
}

#define ASKED 512
#define RATE  20

/* One client asks from many ports, so that all threads hear of it. */
static void threads_count_together_what_a_client_gets(void **state)
{
	static const struct dns_conf slow = {.rate_limit = {.answers = RATE, .slip = 0}};
	struct served *s = serve_with(4, &slow);
	struct dns_service_figures f;
	struct question q;
	mtime start;

	(void)state;
	if (!s)
		SKIP_BECAUSE("the sanitized fairlead-dns is not built");
	start = s->io.now(s->io.ctx);
	question_begin(&q, "www-a.example.com", DNS_A);
	for (unsigned i = 0; i < ASKED; i++) {
		int fd = client(s, false);

		assert_int_equal(send(fd, q.at, q.b.n, 0), (ssize_t)q.b.n);
		close(fd);
	}
	do {
		work(s);
		s->dns.figures(s->dns.ctx, &f);
	} while (f.replies + f.dropped < ASKED);
	/* A second's worth may come at once, then RATE a second.  Threads that look at the same
	 * moment may give one away each time; threads that counted for themselves would give four
	 * times as much. */
	assert_in_range(f.replies, RATE,
		RATE * (2 + mtime_between(start, s->io.now(s->io.ctx)).us / 1000000));
	end(s);
}

/* ---- the filter of system calls ---- */

static void ask_for(struct served *s, bool tcp, uint16_t type, unsigned rcode, unsigned answers)
{
	struct question q;

	question_begin(&q, "example.com", type);
	ask(s, tcp, q.at, q.b.n);
	assert_int_equal(get_u16(s->reply.at + 2) & 15, rcode);
	assert_true(get_u16(s->reply.at + 6) >= answers);
}

static void change_image(struct served *s)
{
	char room[100];
	struct textbuf why = textbuf_of(room, sizeof(room));

	assert_int_equal(s->dns.image(s->dns.ctx, s->z.octets, &why), FL_OK);
	for (int i = 0; i < PATIENCE_MS / 5 && !figures(s).settled; i++)
		work(s);
	assert_true(figures(s).settled);
}

/* More than a client may have, some of them with half a message. */
static void crowd(struct served *s)
{
	int fd[160];

	for (size_t i = 0; i < COUNT_OF(fd); i++) {
		fd[i] = client(s, true);
		if (i % 2)
			(void)!send(fd[i], "\0\100half", 6, MSG_NOSIGNAL);
	}
	work(s);
	for (size_t i = 0; i < COUNT_OF(fd); i++)
		close(fd[i]);
}

static void worker_makes_no_forbidden_call_on_any_path(void **state)
{
	struct served *s = serve(2);
	int pid;

	(void)state;
	if (!s)
		SKIP_BECAUSE("the sanitized fairlead-dns is not built");
	for (int round = 0; round < 2; round++) {
		ask_for(s, false, DNS_SOA, RCODE_NOERROR, 1);
		ask_for(s, true, DNS_SOA, RCODE_NOERROR, 1);
		ask_for(s, true, DNS_AXFR, RCODE_NOERROR, 3);
		ask_for(s, false, DNS_IXFR, RCODE_FORMERR, 0); /* without a serial */
		crowd(s);
		change_image(s);
		zone_live(&s->z, round ? "23" : "1");
		s->dns.state(s->dns.ctx, bytes_of(&s->z.pub, sizeof(s->z.pub)));
		ask_for(s, true, DNS_MX, RCODE_NOERROR, 1);
		pid = dns_worker_pid(s->worker);
		kill(pid, SIGTERM);
		for (int i = 0; i < PATIENCE_MS / 5 && dns_worker_pid(s->worker) == pid; i++)
			work(s);
	}
	ask_for(s, false, DNS_SOA, RCODE_NOERROR, 1);
	assert_int_equal(figures(s).restarts, 2); /* by SIGTERM alone */
	end(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(list_of_rfc_8906_passes_over_udp),
		cmocka_unit_test(list_of_rfc_8906_passes_over_tcp),
		cmocka_unit_test(one_thread_and_four_answer_the_same),
		cmocka_unit_test(threads_count_together_what_a_client_gets),
		cmocka_unit_test(worker_makes_no_forbidden_call_on_any_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
