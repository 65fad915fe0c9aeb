/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon and its DNS worker, with an answerer that echoes.  The worker's program is this test
 * itself: started with the worker's arguments, it is the worker. */
#include "dns_child.h"
#include "dns_worker.h"
#include "rng.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "skip.h"

#define PATIENCE sec(30) /* bounds a failure only */
#define SELF     "/proc/self/exe"

/* ---- the worker's side ---- */

struct thread {
	uint64_t seed;
	uint64_t answers; /* the only counter */
};

static void thread_init(void *thread, void *shared, uint64_t seed)
{
	(void)shared;
	((struct thread *)thread)->seed = seed;
}

struct image {
	const uint8_t *at;
	bool sound; /* it came as known to be so */
};

static enum fl_err image_open(struct bytes octets, bool sound, const void *served, void *out)
{
	struct image *image = out;

	(void)served;
	*image = (struct image){octets.at, sound};
	return sound || (octets.n && octets.at[0] == 'i') ? FL_OK : FL_EFORMAT;
}

static void try_open(void)
{
	(void)!open("/etc/passwd", O_RDONLY);
}

static void try_socket(void)
{
	(void)!socket(AF_INET, SOCK_DGRAM, 0);
}

static void try_exec(void)
{
	char *none[] = {NULL};

	(void)!execve("/bin/true", none, none);
}

static void try_kill(void)
{
	kill(1, SIGTERM);
}

static void try_executable_memory(void)
{
	(void)!mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void try_spin(void)
{
	for (volatile bool for_ever = true; for_ever;)
		;
}

/* What a worker in the wrong hands might try, by the question that makes it. */
static const struct {
	const char *question;
	void (*attempt)(void);
} attempts[] = {
	{"xxOPEN", try_open},
	{"xxSOCK", try_socket},
	{"xxEXEC", try_exec},
	{"xxKILL", try_kill},
	{"xxCODE", try_executable_memory},
	{"xxSPIN", try_spin},
};

/* A question is not read, only remembered. */
static void read_messages(
	const struct dns_serving *from, const struct bytes *messages, size_t n, void *queries)
{
	(void)from;
	memcpy(queries, messages, n * sizeof(*messages));
}

/* A question comes back behind the image's second octet and the state's first one. */
static bool answer(void *thread, const struct dns_serving *from, const struct dns_peer *to,
	void *message, struct buf *reply)
{
	const struct bytes query = *(const struct bytes *)message;
	const struct image *image = from->image;

	((struct thread *)thread)->answers++;
	(void)to;
	for (size_t i = 0; i < COUNT_OF(attempts); i++)
		if (query.n == 6 && memcmp(query.at, attempts[i].question, 6) == 0)
			attempts[i].attempt();
	if (query.n == 7 && memcmp(query.at, "xxSOUND", 7) == 0) {
		buf_put(reply, image->sound ? "yes" : "no", image->sound ? 3 : 2);
		return true;
	}
	buf_put_u8(reply, image->at[1]);
	buf_put_u8(reply, from->state[0]);
	buf_put(reply, query.at, query.n);
	return true;
}

static const struct dns_answerer echo = {.thread_size = 64,
	.counters_at = offsetof(struct thread, answers),
	.counters = 1,
	.image_size = sizeof(struct image),
	.thread_init = thread_init,
	.image_open = image_open,
	.query_size = sizeof(struct bytes),
	.read = read_messages,
	.answer = answer};

/* ---- the daemon of one test ---- */

struct daemon {
	struct loop *loop;
	struct io io;
	struct dns_service dns;
	struct dns_worker *worker;
	char log[4096];
	struct textbuf log_text;
	unsigned gone; /* IO_WORKER_GONE so far */
	mtime gone_at[8];
	char last_words[64];
	struct dns_endpoint at[3];
};

static void log_line(void *ctx, enum log_level level, struct str text)
{
	struct daemon *d = ctx;

	(void)level;
	textbuf_put(&d->log_text, text.at, text.n);
	textbuf_put(&d->log_text, "\n", 1);
}

/* Let the daemon work for a while, or until the next event. */
static void work(struct daemon *d, span for_how_long)
{
	struct io_event e;

	d->io.wait(d->io.ctx, mtime_after(d->io.now(d->io.ctx), for_how_long), &e);
	if (e.kind != IO_WORKER_GONE)
		return;
	if (d->gone < COUNT_OF(d->gone_at))
		d->gone_at[d->gone] = e.at;
	d->gone++;
	snprintf(d->last_words, sizeof(d->last_words), "%.*s", STR_ARG(e.text));
}

#define WORK_UNTIL(d, condition)                                                                   \
	do {                                                                                       \
		mtime give_up_ = mtime_after((d)->io.now((d)->io.ctx), PATIENCE);                  \
		while (!(condition)) {                                                             \
			assert_true(mtime_before((d)->io.now((d)->io.ctx), give_up_));             \
			work((d), ms(1));                                                          \
		}                                                                                  \
	} while (0)

/* Loopback is large: each daemon of each test program has addresses of its own there, so any port
 * is free, and a test that failed does not disturb the next one. */
static struct dns_endpoint endpoint(const struct daemon *d, unsigned n)
{
	uint64_t place = (uint64_t)getpid() << 8 ^ (uintptr_t)d >> 4;
	struct rng rng = rng_of(place);

	return (struct dns_endpoint){ip_addr_v4(127, (uint8_t)(64 + rng_below(&rng, 64)),
					     (uint8_t)rng_below(&rng, 256), (uint8_t)(1 + n)),
		5300};
}

static struct daemon *open_daemon(const char *program)
{
	struct daemon *d = calloc(1, sizeof(*d));
	struct log log = {log_line, d};
	char room[128];
	struct textbuf why = textbuf_of(room, sizeof(room));

	d->log_text = textbuf_of(d->log, sizeof(d->log));
	d->loop = loop_open();
	assert_non_null(d->loop);
	loop_fill_io(d->loop, &d->io);
	assert_int_equal(FL_OK, dns_worker_open(&d->dns, &d->worker, d->loop, &log, program, &why));
	for (unsigned i = 0; i < COUNT_OF(d->at); i++)
		d->at[i] = endpoint(d, i);
	return d;
}

static void give_image(struct daemon *d, const char *text)
{
	char room[128];
	struct textbuf why = textbuf_of(room, sizeof(room));

	assert_int_equal(FL_OK, d->dns.image(d->dns.ctx, bytes_of(text, strlen(text)), &why));
}

static void give_state(struct daemon *d, const char *text)
{
	assert_int_equal(FL_OK, d->dns.state(d->dns.ctx, bytes_of(text, strlen(text))));
}

static enum fl_err listen_on(struct daemon *d, size_t n, unsigned threads)
{
	char room[128];
	struct textbuf why = textbuf_of(room, sizeof(room));

	return d->dns.listen(d->dns.ctx, d->at, n, threads, &why);
}

static struct dns_service_figures figures(struct daemon *d)
{
	struct dns_service_figures f;

	d->dns.figures(d->dns.ctx, &f);
	return f;
}

/* A daemon whose worker is at work. */
static struct daemon *serve(void)
{
	struct daemon *d = open_daemon(SELF);

	assert_int_equal(FL_OK, listen_on(d, 1, 2));
	give_image(d, "ia");
	give_state(d, "1");
	WORK_UNTIL(d, figures(d).running);
	return d;
}

static void end(struct daemon *d)
{
	dns_worker_close(d->worker);
	loop_close(d->loop);
	free(d);
}

/* ---- clients ---- */

static int client(const struct dns_endpoint *to, int type)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(to->port)};
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	memcpy(&a.sin_addr, to->addr.b, 4);
	assert_int_equal(0, connect(fd, (struct sockaddr *)(void *)&a, sizeof(a)));
	return fd;
}

static void say(int fd, const char *what)
{
	assert_int_equal(strlen(what), send(fd, what, strlen(what), MSG_NOSIGNAL));
}

/* The next answer, while the daemon works. */
static void hear(struct daemon *d, int fd, const char *expected)
{
	char got[64] = {0};
	ssize_t n = 0;

	WORK_UNTIL(d, (n = recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT)) > 0);
	assert_int_equal(strlen(expected), n);
	assert_string_equal(expected, got);
}

static void ask(struct daemon *d, const char *question, const char *expected)
{
	int fd = client(&d->at[0], SOCK_DGRAM);

	say(fd, question);
	hear(d, fd, expected);
	close(fd);
}

/* ---- tests ---- */

static void question_is_answered_by_the_worker(void **state)
{
	struct daemon *d = serve();

	(void)state;
	ask(d, "hello", "a1hello");
	end(d);
}

static void tcp_question_is_answered_by_the_worker(void **state)
{
	struct daemon *d = serve();
	int fd = client(&d->at[0], SOCK_STREAM);
	char got[16];

	(void)state;
	assert_int_equal(7, send(fd, "\0\5hello", 7, MSG_NOSIGNAL));
	WORK_UNTIL(d, recv(fd, got, 9, MSG_DONTWAIT | MSG_PEEK) == 9);
	assert_int_equal(9, recv(fd, got, sizeof(got), 0));
	assert_memory_equal("\0\7a1hello", got, 9);
	close(fd);
	end(d);
}

static void worker_runs_only_while_there_is_an_address_to_listen_on(void **state)
{
	struct daemon *d = open_daemon(SELF);

	(void)state;
	assert_int_equal(0, dns_worker_pid(d->worker));
	assert_int_equal(FL_OK, listen_on(d, 1, 1));
	assert_int_not_equal(0, dns_worker_pid(d->worker));
	assert_int_equal(FL_OK, listen_on(d, 0, 1));
	assert_int_equal(0, dns_worker_pid(d->worker));
	assert_false(figures(d).running);
	end(d);
}

static void question_waits_for_the_first_state(void **state)
{
	struct daemon *d = open_daemon(SELF);
	int fd;

	(void)state;
	assert_int_equal(FL_OK, listen_on(d, 1, 1));
	give_image(d, "ia");
	WORK_UNTIL(d, figures(d).running);
	fd = client(&d->at[0], SOCK_DGRAM);
	say(fd, "early");
	give_state(d, "7");
	hear(d, fd, "a7early");
	close(fd);
	end(d);
}

static void new_state_is_in_the_next_answer(void **state)
{
	struct daemon *d = serve();
	int fd = client(&d->at[0], SOCK_DGRAM);

	(void)state;
	ask(d, "warm", "a1warm");
	for (int i = 0; i < 500; i++) {
		char text[2] = {(char)('0' + i % 10), 0}, expected[16];

		give_state(d, text);
		say(fd, "hello");
		snprintf(expected, sizeof(expected), "a%shello", text);
		hear(d, fd, expected);
	}
	close(fd);
	end(d);
}

static void state_of_every_size_up_to_the_limit_is_taken(void **state)
{
	struct daemon *d = serve();
	static char large[DNS_STATE_MAX + 1];

	(void)state;
	memset(large, 'L', sizeof(large));
	assert_int_equal(FL_OK, d->dns.state(d->dns.ctx, bytes_of(large, DNS_STATE_MAX)));
	ask(d, "hello", "aLhello");
	memset(large, 'M', sizeof(large));
	assert_int_equal(FL_ERANGE, d->dns.state(d->dns.ctx, bytes_of(large, sizeof(large))));
	ask(d, "hello", "aLhello");
	end(d);
}

static void new_image_is_served(void **state)
{
	struct daemon *d = serve();

	(void)state;
	ask(d, "hello", "a1hello");
	give_image(d, "ib");
	WORK_UNTIL(d, strstr(d->log, "serves zone image 2"));
	ask(d, "hello", "b1hello");
	end(d);
}

static void image_made_in_the_room_is_served_and_read_there(void **state)
{
	struct daemon *d = serve();
	char text[128];
	struct textbuf why = textbuf_of(text, sizeof(text));
	uint8_t *first = d->dns.room(d->dns.ctx, 2), *second;

	(void)state;
	assert_non_null(first);
	memcpy(first, "ib", 2);
	assert_int_equal(FL_OK, d->dns.image(d->dns.ctx, bytes_of(first, 2), &why));
	WORK_UNTIL(d, strstr(d->log, "serves zone image 2"));
	ask(d, "hello", "b1hello");
	second = d->dns.room(d->dns.ctx, 2); /* and is not used */
	assert_ptr_not_equal(first, second);
	assert_memory_equal(first, "ib", 2);
	give_image(d, "ic");
	WORK_UNTIL(d, strstr(d->log, "serves zone image 3"));
	ask(d, "hello", "c1hello");
	end(d);
}

static void a_copy_of_the_image_is_changed_and_served(void **state)
{
	struct daemon *d = serve();
	char text[128];
	struct textbuf why = textbuf_of(text, sizeof(text));
	uint8_t *first, *copy;

	(void)state;
	give_image(d, "ib");
	assert_null(d->dns.copy(d->dns.ctx, 1));
	first = d->dns.copy(d->dns.ctx, 4);
	assert_non_null(first);
	assert_memory_equal(first, "ib\0\0", 4);
	first[1] = 'c';
	WORK_UNTIL(d, strstr(d->log, "serves zone image 2"));
	ask(d, "hello", "b1hello");
	assert_int_equal(FL_OK, d->dns.image(d->dns.ctx, bytes_of(first, 4), &why));
	WORK_UNTIL(d, strstr(d->log, "serves zone image 3"));
	ask(d, "hello", "c1hello");
	copy = d->dns.copy(d->dns.ctx, 4); /* and is not used */
	assert_memory_equal(copy, "ic", 2);
	copy[1] = 'd';
	assert_memory_equal(first, "ic", 2);
	ask(d, "hello", "c1hello");
	end(d);
}

static void refused_image_is_logged_and_the_one_before_served_on(void **state)
{
	struct daemon *d = serve();

	(void)state;
	ask(d, "hello", "a1hello");
	give_image(d, "xb");
	WORK_UNTIL(d, strstr(d->log, "zone image 2 is malformed; the one before is served on"));
	ask(d, "hello", "a1hello");
	end(d);
}

static void after_a_refused_image_the_next_worker_serves_the_one_before(void **state)
{
	struct daemon *d = serve();

	(void)state;
	give_image(d, "xb");
	WORK_UNTIL(d, strstr(d->log, "zone image 2 is malformed; the one before is served on"));
	WORK_UNTIL(d, figures(d).settled);
	kill(dns_worker_pid(d->worker), SIGKILL);
	WORK_UNTIL(d, d->gone == 1);
	ask(d, "hello", "a1hello");
	give_image(d, "ic");
	WORK_UNTIL(d, strstr(d->log, "serves zone image 3"));
	ask(d, "hello", "c1hello");
	end(d);
}

static void killed_worker_is_replaced_and_answers_the_same(void **state)
{
	struct daemon *d = serve();
	int first = dns_worker_pid(d->worker);

	(void)state;
	give_image(d, "ib");
	give_state(d, "2");
	kill(first, SIGKILL);
	WORK_UNTIL(d, d->gone == 1);
	assert_string_equal("killed by signal 9", d->last_words);
	ask(d, "hello", "b2hello");
	assert_int_not_equal(first, dns_worker_pid(d->worker));
	assert_int_equal(1, figures(d).restarts);
	end(d);
}

static void question_asked_while_no_worker_runs_is_answered_by_the_next(void **state)
{
	struct daemon *d = serve();
	int fd = client(&d->at[0], SOCK_DGRAM);

	(void)state;
	kill(dns_worker_pid(d->worker), SIGKILL);
	WORK_UNTIL(d, d->gone == 1);
	assert_int_equal(0, dns_worker_pid(d->worker)); /* it died young: a pause first */
	say(fd, "hello");
	hear(d, fd, "a1hello");
	close(fd);
	end(d);
}

/* Kill the worker, after it has lived for so long with its image. */
static void kill_at_age(struct daemon *d, span age)
{
	mtime then;

	WORK_UNTIL(d, strstr(d->log, "serves zone image 1"));
	then = mtime_after(d->io.now(d->io.ctx), age);
	WORK_UNTIL(d, mtime_reached(d->io.now(d->io.ctx), then));
	kill(dns_worker_pid(d->worker), SIGKILL);
	WORK_UNTIL(d, d->gone == 1);
}

static void worker_that_lived_is_replaced_without_a_pause(void **state)
{
	struct daemon *d = serve();

	(void)state;
	kill_at_age(d, ms(1100));
	assert_int_not_equal(0, dns_worker_pid(d->worker));
	end(d);
}

static void image_that_was_served_is_not_checked_again_after_a_restart(void **state)
{
	struct daemon *d = serve();

	(void)state;
	ask(d, "xxSOUND", "no");
	kill_at_age(d, ms(1100));
	ask(d, "xxSOUND", "yes");
	end(d);
}

static void worker_that_dies_at_once_is_started_with_growing_pauses(void **state)
{
	struct daemon *d = open_daemon("/bin/false");

	(void)state;
	assert_int_equal(FL_OK, listen_on(d, 1, 1));
	WORK_UNTIL(d, d->gone == 4);
	assert_string_equal("exited with status 1", d->last_words);
	assert_true(mtime_between(d->gone_at[0], d->gone_at[1]).us >= ms(100).us);
	assert_true(mtime_between(d->gone_at[1], d->gone_at[2]).us >= ms(200).us);
	assert_true(mtime_between(d->gone_at[2], d->gone_at[3]).us >= ms(400).us);
	end(d);
}

static void figures_go_on_over_a_restart(void **state)
{
	struct daemon *d = serve();
	uint64_t answers;

	(void)state;
	for (int i = 0; i < 10; i++)
		ask(d, "hello", "a1hello");
	WORK_UNTIL(d, figures(d).replies == 10);
	kill(dns_worker_pid(d->worker), SIGKILL);
	WORK_UNTIL(d, d->gone == 1);
	ask(d, "hello", "a1hello");
	WORK_UNTIL(d, figures(d).replies == 11);
	assert_int_equal(11, figures(d).queries);
	assert_int_equal(0, figures(d).tcp);
	d->dns.counters(d->dns.ctx, &answers, 1);
	assert_int_equal(11, answers);
	end(d);
}

static void address_is_added_without_losing_a_question_to_another(void **state)
{
	struct daemon *d = serve();
	int fd = client(&d->at[0], SOCK_DGRAM), added;

	(void)state;
	ask(d, "warm", "a1warm");
	kill(dns_worker_pid(d->worker), SIGSTOP);
	say(fd, "hello");
	assert_int_equal(FL_OK, listen_on(d, 3, 2));
	added = client(&d->at[2], SOCK_DGRAM);
	say(added, "new");
	kill(dns_worker_pid(d->worker), SIGCONT);
	hear(d, fd, "a1hello");
	hear(d, added, "a1new");
	assert_int_equal(0, d->gone);
	close(fd);
	close(added);
	end(d);
}

static void address_that_is_taken_away_is_answered_no_more(void **state)
{
	struct daemon *d = serve();
	int fd;

	(void)state;
	assert_int_equal(FL_OK, listen_on(d, 2, 2));
	fd = client(&d->at[1], SOCK_DGRAM);
	say(fd, "hello");
	hear(d, fd, "a1hello");
	assert_int_equal(FL_OK, listen_on(d, 1, 2));
	/* When the worker has given its socket up, the kernel says that nobody listens. */
	WORK_UNTIL(d, send(fd, "again", 5, MSG_NOSIGNAL) < 0 && errno == ECONNREFUSED);
	ask(d, "hello", "a1hello");
	close(fd);
	end(d);
}

static void number_of_threads_can_change(void **state)
{
	struct daemon *d = serve();

	(void)state;
	ask(d, "hello", "a1hello");
	assert_int_equal(FL_OK, listen_on(d, 1, 4));
	for (int i = 0; i < 32; i++)
		ask(d, "hello", "a1hello");
	assert_int_equal(0, d->gone);
	end(d);
}

static void listen_that_fails_changes_nothing_and_says_why(void **state)
{
	struct daemon *d = serve();
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(d->at[2].port)};
	char room[128] = "", expected[128], addr[IP_TEXT_MAX];
	struct textbuf why = textbuf_of(room, sizeof(room));
	int taken = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)state;
	memcpy(&a.sin_addr, d->at[2].addr.b, 4);
	assert_int_equal(0, bind(taken, (struct sockaddr *)(void *)&a, sizeof(a)));
	assert_int_equal(FL_EIO, d->dns.listen(d->dns.ctx, d->at + 1, 2, 2, &why));
	snprintf(expected, sizeof(expected), "%s port 5300: Address already in use",
		ip_addr_text(&d->at[2].addr, addr));
	assert_string_equal(expected, room);
	ask(d, "hello", "a1hello");
	close(taken);
	end(d);
}

static void program_that_is_not_there_is_an_error_once_it_is_needed(void **state)
{
	struct dns_service dns;
	struct dns_worker *worker;
	struct loop *loop = loop_open();
	struct log log = {log_line, NULL};
	struct dns_endpoint at = {ip_addr_v4(127, 0, 0, 1), 0};
	char room[128] = "";
	struct textbuf why = textbuf_of(room, sizeof(room));

	(void)state;
	assert_int_equal(
		FL_OK, dns_worker_open(&dns, &worker, loop, &log, "/nowhere/fairlead-dns", &why));
	assert_int_equal(FL_OK, dns.listen(dns.ctx, NULL, 0, 1, &why));
	assert_int_equal(FL_ENOENT, dns.listen(dns.ctx, &at, 1, 1, &why));
	assert_string_equal("DNS: /nowhere/fairlead-dns: No such file or directory; it belongs "
			    "beside fairleadd",
		room);
	dns_worker_close(worker);
	loop_close(loop);
}

/* ---- confinement ---- */

/* A line of /proc/PID/status. */
static void status_of(int pid, const char *key, char *out, size_t n)
{
	char path[64], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "r");
	assert_non_null(f);
	out[0] = '\0';
	while (fgets(line, sizeof(line), f))
		if (strncmp(line, key, strlen(key)) == 0)
			snprintf(out, n, "%s", line + strlen(key));
	fclose(f);
	out[strcspn(out, "\n")] = '\0';
}

static void assert_status(struct daemon *d, const char *key, const char *expected)
{
	char got[256];

	status_of(dns_worker_pid(d->worker), key, got, sizeof(got));
	assert_string_equal(expected, got);
}

static void worker_has_no_rights(void **state)
{
	struct daemon *d = serve();

	(void)state;
	assert_status(d, "CapEff:\t", "0000000000000000");
	assert_status(d, "CapPrm:\t", "0000000000000000");
	assert_status(d, "NoNewPrivs:\t", "1");
	assert_status(d, "Seccomp:\t", "2");
	end(d);
}

static void worker_of_root_is_nobody_in_an_empty_root(void **state)
{
	struct daemon *d;
	char path[64], target[256] = "", map[128] = "";
	FILE *f = fopen("/proc/self/uid_map", "r");
	unsigned long from = 0, to = 0, n = 0;

	(void)state;
	if (f && fgets(map, sizeof(map), f))
		sscanf(map, "%lu %lu %lu", &from, &to, &n);
	if (f)
		fclose(f);
	if (geteuid() != 0 || n <= 65534)
		SKIP_BECAUSE("there is no other user to become");
	d = serve();
	assert_status(d, "Uid:\t", "65534\t65534\t65534\t65534");
	assert_status(d, "Gid:\t", "65534\t65534\t65534\t65534");
	snprintf(path, sizeof(path), "/proc/%d/root", dns_worker_pid(d->worker));
	assert_true(readlink(path, target, sizeof(target) - 1) > 0);
	assert_non_null(strstr(target, "(deleted)"));
	assert_non_null(
		strstr(d->log, "user 65534, empty root, no capabilities, system calls filtered"));
	end(d);
}

/* An attempt at something forbidden is the worker's end (SIGSYS is 31), and not the service's. */
static void assert_killed_for(const char *question)
{
	struct daemon *d = serve();
	int fd = client(&d->at[0], SOCK_DGRAM);

	say(fd, question);
	WORK_UNTIL(d, d->gone == 1);
	assert_string_equal("killed by signal 31, a system call it may not make", d->last_words);
	assert_int_equal(1, figures(d).violations);
	ask(d, "hello", "a1hello");
	close(fd);
	end(d);
}

static void worker_that_opens_a_file_is_killed(void **state)
{
	(void)state;
	assert_killed_for("xxOPEN");
}

static void worker_that_makes_a_socket_is_killed(void **state)
{
	(void)state;
	assert_killed_for("xxSOCK");
}

static void worker_that_runs_a_program_is_killed(void **state)
{
	(void)state;
	assert_killed_for("xxEXEC");
}

static void worker_that_signals_a_process_is_killed(void **state)
{
	(void)state;
	assert_killed_for("xxKILL");
}

static void worker_that_asks_for_executable_memory_is_killed(void **state)
{
	(void)state;
	assert_killed_for("xxCODE");
}

/* What the worker writes to its standard error. */
static int catch_errors(int *before)
{
	int ends[2];

	assert_int_equal(0, pipe2(ends, O_CLOEXEC));
	*before = dup(STDERR_FILENO);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	close(ends[1]);
	return ends[0];
}

static void forbidden_call_is_named_by_the_build_that_is_tested(void **state)
{
	char expected[80], said[200] = "";
	int before, errors = catch_errors(&before);
	struct daemon *d = serve();
	int fd = client(&d->at[0], SOCK_DGRAM);

	(void)state;
	dup2(before, STDERR_FILENO); /* the worker has its own by now */
	close(before);
	say(fd, "xxSOCK");
	WORK_UNTIL(d, d->gone == 1);
	snprintf(expected, sizeof(expected), "sandbox: system call %d is not allowed\n",
		(int)SYS_socket);
	assert_true(read(errors, said, sizeof(said) - 1) > 0);
	assert_string_equal(expected, said);
	close(errors);
	close(fd);
	end(d);
}

static void worker_that_is_stuck_is_killed_and_replaced(void **state)
{
	struct daemon *d = serve();
	int fd = client(&d->at[0], SOCK_DGRAM);

	(void)state;
	say(fd, "xxSPIN");
	WORK_UNTIL(d, d->gone == 1);
	assert_string_equal("killed by signal 9", d->last_words);
	assert_non_null(strstr(d->log, "a thread is stuck in one batch of questions"));
	ask(d, "hello", "a1hello");
	close(fd);
	end(d);
}

/* A stopped worker is one that gets nothing of its core. */
static void image_check_gives_way_until_it_is_late(void **state)
{
	struct daemon *d = serve();
	int pid = dns_worker_pid(d->worker), policy;

	(void)state;
	WORK_UNTIL(d, strstr(d->log, "serves zone image 1"));
	policy = sched_getscheduler(pid);
	if (sched_setscheduler(pid, SCHED_OTHER, &(struct sched_param){0}) < 0 ||
		sched_setscheduler(pid, SCHED_IDLE, &(struct sched_param){0}) < 0) {
		end(d);
		SKIP_BECAUSE("no right to set the priority of a process");
	}
	assert_int_equal(SCHED_IDLE, policy);
	kill(pid, SIGSTOP);
	give_image(d, "ib");
	WORK_UNTIL(d, sched_getscheduler(pid) == SCHED_OTHER);
	kill(pid, SIGCONT);
	WORK_UNTIL(d, strstr(d->log, "serves zone image 2"));
	assert_int_equal(SCHED_IDLE, sched_getscheduler(pid));
	ask(d, "hello", "b1hello");
	assert_int_equal(0, d->gone);
	end(d);
}

/* Only the thread that checks: the others were there before. */
static void answering_threads_keep_their_priority(void **state)
{
	struct daemon *d = serve();
	char path[64];
	struct dirent *e;
	DIR *tasks;
	int others = 0;

	(void)state;
	WORK_UNTIL(d, strstr(d->log, "serves zone image 1"));
	snprintf(path, sizeof(path), "/proc/%d/task", dns_worker_pid(d->worker));
	tasks = opendir(path);
	assert_non_null(tasks);
	while ((e = readdir(tasks))) {
		int tid = atoi(e->d_name);

		if (tid <= 0 || tid == dns_worker_pid(d->worker))
			continue;
		assert_int_equal(SCHED_OTHER, sched_getscheduler(tid));
		assert_int_equal(
			getpriority(PRIO_PROCESS, 0), getpriority(PRIO_PROCESS, (id_t)tid));
		others++;
	}
	closedir(tasks);
	assert_int_equal(3, others); /* two for UDP, one for TCP */
	end(d);
}

/* Run `body` in a process of its own, which ends with what it returns, without any clean-up. */
static int in_a_process(int (*body)(int pipe), int *said)
{
	int ends[2], status;
	pid_t pid;

	assert_int_equal(0, pipe2(ends, O_CLOEXEC));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(body(ends[1]));
	close(ends[1]);
	*said = 0;
	if (read(ends[0], said, sizeof(*said)) != (ssize_t)sizeof(*said))
		*said = 0;
	close(ends[0]);
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int leave_a_worker_behind(int pipe)
{
	struct daemon *d = serve();
	int pid = dns_worker_pid(d->worker);

	return write(pipe, &pid, sizeof(pid)) == (ssize_t)sizeof(pid) ? 0 : 1;
}

static void worker_ends_with_the_daemon(void **state)
{
	int pid, status;

	(void)state;
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	assert_int_equal(0, in_a_process(leave_a_worker_behind, &pid));
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_true(WIFEXITED(status));
	assert_int_equal(0, WEXITSTATUS(status));
}

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return done;
}

#define CANNOT_HERE 77

static int serve_as_the_only_user(int pipe)
{
	char map[64];
	struct daemon *d;

	(void)pipe;
	snprintf(map, sizeof(map), "0 %u 1", (unsigned)geteuid());
	if (unshare(CLONE_NEWUSER) < 0 || !write_file("/proc/self/uid_map", map))
		return CANNOT_HERE;
	d = serve();
	ask(d, "hello", "a1hello");
	return strstr(d->log, "user 0, empty root, no capabilities") ? 0 : 1;
}

static void worker_in_a_namespace_of_one_user_serves_as_that_user_without_rights(void **state)
{
	int said, status = in_a_process(serve_as_the_only_user, &said);

	(void)state;
	if (status == CANNOT_HERE)
		SKIP_BECAUSE("no user namespaces here");
	assert_int_equal(0, status);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(question_is_answered_by_the_worker),
		cmocka_unit_test(tcp_question_is_answered_by_the_worker),
		cmocka_unit_test(worker_runs_only_while_there_is_an_address_to_listen_on),
		cmocka_unit_test(question_waits_for_the_first_state),
		cmocka_unit_test(new_state_is_in_the_next_answer),
		cmocka_unit_test(state_of_every_size_up_to_the_limit_is_taken),
		cmocka_unit_test(new_image_is_served),
		cmocka_unit_test(image_made_in_the_room_is_served_and_read_there),
		cmocka_unit_test(a_copy_of_the_image_is_changed_and_served),
		cmocka_unit_test(refused_image_is_logged_and_the_one_before_served_on),
		cmocka_unit_test(after_a_refused_image_the_next_worker_serves_the_one_before),
		cmocka_unit_test(killed_worker_is_replaced_and_answers_the_same),
		cmocka_unit_test(question_asked_while_no_worker_runs_is_answered_by_the_next),
		cmocka_unit_test(worker_that_lived_is_replaced_without_a_pause),
		cmocka_unit_test(image_that_was_served_is_not_checked_again_after_a_restart),
		cmocka_unit_test(worker_that_dies_at_once_is_started_with_growing_pauses),
		cmocka_unit_test(figures_go_on_over_a_restart),
		cmocka_unit_test(address_is_added_without_losing_a_question_to_another),
		cmocka_unit_test(address_that_is_taken_away_is_answered_no_more),
		cmocka_unit_test(number_of_threads_can_change),
		cmocka_unit_test(listen_that_fails_changes_nothing_and_says_why),
		cmocka_unit_test(program_that_is_not_there_is_an_error_once_it_is_needed),
		cmocka_unit_test(worker_has_no_rights),
		cmocka_unit_test(worker_of_root_is_nobody_in_an_empty_root),
		cmocka_unit_test(worker_that_opens_a_file_is_killed),
		cmocka_unit_test(worker_that_makes_a_socket_is_killed),
		cmocka_unit_test(worker_that_runs_a_program_is_killed),
		cmocka_unit_test(worker_that_signals_a_process_is_killed),
		cmocka_unit_test(worker_that_asks_for_executable_memory_is_killed),
		cmocka_unit_test(forbidden_call_is_named_by_the_build_that_is_tested),
		cmocka_unit_test(worker_that_is_stuck_is_killed_and_replaced),
		cmocka_unit_test(image_check_gives_way_until_it_is_late),
		cmocka_unit_test(answering_threads_keep_their_priority),
		cmocka_unit_test(worker_ends_with_the_daemon),
		cmocka_unit_test(
			worker_in_a_namespace_of_one_user_serves_as_that_user_without_rights),
	};
	struct dns_child_args args;

	if (dns_child_args(argc, argv, &args))
		dns_child_run(&args, &echo);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
