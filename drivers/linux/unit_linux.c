/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit_linux.h"

#include "update_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WATCHDOG         "/dev/watchdog0"
#define WATCHDOG_SECONDS 30
#define NOTES            "/run/fairlead/notes"
#define FORGET           "/data/forget"
#define LINE_SIZE        300
#define NOTES_SIZE       2048

struct unit_linux {
	struct loop *loop;
	char state[64];  /* partition of the boot state; empty: none */
	char files[160]; /* folder */
	char notes[NOTES_SIZE];
	int watchdog;
	char watchdog_name[40];
	/* The task; pid 0: none. */
	pid_t pid;
	struct loop_source output;
	char line[LINE_SIZE];
	size_t line_n;
};

extern char **environ;

/* ---- small files ---- */

static size_t read_text(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, out, size - 1);

	if (fd >= 0)
		close(fd);
	out[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

/* ---- the boot loader's block ---- */

static enum fl_err block_result(const struct unit_linux *m, int error, struct textbuf *why)
{
	if (!error)
		return FL_OK;
	textbuf_printf(why, "the boot state%s%s: %s", m->state[0] ? " on " : "", m->state,
		strerror(error));
	return FL_EIO;
}

static enum fl_err get_boot_block(void *ctx, uint8_t *block, struct textbuf *why)
{
	const struct unit_linux *m = ctx;

	return block_result(m, m->state[0] ? boot_block_read(m->state, block) : ENODEV, why);
}

static enum fl_err set_boot_block(void *ctx, const uint8_t *block, struct textbuf *why)
{
	const struct unit_linux *m = ctx;

	return block_result(m, m->state[0] ? boot_block_write(m->state, block) : ENODEV, why);
}

/* ---- the watchdog ---- */

static void watchdog_open(struct unit_linux *m)
{
	struct watchdog_info info = {0};
	int seconds = WATCHDOG_SECONDS;

	m->watchdog = open(WATCHDOG, O_WRONLY | O_CLOEXEC);
	if (m->watchdog < 0)
		return;
	ioctl(m->watchdog, WDIOC_SETTIMEOUT, &seconds);
	ioctl(m->watchdog, WDIOC_GETSUPPORT, &info);
	snprintf(m->watchdog_name, sizeof(m->watchdog_name), "%.31s", (const char *)info.identity);
}

static void pet(void *ctx)
{
	const struct unit_linux *m = ctx;

	if (m->watchdog >= 0)
		ioctl(m->watchdog, WDIOC_KEEPALIVE, 0);
}

static const char *watchdog_name(void *ctx)
{
	const struct unit_linux *m = ctx;

	return m->watchdog >= 0 ? m->watchdog_name : NULL;
}

/* ---- tasks ---- */

static void post_line(struct unit_linux *m)
{
	if (m->line_n)
		loop_post(m->loop, &(struct io_event){.kind = IO_TASK_LINE,
					   .at = loop_now(m->loop),
					   .text = {m->line, m->line_n}});
	m->line_n = 0;
}

static void task_ended(struct unit_linux *m)
{
	int status = 0;

	post_line(m);
	loop_forget(m->loop, &m->output);
	close(m->output.fd);
	m->output.fd = -1;
	while (waitpid(m->pid, &status, 0) < 0 && errno == EINTR)
		;
	m->pid = 0;
	loop_post(m->loop, &(struct io_event){.kind = IO_TASK_ENDED,
				   .at = loop_now(m->loop),
				   .token = status == 0 ? 0 : 1});
}

static void task_output(void *ctx, uint32_t events)
{
	struct unit_linux *m = ctx;
	char text[512];
	ssize_t n = read(m->output.fd, text, sizeof(text));

	(void)events;
	for (ssize_t i = 0; i < n; i++) {
		if (text[i] == '\n')
			post_line(m);
		else if (m->line_n < sizeof(m->line))
			m->line[m->line_n++] = text[i];
	}
	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		task_ended(m);
}

/* The program with its output in a pipe, and no signal blocked.  0 or an errno. */
static int task_spawn(struct unit_linux *m, char *const *argv, int output)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t how;
	sigset_t none;
	int error;

	sigemptyset(&none);
	posix_spawnattr_init(&how);
	posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
	posix_spawnattr_setsigmask(&how, &none);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, output, 1);
	posix_spawn_file_actions_adddup2(&files, output, 2);
	error = posix_spawnp(&m->pid, argv[0], &files, &how, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&how);
	if (error)
		m->pid = 0;
	return error;
}

static enum fl_err task(
	void *ctx, enum unit_task what, struct str argument, bool force, struct textbuf *why)
{
	static const char *const programs[] = {
		[UNIT_UPDATE] = "fairlead-update",
		[UNIT_SUPPORT] = "fairlead-support",
		[UNIT_BACKUP] = "fairlead-backup",
		[UNIT_RESTORE] = "fairlead-restore",
	};
	struct unit_linux *m = ctx;
	char program[32], option[] = "--force", word[512];
	char *argv[4] = {program};
	size_t n = 1;
	int fds[2], error;
	bool is_name;

	if (m->pid) {
		textbuf_printf(why, "something else is under way; wait for its end");
		return FL_EAGAIN;
	}
	if (!argument.n || argument.n + sizeof(m->files) >= sizeof(word) || argument.at[0] == '-') {
		textbuf_printf(why, "\"%.*s\" is no file name", STR_ARG(argument));
		return FL_ERANGE;
	}
	snprintf(program, sizeof(program), "%s", programs[what]);
	is_name = !memchr(argument.at, '/', argument.n);
	snprintf(word, sizeof(word), "%s%s%.*s", is_name ? m->files : "", is_name ? "/" : "",
		STR_ARG(argument));
	if (force)
		argv[n++] = option;
	argv[n] = word;
	if (pipe2(fds, O_CLOEXEC) < 0)
		error = errno;
	else {
		error = task_spawn(m, argv, fds[1]);
		close(fds[1]);
		if (error)
			close(fds[0]);
	}
	if (error) {
		textbuf_printf(why, "%s: %s", program, strerror(error));
		return FL_EIO;
	}
	m->output.fd = fds[0];
	loop_watch(m->loop, &m->output, EPOLLIN);
	return FL_OK;
}

/* ---- the end ---- */

/* The start of the system finds the file and does it, when nothing is in use. */
static enum fl_err forget(void *ctx, enum unit_reset how, struct textbuf *why)
{
	int fd = open(FORGET, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	const char *word = how == UNIT_RESET_ALL ? "all\n" : "settings\n";
	bool good =
		fd >= 0 && write(fd, word, strlen(word)) == (ssize_t)strlen(word) && fsync(fd) == 0;

	(void)ctx;
	if (!good)
		textbuf_printf(why, FORGET ": %s", strerror(errno));
	if (fd >= 0)
		close(fd);
	return good ? FL_OK : FL_EIO;
}

/* The signals of busybox init. */
static enum fl_err end(void *ctx, enum unit_end how, struct textbuf *why)
{
	(void)ctx;
	if (kill(1, how == UNIT_REBOOT ? SIGTERM : SIGUSR2) == 0)
		return FL_OK;
	textbuf_printf(why, "init does not listen: %s", strerror(errno));
	return FL_EIO;
}

static enum fl_err set_clock(void *ctx, int64_t wall, struct textbuf *why)
{
	const struct timespec t = {.tv_sec = (time_t)wall};

	(void)ctx;
	if (clock_settime(CLOCK_REALTIME, &t) == 0)
		return FL_OK;
	textbuf_printf(why, "the clock cannot be set: %s", strerror(errno));
	return FL_EIO;
}

/* Whoever may set it may also set the length of a tick to what it is. */
static bool owns_clock(void *ctx)
{
	struct timex t = {0};

	(void)ctx;
	if (adjtimex(&t) < 0)
		return false;
	t.modes = ADJ_TICK;
	return adjtimex(&t) >= 0;
}

static bool clock_is_right(void *ctx, int64_t *error_us)
{
	struct timex t = {0};

	(void)ctx;
	if (adjtimex(&t) < 0 || t.status & STA_UNSYNC)
		return false;
	*error_us = t.maxerror;
	return true;
}

enum fl_err unit_linux_open(struct unit *out, struct unit_linux **handle, struct loop *loop,
	const char *state, struct textbuf *why)
{
	struct unit_linux *m = calloc(1, sizeof(*m));
	char words[4096];
	const char *slot;

	if (!m) {
		textbuf_printf(why, "out of memory");
		return FL_EFULL;
	}
	m->loop = loop;
	snprintf(m->files, sizeof(m->files), "%s/files", state);
	m->watchdog = -1;
	m->output = (struct loop_source){-1, task_output, m};
	read_text("/proc/cmdline", words, sizeof(words));
	slot = strstr(words, "fl.slot=");
	*handle = m;
	*out = (struct unit){.ctx = m,
		.is_image = slot && (slot[8] == 'a' || slot[8] == 'b'),
		.is_safe = strstr(words, "fl.mode=safe") != NULL,
		.slot = slot ? slot[8] : '\0',
		.notes = m->notes,
		.boot_block = get_boot_block,
		.set_boot_block = set_boot_block,
		.pet = pet,
		.watchdog = watchdog_name,
		.task = task,
		.forget = forget,
		.end = end,
		.set_clock = set_clock,
		.owns_clock = owns_clock,
		.clock_is_right = clock_is_right};
	if (!out->is_image)
		return FL_OK;
	read_text(NOTES, m->notes, sizeof(m->notes));
	unlink(NOTES); /* a daemon that is started again does not repeat it */
	if (!partition_find("fl-state", m->state, sizeof(m->state)))
		m->state[0] = '\0';
	watchdog_open(m);
	return FL_OK;
}

void unit_linux_close(struct unit_linux *m)
{
	if (m->pid) {
		kill(-m->pid, SIGTERM);
		task_ended(m);
	}
	if (m->watchdog >= 0)
		close(m->watchdog);
	free(m);
}
