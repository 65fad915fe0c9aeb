/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each slot goes round: nothing -> running -> (it ended) -> waiting -> running ...  A change of
 * what is wanted ends the process; its end starts the new one.  So there is one place where a
 * process is started, and never two of one slot at a time.
 *
 * A program has a process group of its own, so that a key at our terminal does not end it.  When we
 * are killed the programs go on: leases are renewed and the LAN is served until we are started
 * again.  Who they are is noted in files "slot-N.pid" (process id, and when it started, since
 * numbers come again); whoever opens the folder next ends them first. */
#include "daemons_linux.h"

#include "whole.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BACKOFF_MIN    ms(500)
#define BACKOFF_MAX    sec(60)
#define LONG_LIFE      sec(30) /* one that lived for so long is started again at once */
#define TERM_PATIENCE  sec(5)  /* from SIGTERM to SIGKILL */
#define CLOSE_PATIENCE sec(2)
#define LINE_MAX_SIZE  400
#define LINES_MAX      40 /* to the log in LINES_PERIOD; more are counted and left out */
#define LINES_PERIOD   sec(10)
#define PATH_MAX_SIZE  512
#define COMMAND_PATH   "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct slot {
	struct daemons_linux *all;
	unsigned number;
	bool wanted;
	/* What is wanted, in one piece of memory: the name, the words and the files' texts. */
	char *memory;
	char *name;
	char *args[DAEMON_ARGS_MAX + 1];
	uint64_t fingerprint;
	bool is_heard;
	bool change; /* the process is not what is wanted any more */
	bool missed; /* that the program is not there was told */

	pid_t pid; /* 0: none */
	struct loop_source process, output;
	mtime started;
	span backoff;
	struct loop_timer restart, kill;

	char line[LINE_MAX_SIZE];
	size_t line_n;
	mtime lines_since;
	unsigned lines, left_out;
};

struct daemons_linux {
	struct loop *loop;
	const struct log *log;
	const char *report;
	char folder[PATH_MAX_SIZE];
	char socket_path[PATH_MAX_SIZE];
	struct loop_source socket;
	struct slot slot[DAEMONS_MAX];
};

/* ---- files ---- */

static bool path_of(const struct daemons_linux *d, struct str name, char out[PATH_MAX_SIZE])
{
	int n = snprintf(out, PATH_MAX_SIZE, "%s/%.*s", d->folder, STR_ARG(name));

	return n > 0 && n < PATH_MAX_SIZE;
}

/* Whole or not at all: the program may be reading it. */
static enum fl_err write_file(
	const struct daemons_linux *d, const struct daemon_file *f, struct textbuf *why)
{
	char path[PATH_MAX_SIZE], fresh[PATH_MAX_SIZE + 8];
	mode_t mode = f->shared ? 0644 : 0600;
	bool good;
	int fd;

	if (!path_of(d, f->name, path)) {
		textbuf_printf(why, "the name of %.*s is too long", STR_ARG(f->name));
		return FL_EIO;
	}
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	unlink(fresh);
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	good = fd >= 0 && fchmod(fd, mode) == 0 && write_whole(fd, bytes_of(f->text.at, f->text.n));
	if (fd >= 0)
		good = close(fd) == 0 && good;
	if (good && rename(fresh, path) == 0)
		return FL_OK;
	textbuf_printf(why, "%s: %s", path, strerror(errno));
	unlink(fresh);
	return FL_EIO;
}

static bool file_is(const struct daemons_linux *d, const struct daemon_file *f)
{
	char path[PATH_MAX_SIZE], room[4096];
	struct str rest = f->text;
	bool same = true;
	ssize_t n = -1;
	int fd = path_of(d, f->name, path) ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		return false;
	while (same && (n = read(fd, room, sizeof(room))) > 0) {
		same = (size_t)n <= rest.n && memcmp(room, rest.at, (size_t)n) == 0;
		if (same) {
			rest.at += n;
			rest.n -= (size_t)n;
		}
	}
	close(fd);
	return same && n == 0 && rest.n == 0;
}

/* ---- what it prints ---- */

static void tell(struct slot *s, struct str line)
{
	const struct log *log = s->all->log;
	mtime now = loop_now(s->all->loop);

	if (mtime_between(s->lines_since, now).us > LINES_PERIOD.us) {
		if (s->left_out)
			log_printf(log, LOG_LEVEL_INFO, "%s: %u more lines", s->name, s->left_out);
		s->lines_since = now;
		s->lines = s->left_out = 0;
	}
	if (s->lines++ < LINES_MAX)
		log_printf(log, LOG_LEVEL_INFO, "%s: %.*s", s->name, STR_ARG(line));
	else
		s->left_out++;
}

static void end_line(struct slot *s)
{
	struct str line = str_trim((struct str){s->line, s->line_n});

	s->line_n = 0;
	if (!line.n)
		return;
	tell(s, line);
	if (s->is_heard)
		loop_post(s->all->loop,
			&(struct io_event){
				.kind = IO_DAEMON_LINE, .slot = s->number, .text = line});
}

static void take_output(struct slot *s, const char *at, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (at[i] == '\n' || s->line_n == sizeof(s->line))
			end_line(s);
		if (at[i] != '\n') /* it may print anything: no escape reaches a terminal */
			s->line[s->line_n++] = at[i] < ' ' || at[i] == 0x7f ? ' ' : at[i];
	}
}

static void output_close(struct slot *s)
{
	if (s->output.fd < 0)
		return;
	end_line(s);
	loop_forget(s->all->loop, &s->output);
	close(s->output.fd);
	s->output.fd = -1;
}

static void output_ready(void *ctx, uint32_t events)
{
	struct slot *s = ctx;
	char room[2048];
	ssize_t n;

	(void)events;
	while ((n = read(s->output.fd, room, sizeof(room))) > 0)
		take_output(s, room, (size_t)n);
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		output_close(s);
}

/* ---- the process ---- */

/* The child, from here on; only what may be called between fork and exec. */
static void become(struct slot *s, const char *program, int output, char *const environment[])
	__attribute__((noreturn));

static void become(struct slot *s, const char *program, int output, char *const environment[])
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct sigaction usual = {.sa_handler = SIG_DFL};
	sigset_t none;

	setpgid(0, 0);
	for (int n = 1; n < NSIG; n++)
		sigaction(n, &usual, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(null, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0)
		_exit(126);
	close_range(3, ~0U, 0);
	execve(program, s->args, environment);
	_exit(127);
}

/* ---- who runs ---- */

#define PID_PATH_SIZE (PATH_MAX_SIZE + 32)

static void pid_path(const struct daemons_linux *d, unsigned slot, char out[PID_PATH_SIZE])
{
	snprintf(out, PID_PATH_SIZE, "%s/slot-%u.pid", d->folder, slot);
}

/* When a process was started, in clock ticks since boot; 0: there is none, or it is dead already.
 */
static unsigned long long started_at(pid_t pid)
{
	char path[64], text[1024];
	unsigned long long ticks = 0;
	const char *at;
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	at = strrchr(text, ')'); /* the name before it may hold anything */
	if (!at || at[1] != ' ' || at[2] == 'Z' || at[2] == 'X')
		return 0;
	/* proc(5): the 22nd word; behind the bracket stands the third. */
	for (int i = 2; at && i < 22; i++)
		at = strchr(at + 1, ' ');
	if (!at || sscanf(at, "%llu", &ticks) != 1)
		return 0;
	return ticks;
}

static void note_pid(const struct slot *s)
{
	char path[PID_PATH_SIZE];
	FILE *f;

	pid_path(s->all, s->number, path);
	f = fopen(path, "we");
	if (!f)
		return;
	fprintf(f, "%d %llu\n", (int)s->pid, started_at(s->pid));
	fclose(f);
}

static void forget_pid(const struct slot *s)
{
	char path[PID_PATH_SIZE];

	pid_path(s->all, s->number, path);
	unlink(path);
}

/* The process that an earlier run has left in a slot; 0: none. */
static pid_t leftover(const struct daemons_linux *d, unsigned slot)
{
	char path[PID_PATH_SIZE];
	unsigned long long ticks = 0;
	int pid = 0;
	FILE *f;

	pid_path(d, slot, path);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%d %llu", &pid, &ticks) != 2)
		pid = 0;
	fclose(f);
	return pid > 1 && ticks && started_at(pid) == ticks ? pid : 0;
}

static void end_leftovers(struct daemons_linux *d)
{
	const struct timespec pause = {.tv_nsec = 5000000};
	mtime until = mtime_after(loop_now(d->loop), CLOSE_PATIENCE);

	for (unsigned i = 0; i < DAEMONS_MAX; i++) {
		pid_t pid = leftover(d, i);

		if (pid)
			kill(pid, SIGTERM);
	}
	for (unsigned i = 0; i < DAEMONS_MAX; i++) {
		pid_t pid;

		while ((pid = leftover(d, i)) && !mtime_reached(loop_now(d->loop), until))
			nanosleep(&pause, NULL);
		if (pid)
			kill(-pid, SIGKILL);
		forget_pid(&d->slot[i]);
	}
}

/* ---- starting ---- */

/* Where the program is, or NULL. */
static const char *find_program(const char *name, char out[PATH_MAX_SIZE])
{
	static const char *const folders[] = {
		"/usr/local/sbin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"};

	if (name[0] == '/')
		return access(name, X_OK) == 0 ? name : NULL;
	for (size_t i = 0; i < COUNT_OF(folders); i++) {
		int n = snprintf(out, PATH_MAX_SIZE, "%s/%s", folders[i], name);

		if (n > 0 && n < PATH_MAX_SIZE && access(out, X_OK) == 0)
			return out;
	}
	return NULL;
}

/* 0 or -errno. */
static int process_open(struct slot *s, const char *program)
{
	char slot_word[32], socket_word[PATH_MAX_SIZE + 32], path_word[] = COMMAND_PATH;
	char *environment[] = {path_word, slot_word, socket_word, NULL};
	int ends[2], err;

	snprintf(slot_word, sizeof(slot_word), "FAIRLEAD_SLOT=%u", s->number);
	snprintf(socket_word, sizeof(socket_word), "FAIRLEAD_REPORT=%s", s->all->socket_path);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	s->pid = fork();
	if (s->pid == 0)
		become(s, program, ends[1], environment);
	err = s->pid < 0 ? -errno : 0;
	close(ends[1]);
	s->process.fd = err ? -1 : pidfd_open(s->pid, 0);
	if (!err && s->process.fd < 0) {
		err = -errno;
		kill(s->pid, SIGKILL);
		waitpid(s->pid, NULL, 0);
	}
	if (err) {
		s->pid = 0;
		close(ends[0]);
		return err;
	}
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	s->output.fd = ends[0];
	return 0;
}

static void start_later(struct slot *s)
{
	s->backoff = s->backoff.us ? span_min(us(s->backoff.us * 2), BACKOFF_MAX) : BACKOFF_MIN;
	loop_timer_set(s->all->loop, &s->restart, mtime_after(loop_now(s->all->loop), s->backoff));
}

static enum fl_err start(struct slot *s, struct textbuf *why)
{
	char room[PATH_MAX_SIZE];
	const char *program = find_program(s->args[0], room);
	int err;

	s->change = false;
	if (!program) {
		textbuf_printf(why, "the program %s is not installed", s->args[0]);
		start_later(s);
		return FL_ENOENT;
	}
	err = process_open(s, program);
	if (err) {
		textbuf_printf(why, "%s cannot be started: %s", program, strerror(-err));
		start_later(s);
		return FL_EIO;
	}
	note_pid(s);
	s->missed = false;
	s->started = loop_now(s->all->loop);
	loop_watch(s->all->loop, &s->process, EPOLLIN);
	loop_watch(s->all->loop, &s->output, EPOLLIN);
	return FL_OK;
}

static void restart_fire(void *ctx)
{
	struct slot *s = ctx;
	char words[200];
	struct textbuf why = textbuf_of(words, sizeof(words));

	if (start(s, &why) && !s->missed)
		log_printf(s->all->log, LOG_LEVEL_ERROR, "%s: %s", s->name, words);
}

static void kill_fire(void *ctx)
{
	struct slot *s = ctx;

	if (s->pid)
		kill(-s->pid, SIGKILL);
}

/* Ask it to end; what follows is in process_ready(). */
static void terminate(struct slot *s)
{
	loop_timer_stop(s->all->loop, &s->restart);
	if (!s->pid)
		return;
	pidfd_send_signal(s->process.fd, SIGTERM, NULL, 0);
	loop_timer_set(s->all->loop, &s->kill, mtime_after(loop_now(s->all->loop), TERM_PATIENCE));
}

static void slot_free(struct slot *s)
{
	free(s->memory);
	s->memory = s->name = NULL;
	s->fingerprint = 0;
	s->backoff = us(0);
	s->missed = false;
}

static void say_how_it_ended(struct slot *s, const siginfo_t *info)
{
	if (info->si_code == CLD_EXITED)
		log_printf(s->all->log, LOG_LEVEL_WARNING, "%s ended with status %d", s->name,
			info->si_status);
	else
		log_printf(s->all->log, LOG_LEVEL_WARNING, "%s was killed by signal %d", s->name,
			info->si_status);
}

static void process_close(struct slot *s)
{
	output_ready(s, 0); /* its last words */
	output_close(s);
	loop_timer_stop(s->all->loop, &s->kill);
	loop_forget(s->all->loop, &s->process);
	close(s->process.fd);
	s->process.fd = -1;
	kill(-s->pid, SIGKILL); /* helpers that it left behind */
	forget_pid(s);
	s->pid = 0;
}

static void process_ready(void *ctx, uint32_t events)
{
	struct slot *s = ctx;
	span life = mtime_between(s->started, loop_now(s->all->loop));
	siginfo_t info = {0};

	(void)events;
	if (waitid(P_PIDFD, (id_t)s->process.fd, &info, WEXITED | WNOHANG) < 0 || !info.si_pid)
		return;
	process_close(s);
	if (!s->wanted) {
		slot_free(s);
	} else if (s->change) {
		restart_fire(s);
	} else {
		say_how_it_ended(s, &info);
		if (life.us > LONG_LIFE.us)
			s->backoff = us(0);
		start_later(s);
	}
}

/* ---- what is wanted ---- */

static uint64_t mixed(uint64_t hash, struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		hash = (hash ^ (uint8_t)text.at[i]) * UINT64_C(0x100000001b3);
	return (hash ^ 0x1ff) * UINT64_C(0x100000001b3); /* where one ends */
}

static uint64_t fingerprint_of(const struct daemon *d)
{
	uint64_t hash = mixed(UINT64_C(0xcbf29ce484222325), d->name);

	for (size_t i = 0; i < d->nargs; i++)
		hash = mixed(hash, d->args[i]);
	for (size_t i = 0; i < d->nfiles; i++)
		hash = mixed(mixed(hash, d->files[i].name), d->files[i].text);
	return hash;
}

static char *put_word(char **at, struct str word)
{
	char *start = *at;

	memcpy(start, word.at, word.n);
	start[word.n] = '\0';
	*at += word.n + 1;
	return start;
}

static enum fl_err keep(struct slot *s, const struct daemon *d)
{
	size_t n = d->name.n + 1;
	char *memory, *at;

	for (size_t i = 0; i < d->nargs; i++)
		n += d->args[i].n + 1;
	memory = at = malloc(n);
	if (!memory)
		return FL_EFULL;
	free(s->memory);
	s->memory = memory;
	s->name = put_word(&at, d->name);
	for (size_t i = 0; i < d->nargs; i++)
		s->args[i] = put_word(&at, d->args[i]);
	s->args[d->nargs] = NULL;
	s->is_heard = d->is_heard;
	s->fingerprint = fingerprint_of(d);
	return FL_OK;
}

static enum fl_err run(void *ctx, unsigned slot, const struct daemon *d, struct textbuf *why)
{
	struct daemons_linux *all = ctx;
	struct slot *s = &all->slot[slot];
	enum fl_err err = FL_OK;

	if (slot >= DAEMONS_MAX || d->nargs == 0 || d->nargs > DAEMON_ARGS_MAX)
		return FL_ERANGE;
	if (s->wanted && s->fingerprint == fingerprint_of(d))
		return FL_OK;
	for (size_t i = 0; i < d->nfiles && !err; i++)
		err = write_file(all, &d->files[i], why);
	if (!err)
		err = keep(s, d);
	if (err)
		return err;
	s->wanted = true;
	s->backoff = us(0);
	if (s->pid) {
		s->change = true;
		terminate(s);
		return FL_OK;
	}
	loop_timer_stop(all->loop, &s->restart);
	err = start(s, why);
	s->missed = err != FL_OK; /* the caller tells it */
	return err;
}

static enum fl_err reread(
	void *ctx, unsigned slot, const struct daemon_file *f, struct textbuf *why)
{
	struct daemons_linux *all = ctx;
	struct slot *s = &all->slot[slot];
	enum fl_err err;

	if (slot >= DAEMONS_MAX || file_is(all, f))
		return FL_OK;
	err = write_file(all, f, why);
	if (!err && s->pid && !s->change)
		pidfd_send_signal(s->process.fd, SIGHUP, NULL, 0);
	return err;
}

static void stop(void *ctx, unsigned slot)
{
	struct daemons_linux *all = ctx;
	struct slot *s = &all->slot[slot];

	if (slot >= DAEMONS_MAX || !s->wanted)
		return;
	s->wanted = s->change = false;
	terminate(s);
	if (!s->pid)
		slot_free(s);
}

/* ---- reports ---- */

/* "FAIRLEAD_SLOT=N\n..." */
static bool slot_of(struct str text, unsigned *out)
{
	const struct str key = STR("FAIRLEAD_SLOT=");
	uint64_t n;

	while (text.n) {
		struct str line = str_cut(&text, '\n');

		if (str_starts(line, key) &&
			str_to_u64((struct str){line.at + key.n, line.n - key.n}, DAEMONS_MAX - 1,
				&n)) {
			*out = (unsigned)n;
			return true;
		}
	}
	return false;
}

static void socket_ready(void *ctx, uint32_t events)
{
	struct daemons_linux *d = ctx;
	char room[DAEMON_REPORT_MAX];
	unsigned slot;
	ssize_t n;

	(void)events;
	while ((n = recv(d->socket.fd, room, sizeof(room), MSG_TRUNC)) > 0) {
		if ((size_t)n > sizeof(room) || !slot_of((struct str){room, (size_t)n}, &slot) ||
			!d->slot[slot].wanted)
			continue;
		loop_post(d->loop, &(struct io_event){.kind = IO_DAEMON_REPORT,
					   .at = loop_now(d->loop),
					   .slot = slot,
					   .data = bytes_of(room, (size_t)n)});
	}
}

static enum fl_err socket_open(struct daemons_linux *d, struct textbuf *why)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int n = snprintf(d->socket_path, sizeof(d->socket_path), "%s/report", d->folder);

	if (n < 0 || (size_t)n >= sizeof(at.sun_path)) {
		textbuf_printf(why, "%s/report: the path of a socket has at most %zu octets",
			d->folder, sizeof(at.sun_path) - 1);
		return FL_EIO;
	}
	memcpy(at.sun_path, d->socket_path, (size_t)n);
	unlink(d->socket_path);
	d->socket.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (d->socket.fd < 0 || bind(d->socket.fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
		chmod(d->socket_path, 0600) < 0 || loop_watch(d->loop, &d->socket, EPOLLIN) < 0) {
		textbuf_printf(why, "%s: %s", d->socket_path, strerror(errno));
		return FL_EIO;
	}
	return FL_OK;
}

/* ---- opening ---- */

/* Every folder of the path that is not there yet. */
static bool make_folders(const char *path)
{
	char part[PATH_MAX_SIZE];
	size_t n = strlen(path);

	if (n >= sizeof(part))
		return false;
	for (size_t i = 1; i <= n; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return false;
	}
	return true;
}

static bool absolute(const char *path, char out[PATH_MAX_SIZE])
{
	char *whole = realpath(path, NULL);
	int n = whole ? snprintf(out, PATH_MAX_SIZE, "%s", whole) : -1;

	free(whole);
	return n > 0 && n < PATH_MAX_SIZE;
}

enum fl_err daemons_linux_open(struct daemons *out, struct daemons_linux **handle,
	struct loop *loop, const struct log *log, const char *folder, const char *report,
	struct textbuf *why)
{
	struct daemons_linux *d = calloc(1, sizeof(*d));
	enum fl_err err = FL_EIO;

	if (!d)
		return FL_EFULL;
	*d = (struct daemons_linux){
		.loop = loop, .log = log, .report = report, .socket = {-1, socket_ready, d}};
	for (unsigned i = 0; i < DAEMONS_MAX; i++) {
		struct slot *s = &d->slot[i];

		s->all = d;
		s->number = i;
		s->process = (struct loop_source){-1, process_ready, s};
		s->output = (struct loop_source){-1, output_ready, s};
		s->restart = (struct loop_timer){.fire = restart_fire, .ctx = s};
		s->kill = (struct loop_timer){.fire = kill_fire, .ctx = s};
	}
	if (make_folders(folder) && absolute(folder, d->folder))
		err = socket_open(d, why);
	else
		textbuf_printf(why, "%s: %s", folder, strerror(errno));
	if (err) {
		daemons_linux_close(d);
		return err;
	}
	end_leftovers(d);
	*out = (struct daemons){d, d->folder, report, d->socket_path, run, reread, stop};
	*handle = d;
	return FL_OK;
}

/* Wait until `until` for the end of a process, then end it for good. */
static void bury(struct slot *s, mtime until)
{
	const struct timespec pause = {.tv_nsec = 5000000};

	while (waitpid(s->pid, NULL, WNOHANG) == 0) {
		if (mtime_reached(loop_now(s->all->loop), until)) {
			kill(-s->pid, SIGKILL);
			waitpid(s->pid, NULL, 0);
			break;
		}
		nanosleep(&pause, NULL);
	}
}

void daemons_linux_close(struct daemons_linux *d)
{
	mtime until = mtime_after(loop_now(d->loop), CLOSE_PATIENCE);

	for (unsigned i = 0; i < DAEMONS_MAX; i++)
		stop(d, i);
	for (unsigned i = 0; i < DAEMONS_MAX; i++) {
		struct slot *s = &d->slot[i];

		if (s->pid) {
			bury(s, until);
			process_close(s);
		}
		slot_free(s);
	}
	if (d->socket.fd >= 0) {
		loop_forget(d->loop, &d->socket);
		close(d->socket.fd);
		unlink(d->socket_path);
	}
	free(d);
}
