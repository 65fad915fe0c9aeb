/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that people name: what is read, what is replaced, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files_linux.h"
#include "memory_linux.h"

struct place {
	char state[32];
	struct files_linux linux_side;
	struct files files;
	struct arena mem;
	char words[256];
	struct textbuf why;
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	snprintf(p->state, sizeof(p->state), "/tmp/fl-files.XXXXXX");
	if (!mkdtemp(p->state))
		return -1;
	files_linux_open(&p->files, &p->linux_side, p->state);
	arena_init(&p->mem, &memory_linux);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", p->state);
	arena_reset(&p->mem);
	if (system(command))
		return -1;
	free(p);
	return 0;
}

static enum fl_err put(struct place *p, const char *path, const char *text)
{
	p->why = textbuf_of(p->words, sizeof(p->words));
	return p->files.write(p->files.ctx, str_of(path), bytes_of(text, strlen(text)), &p->why);
}

static enum fl_err get(struct place *p, const char *path, struct bytes *out)
{
	p->why = textbuf_of(p->words, sizeof(p->words));
	return p->files.read(p->files.ctx, str_of(path), &p->mem, out, &p->why);
}

static const char *at(const struct place *p, const char *name)
{
	static char path[96];

	snprintf(path, sizeof(path), "%s/%s", p->state, name);
	return path;
}

static void a_name_is_in_the_folder_and_only_root_can_read_it(void **state)
{
	struct place *p = *state;
	struct bytes got;
	struct stat st;

	assert_int_equal(put(p, "before", "one"), FL_OK);
	assert_int_equal(put(p, "before", "another"), FL_OK);
	assert_int_equal(get(p, "before", &got), FL_OK);
	assert_int_equal(got.n, 7);
	assert_memory_equal(got.at, "another", 7);
	assert_int_equal(stat(at(p, "files/before"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_path_is_anywhere(void **state)
{
	struct place *p = *state;
	char path[96];
	struct bytes got;

	snprintf(path, sizeof(path), "%s", at(p, "elsewhere"));
	assert_int_equal(put(p, path, "x"), FL_OK);
	assert_int_equal(get(p, path, &got), FL_OK);
	assert_int_equal(get(p, "elsewhere", &got), FL_ENOENT);
	assert_string_equal(p->words, "No such file or directory");
}

/* A slip of the keyboard must not cost the machine its /etc/passwd. */
static void a_file_outside_of_the_folder_is_not_replaced(void **state)
{
	struct place *p = *state;
	char path[96];
	struct bytes got;

	snprintf(path, sizeof(path), "%s", at(p, "elsewhere"));
	assert_int_equal(put(p, path, "old"), FL_OK);
	assert_int_equal(put(p, path, "new"), FL_EEXIST);
	assert_string_equal(p->words,
		"is there already, outside of the router's own folder; choose "
		"another name, or remove it first");
	assert_int_equal(get(p, path, &got), FL_OK);
	assert_memory_equal(got.at, "old", 3);
}

static void names_are_listed_with_their_sizes(void **state)
{
	struct place *p = *state;
	char name[64];
	uint64_t size;

	assert_false(p->files.name(p->files.ctx, 0, name, sizeof(name), &size));
	put(p, "b", "12345");
	put(p, "a", "");
	assert_true(p->files.name(p->files.ctx, 1, name, sizeof(name), &size));
	assert_string_equal(name, "b");
	assert_int_equal(size, 5);
	assert_false(p->files.name(p->files.ctx, 2, name, sizeof(name), &size));
	assert_int_equal(p->files.remove(p->files.ctx, STR("b"), &p->why), FL_OK);
	assert_false(p->files.name(p->files.ctx, 1, name, sizeof(name), &size));
	assert_int_equal(p->files.remove(p->files.ctx, STR("b"), &p->why), FL_ENOENT);
}

static void folders_pipes_and_devices_are_no_files(void **state)
{
	struct place *p = *state;
	struct bytes got;

	assert_int_equal(mkdir(at(p, "files"), 0700), 0);
	assert_int_equal(mkdir(at(p, "files/sub"), 0700), 0);
	assert_int_equal(mkfifo(at(p, "files/pipe"), 0600), 0);
	assert_int_not_equal(get(p, "sub", &got), FL_OK);
	assert_string_equal(p->words, "is not a regular file");
	assert_int_not_equal(get(p, "pipe", &got), FL_OK);
	assert_int_not_equal(get(p, "/dev/zero", &got), FL_OK);
	assert_int_not_equal(put(p, "sub", "x"), FL_OK);
	assert_string_equal(p->words, "Is a directory");
	assert_int_not_equal(put(p, "/dev/null", "x"), FL_OK);
	assert_string_equal(p->words, "is not a regular file");
	assert_int_not_equal(put(p, "/none/x", "x"), FL_OK);
	assert_string_equal(p->words, "No such file or directory");
}

static void a_file_that_is_too_large_is_not_read(void **state)
{
	struct place *p = *state;
	struct bytes got;

	assert_int_equal(put(p, "large", ""), FL_OK);
	assert_int_equal(truncate(at(p, "files/large"), (off_t)FILES_SIZE_MAX + 1), 0);
	assert_int_equal(get(p, "large", &got), FL_ERANGE);
	assert_string_equal(p->words, "is longer than 16 MiB");
}

static void a_link_is_not_followed_when_it_is_replaced(void **state)
{
	struct place *p = *state;

	put(p, "a", "1");
	assert_int_equal(symlink("/etc/hostname", at(p, "files/link")), 0);
	assert_int_not_equal(put(p, "link", "x"), FL_OK);
	assert_string_equal(p->words, "is not a regular file");
}

static void there_is_an_end_to_how_many(void **state)
{
	struct place *p = *state;
	char name[16];

	for (int i = 0; i < FILES_COUNT_MAX; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		assert_int_equal(put(p, name, ""), FL_OK);
	}
	assert_int_not_equal(put(p, "more", ""), FL_OK);
	assert_string_equal(p->words, "there are 100 files already; remove one");
	assert_int_equal(put(p, "f7", "new"), FL_OK);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_name_is_in_the_folder_and_only_root_can_read_it),
		TEST(a_path_is_anywhere),
		TEST(a_file_outside_of_the_folder_is_not_replaced),
		TEST(names_are_listed_with_their_sizes),
		TEST(folders_pipes_and_devices_are_no_files),
		TEST(a_file_that_is_too_large_is_not_read),
		TEST(a_link_is_not_followed_when_it_is_replaced),
		TEST(there_is_an_end_to_how_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
