/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Comparing two states.
 *
 * Addresses, routes, ip rules and elements are compared one by one.  Chains are not: whoever
 * changes one rule of a chain changes what the others mean, so the table is made anew in one
 * transaction, with the wanted elements in it, whenever the fingerprint of its chains and set
 * definitions differs.  A packet sees the old table or the new one. */
#include "kernel_state.h"

#include <string.h>

typedef int order(const void *a, const void *b);

/* ---- sorting: heapsort, in place and without recursion ---- */

/* By words: octet by octet it is what sorting ten thousand elements takes most of its time for. */
static void swap(uint8_t *a, uint8_t *b, size_t size)
{
	for (uint64_t x, y; size >= sizeof(x); size -= sizeof(x), a += sizeof(x), b += sizeof(x)) {
		memcpy(&x, a, sizeof(x));
		memcpy(&y, b, sizeof(y));
		memcpy(a, &y, sizeof(y));
		memcpy(b, &x, sizeof(x));
	}
	for (size_t i = 0; i < size; i++) {
		uint8_t t = a[i];

		a[i] = b[i];
		b[i] = t;
	}
}

static void sift_down(uint8_t *base, size_t root, size_t n, size_t size, order *cmp)
{
	for (size_t child; (child = 2 * root + 1) < n; root = child) {
		if (child + 1 < n && cmp(base + child * size, base + (child + 1) * size) < 0)
			child++;
		if (cmp(base + root * size, base + child * size) >= 0)
			return;
		swap(base + root * size, base + child * size, size);
	}
}

static bool is_sorted(const uint8_t *base, size_t n, size_t size, order *cmp)
{
	for (size_t i = 1; i < n; i++)
		if (cmp(base + (i - 1) * size, base + i * size) >= 0)
			return false;
	return true;
}

/* Sorts and drops doubles; returns how many are left. */
static size_t sort(void *at, size_t n, size_t size, order *cmp)
{
	uint8_t *base = at;
	size_t kept = 0;

	if (is_sorted(base, n, size, cmp))
		return n;
	for (size_t i = n / 2; i-- > 0;)
		sift_down(base, i, n, size, cmp);
	for (size_t end = n; end-- > 1;) {
		swap(base, base + end * size, size);
		sift_down(base, 0, end, size, cmp);
	}
	for (size_t i = 0; i < n; i++) {
		if (kept && cmp(base + (kept - 1) * size, base + i * size) == 0)
			continue;
		if (kept != i)
			memcpy(base + kept * size, base + i * size, size);
		kept++;
	}
	return kept;
}

static bool has(const void *sorted, size_t n, size_t size, order *cmp, const void *x)
{
	const uint8_t *base = sorted;

	while (n) {
		const uint8_t *middle = base + n / 2 * size;
		int c = cmp(x, middle);

		if (c == 0)
			return true;
		if (c > 0) {
			base = middle + size;
			n -= n / 2 + 1;
		} else {
			n /= 2;
		}
	}
	return false;
}

/* ---- orders ---- */

static int cmp_u32(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int cmp_str(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.at, b.at, n) : 0;

	return c ? c : (a.n > b.n) - (a.n < b.n);
}

static int cmp_prefix(const struct ip_prefix *a, const struct ip_prefix *b)
{
	int c = ip_addr_cmp(&a->addr, &b->addr);

	return c ? c : cmp_u32(a->bits, b->bits);
}

/* The first of several comparisons that tells a difference. */
#define FIRST_OF(...) first_of((const int[]){__VA_ARGS__}, COUNT_OF(((const int[]){__VA_ARGS__})))

static int first_of(const int *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (c[i])
			return c[i];
	return 0;
}

static int cmp_device(const void *x, const void *y)
{
	const struct kstate_device *a = x, *b = y;

	return FIRST_OF(FIRST_OF(cmp_str(a->name, b->name), cmp_str(a->under, b->under)),
		FIRST_OF((a->vlan > b->vlan) - (a->vlan < b->vlan),
			(a->mtu > b->mtu) - (a->mtu < b->mtu)));
}

static int cmp_address(const void *x, const void *y)
{
	const struct kstate_address *a = x, *b = y;

	return FIRST_OF(cmp_str(a->interface, b->interface), cmp_prefix(&a->prefix, &b->prefix));
}

static int cmp_route(const void *x, const void *y)
{
	const struct kstate_route *a = x, *b = y;

	return FIRST_OF(cmp_u32(a->family, b->family), cmp_u32(a->table, b->table),
		cmp_prefix(&a->to, &b->to), cmp_u32(a->metric, b->metric),
		ip_addr_cmp(&a->gateway, &b->gateway), cmp_str(a->interface, b->interface));
}

static int cmp_rule(const void *x, const void *y)
{
	const struct kstate_rule *a = x, *b = y;

	return FIRST_OF(cmp_u32(a->family, b->family), cmp_u32(a->priority, b->priority),
		cmp_u32(a->mark, b->mark), cmp_u32(a->mask, b->mask), cmp_str(a->oif, b->oif),
		cmp_prefix(&a->from, &b->from), cmp_u32(a->table, b->table),
		cmp_u32(a->no_default, b->no_default));
}

static int cmp_shaper(const void *x, const void *y)
{
	const struct kstate_shaper *a = x, *b = y;

	return FIRST_OF(cmp_str(a->interface, b->interface), cmp_str(a->by, b->by),
		(a->rate > b->rate) - (a->rate < b->rate), cmp_u32(a->overhead, b->overhead));
}

static int cmp_sysctl(const void *x, const void *y)
{
	const struct kstate_sysctl *a = x, *b = y;

	return FIRST_OF(cmp_str(a->path, b->path), cmp_str(a->value, b->value));
}

/* Of one set, whose keys are all of one size. */
static int cmp_last(const struct kelem *a, const struct kelem *b)
{
	return a->last && b->last ? memcmp(a->last, b->last, a->key_n)
				  : cmp_u32(a->last != NULL, b->last != NULL);
}

static int cmp_elem(const void *x, const void *y)
{
	const struct kelem *a = x, *b = y;
	int c = memcmp(a->key, b->key, sizeof(a->key));

	if (c) /* as a rule; the rest need not be looked at */
		return c;
	return FIRST_OF(cmp_u32(a->key_n, b->key_n), cmp_last(a, b),
		cmp_u32(a->interval_end, b->interval_end), cmp_u32(a->value, b->value),
		cmp_u32(a->verdict, b->verdict),
		FIRST_OF(cmp_str(a->chain, b->chain), cmp_str(a->comment, b->comment)));
}

/* ---- sets ---- */

static uint32_t lowest_bit(uint32_t bits)
{
	return bits & (~bits + 1);
}

uint32_t kstate_mark(uint32_t bits, uint32_t number)
{
	return number * lowest_bit(bits) & bits;
}

uint32_t kstate_mark_number(uint32_t bits, uint32_t mark)
{
	return bits ? (mark & bits) / lowest_bit(bits) : 0;
}

size_t kset_field_size(enum kset_type t)
{
	switch (t) {
	case KSET_NONE:
	case KSET_VERDICT:
		return 0;
	case KSET_NFPROTO:
	case KSET_IPV4:
	case KSET_PROTO:
	case KSET_PORT:
	case KSET_MARK:
	case KSET_NUMBER:
		return 4;
	case KSET_IPV6:
	case KSET_IFNAME:
		return 16;
	}
	return 0;
}

size_t kset_key_size(const struct kset *s)
{
	size_t n = 0;

	for (size_t i = 0; i < KSET_KEY_FIELDS; i++)
		n += kset_field_size(s->key[i]);
	return n;
}

void kelem_put(struct kelem *e, enum kset_type t, const void *field, size_t size)
{
	size_t room = kset_field_size(t);

	if (e->key_n + room > sizeof(e->key))
		return;
	if (size)
		memcpy(e->key + e->key_n, field, size < room ? size : room);
	e->key_n = (uint8_t)(e->key_n + room);
}

const struct kset *kernel_state_set(const struct kernel_state *s, struct str name)
{
	for (size_t i = 0; i < s->nsets; i++)
		if (str_eq(s->sets[i].name, name))
			return &s->sets[i];
	return NULL;
}

void kernel_state_sort(struct kernel_state *s)
{
	for (size_t i = 0; i < s->nsets; i++)
		s->sets[i].nelems =
			sort(s->sets[i].elems, s->sets[i].nelems, sizeof(struct kelem), cmp_elem);
}

/* ---- the fingerprint: FNV-1a over every field that means something ---- */

static void feed(uint64_t *h, const void *at, size_t n)
{
	const uint8_t *p = at;

	for (size_t i = 0; i < n; i++)
		*h = (*h ^ p[i]) * UINT64_C(0x100000001b3);
}

static void feed_u32(uint64_t *h, uint32_t v)
{
	feed(h, &v, sizeof(v));
}

static void feed_str(uint64_t *h, struct str s)
{
	feed_u32(h, (uint32_t)s.n);
	feed(h, s.at, s.n);
}

static void feed_op(uint64_t *h, const struct kop *op)
{
	const uint32_t numbers[] = {op->code, op->key, op->reg, op->dreg, op->base, op->offset,
		op->len, op->modulus, op->equal, op->verdict, op->tcp_reset, op->family};

	feed(h, numbers, sizeof(numbers));
	feed(h, op->data, sizeof(op->data));
	feed(h, op->data2, sizeof(op->data2));
	feed_str(h, op->name);
}

static void feed_rule(uint64_t *h, const struct krule *r)
{
	feed_str(h, r->comment);
	feed_u32(h, (uint32_t)r->nops);
	for (size_t i = 0; i < r->nops; i++)
		feed_op(h, &r->ops[i]);
}

static void feed_chain(uint64_t *h, const struct kchain *c)
{
	feed_str(h, c->name);
	feed_str(h, c->type);
	feed_u32(h, c->hook);
	feed_u32(h, (uint32_t)c->priority);
	feed_u32(h, c->drop);
	feed_u32(h, (uint32_t)c->nrules);
	for (size_t i = 0; i < c->nrules; i++)
		feed_rule(h, &c->rules[i]);
}

static void feed_set(uint64_t *h, const struct kset *s)
{
	feed_str(h, s->name);
	for (size_t i = 0; i < KSET_KEY_FIELDS; i++)
		feed_u32(h, s->key[i]);
	feed_u32(h, s->data);
	feed_u32(h, s->interval | (uint32_t)s->ranges << 1);
	feed_u32(h, s->dynamic);
	feed_u32(h, s->timeout_ms);
	feed_u32(h, s->values_kept);
	feed_u32(h, s->size);
}

uint64_t kernel_state_table_hash(const struct kernel_state *s)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	feed_u32(&h, (uint32_t)s->nsets);
	for (size_t i = 0; i < s->nsets; i++)
		feed_set(&h, &s->sets[i]);
	feed_u32(&h, (uint32_t)s->naccelerated);
	for (size_t i = 0; i < s->naccelerated; i++)
		feed_str(&h, s->accelerated[i]);
	feed_u32(&h, (uint32_t)s->nchains);
	for (size_t i = 0; i < s->nchains; i++)
		feed_chain(&h, &s->chains[i]);
	return h;
}

/* ---- the difference ---- */

/* The entries of `a` that are not in `b`, in the order of `a`.  NULL when there are none, or when
 * `mem` is full. */
static void *minus(struct arena *mem, const void *a, size_t na, const void *b, size_t nb,
	size_t size, order *cmp, size_t *n)
{
	const uint8_t *from = a;
	uint8_t *out = NULL;
	void *sorted = nb ? arena_copy(mem, b, nb * size) : NULL;

	*n = 0;
	if (nb && !sorted)
		return NULL;
	if (nb)
		nb = sort(sorted, nb, size, cmp);
	for (size_t i = 0; i < na; i++) {
		if (nb && has(sorted, nb, size, cmp, from + i * size))
			continue;
		if (!out)
			out = arena_array(mem, na - i, size);
		if (!out)
			return NULL;
		memcpy(out + *n * size, from + i * size, size);
		++*n;
	}
	return out;
}

#define MINUS(mem, a, b, list, cmp, count)                                                         \
	minus(mem, (a)->list, (a)->n##list, (b)->list, (b)->n##list, sizeof(*(a)->list), cmp, count)

static void diff_sets(const struct kernel_state *from, const struct kernel_state *to,
	struct arena *mem, struct kernel_diff *out)
{
	out->sets = ARENA_NEWS(mem, struct kset_change, to->nsets);
	if (!out->sets)
		return;
	for (size_t i = 0; i < to->nsets; i++) {
		struct kset_change *c = &out->sets[out->nsets];
		const struct kset *new = &to->sets[i], *old = kernel_state_set(from, new->name);
		static const struct kset none = {0};

		if (!old)
			old = &none;
		c->set = new->name;
		c->remove = MINUS(mem, old, new, elems, cmp_elem, &c->nremove);
		c->add = MINUS(mem, new, old, elems, cmp_elem, &c->nadd);
		if (c->nremove || c->nadd)
			out->nsets++;
	}
}

void kernel_state_diff(const struct kernel_state *from, const struct kernel_state *to,
	struct arena *mem, struct kernel_diff *out)
{
	static const struct kernel_state nothing = {0};

	if (!from)
		from = &nothing;
	*out = (struct kernel_diff){0};
	out->add_devices = MINUS(mem, to, from, devices, cmp_device, &out->nadd_devices);
	out->del_devices = MINUS(mem, from, to, devices, cmp_device, &out->ndel_devices);
	out->add_addresses = MINUS(mem, to, from, addresses, cmp_address, &out->nadd_addresses);
	out->del_addresses = MINUS(mem, from, to, addresses, cmp_address, &out->ndel_addresses);
	out->add_routes = MINUS(mem, to, from, routes, cmp_route, &out->nadd_routes);
	out->del_routes = MINUS(mem, from, to, routes, cmp_route, &out->ndel_routes);
	out->add_rules = MINUS(mem, to, from, rules, cmp_rule, &out->nadd_rules);
	out->del_rules = MINUS(mem, from, to, rules, cmp_rule, &out->ndel_rules);
	out->add_shapers = MINUS(mem, to, from, shapers, cmp_shaper, &out->nadd_shapers);
	out->del_shapers = MINUS(mem, from, to, shapers, cmp_shaper, &out->ndel_shapers);
	out->sysctls = MINUS(mem, to, from, sysctls, cmp_sysctl, &out->nsysctls);
	if (kernel_state_table_hash(from) != kernel_state_table_hash(to))
		out->replace_table = to;
	else
		diff_sets(from, to, mem, out);
}

bool kernel_diff_is_empty(const struct kernel_diff *d)
{
	return !d->nadd_devices && !d->ndel_devices && !d->nadd_addresses && !d->ndel_addresses &&
	       !d->nadd_routes && !d->ndel_routes && !d->nadd_rules && !d->ndel_rules &&
	       !d->nadd_shapers && !d->ndel_shapers && !d->nsysctls && !d->replace_table &&
	       !d->nsets;
}

/* ---- shapers ---- */

bool kstate_shaper_is_incoming(const struct kstate_shaper *s)
{
	return !str_eq(s->interface, s->by);
}
