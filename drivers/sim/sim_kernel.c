/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's tables as data: what is applied changes sets and counts; no packet meets them. */
#include "sim_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sim_set *find_set(struct sim *s, struct str name, bool make)
{
	for (size_t i = 0; i < s->nsets; i++)
		if (str_is(name, s->set[i].name))
			return &s->set[i];
	if (!make || s->nsets == SIM_SETS)
		return NULL;
	snprintf(s->set[s->nsets].name, sizeof(s->set[0].name), "%.*s", STR_ARG(name));
	return &s->set[s->nsets++];
}

static struct kelem *find_elem(const struct sim_set *set, const void *key, size_t key_n)
{
	for (size_t i = 0; i < set->nelems; i++)
		if (set->elems[i].key_n == key_n && memcmp(set->elems[i].key, key, key_n) == 0)
			return &set->elems[i];
	return NULL;
}

static void set_clear(struct sim_set *set)
{
	free(set->elems);
	*set = (struct sim_set){0};
}

static void set_fill(struct sim_set *set, const struct kelem *elems, size_t n)
{
	set->elems = calloc(n + 1, sizeof(*elems));
	if (!set->elems)
		abort();
	if (n)
		memcpy(set->elems, elems, n * sizeof(*elems));
	set->nelems = n;
}

/* As the kernel: taking out what is not there is an error, and so is adding what is there with
 * another value. */
static bool set_change(struct sim_set *set, const struct kset_change *c, struct textbuf *why)
{
	for (size_t i = 0; i < c->nremove; i++) {
		struct kelem *e = find_elem(set, c->remove[i].key, c->remove[i].key_n);

		if (!e) {
			textbuf_printf(why, "set %s: element to remove is not there", set->name);
			return false;
		}
		*e = set->elems[--set->nelems];
	}
	set->elems = realloc(set->elems, (set->nelems + c->nadd + 1) * sizeof(*set->elems));
	if (!set->elems)
		abort();
	for (size_t i = 0; i < c->nadd; i++) {
		const struct kelem *old = find_elem(set, c->add[i].key, c->add[i].key_n);

		if (old && old->value != c->add[i].value) {
			textbuf_printf(why, "set %s: element exists with another value", set->name);
			return false;
		}
		if (!old)
			set->elems[set->nelems++] = c->add[i];
	}
	return true;
}

static void replace_table(struct sim *s, const struct kernel_state *to)
{
	for (size_t i = 0; i < s->nsets; i++)
		set_clear(&s->set[i]);
	s->nsets = 0;
	for (size_t i = 0; i < to->nsets; i++) {
		struct sim_set *set = find_set(s, to->sets[i].name, true);

		if (!set)
			abort();
		set_fill(set, to->sets[i].elems, to->sets[i].nelems);
	}
	s->nchains = to->nchains;
}

/* What a table is never made without. */
#define VITAL (KFEATURE_TABLES | KFEATURE_CT_MARK | KFEATURE_MASQUERADE)

static enum fl_err kernel_apply(void *ctx, const struct kernel_diff *d, struct textbuf *why)
{
	struct sim *s = ctx;

	s->applies++;
	if (s->kernel_refuses || s->kernel_refusals) {
		s->kernel_refusals -= s->kernel_refusals > 0;
		textbuf_printf(why, "Operation not permitted");
		return FL_EIO;
	}
	if (d->replace_table && s->kernel_lacks & VITAL) {
		textbuf_printf(why, "nftables: No such file or directory");
		return FL_ENOENT;
	}
	if (d->replace_table)
		replace_table(s, d->replace_table);
	for (size_t i = 0; !d->replace_table && i < d->nsets; i++) {
		struct sim_set *set = find_set(s, d->sets[i].set, false);

		if (!set || !set_change(set, &d->sets[i], why))
			return FL_EIO;
	}
	s->nroutes = s->nroutes + d->nadd_routes - d->ndel_routes;
	s->nrules = s->nrules + d->nadd_rules - d->ndel_rules;
	return FL_OK;
}

/* Only the first start is simulated: a kernel that holds nothing of ours. */
static enum fl_err kernel_read(void *ctx, const struct kernel_state *expect, struct arena *mem,
	struct kernel_state *out, bool *chains_known)
{
	(void)ctx;
	(void)expect;
	(void)mem;
	*out = (struct kernel_state){0};
	*chains_known = false;
	return FL_OK;
}

static void kernel_mark_bits(void *ctx, uint32_t bits)
{
	((struct sim *)ctx)->mark_bits = bits;
}

static enum fl_err kernel_flush(void *ctx, uint32_t mark, uint8_t family, struct textbuf *why)
{
	struct sim *s = ctx;

	(void)why;
	if (family)
		s->family_flushes[mark & 0xff][family == 6]++;
	else
		s->flushes[mark & 0xff]++;
	for (size_t i = 0; i < s->nflows;)
		if (s->flow[i].mark == mark && (!family || s->flow[i].from.family == family))
			s->flow[i] = s->flow[--s->nflows];
		else
			i++;
	return FL_OK;
}

static enum fl_err kernel_cut(
	void *ctx, kernel_flow_each *meant, void *meant_ctx, size_t *n, struct textbuf *why)
{
	struct sim *s = ctx;

	(void)why;
	*n = 0;
	for (size_t i = 0; i < s->nflows;) {
		if (!meant(meant_ctx, &s->flow[i])) {
			i++;
			continue;
		}
		s->flow[i] = s->flow[--s->nflows];
		++*n;
	}
	return FL_OK;
}

static enum fl_err kernel_flows(
	void *ctx, uint32_t mark, kernel_flow_each *each, void *each_ctx, struct textbuf *why)
{
	struct sim *s = ctx;

	(void)why;
	for (size_t i = 0; i < s->nflows; i++)
		if ((!mark || s->flow[i].mark == mark) && !each(each_ctx, &s->flow[i]))
			break;
	return FL_OK;
}

/* Nobody asks for names. */
static bool kernel_has(void *ctx, struct str set, const struct ip_addr *a)
{
	(void)ctx;
	(void)set;
	(void)a;
	return false;
}

/* No packet meets these rules. */
static enum fl_err kernel_counts(
	void *ctx, kernel_count_each *each, void *each_ctx, struct textbuf *why)
{
	(void)ctx;
	(void)each;
	(void)each_ctx;
	(void)why;
	return FL_OK;
}

static uint32_t kernel_memory(void *ctx)
{
	return ((const struct sim *)ctx)->memory_mib;
}

static bool kernel_room(void *ctx, uint32_t *used, uint32_t *all)
{
	const struct sim *s = ctx;

	*used = s->connections;
	*all = s->connections_max;
	return s->connections_max != 0;
}

static uint32_t kernel_lacks(void *ctx, uint32_t features)
{
	return ((const struct sim *)ctx)->kernel_lacks & features;
}

static enum fl_err kernel_remove_all(
	void *ctx, const struct kernel_state *applied, struct textbuf *why)
{
	struct sim *s = ctx;

	(void)applied;
	(void)why;
	for (size_t i = 0; i < s->nsets; i++)
		set_clear(&s->set[i]);
	s->nsets = s->nchains = s->nroutes = s->nrules = 0;
	return FL_OK;
}

bool sim_lookup(
	const struct sim *s, const char *set, const void *key, size_t key_n, uint32_t *value)
{
	for (size_t i = 0; i < s->nsets; i++) {
		const struct kelem *e;

		if (strcmp(s->set[i].name, set) != 0)
			continue;
		e = find_elem(&s->set[i], key, key_n);
		if (e)
			*value = e->value;
		return e;
	}
	return false;
}

size_t sim_set_size(const struct sim *s, const char *set)
{
	for (size_t i = 0; i < s->nsets; i++)
		if (strcmp(s->set[i].name, set) == 0)
			return s->set[i].nelems;
	return 0;
}

void sim_kernel_open(struct sim *s)
{
	s->drivers.kernel = (struct kernel){s, kernel_read, kernel_apply, kernel_mark_bits,
		kernel_flush, kernel_cut, kernel_flows, kernel_has, kernel_counts, kernel_room,
		kernel_memory, kernel_lacks, kernel_remove_all};
}

void sim_kernel_close(struct sim *s)
{
	for (size_t i = 0; i < s->nsets; i++)
		set_clear(&s->set[i]);
}
