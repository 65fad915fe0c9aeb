/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fairlead - the console: a terminal, a batch on stdin, or one command, over the daemon's socket.
 * It is also a login shell: "-c COMMAND", and a name that begins with "-". */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fairlead_terminal.h"
#include "version.h"

#define DEFAULT_SOCKET "/run/fairlead/socket"
#define COMMAND_MAX    4096
#define END_OF_INPUT   4

enum { STATUS_GOOD = 0, STATUS_FAILED = 1, STATUS_USAGE = 2, STATUS_NO_DAEMON = 3 };

static const char usage[] =
	"usage: fairlead [--socket PATH] [COMMAND...]\n"
	"\n"
	"Without a command: the console on a terminal; otherwise the lines of stdin, up to the "
	"first\n"
	"error.  With a command: that one alone.\n"
	"  --socket PATH   where fairleadd listens (" DEFAULT_SOCKET ")\n"
	"  -c COMMAND      one command in one word, as a login shell is called\n"
	"  --help, --version\n"
	"Exit status: 0 good, 1 a command failed, 2 usage, 3 no connection to fairleadd.\n";

struct options {
	const char *socket;
	bool shell; /* a person has nothing but this program */
	char command[COMMAND_MAX];
	size_t ncommand; /* 0: none */
};

/* ---- the socket ---- */

int fairlead_connect(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(a.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(a.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		int err = errno;

		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

/* SSH servers tell in SSH_CONNECTION where somebody comes from. */
static void fairlead_from(struct session_hello *h)
{
	const char *from = getenv("SSH_CONNECTION");
	size_t n = from ? strcspn(from, " ") : 0;

	if (n < sizeof(h->from))
		memcpy(h->from, from ? from : "", n);
}

void fairlead_user(struct session_hello *h)
{
	const struct passwd *p = getpwuid(getuid());
	struct textbuf t = textbuf_of(h->user, sizeof(h->user));

	if (p)
		textbuf_printf(&t, "%s", p->pw_name);
	else
		textbuf_printf(&t, "uid-%u", (unsigned)getuid());
	fairlead_from(h);
}

bool fairlead_send(int fd, const char *text, size_t n)
{
	while (n) {
		ssize_t got = send(fd, text, n, MSG_NOSIGNAL);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return false;
		text += got;
		n -= (size_t)got;
	}
	return true;
}

static int no_daemon(const char *path)
{
	fprintf(stderr, "fairlead: cannot connect to %s: %s\n", path, strerror(errno));
	if (errno == ENOENT || errno == ECONNREFUSED)
		fprintf(stderr, "is fairleadd running?  --socket tells where it listens\n");
	else if (errno == EACCES)
		fprintf(stderr, "root and the group of the socket may connect\n");
	return STATUS_NO_DAEMON;
}

/* ---- output of a batch or a command ---- */

/* Octets up to the one that is 0 go to stdout; what follows is the trailer. */
struct answer {
	char trailer[SESSION_TRAILER_MAX];
	size_t n;
	bool unwritten; /* the disk is full, say */
};

/* A reader that has enough, as head(1), is no failure. */
static bool is_written(bool good)
{
	if (good || errno == EPIPE)
		return true;
	fprintf(stderr, "fairlead: cannot write: %s\n", strerror(errno));
	return false;
}

static void take_answer(struct answer *a, const char *text, size_t n)
{
	const char *zero = a->n ? text : memchr(text, '\0', n);
	size_t plain = zero ? (size_t)(zero - text) : n;
	size_t rest = n - plain, room = sizeof(a->trailer) - a->n;

	if (!a->unwritten) {
		bool good = fwrite(text, 1, plain, stdout) == plain && fflush(stdout) == 0;

		a->unwritten = !is_written(good);
	}
	if (rest > room)
		rest = room;
	memcpy(a->trailer + a->n, text + plain, rest);
	a->n += rest;
}

static int status_of(const struct answer *a)
{
	unsigned status;

	if (session_trailer_find((struct str){a->trailer, a->n}, &status))
		return status || a->unwritten ? STATUS_FAILED : STATUS_GOOD;
	fprintf(stderr, "error: the connection to fairleadd was lost\n");
	return STATUS_NO_DAEMON;
}

/* ---- input of a batch ---- */

struct input {
	char text[4096];
	size_t sent, n;
	char last;
	bool ended;
};

/* A file whose last line has no newline is whole all the same. */
static void read_input(struct input *in)
{
	ssize_t n = read(STDIN_FILENO, in->text, sizeof(in->text) - 2);

	if (n < 0 && errno == EINTR)
		return;
	in->sent = 0;
	in->n = n > 0 ? (size_t)n : 0;
	if (n > 0) {
		in->last = in->text[n - 1];
		return;
	}
	if (in->last != '\n')
		in->text[in->n++] = '\n';
	in->text[in->n++] = END_OF_INPUT;
	in->ended = true;
}

static void send_input(int fd, struct input *in)
{
	ssize_t n = send(fd, in->text + in->sent, in->n - in->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n > 0) {
		in->sent += (size_t)n;
	} else if (errno != EAGAIN && errno != EINTR) { /* it stopped at an error */
		in->ended = true;
		in->sent = in->n;
	}
}

/* Both ways until the daemon closes; `in` NULL: all was sent. */
static int converse(int fd, struct input *in)
{
	struct answer answer = {.n = 0};
	char text[4096];

	for (;;) {
		bool more = in && in->sent < in->n;
		struct pollfd p[] = {
			{fd, (short)(POLLIN | (more ? POLLOUT : 0)), 0},
			{in && !more && !in->ended ? STDIN_FILENO : -1, POLLIN, 0},
		};
		ssize_t n;

		if (poll(p, COUNT_OF(p), -1) < 0)
			continue;
		if (p[1].revents)
			read_input(in);
		if (p[0].revents & POLLOUT)
			send_input(fd, in);
		if (!(p[0].revents & (POLLIN | POLLHUP | POLLERR)))
			continue;
		n = read(fd, text, sizeof(text));
		if (n > 0)
			take_answer(&answer, text, (size_t)n);
		else if (n == 0 || errno != EINTR)
			return status_of(&answer);
	}
}

static int run_lines(int fd, enum session_mode mode, const struct options *o)
{
	struct session_hello h = {.mode = mode};
	struct input in = {.last = '\n'};
	char hello[128];
	struct textbuf t = textbuf_of(hello, sizeof(hello));

	fairlead_user(&h);
	session_hello_print(&h, &t);
	/* Who is turned away at the door hears why, below. */
	if ((!fairlead_send(fd, t.at, t.n) || !fairlead_send(fd, o->command, o->ncommand)) &&
		errno != EPIPE)
		return no_daemon(o->socket);
	return converse(fd, mode == SESSION_BATCH ? &in : NULL);
}

/* ---- options ---- */

/* A word of the shell as a word of the console. */
static bool add_word(struct textbuf *t, const char *word)
{
	bool quote = word[0] == '\0' || strpbrk(word, " \t\"\\{},#");

	if (strpbrk(word, "\r\n"))
		return false;
	if (t->n)
		textbuf_put(t, " ", 1);
	if (!quote) {
		textbuf_put(t, word, strlen(word));
		return !t->cut;
	}
	textbuf_put(t, "\"", 1);
	for (; *word; word++) {
		if (*word == '"' || *word == '\\')
			textbuf_put(t, "\\", 1);
		textbuf_put(t, word, 1);
	}
	textbuf_put(t, "\"", 1);
	return !t->cut;
}

/* One word is the whole command as typed; several are put together. */
static bool take_command(struct options *o, char *const *words, int n)
{
	struct textbuf t = textbuf_of(o->command, sizeof(o->command) - 1);
	bool good = n != 1 || !strpbrk(words[0], "\r\n");

	if (n == 1)
		textbuf_put(&t, words[0], strlen(words[0]));
	for (int i = 0; n > 1 && i < n; i++)
		good &= add_word(&t, words[i]);
	if (!good || t.cut) {
		fprintf(stderr, "fairlead: the command is longer than %d octets or has a newline\n",
			COMMAND_MAX - 2);
		return false;
	}
	o->ncommand = t.n;
	if (n > 0)
		o->command[o->ncommand++] = '\n';
	return true;
}

/* -1: go on; otherwise the exit status. */
static int take_options(int argc, char **argv, struct options *o)
{
	static const struct option known[] = {{"socket", required_argument, NULL, 's'},
		{"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'V'}, {0}};
	char *shell_command = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "+c:", known, NULL)) != -1) {
		switch (c) {
		case 's':
			o->socket = optarg;
			break;
		case 'c':
			shell_command = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return is_written(fflush(stdout) == 0) ? STATUS_GOOD : STATUS_FAILED;
		case 'V':
			printf("fairlead %s\n", fl_version);
			return is_written(fflush(stdout) == 0) ? STATUS_GOOD : STATUS_FAILED;
		default:
			fputs("try fairlead --help\n", stderr);
			return STATUS_USAGE;
		}
	}
	if (shell_command)
		return take_command(o, &shell_command, 1) ? -1 : STATUS_USAGE;
	return take_command(o, argv + optind, argc - optind) ? -1 : STATUS_USAGE;
}

int main(int argc, char **argv)
{
	struct options o = {.socket = DEFAULT_SOCKET, .shell = argc > 0 && argv[0][0] == '-'};
	int status = take_options(argc, argv, &o), fd;
	bool terminal = o.ncommand == 0 && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);

	if (status >= 0)
		return status;
	signal(SIGPIPE, SIG_IGN);
	fd = fairlead_connect(o.socket);
	if (fd < 0 && !(terminal && o.shell))
		return no_daemon(o.socket);
	if (terminal)
		return fairlead_terminal(fd, o.socket);
	return run_lines(fd, o.ncommand ? SESSION_COMMAND : SESSION_BATCH, &o);
}
