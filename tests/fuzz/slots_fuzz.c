/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any octets in the memory of slots: what is loaded is whole, what is saved is there, and a power
 * cut at any page of a save leaves the old or the new. */
#include "slots.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define SLOT 256
#define NEW                                                                                        \
	"what is saved anew, longer than one page of the memory, so that it takes more writes "    \
	"than one"

struct memory {
	uint8_t octets[2 * SLOT];
	unsigned writes_left; /* before the power goes */
};

static bool memory_read(void *ctx, uint32_t at, void *to, size_t n)
{
	const struct memory *m = ctx;

	if (at > sizeof(m->octets) || n > sizeof(m->octets) - at)
		abort();
	memcpy(to, m->octets + at, n);
	return true;
}

static bool memory_write(void *ctx, uint32_t at, const void *from, size_t n)
{
	struct memory *m = ctx;

	if (n > SLOTS_PAGE || at % SLOTS_PAGE + n > SLOTS_PAGE || at + n > sizeof(m->octets))
		abort();
	if (m->writes_left == 0)
		return false;
	m->writes_left--;
	memcpy(m->octets + at, from, n);
	return true;
}

static void *get(void *ctx, size_t n)
{
	(void)ctx;
	return malloc(n);
}

static void put(void *ctx, void *p, size_t n)
{
	(void)ctx;
	(void)n;
	free(p);
}

static enum fl_err load(const struct storage *st, struct arena *mem, struct bytes *out)
{
	char words[100];
	struct textbuf why = textbuf_of(words, sizeof(words));

	return st->load(st->ctx, "item", mem, out, &why);
}

static bool is_new(struct bytes b)
{
	return b.n == sizeof(NEW) && memcmp(b.at, NEW, b.n) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct slots_item item = {"item", 0, SLOT};
	const struct arena_source source = {.get = get, .put = put};
	struct memory m = {.writes_left = n ? data[0] % 5 : 0};
	const struct paged paged = {&m, memory_read, memory_write};
	struct slots slots = {&paged, &item, 1};
	char words[100];
	struct textbuf why = textbuf_of(words, sizeof(words));
	struct bytes old, now;
	struct storage st;
	struct arena mem;
	enum fl_err had;
	bool saved;

	memcpy(m.octets, data, n < sizeof(m.octets) ? n : sizeof(m.octets));
	slots_fill(&slots, &st);
	arena_init(&mem, &source);
	had = load(&st, &mem, &old);
	if (had == FL_OK && old.n > SLOT - SLOTS_HEADER)
		abort();
	saved = st.save(st.ctx, "item", bytes_of(NEW, sizeof(NEW)), &why) == FL_OK;
	if (load(&st, &mem, &now) != FL_OK) {
		if (saved || had == FL_OK)
			abort();
	} else if (!is_new(now) &&
		   (saved || had != FL_OK || now.n != old.n || memcmp(now.at, old.at, now.n))) {
		abort();
	}
	arena_reset(&mem);
	return 0;
}
