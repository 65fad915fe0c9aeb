/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A commit of a few rows of domains, in place.
 *
 * A new address for one of 100,000 hosts, one host more or less, a record: none of them need copy,
 * bind, check and compile the other 99,999.  What such a row means depends on it, its domain, the
 * rows of the same names and the links, and nothing but the zone image depends on it; so the
 * configuration in force is changed where it is, and the image in a copy.  Whatever is not as
 * simple as that, a mistake too, is left to the way all other commits take. */
#include "product.h"

#include <string.h>

/* What an edit takes of the memory is given back by the next whole commit. */
#define EDITS_MAX 4096

/* The lists, and where their arrays are in a domain. */
static const char *const names[] = {[DNS_ROW_HOST] = "host",
	[DNS_ROW_BALANCED] = "balanced-host",
	[DNS_ROW_RECORD] = "record",
	NULL};
static const struct list {
	size_t at, count, size;
} lists[] = {
	[DNS_ROW_HOST] = {offsetof(struct dns_domain_conf, hosts),
		offsetof(struct dns_domain_conf, nhosts), sizeof(struct dns_host_conf)},
	[DNS_ROW_BALANCED] = {offsetof(struct dns_domain_conf, balanced),
		offsetof(struct dns_domain_conf, nbalanced), sizeof(struct dns_balanced_conf)},
	[DNS_ROW_RECORD] = {offsetof(struct dns_domain_conf, records),
		offsetof(struct dns_domain_conf, nrecords), sizeof(struct dns_record_conf)},
};

static enum dns_row kind_of(const struct settings_edit *e)
{
	enum dns_row kind = DNS_ROW_HOST;

	while (!str_is(settings_edit_list(e), names[kind]))
		kind++;
	return kind;
}

/* ---- arrays ---- */

/* An array with room at its end. */
struct config_room {
	struct config_room *next;
	const void *array;
	size_t room; /* rows */
};

static struct dns_domain_conf *domain_of(struct config *c, const struct settings_edit *e)
{
	return &c->v.domains[e->outer];
}

static uint8_t *array_of(const struct dns_domain_conf *d, const struct list *l)
{
	uint8_t *array;

	memcpy(&array, (const uint8_t *)d + l->at, sizeof(array));
	return array;
}

static size_t *count_of(struct dns_domain_conf *d, const struct list *l)
{
	return (size_t *)(void *)((uint8_t *)d + l->count);
}

static uint8_t *row_of(struct config *c, const struct settings_edit *e)
{
	const struct list *l = &lists[kind_of(e)];

	return array_of(domain_of(c, e), l) + e->index * l->size;
}

/* False: memory. */
static bool make_room(struct config *c, struct dns_domain_conf *d, const struct list *l)
{
	size_t n = *count_of(d, l), room = n + n / 16 + 16;
	uint8_t *was = array_of(d, l), *array;
	struct config_room *r = c->rooms;

	while (r && r->array != was)
		r = r->next;
	if (r && n < r->room)
		return true;
	r = r ? r : ARENA_NEW(&c->mem, struct config_room);
	array = r ? arena_array(&c->mem, room, l->size) : NULL;
	if (!array)
		return false;
	if (!r->array) {
		r->next = c->rooms;
		c->rooms = r;
	}
	r->array = array;
	r->room = room;
	if (n)
		memcpy(array, was, n * l->size);
	memcpy((uint8_t *)d + l->at, &array, sizeof(array));
	return true;
}

/* Members name hosts by their index. */
static void hosts_moved(struct dns_domain_conf *d, size_t from, int32_t by)
{
	for (size_t i = 0; i < d->nbalanced; i++)
		for (size_t k = 0; k < d->balanced[i].nmembers; k++)
			if (d->balanced[i].members[k].host >= (int32_t)from)
				d->balanced[i].members[k].host += by;
}

/* A host that is gone is this to its members, until it is back. */
static int32_t gone(const struct commit_rows *done, const struct settings_edit *e)
{
	return -1000 - (int32_t)(e - done->edits.at);
}

static void rename_members(struct dns_domain_conf *d, int32_t from, int32_t to)
{
	for (size_t i = 0; i < d->nbalanced; i++)
		for (size_t k = 0; k < d->balanced[i].nmembers; k++)
			if (d->balanced[i].members[k].host == from)
				d->balanced[i].members[k].host = to;
}

static bool is_missed(const struct dns_domain_conf *d)
{
	for (size_t i = 0; i < d->nbalanced; i++)
		for (size_t k = 0; k < d->balanced[i].nmembers; k++)
			if (d->balanced[i].members[k].host < 0)
				return true;
	return false;
}

/* There is room. */
static void row_put(struct config *c, const struct commit_rows *done, const struct settings_edit *e)
{
	const struct list *l = &lists[kind_of(e)];
	struct dns_domain_conf *d = domain_of(c, e);
	uint8_t *row = row_of(c, e);

	memmove(row + l->size, row, (*count_of(d, l) - e->index) * l->size);
	memset(row, 0, l->size);
	++*count_of(d, l);
	if (kind_of(e) == DNS_ROW_HOST) {
		hosts_moved(d, e->index, 1);
		rename_members(d, gone(done, e), (int32_t)e->index);
	}
}

static bool row_insert(
	struct config *c, const struct commit_rows *done, const struct settings_edit *e)
{
	if (!make_room(c, domain_of(c, e), &lists[kind_of(e)]))
		return false;
	row_put(c, done, e);
	return true;
}

static void row_remove(
	struct config *c, const struct commit_rows *done, const struct settings_edit *e)
{
	const struct list *l = &lists[kind_of(e)];
	struct dns_domain_conf *d = domain_of(c, e);
	uint8_t *row = row_of(c, e);

	--*count_of(d, l);
	memmove(row, row + l->size, (*count_of(d, l) - e->index) * l->size);
	if (kind_of(e) == DNS_ROW_HOST) {
		rename_members(d, (int32_t)e->index, gone(done, e));
		hosts_moved(d, e->index + 1, -1);
	}
}

/* ---- edits ---- */

/* Until the row is bound its members are those of nobody. */
static bool make(struct config *c, struct commit_rows *done, size_t i)
{
	struct settings_edit *e = &done->edits.at[i];

	if (e->now)
		memcpy(&done->was[i], row_of(c, e), lists[kind_of(e)].size);
	done->was_there[i] = e->now;
	if (e->now && !e->other)
		row_remove(c, done, e);
	else if (!e->now && !row_insert(c, done, e))
		return false;
	settings_swap_edit(&c->tree, e);
	return true;
}

static void put_back(struct config *c, struct commit_rows *done, size_t made)
{
	while (made-- > 0) {
		struct settings_edit *e = &done->edits.at[made];

		if (e->now && !e->other)
			row_remove(c, done, e);
		else if (!e->now)
			row_put(c, done, e); /* it has been there */
		settings_swap_edit(&c->tree, e);
		if (e->now)
			memcpy(row_of(c, e), &done->was[made], lists[kind_of(e)].size);
	}
}

/* Bind what is there now.  False: there is a mistake. */
static bool bind_rows(struct config *c, const struct settings_edits *edits)
{
	struct diags why;

	diags_init(&why, &c->mem);
	for (size_t i = 0; i < edits->n; i++)
		if (edits->at[i].now && settings_bind_edit(&c->tree, &edits->at[i], &c->mem,
						row_of(c, &edits->at[i]), &why))
			return false;
	for (size_t i = 0; i < edits->n; i++)
		if (is_missed(domain_of(c, &edits->at[i])))
			return false;
	return true;
}

static enum fl_err publish_edits(struct fairlead *f, const struct commit_rows *done)
{
	struct dns_edit rows[SETTINGS_EDITS_MAX];
	struct config *c = fairlead_config(f);

	for (size_t i = 0; i < done->edits.n; i++) {
		const struct settings_edit *e = &done->edits.at[i];

		rows[i] = (struct dns_edit){e->outer, kind_of(e),
			done->was_there[i] ? &done->was[i] : NULL, e->now ? row_of(c, e) : NULL};
	}
	return publish_rows(f, rows, done->edits.n);
}

enum fl_err commit_rows(
	struct fairlead *f, const struct settings *candidate, struct commit_rows *done)
{
	struct config *c = fairlead_config(f);
	enum fl_err err = FL_EAGAIN;
	size_t made = 0;

	if (c->edited + SETTINGS_EDITS_MAX > EDITS_MAX)
		return err;
	err = settings_find_edits(&c->tree, candidate, "domain", names, &done->edits);
	c->edited += done->edits.n; /* copied, even if there turned out to be too many */
	if (err || done->edits.n == 0)
		return FL_EAGAIN;
	while (made < done->edits.n && make(c, done, made))
		made++;
	if (made < done->edits.n || !bind_rows(c, &done->edits) || publish_edits(f, done)) {
		put_back(c, done, made);
		return FL_EAGAIN;
	}
	return FL_OK;
}

enum fl_err commit_rows_undo(struct fairlead *f, struct commit_rows *done, struct textbuf *why)
{
	put_back(fairlead_config(f), done, done->edits.n);
	f->serial = commit_next_serial(f);
	return publish_domains(f, why);
}
