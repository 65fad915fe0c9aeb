/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_worker_bench PROGRAM NAMES [NAME=PORT=PID[,PID]...]... - what fairlead-dns costs beside the
 * least a UDP server can cost, and beside other servers that run already and serve the same zone.
 * dns_worker_bench --zone NAMES - that zone as a master file, for the others.
 *
 * The ceiling is an echo that sends every datagram back with a fixed answer behind it (recvmmsg and
 * sendmmsg, one thread, no thought).  All get the same questions in turn: 70 % addresses, 10 % MX,
 * 10 % names without the type asked for, 10 % names that do not exist; every address depends on a
 * link.  Servers run on CPU 0, this program on CPU 1, with 128 questions under way from 8 sockets
 * or connections.  The figure is CPU time a question of the server's processes, the median of the
 * runs; rates only tell how busy the machine is.  Then: how long a change of state and a death take
 * to be seen in, or gone from, the answers; and whether an answer is lost while images change. */
#include "dns_worker.h"
#include "log.h"

#include "dns_mix.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS  8
#define WINDOW   16 /* questions under way from each */
#define RUN      ms(300)
#define RUNS_MAX 31
#define BATCH    32
#define OCTETS   512
#define SERVERS  8

enum transport { UDP, UDP_EDNS, TCP, TRANSPORTS };

static const char *const transport_text[TRANSPORTS] = {"UDP", "UDP+EDNS", "TCP"};

struct server {
	char name[16];
	uint16_t port;
	pid_t pid[8];
	size_t npids;
	double cost[TRANSPORTS][RUNS_MAX];
	double rate[TRANSPORTS][RUNS_MAX];
};

struct bench {
	struct loop *loop;
	struct io io;
	struct dns_service dns;
	struct dns_worker *worker;
	struct zone zone;
	struct mix_question *questions;
	size_t next;
	int clients[CLIENTS];
	struct mmsghdr in[WINDOW], out[WINDOW];
	struct iovec in_data[WINDOW], out_data[WINDOW];
	uint8_t answers[WINDOW][2048];
	struct server server[SERVERS];
	size_t nservers, runs;
	uint64_t asked, heard;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void pin(unsigned cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void print_line(void *ctx, enum log_level level, struct str text)
{
	(void)ctx;
	if (level <= LOG_LEVEL_INFO)
		fprintf(stderr, "# %.*s\n", STR_ARG(text));
}

static void print_zone(size_t names)
{
	printf("$ORIGIN example.com.\n$TTL 30\n"
	       "@ SOA ns1 hostmaster 1000 3600 600 604800 10\n"
	       "@ NS ns1\nns1 A 203.0.113.2\nmail A 203.0.113.3\n");
	for (size_t i = 0; i < names; i++) {
		printf("h%zu A 10.%zu.%zu.%zu\n", i, i >> 16 & 255, i >> 8 & 255, i & 255);
		if (i % MIX_MX_EVERY == 0)
			printf("h%zu MX 10 mail\n", i);
	}
}

/* ---- the load ---- */

static struct mix_question *next_question(struct bench *b)
{
	return &b->questions[b->next++ % MIX_QUESTIONS];
}

static void ask_udp(struct bench *b, int fd, unsigned n, bool edns)
{
	for (unsigned i = 0; i < n; i++) {
		struct bytes q = mix_question_octets(next_question(b), edns);

		b->out_data[i] = (struct iovec){(void *)(uintptr_t)q.at, q.n};
		b->out[i].msg_hdr = (struct msghdr){.msg_iov = &b->out_data[i], .msg_iovlen = 1};
	}
	if (n && sendmmsg(fd, b->out, n, 0) < 0)
		die("sendmmsg");
}

static void ask_tcp(struct bench *b, int fd, unsigned n)
{
	uint8_t octets[WINDOW * sizeof(struct mix_question)];
	size_t at = 0;

	for (unsigned i = 0; i < n; i++) {
		struct mix_question *q = next_question(b);

		(void)mix_question_octets(q, false);
		memcpy(octets + at, q->octets, 2u + q->n);
		at += 2u + q->n;
	}
	if (at && send(fd, octets, at, MSG_NOSIGNAL) != (ssize_t)at)
		die("send");
}

static unsigned hear_udp(struct bench *b, int fd)
{
	int n;

	for (unsigned i = 0; i < WINDOW; i++) {
		b->in_data[i] = (struct iovec){b->answers[i], sizeof(b->answers[i])};
		b->in[i].msg_hdr = (struct msghdr){.msg_iov = &b->in_data[i], .msg_iovlen = 1};
	}
	n = recvmmsg(fd, b->in, WINDOW, MSG_DONTWAIT, NULL);
	return n > 0 ? (unsigned)n : 0;
}

/* One client's connection: octets that are no whole answer yet. */
struct stream {
	uint8_t octets[65536];
	size_t n;
};

static unsigned hear_tcp(struct stream *s, int fd)
{
	ssize_t got = recv(fd, s->octets + s->n, sizeof(s->octets) - s->n, MSG_DONTWAIT);
	size_t at = 0;
	unsigned answers = 0;

	if (got == 0 || (got < 0 && errno != EAGAIN))
		die("the server closed a connection");
	s->n += got > 0 ? (size_t)got : 0;
	while (s->n - at >= 2 && s->n - at - 2 >= get_u16(s->octets + at)) {
		at += 2u + get_u16(s->octets + at);
		answers++;
	}
	memmove(s->octets, s->octets + at, s->n - at);
	s->n -= at;
	return answers;
}

static void ask(struct bench *b, enum transport how, int fd, unsigned n)
{
	if (how == TCP)
		ask_tcp(b, fd, n);
	else
		ask_udp(b, fd, n, how == UDP_EDNS);
	b->asked += n;
}

static int client(uint16_t port, bool tcp)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, tcp ? SOCK_STREAM : SOCK_DGRAM, 0), one = 1;

	if (connect(fd, (struct sockaddr *)(void *)&to, sizeof(to)) < 0)
		die("connect");
	if (tcp)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

/* Hear what has come on all clients; with `on` ask as much again.  False: nothing for `wait` ms. */
static bool turn(struct bench *b, enum transport how, struct pollfd *p, struct stream *streams,
	int wait, bool on)
{
	if (poll(p, CLIENTS, wait) == 0)
		return false;
	for (size_t i = 0; i < CLIENTS; i++) {
		unsigned n = 0;

		if (p[i].revents)
			n = how == TCP ? hear_tcp(&streams[i], p[i].fd) : hear_udp(b, p[i].fd);
		b->heard += n;
		if (on)
			ask(b, how, p[i].fd, n);
	}
	return true;
}

/* Answers in the time of one run.  `each`, if any, is called between turns. */
static uint64_t load_for(struct bench *b, enum transport how, uint16_t port, span how_long,
	void (*each)(struct bench *b))
{
	static struct stream streams[CLIENTS];
	struct pollfd p[CLIENTS];
	double end = mix_seconds(CLOCK_MONOTONIC) + (double)how_long.us / 1e6;

	b->asked = b->heard = 0;
	for (size_t i = 0; i < CLIENTS; i++) {
		streams[i].n = 0;
		p[i] = (struct pollfd){client(port, how == TCP), POLLIN, 0};
		ask(b, how, p[i].fd, WINDOW);
	}
	while (mix_seconds(CLOCK_MONOTONIC) < end) {
		if (!turn(b, how, p, streams, 1000, true)) {
			fprintf(stderr, "no answer for a second\n");
			exit(1);
		}
		if (each)
			each(b);
	}
	while (b->heard < b->asked && turn(b, how, p, streams, 300, false))
		;
	for (size_t i = 0; i < CLIENTS; i++)
		close(p[i].fd);
	return b->heard;
}

static double cpu_of(const struct server *s)
{
	double sum = 0;

	for (size_t i = 0; i < s->npids; i++) {
		clockid_t clock;

		if (clock_getcpuclockid(s->pid[i], &clock))
			die("CPU clock");
		sum += mix_seconds(clock);
	}
	return sum;
}

static void measure(struct bench *b, struct server *s, enum transport how, size_t run)
{
	double before = cpu_of(s);
	uint64_t answers = load_for(b, how, s->port, RUN, NULL);

	s->cost[how][run] = (cpu_of(s) - before) * 1e6 / (double)answers;
	s->rate[how][run] = (double)answers / (double)RUN.us * 1e3;
}

/* ---- the echo ---- */

static void echo_run(int fd)
{
	static uint8_t octets[BATCH][OCTETS + 64];
	struct sockaddr_in from[BATCH];
	struct mmsghdr m[BATCH];
	struct iovec data[BATCH];

	for (;;) {
		int n;

		for (size_t i = 0; i < BATCH; i++) {
			data[i] = (struct iovec){octets[i], OCTETS};
			m[i].msg_hdr = (struct msghdr){.msg_iov = &data[i],
				.msg_iovlen = 1,
				.msg_name = &from[i],
				.msg_namelen = sizeof(from[i])};
		}
		n = recvmmsg(fd, m, BATCH, MSG_WAITFORONE, NULL);
		for (int i = 0; i < n; i++) /* an answer of one address: 16 octets more */
			data[i].iov_len = m[i].msg_len + 16;
		if (n > 0)
			sendmmsg(fd, m, (unsigned)n, 0);
	}
}

static pid_t echo_start(uint16_t *port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(at);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	pid_t pid;

	if (bind(fd, (struct sockaddr *)(void *)&at, n) < 0)
		die("bind");
	getsockname(fd, (struct sockaddr *)(void *)&at, &n);
	*port = ntohs(at.sin_port);
	pid = fork();
	if (pid == 0) {
		pin(0);
		echo_run(fd);
	}
	close(fd);
	return pid;
}

/* ---- the worker ---- */

static void work(struct bench *b, span how_long)
{
	struct io_event e;

	b->io.wait(b->io.ctx, mtime_after(b->io.now(b->io.ctx), how_long), &e);
}

static void worker_start(struct bench *b, const char *program, uint16_t port)
{
	char room[200];
	struct textbuf why = textbuf_of(room, sizeof(room));
	struct log log = {print_line, NULL};
	struct dns_endpoint at = {ip_addr_v4(127, 0, 0, 1), port};
	struct dns_service_figures f;

	b->loop = loop_open();
	loop_fill_io(b->loop, &b->io);
	pin(0);
	if (dns_worker_open(&b->dns, &b->worker, b->loop, &log, program, &why) != FL_OK ||
		b->dns.listen(b->dns.ctx, &at, 1, 1, &why) != FL_OK ||
		b->dns.image(b->dns.ctx, b->zone.octets, &why) != FL_OK ||
		b->dns.state(b->dns.ctx, bytes_of(&b->zone.pub, sizeof(b->zone.pub))) != FL_OK) {
		fprintf(stderr, "%s\n", room);
		exit(1);
	}
	pin(1);
	do {
		work(b, ms(10));
		b->dns.figures(b->dns.ctx, &f);
	} while (!f.running);
	work(b, ms(300));
}

static void give_image(struct bench *b)
{
	char room[100];
	struct textbuf why = textbuf_of(room, sizeof(room));

	if (b->dns.image(b->dns.ctx, b->zone.octets, &why) != FL_OK)
		fprintf(stderr, "%s\n", room);
}

/* The number of addresses in the answer about h0, which is on link 1. */
static unsigned addresses(struct bench *b, int fd, bool let_it_work)
{
	struct mix_question q;
	uint8_t answer[512];

	mix_question_make(&q, "h0", 1, 1);
	if (send(fd, q.octets + 2, q.n, 0) < 0)
		die("send");
	while (recv(fd, answer, sizeof(answer), let_it_work ? MSG_DONTWAIT : 0) < 0)
		work(b, us(200));
	return get_u16(answer + 6);
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *at, size_t n)
{
	qsort(at, n, sizeof(*at), by_size);
	return at[n / 2];
}

/* From before the state is written until the first answer asked for afterwards is here; in seconds.
 */
static double state_to_answer(struct bench *b, int fd, bool live)
{
	double start;

	zone_live(&b->zone, live ? "123" : "23");
	start = mix_seconds(CLOCK_MONOTONIC);
	b->dns.state(b->dns.ctx, bytes_of(&b->zone.pub, sizeof(b->zone.pub)));
	if (addresses(b, fd, false) != live) {
		fprintf(stderr, "an answer shows the state before\n");
		exit(1);
	}
	return mix_seconds(CLOCK_MONOTONIC) - start;
}

static void wait_until_settled(struct bench *b)
{
	struct dns_service_figures f;

	do {
		work(b, ms(10));
		b->dns.figures(b->dns.ctx, &f);
	} while (!f.settled);
}

/* In peace, and while the worker checks a new image. */
static void measure_state(struct bench *b, uint16_t port)
{
	enum { TURNS = 1001, IMAGES = 21, TURNS_EACH = 11 };
	static double took[TURNS];
	int fd = client(port, false);

	wait_until_settled(b);
	for (size_t i = 0; i < TURNS; i++)
		took[i] = state_to_answer(b, fd, i % 2) * 1e6;
	printf("state to answer, with the question's own way: median %.0f us", median(took, TURNS));
	printf(", worst %.0f us of %d\n", took[TURNS - 1], TURNS);
	for (size_t i = 0; i < IMAGES * TURNS_EACH; i++) {
		if (i % TURNS_EACH == 0) {
			wait_until_settled(b);
			give_image(b);
		}
		took[i] = state_to_answer(b, fd, i % 2) * 1e6;
	}
	printf("while an image is checked: median %.0f us", median(took, IMAGES * TURNS_EACH));
	printf(", worst %.0f us of %d\n", took[IMAGES * TURNS_EACH - 1], IMAGES * TURNS_EACH);
	close(fd);
}

static void measure_death(struct bench *b, uint16_t port)
{
	enum { TURNS = 11 };
	double took[TURNS];
	int fd = client(port, false);

	for (size_t i = 0; i < TURNS; i++) {
		double start;

		for (int j = 0; j < 12; j++)
			work(b, ms(100)); /* it has to live for a second */
		start = mix_seconds(CLOCK_MONOTONIC);
		kill(dns_worker_pid(b->worker), SIGKILL);
		addresses(b, fd, true);
		took[i] = (mix_seconds(CLOCK_MONOTONIC) - start) * 1e3;
	}
	printf("death to answer: median %.1f ms", median(took, TURNS));
	printf(", worst %.1f ms of %d\n", took[TURNS - 1], TURNS);
	close(fd);
}

/* A new image every 20 ms, under full load. */
static void swap_image(struct bench *b)
{
	static double next;

	work(b, us(0));
	if (mix_seconds(CLOCK_MONOTONIC) < next)
		return;
	next = mix_seconds(CLOCK_MONOTONIC) + 0.02;
	give_image(b);
}

/* What the worker's memory costs the machine: shared pages count by share. */
static void print_memory(const struct bench *b)
{
	char path[64], line[128];
	unsigned long kb;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)b->server[0].pid[0]);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Pss: %lu", &kb) == 1)
			printf("worker's PSS: %.2f MB\n", (double)kb / 1024);
	if (f)
		fclose(f);
}

static void measure_swaps(struct bench *b, uint16_t port)
{
	load_for(b, UDP, port, ms(2000), swap_image);
	printf("images changed under load: %llu questions, %llu answers, %llu lost\n",
		(unsigned long long)b->asked, (unsigned long long)b->heard,
		(unsigned long long)(b->asked - b->heard));
}

/* ---- the table ---- */

static bool server_of(const char *text, struct server *s)
{
	char pids[64], *p = pids;
	unsigned port;

	if (sscanf(text, "%15[^=]=%u=%63s", s->name, &port, pids) != 3 || port > 65535)
		return false;
	s->port = (uint16_t)port;
	for (s->npids = 0; *p && s->npids < COUNT_OF(s->pid); p += *p == ',')
		s->pid[s->npids++] = (pid_t)strtol(p, &p, 10);
	return true;
}

/* Ratios run by run, so that a busy moment meets both. */
static double ratio(
	const struct bench *b, const struct server *s, const struct server *to, enum transport how)
{
	double at[RUNS_MAX];

	for (size_t i = 0; i < b->runs; i++)
		at[i] = s->cost[how][i] / to->cost[how][i];
	return median(at, b->runs);
}

/* Server 0 is the worker, 1 the echo, which does not speak TCP. */
static void compare(struct bench *b, enum transport how)
{
	for (size_t run = 0; run < b->runs; run++)
		for (size_t i = 0; i < b->nservers; i++)
			if (i != 1 || how != TCP)
				measure(b, &b->server[i], how, run);
	for (size_t i = 0; i < b->nservers; i++) {
		struct server *s = &b->server[i];
		const struct server *to = &b->server[how == TCP ? 0 : 1];
		double of;

		if (i == 1 && how == TCP)
			continue;
		of = ratio(b, s, to, how);
		printf("%-9s %-9s %6.3f us/query  %.3f of %s  %5.0f k/s", transport_text[how],
			s->name, median(s->cost[how], b->runs), of, to->name,
			median(s->rate[how], b->runs));
		/* What the worker costs of it, and the least that any server can. */
		if (i > 1 && how != TCP)
			printf("  worker %.3f, ceiling %.3f of it", ratio(b, &b->server[0], s, how),
				ratio(b, to, s, how));
		puts("");
	}
	fflush(stdout);
}

static int usage(void)
{
	fputs("usage: dns_worker_bench PROGRAM NAMES RUNS [NAME=PORT=PID[,PID]...]...\n"
	      "       dns_worker_bench --zone NAMES\n",
		stderr);
	return 2;
}

int main(int argc, char **argv)
{
	static struct bench b;
	uint16_t port;
	uint64_t names, runs;
	pid_t pid;

	if (argc < 3 || !str_to_u64(str_of(argv[2]), 4000000, &names) || names == 0)
		return usage();
	if (strcmp(argv[1], "--zone") == 0) {
		print_zone((size_t)names);
		return 0;
	}
	if (argc < 4 || !str_to_u64(str_of(argv[3]), RUNS_MAX, &runs) || runs == 0)
		return usage();
	b.runs = (size_t)runs;
	printf("image: %zu names, built and opened in %.3f s", (size_t)names,
		mix_zone(&b.zone, (size_t)names));
	printf(", %.1f octets a name\n", (double)b.zone.octets.n / (double)names);
	b.questions = mix_questions((size_t)names);
	pid = echo_start(&port);
	worker_start(&b, argv[1], (uint16_t)(port ^ 1));
	b.server[b.nservers++] = (struct server){
		.name = "worker", .port = port ^ 1, .pid = {dns_worker_pid(b.worker)}, .npids = 1};
	b.server[b.nservers++] =
		(struct server){.name = "ceiling", .port = port, .pid = {pid}, .npids = 1};
	for (int i = 4; i < argc && b.nservers < SERVERS; i++)
		if (!server_of(argv[i], &b.server[b.nservers++]))
			return usage();
	for (enum transport how = UDP; how < TRANSPORTS; how++)
		compare(&b, how);
	print_memory(&b);
	measure_swaps(&b, (uint16_t)(port ^ 1));
	measure_state(&b, (uint16_t)(port ^ 1));
	measure_death(&b, (uint16_t)(port ^ 1));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	dns_worker_close(b.worker);
	loop_close(b.loop);
	return 0;
}
