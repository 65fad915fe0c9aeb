/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The console socket with real clients on it, and the hello line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "session_hello.h"
#include "sessions_linux.h"

struct server {
	struct loop *loop;
	struct io io;
	struct sessions sessions;
	struct sessions_linux *handle;
	char folder[64], path[96];
};

static int server_setup(void **state)
{
	struct server *s = calloc(1, sizeof(*s));
	char text[200];
	struct textbuf why = textbuf_of(text, sizeof(text));

	strcpy(s->folder, "/tmp/fairlead-sessions-XXXXXX");
	if (!mkdtemp(s->folder))
		return -1;
	snprintf(s->path, sizeof(s->path), "%s/run/socket", s->folder);
	s->loop = loop_open();
	loop_fill_io(s->loop, &s->io);
	*state = s;
	return sessions_linux_open(&s->sessions, &s->handle, s->loop, s->path, &why) ? -1 : 0;
}

static int server_teardown(void **state)
{
	struct server *s = *state;
	char run[96];

	if (s->handle)
		sessions_linux_close(s->handle);
	loop_close(s->loop);
	unlink(s->path);
	snprintf(run, sizeof(run), "%s/run", s->folder);
	rmdir(run);
	rmdir(s->folder);
	free(s);
	return 0;
}

static int client(struct server *s)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", s->path);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static void client_send(int fd, const char *text, size_t n)
{
	assert_int_equal(send(fd, text, n, MSG_NOSIGNAL), n);
}

#define SEND(fd, literal) client_send((fd), (literal), sizeof(literal) - 1)

/* The next event; the machine has ten seconds for what takes microseconds. */
static struct io_event next_event(struct server *s)
{
	struct io_event e;

	s->io.wait(s->io.ctx, mtime_after(s->io.now(s->io.ctx), sec(10)), &e);
	return e;
}

/* Let the loop run until nothing is left to do. */
static void settle(struct server *s)
{
	struct io_event e;

	for (int i = 0; i < 4; i++)
		s->io.wait(s->io.ctx, s->io.now(s->io.ctx), &e);
}

static void event_is(struct io_event e, enum io_event_kind kind, const char *data)
{
	assert_int_equal(e.kind, kind);
	assert_int_equal(e.data.n, strlen(data));
	assert_memory_equal(e.data.at, data, strlen(data));
}

/* Everything up to the end of the connection. */
static size_t receive_all(struct server *s, int fd, char *out, size_t cap)
{
	size_t n = 0;

	for (;;) {
		ssize_t got = recv(fd, out + n, cap - n, MSG_DONTWAIT);

		if (got == 0 || (got < 0 && errno == ECONNRESET))
			return n;
		if (got > 0)
			n += (size_t)got;
		else
			settle(s);
	}
}

/* ---- the hello line ---- */

static struct bytes octets(const char *text)
{
	return bytes_of(text, strlen(text));
}

static void a_hello_tells_mode_size_and_user(void **state)
{
	struct session_hello h;

	(void)state;
	assert_int_equal(session_hello_parse(
				 octets("\001fairlead 1 terminal 132 50 ann\n"), STR("root"), &h),
		FL_OK);
	assert_int_equal(h.mode, SESSION_TERMINAL);
	assert_int_equal(h.columns, 132);
	assert_int_equal(h.rows, 50);
	assert_string_equal(h.user, "ann");
}

static void only_root_may_speak_for_somebody_else(void **state)
{
	struct session_hello h;

	(void)state;
	assert_int_equal(
		session_hello_parse(octets("\001fairlead 1 batch 0 0 root\n"), STR("bob"), &h),
		FL_OK);
	assert_string_equal(h.user, "bob");
}

static void no_hello_is_line_mode(void **state)
{
	struct session_hello h;

	(void)state;
	assert_int_equal(session_hello_parse(bytes_of("", 0), STR("bob"), &h), FL_OK);
	assert_int_equal(h.mode, SESSION_LINES);
	assert_string_equal(h.user, "bob");
}

static void a_hello_of_another_version_is_refused(void **state)
{
	struct session_hello h;

	(void)state;
	assert_int_equal(
		session_hello_parse(octets("\001fairlead 2 batch 0 0 a\n"), STR("root"), &h),
		FL_ENOTSUP);
}

static void a_malformed_hello_is_refused(void **state)
{
	static const char *const bad[] = {"\001", "\001\n", "\001fairlead\n", "\001fairlead 1\n",
		"\001fairlead 1 shout 0 0 a\n", "\001fairlead 1 batch x 0 a\n",
		"\001fairlead 1 batch 0 99999 a\n", "\001fairlead 1 batch 0 0\n",
		"\001fairlead 1 batch 0 0 a b c\n", "\001fairlead 1 batch 0 0 a \x1b[\n",
		"\001fairlead 1 batch 0 0 a\x1b\n", "hello\n",
		"\001fairlead 1 batch 0 0 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"};
	struct session_hello h;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		if (session_hello_parse(octets(bad[i]), STR("root"), &h) != FL_EFORMAT)
			fail_msg("case %zu was taken", i);
}

static void a_hello_that_is_printed_is_parsed_again(void **state)
{
	struct session_hello h = {SESSION_COMMAND, 80, 24, "ann", "192.0.2.7"}, back;
	char text[SESSIONS_HELLO_MAX];
	struct textbuf t = textbuf_of(text, sizeof(text));

	(void)state;
	session_hello_print(&h, &t);
	assert_int_equal(session_hello_parse(octets(text), STR("root"), &back), FL_OK);
	assert_int_equal(back.mode, h.mode);
	assert_int_equal(back.columns, 80);
	assert_int_equal(back.rows, 24);
	assert_string_equal(back.user, "ann");
	assert_string_equal(back.from, "192.0.2.7");
}

static void a_trailer_is_found_behind_the_output(void **state)
{
	char trailer[SESSION_TRAILER_MAX];
	unsigned status = 9;

	(void)state;
	assert_int_equal(session_trailer(1, trailer), 3);
	assert_memory_equal(trailer, "\0001\n", 3);
	assert_int_equal(session_trailer_find((struct str){"text\n\0001\n", 8}, &status), 3);
	assert_int_equal(status, 1);
	assert_int_equal(session_trailer_find(STR("text\n1\n"), &status), 0);
	assert_int_equal(session_trailer_find((struct str){"text\n\000x\n", 8}, &status), 0);
}

/* ---- the socket ---- */

static void the_socket_is_not_for_everybody(void **state)
{
	struct server *s = *state;
	struct stat st;

	assert_int_equal(stat(s->path, &st), 0);
	assert_int_equal(st.st_mode & 0007, 0);
}

static void a_session_opens_with_its_first_line_and_peer(void **state)
{
	struct server *s = *state;
	int fd = client(s);
	struct io_event e;

	SEND(fd, "\001fairlead 1 ba");
	SEND(fd, "tch 0 0 ann\nshow links\n");
	e = next_event(s);
	event_is(e, IO_SESSION_OPEN, "\001fairlead 1 batch 0 0 ann\n");
	assert_true(e.text.n > 0);
	event_is(next_event(s), IO_SESSION_INPUT, "show links\n");
	close(fd);
}

static void a_client_without_hello_gets_line_mode(void **state)
{
	struct server *s = *state;
	int fd = client(s);

	SEND(fd, "show links\n");
	event_is(next_event(s), IO_SESSION_OPEN, "");
	event_is(next_event(s), IO_SESSION_INPUT, "show links\n");
	close(fd);
}

static void a_first_line_that_never_ends_ends_the_session(void **state)
{
	struct server *s = *state;
	int fd = client(s);
	char text[2000] = {1};
	size_t n;

	memset(text + 1, 'x', sizeof(text) - 1);
	client_send(fd, text, sizeof(text));
	n = receive_all(s, fd, text, sizeof(text));
	assert_memory_equal(text, "error: the first line is too long\n", n);
	close(fd);
}

static void input_comes_in_pieces_of_at_most_4_kilobytes(void **state)
{
	struct server *s = *state;
	int fd = client(s);
	static char much[65536];
	size_t n = 0;

	memset(much, 'x', sizeof(much));
	client_send(fd, much, sizeof(much));
	event_is(next_event(s), IO_SESSION_OPEN, "");
	while (n < sizeof(much)) {
		struct io_event e = next_event(s);

		assert_int_equal(e.kind, IO_SESSION_INPUT);
		assert_in_range(e.data.n, 1, SESSIONS_INPUT_MAX);
		n += e.data.n;
	}
	assert_int_equal(n, sizeof(much));
	close(fd);
}

static void the_end_of_a_client_is_an_event(void **state)
{
	struct server *s = *state;
	int fd = client(s);

	SEND(fd, "x\n");
	close(fd);
	event_is(next_event(s), IO_SESSION_OPEN, "");
	event_is(next_event(s), IO_SESSION_INPUT, "x\n");
	event_is(next_event(s), IO_SESSION_CLOSED, "");
}

static void a_client_that_only_ends_its_input_still_gets_its_answer(void **state)
{
	struct server *s = *state;
	int fd = client(s);
	char text[64];
	struct io_event e;

	SEND(fd, "show links\n");
	shutdown(fd, SHUT_WR);
	e = next_event(s);
	event_is(next_event(s), IO_SESSION_INPUT, "show links\n");
	event_is(next_event(s), IO_SESSION_INPUT, "\004");
	assert_int_equal(s->sessions.write(s->sessions.ctx, e.session, STR("wan1 up\n")), FL_OK);
	s->sessions.close(s->sessions.ctx, e.session);
	assert_int_equal(receive_all(s, fd, text, sizeof(text)), 8);
	assert_memory_equal(text, "wan1 up\n", 8);
	close(fd);
}

/* A number must not pass to a new client while events of the old one are on their way. */
static void a_number_is_not_used_again_before_its_events_are_out(void **state)
{
	struct server *s = *state;
	int first = client(s), second;
	struct io_event e;
	unsigned old;

	SEND(first, "a\n");
	e = next_event(s);
	old = e.session;
	event_is(next_event(s), IO_SESSION_INPUT, "a\n");
	second = client(s);
	SEND(first, "last\n");
	close(first);
	SEND(second, "b\n");
	for (;;) {
		e = next_event(s);
		if (e.kind == IO_SESSION_CLOSED)
			break;
		if (e.session == old) {
			event_is(e, IO_SESSION_INPUT, "last\n");
			s->sessions.write(s->sessions.ctx, old, STR("secret"));
		}
	}
	assert_int_equal(e.session, old);
	assert_int_equal(s->sessions.write(s->sessions.ctx, old, STR("secret")), FL_ENOENT);
	settle(s);
	assert_int_equal(recv(second, &e, sizeof(e), MSG_DONTWAIT), -1);
	close(second);
}

static void sixteen_sessions_are_open_at_once_and_no_more(void **state)
{
	struct server *s = *state;
	int fd[SESSIONS_MAX_OPEN], more;
	char text[200];
	size_t n;

	for (size_t i = 0; i < COUNT_OF(fd); i++) {
		fd[i] = client(s);
		SEND(fd[i], "x");
		assert_int_equal(next_event(s).kind, IO_SESSION_OPEN);
		assert_int_equal(next_event(s).kind, IO_SESSION_INPUT);
	}
	more = client(s);
	n = receive_all(s, more, text, sizeof(text));
	assert_true(str_starts((struct str){text, n}, STR("error: there are too many sessions")));
	close(more);
	close(fd[3]);
	assert_int_equal(next_event(s).kind, IO_SESSION_CLOSED);
	settle(s);
	more = client(s);
	SEND(more, "x");
	assert_int_equal(next_event(s).kind, IO_SESSION_OPEN);
	close(more);
	for (size_t i = 0; i < COUNT_OF(fd); i++)
		if (i != 3)
			close(fd[i]);
}

static void who_says_nothing_makes_room_for_a_newcomer(void **state)
{
	struct server *s = *state;
	int fd[SESSIONS_MAX_OPEN], more;
	char text[200];
	size_t n;

	for (size_t i = 0; i < COUNT_OF(fd); i++) {
		fd[i] = client(s);
		settle(s);
	}
	SEND(fd[0], "x");
	assert_int_equal(next_event(s).kind, IO_SESSION_OPEN);
	assert_int_equal(next_event(s).kind, IO_SESSION_INPUT);
	more = client(s);
	SEND(more, "y");
	assert_int_equal(next_event(s).kind, IO_SESSION_OPEN);
	event_is(next_event(s), IO_SESSION_INPUT, "y");
	n = receive_all(s, fd[1], text, sizeof(text));
	assert_true(str_starts((struct str){text, n}, STR("error: nothing was said, and")));
	assert_int_equal(recv(fd[0], text, sizeof(text), MSG_DONTWAIT), -1);
	close(more);
	for (size_t i = 0; i < COUNT_OF(fd); i++)
		close(fd[i]);
}

static void a_client_that_never_reads_fills_its_own_queue_only(void **state)
{
	struct server *s = *state;
	int deaf = client(s), other = client(s);
	static char block[1 << 20];
	struct io_event a, b;
	char text[64];
	size_t written = 0;

	SEND(deaf, "x");
	a = next_event(s);
	next_event(s);
	SEND(other, "x");
	b = next_event(s);
	next_event(s);
	memset(block, 'x', sizeof(block));
	while (s->sessions.write(s->sessions.ctx, a.session, (struct str){block, sizeof(block)}) ==
		FL_OK)
		written += sizeof(block);
	assert_in_range(
		written, SESSIONS_QUEUE_MAX - sizeof(block), SESSIONS_QUEUE_MAX + (1 << 20));
	assert_int_equal(s->sessions.write(s->sessions.ctx, b.session, STR("hello")), FL_OK);
	assert_int_equal(recv(other, text, sizeof(text), 0), 5);
	s->sessions.close(s->sessions.ctx, a.session);
	close(deaf);
	close(other);
}

static void a_client_that_reads_slowly_gets_everything(void **state)
{
	struct server *s = *state;
	int fd = client(s);
	static char block[4 << 20], got[4 << 20];
	struct io_event e;

	SEND(fd, "x");
	e = next_event(s);
	next_event(s);
	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = (char)(i * 31 >> 8);
	assert_int_equal(
		s->sessions.write(s->sessions.ctx, e.session, (struct str){block, sizeof(block)}),
		FL_OK);
	s->sessions.close(s->sessions.ctx, e.session);
	assert_int_equal(receive_all(s, fd, got, sizeof(got)), sizeof(got));
	assert_memory_equal(got, block, sizeof(block));
	close(fd);
}

static void a_stale_socket_is_replaced(void **state)
{
	struct server *s = *state;
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	char text[200];
	struct textbuf why = textbuf_of(text, sizeof(text));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sessions_linux_close(s->handle);
	s->handle = NULL;
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", s->path);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	close(fd);
	assert_int_equal(
		sessions_linux_open(&s->sessions, &s->handle, s->loop, s->path, &why), FL_OK);
}

static void a_socket_that_answers_is_left_alone(void **state)
{
	struct server *s = *state;
	struct sessions_linux *second;
	struct sessions sessions;
	char text[200];
	struct textbuf why = textbuf_of(text, sizeof(text));

	assert_int_equal(
		sessions_linux_open(&sessions, &second, s->loop, s->path, &why), FL_EEXIST);
	assert_non_null(strstr(text, "a daemon answers there already"));
	close(client(s));
}

static void a_file_that_is_no_socket_is_left_alone(void **state)
{
	struct server *s = *state;
	struct sessions_linux *second;
	struct sessions sessions;
	char text[200], path[200];
	struct textbuf why = textbuf_of(text, sizeof(text));
	FILE *f;

	snprintf(path, sizeof(path), "%s/file", s->folder);
	f = fopen(path, "w");
	assert_non_null(f);
	fclose(f);
	assert_int_equal(sessions_linux_open(&sessions, &second, s->loop, path, &why), FL_EIO);
	assert_int_equal(unlink(path), 0);
}

static void the_socket_is_gone_after_the_end(void **state)
{
	struct server *s = *state;
	struct stat st;

	sessions_linux_close(s->handle);
	s->handle = NULL;
	assert_int_equal(lstat(s->path, &st), -1);
}

#define SOCKET_TEST(name) cmocka_unit_test_setup_teardown(name, server_setup, server_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hello_tells_mode_size_and_user),
		cmocka_unit_test(only_root_may_speak_for_somebody_else),
		cmocka_unit_test(no_hello_is_line_mode),
		cmocka_unit_test(a_hello_of_another_version_is_refused),
		cmocka_unit_test(a_malformed_hello_is_refused),
		cmocka_unit_test(a_hello_that_is_printed_is_parsed_again),
		cmocka_unit_test(a_trailer_is_found_behind_the_output),
		SOCKET_TEST(the_socket_is_not_for_everybody),
		SOCKET_TEST(a_session_opens_with_its_first_line_and_peer),
		SOCKET_TEST(a_client_without_hello_gets_line_mode),
		SOCKET_TEST(a_first_line_that_never_ends_ends_the_session),
		SOCKET_TEST(input_comes_in_pieces_of_at_most_4_kilobytes),
		SOCKET_TEST(the_end_of_a_client_is_an_event),
		SOCKET_TEST(a_client_that_only_ends_its_input_still_gets_its_answer),
		SOCKET_TEST(a_number_is_not_used_again_before_its_events_are_out),
		SOCKET_TEST(sixteen_sessions_are_open_at_once_and_no_more),
		SOCKET_TEST(who_says_nothing_makes_room_for_a_newcomer),
		SOCKET_TEST(a_client_that_never_reads_fills_its_own_queue_only),
		SOCKET_TEST(a_client_that_reads_slowly_gets_everything),
		SOCKET_TEST(a_stale_socket_is_replaced),
		SOCKET_TEST(a_socket_that_answers_is_left_alone),
		SOCKET_TEST(a_file_that_is_no_socket_is_left_alone),
		SOCKET_TEST(the_socket_is_gone_after_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
