/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last partition of a disk grows: what is written, in which order, and when nothing is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gpt.h"

#include <stdlib.h>
#include <string.h>

#define OLD_SECTORS 399360u
#define NEW_SECTORS 4000000u
#define DATA_FIRST  200704u
#define DATA_LAST   397311u

struct disk {
	uint8_t header[GPT_SECTOR], list[GPT_LIST_SIZE];
	struct gpt_grown grown;
	char words[200];
	struct textbuf why;
};

static void set(uint8_t *p, uint64_t v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static uint64_t get(const uint8_t *p, unsigned n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | p[n];
	return v;
}

/* One bit at a time, as the standard has it: not the code that is tested. */
static uint32_t crc(const uint8_t *at, size_t n)
{
	uint32_t c = 0xFFFFFFFF;

	for (size_t bit = 0; bit < 8 * n; bit++) {
		uint32_t in = (uint32_t)at[bit / 8] >> bit % 8 & 1;

		c = (c & 1) != in ? (c >> 1) ^ 0xEDB88320 : c >> 1;
	}
	return c ^ 0xFFFFFFFF;
}

static void seal(struct disk *d)
{
	set(d->header + 88, crc(d->list, sizeof(d->list)), 4);
	set(d->header + 16, 0, 4);
	set(d->header + 16, crc(d->header, 92), 4);
}

static void partition(
	struct disk *d, unsigned number, const char *name, uint64_t first, uint64_t last)
{
	uint8_t *e = d->list + (number - 1) * 128;

	memset(e, 0x5A, 16);
	set(e + 32, first, 8);
	set(e + 40, last, 8);
	for (size_t i = 0; name[i]; i++)
		e[56 + 2 * i] = (uint8_t)name[i];
}

static struct disk *setup(void)
{
	struct disk *d = calloc(1, sizeof(*d));

	assert_non_null(d);
	d->why = textbuf_of(d->words, sizeof(d->words));
	memcpy(d->header, "EFI PART\0\0\1", 12);
	set(d->header + 12, 92, 4);
	set(d->header + 24, 1, 8);
	set(d->header + 32, OLD_SECTORS - 1, 8);
	set(d->header + 40, 2048, 8);
	set(d->header + 48, OLD_SECTORS - 34, 8);
	set(d->header + 72, 2, 8);
	set(d->header + 80, 128, 4);
	set(d->header + 84, 128, 4);
	partition(d, 1, "fl-boot", 32768, 34815);
	partition(d, 6, "fl-data", DATA_FIRST, DATA_LAST);
	seal(d);
	return d;
}

static enum fl_err grow(struct disk *d, uint64_t sectors)
{
	return gpt_grow(d->header, d->list, sectors, "fl-data", &d->grown, &d->why);
}

static void it_has_all_but_the_copy_of_the_table(void **state)
{
	struct disk *d = setup();
	const struct gpt_grown *g = &d->grown;

	(void)state;
	assert_int_equal(grow(d, NEW_SECTORS), FL_OK);
	assert_int_equal(g->number, 6);
	assert_int_equal(g->start, DATA_FIRST);
	assert_int_equal(g->was, DATA_LAST - DATA_FIRST + 1);
	assert_int_equal((g->start + g->size) % 2048, 0);
	assert_int_equal(g->copy_at, NEW_SECTORS - 1);
	assert_int_equal(g->copy_list_at, NEW_SECTORS - 33);
	assert_true(g->start + g->size <= g->copy_list_at);
	assert_true(g->copy_list_at - (g->start + g->size) < 2048);
	assert_int_equal(get(g->list + 5 * 128 + 40, 8), g->start + g->size - 1);
	assert_memory_equal(g->list, d->list, 128);
	free(d);
}

static void both_headers_are_whole_and_name_each_other(void **state)
{
	struct disk *d = setup();
	const uint8_t *headers[2] = {d->grown.header, d->grown.copy};

	(void)state;
	assert_int_equal(grow(d, NEW_SECTORS), FL_OK);
	for (size_t i = 0; i < 2; i++) {
		uint8_t h[GPT_SECTOR];
		uint64_t sum = get(headers[i] + 16, 4);

		memcpy(h, headers[i], sizeof(h));
		set(h + 16, 0, 4);
		assert_int_equal(sum, crc(h, 92));
		assert_int_equal(get(h + 88, 4), crc(d->grown.list, GPT_LIST_SIZE));
		assert_int_equal(get(h + 24, 8), i ? NEW_SECTORS - 1 : 1);
		assert_int_equal(get(h + 32, 8), i ? 1 : NEW_SECTORS - 1);
		assert_int_equal(get(h + 48, 8), NEW_SECTORS - 34);
	}
	assert_int_equal(get(d->grown.copy + 72, 8), d->grown.copy_list_at);
	free(d);
}

/* Until the header names the new list, the old one is there. */
static void the_list_in_force_is_not_written_over(void **state)
{
	struct disk *d = setup();

	(void)state;
	assert_int_equal(grow(d, NEW_SECTORS), FL_OK);
	assert_int_equal(d->grown.list_at, GPT_OTHER_AT);
	assert_int_equal(gpt_list_at(d->grown.header), GPT_OTHER_AT);
	memcpy(d->header, d->grown.header, sizeof(d->header));
	memcpy(d->list, d->grown.list, sizeof(d->list));
	assert_int_equal(grow(d, 2 * NEW_SECTORS), FL_OK);
	assert_int_equal(d->grown.list_at, GPT_LIST_AT);
	free(d);
}

static void once_is_enough(void **state)
{
	struct disk *d = setup();

	(void)state;
	assert_int_equal(grow(d, OLD_SECTORS), FL_OK);
	assert_int_equal(d->grown.size, d->grown.was);
	assert_int_equal(grow(d, NEW_SECTORS), FL_OK);
	memcpy(d->header, d->grown.header, sizeof(d->header));
	memcpy(d->list, d->grown.list, sizeof(d->list));
	assert_int_equal(grow(d, NEW_SECTORS), FL_OK);
	assert_int_equal(d->grown.size, d->grown.was);
	free(d);
}

static void only_the_last_one_grows(void **state)
{
	struct disk *d = setup();

	(void)state;
	partition(d, 7, "photos", DATA_LAST + 1, DATA_LAST + 2048);
	seal(d);
	assert_int_equal(grow(d, NEW_SECTORS), FL_EPERM);
	assert_non_null(strstr(d->words, "not the last"));
	free(d);
}

static void a_disk_of_somebody_else_is_left_alone(void **state)
{
	struct disk *d = setup();

	(void)state;
	partition(d, 6, "root", DATA_FIRST, DATA_LAST);
	seal(d);
	assert_int_equal(grow(d, NEW_SECTORS), FL_ENOENT);
	free(d);
}

static void any_flipped_bit_is_noticed(void **state)
{
	struct disk *d = setup();

	(void)state;
	for (size_t bit = 0; bit < 92 * 8; bit++) {
		d->header[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(grow(d, NEW_SECTORS), FL_EFORMAT);
		d->header[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t bit = 0; bit < sizeof(d->list) * 8; bit += 1021) {
		d->list[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(grow(d, NEW_SECTORS), FL_EFORMAT);
		d->list[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	free(d);
}

/* It was cut short when it was copied. */
static void a_disk_that_ends_before_its_partition_is_left_alone(void **state)
{
	struct disk *d = setup();

	(void)state;
	assert_int_equal(grow(d, DATA_LAST - 5000), FL_EPERM);
	assert_int_equal(grow(d, 3), FL_EPERM);
	free(d);
}

static void the_first_sector_covers_the_disk(void **state)
{
	uint8_t sector[GPT_SECTOR] = {0};

	(void)state;
	assert_false(gpt_protect(sector, NEW_SECTORS));
	sector[0x1C2] = 0xEE;
	sector[510] = 0x55;
	sector[511] = 0xAA;
	assert_true(gpt_protect(sector, NEW_SECTORS));
	assert_int_equal(get(sector + 0x1CA, 4), NEW_SECTORS - 1);
	assert_true(gpt_protect(sector, 1ull << 40));
	assert_int_equal(get(sector + 0x1CA, 4), 0xFFFFFFFF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_has_all_but_the_copy_of_the_table),
		cmocka_unit_test(both_headers_are_whole_and_name_each_other),
		cmocka_unit_test(the_list_in_force_is_not_written_over),
		cmocka_unit_test(once_is_enough),
		cmocka_unit_test(only_the_last_one_grows),
		cmocka_unit_test(a_disk_of_somebody_else_is_left_alone),
		cmocka_unit_test(any_flipped_bit_is_noticed),
		cmocka_unit_test(a_disk_that_ends_before_its_partition_is_left_alone),
		cmocka_unit_test(the_first_sector_covers_the_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
