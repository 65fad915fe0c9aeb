/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns_view.h"

#include <string.h>

/* ---- from prefixes to ranges ---- */

static void last_of(const struct ip_prefix *p, uint8_t out[16])
{
	size_t n = ip_addr_size(p->addr.family);

	memcpy(out, p->addr.b, 16);
	for (size_t i = 0; i < n; i++) {
		int inside = (int)p->bits - (int)i * 8;

		if (inside < 8)
			out[i] |= (uint8_t)(0xff >> (inside > 0 ? inside : 0));
	}
}

/* The address behind; false: there is none. */
static bool next_address(uint8_t *a, size_t n)
{
	while (n-- > 0)
		if (++a[n])
			return true;
	return false;
}

/* By address, a prefix before those inside it. */
static int prefix_order(const struct build_client *a, const struct build_client *b)
{
	int order = ip_addr_cmp(&a->prefix.addr, &b->prefix.addr);

	return order ? order : (int)a->prefix.bits - (int)b->prefix.bits;
}

/* Shell's sort: in place, and fast enough for the address plan of a country. */
static void sort_clients(struct build_client *at, size_t n)
{
	for (size_t gap = n / 2; gap > 0; gap /= 2)
		for (size_t i = gap; i < n; i++)
			for (size_t k = i; k >= gap && prefix_order(&at[k], &at[k - gap]) < 0;
				k -= gap) {
				struct build_client swap = at[k];

				at[k] = at[k - gap];
				at[k - gap] = swap;
			}
}

struct sweep {
	struct image_range *out;
	size_t n;
	const struct build_client *open[130]; /* prefixes around this place, the outermost first */
	size_t nopen;
};

static void begin_range(struct sweep *s, const uint8_t from[16], uint32_t view)
{
	if (s->n && memcmp(s->out[s->n - 1].from, from, 16) == 0)
		s->n--;
	memcpy(s->out[s->n].from, from, 16);
	s->out[s->n++].view = view;
}

/* Close the prefixes that end before `at` (NULL: all): behind each, the one around it goes on. */
static void close_before(struct sweep *s, const struct ip_prefix *at)
{
	while (s->nopen) {
		const struct ip_prefix *p = &s->open[s->nopen - 1]->prefix;
		uint8_t behind[16];

		if (at && ip_prefix_has(p, &at->addr))
			return;
		s->nopen--;
		last_of(p, behind);
		if (next_address(behind, ip_addr_size(p->addr.family)))
			begin_range(s, behind, s->nopen ? s->open[s->nopen - 1]->view : NO_VIEW);
	}
}

/* The ranges of the clients of one family, of which the first is at `from`. */
static size_t make_ranges(
	const struct build_client *from, size_t n, uint8_t family, struct image_range *out)
{
	struct sweep s = {.out = out};

	for (size_t i = 0; i < n; i++) {
		if (from[i].prefix.addr.family != family)
			continue;
		close_before(&s, &from[i].prefix);
		begin_range(&s, from[i].prefix.addr.b, from[i].view);
		s.open[s.nopen++] = &from[i];
	}
	close_before(&s, NULL);
	return s.n;
}

static void add_clients(struct dns_zones *b, struct build_views *v, uint32_t view)
{
	const struct dns_view_conf *c = &b->source.views[view];

	if (c->link < 0 || (size_t)c->link >= b->source.nlinks)
		return; /* the settings have told */
	if (c->nclients == 0)
		diag_warning(b->why, &c->origin, NULL, "add `client PREFIX`",
			"the view \"%.*s\" has no client", STR_ARG(c->name));
	for (size_t i = 0; i < c->nclients; i++) {
		v->client[v->nclients++] = (struct build_client){
			.prefix = ip_prefix_network(&c->clients[i].prefix),
			.view = view,
			.origin = &c->clients[i].origin,
		};
	}
}

static void check_twice(struct dns_zones *b, const struct build_views *v)
{
	char text[IP_TEXT_MAX + 4];

	for (size_t i = 1; i < v->nclients; i++)
		if (prefix_order(&v->client[i - 1], &v->client[i]) == 0)
			diag_error(b->why, v->client[i].origin, NULL, "leave one of them out",
				"the network %s is in two views",
				ip_prefix_text(&v->client[i].prefix, text));
}

void dns_view_contents(struct dns_zones *b)
{
	struct build_views *v = &b->views;
	size_t clients = 0;

	for (size_t i = 0; i < b->source.nviews; i++)
		clients += b->source.views[i].nclients;
	if (clients == 0)
		return;
	v->client = ARENA_NEWS(b->mem, struct build_client, clients);
	/* A prefix begins a range, and another one behind it. */
	v->range[0] = ARENA_NEWS(b->mem, struct image_range, 2 * clients);
	v->range[1] = ARENA_NEWS(b->mem, struct image_range, 2 * clients);
	if (!v->client || !v->range[0] || !v->range[1])
		return;
	for (uint32_t i = 0; i < b->source.nviews; i++)
		add_clients(b, v, i);
	sort_clients(v->client, v->nclients);
	check_twice(b, v);
	v->n[0] = make_ranges(v->client, v->nclients, 4, v->range[0]);
	v->n[1] = make_ranges(v->client, v->nclients, 6, v->range[1]);
}

/* ---- in the image ---- */

static struct image_ranges place_ranges(size_t n, uint64_t *at)
{
	struct image_ranges r = {(uint32_t)*at, (uint32_t)n};

	*at += n * sizeof(struct image_range);
	return r;
}

void dns_view_place(const struct dns_zones *b, struct image_views *h, uint64_t *at)
{
	h->at = (uint32_t)*at;
	h->n = b->views.n[0] || b->views.n[1] ? (uint32_t)b->source.nviews : 0;
	*at += h->n * sizeof(struct image_view);
	h->v4 = place_ranges(b->views.n[0], at);
	h->v6 = place_ranges(b->views.n[1], at);
}

static void write_ranges(
	const struct image_ranges *r, const struct image_range *from, uint8_t *image)
{
	if (r->n)
		memcpy(image + r->at, from, r->n * sizeof(*from));
}

void dns_view_write(const struct dns_zones *b, const struct image_views *h, uint8_t *image)
{
	for (uint32_t i = 0; i < h->n; i++) {
		const struct dns_view_conf *c = &b->source.views[i];
		struct image_view view = {.only = c->answer == DNS_VIEW_ONLY};

		if (c->link >= 0 && (size_t)c->link < b->source.nlinks)
			view.link = b->source.links[c->link].number;
		memcpy(image + h->at + i * sizeof(view), &view, sizeof(view));
	}
	write_ranges(&h->v4, b->views.range[0], image);
	write_ranges(&h->v6, b->views.range[1], image);
}

static const struct image_range *ranges(const uint8_t *image, const struct image_ranges *r)
{
	return (const struct image_range *)(const void *)(image + r->at);
}

static bool part_is_sound(uint32_t at, uint64_t n, size_t size, uint32_t end)
{
	return at % IMAGE_ALIGN == 0 && at <= end && n * size <= end - at;
}

static bool ranges_are_sound(
	struct bytes image, const struct image_ranges *r, uint32_t nviews, uint32_t end)
{
	const struct image_range *at;

	if (!part_is_sound(r->at, r->n, sizeof(*at), end))
		return false;
	at = ranges(image.at, r);
	for (uint32_t i = 0; i < r->n; i++)
		if ((at[i].view >= nviews && at[i].view != NO_VIEW) ||
			(i && memcmp(at[i - 1].from, at[i].from, 16) >= 0))
			return false;
	return true;
}

bool dns_view_is_sound(struct bytes image, const struct image_views *h, uint32_t end)
{
	return end <= image.n && part_is_sound(h->at, h->n, sizeof(struct image_view), end) &&
	       ranges_are_sound(image, &h->v4, h->n, end) &&
	       ranges_are_sound(image, &h->v6, h->n, end);
}

/* ---- looking up ---- */

/* Leading bits that two addresses of `n` octets share. */
static unsigned shared_bits(const uint8_t *a, const uint8_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned differs = (unsigned)a[i] ^ b[i];

		if (differs)
			return (unsigned)(i * 8) + (unsigned)__builtin_clz(differs) - 24;
	}
	return (unsigned)n * 8;
}

/* The address before; false: there is none. */
static bool previous_address(uint8_t *a, size_t n)
{
	while (n-- > 0)
		if (a[n]--)
			return true;
	return false;
}

/* `a` lies between at[i - 1] and at[i].  A prefix around it stays in there when it is longer than
 * what `a` shares with the last address before and with the first one behind. */
static uint8_t bits_of(
	const struct image_range *at, size_t i, size_t n, const uint8_t *a, size_t size)
{
	unsigned bits = 0, behind;
	uint8_t before[16];

	if (i > 0) {
		memcpy(before, at[i - 1].from, sizeof(before));
		if (previous_address(before, size))
			bits = shared_bits(a, before, size) + 1;
	}
	if (i < n) {
		behind = shared_bits(a, at[i].from, size) + 1;
		bits = behind > bits ? behind : bits;
	}
	return (uint8_t)bits;
}

const struct image_view *dns_view_of(
	const uint8_t *image, const struct image_views *h, const struct ip_addr *a, uint8_t *bits)
{
	const struct image_ranges *r = a->family == 4 ? &h->v4 : &h->v6;
	const struct image_view *views = (const struct image_view *)(const void *)(image + h->at);
	const struct image_range *at = ranges(image, r);
	size_t size = ip_addr_size(a->family), low = 0, high = r->n; /* below low: from <= a */

	*bits = 0;
	if (!r->n)
		return NULL;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(at[middle].from, a->b, size) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	*bits = bits_of(at, low, r->n, a->b, size);
	return low && at[low - 1].view != NO_VIEW ? &views[at[low - 1].view] : NULL;
}
