/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lamps_linux.h"
#include "test_heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- a tree like /sys/class/leds, made of files ---- */

struct bench {
	char dir[64], sysfs[80], files[80];
	struct arena mem;
	struct lamps lamps;
};

static void file_put(const char *dir, const char *name, const char *text)
{
	char path[200];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void assert_file(const char *dir, const char *name, const char *text)
{
	char path[200], got[200] = "";
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "r");
	assert_non_null(f);
	got[fread(got, 1, sizeof(got) - 1, f)] = '\0';
	fclose(f);
	assert_string_equal(got, text);
}

static void device_make(struct bench *b, const char *name, const char *max)
{
	char dir[160];

	snprintf(dir, sizeof(dir), "%s/%s", b->sysfs, name);
	assert_int_equal(mkdir(dir, 0700), 0);
	file_put(dir, "brightness", "7\n");
	file_put(dir, "max_brightness", max);
	file_put(dir, "trigger", "none [heartbeat]\n");
}

static const struct board_lamp table[] = {
	{.name = "SYS", .green = "x:green:sys", .amber = "x:amber:sys", .red = "x:red:sys"},
	{.name = "WAN1", .green = "x:green:wan1", .amber = "x:amber:wan1"},
	{.name = "WAN2", .green = "x:green:wan2", .red = "x:red:wan2"},
	{.name = "WAN3", .green = "x:white:wan3"}, {.name = "WAN4"},
	{.name = "WAN5", .green = "x:keyboard:wan5", .lent = true}, /* nobody makes it */
};

static int setup(void **state)
{
	static const char *const devices[] = {"x:green:sys", "x:amber:sys", "x:red:sys",
		"x:green:wan1", "x:amber:wan1", "x:green:wan2", "x:red:wan2", "x:white:wan3"};
	struct bench *b = calloc(1, sizeof(*b));

	strcpy(b->dir, "/tmp/fl-lamps-XXXXXX");
	if (!mkdtemp(b->dir))
		return -1;
	snprintf(b->sysfs, sizeof(b->sysfs), "%s/leds", b->dir);
	snprintf(b->files, sizeof(b->files), "%s/files", b->dir);
	if (mkdir(b->sysfs, 0700) < 0)
		return -1;
	for (size_t i = 0; i < COUNT_OF(devices); i++)
		device_make(b, devices[i], "255\n");
	arena_init(&b->mem, &heap);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;
	char command[100];

	arena_reset(&b->mem);
	snprintf(command, sizeof(command), "rm -rf '%s'", b->dir);
	free(b);
	return system(command);
}

static void open_lamps(struct bench *b, bool devices, bool files)
{
	char words[200];
	struct textbuf why = textbuf_of(words, sizeof(words));

	assert_int_equal(lamps_linux_open(&b->lamps, table, COUNT_OF(table),
				 devices ? b->sysfs : NULL, files ? b->files : NULL, &b->mem, &why),
		FL_OK);
}

enum { OFF, GREEN, AMBER, RED };

static void show(struct bench *b, const char *lamp, int colour)
{
	b->lamps.set(b->lamps.ctx, str_of(lamp), colour == GREEN, colour == AMBER, colour == RED);
}

static void assert_lit(struct bench *b, const char *device, bool lit)
{
	char name[100];

	snprintf(name, sizeof(name), "%s/brightness", device);
	assert_file(b->sysfs, name, lit ? "255" : "0");
}

static bool is_one_colour(struct bench *b, const char *lamp)
{
	bool one = true;

	assert_int_equal(b->lamps.describe(b->lamps.ctx, str_of(lamp), &one), FL_OK);
	return one;
}

/* ---- devices ---- */

static void lamp_lights_the_device_of_its_colour_and_no_other(void **state)
{
	struct bench *b = *state;

	open_lamps(b, true, false);
	for (int colour = OFF; colour <= RED; colour++) {
		show(b, "SYS", colour);
		assert_lit(b, "x:green:sys", colour == GREEN);
		assert_lit(b, "x:amber:sys", colour == AMBER);
		assert_lit(b, "x:red:sys", colour == RED);
	}
}

static void lamp_without_red_shows_amber_instead(void **state)
{
	struct bench *b = *state;

	open_lamps(b, true, false);
	show(b, "WAN1", RED);
	assert_lit(b, "x:amber:wan1", true);
	assert_lit(b, "x:green:wan1", false);
}

static void lamp_without_amber_mixes_it_of_red_and_green(void **state)
{
	struct bench *b = *state;

	open_lamps(b, true, false);
	show(b, "WAN2", AMBER);
	assert_lit(b, "x:green:wan2", true);
	assert_lit(b, "x:red:wan2", true);
	show(b, "WAN2", RED);
	assert_lit(b, "x:green:wan2", false);
	assert_lit(b, "x:red:wan2", true);
}

static void lamp_of_one_device_lights_it_for_every_colour(void **state)
{
	struct bench *b = *state;

	open_lamps(b, true, false);
	for (int colour = GREEN; colour <= RED; colour++) {
		show(b, "WAN3", OFF);
		assert_lit(b, "x:white:wan3", false);
		show(b, "WAN3", colour);
		assert_lit(b, "x:white:wan3", true);
	}
}

static void kernel_trigger_of_a_device_is_taken_away(void **state)
{
	struct bench *b = *state;

	open_lamps(b, true, false);
	assert_file(b->sysfs, "x:green:wan1/trigger", "none\n");
}

static void devices_that_are_not_there_are_named(void **state)
{
	struct bench *b = *state;
	char words[300], command[200];
	struct textbuf t = textbuf_of(words, sizeof(words));

	open_lamps(b, false, true);
	lamps_linux_missing(&b->lamps, &t);
	assert_int_equal(t.n, 0); /* files: no device is wanted */
	open_lamps(b, true, false);
	lamps_linux_missing(&b->lamps, &t);
	assert_string_equal(words, "");
	snprintf(command, sizeof(command), "rm -r '%s'/x:red:wan2 '%s'/x:white:wan3", b->sysfs,
		b->sysfs);
	assert_int_equal(system(command), 0);
	open_lamps(b, true, false);
	lamps_linux_missing(&b->lamps, &t);
	assert_string_equal(words, "x:red:wan2, x:white:wan3");
}

static void device_is_lit_with_its_own_greatest_brightness(void **state)
{
	struct bench *b = *state;

	file_put(b->sysfs, "x:green:wan1/max_brightness", "1\n");
	open_lamps(b, true, false);
	show(b, "WAN1", GREEN);
	assert_file(b->sysfs, "x:green:wan1/brightness", "1");
}

static void device_without_max_brightness_is_lit_with_one(void **state)
{
	struct bench *b = *state;
	char path[160];

	snprintf(path, sizeof(path), "%s/x:green:wan1/max_brightness", b->sysfs);
	assert_int_equal(unlink(path), 0);
	open_lamps(b, true, false);
	show(b, "WAN1", GREEN);
	assert_file(b->sysfs, "x:green:wan1/brightness", "1");
}

static void first_dark_is_written_whatever_the_device_showed(void **state)
{
	struct bench *b = *state;

	open_lamps(b, true, false);
	show(b, "WAN1", OFF);
	assert_lit(b, "x:green:wan1", false);
}

static void colour_shown_already_is_not_written_again(void **state)
{
	struct bench *b = *state;

	open_lamps(b, true, false);
	show(b, "WAN1", GREEN);
	file_put(b->sysfs, "x:green:wan1/brightness", "untouched");
	show(b, "WAN1", GREEN);
	assert_file(b->sysfs, "x:green:wan1/brightness", "untouched");
}

static void device_that_comes_late_is_taken_over(void **state)
{
	struct bench *b = *state;
	char command[400];

	snprintf(command, sizeof(command), "mv '%s/x:white:wan3' '%s/away'", b->sysfs, b->dir);
	assert_int_equal(system(command), 0);
	open_lamps(b, true, false);
	assert_true(is_one_colour(b, "WAN3"));
	show(b, "WAN3", GREEN);
	snprintf(command, sizeof(command), "mv '%s/away' '%s/x:white:wan3'", b->dir, b->sysfs);
	assert_int_equal(system(command), 0);
	show(b, "WAN3", GREEN);
	assert_lit(b, "x:white:wan3", true);
	assert_file(b->sysfs, "x:white:wan3/trigger", "none\n");
}

static void device_that_comes_back_is_taken_over_again(void **state)
{
	struct bench *b = *state;
	char command[400];

	open_lamps(b, true, false);
	show(b, "WAN3", GREEN);
	snprintf(command, sizeof(command), "rm -r '%s/x:white:wan3'", b->sysfs);
	assert_int_equal(system(command), 0);
	show(b, "WAN3", OFF);
	device_make(b, "x:white:wan3", "255\n");
	show(b, "WAN3", GREEN);
	assert_lit(b, "x:white:wan3", true);
	assert_file(b->sysfs, "x:white:wan3/trigger", "none\n");
}

static void nothing_is_written_to_devices_when_none_are_wanted(void **state)
{
	struct bench *b = *state;

	open_lamps(b, false, true);
	show(b, "SYS", GREEN);
	assert_file(b->sysfs, "x:green:sys/brightness", "7\n");
	assert_file(b->sysfs, "x:green:sys/trigger", "none [heartbeat]\n");
}

/* ---- describe ---- */

static void lamp_with_one_device_has_one_colour(void **state)
{
	struct bench *b = *state;

	open_lamps(b, true, false);
	assert_true(is_one_colour(b, "WAN3"));
	assert_false(is_one_colour(b, "WAN1"));
	assert_false(is_one_colour(b, "SYS"));
}

static void lamp_with_only_a_file_has_all_colours(void **state)
{
	struct bench *b = *state;

	open_lamps(b, true, true);
	assert_false(is_one_colour(b, "WAN4"));
}

static void lamp_that_lost_a_device_has_one_colour(void **state)
{
	struct bench *b = *state;
	char command[200];

	snprintf(command, sizeof(command), "rm -r '%s/x:amber:wan1'", b->sysfs);
	assert_int_equal(system(command), 0);
	open_lamps(b, true, false);
	assert_true(is_one_colour(b, "WAN1"));
}

static void lamp_that_the_board_has_not_is_not_there(void **state)
{
	struct bench *b = *state;
	bool one;

	open_lamps(b, true, true);
	assert_int_equal(b->lamps.describe(b->lamps.ctx, STR("WAN9"), &one), FL_ENOENT);
	show(b, "WAN9", GREEN); /* harmless */
}

/* ---- files ---- */

static void file_tells_name_colour_and_pattern(void **state)
{
	struct bench *b = *state;

	open_lamps(b, false, true);
	assert_file(b->files, "WAN1", "WAN1 off off\n");
	b->lamps.name_pattern(b->lamps.ctx, STR("WAN1"), "green-amber");
	show(b, "WAN1", GREEN);
	assert_file(b->files, "WAN1", "WAN1 green green-amber\n");
	show(b, "WAN1", AMBER);
	assert_file(b->files, "WAN1", "WAN1 amber green-amber\n");
}

static void file_is_replaced_not_written_over(void **state)
{
	struct bench *b = *state;
	char path[120], text[40] = "";
	FILE *before;

	open_lamps(b, false, true);
	snprintf(path, sizeof(path), "%s/WAN1", b->files);
	before = fopen(path, "r");
	assert_non_null(before);
	show(b, "WAN1", GREEN);
	assert_true(fread(text, 1, sizeof(text) - 1, before) > 0); /* a reader sees it whole */
	fclose(before);
	assert_string_equal(text, "WAN1 off off\n");
	assert_file(b->files, "WAN1", "WAN1 green off\n");
}

static void every_lamp_has_a_file_and_nothing_else_lies_there(void **state)
{
	struct bench *b = *state;
	char command[300];

	open_lamps(b, false, true);
	show(b, "SYS", RED);
	snprintf(command, sizeof(command),
		"test \"$(ls -A '%s' | tr '\\n' ' ')\" = 'SYS WAN1 WAN2 WAN3 WAN4 WAN5 '",
		b->files);
	assert_int_equal(system(command), 0);
}

static void directory_that_cannot_be_used_is_told(void **state)
{
	struct bench *b = *state;
	char words[200];
	struct textbuf why = textbuf_of(words, sizeof(words));

	assert_int_equal(lamps_linux_open(&b->lamps, table, COUNT_OF(table), NULL, "/nowhere/lamps",
				 &b->mem, &why),
		FL_EIO);
	assert_string_equal(words,
		"cannot make the directory /nowhere/lamps for lamps: No such file or directory");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(lamp_lights_the_device_of_its_colour_and_no_other),
		T(lamp_without_red_shows_amber_instead),
		T(lamp_without_amber_mixes_it_of_red_and_green),
		T(lamp_of_one_device_lights_it_for_every_colour),
		T(kernel_trigger_of_a_device_is_taken_away),
		T(devices_that_are_not_there_are_named),
		T(device_is_lit_with_its_own_greatest_brightness),
		T(device_without_max_brightness_is_lit_with_one),
		T(first_dark_is_written_whatever_the_device_showed),
		T(colour_shown_already_is_not_written_again),
		T(device_that_comes_late_is_taken_over),
		T(device_that_comes_back_is_taken_over_again),
		T(nothing_is_written_to_devices_when_none_are_wanted),
		T(lamp_with_one_device_has_one_colour),
		T(lamp_with_only_a_file_has_all_colours),
		T(lamp_that_lost_a_device_has_one_colour),
		T(lamp_that_the_board_has_not_is_not_there),
		T(file_tells_name_colour_and_pattern),
		T(file_is_replaced_not_written_over),
		T(every_lamp_has_a_file_and_nothing_else_lies_there),
		T(directory_that_cannot_be_used_is_told),
	};
#undef T

	return cmocka_run_group_tests(tests, NULL, NULL);
}
