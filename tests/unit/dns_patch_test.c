/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An image with a few hosts changed in place is the image that would be built anew, and one that is
 * like a sound one is judged as if it had come alone. */
#include "rng.h"
#include "support/dns_zone.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define PLAIN 8 /* hosts that nothing else speaks of, from FIRST on */
#define FIRST 5

struct fixture {
	struct zone zone;
	struct arena before; /* the memory of the image before */
	struct rng rng;
	struct bytes was;
};

static const char *const plain[PLAIN] = {
	"a", "b.c", "*.w", "h1", "h2", "deep.below.sub", "x-y", "c.d.e"};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct zone *z = &f->zone;

	zone_example(z);
	for (size_t i = 0; i < PLAIN; i++)
		zone_host(z, plain[i], "192.0.2.7", (int)(i % 4));
	zone_host(z, "shared", "192.0.2.9", 1);
	zone_record(z, "shared", "A", "192.0.2.9"); /* the same address, from another row */
	zone_record(z, "h1", "TXT", "not alone");
	zone_record(z, "@", "MX", "30 h2");
	zone_reverse(z, "198.51.100.0/29");
	f->rng = rng_of(7);
	arena_init(&f->before, z->mem.source);
	*state = f;
	return zone_build(z);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	zone_close(&f->zone);
	arena_reset(&f->before);
	free(f);
	return 0;
}

static void swap_memory(struct fixture *f)
{
	struct arena now = f->zone.mem;

	f->zone.mem = f->before;
	f->before = now;
}

/* Build anew; the image before is f->was then, and stays the zone's if there is a mistake. */
static enum fl_err build(struct fixture *f)
{
	struct zone *z = &f->zone;
	enum fl_err err;

	f->was = z->octets;
	swap_memory(f);
	arena_reset(&z->mem);
	diags_init(&z->why, &z->mem);
	err = dns_image_build(&z->source, &z->mem, &z->octets, &z->why);
	if (err)
		swap_memory(f);
	return err;
}

/* The image before, with these edits; `octets` lies in the zone's memory. */
static enum fl_err patch(
	struct fixture *f, const struct dns_edit *edits, size_t n, struct bytes *octets)
{
	struct zone *z = &f->zone;
	struct dns_image image = {f->was.at, f->was.n};
	struct dns_patch *p;
	enum fl_err err = dns_image_patch(&image, &z->source, edits, n, &z->mem, &p);
	uint8_t *copy;

	if (err)
		return err;
	copy = arena_octets(&z->mem, NULL, f->was.n + 8);
	copy += -(uintptr_t)copy % 8;
	memcpy(copy, f->was.at, f->was.n);
	dns_patch_write(p, copy);
	*octets = bytes_of(copy, f->was.n);
	return FL_OK;
}

static struct dns_edit edit_of(struct fixture *f, size_t host)
{
	return (struct dns_edit){0, host, f->zone.host[host]};
}

/* Another value in one or more of the host's rows. */
static void change(struct fixture *f, struct dns_host_conf *h)
{
	static const char *const addresses[] = {"192.0.2.1", "192.0.2.2", "198.51.100.1",
		"203.0.113.5", "192.0.2.9", "192.0.2.10", "2001:db8::1", ""};
	struct rng *r = &f->rng;

	if (rng_below(r, 2))
		h->address = zone_addr(addresses[rng_below(r, COUNT_OF(addresses))]);
	if (rng_below(r, 3) == 0)
		h->link = zone_link((int)rng_below(r, 4));
	if (rng_below(r, 3) == 0)
		h->ttl = sec((int64_t)rng_below(r, 3) * 20);
	if (rng_below(r, 4) == 0) {
		h->when_dead.how = (enum dns_when_dead)rng_below(r, 3);
		h->when_dead.address = zone_addr(addresses[rng_below(r, 2)]);
	}
}

/* Mostly one that can be changed in place. */
static size_t any_host(struct fixture *f)
{
	return rng_below(&f->rng, 4) ? FIRST + rng_below(&f->rng, PLAIN)
				     : rng_below(&f->rng, FIRST);
}

static void random_edits_give_the_image_that_a_whole_build_gives(void **state)
{
	struct fixture *f = *state;
	struct zone *z = &f->zone;
	unsigned patched = 0, whole = 0, refused = 0;

	for (unsigned round = 0; round < 4000; round++) {
		size_t n = 1 + (rng_below(&f->rng, 4) == 0), host = any_host(f);
		struct dns_host_conf before[ZONE_MAX];
		struct dns_edit edits[2];
		struct bytes octets;
		enum fl_err err;

		memcpy(before, z->host, sizeof(before));
		for (size_t i = 0; i < n; i++, host++) {
			edits[i] = edit_of(f, host);
			change(f, &z->host[host]);
		}
		z->source.serial++;
		err = build(f);
		if (err) { /* a mistake is never patched in */
			assert_int_equal(patch(f, edits, n, &octets), FL_EAGAIN);
			memcpy(z->host, before, sizeof(before));
			refused++;
		} else if (patch(f, edits, n, &octets)) {
			whole++;
		} else {
			assert_int_equal(octets.n, z->octets.n);
			assert_memory_equal(octets.at, z->octets.at, octets.n);
			patched++;
		}
	}
	assert_true(patched > 500);
	assert_true(whole > 500);
	assert_true(refused > 100);
}

static void assert_patched(struct fixture *f, size_t host, enum fl_err wanted)
{
	struct dns_edit edit = edit_of(f, host);
	struct bytes octets;

	f->zone.host[host].address.b[3] ^= 1;
	assert_int_equal(build(f), FL_OK);
	assert_int_equal(patch(f, &edit, 1, &octets), wanted);
}

static void a_host_that_nothing_else_speaks_of_is_changed_in_place(void **state)
{
	for (size_t i = 0; i < PLAIN; i++)
		if (i != 3 && i != 4)
			assert_patched(*state, FIRST + i, FL_OK);
}

static void a_host_with_a_text_a_mail_entry_or_an_address_of_another_row_is_not(void **state)
{
	assert_patched(*state, FIRST + 3, FL_EAGAIN);     /* h1: it has a TXT */
	assert_patched(*state, FIRST + 4, FL_EAGAIN);     /* h2: an MX names it */
	assert_patched(*state, FIRST + PLAIN, FL_EAGAIN); /* two rows give it its address */
	assert_patched(*state, 0, FL_EAGAIN);             /* a mail entry */
	assert_patched(*state, 2, FL_EAGAIN);             /* a member of a balanced host */
}

static void a_host_with_a_pointer_is_not(void **state)
{
	struct fixture *f = *state;

	f->zone.host[FIRST].address = zone_addr("198.51.100.6");
	assert_int_equal(build(f), FL_OK);
	assert_patched(f, FIRST, FL_EAGAIN);
}

/* ---- images like one that is sound ---- */

static void a_changed_image_is_opened_beside_the_one_before(void **state)
{
	struct fixture *f = *state;
	struct zone *z = &f->zone;
	struct dns_image was, is;

	z->host[FIRST].address = zone_addr("192.0.2.99");
	z->source.serial++;
	assert_int_equal(build(f), FL_OK);
	assert_int_equal(dns_image_open(f->was, &was), FL_OK);
	assert_int_equal(dns_image_open_like(z->octets, &was, &is), FL_OK);
	z->r.image = is;
	assert_string_equal(zone_ask(z, "a.example.com", DNS_A),
		"NOERROR aa\nan a.example.com. 30 A 192.0.2.99\n");
}

static void a_larger_image_is_opened_beside_the_one_before(void **state)
{
	struct fixture *f = *state;
	struct dns_image was, is;

	zone_host(&f->zone, "another", "192.0.2.1", 1);
	assert_int_equal(build(f), FL_OK);
	assert_int_equal(dns_image_open(f->was, &was), FL_OK);
	assert_int_equal(dns_image_open_like(f->zone.octets, &was, &is), FL_OK);
	assert_int_equal(is.n, f->zone.octets.n);
}

static void damage(struct rng *rng, uint8_t *at, size_t n)
{
	for (unsigned k = 1 + rng_below(rng, 3); k > 0; k--) {
		size_t where = rng_below(rng, (uint32_t)n);

		if (rng_below(rng, 2))
			at[where] ^= (uint8_t)(1u << rng_below(rng, 8));
		else
			at[where] = (uint8_t)rng_below(rng, 256);
	}
}

static void a_damaged_image_is_judged_as_if_it_came_alone(void **state)
{
	struct fixture *f = *state;
	struct zone *z = &f->zone;
	size_t n = z->octets.n;
	uint8_t *copy = malloc(n); /* its end is the end of what may be read */
	struct dns_image sound, alone, beside;
	unsigned good = 0, bad = 0;

	assert_int_equal(dns_image_open(z->octets, &sound), FL_OK);
	for (unsigned round = 0; round < 20000; round++) {
		enum fl_err verdict;

		memcpy(copy, z->octets.at, n);
		damage(&f->rng, copy, n);
		verdict = dns_image_open(bytes_of(copy, n), &alone);
		assert_int_equal(dns_image_open_like(bytes_of(copy, n), &sound, &beside), verdict);
		good += verdict == FL_OK;
		bad += verdict != FL_OK;
	}
	assert_true(good > 1000);
	assert_true(bad > 1000);
	free(copy);
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(random_edits_give_the_image_that_a_whole_build_gives),
		T(a_host_that_nothing_else_speaks_of_is_changed_in_place),
		T(a_host_with_a_text_a_mail_entry_or_an_address_of_another_row_is_not),
		T(a_host_with_a_pointer_is_not),
		T(a_changed_image_is_opened_beside_the_one_before),
		T(a_larger_image_is_opened_beside_the_one_before),
		T(a_damaged_image_is_judged_as_if_it_came_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
