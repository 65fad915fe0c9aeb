/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Updates, with files in place of partitions: what is refused leaves no trace, what is taken is
 * there. */
#include "boot_state.h"
#include "bundle.h"
#include "update_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/eddsa.h>
#include <nettle/sha2.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define SLOT_SIZE    300000
#define PAYLOAD_SIZE 200001

struct bench {
	char folder[64];
	char slot[2][96], state[96], facts[96], bundle[96];
	uint8_t octets[BUNDLE_HEAD_SIZE + PAYLOAD_SIZE];
	uint8_t old[SLOT_SIZE]; /* what slot b held before */
	unsigned steps;
	char why[400];
};

static const uint8_t private_key[ED25519_KEY_SIZE] = {1, 2, 3};

static void put(const char *path, const void *octets, size_t n)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(octets, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static void put_fact(const struct bench *b, const char *name, const void *octets, size_t n)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", b->facts, name);
	put(path, octets, n);
}

/* Sign what is in the head. */
static void sign(struct bench *b, const uint8_t key[ED25519_KEY_SIZE])
{
	uint8_t public_key[ED25519_KEY_SIZE];

	ed25519_sha512_public_key(public_key, key);
	ed25519_sha512_sign(
		public_key, key, BUNDLE_SIGNED_SIZE, b->octets, b->octets + BUNDLE_SIGNED_SIZE);
}

static void make_bundle(struct bench *b, const char *board, long made)
{
	struct sha256_ctx hash;
	uint8_t digest[SHA256_DIGEST_SIZE];
	int n;

	memset(b->octets, 0, BUNDLE_HEAD_SIZE);
	for (size_t i = 0; i < PAYLOAD_SIZE; i++)
		b->octets[BUNDLE_HEAD_SIZE + i] = (uint8_t)(i * 7 + i / 256);
	sha256_init(&hash);
	sha256_update(&hash, PAYLOAD_SIZE, b->octets + BUNDLE_HEAD_SIZE);
	sha256_digest(&hash, sizeof(digest), digest);
	n = snprintf((char *)b->octets, BUNDLE_SIGNED_SIZE,
		"fairlead-bundle=1\nboard=%s\nversion=2.0\nmade=%ld\nsize=%d\nsha256=", board, made,
		PAYLOAD_SIZE);
	for (size_t i = 0; i < sizeof(digest); i++)
		n += snprintf((char *)b->octets + n, 3, "%02x", digest[i]);
	b->octets[n] = '\n';
	sign(b, private_key);
}

static void put_state(const struct bench *b)
{
	uint8_t partition[4096] = {0};
	const struct boot_state s = {BOOT_SLOT_A, {{2, true}, {3, true}}};

	boot_state_print(&s, partition + 512);
	put(b->state, partition, sizeof(partition));
}

static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	uint8_t public_key[ED25519_KEY_SIZE];

	assert_non_null(b);
	strcpy(b->folder, "/tmp/fl-update.XXXXXX");
	assert_non_null(mkdtemp(b->folder));
	for (size_t i = 0; i < 2; i++)
		snprintf(b->slot[i], sizeof(b->slot[i]), "%s/slot-%zu", b->folder, i);
	snprintf(b->state, sizeof(b->state), "%s/state", b->folder);
	snprintf(b->facts, sizeof(b->facts), "%s/facts", b->folder);
	snprintf(b->bundle, sizeof(b->bundle), "%s/bundle", b->folder);
	assert_int_equal(mkdir(b->facts, 0700), 0);
	ed25519_sha512_public_key(public_key, private_key);
	put_fact(b, "board", "box\n", 4);
	put_fact(b, "version", "1.0\n", 4);
	put_fact(b, "made", "1000\n", 5);
	put_fact(b, "release.pub", public_key, sizeof(public_key));
	memset(b->old, 0xee, sizeof(b->old));
	put(b->slot[0], b->old, sizeof(b->old));
	put(b->slot[1], b->old, sizeof(b->old));
	put_state(b);
	make_bundle(b, "box", 1000);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", b->folder);
	assert_int_equal(system(command), 0);
	free(b);
	return 0;
}

static void step(void *ctx, unsigned percent, const char *what)
{
	struct bench *b = ctx;

	(void)what;
	assert_in_range(percent, 0, 100);
	b->steps++;
}

static enum fl_err install(struct bench *b, bool force)
{
	struct textbuf why = textbuf_of(b->why, sizeof(b->why));
	const struct update_place place = {
		b->facts, b->state, {b->slot[0], b->slot[1]}, 'a', force, step, b};

	return update_install(&place, b->bundle, &why);
}

static enum fl_err install_octets(struct bench *b, size_t n)
{
	put(b->bundle, b->octets, n);
	return install(b, false);
}

static struct boot_state state_of(const struct bench *b)
{
	uint8_t block[BOOT_BLOCK_SIZE];
	struct boot_state s;

	assert_int_equal(boot_block_read(b->state, block), 0);
	assert_int_equal(boot_state_parse(bytes_of(block, sizeof(block)), &s), FL_OK);
	return s;
}

static void assert_slot(const struct bench *b, size_t slot, const uint8_t *octets, size_t n)
{
	uint8_t *now = malloc(SLOT_SIZE);
	FILE *f = fopen(b->slot[slot], "re");

	assert_non_null(f);
	assert_int_equal(fread(now, 1, SLOT_SIZE, f), SLOT_SIZE);
	fclose(f);
	assert_memory_equal(now, octets, n);
	free(now);
}

/* Nothing was written: neither slot, and the boot state is as it was. */
static void assert_untouched(const struct bench *b)
{
	struct boot_state s = state_of(b);

	assert_slot(b, 0, b->old, SLOT_SIZE);
	assert_slot(b, 1, b->old, SLOT_SIZE);
	assert_int_equal(s.first, BOOT_SLOT_A);
	assert_int_equal(s.slot[BOOT_SLOT_B].left, 3);
	assert_true(s.slot[BOOT_SLOT_B].ok);
}

static void a_good_update_is_in_the_other_slot_and_tried_next(void **state)
{
	struct bench *b = *state;
	struct boot_state s;

	assert_int_equal(install_octets(b, sizeof(b->octets)), FL_OK);
	assert_string_equal(b->why, "2.0");
	assert_slot(b, 0, b->old, SLOT_SIZE);
	assert_slot(b, 1, b->octets + BUNDLE_HEAD_SIZE, PAYLOAD_SIZE);
	s = state_of(b);
	assert_int_equal(s.first, BOOT_SLOT_B);
	assert_int_equal(s.slot[BOOT_SLOT_B].left, BOOT_ATTEMPTS);
	assert_false(s.slot[BOOT_SLOT_B].ok);
	assert_int_equal(s.slot[BOOT_SLOT_A].left, BOOT_ATTEMPTS);
	assert_true(b->steps > 3);
}

static void an_update_cut_anywhere_is_refused(void **state)
{
	static const size_t at[] = {
		0, 1, 4031, 4032, 4095, 4096, 4097, 100000, BUNDLE_HEAD_SIZE + PAYLOAD_SIZE - 1};
	struct bench *b = *state;

	for (size_t i = 0; i < COUNT_OF(at); i++) {
		assert_int_equal(install_octets(b, at[i]), FL_ESHORT);
		assert_untouched(b);
	}
	for (size_t n = 0; n < sizeof(b->octets); n += 4001)
		assert_int_equal(install_octets(b, n), FL_ESHORT);
	assert_untouched(b);
}

static void an_update_with_any_octet_of_its_head_flipped_is_refused(void **state)
{
	struct bench *b = *state;

	for (size_t i = 0; i < BUNDLE_HEAD_SIZE; i += i < 300 || i > 4000 ? 7 : 251) {
		b->octets[i] ^= 0x10;
		assert_int_equal(install_octets(b, sizeof(b->octets)), FL_EPERM);
		b->octets[i] ^= 0x10;
	}
	assert_untouched(b);
	assert_non_null(strstr(b->why, "not signed"));
}

static void an_update_with_its_content_flipped_is_refused(void **state)
{
	struct bench *b = *state;

	for (size_t i = BUNDLE_HEAD_SIZE; i < sizeof(b->octets); i += 2003) {
		b->octets[i] ^= (uint8_t)(1 << i % 8);
		assert_int_equal(install_octets(b, sizeof(b->octets)), FL_EFORMAT);
		b->octets[i] ^= (uint8_t)(1 << i % 8);
	}
	b->octets[sizeof(b->octets) - 1] ^= 0x80;
	assert_int_equal(install_octets(b, sizeof(b->octets)), FL_EFORMAT);
	assert_untouched(b);
}

static void an_update_with_more_behind_it_is_refused(void **state)
{
	struct bench *b = *state;
	FILE *f;

	put(b->bundle, b->octets, sizeof(b->octets));
	f = fopen(b->bundle, "ae");
	fputc('x', f);
	fclose(f);
	assert_int_equal(install(b, false), FL_EFORMAT);
	assert_untouched(b);
}

static void what_is_no_file_is_refused_by_its_own_reason(void **state)
{
	struct bench *b = *state;

	snprintf(b->bundle, sizeof(b->bundle), "%s", b->folder);
	assert_int_equal(install(b, false), FL_EIO);
	assert_string_equal(b->why, strerror(EISDIR));
	snprintf(b->bundle, sizeof(b->bundle), "%s/none", b->folder);
	assert_int_equal(install(b, false), FL_EIO);
	assert_string_equal(b->why, strerror(ENOENT));
	assert_untouched(b);
}

static void an_update_with_another_key_is_refused(void **state)
{
	static const uint8_t other[ED25519_KEY_SIZE] = {9};
	struct bench *b = *state;

	sign(b, other);
	assert_int_equal(install_octets(b, sizeof(b->octets)), FL_EPERM);
	assert_untouched(b);
}

static void an_update_for_another_board_is_refused_even_with_force(void **state)
{
	struct bench *b = *state;

	make_bundle(b, "other", 1000);
	put(b->bundle, b->octets, sizeof(b->octets));
	assert_int_equal(install(b, true), FL_EPERM);
	assert_non_null(strstr(b->why, "for the board other"));
	assert_untouched(b);
}

static void an_older_update_needs_force(void **state)
{
	struct bench *b = *state;

	make_bundle(b, "box", 999);
	assert_int_equal(install_octets(b, sizeof(b->octets)), FL_EPERM);
	assert_non_null(strstr(b->why, "older"));
	assert_untouched(b);
	assert_int_equal(install(b, true), FL_OK);
}

static void a_slot_that_cannot_be_written_is_not_started(void **state)
{
	struct bench *b = *state;
	const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY}, some = {100000, RLIM_INFINITY};
	struct boot_state s;

	put(b->bundle, b->octets, sizeof(b->octets));
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &some), 0);
	assert_int_equal(install(b, false), FL_EIO);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	s = state_of(b);
	assert_int_equal(s.first, BOOT_SLOT_A);
	assert_int_equal(s.slot[BOOT_SLOT_B].left, 0);
	assert_false(s.slot[BOOT_SLOT_B].ok);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(a_good_update_is_in_the_other_slot_and_tried_next),
		TEST(an_update_cut_anywhere_is_refused),
		TEST(an_update_with_any_octet_of_its_head_flipped_is_refused),
		TEST(an_update_with_its_content_flipped_is_refused),
		TEST(an_update_with_more_behind_it_is_refused),
		TEST(what_is_no_file_is_refused_by_its_own_reason),
		TEST(an_update_with_another_key_is_refused),
		TEST(an_update_for_another_board_is_refused_even_with_force),
		TEST(an_older_update_needs_force),
		TEST(a_slot_that_cannot_be_written_is_not_started),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
