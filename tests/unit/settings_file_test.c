/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The settings as a file: whole at any moment, and told of in words when it cannot be written. */
#include "settings_file.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "skip.h"
#include "test_heap.h"

#define OLD "link wan1 weight 1\n"

struct place {
	char folder[64], path[96];
	struct arena mem;
	struct storage file;
	char words[300], fresh[20000];
	struct textbuf why;
};

static enum fl_err save(struct place *p, const char *text)
{
	p->why = textbuf_of(p->words, sizeof(p->words));
	return p->file.save(p->file.ctx, "settings", bytes_of(text, strlen(text)), &p->why);
}

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	strcpy(p->folder, "/tmp/fl-settings-XXXXXX");
	if (!mkdtemp(p->folder))
		return -1;
	snprintf(p->path, sizeof(p->path), "%s/router.conf", p->folder);
	arena_init(&p->mem, &heap);
	settings_file_open(&p->file, p->path);
	memset(p->fresh, 'x', sizeof(p->fresh) - 1);
	*state = p;
	return save(p, OLD) == FL_OK ? 0 : -1;
}

static int teardown(void **state)
{
	struct place *p = *state;
	char command[100];

	arena_reset(&p->mem);
	snprintf(command, sizeof(command), "rm -rf '%s'", p->folder);
	free(p);
	return system(command);
}

static bool holds(struct place *p, const char *text)
{
	struct bytes got;

	p->why = textbuf_of(p->words, sizeof(p->words));
	assert_int_equal(p->file.load(p->file.ctx, "settings", &p->mem, &got, &p->why), FL_OK);
	return got.n == strlen(text) && memcmp(got.at, text, got.n) == 0;
}

/* Save in a process that is killed when it enters its system call number `calls`.  False: it ended
 * before. */
static bool save_until(struct place *p, unsigned calls)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(save(p, p->fresh) == FL_OK ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (!WIFSTOPPED(status)) {
		print_message("a child cannot be traced here\n");
		return false;
	}
	/* Each call stops twice: at its entry, where it has done nothing yet, and at its end. */
	for (unsigned stops = 0; stops < 2 * calls - 1; stops++) {
		ptrace(PTRACE_SYSCALL, child, NULL, NULL);
		assert_int_equal(waitpid(child, &status, 0), child);
		if (!WIFSTOPPED(status))
			return false;
	}
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	return true;
}

static void a_save_that_dies_at_any_call_leaves_the_old_or_the_new(void **state)
{
	struct place *p = *state;
	unsigned calls = 1, old = 0, fresh = 0;

	for (; save_until(p, calls); calls++) {
		bool is_old = holds(p, OLD);

		assert_true(is_old || holds(p, p->fresh));
		assert_false(is_old && fresh); /* once it is there it stays */
		old += is_old;
		fresh += !is_old;
	}
	if (calls == 1)
		SKIP_BECAUSE("this machine does not let a process trace its child");
	assert_true(old > 3 && fresh > 1);
	/* What lies about is in nobody's way. */
	assert_int_equal(save(p, "later\n"), FL_OK);
	assert_true(holds(p, "later\n"));
}

static void a_disk_that_takes_no_more_is_told_and_leaves_the_old(void **state)
{
	struct place *p = *state;
	struct rlimit before, small = {.rlim_cur = 8192};
	char left[120];

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small.rlim_max = before.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(save(p, p->fresh), FL_EIO);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_non_null(strstr(p->words, "File too large"));
	assert_true(holds(p, OLD));
	snprintf(left, sizeof(left), "%s.new", p->path);
	assert_int_not_equal(access(left, F_OK), 0);
}

static void a_file_that_cannot_be_replaced_is_told_and_nothing_is_left_beside_it(void **state)
{
	struct place *p = *state;
	char left[120];

	assert_int_equal(unlink(p->path), 0);
	assert_int_equal(mkdir(p->path, 0700), 0);
	assert_int_equal(save(p, "new\n"), FL_EIO);
	assert_non_null(strstr(p->words, "Is a directory"));
	snprintf(left, sizeof(left), "%s.new", p->path);
	assert_int_not_equal(access(left, F_OK), 0);
}

static void a_folder_that_is_not_there_is_told(void **state)
{
	struct place *p = *state;
	char words[300];
	struct textbuf why = textbuf_of(words, sizeof(words));
	struct storage file;

	(void)p;
	settings_file_open(&file, "/nonexistent/router.conf");
	assert_int_not_equal(
		file.save(file.ctx, "settings", bytes_of(OLD, strlen(OLD)), &why), FL_OK);
	assert_non_null(strstr(words, "No such file or directory"));
}

static void the_file_keeps_its_mode_and_the_one_before_is_beside_it(void **state)
{
	struct place *p = *state;
	char before[120], text[64] = "";
	struct stat st;
	FILE *f;

	assert_int_equal(chmod(p->path, 0640), 0);
	assert_int_equal(save(p, "new\n"), FL_OK);
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	snprintf(before, sizeof(before), "%s~", p->path);
	f = fopen(before, "r");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	fclose(f);
	assert_string_equal(text, OLD);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_save_that_dies_at_any_call_leaves_the_old_or_the_new),
		T(a_disk_that_takes_no_more_is_told_and_leaves_the_old),
		T(a_file_that_cannot_be_replaced_is_told_and_nothing_is_left_beside_it),
		T(a_folder_that_is_not_there_is_told),
		T(the_file_keeps_its_mode_and_the_one_before_is_beside_it),
	};

	return cmocka_run_group_tests_name("settings_file", tests, NULL, NULL);
}
