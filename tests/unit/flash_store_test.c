/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Raw flash that loses its power at every octet, tears what it was writing, and flips bits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "flash_store.h"
#include "rng.h"
#include "test_heap.h"

#define SIZE  2048
#define BLOCK 256

struct chip {
	uint8_t octets[SIZE];
	long steps;  /* octets programmed and blocks erased so far */
	long cut_at; /* at this step the power is gone; -1: never */
	bool off, refuses;
	struct rng rng; /* what a cut leaves of the octet or block it hits */
	struct flash flash;
};

/* Does the power last for one more step? */
static bool step(struct chip *c)
{
	if (c->off || c->steps == c->cut_at) {
		c->off = true;
		return false;
	}
	c->steps++;
	return true;
}

static bool chip_read(void *ctx, uint32_t at, void *out, uint32_t n)
{
	const struct chip *c = ctx;

	assert_in_range(at + n, 0, SIZE);
	memcpy(out, c->octets + at, n);
	return true;
}

static bool chip_erase(void *ctx, uint32_t at, uint32_t n)
{
	struct chip *c = ctx;

	assert_int_equal(at % BLOCK, 0);
	assert_int_equal(n % BLOCK, 0);
	for (uint32_t block = at; block < at + n; block += BLOCK) {
		if (c->off || c->refuses)
			return false;
		if (!step(c)) { /* some bits have risen, others not yet */
			for (uint32_t i = block; i < block + BLOCK; i++)
				c->octets[i] |= (uint8_t)rng_u64(&c->rng);
			return false;
		}
		memset(c->octets + block, 0xff, BLOCK);
	}
	return true;
}

static bool chip_program(void *ctx, uint32_t at, const void *from, uint32_t n)
{
	struct chip *c = ctx;
	const uint8_t *octets = from;

	assert_in_range(at + n, 0, SIZE);
	for (uint32_t i = 0; i < n; i++) {
		if (c->off || c->refuses)
			return false;
		if (!step(c)) { /* some bits have fallen, others not yet */
			c->octets[at + i] &= octets[i] | (uint8_t)rng_u64(&c->rng);
			return false;
		}
		c->octets[at + i] &= octets[i];
	}
	return true;
}

static void chip_new(struct chip *c, uint64_t seed)
{
	memset(c, 0, sizeof(*c));
	memset(c->octets, 0xff, sizeof(c->octets));
	c->cut_at = -1;
	c->rng = rng_of(seed);
	c->flash = (struct flash){c, SIZE, chip_read, chip_erase, chip_program};
}

static enum fl_err save(struct chip *c, const char *text)
{
	return flash_store_save(&c->flash, bytes_of(text, strlen(text)));
}

/* What is loaded, as a text; "" when there is nothing. */
static const char *loaded(struct chip *c, bool *damaged)
{
	static char text[SIZE];
	struct bytes got = bytes_of("", 0);
	struct arena mem;

	arena_init(&mem, &heap);
	if (flash_store_load(&c->flash, &mem, &got, damaged))
		got = bytes_of("", 0);
	memcpy(text, got.at, got.n);
	text[got.n] = '\0';
	arena_reset(&mem);
	return text;
}

static void what_was_saved_is_loaded_and_each_save_replaces_the_last(void **state)
{
	struct chip c;
	bool damaged;
	char text[32];

	(void)state;
	chip_new(&c, 1);
	assert_string_equal(loaded(&c, &damaged), "");
	assert_false(damaged);
	for (char i = 'a'; i < 'k'; i++) {
		memset(text, i, sizeof(text));
		text[31] = '\0';
		assert_int_equal(save(&c, text), FL_OK);
		assert_string_equal(loaded(&c, &damaged), text);
		assert_false(damaged);
	}
}

static void a_power_cut_at_any_octet_leaves_the_old_or_the_new(void **state)
{
	static const char old[] = "link wan1 weight 1", new[] = "link wan1 weight 2 and more";
	struct chip whole, c;
	long last;
	bool damaged, turned = false;

	(void)state;
	chip_new(&whole, 1);
	assert_int_equal(save(&whole, "an older one"), FL_OK);
	assert_int_equal(save(&whole, old), FL_OK);
	last = whole.steps;
	c = whole;
	c.flash.ctx = &c;
	assert_int_equal(save(&c, new), FL_OK);
	for (long cut = last; cut <= c.steps; cut++)
		for (uint64_t seed = 0; seed < 20; seed++) {
			struct chip torn = whole;
			const char *got;

			torn.flash.ctx = &torn;
			torn.rng = rng_of(seed);
			torn.cut_at = cut;
			(void)!save(&torn, new);
			torn.off = false;
			torn.cut_at = -1;
			got = loaded(&torn, &damaged);
			turned |= strcmp(got, new) == 0;
			if (strcmp(got, old) != 0 && strcmp(got, new) != 0)
				fail_msg("cut at step %ld: \"%s\"", cut, got);
			/* And the next save works as if nothing had been. */
			assert_int_equal(save(&torn, "the next one"), FL_OK);
			assert_string_equal(loaded(&torn, &damaged), "the next one");
		}
	assert_true(turned);
}

static void a_power_cut_in_the_first_save_leaves_nothing_or_all(void **state)
{
	(void)state;
	for (long cut = 0; cut < 60; cut++) {
		struct chip c;
		const char *got;
		bool damaged;

		chip_new(&c, (uint64_t)cut);
		c.cut_at = cut;
		(void)!save(&c, "the first");
		c.off = false;
		got = loaded(&c, &damaged);
		assert_true(got[0] == '\0' || strcmp(got, "the first") == 0);
	}
}

static void any_flipped_bit_falls_back_to_the_older_one_and_says_so(void **state)
{
	static const char old[] = "the old one", new[] = "the new one, which is longer";
	struct chip c;
	bool damaged;
	size_t used = FLASH_STORE_HEADER + sizeof(new) - 1;

	(void)state;
	chip_new(&c, 1);
	assert_int_equal(save(&c, old), FL_OK);
	assert_int_equal(save(&c, new), FL_OK);
	for (size_t bit = 0; bit < used * 8; bit++) {
		uint8_t *octet = &c.octets[SIZE / 2 + bit / 8];

		*octet ^= (uint8_t)(1u << bit % 8);
		assert_string_equal(loaded(&c, &damaged), old);
		assert_true(damaged);
		*octet ^= (uint8_t)(1u << bit % 8);
	}
	assert_string_equal(loaded(&c, &damaged), new);
}

static void flash_that_refuses_keeps_what_it_had(void **state)
{
	struct chip c;
	bool damaged;

	(void)state;
	chip_new(&c, 1);
	assert_int_equal(save(&c, "kept"), FL_OK);
	c.refuses = true;
	assert_int_equal(save(&c, "lost"), FL_EIO);
	c.refuses = false;
	assert_string_equal(loaded(&c, &damaged), "kept");
}

static void what_does_not_fit_a_slot_is_refused_before_anything_is_erased(void **state)
{
	struct chip c;
	bool damaged;
	char text[SIZE];

	(void)state;
	chip_new(&c, 1);
	assert_int_equal(save(&c, "kept"), FL_OK);
	memset(text, 'x', sizeof(text));
	text[SIZE / 2 - FLASH_STORE_HEADER + 1] = '\0';
	assert_int_equal(save(&c, text), FL_ERANGE);
	assert_string_equal(loaded(&c, &damaged), "kept");
	text[SIZE / 2 - FLASH_STORE_HEADER] = '\0';
	assert_int_equal(save(&c, text), FL_OK);
	assert_string_equal(loaded(&c, &damaged), text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_saved_is_loaded_and_each_save_replaces_the_last),
		cmocka_unit_test(a_power_cut_at_any_octet_leaves_the_old_or_the_new),
		cmocka_unit_test(a_power_cut_in_the_first_save_leaves_nothing_or_all),
		cmocka_unit_test(any_flipped_bit_falls_back_to_the_older_one_and_says_so),
		cmocka_unit_test(flash_that_refuses_keeps_what_it_had),
		cmocka_unit_test(what_does_not_fit_a_slot_is_refused_before_anything_is_erased),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
