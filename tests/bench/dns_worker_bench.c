/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_worker_bench PROGRAM NAMES - what fairlead-dns costs beside the least a UDP server can cost.
 *
 * The worker and an echo that sends every datagram back with a fixed answer behind it (recvmmsg and
 * sendmmsg, one thread, no thought) get the same questions in turn: 80 % addresses that exist, 10 %
 * MX of them, 10 % names that do not exist.  Servers run on CPU 0, this program on CPU 1, with 128
 * questions under way from 8 sockets.  The figure is CPU time a question of the server's process;
 * rates only tell how busy the machine is.  Then: how long a change of state and a death take to be
 * seen in, or gone from, the answers. */
#include "dns_worker.h"
#include "log.h"

#include "support/dns_zone.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS   8
#define WINDOW    16 /* questions under way from each */
#define QUESTIONS 200000
#define RUN       ms(1500)
#define PAIRS     7
#define BATCH     32
#define OCTETS    512

struct asked {
	uint8_t n;
	uint8_t octets[47];
};

struct bench {
	struct loop *loop;
	struct io io;
	struct dns_service dns;
	struct dns_worker *worker;
	struct zone zone;
	struct asked *questions;
	size_t next;
	int clients[CLIENTS];
	struct mmsghdr in[WINDOW], out[WINDOW];
	struct iovec in_data[WINDOW], out_data[WINDOW];
	uint8_t answers[WINDOW][2048];
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

static double seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void print_line(void *ctx, enum log_level level, struct str text)
{
	(void)ctx;
	if (level <= LOG_LEVEL_INFO)
		fprintf(stderr, "# %.*s\n", STR_ARG(text));
}

/* ---- the zone and the questions ---- */

static void build_zone(struct bench *b, size_t names)
{
	struct zone *z = &b->zone;
	struct dns_host_conf *hosts = calloc(names, sizeof(*hosts));
	char *labels = calloc(names, 16);

	zone_open(z, "example.com");
	for (size_t i = 0; i < names; i++) {
		char *label = labels + i * 16;

		snprintf(label, 16, "h%u", (unsigned)i);
		hosts[i].name.label = str_of(label);
		hosts[i].link = (int32_t)(i % 3);
		hosts[i].address =
			ip_addr_v4(10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i);
	}
	z->domain[0].hosts = hosts;
	z->domain[0].nhosts = names;
	zone_server(z, "ns1", "203.0.113.2", 1);
	zone_live(z, "123");
	if (zone_build(z) != FL_OK) {
		fprintf(stderr, "the zone does not build\n");
		exit(1);
	}
}

static void make_question(struct asked *q, const char *name, uint16_t type, uint16_t id)
{
	struct buf b = buf_of(q->octets, sizeof(q->octets));
	static const char domain[] = "\7example\3com";

	buf_put_u16(&b, id);
	buf_put(&b, "\1\0\0\1\0\0\0\0\0\0", 10);
	buf_put_u8(&b, (uint8_t)strlen(name));
	buf_put(&b, name, strlen(name));
	buf_put(&b, domain, sizeof(domain));
	buf_put_u16(&b, type);
	buf_put_u16(&b, 1);
	q->n = (uint8_t)b.n;
}

static void make_questions(struct bench *b, size_t names)
{
	struct rng rng = rng_of(7);

	b->questions = calloc(QUESTIONS, sizeof(*b->questions));
	for (size_t i = 0; i < QUESTIONS; i++) {
		uint32_t dice = rng_below(&rng, 10);
		char name[24];

		snprintf(name, sizeof(name), "%c%u", dice == 0 ? 'x' : 'h',
			rng_below(&rng, (uint32_t)names));
		make_question(&b->questions[i], name, dice == 1 ? 15 : 1, (uint16_t)i);
	}
}

/* ---- the load ---- */

static void ask(struct bench *b, int fd, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct asked *q = &b->questions[b->next++ % QUESTIONS];

		b->out_data[i] = (struct iovec){q->octets, q->n};
		b->out[i].msg_hdr = (struct msghdr){.msg_iov = &b->out_data[i], .msg_iovlen = 1};
	}
	if (n && sendmmsg(fd, b->out, n, 0) < 0)
		die("sendmmsg");
}

static unsigned hear(struct bench *b, int fd)
{
	int n;

	for (unsigned i = 0; i < WINDOW; i++) {
		b->in_data[i] = (struct iovec){b->answers[i], sizeof(b->answers[i])};
		b->in[i].msg_hdr = (struct msghdr){.msg_iov = &b->in_data[i], .msg_iovlen = 1};
	}
	n = recvmmsg(fd, b->in, WINDOW, MSG_DONTWAIT, NULL);
	return n > 0 ? (unsigned)n : 0;
}

/* Answers in the time of one run. */
static uint64_t load_for(struct bench *b, uint16_t port, span how_long)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct pollfd p[CLIENTS];
	double end = seconds(CLOCK_MONOTONIC) + (double)how_long.us / 1e6;
	uint64_t answers = 0;

	for (size_t i = 0; i < CLIENTS; i++) {
		p[i] = (struct pollfd){socket(AF_INET, SOCK_DGRAM, 0), POLLIN, 0};
		if (connect(p[i].fd, (struct sockaddr *)(void *)&to, sizeof(to)) < 0)
			die("connect");
		ask(b, p[i].fd, WINDOW);
	}
	while (seconds(CLOCK_MONOTONIC) < end) {
		if (poll(p, CLIENTS, 1000) == 0) {
			fprintf(stderr, "no answer for a second\n");
			exit(1);
		}
		for (size_t i = 0; i < CLIENTS; i++) {
			unsigned n = p[i].revents ? hear(b, p[i].fd) : 0;

			answers += n;
			ask(b, p[i].fd, n);
		}
	}
	for (size_t i = 0; i < CLIENTS; i++)
		close(p[i].fd);
	return answers;
}

/* CPU microseconds an answer of process `pid`. */
static double cost(struct bench *b, pid_t pid, uint16_t port, const char *name)
{
	clockid_t cpu;
	double before, used;
	uint64_t answers;

	if (clock_getcpuclockid(pid, &cpu))
		die("CPU clock");
	before = seconds(cpu);
	answers = load_for(b, port, RUN);
	used = (seconds(cpu) - before) * 1e6 / (double)answers;
	printf("# %-6s %5.0f k/s  %.3f us\n", name, (double)answers / (double)RUN.us * 1e3, used);
	return used;
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

static int client(uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (connect(fd, (struct sockaddr *)(void *)&to, sizeof(to)) < 0)
		die("connect");
	return fd;
}

/* The number of addresses in the answer about h0, which is on link 1. */
static unsigned addresses(struct bench *b, int fd, bool let_it_work)
{
	struct asked q;
	uint8_t answer[512];

	make_question(&q, "h0", 1, 1);
	if (send(fd, q.octets, q.n, 0) < 0)
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

/* From before the state is written until the first answer asked for afterwards is here. */
static void measure_state(struct bench *b, uint16_t port)
{
	enum { TURNS = 1001 };
	static double took[TURNS];
	int fd = client(port);

	for (size_t i = 0; i < TURNS; i++) {
		double start;

		zone_live(&b->zone, i % 2 ? "123" : "23");
		start = seconds(CLOCK_MONOTONIC);
		b->dns.state(b->dns.ctx, bytes_of(&b->zone.pub, sizeof(b->zone.pub)));
		if (addresses(b, fd, false) != i % 2) {
			fprintf(stderr, "an answer shows the state before\n");
			exit(1);
		}
		took[i] = (seconds(CLOCK_MONOTONIC) - start) * 1e6;
	}
	printf("state to answer, with the question's own way: median %.0f us", median(took, TURNS));
	printf(", worst %.0f us of %d\n", took[TURNS - 1], TURNS);
	close(fd);
}

static void measure_death(struct bench *b, uint16_t port)
{
	enum { TURNS = 11 };
	double took[TURNS];
	int fd = client(port);

	for (size_t i = 0; i < TURNS; i++) {
		double start;

		for (int j = 0; j < 12; j++)
			work(b, ms(100)); /* it has to live for a second */
		start = seconds(CLOCK_MONOTONIC);
		kill(dns_worker_pid(b->worker), SIGKILL);
		addresses(b, fd, true);
		took[i] = (seconds(CLOCK_MONOTONIC) - start) * 1e3;
	}
	printf("death to answer: median %.1f ms", median(took, TURNS));
	printf(", worst %.1f ms of %d\n", took[TURNS - 1], TURNS);
	close(fd);
}

int main(int argc, char **argv)
{
	static struct bench b;
	double ours[PAIRS], echo[PAIRS], ratio[PAIRS];
	uint16_t port;
	uint64_t names;
	pid_t pid;

	if (argc != 3 || !str_to_u64(str_of(argv[2]), 4000000, &names) || names == 0) {
		fprintf(stderr, "usage: dns_worker_bench PROGRAM NAMES\n");
		return 2;
	}
	build_zone(&b, (size_t)names);
	make_questions(&b, (size_t)names);
	pid = echo_start(&port);
	worker_start(&b, argv[1], (uint16_t)(port ^ 1));
	for (size_t i = 0; i < PAIRS; i++) {
		ours[i] = cost(&b, dns_worker_pid(b.worker), (uint16_t)(port ^ 1), "worker");
		echo[i] = cost(&b, pid, port, "echo");
		ratio[i] = ours[i] / echo[i];
	}
	printf("%zu names, image %.1f MB: worker %.3f us, echo %.3f us, ratio %.3f\n",
		(size_t)names, (double)b.zone.octets.n / 1e6, median(ours, PAIRS),
		median(echo, PAIRS), median(ratio, PAIRS));
	measure_state(&b, (uint16_t)(port ^ 1));
	measure_death(&b, (uint16_t)(port ^ 1));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	dns_worker_close(b.worker);
	loop_close(b.loop);
	return 0;
}
