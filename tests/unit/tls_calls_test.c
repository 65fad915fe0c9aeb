/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls over TLS: the daemon's half, the real fairlead-tls, and real servers on the loopback of a
 * namespace of the test's own, where the authorities are the test's as well. */
#include "probes_linux.h"
#include "tls_child.h"
#include "tls_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct world {
	char folder[64];
	FILE *servers;
	int hold; /* the servers end when it is closed */
	pid_t pid;
	struct loop *loop;
	struct io io;
	struct probes probes;
	struct probes_linux *handle;
};

static const char *program_of(const char *name, char *out, size_t n)
{
	const char *folder = getenv("B");

	snprintf(out, n, "%s/san/%s", folder ? folder : "build", name);
	return out;
}

static int sh(const char *format, ...)
{
	char command[512];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	return system(command); /* NOLINT: a test's own words */
}

/* ---- the servers ---- */

static int start_servers(struct world *w)
{
	int in[2], out[2];
	char line[16];

	if (pipe(in) || pipe(out))
		return -1;
	w->pid = fork();
	if (w->pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		close(in[1]);
		close(out[0]);
		execlp("python3", "python3", "tests/support/tls_servers.py", w->folder,
			(char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	fcntl(in[1], F_SETFD, FD_CLOEXEC);
	w->hold = in[1];
	w->servers = fdopen(out[0], "r");
	return w->servers && fgets(line, sizeof(line), w->servers) ? 0 : -1;
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct probe_path path = {.interface = STR("lo"), .source4 = {4, {127, 0, 0, 1}}};
	char program[256], known[96];

	*state = w;
	snprintf(w->folder, sizeof(w->folder), "/tmp/fairlead-tls.XXXXXX");
	if (!mkdtemp(w->folder) || sh("ip link set lo up") || start_servers(w))
		return -1;
	snprintf(known, sizeof(known), "%s/known.pem", w->folder);
	/* In a change-root "/" may be no mount of its own; then nothing is shared, either. */
	if ((mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) && errno != EINVAL) ||
		mount(known, TLS_AUTHORITIES, NULL, MS_BIND, NULL))
		return -1;
	w->loop = loop_open();
	loop_fill_io(w->loop, &w->io);
	if (probes_linux_open(&w->probes, &w->handle, w->loop,
		    program_of("fairlead-tls", program, sizeof(program))))
		return -1;
	return w->probes.open(w->probes.ctx, 1, &path);
}

static int teardown(void **state)
{
	struct world *w = *state;

	if (w->handle)
		probes_linux_close(w->handle);
	if (w->loop)
		loop_close(w->loop);
	if (w->hold > 0)
		close(w->hold);
	if (w->pid > 0) {
		kill(w->pid, SIGKILL);
		waitpid(w->pid, NULL, 0);
	}
	if (w->servers)
		fclose(w->servers);
	sh("rm -rf %s", w->folder);
	free(w);
	return 0;
}

/* ---- calls ---- */

static void begin(struct world *w, uint16_t port, const char *host, bool trust, span patience)
{
	static const char request[] = "GET / HTTP/1.0\r\n\r\n";
	struct probe_call c = {.to = {4, {127, 0, 0, 1}},
		.port = port,
		.token = port,
		.request = bytes_of(request, sizeof(request) - 1),
		.patience = patience,
		.tls_host = str_of(host),
		.tls_trust = trust};
	char words[80] = "";
	struct textbuf why = textbuf_of(words, sizeof(words));

	if (w->probes.call(w->probes.ctx, 1, &c, &why))
		fail_msg("the call was not begun: %s", words);
}

/* How the call ended, and what was heard.  Generous: a sanitized helper on a busy machine. */
static void finish(struct world *w, struct io_event *e)
{
	do
		w->io.wait(w->io.ctx, mtime_after(w->io.now(w->io.ctx), sec(60)), e);
	while (e->kind == IO_PROBE_ANSWER);
	assert_int_equal(e->kind, IO_PROBE_ENDED);
}

static void expect(struct world *w, uint16_t port, const char *host, bool trust, const char *how,
	const char *heard)
{
	struct io_event e;

	begin(w, port, host, trust, sec(30));
	finish(w, &e);
	if (!str_is(e.text, how))
		fail_msg("port %u ended with \"%.*s\", not \"%s\"", port, STR_ARG(e.text), how);
	assert_int_equal(e.data.n, strlen(heard));
	assert_memory_equal(e.data.at, heard, e.data.n);
}

#define PAGE "HTTP/1.0 200 OK\r\n\r\nsound as a bell\n"

static void a_page_of_a_sound_server_is_heard(void **state)
{
	expect(*state, 4431, "www.example.org", false, "closed", PAGE);
}

static void tls_1_2_and_1_3_are_spoken(void **state)
{
	expect(*state, 4439, "www.example.org", false, "closed", PAGE);
	expect(*state, 4440, "www.example.org", false, "closed", PAGE);
}

static void the_server_is_told_the_name(void **state)
{
	expect(*state, 4438, "www.example.org", false, "closed", PAGE);
}

static void a_certificate_may_be_for_an_address(void **state)
{
	expect(*state, 4431, "127.0.0.1", false, "closed", PAGE);
	expect(*state, 4432 + 1, "127.0.0.1", false, "its certificate is for another name", "");
}

static void an_expired_certificate_is_named(void **state)
{
	expect(*state, 4432, "www.example.org", false, "its certificate has expired", "");
}

static void a_certificate_for_another_name_is_named(void **state)
{
	expect(*state, 4433, "www.example.org", false, "its certificate is for another name", "");
}

static void a_certificate_of_a_stranger_is_named(void **state)
{
	expect(*state, 4434, "www.example.org", false, "its certificate is of no known authority",
		"");
}

static void any_certificate_will_do_where_that_is_said(void **state)
{
	for (uint16_t port = 4431; port <= 4434; port++)
		expect(*state, port, "www.example.org", true, "closed", PAGE);
}

static void a_redirect_is_heard_as_it_is(void **state)
{
	expect(*state, 4435, "www.example.org", false, "closed",
		"HTTP/1.0 302 Found\r\nLocation: http://portal.example/\r\n\r\n");
}

static void a_server_without_tls_is_named(void **state)
{
	struct io_event e;

	begin(*state, 4436, "www.example.org", false, sec(30));
	finish(*state, &e);
	assert_true(str_starts(e.text, STR("no TLS: ")));
	assert_int_equal(e.data.n, 0);
}

static void a_silent_server_is_given_up_in_time(void **state)
{
	struct io_event e;

	begin(*state, 4437, "www.example.org", false, sec(3));
	finish(*state, &e);
	assert_true(str_is(e.text, "no answer in time"));
}

static void a_long_page_is_cut(void **state)
{
	struct io_event e;

	begin(*state, 4441, "www.example.org", false, sec(30));
	finish(*state, &e);
	assert_true(str_is(e.text, "long enough"));
	assert_int_equal(e.data.n, PROBE_CALL_ANSWER_MAX);
}

static int helpers(void)
{
	FILE *p = popen("ps -o comm= --ppid $PPID | grep -c '^fairlead-tls'", "r");
	int n = -1;

	assert_int_equal(fscanf(p, "%d", &n), 1);
	pclose(p);
	return n;
}

static void no_helper_is_left_behind(void **state)
{
	struct world *w = *state;
	struct io_event e;

	for (int i = 0; i < 3; i++)
		begin(w, 4437, "www.example.org", false, sec(2));
	for (int i = 0; i < 3; i++)
		finish(w, &e);
	for (int i = 0; helpers() && i < 100; i++)
		w->io.wait(w->io.ctx, mtime_after(w->io.now(w->io.ctx), ms(50)), &e);
	assert_int_equal(helpers(), 0);
}

static void without_authorities_nothing_is_believed(void **state)
{
	assert_int_equal(mount("/dev/null", TLS_AUTHORITIES, NULL, MS_BIND, NULL), 0);
	expect(*state, 4431, "www.example.org", false,
		"there are no authorities in " TLS_AUTHORITIES, "");
	assert_int_equal(umount(TLS_AUTHORITIES), 0);
}

static void a_missing_helper_is_named(void **state)
{
	struct world *w = *state;
	struct probe_path path = {.interface = STR("lo"), .source4 = {4, {127, 0, 0, 1}}};
	struct probes probes = w->probes;
	struct probes_linux *none;

	assert_int_equal(probes_linux_open(&w->probes, &none, w->loop, "/nonexistent"), FL_OK);
	assert_int_equal(w->probes.open(w->probes.ctx, 1, &path), FL_OK);
	expect(w, 4431, "www.example.org", false, "fairlead-tls cannot be started", "");
	probes_linux_close(none);
	w->probes = probes;
}

/* It ends while what we said lies unread: the kernel then tells of a reset before its last words.
 */
static void the_last_words_of_a_helper_that_did_not_listen_are_heard(void **state)
{
	struct world *w = *state;
	struct probe_path path = {.interface = STR("lo"), .source4 = {4, {127, 0, 0, 1}}};
	struct probes probes = w->probes;
	struct probes_linux *deaf;
	char program[96];

	snprintf(program, sizeof(program), "%s/deaf", w->folder);
	assert_int_equal(
		sh("printf '#!/bin/sh\\n/bin/sleep 0.3; printf \"fit is deaf\" >&3\\n' >%s; "
		   "chmod +x %s",
			program, program),
		0);
	assert_int_equal(probes_linux_open(&w->probes, &deaf, w->loop, program), FL_OK);
	assert_int_equal(w->probes.open(w->probes.ctx, 1, &path), FL_OK);
	expect(w, 4431, "www.example.org", false, "it is deaf", "");
	probes_linux_close(deaf);
	w->probes = probes;
}

/* What a person must not be able to do with it by hand. */
static void the_helper_does_nothing_by_hand(void **state)
{
	char program[256];

	(void)state;
	program_of("fairlead-tls", program, sizeof(program));
	assert_int_equal(WEXITSTATUS(sh("%s verify example.org 2>/dev/null", program)), 2);
	assert_int_equal(WEXITSTATUS(sh("%s 2>/dev/null", program)), 2);
	assert_int_equal(sh("%s --version | grep -q '^fairlead-tls '", program), 0);
}

/* The kernel may tell of a helper's end before what it said last is read. */
static void a_helper_may_die_before_it_is_stopped(void **state)
{
	struct world *w = *state;
	struct tls_helpers *all = tls_helpers_open(w->loop, "/bin/true");
	struct tls_helper *h;
	struct io_event e;
	int fd;

	assert_non_null(all);
	fd = tls_helper_start(all, STDIN_FILENO, "example.org", true, &h);
	assert_true(fd >= 0);
	w->io.wait(w->io.ctx, mtime_after(w->io.now(w->io.ctx), ms(500)), &e);
	tls_helper_stop(h);
	close(fd);
	tls_helpers_close(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_of_a_sound_server_is_heard),
		cmocka_unit_test(tls_1_2_and_1_3_are_spoken),
		cmocka_unit_test(the_server_is_told_the_name),
		cmocka_unit_test(a_certificate_may_be_for_an_address),
		cmocka_unit_test(an_expired_certificate_is_named),
		cmocka_unit_test(a_certificate_for_another_name_is_named),
		cmocka_unit_test(a_certificate_of_a_stranger_is_named),
		cmocka_unit_test(any_certificate_will_do_where_that_is_said),
		cmocka_unit_test(a_redirect_is_heard_as_it_is),
		cmocka_unit_test(a_server_without_tls_is_named),
		cmocka_unit_test(a_silent_server_is_given_up_in_time),
		cmocka_unit_test(a_long_page_is_cut),
		cmocka_unit_test(no_helper_is_left_behind),
		cmocka_unit_test(without_authorities_nothing_is_believed),
		cmocka_unit_test(a_missing_helper_is_named),
		cmocka_unit_test(the_last_words_of_a_helper_that_did_not_listen_are_heard),
		cmocka_unit_test(the_helper_does_nothing_by_hand),
		cmocka_unit_test(a_helper_may_die_before_it_is_stopped),
	};

	if (geteuid() != 0 || unshare(CLONE_NEWNET | CLONE_NEWNS)) {
		printf("1..1\nok 1 - tls_calls # SKIP no right to make a network namespace\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, setup, teardown);
}
