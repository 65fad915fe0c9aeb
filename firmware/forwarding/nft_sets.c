/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sets of links and of addresses. */
#include "nft_table.h"

#define ADDRS_ROOM 512 /* elements that sets of addresses hold */

/* ---- elements that others share ---- */

void down_elem(uint8_t family, uint32_t number, struct kelem *out)
{
	uint8_t nfproto = family == 6 ? KNFPROTO_IPV6 : KNFPROTO_IPV4;

	*out = (struct kelem){0};
	kelem_put(out, KSET_NFPROTO, &nfproto, 1);
	kelem_put(out, KSET_MARK, &number, sizeof(number));
}

void slot_elem(size_t p, size_t i, uint8_t number, struct kelem *out)
{
	uint32_t key = (uint32_t)(p * SLOT_ROOM + i);

	*out = (struct kelem){.value = number};
	kelem_put(out, KSET_NUMBER, &key, sizeof(key));
}

/* ---- sets of links ---- */

void set_down(struct maker *m)
{
	nft_set(&m->b, STR("down"), KEY(KSET_NFPROTO, KSET_MARK), KSET_NONE)->size = LINKS_ROOM;
	for (size_t i = 0; i < m->s->nlinks; i++) {
		uint8_t number = m->s->links[i].number;

		for (uint8_t family = 4; family <= 6; family += 2)
			if (!published_carries(m->pub, number, family))
				down_elem(family, number, nft_elem(&m->b));
	}
}

/* Links without an address of a family can never carry it.  This set of its own leaves "down" to
 * the states of links alone, which come and go for both families at once. */
void set_without(struct maker *m)
{
	nft_set(&m->b, STR("without"), KEY(KSET_NFPROTO, KSET_MARK), KSET_NONE)->size = LINKS_ROOM;
	for (size_t i = 0; i < m->s->nlinks; i++)
		for (uint8_t family = 4; family <= 6; family += 2)
			if (!link_has_family(&m->s->links[i], family))
				down_elem(family, m->s->links[i].number, nft_elem(&m->b));
}

/* Of disabled links, too: what comes in by their interfaces still comes from outside. */
void set_wans(struct maker *m, struct str name, enum kset_type data)
{
	nft_set(&m->b, name, KEY(KSET_IFNAME), data)->size = LINKS_ROOM;
	for (size_t i = 0; i < m->s->nlinks; i++) {
		const struct link_conf *l = &m->s->links[i];
		struct kelem *e;

		if (!l->number || !l->interface.n)
			continue;
		e = nft_elem(&m->b);
		e->value = data ? l->number : 0;
		kelem_put(e, KSET_IFNAME, l->interface.at, l->interface.n);
	}
}

void set_slots(struct maker *m)
{
	nft_set(&m->b, STR("slots"), KEY(KSET_NUMBER), KSET_MARK)->size = POLICIES_MAX * SLOT_ROOM;
	for (size_t p = 0; p < m->s->npolicies && p < POLICIES_MAX; p++) {
		for (size_t i = 0; p < m->pub->npolicies && i < POLICY_SLOTS; i++) {
			uint8_t number = m->pub->policy[p].slot[i];

			if (number)
				slot_elem(p, i, number, nft_elem(&m->b));
		}
	}
}

/* ---- sets of addresses ---- */

/* An address one behind another; family 0: there is none. */
static struct ip_addr addr_after(const struct ip_addr *a)
{
	struct ip_addr next = *a;

	for (size_t i = ip_addr_size(a->family); i-- > 0;)
		if (++next.b[i])
			return next;
	return (struct ip_addr){0};
}

static void put_bound(struct nft_build *b, const struct ip_addr *a, bool end)
{
	struct kelem *e = nft_elem(b);

	kelem_put(e, a->family == 6 ? KSET_IPV6 : KSET_IPV4, a->b, ip_addr_size(a->family));
	e->interval_end = end;
}

/* Shell's sort with Knuth's gaps: there may be ten thousand of them. */
static void sort_prefixes(struct ip_prefix *p, size_t n)
{
	size_t gap = 1;

	while (gap < n / 3)
		gap = 3 * gap + 1;
	for (; gap; gap /= 3) {
		for (size_t i = gap; i < n; i++) {
			struct ip_prefix x = p[i];
			size_t j = i;

			for (; j >= gap && ip_addr_cmp(&p[j - gap].addr, &x.addr) > 0; j -= gap)
				p[j] = p[j - gap];
			p[j] = x;
		}
	}
}

/* An interval set: prefixes that overlap or touch become one interval. */
static void put_intervals(struct nft_build *b, struct ip_prefix *p, size_t n)
{
	sort_prefixes(p, n);
	for (size_t i = 0; i < n;) {
		struct ip_addr last = ip_prefix_last(&p[i]), end;

		put_bound(b, &p[i].addr, false);
		for (i++; i < n; i++) {
			struct ip_addr next = addr_after(&last), other = ip_prefix_last(&p[i]);

			if (next.family && ip_addr_cmp(&p[i].addr, &next) > 0)
				break;
			if (ip_addr_cmp(&other, &last) > 0)
				last = other;
		}
		end = addr_after(&last);
		if (end.family) /* the last interval may reach to the end of all addresses */
			put_bound(b, &end, true);
	}
}

const struct ip_prefix forwarding_local[] = {
	{{4, {0}}, 8},
	{{4, {127}}, 8},
	{{4, {169, 254}}, 16},
	{{4, {224}}, 3},
	{{6, {[15] = 1}}, 128},
	{{6, {0xfe, 0x80}}, 10},
	{{6, {0xff}}, 8},
};
const size_t forwarding_nlocal = COUNT_OF(forwarding_local);

static void take_network(
	struct list *l, struct arena *mem, uint8_t family, const struct ip_prefix *p)
{
	struct ip_prefix scrap;

	if (p->addr.family == family)
		*(struct ip_prefix *)list_add(l, mem, &scrap) = ip_prefix_network(p);
}

/* Destinations that no link is chosen for: the router's own networks, and what never leaves. */
void set_local(struct maker *m, struct str name, uint8_t family)
{
	struct list l = {.size = sizeof(struct ip_prefix)};
	struct kset *set =
		nft_set(&m->b, name, KEY(family == 6 ? KSET_IPV6 : KSET_IPV4), KSET_NONE);

	set->interval = true;
	for (size_t i = 0; i < forwarding_nlocal; i++)
		take_network(&l, m->b.mem, family, &forwarding_local[i]);
	for (size_t i = 0; i < m->s->nlans; i++)
		for (size_t j = 0; j < m->s->lans[i].naddresses; j++)
			take_network(&l, m->b.mem, family, &m->s->lans[i].addresses[j].prefix);
	for (size_t i = 0; i < m->s->nlans; i++)
		for (size_t j = 0; j < m->s->lans[i].ndelegated; j++)
			take_network(&l, m->b.mem, family, &m->s->lans[i].delegated[j].own);
	for (size_t i = 0; i < m->s->nlinks; i++)
		for (size_t j = 0; !m->s->links[i].disabled && j < m->s->links[i].naddresses; j++)
			take_network(&l, m->b.mem, family, &m->s->links[i].addresses[j].prefix);
	put_intervals(&m->b, l.at, l.n);
}

static void put_own(struct maker *m, const struct link_conf *l, const struct ip_addr *a)
{
	struct kelem *e = nft_elem(&m->b);

	kelem_put(e, KSET_IFNAME, l->interface.at, l->interface.n);
	kelem_put(e, a->family == 6 ? KSET_IPV6 : KSET_IPV4, a->b, ip_addr_size(a->family));
}

/* (interface, address) of the links: what leaves with such a source is the router's own and keeps
 * it, be it a link's second address. */
void set_own(struct maker *m, struct str name, uint8_t family)
{
	const struct forwarding_source *s = m->s;
	const struct forward_conf *f;

	nft_set(&m->b, name, KEY(KSET_IFNAME, family == 6 ? KSET_IPV6 : KSET_IPV4), KSET_NONE)
		->size = ADDRS_ROOM;
	for (size_t i = 0; i < s->nlinks; i++)
		for (size_t j = 0; j < s->links[i].naddresses; j++)
			if (s->links[i].addresses[j].prefix.addr.family == family)
				put_own(m, &s->links[i], &s->links[i].addresses[j].prefix.addr);
	for (size_t i = 0; (f = forwarding_published(s, i)); i++) {
		for (size_t j = 0; j < f->non; j++) {
			const struct forward_on *on = &f->on[j];

			if (on->link >= 0 && (size_t)on->link < s->nlinks &&
				on->address.family == family &&
				forward_needs_address(&s->links[on->link], &on->address))
				put_own(m, &s->links[on->link], &on->address);
		}
	}
}

/* All addresses of the router's own: nobody else has one of these. */
void set_self(struct maker *m, struct str name, uint8_t family)
{
	const struct kernel_state *own = m->own;
	enum kset_type type = family == 6 ? KSET_IPV6 : KSET_IPV4;

	nft_set(&m->b, name, KEY(type), KSET_NONE)->size = ADDRS_ROOM;
	for (size_t i = 0; i < own->naddresses; i++) {
		const struct ip_addr *a = &own->addresses[i].prefix.addr;

		if (a->family == family)
			kelem_put(nft_elem(&m->b), type, a->b, ip_addr_size(family));
	}
}

/* ---- sets of the settings ---- */

struct str set_name(const struct maker *m, int32_t set, uint8_t family)
{
	return nft_named(m->b.mem, family == 6 ? "set6_" : "set4_", m->s->sets[set].name);
}

/* The sets of addresses of the settings that some rule names. */
static bool is_named(const struct maker *m, size_t set)
{
	for (size_t i = 0; i < m->s->nrules; i++)
		if (m->s->rules[i].source_set == (int32_t)set ||
			m->s->rules[i].destination_set == (int32_t)set)
			return true;
	return false;
}

static void set_of_settings(struct maker *m, size_t which, uint8_t family)
{
	const struct address_set_conf *c = &m->s->sets[which];
	struct list l = {.size = sizeof(struct ip_prefix)};
	struct kset *set = nft_set(&m->b, set_name(m, (int32_t)which, family),
		KEY(family == 6 ? KSET_IPV6 : KSET_IPV4), KSET_NONE);

	set->interval = true;
	for (size_t i = 0; i < c->naddresses; i++)
		take_network(&l, m->b.mem, family, &c->addresses[i].prefix);
	put_intervals(&m->b, l.at, l.n);
}

void sets_of_settings(struct maker *m)
{
	for (size_t i = 0; i < m->s->nsets; i++) {
		if (!is_named(m, i))
			continue;
		set_of_settings(m, i, 4);
		set_of_settings(m, i, 6);
	}
}
