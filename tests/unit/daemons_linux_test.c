/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs that are kept running, with real processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemons_linux.h"

struct fixture {
	struct loop *loop;
	struct io io;
	struct log log;
	struct daemons daemons;
	struct daemons_linux *handle;
	char folder[64], words[256];
	struct textbuf why;
	char lines[8192]; /* the log */
	size_t lines_n;
	char report[1024]; /* the last one */
	unsigned report_slot;
	char heard[1024]; /* "SLOT: LINE\n" of each line that came as an event */
	size_t heard_n;
};

static void log_line(void *ctx, enum log_level level, struct str text)
{
	struct fixture *f = ctx;

	(void)level;
	f->lines_n += (size_t)snprintf(
		f->lines + f->lines_n, sizeof(f->lines) - f->lines_n, "%.*s\n", STR_ARG(text));
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->folder, "/tmp/fairlead-daemons-XXXXXX");
	if (!mkdtemp(f->folder))
		return -1;
	f->why = textbuf_of(f->words, sizeof(f->words));
	f->log = (struct log){log_line, f};
	f->loop = loop_open();
	loop_fill_io(f->loop, &f->io);
	*state = f;
	return daemons_linux_open(&f->daemons, &f->handle, f->loop, &f->log, f->folder,
		       "/usr/sbin/hook", &f->why)
		       ? -1
		       : 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char path[400];
	struct dirent *e;
	DIR *d;

	daemons_linux_close(f->handle);
	loop_close(f->loop);
	d = opendir(f->folder);
	while (d && (e = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%s", f->folder, e->d_name);
		unlink(path);
	}
	closedir(d);
	rmdir(f->folder);
	free(f);
	return 0;
}

/* Let the world turn for a moment. */
static void turn(struct fixture *f)
{
	struct io_event e;

	f->io.wait(f->io.ctx, mtime_after(f->io.now(f->io.ctx), ms(20)), &e);
	if (e.kind == IO_DAEMON_REPORT) {
		snprintf(f->report, sizeof(f->report), "%.*s", (int)e.data.n,
			(const char *)e.data.at);
		f->report_slot = e.slot;
	}
	if (e.kind == IO_DAEMON_LINE)
		f->heard_n += (size_t)snprintf(f->heard + f->heard_n, sizeof(f->heard) - f->heard_n,
			"%u: %.*s\n", e.slot, STR_ARG(e.text));
}

/* The machine has twenty seconds for what takes milliseconds. */
static void await_line(struct fixture *f, const char *text)
{
	for (int i = 0; i < 1000 && !strstr(f->lines, text); i++)
		turn(f);
	if (!strstr(f->lines, text))
		fail_msg("never logged: %s\n%s", text, f->lines);
}

static void await_report(struct fixture *f, const char *text)
{
	for (int i = 0; i < 1000 && !strstr(f->report, text); i++)
		turn(f);
	if (!strstr(f->report, text))
		fail_msg("never reported: %s\n%s", text, f->report);
}

static void await_file(struct fixture *f, const char *path)
{
	for (int i = 0; i < 1000 && access(path, F_OK) < 0; i++)
		turn(f);
	assert_int_equal(access(path, F_OK), 0);
}

static unsigned count(const char *text, const char *word)
{
	unsigned n = 0;

	for (text = strstr(text, word); text; text = strstr(text + 1, word))
		n++;
	return n;
}

static struct daemon shell(const char *name, const char *script)
{
	return (struct daemon){
		.name = str_of(name), .args = {STR("sh"), STR("-c"), str_of(script)}, .nargs = 3};
}

static enum fl_err run(struct fixture *f, unsigned slot, struct daemon d)
{
	return f->daemons.run(f->daemons.ctx, slot, &d, &f->why);
}

static void what_a_program_prints_is_logged_under_its_name(void **state)
{
	struct fixture *f = *state;
	char said[100], script[256];

	snprintf(said, sizeof(said), "%s/said", f->folder);
	snprintf(script, sizeof(script), "echo one; printf 'two\\033[2J' >&2; : >%s; sleep 60",
		said);
	assert_int_equal(run(f, 0, shell("tester", script)), FL_OK);
	await_line(f, "tester: one");
	await_file(f, said);
	f->daemons.stop(f->daemons.ctx, 0);
	await_line(f, "tester: two [2J"); /* without what a terminal would obey */
}

static void lines_of_a_program_that_is_heard_are_events(void **state)
{
	struct fixture *f = *state;
	struct daemon heard = shell("heard", "echo one; echo; printf 'two'; exit 0");

	heard.is_heard = true;
	assert_int_equal(run(f, 2, shell("other", "echo three; exec sleep 60")), FL_OK);
	await_line(f, "other: three");
	assert_int_equal(run(f, 3, heard), FL_OK);
	await_line(f, "heard ended with status 0");
	f->daemons.stop(f->daemons.ctx, 3);
	for (int i = 0; i < 10; i++)
		turn(f);
	assert_string_equal(f->heard, "3: one\n3: two\n");
	await_line(f, "heard: one");
}

static void a_program_that_ends_is_started_again(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(run(f, 1, shell("tester", "echo alive; exit 3")), FL_OK);
	await_line(f, "tester ended with status 3");
	for (int i = 0; i < 1000 && count(f->lines, "tester: alive") < 2; i++)
		turn(f);
	assert_true(count(f->lines, "tester: alive") >= 2);
}

static void what_runs_as_wanted_goes_on_and_a_change_starts_it_anew(void **state)
{
	struct fixture *f = *state;
	const char *script = "echo begun; exec sleep 60";

	assert_int_equal(run(f, 0, shell("tester", script)), FL_OK);
	await_line(f, "begun");
	assert_int_equal(run(f, 0, shell("tester", script)), FL_OK);
	for (int i = 0; i < 10; i++)
		turn(f);
	assert_int_equal(count(f->lines, "begun"), 1);
	assert_int_equal(run(f, 0, shell("tester", "echo changed; exec sleep 60")), FL_OK);
	await_line(f, "changed");
	assert_null(strstr(f->lines, "ended"));
}

static void a_program_that_is_stopped_stays_so(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(run(f, 0,
				 shell("tester", "trap 'echo bye; exit' TERM; echo up; "
						 "while :; do sleep 0.1; done")),
		FL_OK);
	await_line(f, "up");
	f->daemons.stop(f->daemons.ctx, 0);
	await_line(f, "bye");
	for (int i = 0; i < 40; i++)
		turn(f);
	assert_int_equal(count(f->lines, "up"), 1);
}

static void its_files_are_private_unless_they_are_shared(void **state)
{
	struct fixture *f = *state;
	struct daemon d = shell("tester", "exec sleep 60");
	char path[128];
	struct stat st;

	d.files[0] = (struct daemon_file){STR("secret"), STR("password\n"), false};
	d.files[1] = (struct daemon_file){STR("open"), STR("hello\n"), true};
	d.nfiles = 2;
	assert_int_equal(run(f, 0, d), FL_OK);
	snprintf(path, sizeof(path), "%s/secret", f->folder);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(st.st_size, 9);
	snprintf(path, sizeof(path), "%s/open", f->folder);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
}

static void rereading_is_asked_for_only_when_something_changed(void **state)
{
	struct fixture *f = *state;
	struct daemon d = shell("tester", "trap 'echo again' HUP; echo up; "
					  "while :; do sleep 0.1; done");
	struct daemon_file file = {STR("servers"), STR("one\n"), true};

	d.files[0] = file;
	d.nfiles = 1;
	assert_int_equal(run(f, 0, d), FL_OK);
	await_line(f, "up");
	assert_int_equal(f->daemons.reread(f->daemons.ctx, 0, &file, &f->why), FL_OK);
	for (int i = 0; i < 15; i++)
		turn(f);
	assert_int_equal(count(f->lines, "again"), 0);
	file.text = STR("two\n");
	assert_int_equal(f->daemons.reread(f->daemons.ctx, 0, &file, &f->why), FL_OK);
	await_line(f, "again");
}

static void a_program_that_is_not_installed_is_named(void **state)
{
	struct fixture *f = *state;
	struct daemon d = {.name = STR("nothing"), .args = {STR("no-such-program")}, .nargs = 1};

	assert_int_equal(run(f, 0, d), FL_ENOENT);
	assert_string_equal(f->words, "the program no-such-program is not installed");
}

/* fairlead-report as dhcpcd would run it. */
static void the_hook_brings_its_environment_to_the_product(void **state)
{
	struct fixture *f = *state;
	const char *b = getenv("B");
	char script[300];

	snprintf(script, sizeof(script),
		"reason=BOUND new_ip_address=203.0.113.9 %s/fairlead-report one two; sleep 60",
		b ? b : "build");
	assert_int_equal(run(f, 7, shell("tester", script)), FL_OK);
	await_report(f, "new_ip_address=203.0.113.9\n");
	assert_non_null(strstr(f->report, "reason=BOUND\n"));
	assert_non_null(strstr(f->report, "arg1=one\narg2=two\n"));
	assert_int_equal(f->report_slot, 7);
}

static void nobody_is_left_when_the_driver_closes(void **state)
{
	struct fixture *f = *state;
	long pid = 0;

	assert_int_equal(run(f, 0,
				 shell("tester", "trap '' TERM; echo pid $$; "
						 "while :; do sleep 0.1; done")),
		FL_OK);
	await_line(f, "pid ");
	pid = strtol(strstr(f->lines, "pid ") + 4, NULL, 10);
	assert_true(pid > 1);
	daemons_linux_close(f->handle);
	assert_int_equal(kill((pid_t)pid, 0), -1);
	assert_int_equal(daemons_linux_open(&f->daemons, &f->handle, f->loop, &f->log, f->folder,
				 "/usr/sbin/hook", &f->why),
		FL_OK);
}

/* As after a crash of the daemon: the file is all that is known. */
static void what_an_earlier_run_has_left_is_ended(void **state)
{
	struct fixture *f = *state;
	char path[128], stat_path[64], text[512];
	unsigned long long ticks = 0;
	pid_t pid = fork();
	FILE *file;

	if (pid == 0) {
		sigset_t none;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		setpgid(0, 0);
		execlp("sleep", "sleep", "60", (char *)NULL);
		_exit(1);
	}
	daemons_linux_close(f->handle);
	snprintf(stat_path, sizeof(stat_path), "/proc/%d/stat", (int)pid);
	file = fopen(stat_path, "r");
	assert_non_null(file);
	assert_non_null(fgets(text, sizeof(text), file));
	fclose(file);
	assert_int_equal(sscanf(strrchr(text, ')') + 2,
				 "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
				 "%*s %*s %*s %llu",
				 &ticks),
		1);
	snprintf(path, sizeof(path), "%s/slot-3.pid", f->folder);
	file = fopen(path, "w");
	fprintf(file, "%d %llu\n", (int)pid, ticks);
	fclose(file);
	snprintf(path, sizeof(path), "%s/slot-4.pid", f->folder);
	file = fopen(path, "w");
	fprintf(file, "%d %llu\n", (int)getpid(), ticks - 1); /* a number that came again */
	fclose(file);
	assert_int_equal(daemons_linux_open(&f->daemons, &f->handle, f->loop, &f->log, f->folder,
				 "/usr/sbin/hook", &f->why),
		FL_OK);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(access(path, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(what_a_program_prints_is_logged_under_its_name),
		TEST(lines_of_a_program_that_is_heard_are_events),
		TEST(a_program_that_ends_is_started_again),
		TEST(what_runs_as_wanted_goes_on_and_a_change_starts_it_anew),
		TEST(a_program_that_is_stopped_stays_so),
		TEST(its_files_are_private_unless_they_are_shared),
		TEST(rereading_is_asked_for_only_when_something_changed),
		TEST(a_program_that_is_not_installed_is_named),
		TEST(the_hook_brings_its_environment_to_the_product),
		TEST(what_an_earlier_run_has_left_is_ended),
		TEST(nobody_is_left_when_the_driver_closes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
