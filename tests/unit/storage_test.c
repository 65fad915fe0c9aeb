/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "storage_files.h"
#include "test_heap.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- a directory of its own for each test ---- */

struct disk {
	char dir[64];
	struct arena mem;
	struct storage storage;
	char words[300];
	struct textbuf why;
};

static void disk_mount(struct disk *d, const struct storage_calls *calls)
{
	d->why = textbuf_of(d->words, sizeof(d->words));
	if (calls)
		assert_int_equal(
			storage_files_open_with(&d->storage, d->dir, calls, &d->mem, &d->why),
			FL_OK);
	else
		assert_int_equal(storage_files_open(&d->storage, d->dir, &d->mem, &d->why), FL_OK);
}

static int setup(void **state)
{
	struct disk *d = calloc(1, sizeof(*d));

	strcpy(d->dir, "/tmp/fl-storage-XXXXXX");
	if (!mkdtemp(d->dir))
		return -1;
	arena_init(&d->mem, &heap);
	disk_mount(d, NULL);
	*state = d;
	return 0;
}

static int teardown(void **state)
{
	struct disk *d = *state;
	char command[100];

	storage_files_close(&d->storage);
	arena_reset(&d->mem);
	snprintf(command, sizeof(command), "rm -rf '%s'", d->dir);
	free(d);
	return system(command);
}

static struct bytes text(const char *s)
{
	return bytes_of(s, strlen(s));
}

static enum fl_err save(struct disk *d, const char *name, const char *content)
{
	d->why = textbuf_of(d->words, sizeof(d->words));
	return d->storage.save(d->storage.ctx, name, text(content), &d->why);
}

static enum fl_err load(struct disk *d, const char *name, struct bytes *out)
{
	d->why = textbuf_of(d->words, sizeof(d->words));
	return d->storage.load(d->storage.ctx, name, &d->mem, out, &d->why);
}

static void assert_holds(struct disk *d, const char *name, const char *content)
{
	struct bytes got;

	assert_int_equal(load(d, name, &got), FL_OK);
	assert_int_equal(got.n, strlen(content));
	assert_memory_equal(got.at, content, got.n);
}

/* Overwrite the item's file with these octets. */
static void file_put(struct disk *d, const char *name, const void *at, size_t n)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", d->dir, name);
	f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(at, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static bool file_exists(struct disk *d, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", d->dir, name);
	return access(path, F_OK) == 0;
}

/* ---- good days ---- */

static void what_was_saved_is_loaded(void **state)
{
	struct disk *d = *state;

	assert_int_equal(save(d, "settings", "link wan1 weight 4\n"), FL_OK);
	assert_holds(d, "settings", "link wan1 weight 4\n");
}

static void what_was_saved_is_there_after_a_restart(void **state)
{
	struct disk *d = *state;

	assert_int_equal(save(d, "settings", "a"), FL_OK);
	storage_files_close(&d->storage);
	disk_mount(d, NULL);
	assert_holds(d, "settings", "a");
}

static void later_save_replaces_an_earlier_one(void **state)
{
	struct disk *d = *state;

	assert_int_equal(save(d, "settings", "a long first content"), FL_OK);
	assert_int_equal(save(d, "settings", "short"), FL_OK);
	assert_holds(d, "settings", "short");
}

static void empty_content_is_content(void **state)
{
	struct disk *d = *state;

	assert_int_equal(save(d, "settings", ""), FL_OK);
	assert_holds(d, "settings", "");
}

static void item_never_saved_is_not_there(void **state)
{
	struct disk *d = *state;
	struct bytes got = bytes_of("untouched", 9);

	assert_int_equal(load(d, "settings.7", &got), FL_ENOENT);
	assert_int_equal(got.n, 9);
}

static void twenty_revisions_of_a_megabyte_are_kept_apart(void **state)
{
	struct disk *d = *state;
	size_t n = (size_t)1 << 20;
	uint8_t *big = malloc(n);
	char name[32];

	for (unsigned i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "settings.%u", i);
		memset(big, (int)('a' + i), n);
		assert_int_equal(
			d->storage.save(d->storage.ctx, name, bytes_of(big, n), &d->why), FL_OK);
	}
	for (unsigned i = 0; i < 20; i++) {
		struct bytes got;

		snprintf(name, sizeof(name), "settings.%u", i);
		memset(big, (int)('a' + i), n);
		assert_int_equal(load(d, name, &got), FL_OK);
		assert_int_equal(got.n, n);
		assert_memory_equal(got.at, big, n);
		arena_reset(&d->mem);
		disk_mount(d, NULL);
	}
	free(big);
}

static void removed_item_is_not_there(void **state)
{
	struct disk *d = *state;
	struct bytes got;

	assert_int_equal(save(d, "quota", "1"), FL_OK);
	assert_int_equal(d->storage.remove(d->storage.ctx, "quota"), FL_OK);
	assert_int_equal(load(d, "quota", &got), FL_ENOENT);
	assert_int_equal(d->storage.remove(d->storage.ctx, "quota"), FL_ENOENT);
}

static void stored_file_is_readable_by_people_behind_a_comment(void **state)
{
	uint8_t header[STORAGE_HEADER_SIZE];

	(void)state;
	storage_header_write(text("123456789"), header); /* the check value of this CRC */
	assert_memory_equal(header, "#fairlead 1 0000000009 cbf43926\n", STORAGE_HEADER_SIZE);
}

static void names_that_are_no_plain_words_are_refused(void **state)
{
	static const char *const bad[] = {"", ".", "..", ".new", "a/b", "../x", "a b", "a\n"};
	struct disk *d = *state;
	struct bytes got;

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_int_equal(save(d, bad[i], "x"), FL_ERANGE);
		assert_int_not_equal(d->why.n, 0);
		assert_int_equal(load(d, bad[i], &got), FL_ERANGE);
		assert_int_equal(d->storage.remove(d->storage.ctx, bad[i]), FL_ERANGE);
	}
}

static void content_beyond_the_limit_is_refused(void **state)
{
	struct disk *d = *state;

	assert_int_equal(d->storage.save(d->storage.ctx, "settings",
				 bytes_of("", STORAGE_ITEM_MAX + 1), &d->why),
		FL_ERANGE);
	assert_non_null(strstr(d->words, "at most 16777216 can be stored"));
}

/* ---- damage ---- */

#define ITEM "link wan1 weight 4\n"

static size_t whole_file(uint8_t out[128])
{
	storage_header_write(text(ITEM), out);
	memcpy(out + STORAGE_HEADER_SIZE, ITEM, strlen(ITEM));
	return STORAGE_HEADER_SIZE + strlen(ITEM);
}

static void any_flipped_bit_is_noticed(void **state)
{
	struct disk *d = *state;
	uint8_t file[128];
	size_t n = whole_file(file);
	struct bytes got;

	for (size_t bit = 0; bit < 8 * n; bit++) {
		file[bit / 8] ^= (uint8_t)(1u << bit % 8);
		file_put(d, "settings", file, n);
		assert_int_equal(load(d, "settings", &got), FL_EFORMAT);
		file[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	file_put(d, "settings", file, n);
	assert_holds(d, "settings", ITEM);
}

static void any_lost_tail_is_noticed(void **state)
{
	struct disk *d = *state;
	uint8_t file[128];
	size_t n = whole_file(file);
	struct bytes got;

	for (size_t keep = 0; keep < n; keep++) {
		file_put(d, "settings", file, keep);
		assert_int_equal(load(d, "settings", &got), FL_EFORMAT);
	}
}

static void octets_behind_the_end_are_noticed(void **state)
{
	struct disk *d = *state;
	uint8_t file[128] = {0};
	size_t n = whole_file(file);
	struct bytes got;

	file_put(d, "settings", file, n + 1);
	assert_int_equal(load(d, "settings", &got), FL_EFORMAT);
}

static void damage_is_told_with_the_name_of_the_item(void **state)
{
	struct disk *d = *state;
	struct bytes got;

	file_put(d, "settings.3", "rubbish", 7);
	assert_int_equal(load(d, "settings.3", &got), FL_EFORMAT);
	assert_non_null(strstr(d->words, "settings.3"));
	assert_non_null(strstr(d->words, "damaged"));
}

static void directory_in_place_of_an_item_is_an_error(void **state)
{
	struct disk *d = *state;
	struct bytes got;
	char path[128];

	snprintf(path, sizeof(path), "%s/settings", d->dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(load(d, "settings", &got), FL_EIO);
}

static void symbolic_link_is_not_followed(void **state)
{
	struct disk *d = *state;
	struct bytes got;
	char path[128];

	assert_int_equal(save(d, "other", "x"), FL_OK);
	snprintf(path, sizeof(path), "%s/settings", d->dir);
	assert_int_equal(symlink("other", path), 0);
	assert_int_equal(load(d, "settings", &got), FL_EIO);
}

/* ---- bad days: the n-th call fails, or the power goes ---- */

/* The calls have no context of their own, so what they do is kept here. */
static struct {
	int left;         /* calls that succeed before one fails; -1: none will */
	int error;        /* what the next one fails with */
	bool power_cut;   /* after it nothing happens any more */
	size_t at_a_time; /* octets that a write takes; 0: all */
	char log[400];
} fault;

static void fault_init(int left, int error, bool power_cut)
{
	fault.left = left;
	fault.error = error;
	fault.power_cut = power_cut;
	fault.at_a_time = 0;
	fault.log[0] = '\0';
}

static bool fault_strikes(const char *call)
{
	strncat(fault.log, call, sizeof(fault.log) - strlen(fault.log) - 1);
	if (fault.left < 0) /* it struck before */
		return false;
	if (fault.left > 0) {
		fault.left--;
		return false;
	}
	if (!fault.power_cut)
		fault.left = -1;
	errno = fault.error;
	return true;
}

static int faulty_openat(int dir, const char *name, int flags, mode_t mode)
{
	return fault_strikes("open ") ? -1 : openat(dir, name, flags, mode);
}

static ssize_t faulty_write(int fd, const void *from, size_t n)
{
	if (fault_strikes("write ")) {
		/* Half of it got through, unless a signal came before the first octet. */
		if (fault.error != EINTR && write(fd, from, n / 2) < 0)
			return -1;
		errno = fault.error;
		return -1;
	}
	return write(fd, from, fault.at_a_time && n > fault.at_a_time ? fault.at_a_time : n);
}

static int faulty_fsync(int fd)
{
	return fault_strikes("fsync ") ? -1 : fsync(fd);
}

static int faulty_close(int fd)
{
	close(fd); /* a failing close closes, too (Linux) */
	return fault_strikes("close ") ? -1 : 0;
}

static int faulty_renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	return fault_strikes("rename ") ? -1 : renameat(from_dir, from, to_dir, to);
}

static int faulty_unlinkat(int dir, const char *name, int flags)
{
	return fault_strikes("unlink ") ? -1 : unlinkat(dir, name, flags);
}

static const struct storage_calls faulty = {
	faulty_openat, faulty_write, faulty_fsync, faulty_close, faulty_renameat, faulty_unlinkat};

#define CALLS_OF_A_SAVE 7

static void disk_remount(struct disk *d, const struct storage_calls *calls)
{
	storage_files_close(&d->storage);
	disk_mount(d, calls);
}

static void save_syncs_the_file_before_and_the_directory_after_the_rename(void **state)
{
	struct disk *d = *state;

	fault_init(1000, 0, false);
	disk_remount(d, &faulty);
	fault.log[0] = '\0';
	assert_int_equal(save(d, "settings", "new"), FL_OK);
	assert_string_equal(fault.log, "open write write fsync close rename fsync ");
}

static void power_cut_after_any_call_leaves_the_old_or_the_new_content(void **state)
{
	struct disk *d = *state;
	unsigned old = 0, new = 0;

	for (int calls = 0; calls <= CALLS_OF_A_SAVE; calls++) {
		struct bytes got;

		disk_remount(d, NULL);
		assert_int_equal(save(d, "settings", "the old content"), FL_OK);
		fault_init(1000, EIO, true);
		disk_remount(d, &faulty);
		fault.left = calls;
		assert_int_equal(
			save(d, "settings", "the new"), calls < CALLS_OF_A_SAVE ? FL_EIO : FL_OK);
		disk_remount(d, NULL); /* power is back */
		assert_int_equal(load(d, "settings", &got), FL_OK);
		old += got.n == strlen("the old content");
		new += got.n == strlen("the new");
		assert_false(file_exists(d, ".new"));
	}
	assert_int_equal(old, 6); /* cut before the rename was done */
	assert_int_equal(new, 2);
}

static void power_cut_during_the_first_save_leaves_nothing_or_all(void **state)
{
	struct disk *d = *state;

	for (int calls = 0; calls <= CALLS_OF_A_SAVE; calls++) {
		struct bytes got;
		enum fl_err err;

		fault_init(1000, EIO, true);
		disk_remount(d, &faulty);
		fault.left = calls;
		assert_int_equal(
			save(d, "first", "content"), calls < CALLS_OF_A_SAVE ? FL_EIO : FL_OK);
		disk_remount(d, NULL);
		err = load(d, "first", &got);
		assert_int_equal(err, calls < 6 ? FL_ENOENT : FL_OK);
		d->storage.remove(d->storage.ctx, "first");
	}
}

static void failing_call_leaves_the_old_content_and_no_litter(void **state)
{
	struct disk *d = *state;

	assert_int_equal(save(d, "settings", "old"), FL_OK);
	for (int calls = 0; calls < 6; calls++) {
		fault_init(1000, EIO, false);
		disk_remount(d, &faulty);
		fault.left = calls;
		assert_int_equal(save(d, "settings", "the new"), FL_EIO);
		assert_holds(d, "settings", "old");
		assert_false(file_exists(d, ".new"));
	}
}

static void save_that_may_not_last_is_reported(void **state)
{
	struct disk *d = *state;

	fault_init(1000, EIO, false);
	disk_remount(d, &faulty);
	fault.left = 6; /* the fsync of the directory fails */
	assert_int_equal(save(d, "settings", "new"), FL_EIO);
	assert_non_null(strstr(d->words, "fsync of the directory"));
}

static void short_writes_are_continued(void **state)
{
	struct disk *d = *state;

	fault_init(1000, 0, false);
	disk_remount(d, &faulty);
	fault.at_a_time = 3;
	assert_int_equal(save(d, "settings", "a content of many octets"), FL_OK);
	assert_holds(d, "settings", "a content of many octets");
}

static void interrupted_write_is_tried_again(void **state)
{
	struct disk *d = *state;

	fault_init(1000, EINTR, false);
	disk_remount(d, &faulty);
	for (int calls = 1; calls <= 2; calls++) { /* the header's write, the content's */
		fault.left = calls;
		assert_int_equal(save(d, "settings", "whole"), FL_OK);
		assert_holds(d, "settings", "whole");
	}
}

static void assert_save_says(struct disk *d, int calls, int error, const char *words)
{
	fault_init(1000, error, false);
	disk_remount(d, &faulty);
	fault.left = calls;
	assert_int_equal(save(d, "settings", "new"), FL_EIO);
	assert_string_equal(d->words, words);
}

static void full_disk_is_told_in_words(void **state)
{
	struct disk *d = *state;
	char words[200];

	snprintf(words, sizeof(words), "cannot save settings in %s: the disk is full (write)",
		d->dir);
	assert_save_says(d, 2, ENOSPC, words);
}

static void read_only_directory_is_told_in_words(void **state)
{
	struct disk *d = *state;
	char words[200];

	snprintf(words, sizeof(words),
		"cannot save settings in %s: the file system is read-only (open)", d->dir);
	assert_save_says(d, 0, EROFS, words);
}

static void directory_is_made_when_it_is_missing(void **state)
{
	struct disk *d = *state;
	struct storage deeper;
	char dir[128];

	snprintf(dir, sizeof(dir), "%s/state", d->dir);
	assert_int_equal(storage_files_open(&deeper, dir, &d->mem, &d->why), FL_OK);
	assert_int_equal(deeper.save(deeper.ctx, "x", text("1"), &d->why), FL_OK);
	storage_files_close(&deeper);
}

static void directory_that_cannot_be_made_is_told(void **state)
{
	struct disk *d = *state;
	struct storage none;

	assert_int_equal(storage_files_open(&none, "/nowhere/at/all", &d->mem, &d->why), FL_EIO);
	assert_non_null(strstr(d->words, "cannot make the directory /nowhere/at/all"));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(what_was_saved_is_loaded),
		T(what_was_saved_is_there_after_a_restart),
		T(later_save_replaces_an_earlier_one),
		T(empty_content_is_content),
		T(item_never_saved_is_not_there),
		T(twenty_revisions_of_a_megabyte_are_kept_apart),
		T(removed_item_is_not_there),
		T(stored_file_is_readable_by_people_behind_a_comment),
		T(names_that_are_no_plain_words_are_refused),
		T(content_beyond_the_limit_is_refused),
		T(any_flipped_bit_is_noticed),
		T(any_lost_tail_is_noticed),
		T(octets_behind_the_end_are_noticed),
		T(damage_is_told_with_the_name_of_the_item),
		T(directory_in_place_of_an_item_is_an_error),
		T(symbolic_link_is_not_followed),
		T(save_syncs_the_file_before_and_the_directory_after_the_rename),
		T(power_cut_after_any_call_leaves_the_old_or_the_new_content),
		T(power_cut_during_the_first_save_leaves_nothing_or_all),
		T(failing_call_leaves_the_old_content_and_no_litter),
		T(save_that_may_not_last_is_reported),
		T(short_writes_are_continued),
		T(interrupted_write_is_tried_again),
		T(full_disk_is_told_in_words),
		T(read_only_directory_is_told_in_words),
		T(directory_is_made_when_it_is_missing),
		T(directory_that_cannot_be_made_is_told),
	};
#undef T

	return cmocka_run_group_tests(tests, NULL, NULL);
}
