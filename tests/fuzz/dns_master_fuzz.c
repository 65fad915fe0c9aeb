/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any octets as a master file.  Every record read has whole names and sound data, and its line lies
 * in the text. */
#include "dns_import.h"
#include "dns_master.h"
#include "support/dns_zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(int good)
{
	if (!good)
		abort();
}

static void on_record(void *ctx, const struct dns_master_record *r)
{
	const uint32_t *lines = ctx;

	check(r->line >= 1 && r->line <= *lines);
	check(dns_name_size(r->owner.wire, r->owner.n) == r->owner.n);
	check(dns_rdata_check(r->type, bytes_of(r->data, r->n), 0, r->n, NULL, NULL));
}

static void on_mistake(void *ctx, uint32_t line, const char *what)
{
	const uint32_t *lines = ctx;

	check(line >= 1 && line <= *lines && *what);
}

static bool on_statement(void *ctx, struct str text)
{
	(void)ctx;
	check(str_starts(text, STR("domain example.com ")));
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static char room[DNS_MASTER_LINE];
	static const struct dns_name origin = {13, "\7example\3com"};
	uint32_t lines = 1;
	const struct dns_master_reader to = {&lines, on_record, on_mistake};
	const struct dns_import import = {NULL, 0, &lines, on_statement, on_mistake};
	const struct str text = {(const char *)data, n};
	size_t taken, left;
	struct arena mem;

	for (size_t i = 0; i < n; i++)
		lines += data[i] == '\n';
	dns_master_read(text, &origin, room, &to);
	arena_init(&mem, &heap);
	check(dns_import(&import, STR("example.com"), text, &mem, &taken, &left) == FL_OK);
	arena_reset(&mem);
	return 0;
}
