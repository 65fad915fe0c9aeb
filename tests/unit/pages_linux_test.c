/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pages over real connections, on the loopback. */
#include "pages_linux.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

struct fixture {
	struct loop *loop;
	struct io io;
	struct pages pages;
	struct pages_linux *handle;
	uint16_t port;
	unsigned asked; /* questions that came */
	size_t answer_n;
};

/* A port that was free a moment ago. */
static uint16_t free_port(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	close(fd);
	return ntohs(a.sin_port);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char words[128] = "";
	struct textbuf why = textbuf_of(words, sizeof(words));
	struct page_endpoint at = {ip_addr_v4(127, 0, 0, 1), 0};

	assert_non_null(f);
	f->loop = loop_open();
	assert_non_null(f->loop);
	loop_fill_io(f->loop, &f->io);
	assert_int_equal(pages_linux_open(&f->pages, &f->handle, f->loop), FL_OK);
	for (int i = 0; i < 20; i++) {
		f->port = at.port = free_port();
		if (f->pages.listen(f->pages.ctx, &at, 1, &why) == FL_OK)
			break;
	}
	assert_string_equal(words, "");
	f->answer_n = 5;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	pages_linux_close(f->handle);
	loop_close(f->loop);
	free(f);
	return 0;
}

static int caller(const struct fixture *f)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(f->port),
		.sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	(void)connect(fd, (struct sockaddr *)&to, sizeof(to));
	return fd;
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Let the loop turn once, and answer what is asked with so many letters. */
static void turn(struct fixture *f, span patience)
{
	struct io_event e;

	f->io.wait(f->io.ctx, mtime_after(f->io.now(f->io.ctx), patience), &e);
	if (e.kind == IO_PAGE) {
		char *text = malloc(f->answer_n);

		assert_non_null(text);
		memset(text, 'x', f->answer_n);
		f->asked++;
		f->pages.answer(f->pages.ctx, e.slot, (struct str){text, f->answer_n});
		free(text);
	}
}

/* What is heard until the end; -1: no end within the time. */
static long heard(struct fixture *f, int fd, span patience)
{
	mtime until = mtime_after(f->io.now(f->io.ctx), patience);
	long all = 0;

	while (!mtime_reached(f->io.now(f->io.ctx), until)) {
		char part[65536];
		ssize_t n = recv(fd, part, sizeof(part), 0);

		if (n == 0)
			return all;
		if (n > 0)
			all += n;
		turn(f, ms(5));
	}
	return -1;
}

static void question_in_pieces_is_answered_once(void **state)
{
	struct fixture *f = *state;
	int fd = caller(f);

	turn(f, ms(50));
	say(fd, "GET / HTTP/1.1\r\n");
	for (int i = 0; i < 5; i++)
		turn(f, ms(10));
	assert_int_equal(f->asked, 0);
	say(fd, "\r\nand more that nobody hears");
	assert_int_equal(heard(f, fd, sec(30)), 5);
	assert_int_equal(f->asked, 1);
	close(fd);
}

static void long_answer_arrives_whole(void **state)
{
	struct fixture *f = *state;
	int fd = caller(f);

	f->answer_n = 5000000;
	turn(f, ms(50));
	say(fd, "GET / HTTP/1.1\r\n\r\n");
	assert_int_equal(heard(f, fd, sec(60)), 5000000);
	close(fd);
}

static void endless_question_is_cut_short(void **state)
{
	struct fixture *f = *state;
	static char letters[PAGES_ASK_MAX + 1];
	int fd = caller(f);

	memset(letters, 'a', PAGES_ASK_MAX);
	turn(f, ms(50));
	say(fd, letters);
	assert_int_equal(heard(f, fd, sec(30)), 5);
	assert_int_equal(f->asked, 1);
	close(fd);
}

static void whoever_says_nothing_makes_room_again(void **state)
{
	struct fixture *f = *state;
	int idle[PAGES_SLOTS], fd;

	for (size_t i = 0; i < PAGES_SLOTS; i++) {
		idle[i] = caller(f);
		turn(f, ms(50));
	}
	fd = caller(f);
	turn(f, ms(50));
	say(fd, "GET / HTTP/1.1\r\n\r\n");
	assert_int_equal(heard(f, fd, sec(60)), 5);
	close(fd);
	for (size_t i = 0; i < PAGES_SLOTS; i++)
		close(idle[i]);
}

static void whoever_leaves_is_forgotten(void **state)
{
	struct fixture *f = *state;
	int fd;

	for (int i = 0; i < 3 * PAGES_SLOTS; i++) {
		struct linger reset = {1, 0};

		fd = caller(f);
		turn(f, ms(5));
		say(fd, i % 2 ? "GET" : "GET / HTTP/1.1\r\n\r\n");
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		close(fd);
		turn(f, ms(5));
		turn(f, ms(5));
	}
	fd = caller(f);
	turn(f, ms(50));
	say(fd, "GET / HTTP/1.1\r\n\r\n");
	assert_int_equal(heard(f, fd, sec(60)), 5);
	close(fd);
}

static void nobody_is_heard_where_it_does_not_listen_any_more(void **state)
{
	struct fixture *f = *state;
	char words[128] = "";
	struct textbuf why = textbuf_of(words, sizeof(words));
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(f->port),
		.sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(f->pages.listen(f->pages.ctx, NULL, 0, &why), FL_OK);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), -1);
	close(fd);
}

static void port_that_is_taken_is_named(void **state)
{
	struct fixture *f = *state;
	struct pages other;
	struct pages_linux *handle;
	struct page_endpoint at = {ip_addr_v4(127, 0, 0, 1), f->port};
	char words[128] = "", port[32];
	struct textbuf why = textbuf_of(words, sizeof(words)),
		       expected = textbuf_of(port, sizeof(port));

	textbuf_printf(&expected, "127.0.0.1 port %u: ", f->port);
	assert_int_equal(pages_linux_open(&other, &handle, f->loop), FL_OK);
	assert_int_equal(other.listen(other.ctx, &at, 1, &why), FL_EIO);
	assert_memory_equal(words, port, strlen(port));
	pages_linux_close(handle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(question_in_pieces_is_answered_once),
		TEST(long_answer_arrives_whole),
		TEST(endless_question_is_cut_short),
		TEST(whoever_says_nothing_makes_room_again),
		TEST(whoever_leaves_is_forgotten),
		TEST(nobody_is_heard_where_it_does_not_listen_any_more),
		TEST(port_that_is_taken_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
