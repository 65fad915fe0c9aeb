/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys go to the daemon and its screen comes back; nothing is understood here but the size of the
 * window and the end.  The daemon may die at any moment: a person at a serial line is then told so
 * and not left with a dead screen. */
#include "fairlead_terminal.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "utf8.h"

#define RETRY_MS    2000
#define LOST_STATUS 3
#define PATIENCE    3 /* Ctrl-C so often without any answer: the daemon hangs */
#define LOG_LINES   20
#define FAREWELL    "\033[?2004l" /* drivers/include/sessions.h */
#define CONTROL_C   3

enum end { END_LEFT = 1, END_LOST, END_SIGNAL };

struct relay {
	int fd, signals;
	char keys[1024]; /* on their way to the daemon */
	size_t nkeys;
	char tail[sizeof(FAREWELL) - 1]; /* the last octets that came */
	unsigned unanswered;             /* Ctrl-C */
	int signal;                      /* that ends the program */
};

/* ---- the tty ---- */

/* What a signal handler needs must be in static memory; nothing else here is. */
static struct termios tty_before;
static volatile sig_atomic_t tty_is_raw;

static void tty_restore(void)
{
	static const char off[] = FAREWELL;

	if (!tty_is_raw)
		return;
	tty_is_raw = 0;
	if (write(STDOUT_FILENO, off, sizeof(off) - 1) < 0)
		errno = 0; /* a terminal that is gone needs no farewell */
	tcsetattr(STDIN_FILENO, TCSADRAIN, &tty_before);
}

static void on_crash(int signal_number)
{
	tty_restore();
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

static void tty_make_raw(void)
{
	struct termios raw = tty_before;

	cfmakeraw(&raw);
	if (tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0)
		tty_is_raw = 1;
}

static void window_size(struct session_hello *h)
{
	struct winsize w;

	h->columns = h->rows = 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col <= 10000 && w.ws_row <= 10000) {
		h->columns = w.ws_col;
		h->rows = w.ws_row;
	}
}

static int signals_open(void)
{
	static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
	static const int watched[] = {SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGCONT};
	sigset_t mask;

	for (size_t i = 0; i < COUNT_OF(fatal); i++)
		signal(fatal[i], on_crash);
	sigemptyset(&mask);
	for (size_t i = 0; i < COUNT_OF(watched); i++)
		sigaddset(&mask, watched[i]);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	return signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* ---- the relay ---- */

static bool send_hello(int fd)
{
	struct session_hello h = {.mode = SESSION_TERMINAL};
	char text[128];
	struct textbuf t = textbuf_of(text, sizeof(text));

	window_size(&h);
	fairlead_user(&h);
	session_hello_print(&h, &t);
	return fairlead_send(fd, t.at, t.n);
}

static void relay_size(struct relay *r)
{
	struct session_hello h;
	char text[32];
	int n;

	window_size(&h);
	n = snprintf(text, sizeof(text), "\033[8;%u;%ut", (unsigned)h.rows, (unsigned)h.columns);
	if (h.columns && (size_t)n <= sizeof(r->keys) - r->nkeys) {
		memcpy(r->keys + r->nkeys, text, (size_t)n);
		r->nkeys += (size_t)n;
	}
}

static enum end relay_signal(struct relay *r)
{
	struct signalfd_siginfo info;

	while (read(r->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGWINCH) {
			relay_size(r);
		} else if (info.ssi_signo == SIGCONT) {
			tty_make_raw(); /* whoever stopped us may have changed it */
			relay_size(r);
		} else {
			r->signal = (int)info.ssi_signo;
			return END_SIGNAL;
		}
	}
	return 0;
}

static enum end relay_keys(struct relay *r)
{
	ssize_t n = read(STDIN_FILENO, r->keys + r->nkeys, sizeof(r->keys) - r->nkeys);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n <= 0) {
		r->signal = SIGHUP; /* the terminal is gone */
		return END_SIGNAL;
	}
	for (size_t i = r->nkeys; i < r->nkeys + (size_t)n; i++)
		r->unanswered = r->keys[i] == CONTROL_C ? r->unanswered + 1 : 0;
	r->nkeys += (size_t)n;
	return r->unanswered >= PATIENCE ? END_LOST : 0;
}

static void keep_tail(struct relay *r, const char *text, size_t n)
{
	size_t all = sizeof(r->tail);

	if (n >= all) {
		memcpy(r->tail, text + n - all, all);
		return;
	}
	memmove(r->tail, r->tail + n, all - n);
	memcpy(r->tail + all - n, text, n);
}

static enum end relay_screen(struct relay *r)
{
	char text[4096];
	ssize_t n = read(r->fd, text, sizeof(text));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n <= 0)
		return memcmp(r->tail, FAREWELL, sizeof(r->tail)) == 0 ? END_LEFT : END_LOST;
	r->unanswered = 0;
	keep_tail(r, text, (size_t)n);
	for (ssize_t done = 0; done < n;) {
		ssize_t got = write(STDOUT_FILENO, text + done, (size_t)(n - done));

		if (got < 0 && errno != EINTR)
			return END_SIGNAL;
		done += got > 0 ? got : 0;
	}
	return 0;
}

/* Keys that the daemon has not taken stay; it may be busy. */
static void relay_send(struct relay *r)
{
	ssize_t n = send(r->fd, r->keys, r->nkeys, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n <= 0)
		return; /* if it is gone, reading will tell */
	r->nkeys -= (size_t)n;
	memmove(r->keys, r->keys + n, r->nkeys);
}

static enum end relay(struct relay *r)
{
	enum end end = 0;

	while (!end) {
		struct pollfd p[] = {
			{r->fd, (short)(POLLIN | (r->nkeys ? POLLOUT : 0)), 0},
			{r->signals, POLLIN, 0},
			{r->nkeys < sizeof(r->keys) / 2 ? STDIN_FILENO : -1, POLLIN, 0},
		};

		if (poll(p, COUNT_OF(p), -1) < 0)
			continue;
		if (p[0].revents & POLLOUT)
			relay_send(r);
		if (p[1].revents)
			end = relay_signal(r);
		if (!end && p[2].revents)
			end = relay_keys(r);
		if (!end && p[0].revents & (POLLIN | POLLHUP | POLLERR))
			end = relay_screen(r);
	}
	return end;
}

/* ---- without the daemon ---- */

static void print_file_line(const char *label, const char *path)
{
	char text[64] = "unknown";
	FILE *f = fopen(path, "re");

	if (f) {
		if (!fgets(text, sizeof(text), f))
			strcpy(text, "unknown");
		fclose(f);
	}
	text[strcspn(text, "\n")] = '\0';
	printf("  %-16s %s\n", label, text);
}

static void say_status(const char *path)
{
	DIR *folder = opendir("/sys/class/net");
	struct dirent *entry;
	char file[320];

	printf("fairleadd does not answer at %s; the kernel forwards as it was told last\n", path);
	print_file_line("ip_forward", "/proc/sys/net/ipv4/ip_forward");
	while (folder && (entry = readdir(folder))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "/sys/class/net/%s/operstate", entry->d_name);
		print_file_line(entry->d_name, file);
	}
	if (folder)
		closedir(folder);
}

static void put_stdout(void *ctx, const char *text, size_t n)
{
	(void)ctx;
	fwrite(text, 1, n, stdout);
}

/* The last lines of the log that are in the file, oldest first. */
static void say_log(void)
{
	static const char *const paths[] = {"/var/log/messages", "/var/log/syslog"};
	static char line[LOG_LINES][512];
	const struct sink out = {put_stdout, NULL};
	FILE *f = NULL;
	size_t n = 0;

	for (size_t i = 0; i < COUNT_OF(paths) && !f; i++)
		if ((f = fopen(paths[i], "re")))
			printf("the end of %s:\n", paths[i]);
	if (!f) {
		printf("no log file is there (%s)\n", paths[0]);
		return;
	}
	while (fgets(line[n % LOG_LINES], sizeof(line[0]), f))
		n++;
	fclose(f);
	for (size_t i = n > LOG_LINES ? n - LOG_LINES : 0; i < n; i++) {
		utf8_clean(str_trim(str_of(line[i % LOG_LINES])), &out);
		putchar('\n');
	}
}

static void prompt(void)
{
	printf("fairlead (no daemon)> ");
	fflush(stdout);
}

/* One line of the person.  False: he wants to leave. */
static bool lost_command(struct str line, const char *path)
{
	if (str_is(line, "quit") || str_is(line, "exit") || str_is(line, "q"))
		return false;
	if (str_is(line, "status"))
		say_status(path);
	else if (str_is(line, "logs"))
		say_log();
	else if (line.n && !str_is(line, "reconnect"))
		printf("error: without the daemon there are only: status, logs, reconnect, quit\n");
	return true;
}

/* Until the daemon is back (its descriptor) or the person leaves (-1). */
static int wait_for_daemon(const char *path, int signals)
{
	printf("status, logs, reconnect and quit work without it; it is tried again every %d "
	       "seconds\n",
		RETRY_MS / 1000);
	prompt();
	for (;;) {
		struct pollfd p[] = {{STDIN_FILENO, POLLIN, 0}, {signals, POLLIN, 0}};
		int ready = poll(p, COUNT_OF(p), RETRY_MS), fd;
		char line[256];
		ssize_t n;

		if (ready > 0 && p[1].revents) {
			struct signalfd_siginfo info;

			if (read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info) &&
				info.ssi_signo != SIGWINCH && info.ssi_signo != SIGCONT)
				return -1;
		}
		if (ready > 0 && p[0].revents) {
			n = read(STDIN_FILENO, line, sizeof(line));
			if (n <= 0 || !lost_command(str_trim((struct str){line, (size_t)n}), path))
				return -1;
			prompt();
		}
		fd = fairlead_connect(path);
		if (fd >= 0) {
			printf("\nfairleadd answers again\n");
			fflush(stdout);
			return fd;
		}
	}
}

/* ---- the session ---- */

static enum end one_session(struct relay *r)
{
	enum end end;

	r->nkeys = r->unanswered = 0;
	memset(r->tail, 0, sizeof(r->tail));
	tty_make_raw();
	end = send_hello(r->fd) ? relay(r) : END_LOST;
	tty_restore();
	close(r->fd);
	return end;
}

int fairlead_terminal(int fd, const char *path)
{
	struct relay r = {.fd = fd, .signals = signals_open()};

	if (r.signals < 0 || tcgetattr(STDIN_FILENO, &tty_before) < 0) {
		perror("fairlead: terminal");
		return LOST_STATUS;
	}
	atexit(tty_restore);
	for (;;) {
		enum end end = r.fd >= 0 ? one_session(&r) : END_LOST;

		if (end == END_LEFT)
			return 0;
		if (end == END_SIGNAL)
			return r.signal ? 128 + r.signal : LOST_STATUS;
		printf("%s\n", r.unanswered >= PATIENCE ? "\nfairleadd does not answer"
			       : fd >= 0                ? "\nthe connection to fairleadd was lost"
							: "fairleadd is not running");
		r.fd = fd = wait_for_daemon(path, r.signals);
		if (r.fd < 0)
			return LOST_STATUS;
	}
}
