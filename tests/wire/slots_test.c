/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the EEPROM holds after the power went away at any moment of a write; and the memory of
 * arenas. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heap.h"
#include "rng.h"
#include "slots.h"
#include "test_heap.h"

#define SLOT 512
static const struct slots_item items[] = {{"settings", 0, SLOT}, {"seed", 2 * SLOT, 64}};

/* An EEPROM that is cut off after so many octets. */
static struct eeprom {
	uint8_t octets[2 * SLOT + 128];
	long left; /* octets that can still be written; < 0: any number */
} eeprom;

static bool eeprom_read(void *ctx, uint32_t at, void *to, size_t n)
{
	const struct eeprom *e = ctx;

	assert_true(at + n <= sizeof(e->octets));
	memcpy(to, e->octets + at, n);
	return true;
}

static bool eeprom_write(void *ctx, uint32_t at, const void *from, size_t n)
{
	struct eeprom *e = ctx;
	size_t part = e->left >= 0 && (size_t)e->left < n ? (size_t)e->left : n;

	assert_true(at + n <= sizeof(e->octets) && at % SLOTS_PAGE + n <= SLOTS_PAGE);
	memcpy(e->octets + at, from, part);
	if (e->left >= 0)
		e->left -= (long)part;
	return part == n;
}

static const struct paged memory = {&eeprom, eeprom_read, eeprom_write};
static struct slots slots = {&memory, items, COUNT_OF(items)};
static struct storage storage;

static int setup(void **state)
{
	(void)state;
	memset(eeprom.octets, 0xff, sizeof(eeprom.octets));
	eeprom.left = -1;
	slots_fill(&slots, &storage);
	return 0;
}

static enum fl_err save(const char *name, const char *text)
{
	struct textbuf why = textbuf_of((char[80]){0}, 80);

	return storage.save(storage.ctx, name, bytes_of(text, strlen(text)), &why);
}

/* Is this what is there?  NULL: nothing. */
static bool holds(const char *name, const char *text)
{
	struct textbuf why = textbuf_of((char[80]){0}, 80);
	struct arena mem;
	struct bytes octets = {0};
	enum fl_err err;
	bool same;

	arena_init(&mem, &heap);
	err = storage.load(storage.ctx, name, &mem, &octets, &why);
	same = text ? err == FL_OK && octets.n == strlen(text) &&
			       memcmp(octets.at, text, octets.n) == 0
		    : err == FL_ENOENT;
	arena_reset(&mem);
	return same;
}

static void what_is_saved_is_there(void **state)
{
	(void)state;
	assert_true(holds("settings", NULL));
	assert_int_equal(save("settings", "one"), FL_OK);
	assert_int_equal(save("seed", "12345678"), FL_OK);
	assert_true(holds("settings", "one"));
	for (int i = 0; i < 300; i++)
		assert_int_equal(save("settings", i % 2 ? "two" : ""), FL_OK);
	assert_true(holds("settings", "two"));
	assert_true(holds("seed", "12345678"));
	assert_int_equal(storage.remove(storage.ctx, "settings"), FL_OK);
	assert_true(holds("settings", NULL));
}

/* The old text or the new one, whole, after a cut behind any octet. */
static void a_cut_at_any_octet_leaves_the_old_or_the_new(void **state)
{
	char was[400], will[450];

	(void)state;
	memset(was, 'a', sizeof(was));
	was[sizeof(was) - 1] = '\0';
	memset(will, 'b', sizeof(will));
	will[sizeof(will) - 1] = '\0';
	for (long cut = 0; cut <= 480; cut++) {
		setup(NULL);
		assert_int_equal(save("settings", "older"), FL_OK);
		assert_int_equal(save("settings", was), FL_OK);
		eeprom.left = cut;
		if (save("settings", will) == FL_OK)
			assert_true(holds("settings", will));
		eeprom.left = -1;
		assert_true(holds("settings", was) || holds("settings", will));
		assert_int_equal(save("settings", will), FL_OK);
		assert_true(holds("settings", will));
	}
}

static void a_damaged_newest_slot_gives_the_one_before(void **state)
{
	(void)state;
	assert_int_equal(save("settings", "one"), FL_OK);
	assert_int_equal(save("settings", "two"), FL_OK);
	eeprom.octets[SLOT + SLOTS_HEADER] ^= 1;
	assert_true(holds("settings", "one"));
}

static void noise_is_nothing(void **state)
{
	struct rng r = rng_of(7);

	(void)state;
	for (int i = 0; i < 2000; i++) {
		for (size_t k = 0; k < sizeof(eeprom.octets); k++)
			eeprom.octets[k] = (uint8_t)rng_below(&r, 256);
		if (i % 2)
			memcpy(eeprom.octets, "FLS1\0\0\0\1\xff", 9);
		assert_true(holds("settings", NULL));
	}
}

static void what_does_not_fit_is_refused(void **state)
{
	char text[SLOT];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[SLOT - SLOTS_HEADER] = '\0';
	assert_int_equal(save("settings", text), FL_OK);
	text[SLOT - SLOTS_HEADER] = 'x';
	text[SLOT - 1] = '\0';
	assert_int_equal(save("settings", text), FL_EFULL);
	assert_int_equal(save("nothing", "x"), FL_EFULL);
}

static void pieces_come_back_to_one(void **state)
{
	static _Alignas(8) uint8_t room[10000];
	struct heap h;
	struct arena_source s;
	struct {
		void *at;
		size_t n;
	} piece[50] = {{0}};
	struct rng r = rng_of(3);

	(void)state;
	heap_open(&h, room, sizeof(room));
	s = heap_source(&h);
	for (int i = 0; i < 20000; i++) {
		size_t k = rng_below(&r, COUNT_OF(piece));

		if (piece[k].at) {
			for (size_t o = 0; o < piece[k].n; o++)
				assert_int_equal(((uint8_t *)piece[k].at)[o], (uint8_t)k);
			s.put(s.ctx, piece[k].at, piece[k].n);
			piece[k].at = NULL;
			continue;
		}
		piece[k].n = 1 + rng_below(&r, 400);
		piece[k].at = s.get(s.ctx, piece[k].n);
		if (piece[k].at)
			memset(piece[k].at, (int)k, piece[k].n);
	}
	for (size_t k = 0; k < COUNT_OF(piece); k++)
		if (piece[k].at)
			s.put(s.ctx, piece[k].at, piece[k].n);
	assert_int_equal(h.used, 0);
	assert_int_equal(heap_largest(&h), h.size);
	assert_null(s.get(s.ctx, h.size + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_is_saved_is_there, setup),
		cmocka_unit_test_setup(a_cut_at_any_octet_leaves_the_old_or_the_new, setup),
		cmocka_unit_test_setup(a_damaged_newest_slot_gives_the_one_before, setup),
		cmocka_unit_test_setup(noise_is_nothing, setup),
		cmocka_unit_test_setup(what_does_not_fit_is_refused, setup),
		cmocka_unit_test(pieces_come_back_to_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
