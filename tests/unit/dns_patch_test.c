/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An image with a few rows changed in place answers as one that is built anew, and one that is like
 * a sound one is judged as if it had come alone. */
#include "rng.h"
#include "support/dns_zone.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ROWS_MAX 48
#define EDITS    3

/* Another domain of ours below it, names between the two, and networks with PTRs. */
struct rows {
	struct dns_host_conf host[ROWS_MAX];
	struct dns_balanced_conf balanced[ROWS_MAX];
	struct dns_balanced_member member[ROWS_MAX][3];
	struct dns_record_conf record[ROWS_MAX];
	size_t nhosts, nbalanced, nrecords;
};

struct fixture {
	struct zone zone;
	struct rows rows, before;
	struct arena mem[2]; /* of the image that is served, and of the next one */
	struct arena whole;
	struct bytes was; /* what is served: built whole, or patched any number of times */
	struct rng rng;
	uint32_t row; /* each has a number, as the line it was typed in */
	const char *domain;
};

static const char *const labels[] = {"a", "b", "a.b", "c.a.b", "*", "*.b", "mail", "Mail2", "www",
	"x.sub", "d.e.f", "1", "2", "@", "y.z", "q.far.z", "h1", "h2"};
static const char *const addresses[] = {"192.0.2.1", "192.0.2.2", "198.51.100.1", "198.51.100.2",
	"203.0.113.5", "2001:db8::1", "2001:db8::2", ""};
static const char *const records[][2] = {{"TXT", "one"}, {"TXT", "two"}, {"A", "192.0.2.1"},
	{"A", "192.0.2.77"}, {"AAAA", "2001:db8::7"}, {"CNAME", "a"}, {"CNAME", "b"},
	{"CNAME", "mail"}, {"MX", "10 mail"}, {"MX", "20 mail2"}, {"MX", "10 a.b"}, {"MX", "5 www"},
	{"SRV", "1 2 3 h1"}, {"SRV", "1 2 3 c.a.b"}, {"NS", "h2"}, {"MX", "10 other.far.z"},
	{"SRV", "1 2 3 n.example.net."}, {"MX", "10 x.b"}, {"MX", "10 nobody"}, {"MX", "10 y.x.b"},
	{"MX", "10 *.b"}};

static const char *any(struct rng *r, const char *const *from, size_t n)
{
	return from[rng_below(r, (uint32_t)n)];
}

static struct dns_host_name name_of(struct fixture *f, bool mail)
{
	return (struct dns_host_name){.has_preference = mail,
		.preference = (uint16_t)(10 * rng_below(&f->rng, 3)),
		.label = str_of(any(&f->rng, labels, COUNT_OF(labels)))};
}

static void fill_host(struct fixture *f, struct dns_host_conf *h)
{
	struct rng *r = &f->rng;

	h->address = zone_addr(any(r, addresses, COUNT_OF(addresses)));
	h->link = zone_link((int)rng_below(r, 4));
	h->ttl = sec((int64_t)rng_below(r, 3) * 20);
	h->when_dead.how = (enum dns_when_dead)rng_below(r, 3);
	h->when_dead.address = zone_addr(addresses[rng_below(r, 2)]);
}

static void fill_balanced(struct fixture *f, struct dns_balanced_conf *b)
{
	struct dns_balanced_member *member = f->rows.member[b - f->rows.balanced];

	b->members = member;
	b->policy = (int32_t)rng_below(&f->rng, 4) - 1;
	b->nmembers = 1 + rng_below(&f->rng, 2);
	for (size_t i = 0; i < b->nmembers; i++)
		member[i].host = (int32_t)rng_below(&f->rng, (uint32_t)f->rows.nhosts);
}

static bool is_member(const struct fixture *f, size_t host)
{
	for (size_t i = 0; i < f->rows.nbalanced; i++)
		for (size_t k = 0; k < f->rows.balanced[i].nmembers; k++)
			if (f->rows.balanced[i].members[k].host == (int32_t)host)
				return true;
	return false;
}

static void move_members(struct fixture *f, size_t from, int by)
{
	for (size_t i = 0; i < f->rows.nbalanced; i++)
		for (size_t k = 0; k < f->rows.balanced[i].nmembers; k++)
			if (f->rows.balanced[i].members[k].host >= (int32_t)from)
				f->rows.balanced[i].members[k].host += by;
}

/* One row more, less or with other values; false: nothing was done. */
static bool edit_hosts(struct fixture *f, struct dns_host_conf *was, uint32_t *row)
{
	struct rows *s = &f->rows;
	size_t at = rng_below(&f->rng, (uint32_t)s->nhosts + 1), rest = s->nhosts - at;
	struct dns_host_conf *h = &s->host[at];
	uint32_t how = rng_below(&f->rng, 3);

	if (how == 0 && s->nhosts < ROWS_MAX) {
		memmove(h + 1, h, rest * sizeof(*h));
		move_members(f, at, 1);
		s->nhosts++;
		*h = (struct dns_host_conf){.origin.line = ++f->row};
		h->mail_entry = rng_below(&f->rng, 4) == 0;
		h->name = name_of(f, h->mail_entry);
		fill_host(f, h);
		*row = h->origin.line;
		return true;
	}
	if (rest == 0 || s->nhosts < 5 || (how == 1 && is_member(f, at)))
		return false;
	*was = *h;
	if (how == 1) {
		memmove(h, h + 1, (rest - 1) * sizeof(*h));
		s->nhosts--;
		move_members(f, at, -1);
	} else {
		fill_host(f, h);
		*row = h->origin.line;
	}
	return true;
}

static bool edit_balanced(struct fixture *f, struct dns_balanced_conf *was, uint32_t *row)
{
	struct rows *s = &f->rows;
	size_t at = rng_below(&f->rng, (uint32_t)s->nbalanced + 1);
	struct dns_balanced_conf *b = &s->balanced[at];
	uint32_t how = rng_below(&f->rng, 3);

	if (at == s->nbalanced && how == 0 && s->nbalanced < 4) {
		s->nbalanced++;
		*b = (struct dns_balanced_conf){.origin.line = ++f->row};
		b->mail_entry = rng_below(&f->rng, 4) == 0;
		b->name = name_of(f, b->mail_entry);
		fill_balanced(f, b);
		*row = b->origin.line;
		return true;
	}
	if (at == s->nbalanced || (how == 1 && at + 1 != s->nbalanced))
		return false;
	*was = *b;
	if (how == 1) {
		s->nbalanced--;
	} else {
		fill_balanced(f, b);
		*row = b->origin.line;
	}
	return true;
}

static bool edit_records(struct fixture *f, struct dns_record_conf *was, uint32_t *row)
{
	struct rows *s = &f->rows;
	size_t at = rng_below(&f->rng, (uint32_t)s->nrecords + 1), rest = s->nrecords - at;
	struct dns_record_conf *r = &s->record[at];
	uint32_t which = rng_below(&f->rng, COUNT_OF(records));

	if (rng_below(&f->rng, 2) && s->nrecords < ROWS_MAX) {
		memmove(r + 1, r, rest * sizeof(*r));
		s->nrecords++;
		*r = (struct dns_record_conf){.origin.line = ++f->row,
			.name = str_of(any(&f->rng, labels, COUNT_OF(labels))),
			.type = str_of(records[which][0]),
			.data = str_of(records[which][1])};
		*row = r->origin.line;
		return true;
	}
	if (rest == 0)
		return false;
	*was = *r;
	memmove(r, r + 1, (rest - 1) * sizeof(*r));
	s->nrecords--;
	return true;
}

/* Rows as they were, and which one is it now. */
struct edit {
	enum dns_row kind;
	uint32_t row; /* 0: gone */
	bool was_there;
	union {
		struct dns_host_conf host;
		struct dns_balanced_conf balanced;
		struct dns_record_conf record;
	} was;
};

static void any_edit(struct fixture *f, struct edit *e)
{
	bool done = false;

	while (!done) {
		*e = (struct edit){.kind = (enum dns_row)rng_below(&f->rng, 3)};
		switch (e->kind) {
		case DNS_ROW_HOST:
			done = edit_hosts(f, &e->was.host, &e->row);
			break;
		case DNS_ROW_BALANCED:
			done = edit_balanced(f, &e->was.balanced, &e->row);
			break;
		case DNS_ROW_RECORD:
			done = edit_records(f, &e->was.record, &e->row);
			break;
		}
	}
	/* All three begin with their origin. */
	e->was_there = e->was.host.origin.line != 0;
}

static const void *row_now(const struct fixture *f, const struct edit *e)
{
	for (size_t i = 0; e->kind == DNS_ROW_HOST && i < f->rows.nhosts; i++)
		if (f->rows.host[i].origin.line == e->row)
			return &f->rows.host[i];
	for (size_t i = 0; e->kind == DNS_ROW_BALANCED && i < f->rows.nbalanced; i++)
		if (f->rows.balanced[i].origin.line == e->row)
			return &f->rows.balanced[i];
	for (size_t i = 0; e->kind == DNS_ROW_RECORD && i < f->rows.nrecords; i++)
		if (f->rows.record[i].origin.line == e->row)
			return &f->rows.record[i];
	return NULL;
}

static void use_rows(struct fixture *f)
{
	struct dns_domain_conf *d = &f->zone.domain[0];

	d->hosts = f->rows.host;
	d->nhosts = f->rows.nhosts;
	d->balanced = f->rows.balanced;
	d->nbalanced = f->rows.nbalanced;
	d->records = f->rows.record;
	d->nrecords = f->rows.nrecords;
	for (size_t i = 0; i < f->rows.nbalanced; i++)
		f->rows.balanced[i].members = f->rows.member[i];
}

static enum fl_err build(struct fixture *f)
{
	struct zone *z = &f->zone;

	use_rows(f);
	arena_reset(&f->whole);
	diags_init(&z->why, &f->whole);
	return dns_image_build(&z->source, &f->whole, &z->octets, &z->why);
}

static void serve(struct fixture *f, struct bytes image)
{
	struct arena free_one = f->mem[0];
	uint8_t *copy = arena_alloc(&f->mem[1], image.n);

	memcpy(copy, image.at, image.n);
	f->was = bytes_of(copy, image.n);
	arena_reset(&free_one);
	f->mem[0] = f->mem[1];
	f->mem[1] = free_one;
}

static int set_up_domain(void **state, const char *domain, const char *child, const char *network)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct zone *z = &f->zone;
	static const char *const first[] = {"mail", "h1", "h2", "a", "b"};

	f->domain = domain;
	zone_open(z, domain);
	zone_server(z, "ns1", "203.0.113.2", 1);
	zone_server(z, "ns2", "198.51.100.2", 2);
	z->links[2].dhcp = true; /* it has been given no address yet */
	z->links[2].naddresses = 0;
	z->domain[1] = (struct dns_domain_conf){.name = str_of(child),
		.ttl = sec(60),
		.name_servers = z->server,
		.nname_servers = 1,
		.hosts = z->host,
		.nhosts = 1};
	z->host[0] = (struct dns_host_conf){
		.name.label = STR("other"), .address = zone_addr("192.0.2.2"), .link = 0};
	z->source.ndomains = 2;
	zone_reverse(z, "198.51.100.0/29");
	zone_reverse(z, network);
	zone_reverse(z, "2001:db8::/64");
	f->rng = rng_of(7);
	for (size_t i = 0; i < COUNT_OF(first); i++) {
		struct dns_host_conf *h = &f->rows.host[f->rows.nhosts++];

		*h = (struct dns_host_conf){
			.name.label = str_of(first[i]), .origin.line = ++f->row};
		fill_host(f, h);
		h->address = zone_addr("192.0.2.1");
	}
	arena_init(&f->whole, &heap);
	arena_init(&f->mem[0], &heap);
	arena_init(&f->mem[1], &heap);
	*state = f;
	if (build(f))
		return -1;
	serve(f, z->octets);
	return 0;
}

static int set_up(void **state)
{
	return set_up_domain(state, "Example.com", "far.z.example.com", "192.0.2.0/24");
}

/* A domain inside a network with PTRs: its names have PTRs that are not rows of its own. */
static int set_up_reverse(void **state)
{
	return set_up_domain(
		state, "2.0.192.in-addr.arpa", "far.z.2.0.192.in-addr.arpa", "192.0.0.0/16");
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	arena_reset(&f->whole);
	arena_reset(&f->mem[0]);
	arena_reset(&f->mem[1]);
	zone_close(&f->zone);
	free(f);
	return 0;
}

/* What is served, with these edits; it lies in the memory of the next one. */
static enum fl_err patch(struct fixture *f, const struct edit *edits, size_t n, struct bytes *out)
{
	struct dns_image image = {f->was.at, f->was.n};
	struct dns_edit rows[EDITS];
	struct dns_patch *p;
	enum fl_err err;
	uint8_t *copy;
	size_t size, nrows = 0;

	for (size_t i = 0; i < n; i++) {
		rows[nrows] = (struct dns_edit){0, edits[i].kind,
			edits[i].was_there ? &edits[i].was : NULL, row_now(f, &edits[i])};
		nrows += rows[nrows].was || rows[nrows].is; /* what came may have gone again */
	}
	err = dns_image_patch(&image, &f->zone.source, rows, nrows, &f->mem[1], &p);
	if (err)
		return err;
	size = dns_patch_size(p);
	copy = arena_alloc(&f->mem[1], size);
	memcpy(copy, f->was.at, f->was.n);
	dns_patch_write(p, copy);
	*out = bytes_of(copy, size);
	return FL_OK;
}

/* ---- do two images say the same? ---- */

static const uint8_t *target_name(const struct dns_image *image, const struct image_record *r)
{
	return r->target ? image_name(image_node(image, r->target)) : (const uint8_t *)"";
}

static bool same_record(const struct dns_image *a, const struct image_record *x,
	const struct dns_image *b, const struct image_record *y)
{
	return x->links == y->links && x->n == y->n &&
	       memcmp(x->patch, y->patch, sizeof(x->patch)) == 0 &&
	       x->preference == y->preference && x->name_at == y->name_at && x->link == y->link &&
	       x->instead == y->instead && memcmp(a->at + x->ready, b->at + y->ready, x->n) == 0 &&
	       strcmp((const char *)target_name(a, x), (const char *)target_name(b, y)) == 0;
}

static bool has_masks(const struct dns_image *a, const struct image_set *x,
	const struct dns_image *b, const struct image_set *y)
{
	for (unsigned i = 0; i < x->nmasks; i++) {
		unsigned k = 0;

		while (k < y->nmasks && image_masks(b, y)[k] != image_masks(a, x)[i])
			k++;
		if (k == y->nmasks)
			return false;
	}
	return x->nmasks == y->nmasks;
}

static bool same_set(const struct dns_image *a, const struct image_set *x,
	const struct dns_image *b, const struct image_set *y)
{
	if (x->type != y->type || x->count != y->count || x->order != y->order ||
		x->policy != y->policy || x->flags != y->flags || x->ttl != y->ttl ||
		x->links != y->links || !has_masks(a, x, b, y))
		return false;
	for (unsigned i = 0; i < x->count; i++)
		if (!same_record(a, &image_records(a, x->records)[i], b,
			    &image_records(b, y->records)[i]))
			return false;
	return true;
}

static bool same_reference(
	const struct dns_image *a, uint32_t x, const struct dns_image *b, uint32_t y)
{
	const struct image_node *m = image_node(a, x), *n = image_node(b, y);

	return x && y ? m->name_n == n->name_n &&
				memcmp(image_name(m), image_name(n), m->name_n) == 0
		      : !x && !y;
}

static bool same_node(const struct dns_image *a, const struct image_node *x,
	const struct dns_image *b, const struct image_node *y)
{
	if (!y || x->nsets != y->nsets || x->flags != y->flags || x->zone != y->zone ||
		!same_reference(a, x->cut, b, y->cut) ||
		!same_reference(a, x->wildcard, b, y->wildcard))
		return false;
	for (unsigned i = 0; i < x->nsets; i++)
		if (!same_set(a, &image_sets(x)[i], b, &image_sets(y)[i]))
			return false;
	return true;
}

static bool same_zone(const struct dns_image *a, const struct dns_image *b, uint32_t i)
{
	const struct image_zone *x = image_zone(a, i), *y = image_zone(b, i);

	return same_reference(a, x->apex, b, y->apex) && x->names == y->names &&
	       x->negative == y->negative && x->parent == y->parent &&
	       same_record(a, image_records(a, x->soa), b, image_records(b, y->soa));
}

static void assert_same(const struct dns_image *a, const struct dns_image *b)
{
	const struct image_header *h = image_header(a);
	const struct image_node *node;
	char text[DNS_NAME_TEXT_MAX];

	assert_int_equal(h->nnodes, image_header(b)->nnodes);
	assert_int_equal(h->serial, image_header(b)->serial);
	for (uint32_t i = 0; i < h->nzones; i++)
		assert_true(same_zone(a, b, i));
	for (uint32_t at = h->nodes; at < h->size; at += node->size) {
		struct dns_key key;

		node = image_node(a, at);
		dns_key_of(image_name(node), node->name_n, &key);
		if (!same_node(a, node, b, dns_image_find(b, key.wire, key.n, key.hash)))
			fail_msg("%s is not the same", dns_name_text(image_name(node), text));
	}
}

/* The octets of answers, with dice that fall alike. */
static void assert_answers_the_same(
	struct fixture *f, const struct dns_image *a, const struct dns_image *b)
{
	static const uint16_t types[] = {DNS_A, DNS_MX, DNS_NS, DNS_SOA, DNS_SRV, DNS_PTR};
	static const char *const live[] = {"123", "1", "3", ""};
	static uint8_t octets[2][DNS_TCP_SIZE];
	struct zone *z = &f->zone;

	for (unsigned i = 0; i < 12; i++) {
		char name[80];
		struct question q;
		size_t n[2];

		snprintf(name, sizeof(name), "%s%s.%s", rng_below(&f->rng, 4) ? "" : "below.",
			any(&f->rng, labels, COUNT_OF(labels) - 5), f->domain);
		question_begin(&q, name[0] == '@' ? f->domain : name,
			types[rng_below(&f->rng, COUNT_OF(types))]);
		zone_live(z, any(&f->rng, live, COUNT_OF(live)));
		for (unsigned k = 0; k < 2; k++) {
			struct buf reply = buf_of(octets[k], DNS_UDP_SIZE);

			z->r = (struct dns_responder){.image = k ? *b : *a, .rng = rng_of(i)};
			assert_int_equal(dns_answer(&z->r, &z->pub, &z->client,
						 bytes_of(q.b.at, q.b.n), &reply),
				DNS_REPLY);
			n[k] = reply.n;
		}
		assert_int_equal(n[0], n[1]);
		assert_memory_equal(octets[0], octets[1], n[0]);
	}
}

static void assert_like_the_whole(struct fixture *f, struct bytes patched)
{
	struct dns_image before = {f->was.at, f->was.n}, whole, now, alone;

	assert_int_equal(dns_image_open(f->zone.octets, &whole), FL_OK);
	assert_int_equal(dns_image_open(patched, &alone), FL_OK);
	assert_int_equal(dns_image_open_like(patched, &before, &now), FL_OK);
	assert_same(&whole, &now);
	assert_answers_the_same(f, &whole, &now);
}

static void random_edits_answer_as_a_whole_build_does(void **state)
{
	struct fixture *f = *state;
	unsigned patched = 0, whole = 0, refused = 0;

	for (unsigned round = 0; round < 6000; round++) {
		struct edit edits[EDITS];
		size_t n = 1 + (rng_below(&f->rng, 4) == 0) * rng_below(&f->rng, EDITS);
		struct bytes octets;
		enum fl_err err;

		f->before = f->rows;
		for (size_t i = 0; i < n; i++)
			any_edit(f, &edits[i]);
		f->zone.source.serial++;
		err = build(f);
		if (err) { /* a mistake is never patched in */
			assert_int_not_equal(patch(f, edits, n, &octets), FL_OK);
			f->rows = f->before;
			refused++;
		} else if (patch(f, edits, n, &octets)) {
			serve(f, f->zone.octets);
			whole++;
		} else {
			assert_like_the_whole(f, octets);
			serve(f, octets);
			patched++;
		}
		use_rows(f);
	}
	print_message("patched %u, whole %u, refused %u\n", patched, whole, refused);
	assert_true(patched > 1500);
	assert_true(whole > 50);
	assert_true(refused > 500);
}

/* ---- images like one that is sound ---- */

/* A host more, one less, and one with a longer answer. */
static struct bytes change(struct fixture *f)
{
	struct rows *s = &f->rows;
	struct edit edits[3] = {{.kind = DNS_ROW_HOST, .row = 1000},
		{.kind = DNS_ROW_HOST, .was_there = true, .was.host = s->host[1]},
		{.kind = DNS_ROW_RECORD, .row = 1001}};
	struct bytes octets = {0};

	s->host[1] = s->host[2]; /* h1 is gone */
	s->host[2] = (struct dns_host_conf){.name.label = STR("new"),
		.origin.line = 1000,
		.address = zone_addr("192.0.2.99"),
		.link = 0};
	s->record[s->nrecords++] = (struct dns_record_conf){
		{.line = 1001}, STR("mail"), STR("TXT"), STR("makes it longer")};
	f->zone.source.serial++;
	assert_int_equal(build(f), FL_OK);
	assert_int_equal(patch(f, edits, COUNT_OF(edits), &octets), FL_OK);
	return octets;
}

static void a_changed_image_is_opened_beside_the_one_before(void **state)
{
	struct fixture *f = *state;
	struct dns_image was = {f->was.at, f->was.n}, is;
	struct zone *z = &f->zone;

	assert_int_equal(dns_image_open_like(change(f), &was, &is), FL_OK);
	z->r.image = is;
	zone_live(z, "123");
	assert_string_equal(zone_ask(z, "new.example.com", DNS_A),
		"NOERROR aa\nan new.example.com. 30 A 192.0.2.99\n");
	assert_memory_equal(zone_ask(z, "h1.example.com", DNS_A), "NXDOMAIN", 8);
	assert_string_equal(zone_ask(z, "mail.example.com", DNS_TXT),
		"NOERROR aa\nan mail.example.com. 30 TXT \"makes it longer\"\n");
}

static void an_image_of_another_make_is_opened_beside_the_one_before(void **state)
{
	struct fixture *f = *state;
	struct dns_image was = {f->was.at, f->was.n}, is;

	(void)change(f);
	assert_int_equal(dns_image_open_like(f->zone.octets, &was, &is), FL_OK);
	assert_ptr_equal(is.at, f->zone.octets.at);
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
	struct bytes changed = change(f);
	uint8_t *copy = malloc(changed.n); /* its end is the end of what may be read */
	struct dns_image sound = {f->was.at, f->was.n}, alone, beside;
	unsigned good = 0, bad = 0;

	for (unsigned round = 0; round < 30000; round++) {
		enum fl_err verdict;

		memcpy(copy, changed.at, changed.n);
		damage(&f->rng, copy, changed.n);
		verdict = dns_image_open(bytes_of(copy, changed.n), &alone);
		assert_int_equal(
			dns_image_open_like(bytes_of(copy, changed.n), &sound, &beside), verdict);
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
		T(random_edits_answer_as_a_whole_build_does),
		{"random_edits_in_a_reverse_domain_answer_as_a_whole_build_does",
			random_edits_answer_as_a_whole_build_does, set_up_reverse, tear_down, NULL},
		T(a_changed_image_is_opened_beside_the_one_before),
		T(an_image_of_another_make_is_opened_beside_the_one_before),
		T(a_damaged_image_is_judged_as_if_it_came_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
